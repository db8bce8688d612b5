from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from cxml.boosting import merge, to_text
from cxml.boosting.leafmasks import WIDTH
from cxml.boosting.pairs import Pairs, PairScorer, customer_columns

#: How five columns are divided: (offer's, pair's).
SIDES = (([1, 4], [3]), ([2], []), ([0, 3], [4, 1]), ([], [2]), ([0, 1, 2, 3, 4], []), ([], []))


def expanded(customers: np.ndarray, entries: np.ndarray, offer: list[int], pair: list[int], values: np.ndarray):
    """One row a pair: what `Booster.predict` needs."""
    rows = np.repeat(customers[:, None], len(entries), axis=1)
    rows[:, :, offer] = entries[:, offer]
    rows[:, :, pair] = values
    return rows.reshape(-1, customers.shape[1])


def usual_values(entries: np.ndarray, n_customers: int, pair: list[int]) -> np.ndarray:
    return np.repeat(entries[None][:, :, pair], n_customers, axis=0)


def assert_scores(booster: lightgbm.Booster, rows, offer: list[int], pair: list[int], n=60, m=9, share=0.3) -> None:
    width = booster.num_feature()
    offer, pair = [one for one in offer if one < width], [one for one in pair if one < width]
    customers, entries = rows(n, 1, strange=True)[:, :width], rows(m, 2, strange=True)[:, :width]
    values = usual_values(entries, n, pair)
    changed = np.random.default_rng(3).random((n, m)) < share
    values[changed] = rows(n * m, 4, strange=True)[:, pair].reshape(n, m, -1)[changed]
    pairs = Pairs.unusual(values, entries[:, pair])
    expected = booster.predict(expanded(customers, entries, offer, pair, values), raw_score=True).reshape(n, m)

    prepared = PairScorer(booster, offer=offer, pair=pair).prepare(entries)
    np.testing.assert_allclose(prepared.scores(customers, pairs), expected, rtol=1e-12, atol=1e-12)
    for place in range(0, n, 20):
        found = prepared.one(customers[place].tolist(), pairs.rows(place, place + 1))
        np.testing.assert_allclose(found, expected[place], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("offer", "pair"), SIDES)
def test_all_pairs_score_as_rows_of_their_own(booster, rows, offer, pair):
    assert_scores(booster, rows, offer, pair)


@pytest.mark.parametrize("leaves", [WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH, 150])
def test_trees_of_any_size(train, rows, leaves):
    booster = train("deep", num_leaves=leaves, min_data_in_leaf=1, min_sum_hessian_in_leaf=0)
    assert max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"]) == leaves
    assert_scores(booster, rows, [1, 4], [3])


def test_more_customers_and_pairs_than_a_block_holds(train, rows):
    assert_scores(train("categories"), rows, [1, 4], [3], n=1100, m=3, share=0.5)


def test_more_trees_than_a_block_holds(train, rows):
    assert_scores(train("missing", rounds=150), rows, [1, 4], [3])


def test_merged_boosters_and_texts(train, rows):
    booster = merge([train("numbers"), train("zero_missing"), train("deep")], [0.5, 0.2, -1.5])
    assert_scores(booster, rows, [1, 4], [3])
    X = rows(20, 1)
    by_text = PairScorer(to_text(booster), offer=[1], pair=[3]).prepare(X[:5]).scores(X)
    assert np.array_equal(by_text, PairScorer(booster, offer=[1], pair=[3]).prepare(X[:5]).scores(X))


def test_a_random_forest(train, rows):
    booster = train("numbers", boosting="rf", bagging_freq=1, bagging_fraction=0.5)
    assert_scores(booster, rows, [1, 4], [3])


def test_the_best_round_counts(train, rows):
    booster, X = train("numbers"), np.nan_to_num(rows(30, 1))
    every = PairScorer(booster, offer=[1]).prepare(X[:3]).scores(X)
    booster.best_iteration = 2
    assert_scores(booster, rows, [1, 4], [3])
    assert not np.allclose(PairScorer(booster, offer=[1]).prepare(X[:3]).scores(X), every)


def test_entries_that_are_alike_score_alike(train, rows):
    X = np.nan_to_num(rows(6, 1))
    X[:2, 1] = [-2.0, 2.0]
    scores = PairScorer(train("numbers"), offer=[1, 4]).prepare(np.tile(X[:2], (3, 1))).scores(X)
    assert np.array_equal(scores[:, :2], scores[:, 2:4])
    assert np.array_equal(scores[:, :2], scores[:, 4:])
    assert not np.array_equal(scores[:, 0], scores[:, 1])


def test_the_order_of_pairs_does_not_matter(train, rows):
    X = rows(700, 1)
    prepared = PairScorer(train("missing"), offer=[1], pair=[0, 3]).prepare(X[:4])
    random = np.random.default_rng(0)
    place = random.permutation(700 * 4)[:900]
    pairs = Pairs(place // 4, place % 4, rows(900, 2)[:, [0, 3]])
    order = np.argsort(place)
    tidy = Pairs(pairs.customer[order], pairs.entry[order], pairs.values[order])
    found = prepared.scores(X, pairs)
    np.testing.assert_allclose(found, prepared.scores(X, tidy), rtol=1e-13)
    assert not np.allclose(found, prepared.scores(X))


def test_what_is_not_read_may_be_anything(train, rows):
    X = rows(8, 1)
    prepared = PairScorer(train("missing"), offer=[1], pair=[3]).prepare(X)
    other = X.copy()
    other[:, [1, 3]] = 1e9
    assert np.array_equal(prepared.scores(X), prepared.scores(other))
    assert np.array_equal(prepared.one(X[0].tolist()), prepared.one(other[0].tolist()))


def test_nothing_is_changed(train, rows):
    X, values = rows(8, 1), rows(8, 2)[:, [3]]
    pairs = Pairs(np.arange(8)[::-1].copy(), np.zeros(8, dtype=np.intp), values)
    kept = X.copy(), values.copy(), pairs.customer.copy()
    PairScorer(train("missing"), offer=[1], pair=[3]).prepare(X).scores(X, pairs)
    for now, before in zip((X, values, pairs.customer), kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_no_customers(train, rows):
    prepared = PairScorer(train("missing"), offer=[1], pair=[3]).prepare(rows(3, 1))
    assert prepared.scores(np.empty((0, 5))).shape == (0, 3)


def test_many_threads_at_once(train, rows):
    X = rows(50, 1)
    prepared = PairScorer(train("categories", rounds=40), offer=[1, 4], pair=[3]).prepare(X[:10])
    pairs = Pairs(np.zeros(3, dtype=np.intp), np.array([2, 5, 7]), np.ones((3, 1)))
    expected = [prepared.one(row, pairs).tolist() for row in X.tolist()]
    start = threading.Barrier(8)

    def work(shift: int) -> bool:
        start.wait()
        order = [(place + 7 * shift) % 50 for place in range(50)]
        return all(prepared.one(X[place].tolist(), pairs).tolist() == expected[place] for place in order)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_bad_arguments_are_refused(train, rows):
    booster, X = train("missing"), rows(4, 1)
    with pytest.raises(ValueError, match=r"columns from 0 to 4, each once, got offer=\[1\], pair=\[1\]"):
        PairScorer(booster, offer=[1], pair=[1])
    with pytest.raises(ValueError, match=r"columns from 0 to 1, each once, got offer=\[-1\], pair=\[\]"):
        customer_columns(2, [-1], [])
    scorer = PairScorer(booster, offer=[1])
    with pytest.raises(ValueError, match=r"`entries` must have shape \(n, 5\), got \(4, 3\)"):
        scorer.prepare(X[:, :3])
    with pytest.raises(ValueError, match="`entries` must hold at least one row"):
        scorer.prepare(X[:0])
    with pytest.raises(ValueError, match=r"`customers` must have shape \(n, 5\), got \(5,\)"):
        scorer.prepare(X).scores(X[0])
    with pytest.raises(ValueError, match="`row` must hold 5 numbers, got 2"):
        scorer.prepare(X).one([1.0, 2.0])


def test_several_outputs_are_refused(rows):
    X = np.nan_to_num(rows(300, 0))
    settings = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, np.arange(300) % 3), 2)
    with pytest.raises(ValueError, match="one raw score per row, got 3"):
        PairScorer(booster, offer=[1])

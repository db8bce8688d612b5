from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxml.additive import AdditiveScore, build, choose_logistic
from cxml.additive.pairs import AdditivePairs
from cxml.boosting import train_booster
from cxml.boosting.pairs import Pairs

#: Of the customer: number 0, categories 1 and 2; of the offer: number 3, category 4; of both: number 5, category 6.
OFFER, PAIR, COUNTS = [3, 4], [6, 5], {1: 4, 2: 15, 4: 12, 6: 11}


def table(n_rows: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_rows, 7)) * 3
    for place, size in COUNTS.items():
        X[:, place] = random.integers(0, size, n_rows)
    X[random.random(X.shape) < 0.1] = np.nan
    return X


@pytest.fixture(scope="module")
def score() -> AdditiveScore:
    """A linear part and trees over columns of every kind, two of them by their levels' numbers."""
    X, random = table(1500, 0), np.random.default_rng(1)
    filled = np.nan_to_num(X)
    odds = (
        filled[:, 0] * filled[:, 3] / 9 + (filled[:, 2] % 2) * (filled[:, 4] % 3) - filled[:, 5] / 3 - filled[:, 6] / 6
    )
    y = (random.random(1500) < 1 / (1 + np.exp(-odds))).astype(int)
    groups = np.arange(1500)
    linear = build(X, y, COUNTS, groups, choose_logistic(X, y, COUNTS, groups, 0))
    levels = {place: random.normal(size=COUNTS[place] + 1) for place in (2, 4, 6)}
    whole = replace(linear, levels=levels)
    params = {"objective": "binary", "num_leaves": 12, "num_threads": 1, "min_data_per_group": 5}
    return replace(whole, booster=train_booster(whole.mapped(X), y, params=params, rounds=20, categorical=[1]))


def expanded(customers: np.ndarray, entries: np.ndarray, pairs: Pairs) -> np.ndarray:
    rows = np.repeat(customers[:, None], len(entries), axis=1)
    rows[:, :, [*OFFER, *PAIR]] = entries[:, [*OFFER, *PAIR]]
    rows[pairs.customer[:, None], pairs.entry[:, None], PAIR] = pairs.values
    return rows.reshape(-1, 7)


def some_pairs(n: int, m: int) -> Pairs:
    place = np.random.default_rng(5).permutation(n * m)[: n * m // 4]
    return Pairs(place // m, place % m, table(len(place), 6)[:, PAIR])


@pytest.mark.parametrize("trees", [True, False])
def test_all_pairs_score_as_rows_of_their_own(score, trees):
    score = score if trees else replace(score, booster=None)
    customers, entries = table(80, 2), table(12, 3)
    pairs = some_pairs(80, 12)
    prepared = AdditivePairs(score, offer=OFFER, pair=PAIR).prepare(entries)
    expected = score.score(expanded(customers, entries, pairs)).reshape(80, 12)
    np.testing.assert_allclose(prepared.scores(customers, pairs), expected, rtol=0, atol=1e-9)

    none = Pairs(pairs.customer[:0], pairs.entry[:0], pairs.values[:0])
    usual = score.score(expanded(customers, entries, none)).reshape(80, 12)
    np.testing.assert_allclose(prepared.scores(customers), usual, rtol=0, atol=1e-9)
    np.testing.assert_allclose(prepared.scores(customers, none), usual, rtol=0, atol=1e-9)
    assert np.abs(usual - expected).max() > 0.1


def test_a_record_scores_as_in_a_batch(score):
    customers, entries = table(30, 2), table(12, 3)
    pairs = some_pairs(30, 12)
    prepared = AdditivePairs(score, offer=OFFER, pair=PAIR).prepare(entries)
    batch, usual = prepared.scores(customers, pairs), prepared.scores(customers)
    for place, row in enumerate(customers.tolist()):
        mine = pairs.customer == place
        own = Pairs(np.zeros(mine.sum(), dtype=np.intp), pairs.entry[mine], pairs.values[mine])
        kept = list(row)
        np.testing.assert_allclose(prepared.one(row, own), batch[place], rtol=0, atol=1e-12)
        np.testing.assert_allclose(prepared.one(row), usual[place], rtol=0, atol=1e-12)
        np.testing.assert_array_equal(row, kept)


def test_what_is_not_read_may_be_anything(score):
    customers, entries = table(10, 2), table(4, 3)
    prepared = AdditivePairs(score, offer=OFFER, pair=PAIR).prepare(entries)
    other = customers.copy()
    other[:, [*OFFER, *PAIR]] = 1.0
    assert np.array_equal(prepared.scores(customers), prepared.scores(other))
    own = entries.copy()
    own[:, :3] = 1.0
    again = AdditivePairs(score, offer=OFFER, pair=PAIR).prepare(own).scores(customers)
    assert np.array_equal(prepared.scores(customers), again)


def test_columns_out_of_place_are_refused(score):
    with pytest.raises(ValueError, match=r"columns from 0 to 6, each once, got offer=\[3, 4\], pair=\[4\]"):
        AdditivePairs(score, offer=OFFER, pair=[4])

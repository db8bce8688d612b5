from __future__ import annotations

import gc
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxml.boosting import contributions, explainer, merge, treeshap
from cxml.boosting.explainer import Explainer, prepare
from cxml.boosting.modeltext import read_tree, split_model

module = sys.modules["cxml.boosting.contributions"]


def explain(booster: lightgbm.Booster, X: np.ndarray) -> np.ndarray:
    """By our tables, however small the batch and whether or not it pays."""
    model = split_model(booster.model_to_string())
    return Explainer([read_tree(block, model.n_features) for block in model.trees], model.n_features)(X)


def check(booster: lightgbm.Booster, X: np.ndarray, found: np.ndarray) -> None:
    expected = booster.predict(X, pred_contrib=True)
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(found.sum(axis=1), booster.predict(X, raw_score=True), rtol=0, atol=1e-9 * scale)


def test_tables_equal_lightgbm(booster, rows):
    X = rows(150, 4, strange=True)[:, : booster.num_feature()]
    check(booster, X, explain(booster, X))


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(["numbers", "missing", "zero_missing", "categories", "deep"]),
    seed=st.integers(0, 10_000),
    leaves=st.integers(2, 40),
    bits=st.integers(1, 24),
    table_bits=st.integers(0, 12),
)
def test_any_model_and_any_grouping_equal_lightgbm(train, rows, kind, seed, leaves, bits, table_bits):
    booster = train(kind, seed=seed, rounds=3, num_leaves=leaves)
    X = rows(60, seed + 1, strange=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(treeshap, "GROUP_BITS", bits)
        patch.setattr(treeshap, "TABLE_BITS", table_bits)
        check(booster, X, explain(booster, X))


@pytest.mark.parametrize("bits", [9, 20])  # 20: patterns longer than an int16
def test_long_patterns_without_tables(train, rows, monkeypatch, bits):
    monkeypatch.setattr(treeshap, "GROUP_BITS", bits)
    monkeypatch.setattr(treeshap, "TABLE_BITS", 6)
    booster = train("deep")
    X = rows(100, 4, strange=True)
    check(booster, X, explain(booster, X))


def test_tiny_numbers_are_zeros(train):
    """LightGBM drops values up to 1e-35 in size before it compares, so that a threshold of 0 holds for them."""
    text = train("one_feature", rounds=1, num_leaves=2).model_to_string()
    line = next(line for line in text.split("\n") if line.startswith("threshold="))
    booster = lightgbm.Booster(model_str=text.replace(line, "threshold=0".ljust(len(line))))
    X = np.array([[1e-36], [-1e-36], [1e-35], [2e-35], [-2e-35], [0.0], [1.0], [np.nan]])
    assert len(set(booster.predict(X[:4]))) == 2
    check(booster, X, explain(booster, X))


def test_the_definition_by_hand(train):
    """Shapley values summed over all subsets of features, with the tree's own expectation."""
    booster = train("numbers", rounds=1, num_leaves=9)
    model = split_model(booster.model_to_string())
    tree = read_tree(model.trees[0], 5)
    row = np.array([0.3, -0.2, 0.0, 1.0, 7.0])

    def expectation(node: int, known: frozenset[int]) -> float:
        if node < 0:
            return float(tree.value[-1 - node])
        both = [int(tree.left[node]), int(tree.right[node])]
        if int(tree.feature[node]) in known:
            return expectation(both[int(row[tree.feature[node]] > tree.threshold[node])], known)
        counts = [int(tree.node_count[child] if child >= 0 else tree.count[-1 - child]) for child in both]
        parts = [count / sum(counts) * expectation(child, known) for child, count in zip(both, counts, strict=True)]
        return sum(parts)

    def shapley(feature: int) -> float:
        others = [other for other in range(5) if other != feature]
        total = 0.0
        for size in range(5):
            weight = factorial(size) * factorial(4 - size) / factorial(5)
            for chosen in map(frozenset, combinations(others, size)):
                total += weight * (expectation(0, chosen | {feature}) - expectation(0, chosen))
        return total

    expected = [*(shapley(feature) for feature in range(5)), expectation(0, frozenset())]
    np.testing.assert_allclose(explain(booster, row[None])[0], expected, atol=1e-12)


def test_large_batches_take_the_tables_and_small_ones_do_not(train, rows, monkeypatch):
    booster = train("deep")
    monkeypatch.setattr(module, "_by_lightgbm", lambda booster, rows: "lightgbm")
    assert contributions(booster, rows(999, 0)) == "lightgbm"
    X = rows(2_200, 0, strange=True)
    found = contributions(booster, X)
    assert found.dtype == np.float64
    assert found.flags.c_contiguous
    check(booster, X, found)


def test_small_trees_need_more_rows(train, rows, monkeypatch):
    booster = train("numbers", num_leaves=4)
    monkeypatch.setattr(module, "_by_lightgbm", lambda booster, rows: "lightgbm")
    assert contributions(booster, rows(7_900, 0)) == "lightgbm"
    assert contributions(booster, rows(8_100, 0)).shape == (8_100, 6)


def test_models_that_do_not_pay_are_left_to_lightgbm(train, rows, monkeypatch):
    booster = train("deep")
    monkeypatch.setattr(explainer, "_OURS_PER_LOOK_UP", 1e9)
    assert prepare(split_model(booster.model_to_string())) is None
    X = rows(2_200, 0)
    np.testing.assert_array_equal(contributions(booster, X), booster.predict(X, pred_contrib=True))


def test_very_deep_paths_are_left_to_lightgbm(train, monkeypatch):
    monkeypatch.setattr(explainer, "MOST_BITS", 5)
    assert prepare(split_model(train("deep").model_to_string())) is None


def test_random_forests_and_untouched_nodes_are_left_to_lightgbm(train, rows):
    params = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
    forest = train("numbers", **params)
    assert prepare(split_model(forest.model_to_string())) is None
    text = train("numbers", rounds=1).model_to_string()
    line = next(line for line in text.split("\n") if line.startswith("leaf_count="))
    counts = line.removeprefix("leaf_count=").split(" ")
    counts[0] = "0" * len(counts[0])
    assert prepare(split_model(text.replace(line, "leaf_count=" + " ".join(counts)))) is None


def test_tables_keep_within_their_memory(train, rows, monkeypatch):
    monkeypatch.setattr(explainer, "_TABLE_CELLS", 2_000)
    booster = train("deep")
    model = split_model(booster.model_to_string())
    made = Explainer([read_tree(block, 5) for block in model.trees], 5)
    held = [group.table.size for plan in made._plans for group in plan.groups if group.table is not None]
    assert 0 < sum(held) <= 2_000
    X = rows(50, 3)
    check(booster, X, made(X))


@pytest.mark.parametrize("n_rows", [1, 2, 3, 7, 50])
def test_blocks_of_any_size(train, rows, monkeypatch, n_rows):
    monkeypatch.setattr(explainer, "_BLOCK_ROWS", 3)
    booster = train("missing")
    X = rows(n_rows, 3)
    check(booster, X, explain(booster, X))


def test_a_booster_changed_in_place_is_explained_anew(train, rows):
    booster = train("deep")
    X = rows(2_200, 5)
    check(booster, X, contributions(booster, X))
    booster.set_leaf_output(0, 3, booster.get_leaf_output(0, 3) + 5.0)
    for leaf in range(10):
        booster.set_leaf_output(1, leaf, 1.0)
    check(booster, X, contributions(booster, X))
    booster.best_iteration = 2
    check(booster, X, contributions(booster, X))


def test_tables_go_with_their_booster(train, rows):
    booster = train("deep")
    contributions(booster, rows(2_200, 0))
    kept = weakref.ref(module._prepared[booster][1])
    del booster
    gc.collect()
    assert kept() is None


def test_threads_share_a_booster(train, rows):
    booster = train("deep")
    X = rows(2_200, 5)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: contributions(booster, X), range(8)))
    for answer in answers:
        np.testing.assert_array_equal(answer, answers[0])


def test_a_merged_booster(train, rows):
    merged = merge([train("deep", seed=1), train("constant"), train("deep", seed=2)], [0.3, 2.0, -0.7])
    X = rows(2_200, 5, strange=True)
    check(merged, X, contributions(merged, X))


def test_the_input_may_be_a_list_and_stays_unchanged(train, rows):
    booster = train("deep")
    X = rows(2_200, 5, strange=True)
    before = X.copy()
    found = contributions(booster, X)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(contributions(booster, X.tolist()), found)
    np.testing.assert_array_equal(contributions(booster, np.asfortranarray(X)), found)


def test_no_rows_give_no_rows(train):
    assert contributions(train("numbers"), np.empty((0, 5))).shape == (0, 6)


@pytest.mark.parametrize("shape", [(5,), (3, 4), (3, 6), (1, 3, 5)])
def test_other_shapes_are_refused(train, shape):
    with pytest.raises(ValueError, match=r"must have shape \(n_rows, 5\)"):
        contributions(train("numbers"), np.zeros(shape))


def test_several_outputs_are_refused(rows):
    X = np.nan_to_num(rows(90, 0))
    params = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(params, lightgbm.Dataset(X, np.arange(90) % 3), 1)
    with pytest.raises(ValueError, match="one raw score per row, got 3"):
        contributions(booster, X)


@pytest.mark.parametrize("n_rows", [10, 9_000])
def test_linear_leaves_are_refused(train, rows, n_rows):
    booster = train("numbers", linear_tree=True)
    with pytest.raises(ValueError, match="must be one that LightGBM explains"):
        contributions(booster, np.nan_to_num(rows(n_rows, 0)))

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from cxml.boosting import contributions, merge, to_text


@pytest.mark.parametrize(
    "kind", ["numbers", "missing", "zero_missing", "categories", "one_feature", "constant", "deep"]
)
def test_the_merged_score_is_the_weighted_sum(train, rows, kind):
    boosters = [train(kind, seed=seed, rounds=3 + seed) for seed in range(3)]
    weights = [0.5, -1.25, 3.0]
    X = rows(400, 9, strange=True)[:, : boosters[0].num_feature()]
    expected = sum(w * one.predict(X, raw_score=True) for w, one in zip(weights, boosters, strict=True))
    merged = merge(boosters, weights)
    np.testing.assert_allclose(merged.predict(X), expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["missing", "categories"])
def test_merged_contributions_are_weighted_sums(train, rows, kind):
    boosters = [train(kind, seed=seed) for seed in range(2)]
    X = rows(100, 9)
    parts = [one.predict(X, pred_contrib=True) for one in boosters]
    merged = merge(boosters, [0.25, 0.75])
    np.testing.assert_allclose(merged.predict(X, pred_contrib=True), 0.25 * parts[0] + 0.75 * parts[1], atol=1e-9)
    np.testing.assert_allclose(contributions(merged, X), 0.25 * parts[0] + 0.75 * parts[1], atol=1e-9)


def test_an_average_of_probabilities_is_not_what_is_merged(train, rows):
    """A binary booster keeps its raw score; the objective, and with it the sigmoid, is gone."""
    X = np.nan_to_num(rows(300, 0))
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, X[:, 0] > 0), 3)
    merged = merge([booster], [1.0])
    np.testing.assert_array_equal(merged.predict(X), booster.predict(X, raw_score=True))
    assert "objective" not in to_text(merged)


def test_one_tree_boosters_and_counts_survive(train):
    constant, split = train("constant"), train("numbers", rounds=1)
    merged = merge([constant, split], [1.0, 1.0])
    assert merged.num_trees() == 2
    structure = merged.dump_model()["tree_info"][1]["tree_structure"]
    assert structure["internal_count"] == 600


def forest(X, y, **settings):
    params = {"verbosity": -1, "num_threads": 1, "num_leaves": 4} | settings
    return lightgbm.train(params, lightgbm.Dataset(X, y), 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest"),
        ({"linear_tree": True}, "constant leaves; booster 1"),
        ({"objective": "multiclass", "num_class": 3}, "one raw score per row, got 3"),
    ],
)
def test_what_does_not_sum_is_refused(rows, settings, message):
    X = np.nan_to_num(rows(300, 0))
    plain, other = forest(X, X[:, 0]), forest(X, np.abs(X[:, 3]) % 3 // 1, **settings)
    with pytest.raises(ValueError, match=message):
        merge([plain, other], [1.0, 1.0])


def test_other_columns_are_refused(train, rows):
    with pytest.raises(ValueError, match=r"same columns; booster 1 has `max_feature_idx`"):
        merge([train("numbers"), train("one_feature")], [1.0, 1.0])
    X = rows(100, 0)
    names = [f"c{number}" for number in range(5)]
    named = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(X, X[:, 3] > 0, feature_name=names), 1)
    with pytest.raises(ValueError, match=r"booster 1 has `feature_names`"):
        merge([train("numbers"), named], [1.0, 1.0])


def test_other_categories_are_refused(train):
    one, two = train("numbers"), train("numbers")
    two.pandas_categorical = [["a"]]
    with pytest.raises(ValueError, match="same categories"):
        merge([one, two], [1.0, 1.0])


@pytest.mark.parametrize(("count", "weights"), [(0, []), (1, [1.0, 1.0]), (2, [1.0])])
def test_each_booster_needs_one_weight(train, count, weights):
    with pytest.raises(ValueError, match="one number per booster"):
        merge([train("numbers")] * count, weights)


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_weights_must_be_finite(train, weight):
    with pytest.raises(ValueError, match="must be finite"):
        merge([train("numbers")], [weight])

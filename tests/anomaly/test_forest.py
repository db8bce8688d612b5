"""The isolation forest: scikit-learn's numbers from plain arrays, and rows of series and tables scored alike."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from cxml.anomaly.forest import ForestConfig, ForestScorer
from cxml.anomaly.forest_trees import IsolationTrees, usual_length
from cxml.anomaly.rows import Rows

HOUR = 3_600_000_000_000


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).standard_normal((700, 4))


def rows_of(values, first=0, others=None):
    n_series, n = values.shape
    time = (first + np.repeat(np.arange(n), n_series)) * HOUR
    return Rows(np.tile(np.arange(n_series), n), time, time, values.T.ravel(), None, others)


def begun(values, **settings):
    scorer = ForestScorer(ForestConfig(**{"trees": 30, **settings}))
    scorer.begin(rows_of(values), tuple(map(str, range(len(values)))))
    return scorer


@pytest.mark.parametrize("n", [700, 90, 2])
def test_it_gives_what_scikit_learn_gives(points, n):
    trees = IsolationTrees.grow(points[:n], trees=40, seed=3)
    forest = IsolationForest(n_estimators=40, random_state=3).fit(points[:n].astype(np.float32))
    asked = np.concatenate([points, 4 * points])
    np.testing.assert_allclose(trees.strangeness(asked), -forest.score_samples(asked.astype(np.float32)), atol=1e-12)


def test_trees_come_back_from_their_parts(points):
    trees = IsolationTrees.grow(points, trees=10, seed=0)
    again = IsolationTrees.from_parts(trees.parts())
    np.testing.assert_array_equal(again.strangeness(points), trees.strangeness(points))
    assert trees.strangeness(points[:0]).shape == (0,)


def test_the_usual_length_is_that_of_a_failed_search():
    assert [usual_length(n) for n in (0, 1, 2)] == [0.0, 0.0, 1.0]
    assert usual_length(1000) == pytest.approx(2 * (np.log(999) + np.euler_gamma) - 2 * 999 / 1000)


def test_scores_of_clean_values_are_near_their_word():
    random = np.random.default_rng(1)
    values = random.normal(20, 3, (30, 600))
    scorer = begun(values[:, :400])
    scorer.score(rows_of(values[:, :400]))
    found = scorer.score(rows_of(values[:, 400:], first=400))
    for score in (1, 2):
        assert 0.4 < (found.score >= score).mean() * 10**score < 2.5


def test_a_change_from_the_value_before_is_strange_though_each_value_is_usual():
    hours = np.arange(24 * 40)
    random = np.random.default_rng(2)
    day = 10 * np.sin(2 * np.pi * hours / 24)
    values = (day + random.normal(0, 0.5, len(hours)))[None]
    odd = values.copy()
    odd[0, 900] = -values[0, 900] if abs(day[900]) > 5 else 9.0
    scorer = begun(values[:, :800])
    scorer.score(rows_of(values[:, :800]))
    found = scorer.score(rows_of(odd[:, 800:], first=800))
    assert found.score[95:105].argmax() in (5, 6)


def test_columns_are_looked_at_together():
    random = np.random.default_rng(3)
    load = random.normal(50, 10, 400)
    wait = load + random.normal(0, 1, 400)
    config = {"time": None, "target": "load", "columns": ("wait",), "trees": 200}
    scorer = ForestScorer(ForestConfig(**config))
    zeros = np.zeros(400, dtype=np.int64)
    scorer.begin(Rows(zeros, zeros, zeros, load, None, wait[:, None]), ("",))
    two = Rows(zeros[:2], zeros[:2], zeros[:2], np.array([62.0, 62.0]), None, np.array([[62.0], [38.0]]))
    usual, odd = scorer.score(two).score
    assert odd > usual + 0.5
    assert scorer.score(two).expected == pytest.approx([np.median(load)] * 2)


def test_missing_values_of_further_columns_are_taken_as_usual():
    random = np.random.default_rng(4)
    values = random.normal(size=(2, 100))
    others = random.normal(size=(200, 1))
    others[::7] = np.nan
    scorer = ForestScorer(ForestConfig(columns=("x",), trees=10))
    scorer.begin(rows_of(values, others=others), ("a", "b"))
    assert np.isfinite(scorer.score(rows_of(values, first=100, others=others)).score).all()


@pytest.mark.parametrize("known", [0, 12, 29, 30, 45])
def test_a_series_that_is_new_is_looked_at_first_the_same_in_any_portions(known):
    random = np.random.default_rng(5)
    scorer = begun(random.normal(size=(2, 100)))
    time = np.arange(60) * HOUR
    rows = Rows(np.full(60, 3), time, time, random.normal(7, 2, 60))
    whole = ForestScorer.from_parts(scorer.config, scorer.parts()).score(rows)
    assert (whole.score[:30] == 0).all()
    assert (whole.score[30:] > 0).any()
    assert np.isnan(whole.expected[:30]).all()
    parts = ForestScorer.from_parts(scorer.config, scorer.parts())
    cut = [Rows(rows.series[one], time[one], time[one], rows.value[one]) for one in (slice(known), slice(known, 60))]
    found = np.concatenate([parts.score(one).score for one in cut])
    np.testing.assert_allclose(found, whole.score, atol=1e-12)
    ones = [
        scorer.score_one(3, int(at), int(at), float(value), np.nan).score
        for at, value in zip(time, rows.value, strict=True)
    ]
    np.testing.assert_allclose(ones, whole.score, atol=1e-12)


def test_too_short_a_history_grows_nothing_and_says_nothing():
    scorer = begun(np.random.default_rng(6).normal(size=(2, 20)))
    assert (scorer.score(rows_of(np.ones((2, 5)), first=20)).score == 0).all()
    again = ForestScorer.from_parts(scorer.config, scorer.parts())
    assert (again.score(rows_of(np.ones((2, 15)), first=25)).score == 0).all()


def test_the_same_seed_grows_the_same_trees():
    values = np.random.default_rng(7).normal(size=(2, 100))
    one, other, third = (begun(values, seed=seed).score(rows_of(values)).score for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, other)
    assert (one != third).any()

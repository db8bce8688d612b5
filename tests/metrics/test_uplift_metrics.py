"""Curves and figures of uplift against sums done by hand, known draws, and resamples."""

from functools import partial

import numpy as np
import pytest

from cxml.metrics import (
    auuc,
    average_effect,
    effect_table,
    qini_area,
    qini_coefficient,
    qini_curve,
    uplift_at,
)
from cxml.metrics.uplift_intervals import bootstrap_uplift
from cxml.metrics.uplift_profit import incremental_profit_curve, maximum_profit_uplift


@pytest.fixture(scope="module")
def trial():
    """Customers whose effect is 0.2 times their score, and a fair draw."""
    random = np.random.default_rng(3)
    score = random.uniform(-1, 1, 4000)
    treated = random.integers(0, 2, 4000)
    y = (random.random(4000) < 0.4 + 0.2 * score * treated).astype(float)
    return y, score, treated


def test_the_qini_curve_is_radcliffes_formula(trial):
    y, score, treated = trial
    curve = qini_curve(y, score, treated)
    order = np.argsort(-score)
    for n in (10, 1500, 4000):
        first = order[:n]
        arms = [first[treated[first] == arm] for arm in (1, 0)]
        by_hand = y[arms[0]].sum() - y[arms[1]].sum() * len(arms[0]) / len(arms[1])
        assert curve.gain[n] == pytest.approx(by_hand / treated.sum())
        assert curve.share[n] == n / 4000


def test_a_good_ranking_has_area_a_random_one_none_and_a_reversed_one_less(trial):
    y, score, treated = trial
    found = [qini_area(y, one, treated) for one in (score, np.zeros(4000), -score)]
    # the effect of the first share s is 0.2 (1 - s): the area is the integral of 0.2 s (1 - s)
    assert found[0] == pytest.approx(0.2 / 6, abs=0.012)
    assert found[1] == pytest.approx(0, abs=1e-12)
    assert found[2] == pytest.approx(-found[0], abs=0.012)
    assert qini_coefficient(y, score, treated) > 0.1


def test_the_coefficient_of_the_best_curve_is_one():
    y = np.array([1] * 30 + [0] * 120 + [1] * 50)
    treated = np.array([1] * 30 + [1, 0] * 60 + [0] * 50)
    best = np.where(treated == y, 1, 0) * np.where(treated == 1, 2, 1) - np.where((y == 1) & (treated == 0), 3, 0)
    assert qini_coefficient(y, best, treated) == pytest.approx(1)


def test_uplift_at_counts_all_together_or_each_arm(trial):
    y, score, treated = trial
    top = np.argsort(-score)[:1200]
    by_hand = y[top][treated[top] == 1].mean() - y[top][treated[top] == 0].mean()
    assert uplift_at(y, score, treated, 0.3) == pytest.approx(by_hand)
    arms = [np.flatnonzero(treated == arm) for arm in (1, 0)]
    tops = [rows[np.argsort(-score[rows])[: round(0.3 * len(rows))]] for rows in arms]
    of_arm = uplift_at(y, score, treated, 0.3, by="arm")
    assert of_arm == pytest.approx(y[tops[0]].mean() - y[tops[1]].mean(), abs=2e-3)
    assert uplift_at(y, score, treated, 1.0) == pytest.approx(average_effect(y, treated).value)
    assert 0.05 < auuc(y, score, treated) - average_effect(y, treated).value / 2 + 0.03 < 0.1


def test_known_propensities_undo_a_draw_that_hung_on_the_customer():
    random = np.random.default_rng(5)
    keen = random.integers(0, 2, 20_000)
    chance = np.where(keen == 1, 0.8, 0.2)
    treated = (random.random(20_000) < chance).astype(int)
    y = (random.random(20_000) < 0.1 + 0.5 * keen + 0.05 * treated).astype(float)
    assert average_effect(y, treated).value > 0.3
    found = average_effect(y, treated, propensity=chance)
    low, high = found.interval(3.0)
    assert low < 0.05 < high
    assert found.standard_error < 0.02
    assert uplift_at(y, random.random(20_000), treated, 1.0, propensity=chance) == pytest.approx(found.value)


def test_the_standard_error_is_the_spread_of_repeated_trials():
    random = np.random.default_rng(6)
    found = []
    for _ in range(300):
        treated = random.integers(0, 2, 400)
        y = random.normal(size=400) * (1 + treated)
        found.append(average_effect(y, treated))
    assert np.std([one.value for one in found]) == pytest.approx(
        np.mean([one.standard_error for one in found]), rel=0.1
    )


def test_weights_count_rows_as_often_as_repeating_them(trial):
    y, score, treated = (one[:300] for one in trial)
    counts = np.random.default_rng(0).integers(0, 4, (3, 300))
    for metric in (qini_area, qini_coefficient, auuc, partial(uplift_at, share=0.3), partial(uplift_at, by="arm")):
        weighted = metric(y, score, treated, weight=counts)
        repeated = [metric(*(np.repeat(one, row) for one in (y, score, treated))) for row in counts]
        np.testing.assert_allclose(weighted, repeated, atol=1e-12)


def test_equal_predictions_count_as_in_random_order(trial):
    y, score, treated = trial
    coarse = np.round(score)
    random = np.random.default_rng(0)
    shuffled = [qini_area(y, coarse + 1e-6 * random.random(4000), treated) for _ in range(100)]
    assert qini_area(y, coarse, treated) == pytest.approx(np.mean(shuffled), abs=5e-4)


def test_intervals_hold_the_true_area_and_see_the_same_rows_for_all(trial):
    y, score, treated = trial
    good, worse = bootstrap_uplift({"area": qini_area}, y, treated, score, score**3, repeats=200)
    assert good["area"].lower < 0.2 / 6 < good["area"].upper
    assert worse["area"].value == good["area"].value  # the order is the same
    assert (worse["area"].lower, worse["area"].upper) == (good["area"].lower, good["area"].upper)
    rows = np.repeat(np.arange(4000), 2)
    groups = bootstrap_uplift({"area": qini_area}, y[rows], treated[rows], score[rows], groups=rows, repeats=200)
    assert groups[0]["area"].upper - groups[0]["area"].lower == pytest.approx(
        good["area"].upper - good["area"].lower, rel=0.3
    )


def test_intervals_of_many_rows_are_of_a_part_and_scaled(trial, monkeypatch):
    y, score, treated = trial
    whole = bootstrap_uplift({"area": qini_area}, y, treated, score, repeats=200)[0]["area"]
    monkeypatch.setattr("cxml.metrics.uplift_intervals.MOST_ROWS", 1000)
    part = bootstrap_uplift({"area": qini_area}, y, treated, score, repeats=200)[0]["area"]
    assert part.value == whole.value
    assert part.upper - part.lower == pytest.approx(whole.upper - whole.lower, rel=0.3)


def test_the_table_of_effects_is_calibrated_where_predictions_are_true(trial):
    y, score, treated = trial
    table = effect_table(y, 0.2 * score, treated, groups=5)
    assert (np.abs(table.observed - table.predicted) < 3 * table.standard_error).all()
    assert table.rows.sum() == 4000
    assert (np.diff(table.predicted) < 0).all()


def test_profit_treats_those_whose_effect_is_worth_more_than_it_costs(trial):
    y, score, treated = trial
    # worth 10, cost 1: it pays from an effect of 0.1 up, that is from a score of 0.5: a quarter of the base
    found = maximum_profit_uplift(y, score, treated, value=10, contact_cost=1)
    assert found.share == pytest.approx(0.25, abs=0.15)
    assert found.profit == pytest.approx(0.125, abs=0.1)
    curve = incremental_profit_curve(y, score, treated, value=10, contact_cost=1, response_cost=1)
    rate = y[treated == 1].mean()
    assert curve.gain[-1] == pytest.approx(10 * average_effect(y, treated).value - 1 - rate)
    assert maximum_profit_uplift(y, score, treated, contact_cost=9) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"by": "each"}, "`by` must be 'all' or 'arm'"),
        ({"propensity": 1.0}, "above 0 and below 1, got 1"),
        ({"weight": [1, 2]}, "must have shape"),
        ({"share": 0}, r"`share` must be in \(0, 1\], got 0"),
    ],
)
def test_settings_outside_their_range_are_refused(trial, more, message):
    with pytest.raises(ValueError, match=message):
        uplift_at(*trial, **more)


def test_an_interval_without_an_arm_is_refused():
    y, treated = [0.0] * 60, [1] + [0] * 59
    with pytest.raises(ValueError, match="rows of both arms"):
        bootstrap_uplift({"u": uplift_at}, y, treated, np.r_[0.0, np.ones(59)])


def test_the_average_effect_of_small_arms_has_welchs_error():
    from scipy import stats

    y, treated = np.array([1.0, 4.0, 2.0, 0.0, 3.0, 1.0, 2.0]), np.array([1, 1, 1, 0, 0, 0, 0])
    welch = stats.ttest_ind(y[:3], y[3:], equal_var=False)
    assert average_effect(y, treated).value / average_effect(y, treated).standard_error == pytest.approx(
        welch.statistic
    )
    ends = welch.confidence_interval()
    assert average_effect(y, treated).interval() == pytest.approx((ends.low, ends.high))
    assert average_effect([1, 0, 1], [1, 0, 0]).standard_error == np.inf


def test_rows_of_one_customer_are_one_witness_of_the_average_effect(trial):
    y, _, treated = trial
    once = average_effect(y, treated)
    rows = np.repeat(np.arange(4000), 3)
    assert average_effect(y[rows], treated[rows], groups=rows) == pytest.approx(once)
    assert average_effect(y[rows], treated[rows]).standard_error < 0.6 * once.standard_error


def test_the_table_of_equal_predictions_does_not_hang_on_the_order_of_the_rows(trial):
    y, _, treated = trial
    order = np.lexsort((y, treated))
    table = effect_table(y[order], np.zeros(4000), treated[order])
    assert (np.abs(table.observed - average_effect(y, treated).value) < 4 * table.standard_error).all()
    alone = effect_table([1, 0, 1, 0], [4, 3, 2, 1], [1, 0, 1, 0], groups=2)
    assert np.isnan(alone.standard_error).all()
    assert alone.observed.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("more", "message"), [({"level": 95}, "`level` must be in"), ({"repeats": 10}, "number >= 40")]
)
def test_intervals_outside_their_range_are_refused(trial, more, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_uplift({"u": qini_area}, trial[0], trial[2], trial[1], **more)


def test_profits_of_no_finite_amount_are_refused(trial):
    with pytest.raises(ValueError, match="`value` must be a finite amount, got nan"):
        maximum_profit_uplift(*trial, value=np.nan)
    with pytest.raises(ValueError, match="`contact_cost` and `response_cost` must be >= 0, got inf"):
        maximum_profit_uplift(*trial, contact_cost=np.inf)

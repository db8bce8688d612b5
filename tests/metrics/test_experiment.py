"""A/B tests: against textbook figures, safe to look at early, and wary of uneven arms."""

import numpy as np
import pytest
from scipy import stats

from cxml.metrics import ab_test


def arms(rows=500, rates=(0.2, 0.3), seed=0):
    rng = np.random.default_rng(seed)
    return tuple((rng.random(rows) < rate).astype(int) for rate in rates)


def test_rates_are_newcombes_own_example():
    """56/70 against 48/80: Newcombe (1998), table II, method 10."""
    found = ab_test(np.repeat([1, 0], [48, 32]), np.repeat([1, 0], [56, 14]))
    assert (found.difference, found.lower, found.upper) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_amounts_are_welchs_test():
    rng = np.random.default_rng(0)
    control, treatment = rng.normal(10, 1, 80), rng.normal(10.5, 4, 50)
    found, known = ab_test(control, treatment), stats.ttest_ind(treatment, control, equal_var=False)
    ends = known.confidence_interval()
    assert (found.p_value, found.lower, found.upper) == pytest.approx((known.pvalue, ends.low, ends.high))
    assert not found.rates
    assert "points" not in str(found)


def test_the_p_value_of_rates_is_that_of_the_table():
    control, treatment = arms()
    table = [[one.sum(), one.size - one.sum()] for one in (control, treatment)]
    assert ab_test(control, treatment).p_value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


def test_looking_every_hundred_customers_is_safe_only_with_sequential():
    """No effect, 30 looks a test: how often the interval leaves out 0 at any look."""
    wrong = {True: 0, False: 0}
    for seed in range(60):
        control, treatment = arms(1500, (0.3, 0.3), seed)
        for sequential in wrong:
            looks = (
                ab_test(control[:n], treatment[:n], sequential=sequential, planned_rows=2000)
                for n in range(50, 1501, 50)
            )
            wrong[sequential] += any(one.lower > 0 or one.upper < 0 for one in looks)
    assert wrong[True] / 60 <= 0.08
    assert wrong[False] / 60 > 0.15


def test_the_sequential_p_value_says_what_its_interval_says_and_finds_real_effects():
    for seed in range(20):
        one = ab_test(*arms(400, (0.2, 0.3), seed), sequential=True, planned_rows=800)
        assert (one.p_value < 0.05) == (one.lower > 0 or one.upper < 0)
    sure = ab_test(*arms(5000, (0.2, 0.3)), sequential=True)
    assert sure.lower > 0
    assert sure.p_value < 1e-6
    assert "p < 0.0001" in str(sure)


def test_the_sequential_interval_is_narrowest_where_it_was_planned_and_wider_than_of_one_look():
    control, treatment = arms(1000)
    width = {
        planned: ab_test(control, treatment, sequential=True, planned_rows=planned).upper
        for planned in (20, 2000, 200_000)
    }
    assert width[2000] < width[20]
    assert width[2000] < width[200_000]
    assert ab_test(control, treatment).upper < width[2000]


def test_the_lift_holds_the_truth_as_often_as_it_says():
    held = [one.lift_lower <= 0.5 <= one.lift_upper for one in (ab_test(*arms(400, seed=seed)) for seed in range(150))]
    assert 0.89 <= np.mean(held) <= 0.99


def test_a_lift_over_nothing_is_not_told():
    found = ab_test([-1.0, 2.0, -3.0], [1.0, 2.0, 4.0])
    assert np.isnan(found.lift)
    assert "relative" not in str(found)
    rare = ab_test(np.repeat([1, 0], [1, 99]), np.repeat([1, 0], [5, 95]))
    assert rare.lift == pytest.approx(4)
    assert np.isnan(rare.lift_lower)
    assert "relative +400.0 % (95 %" in str(rare)


def test_uneven_arms_are_told_and_planned_unevenness_is_not():
    control, treatment = np.tile([0, 1], 5200), np.tile([0, 1], 4800)
    odd = ab_test(control, treatment)
    assert odd.mismatch < 0.001
    assert "do not trust it" in str(odd)
    assert "do not trust it" not in str(ab_test(control, treatment, share=0.48))
    assert ab_test(control, treatment, share=None).mismatch == 1.0


def test_one_line():
    text = str(ab_test(*arms()))
    assert "\n" not in text
    assert "holds at one look" in text
    assert "500 and 500 customers" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"control": [0, 1]}, "`treatment` must hold at least 2 customers, got 1"),
        ({"control": [0, 1], "treatment": [0, np.nan]}, "`treatment` must be finite, got NaN"),
        ({"control": [0, 0], "treatment": [1, 1]}, "outcomes that differ within an arm, got only 0 and 1"),
        ({"control": ["a", "b"], "treatment": [0, 1]}, "`control` must hold numbers"),
        ({"level": 95}, r"`level` must be in \(0, 1\), got 95"),
        ({"planned_rows": 0}, "`planned_rows` must be >= 1, got 0"),
        ({"share": 50}, r"`share` must be in \(0, 1\), got 50"),
    ],
)
def test_bad_input_is_told(words, message):
    with pytest.raises(ValueError, match=message):
        ab_test(
            **({"control": [0, 1, 1], "treatment": [1]} | ({} if "control" in words else {"treatment": [0, 1]}) | words)
        )

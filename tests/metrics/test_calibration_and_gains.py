"""The tables behind the reliability and the gains picture."""

import numpy as np
import pytest
from scipy.stats import binomtest

from cxml.metrics import expected_calibration_error, gains_curve, lift, reliability_table, wilson_interval


def sample(decimals):
    rng = np.random.default_rng(2)
    p = np.round(rng.beta(1.2, 3, 500), decimals)
    return (rng.random(500) < p).astype(int), p


@pytest.mark.parametrize("decimals", [1, 2, 9])
def test_the_table_sums_to_the_calibration_error_and_keeps_all_rows(decimals):
    y, p = sample(decimals)
    table = reliability_table(y, p)
    assert table.rows.sum() == 500
    assert (np.diff(table.predicted) > 0).all()
    gap = table.rows @ np.abs(table.observed - table.predicted) / 500
    assert gap == pytest.approx(expected_calibration_error(y, p))
    assert (table.rows * table.observed).sum() == pytest.approx(y.sum())
    assert ((table.lower <= table.observed) & (table.observed <= table.upper)).all()


def test_bins_are_equal_where_nothing_is_tied():
    assert reliability_table(*sample(9)).rows.tolist() == [50] * 10


def test_a_constant_prediction_is_one_bin():
    table = reliability_table([1, 0, 0, 0], [0.25] * 4)
    assert (table.rows.tolist(), table.observed.tolist()) == ([4], [0.25])


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (250, 1000)])
def test_wilson_equals_scipy(k, n):
    expected = binomtest(k, n).proportion_ci(0.9, method="wilson")
    lower, upper = wilson_interval(k, n, level=0.9)
    assert (float(lower), float(upper)) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.33, 1])
def test_height_of_the_gains_curve_over_its_share_is_the_lift(share):
    y, p = sample(1)
    curve = gains_curve(y, p)
    assert np.interp(share, curve.share, curve.found) / share == pytest.approx(lift(y, p, share))
    assert curve.rate == y.mean()
    assert (curve.share[0], curve.found[0], curve.share[-1], curve.found[-1]) == (0, 0, 1, 1)


def test_refusals():
    with pytest.raises(ValueError, match=r"`events` must be in \[0, rows\] and `rows` above 0, got 5 of 4"):
        wilson_interval(5, 4)
    with pytest.raises(ValueError, match="got 0 of 0"):
        wilson_interval(0, 0)
    with pytest.raises(ValueError, match=r"`level` must be in \(0, 1\), got 95"):
        wilson_interval(1, 2, level=95)
    with pytest.raises(ValueError, match="`bins` must be a whole number"):
        reliability_table([1, 0], [0.9, 0.1], 0)
    with pytest.raises(ValueError, match="A gains curve needs at least one row with y = 1"):
        gains_curve([0, 0], [0.9, 0.1])

"""Forecast measures: worked by hand, against utilsforecast and scikit-learn, and by what must not matter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import mean_absolute_percentage_error, mean_pinball_loss

from cxml.metrics import (
    bias,
    coverage,
    crps,
    interval_width,
    mape,
    mase,
    pinball_loss,
    seasonal_scale,
    smape,
    wape,
    winkler_score,
)

RNG = np.random.default_rng(0)
Y = RNG.poisson(20, 200).astype(float)
FORECAST = Y + RNG.normal(1, 4, 200)
LOW, HIGH = FORECAST - 5, FORECAST + 6
HISTORY = RNG.poisson(20, 300).astype(float)
quick = settings(max_examples=40, deadline=None)
counts = hnp.arrays(np.float64, 12, elements=st.integers(1, 50).map(float))


@pytest.fixture
def theirs():
    """`utilsforecast.losses` and one series in its long frame."""
    losses = pytest.importorskip("utilsforecast.losses")
    stamps = pd.date_range("2026-01-01", periods=500, freq="h")
    frame = pd.DataFrame({"unique_id": "a", "ds": stamps[300:], "y": Y, "m": FORECAST, "low": LOW, "high": HIGH})
    past = pd.DataFrame({"unique_id": "a", "ds": stamps[:300], "y": HISTORY})
    return losses, frame, past


def test_point_measures_equal_utilsforecast(theirs):
    losses, frame, past = theirs
    assert wape(Y, FORECAST) == pytest.approx(losses.nd(frame, ["m"])["m"].item())
    assert mape(Y, FORECAST) == pytest.approx(losses.mape(frame, ["m"])["m"].item())
    assert smape(Y, FORECAST) == pytest.approx(2 * losses.smape(frame, ["m"])["m"].item())
    assert bias(Y, FORECAST) * Y.mean() == pytest.approx(losses.bias(frame, ["m"])["m"].item())
    scaled = losses.mase(frame, ["m"], seasonality=24, train_df=past)["m"].item()
    assert mase(Y, FORECAST, scale=seasonal_scale(HISTORY, 24)) == pytest.approx(scaled)


def test_distribution_measures_equal_utilsforecast(theirs):
    losses, frame, _ = theirs
    assert pinball_loss(Y, FORECAST, quantile=0.8) == pytest.approx(
        losses.quantile_loss(frame, {"m": "m"}, q=0.8)["m"].item()
    )
    frame = frame.rename(columns={"low": "m-lo-90", "high": "m-hi-90"})
    assert coverage(Y, LOW, HIGH) == pytest.approx(losses.coverage(frame, ["m"], level=90)["m"].item())
    levels = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    columns = FORECAST[:, None] + np.array([-6, -2, 0, 2, 6])
    for place in range(5):
        frame[f"q{place}"] = columns[:, place]
    scaled = losses.scaled_crps(frame, {"m": [f"q{place}" for place in range(5)]}, levels)["m"].item()
    assert crps(Y, columns, quantiles=levels) / Y.mean() == pytest.approx(scaled)


@quick
@given(y=counts, forecast=counts, quantile=st.floats(0.01, 0.99))
def test_equals_sklearn(y, forecast, quantile):
    assert mape(y, forecast) == pytest.approx(mean_absolute_percentage_error(y, forecast))
    assert pinball_loss(y, forecast, quantile=quantile) == pytest.approx(
        mean_pinball_loss(y, forecast, alpha=quantile), abs=1e-12
    )


@pytest.mark.parametrize("measure", [wape, bias, mape, smape])
@quick
@given(y=counts, forecast=counts, unit=st.floats(0.1, 100))
def test_shares_know_no_unit_and_no_order(measure, y, forecast, unit):
    value = measure(y, forecast)
    assert measure(unit * y, unit * forecast) == pytest.approx(value, abs=1e-12)
    assert measure(y[::-1], forecast[::-1]) == pytest.approx(value, abs=1e-12)
    assert measure(y, y) == 0


def test_the_m4_measure_by_hand():
    """The competition's own code: ``mean(2 |y - f| / (|y| + |f|))`` and ``mean |y - f|`` over the in-sample naive."""
    assert smape([1, 3], [3, 1]) == pytest.approx(1.0)
    assert seasonal_scale([1, 2, 4, 7], 1) == pytest.approx((1 + 2 + 3) / 3)
    assert seasonal_scale([1, 2, 4, 7], 2) == pytest.approx((3 + 5) / 2)
    assert mase([8, 8], [6, 9], scale=2.0) == pytest.approx(0.75)


def test_one_scale_a_row_mixes_series():
    apart = [mase([10, 12], [11, 15], scale=2.0), mase([100, 90], [80, 90], scale=40.0)]
    together = mase([10, 12, 100, 90], [11, 15, 80, 90], scale=[2.0, 2.0, 40.0, 40.0])
    assert together == pytest.approx(np.mean(apart))


def test_crps_is_the_score_of_equally_likely_values():
    members = np.sort(RNG.normal(20, 5, (200, 9)), axis=1)
    between = np.abs(members[:, :, None] - members[:, None, :]).mean(axis=(1, 2))
    energy = np.abs(members - Y[:, None]).mean(axis=1) - between / 2
    assert crps(Y, members, quantiles=(np.arange(9) + 0.5) / 9) == pytest.approx(energy.mean())


def test_crps_of_a_normal_forecast_nears_the_known_value():
    """CRPS of N(0, 1) at its own mean: ``sqrt(2 / pi) - 1 / sqrt(pi)`` (Gneiting & Raftery, 2007, eq. 21)."""
    from scipy.stats import norm

    levels = (np.arange(2000) + 0.5) / 2000
    assert crps([0.0], norm.ppf(levels)[None, :], quantiles=levels) == pytest.approx(0.23369, abs=1e-4)


@quick
@given(y=counts, low=counts, width=counts, level=st.sampled_from([50, 80, 90, 95]))
def test_winkler_is_two_pinball_losses(y, low, width, level):
    high, alpha = low + width, 1 - level / 100
    both = pinball_loss(y, low, quantile=alpha / 2) + pinball_loss(y, high, quantile=1 - alpha / 2)
    assert winkler_score(y, low, high, level=level) == pytest.approx(2 / alpha * both)


@pytest.mark.parametrize("shift", [-3.0, 3.0])
def test_the_true_interval_and_quantile_score_best(shift):
    y = np.random.default_rng(1).normal(size=20_000)
    low, high = np.full(y.size, -1.645), np.full(y.size, 1.645)
    assert coverage(y, low, high) == pytest.approx(0.9, abs=0.01)
    assert winkler_score(y, low, high) < winkler_score(y, low + shift, high + shift)
    assert winkler_score(y, low, high) < winkler_score(y, 2 * low, 2 * high)
    assert interval_width(low, high) == pytest.approx(3.29)
    assert pinball_loss(y, high, quantile=0.95) < pinball_loss(y, high + shift, quantile=0.95)


def test_the_ends_of_an_interval_belong_to_it():
    assert coverage([1, 2, 3, 4], [1, 1, 1, 1], [3, 3, 3, 3]) == 0.75


def test_the_median_loss_is_half_the_absolute_error():
    assert 2 * pinball_loss(Y, FORECAST, quantile=0.5) == pytest.approx(np.abs(Y - FORECAST).mean())
    assert crps(Y, FORECAST[:, None], quantiles=[0.5]) == pytest.approx(np.abs(Y - FORECAST).mean())


REFUSED = {
    "lengths": (lambda: wape([1, 2], [1]), "same rows, got 2 and 1"),
    "missing": (lambda: wape([1, np.nan], [1, 2]), "`y` must be finite.*1 of 2 rows"),
    "missing forecast": (lambda: smape([1, 2], [np.inf, 2]), "`forecast` must be finite"),
    "text": (lambda: bias(["many"], [1]), "`y` must hold numbers"),
    "nothing came": (lambda: bias([0, 0], [1, 1]), "The bias needs a row with `y` other than 0"),
    "a zero": (lambda: mape([0, 1], [1, 1]), "in every row, got 0 in 1 of 2 rows.*Use `wape`"),
    "season": (lambda: seasonal_scale([1, 2, 3], 0), "`season` must be a whole number of periods >= 1, got 0"),
    "half a season": (lambda: seasonal_scale([1, 2, 3], 1.5), "whole number of periods"),
    "true season": (lambda: seasonal_scale([1, 2, 3], True), "whole number of periods"),
    "short": (lambda: seasonal_scale([1, 2, 3], 7), "more than one season of 7 periods, got 3"),
    "flat history": (lambda: mase([1], [2], scale=seasonal_scale([3, 3, 3])), "`scale` must be above 0, got 0"),
    "scales": (lambda: mase([1, 2, 3], [1, 2, 3], scale=[1, 2]), "one number or one for each of the 3 rows, got 2"),
    "quantile": (lambda: pinball_loss([1], [1], quantile=0), "between 0 and 1, got 0"),
    "no quantile": (lambda: pinball_loss([1], [1], quantile=np.nan), "between 0 and 1, got nan"),
    "quantiles": (lambda: crps([1], [[1, 2]], quantiles=[0.5, 50]), "between 0 and 1, got 50"),
    "shape": (lambda: crps([1, 2], [1, 2], quantiles=[0.5]), r"shape \(2, 1\).*got \(2,\)"),
    "crossed": (lambda: coverage([1, 2], [0, 3], [2, 1]), "got 3 and 1 at position 1 and 1 such rows"),
    "ends": (lambda: interval_width([1, 2], [3]), "`low` and `high` must describe the same rows, got 2 and 1"),
    "rows": (lambda: coverage([1], [0, 0], [1, 1]), "`y` and the intervals must describe the same rows, got 1 and 2"),
    "level": (lambda: winkler_score([1], [0], [2], level=0), "between 0 and 100 percent, got 0"),
    "certain": (lambda: winkler_score([1], [0], [2], level=100), "between 0 and 100 percent, got 100"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_with_what_was_got(name):
    call, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        call()

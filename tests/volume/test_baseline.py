"""The baselines, by hand."""

import numpy as np
import pandas as pd

from cxml import volume
from cxml.volume.windows import Window


def weeks():
    """Seven weeks of days: week w, weekday d holds 10 w + d."""
    days = pd.date_range("2025-01-06", periods=49)
    return pd.DataFrame({"ds": days, "y": 10 * (np.arange(49) // 7) + np.arange(49) % 7})


def last(method, frame, horizon=10):
    """What is forecast from the end of a history, before its distribution is laid around it."""
    model = volume.train(frame, horizon=horizon, method=method, track=False).model
    window = Window.at_ends(model.panel, horizon)
    return model.learned.forecast(model.panel, window, None)[0, 0]


def test_last_week_again():
    found = last("seasonal_naive", weeks())
    assert found.ravel().tolist() == [60, 61, 62, 63, 64, 65, 66, 60, 61, 62]


def test_the_mean_of_the_last_six_same_weekdays():
    found = last("weekday_mean", weeks())
    assert found.ravel().tolist() == [35, 36, 37, 38, 39, 40, 41, 35, 36, 37]


def test_days_that_are_not_known_are_passed_over():
    frame = weeks().assign(y=lambda rows: rows["y"].astype(float))
    frame.loc[[42, 45], "y"] = np.nan
    assert last("seasonal_naive", frame).ravel()[:4].tolist() == [50, 61, 62, 53]
    assert last("weekday_mean", frame).ravel()[0] == np.mean([0, 10, 20, 30, 40, 50])


def test_hours_of_a_day_that_has_begun_repeat_those_of_a_week_before():
    hours = pd.date_range("2025-01-06", periods=24 * 28 + 6, freq="h")
    frame = pd.DataFrame({"ds": hours, "y": np.arange(len(hours))})
    found = last("seasonal_naive", frame, horizon=1)
    np.testing.assert_array_equal(found.ravel()[6:24], np.arange(24 * 28 + 6, 24 * 29) - 168)


def test_the_verdict_names_both_beside_a_model_and_each_beside_the_other():
    model = volume.train(weeks(), horizon=7, method="profile", track=False)
    assert set(model.verdict.metrics) == {"profile", "seasonal_naive", "weekday_mean"}
    naive = volume.train(weeks(), horizon=7, method="seasonal_naive", track=False)
    assert list(naive.verdict.metrics) == ["seasonal_naive", "weekday_mean"]
    assert naive.metrics["holdout_relative_mae"] == 1

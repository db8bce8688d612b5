"""Alerts matched to events, and the figures of them, against counts by hand."""

import numpy as np
import pytest

from cxml.metrics import budget_curve, event_figures, match_alerts


def test_an_alert_in_the_window_or_within_the_grace_finds_it_and_none_before_or_after():
    found = match_alerts([10, 30, 50, 70], [15, 35, 55, 75], [9, 10, 38, 59, 80], grace=3)
    assert found.first.tolist() == [1, 2, -1, -1]
    assert found.delay[:2].tolist() == [0.0, 8.0]
    assert found.false.tolist() == [True, False, False, True, True]


def test_several_alerts_in_a_window_count_once_by_the_earliest_whatever_their_order():
    found = match_alerts([10], [20], [18, 12, 15])
    assert (found.first.tolist(), found.delay.tolist()) == ([1], [2.0])
    assert not found.false.any()


def test_alerts_find_events_of_their_own_series_only():
    found = match_alerts([10], [20], [12, 14], window_series=["a"], alert_series=["b", "a"])
    assert found.first.tolist() == [1]
    assert found.false.tolist() == [True, False]


def test_of_windows_that_overlap_by_the_grace_the_later_one_is_found():
    found = match_alerts([10, 21], [20, 30], [22], grace=5)
    assert found.window.tolist() == [1]
    assert found.first.tolist() == [-1, 0]


def test_an_alert_over_several_series_is_true_where_any_is_and_false_once():
    words = {"window_series": ["a"], "alert_series": ["a", "b", "a", "b"], "numbers": [1, 1, 2, 2]}
    found = match_alerts([10], [20], [12, 11, 41, 40], **words)
    assert found.false.tolist() == [False, False, False, True]


def test_datetimes_and_spans_are_nanoseconds():
    day = np.datetime64("2026-03-02T00:00")
    hours = np.timedelta64(1, "h") * np.arange(24)
    found = match_alerts(day + hours[[10]], day + hours[[12]], day + hours[[15]], grace=np.timedelta64(3, "h"))
    assert found.delay.tolist() == [5 * 3600e9]


def test_no_windows_and_no_alerts_are_fine():
    assert match_alerts([], [], [5, 6]).false.tolist() == [True, True]
    assert match_alerts([1], [2], []).first.tolist() == [-1]


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(ValueError, match="must be of the same windows, got 2 and 1"):
        match_alerts([1, 2], [3], [])
    with pytest.raises(ValueError, match="`alert_series` must name one for each of 1, got 2"):
        match_alerts([1], [2], [1], alert_series=["a", "b"])


def test_figures_are_the_counts_by_hand():
    told = event_figures(
        windows=[1, 1, 1, 0, 0],
        found=[1, 1, 0, 0, 0],
        delay=[2, 4, np.nan, 0, 0],
        false=[0, 0, 0, 2, 0],
        weeks=[0, 0, 0, 0.25, 0.25],
    )
    assert told["event_precision"].value == 2 / 4
    assert told["event_recall"].value == pytest.approx(2 / 3)
    assert told["event_f1"].value == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))
    assert told["false_alarms_week"].value == 4.0
    assert told["delay_periods"].value == 3.0


def test_what_is_not_defined_is_left_out():
    silent = event_figures([1, 0], [0, 0], [np.nan, 0], [0, 0], [0, 1])
    assert {name: one.value for name, one in silent.items()} == {
        "event_recall": 0.0,
        "event_f1": 0.0,
        "false_alarms_week": 0.0,
    }
    assert "event_recall" not in event_figures([0], [0], [0], [1], [1])


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    inside = 0
    for seed in range(80):
        found = rng.random(150) < 0.6
        told = event_figures(np.ones(150), found, np.zeros(150), np.zeros(150), np.ones(150), repeats=100, seed=seed)
        inside += told["event_recall"].lower <= 0.6 <= told["event_recall"].upper
    assert 0.88 < inside / 80 < 0.995


def test_intervals_widen_where_units_of_a_group_stand_or_fall_together():
    found = np.repeat([0, 1] * 10, 10)
    zeros, ones = np.zeros(200), np.ones(200)
    alone = event_figures(ones, found, zeros, zeros, ones)["event_recall"]
    together = event_figures(ones, found, zeros, zeros, ones, groups=np.repeat(np.arange(20), 10))["event_recall"]
    assert together.upper - together.lower > 2 * (alone.upper - alone.lower)


def test_a_lower_threshold_finds_no_less_and_alarms_no_less():
    rng = np.random.default_rng(0)
    time = np.arange(2_000)
    score = rng.exponential(size=2_000)
    start = np.arange(100, 2_000, 200)
    for begin in start:
        score[begin + 3 : begin + 6] += rng.uniform(0, 8)
    curve = budget_curve(score, time, start, start + 10, weeks=2_000 / 168, grace=2)
    assert (np.diff(curve.threshold) < 0).all()
    strict = curve.threshold > 2
    assert (np.diff(curve.recall[strict]) >= 0).all()
    assert (np.diff(curve.false_alarms_week[strict]) >= 0).all()
    assert curve.recall[0] <= 0.2
    assert curve.recall[strict][-1] >= 0.9


def test_an_alarm_that_never_ends_finds_nothing():
    curve = budget_curve(np.r_[2.0, np.ones(98), 0.0], np.arange(100), [50], [60], weeks=1.0)
    assert curve.recall.tolist() == [0.0, 0.0]


def test_a_curve_is_what_match_alerts_says_at_its_thresholds():
    rng = np.random.default_rng(1)
    series, time = np.repeat([0, 1], 300), np.tile(np.arange(300), 2)
    score = rng.exponential(size=600)
    start, end, of = np.array([50, 200]), np.array([60, 220]), np.array([0, 1])
    curve = budget_curve(score, time, start, end, weeks=3.0, series=series, window_series=of, grace=2, quiet=4)
    for threshold, recall, false in zip(curve.threshold, curve.recall, curve.false_alarms_week, strict=True):
        begun = []
        for one in (0, 1):
            before = -100
            for moment in np.flatnonzero(score[series == one] >= threshold):
                begun += [(one, moment)] if moment - before > 4 else []
                before = moment
        told = match_alerts(
            start, end, [at for _, at in begun], grace=2, window_series=of, alert_series=[one for one, _ in begun]
        )
        assert recall == (told.first >= 0).mean()
        assert false == told.false.sum() / 3.0


def test_scores_that_are_missing_never_alarm():
    curve = budget_curve([np.nan, 1, np.nan, 2], range(4), [3], [3], weeks=1.0)
    assert curve.recall.tolist() == [1.0]
    with pytest.raises(ValueError, match="`weeks` must be above 0 and `points` 2 or more, got 0"):
        budget_curve([1, 2], [0, 1], [1], [1], weeks=0)

"""Silence is told by the clock, and closed hours and holidays are none."""

import numpy as np
import pandas as pd
import pytest

from cxml import registry
from cxml.anomaly.columns import KINDS
from cxml.errors import ConfigError, FrameError
from cxml.timeseries.calendar import Calendar

MISSING = KINDS[KINDS.index("missing")]
SEOLLAL = ("2024-02-09", "2024-02-13")  # 9 to 12 February, the last of them a substitute


def detector(frame, method="residual", **settings):
    kind = registry.model_class(f"anomaly/{method}")
    return kind(kind.Config(**settings)).fit(frame)


def history(freq, *, start="2023-11-20", end="2024-02-21", hours=None, zone=None):
    """Counts of two queues; no row comes on holidays, nor outside office hours where there are some."""
    times = pd.date_range(start, end, freq=freq, inclusive="left")
    named = Calendar("KR").holidays(times.normalize().to_numpy().astype("datetime64[D]"))
    is_open = np.array([name is None for name in named])
    if hours is not None:
        is_open &= (times.dayofweek < 5) & (times.hour >= hours[0]) & (times.hour < hours[1])
    times = times[is_open].tz_localize(zone)
    counts = np.random.default_rng(0).poisson(40, (2, len(times)))
    return pd.DataFrame({"queue": np.repeat(["a", "b"], len(times)), "ds": np.tile(times, 2), "y": counts.ravel()})


COURSES = {
    "daily": ("D", None),
    "hourly": ("h", None),
    "hourly, office": ("h", (9, 18)),
    "half hours": ("30min", (9, 18)),
}


@pytest.mark.parametrize("course", COURSES)
def test_holidays_without_rows_are_not_told_as_missing(course):
    freq, hours = COURSES[course]
    frame = history(freq, hours=hours)
    known, later = frame[frame["ds"] < "2024-02-01"], frame[frame["ds"] >= "2024-02-01"]
    after = (later["ds"] >= SEOLLAL[1]) & (later["ds"] < "2024-02-14")
    found, without = (detector(known, key="queue", country=one, least_score=2.0).predict(later) for one in ("KR", None))
    assert after.sum() >= 2
    assert found["score"][after].max() < 2.0
    assert not (found["kind"] == MISSING).any()
    # Without the calendar it is a silence, as it would be on any other days.
    assert without["score"][after].max() > 2.0


@pytest.mark.parametrize("course", COURSES)
def test_by_the_clock_a_holiday_is_no_silence_and_the_days_after_are(course):
    freq, hours = COURSES[course]
    frame = history(freq, end="2024-02-09", hours=hours)
    with_calendar, without = (detector(frame, key="queue", country=one) for one in ("KR", None))
    for now in ("2024-02-09 15:00", "2024-02-12 23:59", "2024-02-13 00:00"):
        assert with_calendar.silent(now, 0.0).empty
    assert with_calendar.silent("2024-02-20 12:00")["queue"].tolist() == ["a", "b"]
    assert without.silent("2024-02-12 23:59")["queue"].tolist() == ["a", "b"]


def test_who_is_overdue_since_when_and_how_strange_that_is():
    frame = history("h", end="2024-02-07", hours=(9, 18))
    late = frame[~((frame["queue"] == "b") & (frame["ds"] >= "2024-02-06 16:00"))]
    model = detector(late, key="queue")
    before = model.parts()["settings"]
    assert model.silent("2024-02-06 17:59").empty  # b has been silent for one hour that is over
    found = model.silent("2024-02-07 11:00", 0.0)
    assert list(found.columns) == ["queue", "last", "due", "steps", "score"]
    assert found["queue"].tolist() == ["b", "a"]
    assert found["last"].tolist() == [pd.Timestamp("2024-02-06 15:00"), pd.Timestamp("2024-02-06 17:00")]
    # A night is no time: a was due when it ended.
    assert found["due"].tolist() == [pd.Timestamp("2024-02-06 16:00"), pd.Timestamp("2024-02-07 09:00")]
    np.testing.assert_allclose(found["steps"], [5.0, 3.0])
    assert found["score"].is_monotonic_decreasing
    assert (model.silent("2024-02-07 16:00", 0.0)["score"].to_numpy() >= found["score"].to_numpy()).all()
    assert model.parts()["settings"] == before


def test_the_silence_scores_as_the_row_that_ends_it():
    frame = history("D", end="2024-02-01")
    model = detector(frame, key="queue", country="KR")
    told = model.silent("2024-02-06", 0.0).set_index("queue")
    answer = model.update({"queue": "a", "ds": "2024-02-06", "y": 40})
    assert answer["score"] == pytest.approx(told.loc["a", "score"])
    left = model.silent("2024-02-06", 0.0)
    assert left["queue"].tolist() == ["b"]
    assert left["score"].iloc[0] == told.loc["b", "score"]


def test_a_series_whose_silences_are_usual_is_seldom_told():
    frame = history("h", end="2024-01-20")
    kept = (frame["queue"] == "a") | (np.random.default_rng(1).random(len(frame)) < 0.4)
    model = detector(frame[kept], key="queue")
    scores = model.silent("2024-01-20 05:00", 0.0).set_index("queue")["score"]
    assert scores["a"] > 3 > scores["b"]


def test_moments_have_the_zone_of_the_history():
    model = detector(history("h", end="2024-01-20", zone="Asia/Seoul"), key="queue")
    found = model.silent("2024-01-19T20:00:00+00:00", 0.0)
    assert found["due"].tolist() == [pd.Timestamp("2024-01-20 00:00", tz="Asia/Seoul")] * 2
    with pytest.raises(FrameError, match="must have a time zone"):
        model.silent("2024-01-20 05:00")


def test_a_series_without_a_key_and_one_that_has_just_begun():
    frame = history("h", end="2024-01-10")
    single = detector(frame.query("queue == 'a'").drop(columns="queue"), key=None)
    assert list(single.silent("2024-01-10 12:00").columns) == ["last", "due", "steps", "score"]
    model = detector(frame, key="queue")
    model.update({"queue": "new", "ds": "2024-01-10 00:00", "y": 3})
    assert set(model.silent("2024-01-10 12:00")["queue"]) == {"a", "b"}  # too little is known of the third
    assert set(model.silent("2024-01-10 12:00", 0.0)["queue"]) == {"a", "b", "new"}


def test_methods_that_know_no_silence_say_so():
    with pytest.raises(ConfigError, match="Silence is told by the method 'residual' - this model is 'robust_z'"):
        detector(history("h", end="2024-01-10"), "robust_z", key="queue").silent("2024-01-10 12:00")


def test_a_clock_that_is_put_forward_makes_nobody_overdue():
    times = pd.date_range("2026-02-20", "2026-03-29 01:00", freq="h", tz="Europe/Berlin")
    counts = np.random.default_rng(0).poisson(40, len(times))
    model = detector(pd.DataFrame({"queue": "a", "ds": times, "y": counts}), key="queue")
    # The last row is of 01:00; 03:30 comes an hour and a half after it, and on the wall clock two and a half.
    assert model.silent("2026-03-29T03:30:00+02:00", 0.0).empty
    assert model.silent("2026-03-29T06:30:00+02:00", 0.0)["steps"].round(6).tolist() == [4.5]

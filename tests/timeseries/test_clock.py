"""The period of a history: found, or refused with what was found instead."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from cxml.errors import FrameError
from cxml.timeseries.clock import Clock

BERLIN = "Europe/Berlin"


def at(*texts):
    return pd.DatetimeIndex(texts)


def days(start, periods, freq="D"):
    return pd.date_range(start, periods=periods, freq=freq)


@pytest.mark.parametrize(
    ("times", "expected", "words"),
    [
        (days("2025-01-01", 50), Clock("day"), "daily"),
        (days("2025-01-01", 50) + pd.Timedelta(hours=6), Clock("day", first=360), "daily"),
        (days("2025-01-01", 50, "B"), Clock("day"), "daily"),
        (days("2025-01-01", 30, "W-SUN"), Clock("week", anchor=6), "weekly"),
        (days("2025-01-01", 30, "W-MON").delete([3, 4]), Clock("week", anchor=0), "weekly"),
        (days("2025-01-01", 30, "MS"), Clock("month", anchor=1), "monthly"),
        (days("2025-01-01", 30, "ME"), Clock("month", anchor=0), "monthly"),
        (at("2025-02-01", "2025-03-01"), Clock("month", anchor=1), "monthly"),
        (days("2025-01-01", 30, "MS") + pd.Timedelta(days=14), Clock("month", anchor=15), "monthly"),
        (days("2025-01-01", 300, "5min"), Clock("day", 5), "5-minute periods"),
        (days("2025-01-01 00:02", 300, "5min"), Clock("day", 5, first=2), "5-minute periods"),
        (days("2025-01-01", 300, "h"), Clock("day", 60), "hourly"),
        (days("2025-01-01", 300, "h").tz_localize("Asia/Seoul"), Clock("day", 60, zone="Asia/Seoul"), "hourly"),
        (days("2025-01-01", 50)[np.arange(50) % 7 < 3], Clock("day"), "daily"),  # open three days a week
    ],
)
def test_the_period_is_found(times, expected, words):
    mixed = times[np.random.default_rng(0).permutation(np.r_[np.arange(len(times)), np.arange(len(times))])]
    assert Clock.learn(mixed) == expected
    assert expected.describe() == words
    assert Clock.from_json(expected.to_json()) == expected


def test_a_sparse_history_steps_by_what_its_times_have_in_common():
    """Most steps are longer than the period where periods without contacts have no row."""
    times = days("2025-01-01", 4800, "30min")
    some = times[np.random.default_rng(0).random(len(times)) < 0.2]
    counts = np.unique(np.diff(some), return_counts=True)[1]
    assert counts.max() < len(some) / 2
    assert Clock.learn(some).minutes == 30


def test_weekdays_that_are_open_only_at_other_hours_keep_one_grid():
    times = days("2025-01-01", 4800, "15min")
    kept = times[((times.hour >= 9) & (times.hour < 17)) | ((times.dayofweek == 5) & (times.hour == 7))]
    assert Clock.learn(kept) == Clock("day", 15)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (days("2025-01-01", 1), r"at least two times - 'ds' holds 1\. Give a longer one"),
        (at("2025-01-01 09:00", "2025-01-01 09:30:20"), r"whole minutes - 'ds' holds 2025-01-01 09:30:20\. Round them"),
        (at("2025-01-01 09:00", "2025-01-01 09:30:00.25"), r"whole minutes - 'ds' holds 2025-01-01 09:30:00\.250"),
        (
            days("2025-01-01", 20, "7min"),
            r"divide a day - 'ds' holds steps of 7 min \(19 times\)\. Sum the contacts to one period first",
        ),
        (
            days("2025-01-01", 200, "30min").append(at("2025-01-03 09:07")),
            r"lie on one grid - 'ds' steps by 30 min, and 1 of 201 times do not fit: '2025-01-03 09:07:00'\. Correct",
        ),
        (
            days("2025-01-01", 48, "30min").append(days("2025-01-05 00:10", 48, "30min")),
            r"as long, and divide a day - 'ds' holds steps of 30 min \(94 times\)",
        ),
        (
            at("2025-01-01 09:00", "2025-01-02 10:00", "2025-01-03 11:00"),
            r"one a day, at 3 different hours\. Use dates",
        ),
        (
            days("2023-01-01", 52, "W").append(days("2024-01-01", 100)),
            r"same throughout - 'ds' is weekly around 2023-01-01 and daily elsewhere, such as around 20\d\d-",
        ),
        (
            days("2022-01-01", 24, "MS").append(days("2024-01-01", 100, "B")),
            r"same throughout - 'ds' is monthly around 2022-01-01 and daily elsewhere",
        ),
        (
            days("2024-01-01", 60).append(days("2024-03-01", 60 * 24, "h")),
            r"same throughout - 'ds' is daily around 2024-01-01 and steps by 60 min elsewhere\. Sum all to days",
        ),
        (
            days("2025-01-06", 40, "7D").delete(20).append(at("2025-05-27")).sort_values(),
            r"days, weeks or months apart - 'ds' holds steps of 7 days \(37 times\), 6 days \(1 times\), 8 days",
        ),
        (
            days("2025-01-01", 40, "2D"),
            r"days, weeks or months apart - 'ds' holds steps of 2 days \(39 times\)\. Put each",
        ),
        (days("2025-01-01", 40, "BMS"), r"days, weeks or months apart - .ds. holds steps of 30 days"),
        (at("1925-01-01", "2025-01-01", "2025-01-02"), r"one history - 'ds' jumps from 1925-01-01 to 2025-01-01"),
    ],
)
def test_what_has_no_period_is_refused_with_what_was_found(times, message):
    with pytest.raises(FrameError, match=message):
        Clock.learn(times)


def test_places_come_back_as_the_times_they_were():
    for times in (
        days("2025-01-01", 300, "6min"),
        days("2025-01-01 00:03", 300, "6min"),
        days("2025-01-01", 30, "W-THU"),
        days("2025-01-01", 30, "ME"),
        days("2025-01-15", 30) + pd.Timedelta(hours=6),
        days("2025-03-25", 24 * 14, "h").tz_localize("UTC").tz_convert("Asia/Seoul"),
    ):
        clock = Clock.learn(times)
        pd.testing.assert_index_equal(clock.times(*clock.place(times)), times, check_names=False, exact="equiv")


def test_the_hour_repeated_in_autumn_shares_a_slot_and_the_one_skipped_in_spring_has_none():
    spring = days("2025-03-29", 72, "h").tz_localize("UTC").tz_convert(BERLIN)
    clock = Clock.learn(spring)
    rows, slots = clock.place(spring)
    assert 2 not in slots[rows == clock.place(spring[[30]])[0]]
    assert clock.times(rows[[30]], np.array([2])).isna().all()
    autumn = pd.DatetimeIndex(["2025-10-26T00:00Z", "2025-10-26T01:00Z"]).tz_convert(BERLIN)
    assert [one.hour for one in autumn] == [2, 2]
    assert np.unique(np.stack(clock.place(autumn)), axis=1).shape[1] == 1


def test_spans_and_phases_follow_the_calendar():
    week = Clock("week", anchor=6)
    rows, _ = week.place(at("2025-06-01", "2025-06-08"))
    assert np.diff(rows) == 1
    assert week.starts(rows).astype(str).tolist() == ["2025-06-01", "2025-06-08"]
    assert week.spans(rows)[1].astype(str).tolist() == ["2025-06-08", "2025-06-15"]
    assert week.phases(rows).tolist() == [0, 0]
    month = Clock("month", anchor=0)
    rows, _ = month.place(at("2024-02-29", "2024-03-31"))
    assert month.starts(rows).astype(str).tolist() == ["2024-02-29", "2024-03-31"]
    assert [one.astype(str).tolist() for one in month.spans(rows)] == [
        ["2024-02-01", "2024-03-01"],
        ["2024-03-01", "2024-04-01"],
    ]
    assert month.phases(rows).tolist() == [1, 2]
    day = Clock("day")
    assert day.phases(day.place(at("2025-06-01", "2025-06-02"))[0]).tolist() == [6, 0]
    assert [Clock(unit).cycle for unit in ("day", "week", "month")] == [7, 1, 12]
    assert Clock("month").a_year == 12
    assert Clock("day", 30).slots == 48


@pytest.mark.parametrize(
    ("clock", "times", "message"),
    [
        (
            Clock("day", 30),
            at("2025-01-01 09:10"),
            r"the grid of the history \(30-minute periods\) - 1 of 1 in 'ds' do not",
        ),
        (Clock("day", 30), at("2025-01-01 09:30:20"), r"grid of the history \(30-minute periods\)"),
        (Clock("day"), at("2025-01-01 09:00"), r"grid of the history \(daily\)"),
        (Clock("week"), at("2025-01-07"), r"grid of the history \(weeks\).*'2025-01-07"),
        (Clock("week"), at("2025-01-06 00:30"), r"grid of the history \(weeks\)"),
        (Clock("month", anchor=1), at("2025-01-02"), r"grid of the history \(months\)"),
        (Clock("month", anchor=1), at("2025-01-01 09:00"), r"grid of the history \(months\)"),
        (
            Clock("day", 30, zone=BERLIN),
            at("2025-01-01"),
            r"has none, the history Europe/Berlin\. .*tz_localize\('Europe",
        ),
        (
            Clock("day", 30),
            at("2025-01-01").tz_localize(BERLIN),
            r"has Europe/Berlin, the history none\. .*tz_localize\(None",
        ),
        (
            Clock("day", 30, zone="Asia/Seoul"),
            at("2025-01-01").tz_localize(BERLIN),
            r"has Europe/Berlin, the history Asia/Seoul\. .*tz_convert\('Asia/Seoul'\)",
        ),
    ],
)
def test_times_off_the_grid_or_of_another_zone_are_refused(clock, times, message):
    with pytest.raises(FrameError, match=message):
        clock.place(times)


def test_a_zone_is_kept_by_a_name_that_can_be_read_back():
    for zone in (ZoneInfo(BERLIN), "UTC", "UTC+09:00"):
        times = days("2025-01-01", 30).tz_localize(zone)
        clock = Clock.learn(times)
        assert (Clock.from_json(clock.to_json()).times(*clock.place(times)) == times).all()
    dateutil = pytest.importorskip("dateutil.tz")
    with pytest.raises(FrameError, match=r"a time zone with a name - 'ds' has tzfile.*tz_convert"):
        Clock.learn(days("2025-01-01", 30).tz_localize(dateutil.gettz(BERLIN)))

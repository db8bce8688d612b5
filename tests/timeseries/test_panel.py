"""Histories as panels: opening hours inferred, absent rows told apart, and everything wrong refused by name."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from cxml.errors import FrameError
from cxml.timeseries.calendar import Calendar
from cxml.timeseries.gaps import past_closed
from cxml.timeseries.panel import build_panel, read_times

BERLIN = "Europe/Berlin"


def open_times(start="2025-01-06", weeks=12, freq="30min", hours=(8, 20), weekdays=range(5)):
    times = pd.date_range(start, periods=weeks * 7 * 24 * 60, freq="min")[
        :: int(pd.Timedelta(freq).total_seconds() // 60)
    ]
    minute = times.hour * 60 + times.minute
    inside = (minute >= hours[0] * 60) & (minute < hours[1] * 60)
    return times[inside & times.dayofweek.isin(list(weekdays))]


def frame_of(times, key="a", **columns):
    values = {"y": np.arange(len(times)) % 7 + 1.0} | columns
    return pd.DataFrame({"unique_id": key, "ds": times, **values})


def panel_of(*frames, **options):
    return build_panel(pd.concat(frames), **{"key": "unique_id", "time": "ds", "target": "y"} | options)


def without(frame, *times):
    return frame[~frame["ds"].isin(pd.DatetimeIndex(times))]


def hours(panel, phase, series=0):
    """First open and first closed hour of a weekday, and how many slots are open."""
    slots = np.flatnonzero(panel.opening[series, phase])
    if not len(slots):
        return None
    clock = panel.clock
    return (
        (clock.first + slots[0] * clock.minutes) / 60,
        (clock.first + (slots[-1] + 1) * clock.minutes) / 60,
        len(slots),
    )


# Opening hours -----------------------------------------------------------------------------------------------------


def test_a_centre_around_the_clock():
    panel, notes = panel_of(frame_of(open_times(hours=(0, 24), weekdays=range(7))))
    assert panel.opening.all()
    assert notes == ()
    assert panel.ends.tolist() == [panel.y.shape[1] * 48]


def test_weekdays_from_seven_to_five_past_nine_in_steps_of_five_minutes():
    panel, notes = panel_of(frame_of(open_times(freq="5min", hours=(7, 21 + 5 / 60))))
    assert panel.clock.minutes == 5
    assert {hours(panel, day) for day in range(5)} == {(7.0, 21 + 5 / 60, 169)}
    assert hours(panel, 5) is hours(panel, 6) is None
    assert notes == ()


def test_a_lunch_break_and_a_short_saturday_are_part_of_the_hours():
    times = open_times().append(open_times(hours=(9, 12), weekdays=[5]))
    panel, _ = panel_of(frame_of(times[(times.hour != 12)]))
    assert hours(panel, 0) == (8.0, 20.0, 22)
    assert hours(panel, 5) == (9.0, 12.0, 6)


def test_weekdays_only_by_the_day():
    panel, notes = panel_of(frame_of(pd.bdate_range("2025-01-06", periods=60)))
    assert panel.opening[0, :, 0].tolist() == [True] * 5 + [False] * 2
    assert notes == ()


def test_series_have_hours_of_their_own():
    panel, notes = panel_of(
        frame_of(open_times(), "phone"), frame_of(open_times(hours=(0, 24), weekdays=range(7)), "mail")
    )
    assert panel.keys == ("mail", "phone")
    assert hours(panel, 6, 0) == (0.0, 24.0, 48)
    assert (hours(panel, 0, 1), hours(panel, 6, 1)) == ((8.0, 20.0, 24), None)
    assert notes == ()


def test_hours_that_changed_are_those_of_the_last_weeks_and_no_gap():
    for early, late in (((8, 18), (8, 20)), ((8, 20), (8, 18)), ((8, 20), (9, 20))):
        times = open_times(hours=early, weeks=20).append(open_times("2025-05-26", hours=late, weeks=10))
        panel, notes = panel_of(frame_of(times))
        assert hours(panel, 0)[:2] == late
        assert notes == ()


def test_a_weekday_that_is_no_longer_open_is_closed():
    times = open_times(weekdays=range(6), weeks=20).append(open_times("2025-05-26", weeks=12))
    panel, notes = panel_of(frame_of(times))
    assert hours(panel, 5) is None
    assert notes == ()


def test_a_weekday_opened_a_few_times_is_closed_and_its_rows_are_kept():
    times = open_times().append(pd.date_range("2025-02-01 08:00", periods=10, freq="30min"))
    panel, _ = panel_of(frame_of(times))
    assert hours(panel, 5) is None
    assert (~np.isnan(panel.y[0])).sum() == len(times)


def test_a_series_that_begins_later_or_ends_earlier_has_no_gaps_beyond():
    early, late = open_times(weeks=6), open_times("2025-02-17", weeks=6)
    panel, notes = panel_of(frame_of(early, "early"), frame_of(late, "late"), frame_of(open_times(), "whole"))
    assert notes == ()
    assert all(hours(panel, 4, one) == (8.0, 20.0, 24) for one in range(3))
    # Friday's last hour is known, so all of Friday is.
    assert (panel.ends / 48).tolist() == [6 * 7 - 2, 12 * 7 - 2, 12 * 7 - 2]


def test_weekdays_that_a_new_series_has_not_met_are_open_as_for_the_others():
    new = open_times("2025-03-26", weeks=1)
    new = new[new < "2025-03-28"]  # Wednesday and Thursday
    panel, _ = panel_of(frame_of(open_times(), "old"), frame_of(new[new.hour < 12], "new"))
    assert panel.keys[0] == "new"
    assert [hours(panel, day, 0) for day in (0, 4)] == [(8.0, 12.0, 8)] * 2
    assert hours(panel, 6, 0) is None
    alone, _ = panel_of(frame_of(pd.date_range("2025-01-01", periods=3)))
    assert alone.opening.all()


def test_a_month_never_met_is_open():
    panel, notes = panel_of(frame_of(pd.date_range("2025-01-01", periods=8, freq="MS")))
    assert panel.opening.shape == (1, 12, 1)
    assert panel.opening.all()
    assert notes == ()


@pytest.mark.parametrize("freq", ["W-SUN", "W-WED", "MS", "ME"])
def test_weeks_and_months(freq):
    panel, notes = panel_of(frame_of(pd.date_range("2022-01-01", periods=40, freq=freq)))
    assert panel.y.shape == (1, 40, 1)
    assert panel.opening.all()
    assert notes == ()
    assert panel.ends.tolist() == [40]


# Closed days -------------------------------------------------------------------------------------------------------


def test_a_day_absent_for_all_is_closed_and_said():
    frames = [frame_of(open_times(), one) for one in "ab"]
    shut = [one[~one["ds"].dt.normalize().isin(pd.DatetimeIndex(["2025-01-28", "2025-01-29"]))] for one in frames]
    panel, notes = panel_of(*shut)
    assert notes == ("Days without any row were taken as closed or unknown, 2 in all: '2025-01-28', '2025-01-29'.",)
    assert np.isnan(panel.y[:, 22:24]).all()
    assert hours(panel, 1) == (8.0, 20.0, 24)


def test_a_few_days_absent_from_one_daily_series_are_closed_but_many_are_gaps():
    frame = frame_of(pd.date_range("2025-01-01", periods=200))
    _, notes = panel_of(frame.drop(index=[50, 90]))
    assert notes == ("Days without any row were taken as closed or unknown, 2 in all: '2025-02-20', '2025-04-01'.",)
    with pytest.raises(FrameError, match=r"24 of 200 in 'ds' are absent: a 2025-02-20; a 2025-02-24.*name the country"):
        panel_of(frame.drop(index=range(50, 146, 4)))
    with pytest.raises(FrameError, match=r"missing' if its contacts are not known\.$"):
        panel_of(frame.drop(index=range(50, 146, 4)), calendar=Calendar("KR"))


def test_a_week_absent_is_a_gap():
    with pytest.raises(FrameError, match=r"1 of 40 in 'ds' are absent: a 2022-03-20\. Add them"):
        panel_of(frame_of(pd.date_range("2022-01-01", periods=40, freq="W")).drop(index=11))


def test_a_public_holiday_absent_for_one_of_many_is_closed_where_the_calendar_knows_it():
    times = pd.date_range("2025-01-01", periods=120)
    frames = [frame_of(times, "a"), without(frame_of(times, "b"), "2025-01-29", "2025-03-03")]
    panel, notes = panel_of(*frames, calendar=Calendar("KR"))  # Seollal, and the substitute of the first of March
    assert notes == ()
    assert np.isnan(panel.y[1]).sum() == 2
    with pytest.raises(
        FrameError, match=r"2 of 240 in 'ds' are absent: b 2025-01-29; b 2025-03-03\. .*name the country"
    ):
        panel_of(*frames)
    with pytest.raises(FrameError, match=r"1 of 240 in 'ds' are absent: b 2025-04-08"):
        panel_of(frames[0], without(frames[1], "2025-04-08"), calendar=Calendar("KR"))


def test_a_holiday_may_have_shorter_hours_for_some():
    frame = frame_of(open_times("2025-04-21"), "phone")
    short = frame[~((frame["ds"].dt.date == date(2025, 5, 5)) & (frame["ds"].dt.hour >= 13))]
    assert panel_of(short, frame_of(open_times("2025-04-21"), "mail"), calendar=Calendar("KR"))[1] == ()


def test_short_days_at_the_end_of_the_year_are_no_gaps():
    frames = [frame_of(open_times("2025-11-03"), "a"), frame_of(open_times("2025-11-03", hours=(8, 22)), "b")]
    eve = [
        one[~((one["ds"].dt.day.isin([24, 31]) & (one["ds"].dt.month == 12)) & (one["ds"].dt.hour >= 13))]
        for one in frames
    ]
    panel, notes = panel_of(*eve)
    assert notes == ()
    assert hours(panel, 2, 0) == (8.0, 20.0, 24)
    # On one day in four it is no exception: those rows are forgotten, or were zeros.
    late = [one[~((one["ds"].dt.day % 4 == 0) & (one["ds"].dt.hour >= 18))] for one in frames]
    with pytest.raises(FrameError, match=r"are absent: a 2025-11-04 18:00; "):
        panel_of(*late)


# Gaps --------------------------------------------------------------------------------------------------------------


def test_absent_rows_are_named_with_what_to_do():
    frame = frame_of(open_times())
    holes = without(frame, "2025-01-15 10:00", "2025-02-20 08:30", "2025-02-20 09:00")
    message = (
        r"must have its row - 3 of 1,440 in 'ds' are absent: a 2025-01-15 10:00; a 2025-02-20 08:30; a 2025-02-20 "
        r"09:00\. Add them; or pass gaps='zero' if a period without contacts has no row, gaps='missing' if its contacts"
    )
    with pytest.raises(FrameError, match=message):
        panel_of(holes)
    panel, notes = panel_of(holes, gaps="missing")
    assert notes == ("3 absent rows were taken as unknown, as gaps='missing' asks.",)
    assert np.isnan(panel.y[0, 9, 20])
    panel, notes = panel_of(holes, gaps="zero")
    assert notes == ("3 absent rows were counted as no contacts, as gaps='zero' asks.",)
    assert panel.y[0, 9, 20] == 0
    assert hours(panel, 0) == (8.0, 20.0, 24)


def test_gaps_of_one_series_of_many_are_told_from_hours_when_all_were_closed():
    times = open_times()
    with pytest.raises(FrameError, match=r"2 of 2,880 in 'ds' are absent: b 2025-01-15 19:00; b 2025-01-15 19:30\."):
        panel_of(frame_of(times, "a"), without(frame_of(times, "b"), "2025-01-15 19:00", "2025-01-15 19:30"))
    with pytest.raises(FrameError, match=r"are absent: b 2025-01-15 08:00; "):
        panel_of(frame_of(times, "a"), frame_of(times[times.normalize() != "2025-01-15"], "b"))


def test_a_month_lost_by_one_series_is_a_gap():
    times = pd.date_range("2025-01-01", periods=200)
    with pytest.raises(FrameError, match=r"28 of 400 in 'ds' are absent: b 2025-04-01; b 2025-04-02"):
        panel_of(frame_of(times, "a"), frame_of(times[(times < "2025-04-01") | (times > "2025-04-28")], "b"))


def test_rows_whose_value_is_unknown_are_there():
    frame = frame_of(open_times())
    frame.loc[[5, 6], "y"] = np.nan
    panel, notes = panel_of(frame)
    assert notes == ()
    assert (~np.isnan(panel.y)).sum() == len(frame) - 2


def test_the_running_day_ends_with_its_last_known_value():
    frame = frame_of(open_times())
    running = frame[frame["ds"] < "2025-03-28 10:00"]
    panel, notes = panel_of(running)
    assert notes == ()
    assert panel.ends.tolist() == [81 * 48 + 20]
    known = panel_of(frame.assign(y=frame["y"].where(frame["ds"] < "2025-03-28 10:00")))[0]
    assert known.ends.tolist() == panel.ends.tolist()


def test_ends_move_past_closed_hours_only():
    opening = np.zeros((1, 7, 4), dtype=bool)
    opening[0, :, 1:3] = True
    phases = np.arange(14) % 7
    assert [past_closed(np.array([end]), opening, phases)[0] for end in (6, 7, 8, 9)] == [6, 8, 8, 9]


def test_what_a_query_leaves_out_is_zero():
    """GROUP BY gives no row for a period without contacts."""
    random = np.random.default_rng(0)
    times = open_times(weeks=20, weekdays=range(6))
    rates = {"busy": 4.0, "rare": 0.3, "new": 1.0}
    counts = {one: random.poisson(rate, len(times)) for one, rate in rates.items()}
    counts["new"][times < "2025-03-03"] = 0
    frames = [frame_of(times[count > 0], one, y=count[count > 0]) for one, count in counts.items()]
    panel, notes = panel_of(*frames, gaps="zero")
    assert [hours(panel, 0, one) for one in range(3)] == [(8.0, 20.0, 24)] * 3
    assert hours(panel, 6) is None
    assert "as no contacts, as gaps='zero' asks" in notes[0]
    assert len(set(panel.ends.tolist())) == 1
    found = {key: panel.y[place] for place, key in enumerate(panel.keys)}
    assert np.nansum(found["rare"]) == counts["rare"].sum()
    assert abs(np.nanmean(found["rare"]) - counts["rare"].mean()) < 0.01
    assert np.isnan(found["new"][:50]).all()  # not there yet, so not without contacts
    assert np.isnan(found["busy"][6::7]).all()


def test_zeros_of_a_single_rare_series():
    random = np.random.default_rng(1)
    times = open_times(weeks=26)
    count = random.poisson(0.2, len(times))
    panel, _ = panel_of(frame_of(times[count > 0], y=count[count > 0]), gaps="zero")
    assert hours(panel, 2) == (8.0, 20.0, 24)
    assert np.nanmean(panel.y) == pytest.approx(count.mean(), rel=0.02)
    days = pd.date_range("2025-01-01", periods=300)
    count = random.poisson(1.0, 300)
    count[[0, -1]] = 1
    panel, _ = panel_of(frame_of(days[count > 0], y=count[count > 0]), gaps="zero")
    assert panel.y[0, :, 0].tolist() == count.tolist()


def test_a_day_closed_for_all_is_not_without_contacts():
    frame = frame_of(open_times())
    panel, _ = panel_of(frame[frame["ds"].dt.normalize() != "2025-01-15"], gaps="zero")
    assert np.isnan(panel.y[0, 9]).all()


# Summer time -------------------------------------------------------------------------------------------------------


def test_with_a_zone_the_hour_skipped_in_spring_is_no_gap():
    times = pd.date_range("2025-02-01", periods=24 * 2 * 80, freq="30min", tz="UTC").tz_convert(BERLIN)
    panel, notes = panel_of(frame_of(times))
    assert notes == ()
    row = int((np.datetime64("2025-03-30") - np.datetime64("2025-02-01")) / np.timedelta64(1, "D"))
    assert np.flatnonzero(np.isnan(panel.y[0, row])).tolist() == [4, 5]
    with pytest.raises(FrameError, match=r"1 of 3,\d+ in 'ds' are absent: a 2025-04-06 02:00\."):
        panel_of(
            without(frame_of(times.tz_localize(None)), "2025-04-06 02:00").assign(
                ds=lambda one: one["ds"].dt.tz_localize(BERLIN)
            )
        )


def test_with_a_zone_the_hour_repeated_in_autumn_is_averaged():
    times = pd.date_range("2025-09-01", periods=24 * 80, freq="h", tz="UTC").tz_convert(BERLIN)
    frame = frame_of(times)
    frame.loc[frame["ds"].dt.strftime("%m-%d %H") == "10-26 02", "y"] = [3.0, 7.0]
    panel, notes = panel_of(frame)
    assert notes == ()
    row = int((np.datetime64("2025-10-26") - np.datetime64("2025-09-01")) / np.timedelta64(1, "D"))
    assert panel.y[0, row, 2] == 5.0


def test_without_a_zone_the_hour_skipped_in_spring_is_taken_as_that():
    frame = frame_of(pd.date_range("2025-02-01", periods=24 * 80, freq="h"))
    assert panel_of(without(frame, "2025-03-30 02:00"))[1] == ()
    assert panel_of(without(frame, "2025-03-09 02:00"))[1] == ()  # New York
    for hour in ("2025-03-30 05:00", "2025-03-31 02:00", "2025-02-09 02:00"):
        with pytest.raises(FrameError, match=f"are absent: a {hour}"):
            panel_of(without(frame, hour))
    with pytest.raises(FrameError, match="are absent: a 2025-03-30 01:00; a 2025-03-30 02:00"):
        panel_of(without(frame, "2025-03-30 01:00", "2025-03-30 02:00"))
    with pytest.raises(FrameError, match=r"1 of .* are absent: b 2025-03-30 02:00"):
        panel_of(frame, without(frame.assign(unique_id="b"), "2025-03-30 02:00"))


def test_without_a_zone_the_hour_repeated_in_autumn_needs_one():
    frame = frame_of(pd.date_range("2025-09-01", periods=24 * 80, freq="h"))
    twice = frame[frame["ds"] == "2025-10-26 02:00"]
    with pytest.raises(
        FrameError, match=r"must occur once - 2 of .*: a 2025-10-26 02:00:00\. .*shift to winter time.*'infer'"
    ):
        panel_of(frame, twice)


# Refusals ----------------------------------------------------------------------------------------------------------


def test_repeated_periods_are_named():
    frame = frame_of(open_times())
    message = (
        r"must occur once - 4 of 1,442 rows repeat one: a 2025-01-06 08:00:00; a 2025-01-06 08:30:00\. Sum them with "
    )
    with pytest.raises(FrameError, match=message + r"frame\.groupby\(\['unique_id', 'ds'\]\)\.sum\(\)"):
        panel_of(frame, frame.head(2))
    with pytest.raises(
        FrameError, match=r"2025-01-06 08:00:00\. Sum them with frame\.groupby\('ds'\)\.sum\(\), or name"
    ):
        panel_of(frame, frame.head(1), key=None)


def test_series_that_step_differently_are_refused():
    fine, coarse = (
        open_times(hours=(0, 24), weekdays=range(7)),
        open_times(freq="60min", hours=(0, 24), weekdays=range(7)),
    )
    message = r"same throughout - 'ds' steps by 30 min, but for b by 60 min on 84 days such as 2025-01-06\. Sum all to"
    with pytest.raises(FrameError, match=message):
        panel_of(frame_of(fine, "a"), frame_of(coarse, "b"))


def test_a_period_that_changes_is_refused():
    early = open_times(freq="60min", weeks=6)
    late = open_times("2025-02-17", weeks=6)
    with pytest.raises(
        FrameError, match=r"steps by 30 min, but by 60 min on 30 days such as 2025-01-06.*floor\('60min'\)"
    ):
        panel_of(frame_of(early.append(late)), key=None)
    quarter = open_times("2025-02-17", weeks=6, freq="15min")
    with pytest.raises(FrameError, match=r"for a by \d+ min on 30 days such as 2025-01-06"):
        panel_of(frame_of(early.append(quarter)), frame_of(quarter, "b"))


def test_a_rare_series_does_not_count_as_one_that_steps_differently():
    random = np.random.default_rng(0)
    times = open_times(hours=(0, 24), weekdays=range(7), weeks=52)
    for rate in (0.1, 0.2, 0.4):
        some = times[random.random(len(times)) < rate]
        assert panel_of(frame_of(some), gaps="zero")[0].clock.minutes == 30


def test_a_series_without_values_is_named():
    times = pd.date_range("2025-01-01", periods=30)
    with pytest.raises(FrameError, match=r"must hold a value - 1 of 2 hold no 'y' at all: 'b'\. Leave these out"):
        panel_of(frame_of(times), frame_of(times, "b", y=np.nan))


def test_rows_and_series_need_names():
    times = pd.date_range("2025-01-01", periods=30)
    with pytest.raises(FrameError, match=r"must name its series - 30 of 60 rows have no 'unique_id'\. Fill it"):
        panel_of(frame_of(times), frame_of(times, None))
    with pytest.raises(FrameError, match=r"its own name as text - 'unique_id' holds 1, '1'"):
        panel_of(frame_of(times, 1), frame_of(times, "1"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["2025-01-01", None], r"- 1 of 2 in 'ds' are not: None\. Correct or drop these rows"),
        (["2025-01-01", ""], r"- 1 of 2 in 'ds' are not: ''"),
        (["2025-01-01", "soon", "later", "soon"], r"- 3 of 4 in 'ds' are not: 'soon', 'later'"),
        (
            ["13/02/2025", "02/03/2025"],
            r"- 2 of 2 in 'ds' are not: '13/02/2025', '02/03/2025'\. .*to_datetime\(\.\.\., format=",
        ),
        ([20250101, 20250102], r"'ds' holds numbers such as 20250101\. Turn them into dates with pandas\.to_datetime"),
        ([1.5, None], r"'ds' holds numbers such as 1\.5\."),
        ([20250101, "2025-01-02"], r"- 1 of 2 in 'ds' are not: 20250101"),
        (pd.to_datetime(["2025-01-01", None]), r"- 1 of 2 in 'ds' are not: NaT"),
        (
            ["2025-01-01T09:00+09:00", "2025-01-01T09:00+01:00"],
            r"mixes several \(offsets '\+01:00', '\+09:00'\)\. .*utc=True",
        ),
        (["2025-01-01 09:00Z", "2025-01-01 09:00"], r"mixes several \(offsets 'Z', 'none'\)"),
        (
            [datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=9))), datetime(2025, 1, 2)],
            r"one time zone - 'ds' mixes several \(offsets '\+09:00', 'none'\)\. Use pandas\.to_datetime",
        ),
    ],
)
def test_times_that_cannot_be_read_are_named(values, message):
    with pytest.raises(FrameError, match=message):
        read_times(pd.Series(values), name="ds")


@pytest.mark.parametrize(
    "values",
    [
        ["2025-01-01", "2025-01-02"],
        ["2025-01-01 00:00", "2025-01-02T00:00:00"],
        ["20250101", "2025/01/02"],
        [date(2025, 1, 1), date(2025, 1, 2)],
        [datetime(2025, 1, 1), pd.Timestamp("2025-01-02")],
        [date(2025, 1, 1), "2025-01-02"],
        pd.date_range("2025-01-01", periods=2).as_unit("s"),
        pd.date_range("2025-01-01", periods=2).astype("timestamp[us][pyarrow]"),
        pd.period_range("2025-01-01", periods=2),
        pd.Categorical(["2025-01-01", "2025-01-02"]),
        pd.array(["2025-01-01", "2025-01-02"], dtype="string"),
    ],
)
def test_times_of_any_kind_are_read(values):
    read = read_times(pd.Series(values, index=[7, 7]), name="ds")
    assert [str(one) for one in read] == ["2025-01-01 00:00:00", "2025-01-02 00:00:00"]


def test_text_with_one_offset_has_that_zone():
    read = read_times(pd.Series(["2025-01-01T00:00+09:00", "2025-01-02T00:00+09:00"]), name="ds")
    assert str(read.tz) == "UTC+09:00"
    korea = read_times(pd.Series(pd.date_range("2025-01-01", periods=2, tz="Asia/Seoul")).astype(object), name="ds")
    assert str(korea.tz) == "Asia/Seoul"


# Panels ------------------------------------------------------------------------------------------------------------


def test_rows_in_any_order_and_covariates_lie_where_they_belong():
    times = pd.date_range("2025-01-01", periods=30)
    frame = pd.concat(
        [frame_of(times, "a", y=np.arange(30.0), x=np.arange(30.0) * 2), frame_of(times, "b", y=0.0, x=np.nan)]
    )
    panel, _ = panel_of(frame.sample(frac=1, random_state=0), covariates=["x"])
    assert panel.y[0, :, 0].tolist() == list(range(30))
    assert panel.covariates["x"][0, :, 0].tolist() == list(range(0, 60, 2))
    assert np.isnan(panel.covariates["x"][1]).all()
    assert panel.clock.starts(panel.rows[[0]]).astype(str).tolist() == ["2025-01-01"]
    assert panel.phases[:3].tolist() == [2, 3, 4]


def test_totals_of_days_known_in_part_count_as_whole():
    panel, _ = panel_of(frame_of(open_times(hours=(8, 12)), y=10.0))

    def known_until(slot):
        y = panel.y.copy()
        y[0, 7, slot:] = np.nan
        return replace(panel, y=y)

    cut = known_until(22)  # until eleven: three quarters
    share = np.where(panel.opening, 1 / 8, 0.0)
    assert cut.totals()[0, 7] == 60
    assert cut.totals(share)[0, 7] == pytest.approx(80)
    assert np.isnan(known_until(18).totals(share)[0, 7])
    assert np.isnan(panel.totals()[0, 5])


def test_some_of_the_series():
    times = pd.date_range("2025-01-01", periods=30)
    panel, _ = panel_of(
        *(frame_of(times, one, y=float(place), x=1.0) for place, one in enumerate("abc")), covariates=["x"]
    )
    few = panel.select(np.array([2, 0]))
    assert few.keys == ("c", "a")
    assert few.y[:, 0, 0].tolist() == [2.0, 0.0]
    assert few.covariates["x"].shape == (2, 30, 1)
    assert (few.ends.tolist(), few.opening.shape) == ([30, 30], (2, 7, 1))

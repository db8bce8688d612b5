"""What is special about a day: facts of real calendars, and effects that hang on the day alone."""

from datetime import date, timedelta

import holidays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxml.errors import ConfigError, FrameError
from cxml.timeseries.calendar import GROUPS, Calendar, Effects
from cxml.timeseries.events import Event

KOREA = Calendar("KR")


def days(start, end=None):
    """The days from start to end, both included."""
    return np.arange(np.datetime64(start), np.datetime64(end or start) + 1)


def effects_on(calendar, day):
    """Effect -> value on one day, but for the place in the month and in the week."""
    found = calendar.effects(days(day))
    told = zip(found.names, found.groups, found.values[0].tolist(), strict=True)
    return {name: value for name, group, value in told if not group.startswith(("month_day", "workday_", "rhythm"))}


def named(calendar, *asked):
    return calendar.holidays(np.array(asked, dtype="datetime64[D]"))


def dates_of(calendar, name, start, end):
    span = days(start, end)
    values = Calendar.align(calendar.effects(span), [name])[:, 0]
    return {str(day): value for day, value in zip(span, values, strict=True) if value}


@pytest.mark.parametrize(
    ("day", "name", "kind"),
    [
        ("2023-10-02", "Temporary Public Holiday", "temporary"),
        ("2024-10-01", "Armed Forces Day", "temporary"),
        ("2025-01-27", "Temporary Public Holiday", "temporary"),
        ("2025-03-03", "Independence Movement Day (substitute)", "substitute"),
        ("2025-05-06", "Buddha's Birthday (substitute)", "substitute"),
        ("2025-10-08", "Chuseok (substitute)", "substitute"),
        ("2028-10-05", "Chuseok (substitute)", "substitute"),
        ("2022-03-09", "Presidential Election Day", "election"),
        ("2024-04-10", "National Assembly Election Day", "election"),
        ("2025-06-03", "Presidential Election Day", "election"),
        ("2026-06-03", "Local Election Day", "election"),
        ("2026-05-01", "Labor Day", None),
        ("2026-07-17", "Constitution Day", None),
    ],
)
def test_holidays_of_korea(day, name, kind):
    found = effects_on(KOREA, day)
    assert named(KOREA, day) == [name]
    assert found["holiday"] == 1
    assert found[f"holiday:{name.removesuffix(' (substitute)')}"] == 1
    assert {one for one in ("substitute", "temporary", "election") if one in found} == ({kind} if kind else set())


@pytest.mark.parametrize("day", ["2025-07-17", "2026-09-28", "2024-05-08", "2025-10-10", "2025-10-02"])
def test_working_days_of_korea(day):
    """No Constitution Day before 2026, no substitute for a Saturday of Chuseok."""
    assert named(KOREA, day) == [None]
    assert not {one for one in effects_on(KOREA, day) if one.startswith("holiday")}


def test_workers_day_of_korea_was_a_day_off_before_it_was_public():
    assert named(KOREA, "2024-05-01", "2025-05-01", "2026-05-01", "2027-05-03") == [
        "Labor Day",
        "Labor Day",
        "Labor Day",
        "Labor Day (substitute)",
    ]


@pytest.mark.parametrize(
    ("kind", "middle"),
    [
        ("seollal", "2023-01-22"),
        ("seollal", "2024-02-10"),
        ("seollal", "2025-01-29"),
        ("seollal", "2026-02-17"),
        ("chuseok", "2017-10-04"),  # between National Foundation Day and a substitute
        ("chuseok", "2020-10-01"),
        ("chuseok", "2025-10-06"),
        ("chuseok", "2028-10-03"),  # on National Foundation Day
    ],
)
def test_lunar_days_are_counted_from_the_day_itself(kind, middle):
    middle = np.datetime64(middle)
    year = days(f"{middle.astype('datetime64[Y]')}-01-01", f"{middle.astype('datetime64[Y]')}-12-31")
    names = [f"{kind}{distance:+d}" for distance in range(-3, 4)]
    values = Calendar.align(KOREA.effects(year), names)
    assert [year[column > 0].tolist() for column in values.T] == [[(middle + k).item()] for k in range(-3, 4)]


def test_all_days_of_a_lunar_holiday_bear_its_name():
    assert named(KOREA, *days("2028-10-02", "2028-10-06")) == ["Chuseok"] * 3 + ["Chuseok (substitute)", None]
    assert "holiday:National Foundation Day" in effects_on(KOREA, "2028-10-03")


def test_a_working_day_after_the_week_of_chuseok():
    found = KOREA.effects(days("2025-10-10"))
    assert dict(zip(found.names, found.values[0].tolist(), strict=True)) == {
        "after_holiday": 1,
        "after_break": 5,
        "first_workday": 1,
        "last_workday": 1,
        "bridge": 1,
        "month_day:10": 1,
        "workday_of_month:3": 1,
        "payday:10": 1,
    }
    assert effects_on(KOREA, "2025-10-02") == {"before_holiday": 1}
    assert effects_on(KOREA, "2025-10-13") == {"second_after": 1}


def test_the_first_working_day_after_free_ones_is_the_monday_of_its_week():
    def rhythm(day):
        found = KOREA.effects(days(day))
        told = zip(found.names, found.groups, strict=True)
        return [name for name, group in told if group == "rhythm"]

    assert rhythm("2025-09-22") == ["first_workday"]  # a Monday
    assert rhythm("2025-09-24") == []
    assert rhythm("2025-09-26") == ["last_workday"]  # a Friday
    assert rhythm("2025-03-04") == ["first_workday"]  # a Tuesday: Monday was the substitute of 1 March


def test_breaks_next_to_each_other_and_very_long_ones():
    assert effects_on(KOREA, "2025-05-07") == {"after_holiday": 1, "after_break": 2}  # and second after Workers' Day
    assert effects_on(KOREA, "2025-05-02")["bridge"] == 1
    assert effects_on(KOREA, "2017-10-10")["after_break"] == 5  # of six: 2 to 6 and 9 October


def test_holidays_of_the_united_states():
    states = Calendar("US")
    assert named(states, "2022-12-31", "2023-01-01", "2023-01-02", "2023-01-03") == [
        None,
        "New Year's Day",
        "New Year's Day (substitute)",
        None,
    ]
    assert effects_on(states, "2023-01-01") == {"holiday_weekend": 1, "holiday:New Year's Day": 1}
    assert effects_on(states, "2023-11-23") == {"holiday": 1, "holiday:Thanksgiving Day": 1}
    assert effects_on(states, "2023-11-24") == {"after_holiday": 1, "after_break": 1, "bridge": 1}
    assert named(Calendar("US", subdivision="CA"), "2023-11-24") == ["Day After Thanksgiving"]


def test_the_weekend_of_israel_is_friday_and_saturday():
    israel = Calendar("IL")
    week = israel.effects(days("2025-06-15", "2025-06-21"))  # Sunday to Saturday, without a holiday
    assert Calendar.align(week, ["payday:15"])[:, 0].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert effects_on(israel, "2025-04-13")["holiday"] == 1  # Pesach on a Sunday
    assert effects_on(israel, "2025-04-19")["holiday_weekend"] == 1


def test_a_subdivision_adds_its_holidays():
    epiphany = "2025-01-06"
    assert named(Calendar("DE"), epiphany) == [None]
    assert named(Calendar("DE", subdivision="BY"), epiphany) == ["Epiphany"]
    assert named(Calendar("DE", subdivision="Bayern"), epiphany) == ["Epiphany"]


def test_days_swapped_in_china():
    china = Calendar("CN")
    assert effects_on(china, "2025-02-08")["working_weekend"] == 1
    assert named(china, "2025-02-03") == ["Day off (substitute)"]
    assert dates_of(china, "lunar_new_year+0", "2023-01-01", "2025-12-31") == {
        "2023-01-22": 1,
        "2024-02-10": 1,
        "2025-01-29": 1,
    }


@pytest.mark.parametrize("country", ["KR", "US", "DE", "GB", "JP", "CN", "VN", "IL", "AE", "TH", "BR", "AO", "SA"])
def test_names_are_english_and_alike_in_each_year(country):
    span = days("2015-01-01", "2030-12-31")
    calendar = Calendar(country)
    found = calendar.effects(span)
    names = [name for name in found.names if name.startswith("holiday:")]
    odd = ("observed", "alternative", "estimated", "substituted", "in lieu", "day off for", "preceding")
    assert len(names) > 4
    assert not [name for name in names if any(word in name.casefold() for word in odd)]
    assert not [name for name in names if not any("a" <= letter <= "z" for letter in name.partition(":")[2])]
    free = np.array([name is not None for name in calendar.holidays(span)])
    either = Calendar.align(found, ["holiday", "holiday_weekend"]).sum(axis=1)
    assert np.array_equal(free, either > 0)


def plainly(country, day):
    """The effects around holidays, day by day and from the package's own answers."""
    book = holidays.country_holidays(country)
    one = timedelta(days=1)

    def works(when):
        return book.is_working_day(when)

    def block(when, step):
        taken = 0
        while not works(when):
            taken += when in book and not book.is_weekend(when)
            when += step
        return taken

    if not works(day):
        return {}
    before, after = block(day + one, one), block(day - one, -one)
    found = {"before_holiday": float(before > 0), "after_holiday": float(after > 0), "after_break": min(after, 5)}
    found["bridge"] = float(not works(day - one) and not works(day + one))
    last = day - one
    while not works(last):
        last -= one
    found["second_after"] = float(after == 0 and block(last - one, -one) > 0)
    month = [day.replace(day=1) + one * k for k in range(31)]
    month = [when for when in month if when.month == day.month and works(when)]
    if (number := month.index(day) + 1) <= 5:
        found[f"workday_of_month:{number}"] = 1.0
    if (number := len(month) - month.index(day)) <= 3:
        found[f"workday_from_end:{number}"] = 1.0
    if number == 1:
        found["payday:last"] = 1.0
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize("country", ["US", "IL", "CN", "DE"])
def test_the_days_around_are_those_counted_one_by_one(country):
    span = days("2023-12-20", "2025-01-20")
    found = Calendar(country).effects(span)
    groups = ("around", "workday_of_month", "workday_from_end")
    for day, row in zip(span.tolist(), found.values, strict=True):
        told = zip(found.names, found.groups, row.tolist(), strict=True)
        mine = {name: v for name, group, v in told if v and (group in groups or name == "payday:last")}
        assert mine == plainly(country, day), day


def test_wages_come_on_the_working_day_before():
    assert set(dates_of(KOREA, "payday:25", "2025-01-01", "2026-01-31")) == {
        *("2025-01-24", "2025-02-25", "2025-03-25", "2025-04-25", "2025-05-23", "2025-06-25", "2025-07-25"),
        *("2025-08-25", "2025-09-25", "2025-10-24", "2025-11-25", "2025-12-24", "2026-01-23"),
    }
    assert list(dates_of(KOREA, "payday:10", "2021-02-01", "2021-02-28")) == ["2021-02-10"]
    assert list(dates_of(Calendar("US"), "payday:last", "2025-05-01", "2025-06-30")) == ["2025-05-30", "2025-06-30"]


def test_year_end_leaves_out_holidays():
    assert [day[-2:] for day in dates_of(KOREA, "year_end", "2025-12-01", "2026-01-05")] == [
        *("24", "26", "27", "28", "29", "30", "31")
    ]


def test_without_a_country_the_month_remains():
    found = Calendar().effects(days("2024-01-01", "2024-12-31"))
    assert set(found.groups) == {"rhythm", "year_end", "month_day", "workday_of_month", "workday_from_end", "payday"}
    assert Calendar().holidays(days("2024-12-25")) == [None]
    assert list(dates_of(Calendar(), "payday:15", "2024-06-01", "2024-06-30")) == ["2024-06-14"]


EVENTS = (
    Event("mailing", "2025-03-03", "2025-03-04", 2.0),
    Event("mailing", "2025-03-04", None, 0.5),
    Event("move 2", "2024-12-30", "2025-01-02"),
)


def test_events_bear_their_size_and_their_days_after():
    calendar = Calendar("KR", events=EVENTS)
    march = ("2025-03-01", "2025-03-31")
    assert dates_of(calendar, "event:mailing", *march) == {"2025-03-03": 2.0, "2025-03-04": 2.5}
    assert dates_of(calendar, "after_event:mailing+1", *march) == {"2025-03-05": 2.5}
    assert dates_of(calendar, "after_event:mailing+2", *march) == {"2025-03-06": 2.5}
    turn = ("2024-12-01", "2025-01-31")
    assert list(dates_of(calendar, "event:move 2", *turn)) == ["2024-12-30", "2024-12-31", "2025-01-01", "2025-01-02"]
    assert list(dates_of(calendar, "after_event:move 2+1", *turn)) == ["2025-01-03"]
    assert list(dates_of(calendar, "after_event:move 2+2", *turn)) == ["2025-01-06"]


def test_columns_come_by_group_and_number():
    found = Calendar("KR", events=EVENTS).effects(days("2024-12-01", "2025-12-31"))
    ranks = [GROUPS.index(group) for group in found.groups]
    assert ranks == sorted(ranks)
    assert len(set(found.names)) == len(found.names)
    assert [name for name in found.names if name.startswith("month_day")] == [f"month_day:{k}" for k in range(1, 32)]
    assert [name for name in found.names if name.startswith("seollal")] == [f"seollal{k:+d}" for k in range(-3, 4)]


@settings(max_examples=25, deadline=None)
@given(
    asked=st.lists(st.dates(date(2019, 1, 1), date(2030, 12, 31)), min_size=1, max_size=40),
    country=st.sampled_from(["KR", "US", None]),
)
def test_a_day_is_the_same_whatever_else_was_asked(asked, country):
    asked = np.array(asked, dtype="datetime64[D]")
    fresh = Calendar(country, events=EVENTS)
    together = fresh.effects(asked)
    assert together.values.any(axis=0).all()
    all_years = KNOWN[country]
    known = Calendar.align(all_years, together.names)[(asked - np.datetime64("2019-01-01")).astype(int)]
    assert np.array_equal(known, together.values)
    for day, row in zip(asked, together.values, strict=True):
        alone = fresh.effects(day[None])
        assert np.array_equal(Calendar.align(alone, together.names)[0], row)
        assert set(alone.names) <= set(together.names)


KNOWN = {
    country: Calendar(country, events=EVENTS).effects(days("2019-01-01", "2030-12-31"))
    for country in ("KR", "US", None)
}


def test_periods_are_sums_of_their_days():
    starts = days("2024-12-02", "2025-03-30")[::7]
    weekly = Calendar("KR", events=EVENTS).effects_of_periods(starts, starts + 7)
    daily = Calendar("KR", events=EVENTS).effects(days("2024-12-02", "2025-03-30"))
    assert weekly.names == daily.names
    assert weekly.groups == daily.groups
    assert np.array_equal(weekly.values, daily.values.reshape(len(starts), 7, -1).sum(axis=1))


def test_periods_may_overlap_and_differ_in_length():
    starts, ends = days("2025-05-01", "2025-05-02"), np.array(["2025-05-07", "2025-05-04"], dtype="datetime64[D]")
    found = KOREA.effects_of_periods(starts, ends)
    assert found.values[:, found.names.index("holiday")].tolist() == [3, 0]


def test_periods_without_days_are_refused():
    with pytest.raises(FrameError, match=r"must have a start and a later end - got 2 starts and 2 ends"):
        KOREA.effects_of_periods(days("2025-05-01", "2025-05-02"), days("2025-05-02", "2025-05-03") - 1)
    with pytest.raises(FrameError, match=r"got 1 starts and 2 ends"):
        KOREA.effects_of_periods(days("2025-05-01"), days("2025-05-02", "2025-05-03"))


def test_no_days_have_no_effects():
    none = np.array([], dtype="datetime64[D]")
    assert KOREA.effects(none).values.shape == (0, 0)
    assert KOREA.effects_of_periods(none, none).values.shape == (0, 0)
    assert KOREA.holidays(none) == []


def test_moments_count_as_their_day():
    noon = np.array(["2025-10-06T12:00"], dtype="datetime64[ns]")
    assert KOREA.holidays(noon) == ["Chuseok"]
    assert KOREA.effects(noon).names == KOREA.effects(days("2025-10-06")).names


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["2025-01-01"], r"flat array of datetime64 - got <U10"),
        (np.array([["2025-01-01"]], dtype="datetime64[D]"), r"of 2 dimensions"),
        (np.array(["2025-01-01", "NaT"], dtype="datetime64[D]"), r"must be known - got 1 missing among 2"),
        (np.array(["20250101"], dtype="datetime64[Y]"), r"years 2 to 9997 - got 20250101"),
    ],
)
def test_what_is_no_day_is_refused(wrong, message):
    for ask in (KOREA.effects, KOREA.holidays):
        with pytest.raises(FrameError, match=message):
            ask(wrong)


@pytest.mark.parametrize(
    ("country", "subdivision", "message"),
    [
        ("KOR", None, r"country must be an ISO code .* - got 'KOR'\. Did you mean 'KR'\?"),
        ("South Korea", None, r"Did you mean 'KR'\?"),
        ("kr", None, r"Did you mean 'KR'\?"),
        ("UK", None, r"got 'UK'\. Did you mean 'GB'\?"),
        ("", None, r"got ''\. Leave it out for a calendar without holidays"),
        (82, None, r"got 82\. Leave it out"),
        ("US", "ca", r"subdivision must be one of US .* - got 'ca'\. Did you mean 'CA'\?"),
        ("US", "Californa", r"Did you mean 'California'\?"),
        ("KR", "Seoul", r"got 'Seoul'\. Leave it out"),
        (None, "BY", r"must come with its country - got 'BY' alone"),
    ],
)
def test_unknown_places_are_refused(country, subdivision, message):
    with pytest.raises(ConfigError, match=message):
        Calendar(country, subdivision=subdivision)


def test_a_saved_calendar_is_the_same_one():
    calendar = Calendar("DE", subdivision="BY", events=EVENTS)
    told = calendar.to_json()
    assert told["holidays"] == holidays.__version__
    again = Calendar.from_json(told | {"holidays": "0.109.1"})
    assert again.to_json() == told | {"holidays": "0.109.1"}  # what it was made with, not what is installed
    span = days("2024-12-01", "2025-12-31")
    assert again.effects(span).names == calendar.effects(span).names
    assert np.array_equal(again.effects(span).values, calendar.effects(span).values)
    assert repr(again) == "Calendar(DE-BY, 3 events)"
    assert repr(Calendar.from_json(Calendar().to_json())) == "Calendar(no country, 0 events)"


def test_absent_names_are_zero_and_others_left_out():
    effects = Effects(("a", "b"), ("event", "event"), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert Calendar.align(effects, ["b", "c"]).tolist() == [[2, 0], [4, 0]]
    assert Calendar.align(effects, []).shape == (2, 0)

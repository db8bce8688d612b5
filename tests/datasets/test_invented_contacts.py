"""The invented contacts: the truth they claim is the truth they follow."""

import re

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import make_contacts
from cxml.errors import ConfigError


@pytest.fixture(scope="module")
def daily():
    return make_contacts(730, 40, freq="D", hours=None, seed=3)


@pytest.fixture(scope="module")
def office():
    return make_contacts(365, freq="30min")


def rates(contacts, queue=0):
    """The true rate of each day of one queue."""
    frame = contacts.frame.assign(rate=contacts.expected)
    one = frame[frame["unique_id"] == contacts.queues["unique_id"][queue]]
    return one.groupby(one["ds"].dt.normalize())["rate"].sum()


def calendar_ratio(contacts):
    """What the holidays do to each day: the true rate to that of the same centre without holidays."""
    without = make_contacts(730, freq="D", hours=None, country=None, seed=3)
    outages = pd.concat([one.events for one in (contacts, without)]).query("name == 'outage'")
    return (rates(contacts) / rates(without)).drop(outages["start"])


def test_the_same_seed_gives_the_same_contacts():
    first, again, other = make_contacts(30, 2, seed=3), make_contacts(30, 2, seed=3), make_contacts(30, 2, seed=4)
    pd.testing.assert_frame_equal(first.frame, again.frame)
    pd.testing.assert_frame_equal(first.events, again.events)
    np.testing.assert_array_equal(first.expected, again.expected)
    assert not first.frame.equals(other.frame)


@pytest.mark.parametrize("more", [{"days": 400}, {"series": 3}])
def test_more_days_or_queues_keep_the_earlier_rows(more):
    few, many = make_contacts(250, 2, freq="h"), make_contacts(**{"days": 250, "series": 2, "freq": "h"} | more)
    both = few.frame.merge(many.frame, on=["unique_id", "ds"], how="left", suffixes=("", "_many"))
    assert (both["y"] == both["y_many"]).all()


def test_the_documented_factors_are_those_of_the_truth(daily):
    table = re.findall(r"^    (\w[^\n]*?)\s{2,}(\d\.\d\d)", make_contacts.__doc__, flags=re.M)
    documented = {name.strip(): float(factor) for name, factor in table}
    assert documented == dict(zip(daily.effects["name"], daily.effects["factor"], strict=True))


@pytest.mark.parametrize(
    ("day", "effect"),
    [
        ("2024-09-17", "lunar holiday"),  # Chuseok
        ("2025-01-30", "lunar holiday"),  # the day after Seollal
        ("2025-10-08", "lunar holiday"),  # substitute for Chuseok
        ("2024-09-14", "lunar holiday, 1-3 days before"),
        ("2024-09-19", "lunar holiday, 1st working day after"),
        ("2024-02-13", "lunar holiday, 1st working day after"),  # after the substitute
        ("2024-02-14", "lunar holiday, 2nd working day after"),
        ("2024-09-23", "lunar holiday, 3rd working day after"),  # over a weekend
        ("2024-06-06", "holiday"),
        ("2024-06-07", "working day after a holiday"),
    ],
)
def test_the_calendar_acts_on_the_days_of_korea(daily, day, effect):
    factor = daily.effects.set_index("name")["factor"][effect]
    assert calendar_ratio(daily)[day] == pytest.approx(factor)


def test_the_calendar_leaves_other_days_alone(daily):
    assert (calendar_ratio(daily) - 1).abs().lt(1e-9).mean() > 0.85


def test_events_act_on_their_days_to_the_power_of_their_size(daily):
    rate = rates(daily)
    factor = daily.effects.set_index("name")["factor"]
    by_name = daily.events[daily.events["end"] < "2025-12-01"].groupby("name")
    assert set(by_name.groups) == {"billing", "promotion", "launch", "outage"}
    plain = np.ones(len(rate))
    for one in daily.events.itertuples():
        plain[(rate.index >= one.start) & (rate.index <= one.end)] *= factor[one.name] ** one.size
    without = make_contacts(730, freq="D", hours=None, country=None, seed=3)
    smooth = rates(without).to_numpy() / plain
    smooth[rate.index.day == 25] /= factor["payday"]
    weekly = smooth[7:] / smooth[:-7]
    np.testing.assert_allclose(weekly, 1, atol=0.02)  # only growth and season are left


def test_counts_are_drawn_around_the_truth_and_vary_more_than_poisson(daily):
    y, rate = daily.frame["y"].to_numpy(), daily.expected
    assert y.sum() == pytest.approx(rate.sum(), rel=0.01)
    scaled = (y - rate) ** 2 / (rate + (0.03**2 + 0.05**2) * rate**2)
    assert scaled.mean() == pytest.approx(1, abs=0.1)
    assert y.dtype.kind == "i"
    assert y.min() >= 0


def test_a_day_of_a_queue_moves_together(office):
    frame = office.frame.assign(rate=office.expected, day=office.frame["ds"].dt.date)
    left = (frame["y"] - frame["rate"]) / np.sqrt(frame["rate"])
    by_day = left.groupby(frame["day"]).mean()
    assert by_day.var() * 18 > 1.5  # 1 where the periods of a day were independent


def test_opening_hours_leave_nights_weekends_and_holidays_out(office):
    times = office.frame["ds"]
    assert times.dt.dayofweek.max() == 4
    assert str(times.dt.time.min()) == "09:00:00"
    assert str(times.dt.time.max()) == "17:30:00"
    days = set(times.dt.strftime("%m-%d"))
    assert not days & {"01-01", "02-09", "02-12", "09-17", "10-03", "12-25"}
    assert times.is_monotonic_increasing
    assert times.is_unique


def test_without_hours_every_period_has_a_row():
    times = make_contacts(10, freq="5min", hours=None).frame["ds"]
    pd.testing.assert_index_equal(
        pd.DatetimeIndex(times), pd.date_range("2024-01-01", periods=2880, freq="5min"), check_names=False, exact=False
    )


def test_the_day_has_two_peaks_and_a_lunch_dip(office):
    shape = office.frame.groupby(office.frame["ds"].dt.strftime("%H:%M"))["y"].mean()
    assert shape["10:30"] > shape["12:30"] < shape["15:00"] > shape["17:30"]


def test_coarser_periods_have_the_same_rates():
    fine, coarse = make_contacts(60, freq="30min"), make_contacts(60, freq="h")
    summed = fine.expected.reshape(-1, 2).sum(axis=1)
    np.testing.assert_allclose(summed, coarse.expected, rtol=1e-9)


def test_many_queues_have_names_of_their_own_some_sparse():
    made = make_contacts(30, 100, freq="D", hours=None)
    assert made.queues["unique_id"].is_unique
    assert made.queues.groupby(["topic", "channel"]).ngroups == 32
    means = made.frame.groupby("unique_id")["y"].mean()
    assert means.min() < 60
    assert means.max() > 1000
    assert list(made.frame["unique_id"].unique()) == list(made.queues["unique_id"])


def test_events_are_known_ahead_but_outages_are_not():
    made = make_contacts(190)
    assert made.events["start"].max() > pd.Timestamp("2024-01-01") + pd.Timedelta(days=190)
    assert "outage" not in set(made.events["name"])
    assert "outage" in set(make_contacts(230).events["name"])


def test_other_countries_have_no_lunar_holidays():
    american = make_contacts(730, freq="D", hours=None, country="US", seed=3)
    effect = calendar_ratio(american)
    assert effect["2024-09-17"] == pytest.approx(1)
    assert effect["2024-11-28"] == pytest.approx(0.55)  # Thanksgiving
    assert effect["2024-11-29"] == pytest.approx(1.2)


def test_a_short_history_is_whole():
    assert len(make_contacts(1, freq="D", hours=None).frame) == 1
    assert make_contacts(1).frame.empty  # New Year's Day
    assert "1 queue" not in make_contacts(2).description


REFUSED = {
    "days": ({"days": 0}, "`days` must be a whole number, 1 or more - got 0"),
    "series": ({"series": 1.5}, "`series` must be a whole number, 1 or more - got 1.5"),
    "seed": ({"seed": -1}, "`seed` must be a whole number, 0 or more - got -1"),
    "level": ({"level": 0}, "`level` must be above 0 contacts a day - got 0"),
    "no level": ({"level": float("nan")}, "`level` must be above 0"),
    "freq": ({"freq": "W"}, "`freq` must be minutes in fives, hours, or a day.*got 'W'"),
    "two days": ({"freq": "2D"}, "or a day.*got '2D'"),
    "seconds": ({"freq": 30}, "or a day.*got 30"),
    "odd freq": ({"freq": "25min"}, "must divide the day and the opening time - got '25min' for 09:00 to 18:00"),
    "opening": ({"hours": ("09:15", "18:00")}, "must divide the day and the opening time - got '30min' for 09:15"),
    "swapped": ({"hours": ("18:00", "09:00")}, "an opening and a later closing time"),
    "one hour": ({"hours": ("09:00",)}, "an opening and a later closing time"),
    "no clock": ({"hours": ("nine", "18:00")}, "an opening and a later closing time"),
    "country": ({"country": "KOR1"}, "`country` must be a code that the holidays package knows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(name):
    changed, message = REFUSED[name]
    with pytest.raises(ConfigError, match=message):
        make_contacts(**{"days": 3} | changed)

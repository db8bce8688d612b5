"""Where a change comes from: planted causes are named, chance is not, and everything adds up."""

import time
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from cxml.anomaly.segments.alert import explain_alert
from cxml.anomaly.segments.changes import compare_periods, explain_change
from cxml.anomaly.segments.course import Courses
from cxml.anomaly.segments.cube import Cube
from cxml.anomaly.segments.effects import contributions, split_ratio
from cxml.anomaly.segments.noise import _but_worst, _own_share, learn_noise
from cxml.anomaly.segments.search import Search
from cxml.datasets import make_segments
from cxml.errors import ConfigError, FrameError

DIMENSIONS = ["channel", "topic", "region"]


def names(found):
    return {frozenset(where.items()) for where in found.table["where"]}


def truth(made):
    return {frozenset(cause["where"].items()) for cause in made.causes}


def leaves(seed=0, level=200.0):
    return make_segments(n_causes=0, seed=seed, level=level).frame


# What is named --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "causes",
    [
        [({"channel": "chat"}, 1.5)],
        [({"channel": "app", "topic": "refund"}, 0.4)],
        [({"channel": "chat", "topic": "billing", "region": "Seoul"}, 3.0)],
        [({"topic": "outage"}, 2.0), ({"channel": "email", "region": "Jeju"}, 2.5), ({"region": "Busan"}, 0.6)],
        [({"channel": "chat", "topic": "billing"}, 2.0), ({"channel": "chat", "topic": "delivery"}, 2.0)],
        [({"channel": "phone"}, 1.5), ({"channel": "phone", "topic": "billing"}, 2.0)],
    ],
    ids=["one dimension", "two", "three", "three causes", "two in a channel", "one within another"],
)
def test_planted_causes_are_named_exactly(causes):
    made = make_segments(causes=causes, level=200.0, seed=5)
    found = explain_change(made.frame)
    assert names(found) == truth(made)
    factors = {
        frozenset(where.items()): factor
        for where, factor in zip(found.table["where"], found.table["factor"], strict=True)
    }
    for where, factor in causes:
        assert factors[frozenset(where.items())] == pytest.approx(factor, rel=0.15)


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_chance_is_not_named(noise):
    """Nothing happened: Poisson counts, leaves that stray by 20 % of themselves, sparse ones."""
    named = 0
    for seed, level in product(range(10), (3.0, 100.0)):
        found = explain_change(make_segments(n_causes=0, noise=noise, level=level, seed=seed).frame)
        named += not found.table.empty
        assert found.table.empty == ("No segment stands out; the likeliest is" in found.text)
    assert named <= 2


def test_small_counts_are_no_evidence():
    frame = leaves().assign(y=lambda rows: rows["expected"].round())
    frame.loc[0, ["expected", "y"]] = [3.0, 5.0]
    assert explain_change(frame, noise=0.0).table.empty
    frame.loc[0, ["expected", "y"]] = [300.0, 500.0]
    assert len(explain_change(frame, noise=0.0).table) == 1


def test_opposite_causes_that_cancel_in_the_total_are_found():
    frame = leaves().assign(y=lambda rows: rows["expected"].round())
    up, down = frame["topic"] == "billing", frame["topic"] == "refund"
    frame.loc[up, "y"] += 1_000 * frame.loc[up, "expected"] / frame.loc[up, "expected"].sum()
    frame.loc[down, "y"] -= 1_000 * frame.loc[down, "expected"] / frame.loc[down, "expected"].sum()
    found = explain_change(frame, noise=0.05)
    assert names(found) == {frozenset({("topic", "billing")}), frozenset({("topic", "refund")})}
    np.testing.assert_allclose(sorted(found.table["change"]), [-1_000, 1_000], rtol=0.01)


def test_everything_is_a_segment():
    rng = np.random.default_rng(0)
    found = explain_change(leaves().assign(y=lambda rows: rng.poisson(1.4 * rows["expected"])))
    assert found.table["segment"].tolist() == ["everything"]
    assert found.table["share"][0] == pytest.approx(1, abs=0.01)


def test_new_and_vanished_segments():
    rng = np.random.default_rng(1)
    frame = leaves().assign(y=lambda rows: rng.poisson(rows["expected"]))
    frame.loc[frame["region"] == "Jeju", "expected"] = 0.0
    frame.loc[frame["topic"] == "outage", "y"] = 0
    found = explain_change(frame)
    assert names(found) == {frozenset({("region", "Jeju")}), frozenset({("topic", "outage")})}
    by_name = found.table.set_index("segment")
    assert by_name.loc["region=Jeju", "factor"] == np.inf
    assert by_name.loc["topic=outage", "factor"] == pytest.approx(0, abs=1e-6)


def test_a_single_contact_that_nobody_expected_is_no_news():
    frame = leaves().assign(y=lambda rows: rows["expected"].round())
    frame.loc[[3, 77, 140], ["expected", "y"]] = [0.0, 1.0]
    assert explain_change(frame, noise=0.0).table.empty


def test_the_shorter_name_is_taken_where_two_mean_the_same():
    """A type belongs to one reason: naming both says no more."""
    rng = np.random.default_rng(2)
    types = pd.DataFrame(
        {"kind": [f"k{place}" for place in range(40)], "reason": [f"r{place // 5}" for place in range(40)]}
    )
    frame = types.merge(pd.DataFrame({"channel": list("abc")}), how="cross").assign(expected=100.0)
    frame["y"] = rng.poisson(np.where(frame["kind"] == "k7", 250.0, 100.0))
    found = explain_change(frame, dimensions=["reason", "kind", "channel"])
    assert found.table["where"].tolist() == [{"kind": "k7"}]


def test_amounts_that_are_no_counts():
    rng = np.random.default_rng(3)
    frame = leaves()
    frame["y"] = 1e5 * frame["expected"] * rng.normal(1, 0.1, len(frame))
    frame["expected"] *= 1e5
    assert explain_change(frame).table.empty
    frame.loc[frame["channel"] == "app", "y"] *= 1.5
    assert names(explain_change(frame)) == {frozenset({("channel", "app")})}


def test_the_answer_does_not_hang_on_the_order_or_the_unit_of_rows():
    made = make_segments(n_causes=3, seed=8)
    found = explain_change(made.frame)
    shuffled = explain_change(
        made.frame.sample(frac=1, random_state=1)[["y", "region", "expected", "channel", "topic"]]
    )
    pd.testing.assert_frame_equal(found.table, shuffled.table, rtol=1e-6)


# What adds up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_changes_and_what_is_left_add_up(seed):
    made = make_segments(n_causes=3, seed=seed)
    found = explain_change(made.frame, total=float(made.frame["y"].sum()))
    change = made.frame["y"].sum() - made.frame["expected"].sum()
    assert found.table["change"].sum() + found.left == pytest.approx(change)
    assert found.total["change"] == pytest.approx(change)
    np.testing.assert_allclose(found.table["share"], found.table["change"] / change)
    assert found.table["change"].abs().is_monotonic_decreasing


def test_contributions_by_hand():
    frame = pd.DataFrame({"a": list("xxy"), "b": list("pqp")})
    cube = Cube.make(frame, ["a", "b"], None)
    x, p = (next(one for one in range(len(cube)) if cube.name(one) == name) for name in ("a=x", "b=p"))
    expected = np.array([100.0, 100.0, 100.0])
    changes, factors, fitted = contributions(cube, (x, p), np.array([600.0, 200.0, 300.0]), expected)
    np.testing.assert_allclose(factors, [2, 3], rtol=1e-5)
    np.testing.assert_allclose(fitted, [600, 200, 300], rtol=1e-5)
    np.testing.assert_allclose(changes.sum(axis=0), fitted - expected)
    # the leaf of both is split as the logarithms of the factors
    np.testing.assert_allclose(changes[:, 0], 500 * np.log([2, 3]) / np.log(6), rtol=1e-5)


def test_a_ratio_is_split_exactly_in_rates_and_mix():
    rng = np.random.default_rng(4)
    trials, before = rng.integers(0, 50, (2, 30)).astype(float)
    actual, expected = rng.binomial(trials.astype(int), 0.3), rng.binomial(before.astype(int), 0.2)
    split = split_ratio(actual.astype(float), trials, expected.astype(float), before)
    assert split.rate.sum() + split.mix.sum() == pytest.approx(split.actual - split.expected)
    # the same rates and another mix: all of it is mix; the same mix: all of it is rates
    rates = np.array([0.1, 0.5])
    only_mix = split_ratio(rates * [90, 10], np.array([90.0, 10.0]), rates * [50, 50], np.array([50.0, 50.0]))
    np.testing.assert_allclose(only_mix.rate, 0, atol=1e-12)
    assert only_mix.mix.sum() == pytest.approx(0.14 - 0.3)


def test_segments_whose_rate_changed_and_whose_share_changed():
    causes = [({"channel": "chat"}, 2.0), ({"topic": "refund", "region": "Busan"}, 2.5), ({"region": "Seoul"}, 2.0)]
    made = make_segments(causes=causes, rate=0.1, level=500.0, seed=2)
    found = explain_change(made.frame, denominator="trials", expected_denominator="expected_trials", least_share=0.0)
    told = {(one.segment, one.effect) for one in found.table.itertuples()}
    assert {("channel=chat", "rate"), ("topic=refund, region=Busan", "rate")} <= told
    assert {segment for segment, effect in told if effect == "mix"} <= {"region=Seoul"}
    assert found.total["rate"] + found.total["mix"] == pytest.approx(found.total["change"])
    assert found.table["change"].sum() + found.left == pytest.approx(found.total["change"])
    chat = found.table.set_index("segment").loc["channel=chat"]
    rows = made.frame[made.frame["channel"] == "chat"]
    assert chat["actual"] == pytest.approx(rows["y"].sum() / rows["trials"].sum())


def test_who_came_explains_a_ratio_whose_rates_stayed():
    rng = np.random.default_rng(5)
    frame = leaves(level=2_000.0).rename(columns={"expected": "before"}).drop(columns="y")
    rate = np.where(frame["channel"] == "phone", 0.4, 0.05)
    frame["expected"] = frame["before"] * rate
    frame["trials"] = rng.poisson(frame["before"] * np.where(frame["channel"] == "phone", 3.0, 1.0))
    frame["y"] = rng.binomial(frame["trials"], rate)
    found = explain_change(frame, denominator="trials", expected_denominator="before")
    assert found.table[["segment", "effect"]].to_numpy().tolist() == [["channel=phone", "mix"]]
    assert found.table["share"][0] == pytest.approx(1, abs=0.2)


# Two periods, and an alert --------------------------------------------------------------------------------------------


def test_two_periods():
    rng = np.random.default_rng(6)
    frame = leaves()
    before = frame.assign(y=rng.poisson(frame["expected"]))
    after = frame.assign(y=rng.poisson(0.5 * frame["expected"] * np.where(frame["topic"] == "refund", 2, 1)))
    found = compare_periods(before, after, scale=0.5)
    assert found.table["segment"].tolist() == ["topic=refund"]
    rows = before.loc[before.index.repeat(before["y"])]
    later = after.loc[after.index.repeat(after["y"])]
    counted = compare_periods(rows, later, value=None, scale=0.5)
    pd.testing.assert_frame_equal(found.table, counted.table)


def test_the_chance_of_the_earlier_period_counts():
    """Two draws of the same thing differ twice as much as one from the truth."""
    named = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        frame = leaves(level=20.0)
        before, after = (frame.assign(y=rng.poisson(frame["expected"])) for _ in range(2))
        named += len(compare_periods(before, after).table)
    assert named <= 1


def history(weeks=10, level=40.0, seed=0):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=7 * weeks)
    frame = leaves(level=level).drop(columns="y").merge(pd.DataFrame({"ds": days}), how="cross")
    weekend = frame["ds"].dt.dayofweek >= 5
    frame["y"] = rng.poisson(frame["expected"] * np.where(weekend, 0.4, 1.0))
    return frame.drop(columns="expected")


def test_an_alert_is_traced_to_its_segment():
    frame = history()
    late = (frame["ds"] >= "2024-03-09") & (frame["channel"] == "chat") & (frame["topic"] == "billing")
    frame.loc[late, "y"] *= 2
    alert = {"start": "2024-03-09", "end": "2024-03-10"}  # a weekend, when less is usual
    found = explain_alert(frame, alert)
    assert found.table["segment"].tolist() == ["channel=chat, topic=billing"]
    pd.testing.assert_frame_equal(explain_alert(frame, pd.Series({**alert, "end": pd.NaT})).table, found.table)
    zoned = frame.assign(ds=frame["ds"].dt.tz_localize("Asia/Seoul"))
    pd.testing.assert_frame_equal(explain_alert(zoned, tuple(alert.values())).table, found.table)
    calm = explain_alert(frame, ("2024-03-04", "2024-03-05"))
    assert calm.table.empty


def test_earlier_incidents_of_a_segment_do_not_hide_it():
    """In trouble in every other weekend, it would count as a segment that strays."""
    frame = history(weeks=12, level=15.0)
    weekends = pd.to_datetime(["2024-01-20", "2024-02-03", "2024-02-17", "2024-03-02", "2024-03-16"])
    days = weekends.union(weekends + pd.Timedelta("1D"))
    hit = frame["ds"].isin(days) & (frame["channel"] == "chat") & (frame["topic"] == "billing")
    frame.loc[hit, "y"] *= 3
    incidents = pd.DataFrame({"start": weekends, "end": weekends + pd.Timedelta("1D")})
    alert = incidents.iloc[-1]
    assert explain_alert(frame, alert).table.empty
    found = explain_alert(frame, alert, exclude=incidents)
    assert found.table["segment"].tolist() == ["channel=chat, topic=billing"]
    pairs = list(incidents.itertuples(index=False, name=None))
    pd.testing.assert_frame_equal(explain_alert(frame, alert, exclude=pairs).table, found.table)


def test_a_channel_that_always_goes_up_and_down_is_no_news():
    """Its leaves move together, so that leaves alone would call any week of it strange."""
    rng = np.random.default_rng(7)
    frame = history(weeks=12, level=60.0)
    week = (frame["ds"] - frame["ds"].min()).dt.days // 7
    swing = rng.lognormal(0, 0.3, 12)[week]
    frame["y"] = np.where(frame["channel"] == "app", np.round(frame["y"] * swing), frame["y"])
    named = []
    for monday in pd.date_range("2024-02-26", periods=4, freq="7D"):
        named += explain_alert(frame, (monday, monday + pd.Timedelta("6D")), periods=7).table["segment"].tolist()
    assert not [one for one in named if one.startswith("channel=app")]


def test_a_holiday_week_is_no_example():
    frame = history()
    holiday = (frame["ds"] >= "2024-02-12") & (frame["ds"] <= "2024-02-18")
    frame.loc[holiday, "y"] //= 5
    found = explain_alert(frame, ("2024-03-04", "2024-03-05"))
    assert found.table.empty
    assert abs(found.total["change"]) < 0.05 * found.total["expected"]


def test_closed_days_are_no_examples():
    """Compared with the days before: weekends without a row do not count as days of nothing."""
    frame = history()
    frame = frame[frame["ds"].dt.dayofweek < 5]
    found = explain_alert(frame, ("2024-03-04", "2024-03-04"), period="1D")
    assert found.table.empty
    assert abs(found.total["change"]) < 0.05 * found.total["expected"]


def test_a_level_that_moves_is_followed():
    """A channel that grows from week to week is no news, and the mean of all weeks is not what is expected of it."""
    frame = history(level=400.0)
    week = (frame["ds"] - frame["ds"].min()).dt.days // 7
    frame["y"] = np.where(frame["channel"] == "app", np.round(frame["y"] * 1.1**week), frame["y"])
    found = explain_alert(frame, ("2024-03-05", "2024-03-06"))
    app = frame["channel"].eq("app") & frame["ds"].between("2024-03-05", "2024-03-06")
    mean = frame["channel"].eq("app") & frame["ds"].between("2024-01-30", "2024-03-04")
    assert found.table.empty
    assert abs(found.total["change"]) < 0.08 * found.total["expected"]
    assert frame.loc[app, "y"].sum() / 2 > 1.3 * frame.loc[mean, "y"].sum() / 35  # the mean of five weeks is far off


def test_levels_are_averaged_where_they_only_scatter_and_followed_where_they_move():
    rng = np.random.default_rng(3)
    calm = rng.poisson(100.0, (30, 40)).astype(float)
    moving = rng.poisson(100.0 * np.exp(np.cumsum(rng.normal(0, 0.3, (30, 40)), axis=0))).astype(float)
    usual = np.r_[False, np.ones(29, dtype=bool)]
    assert Courses(calm, calm, usual).kept() >= 0.9
    assert Courses(moving, moving, usual).kept() <= 0.5


def test_expectations_know_nothing_of_their_own_period_or_later_ones():
    rng = np.random.default_rng(4)
    phase = rng.poisson(20.0, (8, 5)).astype(float)
    whole = phase + rng.poisson(60.0, (8, 5))
    usual = np.array([False, True, True, False, True, True, True, True])
    before, doubt = Courses(phase, whole, usual).expected(0.8)
    later = np.arange(8)[:, None] <= 3
    after, _ = Courses(np.where(later, 7 * phase, phase), np.where(later, 9 * whole, whole), usual).expected(0.8)
    np.testing.assert_array_equal(after[3:], before[3:])
    assert doubt[0] < doubt[4] < doubt[6]  # fewer examples, more doubt
    same, _ = Courses(phase, whole, usual).expected(1.0)
    np.testing.assert_allclose(same[0], phase[usual].mean(axis=0))


def test_hours_are_those_of_the_clock_on_the_wall():
    """After summer time has begun, the same hour is 23 hours after that of the day before."""
    hours = pd.date_range("2024-03-18", "2024-04-01 23:00", freq="h", tz="Europe/Berlin")
    frame = pd.concat([pd.DataFrame({"ds": hours, "channel": name, "topic": "a"}) for name in ("chat", "phone")])
    frame["y"] = np.where(frame["ds"].dt.hour == 9, 200, 20)
    found = explain_alert(frame, ("2024-04-01 09:00", "2024-04-01 09:00"), dimensions=["channel", "topic"], period="1D")
    assert (found.total["actual"], round(found.total["expected"])) == (400, 400)


@pytest.mark.parametrize("periods", [2, 3, 8, 30])
def test_noise_is_not_taken_for_larger_where_more_periods_are_known(periods):
    squares = np.random.default_rng(5).normal(size=(periods, 4_000)) ** 2
    assert _but_worst(squares).mean() == pytest.approx(1.0, abs=0.1)
    squares[0] = 100.0  # an incident
    assert _but_worst(squares).mean() < 3.0


def test_segments_have_one_noise_unless_their_past_says_otherwise():
    rng = np.random.default_rng(6)
    alike = _but_worst(rng.normal(size=(10, 300)) ** 2)
    unlike = _but_worst((rng.normal(size=(10, 300)) * rng.choice([0.5, 2.5], 300)) ** 2)
    assert _own_share(alike, 10) < 0.25 < 0.75 < _own_share(unlike / unlike.mean(), 10)


def test_an_alert_of_a_ratio():
    rng = np.random.default_rng(8)
    frame = history().rename(columns={"y": "calls"})
    late = (frame["ds"] >= "2024-03-08") & (frame["region"] == "Jeju")
    frame["lost"] = rng.binomial(frame["calls"], np.where(late, 0.25, 0.1))
    found = explain_alert(frame, ("2024-03-08", "2024-03-10"), target="lost", denominator="calls")
    assert found.table[["segment", "effect"]].to_numpy().tolist() == [["region=Jeju", "rate"]]


def test_a_name_costs_as_much_as_its_own_leaves_can_tell():
    """One of 1, 1 + 2 + 2 or 9 names; a nat a dimension; half the logarithm of the leaves that tell of the factor."""
    pairs = pd.DataFrame([(a, b) for a in "xy" for b in "uv"], columns=["a", "b"])
    cube = Cube.make(pairs, ["a", "b"], None)
    named = {cube.name(place): cost for place, cost in enumerate(cube.cost)}
    assert named["everything"] == pytest.approx(0.5 * np.log(4))
    assert named["a=x"] == pytest.approx(np.log(5) + 1 + 0.5 * np.log(2))
    assert named["a=x, b=u"] == pytest.approx(np.log(9) + 2)


# The search -----------------------------------------------------------------------------------------------------------


def test_the_search_finds_what_trying_all_pairs_finds():
    """Small enough for brute force: no set of up to two segments is worth more than what the beam found."""
    for seed in range(3):
        made = make_segments((2, 3, 3), n_causes=2, level=60.0, seed=seed)
        cube = Cube.make(made.frame, DIMENSIONS, None)
        expected = made.frame["expected"].to_numpy()
        search = Search(cube, made.frame["y"].to_numpy(float), expected, np.ones(len(expected)))
        found = search.run(2)
        best = max((search.worth(pair) for pair in combinations(range(len(cube)), 2)), default=0.0)
        alone = max(search.worth((one,)) for one in range(len(cube)))
        assert search.worth(found.segments) == pytest.approx(max(best, alone, 0.0))


def test_the_noise_is_learned_beside_causes():
    rng = np.random.default_rng(9)
    mean = rng.uniform(5, 2_000, 4_000)
    actual = rng.poisson(mean * rng.gamma(100, 1 / 100, 4_000)).astype(float)
    actual[:600] *= 3
    noise = learn_noise(actual, mean, mean)
    assert noise.tau == pytest.approx(0.1, rel=0.3)
    calm = learn_noise(rng.poisson(mean).astype(float), mean, mean)
    assert calm.tau < 0.02
    assert calm.phi == pytest.approx(1, abs=0.15)


def test_many_dimensions_do_not_blow_up():
    made = make_segments((2,) * 10, causes=[({"channel": "chat", "region": "Busan"}, 2.0)], level=30.0)
    dimensions = [name for name in made.frame if name not in ("expected", "y")]
    begun = time.perf_counter()
    found = explain_change(made.frame, dimensions=dimensions)
    assert found.table["where"].tolist() == [{"channel": "chat", "region": "Busan"}]
    assert time.perf_counter() - begun < 30
    assert len(explain_change(made.frame, dimensions=dimensions, depth=1).table) <= 3


# Bad input ------------------------------------------------------------------------------------------------------------

SMALL = pd.DataFrame({"channel": ["phone", "chat"], "topic": ["a", "b"], "y": [5, 9], "expected": [5.0, 4.0]})
REFUSED = {
    "dimension": ({"dimensions": ["chanel"]}, FrameError, "needs the column 'chanel'.*Did you mean 'channel'"),
    "text": ({"dimensions": "channel"}, ConfigError, r"`dimensions` must be a list of columns - got 'channel'"),
    "twice": ({"dimensions": ["topic", "topic"]}, ConfigError, "must name each column once - got 'topic', 'topic'"),
    "total": ({"total": 15.0}, FrameError, "must add up to the total - they make 14, and the total is 15. Add the"),
    "no total": ({"total": "14"}, ConfigError, "`total` must be a number - got '14'"),
    "depth": ({"depth": 0}, ConfigError, "`depth` must be a whole number, 1 or more - got 0"),
    "most": ({"most": 21}, ConfigError, "`most` must be 20 or less - got 21"),
    "noise": ({"noise": -0.1}, ConfigError, "`noise` must be a relative error, 0 or more, such as 0.1 - got -0.1"),
    "share": ({"least_share": 1.0}, ConfigError, r"`least_share` must be a share in \[0, 1\) - got 1.0"),
    "alone": ({"expected_denominator": "y"}, ConfigError, "must come with `denominator`"),
    "words": ({"value": "topic"}, FrameError, "The column 'topic' must hold numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_settings_are_refused(case):
    settings, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        explain_change(SMALL, **({"dimensions": ["channel", "topic"]} | settings))


FRAMES = {
    "negative": (SMALL.assign(y=[5, -1]), "'y' must be 0 or more in every segment.*-1 at channel=chat"),
    "missing": (SMALL.assign(y=[5, np.nan]), "'y' must be 0 or more in every segment - got others in 1 of 2 rows"),
    "infinite": (SMALL.assign(expected=[5, np.inf]), "'expected' must be 0 or more"),
    "duplicates": (pd.concat([SMALL, SMALL]), "Each row must have its own 'channel'.*Add up the rows of each segment"),
    "empty dimension": (SMALL.assign(channel=["phone", None]), "Each row must have a 'channel' - 1 of 2 have none"),
    "nothing expected": (SMALL.assign(expected=0.0), "Something must have been expected - all 2 segments expect 0"),
    "no rows": (SMALL.iloc[:0], "must hold at least one row"),
}


@pytest.mark.parametrize("case", FRAMES)
def test_bad_frames_are_refused(case):
    frame, message = FRAMES[case]
    with pytest.raises(FrameError, match=message):
        explain_change(frame, dimensions=["channel", "topic"])


def test_a_denominator_of_zero_is_refused():
    for trials in ([0, 20], [0, 0]):
        with pytest.raises(FrameError, match="A ratio must have a denominator above 0 - of what came"):
            explain_change(SMALL.assign(trials=trials), dimensions=["channel", "topic"], denominator="trials")
    calm = SMALL.assign(y=[0, 9], expected=[0.0, 4.0], trials=[0, 20])
    assert explain_change(calm, dimensions=["channel", "topic"], denominator="trials").total["actual"] == 0.45


@pytest.mark.parametrize(
    ("alert", "settings", "error", "message"),
    [
        (("2024-01-09", "2024-01-10"), {}, FrameError, "at least 3 periods of 7D before the alert - got 1 before"),
        (("2025-01-09", "2025-01-10"), {}, FrameError, "must hold rows of the alert - none lies from 2025-01-09"),
        (("2024-03-09", "2024-03-08"), {}, ConfigError, "`alert` must end after it starts"),
        ("2024-03-09", {}, ConfigError, "`alert` must be a row of anomaly.alerts, or two times - got str"),
        ({"start": "2024-03-09"}, {}, ConfigError, "got one without 'end'"),
        (("2024-03-09", "2024-03-09"), {"period": "week"}, ConfigError, "`period` must be a time span"),
        (("2024-03-09", "2024-03-09"), {"periods": 2}, ConfigError, "`periods` must be a whole number from 3"),
        (
            ("2024-03-09", "2024-03-09"),
            {"exclude": ["2024-02-01"]},
            ConfigError,
            "`exclude` must be a row .* - got str",
        ),
        (
            ("2024-03-09", "2024-03-09"),
            {"exclude": [("2024-01-20", "2024-03-08")]},
            FrameError,
            "got 2 before 2024-03-09 00:00:00 without what exclude= names",
        ),
        (("2024-03-09", "2024-03-09"), {"target": "calls"}, FrameError, "Explaining an alert needs"),
    ],
)
def test_bad_alerts_are_refused(alert, settings, error, message):
    with pytest.raises(error, match=message):
        explain_alert(history(), alert, **settings)


def test_times_must_be_times():
    frame = history().assign(ds="soon")
    with pytest.raises(FrameError, match="'ds' must hold times"):
        explain_alert(frame, ("2024-03-09", "2024-03-09"))

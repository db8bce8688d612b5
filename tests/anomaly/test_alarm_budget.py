"""The budget: alerts on fresh data of the same kind stay within it, and the note says what it rests on."""

import numpy as np
import pytest
from scipy.stats import norm, poisson

from cxml.anomaly.alarms.alarms import Alarms
from cxml.anomaly.alarms.counting import part_to_count, usual_steps
from cxml.anomaly.alarms.rules import Rules
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.rows import Rows, Scored

HOUR = 3_600 * 10**9
WEEK = 7 * 24


def noise(seed, n, hours, *, memory=0.0, common=0.0, slope=1.0, start=0):
    """Scores of a normal course whose values hang together in time and across series."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(hours, n))
    z = np.sqrt(1 - common) * z + np.sqrt(common) * rng.normal(size=(hours, 1))
    for hour in range(1, hours):
        z[hour] = memory * z[hour - 1] + np.sqrt(1 - memory**2) * z[hour]
    z = z.ravel()
    score = np.maximum(-(norm.logsf(np.abs(z)) / np.log(10) + np.log10(2)), 0) / slope
    time = np.repeat(start + np.arange(hours, dtype=np.int64) * HOUR, n)
    rows = Rows(np.tile(np.arange(n), hours), time, time, z)
    return rows, Scored(z * 0, z * 0, z * 0, score, np.where(z > 0, 1, 2), z)


def settled(rows, scored, n, **told):
    return Alarms.settle(AnomalyConfig(**told), [str(one) for one in range(n)], rows, scored)


def alerts_in(alarms, rows, scored):
    found = alarms.raise_all(rows, scored).alert
    return len(set(found.tolist()) - {0})


@pytest.mark.parametrize(
    ("memory", "common", "slope"), [(0.0, 0.0, 1.0), (0.9, 0.0, 0.8), (0.5, 0.5, 0.8)], ids=["calm", "runs", "together"]
)
def test_a_counted_budget_is_kept_on_fresh_data(memory, common, slope):
    shape = {"memory": memory, "common": common, "slope": slope}
    weeks, found, expected = 8, 0, 0.0
    for seed in range(2):
        alarms = settled(*noise(seed, 100, 8 * WEEK, **shape), 100)
        assert alarms.budget.anchor == alarms.budget.threshold
        assert alarms.budget.threshold > 3.0
        assert alarms.budget.rate <= 5.0
        found += alerts_in(alarms, *noise(100 + seed, 100, weeks * WEEK, start=10**18, **shape))
        expected += weeks * 5.0
    # As many as the budget allows, give or take the luck of the count in the history and of that in the new data.
    low, high = poisson.interval(0.999, expected)
    spread = np.sqrt(2.0)
    assert expected - spread * (expected - low) <= found <= expected + spread * (high - expected)


def test_a_week_of_history_and_one_alert_a_month_are_extrapolated():
    found = 0
    for seed in range(6):
        alarms = settled(*noise(seed, 100, WEEK), 100, budget=1, budget_span="30D")
        assert "extrapolated from" in alarms.note
        assert alarms.budget.low < 1.0 < alarms.budget.high
        assert alarms.budget.threshold > alarms.budget.anchor
        found += alerts_in(alarms, *noise(50 + seed, 100, 60 * 24, start=10**18))
    assert 2 <= found <= 36, "12 in all, each threshold being off by a third of a decade or so"


def test_a_day_of_many_series_that_hide_one_another_is_not_taken_for_calm():
    thresholds = [settled(*noise(seed, 200, 24), 200).budget.threshold for seed in range(8)]
    assert 3.2 < np.mean(thresholds) < 4.6, "200 series x 168 hours x 10^-3.8 = 5"


def test_a_smaller_budget_never_lowers_the_threshold():
    history = noise(1, 60, 6 * WEEK)
    thresholds = [settled(*history, 60, budget=budget).budget.threshold for budget in (0.05, 0.5, 1, 2, 5, 20, 500)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[-1] == 2.0


def test_least_score_is_the_floor():
    history = noise(2, 3, 4 * WEEK)
    assert settled(*history, 3, budget=1_000).budget.threshold == 2.0
    assert settled(*history, 3, budget=1_000, least_score=3.7).budget.threshold == 3.7
    assert "counted in the history: " in settled(*history, 3, budget=1_000).note


def test_a_run_counts_once_and_the_first_fifth_not_at_all():
    rows, scored = noise(3, 1, 10 * WEEK)
    score = np.minimum(scored.score, 1.0)
    score[: WEEK * 2 - 1] = 9.0
    score[5 * WEEK : 6 * WEEK] = 8.0
    alarms = settled(rows, Scored(*list(vars(scored).values())[:3], score, scored.kind, scored.size), 1, budget=2)
    assert alarms.budget.threshold == 2.0
    assert alarms.budget.counted == 1


def test_cool_down_and_mute_leave_room_in_the_budget():
    history = noise(4, 100, 8 * WEEK, memory=0.9)
    plain = settled(*history, 100).budget.threshold
    assert settled(*history, 100, cooldown="3D").budget.threshold < plain
    half = {"series": None, "start": "1970-01-20", "end": "1970-02-10"}
    assert settled(*history, 100, mute=[half]).budget.threshold < plain


@pytest.mark.parametrize("hours", [0, 1, 2, 5])
def test_without_a_history_scores_are_taken_at_their_word(hours):
    alarms = settled(*noise(5, 200, hours), 200)
    # 200 series x 168 values, should each raise an alert of its own
    assert 10**-alarms.budget.threshold * 33_600 == pytest.approx(5.0)
    assert "no history to count in" in alarms.note
    assert "for at most 5 in 7D" in alarms.note


def test_scores_that_stay_zero_are_no_trouble():
    rows, scored = noise(6, 2, 100)
    still = Scored(*[np.zeros(200)] * 4, np.zeros(200, dtype=int), np.zeros(200))
    assert settled(rows, still, 2).budget.threshold == 2.0
    assert scored.score.max() > 0


def test_steps_are_those_of_each_series_and_gaps_are_not_steps():
    minute = HOUR // 60
    time = np.r_[np.arange(50) * minute, np.arange(10) * 24 * HOUR, 5].astype(np.int64)
    series = np.r_[np.zeros(50), np.ones(10), 2].astype(int)
    order = np.argsort(time, kind="stable")
    rows = Rows(series[order], time[order], time[order], time[order] * 1.0)
    assert usual_steps(rows, 4).tolist() == [minute, 24 * HOUR, (minute + 24 * HOUR) // 2, (minute + 24 * HOUR) // 2]


def test_a_series_that_begins_late_burns_in_by_itself():
    time = np.r_[np.arange(100), np.arange(60, 100)]
    order = np.argsort(time, kind="stable")
    series = np.r_[np.zeros(100), np.ones(40)].astype(int)[order]
    counted, span = part_to_count(Rows(series, time[order], time[order], time[order] * 1.0))
    assert time[order][counted & (series == 1)].min() == 68
    assert span == 99 - time[order][counted].min()


def test_rules_read_spans_sides_and_days():
    rules = Rules.read(
        AnomalyConfig(
            budget_span="1D",
            cooldown="6h",
            side="down",
            events=[{"name": "sale", "start": "1970-01-03", "end": "1970-01-04"}],
            mute=[{"series": None, "start": "1970-01-02T09:00:00+09:00"}],
        )
    )
    assert (rules.span, rules.cooldown, rules.sign) == (24 * HOUR, 6 * HOUR, -1)
    assert rules.event_days == {2, 3}
    assert rules.mutes[0].start == 33 * HOUR, "as written on the wall clock"
    assert rules.mutes[0].end == 2**63 - 1


def with_a_loud_series(seed, start=0):
    """Calm series, and one whose scores are not worth what they say."""
    rows, scored = noise(seed, 40, 8 * WEEK, start=start)
    score = np.where(rows.series == 7, 2.5 * scored.score, scored.score)
    return rows, Scored(*list(vars(scored).values())[:3], score, scored.kind, scored.size)


def test_a_loud_series_does_not_use_up_the_budget_of_all():
    alarms = settled(*with_a_loud_series(8), 40)
    thresholds = alarms.thresholds()
    calm = settled(*noise(8, 40, 8 * WEEK), 40).budget.threshold
    assert thresholds["0"] == pytest.approx(calm, abs=0.2)
    assert thresholds["7"] > 5.5
    assert alarms.note.endswith("Loud series have higher thresholds, to leave the others their share: '7'.")
    rows, scored = with_a_loud_series(9, start=10**18)
    alarms.raise_all(rows, scored)
    table = alarms.table()
    assert 15 <= len(table) <= 60, "5 in each of 8 weeks"
    assert 2 <= (table["series"] == "7").sum() <= 20, "about a fifth"


def test_feedback_starts_from_the_threshold_of_a_loud_series():
    alarms = settled(*with_a_loud_series(8), 40)
    before = alarms.thresholds()
    time = np.array([10**18])
    found = alarms.raise_all(
        Rows(np.array([7]), time, time, time * 0.0),
        Scored(*np.zeros((3, 1)), np.array([before["7"] + 5.0]), np.array([1]), np.array([9.0])),
    )
    alarms.feedback(int(found.alert[0]), "noise")
    assert alarms.thresholds() == before | {"7": before["7"] + 1.0}
    again = Alarms.from_parts(AnomalyConfig(), alarms.parts())
    assert again.thresholds() == alarms.thresholds()
    assert again.note == alarms.note


def test_a_single_series_may_use_the_whole_budget():
    alarms = settled(*noise(8, 1, 60 * WEEK, slope=0.4), 1)
    assert "Loud" not in alarms.note
    assert 3.0 < alarms.budget.rate <= 5.0


def test_a_threshold_is_never_above_all_that_scores_can_reach():
    rows, scored = noise(10, 1, 10 * WEEK)
    score = np.where(np.arange(10 * WEEK) % 12 == 0, 9.0, 0.0)  # a scale that ends at 9, reached twice a day
    alarms = settled(rows, Scored(*list(vars(scored).values())[:3], score, scored.kind, scored.size), 1)
    assert alarms.thresholds()["0"] == 9.0
    assert alarms.budget.rate == pytest.approx(14, abs=0.5)

"""The verdict on alerts: right by hand, and bad for silence, for alarms at random, and for alarms without end."""

import numpy as np
import pandas as pd
import pytest

from cxml.anomaly import evaluate
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.forest import ForestConfig
from cxml.anomaly.planting import plant
from cxml.anomaly.tracks import labelled, tracks_of
from cxml.errors import FrameError

HOURS = pd.date_range("2026-03-02", periods=240, freq="h")
LABELLED = AnomalyConfig(label="label")


class Told:
    """A model that answers alerts and scores made beforehand."""

    def __init__(self, alerts, scores=None):
        self.alerts, self.scores = alerts, scores

    def predict(self, frame):
        alerts = np.asarray(self.alerts(frame) if callable(self.alerts) else self.alerts, dtype=float)
        scores = np.where(np.isnan(alerts), 0.0, 5.0) if self.scores is None else self.scores
        told = frame.assign(score=scores)
        told["alert"] = pd.Series(alerts, index=frame.index).astype("Int64")
        return told


def rows_of(n_series=2, rows=240):
    """Series of ten days, calm but for hours 50 to 59 of the first."""
    parts = [pd.DataFrame({"unique_id": f"s{k}", "ds": HOURS[:rows], "y": 10.0, "label": 0}) for k in range(n_series)]
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[50:59, "label"] = 1
    return frame


def alerts_at(frame, *rows):
    """Alerts of three rows each, numbered from 1."""
    found = np.full(len(frame), np.nan)
    for number, row in enumerate(rows, 1):
        found[row : row + 3] = number
    return found


def judged(frame, alerts, config=LABELLED):
    lines = evaluate.answer({"told": Told(alerts)}, frame, config)["told"]
    figures = evaluate.judge({"told": lines}, config)["told"].metrics
    return lines, {one.name: one.value for one in figures}


def test_an_event_found_six_periods_late_costs_a_half_and_a_false_alert_a_tenth():
    frame = rows_of()
    lines, figures = judged(frame, alerts_at(frame, 56, 300))
    # one event; ten days of each series, none of them in trouble all day
    assert len(lines) == 1 + 10 + 10
    event = lines[lines["event"] == 1].iloc[0]
    assert (event["found"], event["delay"], event["loss"]) == (1, 6.0, 0.5)
    assert lines.loc[lines["event"] == 0, "loss"].sum() == pytest.approx(0.1)
    assert figures["alarm_cost"] == pytest.approx(0.6 / 21)
    assert figures["cost_to_silence"] == pytest.approx(0.6)
    assert (figures["event_precision"], figures["event_recall"]) == (0.5, 1.0)
    assert figures["delay_periods"] == 6.0


def test_false_alarms_are_counted_over_all_series_a_week():
    frame = rows_of(n_series=4)
    _, figures = judged(frame, alerts_at(frame, 250, 400, 500, 700))
    calm_weeks = 10 / 7 * (1 - 13 / 240 / 4)
    assert figures["false_alarms_week"] == pytest.approx(4 / calm_weeks, rel=0.01)


def test_an_alert_up_to_three_periods_late_still_finds_and_one_before_does_not():
    frame = rows_of()
    assert judged(frame, alerts_at(frame, 62))[1]["event_recall"] == 1.0
    lines, figures = judged(frame, alerts_at(frame, 48))
    assert figures["event_recall"] == 0.0
    assert lines["false"].sum() == 1


def test_an_alert_that_runs_on_from_the_history_is_nobodys_unless_the_trouble_does_too():
    frame = rows_of()
    assert judged(frame, alerts_at(frame, 0))[0]["false"].sum() == 0
    frame["label"] = 0
    frame.loc[0:4, "label"] = 1
    assert judged(frame, alerts_at(frame, 0))[1]["event_recall"] == 1.0


def test_one_alert_over_several_series_is_true_where_any_is_and_false_once():
    frame = rows_of()
    both = alerts_at(frame, 52)
    both[290:293] = 1
    lines, figures = judged(frame, both)
    assert (figures["event_recall"], lines["false"].sum()) == (1.0, 0)
    vain = alerts_at(frame, 100)
    vain[350:353] = 1
    assert judged(frame, vain)[0]["false"].sum() == 1


def test_lines_are_the_same_for_all_models_and_in_any_order_of_the_rows():
    frame = rows_of()
    mixed = frame.sample(frac=1.0, random_state=3)
    lines, figures = judged(frame, alerts_at(frame, 51, 150))
    again, others = judged(mixed, alerts_at(frame, 51, 150)[mixed.index])
    assert figures == others
    assert sorted(lines["row"]) == sorted(again["row"])
    assert lines["row"].is_unique
    assert not {"unique_id", "y"} & set(lines.columns)


def test_without_labels_every_model_gets_the_same_planted_trouble():
    rng = np.random.default_rng(0)
    frame = rows_of(rows=240).assign(y=rng.normal(50, 2, 480)).drop(columns="label")
    config = AnomalyConfig()
    seen = []

    def nothing(asked):
        seen.append(asked["y"].to_numpy())
        return np.full(len(asked), np.nan)

    answers = evaluate.answer({"a": Told(nothing), "b": Told(nothing)}, frame, config)
    assert len(seen) == 2 * 5  # few events: the rows come five times
    for one, other in zip(seen[::2], seen[1::2], strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(seen[0], frame["y"].to_numpy(), equal_nan=True)
    assert answers["a"]["row"].equals(answers["b"]["row"])
    assert answers["a"]["row"].is_unique
    planted = [kind for turn in range(5) for kind in plant(frame, config, turn=turn).windows["kind"]]
    assert answers["a"].loc[answers["a"]["event"] == 1, "kind"].tolist() == planted


@pytest.fixture(scope="module")
def busy():
    """Twelve series of twenty days with planted events, and who alarms over them."""
    rng = np.random.default_rng(1)
    hours = pd.date_range("2026-03-02", periods=480, freq="h")
    parts = [pd.DataFrame({"unique_id": f"s{k:02d}", "ds": hours, "y": rng.normal(50, 2, 480)}) for k in range(12)]
    frame = pd.concat(parts, ignore_index=True)
    config = AnomalyConfig()
    windows, tracks = plant(frame, config).windows, tracks_of(frame, config)

    def found(late):
        alerts = np.full(len(frame), np.nan)
        for number, one in enumerate(windows.itertuples()):
            alerts[tracks[one.track].places[one.first + late : one.last + 1]] = number
        return alerts

    def at_random(count):
        return alerts_at(frame, *np.random.default_rng(2).choice(len(frame) - 3, count, replace=False))

    always = np.repeat(np.arange(12.0), 480)
    always[np.arange(0, len(frame), 480)] = np.nan
    models = {
        "at once": found(0),
        "late": found(2),
        "none": np.full(len(frame), np.nan),
        "few at random": at_random(20),
        "many at random": at_random(200),
        "always": always,
    }
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(evaluate, "_MOST_TURNS", 1)  # what was found beforehand is that of the first turn
    answers = evaluate.answer({name: Told(alerts) for name, alerts in models.items()}, frame, config)
    monkeypatch.undo()
    judged = evaluate.judge(answers, config)
    return {name: {one.name: one for one in found.metrics} for name, found in judged.items()}


def test_perfect_alarms_cost_nothing(busy):
    told = {name: one.value for name, one in busy["at once"].items()}
    assert (told["alarm_cost"], told["event_f1"], told["delay_periods"]) == (0.0, 1.0, 0.0)
    assert told["nab_score"] == pytest.approx(100.0)
    assert told["vus_pr"] > 0.6


def test_silence_costs_as_much_as_silence(busy):
    assert busy["none"]["cost_to_silence"].value == pytest.approx(1.0)
    assert busy["none"]["nab_score"].value == pytest.approx(0.0)
    assert "event_precision" not in busy["none"]


@pytest.mark.parametrize("name", ["few at random", "many at random", "always"])
def test_alarms_at_random_or_without_end_are_no_better_than_silence(busy, name):
    told = busy[name]
    assert told["cost_to_silence"].value > 0.95
    assert told["event_f1"].value < 0.3
    assert told["nab_score"].value < 20
    assert told["alarm_cost"].value > 2 * busy["late"]["alarm_cost"].high


def test_more_alarms_at_random_cost_more(busy):
    assert busy["many at random"]["alarm_cost"].value > busy["few at random"]["alarm_cost"].value


def test_the_split_is_by_time_and_says_what_judges():
    frame = rows_of().sample(frac=1.0, random_state=0)
    sides = evaluate.split(frame, LABELLED)
    before, after = frame["ds"].iloc[sides.train], frame["ds"].iloc[sides.test]
    assert before.max() < after.min()
    assert len(before) == pytest.approx(0.6 * len(frame), abs=4)
    assert "by the trouble that 'label' tells" in sides.rule
    assert "planted" in evaluate.split(frame, AnomalyConfig()).rule


def test_too_short_a_history_is_refused():
    with pytest.raises(FrameError, match="needs 20 rows or more on both sides of the 60% that a fit follows - got 14"):
        evaluate.split(rows_of(n_series=1, rows=24), AnomalyConfig())


def test_labels_without_any_event_judge_false_alarms_alone():
    frame = rows_of().assign(label=0)
    _, figures = judged(frame, alerts_at(frame, 100))
    assert set(figures) == {"alarm_cost", "event_precision", "event_f1", "false_alarms_week"}
    assert figures["alarm_cost"] == pytest.approx(0.1 / 20)


def test_a_table_without_time_is_judged_by_its_rows():
    frame = pd.DataFrame({"y": np.arange(300.0), "label": 0})
    frame.loc[[30, 130], "label"] = 1
    config = ForestConfig(time=None, label="label")
    _, figures = judged(frame, alerts_at(frame, 30, 200), config)
    assert (figures["event_recall"], figures["event_precision"]) == (0.5, 0.5)
    assert "false_alarms_week" not in figures
    sides = evaluate.split(frame, config)
    assert len(sides.test) == pytest.approx(120, abs=2)


def test_kinds_are_told_apart(monkeypatch):
    frame = rows_of(rows=240).assign(y=np.random.default_rng(0).normal(50, 2, 480)).drop(columns="label")
    config = AnomalyConfig()
    windows, tracks = plant(frame, config).windows, tracks_of(frame, config)
    alerts = np.full(len(frame), np.nan)
    one = windows.iloc[0]
    alerts[tracks[one["track"]].places[one["first"]]] = 1
    monkeypatch.setattr(evaluate, "_MOST_TURNS", 1)
    table = evaluate.kind_table(evaluate.answer({"model": Told(alerts)}, frame, config))
    assert table["events"].sum() == len(windows)
    assert (table["events"] * table["model found"]).sum() == 1
    assert table.set_index("kind").loc[one["kind"], "model delay"] == 0.0


def test_labels_make_the_windows_of_the_verdict():
    frame = rows_of()
    assert len(labelled(frame, tracks_of(frame, LABELLED), LABELLED)) == 1

"""Tables and pictures of a trial."""

import numpy as np
import pandas as pd
import pytest

from cxml.anomaly import evaluate
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.reports import figures
from cxml.contract import Figure, Table, Trial

HOURS = pd.date_range("2026-03-02", periods=320, freq="h")


class Far:
    """A model that alarms where a value is far from 50."""

    method = "far"

    def __init__(self, config):
        self.config = config

    def predict(self, frame):
        score = (frame["y"] - 50).abs().fillna(20.0)
        strange = score > 8
        begun = (strange & ~strange.shift(fill_value=False)).cumsum()
        told = frame.drop(columns="label", errors="ignore")
        told = told.assign(expected=50.0, lower=44.0, upper=56.0, score=score, is_anomaly=strange)
        told["alert"] = begun.where(strange).astype("Int64")
        return told.assign(severity=np.where(strange, 5 * score, 0.0).clip(0, 100))


def rows():
    rng = np.random.default_rng(0)
    parts = [pd.DataFrame({"unique_id": name, "ds": HOURS, "y": rng.normal(50, 2, 320)}) for name in "ab"]
    return pd.concat(parts, ignore_index=True)


def trial_of(frame, config):
    model = Far(config)
    return Trial(model, evaluate.answer({"far": model}, frame, config), frame, "all", {"train": 0, "test": len(frame)})


def test_a_trial_is_shown_in_tables_and_pictures():
    found = list(figures(trial_of(rows(), AnomalyConfig())))
    tables = {one.name: one.frame for one in found if isinstance(one, Table)}
    pictures = {one.name: one.draw() for one in found if isinstance(one, Figure)}
    assert set(tables) == {"kinds", "budget_curve"}
    assert set(pictures) == {"delay", "budget_curve", "alert_calendar", "anomalies"}
    assert tables["kinds"]["events"].sum() == 4 * 5
    curve = tables["budget_curve"]
    assert curve["recall"].max() > 0.4
    labels = [one.get_text() for one in pictures["anomalies"].axes[0].get_legend().get_texts()]
    assert "true event" in labels
    assert [one.get_text() for one in pictures["alert_calendar"].axes[0].get_yticklabels()] in (["a", "b"], ["b", "a"])


def test_the_curve_agrees_with_the_verdict_at_the_models_threshold():
    config = AnomalyConfig(label="label")
    frame = rows().assign(label=0)
    for start in (40, 140, 400, 500):
        frame.loc[start : start + 2, ["y", "label"]] = [70.0, 1]
    frame.loc[[100, 600], "y"] = 70.0
    trial = trial_of(frame, config)
    told = {one.name: one.value for one in evaluate.judge(trial.answers, config)["far"].metrics}
    curve = next(one.frame for one in figures(trial) if one.name == "budget_curve")
    at = curve[curve["threshold"] > 8].iloc[-1]
    assert at["recall"] == told["event_recall"] == 1.0
    assert at["false_alarms_week"] == pytest.approx(told["false_alarms_week"])
    assert at["precision"] == pytest.approx(told["event_precision"])


def test_labels_without_events_and_long_series_are_shown_too():
    frame = pd.concat([rows(), rows().assign(ds=lambda one: one["ds"] + pd.Timedelta("20D"))]).reset_index(drop=True)
    frame = pd.concat([frame, frame.assign(ds=frame["ds"] + pd.Timedelta("40D"))]).assign(label=0)
    names = [one.name for one in figures(trial_of(frame.reset_index(drop=True), AnomalyConfig(label="label")))]
    assert names == ["alert_calendar", "anomalies"]

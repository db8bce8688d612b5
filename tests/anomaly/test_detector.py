"""The detector: history, batch, stream and copy go the same way, whatever the method."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from builders import metrics_of, next_metrics
from cxml import anomaly, cards
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.forest import ForestConfig
from cxml.anomaly.methods import ForestDetector, ResidualDetector, RobustZDetector
from cxml.contract import Updates
from cxml.errors import NotFittedError
from cxml.trained import Trained

KINDS = [ResidualDetector, RobustZDetector, ForestDetector]
NUMBERS = ["expected", "lower", "upper", "score", "severity"]


@pytest.fixture(scope="module")
def history():
    return metrics_of(3, 12)


@pytest.fixture(scope="module")
def later(history):
    """A day of what comes next, with trouble, a gap, and a missing value."""
    frame = next_metrics(history, 24).astype({"y": float}).drop(columns="label")
    trouble = (frame["unique_id"] == "queue 01") & (frame["ds"].dt.hour.between(9, 14))
    frame.loc[trouble, "y"] *= 4
    frame.loc[frame.index[-1], "y"] = np.nan
    return frame.drop(index=frame.index[[30, 33]]).reset_index(drop=True)


def config_of(kind, **more):
    return kind.Config(least_score=3.0, **({"trees": 10} if kind.Config is ForestConfig else {}), **more)


@pytest.fixture(scope="module")
def fitted(history):
    made = {kind: kind(config_of(kind)).fit(history) for kind in KINDS}
    return lambda kind: made[kind].copy()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_a_batch_and_portions_of_it_answer_the_same(kind, fitted, later):
    batch = fitted(kind).update(later)
    portions = fitted(kind)
    parts = pd.concat([portions.update(later.iloc[:20]), portions.update(later.iloc[20:])])
    pd.testing.assert_frame_equal(parts, batch, rtol=0, atol=1e-9)
    stream = fitted(kind)
    told = pd.DataFrame([stream.update(record) for record in later.to_dict("records")])
    assert list(told.columns) == list(batch.columns)
    pd.testing.assert_frame_equal(told[NUMBERS], batch[NUMBERS], rtol=0, atol=1e-9)
    assert told["is_anomaly"].tolist() == batch["is_anomaly"].tolist()
    assert told["kind"].tolist() == batch["kind"].tolist()
    assert [one or 0 for one in told["alert"].astype("Int64").fillna(0)] == batch["alert"].fillna(0).tolist()
    # ... and they know the same afterwards
    after = next_metrics(later.assign(label=0)).drop(columns="label")
    pd.testing.assert_frame_equal(stream.predict(after), portions.predict(after), rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_predicting_changes_nothing_and_updating_does(kind, fitted, later):
    model = fitted(kind)
    known = anomaly.alerts(model)["alert"].tolist()
    first = model.predict(later)
    pd.testing.assert_frame_equal(model.predict(later), first)
    assert anomaly.alerts(model)["alert"].tolist() == known
    pd.testing.assert_frame_equal(model.update(later), first)
    assert set(anomaly.alerts(model)["alert"]) == {*known, *first["alert"].dropna()}


@pytest.mark.parametrize("kind", KINDS)
def test_to_follow_is_to_score_by_what_came_before_alone(kind, history):
    whole = kind(config_of(kind)).follow(history)
    half = history.head(len(history) // 2)
    begun = kind(config_of(kind)).follow(half)
    # what is settled beforehand is settled from the first 50 rows of a series or more
    columns = ["expected", "lower", "upper", "score"]
    pd.testing.assert_frame_equal(whole.head(len(half))[columns], begun[columns], rtol=0, atol=1e-9)


def test_the_trouble_is_found_and_told_once(fitted, later):
    model = fitted(ResidualDetector)
    before = len(anomaly.alerts(model))
    answer = model.update(later)
    trouble = answer[(answer["unique_id"] == "queue 01") & answer["ds"].dt.hour.between(9, 14)]
    assert trouble["is_anomaly"].iloc[0]
    assert set(trouble["kind"]) <= {"spike", "level_shift", "drift", "variance", "unusual"}
    table = anomaly.alerts(model).iloc[before:]
    listed = anomaly.alerts(answer)
    assert table["alert"].tolist() == listed["alert"].tolist()
    assert table["peak_score"].tolist() == pytest.approx(listed["peak_score"].tolist())
    assert "queue 01" in table["series"].iloc[0]
    assert table["kind"].iloc[0] == listed["kind"].iloc[0]


def test_calm_rows_have_no_kind_and_no_alert(fitted, later):
    answer = fitted(RobustZDetector).predict(later)
    calm = answer[~answer["is_anomaly"]]
    assert set(calm["kind"]) == {""}
    assert calm["alert"].isna().all()
    assert (calm["severity"] == 0).all()


def test_somebody_is_told_of_what_opens(fitted, later):
    class Ear:
        ends = False

        def __init__(self):
            self.heard = []

        def send(self, event, alert):
            self.heard.append((event, alert["alert"]))

    for records in (False, True):
        ear, model = Ear(), fitted(ResidualDetector)
        anomaly.listen(model, ear)
        model.predict(later)
        assert ear.heard == []
        known = len(anomaly.alerts(model))
        for rows in later.to_dict("records") if records else [later]:
            model.update(rows)
        opened = anomaly.alerts(model)["alert"].iloc[known:].tolist()
        assert ear.heard == [("opened", one) for one in opened]
        assert opened


def test_what_is_muted_raises_no_alert(fitted, later):
    model = fitted(ResidualDetector)
    known = len(anomaly.alerts(model))
    anomaly.mute(model, "queue 01", start=later["ds"].min())
    found = model.update(later)
    assert found.loc[found["unique_id"] == "queue 01", "alert"].isna().all()
    assert len(anomaly.alerts(model)) == known


def test_noise_raises_the_threshold_of_its_series(fitted, later):
    model = fitted(ResidualDetector)
    model.update(later)
    last = int(anomaly.alerts(model)["alert"].iloc[-1])
    before = model.alarms.thresholds()
    anomaly.feedback(model, last, "noise")
    after = model.copy().alarms.thresholds()
    assert after["queue 01"] > before["queue 01"]
    assert after["queue 02"] == before["queue 02"]


def test_threads_may_update_at_once(history, later):
    model = RobustZDetector(AnomalyConfig()).fit(history)
    expected = model.predict(later).set_index(["unique_id", "ds"])["score"]
    start = threading.Barrier(3)

    def follow(name):
        start.wait()
        own = later[later["unique_id"] == name].to_dict("records")
        return [model.update(record) for record in own]

    with ThreadPoolExecutor(3) as pool:
        told = pd.DataFrame([one for part in pool.map(follow, later["unique_id"].unique()) for one in part])
    found = told.set_index(["unique_id", "ds"])["score"].reindex(expected.index)
    np.testing.assert_allclose(found, expected)


def test_an_update_is_forgotten_by_nobody_else(history, later):
    trained = Trained(RobustZDetector(AnomalyConfig()).fit(history))
    assert isinstance(trained.model, Updates)
    trained.run_id, trained.uri = "run", "runs:/run/model"
    trained.update(later.iloc[0].to_dict())
    assert (trained.run_id, trained.uri) == (None, None)
    assert "anomaly/robust_z" in cards.write_card(trained)


def test_a_model_that_followed_nothing_says_so():
    model = RobustZDetector(AnomalyConfig())
    assert not model.is_fitted
    with pytest.raises(NotFittedError, match=r"must be fitted before it answers .* Call anomaly\.train"):
        anomaly.alerts(model)
    with pytest.raises(AttributeError, match=r"'RobustZDetector' object has no attribute 'paths'"):
        model.paths()


def test_one_series_needs_no_key(history):
    one = history.loc[history["unique_id"] == "queue 00", ["ds", "y"]]
    model = anomaly.train(one, method="robust_z", track=False)
    assert model.config.key is None
    told = model.update({"ds": one["ds"].max() + pd.Timedelta("1h"), "y": 5000})
    assert list(told)[:3] == ["ds", "y", "expected"]
    assert told["is_anomaly"]
    assert told["alert"] == anomaly.alerts(model)["alert"].iloc[-1]
    assert anomaly.alerts(model)["series"].iloc[-1] == "y"


def test_key_of_whole_numbers_is_read_alike_everywhere(history):
    frame = history.assign(unique_id=history["unique_id"].str[-1].astype(int))
    model = RobustZDetector(AnomalyConfig()).fit(frame)
    hour = frame["ds"].max() + pd.Timedelta("1h")
    numbers = [{"unique_id": one, "ds": hour, "y": 50} for one in (1, np.int64(1), "1")]
    assert len({model.copy().update(record)["score"] for record in numbers}) == 1
    assert model.series == ("0", "1", "2")

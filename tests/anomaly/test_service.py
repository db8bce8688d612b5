"""A service that asks, updates, restarts and listens: nothing is lost, and nothing waits."""

import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from builders import metrics_of, next_metrics
from cxml import anomaly, load, save
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.forest import ForestConfig
from cxml.anomaly.methods import ForestDetector, RobustZDetector
from cxml.errors import ConfigError
from cxml.tracking.models import signature
from cxml.trained import Trained


@pytest.fixture(scope="module")
def history():
    return metrics_of(3, 8)


@pytest.fixture(scope="module")
def fitted(history):
    return RobustZDetector(AnomalyConfig(least_score=3.0)).fit(history)


@pytest.fixture
def model(fitted):
    return fitted.copy()


@pytest.fixture(scope="module")
def later(history):
    return next_metrics(history, 24).drop(columns="label")


def calls(hour, y=None, name="queue 00", start="2024-01-09"):
    """A value of one queue, so many hours after the history."""
    return {"unique_id": name, "ds": pd.Timestamp(start) + pd.Timedelta(hours=hour), "y": y}


class Ear:
    """Hears of openings and ends."""

    ends = True

    def __init__(self):
        self.heard = []

    def send(self, event, alert):
        self.heard.append((event, alert["alert"]))


def test_who_asks_while_series_begin_gets_an_answer_of_one_moment(model, later):
    """Rows are read by what is known when they are scored: a series that begins in between must not come twice."""
    stop = threading.Event()

    def begin():
        number = 0
        while not stop.is_set():
            model.update(calls(0, 5.0, f"new {number}"))
            number += 1

    rows = pd.concat([later, pd.DataFrame([calls(1, 5.0, "new 400")])], ignore_index=True)
    with ThreadPoolExecutor(1) as pool:
        began = pool.submit(begin)
        first = model.predict(rows)["score"]
        try:
            for _ in range(20):
                np.testing.assert_array_equal(model.predict(rows)["score"].head(72), first.head(72))
        finally:
            stop.set()
        began.result()
    assert len(set(model.series)) == len(model.series)
    assert len(model.alarms.names) == len(model.series)


def test_alerts_are_listed_and_judged_while_others_open(model, history):
    hours = history["ds"].max() + pd.to_timedelta(np.arange(1, 1_500), unit="h")
    failed = []

    def look():
        while not done.is_set():
            try:
                number = int(anomaly.alerts(model)["alert"].iloc[-1])
                anomaly.feedback(model, number, "noise")
                anomaly.feedback(model, number, "useful")
            except Exception as error:  # told below, by the thread that waits
                failed.append(error)
                return

    done = threading.Event()
    model.update(calls(0, 9_999.0))
    with ThreadPoolExecutor(2) as pool:
        looks = [pool.submit(look) for _ in range(2)]
        for place, hour in enumerate(hours):
            model.update({"unique_id": "queue 01", "ds": hour, "y": 9_999.0 if place % 6 == 0 else 50.0})
        done.set()
        [one.result() for one in looks]
    assert failed == []


def test_an_alert_that_was_open_at_a_restart_ends_once(model, tmp_path):
    first, again = Ear(), Ear()
    model.listen(first)
    for hour in range(2):
        model.update(calls(hour, 9_999.0))
    number = int(model.alerts()["alert"].iloc[-1])
    assert ("opened", number) in first.heard
    assert ("ended", number) not in first.heard
    restarted = load(save(Trained(model), tmp_path / "model")).model
    restarted.listen(again)
    for hour in range(2, 8):
        usual = float(restarted.predict(pd.DataFrame([calls(hour, 1.0)]))["expected"].iloc[0])
        told = restarted.update(calls(hour, usual))
    assert again.heard == [("ended", number)]
    assert not told["is_anomaly"]


def test_a_slow_listener_holds_up_nothing(model):
    released = threading.Event()
    notifier = anomaly.Notifier(lambda alert: released.wait(10))
    anomaly.listen(model, notifier)
    start = time.perf_counter()
    for hour in range(40):
        model.update(calls(hour, 9_999.0 if hour % 5 == 0 else 50.0))
    assert time.perf_counter() - start < 5
    released.set()
    notifier.close()
    assert notifier.sent >= 1
    assert notifier.failed == 0


def test_what_is_said_of_a_model_in_a_folder_is_refused_as_it_would_be_lost(model, tmp_path):
    folder = save(Trained(model), tmp_path / "model")
    for say in (
        lambda: anomaly.feedback(folder, 1, "noise"),
        lambda: anomaly.mute(str(folder), start="2024-01-09"),
        lambda: anomaly.listen(folder, Ear()),
    ):
        with pytest.raises(ConfigError, match=r"kept with it in memory - got .*Load it with cxml\.load"):
            say()
    held = load(folder)
    anomaly.feedback(held, 1, "noise")
    again = load(save(held, tmp_path / "again"))
    assert anomaly.alerts(again)["feedback"].iloc[0] == "noise"
    assert again.model.alarms.thresholds() == held.model.alarms.thresholds()


def test_a_function_is_no_listener(model):
    with pytest.raises(ConfigError, match=r"must take alerts by send\(event, alert\) - got .*anomaly\.Notifier"):
        anomaly.listen(model, print)


def test_a_day_that_is_muted_is_muted_to_its_end(model):
    anomaly.mute(model, "queue 00", start="2024-01-09", end="2024-01-09")
    told = [model.update(calls(hour, 10.0 ** (hour + 6))) for hour in range(25)]
    assert all(one["is_anomaly"] and one["alert"] is None for one in told[:24])
    assert told[24]["alert"] is not None
    assert (
        anomaly.AnomalyConfig(mute=[{"start": "2024-01-09", "end": "2024-01-09 06:00"}])
        .mute[0]["end"]
        .endswith("06:00:00")
    )


def test_a_rate_is_told_as_a_share_by_the_model_and_by_the_answer():
    random = np.random.default_rng(0)
    trials = random.integers(80, 120, 400)
    hours = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=400, freq="h"), "y": random.binomial(trials, 0.1)})
    hours["n"] = trials
    hours.loc[350:352, "y"] = 60
    for frame, more in ((hours, {}), (hours.assign(unique_id="a"), {"key": "unique_id"})):
        model = RobustZDetector(AnomalyConfig(denominator="n", **{"key": None, **more}))
        answer = model.follow(frame)
        told, listed = anomaly.alerts(model), anomaly.alerts(answer)
        assert told["value"].max() <= 1
        np.testing.assert_allclose(listed["value"], told["value"])
        np.testing.assert_allclose(listed["expected"], told["expected"])
    plain = hours.drop(columns="n").assign(ds=hours["ds"].astype(str))
    listed = anomaly.alerts(RobustZDetector(AnomalyConfig(key=None)).follow(plain))
    assert 60 in listed["value"].tolist()


def test_a_record_may_be_a_line_of_a_frame_and_a_frame_of_any_library(model, later):
    polars = pytest.importorskip("polars")
    batch = model.copy().update(later)
    stream = [model.copy().update(row)["score"] for _, row in later.head(3).iterrows()]
    assert stream == batch["score"].head(3).tolist()
    pd.testing.assert_series_equal(model.update(polars.from_pandas(later))["score"], batch["score"])


@pytest.mark.parametrize("table", [False, True])
def test_records_of_several_columns_are_answered_as_their_batch(table):
    random = np.random.default_rng(2)
    frame = pd.DataFrame(random.normal(10, 1, (300, 2)), columns=["y", "x"])
    frame.loc[280, ["y", "x"]] = (30.0, -20.0)
    frame.loc[290, "x"] = np.nan
    if not table:
        frame["ds"] = pd.date_range("2024-01-01", periods=300, freq="h")
    time_column = None if table else "ds"
    config = ForestConfig(key=None, time=time_column, columns=("x",), trees=20, least_score=1.0)
    model = ForestDetector(config).fit(frame.head(250))
    batch = model.copy().update(frame.iloc[250:])
    stream = pd.DataFrame([model.update(one) for one in frame.iloc[250:].to_dict("records")])
    for name in ("score", "expected", "severity"):
        np.testing.assert_allclose(stream[name], batch[name], atol=1e-9)
    assert stream["is_anomaly"].tolist() == batch["is_anomaly"].tolist()
    assert stream["is_anomaly"].iloc[30]


def test_mlflow_is_told_of_the_numbers_of_alerts_without_a_warning(model, later):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outputs = signature(Trained(model), later).outputs
    assert str(outputs.input_dict()["alert"].type) == "DataType.double"

"""Bad input: what the messages say, and what is news rather than an error."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from cxml import anomaly, save
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.methods import ForestDetector, ResidualDetector, RobustZDetector
from cxml.errors import ConfigError, FrameError

HOUR = pd.Timedelta("1h")


def hours(n=100, names=("calls", "chats"), start="2024-03-04"):
    """A hundred hours of two queues."""
    random = np.random.default_rng(0)
    times = pd.Timestamp(start) + np.arange(n) * HOUR
    parts = [pd.DataFrame({"unique_id": name, "ds": times, "y": random.poisson(40, n)}) for name in names]
    return pd.concat(parts, ignore_index=True)


def detect(frame, **settings):
    return anomaly.detect(frame, method="robust_z", **settings)


@pytest.fixture
def model():
    return RobustZDetector(AnomalyConfig()).fit(hours())


def record(name="calls", ahead=1, y=40.0):
    return {"unique_id": name, "ds": "2024-03-08 03:00:00", "y": y} | (
        {"ds": str(pd.Timestamp("2024-03-08 03:00") + ahead * HOUR)}
    )


def test_the_frame_and_the_record_follow_the_history(model):
    known = hours()["ds"].max()
    assert record()["ds"] == str(known + HOUR)
    assert model.update(record())["score"] >= 0


def test_time_going_backwards_is_refused_in_a_record_and_in_rows(model):
    with pytest.raises(
        FrameError,
        match=r"Time must go forward in each series - 'ds' of calls goes back from 2024-03-08 03:00 to 2024-03-08 02",
    ):
        model.update(record(ahead=-1))
    with pytest.raises(
        FrameError, match=r"Rows must come after what is known of their series - 2 series go back, such as calls 2024"
    ):
        model.update(hours())
    with pytest.raises(FrameError, match=r"known up to calls 2024-03-08 03:00, chats 2024-03-08 03:00. Drop rows"):
        model.predict(hours())
    # of an error nothing is learned
    assert model.update(record())["alert"] is None


def test_a_moment_twice_is_refused(model):
    model.update(record())
    with pytest.raises(FrameError, match=r"Each moment must occur once in a series - 'ds' of calls has had 2024-03-08"):
        model.update(record())
    with pytest.raises(
        FrameError,
        match=r"Each moment must occur once in a series - 1 of 201 rows repeat one: calls 2024-03-04\. Sum them",
    ):
        detect(pd.concat([hours(), hours().head(1)]))


@pytest.mark.parametrize("odd", [[1, 2], {"a": 1}, {3}, np.array([1, 2])], ids=repr)
def test_a_list_is_no_moment_and_no_name_in_a_record_and_in_rows(model, odd):
    moment = r"Times must be dates or times .* - 1 of \d+ in 'ds' are not: "
    name = r"The column 'unique_id' must hold one value a row - got .* values\. Give each row one text or number"
    for column, message in {"ds": moment, "unique_id": name}.items():
        with pytest.raises(FrameError, match=message):
            model.update(record() | {column: odd})
        rows = pd.DataFrame([record(ahead=1), record(ahead=2)]).astype({column: object})
        rows.at[1, column] = odd
        with pytest.raises(FrameError, match=message):
            model.predict(rows)
        history = hours().astype({column: object})
        history.at[7, column] = odd
        with pytest.raises(FrameError, match=message):
            detect(history)


def test_what_is_not_known_yet_is_none_in_a_record_and_what_was_given_stays_as_it_was(model):
    moment = pd.Timestamp("2024-03-08 04:00")
    told = model.update({"unique_id": "new", "ds": moment, "y": 3})
    assert (told["expected"], told["lower"], told["upper"], told["alert"]) == (None, None, None, None)
    assert told["ds"] is moment
    assert json.loads(json.dumps(told | {"ds": str(moment)}, allow_nan=False))["score"] == 0


def test_the_hour_that_winter_time_repeats_asks_for_the_zone():
    times = pd.date_range("2024-10-25", periods=100, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"ds": times, "y": np.arange(100) % 7})
    assert len(detect(frame)) == 100
    with pytest.raises(FrameError, match=r"If a shift to winter time repeats an hour, give the zone"):
        detect(frame.assign(ds=times.tz_localize(None)))


def test_a_leap_of_the_clock_is_refused_and_what_is_right_still_comes_through(model):
    with pytest.raises(
        FrameError, match=r"A row must come within 366 days of the one before it - 'ds' of calls jumps from 2024-03-08"
    ):
        model.update(record(ahead=24 * 400))
    assert model.update(record())["score"] >= 0
    frame = hours()
    frame.loc[0, "ds"] = pd.Timestamp("1970-01-01")
    with pytest.raises(FrameError, match=r"'ds' of calls jumps from 1970-01-01 to 2024-03-04 01:00. Correct the clock"):
        detect(frame)


def test_gaps_and_missing_values_are_news_and_no_error(model):
    gone = hours().drop(index=range(40, 60))
    assert len(detect(gone)) == 180
    frame = hours().astype({"y": float})
    frame.loc[50, "y"] = np.nan
    answer = detect(frame)
    assert answer["score"].notna().all()
    assert model.update(record(y=None))["score"] >= 0
    assert model.update(record(ahead=48))["score"] >= 0


def test_a_silence_is_an_alarm_of_the_default_method():
    frame = hours(400).astype({"y": float})
    frame.loc[(frame["ds"] >= "2024-03-18") & (frame["unique_id"] == "calls"), "y"] = np.nan
    answer = anomaly.detect(frame)
    late = answer[(answer["ds"] >= "2024-03-18") & (answer["unique_id"] == "calls")]
    assert "missing" in set(late["kind"])
    assert late["is_anomaly"].any()


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused(model, value):
    frame = hours().astype({"y": float})
    frame.loc[7, "y"] = value
    with pytest.raises(FrameError, match=r"The column 'y' must hold finite numbers - 1 of 200 rows hold infinity"):
        detect(frame)
    with pytest.raises(FrameError, match=r"The field 'y' must hold a finite number - got infinity"):
        model.update(record(y=value))


def test_text_is_no_number(model):
    with pytest.raises(FrameError, match=r"The column 'y' must hold numbers - 1 of 200 rows do not, such as 'many'"):
        detect(hours().astype({"y": object}).replace({"y": {hours()["y"][3]: "many"}}).head(200).pipe(_only_one))
    with pytest.raises(FrameError, match=r"The field 'y' must hold a number - got 'many'"):
        model.update(record(y="many"))


def _only_one(frame):
    odd = frame.index[frame["y"] == "many"]
    return frame.assign(y=frame["y"].where(~frame.index.isin(odd[1:]), 1))


def test_a_series_that_is_too_short_is_told_how_much_is_needed():
    with pytest.raises(
        FrameError, match=r"A history must hold 30 values or more of one series - the longest holds 29, calls\. Give"
    ):
        detect(hours(29))
    frame = pd.concat([hours(), hours(5, names=("mails",))])
    found = anomaly.train(frame, method="robust_z", track=False)
    assert any("1 series hold fewer than 30 values and say little yet: 'mails'" in note for note in found.notes)


def test_a_history_without_values_is_refused():
    with pytest.raises(FrameError, match=r"A history must hold values - all 200 rows of 'y' are empty"):
        detect(hours().assign(y=np.nan))


@pytest.mark.parametrize("kind", [ResidualDetector, RobustZDetector, ForestDetector])
def test_a_constant_series_is_quiet_until_it_changes(kind):
    frame = hours(300).assign(y=5.0)
    frame.loc[frame["unique_id"] == "chats", "y"] = hours(300)["y"]
    model = kind(kind.Config()).fit(frame)
    still = model.update(record(ahead=201, y=5.0))
    assert still["score"] < 3
    assert still["expected"] == pytest.approx(5.0, rel=0.05)
    assert model.update(record(ahead=202, y=9.0))["score"] > still["score"]


def test_a_constant_series_is_named():
    found = anomaly.train(hours().assign(y=5), method="robust_z", track=False)
    assert any("2 series never change; whatever differs will be told: 'calls', 'chats'" in one for one in found.notes)


def test_negative_counts_are_refused_where_counts_are_told():
    frame = hours()
    frame.loc[3, "y"] = -1
    assert len(detect(frame)) == 200
    with pytest.raises(
        FrameError,
        match=r"Counts must not be negative - 1 of 200 values of 'y' of 'calls' do not, such as -1\. Correct",
    ):
        detect(frame, metric="count")
    assert len(detect(frame, metric={"chats": "count"})) == 200
    model = RobustZDetector(AnomalyConfig(metric="count")).fit(hours())
    with pytest.raises(FrameError, match=r"Counts must not be negative - 'y' of calls is -3"):
        model.update(record(y=-3))
    with pytest.raises(FrameError, match=r"Shares must lie in 0 to 1 - 200 of 200 values .*Divide percentages by 100"):
        detect(hours(), metric="share")


def rates(n=100):
    random = np.random.default_rng(1)
    trials = random.integers(5, 40, 2 * n)
    return hours(n).assign(y=random.binomial(trials, 0.2), trials=trials.astype(float))


def test_a_rate_is_told_by_its_numerator_and_its_trials():
    answer = detect(rates(), denominator="trials")
    known = answer.dropna(subset="expected")
    assert known["expected"].between(0, 1).all()
    assert (answer["y"] == rates()["y"]).all()


def test_rates_above_one_and_numerators_without_trials_are_refused():
    frame = rates()
    frame.loc[4, "y"] = 50
    with pytest.raises(
        FrameError, match=r"A rate must have 0 <= 'y' <= 'trials' - one row does not of calls, such as 50"
    ):
        detect(frame, denominator="trials")
    frame = rates()
    frame.loc[4, ["y", "trials"]] = [1, 0]
    with pytest.raises(FrameError, match=r"one row does not of calls, such as 1 of 0\. Correct these rows"):
        detect(frame, denominator="trials")
    model = RobustZDetector(AnomalyConfig(denominator="trials")).fit(rates())
    with pytest.raises(
        FrameError, match=r"A rate must have 0 <= 'y' <= 'trials' - one row does not of calls, such as 3"
    ):
        model.update(record(y=3) | {"trials": 2})


def test_no_trials_say_nothing_and_are_no_error():
    frame = rates()
    frame.loc[[4, 5], ["y", "trials"]] = [[0, 0], [0, np.nan]]
    answer = detect(frame, denominator="trials")
    assert (answer.loc[[4, 5], "score"] == 0).all()
    model = RobustZDetector(AnomalyConfig(denominator="trials")).fit(frame)
    assert model.update(record(y=0) | {"trials": 0})["score"] == 0
    assert model.update(record(ahead=2, y=0) | {"trials": None})["score"] == 0


def test_series_without_any_trials_are_no_rates():
    frame = rates()
    frame.loc[frame["unique_id"] == "calls", "trials"] = np.nan
    frame.loc[frame["unique_id"] == "calls", "y"] = hours()["y"]
    answer = detect(frame, denominator="trials").dropna(subset="expected")
    assert (
        answer.groupby("unique_id")["expected"].max()["calls"]
        > 1
        > answer.groupby("unique_id")["expected"].max()["chats"]
    )


def test_a_rate_without_its_trials_is_refused():
    with pytest.raises(ConfigError, match=r"A rate needs its trials - got metric='rate' and no denominator"):
        AnomalyConfig(metric="rate")


@pytest.mark.parametrize("budget", [0, -1, "many", float("nan")])
def test_a_budget_must_be_above_zero(budget):
    with pytest.raises(ConfigError, match=r"budget must be a number of alerts above 0 for each span of '7D' - got"):
        detect(hours(), budget=budget)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budgets": 3}, r"got 'budgets'\. Did you mean 'budget'"),
        ({"metric": "counts"}, r"metric must be one of .* got 'counts'\. Did you mean 'count'"),
        (
            {"metric": {"call": "count"}},
            r"metric must name series of the history, .* got 'call'\. Did you mean 'calls'",
        ),
        ({"side": "left"}, r"side must be one of 'both', 'up', 'down' - got 'left'"),
        ({"budget_span": "7"}, r"budget_span must be a span of time such as '7D' or '12h' - got '7'"),
        ({"cooldown": "-1h"}, r"cooldown must be a span of time"),
        ({"hysteresis": 2}, r"hysteresis must be a share of the threshold in \(0, 1\] - got 2"),
        ({"together": -1}, r"together must be a whole number from 0 up - got -1"),
        ({"least_score": 0}, r"least_score must be a number above 0"),
        ({"mute": [{"series": "calls"}]}, r"mute must say from when - got no 'start'"),
        ({"mute": [{"start": "soon"}]}, r"mute needs a date or a time as 'start' - got 'soon'"),
        ({"mute": [{"start": "2024-02-01", "end": "2024-01-01"}]}, r"mute must end after its start"),
        ({"mute": [{"series": "call", "start": "2024-01-01"}]}, r"mute must name series .* Did you mean 'calls'"),
        ({"country": "KOR"}, r"country must be an ISO code"),
        ({"target": "ds"}, r"A column has one part to play - got 'ds' for several"),
        ({"columns": ["x"]}, r"several columns together, are for the method 'forest' - got columns="),
        ({"time": None}, r"Rows without time, .* are for the method 'forest' - got time=None"),
        ({"new_series": "no"}, r"new_series must be one of 'begin', 'refuse' - got 'no'"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        detect(hours(), **settings)


def test_an_unknown_method_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match=r"got 'anomaly/residuals'\. Did you mean 'anomaly/residual'"):
        anomaly.detect(hours(), method="residuals")


def test_a_model_of_other_series_is_refused(model, tmp_path):
    others = hours(3, names=("visits",), start="2024-03-09")
    folder = save(model, tmp_path / "model")
    for asked in (folder, model):
        with pytest.raises(
            FrameError,
            match=r"Rows must be of series that the model follows, 'calls', 'chats' - got 'visits' and none of those",
        ):
            anomaly.predict(asked, others)


def test_a_series_that_is_new_begins_by_itself_or_is_refused(model):
    rows = hours(40, names=("calls", "visits"), start="2024-03-09")
    answer = model.update(rows)
    assert answer.loc[answer["unique_id"] == "visits", "expected"].notna().any()
    assert model.series == ("calls", "chats", "visits")
    strict = RobustZDetector(AnomalyConfig(new_series="refuse")).fit(hours())
    for told in (rows, record("call")):
        with pytest.raises(FrameError, match=r"Rows must be of series that the model follows - got '(visits|call)'"):
            strict.update(told)
    with pytest.raises(FrameError, match=r"Did you mean 'calls'"):
        strict.update(record("call"))


def test_a_series_that_is_new_begins_alike_in_rows_of_its_own_and_in_a_record(model):
    begun = record("visits")
    assert model.copy().update(begun)["score"] == model.copy().update(pd.DataFrame([begun]))["score"].iloc[0]


def test_rows_must_name_their_series(model):
    frame = hours().astype({"unique_id": object})
    frame.loc[3, "unique_id"] = None
    with pytest.raises(FrameError, match=r"Each row must name its series - 1 of 200 rows have no 'unique_id'"):
        detect(frame)
    with pytest.raises(FrameError, match=r"Each row must name its series - this one has no 'unique_id'"):
        model.update(record(None))


def test_a_record_that_lacks_a_field_is_refused_with_the_nearest(model):
    told = record()
    told["ys"] = told.pop("y")
    with pytest.raises(FrameError, match=r"Updating needs the column 'y' - .*Did you mean 'ys'"):
        model.update(told)


def test_zones_must_be_those_of_the_history(model):
    with pytest.raises(
        FrameError, match=r"Times in 'ds' must have no time zone, as in the history - got '2024-03-08 04"
    ):
        model.update(record() | {"ds": datetime(2024, 3, 8, 4, tzinfo=UTC)})
    seoul = hours().assign(ds=lambda rows: rows["ds"].dt.tz_localize("Asia/Seoul"))
    zoned = RobustZDetector(AnomalyConfig()).fit(seoul)
    with pytest.raises(
        FrameError, match=r"Times in 'ds' must have a time zone, as in the history - got '2024-03-08 04"
    ):
        zoned.update(record())
    mixed = hours().astype({"ds": str})
    mixed.loc[0, "ds"] += "+09:00"
    with pytest.raises(FrameError, match=r"Times must all have one time zone - 'ds' mixes several"):
        detect(mixed)
    # the same moment in any zone
    utc = zoned.copy().update(record() | {"ds": datetime(2024, 3, 7, 19, tzinfo=UTC)})
    text = zoned.copy().update(record() | {"ds": "2024-03-08T04:00:00+09:00"})
    assert utc["score"] == text["score"]
    assert zoned.update(pd.DataFrame([record() | {"ds": "2024-03-07T19:00:00Z"}]))["score"][0] == text["score"]


@pytest.mark.parametrize(
    "moment",
    [
        "2024-03-08 04:00",
        "2024-03-08T04:00:00",
        datetime(2024, 3, 8, 4),
        pd.Timestamp("2024-03-08 04:00"),
        np.datetime64("2024-03-08T04:00"),
    ],
)
def test_a_moment_is_read_however_it_is_written(model, moment):
    told = model.copy().update(record() | {"ds": moment})
    expected = model.copy().update(pd.DataFrame([record()]))
    assert told["score"] == expected["score"][0]
    assert told["ds"] == moment


def test_moments_that_differ_by_less_than_a_microsecond_are_two(model):
    for end in ("123456788", "123456789"):
        model.update(record() | {"ds": f"2024-03-09 00:00:00.{end}"})


def test_moments_are_told_by_the_clock_of_the_history():
    seoul = hours()
    seoul["ds"] = seoul["ds"].dt.tz_localize("Asia/Seoul")
    model = RobustZDetector(AnomalyConfig()).fit(seoul)
    with pytest.raises(FrameError, match=r"'ds' of calls has had 2024-03-08 03:00 already"):
        model.update(record() | {"ds": "2024-03-07T18:00:00Z"})


@pytest.mark.parametrize("moment", ["soon", None, 17, ""])
def test_what_is_no_moment_is_refused(model, moment):
    with pytest.raises(FrameError, match=r"Times must be dates or times such as 2026-01-31 09:30"):
        model.update(record() | {"ds": moment})


def test_columns_of_the_answers_cannot_be_named_so():
    with pytest.raises(FrameError, match=r"Columns must not be called .* got 'score'"):
        detect(hours().rename(columns={"y": "score"}), target="score")


def test_labels_must_be_zero_or_one_in_every_row():
    with pytest.raises(FrameError, match=r"The label 'label' must be 1 in known trouble and 0 elsewhere"):
        detect(hours().assign(label=2), label="label")
    with pytest.raises(FrameError, match=r"Judging by label= needs the column 'label'"):
        detect(hours(), label="label")


def test_an_answer_that_is_none_of_ours_has_no_alerts():
    with pytest.raises(FrameError, match=r"Alerts are listed from an answer of this family"):
        anomaly.alerts(hours())


def test_rows_of_an_irregular_clock_are_fine():
    random = np.random.default_rng(2)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(random.exponential(60, 200)), unit="min")
    answer = detect(pd.DataFrame({"ds": times, "y": random.normal(size=200)}))
    assert (answer["score"] >= 0).all()


def test_rows_may_come_in_any_order():
    frame = hours()
    turned = frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(detect(turned).sort_index(), detect(frame))


def test_a_table_without_time_needs_no_key_and_answers_each_row():
    random = np.random.default_rng(3)
    table = pd.DataFrame({"agent": [f"a{one}" for one in range(300)], "handled": random.normal(50, 5, 300)})
    table["transfers"] = 0.2 * table["handled"] + random.normal(0, 1, 300)
    table.loc[7, ["handled", "transfers"]] = [95.0, -15.0]
    asked = {"key": "agent", "time": None, "target": "handled", "columns": ["transfers"], "budget": 1}
    answer = anomaly.detect(table, method="forest", **asked)
    assert answer["score"].idxmax() == 7
    assert list(answer.columns[:2]) == ["agent", "handled"]
    found = anomaly.predict(ForestDetector(ForestDetector.Config(**asked)).fit(table), table.drop(columns="agent"))
    np.testing.assert_allclose(found["score"], answer["score"])


def test_a_stream_takes_what_is_late_by_another_series(model):
    later = datetime(2024, 3, 8, 4)
    assert model.update({"unique_id": "calls", "ds": later, "y": 40})["score"] >= 0
    assert model.update({"unique_id": "chats", "ds": later - timedelta(minutes=30), "y": 40})["score"] >= 0

"""What is shared bends to no single family: a toy that forecasts goes the same way from training to promotion."""

import io
import json
import sys

import numpy as np
import pandas as pd
import pytest

import cxml
import toy
from cxml import cli, registry, tracking
from cxml.cards import write_card
from cxml.cli import words as table
from cxml.contract import Forecasts, Updates, settings_of
from cxml.errors import AbilityError, ConfigError, FrameError, PromotionRefused
from cxml.persistence import load_folder, save

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The toy is a family like the others, in this file."""
    monkeypatch.setitem(registry.FAMILIES, "toy", "toy:FAMILY")
    for method, kind in (("mean", "MeanToy"), ("flat", "FlatToy")):
        monkeypatch.setitem(registry.MODELS, f"toy/{method}", f"toy:{kind}")
    monkeypatch.setattr(cxml, "toy", toy, raising=False)


@pytest.fixture
def frame():
    return toy.contacts()


def test_a_trial_of_many_origins_is_judged_and_refitted(frame):
    steps = []
    model = toy.train(frame, track=False)
    assert list(model.verdict.metrics) == ["mean", "flat"]
    assert model.verdict.rows == {"train": 48 * 11, "test": 48 * 4}
    assert model.verdict.rule == "the last 4 days, each from the days before it"
    assert model.metrics["holdout_mae"] < model.metrics["baseline_mae"] - 3
    assert model.held_out["group"].nunique() == 4
    assert (model.held_out["loss"] < model.held_out["baseline_loss"]).mean() > 0.8
    assert model.model.last == "2024-03-12T23:30:00"
    judged = toy.train(frame, track=False, refit=False)
    assert judged.metrics == model.metrics
    assert judged.model.last == "2024-03-11T23:30:00"
    toy.trial(toy.MeanToy(model.config), frame, steps.append)
    assert steps == [f"origin {number} of 4" for number in (1, 2, 3, 4)]


def test_its_verdict_counts_days_and_not_half_hours(frame):
    days = toy.train(frame, track=False)
    (of_days,) = days.verdict.metrics["mean"]
    rows = days.held_out["loss"]
    of_rows = 1.96 * rows.std(ddof=1) / np.sqrt(len(rows))
    assert of_days.high - of_days.value > 1.5 * of_rows


@pytest.mark.parametrize("tz", [None, "Asia/Seoul"])
def test_the_span_of_timestamps_within_a_day(tz):
    from cxml.training import _describe

    frame = toy.contacts(tz=tz)
    zone = "+09:00" if tz else ""
    data = _describe(frame, toy.ToyConfig())
    assert (data.start, data.end) == ("2024-03-01", f"2024-03-12 23:30{zone}")
    texts = frame.assign(ds=frame["ds"].dt.tz_localize(None).dt.strftime("%Y-%m-%d %H:%M"))
    data = _describe(texts, toy.ToyConfig())
    assert (data.start, data.end) == ("2024-03-01", "2024-03-12 23:30")


def test_the_span_of_timestamps_asks_no_single_value(monkeypatch):
    monkeypatch.setattr("cxml.training.read_days", lambda value: pytest.fail("read one value"))
    assert toy.train(toy.contacts(), track=False).origin.data.end == "2024-03-12 23:30"


def test_what_training_settled_is_no_setting_but_is_kept(frame, tmp_path):
    model = toy.train(frame, track=False, origins=3)
    assert settings_of(model.config) == {"target": "y", "time": "ds", "origins": 3, "horizon": 48, "holidays": ()}
    assert "slots" not in write_card(model)
    assert load_folder(save(model, tmp_path / "model")).config.slots == tuple(range(48))


def test_the_card_holds_the_family_s_own_limits(frame):
    card = write_card(toy.train(frame, track=False))
    assert card.endswith("## Limits\n\nThe figures speak of days like the last ones.\n")
    assert "customer" not in card


class TestAbilities:
    def test_a_model_offers_what_it_can(self, frame):
        model = toy.train(frame, track=False)
        assert isinstance(model.model, Forecasts)
        assert isinstance(model.model, Updates)
        assert {"future", "update"} <= set(dir(model))
        assert len(model.future()) == 48
        assert model.future(3)["ds"].tolist() == list(pd.date_range("2024-03-13", periods=3, freq="30min"))

    def test_and_says_what_to_do_where_it_cannot(self, trained, frame):
        for model, name, advice in (
            (
                toy.train(frame, track=False),
                "predict_one",
                "answer one record - got 'toy/mean'. Predict on a data frame",
            ),
            (
                trained("churn/logistic"),
                "future",
                "name the rows to come - got 'churn/logistic'. Predict on a data frame",
            ),
            (trained("churn/logistic"), "update", "learn from new rows alone - got 'churn/logistic'. Train again"),
        ):
            assert not hasattr(model, name)
            assert name not in dir(model)
            with pytest.raises(ConfigError, match=f"Only some models {advice}"):
                getattr(model, name)
            with pytest.raises(AbilityError):
                getattr(model, name)
        with pytest.raises(AttributeError, match="'Trained' object has no attribute 'nonsense'"):
            trained("churn/logistic").nonsense  # noqa: B018

    def test_an_updated_model_claims_neither_its_old_end_nor_its_old_run(self, store, frame):
        model = toy.train(frame)
        more = toy.contacts(14).tail(96)
        assert model.update(more) == 96
        assert model.future(1)["ds"].tolist() == [pd.Timestamp("2024-03-15")]
        assert (model.origin.data.start, model.origin.data.end) == ("2024-03-01", None)
        assert "as of 2024-03-01 to a later update" in write_card(model)
        with pytest.raises(ConfigError, match="Only a model that MLflow holds can be promoted"):
            cxml.promote(model)


class TestMlflow:
    def test_timestamps_reach_a_served_model_as_they_are_and_as_text(self, store, mlflow, frame):
        from mlflow.pyfunc.scoring_server import infer_and_parse_data

        model = toy.train(frame)
        served = mlflow.pyfunc.load_model(model.uri)
        rows = model.future(5)
        expected = model.model.predict(rows)
        pd.testing.assert_frame_equal(served.predict(rows), expected)
        assert [one.name for one in served.metadata.signature.inputs] == ["ds"]
        assert [one.name for one in served.metadata.signature.outputs] == ["ds", "contacts"]
        for sent in (rows, rows.astype(str)):
            body = {"dataframe_split": json.loads(sent.to_json(orient="split", date_format="iso"))}
            read = infer_and_parse_data(body, served.metadata.signature.inputs)
            answer = served.predict(read).reset_index(drop=True)
            np.testing.assert_allclose(answer["contacts"], expected["contacts"])
            assert answer["ds"].tolist() == expected["ds"].tolist()
        assert len(served.input_example) == 3
        np.testing.assert_allclose(served.predict(served.input_example)["contacts"], expected["contacts"].head(3))

    def test_its_run_holds_settings_figures_tables_and_span(self, store, mlflow, frame):
        model = toy.train(frame)
        run = mlflow.MlflowClient().get_run(model.run_id)
        assert run.data.params["origins"] == "4"
        assert "slots" not in run.data.params
        assert {"holdout_mae", "holdout_mae_low", "baseline_mae"} <= set(run.data.metrics)
        assert {one.path for one in mlflow.MlflowClient().list_artifacts(model.run_id)} >= {"by_day.csv", "card.md"}
        (used,) = run.inputs.dataset_inputs
        assert {tag.key: tag.value for tag in used.tags}["as_of_end"] == "2024-03-12 23:30"
        assert cxml.compare("toy")["run"].tolist() == ["toy/mean", "toy/flat"]


class TestPromotion:
    def test_both_comparisons_count_days(self, store, frame):
        flat = toy.train(frame, method="flat")
        model = toy.train(frame)
        first = cxml.promote(model)
        with pytest.raises(PromotionRefused, match=r"toy/flat must beat toy@champion \(version 1\) on the same"):
            cxml.promote(flat)
        own = tracking.read_held_out(model.run_id)
        gap = (own["loss"] - own["baseline_loss"]).groupby(own["group"]).mean()
        error = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
        assert first.against_baseline.high - first.against_baseline.mean == pytest.approx(error)
        again = cxml.promote(toy.train(frame, horizon=24), tolerance=1.0)
        assert again.against_champion.mean == 0

    def test_two_models_are_judged_on_later_days(self, store, frame):
        cxml.promote(toy.train(frame))
        later = toy.contacts(40, seed=1)
        found = cxml.promote(toy.train(later.head(48 * 30)), on=later.tail(48 * 10), tolerance=5.0)
        assert found.against_champion.rows == 480
        with pytest.raises(FrameError, match=r"48 of 480 were in the table of the c.*Take other rows"):
            cxml.promote(toy.train(later.head(48 * 31)), on=later.tail(48 * 10), tolerance=5.0)


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def words(self, monkeypatch, in_tmp):
        words = table.Words(
            to_train="--data contacts.csv",
            to_predict="--out next.csv --horizon 48",
            train={
                "horizon": {"type": int, "metavar": "N", "help": "periods ahead"},
                "events": {"metavar": "FILE", "help": "what is planned"},
            },
            predict={"horizon": {"type": int, "metavar": "N", "help": "periods ahead"}},
            files=("events",),
            rows=False,
        )
        monkeypatch.setitem(table.FAMILIES, "toy", words)
        toy.contacts().to_csv("contacts.csv", index=False)

    def test_a_family_has_options_of_its_own_and_may_know_its_rows(self, capsys):
        pd.DataFrame({"day": ["2024-03-05"]}).to_csv("events.csv", index=False)
        asked = ["train", "toy", "--data", "contacts.csv", "--no-track", "--out", "model"]
        assert cli.main([*asked, "--horizon", "6", "--events", "events.csv"]) == 0
        assert "cxml predict model --out next.csv --horizon 48" in capsys.readouterr().out
        assert cxml.load("model").config.holidays == ("2024-03-05",)
        assert cli.main(["predict", "model", "--out", "next.csv"]) == 0
        assert len(pd.read_csv("next.csv")) == 6
        assert cli.main(["predict", "model", "--out", "next.csv", "--horizon", "9"]) == 0
        assert len(pd.read_csv("next.csv")) == 9
        assert cli.main(["predict", "model", "--data", "contacts.csv", "--out", "next.csv"]) == 0
        assert len(pd.read_csv("next.csv")) == 48 * 12

    def test_options_of_another_family_are_refused(self, capsys, trained, in_tmp):
        def refused(*asked):
            assert cli.main([str(one) for one in asked]) == 2
            return capsys.readouterr().err

        folder = save(trained("churn/logistic"), in_tmp / "churn")
        told = refused("train", "churn", "--data", "contacts.csv", "--target", "y", "--horizon", 3)
        assert told == "cxml: --horizon is for volume and toy - got it for churn. Leave it out.\n"
        assert "--months" in (told := refused("predict", toy_folder(in_tmp), "--out", "a.csv", "--months", 3))
        assert "is for churn - got it for toy" in told
        assert "answers about rows - got no --data" in refused("predict", folder, "--out", "a.csv")
        assert "Training churn needs --target" in refused("train", "churn", "--data", "contacts.csv")

    def test_help_names_the_families_of_each_option(self, capsys):
        with pytest.raises(SystemExit):
            cli.main(["train", "--help"])
        told = capsys.readouterr().out
        assert told.index("\nchurn:") < told.index("--positive LABEL  ") < told.index("\nvolume and toy:")
        assert "--events FILE" in told


def toy_folder(place):
    return save(toy.train(toy.contacts(), track=False), place / "toy")


def test_each_family_is_in_the_table_of_the_command_line():
    assert set(table.FAMILIES) == set(registry.FAMILIES) - {"toy"}


class TestProgress:
    def test_is_silent_in_a_pipe(self, frame, capfd):
        toy.train(frame, track=False)
        assert capfd.readouterr() == ("", "")

    def test_names_each_step_on_a_terminal(self, frame, monkeypatch):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        shown = Terminal()
        monkeypatch.setattr(sys, "stderr", shown)
        monkeypatch.setattr("tqdm.std.time", lambda: 0.0)  # however long it takes here
        toy.train(frame, track=False)
        assert "origin 4 of 4 (step 4, 00:00)" in shown.getvalue()
        assert "fitting on all rows (step 6, 00:00)" in shown.getvalue()

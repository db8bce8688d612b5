"""Ways in which a verdict could flatter or a model could be wrong without anybody noticing: each is closed."""

import numpy as np
import pandas as pd
import pytest

import cxml
from builders import KEY, TARGET
from cxml import churn, datasets
from cxml.errors import ConfigError, FrameError, PromotionRefused, TrackingError

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


def names_in_common(model, frame, column):
    """Values of a column on both sides of the model's split."""
    from cxml.churn.family import split

    sides = split(frame, model.config)
    return set(frame[column].iloc[sides.train]) & set(frame[column].iloc[sides.test])


def test_customers_who_are_met_every_month_teach_nothing_by_being_recognised():
    """Noise that is constant per customer: a model that recognises customers across folds would be sure and wrong."""
    random = np.random.default_rng(0)
    fate = np.where(random.random(300) < 0.3, "yes", "no")
    panel = pd.DataFrame(
        {
            "id": np.repeat(np.arange(300), 6),
            "as_of": np.tile(pd.date_range("2024-01-31", periods=6, freq="ME"), 300),
            "churned": np.repeat(fate, 6),
            **{f"x{place}": np.repeat(random.normal(size=300), 6) for place in range(4)},
        }
    )
    model = churn.train(panel, target="churned", key="id", time="as_of", refit=False, track=False)
    figures = {name: metrics[0].value for name, metrics in model.verdict.metrics.items()}
    assert figures["boosted"] < figures["base_rate"] + 0.02
    assert not names_in_common(model, panel, "id")


def test_a_table_exported_twice_is_not_judged_on_its_own_copies(customers):
    twice = pd.concat([customers, customers], ignore_index=True)
    twice["row_id"] = np.arange(len(twice)) + 1_000
    model = churn.train(twice.drop(columns=KEY), target=TARGET, method="logistic", track=False)
    assert any("row_id" in note for note in model.notes)
    assert not names_in_common(model, twice.drop(columns=KEY).assign(copy=[*range(600)] * 2), "copy")


@pytest.mark.parametrize("row", range(0, 600, 97))
def test_one_odd_value_is_read_alike_wherever_the_split_puts_it(customers, row):
    fee = customers["monthly_fee"].astype(str)
    fee.iloc[row] = "unknown"
    model = churn.train(customers.assign(fee2=fee), target=TARGET, key=KEY, method="logistic", track=False)
    assert any("fee2" in note for note in model.notes)


def test_a_side_without_leavers_is_refused_before_work_starts(monkeypatch):
    frame = datasets.make_snapshots(300, months=5, seed=1).frame
    early = frame["as_of"] < frame["as_of"].max()
    quiet = frame.assign(churned=np.where(early, "no", frame["churned"]))
    monkeypatch.setattr(cxml.churn.logistic.LogisticChurn, "fit", lambda *_: pytest.fail("work had started"))
    with pytest.raises(FrameError, match=r"on both sides - of the .* rows to learn from .* 0 left"):
        churn.train(quiet, target="churned", key="customer_id", time="as_of", method="logistic", track=False)


def test_keys_that_a_float_cannot_hold_are_still_different_customers(customers):
    from cxml.frames import hash_rows

    big = pd.DataFrame({KEY: np.arange(10) + 10**18})
    assert len(set(hash_rows(big, as_text=True))) == len(set(hash_rows(big))) == 10
    assert list(hash_rows(pd.DataFrame({KEY: ["1"]}), as_text=True)) == list(
        hash_rows(pd.DataFrame({KEY: [1]}), as_text=True)
    )


def test_a_model_that_may_know_the_answer_is_not_promoted_unasked(store, customers):
    leaking = customers.assign(closed=customers[TARGET])
    model = churn.train(leaking, target=TARGET, key=KEY, method="logistic", pictures=False)
    with pytest.raises(PromotionRefused, match=r"must not know the answer - possible leakage: 'closed'"):
        cxml.promote(model)
    assert cxml.promote(model, accept_leaks=True).version == "1"


def test_a_frame_to_judge_on_is_checked_like_one_to_train_on(tracked_store, korean, fresh):
    cxml.promote(tracked_store.weak)
    frame = fresh.frame.rename(columns={"region": "지역", "plan": "요금제", "churned": "이탈"})
    with pytest.raises(FrameError, match="must be known in every row"):
        cxml.promote(tracked_store.strong, on=frame.assign(이탈=frame["이탈"].where(frame.index % 3 > 0)))
    with pytest.raises(FrameError, match="needs the column '이탈'"):
        cxml.promote(tracked_store.strong, on=frame.drop(columns="이탈"))
    with pytest.raises(FrameError, match="at least 100 rows"):
        cxml.promote(tracked_store.strong, on=frame.head(99))
    with pytest.raises(FrameError, match="150 of 600 were in the table of the challenger"):
        cxml.promote(tracked_store.strong, on=korean)
    with pytest.raises(FrameError, match="were in the table of the challenger"):
        cxml.promote(tracked_store.strong, on=korean.iloc[1:].assign(note=1))


@pytest.mark.parametrize("alias", ["latest", "v1", "no space", ""])
def test_an_alias_that_mlflow_keeps_for_itself_is_refused_before_anything_is_registered(tracked_store, mlflow, alias):
    with pytest.raises(ConfigError, match="An alias is a word"):
        cxml.promote(tracked_store.strong, alias=alias)
    assert not mlflow.MlflowClient().search_registered_models()


def test_saving_over_a_folder_never_takes_other_files_with_it(trained, tmp_path):
    place = tmp_path / "web"
    place.mkdir()
    (place / "manifest.json").write_text("{}")
    (place / "thesis.txt").write_text("years of work")
    with pytest.raises(cxml.ModelFolderError, match="exists already"):
        cxml.save(trained("churn/logistic"), place, overwrite=True)
    assert (place / "thesis.txt").read_text() == "years of work"


def test_a_model_stays_when_its_successor_cannot_take_its_place(trained, tmp_path, monkeypatch):
    from pathlib import Path

    place = cxml.save(trained("churn/logistic"), tmp_path / "model")
    rename = Path.rename

    def failing(self, target):
        if ".new-" in self.name:
            raise PermissionError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(PermissionError):
        cxml.save(trained("churn/base_rate"), place, overwrite=True)
    assert cxml.load(place).name == "churn/logistic"
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("ask", [lambda: cxml.load("models:/churn@champion"), lambda: cxml.compare("churn")])
def test_a_server_that_is_down_is_said_at_once(monkeypatch, free_port, ask):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(TrackingError, match="The tracking server must answer"):
        ask()


def test_a_total_paid_so_far_is_named_to_a_survival_model(customers):
    settings = {"target": TARGET, "key": KEY, "duration": "tenure_months", "track": False, "method": "life_table"}
    model = churn.train(customers, **settings, on_leakage="drop")
    assert any("'total_paid': it goes with the duration" in note for note in model.notes)
    assert not model.verdict.leaks
    assert "total_paid" in churn.train(customers, **settings).verdict.leaks


@pytest.mark.parametrize(("text", "number"), [("12,300원", 12300.0), ("₩ 1,000", 1000.0), ("$5.5", 5.5)])
def test_money_is_a_number(text, number):
    from cxml.values import read_number

    assert read_number(text) == number


def test_copies_of_the_few_who_left_stay_on_one_side():
    """Over-sampled noise: with copies on both sides the figures would be perfect."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(300, 6)), columns=[f"x{place}" for place in range(6)])
    frame["churned"] = np.where(random.random(300) < 0.12, "yes", "no")
    left = frame[frame["churned"] == "yes"]
    frame = pd.concat([frame, *[left] * 7], ignore_index=True)
    model = churn.train(frame, target="churned", method="logistic", track=False)
    assert not names_in_common(model, frame, "x0")


def test_a_panel_of_few_coarse_columns_can_be_trained():
    random = np.random.default_rng(4)
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(300), 4), "as_of": np.tile(pd.date_range("2024-01-31", periods=4, freq="ME"), 300)}
    )
    for name in "abc":
        frame[name] = random.choice(["u", "v", "w", "x"], len(frame))
    frame["churned"] = np.where(random.random(len(frame)) < 0.3, "yes", "no")
    model = churn.train(frame, target="churned", key="id", time="as_of", method="logistic", track=False)
    assert min(model.verdict.rows.values()) > 50


def test_a_dropped_column_may_hold_anything(customers):
    odd = customers.assign(tags=[["a"]] * len(customers), endless=np.inf, end=pd.Timestamp("9999-12-31").as_unit("s"))
    settings = {"target": TARGET, "key": KEY, "method": "base_rate", "track": False}
    assert churn.train(odd, **settings, drop=["tags", "endless", "end"]).verdict


@pytest.mark.parametrize("durations", ["whole", "whole and one broken", "quarters"])
def test_no_leaver_is_lost_whatever_the_grid_of_the_durations(durations):
    random = np.random.default_rng(5)
    lived = random.exponential(8.0, 3000)
    seen = np.minimum(lived, random.uniform(0, 24, 3000))
    grid = 4.0 if durations == "quarters" else 1.0
    duration = np.floor(seen * grid) / grid
    left = lived <= seen
    if durations == "whole and one broken":
        duration[np.flatnonzero(~left)[0]] += 0.5
    frame = pd.DataFrame({"months": duration, "left": np.where(left, "yes", "no"), "x": random.normal(size=3000)})
    model = churn.train(frame, target="left", duration="months", track=False)
    stay = churn.predict(model, frame.head(50).assign(months=0.0), months=[6])["survival_month_6"].mean()
    assert stay == pytest.approx(np.exp(-6 / 8), abs=0.05)

"""Which model becomes the champion: only one that beats its baseline and the champion on the same rows."""

import numpy as np
import pandas as pd
import pytest

import cxml
from cxml import churn, promotion, tracking
from cxml.errors import ConfigError, PromotionRefused

pytestmark = [
    # mlflow 3.17 configures its SQLAlchemy mappers with a loader that SQLAlchemy 2.1 deprecates.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    # A base rate needs no column, so there is nothing that an example could show.
    pytest.mark.filterwarnings("ignore:.*An input example was not provided"),
]


def champion(mlflow):
    found = mlflow.MlflowClient().get_model_version_by_alias("churn", "champion")
    return found.run_id


def test_the_first_champion_needs_to_beat_its_baseline_only(tracked_store, mlflow):
    found = cxml.promote(tracked_store.strong)
    assert found.uri == "models:/churn@champion"
    assert found.version == "1"
    assert found.against_champion is None
    assert found.against_baseline.high < 0
    assert champion(mlflow) == tracked_store.strong.run_id
    version = mlflow.MlflowClient().get_model_version_by_alias("churn", "champion")
    assert version.tags["cxml.against_baseline"] == str(found.against_baseline)


def test_a_worse_model_is_refused_and_the_alias_stays(tracked_store, mlflow):
    cxml.promote(tracked_store.strong)
    with pytest.raises(
        PromotionRefused, match=r"beat churn@champion \(version 1\) .*\+0\.0.* The alias was not moved\. If"
    ):
        cxml.promote(tracked_store.weak)
    assert champion(mlflow) == tracked_store.strong.run_id
    found = cxml.promote(tracked_store.weak, tolerance=10.0)
    assert found.against_champion.mean > 0
    assert champion(mlflow) == tracked_store.weak.run_id


def test_a_better_model_takes_the_alias_and_it_can_be_given_back(tracked_store, mlflow):
    cxml.promote(tracked_store.weak)
    found = cxml.promote(f"runs:/{tracked_store.strong.run_id}")
    assert found.against_champion.mean < 0
    assert found.version == "2"
    assert champion(mlflow) == tracked_store.strong.run_id
    assert cxml.load("models:/churn@champion").run_id == tracked_store.strong.run_id
    mlflow.MlflowClient().set_registered_model_alias("churn", "champion", "1")
    assert cxml.load("models:/churn@champion").run_id == tracked_store.weak.run_id


def test_the_champion_itself_is_no_better_than_the_champion(tracked_store):
    cxml.promote(tracked_store.strong)
    with pytest.raises(PromotionRefused, match=r"must beat churn@champion .*\+0\.0000"):
        cxml.promote(tracked_store.strong)


def test_strict_asks_for_certainty(tracked_store, monkeypatch):
    held_out = tracking.read_held_out(tracked_store.weak.run_id)
    gap = np.where(np.arange(len(held_out)) % 2, 0.5, -0.52)
    unsure = held_out.assign(baseline_loss=held_out["loss"] - gap)
    unsure.attrs = held_out.attrs
    monkeypatch.setattr(tracking, "read_held_out", lambda run_id: unsure)
    with pytest.raises(PromotionRefused, match=r"must beat its baseline .* must have its whole interval below 0"):
        cxml.promote(tracked_store.weak, strict=True)
    assert cxml.promote(tracked_store.weak).against_baseline.mean < 0


def test_a_model_that_loses_to_its_baseline_is_refused_whatever_the_tolerance(tracked_store, monkeypatch):
    held_out = tracking.read_held_out(tracked_store.strong.run_id)
    exchanged = held_out.rename(columns={"loss": "baseline_loss", "baseline_loss": "loss"})
    monkeypatch.setattr(tracking, "read_held_out", lambda run_id: exchanged)
    with pytest.raises(PromotionRefused, match=r"must beat its baseline .*\+0\..* must have its mean below 0"):
        cxml.promote(tracked_store.strong, tolerance=10.0)


def test_models_judged_on_other_rows_are_compared_on_a_frame(tracked_store, korean, fresh):
    cxml.promote(tracked_store.weak)
    others = korean.assign(customer_id=[f"D{n}" for n in range(len(korean))])
    challenger = churn.train(others, target="이탈", key="customer_id", method="logistic", pictures=False)
    with pytest.raises(
        ConfigError, match=r"they share 0 of 150. Give rows that neither was trained on: promote\(model, on="
    ):
        cxml.promote(challenger)
    names = {"region": "지역", "plan": "요금제", "churned": "이탈"}
    found = cxml.promote(challenger, on=fresh.frame.rename(columns=names).assign(customer_id=[*range(1500)]))
    assert found.against_champion.rows == len(fresh.frame)
    assert found.against_champion.mean < 0


def test_fewer_than_a_hundred_common_rows_compare_nothing(tracked_store, monkeypatch):
    cxml.promote(tracked_store.weak)
    real = tracking.read_held_out

    def read(run_id, most=99):
        found = real(run_id)
        few = found.head(most)
        few.attrs = found.attrs
        return few

    monkeypatch.setattr(tracking, "read_held_out", read)
    with pytest.raises(
        ConfigError, match=r"both held out - they share 99 of 99\. .* Fewer than 100 rows, or than half"
    ):
        cxml.promote(tracked_store.strong)
    monkeypatch.setattr(tracking, "read_held_out", lambda run_id: read(run_id, 100))
    assert cxml.promote(tracked_store.strong).against_champion.rows == 100


@pytest.mark.parametrize("form", ["models:/churn@shadow", "models:/churn/1", "runs:/{run_id}/model", "{uri}"])
def test_a_model_is_promoted_by_any_of_its_names(tracked_store, mlflow, form):
    strong = tracked_store.strong
    cxml.promote(strong, alias="shadow")
    cxml.promote(form.format(run_id=strong.run_id, uri=strong.uri))
    assert champion(mlflow) == strong.run_id


def test_other_names_and_aliases(tracked_store, mlflow):
    found = cxml.promote(tracked_store.strong, name="이탈-모델", alias="shadow")
    assert found.uri == "models:/이탈-모델@shadow"
    assert cxml.load(found.uri).run_id == tracked_store.strong.run_id


def test_models_that_are_not_tracked_cannot_be_promoted(tracked_store, trained, tmp_path):
    with pytest.raises(ConfigError, match=r"Only a model that MLflow holds can be promoted - this one has no run"):
        cxml.promote(trained("churn/logistic"))
    with pytest.raises(ConfigError, match=r"this one has no run"):
        cxml.promote(str(cxml.save(trained("churn/logistic"), tmp_path / "model")))


def test_models_with_another_headline_are_not_compared(tracked_store, monkeypatch):
    cxml.promote(tracked_store.strong)
    real = tracking.read_held_out

    def read(run_id):
        found = real(run_id)
        if run_id == tracked_store.strong.run_id:
            found.attrs["headline"] = "survival_log_loss"
        return found

    monkeypatch.setattr(tracking, "read_held_out", read)
    with pytest.raises(ConfigError, match=r"by one metric - the champion's is 'survival_log_loss', the .*'log_loss'"):
        cxml.promote(tracked_store.weak)


def test_compare_lists_best_first_with_baselines(tracked_store):
    found = cxml.compare("churn")
    assert len(found) == 5
    same = found[found["data"] == tracked_store.strong.origin.data.digest]
    assert same["run"].tolist() == ["churn/logistic", "churn/logistic", "churn/base_rate", "churn/base_rate"]
    assert same["role"].tolist() == ["model", "model", "baseline", "baseline"]
    assert same["run_id"].tolist()[:2] == [tracked_store.strong.run_id, tracked_store.weak.run_id]
    assert same["value"].is_monotonic_increasing
    assert same["value"].iloc[0] == tracked_store.strong.metrics["holdout_log_loss"]
    assert same["low"].iloc[0] < same["value"].iloc[0] < same["high"].iloc[0]
    assert {"roc_auc", "brier", "started", "run_id", "headline"} <= set(found.columns)
    groups = found["data"].tolist()
    assert groups == sorted(groups, key=groups.index), "runs on the same data stand together"


def test_compare_says_so_when_there_is_nothing_or_no_such_family(store):
    assert cxml.compare("churn").empty
    known = r"A family is one of 'churn', 'volume', 'voc', 'offers', 'anomaly' - got 'chrn'. Did you mean 'churn'"
    with pytest.raises(ConfigError, match=known):
        cxml.compare("chrn")


def test_the_difference_of_two_arrays_by_hand():
    found = promotion.paired_difference([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert found.mean == 1.0
    assert found.high - found.low == pytest.approx(2 * 1.96 * 1.0 / np.sqrt(3))
    assert found.rows == 3


def test_ten_copies_of_each_row_make_no_difference_surer():
    one, other = np.random.default_rng(0).normal(size=(2, 50))
    once = promotion.paired_difference(one, other)
    copies = [np.tile(values, 10) for values in (one, other, np.arange(50))]
    grouped, alone = promotion.paired_difference(*copies), promotion.paired_difference(*copies[:2])
    assert (grouped.mean, grouped.low, grouped.high) == pytest.approx((once.mean, once.low, once.high))
    assert grouped.rows == 500
    assert alone.high - alone.low < 0.4 * (once.high - once.low)


def test_a_single_group_makes_nothing_sure():
    found = promotion.paired_difference([1.0, 2.0], [2.0, 4.0], groups=["a", "a"])
    assert (found.mean, found.high) == (-1.5, np.inf)


def test_customers_met_at_many_dates_are_one_witness_each(tracked_store):
    held_out = tracking.read_held_out(tracked_store.dated.run_id)
    assert held_out["group"].nunique() < len(held_out) == held_out["row"].nunique()
    assert "group" not in tracking.read_held_out(tracked_store.strong.run_id)
    gap = held_out["loss"] - held_out["loss"].mean()
    wide = promotion.paired_difference(held_out["loss"], 0 * gap, held_out["group"])
    sums = gap.groupby(held_out["group"]).sum()
    error = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(gap)
    assert wide.high - wide.mean == pytest.approx(1.96 * error)


def test_compare_answers_with_a_frame(tracked_store):
    assert isinstance(cxml.compare("churn"), pd.DataFrame)

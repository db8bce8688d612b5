"""Churn, end to end: what is found while training, and what can be asked of the answer."""

from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

from cxml import churn
from cxml.datasets import make_snapshots
from cxml.errors import ConfigError, FrameError
from cxml.metrics import CampaignCosts, expected_profit

WORDS = {"target": "churned", "key": "customer_id", "method": "logistic", "track": False, "refit": False}


@pytest.fixture
def leaking(customers):
    left = customers["churned"] == "yes"
    return customers.assign(해지사유=np.where(left, "price", None), closed=np.where(left, 1.0, np.nan))


def test_leaks_are_named_with_their_figure(leaking):
    model = churn.train(leaking, **WORDS)
    (one, other) = (note for note in model.notes if "leakage" in note)
    assert one.startswith("Possible leakage in '해지사유': alone it tells the target, ROC AUC 1.000. It was used")
    assert "'closed'" in other
    assert model.metrics["holdout_roc_auc"] > 0.99


def test_leaks_are_dropped_when_told_to(leaking):
    model = churn.train(leaking, **WORDS, on_leakage="drop")
    assert {"해지사유", "closed"} <= set(model.config.drop)
    assert not {"해지사유", "closed"} & set(model.model.features())
    assert sum("It was left out" in note for note in model.notes) == 2
    assert 0.6 < model.metrics["holdout_roc_auc"] < 0.9


def test_leaks_are_refused_when_told_to(leaking, customers):
    with pytest.raises(FrameError, match=r"in '해지사유': .*ROC AUC 1.000.*'closed'.*known before the outcome is"):
        churn.train(leaking, **WORDS, on_leakage="raise")
    churn.train(customers, **{**WORDS, "method": "base_rate"}, on_leakage="raise")
    with pytest.raises(FrameError, match=r"needs columns to learn from - all may leak: '해지사유'"):
        churn.train(leaking[["customer_id", "churned", "해지사유"]], **WORDS, on_leakage="drop")


def test_columns_left_out_are_listed_with_the_reason(customers):
    frame = customers.assign(row=range(10**6, 10**6 + 600), one=1, empty=None, note=[f"n{i}" for i in range(600)])
    model = churn.train(frame, **WORDS)
    notes = "\n".join(model.notes)
    assert "Left out, looks like an identifier: whole numbers that never repeat: 'row'" in notes
    assert "Left out, has one value only: 'one'" in notes
    assert "Left out, has no value in any row: 'empty'" in notes
    assert "Left out, looks like an identifier or free text: nearly every row has a value of its own: 'note'" in notes
    assert not {"row", "one", "empty", "note"} & set(model.model.features())


def test_columns_can_be_left_out_by_name(customers):
    one = churn.train(customers, **WORDS, drop=["plan", "region"])
    assert one.config.drop == ("plan", "region")
    assert not {"plan", "region"} & set(one.model.features())
    assert churn.train(customers, **WORDS, drop="plan").config.drop == ("plan",)


def test_text_that_is_numbers_with_dirt_is_numbers(trained):
    assert trained("churn/logistic").model.features()["total_paid"] == "number"
    assert trained("churn/logistic").model.features() == {
        **dict.fromkeys(["tenure_months", "monthly_fee", "total_paid", "is_bundle"], "number"),
        **dict.fromkeys(["support_calls", "late_payments", "app_visits", "satisfaction"], "number"),
        **dict.fromkeys(["contract", "plan", "region"], "text"),
        "device_bought_on": "date",
    }


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ({"yes": 1, "no": 0}, None),
        ({"yes": True, "no": False}, None),
        ({"yes": "해지", "no": "유지"}, None),
        ({"yes": "A", "no": "B"}, "A"),
    ],
)
def test_labels_of_any_kind_give_the_same_model(customers, trained, labels, positive):
    model = churn.train(customers.assign(churned=customers["churned"].map(labels)), **WORDS, positive=positive)
    expected = trained("churn/logistic").metrics
    assert model.config.positive == labels["yes"]
    # other customers are held out, as the label is part of the class that is split
    assert model.metrics["holdout_roc_auc"] == pytest.approx(expected["holdout_roc_auc"], abs=1e-6)


def test_the_other_label_turns_the_question_round(customers, trained, fresh):
    turned = churn.train(customers, **WORDS, positive="no")
    one = churn.predict(turned, fresh.frame)["churn_probability"]
    other = churn.predict(trained("churn/logistic"), fresh.frame)["churn_probability"]
    np.testing.assert_allclose(one, 1 - other, atol=2e-3)


def test_korean_of_either_normal_form_is_the_same_customer(trained, fresh):
    model = trained("churn/boosted")
    decomposed = fresh.frame.assign(region=[normalize("NFD", one) for one in fresh.frame["region"]])
    pd.testing.assert_frame_equal(churn.predict(model, decomposed), churn.predict(model, fresh.frame))


def test_categories_of_any_cardinality(customers):
    wide = customers.assign(city=[f"도시{n % 250}" for n in range(600)])
    for method in ("logistic", "boosted"):
        model = churn.train(wide, **{**WORDS, "method": method})
        assert model.model.features()["city"] == "text"
        assert model.metrics["holdout_roc_auc"] > 0.6


def test_costs_add_the_profit_of_a_contact(trained, customers):
    costs = CampaignCosts(value=300, contact_cost=2, offer_cost=20, accept_rate=0.4)
    answer = churn.predict(trained("churn/logistic"), customers, costs=costs)
    assert list(answer.columns) == ["customer_id", "churn_probability", "expected_profit"]
    by_hand = expected_profit(answer["churn_probability"].to_numpy(), costs)
    np.testing.assert_array_equal(answer["expected_profit"], by_hand)
    assert np.corrcoef(answer["expected_profit"], answer["churn_probability"])[0, 1] > 0.99


def test_costs_of_the_config_are_those_of_the_literature(trained):
    costs = trained("churn/logistic").config.costs
    assert (costs.value, costs.contact_cost, costs.offer_cost, costs.accept_rate) == (200, 1, 10, 0.3)


def test_abilities_that_a_model_lacks_are_refused(trained, customers):
    for name in ("churn/base_rate", "churn/life_table"):
        with pytest.raises(ConfigError, match=f"reasons= needs a model that explains itself - '{name}' does not"):
            churn.predict(trained(name), customers, reasons=3)
    for name in ("churn/logistic", "churn/base_rate"):
        with pytest.raises(ConfigError, match=f"months= needs a model that knows when - '{name}' only knows who"):
            churn.predict(trained(name), customers, months=[6])


@pytest.mark.parametrize("reasons", [-1, True, 1.5, "3"], ids=repr)
def test_a_number_of_reasons_that_makes_no_sense_is_refused(trained, customers, reasons):
    with pytest.raises(ConfigError, match=r"reasons must be how many to give, 1 or more"):
        churn.predict(trained("churn/logistic"), customers.head(3), reasons=reasons)


def test_a_language_that_is_not_spoken_is_refused(trained, customers):
    with pytest.raises(ConfigError, match=r"language must be 'en' or 'ko' - got 'fr'"):
        churn.predict(trained("churn/logistic"), customers.head(3), reasons=1, language="fr")


def test_a_model_of_another_family_is_refused(trained, customers, monkeypatch):
    from cxml.churn.logistic import LogisticChurn

    monkeypatch.setattr(LogisticChurn, "family", "offers")
    with pytest.raises(FrameError, match=r"churn.predict needs a model of its family - got 'offers/logistic'"):
        churn.predict(trained("churn/logistic"), customers)


def test_snapshots_are_split_by_time_and_dates_counted_from_the_as_of_date():
    frame = make_snapshots(400, months=6, seed=2).frame
    model = churn.train(frame, **WORDS, time="as_of")
    assert model.verdict.rule.startswith("as-of dates from 2024-")
    assert (model.origin.data.start, model.origin.data.end) == ("2024-06-30", "2024-11-30")
    assert model.model.features()["as_of"] == "date"
    # a year later everything is as old as it was
    later = frame.assign(**{name: frame[name] + pd.DateOffset(days=365) for name in ("as_of", "device_bought_on")})
    np.testing.assert_allclose(
        churn.predict(model, later)["churn_probability"], churn.predict(model, frame)["churn_probability"], atol=1e-12
    )


def test_dates_after_the_as_of_date_are_reported():
    frame = make_snapshots(400, months=4, seed=2).frame
    frame["closed_on"] = frame["as_of"] + pd.to_timedelta(np.arange(len(frame)) % 40 - 20, unit="D")
    model = churn.train(frame, **WORDS, time="as_of")
    (note,) = (note for note in model.notes if "leakage" in note)
    assert note.startswith("Possible leakage in 'closed_on': ")
    assert f"of {len(frame):,} dates lie after the as-of date 'as_of'" in note


def test_a_customer_may_have_one_row_a_date_only():
    frame = make_snapshots(400, months=4, seed=2).frame
    with pytest.raises(
        FrameError, match=r"Keep one row a customer; where rows are taken at several dates, name the date"
    ):
        churn.train(frame, **WORDS)
    with pytest.raises(
        FrameError, match=r"its own 'customer_id' and 'as_of' - 2 of .* Keep one row for each customer and"
    ):
        churn.train(pd.concat([frame, frame.head(1)]), **WORDS, time="as_of")


def test_probabilities_mean_what_they_say(trained, fresh):
    """On customers it never saw, the mean probability is the share who left, and the error against the truth small."""
    for name in ("churn/boosted", "churn/logistic"):
        chance = churn.predict(trained(name), fresh.frame)["churn_probability"].to_numpy()
        assert chance.mean() == pytest.approx(fresh.probability.mean(), abs=0.05)
        assert np.abs(chance - fresh.probability).mean() < 0.12
        assert np.corrcoef(chance, fresh.probability)[0, 1] > 0.75

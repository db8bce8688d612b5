"""Why: effects that add up exactly, and sentences that say them."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from cxml import churn
from cxml.churn.reasons import points_of
from cxml.contract import Explanation

MODELS = ["churn/boosted", "churn/logistic"]


@pytest.fixture
def dirty(fresh):
    """Customers with missing values and categories that no model has seen."""
    frame = fresh.frame.head(80).copy()
    frame.loc[frame.index[:10], ["plan", "satisfaction"]] = None
    frame.loc[frame.index[5:15], "region"] = "평양"
    frame.loc[frame.index[20:30], "total_paid"] = " "
    return frame


@pytest.mark.parametrize("name", MODELS)
def test_base_and_effects_add_up_to_the_score(trained, dirty, name):
    explanation = trained(name).model.explain(dirty)
    chance = trained(name).model.predict(dirty)["churn_probability"].to_numpy()
    np.testing.assert_allclose(explanation.base + explanation.effects.sum(axis=1), logit(chance), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(explanation.score, explanation.base + explanation.effects.sum(axis=1))
    assert set(explanation.names) == set(trained(name).model.features())
    assert explanation.values.shape == explanation.effects.shape


@pytest.mark.parametrize("name", MODELS)
def test_points_add_up_to_the_difference_of_probabilities(trained, dirty, name):
    explanation = trained(name).model.explain(dirty)
    points = points_of(explanation)
    rise = 100 * (expit(explanation.score) - expit(explanation.base))
    np.testing.assert_allclose(points.sum(axis=1), rise, rtol=0, atol=1e-9)
    assert (np.sign(points) == np.sign(explanation.effects)).all()
    assert (np.argsort(np.abs(points), axis=1) == np.argsort(np.abs(explanation.effects), axis=1)).all()


def test_points_where_the_score_is_the_base():
    values = pd.DataFrame({"a": ["x"], "b": ["y"]})
    for tiny in (0.0, 1e-12, 1e-5):
        found = points_of(Explanation(("a", "b"), values, np.array([[1.0 + tiny, -1.0]]), 0.0))
        np.testing.assert_allclose(found, [[25.0, -25.0]], atol=1e-3)


def test_the_reasons_are_the_true_ones(trained, fresh):
    """The effects of the model follow the true Shapley values, and decoys hardly matter."""
    explanation = trained("churn/logistic").model.explain(fresh.frame)
    found = pd.DataFrame(explanation.effects, columns=list(explanation.names))
    for name in ("contract", "support_calls", "satisfaction", "late_payments"):
        assert np.corrcoef(found[name], fresh.effects[name])[0, 1] > 0.7, name
    strength = found.abs().mean()
    assert strength[["region", "app_visits"]].max() < strength[["contract", "support_calls"]].min()


@pytest.mark.parametrize("name", MODELS)
def test_reasons_are_data_and_a_sentence(trained, fresh, name):
    frame = fresh.frame.head(20).set_axis(np.arange(50, 70), axis=0)
    answer = churn.predict(trained(name), frame, reasons=3)
    plain = churn.predict(trained(name), frame)
    assert list(answer.columns) == ["customer_id", "churn_probability", "reasons", "reasons_text"]
    pd.testing.assert_frame_equal(answer[plain.columns], plain)
    points = points_of(trained(name).model.explain(frame))
    for row, (reasons, text, chance) in enumerate(
        zip(answer["reasons"], answer["reasons_text"], answer["churn_probability"], strict=True)
    ):
        assert [set(one) for one in reasons] == [{"feature", "value", "points"}] * 3
        sizes = [abs(one["points"]) for one in reasons]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] == pytest.approx(np.abs(points[row]).max(), abs=0.005)
        first = reasons[0]
        assert text.startswith(f"{chance:.0%} likely to leave: {first['feature']} is {first['value'] or 'unknown'} (")
        assert text.count("points)") == 3


def test_sentences_in_korean_and_english_and_of_missing_values(trained, customers):
    model = trained("churn/logistic")
    record = customers.head(1).assign(satisfaction=None, contract=None)
    for language, unknown, head in (("en", "is unknown (", "likely to leave: "), ("ko", ": 값 없음 (", "이탈 가능성 ")):
        (text,) = churn.predict(model, record, reasons=12, language=language)["reasons_text"]
        assert text.count(unknown) == 2
        assert head in text
        assert ("%p)" in text) is (language == "ko")
    (reasons,) = churn.predict(model, record, reasons=12)["reasons"]
    assert {one["feature"]: one["value"] for one in reasons}["satisfaction"] == ""


def test_more_reasons_than_columns_are_all_columns(trained, customers):
    (reasons,) = churn.predict(trained("churn/logistic"), customers.head(1), reasons=99)["reasons"]
    assert len(reasons) == len(trained("churn/logistic").model.features())


def test_values_are_shown_as_the_customer_has_them(trained, customers):
    (reasons,) = churn.predict(trained("churn/logistic"), customers.head(1), reasons=99)["reasons"]
    shown = {one["feature"]: one["value"] for one in reasons}
    record = customers.iloc[0]
    assert shown["region"] == record["region"]
    assert shown["monthly_fee"] == f"{record['monthly_fee']:,}"
    assert shown["is_bundle"] == str(record["is_bundle"])
    assert shown["device_bought_on"].startswith(str(record["device_bought_on"].date()))


def test_every_customer_alike_has_reasons_alike(trained, customers):
    twice = pd.concat([customers.head(3), customers.head(3)])
    answer = churn.predict(trained("churn/boosted"), twice, reasons=2)
    assert answer["reasons"].tolist()[:3] == answer["reasons"].tolist()[3:]

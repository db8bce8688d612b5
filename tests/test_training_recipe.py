"""The one recipe: what is refused before work starts, what is judged, what is kept."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import builders
from cxml import churn
from cxml.contract import Verdict
from cxml.errors import ConfigError, FrameError
from cxml.training import typical_rows

WORDS = {"target": "churned", "key": "customer_id", "track": False}


def quick(frame, **more):
    return churn.train(frame, **{**WORDS, "method": "base_rate", **more})


@pytest.mark.parametrize(
    ("spoil", "settings", "message"),
    [
        (lambda f: f.drop(columns="churned"), {}, "Training churn needs the column 'churned' - .* Name columns as the"),
        (lambda f: f, {"target": "Churn"}, "needs the column 'Churn' - .*Did you mean 'churned'"),
        (lambda f: f, {"key": "customerID"}, "needs the column 'customerID' - .*Did you mean 'customer_id'"),
        (lambda f: f, {"time": "as_of"}, "needs the column 'as_of'"),
        (lambda f: f, {"drop": ["plann"]}, "needs the column 'plann' - .*Did you mean 'plan'"),
        (lambda f: pd.concat([f, f[["plan"]]], axis=1), {}, "must name each column once - got 'plan'"),
        (lambda f: f.assign(churned="no"), {}, "must have two labels - got 1: 'no'"),
        (
            lambda f: f.assign(churned=np.resize(["a", "b", "c"], 600)),
            {},
            "must have two labels - got 3: 'a', 'b', 'c'",
        ),
        (lambda f: f.assign(churned=f["churned"].where(f.index > 4)), {}, "5 of 600 rows have none. Drop these rows"),
        (lambda f: f.assign(customer_id="C1"), {}, "its own 'customer_id' - 600 of 600 rows repeat one, such as 'C1'"),
        (
            lambda f: pd.concat([f, f.head(1)]),
            {},
            "2 of 601 rows repeat one, such as 'C000000'. Keep one row a customer",
        ),
        (lambda f: f.assign(customer_id=None), {}, "600 of 600 rows have none"),
        (lambda f: f.head(0), {}, "must hold at least one row - got none"),
        (lambda f: f.head(49), {}, "at least 50 rows, and 10 customers who left and 10 who stayed - got 49 rows"),
        (
            lambda f: f[(f["churned"] == "no") | (f.index < 20)],
            {},
            "10 customers who left .* rows, [0-9] who left. Gather",
        ),
        (lambda f: f[(f["churned"] == "yes") | (f.index < 9)], {}, "10 customers who left and 10 who stayed"),
        (lambda f: f.assign(odd=np.inf), {}, "The column 'odd' must be a finite number - got inf .in 600 rows"),
        (lambda f: f.assign(odd=[[1]] * 600), {}, "The column 'odd' must hold one value a row - got list values"),
        (lambda f: f.assign(odd=[{"a": 1}] * 600), {}, "The column 'odd' must hold one value a row - got dict values"),
        (lambda f: f.assign(as_of="soon"), {"time": "as_of"}, "The column 'as_of' must be a date - got 'soon'"),
        (
            lambda f: f.assign(as_of=None),
            {"time": "as_of", "key": None},
            "its as-of date - 600 of 600 rows have none in 'as_of'",
        ),
        (
            lambda f: f[["customer_id", "churned"]],
            {},
            "needs columns to learn from .* the data has only the key and the",
        ),
        (
            lambda f: f[["customer_id", "churned"]].assign(a=1),
            {},
            "none of 1 can be used: Left out, has one value only: 'a'",
        ),
        (lambda f: f.to_dict("records"), {}, "must be a data frame .* - got list"),
        (lambda f: f["churned"], {}, "must be a data frame .* - got Series"),
        (lambda f: f, {"positive": "maybe"}, "positive= must be one of the labels of 'churned', .* - got 'maybe'"),
        (lambda f: f, {"duration": "plan", "method": "life_table"}, "The column 'plan' must be a number"),
        (
            lambda f: f.assign(tenure_months=-1),
            {"duration": "tenure_months", "method": "life_table"},
            "The duration 'tenure_months' must be a number of periods from 0 up - 600 of 600 rows",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_refused_before_work_starts(customers, monkeypatch, spoil, settings, message):
    monkeypatch.setattr("cxml.training._steps", lambda: pytest.fail("work had started"))
    with pytest.raises(FrameError, match=message):
        quick(spoil(customers), **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sed": 1}, "ChurnConfig has the settings .* - got 'sed'. Did you mean 'seed'"),
        ({"test_size": 0.9}, "test_size must be a share between 0.05 and 0.5 - got 0.9"),
        ({"test_size": True}, "test_size must be a share"),
        ({"seed": -1}, "seed must be a whole number from 0 up - got -1"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"on_leakage": "ignore"}, "on_leakage must be 'warn', 'drop' or 'raise' - got 'ignore'"),
        ({"accept_alpha": 0}, "accept_alpha must be above 0 - got 0"),
        ({"value": -1}, "value"),
        ({"target": 3}, "target must be the name of a column - got 3"),
        ({"method": "bosted"}, "A model is one of .* - got 'churn/bosted'. Did you mean 'churn/boosted'"),
        ({"method": "survival"}, "SurvivalConfig needs the settings 'duration'. Pass duration="),
        (
            {"duration": "tenure_months", "method": "life_table", "horizon": 0},
            "horizon must be a whole number of periods",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(customers, settings, message):
    with pytest.raises(ConfigError, match=message):
        quick(customers, **settings)


def test_the_caller_s_frame_is_not_changed(customers):
    before = customers.copy(deep=True)
    builders.train("churn/logistic", customers, refit=True)
    pd.testing.assert_frame_equal(customers, before)


@pytest.mark.parametrize(
    "make",
    [
        pl.from_pandas,
        pa.Table.from_pandas,
        lambda frame: frame.convert_dtypes(),
        lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
        lambda frame: frame.astype({"plan": "category", "contract": "category", "region": "category"}),
    ],
    ids=["polars", "pyarrow", "nullable", "arrow dtypes", "categorical"],
)
def test_the_same_customers_of_another_library_or_dtype_give_the_same_verdict(customers, trained, fresh, make):
    same = builders.train("churn/logistic", _Whole(make(customers)))
    assert same.metrics == pytest.approx(trained("churn/logistic").metrics, abs=1e-9)
    expected = churn.predict(trained("churn/logistic"), fresh.frame.head(50))["churn_probability"].to_numpy()
    found = churn.predict(same, make(fresh.frame.head(50)))
    assert isinstance(found, pd.DataFrame)
    np.testing.assert_allclose(found["churn_probability"].to_numpy(), expected, atol=1e-9)


class _Whole:
    """A frame as it is: `builders.train` drops columns in pandas, and here there are none to drop."""

    def __init__(self, frame):
        self.frame = frame

    def drop(self, columns):
        assert not columns
        return self.frame


def test_the_verdict_is_of_rows_that_the_judged_fit_never_saw(trained, customers):
    """Refitting on all rows changes the model and not its verdict."""
    judged = trained("churn/logistic")
    final = builders.train("churn/logistic", customers, refit=True)
    assert final.metrics == judged.metrics
    one, other = (churn.predict(model, customers)["churn_probability"] for model in (judged, final))
    assert not np.allclose(one, other)
    held_out = set(judged.held_out["churn_probability"])
    assert held_out <= set(one)
    assert not held_out <= set(other)


def test_the_baselines_stand_beside_the_model(trained):
    assert list(trained("churn/boosted").verdict.metrics) == ["boosted", "logistic", "base_rate"]
    assert list(trained("churn/logistic").verdict.metrics) == ["logistic", "base_rate"]
    assert list(trained("churn/base_rate").verdict.metrics) == ["base_rate"]
    assert list(trained("churn/survival").verdict.metrics) == ["survival", "life_table"]
    table = trained("churn/boosted").table()
    assert list(table.columns) == ["boosted", "low", "high", "logistic", "base_rate"]
    assert table.index.name == "metric"


def test_it_shows_itself_in_a_notebook(trained):
    model = trained("churn/logistic")
    assert repr(model).startswith("<churn/logistic, judged on 150 held-out rows (stratified by the target")
    assert "roc_auc" in repr(model)
    page = model._repr_html_()
    assert page.startswith("<p><b>churn/logistic, judged on")
    assert "<table" in page


def test_a_verdict_survives_json(trained):
    verdict = trained("churn/boosted").verdict
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_other_columns_may_be_called_anything(customers):
    """Columns named as something inside is named do no harm."""
    odd = {"plan": "row", "region": "loss", "contract": "index", "app_visits": "churn_probability", "is_bundle": "열 1"}
    model = builders.train("churn/logistic", customers.rename(columns=odd))
    plain = builders.train("churn/logistic", customers)
    assert model.metrics["holdout_roc_auc"] == pytest.approx(plain.metrics["holdout_roc_auc"], abs=1e-6)


def test_an_index_of_any_kind_is_carried_along(customers):
    turned = customers.set_axis(pd.Index([f"i{n % 7}" for n in range(600)], name="지표"), axis=0)
    model = quick(turned)
    assert model.metrics == quick(customers).metrics
    assert churn.predict(model, turned).index.equals(turned.index)


def test_the_example_is_made_up_of_quartiles_and_frequent_values(customers):
    found = typical_rows(customers, {"tenure_months": "number", "contract": "text", "device_bought_on": "date"})
    assert found["tenure_months"].is_monotonic_increasing
    assert found["contract"].tolist() == ["monthly", customers["contract"].value_counts().index[1], "monthly"]
    assert pd.to_datetime(found["device_bought_on"]).notna().all()
    empty = typical_rows(pd.DataFrame({"a": [None, None], "b": [None, None]}), {"a": "text", "b": "number"})
    assert empty.isna().all().all()

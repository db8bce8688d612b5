"""The invented customers: the truth they claim is the truth they follow."""

import re

import numpy as np
import pandas as pd
import pytest
from pandas.api import types
from sklearn.metrics import roc_auc_score

from cxml.datasets import make_customers, make_snapshots
from cxml.errors import ConfigError

MANY = 60_000


@pytest.fixture(scope="module")
def many():
    return make_customers(MANY, seed=5)


@pytest.fixture(scope="module")
def snapshots():
    return make_snapshots(3000, months=6, seed=2)


def log_odds(customers):
    return np.log(customers.probability / (1 - customers.probability))


def documented_log_odds(frame, as_of, start=-2.6):
    """Work out the truth from the docstring's table, by hand and apart from the code."""
    plan = frame["plan"].map({"LTE Data 33": 1.0, "3G Legacy": 1.0, "Senior": -1.0}).fillna(0.0)
    early_monthly = (frame["contract"] == "monthly") & (frame["tenure_months"] < 6)
    return (
        start
        - 0.01 * np.minimum(frame["tenure_months"], 60)
        + frame["contract"].map({"monthly": 0.0, "1 year": -0.8, "2 years": -1.5})
        + 1.8 * early_monthly
        + plan
        + 0.5 * abs(frame["monthly_fee"] / 10_000 - 6)
        - 0.6 * frame["is_bundle"]
        + 1.3 * (frame["support_calls"] >= 3)
        + 0.5 * frame["late_payments"]
        + (-0.6 * (frame["satisfaction"] - 3)).fillna(0.6)
        + 0.8 * (as_of - frame["device_bought_on"] > pd.Timedelta(days=730))
    ).to_numpy()


def test_the_same_seed_gives_the_same_customers():
    first, again, other = make_customers(50, seed=3), make_customers(50, seed=3), make_customers(50, seed=4)
    pd.testing.assert_frame_equal(first.frame, again.frame)
    pd.testing.assert_frame_equal(first.effects, again.effects)
    np.testing.assert_array_equal(first.probability, again.probability)
    assert not first.frame.equals(other.frame)


def test_a_larger_n_keeps_the_first_customers():
    few, more = make_customers(20), make_customers(200)
    pd.testing.assert_frame_equal(few.frame, more.frame.head(20))
    pd.testing.assert_frame_equal(few.effects, more.effects.head(20))


def test_the_default_is_two_thousand_customers_of_seed_zero():
    pd.testing.assert_frame_equal(make_customers().frame, make_customers(2000, seed=0).frame)


def test_the_frame_has_fourteen_columns_of_mixed_kinds(many):
    frame = many.frame
    assert frame.shape == (MANY, 14)
    assert list(frame.columns) == ["customer_id", *many.effects.columns, "churned"]
    assert frame["customer_id"].is_unique
    assert frame["customer_id"][17] == "C000017"
    assert set(frame["churned"]) == {"yes", "no"}
    assert types.is_bool_dtype(frame["is_bundle"])
    assert types.is_datetime64_dtype(frame["device_bought_on"])
    for name in ("tenure_months", "monthly_fee", "support_calls", "late_payments", "app_visits"):
        assert types.is_integer_dtype(frame[name]), name
    for name in ("contract", "plan", "region", "total_paid"):
        assert frame[name].map(type).eq(str).all(), name
    assert frame["plan"].nunique() == 12
    assert {"서울", "부산", "제주"} < set(frame["region"])
    assert frame["satisfaction"].isna().mean() == pytest.approx(0.30, abs=0.01)
    assert frame.drop(columns="satisfaction").notna().all(axis=None)


def test_values_stay_in_the_documented_ranges(many):
    ranges = many.frame.describe().loc[["min", "max"]].T
    expected = {"tenure_months": (0, 119), "monthly_fee": (30_000, 119_900), "support_calls": (0, 5)}
    expected |= {"late_payments": (0, 3), "app_visits": (0, 59), "satisfaction": (1, 5)}
    assert {name: tuple(ranges.loc[name]) for name in expected} == expected
    assert many.frame["device_bought_on"].max() <= pd.Timestamp("2024-06-30")


def test_total_paid_is_text_and_blank_before_the_first_bill(many):
    frame = many.frame
    blank = frame["total_paid"] == " "
    assert blank.mean() == pytest.approx(0.05, abs=0.01)
    assert (blank == (frame["tenure_months"] == 0)).all()
    paid = frame["total_paid"][~blank]
    assert paid.str.fullmatch(r"\d{1,3}(,\d{3})*").all()
    billed = (frame["tenure_months"] * frame["monthly_fee"])[~blank]
    assert (paid.str.replace(",", "").astype(int) / billed).between(0.899, 1.001).all()


def test_the_probability_follows_the_documented_formula(many):
    expected = documented_log_odds(many.frame, pd.Timestamp("2024-06-30"))
    np.testing.assert_allclose(log_odds(many), expected, atol=1e-9)


def test_the_outcome_follows_the_probability(many):
    churned = many.frame["churned"] == "yes"
    deciles = pd.qcut(many.probability, 10, labels=False)
    rows = pd.DataFrame({"churned": churned, "p": many.probability}).groupby(deciles).mean()
    spread = np.sqrt(rows["p"] * (1 - rows["p"]) / (MANY / 10))
    assert ((rows["churned"] - rows["p"]).abs() < 4 * spread).all()


def test_a_quarter_leaves_and_the_best_possible_auc_is_as_documented(many):
    churned = many.frame["churned"] == "yes"
    assert churned.mean() == pytest.approx(0.25, abs=0.01)
    assert roc_auc_score(churned, many.probability) == pytest.approx(0.84, abs=0.01)


def test_effects_add_up_to_the_log_odds_less_their_mean(many):
    rest = log_odds(many) - many.effects.sum(axis=1)
    assert np.ptp(rest) < 1e-9
    assert rest.mean() == pytest.approx(log_odds(many).mean(), abs=0.03)
    assert many.effects.mean().abs().max() < 0.02


def test_effects_are_shapley_values_of_the_documented_truth(many):
    """The pair with an interaction, by its two orders, the absent features drawn from other customers."""
    background = many.frame.head(20_000)
    as_of = pd.Timestamp("2024-06-30")

    def value(row, known):
        return documented_log_odds(background.assign(**{name: row[name] for name in known}), as_of).mean()

    for place in [*background.index[background["tenure_months"] < 6][:2], 0, 1]:
        row = background.loc[place]
        nothing, both = value(row, []), value(row, ["contract", "tenure_months"])
        contract, tenure = value(row, ["contract"]), value(row, ["tenure_months"])
        found = many.effects.loc[place]
        assert found["contract"] == pytest.approx((contract - nothing + both - tenure) / 2, abs=0.03)
        assert found["tenure_months"] == pytest.approx((tenure - nothing + both - contract) / 2, abs=0.03)


def test_decoys_have_no_effect_and_tell_nothing(many):
    decoys = ["region", "app_visits", "total_paid"]
    assert (many.effects[decoys] == 0).all(axis=None)
    assert (many.effects.drop(columns=decoys).std() > 0.2).all()
    for name in ("region", "app_visits"):
        groups = many.frame[name] if name == "region" else many.frame[name] // 10
        assert pd.Series(many.probability).groupby(groups, observed=True).mean().std() < 0.01, name


def test_features_are_independent_but_for_total_paid(many):
    codes = many.frame[many.effects.columns.drop("total_paid")].apply(lambda column: pd.factorize(column, sort=True)[0])
    correlation = np.corrcoef(codes.to_numpy(), rowvar=False)
    assert np.abs(correlation - np.eye(len(correlation))).max() < 0.02


def test_the_decoys_are_named_in_the_description(many):
    assert re.search(r"What does not: region and app_visits .* total_paid", many.description)
    assert "2024-06-30" in many.description


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "`n` must be a whole number, 1 or more - got 0."),
        ({"n": -3}, "got -3"),
        ({"n": 2.5}, r"got 2\.5"),
        ({"n": True}, "got True"),
        ({"n": 5, "seed": -1}, "`seed` must be a whole number, 0 or more - got -1."),
        ({"n": 5, "seed": None}, "got None"),
    ],
)
@pytest.mark.parametrize("make", [make_customers, make_snapshots])
def test_a_wrong_number_is_refused(make, arguments, message):
    with pytest.raises(ConfigError, match=message):
        make(**arguments)


def test_one_customer_and_numpy_numbers_are_fine():
    assert len(make_customers(np.int64(1), seed=np.int32(2)).frame) == 1


def test_snapshots_end_when_the_customer_leaves(snapshots):
    frame = snapshots.frame
    assert frame["as_of"].is_monotonic_increasing
    assert not frame.duplicated(["customer_id", "as_of"]).any()
    assert frame["as_of"].dt.is_month_end.all()
    last = frame.groupby("customer_id")["as_of"].transform("max")
    assert (frame["churned"][frame["as_of"] < last] == "no").all()
    assert (frame["churned"][(frame["as_of"] == last) & (last < frame["as_of"].max())] == "yes").all()
    assert frame["customer_id"].nunique() == 3000


def test_snapshots_keep_what_stays_and_age_what_ages(snapshots):
    customers = snapshots.frame.groupby("customer_id")
    steady = ["contract", "plan", "monthly_fee", "is_bundle", "device_bought_on", "region"]
    assert (customers[steady].nunique() == 1).all(axis=None)
    assert (customers["tenure_months"].diff().dropna() == 1).all()
    assert (customers["support_calls"].nunique() > 1).any()


def test_snapshots_follow_the_documented_formula(snapshots):
    expected = documented_log_odds(snapshots.frame, snapshots.frame["as_of"], start=-4.5)
    np.testing.assert_allclose(log_odds(snapshots), expected, atol=1e-9)
    assert np.ptp(log_odds(snapshots) - snapshots.effects.sum(axis=1)) < 1e-9
    assert (snapshots.frame["churned"] == "yes").mean() == pytest.approx(0.05, abs=0.015)
    assert len(snapshots.effects) == len(snapshots.frame) == len(snapshots.probability)


def test_snapshots_of_many_months_may_run_out_of_customers():
    seen = make_snapshots(1, months=400, seed=4).frame
    assert len(seen) < 400
    assert seen["churned"].tolist() == ["no"] * (len(seen) - 1) + ["yes"]


@pytest.mark.parametrize(
    "word", ["-2.6", "-0.01 a month", "1.8", "1.3 from three on", "decoy", "25 %", "0.84", "730 days"]
)
def test_the_docstring_states_the_truth(word):
    assert word in make_customers.__doc__

"""The invented company: the incident shows where it was planted, and only there, and all tables are of one world."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cxml import datasets
from cxml.datasets import make_company, true_acceptance
from cxml.errors import ConfigError

START = pd.Timestamp("2025-06-26")
BEFORE = ("2025-06-16", "2025-06-20")  # a week of five working days, after the launch of June
DURING = ("2025-06-26", "2025-06-30")


@pytest.fixture(scope="module")
def world():
    return make_company(1500, seed=3)


def a_day(counts, by, span):
    """Mean contacts of an open day."""
    days = counts["ds"].dt.normalize()
    inside = days.between(*span)
    return counts[inside].groupby(by)["y"].sum() / days[inside].nunique()


def in_past_incident(world, times):
    past = world.events[world.events["name"] == "앱 장애"]
    return np.any([times.dt.normalize().between(one.start, one.end) for one in past.itertuples()], axis=0)


def test_contacts_rise_in_the_planted_segment_and_only_there(world):
    by = ["channel", "topic", "app"]
    ratio = a_day(world.counts, by, DURING) / a_day(world.counts, by, BEFORE)
    planted = ratio.xs(("장애", "안드로이드"), level=["topic", "app"])
    assert (planted > 3).all()
    others = ratio.drop(index=[(one, "장애", "안드로이드") for one in planted.index])
    assert others.between(0.5, 1.9).all()
    assert others.median() == pytest.approx(1, abs=0.2)


def test_the_added_contacts_are_the_documented_share(world):
    rates = world.truth.rates
    usual = rates["expected"] - rates["added"]
    during = rates["added"] > 0
    np.testing.assert_allclose(rates["added"][during], 0.6 * usual[during])
    days = {*rates["ds"][during].dt.normalize()}
    assert {"2024-08-20", "2025-04-17", "2025-06-26", "2025-07-02"} <= {f"{one:%Y-%m-%d}" for one in days}
    assert pd.Timestamp("2025-06-25") not in days
    came = pd.concat([world.counts, world.truth.coming]).groupby(["channel", "ds"], as_index=False)["y"].sum()
    both = came.merge(rates[during], on=["channel", "ds"])
    assert both["y"].sum() == pytest.approx(both["expected"].sum(), rel=0.05)


def test_seollal_and_chuseok_are_closed_days(world):
    days = world.counts["ds"].dt.normalize()
    for span in (("2024-02-09", "2024-02-12"), ("2024-09-16", "2024-09-18"), ("2025-01-28", "2025-01-30")):
        assert not days.between(*span).any()


def test_counts_end_today_and_the_rest_is_to_come(world):
    assert world.counts["ds"].max().normalize() == world.today
    assert world.truth.coming["ds"].min() == pd.Timestamp("2025-07-01 09:00")


def test_the_incident_is_news_in_the_comments(world):
    about = world.comments["text"].str.contains("로그인") & world.comments["text"].str.contains("인증|업데이트")
    assert world.comments.loc[about, "time"].min() >= START
    assert about[world.comments["time"] >= START].mean() > 0.2
    hit = world.truth.hit.loc[world.truth.hit["start"] == START, "customer_id"]
    assert world.comments.loc[about, "customer_id"].isin(hit).all()
    assert (world.comments.loc[about, "sentiment"] == "negative").all()


def test_customers_hit_complain_of_the_app_and_call(world):
    hits = world.truth.hit[world.truth.hit["start"] < START]
    said = hits.merge(world.comments, on="customer_id")
    here = (said["time"] >= said["start"]) & (said["time"] < said["start"] + pd.Timedelta("3D"))
    of_app = said[here & (said["topic"] == "앱") & (said["sentiment"] == "negative")]
    assert of_app["customer_id"].nunique() / len(hits) == pytest.approx(0.15, abs=0.06)
    called = hits.merge(world.contacts[world.contacts["topic"] == "장애"], on="customer_id")
    here = (called["time"] >= called["start"]) & (called["time"] < called["start"] + pd.Timedelta("3D"))
    assert here.sum() / len(hits) == pytest.approx(0.4, abs=0.08)


def test_only_users_on_android_are_hit(world):
    app = world.customers.set_index("customer_id")["app"]
    assert (app.loc[world.truth.hit["customer_id"]] == "안드로이드").all()
    assert world.truth.hit.groupby("start").size().shape == (5,)
    present = world.snapshots[(world.snapshots["as_of"] == world.today) & (world.snapshots["app"] == "안드로이드")]
    assert (present["app_errors"] >= 2).mean() == pytest.approx(0.5, abs=0.08)


def test_customers_hit_leave_more_often_by_what_the_truth_says(world):
    truth, seen = world.truth, world.snapshots
    is_hit = (seen["app_errors"] >= 2).to_numpy()
    np.testing.assert_array_equal(truth.added > 0, is_hit)
    odds = truth.probability / (1 - truth.probability)
    without = truth.probability - truth.added
    np.testing.assert_allclose(np.log(odds / (without / (1 - without)))[is_hit], 1.2, atol=1e-9)
    known = seen["churned"].notna().to_numpy()
    for here in (is_hit & known, ~is_hit & known):
        chance = truth.probability[here]
        left = (seen["churned"] == "yes").to_numpy()[here].sum()
        assert abs(left - chance.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())


def test_hit_customers_are_those_with_errors_in_the_month(world):
    hits = world.truth.hit.assign(as_of=world.truth.hit["start"] + pd.offsets.MonthEnd(0))
    seen = world.snapshots[world.snapshots["app_errors"] >= 2]
    pairs = {*zip(seen["customer_id"], seen["as_of"], strict=True)}
    assert pairs == {*zip(hits["customer_id"], hits["as_of"], strict=True)}


def test_whether_customers_leave_after_today_is_in_the_truth_only(world):
    today = world.snapshots["as_of"] == world.today
    assert world.snapshots["churned"].isna().equals(today)
    assert [*world.truth.churned.index] == [*world.snapshots.loc[today, "customer_id"]]
    assert {*world.truth.churned} == {"yes", "no"}


@pytest.mark.parametrize(("table", "time"), [("contacts", "time"), ("comments", "time"), ("log", "sent_at")])
def test_the_same_customers_are_in_all_tables_as_long_as_they_are_customers(world, table, time):
    frame = getattr(world, table)
    last = world.snapshots.groupby("customer_id")["as_of"].max()
    assert (frame[time] < frame["customer_id"].map(last) + pd.Timedelta("1D")).all()
    assert frame[time].max() < world.today + pd.Timedelta("1D")
    assert frame[time].is_monotonic_increasing


def test_customers_are_the_same_in_their_months(world):
    seen = world.snapshots.merge(world.customers, on="customer_id", suffixes=("", "_of"))
    for name in ("plan", "region", "monthly_fee", "app"):
        assert (seen[name] == seen[f"{name}_of"]).all()
    month = (seen["as_of"].dt.year - 2024) * 12 + seen["as_of"].dt.month - 6
    assert (seen["tenure_months"] == seen["tenure_months_of"] + month).all()
    assert (seen["app_user"] == (seen["app"] != "앱 없음")).all()


def test_contacts_of_customers_are_those_of_their_months(world):
    usual = world.contacts[~in_past_incident(world, world.contacts["time"]) & (world.contacts["time"] < START)]
    as_of = (usual["time"].dt.normalize() + pd.offsets.MonthEnd(0)).rename("as_of")
    counted = usual.groupby(["customer_id", as_of]).size().rename("n").reset_index()
    both = world.snapshots.merge(counted, how="left")
    assert (both["n"].fillna(0) <= both["support_calls"]).all()
    calm = both[both["as_of"] == "2025-05-31"]
    assert (calm["n"].fillna(0) == calm["support_calls"]).all()


def test_answers_to_offers_follow_their_truth(world):
    truth, log = world.truth.offers, world.log
    assert len(truth.rows) == len(log)
    accepted, chance = log["accepted"].to_numpy(), truth.rows
    assert abs(accepted.sum() - chance.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())
    pd.testing.assert_frame_equal(truth.probability, true_acceptance(world.customers, world.offers))


def test_the_same_seed_makes_the_same_world(world):
    first, again = make_company(60, seed=5), make_company(60, seed=5)
    for field in dataclasses.fields(first):
        one = getattr(first, field.name)
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, getattr(again, field.name))
    assert not first.counts.equals(world.counts)


def test_the_documented_share_of_customers_is_left(world):
    assert len(world.truth.churned) / len(world.customers) == pytest.approx(0.62, abs=0.03)


def test_only_users_of_the_app_see_its_errors(world):
    seen = world.snapshots
    assert (seen.loc[seen["app"] == "앱 없음", "app_errors"] == 0).all()
    usual = seen[(seen["app"] == "아이폰")]
    assert set(usual["app_errors"]) == {0, 1}
    assert usual["app_errors"].mean() == pytest.approx(0.06, abs=0.02)


@pytest.mark.parametrize("seed", [0, 3])
def test_a_company_of_one_customer_is_not_broken(seed):
    world = make_company(1, seed=seed)
    # With the second seed the customer leaves, and says nothing any more.
    assert (world.snapshots["as_of"].max() == world.today) == (seed == 0)
    assert (world.comments["time"] < world.snapshots["as_of"].max() + pd.Timedelta("1D")).all()
    assert list(world.comments.columns) == list(datasets.make_comments(1).frame.columns)
    assert len(world.truth.probability) == len(world.snapshots)


def test_columns_are_documented(world):
    shapes = {"customers": "(n_customers, 12)", "snapshots": "(n_snapshots, 15)", "offers": "(8, 8)"}
    for name, shape in shapes.items():
        assert f"    {name} : DataFrame, shape {shape}" in datasets.Company.__doc__
        assert getattr(world, name).shape[1] == int(shape.split(", ")[1][:-1])
    for kind in (datasets.Company, datasets.CompanyTruth):
        assert all(f"    {field.name} : " in kind.__doc__ for field in dataclasses.fields(kind))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_customers": 0}, "`n_customers` must be a whole number, 1 or more - got 0"),
        ({"n_customers": 10, "seed": -1}, "`seed` must be a whole number, 0 or more - got -1"),
    ],
)
def test_bad_input_is_refused(changed, message):
    with pytest.raises(ConfigError, match=message):
        make_company(**changed)

"""The invented offers: the truth they claim is the truth they follow."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import make_offers, true_acceptance
from cxml.errors import ConfigError


@pytest.fixture(scope="module")
def made():
    return make_offers(20_000, seed=1)


@pytest.fixture(scope="module")
def by_rule():
    return make_offers(20_000, seed=1, randomised=False)


#: A customer and an offer to which no term applies, and what is changed of them for one term.
PLAIN_CUSTOMER = {
    "customer_id": "c1",
    "age": 56,
    "region": "부산",
    "tenure_months": 20,
    "data_gb": 8.0,
    "app_user": False,
}
PLAIN_OFFER = {"offer": "plain", "category": "voice", "margin": 0, "discount": 0.0}
TERMS = {
    "discount": ({}, {"discount": 0.1}, {}, 0.4),
    "margin": ({}, {"margin": 10_000}, {}, -0.1),
    "data, heavy": ({"data_gb": 15.0}, {"category": "data"}, {}, 1.0),
    "data, light": ({"data_gb": 3.9}, {"category": "data"}, {}, -0.8),
    "data, missing": ({"data_gb": np.nan}, {"category": "data"}, {}, 0.0),
    "bundle": ({"age": 35}, {"category": "bundle"}, {}, 0.8),
    "content, young": ({"age": 29}, {"category": "content"}, {}, 1.0),
    "content, old": ({"age": 60}, {"category": "content"}, {}, -0.8),
    "device": ({"tenure_months": 24}, {"category": "device"}, {}, 0.8),
    "roaming": ({"region": "서울"}, {"category": "roaming"}, {}, 0.7),
    "short tenure": ({"tenure_months": 11}, {}, {}, 0.4),
    "long tenure": ({"tenure_months": 60}, {}, {}, 1.0 - 1.6),
    "app user": ({"app_user": True}, {}, {}, 0.5),
    "email": ({}, {}, {"channel": "email"}, -0.3),
    "call": ({}, {}, {"channel": "call"}, 0.5),
    "call to the young": ({"age": 34}, {}, {"channel": "call"}, -0.5),
    "third place": ({}, {}, {"position": 3}, -0.4),
    "tired": ({}, {}, {"contacts": 2}, -0.4),
    "very tired": ({}, {}, {"contacts": 9}, -0.6),
}


def log_odds(customer=None, offer=None, **delivery):
    customers, offers = pd.DataFrame([PLAIN_CUSTOMER | (customer or {})]), pd.DataFrame([PLAIN_OFFER | (offer or {})])
    chance = true_acceptance(customers, offers, **delivery).loc["c1", "plain"]
    return np.log(chance / (1 - chance))


def test_the_same_seed_gives_the_same_offers():
    first, again, other = make_offers(50, seed=3), make_offers(50, seed=3), make_offers(50, seed=4)
    pd.testing.assert_frame_equal(first.log, again.log)
    pd.testing.assert_frame_equal(first.customers, again.customers)
    np.testing.assert_array_equal(first.truth.rows, again.truth.rows)
    assert not first.log.equals(other.log)


@pytest.mark.parametrize(
    ("more", "randomised"), [*itertools.product([{"n_customers": 80}, {"days": 75}], [True, False])]
)
def test_more_customers_or_days_keep_the_earlier_rows(more, randomised):
    few = make_offers(50, 40, randomised=randomised).log
    many = make_offers(**{"n_customers": 50, "days": 40, "randomised": randomised} | more).log
    last = pd.Timestamp("2025-01-01") + pd.Timedelta(days=40)
    kept = many[many["customer_id"].isin([f"c{one:05d}" for one in range(1, 51)]) & (many["sent_at"] < last)]
    pd.testing.assert_frame_equal(few, kept.reset_index(drop=True))


@pytest.mark.parametrize("name", TERMS)
def test_each_documented_term_is_that_of_the_truth(name):
    customer, offer, delivery, term = TERMS[name]
    assert log_odds(customer, offer, **delivery) - log_odds() == pytest.approx(term)


def test_the_documented_table_names_the_terms_that_are_tested():
    table = re.findall(r"^    ([a-z][a-z ]+?)  +(-?\d\.\d)", make_offers.__doc__, flags=re.M)
    documented = {name: float(first) for name, first in table}
    assert documented.pop("any offer") == pytest.approx(log_odds() + 3.8)
    tested = {"data offer": "data, heavy", "bundle offer": "bundle", "content offer": "content, young"}
    tested |= {"device offer": "device", "roaming offer": "roaming"}
    tested |= {one: one for one in ("discount", "margin", "short tenure")}
    assert {name: TERMS[tested[name]][3] for name in tested} == {name: documented[name] for name in tested}
    assert set(documented) - set(tested) == {"long tenure", "position", "fatigue"}
    assert documented["long tenure"] == pytest.approx(TERMS["long tenure"][3] - 1.0)
    assert documented["position"] == pytest.approx(TERMS["third place"][3] / 2)
    assert documented["fatigue"] == pytest.approx(TERMS["tired"][3] / 2)


def test_responses_are_drawn_with_the_true_chances(made):
    accepted, chance = made.log["accepted"].to_numpy(), made.truth.rows
    for lowest, highest in itertools.pairwise(np.quantile(chance, [0, 0.25, 0.5, 0.75, 0.9, 1])):
        here = (chance >= lowest) & (chance <= highest)
        deviation = np.sqrt((chance[here] * (1 - chance[here])).sum())
        assert abs(accepted[here].sum() - chance[here].sum()) < 4 * deviation


def test_the_chance_of_a_row_is_the_truth_in_its_channel_and_position(made):
    asked = made.log[made.log["offer"] != "none"]
    first = asked[asked["sent_at"] == asked.groupby("customer_id")["sent_at"].transform("min")].head(300)
    customers = made.customers.set_index("customer_id", drop=False)
    for place, row in first.iterrows():
        offer = made.offers[made.offers["offer"] == row["offer"]]
        chance = true_acceptance(
            customers.loc[[row["customer_id"]]], offer, channel=row["channel"], position=int(row["position"])
        )
        assert chance.iloc[0, 0] == pytest.approx(made.truth.rows[place])


def test_earlier_contacts_of_four_weeks_tire(made):
    log = made.log[made.log["customer_id"].isin(made.customers["customer_id"].head(150))]
    customers = made.customers.set_index("customer_id", drop=False)
    seen = set()
    for customer, rows in log.groupby("customer_id"):
        for place, row in rows[rows["offer"] != "none"].iterrows():
            since = row["sent_at"] - rows["sent_at"]
            recent = (since > pd.Timedelta(0)) & (since <= pd.Timedelta(days=28)) & (rows["offer"] != "none")
            offer = made.offers[made.offers["offer"] == row["offer"]]
            chance = true_acceptance(
                customers.loc[[customer]],
                offer,
                channel=row["channel"],
                position=int(row["position"]),
                contacts=int(recent.sum()),
            )
            assert chance.iloc[0, 0] == pytest.approx(made.truth.rows[place])
            seen.add(int(recent.sum()))
    assert {0, 1, 2} <= seen


def test_nobody_contacted_means_no_channel_and_the_chance_of_buying_anyway(made):
    control = made.log["offer"] == "none"
    assert made.log.loc[control, ["channel", "position"]].isna().all(axis=None)
    assert made.log.loc[~control, ["channel", "position"]].notna().all(axis=None)
    anyway = made.truth.anyway.loc[made.log.loc[control, "customer_id"]].to_numpy()
    np.testing.assert_allclose(made.truth.rows[control], anyway)


def test_effects_are_what_an_offer_adds(made):
    truth = made.truth
    pd.testing.assert_frame_equal(truth.effect, truth.probability.sub(truth.anyway, axis=0))
    assert truth.effect.mean().between(0, 0.15).all()
    assert ((truth.effect < 0).mean() > 0.1).all()  # an offer puts some off
    assert ((truth.effect > 0.01).mean() > 0.4).all()


def test_propensities_are_the_shares_with_which_offers_were_drawn(made):
    log = made.log
    control = log["offer"] == "none"
    assert control.mean() == pytest.approx(0.2, abs=0.01)
    assert (log.loc[control, "propensity"] == 0.2).all()
    for (propensity, month), rows in log[~control].groupby(["propensity", log["sent_at"].dt.month]):
        on_offer = rows["offer"].nunique()
        if month not in (1, 5):  # the months in which offers come and go
            assert propensity == pytest.approx(0.8 / on_offer)
            assert rows["offer"].value_counts(normalize=True).between(0.8 / on_offer, 1.25 / on_offer).all()


def test_at_random_nothing_tells_who_is_contacted(made):
    who = made.customers.set_index("customer_id").loc[made.log["customer_id"]]
    contacted = (made.log["offer"] != "none").to_numpy()
    for name in ("age", "tenure_months", "app_user", "call_ok", "monthly_fee"):
        column = who[name].to_numpy(dtype=float)
        gap = abs(column[contacted].mean() - column[~contacted].mean()) / column.std()
        assert gap < 4 / np.sqrt(contacted.size * 0.2 * 0.8)


def test_by_rule_the_log_misleads(by_rule):
    log = by_rule.log
    assert log["propensity"].isna().all()
    who = by_rule.customers.set_index("customer_id").loc[log["customer_id"]]
    contacted = (log["offer"] != "none").to_numpy()
    app = who["app_user"].to_numpy()
    assert contacted[app].mean() - contacted[~app].mean() > 0.3
    unlimited = (log["offer"] == "data_unlimited").to_numpy()
    taken = log["accepted"].to_numpy()
    true = by_rule.truth.probability["data_unlimited"].mean()
    assert taken[unlimited].mean() > 1.2 * true  # made mostly to whom it fits


def test_offers_are_made_on_their_days_by_channels_agreed_to(made):
    asked = made.log[made.log["offer"] != "none"].merge(made.offers, on="offer").merge(made.customers, on="customer_id")
    assert asked["sent_at"].between(asked["starts"], asked["ends"] + pd.Timedelta(days=1)).all()
    assert set(asked["offer"]) == set(made.offers["offer"])
    for channel, rows in asked.groupby("channel"):
        assert rows[f"{channel}_ok"].all()
    assert made.log["sent_at"].is_monotonic_increasing
    assert not made.log.duplicated().any()


def test_the_margin_is_won_where_accepted(made):
    won = made.log.merge(made.offers, on="offer", how="left").assign(margin=lambda one: one["margin"].fillna(20_000))
    taken = won["accepted"] == 1
    assert (won.loc[~taken, "margin_won"] == 0).all()
    share = won.loc[taken, "margin_won"] / won.loc[taken, "margin"]
    assert share.between(0.79, 1.21).all()
    assert share.mean() == pytest.approx(1, abs=0.01)


def test_customers_are_those_of_a_telecom(made):
    customers = made.customers
    assert customers["customer_id"].is_unique
    assert customers["customer_id"].iloc[0] == "c00001"
    assert customers["age"].between(19, 84).all()
    assert (customers.loc[customers["plan"] == "Senior", "age"] >= 65).all()
    assert customers["data_gb"].isna().mean() == pytest.approx(0.05, abs=0.01)
    assert customers.groupby("plan")["data_gb"].median()["5G Unlimited"] > 20
    assert {"서울", "제주"} <= set(customers["region"])


def test_the_description_counts(made):
    control = int((made.log["offer"] == "none").sum())
    assert f"{len(made.log)} rows" in made.description
    assert f"{control} of them" in made.description
    assert "followed the sales team's rule" in make_offers(5, randomised=False).description


def test_a_short_log_may_be_empty_of_a_customer_but_not_broken():
    short = make_offers(1, 1)
    assert list(short.log.columns) == list(make_offers(50).log.columns)
    assert len(short.log) == len(short.truth.rows)
    assert short.truth.probability.shape == (1, 8)


REFUSED = {
    "customers": ({"n_customers": 0}, "`n_customers` must be a whole number, 1 or more - got 0"),
    "days": ({"days": 1.5}, "`days` must be a whole number, 1 or more - got 1.5"),
    "seed": ({"seed": -1}, "`seed` must be a whole number, 0 or more - got -1"),
    "randomised": ({"randomised": "yes"}, "`randomised` must be True or False - got 'yes'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(name):
    changed, message = REFUSED[name]
    with pytest.raises(ConfigError, match=message):
        make_offers(**{"n_customers": 3} | changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"channel": "mail"}, "must be one of 'sms', 'email', 'call' - got 'mail'. Did you mean 'email'"),
        ({"position": 0}, "`position` must be a whole number, 1 or more - got 0"),
        ({"contacts": -1}, "`contacts` must be a whole number, 0 or more - got -1"),
    ],
)
def test_an_unknown_delivery_is_refused(changed, message):
    with pytest.raises(ConfigError, match=message):
        log_odds(**changed)

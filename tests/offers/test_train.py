"""Training and predicting as a user does: one offer, tables joined, verdicts, ranks, reasons, worth."""

import numpy as np
import pandas as pd
import pytest

import builders
from cxml import offers
from cxml.datasets import make_offers
from cxml.errors import ConfigError, FrameError
from cxml.offers import OffersConfig
from cxml.offers.evaluate import on_offer
from cxml.persistence import load_folder, save

NAMES = {"key": "customer_id", "offer": "offer", "response": "accepted", "time": "sent_at", "channel": "channel"}


@pytest.fixture(scope="module")
def made():
    return make_offers(700, seed=4)


@pytest.fixture(scope="module")
def model(made):
    more = {
        "propensity": "propensity",
        "value": "margin_won",
        "position": "position",
        "starts": "starts",
        "ends": "ends",
    }
    tables = {"customers": made.customers, "offers": made.offers, "control": "none"}
    return offers.train(made.log, **NAMES, **tables, **more, method="logistic", track=False)


def test_tables_are_joined_whatever_the_order_of_their_rows(made, model):
    more = {
        "propensity": "propensity",
        "value": "margin_won",
        "position": "position",
        "starts": "starts",
        "ends": "ends",
    }
    turned = {"customers": made.customers.iloc[::-1], "offers": made.offers.iloc[::-1], "control": "none"}
    again = offers.train(made.log, **NAMES, **turned, **more, method="logistic", track=False)
    assert again.metrics == pytest.approx(model.metrics, abs=1e-6)
    assert list(again.model.entries()["offer"]) == list(model.model.entries()["offer"])


def test_the_verdict_is_of_the_last_answers_and_stands_beside_its_baseline(made, model):
    assert "offers from 2025-" in model.verdict.rule
    assert list(model.verdict.metrics) == ["logistic", "popular"]
    assert model.metrics["holdout_log_loss"] < model.metrics["baseline_log_loss"] + 0.01
    # Choosing by the rate of the offer alone is a policy too, and both are valued on the same log.
    assert 0 < model.metrics["holdout_policy_value_snips"] < 1
    assert "holdout_log_loss_mean_of_offers" in model.metrics


def test_each_held_out_customer_is_a_group_and_no_key_is_kept(made, model):
    held = model.held_out
    assert held["group"].nunique() < len(held)
    assert held["row"].is_unique
    assert not {"customer_id", "offer_name"} & set(held.columns)
    assert not held.astype(str).isin(set(made.customers["customer_id"])).any(axis=None)


def test_one_answer_a_customer_and_rank(made, model):
    people = made.customers.head(6).set_axis(list("fedcba"), axis=0)
    answer = offers.predict(model, people, k=3)
    assert answer.groupby("customer_id", sort=False).size().tolist() == [3] * 6
    assert answer["rank"].tolist() == [1, 2, 3] * 6
    assert list(answer.index) == [one for one in people.index for _ in range(3)]
    assert not answer.duplicated(["customer_id", "offer"]).any()
    assert (answer.groupby("customer_id")["expected_value"].diff().dropna() <= 0).all()


def test_an_acceptance_is_worth_what_it_was_worth_in_the_log(made, model):
    answer = offers.predict(model, made.customers.head(20), k=2)
    won = made.log[(made.log["accepted"] == 1) & (made.log["offer"] != "none")].groupby("offer")["margin_won"].mean()
    worth = answer["expected_value"] / answer["acceptance_probability"]
    expected = answer["offer"].map(won)
    assert np.corrcoef(worth, expected)[0, 1] > 0.95
    assert (worth > 0).all()


def test_without_a_value_the_likeliest_come_first(trained, made):
    people = made.customers.head(10)
    answer = offers.predict(trained("offers/propensity"), people)
    best = trained("offers/propensity").model.predict(people)
    assert answer["offer"].tolist() == best["offer"].tolist()
    np.testing.assert_allclose(answer["expected_value"], answer["acceptance_probability"])


@pytest.mark.parametrize(("language", "head"), [("en", "likely to accept "), ("ko", " 수락 가능성 ")])
def test_reasons_are_told_of_what_was_chosen(trained, made, language, head):
    model = trained("offers/propensity")
    answer = offers.predict(model, made.customers.head(3), k=2, reasons=2, language=language)
    assert answer["reasons"].map(len).tolist() == [2] * 6
    for row in answer.itertuples():
        assert head in row.reasons_text
        assert str(row.offer) in row.reasons_text
    told = offers.predict(model, made.customers.head(2), everything=True, reasons=1)
    assert told["reasons"].notna().sum() == 2
    assert (told.loc[told["reasons"].notna(), "fate"] == "chosen").all()


def test_reasons_need_a_model_that_explains_itself_and_a_number(trained, made):
    with pytest.raises(ConfigError, match=r"reasons= needs a model that explains itself - 'offers/popular' does not"):
        offers.predict(trained("offers/popular"), made.customers.head(2), reasons=1)
    with pytest.raises(ConfigError, match=r"reasons must be how many to give, 1 or more - got -1"):
        offers.predict(trained("offers/logistic"), made.customers.head(2), reasons=-1)
    with pytest.raises(ConfigError, match=r"language must be 'en' or 'ko' - got 'fr'"):
        offers.predict(trained("offers/logistic"), made.customers.head(2), reasons=1, language="fr")


def test_a_policy_may_be_given_as_plain_values(made, model):
    plain = {
        "eligibility": {"adults": "age >= 30"},
        "consent": {"sms": "sms_ok", "email": "email_ok", "call": "call_ok"},
    }
    answer = offers.predict(model, made.customers, policy=plain)
    allowed = made.customers.set_index("customer_id")
    assert (allowed.loc[answer["customer_id"], "age"] >= 30).all()
    ways = allowed.loc[answer["customer_id"], ["sms_ok", "email_ok", "call_ok"]].to_numpy()
    column = answer["channel"].map({"sms": 0, "email": 1, "call": 2}).to_numpy()
    assert ways[np.arange(len(answer)), column].all()
    with pytest.raises(ConfigError, match=r"policy must be a Policy, or one as JSON values - got list"):
        offers.predict(model, made.customers.head(2), policy=[1])


def test_a_new_offer_can_be_chosen(made, model):
    catalogue = made.offers.assign(channel="sms")
    new = catalogue.head(1).assign(offer="half_price", discount=0.9)
    answer = offers.predict(model, made.customers.head(30), offers=pd.concat([catalogue, new]), k=3)
    assert (answer["channel"] == "sms").all()
    assert (answer["offer"] == "half_price").any()


def test_one_offer_needs_no_name_and_no_key():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"age": random.integers(20, 70, 500), "job": random.choice(["a", "b"], 500)})
    frame["y"] = np.where(random.random(500) < 1 / (1 + np.exp(-(frame["age"] - 50) / 8)), "yes", "no")
    model = offers.train(frame, response="y", method="logistic", track=False)
    assert model.metrics["holdout_roc_auc"] > 0.7
    answer = offers.predict(model, frame.head(4))
    assert list(answer.columns) == ["rank", "offer", "acceptance_probability", "expected_value", "propensity"]
    assert (answer["offer"] == "offer").all()
    assert model.predict_one({"age": 60, "job": "a"})["offer"] == "offer"


def test_the_channel_may_be_what_is_offered(made):
    frame = made.log[made.log["channel"].notna()].merge(made.customers, on="customer_id")
    frame = frame.drop(columns=["offer", "margin_won", "propensity"])
    named = {"key": "customer_id", "offer": "channel", "response": "accepted", "time": "sent_at"}
    model = offers.train(frame, **named, method="popular", track=False)
    answer = offers.predict(model, made.customers.head(3))
    assert set(answer["offer"]) <= {"sms", "email", "call"}


def test_a_rate_that_moved_is_told():
    frame = builders.offers_of()
    late = frame["sent_at"] > frame["sent_at"].quantile(0.75)
    turned = frame.assign(accepted=np.where(late, 1, frame["accepted"]))
    turned.loc[turned.index[late][:20], "accepted"] = 0
    model = offers.train(turned, **NAMES, control="none", method="popular", track=False)
    assert any(note.startswith("The acceptance rate moved from ") for note in model.notes)


def test_what_was_on_offer_then_is_known_from_the_catalogue():
    config = OffersConfig(response="y", offer="o", time="t", starts="first", ends="last")
    rows = pd.DataFrame({"t": pd.to_datetime(["2024-01-31 00:00", "2024-02-10 12:00", "2024-02-11 00:00"])})
    entries = pd.DataFrame({"o": ["a", "b"], "first": ["2024-02-01", None], "last": [None, "2024-02-10"]})
    assert on_offer(rows, entries, config).tolist() == [[False, True], [True, True], [True, False]]


def test_a_model_of_responses_is_kept_and_loaded_with_its_memory(made, model, tmp_path):
    again = load_folder(save(model, tmp_path / "model"))
    answers = [offers.predict(one, made.customers.head(20), k=2) for one in (model, again)]
    pd.testing.assert_frame_equal(*answers)
    for file in (tmp_path / "model").iterdir():
        assert b"c00017" not in file.read_bytes()


def test_customers_without_a_column_are_refused(made, model):
    with pytest.raises(FrameError, match=r"needs the column 'age'"):
        offers.predict(model, made.customers.drop(columns="age"))


def test_campaigns_that_none_of_the_learned_rows_knew_are_judged_by_what_their_columns_promise():
    random = np.random.default_rng(0)
    campaigns = []
    for campaign in range(10):
        discount, age = random.random(), random.integers(20, 70, 120)
        chance = 1 / (1 + np.exp(-(-3 + 4 * discount)))
        campaigns.append(
            pd.DataFrame(
                {
                    "household": random.permutation(400)[:120],
                    "campaign": f"no {campaign}",
                    "start": pd.Timestamp("2025-01-01") + pd.Timedelta(days=20 * campaign),
                    "age": age,
                    "discount": discount,
                    "rank_of_discount": discount**2,
                    "redeemed": (random.random(120) < chance).astype(int),
                }
            )
        )
    log = pd.concat(campaigns, ignore_index=True)
    names = {"key": "household", "offer": "campaign", "response": "redeemed", "time": "start"}
    model = offers.train(log, **names, method="logistic", refit=False, track=False)
    assert model.verdict.rule.startswith("offers from")
    assert len(model.held_out) == model.verdict.rows["test"]
    known = set(model.model.entries()["campaign"])
    assert known.isdisjoint(log[log["start"] > log["start"].quantile(0.8)]["campaign"])
    assert model.metrics["holdout_roc_auc"] > model.metrics["baseline_roc_auc"] + 0.05


def test_its_table_of_offers_names_what_was_asked_about():
    from cxml.contract import Figure, Table
    from cxml.offers.family import FAMILY

    frame = builders.frame_of("offers/logistic")
    config = builders.train("offers/logistic", frame).config
    frame, config, _ = FAMILY.check(frame, config)
    from cxml.offers.logistic import LogisticOffers

    trial = FAMILY.trial(LogisticOffers(config), frame, lambda text: None)
    records = list(FAMILY.figures(trial))
    table = next(one.frame for one in records if isinstance(one, Table))
    held = trial.frame[trial.frame["offer"] != "none"]
    assert table.set_index("offer")["made"].to_dict() == held["offer"].value_counts().to_dict()
    assert table["accepted"].to_numpy() == pytest.approx(held.groupby("offer")["accepted"].mean().to_numpy())
    names = [one.name for one in records if isinstance(one, Figure)]
    assert names == ["reliability", "gains", "lift", "acceptance_by_offer"]
    next(one for one in records if one.name == "acceptance_by_offer").draw()

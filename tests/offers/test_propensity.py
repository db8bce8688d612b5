"""The pooled score: batches, records and reasons agree, histories count as of their moment, new offers have a prior."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import builders
from cxml import offers
from cxml.datasets import make_offers
from cxml.metrics import log_loss
from cxml.offers import OffersConfig
from cxml.offers.design import PairDesign
from cxml.offers.logistic import LogisticOffers
from cxml.offers.popular import PopularOffers

NAMES = {"key": "customer_id", "offer": "offer", "response": "accepted", "channel": "channel", "time": "sent_at"}


@pytest.fixture
def model(trained):
    return trained("offers/propensity").model


@pytest.fixture(scope="module")
def people():
    made = make_offers(40, seed=77).customers
    return made.assign(customer_id="n" + made["customer_id"])


def test_all_pairs_are_scored_as_rows_that_name_them(model, people):
    scores, entries = model.score(people), model.entries()
    pairs = people.merge(entries[["offer", "channel"]], how="cross")
    found = model.predict(pairs)["acceptance_probability"].to_numpy().reshape(len(people), -1)
    np.testing.assert_allclose(found, scores.probability, rtol=0, atol=1e-12)
    assert scores.spread.shape == (len(entries),)
    assert scores.uplift is None


def test_the_best_entry_is_answered_where_none_is_named(model, people):
    scores, entries, answer = model.score(people), model.entries(), model.predict(people)
    best = scores.probability.argmax(axis=1)
    assert answer["offer"].tolist() == entries["offer"].iloc[best].tolist()
    assert answer["channel"].tolist() == entries["channel"].iloc[best].tolist()
    half = people.assign(offer=np.where(np.arange(len(people)) % 2 == 0, "data_plus", None))
    mixed = model.predict(half)
    assert (mixed["offer"].iloc[::2] == "data_plus").all()
    pd.testing.assert_frame_equal(mixed.iloc[1::2], answer.iloc[1::2])
    by_mail = model.predict(people.assign(channel="email"))
    assert (by_mail["channel"] == "email").all()
    for record, expected in zip(half.to_dict("records"), mixed.to_dict("records"), strict=True):
        assert model.predict_one(record) == pytest.approx(expected, abs=1e-9)


def test_a_record_scorer_answers_like_the_batch(model, people):
    entries = model.entries().iloc[::2].reset_index(drop=True)
    one, batch = model.scorer(entries), model.score(people, entries)
    for place, record in enumerate(people.to_dict("records")):
        found = one(record)
        assert found.probability.shape == (1, len(entries))
        np.testing.assert_allclose(found.probability[0], batch.probability[place], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.spread, batch.spread)


def test_explanations_add_up_to_the_score(model, people):
    explanation, answer = model.explain(people), model.predict(people)
    chance = 1 / (1 + np.exp(-explanation.score))
    np.testing.assert_allclose(chance, answer["acceptance_probability"], rtol=0, atol=1e-12)
    assert "offer" in explanation.names
    assert explanation.values["offer"].tolist() == answer["offer"].tolist()
    assert list(explanation.values.columns) == list(explanation.names)


# --- histories ---


def log_with_memory(n=500, days=16, seed=0):
    """Customers who have a taste that only their past shows, and offers without any column."""
    random = np.random.default_rng(seed)
    taste = random.choice([-3.0, 0.5], n)
    rows = [
        {"who": f"k{who}", "what": f"o{random.integers(3)}", "day": 20_000 + 4 * day, "taste": taste[who]}
        for day in range(days)
        for who in range(n)
        if random.random() < 0.3
    ]
    frame = pd.DataFrame(rows)
    frame["age"] = random.integers(20, 70, len(frame))
    frame["day"] = pd.to_datetime(frame["day"], unit="D")
    frame["yes"] = (random.random(len(frame)) < 1 / (1 + np.exp(-frame["taste"]))).astype(int)
    return frame.drop(columns="taste")


@pytest.fixture(scope="module")
def memory():
    frame = log_with_memory()
    settings = {"key": "who", "offer": "what", "response": "yes", "time": "day", "method": "logistic", "track": False}
    return frame, {
        remember: offers.train(frame, **settings, remember=remember, refit=False) for remember in (True, False)
    }


def test_a_past_that_tells_is_learned_from(memory):
    _, models = memory
    losses = {remember: one.metrics["holdout_log_loss"] for remember, one in models.items()}
    assert losses[True] < losses[False] - 0.05
    assert "history: acceptance rate" in models[True].model._design.kept
    assert any("remember=False keeps nothing" in note for note in models[False].notes)


def test_a_past_that_tells_nothing_stays_out(memory):
    frame, _ = memory
    random = np.random.default_rng(5)
    shuffled = frame.assign(yes=random.permutation(frame["yes"]))
    config = OffersConfig(key="who", offer="what", response="yes", time="day", positive=1)
    assert LogisticOffers(config).fit(shuffled)._design.history is None


def test_known_customers_are_found_by_their_hash_and_no_key_is_kept(memory):
    frame, models = memory
    model = models[True].model
    known = frame[["who", "age"]].drop_duplicates("who").head(50)
    strangers = known.assign(who="z" + known["who"])
    assert (
        model.predict(known)["acceptance_probability"].std()
        > 3 * model.predict(strangers)["acceptance_probability"].std()
    )
    assert "k17" not in repr(model.parts())


def test_records_of_known_customers_answer_like_the_batch(memory):
    frame, models = memory
    model = models[True].model
    known = frame[["who", "age", "day"]].drop_duplicates("who").head(30).assign(day=pd.Timestamp("2024-12-01"))
    for rows in (known, known.drop(columns="day")):
        for record, expected in zip(rows.to_dict("records"), model.predict(rows).to_dict("records"), strict=True):
            assert model.predict_one(record) == pytest.approx(expected, abs=1e-9)


def test_new_outcomes_change_the_answer_from_then_on(memory):
    frame, _ = memory
    config = OffersConfig(key="who", offer="what", response="yes", time="day", positive=1)
    model = LogisticOffers(config).fit(frame)
    asked = pd.DataFrame({"who": ["fresh"], "age": [40]})
    before = model.predict(asked)["acceptance_probability"][0]
    days = pd.date_range("2025-01-01", periods=6, freq="7D")
    model.update(pd.DataFrame({"who": "fresh", "what": "o1", "day": days, "age": 40, "yes": 1}))
    assert model.predict(asked)["acceptance_probability"][0] > before + 0.1


def test_a_row_never_sees_its_own_answer_or_a_later_one(memory):
    frame, _ = memory
    config = OffersConfig(key="who", offer="what", response="yes", time="day", positive=1)
    design = PairDesign.learn(frame, config)
    late = frame["day"] > frame["day"].median()
    turned = frame.assign(yes=np.where(late, 1 - frame["yes"], frame["yes"]))
    other = replace(PairDesign.learn(turned, config), kept=design.kept)
    rate = design.history.rate
    one, two = (each.rows(rows)[~late][:, design.history_places] for each, rows in ((design, frame), (other, turned)))
    place = list(design._of_customer).index("history: acceptance rate") - len(design.customer.names)
    assert rate != other.history.rate  # the overall rate is of all rows: what a customer of whom nothing is known has
    for name in (0, 1, 2):
        np.testing.assert_array_equal(one[:, name], two[:, name])
    assert place >= 0


# --- new offers ---


def log_of_columns(n=6_000, n_offers=12, seed=0):
    """Offers whose discount matters much, and customers of whom one column matters."""
    random = np.random.default_rng(seed)
    discount = np.linspace(0, 1, n_offers)
    place = random.integers(0, n_offers, n)
    age = random.integers(20, 70, n)
    odds = -3.0 + 3.0 * discount[place] + 0.03 * (age - 45) + random.normal(0, 0.1, n_offers)[place]
    accepted = (random.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    return pd.DataFrame(
        {
            "who": np.arange(n),
            "what": [f"o{one}" for one in place],
            "discount": discount[place],
            "age": age,
            "yes": accepted,
        }
    )


@pytest.mark.parametrize("left", ["o1", "o6", "o10"])
def test_an_offer_never_made_gets_the_chance_that_its_columns_promise(left):
    frame = log_of_columns()
    config = OffersConfig(offer="what", response="yes", offer_columns=("discount",), positive=1)
    rest, unseen = frame[frame["what"] != left], frame[frame["what"] == left]
    model = LogisticOffers(config).fit(rest)
    entry = unseen[["what", "discount"]].head(1).reset_index(drop=True)
    scores = model.score(unseen, entry)
    overall = np.full(len(unseen), rest["yes"].mean())
    assert (
        log_loss(unseen["yes"].to_numpy(), scores.probability[:, 0])
        < log_loss(unseen["yes"].to_numpy(), overall) - 0.005
    )
    assert scores.spread[0] > np.median(model.score(unseen).spread)
    assert scores.probability.min() > 0.001


def test_new_offers_of_the_boosted_score_have_a_prior_too(model, people):
    entries = model.entries()
    new = entries[entries["channel"] == "sms"].head(1).assign(offer="brand_new", discount=0.45)
    both = pd.concat([entries, new], ignore_index=True)
    scores = model.score(people, both)
    assert scores.spread[-1] > scores.spread[:-1].max()
    same = np.flatnonzero((entries["offer"] == new["offer"].iloc[0]) | (entries["channel"] == "sms"))
    assert scores.probability[:, -1].mean() > 0.25 * scores.probability[:, same].mean()


def test_the_baseline_gives_everybody_the_rate_of_the_offer():
    frame = builders.offers_of()
    config = OffersConfig(**NAMES, positive=1, control="none", offer_columns=("category",))
    model = PopularOffers(config).fit(frame)
    made = frame[frame["offer"] != "none"]
    rate = made.groupby("offer")["accepted"].mean()
    asked = pd.DataFrame({"offer": rate.index, "channel": "sms"})
    found = model.predict(asked)["acceptance_probability"].to_numpy()
    assert np.corrcoef(found, rate)[0, 1] > 0.95
    assert found.min() >= rate.min()
    assert model.predict(asked[["channel"]].head(1))["offer"].item() == rate.index[np.argmax(found)]

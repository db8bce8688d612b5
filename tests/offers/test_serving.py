"""One customer at a time: the answer of the batch, from many threads, at the prices of the last batch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.offers.policy import Cap, Explore, Policy, Value
from cxml.offers.scores import Scores
from cxml.offers.serving import Decider

ENTRIES = pd.DataFrame(
    {
        "offer": ["gold", "gold", "data", "loan", "film"],
        "by": ["sms", "call", "sms", "call", "sms"],
        "margin": [100.0, 100, 30, 200, 60],
        "cost": [1.0, 10, 1, 10, 2],
        "least_age": [0, 0, 0, 19, 15],
    }
)
N = 80


class Model:
    """Chances that hang on the age, by a formula that a frame and a record share."""

    def entries(self):
        return ENTRIES

    def score(self, customers, entries=None):
        age = customers["age"].fillna(30).to_numpy(float)[:, None]
        return Scores(1 / (1 + np.exp(-(np.array([-1.5, -1.2, 0, -2, -1]) + (age - 40) / 50))), np.full(5, 0.4))

    def scorer(self, entries=None):
        return lambda record: self.score(pd.DataFrame([dict(record)]), entries)


@pytest.fixture
def customers():
    random = np.random.default_rng(0)
    ages = np.where(random.random(N) < 0.1, np.nan, random.integers(10, 80, N))
    return pd.DataFrame(
        {"id": [f"c{one}" for one in range(N)], "age": ages, "sms_ok": random.choice(["Y", "N", None], N)}
    )


@pytest.fixture
def contacts():
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": random.choice([f"c{one}" for one in range(N)], 120),
            "sent_at": pd.Timestamp("2026-03-01") - pd.to_timedelta(random.uniform(0, 20, 120), unit="D"),
            "offer": random.choice(ENTRIES["offer"], 120),
            "by": random.choice(["sms", "call"], 120),
        }
    )


RULES = {
    "eligibility": {"old enough": "age >= least_age"},
    "consent": {"sms": "sms_ok"},
    "fatigue": [Cap(1, days=7), Cap(1, days=15, offer=True)],
    "value": Value("margin", "cost"),
}
WORDS = {"key": "id", "offer": "offer", "channel": "by", "time": "sent_at"}


@pytest.mark.parametrize("explore", [None, Explore("thompson", scale=2), Explore("epsilon", epsilon=0.5)])
def test_a_record_has_the_answer_of_the_batch(customers, contacts, explore):
    decider = Decider(Model(), Policy(**RULES, explore=explore), contacts=contacts, **WORDS)
    batch = decider.decide(customers, 2, now="2026-03-01").chosen
    records = customers.to_dict("records")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: decider.predict_one(one, 2, now="2026-03-01"), records))
    found = pd.DataFrame([one for answer in answers for one in answer])
    pd.testing.assert_frame_equal(found, batch.reset_index(drop=True), check_exact=False, rtol=1e-9, check_dtype=False)
    assert N / 4 < len(found) < 2 * N


def test_prices_of_the_batch_keep_records_within_its_limits(customers):
    policy = Policy(value=Value("margin", "cost"), budget=2.0 * N, capacity={"call": 0.15 * N})
    decider = Decider(Model(), policy, **WORDS)
    free = [decider.predict_one(one, now="2026-03-01") for one in customers.to_dict("records")]
    batch = decider.decide(customers, now="2026-03-01")
    priced = [decider.predict_one(one, now="2026-03-01") for one in customers.to_dict("records")]
    cost = ENTRIES.set_index(["offer", "by"])["cost"]

    def spent(answers):
        return sum(cost[one["offer"], one["channel"]] for answer in answers for one in answer)

    assert spent(free) > 2.75 * N
    assert spent(priced) == pytest.approx(2.0 * N, abs=25)  # all but the few customers who were split
    same = {one["id"]: one["offer"] for answer in priced for one in answer}
    agreed = batch.chosen["offer"] == batch.chosen["id"].map(same)
    assert agreed.mean() > 0.95
    again = Decider(Model(), policy, prices=batch.prices, **WORDS)
    assert [again.predict_one(one, now="2026-03-01") for one in customers.to_dict("records")] == priced


def test_an_offer_out_of_stock_is_never_served():
    decider = Decider(Model(), Policy(stock={"gold": 0}), **WORDS)
    assert "gold" not in {one["offer"] for one in decider.predict_one({"id": 1, "age": 40}, 5)}


def test_a_model_that_scores_frames_only_will_do():
    class Frames:
        entries = Model.entries
        score = Model.score

    one = {"id": "a", "age": 40.0}
    assert Decider(Frames(), **WORDS).predict_one(one, 3) == Decider(Model(), **WORDS).predict_one(one, 3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda one: one.predict_one([1]), "A record must be a mapping of column to value, such as a dict - got list"),
        (lambda one: one.predict_one({"id": [3], "age": 3}), "The column 'id' must be text or a number - got list [3]"),
        (lambda one: one.predict_one({"age": 3}), "Deciding needs the column 'id'"),
        (lambda one: one.predict_one({"id": 3, "age": 3}), "consent= of the policy needs the column 'sms_ok'"),
        (lambda one: one.predict_one({"id": 3, "age": 3}, 0), "k must be a whole number from 1 up - got 0"),
    ],
)
def test_faulty_records_are_refused(wrong, message):
    with pytest.raises((FrameError, ConfigError)) as refused:
        wrong(Decider(Model(), Policy(**RULES), **WORDS))
    assert message in str(refused.value)


def test_faulty_prices_are_refused():
    with pytest.raises(ConfigError, match=r"must name limits of the policy - got 'budgett'\. Did you mean 'budget'"):
        Decider(Model(), Policy(budget=5.0), prices={"budgett": 1.0}, **WORDS)
    with pytest.raises(ConfigError, match="prices must be 0 or more - got -1"):
        Decider(Model(), Policy(budget=5.0), prices={"budget": -1}, **WORDS)

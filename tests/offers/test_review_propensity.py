"""One record answers as a batch does, and offers are told apart by what they name, not by how a number is written."""

import pytest

from cxml import offers
from cxml.datasets import make_offers

NAMES = {"key": "customer_id", "offer": "offer", "response": "accepted", "channel": "channel", "time": "sent_at"}


@pytest.fixture(scope="module")
def made():
    return make_offers(300, seed=3)


def test_a_record_that_names_its_offer_is_answered_with_its_position_as_in_a_batch(made):
    log = made.log.drop(columns=["margin_won", "propensity"])
    tables = {"customers": made.customers, "offers": made.offers}
    settings = {"position": "position", "control": "none", "method": "logistic", "refit": False, "track": False}
    model = offers.train(log, **NAMES, **tables, **settings).model
    rows = made.customers.head(6).assign(offer="data_plus", channel="sms", position=[1, 2, 3, 1, 2, 3])
    batch = model.predict(rows)
    shown_first = model.predict(rows.assign(position=1))["acceptance_probability"]
    assert (abs(batch["acceptance_probability"] - shown_first).iloc[[2, 5]] > 1e-4).all()
    for record, expected in zip(rows.to_dict("records"), batch.to_dict("records"), strict=True):
        assert model.predict_one(record) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("method", ["popular", "logistic"])
def test_a_control_named_by_a_whole_number_is_found_among_decimals(made, method):
    number = {name: place for place, name in enumerate(sorted(made.log["offer"].unique()))}
    log = made.log.drop(columns=["margin_won", "propensity", "position"])
    log = log.assign(offer=log["offer"].map(number).astype(float))
    table = made.offers.assign(offer=made.offers["offer"].map(number))
    settings = {"control": number["none"], "method": method, "refit": False, "track": False}
    trained = offers.train(log, **NAMES, customers=made.customers, offers=table, **settings)
    assert len(trained.model.entries()["offer"].unique()) == len(made.offers)
    assert number["none"] not in trained.model.entries()["offer"].tolist()

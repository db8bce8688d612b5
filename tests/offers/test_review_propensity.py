"""One record answers as a batch does, and offers are told apart by what they name, not by how a number is written."""

import pytest

from cxml import offers
from cxml.datasets import make_offers
from cxml.errors import FrameError
from cxml.offers.checks import target_of

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


@pytest.fixture(scope="module")
def plain(made):
    log = made.log.drop(columns=["margin_won", "propensity", "position"])
    tables = {"customers": made.customers, "offers": made.offers}
    settings = {"control": "none", "method": "logistic", "refit": False, "track": False}
    return log, offers.train(log, **NAMES, **tables, **settings).model


def joined(log, made, **changes):
    return log[log["offer"] != "none"].tail(20).merge(made.customers, on="customer_id").assign(**changes)


@pytest.mark.parametrize("label", ["maybe", "yes", 2])
def test_an_update_with_a_label_it_never_saw_is_refused_and_changes_nothing(made, plain, label):
    log, model = plain
    asked = made.customers.head(5)
    before = model.predict(asked)
    with pytest.raises(FrameError, match=r"must be 1 or 0, as in the log learned from - 20 of 20 rows of 'accepted'"):
        model.update(joined(log, made, accepted=label))
    assert model.predict(asked).equals(before)


@pytest.mark.parametrize("same", [lambda one: one.astype(str), lambda one: one.astype(bool), lambda one: one * 1.0])
def test_the_same_labels_written_otherwise_are_read(made, plain, same):
    log, model = plain
    rows = joined(log, made)
    assert target_of(rows.assign(accepted=same(rows["accepted"])), model.config).tolist() == rows["accepted"].tolist()


def test_an_offer_never_made_through_the_asked_channel_is_answered_by_that_channel(made):
    log = made.log.drop(columns=["margin_won", "propensity", "position"])
    log = log[~(log["offer"].eq("data_plus") & log["channel"].eq("call"))]
    tables = {"customers": made.customers, "offers": made.offers}
    settings = {"control": "none", "method": "logistic", "refit": False, "track": False}
    model = offers.train(log, **NAMES, **tables, **settings).model
    rows = made.customers.head(3).assign(offer="data_plus", channel=["call", "sms", None])
    answer = model.predict(rows)
    assert answer["offer"].tolist() == ["data_plus"] * 3
    assert answer["channel"].tolist()[:2] == ["call", "sms"]
    assert model.predict_one(rows.iloc[0].to_dict())["channel"] == "call"

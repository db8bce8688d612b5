"""What a log of offers must be: each refusal and each note, by its words."""

import numpy as np
import pandas as pd
import pytest

from cxml import offers
from cxml.datasets import make_offers
from cxml.errors import ConfigError, FrameError

NAMES = {"key": "customer_id", "offer": "offer", "response": "accepted", "time": "sent_at", "control": "none"}


@pytest.fixture(scope="module")
def made():
    return make_offers(300, seed=3)


@pytest.fixture
def log(made):
    return made.log.drop(columns="margin_won").copy()


@pytest.fixture
def tables(made):
    return {"customers": made.customers.copy(), "offers": made.offers.copy()}


def train(log, tables, **more):
    return offers.train(log, **{**NAMES, **tables, "method": "popular", "track": False, **more})


def refused(log, tables, match, error=FrameError, **more):
    with pytest.raises(error, match=match):
        train(log, tables, **more)


def test_an_unknown_offer_of_the_log_is_named(log, tables):
    log.loc[log.index[:3], "offer"] = "data_pluss"
    refused(log, tables, r"Each offer of the log must be in offers= - 3 of [\d,]+ rows .*Did you mean 'data_plus'")


def test_an_unknown_customer_of_the_log_is_named(log, tables):
    log.loc[log.index[0], "customer_id"] = "x99"
    refused(log, tables, r"Each customer of the log must be in customers= - 1 of [\d,]+ rows name others: 'x99'")


def test_tables_that_cannot_be_joined_are_refused(log, tables):
    twice = pd.concat([tables["customers"], tables["customers"].head(1)])
    refused(
        log, {"customers": twice}, r"Each row must have its own 'customer_id' - 2 of .*Keep one row for each customer"
    )
    same = {"customers": tables["customers"].assign(position=1)}
    refused(log, same, r"A column must be of the log or of customers= - got 'position' in both")
    refused(log, tables, r"customers= is joined by the column that names the customer - got no key=", key=None)
    refused(log, {"offers": tables["offers"].drop(columns="offer")}, r"offers= needs the column 'offer'")


def test_answers_that_are_all_alike_are_refused(log, tables):
    refused(log.assign(accepted=0), tables, r"must have two labels - got 1: 0\. A model .* needs rows of both kinds")


def test_a_log_without_answers_is_refused(log, tables):
    refused(log.assign(accepted=None), tables, r"needs answers in 'accepted' - all [\d,]+ rows have none")


def test_too_few_answers_are_refused(log, tables):
    refused(log.head(40), {}, r"at least 50 answers, 10 of them accepted and 10 not - got \d+ answers", control=None)


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.5])
def test_propensities_that_are_no_chances_are_refused(log, tables, chance):
    log.loc[log.index[:2], "propensity"] = chance
    message = (
        rf"A propensity must be the chance, above 0 and up to 1.* 2 of [\d,]+ rows of 'propensity'.* {chance:g}\. "
    )
    refused(log, tables, message, propensity="propensity")


def test_repeated_rows_are_refused(log, tables):
    twice = pd.concat([log, log.head(2)], ignore_index=True)
    refused(twice, tables, r"Each offer must be in the log once - 4 of [\d,]+ rows repeat another in 'customer_id' and")
    refused(twice, tables, r"4 of [\d,]+ rows repeat another in all columns", time=None)


def test_an_answer_before_the_offers_start_is_refused(log, tables):
    tables["offers"]["starts"] = pd.Timestamp("2025-03-01")
    refused(
        log, tables, r"A response must not lie before its offer's start - [\d,]+ of [\d,]+ rows do", starts="starts"
    )
    refused(
        log,
        tables,
        r"starts='starts' is compared with the moment of each row - got no time=",
        starts="starts",
        time=None,
    )


@pytest.mark.parametrize("name", ["customer_id", "offer"])
def test_rows_of_nobody_and_of_nothing_are_refused(log, tables, name):
    log.loc[log.index[:2], name] = None
    refused(log, {}, rf"Each row must have its '{name}' - 2 of [\d,]+ rows have none")


def test_moments_must_be_dates(log, tables):
    refused(log.assign(sent_at="soon"), tables, r"must be a date - got 'soon'")
    log.loc[log.index[0], "sent_at"] = None
    refused(log, tables, r"Each row must have its moment - 1 of [\d,]+ rows have none in 'sent_at'")


def test_a_contact_without_a_channel_asks_for_the_control(log, tables):
    message = r"Each row must have its 'channel' - [\d,]+ of [\d,]+ rows have none, of 'none'.*control="
    tables["offers"] = pd.concat([tables["offers"], tables["offers"].head(1).assign(offer="none")])
    refused(log, tables, message, channel="channel", control=None)


def test_an_unknown_control_is_named_with_the_nearest(log, tables):
    refused(
        log,
        {},
        r"control= must be one of several offers in 'offer' - got 'nonne'.* Did you mean 'none'",
        control="nonne",
    )


def test_a_missing_column_is_named_with_the_nearest(log, tables):
    refused(log, tables, r"needs the column 'acepted' .* Did you mean 'accepted'", response="acepted")


def test_nothing_to_learn_from_is_refused(log):
    bare = log[["customer_id", "sent_at", "accepted"]].drop_duplicates(["customer_id", "sent_at"])
    with pytest.raises(FrameError, match=r"the log has one offer and no column that describes whom it was made"):
        offers.train(bare, key="customer_id", time="sent_at", response="accepted", track=False)


def test_uplift_and_another_method_do_not_go_together(log, tables):
    refused(
        log, tables, r"uplift=True is learned by the method 'uplift' - got method='popular'", ConfigError, uplift=True
    )


def test_an_offer_that_nobody_accepted_is_told_and_has_a_chance_above_zero(log, tables):
    log.loc[log["offer"] == "data_plus", "accepted"] = 0
    model = train(log, tables)
    assert any(note.startswith("Never accepted: 'data_plus'.") for note in model.notes)
    asked = pd.DataFrame({"customer_id": ["c00001"], "offer": ["data_plus"]})
    assert 0 < model.model.predict(asked)["acceptance_probability"][0] < 0.08


def test_an_unknown_offer_is_refused_when_asked_about(log, tables):
    model = train(log, tables)
    asked = pd.DataFrame({"customer_id": ["c00001", "c00002"], "offer": ["data_pluss", None]})
    with pytest.raises(FrameError, match=r"1 of 2 rows hold others, such as 'data_pluss'\. Did you mean 'data_plus'\?"):
        model.model.predict(asked)


def test_rows_without_an_answer_are_history_and_no_labels(log, tables):
    log["accepted"] = log["accepted"].astype("float64")
    log.loc[log.index[:100], "accepted"] = np.nan
    model = train(log, tables)
    assert any("rows without a response are interactions" in note for note in model.notes)
    assert model.origin.data.rows == (log["offer"] != "none").sum()


def test_without_a_time_no_history_is_promised(log, tables):
    model = train(log.drop_duplicates(["customer_id", "offer", "channel", "position", "accepted"]), tables, time=None)
    assert any(note.startswith("No history was learned from: without time=") for note in model.notes)


def test_a_leak_is_named(log, tables):
    log["answered_at"] = np.where(log["accepted"] == 1, "yes", "no")
    model = train(log, tables)
    assert any(note.startswith("Possible leakage in 'answered_at'") for note in model.notes)
    refused(log, tables, r"Possible leakage in 'answered_at'", on_leakage="raise")

"""Entries of a catalogue, which columns describe them, and the rate that a new offer is promised."""

import numpy as np
import pandas as pd
import pytest

from cxml.errors import FrameError
from cxml.offers.catalogue import (
    check_entries,
    entries_from_json,
    entries_of,
    entries_to_json,
    find_offer_columns,
    pair_places,
)
from cxml.offers.config import OffersConfig
from cxml.offers.rates import OfferRates, learn_rates

CONFIG = OffersConfig(response="y", offer="offer", channel="way", offer_columns=("margin", "from_day"))


@pytest.fixture
def log():
    offers = pd.DataFrame(
        {"offer": ["b", "a"], "margin": [2, 1], "from_day": pd.to_datetime(["2024-01-01", "2024-02-01"])}
    )
    rows = pd.DataFrame({"offer": ["b", "a", "b", "b"] * 5, "way": ["sms", "sms", "call", "sms"] * 5, "age": range(20)})
    return rows.merge(offers, on="offer").assign(y=0)


def test_an_entry_is_an_offer_through_a_channel_with_the_offers_columns(log):
    entries = entries_of(log, CONFIG)
    assert entries[["offer", "way", "margin"]].to_numpy().tolist() == [
        ["a", "sms", 1],
        ["b", "call", 2],
        ["b", "sms", 2],
    ]
    turned = entries_of(log.iloc[::-1], CONFIG)
    pd.testing.assert_frame_equal(turned, entries)


def test_entries_survive_json(log):
    entries = entries_of(log, CONFIG).assign(note=[None, "x", "y"])
    back = entries_from_json(entries_to_json(entries))
    assert back["from_day"].dtype.kind == "M"
    assert back.astype(str).to_numpy().tolist() == entries.astype(str).to_numpy().tolist()


def test_columns_constant_within_each_offer_describe_it(log):
    config = OffersConfig(response="y", offer="offer", channel="way")
    assert find_offer_columns(log.assign(same=1), config) == ("margin", "from_day")
    # With a row or two an offer, nearly every column is constant.
    assert find_offer_columns(log.head(4), config) == ()


def test_a_column_of_the_offer_with_several_values_is_refused(log):
    config = OffersConfig(response="y", offer="offer", offer_columns=("age",))
    with pytest.raises(FrameError, match=r"must have one value for each offer - 'age' has several for 2 of 2, such as"):
        entries_of(log, config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: pd.concat([one, one]), r"Each entry must be in the catalogue once - got 'a', 'b' more than once"),
        (
            lambda one: one.assign(way=["fax", "call", "sms"]),
            r"A channel must be one of those learned from, 'call', 'sms' - got 'fax'",
        ),
        (lambda one: one.drop(columns="margin"), r"A catalogue of this model needs the column 'margin'"),
        (lambda one: one.assign(offer=None), r"Each entry must have its 'offer' - 3 of 3 have none"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_refused(log, change, message):
    with pytest.raises(FrameError, match=message):
        check_entries(change(entries_of(log, CONFIG)), ["margin"], ["call", "sms"], CONFIG)


def test_a_pair_never_made_is_another_entry_of_its_offer(log):
    entries = entries_of(log, CONFIG)
    places = pair_places(entries, pd.Series(["a", "b", "b"]), pd.Series(["call", "call", "sms"]), CONFIG)
    assert places.tolist() == [0, 1, 2]


def logit(chance):
    return np.log(chance / (1 - chance))


def made_up(n_offers, strength, within, seed, answers=400):
    random = np.random.default_rng(seed)
    features = random.normal(size=(n_offers, 3))
    truth = -2.0 + strength * features[:, 0] + within * random.normal(size=n_offers)
    return features, truth, random.binomial(answers, 1 / (1 + np.exp(-truth)))


def test_many_answers_keep_their_own_rate_and_few_are_drawn_in():
    made, accepted = np.array([20_000, 20_000, 20_000, 4]), np.array([1_000, 2_000, 4_000, 4])
    rates = learn_rates(made, accepted, np.zeros((4, 0)))
    np.testing.assert_allclose(1 / (1 + np.exp(-rates.log_odds[:3])), accepted[:3] / made[:3], rtol=0.02)
    assert rates.log_odds[3] < logit(0.6)
    assert rates.spread[3] > 5 * rates.spread[0]


def test_a_new_offer_is_promised_what_its_columns_promise():
    features, truth, accepted = made_up(30, 0.6, 0.1, seed=0)
    rates = learn_rates(np.full(29, 400), accepted[:29], features[:29])
    promised, spread = rates.promised(features)
    assert np.corrcoef(promised, truth)[0, 1] > 0.95
    assert spread[29] > rates.spread.mean()


def test_what_is_unknown_of_new_offers_covers_the_truth():
    inside = []
    for seed in range(60):
        features, truth, accepted = made_up(12, 0.5, 0.3, seed)
        rates = learn_rates(np.full(11, 400), accepted[:11], features[:11])
        promised, spread = rates.promised(features[11:])
        inside.append(abs(promised[0] - truth[11]) < 1.96 * spread[0])
    assert np.mean(inside) > 0.85


def test_columns_that_tell_nothing_promise_the_mean():
    features, truth, accepted = made_up(30, 0.0, 0.3, seed=1, answers=2_000)
    promised, _ = learn_rates(np.full(30, 2_000), accepted, features).promised(features)
    assert promised.std() < 0.4 * truth.std()


def test_leaving_one_offer_out_in_closed_form_is_leaving_it_out():
    features, _, accepted = made_up(15, 0.5, 0.2, seed=2)
    made = np.full(15, 400)
    one_pair = np.array([[1.0, 0.3, 0.03]])
    rates = learn_rates(made, accepted, features, one_pair)
    for left in range(3):
        rest = np.arange(15) != left
        without = learn_rates(made[rest], accepted[rest], features[rest], one_pair)
        assert without.promised(features[[left]])[0][0] == pytest.approx(rates.without[left], abs=0.01)


def test_rates_survive_json():
    features, _, accepted = made_up(8, 0.5, 0.2, seed=3)
    rates = learn_rates(np.full(8, 400), accepted, features)
    back = OfferRates.from_json(rates.to_json())
    np.testing.assert_array_equal(back.log_odds, rates.log_odds)
    assert back.promised(features)[1].tolist() == rates.promised(features)[1].tolist()

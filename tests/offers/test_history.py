"""What is known of a customer before a moment: counted against a slow and plain count."""

import numpy as np
import pytest

from cxml.offers.history import OF_CUSTOMER, OF_PAIR, Events, History
from cxml.offers.ledger import ACCEPTED, DAY, INTERACTION

RATE = 0.2


def events(n=400, seed=0, customers=12, days=200):
    random = np.random.default_rng(seed)
    draw = lambda top: random.integers(0, top, n).astype(np.uint64)  # noqa: E731
    # Whole days, so that many rows share a moment.
    return Events(
        draw(customers), draw(4), draw(2), DAY * random.integers(0, days, n), random.integers(-1, 2, n).astype(np.int8)
    )


def slowly(log, rows, moment, delay, rate):
    """Loops over the rows of one group, as the documentation says it."""
    made = [i for i in rows if log.second[i] < moment and log.outcome[i] != INTERACTION]
    known = [i for i in made if log.second[i] < moment - delay * DAY]
    young = lambda some, days: [i for i in some if log.second[i] >= moment - days * DAY]  # noqa: E731
    won = [i for i in known if log.outcome[i] == ACCEPTED]
    took = [i for i in rows if log.second[i] < moment and log.outcome[i] == INTERACTION]
    since = lambda some: min((moment - max(log.second[i] for i in some)) / DAY, 90) if some else np.nan  # noqa: E731
    return {
        "short": len(young(made, 30)),
        "long": len(young(made, 90)),
        "won": len(young(won, 90)),
        "rate": (len(won) + 5 * rate) / (len(known) + 5),
        "since": since(made),
        "since_won": since(won),
        "took": len(young(took, 90)),
    }


@pytest.mark.parametrize("delay", [0, 7])
def test_counts_are_those_of_a_slow_count(delay):
    log = events()
    history = History(log, RATE, delay)
    every = range(len(log.second))
    asked = np.random.default_rng(1).integers(0, 14, 40).astype(np.uint64)
    moment = DAY * np.random.default_rng(2).integers(-5, 260, 40)
    offer, channel = asked % 4, asked % 2
    of_customer = history.of_customers(asked, moment)
    of_pair = history.of_pairs(asked, moment, offer, channel)
    for row, (who, when) in enumerate(zip(asked, moment, strict=True)):
        mine = [i for i in every if log.customer[i] == who]
        one = slowly(log, mine, when, delay, RATE)
        expected = [one[name] for name in ("short", "long", "won", "rate", "since", "since_won", "took")]
        np.testing.assert_allclose(of_customer[row], expected)
        this = slowly(log, [i for i in mine if log.offer[i] == offer[row]], when, delay, RATE)
        way = slowly(log, [i for i in mine if log.channel[i] == channel[row]], when, delay, RATE)
        expected = [this["long"], this["won"], this["since"], this["took"], way["rate"]]
        np.testing.assert_allclose(of_pair[row], expected)
    assert of_customer.shape[1] == len(OF_CUSTOMER)
    assert of_pair.shape[1] == len(OF_PAIR)


def test_rows_of_one_moment_do_not_see_each_other():
    one = np.zeros(3, dtype=np.uint64)
    log = Events(one, one, one, np.array([DAY, DAY, 2 * DAY]), np.array([1, 1, 0], dtype=np.int8))
    found = History(log, RATE, 0).of_customers(one, log.second)
    assert found[:, 0].tolist() == [0, 0, 2]
    assert found[:, 2].tolist() == [0, 0, 2]


def test_a_response_is_unknown_until_the_delay_has_passed():
    one = np.zeros(1, dtype=np.uint64)
    log = Events(one, one, one, np.array([0]), np.array([ACCEPTED], dtype=np.int8))
    history = History(log, RATE, 3)
    made = history.of_customers(np.zeros(2, dtype=np.uint64), np.array([2 * DAY, 4 * DAY]))
    assert made[:, 0].tolist() == [1, 1]
    assert made[:, 2].tolist() == [0, 1]


def test_the_order_of_the_log_does_not_matter_and_parts_are_alike():
    log = events()
    turned = Events(*(getattr(log, name)[::-1] for name in ("customer", "offer", "channel", "second", "outcome")))
    who, when = log.customer[:50], log.second[:50]
    for one, other in zip(log.parts().values(), turned.parts().values(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        History(log, RATE, 0).of_customers(who, when), History(turned, RATE, 0).of_customers(who, when)
    )


def test_later_events_are_remembered_too():
    log, later = events(seed=0), events(seed=5)
    joined = History(log, RATE, 0).extended(later)
    who, when = np.arange(12, dtype=np.uint64), np.full(12, 300 * DAY)
    apart = sum(History(one, RATE, 0).of_customers(who, when)[:, 1] for one in (log, later))
    np.testing.assert_array_equal(joined.of_customers(who, when)[:, 1], apart)
    assert joined.end == max(log.second.max(), later.second.max()) + 1


def test_nobody_is_known_in_an_empty_log():
    history = History(events().none(), RATE, 0)
    who, when, offer = np.arange(3, dtype=np.uint64), np.zeros(3, dtype=np.int64), np.arange(2, dtype=np.uint64)
    found = history.of_customers(who, when)
    assert found[:, 3].tolist() == [RATE] * 3
    assert np.isnan(found[:, 4]).all()
    assert history.end == 0
    assert not len(history.known_pairs(who, when, offer, offer).entry)
    np.testing.assert_array_equal(history.of_pairs(who[:1], when[:1], offer[:1], offer[:1])[0], usual(history, OF_PAIR))


def usual(history, columns):
    return [history.usual[name] for name in columns]


@pytest.mark.parametrize("columns", [OF_PAIR, OF_PAIR[:4], OF_PAIR[2:], OF_PAIR[4:]])
@pytest.mark.parametrize("delay", [0, 7])
def test_pairs_that_are_not_named_are_as_usual(columns, delay):
    history = History(events(n=150, customers=30), RATE, delay)
    customer = np.random.default_rng(1).permutation(40).astype(np.uint64)  # some of whom nothing is known
    second = DAY * np.random.default_rng(2).integers(-5, 400, 40)
    offer = np.array([7, 3, 3, 0, 2, 9], dtype=np.uint64)  # one through two channels, two never made
    channel = np.array([0, 1, 0, 0, 5, 1], dtype=np.uint64)
    pairs = history.known_pairs(customer, second, offer, channel, columns)
    found = np.tile(usual(history, columns), (40, 6, 1))
    found[pairs.customer, pairs.entry] = pairs.values
    assert len(np.unique(pairs.customer * 6 + pairs.entry)) == len(pairs.entry) < 240
    who, what = np.repeat(np.arange(40), 6), np.tile(np.arange(6), 40)
    expected = history.of_pairs(customer[who], second[who], offer[what], channel[what], columns)
    np.testing.assert_array_equal(found.reshape(240, -1), expected)


def test_columns_are_those_asked_for():
    history = History(events(), RATE, 7)
    who, when = np.arange(14, dtype=np.uint64), np.full(14, 150 * DAY)
    some = OF_CUSTOMER[5:2:-1]
    places = [OF_CUSTOMER.index(name) for name in some]
    np.testing.assert_array_equal(history.of_customers(who, when, some), history.of_customers(who, when)[:, places])


def test_many_customers_and_offers_are_told_apart():
    one, other = (grid.ravel().astype(np.uint64) for grid in np.meshgrid(np.arange(300), np.arange(300)))
    log = Events(one, other, other, np.zeros(90_000, dtype=np.int64), (one == other).astype(np.int8))
    found = History(log, RATE, 0).of_pairs(one, np.full(90_000, DAY), other, other)
    np.testing.assert_array_equal(found[:, 0], 1)
    np.testing.assert_array_equal(found[:, 1], one == other)

"""What a customer was offered and did before a moment: counted from the log itself, strictly earlier rows only.

Rows of one moment do not see each other. A response counts once it is known, `delay` days after the offer. What is
remembered are arrays: hashes of keys and offers, seconds, outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from cxml.boosting.pairs import Pairs
from cxml.offers.contacts import hash_texts
from cxml.offers.ledger import DAY, LONG, SHORT, Counts, Ledger

_OF_CUSTOMER = {
    f"history: offers of {SHORT} days": "short",
    f"history: offers of {LONG} days": "long",
    f"history: acceptances of {LONG} days": "won",
    "history: acceptance rate": "rate",
    f"history: days since the last offer, up to {LONG}": "since",
    f"history: days since the last acceptance, up to {LONG}": "since_won",
    f"history: interactions of {LONG} days": "interactions",
}
_OF_PAIR = {
    f"history: times this offer was made in {LONG} days": "long",
    f"history: times this offer was accepted in {LONG} days": "won",
    f"history: days since this offer, up to {LONG}": "since",
    f"history: interactions with this offer in {LONG} days": "interactions",
}
#: Of a customer with one channel: it makes all pairs of this channel unusual, which costs much in a batch.
OF_CHANNEL = "history: acceptance rate by this channel"
#: What is counted of a customer, and of a customer with one offer or channel.
OF_CUSTOMER, OF_PAIR = tuple(_OF_CUSTOMER), (*_OF_PAIR, OF_CHANNEL)

hashed = hash_texts


@dataclass(frozen=True)
class Events:
    """What is remembered: one entry a row of the log.

    Attributes
    ----------
    customer, offer, channel : arrays of uint64, shape (n_events,)
        Hashes; all alike where there is no channel.
    second : array of int64
        Since 1970.
    outcome : array of int8
        1 accepted, 0 not, -1 where nothing was asked.
    """

    customer: np.ndarray
    offer: np.ndarray
    channel: np.ndarray
    second: np.ndarray
    outcome: np.ndarray

    def joined(self, other: Events) -> Events:
        """These and others."""
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return Events(*(np.concatenate(pair) for pair in pairs))

    def none(self) -> Events:
        """No event at all."""
        return Events(*(getattr(self, one.name)[:0] for one in fields(self)))

    def parts(self) -> dict[str, np.ndarray]:
        """As arrays, in an order that hangs on nothing but what they hold."""
        order = np.lexsort((self.outcome, self.channel, self.offer, self.second, self.customer))
        return {one.name: getattr(self, one.name)[order] for one in fields(self)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, np.ndarray]) -> Events:
        """Back from `parts`."""
        return cls(*(np.asarray(parts[one.name]) for one in fields(cls)))


class _Known:
    """Distinct values, and the number of each event's.

    Parameters
    ----------
    values : array, shape (n_events,)
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.of_events = np.unique(values, return_inverse=True)

    def __len__(self) -> int:
        return len(self.values)

    def find(self, values: np.ndarray) -> np.ndarray:
        """Number of each value; one above all others where it is not known."""
        found: np.ndarray = self.values.searchsorted(values)
        if len(self):
            found[self.values.take(found, mode="clip") != values] = len(self)
        return found


class _Pairs:
    """Customers with something else they had to do with: which pairs there are, and what had happened in each.

    Parameters
    ----------
    customers : _Known
    others : array of uint64, shape (n_events,)
        Hashes of offers, or of channels.
    ledger : function of (numbers of the events' groups, number of groups)
    """

    def __init__(self, customers: _Known, others: np.ndarray, ledger: Callable[[np.ndarray, int], Ledger]) -> None:
        self._others = _Known(others)
        self._width = len(self._others) + 1  # one more for what nobody had to do with
        self._known = _Known(customers.of_events * self._width + self._others.of_events)
        self._starts = self._known.values.searchsorted(np.arange(len(customers) + 2) * self._width)
        self.ledger = ledger(self._known.of_events, len(self._known))

    def find(self, customer: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Number of each pair's group.

        Parameters
        ----------
        customer : array of int, shape (n_asked,)
            Numbers of customers.
        other : array of uint64, shape (n_asked,)
            Hashes.
        """
        return self._known.find(customer * self._width + self._others.find(other))

    def among(self, customer: np.ndarray, entries: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """All pairs of these customers with something that is among the entries.

        Parameters
        ----------
        customer : array of int, shape (n_customers,)
            Numbers of customers.
        entries : array of uint64, shape (n_entries,)
            Hashes.

        Returns
        -------
        (group, row, pair, entry)
            The first two of each pair that is: its group, and its row among the customers. The others of each pair with
            each entry that it is of: its place in the first two, and the entry.
        """
        size = self._starts[customer + 1] - self._starts[customer]
        row, group = _spread(self._starts[customer], size)
        of_entry = self._others.find(entries)
        order = of_entry.argsort(kind="stable")
        ranked, other = of_entry[order], self._known.values[group] % self._width
        first = ranked.searchsorted(other)
        size = ranked.searchsorted(other, side="right") - first
        there = size.nonzero()[0]
        pair, place = _spread(first[there], size[there])
        return group[there], row[there], pair, order[place]


def _spread(first: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of numbers: which run each is of, and the number."""
    run = np.arange(len(size)).repeat(size)
    offset = first - size.cumsum() + size
    return run, offset[run] + np.arange(len(run))


class History:
    """Answers what a customer had been offered and had done, in all, of one offer and by one channel.

    Parameters
    ----------
    events : Events
    rate : float in [0, 1]
        The overall rate, for customers of whom little is known.
    delay : float >= 0, days
    """

    def __init__(self, events: Events, rate: float, delay: float) -> None:
        self.events = events
        self.rate = rate
        self.delay = delay

    @cached_property
    def end(self) -> int:
        """The second after the last event: now, where nothing else is said."""
        return int(self.events.second.max()) + 1 if len(self.events.second) else 0

    def extended(self, events: Events) -> History:
        """One that also remembers these."""
        return History(self.events.joined(events), self.rate, self.delay)

    def _ledger(self, group: np.ndarray, size: int) -> Ledger:
        events, delay = self.events, round(self.delay * DAY)
        return Ledger(group, size, events.second, events.outcome, delay=delay, rate=self.rate)

    @cached_property
    def _customers(self) -> _Known:
        return _Known(self.events.customer)

    @cached_property
    def _by_customer(self) -> Ledger:
        return self._ledger(self._customers.of_events, len(self._customers))

    @cached_property
    def _by_offer(self) -> _Pairs:
        return _Pairs(self._customers, self.events.offer, self._ledger)

    @cached_property
    def _by_channel(self) -> _Pairs:
        return _Pairs(self._customers, self.events.channel, self._ledger)

    def of_customers(
        self, customer: np.ndarray, second: np.ndarray, columns: Sequence[str] = OF_CUSTOMER
    ) -> np.ndarray:
        """Count what is known of customers.

        Parameters
        ----------
        customer : array of uint64, shape (n_asked,)
        second : array of int64, shape (n_asked,)
        columns : sequence of str
            Of `OF_CUSTOMER`.

        Returns
        -------
        array of float, shape (n_asked, n_columns)
        """
        counts = self._by_customer.before(self._customers.find(customer), second)
        return _table(counts, [_OF_CUSTOMER[name] for name in columns], len(customer))

    def of_pairs(
        self,
        customer: np.ndarray,
        second: np.ndarray,
        offer: np.ndarray,
        channel: np.ndarray,
        columns: Sequence[str] = OF_PAIR,
    ) -> np.ndarray:
        """Count what is known of customers, each with one offer through one channel.

        Parameters
        ----------
        customer, offer, channel : arrays of uint64, shape (n_asked,)
        second : array of int64, shape (n_asked,)
        columns : sequence of str
            Of `OF_PAIR`.

        Returns
        -------
        array of float, shape (n_asked, n_columns)
        """
        who = self._customers.find(customer)
        counts = self._by_offer.ledger.before(self._by_offer.find(who, offer), second)
        found = _table(counts, [_OF_PAIR[name] for name in columns if name != OF_CHANNEL], len(who))
        if OF_CHANNEL not in columns:
            return found
        rate = self._by_channel.ledger.before(self._by_channel.find(who, channel), second).rate
        return np.insert(found, list(columns).index(OF_CHANNEL), rate, axis=1)

    @property
    def usual(self) -> dict[str, float]:
        """The columns of a pair that has no past."""
        return {name: np.nan if kind == "since" else 0.0 for name, kind in _OF_PAIR.items()} | {OF_CHANNEL: self.rate}

    def known_pairs(
        self,
        customer: np.ndarray,
        second: np.ndarray,
        offer: np.ndarray,
        channel: np.ndarray,
        columns: Sequence[str] = OF_PAIR,
    ) -> Pairs:
        """The same of all customers with all entries of a catalogue, where there is a past: only such pairs cost.

        Parameters
        ----------
        customer : array of uint64, shape (n_customers,)
        second : array of int64, shape (n_customers,)
        offer, channel : arrays of uint64, shape (n_entries,)
        columns : sequence of str
            Of `OF_PAIR`.

        Returns
        -------
        Pairs
            All others are as `usual`.
        """
        who = self._customers.find(customer)
        group, row, pair, entry = self._by_offer.among(who, offer)
        counts = self._by_offer.ledger.before(group, second[row])
        of_offer = [name for name in columns if name != OF_CHANNEL]
        values = _table(counts, [_OF_PAIR[name] for name in of_offer], len(group))[pair]
        found = Pairs(row[pair], entry, values)
        if OF_CHANNEL not in columns:
            return found
        group, row, pair, entry = self._by_channel.among(who, channel)
        rate = self._by_channel.ledger.before(group, second[row]).rate[pair]
        told = (rate != self.rate).nonzero()[0]
        usual = [self.usual[name] for name in columns]
        at = list(columns).index(OF_CHANNEL)
        rest = [place for place in range(len(columns)) if place != at]
        return _both(found, rest, Pairs(row[pair][told], entry[told], rate[told, None]), [at], usual, len(offer))


def _both(one: Pairs, columns: list[int], other: Pairs, others: list[int], usual: list[float], n_entries: int) -> Pairs:
    """Pairs of which either tells something: the columns of both, as usual where only one does."""
    places = [pairs.customer * n_entries + pairs.entry for pairs in (one, other)]
    place, at = np.unique(np.concatenate(places), return_inverse=True)
    values = np.tile(usual, (len(place), 1))
    values[at[: len(places[0]), None], columns] = one.values
    values[at[len(places[0]) :, None], others] = other.values
    return Pairs(place // n_entries, place % n_entries, values)


def _table(counts: Counts, names: list[str], size: int) -> np.ndarray:
    found = np.empty((size, len(names)))
    for place, name in enumerate(names):
        found[:, place] = getattr(counts, name)
    return found

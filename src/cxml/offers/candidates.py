"""Every customer x every entry, judged by the rules of a policy: what is allowed, what it is worth, what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.errors import ConfigError, FrameError, nearest, shorten
from cxml.frames import as_pandas, check_columns, check_unique
from cxml.offers.choice import Choice, Limit
from cxml.offers.contacts import Contacts, hash_text
from cxml.offers.moment import Moment, zoned
from cxml.offers.policy import Policy
from cxml.offers.rules import Expression
from cxml.offers.scores import Scores
from cxml.offers.sides import Numbers, Side, Texts, as_dates, as_numbers
from cxml.values import read_category

_YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "예", "네", "동의", "수신동의", "o", "on"})
_NO = frozenset(
    {"0", "0.0", "false", "f", "no", "n", "아니오", "아니요", "미동의", "비동의", "거부", "수신거부", "x", "off"}
)
#: The rule of pairs that the model itself bars, see `cxml.offers.scores.Scores`.
BARRED = "has it already"


@dataclass(frozen=True)
class Judged:
    """What the rules say of every pair.

    Attributes
    ----------
    rule : array of int, shape (n_customers, n_entries)
        0: allowed, else 1 + the place in `names` of the first rule that rejects it.
    names : list of str
    value : array of float, shape (n_customers, n_entries)
        Expected value.
    control : array of float or None
        What the chance would be without the offer, where the value goes by uplift.
    margin, cost : arrays of float, broadcastable to (n_customers, n_entries)
    choice : Choice
    """

    rule: np.ndarray
    names: list[str]
    value: np.ndarray
    control: np.ndarray | None
    margin: np.ndarray
    cost: np.ndarray
    choice: Choice


class Judge:
    """A policy, made ready for a catalogue.

    Parameters
    ----------
    policy : Policy
    entries : DataFrame
        One row an offer, or an offer through a channel.
    offer : str
        Its column that names the offer.
    channel : str, optional
        Its column that names the channel.

    Raises
    ------
    FrameError
        If entries repeat one another, or lack a column that the policy names.
    ConfigError
        If the policy names an unknown channel or offer.
    """

    def __init__(self, policy: Policy, entries: Any, *, offer: str, channel: str | None = None) -> None:
        entries = as_pandas(entries, what="The catalogue")
        self.policy, self.entries, self.offer, self.channel = policy, entries, offer, channel
        named = [offer, *([channel] if channel is not None else [])]
        also = {"starts": policy.starts, "ends": policy.ends}
        also["stock"] = policy.stock if isinstance(policy.stock, str) else None
        check_columns(entries.columns, named, what="The catalogue")
        for setting, name in also.items():
            if name is not None:
                check_columns(entries.columns, [name], what=f"{setting}= of the policy")
        check_unique(entries, named, advice="An offer (through a channel) is one row of the catalogue.")
        self.side = Side(entries, 1)
        self.offers = [read_category(one) or "" for one in entries[offer]]
        self.offer_values = entries[offer].tolist()
        self.channel_values = entries[channel].tolist() if channel is not None else []
        self.channels = [read_category(one) or "" for one in entries[channel]] if channel is not None else []
        self.offer_codes = _codes(self.offers)
        self.channel_codes = _codes(self.channels) if self.channels else np.zeros(len(entries), dtype=np.int64)
        marks = self.channels or [""] * len(entries)
        pairs = [f"{name}\x1f{mark}" for name, mark in zip(self.offers, marks, strict=True)]
        self.hashes = np.array([hash_text(one) for one in pairs], dtype=np.uint64)
        self.offer_hashes = np.array([hash_text(one) for one in self.offers], dtype=np.uint64)
        rules = policy.eligibility if isinstance(policy.eligibility, Mapping) else {}
        self._eligibility = [(name, Expression(text, f"The rule {name!r}")) for name, text in rules.items()]
        self._margin = _amount(policy.value.margin, "margin of Value")
        self._cost = _amount(policy.value.cost, "cost of Value")
        self._check_names()
        self._zoned = {name: zoned(entries[name]) for name in (policy.starts, policy.ends) if name is not None}
        self._shared = [*self._capacities(), *self._stocks()]

    def _check_names(self) -> None:
        consent = self.policy.consent if isinstance(self.policy.consent, Mapping) else {}
        asked = {"consent": list(consent), "capacity": list(self.policy.capacity)}
        asked["fatigue"] = [cap.channel for cap in self.policy.fatigue if cap.channel is not None]
        known = list(dict.fromkeys(self.channels))
        for setting, names in asked.items():
            for name in names:
                if name not in known:
                    have = f"it has {shorten(known)}.{nearest(name, known)}" if known else "it names none: channel=."
                    raise ConfigError(f"{setting} must name channels of the catalogue - got {name!r}; {have}")
        for name in self.policy.stock if isinstance(self.policy.stock, Mapping) else ():
            if name not in self.offers:
                raise ConfigError(
                    f"stock must name offers of the catalogue - got {name!r}.{nearest(name, set(self.offers))} "
                    f"It has {shorten(dict.fromkeys(self.offers))}."
                )

    def _capacities(self) -> list[Limit]:
        return [
            Limit(f"capacity: {name}", float(most), np.array([[float(one == name) for one in self.channels]]))
            for name, most in self.policy.capacity.items()
        ]

    def _stocks(self) -> list[Limit]:
        stock = self.policy.stock
        if stock is None:
            return []
        found = dict(stock) if isinstance(stock, Mapping) else self._stock_column(stock)
        return [
            Limit(f"stock of {name}", float(most), np.array([[float(one == name) for one in self.offers]]))
            for name, most in found.items()
        ]

    def _stock_column(self, name: str) -> dict[str, float]:
        numbers = as_numbers(self.side.term(name))
        if numbers is None:
            raise FrameError(f"The catalogue's {name!r} must hold numbers - got text. Correct it: it is the stock.")
        amounts = numbers.data[0]
        found: dict[str, float] = {}
        for offer, amount in zip(self.offers, amounts, strict=True):
            if np.isnan(amount):
                continue
            if amount < 0 or found.setdefault(offer, amount) != amount:
                raise FrameError(
                    f"The stock must be one number from 0 up for each offer - got {amount:g} for {offer!r} in the "
                    f"catalogue's {name!r}. Leave it empty where there is no limit."
                )
        return found

    def limits(self, cost: np.ndarray) -> list[Limit]:
        """What the customers of a batch share.

        Parameters
        ----------
        cost : array of float, broadcastable to (n_customers, n_entries)

        Returns
        -------
        list of Limit
        """
        if self.policy.budget is None:
            return self._shared
        # One cost for all offers, or one by customer, is as wide as the catalogue.
        use = np.broadcast_to(cost, np.broadcast_shapes(cost.shape, (1, len(self.offers))))
        return [Limit("budget", float(self.policy.budget), use), *self._shared]

    def judge(
        self,
        customers: Side,
        scores: Scores,
        *,
        hashes: np.ndarray | None,
        now: Moment,
        k: int,
        contacts: Contacts | None = None,
    ) -> Judged:
        """Judge every pair.

        Parameters
        ----------
        customers : Side
        scores : Scores
            Of these customers and the entries.
        hashes : array of uint64, optional
            Of the customers' keys, for `contacts`.
        now : Moment
        k : int >= 1
            The most offers a customer can get; more than there are is as many as there are.
        contacts : Contacts, optional

        Returns
        -------
        Judged
        """
        shape = scores.probability.shape
        names: list[str] = []
        rule = np.zeros(shape, dtype=np.int16)

        def reject(name: str, allowed: np.ndarray) -> None:
            names.append(name)
            rule[(rule == 0) & ~allowed] = len(names)

        if scores.barred is not None:
            reject(BARRED, ~scores.barred)
        if self.policy.starts is not None or self.policy.ends is not None:
            reject("not on offer now", self._on_offer(now))
        for name, expression in self._eligibility:
            allowed = expression.fulfilled(customers, self.side, now.days)
            if shape[0] > 1 and not allowed.any():
                self._check_filled(expression.columns(customers, self.side), customers, f"The rule {name!r}")
            reject(f"eligibility: {name}", allowed)
        for name, allowed in self._consents(customers, shape[0]):
            reject(name, allowed)
        places, left = self._fatigue(reject, hashes, shape[0], now=now, k=k, contacts=contacts)
        value, control, margin, cost = self._worth(customers, scores, now.days)
        least = self.policy.least_value
        reject(f"value below {least:g}" if least else "value not above 0", (value >= least) & (value > min(least, 0.0)))
        for one in self.limits(cost):
            reject(one.name, one.use <= one.most)
        choice = Choice(self.offer_codes, self.channel_codes, places, left)
        return Judged(rule, names, value, control, margin, cost, choice)

    def _fatigue(
        self,
        reject: Callable[[str, np.ndarray], None],
        hashes: np.ndarray | None,
        n: int,
        *,
        now: Moment,
        k: int,
        contacts: Contacts | None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Reject what the caps do not leave, and say how many places they leave: in all, and by channel."""
        k = min(k, len(set(self.offers)))
        places, left = np.full(n, k), None
        for cap in self.policy.fatigue:
            counts = contacts.counts(cap, hashes, self.offer_hashes, now) if contacts and hashes is not None else _NONE
            remaining = np.broadcast_to(cap.most - counts, (n, counts.shape[1]))
            reject(f"fatigue: {cap.name}", (remaining > 0) | ~self._through(cap.channel))
            if not cap.offer and cap.channel is None:
                places = np.minimum(places, np.maximum(remaining[:, 0], 0))
            elif not cap.offer:
                left = left if left is not None else np.full((n, int(self.channel_codes.max()) + 1), k)
                column = self._code(cap.channel or "")
                left[:, column] = np.minimum(left[:, column], np.maximum(remaining[:, 0], 0))
        return places, left

    def _on_offer(self, now: Moment) -> np.ndarray:
        found = np.ones((1, len(self.offers)), dtype=bool)
        if self.policy.starts is not None:
            found &= ~(self._dates(self.policy.starts) > now.against(self._zoned[self.policy.starts]))
        if self.policy.ends is not None:
            ends, has_zone = self._dates(self.policy.ends), self._zoned[self.policy.ends]
            moment = now.against(has_zone)
            # A moment with a zone is exact: its midnight is not that of the day it would name without one.
            whole_day = (ends == np.floor(ends)) & (not has_zone)
            found &= ~np.where(whole_day, moment >= ends + 1, moment > ends)
        return found

    def _dates(self, name: str) -> np.ndarray:
        dates = as_dates(self.side.term(name))
        if dates is None:
            raise FrameError(f"The catalogue's {name!r} must hold dates - got other values. Correct them.")
        return dates.data

    def _consents(self, customers: Side, n: int) -> list[tuple[str, np.ndarray]]:
        consent = self.policy.consent
        if consent is None:
            return []
        if isinstance(consent, str):
            return [("consent", self._consent(customers, consent, n))]
        return [
            (
                f"consent: {name}",
                self._consent(customers, column, n) | (self.channel_codes != self._code(name))[None, :],
            )
            for name, column in consent.items()
        ]

    def _code(self, channel: str) -> int:
        return int(self.channel_codes[self.channels.index(channel)])

    def _through(self, channel: str | None) -> np.ndarray:
        """Mark the entries that go through a channel; all of them where none is named."""
        everywhere = np.ones((1, len(self.offers)), dtype=bool)
        return everywhere if channel is None else everywhere & (self.channel_codes == self._code(channel))

    def _consent(self, customers: Side, name: str, n: int) -> np.ndarray:
        check_columns(customers.names(), [name], what="consent= of the policy", advice="Name the customers' column.")
        if n > 1:
            self._check_filled([("customer", name)], customers, "consent= of the policy")
        term = customers.term(name)
        if isinstance(term, Numbers):
            found: np.ndarray = term.data == 1
            return found
        levels = [one.casefold() for one in term.levels] if isinstance(term, Texts) else ["a date"]
        unknown = [one for one in levels if one not in _YES and one not in _NO]
        if unknown or not isinstance(term, Texts):
            raise FrameError(
                f"The consent {name!r} must say yes or no (1, True, y, 예, 동의 / 0, False, n, 아니오, 거부) - got "
                f"{shorten(unknown)}. Correct it, or leave it empty: that is no consent."
            )
        yes: np.ndarray = np.array([*(one in _YES for one in levels), False])[term.codes]
        return yes

    def _check_filled(self, columns: list[tuple[str, str]], customers: Side, what: str) -> None:
        for side, name in columns:
            term = (customers if side == "customer" else self.side).term(name)
            if isinstance(term, Texts) and not term.levels:
                whose = "customers'" if side == "customer" else "catalogue's"
                raise FrameError(
                    f"{what} must have values to judge by - the {whose} {name!r} is missing in every row, so everyone "
                    "would be rejected. Fill the column, or leave the rule out."
                )

    def _worth(
        self, customers: Side, scores: Scores, now: float
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray]:
        effect, control = scores.probability, None
        if self.policy.value.by == "uplift":
            if scores.uplift is None:
                raise ConfigError(
                    "by='uplift' of Value must have a model that has learned effects - these scores hold acceptance "
                    "only. Train with uplift=True, or say by='probability'."
                )
            effect, control = scores.uplift, scores.probability - scores.uplift
        margin = self._margin.amount(customers, self.side, now)
        cost = self._cost.amount(customers, self.side, now)
        self._check_amount(margin, "margin")
        self._check_amount(cost, "cost")
        if (cost < 0).any():
            raise FrameError(
                f"The cost must be 0 or more - got {cost.min():g}{self._where(cost < 0)}. What an offer earns belongs "
                "to margin."
            )
        return effect * margin - cost, control, margin, cost

    def _check_amount(self, amounts: np.ndarray, what: str) -> None:
        if np.isnan(amounts).any():
            raise FrameError(
                f"The {what} must be known to weigh an offer - it is missing{self._where(np.isnan(amounts))}. "
                "Fill it, or set a number."
            )

    def _where(self, faulty: np.ndarray) -> str:
        entries = np.flatnonzero(np.broadcast_to(faulty.any(axis=0), (len(self.offers),)))
        rows = f" ({int(faulty.any(axis=1).sum()):,} customers)" if len(faulty) > 1 else ""
        return f" for {shorten(dict.fromkeys(self.offers[place] for place in entries))}{rows}"


_NONE = np.zeros((1, 1), dtype=np.int64)


def _codes(names: list[str]) -> np.ndarray:
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names])


def _amount(amount: float | str, what: str) -> Expression:
    """Make an expression of a number or of text, so that both are read alike."""
    return Expression(amount if isinstance(amount, str) else repr(float(amount)), what)

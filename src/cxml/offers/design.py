"""From customers and a catalogue to the one matrix that the pooled score reads.

A row of the matrix is a customer with an offer: columns of the customer, of the offer (its own, its name, its channel,
its rate) and of the pair (what this customer did with this offer before). Each kind is made once and joined, so that a
hundred offers do not cost a hundred readings of the customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.boosting.pairs import Pairs
from cxml.encoding import Column, Encoder
from cxml.frames import hash_rows
from cxml.offers.blend import BlendedMemory, blended
from cxml.offers.catalogue import (
    ONLY_OFFER,
    OfferFeatures,
    entries_from_json,
    entries_of,
    entries_to_json,
    offer_texts,
    pair_places,
    places_among,
)
from cxml.offers.checks import learn_encoders, offer_texts_of, target_of
from cxml.offers.config import OffersConfig
from cxml.offers.history import OF_CUSTOMER, OF_PAIR, Events, History
from cxml.offers.liking import LIKING, Liking
from cxml.offers.log import (
    counts_of,
    encoded_offers,
    events_of,
    hashes_of_entries,
    history_of,
    positions_of,
    worth_of,
)
from cxml.offers.memory import Memory
from cxml.offers.rates import OfferRates, learn_rates
from cxml.offers.telling import columns_that_tell

if TYPE_CHECKING:
    import pandas as pd

RATE, POSITION = "rate of the offer", "position"


@dataclass(frozen=True)
class PairDesign:
    """How customers and entries become rows of numbers: learned once, applied to any of them.

    Attributes
    ----------
    config : OffersConfig
    customer, offer : Encoder
    names, channels : tuple of str
        Offers and channels learned from, as text.
    catalogue : DataFrame
        The entries learned from.
    features : OfferFeatures
    rates : OfferRates
    worth : tuple of float
        What an acceptance of each offer was worth, the last for offers never accepted; empty where nothing says it.
    position : float
        The best place: where an offer is scored that nobody has placed yet.
    kept : tuple of str
        Columns of the history that told rows apart.
    history : History, optional
    liking : Liking, optional
        What goes together, where the blend with it foretells better.
    """

    config: OffersConfig
    customer: Encoder
    offer: Encoder
    names: tuple[str, ...]
    channels: tuple[str, ...]
    catalogue: pd.DataFrame
    features: OfferFeatures
    rates: OfferRates
    position: float
    worth: tuple[float, ...]
    kept: tuple[str, ...]
    history: History | None
    liking: Liking | None = None

    @classmethod
    def learn(cls, frame: pd.DataFrame, config: OffersConfig, kept: tuple[str, ...] | None = None) -> PairDesign:
        """Learn from a log; `kept` are the columns of the history, where they are settled already."""
        target = target_of(frame, config)
        asked = frame[target >= 0]
        answers = target[target >= 0]
        customer, offer, _ = learn_encoders(asked, config)
        codes, names = offer_texts_of(frame, config)
        catalogue = entries_of(frame, config)
        channels = tuple(offer_texts(frame[config.channel])[1]) if config.channel else ()
        encoded = encoded_offers(offer, catalogue, names, config)
        features = OfferFeatures.learn(encoded, offer)
        made, accepted = counts_of(codes[target >= 0], answers, len(names))
        rates = learn_rates(made, accepted, features.apply(encoded, offer))
        position = float(np.nanmin(positions_of(frame, config))) if config.position else 1.0
        worth = worth_of(asked, codes[target >= 0], answers, len(names), config)
        history = None if kept == () else history_of(frame, target, config)
        told = tuple(names), channels, catalogue, features, rates, position, worth
        found = cls(config, customer, offer, *told, kept or (), history)
        if history is None or (kept and LIKING not in kept):
            return found
        if kept is None:
            full = replace(found, kept=(*OF_CUSTOMER, *OF_PAIR))
            found = replace(found, kept=columns_that_tell(full, asked, answers))
        return blended(found, asked, answers, settled=kept is not None)

    def forgetting(self) -> PairDesign:
        """One without what was counted of the history; it is remembered only where the blend reads it."""
        return replace(self, kept=(LIKING,)) if self.liking else replace(self, kept=(), history=None)

    # --- layout ---

    @cached_property
    def names_of_columns(self) -> tuple[str, ...]:
        """The columns of the matrix: the customer's, the offer's, the pair's."""
        return (*self._of_customer, *self._of_offer, *self._of_pair)

    @cached_property
    def _of_customer(self) -> tuple[str, ...]:
        position = (POSITION,) if self.config.position else ()
        return (*self.customer.names, *position, *self.memory.of_customer)

    @cached_property
    def _of_offer(self) -> tuple[str, ...]:
        channel = (self.config.channel,) if self.config.channel else ()
        many = (ONLY_OFFER, RATE) if len(self.names) > 1 else ()
        return (*self.offer.names, *channel, *many)

    @cached_property
    def _of_pair(self) -> tuple[str, ...]:
        return self.memory.of_pair

    @cached_property
    def memory(self) -> Memory:
        """How the history is asked."""
        told = self.kept, str(self.config.key), str(self.config.time)
        if self.history is not None and self.liking is not None:
            return BlendedMemory(self.history, *told, self.liking)
        return Memory(self.history, *told)

    @cached_property
    def width(self) -> int:
        """How many columns the matrix has."""
        return len(self.names_of_columns)

    @property
    def offer_places(self) -> list[int]:
        """Columns that hang on the offer alone."""
        start = len(self._of_customer)
        return list(range(start, start + len(self._of_offer)))

    @property
    def pair_places(self) -> list[int]:
        """Columns that hang on both."""
        return list(range(self.width - len(self._of_pair), self.width))

    @property
    def history_places(self) -> list[int]:
        """Columns that count the history."""
        return [place for place, name in enumerate(self.names_of_columns) if name in self.kept and name != LIKING]

    @cached_property
    def level_counts(self) -> dict[int, int]:
        """Place -> how many levels, of each category."""
        start = len(self._of_customer)
        found = dict(self.customer.level_counts)
        found |= {start + place: size for place, size in self.offer.level_counts.items()}
        at = start + len(self.offer.names)
        if self.config.channel:
            found[at] = len(self.channels)
            at += 1
        if len(self.names) > 1:
            found[at] = len(self.names)
        return found

    # --- blocks ---

    def of_customers(self, frame: pd.DataFrame, *, placed: bool = False) -> np.ndarray:
        """What is known of customers alone, shape (n_customers, n_columns of the customer).

        Parameters
        ----------
        frame : DataFrame
        placed : bool
            Whether to read the position of each row, where the frame has it.
        """
        blocks = [self.customer.encode(frame)]
        if self.config.position:
            blocks.append(self._positions(frame, placed=placed)[:, None])
        blocks.append(self.memory.customers(*self.whom(frame)))
        return np.hstack(blocks)

    def _positions(self, frame: pd.DataFrame, *, placed: bool) -> np.ndarray:
        if not placed or self.config.position not in frame:
            return np.full(len(frame), self.position)
        found = positions_of(frame, self.config)
        return np.where(np.isnan(found), self.position, found)

    def of_entries(self, entries: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """What is known of the entries of a catalogue, and how little.

        Parameters
        ----------
        entries : DataFrame

        Returns
        -------
        (array of float, shape (n_entries, n_columns of the offer); spread, shape (n_entries,))

        """
        encoded = self.offer.encode(entries)
        blocks = [encoded]
        if self.config.channel:
            way = places_among(entries[self.config.channel], self.channels)
            blocks.append(np.where(way < 0, np.nan, way)[:, None])
        code = places_among(entries[self.config.offer or ONLY_OFFER], self.names)
        is_new = code < 0
        promised, wide = self.rates.promised(self.features.apply(encoded, self.offer))
        spread = np.where(is_new, wide, self.rates.spread[code])
        if len(self.names) > 1:
            rate = np.where(is_new, promised, self.rates.log_odds[code])
            blocks += [np.where(is_new, np.nan, code)[:, None], rate[:, None]]
        return np.hstack(blocks), spread

    def whom(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of the customers and the moments of rows; now where no moment is said."""
        return self.memory.whom(frame)

    def of_pairs(self, frame: pd.DataFrame, entries: pd.DataFrame) -> np.ndarray:
        """What each row's customer did with the entry of the same row, shape (n_rows, n_columns of the pair)."""
        return self.memory.pairs(*self.whom(frame), *hashes_of_entries(entries, self.config))

    def known_pairs(
        self, customer: np.ndarray, second: np.ndarray, offer: np.ndarray, channel: np.ndarray
    ) -> Pairs | None:
        """What is known of all customers with all entries where it is not the usual nothing.

        Parameters
        ----------
        customer, second : arrays, shape (n_customers,)
        offer, channel : arrays of uint64, shape (n_entries,)
        """
        return self.memory.known_pairs(customer, second, offer, channel)

    def template(self, of_offer: np.ndarray) -> np.ndarray:
        """Rows of a catalogue for `cxml.additive.pairs`: the offer's columns, and pairs without a past."""
        found = np.full((len(of_offer), self.width), np.nan)
        found[:, self.offer_places] = of_offer
        found[:, self.pair_places] = self.memory.usual
        return found

    def of_record(
        self, record: Mapping[str, Any], offer: np.ndarray, channel: np.ndarray
    ) -> tuple[list[float], Pairs | None]:
        """The same of one record: its row, with the customer's columns filled, and its pairs with all entries.

        Parameters
        ----------
        record : mapping of column to value
        offer, channel : arrays of uint64, shape (n_entries,)
            Hashes of the entries.

        Returns
        -------
        (list of float, length `width`; Pairs or None)
        """
        row = self.customer.encode_one(record)
        if self.config.position:
            row.append(self.position)
        pairs = None
        if self.history is not None:
            customer, second = self.memory.whom_one(record)
            row += self.memory.customers(customer, second)[0].tolist()
            pairs = self.known_pairs(customer, second, offer, channel)
        return row + [np.nan] * (self.width - len(row)), pairs

    def rows(self, frame: pd.DataFrame) -> np.ndarray:
        """The matrix of rows that name an offer which was learned, and its channel, shape (n_rows, n_columns)."""
        return self.pair_rows(frame, self.entries_of_rows(frame), placed=True)

    def entries_of_rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The entry that each row names: the offer's columns as in the catalogue, and the row's channel."""
        entries = self.catalogue.iloc[self.entry_of_rows(frame)].set_axis(frame.index, axis=0)
        if self.config.channel is not None:
            entries = entries.assign(**{self.config.channel: frame[self.config.channel].to_numpy()})
        return entries

    def pair_rows(self, frame: pd.DataFrame, entries: pd.DataFrame, *, placed: bool = False) -> np.ndarray:
        """The matrix of customers, each with the entry of the same row, shape (n_rows, n_columns)."""
        unique, place = np.unique(hash_rows(entries), return_index=True, return_inverse=True)[1:]
        of_offer = self.of_entries(entries.iloc[unique])[0][place]
        return np.hstack([self.of_customers(frame, placed=placed), of_offer, self.of_pairs(frame, entries)])

    def entry_of_rows(self, frame: pd.DataFrame) -> np.ndarray:
        """The place of the entry that each row names, shape (n_rows,).

        Where an offer was never made through the row's channel it is another entry of this offer.
        """
        offer, channel = self.config.offer, self.config.channel
        if offer is None and channel is None:
            return np.zeros(len(frame), dtype=np.intp)
        import pandas as pd

        offers = frame[offer] if offer is not None else pd.Series([ONLY_OFFER] * len(frame))
        return pair_places(self.catalogue, offers, frame[channel] if channel is not None else None, self.config)

    def texts(self, frame: pd.DataFrame, entries: pd.DataFrame, matrix: np.ndarray) -> pd.DataFrame:
        """The values behind each column of `pair_rows`, as a person would write them; the rate is the offer's own."""
        found = self.customer.texts(frame)
        found = found.assign(**{str(name): column.to_numpy() for name, column in self.offer.texts(entries).items()})
        for place, name in enumerate(self.names_of_columns):
            if name == RATE or name in found:
                continue
            if name in (ONLY_OFFER, self.config.channel):
                column = self.config.offer if name == ONLY_OFFER else name
                found[name] = entries[column].astype(str).to_numpy()
            else:
                plain = Column(name, "number")
                found[name] = [plain.text(value) for value in np.round(matrix[:, place], 2).tolist()]
        return found[[name for name in self.names_of_columns if name != RATE]]

    # --- keeping ---

    def remembering(self, frame: pd.DataFrame) -> PairDesign:
        """One that also remembers these rows of the log."""
        if self.history is None:
            return self
        return replace(
            self, history=self.history.extended(events_of(frame, target_of(frame, self.config), self.config))
        )

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        found: dict[str, Any] = {
            "design": {
                "customer": self.customer.to_json(),
                "offer": self.offer.to_json(),
                "names": list(self.names),
                "channels": list(self.channels),
                "features": self.features.to_json(),
                "rates": self.rates.to_json(),
                "position": self.position,
                "worth": list(self.worth),
                "kept": list(self.kept),
                "history_rate": None if self.history is None else self.history.rate,
                "liking": self.liking.to_json() if self.liking else None,
            },
            "catalogue": entries_to_json(self.catalogue),
        }
        if self.history is not None:
            found |= {f"history_{name}": array for name, array in self.history.events.parts().items()}
        if self.liking is not None:
            found |= {f"liking_{name}": array for name, array in self.liking.parts().items()}
        return found

    @classmethod
    def from_parts(cls, config: OffersConfig, parts: Mapping[str, Any]) -> PairDesign:
        """Back from `parts`."""
        told = parts["design"]
        history = None
        if told["history_rate"] is not None:
            history = History(Events.from_parts(_under("history_", parts)), float(told["history_rate"]), config.delay)
        liking = told.get("liking") and Liking.from_parts(told["liking"], _under("liking_", parts))
        return cls(
            config,
            Encoder.from_json(told["customer"]),
            Encoder.from_json(told["offer"]),
            tuple(told["names"]),
            tuple(told["channels"]),
            entries_from_json(parts["catalogue"]),
            OfferFeatures.from_json(told["features"]),
            OfferRates.from_json(told["rates"]),
            float(told["position"]),
            tuple(told["worth"]),
            tuple(told["kept"]),
            history,
            liking,
        )


def _under(start: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(start): one for name, one in parts.items() if name.startswith(start)}

"""What a log tells before any model: events to remember, counts of offers, what acceptances were worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxml.encoding import Column, Encoder, read_column
from cxml.offers.catalogue import ONLY_OFFER, places_among
from cxml.offers.config import OffersConfig
from cxml.offers.contacts import hash_texts
from cxml.offers.history import Events, History
from cxml.offers.ledger import ACCEPTED, DAY, INTERACTION
from cxml.splits import check_moments

if TYPE_CHECKING:
    import pandas as pd

#: What an offer's acceptances were worth is drawn to the mean of all by so many.
_STEADY = 5.0


def hashes_of_entries(frame: pd.DataFrame, config: OffersConfig) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of each row's offer and channel."""
    none = np.zeros(len(frame), dtype=np.uint64)
    offer = hash_texts(frame[config.offer]) if config.offer else none
    return offer, hash_texts(frame[config.channel]) if config.channel else none


def events_of(frame: pd.DataFrame, target: np.ndarray, config: OffersConfig) -> Events:
    """What is remembered of a log."""
    days = check_moments(frame[config.time])
    offer, channel = hashes_of_entries(frame, config)
    outcome = np.where(target < 0, INTERACTION, target).astype(np.int8)
    return Events(hash_texts(frame[config.key]), offer, channel, np.round(days * DAY).astype(np.int64), outcome)


def history_of(frame: pd.DataFrame, target: np.ndarray, config: OffersConfig) -> History | None:
    """The history to learn from and to remember; None without key or time, or where nothing is to be kept."""
    if config.key is None or config.time is None or not config.remember:
        return None
    rate = float((target == ACCEPTED).sum() / max((target >= 0).sum(), 1))
    return History(events_of(frame, target, config), rate, config.delay)


def worth_of(
    asked: pd.DataFrame, codes: np.ndarray, target: np.ndarray, size: int, config: OffersConfig
) -> tuple[float, ...]:
    """Mean value of each offer's acceptances, drawn to the mean of all by five of them."""
    if config.value is None:
        return ()
    value = read_column(asked[config.value], Column(config.value, "number"))
    told = (target == ACCEPTED) & ~np.isnan(value)
    if not told.any():
        return ()
    mean = float(value[told].mean())
    rows = np.bincount(codes[told], minlength=size)
    total = np.bincount(codes[told], weights=value[told], minlength=size)
    return (*((total + _STEADY * mean) / (rows + _STEADY)).tolist(), mean)


def positions_of(frame: pd.DataFrame, config: OffersConfig) -> np.ndarray:
    """The place in which each row's offer was shown, NaN where nothing says it."""
    name = str(config.position)
    return read_column(frame[name], Column(name, "number"))


def counts_of(codes: np.ndarray, target: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each offer was made and accepted, shape (size,) each."""
    return np.bincount(codes, minlength=size), np.bincount(codes, weights=target, minlength=size)


def encoded_offers(encoder: Encoder, catalogue: pd.DataFrame, names: Sequence[str], config: OffersConfig) -> np.ndarray:
    """The encoded offers, one row an offer, in the order of their names."""
    of_entry = places_among(catalogue[config.offer or ONLY_OFFER], names)
    return encoder.encode(catalogue.iloc[np.unique(of_entry, return_index=True)[1]])

"""What can be offered: one entry an offer, or one an offer and a channel, with the columns that describe the offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.encoding import Encoder
from cxml.errors import FrameError, nearest, shorten
from cxml.frames import check_columns, distinct
from cxml.offers.config import LogConfig
from cxml.values import is_missing, read_category

if TYPE_CHECKING:
    import pandas as pd

#: The name of the offer where the log names none.
ONLY_OFFER = "offer"
#: So many rows an offer are needed to tell a column of offers from one that is constant by chance.
_LEAST_ROWS_AN_OFFER = 5
_MOST_LEVELS = 50


def offer_texts(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Place of each row's offer among the distinct offers (-1 where missing), and their names as text, in their order.

    >>> import pandas as pd
    >>> codes, names = offer_texts(pd.Series(["gold", None, "basic", "gold"]))
    >>> codes.tolist(), names
    ([1, -1, 0, 1], ['basic', 'gold'])
    """
    codes, uniques = distinct(values)
    texts = [read_category(one) for one in uniques]
    names = sorted({one for one in texts if one is not None})
    place = {name: at for at, name in enumerate(names)}
    lookup = np.array([*(-1 if one is None else place[one] for one in texts), -1])
    found: np.ndarray = lookup[codes]
    return found, names


def places_among(values: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Place of each value among known names; -1 where it is missing or unknown."""
    codes, uniques = distinct(values)
    place = {name: at for at, name in enumerate(names)}
    lookup = np.array([*(place.get(read_category(one) or "", -1) for one in uniques), -1])
    found: np.ndarray = lookup[codes]
    return found


def pair_places(entries: pd.DataFrame, offers: pd.Series, channels: pd.Series | None, config: LogConfig) -> np.ndarray:
    """Place of the entry of each offer, and of each offer through a channel where there are channels.

    Where an offer is in the catalogue, but not through this channel, it is another entry of this offer.

    Parameters
    ----------
    entries : DataFrame
    offers : Series
        Each in the catalogue.
    channels : Series, optional
    config : LogConfig

    Returns
    -------
    array of int, shape (n_rows,)
    """
    held, names = offer_texts(entries[config.offer or ONLY_OFFER])
    asked = places_among(offers, names)
    size = 1
    if channels is not None:
        way, ways = offer_texts(entries[config.channel])
        size = len(ways) + 1
        held, asked = held * size + way + 1, asked * size + places_among(channels, ways) + 1
    order = np.argsort(held, kind="stable")
    found = order[np.minimum(np.searchsorted(held[order], asked), len(order) - 1)]
    of_offer = order[np.minimum(np.searchsorted(held[order] // size, asked // size), len(order) - 1)]
    place: np.ndarray = np.where(held[found] == asked, found, of_offer)
    return place


def find_offer_columns(frame: pd.DataFrame, config: LogConfig) -> tuple[str, ...]:
    """Name the columns that are constant within each offer and not alike for all of them.

    Parameters
    ----------
    frame : DataFrame
    config : LogConfig

    Returns
    -------
    tuple of str
        Empty where there is one offer, or fewer than five rows an offer: many a column is constant then.
    """
    if config.offer is None:
        return ()
    codes, names = offer_texts(frame[config.offer])
    if len(names) < 2 or len(frame) < _LEAST_ROWS_AN_OFFER * len(names):
        return ()
    skipped = {*config.named, *config.drop}
    return tuple(name for name in frame.columns if name not in skipped and _describes(frame[name], codes))


def _describes(values: pd.Series, codes: np.ndarray) -> bool:
    try:
        value, uniques = distinct(values)
    except FrameError:
        return False
    if len(uniques) < 2:
        return False
    pairs = np.unique(np.column_stack([codes, value]), axis=0)
    return len(pairs) == len(np.unique(codes))


def entries_of(frame: pd.DataFrame, config: LogConfig) -> pd.DataFrame:
    """The catalogue of a log: each offer, or each offer and channel, that it holds, with the offer's columns.

    Parameters
    ----------
    frame : DataFrame
    config : LogConfig
        With `offer_columns` settled.

    Returns
    -------
    DataFrame, one row an entry, by name; index 0, 1, 2 ...

    Raises
    ------
    FrameError
        If a column of the offer has several values for one offer.
    """
    import pandas as pd

    ways = [config.channel] if config.channel else []
    if config.offer is None:
        only = pd.DataFrame({ONLY_OFFER: [ONLY_OFFER]})
        return _with_channels(only, ONLY_OFFER, frame[ways].drop_duplicates(), config.channel)
    codes, _ = offer_texts(frame[config.offer])
    for name in config.offer_columns:
        _check_constant(frame, codes, name, config.offer)
    first = np.sort(np.unique(codes, return_index=True)[1])
    offers = frame.iloc[first][[config.offer, *config.offer_columns]]
    order = np.argsort(codes[first], kind="stable")
    offers = offers.iloc[order].reset_index(drop=True)
    pairs = frame[[config.offer, *ways]].drop_duplicates()
    return _with_channels(offers, config.offer, pairs, config.channel)


def _with_channels(offers: pd.DataFrame, offer: str, pairs: pd.DataFrame, channel: str | None) -> pd.DataFrame:
    if channel is None:
        return offers
    pairs = pairs[pairs[channel].notna()].drop_duplicates()
    texts = offer_texts(offers[offer])[1]
    at = places_among(pairs[offer], texts) if offer in pairs else np.zeros(len(pairs), dtype=int)
    ways, _ = offer_texts(pairs[channel])
    order = np.lexsort((ways, at))
    found = offers.iloc[at[order]].reset_index(drop=True)
    found.insert(1, channel, pairs[channel].to_numpy()[order])
    return found


def _check_constant(frame: pd.DataFrame, codes: np.ndarray, name: str, offer: str) -> None:
    value, _ = distinct(frame[name])
    pairs = np.unique(np.column_stack([codes, value]), axis=0)
    offers, counts = np.unique(pairs[:, 0], return_counts=True)
    if (counts > 1).any():
        row = int(np.flatnonzero(codes == offers[counts > 1][0])[0])
        raise FrameError(
            f"A column of the offer must have one value for each offer - {name!r} has several for "
            f"{int((counts > 1).sum()):,} of {len(offers):,}, such as {frame[offer].iloc[row]!r}. "
            "Leave it out of offer_columns=."
        )


def check_entries(entries: pd.DataFrame, needed: Sequence[str], channels: Sequence[str], config: LogConfig) -> None:
    """Refuse a catalogue that lacks columns or repeats an entry, or names a channel that was never learned.

    Raises
    ------
    FrameError
        As said.
    """
    offer = config.offer or ONLY_OFFER
    ways = [config.channel] if config.channel else []
    check_columns(entries.columns, [offer, *ways, *needed], what="A catalogue of this model")
    for name in [offer, *ways]:
        empty = int(entries[name].isna().sum())
        if empty:
            raise FrameError(f"Each entry must have its {name!r} - {empty:,} of {len(entries):,} have none. Fill it.")
    repeated = entries.duplicated([offer, *ways])
    if repeated.any():
        listed = shorten(entries.loc[repeated, offer].unique().tolist())
        raise FrameError(f"Each entry must be in the catalogue once - got {listed} more than once. Keep one of each.")
    if config.channel is not None:
        unknown = np.flatnonzero(places_among(entries[config.channel], channels) < 0)
        if len(unknown):
            got = entries[config.channel].iloc[unknown[0]]
            raise FrameError(
                f"A channel must be one of those learned from, {shorten(channels)} - got {got!r}."
                f"{nearest(str(got), channels)} Only new offers have a prior, new channels have none."
            )


def entries_to_json(entries: pd.DataFrame) -> dict[str, Any]:
    """A catalogue as JSON values: dates as ISO text, missing values as None."""
    dates = [name for name in entries.columns if entries[name].dtype.kind == "M"]
    columns = {name: [_plain(one) for one in entries[name]] for name in entries.columns}
    return {"columns": columns, "dates": dates}


def _plain(value: Any) -> Any:
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def entries_from_json(values: Mapping[str, Any]) -> pd.DataFrame:
    """Back from `entries_to_json`."""
    import pandas as pd

    frame = pd.DataFrame({name: list(one) for name, one in values["columns"].items()})
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in values["dates"]})


@dataclass(frozen=True)
class OfferFeatures:
    """The offers' columns as numbers that a linear prior can use: standardised, one column a level.

    Attributes
    ----------
    mean, scale : arrays of float, shape (n_numbers,)
    levels : mapping of place -> number of levels that get a column
        Of the encoder's categories.
    share : mapping of place -> list of float
        How often each of these levels occurs among the offers.
    """

    mean: np.ndarray
    scale: np.ndarray
    levels: Mapping[int, int]
    share: Mapping[int, list[float]]

    @classmethod
    def learn(cls, encoded: np.ndarray, encoder: Encoder) -> OfferFeatures:
        """Learn from the encoded offers, one row an offer."""
        numbers = _numbers(encoder)
        values = encoded[:, numbers]
        known = ~np.isnan(values)
        rows = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0.0).sum(axis=0) / rows
        scale = np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / rows)
        levels = {place: min(size, _MOST_LEVELS) for place, size in encoder.level_counts.items()}
        share = {
            place: [float((encoded[:, place] == level).mean()) for level in range(size)]
            for place, size in levels.items()
        }
        return cls(mean, np.where(scale > 1e-12, scale, 1.0), levels, share)

    def apply(self, encoded: np.ndarray, encoder: Encoder) -> np.ndarray:
        """Features of offers, shape (n_offers, n_features); a value that is missing or was never seen counts as 0."""
        standard = (encoded[:, _numbers(encoder)] - self.mean) / self.scale
        # An offer far outside of all that was seen is not promised a rate outside of all that was seen.
        blocks = [np.clip(np.where(np.isnan(standard), 0.0, standard), -3.0, 3.0)]
        for place, size in self.levels.items():
            known = ~np.isnan(encoded[:, [place]])
            one_hot = (encoded[:, [place]] == np.arange(size)) - np.array(self.share[place])
            blocks.append(np.where(known, one_hot, 0.0))
        return np.hstack(blocks)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "levels": {str(place): size for place, size in self.levels.items()},
            "share": {str(place): shares for place, shares in self.share.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> OfferFeatures:
        """Back from `to_json`."""
        levels = {int(place): int(size) for place, size in values["levels"].items()}
        share = {int(place): list(shares) for place, shares in values["share"].items()}
        return cls(np.array(values["mean"], dtype=float), np.array(values["scale"], dtype=float), levels, share)


def _numbers(encoder: Encoder) -> list[int]:
    return [place for place in range(len(encoder.columns)) if place not in encoder.level_counts]

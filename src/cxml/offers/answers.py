"""From expectations to the answer's columns: key, offer, channel, chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxml.errors import FrameError, shorten
from cxml.offers.catalogue import ONLY_OFFER, places_among
from cxml.offers.columns import CHANNEL, OFFER
from cxml.offers.config import LogConfig

if TYPE_CHECKING:
    import pandas as pd


def entry_answer(frame: pd.DataFrame, entries: pd.DataFrame, chosen: np.ndarray, config: LogConfig) -> pd.DataFrame:
    """Start an answer: the index of `frame`, its key where it has one, and the entry of each row.

    Parameters
    ----------
    frame : DataFrame
    entries : DataFrame
    chosen : array of int, shape (n_rows,)
        The place of each row's entry.
    config : LogConfig

    Returns
    -------
    DataFrame
        The key, ``offer``, and ``channel`` where there are channels.
    """
    found = frame[[config.key]].copy() if config.key is not None and config.key in frame.columns else frame[[]].copy()
    taken = entries.iloc[chosen]
    found[OFFER] = taken[config.offer or ONLY_OFFER].to_numpy()
    if config.channel is not None:
        found[CHANNEL] = taken[config.channel].to_numpy()
    return found


def allowed_entries(frame: pd.DataFrame, entries: pd.DataFrame, config: LogConfig) -> np.ndarray:
    """Which entries go with what each row names: its offer, its channel, both, or neither.

    Returns
    -------
    array of bool, shape (n_rows, n_entries)

    Raises
    ------
    FrameError
        If a row names a channel that no entry of its offer has.
    """
    found = np.ones((len(frame), len(entries)), dtype=bool)
    for name in (config.offer, config.channel):
        if name is None or name not in frame:
            continue
        texts = sorted({str(one) for one in entries[name]})
        asked, offered = places_among(frame[name], texts), places_among(entries[name], texts)
        found &= (asked[:, None] == offered[None, :]) | frame[name].isna().to_numpy()[:, None]
    none = ~found.any(axis=1)
    if none.any():
        named = [name for name in (config.offer, config.channel) if name is not None and name in frame]
        shown = [tuple(one) for one in frame[named][none].drop_duplicates().head(3).to_numpy().tolist()]
        raise FrameError(
            f"What a row names must be in the catalogue - {int(none.sum()):,} of {len(frame):,} rows name others: "
            f"{shorten(shown)}. Leave {' and '.join(map(repr, named))} empty to ask for the best."
        )
    return found


def best_entries(chance: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The place of the likeliest allowed entry of each row; the first of equals.

    >>> best_entries(np.array([[0.1, 0.3, 0.2]]), np.array([[True, False, True]])).tolist()
    [2]
    """
    found: np.ndarray = np.argmax(np.where(allowed, chance, -1.0), axis=1)
    return found

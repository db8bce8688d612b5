"""Who was given what in a log of offers made at random, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxml.encoding import Column, read_column
from cxml.errors import FrameError, nearest, shorten
from cxml.frames import binary_target, holds_label
from cxml.offers.catalogue import offer_texts
from cxml.values import read_category

if TYPE_CHECKING:
    import pandas as pd

    from cxml.offers.config import UpliftConfig


@dataclass(frozen=True)
class Outcome:
    """What came of each row.

    Attributes
    ----------
    values : array of float, shape (n_rows,)
        0 or 1, or an amount.
    amounts : bool
    positive : label, optional
        The label that is 1; None for amounts.
    """

    values: np.ndarray
    amounts: bool
    positive: object = None


def outcome_of(frame: pd.DataFrame, config: UpliftConfig) -> Outcome:
    """Read the responses of rows that have one: two labels, or amounts where they are numbers of more values.

    Raises
    ------
    FrameError
        If they are neither.
    """
    values = frame[config.response]
    numbers = config.positive is None and values.nunique() > 2 and values.dtype.kind in "fiu"
    if numbers if config.amounts is None else config.amounts:
        amounts = read_column(values, Column(config.response, "number"))
        return Outcome(amounts, amounts=True)
    if config.positive is not None:
        same = holds_label(values, config.positive)
        return Outcome(same.astype(float), amounts=False, positive=config.positive)
    target, positive, _ = binary_target(values)
    return Outcome(target.astype(float), amounts=False, positive=positive)


def in_upper_half(values: np.ndarray) -> np.ndarray:
    """Whether each outcome is a high one: above the median, or at it where nothing is above.

    >>> in_upper_half(np.array([0, 0, 0, 5])).tolist(), in_upper_half(np.array([0, 0, 0, -5])).tolist()
    ([False, False, False, True], [True, True, True, False])
    """
    middle = np.median(values)
    found: np.ndarray = values > middle
    return found if found.any() else values >= middle


def arms_of(frame: pd.DataFrame, config: UpliftConfig) -> np.ndarray:
    """0 where the row names the control, 1 where it names an offer, -1 where it names none."""
    names = frame[config.offer] if config.offer is not None else None
    if names is None:
        raise FrameError(
            f"control={config.control!r} must be one of the offers - got no offer=. "
            "Pass the column that says what each customer was given: offer=..."
        )
    codes, texts = offer_texts(names)
    control = read_category(config.control)
    is_control = np.array([*(text == control for text in texts), False])[codes]
    found: np.ndarray = np.where(is_control, 0, np.where(codes < 0, -1, 1))
    return found


def check_control(frame: pd.DataFrame, config: UpliftConfig) -> None:
    """Refuse a log without rows of the control, or without others.

    Raises
    ------
    FrameError
        As said; the message names the nearest offer.
    """
    arm = arms_of(frame, config)
    if (arm == 0).any() and (arm == 1).any():
        return
    texts = offer_texts(frame[config.offer or ""])[1]
    which = "all" if (arm == 0).any() else "none"
    raise FrameError(
        f"control= must be one of several offers in {config.offer!r} - got {config.control!r}, which {which} of "
        f"{len(frame):,} rows are.{nearest(str(config.control), texts)} Offers: {shorten(texts)}."
    )


def treatments_of(frame: pd.DataFrame, entries: pd.DataFrame, config: UpliftConfig) -> np.ndarray:
    """Number each row's treatment: 0 for the control, from 1 up the place of its entry.

    Parameters
    ----------
    frame : DataFrame
    entries : DataFrame
        The catalogue, without the control.
    config : UpliftConfig

    Returns
    -------
    array of int, shape (n_rows,)

    Raises
    ------
    FrameError
        If a row is neither of the control nor of an entry: it names no channel, or an offer that was not tried. Taken
        for the control it would be compared with, it would spoil every effect.
    """
    place = places_of_entries(frame, entries, config)
    control = arms_of(frame, config) == 0
    odd = (place < 0) & ~control
    if odd.any():
        names = [name for name in (config.offer, config.channel) if name is not None]
        shown = frame.loc[odd, names].drop_duplicates().head(3).itertuples(index=False, name=None)
        raise FrameError(
            f"Each row must be of the control {config.control!r} or of a treatment, by {' and '.join(map(repr, names))}"
            f" - {int(odd.sum()):,} of {len(frame):,} rows are of neither, such as "
            f"{shorten([' by '.join(map(str, one)) for one in shown])}. Fill what is empty, or drop these rows."
        )
    found: np.ndarray = np.where(control, 0, place + 1)
    return found


def treatment_names(entries: pd.DataFrame, config: UpliftConfig) -> list[str]:
    """The treatments in words: each offer, or each offer by its channel."""
    ways = [name for name in (config.offer, config.channel) if name is not None]
    return [" by ".join(map(str, row)) for row in entries[ways].itertuples(index=False, name=None)]


def places_of_entries(frame: pd.DataFrame, entries: pd.DataFrame, config: UpliftConfig) -> np.ndarray:
    """Place of each row's offer, or offer and channel, among the entries; -1 for the control and what is no entry."""
    names = [name for name in (config.offer, config.channel) if name is not None]
    place = {row: at for at, row in enumerate(zip(*(_texts(entries, name) for name in names), strict=True))}
    rows = zip(*(_texts(frame, name) for name in names), strict=True)
    return np.array([place.get(row, -1) for row in rows], dtype=np.intp)


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    codes, texts = offer_texts(frame[name])
    found: list[str] = np.array([*texts, ""], dtype=object)[codes].tolist()
    return found


def propensity_of(frame: pd.DataFrame, config: UpliftConfig) -> np.ndarray | None:
    """The chance of each row's own arm; None where it is not named, or not known of every row."""
    if config.propensity is None:
        return None
    chance = read_column(frame[config.propensity], Column(config.propensity, "number"))
    return None if np.isnan(chance).any() else chance

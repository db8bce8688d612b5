"""What a model expects of each customer and each entry of a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from cxml.errors import FrameError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scores:
    """Expectations of all customers x all entries.

    Attributes
    ----------
    probability : array of float in [0, 1], shape (n_customers, n_entries)
        The calibrated chance that the customer accepts the entry when it is offered.
    spread : array of float >= 0, shape (n_entries,) or (n_customers, n_entries)
        Standard deviation of the log-odds: how little is known of an entry. What exploration draws from.
    uplift : array of float in [-1, 1], shape (n_customers, n_entries), optional
        How much offering the entry raises the chance of the response, against offering nothing. None where the model
        has not learned effects.
    barred : array of bool, shape (n_customers, n_entries), optional
        True where the model knows that the entry must not be offered: the customer has the item already, and it is
        nothing that is taken twice. Such a pair is never chosen, its fate names the rule "has it already", and its
        probability is a number nonetheless (0 where there is none). None where nothing is barred.
    """

    probability: np.ndarray
    spread: np.ndarray
    uplift: np.ndarray | None = None
    barred: np.ndarray | None = None


@runtime_checkable
class ScoresOffers(Protocol):
    """Knows a catalogue, and scores customers against it or against another one.

    Entry i is row i of the catalogue: an offer, or an offer through a channel, with the offer's columns.
    """

    def entries(self) -> pd.DataFrame:
        """The catalogue that was learned from."""
        ...

    def score(self, customers: pd.DataFrame, entries: pd.DataFrame | None = None) -> Scores:
        """Expectations of all customers x all entries."""
        ...


@runtime_checkable
class ScoresRecords(Protocol):
    """Prepares a catalogue once, and then scores one record against it quickly and from any thread."""

    def scorer(self, entries: pd.DataFrame | None = None) -> Callable[[Mapping[str, Any]], Scores]:
        """A function of one record to its `Scores`, of shape (1, n_entries)."""
        ...


def check_scores(scores: Scores, n: int, m: int) -> Scores:
    """Refuse scores that do not fit, and bring the spread to two dimensions.

    Parameters
    ----------
    scores : Scores
    n, m : int
        Numbers of customers and entries.

    Returns
    -------
    Scores

    Raises
    ------
    FrameError
        If a probability is missing or outside 0 to 1, or a shape does not fit.

    Examples
    --------
    >>> check_scores(Scores(np.array([[0.2, np.nan]]), np.zeros(2)), 1, 2)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The scores must hold a probability from 0 to 1 for every customer and entry - 1 of 2 pairs \
do not. Score these customers and these entries again.
    """
    probability = np.asarray(scores.probability, dtype=float)
    spread = np.atleast_2d(np.asarray(scores.spread, dtype=float))
    uplift = np.asarray(scores.uplift, dtype=float) if scores.uplift is not None else None
    barred = np.asarray(scores.barred, dtype=bool) if scores.barred is not None else None
    shapes = [probability.shape, *(one.shape for one in (uplift, barred) if one is not None)]
    if any(one != (n, m) for one in shapes) or spread.shape not in ((1, m), (n, m)):
        raise FrameError(
            f"The scores must have one row a customer and one column an entry, {n:,} x {m:,} - got "
            f"{' x '.join(map(str, probability.shape))}, spread {' x '.join(map(str, spread.shape))}. "
            "Score these customers and these entries."
        )
    wrong = int((~((probability >= 0) & (probability <= 1))).sum())
    if wrong:
        raise FrameError(
            f"The scores must hold a probability from 0 to 1 for every customer and entry - {wrong:,} of "
            f"{probability.size:,} pairs do not. Score these customers and these entries again."
        )
    if not ((spread >= 0) & (spread < np.inf)).all():
        raise FrameError("The scores must hold a spread from 0 up, and finite - got others. Score again.")
    if uplift is not None and not (np.abs(uplift) <= 1.0).all():
        raise FrameError("The scores must hold an uplift from -1 to 1 for every pair - got others. Score again.")
    return Scores(probability, spread, uplift, barred)

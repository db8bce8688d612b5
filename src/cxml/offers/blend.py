"""The blend of affinity and propensity: what was taken before as one more column of the pooled model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cxml.boosting.pairs import Pairs
from cxml.offers.history import History
from cxml.offers.liking import LIKING, Asked, Liking, Takings, learn_liking, liking_that_helps
from cxml.offers.log import hashes_of_entries
from cxml.offers.memory import Memory

if TYPE_CHECKING:
    import pandas as pd

    from cxml.offers.design import PairDesign


@dataclass(frozen=True)
class BlendedMemory(Memory):
    """A history with one column more of each pair: how well the offer fits to what the customer took before.

    Attributes
    ----------
    liking : Liking
    """

    history: History
    liking: Liking

    @cached_property
    def takings(self) -> Takings:
        """What is remembered, as baskets."""
        return Takings.of(self.history.events, self.liking.items, self.history.delay)

    @cached_property
    def of_pair(self) -> tuple[str, ...]:
        """The columns of customers with entries."""
        return (*self._plain.of_pair, LIKING)

    @cached_property
    def usual(self) -> np.ndarray:
        """The columns of a pair that has no past."""
        return np.append(self._plain.usual, 0.0)

    @cached_property
    def _plain(self) -> Memory:
        return Memory(self.history, self.kept, self.key, self.time)

    def pairs(self, customer: np.ndarray, second: np.ndarray, offer: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """What customers did with offers before, and how well these fit."""
        fit = self.liking.of_rows(self.takings, Asked(customer, offer, second))
        return np.column_stack([self._plain.pairs(customer, second, offer, channel), fit])

    def known_pairs(self, customer: np.ndarray, second: np.ndarray, offer: np.ndarray, channel: np.ndarray) -> Pairs:
        """All pairs of customers who took something before, and the others where they are not the usual nothing."""
        fit = self.liking.of_pairs(self.takings, customer, second, offer)
        known, size = np.flatnonzero(fit.any(axis=1)), len(offer)
        values = np.tile(self.usual, (len(known) * size, 1))
        values[:, -1] = fit[known].ravel()
        found = Pairs(known.repeat(size), np.tile(np.arange(size), len(known)), values)
        other = self._plain.known_pairs(customer, second, offer, channel)
        if other is None:
            return found
        at = np.full(len(customer), -1)
        at[known] = np.arange(len(known))
        place = at[other.customer]
        inside = place >= 0
        values[place[inside] * size + other.entry[inside], :-1] = other.values[inside]
        rest = np.column_stack([other.values[~inside], np.zeros(int((~inside).sum()))])
        return Pairs(
            np.concatenate([found.customer, other.customer[~inside]]),
            np.concatenate([found.entry, other.entry[~inside]]),
            np.concatenate([values, rest]),
        )


def blended(design: PairDesign, asked: pd.DataFrame, target: np.ndarray, *, settled: bool) -> PairDesign:
    """A design that also reads how well an offer fits to what was taken, where that helps.

    Parameters
    ----------
    design : PairDesign
        With a history.
    asked : DataFrame
        Rows with an answer.
    target : array of {0, 1}, shape (n_rows,)
    settled : bool
        Whether it is known to help.
    """
    history = design.history
    if history is None or design.config.offer is None:
        return design
    if settled:
        liking = learn_liking(history.events, history.delay)
    else:
        rows, counts = _asked(design, asked), design.level_counts
        liking = liking_that_helps(history.events, history.delay, rows, design.rows(asked), target, counts)
    kept = tuple(name for name in design.kept if name != LIKING)
    return replace(design, liking=liking, kept=(*kept, LIKING) if liking else kept)


def unlearn_own_takings(design: PairDesign, asked: pd.DataFrame, matrix: np.ndarray) -> None:
    """Write what each row's offer fits to by other customers' takings: its own must not have taught it."""
    if isinstance(design.memory, BlendedMemory):
        at = design.names_of_columns.index(LIKING)
        matrix[:, at] = design.memory.liking.cross_fitted(design.memory.takings, _asked(design, asked))


def _asked(design: PairDesign, frame: pd.DataFrame) -> Asked:
    customer, second = design.whom(frame)
    return Asked(customer, hashes_of_entries(frame, design.config)[0], second)

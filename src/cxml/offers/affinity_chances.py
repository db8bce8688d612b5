"""What chance a score stands for: that an item is the next one taken, fitted to items held back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cxml.offers.affinity_choice import Choice

_LARGEST_SCORE = 5.0
#: Slope and bend as logarithms, astray as log-odds.
_START = (0.2, -0.5, -1.5)
_BOUNDS = ((-3.0, 1.5), (-4.0, 2.0), (-6.0, 4.0))
_STEPS = {"maxiter": 60, "ftol": 1e-7}


def chances(scores: np.ndarray, share: np.ndarray, choice: Choice, barred: np.ndarray) -> np.ndarray:
    """Chance of each item to be the next one taken, out of those that are not barred.

    With ``1 - astray`` the next item goes by the scores, in proportion to ``s ** slope * exp(bend * s)``; else it goes
    by the share of all takings, as it always does for a customer of whom the scores say nothing.

    Parameters
    ----------
    scores : array of float, shape (n_customers, n_items)
    share : array of float > 0, shape (n_items,)
        Share of all takings.
    choice : Choice
    barred : array of bool, shape (n_customers, n_items) or (1, n_items)
        What the customer cannot take: the chance is 0.

    Returns
    -------
    array of float in [0, 1], shape (n_customers, n_items)
        Each row adds up to 1, or to 0 where all is barred.

    Examples
    --------
    >>> from cxml.offers.affinity_choice import Choice
    >>> free = np.zeros((2, 2), dtype=bool)
    >>> scores, share = np.array([[0.3, 0.1], [0, 0]]), np.array([0.5, 0.5])
    >>> chances(scores, share, Choice(), free).round(2).tolist()
    [[0.7, 0.3], [0.5, 0.5]]
    """
    known = np.clip(np.asarray(scores, dtype=np.float64), 0.0, _LARGEST_SCORE)
    by_score = _to_one(np.where(barred, 0.0, known**choice.slope * np.exp(choice.bend * known)))
    by_share = _to_one(np.where(barred, 0.0, share))
    astray = np.where(by_score.any(axis=1, keepdims=True), choice.astray, 1.0)
    found: np.ndarray = (1.0 - astray) * by_score + astray * by_share
    return found


def _to_one(weight: np.ndarray) -> np.ndarray:
    total = weight.sum(axis=1, keepdims=True)
    found: np.ndarray = weight / np.where(total > 0, total, 1.0)
    return found


def _settled(numbers: np.ndarray) -> tuple[float, float, float]:
    """Slope, bend and astray."""
    return float(np.exp(numbers[0])), float(np.exp(numbers[1])), float(1.0 / (1.0 + np.exp(-numbers[2])))


def fitted_chances(
    scores: np.ndarray, share: np.ndarray, choice: Choice, barred: np.ndarray, hidden: np.ndarray
) -> Choice:
    """The three numbers of `chances` under which items held back are likeliest, all else as in `choice`.

    Parameters
    ----------
    scores, share, choice, barred
        As for `chances`.
    hidden : array of int >= 0 or bool, shape (n_customers, n_items)
        How often what was held back was taken.

    Returns
    -------
    Choice
    """
    from scipy.optimize import minimize

    likelihood = _Likelihood(scores, share, barred, hidden)
    found = minimize(likelihood.loss, _START, jac=True, method="L-BFGS-B", bounds=_BOUNDS, options=_STEPS).x
    slope, bend, astray = _settled(found)
    return replace(choice, slope=slope, bend=bend, astray=astray)


class _Likelihood:
    """Minus the mean log chance of items held back, and its slopes in the three numbers."""

    def __init__(self, scores: np.ndarray, share: np.ndarray, barred: np.ndarray, hidden: np.ndarray) -> None:
        known = np.clip(np.asarray(scores, dtype=np.float64), 0.0, _LARGEST_SCORE)
        self._spoken = (known > 0) & ~barred
        self._known = np.where(self._spoken, known, 0.0)
        self._logs = np.log(np.where(self._spoken, known, 1.0))
        self._rows, items = self._cells = np.nonzero(hidden)
        self._weight = hidden[self._cells] / hidden.sum(axis=1)[self._rows] / len(hidden)
        self._by_share = _to_one(np.where(barred, 0.0, share))[self._rows, items]
        self._says = self._spoken.any(axis=1)

    def loss(self, numbers: np.ndarray) -> tuple[float, np.ndarray]:
        """Of the logs of slope and bend, and the log-odds of astray."""
        slope, bend, share = _settled(numbers)
        strength = slope * self._logs + bend * self._known
        strength -= strength.max(axis=1, keepdims=True)
        by_score = _to_one(np.where(self._spoken, np.exp(strength), 0.0))
        rows, here = self._rows, by_score[self._cells]
        astray = np.where(self._says, share, 1.0)[rows]
        chance = np.maximum((1.0 - astray) * here + astray * self._by_share, 1e-12)
        pull = -self._weight / chance
        along = pull * (1.0 - astray) * here
        logs = along * (self._logs[self._cells] - (by_score * self._logs).sum(axis=1)[rows])
        known = along * (self._known[self._cells] - (by_score * self._known).sum(axis=1)[rows])
        off = pull * (self._by_share - here) * astray * (1.0 - astray)
        slopes = np.array([slope * logs.sum(), bend * known.sum(), off.sum()])
        return -float((self._weight * np.log(chance)).sum()), slopes

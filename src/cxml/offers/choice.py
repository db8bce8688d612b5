"""What one customer chooses from, and what all customers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Limit:
    """What all customers share.

    Attributes
    ----------
    name : str
    most : float >= 0
        How much there is.
    use : array of float >= 0, shape (1, n_entries) or (n_customers, n_entries)
        How much of it an offer takes.
    """

    name: str
    most: float
    use: np.ndarray


@dataclass(frozen=True)
class Choice:
    """What a customer chooses from: entries with their offers and channels.

    Attributes
    ----------
    offers, channels : array of int, shape (n_entries,)
        The same number for the same offer (channel): a customer gets an offer once.
    places : array of int, shape (n_customers,)
        How many offers each customer can get.
    left : array of int, shape (n_customers, n_channels), optional
        How many of them through each channel.
    """

    offers: np.ndarray
    channels: np.ndarray
    places: np.ndarray
    left: np.ndarray | None = None

    def of(self, rows: Any) -> Choice:
        """The same for some customers."""
        left = self.left[rows] if self.left is not None else None
        return Choice(self.offers, self.channels, self.places[rows], left)

    def tangled(self) -> np.ndarray:
        """Customers whose channels bind within their own list, so that taking the best first may not be best."""
        if self.left is None:
            return np.zeros(len(self.places), dtype=bool)
        found: np.ndarray = (self.places > 1) & (self.left < self.places[:, None]).any(axis=1)
        return found


def best_lists(net: np.ndarray, choice: Choice) -> np.ndarray:
    """For each customer alone, the entries worth most: best first, each offer once, within places and channels.

    Parameters
    ----------
    net : array of float, shape (n_customers, n_entries)
        Worth after prices; what is not above 0 is not chosen.
    choice : Choice

    Returns
    -------
    array of int, shape (n_customers, most places), -1 where nothing more is chosen

    Examples
    --------
    >>> choice = Choice(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([2]))
    >>> best_lists(np.array([[3.0, 4.0, 1.0]]), choice).tolist()
    [[1, 2]]
    """
    n = len(net)
    rows = np.arange(n)
    most = int(choice.places.max(initial=0))
    picks = np.full((n, most), -1)
    work = net.copy() if most > 1 else net
    left = choice.left.copy() if choice.left is not None else None
    same_offer = choice.offers[:, None] == choice.offers[None, :]
    for rank in range(most):
        if left is not None:
            work = np.where(left[:, choice.channels] > 0, work, -np.inf)
        best = work.argmax(axis=1)
        chosen = (work[rows, best] > 0) & (choice.places > rank)
        if not chosen.any():
            break
        picks[chosen, rank] = best[chosen]
        if left is not None:
            left[rows[chosen], choice.channels[best[chosen]]] -= 1
        if rank + 1 < most:
            work[same_offer[best]] = -np.inf
    return picks


def fill(chosen: np.ndarray, worth: np.ndarray, limits: list[Limit]) -> np.ndarray:
    """Keep of a choice what fits into the limits, what is worth most first.

    Parameters
    ----------
    chosen : array of bool, shape (n_customers, n_entries)
    worth : array of float, shape (n_customers, n_entries)
    limits : list of Limit

    Returns
    -------
    array of bool, shape (n_customers, n_entries)

    Examples
    --------
    >>> two = [Limit("budget", 2, np.array([[1.0, 2.0]]))]
    >>> fill(np.array([[True, False], [True, True]]), np.array([[3.0, 0.0], [1.0, 2.0]]), two).tolist()
    [[True, False], [True, False]]
    """
    if not limits:
        return chosen
    i, j = np.nonzero(chosen)
    order = np.argsort(-worth[i, j], kind="stable")
    i, j = i[order], j[order]
    uses = np.array([use_of(one, i, j) for one in limits])
    most = np.array([one.most for one in limits])
    kept = np.zeros(len(i), dtype=bool)
    remaining = most * (1 + 1e-9)
    for place in range(len(i)):
        if (uses[:, place] <= remaining).all():
            remaining -= uses[:, place]
            kept[place] = True
    found = np.zeros_like(chosen)
    found[i[kept], j[kept]] = True
    return found


def use_of(limit: Limit, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """How much of a limit each of some pairs takes."""
    found: np.ndarray = limit.use[i if len(limit.use) > 1 else 0, j]
    return found


def marked(picks: np.ndarray, width: int) -> np.ndarray:
    """Turn lists of entries into a mask.

    Parameters
    ----------
    picks : array of int, shape (n_customers, most places)
    width : int
        Number of entries.

    Returns
    -------
    array of bool, shape (n_customers, width)
    """
    found = np.zeros((len(picks), width), dtype=bool)
    rows, ranks = np.nonzero(picks >= 0)
    found[rows, picks[rows, ranks]] = True
    return found

"""Who gets what: the offers that are worth most together, within what there is of money, people and stock.

The problem is a linear program with one row a customer and a few rows that couple all of them (a budget, a channel's
capacity, an offer's stock). Given a price for each coupling row, every customer can be served alone. So prices are
found first, from a sample; customers whose choice is clear at these prices are settled; the linear program of the rest
is solved by HiGHS, and its prices are verified against every customer: whoever would now choose otherwise joins, until
nobody does (column generation, Gilmore & Gomory 1961, Operations Research 9). Then the solution is optimal for all. At
most as many customers as there are coupling rows are left split between entries; these, and those closest to a tie,
are settled by exchanges, see `cxml.offers.exchange`. The gap to the bound of the prices is part of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cxml.offers.branch import branched
from cxml.offers.choice import Choice, Limit, best_lists, fill, marked
from cxml.offers.exchange import improved
from cxml.offers.program import Problem, margins, near, relaxed

#: Pairs up to which the answer is optimal; beyond, the prices of a sample are used, and the gap says what that costs.
LARGE = 30_000_000
_TIED = 300
#: Pairs up to which branch and bound closes what gap is left.
_TINY = 5_000


@dataclass(frozen=True)
class Assignment:
    """The answer.

    Attributes
    ----------
    chosen : array of bool, shape (n_customers, n_entries)
    prices : array of float >= 0, shape (n_limits,)
        What one more unit of each limit would earn.
    used : array of float, shape (n_limits,)
    value : float
        Worth of what was chosen.
    bound : float
        No choice within the limits is worth more.
    """

    chosen: np.ndarray
    prices: np.ndarray
    used: np.ndarray
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """How much may be missing to the optimum, as a share of the value; 0 is optimal."""
        return max(self.bound - self.value, 0.0) / self.value if self.value > 0 else 0.0


def assign(worth: np.ndarray, choice: Choice, limits: list[Limit], *, most_pairs: int = LARGE) -> Assignment:
    """Choose entries for all customers so that their total worth is highest.

    Parameters
    ----------
    worth : array of float, shape (n_customers, n_entries)
        What each offer is worth; 0 and less, and -inf, is never chosen.
    choice : Choice
    limits : list of Limit
    most_pairs : int, default=30,000,000
        Beyond so many pairs the prices of a sample decide, and `Assignment.gap` says how far from the optimum.

    Returns
    -------
    Assignment

    Examples
    --------
    >>> worth = np.array([[5.0, 4.0], [5.0, 1.0]])
    >>> one_each = Choice(np.array([0, 1]), np.array([0, 0]), np.array([1, 1]))
    >>> assign(worth, one_each, [Limit("stock of a", 1, np.array([[1.0, 0.0]]))]).chosen.tolist()
    [[False, True], [True, False]]
    """
    if choice.left is not None:
        worth = np.where(choice.left[:, choice.channels] > 0, worth, -np.inf)
    problem = Problem(worth, choice, limits)
    if not limits and problem.tangled.any():
        found = assign(worth, choice, [Limit("", 1.0, np.zeros((1, worth.shape[1])))])
        return replace(found, prices=np.zeros(0), used=np.zeros(0))
    if not limits:
        chosen = problem.best(np.zeros(0))
        value = problem.worth_of(chosen)
        return Assignment(chosen, np.zeros(0), np.zeros(0), value, value)
    if worth.size > most_pairs:
        prices = relaxed(problem.part(np.arange(0, len(worth), 1 + worth.size // most_pairs * 5)), 0.0)[1]
        chosen = fill(problem.best(prices), problem.net(prices), limits)
        return _answer(problem, chosen, prices, None)
    return _exact(problem)


def _exact(problem: Problem) -> Assignment:
    prices = np.zeros(len(problem.limits))
    settled = problem.best(prices)
    if problem.fits(settled) and not problem.tangled.any():
        return _answer(problem, settled, prices, None)
    return _rounded(problem, *relaxed(problem, problem.tolerance))


def _answer(problem: Problem, chosen: np.ndarray, prices: np.ndarray, held: np.ndarray | None) -> Assignment:
    """Put the answer together with the bound of the prices; `held`: what tangled customers earn at these."""
    net = problem.net(prices)
    loose = problem.choice if held is None else problem.choice.of(~problem.tangled)
    part = net if held is None else net[~problem.tangled]
    lists = best_lists(part, Choice(loose.offers, loose.channels, loose.places))
    alone = np.where(lists >= 0, np.take_along_axis(part, np.maximum(lists, 0), axis=1), 0.0).sum()
    bound = float(prices @ problem.most + alone + (held.sum() if held is not None else 0.0))
    value = problem.worth_of(chosen)
    return Assignment(chosen, prices, problem.used(chosen), value, max(bound, value))


def _rounded(problem: Problem, share: np.ndarray, prices: np.ndarray) -> Assignment:
    """Settle the split customers, with those closest to a tie, within what is left."""
    net, tangled = problem.net(prices), problem.tangled
    held = (np.where(share[tangled] > 0, net[tangled], 0.0) * share[tangled]).sum(axis=1) if tangled.any() else None
    # Of three entries that each have most of a place, two places hold two.
    chosen = marked(best_lists(np.where(share > 0.5, share, -np.inf), problem.choice), share.shape[1])
    split = ((share > 1e-6) & (share < 1 - 1e-6)).any(axis=1)
    if not split.any() and problem.fits(chosen):
        return _answer(problem, chosen, prices, held)
    closeness = margins(net, chosen, problem.choice)
    closeness[split] = -np.inf
    rows = np.sort(np.argsort(closeness, kind="stable")[: max(_TIED, int(split.sum()))])
    part = np.zeros_like(chosen)
    part[rows] = (problem.worth[rows] > 0) & (near(net[rows], problem.choice.of(rows)) | (share[rows] > 0))
    found = _answer(problem, improved(problem, fill(chosen, net, problem.limits), part, net), prices, held)
    if found.gap > 1e-6 and problem.worth.size <= _TINY:
        exact = branched(problem, found.chosen, part)
        return _answer(problem, exact, prices, held) if problem.worth_of(exact) > found.value else found
    return found

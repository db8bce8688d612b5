"""The linear program of an assignment, solved through the prices of its few coupling rows; see `cxml.offers.assign`."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxml.offers.choice import Choice, Limit, best_lists, marked, use_of

#: Pairs up to which the linear program holds every customer from the start.
SMALL = 20_000
_SHRINK, _MOST_TANGLED = 5, 200_000


class Problem:
    """Worth of all pairs, what each customer may have, and what they share."""

    def __init__(self, worth: np.ndarray, choice: Choice, limits: list[Limit]) -> None:
        self.worth, self.choice, self.limits = worth, choice, limits
        self.most = np.array([one.most for one in limits])
        bound = choice.tangled()
        #: Held in the program with all of their pairs, while they are few enough for it; else taken best first.
        self.tangled: np.ndarray = bound if bound.sum() * worth.shape[1] <= _MOST_TANGLED else np.zeros_like(bound)
        self.top = max(float(worth.max(initial=0.0)), 0.0) or 1.0
        #: No pair is worth these prices: what a unit of each limit can earn at most, and a little more.
        self.ceiling = np.array([self._highest(one) for one in limits])
        self.tolerance = 1e-9 * self.top

    def _highest(self, limit: Limit) -> float:
        use = np.broadcast_to(limit.use, self.worth.shape)
        counted = (use > 0) & (self.worth > 0)
        return 2.0 * float((self.worth[counted] / use[counted]).max(initial=0.0)) + 1e-9

    def net(self, prices: np.ndarray, rows: Any = slice(None)) -> np.ndarray:
        """Worth after prices."""
        found: np.ndarray = self.worth[rows]
        for price, limit in zip(prices, self.limits, strict=True):
            if price > 0:
                found = found - price * (limit.use[rows] if len(limit.use) > 1 else limit.use)
        return found

    def best(self, prices: np.ndarray) -> np.ndarray:
        """Mark what each customer alone would choose at these prices."""
        return marked(best_lists(self.net(prices), self.choice), self.worth.shape[1])

    def worth_of(self, chosen: np.ndarray) -> float:
        """Total worth of a choice."""
        return float(self.worth[chosen].sum())

    def used(self, chosen: np.ndarray) -> np.ndarray:
        """How much of each limit a choice takes."""
        return np.array([float(np.broadcast_to(one.use, chosen.shape)[chosen].sum()) for one in self.limits])

    def fits(self, chosen: np.ndarray) -> bool:
        """Whether a choice is within all limits."""
        return bool((self.used(chosen) <= self.most * (1 + 1e-9)).all())

    def part(self, rows: np.ndarray) -> Problem:
        """Some of the customers, with limits in proportion."""
        share = len(rows) / len(self.worth)
        limits = [
            Limit(one.name, one.most * share, one.use[rows] if len(one.use) > 1 else one.use) for one in self.limits
        ]
        return Problem(self.worth[rows], self.choice.of(rows), limits)

    def program(self, i: np.ndarray, j: np.ndarray, most: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Solve the linear program of some pairs: (share of each, prices). Overuse is possible at the ceiling."""
        from scipy.optimize import linprog
        from scipy.sparse import csr_array, hstack, vstack

        if not len(i):
            return np.zeros(0), np.zeros(len(self.limits))
        own, own_most = self.own_rows(i, j)
        shared = np.array([use_of(one, i, j) for one in self.limits])
        # Each shared row is scaled by its largest use, and worth by the largest worth: HiGHS works with absolute
        # tolerances, and a budget in won has other magnitudes than a count of calls.
        scale = np.maximum(shared.max(axis=1), 1e-12)
        top = float(self.worth[i, j].max())
        over = csr_array(-np.eye(len(self.limits)))
        rows = vstack([hstack([own, csr_array((own.shape[0], len(scale)))]), hstack([shared / scale[:, None], over])])
        cost = np.concatenate([-self.worth[i, j] / top, self.ceiling * scale / top])
        bounds = np.zeros((len(cost), 2))
        bounds[: len(i), 1], bounds[len(i) :, 1] = 1.0, np.inf
        limit = np.concatenate([own_most, most / scale])
        found = linprog(cost, A_ub=rows.tocsr(), b_ub=limit, bounds=bounds, method="highs")
        prices = np.maximum(-found.ineqlin.marginals[len(own_most) :], 0.0) * top / scale
        return found.x[: len(i)], prices

    def own_rows(self, i: np.ndarray, j: np.ndarray) -> tuple[Any, np.ndarray]:
        """Rows of each customer alone: places, each offer once, channels where they bind."""
        from scipy.sparse import csr_array, vstack

        choice = self.choice
        customers, place = np.unique(i, return_inverse=True)
        parts, most = [_indicator(place, len(customers))], [choice.places[customers].astype(float)]
        several = np.flatnonzero(choice.places[i] > 1)
        if len(several):
            width = int(choice.offers.max()) + 1
            cells, inverse = np.unique(i[several] * width + choice.offers[j[several]], return_inverse=True)
            shared = np.bincount(inverse)[inverse] > 1
            if shared.any():
                parts.append(_indicator(inverse[shared], len(cells), several[shared], len(i)))
                most.append(np.ones(len(cells)))
        bound = np.flatnonzero(choice.tangled()[i])
        if len(bound) and choice.left is not None:
            width = choice.left.shape[1]
            cells, inverse = np.unique(i[bound] * width + choice.channels[j[bound]], return_inverse=True)
            parts.append(_indicator(inverse, len(cells), bound, len(i)))
            most.append(choice.left[cells // width, cells % width].astype(float))
        return csr_array(vstack(parts)), np.concatenate(most)


def _indicator(rows: np.ndarray, height: int, columns: np.ndarray | None = None, width: int | None = None) -> Any:
    from scipy.sparse import csr_array

    columns = np.arange(len(rows)) if columns is None else columns
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(height, width or len(rows)))


def relaxed(problem: Problem, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Optimum of the linear program: (share of each pair, prices).

    Customers who are served alone at prices that are wrong by one part in the square root of a sample's size choose
    wrongly about that often: so many are undecided at first, and the program stays small.
    """
    n, m = problem.worth.shape
    active = problem.worth > 0
    settled = np.zeros_like(active)
    if n * m > SMALL:
        fewer = problem.part(np.sort(np.random.default_rng(0).permutation(n)[: n // _SHRINK]))
        net = problem.net(relaxed(fewer, 1e-4 * problem.top)[1])
        settled = marked(best_lists(net, problem.choice), m)
        close = np.argsort(margins(net, settled, problem.choice), kind="stable")[: int(4 * np.sqrt(_SHRINK * n))]
        undecided = problem.tangled.copy()
        undecided[close] = True
        active &= undecided[:, None] & (near(net, problem.choice) | settled | problem.tangled[:, None])
    while True:
        i, j = np.nonzero(active)
        fixed = settled & ~np.any(active, axis=1, keepdims=True)
        x, prices = problem.program(i, j, problem.most - problem.used(fixed))
        added = _violators(problem, prices, active, fixed, tolerance)
        if not added.any():
            share = fixed.astype(float)
            share[i, j] = x
            return share, prices
        active |= added


def near(net: np.ndarray, choice: Choice) -> np.ndarray:
    """The entries that each customer may come to choose when prices move a little."""
    few = min(int(choice.places.max()) + 3, net.shape[1])
    least = -np.partition(-net, few - 1, axis=1)[:, few - 1]
    found: np.ndarray = net >= least[:, None]
    return found


def margins(net: np.ndarray, chosen: np.ndarray, choice: Choice) -> np.ndarray:
    """How much worth would have to move before each customer chose otherwise."""
    count = chosen.sum(axis=1)
    last = np.where(chosen, net, np.inf).min(axis=1)
    out = np.where(count >= choice.places, last, 0.0)
    against = np.repeat(np.where(np.isfinite(out), out, 0.0)[:, None], net.shape[1], axis=1)
    for offer in np.unique(choice.offers):
        columns = np.flatnonzero(choice.offers == offer)
        if len(columns) > 1:
            mine = np.where(chosen[:, columns], net[:, columns], -np.inf).max(axis=1)
            against[:, columns] = np.where(np.isfinite(mine), mine, out)[:, None]
    other = np.where(chosen, np.inf, against - net).min(axis=1)
    found: np.ndarray = np.minimum(other, last)
    return found


def _violators(
    problem: Problem, prices: np.ndarray, active: np.ndarray, fixed: np.ndarray, tolerance: float
) -> np.ndarray:
    """Pairs outside the program that a customer would choose at its prices."""
    net = problem.net(prices)
    best = marked(best_lists(net, problem.choice), net.shape[1])
    within = marked(best_lists(np.where(active | fixed, net, -np.inf), problem.choice), net.shape[1])
    gain = np.where(best, net, 0.0).sum(axis=1) - np.where(within, net, 0.0).sum(axis=1)
    # A fixed customer has the settled list, whether or not it still earns something at these prices.
    stays = np.where(fixed, net, 0.0).sum(axis=1)
    settled = np.any(fixed, axis=1) | ~np.any(active, axis=1)
    gain = np.where(settled, np.where(best, net, 0.0).sum(axis=1) - stays, gain)
    joins = (gain > tolerance) & ~problem.tangled
    found: np.ndarray = (best | fixed) & ~active & np.reshape(joins, (-1, 1))
    return found

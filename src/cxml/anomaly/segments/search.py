"""The smallest set of segments that explains a change: a search for the shortest description.

Leaves that share a cause change by about the same factor (the ripple effect of Squeeze [1]_), so a set of segments says
``mean of a leaf = expected x product of the factors of its segments``. A set is as good as its Poisson log-likelihood,
with every leaf weighed down to what its variance allows, less what it costs to name its segments (`Cube.cost`).

References
----------
.. [1] Li, Z., et al. (2019). Generic and robust localization of multi-dimensional root causes. ISSRE, 47-57.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxml.anomaly.segments.cube import Cube
from cxml.anomaly.segments.noise import LEAST_EXPECTED, gained, likelihood

#: States kept at a step, and continuations tried for each.
_WIDTH, _TRIED = 4, 5
_LEAST_FACTOR = 1e-9
_ROUNDS, _NEAR = 50, 1e-7

State = tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """A set of segments.

    Attributes
    ----------
    segments : tuple of int
    factors : array of float, shape (n_segments,)
    gains : array of float, shape (n_segments,)
        What the log-likelihood loses without the segment.
    """

    segments: State
    factors: np.ndarray
    gains: np.ndarray


class Search:
    """Search segments whose factors explain how leaves differ from what was expected.

    Parameters
    ----------
    cube : Cube
    actual, expected : arrays of float >= 0, shape (n_leaves,)
        `expected` above 0.
    weights : array of float > 0, shape (n_leaves,)
        Of `Noise.weights`.
    """

    def __init__(
        self,
        cube: Cube,
        actual: np.ndarray,
        expected: np.ndarray,
        weights: np.ndarray,
    ) -> None:
        self._cube = cube
        self._actual = weights * actual
        self._expected = weights * expected
        self._sums, self._usual = cube.sums(self._actual), cube.sums(self._expected)
        self._leaves: dict[int, np.ndarray] = {}

    def run(self, most: int) -> Found:
        """Search with a beam: from each state the best continuations, then exchanges of single segments.

        Parameters
        ----------
        most : int >= 1
            Segments at most.
        """
        best: tuple[float, State] = (0.0, ())
        beam: list[State] = [()]
        for _ in range(most):
            tried = {after for state in beam for after in self._continued(state)}
            ranked = sorted(((self.worth(state), state) for state in tried), reverse=True)[:_WIDTH]
            if not ranked:
                break
            ranked[0] = self._exchanged(*ranked[0])
            if ranked[0][0] <= best[0]:
                break
            best = ranked[0]
            beam = [state for _, state in ranked]
        return self._described(best[1])

    def alone(self) -> np.ndarray:
        """What each segment would gain by itself."""
        return gained(self._sums, self._usual)

    def worth(self, state: State) -> float:
        """Log-likelihood gained over nothing, less the cost of naming; nats."""
        return self._gain(state) - float(self._cube.cost[list(state)].sum())

    def _continued(self, state: State) -> list[State]:
        """The best continuations that are worth their cost."""
        net = self._alone(state)
        top = np.argpartition(-net, min(_TRIED, len(net) - 1))[:_TRIED]
        return [tuple(sorted((*state, int(one)))) for one in top if net[one] > 0 and one not in state]

    def _alone(self, state: State) -> np.ndarray:
        """What each segment would gain by itself over a state, less its cost."""
        groups = self._groups(state)
        product = groups.products()
        rest = product[groups.rest]
        more = self._expected[groups.leaves] * (product[groups.of] - rest)
        fitted = rest * self._usual + self._cube.sums(more, groups.leaves)
        gain: np.ndarray = gained(self._sums, np.maximum(fitted, 0.0)) - self._cube.cost
        return gain

    def _exchanged(self, worth: float, state: State) -> tuple[float, State]:
        """Exchange single segments for better ones, or drop them, as long as that helps."""
        improved = len(state) > 1
        while improved:
            improved = False
            for one in state:
                rest = tuple(other for other in state if other != one)
                for other in (rest, *self._continued(rest)):
                    told = self.worth(other)
                    if told > worth + 1e-9:
                        worth, state, improved = told, other, True
                if improved:
                    break
        return worth, state

    def _gain(self, state: State) -> float:
        if not state:
            return 0.0
        groups = self._groups(state)
        before = np.maximum(groups.expected, np.minimum(groups.actual, LEAST_EXPECTED))
        safe = np.where(before > 0, before, 1.0)
        factor = np.where(before > 0, groups.expected * groups.products() / safe, 1.0)
        return float(likelihood(groups.actual, before, factor).sum())

    def _groups(self, state: State) -> _Groups:
        """Group leaves by the segments of a state that they belong to; all that belong to none are the rest."""
        of = np.zeros(len(self._expected), dtype=np.int64)
        rest = 0
        for place, one in enumerate(state):
            if one:
                of[self._members(one)] += 1 << place
            else:
                rest = 1 << place
        leaves = np.flatnonzero(of)
        pattern = of[leaves] + rest
        count = 1 << len(state)
        members = ((np.arange(count)[:, None] >> np.arange(len(state))) & 1).astype(np.float64)
        actual = np.bincount(pattern, self._actual[leaves], minlength=count).astype(np.float64)
        expected = np.bincount(pattern, self._expected[leaves], minlength=count).astype(np.float64)
        actual[rest] += max(float(self._sums[0] - actual.sum()), 0.0)
        expected[rest] += max(float(self._usual[0] - expected.sum()), 0.0)
        return _Groups(leaves, pattern, rest, members, actual, expected)

    def _members(self, segment: int) -> np.ndarray:
        if segment not in self._leaves:
            self._leaves[segment] = np.flatnonzero(self._cube.leaves(segment))
        return self._leaves[segment]

    def _described(self, state: State) -> Found:
        groups = self._groups(state)
        factors = fit_factors(groups.members, groups.actual, groups.expected)
        without = [self._gain(tuple(other for other in state if other != one)) for one in state]
        return Found(state, factors, self._gain(state) - np.array(without))


@dataclass(frozen=True)
class _Groups:
    """Leaves that share their segments.

    `leaves` are those in any segment and `of` their groups; `rest` is the group of all others; `members` tells which
    segments a group belongs to; `actual` and `expected` are weighed sums by group.
    """

    leaves: np.ndarray
    of: np.ndarray
    rest: int
    members: np.ndarray
    actual: np.ndarray
    expected: np.ndarray

    def products(self) -> np.ndarray:
        """Product of the fitted factors of each group."""
        found: np.ndarray = np.exp(self.members @ np.log(fit_factors(self.members, self.actual, self.expected)))
        return found


def fit_factors(members: np.ndarray, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Factors that make each segment's fitted sum the actual one, by iterative proportional fitting.

    Parameters
    ----------
    members : array of {0, 1}, shape (n_groups, n_segments)
        Which segments a group of leaves belongs to.
    actual, expected : arrays of float >= 0, shape (n_groups,)

    Returns
    -------
    array of float > 0, shape (n_segments,)

    Examples
    --------
    >>> members = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    >>> fit_factors(members, np.array([20.0, 60.0, 5.0]), np.array([10.0, 10.0, 5.0])).round(3).tolist()
    [2.0, 3.0]
    """
    factors = np.ones(members.shape[1])
    fitted = expected.copy()
    wanted = members.T @ actual
    for _ in range(_ROUNDS):
        moved = 0.0
        for one, of in enumerate(members.T):
            got = float(of @ fitted)
            step = max(wanted[one] / got, _LEAST_FACTOR / factors[one]) if got > 0 else 1.0
            factors[one] *= step
            fitted *= np.where(of > 0, step, 1.0)
            moved = max(moved, abs(float(np.log(step))))
        if moved < _NEAR:
            break
    return factors

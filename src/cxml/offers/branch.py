"""Branch and bound: the best of all choices, where few pairs are left to settle (Land & Doig 1960, Econometrica 28).

Relaxed programs are solved by HiGHS as linear programs; its own integer solver writes to the terminal at times.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxml.offers.choice import use_of
from cxml.offers.program import Problem

#: Linear programs that are solved at most; after them the best found so far is the answer.
_NODES = 100
_WHOLE = 1e-6


def branched(problem: Problem, chosen: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Settle some pairs by branch and bound, the lists of all other customers staying.

    Parameters
    ----------
    problem : Problem
    chosen : array of bool, shape (n_customers, n_entries)
        Within the limits: what a better choice is looked for against.
    part : array of bool, shape (n_customers, n_entries)
        The pairs that may change.

    Returns
    -------
    array of bool, shape (n_customers, n_entries)
        Within the limits; `chosen` itself where nothing better is found.
    """
    i, j = np.nonzero(part)
    kept = chosen & ~np.any(part, axis=1, keepdims=True)
    program = _Program(problem, i, j, kept)
    best, floor = chosen, problem.worth_of(chosen) - problem.worth_of(kept)
    waiting = [(np.zeros(len(i)), np.ones(len(i)))]
    for _ in range(_NODES):
        if not waiting:
            break
        low, high = waiting.pop()
        share = program.solved(low, high)
        if share is None or program.worth @ share <= floor + problem.tolerance:
            continue
        unsure = np.minimum(share, 1.0 - share)
        place = int(unsure.argmax())
        if unsure[place] > _WHOLE:
            waiting.extend(_halves(low, high, place, first=round(share[place])))
            continue
        found = kept.copy()
        found[i, j] = share > 0.5
        worth = float(program.worth @ (share > 0.5))
        if problem.fits(found) and worth > floor:
            best, floor = found, worth
    return best


def _halves(low: np.ndarray, high: np.ndarray, place: int, *, first: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The pair out, and the pair in; what the relaxed program leans to is taken up first, so it comes last."""
    out, within = high.copy(), low.copy()
    out[place], within[place] = 0.0, 1.0
    both = [(low, out), (within, high)]
    return both if first else both[::-1]


class _Program:
    """The relaxed program of some pairs, what the others use taken off."""

    def __init__(self, problem: Problem, i: np.ndarray, j: np.ndarray, kept: np.ndarray) -> None:
        from scipy.sparse import csr_array, vstack

        self.worth = problem.worth[i, j]
        own, own_most = problem.own_rows(i, j)
        uses = np.array([use_of(one, i, j) for one in problem.limits])
        scale = np.maximum(uses.max(axis=1), 1e-12)
        rest = np.maximum(problem.most - problem.used(kept), 0.0)
        self._rows: Any = vstack([own, csr_array(uses / scale[:, None])]).tocsr()
        self._most = np.concatenate([own_most, rest / scale])

    def solved(self, low: np.ndarray, high: np.ndarray) -> np.ndarray | None:
        """Shares between two bounds, or None where there are none."""
        from scipy.optimize import linprog

        bounds = np.column_stack([low, high])
        found = linprog(-self.worth / self.worth.max(), A_ub=self._rows, b_ub=self._most, bounds=bounds, method="highs")
        return np.asarray(found.x) if found.x is not None else None

"""Exchanges: a choice within limits made better by changing the lists of one customer or of two at a time.

A linear program leaves a little of each limit over when it is rounded. Two changes together use it up: one that frees
something and one that takes it (the 2-exchange of local search, Lin & Kernighan 1973, Operations Research 21).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxml.offers.choice import use_of
from cxml.offers.program import Problem

_MOVES, _STEPS = 800, 200


@dataclass(frozen=True)
class _Move:
    """One customer's list with one entry dropped, one added, or both (-1: none)."""

    row: int
    drop: int
    add: int


def improved(problem: Problem, chosen: np.ndarray, part: np.ndarray, net: np.ndarray) -> np.ndarray:
    """Make a choice better by exchanges, until no two of them help.

    Parameters
    ----------
    problem : Problem
    chosen : array of bool, shape (n_customers, n_entries)
        Within the limits.
    part : array of bool, shape (n_customers, n_entries)
        The pairs that may be added; lists of the other customers stay.
    net : array of float, shape (n_customers, n_entries)
        Worth after prices: moves that lose least by it are tried.

    Returns
    -------
    array of bool, shape (n_customers, n_entries)
    """
    chosen = chosen.copy()
    rows = np.flatnonzero(part.any(axis=1))
    moves = {int(row): _moves(problem, chosen, part, int(row)) for row in rows}
    for _ in range(_STEPS):
        best = _best(
            problem, [one for row in rows for one in moves[int(row)]], problem.most - problem.used(chosen), net
        )
        if not best:
            break
        for one in best:
            if one.drop >= 0:
                chosen[one.row, one.drop] = False
            if one.add >= 0:
                chosen[one.row, one.add] = True
            moves[one.row] = _moves(problem, chosen, part, one.row)
    return chosen


def _moves(problem: Problem, chosen: np.ndarray, part: np.ndarray, row: int) -> list[_Move]:
    has = np.flatnonzero(chosen[row]).tolist()
    adds = np.flatnonzero(part[row] & ~chosen[row]).tolist()
    found = [_Move(row, drop, -1) for drop in has]
    for drop in (-1, *has):
        rest = [one for one in has if one != drop]
        found.extend(_Move(row, drop, add) for add in adds if _goes_with(problem, row, rest, add))
    return found


def _goes_with(problem: Problem, row: int, rest: list[int], add: int) -> bool:
    choice = problem.choice
    if len(rest) >= choice.places[row] or any(choice.offers[one] == choice.offers[add] for one in rest):
        return False
    if choice.left is None:
        return True
    channel = choice.channels[add]
    return bool(np.sum(choice.channels[rest] == channel) < choice.left[row, channel])


def _best(problem: Problem, moves: list[_Move], slack: np.ndarray, net: np.ndarray) -> list[_Move]:
    """The one or two moves that gain most within the slack; none where nothing gains."""
    row, drop, add = (
        np.array([getattr(one, name) for one in moves], dtype=np.int64) for name in ("row", "drop", "add")
    )
    loss = _change(net, row, drop, add)
    kept = np.argsort(-loss, kind="stable")[:_MOVES]
    row, drop, add = row[kept], drop[kept], add[kept]
    gain = _change(problem.worth, row, drop, add)
    uses = [
        np.where(add >= 0, use_of(one, row, add), 0.0) - np.where(drop >= 0, use_of(one, row, drop), 0.0)
        for one in problem.limits
    ]
    # The last place stands for "no second move".
    gain, row = np.append(gain, 0.0), np.append(row, -1)
    total = gain[:, None] + gain[None, :]
    allowed = row[:, None] != row[None, :]
    for use, left, most in zip(uses, slack, problem.most, strict=True):
        use = np.append(use, 0.0)
        allowed &= use[:, None] + use[None, :] <= left + 1e-9 * most
    total = np.where(allowed, total, -np.inf)
    first, second = np.unravel_index(int(total.argmax()), total.shape)
    if total[first, second] <= problem.tolerance:
        return []
    return [moves[int(kept[one])] for one in (first, second) if one < len(kept)]


def _change(values: np.ndarray, row: np.ndarray, drop: np.ndarray, add: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.where(add >= 0, values[row, add], 0.0) - np.where(drop >= 0, values[row, drop], 0.0)
    return found

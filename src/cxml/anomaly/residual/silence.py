"""What stands still: values that stay the same, and values that do not come.

Both are runs, judged against the runs of the same series: how often does a value repeat so many times, how often is it
so many steps until the next value comes? A run is learned when it ends. A series that mostly repeats itself is never
called frozen. Runs of zeros are none (see `cxml.anomaly.residual.signals.step`): for a count, nothing is a value like
others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxml.anomaly.residual import tails
from cxml.anomaly.residual.tails import PLACES

#: Tails that these signs need: of runs of equal values, and of the steps between values.
TAILS = 2

_EQUAL, _USUAL, _SILENT = range(3)  # values in this run; mean length of runs; steps since the last value
_SPEED, _BOUND, _LONG = 0.05, 20.0, 5.0  # how the mean of runs is learned, and where it says that values mostly repeat
_COSTS = 0.5  # what two more signs cost the score
_MOST = 6.0  # the longer it lasts the rarer it is, but there is no news in that
#: No silence scores more.
HIGHEST = _MOST - _COSTS


def begin(n: int) -> list[np.ndarray]:
    """State of `n` series that have shown nothing yet, each of shape (n,)."""
    return [np.zeros(n), np.full(n, _BOUND), np.zeros(n)]


def step(
    ops: Any, state: list[Any], at: int, scores: Any, counts: Any, base: Any, known: Any, same: Any, gap: Any
) -> tuple[Any, Any]:
    """Score the run that a value continues and the silence before it, then learn from what ended.

    Parameters
    ----------
    ops : One or Many
    state : list
        Changed in place, from the place `at` on.
    at : int
    scores, counts : lists or flat arrays of float
        Of the tails, which begin at `base`.
    base : int or array of int
    known : bool or array of bool
        Whether there is a value.
    same, gap : float or array
        See `cxml.anomaly.residual.signals.step`.

    Returns
    -------
    (frozen, missing)
        Scores, below 0 where there is nothing to tell.
    """
    silent = state[at + _SILENT] + ops.most(gap, 1.0)
    place = tails.place_of_run(ops, silent)
    missing = ops.least(tails.rarity(ops, scores, counts, base + PLACES, place, known * 1.0), _MOST) - _COSTS
    state[at + _SILENT] = ops.where(known, 0.0, silent)

    before, usual = state[at + _EQUAL], state[at + _USUAL]
    ends = known * (1.0 - same) * ops.where(before > 0.0, 1.0, 0.0)
    tails.count(ops, counts, base, tails.place_of_run(ops, before), ends)
    state[at + _USUAL] = usual + ends * _SPEED * (ops.least(before, _BOUND) - usual)
    equal = ops.where(known, before * same + 1.0, before)
    state[at + _EQUAL] = equal
    frozen = ops.least(tails.look_up(ops, scores, base, tails.place_of_run(ops, equal)), _MOST) - _COSTS
    return frozen * known * ops.where(usual < _LONG, 1.0, 0.0), missing


def waiting(ops: Any, state: list[Any], at: int, scores: Any, base: Any, gap: Any) -> Any:
    """Score a silence that goes on: what `step` would tell as missing of a row that came now. Nothing is learned.

    Parameters
    ----------
    ops, state, at, scores, base, gap
        See `step`.

    Returns
    -------
    float or array
    """
    place = tails.place_of_run(ops, state[at + _SILENT] + ops.most(gap, 1.0))
    return ops.least(tails.look_up(ops, scores, base + PLACES, place), _MOST) - _COSTS

"""How rare a value of a statistic is: calibrated tail probabilities, learned as values arrive, in bounded memory.

A tail is a forgetful histogram on thresholds that grow. The chance to reach a threshold is the product of the chances
to get from each threshold to the next, and each of these is learned from the values that got that far, beginning with
a prior: few values got far, so far out the prior decides, and by then it has been bent to how steeply the series' own
tail fell before. So a tail is empirical where there are values, smooth beyond, and never jumps. It is the estimate of a
discrete hazard (Kaplan & Meier, 1958, JASA 53) with a prior worth some values (Hjort, 1990, Annals of Statistics 18).

Looking a value up takes one logarithm; the tails are worked out anew every `PERIOD` values only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

#: Thresholds of a tail.
PLACES = 40
#: Tails are worked out anew after so many values, sooner while few are known.
PERIOD = 64.0
SOONER = 8.0
#: Values after which a value counts half.
HALF_LIFE = 8000.0

_FIRST, _RATIO = 0.5, 1.125  # thresholds of a distance, in standard deviations: up to 49 of them
_LOG_FIRST, _PER_LOG = math.log(_FIRST), 1.0 / math.log(_RATIO)
_PRIOR = 6.0  # values that the prior is worth at each threshold
_DEGREES = {"value": 8.0, "mean": 30.0}  # of freedom: heavy tails until the series shows its own; a mean's are lighter
_KNOWN = 20.0  # values that say enough of how steeply a tail falls at a threshold
_NEAR = 0.87  # what the steepness one threshold nearer counts less
_BENT = 1.0  # thresholds that the prior's steepness is worth
_STEEPEST = {"value": 6.0, "mean": 4.0, "run": 4.0}  # times the prior's steepness, at most
_LN10 = math.log(10.0)
_LAST = PLACES - 2.0


@cache
def _falls(measure: str) -> np.ndarray:
    """How fast the prior falls from each threshold to the next: by how much its logarithm does."""
    if measure == "run":  # the chance to reach a length is one over it
        return np.full(PLACES - 1, 1.0 / _PER_LOG)
    from scipy.special import stdtr

    found: np.ndarray = -np.diff(np.log(stdtr(_DEGREES[measure], -_FIRST * _RATIO ** np.arange(PLACES))))
    return found


#: The chance that the prior gives the first threshold.
_STARTS = {"value": 0.5, "mean": 0.5, "run": 1.0}


def place_of_distance(ops: Any, size: Any) -> Any:
    """Where a distance (>= 0, in standard deviations) lies among the thresholds: a float, 0 for what is below all.

    >>> from cxml.anomaly.residual.arithmetic import ONE
    >>> round(place_of_distance(ONE, 3.0), 2)
    15.21
    >>> place_of_distance(ONE, 0.0)
    0.0
    """
    return (ops.log(ops.most(size, _FIRST)) - _LOG_FIRST) * _PER_LOG


def place_of_run(ops: Any, length: Any) -> Any:
    """Where the length of a run (>= 1) lies among the thresholds, which begin at 1 and grow as distances do."""
    return ops.log(ops.most(length, 1.0)) * _PER_LOG


def look_up(ops: Any, scores: Any, base: Any, place: Any) -> Any:
    """Read a score from a table of `settle`, between thresholds on a straight line and beyond the last on its slope.

    Parameters
    ----------
    ops : One or Many
    scores : list or flat array of float
        Tails one after the other, `PLACES` entries each.
    base : int or array of int
        Where the tail begins.
    place : float or array of float >= 0
        As `place_of_distance` and its like tell.

    Returns
    -------
    float or array >= 0
        ``-log10`` of the chance to get that far or further.
    """
    low = ops.whole(ops.least(place, _LAST))
    at = base + low
    first = scores[at]
    return first + (scores[at + 1] - first) * (place - low)


def count(ops: Any, counts: Any, base: Any, place: Any, weight: Any) -> None:
    """Add a value to the histogram of a tail: to the thresholds on both sides of it, to the nearer one the more.

    So a value that comes again and again just below a threshold counts as one that reaches it, and is no rarity.
    """
    low = ops.whole(ops.least(place, _LAST))
    above = ops.least(place - low, 1.0) * weight
    at = base + low
    counts[at] += weight - above
    counts[at + 1] += above


def rarity(ops: Any, scores: Any, counts: Any, base: Any, place: Any, weight: Any) -> Any:
    """`look_up`, then `count`, of the same place, which is worked out once."""
    low = ops.whole(ops.least(place, _LAST))
    within = place - low
    at = base + low
    further = at + 1
    first = scores[at]
    above = ops.least(within, 1.0) * weight
    counts[at] += weight - above
    counts[further] += above
    return first + (scores[further] - first) * within


class Shapes:
    """What tails that lie one after the other are of, for `settle`.

    Parameters
    ----------
    statistics : sequence of (measure, sides)
        Measures are ``"value"``, ``"mean"`` and ``"run"``. With two sides, each is a tail of its own, and a score is
        that of twice the chance.
    """

    def __init__(self, statistics: Sequence[tuple[str, int]]) -> None:
        tails = [(measure, sides, number) for number, (measure, sides) in enumerate(statistics) for _ in range(sides)]
        number = np.array([one for _, _, one in tails])
        self.falls = np.stack([_falls(measure) for measure, _, _ in tails])
        self.starts = np.array([[_STARTS[measure]] for measure, _, _ in tails])
        self.steepest = np.array([[_STEEPEST[measure]] for measure, _, _ in tails])
        self.sides = np.array([[float(sides)] for _, sides, _ in tails])
        #: 1 where two tails are sides of the same statistic.
        self.together = (number[:, None] == number) * 1.0


def settle(counts: np.ndarray, shapes: Shapes) -> np.ndarray:
    """Work out the scores at the thresholds from the histograms.

    Parameters
    ----------
    counts : array, shape (n, n_tails, PLACES)
        Weight of the values that lay from each threshold to the next.
    shapes : Shapes

    Returns
    -------
    array, shape (n, n_tails, PLACES)
        ``-log10`` of the chance to reach each threshold.
    """
    usual = shapes.falls
    reached = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
    everything = shapes.together @ reached[..., :1]
    start = (reached[..., :1] + _PRIOR * shapes.starts) / (everything + _PRIOR * shapes.sides * shapes.starts)
    there, further = reached[..., :-1], reached[..., 1:]
    # How much steeper than the prior the tail fell at each threshold, and at those before it: steepness lasts.
    fell = np.log((there + 0.5) / (further + 0.5))
    known = np.minimum(there, _KNOWN)
    prior = _BENT * _KNOWN * usual.mean(axis=-1, keepdims=True)
    steeper = ((known * fell) @ _BEFORE + prior) / ((known * usual) @ _BEFORE + prior)
    hazard = usual * np.minimum(np.maximum(steeper, 0.1), shapes.steepest)
    passed = (further + _PRIOR * np.exp(-hazard)) / (there + _PRIOR)
    chance = np.cumsum(np.log(np.concatenate([start, passed], axis=-1)), axis=-1)
    found: np.ndarray = np.maximum((chance + np.log(shapes.sides)) / -_LN10, 0.0)
    return found


def _before() -> np.ndarray:
    """How much what was seen at a threshold (row) counts for another one (column): only what lies before it."""
    gap = np.arange(PLACES - 1)[None, :] - np.arange(PLACES - 1)[:, None]
    weights: np.ndarray = np.where(gap > 0, _NEAR ** np.maximum(gap - 1, 0), 0.0)
    return weights


_BEFORE = _before()


def fading(period: Any) -> Any:
    """What values that lie a period or more back still count of what they counted."""
    return 0.5 ** (period / HALF_LIFE)

"""Signs of trouble in standardised residuals: spike, shift, drift, changed variance, frozen and missing values.

Each sign is a statistic of the last values, and each has its own tail (`cxml.anomaly.residual.tails`): how rare it is
in this series. The strangest of the signs counts, less what looking at several costs, so that scores are on one scale
for all series: a score of 3 or more once in a thousand values of the normal course. Nothing is learned from the scores
themselves: a series in trouble would only teach that trouble is its normal course.

An expectation that follows quickly takes a shift for its own new level within a few values, and its residuals then say
nothing. So the means are of the distance from its slow course: residual and `lag` together. A shift that came slowly is
called a drift; it is no sign of its own, as so slow a mean would have to be known from a handful of its courses.

What was told is not told again: while scores are high, the means forget quickly, and what the distances have in common
is taken as the new course, until the expectation has caught up with it.

State is a list with an entry a variable: of one series floats and lists (`ONE`), of many series arrays of shape (n,)
and (n, k) (`MANY`).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from cxml.anomaly.columns import KINDS
from cxml.anomaly.residual import silence, tails
from cxml.anomaly.residual.arithmetic import MANY, ONE
from cxml.anomaly.residual.tails import PLACES

_SPEEDS = (0.3, 0.08)  # how much of a mean the newest value is: quick shift, shift
_DRIFT_SPEED, _SLOWLY = 0.015, 0.4  # of the slowest mean; a shift of which so much is in it already came slowly
_BOUND = 3.0  # a distance counts no more than so many times its usual size in a mean
_WIDE_SPEED, _WIDE_PRIOR, _WIDE_SCALE = 0.005, 20.0, 1.25  # of that usual size; 1.25 mean distances are a deviation
_STRANGE_SPEED, _STRANGE_BOUND = 0.08, 5.0
_SIGNS = 0.5  # what looking at several signs costs: tails are cautious, and signs go together
_HOT, _HEATS, _COOLS = 3.0, 0.15, 0.8  # a score that is told, and how quickly that is taken as told, and forgotten
_WARM, _WARM_COUNTS = 0.05, 0.4  # what a value counts in the tails after one that was told
_FORGETS = 0.25  # of the means with each value while hot
_SETTLES, _RETURNS = 0.25, 0.05  # how quickly the new course is learned while hot, and left afterwards
_FURTHEST = 10.0  # residual that the new course is learned from
_LEAST_SEEN = 10.0

# Where each tail begins in the tables; a distance has two sides.
_SPIKE, _QUICK, _SHIFT, _STRANGE = (2 * PLACES * sign for sign in range(4))
_STILL = 2 * PLACES * 4
_WIDTH = _STILL + silence.TAILS * PLACES

# The state.
_COUNTS, _SCORES, _SEEN, _MEAN_QUICK, _MEAN_SHIFT, _MEAN_DRIFT, _MEAN_STRANGE = range(7)
_COURSE, _SLOW_COURSE, _HEAT, _WIDE, _FIRST_STILL = range(7, 12)

_KIND = {name: number for number, name in enumerate(KINDS)}


def _spread(speed: float) -> float:
    """Standard deviation of such a mean of white noise of variance 1."""
    return math.sqrt(speed / (2.0 - speed))


_LN10 = math.log(10.0)
#: Tail, mean, its speed, the spread that white noise gives it, and what it is a sign of.
_MEANS = (
    (_QUICK, _MEAN_QUICK, _SPEEDS[0], _spread(_SPEEDS[0]), _KIND["level_shift"]),
    (_SHIFT, _MEAN_SHIFT, _SPEEDS[1], _spread(_SPEEDS[1]), _KIND["level_shift"]),
    (_STRANGE, _MEAN_STRANGE, _STRANGE_SPEED, _spread(_STRANGE_SPEED), _KIND["variance"]),
)


def begin(n: int) -> list[np.ndarray]:
    """State of `n` series that have shown nothing yet: arrays of shape (n,) and (n, k).

    >>> [entry.shape for entry in begin(3)][:3]
    [(3, 400), (3, 400), (3,)]
    """
    counts = np.zeros((n, _WIDTH))
    return [counts, _settle(counts), *(np.zeros(n) for _ in range(_SEEN, _FIRST_STILL)), *silence.begin(n)]


def step(ops: Any, state: list[Any], u: Any, same: Any, gap: Any, weight: Any, lag: Any = 0.0) -> tuple[Any, Any, Any]:
    """Score a value by what came before it, then learn from it.

    Parameters
    ----------
    ops : One or Many
    state : list
        Changed in place.
    u : float or array of shape (n,)
        Standardised residual; NaN where the value is missing.
    same : float or array
        1 where the value equals the one before it in its series and is not 0, else 0.
    gap : float or array
        Time since the row before, in the series' usual steps; 1 where nothing was to be expected in between.
    weight : float or array, in [0, 1]
        How much may be learned from the value: 0 on a special day whose effect is unknown.
    lag : float or array, default=0
        What was expected, less what the slowest course of the series would have been, in the residual's units.

    Returns
    -------
    score : float or array >= 0
        ``-log10`` of the chance of something as strange or stranger in the normal course.
    kind : int or array of int
        Number in `cxml.anomaly.columns.KINDS`.
    size : float or array
        The residual without what has become the new course; 0 where the value is missing.

    Examples
    --------
    >>> import random
    >>> from cxml.anomaly.residual.arithmetic import ONE
    >>> state = [entry[0].tolist() for entry in begin(1)]
    >>> draw = random.Random(0)
    >>> usual = [step(ONE, state, draw.gauss(0, 1), 0.0, 1.0, 1.0)[0] for _ in range(500)]
    >>> score, kind, size = step(ONE, state, 8.0, 0.0, 1.0, 1.0)
    >>> score > max(usual), KINDS[kind]
    (True, 'spike')
    """
    seen, heat, course, slow_course = state[_SEEN], state[_HEAT], state[_COURSE], state[_SLOW_COURSE]
    scores, begins = ops.flat(state[_SCORES])
    counts, _ = ops.flat(state[_COUNTS])
    known = u == u  # NaN alone differs from itself
    residual = ops.where(known, u, 0.0)
    rate = known * weight
    counted = rate * ops.where(heat > _WARM, _WARM_COUNTS, 1.0)

    # A value that is back on the old course is as little trouble as one that is on the new one.
    x = residual - course
    x = ops.where(abs(residual) < abs(x), residual, x)
    best = _rarity(ops, scores, counts, begins + _SPIKE, x, counted)
    kind = ops.where(x < 0.0, _KIND["dip"], _KIND["spike"])

    far = ops.where(known, u + lag, 0.0)
    distance = far - slow_course
    nearer = ops.where(abs(far) < abs(distance), far, distance)
    wide = state[_WIDE]
    bound = _BOUND * ops.most(_WIDE_SCALE * wide, 1.0)
    bounded = ops.most(ops.least(nearer, bound), -bound)
    state[_WIDE] = wide + rate * ops.most(_WIDE_SPEED, 1.0 / (seen + _WIDE_PRIOR)) * (abs(bounded) - wide)
    strange = ops.least(best * _LN10, _STRANGE_BOUND) - 1.0
    keeps = 1.0 - _FORGETS * heat
    for base, mean, speed, spread, sign in _MEANS:
        moved = state[mean] * keeps
        moved = moved + speed * rate * ((strange if mean == _MEAN_STRANGE else bounded) - moved)
        state[mean] = moved
        found = _rarity(ops, scores, counts, begins + base, moved / spread, counted)
        kind = ops.where(found > best, sign, kind)
        best = ops.most(found, best)
    slowest = state[_MEAN_DRIFT] * keeps
    state[_MEAN_DRIFT] = slowest = slowest + _DRIFT_SPEED * rate * (bounded - slowest)
    slowly = (kind == _KIND["level_shift"]) & (abs(slowest) > _SLOWLY * abs(state[_MEAN_QUICK]))
    kind = ops.where(slowly, _KIND["drift"], kind)

    ready = ops.where(seen >= _LEAST_SEEN, 1.0, 0.0)
    score = ops.most(best - _SIGNS, 0.0) * known * ready
    frozen, missing = silence.step(ops, state, _FIRST_STILL, scores, counts, begins + _STILL, known, same, gap)
    kind = ops.where(frozen > score, _KIND["frozen"], kind)
    score = ops.most(score, frozen)
    kind = ops.where(missing * ready > score, _KIND["missing"], kind)
    score = ops.most(score, missing * ready)

    told = _SETTLES * heat
    learns = told + _RETURNS * (1.0 - heat) * ops.least(abs(course), 1.0)
    moved = learns * (ops.most(ops.least(residual, _FURTHEST), -_FURTHEST) - course)
    state[_COURSE] = course + rate * moved
    state[_SLOW_COURSE] = slow_course + rate * told * distance
    state[_HEAT] = ops.where(score >= _HOT, ops.least(heat + _HEATS, 1.0), heat * _COOLS)
    state[_SEEN] = seen + 1.0
    _settle_when_due(ops, state)
    return score, kind, x * known


def waiting(state: list[Any], gap: Any) -> Any:
    """Score of the silence of many series, had a row come now; nothing is learned.

    Parameters
    ----------
    state : list
        Of many series.
    gap : array of shape (n,)
        Time since the row before, in the series' usual steps.

    Returns
    -------
    array of shape (n,)
    """
    scores, begins = MANY.flat(state[_SCORES])
    ready = state[_SEEN] >= _LEAST_SEEN
    return np.maximum(silence.waiting(MANY, state, _FIRST_STILL, scores, begins + _STILL, gap), 0.0) * ready


def _rarity(ops: Any, scores: Any, counts: Any, base: Any, statistic: Any, counted: Any) -> Any:
    """Score of a statistic by its two-sided tail, which then learns it."""
    side = base + PLACES * (statistic < 0.0)
    return tails.rarity(ops, scores, counts, side, tails.place_of_distance(ops, abs(statistic)), counted)


@cache
def _shapes() -> tails.Shapes:
    signs = [("value", 2), ("mean", 2), ("mean", 2), ("value", 2)]
    return tails.Shapes([*signs, *[("run", 1)] * silence.TAILS])


def _settle(counts: np.ndarray) -> np.ndarray:
    """Scores at the thresholds of all tails, from their histograms; both of shape (n, k)."""
    return tails.settle(counts.reshape(len(counts), _WIDTH // PLACES, PLACES), _shapes()).reshape(counts.shape)


def _settle_when_due(ops: Any, state: list[Any]) -> None:
    """Work the tails out anew every so often, sooner while little is known, and let what is old count less."""
    seen = state[_SEEN]
    period = ops.where(seen < tails.PERIOD, tails.SOONER, tails.PERIOD)
    due = seen % period == 0.0
    if ops is ONE:
        if due:
            counts = np.array([state[_COUNTS]]) * tails.fading(period)
            state[_COUNTS], state[_SCORES] = counts[0].tolist(), _settle(counts)[0].tolist()
    elif due.any():
        counts = state[_COUNTS][due] * tails.fading(period[due])[:, None]
        state[_COUNTS][due], state[_SCORES][due] = counts, _settle(counts)

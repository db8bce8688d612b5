"""What a metric's values are, and the scale on which its changes add up and its noise is steady.

=========  ======================  =============================================================
kind       scale                   noise that is known without looking
=========  ======================  =============================================================
count      root of (x + 3/8)       a quarter where the mean is large (Poisson)
rate       arcsine of the root     a quarter over the trials (binomial)
share      arcsine of the root     none
positive   logarithm               none
real       as it is                none
=========  ======================  =============================================================

Anscombe (1948), Biometrika 35, 246-254, for the first two. Where counts are so few that no scale makes them even, the
residual comes from the distribution itself: negative binomial for counts, binomial for rates, by the mid-p value of
what was seen (Lancaster 1961, JASA 56, 223-234), turned into a standard normal residual.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from cxml.anomaly.config import METRICS
from cxml.anomaly.residual.arithmetic import ONE

COUNT, RATE, POSITIVE, SHARE, REAL = (METRICS.index(name) for name in ("count", "rate", "positive", "share", "real"))
_CONTINUITY = 0.375
_HALF_PI = math.pi / 2.0
#: Below this mean (of a rate: this variance of the numerator) the scale is too coarse, and the distribution is asked.
_FEW = 30.0
#: And not where the standard deviation is larger than this on the scale of counts: twice that of a Poisson count.
_KNOWN = 1.0
#: Normal quantile of the band: 99 of 100 values.
_BAND = 2.5758293035489004
_MOST = 38.0
#: Values beyond this many logarithms are not told from one another.
_LONGEST = 700.0
_ENOUGH, _WHOLE, _SKEWED = 8, 0.995, 1.0


def to_scale(ops: Any, kind: int, value: Any, trials: Any, unit: Any) -> tuple[Any, Any]:
    """Bring values of one kind to their scale.

    Parameters
    ----------
    ops : One or Many
    kind : int
        Number in `cxml.anomaly.config.METRICS`.
    value : float or array
    trials : float or array
        Of a rate; else anything.
    unit : float or array
        Of positive values: what is added before the logarithm is taken.

    Returns
    -------
    (z, noise)
        On the scale; and what a rate's trials give its variance there, 0 for other kinds.

    Examples
    --------
    >>> to_scale(ONE, COUNT, 8.625, 0.0, 0.0)
    (3.0, 0.0)
    """
    if kind == COUNT:
        return ops.sqrt(ops.most(value, 0.0) + _CONTINUITY), value * 0.0
    if kind == RATE:
        trials = ops.most(trials, 1.0)
        share = (value * trials + _CONTINUITY) / (trials + 2.0 * _CONTINUITY)
        return _arcsine(ops, share), 0.25 / (trials + 0.5)
    if kind == SHARE:
        return _arcsine(ops, value), value * 0.0
    if kind == POSITIVE:
        return ops.log(ops.most(value, 0.0) + unit), value * 0.0
    return value, value * 0.0


def known_noise(ops: Any, kind: Any, level: Any, noise: Any) -> Any:
    """Variance on the scale that counting alone gives a value.

    Parameters
    ----------
    ops : One or Many
    kind : float or array
    level : float or array
        What is expected on the scale.
    noise : float or array
        As `to_scale` told.

    Returns
    -------
    float or array
    """
    mean = ops.most(level * level - _CONTINUITY, 0.002)
    return noise + (kind == COUNT) * (0.25 * mean / (mean + 0.4))


def from_scale(ops: Any, kind: int, level: Any, unit: Any) -> Any:
    """Back from `to_scale`, within the range of the values."""
    if kind == COUNT:
        level = ops.most(level, 0.0)
        return ops.most(level * level - _CONTINUITY, 0.0)
    if kind in (RATE, SHARE):
        sine = (math.sin if ops is ONE else np.sin)(ops.most(ops.least(level, _HALF_PI), 0.0))
        return sine * sine
    if kind == POSITIVE:
        return ops.most(ops.exp(ops.most(ops.least(level, _LONGEST), -_LONGEST)) - unit, 0.0)
    return level


def tell(
    ops: Any, kind: int, value: Any, trials: Any, unit: Any, seen: Any, level: Any, sd: Any, noise: Any
) -> tuple[Any, Any, Any, Any]:
    """Compare values of one kind with what was expected.

    Parameters
    ----------
    ops : One or Many
    kind : int
    value, trials, unit : float or array
    seen, level, sd : float or array
        On the scale: the value, what was expected, and its standard deviation.
    noise : float or array
        Variance on the scale that counting alone gives.

    Returns
    -------
    (expected, lower, upper, residual)
        The band holds 99 of 100 values; the residual is standard normal in the normal course.
    """
    reach = _BAND * sd
    lower, upper = from_scale(ops, kind, level - reach, unit), from_scale(ops, kind, level + reach, unit)
    plain = (seen - level) / sd
    if kind == COUNT:
        positive = ops.most(level, 0.0)
        mean = ops.most(positive * positive - _CONTINUITY + noise, 1e-3)
        # Where a special day is hardly known, its spread is not that of counting.
        few = (mean < _FEW) & (sd < _KNOWN)
        residual = _where(ops, few, _few_counts, plain, (value, mean, sd * sd / noise))
        whole = math.ceil if ops is ONE else np.ceil
        upper = ops.most(ops.where(few, 1.0 * whole(upper), upper), mean)
        return mean, ops.where(few, lower // 1.0, lower), upper, residual
    expected = from_scale(ops, kind, level, unit)
    if kind == RATE:
        share = ops.most(ops.least(expected, 1.0 - 1e-9), 1e-9)
        few = (trials * share * (1.0 - share) < _FEW) & (sd * sd < _KNOWN * _KNOWN * 4.0 * noise)
        return expected, lower, upper, _where(ops, few, _few_trials, plain, (value, trials, share, sd * sd / noise))
    return expected, lower, upper, plain


def _where(ops: Any, few: Any, residual: Any, plain: Any, given: tuple[Any, ...]) -> Any:
    """The residual of the distribution for those that are few, as it costs a hundred times more."""
    if ops is ONE:
        return residual(ops, *given) if few else plain
    if not few.any():
        return plain
    found = plain.copy()
    found[few] = residual(ops, *(one[few] for one in given))
    return found


def _few_counts(ops: Any, value: Any, mean: Any, dispersion: Any) -> Any:
    """Residual of a count whose variance is `dispersion` times its mean."""
    betainc, _ = _functions(ops)
    over = ops.most(dispersion, 1.001) - 1.0
    size, chance = mean / over, over / (over + 1.0)
    value = ops.most(value // 1.0, 0.0)
    more = betainc(value + 1.0, size, chance)
    # P(X >= 0) is 1; elsewhere P(X >= x) is P(X > x - 1).
    at_least = ops.where(value > 0.0, betainc(ops.most(value, 1.0), size, chance), 1.0)
    return _normal(ops, 0.5 * (more + at_least))


def _few_trials(ops: Any, share: Any, trials: Any, expected: Any, dispersion: Any) -> Any:
    """Residual of a share whose variance is `dispersion` times that of the binomial: as if of so many fewer trials."""
    betainc, _ = _functions(ops)
    trials = trials / ops.most(dispersion, 1.0)
    number = share * trials
    more = ops.where(number < trials, betainc(number + 1.0, ops.most(trials - number, 1e-9), expected), 0.0)
    at_least = ops.where(number > 0.0, betainc(ops.most(number, 1e-9), trials - number + 1.0, expected), 1.0)
    return _normal(ops, 0.5 * (more + at_least))


def _normal(ops: Any, above: Any) -> Any:
    """Normal quantile of a chance to lie above."""
    _, ndtri = _functions(ops)
    return ops.most(ops.least(-ndtri(above), _MOST), -_MOST)


@cache
def _functions(ops: Any) -> tuple[Any, Any]:
    """Incomplete beta function and normal quantile; those of floats cost a fifth of a call of those of arrays."""
    if ops is ONE:
        from scipy.special import cython_special as functions
    else:
        from scipy import special as functions
    return functions.betainc, functions.ndtri


def _arcsine(ops: Any, share: Any) -> Any:
    root = ops.sqrt(ops.most(ops.least(share, 1.0), 0.0))
    return (math.asin if ops is ONE else np.arcsin)(root)


def kind_of(values: np.ndarray, trials: np.ndarray | None = None) -> int:
    """Tell by its values what a metric is.

    Parameters
    ----------
    values : array, shape (n,)
        NaN where missing.
    trials : array, shape (n,), optional

    Returns
    -------
    int
        Number in `cxml.anomaly.config.METRICS`. Whole numbers from 0 up are counts; what has trials is a rate; what
        lies in 0 to 1 a share; what is never below 0 and skewed is positive; all else is real.

    Examples
    --------
    >>> METRICS[kind_of(np.array([3.0, 0.0, 5.0, 4.0, 2.0, 7.0, 1.0, 2.0]))]
    'count'
    """
    if trials is not None and (trials > 0).any():
        return RATE
    values = values[np.isfinite(values)]
    if len(values) < _ENOUGH or values.min() < 0.0:
        return REAL
    if (values == np.floor(values)).mean() >= _WHOLE:
        return COUNT
    if values.max() <= 1.0:
        return SHARE
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    if middle > low and (high - middle) > (1.0 + _SKEWED) * (middle - low):
        return POSITIVE
    return REAL


def unit_of(kind: int, values: np.ndarray) -> float:
    """What is added to positive values before their logarithm is taken: little, and less than what is usual."""
    if kind != POSITIVE:
        return 0.0
    above = values[np.isfinite(values) & (values > 0.0)]
    if not len(above):
        return 1.0
    zeros = len(above) < np.isfinite(values).sum()
    return float(0.05 * np.median(above)) if zeros else float(1e-3 * np.median(above))


def least_sd(kind: int, values: np.ndarray) -> float:
    """The least standard deviation on the scale: values are told no finer than they are written."""
    finite = np.unique(values[np.isfinite(values)])
    if kind == COUNT:
        return 0.02
    if kind == RATE:
        return 1e-4
    if kind == SHARE:
        return 1e-3
    if kind == POSITIVE:
        return 1e-3
    usual = float(np.median(np.abs(finite))) if len(finite) else 0.0
    if len(finite) < 2:
        return 1e-3 * usual or 1e-6
    spread = float(np.quantile(finite, 0.75) - np.quantile(finite, 0.25))
    # What is computed differs in its last digits.
    return max(0.3 * float(np.diff(finite).min()), 1e-4 * spread, 1e-13 * usual)

"""Interval of a mean, or of a ratio of means, by empirical likelihood.

What a policy would earn is a mean of many zeros and a few rewards with large weights. Around such a mean the usual
``value ± 1.96 standard errors`` reaches below 0 and holds the truth too seldom, since the rare large rows that a log
lacks are all on one side. Empirical likelihood asks instead how far the rows would have to be weighed anew for
another value to be their mean; its interval follows the skew of the rows and stays within what they can mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxml.metrics._rows import Floats

STEPS = 100
"""Halvings at most, of a multiplier or of an end: more than a float has digits."""


def likelihood_interval(above: Floats, below: Floats, *, level: float) -> tuple[float, float]:
    """Interval of ``sum(above) / sum(below)`` from the sums of units that stand alone, such as customers.

    The value v is inside while ``2 * max over t of sum log(1 + t * (above - v * below))`` [1]_ is at most a quantile
    of F with 1 and ``k - 1`` degrees of freedom. k is the number of units that carry the spread, ``(sum z^2)^2 /
    sum z^4`` of their residuals z: with many alike it is large and F is the usual chi-squared; where a few rows
    carry all, the interval is as wide as theirs would be.

    Parameters
    ----------
    above, below : array of float, shape (n_units,)
        Sums of the numerator and of the denominator (1 a row for a plain mean) over each unit. `below` sums to more
        than 0.
    level : float in (0, 1)
        Confidence.

    Returns
    -------
    lower, upper : float
        NaN where all units are alike, or fewer than two: they cannot tell how much units differ.

    References
    ----------
    .. [1] Owen, A. B. (2001). Empirical likelihood, chapters 2 and 3. Chapman & Hall.

    Examples
    --------
    >>> lower, upper = likelihood_interval(np.repeat([1.0, 0.0], [5, 995]), np.ones(1000), level=0.95)
    >>> round(lower, 4), round(upper, 4)
    (0.0011, 0.0139)
    """
    from scipy.special import fdtri

    value = float(above.sum() / below.sum())
    residual = above - value * below
    scale = float(np.abs(residual).max())
    if above.size < 2 or scale <= 1e-12 * max(1.0, abs(value)):
        return float("nan"), float("nan")
    # Residuals are divided by the largest before they are squared, so that neither won nor tiny rates leave the floats.
    squared = (residual / scale) ** 2
    carriers = float(squared.sum() ** 2 / (squared**2).sum())
    most = float(fdtri(1.0, max(carriers - 1.0, 1.0), level))
    step = 2 * scale * float(np.sqrt(squared.sum())) / float(below.sum())

    def beyond(other: float) -> float:
        return _root_ratio(above - other * below) - float(np.sqrt(most))

    return _end(beyond, value, -step), _end(beyond, value, step)


def _root_ratio(spread: Floats) -> float:
    """Root of the log-likelihood ratio that the mean of `spread` is 0; infinite where 0 is outside of its range."""
    low, high = float(spread.min()), float(spread.max())
    if low >= 0 or high <= 0:
        return float("inf")
    # The multiplier lies where all 1 + t * spread stay above 0, and the slope falls throughout: Newton, kept inside.
    left, right, at = -1.0 / high, -1.0 / low, 0.0
    for _ in range(STEPS):
        part = spread / (1.0 + at * spread)
        slope = float(part.sum())
        left, right = (at, right) if slope > 0 else (left, at)
        following = at + slope / float((part**2).sum())
        if not left < following < right:
            following = (left + right) / 2
        if abs(following - at) <= 1e-10 * (right - left) or following in (left, right):
            break
        at = following
    return float(np.sqrt(max(0.0, 2.0 * float(np.log1p(at * spread).sum()))))


def _end(beyond: Callable[[float], float], value: float, step: float) -> float:
    """The value at which `beyond` turns from negative to positive, on the side of `step`."""
    inside, at_inside = value, beyond(value)
    outside = value + step
    at_outside = beyond(outside)
    while at_outside < 0:
        inside, at_inside, step = outside, at_outside, 2 * step
        outside = value + step
        at_outside = beyond(outside)
    for _ in range(STEPS):
        # The root of the ratio is almost a straight line, so where both ends are finite a chord all but hits.
        share = 0.5
        if np.isfinite(at_outside):
            share = min(0.99, max(0.01, at_inside / (at_inside - at_outside)))
        middle = inside + share * (outside - inside)
        at_middle = beyond(middle)
        if abs(at_middle) < 1e-7 or middle in (inside, outside):
            return middle
        if at_middle < 0:
            inside, at_inside = middle, at_middle
        else:
            outside, at_outside = middle, at_middle
    return (inside + outside) / 2

"""How bad an alert is: one number from 0 to 100, and a word for it."""

from __future__ import annotations

import math

#: Combined strangeness, in standard deviations, at which severity is 50.
_HALF = 16.0
#: From which severity on each word holds, the worst first.
_WORDS = ((75.0, "critical"), (50.0, "high"), (25.0, "medium"), (0.0, "low"))


def strength(size: float, score: float) -> float:
    """How far off course one value is, in standard deviations.

    The larger of its distance from what was expected, and of the distance that would be as rare among normal values:
    a frozen or missing value has no distance of its own.

    Parameters
    ----------
    size : float
        Signed distance from what was expected, in standard deviations; NaN where there is none.
    score : float >= 0
        ``-log10`` of the tail probability.

    Returns
    -------
    float >= 0
        ``max(|size|, sqrt(2 ln(10) score))``, the latter being the usual bound of a normal tail,
        ``P(|Z| > z) <= exp(-z^2 / 2)`` up to a factor.

    Examples
    --------
    >>> strength(-8.0, 4.0)
    8.0
    >>> round(strength(0.0, 4.0), 2)
    4.29
    """
    as_rare = math.sqrt(2.0 * math.log(10.0) * score) if score > 0 else 0.0
    distance = abs(size)
    return distance if distance > as_rare else as_rare  # a size that is NaN is not larger


def severity(peak: float, rows: int) -> float:
    """Severity of an alert, from 0 to 100: size x duration x how many series.

    A shift of ``d`` standard deviations that lasts ``k`` periods in each of ``m`` series stands ``z = d sqrt(k m)``
    standard deviations above noise as a whole: the statistic of a test on its sum (Stouffer et al. 1949). So size
    counts fully, and duration and the number of series by their square roots. ``100 z / (z + 16)`` brings it to
    0-100: 20 for a single value at 4 standard deviations, 55 where this lasts a day of hours, 90 where nine series are
    off by 10 for a day.

    Parameters
    ----------
    peak : float >= 0
        The largest `strength` among the alert's values, in standard deviations.
    rows : int >= 0
        Anomalous values of the alert, over all its series: duration in periods x how many.

    Returns
    -------
    float, 0-100
        Grows with each of the two.

    Examples
    --------
    >>> severity(4.0, 1), round(severity(4.0, 36))
    (20.0, 60)
    >>> severity(math.inf, 1)
    100.0
    """
    whole = peak * math.sqrt(rows)
    return 100.0 / (1.0 + _HALF / whole) if whole > 0 else 0.0


def level(severity: float) -> str:
    """The word for a severity.

    Parameters
    ----------
    severity : float, 0-100

    Returns
    -------
    {"low", "medium", "high", "critical"}
        From 0, 25, 50 and 75 on.

    Examples
    --------
    >>> [level(value) for value in (0.0, 25.0, 74.9, 100.0)]
    ['low', 'medium', 'high', 'critical']
    """
    return next(word for least, word in _WORDS if severity >= least)

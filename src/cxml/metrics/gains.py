"""How many of the events a list catches, for every length of the list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import Floats, rank, require_positive


@dataclass(frozen=True, slots=True)
class GainsCurve:
    """Share of the events found against the share of rows taken, riskiest first.

    Parameters
    ----------
    share : array of float in [0, 1], shape (n_points,)
        Fraction of the rows taken, from 0 to 1, one point at the end of each run of equal predictions.
    found : array of float in [0, 1], shape (n_points,)
        Fraction of the events among them. The line between points is the expectation under random order.
    rate : float in (0, 1]
        Event rate of all rows; a perfect list has found all events at this share.
    """

    share: Floats
    found: Floats
    rate: float


def gains_curve(y: ArrayLike, p: ArrayLike) -> GainsCurve:
    """Cumulative gains of a ranking. Its height over its share is the lift.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float, shape (n_rows,)
        Prediction; any finite score, only its order is used.

    Returns
    -------
    GainsCurve

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or no row is positive.

    References
    ----------
    .. [1] Neslin, S. A., et al. (2006). Defection detection. Journal of Marketing Research, 43(2), 204-211.

    Examples
    --------
    >>> gains_curve([1, 0, 1, 0], [0.9, 0.7, 0.4, 0.1]).found
    array([0. , 0.5, 0.5, 1. , 1. ])
    >>> gains_curve([0, 0], [0.9, 0.7])
    Traceback (most recent call last):
        ...
    ValueError: A gains curve needs at least one row with y = 1, got none. Judge on rows that hold the event.
    """
    ranked = rank(y, p, None)
    require_positive(ranked, "A gains curve")
    share, found = ranked.reached[0] / ranked.total[0], ranked.hits[0] / ranked.positives[0]
    return GainsCurve(np.r_[0.0, share], np.r_[0.0, found], float(ranked.positives[0] / ranked.total[0]))

"""Predicted against observed rate, bin by bin: the table behind a reliability diagram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.metrics._rows import Floats, bin_index, check_bins, rank, steps


@dataclass(frozen=True, slots=True)
class ReliabilityTable:
    """Bins of equal mass, in rising order of probability; empty ones are left out.

    Parameters
    ----------
    rows : array of int, shape (n_bins,)
        Rows in the bin.
    predicted, observed : array of float in [0, 1], shape (n_bins,)
        Mean probability and event rate in the bin.
    lower, upper : array of float in [0, 1], shape (n_bins,)
        Wilson interval of the event rate.
    """

    rows: NDArray[np.int64]
    predicted: Floats
    observed: Floats
    lower: Floats
    upper: Floats


def wilson_interval(events: ArrayLike, rows: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Interval of a rate from counts, which stays inside [0, 1] and is sound for few rows.

    Parameters
    ----------
    events : array of float >= 0 or float
        How often the event happened.
    rows : array of float > 0 or float
        Out of how many rows.
    level : float in (0, 1), default=0.95
        Confidence.

    Returns
    -------
    lower, upper : array of float in [0, 1]

    Raises
    ------
    ValueError
        If `level` is not in (0, 1), or the counts are impossible.

    References
    ----------
    .. [1] Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
       Journal of the American Statistical Association, 22(158), 209-212.

    Examples
    --------
    >>> lower, upper = wilson_interval(5, 10)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.2366, 0.7634)
    >>> wilson_interval(5, 4)
    Traceback (most recent call last):
        ...
    ValueError: `events` must be in [0, rows] and `rows` above 0, got 5 of 4. Count rows before events.
    """
    if not 0 < level < 1:
        raise ValueError(f"`level` must be in (0, 1), got {level!r}. Use 0.95.")
    k, n = np.broadcast_arrays(np.asarray(events, dtype=np.float64), np.asarray(rows, dtype=np.float64))
    wrong = ~((n > 0) & (k >= 0) & (k <= n))
    if wrong.any():
        raise ValueError(
            f"`events` must be in [0, rows] and `rows` above 0, got {k[wrong].flat[0]:g} of {n[wrong].flat[0]:g}. "
            "Count rows before events."
        )
    from scipy.special import ndtri

    z2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (k + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * (k * (n - k) / n + z2 / 4)) / (n + z2)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def reliability_table(y: ArrayLike, p: ArrayLike, bins: int = 10, *, level: float = 0.95) -> ReliabilityTable:
    """Predicted and observed rate in bins of equal mass, the bins of `expected_calibration_error`.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float in [0, 1], shape (n_rows,)
        Predicted probability of 1.
    bins : int >= 1, default=10
        How many bins. Rows of equal probability are never parted, so there may be fewer.
    level : float in (0, 1), default=0.95
        Confidence of the intervals.

    Returns
    -------
    ReliabilityTable

    Raises
    ------
    ValueError
        If `bins` is below 1, the arrays differ in length, or `p` leaves [0, 1].

    References
    ----------
    .. [1] Niculescu-Mizil, A., & Caruana, R. (2005). Predicting good probabilities with supervised learning.
       ICML.

    Examples
    --------
    >>> reliability_table([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9], bins=2).observed
    array([0., 1.])
    >>> reliability_table([0, 1], [0.1, 9.0])
    Traceback (most recent call last):
        ...
    ValueError: `p` must be probabilities in [0, 1], got 9 at position 1 and 1 such rows in all. \
Pass `predict_proba`, not a raw score.
    """
    check_bins(bins)
    ranked = rank(y, p, None, probability=True)
    weight = steps(ranked.reached)[0]
    _, bin_of = np.unique(bin_index(ranked.reached, bins)[0], return_inverse=True)
    rows = np.bincount(bin_of, weights=weight)[::-1]
    events = np.bincount(bin_of, weights=steps(ranked.hits)[0])[::-1]
    said = np.bincount(bin_of, weights=weight * ranked.predicted)[::-1]
    lower, upper = wilson_interval(events, rows, level=level)
    return ReliabilityTable(rows.astype(np.int64), said / rows, events / rows, lower, upper)

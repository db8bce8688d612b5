"""How well risks order the times until an event, when some customers have not had theirs yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.metrics._rows import as_floats


def concordance_index(duration: ArrayLike, observed: ArrayLike, risk: ArrayLike) -> float:
    """Chance that of two customers the one with the higher risk left first (Harrell's C); a tied risk counts half.

    A pair is compared when it is known who left first: one left, and the other was still there at that
    time (left later, or last seen at that time or later). Two who left at the same time are not compared.

    Parameters
    ----------
    duration : array of float >= 0, shape (n_customers,), any unit of time
        Time until leaving, or until last seen.
    observed : array of {0, 1} or bool, shape (n_customers,)
        1 where `duration` ended by leaving, 0 where the customer is still there (right-censored).
    risk : array of float, shape (n_customers,)
        Higher means expected to leave earlier. Pass minus the expected time if that is what you have.

    Returns
    -------
    float in [0, 1]
        0.5 is a random order. Equal to ``lifelines.utils.concordance_index(duration, -risk, observed)``.
        Costs ``O(n log n)``.

    Raises
    ------
    ValueError
        If the arrays differ in length, a duration is negative, or no pair can be compared.

    References
    ----------
    .. [1] Harrell, F. E., Lee, K. L., & Mark, D. B. (1996). Multivariable prognostic models. Statistics in
       Medicine, 15(4), 361-387. Counting: Claude, F., Navarro, G., & Ordonez, A. (2015). The wavelet matrix.
       Information Systems, 47, 15-32.

    Examples
    --------
    Customer 3 was last seen at month 2, so it is compared with the leaver of month 1 only.

    >>> concordance_index([1, 5, 3, 2], [1, 1, 1, 0], risk=[0.9, 0.4, 0.2, 0.5])
    0.75
    >>> concordance_index([1, 2], [0, 0], risk=[0.9, 0.4])
    Traceback (most recent call last):
        ...
    ValueError: The concordance index needs a pair of which one was seen to leave before the other, got none \
among 2 customers, 0 of whom left. Judge on a longer period.
    """
    time, event, score = _check(duration, observed, risk)
    order = np.lexsort((event, -time))  # latest first; at equal times those still there before those who left
    time, event, score = time[order], event[order], score[order]
    new = np.r_[True, (time[1:] != time[:-1]) | (event[1:] != event[:-1])]
    later = np.maximum.accumulate(np.where(new, np.arange(time.size), 0))[event]
    pairs = int(later.sum())
    if pairs == 0:
        raise ValueError(
            "The concordance index needs a pair of which one was seen to leave before the other, got none among "
            f"{time.size:,} customers, {int(event.sum()):,} of whom left. Judge on a longer period."
        )
    ranks = np.unique(score, return_inverse=True)[1]
    lower = _count_below(ranks, later, ranks[event])
    tied = _count_below(ranks, later, ranks[event] + 1) - lower
    return float((2 * lower.sum() + tied.sum()) / (2 * pairs))


def _check(
    duration: ArrayLike, observed: ArrayLike, risk: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    time, event, score = as_floats("duration", duration), as_floats("observed", observed), as_floats("risk", risk)
    if not time.size == event.size == score.size:
        raise ValueError(
            "`duration`, `observed` and `risk` must describe the same customers, got "
            f"{time.size:,}, {event.size:,} and {score.size:,} of them. Pass them in one order."
        )
    if time.min() < 0:
        raise ValueError(f"`duration` must be >= 0, got {time.min():g}. Measure it from the start of the contract.")
    if not np.isin(event, (0, 1)).all():
        raise ValueError("`observed` must hold only 0 and 1 (1 = left), got other numbers. Map them first.")
    return time, event == 1, score


def _count_below(ranks: NDArray[np.intp], ends: NDArray[np.intp], bounds: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each query, how many of ``ranks[:end]`` are below `bound`.

    A wavelet matrix: bit by bit from the top, values are parted stably into zeros and ones, and each query's
    stretch of them follows its bound; where the bound has a one, the zeros of the stretch are all below it.
    """
    left, right, below = np.zeros_like(ends), ends.copy(), np.zeros_like(ends)
    values = ranks
    for bit in range(int(max(ranks.max(), bounds.max())).bit_length() - 1, -1, -1):
        ones = (values >> bit) & 1
        zeros_before = np.r_[0, np.cumsum(1 - ones)]
        zero_left, zero_right = zeros_before[left], zeros_before[right]
        up = ((bounds >> bit) & 1).astype(bool)
        below += np.where(up, zero_right - zero_left, 0)
        left = np.where(up, zeros_before[-1] + left - zero_left, zero_left)
        right = np.where(up, zeros_before[-1] + right - zero_right, zero_right)
        values = np.concatenate([values[ones == 0], values[ones == 1]])
    return below

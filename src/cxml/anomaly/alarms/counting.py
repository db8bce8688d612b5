"""What alarms count in rows: each series' values, its usual step, and the part of a history that tells the rate."""

from __future__ import annotations

import numpy as np

from cxml.anomaly.rows import Rows

#: The first part of a history, in which a method still learns what is usual, and alerts say nothing of the rate.
_BURN_IN = 0.2
#: Values of a series that tell its step.
_RECENT = 500
#: Step of series that have none.
_HOUR = 3_600 * 10**9


def values_before(series: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How many rows of its own series come before each of some rows.

    Parameters
    ----------
    series : array of int >= 0, shape (n,)
    places : array of int, shape (m,)

    Returns
    -------
    array of int64, shape (m,)

    Examples
    --------
    >>> values_before(np.array([0, 1, 0, 0, 1]), np.array([0, 3, 4]))
    array([0, 2, 1])
    """
    if not len(places):
        return np.zeros(0, dtype=np.int64)
    counts = np.bincount(series)
    sorted_to = np.empty(len(series), dtype=np.int64)
    sorted_to[_by_series(series)] = np.arange(len(series))
    begins = np.cumsum(counts) - counts
    found: np.ndarray = sorted_to[places] - begins[series[places]]
    return found


def usual_steps(rows: Rows, n_series: int) -> np.ndarray:
    """Median time between a series' last 500 values; without two of them the median of the others', or an hour.

    Parameters
    ----------
    rows : Rows
    n_series : int

    Returns
    -------
    array of int64, shape (n_series,)
        Nanoseconds.

    Examples
    --------
    >>> time = np.array([0, 10, 20, 20, 99])
    >>> usual_steps(Rows(np.array([0, 0, 0, 1, 0]), time, time, time * 1.0), 3)
    array([10, 10, 10])
    """
    order = _by_series(rows.series)
    ends = np.cumsum(np.bincount(rows.series, minlength=n_series))
    order = order[np.arange(len(order)) >= ends[rows.series[order]] - _RECENT]
    series, time = rows.series[order], rows.time[order]
    gaps = np.diff(time)
    inner = (np.diff(series) == 0) & (gaps > 0)
    of, gaps = series[1:][inner], gaps[inner]
    by_size = np.lexsort((gaps, of))
    counts = np.bincount(of, minlength=n_series)
    known = counts > 0
    steps = np.zeros(n_series, dtype=np.int64)
    middles = np.cumsum(counts) - counts + counts // 2
    steps[known] = gaps[by_size][middles[known]]
    steps[~known] = np.median(steps[known]) if known.any() else _HOUR
    return steps


def part_to_count(rows: Rows) -> tuple[np.ndarray, int]:
    """The part of a history in which alerts are counted: all but the first fifth, of the whole and of each series.

    Parameters
    ----------
    rows : Rows

    Returns
    -------
    counted : array of bool, shape (n,)
    span : int
        Nanoseconds from the first counted moment to the last.

    Examples
    --------
    >>> time = np.arange(10)
    >>> counted, span = part_to_count(Rows(np.zeros(10, dtype=int), time, time, time * 1.0))
    >>> np.flatnonzero(counted), span
    (array([2, 3, 4, 5, 6, 7, 8, 9]), 7)
    """
    if not len(rows):
        return np.zeros(0, dtype=bool), 0
    lengths = np.bincount(rows.series)[rows.series]
    own = values_before(rows.series, np.arange(len(rows)))
    begin = np.partition(rows.time, int(_BURN_IN * len(rows)))[int(_BURN_IN * len(rows))]
    counted: np.ndarray = (rows.time >= begin) & (own >= _BURN_IN * lengths)
    return counted, int(rows.time.max() - begin)


def _by_series(series: np.ndarray) -> np.ndarray:
    """Order of rows by series, and as they are within each."""
    # Few numbers are sorted by their digits, many times faster than by comparing.
    narrow = series.astype(np.uint16) if len(series) and series.max() < 2**16 else series
    return np.argsort(narrow, kind="stable")

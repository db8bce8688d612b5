"""Alarms judged as people meet them: an event is found or missed, early or late, and an alert is true or false.

Point-adjusted F1 is not here. It counts all points of an event as found once one of them is, so that alarms at random
reach high values on long events: Kim et al. (2022) show that random scores beat published detectors by it [1]_.

References
----------
.. [1] Kim, S., Choi, K., Choi, H.-S., Lee, B., & Yoon, S. (2022). Towards a rigorous evaluation of time-series anomaly
   detection. Proceedings of the AAAI Conference on Artificial Intelligence, 36(7), 7194-7201.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.metrics.intervals import Interval, check_repeats, units_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Matches:
    """Which alert found which event.

    Attributes
    ----------
    first : array of int, shape (n_windows,)
        Place of the earliest alert that found the window, -1 where none did.
    delay : array of float >= 0, shape (n_windows,)
        From the start of the window to that alert, in the unit of the times (nanoseconds of datetimes); NaN where none.
    window : array of int, shape (n_alerts,)
        The window that the alert belongs to, -1 where it is false.
    false : array of bool, shape (n_alerts,)
        The alert, with all that share its number, belongs to no window; told once for each number, at its earliest.
    """

    first: NDArray[np.intp]
    delay: Floats
    window: NDArray[np.intp]
    false: NDArray[np.bool_]


def match_alerts(
    start: ArrayLike,
    end: ArrayLike,
    alerts: ArrayLike,
    *,
    grace: Any = 0,
    window_series: ArrayLike | None = None,
    alert_series: ArrayLike | None = None,
    numbers: ArrayLike | None = None,
) -> Matches:
    """Match alerts to the windows in which there was trouble.

    An alert that is raised within a window of its series, or up to `grace` after its end, finds it; of several windows
    the one that began last. Several alerts in one window count once, an alert in none is false. An alert raised before
    a window does not find it, however long it stays open: nobody is told anything when the trouble begins [1]_.

    Parameters
    ----------
    start, end : arrays of number or datetime64, shape (n_windows,)
        First and last moment of each window, both included.
    alerts : array of number or datetime64, shape (n_alerts,)
        Moment at which each alert is raised.
    grace : number or timedelta64 >= 0, or array of them of shape (n_windows,), default=0
        How long after a window an alert still finds it.
    window_series, alert_series : arrays, optional
        Which series each is of; left out, all are of one.
    numbers : array, shape (n_alerts,), optional
        One alert that names several series has a line for each, with the same number: it is true where any of them is.

    Returns
    -------
    Matches

    Raises
    ------
    ValueError
        If arrays that belong together differ in length, or a window ends before it starts.

    References
    ----------
    .. [1] Hundman, K., Constantinou, V., Laporte, C., Colwell, I., & Soderstrom, T. (2018). Detecting spacecraft
       anomalies using LSTMs and nonparametric dynamic thresholding. Proceedings of KDD 2018, 387-395 (events are found
       once; alerts outside are false).

    Examples
    --------
    >>> found = match_alerts([10, 50], [14, 60], [11, 13, 30, 62], grace=3)
    >>> found.delay.tolist(), found.window.tolist(), found.false.tolist()
    ([1.0, 12.0], [0, 0, -1, 1], [False, False, True, False])
    >>> match_alerts([10], [5], [11])
    Traceback (most recent call last):
        ...
    ValueError: A window must end when or after it starts, got 1 that ends before, the first at place 0.
    """
    begin, close, raised = _moments(start), _moments(end), _moments(alerts)
    if begin.shape != close.shape:
        raise ValueError(f"`start` and `end` must be of the same windows, got {begin.size} and {close.size} of them.")
    backwards = np.flatnonzero(close < begin)
    if backwards.size:
        raise ValueError(
            f"A window must end when or after it starts, got {backwards.size} that ends before, "
            f"the first at place {backwards[0]}."
        )
    close = close + _moments(grace)
    window, first = _assign(begin, close, raised, window_series, alert_series)
    delay = np.full(begin.size, np.nan)
    found = first >= 0
    delay[found] = (raised[first[found]] - begin[found]).astype(np.float64)
    return Matches(first, delay, window, _false(window, raised, numbers))


def _assign(
    begin: NDArray[Any],
    close: NDArray[Any],
    raised: NDArray[Any],
    window_series: ArrayLike | None,
    alert_series: ArrayLike | None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The window of each alert, and the earliest alert of each window."""
    of_window = _labels("window_series", window_series, begin.size)
    of_alert = _labels("alert_series", alert_series, raised.size)
    _, codes = np.unique(np.concatenate([of_window, of_alert]), return_inverse=True)
    own, of_alert = codes[: begin.size], codes[begin.size :]
    # alerts by series and time: those of a window follow one another
    order = np.lexsort((raised, of_alert))
    edges = np.searchsorted(of_alert[order], np.arange(codes.max(initial=0) + 2))
    sorted_times, sorted_windows = raised[order], np.full(raised.size, -1, dtype=np.intp)
    for place in np.argsort(begin, kind="stable"):
        low, high = edges[own[place]], edges[own[place] + 1]
        times = sorted_times[low:high]
        from_, to = np.searchsorted(times, begin[place]), np.searchsorted(times, close[place], side="right")
        sorted_windows[low + from_ : low + to] = place
    found, earliest = np.unique(sorted_windows, return_index=True)
    first = np.full(begin.size, -1, dtype=np.intp)
    first[found[found >= 0]] = order[earliest[found >= 0]]
    window = np.empty(raised.size, dtype=np.intp)
    window[order] = sorted_windows
    return window, first


def _false(window: NDArray[np.intp], raised: NDArray[Any], numbers: ArrayLike | None) -> NDArray[np.bool_]:
    named = _labels("numbers", numbers, raised.size) if numbers is not None else np.arange(raised.size)
    _, one = np.unique(named, return_inverse=True)
    true = np.bincount(one, weights=(window >= 0).astype(np.float64), minlength=1) > 0
    order = np.argsort(raised, kind="stable")
    _, earliest = np.unique(one[order], return_index=True)
    told = np.zeros(raised.size, dtype=bool)
    told[order[earliest]] = True
    return told & ~true[one] if raised.size else told


def event_figures(
    windows: ArrayLike,
    found: ArrayLike,
    delay: ArrayLike,
    false: ArrayLike,
    weeks: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    repeats: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Figures of events with bootstrap intervals, from what was counted in each unit (an event, a day of a series).

    Parameters
    ----------
    windows : array of int >= 0, shape (n_units,)
        Events in the unit.
    found : array of int >= 0, shape (n_units,)
        Those of them that were found.
    delay : array of float >= 0, shape (n_units,), periods
        Summed over those that were found; anything where none was.
    false : array of int >= 0, shape (n_units,)
        False alerts in the unit.
    weeks : array of float >= 0, shape (n_units,)
        Weeks in which the unit was watched; 0 for those whose time is counted in another unit. Weeks of series that
        are watched at the same time count as their share: each of 10 series, watched for a week, gives 0.1.
    groups : array, shape (n_units,), optional
        Units that stand or fall together, such as those of a series, are drawn together.
    repeats : int, default=500
    level : float in (0, 1), default=0.95
    seed : int, default=0

    Returns
    -------
    dict of str to Interval
        ``event_precision`` = found / (found + false alerts), ``event_recall`` = found / events, ``event_f1`` (their
        harmonic mean), ``false_alarms_week``, ``delay_periods`` (mean over what was found). Figures that are not
        defined are left out: recall without events, precision without an alert, the delay where nothing was found.

    Raises
    ------
    ValueError
        If the arrays differ in length, `repeats` are too few, or more are found than there are.

    Examples
    --------
    >>> told = event_figures([1, 1, 0, 0], [1, 0, 0, 0], [3, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0.5, 0.5])
    >>> {name: one.value for name, one in told.items()}
    {'event_precision': 0.5, 'event_recall': 0.5, 'event_f1': 0.5, 'false_alarms_week': 1.0, 'delay_periods': 3.0}
    >>> event_figures([1], [2], [0], [0], [1])
    Traceback (most recent call last):
        ...
    ValueError: `found` must not exceed `windows`, got 2 of 1 at place 0.
    """
    count = check_repeats(repeats, level)
    columns = [np.asarray(one, dtype=np.float64) for one in (windows, found, delay, false, weeks)]
    sizes = {one.size for one in columns}
    if len(sizes) > 1:
        raise ValueError(f"The counts must be of the same units, got {', '.join(str(one.size) for one in columns)}.")
    over = np.flatnonzero(columns[1] > columns[0])
    if over.size:
        raise ValueError(
            f"`found` must not exceed `windows`, got {columns[1][over[0]]:g} of {columns[0][over[0]]:g} "
            f"at place {over[0]}."
        )
    columns[2] = np.where(columns[1] > 0, columns[2], 0.0)
    unit, units = units_of(groups, columns[0].size)
    sums: Floats = np.stack([np.bincount(unit, weights=one, minlength=units) for one in columns])
    rng = np.random.default_rng(seed)
    drawn: Floats = sums @ rng.multinomial(units, np.full(units, 1 / units), size=count).T.astype(np.float64)
    figures = {}
    for name, figure in _FIGURES.items():
        value = float(figure(sums.sum(axis=1, keepdims=True))[0])
        if np.isfinite(value):
            repeated = figure(drawn)
            repeated = repeated[np.isfinite(repeated)]
            low, high = np.quantile(repeated, [(1 - level) / 2, (1 + level) / 2]) if repeated.size else (value, value)
            figures[name] = Interval(value, float(low), float(high), level, int(repeated.size))
    return figures


@dataclass(frozen=True)
class BudgetCurve:
    """What a detector finds, and how often it alarms in vain, at each threshold.

    Attributes
    ----------
    threshold : array of float, shape (n_thresholds,)
        Falling.
    recall, precision : arrays of float in [0, 1], shape (n_thresholds,)
        As in `event_figures`; precision is NaN where there is no alert.
    false_alarms_week : array of float >= 0, shape (n_thresholds,)
    delay : array of float, shape (n_thresholds,)
        Mean over what was found, in the unit of the times; NaN where nothing was.
    """

    threshold: Floats
    recall: Floats
    precision: Floats
    false_alarms_week: Floats
    delay: Floats


def budget_curve(
    score: ArrayLike,
    time: ArrayLike,
    start: ArrayLike,
    end: ArrayLike,
    *,
    weeks: float,
    series: ArrayLike | None = None,
    window_series: ArrayLike | None = None,
    grace: Any = 0,
    quiet: Any = 0,
    points: int = 60,
) -> BudgetCurve:
    """Recall of events against false alarms a week, over thresholds of the score.

    At a threshold, an alert is raised where the score reaches it, and runs on until it has stayed below for `quiet`. At
    thresholds so low that an alert never ends, recall falls again: what runs on before an event does not find it.

    Parameters
    ----------
    score : array of float, shape (n_rows,)
        Higher is stranger. NaN never alarms.
    time : array of number or datetime64, shape (n_rows,)
    start, end : arrays of number or datetime64, shape (n_windows,)
        As in `match_alerts`.
    weeks : float > 0
        How long the series were watched.
    series, window_series : arrays, optional
        Which series each row and window is of; left out, all are of one.
    grace : number or timedelta64 >= 0, or array of them of shape (n_windows,), default=0
        How long after a window an alert still finds it.
    quiet : number or timedelta64 >= 0, default=0
        Rows above the threshold that follow one another within this time are one alert.
    points : int >= 2, default=60
        Thresholds at most, at quantiles of the scores that lie closer together the higher they are.

    Returns
    -------
    BudgetCurve

    Raises
    ------
    ValueError
        If there is no window, arrays differ in length, or a setting is out of its range.

    Examples
    --------
    >>> curve = budget_curve([0, 9, 0, 1, 0, 4, 0], range(7), [5], [6], weeks=2.0)
    >>> curve.threshold.tolist(), curve.recall.tolist(), curve.false_alarms_week.tolist()
    ([9.0, 4.0, 1.0], [0.0, 1.0, 1.0], [0.5, 0.5, 1.0])
    >>> budget_curve([0, 9], [0, 1], [], [], weeks=1.0)
    Traceback (most recent call last):
        ...
    ValueError: `start` must hold at least one window of trouble, got none. A curve of recall needs something to find.
    """
    scores, times = np.asarray(score, dtype=np.float64), _moments(time)
    begin = _moments(start)
    if not begin.size:
        raise ValueError(
            "`start` must hold at least one window of trouble, got none. A curve of recall needs something to find."
        )
    if scores.shape != times.shape:
        raise ValueError(f"`score` and `time` must be of the same rows, got {scores.size} and {times.size}.")
    if not weeks > 0 or points < 2:
        raise ValueError(f"`weeks` must be above 0 and `points` 2 or more, got {weeks!r} and {points!r}.")
    of_row = _labels("series", series, scores.size)
    order = np.lexsort((times, of_row))
    scores, times, of_row = scores[order], times[order], of_row[order]
    rows = []
    thresholds = _thresholds(scores, points)
    for threshold in thresholds:
        above = np.flatnonzero(scores >= threshold)
        after = np.r_[True, (np.diff(times[above]) > _moments(quiet)) | (of_row[above][1:] != of_row[above][:-1])]
        # rows that follow one another directly are one run, however far apart in time
        after[1:] &= (np.diff(above) > 1) | (of_row[above][1:] != of_row[above][:-1])
        at = above[after]
        told = match_alerts(begin, end, times[at], grace=grace, window_series=window_series, alert_series=of_row[at])
        hits, wrong = int((told.first >= 0).sum()), int(told.false.sum())
        late = float(np.nanmean(told.delay)) if hits else np.nan
        rows.append((hits / begin.size, hits / (hits + wrong) if hits + wrong else np.nan, wrong / weeks, late))
    recall, precision, false, delay = np.array(rows).T
    return BudgetCurve(thresholds, recall, precision, false, delay)


def _thresholds(scores: Floats, points: int) -> Floats:
    """Distinct scores, falling; where they are many, those at geometric ranks from the highest on."""
    distinct: Floats = np.unique(scores[np.isfinite(scores)])[::-1]
    distinct = distinct[distinct > distinct[-1]] if distinct.size > 1 else distinct
    ranks = np.unique(np.geomspace(1, max(distinct.size, 1), points).round().astype(int)) - 1
    found: Floats = distinct[ranks]
    return found


def _moments(values: Any) -> NDArray[Any]:
    """Numbers: nanoseconds of datetimes and of spans of time."""
    found: NDArray[Any] = np.asarray(values)
    if found.dtype.kind in "mM":
        found = found.astype(f"{found.dtype.kind}8[ns]").astype(np.int64)
    elif found.dtype.kind not in "iu":
        found = found.astype(np.float64)
    return found


def _labels(name: str, values: ArrayLike | None, size: int) -> NDArray[Any]:
    if values is None:
        return np.zeros(size, dtype=np.int64)
    found = np.asarray(values)
    if found.shape != (size,):
        raise ValueError(f"`{name}` must name one for each of {size}, got {found.size}. Pass them in their order.")
    return found


def _ratio(over: Floats, under: Floats) -> Floats:
    found: Floats = np.full(np.shape(over), np.nan)
    np.divide(over, under, out=found, where=under > 0)
    return found


#: From the sums of windows, found, delay, false, weeks: a figure for each column.
_FIGURES: dict[str, Callable[[Floats], Floats]] = {
    "event_precision": lambda sums: _ratio(sums[1], sums[1] + sums[3]),
    "event_recall": lambda sums: _ratio(sums[1], sums[0]),
    "event_f1": lambda sums: _ratio(2 * sums[1], sums[0] + sums[1] + sums[3]),
    "false_alarms_week": lambda sums: _ratio(sums[3], sums[4]),
    "delay_periods": lambda sums: _ratio(sums[2], sums[1]),
}

"""Series that are overdue: a silence is told by the clock, before the next row ends it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cxml.anomaly.residual import signals
from cxml.anomaly.residual.followed import Followed
from cxml.anomaly.residual.phases import SLOTS, Phases, closed_time, open_time

#: Rows may be late by a rounding error.
_SLACK = 1e-6
#: Moments when rows were due are told by the second.
_SECOND = 10**9


class Overdue(NamedTuple):
    """Series whose next row has not come.

    Attributes
    ----------
    series : array of int, shape (n,)
    late : array of int, shape (n,)
        Nanoseconds on the wall clock since the next row was due.
    steps : array of float, shape (n,)
        Time since the last row, in usual steps; closed hours and days are not counted.
    score : array of float, shape (n,)
        ``-log10`` of the chance of a silence that long or longer.
    """

    series: np.ndarray
    late: np.ndarray
    steps: np.ndarray
    score: np.ndarray


def find_overdue(followed: Followed, phases: Phases, time: int, local: int, least: np.ndarray) -> Overdue:
    """Find the series of which a row or more is missing at a moment; nothing is learned.

    Rows are told by when their time begins, and come when it is over. So a row is missing when two whole steps have
    gone by since the last one.

    Parameters
    ----------
    followed : Followed
    phases : Phases
    time, local : int
        The moment, nanoseconds: as it passes, and on the wall clock.
    least : array of float, shape (n_series,)
        The score from which a series is told.

    Returns
    -------
    Overdue
    """
    n = followed.n
    patterns, base = phases.patterns.reshape(-1), phases.hours[:n] * (SLOTS + 1)
    last, step = followed.local, phases.step[:n]
    passed = open_time(patterns, base, np.full(n, local)) - open_time(patterns, base, last)
    # A clock put forward skips no time.
    elapsed = time - followed.time
    passed = np.minimum(passed, elapsed)
    late = (last > 0) & (passed >= (2.0 - _SLACK) * step)
    if not followed.days.ordinary:
        for one in np.flatnonzero(late).tolist():
            passed[one] = min(_passed(followed, patterns, int(base[one]), int(last[one]), local), elapsed[one])
        late &= passed >= (2.0 - _SLACK) * step
    steps = passed / step
    score = signals.waiting(followed.signals, np.floor(steps + _SLACK))
    found = np.flatnonzero(late & (score >= least))
    due = [_due(followed, patterns, int(base[one]), int(last[one]), local, int(step[one])) for one in found.tolist()]
    return Overdue(found, local - np.array(due, dtype=np.int64), steps[found], score[found])


def _passed(followed: Followed, patterns: np.ndarray, base: int, last: int, local: int) -> float:
    """Open time from the last row of a series to a moment, nanoseconds."""
    passed = open_time(patterns, base, local) - open_time(patterns, base, last)
    if not followed.days.ordinary:
        passed -= closed_time(followed.days, patterns, base, last, local, still=True)
    return float(passed)


def _due(followed: Followed, patterns: np.ndarray, base: int, last: int, local: int, step: int) -> int:
    """The moment on the wall clock when the next row was due: open time only grows, so halving finds it."""
    before, after = last, local
    while after - before > _SECOND // 2:
        middle = (before + after) // 2
        if _passed(followed, patterns, base, last, middle) > step * (1.0 + _SLACK):
            after = middle
        else:
            before = middle
    return after // _SECOND * _SECOND

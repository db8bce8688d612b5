"""One series followed value by value, in plain floats."""

from __future__ import annotations

import math
from typing import Any

from cxml.anomaly.residual import course, signals
from cxml.anomaly.residual.arithmetic import ONE
from cxml.anomaly.residual.expectation import LEAST_SEEN, Holiday, Place, step, temper
from cxml.anomaly.residual.followed import Followed
from cxml.anomaly.residual.kinds import Kinds
from cxml.anomaly.residual.metric import tell, to_scale
from cxml.anomaly.residual.phases import LONG_GAP, Phases, cells, closed_time, open_time
from cxml.anomaly.residual.special import days_of
from cxml.anomaly.rows import ScoredOne

_NAN = math.nan


class Stream:
    """State of one series as floats and lists, taken from that of all and given back by `leave`.

    Parameters
    ----------
    followed : Followed
    kinds : Kinds
    phases : Phases
    series : int
    """

    def __init__(self, followed: Followed, kinds: Kinds, phases: Phases, series: int) -> None:
        self._followed, self._series = followed, series
        self._kind = int(kinds.kind[series])
        self._unit, self._least = float(kinds.unit[series]), float(kinds.least[series])
        self._step, self._bins = int(phases.step[series]), int(phases.bins[series])
        self._period = int(phases.period[series])
        self._pattern = phases.lists[int(phases.hours[series])]
        self._state: list[float] = followed.variables[:, series].tolist()
        self._tables = [followed.tables[one][span].tolist() for one, span in self._spans()]
        self._visits = [followed.visits[one][span].tolist() for one, span in self._spans()]
        self._means: list[float] = followed.means[series].tolist()
        self._variances: list[float] = followed.variances[series].tolist()
        self._signals: list[Any] = [one[series].tolist() for one in followed.signals]
        self._time, self._local = int(followed.time[series]), int(followed.local[series])
        self._value = float(followed.value[series])
        self._opened = open_time(self._pattern, 0, self._local)

    def follow(self, time: int, local: int, value: float, trials: float) -> ScoredOne:
        """Score a value and learn from it.

        Parameters
        ----------
        time, local : int
        value, trials : float

        Returns
        -------
        ScoredOne
        """
        kind = self._kind
        known = value == value
        if trials != trials:
            trials = 1.0
        shown = value if known else 0.0
        z, noise = to_scale(ONE, kind, shown, trials, self._unit)
        where = cells(ONE, self._step, self._bins, self._period, time, local)
        place = Place(self._tables, self._visits, where, kind, noise, self._least)
        seen = self._state[course.SEEN]
        level, sd, counted, weight, lag = step(ONE, self._state, place, z, known * 1.0, self._holiday(local))
        gap = self._gap(time, local)
        same = 1.0 if value == self._value != 0.0 else 0.0  # zeros come in runs, and are no frozen value
        self._time, self._local = time, local
        seen_as = z if known else level
        expected, lower, upper, residual = tell(ONE, kind, shown, trials, self._unit, seen_as, level, sd, counted)
        if known:
            self._value = value
        else:
            residual = _NAN
        if seen < LEAST_SEEN:
            expected = lower = upper = _NAN
            residual = 0.0 if known else _NAN
        score, sign, size = signals.step(ONE, self._signals, residual, same, gap, weight, lag)
        score = temper(ONE, score, residual if known else 0.0, weight)
        return ScoredOne(expected, lower, upper, score, sign, size)

    def leave(self) -> None:
        """Write the state back to that of all series."""
        followed, series = self._followed, self._series
        followed.variables[:, series] = self._state
        for one, span in self._spans():
            followed.tables[one][span], followed.visits[one][span] = self._tables[one], self._visits[one]
        followed.add_effects()
        followed.means[series, : len(self._means)] = self._means
        followed.variances[series, : len(self._variances)] = self._variances
        for all_, own in zip(followed.signals, self._signals, strict=True):
            all_[series] = own
        followed.time[series], followed.local[series], followed.value[series] = self._time, self._local, self._value

    def _gap(self, time: int, local: int) -> float:
        """Open time since the last row, in usual steps."""
        before, self._opened = self._opened, open_time(self._pattern, 0, local)
        if self._local == 0:
            return 1.0
        passed = min(self._opened - before, float(time - self._time))  # a clock put forward skips no time
        if passed > LONG_GAP * self._step:
            passed -= closed_time(self._followed.days, self._pattern, 0, self._local, local)
        return float(passed / self._step)

    def _spans(self) -> list[tuple[int, slice]]:
        room = self._followed.bins
        return [
            (one, slice(self._series * room * width, (self._series + 1) * room * width))
            for one, width in enumerate(course.WIDTHS)
        ]

    def _holiday(self, local: int) -> Holiday | None:
        days = self._followed.days
        found = days.day(days_of(local))
        if found is None:
            return None
        numbers, sizes = found
        more = days.priors[len(self._means) :]
        self._means.extend(0.0 for _ in more)
        self._variances.extend(more)
        return Holiday(None, self._means, self._variances, numbers, sizes, [days.priors[one] for one in numbers])

"""Where a value stands in the day, the week or another period of its series, and which times no value is due.

Settled once from a history: the usual step of each series, into how many parts its day is cut, whether it repeats in a
period that is neither a day nor a week, and its opening hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np

from cxml.anomaly.residual.special import SpecialDays
from cxml.anomaly.residual.timing import DAY
from cxml.anomaly.rows import Rows

_WEEK_DAYS = 7
#: The day is cut into this many parts at most.
_FINEST = 288
#: 1 January 1970 was a Thursday.
_FIRST_WEEKDAY = 3
_SATURDAY = 5
#: A part of the week is closed if it had values in less than this share of its weeks, of at least so many.
_OPEN, _WEEKS = 0.1, 3
#: Parts of a week's opening hours: five minutes each.
SLOTS = _WEEK_DAYS * _FINEST
_SLOT = DAY // _FINEST
#: A period is believed in if so many of them were seen, and it explains so much, and so much more than the calendar.
_CYCLES, _EXPLAINS, _MORE = 4, 0.5, 0.15
#: A longer gap than this, in steps, is looked into: holidays may lie in it.
LONG_GAP = 1.5
#: A period is looked for where fewer than this share of the rows come after a gap.
_HOLES = 0.02
_LONGEST, _LOOKED_AT, _LEAST = 300, 4000, 40


@dataclass(frozen=True)
class Phases:
    """Steps, parts of the day, periods and hours of series.

    Attributes
    ----------
    step : array of int64, shape (n,)
        Usual time between two values, nanoseconds.
    bins : array of int64, shape (n,)
        Parts of the day, or of the period.
    period : array of int64, shape (n,)
        Steps after which the series repeats where the calendar does not say when; 0 where it does.
    hours : array of int64, shape (n,)
        Which of the patterns of opening hours the series has.
    patterns : array of float, shape (n_patterns, 7 x 288 + 1)
        How many nanoseconds of a week's opening hours lie before each part of it (of 5 minutes).
    """

    step: np.ndarray
    bins: np.ndarray
    period: np.ndarray
    hours: np.ndarray
    patterns: np.ndarray

    @classmethod
    def of(cls, rows: Rows, n: int, on_scale: np.ndarray) -> Self:
        """Read them off a history.

        Parameters
        ----------
        rows : Rows
        n : int
            How many series there are.
        on_scale : array, shape (n_rows,)
            The values on their scale, for periods.

        Returns
        -------
        Phases
        """
        order = np.argsort(rows.series, kind="stable")
        cuts = np.searchsorted(rows.series[order], np.arange(n + 1))
        steps = np.zeros(n, dtype=np.int64)
        period = np.zeros(n, dtype=np.int64)
        hours = np.zeros(n, dtype=np.int64)
        found: dict[bytes, int] = {_pattern(np.ones(SLOTS)).tobytes(): 0}
        for one in range(n):
            own = order[cuts[one] : cuts[one + 1]]
            time, local = rows.time[own], rows.local[own]
            gaps = np.diff(time)
            gaps = gaps[gaps > 0]
            if not len(gaps):
                continue
            steps[one] = max(int(np.median(gaps)), 1)
            # Where there are closed hours, the calendar says when they are; rows alone do not.
            if (gaps > LONG_GAP * steps[one]).mean() < _HOLES:
                period[one] = _find_period(on_scale[own], steps[one])
            pattern = _pattern(_open(local, steps[one])).tobytes()
            hours[one] = found.setdefault(pattern, len(found))
        usual = int(np.median(steps[steps > 0])) if (steps > 0).any() else DAY
        steps[steps == 0] = usual
        bins = np.where(period > 0, period, np.clip(np.round(DAY / steps), 1, _FINEST)).astype(np.int64)
        patterns = np.stack([np.frombuffer(one) for one in found])
        return cls(steps, bins, period, hours, patterns)

    def grown(self, n: int) -> Phases:
        """The same with further series, which are like most."""
        more = n - len(self.step)
        if more <= 0:
            return self
        usual = np.zeros(more, dtype=np.int64)
        hours = int(np.bincount(self.hours).argmax()) if len(self.hours) else 0
        step = int(np.median(self.step)) if len(self.step) else DAY
        bins = int(np.clip(round(DAY / step), 1, _FINEST))
        return Phases(
            np.append(self.step, usual + step),
            np.append(self.bins, usual + bins),
            np.append(self.period, usual),
            np.append(self.hours, usual + hours),
            self.patterns,
        )

    @cached_property
    def lists(self) -> list[list[float]]:
        """The patterns, for series that are followed one by one; they share them."""
        found: list[list[float]] = self.patterns.tolist()
        return found

    def parts(self) -> dict[str, Any]:
        """As plain arrays."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        return cls(**{one.name: np.array(parts[one.name]) for one in fields(cls)})


def cells(ops: Any, step: Any, bins: Any, period: Any, time: Any, local: Any) -> tuple[Any, Any, Any]:
    """Tell the parts of the day, of the kind of day, and of the week that moments are in.

    Parameters
    ----------
    ops : One or Many
    step, bins, period : int or arrays of int
        See `Phases`.
    time, local : int or arrays of int
        See `cxml.anomaly.rows.Rows`.

    Returns
    -------
    tuple of three int or arrays of int

    Examples
    --------
    >>> from cxml.anomaly.residual.arithmetic import ONE
    >>> cells(ONE, DAY // 24, 24, 0, DAY // 8, DAY // 8)  # 3 o'clock on a Thursday
    (3, 3, 75)
    """
    day, of_day = divmod(local, DAY)
    calendar = period == 0
    place = ops.where(calendar, of_day * bins // DAY, time // step % ops.most(period, 1))
    weekday = (day + _FIRST_WEEKDAY) % _WEEK_DAYS * calendar
    return place, place + bins * (weekday >= _SATURDAY), place + bins * weekday


def open_time(patterns: Any, base: Any, local: Any) -> Any:
    """Nanoseconds of opening hours that went by until moments, from a common beginning.

    Parameters
    ----------
    patterns : list or flat array of float
        Patterns one after the other.
    base : int or array of int
        Where the pattern of the series begins.
    local : int or array of int
        On the wall clock.

    Returns
    -------
    float or array
    """
    week, of_week = divmod(local + _FIRST_WEEKDAY * DAY, _WEEK_DAYS * DAY)
    slot, rest = divmod(of_week, _SLOT)
    before = patterns[base + slot]
    share = (patterns[base + slot + 1] - before) / _SLOT
    return week * patterns[base + SLOTS] + before + share * rest


def closed_time(days: SpecialDays, patterns: Any, base: int, first: int, last: int, *, still: bool = False) -> float:
    """Nanoseconds of opening hours between two moments on days on which nothing may have been open, such as holidays.

    Parameters
    ----------
    days : SpecialDays
    patterns : list or flat array of float
    base : int
    first, last : int
        On the wall clock.
    still : bool, default=False
        Nothing has come at `last` either, so its day may be closed too, as far as it has gone.

    Returns
    -------
    float
    """
    closed = days.closed_between(first // DAY, last // DAY + still)
    return float(
        sum(
            open_time(patterns, base, min((day + 1) * DAY, last)) - open_time(patterns, base, day * DAY)
            for day in closed
        )
    )


def _pattern(opened: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.append(0.0, np.cumsum(opened)) * _SLOT
    return found


def _open(local: np.ndarray, step: int) -> np.ndarray:
    """Which parts of the week have values, as a rule: 1 or 0 for each."""
    everything = np.ones(SLOTS)
    weeks = (local[-1] - local[0]) / (_WEEK_DAYS * DAY)
    if weeks < _WEEKS or step > DAY:
        return everything
    # A value opens its whole step, which may be many parts long.
    width = max(round(step / _SLOT), 1)
    slot = ((local + _FIRST_WEEKDAY * DAY) % (_WEEK_DAYS * DAY)) // _SLOT
    slot = slot // width * width
    number = np.bincount(slot, minlength=SLOTS)
    starts = np.arange(SLOTS) // width * width
    opened: np.ndarray = (number[starts] >= _OPEN * weeks).astype(float)
    return opened if opened.any() else everything


def _find_period(values: np.ndarray, step: int) -> int:
    """Steps after which values repeat, where a day and a week explain less; 0 where there is no such period."""
    values = values[-_LOOKED_AT:]
    known = np.isfinite(values)
    if known.sum() < max(_LEAST, 0.9 * len(values)):
        return 0
    middle, spread = np.median(values[known]), np.quantile(values[known], (0.05, 0.95))
    values = np.clip(np.where(known, values, middle), *spread) - middle
    values = values - values.mean()
    most = min(len(values) // _CYCLES, _LONGEST)
    power = values @ values
    if most < 3 or power <= 0:
        return 0
    size = 1 << (2 * len(values) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(values, size)) ** 2
    lags = np.fft.irfft(spectrum, size)[: len(values)] / power
    lags = lags * len(values) / np.maximum(len(values) - np.arange(len(values)), 1)
    inner = lags[2:most]
    peaks = 2 + np.flatnonzero((inner > lags[1 : most - 1]) & (inner >= lags[3 : most + 1]) & (inner > _EXPLAINS))
    if not len(peaks):
        return 0
    best = int(peaks[np.flatnonzero(lags[peaks] > 0.9 * lags[peaks].max())[0]])
    calendar = [lags[round(one)] for one in (DAY / step, _WEEK_DAYS * DAY / step) if 2 <= one < len(values) // 2]
    valley = lags[1:best].min()
    return best if lags[best] > max([*calendar, valley]) + _MORE else 0

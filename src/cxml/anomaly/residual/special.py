"""Special days: what holidays and known events do to a metric, learned once for all years.

Each effect of `cxml.timeseries.calendar` has one coefficient a series, in parts of how far the metric could go at all
(its reach): unknown at first, so that the first Seollal ever seen is no surprise whatever it brings, and known better
with each further one. It is a Kalman filter that follows each coefficient by itself (Harvey 1989, Forecasting,
Structural Time Series Models and the Kalman Filter, ch. 3), and never believes to know one wholly, as no two holidays
are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxml.anomaly.config import METRICS
from cxml.anomaly.residual.timing import DAY
from cxml.timeseries.calendar import Calendar

#: Prior standard deviation of an effect, in reaches. Groups that are absent are left to the profiles.
_PRIOR = {
    "holiday": 1.0,
    "named_holiday": 1.0,
    "lunar": 1.0,
    "around": 0.25,
    "year_end": 0.25,
    "event": 1.0,
    "after_event": 0.25,
}
#: Days this far from a lunar holiday may be part of it.
_OF_HOLIDAY = 1
#: What is never known of an effect, as a share of its prior standard deviation.
_NEVER_KNOWN = 0.15
#: Values of one day err alike: each tells as much as one with so many times the variance.
_ALIKE = 4.0
_LONGEST_BREAK = 5.0
_MOST_DAYS = 60
#: How far a metric could go, by its kind: a share of the level, or on the scale.
_SHARE = {"count": 0.5, "rate": 0.0, "positive": 0.0, "share": 0.0, "real": 0.5}
_FAR = {"count": 1.0, "rate": 0.4, "positive": 2.0, "share": 0.4, "real": 0.0}
_SHARES = tuple(_SHARE[name] for name in METRICS)
_FARS = tuple(_FAR[name] for name in METRICS)
_REAL = METRICS.index("real")
_DEVIATIONS = 5.0

#: Numbers of a day's effects and their values.
Day = tuple[list[int], list[float]]


class SpecialDays:
    """Which effects the days have, numbered as they are first met.

    Parameters
    ----------
    calendar : Calendar
    names : sequence of str, default=()
        Effects already numbered.
    priors : sequence of float, default=()
        Their prior variances.
    """

    def __init__(self, calendar: Calendar, names: Sequence[str] = (), priors: Sequence[float] = ()) -> None:
        self.calendar = calendar
        self.names = list(names)
        self.priors = [float(one) for one in priors]
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._days: dict[int, Day | None] = {}
        self.ordinary = calendar.country is None and not calendar.events

    def day(self, day: int) -> Day | None:
        """Tell the effects of a day, counted from 1970; None for an ordinary one."""
        if self.ordinary:
            return None
        if day not in self._days:
            self.look(np.array([day]))
        return self._days[day]

    def look(self, days: np.ndarray) -> None:
        """Look up many days at once."""
        missing = np.array([day for day in np.unique(days).tolist() if day not in self._days], dtype="datetime64[D]")
        if self.ordinary or not len(missing):
            return
        effects = self.calendar.effects(missing)
        columns = [(place, self._number(name, group)) for place, (name, group) in enumerate(_named(effects))]
        for day, values in zip(missing.astype(int).tolist(), effects.values, strict=True):
            found = [(number, float(values[place])) for place, number in columns if number is not None]
            own = [(number, self._size(number, value)) for number, value in found if value]
            self._days[day] = ([one for one, _ in own], [size for _, size in own]) if own else None

    def table(self, days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Effects of many days as arrays.

        Parameters
        ----------
        days : array of int, shape (n,)
            Counted from 1970.

        Returns
        -------
        special : array of bool, shape (n,)
        numbers : array of int, shape (n, most)
        sizes : array of float, shape (n, most)
            0 where a day has fewer effects than others.
        """
        unique, place = np.unique(days, return_inverse=True)
        self.look(unique)
        told = [self.day(day) or ([], []) for day in unique.tolist()]
        most = max((len(numbers) for numbers, _ in told), default=0)
        numbers, sizes = np.zeros((len(told), most), dtype=np.int64), np.zeros((len(told), most))
        for row, (own, values) in enumerate(told):
            numbers[row, : len(own)], sizes[row, : len(own)] = own, values
        special = np.array([bool(own) for own, _ in told], dtype=bool)
        return special[place], numbers[place], sizes[place]

    def closed_between(self, first: int, last: int) -> list[int]:
        """Days after `first` and before `last` that may be closed: holidays and known events; 60 at most."""
        if self.ordinary:
            return []
        found = []
        for day in range(max(first + 1, last - _MOST_DAYS), last):
            own = self.day(day)
            if own is not None and any(self.priors[number] >= 1.0 for number in own[0]):
                found.append(day)
        return found

    def _number(self, name: str, group: str) -> int | None:
        if group not in _PRIOR:
            return None
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
            prior = _PRIOR[group]
            if group == "lunar" and not name.endswith(
                tuple(f"{one:+d}" for one in range(-_OF_HOLIDAY, 1 + _OF_HOLIDAY))
            ):
                prior = _PRIOR["around"]
            self.priors.append(prior * prior)
        return self._numbers[name]

    def _size(self, number: int, value: float) -> float:
        return value / _LONGEST_BREAK if self.names[number] == "after_break" else value


def _named(effects: Any) -> Sequence[tuple[str, str]]:
    return list(zip(effects.names, effects.groups, strict=True))


def reach_of(ops: Any, kind: Any, level: Any, sd: Any) -> Any:
    """How far a metric could go on a special day, on the scale.

    Parameters
    ----------
    ops : One or Many
    kind : int or array of int
    level, sd : float or array

    Returns
    -------
    float or array > 0
    """
    far = ops.most(ops.entry(_SHARES, kind) * abs(level), ops.entry(_FARS, kind))
    return far + (kind == _REAL) * _DEVIATIONS * sd


def effect(means: Any, variances: Any, places: Sequence[Any], sizes: Sequence[Any]) -> tuple[Any, Any]:
    """What a day's effects add up to, and its variance, in reaches.

    Parameters
    ----------
    means, variances : list or flat array
    places : sequence of int or arrays of int
    sizes : sequence of float or arrays

    Returns
    -------
    (offset, variance)
    """
    offset: Any = 0.0
    variance: Any = 0.0
    for place, size in zip(places, sizes, strict=True):
        offset = offset + size * means[place]
        variance = variance + size * size * variances[place]
    return offset, variance


def learn_effect(
    ops: Any,
    means: Any,
    variances: Any,
    places: Sequence[Any],
    sizes: Sequence[Any],
    priors: Sequence[Any],
    error: Any,
    noise: Any,
) -> None:
    """Learn the effects of a day from how far off the value was.

    Parameters
    ----------
    ops : One or Many
    means, variances : list or flat array
        Changed in place.
    places, sizes : sequences
        See `effect`.
    priors : sequence of float or arrays
        Prior variance of each effect.
    error, noise : float or array
        Distance from what was expected of the special day, and variance of an ordinary one, in reaches.
    """
    _, variance = effect(means, variances, places, sizes)
    total = variance + _ALIKE * noise + 1e-12
    for place, size, prior in zip(places, sizes, priors, strict=True):
        known = variances[place]
        gain = known * size / total
        means[place] = means[place] + gain * error
        variances[place] = ops.most(known * (1.0 - gain * size), _NEVER_KNOWN * _NEVER_KNOWN * prior)


def days_of(local: Any) -> Any:
    """The day of a moment on the wall clock, counted from 1970."""
    return local // DAY

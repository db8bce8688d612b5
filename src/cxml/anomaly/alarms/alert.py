"""One alert: what is kept of it, and how it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.anomaly.alarms.severity import level, severity, strength
from cxml.anomaly.columns import ALERT, EXPECTED, KIND, KINDS, SEVERITY

if TYPE_CHECKING:
    import pandas as pd

#: Series of an alert that are known by number; more are only counted.
_MOST_SERIES = 100
_MOST_LISTED = 5

#: Columns of a table of alerts.
COLUMNS = (
    ALERT,
    "start",
    "end",
    "series",
    "n_series",
    KIND,
    "peak_score",
    "size",
    EXPECTED,
    "value",
    SEVERITY,
    "level",
    "feedback",
)


@dataclass(slots=True)
class Alert:
    """A run of anomalous values of one series, or of several that began together.

    Attributes
    ----------
    number : int
        Its id, from 1.
    start, last : int
        Time of its first and of its last anomalous value, nanoseconds since 1970.
    peaks : dict of int -> float
        The first 100 series by number, in the order in which they joined, and the highest score of each.
    n_series : int
        How many series joined.
    rows : int
        Anomalous values, over all its series.
    strength : float
        The largest `cxml.anomaly.alarms.severity.strength` among them.
    score, size, expected, value : float
        Of the value with the highest score.
    kind : int
        Of the same.
    word : {"", "useful", "noise"}
        What was said of it.
    moves : dict of int -> float
        How far the word moved the thresholds of its series.
    """

    number: int
    start: int
    last: int
    peaks: dict[int, float] = field(default_factory=dict)
    n_series: int = 0
    rows: int = 0
    strength: float = 0.0
    score: float = 0.0
    size: float = math.nan
    expected: float = math.nan
    value: float = math.nan
    kind: int = 0
    word: str = ""
    moves: dict[int, float] = field(default_factory=dict)

    @property
    def severity(self) -> float:
        """From 0 to 100."""
        return severity(self.strength, self.rows)

    def join(self, series: int) -> None:
        """Count a series that begins to misbehave."""
        self.n_series += 1
        if len(self.peaks) < _MOST_SERIES:
            self.peaks[series] = 0.0

    def add(self, series: int, time: int, score: float, size: float, kind: int, expected: float, value: float) -> float:
        """Take in an anomalous value; the severity after it."""
        self.rows += 1
        if time > self.last:
            self.last = time
        strong = strength(size, score)
        if strong > self.strength:
            self.strength = strong
        if score > self.peaks.get(series, math.inf):
            self.peaks[series] = score
        if score > self.score:
            self.score, self.size, self.kind, self.expected, self.value = score, size, kind, expected, value
        return severity(self.strength, self.rows)

    def tell(self, names: Sequence[str]) -> dict[str, Any]:
        """Everything but its times."""
        listed = [names[one] for one in list(self.peaks)[:_MOST_LISTED]]
        rest = self.n_series - len(listed)
        worst = self.severity
        return {
            ALERT: self.number,
            "series": ", ".join(listed) + (f" and {rest:,} more" if rest else ""),
            "n_series": self.n_series,
            KIND: KINDS[self.kind],
            "peak_score": self.score,
            "size": self.size,
            EXPECTED: self.expected,
            "value": self.value,
            SEVERITY: worst,
            "level": level(worst),
            "feedback": self.word,
        }

    def to_json(self) -> dict[str, Any]:
        """As JSON values: NaN is None, and what is keyed by series a list of pairs."""
        told: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name, value in told.items():
            if isinstance(value, dict):
                told[name] = [[series, number] for series, number in value.items()]
            elif isinstance(value, float) and not math.isfinite(value):
                told[name] = None if math.isnan(value) else str(value)
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Back from `to_json`."""
        read = dict(told)
        for name in ("peaks", "moves"):
            read[name] = {int(series): float(number) for series, number in read[name]}
        for name in ("strength", "score", "size", "expected", "value"):
            read[name] = math.nan if read[name] is None else float(read[name])
        return cls(**read)


def moments(times: Sequence[int], zone: str | None) -> pd.DatetimeIndex:
    """Times as people read them.

    Parameters
    ----------
    times : sequence of int
        Nanoseconds since 1970.
    zone : str, optional
        The time zone to tell them in; without, they are told as they are.

    Returns
    -------
    DatetimeIndex

    Examples
    --------
    >>> str(moments([0], "Asia/Seoul")[0])
    '1970-01-01 09:00:00+09:00'
    """
    import pandas as pd

    told = pd.DatetimeIndex(np.array(times, dtype="datetime64[ns]"))
    return told if zone is None else told.tz_localize("UTC").tz_convert(zone)

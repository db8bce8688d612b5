"""Values as they arrive, and what a method says of them: what scorers, alarms and pictures hand to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Values in the order in which they arrive: by time, and by their place in the frame where times are equal.

    Attributes
    ----------
    series : array of int, shape (n,)
        Number of the series.
    time : array of int64, shape (n,)
        Nanoseconds since 1970 (UTC where times have a zone), for order and gaps. Within a series it only grows.
    local : array of int64, shape (n,)
        The same moments on the wall clock, for days, weekdays and holidays.
    value : array of float, shape (n,)
        NaN where the row says that the value is missing. Of a rate: the share, numerator over denominator.
    trials : array of float, shape (n,), optional
        The denominator of a rate.
    others : array of float, shape (n, m), optional
        Further columns, for methods that look at several together.
    """

    series: np.ndarray
    time: np.ndarray
    local: np.ndarray
    value: np.ndarray
    trials: np.ndarray | None = None
    others: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.series)

    def take(self, places: np.ndarray) -> Rows:
        """Some of the rows, in the order asked.

        Parameters
        ----------
        places : array of int, or of bool, shape (n,)
        """
        kept = (None if one is None else one[places] for one in (self.trials, self.others))
        return Rows(self.series[places], self.time[places], self.local[places], self.value[places], *kept)


class ScoredOne(NamedTuple):
    """What a method says of one value; the fields are those of `Scored`."""

    expected: float
    lower: float
    upper: float
    score: float
    kind: int
    size: float


@dataclass(frozen=True)
class Scored:
    """What a method says of each value, before anyone decides whether that is an alarm.

    Attributes
    ----------
    expected, lower, upper : arrays of float, shape (n,)
        In units of the value: what was expected, and the band that holds it 99 times in 100. NaN while too little is
        known.
    score : array of float >= 0, shape (n,)
        ``-log10`` of the probability that something as strange or stranger comes from the normal course: 3 is once in
        a thousand values. Calibrated, so that series compare. 0 while too little is known.
    kind : array of int, shape (n,)
        Number of the likeliest kind of trouble in `cxml.anomaly.columns.KINDS`, whatever the score; 0 where there is
        nothing to tell.
    size : array of float, shape (n,)
        Signed distance from what was expected, in standard deviations of the normal course.
    """

    expected: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    score: np.ndarray
    kind: np.ndarray
    size: np.ndarray


class Scorer(Protocol):
    """A method of detection. It learns from each value after it has scored it, and never looks ahead.

    Rows scored one by one, in any portions, or all at once give the same answers (to 1e-9).
    """

    def begin(self, rows: Rows, names: tuple[str, ...]) -> None:
        """Settle from a history what is not learned on the way (steps, hours, kinds of metrics); forget the rest."""
        ...

    def score(self, rows: Rows) -> Scored:
        """Score rows and learn from them; fast for many series."""
        ...

    def score_one(self, series: int, time: int, local: int, value: float, trials: float) -> ScoredOne:
        """Score one value and learn from it; fast for one. `trials` is NaN where there are none.

        A method that looks at several columns takes their values as one more argument.
        """
        ...

    def parts(self) -> Mapping[str, Any]:
        """Everything learned: JSON values, arrays."""
        ...

    @classmethod
    def from_parts(cls, config: Any, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        ...

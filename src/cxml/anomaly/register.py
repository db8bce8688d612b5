"""The door of the family: which series are known, where each has come to, and rows as methods want them.

Frames and records are read by the same rules, so that a batch cannot mean anything else than its rows one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.moments import Moments
from cxml.anomaly.ranges import check_ranges, numbers_of, read_number, read_value, shares_of
from cxml.anomaly.rows import Rows
from cxml.errors import FrameError, nearest, shorten
from cxml.frames import check_columns, distinct
from cxml.values import ONE_NAME, is_missing, one_value

if TYPE_CHECKING:
    import pandas as pd

#: No row comes so long after the one before: a slip of the clock, and all that is right would come too late after it.
_LEAP_DAYS = 366
_LEAP = _LEAP_DAYS * 86_400_000_000_000
_NEVER = -(2**62)
_ADVICE = "Name columns: key=, time=, target=."


@dataclass(frozen=True)
class Batch:
    """A frame as rows.

    Attributes
    ----------
    rows : Rows
    order : array of int, shape (n,)
        Place in the frame of each row.
    new : tuple of str
        Series that were not known; their numbers follow those that were.
    """

    rows: Rows
    order: np.ndarray
    new: tuple[str, ...]


class Register:
    """Series by their numbers, and the moment up to which each is known.

    Parameters
    ----------
    config : AnomalyConfig
    """

    def __init__(self, config: AnomalyConfig) -> None:
        self.config = config
        self.moments = Moments(config.time or "")
        self.names: list[str] = []
        self.last: list[int] = []
        self.rated: list[bool] = []
        self._numbers: dict[str, int] = {}

    def read(self, frame: pd.DataFrame, *, what: str, known: bool = False) -> Batch:
        """Read a frame; nothing is noted yet.

        Parameters
        ----------
        frame : DataFrame
            Its rows in any order.
        what : str
            The subject of the errors: who needs the columns.
        known : bool, default=False
            Whether one of its series at least must be known: who asks about others alone has another model.

        Returns
        -------
        Batch
            Sorted by time, and by the number of the series where times are equal.

        Raises
        ------
        FrameError
            If a column is missing, values are no finite numbers or outside their range, moments cannot be read, occur
            twice, or do not come after what is known.
        """
        config = self.config
        check_columns(frame.columns, self.columns, what=what, advice=_ADVICE)
        value = numbers_of(frame, config.target)
        trials = None if config.denominator is None else numbers_of(frame, config.denominator)
        others = np.stack([numbers_of(frame, one) for one in config.columns], axis=1) if config.columns else None
        if config.time is None:
            n = len(frame)
            zeros = np.zeros(n, dtype=np.int64)
            return Batch(Rows(zeros, zeros, zeros, value, None, others), np.arange(n), () if self.names else ("",))
        series, new = self._series(frame, known=known)
        time, local = self.moments.read(frame[config.time])
        names = [*self.names, *new]
        rated = self._rated(series, trials, len(names))
        check_ranges(value, trials, series, names, rated, config)
        if trials is not None:
            value, trials = shares_of(value, trials, rated[series])
        order = np.lexsort((series, time))
        rows = Rows(series, time, local, value, trials, others).take(order)
        self._check_times(rows, names)
        return Batch(rows, order, new)

    def admit(self, batch: Batch) -> None:
        """Note what a batch has brought."""
        for name in batch.new:
            self._add(name)
        rows = batch.rows
        found = np.array(self.last, dtype=np.int64)
        np.maximum.at(found, rows.series, rows.time)
        self.last = found.tolist()
        if rows.trials is not None:
            for one in np.unique(rows.series[~np.isnan(rows.trials)]):
                self.rated[int(one)] = True

    def read_one(self, record: Mapping[str, Any]) -> tuple[int, int, int, float, float, tuple[float, ...], bool]:
        """Read a record and note it.

        Returns
        -------
        (series, time, local, value, trials, values of the further columns, whether the series is new)

        Raises
        ------
        FrameError
            As for `read`.
        """
        config = self.config
        try:
            told = record[config.target]
            others = tuple(read_number(record[one], one) for one in config.columns) if config.columns else ()
            if config.time is None:
                return 0, 0, 0, read_number(told, config.target), nan, others, False
            name = "" if config.key is None else record[config.key]
            when = record[config.time]
            of = nan if config.denominator is None else record[config.denominator]
        except KeyError:
            check_columns(record, self.columns, what="Updating", advice="Give it; None where the value is unknown.")
            raise
        if type(name) is not str:
            name = self._text(name)
        number = self._numbers.get(name)
        time, local = self.moments.read_one(when)
        if number is not None:
            self._check_next(number, time)
        value, trials = read_value(told, of, name, number is not None and self.rated[number], config)
        is_new = number is None
        if number is None:
            self._refuse_new((name,))
            number = self._add(name)
        self.last[number] = time
        if trials == trials:  # known, not NaN
            self.rated[number] = True
        return number, time, local, value, trials, others, is_new

    @property
    def columns(self) -> list[str]:
        """The columns that rows must have; what the key says is of no use to a table."""
        key = self.config.key
        return self.value_columns if key is None or self.config.time is None else [key, *self.value_columns]

    @property
    def value_columns(self) -> list[str]:
        """These without the key."""
        config = self.config
        named = (config.time, config.target, config.denominator, *config.columns)
        return [one for one in named if one is not None]

    def parts(self) -> dict[str, Any]:
        """Everything known: JSON values, arrays."""
        return {
            "series": {"names": list(self.names), "rated": list(self.rated), "zone": self.moments.zone},
            "last": np.array(self.last, dtype=np.int64),
        }

    @classmethod
    def from_parts(cls, config: AnomalyConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        found = cls(config)
        found.moments = Moments(config.time or "", parts["series"]["zone"])
        found.names = list(parts["series"]["names"])
        found.rated = list(parts["series"]["rated"])
        found.last = parts["last"].tolist()
        found._numbers = {name: number for number, name in enumerate(found.names)}
        if not len(found.names) == len(found.last) == len(found.rated):
            raise FrameError(f"Each series must have its last moment - got {len(found.last)} for {len(found.names)}.")
        return found

    def _add(self, name: str) -> int:
        self._numbers[name] = number = len(self.names)
        self.names.append(name)
        self.last.append(_NEVER)
        self.rated.append(False)
        return number

    def _text(self, name: Any) -> str:
        if is_missing(name):
            raise FrameError(
                f"Each row must name its series - this one has no {self.config.key!r}. Fill it or drop this row."
            )
        one_value(name, str(self.config.key), advice=ONE_NAME)
        return str(name)

    def _series(self, frame: pd.DataFrame, *, known: bool) -> tuple[np.ndarray, tuple[str, ...]]:
        """Number of each row's series, and the names of new ones."""
        key = self.config.key
        if key is None:
            return np.zeros(len(frame), dtype=np.int64), () if self.names else ("",)
        codes, labels = distinct(frame[key], sort=True, advice=ONE_NAME)
        if (codes < 0).any():
            raise FrameError(
                f"Each row must name its series - {int((codes < 0).sum()):,} of {len(frame):,} rows have no {key!r}. "
                "Fill it or drop these rows."
            )
        texts = [str(one) for one in labels]
        new = tuple(one for one in dict.fromkeys(texts) if one not in self._numbers)
        if known and len(new) == len(set(texts)):
            raise FrameError(
                f"Rows must be of series that the model follows, {shorten(self.names)} - got {shorten(new)} and none "
                "of those. Take the model that was trained on them, or train one."
            )
        self._refuse_new(new)
        numbers = self._numbers | {name: len(self.names) + place for place, name in enumerate(new)}
        return np.array([numbers[one] for one in texts], dtype=np.int64)[codes], new

    def _refuse_new(self, new: Sequence[str]) -> None:
        if new and self.names and self.config.new_series == "refuse":
            raise FrameError(
                f"Rows must be of series that the model follows - got {shorten(new)}.{nearest(new[0], self.names)} "
                "Leave these rows out, or train with new_series='begin'."
            )

    def _rated(self, series: np.ndarray, trials: np.ndarray | None, n: int) -> np.ndarray:
        """Which series are rates: those that have ever had trials."""
        found = np.zeros(n, dtype=bool)
        found[: len(self.rated)] = self.rated
        if trials is not None:
            found[series[~np.isnan(trials)]] = True
        return found

    def _check_next(self, number: int, time: int) -> None:
        last = self.last[number]
        if last < time <= last + _LEAP or last == _NEVER:
            return
        name, column, show = self.names[number], self.config.time, self.moments.show
        of = f" of {name}" if name else ""
        if time > last:
            raise self._leap_error(of, last, time)
        if time == last:
            raise FrameError(
                f"Each moment must occur once in a series - {column!r}{of} has had {show(time)} already. "
                "Send a value once; corrections are not learned from."
            )
        raise FrameError(
            f"Time must go forward in each series - {column!r}{of} goes back from {show(last)} to "
            f"{show(time)}. Send rows in order, and drop those that come too late. If a shift to winter time "
            "repeats an hour, send times with their zone."
        )

    def _check_times(self, rows: Rows, names: Sequence[str]) -> None:
        """Refuse moments that occur twice, come too late, or leap."""
        by_series = np.argsort(rows.series, kind="stable")
        series, time = rows.series[by_series], rows.time[by_series]
        first = np.ones(len(series), dtype=bool)
        first[1:] = series[1:] != series[:-1]
        last = np.full(len(names), _NEVER, dtype=np.int64)
        last[: len(self.last)] = self.last
        before = np.where(first, last[series], np.concatenate([time[:1], time[:-1]]))
        column = self.config.time
        twice = ~first & (time == before)
        if twice.any():
            raise FrameError(
                f"Each moment must occur once in a series - {int(twice.sum()):,} of {len(series):,} rows repeat one: "
                f"{self._listed(names, series[twice], time[twice])}. Sum them with frame.groupby("
                f"{[one for one in (self.config.key, column) if one]!r}).sum(), or name the column that tells the "
                "series apart: key=... If a shift to winter time repeats an hour, give the zone."
            )
        late = first & (time <= before)
        if late.any():
            known = ", ".join(f"{names[one]} {self.moments.show(int(last[one]))}".strip() for one in series[late][:3])
            raise FrameError(
                f"Rows must come after what is known of their series - {int(late.sum()):,} series go back, such as "
                f"{self._listed(names, series[late], time[late])}; known up to {known}. Drop rows that were given "
                "before."
            )
        leap = (before != _NEVER) & (time - before > _LEAP)
        if leap.any():
            place = int(leap.argmax())
            of = f" of {names[series[place]]}" if names[series[place]] else ""
            raise self._leap_error(of, int(before[place]), int(time[place]))

    def _listed(self, names: Sequence[str], series: np.ndarray, time: np.ndarray) -> str:
        pairs = dict.fromkeys(zip(series[:50].tolist(), time[:50].tolist(), strict=True))
        return "; ".join(f"{names[one]} {self.moments.show(at)}".strip() for one, at in list(pairs)[:5])

    def _leap_error(self, of: str, before: int, after: int) -> FrameError:
        show = self.moments.show
        return FrameError(
            f"A row must come within {_LEAP_DAYS} days of the one before it - {self.config.time!r}{of} jumps from "
            f"{show(before)} to {show(after)}. Correct the clock or the date; if it is right, train on what comes "
            "after."
        )

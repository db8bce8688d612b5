"""How time runs in a history: the length of a period, and how periods make up days, weeks or months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cxml.errors import FrameError, shorten

if TYPE_CHECKING:
    import pandas as pd

_DAY = 1440
#: Share of the days that may show another period than the rest before the history counts as mixed.
_ODD_DAYS = 0.02
Unit = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Clock:
    """The grid on which a history lies.

    A history is a table of rows (days; weeks or months where the period is as long) by slots of the day. Times are wall
    clock: a shift to summer time neither moves the opening hours nor the lunch dip.

    Attributes
    ----------
    unit : {"day", "week", "month"}
        What a row is.
    minutes : int
        Length of a period within the day; 1440 where it is a whole row.
    first : int
        Minute of the day at which the periods are counted from: the hour at which daily rows are stamped, say.
    anchor : int
        For weeks: the weekday on which they begin, 0 for Monday. For months: the day of the month, 0 for its last.
    zone : str, optional
        Time zone of the history's times.

    Examples
    --------
    >>> import pandas as pd
    >>> clock = Clock.learn(pd.date_range("2026-01-01", periods=96, freq="30min"))
    >>> clock.unit, clock.minutes, clock.slots
    ('day', 30, 48)
    >>> Clock.learn(pd.date_range("2026-01-04", periods=20, freq="7D")).unit
    'week'
    """

    unit: Unit
    minutes: int = _DAY
    first: int = 0
    anchor: int = 0
    zone: str | None = None

    @classmethod
    def learn(cls, times: pd.DatetimeIndex, *, name: str = "ds") -> Clock:
        """Infer the period from the times that occur, in any order and any number of times each.

        Raises
        ------
        FrameError
            If there are fewer than two times, they are on no regular grid, or the period changes on the way.
        """
        import pandas as pd

        zone = str(times.tz) if times.tz is not None else None
        wall = (times.tz_localize(None) if zone else times).unique().sort_values()
        if len(wall) < 2:
            raise FrameError(f"A history must hold at least two times - {name!r} holds {len(wall)}. Give a longer one.")
        days = wall.normalize()
        seconds = ((wall - days) // pd.Timedelta(seconds=1)).to_numpy()
        if (seconds % 60).any():
            odd = wall[np.flatnonzero(seconds % 60)[0]]
            raise FrameError(
                f"Times must lie on a regular grid of whole minutes - {name!r} holds {odd}. Round them: "
                f"frame[{name!r}].dt.floor('5min'), and sum the contacts of each."
            )
        minutes = seconds // 60
        if (minutes == minutes[0]).all():
            return cls._of_rows(days.unique(), int(minutes[0]), zone, name)
        return cls._within_days(wall, days, minutes, zone, name)

    @classmethod
    def _of_rows(cls, days: pd.DatetimeIndex, first: int, zone: str | None, name: str) -> Clock:
        numbers = days.to_numpy().astype("datetime64[D]").astype(np.int64)
        gaps = np.diff(numbers)
        if (gaps % 7 == 0).all():
            return cls("week", first=first, anchor=int((numbers[0] + 3) % 7), zone=zone)
        if gaps.min() >= 28:
            of_month = days.day
            if (of_month == of_month[0]).all() and of_month[0] <= 28:
                return cls("month", first=first, anchor=int(of_month[0]), zone=zone)
            if days.is_month_end.all():
                return cls("month", first=first, anchor=0, zone=zone)
        _refuse_changing(days, gaps, 7, "weekly", "daily", name)
        return cls("day", first=first, zone=zone)

    @classmethod
    def _within_days(
        cls, wall: pd.DatetimeIndex, days: pd.DatetimeIndex, minutes: np.ndarray, zone: str | None, name: str
    ) -> Clock:
        import pandas as pd

        gaps = np.diff(wall.to_numpy()).astype("timedelta64[m]").astype(np.int64)
        within = gaps[np.diff(days.to_numpy()).astype(np.int64) == 0]
        if not len(within):
            raise FrameError(
                f"Times of day must repeat from day to day - {name!r} holds one a day, at "
                f"{len(np.unique(minutes))} different hours. Use dates without hours for daily counts."
            )
        values, counts = np.unique(within, return_counts=True)
        usual = int(values[counts.argmax()])
        step = int(np.gcd.reduce(np.r_[within, usual, _DAY]))
        if step != usual or _DAY % usual:
            shown = ", ".join(
                f"{value} min ({count:,} times)" for value, count in zip(values[:4], counts, strict=False)
            )
            raise FrameError(
                f"Periods must all be as long, and divide a day - {name!r} holds steps of {shown}. Sum the contacts to "
                f"one period first: frame.groupby([key, frame[{name!r}].dt.floor('30min')])."
            )
        lengths = pd.Series(gaps).where(np.diff(days.to_numpy()).astype(np.int64) == 0).groupby(days[1:]).min().dropna()
        odd = lengths[lengths > usual]
        if len(odd) > _ODD_DAYS * len(lengths) and len(odd) > 1:
            raise FrameError(
                f"The period must be the same throughout - {name!r} steps by {usual} min, but by "
                f"{int(odd.iloc[0])} min on {len(odd):,} days such as {odd.index[0]:%Y-%m-%d}. Sum all to the longer one."
            )
        return cls("day", minutes=usual, first=int(minutes[0] % usual), zone=zone)

    @property
    def slots(self) -> int:
        """Periods in a row: those of a whole day, or 1."""
        return _DAY // self.minutes

    @property
    def cycle(self) -> int:
        """Rows after which the calendar repeats: 7 days, 12 months; weeks have none but the year."""
        return {"day": 7, "week": 1, "month": 12}[self.unit]

    @property
    def a_year(self) -> float:
        """Rows in a year."""
        return {"day": 365.25, "week": 365.25 / 7, "month": 12.0}[self.unit]

    def describe(self) -> str:
        """Say the period in words.

        >>> Clock("day", 5).describe(), Clock("day").describe()
        ('5-minute periods', 'daily')
        """
        if self.minutes < _DAY:
            return "hourly" if self.minutes == 60 else f"{self.minutes}-minute periods"
        return {"day": "daily", "week": "weekly", "month": "monthly"}[self.unit]

    def place(self, times: pd.DatetimeIndex, *, name: str = "ds") -> tuple[np.ndarray, np.ndarray]:
        """Row number (counted from 1970) and slot of each time.

        Raises
        ------
        FrameError
            If a time lies off the grid, or has another time zone.
        """
        zone = str(times.tz) if times.tz is not None else None
        if zone != self.zone:
            raise FrameError(
                f"Times must all have one time zone - {name!r} has {zone or 'none'}, the history {self.zone or 'none'}. "
                f"Use .dt.tz_localize or .dt.tz_convert({self.zone!r})."
            )
        wall = times.tz_localize(None) if zone else times
        stamps = wall.to_numpy().astype("datetime64[m]").astype(np.int64) - self.first
        days, minutes = np.divmod(stamps, _DAY)
        if self.unit == "day":
            slots, off = np.divmod(minutes, self.minutes)
            _refuse_off_grid(times, off != 0, self.describe(), name)
            return days, slots
        if self.unit == "week":
            rows, off = np.divmod(days + 3 - self.anchor, 7)
            _refuse_off_grid(times, (off != 0) | (minutes != 0), "weeks", name)
        else:
            months = wall.to_numpy().astype("datetime64[M]")
            rows = months.astype(np.int64)
            _refuse_off_grid(times, self._month_starts(rows) != days, "months", name)
        return rows, np.zeros(len(rows), dtype=np.int64)

    def starts(self, rows: np.ndarray) -> np.ndarray:
        """Day on which each row is stamped, as datetime64[D]."""
        if self.unit == "day":
            days = rows
        elif self.unit == "week":
            days = rows * 7 - 3 + self.anchor
        else:
            days = self._month_starts(rows)
        found: np.ndarray = np.asarray(days, dtype=np.int64).astype("datetime64[D]")
        return found

    def spans(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First day of each row, and the first day after it."""
        if self.unit == "month":
            months = np.asarray(rows).astype("datetime64[M]")
            return months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
        starts = self.starts(rows)
        return starts, starts + (7 if self.unit == "week" else 1)

    def phases(self, rows: np.ndarray) -> np.ndarray:
        """Place of each row in the cycle: its weekday from Monday, its month from January, 0 for weeks."""
        if self.unit == "day":
            return (np.asarray(rows) + 3) % 7
        return np.asarray(rows) % 12 if self.unit == "month" else np.zeros(len(rows), dtype=np.int64)

    def times(self, rows: np.ndarray, slots: np.ndarray) -> pd.DatetimeIndex:
        """The time of each row and slot; NaT for wall clock times that a shift to summer time leaves out."""
        import pandas as pd

        minutes = self.starts(rows).astype("datetime64[m]") + (self.first + np.asarray(slots) * self.minutes)
        wall = pd.DatetimeIndex(minutes.astype("datetime64[ns]"))
        if self.zone is None:
            return wall
        return wall.tz_localize(self.zone, nonexistent="NaT", ambiguous=np.ones(len(wall), dtype=bool))

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Clock:
        """Back from `to_json`."""
        return cls(**values)

    def _month_starts(self, rows: np.ndarray) -> np.ndarray:
        months = np.asarray(rows).astype("datetime64[M]")
        if self.anchor == 0:
            last: np.ndarray = (months + 1).astype("datetime64[D]").astype(np.int64) - 1
            return last
        first: np.ndarray = months.astype("datetime64[D]").astype(np.int64) + self.anchor - 1
        return first


def _refuse_changing(days: pd.DatetimeIndex, gaps: np.ndarray, long: int, coarse: str, fine: str, name: str) -> None:
    """A history that is weekly for a long run and daily for another has two periods."""
    coarse_steps = gaps == long
    if coarse_steps.sum() >= 8 and (gaps == 1).sum() >= 14:
        place = int(np.flatnonzero(coarse_steps)[0])
        raise FrameError(
            f"The period must be the same throughout - {name!r} is {coarse} around {days[place]:%Y-%m-%d} and {fine} "
            f"elsewhere. Sum all to the longer period, or keep the part with one."
        )


def _refuse_off_grid(times: pd.DatetimeIndex, off: np.ndarray, grid: str, name: str) -> None:
    if off.any():
        listed = shorten(str(one) for one in times[off][:5])
        raise FrameError(
            f"Times must lie on the grid of the history ({grid}) - {int(off.sum()):,} of {len(times):,} in {name!r} do "
            f"not: {listed}. Take the rows to fill from model.future()."
        )

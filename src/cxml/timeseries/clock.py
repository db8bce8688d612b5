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
#: The period of a history is the step that all of its times have in common, if at least this share of the steps is it.
_STRAY = 0.02
#: So many rows in a row make a part of their own.
_RUN = 7
#: Days between two times that are too many for one history.
_LEAP = 1826
#: Below this share, times off the grid are named; above it there is no grid.
_RARELY_OFF = 0.1
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

        Parameters
        ----------
        times : DatetimeIndex
        name : str
            What the errors call it.

        Raises
        ------
        FrameError
            If there are fewer than two times, they are on no regular grid, or are far apart; or if the period changes
            on the way between days, weeks and months or to one within the day.

        Examples
        --------
        >>> import pandas as pd
        >>> Clock.learn(pd.DatetimeIndex(["2026-01-01 09:00", "2026-01-01 09:07", "2026-01-01 09:14"]))
        Traceback (most recent call last):
            ...
        cxml.errors.FrameError: Periods must all be as long, and divide a day - 'ds' holds steps of 7 min (2 times). \
Sum the contacts to one period first: frame.groupby([key, frame['ds'].dt.floor('30min')]).
        """
        import pandas as pd

        zone = zone_of(times, name)
        wall = (times.tz_localize(None) if zone else times).unique().sort_values()
        if len(wall) < 2:
            raise FrameError(f"A history must hold at least two times - {name!r} holds {len(wall)}. Give a longer one.")
        off = wall != wall.floor("min")
        if off.any():
            raise FrameError(
                f"Times must lie on a regular grid of whole minutes - {name!r} holds {wall[off][0]}. Round them: "
                f"frame[{name!r}].dt.floor('5min'), and sum the contacts of each."
            )
        days = wall.normalize()
        _refuse_leap(days, name)
        minutes = ((wall - days) // pd.Timedelta(minutes=1)).to_numpy()
        if (minutes == minutes[0]).all():
            return cls._of_rows(days, int(minutes[0]), zone, name)
        return cls._within_days(wall, days, minutes, zone, name)

    @classmethod
    def _of_rows(cls, days: pd.DatetimeIndex, first: int, zone: str | None, name: str) -> Clock:
        numbers = days.to_numpy().astype("datetime64[D]").astype(np.int64)
        gaps = np.diff(numbers)
        if gaps.min() >= 28:
            of_month = days.day
            if (of_month == of_month[0]).all() and of_month[0] <= 28:
                return cls("month", first=first, anchor=int(of_month[0]), zone=zone)
            if days.is_month_end.all():
                return cls("month", first=first, anchor=0, zone=zone)
        if (gaps % 7 == 0).all():
            return cls("week", first=first, anchor=int((numbers[0] + 3) % 7), zone=zone)
        _refuse_odd_steps(days, numbers, gaps, name)
        return cls("day", first=first, zone=zone)

    @classmethod
    def _within_days(
        cls, wall: pd.DatetimeIndex, days: pd.DatetimeIndex, minutes: np.ndarray, zone: str | None, name: str
    ) -> Clock:
        same_day = np.diff(days.to_numpy()).astype(np.int64) == 0
        within = np.diff(minutes)[same_day]
        if not len(within):
            raise FrameError(
                f"Times of day must repeat from day to day - {name!r} holds one a day, at "
                f"{len(np.unique(minutes))} different hours. Use dates without hours for daily counts."
            )
        values, counts = np.unique(within, return_counts=True)
        usual = int(values[counts.argmax()])
        # What all times have in common is the period, also where most steps are longer for want of contacts; but a
        # step that hardly ever occurs is that of a stray time.
        step = int(np.gcd.reduce(np.r_[minutes - minutes[0], _DAY]))
        if step != usual and (within == step).sum() <= _STRAY * len(within):
            _refuse_steps(wall, minutes, values, counts, usual, name)
        _refuse_daily_part(days, minutes, same_day, step, name)
        return cls("day", minutes=step, first=int(minutes[0] % step), zone=zone)

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

        Parameters
        ----------
        times : DatetimeIndex
        name : str
            What the errors call it.

        Raises
        ------
        FrameError
            If a time lies off the grid, or has another time zone.
        """
        zone = zone_of(times, name)
        if zone != self.zone:
            shift = f"convert({self.zone!r})" if zone and self.zone else f"localize({self.zone!r})"
            raise FrameError(
                f"Times must all have one time zone - {name!r} has {zone or 'none'}, the history {self.zone or 'none'}."
                f" Use frame[{name!r}].dt.tz_{shift}."
            )
        wall = (times.tz_localize(None) if zone else times).to_numpy()
        whole = wall.astype("datetime64[m]")
        days, minutes = np.divmod(whole.astype(np.int64) - self.first, _DAY)
        if self.unit == "day":
            slots, rest = np.divmod(minutes, self.minutes)
            _refuse_off_grid(times, (rest != 0) | (wall != whole), self.describe(), name)
            return days, slots
        if self.unit == "week":
            rows, rest = np.divmod(days + 3 - self.anchor, 7)
            _refuse_off_grid(times, (rest != 0) | (minutes != 0) | (wall != whole), "weeks", name)
        else:
            rows = wall.astype("datetime64[M]").astype(np.int64)
            off = (self._month_starts(rows) != days) | (minutes != 0) | (wall != whole)
            _refuse_off_grid(times, off, "months", name)
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


def seconds_in(text: str) -> float:
    """Seconds of a span such as ``"30min"`` or ``"14D"``; NaN where it is none.

    A number without a unit is none: pandas would read nanoseconds.

    >>> seconds_in("30min"), seconds_in("1800")
    (1800.0, nan)
    """
    import pandas as pd

    try:
        float(text)
    except ValueError:
        pass
    else:
        return float("nan")
    try:
        return float(pd.Timedelta(text).total_seconds())
    except ValueError:
        return float("nan")


def zone_of(times: pd.DatetimeIndex, name: str) -> str | None:
    """Name the time zone of a column so that it can be found again.

    Parameters
    ----------
    times : DatetimeIndex
    name : str
        The column, for the error.

    Returns
    -------
    str, optional
        None where times have no zone.

    Raises
    ------
    FrameError
        If the zone has no such name.

    Examples
    --------
    >>> import pandas as pd
    >>> zone_of(pd.DatetimeIndex(["2026-01-01"], tz="Asia/Seoul"), "ds")
    'Asia/Seoul'
    >>> from dateutil.tz import gettz
    >>> zone_of(pd.DatetimeIndex(["2026-01-01"], tz=gettz("Asia/Seoul")), "ds")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Times must have a time zone with a name - 'ds' has tzfile(...). Use \
frame['ds'].dt.tz_convert('Asia/Seoul').
    """
    import pandas as pd

    if times.tz is None:
        return None
    zone = str(getattr(times.tz, "key", None) or getattr(times.tz, "zone", None) or times.tz)
    try:
        pd.DatetimeTZDtype(tz=zone)
    except (TypeError, KeyError, ValueError) as error:
        raise FrameError(
            f"Times must have a time zone with a name - {name!r} has {zone}. "
            f"Use frame[{name!r}].dt.tz_convert('Asia/Seoul')."
        ) from error
    return zone


def _refuse_leap(days: pd.DatetimeIndex, name: str) -> None:
    """A date of another century is a slip of the pen, and would make a panel of a million rows."""
    gaps = np.diff(days.to_numpy()).astype("timedelta64[D]").astype(np.int64)
    if gaps.max() > _LEAP:
        place = int(gaps.argmax())
        raise FrameError(
            f"Times must belong to one history - {name!r} jumps from {days[place]:%Y-%m-%d} to "
            f"{days[place + 1]:%Y-%m-%d}. Correct or drop the rows on one side."
        )


def _refuse_odd_steps(days: pd.DatetimeIndex, numbers: np.ndarray, gaps: np.ndarray, name: str) -> None:
    """Refuse dates that are neither days, weeks nor months, or first the one and then the other."""
    daily = gaps == 1
    for word, long in (("weekly", gaps == 7), ("monthly", (gaps >= 28) & (gaps <= 31))):
        places = np.flatnonzero(_in_run(long))
        if len(places) and _in_run(daily | (gaps == 3)).any() and daily.any():
            raise FrameError(
                f"The period must be the same throughout - {name!r} is {word} around {days[places[0]]:%Y-%m-%d} and "
                f"daily elsewhere, such as around {days[np.flatnonzero(daily)[0]]:%Y-%m-%d}. Sum all to the longer "
                "period, or keep the part with one."
            )
    if gaps.min() < 2 or len(gaps) < _RUN:
        return
    # Days that are never neighbours are those of a centre open on some weekdays only, or of no period at all.
    of_span = np.bincount((np.arange(numbers[0], numbers[-1] + 1) + 3) % 7, minlength=7)
    occurring = np.bincount((numbers + 3) % 7, minlength=7)
    if occurring.sum() < 0.6 * of_span[occurring > 0].sum():
        values, counts = np.unique(gaps, return_counts=True)
        odd = days[1:][gaps != values[counts.argmax()]]
        such = f", the latter at {odd[0]:%Y-%m-%d}" if len(odd) == 1 else ""
        raise FrameError(
            f"Dates must be days, weeks or months apart - {name!r} holds steps of {_count(values, counts, 'days')}"
            f"{such}. Put each on the first day of its week or month."
        )


def _in_run(flags: np.ndarray) -> np.ndarray:
    """Which True are part of a run of at least `_RUN`."""
    ends = np.flatnonzero(np.diff(np.r_[False, flags, False]))
    found = np.zeros(len(flags), dtype=bool)
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        found[begin:end] = end - begin >= _RUN
    return found


def _refuse_steps(
    wall: pd.DatetimeIndex, minutes: np.ndarray, values: np.ndarray, counts: np.ndarray, usual: int, name: str
) -> None:
    """Say which steps occur, and which times do not fit where these are few."""
    if _DAY % usual == 0:
        rest = minutes % usual
        off = rest != np.bincount(rest).argmax()
        if off.mean() < _RARELY_OFF:
            raise FrameError(
                f"Times must lie on one grid - {name!r} steps by {usual} min, and {int(off.sum()):,} of {len(wall):,} "
                f"times do not fit: {shorten(str(one) for one in wall[off])}. Correct them, or round all: "
                f"frame[{name!r}].dt.floor('{usual}min'), and sum the contacts of each."
            )
    raise FrameError(
        f"Periods must all be as long, and divide a day - {name!r} holds steps of {_count(values, counts, 'min')}. Sum "
        f"the contacts to one period first: frame.groupby([key, frame[{name!r}].dt.floor('30min')])."
    )


def _refuse_daily_part(days: pd.DatetimeIndex, minutes: np.ndarray, same_day: np.ndarray, step: int, name: str) -> None:
    """A history that is daily for a time, and finer for another, has two periods."""
    alone = ~np.r_[False, same_day] & ~np.r_[same_day, False]
    usual = np.bincount(minutes[alone]).argmax() if alone.any() else 0
    run = np.flatnonzero(_in_run(alone & (minutes == usual)))
    if len(run):
        raise FrameError(
            f"The period must be the same throughout - {name!r} is daily around {days[run[0]]:%Y-%m-%d} and steps by "
            f"{step} min elsewhere. Sum all to days: frame[{name!r}].dt.normalize()."
        )


def _count(values: np.ndarray, counts: np.ndarray, unit: str) -> str:
    """The steps that occur, the most frequent ones first."""
    order = np.argsort(-counts, kind="stable")[:4]
    text = ", ".join(f"{values[one]} {unit} ({counts[one]:,} times)" for one in order)
    return text + (f" and {len(values) - 4} others" if len(values) > 4 else "")


def _refuse_off_grid(times: pd.DatetimeIndex, off: np.ndarray, grid: str, name: str) -> None:
    if off.any():
        listed = shorten(str(one) for one in times[off][:5])
        raise FrameError(
            f"Times must lie on the grid of the history ({grid}) - {int(off.sum()):,} of {len(times):,} in {name!r} do "
            f"not: {listed}. Take the rows to fill from model.future()."
        )

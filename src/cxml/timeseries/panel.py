"""Histories of many series as one table of rows (days) by slots, and the opening hours that they show.

Everything that forecasts reads the panel: absent rows are told apart here, once, into closed, unknown and forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from cxml.errors import FrameError, shorten
from cxml.frames import distinct
from cxml.timeseries.calendar import Calendar
from cxml.timeseries.clock import Clock
from cxml.timeseries.gaps import find_forgotten, find_hours, find_zeros, gap_error, past_closed
from cxml.values import ONE_NAME

if TYPE_CHECKING:
    import pandas as pd

Gaps = Literal["raise", "missing", "zero"]
#: Rows of a day that tell by which period it steps, and the share of days that may step by a longer one.
_TELLING_ROWS, _ODD_DAYS = 8, 0.02
#: A time of day, and the offset from UTC that follows it.
_OFFSET = re.compile(r"[T ]\d{1,2}:?\d{2}.*?(Z|[+-]\d{2}(?::?\d{2})?)$")


@dataclass(frozen=True)
class Panel:
    """Series on one grid.

    Attributes
    ----------
    clock : Clock
    keys : tuple of str, length S
    first : int
        Row number of the first row, counted from 1970 by the clock.
    y : array of float, shape (S, D, M)
        Values by series, row and slot; NaN where closed or unknown.
    covariates : dict of name -> array of float, shape (S, D, M)
        Known ahead; NaN where unknown.
    ends : array of int, shape (S,)
        For each series the place ``row * M + slot`` after its last known value, or the end of its day where nothing
        open is left of it: what comes from there on is to be forecast.
    opening : array of bool, shape (S, cycle, M)
        Which slots are open on which weekday, by the last weeks of each series.
    """

    clock: Clock
    keys: tuple[str, ...]
    first: int
    y: np.ndarray
    covariates: Mapping[str, np.ndarray]
    ends: np.ndarray
    opening: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Row numbers, counted from 1970."""
        return self.first + np.arange(self.y.shape[1])

    @property
    def phases(self) -> np.ndarray:
        """Weekday (or month) of each row."""
        return self.clock.phases(self.rows)

    def totals(self, share: np.ndarray | None = None) -> np.ndarray:
        """Sum of each row, shape (S, D); NaN where nothing is known.

        Parameters
        ----------
        share : array, shape (S, cycle, M), optional
            Share of the day that each slot carries. Where given, a day known in part counts as what it would have
            been whole, and as unknown below half.
        """
        known = ~np.isnan(self.y)
        total = np.where(known.any(axis=2), np.nansum(self.y, axis=2), np.nan)
        if share is None:
            return total
        seen = (known * share[:, self.phases]).sum(axis=2)
        return np.where(seen >= 0.5, total / np.maximum(seen, 0.5), np.nan)

    def select(self, series: np.ndarray) -> Panel:
        """The same for some of the series."""
        return replace(
            self,
            keys=tuple(self.keys[one] for one in series),
            y=self.y[series],
            covariates={name: values[series] for name, values in self.covariates.items()},
            ends=self.ends[series],
            opening=self.opening[series],
        )


def read_times(values: pd.Series, *, name: str) -> pd.DatetimeIndex:
    """Read a column of times: datetimes, dates, periods, or text in ISO form.

    Parameters
    ----------
    values : Series
    name : str
        What the errors call it.

    Raises
    ------
    FrameError
        If a time is missing or unreadable, or time zones are mixed.

    Examples
    --------
    >>> import pandas as pd
    >>> read_times(pd.Series(["2026-01-01 09:00", "2026-01-01 09:30"]), name="ds")[1].minute
    30
    >>> read_times(pd.Series(["2026-01-01", "soon"]), name="ds")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Times must be dates or times such as 2026-01-31 09:30 - 1 of 2 in 'ds' are not: 'soon'. \
Correct or drop these rows, or read another notation with pandas.to_datetime(..., format=...).
    """
    import pandas as pd

    if isinstance(values.dtype, pd.PeriodDtype):
        read = pd.DatetimeIndex(values.dt.to_timestamp())
    elif values.dtype.kind == "M":
        read = pd.DatetimeIndex(values)
    elif values.dtype.kind in "iufbc":
        raise FrameError(
            f"Times must be dates or times such as 2026-01-31 09:30 - {name!r} holds numbers such as "
            f"{values.iloc[0]}. Turn them into dates with pandas.to_datetime, saying their unit."
        )
    else:
        # A history repeats its times for each series: each is read once.
        try:
            codes, unique = pd.factorize(values.astype(object))
        except TypeError:  # a list or a dict is no time: shown as text, it is refused below like other words
            values = values.map(str)
            codes, unique = pd.factorize(values.astype(object))
        read = _read_objects(pd.Series([*unique, None], dtype=object), name)[codes]
    absent = np.asarray(read.isna())
    if absent.any():
        listed = shorten(values[absent].drop_duplicates())
        raise FrameError(
            f"Times must be dates or times such as 2026-01-31 09:30 - {int(absent.sum()):,} of {len(values):,} in "
            f"{name!r} are not: {listed}. Correct or drop these rows, or read another notation with "
            "pandas.to_datetime(..., format=...)."
        )
    return read


def _read_objects(values: pd.Series, name: str) -> pd.DatetimeIndex:
    """Read text, dates and datetimes; NaT for what is neither."""
    import pandas as pd

    inferred = values.infer_objects()
    if inferred.dtype.kind == "M":
        return pd.DatetimeIndex(inferred)
    texts = [one if isinstance(one, str) else one.isoformat() if hasattr(one, "isoformat") else "" for one in values]
    texts = [text.strip() for text in texts]
    offsets = {found[1] if (found := _OFFSET.search(text)) else "" for text in texts if text}
    if len(offsets) > 1:
        listed = shorten(sorted(one or "none" for one in offsets))
        raise FrameError(
            f"Times must all have one time zone - {name!r} mixes several (offsets {listed}). "
            f"Use pandas.to_datetime(frame[{name!r}], utc=True).dt.tz_convert('Asia/Seoul')."
        )
    return pd.DatetimeIndex(pd.to_datetime(pd.Series(texts), errors="coerce", format="ISO8601"))


def build_panel(
    frame: pd.DataFrame,
    *,
    key: str | None,
    time: str,
    target: str,
    covariates: Sequence[str] = (),
    gaps: Gaps = "raise",
    calendar: Calendar | None = None,
) -> tuple[Panel, tuple[str, ...]]:
    """Lay a long frame out as a panel.

    Days without a row of any series were closed, or are unknown; so are the hours before the first and after the last
    row of a few days, public holidays on which a series has no rows, and the hour that a shift to summer time leaves
    out. Other rows that are absent within opening hours are gaps.

    Parameters
    ----------
    frame : DataFrame
        One row per series and period, in any order.
    key, time, target : str
        Columns. Without `key` the frame is one series.
    covariates : sequence of str
        Numeric columns.
    gaps : {"raise", "missing", "zero"}
        What rows absent within opening hours mean: forgotten (an error), unknown, or no contacts.
    calendar : Calendar, optional
        Tells public holidays, on which some of the series may have been closed.

    Returns
    -------
    (panel, notes)
        Notes are sentences on what was found: days without any row, rows counted as zero.

    Raises
    ------
    FrameError
        If times are off a grid, repeat, or are absent within opening hours and ``gaps="raise"``; if a series has no
        values; or if series have different periods.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=28), "y": 5})
    >>> panel, notes = build_panel(days, key=None, time="ds", target="y")
    >>> panel.y.shape, panel.clock.describe()
    ((1, 28, 1), 'daily')
    >>> build_panel(pd.concat([days, days.tail(1)]), key=None, time="ds", target="y")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Each period must occur once - 2 of 29 rows repeat one: 2026-01-28 00:00:00. Sum them with \
frame.groupby('ds').sum(), or name the column that tells the series apart: key=...
    """
    times = read_times(frame[time], name=time)
    clock = Clock.learn(times, name=time)
    rows, slots = clock.place(times, name=time)
    names, series = _series(frame, key)
    _refuse_repeats(names, series, times, time=time, key=key)
    first = int(rows.min())
    rows = rows - first
    shape = (len(names), int(rows.max()) + 1, clock.slots)
    y = _spread(frame[target].to_numpy(dtype=float), series, rows, slots, shape)
    extra = {name: _spread(frame[name].to_numpy(dtype=float), series, rows, slots, shape) for name in covariates}
    present = np.zeros(shape, dtype=bool)
    present[series, rows, slots] = True
    numbers = first + np.arange(shape[1])
    _refuse_mixed(clock, names, numbers, present, time=time)
    panel = Panel(clock, names, first, y, extra, _ends(y, names, target), np.zeros((len(names), clock.cycle, shape[2])))
    if gaps == "zero":
        return _fill_zeros(panel, present)
    return _settle_gaps(panel, present, gaps, time=time, calendar=calendar)


def _series(frame: pd.DataFrame, key: str | None) -> tuple[tuple[str, ...], np.ndarray]:
    if key is None:
        return ("",), np.zeros(len(frame), dtype=np.int64)
    codes, labels = distinct(frame[key], sort=True, advice=ONE_NAME)
    if (codes < 0).any():
        raise FrameError(
            f"Each row must name its series - {int((codes < 0).sum()):,} of {len(frame):,} rows have no {key!r}. "
            "Fill it or drop these rows."
        )
    names = tuple(map(str, labels))
    if len(set(names)) < len(names):
        same = [one for one in labels if names.count(str(one)) > 1]
        raise FrameError(
            f"Each series must have its own name as text - {key!r} holds {shorten(same)}. "
            f"Use frame[{key!r}].astype(str) if they are the same."
        )
    return names, codes


def _refuse_repeats(
    names: Sequence[str], series: np.ndarray, times: pd.DatetimeIndex, *, time: str, key: str | None
) -> None:
    """Refuse periods that occur twice; where the zone is known, the hour repeated in autumn is none."""
    import pandas as pd

    repeated = pd.MultiIndex.from_arrays([series, times]).duplicated(keep=False)
    if not repeated.any():
        return
    found = dict.fromkeys(zip(series[repeated][:50].tolist(), times[repeated][:50], strict=True))
    listed = "; ".join(f"{names[one]} {at}".strip() for one, at in list(found)[:5])
    by = f"[{key!r}, {time!r}]" if key else repr(time)
    at = times[repeated]
    night = times.tz is None and bool(((at.dayofweek == 6) & (at.hour < 4) & at.month.isin([4, 9, 10, 11])).all())
    shift = (
        f" If this is the hour that a shift to winter time repeats, give the zone: frame[{time!r}].dt.tz_localize("
        "'Europe/Berlin', ambiguous='infer')."
        if night
        else ""
    )
    raise FrameError(
        f"Each period must occur once - {int(repeated.sum()):,} of {len(times):,} rows repeat one: {listed}. Sum "
        f"them with frame.groupby({by}).sum(), or name the column that tells the series apart: key=...{shift}"
    )


def _refuse_mixed(clock: Clock, names: Sequence[str], numbers: np.ndarray, present: np.ndarray, *, time: str) -> None:
    """Refuse series that step by a longer period than the others, or did so for a time."""
    S, D, M = present.shape
    telling = present.sum(axis=2) >= _TELLING_ROWS
    for factor in (2, 3, 5):
        if M % factor:
            continue
        # Rows that all lie on every second (third, fifth) slot: by chance in less than one of a hundred days.
        used = present.reshape(S, D, M // factor, factor).any(axis=2).sum(axis=2)
        odd = telling & (used == 1)
        counts = odd.sum(axis=1)
        wrong = np.flatnonzero(counts > np.maximum(1, _ODD_DAYS * telling.sum(axis=1)))
        if len(wrong):
            one = int(wrong[0])
            day = clock.starts(numbers[odd[one]])[0]
            longer = clock.minutes * factor
            raise FrameError(
                f"The period must be the same throughout - {time!r} steps by {clock.minutes} min, but "
                f"{f'for {names[one]} ' if names[one] else ''}by {longer} min on {int(counts[one]):,} days such as "
                f"{day}. Sum all to the longer one: frame[{time!r}].dt.floor('{longer}min')."
            )


def _spread(
    values: np.ndarray, series: np.ndarray, rows: np.ndarray, slots: np.ndarray, shape: tuple[int, int, int]
) -> np.ndarray:
    """Lay values on the grid; two in one cell (the hour repeated in autumn) are averaged."""
    flat = (series * shape[1] + rows) * shape[2] + slots
    known = ~np.isnan(values)
    total = np.bincount(flat[known], weights=values[known], minlength=int(np.prod(shape)))
    count = np.bincount(flat[known], minlength=int(np.prod(shape)))
    found: np.ndarray = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape)
    return found


def _ends(y: np.ndarray, names: Sequence[str], target: str) -> np.ndarray:
    """Place after the last known value of each series."""
    known = ~np.isnan(y.reshape(len(y), -1))
    empty = np.flatnonzero(~known.any(axis=1))
    if len(empty):
        raise FrameError(
            f"Each series must hold a value - {len(empty):,} of {len(y):,} hold no {target!r} at all: "
            f"{shorten(names[int(one)] for one in empty)}. Leave these out."
        )
    found: np.ndarray = known.shape[1] - known[:, ::-1].argmax(axis=1)
    return found


def _fill_zeros(panel: Panel, present: np.ndarray) -> tuple[Panel, tuple[str, ...]]:
    opening, zeros = find_zeros(present, panel.phases, panel.clock.cycle)
    S, D, M = panel.y.shape
    everywhere = np.repeat(opening[None], S, axis=0)
    last = int(np.flatnonzero((~np.isnan(panel.y)).any(axis=0).ravel())[-1]) + 1
    zeros &= (np.arange(D * M) < last).reshape(D, M)
    ends = past_closed(np.full(S, last), everywhere, panel.phases)
    filled = replace(panel, y=np.where(zeros, 0.0, panel.y), ends=ends, opening=everywhere)
    count = int(zeros.sum())
    return filled, ((f"{count:,} absent rows were counted as no contacts, as gaps='zero' asks.",) if count else ())


def _settle_gaps(
    panel: Panel, present: np.ndarray, gaps: Gaps, *, time: str, calendar: Calendar | None
) -> tuple[Panel, tuple[str, ...]]:
    clock, rows = panel.clock, panel.rows
    S, D, M = panel.y.shape
    opening, expected = find_hours(present, panel.phases, clock.cycle)
    expected &= (np.arange(D * M) < panel.ends[:, None]).reshape(S, D, M)
    holiday = np.zeros(D, dtype=bool)
    if calendar is not None and clock.unit == "day":
        holiday = np.array([name is not None for name in calendar.holidays(clock.starts(rows))])
    forgotten, absent = find_forgotten(clock, rows, present, expected, holiday)
    notes = []
    if absent.any():
        listed = shorten(map(str, clock.starts(rows[absent])), 8)
        notes.append(f"Days without any row were taken as closed or unknown, {int(absent.sum()):,} in all: {listed}.")
    if forgotten.any():
        if gaps == "raise":
            unknown = M == 1 and clock.unit == "day" and (calendar is None or calendar.country is None)
            hint = "; or name the country, if they are public holidays" if unknown else ""
            raise gap_error(clock, panel.keys, rows, forgotten, int(expected.sum()), time, hint)
        notes.append(f"{int(forgotten.sum()):,} absent rows were taken as unknown, as gaps='missing' asks.")
    return replace(panel, opening=opening, ends=past_closed(panel.ends, opening, panel.phases)), tuple(notes)

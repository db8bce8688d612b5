"""Histories of many series as one table of rows (days) by slots, and the opening hours that they show.

Everything that forecasts reads the panel: absent rows are told apart here, once, into closed, unknown and forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from cxml.errors import FrameError, shorten
from cxml.timeseries.clock import Clock

if TYPE_CHECKING:
    import pandas as pd

Gaps = Literal["raise", "missing", "zero"]
#: A slot is open where it has rows on at least this share of the days of its weekday.
_OPEN_SHARE = 0.5


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
        For each series the place ``row * M + slot`` after its last known value: what comes from there on is to be
        forecast.
    opening : array of bool, shape (S, cycle, M)
        Which slots are open on which weekday.
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

    def before(self, ends: np.ndarray) -> Panel:
        """What was known when each series had come to the place in `ends`."""
        S, D, M = self.y.shape
        unknown = np.arange(D * M)[None] >= ends[:, None]
        return replace(self, y=np.where(unknown.reshape(S, D, M), np.nan, self.y), ends=np.minimum(ends, self.ends))


def read_times(values: pd.Series, *, name: str) -> pd.DatetimeIndex:
    """Read a column of times: datetimes, dates, or text in ISO form.

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
Correct or drop these rows.
    """
    import pandas as pd

    if isinstance(values.dtype, pd.DatetimeTZDtype) or values.dtype.kind == "M":
        read = values
    else:
        if values.dtype.kind in "iufb":
            raise FrameError(
                f"Times must be dates or times such as 2026-01-31 09:30 - {name!r} holds numbers such as "
                f"{values.iloc[0]!r}. Turn them into dates with pandas.to_datetime, saying their unit."
            )
        try:
            read = pd.Series(pd.to_datetime(values.astype(object), errors="coerce", format="mixed"), index=values.index)
        except (ValueError, TypeError) as error:  # pandas refuses a column with several offsets
            raise FrameError(
                f"Times must all have one time zone - {name!r} mixes several. "
                f"Use pandas.to_datetime(frame[{name!r}], utc=True).dt.tz_convert('Asia/Seoul')."
            ) from error
        if read.dtype == object:
            raise FrameError(
                f"Times must all have one time zone - {name!r} mixes several. "
                f"Use pandas.to_datetime(frame[{name!r}], utc=True).dt.tz_convert('Asia/Seoul')."
            )
    absent = read.isna().to_numpy()
    if absent.any():
        listed = shorten(values[absent].drop_duplicates())
        raise FrameError(
            f"Times must be dates or times such as 2026-01-31 09:30 - {int(absent.sum()):,} of {len(values):,} in "
            f"{name!r} are not: {listed}. Correct or drop these rows."
        )
    return pd.DatetimeIndex(read)


def build_panel(
    frame: pd.DataFrame,
    *,
    key: str | None,
    time: str,
    target: str,
    covariates: Sequence[str] = (),
    gaps: Gaps = "raise",
    is_holiday: Mapping[int, bool] | None = None,
) -> tuple[Panel, tuple[str, ...]]:
    """Lay a long frame out as a panel.

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

    Returns
    -------
    (panel, notes)
        Notes are sentences on what was found: days without any row, rows counted as zero.

    Raises
    ------
    FrameError
        If times are off a grid, repeat, or are absent within opening hours and ``gaps="raise"``.
    """
    times = read_times(frame[time], name=time)
    clock = Clock.learn(times, name=time)
    rows, slots = clock.place(times, name=time)
    names, series = _series(frame, key)
    _refuse_repeats(clock, names, series, times, rows, slots, time=time, key=key)
    first, D, M = int(rows.min()), int(np.ptp(rows)) + 1, clock.slots
    y = _spread(frame[target].to_numpy(dtype=float), series, rows - first, slots, (len(names), D, M))
    extra = {
        name: _spread(frame[name].to_numpy(dtype=float), series, rows - first, slots, y.shape) for name in covariates
    }
    present = np.zeros(y.shape, dtype=bool)
    present[series, rows - first, slots] = True
    ends = np.array([np.flatnonzero(one.ravel())[-1] + 1 for one in ~np.isnan(y)]) if len(names) else np.zeros(0, int)
    opening = _opening(present, clock.phases(first + np.arange(D)), clock.cycle)
    panel = Panel(clock, names, first, y, extra, ends, opening)
    return _settle_gaps(panel, present, gaps, time=time)


def _series(frame: pd.DataFrame, key: str | None) -> tuple[tuple[str, ...], np.ndarray]:
    import pandas as pd

    if key is None:
        return ("",), np.zeros(len(frame), dtype=np.int64)
    codes, labels = pd.factorize(frame[key], sort=True)
    if (codes < 0).any():
        raise FrameError(
            f"Each row must name its series - {int((codes < 0).sum()):,} of {len(frame):,} rows have no {key!r}. "
            "Fill it or drop these rows."
        )
    return tuple(map(str, labels)), codes


def _refuse_repeats(
    clock: Clock,
    names: Sequence[str],
    series: np.ndarray,
    times: pd.DatetimeIndex,
    rows: np.ndarray,
    slots: np.ndarray,
    *,
    time: str,
    key: str | None,
) -> None:
    """Refuse periods that occur twice; the hour that a shift to winter time repeats is no such period."""
    import pandas as pd

    del rows, slots, clock
    repeated = pd.MultiIndex.from_arrays([series, times]).duplicated(keep=False)
    if repeated.any():
        found = dict.fromkeys(zip(series[repeated][:50].tolist(), times[repeated][:50], strict=True))
        listed = "; ".join(f"{names[one]} {at}".strip() for one, at in list(found)[:5])
        by = f"[{key!r}, {time!r}]" if key else repr(time)
        raise FrameError(
            f"Each period must occur once - {int(repeated.sum()):,} of {len(times):,} rows repeat one: {listed}. Sum "
            f"them with frame.groupby({by}).sum(), or name the column that tells the series apart: key=..."
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


def _opening(present: np.ndarray, phases: np.ndarray, cycle: int) -> np.ndarray:
    """A slot is open on a weekday where it mostly has rows, among the days of that weekday that have any at all.

    A weekday with rows on few of its days is closed as a whole.
    """
    S, _, M = present.shape
    found = np.zeros((S, cycle, M), dtype=bool)
    any_row = present.any(axis=2)
    for phase in range(cycle):
        of = phases == phase
        if not of.any():  # a month never seen yet is as open as the others
            found[:, phase] = present.any(axis=1)
            continue
        days = any_row[:, of]
        # Only the span of a series counts: before its first row it was not closed, it was not there.
        spans = _within_span(any_row)[:, of]
        mostly = days.sum(axis=1) >= _OPEN_SHARE * np.maximum(spans.sum(axis=1), 1)
        share = present[:, of].sum(axis=1) / np.maximum(days.sum(axis=1), 1)[:, None]
        found[:, phase] = (share >= _OPEN_SHARE) & mostly[:, None] & days.any(axis=1)[:, None]
    return found


def _within_span(known: np.ndarray) -> np.ndarray:
    """From the first to the last True of each line."""
    after = np.maximum.accumulate(known, axis=1)
    before = np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    found: np.ndarray = after & before
    return found


def _settle_gaps(panel: Panel, present: np.ndarray, gaps: Gaps, *, time: str) -> tuple[Panel, tuple[str, ...]]:
    S, D, M = panel.y.shape
    flat = np.arange(D * M).reshape(1, D, M)
    started = np.maximum.accumulate(present.reshape(S, -1), axis=1).reshape(S, D, M)
    inside = started & (flat < panel.ends[:, None, None])
    if gaps == "zero":
        alive = present.any(axis=0)[None]  # some series has a row: the centre was open and the clock ran
        absent = ~present & alive & started
        last = int(np.flatnonzero(alive.ravel())[-1]) + 1
        filled = np.where(absent, 0.0, panel.y)
        opening = _opening(present | absent, panel.phases, panel.clock.cycle)
        note = f"{int(absent.sum()):,} absent rows were counted as no contacts, as gaps='zero' asks."
        ends = np.where(started.any(axis=(1, 2)), last, panel.ends)
        return replace(panel, y=filled, opening=opening, ends=ends), ((note,) if absent.any() else ())
    expected = panel.opening[:, panel.phases] & inside
    forgotten = expected & ~present
    closed_rows = ~present.any(axis=(0, 2)) & expected.any(axis=(0, 2))
    forgotten[:, closed_rows] = False
    forgotten &= ~_short_days(present)[None]
    notes = []
    if closed_rows.any():
        days = panel.clock.starts(panel.rows[closed_rows])
        listed = shorten(map(str, days), 8)
        notes.append(f"{int(closed_rows.sum())} days without any row were taken as closed or unknown: {listed}.")
    if forgotten.any():
        if gaps == "raise":
            raise _gap_error(panel, forgotten, int(expected.sum()), time)
        notes.append(f"{int(forgotten.sum()):,} absent rows were taken as unknown, as gaps='missing' asks.")
    return panel, tuple(notes)


def _short_days(present: np.ndarray) -> np.ndarray:
    """Cells before the first or after the last row of a day, over all series: the centre opened late or closed early."""
    together = present.any(axis=0)
    return ~_within_span(together) & together.any(axis=1, keepdims=True)


def _gap_error(panel: Panel, forgotten: np.ndarray, expected: int, time: str) -> FrameError:
    places = np.argwhere(forgotten)
    shown = []
    for one, row, slot in places[:5]:
        at = panel.clock.times(panel.rows[[row]], np.array([slot]))[0]
        day = f"{at:%Y-%m-%d}" if panel.clock.minutes == 1440 else f"{at:%Y-%m-%d %H:%M}"
        shown.append(f"{panel.keys[one]} {day}".strip())
    return FrameError(
        f"Each period of the opening hours must have its row - {len(places):,} of {expected:,} in {time!r} are absent: "
        f"{'; '.join(shown)}. Add them; or pass gaps='zero' if a period without contacts has no row, "
        "gaps='missing' if its contacts are not known."
    )

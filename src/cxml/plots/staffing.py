"""How many agents each interval of the day needs, and how sure that is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import FrameError, shorten
from cxml.frames import as_pandas, check_columns
from cxml.plots.style import BLUE, GREY, ORANGE, TEAL, band, canvas, dates, finish

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAND = re.compile(r"agents-lo-(\d+(?:\.\d+)?)")
_ADVICE = "Give the table that `staff` answers."


def plot_staffing(
    table: Any,
    *,
    day: str | None = None,
    key: str = "unique_id",
    time: str = "ds",
    title: str = "How many agents does the day need?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the agents that each interval needs as steps, with the band that the forecast leaves open.

    The strong line meets the target with the probability that was asked for; the broken one is for the expected
    contacts; the dotted one, where shrinkage makes a difference, is how many to schedule. Hours without a row are
    left blank.

    Parameters
    ----------
    table : DataFrame
        From `cxml.volume.staffing.staff`, of one series: ``agents``, and where they are ``agents_expected``,
        ``scheduled`` and a band ``agents-lo-<level>``, ``agents-hi-<level>``.
    day : str, default=None
        The day to draw, such as ``"2026-03-02"``; None draws all rows.
    key : str, default="unique_id"
        Column of the series; need not be there.
    time : str, default="ds"
        Column of the start of each interval.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FrameError
        If a column is missing, the rows are of several series, or the day has none.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": pd.date_range("2026-03-02 09:00", periods=3, freq="30min"), "agents": [5, 7, 6]})
    >>> plot_staffing(table).axes[0].get_xlabel()
    'Time of day (hour:minute), 2026-03-02'
    >>> plot_staffing(table, day="2026-03-03")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: `day` must be one of the table's - got '2026-03-03'; it holds '2026-03-02'. \
Pick one of them.
    """
    rows = _rows(as_pandas(table, what="The staffing table"), day, key, time)
    from matplotlib.ticker import MaxNLocator

    ax = canvas(ax, (7.6, 4.4))
    rows = rows.set_index(time)
    _draw_band(ax, rows)
    _draw_line(ax, rows, "agents", "needed for the target", color=BLUE, linewidth=2.4, zorder=3)
    if "agents_expected" in rows:
        _draw_line(ax, rows, "agents_expected", "for the expected contacts", color=GREY, linewidth=1.6, ls="--")
    if "scheduled" in rows and (rows["scheduled"] != rows["agents"]).any():
        _draw_line(ax, rows, "scheduled", "to schedule, with shrinkage", color=ORANGE, linewidth=2, ls=":")
    ax.set_ylim(0, max(1.0, 1.08 * ax.dataLim.ymax))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    return finish(ax, title=title, x=_time_axis(ax, rows.index.to_series()), y="Agents (people)")


def _rows(table: pd.DataFrame, day: str | None, key: str, time: str) -> pd.DataFrame:
    """Rows of one series, in order."""
    import pandas as pd

    check_columns(table.columns, [time, "agents"], what="The picture", advice=_ADVICE)
    if key in table.columns and table[key].nunique() > 1:
        raise FrameError(
            f"The picture must be of one series - got {table[key].nunique():,} in {key!r}: "
            f"{shorten(table[key].unique(), 3)}. Pick one: table[table[{key!r}] == ...]."
        )
    clock = pd.to_datetime(table[time]).dt.tz_localize(None)  # as it is read on the wall of that zone
    rows = table.assign(**{time: clock}).sort_values(time)
    if day is None:
        return rows
    days = rows[time].dt.strftime("%Y-%m-%d")
    if not (days == day).any():
        raise FrameError(
            f"`day` must be one of the table's - got {day!r}; it holds {shorten(days.unique(), 3)}. Pick one of them."
        )
    picked: pd.DataFrame = rows[days == day]
    return picked


def _steps(starts: np.ndarray[Any, Any], *heights: np.ndarray[Any, Any]) -> tuple[Any, list[Any]]:
    """Add the end of each run of intervals, as a point without height where rows are left out."""
    gaps = np.diff(starts)
    length = gaps[gaps > np.timedelta64(0)].min() if (gaps > np.timedelta64(0)).any() else np.timedelta64(30, "m")
    ends = np.flatnonzero(np.r_[gaps > length, True])
    x = np.insert(starts, np.repeat(ends + 1, 2), np.repeat(starts[ends] + length, 2))
    filled = []
    for height in heights:
        blank = np.ravel([(height[at], np.nan) for at in ends])
        filled.append(np.insert(height, np.repeat(ends + 1, 2), blank))
    return x, filled


def _draw_line(ax: Axes, rows: pd.DataFrame, name: str, label: str, **look: Any) -> None:
    x, (height,) = _steps(rows.index.to_numpy(), rows[name].to_numpy(dtype=float))
    ax.plot(x, height, drawstyle="steps-post", label=label, **look)


def _draw_band(ax: Axes, rows: pd.DataFrame) -> None:
    levels = [match[1] for name in rows.columns if (match := _BAND.fullmatch(str(name)))]
    if not levels:
        return
    widest = max(levels, key=float)
    bounds = [rows[f"agents-{side}-{widest}"].to_numpy(dtype=float) for side in ("lo", "hi")]
    x, (low, high) = _steps(rows.index.to_numpy(), *bounds)
    band(ax, x, low, high, colour=TEAL, step="post", label=f"band of the forecast, {widest} %")


def _time_axis(ax: Axes, times: pd.Series) -> str:
    """Set hours for one day, dates for more, and answer the label."""
    from matplotlib.dates import DateFormatter

    dates(ax)
    days = times.dt.strftime("%Y-%m-%d").unique()
    if len(days) == 1:
        ax.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
        return f"Time of day (hour:minute), {days[0]}"
    return f"Time (date), {days[0]} to {days[-1]}"

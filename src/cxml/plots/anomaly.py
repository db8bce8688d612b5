"""Pictures of service metrics that left their normal course: when, and in which series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxml.frames import check_columns
from cxml.plots._values import floats, names_of, once
from cxml.plots._words import capital
from cxml.plots.style import BLUE, GREEN, GREY, ORANGE, VERMILLION, band, canvas, dates, finish, ink, note, paper
from cxml.plots.style import rows as name_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches that a day's label takes, and those beside the days: names of series, the bar of colours.
_DAY_LABEL, _BESIDE = 0.55, 2.8
#: One colour, ever less of the paper shining through: on white and on black the severe cells stand out, in grey too.
_HEAT = ((GREY, 0.12), (VERMILLION, 0.3), (VERMILLION, 0.65), (VERMILLION, 1.0))


def plot_anomalies(
    frame: pd.DataFrame,
    *,
    time: str = "ds",
    target: str = "y",
    denominator: str | None = None,
    windows: pd.DataFrame | None = None,
    unit: str = "value",
    title: str = "What left its normal course?",
    ax: Axes | None = None,
) -> Figure:
    """Draw a series with the band in which it was expected, what was anomalous, and where alerts began.

    Parameters
    ----------
    frame : DataFrame
        What `cxml.anomaly` answered about one series: `time`, `target`, ``expected``, ``lower``, ``upper``,
        ``is_anomaly`` and ``alert``.
    time : str, default="ds"
    target : str, default="y"
    denominator : str, optional
        The column of the trials of a rate, in `frame` too: the share is drawn.
    windows : DataFrame, optional
        True events, if known: ``start`` and ``end`` (the last period, included).
    unit : str, default="value"
        Unit of the target, for the axis label.
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
        If a column is missing.
    ValueError
        If the frame is empty or repeats a moment, as it does when it holds several series.

    References
    ----------
    .. [1] Shewhart, W. A. (1931). Economic control of quality of manufactured product. Van Nostrand (values beside the
       limits within which chance keeps them).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"ds": pd.date_range("2026-03-02", periods=4, freq="h"), "y": [10, 11, 30, 10]})
    >>> rows = rows.assign(expected=10.5, lower=6.0, upper=15.0, is_anomaly=[False, False, True, False], alert=pd.NA)
    >>> rows.loc[2, "alert"] = 1
    >>> [text.get_text() for text in plot_anomalies(rows).axes[0].get_legend().get_texts()]
    ['what came', 'expected', 'normal 99 times in 100', 'anomalous', 'an alert begins']
    >>> plot_anomalies(rows.drop(columns="lower"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: A picture of anomalies needs the column 'lower' - the data has 6 columns and not this one. \
Draw what anomaly.detect or anomaly.predict answered.
    """
    needed = [time, target, "expected", "lower", "upper", "is_anomaly", "alert"]
    needed += [denominator] if denominator is not None else []
    advice = "Draw what anomaly.detect or anomaly.predict answered."
    check_columns(names_of(frame), needed, what="A picture of anomalies", advice=advice)
    rows = once(frame, time, "frame")
    stamps = _stamps(rows[time])
    value = floats(rows, target)
    if denominator is not None:
        trials = floats(rows, denominator)
        value = value / np.where(trials > 0, trials, np.nan)
    ax = canvas(ax, (9.0, 4.4))
    _shade(ax, windows, _step(stamps))
    x, y = _broken(stamps, value)
    ax.plot(x, y, color=ink(ax), linewidth=0.9, zorder=3, label="what came")
    (_, middle), (_, low), (_, high) = (_broken(stamps, floats(rows, one)) for one in ("expected", "lower", "upper"))
    ax.plot(x, middle, color=BLUE, linewidth=1.2, zorder=2.5, label="expected")
    band(ax, x, low, high, colour=BLUE, label="normal 99 times in 100")
    strange = rows["is_anomaly"].to_numpy(dtype=bool, na_value=False)
    ax.plot(stamps[strange], value[strange], "o", color=VERMILLION, markersize=4.5, zorder=4, label="anomalous")
    begun = _begun(rows["alert"])
    _mark(ax, stamps[begun], "an alert begins")
    ax.margins(x=0.01)
    _heights(ax, value, low, high)
    dates(ax)
    return finish(ax, title=title, x="Time (start of the period)", y=capital(unit))


def plot_alert_calendar(
    frame: pd.DataFrame,
    *,
    key: str = "unique_id",
    time: str = "ds",
    windows: pd.DataFrame | None = None,
    most: int = 30,
    title: str = "When did which series alarm?",
    ax: Axes | None = None,
) -> Figure:
    """Draw series against days: how severe the worst row of an alert was, and how many alerts began.

    Days without an alert are pale, days without rows are blank.

    Parameters
    ----------
    frame : DataFrame
        What `cxml.anomaly` answered about many series: `key`, `time`, ``alert`` and ``severity``.
    key : str, default="unique_id"
    time : str, default="ds"
    windows : DataFrame, optional
        True events, if known: `key`, ``start`` and ``end``; their days are framed.
    most : int >= 1, default=30
        Series drawn, those with the most severe rows in sum first.
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
        If a column is missing.
    ValueError
        If the frame is empty or `most` is below 1.

    References
    ----------
    .. [1] van Wijk, J. J., & van Selow, E. R. (1999). Cluster and calendar based visualization of time series data.
       Proceedings of IEEE InfoVis, 4-9.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"unique_id": ["calls", "calls", "chats"], "ds": pd.to_datetime(["2026-03-02"] * 3)})
    >>> rows = rows.assign(alert=pd.array([1, 1, None], dtype="Int64"), severity=[40.0, 70.0, 0.0])
    >>> [text.get_text() for text in plot_alert_calendar(rows).axes[0].get_yticklabels()]
    ['calls', 'chats']
    >>> plot_alert_calendar(rows, most=0)
    Traceback (most recent call last):
        ...
    ValueError: `most` must be a whole number of series >= 1, got 0.
    """
    check_columns(names_of(frame), [key, time, "alert", "severity"], what="An alert calendar", advice="Name them.")
    if isinstance(most, bool) or int(most) != most or most < 1:
        raise ValueError(f"`most` must be a whole number of series >= 1, got {most!r}.")
    if frame.empty:
        raise ValueError("`frame` must hold rows, got none.")
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    days = _stamps(frame[time]).astype("datetime64[D]")
    first = days.min()
    alerted = frame["alert"].notna().to_numpy()
    severe = np.where(alerted, frame["severity"].to_numpy(dtype=np.float64, na_value=np.nan), 0.0)
    rows = frame[[key]].assign(day=(days - first).astype(int), severe=np.nan_to_num(severe))
    table = rows.groupby([key, "day"], observed=True)["severe"].max().unstack()
    table = table.reindex(columns=range(int(rows["day"].max()) + 1))
    table = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index[:most]]
    width = min(12.0, max(6.4, 3.5 + 0.16 * table.shape[1]))
    ax = canvas(ax, (width, 1.8 + 0.27 * max(len(table), 4)))
    colours = LinearSegmentedColormap.from_list("severity", _HEAT)
    drawn = ax.pcolormesh(
        np.arange(table.shape[1] + 1) - 0.5, np.arange(len(table) + 1) - 0.5, table.to_numpy(),
        cmap=colours, vmin=0, vmax=100, edgecolors=[paper(ax)], linewidth=0.8,
    )  # fmt: skip
    places = {name: place for place, name in enumerate(table.index)}
    _count_begun(ax, frame.assign(day=rows["day"]), key, time, places)
    for name, start, end in _days_of(windows, key, first):
        if name in places:
            framed = Rectangle((start - 0.5, places[name] - 0.5), end - start + 1, 1)
            framed.set(facecolor="none", edgecolor=BLUE, linewidth=1.6)
            ax.add_patch(framed)
    name_rows(ax, table.index)
    ax.set_ylim(len(table) - 0.5, -0.5)
    every = -(-table.shape[1] // max(1, int((width - _BESIDE) / _DAY_LABEL)))
    shown = range(0, table.shape[1], every)
    ax.set_xticks(list(shown), labels=[str(first + place)[5:] for place in shown])
    bar = ax.figure.canvas.figure.colorbar(drawn, cax=ax.inset_axes((1.015, 0.0, 0.02, 1.0)), ticks=[0, 50, 100])
    bar.set_label("Severity (0-100)", fontsize=9, color=ink(ax))
    bar.ax.tick_params(labelsize=9, colors=ink(ax), length=0)
    bar.outline.set_visible(False)
    framed_too = "; framed: true events" if windows is not None else ""
    span = f"{first} to {first + table.shape[1] - 1}"
    return finish(ax, title=title, x=f"Day, {span} (number: alerts that began{framed_too})", y="", grid="none")


def _stamps(values: pd.Series) -> NDArray[Any]:
    """Moments on the wall clock."""
    plain = values.dt.tz_localize(None) if getattr(values.dtype, "tz", None) is not None else values
    found: NDArray[Any] = plain.to_numpy().astype("datetime64[ns]")
    return found


def _step(stamps: NDArray[Any]) -> Any:
    gaps = np.diff(stamps)
    return np.median(gaps.astype(np.int64)).astype("timedelta64[ns]") if gaps.size else np.timedelta64(0, "ns")


def _broken(stamps: NDArray[Any], values: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Give moments and values with a hole wherever rows are missing, as over a night."""
    holes = np.flatnonzero(np.diff(stamps) > 1.5 * _step(stamps)) + 1
    return np.insert(stamps, holes, stamps[holes]), np.insert(values, holes, np.nan)


def _begun(alerts: pd.Series) -> NDArray[np.bool_]:
    """Where the number of an alert stands for the first time."""
    found: NDArray[np.bool_] = (alerts.notna() & ~alerts.duplicated()).to_numpy()
    return found


def _shade(ax: Axes, windows: pd.DataFrame | None, step: Any) -> None:
    if windows is None:
        return
    check_columns(names_of(windows), ["start", "end"], what="Windows of trouble", advice="Name them so.")
    starts, ends = (_stamps(windows[name]) for name in ("start", "end"))
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        ax.axvspan(
            start - step / 2, end + step / 2, facecolor=(ORANGE, 0.28), edgecolor=ORANGE, linewidth=0.8, zorder=0.5,
            label="true event" if place == 0 else None,
        )  # fmt: skip


def _heights(ax: Axes, value: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """Show all values and nearly all of the band: while little is known it is many times as wide."""
    band = np.r_[low[np.isfinite(low)], high[np.isfinite(high)]]
    if not band.size or not np.isfinite(value).any():
        return
    ends = np.r_[value[np.isfinite(value)], np.quantile(band, [0.01, 0.99])]
    room = 0.05 * float(np.ptp(ends)) or 1.0
    ax.set_ylim(float(ends.min()) - room, float(ends.max()) + 2.5 * room)  # above: where alerts begin


def _mark(ax: Axes, stamps: NDArray[Any], label: str) -> None:
    """Put a triangle at the top of the axes."""
    ax.plot(
        stamps, np.full(stamps.size, 0.97), "v", color=GREEN, markersize=8, markeredgecolor=paper(ax),
        transform=ax.get_xaxis_transform(), clip_on=False, zorder=5, label=label,
    )  # fmt: skip


def _count_begun(ax: Axes, frame: pd.DataFrame, key: str, time: str, places: Mapping[Any, int]) -> None:
    """Write how many alerts began in each cell."""
    rows = frame.sort_values([key, time], kind="stable")
    first = rows[rows["alert"].notna() & ~rows[[key, "alert"]].duplicated()]
    counts = first.groupby([key, "day"], observed=True).size().reset_index(name="count")
    for name, day, count in zip(counts[key], counts["day"], counts["count"], strict=True):
        if name in places:
            worst = rows[(rows[key] == name) & (rows["day"] == day)]["severity"].max()
            note(ax, str(count), (day, places[name]), shift=(0, 0), ha="center", colour="white" if worst > 60 else None)


def _days_of(windows: pd.DataFrame | None, key: str, first: Any) -> list[tuple[Any, int, int]]:
    if windows is None:
        return []
    check_columns(names_of(windows), [key, "start", "end"], what="Windows of trouble", advice="Name them so.")
    starts, ends = (_stamps(windows[name]).astype("datetime64[D]") - first for name in ("start", "end"))
    return list(zip(windows[key], starts.astype(int).tolist(), ends.astype(int).tolist(), strict=True))

"""A forecast over the recent past, and how far it and its intervals can be trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.frames import check_columns
from cxml.plots._values import ends, fractions, length_of_time, names_of, once, rising
from cxml.plots._words import capital
from cxml.plots.style import (
    BLUE,
    BROKEN,
    COLOURS,
    GREY,
    LINES,
    VERMILLION,
    band,
    canvas,
    dates,
    finish,
    interval,
    named,
    room,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_DATES = 9
_DAY_LABEL = 0.82  # inches of a day's label
_LEAST = 14  # past rows, so that a single row to come is seen beside two weeks of days


def plot_fan(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    *,
    time: str = "ds",
    target: str = "y",
    point: str = "contacts",
    recent: int | None = None,
    unit: str = "contacts",
    title: str = "What is coming?",
    ax: Axes | None = None,
) -> Figure:
    """Draw a forecast with its intervals after the recent past, for one series.

    Every pair of columns ``<point>-lo-<level>`` and ``<point>-hi-<level>`` of the forecast is a band, the wider the
    paler. Lines break where periods shorter than a day are missing, as over a night in which the centre is closed; a
    centre that is closed most of the time is drawn with its open hours side by side. Where the forecast holds the
    target too, what came is drawn over it.

    Parameters
    ----------
    history : DataFrame
        Past rows of one series with the columns `time` and `target`.
    forecast : DataFrame
        Rows to come of the same series with the columns `time` and `point`, and those of the bands.
    time : str, default="ds"
        Column of the start of each period.
    target : str, default="y"
        Column of what came.
    point : str, default="contacts"
        Column of the forecast.
    recent : int >= 1, rows, default=None
        Past rows drawn; None draws twice as many as are forecast, and at least 14.
    unit : str, default="contacts"
        What is counted, for the axis label.
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
        If a frame has no rows or repeats a period, as it does when it holds several series, or `recent` is below 1.

    References
    ----------
    .. [1] Britton, E., Fisher, P., & Whitley, J. (1998). The Inflation Report projections: understanding the fan
       chart. Bank of England Quarterly Bulletin, 38(1), 30-37.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2026-03-02", periods=4)
    >>> past = pd.DataFrame({"ds": days[:3], "y": [120, 100, 90]})
    >>> ahead = pd.DataFrame({"ds": days[3:], "contacts": [95], "contacts-lo-90": [80], "contacts-hi-90": [112]})
    >>> [text.get_text() for text in plot_fan(past, ahead).axes[0].get_legend().get_texts()]
    ['what came', 'forecast', '90 % interval']
    >>> plot_fan(past, ahead.rename(columns={"contacts": "calls"}))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The forecast of a fan needs the column 'contacts' - the data has 4 columns \
and not this one. Did you mean 'contacts-lo-90'? Name it by `time=`, `target=` or `point=`.
    """
    advice = "Name it by `time=`, `target=` or `point=`."
    check_columns(names_of(history), [time, target], what="The history of a fan", advice=advice)
    check_columns(names_of(forecast), [time, point], what="The forecast of a fan", advice=advice)
    past, ahead = once(history, time, "history"), once(forecast, time, "forecast")
    shown = max(2 * len(ahead), _LEAST) if recent is None else _check_recent(recent)
    past = past.iloc[-shown:]
    ax = canvas(ax, (8.4, 4.4))
    clock = _Clock(np.concatenate([past[time].to_numpy(), ahead[time].to_numpy()]))
    _draw(ax, clock, past, time, target, colour=GREY, label="what came", width=1.4)
    _draw(ax, clock, ahead, time, point, colour=BLUE, label="forecast", width=1.9)
    if target in ahead and ahead[target].notna().any():
        _draw(ax, clock, ahead, time, target, colour=VERMILLION, label="what came then", width=1.1)
    _draw_bands(ax, clock, ahead, time, point)
    ax.axvline(clock.place(ahead[time].to_numpy()[:1])[0], color=GREY, linestyle=BROKEN, linewidth=1)
    ax.set_ylim(0, ax.get_ylim()[1])
    ax.margins(x=0.01)
    clock.write(ax)
    return finish(ax, title=title, x=clock.label, y=f"{capital(unit)} (a period of {_period(past[time], ahead[time])})")


def plot_lead_times(
    leads: ArrayLike,
    errors: Mapping[str, ArrayLike],
    *,
    unit: str = "days",
    measure: str = "WAPE",
    title: str = "How far ahead can it be trusted?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the error of each model against how far ahead it forecast.

    The first model is drawn with a thick line; the others, such as the baselines it has to beat, with thinner ones.

    Parameters
    ----------
    leads : array of float > 0, shape (n_leads,)
        How far ahead, in `unit`, rising.
    errors : mapping of str to array of float >= 0, shape (n_leads,)
        Error at each lead time as a fraction, by the name of the model, one to six. NaN where there is none.
    unit : str, default="days"
        Unit of `leads`, for the axis label.
    measure : str, default="WAPE"
        Name of the error, for the axis label.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the lead times do not rise from above 0, or the errors differ in length or fall below 0.

    References
    ----------
    .. [1] Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: an analysis and review. International
       Journal of Forecasting, 16(4), 437-450 (errors by lead time over rolling origins).

    Examples
    --------
    >>> figure = plot_lead_times([1, 2, 3], {"model": [0.05, 0.06, 0.06], "weekly naive": [0.09, 0.09, 0.1]})
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('Lead time (days)', 'WAPE (%)')
    >>> plot_lead_times([1, 2, 3], {"model": [0.05, 0.06]})
    Traceback (most recent call last):
        ...
    ValueError: The errors of 'model' must be 3 numbers >= 0, got 2 from 0.05 to 0.06. Pass one for each lead time.
    """
    series = named(errors, "errors")
    x = rising("leads", leads)
    drawn = {name: fractions(name, values, x.size) for name, values in series.items()}
    from matplotlib.ticker import MaxNLocator

    ax = canvas(ax, (6.8, 4.2))
    for place, (name, values) in enumerate(drawn.items()):
        width, marker = (2.4, "o") if place == 0 else (1.5, "")
        marker = "o" if x.size == 1 else marker if x.size <= 31 else ""
        colour, line, above = COLOURS[place], LINES[place], 4 - 0.1 * place
        ax.plot(x, 100 * values, color=colour, ls=line, lw=width, marker=marker, markersize=4, label=name, zorder=above)
    ax.set_ylim(0, 1.08 * max(100 * max(np.nanmax(values, initial=0) for values in drawn.values()), 0.1))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    if x.size == 1:
        ax.set_xticks(x)
    return finish(ax, title=title, x=f"Lead time ({unit})", y=f"{measure} (%)")


def plot_interval_calibration(
    nominal: ArrayLike,
    observed: Mapping[str, ArrayLike],
    *,
    title: str = "Are the intervals honest?",
    ax: Axes | None = None,
) -> Figure:
    """Draw how often intervals held what came against how often they claimed to; honest ones follow the diagonal.

    Below the diagonal the intervals are too narrow, above it too wide.

    Parameters
    ----------
    nominal : array of float in (0, 100), shape (n_levels,), percent
        The levels of the intervals, rising.
    observed : mapping of str to array of float in [0, 1], shape (n_levels,)
        `cxml.metrics.coverage` of the intervals of each level, by the name of the model, one to six.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the levels do not rise within (0, 100), or a coverage differs in length or leaves [0, 1].

    References
    ----------
    .. [1] Gneiting, T., Balabdaoui, F., & Raftery, A. E. (2007). Probabilistic forecasts, calibration and sharpness.
       Journal of the Royal Statistical Society B, 69(2), 243-268.

    Examples
    --------
    >>> figure = plot_interval_calibration([50, 90], {"model": [0.48, 0.91]})
    >>> figure.axes[0].get_ylabel()
    'What came was within (% of the periods)'
    >>> plot_interval_calibration([50, 90], {"model": [48, 91]})
    Traceback (most recent call last):
        ...
    ValueError: The coverage of 'model' must be 2 shares in [0, 1], got 2 from 48 to 91. Pass `cxml.metrics.coverage`.
    """
    series = named(observed, "observed")
    x = rising("nominal", nominal, below=100)
    drawn = {name: _shares(name, values, x.size) for name, values in series.items()}
    ax = canvas(ax, (5.8, 5.2))
    ax.plot([0, 100], [0, 100], color=GREY, linestyle=BROKEN, linewidth=1.2, label="perfectly honest")
    for (name, values), colour, line in zip(drawn.items(), COLOURS, LINES, strict=False):
        label = f"{name} ({100 * values[-1]:.0f} % of the {x[-1]:g} % intervals)"
        ax.plot(x, 100 * values, color=colour, linestyle=line, linewidth=1.8, marker="o", markersize=6, label=label)
    ax.set(xlim=(0, 102), ylim=(0, 102))
    return finish(
        ax, title=title, x="Level of the interval (%)", y="What came was within (% of the periods)", grid="both"
    )


def _check_recent(recent: int) -> int:
    if isinstance(recent, bool) or int(recent) != recent or recent < 1:
        raise ValueError(f"`recent` must be a whole number of rows >= 1, got {recent!r}.")
    return int(recent)


def _levels(columns: Sequence[str], point: str) -> list[str]:
    """Find the levels of which both ends are there, the narrowest first."""
    pattern = re.compile(re.escape(point) + r"-lo-(\d+(?:\.\d+)?)")
    found = [match[1] for name in columns if (match := pattern.fullmatch(str(name)))]
    return sorted((level for level in found if f"{point}-hi-{level}" in columns), key=float)


def _draw(
    ax: Axes, clock: _Clock, frame: pd.DataFrame, time: str, column: str, *, colour: str, label: str, width: float
) -> None:
    x, values = clock.broken(frame, time, column)
    marker = "o" if len(frame) == 1 else ""
    ax.plot(x, values, color=colour, linewidth=width, marker=marker, markersize=4, label=label)


def _draw_bands(ax: Axes, clock: _Clock, ahead: pd.DataFrame, time: str, point: str) -> None:
    """Draw the interval of each level, the wider the paler; those of a single period are lines."""
    levels = _levels(names_of(ahead), point)
    for wider, level in enumerate(levels):
        pale = 0.14 + 0.2 * (len(levels) - 1 - wider) / max(len(levels) - 1, 1)
        (x, low), (_, high) = (clock.broken(ahead, time, f"{point}-{end}-{level}") for end in ("lo", "hi"))
        if x.size == 1:
            interval(ax, x, low, high, colour=BLUE, along="y")
            ax.collections[-1].set(linewidth=1.2 + 2.4 * (len(levels) - 1 - wider), label=f"{level} % interval")
        else:
            band(ax, x, low, high, colour=BLUE, alpha=pale, label=f"{level} % interval")


class _Clock:
    """Where a period stands on the axis: at its time, or side by side where the centre is closed most of the time.

    Parameters
    ----------
    stamps : array of datetime64
        All periods drawn.
    """

    def __init__(self, stamps: NDArray[np.datetime64]) -> None:
        self._open = np.unique(stamps.astype("datetime64[s]"))
        gaps = np.diff(self._open)
        self._step = gaps.min() if gaps.size else np.timedelta64(1, "D")
        within_days = bool(self._step < np.timedelta64(1, "D"))
        self._after_gap = np.r_[False, gaps > 1.5 * self._step] & within_days
        self._side_by_side = self._open.size * self._step < 0.7 * (self._open[-1] - self._open[0] + self._step)
        self._side_by_side &= within_days
        self._places = np.arange(self._open.size) + 2.0 * np.cumsum(self._after_gap)
        self.label = "Time (open hours only)" if self._side_by_side else "Time (start of the period)"

    def place(self, stamps: NDArray[np.datetime64]) -> NDArray[Any]:
        stamps = stamps.astype("datetime64[s]")
        return self._places[np.searchsorted(self._open, stamps)] if self._side_by_side else stamps

    def broken(self, frame: pd.DataFrame, time: str, column: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Give places and values, with a hole wherever periods shorter than a day are missing."""
        stamps = frame[time].to_numpy().astype("datetime64[s]")
        holes = np.flatnonzero(self._after_gap[np.searchsorted(self._open, stamps)])
        holes = holes[holes > 0]
        places = self.place(stamps)
        values = np.insert(frame[column].to_numpy(dtype=np.float64), holes, np.nan)
        return np.insert(places, holes, places[holes]), values

    def write(self, ax: Axes) -> None:
        """Write dates along the axis."""
        if self._side_by_side:
            days = self._open.astype("datetime64[D]")
            first = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
            most = max(2, min(_MOST_DATES, int(room(ax)[0] / _DAY_LABEL)))
            first = first[:: -(-first.size // most)]
            words = [f"{day:%m-%d %a}" for day in days[first].tolist()]
            ax.set_xticks(self._places[first], labels=words, ha="left")
            return
        dates(ax)


def _period(past: pd.Series[pd.Timestamp], ahead: pd.Series[pd.Timestamp]) -> str:
    """Write the length of a period: the least step of the forecast, or of the past before a single row of it."""
    gaps = np.diff((ahead if len(ahead) > 1 else past).to_numpy().astype("datetime64[s]")).astype(np.float64)
    return length_of_time(float(gaps.min()) / 60) if gaps.size else "unknown length"


def _shares(name: str, values: ArrayLike, size: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,) or not bool(((array >= 0) & (array <= 1)).all()):
        raise ValueError(
            f"The coverage of {name!r} must be {size} shares in [0, 1], got {ends(array)}. "
            "Pass `cxml.metrics.coverage`."
        )
    return array

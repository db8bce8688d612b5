"""What a forecast learned: the shape of the day, and the effects of the calendar and of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import shorten
from cxml.plots._values import DAY_MINUTES, fractions, length_of_time, rising
from cxml.plots._words import signed
from cxml.plots.style import BLUE, COLOURS, GREY, LINES, VERMILLION, canvas, finish, interval, note, paper, rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_SHAPES = 7


def plot_day_shape(
    slots: ArrayLike,
    shapes: Mapping[str, ArrayLike],
    *,
    title: str = "When in the day do they come?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the shape of the day: the share of its contacts that comes in each period, by weekday.

    Parameters
    ----------
    slots : array of float in [0, 1440), shape (n_slots,), minutes
        Start of each period of the day, in minutes from midnight, rising.
    shapes : mapping of str to array of float >= 0, shape (n_slots,)
        Share of the day's contacts in each period as a fraction, by the name of the weekday or group of them, one to
        seven. NaN where the centre is closed.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    TypeError
        If `shapes` is not a mapping.
    ValueError
        If there are none or more than seven shapes, the slots do not rise within a day, or a shape differs in length or
        falls below 0.

    References
    ----------
    .. [1] Brown, L., et al. (2005). Statistical analysis of a telephone call center: a queueing-science perspective.
       Journal of the American Statistical Association, 100(469), 36-50 (arrivals by time of day).

    Examples
    --------
    >>> figure = plot_day_shape([540, 570, 600], {"Monday": [0.3, 0.4, 0.3], "Friday": [0.4, 0.3, 0.3]})
    >>> figure.axes[0].get_ylabel()
    "Share of the day's contacts (%, each 30 min)"
    >>> plot_day_shape([540, 1440], {"Monday": [0.5, 0.5]})
    Traceback (most recent call last):
        ...
    ValueError: `slots` must rise from 0 to below 1440, got 540.0, 1440.0. Sort them and leave out what lies outside.
    """
    if not isinstance(shapes, Mapping):
        raise TypeError(f"`shapes` must map names to arrays, got {type(shapes).__name__}. Write {{'Monday': array}}.")
    if not 0 < len(shapes) <= _MOST_SHAPES:
        raise ValueError(f"`shapes` must hold 1 to {_MOST_SHAPES} weekdays, got {len(shapes)}. Group some of them.")
    x = rising("slots", slots, least=0, below=DAY_MINUTES)
    drawn = {name: fractions(name, values, x.size, what="shape", each="slot") for name, values in shapes.items()}
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    ax = canvas(ax, (7.2, 4.2))
    step = float(np.diff(x).min()) if x.size > 1 else float(DAY_MINUTES)
    colours, lines = (*COLOURS, GREY), (*LINES, "-")
    for (name, values), colour, line in zip(drawn.items(), colours, lines, strict=False):
        ax.plot(x, 100 * values, color=colour, linestyle=line, linewidth=1.8, label=name)
    span = max(x[-1] - x[0], step)
    ax.xaxis.set_major_locator(MultipleLocator(next((one for one in (60, 120, 180) if span / one <= 12), 240)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda minute, _: f"{int(minute) // 60:02d}:{int(minute) % 60:02d}"))
    ax.margins(x=0.03)
    ax.set_ylim(bottom=0)
    each = f"%, each {length_of_time(step)}"
    return finish(ax, title=title, x="Time of day (start of the period)", y=f"Share of the day's contacts ({each})")


def plot_effects(
    names: Sequence[str],
    effects: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    level: float = 90,
    title: str = "What do special days do?",
    ax: Axes | None = None,
) -> Figure:
    """Draw learned effects of the calendar and of events on a day's contacts, with their intervals, from the top down.

    An effect whose interval holds 0 is drawn hollow: it may be none.

    Parameters
    ----------
    names : sequence of str, length n_effects
        Names of the effects, in the order drawn.
    effects : array of float, shape (n_effects,), percent
        Change of a day's contacts: 50 for half as many again, -70 for three tenths.
    low, high : array of float, shape (n_effects,), percent
        Ends of their intervals.
    level : float, percent, default=90
        Level of the intervals, for the axis label.
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
        If there is none, the lengths differ, a value is missing, or an effect lies outside its interval.

    References
    ----------
    .. [1] Cleveland, W. S., & McGill, R. (1984). Graphical perception. Journal of the American Statistical
       Association, 79(387), 531-554 (positions on one scale are read best).

    Examples
    --------
    >>> figure = plot_effects(["Chuseok", "payday"], [-70, 4], [-75, -2], [-64, 10])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['Chuseok', 'payday']
    >>> plot_effects(["Chuseok"], [-70], [-60], [-50])
    Traceback (most recent call last):
        ...
    ValueError: Each effect must lie within its interval, got -70 outside -60 to -50 for 'Chuseok'. \
Are the ends swapped?
    """
    middle, bottom, top = _check_effects(names, effects, low, high)
    ax = canvas(ax, (6.8, 1.3 + 0.32 * len(names)))
    ax.axvline(0, color=GREY, linewidth=1)
    for row in range(len(names)):
        colour = VERMILLION if middle[row] < 0 else BLUE
        sure = bottom[row] > 0 or top[row] < 0
        interval(ax, row, bottom[row], top[row], colour=colour)
        ax.plot(middle[row], row, "o", color=colour, markerfacecolor=colour if sure else paper(ax), markersize=7)
        note(ax, f"{signed(middle[row], 0)} %", (top[row], row), shift=(7, 0))
    rows(ax, names)
    ax.margins(x=0.12)
    return finish(ax, title=title, x=f"Effect on a day's contacts (%), with {level:g} % interval", y="", grid="x")


def _check_effects(
    names: Sequence[str], *arrays: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    sizes = [len(names), *(np.size(np.asarray(each)) for each in arrays)]
    if sizes[0] == 0 or len(set(sizes)) > 1:
        raise ValueError(
            f"`names`, `effects`, `low` and `high` must have one length of at least 1, got "
            f"{', '.join(str(size) for size in sizes)}. Pass one of each for every effect."
        )
    middle, bottom, top = (np.asarray(each, dtype=np.float64).ravel() for each in arrays)
    missing = np.flatnonzero(~np.isfinite(middle + bottom + top)).tolist()
    if missing:
        raise ValueError(
            f"Effects and their ends must be finite, got NaN or infinity for {shorten([names[i] for i in missing])}. "
            "Leave these out."
        )
    outside = np.flatnonzero((middle < bottom) | (middle > top)).tolist()
    if outside:
        at = outside[0]
        raise ValueError(
            f"Each effect must lie within its interval, got {middle[at]:g} outside {bottom[at]:g} to {top[at]:g} for "
            f"{names[at]!r}. Are the ends swapped?"
        )
    return middle, bottom, top

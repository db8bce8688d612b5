"""What customers say: which topics complain most, what moves a score, and how they feel from stage to stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxml.frames import as_pandas, check_columns
from cxml.plots._values import check_top, floats
from cxml.plots._words import folded, minus, short, signed
from cxml.plots.style import BLUE, GREY, ORANGE, VERMILLION, canvas, finish, ink, interval, note, rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_STAGE = 12  # Latin letters of a line of a stage's name, so that neighbours do not touch
_DIRECTIONS = {
    "up": ("+", "raises the score", BLUE),
    "down": (minus("-"), "lowers the score", VERMILLION),
    "unclear": ("?", "direction unclear", GREY),
    "labels": ("", "labels, no direction", ORANGE),
}


def plot_pareto(
    table: Any,
    *,
    top: int = 12,
    label: str = "topic",
    title: str = "What are the complaints about?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the Pareto table: the share of each topic with its interval, and the cumulative share on the same scale.

    Parameters
    ----------
    table : DataFrame
        As ``cxml.voc.pareto`` answers it: the topic, ``share`` with its ends, ``cumulative_share``, ``is_vital``.
    top : int >= 1, default=12
        Topics drawn; the others are counted in the axis label.
    label : str, default="topic"
        Column with the names.
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
        If a column is missing, or `top` is below 1.

    References
    ----------
    .. [1] Juran, J. M. (1951). Quality control handbook. McGraw-Hill (the vital few and the useful many).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"topic": ["delivery", "app"], "share": [0.7, 0.3], "share-lo-95": [0.6, 0.2],
    ...     "share-hi-95": [0.8, 0.4], "cumulative_share": [0.7, 1.0], "is_vital": [True, False]})
    >>> plot_pareto(table).axes[0].get_xlabel()
    'Share of complaints (%), with 95 % interval'
    >>> plot_pareto(table.drop(columns="cumulative_share"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The picture needs the column 'cumulative_share' - the data has 5 columns and not this one. \
Give the table that `voc.pareto` answers.
    """
    read = _read(table, [label, "share", "cumulative_share", "is_vital"], "voc.pareto", top)
    shown = read.head(top)
    low, high, level = _ends(shown, "share", "voc.pareto")
    share, together = 100 * floats(shown, "share"), 100 * floats(shown, "cumulative_share")
    ax = canvas(ax, (6.8, 1.6 + 0.34 * len(shown)))
    places = np.arange(len(shown))
    colours = [BLUE if vital else GREY for vital in shown["is_vital"]]
    ax.barh(places, share, height=0.62, color=colours, label="share of a topic (grey: beyond the vital few)")
    interval(ax, places, 100 * low, 100 * high, colour=ink(ax))
    ax.plot(together, places, "o-", color=ORANGE, linewidth=1.6, markersize=5, label="cumulative share")
    for row, value, end in zip(places, together, 100 * high, strict=True):
        note(ax, f"{value:.0f}", (max(value, end), row), shift=(6, 6))
    rows(ax, shown[label])
    ax.set_xlim(0, max(108.0, 1.08 * float(together.max())))
    rest = f"; {len(read) - len(shown)} rarer topics not shown" if len(read) > len(shown) else ""
    return finish(ax, title=title, x=f"Share of complaints (%), with {level} % interval{rest}", y="", grid="x")


def plot_drivers(
    table: Any,
    *,
    top: int = 12,
    score: str = "the score",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw what moves a score: each driver's share of what all explain, with its interval, coloured by direction.

    Parameters
    ----------
    table : DataFrame
        As ``cxml.voc.drivers`` answers it: ``driver``, ``share`` with its ends, ``direction``.
    top : int >= 1, default=12
        Drivers drawn; the others are counted in the axis label.
    score : str, default="the score"
        Name of the score, for the title.
    title : str, default=None
        Title; None writes "What moves the score?".
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FrameError
        If a column is missing, or `top` is below 1.

    References
    ----------
    .. [1] Groemping, U. (2007). Estimators of relative importance in linear regression based on variance
       decomposition. The American Statistician, 61(2), 139-147 (bars of shares with bootstrap intervals).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"driver": ["delivery", "price"], "share": [0.8, 0.2], "share-lo-95": [0.7, 0.1],
    ...     "share-hi-95": [0.9, 0.3], "direction": ["up", "unclear"]})
    >>> plot_drivers(table, score="CSAT").axes[0].get_title("left")
    'What moves CSAT?'
    >>> plot_drivers(table, top=0)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: `top` must be a whole number of rows, 1 or more - got 0.
    """
    read = _read(table, ["driver", "share", "direction"], "voc.drivers", top)
    shown = read.head(top)
    low, high, level = _ends(shown, "share", "voc.drivers")
    ax = canvas(ax, (6.8, 1.6 + 0.34 * len(shown)))
    places, share = np.arange(len(shown)), 100 * floats(shown, "share")
    for direction, (sign, words, colour) in _DIRECTIONS.items():
        mine = np.flatnonzero(shown["direction"] == direction)
        if mine.size:
            ax.barh(places[mine], share[mine], height=0.62, color=colour, label=f"{sign} {words}".strip())
        for row in mine:
            note(ax, sign, (float(np.fmax(100 * high[row], share[row])), row))
    interval(ax, places, 100 * low, 100 * high, colour=ink(ax))
    rows(ax, shown["driver"])
    ax.set_xlim(0, 108 * float(high.max()))
    whole = read.attrs.get("r2")
    of = "" if whole is None else f" of R² = {whole:.2f}"
    rest = f"; {len(read) - len(shown)} weaker ones not shown" if len(read) > len(shown) else ""
    label = f"Share{of} (%), with {level} % interval{rest}"
    return finish(ax, title=f"What moves {score}?" if title is None else title, x=label, y="", grid="x")


def plot_journey(
    table: Any,
    *,
    unit: str = "Mean feeling (-1 negative to 1 positive)",
    title: str = "How do customers feel on their way?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the emotion curve: the mean of each stage with its interval, and the changes that are sure.

    A change whose interval leaves out 0 is written at the stage it leads to.

    Parameters
    ----------
    table : DataFrame
        As ``cxml.voc.journey`` answers it: ``stage``, ``comments``, ``score`` and ``change`` with their ends.
    unit : str
        Axis label of the score, with its unit.
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

    References
    ----------
    .. [1] Lemon, K. N., & Verhoef, P. C. (2016). Understanding customer experience throughout the customer journey.
       Journal of Marketing, 80(6), 69-96.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"stage": ["order", "delivery"], "comments": [80, 90], "score": [0.2, -0.3],
    ...     "score-lo-95": [0.1, -0.4], "score-hi-95": [0.3, -0.2], "change": [None, -0.5],
    ...     "change-lo-95": [None, -0.7], "change-hi-95": [None, -0.3]})
    >>> [text.get_text().split() for text in plot_journey(table).axes[0].get_xticklabels()]
    [['order', 'n', '=', '80'], ['delivery', 'n', '=', '90']]
    >>> plot_journey(table.drop(columns="stage"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The picture needs the column 'stage' - the data has 7 columns and not this one. \
Give the table that `voc.journey` answers.
    """
    read = _read(table, ["stage", "comments", "score", "change"], "voc.journey", 1)
    low, high, level = _ends(read, "score", "voc.journey")
    least, most, _ = _ends(read, "change", "voc.journey")
    score, change = floats(read, "score"), floats(read, "change")
    ax = canvas(ax, (max(6.4, 1.6 + 0.95 * len(read)), 4.2))
    places = np.arange(len(read))
    ax.plot(places, score, "o-", color=BLUE, linewidth=2, markersize=6)
    interval(ax, places, low, high, colour=BLUE, along="y")
    for place in np.flatnonzero((least > 0) | (most < 0)):
        rises = change[place] > 0
        end = high[place] if rises else low[place]
        note(
            ax, signed(change[place], 2), (place, end if np.isfinite(end) else score[place]),
            shift=(0, 8 if rises else -8), ha="center", va="bottom" if rises else "top",
            colour=BLUE if rises else VERMILLION,
        )  # fmt: skip
    told = zip(read["stage"], read["comments"], strict=True)
    names = [f"{folded(short(name), _STAGE)}\nn = {count:,}" for name, count in told]
    ax.set_xticks(places, labels=names)
    ax.margins(x=0.06, y=0.16)
    if ax.get_ylim()[0] < 0 < ax.get_ylim()[1]:
        ax.axhline(0, color=GREY, linewidth=1)
    return finish(
        ax, title=title, x=f"Stage (lines: {level} % interval; numbers: sure changes from the stage before)", y=unit
    )


def _read(table: Any, needed: Sequence[str], source: str, top: int) -> pd.DataFrame:
    check_top(top)
    frame = as_pandas(table, what="The table")
    check_columns(frame.columns, needed, what="The picture", advice=f"Give the table that `{source}` answers.")
    return frame


def _ends(frame: pd.DataFrame, name: str, source: str) -> tuple[Floats, Floats, str]:
    """Find the ends of an interval and its level by the names of the columns."""
    found = [column for column in frame.columns if column.startswith(f"{name}-lo-")]
    level = found[0].removeprefix(f"{name}-lo-") if found else "95"
    ends = [f"{name}-lo-{level}", f"{name}-hi-{level}"]
    check_columns(frame.columns, ends, what="The picture", advice=f"Give the table that `{source}` answers.")
    return floats(frame, ends[0]), floats(frame, ends[1]), level

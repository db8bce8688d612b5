"""What customers say: which topics complain most, what moves a score, and how they feel from stage to stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxml.errors import FrameError
from cxml.frames import as_pandas, check_columns
from cxml.plots.style import BLUE, GREY, ORANGE, VERMILLION, canvas, finish, legend

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

LONGEST = 24  # characters of a label, so that the bars keep half of the picture
_DIRECTIONS = {
    "up": ("raises the score", BLUE),
    "down": ("lowers the score", VERMILLION),
    "unclear": ("direction unclear", GREY),
    "labels": ("labels, no direction", ORANGE),
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
    share, together = 100 * _floats(shown, "share"), 100 * _floats(shown, "cumulative_share")
    figure, ax, ink = canvas(ax, (6.8, 1.6 + 0.34 * len(shown)))
    rows = np.arange(len(shown))
    colours = [BLUE if vital else GREY for vital in shown["is_vital"]]
    ax.barh(rows, share, height=0.62, color=colours, label="share of a topic (grey: beyond the vital few)")
    ax.hlines(rows, 100 * low, 100 * high, color=ink, linewidth=1.4)
    ax.plot(together, rows, "o-", color=ORANGE, linewidth=1.6, markersize=5, label="cumulative share")
    for row, value, end in zip(rows, together, 100 * high, strict=True):
        ax.annotate(
            f"{value:.0f}",
            (max(value, end), row),
            (7, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=ink,
        )
    ax.set_yticks(rows, labels=[short(name) for name in shown[label]])
    ax.set(ylim=(len(shown) - 0.4, -0.6), xlim=(0, max(108.0, 1.08 * float(together.max()))))
    legend(ax, place="lower left" if len(shown) < 3 else "best", ink=ink)
    rest = f"; {len(read) - len(shown)} rarer topics not shown" if len(read) > len(shown) else ""
    finish(ax, title=title, x=f"Share of complaints (%), with {level} % interval{rest}", y="", grid="x")
    return figure


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
    figure, ax, ink = canvas(ax, (6.8, 1.6 + 0.34 * len(shown)))
    rows = np.arange(len(shown))
    for direction, (words, colour) in _DIRECTIONS.items():
        mine = (shown["direction"] == direction).to_numpy()
        if mine.any():
            ax.barh(rows[mine], 100 * _floats(shown, "share")[mine], height=0.62, color=colour, label=words)
    ax.hlines(rows, 100 * low, 100 * high, color=ink, linewidth=1.4)
    ax.set_yticks(rows, labels=[short(name) for name in shown["driver"]])
    ax.set(ylim=(len(shown) - 0.4, -0.6), xlim=(0, 108 * float(high.max())))
    legend(ax, place="lower right", ink=ink)
    whole = read.attrs.get("r2")
    of = "" if whole is None else f" of R² = {whole:.2f}"
    rest = f"; {len(read) - len(shown)} weaker ones not shown" if len(read) > len(shown) else ""
    label = f"Share{of} (%), with {level} % interval{rest}"
    finish(ax, title=f"What moves {score}?" if title is None else title, x=label, y="", grid="x")
    return figure


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
    score, change = _floats(read, "score"), _floats(read, "change")
    figure, ax, _ = canvas(ax, (max(6.0, 1.6 + 0.85 * len(read)), 4.2))
    places = np.arange(len(read))
    ax.plot(places, score, "o-", color=BLUE, linewidth=2, markersize=6)
    ax.vlines(places, low, high, color=BLUE, linewidth=6, alpha=0.3)
    for place in np.flatnonzero((least > 0) | (most < 0)):
        rises = change[place] > 0
        end = high[place] if rises else low[place]
        ax.annotate(
            f"{change[place]:+.2f}",
            (place, end if np.isfinite(end) else score[place]),
            (0, 9 if rises else -9),
            textcoords="offset points",
            ha="center",
            va="bottom" if rises else "top",
            fontsize=9,
            color=BLUE if rises else VERMILLION,
        )
    names = [f"{short(name)}\nn = {count:,}" for name, count in zip(read["stage"], read["comments"], strict=True)]
    ax.set_xticks(places, labels=names)
    ax.margins(x=0.06, y=0.16)
    if ax.get_ylim()[0] < 0 < ax.get_ylim()[1]:
        ax.axhline(0, color=GREY, linewidth=1)
    finish(ax, title=title, x=f"Stage (bars: {level} % interval; numbers: sure changes from the stage before)", y=unit)
    return figure


def _read(table: Any, needed: Sequence[str], source: str, top: int) -> pd.DataFrame:
    if not isinstance(top, (int, np.integer)) or isinstance(top, bool) or top < 1:
        raise FrameError(f"`top` must be a whole number of rows, 1 or more - got {top!r}.")
    frame = as_pandas(table, what="The table")
    check_columns(frame.columns, needed, what="The picture", advice=f"Give the table that `{source}` answers.")
    return frame


def _ends(frame: pd.DataFrame, name: str, source: str) -> tuple[Floats, Floats, str]:
    """Find the ends of an interval and its level by the names of the columns."""
    found = [column for column in frame.columns if column.startswith(f"{name}-lo-")]
    level = found[0].removeprefix(f"{name}-lo-") if found else "95"
    ends = [f"{name}-lo-{level}", f"{name}-hi-{level}"]
    check_columns(frame.columns, ends, what="The picture", advice=f"Give the table that `{source}` answers.")
    return _floats(frame, ends[0]), _floats(frame, ends[1]), level


def _floats(frame: pd.DataFrame, name: str) -> Floats:
    return np.asarray(frame[name].to_numpy(dtype=np.float64, na_value=np.nan))


def short(name: object, longest: int = LONGEST) -> str:
    """A label as plain text of so many characters at most: a price is no formula."""
    text = str(name)
    return (text if len(text) <= longest else f"{text[: longest - 1]}…").replace("$", r"\$")

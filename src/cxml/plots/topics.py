"""What customers talk about: the shares of topics over time, and what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import shorten
from cxml.plots._words import short
from cxml.plots.style import BLUE, COLOURS, GREY, LINES, VERMILLION, canvas, dates, finish, note, paper, rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NEEDED = ("what", "share", "expected", "comments", "q_value")


def plot_topics(
    shares: Any, *, most: int = 6, title: str = "What do customers talk about?", ax: Axes | None = None
) -> Figure:
    """Draw the share of each topic: as lines over time, or as bars where there is only one period.

    Parameters
    ----------
    shares : DataFrame or Series of float in [0, 1]
        One row per period (its index, rising), one column per topic, as `cxml.voc.topic_shares` answers. A
        Series of topic -> share, such as ``table.set_index("name")["share"]``, is drawn as bars.
    most : int in 1 to 6, default=6
        Topics drawn as lines, those of the largest mean share; bars are at most 30.
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
        If `shares` is neither a DataFrame nor a Series.
    ValueError
        If there is no topic, or a share is missing or outside 0 to 1.

    References
    ----------
    .. [1] Cleveland, W. S., & McGill, R. (1984). Graphical perception. Journal of the American Statistical
       Association, 79(387), 531-554 (positions on one scale are read best).

    Examples
    --------
    >>> import pandas as pd
    >>> figure = plot_topics(pd.Series({"delivery": 0.6, "app": 0.4}))
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['delivery', 'app']
    >>> plot_topics(pd.Series({"delivery": 60.0}))
    Traceback (most recent call last):
        ...
    ValueError: `shares` must be fractions from 0 to 1, got 60.0 to 60.0. Divide counts by their sum.
    """
    import pandas as pd

    if not isinstance(shares, (pd.DataFrame, pd.Series)):
        raise TypeError(f"`shares` must be a DataFrame or a Series, got {type(shares).__name__}. Use topic_shares.")
    if not isinstance(most, int) or not 1 <= most <= len(COLOURS):
        raise ValueError(f"`most` must be 1 to {len(COLOURS)}, got {most!r}. More cannot be told apart at a glance.")
    values = np.asarray(shares, dtype=np.float64)
    if not values.size:
        raise ValueError("`shares` must hold at least one topic, got none. Check the filter before it.")
    if not bool(((values >= 0) & (values <= 1)).all()):
        raise ValueError(
            f"`shares` must be fractions from 0 to 1, got {values.min()} to {values.max()}. Divide counts by their sum."
        )
    if isinstance(shares, pd.Series) or len(shares) == 1:
        return _bars(shares if isinstance(shares, pd.Series) else shares.iloc[0], title, ax)
    return _lines(shares, most, title, ax)


def _bars(shares: Any, title: str, ax: Axes | None) -> Figure:
    shown = shares.sort_values(ascending=False, kind="stable").head(30)
    ax = canvas(ax, (7.2, 1.2 + 0.32 * len(shown)))
    ax.barh(np.arange(len(shown)), 100 * shown.to_numpy(), color=BLUE, height=0.62)
    for row, value in enumerate(shown):
        note(ax, f"{100 * value:.1f} %", (100 * value, row))
    rows(ax, shown.index)
    ax.set_xlim(0, 115 * float(shown.max()) or 1)
    return finish(ax, title=title, x="Share of comments (%)", y="", grid="x")


def _lines(shares: Any, most: int, title: str, ax: Axes | None) -> Figure:
    order = shares.mean().sort_values(ascending=False, kind="stable").index[:most]
    ax = canvas(ax, (7.6, 4.4))
    for name, colour, line in zip(order, COLOURS, LINES, strict=False):
        height = 100 * shares[name].to_numpy()
        ax.plot(shares.index, height, color=colour, linestyle=line, linewidth=1.8, label=short(name))
    if shares.index.dtype.kind == "M":
        dates(ax)
    ax.margins(x=0.01)
    ax.set_ylim(0, 108 * float(shares[order].to_numpy().max()) or 1)
    rest = shares.shape[1] - len(order)
    more = f", the {len(order)} largest of {shares.shape[1]} topics" if rest else ""
    return finish(ax, title=title, x="Time (start of the period)", y=f"Share of comments (%{more})")


def plot_emerging(
    found: Any, *, most: int = 15, title: str = "What is newly being talked about?", ax: Axes | None = None
) -> Figure:
    """Draw what is new: from the expected share (hollow) to the share in the newest period (filled).

    Parameters
    ----------
    found : DataFrame
        As `cxml.voc.emerging` answers: ``what``, ``share``, ``expected``, ``comments``, ``q_value``. Without a
        row the picture says that nothing is new.
    most : int >= 1, default=15
        Lines drawn, the first ones.
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
        If a column is missing, or `most` is below 1.

    References
    ----------
    .. [1] Cleveland, W. S., & McGill, R. (1984). Graphical perception. Journal of the American Statistical
       Association, 79(387), 531-554 (positions on one scale are read best).

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"what": "login error", "share": 0.1, "expected": 0.02, "comments": 30, "q_value": 0.001}
    >>> figure = plot_emerging(pd.DataFrame([row]))
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['login error']
    >>> plot_emerging(pd.DataFrame([row]).drop(columns="share"))
    Traceback (most recent call last):
        ...
    ValueError: `found` must hold the columns of emerging(...), it lacks 'share'. Pass its answer as it is.
    """
    missing = [name for name in _NEEDED if name not in getattr(found, "columns", ())]
    if missing:
        raise ValueError(
            f"`found` must hold the columns of emerging(...), it lacks {shorten(missing)}. Pass its answer as it is."
        )
    if not isinstance(most, int) or most < 1:
        raise ValueError(f"`most` must be a whole number from 1 up, got {most!r}. The default is 15.")
    shown = found.head(most)
    ax = canvas(ax, (7.6, 1.5 + 0.36 * max(len(shown), 1)))
    places = np.arange(len(shown))
    now, usual = 100 * shown["share"].to_numpy(), 100 * shown["expected"].to_numpy()
    ax.hlines(places, usual, now, color=GREY, linewidth=2)
    words = ("expected", "newest period") if len(shown) else (None, None)
    ax.plot(usual, places, "o", color=GREY, markerfacecolor=paper(ax), markersize=7, label=words[0])
    ax.plot(now, places, "o", color=VERMILLION, markersize=8, label=words[1])
    for row, count, value, before in zip(places, shown["comments"], now, usual, strict=True):
        note(ax, f"{count:,} comments", (max(value, before), row), shift=(8, 0))
    rows(ax, shown["what"])
    ax.set_xlim(0, 1.35 * float(now.max()) if len(shown) else 1)
    if not len(shown):
        ax.set(xticks=[])
        note(ax, "Nothing new", (0.5, 0), shift=(0, 0), ha="center")
    return finish(ax, title=title, x="Share of comments (%)", y="", grid="x")

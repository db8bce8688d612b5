"""A picture of where a change comes from: what each segment adds to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cxml.errors import shorten
from cxml.frames import check_columns
from cxml.plots._words import minus, signed
from cxml.plots.style import BLUE, GREY, ORANGE, VERMILLION, canvas, finish, note, rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_root_causes(
    table: pd.DataFrame,
    *,
    total: float | None = None,
    unit: str = "contacts",
    most: int = 10,
    title: str = "Where does the change come from?",
    ax: Axes | None = None,
) -> Figure:
    """Draw what each segment adds to a change, from the top down, until the whole change is reached.

    Parameters
    ----------
    table : DataFrame
        ``segment`` (text) and ``change`` (in `unit`), in the order drawn, of changes that add up; of a ratio also
        ``effect``, which is written behind the segment: one can come twice, by its rate and by its part in the mix.
    total : float, optional
        The whole change. What the segments do not explain is the bar "all else". By default the sum of `table`.
    unit : str, default="contacts"
        Unit of the change, for the axis label.
    most : int >= 1, default=10
        Segments drawn; those after are part of "all else".
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
        If there is no segment, or a change is missing or infinite.

    References
    ----------
    .. [1] Bhagwan, R., et al. (2014). Adtributor: revenue debugging in advertising systems. Proceedings of USENIX NSDI,
       43-55 (a change split among the segments that explain it).

    Examples
    --------
    >>> import pandas as pd
    >>> causes = pd.DataFrame({"segment": ["channel=chat, topic=billing"], "change": [120.0]})
    >>> [text.get_text() for text in plot_root_causes(causes, total=150.0).axes[0].get_yticklabels()]
    ['channel=chat, topic=billing', 'all else', 'whole change']
    >>> plot_root_causes(causes.assign(change=float("nan")))
    Traceback (most recent call last):
        ...
    ValueError: The changes of segments must be finite, got NaN or infinity for 'channel=chat, topic=billing'. \
Leave these out.
    """
    check_columns(
        [str(name) for name in table.columns],
        ["segment", "change"],
        what="A picture of root causes",
        advice="Name them so.",
    )
    if table.empty or most < 1:
        raise ValueError(f"`table` must hold a segment and `most` be 1 or more, got {len(table)} and {most!r}.")
    names = [str(name) for name in table["segment"]]
    if "effect" in table:
        effects = [str(effect) for effect in table["effect"]]
        names = [name if of == "amount" else f"{name} ({of})" for name, of in zip(names, effects, strict=True)]
    change = table["change"].to_numpy(dtype=np.float64, na_value=np.nan)
    broken = [names[place] for place in np.flatnonzero(~np.isfinite(change))]
    if broken:
        raise ValueError(
            f"The changes of segments must be finite, got NaN or infinity for {shorten(broken)}. Leave these out."
        )
    whole = float(change.sum()) if total is None else float(total)
    names, change = names[:most], change[:most]
    left = whole - float(change.sum())
    if abs(left) > 1e-9 * max(abs(whole), 1.0):
        names, change = [*names, "all else"], np.r_[change, left]
    ax = canvas(ax, (7.4, 1.5 + 0.36 * (len(names) + 1)))
    starts = np.r_[0.0, np.cumsum(change)[:-1]]
    for row, (begin, step) in enumerate(zip(starts, change, strict=True)):
        colour = GREY if names[row] == "all else" else VERMILLION if step < 0 else BLUE
        ax.barh(row, step, left=begin, height=0.62, color=colour)
        ax.plot([begin + step] * 2, [row - 0.31, row + 1.31], color=GREY, linewidth=0.9)
        _tell(ax, row, begin, step, whole)
    ax.barh(len(names), whole, height=0.62, color=ORANGE)
    _tell(ax, len(names), 0.0, whole, whole)
    ax.axvline(0, color=GREY, linewidth=1)
    rows(ax, [*names, "whole change"])
    ax.margins(x=0.2)
    return finish(ax, title=title, x=f"Change against what was expected ({unit})", y="", grid="x")


def _tell(ax: Axes, row: int, begin: float, step: float, whole: float) -> None:
    """Write the change and its share of the whole beside its bar."""
    share = f" ({100 * step / whole + 0.0:.0f} %)" if whole else ""
    share = share.replace("(-0 %)", "(0 %)")
    after = max(begin, begin + step)
    digits = 2 - math.floor(math.log10(abs(whole))) if 0 < abs(whole) < 10 else 0
    note(ax, signed(step, digits or None) + minus(share), (after, row))

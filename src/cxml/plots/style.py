"""One form for every picture: `canvas`, then what is drawn, with these helpers, then `finish`.

Every colour stands out from white and from black alike, every interval, note and list of names looks the same in all
pictures, and the legend stands above the axes, where it hides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from cxml.plots._words import breadth, folded, short
from cxml.plots.fonts import set_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

BLUE: Final = "#0674C1"
ORANGE: Final = "#C4890F"
GREEN: Final = "#5D6E4B"
VERMILLION: Final = "#D51200"
PURPLE: Final = "#AC3F92"
TEAL: Final = "#12A3AF"
GREY: Final = "#8C8C8C"
"""For what is not the subject: diagonals, baselines, connectors."""

COLOURS: Final = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, TEAL)
"""The hues of Okabe & Ito (2008), "Color universal design", moved until each has a WCAG contrast of at least 3 on white
and on black and the nearest two, as colour-blind eyes see them (Machado et al. 2009), are as far apart as can be."""

LINES: Final = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
"""Line styles beside the colours, so that a grey print still tells the series apart."""

BROKEN: Final = (0, (4, 3))
"""The line style of what is compared with: a diagonal, a budget, half of the customers."""

INK: Final = "#262626"

_MOST_DATES: Final = 9
_TITLE, _LABEL, _NOTE = 13.0, 10.0, 9.0  # sizes in points; that of notes is also that of ticks and legend
_KEY: Final = 0.55  # inches of a legend's line and the blanks beside it
_LEGEND_ROW: Final = 1.55 * _NOTE

Series = TypeVar("Series")
Side: TypeAlias = Literal["left", "center", "right"]


def canvas(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Make or take the axes to draw in.

    Parameters
    ----------
    ax : matplotlib Axes or None
        The caller's axes; None makes a new figure on white.
    size : tuple of float, inches
        Width and height of a new figure.

    Returns
    -------
    matplotlib Axes
        Their `ink` is the colour of text, their `paper` that of the ground.
    """
    return panels(1, size)[0] if ax is None else ax


def panels(count: int, size: tuple[float, float]) -> list[Axes]:
    """Make a new figure on white with so many axes, one below the other, each as `canvas` makes it."""
    from cxml.plots._picture import Picture

    figure = Picture(figsize=size, layout="constrained", facecolor="white")
    made = [figure.add_subplot(count, 1, place + 1, facecolor="white") for place in range(count)]
    for ax in made:
        ax.tick_params(colors=INK)
        for text in (ax.title, ax.xaxis.label, ax.yaxis.label):
            text.set_color(INK)
    return made


def ink(ax: Axes) -> str:
    """Give the colour of text in some axes: that of their labels."""
    return str(ax.xaxis.label.get_color())


def paper(ax: Axes) -> tuple[float, float, float, float]:
    """Give the colour behind what is drawn, for the inside of hollow markers and the lines between cells."""
    from matplotlib.colors import to_rgba

    own = to_rgba(ax.get_facecolor())
    return own if own[3] else to_rgba(ax.figure.canvas.figure.get_facecolor())


def side(across: float) -> Side:
    """Tell how a note at some share of the width is aligned, so that it stays within the picture."""
    return "left" if across < 0.35 else "right" if across > 0.65 else "center"


def note(
    ax: Axes,
    text: str,
    point: tuple[Any, Any],
    *,
    shift: tuple[float, float] = (5, 0),
    ha: Side = "left",
    va: Literal["top", "center", "bottom"] = "center",
    colour: str | None = None,
) -> None:
    """Write a note beside a point, `shift` points of the font away from it, in the ink of the axes."""
    ax.annotate(
        text, point, shift, textcoords="offset points", ha=ha, va=va, fontsize=_NOTE, color=colour or ink(ax)
    )  # fmt: skip


def rows(ax: Axes, names: Iterable[object]) -> None:
    """Give each row from the top down its name; the axis needs no other label."""
    labels = [short(name) for name in names]
    ax.set_yticks(range(len(labels)), labels=labels)
    ax.set_ylim(max(len(labels), 1) - 0.4, -0.6)


def interval(
    ax: Axes, places: ArrayLike, low: ArrayLike, high: ArrayLike, *, colour: str, along: Literal["x", "y"] = "x"
) -> None:
    """Draw intervals as lines along an axis, one at each place of the other."""
    draw = ax.hlines if along == "x" else ax.vlines
    draw(places, low, high, color=colour, linewidth=2.4)


def band(
    ax: Axes, x: ArrayLike, low: ArrayLike, high: ArrayLike, *, colour: str, alpha: float = 0.2, **look: Any
) -> None:
    """Fill what lies between two curves, with an edge that is seen where the colour is pale."""
    ax.fill_between(x, low, high, facecolor=(colour, alpha), edgecolor=colour, linewidth=0.6, **look)


def dates(ax: Axes) -> None:
    """Write dates along the x axis, few enough that they do not touch."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=_MOST_DATES)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def finish(
    ax: Axes, *, title: str, x: str, y: str, grid: Literal["x", "y", "both", "none"] = "y", above: float = 0.0
) -> Figure:
    """Label the axes with their units, set the legend above them, quieten the frame, and choose fonts.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with everything drawn; artists with a label come into the legend.
    title, x, y : str
        Title and axis labels; the labels with their units, "" for an axis of names.
    grid : {"x", "y", "both", "none"}, default="y"
        Which grid lines to draw.
    above : float, inches, default=0.0
        Room kept above the axes, below the legend and the title.

    Returns
    -------
    matplotlib Figure
        The whole figure, also of axes in a subfigure.
    """
    _numbers(ax)
    height = 72 * above + _legend(ax, above)
    wide, high = room(ax)
    ax.set_title(folded(title, wide / _letter(_TITLE)), loc="left", fontsize=_TITLE, color=ink(ax), pad=8 + height)
    ax.set_xlabel(folded(x, 1.08 * wide / _letter(_LABEL)), fontsize=_LABEL)
    ax.set_ylabel(folded(y, (high - height / 72) / _letter(_LABEL)), fontsize=_LABEL)
    ax.tick_params(labelsize=_NOTE, length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(GREY)
    ax.set_axisbelow(True)
    ax.grid(visible=False)
    if grid != "none":
        ax.grid(visible=True, axis=grid, color=GREY, alpha=0.25, linewidth=0.8)
    set_fonts(ax)
    return ax.figure.canvas.figure


def _legend(ax: Axes, above: float) -> float:
    """Set the legend above the axes in as many columns as fit, and answer with its height in points."""
    from matplotlib.transforms import ScaledTranslation

    drawn, labels = ax.get_legend_handles_labels()
    if not labels:
        return 0.0
    columns = _columns([_KEY + _letter(_NOTE) * breadth(label) for label in labels], room(ax)[0])
    lifted = ax.transAxes + ScaledTranslation(0, above + 4 / 72, ax.figure.canvas.figure.dpi_scale_trans)
    ax.legend(
        drawn, labels, loc="lower left", bbox_to_anchor=(0, 1), bbox_transform=lifted, ncols=columns,
        frameon=False, fontsize=_NOTE, labelcolor=ink(ax), borderpad=0, borderaxespad=0, columnspacing=1.4,
    )  # fmt: skip
    return _LEGEND_ROW * -(-len(labels) // columns)


def _columns(widths: Sequence[float], room: float) -> int:
    """Count the columns that fit, the fewest of as many rows, filled from the top down as matplotlib fills them."""
    size = len(widths)
    for height in range(1, size):
        columns = -(-size // height)
        least, longer = divmod(size, columns)
        starts = [place * least + min(place, longer) for place in range(columns + 1)]
        if sum(max(widths[start:stop]) for start, stop in pairwise(starts)) <= room:
            return columns
    return 1


def _letter(size: float) -> float:
    """Guess the width of a Latin letter, in inches; sizes are in points."""
    return 0.56 * size / 72


def room(ax: Axes) -> tuple[float, float]:
    """Guess the width, beside the names of the rows, and the height of the axes in inches, before they are laid out."""
    width, height = ax.figure.canvas.figure.get_size_inches()
    place = ax.get_position()
    names = max((breadth(label.get_text()) for label in ax.get_yticklabels()), default=0)
    return float(width * place.width / 0.8 - _letter(_NOTE) * names), float(height * place.height / 0.8)


def _numbers(ax: Axes) -> None:
    """Write numbers with separators of thousands, and fewer of them along the x axis where they are long."""
    for axis in (ax.xaxis, ax.yaxis):
        if type(axis.get_major_formatter()).__name__ == "ScalarFormatter":
            axis.set_major_formatter("{x:,.12g}")
    if type(ax.xaxis.get_major_locator()).__name__ == "AutoLocator":
        longest = max(len(f"{tick:,.6g}") for tick in ax.get_xticks())
        if longest > 4:
            ax.locator_params(axis="x", nbins=max(2, min(9, int(room(ax)[0] / (_letter(_NOTE) * (longest + 4))))))


def named(series: Mapping[str, Series], what: str) -> dict[str, Series]:
    """Check that a mapping of named series is one that the colours can tell apart.

    Parameters
    ----------
    series : mapping of str to anything
        What to draw, by name.
    what : str
        Name of the argument, for the message.

    Returns
    -------
    dict

    Raises
    ------
    TypeError
        If it is not a mapping.
    ValueError
        If it is empty or holds more series than there are colours.
    """
    if not isinstance(series, Mapping):
        raise TypeError(f"`{what}` must map names to arrays, got {type(series).__name__}. Write {{'model': array}}.")
    if not 0 < len(series) <= len(COLOURS):
        raise ValueError(
            f"`{what}` must hold 1 to {len(COLOURS)} series, got {len(series)}. More cannot be told apart at a glance."
        )
    return dict(series)

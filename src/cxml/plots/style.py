"""One look for every picture: colours that the colour-blind can tell apart, quiet axes, fonts that hold the text."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
GREY: Final = "#8C8C8C"
"""Readable on white and on black; for what is not the subject: diagonals, baselines, connectors."""

COLOURS: Final = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY)
"""Okabe & Ito (2008), "Color universal design", without the yellow and black that vanish on white or on dark."""

LINES: Final = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
"""Line styles beside the colours, so that a grey print still tells the series apart."""

INK: Final = "#262626"

FONTS: Final = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Pretendard",
    "NanumGothic",
    "NanumBarunGothic",
    "NanumSquare",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "Source Han Sans KR",
    "UnDotum",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Arial Unicode MS",
)
"""Fonts with Korean glyphs on Linux, Windows and macOS, the best looking first."""

_FALLBACK: Final = "DejaVu Sans"  # ships with matplotlib: Latin letters and signs such as the minus
_BOXES: Final = "Last Resort High-Efficiency"  # ships with matplotlib: a box for every character there is
_NO_FONT: Final = (
    "A picture needs a font that holds its letters, and none is installed; boxes are drawn instead. Install "
    "NanumGothic or Noto Sans CJK KR (Debian, Ubuntu: apt-get install fonts-nanum) and restart Python. If it is "
    "still not found, delete the folder that matplotlib.get_cachedir() names."
)

Corner: TypeAlias = Literal["upper left", "upper right", "lower left", "lower right", "best"]
Series = TypeVar("Series")


def canvas(ax: Axes | None, size: tuple[float, float]) -> tuple[Figure, Axes, str]:
    """Make or take the axes to draw in.

    Parameters
    ----------
    ax : matplotlib Axes or None
        The caller's axes; None makes a new figure on white.
    size : tuple of float, inches
        Width and height of a new figure.

    Returns
    -------
    figure, axes, ink
        `ink` is the colour for text: that of the caller's axis labels, or nearly black.
    """
    if ax is not None:
        return ax.figure.canvas.figure, ax, str(ax.xaxis.label.get_color())
    from cxml.plots._picture import Picture

    figure = Picture(figsize=size, layout="constrained", facecolor="white")
    made = figure.add_subplot(facecolor="white")
    made.tick_params(colors=INK)
    for text in (made.title, made.xaxis.label, made.yaxis.label):
        text.set_color(INK)
    return figure, made, INK


def finish(ax: Axes, *, title: str, x: str, y: str, grid: Literal["x", "y", "both"] = "y") -> None:
    """Label the axes with their units, quieten the frame, and choose a font that holds every character.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with everything drawn.
    title, x, y : str
        Title and axis labels; the labels with their units.
    grid : {"x", "y", "both"}, default="y"
        Which grid lines to draw.
    """
    ax.set_title(title, loc="left", fontsize=13, color=ax.xaxis.label.get_color(), pad=10)
    ax.set_xlabel(x, fontsize=10)
    ax.set_ylabel(y, fontsize=10)
    ax.tick_params(labelsize=9, length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(GREY)
    ax.set_axisbelow(True)
    ax.grid(visible=False)
    ax.grid(visible=True, axis=grid, color=GREY, alpha=0.25, linewidth=0.8)
    _set_fonts(ax)


def legend(ax: Axes, *, place: Corner, ink: str) -> None:
    """Draw a legend without a frame, in the ink of the axes.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with labelled artists.
    place : {"upper left", "upper right", "lower left", "lower right", "best"}
        Where.
    ink : str
        Colour of the text.
    """
    ax.legend(loc=place, frameon=False, fontsize=9, labelcolor=ink)


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


def amount(value: float) -> str:
    """Write a number with as many digits as a reader uses.

    Parameters
    ----------
    value : float
        Any amount.

    Returns
    -------
    str

    Examples
    --------
    >>> amount(8.5371), amount(-21340.2), amount(0)
    ('8.54', '-21,340', '0')
    """
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:,.2f}"


def font_family(texts: Iterable[str]) -> list[str]:
    """Choose fonts that hold all characters of some texts; warn once where none is installed.

    The fonts set in matplotlib come first, so a figure keeps its usual face unless a character is missing
    there. Where no font has it, a box is drawn for it and one warning names fonts to install.

    Parameters
    ----------
    texts : iterable of str
        Everything that will be written.

    Returns
    -------
    list of str
        Family names for matplotlib's ``fontfamily``, the best first.

    Warns
    -----
    UserWarning
        If no known font holds the characters.
    """
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    def lacking(name: str) -> set[int]:
        font = get_font(findfont(FontProperties(family=name)))
        return {letter for letter in needed if not font.get_char_index(letter)}

    installed = {font.name for font in fontManager.ttflist}
    usual = [name for name in _usual_fonts() if name in installed][:1]
    needed = {ord(letter) for text in texts for letter in text if letter.isprintable() and not letter.isspace()}
    needed = lacking(_FALLBACK)
    for name in [*usual, *(name for name in FONTS if name in installed)]:
        if not lacking(name):
            return list(dict.fromkeys([name, *usual, _FALLBACK]))
    _warn_of_boxes()
    return list(dict.fromkeys([*usual, _FALLBACK, *({_BOXES} & installed)]))


@cache
def _warn_of_boxes() -> None:
    """Say once in a process what is missing; Python's own "once" is undone by whoever catches warnings."""
    warnings.warn(_NO_FONT, UserWarning, stacklevel=4)


def _usual_fonts() -> list[str]:
    from matplotlib import rcParams

    generic = {
        "sans-serif": rcParams["font.sans-serif"],
        "serif": rcParams["font.serif"],
        "monospace": rcParams["font.monospace"],
    }
    return [name for family in rcParams["font.family"] for name in generic.get(family, [family])]


def _set_fonts(ax: Axes) -> None:
    from matplotlib.text import Text

    written = [text for text in ax.findobj(Text) if isinstance(text, Text)]
    labels = [str(label) for axis in (ax.xaxis, ax.yaxis) for label in getattr(axis.get_major_formatter(), "seq", ())]
    family = font_family([text.get_text() for text in written] + labels)
    for text in written:
        text.set_fontfamily(family)

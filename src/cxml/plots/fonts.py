"""Fonts that hold what is written: Korean labels are drawn where the system has a font for them, whenever it came."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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

_FILES: Final = (
    *("notosanscjk", "notosanskr", "pretendard", "nanumgothic", "nanumbarungothic", "nanumsquare", "malgun"),
    *("applesdgothicneo", "applegothic", "sourcehansans", "undotum", "arialunicode"),
)
"""How the files of these fonts begin, in small letters without blanks and signs."""

_FALLBACK: Final = "DejaVu Sans"  # ships with matplotlib: Latin letters and signs such as the minus
_BOXES: Final = "Last Resort High-Efficiency"  # ships with matplotlib: a box for every character there is
_NO_FONT: Final = (
    "A picture needs a font that holds its letters, and none is installed; boxes are drawn instead. Install "
    "NanumGothic or Noto Sans CJK KR (Debian, Ubuntu: apt-get install fonts-nanum) and restart Python."
)


def font_family(texts: Iterable[str]) -> list[str]:
    """Choose fonts that hold all characters of some texts; warn once where none is installed.

    The fonts set in matplotlib come first, so a figure keeps its usual face unless a character is missing
    there. matplotlib lists the fonts of a system once and keeps the list; where it knows none that fits, the
    system is looked through again, for one that was installed since. Where no font has a character, a box is
    drawn for it and one warning names fonts to install.

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

    def installed() -> set[str]:
        return {font.name for font in fontManager.ttflist}

    usual = [name for name in _usual_fonts() if name in installed()][:1]
    needed = {ord(letter) for text in texts for letter in text if letter.isprintable() and not letter.isspace()}
    needed = lacking(_FALLBACK)
    for look_again in (False, True):
        if look_again:
            _add_new_fonts()
        known = installed()
        for name in [*usual, *(name for name in FONTS if name in known)]:
            if not lacking(name):
                return list(dict.fromkeys([name, *usual, _FALLBACK]))
    _warn_of_boxes()
    return list(dict.fromkeys([*usual, _FALLBACK, *({_BOXES} & installed())]))


def set_fonts(ax: Axes) -> None:
    """Write everything in and around some axes in fonts that hold it, also ticks that are made later.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with everything drawn and labelled.
    """
    from matplotlib.text import Text

    written = [text for text in ax.findobj(Text) if isinstance(text, Text)]
    family = font_family(text.get_text() for text in written)
    for text in written:
        text.set_fontfamily(family)
    for each in (ax, *ax.child_axes):
        each.tick_params(labelfontfamily=family)


@cache
def _add_new_fonts() -> None:
    """Let matplotlib know of fonts that came after it made its list, for this process."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    listed = {font.fname for font in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - listed):
        if "".join(filter(str.isalnum, Path(path).stem.lower())).startswith(_FILES):
            fontManager.addfont(path)


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

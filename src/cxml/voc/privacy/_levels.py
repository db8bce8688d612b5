"""One plain sign for every other writing of it: full-width, circled and mathematical digits, dashes, spaces."""

from __future__ import annotations

import re
import unicodedata

_DASHES = "‐‑‒–—―−﹘﹣ㅡㅣᅳ⁃"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def _levels() -> dict[int, str]:
    """Give one plain sign for each sign that is another writing of it, so that positions stay."""
    levels = {code: "-" for code in map(ord, _DASHES) if code != ord("ㅣ")}
    for code in [*range(0xFF01, 0xFF5F), *range(0x2460, 0x2469), *range(0x1D7CE, 0x1D800), 0x24EA, 0xFFE6]:
        plain = unicodedata.normalize("NFKC", chr(code))
        levels[code] = plain if len(plain) == 1 else "￦"
    spaces = [0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 9]
    return levels | dict.fromkeys(spaces, " ") | {0x3161: "-", 0x2018: "'", 0x2019: "'", 0xB7: ".", 0x318D: "."}


_LEVELS = _levels()
_NEEDS_LEVELS = re.compile("[" + "".join(map(re.escape, map(chr, _LEVELS))) + "]")
_NEEDS_MOVING = re.compile(f"[{_INVISIBLE}\u1100-\u11ff]")
#: Left out: invisible characters. Joined: the parts in which some systems store a Hangul syllable.
_LETTER = re.compile(f"[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[^{_INVISIBLE}]")


def level(text: str) -> tuple[str, list[int], list[int]]:
    """Bring a text to plain signs; and where its characters began and ended, if some were removed or joined."""
    if text.isascii():
        return text.replace("\t", " "), [], []
    starts: list[int] = []
    ends: list[int] = []
    if _NEEDS_MOVING.search(text):
        pieces = []
        for found in _LETTER.finditer(text):
            joined = unicodedata.normalize("NFC", found[0])
            pieces.append(joined)
            starts += [found.start()] * len(joined)
            ends += [found.end()] * len(joined)
        text = "".join(pieces)
    return (text.translate(_LEVELS) if _NEEDS_LEVELS.search(text) else text), starts, ends

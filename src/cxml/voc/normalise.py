"""Write a comment the way that models read it: one spelling for what people write in many.

What carries feeling stays (ㅋㅋ, ㅠㅠ, !!, emoji); what only multiplies spellings goes: width, case, control
characters, the length of a repeat, the form that a keyboard or a file system gave to Hangul.
"""

from __future__ import annotations

import re
import unicodedata

#: Runs longer than this are cut: "ㅋㅋㅋㅋㅋ" and "ㅋㅋㅋ" are one laugh, and still another one than "ㅋ".
_LONGEST_RUN = 3
#: Stands for any piece of personal data that was masked, so that its kind's letters are not read as words.
MASKED = "\ue000"

_RUN = re.compile(rf"(.)\1{{{_LONGEST_RUN},}}", re.DOTALL)
_SPACE = re.compile(r"\s+")
#: What `cxml.voc.privacy.mask` leaves behind.
_MASK = re.compile(r"<[A-Z][A-Z_]*>")
#: Decomposed Hangul and combining accents: what NFC would join.
_LOOSE = re.compile("[\u0300-\u036f\u1100-\u11ff]")


def _table() -> dict[int, str | int | None]:
    table: dict[int, str | int | None] = dict.fromkeys(range(32), " ")
    table |= dict.fromkeys(range(127, 160), " ")
    # Full-width letters and signs. NFKC would do so too, but would make of ㅋ a letter that joins its neighbours.
    table |= {0xFF01 + place: 0x21 + place for place in range(94)}
    table[0x3000] = " "
    # Zero-width marks, soft hyphens, the choice between text and picture of an emoji, skin tones.
    table |= dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])
    table |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # lone halves of a pair: no text can hold them
    table |= {ord(one): to for one, to in zip("ㅜ‘’“”～…", ("ㅠ", "'", "'", '"', '"', "~", "..."), strict=True)}
    return table


_TABLE = _table()


def letters_of(text: str) -> str:
    """Name what a comment says, for telling copies: its letters and digits; all of it where it has none.

    >>> letters_of("늦어요!!") == letters_of("늦어 요")
    True
    """
    return "".join(filter(str.isalnum, text)) or text


def normalise(text: str) -> str:
    r"""Write a comment in one spelling.

    Parameters
    ----------
    text : str
        Masked (`cxml.voc.privacy.mask`) or not.

    Returns
    -------
    str
        Lower case; one space between words and none around; a character three times in a row at most; full-width
        signs as narrow ones; composed Hangul; ㅜ as ㅠ; nothing invisible. Empty where nothing is left.

    Examples
    --------
    >>> normalise("  배송이 너무　늦어요ㅜㅜㅜㅜㅜ  ＡＳ도\n엉망!!!!! ")
    '배송이 너무 늦어요ㅠㅠㅠ as도 엉망!!!'
    """
    if _LOOSE.search(text):
        text = unicodedata.normalize("NFC", text)
    text = _MASK.sub(MASKED, text) if "<" in text else text
    text = _SPACE.sub(" ", text.translate(_TABLE).lower()).strip()
    return _RUN.sub(lambda found: found[1] * _LONGEST_RUN, text)

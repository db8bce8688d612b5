"""How pictures write numbers and names."""

from __future__ import annotations

import unicodedata

LONGEST = 34  # Latin letters of a name, so that the bars keep half of the picture
_WIDE = 1.6  # Latin letters that a Korean one takes


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
    >>> amount(8.5371), amount(-21340.2), amount(0.00412), amount(0)
    ('8.54', '−21,340', '0.0041', '0')
    """
    if abs(value) >= 100 or value == 0:
        return minus(f"{value:,.0f}")
    return minus(f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.2g}")


def signed(value: float, digits: int | None = None) -> str:
    """Write a change with its sign, and as many decimals as are asked, or as `amount` has.

    >>> signed(-0.25, 1), signed(0.5), signed(-1850)
    ('−0.2', '+0.50', '−1,850')
    """
    written = amount(value) if digits is None else minus(f"{value:,.{digits}f}")
    return written if written.startswith("\N{MINUS SIGN}") else f"+{written}"


def minus(number: str) -> str:
    """Write the sign of a number as it is printed, the width of a plus."""
    return number.replace("-", "\N{MINUS SIGN}")


def capital(text: str) -> str:
    """Begin with a capital and leave the rest.

    >>> capital("calls of VIPs")
    'Calls of VIPs'
    """
    return text[:1].upper() + text[1:]


def breadth(text: str) -> float:
    """Count the Latin letters that a text is as wide as.

    >>> breadth("tenure"), breadth("가입 개월")
    (6.0, 7.4)
    """
    return round(sum(_WIDE if unicodedata.east_asian_width(letter) in "WF" else 1.0 for letter in text), 1)


def cut(name: object, longest: float) -> str:
    """Write a name so that it is not wider than so many Latin letters.

    >>> cut("a" * 40, 8), cut("해지 방어 상담", 8)
    ('aaaaaaa…', '해지 방…')
    """
    text = str(name)
    if breadth(text) > longest:
        while breadth(text) > longest - 1:
            text = text[:-1]
        text = text.rstrip() + "…"
    return text


def short(name: object) -> str:
    """Write a name as long as a label may be, as plain text: a price is no formula."""
    return cut(name, LONGEST).replace("$", r"\$")


def folded(text: str, longest: float) -> str:
    """Break a text between its words into lines that are not wider than so many Latin letters, where it can be.

    >>> folded("상담 문의와 안내", 10).split(chr(10))
    ['상담 문의와', '안내']
    """
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if breadth(longer) <= longest:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(line for line in lines if line)

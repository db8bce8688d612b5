"""Personal data in comments: found by rules, and replaced by its kind before anything learns, logs or shows it.

Rules of the form (how telephone numbers, cards, accounts, addresses ... are written in Korea and abroad), check digits
where they exist, and the words around where the form alone is ambiguous. Nothing is learned and nothing is downloaded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from numbers import Number
from typing import TYPE_CHECKING, TypeVar, overload

from cxml.errors import ConfigError, FrameError
from cxml.voc.privacy._finding import PersonalData, find, replace
from cxml.voc.privacy._patterns import Rule

if TYPE_CHECKING:
    import pandas as pd

    Texts = TypeVar("Texts", list[str], list[str | None], "pd.Series[str]")

__all__ = ["KINDS", "PersonalData", "find_personal_data", "mask", "mask_and_count"]

#: What is found without patterns of one's own.
KINDS = (
    *("PHONE", "RRN", "FRN", "SSN", "ACCOUNT", "CARD", "PASSPORT", "DRIVER_LICENCE", "BUSINESS_NUMBER"),
    *("EMAIL", "ADDRESS", "PLATE", "NAME"),
)
_KIND = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


def find_personal_data(text: str, *, patterns: Mapping[str, str] | None = None) -> list[PersonalData]:
    """Find personal data in a Korean or English text by rules.

    Full-width signs, unusual dashes and spaces, and invisible characters do not hide a number. A weak form, such as
    twelve digits, counts only with a word beside it that says what it is. Numbers of companies (1588-0000, 080-...,
    1-800-...) do not count, nor do names without a title or a word that announces them.

    Parameters
    ----------
    text : str
        Of any length; the time grows in proportion to it.
    patterns : mapping of str to str, optional
        Kinds of your own, such as ``{"ORDER": "ORD-[0-9]{8}"}``: a name in capitals and a regular expression. They are
        tried on the text with plain signs (full-width digits made plain), and come first where they overlap with
        others. How long they take is theirs.

    Returns
    -------
    list of PersonalData
        In order of place; they do not overlap.

    Raises
    ------
    FrameError
        If the text is no str.
    ConfigError
        If a pattern is no valid regular expression, can match nothing, or has a name that is not in capitals.

    References
    ----------
    .. [1] Resident registration numbers carry a birth date and a digit of the century and sex; since October 2020 the
       other digits are random (Ministry of the Interior and Safety), so no check digit is asked.
    .. [2] ISO/IEC 7812-1: check digits of cards (Luhn).
    .. [3] National Tax Service of Korea: check digit of business registration numbers.

    Examples
    --------
    >>> find_personal_data("010-1234-5678로 연락 주세요")
    [PersonalData(kind='PHONE', start=0, end=13)]
    >>> find_personal_data("12,900원이 2024-01-05에 결제됐어요")
    []
    >>> find_personal_data(None)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The text must be a str - got NoneType. Leave missing values out, or give `mask` a list.
    """
    if not isinstance(text, str):
        raise FrameError(
            f"The text must be a str - got {type(text).__name__}. Leave missing values out, or give `mask` a list."
        )
    return find(text, _own_rules(patterns))


@overload
def mask(text: str, *, patterns: Mapping[str, str] | None = None) -> str: ...
@overload
def mask(text: Texts, *, patterns: Mapping[str, str] | None = None) -> Texts: ...
def mask(text: object, *, patterns: Mapping[str, str] | None = None) -> object:
    """Replace personal data by its kind, such as ``<PHONE>``. Masking twice changes nothing.

    Parameters
    ----------
    text : str, list of str, or Series
        Missing values (None, NaN, NA) stay what they are.
    patterns : mapping of str to str, optional
        As in `find_personal_data`.

    Returns
    -------
    str, list or Series
        As given: a Series keeps its index and name; one of categories comes back as plain texts.

    Raises
    ------
    FrameError
        If it is none of these, or holds anything but texts and missing values.
    ConfigError
        As `find_personal_data`.

    Examples
    --------
    >>> mask("김철수씨 카드 4111-1111-1111-1111, 주문 ORD-12345678", patterns={"ORDER": "ORD-[0-9]{8}"})
    '<NAME>씨 카드 <CARD>, 주문 <ORDER>'
    >>> mask(["call me at 212-555-0123", None])
    ['call me at <PHONE>', None]
    >>> mask(["fine", 5])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The texts must be str or missing - got int at position 1. Convert the column to text first.
    """
    own = _own_rules(patterns)
    if isinstance(text, str):
        return replace(text, find(text, own))
    if isinstance(text, list):
        return [one if missing else replace(one, find(one, own)) for one, missing in _checked(text)]
    if hasattr(text, "index") and hasattr(text, "to_list"):
        masked = [one if missing else replace(one, find(one, own)) for one, missing in _checked(text.to_list())]
        # a mask is no category of the column, and what is no category would be lost
        dtype = getattr(text, "dtype", None)
        return type(text)(  # type: ignore[call-arg]
            masked,
            index=text.index,
            name=getattr(text, "name", None),
            dtype=object if str(dtype) == "category" else dtype,
        )
    raise FrameError(
        f"The texts must be a str, a list of str, or a pandas Series - got {type(text).__name__}. "
        "Give one column, such as frame['text']."
    )


def mask_and_count(
    texts: Sequence[str], *, patterns: Mapping[str, str] | None = None
) -> tuple[list[str], dict[str, int]]:
    """Mask texts for training, and count what was replaced. The counts may be logged; they hold no values.

    Parameters
    ----------
    texts : sequence of str
        A missing value is an error here: what a model learns from is decided before.
    patterns : mapping of str to str, optional
        As in `find_personal_data`.

    Returns
    -------
    texts : list of str
        Masked, in the same order.
    counts : dict of str to int
        Replacements of each kind that occurred, in alphabetical order.

    Raises
    ------
    FrameError
        If a text is no str.
    ConfigError
        As `find_personal_data`.

    Examples
    --------
    >>> mask_and_count(["hong@example.com으로 주세요", "010-1234-5678 또는 02-345-6789"])
    (['<EMAIL>으로 주세요', '<PHONE> 또는 <PHONE>'], {'EMAIL': 1, 'PHONE': 2})
    >>> mask_and_count(["fine", None])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The texts must be str - got a missing value at position 1. Drop such \
rows, or fill them with ''.
    """
    if isinstance(texts, str):
        raise FrameError("The texts must be a list of str - got one str. Put it into a list: [text].")
    own = _own_rules(patterns)
    masked, counts = [], Counter[str]()
    for place, (one, missing) in enumerate(_checked(texts)):
        if missing:
            raise FrameError(
                f"The texts must be str - got a missing value at position {place:,}. "
                "Drop such rows, or fill them with ''."
            )
        found = find(one, own)
        counts.update(each.kind for each in found)
        masked.append(replace(one, found))
    return masked, dict(sorted(counts.items()))


def _checked(texts: Iterable[object]) -> Iterator[tuple[str, bool]]:
    """Give each text, and whether it is missing."""
    for place, one in enumerate(texts):
        if isinstance(one, str):
            yield one, False
            continue
        # NaN differs from itself; None and pandas' NA and NaT are told by name, so that pandas need not be loaded
        if one is None or type(one).__name__ in ("NAType", "NaTType") or (isinstance(one, Number) and one != one):
            yield one, True  # type: ignore[misc]
            continue
        raise FrameError(
            f"The texts must be str or missing - got {type(one).__name__} at position {place:,}. "
            "Convert the column to text first."
        )


def _own_rules(patterns: Mapping[str, str] | None) -> tuple[Rule, ...]:
    if patterns is not None and not isinstance(patterns, Mapping):
        raise ConfigError(
            f"`patterns` must map kinds to regular expressions - got {type(patterns).__name__}. Such as "
            "{'ORDER': 'ORD-[0-9]{8}'}."
        )
    for kind, pattern in (patterns or {}).items():
        if not isinstance(pattern, str):
            raise ConfigError(
                f"`patterns` must hold regular expressions - got {pattern!r} for {kind!r}. Write it as text, such as "
                "'ORD-[0-9]{8}'."
            )
    return _compiled(tuple((patterns or {}).items()))


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
    return tuple(_compile(kind, pattern) for kind, pattern in patterns)


def _compile(kind: str, pattern: str) -> Rule:
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise ConfigError(
            f"`patterns` must name kinds in capitals, digits and underscores - got {kind!r}. Such as 'ORDER'."
        )
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ConfigError(
            f"`patterns` must hold regular expressions - got {pattern!r} for {kind!r}: {error}. Try it with re.compile."
        ) from None
    if compiled.match(""):
        raise ConfigError(
            f"`patterns` must match at least one character - got {pattern!r} for {kind!r}. Ask for more of it."
        )
    return Rule(kind, compiled, at_number=False)

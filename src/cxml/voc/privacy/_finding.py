"""The search for personal data in one text: rule after rule, and once more on what masking leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cxml.voc.privacy import _addresses, _emails, _names
from cxml.voc.privacy._levels import level
from cxml.voc.privacy._patterns import DIGIT_RULES, LONG_NUMBER, NUMBER_START, SPOKEN_HINTS, SPOKEN_RULES, Rule

#: Masking can bring two things together that a third one kept apart. More rounds than this need a text made for it.
_MOST_ROUNDS = 5
#: Characters before and after the number of a house that can belong to its address.
_BEFORE_HOUSE, _AFTER_HOUSE = 60, 90
_HANGUL, _LATIN = re.compile("[가-힣]"), re.compile("[A-Za-z]{2}")
_MASKED = re.compile(r"<[A-Z][A-Z0-9_]*>")


@dataclass(frozen=True)
class PersonalData:
    """Where personal data stands in a text, and of what kind. It does not hold the value.

    Attributes
    ----------
    kind : str
        One of `cxml.voc.privacy.KINDS`, or a kind of the user's own.
    start, end : int
        First character, and the one after the last.

    Examples
    --------
    >>> PersonalData("PHONE", 3, 16)
    PersonalData(kind='PHONE', start=3, end=16)
    >>> PersonalData("PHONE", 3)
    Traceback (most recent call last):
        ...
    TypeError: PersonalData.__init__() missing 1 required positional argument: 'end'
    """

    kind: str
    start: int
    end: int


def find(text: str, own: tuple[Rule, ...]) -> list[PersonalData]:
    """Find until masking what was found brings nothing more to light, so that masking twice changes nothing."""
    found = _find_once(text, own)
    for _ in range(_MOST_ROUNDS if found else 0):
        masked = replace(text, found)
        more = _find_once(masked, own)
        if not more:
            break
        found = sorted(found + _moved_back(more, found), key=lambda one: one.start)
    return found


def replace(text: str, found: Sequence[PersonalData]) -> str:
    pieces, done = [], 0
    for one in found:
        pieces += [text[done : one.start], f"<{one.kind}>"]
        done = one.end
    return "".join([*pieces, text[done:]])


def _moved_back(more: Sequence[PersonalData], found: Sequence[PersonalData]) -> list[PersonalData]:
    """Turn places in the masked text into places in the text."""
    moved, shift, left = [], 0, list(reversed(found))
    for one in more:
        while left and left[-1].start - shift <= one.start:
            gone = left.pop()
            shift += len(gone.kind) + 2 - (gone.end - gone.start)
        moved.append(PersonalData(one.kind, one.start - shift, one.end - shift))
    return moved


def _find_once(text: str, own: tuple[Rule, ...]) -> list[PersonalData]:
    plain, starts, ends = level(text)
    search = _Search(plain)
    search.try_rules(own)
    search.try_all()
    found = sorted(search.found, key=lambda one: one.start)
    return [PersonalData(one.kind, starts[one.start], ends[one.end - 1]) for one in found] if starts else found


class _Search:
    """What was found in one text so far. Rules come in order of trust: what one has taken, no later one can take."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[PersonalData] = []
        self._taken = bytearray(len(text))
        self._lower = text.lower()
        # a number may start with the sign or the bracket before it
        numbers = [one.start() for one in NUMBER_START.finditer(text)]
        signed = [
            one - size
            for one in numbers
            for size in (1, 2)
            if one >= size and set(text[one - size : one]) <= {"(", "+"}
        ]
        self._numbers = sorted([*numbers, *signed])
        self._long_numbers = [one for one in self._numbers if LONG_NUMBER.match(text, one)]
        if "<" in text:
            for done in _MASKED.finditer(text):
                self._take(*done.span())

    def try_all(self) -> None:
        """Try the rules that have a chance: of numbers, of addresses, of names."""
        if self._holds(_emails.HINTS):
            self.try_rules(_emails.RULES)
        if self._numbers:
            self.try_rules(DIGIT_RULES)
        if self._holds(SPOKEN_HINTS):
            self.try_rules(SPOKEN_RULES)
        self._try_names_beside()
        for span in self._around_houses() if self._numbers else ():
            self.try_rules(_addresses.KOREAN_RULES, span)
        if _HANGUL.search(self.text):
            self.try_rules(_names.KOREAN_RULES)
        if _LATIN.search(self.text):
            if self._numbers and self._holds(_addresses.ENGLISH_HINTS):
                self.try_rules(_addresses.ENGLISH_RULES)
            self.try_rules(_names.ENGLISH_RULES)

    def try_rules(self, rules: Iterable[Rule], span: tuple[int, int] | None = None) -> None:
        """Try rules in their order, in a part of the text or in all of it."""
        for rule in rules:
            if rule.at_number:
                # a loop of its own: most of the time is spent here
                match = rule.pattern.match
                for place in self._numbers if rule.kind == "ADDRESS" else self._long_numbers:
                    one = match(self.text, place)
                    if one is not None:
                        self._judge(rule, one)
            elif not rule.hints or self._holds(rule.hints):
                for one in rule.pattern.finditer(self.text, *(span or ())):
                    self._judge(rule, one)

    def _judge(self, rule: Rule, one: re.Match[str]) -> None:
        if rule.check is None or rule.check(one):
            self._add(rule.kind, *one.span(rule.group))

    def _around_houses(self) -> list[tuple[int, int]]:
        """Give the parts of the text in which a Korean address can stand."""
        spans: list[tuple[int, int]] = []
        for one in _addresses.KOREAN_HINT.finditer(self.text):
            start, end = max(0, one.start() - _BEFORE_HOUSE), one.end() + _AFTER_HOUSE
            if spans and start <= spans[-1][1]:
                start = spans.pop()[0]
            spans.append((start, min(end, len(self.text))))
        return spans

    def _holds(self, words: tuple[str, ...]) -> bool:
        lower = self._lower
        for word in words:  # noqa: SIM110 - any() with a generator takes twice as long, and this is the hot loop
            if word in lower:
                return True
        return False

    def _try_names_beside(self) -> None:
        """Take a bare full name next to a telephone number or an account."""
        for one in [each for each in self.found if each.kind in ("PHONE", "ACCOUNT", "RRN")]:
            before = _names.BESIDE_BEFORE.search(self.text[max(0, one.start - 8) : one.start])
            if before and _names.is_name(before):
                offset = max(0, one.start - 8)
                self._add("NAME", offset + before.start("v"), offset + before.end("v"))
            after = _names.BESIDE_AFTER.match(self.text, one.end)
            if one.kind == "ACCOUNT" and after and _names.is_name(after):
                self._add("NAME", *after.span("v"))

    def _add(self, kind: str, start: int, end: int) -> None:
        if start < end and not any(self._taken[start:end]):
            self.found.append(PersonalData(kind, start, end))
            self._take(start, end)

    def _take(self, start: int, end: int) -> None:
        self._taken[start:end] = b"\x01" * (end - start)

"""Invented comments with personal data and look-alikes of it, and the true places: to measure what masks them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxml.datasets import _personal_en, _personal_ko
from cxml.datasets._checks import check_whole
from cxml.errors import ConfigError, nearest

if TYPE_CHECKING:
    import pandas as pd

_WORDS: dict[str, dict[str, dict[str, Any]]] = {
    "ko": {"dev": _personal_ko.DEV, "test": _personal_ko.TEST},
    "en": {"dev": _personal_en.DEV, "test": _personal_en.TEST},
}
_LANGUAGES = {"ko": ("ko",), "en": ("en",), "both": ("ko", "en")}
_SLOT = re.compile(r"\{(\w+)\}")
_WITH_DATA, _SECOND_SENTENCE = 0.55, 0.4
_BUSINESS_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_SPOKEN = str.maketrans("0123456789", "공일이삼사오육칠팔구")
_WIDE = str.maketrans(
    "0123456789-.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "０１２３４５６７８９－．ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ",
)
#: Telephone numbers of other countries, as they are written there.
_FOREIGN = ("+44 20 7N## ####", "+81 90-N###-####", "+49 170 N######", "+86 138 N### ####", "+61 4## ### ###")

_DESCRIPTION = """\
{n_texts:,} invented {language} comments, part {part!r}: {with_data:,} hold personal data in {n_spans:,} places, the
others only look-alikes such as prices, dates, orders, coupons and models. All people and numbers are made up; check
digits are right. Names stand beside a title or after a word that announces a name, never bare."""


@dataclass(frozen=True)
class PersonalTexts:
    """Invented comments with the places of the personal data in them.

    Attributes
    ----------
    frame : DataFrame, shape (n_texts, 2)
        ``text`` and ``language`` (``"ko"`` or ``"en"``).
    spans : DataFrame, shape (n_spans, 4)
        ``row`` (position in `frame`), ``kind`` (such as ``"PHONE"``), ``start`` and ``end`` (characters, the end not
        included), in order of row and start. Particles that stick to a value are outside its span.
    description : str
        The data in words.

    Examples
    --------
    >>> made = make_personal_data(10)
    >>> bool((made.spans["start"] < made.spans["end"]).all())
    True
    >>> made.description = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'description'
    """

    frame: pd.DataFrame
    spans: pd.DataFrame
    description: str


def make_personal_data(
    n_texts: int = 1_000, *, language: str = "ko", part: str = "test", seed: int = 0
) -> PersonalTexts:
    """Invent comments, about half of them with personal data in many written forms, all with look-alikes around.

    The two parts share no sentence and no name, and most of their written forms differ, so that rules tuned on one
    are judged fairly on the other.

    Parameters
    ----------
    n_texts : int >= 1, default=1000
        More texts keep the earlier ones.
    language : {"ko", "en", "both"}, default="ko"
        ``"both"`` alternates.
    part : {"dev", "test"}, default="test"
        ``"dev"`` to write rules with, ``"test"`` to report.
    seed : int >= 0, default=0

    Returns
    -------
    PersonalTexts

    Raises
    ------
    ConfigError
        If a number is out of its range, or the language or the part is unknown.

    Examples
    --------
    >>> made = make_personal_data(200, language="both")
    >>> made.frame["language"].value_counts().to_dict()
    {'ko': 100, 'en': 100}
    >>> make_personal_data(10, part="tset")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `part` must be one of 'dev', 'test' - got 'tset'. Did you mean 'test'?
    """
    import pandas as pd

    check_whole("n_texts", n_texts, least=1)
    check_whole("seed", seed, least=0)
    _check_one_of("language", language, _LANGUAGES)
    _check_one_of("part", part, ("dev", "test"))
    languages = [_LANGUAGES[language][row % len(_LANGUAGES[language])] for row in range(n_texts)]
    made = [_Writer(one, part, f"{seed} {row}").comment() for row, one in enumerate(languages)]
    frame = pd.DataFrame({"text": [text for text, _ in made], "language": languages})
    spans = pd.DataFrame(
        [(row, *span) for row, (_, found) in enumerate(made) for span in found],
        columns=["row", "kind", "start", "end"],
    )
    named = {"ko": "Korean", "en": "English", "both": "Korean and English"}[language]
    description = _DESCRIPTION.format(
        n_texts=n_texts, language=named, part=part, with_data=spans["row"].nunique(), n_spans=len(spans)
    )
    return PersonalTexts(frame, spans, description)


class _Writer:
    """Writes one comment: fills the slots of sentences and remembers where the personal values went."""

    def __init__(self, language: str, part: str, seed: str) -> None:
        self.language = language
        self.words = _WORDS[language][part]
        self.random = random.Random(f"{language} {part} {seed}")

    def comment(self) -> tuple[str, list[tuple[str, int, int]]]:
        """Give the text and (kind, start, end) of each personal value."""
        sentences = [self._sentence(with_data=self.random.random() < _WITH_DATA)]
        while self.random.random() < _SECOND_SENTENCE and len(sentences) < 3:
            sentences.append(self._sentence(with_data=self.random.random() < _WITH_DATA / 2))
        text, spans = "", []
        for sentence in sentences:
            text += self.random.choice([" ", ". ", "\n"]) if text else ""
            for place, piece in enumerate(re.split(r"(\{\w+\})", sentence)):
                value, kind = self._fill(piece[1:-1]) if place % 2 else (piece, "")
                if kind:
                    spans.append((kind, len(text), len(text) + len(value)))
                text += value
        return text, spans

    def _sentence(self, *, with_data: bool) -> str:
        if not with_data:
            return str(self.random.choice(self.words["lookalikes"]))
        kind = self.random.choice(list(self.words["sentences"]))
        return str(self.random.choice(self.words["sentences"][kind]))

    def _fill(self, slot: str) -> tuple[str, str]:
        """Give what stands in a slot, and its kind if it is personal."""
        if slot == "TITLE":
            return str(self.random.choice(self.words["words"]["titles"])), ""
        if slot in ("NAME", "FULL", "GIVEN"):
            return self._name(slot), "NAME"
        if slot.isupper():
            maker, shape, disguise = self.random.choice(self.words["forms"][slot])
            return self._disguise(self._value(maker, shape), disguise), slot
        return self._expand(self.random.choice(self.words["words"][slot])), ""

    def _name(self, slot: str) -> str:
        family, given = (self.random.choice(self.words[part].split()) for part in ("surnames", "given"))
        if self.language == "ko":
            return f"{family}{given}"
        return str({"NAME": family, "GIVEN": given, "FULL": f"{given} {family}"}[slot])

    def _value(self, maker: str, shape: str) -> str:
        if maker in ("email", "address"):
            return self._expand(shape)
        if maker == "foreign":
            return self._lay("", self.random.choice(_FOREIGN))
        return self._lay(_MAKERS[maker](self.random), shape)

    def _expand(self, template: str) -> str:
        """Replace the words in a template, and what they hold in turn."""
        while _SLOT.search(template):
            template = _SLOT.sub(lambda found: self._part(found[1]), template)
        return template

    def _part(self, name: str) -> str:
        draw = self.random
        if name in self.words["words"]:
            return str(draw.choice(self.words["words"][name]))
        if name[0] == "d" and name[1:].isdigit():
            return "".join(draw.choice("0123456789") for _ in range(int(name[1:])))
        low, high = _RANGES.get(name, (0, 0))
        if high:
            return f"{draw.randint(low, high):0{2 if name in ('mm', 'dd', 'hh', 'mi') else 1}d}"
        return _local_part(draw)

    def _lay(self, digits: str, shape: str) -> str:
        """Lay digits over a shape: # a digit, N one from 2 to 9, A and B letters, 가 the letter of a plate."""
        left = list(digits)
        pieces = []
        for sign in shape:
            if sign == "#":
                pieces.append(left.pop(0) if left else self.random.choice("0123456789"))
            elif sign == "N":
                pieces.append(self.random.choice("23456789"))
            elif sign == "A":
                pieces.append(left.pop(0) if left and left[0].isalpha() else self.random.choice("BCDFGHJKLNPRSTVWXYZ"))
            elif sign == "B":
                pieces.append(self.random.choice("ABCDEFGHJKLMNPQR"))
            else:
                pieces.append(self.random.choice(self.words["words"]["letters"]) if sign == "가" else sign)
        return "".join(pieces)

    def _disguise(self, value: str, disguise: str) -> str:
        if disguise == "wide":
            return value.translate(_WIDE)
        if disguise == "wide sign":
            return value.replace("@", "＠")
        if disguise == "spoken":
            return value.translate(_SPOKEN)
        if disguise == "spoken head":
            return value[:3].translate(_SPOKEN) + value[3:]
        return value[:3].replace("0", "O") + value[3:] if disguise == "letters" else value


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def _local_part(draw: random.Random) -> str:
    words = ("happy", "sun", "kim", "lucky", "tiger", "blue", "moon", "star", "jm")
    return draw.choice(words) + draw.choice(["", ".", "_"]) + draw.choice(words) + draw.choice(["", "7", "82", "1990"])


def _resident(draw: random.Random, kinds: str) -> str:
    kind = draw.choice(kinds)
    year = draw.randint(0, 24) if kind in "3478" else draw.randint(40, 99)
    return f"{year:02d}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}{kind}{_digits(draw, 6)}"


def _card(draw: random.Random, start: str, length: int) -> str:
    body = start + _digits(draw, length - len(start) - 1)
    # doubled from the right, the digit beside the check digit first (Luhn)
    total = sum(sum(divmod(int(one) * (2 - place % 2), 10)) for place, one in enumerate(reversed(body)))
    return body + str(-total % 10)


def _business(draw: random.Random) -> str:
    body = f"{draw.randint(101, 899)}{draw.randint(1, 89):02d}{_digits(draw, 4)}"
    total = sum(int(one) * weight for one, weight in zip(body, _BUSINESS_WEIGHTS, strict=True)) + int(body[8]) * 5 // 10
    return body + str(-total % 10)


def _licence(draw: random.Random) -> str:
    region = draw.choice([place for place in range(11, 29) if place != 27])
    return f"{region}{draw.randint(70, 122) % 100:02d}{_digits(draw, 8)}"


def _one(draw: random.Random, low: int, high: int) -> str:
    return str(draw.randint(low, high))


_RANGES = {
    "mm": (1, 12),
    "dd": (1, 28),
    "hh": (0, 23),
    "mi": (0, 59),
    "n1": (2, 9),
    "k": (3, 98),
    "n": (1, 980),
    "m": (1, 60),
    "b": (101, 130),
    "h": (101, 2504),
    "f": (2, 20),
    "zip": (10_001, 99_500),
}
_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "any": lambda draw: _one(draw, 1, 9),
    "mobile": lambda draw: "010" + _one(draw, 2_000, 9_999) + _digits(draw, 4),
    "abroad": lambda draw: "10" + _one(draw, 2_000, 9_999) + _digits(draw, 4),
    "old": lambda draw: draw.choice(["011", "016", "019"]) + _one(draw, 200, 999) + _digits(draw, 4),
    "seoul": lambda draw: "02" + _one(draw, 2_000, 9_999) + _digits(draw, 4),
    "area": lambda draw: (
        draw.choice(["031", "032", "051", "053", "042", "064"]) + _one(draw, 200, 999) + _digits(draw, 4)
    ),
    "voip": lambda draw: "070" + _one(draw, 2_000, 9_999) + _digits(draw, 4),
    "safe": lambda draw: "0507" + _digits(draw, 8),
    "us": lambda draw: draw.choice(["212", "415", "617", "303", "512"]) + _one(draw, 201, 999) + _digits(draw, 4),
    "rrn": lambda draw: _resident(draw, "1234"),
    "frn": lambda draw: _resident(draw, "5678"),
    "ssn": lambda draw: _one(draw, 101, 665) + f"{draw.randint(1, 99):02d}" + _one(draw, 1_000, 9_999),
    "card": lambda draw: _card(draw, draw.choice(["4", "51", "55", "2221", "9410", "3528", "6250"]), 16),
    "amex": lambda draw: _card(draw, draw.choice(["34", "37"]), 15),
    "kakao": lambda _: "3333",
    "passport": lambda draw: draw.choice("MSROGD"),
    "licence": _licence,
    "licence2": lambda draw: _licence(draw)[2:],
    "uslicence": lambda _: "",
    "usplate": lambda _: "",
    "business": _business,
    "plate": lambda draw: _one(draw, 1, 9),
}


def _check_one_of(name: str, value: object, known: Any) -> None:
    if value not in known:
        listed = ", ".join(repr(one) for one in known)
        raise ConfigError(f"`{name}` must be one of {listed} - got {value!r}.{nearest(str(value), known)}")

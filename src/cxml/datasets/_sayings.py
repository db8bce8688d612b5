"""How invented comments are written: phrases with gaps that are filled, and the ways in which people spoil spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

Three = tuple[Sequence[str], Sequence[str], Sequence[str]]
"""Phrases for a negative, a neutral and a positive comment."""

_PARTICLES = {"을/를": "을를", "이/가": "이가", "은/는": "은는", "과/와": "과와", "으로/로": ("으로", "로")}
_PARTICLE = re.compile("(.)(" + "|".join(_PARTICLES) + ")")
_FIRST, _LAST, _VOWELS, _FINALS = ord("가"), ord("힣"), 21, 28
#: Vowels that are often taken for one another: ㅐ and ㅔ, ㅙ and ㅚ and ㅞ.
_VOWEL_SLIPS = {1: 5, 5: 1, 10: 15, 15: 10, 11: 10}
_DOUBLE_S, _SINGLE_S, _RIEUL = 20, 19, 8
_PLAYFUL = {"네요": "네여", "습니다": "습니당", "어요": "어용", "해요": "해여", "는데": "는뎅"}
_GAP = re.compile(r"\{(\w+)\}")
_DIGITS = re.compile(r"\{d(\d)\}")


@dataclass(frozen=True)
class Sayings:
    """What is said in one language: see the modules of each language for what the fields hold."""

    topics: Mapping[str, Three]
    aspects: Mapping[str, Sequence[str]]
    verdicts: Three
    stages: tuple[str, ...]
    channels: tuple[str, ...]
    slots: Mapping[str, Sequence[str]]
    openers: Three
    closers: Three
    bare: Three
    pressing: Sequence[str]
    nagging: Sequence[str]
    hurrying: Sequence[str]
    calm: Sequence[str]
    joiners: tuple[str, ...]
    but: tuple[str, ...]
    moods: Three
    emerging_name: str
    emerging: Sequence[str]
    personal: Mapping[str, Sequence[str]]
    names: Sequence[str]


def lines(text: str) -> tuple[str, ...]:
    """Split a block into phrases, one a line."""
    return tuple(one.strip() for one in text.splitlines() if one.strip())


def words(text: str) -> tuple[str, ...]:
    """Split a line into short phrases.

    >>> words("하나|둘")
    ('하나', '둘')
    """
    return tuple(text.split("|"))


def fill(phrase: str, slots: Mapping[str, Sequence[str]], random: Random) -> str:
    """Fill the gaps of a phrase, and make Korean particles follow the word before them.

    >>> fill("{item}을/를 샀어요", {"item": ["책"]}, Random(0)), fill("{item}으로/로", {"item": ["쌀"]}, Random(0))
    ('책을 샀어요', '쌀로')
    """
    phrase = _GAP.sub(lambda found: random.choice(slots[found[1]]), phrase)
    return _PARTICLE.sub(_particle, phrase) if "/" in phrase else phrase


def _particle(found: re.Match[str]) -> str:
    before, pair = found[1], _PARTICLES[found[2]]
    final = _final(before)
    open_syllable = final == 0 or (final == _RIEUL and found[2] == "으로/로")
    return before + pair[1 if open_syllable else 0]


def _final(letter: str) -> int:
    """Place of the consonant that closes a syllable; 0 for none, and for what is no syllable of Hangul."""
    return (ord(letter) - _FIRST) % _FINALS if _FIRST <= ord(letter) <= _LAST else 0


def fill_personal(phrase: str, names: Sequence[str], random: Random) -> str:
    """Write an invented name or number into a phrase.

    >>> fill_personal("{name}, 010-{d4}", ["김하늘"], Random(0))
    '김하늘, 010-0487'
    """
    phrase = phrase.replace("{name}", random.choice(names)).replace("{user}", random.choice(("sky", "minji", "dh.kim")))
    return _DIGITS.sub(lambda found: "".join(random.choice("0123456789") for _ in range(int(found[1]))), phrase)


def spoil_korean(text: str, random: Random) -> str:
    """Write as people do on the web: lost or stray spaces, vowels mixed up, endings played with, words doubled."""
    draw = random.random()
    if draw < 0.03:
        text = text.replace(" ", "")
    elif draw < 0.30:
        text = _lose_spaces(text, random, 0.35)
    elif draw < 0.36 and len(text) > 8:
        at = random.randrange(2, len(text) - 2)
        text = f"{text[:at]} {text[at:]}"
    if random.random() < 0.22:
        usual, playful = random.choice(list(_PLAYFUL.items()))
        text = text.replace(usual, playful)
    if random.random() < 0.25:
        text = _slip(text, random)
    if random.random() < 0.12:
        text = text.replace("너무", "너무너무").replace("진짜", "진짜진짜").replace("정말", "정말정말")
    return text


def _lose_spaces(text: str, random: Random, share: float) -> str:
    first, *rest = text.split(" ")
    return first + "".join(("" if random.random() < share else " ") + word for word in rest)


def _slip(text: str, random: Random) -> str:
    """Misspell one syllable whose sound allows it."""
    start = random.randrange(max(len(text), 1))
    for at in (*range(start, len(text)), *range(start)):
        if _FIRST <= ord(text[at]) <= _LAST:
            head, vowel = divmod((ord(text[at]) - _FIRST) // _FINALS, _VOWELS)
            final = _final(text[at])
            other = (_VOWEL_SLIPS.get(vowel, vowel), _SINGLE_S if final == _DOUBLE_S else final)
            if other != (vowel, final):
                return text[:at] + chr(_FIRST + (head * _VOWELS + other[0]) * _FINALS + other[1]) + text[at + 1 :]
    return text


def spoil_english(text: str, random: Random) -> str:
    """Write as people do on the web: letters swapped or lost, no apostrophes, all in one case."""
    if random.random() < 0.25 and len(text) > 8:
        at = random.randrange(1, len(text) - 2)
        pair = text[at : at + 2]
        if pair.isalpha():
            text = text[:at] + (pair[::-1] if random.random() < 0.6 else pair[1]) + text[at + 2 :]
    draw = random.random()
    if draw < 0.25:
        text = text.lower()
    elif draw < 0.30:
        text = text.upper()
    elif draw < 0.60:
        text = text[:1].upper() + text[1:]
    if random.random() < 0.35:
        text = text.replace("'", "")
    if random.random() < 0.10:
        text = text.replace("so ", "soooo ").replace("very ", "veeery ")
    return text

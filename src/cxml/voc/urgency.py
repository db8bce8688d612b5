"""How pressing a comment is, read from its wording and, where it is known, from how bad the feeling is.

The score is a log-odds sum: with the reasons found (each counted once) and the probability p of the worst sentiment,
``z = -3 + sum of points + (2 p - 1)`` and ``score = 1 / (1 + exp(-z))``. Without a sentiment p is 0.5, so it adds
nothing. From 0.5 on a comment is high, from 0.2 on medium. So one threat, danger or deadline makes it high unless the
comment is surely a happy one; one repeated contact, loss or plea for haste makes it medium; two of these high; and a
bad feeling alone makes nothing urgent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError, FrameError
from cxml.values import is_missing
from cxml.voc.lexicon import ENGLISH_DENIAL, KOREAN_DENIAL, WORDINGS

if TYPE_CHECKING:
    import pandas as pd

LEVELS: Final = ("high", "medium", "low")
HIGH, MEDIUM = 0.5, 0.2
_BASE = -3.0
_AHEAD, _BEHIND, _ENDING = 14, 40, 3
_HANGUL, _LATIN = re.compile("[가-힣]"), re.compile("[A-Za-z]{2}")
_SENTENCE_END = re.compile(r"[.!?\n~,]")
_SPACES = re.compile(r"[^\S\n]+")
_WORD = re.compile(r"\S+|\n+")


def urgency_of(
    texts: Sequence[str] | pd.Series,
    sentiment: ArrayLike | None = None,
    *,
    language: Literal["ko", "en"] | None = None,
) -> pd.DataFrame:
    """Judge how pressing comments are, and say which words make them so.

    ================== ====== ==============================================================
    reason             points such as
    ================== ====== ==============================================================
    safety             3.9    다쳤어요, 감전, 불이 날 뻔; caught fire, in the hospital
    legal_threat       3.9    고소할 겁니다, 내용증명; legal action, my lawyer
    regulator_threat   3.9    소비자원, 금감원에 민원; ombudsman, consumer protection
    media_threat       3.7    방송국에 제보; going to the press
    data_breach        3.7    개인정보 유출, 해킹당했어요; been hacked
    threat_to_leave    3.2    해지하겠습니다, 다신 안 사요; close my account, never again
    deadline           3.2    오늘까지 처리, 지금 당장; by tomorrow
    repeated_contact   1.9    몇 번째, 전화를 세 번; third time, still no reply
    money_lost         1.9    이중 결제, 손해 봤; charged twice
    haste              1.7    빨리 처리, 급해요; asap, urgent
    ================== ====== ==============================================================

    Spacing does not matter in Korean, and endings only as far as they tell intent. What is denied right there does not
    count: 신고할 생각은 없습니다, "no need to hurry". Slips between letters that sound
    alike (데/대, 했/햇) do not matter either. Irony and denial further away are not seen.

    Parameters
    ----------
    texts : sequence of str, or Series, length n
        Comments; None and NaN count as silent.
    sentiment : array of float in [0, 1], shape (n,), default=None
        Probability of the worst sentiment. NaN where unknown; None where it is unknown for all.
    language : {"ko", "en"}, default=None
        Read with the words of this language only; None reads each text with those of the scripts that it holds.

    Returns
    -------
    DataFrame, n rows, with the index of `texts` where they have one
        ``urgency`` ("high", "medium" or "low"), ``urgency_score`` in (0, 1), higher is more pressing, and
        ``urgency_reasons``, a list of ``{"rule", "start", "end"}`` with the characters of the text that tell it.

    Raises
    ------
    FrameError
        If a text is no text, or the sentiment is not one probability for each.
    ConfigError
        If the language is unknown.

    Examples
    --------
    >>> told = urgency_of(["오늘 까지 환불 안되면 소비자원에 신고할게요", "급한 건 아니에요", "third call about this"])
    >>> told["urgency"].tolist()
    ['high', 'low', 'medium']
    >>> [(one["rule"], one["start"], one["end"]) for one in told["urgency_reasons"][0]]
    [('regulator_threat', 13, 17), ('deadline', 0, 8)]
    >>> urgency_of(["늦어요"], sentiment=[2])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: `sentiment` must be probabilities of the worst sentiment in [0, 1], one for each of the 1 \
texts - got 2 at position 0. Pass the probability, not the label.
    """
    import pandas as pd

    if language not in (None, "ko", "en"):
        raise ConfigError(f"`language` must be 'ko', 'en' or None for both - got {language!r}.")
    index = texts.index if isinstance(texts, pd.Series) else None
    read = _texts(texts)
    worst = _probabilities(sentiment, len(read))
    points = {wording.name: wording.points for wording in WORDINGS}
    reasons = [_reasons(text, language) for text in read]
    total = np.array([sum(points[one["rule"]] for one in found) for found in reasons], dtype=np.float64)
    score = 1 / (1 + np.exp(-(_BASE + total + 2 * worst - 1)))
    level = np.array(LEVELS, dtype=object)[np.where(score >= HIGH, 0, np.where(score >= MEDIUM, 1, 2))]
    return pd.DataFrame(
        {"urgency": level, "urgency_score": score, "urgency_reasons": pd.Series(reasons, index=index, dtype=object)},
        index=index,
    )


def _texts(texts: Any) -> list[str]:
    if isinstance(texts, str):
        raise FrameError("`texts` must be a sequence of texts - got one text. Put it into a list.")
    read = ["" if is_missing(one) else one for one in texts]
    other = [place for place, one in enumerate(read) if not isinstance(one, str)]
    if other:
        raise FrameError(
            f"`texts` must hold text - got {type(read[other[0]]).__name__} at position {other[0]} and {len(other):,} "
            "such rows in all. Pass the column of comments."
        )
    return read


def _probabilities(sentiment: ArrayLike | None, count: int) -> NDArray[np.float64]:
    if sentiment is None:
        return np.full(count, 0.5)
    must = f"`sentiment` must be probabilities of the worst sentiment in [0, 1], one for each of the {count:,} texts"
    try:
        found = np.asarray(sentiment, dtype=np.float64)
    except (TypeError, ValueError):
        raise FrameError(f"{must} - got values that are no numbers. Pass the probability, not the label.") from None
    if found.shape != (count,):
        raise FrameError(f"{must} - got shape {found.shape}. Pass them in the order of the texts.")
    outside = np.flatnonzero((found < 0) | (found > 1))
    if outside.size:
        at = int(outside[0])
        raise FrameError(f"{must} - got {found[at]:g} at position {at}. Pass the probability, not the label.")
    return np.where(np.isnan(found), 0.5, found)


def _reasons(text: str, language: str | None) -> list[dict[str, Any]]:
    """Give the first sound place of each wording, from what presses most to what presses least."""
    spans: dict[str, tuple[int, int]] = {}
    if language != "en" and _HANGUL.search(text):
        spans |= _korean(text)
    if language != "ko" and _LATIN.search(text):
        spans = _english(text) | spans
    found = [(one.name, spans[one.name]) for one in WORDINGS if one.name in spans]
    return [{"rule": name, "start": start, "end": end} for name, (start, end) in found]


def _korean(text: str) -> dict[str, tuple[int, int]]:
    """Match on the text without spaces, and answer in places of the text as it is."""
    places, starts, tight = _tight(_lower(text).translate(_sounds()))
    found = {}
    for name, pattern in _compiled("ko"):
        for match in pattern.finditer(tight):
            marks = (match.start(group) for group in range(1, pattern.groups + 1))
            at_word = all(mark == -1 or mark in starts for mark in marks)
            if at_word and not _is_denied(tight, match, starts):
                found[name] = (places[match.start()], places[match.end() - 1] + 1)
                break
    return found


def _is_denied(tight: str, match: re.Match[str], starts: set[int]) -> bool:
    """Whether what follows in the sentence takes the words back, or a short 안 or 못 stands right before them."""
    before = match.start() - 1
    if before in starts and tight[before] in "안못":
        return True
    ahead = _SENTENCE_END.split(tight[match.end() : match.end() + _AHEAD], maxsplit=1)[0]
    own = tight[max(match.start(), match.end() - _ENDING) : match.end()]  # 신고할 생각|은 없습니다
    return _denial().search(own + ahead) is not None


def _tight(text: str) -> tuple[list[int], set[int], str]:
    """Give the place of each character that is no space, the places in the rest where words start, and the rest."""
    places: list[int] = []
    starts: set[int] = set()
    for word in _WORD.finditer(text):
        starts.add(len(places))
        places.extend(range(word.start(), word.end()))
    return places, starts, _SPACES.sub("", text)


def _english(text: str) -> dict[str, tuple[int, int]]:
    lowered = _lower(text).replace("’", "'")
    found = {}
    for name, pattern in _compiled("en"):
        for match in pattern.finditer(lowered):
            before = _SENTENCE_END.split(lowered[max(0, match.start() - _BEHIND) : match.start()])[-1]
            if not ENGLISH_DENIAL.search(before):
                found[name] = match.span()
                break
    return found


def _lower(text: str) -> str:
    """Lower-case letters without moving any: the few that would become two stay as they are."""
    lowered = text.lower()
    return (
        lowered if len(lowered) == len(text) else "".join(one.lower() if len(one.lower()) == 1 else one for one in text)
    )


@cache
def _sounds() -> dict[int, str]:
    """Map each Korean syllable to one spelling of those that sound alike, so that most slips of spelling do not matter.

    ㅐ is read as ㅔ, ㅙ and ㅞ as ㅚ, a final ㅆ as ㅅ, 께 as 게 and 꺼 as 거.
    """
    vowels, finals = {"ㅐ": "ㅔ", "ㅙ": "ㅚ", "ㅞ": "ㅚ"}, {20: 19}
    order = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
    folded = {}
    for place in range(11_172):
        head, vowel, final = place // 588, place // 28 % 21, place % 28
        plain = order.index(vowels.get(order[vowel], order[vowel]))
        other = chr(0xAC00 + (head * 21 + plain) * 28 + finals.get(final, final))
        folded[0xAC00 + place] = {"께": "게", "꼐": "게", "꺼": "거"}.get(other, other)
    return folded


@cache
def _denial() -> re.Pattern[str]:
    return re.compile(KOREAN_DENIAL.translate(_sounds()))


@cache
def _compiled(language: str) -> list[tuple[str, re.Pattern[str]]]:
    """Compile the wordings; in Korean ones the mark of a word's start becomes an empty group."""
    if language == "ko":
        return [(one.name, re.compile(one.korean.translate(_sounds()).replace("_", "()"))) for one in WORDINGS]
    return [(one.name, re.compile(rf"(?<!\w)(?:{one.english})(?!\w)")) for one in WORDINGS]

"""Invented customer comments in Korean and English whose truth is known: what is meant, what weighs, and what is new.

A comment is put together from an opener, one or two phrases about topics, a closer and a mood, each with gaps that are
filled, and then spelled as people spell on the web. No word gives a label away for sure: some comments name two topics,
some praise and complain at once, and some say nothing about their topic at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cxml.datasets import _sayings_en, _sayings_ko
from cxml.datasets._checks import check_whole
from cxml.datasets._sayings import Sayings, fill, fill_personal, spoil_english, spoil_korean
from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

Language: TypeAlias = Literal["ko", "en", "both"]

SENTIMENTS = ("negative", "neutral", "positive")
URGENCIES = ("high", "medium", "low")

#: By place of the topic: share of the comments, share of them that is negative and neutral, points of CSAT that it
#: moves up or down, and the stages of the journey where it comes up, with how often.
_TOPICS: tuple[tuple[float, float, float, float, dict[int, int]], ...] = (
    (0.22, 0.50, 0.20, 1.20, {3: 8, 2: 1, 5: 1}),
    (0.12, 0.50, 0.28, 0.80, {2: 8, 1: 1, 5: 1}),
    (0.14, 0.48, 0.22, 0.50, {0: 3, 1: 2, 4: 5}),
    (0.13, 0.46, 0.22, 1.00, {5: 8, 6: 2}),
    (0.11, 0.42, 0.24, 0.30, {0: 6, 2: 3, 6: 1}),
    (0.14, 0.44, 0.20, 0.90, {4: 9, 5: 1}),
    (0.08, 0.62, 0.22, 1.40, {5: 6, 6: 4}),
    (0.06, 0.40, 0.30, 0.20, {4: 6, 0: 2, 6: 2}),
)
#: What a stage adds to the chance of a negative comment.
_MOODS = (-0.08, -0.04, -0.06, 0.04, 0.0, 0.08, 0.16)
_APP, _LATE_WEEKS, _LEAST_WEEKS, _EMERGING_SHARE = 2, 2, 4, 0.14
_MIXED, _SECOND_TOPIC, _SECOND_NAMED, _BARE, _FLIPPED = 0.06, 0.08, 0.4, 0.03, 0.02
_OWN_WORDS = 0.55
_PERSONAL = 0.05
_MIDDLE, _SPREAD = 3.3, 0.55
_WEEKDAYS = (1.25, 1.1, 1.0, 1.0, 1.05, 0.85, 0.75)

_Row: TypeAlias = tuple[dict[str, Any], dict[str, Any]]
"""A row of the frame and the truth about it."""

_DESCRIPTION = """\
{count:,} invented comments ({language}) over {weeks} weeks from {start}. Known truth: `truth` holds the topic and the
feeling that were meant, before the ambiguity of the labels, and the expected CSAT; `weights` what each topic moves the
CSAT; `stages` what each stage of the journey adds to the chance of a negative comment; `emerging` what is new."""


@dataclass(frozen=True)
class Comments:
    """Invented comments with the truth about them.

    Attributes
    ----------
    frame : DataFrame, shape (n_comments, 12)
        In order of time: ``comment_id``, ``time``, ``language`` ("ko" or "en"), ``text``, ``channel``,
        ``customer_id``, ``stage`` of the journey, ``sentiment``, ``topic``, ``urgency``, ``csat`` (1-5) and ``nps``
        (0-10).
    truth : DataFrame, shape (n_comments, 7)
        Row by row: ``topic`` and ``sentiment`` that were meant, ``second_topic`` (None where one is all),
        ``is_ambiguous`` (two topics, mixed feelings, nothing said, or a wrong label), ``is_emerging``, ``personal``
        (kinds of invented personal data in the text, a list) and ``csat`` as a number before noise and rounding.
    weights : DataFrame
        ``topic`` and ``weight``: the points by which praise of it raises the CSAT, and a complaint lowers it.
    stages : DataFrame
        ``stage`` in the order of the journey, and ``negative_shift``, what it adds to the chance of a complaint.
    emerging : DataFrame
        ``name``, ``topic`` it is labelled with, and ``since``; empty for fewer than 4 weeks.
    description : str
        The data in words.

    Examples
    --------
    >>> comments = make_comments(50)
    >>> len(comments.frame) == len(comments.truth)
    True
    >>> comments.description = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'description'
    """

    frame: pd.DataFrame
    truth: pd.DataFrame
    weights: pd.DataFrame
    stages: pd.DataFrame
    emerging: pd.DataFrame
    description: str


@dataclass(frozen=True)
class _Meaning:
    """What one comment is about, before a word is written."""

    topic: int
    second: int | None
    feeling: int
    stage: int
    urgency: int
    is_mixed: bool
    is_bare: bool
    is_emerging: bool


def make_comments(
    n_comments: int = 2_000,
    *,
    language: Language = "ko",
    start: str = "2026-01-05",
    weeks: int = 12,
    seed: int = 0,
) -> Comments:
    """Invent customer comments with topics, feelings, urgency and scores, and something new in the last two weeks.

    Each topic has its share of comments, its share of complaints, the stages of the journey where it comes up, and the
    points of CSAT that it moves. The score is ``3.3 + sum of weight x feeling`` over the topics of the comment, with
    feeling -1, 0 or 1, plus normal noise of 0.55 points, rounded and cut to 1-5; NPS follows it. In the last two weeks
    14 % of the comments are about a login error after an update of the app, labelled as the app's like any other.

    About one comment in seven is ambiguous, so that one topic in twenty and one feeling in thirty is labelled
    otherwise than it was meant, and a perfect reader would still miss some. Words that press (a threat, danger, a
    deadline) make the urgency high, repeated contact, loss and haste medium. 5 % of the comments hold invented personal
    data (mail at example.com and the like).

    Parameters
    ----------
    n_comments : int >= 1, default=2000
    language : {"ko", "en", "both"}, default="ko"
        Of the texts. Topics, stages and channels are named in it, and in Korean for "both".
    start : str, default="2026-01-05"
        First day.
    weeks : int >= 1, default=12
        Weeks that the comments are spread over; fewer than 4 hold nothing new.
    seed : int >= 0, default=0

    Returns
    -------
    Comments

    Raises
    ------
    ConfigError
        If a number is out of its range, the language is unknown, or `start` is no date.

    Examples
    --------
    >>> make_comments(3).frame[["text", "topic", "sentiment"]].iloc[0].tolist()
    ['아니 재질이 너무 얇고 싼 티 나요. 빨리 좀 처리해주세요. 개선 좀 해주세요', '품질', 'negative']
    >>> make_comments(10, language="kr")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `language` must be 'ko', 'en' or 'both' - got 'kr'. Use 'ko' for Korean.
    """
    check_whole("n_comments", n_comments, least=1)
    check_whole("weeks", weeks, least=1)
    check_whole("seed", seed, least=0)
    if language not in ("ko", "en", "both"):
        raise ConfigError(f"`language` must be 'ko', 'en' or 'both' - got {language!r}. Use 'ko' for Korean.")
    first = _day(start)
    random = Random(seed)
    times = _times(n_comments, first, weeks, seed)
    late = first + np.timedelta64(7 * (weeks - _LATE_WEEKS), "D")
    is_late = (times >= late) & (weeks >= _LEAST_WEEKS)
    named = _sayings_en.SAYINGS if language == "en" else _sayings_ko.SAYINGS
    rows = []
    for is_new in is_late.tolist():
        spoken = language if language != "both" else random.choice(("ko", "en"))
        rows.append(_comment(_mean(random, is_late=is_new), spoken, named, random))
    description = _DESCRIPTION.format(count=n_comments, language=language, weeks=weeks, start=start)
    return _gather(rows, times, named, late if weeks >= _LEAST_WEEKS else None, description)


def _gather(
    rows: list[_Row], times: NDArray[Any], named: Sayings, late: np.datetime64 | None, description: str
) -> Comments:
    import pandas as pd

    ids = pd.DataFrame({"comment_id": [f"C{number:06d}" for number in range(1, len(rows) + 1)], "time": times})
    frame = pd.concat([ids, pd.DataFrame([row for row, _ in rows])], axis=1)
    topics = list(named.topics)
    weights = pd.DataFrame({"topic": topics, "weight": [weight for _, _, _, weight, _ in _TOPICS]})
    stages = pd.DataFrame({"stage": list(named.stages), "negative_shift": list(_MOODS)})
    new = [] if late is None else [(named.emerging_name, topics[_APP], pd.Timestamp(late))]
    emerging = pd.DataFrame(new, columns=["name", "topic", "since"])
    return Comments(frame, pd.DataFrame([truth for _, truth in rows]), weights, stages, emerging, description)


def _mean(random: Random, *, is_late: bool) -> _Meaning:
    is_emerging = is_late and random.random() < _EMERGING_SHARE
    topic = _APP if is_emerging else _pick(random, [share for share, *_ in _TOPICS])
    _, negative, neutral, _, where = _TOPICS[topic]
    stage = random.choices(list(where), list(where.values()))[0]
    negative += _MOODS[stage]
    feeling = -1 if is_emerging else _pick(random, [negative, neutral, 1 - negative - neutral]) - 1
    draw = random.random()
    high, medium = {-1: (0.16, 0.42), 0: (0.0, 0.06), 1: (0.0, 0.0)}[feeling]
    is_plain = not is_emerging and random.random() > _SECOND_TOPIC
    others = [place for place in range(len(_TOPICS)) if place != topic]
    return _Meaning(
        topic=topic,
        second=None if is_emerging or is_plain else random.choice(others),
        feeling=feeling,
        stage=stage,
        urgency=0 if draw < high else 1 if draw < medium else 2,
        is_mixed=not is_emerging and feeling != 0 and random.random() < _MIXED,
        is_bare=not is_emerging and random.random() < _BARE,
        is_emerging=is_emerging,
    )


def _comment(meaning: _Meaning, spoken: str, named: Sayings, random: Random) -> _Row:
    sayings = _sayings_en.SAYINGS if spoken == "en" else _sayings_ko.SAYINGS
    text, kinds = _write(meaning, sayings, spoil_english if spoken == "en" else spoil_korean, random)
    topics = list(named.topics)
    felt = [place for place in (meaning.topic, meaning.second) if place is not None]
    points = _MIDDLE + meaning.feeling * sum(_TOPICS[place][3] for place in felt)
    noisy = points + random.gauss(0, _SPREAD)
    second = None if meaning.second is None else topics[meaning.second]
    topic, feeling, is_flipped = _labels(meaning, random)
    row = {
        "language": spoken,
        "text": text,
        "channel": random.choice(named.channels),
        "customer_id": f"K{random.randrange(100_000):05d}",
        "stage": named.stages[meaning.stage],
        "sentiment": SENTIMENTS[feeling + 1],
        "topic": topics[topic],
        "urgency": URGENCIES[meaning.urgency],
        "csat": min(max(round(noisy), 1), 5),
        "nps": min(max(round(2.5 * (noisy - 1) + random.gauss(0, 1.0)), 0), 10),
    }
    truth = {
        "topic": topics[meaning.topic],
        "second_topic": second,
        "sentiment": SENTIMENTS[meaning.feeling + 1],
        "is_ambiguous": second is not None or meaning.is_mixed or meaning.is_bare or is_flipped,
        "is_emerging": meaning.is_emerging,
        "personal": kinds,
        "csat": points,
    }
    return row, truth


def _labels(meaning: _Meaning, random: Random) -> tuple[int, int, bool]:
    """Label a comment as a person might: any of what it holds, and now and then plainly wrong."""
    topic = meaning.topic
    if meaning.second is not None and random.random() < _SECOND_NAMED:
        topic = meaning.second
    is_flipped = not meaning.is_emerging and random.random() < _FLIPPED
    if is_flipped:
        topic = random.choice([place for place in range(len(_TOPICS)) if place != topic])
    feeling = random.choice((-1, 0, 1)) if meaning.is_mixed else meaning.feeling
    return topic, feeling, is_flipped


def _write(
    meaning: _Meaning, sayings: Sayings, spoil: Callable[[str, Random], str], random: Random
) -> tuple[str, list[str]]:
    """Give the text and the kinds of personal data in it."""
    place = meaning.feeling + 1
    body = _said(meaning.topic, place, sayings, random)
    if meaning.is_bare or meaning.is_emerging:
        body = random.choice(sayings.emerging if meaning.is_emerging else sayings.bare[place])
    if meaning.is_mixed:
        body += random.choice(sayings.but) + _said(meaning.topic, 2 - place, sayings, random)
    if meaning.second is not None:
        body += random.choice(sayings.joiners) + _said(meaning.second, place, sayings, random)
    for phrases in _asides(meaning, sayings, random):
        body += random.choice(sayings.joiners) + random.choice(phrases)
    if random.random() < 0.40:
        body = f"{random.choice(sayings.openers[place])} {body}"
    text = spoil(fill(body, sayings.slots, random), random)
    kinds = []
    if random.random() < _PERSONAL:
        kinds = sorted(random.sample(sorted(sayings.personal), random.choice((1, 1, 1, 2))))
        told = [fill_personal(random.choice(sayings.personal[kind]), sayings.names, random) for kind in kinds]
        text = ". ".join([text, *told] if random.random() < 0.7 else [*told, text])
    if random.random() < 0.5:
        mood = random.choice(sayings.moods[place])
        text += (" " if mood[0].isalpha() and mood.isascii() else random.choice((" ", ""))) + mood
    return text, kinds


def _said(topic: int, place: int, sayings: Sayings, random: Random) -> str:
    """Say something about a topic: in words that only fit it, or in a verdict that fits anything."""
    name = list(sayings.topics)[topic]
    if random.random() < _OWN_WORDS:
        return random.choice(sayings.topics[name][place])
    return random.choice(sayings.verdicts[place]).replace("{a}", random.choice(sayings.aspects[name]))


def _asides(meaning: _Meaning, sayings: Sayings, random: Random) -> list[Sequence[str]]:
    """Give what is said beside the matter: what presses, how it feels, or that it does not press at all."""
    medium = (*sayings.nagging, *sayings.hurrying) if meaning.feeling == -1 else sayings.hurrying
    found: list[Sequence[str]] = [(sayings.pressing, medium)[meaning.urgency]] if meaning.urgency < 2 else []
    if meaning.feeling == -1 and meaning.urgency == 2 and random.random() < 0.06:
        found.append(sayings.calm)
    if random.random() < 0.45:
        found.append(sayings.closers[meaning.feeling + 1])
    if len(found) > 1 and random.random() < 0.5:
        found.reverse()
    return found


def _pick(random: Random, shares: list[float]) -> int:
    return random.choices(range(len(shares)), [max(share, 0.01) for share in shares])[0]


def _times(count: int, first: np.datetime64, weeks: int, seed: int) -> NDArray[Any]:
    """Draw times in order: fewer at weekends, most by day and in the evening."""
    rng = np.random.default_rng([seed, 7])
    days = first + np.arange(7 * weeks)
    weekday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    share = np.asarray(_WEEKDAYS)[weekday]
    day = rng.choice(days, size=count, p=share / share.sum())
    hour = np.where(rng.random(count) < 0.55, rng.normal(13.5, 2.8, count), rng.normal(20.5, 2.0, count))
    seconds = (np.clip(hour, 0.0, 23.99) * 3600).astype("timedelta64[s]")
    times: NDArray[Any] = np.sort(day.astype("datetime64[ns]") + seconds)
    return times


def _day(start: str) -> np.datetime64:
    try:
        return np.datetime64(date.fromisoformat(start), "D")
    except (TypeError, ValueError):
        raise ConfigError(f"`start` must be a date such as '2026-01-05' - got {start!r}.") from None

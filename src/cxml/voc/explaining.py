"""Which words moved an answer: each is taken out in turn, and the change of the score is its effect.

That is the same for every method, is exact for what it says (the answer without this word), and speaks of the comment
as it was written: spans are places in the original text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.voc.checks import is_written
from cxml.voc.heads import Head

if TYPE_CHECKING:
    from cxml.voc.scored import ScoredVoc

_WORD = re.compile(r"\S+")
#: Words of a comment that are tried, from its start: an hour's transcript has thousands.
_MOST_WORDS = 200
#: Characters to be scored for one comment: fewer words are tried in one of more than 5,000 characters.
_MOST_CHARACTERS = 1_000_000
#: Characters to be scored at once.
_CHARACTERS_AT_ONCE = 20_000_000
#: Nearer to 0 or 1 than this a chance says no more: sure is sure.
_BOUND = 1e-6


def moving_words(model: ScoredVoc, texts: Sequence[str], most: int) -> dict[str, list[list[dict[str, Any]]]]:
    """Find the words that moved the answers most, for or against the label that was given.

    Parameters
    ----------
    model : ScoredVoc
        Fitted.
    texts : sequence of str, length n
        As they were written.
    most : int >= 1
        Words a comment and head.

    Returns
    -------
    dict of head name -> list, length n, of lists of dict
        ``start`` and ``end``, the word's place in the text; ``effect``, by how much the log-odds of the label given
        (of several labels: the sum over those given) fall without it. Strongest first. The first 200 words of a
        comment are tried, fewer where it is longer than 5,000 characters. Empty where nothing is written.
    """
    found: dict[str, list[list[dict[str, Any]]]] = {head.name: [] for head in model.heads}
    for block in _blocks(texts):
        for name, lines in _moving_words(model, block, most).items():
            found[name] += lines
    return found


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts at once, so that those without one word each, which are many times as long, fit into memory."""
    start = size = 0
    for place, text in enumerate(texts):
        # A word has two characters or more, with the blank behind it.
        own = min(len(text) * min(_MOST_WORDS, len(text) // 2 + 1), _MOST_CHARACTERS)
        if size and size + own > _CHARACTERS_AT_ONCE:
            yield texts[start:place]
            start, size = place, 0
        size += own
    yield texts[start:]


def _moving_words(model: ScoredVoc, texts: Sequence[str], most: int) -> dict[str, list[list[dict[str, Any]]]]:
    spans = [_places(text) if is_written(text) else [] for text in texts]
    without = [text[:start] + text[end:] for text, found in zip(texts, spans, strict=True) for start, end in found]
    whole, parts = model.chances(list(texts)), model.chances(without) if without else {}
    ends = np.cumsum([0, *map(len, spans)])
    found: dict[str, list[list[dict[str, Any]]]] = {}
    for head in model.heads:
        lines: list[list[dict[str, Any]]] = []
        for place, places in enumerate(spans):
            if not places:
                lines.append([])
                continue
            given = _given(head, whole[head.name][place])
            before = _log_odds(whole[head.name][place : place + 1], given)
            effects = before - _log_odds(parts[head.name][ends[place] : ends[place + 1]], given)
            lines.append(_strongest(places, effects, most))
        found[head.name] = lines
    return found


def _places(text: str) -> list[tuple[int, int]]:
    """Where the words stand that are tried."""
    most = min(_MOST_WORDS, max(1, _MOST_CHARACTERS // len(text)))
    return [one.span() for one in islice(_WORD.finditer(text), most)]


def _given(head: Head, chance: np.ndarray) -> np.ndarray:
    """The labels that an answer holds; the likeliest where none of several reaches one half."""
    if head.kind == "multi" and (chance >= 0.5).any():
        return np.flatnonzero(chance >= 0.5)
    return np.array([chance.argmax()])


def _log_odds(chance: np.ndarray, given: np.ndarray) -> np.ndarray:
    bounded = np.clip(chance[:, given], _BOUND, 1 - _BOUND)
    found: np.ndarray = np.log(bounded / (1 - bounded)).sum(axis=1)
    return found


def _strongest(places: Sequence[tuple[int, int]], effects: np.ndarray, most: int) -> list[dict[str, Any]]:
    order = np.argsort(-np.abs(effects), kind="stable")[:most]
    return [{"start": places[one][0], "end": places[one][1], "effect": float(effects[one])} for one in order]

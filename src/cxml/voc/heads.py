"""What a comment is asked: its sentiment, its topic, its urgency; each with labels of one of three kinds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cxml.errors import FrameError, shorten
from cxml.values import is_missing
from cxml.voc.privacy import mask
from cxml.voc.routing import listed

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["single", "ordered", "multi"]
Label = str | int | float | bool

#: Words of which each is worse than the next, whatever their case.
_SCALES = (
    ("very negative", "negative", "neutral", "positive", "very positive"),
    ("매우 부정", "부정", "중립", "긍정", "매우 긍정"),
    ("매우부정", "부정", "중립", "긍정", "매우긍정"),
    ("neg", "neu", "pos"),
    ("불만족", "보통", "만족"),
    ("매우 불만", "불만", "보통", "만족", "매우 만족"),
    ("나쁨", "보통", "좋음"),
    ("bad", "neutral", "good"),
    ("low", "medium", "high"),
    ("낮음", "보통", "높음"),
)
_SEPARATORS = "|;,/"


@dataclass(frozen=True)
class Head:
    """One thing that a model answers about a comment.

    Attributes
    ----------
    name : {"sentiment", "topic", "urgency"}
    column : str
        Holds the labels, in a table to learn from.
    kind : {"single", "ordered", "multi"}
        One label of a set; one of a scale; any number of a set.
    labels : tuple of str, int, float or bool
        From the lowest to the highest where there is an order.
    """

    name: str
    column: str
    kind: Kind
    labels: tuple[Label, ...]

    def read(self, frame: pd.DataFrame) -> np.ndarray:
        """Turn the labels of a table into numbers.

        Returns
        -------
        array of int, shape (n_rows,)
            The place among `labels`, -1 where a row has none or one that is unknown. For ``multi`` an array of float,
            shape (n_rows, n_labels), of 0 and 1, and of NaN where a row has no list.
        """
        place = {label: number for number, label in enumerate(self.labels)}
        values = frame[self.column]
        if self.kind != "multi":
            return np.array([-1 if _absent(one) else place.get(_plain(one), -1) for one in values], dtype=np.int64)
        found = np.full((len(values), len(self.labels)), np.nan)
        for row, one in enumerate(values):
            if _is_list(one):
                found[row] = 0.0
                found[row, [place[label] for label in map(_plain, one) if label in place]] = 1.0
        return found


def learn_head(name: str, values: pd.Series, order: Sequence[Label] | None = None) -> Head:
    """Find out what kind of labels a column holds, and which.

    Parameters
    ----------
    name : {"sentiment", "topic", "urgency"}
    values : Series
        One label a row, or a list of labels a row; missing where it is unknown.
    order : sequence of labels, optional
        From the lowest to the highest. Without it, numbers and well-known words ("negative", "neutral", "positive";
        부정, 중립, 긍정; "low", "medium", "high") are put in order, other labels and topics are not.

    Raises
    ------
    FrameError
        If there are fewer than two labels, one has a single example, kinds of values are mixed, several labels were
        joined in one text, a well-known word is written in several ways, or `order` differs from what is there.

    Examples
    --------
    >>> import pandas as pd
    >>> learn_head("sentiment", pd.Series(["긍정", "부정", "긍정", "부정"], name="s")).labels
    ('부정', '긍정')
    >>> learn_head("topic", pd.Series(["price", "price"], name="t"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The topic 't' must have two labels or more to tell apart - got 1: 'price'. Add comments of \
other kinds.
    """
    column = str(values.name)
    known = [one for one in values if not _absent(one)]
    multi = _check_one_kind(name, column, known)
    examples = [_plain(label) for one in known for label in one] if multi else [_plain(one) for one in known]
    _check_labels(name, column, examples)
    if not multi:
        _check_not_joined(name, column, examples)
    counts: dict[Label, int] = {}
    for label in examples:
        counts[label] = counts.get(label, 0) + 1
    _check_counts(name, column, counts)
    labels = _in_order(name, column, counts, order)
    if multi:
        return Head(name, column, "multi", labels or tuple(sorted(counts, key=str)))
    # A topic of numbers has no order; a sentiment and an urgency of numbers do.
    numbers = name != "topic" and not any(isinstance(one, str) for one in counts)
    labels = labels or (tuple(sorted(counts)) if numbers else None)
    return Head(name, column, "ordered" if labels else "single", labels or tuple(sorted(counts, key=str)))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, set, frozenset, np.ndarray))


def _absent(value: Any) -> bool:
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def _plain(value: Any) -> Label:
    """A label as Python writes it: 1 for the 1.0 of a column with gaps."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.strip() if isinstance(value, str) else value


def _check_one_kind(name: str, column: str, known: Sequence[Any]) -> bool:
    """Whether rows hold lists; refused where some do and some do not."""
    lists = sum(map(_is_list, known))
    if 0 < lists < len(known):
        raise FrameError(
            f"The {name} {column!r} must hold one label a row, or a list in every row - got lists in {lists:,} of "
            f"{len(known):,} rows. Wrap single labels: [label]."
        )
    return lists > 0


def _check_labels(name: str, column: str, examples: Sequence[Any]) -> None:
    odd = sorted({type(one).__name__ for one in examples if not isinstance(one, (str, int, float, bool))})
    if odd:
        raise FrameError(f"The {name} {column!r} must hold texts or numbers as labels - got {shorten(odd)}.")
    texts = sum(isinstance(one, str) for one in examples)
    if 0 < texts < len(examples):
        raise FrameError(
            f"The {name} {column!r} must hold labels of one type - got {texts:,} texts and {len(examples) - texts:,} "
            "numbers. Turn them into one: frame[column].astype(str), and mind the missing ones."
        )


def _check_not_joined(name: str, column: str, examples: Sequence[Label]) -> None:
    """Refuse ``"price|delivery"`` where ``price`` and ``delivery`` are labels too: a list was meant."""
    labels = {one for one in examples if isinstance(one, str)}
    if any(one.startswith("[") and one.endswith("]") for one in labels):
        advice = f"import ast; frame[{column!r}] = frame[{column!r}].map(ast.literal_eval)"
        raise FrameError(f"The {name} {column!r} must hold lists or labels - got lists written as text. Read: {advice}")
    for separator in _SEPARATORS:
        joined = [one for one in labels if separator in one]
        pieces = [piece.strip() for one in joined for piece in one.split(separator)]
        if len(joined) >= 2 and sum(piece in labels or pieces.count(piece) > 1 for piece in pieces) == len(pieces):
            raise FrameError(
                f"The {name} {column!r} must hold one label a row, or a list - got {len(joined)} labels that are "
                f"several, joined by {separator!r}. Split them: frame[{column!r}].str.split({separator!r})."
            )


def _check_counts(name: str, column: str, counts: dict[Label, int]) -> None:
    if len(counts) < 2:
        raise FrameError(
            f"The {name} {column!r} must have two labels or more to tell apart - got {len(counts)}"
            f"{': ' if counts else ''}{_told(counts)}. Add comments of other kinds."
        )
    rare = [label for label, count in counts.items() if count < 2]
    if rare:
        raise FrameError(
            f"Each {name} must have two examples or more, one to learn from and one to judge by - of {len(counts)} "
            f"labels of {column!r}, {len(rare)} have one: {_told(rare)}. Join them with others, add examples, or "
            "empty these cells."
        )


def _told(labels: Iterable[Label]) -> str:
    """List labels in a message, without personal data, should what is called a label be what customers wrote."""
    return listed([mask(one) if isinstance(one, str) else one for one in labels])


def _in_order(
    name: str, column: str, counts: dict[Label, int], order: Sequence[Label] | None
) -> tuple[Label, ...] | None:
    if order is not None:
        given = tuple(map(_plain, order))
        if set(given) != set(counts) or len(set(given)) != len(given):
            raise FrameError(
                f"The order of the {name} must name each label of {column!r} once - got {_told(given)} for "
                f"{_told(sorted(counts, key=str))}."
            )
        return given
    if name == "topic":
        return None
    by_word = {str(label).strip().casefold().replace("_", " "): label for label in counts}
    for scale in _SCALES:
        if set(by_word) <= set(scale):
            if len(by_word) < len(counts):
                raise FrameError(
                    f"Each {name} must be written in one way - got {len(counts)} spellings of {len(by_word)} labels of "
                    f"{column!r}: {_told(sorted(counts, key=str))}. Write them alike: frame[{column!r}].str.lower()."
                )
            return tuple(by_word[word] for word in scale if word in by_word)
    return None

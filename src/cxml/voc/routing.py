"""Which queue a comment belongs to: an ordered list of rules, the first that fits decides, and its name goes along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ConfigError, FrameError, nearest, shorten
from cxml.frames import as_pandas, check_columns

if TYPE_CHECKING:
    import pandas as pd

Labels: TypeAlias = str | Sequence[str] | None
"""A label as text, several of which any will do, or None for all."""
Rules: TypeAlias = "Sequence[Rule | Mapping[str, Any]] | pd.DataFrame"
"""Rules in their order; a table has one a row."""

DEFAULT_RULE = "default"
_MOST_LABELS, _LONGEST_LABEL = 200, 24
_MANY = (list, tuple, set, frozenset, np.ndarray)
#: Between labels in a cell of a table of rules, of which any will do.
_OR = "|"


@dataclass(frozen=True)
class Rule:
    """Send what fits all conditions to a queue.

    Parameters
    ----------
    queue : str
        Where to.
    topic, sentiment, urgency : str or sequence of str, default=None
        Labels of which the comment has one; None asks nothing.
    min_probability : float in [0, 1], default=None
        Least probability of the topic (of the best of the topics asked, where a comment has several).
    max_probability : float in [0, 1], default=None
        Fits only below this probability, or where it is unknown: for what a person should look at.
    where : mapping of str to str or sequence of str, default={}
        Labels asked of other columns, such as ``{"channel": "phone"}``.
    name : str, default=None
        What the answers call it; None describes its conditions.

    Raises
    ------
    ConfigError
        If the queue is no name, a probability is outside [0, 1], or a condition is no label.

    Examples
    --------
    >>> Rule("retention", urgency="high", topic=["해지", "환불"]).title
    'topic=해지|환불, urgency=high'
    >>> Rule("retention", min_probability=60)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `min_probability` of a rule must be in [0, 1] - got 60 in the rule for 'retention'. \
Write 0.6 for 60 %.
    """

    queue: str
    topic: Labels = None
    sentiment: Labels = None
    urgency: Labels = None
    min_probability: float | None = None
    max_probability: float | None = None
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.queue, str) or not self.queue.strip():
            raise ConfigError(f"`queue` of a rule must be a name - got {self.queue!r}. Say where to send.")
        for given in ("min_probability", "max_probability"):
            value = getattr(self, given)
            if value is not None and (isinstance(value, bool) or not _is_share(value)):
                raise ConfigError(
                    f"`{given}` of a rule must be in [0, 1] - got {value!r} in the rule for {self.queue!r}. "
                    "Write 0.6 for 60 %."
                )
        if not isinstance(self.where, Mapping):
            raise ConfigError(f"`where` of a rule must map columns to labels - got {type(self.where).__name__}.")
        for column, labels in (*(one for one in self._heads() if one[1] is not None), *self.where.items()):
            if not _listed(labels) or not all(isinstance(one, str) for one in _listed(labels)):
                raise ConfigError(
                    f"{column!r} of a rule must be a label or a list of labels, as text - got {labels!r} in the rule "
                    f"for {self.queue!r}. Leave it out to ask nothing."
                )

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """Labels asked, by column."""
        asked = {column: _listed(labels) for column, labels in self._heads() if labels is not None}
        return asked | {column: _listed(labels) for column, labels in self.where.items()}

    @property
    def title(self) -> str:
        """Its name, or its conditions in words."""
        words = [f"{column}={'|'.join(labels)}" for column, labels in self.conditions.items()]
        words += [f"probability>={self.min_probability:g}"] if self.min_probability is not None else []
        words += [f"probability<{self.max_probability:g}"] if self.max_probability is not None else []
        return self.name or ", ".join(words) or "everything"

    def _heads(self) -> tuple[tuple[str, Labels], ...]:
        return (("topic", self.topic), ("sentiment", self.sentiment), ("urgency", self.urgency))


def route(
    predictions: Any,
    rules: Rules,
    *,
    default: str = "general",
    labels: Mapping[str, Iterable[str]] | None = None,
) -> pd.DataFrame:
    """Send each comment to the queue of the first rule that it fits.

    Parameters
    ----------
    predictions : DataFrame
        One row per comment with the columns that the rules ask for: ``topic``, ``sentiment``, ``urgency``,
        ``topic_probability`` and others named in ``where``. A topic cell may be a list of labels: any that fits will
        do, and its probability may be a list in the same order.
    rules : sequence of Rule or dict, or DataFrame
        In order. A dict has the same names, so rules may come from JSON or YAML; a table has them as columns, one rule
        a row, with empty cells where nothing is asked and ``|`` between labels of which any will do.
    default : str, default="general"
        Queue of what fits no rule; its rule is called "default".
    labels : mapping of str to labels, default=None
        All labels there are by column, such as ``{"topic": model_topics}``. None takes those of the frame, its
        categories where the column is categorical. A rule that names any other is refused.

    Returns
    -------
    DataFrame
        The predictions with ``queue`` and ``queue_rule``, the name of the rule that decided. Rules that decided no row
        are named in its ``attrs["unused_rules"]``; `rule_usage` tells why.

    Raises
    ------
    ConfigError
        If there is no rule, one holds an unknown setting or label, or two have one name.
    FrameError
        If a column that a rule asks for is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"topic": ["환불", "배송", "앱"], "urgency": ["high", "low", "low"]})
    >>> rules = [{"queue": "retention", "topic": "환불", "urgency": "high"}, Rule("logistics", topic="배송")]
    >>> route(told, rules)[["queue", "queue_rule"]].to_numpy().tolist()
    [['retention', 'topic=환불, urgency=high'], ['logistics', 'topic=배송'], ['general', 'default']]
    >>> route(told, [{"queue": "logistics", "topics": "배송"}])
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: A rule must hold only 'queue', 'topic', 'sentiment', 'urgency', 'min_probability', \
'max_probability', 'where', 'name' - got 'topics' in rule 1. Did you mean 'topic'?
    """
    frame = as_pandas(predictions, what="The predictions")
    read, fits = _read(frame, rules, labels)
    if not isinstance(default, str) or not default.strip():
        raise ConfigError(f"`default` must be the name of a queue - got {default!r}. Use 'general'.")
    first = _first(fits)
    queues = np.array([*(rule.queue for rule in read), default], dtype=object)
    titles = np.array([*(rule.title for rule in read), DEFAULT_RULE], dtype=object)
    routed = frame.assign(queue=queues[first], queue_rule=titles[first])
    routed.attrs["unused_rules"] = [rule.title for place, rule in enumerate(read) if not (first == place).any()]
    return routed


def rule_usage(
    predictions: Any,
    rules: Rules,
    *,
    labels: Mapping[str, Iterable[str]] | None = None,
) -> pd.DataFrame:
    """Count what each rule fits and what it decides, to find rules that never come to anything.

    Parameters
    ----------
    predictions, rules, labels
        As for `route`.

    Returns
    -------
    DataFrame
        In order of the rules: ``queue_rule``, ``queue``, ``fits`` (rows that fit it), ``decides`` (rows that no earlier
        rule took) and ``taken_by``, the earlier rule that took most of the rest, or None. A rule with ``fits`` above 0
        and ``decides`` 0 stands too low in the list; with ``fits`` 0 nothing was like it.

    Raises
    ------
    ConfigError, FrameError
        As `route`.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"topic": ["환불", "배송"]})
    >>> usage = rule_usage(told, [Rule("all"), Rule("logistics", topic="배송")])
    >>> usage[["fits", "decides", "taken_by"]].to_numpy().tolist()
    [[2, 2, None], [1, 0, 'everything']]
    >>> rule_usage(told, [])
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `rules` must be a list of at least one rule - got none. Write \
[Rule("logistics", topic="배송")].
    """
    import pandas as pd

    frame = as_pandas(predictions, what="The predictions")
    read, fits = _read(frame, rules, labels)
    first = _first(fits)
    rows = []
    for place, rule in enumerate(read):
        others = np.bincount(first[fits[place] & (first != place)], minlength=1)
        taken_by = read[int(others.argmax())].title if others.any() else None
        rows.append((rule.title, rule.queue, int(fits[place].sum()), int((first == place).sum()), taken_by))
    return pd.DataFrame(rows, columns=["queue_rule", "queue", "fits", "decides", "taken_by"]).astype(
        {"taken_by": object}
    )


def _read(
    frame: pd.DataFrame, rules: Rules, labels: Mapping[str, Iterable[str]] | None
) -> tuple[list[Rule], NDArray[np.bool_]]:
    """Check the rules against the frame, and tell which rows fit each: shape (rules, rows)."""
    given: Any = rules
    if hasattr(given, "columns") and len(given):
        given = [_asked(row) for row in as_pandas(given, what="The rules").to_dict("records")]
    if isinstance(given, (str, Mapping, Rule)) or not len(given):
        got = "none" if not isinstance(given, Rule) and not len(given) else type(given).__name__
        raise ConfigError(
            f'`rules` must be a list of at least one rule - got {got}. Write [Rule("logistics", topic="배송")].'
        )
    read = [_rule(rule, place) for place, rule in enumerate(given, start=1)]
    titles = [rule.title for rule in read]
    twice = sorted({title for title in titles if titles.count(title) > 1 or title == DEFAULT_RULE})
    if twice:
        raise ConfigError(f"Each rule must have its own name, not 'default' - got {shorten(twice)} again. Set name=.")
    columns = {column for rule in read for column in rule.conditions}
    if any(rule.min_probability is not None or rule.max_probability is not None for rule in read):
        columns.add("topic_probability")
    check_columns(frame.columns, sorted(columns), what="Routing by these rules")
    known = {column: _known(frame[column], column, labels) for rule in read for column in rule.conditions}
    for rule in read:
        for column, asked in rule.conditions.items():
            _check_labels(rule, column, asked, known[column])
    return read, np.array([_fits(frame, rule) for rule in read])


def _asked(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A rule from a row of a table, without its empty cells.

    >>> _asked({"queue": "refunds", "topic": "환불|교환", "sentiment": 1.0, "urgency": None, "min_probability": 0.8})
    {'queue': 'refunds', 'topic': ['환불', '교환'], 'sentiment': ['1'], 'min_probability': 0.8}
    """
    asked = {
        str(name): cell for name, cell in row.items() if labels_in(cell) and not (isinstance(cell, str) and cell == "")
    }
    for name in asked.keys() & {"topic", "sentiment", "urgency"}:
        if isinstance(asked[name], _MANY):
            asked[name] = [str(label) for label in asked[name]]
            continue
        # A column of whole numbers with gaps is read as one of floats.
        cell = f"{asked[name]:g}" if isinstance(asked[name], float) else str(asked[name])
        asked[name] = [label.strip() for label in cell.split(_OR)]
    return asked


def _rule(rule: Rule | Mapping[str, Any], place: int) -> Rule:
    if isinstance(rule, Rule):
        return rule
    if not isinstance(rule, Mapping):
        raise ConfigError(f"A rule must be a Rule or a dict - got {type(rule).__name__} as rule {place}.")
    names = [one.name for one in fields(Rule)]
    unknown = [key for key in rule if key not in names]
    if unknown:
        near = nearest(str(unknown[0]), names) or ' Ask other columns with where={"column": "label"}.'
        raise ConfigError(
            f"A rule must hold only {shorten(names, len(names))} - got {shorten(unknown)} in rule {place}.{near}"
        )
    if "queue" not in rule:
        raise ConfigError(f"A rule must say its 'queue' - got none in rule {place}. Say where to send.")
    return Rule(**rule)


def _known(column: pd.Series, name: str, labels: Mapping[str, Iterable[str]] | None) -> set[str]:
    import pandas as pd

    if labels is not None and name in labels:
        return set(map(str, labels[name]))
    if isinstance(column.dtype, pd.CategoricalDtype):
        return set(map(str, column.cat.categories))
    return {str(label) for cell in column for label in labels_in(cell)}


def _check_labels(rule: Rule, column: str, asked: Sequence[str], known: set[str]) -> None:
    unknown = [label for label in asked if label not in known]
    if unknown:
        near = nearest(unknown[0], [one for one in known if len(str(one)) <= _LONGEST_LABEL])
        raise ConfigError(
            f"A rule must name labels of {column!r}, {listed(sorted(known, key=str))} - got {shorten(unknown)} in the "
            f"rule {rule.title!r}.{near} Where it only does not occur in these rows, name all there are: "
            f"labels={{{column!r}: [...]}}."
        )


def _fits(frame: pd.DataFrame, rule: Rule) -> NDArray[np.bool_]:
    fit = np.ones(len(frame), dtype=bool)
    for column, asked in rule.conditions.items():
        wanted = set(asked)
        fit &= np.fromiter(
            (not wanted.isdisjoint(map(str, labels_in(cell))) for cell in frame[column]), dtype=bool, count=len(frame)
        )
    if rule.min_probability is None and rule.max_probability is None:
        return fit
    probability = _topic_probability(frame, set(_listed(rule.topic)))
    if rule.min_probability is not None:
        fit &= probability >= rule.min_probability
    if rule.max_probability is not None:
        fit &= ~(probability >= rule.max_probability)
    return fit


def _topic_probability(frame: pd.DataFrame, wanted: set[str]) -> NDArray[np.float64]:
    """Give the probability of each row's topic; of the best of those wanted, where the row has one for each topic."""
    cells = frame["topic_probability"]
    topics = frame["topic"] if "topic" in frame else [None] * len(frame)
    try:
        return np.array(
            [_best(topic, cell, wanted) for topic, cell in zip(topics, cells, strict=True)], dtype=np.float64
        )
    except (TypeError, ValueError):
        raise FrameError(
            "'topic_probability' must hold a number, or one for each topic of the row - got other values. "
            "Pass what the model answers."
        ) from None


def _best(topic: Any, cell: Any, wanted: set[str]) -> float:
    if not isinstance(cell, _MANY):
        return float("nan") if cell is None else float(cell)
    each = dict(zip(labels_in(topic), cell, strict=True))
    chosen = [float(value) for label, value in each.items() if not wanted or str(label) in wanted]
    return max(chosen, default=float("nan"))


def _first(fits: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Place of the first rule that each row fits; one past the last where it fits none."""
    return np.where(fits.any(axis=0), fits.argmax(axis=0), len(fits))


def listed(labels: Iterable[Any]) -> str:
    """List labels in a message, or only count them where they look like what customers wrote.

    >>> listed(["배송", "앱"]), listed(["배송이 이틀이나 늦어졌는데 연락 한 번 없네요"])
    ("'배송', '앱'", '1 of them')
    """
    known = list(labels)
    is_short = len(known) <= _MOST_LABELS and all(len(str(one)) <= _LONGEST_LABEL for one in known)
    return shorten(known, 8) if is_short else f"{len(known):,} of them"


def labels_in(cell: Any) -> tuple[Any, ...]:
    """Give the labels of one cell: those of a list, one alone, or none where it is missing.

    >>> labels_in(["배송", "앱"]), labels_in("배송"), labels_in(None)
    (('배송', '앱'), ('배송',), ())
    """
    if isinstance(cell, str):
        return (cell,)
    if isinstance(cell, _MANY):
        return tuple(cell)
    import pandas as pd

    return () if pd.isna(cell) else (cell,)


def _listed(labels: Labels) -> tuple[str, ...]:
    if labels is None:
        return ()
    return tuple(labels) if isinstance(labels, Iterable) and not isinstance(labels, str) else (labels,)


def _is_share(value: object) -> bool:
    return isinstance(value, (int, float, np.floating)) and bool(0 <= value <= 1)

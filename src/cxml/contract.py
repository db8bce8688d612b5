"""What a model is, what a family is, and what a training yields.

A model is anything with the six members of `Model`; there is no base class. What only some models can do is a
small protocol of its own, asked for with ``isinstance``. A training yields `Record` values, plain data that
`cxml.tracking` writes to MLflow and a notebook shows: the science knows nothing of either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, runtime_checkable

from cxml.errors import ConfigError, nearest, shorten

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure as Picture

#: The number of the model-folder contract that this version writes, and the newest that it reads.
CONTRACT = 1


@runtime_checkable
class Model(Protocol):
    """What every registered model has. `family` and `method` name it: ``churn/boosted``."""

    family: ClassVar[str]
    method: ClassVar[str]
    Config: ClassVar[type[Any]]
    config: Any

    def __init__(self, config: Any) -> None: ...

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from a checked frame that holds the target; the frame is not changed."""
        ...

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One row per row of `frame`, in its order and with its index."""
        ...

    def parts(self) -> Mapping[str, Any]:
        """Everything learned: JSON values, arrays, boosters."""
        ...

    @classmethod
    def from_parts(cls, config: Any, parts: Mapping[str, Any]) -> Self:
        """Rebuild a fitted model from its config and its parts."""
        ...

    def features(self) -> Mapping[str, str]:
        """Name the columns that a frame to predict must hold: name -> ``number``, ``text`` or ``date``."""
        ...


@runtime_checkable
class PredictsOne(Protocol):
    """Answers one record (a mapping) with one dict, quickly and from any thread."""

    def predict_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Answer like `Model.predict` on a frame of this one row."""
        ...


@runtime_checkable
class Refits(Protocol):
    """Fits on more rows what it has settled already, without choosing again."""

    def refit(self, frame: pd.DataFrame) -> Self:
        """Answer with a new model of the same choices, fitted on `frame`."""
        ...


@runtime_checkable
class Forecasts(Protocol):
    """Knows which rows come after those that it learned from."""

    def future(self, horizon: int | None = None) -> pd.DataFrame:
        """The next rows, `horizon` periods of them: to be filled where something is known, and predicted."""
        ...


@runtime_checkable
class Updates(Protocol):
    """Learns from new rows without training again, and answers from then on as one that knows them."""

    def update(self, rows: pd.DataFrame) -> Any:
        """Learn from rows that hold the target."""
        ...


@runtime_checkable
class Explains(Protocol):
    """Splits each prediction's score exactly among the columns."""

    def explain(self, frame: pd.DataFrame) -> Explanation:
        """Shapley values of the score, one row per row of `frame`."""
        ...


@dataclass(frozen=True)
class Explanation:
    """Shapley values of a score.

    Attributes
    ----------
    names : tuple of str, length n_columns
    values : DataFrame, shape (n_rows, n_columns)
        The value that each effect belongs to, as text; empty where missing.
    effects : array, shape (n_rows, n_columns)
        In units of the score.
    base : float
        The score before any column is known. ``base + effects.sum(axis=1)`` is the score.
    """

    names: tuple[str, ...]
    values: pd.DataFrame
    effects: np.ndarray
    base: float

    @property
    def score(self) -> np.ndarray:
        """The score of each row: base plus all its effects."""
        total: np.ndarray = self.base + self.effects.sum(axis=1)
        return total


@dataclass(frozen=True)
class Param:
    """A setting of the run."""

    name: str
    value: object


@dataclass(frozen=True)
class Metric:
    """A figure of the run, with the bounds of its interval where it has one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Table:
    """A small table to be kept with the run."""

    name: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Figure:
    """A picture, drawn only when somebody wants it."""

    name: str
    draw: Callable[[], Picture]


@dataclass(frozen=True)
class Data:
    """What the model was trained on, in words and numbers but never in rows.

    `start` and `end` are its first and last moment; a start without an end is that of a model updated since.
    """

    name: str
    rows: int
    columns: int
    digest: str
    start: str | None = None
    end: str | None = None


Record = Param | Metric | Table | Figure | Data


@dataclass(frozen=True)
class Split:
    """Which rows a fit may learn from and which rows judge it.

    Attributes
    ----------
    train, test : arrays of int
        Positions of rows. They never overlap; some rows may be in neither.
    rule : str
        How they were chosen, in words.
    """

    train: np.ndarray
    test: np.ndarray
    rule: str


@dataclass(frozen=True)
class Trial:
    """What a model and its baselines answered about rows that none of them had seen.

    Attributes
    ----------
    model : Model
        The judged fit; that of the last origin where there are several.
    answers : mapping of method name -> DataFrame
        The model's first, then its baselines', the strongest first. One line per held-out row, the same rows in the
        same order for each: ``row`` (a number that hangs on what the row holds: two runs with the same number were
        asked the same), what was answered and what happened, ``loss`` (the row's share of the headline metric, lower
        is better), and ``group`` where rows stand or fall together, such as one customer at many dates. Two models
        of any family are compared by their losses.
    frame : DataFrame
        The held-out rows, for the pictures.
    rule : str
        How they were chosen, in words.
    rows : mapping with ``train`` and ``test``
        How many rows the judged fit learned from, and how many were held out.
    notes : tuple of str
        What was found on the way.
    """

    model: Model
    answers: Mapping[str, pd.DataFrame]
    frame: pd.DataFrame
    rule: str
    rows: Mapping[str, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """How one model did on the held-out rows.

    Attributes
    ----------
    headline : str
        The metric that ranks models: the mean of the rows' losses, lower is better.
    metrics : sequence of Metric
        Named without prefix: ``roc_auc``.
    """

    headline: str
    metrics: Sequence[Metric]


@dataclass(frozen=True)
class Findings:
    """What a check found that does not stop a training.

    Attributes
    ----------
    notes : tuple of str
        Sentences: columns left out, leakage, odd values.
    leaks : mapping of column -> what was found
        Columns that seem to know the answer and are learned from all the same.
    """

    notes: tuple[str, ...] = ()
    leaks: Mapping[str, str] = field(default_factory=dict)


#: Names the step of a training that starts now.
Step = Callable[[str], None]


@dataclass(frozen=True)
class Family:
    """What the training recipe has to know of a family.

    Attributes
    ----------
    name : str
    check : (frame, config) -> (frame, config, Findings)
        Refuse what cannot be trained on; settle what the config left open; say what was found.
    trial : (unfitted model, frame, step) -> Trial
        Fit the model and its baselines on a part of the rows and ask them about the others. `cxml.training.hold_out`
        makes one for families that judge on one split; others fit as often as their question asks.
    answer : (models by name, labelled frame, config) -> answers by the same names
        What fitted models answer about rows whose outcome is known, as in `Trial.answers`.
    judge : (answers by name, config) -> Judgement by the same names
        From the answers alone.
    figures : (trial) -> records with pictures
    example : (fitted model, frame) -> DataFrame
        A made-up input for MLflow, nobody's record; `cxml.training.typical_rows` suits rows that stand alone.
    limits : str
        What the figures do not say: the last paragraph of the model card.
    """

    name: str
    check: Callable[[pd.DataFrame, Any], tuple[pd.DataFrame, Any, Findings]]
    trial: Callable[[Model, pd.DataFrame, Step], Trial]
    answer: Callable[[Mapping[str, Any], pd.DataFrame, Any], Mapping[str, pd.DataFrame]]
    judge: Callable[[Mapping[str, pd.DataFrame], Any], Mapping[str, Judgement]]
    figures: Callable[[Trial], Iterable[Record]]
    example: Callable[[Model, pd.DataFrame], pd.DataFrame]
    limits: str


@dataclass(frozen=True)
class Verdict:
    """The held-out figures of a model and of its baselines, and how they were come by.

    Attributes
    ----------
    headline : str
        The metric that ranks models; lower is better.
    metrics : dict of model name -> list of Metric
        The judged model first, its baselines after it, the strongest first.
    rule : str
        How the held-out rows were chosen.
    rows : dict with ``train`` and ``test``
    notes : tuple of str
        What was found on the way: columns left out, leakage, odd values.
    leaks : dict of column -> what was found
        Columns that seem to know the answer and were used.
    """

    headline: str
    metrics: dict[str, list[Metric]]
    rule: str
    rows: dict[str, int]
    notes: tuple[str, ...] = ()
    leaks: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for the model folder."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Verdict:
        """Back from `to_json`."""
        metrics = {name: [Metric(**one) for one in found] for name, found in values["metrics"].items()}
        return cls(**{**values, "metrics": metrics, "notes": tuple(values["notes"])})

    def flat(self) -> dict[str, float]:
        """Name the figures as MLflow does: ``holdout_*`` of the model, ``baseline_*`` of its best baseline."""
        named: dict[str, float] = {}
        for prefix, found in zip(("holdout", "baseline"), self.metrics.values(), strict=False):
            for metric in found:
                named[f"{prefix}_{metric.name}"] = metric.value
                if prefix == "holdout" and metric.low is not None and metric.high is not None:
                    named[f"{prefix}_{metric.name}_low"] = metric.low
                    named[f"{prefix}_{metric.name}_high"] = metric.high
        return named


ConfigT = TypeVar("ConfigT")

#: Marks a field of a config that training settles, which nobody needs to read among the settings:
#: ``schema: tuple[...] = field(default=(), metadata=SETTLED)``.
SETTLED: Mapping[str, Any] = {"settled": True}


def build_config(kind: type[ConfigT], settings: Mapping[str, Any]) -> ConfigT:
    """Make a config dataclass from settings, refusing unknown names.

    Parameters
    ----------
    kind : type
        A frozen dataclass. Its ``__post_init__`` checks the values.
    settings : mapping of str to value

    Raises
    ------
    ConfigError
        If a name is not a field of `kind` (the message names the nearest one), or one without default is left out.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Rain:
    ...     seed: int = 0
    >>> build_config(Rain, {"seed": 3})
    Rain(seed=3)
    >>> build_config(Rain, {"sed": 3})
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: Rain has the settings 'seed' - got 'sed'. Did you mean 'seed'?
    """
    known = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            listed = ", ".join(map(repr, known))
            raise ConfigError(f"{kind.__name__} has the settings {listed} - got {name!r}.{nearest(name, known)}")
    needed = [
        one.name
        for one in fields(kind)  # type: ignore[arg-type]
        if one.name not in settings and one.default is MISSING and one.default_factory is MISSING
    ]
    if needed:
        raise ConfigError(f"{kind.__name__} needs the settings {shorten(needed)}. Pass {needed[0]}=...")
    return kind(**settings)


def settings_of(config: Any) -> dict[str, Any]:
    """Name the settings to be shown to people: those with a value, but not what training settled (`SETTLED`).

    Parameters
    ----------
    config : dataclass

    Returns
    -------
    dict of name -> value

    Examples
    --------
    >>> from dataclasses import dataclass, field
    >>> @dataclass(frozen=True)
    ... class Rain:
    ...     seed: int = 0
    ...     key: str | None = None
    ...     levels: tuple[str, ...] = field(default=(), metadata=SETTLED)
    >>> settings_of(Rain(levels=("wet", "dry")))
    {'seed': 0}
    """
    shown = [one.name for one in fields(config) if not one.metadata.get("settled")]
    return {name: getattr(config, name) for name in shown if getattr(config, name) is not None}


@dataclass(frozen=True)
class Origin:
    """Where a model came from: what it learned from and with which packages."""

    data: Data | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

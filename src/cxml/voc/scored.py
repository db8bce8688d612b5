"""A model that scores comments: what all methods share, from the table to the calibrated answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from cxml.errors import FrameError, NotFittedError
from cxml.frames import check_columns, check_record
from cxml.values import is_missing
from cxml.voc.calibration import Calibration
from cxml.voc.checks import is_written, read_texts, targets_of
from cxml.voc.columns import PROBABILITY, SCORE
from cxml.voc.config import VocConfig
from cxml.voc.heads import Head, learn_head
from cxml.voc.privacy import mask

if TYPE_CHECKING:
    import pandas as pd

#: Of several labels, those with at least this chance are given.
THRESHOLD = 0.5


class Engine(Protocol):
    """Turns texts into scores on the scale of log-odds.

    One that has a short way for a single text offers it as ``scores_of(text)``: scores by head, shape (n_labels,).

    Attributes
    ----------
    validation : dict of head name -> (rows, scores)
        After `fit`: scores of rows by a fit that had not seen them.
    """

    validation: dict[str, tuple[np.ndarray, np.ndarray]]

    def fit(self, texts: Sequence[str], targets: Mapping[str, np.ndarray], heads: Sequence[Head], /) -> Any:
        """Learn from masked texts."""
        ...

    def scores(self, texts: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Scores by head, each of shape (n_texts, n_labels)."""
        ...

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        ...


@runtime_checkable
class RefitsEngine(Protocol):
    """An engine that fits other rows with the choices it has made."""

    def refit(self, texts: Sequence[str], targets: Mapping[str, np.ndarray], heads: Sequence[Head]) -> Any:
        """A new engine, without choosing and validating again."""
        ...


class ScoredVoc(ABC):
    """Masks comments, scores them, and turns the scores into labels with calibrated probabilities.

    Parameters
    ----------
    config : VocConfig
    """

    family: ClassVar[str] = "voc"
    method: ClassVar[str]
    Config: ClassVar[type[Any]] = VocConfig

    def __init__(self, config: Any) -> None:
        self.config = config
        self._engine: Any = None
        self._heads: Sequence[Head] = ()
        self._calibrations: dict[str, Calibration] = {}

    @abstractmethod
    def engine(self) -> Engine:
        """A new, unfitted engine of these settings: with `read_engine` all in which the methods differ."""

    @classmethod
    @abstractmethod
    def read_engine(cls, parts: Mapping[str, Any]) -> Engine:
        """A fitted engine from its parts."""

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from labelled comments that `cxml.voc.checks.check` has masked."""
        texts, targets, heads = self._read(frame)
        self._engine = self.engine().fit(texts, targets, heads)
        self._heads = heads
        for head in heads:
            rows, scores = self._engine.validation[head.name]
            self._calibrations[head.name] = Calibration.learn(head.kind, [scores], targets[head.name][rows])
        return self

    def refit(self, frame: pd.DataFrame) -> Self:
        """A model of the same choices and calibration, fitted on other rows, where its engine can; else a new fit."""
        model = type(self)(self.config)
        if not isinstance(self.fitted, RefitsEngine):
            return model.fit(frame)
        texts, targets, heads = self._read(frame)
        model._engine = self.fitted.refit(texts, targets, heads)
        model._heads, model._calibrations = heads, self._calibrations
        return model

    def _read(self, frame: pd.DataFrame) -> tuple[list[str], dict[str, np.ndarray], Sequence[Head]]:
        config = self.config
        heads = config.settled_heads or [
            learn_head(name, frame[column], config.order if name == "sentiment" else None)
            for name, column in config.asked.items()
        ]
        return read_texts(frame[config.text]), targets_of(frame, heads), heads

    @property
    def fitted(self) -> Engine:
        """The engine.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._engine is None:
            raise NotFittedError(
                f"A model must be fitted before it answers - this {type(self).__name__} is not. Call voc.train(...)."
            )
        engine: Engine = self._engine
        return engine

    @property
    def heads(self) -> Sequence[Head]:
        """What it answers, with the labels."""
        return self._heads

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Labels and their probabilities, one row per row of `frame`; the key comes along where the frame has it."""
        config = self.config
        check_columns(frame.columns, [config.text], what="This model", advice="Name the column of comments so.")
        texts = read_texts(frame[config.text])
        written = np.array([is_written(one) for one in texts], dtype=bool)
        answer = (
            frame[[config.key]].copy() if config.key is not None and config.key in frame.columns else frame[[]].copy()
        )
        for head, chance in zip(self._heads, self.chances(texts).values(), strict=True):
            answer = answer.assign(**_columns(head, chance, written))
        return answer

    def chances(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Calibrated probabilities of texts, by head, each of shape (n_texts, n_labels); personal data is masked."""
        scores = self.fitted.scores(mask(list(texts), patterns=self.config.patterns))
        return {head.name: self._calibrations[head.name].probabilities([scores[head.name]]) for head in self._heads}

    def predict_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Labels and probabilities of one comment.

        Parameters
        ----------
        record : mapping of column to value
            The text, and the key where the answer shall hold it; further fields are ignored.

        Returns
        -------
        dict
            The columns of `predict`. Labels and numbers are None where the comment is empty.

        Raises
        ------
        FrameError
            If it is no mapping, lacks the text, or that is no text.
        """
        engine, config = self.fitted, self.config
        check_record(record)
        if config.text not in record:
            check_columns(record, [config.text], what="This model", advice="Name the comment so in the record.")
        text = record[config.text]
        if not isinstance(text, str):
            if not is_missing(text):
                raise FrameError(
                    f"A comment must be a text - got {type(text).__name__} in {config.text!r}. Use str(...)."
                )
            text = ""
        masked = mask(text, patterns=config.patterns)
        # By name: isinstance of a protocol would take as long as the score itself.
        scores_of = getattr(engine, "scores_of", None)
        if scores_of is not None:
            scores = scores_of(masked)
        else:
            scores = {name: one[0] for name, one in engine.scores([masked]).items()}
        written = is_written(text)
        answer = {config.key: record[config.key]} if config.key is not None and config.key in record else {}
        for head in self._heads:
            chance = self._calibrations[head.name].probabilities([scores[head.name][None]])[0]
            answer |= _fields(head, chance, written)
        return answer

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        heads = [[one.name, one.column, one.kind, list(one.labels)] for one in self._heads]
        calibrations = {name: one.to_json() for name, one in self._calibrations.items()}
        return {**self.fitted.parts(), "answers": {"heads": heads, "calibrations": calibrations}}

    @classmethod
    def from_parts(cls, config: Any, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        answers = parts["answers"]
        model._heads = [Head(name, column, kind, tuple(labels)) for name, column, kind, labels in answers["heads"]]
        model._calibrations = {name: Calibration.from_json(one) for name, one in answers["calibrations"].items()}
        model._engine = cls.read_engine(parts)
        return model

    def features(self) -> dict[str, str]:
        """The one column that a frame to predict must hold."""
        return {self.config.text: "text"}


def _columns(head: Head, chance: np.ndarray, written: np.ndarray) -> dict[str, Any]:
    """The answer's columns of one head."""
    name, probability = head.name, PROBABILITY.format(head.name)
    labels = np.empty(len(chance), dtype=object)
    if head.kind == "multi":
        given = [np.flatnonzero(row >= THRESHOLD) for row in chance]
        chances = np.empty(len(chance), dtype=object)
        for place, found in enumerate(given):
            labels[place] = [head.labels[one] for one in found] if written[place] else None
            chances[place] = [float(chance[place, one]) for one in found] if written[place] else None
        return {name: labels, probability: chances}
    best = chance.argmax(axis=1)
    labels[:] = np.array(head.labels, dtype=object)[best]
    labels[~written] = None
    columns: dict[str, Any] = {
        name: labels,
        probability: np.where(written, chance[np.arange(len(chance)), best], np.nan),
    }
    if head.kind == "ordered":
        columns[SCORE.format(name)] = np.where(written, chance @ np.linspace(-1, 1, len(head.labels)), np.nan)
    return columns


def _fields(head: Head, chance: np.ndarray, written: bool) -> dict[str, Any]:
    """The same as `_columns`, of one comment and without a table."""
    if head.kind == "multi":
        return {name: values[0] for name, values in _columns(head, chance[None], np.array([written])).items()}
    best = int(chance.argmax())
    found: dict[str, Any] = {
        head.name: head.labels[best] if written else None,
        PROBABILITY.format(head.name): float(chance[best]) if written else None,
    }
    if head.kind == "ordered":
        chances = chance.tolist()
        middle = sum(place * one for place, one in enumerate(chances)) / (len(chances) - 1)
        found[SCORE.format(head.name)] = 2 * middle - 1 if written else None
    return found

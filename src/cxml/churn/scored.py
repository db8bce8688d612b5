"""A churn model that is an additive score: what `boosted` and `logistic` share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.additive import AdditiveScore, Choice, build
from cxml.additive.score import probabilities, sigmoid
from cxml.churn.checks import groups_of_rows, learn_encoder, target_of
from cxml.churn.columns import PROBABILITY
from cxml.churn.config import ChurnConfig
from cxml.contract import Explanation
from cxml.encoding import Encoder
from cxml.errors import NotFittedError

if TYPE_CHECKING:
    import pandas as pd


class ScoredChurn:
    """Encodes customers, scores them, and turns the score into the probability of leaving.

    Parameters
    ----------
    config : ChurnConfig

    Attributes
    ----------
    choose : function of (matrix, target, level counts, groups, seed)
        Settles what to fit: the one thing in which the methods differ.
    """

    family: ClassVar[str] = "churn"
    method: ClassVar[str]
    choose: ClassVar[staticmethod[[np.ndarray, np.ndarray, Mapping[int, int], np.ndarray, int], Choice]]
    Config: ClassVar[type[Any]] = ChurnConfig

    def __init__(self, config: ChurnConfig) -> None:
        self.config = config
        self._encoder: Encoder | None = None
        self._score: AdditiveScore | None = None
        self._choice: Choice | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from customers whose fate is known; `frame` is not changed."""
        return self._learn(frame, None)

    def refit(self, frame: pd.DataFrame) -> Self:
        """A model of the same choices, fitted on other rows: what was settled on folds is not settled again."""
        return type(self)(self.config)._learn(frame, self._choice)

    def _learn(self, frame: pd.DataFrame, choice: Choice | None) -> Self:
        encoder, _ = learn_encoder(frame, self.config)
        groups = groups_of_rows(frame, self.config)
        rows = encoder.encode(frame), target_of(frame, self.config), encoder.level_counts, groups
        self._choice = choice or type(self).choose(*rows, self.config.seed)
        return self._take(encoder, build(*rows, self._choice))

    def _take(self, encoder: Encoder, score: AdditiveScore) -> Self:
        self._encoder, self._score = encoder, score
        self._encode_one, self._score_one = encoder.encode_one, score.score_one
        return self

    @property
    def fitted(self) -> tuple[Encoder, AdditiveScore]:
        """The encoder and the score.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._encoder is None or self._score is None:
            raise NotFittedError(
                f"A model must be fitted before it answers - this {type(self).__name__} is not. Call churn.train(...)."
            )
        return self._encoder, self._score

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Probability of leaving, one row per row of `frame`; the key comes along where the frame has it."""
        encoder, score = self.fitted
        log_odds = score.score(encoder.encode(frame))
        return keyed(frame, self.config.key).assign(**{PROBABILITY: probabilities(log_odds)})

    def predict_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Probability of leaving of one customer.

        Parameters
        ----------
        record : mapping of column to value
            Every column that the model needs (`features`); a missing value is None. A category never seen counts as
            missing, further fields are ignored.

        Returns
        -------
        dict
            ``churn_probability``, and the key where the record has it.

        Raises
        ------
        FrameError
            If it is no mapping, lacks a column, or holds a value of the wrong kind - as in a batch.
        """
        try:
            score = self._score_one(self._encode_one(record))
        except AttributeError:
            _ = self.fitted
            raise
        key = self.config.key
        if key is not None and key in record:
            return {key: record[key], PROBABILITY: sigmoid(score)}
        return {PROBABILITY: sigmoid(score)}

    def explain(self, frame: pd.DataFrame) -> Explanation:
        """Exact Shapley values of the log-odds, one row per row of `frame`."""
        encoder, score = self.fitted
        effects, base = score.contributions(encoder.encode(frame))
        return Explanation(encoder.names, encoder.texts(frame), effects, base)

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        encoder, score = self.fitted
        return {"columns": encoder.to_json(), **score.parts()}

    @classmethod
    def from_parts(cls, config: ChurnConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        return cls(config)._take(Encoder.from_json(parts["columns"]), AdditiveScore.from_parts(parts))

    def features(self) -> dict[str, str]:
        """The columns that a frame to predict must hold, with their kinds."""
        return self.fitted[0].features()


def keyed(frame: pd.DataFrame, key: str | None) -> pd.DataFrame:
    """Start an answer: the index of `frame`, and its key where it has one."""
    return frame[[key]].copy() if key is not None and key in frame.columns else frame[[]].copy()

"""When will they leave: discrete-time survival, with the customers still here counted as censored.

Time is cut into periods. The hazard of a period - the chance of leaving in it for those who reached it - is
``sigmoid(offset(period) + trees(features, period))``: the offset is the life table of all customers, the trees learn
who differs from it and when. The likelihood of the hazards is that of one yes-no answer for each period that a
customer lived through (Allison 1982, Sociological Methodology 13; Singer & Willett 1993), so ordinary boosting on
customer-period rows fits it, censoring included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.churn.checks import check_durations, learn_encoder, target_of
from cxml.churn.columns import MONTH, PROBABILITY
from cxml.churn.config import SurvivalConfig
from cxml.churn.scored import keyed, probabilities
from cxml.encoding import Encoder
from cxml.errors import NotFittedError
from cxml.frames import check_columns

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

#: More periods than this tell nothing more and cost rows; longer spans get wider periods.
_MOST_PERIODS = 120
_MOST_ROUNDS = 400
_PARAMS = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 12,
    "min_data_in_leaf": 100,
    "lambda_l2": 5.0,
    "feature_fraction_bynode": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "cat_smooth": 20.0,
    "cat_l2": 20.0,
    "max_bin": 127,
    "num_threads": 2,
}


class LifeTableChurn:
    """The same curve for everybody: the discrete Kaplan-Meier estimate, baseline of the survival models.

    Parameters
    ----------
    config : SurvivalConfig
    """

    family: ClassVar[str] = "churn"
    method: ClassVar[str] = "life_table"
    Config: ClassVar[type[Any]] = SurvivalConfig

    def __init__(self, config: SurvivalConfig) -> None:
        self.config = config
        self._width: float | None = None
        self._offset = np.zeros(0)

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the hazard of each period from all customers."""
        duration = check_durations(frame[self.config.duration])
        self._width = max(1.0, float(np.ceil((duration.max() + 1) / _MOST_PERIODS)))
        self._offset = _life_table(self.periods(duration), target_of(frame, self.config))
        return self

    def periods(self, duration: np.ndarray) -> np.ndarray:
        """The period in which each duration ends, from 0 up."""
        if self._width is None:
            raise NotFittedError(
                f"A model must be fitted before it answers - this {type(self).__name__} is not. Call churn.train(...)."
            )
        found: np.ndarray = np.floor(duration / self._width).astype(np.intp)
        return found

    def hazards(self, frame: pd.DataFrame) -> np.ndarray:
        """Chance of leaving in each period for those who reach it, shape (n_rows, n_periods)."""
        self.periods(np.zeros(1))
        return np.tile(probabilities(self._offset), (len(frame), 1))

    def survival(self, frame: pd.DataFrame, months: Sequence[float] = ()) -> np.ndarray:
        """Chance of still being here so many periods from now.

        Parameters
        ----------
        frame : DataFrame
            With the duration so far; 0 for a new customer. The curve is that of customers who have come this far.
        months : sequence of float from 0 up, optional
            In the unit of the duration; by default 0, 1, ... as far ahead as the longest duration seen. Within a
            period the log of survival is a straight line, and beyond the last period its hazard goes on.

        Returns
        -------
        array of float, shape (n_rows, n_months)
        """
        check_columns(frame.columns, [self.config.duration], what="This model")
        start = self.periods(check_durations(frame[self.config.duration]))
        hazard = self.hazards(frame)
        last = hazard.shape[1] - 1
        ahead = np.minimum(start[:, None] + np.arange(last + 1), last)
        steps = np.log1p(-np.minimum(np.take_along_axis(hazard, ahead, axis=1), 1 - 1e-9))
        width = self._width or 1.0
        wanted = np.asarray(months if len(months) else np.arange(0, (last + 1) * width + 1, width)) / width
        whole = np.minimum(wanted.astype(np.intp), last + 1)
        total = np.hstack([np.zeros((len(frame), 1)), np.cumsum(steps, axis=1)])
        following = np.hstack([steps, steps[:, -1:]])
        curve: np.ndarray = np.exp(total[:, whole] + following[:, whole] * (wanted - whole))
        return curve

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Chance of leaving within the horizon, and the expected periods until then.

        ``expected_month`` is the mean time from now until leaving, counted up to as far ahead as the longest
        duration seen (the restricted mean; Royston & Parmar 2013).
        """
        within = 1 - self.survival(frame, [self.config.horizon])[:, 0]
        curve = self.survival(frame)
        expected = (self._width or 1.0) * (curve[:, :-1] + curve[:, 1:]).sum(axis=1) / 2
        return keyed(frame, self.config.key).assign(**{PROBABILITY: within, MONTH: expected})

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        self.periods(np.zeros(1))
        return {"periods": {"width": self._width}, "offset": self._offset}

    @classmethod
    def from_parts(cls, config: SurvivalConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        model._width, model._offset = float(parts["periods"]["width"]), np.asarray(parts["offset"])
        return model

    def features(self) -> dict[str, str]:
        """The columns that a frame to predict must hold, with their kinds."""
        return {self.config.duration: "number"}


class SurvivalChurn(LifeTableChurn):
    """Boosted hazards: who leaves sooner than the life table says, and when.

    Parameters
    ----------
    config : SurvivalConfig
    """

    method: ClassVar[str] = "survival"

    def __init__(self, config: SurvivalConfig) -> None:
        super().__init__(config)
        self._encoder: Encoder | None = None
        self._booster: Booster | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the hazards from customers who left and customers who are still here."""
        super().fit(frame)
        encoder, _ = learn_encoder(frame, self.config)
        matrix = encoder.encode(frame)
        ends = self.periods(check_durations(frame[self.config.duration]))
        left = target_of(frame, self.config)
        self._booster = _boost(matrix, ends, left, self._offset, list(encoder.level_counts), self.config.seed)
        self._encoder = encoder
        return self

    def hazards(self, frame: pd.DataFrame) -> np.ndarray:
        """Chance of leaving in each period for those who reach it, shape (n_rows, n_periods)."""
        self.periods(np.zeros(1))
        if self._encoder is None or self._booster is None:
            raise NotFittedError("A model must be fitted before it answers. Call churn.train(...).")
        matrix = self._encoder.encode(frame)
        found = np.empty((len(matrix), len(self._offset)))
        for start in range(0, len(matrix), 20_000):
            block = matrix[start : start + 20_000]
            ends = np.full(len(block), len(self._offset) - 1)
            rows, periods = _lived(ends)
            score = self._booster.predict(np.column_stack([block[rows], periods]), raw_score=True)
            found[start : start + len(block)] = probabilities(self._offset[periods] + score).reshape(len(block), -1)
        return found

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        found = super().parts()
        if self._encoder is None:
            raise NotFittedError("A model must be fitted before it is saved. Call churn.train(...).")
        return {**found, "columns": self._encoder.to_json(), "trees": self._booster}

    @classmethod
    def from_parts(cls, config: SurvivalConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = super().from_parts(config, parts)
        model._encoder, model._booster = Encoder.from_json(parts["columns"]), parts["trees"]
        return model

    def features(self) -> dict[str, str]:
        """The columns that a frame to predict must hold, with their kinds."""
        if self._encoder is None:
            raise NotFittedError("A model must be fitted before it knows its columns. Call churn.train(...).")
        return {**self._encoder.features(), **super().features()}


def _life_table(ends: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Log-odds of the hazard of each period, drawn towards the overall hazard by ten customers' weight."""
    n_periods = int(ends.max()) + 1
    leaving = np.bincount(ends, weights=left, minlength=n_periods)
    reached = np.bincount(ends, minlength=n_periods)[::-1].cumsum()[::-1]
    overall = leaving.sum() / reached.sum()
    hazard = (leaving + 10.0 * overall) / (reached + 10.0)
    found: np.ndarray = np.log(hazard / (1 - hazard))
    return found


def _lived(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and period of every period that each customer lived through."""
    rows = np.repeat(np.arange(len(ends)), ends + 1)
    periods = np.arange(len(rows)) - np.repeat(np.cumsum(ends + 1) - (ends + 1), ends + 1)
    return rows, periods


def _boost(
    matrix: np.ndarray, ends: np.ndarray, left: np.ndarray, offset: np.ndarray, categorical: list[int], seed: int
) -> Booster:
    """Find the number of rounds on a fifth of the customers, then fit them on all."""
    import lightgbm as lgb

    rows, periods = _lived(ends)
    data = np.column_stack([matrix[rows], periods])
    leaving = ((periods == ends[rows]) & (left[rows] == 1)).astype(float)
    judges = np.random.default_rng(seed).permutation(len(matrix)) % 5 == 0
    params = {**_PARAMS, "seed": seed, "verbosity": -1, "deterministic": True, "force_row_wise": True}

    def dataset(chosen: np.ndarray, reference: Any = None) -> Any:
        return lgb.Dataset(
            data[chosen],
            leaving[chosen],
            init_score=offset[periods[chosen]],
            categorical_feature=categorical,
            reference=reference,
            params=params,
        )

    seen, unseen = np.flatnonzero(~judges[rows]), np.flatnonzero(judges[rows])
    train = dataset(seen)
    stop = lgb.early_stopping(30, verbose=False)
    trial = lgb.train(params, train, _MOST_ROUNDS, valid_sets=[dataset(unseen, train)], callbacks=[stop])
    return lgb.train(params, dataset(np.arange(len(data))), max(trial.best_iteration, 1))

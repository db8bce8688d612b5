"""When will they leave: discrete-time survival, with the customers still here counted as censored.

Time is cut into periods. A customer who reaches period t leaves in it with the hazard

    1 - exp(-baseline(t) * exp(linear(features) + trees(features, stretch of t)))

(grouped proportional hazards, Prentice & Gloeckler 1978, Biometrics 34, with trees that may break the proportion).
The baseline is Breslow's estimate; the linear part is the Poisson form of Cox regression (Whitehead 1980, Applied
Statistics 29), and the trees are boosted from there on customer-stretch rows: how long a customer was at risk in each
stretch of time and whether they left in it, so being still here counts for what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.additive.linear import LinearPart
from cxml.additive.logistic import Design
from cxml.churn.checks import check_durations, learn_encoder, target_of
from cxml.churn.columns import MONTH, PROBABILITY
from cxml.churn.config import SurvivalConfig
from cxml.churn.scored import keyed
from cxml.encoding import Encoder
from cxml.errors import NotFittedError
from cxml.frames import check_columns

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

#: More periods than this tell nothing more and cost rows; longer spans get wider periods.
_MOST_PERIODS = 120
#: Stretches of time in which the trees may treat a customer differently, each with as many leavers.
_STRETCHES = 10
_MOST_ROUNDS = 500
_RIDGE = 1e-3
_PARAMS = {
    "objective": "poisson",
    "poisson_max_delta_step": 0.7,
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction_bynode": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "cat_smooth": 20.0,
    "cat_l2": 20.0,
    "boost_from_average": False,
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
        self._baseline = np.zeros(0)

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the hazard of each period from all customers."""
        duration = check_durations(frame[self.config.duration])
        self._width = max(1.0, float(np.ceil((duration.max() + 1) / _MOST_PERIODS)))
        ends, left = self.periods(duration), target_of(frame, self.config)
        self._baseline = _breslow(ends, left, np.ones(len(ends)))
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
        return np.tile(-np.expm1(-self._baseline), (len(frame), 1))

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
        return {"periods": {"width": self._width}, "baseline": self._baseline}

    @classmethod
    def from_parts(cls, config: SurvivalConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        model._width, model._baseline = float(parts["periods"]["width"]), np.asarray(parts["baseline"])
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
        self._learned: _Hazard | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the hazards from customers who left and customers who are still here."""
        super().fit(frame)
        encoder, _ = learn_encoder(frame, self.config)
        matrix = encoder.encode(frame)
        ends = self.periods(check_durations(frame[self.config.duration]))
        left = target_of(frame, self.config)
        linear, self._baseline = _fit_linear(matrix, ends, left, self._baseline, encoder.level_counts)
        starts = _stretches(ends[left == 1], len(self._baseline))
        sums = np.add.reduceat(self._baseline, starts)
        exposed = _Exposure.of(ends, left, self._baseline, starts, sums)
        booster = _boost(matrix, linear.total(matrix), exposed, list(encoder.level_counts), self.config.seed)
        self._learned = _Hazard(encoder, linear, booster, starts)
        return self

    @property
    def learned(self) -> _Hazard:
        """What tells customers apart.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._learned is None:
            raise NotFittedError("A model must be fitted before it answers - this one is not. Call churn.train(...).")
        return self._learned

    def hazards(self, frame: pd.DataFrame) -> np.ndarray:
        """Chance of leaving in each period for those who reach it, shape (n_rows, n_periods)."""
        relative = self.learned.relative(frame)
        stretch = np.searchsorted(self.learned.starts, np.arange(len(self._baseline)), side="right") - 1
        found: np.ndarray = -np.expm1(-self._baseline * relative[:, stretch])
        return found

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        one = self.learned
        return {
            **super().parts(),
            "columns": one.encoder.to_json(),
            "linear": one.linear.to_json(),
            "starts": one.starts,
            "trees": one.booster,
        }

    @classmethod
    def from_parts(cls, config: SurvivalConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = super().from_parts(config, parts)
        encoder, linear = Encoder.from_json(parts["columns"]), LinearPart.from_json(parts["linear"])
        model._learned = _Hazard(encoder, linear, parts["trees"], np.asarray(parts["starts"]))
        return model

    def features(self) -> dict[str, str]:
        """The columns that a frame to predict must hold, with their kinds."""
        return {**self.learned.encoder.features(), **super().features()}


@dataclass(frozen=True)
class _Hazard:
    """What multiplies the baseline: ``exp(linear + trees)`` in each stretch of time."""

    encoder: Encoder
    linear: LinearPart
    booster: Booster
    starts: np.ndarray

    def relative(self, frame: pd.DataFrame) -> np.ndarray:
        """The factor of each customer in each stretch, shape (n_rows, n_stretches)."""
        matrix = self.encoder.encode(frame)
        n_stretches = len(self.starts)
        rows, stretches = np.repeat(np.arange(len(matrix)), n_stretches), np.tile(np.arange(n_stretches), len(matrix))
        trees = self.booster.predict(np.column_stack([matrix[rows], stretches]), raw_score=True)
        # A factor of e**10 either way is certainty already; more would only overflow.
        log_factor = self.linear.total(matrix)[:, None] + np.asarray(trees).reshape(len(matrix), n_stretches)
        found: np.ndarray = np.exp(np.clip(log_factor, -10.0, 10.0))
        return found


@dataclass(frozen=True)
class _Exposure:
    """One line for each stretch that each customer entered: baseline hazard lived through, and whether they left."""

    rows: np.ndarray
    stretches: np.ndarray
    hazard: np.ndarray
    leaving: np.ndarray

    @classmethod
    def of(
        cls, ends: np.ndarray, left: np.ndarray, baseline: np.ndarray, starts: np.ndarray, sums: np.ndarray
    ) -> _Exposure:
        last = np.searchsorted(starts, ends, side="right") - 1
        rows, stretches = _lived(last)
        lived = np.cumsum(baseline)
        before = np.concatenate([[0.0], lived])[starts]
        final = stretches == last[rows]
        hazard = np.where(final, lived[ends[rows]] - before[stretches], sums[stretches])
        return cls(rows, stretches, hazard, (final & (left[rows] == 1)).astype(float))


def _breslow(ends: np.ndarray, left: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """Baseline hazard of each period, drawn towards the overall hazard by ten customers' weight (Breslow 1972)."""
    n_periods = int(ends.max()) + 1
    leaving = np.bincount(ends, weights=left, minlength=n_periods)
    at_risk = np.bincount(ends, weights=relative, minlength=n_periods)[::-1].cumsum()[::-1]
    overall = leaving.sum() / at_risk.sum()
    found: np.ndarray = (leaving + 10.0 * overall) / (at_risk + 10.0)
    return found


def _fit_linear(
    matrix: np.ndarray, ends: np.ndarray, left: np.ndarray, baseline: np.ndarray, counts: Mapping[int, int]
) -> tuple[LinearPart, np.ndarray]:
    """Cox regression in its Poisson form, in turn with the baseline: a few turns settle both."""
    from sklearn.linear_model import PoissonRegressor

    design = Design.learn(matrix, counts)
    columns = design.apply(matrix)
    model = PoissonRegressor(alpha=_RIDGE, fit_intercept=False, solver="newton-cholesky", max_iter=100, warm_start=True)
    for _ in range(4):
        lived = np.cumsum(baseline)[ends]
        model.fit(columns, left / lived, sample_weight=lived)
        baseline = _breslow(ends, left, np.exp(np.clip(columns @ model.coef_, -10.0, 10.0)))
    return design.linear_part(model.coef_, matrix), baseline


def _stretches(leaving: np.ndarray, n_periods: int) -> np.ndarray:
    """First period of each stretch, cut so that as many customers leave in each."""
    edges = np.quantile(leaving, np.linspace(0, 1, _STRETCHES + 1)[1:-1])
    inner = np.unique(np.ceil(edges).astype(np.intp))
    found: np.ndarray = np.concatenate([[0], inner[(inner > 0) & (inner < n_periods)]])
    return found


def _lived(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and place of everything from 0 to each row's end."""
    rows = np.repeat(np.arange(len(ends)), ends + 1)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(ends + 1) - (ends + 1), ends + 1)
    return rows, places


def _boost(matrix: np.ndarray, linear: np.ndarray, exposed: _Exposure, categorical: list[int], seed: int) -> Booster:
    """Find the number of rounds on a fifth of the customers, then fit them on all."""
    import lightgbm as lgb

    data = np.column_stack([matrix[exposed.rows], exposed.stretches])
    start = linear[exposed.rows] + np.log(exposed.hazard)
    judges = (np.random.default_rng(seed).permutation(len(matrix)) % 5 == 0)[exposed.rows]
    params = {**_PARAMS, "seed": seed, "verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}

    def dataset(chosen: np.ndarray, reference: Any = None) -> Any:
        return lgb.Dataset(
            data[chosen],
            exposed.leaving[chosen],
            init_score=start[chosen],
            categorical_feature=categorical,
            reference=reference,
            params=params,
        )

    train = dataset(np.flatnonzero(~judges))
    valid = dataset(np.flatnonzero(judges), train)
    stop = lgb.early_stopping(30, verbose=False)
    trial = lgb.train(params, train, _MOST_ROUNDS, valid_sets=[valid], callbacks=[stop])
    return lgb.train(params, dataset(np.arange(len(data))), max(trial.best_iteration, 1))

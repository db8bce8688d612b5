"""When will they leave: survival on the same trees, with the customers still here counted as censored.

Time is cut into periods, and the rate of leaving is constant within each:

    rate(t) = baseline(t) * exp(linear(features) + trees(features, stretch of t))

(the piecewise exponential model, Friedman 1982, Annals of Statistics 10; its likelihood is that of Poisson counts,
Holford 1980, Laird & Olivier 1981). The baseline is Breslow's estimate; the linear part is Cox regression in its
Poisson form (Whitehead 1980, Applied Statistics 29), and the trees are boosted from there on customer-stretch rows: how
long a customer was at risk in each stretch of time and whether they left in it, so being still here counts for what it
is.

Durations in whole periods: who is here at t has lived through t periods; who left at t left in the course of the next
one, on average half-way. Broken durations are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.additive.linear import LinearPart
from cxml.additive.logistic import Design
from cxml.churn.checks import check_durations, groups_of_rows, learn_encoder, target_of
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
    """The same curve for everybody: leavers by time at risk in each period, baseline of the survival models.

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
        self._whole = True
        self._baseline = np.zeros(0)

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the rate of each period from all customers."""
        duration = check_durations(frame[self.config.duration])
        self._width = max(1.0, float(np.ceil((duration.max() + 1) / _MOST_PERIODS)))
        self._whole = bool((duration == np.floor(duration)).mean() > 0.5)
        left = target_of(frame, self.config)
        self._baseline = _breslow(self.exits(duration, left), left, np.ones(len(left)))
        return self

    @property
    def width(self) -> float:
        """Length of a period, in the unit of the duration.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._width is None:
            raise NotFittedError(
                f"A model must be fitted before it answers - this {type(self).__name__} is not. Call churn.train(...)."
            )
        return self._width

    def exits(self, duration: np.ndarray, left: np.ndarray) -> np.ndarray:
        """How many periods each customer was at risk: to the middle of the period in which they left."""
        half = 0.5 * left * (duration == np.floor(duration)) if self._whole else 0.0
        # Nobody leaves at 0 without having been at risk at all.
        found: np.ndarray = np.maximum((duration + half) / self.width, 1e-3)
        return found

    def rates(self, frame: pd.DataFrame) -> np.ndarray:
        """Rate of leaving in each period, per period, shape (n_rows, n_periods)."""
        _ = self.width
        return np.tile(self._baseline, (len(frame), 1))

    def survival(self, frame: pd.DataFrame, months: Sequence[float] = ()) -> np.ndarray:
        """Chance of still being here so many periods from now.

        Parameters
        ----------
        frame : DataFrame
            With the duration so far; 0 for a new customer. The curve is that of customers who have come this far.
        months : sequence of float from 0 up, optional
            In the unit of the duration; by default every period's start as far ahead as the longest duration
            seen. Beyond the last period its rate goes on.

        Returns
        -------
        array of float, shape (n_rows, n_months)
        """
        check_columns(frame.columns, [self.config.duration], what="This model")
        start = check_durations(frame[self.config.duration])[:, None] / self.width
        rates = self.rates(frame)
        span = rates.shape[1] * self.width
        ahead = np.asarray(months, dtype=float) if len(months) else np.arange(0, span + 1, self.width)
        curve: np.ndarray = np.exp(cumulated(rates, start) - cumulated(rates, start + ahead[None, :] / self.width))
        return curve

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Chance of leaving within the horizon, and the expected periods until then.

        ``expected_month`` is the mean time from now until leaving, counted up to as far ahead as the longest
        duration seen (the restricted mean; Royston & Parmar 2013).
        """
        within = 1 - self.survival(frame, [self.config.horizon])[:, 0]
        curve = self.survival(frame)
        expected = self.width * (curve[:, :-1] + curve[:, 1:]).sum(axis=1) / 2
        return keyed(frame, self.config.key).assign(**{PROBABILITY: within, MONTH: expected})

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        return {"periods": {"width": self.width, "whole": self._whole}, "baseline": self._baseline}

    @classmethod
    def from_parts(cls, config: SurvivalConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        model._width, model._whole = float(parts["periods"]["width"]), bool(parts["periods"]["whole"])
        model._baseline = np.asarray(parts["baseline"])
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
        matrix, left = encoder.encode(frame), target_of(frame, self.config)
        exits = self.exits(check_durations(frame[self.config.duration]), left)
        linear, self._baseline = _fit_linear(matrix, exits, left, self._baseline, encoder.level_counts)
        starts = _stretches(exits[left == 1], len(self._baseline))
        exposed = _Exposure.of(exits, left, self._baseline, starts)
        judges = _fifth(groups_of_rows(frame, self.config), self.config.seed)
        booster = _boost(matrix, linear.total(matrix), exposed, judges, list(encoder.level_counts), self.config.seed)
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

    def rates(self, frame: pd.DataFrame) -> np.ndarray:
        """Rate of leaving in each period, per period, shape (n_rows, n_periods)."""
        relative = self.learned.relative(frame)
        stretch = np.searchsorted(self.learned.starts, np.arange(len(self._baseline)), side="right") - 1
        found: np.ndarray = self._baseline * relative[:, stretch]
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
    """One line for each stretch in which a customer was at risk: baseline lived through, and whether they left."""

    rows: np.ndarray
    stretches: np.ndarray
    lived: np.ndarray
    leaving: np.ndarray

    @classmethod
    def of(cls, exits: np.ndarray, left: np.ndarray, baseline: np.ndarray, starts: np.ndarray) -> _Exposure:
        edges = np.append(starts, np.inf)
        until = np.clip(exits[:, None], edges[None, :-1], edges[None, 1:])
        lived = cumulated(baseline[None, :], until) - cumulated(baseline[None, :], starts[None, :].astype(float))
        rows, stretches = np.nonzero(exits[:, None] > starts[None, :])
        last = np.searchsorted(starts, exits, side="left") - 1  # on an edge: left at the end of the stretch before it
        leaving = (stretches == last[rows]) & (left[rows] == 1)
        return cls(rows, stretches, lived[rows, stretches], leaving.astype(float))


def cumulated(rates: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Rate lived through from the start until some time, in periods; the last rate goes on.

    Parameters
    ----------
    rates : array of float, shape (n_rows or 1, n_periods)
    until : array of float >= 0, shape (n_rows or 1, n_times)

    Returns
    -------
    array of float, shape (n_rows, n_times)

    Examples
    --------
    >>> cumulated(np.array([[0.1, 0.2]]), np.array([[0.5, 1.0, 4.0]])).round(2).tolist()
    [[0.05, 0.1, 0.7]]
    """
    last = rates.shape[1] - 1
    total = np.hstack([np.zeros((len(rates), 1)), np.cumsum(rates, axis=1)])
    at = np.minimum(np.floor(until), last).astype(np.intp)
    n_rows = max(len(rates), len(until))
    at, rates, total = (np.broadcast_to(one, (n_rows, one.shape[1])) for one in (at, rates, total))
    found: np.ndarray = np.take_along_axis(total, at, axis=1) + np.take_along_axis(rates, at, axis=1) * (until - at)
    return found


def period_of(exits: np.ndarray) -> np.ndarray:
    """The period in which each exit falls; one on an edge belongs to the period that it ends."""
    found: np.ndarray = np.maximum(np.ceil(exits) - 1, 0).astype(np.intp)
    return found


def _breslow(exits: np.ndarray, left: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """Baseline rate of each period: leavers by time at risk, drawn to the overall rate by ten customers' weight."""
    ends = period_of(exits)
    n_periods = int(ends.max()) + 1
    leaving = np.bincount(ends, weights=left, minlength=n_periods)
    entered = np.bincount(ends, weights=relative, minlength=n_periods)
    passed = entered[::-1].cumsum()[::-1] - entered
    at_risk = passed + np.bincount(ends, weights=relative * (exits - ends), minlength=n_periods)
    overall = leaving.sum() / at_risk.sum()
    found: np.ndarray = (leaving + 10.0 * overall) / (at_risk + 10.0)
    return found


def _fit_linear(
    matrix: np.ndarray, exits: np.ndarray, left: np.ndarray, baseline: np.ndarray, counts: Mapping[int, int]
) -> tuple[LinearPart, np.ndarray]:
    """Cox regression in its Poisson form, in turn with the baseline: a few turns settle both."""
    from sklearn.linear_model import PoissonRegressor

    design = Design.learn(matrix, counts)
    columns = design.apply(matrix)
    model = PoissonRegressor(alpha=_RIDGE, fit_intercept=False, solver="newton-cholesky", max_iter=100, warm_start=True)
    for _ in range(4):
        lived = np.maximum(cumulated(baseline[None, :], exits[:, None])[:, 0], 1e-12)
        model.fit(columns, left / lived, sample_weight=lived)
        baseline = _breslow(exits, left, np.exp(np.clip(columns @ model.coef_, -10.0, 10.0)))
    return design.linear_part(model.coef_, matrix), baseline


def _stretches(leaving: np.ndarray, n_periods: int) -> np.ndarray:
    """First period of each stretch, cut so that as many customers leave in each."""
    edges = np.quantile(leaving, np.linspace(0, 1, _STRETCHES + 1)[1:-1])
    inner = np.unique(np.ceil(edges).astype(np.intp))
    found: np.ndarray = np.concatenate([[0], inner[(inner > 0) & (inner < n_periods)]])
    return found


def _fifth(groups: np.ndarray, seed: int) -> np.ndarray:
    """Mark about a fifth of the rows, whole groups of them."""
    _, inverse = np.unique(groups, return_inverse=True)
    chosen = np.random.default_rng(seed).permutation(int(inverse.max()) + 1) % 5 == 0
    found: np.ndarray = chosen[inverse]
    return found


def _boost(
    matrix: np.ndarray,
    linear: np.ndarray,
    exposed: _Exposure,
    judges: np.ndarray,
    categorical: list[int],
    seed: int,
) -> Booster:
    """Find the number of rounds on the judging customers, then fit them on all."""
    import lightgbm as lgb

    data = np.column_stack([matrix[exposed.rows], exposed.stretches])
    start = linear[exposed.rows] + np.log(exposed.lived)
    judging = judges[exposed.rows]
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

    train = dataset(np.flatnonzero(~judging))
    valid = dataset(np.flatnonzero(judging), train)
    stop = lgb.early_stopping(30, verbose=False)
    trial = lgb.train(params, train, _MOST_ROUNDS, valid_sets=[valid], callbacks=[stop])
    return lgb.train(params, dataset(np.arange(len(data))), max(trial.best_iteration, 1))

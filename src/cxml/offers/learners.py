"""Learners of effects: how much a treatment moves the outcome of each customer, from one comparison with control.

All work on the outcome centred by what the customer would have been expected to do anyway: the effect on what is left
is the effect on the outcome, at a fraction of the noise (Robinson 1988, Econometrica 56; Nie & Wager 2021, Biometrika
108). Rows weigh as much as one over the chance of their arm, so that the arms count alike, as in a fair draw of heads
or tails. All fit squared error with few leaves and strong shrinkage, for effects are small; an outcome of 0 or 1 has
its mean there as well as an amount has. Being sums, they add up to one booster, one linear part and one average for
each offer.

- ``linear``: ridge regression of the transformed outcome, its strength by leave-one-out.
- ``s``: one ensemble of trees that sees the treatment as a column (Kuenzel et al. 2019, PNAS 116).
- ``t``: trees for each arm, and their difference.
- ``x``: trees on the effects imputed by the other arm's trees, weighed by the arms' shares.
- ``r``: trees on the transformed outcome ``2 (2 w - 1) (y - m)``, whose mean is the effect (Nie & Wager 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.additive.linear import LinearPart
from cxml.additive.logistic import Design

if TYPE_CHECKING:
    from lightgbm import Booster

#: Trees after which an ensemble is looked at. Only the S-learner, slow to find the treatment, needs the most of them.
PATH = (15, 30, 60, 120, 240)
_PENALTIES = 10.0 ** np.arange(0.0, 6.1, 0.5)
_PARAMS = {
    "objective": "regression",
    "num_leaves": 8,
    "learning_rate": 0.05,
    "lambda_l2": 20.0,
    "feature_fraction_bynode": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "cat_smooth": 30,
    "cat_l2": 30,
    "min_data_per_group": 50,
    "boost_from_average": False,
}


@dataclass(frozen=True)
class Comparison:
    """The rows of a treatment, or of several taken together, and of control.

    Attributes
    ----------
    matrix : array of float64, shape (n_rows, n_columns)
        Numbers and category codes, NaN where missing.
    treated : array of {0, 1}, shape (n_rows,)
    outcome : array of float, shape (n_rows,)
        Centred.
    weight : array of float > 0, shape (n_rows,)
        Sums to as much in either arm.
    counts : mapping of column -> number of levels, for each category
    """

    matrix: np.ndarray
    treated: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray
    counts: Mapping[int, int]

    def at(self, rows: np.ndarray) -> Comparison:
        """Some of the rows, each arm weighing as much again."""
        treated = self.treated[rows]
        weight = arms_alike(treated, self.weight[rows])
        return Comparison(self.matrix[rows], treated, self.outcome[rows], weight, self.counts)

    @property
    def transformed(self) -> np.ndarray:
        """``2 (2 w - 1) y``: of weighted rows its mean is the effect, whatever their columns."""
        found: np.ndarray = 2.0 * (2.0 * self.treated - 1.0) * self.outcome
        return found

    @property
    def average(self) -> float:
        """The average effect."""
        return float(np.average(self.transformed, weights=self.weight))

    def arm(self, treated: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Matrix, outcome and weight of one arm."""
        rows = self.treated == treated
        return self.matrix[rows], self.outcome[rows], self.weight[rows]


def arms_alike(treated: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights scaled so that either arm has half of all rows' weight.

    >>> arms_alike(np.array([1, 0, 0]), np.ones(3)).tolist()
    [1.5, 0.75, 0.75]
    """
    ones = treated == 1
    half = len(treated) / 2
    found: np.ndarray = np.where(ones, weight * half / weight[ones].sum(), weight * half / weight[~ones].sum())
    return found


@dataclass(frozen=True)
class Grown:
    """What a learner learned, looked at after any number of trees.

    Attributes
    ----------
    constant : float
    linear : sequence of LinearPart
    trees : sequence of (booster, weight)
    single : booster, optional
        Its last column is the treatment; the effect is the difference that it makes.
    """

    constant: float
    linear: Sequence[LinearPart] = ()
    trees: Sequence[tuple[Booster, float]] = ()
    single: Booster | None = None

    def effect(self, matrix: np.ndarray, rounds: int | None = None) -> np.ndarray:
        """Effect on each row, shape (n_rows,)."""
        found = np.full(len(matrix), self.constant)
        for part in self.linear:
            found += part.total(matrix)
        for booster, weight in self.trees:
            found += weight * np.asarray(booster.predict(matrix, num_iteration=rounds, num_threads=1))
        if self.single is not None:
            found += difference(self.single, matrix, rounds)
        return found


def difference(single: Booster, matrix: np.ndarray, rounds: int | None = None) -> np.ndarray:
    """What the last column, the treatment, makes of a difference in each row."""
    told = [
        np.asarray(
            single.predict(np.column_stack([matrix, np.full(len(matrix), arm)]), num_iteration=rounds, num_threads=1)
        )
        for arm in (1.0, 0.0)
    ]
    found: np.ndarray = told[0] - told[1]
    return found


def ridge(
    matrix: np.ndarray, outcome: np.ndarray, weight: np.ndarray, counts: Mapping[int, int]
) -> tuple[float, LinearPart]:
    """Weighted ridge regression, its strength chosen by leave-one-out; the mean is not drawn in.

    The leave-one-out residual of a row is its residual over one minus its leverage (Golub, Heath & Wahba 1979,
    Technometrics 21). At the strongest penalty all rows have one value, so the search says as well whether there is
    anything to learn.

    Returns
    -------
    (intercept, LinearPart)

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> matrix = random.normal(size=(500, 2))
    >>> constant, part = ridge(matrix, 3 + matrix[:, 0] + 0.1 * random.normal(size=500), np.ones(500), {})
    >>> bool(abs(constant + part.total(np.array([[1.0, 0.0]]))[0] - 4) < 0.05)
    True
    """
    design = Design.learn(matrix, counts)
    columns = design.apply(matrix)
    root = np.sqrt(weight / weight.sum())
    centre, mean = (root**2) @ columns, float((root**2) @ outcome)
    rows = (columns - centre) * root[:, None]
    left = (outcome - mean) * root
    values, vectors = np.linalg.eigh(rows.T @ rows * len(outcome))
    along, inner = rows @ vectors, vectors.T @ (rows.T @ left) * len(outcome)
    values = np.maximum(values, 0.0)
    losses = []
    for penalty in _PENALTIES:
        leverage = len(outcome) * (along**2) @ (1 / (values + penalty)) + root**2
        losses.append(
            float((((left - along @ (inner / (values + penalty))) / (1 - np.minimum(leverage, 0.99))) ** 2).sum())
        )
    best = _PENALTIES[len(losses) - 1 - int(np.argmin(losses[::-1]))]
    coefficients = vectors @ (inner / (values + best))
    return mean - float(centre @ coefficients), design.linear_part(coefficients, matrix)


def grow(
    matrix: np.ndarray,
    outcome: np.ndarray,
    weight: np.ndarray,
    counts: Mapping[int, int],
    rounds: int,
    seed: int,
    **more: object,
) -> tuple[float, Booster]:
    """Trees of a weighted mean: the overall mean, and a booster of what differs from it."""
    from cxml.boosting import train_booster

    mean = float(np.average(outcome, weights=weight))
    params = {**_PARAMS, "min_data_in_leaf": max(20, len(outcome) // 100), "seed": seed, **more}
    booster = train_booster(
        matrix, outcome - mean, params=params, rounds=rounds, categorical=list(counts), weight=weight
    )
    return mean, booster


def _linear(rows: Comparison, rounds: int, seed: int) -> Grown:  # noqa: ARG001 - one signature for all learners
    constant, part = ridge(rows.matrix, rows.transformed, rows.weight, rows.counts)
    return Grown(constant, [part])


def _single(rows: Comparison, rounds: int, seed: int) -> Grown:
    with_arm = np.column_stack([rows.matrix, rows.treated])
    # Thresholds at random let the treatment's one cut win often enough; among best cuts it is hardly ever chosen.
    more = {"extra_trees": True, "num_leaves": 16}
    return Grown(0.0, single=grow(with_arm, rows.outcome, rows.weight, rows.counts, rounds, seed, **more)[1])


def _two(rows: Comparison, rounds: int, seed: int) -> Grown:
    (m1, b1), (m0, b0) = (grow(*rows.arm(arm), rows.counts, rounds, seed) for arm in (1, 0))
    return Grown(m1 - m0, trees=((b1, 1.0), (b0, -1.0)))


#: The first stage of the X-learner: trees of each arm, as many as suit a mean.
_FIRST_STAGE = 60


def _crossed(rows: Comparison, rounds: int, seed: int) -> Grown:
    of_arm = [grow(*rows.arm(arm), rows.counts, _FIRST_STAGE, seed) for arm in (0, 1)]
    stages = []
    for arm in (0, 1):
        matrix, outcome, weight = rows.arm(arm)
        mean, other = of_arm[1 - arm]
        imputed = (2 * arm - 1) * (outcome - mean - np.asarray(other.predict(matrix, num_threads=1)))
        stages.append(grow(matrix, imputed, weight, rows.counts, rounds, seed))
    share = float(rows.treated.mean())
    (m0, b0), (m1, b1) = stages
    return Grown(share * m0 + (1 - share) * m1, trees=((b0, share), (b1, 1 - share)))


def _transformed(rows: Comparison, rounds: int, seed: int) -> Grown:
    mean, booster = grow(rows.matrix, rows.transformed, rows.weight, rows.counts, rounds, seed)
    return Grown(mean, trees=((booster, 1.0),))


#: From the simplest to the most flexible. Each: (rows, trees, seed) -> what was learned.
LEARNERS: Mapping[str, Callable[[Comparison, int, int], Grown]] = {
    "linear": _linear,
    "s": _single,
    "t": _two,
    "x": _crossed,
    "r": _transformed,
}


@dataclass(frozen=True)
class EffectScore:
    """The effect of one offer: ``average + linear(x) + trees(x) + single(x, 1) - single(x, 0)``.

    Attributes
    ----------
    average : float
        In the unit of the outcome, as the others.
    linear : sequence of LinearPart
    trees : Booster, optional
    single : Booster, optional
        Its last column is the treatment.
    """

    average: float
    linear: Sequence[LinearPart] = ()
    trees: Booster | None = None
    single: Booster | None = None

    def effect(self, matrix: np.ndarray) -> np.ndarray:
        """Effect on each row, shape (n_rows,)."""
        trees = () if self.trees is None else ((self.trees, 1.0),)
        return Grown(self.average, self.linear, trees, self.single).effect(matrix)

    @classmethod
    def of(cls, average: float, learned: Sequence[tuple[Grown, float]], matrix: np.ndarray) -> EffectScore:
        """Add weighted learners to an average, each less its mean over the rows of `matrix`.

        >>> EffectScore.of(0.1, [], np.zeros((2, 1))).effect(np.zeros((2, 1))).tolist()
        [0.1, 0.1]
        """
        from cxml.boosting import merge

        linear: list[LinearPart] = []
        trees: list[tuple[Booster, float]] = []
        singles: list[tuple[Booster, float]] = []
        for grown, weight in learned:
            average += weight * (grown.constant - float(grown.effect(matrix).mean()))
            linear += [part.scaled(weight) for part in grown.linear]
            trees += [(booster, weight * share) for booster, share in grown.trees]
            singles += [] if grown.single is None else [(grown.single, weight)]
        merged = [
            merge([one for one, _ in group], [w for _, w in group]) if group else None for group in (trees, singles)
        ]
        return cls(average, tuple(linear), *merged)

    def parts(self, name: str) -> dict[str, Any]:
        """Everything learned, as parts of a model folder whose names begin with `name`."""
        plain = {"average": self.average, "linear": [part.to_json() for part in self.linear]}
        boosters = {f"{name}_trees": self.trees, f"{name}_single": self.single}
        return {name: plain, **{part: one for part, one in boosters.items() if one is not None}}

    @classmethod
    def from_parts(cls, name: str, parts: Mapping[str, Any]) -> EffectScore:
        """Back from `parts`."""
        plain = parts[name]
        linear = [LinearPart.from_json(part) for part in plain["linear"]]
        return cls(float(plain["average"]), linear, parts.get(f"{name}_trees"), parts.get(f"{name}_single"))

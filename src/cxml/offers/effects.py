"""Which learner to trust with the effects, and how far: settled on training folds, then built on all rows.

A customer is seen in one arm only, so no row tells its effect; but the transformed outcome ``psi`` of `Comparison` has
the effect as its mean, so the squared error against it, out of fold, ranks learners as the squared error against the
true effects would (Schuler et al. 2018, arXiv 1804.05146). It is noisy. Therefore few things are chosen by it: how many
trees each learner gets, and one weight a learner, none negative, by which their deviations from the average effect are
added up (stacking; Breiman 1996, Nie & Wager 2021 section 4.2). Their sum is then drawn towards the average effect by
the positive part of James & Stein (1961), ``1 - (standard error / slope) ** 2``: where the folds do not tell customers
apart beyond noise, all get the average effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxml.additive.linear import LinearPart
from cxml.additive.score import AdditiveScore
from cxml.additive.shapes import LARGE
from cxml.errors import ConfigError, nearest, shorten
from cxml.offers.learners import LEARNERS, PATH, Comparison, EffectScore, Grown, arms_alike, grow, ridge

#: Learners of all treatments taken as one, and how a plan names them: what they say of customers helps each treatment.
SHARED = {"linear": "shared linear", "r": "shared r"}
_ALONE = {shared: name for name, shared in SHARED.items()}
#: Trees for a treatment of its own need so many treated rows; below, it has a linear learner and what is shared.
_LEAST_TREATED = 1_000
_LEAST_WEIGHT = 0.02
_SEEDS = 3
_MEAN_ROUNDS = 120

Plan = tuple[tuple[str, int, float], ...]


@dataclass(frozen=True)
class Rows:
    """What effects are learned from.

    Attributes
    ----------
    matrix : array of float64, shape (n_rows, n_columns)
    arm : array of int, shape (n_rows,)
        0 is control.
    outcome : array of float, shape (n_rows,)
    inverse : array of float > 0, shape (n_rows,)
        One over the chance of the row's arm, or ones.
    counts : mapping of column -> number of levels, for each category
    groups : array, shape (n_rows,)
        Rows of one group stay in one fold.
    seed : int, default=0
        Of the folds and the trees.
    """

    matrix: np.ndarray
    arm: np.ndarray
    outcome: np.ndarray
    inverse: np.ndarray
    counts: Mapping[int, int]
    groups: np.ndarray
    seed: int = 0

    @property
    def n_treatments(self) -> int:
        """How many treatments there are besides control."""
        return int(self.arm.max())

    @cached_property
    def balanced(self) -> np.ndarray:
        """Weights of a mean over an even draw: half control, half the treatments, each of these alike."""
        weight = np.zeros(len(self.arm))
        for arm in range(self.n_treatments + 1):
            rows = self.arm == arm
            share = 0.5 if arm == 0 else 0.5 / self.n_treatments
            weight[rows] = self.inverse[rows] * share * len(self.arm) / self.inverse[rows].sum()
        return weight

    @cached_property
    def fold(self) -> np.ndarray:
        """Number of each row's fold: whole groups, each arm and outcome spread as evenly as they come."""
        n_folds = 5 if len(self.arm) <= LARGE else 3
        strata = 2 * self.arm + (self.outcome > np.median(self.outcome))
        _, first, inverse = np.unique(self.groups, return_index=True, return_inverse=True)
        shuffled = np.random.default_rng(self.seed).permutation(len(first))
        order = shuffled[np.argsort(strata[first][shuffled], kind="stable")]
        fold = np.empty(len(first), dtype=np.intp)
        fold[order] = np.arange(len(first)) % n_folds
        found: np.ndarray = fold[inverse]
        return found

    @cached_property
    def centred(self) -> np.ndarray:
        """The outcome less what rows of other folds let expect, in an even draw between control and the treatments."""
        found: np.ndarray = self.outcome - expected_out_of_fold(self)
        return found

    def comparison(self, treatment: int | None) -> tuple[np.ndarray, Comparison]:
        """The rows of a treatment (None: of all of them) and of control, with their places."""
        rows = np.arange(len(self.arm)) if treatment is None else np.flatnonzero(np.isin(self.arm, (0, treatment)))
        treated = (self.arm[rows] > 0).astype(float)
        weight = arms_alike(treated, self.inverse[rows])
        return rows, Comparison(self.matrix[rows], treated, self.centred[rows], weight, self.counts)


@dataclass(frozen=True)
class EffectChoice:
    """What was settled on folds.

    Attributes
    ----------
    plans : tuple, one a treatment
        Which learners add up, with their trees and their weights; empty where all get the average effect.
    """

    plans: tuple[Plan, ...]


def check_learner(learner: str) -> None:
    """Refuse a learner that there is not.

    Raises
    ------
    ConfigError
        As said.

    Examples
    --------
    >>> check_learner("liner")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: learner must be one of 'auto', 'linear', 's', 't', 'x', 'r' - got 'liner'. \
Did you mean 'linear'?
    """
    known = ["auto", *LEARNERS]
    if learner not in known:
        raise ConfigError(
            f"learner must be one of {shorten(known, 10)} - got {learner!r}.{nearest(str(learner), known)}"
        )


def choose_effects(rows: Rows, *, learner: str = "auto") -> EffectChoice:
    """Settle on folds which learners add up to the effects of each treatment.

    Parameters
    ----------
    rows : Rows
    learner : {"auto", "linear", "s", "t", "x", "r"}, default="auto"
        One learner alone, or whichever predict unseen folds.

    Returns
    -------
    EffectChoice

    Raises
    ------
    ConfigError
        If no learner has that name.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> matrix, arm = random.normal(size=(4000, 2)), random.integers(0, 2, 4000)
    >>> outcome = arm * matrix[:, 0] + random.normal(size=4000)
    >>> rows = Rows(matrix, arm, outcome, np.ones(4000), {}, np.arange(4000))
    >>> choice = choose_effects(rows, learner="linear")
    >>> [name for name, _, _ in choice.plans[0]]
    ['linear']
    >>> effects, _ = build_effects(rows, choice)
    >>> bool(abs(effects[0].effect(np.array([[1.0, 0.0]]))[0] - 1) < 0.15)
    True
    >>> choose_effects(rows, learner="z")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: learner must be one of 'auto', 'linear', 's', 't', 'x', 'r' - got 'z'.
    """
    check_learner(learner)
    if not rows.matrix.shape[1]:
        return EffectChoice(((),) * rows.n_treatments)
    together = [name for name in SHARED if learner in ("auto", name) and rows.n_treatments > 1]
    shared = _paths(rows.comparison(None)[1], rows.fold, together, rows.seed)
    plans = []
    for treatment in range(1, rows.n_treatments + 1):
        places, pair = rows.comparison(treatment)
        paths = _paths(pair, rows.fold[places], _names(learner, int(pair.treated.sum())), rows.seed)
        paths |= {SHARED[name]: path[places] for name, path in shared.items()}
        plans.append(_stack(pair, rows.fold[places], paths))
    return EffectChoice(tuple(plans))


def _names(learner: str, treated: int) -> list[str]:
    if learner != "auto":
        return [learner]
    return list(LEARNERS) if treated >= _LEAST_TREATED else ["linear"]


def build_effects(rows: Rows, choice: EffectChoice) -> tuple[list[EffectScore], AdditiveScore]:
    """Build what was chosen on all rows.

    Returns
    -------
    (the effects of each treatment, what to expect of a customer in an even draw between control and the treatments)
    """
    averages = average_effects(rows)
    together: dict[tuple[str, int], list[Grown]] = {}
    effects = []
    for treatment, plan in enumerate(choice.plans, start=1):
        learned: list[tuple[Grown, float]] = []
        for name, rounds, weight in plan:
            if name in _ALONE and (name, rounds) not in together:
                together[name, rounds] = _seeded(_ALONE[name], rows.comparison(None)[1], rounds, rows.seed)
            shared = together.get((name, rounds))
            grown = shared or _seeded(name, rows.comparison(treatment)[1], rounds, rows.seed)
            learned += [(one, weight / len(grown)) for one in grown]
        effects.append(EffectScore.of(float(averages[treatment - 1]), learned, rows.matrix))
    return effects, mean_score(rows)


def _seeded(name: str, pair: Comparison, rounds: int, seed: int) -> list[Grown]:
    """Trees of a few seeds, whose mean is steadier than any of them."""
    seeds = range(1 if name == "linear" else _SEEDS)
    return [LEARNERS[name](pair, rounds, seed + 100 + one) for one in seeds]


def average_effects(rows: Rows) -> np.ndarray:
    """The average effect of each treatment, from three treatments on drawn towards their mean as far as chance goes.

    The treatments' true averages are taken to scatter normally about one mean; their variance is the moment estimate of
    DerSimonian & Laird (1986, Controlled Clinical Trials 7).

    Returns
    -------
    array of float, shape (n_treatments,)
    """
    own, variance = np.empty(rows.n_treatments), np.empty(rows.n_treatments)
    for place in range(rows.n_treatments):
        _, pair = rows.comparison(place + 1)
        own[place] = pair.average
        left = pair.weight * (pair.transformed - pair.average)
        variance[place] = (left @ left) / len(left) ** 2
    if rows.n_treatments < 3:
        return own
    precision = 1 / variance
    centre = float(precision @ own / precision.sum())
    beyond = float(precision @ (own - centre) ** 2) - (len(own) - 1)
    between = max(0.0, beyond / float(precision.sum() - (precision**2).sum() / precision.sum()))
    centre = float(np.average(own, weights=1 / (variance + between)))
    found: np.ndarray = centre + (own - centre) * between / (between + variance)
    return found


def expected_out_of_fold(rows: Rows) -> np.ndarray:
    """What to expect of each row in an even draw between control and the treatments, by rows of other folds."""
    if not rows.matrix.shape[1]:
        return np.full(len(rows.arm), float(np.average(rows.outcome, weights=rows.balanced)))
    both = np.zeros((len(rows.arm), 2))
    for one in range(int(rows.fold.max()) + 1):
        seen, unseen = rows.fold != one, rows.fold == one
        for place, part in enumerate(_mean_parts(rows, seen)):
            both[unseen, place] = part.effect(rows.matrix[unseen])
    weights, constant = _mean_weights(both, rows)
    found: np.ndarray = constant + both @ weights
    return found


def _mean_parts(rows: Rows, seen: np.ndarray) -> tuple[Grown, Grown]:
    weighed = rows.matrix[seen], rows.outcome[seen], rows.balanced[seen], rows.counts
    constant, part = ridge(*weighed)
    mean, booster = grow(*weighed, _MEAN_ROUNDS, rows.seed)
    return Grown(constant, [part]), Grown(mean, trees=((booster, 1.0),))


def _mean_weights(both: np.ndarray, rows: Rows) -> tuple[np.ndarray, float]:
    """Weights of the linear part and the trees with the least squared error."""
    weights = _positive_weights(
        both - np.average(both, axis=0, weights=rows.balanced),
        rows.outcome - np.average(rows.outcome, weights=rows.balanced),
        rows.balanced,
    )
    return weights, float(np.average(rows.outcome - both @ weights, weights=rows.balanced))


def mean_score(rows: Rows) -> AdditiveScore:
    """What to expect of a customer in an even draw, as one score in the unit of the outcome.

    Its two parts weigh alike: no decision hangs on the level, and half and half is never far off.
    """
    if not rows.matrix.shape[1]:
        none = np.zeros(0)
        flat = LinearPart(none.astype(np.intp), none, none, none, none, none, {}, none)
        return AdditiveScore(float(np.average(rows.outcome, weights=rows.balanced)), flat, None, {})
    from cxml.boosting import merge

    linear, trees = _mean_parts(rows, np.ones(len(rows.arm), dtype=bool))
    booster = merge([trees.trees[0][0]], [0.5])
    return AdditiveScore((linear.constant + trees.constant) / 2, linear.linear[0].scaled(0.5), booster, {})


def _paths(pair: Comparison, fold: np.ndarray, names: Sequence[str], seed: int) -> dict[str, np.ndarray]:
    """Effects on each row out of fold, after so many trees, shape (n_rows, n_counts) for each learner."""
    counts = {name: PATH[:1] if name == "linear" else PATH if name == "s" else PATH[:-1] for name in names}
    found = {name: np.zeros((len(fold), len(counts[name]))) for name in names}
    if not names:
        return found
    for one in range(int(fold.max()) + 1):
        rows, unseen = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        if len(np.unique(pair.treated[rows])) < 2:
            continue  # all rows of an arm are in this fold: nothing can be compared, so nobody differs
        seen, matrix = pair.at(rows), pair.matrix[unseen]
        for name in names:
            grown = LEARNERS[name](seen, counts[name][-1], seed + one)
            found[name][unseen] = np.column_stack([grown.effect(matrix, rounds) for rounds in counts[name]])
    return found


def _stack(pair: Comparison, fold: np.ndarray, paths: Mapping[str, np.ndarray]) -> Plan:
    """Trees and weight of each learner, from its effects out of fold."""
    psi = pair.transformed - _by_fold(pair.transformed, pair.weight, fold)
    best, rounds = [], []
    for path in paths.values():
        apart = path - np.column_stack([_by_fold(one, pair.weight, fold) for one in path.T])
        losses = pair.weight @ (psi[:, None] - apart) ** 2
        best.append(apart[:, int(np.argmin(losses))])
        rounds.append(PATH[int(np.argmin(losses))])
    deviations = np.column_stack(best)
    weights = _positive_weights(deviations, psi, pair.weight)
    weights = weights * _steady(deviations @ weights, psi, pair.weight)
    found = zip(paths, rounds, weights.tolist(), strict=True)
    return tuple((name, count, weight) for name, count, weight in found if weight > _LEAST_WEIGHT)


def _by_fold(values: np.ndarray, weight: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Weighted mean of each row's fold: what differs between folds is no difference between customers."""
    totals = np.bincount(fold, weights=weight)
    means: np.ndarray = (np.bincount(fold, weights=weight * values) / np.where(totals > 0, totals, 1.0))[fold]
    return means


def _positive_weights(columns: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    from scipy.optimize import nnls

    root = np.sqrt(weight)
    found: np.ndarray = nnls(columns * root[:, None], target * root)[0]
    return found


def _steady(deviation: np.ndarray, psi: np.ndarray, weight: np.ndarray) -> float:
    """How much of a slope to believe: the positive part of one less its squared relative error."""
    spread = float(weight @ deviation**2)
    if spread <= 0:
        return 0.0
    slope = float((weight * deviation) @ psi) / spread
    error = float(((weight * deviation * (psi - slope * deviation)) ** 2).sum()) ** 0.5 / spread
    return max(0.0, 1.0 - (error / slope) ** 2) if slope > 0 else 0.0

"""Was the treatment given by chance? If the columns tell who was treated, a difference of arms is no effect.

Each treatment is compared with control: a quick logistic regression and a few trees try to tell from the columns who
was treated, out of fold. By chance their ROC AUC is 0.5. Its standard error is that of Hanley & McNeil (1982, Radiology
143(1)) under no difference, ``sqrt((n1 + n0 + 1) / (12 n1 n0))``, with n the customers of an arm: rows of one customer
are one witness. Where the chances are known and hang on the columns, each row counts one over its chance: then the
columns tell nothing either, if the chances are right (Rosenbaum & Rubin 1983, Biometrika 70), and n is Kish's effective
number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxml.errors import FrameError, shorten
from cxml.metrics import roc_auc
from cxml.metrics.overlap import effective_rows

#: A lower bound of the treatment's AUC above this is no randomised trial. Chance leaves it at 0.5; small imbalances
#: that an effect survives stay below.
LARGEST_AUC = 0.55
#: A single column that tells the treatment this well was measured after it, or decided it.
TELLING_AUC = 0.75
#: ... if that is so many standard errors above chance: in an arm of 30 rows one of many columns gets there by luck.
_TELLING_ERRORS = 4.0
#: A level is drawn to the overall share of treated by as much as so many rows.
_LEVEL_PRIOR = 20.0
_DEVIATES = 1.959964
_FOLDS = 3
#: How rarely a column from before a fair draw may be taken for one from after it.
_CHANCE = 1e-3
_GROUPS = 32
#: Rows enough to see an AUC of 0.51; more would only cost time.
_MOST_ROWS = 20_000
_ROUNDS = 40
_PARAMS = {
    "objective": "binary",
    "num_leaves": 8,
    "learning_rate": 0.1,
    "min_data_in_leaf": 50,
    "lambda_l2": 10.0,
    "feature_fraction_bynode": 0.5,
    "num_threads": 1,
    "cat_smooth": 30,
    "cat_l2": 30,
}


@dataclass(frozen=True)
class Balance:
    """How well the columns tell the rows of a treatment from those of control.

    Attributes
    ----------
    treatment : str
        The treatment, in words.
    auc, low, high : float in [0, 1]
        Out of fold, with its 95 % interval; 0.5 is chance.
    columns : tuple of (str, float)
        The columns that tell most, each with its own AUC from 0.5 up, the most telling first.
    error : float >= 0
        Standard error of an AUC of as many rows by chance.
    weighted : bool
        Whether each row counted one over its known chance.
    """

    treatment: str
    auc: float
    low: float
    high: float
    columns: tuple[tuple[str, float], ...]
    error: float = 0.0
    weighted: bool = False

    @property
    def telling(self) -> tuple[tuple[str, float], ...]:
        """The columns that tell the treatment by themselves, beyond chance."""
        least = max(TELLING_AUC, 0.5 + _TELLING_ERRORS * self.error)
        return tuple(one for one in self.columns if one[1] >= least)

    @property
    def randomised(self) -> bool:
        """Whether the columns tell no more than a trial allows."""
        return self.low <= LARGEST_AUC

    def told(self) -> str:
        """One sentence for the notes."""
        how = ", each row counted one over its propensity" if self.weighted else ""
        return (
            f"Treatment {self.treatment!r} against control{how}: the columns tell it with ROC AUC {self.auc:.3f} "
            f"[{self.low:.3f}, {self.high:.3f}]; 0.5 is a fair draw."
        )


def treatment_balance(
    matrix: np.ndarray,
    treated: np.ndarray,
    names: Sequence[str],
    counts: Mapping[int, int],
    *,
    treatment: str = "treated",
    groups: np.ndarray | None = None,
    inverse: np.ndarray | None = None,
    seed: int = 0,
) -> Balance:
    """Try to tell from the columns who was treated.

    Parameters
    ----------
    matrix : array of float64, shape (n_rows, n_columns)
        Numbers and category codes, NaN where missing. No column at all is a fair draw: there is nothing to tell by.
    treated : array of {0, 1}, shape (n_rows,)
    names : sequence of str, length n_columns
    counts : mapping of column -> number of levels, for each category
    treatment : str, default="treated"
    groups : array, shape (n_rows,), optional
        Rows of one group stay in one fold: those of one customer would tell each other's arm.
    inverse : array of float > 0, shape (n_rows,), optional
        One over the chance of each row's own arm, where that is known and hangs on the columns.
    seed : int, default=0

    Returns
    -------
    Balance

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> matrix = random.normal(size=(2000, 2))
    >>> fair = treatment_balance(matrix, random.integers(0, 2, 2000), ["age", "fee"], {})
    >>> fair.randomised
    True
    >>> chosen = treatment_balance(matrix, (matrix[:, 0] > 0).astype(int), ["age", "fee"], {})
    >>> chosen.randomised, chosen.columns[0][0]
    (False, 'age')
    """
    rows = _some(treated, seed)
    matrix, treated = matrix[rows], treated[rows]
    unit = np.unique(rows if groups is None else groups[rows], return_inverse=True)[1]
    weight = np.ones(len(rows)) if inverse is None else inverse[rows]
    n1, n0 = (_witnesses(unit[treated == arm], weight[treated == arm]) for arm in (1, 0))
    error = ((n1 + n0 + 1) / (12 * n1 * n0)) ** 0.5
    auc = float(roc_auc(treated, treatment_scores(matrix, treated, counts, unit, seed), weight=weight))
    half = np.random.default_rng(seed).permutation(int(unit.max()) + 1)[unit] % 2 == 0
    alone = {
        name: _alone(matrix[:, place], treated, weight, half if place in counts else None)
        for place, name in enumerate(names)
    }
    most = sorted(alone.items(), key=lambda one: -one[1])[:5]
    low, high = max(0.0, auc - _DEVIATES * error), min(1.0, auc + _DEVIATES * error)
    return Balance(treatment, auc, low, high, tuple(most), error, inverse is not None)


def refuse_unless_randomised(found: Sequence[Balance]) -> tuple[str, ...]:
    """Refuse to call a difference an effect where the treatment was no draw; otherwise say how fair it was.

    Parameters
    ----------
    found : sequence of Balance

    Returns
    -------
    tuple of str, one sentence a treatment

    Raises
    ------
    FrameError
        If a column alone tells the treatment, or all of them together do.

    Examples
    --------
    >>> refuse_unless_randomised([Balance("sms", 0.5, 0.48, 0.52, ())])
    ("Treatment 'sms' against control: the columns tell it with ROC AUC 0.500 [0.480, 0.520]; 0.5 is a fair draw.",)
    >>> refuse_unless_randomised([Balance("sms", 0.7, 0.68, 0.72, (("age", 0.69),))])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Uplift needs treatments given by chance - the columns tell who was offered 'sms' with ROC \
AUC 0.700 [0.680, 0.720], most of all 'age' (0.69); its lower bound must not exceed 0.55. The arms then differ in more \
than the offer, and their difference is no effect: name the chances with propensity= if the draw was a known one, drop \
columns that were filled after the offer, or learn who accepts with uplift=False.
    """
    for one in found:
        telling = [f"{name!r} ({auc:.2f})" for name, auc in one.columns if auc > 0.5]
        how = ", even where each row counts one over its propensity," if one.weighted else ""
        chances = "correct the propensities" if one.weighted else "name the chances with propensity="
        if one.telling:
            raise FrameError(
                f"Columns must be known before the treatment - {shorten([name for name, _ in one.telling])} alone tells"
                f"{how} who was offered {one.treatment!r}, ROC AUC {one.telling[0][1]:.2f}. It was filled after the "
                f"offer or decided who got it: leave it out with drop=, or {chances}."
            )
        if not one.randomised:
            raise FrameError(
                f"Uplift needs treatments given by chance - the columns tell{how} who was offered {one.treatment!r} "
                f"with ROC AUC {one.auc:.3f} [{one.low:.3f}, {one.high:.3f}], most of all {', '.join(telling[:3])}; "
                f"its lower bound must not exceed {LARGEST_AUC:g}. The arms then differ in more than the offer, and "
                f"their difference is no effect: {chances} if the draw was a known one, drop columns that were filled "
                "after the offer, or learn who accepts with uplift=False."
            )
    return tuple(one.told() for one in found)


def post_treatment(
    matrix: np.ndarray,
    names: Sequence[str],
    treated: np.ndarray,
    outcome: np.ndarray,
    groups: np.ndarray | None = None,
) -> list[str]:
    """Name columns that look measured after the treatment.

    Nothing in a table says when a column was filled, but two signs together do. It differs between the arms beyond
    chance (in its ranks, Mann & Whitney; or in its shape, chi-squared over 32 groups of equal size; p below 0.001 over
    twice the number of columns), as nothing from before a fair draw does. And it goes with the outcome (rank
    correlation of 0.1 and more), as what happens after an offer does.

    Parameters
    ----------
    matrix : array of float64, shape (n_rows, n_columns)
        Numbers, NaN where missing.
    names : sequence of str, length n_columns
    treated : array of {0, 1}, shape (n_rows,)
    outcome : array of float, shape (n_rows,)
    groups : array, shape (n_rows,), optional
        Of the rows of one group, such as one customer's, the first in each arm is looked at: where a customer stays in
        an arm for good, ten rows of theirs are no more evidence than one.

    Returns
    -------
    list of names

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> treated, age = random.integers(0, 2, 4000), random.normal(size=4000)
    >>> rounds = random.normal(size=4000) + 0.3 * treated
    >>> bought = (rounds + random.normal(size=4000) > 0).astype(int)
    >>> post_treatment(np.column_stack([age, rounds]), ["age", "rounds"], treated, bought)
    ['rounds']
    """
    from scipy.stats import mannwhitneyu, spearmanr

    if groups is not None:
        unit = np.unique(groups, return_inverse=True)[1]
        first = np.unique(2 * unit + (treated > 0), return_index=True)[1]
        matrix, treated, outcome = matrix[first], treated[first], outcome[first]
    found = []
    for place, name in enumerate(names):
        known = ~np.isnan(matrix[:, place])
        values, arm, came = matrix[known, place], treated[known], outcome[known]
        if len(np.unique(values)) < 2 or len(np.unique(arm)) < 2 or len(np.unique(came)) < 2:
            continue
        if abs(float(spearmanr(values, came).statistic)) < 0.1:
            continue
        ranks = float(mannwhitneyu(values[arm == 1], values[arm == 0]).pvalue)
        if min(ranks, _shape_differs(values, arm)) < _CHANCE / (2 * len(names)):
            found.append(name)
    return found


def _shape_differs(values: np.ndarray, treated: np.ndarray) -> float:
    """The p of chi-squared over groups of equal size: finds what moves in the middle of a column, its mean unmoved."""
    from scipy.stats import chi2_contingency

    edges = np.unique(np.quantile(values, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    group = np.searchsorted(edges, values)
    counts = np.vstack([np.bincount(group[treated == arm], minlength=len(edges) + 1) for arm in (0, 1)])
    filled = counts[:, counts.sum(axis=0) > 0]
    return float(chi2_contingency(filled).pvalue) if filled.shape[1] > 1 else 1.0


def _some(treated: np.ndarray, seed: int) -> np.ndarray:
    """Places of the rows to look at: a small arm is kept whole, for of a million rows it may have thirty."""
    arms = [np.flatnonzero(treated == arm) for arm in (0, 1)]
    room = max(_MOST_ROWS // 2, _MOST_ROWS - min(map(len, arms)))
    random = np.random.default_rng(seed)
    kept = [one if len(one) <= room else random.choice(one, room, replace=False) for one in arms]
    return np.sort(np.concatenate(kept))


def treatment_scores(
    matrix: np.ndarray, treated: np.ndarray, counts: Mapping[int, int], groups: np.ndarray, seed: int = 0
) -> np.ndarray:
    """How likely each row looks treated, by trees and a logistic regression of other rows together.

    Parameters
    ----------
    matrix, treated, counts, groups, seed
        As in `treatment_balance`.

    Returns
    -------
    array of float in (0, 1), shape (n_rows,)
        The row's rank within its fold: scores of different folds have different levels, which tell nothing.
    """
    from cxml.additive.logistic import fit_ridge
    from cxml.boosting import train_booster

    found = np.full(len(treated), 0.5)
    _, inverse = np.unique(groups, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(int(inverse.max()) + 1) % _FOLDS)[inverse]
    for one in range(_FOLDS):
        seen, unseen = fold != one, fold == one
        if not matrix.shape[1] or not unseen.any() or len(np.unique(treated[seen])) < 2:
            continue
        booster = train_booster(
            matrix[seen], treated[seen], params={**_PARAMS, "seed": seed}, rounds=_ROUNDS, categorical=list(counts)
        )
        intercept, linear = fit_ridge(matrix[seen], treated[seen], counts, [10.0])[0]
        score = np.asarray(booster.predict(matrix[unseen], raw_score=True, num_threads=1))
        found[unseen] = _ranks(score + intercept + linear.total(matrix[unseen]))
    return found


def _ranks(score: np.ndarray) -> np.ndarray:
    """Ranks in (0, 1), the mean one for equals."""
    from scipy.stats import rankdata

    found: np.ndarray = (rankdata(score) - 0.5) / len(score)
    return found


def _witnesses(unit: np.ndarray, weight: np.ndarray) -> float:
    """Customers of equal weight that tell as much."""
    return effective_rows(np.bincount(unit, weight).astype(np.float64))


def _alone(values: np.ndarray, treated: np.ndarray, weight: np.ndarray, half: np.ndarray | None) -> float:
    """AUC of one column by itself, from 0.5 up; `half`, given for a category, orders its levels by the other half."""
    known = ~np.isnan(values)
    score = np.where(known, values, np.nanmin(values, initial=0.0) - 1.0)
    if half is None:
        auc = float(roc_auc(treated, score, weight=weight))
        return max(auc, 1 - auc)
    # By rows of its own a level would tell each of them: hundreds of postcodes would tell any draw.
    level = score.astype(np.intp) + 1
    for side in (half, ~half):
        score[side] = _treated_share(level, treated, np.where(side, 0.0, weight))[level[side]]
    return max(float(roc_auc(treated, score, weight=weight)), 0.5)


def _treated_share(level: np.ndarray, treated: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """By how much the share of treated of each level is above that of all, drawn to 0 where its rows are few."""
    rows, hits = np.bincount(level, weight), np.bincount(level, weight * treated)
    if not weight.any():
        return np.zeros(len(rows))
    overall, prior = hits.sum() / rows.sum(), _LEVEL_PRIOR * rows.sum() / np.count_nonzero(weight)
    found: np.ndarray = (hits + prior * overall) / (rows + prior) - overall
    return found

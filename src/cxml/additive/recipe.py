"""The recipes: a logistic regression, and trees blended with it. First choose on folds, then build on all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cxml.additive.blend import blend
from cxml.additive.levels import MANY
from cxml.additive.logistic import fit_ridge, out_of_fold
from cxml.additive.score import AdditiveScore
from cxml.additive.shapes import LARGE, candidates
from cxml.additive.trees import Fold, Task, cross_validate, grow, plan


@dataclass(frozen=True)
class Choice:
    """What was settled on training folds; fitting it on other rows of the same kind needs no folds again.

    Attributes
    ----------
    ridge : float
        Strength of the linear part's ridge.
    linear_weight, intercept : float
        How the blend uses the linear part.
    tasks : tuple of Task
        Which trees to grow, how many and with what weight. Empty for a purely linear score.
    """

    ridge: float
    linear_weight: float = 1.0
    intercept: float = 0.0
    tasks: tuple[Task, ...] = ()


def choose_logistic(
    matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], groups: np.ndarray, seed: int = 0
) -> Choice:
    """Choose the ridge of a logistic regression by out-of-fold log loss. Parameters as in `choose_additive`."""
    return Choice(out_of_fold(matrix, target, counts, _folds(target, groups, seed))[0])


def choose_additive(
    matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], groups: np.ndarray, seed: int = 0
) -> Choice:
    """Weigh shapes of trees and a linear part by how they predict unseen folds.

    Each shape of trees and the logistic regression score every row out of fold; `blend` weighs these scores. Which
    case the data is - linear, full of rules, few rows, many levels - shows in the weights. What has weight gets trees
    of as many seeds as a budget of 1,000 trees allows.

    Parameters
    ----------
    matrix : array of float64, shape (n_rows, n_columns)
        Numbers and category codes, NaN where missing.
    target : array of {0, 1}, shape (n_rows,)
    counts : mapping of column -> number of levels
        For each category.
    groups : array, shape (n_rows,)
        Rows with the same number stay in one fold: the rows of one customer would tell each other's fate.
    seed : int, default=0
        The same rows and seed give the same choice.

    Returns
    -------
    Choice
    """
    folds = _folds(target, groups, seed)
    ridge, linear_scores = out_of_fold(matrix, target, counts, folds)
    shapes = candidates(len(target), many_levels=any(size >= MANY for size in counts.values()))
    tree_scores, rounds = cross_validate(matrix, target, counts, groups, shapes, folds, seed)
    weights, intercept = blend(np.column_stack([tree_scores, linear_scores]), target)
    return Choice(ridge, float(weights[-1]), intercept, tuple(plan(shapes, rounds, weights[:-1], seed)))


def build(
    matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], groups: np.ndarray, choice: Choice
) -> AdditiveScore:
    """Fit what was chosen on all rows, and sum it: one booster, one linear part.

    Parameters
    ----------
    matrix, target, counts, groups
        As in `choose_additive`.
    choice : Choice

    Returns
    -------
    AdditiveScore
        Its log-odds are calibrated out of fold.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> matrix = random.normal(size=(300, 2))
    >>> target = (matrix[:, 0] * matrix[:, 1] > 0).astype(int)
    >>> score = build(matrix, target, {}, np.arange(300), choose_additive(matrix, target, {}, np.arange(300)))
    >>> bool(score.score(np.array([[1.0, 1.0]]))[0] > 0 > score.score(np.array([[1.0, -1.0]]))[0])
    True
    >>> score = build(matrix, (matrix[:, 0] > 0).astype(int), {}, np.arange(300), Choice(ridge=1.0))
    >>> bool(score.score(np.array([[1.0, 0.0]]))[0] > 2)
    True
    """
    own, part = fit_ridge(matrix, target, counts, [choice.ridge])[0]
    intercept, linear = choice.intercept + choice.linear_weight * own, part.scaled(choice.linear_weight)
    if not choice.tasks:
        return AdditiveScore(intercept, linear, None, {})
    booster, levels = grow(matrix, target, counts, groups, choice.tasks)
    return AdditiveScore(intercept, linear, booster, levels)


def _folds(target: np.ndarray, groups: np.ndarray, seed: int) -> list[Fold]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    n_folds = 5 if len(target) <= LARGE else 3
    rows = np.zeros((len(target), 1))
    if len(np.unique(groups)) == len(groups):
        return list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(rows, target))
    return list(StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(rows, target, groups))

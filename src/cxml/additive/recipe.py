"""The recipes: a logistic regression, and trees blended with it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cxml.additive.blend import blend
from cxml.additive.levels import MANY
from cxml.additive.logistic import fit_ridge, out_of_fold
from cxml.additive.score import AdditiveScore
from cxml.additive.shapes import LARGE, candidates
from cxml.additive.trees import Fold, cross_validate, grow, plan


def fit_logistic(matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], seed: int = 0) -> AdditiveScore:
    """Fit a logistic regression whose ridge is chosen by out-of-fold log loss.

    Parameters
    ----------
    matrix : array of float64, shape (n_rows, n_columns)
        Numbers and category codes, NaN where missing.
    target : array of {0, 1}, shape (n_rows,)
    counts : mapping of column -> number of levels
        For each category.
    seed : int, default=0

    Returns
    -------
    AdditiveScore

    Examples
    --------
    >>> matrix = np.arange(100.0)[:, None]
    >>> score = fit_logistic(matrix, (np.arange(100) > 50).astype(int), {})
    >>> bool(score.score(np.array([[90.0]]))[0] > 2)
    True
    """
    ridge, _ = out_of_fold(matrix, target, counts, _folds(target, seed))
    intercept, part = fit_ridge(matrix, target, counts, [ridge])[0]
    return AdditiveScore(intercept, part, None, {})


def fit_additive(matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], seed: int = 0) -> AdditiveScore:
    """Fit trees of several shapes and a linear part, and weigh them by how they predict unseen folds.

    1. Each shape of trees and the logistic regression score every row out of fold.
    2. `blend` weighs these scores: which case the data is (linear, full of rules, few rows, many levels) shows here.
    3. What has weight is fitted again on all rows, trees with as many seeds as a budget of 1,000 trees allows, and
       summed: one booster, one linear part.

    Parameters
    ----------
    matrix, target, counts, seed
        As in `fit_logistic`.

    Returns
    -------
    AdditiveScore
        Its log-odds are calibrated out of fold. The same rows and seed give the same score.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> matrix = random.normal(size=(300, 2))
    >>> score = fit_additive(matrix, (matrix[:, 0] * matrix[:, 1] > 0).astype(int), {})
    >>> bool(score.score(np.array([[1.0, 1.0]]))[0] > 0 > score.score(np.array([[1.0, -1.0]]))[0])
    True
    """
    folds = _folds(target, seed)
    ridge, linear_scores = out_of_fold(matrix, target, counts, folds)
    shapes = candidates(len(target), many_levels=any(size >= MANY for size in counts.values()))
    tree_scores, rounds = cross_validate(matrix, target, counts, shapes, folds, seed)
    weights, intercept = blend(np.column_stack([tree_scores, linear_scores]), target)
    booster, levels = grow(matrix, target, counts, plan(shapes, rounds, weights[:-1], seed))
    own, part = fit_ridge(matrix, target, counts, [ridge])[0]
    return AdditiveScore(intercept + weights[-1] * own, part.scaled(float(weights[-1])), booster, levels)


def _folds(target: np.ndarray, seed: int) -> list[Fold]:
    from sklearn.model_selection import StratifiedKFold

    n_folds = 5 if len(target) <= LARGE else 3
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros((len(target), 1)), target))

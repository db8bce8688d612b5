"""The recipe of `boosted` and `logistic`: (to be filled)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cxml.additive.logistic import fit_ridge, out_of_fold
from cxml.additive.score import AdditiveScore


def folds_of(target: np.ndarray, *, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Stratified folds."""
    from sklearn.model_selection import StratifiedKFold

    n_folds = 5 if len(target) <= 20_000 else 3
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros((len(target), 1)), target))


def fit_logistic(matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], seed: int = 0) -> AdditiveScore:
    """Fit a logistic regression whose ridge is chosen out of fold."""
    ridge, _ = out_of_fold(matrix, target, counts, folds_of(target, seed=seed))
    intercept, part = fit_ridge(matrix, target, counts, [ridge])[0]
    return AdditiveScore(intercept, part, None, {})


def fit_additive(matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], seed: int = 0) -> AdditiveScore:
    """Placeholder until the recipe is frozen."""
    import lightgbm as lgb

    base = fit_logistic(matrix, target, counts, seed)
    params = {
        "objective": "binary",
        "verbosity": -1,
        "num_leaves": 15,
        "learning_rate": 0.05,
        "seed": seed,
        "num_threads": 2,
    }
    offset = base.score(matrix)
    rate = {place: np.append(np.arange(size, dtype=float), -1.0) for place, size in counts.items()}
    seen = AdditiveScore(0.0, base.linear, None, rate).mapped(matrix)
    booster = lgb.train(params, lgb.Dataset(seen, target, init_score=offset, params=params), 60)
    return AdditiveScore(base.intercept, base.linear, booster, rate)

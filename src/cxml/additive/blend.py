"""Weigh several scores into one calibrated one."""

from __future__ import annotations

import numpy as np

#: Pull towards equal weights, in rows: nothing on thousands of rows, a steadying hand on hundreds.
_PULL = 3.0


def blend(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Find the weights, none negative, and the intercept with the least log loss.

    On out-of-fold log-odds this is stacking (Wolpert 1992; non-negative as in Breiman 1996) and Platt's calibration
    in one step: the weights' sum is the slope, so an over-sure score is drawn in.

    Parameters
    ----------
    scores : array of float, shape (n_rows, n_scores)
        Log-odds of rows that the scores' models did not see.
    target : array of {0, 1}, shape (n_rows,)

    Returns
    -------
    (array of float >= 0, shape (n_scores,), intercept)

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> truth = random.normal(size=5000)
    >>> target = (random.random(5000) < 1 / (1 + np.exp(-truth))).astype(int)
    >>> weights, intercept = blend(np.column_stack([2 * truth, random.normal(size=5000)]), target)
    >>> bool(abs(weights[0] - 0.5) < 0.05 and weights[1] < 0.1 and abs(intercept) < 0.1)
    True
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    n_scores = scores.shape[1]
    equal = np.full(n_scores, 1.0 / n_scores)

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        score = scores @ point[:-1] + point[-1]
        apart = point[:-1] - equal
        loss = np.logaddexp(0.0, score).sum() - target @ score + 0.5 * _PULL * apart @ apart
        residual = expit(score) - target
        return float(loss), np.append(scores.T @ residual + _PULL * apart, residual.sum())

    bounds = [(0.0, None)] * n_scores + [(None, None)]
    found = minimize(objective, np.append(equal, 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:-1]), float(found.x[-1])

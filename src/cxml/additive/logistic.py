"""Fit the linear part: ridge logistic regression, its strength chosen out of fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxml.additive.linear import LinearPart

#: Strengths of the ridge tried, strongest first.
RIDGES = (100.0, 10.0, 1.0)
#: Standard deviations beyond which a number counts no further: one far outlier must not carry the score away.
_REACH = 8.0
#: Levels that get a term of their own: at most this many of a column, each met at least this often.
_MOST_LEVELS, _LEAST_ROWS = 50, 5


@dataclass(frozen=True)
class Design:
    """How a matrix becomes the columns of the regression: learned once, applied to any rows.

    Attributes
    ----------
    numbers : array of int
        Columns that hold numbers.
    mean, scale : arrays of float, shape (n_numbers,)
    levels : mapping of column -> array of int
        Levels with a term of their own.
    counts : mapping of column -> int
        All levels of each category.
    """

    numbers: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    levels: Mapping[int, np.ndarray]
    counts: Mapping[int, int]

    @classmethod
    def learn(cls, matrix: np.ndarray, counts: Mapping[int, int]) -> Design:
        """Learn means, scales and frequent levels."""
        numbers = np.array([place for place in range(matrix.shape[1]) if place not in counts], dtype=np.intp)
        values = matrix[:, numbers]
        known = ~np.isnan(values)
        rows = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0.0).sum(axis=0) / rows
        scale = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / rows)
        levels = {place: _frequent(matrix[:, place], size) for place, size in counts.items()}
        return cls(numbers, mean, np.where(scale > 1e-12, scale, 1.0), levels, counts)

    def apply(self, matrix: np.ndarray) -> np.ndarray:
        """Standardised numbers, missing indicators, then one column for each frequent level."""
        standard = np.clip((matrix[:, self.numbers] - self.mean) / self.scale, -_REACH, _REACH)
        absent = np.isnan(standard)
        blocks = [np.where(absent, 0.0, standard), absent.astype(float)]
        blocks += [(matrix[:, [place]] == levels).astype(float) for place, levels in self.levels.items()]
        return np.hstack(blocks)

    def linear_part(self, coefficients: np.ndarray, matrix: np.ndarray) -> LinearPart:
        """The fitted coefficients as terms of the columns, centred on the rows of `matrix`."""
        n_numbers = len(self.numbers)
        slope, missing, rest = np.split(coefficients, [n_numbers, 2 * n_numbers])
        tables = {}
        for place, levels in self.levels.items():
            tables[place] = np.zeros(self.counts[place] + 1)
            tables[place][levels], rest = rest[: len(levels)], rest[len(levels) :]
        low, high = self.mean - _REACH * self.scale, self.mean + _REACH * self.scale
        centre = np.zeros(matrix.shape[1])
        part = LinearPart(self.numbers, slope / self.scale, self.mean, low, high, missing, tables, centre)
        centre[:] = part.terms(matrix).mean(axis=0)
        return part


def _frequent(codes: np.ndarray, size: int) -> np.ndarray:
    rows = np.bincount(codes[~np.isnan(codes)].astype(np.intp), minlength=size)
    order = np.argsort(-rows, kind="stable")[:_MOST_LEVELS]
    found: np.ndarray = np.sort(order[rows[order] >= _LEAST_ROWS])
    return found


def fit_ridge(
    matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], ridges: Sequence[float]
) -> list[tuple[float, LinearPart]]:
    """Fit one logistic regression for each strength of the ridge.

    Returns
    -------
    list of (intercept, LinearPart), in the order of `ridges`
    """
    from sklearn.linear_model import LogisticRegression

    design = Design.learn(matrix, counts)
    columns = design.apply(matrix)
    found = []
    # Each fit starts from its neighbour's solution.
    model = LogisticRegression(solver="newton-cg", max_iter=500, tol=1e-6, warm_start=True)
    for ridge in ridges:
        model.set_params(C=1.0 / ridge).fit(columns, target)
        found.append((float(model.intercept_[0]), design.linear_part(model.coef_[0], matrix)))
    return found


def out_of_fold(
    matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], folds: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[float, np.ndarray]:
    """Choose the ridge by out-of-fold log loss.

    Returns
    -------
    (ridge, out-of-fold log-odds of each row)
    """
    scores = np.zeros((len(RIDGES), len(target)))
    for seen, unseen in folds:
        for place, (intercept, part) in enumerate(fit_ridge(matrix[seen], target[seen], counts, RIDGES)):
            scores[place, unseen] = intercept + part.total(matrix[unseen])
    losses = (np.logaddexp(0.0, scores) - target * scores).mean(axis=1)
    best = int(np.argmin(losses))
    return RIDGES[best], scores[best]

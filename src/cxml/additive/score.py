"""The fitted score: for a matrix, for a row, and split among the columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.additive.levels import apply_levels
from cxml.additive.linear import LinearPart

if TYPE_CHECKING:
    from lightgbm import Booster

#: Rows scored in one go: bounds the memory of the mapped copy, and gives each thread a share.
_BLOCK = 100_000


@dataclass(frozen=True)
class AdditiveScore:
    """Log-odds as a sum of trees and a linear part.

    Attributes
    ----------
    intercept : float
    linear : LinearPart
        Its terms are in units of the score: the weight of the blend is in its coefficients.
    booster : Booster, optional
        Its raw score is in units of the score. None for a purely linear model.
    levels : mapping of column -> array of float, shape (n_levels + 1,)
        For each category column the number that stands for each of its levels in the trees, the last for a missing or
        unknown one. A level keeps one number for good, so the column stays one column.
    """

    intercept: float
    linear: LinearPart
    booster: Booster | None
    levels: Mapping[int, np.ndarray]

    def score(self, matrix: np.ndarray) -> np.ndarray:
        """Log-odds of each row.

        Parameters
        ----------
        matrix : array of float64, shape (n_rows, n_columns)
            Numbers and category codes, NaN where missing; not changed.

        Returns
        -------
        array of float64, shape (n_rows,)
        """
        found = np.empty(len(matrix))
        for start in range(0, len(matrix), _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = self._score(matrix[block])
        return found

    def _score(self, matrix: np.ndarray) -> np.ndarray:
        total: np.ndarray = self.intercept + self.linear.total(matrix)
        if self.booster is not None:
            total += self.booster.predict(self.mapped(matrix), raw_score=True)
        return total

    def mapped(self, matrix: np.ndarray) -> np.ndarray:
        """The matrix that the trees see: each category code replaced by its level's number."""
        return apply_levels(matrix, self.levels) if self.levels else matrix

    def contributions(self, matrix: np.ndarray) -> tuple[np.ndarray, float]:
        """Exact Shapley values of the score.

        For the trees the path-dependent TreeSHAP of Lundberg et al. (2020, Nature Machine Intelligence 2); for the
        linear part ``coefficient * (value - mean over the training rows)``, summed over the terms of a column. The
        Shapley value of a sum is the sum of the Shapley values.

        Returns
        -------
        (array of float64, shape (n_rows, n_columns), base)
            Base plus the sum of a row's values is its score, to about 1e-12.
        """
        values = self.linear.terms(matrix) - self.linear.means
        base = self.intercept + float(self.linear.means.sum())
        if self.booster is not None:
            from cxml.boosting import contributions

            of_trees = contributions(self.booster, self.mapped(matrix))
            values = values + of_trees[:, :-1]
            base += float(of_trees[0, -1])
        return values, base

    @cached_property
    def score_one(self) -> Callable[[list[float]], float]:
        """A function of one encoded row to its log-odds, equal to `score` and safe in many threads.

        The row is used up: its codes are replaced by what the trees see.
        """
        numbers, categories = self.linear.row_terms()
        mapped = [
            (
                place,
                tuple(categories.get(place, ())),
                tuple(self.levels[place].tolist()) if place in self.levels else (),
            )
            for place in sorted({*categories, *self.levels})
        ]
        trees = self._trees_of_row()
        intercept = self.intercept

        def score_one(row: list[float]) -> float:
            total = intercept
            for place, slope, mean, low, high, missing in numbers:
                value = row[place]
                if low <= value <= high:
                    total += slope * (value - mean)
                elif value != value:
                    total += missing
                else:
                    total += slope * ((low if value < low else high) - mean)
            for place, terms, stand_ins in mapped:
                code = row[place]
                index = int(code) if code == code else -1
                if terms:
                    total += terms[index]
                if stand_ins:
                    row[place] = stand_ins[index]
            return total + trees(row)

        return score_one

    def _trees_of_row(self) -> Callable[[list[float]], float]:
        if self.booster is None:
            return lambda row: 0.0  # noqa: ARG005 - a linear model has no trees
        from cxml.boosting import RowScorer

        return RowScorer(self.booster)

    def parts(self) -> dict[str, Any]:
        """Everything learned, as parts of a model folder."""
        found = {
            "score": {
                "intercept": self.intercept,
                "linear": self.linear.to_json(),
                "levels": {str(place): numbers.tolist() for place, numbers in self.levels.items()},
            }
        }
        return found if self.booster is None else {**found, "trees": self.booster}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> AdditiveScore:
        """Back from `parts`."""
        score = parts["score"]
        levels = {int(place): np.array(numbers) for place, numbers in score["levels"].items()}
        linear = LinearPart.from_json(score["linear"])
        return cls(float(score["intercept"]), linear, parts.get("trees"), levels)


def probabilities(log_odds: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds.

    >>> probabilities(np.array([0.0, -1000.0, 1000.0])).tolist()
    [0.5, 0.0, 1.0]
    """
    from scipy.special import expit

    found: np.ndarray = expit(log_odds)
    return found


def sigmoid(score: float) -> float:
    """Probability of log-odds, without overflow at either end.

    >>> sigmoid(0.0), sigmoid(-1000.0), sigmoid(1000.0)
    (0.5, 0.0, 1.0)
    """
    if score >= 0:
        return 1.0 / (1.0 + math.exp(-score))
    grown = math.exp(score) if score > -745.0 else 0.0
    return grown / (1.0 + grown)

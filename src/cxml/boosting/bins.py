"""A column's values as bins: all values of one bin go the same way at every node of a model."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cxml.boosting.decisions import TINY, Decisions


class Bins(Protocol):
    """The bins of one column.

    Attributes
    ----------
    feature : int
        The column.
    categorical : bool
        Whether they serve the splits by category, or those by number.
    examples : array of float, shape (n_bins,)
        A value of each bin.
    """

    feature: int
    categorical: bool
    examples: NDArray[np.float64]

    def of(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of each value."""

    def one(self, value: float) -> int:
        """Return the bin of one value."""


class NumberBins:
    """Bins between the thresholds of a column, and one for NaN.

    Parameters
    ----------
    feature : int
        The column.
    thresholds : array of float
        Ascending. The bounds of what LightGBM takes for zero are added: some nodes send it where NaN goes.
    """

    def __init__(self, feature: int, thresholds: NDArray[np.float64]) -> None:
        self.feature, self.categorical = feature, False
        self._edges = np.unique([*thresholds, np.nextafter(-TINY, -np.inf), TINY])
        self.examples = np.append(self._edges, [np.inf, np.nan])
        self._listed: list[float] = self._edges.tolist()
        self._missing = len(self._listed) + 1

    def of(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of each value."""
        found: NDArray[np.intp] = self._edges.searchsorted(values)
        found[np.isnan(values)] = self._missing
        return found

    def one(self, value: float) -> int:
        """Return the bin of one value."""
        return self._missing if value != value else bisect_left(self._listed, value)


class CategoryBins:
    """One bin for each code that a set of the model names, and one for all others.

    Parameters
    ----------
    feature : int
        The column.
    n_codes : int
        Codes from 0 on.
    """

    def __init__(self, feature: int, n_codes: int) -> None:
        self.feature, self.categorical = feature, True
        self._n_codes = n_codes
        self.examples = np.append(np.arange(n_codes, dtype=np.float64), -1.0)

    def of(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of each value."""
        known = (values > -1.0) & (values < self._n_codes)  # C truncates towards 0: -0.5 is category 0
        found: NDArray[np.intp] = np.where(known, values, self._n_codes).astype(np.intp)
        return found

    def one(self, value: float) -> int:
        """Return the bin of one value."""
        return int(value) if -1.0 < value < self._n_codes else self._n_codes


def bins_of(decisions: Decisions, features: Sequence[int]) -> list[Bins]:
    """Make the bins of those columns that the model asks about.

    Parameters
    ----------
    decisions : Decisions
        The model's questions.
    features : sequence of int
        Columns to look for.

    Returns
    -------
    list of Bins
        In the order of `features`. A column that is split both as a number and as a category has both.
    """
    codes: dict[int, int] = {}
    for feature, question in decisions.questions:
        if isinstance(question, bytes):
            codes[feature] = max(codes.get(feature, 0), 8 * len(question))
    found: list[Bins] = []
    for feature in features:
        if feature in decisions.thresholds and len(decisions.thresholds[feature]):
            found.append(NumberBins(feature, decisions.thresholds[feature]))
        if feature in codes:
            found.append(CategoryBins(feature, codes[feature]))
    return found

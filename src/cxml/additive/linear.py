"""The linear part of a score: standardised numbers, missing indicators, one term for each level of a category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from cxml.additive.levels import level_index

#: (column, slope, mean, lowest, highest, term where missing): what a row needs of a number.
RowTerm = tuple[int, float, float, float, float, float]


@dataclass(frozen=True)
class LinearPart:
    """Terms that add up to the linear part of a score.

    A number's term is ``slope * (value - mean)``, its value first drawn into ``[low, high]`` so that one far outlier
    cannot carry the score away, and ``missing`` where there is no value. A category's term is read from its table.

    Attributes
    ----------
    numbers : array of int, shape (n_numbers,)
        Columns of the matrix.
    slope, mean, low, high, missing : arrays of float, shape (n_numbers,)
    tables : mapping of column -> array of float, shape (n_levels + 1,)
        The last entry is for a missing or unknown level.
    means : array of float, shape (n_columns,)
        Mean of each column's term over the training rows: the centre of its Shapley values.
    """

    numbers: np.ndarray
    slope: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    missing: np.ndarray
    tables: Mapping[int, np.ndarray]
    means: np.ndarray

    def terms(self, matrix: np.ndarray) -> np.ndarray:
        """Each column's term in each row, shape (n_rows, n_columns)."""
        found = np.zeros(matrix.shape)
        found[:, self.numbers] = self._number_terms(matrix)
        for place, table in self.tables.items():
            found[:, place] = self._looked_up(matrix[:, place], table)
        return found

    def total(self, matrix: np.ndarray) -> np.ndarray:
        """Sum of the terms of each row, shape (n_rows,)."""
        total: np.ndarray = self._number_terms(matrix).sum(axis=1)
        for place, table in self.tables.items():
            total += self._looked_up(matrix[:, place], table)
        return total

    def _number_terms(self, matrix: np.ndarray) -> np.ndarray:
        values = matrix[:, self.numbers]
        absent = np.isnan(values)
        np.clip(values, self.low, self.high, out=values)
        values -= self.mean
        values *= self.slope
        if absent.any():
            values[absent] = np.broadcast_to(self.missing, values.shape)[absent]
        return values

    @staticmethod
    def _looked_up(codes: np.ndarray, table: np.ndarray) -> np.ndarray:
        found: np.ndarray = table[level_index(codes, len(table) - 1)]
        return found

    def row_terms(self) -> tuple[list[RowTerm], dict[int, list[float]]]:
        """The same as plain numbers, for scoring a row without arrays; terms that are always 0 are left out."""
        columns = (self.numbers, self.slope, self.mean, self.low, self.high, self.missing)
        numbers = [tuple(one) for one in zip(*(column.tolist() for column in columns), strict=True)]
        kept = [one for one in numbers if one[1] or one[5]]
        return kept, {place: table.tolist() for place, table in self.tables.items() if table.any()}

    def scaled(self, weight: float) -> LinearPart:
        """All terms times a weight."""
        tables = {place: weight * table for place, table in self.tables.items()}
        rest = (self.numbers, weight * self.slope, self.mean, self.low, self.high, weight * self.missing)
        return LinearPart(*rest, tables, weight * self.means)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        plain = {name: value for name, value in asdict(self).items() if name != "tables"}
        shown: dict[str, Any] = {name: value.tolist() for name, value in plain.items()}
        return {**shown, "tables": {str(place): table.tolist() for place, table in self.tables.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LinearPart:
        """Back from `to_json`."""
        tables = {int(place): np.array(table, dtype=float) for place, table in values["tables"].items()}
        arrays = {one.name: np.array(values[one.name], dtype=float) for one in fields(cls) if one.name != "tables"}
        arrays["numbers"] = arrays["numbers"].astype(np.intp)
        width, places = len(arrays["means"]), [*arrays["numbers"].tolist(), *tables]
        lengths = {len(arrays[name]) for name in ("numbers", "slope", "mean", "low", "high", "missing")}
        if len(lengths) != 1 or any(not 0 <= place < width for place in places):
            raise ValueError("the linear part's columns and terms do not belong together")
        return cls(**arrays, tables=tables)

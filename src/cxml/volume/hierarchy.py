"""Totals that equal the sums of their parts.

Series of every level are forecast on their own and then brought together: the parts are chosen so that all levels move
as little as their errors allow (weighted least squares; Wickramasuriya, Athanasopoulos & Hyndman 2019, JASA
114:804-819, with a diagonal error matrix), and the totals are their sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.errors import FrameError

if TYPE_CHECKING:
    import pandas as pd

TOTAL = "total"


@dataclass(frozen=True)
class Hierarchy:
    """Which parts make up which total.

    Attributes
    ----------
    names : tuple of str
        Names of the totals.
    members : array of bool, shape (n_totals, n_parts)
    """

    names: tuple[str, ...]
    members: np.ndarray

    @classmethod
    def learn(cls, parts: Sequence[str], labels: Mapping[str, Sequence[str]]) -> Self:
        """A grand total, and one for each value of each grouping column.

        Parameters
        ----------
        parts : sequence of str
            Names of the parts.
        labels : mapping of column -> value for each part

        Examples
        --------
        >>> found = Hierarchy.learn(["a", "b", "c"], {"channel": ["phone", "phone", "chat"]})
        >>> found.names, found.members.astype(int).tolist()
        (('total', 'channel=chat', 'channel=phone'), [[1, 1, 1], [0, 0, 1], [1, 1, 0]])
        """
        names, members = [TOTAL], [np.ones(len(parts), dtype=bool)]
        for column, values in labels.items():
            told = np.array([str(one) for one in values])
            for value in sorted(set(told.tolist())):
                of = told == value
                if of.sum() < len(parts):
                    names.append(f"{column}={value}")
                    members.append(of)
        return cls(tuple(names), np.stack(members))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Totals of arrays whose first axis is the parts; NaN where every part is, unknown parts count as nothing."""
        found = np.stack([np.nansum(values[of], axis=0) for of in self.members])
        known = np.stack([(~np.isnan(values[of])).any(axis=0) for of in self.members])
        return np.where(known, found, np.nan)

    def projection(self, errors: np.ndarray) -> np.ndarray:
        """The matrix that turns forecasts of totals and parts (in this order) into parts.

        Parameters
        ----------
        errors : array, shape (n_totals + n_parts,)
            Typical size of each series' errors.

        Returns
        -------
        array, shape (n_parts, n_totals + n_parts)
        """
        n = self.members.shape[1]
        summing = np.concatenate([self.members.astype(float), np.eye(n)])
        weight = 1.0 / np.maximum(errors, 1e-6 * max(float(errors.max()), 1e-12)) ** 2
        normal = summing.T * weight
        found: np.ndarray = np.linalg.solve(normal @ summing, normal)
        return found

    def reconcile(self, forecasts: np.ndarray, projection: np.ndarray) -> np.ndarray:
        """Forecasts of totals and parts, coherent and never negative; arrays of shape (K, S, R, M)."""
        n = len(self.names)
        parts = np.maximum(np.einsum("ps,ksrm->kprm", projection, np.nan_to_num(forecasts)), 0.0)
        parts = np.where(np.isnan(forecasts[:, n:]), np.nan, parts)
        totals = np.stack([np.nansum(parts[:, of], axis=1) for of in self.members], axis=1)
        return np.concatenate([totals, parts], axis=1)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"names": list(self.names), "members": [np.flatnonzero(one).tolist() for one in self.members]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], n_parts: int) -> Self:
        """Back from `to_json`."""
        members = np.zeros((len(values["names"]), n_parts), dtype=bool)
        for row, places in enumerate(values["members"]):
            members[row, places] = True
        return cls(tuple(values["names"]), members)


def labels_of(frame: pd.DataFrame, key: str, groups: Sequence[str], parts: Sequence[str]) -> dict[str, list[str]]:
    """The value of each grouping column for each part.

    Raises
    ------
    FrameError
        If a part has two values, or none.
    """
    found = {}
    for column in groups:
        empty = frame[key][frame[column].isna()]
        if len(empty):
            raise FrameError(
                f"Each series must have a {column!r} - {str(empty.iloc[0])!r} has none in some row. Fill it, such as "
                "with 'other'."
            )
        pairs = frame[[key, column]].astype(str).drop_duplicates()
        twice = pairs[key][pairs[key].duplicated()]
        if len(twice):
            raise FrameError(
                f"Each series must have one {column!r} - {twice.iloc[0]!r} has several: "
                f"{', '.join(pairs[column][pairs[key] == twice.iloc[0]][:5])}. Name the series by all of its groups."
            )
        known = dict(zip(pairs[key], pairs[column], strict=True))
        found[column] = [known[part] for part in parts]
    return found

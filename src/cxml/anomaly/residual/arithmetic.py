"""One arithmetic for one series and for many: formulas are written once, over floats or over arrays of equal length.

A formula takes one of the two as its first argument. With `ONE`, values are floats and tables are lists; with `MANY`,
values are arrays of shape (n,) and tables arrays of shape (n, k), a row a series. Both branches of `where` are
evaluated: keep logarithms and roots away from what they cannot take.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class One:
    """Floats: a few operations cost less than a single call of numpy."""

    sqrt = staticmethod(math.sqrt)
    exp = staticmethod(math.exp)
    log = staticmethod(math.log)
    whole = staticmethod(int)

    @staticmethod
    def where(condition: bool, yes: Any, no: Any) -> Any:
        """The one or the other."""
        return yes if condition else no

    @staticmethod
    def least(a: float, b: float) -> float:
        """The smaller one."""
        return a if a < b else b

    @staticmethod
    def most(a: float, b: float) -> float:
        """The larger one."""
        return a if a > b else b

    @staticmethod
    def entry(told: tuple[float, ...], place: int) -> float:
        """What a table of constants says."""
        return told[place]

    @staticmethod
    def flat(table: list[float]) -> tuple[list[float], int]:
        """The table in one row, and where the part of the series begins in it."""
        return table, 0


class Many:
    """Arrays: one entry a series."""

    sqrt = staticmethod(np.sqrt)
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    where = staticmethod(np.where)
    least = staticmethod(np.minimum)
    most = staticmethod(np.maximum)

    @staticmethod
    def whole(a: np.ndarray) -> np.ndarray:
        """The whole number towards zero."""
        return a.astype(np.int64)

    @staticmethod
    def entry(told: tuple[float, ...], place: np.ndarray) -> np.ndarray:
        """What a table of constants says, of each series."""
        found: np.ndarray = np.array(told)[place]
        return found

    @staticmethod
    def flat(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The table in one row, and where the part of each series begins in it; what is written there stays."""
        n, width = table.shape
        return table.reshape(-1), np.arange(0, n * width, width)


ONE, MANY = One(), Many()

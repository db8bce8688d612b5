"""Two models' losses on the same rows, and what their difference says.

Whatever the family, a row's loss is its share of the headline metric, so this needs to know nothing of churn or calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxml.metrics import standard_error

if TYPE_CHECKING:
    import pandas as pd

#: Two sets of held-out rows are the same question when they share this much of the first one's rows, and this many.
COMMON_SHARE, COMMON_ROWS = 0.5, 100


@dataclass(frozen=True)
class Difference:
    """Mean difference of two models' losses on the same rows; below zero the first is better.

    Attributes
    ----------
    mean, low, high : float
        With its 95 % interval: mean +/- 1.96 standard errors of the paired differences, counted by groups of rows that
        stand or fall together where there are such.
    rows : int
    """

    mean: float
    low: float
    high: float
    rows: int

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f}, {self.rows:,} rows)"


def paired_difference(one: Any, other: Any, groups: Any = None) -> Difference:
    """Compare two arrays of losses of the same rows.

    Parameters
    ----------
    one, other : arrays of float, shape (n_rows,), n_rows >= 2
    groups : array, shape (n_rows,), optional
        Rows with the same value are no independent witnesses: the interval is then as wide as their number asks. The
        formula and its sources: `cxml.metrics.standard_error`.

    Returns
    -------
    Difference

    Examples
    --------
    >>> print(paired_difference([0.1, 0.2, 0.1, 0.2], [0.2, 0.2, 0.3, 0.2]))
    -0.0750 (-0.1688 to +0.0188, 4 rows)
    >>> print(paired_difference([0.1, 0.2, 0.1, 0.2] * 9, [0.2, 0.2, 0.3, 0.2] * 9, groups=[0, 1, 2, 3] * 9))
    -0.0750 (-0.1688 to +0.0188, 36 rows)
    """
    import numpy as np

    gap = np.asarray(one, dtype=float) - np.asarray(other, dtype=float)
    mean, error = float(gap.mean()), 1.96 * standard_error(gap, groups)
    return Difference(mean, mean - error, mean + error, len(gap))


def both_held_out(own: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """The rows that both runs held out, with the other's answers as ``loss_other`` and the like."""
    return own.drop_duplicates("row").merge(theirs.drop_duplicates("row"), on="row", suffixes=("", "_other"))


def are_enough(both: pd.DataFrame, own: pd.DataFrame) -> bool:
    """Whether the common rows can tell two models apart: 100 of them, and half of those that the first held out."""
    return len(both) >= max(COMMON_ROWS, COMMON_SHARE * len(own))


def difference_of(both: pd.DataFrame) -> Difference:
    """The difference of the losses in a frame as `both_held_out` makes it."""
    return paired_difference(both["loss"], both["loss_other"], both.get("group"))

"""Whether further columns foretell answers of later months: judged on the last part of the rows to learn from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cxml.additive.logistic import fit_ridge
from cxml.metrics import standard_error

_LATE = 0.3
_RIDGE = 10.0
#: Of either kind, on both sides: with fewer nothing can be told.
_LEAST = 20


def late_rows(moment: np.ndarray) -> np.ndarray:
    """The last three tenths of the rows.

    >>> late_rows(np.arange(10)).nonzero()[0].tolist()
    [7, 8, 9]
    """
    found: np.ndarray = moment >= np.quantile(moment, 1.0 - _LATE)
    return found


def foretells(
    more: np.ndarray,
    less: np.ndarray,
    target: np.ndarray,
    late: np.ndarray,
    groups: np.ndarray,
    level_counts: Mapping[int, int],
) -> bool:
    """Whether a logistic regression of early rows foretells the late ones better with more columns than with less.

    Better means by one standard error of the difference, so that what tells nothing stays out (the rule of one
    standard error, Breiman et al. 1984).

    Parameters
    ----------
    more, less : arrays of float, shape (n_rows, n_columns)
    target : array of {0, 1}, shape (n_rows,)
    late : array of bool, shape (n_rows,)
    groups : array, shape (n_rows,)
        Rows of one customer share a number.
    level_counts : mapping of column to int
        How many levels each category has.

    Returns
    -------
    bool
        False where either side has fewer than 20 rows of a kind.
    """
    kinds = [np.bincount(target[side], minlength=2).min() for side in (late, ~late)]
    if min(kinds) < _LEAST:
        return False
    losses = []
    for seen in (more, less):
        intercept, linear = fit_ridge(seen[~late], target[~late], level_counts, [_RIDGE])[0]
        score = intercept + linear.total(seen[late])
        losses.append(np.logaddexp(0.0, score) - target[late] * score)
    gain = losses[1] - losses[0]
    return bool(gain.mean() > standard_error(gain, groups[late]))

"""Whether the past of the customers foretells answers of later months: tried out on the rows to learn from alone.

Histories change as a log goes on: counts grow, and what was rare becomes common. So folds of customers, whose rows lie
in the same months, do not show whether a history helps. The last part of the rows, judged by the first, does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxml.additive.logistic import fit_ridge
from cxml.metrics import standard_error
from cxml.offers.design import PairDesign
from cxml.splits import check_moments

if TYPE_CHECKING:
    import pandas as pd

_LATE = 0.3
_RIDGE = 10.0
#: Of either kind, on both sides: with fewer nothing can be told.
_LEAST = 20


def history_helps(
    design: PairDesign, matrix: np.ndarray, asked: pd.DataFrame, target: np.ndarray, groups: np.ndarray
) -> bool:
    """Whether a logistic regression foretells the last three tenths of the rows better with the history than without.

    Better means by one standard error of the difference, so that what tells nothing stays out (the rule of one
    standard error, Breiman et al. 1984).

    Parameters
    ----------
    design : PairDesign
        With a history.
    matrix : array of float, shape (n_rows, n_columns)
        Its `learning_rows`.
    asked : DataFrame
    target : array of {0, 1}, shape (n_rows,)
    groups : array, shape (n_rows,)
        Rows of one customer share a number.

    Returns
    -------
    bool
    """
    days = check_moments(asked[design.config.time])
    late = days >= np.quantile(days, 1.0 - _LATE)
    kinds = [np.bincount(target[side], minlength=2).min() for side in (late, ~late)]
    if min(kinds) < _LEAST:
        return False
    losses = []
    for hidden in ([], design.history_places):
        seen = matrix.copy()
        seen[:, hidden] = 0.0
        intercept, linear = fit_ridge(seen[~late], target[~late], design.level_counts, [_RIDGE])[0]
        score = intercept + linear.total(seen[late])
        losses.append(np.logaddexp(0.0, score) - target[late] * score)
    gain = losses[1] - losses[0]
    return bool(gain.mean() > standard_error(gain, groups[late]))

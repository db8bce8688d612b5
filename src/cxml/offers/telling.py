"""Which columns of the history are worth reading: those that tell rows apart, and the channel's where it foretells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxml.offers.checks import groups_of_rows
from cxml.offers.foretelling import foretells, late_rows
from cxml.offers.history import OF_CHANNEL

if TYPE_CHECKING:
    import pandas as pd

    from cxml.offers.design import PairDesign


def columns_that_tell(design: PairDesign, asked: pd.DataFrame, target: np.ndarray) -> tuple[str, ...]:
    """Name the columns of the history that are not alike in all rows.

    A customer's rate by a channel changes the score of all offers through it, which a batch pays for with time. So it
    stays only where it foretells the last three tenths of the rows better, see `cxml.offers.foretelling`.

    Parameters
    ----------
    design : PairDesign
        Which keeps them all.
    asked : DataFrame
        Rows with an answer.
    target : array of {0, 1}, shape (n_rows,)

    Returns
    -------
    tuple of str
    """
    matrix = design.rows(asked)
    varied = [place for place in design.history_places if _varies(matrix[:, place])]
    kept = [design.names_of_columns[place] for place in varied]
    if OF_CHANNEL in kept and not _channel_tells(design, matrix, asked, target):
        kept.remove(OF_CHANNEL)
    return tuple(kept)


def _varies(column: np.ndarray) -> bool:
    return len(np.unique(column[~np.isnan(column)])) > 1


def _channel_tells(design: PairDesign, matrix: np.ndarray, asked: pd.DataFrame, target: np.ndarray) -> bool:
    if design.config.channel is None:
        return False  # it says the customer's rate once more
    less = matrix.copy()
    less[:, design.names_of_columns.index(OF_CHANNEL)] = 0.0
    late, groups = late_rows(design.whom(asked)[1]), groups_of_rows(asked, design.config)
    return foretells(matrix, less, target, late, groups, design.level_counts)

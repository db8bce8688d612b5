"""Stand in for the many levels of a category by one number each: how often it leaves.

Trees cut a number quickly where they would have to search among the subsets of many levels and find chance. A level
keeps one number for good, so the column stays one column and its Shapley value stays exact.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: Categories with fewer levels stay as they are: LightGBM's own splits on subsets serve them better.
MANY = 10
#: A level's rate is drawn towards the overall rate by this many rows' weight (Micci-Barreca 2001, SIGKDD Expl. 3(1)).
_WEIGHT = 20.0
_PARTS = 10


def level_index(codes: np.ndarray, n_levels: int) -> np.ndarray:
    """Codes as indices; `n_levels` where missing or unknown.

    >>> level_index(np.array([0.0, 2.0, np.nan]), 3).tolist()
    [0, 2, 3]
    """
    index: np.ndarray = np.where(codes >= 0, codes, n_levels).astype(np.intp)
    return index


def level_rates(codes: np.ndarray, target: np.ndarray, n_levels: int) -> np.ndarray:
    """Rate of each level, the last for missing ones, drawn towards the overall rate.

    Returns
    -------
    array of float, shape (n_levels + 1,)
    """
    index = level_index(codes, n_levels)
    ones = np.bincount(index, weights=target, minlength=n_levels + 1)
    rows = np.bincount(index, minlength=n_levels + 1)
    rates: np.ndarray = (ones + _WEIGHT * target.mean()) / (rows + _WEIGHT)
    return rates


def learn_levels(matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int]) -> dict[int, np.ndarray]:
    """The number of each level of each category with many, from all rows: for rows not yet seen."""
    many = {place: size for place, size in counts.items() if size >= MANY}
    return {place: level_rates(matrix[:, place], target, size) for place, size in many.items()}


def apply_levels(matrix: np.ndarray, levels: Mapping[int, np.ndarray]) -> np.ndarray:
    """Replace codes by their numbers, in a copy."""
    seen = matrix.copy()
    for place, numbers in levels.items():
        seen[:, place] = numbers[level_index(matrix[:, place], len(numbers) - 1)]
    return seen


def cross_fitted(
    matrix: np.ndarray, target: np.ndarray, groups: np.ndarray, levels: Mapping[int, np.ndarray], seed: int
) -> np.ndarray:
    """Replace codes by numbers learned on the other nine tenths of the rows, in a copy: for rows to learn from.

    A rare level's rate holds the row's own fate; trees that saw it would trust the column far too much. Rows of one
    group stay in one tenth.
    """
    seen = matrix.copy()
    _, inverse = np.unique(groups, return_inverse=True)
    part = (np.random.default_rng(seed).permutation(int(inverse.max()) + 1) % _PARTS)[inverse]
    for place, numbers in levels.items():
        size = len(numbers) - 1
        index = level_index(matrix[:, place], size)
        for one in range(_PARTS):
            rest = part != one
            seen[~rest, place] = level_rates(matrix[rest, place], target[rest], size)[index[~rest]]
    return seen

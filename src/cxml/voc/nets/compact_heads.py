"""What heads ask of the compact model: labels as columns, and how two sets of scores become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxml.errors import FrameError

Floats = NDArray[np.float64]

_TRUSTED: Final = 30  # rows, below which two sets of scores cannot be weighed
ALONE: Final = (1.0, 0.0)


class Shape(NamedTuple):
    """A head as far as scores go: its name, whether just one label holds, and the number of labels."""

    name: str
    exclusive: bool
    size: int


def as_columns(head: Shape, target: NDArray[Any], n_texts: int) -> Floats:
    """Write a target as 0 and 1, one column a label, rows without a label as NaN.

    Raises
    ------
    FrameError
        If the target does not fit the texts or the labels.
    """
    if len(target) != n_texts:
        raise FrameError(
            f"The targets of {head.name!r} must have one row for each of the {n_texts:,} texts, got {len(target):,}. "
            "Give one for each, -1 (or NaN) where there is no label."
        )
    if not head.exclusive:
        if target.shape != (n_texts, head.size):
            raise FrameError(
                f"The targets of {head.name!r} must have a column for each of its {head.size} labels, got the shape "
                f"{target.shape}. Give 0 and 1, and rows of NaN where there is no label."
            )
        return target.astype(np.float64)
    if target.ndim != 1 or (len(target) and not -1 <= target.min() <= target.max() < head.size):
        raise FrameError(
            f"The targets of {head.name!r} must be positions from 0 to {head.size - 1}, or -1, got others. "
            "Give the place of each label in the head's labels."
        )
    columns = np.full((n_texts, head.size), np.nan)
    there = target >= 0
    columns[there] = np.eye(head.size)[target[there].astype(np.int64)]
    return columns


def labelled(columns: Floats) -> NDArray[np.bool_]:
    """Rows that have a label."""
    return np.asarray(~np.isnan(columns).any(axis=1))


def slim(heads: Sequence[Shape], goals: Mapping[str, Floats]) -> dict[str, Floats]:
    """Leave out the first of two exclusive labels: one score tells both."""
    return {head.name: goals[head.name][:, 1:] if _is_pair(head) else goals[head.name] for head in heads}


def full(heads: Sequence[Shape], scores: Mapping[str, Floats]) -> dict[str, Floats]:
    """One column a label again, half the log-odds to either side of a pair."""
    sides = np.array([[-0.5, 0.5]])
    return {head.name: scores[head.name] * sides if _is_pair(head) else scores[head.name] for head in heads}


def _is_pair(head: Shape) -> bool:
    return head.exclusive and head.size == 2


def split(heads: Sequence[Shape], scores: Floats) -> dict[str, Floats]:
    """Cut the net's columns into those of each head."""
    ends = np.cumsum([head.size for head in heads])
    return {head.name: scores[:, end - head.size : end] for head, end in zip(heads, ends, strict=True)}


def joined(first: Floats, second: Floats, shares: tuple[float, float]) -> Floats:
    """Add two sets of scores, each times its share."""
    return shares[0] * first + shares[1] * second


def best_shares(head: Shape, first: Floats, second: Floats, goal: Floats) -> tuple[float, tuple[float, float]]:
    """Shares >= 0 of two sets of scores with the lowest log loss, and that loss.

    Parameters
    ----------
    head : Shape
    first, second, goal : array of float, shape (n, n_labels)
        Rows of NaN in `goal` are left out. With fewer than 30 others the first set stands alone.

    Returns
    -------
    loss : float
        Mean over the rows.
    shares : (float, float)
    """
    from scipy.optimize import minimize

    rows = labelled(goal)
    first, second, goal = first[rows], second[rows], goal[rows]
    if len(goal) < _TRUSTED:
        return (_loss(head, first, goal) if len(goal) else 0.0), ALONE
    found = minimize(
        lambda pair: _loss(head, joined(first, second, (pair[0], pair[1])), goal),
        np.array([0.5, 0.5]),
        method="L-BFGS-B",
        bounds=[(0.0, None)] * 2,
    )
    return float(found.fun), (float(found.x[0]), float(found.x[1]))


def _loss(head: Shape, scores: Floats, goal: Floats) -> float:
    if head.exclusive:
        shifted = scores - scores.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - (shifted * goal).sum(axis=1)))
    return float(np.mean(np.logaddexp(0, scores) - scores * goal))

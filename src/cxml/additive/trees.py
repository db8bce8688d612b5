"""Grow trees of several shapes: first on folds, to see which and how many; then on all rows, to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cxml.additive.levels import apply_levels, cross_fitted, learn_levels
from cxml.additive.shapes import Shape

if TYPE_CHECKING:
    from lightgbm import Booster

Fold = tuple[np.ndarray, np.ndarray]
Answer = TypeVar("Answer")

_THREADS = 2
_PATIENCE = 40
#: About so many trees in all: what a record costs grows with them. Every shape in use gets one seed at least.
_BUDGET = 1000
_MOST_SEEDS = 3
_LEAST_WEIGHT = 0.03
_FEW_VALUES = 32


@dataclass(frozen=True)
class Task:
    """What to grow on all rows: a shape, its rounds, its seed, and its weight in the sum."""

    shape: Shape
    rounds: int
    seed: int
    weight: float


def cross_validate(
    matrix: np.ndarray,
    target: np.ndarray,
    counts: Mapping[int, int],
    groups: np.ndarray,
    shapes: Sequence[Shape],
    folds: Sequence[Fold],
    seed: int,
) -> tuple[np.ndarray, list[int]]:
    """Score every row by trees that never saw it, with the number of rounds that is best over all folds.

    One number for all folds: a number of its own for each would be chosen on the very rows that it is judged on.

    Returns
    -------
    (log-odds, shape (n_rows, n_shapes); rounds of each shape)
    """
    prepared = [_prepare(matrix, target, counts, groups, fold, seed + place) for place, fold in enumerate(folds)]
    jobs = [
        partial(_grow_watched, shape, data, counts, seed + place)
        for shape in shapes
        for place, data in enumerate(prepared)
    ]
    grown = _side_by_side(jobs)
    scores, rounds = np.zeros((len(target), len(shapes))), []
    for place in range(len(shapes)):
        of_shape = grown[place * len(folds) : (place + 1) * len(folds)]
        rounds.append(_common_rounds([curve for _, curve, _ in of_shape]))
        for (_, unseen), (booster, _, rows) in zip(folds, of_shape, strict=True):
            scores[unseen, place] = booster.predict(rows, raw_score=True, num_iteration=rounds[-1])
    return scores, rounds


@dataclass(frozen=True)
class _Prepared:
    seen: np.ndarray
    target: np.ndarray
    unseen: np.ndarray
    unseen_target: np.ndarray
    levels: Mapping[int, np.ndarray]


def _prepare(
    matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], groups: np.ndarray, fold: Fold, seed: int
) -> _Prepared:
    seen, unseen = fold
    levels = learn_levels(matrix[seen], target[seen], counts)
    learned = cross_fitted(matrix[seen], target[seen], groups[seen], levels, seed)
    return _Prepared(learned, target[seen], apply_levels(matrix[unseen], levels), target[unseen], levels)


def _grow_watched(
    shape: Shape, data: _Prepared, counts: Mapping[int, int], seed: int
) -> tuple[Booster, list[float], np.ndarray]:
    curve: list[float] = []
    unseen = _visible(data.unseen, shape, data.levels)
    watched = {"valid": (unseen, data.unseen_target), "early_stopping": _PATIENCE, "curve": curve}
    booster = _grow(shape, data.seen, data.target, data.levels, counts, seed=seed, rounds=shape.limit, **watched)
    return booster, curve, unseen


def _grow(
    shape: Shape,
    matrix: np.ndarray,
    target: np.ndarray,
    levels: Mapping[int, np.ndarray],
    counts: Mapping[int, int],
    *,
    seed: int,
    rounds: int,
    **watched: Any,
) -> Booster:
    from cxml.boosting import train_booster

    categorical = [place for place in counts if place not in levels]
    rows, labels, weight = _visible(matrix, shape, levels), target, None
    if shape.params.get("extra_trees"):
        rows, labels, weight = _with_headroom(rows, target, categorical)
    settings = shape.settings(seed)
    return train_booster(
        rows, labels, params=settings, rounds=rounds, categorical=categorical, weight=weight, **watched
    )


def _with_headroom(
    matrix: np.ndarray, target: np.ndarray, categorical: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add three rows of no weight that lie above every column of few values.

    A random threshold of LightGBM is never the one below a column's top value. Among hundreds of values that is
    nothing; a column of 1 and 2 could never be split at all. Three rows make a further bin, and the next lower
    threshold can be drawn.
    """
    numbers = [place for place in range(matrix.shape[1]) if place not in categorical]
    above = matrix[0].copy()
    for place in numbers:
        values = np.unique(matrix[~np.isnan(matrix[:, place]), place])
        if 1 < len(values) <= _FEW_VALUES:
            above[place] = values[-1] + 1.0
    rows = np.vstack([matrix, np.tile(above, (3, 1))])
    weight = np.concatenate([np.ones(len(target)), np.full(3, 1e-6)])
    return rows, np.concatenate([target, [0, 1, 0]]), weight


def _visible(matrix: np.ndarray, shape: Shape, levels: Mapping[int, np.ndarray]) -> np.ndarray:
    """Hide columns from a shape by making them constant: trees never split on them, and no column moves."""
    if shape.with_levels or not levels:
        return matrix
    hidden = matrix.copy()
    hidden[:, list(levels)] = 0.0
    return hidden


def _common_rounds(curves: Sequence[Sequence[float]]) -> int:
    longest = max(map(len, curves))
    padded = [[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves]
    return int(np.argmin(np.mean(padded, axis=0))) + 1


def plan(shapes: Sequence[Shape], rounds: Sequence[int], weights: np.ndarray, seed: int) -> list[Task]:
    """Share the budget of trees among the shapes that the blend uses, by their weight: more seeds for the heavier."""
    kept = [place for place in range(len(shapes)) if weights[place] > _LEAST_WEIGHT] or [int(np.argmax(weights))]
    total = float(sum(weights[place] for place in kept)) or 1.0
    tasks = []
    for place in kept:
        seeds = int(np.clip(_BUDGET * weights[place] / total / rounds[place], 1, _MOST_SEEDS))
        weight = float(weights[place]) / seeds
        tasks += [Task(shapes[place], rounds[place], seed + 100 + one, weight) for one in range(seeds)]
    return tasks


def grow(
    matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], groups: np.ndarray, tasks: Sequence[Task]
) -> tuple[Booster, dict[int, np.ndarray]]:
    """Grow what was planned on all rows, and merge it into one booster.

    Returns
    -------
    (booster whose raw score is the weighted sum, number of each level)
    """
    from cxml.boosting import merge

    levels = learn_levels(matrix, target, counts)

    def one(task: Task) -> Booster:
        learned = cross_fitted(matrix, target, groups, levels, task.seed)
        return _grow(task.shape, learned, target, levels, counts, seed=task.seed, rounds=task.rounds)

    boosters = _side_by_side([partial(one, task) for task in tasks])
    return merge(boosters, [task.weight for task in tasks]), levels


def _side_by_side(jobs: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Run jobs on two threads; LightGBM leaves Python's lock while it grows. Answers in the order of the jobs."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]

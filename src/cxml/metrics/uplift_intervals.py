"""Intervals of figures of uplift: whole customers drawn again, with their arm and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import Floats, Weights, as_floats
from cxml.metrics.intervals import MOST_ROWS, Interval, check_repeats, resamples

UpliftMetric: TypeAlias = Callable[..., "float | Floats"]
"""A metric of ``(y, p, treatment, propensity=, weight=)``, as those of `cxml.metrics.uplift` are."""

_BLOCK_CELLS = 1_000_000


def bootstrap_uplift(
    functions: Mapping[str, UpliftMetric],
    y: ArrayLike,
    treatment: ArrayLike,
    *predictions: ArrayLike,
    propensity: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    repeats: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[dict[str, Interval], ...]:
    """Percentile intervals of uplift metrics for several predictions of the same rows, from the same resamples.

    What `cxml.metrics.bootstrap` does for metrics of ``(y, p)``; those of uplift need the treatment as well. Above
    20,000 rows a random part of that size is resampled and its spread scaled, as there.

    Parameters
    ----------
    functions : mapping of str to callable
        ``f(y, p, treatment, propensity=, weight=)``, such as `qini_area`; bind more with ``functools.partial``.
    y, treatment, propensity
        As in `qini_curve`.
    *predictions : array of float, shape (n_rows,)
    groups : array, shape (n_rows,), optional
        Rows with the same value are drawn together.
    repeats : int, default=500
        Resamples. At least ``2 / (1 - level)``.
    level : float in (0, 1), default=0.95
    seed : int, default=0

    Returns
    -------
    tuple of dict of str to Interval, one for each prediction

    Raises
    ------
    ValueError
        As `qini_curve`, if nothing is predicted, or a setting is outside its range.

    Examples
    --------
    >>> from cxml.metrics.uplift import qini_area
    >>> y, w = [1, 0, 0, 1] * 50, [1, 0, 1, 0] * 50
    >>> found = bootstrap_uplift({"qini_area": qini_area}, y, w, [4, 3, 2, 1] * 50)
    >>> found[0]["qini_area"].lower > 0.2
    True
    >>> bootstrap_uplift({"qini_area": qini_area}, y, w)
    Traceback (most recent call last):
        ...
    ValueError: `bootstrap_uplift` needs at least one prediction after `treatment`, got none. \
Pass the predicted effects.
    """
    if not predictions:
        raise ValueError(
            "`bootstrap_uplift` needs at least one prediction after `treatment`, got none. Pass the predicted effects."
        )
    repeats = check_repeats(repeats, level)
    treated = as_floats("treatment", treatment)
    chance = None if propensity is None else np.broadcast_to(np.asarray(propensity, dtype=np.float64), treated.shape)
    every = [(as_floats("y", y), as_floats("p", one), treated, chance) for one in predictions]
    values = [[float(_call(f, one)) for f in functions.values()] for one in every]
    part, scale = _part(treated.size, groups, seed)
    few = [_sorted(one, part) for one in every]
    centre = values if scale == 1 else [[float(_call(f, one)) for f in functions.values()] for one, _ in few]
    drawn = np.empty((len(few), len(functions), repeats))
    named = None if groups is None else np.asarray(groups)[part]
    block, start = max(1, _BLOCK_CELLS // part.size), 0
    rows = resamples(part.size, named, repeats=repeats, seed=seed)
    while start < repeats:
        size = min(block, repeats - start)
        counts = np.stack([np.bincount(next(rows), minlength=part.size) for _ in range(size)])
        for i, (one, order) in enumerate(few):
            ordered = np.take(counts, order, axis=1)
            for j, f in enumerate(functions.values()):
                drawn[i, j, start : start + size] = _call(f, one, weight=ordered)
        start += size
    bounds = (1 - level) / 2, (1 + level) / 2
    return tuple(
        {name: _interval(values[i][j], drawn[i, j] - centre[i][j], scale, bounds) for j, name in enumerate(functions)}
        for i in range(len(few))
    )


_Called: TypeAlias = "tuple[Floats, Floats, Floats, Floats | None]"


def _call(function: UpliftMetric, rows: _Called, **more: Weights) -> Floats:
    y, p, treatment, propensity = rows
    return np.asarray(function(y, p, treatment, propensity=propensity, **more), dtype=np.float64)


def _part(rows: int, groups: ArrayLike | None, seed: int) -> tuple[Weights, float]:
    """The rows to resample, and the scale of their spread; whole groups where there are groups."""
    unit = np.arange(rows) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if rows <= MOST_ROWS:
        return np.arange(rows), 1.0
    units = int(unit.max()) + 1
    most = max(2, round(units * MOST_ROWS / rows))
    chosen = np.zeros(units, dtype=bool)
    chosen[np.random.default_rng(seed).choice(units, most, replace=False)] = True
    return np.flatnonzero(chosen[unit]), float(np.sqrt(most / units))


def _sorted(rows: _Called, part: Weights) -> tuple[_Called, Weights]:
    """The rows of a part, highest prediction first, and their places in the part."""
    y, p, treatment, propensity = (None if one is None else one[part] for one in rows)
    order = np.argsort(-np.asarray(p), kind="stable")
    y, p, treatment, propensity = (None if one is None else one[order] for one in (y, p, treatment, propensity))
    return (np.asarray(y), np.asarray(p), np.asarray(treatment), propensity), order


def _interval(value: float, apart: Floats, scale: float, bounds: tuple[float, float]) -> Interval:
    defined = apart[np.isfinite(apart)]
    if not (defined.size and np.isfinite(value)):
        raise ValueError(
            f"An interval needs resamples with rows of both arms, got {defined.size:,} of {apart.size:,} such. "
            "Judge on more rows."
        )
    lower, upper = value + scale * np.quantile(defined, bounds)
    return Interval(float(value), float(lower), float(upper), float(round(bounds[1] - bounds[0], 9)), int(defined.size))

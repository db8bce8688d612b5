"""Intervals: how far a held-out figure would move on other rows of the same kind.

Rows are resampled with replacement, which is the same as giving each row a whole number of weight. So rows are
sorted once for each prediction and a metric answers all resamples from one matrix of weights.

Rows that stand or fall together (one customer at many dates, one day of a centre) are no independent witnesses: where
they are given as groups, whole groups are drawn, and standard errors count groups.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.contract import Metric
from cxml.metrics._rows import Floats, check_pair

RowMetric: TypeAlias = Callable[..., float | Floats]
"""A metric of ``(y, p)`` or ``(y, p, weight=)``. With ``weight`` of shape (repeats, rows) it must answer (repeats,)."""

MOST_ROWS = 20_000
"""Rows that are resampled at most; above, a random part of this size is, and its spread is scaled to all rows."""

BLOCK_CELLS = 1_250_000
"""Weights held at once (repeats x rows), which bounds memory to some 100 MB."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the range that its resamples fell in.

    Parameters
    ----------
    value : float
        The metric on the rows as they are.
    lower, upper : float
        Ends of the percentile interval.
    level : float in (0, 1)
        Share of the resamples between them.
    repeats : int
        Resamples on which the metric was defined.

    Examples
    --------
    >>> print(Interval(0.8453, 0.8231, 0.8662, level=0.95, repeats=500))
    0.8453 [0.8231, 0.8662]
    """

    value: float
    lower: float
    upper: float
    level: float
    repeats: int

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.lower:.4g}, {self.upper:.4g}]"


def metric_of(name: str, interval: Interval) -> Metric:
    """A figure of the verdict, with the bounds of its interval.

    Resampling adds noise to a figure that cannot be negative, such as a calibration error (``"ece"``), so its interval
    may lie above the value: the width is right, the place is not, and it is moved to the value.

    >>> metric_of("ece", Interval(0.25, 0.5, 0.75, level=0.95, repeats=500))
    Metric(name='ece', value=0.25, low=0.125, high=0.375)
    """
    if name != "ece":
        return Metric(name, interval.value, interval.lower, interval.upper)
    half = (interval.upper - interval.lower) / 2
    return Metric(name, interval.value, max(0.0, interval.value - half), interval.value + half)


def bootstrap(
    functions: Mapping[str, RowMetric],
    y: ArrayLike,
    *predictions: ArrayLike,
    groups: ArrayLike | None = None,
    repeats: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[dict[str, Interval], ...]:
    """Percentile intervals of several metrics for several predictions of the same rows.

    Every prediction and metric sees the same resamples. Resamples on which a metric is undefined (no
    positive row was drawn) are left out of its interval and its `repeats`.

    Work is bounded: from more than 20,000 rows, a random 20,000 are resampled, and the spread found there is
    multiplied by ``sqrt(20_000 / n_rows)`` around the value of all rows (the m-out-of-n bootstrap, for metrics
    whose error shrinks as one over the root of the rows, as all in `cxml.metrics` do). With `groups`, the part is of
    about so many rows and the root is that of the share of groups in it.

    Parameters
    ----------
    functions : mapping of str to callable
        ``f(y, p)``, or ``f(y, p, weight=w)`` with `w` whole numbers of shape (n_repeats, n_rows) and an answer
        of shape (n_repeats,), as the metrics of this package do; the second kind is far quicker. The rows come
        sorted by `p`, highest first. Bind further arguments with ``functools.partial(lift, share=0.05)``.
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    *predictions : array of float, shape (n_rows,)
        Predictions in the order of `y`, one array for each predictor.
    groups : array, shape (n_rows,), optional
        Rows with the same value are drawn together, as often as their group is (the cluster bootstrap [3]_). By
        default each row stands alone.
    repeats : int, default=500
        Resamples. At least ``2 / (1 - level)``.
    level : float in (0, 1), default=0.95
        Share of resamples inside the interval.
    seed : int, default=0
        Seed of the resamples; the same seed gives the same intervals.

    Returns
    -------
    tuple of dict of str to Interval
        One dict for each prediction, in their order.

    Raises
    ------
    ValueError
        If nothing is predicted, a setting is outside its range, all rows are one group, or a metric refuses the rows.

    References
    ----------
    .. [1] Efron, B., & Tibshirani, R. J. (1993). An introduction to the bootstrap, chapter 13. Chapman & Hall.
    .. [2] Bickel, P. J., Goetze, F., & van Zwet, W. R. (1997). Resampling fewer than n observations.
       Statistica Sinica, 7(1), 1-31.
    .. [3] Davison, A. C., & Hinkley, D. V. (1997). Bootstrap methods and their application, section 3.8. Cambridge
       University Press.

    Examples
    --------
    >>> from cxml.metrics import roc_auc
    >>> y, model, constant = [1, 0, 1, 0, 1, 0], [0.9, 0.7, 0.6, 0.5, 0.4, 0.1], [0.5] * 6
    >>> first, second = bootstrap({"roc_auc": roc_auc}, y, model, constant)
    >>> round(first["roc_auc"].value, 3), second["roc_auc"].upper
    (0.667, 0.5)
    >>> bootstrap({"roc_auc": roc_auc}, y, model, repeats=10)
    Traceback (most recent call last):
        ...
    ValueError: `repeats` must be a whole number >= 40 for level 0.95, got 10. Use 500 or more.
    """
    if not predictions:
        raise ValueError(
            "`bootstrap` needs at least one prediction after `y`, got none. Pass the predicted probabilities."
        )
    values, drawn = _replicates(functions, y, predictions, groups, check_repeats(repeats, level), seed)
    return tuple(
        {name: _interval(value, repeated, level) for name, value, repeated in zip(functions, row, many, strict=True)}
        for row, many in zip(values, drawn, strict=True)
    )


def difference_interval(
    function: RowMetric,
    y: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    repeats: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Interval of ``metric(first) - metric(second)`` on the same rows, from the same resamples of them.

    Luck in the rows moves both predictors together and cancels, so this is far narrower than the two
    intervals side by side. An interval above 0 says that `first` has the higher metric, which for a loss
    means that it is worse.

    Parameters
    ----------
    function : callable
        Metric, as in `bootstrap`.
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    first, second : array of float, shape (n_rows,)
        Two predictions of the same rows, such as challenger and champion.
    groups : array, shape (n_rows,), optional
        Rows with the same value are drawn together, as in `bootstrap`.
    repeats : int, default=500
        Resamples. At least ``2 / (1 - level)``.
    level : float in (0, 1), default=0.95
        Share of resamples inside the interval.
    seed : int, default=0
        Seed of the resamples.

    Returns
    -------
    Interval
        Of the difference, in the unit of the metric.

    Raises
    ------
    ValueError
        As `bootstrap`.

    References
    ----------
    .. [1] Efron, B., & Tibshirani, R. J. (1993). An introduction to the bootstrap, chapter 8. Chapman & Hall.

    Examples
    --------
    >>> from cxml.metrics import brier
    >>> found = difference_interval(brier, [1, 0, 1, 0] * 50, [0.8, 0.2, 0.7, 0.3] * 50, [0.5] * 200)
    >>> round(found.value, 3), found.upper < 0
    (-0.185, True)
    >>> difference_interval(brier, [1, 0], [0.8, 0.2], [0.5])
    Traceback (most recent call last):
        ...
    ValueError: `y` and `p` must describe the same rows, got 2 and 1 of them. \
Pass the predictions in the order of the target.
    """
    count = check_repeats(repeats, level)
    values, drawn = _replicates({"difference": function}, y, (first, second), groups, count, seed)
    return _interval(values[0][0] - values[1][0], drawn[0, 0] - drawn[1, 0], level)


def standard_error(values: ArrayLike, groups: ArrayLike | None = None) -> float:
    """Estimate the standard error of a mean, of rows that stand alone or in groups.

    With the mean m of n rows and the sum of ``value - m`` over each of G groups, it is
    ``sqrt(G / (G - 1) * sum over groups of sum squared) / n``, the cluster-robust estimate [1]_ [2]_. Where each row
    stands alone, that is the sample's standard deviation over the root of n.

    Parameters
    ----------
    values : array of float, shape (n_rows,)
    groups : array, shape (n_rows,), optional
        Rows with the same value stand or fall together. By default each row stands alone.

    Returns
    -------
    float
        Infinite for fewer than two groups, which cannot tell how much they differ.

    Raises
    ------
    ValueError
        If `groups` are not as many as the values.

    References
    ----------
    .. [1] Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models.
       Biometrika, 73(1), 13-22.
    .. [2] Cameron, A. C., & Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of
       Human Resources, 50(2), 317-372.

    Examples
    --------
    >>> round(standard_error([1, 2, 3, 4]), 4)
    0.6455
    >>> round(standard_error([1, 2, 3, 4] * 10, groups=[0, 1, 2, 3] * 10), 4)
    0.6455
    >>> standard_error([1, 2], groups=[0])
    Traceback (most recent call last):
        ...
    ValueError: `groups` must name the group of each row, got 1 for 2 rows. Pass them in the order of the rows.
    """
    found = np.asarray(values, dtype=np.float64)
    unit, units = units_of(groups, found.size)
    if units < 2:
        return float("inf")
    sums = np.bincount(unit, weights=found - found.mean())
    return float(np.sqrt(units / (units - 1) * (sums**2).sum()) / found.size)


def resamples(rows: int, groups: ArrayLike | None = None, *, repeats: int, seed: int = 0) -> Iterator[NDArray[np.intp]]:
    """Draw rows with replacement, whole groups at a time, for figures that are no metric of ``(y, p)``.

    Parameters
    ----------
    rows : int
        How many there are.
    groups : array, shape (rows,), optional
        Rows with the same value are drawn together. By default each row stands alone.
    repeats : int
        How often to draw.
    seed : int, default=0

    Yields
    ------
    array of int
        Places of the rows drawn, rising; as many as there are, where each row stands alone.

    Examples
    --------
    >>> [one.tolist() for one in resamples(4, ["a", "a", "b", "b"], repeats=3)]
    [[2, 2, 3, 3], [0, 1, 2, 3], [0, 0, 1, 1]]
    """
    unit, units = units_of(groups, rows)
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        counts = np.bincount(rng.integers(0, units, units), minlength=units)
        yield np.repeat(np.arange(rows), counts[unit])


def units_of(groups: ArrayLike | None, rows: int) -> tuple[NDArray[np.intp], int]:
    """Number what is drawn, a row or a group of them, in order of appearance: the number of each row's, and how many.

    Groups of one row each are thus numbered as rows that stand alone are.
    """
    if groups is None:
        return np.arange(rows), rows
    named = np.asarray(groups)
    if named.shape != (rows,):
        raise ValueError(
            f"`groups` must name the group of each row, got {named.size:,} for {rows:,} rows. "
            "Pass them in the order of the rows."
        )
    _, first, inverse = np.unique(named, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse], first.size


def check_repeats(repeats: int, level: float) -> int:
    """Refuse a level outside (0, 1), and answer with a number of resamples that is enough for it."""
    if not 0 < level < 1:
        raise ValueError(f"`level` must be in (0, 1), got {level!r}. Use 0.95.")
    least = int(np.ceil(2 / (1 - level) - 1e-9))
    if isinstance(repeats, bool) or int(repeats) != repeats or repeats < least:
        raise ValueError(
            f"`repeats` must be a whole number >= {least} for level {level:g}, got {repeats!r}. Use 500 or more."
        )
    return int(repeats)


def _interval(value: float, repeated: Floats, level: float) -> Interval:
    defined = repeated[np.isfinite(repeated)]
    if not defined.size:
        raise ValueError(
            f"An interval needs resamples on which the metric is defined, got none of {repeated.size:,}. "
            "Judge on more rows of the rarer class."
        )
    lower, upper = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(lower), float(upper), level, int(defined.size))


def _replicates(
    functions: Mapping[str, RowMetric],
    y: ArrayLike,
    predictions: Sequence[ArrayLike],
    groups: ArrayLike | None,
    repeats: int,
    seed: int,
) -> tuple[list[list[float]], Floats]:
    """Compute metrics on the rows as they are, and on resamples: shape (predictions, functions, repeats)."""
    pairs = [_descending(*check_pair(y, p, probability=False)) for p in predictions]
    rows = pairs[0][0].size
    unit, units = units_of(groups, rows)
    if groups is not None and units < 2:
        raise ValueError(f"An interval needs at least 2 groups, got {units} for {rows:,} rows. Judge on more of them.")
    values = [[float(f(target, p)) for f in functions.values()] for target, p, _ in pairs]
    rng = np.random.default_rng(seed)
    scale = 1.0
    if rows > MOST_ROWS:
        most = max(2, round(units * MOST_ROWS / rows))
        part = np.zeros(units, dtype=bool)
        part[rng.choice(units, most, replace=False)] = True
        chosen = part[unit]
        pairs = [_descending(*_part(target, p, order, chosen)) for target, p, order in pairs]
        scale = float(np.sqrt(most / units))
        unit, units = units_of(unit[chosen], int(chosen.sum()))
    drawn = np.empty((len(pairs), len(functions), repeats))
    for at, counts in _counts(rng, units, unit.size, repeats):
        for i, (target, p, order) in enumerate(pairs):
            ordered = np.take(counts, unit[order], axis=1)
            for j, f in enumerate(functions.values()):
                drawn[i, j, at] = _on_resamples(f, target, p, ordered)
    if scale < 1:
        centre = np.array([[float(f(target, p)) for f in functions.values()] for target, p, _ in pairs])
        drawn = np.array(values)[:, :, None] + scale * (drawn - centre[:, :, None])
    return values, drawn


def _descending(target: Floats, p: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    order = np.argsort(-p, kind="stable")
    return target[order], p[order], order


def _part(target: Floats, p: Floats, order: NDArray[np.intp], chosen: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Put the chosen rows of a sorted prediction back in the order the caller gave them."""
    back = np.argsort(order)
    return target[back][chosen], p[back][chosen]


def _counts(rng: np.random.Generator, units: int, rows: int, repeats: int) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """How often each unit was drawn, in blocks of resamples."""
    most = max(1, BLOCK_CELLS // rows)
    for start in range(0, repeats, most):
        block = min(most, repeats - start)
        cells = rng.integers(0, units, (block, units)) + np.arange(0, block * units, units)[:, None]
        yield slice(start, start + block), np.bincount(cells.ravel(), minlength=block * units).reshape(block, units)


def _on_resamples(function: RowMetric, target: Floats, p: Floats, counts: NDArray[np.int64]) -> Floats:
    if "weight" not in inspect.signature(function).parameters:
        at = (np.repeat(np.arange(target.size), row) for row in counts)
        return np.array([float(function(target[rows], p[rows])) for rows in at])
    found = np.asarray(function(target, p, weight=counts), dtype=np.float64)
    if found.shape != (len(counts),):
        raise ValueError(
            f"A metric with `weight` must answer weights of shape {counts.shape} by an array of shape "
            f"({len(counts)},), got shape {found.shape} from {function!r}. Drop its `weight` to have rows resampled."
        )
    return found

"""Judged rows: checked once, sorted from the riskiest down, with rows of equal probability pooled.

Every metric walks down the same list, so sorting, ties and weights are handled here and nowhere else.
Weights form a matrix of shape (repeats, rows): one row of it for one set of weights, hundreds for a bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import shorten

Floats: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = NDArray[Any]
Matrix: TypeAlias = np.ndarray[tuple[int, int], np.dtype[Any]]
Vector: TypeAlias = Sequence[float] | np.ndarray[tuple[int], np.dtype[Any]]


def as_floats(name: str, values: ArrayLike) -> Floats:
    """`values` as a non-empty one-dimensional array of finite floats, or an error that names `name`."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"`{name}` must hold numbers, got {shorten(np.ravel(np.asarray(values, dtype=object)), 3)}. "
            "Map labels to numbers first."
        ) from None
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"`{name}` must have one dimension and at least one row, got shape {array.shape}.")
    finite = np.isfinite(array)
    if not finite.all():
        at = np.flatnonzero(~finite).tolist()
        raise ValueError(
            f"`{name}` must be finite, got NaN or infinity in {len(at):,} of {array.size:,} rows, at positions "
            f"{shorten(at)}. Drop or fill these rows."
        )
    return array


def as_probabilities(name: str, values: ArrayLike) -> Floats:
    """`values` as floats in [0, 1], or an error that names `name`."""
    array = as_floats(name, values)
    outside = (array < 0) | (array > 1)
    if outside.any():
        at = int(np.argmax(outside))
        raise ValueError(
            f"`{name}` must be probabilities in [0, 1], got {array[at]:g} at position {at} and "
            f"{int(outside.sum()):,} such rows in all. Pass `predict_proba`, not a raw score."
        )
    return array


def as_target(values: ArrayLike) -> Floats:
    """`values` as an array of 0.0 and 1.0, or an error."""
    array = as_floats("y", values)
    other = (array != 0) & (array != 1)
    if other.any():
        raise ValueError(
            f"`y` must hold only 0 and 1 (1 = the event), got {shorten(np.unique(array[other]).tolist(), 3)} "
            f"in {int(other.sum()):,} of {array.size:,} rows. Map the labels first."
        )
    return array


def check_pair(y: ArrayLike, p: ArrayLike, *, probability: bool = True) -> tuple[Floats, Floats]:
    """Target and prediction of the same rows, checked; a `p` that is only ranked may be any finite score."""
    target = as_target(y)
    predicted = as_probabilities("p", p) if probability else as_floats("p", p)
    if target.size != predicted.size:
        raise ValueError(
            f"`y` and `p` must describe the same rows, got {target.size:,} and {predicted.size:,} of them. "
            "Pass the predictions in the order of the target."
        )
    return target, predicted


def as_weights(weight: ArrayLike | None, rows: int) -> tuple[Weights, bool]:
    """Weights as a (repeats, rows) matrix, and whether the caller gave a matrix. Counts stay whole numbers."""
    if weight is None:
        return np.ones((1, rows), dtype=np.int64), False
    array = np.asarray(weight)
    array = array.astype(np.int64 if array.dtype.kind in "biu" else np.float64, copy=False)
    if array.ndim not in (1, 2) or array.shape[-1] != rows:
        raise ValueError(
            f"`weight` must have shape ({rows},) or (repeats, {rows}) to fit `y`, got {array.shape}. "
            "Give one weight a row."
        )
    if not (array.size and array.min() >= 0 and np.isfinite(array.max())):
        raise ValueError(
            "`weight` must be finite and >= 0, got a negative, missing or infinite weight. Use 0 to leave a row out."
        )
    if array.ndim == 1 and not array.any():
        raise ValueError("`weight` must be above 0 for some row, got only zeros. Leave it out for equal weights.")
    return np.atleast_2d(array), array.ndim == 2


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows from the highest prediction to the lowest; a group is all rows with one prediction.

    `predicted` holds the groups' predictions, shape (groups,); `reached` and `hits` the weight of all and of
    positive rows down to the end of each group, shape (repeats, groups). `many` says whether the caller gave
    a weight matrix. Counts are kept as integers, whose running sums are five times as quick as those of floats.
    """

    predicted: Floats
    reached: Weights
    hits: Weights
    many: bool

    @property
    def total(self) -> Weights:
        """Weight of all rows, shape (repeats,)."""
        return self.reached[:, -1]

    @property
    def positives(self) -> Weights:
        """Weight of positive rows, shape (repeats,)."""
        return self.hits[:, -1]


def rank(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None, *, probability: bool = False) -> Ranked:
    """Check, sort and pool rows. Rows already in descending order are not sorted again (`bootstrap` uses it)."""
    target, predicted = check_pair(y, p, probability=probability)
    weights, many = as_weights(weight, target.size)
    if (predicted[1:] > predicted[:-1]).any():
        order = np.argsort(-predicted, kind="stable")
        target, predicted = target[order], predicted[order]
        weights = weights if weight is None else np.take(weights, order, axis=1)
    reached = np.cumsum(weights, axis=1)
    hits = np.cumsum(weights * target.astype(weights.dtype), axis=1)
    ends = np.flatnonzero(np.r_[predicted[1:] != predicted[:-1], True])
    if ends.size < predicted.size:
        predicted, reached, hits = predicted[ends], np.take(reached, ends, axis=1), np.take(hits, ends, axis=1)
    return Ranked(predicted, reached, hits, many)


def steps(running: Weights) -> Weights:
    """Take a running sum apart into what each group adds."""
    added = running.copy()
    added[:, 1:] -= running[:, :-1]
    return added


def require_classes(ranked: Ranked, metric: str) -> None:
    """Refuse rows of one class where a metric is undefined on them; a resample of one class gives NaN instead."""
    positive, total = float(ranked.positives[0]), float(ranked.total[0])
    if not ranked.many and positive in (0.0, total):
        raise ValueError(
            f"{metric} needs rows of both classes, got only y = {int(positive > 0)}. "
            "Judge on rows where the event both happened and did not."
        )


def require_positive(ranked: Ranked, metric: str) -> None:
    """Refuse rows without a positive where a metric is undefined on them; such a resample gives NaN instead."""
    if not ranked.many and not ranked.positives[0]:
        raise ValueError(f"{metric} needs at least one row with y = 1, got none. Judge on rows that hold the event.")


def safe_divide(numerator: Weights, denominator: Weights) -> Floats:
    """`numerator / denominator`, NaN where the denominator is 0."""
    quotient = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient


def answer(values: Floats, many: bool) -> float | Floats:
    """Give a float for one set of weights, the array for a matrix of them (the callers' overloads say which)."""
    return values if many else float(values[0])


def top_positive(ranked: Ranked, share: float) -> tuple[Floats, Floats]:
    """Find the expected positive weight among the first `share` of the weight, and that weight, per repeat.

    The cut may fall inside a group, or inside a row. Of the group it cuts, rows are taken in random order,
    so the expectation is the group's positive rate times the weight taken from it: a straight line between
    the points at the ends of the groups.
    """
    reached, hits = ranked.reached, ranked.hits
    cut = share * ranked.total
    after = np.minimum((reached < cut[:, None]).sum(axis=1), reached.shape[1] - 1)
    at, first = np.arange(after.size), after == 0
    weight = np.where(first, 0, reached[at, after - 1])
    positive = np.where(first, 0, hits[at, after - 1])
    width = reached[at, after] - weight
    rate = np.divide(hits[at, after] - positive, width, out=np.zeros(width.size), where=width > 0)
    return positive + np.clip(cut - weight, 0, width) * rate, cut


def check_share(share: float) -> float:
    """`share` as a float in (0, 1], or an error."""
    if not 0 < share <= 1:
        raise ValueError(f"`share` must be in (0, 1], got {share!r}. To contact nobody, skip the call.")
    return float(share)


def check_bins(bins: int) -> int:
    """`bins` as a whole number >= 1, or an error."""
    if isinstance(bins, bool) or int(bins) != bins or bins < 1:
        raise ValueError(f"`bins` must be a whole number >= 1, got {bins!r}. Use 10 for a few thousand rows.")
    return int(bins)


def bin_index(reached: Weights, bins: int) -> NDArray[np.intp]:
    """Bin of equal mass, in [0, bins), of each group: the one that holds the middle of its weight."""
    middle = reached * (0.5 * bins)
    middle[:, 1:] += reached[:, :-1] * (0.5 * bins)
    middle /= np.maximum(reached[:, -1:], np.finfo(np.float64).tiny)
    return np.minimum(middle, bins - 1).astype(np.intp)

"""How well a score ranks the rows of labelled stretches, whatever the threshold: range AUC-PR, VUS-PR, event AUC-PR.

Labels of anomalies start and end a little early or late. The first two soften their edges: rows near a labelled stretch
count in part. VUS-PR takes the mean over how far the edges are softened, so that nobody has to choose that. The third
counts whole events and whole runs of false rows, as somebody who is called does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.metrics._rows import Floats, check_pair


def vus_pr(y: ArrayLike, score: ArrayLike, *, buffer: int) -> float:
    """Volume under the surface of precision and recall: the mean of `range_auc_pr` over buffers of 0 to `buffer` rows.

    Parameters
    ----------
    y : array of {0, 1}, shape (n_rows,)
        1 for rows of a labelled stretch, in time order.
    score : array of float, shape (n_rows,)
        Stranger rows higher.
    buffer : int >= 0, rows
        The widest softening, on both sides of a stretch together. The source takes the period of the series.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If the arrays do not fit, `y` has rows of one class only, or `buffer` is not a whole number >= 0.

    References
    ----------
    .. [1] Paparrizos, J., Boniol, P., Palpanas, T., Tsay, R. S., Elmore, A., & Franklin, M. J. (2022). Volume under the
       surface: a new accuracy evaluation measure for time-series anomaly detection. PVLDB, 15(11), 2774-2787.

    Examples
    --------
    >>> round(vus_pr([0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 1, 3, 2, 0, 0, 0], buffer=2), 3)
    0.991
    >>> vus_pr([0, 1], [0, 1], buffer=-1)
    Traceback (most recent call last):
        ...
    ValueError: `buffer` must be a whole number of rows >= 0, got -1. Use the rows of one period of the series.
    """
    walk = _Walk(y, score)
    widest = _check_buffer(buffer)
    return float(np.mean([walk.area(width) for width in range(widest + 1)]))


def range_auc_pr(y: ArrayLike, score: ArrayLike, *, buffer: int = 0) -> float:
    """Area under precision and recall of rows, with softened edges and a reward for finding every stretch.

    A row up to ``buffer / 2`` rows away from a stretch is labelled ``sqrt(1 - d / buffer)``, d rows away from it. At
    each threshold precision is the sum of labels of the rows told over their number; recall is the sum of labels told
    over the mean of the labelled rows before and after softening, at most 1, times the share of softened stretches with
    a row told [1]_. The area is ``sum of precision x gain in recall`` over all thresholds; the source samples 250 of
    them.

    Parameters
    ----------
    y, score
        As in `vus_pr`.
    buffer : int >= 0, rows, default=0
        0: plain precision and recall but for the share of stretches found.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        As `vus_pr`.

    References
    ----------
    .. [1] Paparrizos, J., Boniol, P., Palpanas, T., Tsay, R. S., Elmore, A., & Franklin, M. J. (2022). Volume under the
       surface: a new accuracy evaluation measure for time-series anomaly detection. PVLDB, 15(11), 2774-2787.

    Examples
    --------
    >>> range_auc_pr([0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 3, 2, 0, 0, 0])
    1.0
    >>> range_auc_pr([0, 0], [0, 1])
    Traceback (most recent call last):
        ...
    ValueError: Range AUC-PR needs rows of both classes, got only y = 0. Judge on series with a labelled stretch.
    """
    return _Walk(y, score).area(_check_buffer(buffer))


def event_auc_pr(y: ArrayLike, score: ArrayLike) -> float:
    """Area under precision and recall of events: a labelled stretch is found by any row, a run of false rows is one.

    At each threshold recall is the share of labelled stretches with a row at or above it, and precision ``found /
    (found + false runs)``, where a false run is as many unlabelled rows in a row as are at or above it. The area is the
    sum of precision times gain in recall.

    Parameters
    ----------
    y, score
        As in `vus_pr`.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If the arrays do not fit, or `y` has rows of one class only.

    Examples
    --------
    >>> event_auc_pr([0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 3, 0, 2, 2])
    1.0
    >>> event_auc_pr([0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 2, 0, 3, 3])
    0.5
    >>> event_auc_pr([0, 1], [0])
    Traceback (most recent call last):
        ...
    ValueError: `y` and `p` must describe the same rows, got 2 and 1 of them. Pass the predictions in the order of the \
target.
    """
    walk = _Walk(y, score, "Event AUC-PR")
    found = walk.stretches_found(walk.starts, walk.ends)
    false = walk.below_ties(_runs(walk.labels == 0, walk.place))
    precision = found / np.maximum(found + false, 1)
    return float(np.sum(precision * np.diff(found, prepend=0)) / walk.starts.size)


class _Walk:
    """Rows from the highest score down, the ties of a score taken together."""

    def __init__(self, y: ArrayLike, score: ArrayLike, metric: str = "Range AUC-PR") -> None:
        self.labels, scores = check_pair(y, score, probability=False)
        if self.labels.min() == self.labels.max():
            raise ValueError(
                f"{metric} needs rows of both classes, got only y = {self.labels[0]:.0f}. "
                "Judge on series with a labelled stretch."
            )
        edges = np.diff(np.r_[0.0, self.labels, 0.0])
        self.starts, self.ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1
        self.order = np.argsort(-scores, kind="stable")
        self.place = np.empty(scores.size, dtype=np.int64)
        self.place[self.order] = np.arange(scores.size)
        self.tied = np.flatnonzero(np.r_[np.diff(scores[self.order]) != 0, True])

    def below_ties(self, gains: Floats) -> Floats:
        """Running sum of gains, in the order of the walk, at the end of each tie."""
        sums: Floats = np.cumsum(gains)[self.tied]
        return sums

    def stretches_found(self, starts: NDArray[Any], ends: NDArray[Any]) -> Floats:
        """How many stretches have a row told, at the end of each tie."""
        bounds = np.column_stack([starts, ends + 1]).ravel()
        places = np.r_[self.place, self.place.size]
        first = np.minimum.reduceat(places, bounds)[::2]
        return self.below_ties(np.bincount(first, minlength=self.place.size).astype(np.float64))

    def area(self, buffer: int) -> float:
        soft = self.softened(buffer)
        edges = np.diff(np.r_[0, soft > 0, 0].astype(np.int8))
        starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1
        told = self.below_ties(soft[self.order])
        full = (self.labels.sum() + soft.sum()) / 2
        recall = np.minimum(told / full, 1.0) * self.stretches_found(starts, ends) / starts.size
        return float(np.sum(told / (self.tied + 1.0) * np.diff(recall, prepend=0.0)))

    def softened(self, buffer: int) -> Floats:
        """Labels with a slope of half the buffer on either side of each stretch; where slopes meet they add up to 1."""
        soft = self.labels.copy()
        for away in range(1, buffer // 2 + 1):
            rise = np.sqrt(1.0 - away / buffer)
            before, behind = self.starts - away, self.ends + away
            np.add.at(soft, before[before >= 0], rise)
            np.add.at(soft, behind[behind < soft.size], rise)
        return np.minimum(soft, 1.0)


def _runs(chosen: NDArray[np.bool_], place: NDArray[np.int64]) -> Floats:
    """By how much the number of runs of chosen rows grows as rows join, in the order of their place."""
    never = place.size
    at = np.where(chosen, place, never)
    earlier = (np.r_[never, at[:-1]] < at).astype(np.float64) + (np.r_[at[1:], never] < at)
    gains = np.zeros(place.size)
    gains[place[chosen]] = 1.0 - earlier[chosen]
    return gains


def _check_buffer(buffer: int) -> int:
    if isinstance(buffer, bool) or int(buffer) != buffer or buffer < 0:
        raise ValueError(
            f"`buffer` must be a whole number of rows >= 0, got {buffer!r}. Use the rows of one period of the series."
        )
    return int(buffer)

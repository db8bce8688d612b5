"""What is expected of leaf segments in the time of an alert: the level of late times the usual share of its phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: What a period counts of the one after it, where the level is taken; 1 is the mean of all.
_KEPT = (1.0, 0.9, 0.8, 0.65, 0.5, 0.35, 0.2)


@dataclass(frozen=True)
class Courses:
    """Sums of leaves over the same phase of the periods before, and over these whole periods.

    Attributes
    ----------
    phase, whole : arrays of float >= 0, shape (1 + n_periods, n_leaves)
        Row 0 is the alert's, of which `whole` is not asked; row k the k-th period before.
    usual : array of bool, shape (1 + n_periods,)
        Which periods are examples; row 0 is none.
    """

    phase: np.ndarray
    whole: np.ndarray
    usual: np.ndarray

    def kept(self) -> float:
        """How much a period counts of the one after it, so that the level forecasts past periods best.

        The sums of leaves, each as a share of its period, are judged by their Poisson likelihood: a level that moves
        is followed, one that only scatters is averaged.
        """
        asked = np.flatnonzero(self.usual[: max(len(self.usual) - 2, 2)])
        came = self.whole[asked]

        def loss(kept: float) -> float:
            level, _ = _levels(self.whole, self.usual, kept)
            level = level[asked]
            level *= (came.sum(axis=1) / np.maximum(level.sum(axis=1), 1e-300))[:, None]
            level = np.maximum(level, 1e-3)
            return float((level - came * np.log(level)).sum())

        losses = [loss(one) for one in _KEPT]
        return _KEPT[int(np.argmin(losses))]

    def expected(self, kept: float) -> tuple[np.ndarray, np.ndarray]:
        """What the periods before each row make one expect of it.

        Parameters
        ----------
        kept : float in (0, 1]

        Returns
        -------
        expected : array of float >= 0, shape (1 + n_periods, n_leaves)
            ``level x share``: the weighed mean of whole periods before, times the share that the phase has had of them.
            0 where no example came before.
        doubt : array of float >= 1, shape (1 + n_periods,)
            Variance of a Poisson difference from it, over that of the value alone.
        """
        level, effective = _levels(self.whole, self.usual, kept)
        phase, counts = _before(self.phase * self.usual[:, None]), _before(self.usual.astype(np.float64))
        whole = _before(self.whole * self.usual[:, None])
        share = phase / np.where(whole > 0, whole, 1.0)
        part = phase.sum(axis=1) / np.maximum(whole.sum(axis=1), 1e-300)
        doubt = 1.0 + part / np.maximum(effective, 1e-300) + (1.0 - part) / np.maximum(counts, 1.0)
        return level * share, np.where(counts > 0, doubt, 1.0)

    def known(self) -> np.ndarray:
        """Numbers of the periods that are examples and have one before them, the latest first."""
        found: np.ndarray = np.flatnonzero(self.usual & (_before(self.usual.astype(np.float64)) > 0))
        return found


def _levels(whole: np.ndarray, usual: np.ndarray, kept: float) -> tuple[np.ndarray, np.ndarray]:
    """The weighed mean of the examples before each row, and how many equal ones it is worth."""
    found, worth = np.zeros_like(whole), np.zeros(len(whole))
    total, weight, squares = np.zeros(whole.shape[1]), 0.0, 0.0
    for row in range(len(whole) - 1, -1, -1):
        if weight > 0:
            found[row], worth[row] = total / weight, weight**2 / squares
        total, weight, squares = kept * total, kept * weight, kept**2 * squares
        if usual[row]:
            total, weight, squares = total + whole[row], weight + 1.0, squares + 1.0
    return found, worth


def _before(rows: np.ndarray) -> np.ndarray:
    """Sums of the rows behind each row: periods are counted backwards in time."""
    found: np.ndarray = np.cumsum(rows[::-1], axis=0)[::-1] - rows
    return found

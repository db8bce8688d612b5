"""The shape of a day: which share of its contacts each slot carries, by kind of day.

A shape is learned from counts, so it is noisy where counts are small: recent weeks weigh more, each weekday is drawn
towards the shape of all days, and neighbouring slots are smoothed. How much of each is chosen by forecasting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ShapeSetting:
    """How a shape is learned.

    Attributes
    ----------
    half_life : float, weeks
        A day so old weighs half as much as yesterday.
    shrink : float >= 0
        How many days the shape of all days counts for, beside the days of one kind.
    width : float >= 0
        Standard deviation of the smoothing, in slots.
    """

    half_life: float
    shrink: float
    width: float


def learn_shapes(
    y: np.ndarray, totals: np.ndarray, kinds: np.ndarray, n_kinds: int, row: int, setting: ShapeSetting
) -> np.ndarray:
    """Shares of the slots by kind of day, from the days before a row.

    Parameters
    ----------
    y : array, shape (S, D, M)
        Counts, NaN where closed or unknown.
    totals : array, shape (S, D)
        Whole-day totals; NaN where unknown.
    kinds : array of int, shape (D,)
        Kind of each row, from 0: its weekday, or a holiday. More rows than those of `y` may be told.
    n_kinds : int
    row : int
        Only rows before it are used.
    setting : ShapeSetting

    Returns
    -------
    array, shape (S, n_kinds, M)
        Each sums to 1 over the slots that were open; all zero for a series without counts. A kind of day without
        counts has the shape of all days, over the slots that were open on it, or over all where it never occurred.
    """
    return learn_many(y, totals, kinds, n_kinds, row, [setting])[0]


def learn_many(
    y: np.ndarray,
    totals: np.ndarray,
    kinds: np.ndarray,
    n_kinds: int,
    row: int,
    settings: Sequence[ShapeSetting],
) -> list[np.ndarray]:
    """`learn_shapes` for several settings: what those of one half-life share is summed once.

    Parameters
    ----------
    y, totals, kinds, n_kinds, row
        See `learn_shapes`.
    settings : sequence of ShapeSetting

    Returns
    -------
    list of array, shape (S, n_kinds, M)
    """
    row = min(max(row, 0), y.shape[1])
    sums = {
        half_life: _Sums.of(y[:, :row], totals[:, :row], kinds[:row], n_kinds, half_life)
        for half_life in {one.half_life for one in settings}
    }
    return [sums[one.half_life].shapes(one) for one in settings]


@dataclass(frozen=True)
class _Sums:
    """Weighted sums over the days of each kind: counts and whole-day totals by slot, and days."""

    number: np.ndarray  # (S, n_kinds, M)
    amount: np.ndarray  # (S, n_kinds, M)
    opened: np.ndarray  # (S, n_kinds, M)
    days: np.ndarray  # (S, n_kinds)

    @classmethod
    def of(cls, y: np.ndarray, totals: np.ndarray, kinds: np.ndarray, n_kinds: int, half_life: float) -> _Sums:
        S, D, M = y.shape
        known = ~np.isnan(y) & ~np.isnan(totals[..., None])
        counts = np.where(known, y, 0.0)
        volume = np.where(known, totals[..., None], 0.0)
        weights = 0.5 ** ((D - 1 - np.arange(D)) / 7.0 / half_life)
        shape = S, n_kinds, M
        found = cls(np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool), np.zeros(shape[:2]))
        for kind in range(n_kinds):
            of = np.flatnonzero(kinds == kind)
            found.number[:, kind] = np.einsum("d,sdm->sm", weights[of], counts[:, of])
            found.amount[:, kind] = np.einsum("d,sdm->sm", weights[of], volume[:, of])
            found.opened[:, kind] = known[:, of].any(axis=1)
            found.days[:, kind] = known[:, of].any(axis=2) @ weights[of]
        return found

    def shapes(self, setting: ShapeSetting) -> np.ndarray:
        number, amount, days = self.number, self.amount, self.days
        everywhere = _ratio(number.sum(axis=1), amount.sum(axis=1))
        typical = _ratio(amount.max(axis=2), days)  # contacts of a day of this kind
        usual = _ratio(amount.max(axis=2).sum(axis=1), days.sum(axis=1))
        typical = np.where(days > 0, typical, usual[:, None])
        pull = (setting.shrink * typical)[:, :, None] + 1e-9
        met = self.opened.any(axis=2, keepdims=True)
        open_here = (number > 0).any(axis=1, keepdims=True) & (self.opened | ~met)
        found = np.where(open_here, (number + pull * everywhere[:, None]) / (amount + pull), 0.0)
        found = smooth(found, open_here, setting.width)
        shares: np.ndarray = found / np.maximum(found.sum(axis=2, keepdims=True), 1e-12)
        return shares


def smooth(values: np.ndarray, known: np.ndarray, width: float) -> np.ndarray:
    """Gaussian smoothing along the last axis that neither reads nor fills closed slots."""
    if width <= 0 or values.shape[-1] < 3:
        return values
    from scipy.ndimage import gaussian_filter1d

    mask = np.broadcast_to(known, values.shape).astype(float)
    weight = gaussian_filter1d(mask, width, axis=-1, mode="constant")
    total = gaussian_filter1d(values * mask, width, axis=-1, mode="constant")
    found: np.ndarray = np.where(mask > 0, total / np.maximum(weight, 1e-12), 0.0)
    return found


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.where(under > 0, over / np.maximum(under, 1e-12), 0.0)
    return found


def shape_settings() -> list[ShapeSetting]:
    """Settings worth trying."""
    return [
        ShapeSetting(half_life, shrink, width)
        for half_life in (0.5, 2.0, 6.0, 20.0)
        for shrink in (0.5, 2.0, 10.0)
        for width in (0.0, 1.0, 2.0, 4.0)
    ]

"""The moments from which a history is forecast again, and the rows that lie after each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cxml.timeseries.panel import Panel

#: Rows after judged origins that a verdict rests on, where the history holds so many: a few more than promotion asks
#: for, since some of them will be holidays.
ROWS_TO_JUDGE = 112


@dataclass(frozen=True)
class Window:
    """Origins of each series and how far to look from them.

    Attributes
    ----------
    rows, slots : arrays of int, shape (K, S)
        First row to be forecast, and the slot of it from which on.
    horizon : int
        Whole rows ahead.
    lag : int
        After so many origins what came after one is known.
    """

    rows: np.ndarray
    slots: np.ndarray
    horizon: int
    lag: int = 1

    @property
    def length(self) -> int:
        """Rows touched: one more than the horizon where some origin lies within a row."""
        return self.horizon + int((self.slots > 0).any())

    @classmethod
    def at_ends(cls, panel: Panel, horizon: int) -> Window:
        """From the end of what is known."""
        rows, slots = np.divmod(panel.ends, panel.y.shape[2])
        return cls(rows[None], slots[None], horizon)

    @classmethod
    def rolling(cls, panel: Panel, horizon: int, *, step: int, origins: int) -> Window:
        """Back from the end of each series, `step` rows at a time; the last origin has its whole horizon known."""
        rows, slots = np.divmod(panel.ends, panel.y.shape[2])
        back = horizon + step * np.arange(origins)[::-1]
        return cls(rows[None] - back[:, None], np.repeat(slots[None], origins, axis=0), horizon, -(-horizon // step))

    @property
    def first_judged(self) -> int:
        """The first origin that may be judged: before it enough was known to choose by; if there is none, the last."""
        return min(2 * self.lag, len(self.rows) - 1)

    @property
    def early(self) -> int:
        """How many origins may decide what is the same for all: what came after them was known before any is judged."""
        return known_before(self.first_judged, self.lag)

    def select(self, series: np.ndarray) -> Window:
        """The same for some of the series."""
        return replace(self, rows=self.rows[:, series], slots=self.slots[:, series])

    def take(self, origins: np.ndarray) -> Window:
        """Some of the origins."""
        return replace(self, rows=self.rows[origins], slots=self.slots[origins])

    def asked(self, n_slots: int) -> np.ndarray:
        """Which cells are to be forecast, shape (K, S, R, M)."""
        place = np.arange(self.length * n_slots).reshape(self.length, n_slots)
        first = self.slots[..., None, None]
        found: np.ndarray = (place >= first) & (place < first + self.horizon * n_slots)
        return found

    def actual(self, panel: Panel) -> np.ndarray:
        """What came, shape (K, S, R, M); NaN where closed, unknown or not asked for."""
        found = _gather(panel.y, self.rows, self.length)
        return np.where(self.asked(panel.y.shape[2]), found, np.nan)

    def totals(self, totals: np.ndarray) -> np.ndarray:
        """Day totals of the rows, shape (K, S, R); NaN for a last one that is asked for in part."""
        found = _gather(totals[..., None], self.rows, self.length)[..., 0]
        found[:, :, self.horizon :] = np.nan
        return found


def known_before(origin: int, lag: int) -> int:
    """From how many origins, the first ones, all that came was known at a later one.

    >>> [known_before(origin, 2) for origin in range(4)]
    [0, 0, 1, 2]
    """
    return max(0, origin - lag + 1)


def _gather(values: np.ndarray, rows: np.ndarray, length: int) -> np.ndarray:
    """Rows from each origin on; NaN beyond the panel."""
    S, D, _ = values.shape
    at = rows[..., None] + np.arange(length)
    inside = (at >= 0) & (at < D)
    found = values[np.arange(S)[None, :, None], np.clip(at, 0, D - 1)]
    return np.where(inside[..., None], found, np.nan)

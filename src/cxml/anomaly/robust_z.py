"""Seasonal median and MAD: the baseline that every other method must beat."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.anomaly.rows import Rows, Scored, ScoredOne

if TYPE_CHECKING:
    from cxml.anomaly.config import AnomalyConfig

_HOUR, _DAY = 3_600_000_000_000, 86_400_000_000_000
#: Seasons: how many cells each has, and how many of its last values a cell keeps.
_CELLS = np.array([1, 24, 7, 168])
_KEPT = np.array([64, 24, 12, 8])
_WIDTH = int((_CELLS * _KEPT).max())
#: The last values of a series whatever the cell, for cells that hold too few.
_POOL = 48
#: So few values tell nothing of a cell, or of a series.
_FEW, _LEAST = 4, 8
#: A season must leave this share less of the deviations than the simpler one did, with so many values a cell.
_GAIN, _ENOUGH = 0.95, 3.0
_MAD, _MEAN_AD = 1.482602218505602, 1.2533141373155001
#: Where nothing has ever varied, this share of the level is what it may vary by.
_STILL = 1e-3
#: The pool speaks for a cell's spread as loudly as so many of its values.
_WEIGHT = 8.0
_TAIL_DF, _BAND = 8.0, 3.355387331333396
_SMALLEST = 1e-300
_SPIKE, _DIP = 1, 2
#: From so many series on, arrays are quicker than one value after the other.
_MANY = 80
_STATE = ("season", "grain", "cells", "cell_next", "pool", "away", "pool_next")


class RobustZScorer:
    """How far a value is from the median of like moments, in units of their median absolute deviation.

    Like moments are those of the same hour, weekday, or hour of the week, whichever the history of the series has, or
    all. Their last values are kept, 8 to 64 a cell. The score is the tail probability of the distance under Student's t
    with 8 degrees of freedom: the spread is known from about as few values.

    Parameters
    ----------
    config : AnomalyConfig

    Notes
    -----
    Where half of the values are alike, their MAD is 0, and the mean absolute deviation stands in for it (Iglewicz and
    Hoaglin 1993, How to Detect and Handle Outliers).
    """

    def __init__(self, config: AnomalyConfig) -> None:
        self.config = config
        self._season = np.zeros(0, dtype=np.int64)
        self._grain = np.zeros(0)
        self._cells = np.zeros((0, _WIDTH))
        self._cell_next = np.zeros((0, int(_CELLS.max())), dtype=np.int64)
        self._pool = np.zeros((0, _POOL))
        self._away = np.zeros((0, _POOL))
        self._pool_next = np.zeros(0, dtype=np.int64)

    def begin(self, rows: Rows, names: tuple[str, ...]) -> None:
        """Choose the season of each series; forget the rest."""
        self.__init__(self.config)  # type: ignore[misc]
        self._grow(len(names))
        self._season[:] = choose_seasons(rows, len(names))
        self._grain[:] = grains_of(rows, len(names))

    def score(self, rows: Rows) -> Scored:
        """Score rows and learn from them: the first row of all series, then the second of all, and so on."""
        if len(rows):
            self._grow(int(rows.series.max()) + 1)
        n = len(rows)
        found = np.zeros((6, n))
        found[:3] = np.nan
        known = np.flatnonzero(~np.isnan(rows.value))
        for places in ranks(rows.series[known]):
            at = known[places]
            if len(at) >= _MANY:
                found[:, at] = self._step(rows.series[at], rows.local[at], rows.value[at])
                continue
            for row in at.tolist():
                found[:, row] = self._step_one(int(rows.series[row]), int(rows.local[row]), float(rows.value[row]))
        return Scored(found[0], found[1], found[2], found[3], found[4].astype(np.int64), found[5])

    def score_one(self, series: int, time: int, local: int, value: float, trials: float) -> ScoredOne:  # noqa: ARG002 - the protocol's form
        """Score one value and learn from it."""
        if math.isnan(value):
            return ScoredOne(math.nan, math.nan, math.nan, 0.0, 0, 0.0)
        if series >= len(self._season):
            self._grow(series + 1)
        return self._step_one(series, local, value)

    def parts(self) -> Mapping[str, Any]:
        """Everything learned, as arrays."""
        return {name: getattr(self, f"_{name}").copy() for name in _STATE}

    @classmethod
    def from_parts(cls, config: AnomalyConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        found = cls(config)
        for name in _STATE:
            setattr(found, f"_{name}", np.array(parts[name]))
        return found

    def _grow(self, n: int) -> None:
        more = n - len(self._season)
        if more <= 0:
            return
        for name in _STATE:
            old = getattr(self, f"_{name}")
            empty = np.nan if name in ("cells", "pool", "away") else 0
            setattr(self, f"_{name}", np.concatenate([old, np.full((more, *old.shape[1:]), empty, dtype=old.dtype)]))

    def _step(self, series: np.ndarray, local: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Score and learn one value each of some series, shape (6, n)."""
        season = self._season[series]
        cell = cells_of(season, local)
        pool, away = self._pool[series], self._away[series]
        middle, spread = _middle(pool, self._pool_next[series])
        enough = self._pool_next[series] >= _LEAST
        kept = np.minimum(self._cell_next[series, cell], _KEPT[season])
        for kind in np.unique(season):
            mine = np.flatnonzero((season == kind) & (kept >= _FEW))
            if len(mine):
                width = int(_KEPT[kind])
                columns = cell[mine, None] * width + np.arange(width)
                own, own_spread = _middle(self._cells[series[mine, None], columns], kept[mine])
                middle[mine] = own
                # A MAD of few values is rough: what all moments of the series leave over speaks too.
                usual, _ = _middle(away[mine], self._pool_next[series[mine]])
                weight = kept[mine] / (kept[mine] + _WEIGHT)
                spread[mine] = np.sqrt(weight * own_spread**2 + (1 - weight) * (_MAD * usual) ** 2)
        spread = np.where(spread > 0, spread, _MEAN_AD * _mean(away, self._pool_next[series]))
        spread = np.maximum(
            np.where(spread > 0, spread, _STILL * np.maximum(np.abs(middle), _STILL)), self._grain[series]
        )
        size = (value - middle) / spread
        self._learn(series, season, cell, value, np.abs(value - middle))
        return _told(middle, spread, size, enough, *self._bounds())

    def _step_one(self, series: int, local: int, value: float) -> ScoredOne:
        """The same for one series: a few lists are quicker than as many arrays."""
        season, seen = int(self._season[series]), int(self._pool_next[series])
        cell = _cell_of(season, local)
        width = int(_KEPT[season])
        kept = int(self._cell_next[series, cell])
        away = self._away[series, :seen].tolist()
        if min(kept, width) >= _FEW:
            values = self._cells[series, cell * width : cell * width + min(kept, width)].tolist()
            middle, own = _middle_one(values)
            usual = _MAD * _median_one(away)
            weight = len(values) / (len(values) + _WEIGHT)
            spread = math.sqrt(weight * own**2 + (1 - weight) * usual**2)
        elif seen:
            middle, spread = _middle_one(self._pool[series, :seen].tolist())
        else:
            middle, spread = math.nan, 0.0
        if not spread > 0 and away:
            spread = _MEAN_AD * sum(away) / len(away)
        spread = max(spread, float(self._grain[series]), _STILL * max(abs(middle), _STILL) if not spread > 0 else 0.0)
        distance = 0.0 if seen == 0 else abs(value - middle)
        self._pool[series, seen % _POOL] = value
        self._away[series, seen % _POOL] = distance
        self._pool_next[series] = seen + 1
        self._cells[series, cell * width + kept % width] = value
        self._cell_next[series, cell] = kept + 1
        if seen < _LEAST:
            return ScoredOne(math.nan, math.nan, math.nan, 0.0, 0, 0.0)
        size = (value - middle) / spread
        band = _BAND * spread
        low, high = self._bounds()
        return ScoredOne(
            middle,
            min(max(middle - band, low), high),
            min(max(middle + band, low), high),
            _score_of(size),
            _SPIKE if size > 0 else _DIP if size < 0 else 0,
            size,
        )

    def _learn(
        self, series: np.ndarray, season: np.ndarray, cell: np.ndarray, value: np.ndarray, away: np.ndarray
    ) -> None:
        place = self._pool_next[series] % _POOL
        self._pool[series, place] = value
        self._away[series, place] = np.where(np.isnan(away), 0.0, away)
        self._pool_next[series] += 1
        place = cell * _KEPT[season] + self._cell_next[series, cell] % _KEPT[season]
        self._cells[series, place] = value
        self._cell_next[series, cell] += 1

    def _bounds(self) -> tuple[float, float]:
        """Where the band must end: what is known to be no less than 0 is not expected below it."""
        config = self.config
        if config.metric in ("share", "rate"):
            return 0.0, 1.0
        return (0.0 if config.metric in ("count", "positive") else -math.inf), math.inf


def ranks(series: np.ndarray) -> list[np.ndarray]:
    """Places of the first row of each series, of the second of each, and so on.

    Parameters
    ----------
    series : array of int, shape (n,)

    Returns
    -------
    list of arrays of int

    Examples
    --------
    >>> [one.tolist() for one in ranks(np.array([4, 7, 4, 4]))]
    [[0, 1], [2], [3]]
    """
    if not len(series):
        return []
    by_series = np.argsort(series, kind="stable")
    sorted_series = series[by_series]
    first = np.flatnonzero(np.r_[True, sorted_series[1:] != sorted_series[:-1]])
    rank = np.arange(len(series)) - np.repeat(first, np.diff(np.r_[first, len(series)]))
    by_rank = np.argsort(rank, kind="stable")
    found: list[np.ndarray] = np.split(by_series[by_rank], np.cumsum(np.bincount(rank))[:-1])
    return found


def cells_of(season: np.ndarray, local: np.ndarray) -> np.ndarray:
    """Cell of each moment: of all, of its hour, of its weekday, or of its hour of the week.

    >>> monday_at_2 = np.array([4 * _DAY + 2 * _HOUR])
    >>> [int(cells_of(np.array([one]), monday_at_2)[0]) for one in range(4)]
    [0, 2, 0, 2]
    """
    hour = local // _HOUR % 24
    weekday = (local // _DAY + 3) % 7
    found: np.ndarray = np.choose(season, [np.zeros_like(hour), hour, weekday, weekday * 24 + hour])
    return found


def _cell_of(season: int, local: int) -> int:
    """The same for one moment."""
    hour, weekday = local // _HOUR % 24, (local // _DAY + 3) % 7
    return (0, hour, weekday, weekday * 24 + hour)[season]


def grains_of(rows: Rows, n_series: int) -> np.ndarray:
    """How finely each series is measured: the median step between neighbouring values that it has taken.

    1 for counts, next to nothing for times. What varies by no more than that does not vary.

    >>> time = np.arange(6)
    >>> grains_of(Rows(time * 0, time, time, np.array([0.0, 0, 0, 1, 0, 2])), 1).tolist()
    [1.0]
    """
    order = np.lexsort((rows.value, rows.series))
    series, value = rows.series[order], rows.value[order]
    step = np.diff(value)
    within = (np.diff(series) == 0) & (step > 0)
    found = np.zeros(n_series)
    of, step = series[1:][within], step[within]
    order = np.lexsort((step, of))
    of, step = of[order], step[order]
    numbers, starts, count = np.unique(of, return_index=True, return_counts=True)
    found[numbers] = step[starts + (count - 1) // 2]
    return found


def choose_seasons(rows: Rows, n_series: int) -> np.ndarray:
    """The season of each series by what its medians leave of its deviations, each cell paid for.

    Parameters
    ----------
    rows : Rows
    n_series : int

    Returns
    -------
    array of int, shape (n_series,)
        0 none, 1 hour, 2 weekday, 3 hour of the week.
    """
    import pandas as pd

    known = ~np.isnan(rows.value)
    series, local, value = rows.series[known], rows.local[known], rows.value[known]
    best = np.zeros(n_series, dtype=np.int64)
    if not len(series):
        return best
    count = np.bincount(series, minlength=n_series).astype(float)
    left = np.full(n_series, np.inf)
    for season in range(len(_CELLS)):
        cell = series * int(_CELLS.max()) + cells_of(np.full(len(series), season), local)
        middle = pd.Series(value).groupby(cell).transform("median").to_numpy()
        away = np.bincount(series, weights=np.abs(value - middle), minlength=n_series)
        used = np.bincount(np.unique(cell) // int(_CELLS.max()), minlength=n_series).astype(float)
        per_cell = count / np.maximum(used, 1)
        # A median of a cell of n values lies nearer to these than to those to come, by about a cell's share of them.
        away = np.where(count > used, away * (count + used) / np.maximum(count - used, 1), np.inf)
        better = (per_cell >= _ENOUGH) & (away < (_GAIN if season else 1.0) * left) | (season == 0)
        best = np.where(better, season, best)
        left = np.where(better, away, left)
    return best


def _middle(values: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and scaled MAD of each row's first `count` values; what lies behind them is NaN."""
    if not values.shape[1] or not len(values):  # pragma: no cover - rows always come with cells
        return np.full(len(values), np.nan), np.zeros(len(values))
    n = np.minimum(count, values.shape[1])
    middle = _median(values, n)
    return middle, _MAD * _median(np.abs(values - middle[:, None]), n)


def _median(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Median of each row's `n` values that are not NaN: those are sorted to the end."""
    ordered = np.sort(values, axis=1)
    line = np.arange(len(values))
    high = np.maximum(n // 2, 0)
    low = np.maximum((n - 1) // 2, 0)
    return np.where(n > 0, (ordered[line, low] + ordered[line, np.minimum(high, values.shape[1] - 1)]) / 2, np.nan)


def _median_one(values: list[float]) -> float:
    ordered = sorted(values)
    n = len(ordered)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def _middle_one(values: list[float]) -> tuple[float, float]:
    middle = _median_one(values)
    return middle, _MAD * _median_one([abs(one - middle) for one in values])


def _mean(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    n = np.minimum(count, values.shape[1])
    found: np.ndarray = np.where(np.isnan(values), 0.0, values).sum(axis=1) / np.maximum(n, 1)
    return found


def _score_of(size: Any) -> Any:
    """``-log10`` of the two-sided tail probability of a distance in standard deviations, or of many."""
    from scipy.special import stdtr

    if isinstance(size, float):
        return max(-math.log10(max(2.0 * float(stdtr(_TAIL_DF, -abs(size))), _SMALLEST)), 0.0)
    return np.maximum(-np.log10(np.maximum(2.0 * stdtr(_TAIL_DF, -np.abs(size)), _SMALLEST)), 0.0)


def _told(
    middle: np.ndarray, spread: np.ndarray, size: np.ndarray, enough: np.ndarray, low: float, high: float
) -> np.ndarray:
    size = np.where(enough, size, 0.0)
    score = _score_of(size)
    kind = np.where(size > 0, _SPIKE, np.where(size < 0, _DIP, 0))
    band = _BAND * spread
    return np.stack(
        [
            np.where(enough, middle, np.nan),
            np.where(enough, np.clip(middle - band, low, high), np.nan),
            np.where(enough, np.clip(middle + band, low, high), np.nan),
            score,
            kind,
            size,
        ]
    )

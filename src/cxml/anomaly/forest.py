"""An isolation forest over the last values, the time and further columns; and over tables without time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.forest_trees import IsolationTrees
from cxml.anomaly.rows import Rows, Scored, ScoredOne
from cxml.errors import ConfigError

_DAY = 86_400_000_000_000
_LAGS = 3
#: A series that is new is looked at for so many values before it is scored.
_FIRST = 30
#: So many rows of a history tell which strangeness is usual.
_SAMPLE = 20_000
#: Shares of rows that are stranger, at which the strangeness of the history is kept; beyond the last, the tail is
#: exponential.
_SHARES = np.concatenate([np.linspace(1.0, 0.1, 19), [0.05]])
_MAD, _MEAN_AD = 1.482602218505602, 1.2533141373155001
_UNUSUAL = 8
_STATE = ("count", "first", "middle", "spread", "ends", "lag")


@dataclass(frozen=True, kw_only=True)
class ForestConfig(AnomalyConfig):
    """Settings of an isolation forest: those of `AnomalyConfig`, and these.

    Parameters
    ----------
    trees : int >= 1, default=100

    Raises
    ------
    ConfigError
        If a value is outside its range.

    Examples
    --------
    >>> ForestConfig(time=None, target="handle_time", columns=("transfers",)).trees
    100
    >>> ForestConfig(trees=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: trees must be a whole number from 1 up - got 0.
    """

    takes_tables: ClassVar[bool] = True
    trees: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.trees, int) or isinstance(self.trees, bool) or self.trees < 1:
            raise ConfigError(f"trees must be a whole number from 1 up - got {self.trees!r}.")


class ForestScorer:
    """How soon a row is alone when rows are split at random, beside its series' last values and the time.

    Each series is put on one scale by its median and MAD; one forest serves all. It is grown once, from the history,
    and its strangeness becomes a tail probability by that of the history's own rows; beyond the strangest 5 % the tail
    is taken as exponential. What is expected is the median, and the band holds 99 of 100 values of the history.

    Parameters
    ----------
    config : ForestConfig
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        width = 1 + len(config.columns)
        self._count = np.zeros(0, dtype=np.int64)
        self._first = np.zeros((0, _FIRST, width))
        self._middle = np.zeros((0, width))
        self._spread = np.ones((0, width))
        self._ends = np.zeros((0, 2))
        self._lag = np.zeros((0, _LAGS))
        self._trees: IsolationTrees | None = None
        self._usual = np.zeros(0)

    def begin(self, rows: Rows, names: tuple[str, ...]) -> None:
        """Grow the forest from a history; forget the rest."""
        self.__init__(self.config)  # type: ignore[misc]
        self._grow(len(names))
        known = np.flatnonzero(~np.isnan(rows.value))
        values = _columns(rows)[known]
        by_series = np.argsort(rows.series[known], kind="stable")
        numbers, starts = np.unique(rows.series[known][by_series], return_index=True)
        for series, own in zip(numbers.tolist(), np.split(values[by_series], starts[1:]), strict=True):
            if len(own) >= _FIRST:
                self._settle(series, own)
        table = self._table(rows, known)
        ready = self._count[rows.series[known]] >= _FIRST
        self._lag[:] = 0.0
        if ready.sum() < _FIRST:
            return
        self._trees = IsolationTrees.grow(table[ready], trees=self.config.trees, seed=self.config.seed)
        sample = table[ready][:: max(1, int(ready.sum()) // _SAMPLE)]
        strange = self._trees.strangeness(sample)
        ends = np.quantile(strange, 1 - _SHARES)
        beyond = strange[strange > ends[-1]] - ends[-1]
        self._usual = np.append(ends, max(float(beyond.mean()) if len(beyond) else 0.0, 1e-6))

    def score(self, rows: Rows) -> Scored:
        """Score rows and take note of them as the last values of their series."""
        n = len(rows)
        if n:
            self._grow(int(rows.series.max()) + 1)
        known = np.flatnonzero(~np.isnan(rows.value))
        ready = self._look_at_first(rows, known)
        table = self._table(rows, known)
        expected, lower, upper = (np.full(n, np.nan) for _ in range(3))
        score, size = np.zeros(n), np.zeros(n)
        at = known[ready]
        series = rows.series[at]
        expected[at] = self._middle[series, 0]
        lower[at], upper[at] = self._ends[series].T
        size[at] = table[ready, 0]
        if self._trees is not None:
            score[at] = self._tail(self._trees.strangeness(table[ready]))
        return Scored(expected, lower, upper, score, np.where(score > 0, _UNUSUAL, 0), size)

    def score_one(
        self, series: int, time: int, local: int, value: float, trials: float, others: Sequence[float] = ()
    ) -> ScoredOne:
        """Score one value, with those of the further columns, and take note of it."""
        if series < len(self._count) and self._count[series] >= _FIRST and value == value:  # known, not NaN
            return self._score_known(series, local, [value, *others])
        one = np.array([series]), np.array([time]), np.array([local]), np.array([value]), np.array([trials])
        told = self.score(Rows(*one, np.array([others]) if self.config.columns else None))
        expected, lower, upper, score, size = (
            float(one[0]) for one in (told.expected, told.lower, told.upper, told.score, told.size)
        )
        return ScoredOne(expected, lower, upper, score, int(told.kind[0]), size)

    def _score_known(self, series: int, local: int, values: list[float]) -> ScoredOne:
        """The same as `score` of one row, its series on its scale: a few lists are quicker than as many arrays."""
        middle, spread = self._middle[series].tolist(), self._spread[series].tolist()
        row = [(value - at) / by for value, at, by in zip(values, middle, spread, strict=True)]
        row = [0.0 if one != one else one for one in row]  # what is not known is taken as usual
        size = row[0]
        if self.config.time is not None:
            lags = self._lag[series].tolist()
            self._lag[series] = [size, *lags[:-1]]
            turn = 2 * math.pi * (local % _DAY) / _DAY
            row += [*lags, size - lags[0], math.sin(turn), math.cos(turn), float((local // _DAY + 3) % 7)]
        score = 0.0
        if self._trees is not None:
            score = float(self._tail(np.array([self._trees.strangeness_one(row)]))[0])
        lower, upper = self._ends[series].tolist()
        return ScoredOne(middle[0], lower, upper, score, _UNUSUAL if score > 0 else 0, size)

    def parts(self) -> Mapping[str, Any]:
        """Everything learned, as arrays and JSON values."""
        found = {name: getattr(self, f"_{name}").copy() for name in (*_STATE, "usual")}
        return found | (self._trees.parts() if self._trees is not None else {})

    @classmethod
    def from_parts(cls, config: Any, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        found = cls(config)
        for name in (*_STATE, "usual"):
            setattr(found, f"_{name}", np.array(parts[name]))
        if "trees" in parts:
            found._trees = IsolationTrees.from_parts(parts)
        return found

    def _grow(self, n: int) -> None:
        more = n - len(self._count)
        if more > 0:
            for name in _STATE:
                old = getattr(self, f"_{name}")
                new = np.full((more, *old.shape[1:]), 1 if name == "spread" else 0, dtype=old.dtype)
                setattr(self, f"_{name}", np.concatenate([old, new]))

    def _settle(self, series: int, values: np.ndarray) -> None:
        """Put a series on its scale."""
        middle = np.nan_to_num(np.nanmedian(np.where(np.isnan(values).all(axis=0), 0.0, values), axis=0))
        away = np.where(np.isnan(values), 0.0, np.abs(values - middle))
        spread = _MAD * np.median(away, axis=0)
        spread = np.where(spread > 0, spread, _MEAN_AD * away.mean(axis=0))
        self._middle[series] = middle
        self._spread[series] = np.where(spread > 0, spread, np.maximum(1e-3 * np.abs(middle), 1e-6))
        self._ends[series] = np.quantile(values[:, 0], [0.005, 0.995])
        self._count[series] = _FIRST

    def _look_at_first(self, rows: Rows, known: np.ndarray) -> np.ndarray:
        """Gather the first values of new series; answers which rows can be scored."""
        series = rows.series[known]
        ready: np.ndarray = self._count[series] >= _FIRST
        if ready.all():
            return ready
        values = _columns(rows)[known]
        for one in np.unique(series[~ready]).tolist():
            places = np.flatnonzero(series == one)
            have = int(self._count[one])
            taken = places[: _FIRST - have]
            self._first[one, have : have + len(taken)] = values[taken]
            self._count[one] += len(taken)
            ready[places[len(taken) :]] = True
            if self._count[one] == _FIRST:
                self._settle(one, self._first[one])
                before = self._first[one, max(have - _LAGS, 0) : have, 0][::-1]
                self._lag[one, : len(before)] = (before - self._middle[one, 0]) / self._spread[one, 0]
        return ready

    def _table(self, rows: Rows, known: np.ndarray) -> np.ndarray:
        """What the forest looks at: values on the scale of their series, those before, and the time."""
        series = rows.series[known]
        scaled: np.ndarray = (_columns(rows)[known] - self._middle[series]) / self._spread[series]
        scaled = np.where(np.isnan(scaled), 0.0, scaled)  # what is not known is taken as usual
        if self.config.time is None:
            return scaled
        lags = self._lags(series, scaled[:, 0])
        local = rows.local[known]
        turn = 2 * math.pi * (local % _DAY) / _DAY
        weekday = (local // _DAY + 3) % 7
        return np.column_stack([scaled, lags, scaled[:, 0] - lags[:, 0], np.sin(turn), np.cos(turn), weekday])

    def _lags(self, series: np.ndarray, scaled: np.ndarray) -> np.ndarray:
        """The values before each of its series, the latest first; the last ones are kept for the next rows."""
        by_series = np.argsort(series, kind="stable")
        numbers, starts, count = np.unique(series[by_series], return_index=True, return_counts=True)
        # Each series' rows after its kept values: their lags then lie before them.
        shift = np.repeat(np.arange(1, len(numbers) + 1) * _LAGS, count)
        line = np.empty(len(series) + len(numbers) * _LAGS)
        heads = starts + np.arange(len(numbers)) * _LAGS
        line[heads[:, None] + np.arange(_LAGS)] = self._lag[numbers][:, ::-1]
        places = np.arange(len(series)) + shift
        line[places] = scaled[by_series]
        found = np.empty((len(series), _LAGS))
        found[by_series] = line[places[:, None] - 1 - np.arange(_LAGS)]
        ends = heads + _LAGS + count
        self._lag[numbers] = line[ends[:, None] - 1 - np.arange(_LAGS)]
        return found

    def _tail(self, strange: np.ndarray) -> np.ndarray:
        """``-log10`` of the share of usual rows that are stranger."""
        ends, beyond = self._usual[:-1], self._usual[-1]
        share = np.interp(strange, ends, _SHARES)
        far = np.maximum(strange - ends[-1], 0.0) / beyond
        found: np.ndarray = np.maximum(-np.log10(share) + far * math.log10(math.e), 0.0)
        return found


def _columns(rows: Rows) -> np.ndarray:
    """Target and further columns, shape (n, 1 + m)."""
    return rows.value[:, None] if rows.others is None else np.column_stack([rows.value, rows.others])

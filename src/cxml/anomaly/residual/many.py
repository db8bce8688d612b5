"""Many series followed at once: the first value of each, then the second of each, in arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.anomaly.residual import course, signals
from cxml.anomaly.residual.arithmetic import MANY
from cxml.anomaly.residual.expectation import LEAST_SEEN, Holiday, Place, step, temper
from cxml.anomaly.residual.followed import Followed
from cxml.anomaly.residual.kinds import Kinds
from cxml.anomaly.residual.metric import tell
from cxml.anomaly.residual.phases import LONG_GAP, SLOTS, Phases, cells, closed_time, open_time
from cxml.anomaly.residual.special import days_of
from cxml.anomaly.rows import Rows, Scored


def follow_many(followed: Followed, kinds: Kinds, phases: Phases, rows: Rows) -> Scored:
    """Score rows and learn from them.

    Parameters
    ----------
    followed : Followed
        Changed in place.
    kinds : Kinds
    phases : Phases
    rows : Rows

    Returns
    -------
    Scored
    """
    ranks = _Ranks.of(rows.series)
    ordered = rows.take(ranks.order)
    level, sd, counted, weight, lag, seen = _expectations(followed, kinds, phases, ordered, ranks)
    told = _tell(kinds, ordered, level, sd, counted)
    told[:3, seen < LEAST_SEEN] = np.nan
    known = ~np.isnan(ordered.value)
    told[3, (seen < LEAST_SEEN) & known] = 0.0
    signs = _signs(followed, phases, ordered, ranks, told[3], weight, lag)
    found = [np.empty(len(rows), dtype=one.dtype) for one in (*told[:3], *signs)]
    for out, one in zip(found, (*told[:3], *signs), strict=True):
        out[ranks.order] = one
    return Scored(*found)


@dataclass(frozen=True)
class _Ranks:
    """Rows by rank in their series; series with more rows come first, so that the first few of them are the active.

    Attributes
    ----------
    order : array of int, shape (n_rows,)
        Puts the rows in that order.
    members : array of int, shape (n_present,)
        The series, those with most rows first.
    active : array of int, shape (n_ranks,)
        How many series have a row of each rank.
    """

    order: np.ndarray
    members: np.ndarray
    active: np.ndarray

    @classmethod
    def of(cls, series: np.ndarray) -> _Ranks:
        number = np.bincount(series)
        members = np.argsort(-number, kind="stable")[: int((number > 0).sum())]
        position = np.empty(len(number), dtype=np.int64)
        position[members] = np.arange(len(members))
        place = position[series]
        by_place = np.argsort(place, kind="stable")
        starts = np.cumsum(number[members]) - number[members]
        rank = np.empty(len(series), dtype=np.int64)
        rank[by_place] = np.arange(len(series)) - np.repeat(starts, number[members])
        return cls(np.lexsort((place, rank)), members, np.bincount(rank))

    def __iter__(self) -> Iterator[tuple[int, slice]]:
        start = 0
        for active in self.active.tolist():
            yield active, slice(start, start + active)
            start += active

    def before(self, values: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The value of the row before in the same series; `first` of the members where there is none."""
        found = np.empty_like(values)
        last = first.copy()
        for active, rows in self:
            found[rows] = last[:active]
            last[:active] = values[rows]
        return found


class _Active:
    """Variables of the members, as those of the first few of them."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self.arrays = arrays
        self._views: list[np.ndarray] = []
        self._state: list[Any] = []
        self._n = -1

    def first(self, n: int) -> list[Any]:
        """Those of the first n; what is put into the list in their place is kept."""
        if n != self._n:
            self.keep()
            self._views = [one[:n] for one in self.arrays]
            self._state, self._n = list(self._views), n
        return self._state

    def keep(self) -> None:
        """Write back what was put in."""
        for one, view, new in zip(self.arrays, self._views, self._state, strict=False):
            if new is not view:
                one[: self._n] = new


def _expectations(
    followed: Followed, kinds: Kinds, phases: Phases, rows: Rows, ranks: _Ranks
) -> tuple[np.ndarray, ...]:
    """Level, standard deviation, variance by counting, weight, lag, and values seen before, of each row."""
    z, noise = kinds.to_scale(rows)
    known = ~np.isnan(z) * 1.0
    z = np.where(known > 0.0, z, 0.0)
    noise = np.nan_to_num(noise)
    series = rows.series
    where = cells(MANY, phases.step[series], phases.bins[series], phases.period[series], rows.time, rows.local)
    places = [series * (followed.bins * width) + cell for cell, width in zip(where, course.WIDTHS, strict=True)]
    special, numbers, sizes = followed.days.table(days_of(rows.local))
    followed.add_effects()
    priors = np.array(followed.days.priors)
    at = series[:, None] * len(priors) + numbers
    kind, least = kinds.kind[ranks.members], kinds.least[ranks.members]
    state = _Active(list(followed.variables[:, ranks.members]))
    out = np.empty((6, len(rows)))
    means, variances = followed.means.reshape(-1), followed.variances.reshape(-1)
    for active, of in ranks:
        own = state.first(active)
        out[5, of] = own[course.SEEN]
        place = Place(
            followed.tables, followed.visits, [one[of] for one in places], kind[:active], noise[of], least[:active]
        )
        holiday = None
        if special[of].any():
            days = np.flatnonzero(special[of])
            rows_ = of.start + days
            holiday = Holiday(days, means, variances, at[rows_].T, sizes[rows_].T, priors[numbers[rows_]].T)
        out[:5, of] = step(MANY, own, place, z[of], known[of], holiday)
    state.keep()
    followed.variables[:, ranks.members] = state.arrays
    return tuple(out)


def _tell(kinds: Kinds, rows: Rows, level: np.ndarray, sd: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Expected value, band and residual of each row; the last is NaN where the value is missing."""
    found = np.empty((4, len(rows)))
    z, _ = kinds.to_scale(rows)
    for kind, own, trials in kinds.groups(rows):
        value, seen = rows.value[own], z[own]
        missing = np.isnan(value)
        value, seen = np.where(missing, 0.0, value), np.where(missing, level[own], seen)
        unit = kinds.unit[rows.series[own]]
        found[:, own] = tell(MANY, kind, value, trials, unit, seen, level[own], sd[own], counted[own])
        found[3, own] = np.where(missing, np.nan, found[3, own])
    return found


def _signs(
    followed: Followed,
    phases: Phases,
    rows: Rows,
    ranks: _Ranks,
    residual: np.ndarray,
    weight: np.ndarray,
    lag: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, kind and size of each row."""
    members = ranks.members
    earlier, before = ranks.before(rows.time, followed.time[members]), ranks.before(rows.local, followed.local[members])
    gap = _gaps(followed, phases, rows, earlier, before)
    same = np.empty(len(rows))
    last = followed.value[members]
    state = _Active([one[members] for one in followed.signals])
    score, kind, size = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64), np.empty(len(rows))
    for active, of in ranks:
        value = rows.value[of]
        same[of] = (value == last[:active]) & (value != 0.0)
        last[:active] = np.where(np.isnan(value), last[:active], value)
        score[of], kind[of], size[of] = signals.step(
            MANY, state.first(active), residual[of], same[of], gap[of], weight[of], lag[of]
        )
        followed.time[members[:active]], followed.local[members[:active]] = rows.time[of], rows.local[of]
    state.keep()
    for one, own in zip(followed.signals, state.arrays, strict=True):
        one[members] = own
    followed.value[members] = last
    score = temper(MANY, score, np.nan_to_num(residual), weight)
    return score, kind, size


def _gaps(followed: Followed, phases: Phases, rows: Rows, earlier: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Open time since the row before in the series, in usual steps; `before` is `earlier` on the wall clock."""
    patterns, base = phases.patterns.reshape(-1), phases.hours[rows.series] * (SLOTS + 1)
    step = phases.step[rows.series]
    passed = open_time(patterns, base, rows.local) - open_time(patterns, base, before)
    # A clock put forward skips no time.
    passed = np.where(before == 0, step, np.minimum(passed, rows.time - earlier))
    if not followed.days.ordinary:
        for row in np.flatnonzero(passed > LONG_GAP * step).tolist():
            first, last = int(before[row]), int(rows.local[row])
            passed[row] -= closed_time(followed.days, patterns, int(base[row]), first, last)
    return np.asarray(passed / step)

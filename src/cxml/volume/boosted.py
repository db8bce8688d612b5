"""Gradient-boosted trees over lags, calendar and covariates, all series together.

One model answers for all lead times: each training row is a period as seen from some earlier origin, with only what was
known there, and the lead among its columns. Values are learned relative to the mean of the last same weekdays, so that
series of any size share what they know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.timeseries.panel import Panel
from cxml.timeseries.shapes import smooth
from cxml.volume.design import Ahead, standardised
from cxml.volume.windows import Window

if TYPE_CHECKING:
    from lightgbm import Booster

_WEEKS, _RECENT, _SMOOTH = 4, 4, 1.0
_MOST_ROWS, _REPEATS = 60_000, 2
_ROUNDS = 100
_PARAMS = {
    "objective": "l1",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "num_threads": 1,  # two threads that wait for a third process are slower than one
}
#: Calendar effects that trees may split on; the others are told by the date itself.
_GROUPS = frozenset(
    {"holiday", "named_holiday", "lunar", "around", "event", "payday", "workday_of_month", "workday_from_end"}
)
#: Boosters fitted while going back over a history; origins between two of them use the earlier one.
_REFITS = 3
_LEAST_TRAIN_ROWS = 200
#: Share of the training rows that look ahead within the day.
_TODAY = 0.1


@dataclass(frozen=True)
class BoostedForecaster:
    """A fitted booster.

    Attributes
    ----------
    ahead : Ahead
    booster : Booster, or None where the history was too short for one
    """

    ahead: Ahead
    booster: Booster | None

    @classmethod
    def learn(cls, panel: Panel, ahead: Ahead, window: Window) -> tuple[Self, np.ndarray]:
        """Fit on the whole panel; and forecast the window by boosters that were fitted before each origin.

        Returns
        -------
        (the forecaster for what comes after, forecasts of the window, shape (K, S, R, M); NaN where none could be
        fitted)
        """
        table = _Table.of(panel, ahead, window.horizon)
        K = len(window.rows)
        found = np.full((*window.rows.shape, window.length, panel.y.shape[2]), np.nan)
        for part in np.array_split(np.arange(K), min(_REFITS, K)):
            first = window.take(part[:1])
            booster = _fit(table, first.rows[0], first.slots[0])
            if booster is not None:
                found[part] = table.forecast(booster, window.take(part))
        return cls(ahead, _fit(table, *np.divmod(panel.ends, panel.y.shape[2]))), found

    def forecast(self, panel: Panel, window: Window) -> np.ndarray:
        """Forecasts of a window of a panel, shape (K, S, R, M)."""
        if self.booster is None:
            return np.full((*window.rows.shape, window.length, panel.y.shape[2]), np.nan)
        return _Table.of(panel, self.ahead, window.horizon).forecast(self.booster, window)

    def parts(self) -> Mapping[str, Any]:
        """Everything learned."""
        return {} if self.booster is None else {"booster": self.booster}

    @classmethod
    def from_parts(cls, ahead: Ahead, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        return cls(ahead, parts.get("booster"))


@dataclass(frozen=True)
class _Table:
    """A panel laid out so that the columns of any cell, seen from any origin, can be looked up."""

    panel: Panel
    horizon: int
    plain: np.ndarray  # (S, D, M) counts without special days
    usual: np.ndarray  # (S, D, M) the same, smoothed along the day
    totals: np.ndarray  # (S, D)
    calendar: np.ndarray  # (D + R, F)
    phases: np.ndarray
    season: np.ndarray  # (D + R, 2): day of month, place in the year
    covariates: np.ndarray  # (C, S, D + R, M)
    running: Mapping[int, np.ndarray]  # days back -> (2, S, D * M + 1): sums up to a place, then and now

    @classmethod
    def of(cls, panel: Panel, ahead: Ahead, horizon: int) -> _Table:
        D, M = panel.y.shape[1:]
        rows = panel.first + np.arange(D + horizon + 1)
        effects = ahead.calendar.effects_of_periods(*panel.clock.spans(rows))
        learned = {name for name, _ in ahead.effects}
        chosen = [
            place
            for place, (name, group) in enumerate(zip(effects.names, effects.groups, strict=True))
            if group in _GROUPS and name in learned
        ]
        calendar = effects.values[:, chosen]
        special = np.array([effects.groups[place] in ("holiday", "lunar") for place in chosen], dtype=bool)
        odd = (calendar[:D, special] != 0).any(axis=1) if panel.clock.unit == "day" else np.zeros(D, dtype=bool)
        plain = np.where(odd[None, :, None], np.nan, panel.y)
        known = ~np.isnan(plain)
        usual = np.where(known, smooth(np.nan_to_num(plain), known, _SMOOTH if M >= 48 else 0.0), np.nan)
        starts = panel.clock.starts(rows)
        of_month = (starts - starts.astype("datetime64[M]").astype("datetime64[D]")).astype(int)
        of_year = rows / panel.clock.a_year % 1.0
        extra = np.full((len(ahead.covariates), len(panel.keys), len(rows), M), np.nan)
        for place, (name, _) in enumerate(ahead.covariates):
            values = standardised(panel, name)[:, : len(rows)]
            extra[place, :, : values.shape[1]] = values
        return cls(
            panel,
            horizon,
            plain,
            usual,
            np.where(known.any(axis=2), np.nansum(usual, axis=2), np.nan),
            calendar,
            panel.clock.phases(rows),
            np.stack([of_month, of_year], axis=1),
            extra,
            {back: _running(panel.y, back) for back in (1, 7)} if M > 1 else {},
        )

    def columns(self, s: np.ndarray, d: np.ndarray, m: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns of cells as seen from a place (row * M + slot), and the unit of each: shapes (N, F) and (N,)."""
        D, M = self.panel.y.shape[1:]
        cycle = self.panel.clock.cycle
        row, slot = np.divmod(place, M)
        first = row + (m < slot)  # the first row whose slot m is not known
        lead = d - first

        def at(values: np.ndarray, rows: np.ndarray, known: np.ndarray, *rest: np.ndarray) -> np.ndarray:
            inside = (rows >= 0) & (rows < np.minimum(known, D))
            where = s, np.clip(rows, 0, D - 1), *rest
            found = values[where]
            if values is self.usual:  # of a row that was seen in part, smoothing would show the rest
                found = np.where(rows == row, self.plain[where], found)
            return np.where(inside, found, np.nan)

        back = lead // cycle + 1
        weeks = np.stack([at(self.usual, d - cycle * (back + i), first, m) for i in range(2 * _WEEKS)], axis=1)
        recent = np.stack([at(self.usual, first - 1 - i, first, m) for i in range(_RECENT)], axis=1)
        unit = _mean(weeks)
        unit = np.where(np.isfinite(unit) & (unit > 0), unit, _mean(recent))
        unit = np.where(unit > 0, unit, np.nan)
        year = at(self.usual, d - round(self.panel.clock.a_year / cycle) * cycle, first, m)
        sums = np.stack([at(self.totals, row - 1 - i, row) for i in range(4 * cycle)], axis=1)
        trend = _mean(sums[:, :cycle]) / np.maximum(_mean(sums), 1e-9)
        last = sums[:, 0] / np.maximum(_mean(sums[:, cycle - 1 :: cycle]), 1e-9)
        columns = np.concatenate(
            [
                np.stack([self.phases[d], m, lead, *self.season[d].T, np.log1p(np.nan_to_num(unit))], axis=1),
                weeks[:, :_WEEKS] / unit[:, None],
                recent / unit[:, None],
                np.stack([year / unit, trend, last, *self._just_now(s, place), d * M + m - place], axis=1),
                self.calendar[d],
                self.covariates[:, s, d, m].T,
            ],
            axis=1,
        )
        return columns, unit

    def _just_now(self, s: np.ndarray, place: np.ndarray) -> list[np.ndarray]:
        """What came within the last hours before a place, relative to the same hours of a day and a week before."""
        M = self.panel.y.shape[2]
        found = []
        for back, sums in self.running.items():
            for length in sorted({max(1, M // 24), max(1, M // 6)}) if M > 1 else ():
                upper = np.clip(place, 0, sums.shape[2] - 1)
                lower = np.clip(place - length, 0, sums.shape[2] - 1)
                now, then = sums[:, s, upper] - sums[:, s, lower]
                found.append(np.where((then > 0) & (place > back * M + length), now / np.maximum(then, 1e-9), np.nan))
        return found

    def forecast(self, booster: Booster, window: Window) -> np.ndarray:
        """Forecasts of all cells of a window, shape (K, S, R, M)."""
        M = self.panel.y.shape[2]
        shape = (*window.rows.shape, window.length, M)
        open_slots = self.panel.opening.any(axis=(0, 1))
        _, s, h, m = (one.ravel() for one in np.indices(shape)[..., open_slots])
        k = np.indices(shape)[0][..., open_slots].ravel()
        d = window.rows[k, s] + h
        columns, unit = self.columns(s, d, m, window.rows[k, s] * M + window.slots[k, s])
        told = np.full(len(s), np.nan)
        fine = np.isfinite(unit)
        if fine.any():
            told[fine] = np.maximum(booster.predict(columns[fine]), 0.0) * unit[fine]
        found = np.full(shape, np.nan)
        found[k, s, h, m] = told
        return found


def _fit(table: _Table, rows: np.ndarray, slots: np.ndarray) -> Booster | None:
    """Fit on the cells before each series' row, as seen from origins before them, half of them at the given slot."""
    from cxml.boosting import train_booster

    panel = table.panel
    D, M = panel.y.shape[1:]
    before = rows[:, None] - np.arange(D)[None] > 0
    s, d, m = np.nonzero(~np.isnan(panel.y) & before[..., None])
    random = np.random.default_rng(0)
    if len(s) * _REPEATS > _MOST_ROWS:
        some = np.sort(random.choice(len(s), _MOST_ROWS // _REPEATS, replace=False))
        s, d, m = s[some], d[some], m[some]
    s, d, m = (np.tile(one, _REPEATS) for one in (s, d, m))
    lead = random.integers(0, table.horizon, len(s))
    if M > 1:  # what the morning tells of the day is worth learning as well as what lies weeks ahead
        lead = np.where(random.random(len(s)) < _TODAY, 0, lead)
    slot = np.where(random.random(len(s)) < 0.5, slots[s], random.integers(0, M, len(s)))
    place = np.minimum((d - lead) * M + slot, d * M + m)
    columns, unit = table.columns(s, d, m, place)
    fine = np.isfinite(unit) & (unit > 0) & (place > 0)
    if fine.sum() < _LEAST_TRAIN_ROWS:
        return None
    seen = np.where(before[..., None], panel.y, np.nan).reshape(len(panel.keys), -1)
    usual = np.maximum(np.nan_to_num(_mean(seen)), 1e-9)
    weight = np.clip(unit / usual[s], 0.02, 50.0)
    target = np.clip(panel.y[s, d, m][fine] / unit[fine], 0.0, 20.0)
    return train_booster(columns[fine], target, params=_PARAMS, rounds=_ROUNDS, weight=weight[fine])


def _running(y: np.ndarray, back: int) -> np.ndarray:
    """Running sums of the cells that are known both now and `back` days before, now and then."""
    S, D, M = y.shape
    before = np.full(y.shape, np.nan)
    before[:, back:] = y[:, : D - back] if back < D else y[:, :0]
    both = ~np.isnan(y) & ~np.isnan(before)
    found = np.zeros((2, S, D * M + 1))
    for place, values in enumerate((y, before)):
        found[place, :, 1:] = np.cumsum(np.where(both, values, 0.0).reshape(S, -1), axis=1)
    return found


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean of what is known along the last axis; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    found: np.ndarray = np.where(count > 0, np.where(known, values, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)
    return found

"""What is known of the rows of a panel ahead of time: calendar effects, waves of the year, covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.timeseries.calendar import Calendar
from cxml.timeseries.clock import Clock
from cxml.timeseries.levels import NOT_SPECIAL, PRIORS, Design, years_design
from cxml.timeseries.panel import Panel

#: Waves over the year, where the history spans this share of one.
_WAVES, _LEAST_YEARS = 6, 0.6


@dataclass(frozen=True)
class Ahead:
    """How a history's calendar and covariates become columns, the same for learning and for forecasting.

    Attributes
    ----------
    clock : Clock
    calendar : Calendar
    effects : tuple of (name, group)
        Calendar effects that occurred within the history.
    waves : int
        Waves over the year.
    covariates : tuple of (name, whether it is the same all day)
        Those that vary within the day say nothing of its level: the trees use them, slot by slot.
    """

    clock: Clock
    calendar: Calendar
    effects: tuple[tuple[str, str], ...]
    waves: int
    covariates: tuple[tuple[str, bool], ...]

    @classmethod
    def learn(cls, clock: Clock, calendar: Calendar, rows: np.ndarray, covariates: Mapping[str, np.ndarray]) -> Ahead:
        """Keep the effects that occur within `rows`, and what kind each covariate is of."""
        found = calendar.effects_of_periods(*clock.spans(rows))
        # A month or a week holds each day of the month or none: only what moves from year to year is left to learn.
        daily = clock.unit == "day"
        seen = [
            (name, group)
            for name, group, values in zip(found.names, found.groups, found.values.T, strict=True)
            if np.any(values != 0) and (daily or group not in _OF_DAYS)
        ]
        waves = _WAVES if clock.unit != "month" and len(rows) >= _LEAST_YEARS * clock.a_year else 0
        told = tuple((name, _same_all_day(values)) for name, values in covariates.items())
        return cls(clock, calendar, tuple(seen), waves, told)

    @property
    def drivers(self) -> tuple[str, ...]:
        """Covariates that the level follows."""
        return tuple(name for name, daily in self.covariates if daily)

    def design(self, rows: np.ndarray, covariates: np.ndarray) -> Design:
        """Columns for rows of series that share their covariates.

        Parameters
        ----------
        rows : array of int, shape (D,)
        covariates : array, shape (D, C)
            Of whole rows, standardised, in the order of `drivers`; NaN counts as the mean.
        """
        found = self.calendar.effects_of_periods(*self.clock.spans(rows))
        names = [name for name, _ in self.effects]
        waves, wave_prior = years_design(self.clock.a_year, rows, self.waves)
        groups = [group for _, group in self.effects]
        prior = np.r_[
            [PRIORS.get(group, 1.0) for group in groups], wave_prior, np.full(covariates.shape[1], PRIORS["covariate"])
        ]
        special = np.r_[
            [group not in NOT_SPECIAL for group in groups], np.zeros(len(wave_prior) + covariates.shape[1], dtype=bool)
        ].astype(bool)
        told = Calendar.align(found, names)
        causes = np.array([group not in NOT_SPECIAL or group in _EVENTS for group in groups], dtype=bool)
        effects = np.concatenate([told, waves, np.nan_to_num(covariates)], axis=1)
        caused = np.any(told[:, causes] != 0, axis=1)
        return Design(self.clock.phases(rows), self.clock.cycle, effects, prior, special, caused)

    def is_holiday(self, rows: np.ndarray) -> np.ndarray:
        """Whether each row is a public holiday on what would be a working day; False for weeks and months."""
        if self.clock.unit != "day":
            return np.zeros(len(rows), dtype=bool)
        found = self.calendar.effects_of_periods(*self.clock.spans(rows))
        listed: np.ndarray = Calendar.align(found, ["holiday"])[:, 0] > 0
        return listed

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "clock": self.clock.to_json(),
            "calendar": self.calendar.to_json(),
            "effects": [list(one) for one in self.effects],
            "waves": self.waves,
            "covariates": [list(one) for one in self.covariates],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Ahead:
        """Back from `to_json`."""
        return cls(
            Clock.from_json(values["clock"]),
            Calendar.from_json(values["calendar"]),
            tuple((name, group) for name, group in values["effects"]),
            int(values["waves"]),
            tuple((name, bool(daily)) for name, daily in values["covariates"]),
        )


_OF_DAYS = frozenset({"month_day", "workday_of_month", "workday_from_end", "payday"})


_EVENTS = frozenset({"event", "after_event"})


def _same_all_day(values: np.ndarray) -> bool:
    """Whether a covariate, of shape (S, D, M), has one value a row."""
    known = ~np.isnan(values)
    high = np.where(known, values, -np.inf).max(axis=2)
    low = np.where(known, values, np.inf).min(axis=2)
    return bool((high <= low).all())


def standardised(panel: Panel, name: str) -> np.ndarray:
    """A covariate less its mean, over its spread, each of the known history of the series; shape (S, D, M)."""
    values = panel.covariates[name]
    known = ~np.isnan(values) & ~np.isnan(panel.y)
    count = np.maximum(known.sum(axis=(1, 2)), 1)
    mean = np.where(known, values, 0.0).sum(axis=(1, 2)) / count
    gap = values - mean[:, None, None]
    spread = np.sqrt(np.where(known, gap**2, 0.0).sum(axis=(1, 2)) / count)
    found: np.ndarray = gap / np.where(spread > 0, spread, 1.0)[:, None, None]
    return found


def drivers_of(panel: Panel, ahead: Ahead) -> np.ndarray:
    """The covariates that the level follows, one value a row, shape (S, D, C)."""
    if not ahead.drivers:
        return np.zeros((*panel.y.shape[:2], 0))
    rows = []
    for name in ahead.drivers:
        values = standardised(panel, name)
        known = ~np.isnan(values)
        count = known.sum(axis=2)
        total = np.where(known, values, 0.0).sum(axis=2)
        rows.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    return np.stack(rows, axis=2)

"""What is known of the rows of a panel ahead of time: calendar effects, waves of the year, covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.timeseries.calendar import Calendar
from cxml.timeseries.clock import Clock
from cxml.timeseries.levels import NOT_SPECIAL, PRIORS, Design, years_design

#: Waves over the year, where the history spans this share of one.
_WAVES, _LEAST_YEARS = 6, 0.6
_HOLIDAY_GROUPS = frozenset({"holiday", "named_holiday", "lunar"})


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
    covariates : tuple of (name, centre, spread)
    """

    clock: Clock
    calendar: Calendar
    effects: tuple[tuple[str, str], ...]
    waves: int
    covariates: tuple[tuple[str, float, float], ...]

    @classmethod
    def learn(cls, clock: Clock, calendar: Calendar, rows: np.ndarray, covariates: Mapping[str, np.ndarray]) -> Ahead:
        """Keep the effects that occur within `rows`, and the scale of each covariate."""
        found = calendar.effects_of_periods(*clock.spans(rows))
        # A month or a week holds each day of the month or none: only what moves from year to year is left to learn.
        daily = clock.unit == "day"
        seen = [
            (name, group)
            for name, group, values in zip(found.names, found.groups, found.values.T, strict=True)
            if np.any(values != 0) and (daily or group not in _OF_DAYS)
        ]
        waves = _WAVES if clock.unit != "month" and len(rows) >= _LEAST_YEARS * clock.a_year else 0
        scales = []
        for name, values in covariates.items():
            known = values[~np.isnan(values)]
            spread = float(known.std()) if len(known) else 0.0
            scales.append((name, float(known.mean()) if len(known) else 0.0, spread if spread > 0 else 1.0))
        return cls(clock, calendar, tuple(seen), waves, tuple(scales))

    def design(self, rows: np.ndarray, covariates: np.ndarray) -> Design:
        """Columns for rows of series that share their covariates.

        Parameters
        ----------
        rows : array of int, shape (D,)
        covariates : array, shape (D, C)
            Of whole rows, in the order of `covariates`; NaN counts as the mean.
        """
        found = self.calendar.effects_of_periods(*self.clock.spans(rows))
        names = [name for name, _ in self.effects]
        waves, wave_prior = years_design(self.clock.a_year, rows, self.waves)
        centre = np.array([one for _, one, _ in self.covariates])
        spread = np.array([one for _, _, one in self.covariates])
        drivers = np.nan_to_num((covariates - centre) / spread) if len(centre) else np.zeros((len(rows), 0))
        groups = [group for _, group in self.effects]
        prior = np.r_[
            [PRIORS.get(group, 1.0) for group in groups], wave_prior, np.full(len(centre), PRIORS["covariate"])
        ]
        special = np.r_[
            [group not in NOT_SPECIAL for group in groups], np.zeros(len(wave_prior) + len(centre), dtype=bool)
        ].astype(bool)
        effects = np.concatenate([Calendar.align(found, names), waves, drivers], axis=1)
        return Design(self.clock.phases(rows), self.clock.cycle, effects, prior, special)

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
            tuple((name, centre, spread) for name, centre, spread in values["covariates"]),
        )


_OF_DAYS = frozenset({"month_day", "workday_of_month", "workday_from_end", "payday"})


def rows_of_covariates(covariates: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of each covariate over the known slots of a row, shape (S, D, C)."""
    if not covariates:
        return np.zeros((0, 0, 0))
    means = []
    for values in covariates:
        known = ~np.isnan(values)
        count = known.sum(axis=2)
        means.append(np.where(count > 0, np.where(known, values, 0.0).sum(axis=2) / np.maximum(count, 1), np.nan))
    return np.stack(means, axis=2)

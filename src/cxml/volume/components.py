"""The forecasters that a volume model is made of, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from cxml.timeseries.panel import Panel
from cxml.volume.baseline import repeat_season
from cxml.volume.boosted import BoostedForecaster
from cxml.volume.design import Ahead
from cxml.volume.profile import ProfileForecaster
from cxml.volume.windows import Window

#: Seasons that the mean of the last same weekdays is taken over.
_SEASONS = 6
BASELINES = ("seasonal_naive", "weekday_mean")


class Component(Protocol):
    """Forecasts the cells of a window from what the panel holds before them."""

    @classmethod
    def learn(cls, panel: Panel, ahead: Ahead, window: Window) -> tuple[Self, np.ndarray]:
        """Learn from all that is known, and forecast the window by what was known then, shape (K, S, R, M)."""
        ...

    def forecast(self, panel: Panel, window: Window) -> np.ndarray:
        """Forecast a window, shape (K, S, R, M); NaN where it cannot say."""
        ...

    def parts(self) -> Mapping[str, Any]:
        """Everything learned."""
        ...

    @classmethod
    def from_parts(cls, ahead: Ahead, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        ...


@dataclass(frozen=True)
class _Repeat:
    """A baseline: nothing is learned."""

    seasons = 1

    @classmethod
    def learn(cls, panel: Panel, ahead: Ahead, window: Window) -> tuple[Self, np.ndarray]:  # noqa: ARG003
        found = cls()
        return found, found.forecast(panel, window)

    def forecast(self, panel: Panel, window: Window) -> np.ndarray:
        return repeat_season(panel, window, seasons=self.seasons)

    def parts(self) -> Mapping[str, Any]:
        return {}

    @classmethod
    def from_parts(cls, ahead: Ahead, parts: Mapping[str, Any]) -> Self:  # noqa: ARG003
        return cls()


class SeasonalNaive(_Repeat):
    """Last week again."""


class WeekdayMean(_Repeat):
    """The mean of the last six same weekdays."""

    seasons = _SEASONS


COMPONENTS: Mapping[str, type[Component]] = {
    "profile": ProfileForecaster,
    "boosted": BoostedForecaster,
    "seasonal_naive": SeasonalNaive,
    "weekday_mean": WeekdayMean,
}

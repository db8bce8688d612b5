"""The settings of alarms as numbers: budget, spans, sides, and when nothing is to be raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.anomaly.columns import KINDS
from cxml.timeseries.clock import seconds_in

if TYPE_CHECKING:
    from cxml.anomaly.config import AnomalyConfig

NANOSECONDS = 1_000_000_000
_DAY = 86_400 * NANOSECONDS
_EPOCH = date(1970, 1, 1).toordinal()
_FOREVER = 2**63 - 1
_SIGNS = {"both": 0, "up": 1, "down": -1}

#: By number of the kind: whether trouble of this kind is up or down.
HAS_SIDE = np.array([kind not in ("variance", "frozen", "missing", "unusual") for kind in KINDS])


@dataclass(frozen=True)
class Mute:
    """A time in which a series, or all, raise no alert.

    Attributes
    ----------
    series : str, optional
        Name of the series; None for all.
    start, end : int
        Nanoseconds since 1970 on the wall clock, both included.
    """

    series: str | None
    start: int
    end: int

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `cxml.anomaly.config.read_mutes`: moments in ISO form, a missing end is open.

        Examples
        --------
        >>> Mute.read({"series": None, "start": "1970-01-02T00:00:00", "end": None}).start
        86400000000000
        """
        end = row["end"]
        return cls(row["series"], _nanoseconds(row["start"]), _FOREVER if end is None else _nanoseconds(end))

    def covers(self, name: str, local: int) -> bool:
        """Whether a series is muted at a moment on the wall clock."""
        return (self.series is None or self.series == name) and self.start <= local <= self.end


@dataclass(frozen=True)
class Rules:
    """The settings of alarms as numbers.

    Attributes
    ----------
    budget : float > 0
        Alerts allowed per span, over all series.
    span : int
        Nanoseconds of the budget's span.
    span_name : str
        The span as it was written.
    least_score, hysteresis : float
    cooldown : int
        Nanoseconds.
    together : float
        Periods.
    sign : {0, 1, -1}
        Which deviations count: both, those up, those down.
    event_days : frozenset of int
        Days since 1970 that belong to a known event.
    mutes : tuple of Mute
    """

    budget: float
    span: int
    span_name: str
    least_score: float
    hysteresis: float
    cooldown: int
    together: float
    sign: int
    event_days: frozenset[int]
    mutes: tuple[Mute, ...]

    @classmethod
    def read(cls, config: AnomalyConfig) -> Self:
        """Take the settings of alarms from a config, which has checked them.

        Examples
        --------
        >>> from cxml.anomaly.config import AnomalyConfig
        >>> rules = Rules.read(AnomalyConfig(budget=2, budget_span="1D", side="up"))
        >>> rules.span // NANOSECONDS, rules.sign
        (86400, 1)
        """
        days = (
            range(event.start.toordinal() - _EPOCH, event.end.toordinal() - _EPOCH + 1)
            for event in config.known_events()
        )
        return cls(
            budget=float(config.budget),
            span=int(seconds_in(config.budget_span) * NANOSECONDS),
            span_name=config.budget_span,
            least_score=float(config.least_score),
            hysteresis=float(config.hysteresis),
            cooldown=int(seconds_in(config.cooldown) * NANOSECONDS),
            together=float(config.together),
            sign=_SIGNS[config.side],
            event_days=frozenset(day for span in days for day in span),
            mutes=tuple(Mute.read(row) for row in config.mute),
        )

    def on_event(self, local: int) -> bool:
        """Whether a moment on the wall clock belongs to a known event."""
        return bool(self.event_days) and local // _DAY in self.event_days

    def wrong_side(self, kind: int, size: float) -> bool:
        """Whether a deviation is of the side that does not count."""
        return self.sign != 0 and bool(HAS_SIDE[kind]) and not size * self.sign > 0

    def wrong_sides(self, kinds: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """The same of many."""
        with np.errstate(invalid="ignore"):
            found: np.ndarray = HAS_SIDE[kinds] & ~(sizes * self.sign > 0) & (self.sign != 0)
        return found


def _nanoseconds(text: str) -> int:
    """A moment as it was written, without its zone: mutes, as events, are meant on the wall clock."""
    import pandas as pd

    return int(pd.Timestamp(text).tz_localize(None).as_unit("ns").value)

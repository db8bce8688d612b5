"""What can be set when contact volume is forecast."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, get_args

from cxml.errors import ConfigError, shorten
from cxml.timeseries.calendar import Calendar
from cxml.timeseries.clock import seconds_in
from cxml.timeseries.events import Event, read_events
from cxml.timeseries.panel import Gaps


@dataclass(frozen=True, kw_only=True)
class VolumeConfig:
    """Settings of a volume model.

    Parameters
    ----------
    horizon : int >= 1, or text such as ``"14D"``
        How far to look ahead: open periods of each series, or a span of time.
    key : str, optional, default="unique_id"
        The column that names the series. A frame without this default column is one series.
    time, target : str, default="ds", "y"
        The columns with the start of each period and with its contacts.
    country : str, optional
        ISO code such as ``"KR"``, for its public holidays.
    subdivision : str, optional
        Part of the country with holidays of its own.
    events : table of ``name, start, end``, optional ``size``
        What was or will be out of the ordinary: promotions, launches, outages, billing days. A DataFrame, or records.
    covariates : tuple of str, optional
        Columns that are known ahead. By default every other numeric column.
    groups : tuple of str, default=()
        Columns, such as channel and reason, by which totals are forecast too; totals equal the sums of their parts. The
        grand total comes with any of them, and alone with that of the series.
    gaps : {"raise", "missing", "zero"}, default="raise"
        What it means when a period within opening hours has no row: a mistake, unknown contacts, or none.
    point : {"median", "mean"}, optional
        What ``contacts`` is: the median, as often too high as too low, has the smallest absolute error; means add up,
        to days and to totals. By default the median; but the mean where there are `groups`, or where contacts are so
        few that medians would not add up.
    origins : int >= 1, default=6
        How many origins judge, where the history is long enough for so many.
    seed : int >= 0, default=0

    Raises
    ------
    ConfigError
        If a value is outside its range.

    Examples
    --------
    >>> VolumeConfig(horizon="4W", country="KR").horizon
    '4W'
    >>> VolumeConfig(horizon=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: horizon must be a number of periods from 1 up, or a span such as '14D' - got 0.
    """

    horizon: int | str
    key: str | None = "unique_id"
    time: str = "ds"
    target: str = "y"
    country: str | None = None
    subdivision: str | None = None
    events: Any = ()
    covariates: tuple[str, ...] | None = None
    groups: tuple[str, ...] = ()
    gaps: Gaps = "raise"
    point: str | None = None
    origins: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        read_horizon(self.horizon)
        for name in ("covariates", "groups"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
        told = read_events(_listed(self.events))
        plain = tuple((one.name, str(one.start), str(one.end), float(one.size)) for one in told)
        object.__setattr__(self, "events", tuple({"name": a, "start": b, "end": c, "size": d} for a, b, c, d in plain))
        for name, known in (("gaps", get_args(Gaps)), ("point", ("mean", "median", None))):
            if getattr(self, name) not in known:
                raise ConfigError(f"{name} must be one of {shorten(known)} - got {getattr(self, name)!r}.")
        if not (isinstance(self.origins, int) and self.origins >= 1):
            raise ConfigError(f"origins must be a whole number from 1 up - got {self.origins!r}.")
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise ConfigError(f"seed must be a whole number from 0 up - got {self.seed!r}.")
        self.calendar()  # refuses a country that is not known

    def calendar(self) -> Calendar:
        """The calendar of the country, with the events."""
        return Calendar(self.country, subdivision=self.subdivision, events=self.known_events())

    def known_events(self) -> tuple[Event, ...]:
        """The events as such."""
        return read_events(list(self.events)) if self.events else ()


def _listed(events: Any) -> Any:
    """Events as something that can be read twice."""
    if events is None:
        return []
    return events if hasattr(events, "columns") else list(events)


def read_horizon(horizon: object) -> int | float:
    """Periods as a whole number, or a span in days as a float.

    >>> read_horizon(28), read_horizon("2W")
    (28, 14.0)
    """
    if isinstance(horizon, Integral) and not isinstance(horizon, bool) and int(horizon) >= 1:
        return int(horizon)
    if isinstance(horizon, str):
        days = seconds_in(horizon) / 86_400
        if days > 0:
            return days
    raise ConfigError(f"horizon must be a number of periods from 1 up, or a span such as '14D' - got {horizon!r}.")

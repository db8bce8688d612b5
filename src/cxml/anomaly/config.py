"""What can be set when service metrics are watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from cxml.errors import ConfigError, nearest, shorten
from cxml.timeseries.calendar import Calendar
from cxml.timeseries.clock import seconds_in
from cxml.timeseries.events import Event, read_events
from cxml.values import is_missing, is_number

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Kinds of metrics, which say what is usual of a value before any is seen.
METRICS = ("count", "rate", "positive", "share", "real")
SIDES = ("both", "up", "down")
NEW_SERIES = ("begin", "refuse")
_MUTE_COLUMNS = ("series", "start", "end")


@dataclass(frozen=True, kw_only=True)
class AnomalyConfig:
    """Settings of a model that watches metrics.

    Parameters
    ----------
    key : str, optional, default="unique_id"
        The column that names the series. A frame without this default column is one series.
    time : str, optional, default="ds"
        The column with the moment of each value, regular or not. None: rows of a table without time, such as agents or
        customers, which only the method ``forest`` takes.
    target : str, default="y"
        The column with the value. Of a rate: the numerator, so many of the trials.
    denominator : str, optional
        The column with the trials of a rate: calls offered, where the target is calls abandoned. What comes out
        (``expected``, ``lower``, ``upper``) is then a share. A row with no trials says nothing.
    label : str, optional
        The column that says whether a row lies in known trouble (1) or not (0): it judges, and is never learned from.
    columns : tuple of str, default=()
        Further columns of numbers that the method ``forest`` looks at together with the target.
    metric : {"auto", "count", "rate", "positive", "share", "real"} or mapping of series -> one, default="auto"
        What the values are: whole numbers from 0 up, shares of trials, times and amounts above 0, shares in 0 to 1, or
        any numbers. ``"auto"`` tells by the values of each series.
    country : str, optional
        ISO code such as ``"KR"``, for its public holidays.
    subdivision : str, optional
        Part of the country with holidays of its own.
    events : table of ``name, start, end``, optional ``size``
        What was or will be out of the ordinary and is known: promotions, launches, billing days.
    budget : float > 0, alerts, default=5.0
        How many alerts are wanted in each `budget_span`, over all series together. The threshold follows from it.
    budget_span : str, default="7D"
        A span of time.
    least_score : float > 0, default=2.0
        No alert is raised below this score, however large the budget: 2 is once in a hundred values. It keeps quiet
        weeks quiet where the budget would allow more alerts than there is news; raise it to hear of rarer things alone.
    hysteresis : float in (0, 1], default=0.5
        An alert stays open while scores exceed this share of the threshold.
    cooldown : str, default="0h"
        Span after the end of an alert in which its series raises none.
    together : int >= 0, periods, default=2
        Series that start to misbehave within so many periods make one alert; 0: never.
    side : {"both", "up", "down"}, default="both"
        Which deviations are trouble.
    mute : table of ``series, start, end``, default=()
        When no alert is wanted: of one series, or of all where the series is missing; a missing end is open, and one
        without an hour lasts to the end of its day.
    new_series : {"begin", "refuse"}, default="begin"
        What a series that was never seen means: it begins, or it is an error.
    seed : int >= 0, default=0

    Raises
    ------
    ConfigError
        If a value is outside its range.

    Examples
    --------
    >>> AnomalyConfig(budget=2, budget_span="1D").budget
    2.0
    >>> AnomalyConfig(budget=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: budget must be a number of alerts above 0 for each span of '7D' - got 0. To hear of \
nothing, do not ask; to be told less, set 0.5.
    """

    #: Whether rows of a table without time, and further columns, mean anything to the method.
    takes_tables: ClassVar[bool] = False

    key: str | None = "unique_id"
    time: str | None = "ds"
    target: str = "y"
    denominator: str | None = None
    label: str | None = None
    columns: tuple[str, ...] = ()
    metric: str | Mapping[str, str] = "auto"
    country: str | None = None
    subdivision: str | None = None
    events: Any = ()
    budget: float = 5.0
    budget_span: str = "7D"
    least_score: float = 2.0
    hysteresis: float = 0.5
    cooldown: str = "0h"
    together: int = 2
    side: str = "both"
    mute: Any = ()
    new_series: str = "begin"
    seed: int = 0

    def __post_init__(self) -> None:
        columns = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
        object.__setattr__(self, "columns", columns)
        self._check_names()
        self._check_metric()
        self._check_budget()
        self._check_alerts()
        told = read_events(_listed(self.events))
        plain = tuple((one.name, str(one.start), str(one.end), float(one.size)) for one in told)
        object.__setattr__(self, "events", tuple({"name": a, "start": b, "end": c, "size": d} for a, b, c, d in plain))
        object.__setattr__(self, "mute", read_mutes(_listed(self.mute)))
        self.calendar()  # refuses a country that is not known

    def calendar(self) -> Calendar:
        """The calendar of the country, with the events."""
        return Calendar(self.country, subdivision=self.subdivision, events=self.known_events())

    def known_events(self) -> tuple[Event, ...]:
        """The events as such."""
        return read_events(list(self.events)) if self.events else ()

    def _check_names(self) -> None:
        if not self.takes_tables and (self.time is None or self.columns):
            what = f"columns={self.columns!r}" if self.columns else "time=None"
            raise ConfigError(
                f"Rows without time, and several columns together, are for the method 'forest' - got {what} for "
                "another. Pass method='forest', or watch each column as a series of its own."
            )
        if not isinstance(self.target, str):
            raise ConfigError(f"target must be the name of a column - got {self.target!r}.")
        for name in ("key", "time", "denominator", "label"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, str):
                raise ConfigError(f"{name} must be the name of a column, or None - got {given!r}.")
        named = [one for one in (self.key, self.time, self.target, self.denominator, self.label, *self.columns) if one]
        twice = sorted({one for one in named if named.count(one) > 1})
        if twice:
            raise ConfigError(f"A column has one part to play - got {shorten(twice)} for several. Name another.")

    def _check_metric(self) -> None:
        given = self.metric
        if isinstance(given, Mapping):
            object.__setattr__(self, "metric", {str(name): one for name, one in given.items()})
        told = list(given.values()) if isinstance(given, Mapping) else [given]
        for one in told:
            if one not in (*METRICS, "auto"):
                raise ConfigError(
                    f"metric must be one of {shorten(('auto', *METRICS), 9)} - got {one!r}."
                    f"{nearest(str(one), METRICS)} Leave it out, and the values tell."
                )
        if "rate" in told and self.denominator is None:
            raise ConfigError(
                "A rate needs its trials - got metric='rate' and no denominator. Name the column of trials, "
                "denominator=..., with the numerator as target; or take metric='share' for shares without trials."
            )

    def _check_budget(self) -> None:
        if not (is_number(self.budget) and self.budget > 0):
            raise ConfigError(
                f"budget must be a number of alerts above 0 for each span of {self.budget_span!r} - got "
                f"{self.budget!r}. To hear of nothing, do not ask; to be told less, set 0.5."
            )
        object.__setattr__(self, "budget", float(self.budget))
        for name, least in (("budget_span", 1e-9), ("cooldown", 0.0)):
            given = getattr(self, name)
            if not (isinstance(given, str) and seconds_in(given) >= least):
                raise ConfigError(f"{name} must be a span of time such as '7D' or '12h' - got {given!r}.")
        if not (is_number(self.least_score) and self.least_score > 0):
            raise ConfigError(
                f"least_score must be a number above 0 - got {self.least_score!r}. 3 is once in a thousand values."
            )
        if not (is_number(self.hysteresis) and 0 < self.hysteresis <= 1):
            raise ConfigError(f"hysteresis must be a share of the threshold in (0, 1] - got {self.hysteresis!r}.")

    def _check_alerts(self) -> None:
        for name, known in (("side", SIDES), ("new_series", NEW_SERIES)):
            if getattr(self, name) not in known:
                raise ConfigError(f"{name} must be one of {shorten(known)} - got {getattr(self, name)!r}.")
        for name in ("together", "seed"):
            given = getattr(self, name)
            if not isinstance(given, int) or isinstance(given, bool) or given < 0:
                raise ConfigError(f"{name} must be a whole number from 0 up - got {given!r}.")


def read_mutes(table: Any) -> tuple[dict[str, str | None], ...]:
    """Read when no alert is wanted.

    Parameters
    ----------
    table : DataFrame, or sequence of mapping
        ``series`` (missing: all), ``start``, ``end`` (missing: open; a day without an hour: to the end of the day).

    Returns
    -------
    tuple of dict
        The same as text: moments in ISO form.

    Raises
    ------
    ConfigError
        If a column is none of these or a moment cannot be read.

    Examples
    --------
    >>> read_mutes([{"series": "a", "start": "2026-01-01 09:00"}])
    ({'series': 'a', 'start': '2026-01-01T09:00:00', 'end': None},)
    >>> read_mutes([{"serie": "a", "start": "2026-01-01"}])
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: mute has the columns 'series', 'start', 'end' - got 'serie'. Did you mean 'series'?
    """
    rows: Iterable[Mapping[str, Any]] = table.to_dict("records") if hasattr(table, "to_dict") else table
    return tuple(_mute(row) for row in rows)


def _mute(row: Mapping[str, Any]) -> dict[str, str | None]:
    for name in row:
        if name not in _MUTE_COLUMNS:
            raise ConfigError(
                f"mute has the columns {shorten(_MUTE_COLUMNS)} - got {name!r}.{nearest(name, _MUTE_COLUMNS)}"
            )
    series = row.get("series")
    start, end = _moment(row.get("start"), "start"), _moment(row.get("end"), "end", last=True)
    if start is None:
        raise ConfigError("mute must say from when - got no 'start'. Give a date or a time.")
    if end is not None and end < start:
        raise ConfigError(f"mute must end after its start - got {start} to {end}. Correct one of the two.")
    return {"series": None if is_missing(series) else str(series), "start": start, "end": end}


def _moment(value: Any, name: str, *, last: bool = False) -> str | None:
    import pandas as pd

    if is_missing(value):
        return None
    try:
        moment = pd.Timestamp(value)
        if last and (type(value) is date or (isinstance(value, str) and ":" not in value and moment.hour == 0)):
            moment += pd.Timedelta("1D") - pd.Timedelta("1us")  # a day without an hour lasts to its end, as events do
        return str(moment.isoformat())
    except (TypeError, ValueError):
        raise ConfigError(
            f"mute needs a date or a time as {name!r} - got {value!r}. Write it as 2026-01-31 09:30."
        ) from None


def _listed(table: Any) -> Any:
    """A table as something that can be read twice."""
    if table is None:
        return []
    return table if hasattr(table, "columns") else list(table)

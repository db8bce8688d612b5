"""How many agents: from the forecast of contacts and its uncertainty to people, and back.

Each target gets harder as the rate of contacts rises. So the agents that meet it with probability p are the agents
for the p-quantile of the rate, exactly, and nothing needs to be drawn at random. How a rate is read from a forecast
is told in `cxml.volume.rates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError, shorten
from cxml.frames import as_pandas, check_columns
from cxml.values import is_number
from cxml.volume.erlang import Floats, floats
from cxml.volume.rates import CONTACTS, FAR, SCORES, WEIGHTS, Rates, numbers_in, rates_of
from cxml.volume.service import (
    SLACK,
    Service,
    handling_seconds,
    least_agents,
    least_exact,
    meets,
    required_agents,
    seconds_of,
    share_counted,
    steady_state,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Service", "daily_staffing", "outcome", "required_agents", "staff"]

_LONGEST: Final = 7200.0  # seconds over which a load may count as steady without being asked
_BY_CONTACTS: Final = ("service_level", "abandonment", "mean_wait_seconds")


def staff(
    forecast: Any,
    service: Service,
    *,
    period: float | str | None = None,
    confidence: float = 0.9,
    handling_time: ArrayLike | str | None = None,
    level: float = 90,
    key: str | None = None,
    time: str | None = None,
) -> pd.DataFrame:
    """Agents that keep the promise with a stated probability, interval by interval, from a forecast's distribution.

    The probability is over what the forecast does not know: the rate at which contacts will come. It says in how
    many such intervals the agents are enough for the target as a long-run share. The share met in one short
    interval scatters around that widely (20 points with 100 calls in half an hour), however good the forecast.

    Parameters
    ----------
    forecast : DataFrame
        One row per interval: ``contacts`` (the middle), and ``contacts-lo-<level>``, ``contacts-hi-<level>`` for
        any levels in per cent, as `cxml.volume.predict` answers them. The more levels, the better the shape is
        known. Without any the contacts are taken for a rate known exactly, with Poisson arrivals. Bounds below 0
        are read as 0; quantiles that cross are sorted.
    service : Service
        The promise.
    period : float > 0, seconds, or str, default=None
        Length of an interval; None: the smallest step of the times. More than two hours must be said.
    confidence : float in (0, 1), default=0.9
        Probability with which each interval meets the target.
    handling_time : float > 0, array, or str, seconds, default=None
        By interval, or the column that holds it; instead of ``service.handling_time``.
    level : float in (0, 100), per cent, default=90
        Width of the band ``agents-lo-<level>`` to ``agents-hi-<level>``.
    key, time : str, default=None
        Columns to carry along; None: ``unique_id`` and ``ds`` where they are.

    Returns
    -------
    DataFrame
        The rows of `forecast`, with its index: key, time, ``contacts``; ``agents`` on the phones that meet the
        target with probability `confidence`, ``agents_exact`` (where a part of an agent could be hired),
        ``agents_expected`` (for the mean rate) and the band; then what `outcome` tells of ``agents``, but for
        ``scheduled_exact``, which is ``agents_exact`` with shrinkage. ``scheduled`` is rounded up twice, once on
        the phones and once on the payroll; across many small queues the exact column shows what that costs.

    Raises
    ------
    FrameError
        If a column is missing, or contacts are negative, not finite, or their bounds reversed.
    ConfigError
        If a setting is outside its range, or the period cannot be told.

    References
    ----------
    .. [1] Jongbloed, G., & Koole, G. (2001). Managing uncertainty in call centres using Poisson mixtures. Applied
       Stochastic Models in Business and Industry, 17(4), 307-318 (the rate behind a count, and staffing from it).
    .. [2] Anscombe, F. J. (1948). The transformation of Poisson, binomial and negative-binomial data. Biometrika,
       35(3/4), 246-254.

    Examples
    --------
    >>> import pandas as pd
    >>> forecast = pd.DataFrame({
    ...     "ds": pd.to_datetime(["2026-03-02 09:00", "2026-03-02 09:30"]), "contacts": [100, 60],
    ...     "contacts-lo-90": [72, 38], "contacts-hi-90": [131, 85],
    ... })
    >>> table = staff(forecast, Service(handling_time=180, shrinkage=0.3), confidence=0.9)
    >>> table[["agents", "agents_expected", "agents-lo-90", "agents-hi-90", "scheduled"]].to_numpy().tolist()
    [[16, 14, 11, 16, 23], [11, 9, 7, 11, 16]]
    >>> staff(forecast.drop(columns="contacts"), Service(handling_time=180))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Staffing needs the column 'contacts' - the data has 3 columns and not this one. \
Did you mean 'contacts-lo-90'? Give the table that `volume.predict` answers.
    """
    _check_share("confidence", confidence, 1, "Give the probability of meeting the target, such as 0.9.")
    _check_share("level", level, 100, "Give the width of the band in per cent, such as 90.")
    from scipy.special import ndtri

    given = _read(forecast, service, period, handling_time, key, time)
    half = level / 200
    rates = given.rates.at(ndtri([confidence, 0.5 - half, 0.5 + half]))
    load = np.column_stack([rates, given.rates.mean]) * (given.handling / given.period)[:, None]
    agents = least_agents(service, load, given.handling[:, None])
    exact = least_exact(service, load[:, 0], given.handling, agents[:, 0])
    columns = {
        "agents": agents[:, 0],
        "agents_exact": exact,
        "agents_expected": agents[:, 3],
        f"agents-lo-{level:g}": agents[:, 1],
        f"agents-hi-{level:g}": agents[:, 2],
    }
    scheduled = {"scheduled_exact": exact / (1 - service.shrinkage)}
    return given.kept.assign(**(columns | _outcome(given, service, agents[:, 0]) | scheduled))


def outcome(
    forecast: Any,
    service: Service,
    *,
    agents: ArrayLike | str,
    period: float | str | None = None,
    handling_time: ArrayLike | str | None = None,
    key: str | None = None,
    time: str | None = None,
) -> pd.DataFrame:
    """What callers and agents will meet with a given number of agents, over the forecast's distribution.

    Parameters
    ----------
    forecast : DataFrame
        As for `staff`.
    service : Service
        The promise.
    agents : int >= 0, array, or str
        Agents on the phones in each interval, or the column that holds them.
    period, handling_time, key, time
        As for `staff`.

    Returns
    -------
    DataFrame
        The rows of `forecast`, with its index: key, time, ``contacts``, ``agents``, ``scheduled`` (with shrinkage,
        rounded up) and ``scheduled_exact``; ``service_level`` and ``abandonment`` (expected shares of all
        contacts), ``mean_wait_seconds``, ``occupancy``; ``meets_target``, the probability that the rate is one at
        which every target is met; ``cost`` of those scheduled, where a cost is given. In Erlang C an interval in
        which contacts may outnumber agents has an infinite mean wait, as the model has it; `patience` gives a
        finite one.

    Raises
    ------
    FrameError
        If a column is missing, or contacts are negative, not finite, or their bounds reversed.
    ConfigError
        If `agents` are not whole numbers >= 0, a setting is outside its range, or the period cannot be told.

    References
    ----------
    .. [1] Jongbloed, G., & Koole, G. (2001). Managing uncertainty in call centres using Poisson mixtures. Applied
       Stochastic Models in Business and Industry, 17(4), 307-318.

    Examples
    --------
    >>> import pandas as pd
    >>> forecast = pd.DataFrame({"contacts": [100.0], "contacts-lo-90": [72.0], "contacts-hi-90": [131.0]})
    >>> service = Service(handling_time=180, patience=120, shrinkage=0.3, cost_per_hour=20)
    >>> met = outcome(forecast, service, agents=14, period="30min").iloc[0]
    >>> [round(float(met[name]), 3) for name in ("service_level", "abandonment", "occupancy", "meets_target", "cost")]
    [0.906, 0.032, 0.695, 0.934, 200.0]
    >>> outcome(forecast, service, agents=13.5, period="30min")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `agents` must be whole numbers >= 0, one or one for each of the 1 rows, got 13.5. \
Round them up.
    """
    given = _read(forecast, service, period, handling_time, key, time)
    people = _people(agents, given)
    return given.kept.assign(agents=people, **_outcome(given, service, people))


def daily_staffing(
    table: pd.DataFrame, *, period: float | str | None = None, key: str | None = None, time: str | None = None
) -> pd.DataFrame:
    """Add a staffing table up to days.

    Parameters
    ----------
    table : DataFrame
        From `staff` or `outcome`, with times.
    period : float > 0, seconds, or str, default=None
        Length of an interval; None: the smallest step of the times.
    key, time : str, default=None
        Columns of the series and the times; None: ``unique_id`` where it is, and ``ds``.

    Returns
    -------
    DataFrame
        One row per series and day: ``contacts``, ``peak_agents``, ``agent_hours``, ``scheduled_hours``;
        ``service_level``, ``abandonment`` and ``mean_wait_seconds`` weighted by contacts, ``occupancy`` by agents;
        ``cost`` where there is one. The figures that a day's report shows; nothing is said about their chance,
        because the intervals of a day err together.

    Raises
    ------
    FrameError
        If a column is missing.
    ConfigError
        If the period cannot be told.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2026-03-02 09:00", periods=2, freq="30min")
    >>> forecast = pd.DataFrame({"ds": times, "contacts": [100, 60]})
    >>> table = staff(forecast, Service(handling_time=180, shrinkage=0.3, cost_per_hour=20))
    >>> daily_staffing(table)[["contacts", "peak_agents", "agent_hours", "scheduled_hours", "cost"]].iloc[0].tolist()
    [160.0, 14.0, 11.5, 16.5, 330.0]
    >>> daily_staffing(table.drop(columns="ds"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: A sum over days needs the column 'ds' - the data has 14 columns and not this one. \
Give the table that `staff` answers.
    """
    import pandas as pd

    needed = [key] if key is not None else []
    key, time = key or "unique_id", time or "ds"
    needed += [time, CONTACTS, "agents", "scheduled", *_BY_CONTACTS, "occupancy"]
    check_columns(table.columns, needed, what="A sum over days", advice="Give the table that `staff` answers.")
    hours = (_step(table, key, time) if period is None else seconds_of(period)) / 3600
    by = [*([table[key]] if key in table.columns else []), pd.to_datetime(table[time]).dt.normalize()]
    sums = {name: table[name] * table[CONTACTS] for name in _BY_CONTACTS}
    sums |= {"occupancy": table["occupancy"] * table["agents"]}
    sums |= {name: table[name] for name in (CONTACTS, "agents", "scheduled", "cost") if name in table.columns}
    total = table.assign(**sums)[list(sums)].groupby(by, dropna=False).sum()
    people, contacts = total["agents"].replace(0, np.nan), total[CONTACTS].replace(0, np.nan)
    found = {
        CONTACTS: total[CONTACTS],
        "peak_agents": table["agents"].groupby(by, dropna=False).max(),
        "agent_hours": total["agents"] * hours,
        "scheduled_hours": total["scheduled"] * hours,
        **{name: total[name] / contacts for name in _BY_CONTACTS},
        "occupancy": total["occupancy"] / people,
        **({"cost": total["cost"]} if "cost" in total else {}),
    }
    return total[[]].assign(**found).reset_index()


@dataclass(frozen=True, slots=True)
class _Intervals:
    frame: pd.DataFrame
    kept: pd.DataFrame
    rates: Rates
    handling: Floats
    period: float


def _read(
    forecast: Any,
    service: Service,
    period: float | str | None,
    handling_time: ArrayLike | str | None,
    key: str | None,
    time: str | None,
) -> _Intervals:
    """Check the frame once, and take from it all that staffing needs."""
    frame = as_pandas(forecast, what="The forecast")
    named = [name for name in (key, time) if name is not None]
    advice = "Give the table that `volume.predict` answers."
    check_columns(frame.columns, [CONTACTS, *named], what="Staffing", advice=advice)
    carried = [name for name in (key or "unique_id", time or "ds") if name in frame.columns]
    if isinstance(handling_time, str):
        check_columns(frame.columns, [handling_time], what="`handling_time`")
        handling_time = numbers_in(frame, handling_time)
    handling = handling_seconds(handling_time, service, (len(frame),))
    seconds = _step(frame, key or "unique_id", time or "ds") if period is None else seconds_of(period)
    return _Intervals(frame, frame[[*carried, CONTACTS]], rates_of(frame), handling, seconds)


def _chance(given: _Intervals, service: Service, agents: NDArray[np.int64]) -> Floats:
    """Probability that the rate is one that these agents can serve: where the highest such rate lies."""
    from scipy.special import ndtr

    def met(score: Floats) -> NDArray[np.bool_]:
        load = given.rates.at(score[:, None])[:, 0] * given.handling / given.period
        return meets(service, load, given.handling, agents)

    low, high = np.full(len(agents), -FAR), np.full(len(agents), FAR)
    never, always = ~met(low), met(high)
    for _ in range(24):
        middle = (low + high) / 2
        enough = met(middle)
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.where(always, 1.0, np.where(never, 0.0, ndtr(high)))


def _outcome(given: _Intervals, service: Service, agents: NDArray[np.int64]) -> dict[str, Any]:
    """Expected figures, over rates weighted by the contacts that come at them, and what the agents cost."""
    rates = given.rates.at(SCORES)
    handling = given.handling[:, None]
    queue = steady_state(service, rates * handling / given.period, handling, agents[:, None])
    total = rates @ WEIGHTS
    share = np.where(total[:, None] > 0, rates / np.where(total > 0, total, 1.0)[:, None], 1.0) * WEIGHTS
    level, late, gone, wait = (
        (share * one).sum(axis=1) for one in (queue.service_level, queue.late, queue.abandonment, queue.mean_wait)
    )
    counted = share_counted(service, level, late)
    paid = agents / (1 - service.shrinkage)
    scheduled = np.ceil(paid - SLACK).astype(np.int64)
    found = {
        "scheduled": scheduled,
        "scheduled_exact": paid,
        "service_level": np.minimum(np.divide(level, counted, out=np.zeros_like(level), where=counted > 0), 1.0),
        "abandonment": np.minimum(gone, 1.0),
        "mean_wait_seconds": wait,
        "occupancy": np.minimum(queue.occupancy @ WEIGHTS, 1.0),
        "meets_target": _chance(given, service, agents),
    }
    if service.cost_per_hour is not None:
        found["cost"] = scheduled * service.cost_per_hour * given.period / 3600
    return found


def _people(agents: ArrayLike | str, given: _Intervals) -> NDArray[np.int64]:
    rows = len(given.frame)
    if isinstance(agents, str):
        check_columns(given.frame.columns, [agents], what="`agents`")
        agents = numbers_in(given.frame, agents)
    values = floats("agents", agents)
    whole = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
    if values.shape not in ((), (rows,)) or not whole.all():
        got = shorten(values[~whole].tolist(), 3) if values.shape in ((), (rows,)) else f"shape {values.shape}"
        raise ConfigError(
            f"`agents` must be whole numbers >= 0, one or one for each of the {rows:,} rows, got {got}. Round them up."
        )
    return np.array(np.broadcast_to(values, (rows,))).astype(np.int64)


def _step(frame: pd.DataFrame, key: str, time: str) -> float:
    """Seconds between neighbouring intervals: the smallest step, because nights and weekends may be left out."""
    import pandas as pd

    advice = "Say it: period='30min'."
    if time not in frame.columns or not pd.api.types.is_datetime64_any_dtype(frame[time]):
        raise ConfigError(f"`period` must be given where the forecast has no dates in {time!r}. {advice}")
    ordered = frame.sort_values(time)
    steps = (ordered.groupby(key)[time] if key in frame.columns else ordered[time]).diff().dropna()
    steps = steps[steps > pd.Timedelta(0)]
    if not len(steps):
        raise ConfigError(f"`period` must be given where no series has two times in {time!r}. {advice}")
    seconds = float(steps.min().total_seconds())
    if seconds > _LONGEST:
        raise ConfigError(
            f"`period` must be an interval of steady load, got {steps.min()} between times in {time!r}. Split the "
            "forecast into half hours; if the load really is steady, say period=."
        )
    return seconds


def _check_share(name: str, value: float, most: int, advice: str) -> None:
    if not (is_number(value) and 0 < value < most):
        raise ConfigError(f"`{name}` must be in (0, {most}), got {value!r}. {advice}")

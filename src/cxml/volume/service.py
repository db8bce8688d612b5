"""What callers are promised, and the fewest agents who keep it when the load is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError
from cxml.timeseries.clock import seconds_in
from cxml.values import is_number
from cxml.volume.erlang import Floats, Queue, erlang_a, erlang_c, floats

#: Of rounding, where a target is met exactly.
SLACK: Final = 1e-9
_MOST_LOAD: Final = 1e9  # Erlang: a larger one is a mistake in some unit, and no search comes to its end


@dataclass(frozen=True, slots=True)
class Service:
    """What callers are promised, and what a queue costs.

    Parameters
    ----------
    handling_time : float > 0, seconds, default=None
        Mean time an agent spends on a contact, talking and after. None: given with each call, by interval.
    service_level : float in (0, 1), default=0.8
        Share of contacts to answer within `within`.
    within : float >= 0, seconds, default=20.0
        Time in which they should be answered.
    patience : float > 0, seconds, default=None
        Mean time after which a caller gives up (Erlang A). None: nobody ever does (Erlang C).
    max_occupancy : float in (0, 1], default=None
        Largest share of an agent's time on the phones spent handling contacts, such as 0.85.
    max_abandonment : float in (0, 1), default=None
        Largest share of contacts that give up; needs `patience`.
    shrinkage : float in [0, 1), default=0.0
        Share of paid time away from the phones: breaks, training, illness.
    cost_per_hour : float >= 0, currency, default=None
        Cost of one scheduled person for one hour.
    early_abandons : {"missed", "left out"}, default="missed"
        Who gives up before `within` is over counts against the service level, or is not counted at all. Contracts
        use both; the first is the stricter.

    Raises
    ------
    ConfigError
        If a value is outside its range. It is also a ValueError.

    Examples
    --------
    >>> Service(handling_time=180, patience=90, shrinkage=0.3).service_level
    0.8
    >>> Service(handling_time=180, service_level=1)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `service_level` must be in (0, 1), got 1. No number of agents answers everybody in \
time for certain; ask for 0.99.
    """

    handling_time: float | None = None
    service_level: float = 0.8
    within: float = 20.0
    patience: float | None = None
    max_occupancy: float | None = None
    max_abandonment: float | None = None
    shrinkage: float = 0.0
    cost_per_hour: float | None = None
    early_abandons: Literal["missed", "left out"] = "missed"

    def __post_init__(self) -> None:
        for name, inside, range_, advice in _RANGES:
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            if not (is_number(value) and inside(value)):
                raise ConfigError(f"`{name}` must be {range_}, got {value!r}. {advice}")
        if self.max_abandonment is not None and self.patience is None:
            raise ConfigError(
                f"`max_abandonment` must come with `patience`, got {self.max_abandonment!r} without it. In Erlang C "
                "nobody gives up; say after how many seconds callers do."
            )
        if self.early_abandons not in ("missed", "left out"):
            raise ConfigError(
                f"`early_abandons` must be 'missed' or 'left out', got {self.early_abandons!r}. 'missed' counts them "
                "against the service level."
            )


_OPTIONAL: Final = {"handling_time", "patience", "max_occupancy", "max_abandonment", "cost_per_hour"}
_RANGES: Final[tuple[tuple[str, Callable[[float], bool], str, str], ...]] = (
    ("handling_time", lambda x: x > 0, "> 0 seconds", "Give the mean time an agent spends on a contact."),
    (
        "service_level",
        lambda x: 0 < x < 1,
        "in (0, 1)",
        "No number of agents answers everybody in time for certain; ask for 0.99.",
    ),
    ("within", lambda x: x >= 0, ">= 0 seconds", "Give the time in which contacts should be answered, such as 20."),
    ("patience", lambda x: x > 0, "> 0 seconds", "Give the mean time after which callers give up; None for never."),
    ("max_occupancy", lambda x: 0 < x <= 1, "in (0, 1]", "Give a fraction, such as 0.85."),
    ("max_abandonment", lambda x: 0 < x < 1, "in (0, 1)", "Give a fraction, such as 0.05."),
    ("shrinkage", lambda x: 0 <= x < 1, "in [0, 1)", "Give the share of paid time away from the phones, such as 0.3."),
    ("cost_per_hour", lambda x: x >= 0, "an amount >= 0", "Give the cost of one scheduled hour."),
)


def required_agents(
    contacts: ArrayLike, service: Service, *, period: float | str, handling_time: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Fewest agents who keep the promise when the expected number of contacts is known.

    The plain Erlang question, without a forecast's uncertainty: for that, see `staff`.

    Parameters
    ----------
    contacts : array of float >= 0
        Contacts expected in each period.
    service : Service
        The promise.
    period : float > 0, seconds, or str
        Length of a period: ``1800`` or ``"30min"``.
    handling_time : array of float > 0, seconds, default=None
        By period, instead of ``service.handling_time``.

    Returns
    -------
    array of int
        Agents on the phones; 0 where no contact comes. Shrinkage is not added.

    Raises
    ------
    ConfigError
        If contacts are negative, a handling time is not above 0, or there is none.

    References
    ----------
    .. [1] Gans, N., Koole, G., & Mandelbaum, A. (2003). Telephone call centers: tutorial, review, and research
       prospects. Manufacturing & Service Operations Management, 5(2), 79-141.

    Examples
    --------
    >>> required_agents([100, 10, 0], Service(handling_time=180), period="30min")
    array([14,  3,  0])
    >>> required_agents([-1], Service(handling_time=180), period=1800)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `contacts` must be finite and >= 0, got -1.0 at position 0. Correct these values.
    """
    counts = floats("contacts", contacts)
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ConfigError(
            f"`contacts` must be finite and >= 0, got {counts.flat[at]} at position {at}. Correct these values."
        )
    handling = handling_seconds(handling_time, service, counts.shape)
    return least_agents(service, counts * handling / seconds_of(period), handling)


def steady_state(service: Service, load: Floats, handling: Floats, agents: NDArray[Any]) -> Queue:
    """Answer by Erlang C, or by Erlang A where callers give up."""
    if service.patience is None:
        return erlang_c(agents, load, handling_time=handling, within=service.within)
    return erlang_a(agents, load, handling_time=handling, within=service.within, patience=service.patience)


def meets(service: Service, load: Floats, handling: Floats, agents: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether every target is met: for more agents or a smaller load it stays met."""
    queue = steady_state(service, load, handling, agents)
    counted = share_counted(service, queue.service_level, queue.late)
    met = (counted > 0) & (queue.service_level >= (service.service_level - SLACK) * counted)
    if service.max_occupancy is not None:
        met &= queue.occupancy <= service.max_occupancy + SLACK
    if service.max_abandonment is not None:
        met &= queue.abandonment <= service.max_abandonment + SLACK
    return met


def share_counted(service: Service, level: Floats, late: Floats) -> Floats:
    """Share of contacts that the service level is a share of."""
    return level + late if service.early_abandons == "left out" else np.ones_like(level)


def least_agents(service: Service, load: Floats, handling: Floats) -> NDArray[np.int64]:
    """Fewest whole agents for each load: double a step until the target is met, then halve the gap."""
    load, handling = np.broadcast_arrays(load, handling)
    if (load > _MOST_LOAD).any():
        raise ConfigError(
            f"The load, contacts times handling time over the period, must be at most {_MOST_LOAD:,.0f} Erlang, got "
            f"{load.max():g}. Check the units: handling time and period are in seconds."
        )
    low = np.floor(load) if service.patience is None else np.zeros_like(load)  # never enough, but for no load
    step = np.ceil(load - low + 2 * np.sqrt(load)) + 1
    high = low + step
    while (short := ~meets(service, load, handling, high)).any():
        low, step = np.where(short, high, low), step * 2
        high = np.where(short, high + step, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        met = meets(service, load, handling, middle)
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    return np.where(load > 0, high, 0).astype(np.int64)


def least_exact(service: Service, load: Floats, handling: Floats, agents: NDArray[np.int64]) -> Floats:
    """The same where agents come in any fraction, to a millionth: within the last whole agent."""
    high = agents.astype(np.float64)
    low = np.maximum(high - 1, 0.0)
    for _ in range(20):
        middle = (low + high) / 2
        met = meets(service, load, handling, middle)
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    return high


def handling_seconds(given: ArrayLike | None, service: Service, shape: tuple[int, ...]) -> Floats:
    """Seconds of handling for each interval: what the call says, or else the service."""
    if given is None and service.handling_time is None:
        raise ConfigError(
            "`handling_time` must be said once - got none, neither in the service nor in the call. Write "
            "Service(handling_time=180), or give it by interval: handling_time=[...]."
        )
    values = floats("handling_time", service.handling_time if given is None else given)
    if values.shape not in ((), shape):
        raise ConfigError(
            f"`handling_time` must be one number or one for each of the {shape} intervals, got shape {values.shape}. "
            "Give it in the order of the rows."
        )
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        raise ConfigError(
            f"`handling_time` must be > 0 seconds, got {values[wrong].flat[0]:g} in {int(wrong.sum()):,} of "
            f"{values.size:,} intervals, the first at position {int(np.argmax(wrong))}. Fill gaps with the usual time."
        )
    return np.array(np.broadcast_to(values, shape))


def seconds_of(period: float | str) -> float:
    """Length of a period in seconds."""
    try:
        seconds = seconds_in(period) if isinstance(period, str) else float(period)
    except (TypeError, ValueError):
        seconds = float("nan")
    if not (np.isfinite(seconds) and seconds > 0):
        raise ConfigError(f"`period` must be > 0 seconds, or a text such as '30min', got {period!r}. Give its length.")
    return seconds

"""The days of an invented contact centre: what the calendar and the events do to each, and which ones it is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

#: The first day of every history, a Monday.
FIRST_DAY = np.datetime64("2024-01-01", "D")

#: What the calendar and the events do to the rate of a day, as a factor.
EFFECTS = {
    "lunar holiday": 0.30,
    "lunar holiday, 1-3 days before": 1.15,
    "lunar holiday, 1st working day after": 1.50,
    "lunar holiday, 2nd working day after": 1.25,
    "lunar holiday, 3rd working day after": 1.10,
    "holiday": 0.55,
    "working day after a holiday": 1.20,
    "payday": 1.12,
    "billing": 1.40,
    "promotion": 1.50,
    "launch": 1.35,
    "outage": 0.10,
}

_LUNAR = ("Korean New Year", "Chuseok")
_AFTER_LUNAR = tuple(f"lunar holiday, {place} working day after" for place in ("1st", "2nd", "3rd"))
_PAYDAY, _BILLING_DAY = 25, 5
_PROMOTION_SIZES = (1.0, 0.5, 1.5)
_KNOWN_AHEAD = 90
_SHARED_NOISE = 0.03
#: Days looked at before and after the history: a holiday acts on the days around it, and events are known ahead.
_BEFORE, _AFTER = 30, 120


@dataclass(frozen=True)
class Centre:
    """What all queues share: the days, what the calendar and the events do to them, noise, and which are open.

    `factor` is of the calendar and the events, `calendar` of the calendar alone.
    """

    days: NDArray[np.datetime64]
    factor: NDArray[np.float64]
    noise: NDArray[np.float64]
    is_open: NDArray[np.bool_]
    events: pd.DataFrame
    calendar: NDArray[np.float64]


def make_centre(days: int, country: str | None, *, never_closes: bool, seed: int) -> Centre:
    span = FIRST_DAY + np.arange(-_BEFORE, days + _AFTER)
    lunar, other = _holidays(country, span)
    working = (weekday_of(span) < 5) & ~lunar & ~other
    events = _events(days, span[working], seed)
    calendar = _calendar_factor(span, lunar, other, working)
    factor = calendar * _event_factor(span, events)
    here = slice(_BEFORE, _BEFORE + days)
    noise = gamma(np.random.default_rng([seed, 0]), days, _SHARED_NOISE)
    is_open = np.ones(days, dtype=bool) if never_closes else working[here]
    return Centre(span[here], factor[here], noise, is_open, events, calendar[here])


def gamma(rng: np.random.Generator, size: int, spread: float) -> NDArray[np.float64]:
    """Draw positive noise of mean 1 and the standard deviation `spread`."""
    return rng.gamma(1 / spread**2, spread**2, size)


def _calendar_factor(
    span: NDArray[np.datetime64], lunar: NDArray[np.bool_], other: NDArray[np.bool_], working: NDArray[np.bool_]
) -> NDArray[np.float64]:
    factor = np.where(lunar, EFFECTS["lunar holiday"], np.where(other, EFFECTS["holiday"], 1.0))
    soon = np.zeros(span.size, dtype=bool)
    for ahead in (1, 2, 3):
        soon[:-ahead] |= lunar[ahead:]
    factor[soon & ~lunar & ~other] *= EFFECTS["lunar holiday, 1-3 days before"]
    since_lunar, after_holiday = len(_AFTER_LUNAR), False
    for place in range(span.size):
        if lunar[place]:
            since_lunar = 0
        elif working[place] and since_lunar < len(_AFTER_LUNAR):
            factor[place] *= EFFECTS[_AFTER_LUNAR[since_lunar]]
            since_lunar, after_holiday = since_lunar + 1, False
        elif working[place]:
            factor[place] *= EFFECTS["working day after a holiday"] if after_holiday else 1.0
            after_holiday = False
        after_holiday |= bool(other[place])
    factor[_day_of_month(span) == _PAYDAY] *= EFFECTS["payday"]
    return factor


def _event_factor(span: NDArray[np.datetime64], events: pd.DataFrame) -> NDArray[np.float64]:
    factor = np.ones(span.size)
    bounds = events[["start", "end"]].to_numpy().astype("datetime64[D]")
    for name, (start, end), size in zip(events["name"], bounds, events["size"], strict=True):
        factor[(span >= start) & (span <= end)] *= EFFECTS[name] ** size
    return factor


def _events(days: int, working: NDArray[np.datetime64], seed: int) -> pd.DataFrame:
    """Make the table of events: what is known ahead up to 90 days after the history, outages within it."""
    import pandas as pd

    known = days + _KNOWN_AHEAD
    every = FIRST_DAY + np.arange(known)
    found = [("billing", day, day, 1.0) for day in every[_day_of_month(every) == _BILLING_DAY]]
    for number, start in enumerate(range(40, known, 91)):
        first = FIRST_DAY + start + _jitter(seed, 4, number)
        found.append(("promotion", first, first + 4, _PROMOTION_SIZES[number % len(_PROMOTION_SIZES)]))
    for number, start in enumerate(range(150, known, 365)):
        first = FIRST_DAY + start + _jitter(seed, 5, number)
        found.append(("launch", first, first + 6, 1.0))
    for number, start in enumerate(range(200, days, 365)):
        day = working[np.searchsorted(working, FIRST_DAY + start + _jitter(seed, 6, number))]
        if day < FIRST_DAY + days:
            found.append(("outage", day, day, 1.0))
    table = pd.DataFrame([one for one in found if one[1] < FIRST_DAY + known], columns=["name", "start", "end", "size"])
    table = table.astype({"start": "datetime64[ns]", "end": "datetime64[ns]", "size": float})
    return table.sort_values(["start", "name"], ignore_index=True)


def _jitter(seed: int, kind: int, number: int) -> int:
    return int(np.random.default_rng([seed, kind, number]).integers(14))


def _holidays(country: str | None, span: NDArray[np.datetime64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which days are lunar holidays, and which are others."""
    import holidays

    if country is None:
        return np.zeros(span.size, dtype=bool), np.zeros(span.size, dtype=bool)
    days: list[date] = span.tolist()
    try:
        language = "en_US" if country == "KR" else None
        named = holidays.country_holidays(country, years=range(days[0].year, days[-1].year + 1), language=language)
    except NotImplementedError:
        raise ConfigError(
            f"`country` must be a code that the holidays package knows, such as 'KR' - got {country!r}. "
            "None has no holidays."
        ) from None
    names = [named.get(day, "") for day in days]
    lunar = np.array([country == "KR" and any(one in name for one in _LUNAR) for name in names])
    return lunar, np.array([bool(name) for name in names]) & ~lunar


def weekday_of(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Give the weekday, Monday 0; 1970-01-01 was a Thursday."""
    number: NDArray[np.int64] = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return number


def _day_of_month(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    number: NDArray[np.int64] = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    return number

"""Invented history of a contact centre whose true rates are known, so that what a model learns can be checked.

The rate of a period is a product: level x growth x season of the year x weekday x shape of the day x calendar x events.
The calendar and the events act on all queues alike; the other parts differ from queue to queue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxml.datasets._centre import EFFECTS, FIRST_DAY, Centre, gamma, make_centre, weekday_of
from cxml.datasets._checks import check_whole
from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

_TOPICS = ("요금", "배송", "가입", "해지", "장애", "환불", "예약", "기타")
_CHANNELS = ("전화", "채팅", "이메일", "게시판")
_WEEKDAYS = np.array([1.28, 1.08, 1.02, 1.00, 1.05, 0.50, 0.35])
_DAY_MINUTES = 1_440
_OWN_NOISE = 0.05
_FREQ = re.compile(r"(\d*)(min|h|D)")
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")

_DESCRIPTION = """\
Invented contacts of a contact centre: {series} from {first} to {last}, one row each {freq}, open {hours}.
Known truth: `expected` holds the rate of each row, `effects` the factors of the calendar and the events (a promotion of
size s has the factor of size 1 to the power s). Each day of each queue is multiplied by noise of mean 1 (3 % shared by
all queues, 5 % its own) before the counts are drawn, so they vary more than Poisson counts."""


@dataclass(frozen=True)
class Contacts:
    """Invented contact history with the truth about it.

    Attributes
    ----------
    frame : DataFrame, shape (n_rows, 3)
        ``unique_id`` (queue), ``ds`` (start of the period) and ``y`` (contacts), queue after queue in time order.
        Periods in which the centre is closed have no rows.
    expected : array of float > 0, shape (n_rows,), contacts
        The true rate of each row. On average no forecast is nearer to `y` than this.
    events : DataFrame
        ``name``, ``start``, ``end`` (both days included) and ``size`` of billing days, promotions and launches up to 90
        days after the history, and of outages within it.
    effects : DataFrame
        ``name`` and ``factor``: what the calendar and the events do to the rate of a day.
    queues : DataFrame, shape (n_series, 3)
        ``unique_id`` with its ``topic`` and ``channel``, for totals.
    description : str
        The data in words.

    Examples
    --------
    >>> contacts = make_contacts(14)
    >>> len(contacts.frame) == len(contacts.expected)
    True
    >>> contacts.description = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'description'
    """

    frame: pd.DataFrame
    expected: NDArray[np.float64]
    events: pd.DataFrame
    effects: pd.DataFrame
    queues: pd.DataFrame
    description: str


def make_contacts(
    days: int = 365,
    series: int = 1,
    *,
    freq: str = "30min",
    country: str | None = "KR",
    hours: tuple[str, str] | None = ("09:00", "18:00"),
    level: float = 1_200.0,
    seed: int = 0,
) -> Contacts:
    """Invent the contacts of a centre from 2024-01-01 on, with weekday and day shape, holidays, events and noise.

    The factors on a day are those of the table; where two fall on a day both act, except that a day is either a lunar
    holiday, another holiday, or neither.

    ========================================  ======  ==============================================================
    what                                      factor  when
    ========================================  ======  ==============================================================
    lunar holiday                             0.30    Seollal, Chuseok, the days beside them and their substitutes
    lunar holiday, 1-3 days before            1.15    before the first of these days
    lunar holiday, 1st working day after      1.50    counted over weekends and other holidays
    lunar holiday, 2nd working day after      1.25
    lunar holiday, 3rd working day after      1.10
    holiday                                   0.55    any other holiday of the country
    working day after a holiday               1.20    the first one, if no lunar holiday is as near
    payday                                    1.12    the 25th
    billing                                   1.40    the 5th (event)
    promotion                                 1.50    5 days about every quarter, to the power of its size (event)
    launch                                    1.35    7 days a year (event)
    outage                                    0.10    one working day a year: the lines are down (event)
    ========================================  ======  ==============================================================

    Contacts grow by about 6 % a year, are 10 % above their mean in winter, fall from Monday to Sunday, and have two
    peaks a day with a dip at lunch.

    Parameters
    ----------
    days : int >= 1, default=365
        Calendar days from 2024-01-01 on. More days add rows and keep the earlier ones.
    series : int >= 1, default=1
        Queues, a topic and a channel each. The first has `level`; the others differ widely, some are sparse. More of
        them keep the first ones.
    freq : str, default="30min"
        Length of a period: minutes or hours that divide the day and the opening time (``"5min"``, ``"h"``), or ``"D"``.
    country : str or None, default="KR"
        Country code of the holidays; None has none. Only Korea has lunar holidays here.
    hours : tuple of two str or None, default=("09:00", "18:00")
        Opening and closing time on working days; the centre is closed on weekends and holidays. None never closes.
    level : float > 0, contacts a day, default=1200.0
        Of the first queue, on a mean day of a mean week.
    seed : int >= 0, default=0

    Returns
    -------
    Contacts

    Raises
    ------
    ConfigError
        If a number is out of its range, `freq` does not divide the day and the opening time, `hours` are not two rising
        times of day, or the country is unknown.

    References
    ----------
    .. [1] Ibrahim, R., Ye, H., L'Ecuyer, P., & Shen, H. (2016). Modeling and forecasting call center arrivals: A
       literature survey and a case study. International Journal of Forecasting, 32(3), 865-874: counts vary more than
       Poisson counts, and those of a day move together.

    Examples
    --------
    >>> make_contacts(14, freq="h").frame.head(2)
      unique_id                  ds    y
    0     요금/전화 2024-01-02 09:00:00  255
    1     요금/전화 2024-01-02 10:00:00  251
    >>> make_contacts(14, freq="25min")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `freq` must divide the day and the opening time - got '25min' for 09:00 to 18:00. \
Use '30min'.
    """
    check_whole("days", days, least=1)
    check_whole("series", series, least=1)
    check_whole("seed", seed, least=0)
    if not 0 < level < np.inf:
        raise ConfigError(f"`level` must be above 0 contacts a day - got {level!r}.")
    starts = _starts(freq, hours)
    centre = make_centre(days, country, never_closes=hours is None, seed=seed)
    made = [_queue(number, centre, starts, level, seed) for number in range(series)]
    return _gather(made, centre, starts, days, freq, hours)


def _gather(
    made: list[tuple[NDArray[np.float64], NDArray[np.int64]]],
    centre: Centre,
    starts: NDArray[np.int64],
    days: int,
    freq: str,
    hours: tuple[str, str] | None,
) -> Contacts:
    import pandas as pd

    queues = pd.DataFrame([_name(number) for number in range(len(made))], columns=["unique_id", "topic", "channel"])
    stamps = centre.days[centre.is_open, None].astype("datetime64[ns]") + starts.astype("timedelta64[m]")
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(queues["unique_id"].to_numpy(dtype=object), stamps.size),
            "ds": np.tile(stamps.ravel(), len(made)),
            "y": np.concatenate([counts for _, counts in made]),
        }
    )
    description = _DESCRIPTION.format(
        series="one queue" if len(made) == 1 else f"{len(made):,} queues",
        first=FIRST_DAY,
        last=FIRST_DAY + days - 1,
        freq=freq,
        hours="around the clock" if hours is None else f"{hours[0]} to {hours[1]} on working days",
    )
    effects = pd.DataFrame({"name": list(EFFECTS), "factor": list(EFFECTS.values())})
    expected = np.concatenate([rate for rate, _ in made])
    return Contacts(frame, expected, centre.events, effects, queues, description)


def _queue(
    number: int, centre: Centre, starts: NDArray[np.int64], level: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the true rates and the counts of one queue, row by row."""
    rng = np.random.default_rng([seed, 1, number])
    own = rng.normal(size=12)
    mean = level if number == 0 else level * np.exp(1.2 * own[0] - 1.0)
    growth, winter, shift, lunch = 0.06 + 0.05 * own[1], 0.10 * np.exp(0.3 * own[2]), 20 * own[3], 0.3 + 0.05 * own[4]
    by_weekday = _WEEKDAYS * np.exp(0.05 * own[5:12])
    by_weekday *= 7 / by_weekday.sum()
    weekday = weekday_of(centre.days)
    years = np.arange(centre.days.size) / 365.25
    daily = mean * np.exp(growth * years + winter * np.cos(2 * np.pi * years)) * by_weekday[weekday] * centre.factor
    shapes = np.stack([_shape(starts, shift, lunch), _shape(starts, shift + 60, lunch / 2)])
    rate = daily[:, None] * shapes[(weekday >= 5).astype(int)]
    noise = centre.noise * gamma(np.random.default_rng([seed, 2, number]), centre.days.size, _OWN_NOISE)
    drawn = (rate * noise[:, None])[centre.is_open]
    counts = np.random.default_rng([seed, 3, number]).poisson(drawn)
    return rate[centre.is_open].ravel(), counts.ravel()


def _shape(starts: NDArray[np.int64], shift: float, lunch: float) -> NDArray[np.float64]:
    """Give the share of a day's contacts in each period: a hill by day, less at lunch; they add up to 1."""
    minute = np.arange(0, _DAY_MINUTES, 5)
    day = 0.04 + np.exp(-0.5 * ((minute - 630 - shift) / 110) ** 2) + 0.85 * np.exp(-0.5 * ((minute - 930) / 150) ** 2)
    day *= 1 - lunch * np.exp(-0.5 * ((minute - 750) / 30) ** 2)
    place = np.searchsorted(starts, minute, side="right") - 1
    step = starts[1] - starts[0] if starts.size > 1 else _DAY_MINUTES
    inside = (place >= 0) & (minute < starts[-1] + step)
    share = np.bincount(place[inside], weights=day[inside], minlength=starts.size)
    shape: NDArray[np.float64] = share / share.sum()
    return shape


def _name(number: int) -> tuple[str, str, str]:
    """Name a queue by topic and channel; from the 33rd on they repeat with a number."""
    again, place = divmod(number, len(_TOPICS) * len(_CHANNELS))
    topic, channel = _TOPICS[place % len(_TOPICS)], _CHANNELS[place // len(_TOPICS)]
    return f"{topic}/{channel}" + (f" {again + 1}" if again else ""), topic, channel


def _starts(freq: str, hours: tuple[str, str] | None) -> NDArray[np.int64]:
    """Give the minutes of the day at which the periods start."""
    step = _minutes(freq)
    opening, closing = (0, _DAY_MINUTES) if hours is None else _opening(hours)
    if step == _DAY_MINUTES:
        return np.zeros(1, dtype=np.int64)
    if _DAY_MINUTES % step or opening % step or closing % step:
        named = "" if hours is None else f" for {hours[0]} to {hours[1]}"
        raise ConfigError(f"`freq` must divide the day and the opening time - got {freq!r}{named}. Use '30min'.")
    return np.arange(opening, closing, step)


def _minutes(freq: str) -> int:
    found = _FREQ.fullmatch(freq) if isinstance(freq, str) else None
    unit = {"min": 1, "h": 60, "D": _DAY_MINUTES}[found[2]] if found else 0
    minutes = unit * int(found[1] or 1) if found else 0
    if not 5 <= minutes <= _DAY_MINUTES or minutes % 5:
        raise ConfigError(
            f"`freq` must be minutes in fives, hours, or a day, such as '5min', '30min', 'h' or 'D' - got {freq!r}."
        )
    return minutes


def _opening(hours: tuple[str, str]) -> tuple[int, int]:
    found = [_CLOCK.fullmatch(str(one)) for one in hours] if isinstance(hours, (tuple, list)) else []
    minutes = [60 * int(one[1]) + int(one[2]) for one in found if one]
    if len(found) != 2 or len(minutes) != 2 or not 0 <= minutes[0] < minutes[1] <= _DAY_MINUTES:
        raise ConfigError(
            f"`hours` must be an opening and a later closing time, such as ('09:00', '18:00') - got {hours!r}. "
            "None never closes."
        )
    return minutes[0], minutes[1]

"""Invented service metrics with planted trouble, whose truth is known, to try detection of anomalies on.

The normal course of a metric is a product: level x slow wander x weekday x shape of the day x holidays. Trouble changes
what is drawn from (more contacts, longer waits), or what is written down (a frozen value, nothing at all).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxml.datasets._centre import FIRST_DAY, Centre, gamma, make_centre, weekday_of
from cxml.datasets._checks import check_whole
from cxml.datasets._troubles import SERVICES, Service, factor_of, plan_troubles, write_down
from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

_WEEKDAYS = np.array([1.25, 1.10, 1.05, 1.02, 1.08, 0.80, 0.70])
_TOPICS = ("요금", "배송", "가입", "해지", "장애", "환불", "예약", "기타")
_OPEN = (9 * 60, 18 * 60)
_WANDER = 0.01
_OWN_NOISE = 0.05
_CALM = 0.25
_DAY_MINUTES = 1_440
_STEPS = {"5min": 5, "10min": 10, "15min": 15, "30min": 30, "h": 60, "2h": 120, "D": 1_440}

_DESCRIPTION = """\
Invented service metrics: {series} series from {first} to {last}, one row each {freq}; the queues are open 09:00 to
18:00 on working days and have no rows outside. {events} planted events in `truth`, none in the first quarter of the
days. Each day of a series is multiplied by noise of mean 1 (3 % shared, 5 % its own), and its level wanders by about
1 % a day."""


@dataclass(frozen=True)
class Metrics:
    """Invented service metrics with the truth about them.

    Attributes
    ----------
    frame : DataFrame
        ``unique_id``, ``ds`` (start of the period), ``y`` (of a rate its numerator), ``trials`` (the denominator of a
        rate, at least 1; elsewhere missing), ``metric`` (``count``, ``rate``, ``positive`` or ``share``) and ``label``
        (1 within a planted event, else 0), series after series in time order.
    truth : DataFrame
        One row a planted event: ``unique_id``, ``kind``, ``start`` and ``end`` (its first and last period, both
        included) and ``size``, as the table of `make_metrics` says.
    description : str
        The data in words.

    Examples
    --------
    >>> metrics = make_metrics(2, 20)
    >>> sorted(metrics.truth["kind"].unique())[:2]
    ['dip', 'drift']
    >>> metrics.description = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'description'
    """

    frame: pd.DataFrame
    truth: pd.DataFrame
    description: str


def make_metrics(
    n_series: int = 12,
    days: int = 60,
    freq: str = "h",
    seed: int = 0,
    *,
    country: str | None = "KR",
    trouble_per_series: int = 3,
) -> Metrics:
    """Invent service metrics from 2024-01-01 on, with planted trouble.

    Six kinds of metrics take turns. ``x`` is the factor that trouble puts on the mean, or on the odds of a rate or
    share.

    ===============  ========  ===========================================================================
    metric           kind      how it is drawn
    ===============  ========  ===========================================================================
    contacts         count     Poisson around the course of the day, some 60 an hour
    abandon_rate     rate      binomial, some 6 % of 40 contacts an hour, more when busy
    waiting_seconds  positive  log-normal, some 45 s with a spread of 25 %, longer when busy
    negative_share   share     beta, some 20 % as of 150 comments, no day shape
    errors           count     negative binomial, mostly 0: some 0.08 a period whatever its length, no day shape
    queue            count     as contacts, 09:00 to 18:00 on working days only; closed periods have no rows
    ===============  ========  ===========================================================================

    =============  ===================  ==================================================================
    trouble        lasts                what happens; `size`
    =============  ===================  ==================================================================
    spike          1-3 periods          x 2.5 in busy hours; the factor, and so below
    dip            2-4 periods          x 0.2 in busy hours
    level_shift    6+ periods, 1-3 d    x 1.6 from the first to the last period
    drift          8+ periods, 3-5 d    grows evenly from x 1 to x 1.8
    variance       8+ periods, 1-2 d    deviations from the expected value x 4
    frozen         8-24 periods         the value before is written again and again; the number of periods
    missing        4-12 periods         no rows, or rows without a value in turn; the number of periods
    =============  ===================  ==================================================================

    Factors are to the power of 1.5 for rates and shares, whose few trials hide small changes, and of 4 for errors,
    which can only grow or go missing. Sizes vary by about a tenth.

    Parameters
    ----------
    n_series : int >= 1, default=12
        More of them keep the first ones.
    days : int >= 14, default=60
        Calendar days from 2024-01-01 on; the Korean Lunar New Year is the 40th to the 43rd.
    freq : str, default="h"
        Length of a period: one of ``"5min"``, ``"10min"``, ``"15min"``, ``"30min"``, ``"h"``, ``"2h"``, ``"D"``.
    seed : int >= 0, default=0
    country : str or None, default="KR"
        Country code of the holidays, on which fewer contacts come; None has none.
    trouble_per_series : int >= 0, default=3
        Planted events of each series, at most one in five days; none in the first quarter of the days.

    Returns
    -------
    Metrics

    Raises
    ------
    ConfigError
        If a setting is out of its range, or the country is unknown.

    Examples
    --------
    >>> metrics = make_metrics(2, 20)
    >>> metrics.frame[["unique_id", "y", "trials"]].groupby("unique_id").size().to_dict()
    {'abandon_rate/배송': 480, 'contacts/요금': 480}
    >>> make_metrics(freq="7min")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `freq` must be one of '5min', '10min', '15min', '30min', 'h', '2h', 'D' - got '7min'.
    """
    import pandas as pd

    check_whole("n_series", n_series, least=1)
    check_whole("days", days, least=14)
    check_whole("seed", seed, least=0)
    check_whole("trouble_per_series", trouble_per_series, least=0)
    if freq not in _STEPS:
        raise ConfigError(f"`freq` must be one of {', '.join(map(repr, _STEPS))} - got {freq!r}.")
    if trouble_per_series > days // 5:
        raise ConfigError(
            f"`trouble_per_series` must be at most one in five days - got {trouble_per_series} in {days} days. "
            "Ask for more days."
        )
    centre = make_centre(days, country, never_closes=False, seed=seed)
    step = _STEPS[freq]
    plan = _Plan(centre, np.arange(0, _DAY_MINUTES, step), step, seed, trouble_per_series)
    made = [_series(number, plan) for number in range(n_series)]
    frame = pd.concat([rows for rows, _ in made], ignore_index=True)
    truth = pd.concat([events for _, events in made], ignore_index=True)
    description = _DESCRIPTION.format(
        series=n_series, first=FIRST_DAY, last=FIRST_DAY + days - 1, freq=freq, events=len(truth)
    )
    return Metrics(frame, truth, description)


class _Plan(NamedTuple):
    """What all series share."""

    centre: Centre
    minutes: NDArray[np.int64]
    step: int
    seed: int
    troubles: int


def _series(number: int, plan: _Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and truth of one series."""
    import pandas as pd

    again, place = divmod(number, len(SERVICES))
    service, name = SERVICES[place], _name(number)
    load, stamps = _load(number, service, plan)
    per_day = int(np.unique(stamps.astype("datetime64[D]"), return_counts=True)[1].max())
    rng = np.random.default_rng([plan.seed, 12, number])
    # the first events of the kinds of metrics differ, and so do those of their next series
    turn, first = 2 * place + plan.troubles * again, int(_CALM * load.size)
    troubles = plan_troubles(rng, service, turn, plan.troubles, load, first, per_day)
    rng = np.random.default_rng([plan.seed, 13, number])
    drawn = service.draw(rng, load, factor_of(load.size, troubles), plan.step / 60)
    told = write_down(drawn, troubles, service)
    frame = pd.DataFrame({"unique_id": name, "ds": stamps, "y": told.y})
    frame["trials"] = np.nan if told.trials is None else told.trials
    frame["metric"] = service.metric
    frame["label"] = factor_of(load.size, [one._replace(kind="spike", size=2.0) for one in troubles]).astype(int) - 1
    silent = [np.arange(one.start, one.stop) for one in troubles if one.kind == "missing"]
    gone = np.concatenate(silent) if silent and again % 2 == 0 else np.zeros(0, dtype=np.int64)
    truth = pd.DataFrame(
        {
            "unique_id": pd.Series([name] * len(troubles), dtype=object),
            "kind": pd.Series([one.kind for one in troubles], dtype=object),
            "start": stamps[[one.start for one in troubles]],
            "end": stamps[[one.stop - 1 for one in troubles]],
            "size": np.array([one.size for one in troubles], dtype=np.float64),
        }
    )
    return frame[~frame.index.isin(gone)], truth


def _load(number: int, service: Service, plan: _Plan) -> tuple[NDArray[np.float64], NDArray[np.datetime64]]:
    """How busy each period is, about 1 on the mean of a week, and when it starts."""
    rng = np.random.default_rng([plan.seed, 11, number])
    shift, deep, size = 25 * rng.normal(), 0.85 + 0.05 * rng.normal(), np.exp(0.4 * rng.normal())
    by_weekday = _WEEKDAYS * np.exp(0.04 * rng.normal(size=7))
    own = np.random.default_rng([plan.seed, 14, number])
    days = plan.centre.days
    wander = np.exp(np.cumsum(own.normal(0.0, _WANDER, days.size)))
    noise = plan.centre.noise * gamma(np.random.default_rng([plan.seed, 15, number]), days.size, _OWN_NOISE)
    daily = size * wander * noise * by_weekday[weekday_of(days)] * plan.centre.calendar
    shape = _shape(plan.minutes, plan.step, shift, deep)
    inside = np.ones(plan.minutes.size, dtype=bool)
    open_days = np.ones(days.size, dtype=bool)
    if service.open_hours:
        open_days = plan.centre.is_open
        inside = (plan.minutes >= _OPEN[0]) & (plan.minutes < _OPEN[1]) | (plan.step == _DAY_MINUTES)
    stamps = days[open_days, None].astype("datetime64[ns]") + plan.minutes[inside].astype("timedelta64[m]")
    return (daily[open_days, None] * shape[inside]).ravel(), stamps.ravel()


def _shape(minutes: NDArray[np.int64], step: int, shift: float, deep: float) -> NDArray[np.float64]:
    """The course of a day, 1 on the mean: two hills by day, quiet at night."""
    every = np.arange(0, _DAY_MINUTES, 5)
    hills = np.exp(-0.5 * ((every - 640 - shift) / 120) ** 2) + 0.9 * np.exp(-0.5 * ((every - 930) / 170) ** 2)
    course = (1 - deep) + deep * hills / hills.mean()
    shape: NDArray[np.float64] = course.reshape(minutes.size, step // 5).mean(axis=1)
    return shape


def _name(number: int) -> str:
    """Name a series by its metric and a topic; the topics repeat with a number."""
    again, place = divmod(number, len(SERVICES))
    repeat, topic = divmod(again + place, len(_TOPICS))
    return f"{SERVICES[place].name}/{_TOPICS[topic]}" + (f" {repeat + 1}" if repeat else "")

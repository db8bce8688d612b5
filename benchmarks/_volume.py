"""The protocols of the volume benchmarks, as data: what was known at each origin, and what came after.

`protocol(name)` is what a figure is quoted on. `development(name)` has the same shape and lies wholly before its first
test origin: methods are chosen there, and on the sets of `DEVELOPMENT`, of which no figure is quoted at all.

>>> from _volume import protocol
>>> bank = protocol("bank_calls_5min")
>>> for origin in bank.origins:
...     asked = origin.future.drop(columns=bank.target)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from _data import FOLDER

KEY, TIME, TARGET = "unique_id", "ds", "y"
LEAST_REQUESTS = 2_000
#: The only day of 2015 without a row in the Boston set: its counts are unknown, not zero.
BOSTON_LOST = pd.Timestamp("2015-07-22")
#: The M4 series are published without dates.
MADE_UP_START = pd.Timestamp("2000-01-03")
#: First day of week 1 of the orange juice set.
FIRST_JUICE_WEEK = pd.Timestamp("1989-09-14")


@dataclass(frozen=True)
class Origin:
    """One moment: the rows up to it, and the rows after it with what came."""

    history: pd.DataFrame
    future: pd.DataFrame


@dataclass(frozen=True)
class Protocol:
    """One set and how a forecast of it is judged.

    Frames are long: `key`, `time`, `target` and the `covariates`, which are known ahead. `horizon` counts periods that
    have rows (open ones). `season` is the number of rows of a series that make up the longer season, `slots` those of
    one day. Where `step` is set, the future rows are forecast `step` at a time, each time knowing all rows before them.
    """

    name: str
    origins: list[Origin] = field(repr=False)
    horizon: int
    season: int
    slots: int
    freq: str
    country: str | None = None
    subdivision: str | None = None
    covariates: tuple[str, ...] = ()
    step: int | None = None
    coherent: bool = False
    key: str = KEY
    time: str = TIME
    target: str = TARGET


def protocol(name: str) -> Protocol:
    """What is measured."""
    return _build(name, {**TESTS, **DEVELOPMENT}[name], before_test=False)


def development(name: str) -> Protocol:
    """The same, on rows before the first test origin only; a set of `DEVELOPMENT` is given as it is."""
    return _build(name, {**TESTS, **DEVELOPMENT}[name], before_test=name in TESTS)


def read(file: str, **options: object) -> pd.DataFrame:
    """Read a set, or end the benchmark with a clear word."""
    path = FOLDER / "volume" / f"{file}.csv.gz"
    if not path.is_file():
        print(f"skipped: {file} is not here ({path}). Set CXML_DATA to the folder that holds volume/.")
        raise SystemExit(0)
    return pd.read_csv(path, **options)


@dataclass(frozen=True)
class _Plan:
    """How the origins of a set are cut: `origins` blocks of `days` dates each, the last block at the end."""

    rows: Callable[[], pd.DataFrame]
    origins: int
    days: int
    horizon: int
    season: int
    slots: int
    freq: str
    country: str | None = None
    subdivision: str | None = None
    covariates: tuple[str, ...] = ()
    step: int | None = None
    coherent: bool = False
    earlier: int | None = None


def _build(name: str, plan: _Plan, *, before_test: bool) -> Protocol:
    rows = plan.rows()
    if name == "m4_hourly":
        origins = [_m4(rows, before_test=before_test)]
    else:
        days = np.sort(rows[TIME].dt.normalize().unique())
        if before_test:
            days = days[: len(days) - plan.origins * plan.days]
        blocks = plan.earlier or plan.origins if before_test else plan.origins
        origins = [_cut(rows, days[len(days) - left * plan.days :][: plan.days]) for left in range(blocks, 0, -1)]
    kept = ("horizon", "season", "slots", "freq", "country", "subdivision", "covariates", "step", "coherent")
    return Protocol(name, origins, **{each: getattr(plan, each) for each in kept})


def _cut(rows: pd.DataFrame, days: np.ndarray) -> Origin:
    day = rows[TIME].dt.normalize()
    future = rows[(day >= days[0]) & (day <= days[-1])]
    return Origin(rows[day < days[0]].reset_index(drop=True), future.reset_index(drop=True))


def _m4(rows: pd.DataFrame, *, before_test: bool) -> Origin:
    left = rows.groupby(KEY, sort=False).cumcount(ascending=False)
    skip = 48 if before_test else 0
    history, future = rows[left >= 48 + skip], rows[(left < 48 + skip) & (left >= skip)]
    return Origin(history.reset_index(drop=True), future.reset_index(drop=True))


def _long(frame: pd.DataFrame, names: dict[str, str], series: str | None = None) -> pd.DataFrame:
    """Rename into the long form, with one name for a single series."""
    frame = frame.rename(columns=names)
    if series is not None:
        frame = frame.assign(**{KEY: series})
    front = [KEY, TIME, TARGET]
    frame = frame[front + [each for each in frame if each not in front]]
    return frame.sort_values([KEY, TIME], ignore_index=True)


def _filled(counts: pd.Series, times: Iterable[pd.Timestamp]) -> pd.DataFrame:
    """Counts by (series, time) with the zeros that were not written."""
    index = pd.MultiIndex.from_product([counts.index.unique(0), pd.Index(times)], names=[KEY, TIME])
    return counts.rename_axis([KEY, TIME]).reindex(index, fill_value=0).rename(TARGET).reset_index()


def _bank() -> pd.DataFrame:
    return _long(read("bank_calls_5min", parse_dates=["datetime"]), {"datetime": TIME, "calls": TARGET}, "bank")


def _reservations() -> pd.DataFrame:
    """Covariates are written from 2014 on; in 2013 they are missing."""
    frame = read("calls_reservations_daily", parse_dates=["date"])[["date", "calls", *RESERVATIONS]]
    return _long(frame, {"date": TIME, "calls": TARGET}, "calls")


def _boston(column: str) -> Callable[[], pd.DataFrame]:
    def rows() -> pd.DataFrame:
        frame = read("boston311_2015_daily_by_type_source", parse_dates=["date"])
        return _many_requests(frame, column, "date", pd.date_range("2015-01-01", "2015-12-31"))

    return rows


def _boston_hourly() -> pd.DataFrame:
    """Only up to the first test origin of the daily Boston protocols, for the requests are the same."""
    frame = read("boston311_2015_hourly_by_source", parse_dates=["hour"])
    end = TESTS["boston_channel"]
    last = pd.Timestamp("2015-12-31") - pd.Timedelta(days=end.origins * end.days)
    hours = pd.date_range("2015-01-01", last + pd.Timedelta(hours=23), freq="h")
    return _many_requests(frame, "source", "hour", hours)


def _many_requests(frame: pd.DataFrame, column: str, time: str, times: pd.DatetimeIndex) -> pd.DataFrame:
    """The series of more than 2,000 requests in the year, with their zeros, without the lost day."""
    total = frame.groupby(column)["requests"].sum()
    frame = frame[frame[column].isin(total.index[total > LEAST_REQUESTS])]
    counts = frame.groupby([column, time])["requests"].sum()
    return _filled(counts, times[times.normalize() != BOSTON_LOST])


def _technion() -> pd.DataFrame:
    frame = read("technion_bank_calls_6min", parse_dates=["datetime"])[["datetime", "calls"]]
    return _long(frame, {"datetime": TIME, "calls": TARGET}, "bank")


def _m4_rows() -> pd.DataFrame:
    """Train rows, then test rows of each series; `t` counts anew in the test rows."""
    frame = read("m4_hourly").sort_values(["id", "split", "t"], key=_train_first, kind="stable")
    hour = frame.groupby("id").cumcount()
    frame = frame.assign(**{TIME: MADE_UP_START + pd.to_timedelta(hour, unit="h")})
    return _long(frame[["id", TIME, "value"]], {"id": KEY, "value": TARGET})


def _train_first(column: pd.Series) -> pd.Series:
    return column == "test" if column.name == "split" else column


def _nypd() -> pd.DataFrame:
    frame = read("nypd_911_daily", parse_dates=["date"])[["date", "calls"]]
    return _long(frame, {"date": TIME, "calls": TARGET}, "nypd")


def _bike() -> pd.DataFrame:
    """Hours without a ride are not written: they are zeros."""
    frame = read("bike_sharing_hourly", parse_dates=["dteday"])
    frame[TIME] = frame["dteday"] + pd.to_timedelta(frame["hr"], unit="h")
    counts = frame.melt(TIME, ["casual", "registered"], KEY, TARGET).set_index([KEY, TIME])[TARGET]
    return _filled(counts, pd.date_range(frame[TIME].min(), frame[TIME].max(), freq="h"))


def _wikipedia() -> pd.DataFrame:
    frame = read("wikipedia_pageviews_daily", parse_dates=["date"])
    return _long(frame, {"Page": KEY, "date": TIME, "value": TARGET})


def _kpi() -> pd.DataFrame:
    """The set has no dates; the first row is given a Monday."""
    frame = read("callcenter_kpi_daily")
    frame = pd.DataFrame(
        {TIME: MADE_UP_START + pd.to_timedelta(frame.index, unit="D"), TARGET: frame["Incoming Calls"]}
    )
    return _long(frame, {}, "incoming")


def _walmart() -> pd.DataFrame:
    frame = read("walmart_weekly_7series", parse_dates=["Date"])
    frame = frame.assign(is_holiday=frame["IsHoliday"].astype(int), **{TARGET: frame["Weekly_Sales"].round()})
    return _long(frame[["id", "Date", TARGET, "is_holiday"]], {"id": KEY, "Date": TIME})


def _juice() -> pd.DataFrame:
    """Units of three brands in the first ten stores that sold each of them every week; price in cents, deal, feat."""
    frame = read("orange_juice_weekly")
    frame = frame[frame["brand"].isin((1, 5, 11))]
    whole = frame.groupby(["store", "brand"])["week"].transform("size") == frame.groupby("store")["week"].transform(
        lambda weeks: weeks.max() - weeks.min() + 1
    )
    stores = whole.groupby(frame["store"]).all()
    frame = frame[frame["store"].isin(stores.index[stores][:10])]
    prices = frame[[f"price{brand}" for brand in range(1, 12)]].to_numpy()
    made = pd.DataFrame(
        {
            KEY: "store " + frame["store"].astype(str) + ", brand " + frame["brand"].astype(str),
            TIME: FIRST_JUICE_WEEK + pd.to_timedelta(7 * (frame["week"] - 1), unit="D"),
            TARGET: np.exp(frame["logmove"]).round(),
            "price": 100 * prices[np.arange(len(frame)), frame["brand"] - 1],
            "deal": frame["deal"],
            "feat": frame["feat"],
        }
    )
    return _long(made, {})


RESERVATIONS = (
    "reservations_2months_advance",
    "total_reservations",
    "summer_break",
    "christmas_break",
    "special_day",
)

TESTS: dict[str, _Plan] = {
    "bank_calls_5min": _Plan(_bank, 8, 10, 1_690, 845, 169, "5min", "US", earlier=4),
    # The publisher is not named; the special days are those of England (Mothering Sunday, St George's day, the bank
    # holidays of May and August, Bonfire Night, Remembrance Sunday).
    "calls_reservations_daily": _Plan(_reservations, 8, 28, 28, 7, 1, "D", "GB", "ENG", RESERVATIONS, earlier=8),
    "boston_channel": _Plan(_boston("source"), 6, 14, 14, 7, 1, "D", "US", "MA"),
    "boston_reason": _Plan(_boston("reason"), 6, 14, 14, 7, 1, "D", "US", "MA", coherent=True),
    "technion_6min": _Plan(_technion, 4, 14, 3_360, 1_680, 240, "6min", "IL"),
    "m4_hourly": _Plan(_m4_rows, 1, 2, 48, 24, 24, "h"),
    "nypd_daily": _Plan(_nypd, 1, 180, 1, 7, 1, "D", "US", "NY", step=1),
}

DEVELOPMENT: dict[str, _Plan] = {
    "bike_sharing_hourly": _Plan(_bike, 8, 7, 168, 168, 24, "h", "US", "DC"),
    "wikipedia_daily": _Plan(_wikipedia, 6, 28, 28, 7, 1, "D"),
    "callcenter_kpi_daily": _Plan(_kpi, 8, 28, 28, 7, 1, "D"),
    "boston_hourly": _Plan(_boston_hourly, 6, 7, 168, 168, 24, "h", "US", "MA"),
    "walmart_weekly": _Plan(_walmart, 4, 8, 8, 52, 1, "W-FRI", "US", None, ("is_holiday",)),
    "orange_juice_weekly": _Plan(_juice, 4, 8, 8, 52, 1, "W-THU", "US", None, ("price", "deal", "feat")),
}

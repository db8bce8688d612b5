"""What the days of a year are like: next to a holiday, in a place of the month, a payday, within an event."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Self

import numpy as np

from cxml.timeseries.events import Event
from cxml.timeseries.public_holidays import LUNAR, Holiday, open_book, read_holidays

#: Days of the month on which wages are paid; on the working day before where the day itself is free.
_PAYDAYS = {"KR": (10, 15, 20, 21, 25)}
_LAST_DAY = 31
_USUAL_PAYDAYS = (15, _LAST_DAY)

_LUNAR_REACH = 3
#: A longer break than this is learned as one of this length: there are too few to tell them apart.
_LONGEST_BREAK = 5
_WORKDAYS_COUNTED = 5
_WORKDAYS_FROM_END = 3
_DAYS_AFTER_EVENT = 2

_ELECTION = re.compile(r"\belections?\b|\bpolling day\b", re.IGNORECASE)

#: Group, name and values of each effect.
Told = Iterator[tuple[str, str, np.ndarray]]


@dataclass(frozen=True)
class Span:
    """A year with its neighbours, on which its first and last days hang, and what is known of these days."""

    days: np.ndarray
    weekend: np.ndarray
    working: np.ndarray
    holidays: dict[date, tuple[Holiday, ...]]

    @property
    def is_holiday(self) -> np.ndarray:
        """Which days are."""
        return self.mark(self.holidays)

    def mark(self, days: Iterable[date]) -> np.ndarray:
        """Which days are among these."""
        return np.isin(self.days, np.array(list(days), dtype="datetime64[D]"))

    @classmethod
    def read(cls, year: int, country: str | None, subdivision: str | None) -> Self:
        """Read it off the country's calendar; without a country no day is a holiday."""
        days = np.arange(f"{year - 1:04d}-01-01", f"{year + 2:04d}-01-01", dtype="datetime64[D]")
        if country is None:
            weekend = np.is_busday(days, weekmask="0000011")
            return cls(days, weekend, ~weekend, {})
        book = open_book(range(year - 1, year + 2), country, subdivision)
        each = days.tolist()
        weekend = np.array([book.is_weekend(day) for day in each])
        working = np.array([book.is_working_day(day) for day in each])
        return cls(days, weekend, working, read_holidays(book))


def effects_of(span: Span, country: str | None, events: Sequence[Event]) -> Told:
    """All effects of the days of a span, see `cxml.timeseries.calendar.Calendar`."""
    yield from _holiday_effects(span)
    yield from _lunar_effects(span)
    yield from _around_effects(span)
    yield from _month_effects(span)
    yield from _payday_effects(span, _PAYDAYS.get(country or "", _USUAL_PAYDAYS))
    yield from _event_effects(span, events)


def _holiday_effects(span: Span) -> Told:
    yield "holiday", "holiday", span.is_holiday & ~span.weekend
    yield "holiday", "holiday_weekend", span.is_holiday & span.weekend
    yield "holiday", "working_weekend", span.working & span.weekend
    found: defaultdict[tuple[str, str], list[date]] = defaultdict(list)
    for day, holidays in span.holidays.items():
        for effect in chain.from_iterable(_effects_of(one) for one in holidays):
            found[effect].append(day)
    for (group, name), days in found.items():
        yield group, name, span.mark(days)


def _effects_of(holiday: Holiday) -> Iterator[tuple[str, str]]:
    yield "named_holiday", f"holiday:{holiday.name}"
    if holiday.substitute:
        yield "holiday", "substitute"
    if _ELECTION.search(holiday.name):
        yield "holiday", "election"
    elif holiday.temporary:
        yield "holiday", "temporary"


def _lunar_effects(span: Span) -> Told:
    found = ((day, one.name) for day, holidays in span.holidays.items() for one in holidays if one.lunar_day)
    for day, name in found:
        for distance in range(-_LUNAR_REACH, _LUNAR_REACH + 1):
            yield "lunar", f"{LUNAR[name]}{distance:+d}", span.mark([day + timedelta(distance)])


def _around_effects(span: Span) -> Told:
    # Rolling joins the two ends of the span, which are a year away from the days that are kept.
    free, taken = ~span.working, ~span.working & span.is_holiday & ~span.weekend
    block = np.cumsum(free & ~np.roll(free, 1))
    length = np.where(free, np.bincount(block, weights=taken)[block], 0.0)  # working days that each block took
    before, after = span.working & (np.roll(length, -1) > 0), span.working & (np.roll(length, 1) > 0)
    second = np.zeros(len(free), dtype=bool)
    second[span.working] = np.roll(after[span.working], 1)
    yield "around", "before_holiday", before
    yield "around", "after_holiday", after
    yield "around", "after_break", after * np.minimum(np.roll(length, 1), _LONGEST_BREAK)
    yield "around", "second_after", second & ~after
    # A Tuesday after a free Monday is the Monday of its week: what waited over the free days comes then.
    yield "rhythm", "first_workday", span.working & np.roll(free, 1)
    yield "rhythm", "last_workday", span.working & np.roll(free, -1)
    yield "around", "bridge", span.working & np.roll(free, -1) & np.roll(free, 1)


def _month_effects(span: Span) -> Told:
    months = span.days.astype("datetime64[M]")
    day_of_month = (span.days - months).astype(int) + 1
    december = months.astype(int) % 12 == 11
    yield "year_end", "year_end", december & (day_of_month >= 24) & ~span.is_holiday
    for day in range(1, 32):
        yield "month_day", f"month_day:{day}", day_of_month == day
    first, month = np.unique(months, return_index=True, return_inverse=True)[1:]
    worked = np.cumsum(span.working)
    before_month = (worked - span.working)[first]
    until_month_end = np.append(before_month[1:], worked[-1])
    number, from_end = worked - before_month[month], until_month_end[month] - worked + 1
    for count in range(1, _WORKDAYS_COUNTED + 1):
        yield "workday_of_month", f"workday_of_month:{count}", span.working & (number == count)
    for count in range(1, _WORKDAYS_FROM_END + 1):
        yield "workday_from_end", f"workday_from_end:{count}", span.working & (from_end == count)


def _payday_effects(span: Span, paydays: Sequence[int]) -> Told:
    place = np.arange(len(span.days))
    last_workday = np.maximum.accumulate(np.where(span.working, place, 0))
    starts = np.flatnonzero(span.days == span.days.astype("datetime64[M]"))
    ends = np.append(starts[1:], len(place)) - 1
    for day in paydays:
        name = "payday:last" if day == _LAST_DAY else f"payday:{day}"
        yield "payday", name, np.isin(place, last_workday[np.minimum(starts + day - 1, ends)])


def _event_effects(span: Span, events: Sequence[Event]) -> Told:
    found: defaultdict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(len(span.days)))
    for event in events:
        start, end = np.datetime64(event.start, "D"), np.datetime64(event.end, "D")
        if start > span.days[-1] or end < span.days[0]:
            continue
        found["event", f"event:{event.name}"] += event.size * ((span.days >= start) & (span.days <= end))
        for count, place in enumerate(np.flatnonzero(span.working & (span.days > end))[:_DAYS_AFTER_EVENT], 1):
            found["after_event", f"after_event:{event.name}+{count}"][place] += event.size
    for (group, name), values in found.items():
        yield group, name, values

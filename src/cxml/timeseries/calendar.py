"""What is special about a day: holidays, the days around them, the place in the month, paydays, and known events.

The effects are written so that each can be learned once for all years: Seollal moves through the sun's calendar, the
day after Seollal does not move. What a day holds never depends on which other days were asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from cxml.errors import ConfigError, FrameError, nearest
from cxml.timeseries.events import Event, read_events

if TYPE_CHECKING:
    from holidays import HolidayBase

#: Groups of effects, in the order of the columns. The effects of one group are of one kind and of like size.
GROUPS = (
    "holiday",
    "named_holiday",
    "lunar",
    "around",
    "rhythm",
    "year_end",
    "month_day",
    "workday_of_month",
    "workday_from_end",
    "payday",
    "event",
    "after_event",
)

#: Days of the month on which wages are paid; on the working day before where the day itself is free.
_PAYDAYS = {"KR": (10, 15, 20, 21, 25)}
_LAST_DAY = 31
_USUAL_PAYDAYS = (15, _LAST_DAY)

#: Days that employees have off though public offices do not: Korea's Workers' Day until it became public in 2026.
_ALSO_FREE = {"KR": ("bank",)}
_SAME_HOLIDAY = {("KR", "Workers' Day"): "Labor Day"}

#: Name of the lunar day itself -> its effects. Where several days bear the name, the first one is meant.
_LUNAR = {
    "Korean New Year": "seollal",
    "Chuseok": "chuseok",
    "Chinese New Year": "lunar_new_year",
    "Chinese New Year's Day": "lunar_new_year",
    "Chinese New Year (Spring Festival)": "lunar_new_year",
    "Lunar New Year": "lunar_new_year",
}
_LUNAR_REACH = 3

#: A longer break than this is learned as one of this length: there are too few to tell them apart.
_LONGEST_BREAK = 5
_WORKDAYS_COUNTED = 5
_WORKDAYS_FROM_END = 3
_DAYS_AFTER_EVENT = 2

_ESTIMATED = re.compile(r" \((?:[^()]*, )?estimated\)$")
_DAY_OF_SEVERAL = re.compile(r"^(?:the )?(?:day preceding|second day of|third day of|fourth day of) ", re.IGNORECASE)
_SWAPPED = re.compile(r" \(substituted from .*\)$")
_ELECTION = re.compile(r"\belections?\b|\bpolling day\b", re.IGNORECASE)
_TRAILING_NUMBER = re.compile(r"[+-]?\d+$")

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Effects:
    """Day-level effects: what is special about each day.

    Attributes
    ----------
    names : tuple of str
        Effects that at least one of the days has, such as ``holiday``, ``seollal-1`` or ``month_day:25``.
    groups : tuple of str
        The group of each effect, one of `GROUPS`.
    values : array of float, shape (n_days, n_effects)
        1 where the day has the effect, else 0; events bear their size and ``after_break`` a number of days.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: np.ndarray


class Calendar:
    """A country's calendar and a company's events, as day-level effects.

    ======================  ===========================================================================================
    group                   effects
    ======================  ===========================================================================================
    holiday                 ``holiday`` (it takes a working day), ``holiday_weekend`` (it falls on the weekend),
                            ``substitute``, ``temporary`` (declared for that one year), ``election``,
                            ``working_weekend`` (worked in exchange for a free day elsewhere)
    named_holiday           ``holiday:<name>`` in English, the same for a holiday, its substitute, and all days of a
                            holiday of several days
    lunar                   ``seollal-3`` ... ``seollal+3``, ``chuseok-3`` ... ``chuseok+3``; ``lunar_new_year-3`` ...
                            elsewhere
    around                  ``before_holiday``, ``after_holiday``, ``second_after``: working days next to a free block
                            that a holiday is part of; ``after_break``: how many working days that block took, 5 at
                            most; ``bridge``: a working day between two free ones
    year_end                ``year_end``: December 24 to 31, without holidays
    month_day               ``month_day:1`` ... ``month_day:31``
    workday_of_month        ``workday_of_month:1`` ... ``workday_of_month:5``
    workday_from_end        ``workday_from_end:1`` (the last one) ... ``workday_from_end:3``
    payday                  ``payday:10``, 15, 20, 21, 25 in Korea, ``payday:15`` and ``payday:last`` elsewhere; on the
                            working day before where the day is free
    event                   ``event:<name>`` with the event's size; where events of one name overlap, sizes add up
    after_event             ``after_event:<name>+1`` and ``+2``: the first two working days after it, with its size
    ======================  ===========================================================================================

    Parameters
    ----------
    country : str, optional
        ISO 3166 code of two letters, such as ``KR``. Without one there are no holidays, and the weekend is Saturday
        and Sunday.
    subdivision : str, optional
        State or province, by its ISO 3166-2 part (``BY``) or the name that the package has for it (``Bayern``).
    events : sequence of Event, or a table that `read_events` reads

    Raises
    ------
    ConfigError
        If the holidays package does not know the country or the subdivision.
    FrameError
        If an event cannot be read.

    Notes
    -----
    Dates come from the package holidays (0.109 or newer), whose version `to_json` records: another version may know
    days that were declared since, and a saved calendar follows the version that is installed.

    Korea's Workers' Day, 1 May, counts as a holiday in all years: it became a public one only in 2026, yet employees
    had it off long before.

    Examples
    --------
    >>> calendar = Calendar("KR")
    >>> day = np.array(["2025-10-10"], dtype="datetime64[D]")  # the Friday after a week of Chuseok
    >>> calendar.effects(day).names
    ('after_break', 'after_holiday', 'bridge', 'first_workday', 'last_workday', 'month_day:10', 'workday_of_month:3', \
'payday:10')
    >>> calendar.holidays(day - np.arange(3))
    [None, 'Hangul Day', 'Chuseok (substitute)']
    >>> Calendar("KOR")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: country must be an ISO code that the holidays package knows - got 'KOR'. \
Did you mean 'KR'? Leave it out for a calendar without holidays.
    """

    def __init__(
        self, country: str | None = None, *, subdivision: str | None = None, events: Sequence[Event] = ()
    ) -> None:
        _check_place(country, subdivision)
        self.country = country
        self.subdivision = subdivision
        self.events = read_events(events)
        self._version: str | None = None
        self._years: dict[int, _Year] = {}

    def __repr__(self) -> str:
        place = "-".join(part for part in (self.country, self.subdivision) if part)
        return f"Calendar({place or 'no country'}, {len(self.events)} events)"

    def effects(self, days: np.ndarray) -> Effects:
        """Tell the effects of each day.

        Parameters
        ----------
        days : array of datetime64, shape (n_days,)
            In any order, of any years, repeated or not.

        Returns
        -------
        Effects

        Raises
        ------
        FrameError
            If `days` holds no dates, or missing ones.
        """
        days = _as_days(days)
        years = days.astype("datetime64[Y]")
        found: dict[tuple[int, str, int], tuple[str, np.ndarray]] = {}
        for year in np.unique(years):
            own = np.flatnonzero(years == year)
            place = (days[own] - year).astype(int)
            for effect in self._year(year.item().year).effects:
                values = effect.values[place]
                if values.any():
                    found.setdefault(effect.order, (effect.name, np.zeros(len(days))))[1][own] = values
        order = sorted(found)
        return Effects(
            tuple(found[key][0] for key in order),
            tuple(GROUPS[key[0]] for key in order),
            np.stack([found[key][1] for key in order], axis=1) if order else np.zeros((len(days), 0)),
        )

    def effects_of_periods(self, starts: np.ndarray, ends: np.ndarray) -> Effects:
        """Sum the effects over the days of each period, for series by week or month.

        Parameters
        ----------
        starts, ends : arrays of datetime64, shape (n_periods,)
            The first day of each period, and the first one that is no longer part of it.

        Returns
        -------
        Effects
            One row for each period.

        Raises
        ------
        FrameError
            If a period has no days.

        Examples
        --------
        >>> may = np.array(["2025-05-01"], dtype="datetime64[D]")
        >>> found = Calendar("KR").effects_of_periods(may, may + 31)
        >>> dict(zip(found.names, found.values[0].tolist()))["holiday"]  # 1, 5 and 6 May
        3.0
        """
        starts, ends = _as_days(starts), _as_days(ends)
        if starts.shape != ends.shape or (ends <= starts).any():
            raise FrameError(
                f"Each period must have a start and a later end - got {len(starts)} starts and {len(ends)} ends. "
                "Give the first day after each period as its end."
            )
        lengths = (ends - starts).astype(int)
        first = np.cumsum(lengths) - lengths
        days = np.repeat(starts, lengths) + (np.arange(lengths.sum()) - np.repeat(first, lengths)) * _DAY
        daily = self.effects(days)
        sums = np.add.reduceat(daily.values, first, axis=0) if len(first) else daily.values
        return Effects(daily.names, daily.groups, sums)

    def holidays(self, days: np.ndarray) -> list[str | None]:
        """Name each day's public holiday, the same name each year.

        Of several on one day a lunar one comes first. A substitute day is named apart, as in ``Chuseok
        (substitute)``: who is closed on the holiday may well be open then.

        Parameters
        ----------
        days : array of datetime64, shape (n_days,)

        Returns
        -------
        list of str or None
        """
        found: list[str | None] = []
        for day in _as_days(days).tolist():
            holidays = self._year(day.year).holidays.get(day, ())
            found.append(min(holidays, key=lambda one: one.name not in _LUNAR).title if holidays else None)
        return found

    @staticmethod
    def align(effects: Effects, names: Sequence[str]) -> np.ndarray:
        """Bring effects into the columns of `names`, zeros where a name is absent.

        Parameters
        ----------
        effects : Effects
        names : sequence of str
            Those learned from, in their order. Effects that are not among them are left out.

        Returns
        -------
        array of float, shape (n_days, n_names)

        Examples
        --------
        >>> Calendar.align(Effects(("a", "b"), ("event", "event"), np.array([[1.0, 2.0]])), ["b", "c"])
        array([[2., 0.]])
        """
        place = {name: column for column, name in enumerate(effects.names)}
        aligned = np.zeros((len(effects.values), len(names)))
        for column, name in enumerate(names):
            if name in place:
                aligned[:, column] = effects.values[:, place[name]]
        return aligned

    def to_json(self) -> dict[str, Any]:
        """Tell the calendar in plain values, with the version of the holidays package that it was first made with.

        >>> Calendar().to_json()
        {'country': None, 'subdivision': None, 'events': [], 'holidays': None}
        """
        version = self._version
        if version is None and self.country is not None:
            from holidays.version import __version__ as version

        return {
            "country": self.country,
            "subdivision": self.subdivision,
            "events": [
                {"name": one.name, "start": str(one.start), "end": str(one.end), "size": one.size}
                for one in self.events
            ],
            "holidays": version,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Make the calendar that `to_json` told.

        Parameters
        ----------
        told : mapping

        Returns
        -------
        Calendar
        """
        made = cls(told["country"], subdivision=told["subdivision"], events=told["events"])
        made._version = told.get("holidays")
        return made

    def _year(self, year: int) -> _Year:
        if year not in self._years:
            span = _read_span(year, self.country, self.subdivision)
            own = span.days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}", "Y")
            told = chain(
                _holiday_effects(span),
                _lunar_effects(span),
                _around_effects(span),
                _month_effects(span),
                _payday_effects(span, _PAYDAYS.get(self.country or "", _USUAL_PAYDAYS)),
                _event_effects(span, self.events),
            )
            effects = (_Effect(group, name, values[own].astype(float)) for group, name, values in told)
            self._years[year] = _Year([effect for effect in effects if effect.values.any()], span.holidays)
        return self._years[year]


class _Holiday(NamedTuple):
    """A holiday on one day; `lunar_day` marks the very day of a lunar holiday that takes several."""

    name: str
    substitute: bool
    temporary: bool
    lunar_day: bool

    @property
    def title(self) -> str:
        return f"{self.name} (substitute)" if self.substitute else self.name

    def effects(self) -> Iterator[tuple[str, str]]:
        yield "named_holiday", f"holiday:{self.name}"
        if self.substitute:
            yield "holiday", "substitute"
        if _ELECTION.search(self.name):
            yield "holiday", "election"
        elif self.temporary:
            yield "holiday", "temporary"


class _Effect(NamedTuple):
    group: str
    name: str
    values: np.ndarray

    @property
    def order(self) -> tuple[int, str, int]:
        """Group, then name, its number at the end as a number: unique to the effect."""
        number = _TRAILING_NUMBER.search(self.name)
        if number is None or self.group in ("named_holiday", "event"):
            return GROUPS.index(self.group), self.name, 0
        return GROUPS.index(self.group), self.name[: number.start()], int(number[0])


class _Year(NamedTuple):
    effects: list[_Effect]
    holidays: dict[date, tuple[_Holiday, ...]]


_Told = Iterator[tuple[str, str, np.ndarray]]


@dataclass(frozen=True)
class _Span:
    """A year with its neighbours, on which its first and last days hang, and what is known of these days."""

    days: np.ndarray
    weekend: np.ndarray
    working: np.ndarray
    holidays: dict[date, tuple[_Holiday, ...]]

    @property
    def is_holiday(self) -> np.ndarray:
        return self.mark(self.holidays)

    def mark(self, days: Iterable[date]) -> np.ndarray:
        return np.isin(self.days, np.array(list(days), dtype="datetime64[D]"))


def _holiday_effects(span: _Span) -> _Told:
    yield "holiday", "holiday", span.is_holiday & ~span.weekend
    yield "holiday", "holiday_weekend", span.is_holiday & span.weekend
    yield "holiday", "working_weekend", span.working & span.weekend
    found: defaultdict[tuple[str, str], list[date]] = defaultdict(list)
    for day, holidays in span.holidays.items():
        for effect in chain.from_iterable(one.effects() for one in holidays):
            found[effect].append(day)
    for (group, name), days in found.items():
        yield group, name, span.mark(days)


def _lunar_effects(span: _Span) -> _Told:
    found = ((day, one.name) for day, holidays in span.holidays.items() for one in holidays if one.lunar_day)
    for day, name in found:
        for distance in range(-_LUNAR_REACH, _LUNAR_REACH + 1):
            yield "lunar", f"{_LUNAR[name]}{distance:+d}", span.mark([day + timedelta(distance)])


def _around_effects(span: _Span) -> _Told:
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


def _month_effects(span: _Span) -> _Told:
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


def _payday_effects(span: _Span, paydays: Sequence[int]) -> _Told:
    place = np.arange(len(span.days))
    last_workday = np.maximum.accumulate(np.where(span.working, place, 0))
    starts = np.flatnonzero(span.days == span.days.astype("datetime64[M]"))
    ends = np.append(starts[1:], len(place)) - 1
    for day in paydays:
        name = "payday:last" if day == _LAST_DAY else f"payday:{day}"
        yield "payday", name, np.isin(place, last_workday[np.minimum(starts + day - 1, ends)])


def _event_effects(span: _Span, events: Sequence[Event]) -> _Told:
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


def _as_days(days: Any) -> np.ndarray:
    array = np.asarray(days)
    if array.dtype.kind != "M" or array.ndim != 1:
        raise FrameError(
            f"The days must be a flat array of datetime64 - got {array.dtype} of {array.ndim} dimensions. "
            "Make one with np.array([...], dtype='datetime64[D]')."
        )
    missing = int(np.isnat(array).sum())
    if missing:
        raise FrameError(f"The days must be known - got {missing:,} missing among {len(array):,}. Drop those rows.")
    found: np.ndarray = array.astype("datetime64[D]")
    years = found.astype("datetime64[Y]").astype(int) + 1970
    if len(years) and not (years.min() > 1 and years.max() < 9998):
        raise FrameError(
            f"The days must be of the years 2 to 9997 - got {years.min()} to {years.max()}. "
            "Check the unit in which they were read."
        )
    return found


def _check_place(country: str | None, subdivision: str | None) -> None:
    if country is None:
        if subdivision is not None:
            raise ConfigError(
                f"A subdivision must come with its country - got {subdivision!r} alone. Name the country."
            )
        return
    import holidays
    from holidays.registry import COUNTRIES

    codes = {entry[1] for entry in COUNTRIES.values()}
    if country not in codes:
        # Other names of a country are not taken, or one and the same calendar would be saved under several.
        said = str(country).replace(" ", "").casefold()
        meant = {entry[1] for entry in COUNTRIES.values() if said in {name.casefold() for name in entry}}
        near = f" Did you mean {meant.pop()!r}?" if meant else nearest(said, codes)
        raise ConfigError(
            f"country must be an ISO code that the holidays package knows - got {country!r}.{near} "
            "Leave it out for a calendar without holidays."
        )
    if subdivision is None:
        return
    book = holidays.country_holidays(country)
    known = {*book.subdivisions, *book.subdivisions_aliases}
    if subdivision not in known:
        raise ConfigError(
            f"subdivision must be one of {country} that the holidays package knows - got {subdivision!r}."
            f"{nearest(str(subdivision), known)} Leave it out for what the whole country has in common."
        )


def _read_span(year: int, country: str | None, subdivision: str | None) -> _Span:
    days = np.arange(f"{year - 1:04d}-01-01", f"{year + 2:04d}-01-01", dtype="datetime64[D]")
    if country is None:
        weekend = np.is_busday(days, weekmask="0000011")
        return _Span(days, weekend, ~weekend, {})
    book = _open_book(range(year - 1, year + 2), country, subdivision)
    each = days.tolist()
    weekend = np.array([book.is_weekend(day) for day in each])
    working = np.array([book.is_working_day(day) for day in each])
    return _Span(days, weekend, working, _read_holidays(book))


def _open_book(years: Iterable[int], country: str, subdivision: str | None) -> HolidayBase:
    import holidays

    book = holidays.country_holidays(country)
    english = [language for language in book.supported_languages if language.startswith("en")]
    return holidays.country_holidays(
        country,
        subdiv=subdivision,
        years=years,
        expand=False,
        language="en_US" if "en_US" in english else next(iter(english), None),
        categories=(book.default_category, *_ALSO_FREE.get(country, ())),
    )


def _read_holidays(book: HolidayBase) -> dict[date, tuple[_Holiday, ...]]:
    substitutes, one_off = _substitute_pattern(book), _one_off_days(book)
    found: dict[date, tuple[_Holiday, ...]] = {}
    lunar_seen = set()
    for day in sorted(book):
        holidays = []
        for told in book.get_list(day):
            name, substitute = _plain_name(told, substitutes)
            name = _SAME_HOLIDAY.get((book.country, name), name)
            lunar = _LUNAR.get(_ESTIMATED.sub("", told)), day.year
            is_lunar_day = lunar[0] is not None and lunar not in lunar_seen
            lunar_seen.add(lunar)
            holidays.append(_Holiday(name, substitute, day in one_off, is_lunar_day))
        found[day] = tuple(holidays)
    return found


def _plain_name(told: str, substitutes: re.Pattern[str]) -> tuple[str, bool]:
    """Tell the name that a holiday has each year, and whether the day is a substitute for it."""
    sure = _ESTIMATED.sub("", told)
    moved = substitutes.fullmatch(told) or substitutes.fullmatch(sure)
    name = next(filter(None, moved.groups())) if moved else sure
    swapped = _SWAPPED.sub("", name)
    of_several = _DAY_OF_SEVERAL.sub("", swapped)
    is_substitute = moved is not None or swapped != name or name.casefold() == "substitute holiday"
    return of_several if of_several in _LUNAR else swapped, is_substitute


def _substitute_pattern(book: HolidayBase) -> re.Pattern[str]:
    """How this country words a substitute, such as "Alternative holiday for %s"; nothing where it has no word."""
    labels = (getattr(book, f"observed_{kind}", "%s") for kind in ("label", "label_before", "estimated_label"))
    worded = [book.tr(label) for label in dict.fromkeys(labels) if label != "%s"]
    return re.compile("|".join("(.+)".join(map(re.escape, label.split("%s"))) for label in worded) or "(?!)")


def _one_off_days(book: HolidayBase) -> set[date]:
    """Holidays declared for one year alone; the days that were swapped for another one have no name there."""
    found = set()
    for year in book.years:
        entries = getattr(book, f"special_{book.default_category}_holidays", {}).get(year, ())
        for entry in entries if entries and isinstance(entries[0], tuple) else (entries,):
            if entry and isinstance(entry[-1], str):
                found.add(date(year, *entry[:2]))
    return found

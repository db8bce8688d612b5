"""What is special about a day: holidays, the days around them, the place in the month, paydays, and known events.

The effects are written so that each can be learned once for all years: Seollal moves through the sun's calendar, the
day after Seollal does not move. What a day holds never depends on which other days were asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Self

import numpy as np

from cxml.errors import FrameError
from cxml.timeseries.events import Event, read_events
from cxml.timeseries.public_holidays import LUNAR, Holiday, check_place
from cxml.timeseries.special_days import Span, effects_of

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
        check_place(country, subdivision)
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
            found.append(min(holidays, key=lambda one: one.name not in LUNAR).title if holidays else None)
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
            span = Span.read(year, self.country, self.subdivision)
            own = span.days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}", "Y")
            told = effects_of(span, self.country, self.events)
            effects = (_Effect(group, name, values[own].astype(float)) for group, name, values in told)
            self._years[year] = _Year([effect for effect in effects if effect.values.any()], span.holidays)
        return self._years[year]


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
    holidays: dict[date, tuple[Holiday, ...]]


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

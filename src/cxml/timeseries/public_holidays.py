"""The public holidays of a country, by names that stay the same each year: what the package holidays tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from cxml.errors import ConfigError, nearest

if TYPE_CHECKING:
    from holidays import HolidayBase

#: Days that employees have off though public offices do not: Korea's Workers' Day until it became public in 2026.
_ALSO_FREE = {"KR": ("bank",)}
_SAME_HOLIDAY = {("KR", "Workers' Day"): "Labor Day"}

#: Name of the lunar day itself -> its effects. Where several days bear the name, the first one is meant.
LUNAR = {
    "Korean New Year": "seollal",
    "Chuseok": "chuseok",
    "Chinese New Year": "lunar_new_year",
    "Chinese New Year's Day": "lunar_new_year",
    "Chinese New Year (Spring Festival)": "lunar_new_year",
    "Lunar New Year": "lunar_new_year",
}

_ESTIMATED = re.compile(r" \((?:[^()]*, )?estimated\)$")
_DAY_OF_SEVERAL = re.compile(r"^(?:the )?(?:day preceding|second day of|third day of|fourth day of) ", re.IGNORECASE)
_SWAPPED = re.compile(r" \(substituted from .*\)$")


class Holiday(NamedTuple):
    """A holiday on one day; `lunar_day` marks the very day of a lunar holiday that takes several."""

    name: str
    substitute: bool
    temporary: bool
    lunar_day: bool

    @property
    def title(self) -> str:
        """The name, with a substitute day told apart."""
        return f"{self.name} (substitute)" if self.substitute else self.name


def check_place(country: str | None, subdivision: str | None) -> None:
    """Refuse a country, or a part of one, that the package does not know.

    Raises
    ------
    ConfigError
    """
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


def open_book(years: Iterable[int], country: str, subdivision: str | None) -> HolidayBase:
    """The package's book of some years: public holidays, and days off beside them, in English where it can."""
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


def read_holidays(book: HolidayBase) -> dict[date, tuple[Holiday, ...]]:
    """The holidays of each day of a book."""
    substitutes, one_off = _substitute_pattern(book), _one_off_days(book)
    found: dict[date, tuple[Holiday, ...]] = {}
    lunar_seen = set()
    for day in sorted(book):
        holidays = []
        for told in book.get_list(day):
            name, substitute = _plain_name(told, substitutes)
            name = _SAME_HOLIDAY.get((book.country, name), name)
            lunar = LUNAR.get(_ESTIMATED.sub("", told)), day.year
            is_lunar_day = lunar[0] is not None and lunar not in lunar_seen
            lunar_seen.add(lunar)
            holidays.append(Holiday(name, substitute, day in one_off, is_lunar_day))
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
    return of_several if of_several in LUNAR else swapped, is_substitute


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

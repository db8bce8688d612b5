"""Events that a calendar cannot know: a campaign, a mailing, an outage, with its days and its size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import FrameError
from cxml.frames import as_pandas, check_columns
from cxml.values import is_missing, read_category, read_days, read_number

if TYPE_CHECKING:
    import pandas as pd

#: What a table of events must tell. A column "size" may be there too; others are left alone.
COLUMNS = ("name", "start", "end")

_CLOCK = re.compile(r"(?<=\d)[T ]\d.*")


@dataclass(frozen=True)
class Event:
    """Something that happens on some days, and may happen again under the same name.

    Parameters
    ----------
    name : str
        What is learned together: two events of one name have one effect.
    start, end : date
        The first and the last day, both included. Text such as ``2025-03-01`` is read too. A missing end is the
        start.
    size : float, default=1.0
        How large it is, in any unit that is the same for all events of the name: letters sent, discount in percent.

    Raises
    ------
    FrameError
        If the name is empty, a date cannot be read, the end is before the start, or the size is no number.

    Examples
    --------
    >>> Event("mailing", "2025-03-03", None, size=2)
    Event(name='mailing', start=datetime.date(2025, 3, 3), end=datetime.date(2025, 3, 3), size=2.0)
    >>> Event("mailing", "2025-03-03", "2025-03-01")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The event 'mailing' must end on or after its start - got 2025-03-03 to 2025-03-01. \
Correct one of the two.
    """

    name: str
    start: date
    end: date
    size: float = 1.0

    def __post_init__(self) -> None:
        name = read_category(self.name)
        if name is None:
            raise FrameError(f"An event must have a name - got {self.name!r}. Name it after what is learned together.")
        start = _day(self.start, name=name, what="start")
        end = start if _is_blank(self.end) else _day(self.end, name=name, what="end")
        if end < start:
            raise FrameError(
                f"The event {name!r} must end on or after its start - got {start} to {end}. Correct one of the two."
            )
        read = {"name": name, "start": start, "end": end, "size": _size(self.size, name=name)}
        for field, value in read.items():
            object.__setattr__(self, field, value)


def read_events(table: pd.DataFrame | Iterable[Event | Mapping[str, Any]]) -> tuple[Event, ...]:
    """Read a table of events.

    Parameters
    ----------
    table : DataFrame, or sequence of Event or mapping
        Columns ``name``, ``start``, ``end`` and, where wanted, ``size`` (1 where it is missing).

    Returns
    -------
    tuple of Event

    Raises
    ------
    FrameError
        If a column is missing or a row cannot be read; the message tells which.

    Examples
    --------
    >>> read_events([{"name": "sale", "start": "2025-03-01", "end": "2025-03-09"}])[0].end
    datetime.date(2025, 3, 9)
    >>> read_events([{"name": "sale", "start": "2025-03-01", "end": "soon"}])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The end of the event 'sale' must be a date - got 'soon'. Write it as 2025-03-01. \
It is row 0 of the events.
    """
    return tuple(_read_row(row, place) for place, row in enumerate(_rows(table)))


def unseen(events: Sequence[Event], learned_days: np.ndarray, future_days: np.ndarray) -> tuple[str, ...]:
    """Name the events among the future days of which nothing could be learned.

    Parameters
    ----------
    events : sequence of Event
    learned_days, future_days : array of datetime64[D]

    Returns
    -------
    tuple of str, sorted
        Names that have a day among `future_days` and none among `learned_days`.

    Examples
    --------
    >>> told = [("sale", "2025-03-01"), ("sale", "2025-04-01"), ("move", "2025-04-02")]
    >>> events = [Event(name, day, day) for name, day in told]
    >>> march = np.arange("2025-03-01", "2025-04-01", dtype="datetime64[D]")
    >>> unseen(events, march, march + 31)
    ('move',)
    """
    return tuple(sorted(_names_within(events, future_days) - _names_within(events, learned_days)))


def _names_within(events: Sequence[Event], days: np.ndarray) -> set[str]:
    ordered = np.unique(np.asarray(days, dtype="datetime64[D]"))
    starts = np.searchsorted(ordered, np.array([event.start for event in events], dtype="datetime64[D]"), "left")
    ends = np.searchsorted(ordered, np.array([event.end for event in events], dtype="datetime64[D]"), "right")
    return {event.name for event, start, end in zip(events, starts, ends, strict=True) if start < end}


def _rows(table: Any) -> Iterable[Any]:
    if hasattr(table, "columns") or hasattr(table, "__arrow_c_stream__"):
        return as_pandas(table, what="The events").to_dict("records") if len(table) else ()
    if isinstance(table, (str, Mapping)) or not isinstance(table, Iterable):
        raise FrameError(
            f"The events must be a table or a list - got {type(table).__name__}. "
            "Give a data frame with the columns name, start and end, or a list of dicts with these keys."
        )
    return table


def _read_row(row: Any, place: int) -> Event:
    if isinstance(row, Event):
        return row
    if not isinstance(row, Mapping):
        raise FrameError(
            f"An event must be an Event or a mapping - got {type(row).__name__} in row {place}. "
            "Give its name, start and end."
        )
    check_columns(row, COLUMNS, what="A table of events", advice="Each event has a name, a start and an end.")
    size = 1.0 if _is_blank(row.get("size")) else row["size"]
    try:
        return Event(row["name"], row["start"], row["end"], size)
    except FrameError as error:
        raise FrameError(f"{error} It is row {place} of the events.") from None


def _is_blank(value: object) -> bool:
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def _day(value: Any, *, name: str, what: str) -> date:
    """The day that the value names where it was written: a zone would move midnight into the day before."""
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    elif isinstance(value, str):
        value = _CLOCK.sub("", value.strip())
    try:
        days = read_days(value)
    except FrameError:
        days = None
    if days is None or math.isnan(days):
        raise FrameError(f"The {what} of the event {name!r} must be a date - got {value!r}. Write it as 2025-03-01.")
    return date.fromordinal(date(1970, 1, 1).toordinal() + math.floor(days))


def _size(value: Any, *, name: str) -> float:
    try:
        size = read_number(value)
    except FrameError:
        size = None
    if size is None or math.isnan(size):
        raise FrameError(
            f"The size of the event {name!r} must be a finite number - got {value!r}. Leave it out where all are alike."
        )
    return size

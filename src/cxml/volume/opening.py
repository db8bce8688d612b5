"""When a centre will be open: its hours, and the holidays on which it was closed before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from cxml.timeseries.calendar import Calendar
from cxml.timeseries.panel import Panel

_SUBSTITUTE = " (substitute)"


@dataclass(frozen=True)
class Closing:
    """Holidays by name, and whether the centre was mostly closed on them.

    Attributes
    ----------
    by_name : mapping of holiday name -> bool
    usually : bool
        For holidays not met yet.
    """

    by_name: Mapping[str, bool]
    usually: bool

    @classmethod
    def learn(cls, panel: Panel, calendar: Calendar) -> Self:
        """Look at each holiday on a weekday that is open as a rule."""
        if panel.clock.unit != "day":
            return cls({}, usually=False)
        known = ~np.isnan(panel.y).all(axis=(0, 2))
        as_a_rule = np.any(panel.opening, axis=(0, 2))[panel.phases]
        names = calendar.holidays(panel.clock.starts(panel.rows))
        closed: Counter[str] = Counter()
        met: Counter[str] = Counter()
        for name, has_rows, open_day in zip(names, known, as_a_rule, strict=True):
            if name is not None and open_day:
                met[name] += 1
                closed[name] += not has_rows
        return cls({name: 2 * closed[name] > met[name] for name in met}, 2 * closed.total() > met.total())

    def days(self, panel: Panel, calendar: Calendar, rows: np.ndarray) -> np.ndarray:
        """Which rows (numbers from 1970) are holidays on which the centre is closed."""
        if panel.clock.unit != "day" or not (self.usually or any(self.by_name.values())):
            return np.zeros(len(rows), dtype=bool)
        names = calendar.holidays(panel.clock.starts(rows))
        return np.array([name is not None and self._closed(name) for name in names])

    def _closed(self, name: str) -> bool:
        plain = name.removesuffix(_SUBSTITUTE)
        return self.by_name.get(name, self.by_name.get(plain, self.usually))

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"by_name": dict(self.by_name), "usually": self.usually}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Back from `to_json`."""
        return cls(dict(values["by_name"]), bool(values["usually"]))


def open_cells(panel: Panel, calendar: Calendar, closing: Closing, rows: np.ndarray) -> np.ndarray:
    """Which cells of these rows will be open, shape (S, n_rows, M)."""
    closed = closing.days(panel, calendar, rows)
    found: np.ndarray = panel.opening[:, panel.clock.phases(rows)] & ~closed[None, :, None]
    return found


def describe_hours(panel: Panel) -> str:
    """Say the period, the span and the opening hours in a sentence."""
    clock = panel.clock
    days = clock.starts(panel.rows[[0, -1]])
    span = f"{clock.describe()}, {days[0]} to {days[1]}"
    if clock.unit != "day":
        return f"{span}."
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    hours = np.any(panel.opening, axis=0)
    said: list[tuple[list[str], str]] = []
    for name, slots in zip(names, hours, strict=True):
        open_slots = np.flatnonzero(slots)
        if not len(open_slots):
            text = "closed"
        elif clock.minutes == 1440 or len(open_slots) == clock.slots:
            text = "all day" if clock.minutes < 1440 else "open"
        else:
            first = clock.first + int(open_slots[0]) * clock.minutes
            last = clock.first + (int(open_slots[-1]) + 1) * clock.minutes
            text = f"{first // 60:02d}:{first % 60:02d}-{last // 60:02d}:{last % 60:02d}"
        if said and said[-1][1] == text:
            said[-1][0].append(name)
        else:
            said.append(([name], text))
    listed = ", ".join(f"{of[0]}{'-' + of[-1] if len(of) > 1 else ''} {text}" for of, text in said)
    return f"{span}; {listed}."

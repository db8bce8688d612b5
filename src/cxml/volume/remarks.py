"""What a fitted model says about its history, and about what lies ahead of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxml.errors import shorten
from cxml.timeseries.events import Event, unseen
from cxml.timeseries.panel import Panel
from cxml.volume.profile import ProfileForecaster

#: Standard deviations beyond which a day is listed, and series looked at for such days.
_ODD, _MOST_LOOKED_AT = 6.0, 10
_MOST_LISTED = 8


def odd_days(panel: Panel, profile: ProfileForecaster) -> tuple[str, ...]:
    """Days far from what was expected the day before: their pull on the level was bounded."""
    found: list[tuple[float, str]] = []
    biggest = np.argsort(-np.nansum(panel.y, axis=(1, 2)), kind="stable")[:_MOST_LOOKED_AT]
    for series in biggest:
        z = profile.surprises(panel, int(series))
        for row in np.flatnonzero(np.abs(np.nan_to_num(z)) > _ODD):
            day = panel.clock.starts(panel.rows[[row]])[0]
            found.append((float(z[row]), f"{panel.keys[series]} {day} ({z[row]:+.0f} sd)".strip()))
    if not found:
        return ()
    found.sort(key=lambda one: -abs(one[0]))
    listed = ", ".join(text for _, text in found[:_MOST_LISTED]) + (" ..." if len(found) > _MOST_LISTED else "")
    return (f"{len(found):,} days lay far from what was expected, and were kept from bending what follows: {listed}.",)


def new_events(panel: Panel, events: Sequence[Event], horizon: int) -> tuple[str, ...]:
    """Events within the horizon, in rows, after the history that never occurred within it."""
    last = panel.rows[-1]
    names = unseen(events, days_of(panel), _days(panel, np.array([last + 1, last + horizon])))
    if not names:
        return ()
    return (f"Events ahead that never occurred in the history, so that nothing is known of them: {shorten(names)}.",)


def days_of(panel: Panel) -> np.ndarray:
    """All days of a history."""
    return _days(panel, panel.rows[[0, -1]])


def _days(panel: Panel, rows: np.ndarray) -> np.ndarray:
    """All days from the first of some rows to the last."""
    starts, ends = panel.clock.spans(rows)
    found: np.ndarray = np.arange(starts[0], ends[-1])
    return found

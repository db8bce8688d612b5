"""The rows of a frame by series, in the order of time, and the stretches of them that are in trouble by its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.moments import Moments

if TYPE_CHECKING:
    import pandas as pd

#: Labelled stretches of a series that are so few rows apart are one event, and an alert so late still finds it.
GRACE = 3
DAY = 86_400 * 10**9
_COLUMNS = ("track", "kind", "first", "last", "size")


@dataclass(frozen=True)
class Track:
    """The rows of a series in the order of time.

    Attributes
    ----------
    name : str
    places : array of int, shape (n,)
        Positions of the rows in the frame.
    time : array of int64, shape (n,)
        Nanoseconds on the wall clock; the number of the row where the frame has no time.
    step : int, nanoseconds
        The usual distance of two rows.
    """

    name: str
    places: np.ndarray
    time: np.ndarray
    step: int

    def __len__(self) -> int:
        return len(self.places)

    @property
    def a_day(self) -> int:
        """How many rows a day has at most, at least 1."""
        return max(1, round(DAY / self.step))


def tracks_of(frame: pd.DataFrame, config: AnomalyConfig) -> list[Track]:
    """The series of a frame.

    Parameters
    ----------
    frame : DataFrame
    config : AnomalyConfig
        A frame without time is one series, in the order of its rows.

    Returns
    -------
    list of Track, by name
    """
    if config.time is None:
        every = np.arange(len(frame))
        return [Track("", every, every, 1)]
    time = wall_of(frame, config)
    keys = frame[config.key].astype(str).to_numpy() if config.key in frame else np.full(len(frame), "")
    order = np.lexsort((time, keys))
    starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]])
    found = []
    for places in np.split(order, starts[1:]):
        gaps = np.diff(time[places])
        gaps = gaps[gaps > 0]
        found.append(Track(str(keys[places[0]]), places, time[places], int(np.median(gaps)) if gaps.size else DAY))
    return found


def wall_of(frame: pd.DataFrame, config: AnomalyConfig) -> np.ndarray:
    """The moments of the rows as nanoseconds on the wall clock."""
    return Moments(str(config.time)).read(frame[str(config.time)])[1]


def windows_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """A table of events: ``track`` (number), ``kind``, ``first`` and ``last`` (rows of the track), ``size``."""
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.astype({"track": np.int64, "kind": object, "first": np.int64, "last": np.int64, "size": np.float64})


def labelled(frame: pd.DataFrame, tracks: list[Track], config: AnomalyConfig) -> pd.DataFrame:
    """Runs of rows that are labelled as trouble, as `windows_of`; a missing label says that there is none."""
    import pandas as pd

    told = pd.to_numeric(frame[config.label], errors="coerce").to_numpy(dtype=np.float64) > 0
    rows = []
    for number, track in enumerate(tracks):
        inside = np.flatnonzero(told[track.places])
        if inside.size:
            cuts = np.flatnonzero(np.diff(inside) > GRACE)
            firsts, lasts = inside[np.r_[0, cuts + 1]], inside[np.r_[cuts, inside.size - 1]]
            rows += [(number, "labelled", *ends, np.nan) for ends in zip(firsts, lasts, strict=True)]
    return windows_of(rows)

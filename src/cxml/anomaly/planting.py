"""Trouble planted into a caller's own rows, so that a detector can be judged where nobody has labelled any.

What is planted hangs on the rows and the seed alone, not on any model, and its size is told in the noise of the series:
1.4826 times the median distance of a value from the one a row, a day or a week before it (whichever is least), over the
root of 2. That is the standard deviation of normal noise around an expectation that repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.tracks import Track, tracks_of, windows_of
from cxml.errors import FrameError

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a series for each event, events of a series at most, and rows below which it gets none.
ROWS_AN_EVENT, MOST_EVENTS, LEAST_ROWS = 150, 12, 20
#: Series that get any at most.
_MOST_SERIES = 100
#: The share of a stretch that its event may take.
_SHARE = 0.1

#: What is left of a value at least.
_LEAST_FACTOR = 0.1

#: Shortest and longest length in rows, smallest and largest size in deviations of the noise.
_KINDS = {
    "spike": (1, 3, 5.0, 10.0),
    "dip": (2, 4, 5.0, 10.0),
    "level_shift": (12, 48, 3.0, 6.0),
    "drift": (24, 72, 4.0, 8.0),
    "variance": (24, 48, 4.0, 6.0),
    "frozen": (12, 24, 0.0, 0.0),
    "missing": (6, 12, 0.0, 0.0),
}


@dataclass(frozen=True)
class Planted:
    """Rows with trouble in them.

    Attributes
    ----------
    frame : DataFrame
        A copy of the rows in their order.
    windows : DataFrame
        As `cxml.anomaly.tracks.windows_of`: ``track`` (of `tracks_of`), ``kind``, ``first``, ``last``, ``size`` (in
        deviations of the noise of the series; rows of a frozen value or of silence).
    """

    frame: pd.DataFrame
    windows: pd.DataFrame


def plant(frame: pd.DataFrame, config: AnomalyConfig, *, turn: int = 0) -> Planted:
    """Plant trouble into a part of the rows, and leave nine in ten or more as they are.

    Each of up to 100 series, chosen by the hash of their names, is cut into one to twelve stretches of 150 rows
    or more, and each stretch gets one event, the kinds in turn. It takes a tenth of its stretch at most, away from its
    ends.

    ===========  ===========  ==================================================================================
    kind         rows         what happens
    ===========  ===========  ==================================================================================
    spike        1-3          5 to 10 deviations up, where the value is not below its median
    dip          2-4          5 to 10 deviations down, likewise
    level_shift  12-48        3 to 6 deviations up or down
    drift        24-72        grows evenly to 4 to 8 deviations
    variance     24-48        distances from the value a row, a day or a week before, times 4 to 6
    frozen       12-24        the value before, again and again
    missing      6-12         rows without a value
    ===========  ===========  ==================================================================================

    Where values are never negative and mostly above zero, the rows of an event are multiplied by 1 plus the size times
    the deviation over the mean, 0.1 at least: a quiet hour changes by less than a busy one. Rare counts get Poisson
    ones on top. Whole numbers stay whole, shares within 0 and 1, numerators up to their denominators. Kinds that a
    series cannot show (a dip of a metric that has no room for one, a frozen value of one that is mostly the same) are
    left out.

    Parameters
    ----------
    frame : DataFrame
        Rows after the history, with the target.
    config : AnomalyConfig
    turn : int >= 0, default=0
        Another turn plants other events into the same rows.

    Returns
    -------
    Planted

    Raises
    ------
    FrameError
        If no series has the 20 rows that an event needs.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.date_range("2026-03-02", periods=300, freq="h")
    >>> rows = pd.DataFrame({"ds": hours, "y": np.random.default_rng(0).normal(50.0, 2.0, 300)})
    >>> found = plant(rows, AnomalyConfig())
    >>> len(found.windows), bool((found.frame["y"] == rows["y"]).mean() > 0.8)
    (2, True)
    >>> plant(rows.head(9), AnomalyConfig())
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Planted trouble needs a series with 20 rows or more to judge on - the longest of 1 has 9. \
Give a longer history, or name a column of labels by `label=`.
    """
    tracks = tracks_of(frame, config)
    longest = max(len(one) for one in tracks)
    if longest < LEAST_ROWS:
        raise FrameError(
            f"Planted trouble needs a series with {LEAST_ROWS} rows or more to judge on - the longest of "
            f"{len(tracks):,} has {longest}. Give a longer history, or name a column of labels by `label=`."
        )
    values = frame[config.target].to_numpy(dtype=np.float64, na_value=np.nan).copy()
    trials = None
    if config.denominator is not None:
        trials = frame[config.denominator].to_numpy(dtype=np.float64, na_value=np.nan).copy()
    chosen = sorted(range(len(tracks)), key=lambda number: (crc32(tracks[number].name.encode()), number))
    chosen = [number for number in chosen if len(tracks[number]) >= LEAST_ROWS][:_MOST_SERIES]
    rows: list[tuple[Any, ...]] = []
    for number in sorted(chosen):
        rows += [(number, *one) for one in _plant_one(tracks[number], values, trials, (config.seed, turn))]
    told = frame.assign(**{config.target: values})
    if config.denominator is not None:
        told[config.denominator] = trials
    return Planted(told, windows_of(rows))


def _plant_one(
    track: Track, values: np.ndarray, trials: np.ndarray | None, seeds: tuple[int, int]
) -> list[tuple[str, int, int, float]]:
    """Change the values of one series in place; give kind, first, last and size of each event."""
    # the same rows get the same trouble, whichever series are beside them
    rng = np.random.default_rng([*seeds, crc32(track.name.encode()), len(track), abs(int(track.time[0]))])
    own, of = values[track.places], None if trials is None else trials[track.places]
    if of is not None and np.isnan(of).all():
        of = None
    series = _Series.read(own, of, track, rng)
    count = int(np.clip(len(track) // ROWS_AN_EVENT, 1, MOST_EVENTS))
    edges = np.linspace(0, len(track), count + 1).astype(int)
    kinds, begin = series.kinds(), int(rng.integers(len(_KINDS)))
    told = []
    for place in range(count):
        kind = kinds[(begin + place) % len(kinds)]
        shortest, longest, least, most = _KINDS[kind]
        width = int(edges[place + 1] - edges[place])
        room = max(1, int(_SHARE * width))
        length = min(int(rng.integers(shortest, longest + 1)), room)
        first = series.start(kind, int(edges[place]) + room, int(edges[place + 1]) - room - length)
        size = float(rng.uniform(least, most)) if most else float(length)
        turns = kind in ("level_shift", "drift") and series.falls and rng.random() < 0.5
        size = -min(size, series.room) if turns or kind == "dip" else size
        series.change(kind, slice(first, first + length), size)
        told.append((kind, first, first + length - 1, round(size, 3)))
    values[track.places] = series.values
    if trials is not None and series.trials is not None:
        trials[track.places] = series.trials
    return told


@dataclass
class _Series:
    """The values of a series, and what they allow."""

    values: np.ndarray
    trials: np.ndarray | None
    noise: float
    level: float
    #: Whether changes are a factor: nothing is negative, and most is above zero.
    grows: bool
    whole: bool
    least: float
    most: float
    #: How many rows ago the value was that is the best expectation, and the values as they came.
    lag: int
    before: np.ndarray
    rng: np.random.Generator

    @classmethod
    def read(cls, values: np.ndarray, trials: np.ndarray | None, track: Track, rng: np.random.Generator) -> _Series:
        known = values[np.isfinite(values)]
        shares = values if trials is None else values / np.where(trials > 0, trials, np.nan)
        told = shares[np.isfinite(shares)]
        level = float(told.mean()) if told.size else 0.0
        noise, lag = _noise(shares, (1, track.a_day, 7 * track.a_day))
        if noise == 0.0:
            # mostly zero or mostly constant: what there is of variety, or else a tenth of the level
            noise = float(told.std()) if told.size and told.std() > 0 else 0.1 * abs(level) or 1.0
        least = _LEAST_FACTOR * float(known.min()) if told.size and told.min() >= 0 else -np.inf
        grows = least >= 0 and float(np.median(told)) > 0
        whole = bool(known.size) and bool((known == np.round(known)).all())
        bounded = trials is None and not whole and least >= 0 and told.max() <= 1.0
        most = 1.0 if bounded else np.inf
        return cls(values, trials, noise, level, grows, whole, least, most, lag, values.copy(), rng)

    @property
    def falls(self) -> bool:
        """Whether a change downwards shows: there is room for one."""
        return self.least < 0 or (self.grows and self.room > _KINDS["dip"][2])

    @property
    def room(self) -> float:
        """How many deviations a value can fall."""
        return (1 - _LEAST_FACTOR) * self.level / self.noise if self.grows else np.inf

    def kinds(self) -> list[str]:
        """What the series can show."""
        found = ["spike", "level_shift", "missing", "drift"]
        known = self.values[np.isfinite(self.values)]
        if self.falls:
            found += ["dip"]
        if known.size and (np.diff(known) == 0).mean() < 0.2:
            found += ["variance", "frozen"]
        return sorted(found, key=list(_KINDS).index)

    def start(self, kind: str, first: int, last: int) -> int:
        """Where the event begins; short ones where there is something to change."""
        places = np.arange(first, max(last, first + 1))
        if kind in ("spike", "dip"):
            known = self.values[places]
            busy = places[known >= np.nanmedian(self.values)] if np.isfinite(known).any() else places
            places = busy if busy.size else places
        return int(self.rng.choice(places))

    def change(self, kind: str, rows: slice, size: float) -> None:
        """Write the event into the rows."""
        _CHANGES[kind](self, rows, size)

    def shift(self, rows: slice, sizes: np.ndarray) -> None:
        """Move rows by so many deviations each."""
        if self.grows:
            self.write(rows, self.values[rows] * np.maximum(1 + sizes * self.noise / self.level, _LEAST_FACTOR))
        else:
            added = sizes * self.noise * (1.0 if self.trials is None else self.trials[rows])
            if self.whole and self.least == 0:  # more of the rare counts, which come by chance
                added = self.rng.poisson(np.nan_to_num(np.maximum(added, 0.0)))
            self.write(rows, self.values[rows] + added)

    def scatter(self, rows: slice, size: float) -> None:
        """Move rows away from what their series repeats."""
        at = np.arange(rows.start, rows.stop)
        usual = self.before[np.where(at >= self.lag, at - self.lag, at + self.lag)]
        usual = np.where(np.isfinite(usual), usual, self.values[rows])
        self.write(rows, usual + size * (self.values[rows] - usual))

    def freeze(self, rows: slice, _: float) -> None:
        """Write the value before again."""
        before = max(rows.start - 1, 0)
        self.values[rows] = self.values[before]
        if self.trials is not None:
            self.trials[rows] = self.trials[before]

    def silence(self, rows: slice, _: float) -> None:
        """Write nothing."""
        self.values[rows] = np.nan

    def write(self, rows: slice, wanted: np.ndarray) -> None:
        """Write values that can be."""
        most = self.most if self.trials is None else self.trials[rows]
        told = np.clip(wanted, self.least, most)
        self.values[rows] = np.round(told) if self.whole else told


def _even(series: _Series, rows: slice, size: float) -> None:
    series.shift(rows, np.full(rows.stop - rows.start, size))


def _rising(series: _Series, rows: slice, size: float) -> None:
    length = rows.stop - rows.start
    series.shift(rows, size * np.arange(1, length + 1) / length)


_CHANGES: dict[str, Callable[[_Series, slice, float], None]] = {
    "spike": _even,
    "dip": _even,
    "level_shift": _even,
    "drift": _rising,
    "variance": _Series.scatter,
    "frozen": _Series.freeze,
    "missing": _Series.silence,
}


def _noise(values: np.ndarray, lags: tuple[int, ...]) -> tuple[float, int]:
    """The least noise that is left when the value some rows before is the expectation, and how many rows that is."""
    found = [(0.0, 1)]
    for lag in lags:
        if 2 * lag < len(values):
            apart = np.abs(values[lag:] - values[:-lag])
            apart = apart[np.isfinite(apart)]
            found += [(1.4826 * float(np.median(apart)) / np.sqrt(2), lag)] if apart.size else []
    return min(found[1:], default=found[0])

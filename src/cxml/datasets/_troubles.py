"""How invented service metrics are drawn, and what befalls them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Shortest and longest length in periods, and in hours where that is longer.
_LENGTHS = {
    "spike": (1, 3, 0, 0),
    "dip": (2, 4, 0, 0),
    "level_shift": (6, 12, 24, 72),
    "drift": (8, 16, 72, 120),
    "variance": (8, 12, 24, 48),
    "frozen": (8, 24, 0, 0),
    "missing": (4, 12, 0, 0),
}
_SIZES = {"spike": 2.5, "dip": 0.2, "level_shift": 1.6, "drift": 1.8, "variance": 4.0}
_ALL = tuple(_LENGTHS)
_BUSY = 0.8


class Drawn(NamedTuple):
    """What came, what was to be expected had there been no trouble, and the denominator of a rate."""

    y: Floats
    normal: Floats
    trials: Floats | None = None


class Trouble(NamedTuple):
    """Rows from `start` up to `stop` are in trouble."""

    kind: str
    start: int
    stop: int
    size: float


class Service(NamedTuple):
    """A kind of service metric."""

    name: str
    metric: str
    draw: Callable[[np.random.Generator, Floats, Floats, float], Drawn]
    troubles: tuple[str, ...] = _ALL
    power: float = 1.0
    open_hours: bool = False
    whole: bool = False
    most: float = np.inf


def contacts(rng: np.random.Generator, load: Floats, factor: Floats, hours: float) -> Drawn:
    """Counts, some 60 an hour."""
    normal = 60 * hours * load
    return Drawn(rng.poisson(normal * factor).astype(np.float64), normal)


def abandon_rate(rng: np.random.Generator, load: Floats, factor: Floats, hours: float) -> Drawn:
    """Those of some 40 contacts an hour that hang up, about 6 %."""
    trials: Floats = 1.0 + rng.poisson(40 * hours * load).astype(np.float64)
    normal = _chance(0.06, np.sqrt(load))
    lost = rng.binomial(trials.astype(np.int64), _chance(normal, factor))
    return Drawn(lost.astype(np.float64), normal * trials, trials)


def waiting_seconds(rng: np.random.Generator, load: Floats, factor: Floats, hours: float) -> Drawn:  # noqa: ARG001
    """Skewed times, about 45 s."""
    normal = 45 * np.sqrt(load)
    return Drawn(np.round(normal * factor * np.exp(rng.normal(-0.03, 0.25, load.size)), 1), normal)


def negative_share(rng: np.random.Generator, load: Floats, factor: Floats, hours: float) -> Drawn:  # noqa: ARG001
    """Shares about 20 %, as of 150 comments."""
    chance = _chance(0.2, factor)
    return Drawn(np.round(rng.beta(150 * chance, 150 * (1 - chance)), 4), np.full(load.size, 0.2))


def errors(rng: np.random.Generator, load: Floats, factor: Floats, hours: float) -> Drawn:  # noqa: ARG001
    """Counts that are mostly zero."""
    mean = 0.08 * factor
    return Drawn(rng.negative_binomial(0.5, 0.5 / (0.5 + mean)).astype(np.float64), np.full(load.size, 0.08))


SERVICES = (
    Service("contacts", "count", contacts, whole=True),
    Service("abandon_rate", "rate", abandon_rate, power=1.5, whole=True),
    Service("waiting_seconds", "positive", waiting_seconds),
    Service("negative_share", "share", negative_share, power=1.5, most=1.0),
    Service("errors", "count", errors, ("spike", "missing", "level_shift"), power=4.0, whole=True),
    Service("queue", "count", contacts, open_hours=True, whole=True),
)


def plan_troubles(
    rng: np.random.Generator, service: Service, turn: int, wanted: int, load: Floats, first: int, per_day: int
) -> list[Trouble]:
    """Where trouble strikes: one in each of `wanted` equal stretches of the rows from `first` on.

    Parameters
    ----------
    rng : Generator
    service : Service
    turn : int
        With which of its kinds of trouble a series begins.
    wanted : int
    load : array, shape (n_rows,)
        How busy it is; spikes and dips come in busy periods.
    first, per_day : int, rows
    """
    found: list[Trouble] = []
    edges = np.linspace(first, load.size, wanted + 1).astype(int)
    for place, (start, stop) in enumerate(pairwise(edges.tolist())):
        kind = service.troubles[(turn + place) % len(service.troubles)]
        length = min(_length(rng, kind, per_day), (stop - start) // 2)
        # half a day is left calm before the next stretch
        starts = np.arange(start, max(stop - length - per_day // 2, start + 1))
        busy = starts[load[starts] > _BUSY * load.mean()]
        if kind in ("spike", "dip") and busy.size:
            starts = busy
        at = int(rng.choice(starts))
        found.append(Trouble(kind, at, at + length, _size(rng, kind, length, service.power)))
    return found


def _length(rng: np.random.Generator, kind: str, per_day: int) -> int:
    least, most, least_hours, most_hours = _LENGTHS[kind]
    drawn = rng.integers(least, most + 1), rng.uniform(least_hours, most_hours) * per_day / 24
    return max(int(drawn[0]), round(drawn[1]))


def _size(rng: np.random.Generator, kind: str, length: int, power: float) -> float:
    if kind not in _SIZES:
        return float(length)
    # variance is in the units of deviations already
    size = _SIZES[kind] ** (1.0 if kind == "variance" else power)
    return round(float(size ** rng.uniform(0.9, 1.1)), 2)


def factor_of(rows: int, troubles: list[Trouble]) -> Floats:
    """The factor of each row on the mean, or on the odds."""
    factor = np.ones(rows)
    for one in troubles:
        if one.kind in ("spike", "dip", "level_shift"):
            factor[one.start : one.stop] = one.size
        elif one.kind == "drift":
            factor[one.start : one.stop] = np.linspace(1.0, one.size, one.stop - one.start + 1)[1:]
    return factor


def write_down(drawn: Drawn, troubles: list[Trouble], service: Service) -> Drawn:
    """What is written down of what came: scattered, frozen, or missing."""
    y = drawn.y.copy()
    trials = None if drawn.trials is None else drawn.trials.copy()
    for one in troubles:
        rows = slice(one.start, one.stop)
        if one.kind == "variance":
            most = service.most if trials is None else trials[rows]
            wide = np.clip(drawn.normal[rows] + one.size * (y[rows] - drawn.normal[rows]), 0.0, most)
            y[rows] = np.round(wide) if service.whole else np.round(wide, 4)
        elif one.kind == "frozen":
            y[rows] = y[one.start - 1]
            if trials is not None:
                trials[rows] = trials[one.start - 1]
        elif one.kind == "missing":
            y[rows] = np.nan
    return Drawn(y, drawn.normal, trials)


def _chance(chance: float | Floats, odds_factor: Floats) -> Floats:
    """The chance whose odds are those of `chance` times a factor."""
    odds = chance / (1 - np.asarray(chance, dtype=np.float64)) * odds_factor
    found: Floats = odds / (1 + odds)
    return found

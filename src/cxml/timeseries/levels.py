"""Follow the level of series from day to day, with weekday and calendar effects: a Kalman filter for whole panels.

The state of a series is its level (a random walk), a short-lived deviation (an autoregression), one effect per weekday
(slow random walks) and one coefficient per calendar effect and covariate: constant, and shrunk towards zero by its
prior, so that an effect seen once moves the forecast a little and one seen often moves it fully. Harvey (1989,
Forecasting, Structural Time Series Models and the Kalman Filter), ch. 3 and 4; West & Harrison (1997, Bayesian
Forecasting and Dynamic Models), ch. 4 for the robust treatment of outliers by bounding the innovation.

How uncertain the state is does not hang on the values, only on which were seen: one recursion serves all series with
the same calendar, so a thousand series cost little more than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Scale = Literal["log", "sqrt", "linear"]
#: How much of the short-lived deviation is left a day later.
PERSISTENCE = 0.6
#: Innovations beyond this many standard deviations count as this many.
_BOUND = 3.0
#: Where so many in a row lie beyond it on one side, the bound doubles with each further one: a change, not an outlier.
_LASTING = 7
#: The least noise, on the scale: a series that never moved must be able to begin.
_LEAST_NOISE = 0.003
_DIFFUSE = 1e4
#: However steady counts are, a day is never known from its morning.
_MOST_WHOLE = 0.9
_SEASON_PRIOR = 4.0
#: Innovations are not bounded before so many were seen.
_BURN_IN = 28
_FORGET = 0.98
#: The least value that a logarithm is taken of, in contacts.
_FLOOR = 0.5


@dataclass(frozen=True)
class Setting:
    """How fast things move, as variances in units of the noise of one day.

    Attributes
    ----------
    scale : {"log", "sqrt", "linear"}
        On which scale effects add up. Logarithms make them shares; a linear one suits additive drivers; the root is
        between the two and steadies counts (Brown et al. 2005, JASA 100:36-50).
    level, season, irregular : float >= 0
        Innovation variance of the level, of the weekday effects, of the short-lived deviation.
    special : float > 0
        Factor on the prior variance of holiday effects.
    """

    scale: Scale
    level: float
    season: float
    irregular: float
    special: float


@dataclass(frozen=True)
class Design:
    """What is known of each row without its value.

    Attributes
    ----------
    phases : array of int, shape (D,)
        Weekday, or month.
    cycle : int
        How many phases there are.
    effects : array of float, shape (D, F)
    prior : array of float, shape (F,)
        Prior variance of each effect, in units of the noise.
    special : array of bool, shape (F,)
        Effects whose prior `Setting.special` scales.
    caused : array of bool, shape (D,), optional
        Rows that are out of the ordinary for a known cause: they are learned from, not bounded as outliers.
    """

    phases: np.ndarray
    cycle: int
    effects: np.ndarray
    prior: np.ndarray
    special: np.ndarray
    caused: np.ndarray | None = None


@dataclass(frozen=True)
class Moments:
    """States at one row, ready to forecast from there.

    Attributes
    ----------
    row : int
    series, tags : arrays of int, shape (N,)
        Which of the stops these are.
    state : array, shape (G, n_states, N)
        By setting.
    variance : array, shape (G, n_states, N)
        Of each part of the state, in squared units of the scale.
    today : array, shape (G, N)
        What the part of the first row that was seen tells of the rest of it, beyond the state.
    """

    row: int
    series: np.ndarray
    tags: np.ndarray
    state: np.ndarray = field(repr=False)
    variance: np.ndarray = field(repr=False)
    today: np.ndarray = field(repr=False)


def to_scale(values: np.ndarray, unit: np.ndarray, scale: Scale) -> np.ndarray:
    """Turn values into relative units in which a small share counts alike on every scale."""
    if scale == "log":
        found: np.ndarray = np.log(np.maximum(values, _FLOOR) / unit)
    elif scale == "sqrt":
        found = 2.0 * (np.sqrt((np.maximum(values, 0.0) + 0.25) / unit) - 1.0)
    else:
        found = values / unit - 1.0
    return found


def from_scale(values: np.ndarray, unit: np.ndarray, scale: Scale) -> np.ndarray:
    """Back from `to_scale`; never negative.

    >>> contacts, unit = np.array([12.0]), np.array([10.0])
    >>> scales = ("log", "sqrt", "linear")
    >>> [from_scale(to_scale(contacts, unit, one), unit, one).round(9).tolist() for one in scales]
    [[12.0], [12.0], [12.0]]
    """
    if scale == "log":
        found: np.ndarray = np.exp(np.minimum(values, 10.0)) * unit
    elif scale == "sqrt":
        found = np.maximum(values / 2.0 + 1.0, 0.0) ** 2 * unit - 0.25
    else:
        found = (values + 1.0) * unit
    positive: np.ndarray = np.maximum(found, 0.0)
    return positive


@dataclass(frozen=True)
class Stops:
    """Where states are wanted: one entry per series and moment.

    Attributes
    ----------
    rows : array of int, shape (N,)
        The state is that before this row.
    series : array of int, shape (N,)
    tags : array of int, shape (N,)
        Anything that tells the caller which entry it was.
    partial : array of float, shape (G, N)
        Value of the row itself as far as it was seen, on the scale of each setting and extrapolated to the whole; NaN
        where nothing was.
    share : array of float, shape (N,)
        Which part of the row was seen: its noise is so much larger.
    counting : array of float, shape (N,), optional
        Variance that counting alone gives a whole row, on the scale: the rest of its noise is a deviation of the whole
        row, and a part of it tells of the other.
    """

    rows: np.ndarray
    series: np.ndarray
    tags: np.ndarray
    partial: np.ndarray
    share: np.ndarray
    counting: np.ndarray | None = None


def follow(
    z: np.ndarray, design: Design, settings: Sequence[Setting], stops: Stops, *, start: np.ndarray | None = None
) -> tuple[list[Moments], np.ndarray]:
    """Run the filter over series that share their calendar, for several settings at once.

    Parameters
    ----------
    z : array of float, shape (G, S, D)
        Values on the scale of each setting, NaN where unknown.
    design : Design
        Of at least D rows, and of all rows at which to stop.
    settings : sequence of Setting, length G
    stops : Stops
    start : array of float, shape (G, n_states), optional
        Prior mean of the effects: what other series have shown.

    Returns
    -------
    (moments, surprises)
        States at the stops; and the standardised innovations, shape (G, S, D), NaN where nothing was seen, where there
        is a cause, and for the first values of a series, whose noise is not known yet.
    """
    G, S, D = z.shape
    n = design.cycle
    P, grows = _beginning(design, settings)
    a = np.zeros((G, P.shape[1], S))
    if start is not None:
        a[:, 2:] = start[:, 2:, None]
    moving = np.arange(2 + n)
    known = ~np.isnan(z[0])
    informed = _informed(known, design)
    begin = int(np.argmax(informed > 0)) if informed.any() else D
    rows = zip(design.phases, design.effects, strict=True)
    places = [np.r_[0, 1, 2 + phase, 2 + n + np.flatnonzero(row)] for phase, row in rows]
    values = [np.r_[1.0, 1.0, 1.0, row[row != 0]] for row in design.effects]
    wanted = {int(row): np.flatnonzero(stops.rows == row) for row in np.unique(stops.rows)}
    surprises = np.full((G, S, D), np.nan)
    noise = _Noise(G, S)
    moments: list[Moments] = []
    change = np.empty_like(a)
    for t in range(max(D, *wanted) + 1 if wanted else D):
        if t >= begin:  # before the first value nothing is learned and nothing is forgotten
            a[:, 1] *= PERSISTENCE
            P[:, 1] *= PERSISTENCE
            P[:, :, 1] *= PERSISTENCE
            P[:, moving, moving] += grows
        if t in wanted:
            moments.append(_stop(a, P, places[t : t + 1], values[t : t + 1], stops, wanted[t], noise))
        if t >= D or informed[t] == 0:
            continue
        h, x, seen = places[t], values[t], known[:, t]
        Ph = P[:, :, h] @ x
        spread = (Ph[:, h] @ x)[:, None]
        error = np.where(seen, z[:, :, t] - x @ a[:, h], 0.0)
        usual = noise.usual(spread + 1.0)
        caused = design.caused is not None and bool(design.caused[t])
        bounded = error if caused else noise.bound(error, usual)
        surprises[:, :, t] = np.where(seen & noise.settled & (not caused), error / usual, np.nan)
        np.multiply((Ph / (spread + 1.0))[:, :, None], bounded[:, None], out=change)
        a += change
        # One and the same product on both sides of the diagonal keeps P symmetric to the last bit.
        root = Ph / np.sqrt(spread + 1.0 / informed[t])
        P -= root[:, :, None] * root[:, None]
        if not caused:
            noise.learn(error, bounded, usual, spread + 1.0, seen)
    return moments, surprises


def _informed(known: np.ndarray, design: Design) -> np.ndarray:
    """Share of the series that a row tells about, among those that have values on its weekday; shape (D,).

    The recursion of the uncertainty is shared. Were each row to count fully, a series that begins later than the others
    or lacks values would be followed as if it had seen them; so a row counts as the average series saw it.
    """
    D = known.shape[1]
    found = np.zeros(D)
    for phase in range(design.cycle):
        of = np.flatnonzero(design.phases[:D] == phase)
        ever = known[:, of].any(axis=1).sum()
        found[of] = known[:, of].sum(axis=0) / max(int(ever), 1)
    return found


class _Noise:
    """How large innovations usually are, by setting and series: learned on the way, and forgotten slowly."""

    def __init__(self, settings: int, series: int) -> None:
        self.squares = np.zeros((settings, series))
        self.weight = np.zeros(series)
        self.seen = np.zeros(series)
        self.run = np.zeros((settings, series))  # values beyond the bound in a row, negative where they lay below

    @property
    def settled(self) -> np.ndarray:
        """Which series have shown enough."""
        found: np.ndarray = self.seen >= _BURN_IN
        return found

    def usual(self, spread: np.ndarray, series: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Standard deviation of innovations whose variance is `spread` in units of the noise."""
        noise = self.squares[:, series] / np.maximum(self.weight[series], 1e-12)
        found: np.ndarray = np.sqrt(np.maximum(noise, _LEAST_NOISE**2) * spread)
        return found

    def bound(self, error: np.ndarray, usual: np.ndarray, series: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Innovations without what is beyond an outlier's bound; what lasts is no outlier, and its bound widens."""
        widened = 2.0 ** np.clip(np.abs(self.run[:, series]) - _LASTING, 0, 50)
        most = np.where(self.settled[series], _BOUND * usual * widened, np.inf)
        found: np.ndarray = np.clip(error, -most, most)
        return found

    def learn(
        self, error: np.ndarray, bounded: np.ndarray, usual: np.ndarray, spread: np.ndarray, seen: np.ndarray
    ) -> None:
        """Take in the innovations of one row."""
        counted = seen & (self.seen >= _BURN_IN // 2)
        self.squares = np.where(counted, self.squares * _FORGET + bounded**2 / spread, self.squares)
        self.weight = np.where(counted, self.weight * _FORGET + 1.0, self.weight)
        side = np.where(np.abs(error) > _BOUND * usual, np.sign(error), 0.0)
        run = np.where(side * self.run > 0, self.run + side, side)
        self.run = np.where(seen & self.settled, run, self.run)
        self.seen += seen


def _beginning(design: Design, settings: Sequence[Setting]) -> tuple[np.ndarray, np.ndarray]:
    """Prior covariance of the state, shape (G, n_states, n_states), and what the moving parts gain with each row."""
    n = design.cycle
    seasonal = n > 1  # one phase is the level itself
    spread = np.stack(
        [
            np.r_[
                _DIFFUSE,
                one.irregular / (1 - PERSISTENCE**2),
                np.full(n, _SEASON_PRIOR * seasonal),
                design.prior * np.where(design.special, one.special, 1.0),
            ]
            for one in settings
        ]
    )
    size = spread.shape[1]
    P = np.zeros((len(settings), size, size))
    P[:, np.arange(size), np.arange(size)] = spread
    grows = np.stack([np.r_[one.level, one.irregular, np.full(n, one.season * seasonal)] for one in settings])
    return P, grows


def _stop(
    a: np.ndarray,
    P: np.ndarray,
    places: Sequence[np.ndarray],
    values: Sequence[np.ndarray],
    stops: Stops,
    at: np.ndarray,
    noise: _Noise,
) -> Moments:
    """Take the states before a row, with what was seen of the row itself."""
    state = a[:, :, stops.series[at]].copy()
    partial, share = stops.partial[:, at], stops.share[at]
    today = np.zeros(state[:, 0].shape)
    begun = np.flatnonzero(~np.isnan(partial[0]) & (share > 0))
    if places and len(begun):
        h, x = places[0], values[0]
        Ph = P[:, :, h] @ x
        own = stops.series[at][begun]
        whole = np.zeros((len(a), len(begun)))  # share of the noise that is the row's own deviation
        if stops.counting is not None:
            usual = noise.usual(np.ones(1), own) ** 2
            whole = np.clip(1.0 - stops.counting[at][begun] / np.maximum(usual, 1e-12), 0.0, _MOST_WHOLE)
        spread = (Ph[:, h] @ x)[:, None] + whole + (1.0 - whole) / share[begun]
        error = partial[:, begun] - x @ state[:, h][:, :, begun]
        today[:, begun] = error * whole / spread
        bounded = noise.bound(error, noise.usual(spread, own), own)
        state[:, :, begun] += Ph[:, :, None] * (bounded / spread)[:, None]
    series = stops.series[at]
    variance = np.diagonal(P, axis1=1, axis2=2)[:, :, None] * noise.usual(np.ones(1), series)[:, None] ** 2
    return Moments(int(stops.rows[at[0]]), series, stops.tags[at], state, variance, today)


def forecast(state: np.ndarray, design: Design, ahead: np.ndarray) -> np.ndarray:
    """Values to be expected on the scale.

    Parameters
    ----------
    state : array, shape (G, n_states, N)
        As `follow` left it before the first row to be forecast.
    design : Design
        Of the rows to be forecast.
    ahead : array of int, shape (H,)
        How many rows each lies after the first one.

    Returns
    -------
    array, shape (G, N, H)
    """
    n = design.cycle
    fixed = state[:, 0, :, None] + state[:, 1, :, None] * PERSISTENCE**ahead
    moving = state[:, 2 + design.phases] + design.effects @ state[:, 2 + n :]
    found: np.ndarray = fixed + moving.transpose(0, 2, 1)
    return found


def years_design(a_year: float, rows: np.ndarray, waves: int) -> tuple[np.ndarray, np.ndarray]:
    """Waves over the year, and their prior variances: the finer the wave, the smaller.

    Returns
    -------
    (values of shape (D, 2 * waves), prior variances)
    """
    angle = 2 * np.pi * rows[:, None] / a_year * np.arange(1, waves + 1)
    values = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    return values, np.tile(0.25 / np.arange(1, waves + 1) ** 2, 2)


def settings_grid() -> list[Setting]:
    """Settings worth trying, from steady to quick."""
    speeds: Sequence[tuple[float, float]] = ((0.0, 0.0), (1e-3, 0.3), (1e-2, 0.3), (1e-3, 1.0))
    scales: tuple[Scale, ...] = ("log", "sqrt", "linear")
    return [
        Setting(scale, level, season, irregular, special)
        for scale in scales
        for level in (1e-3, 1e-2, 0.05, 0.2, 1.0)
        for season, irregular in speeds
        for special in (1.0, 30.0)
    ]


#: Prior variance of an effect by its group, in units of the noise of one day.
PRIORS: Mapping[str, float] = {
    "rhythm": 4.0,
    "month_day": 0.1,
    "workday_of_month": 0.3,
    "workday_from_end": 0.3,
    "payday": 0.3,
    "event": 100.0,
    "after_event": 10.0,
    "covariate": 25.0,
}
#: Groups whose effects are few, rare and large: `Setting.special` scales their prior.
NOT_SPECIAL = frozenset(PRIORS) | {"year"}

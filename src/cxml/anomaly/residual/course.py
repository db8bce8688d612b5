"""The usual course of a metric, followed from value to value: its level, its seasons, and how far values stray.

Several forecasters run side by side: levels that follow slowly or at once, over a profile of the day, of the kind of
day, of the week, or over none. Each is judged by how far off it was lately, and the forecast is nearly that of the
best: what a series repeats in, and how much it wanders, is found on the way. Nothing is assumed where there is nothing.

Every error counts the less the further off it is (the influence function c e / (c + |e|), "Fair" in Rey 1983,
Introduction to Robust and Quasi-Robust Statistical Methods), so that outliers do not move what was learned, and what
lasts does. Where a season explains a series, an excursion from it teaches nothing for a while: values come back. The
weights of the forecasters are a power of their inverse losses (Cesa-Bianchi & Lugosi 2006, Prediction,
Learning, and Games, ch. 2).

State is a list of variables, of one series floats (`ONE`), of many arrays (`MANY`). Tables of profiles are flat: a list
or an array, read at a place.
"""

from __future__ import annotations

from operator import mul
from typing import Any

from cxml.anomaly.residual.metric import known_noise

#: How much of an error a level follows.
GAINS = (0.02, 0.1, 1.0)
#: How many of the last visits a part of a profile remembers, and visits at which it is believed half: day, kind, week.
PROFILES = ((10.0, 0.3), (10.0, 0.5), (6.0, 1.0))
#: Parts that each profile has, in parts of the day.
WIDTHS = (1, 2, 7)

#: Values seen, by what they counted; robust mean of the errors' sizes; mean of the noise that counting gives; for how
#: many values the series has been out on an excursion; then each forecaster's level and loss.
SEEN, SPREAD, COUNTED, OUT, _FIRST = range(5)
VARIABLES = _FIRST + 2 * len(GAINS) * (1 + len(PROFILES))

_BOUND = 4.0
#: The mean of |e| c / (c + |e|) with c four times itself is this part of the standard deviation of normal errors.
_NORMAL = 1.0 / 0.5148
_LOSS_SPEED, _SPREAD_SPEED = 0.02, 0.002
#: Errors are not bounded before so many were seen.
_BURN_IN = 10.0
_FREE = 1e300
_BEGUN = 0.5
#: How quickly the spread of the first values, when little was known, is forgotten: weights grow with this power.
_FADES = 4.0
#: An excursion: values at least so many standard deviations off; what lasts longer than so many is the new course.
_FAR, _PATIENCE, _BACK = 4.0, 24.0, 0.75
#: No value is further than so many times that: fourth powers stay finite.
_FURTHEST = 1e9


def start(ops: Any, state: list[Any], z: Any, known: Any) -> None:
    """Begin at a first value: levels without a profile are there, all else is unknown.

    Parameters
    ----------
    ops : One or Many
    state : list
        Changed in place, where no value was seen yet.
    z : float or array
    known : bool or array of bool
        Whether there is a value.
    """
    fresh = (state[SEEN] < _BEGUN) & known
    for place in range(_FIRST, _FIRST + 2 * len(GAINS), 2):
        state[place] = ops.where(fresh, z, state[place])


def expect(ops: Any, state: list[Any], tables: Any, visits: Any, places: Any, kind: Any, noise: Any, least: Any) -> Any:
    """Forecast the next value.

    Parameters
    ----------
    ops : One or Many
    state : list
    tables, visits : sequences of three flat tables
        Day, kind of day, week: the profile, and how often each part of it was seen.
    places : sequence of three int or arrays of int
        Where in the tables the value stands.
    kind : float or array
        Number of the kind of metric.
    noise : float or array
        What a rate's trials give its variance.
    least : float or array
        The least standard deviation.

    Returns
    -------
    (level, sd, counted, lag, (forecasts, seasonal))
        On the scale: the forecast, its standard deviation, the variance that counting gives, and how far the forecast
        is from that of levels that move slowly, as far as these are to be trusted. For
        `learn`: each forecaster's own forecast, and the share of those with a profile.
    """
    usual = state[SPREAD] + least
    forecasts = [state[at] for at in range(_FIRST, _FIRST + 2 * len(GAINS), 2)]
    at = _FIRST + 2 * len(GAINS)
    for table, visited, place, (_, half) in zip(tables, visits, places, PROFILES, strict=True):
        number, profile = visited[place] * 1.0, table[place]
        trust = number / (number + half)
        for coarser in forecasts[-len(GAINS) :]:
            forecasts.append(coarser + trust * (profile + state[at] - coarser))
            at += 2
    weights = []
    for at in range(_FIRST + 1, VARIABLES, 2):
        weight = usual / (state[at] + least)
        weight = weight * weight
        weight = weight * weight
        weight = weight * weight
        weights.append(weight * weight)
    steady = weights[:: len(GAINS)]
    everything, trusted = sum(weights), sum(steady)
    slow = sum(map(mul, forecasts[:: len(GAINS)], steady)) / trusted
    level = sum(map(mul, forecasts, weights)) / everything
    # A slow level that forecasts badly, as that of a random walk, is no course to stray from.
    lag = (level - slow) * ops.sqrt(ops.sqrt(trusted / everything))
    seasonal = 1.0 - sum(weights[: len(GAINS)]) / everything
    counted = known_noise(ops, kind, level, noise)
    usual = state[SPREAD] * _NORMAL
    usual = usual * usual
    average = state[COUNTED]
    variance = ops.most(usual - average, 0.0) + counted * ops.least(usual / (average + 1e-12), 1.0)
    return level, ops.most(ops.sqrt(variance), least), counted, lag, (forecasts, seasonal)


def learn(
    ops: Any,
    state: list[Any],
    tables: Any,
    visits: Any,
    places: Any,
    z: Any,
    expected: Any,
    least: Any,
    rate: Any,
) -> None:
    """Learn from a value.

    Parameters
    ----------
    ops : One or Many
    state : list
        Changed in place, as are `tables` and `visits`.
    tables, visits, places
        See `expect`.
    z : float or array
        The value, on the scale.
    expected : tuple
        What `expect` said.
    least : float or array
    rate : float or array, in [0, 1]
        How much the value counts: 0 changes nothing.
    """
    level, sd, counted, _, (forecasts, seasonal) = expected
    seen = state[SEEN]
    free = (seen < _BURN_IN) * _FREE
    # What is hardly learned from opens no part of a profile.
    counts = (rate > _BEGUN) * 1.0
    recent = 1.0 / (seen + 1.0)
    speed = ops.most(recent, _LOSS_SPEED)
    # Of a rate with few trials less is learned.
    usual = ops.most(state[SPREAD] * _NORMAL, least)
    steady = ops.least(usual / sd, 1.0)
    bound = _BOUND * sd + free
    # An excursion from a season teaches nothing but what the last value was, unless it lasts: values come back.
    far = ops.least(abs(z - level) / (_FAR * sd + free), _FURTHEST)
    far = far * far
    near = 1.0 / (1.0 + far * far)
    out = state[OUT]
    held = 1.0 - seasonal * ops.where(out < _PATIENCE, 1.0 - near, 0.0)
    state[OUT] = ops.where(near < _BEGUN, out + rate, out * (1.0 - (1.0 - _BACK) * rate))
    held = rate * held
    speed = held * speed
    follows = [held * steady * steady] * (len(GAINS) - 1) + [rate * steady * steady]
    at, one = _FIRST, 0
    for gain, follow in zip(GAINS, follows, strict=True):
        error = z - forecasts[one]
        size = abs(error)
        loss = state[at + 1]
        reach = _BOUND * (loss + least) + free
        influence = reach / (reach + size)
        state[at] = state[at] + follow * ops.most(gain, recent) * influence * error
        state[at + 1] = loss + speed * (influence * size - loss)
        at += 2
        one += 1
    # An outlier is no season: how far a first visit strays from what was expected is bounded too.
    away = z - level
    begun = level + bound / (bound + abs(away)) * away
    for table, visited, place, (memory, _) in zip(tables, visits, places, PROFILES, strict=True):
        number, profile = visited[place] * 1.0, table[place]
        slow = state[at]
        known = number > 0.0
        for gain, follow in zip(GAINS, follows, strict=True):
            error = z - forecasts[one]
            size = abs(error)
            loss = state[at + 1]
            reach = _BOUND * (loss + least) + free
            influence = reach / (reach + size)
            state[at] = state[at] + known * follow * gain * influence * error
            state[at + 1] = loss + speed * (influence * size - loss)
            at += 2
            one += 1
        error = z - profile - slow
        influence = bound / (bound + abs(error))
        first = begun - profile - slow
        share = 1.0 / ops.least(number + 1.0, memory)
        table[place] = profile + ops.where(known, held * share * influence * error, counts * first)
        visited[place] = ops.least(number + counts, memory)
    error = z - level
    size = abs(error) * usual / sd
    spread = state[SPREAD]
    reach = _BOUND * (spread + least) + free
    influence = reach / (reach + size)
    slowly = held * ops.most(_FADES / (seen + _FADES), _SPREAD_SPEED)
    state[SPREAD] = spread + slowly * (influence * size - spread)
    state[COUNTED] = state[COUNTED] + slowly * (counted - state[COUNTED])
    state[SEEN] = seen + rate

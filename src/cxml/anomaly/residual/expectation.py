"""One value's step: what was expected of it, special day or not, and what is learned from it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from cxml.anomaly.residual import course
from cxml.anomaly.residual.special import effect, learn_effect, reach_of

#: Before so many values nothing is expected.
LEAST_SEEN = 5.0
#: Below this share of what is usual to be learned from a value, its day is a special one.
_SPECIAL = 0.5
_NOTHING = 1e18


class Place(NamedTuple):
    """Where the value of one series, or those of many, stand.

    Attributes
    ----------
    tables, visits : sequences of three flat tables
    cells : sequence of three int or arrays of int
        Where in the tables.
    kind, noise, least : float or arrays
        See `cxml.anomaly.residual.course.expect`.
    """

    tables: Any
    visits: Any
    cells: Any
    kind: Any
    noise: Any
    least: Any


class Holiday(NamedTuple):
    """The special days among the values.

    Attributes
    ----------
    of : slice, or array of int
        Which of the values are on one.
    means, variances : list or flat array
    places, sizes, priors : sequences of int, float and float, or of arrays
        Where the effects are, how large they are, and their prior variances.
    """

    of: Any
    means: Any
    variances: Any
    places: Any
    sizes: Any
    priors: Any


def step(
    ops: Any, state: list[Any], place: Place, z: Any, known: Any, holiday: Holiday | None
) -> tuple[Any, Any, Any, Any, Any]:
    """Tell what was expected of a value, then learn from it.

    Parameters
    ----------
    ops : One or Many
    state : list
        Changed in place, as are the tables.
    place : Place
    z : float or array
        On the scale; anything where the value is missing.
    known : float or array
        1 where there is a value, else 0.
    holiday : Holiday or None

    Returns
    -------
    (level, sd, counted, weight, lag)
        On the scale: what was expected, its standard deviation, the variance that counting gives; how much may be
        learned from the value; and how far the expectation is from that of a slow level, in standard deviations.
    """
    course.start(ops, state, z, known > 0.0)
    expected = course.expect(ops, state, place.tables, place.visits, place.cells, place.kind, place.noise, place.least)
    level, sd, counted, lag, _ = expected
    seen, total, weight = state[course.SEEN], sd, known * 0.0 + 1.0
    offset: Any = 0.0
    if holiday is not None:
        offset, total, weight = _special(ops, place, level, sd, z, known, seen, holiday)
    # While little is known, an error may be due to what is not.
    total = total * (1.0 + 2.0 / (seen + 1.0))
    learned = ops.where(known > 0.0, z - offset, level)
    course.learn(ops, state, place.tables, place.visits, place.cells, learned, expected, place.least, known * weight)
    return level + offset, total, counted, weight * (seen >= LEAST_SEEN), lag / total


def _special(
    ops: Any, place: Place, level: Any, sd: Any, z: Any, known: Any, seen: Any, holiday: Holiday
) -> tuple[Any, Any, Any]:
    """What special days add to the expectation, the standard deviation with theirs, and how much may be learned."""
    of, means, variances, places, sizes, priors = holiday

    def pick(values: Any) -> Any:
        return values if of is None else values[of]

    def spread(values: Any, onto: Any) -> Any:
        if of is None:
            return values
        found = onto.copy()
        found[of] = values
        return found

    near, own = pick(level), pick(sd)
    # Nothing is learned of a holiday before there is a level that it could stand out from.
    learns = (pick(known) > 0.0) & (pick(seen) >= LEAST_SEEN)
    reach = reach_of(ops, pick(place.kind), near, own)
    offset, variance = effect(means, variances, places, sizes)
    offset, variance = offset * reach, variance * reach * reach
    total = own * own + variance
    share = own * own / total
    told = ops.where(learns, pick(z) - near - offset, 0.0)
    noise = ops.where(learns, own * own / (reach * reach), _NOTHING)
    learn_effect(ops, means, variances, places, sizes, priors, told / reach, noise)
    return (
        spread(offset, level * 0.0),
        spread(ops.sqrt(total), sd),
        spread(share, known * 0.0 + 1.0),
    )


def temper(ops: Any, score: Any, residual: Any, weight: Any) -> Any:
    """Let no score on a special day be higher than the day's own value is strange, given how little is known of it.

    Signs of trouble go on from the days before, and their tails know ordinary days alone.

    Parameters
    ----------
    ops : One or Many
    score, residual, weight : float or array
        `residual` is 0 where the value is missing: on a holiday that is no news.

    Returns
    -------
    float or array
    """
    # A bound on -log10 of the normal tail, of both sides: exp(-u^2 / 2).
    return ops.where(weight < _SPECIAL, ops.least(score, _PER_SQUARE * residual * residual), score)


_PER_SQUARE = 0.5 / math.log(10.0)

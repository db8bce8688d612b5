"""Invented segments of a service metric with planted causes, so that what an explanation names can be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.datasets._checks import check_whole
from cxml.errors import ConfigError, nearest, shorten
from cxml.values import is_number

if TYPE_CHECKING:
    import pandas as pd

_NAMES = {
    "channel": ("phone", "chat", "email", "app", "web", "store", "kiosk"),
    "topic": ("billing", "delivery", "refund", "outage", "joining", "leaving", "booking", "other"),
    "region": ("Seoul", "Busan", "Incheon", "Daegu", "Daejeon", "Gwangju", "Ulsan", "Jeju"),
    "product": ("mobile", "internet", "tv", "card", "loan", "insurance"),
    "segment": ("new", "regular", "vip", "business"),
}
_DESCRIPTION = """\
{leaves:,} invented leaf segments over {dimensions}; about {level:g} contacts expected in each, very unequally. Known
truth: `causes` multiplies the expected value of each of its segments, further leaves stray by {noise:.0%} of themselves
and by chance (Poisson){rates}."""

Cause = tuple[Mapping[str, Any], float]


@dataclass(frozen=True)
class Segments:
    """Invented leaf segments with the truth about them.

    Attributes
    ----------
    frame : DataFrame
        A row a leaf: its dimensions, ``expected`` and ``y``; of a ratio also ``trials`` and ``expected_trials``.
    causes : list of dict
        Each planted cause: ``where`` (dimension -> value), ``factor``, and ``effect``, ``"amount"``, ``"rate"`` or
        ``"mix"``.
    description : str
        The data in words.

    Examples
    --------
    >>> made = make_segments(n_causes=2, seed=3)
    >>> len(made.causes)
    2
    >>> made.description = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'description'
    """

    frame: pd.DataFrame
    causes: list[dict[str, Any]]
    description: str


def make_segments(
    sizes: Sequence[int] = (4, 8, 8),
    *,
    causes: Sequence[Cause] | None = None,
    n_causes: int = 1,
    depth: tuple[int, int] = (1, 3),
    factor: tuple[float, float] = (1.3, 3.0),
    drop: float = 0.5,
    level: float = 50.0,
    unequal: float = 1.0,
    noise: float = 0.05,
    rate: float | None = None,
    seed: int = 0,
) -> Segments:
    """Invent leaf segments, some of which changed for a known reason.

    The expected value of a leaf is the product of a share for each of its values, times a factor of its own, so that
    leaves are unequal as in real data. Causes multiply it, noise of mean 1 too, and the count is drawn (Poisson). With
    `rate`, `y` counts successes among ``trials`` (binomial): causes multiply the rate of a segment, or, every
    third one, how many come (mix).

    Parameters
    ----------
    sizes : sequence of int >= 2, default=(4, 8, 8)
        Values of each dimension: channel, topic, region, product, segment, and d6, d7 ... beyond.
    causes : sequence of (mapping of dimension -> value, factor), optional
        What happened. Left out, `n_causes` are drawn.
    n_causes : int >= 0, default=1
        Segments drawn: distinct, none part of another, with at least 20 contacts expected.
    depth : tuple of two int, default=(1, 3)
        Dimensions of a drawn segment, at least and at most.
    factor : tuple of two float > 1, default=(1.3, 3.0)
        Range of a drawn factor (log-uniform); the others are the inverse.
    drop : float in [0, 1], default=0.5
        Share of drawn causes that divide instead of multiply.
    level : float > 0, contacts, default=50.0
        Mean expected value of a leaf; of a ratio the mean number of trials.
    unequal : float >= 0, default=1.0
        Standard deviation of the logarithm of the shares and of the leaves' own factors (half of it).
    noise : float >= 0, default=0.05
        Relative standard deviation of what the leaves do beyond chance.
    rate : float in (0, 1), optional
        Mean rate; makes a ratio.
    seed : int >= 0, default=0

    Returns
    -------
    Segments

    Raises
    ------
    ConfigError
        If a setting is outside its range, a cause names an unknown dimension or value, or no segment is large enough.

    Examples
    --------
    >>> made = make_segments((2, 2), causes=[({"channel": "chat"}, 2.0)], level=1_000.0)
    >>> made.causes
    [{'where': {'channel': 'chat'}, 'factor': 2.0, 'effect': 'amount'}]
    >>> list(made.frame)
    ['channel', 'topic', 'expected', 'y']
    >>> make_segments(causes=[({"chanel": "chat"}, 2.0)])
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: A cause must name dimensions, 'channel', 'topic', 'region' - got 'chanel'. \
Did you mean 'channel'?
    """
    import pandas as pd

    _check(sizes, n_causes, depth, factor, drop, level, unequal, noise, rate, seed)
    rng = np.random.default_rng([seed, len(sizes), *sizes])
    values = {name: _values(name, size) for name, size in zip(_dimensions(len(sizes)), sizes, strict=True)}
    codes = np.array(list(product(*(range(size) for size in sizes))))
    expected = _expected(rng, codes, sizes, level, unequal)
    if causes is None:
        drawn = _drawn(rng, codes, expected, values, n_causes, depth, factor, drop)
    else:
        drawn = [(_checked(where, values), float(times)) for where, times in causes]
    effects = ["amount" if rate is None else ("rate", "rate", "mix")[place % 3] for place in range(len(drawn))]
    masks = [_mask(where, codes, values) for where, _ in drawn]
    columns: dict[str, Any] = {
        name: np.array(listed, dtype=object)[codes[:, place]] for place, (name, listed) in enumerate(values.items())
    }
    if rate is None:
        columns |= _counts(rng, expected, drawn, masks, noise)
    else:
        columns |= _rates(rng, expected, drawn, masks, effects, noise, rate)
    truth = [
        {"where": dict(where), "factor": times, "effect": effect}
        for (where, times), effect in zip(drawn, effects, strict=True)
    ]
    rates = "" if rate is None else f"; `y` counts successes among `trials`, {rate:.0%} of them on average"
    words = _DESCRIPTION.format(leaves=len(codes), dimensions=", ".join(values), level=level, noise=noise, rates=rates)
    return Segments(pd.DataFrame(columns), truth, words)


def _dimensions(count: int) -> list[str]:
    return [*_NAMES, *(f"d{place}" for place in range(len(_NAMES) + 1, count + 1))][:count]


def _values(name: str, size: int) -> list[str]:
    known = _NAMES.get(name, ())
    return [*known, *(f"{name} {place}" for place in range(len(known) + 1, size + 1))][:size]


def _expected(
    rng: np.random.Generator, codes: np.ndarray, sizes: Sequence[int], level: float, unequal: float
) -> np.ndarray:
    logs = 0.5 * unequal * rng.normal(size=len(codes))
    for place, size in enumerate(sizes):
        logs += unequal * rng.normal(size=size)[codes[:, place]] / np.sqrt(len(sizes))
    raw = np.exp(logs)
    found: np.ndarray = np.round(level * raw / raw.mean(), 2)
    return found


def _drawn(
    rng: np.random.Generator,
    codes: np.ndarray,
    expected: np.ndarray,
    values: dict[str, list[str]],
    n_causes: int,
    depth: tuple[int, int],
    factor: tuple[float, float],
    drop: float,
) -> list[tuple[dict[str, Any], float]]:
    """Draw segments until there are enough that are large and not part of one another."""
    names = list(values)
    found: list[tuple[dict[str, Any], float]] = []
    for _ in range(1_000 * n_causes):
        if len(found) == n_causes:
            break
        size = int(rng.integers(depth[0], min(depth[1], len(names)) + 1))
        chosen = sorted(rng.choice(len(names), size, replace=False).tolist())
        where = {names[one]: values[names[one]][int(rng.integers(len(values[names[one]])))] for one in chosen}
        times = float(np.exp(rng.uniform(*np.log(factor))))
        times = 1 / times if rng.random() < drop else times
        nested = any(where.items() <= other.items() or other.items() <= where.items() for other, _ in found)
        if not nested and expected[_mask(where, codes, values)].sum() >= 20:
            found.append((where, round(times, 3)))
    if len(found) < n_causes:
        raise ConfigError(
            f"`n_causes` must fit into the segments - only {len(found)} of {n_causes} found room. Raise `level`, or "
            "make more segments."
        )
    return found


def _mask(where: Mapping[str, Any], codes: np.ndarray, values: dict[str, list[str]]) -> np.ndarray:
    found = np.ones(len(codes), dtype=bool)
    for place, (name, listed) in enumerate(values.items()):
        if name in where:
            found &= codes[:, place] == listed.index(where[name])
    return found


def _counts(
    rng: np.random.Generator, expected: np.ndarray, drawn: Sequence[Cause], masks: list[np.ndarray], noise: float
) -> dict[str, Any]:
    mean = expected * _strayed(rng, len(expected), noise)
    for (_, times), mask in zip(drawn, masks, strict=True):
        mean = np.where(mask, mean * times, mean)
    return {"expected": expected, "y": rng.poisson(mean)}


def _rates(
    rng: np.random.Generator,
    expected: np.ndarray,
    drawn: Sequence[Cause],
    masks: list[np.ndarray],
    effects: list[str],
    noise: float,
    rate: float,
) -> dict[str, Any]:
    usual = np.clip(rate * np.exp(0.3 * rng.normal(size=len(expected))), 1e-4, 0.9)
    come, share = expected * _strayed(rng, len(expected), noise), usual.copy()
    for (_, times), mask, effect in zip(drawn, masks, effects, strict=True):
        if effect == "mix":
            come = np.where(mask, come * times, come)
        else:
            share = np.where(mask, np.clip(share * times, 0.0, 0.98), share)
    trials = rng.poisson(come)
    successes = rng.binomial(trials, share)
    return {"expected_trials": expected, "expected": np.round(expected * usual, 4), "trials": trials, "y": successes}


def _strayed(rng: np.random.Generator, count: int, noise: float) -> np.ndarray:
    """Factors of mean 1."""
    return np.ones(count) if noise == 0 else rng.gamma(1 / noise**2, noise**2, count)


def _checked(where: Mapping[str, Any], values: dict[str, list[str]]) -> dict[str, Any]:
    for name, value in where.items():
        if name not in values:
            raise ConfigError(f"A cause must name dimensions, {shorten(values)} - got {name!r}.{nearest(name, values)}")
        if value not in values[name]:
            raise ConfigError(
                f"A cause must name values of {name!r}, {shorten(values[name])} - got {value!r}."
                f"{nearest(str(value), values[name])}"
            )
    return dict(where)


def _check(
    sizes: Sequence[int],
    n_causes: int,
    depth: tuple[int, int],
    factor: tuple[float, float],
    drop: float,
    level: float,
    unequal: float,
    noise: float,
    rate: float | None,
    seed: int,
) -> None:
    if isinstance(sizes, str) or not len(sizes):
        raise ConfigError(f"`sizes` must be numbers of values, such as (4, 8, 8) - got {sizes!r}.")
    for size in sizes:
        check_whole("sizes", size, least=2)
    check_whole("n_causes", n_causes, least=0)
    check_whole("seed", seed, least=0)
    if not 1 <= depth[0] <= depth[1]:
        raise ConfigError(f"`depth` must be two rising numbers from 1 on - got {depth!r}. Use (1, 3).")
    if not 1 < factor[0] <= factor[1]:
        raise ConfigError(f"`factor` must be two rising factors above 1 - got {factor!r}. Use (1.3, 3.0).")
    for name, number, low, high in (
        ("drop", drop, 0.0, 1.0),
        ("level", level, 1e-9, np.inf),
        ("unequal", unequal, 0.0, 10.0),
        ("noise", noise, 0.0, 10.0),
        ("rate", 0.5 if rate is None else rate, 1e-6, 0.9),
    ):
        if not (is_number(number) and low <= number <= high):
            raise ConfigError(f"`{name}` must be a number from {low:g} to {high:g} - got {number!r}.")

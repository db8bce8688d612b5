"""From leaves to the segments that explain them: amounts, and ratios by rate and by mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.anomaly.segments.answer import RootCauses, answer
from cxml.anomaly.segments.cube import Cube
from cxml.anomaly.segments.effects import Ratio, contributions, split_ratio
from cxml.anomaly.segments.leaves import Leaves
from cxml.anomaly.segments.noise import TOLERANCE, Noise, learn_inflation, learn_noise, learn_usual, raked, tempered
from cxml.anomaly.segments.search import Found, Search

#: All leaves that nobody expected are together expected to bring this many counts, so that a factor can describe them.
_UNEXPECTED = 1e-3
_LOG10 = float(np.log(10.0))


@dataclass(frozen=True)
class Asked:
    """Settings of a search; without `noise` it is learned."""

    depth: int | None
    most: int
    noise: float | None
    least_share: float


def explain(leaves: Leaves, name: str, asked: Asked) -> RootCauses:
    """Find the segments that explain how leaves differ from what was expected; see `cxml.anomaly.segments.changes`."""
    cube = Cube.make(leaves.frame, list(leaves.frame.columns), asked.depth)
    if leaves.trials is None or leaves.expected_trials is None:
        return _explain_amount(cube, leaves, name, asked)
    return _explain_ratio(cube, leaves, leaves.trials, leaves.expected_trials, name, asked)


def _explain_amount(cube: Cube, leaves: Leaves, name: str, asked: Asked) -> RootCauses:
    past = leaves.past
    usual = None if past is None else _Usual(past.actual, past.expected, past.expected * past.doubt)
    rows, _, likeliest = _rows(
        cube, leaves.actual, leaves.expected, leaves.expected * leaves.doubt, usual, asked, "amount"
    )
    actual, expected = float(leaves.actual.sum()), float(leaves.expected.sum())
    total = {"actual": actual, "expected": expected, "change": actual - expected}
    return answer(rows, total, likeliest, name, asked.least_share)


def _explain_ratio(
    cube: Cube, leaves: Leaves, trials: np.ndarray, before: np.ndarray, name: str, asked: Asked
) -> RootCauses:
    split = split_ratio(leaves.actual, trials, leaves.expected, before)
    whole = trials.sum()
    rows, _, likeliest = _rows(
        cube,
        leaves.actual,
        trials * split.usual,
        _ratio_variance(leaves.actual, trials, split.usual, before, leaves.doubt),
        _usual_rates(leaves),
        asked,
        "rate",
    )
    for row in rows:
        of = cube.leaves(row["number"])
        row["change"] /= whole
        row["actual"] /= trials[of].sum()
        row["expected"] /= trials[of].sum()
    scaled = before * (whole / before.sum())
    if not np.array_equal(scaled, trials):
        rows += _mix_rows(cube, leaves, trials, scaled, split, asked)
    total = {
        "actual": split.actual,
        "expected": split.expected,
        "change": split.actual - split.expected,
        "rate": float(split.rate.sum()),
        "mix": float(split.mix.sum()),
    }
    return answer(rows, total, likeliest, name, asked.least_share)


def _mix_rows(
    cube: Cube, leaves: Leaves, trials: np.ndarray, scaled: np.ndarray, split: Ratio, asked: Asked
) -> list[dict[str, Any]]:
    """Segments that came more or less often than expected, and what that did to the ratio."""
    past, usual = leaves.past, None
    if past is not None and past.trials is not None and past.expected_trials is not None:
        usual = _Usual(past.trials, past.expected_trials, past.expected_trials * past.doubt)
    rows, changes, _ = _rows(cube, trials, scaled, scaled * leaves.doubt, usual, asked, "mix")
    for row, moved in zip(rows, changes, strict=True):
        row["change"] = float((moved * (split.usual - split.expected)).sum() / trials.sum())
        row["actual"] /= trials.sum()
        row["expected"] /= trials.sum()
    return [row for row in rows if row["number"]]  # more of everything changes no mix


def _usual_rates(leaves: Leaves) -> _Usual | None:
    """Numerators of earlier periods beside those that the usual ratios make of their denominators."""
    past = leaves.past
    if past is None or past.trials is None or past.expected_trials is None:
        return None
    rates = past.expected.sum(axis=1, keepdims=True) / past.expected_trials.sum(axis=1, keepdims=True)
    known = past.expected_trials > 0
    usual = np.where(known, past.expected / np.where(known, past.expected_trials, 1.0), rates)
    variance = _ratio_variance(past.actual, past.trials, usual, past.expected_trials, past.doubt)
    return _Usual(past.actual, past.trials * usual, variance)


def _ratio_variance(
    actual: np.ndarray, trials: np.ndarray, usual: np.ndarray, before: np.ndarray, doubt: float | np.ndarray
) -> np.ndarray:
    """Variance of numerators by chance: binomial where each trial counts at most once, otherwise Poisson.

    The ratio expected was seen among the expected denominators only, which counts as far as `doubt` says.
    """
    counts = bool(np.all(actual == np.round(actual)) and np.all(actual <= trials) and np.all(usual <= 1))
    chance = trials * usual * (np.maximum(1.0 - usual, 1e-3) if counts else 1.0)
    unsure = np.where(before > 0, trials / np.where(before > 0, before, 1.0), 1.0)
    found: np.ndarray = chance * (1.0 + (doubt - 1.0) * unsure)
    return found


@dataclass(frozen=True)
class _Usual:
    """What came in earlier periods, what was expected, and the variance by chance; shape (n_periods, n_leaves)."""

    actual: np.ndarray
    expected: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class _Strays:
    """How much more than its leaves each segment strays, and how well that is known; see `learn_usual`."""

    inflation: np.ndarray
    freedom: np.ndarray

    @classmethod
    def no_more(cls, cube: Cube) -> _Strays:
        return cls(np.ones(len(cube)), np.full(len(cube), np.inf))

    def tempered(self, gains: np.ndarray, segments: Any) -> np.ndarray:
        return tempered(gains, self.inflation[segments], self.freedom[segments])

    def likeliest(self, cube: Cube, gains: np.ndarray) -> int:
        """The segment, other than the whole, that would explain most by itself, be it worth its cost or not."""
        return 1 + int(np.argmax((self.tempered(gains, slice(None)) - cube.cost)[1:]))


def _rows(
    cube: Cube,
    actual: np.ndarray,
    expected: np.ndarray,
    variance: np.ndarray,
    usual: _Usual | None,
    asked: Asked,
    effect: str,
) -> tuple[list[dict[str, Any]], np.ndarray, dict[str, Any]]:
    """What a search found, as rows of the table; the leaves' changes; and the segment that explains most by itself."""
    based = _based(cube, actual, expected)
    found, strays, likeliest = _searched(cube, actual, based, np.where(expected > 0, variance, 0.0), usual, asked)
    changes, factors, _ = contributions(cube, found.segments, actual, based)
    # what segments of this kind do anyway is taken into account, and no news
    gains = strays.tempered(found.gains, list(found.segments))
    news = np.flatnonzero((gains > cube.cost[list(found.segments)]) & (np.abs(np.log(factors)) > np.log1p(TOLERANCE)))
    share, before = actual / max(actual.sum(), 1e-300), expected / expected.sum()
    rows = []
    for place in news:
        number = found.segments[place]
        of = cube.leaves(number)
        rows.append(
            {
                "number": number,
                "segment": cube.name(number),
                "where": cube.where(number),
                "effect": effect,
                "actual": float(actual[of].sum()),
                "expected": float(expected[of].sum()),
                "factor": float(factors[place]) if expected[of].any() else np.inf,
                "change": float(changes[place].sum()),
                "surprise": _surprise(float(share[of].sum()), float(before[of].sum())),
                "score": _score(float(gains[place])),
            }
        )
    return rows, changes[news], cube.where(likeliest)


def _searched(
    cube: Cube, actual: np.ndarray, based: np.ndarray, chance: np.ndarray, usual: _Usual | None, asked: Asked
) -> tuple[Found, _Strays, int]:
    """The segments found, how much more than its leaves each segment strays, and the likeliest one."""
    known = chance > 0
    typical = float(np.median(based[known]))  # what nobody expected is as evident as a leaf of usual size
    size, spread = np.where(known, based, typical), np.where(known, chance, typical)

    def search(noise: Noise) -> Search:
        return Search(cube, actual, based, noise.weights(size, spread))

    if asked.noise is not None or usual is not None:
        noise, strays = Noise(1.0, asked.noise or 0.0), _Strays.no_more(cube)
        if usual is not None:
            noise, *more = learn_usual(cube, usual.actual, usual.expected, usual.variance, size, spread)
            strays = _Strays(*more)
        started = search(noise)
        return started.run(asked.most), strays, strays.likeliest(cube, started.alone())
    fitted, lost = raked(cube, actual, based)
    for _ in range(2):  # what was found is no noise: once more without it
        noise = learn_noise(actual, fitted, chance * fitted / based, lost)
        started = search(noise)
        found = started.run(asked.most)
        _, _, fitted = contributions(cube, found.segments, actual, based)
        lost = len(found.segments)
    weights = noise.weights(size, spread)
    strays = _Strays(learn_inflation(cube, weights * actual, weights * fitted), np.full(len(cube), np.inf))
    return found, strays, strays.likeliest(cube, started.alone())


def _based(cube: Cube, actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Expectations above 0: what nobody expected is given next to nothing, in the proportions of the whole."""
    never = expected <= 0
    if not never.any():
        return expected
    shape = np.ones(len(actual))
    for codes in cube.codes.T:
        sums = np.bincount(codes, actual)
        shape *= (sums[codes] + 1e-9) / max(float(sums.sum()), 1e-9)
    shape = np.where(never, shape, 0.0)
    made: np.ndarray = np.where(never, np.maximum(_UNEXPECTED * shape / shape.sum(), 1e-12), expected)
    return made


def _surprise(share: float, usual: float) -> float:
    middle = share + usual
    terms = (one * np.log(2 * one / middle) for one in (share, usual) if one > 0)
    return 0.5 * float(sum(terms))


def _score(gain: float) -> float:
    """``-log10`` of the probability that chance gains as much with one factor (chi-squared, 1 degree of freedom)."""
    from scipy.special import log_ndtr

    return float(-(np.log(2.0) + log_ndtr(-np.sqrt(2.0 * max(gain, 0.0)))) / _LOG10)

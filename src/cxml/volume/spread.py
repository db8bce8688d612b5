"""How far what comes lies from what was forecast: a distribution of counts, learned from forecasts of the past.

The error of a forecast m has variance ``noise * m + (share * m)^2``: the counting noise of the contacts, and the error
of the level, which grows with it. Errors in that unit are pooled over all origins; they are scaled by lead time and by
hour and weekday, each drawn towards 1 where few were seen, and their empirical quantiles, symmetric or not, make the
intervals. This is the split-conformal idea (Lei et al. 2018, JASA 113:1094-1111) with a scale that knows about counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from cxml.volume.blend import bucket_of

#: Probabilities at which the pooled errors are kept.
PROBABILITIES = np.r_[0.001, 0.0025, np.arange(0.005, 1.0, 0.005), 0.9975, 0.999]
_NOISES = (0.7, 1.0, 1.5, 2.5, 5.0, 10.0, 25.0, 60.0)
_SHARES = (0.0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0)
#: How many errors of all series count for one series, and how many errors a scale by hour or lead is worth.
_POOL, _PRIOR = 60.0, 100.0
#: Errors looked at for the variance: of all series together, and of each at least.
_MOST, _LEAST_EACH = 40_000, 60
_CLIP = 4.0
#: Forecasts below, between and above these are of one size, in contacts.
_SIZES = (2.0, 20.0)


@dataclass(frozen=True)
class Spread:
    """The distribution of what comes around a forecast.

    Attributes
    ----------
    noise, share : arrays, shape (S,)
        Of the variance, by series.
    edges : tuple of int
    leads : array, shape (S, B)
        Scale by lead bucket.
    hours : array, shape (cycle, M)
        Scale by weekday and slot.
    middle : array, shape (C,)
        Mean of the scaled errors by size of the forecast, outliers bounded: a storm is no reason to expect more every
        day.
    quantiles : array, shape (C, n_probabilities)
        Of the scaled errors by size of the forecast: few contacts are skewed, many are not.
    whole : bool
        Whether contacts are whole numbers.
    within, lasting, after : arrays of float in [0, 1], shape (S,)
        Correlation of the scaled errors within a row; the part of it that lasts over the horizon, and that which one
        row hands to the next.
    across : float in [0, 1)
        Correlation between series.
    """

    noise: np.ndarray
    share: np.ndarray
    edges: tuple[int, ...]
    leads: np.ndarray
    hours: np.ndarray
    middle: np.ndarray
    quantiles: np.ndarray
    whole: bool
    within: np.ndarray
    lasting: np.ndarray
    after: np.ndarray
    across: float

    @classmethod
    def learn(
        cls,
        forecasts: np.ndarray,
        actual: np.ndarray,
        phases: np.ndarray,
        *,
        cycle: int,
        edges: tuple[int, ...],
        lag: int,
        whole: bool,
        recent: int = 0,
    ) -> Self:
        """Learn from forecasts of the past and what came, both of shape (K, S, R, M).

        Parameters
        ----------
        forecasts, actual : arrays
        phases : array of int, shape (K, S, R)
            Weekday of each row.
        cycle : int
        edges : tuple of int
            First row ahead of each lead bucket.
        lag : int
            Each row was forecast from about so many origins.
        whole : bool
        recent : int, default=0
            The first origin that tells how wide intervals are; the middle is learned from all.
        """
        error = actual - forecasts
        every = ~np.isnan(error)
        known = every & (np.arange(len(error)) >= recent)[:, None, None, None]
        known = known if known.any() else every
        if not known.any():
            return cls._supposed(forecasts.shape[1], actual.shape[3], cycle, edges, whole=whole)
        noise, share = _variance(forecasts, error, known, whole=whole)
        unit = _unit(forecasts, noise, share)
        z = np.where(every, error / unit, 0.0)
        bounded = np.clip(z, -_CLIP, _CLIP)
        bounded = np.where(known, bounded, 0.0)
        overall = _rms((bounded**2).sum(), known.sum(), 1.0, 0.0)
        leads = _by_lead(bounded, known, edges, overall)
        z = z / leads[:, bucket_of(edges, z.shape[2])][None, :, :, None]
        hours = _by_hour(np.where(known, np.clip(z, -_CLIP, _CLIP), 0.0), known, phases, cycle)
        z = z / hours[phases]
        within, lasting, after, across = _correlations(z, known)
        next_row = float(np.mean(lasting + (1 - lasting) * after))
        wider = _widening(known.any(axis=3).sum() / lag, next_row, across, S=z.shape[1])
        size, half = _size_of(forecasts, whole=whole), [len(PROBABILITIES) // 2]
        middle, everywhere = _by_size(z, every, size)
        quantiles = _by_size(z, known, size)[1]
        quantiles = everywhere[:, half] + wider * (quantiles - quantiles[:, half])
        return cls(noise, share, edges, leads, hours, middle, quantiles, whole, within, lasting, after, across)

    @classmethod
    def _supposed(cls, S: int, M: int, cycle: int, edges: tuple[int, ...], *, whole: bool) -> Self:
        """Where no error is known yet: those of counts whose level is uncertain by a fifth."""
        from scipy.stats import norm

        quantiles = np.tile(norm.ppf(PROBABILITIES) * _widening(0.0, 0.0, 0.0, S=1), (len(_SIZES) + 1, 1))
        ones = np.ones(S), np.full(S, 0.2), edges, np.ones((S, len(edges))), np.ones((cycle, M))
        half = np.full(S, 0.5)
        return cls(*ones, np.zeros(len(quantiles)), quantiles, whole, half, half, half, 0.0)

    def scale(self, forecasts: np.ndarray, phases: np.ndarray) -> np.ndarray:
        """Unit of the errors of forecasts of shape (K, S, R, M)."""
        buckets = bucket_of(self.edges, forecasts.shape[2])
        found: np.ndarray = (
            _unit(forecasts, self.noise, self.share) * self.leads[:, buckets][None, :, :, None] * self.hours[phases]
        )
        return found

    def quantile(self, forecasts: np.ndarray, phases: np.ndarray, probability: float) -> np.ndarray:
        """The value that what comes stays below with a probability, shape (K, S, R, M)."""
        at = np.array([np.interp(probability, PROBABILITIES, one) for one in self.quantiles])
        size = _size_of(forecasts, whole=self.whole)
        return self.settle(forecasts + at[size] * self.scale(forecasts, phases))

    def settle(self, values: np.ndarray) -> np.ndarray:
        """Never negative, and whole where contacts are."""
        bounded = np.maximum(values, 0.0)
        found: np.ndarray = np.floor(bounded + 0.5) if self.whole else bounded
        return found

    def mean(self, forecasts: np.ndarray, phases: np.ndarray) -> np.ndarray:
        """Expected value: the forecast and the mean error."""
        found: np.ndarray = np.maximum(
            forecasts + self.middle[_size_of(forecasts, whole=self.whole)] * self.scale(forecasts, phases), 0.0
        )
        return found

    def point(self, forecasts: np.ndarray, phases: np.ndarray, kind: str) -> np.ndarray:
        """What stands for the whole distribution, its "mean" or its "median", shape (K, S, R, M)."""
        return self.mean(forecasts, phases) if kind == "mean" else self.quantile(forecasts, phases, 0.5)

    def intervals(self, forecasts: np.ndarray, phases: np.ndarray, levels: Iterable[float]) -> dict[str, np.ndarray]:
        """Ends of the intervals of some levels, percent, by their names as in `ends_of`; each of shape (K, S, R, M)."""
        return {end: self.quantile(forecasts, phases, share) for level in levels for end, share in ends_of(level)}

    def sample(self, forecasts: np.ndarray, phases: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
        """Draw paths of one origin, shape (n, S, R, M): errors of a day and of days in a row hang together.

        A Gaussian copula over the calibrated margins. Each value's normal score is a day's part and its own; the day's
        is a part that lasts over the path, since a level that is wrong stays wrong, and an autoregression; each of them
        a common and an own part.
        """
        from scipy.special import ndtr

        S, R, M = forecasts.shape[1:]

        def drawn(rows: int) -> np.ndarray:
            common, own = random.standard_normal((n, 1, rows)), random.standard_normal((n, S, rows))
            return np.asarray(np.sqrt(self.across) * common + np.sqrt(1 - self.across) * own)

        fresh = drawn(R)
        moving = fresh.copy()
        for row in range(1, R):
            moving[..., row] = self.after * moving[..., row - 1] + np.sqrt(1 - self.after**2) * fresh[..., row]
        day = np.sqrt(self.lasting)[:, None] * drawn(1) + np.sqrt(1 - self.lasting)[:, None] * moving
        within = self.within[:, None, None]
        score = np.sqrt(within) * day[..., None] + np.sqrt(1 - within) * random.standard_normal((n, S, R, M))
        size = np.broadcast_to(_size_of(forecasts, whole=self.whole), score.shape)
        at, chance = np.empty(score.shape), ndtr(score)
        for place, quantiles in enumerate(self.quantiles):
            of = size == place
            at[of] = np.interp(chance[of], PROBABILITIES, quantiles)
        return self.settle(forecasts + at * self.scale(forecasts, phases))

    def parts(self) -> Mapping[str, Any]:
        """Everything learned."""
        numbers = {"edges": list(self.edges), "whole": self.whole, "across": self.across}
        return {"numbers": numbers, **{name: getattr(self, name) for name in _ARRAYS}}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        numbers = dict(parts["numbers"])
        numbers["edges"] = tuple(numbers["edges"])
        return cls(**numbers, **{name: parts[name] for name in _ARRAYS})


_ARRAYS = ("noise", "share", "leads", "hours", "middle", "quantiles", "within", "lasting", "after")


def ends_of(level: float) -> tuple[tuple[str, float], tuple[str, float]]:
    """Names of the two ends of an interval of a level, percent, and the probability of staying below each.

    >>> ends_of(50)
    (('lo-50', 0.25), ('hi-50', 0.75))
    """
    return (f"lo-{level:g}", (1 - level / 100) / 2), (f"hi-{level:g}", (1 + level / 100) / 2)


def _size_of(forecasts: np.ndarray, *, whole: bool) -> np.ndarray:
    """Class of each forecast by its size; one class for all where contacts are no counts."""
    if not whole:
        return np.zeros(forecasts.shape, dtype=np.int64)
    found: np.ndarray = np.digitize(np.nan_to_num(forecasts), _SIZES)
    return found


def _by_size(z: np.ndarray, known: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and quantiles of the scaled errors by size, each drawn towards those of all: shapes (C,) and (C, P)."""
    pooled = z[known]
    overall = np.clip(pooled, -_CLIP, _CLIP).mean(), np.quantile(pooled, PROBABILITIES)
    middle, quantiles = np.zeros(len(_SIZES) + 1), np.zeros((len(_SIZES) + 1, len(PROBABILITIES)))
    for place in range(len(_SIZES) + 1):
        own = z[known & (size == place)]
        weight = len(own) / (len(own) + _PRIOR)
        if len(own):
            middle[place] = weight * np.clip(own, -_CLIP, _CLIP).mean()
            quantiles[place] = weight * np.quantile(own, PROBABILITIES)
        middle[place] += (1 - weight) * overall[0]
        quantiles[place] += (1 - weight) * overall[1]
    return middle, quantiles


def _unit(forecasts: np.ndarray, noise: np.ndarray, share: np.ndarray) -> np.ndarray:
    shape = (1, -1, 1, 1)
    variance = noise.reshape(shape) * forecasts + (share.reshape(shape) * forecasts) ** 2
    # A forecast of nothing is not certain: a quarter of a contact stands for what rounding leaves open.
    found: np.ndarray = np.sqrt(variance + 0.25 * noise.reshape(shape))
    return found


def _variance(
    forecasts: np.ndarray, error: np.ndarray, known: np.ndarray, *, whole: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Noise and share of each series: those under which its errors are likeliest, together with all series' errors.

    A Student distribution with four degrees of freedom is asked, so that outliers do not decide.
    """
    S = forecasts.shape[1]
    level = np.where(known, forecasts, 0.0).sum(axis=(0, 2, 3)) / np.maximum(known.sum(axis=(0, 2, 3)), 1)
    level = np.where(level > 0, level, 1.0)
    # What is no count has no counting noise of its own size; then noise is a small share of the level.
    base = np.ones(S) if whole else level * 0.01
    table = [(noise, share) for noise in _NOISES for share in _SHARES]
    m, e, counted = _some(forecasts, error, known, max(_MOST // S, _LEAST_EACH))
    floor = 1e-12 * level[:, None] ** 2
    likely = np.empty((len(table), S))
    for row, (noise, part) in enumerate(table):
        variance = noise * base[:, None] * (m + 0.25) + (part * m) ** 2 + floor
        likely[row] = (counted * (-0.5 * np.log(variance) - 2.5 * np.log1p(e**2 / (3.0 * variance)))).sum(axis=1)
    counts = counted.sum(axis=1)
    mean = np.where(counts > 0, likely / np.maximum(counts, 1), 0.0)
    mean -= mean.max(axis=0)  # comparable between series of any size
    pooled = (mean * counts).sum(axis=1) / max(counts.sum(), 1)
    best = np.argmax(mean * counts + _POOL * pooled[:, None], axis=0)
    chosen = np.array(table)[best]
    return chosen[:, 0] * base, chosen[:, 1]


def _some(
    forecasts: np.ndarray, error: np.ndarray, known: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Up to so many forecasts and errors of each series, evenly taken, shape (S, n); and which of them are there."""
    S = forecasts.shape[1]
    flat = known.transpose(1, 0, 2, 3).reshape(S, -1)
    counts = flat.sum(axis=1)
    n = int(min(max(counts.max(), 1), most))
    order = np.argsort(~flat, axis=1, kind="stable")  # the known ones first, in their order
    take = (np.arange(n)[None] * np.maximum(counts / n, 1.0)[:, None]).astype(int)
    there = take < counts[:, None]
    places = np.take_along_axis(order, np.minimum(take, order.shape[1] - 1), axis=1)
    m, e = (
        np.where(there, np.take_along_axis(one.transpose(1, 0, 2, 3).reshape(S, -1), places, axis=1), 0.0)
        for one in (forecasts, error)
    )
    return m, e, there


def _widening(rows: float, after: float, across: float, *, S: int) -> float:
    """How much wider intervals must be for being learned from few independent days: Student against normal."""
    from scipy.stats import norm, t

    alike = 1 + (S - 1) * across
    independent = rows * (1 - after) / (1 + after) / alike
    return float(t.ppf(0.95, max(independent, 3.0)) / norm.ppf(0.95))


def _rms(squares: Any, count: Any, prior: Any, weight: float) -> Any:
    return np.sqrt((squares + weight * prior**2) / np.maximum(count + weight, 1e-9))


def _by_lead(z: np.ndarray, known: np.ndarray, edges: Sequence[int], overall: float) -> np.ndarray:
    """Scale of each lead bucket: of all series, and of each series drawn towards it."""
    buckets = bucket_of(edges, z.shape[2])
    found = np.ones((z.shape[1], len(edges)))
    for bucket in range(len(edges)):
        of = buckets == bucket
        squares, count = (z[:, :, of] ** 2).sum(axis=(0, 2, 3)), known[:, :, of].sum(axis=(0, 2, 3))
        everyone = _rms(squares.sum(), count.sum(), overall, _PRIOR)
        found[:, bucket] = _rms(squares, count, everyone, _PRIOR)
    return np.maximum(found, 1e-6)  # forecasts that never missed


def _by_hour(z: np.ndarray, known: np.ndarray, phases: np.ndarray, cycle: int) -> np.ndarray:
    """Scale of each slot, and of each weekday and slot drawn towards it."""
    M = z.shape[3]
    squares, count = np.zeros((cycle, M)), np.zeros((cycle, M))
    for phase in range(cycle):
        of = phases == phase
        squares[phase], count[phase] = (z[of] ** 2).sum(axis=0), known[of].sum(axis=0)
    # Slots of one hour share their scale: one slot alone was seen too seldom.
    blocks = np.minimum(np.arange(M) * 24 // M, 23) if M > 24 else np.arange(M)
    for block in np.unique(blocks):
        of = blocks == block
        squares[:, of], count[:, of] = (
            squares[:, of].sum(axis=1, keepdims=True),
            count[:, of].sum(axis=1, keepdims=True),
        )
    every_day = _rms(squares.sum(axis=0), count.sum(axis=0), 1.0, _PRIOR)
    found: np.ndarray = np.clip(_rms(squares, count, every_day, _PRIOR), 0.3, 4.0)
    return found


def _correlations(z: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """How errors hang together: within a row, over the horizon, from row to row (each by series), and between series.

    Read off the covariances of row means of normal scores at several distances; those of one series are few, and are
    drawn towards those of all.
    """
    K, S, R, _ = z.shape
    score = np.stack([_normal_scores(z[:, s], known[:, s]) for s in range(S)], axis=1)
    count = known.sum(axis=3)
    mean, there = score.sum(axis=3) / np.maximum(count, 1), count > 0
    rows = np.maximum(there.sum(axis=(0, 2)), 1)
    M = np.maximum(count.sum(axis=(0, 2)) / rows, 1.0)
    spread = (mean**2).sum(axis=(0, 2)) / rows
    own = np.where(M < 1.5, 1.0, (spread - 1 / M) / np.maximum(1 - 1 / M, 1e-9))
    trust = rows / (rows + _PRIOR)
    within = np.clip(trust * own + (1 - trust) * np.average(own, weights=rows), 0.0, 1.0)

    def at_distance(distances: Sequence[int]) -> np.ndarray:
        """Correlation of the days' parts so many rows apart, by series."""
        total, pairs = np.zeros(S), np.zeros(S)
        for distance in distances:
            both = there[:, :, distance:] & there[:, :, : R - distance]
            products = np.where(both, mean[:, :, distance:] * mean[:, :, : R - distance], 0.0)
            total += products.sum(axis=(0, 2))
            pairs += both.sum(axis=(0, 2))
        scale = np.maximum(within, 1e-3)
        pooled = total.sum() / max(float((pairs * scale).sum()), 1e-9)
        weight = pairs / (pairs + _PRIOR)
        found: np.ndarray = np.clip(weight * total / np.maximum(pairs * scale, 1e-9) + (1 - weight) * pooled, 0.0, 0.98)
        return found

    nothing = np.zeros(S)
    next_row = at_distance([1]) if R > 1 else nothing
    lasting = np.minimum(at_distance(range(R // 2, R)), next_row) if R > 2 else nothing
    after = np.clip((next_row - lasting) / np.maximum(1 - lasting, 1e-9), 0.0, 0.95)
    total, number, squares = mean.sum(axis=1), there.sum(axis=1), (mean**2).sum(axis=1)
    pairs = max(float((number * (number - 1)).sum()), 1.0)
    across = float((total**2 - squares).sum() / pairs / max(float(np.average(within, weights=rows)), 1e-3))
    return within, lasting, after, float(np.clip(across, 0.0, 0.95)) if S > 1 and K else 0.0


def _normal_scores(z: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of the errors of one series around its zero; 0 where unknown."""
    from scipy.special import ndtri

    sizes = np.sort(np.abs(z[known]))
    if not len(sizes):
        return np.zeros(z.shape)
    # Ranks of sizes, with the sign put back: errors that all lie on one side are a level that is wrong, not a rank.
    share = (np.searchsorted(sizes, np.abs(z), side="right") - 0.5) / len(sizes)
    found: np.ndarray = np.where(known, np.sign(z) * ndtri(0.5 + 0.5 * np.clip(share, 0.0, 0.995)), 0.0)
    return found

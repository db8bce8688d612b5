"""How far what comes lies from what was forecast: a distribution of counts, learned from forecasts of the past.

The error of a forecast m has variance ``noise * m + (share * m)^2``: the counting noise of the contacts, and the error
of the level, which grows with it. Errors in that unit are pooled over all origins; they are scaled by lead time and by
hour and weekday, each drawn towards 1 where few were seen, and their empirical quantiles, symmetric or not, make the
intervals. This is the split-conformal idea (Lei et al. 2018, JASA 113:1094-1111) with a scale that knows about counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    middle : float
        Mean of the scaled errors, outliers bounded: a storm is no reason to expect more every day.
    quantiles : array, shape (n_probabilities,)
        Of the scaled errors.
    whole : bool
        Whether contacts are whole numbers.
    within, after, across : float in [0, 1)
        Correlation of the scaled errors within a row, from one row to the next, and between series.
    """

    noise: np.ndarray
    share: np.ndarray
    edges: tuple[int, ...]
    leads: np.ndarray
    hours: np.ndarray
    middle: float
    quantiles: np.ndarray
    whole: bool
    within: float
    after: float
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
        """
        error = actual - forecasts
        known = ~np.isnan(error)
        if not known.any():
            return cls._supposed(forecasts.shape[1], actual.shape[3], cycle, edges, whole=whole)
        noise, share = _variance(forecasts, error, known, whole=whole)
        unit = _unit(forecasts, noise, share)
        z = np.where(known, error / unit, 0.0)
        bounded = np.clip(z, -_CLIP, _CLIP)
        overall = _rms((bounded**2).sum(), known.sum(), 1.0, 0.0)
        leads = _by_lead(bounded, known, edges, overall)
        z = z / leads[:, bucket_of(edges, z.shape[2])][None, :, :, None]
        hours = _by_hour(np.clip(z, -_CLIP, _CLIP), known, phases, cycle)
        z = z / hours[phases]
        pooled = z[known]
        quantiles = np.quantile(pooled, PROBABILITIES)
        middle = float(np.clip(pooled, -_CLIP, _CLIP).mean())
        correlations = _correlations(z, known)
        wider = _widening(known.any(axis=3).sum() / lag, *correlations[1:], S=z.shape[1])
        median = np.interp(0.5, PROBABILITIES, quantiles)
        quantiles = median + wider * (quantiles - median)  # the middle is known better than the ends
        return cls(noise, share, edges, leads, hours, middle, quantiles, whole, *correlations)

    @classmethod
    def _supposed(cls, S: int, M: int, cycle: int, edges: tuple[int, ...], *, whole: bool) -> Self:
        """Where no error is known yet: those of counts whose level is uncertain by a fifth."""
        from scipy.stats import norm

        quantiles = norm.ppf(PROBABILITIES) * _widening(0.0, 0.0, 0.0, S=1)
        ones = np.ones(S), np.full(S, 0.2), edges, np.ones((S, len(edges))), np.ones((cycle, M))
        return cls(*ones, 0.0, quantiles, whole, 0.5, 0.5, 0.0)

    def scale(self, forecasts: np.ndarray, phases: np.ndarray, first: int = 0) -> np.ndarray:
        """Unit of the errors of forecasts of shape (K, S, R, M), whose rows lie `first` and more ahead."""
        buckets = bucket_of(self.edges, forecasts.shape[2] + first)[first:]
        found: np.ndarray = (
            _unit(forecasts, self.noise, self.share) * self.leads[:, buckets][None, :, :, None] * self.hours[phases]
        )
        return found

    def quantile(self, forecasts: np.ndarray, phases: np.ndarray, probability: float) -> np.ndarray:
        """The value that what comes stays below with a probability, shape (K, S, R, M)."""
        at = np.interp(probability, PROBABILITIES, self.quantiles)
        return self.settle(forecasts + at * self.scale(forecasts, phases))

    def settle(self, values: np.ndarray) -> np.ndarray:
        """Never negative, and whole where contacts are."""
        bounded = np.maximum(values, 0.0)
        found: np.ndarray = np.floor(bounded + 0.5) if self.whole else bounded
        return found

    def mean(self, forecasts: np.ndarray, phases: np.ndarray) -> np.ndarray:
        """Expected value: the forecast and the mean error."""
        found: np.ndarray = np.maximum(forecasts + self.middle * self.scale(forecasts, phases), 0.0)
        return found

    def sample(self, forecasts: np.ndarray, phases: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
        """Draw paths of one origin, shape (n, S, R, M): errors of a day and of days in a row hang together.

        A Gaussian copula over the calibrated margins: each value's normal score is a day's share and its own, the day's
        share an autoregression of a common and an own part.
        """
        from scipy.special import ndtr

        S, R, M = forecasts.shape[1:]
        common, own = random.standard_normal((n, 1, R)), random.standard_normal((n, S, R))
        fresh = np.sqrt(self.across) * common + np.sqrt(1 - self.across) * own
        day = np.empty_like(fresh)
        day[..., 0] = fresh[..., 0]
        for row in range(1, R):
            day[..., row] = self.after * day[..., row - 1] + np.sqrt(1 - self.after**2) * fresh[..., row]
        score = np.sqrt(self.within) * day[..., None]
        score = score + np.sqrt(1 - self.within) * random.standard_normal((n, S, R, M))
        at = np.interp(ndtr(score), PROBABILITIES, self.quantiles)
        return self.settle(forecasts + at * self.scale(forecasts, phases))

    def parts(self) -> Mapping[str, Any]:
        """Everything learned."""
        numbers = {"edges": list(self.edges), "whole": self.whole}
        numbers |= {name: float(getattr(self, name)) for name in ("within", "after", "across", "middle")}
        arrays = {name: getattr(self, name) for name in ("noise", "share", "leads", "hours", "quantiles")}
        return {"numbers": numbers, **arrays}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        numbers = dict(parts["numbers"])
        numbers["edges"] = tuple(numbers["edges"])
        return cls(**numbers, **{name: parts[name] for name in ("noise", "share", "leads", "hours", "quantiles")})


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
    return found


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


def _correlations(z: np.ndarray, known: np.ndarray) -> tuple[float, float, float]:
    """Correlation of normal scores within a row, from row to row, and between series."""
    from scipy.special import ndtri

    if known.sum() < 3:
        return 0.0, 0.0, 0.0
    values = np.sort(z[known])
    score = np.where(known, ndtri(np.clip(np.searchsorted(values, z) / len(values), 0.005, 0.995)), 0.0)
    count = known.sum(axis=3)
    mean = score.sum(axis=3) / np.maximum(count, 1)
    there = count > 0
    M = float(count[there].mean())
    spread = float((mean[there] ** 2).mean())
    within = 1.0 if M < 1.5 else float(np.clip((spread - 1 / M) / (1 - 1 / M), 0.0, 0.99))
    if spread <= 0 or within <= 0.0:
        return within, 0.0, 0.0
    both = there[:, :, 1:] & there[:, :, :-1]
    after = float((mean[:, :, 1:] * mean[:, :, :-1])[both].mean() / spread) if both.any() else 0.0
    S = z.shape[1]
    across = 0.0
    if S > 1:
        total, number, own = mean.sum(axis=1), there.sum(axis=1), (mean**2).sum(axis=1)
        pairs = number * (number - 1)
        across = float((total**2 - own).sum() / max(pairs.sum(), 1) / spread)
    bounded = np.clip([after, across], 0.0, 0.95)
    return within, float(bounded[0]), float(bounded[1])

"""How far leaves stray from what was expected of them when nothing is the matter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cxml.anomaly.segments.cube import Cube

#: Share of the leaves that a scale is taken from, the ones that stray least: causes sit among the others.
_KEPT = 0.75
#: Mean of the smallest three quarters of squared standard normal values.
_MEAN_OF_KEPT = 0.36841
_LEAST_IN_BIN, _MOST_BINS, _LEAST_LEAVES = 25, 20, 8
#: Upper tails by which segments are judged, and how many must lie beyond at least.
_TAILS, _LEAST_BEYOND = (0.1, 0.01, 0.001), 5
#: Squares of standard normal values count up to this one where they are averaged.
_FAR = 16.0
#: How much the noise of segments of a cuboid differs at least, as the variance of its ratio to that of their like.
_LEAST_UNLIKE = 0.02
#: Relative error that every expectation may have, that of the whole included.
TOLERANCE = 0.01
#: An expectation below half a count says no more than that: one contact that nobody expected is no news.
LEAST_EXPECTED = 0.5
#: Relative noise at least, for values that are no counts: expectations are never perfect.
_LEAST_NOISE = 1e-3


@dataclass(frozen=True)
class Noise:
    """Variance of a leaf with chance variance v and mean m: ``phi v + tau^2 m^2``.

    Attributes
    ----------
    phi : float > 0
        Factor of the variance by chance: 1 for Poisson counts.
    tau : float >= 0
        Relative error of the expectation of a leaf, beyond chance.
    """

    phi: float = 1.0
    tau: float = 0.0

    def weights(self, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """How many Poisson counts one unit of a leaf is worth as evidence: ``m / (phi v + tau^2 m^2)``."""
        safe = np.where(mean > 0, mean, 1.0)
        ratio = np.where(mean > 0, variance / safe, 1.0)
        found: np.ndarray = 1.0 / (self.phi * ratio + self.tau**2 * mean)
        return found


def learn_noise(actual: np.ndarray, fitted: np.ndarray, variance: np.ndarray, lost: int = 0) -> Noise:
    """Learn the noise from the three quarters of the leaves that stray least, in bins of size.

    Parameters
    ----------
    actual, fitted, variance : arrays of float >= 0, shape (n_leaves,)
        What came, what a model says, and the variance by chance.
    lost : int, default=0
        Parameters of that model: so many leaves agree with it by force.

    Returns
    -------
    Noise
        Whole numbers are taken as counts, which stray no less than chance: phi >= 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mean = rng.uniform(10, 1_000, 5_000)
    >>> noise = learn_noise(rng.poisson(mean * rng.normal(1, 0.1, 5_000).clip(0)).astype(float), mean, mean)
    >>> round(noise.phi), round(noise.tau, 2)
    (1, 0.1)
    """
    is_count = bool(np.all(actual == np.round(actual)))
    told = (fitted > 0.5 if is_count else fitted > 0) & (variance > 0)
    if told.sum() - lost < _LEAST_LEAVES:
        return Noise() if is_count else Noise(1e-12, 0.1)
    strays = (actual[told] - fitted[told]) ** 2 / variance[told] * (told.sum() / (told.sum() - lost))
    size = fitted[told] ** 2 / variance[told]
    order = np.argsort(size, kind="stable")
    bins = np.array_split(order, int(np.clip(len(order) // _LEAST_IN_BIN, 1, _MOST_BINS)))
    scales = np.array([_scale(strays[one]) for one in bins])
    phi, tau2 = _fit(np.array([size[one].mean() for one in bins]), scales, 1.0 if is_count else 0.0)
    return Noise(max(phi, 1e-12), max(float(np.sqrt(tau2)), 0.0 if is_count else _LEAST_NOISE))


def learn_inflation(cube: Cube, actual: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Learn from what is left after a fit how much more segments stray than the noise of leaves says.

    Leaves that stray together, and tails longer than those of a Poisson count, show in the upper quantiles of the
    likelihood ratios of all segments of a cuboid: they are set against those of chi-squared, as far as there are enough
    segments beyond (an empirical null, Efron 2004, JASA 99:96-104), and in the mean square of the leaves.

    Parameters
    ----------
    cube : Cube
    actual, fitted : arrays of float >= 0, shape (n_leaves,)
        Weighed as `Noise.weights` says.

    Returns
    -------
    array of float >= 1, shape (n_segments,)
    """
    from scipy.special import chdtri

    came, meant = cube.sums(actual), cube.sums(fitted)
    strays = 2.0 * gained(came, meant)
    large = fitted > LEAST_EXPECTED
    moments = (actual[large] - fitted[large]) ** 2 / fitted[large]
    found = np.full(len(cube), max(1.0, float(np.minimum(moments, _FAR).mean())) if large.any() else 1.0)
    for number in range(1, len(cube.cuboids)):
        of = slice(*np.searchsorted(cube.cuboid, [number, number + 1]))
        told = strays[of][meant[of] > LEAST_EXPECTED]
        tails = [one for one in _TAILS if one * len(told) >= _LEAST_BEYOND]
        if tails:
            ratios = np.quantile(told, [1.0 - one for one in tails]) / [chdtri(1.0, one) for one in tails]
            found[of] = np.maximum(found[of], float(ratios.max()))
    return found


def gained(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """What a factor of its own gains, in nats; Poisson: ``A log f - M (f - 1)``.

    The factor ``f = A / M`` counts from 1 % above or below on, and M is at least half a count.

    Examples
    --------
    >>> gained(np.array([20.0, 1.0, 0.0, 1_005.0]), np.array([10.0, 0.0, 4.0, 1_000.0])).round(2).tolist()
    [3.86, 0.19, 4.0, 0.0]
    """
    before = np.maximum(expected, np.minimum(actual, LEAST_EXPECTED))
    return likelihood(actual, before, np.where(before > 0, actual / np.where(before > 0, before, 1.0), 1.0))


def likelihood(actual: np.ndarray, before: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Log-likelihood of sums under a factor over that without one, the factor brought nearer to 1 by 1 %."""
    nearer = np.where(
        factor > 1.0, np.maximum(factor / (1.0 + TOLERANCE), 1.0), np.minimum(factor * (1.0 + TOLERANCE), 1.0)
    )
    found: np.ndarray = actual * np.log(np.where(nearer > 0, nearer, 1.0)) - before * (nearer - 1.0)
    return found


def learn_usual(
    cube: Cube,
    actual: np.ndarray,
    expected: np.ndarray,
    variance: np.ndarray,
    now: np.ndarray,
    chance: np.ndarray,
) -> tuple[Noise, np.ndarray, np.ndarray]:
    """Learn from earlier periods how leaves stray, and how much more whole segments do.

    A channel may go up and down as a whole: then its leaves do not stray by themselves, and that it has gone up once
    more is no news. Every cuboid has such a noise of its own, and so has every segment.

    Parameters
    ----------
    cube : Cube
    actual, expected, variance : arrays of float >= 0, shape (n_periods, n_leaves)
        What came, what the other periods made one expect, and the variance by chance.
    now, chance : arrays of float > 0, shape (n_leaves,)
        What is expected in the period asked about, and its variance by chance.

    Returns
    -------
    noise : Noise
        Of leaves.
    inflation : array of float >= 1, shape (n_segments,)
        Variance of a segment over that of leaves which stray by themselves.
    freedom : array of float > 0, shape (n_segments,)
        How many squares of normal values that is known from.
    """
    level = actual.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-300)
    scaled, spread = expected * level[:, None], variance * level[:, None]
    both = [raked(cube, *pair)[0] for pair in zip(actual, scaled, strict=True)]
    fitted = np.stack(both)
    noise = learn_noise(actual.ravel(), fitted.ravel(), (spread * fitted / np.maximum(scaled, 1e-300)).ravel())
    own = np.stack([cube.sums(one) for one in noise.phi * spread + (noise.tau * scaled) ** 2])
    came, meant = (np.stack([cube.sums(one) for one in each]) for each in (actual, scaled))
    mean, alone = cube.sums(now), cube.sums(noise.phi * chance + (noise.tau * now) ** 2)
    inflation, freedom = np.ones(len(cube)), np.full(len(cube), float(len(came)))
    strays = _but_worst((came - meant) ** 2 / np.maximum(own, 1e-300))
    for number in range(1, len(cube.cuboids)):
        of = cube.cuboid == number
        more = learn_noise(came[:, of].ravel(), meant[:, of].ravel(), own[:, of].ravel())
        like = more.phi + more.tau**2 * mean[of] ** 2 / alone[of]
        own_share = _own_share(strays[of] / like, len(came))
        inflation[of] = own_share * (strays[of] - like) + like
        freedom[of] = len(came) / own_share**2
    whole = float(_scale((level - 1.0) ** 2))
    inflation[0] = 1.0 + whole * mean[0] ** 2 / alone[0]
    return noise, np.maximum(inflation, 1.0), freedom


def tempered(gain: np.ndarray, inflation: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """What a factor gains where its segment strays more than its leaves, in nats.

    How much more is known from so many squares only: a likelihood ratio of Student's t.

    Examples
    --------
    >>> tempered(np.array([8.0, 8.0]), np.array([2.0, 2.0]), np.array([6.0, np.inf])).round(2).tolist()
    [2.97, 4.0]
    """
    square = 2.0 * np.maximum(gain, 0.0) / inflation
    few = np.minimum(freedom, 1e6)
    found: np.ndarray = 0.5 * (few + 1.0) * np.log1p(square / few)
    return np.where(freedom > 1e6, 0.5 * square, found)


def _but_worst(squares: np.ndarray) -> np.ndarray:
    """Mean squares of each column without its largest, as far as normal values need it: one incident is no noise."""
    kept = np.sort(squares, axis=0)[: max(len(squares) - 1, 1)]
    found: np.ndarray = kept.mean(axis=0) / _normal_but_worst(len(squares))[0]
    return found


def _own_share(ratios: np.ndarray, periods: int) -> float:
    """How far a segment's own periods count beside those of its like (empirical Bayes).

    Segments that differ no more than as many squares of normal values do by chance have one noise.
    """
    chance = _normal_but_worst(periods)[1]
    unlike = max(float(np.mean((np.minimum(ratios, 10) - 1.0) ** 2)) - chance, _LEAST_UNLIKE)
    return unlike / (unlike + chance)


@lru_cache(maxsize=128)
def _normal_but_worst(count: int) -> tuple[float, float]:
    """Mean of the mean of the `count` - 1 smallest squares of normal values; and the variance of their ratio to it."""
    squares = np.sort(np.random.default_rng(count).normal(size=(4_000, count)) ** 2, axis=1)
    means = squares[:, : max(count - 1, 1)].mean(axis=1)
    return float(means.mean()), float(means.var() / means.mean() ** 2)


def raked(cube: Cube, actual: np.ndarray, expected: np.ndarray, rounds: int = 5) -> tuple[np.ndarray, int]:
    """Scale expectations until the sums by each single dimension are the actual ones; and how many factors that took.

    What is left cannot come from the whole or from one value of one dimension (iterative proportional fitting, Deming &
    Stephan 1940), so that large causes do not pass for noise.
    """
    fitted = expected.copy()
    for _ in range(rounds):
        for codes in cube.codes.T:
            wanted, got = np.bincount(codes, actual), np.bincount(codes, fitted)
            factor = np.divide(wanted, got, out=np.ones_like(got), where=got > 0)
            fitted *= factor[codes]
    return fitted, 1 + sum(len(values) - 1 for values in cube.labels)


def _scale(squares: np.ndarray) -> float:
    kept = np.sort(squares)[: max(int(np.ceil(_KEPT * len(squares))), 1)]
    return float(kept.mean() / _MEAN_OF_KEPT)


def _fit(size: np.ndarray, scale: np.ndarray, least_phi: float) -> tuple[float, float]:
    """Phi >= `least_phi` and tau squared >= 0 with ``scale = phi + tau^2 size``; errors are relative to the scale."""
    if len(size) == 1:
        return least_phi, max(float((scale[0] - least_phi) / size[0]), 0.0)
    from scipy.optimize import nnls

    over = np.maximum(scale - least_phi, 0.0)
    spread = np.maximum(scale, 1e-3 * max(float(scale.max()), 1e-12))
    for _ in range(3):
        design = np.column_stack([np.ones_like(size), size]) / spread[:, None]
        (phi, tau2), _ = nnls(design, over / spread)
        spread = np.maximum(least_phi + phi + tau2 * size, 1e-12)
    return float(least_phi + phi), float(tau2)

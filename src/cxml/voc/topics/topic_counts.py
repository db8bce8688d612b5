"""Counts of many things over a few periods: how much they vary, and whether the newest is more than that."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NEIGHBOURS: Final = 200  # things as frequent that tell how much a thing varies
_LEAST_PRIOR: Final = 4.5
_MOST_PRIOR: Final = 15.0  # never so alike that a thing with a wilder life of its own goes unnoticed
# Upper tails of the dispersion at which it is tried, and the share of the distribution that each stands for.
_EDGES: Final = np.array([1.0, 0.85, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001, 0.0])
_CAUTION: Final = 1.25  # shares that multiply have heavier tails than a beta; chosen by simulated worlds
NODES: Final = len(_EDGES) - 1
"""How many values of its dispersion each thing is tried with."""


def dispersions(past: Floats, sizes: Floats, now: Floats, size_now: float, tested: NDArray[np.bool_]) -> Floats:
    """Plausible variances of counts, as multiples of a Poisson count's.

    Pearson's statistic of the history estimates each thing's dispersion; with few periods that is rough, so it is
    drawn towards the mean of things as frequent, as far as the things differ among themselves (Smyth 2004; Lund et al.
    2012). What remains unknown is kept: several quantiles of the posterior are answered, not its middle.

    Parameters
    ----------
    past : array, shape (periods, n)
        Counts of the history.
    sizes : array, shape (periods,)
        Comments of each period.
    now : array, shape (n,)
        Counts of the newest period; they only tell which things are as frequent.
    size_now : float
    tested : array of bool, shape (n,)
        Things to learn from.

    Returns
    -------
    array, shape (n, NODES)
        At least 1.
    """
    from scipy.stats import chi2

    periods, total = len(sizes), past.sum(axis=0)
    degrees = max(periods - 1, 1)
    expected = sizes[:, None] * (total / sizes.sum())
    pearson = ((past - expected) ** 2 / np.where(expected > 0, expected, 1.0)).sum(axis=0) / degrees
    usual = (total + now) / (sizes.sum() + size_now) * sizes.mean()  # counts a period where nothing happened
    known = tested & (total > 0)
    trend = np.maximum(_trend(total[known], pearson[known], usual * sizes.sum() / sizes.mean()), 1.0)
    # Of a count of mean m, the statistic has the variance 2 + 1/m: fewer degrees of freedom than its name says.
    own = np.where(total > 0, degrees * 2 / (2 + periods / np.maximum(total, 1e-9)), 0.0)
    prior = _prior_degrees(pearson[known] / trend[known], own[known])
    middle = (prior * trend + own * pearson) / (prior + own)
    tails = np.append(_EDGES[1:-1], _EDGES[-2] / 3)  # the far end of each part, to err on the side of too few finds
    all_degrees = (prior + own)[:, None]
    # A large dispersion is a small chi-square.
    spread = middle[:, None] * all_degrees / chi2.ppf(tails, all_degrees)
    found: Floats = 1.0 + _CAUTION * np.maximum(spread - 1.0, 0.0)
    return found


def _trend(total: Floats, pearson: Floats, wanted: Floats) -> Floats:
    """Mean dispersion of the things nearest in frequency."""
    if not len(total):
        return np.ones(len(wanted))
    order = np.argsort(total, kind="stable")
    width = min(_NEIGHBOURS, len(total))
    sums = np.concatenate([[0.0], np.cumsum(pearson[order])])
    at = np.searchsorted(total[order], wanted)
    start = np.clip(at - width // 2, 0, len(total) - width)
    means: Floats = (sums[start + width] - sums[start]) / width
    return means


def _prior_degrees(relative: Floats, own: Floats) -> float:
    """How alike things are: degrees of freedom of the distribution that dispersions come from, by moments."""
    if len(relative) < 10:
        return _LEAST_PRIOR
    excess = float(np.mean((relative - relative.mean()) ** 2) - np.mean(2 / own))
    return float(np.clip(4 + 2 / excess, _LEAST_PRIOR, _MOST_PRIOR)) if excess > 0 else _MOST_PRIOR


def upper_tail(now: Floats, past: Floats, size_now: float, sizes: Floats, phi: Floats) -> Floats:
    """Probability of at least `now` comments in the newest period, given all comments of the thing.

    Without overdispersion this is the exact binomial test of two Poisson rates; with it, the beta-binomial of the same
    mean whose variance is that of the contrast between newest period and history when a thing's share, not only its
    count, varies from period to period: in a period of twice the comments the excess is twice as large.

    Parameters
    ----------
    now, past : arrays, shape (n,)
        Counts in the newest period and in the whole history.
    size_now : float
        Comments of the newest period.
    sizes : array, shape (periods,)
        Comments of each period of the history.
    phi : array, shape (n, NODES)
        As `dispersions` answers.

    Returns
    -------
    array, shape (n,)
        1 where the newest count does not exceed expectation.
    """
    share = size_now / (size_now + sizes.sum())
    total = now + past
    p = np.ones(len(now))
    mean_size = sizes.mean()
    scale = ((1 - share) ** 2 * size_now**2 + share**2 * (sizes**2).sum()) / mean_size
    scale /= (size_now + sizes.sum()) * share * (1 - share)
    excess = np.maximum((phi - 1) * scale, 1e-6)
    weights = _EDGES[:-1] - _EDGES[1:]
    for at in np.flatnonzero((now > 0) & (now > total * share)):
        p[at] = float(weights @ _beta_binomial_tail(now[at], total[at], share, total[at] / excess[at]))
    return np.minimum(p, 1.0)


def _beta_binomial_tail(now: float, total: float, share: float, strength: Floats) -> Floats:
    """P(X >= now) of `total` trials, for several strengths (the sum of the beta's parameters)."""
    from scipy.special import betaln, gammaln

    x = np.arange(now, total + 1)[:, None]
    a, b = share * strength, (1 - share) * strength
    ways = gammaln(total + 1) - gammaln(x + 1) - gammaln(total - x + 1)
    tail: Floats = np.exp(ways + betaln(x + a, total - x + b) - betaln(a, b)).sum(axis=0)
    return np.minimum(tail, 1.0)


def benjamini_hochberg(p: Floats) -> Floats:
    """Smallest false-discovery rate at which each test is a find (Benjamini & Hochberg 1995).

    Parameters
    ----------
    p : array in [0, 1], shape (n,)

    Returns
    -------
    array, shape (n,)

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(ranked[::-1])[::-1])
    return q

"""How often each offer is accepted: drawn towards what its features promise, with what is left unknown.

The rule. An offer's log-odds is ``mean + features @ weights + own``: weights from a normal distribution of variance
``between / n_features``, the offer's own part from one of variance ``within``. Counts of acceptances tell of it with
the noise of their number (Efron & Morris 1975, JASA 70; the random-effects model of Fay & Herriot 1979, JASA 74). Few
offers do not tell both variances, so none is picked: all pairs of a grid count by their marginal likelihood, and the
answer is their mixture's mean and standard deviation. Features that tell nothing get a variance near 0. An offer with
many answers keeps its own rate, one with few is drawn to its features' rate, and one never made has just that - with
the wider spread which is honest then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_BETWEEN = (1e-6, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_WITHIN = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
#: A rate of few answers is first drawn to the overall one by so many, so that its log-odds is finite.
_STEADY = 1.0
#: Pairs of variances that are less likely than the likeliest by this factor do not count.
_LEAST_WEIGHT = 0.01
#: The mean is left free.
_FREE = 100.0


@dataclass(frozen=True)
class OfferRates:
    """What was learned of the offers' rates.

    Attributes
    ----------
    grid : array of float, shape (n_pairs, 3)
        Weight, ``between`` and ``within`` of the pairs of variances that count.
    within : float
        The mean of the offers' own variance.
    weights : array of float, shape (1 + n_features,)
        The mean first.
    covariance : array of float, shape (1 + n_features, 1 + n_features)
        How little is known of the weights.
    log_odds, spread, without : arrays of float, shape (n_offers,)
        Each offer's log-odds, its standard deviation, and the log-odds that its features alone would promise had it
        never been made.
    """

    grid: np.ndarray
    within: float
    weights: np.ndarray
    covariance: np.ndarray
    log_odds: np.ndarray
    spread: np.ndarray
    without: np.ndarray

    def promised(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds of offers never made, from their features alone, and their standard deviation.

        Parameters
        ----------
        features : array of float, shape (n_offers, n_features)

        Returns
        -------
        (log-odds, spread), each of shape (n_offers,)
        """
        design = _with_mean(features)
        variance = self.within + _diagonal(design, self.covariance)
        return design @ self.weights, np.sqrt(variance)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value if isinstance(value, float) else value.tolist() for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> OfferRates:
        """Back from `to_json`."""
        rest = {name: np.array(one, dtype=float) for name, one in values.items() if name != "within"}
        return cls(within=float(values["within"]), **rest)


def learn_rates(
    made: np.ndarray, accepted: np.ndarray, features: np.ndarray, grid: np.ndarray | None = None
) -> OfferRates:
    """Learn the rates of offers from their counts.

    Parameters
    ----------
    made, accepted : array of int, shape (n_offers,)
    features : array of float, shape (n_offers, n_features)
        Standardised; without columns where nothing describes the offers.
    grid : array of float, shape (n_pairs, 3), optional
        Weights and variances settled already, see `OfferRates`; by default they are found.

    Returns
    -------
    OfferRates

    Examples
    --------
    >>> made, accepted = np.array([1000, 1000, 10]), np.array([100, 300, 0])
    >>> rates = learn_rates(made, accepted, np.zeros((3, 0)))
    >>> (1 / (1 + np.exp(-rates.log_odds))).round(2).tolist()  # ten refusals are not yet a rate of 0
    [0.1, 0.3, 0.1]
    >>> bool(rates.spread[2] > 3 * rates.spread[0])
    True
    """
    overall = (accepted.sum() + 0.5) / (made.sum() + 1.0)
    rate = (accepted + _STEADY * overall) / (made + _STEADY)
    seen = np.log(rate / (1 - rate))
    noise = 1.0 / ((made + _STEADY) * rate * (1 - rate))
    design = _with_mean(features)
    pairs = [(one, other) for one in _between(features) for other in _WITHIN] if grid is None else grid[:, 1:].tolist()
    solved = [_solve(seen, noise, design, *pair) for pair in pairs]
    if grid is None:
        likelihood = np.array([one.likelihood for one in solved])
        share = np.exp(likelihood - likelihood.max())
        share /= share.sum()
    else:
        share = grid[:, 0]
    counts = np.flatnonzero(share > _LEAST_WEIGHT * share.max())
    share = share[counts] / share[counts].sum()
    kept = [solved[place] for place in counts]
    weights = sum(p * one.weights for p, one in zip(share, kept, strict=True))
    spread = sum(p * (one.covariance + np.outer(one.weights, one.weights)) for p, one in zip(share, kept, strict=True))
    mean = sum(p * one.mean for p, one in zip(share, kept, strict=True))
    square = sum(p * (one.variance + one.mean**2) for p, one in zip(share, kept, strict=True))
    without = sum(p * one.without for p, one in zip(share, kept, strict=True))
    used = np.array(pairs)[counts]
    return OfferRates(
        np.column_stack([share, used]),
        float(share @ used[:, 1]),
        np.asarray(weights),
        np.asarray(spread - np.outer(weights, weights)),
        np.asarray(mean),
        np.sqrt(np.maximum(square - mean**2, 0.0)),
        np.asarray(without),
    )


@dataclass(frozen=True)
class _Solved:
    """What one pair of variances says."""

    likelihood: float
    weights: np.ndarray
    covariance: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    without: np.ndarray


def _between(features: np.ndarray) -> tuple[float, ...]:
    return _BETWEEN if features.shape[1] else _BETWEEN[:1]


def _solve(seen: np.ndarray, noise: np.ndarray, design: np.ndarray, between: float, within: float) -> _Solved:
    """Marginal log-likelihood and posterior for two variances, by Woodbury: as cheap for ten thousand offers."""
    certain = 1.0 / (noise + within)
    prior = np.full(design.shape[1], between / max(design.shape[1] - 1, 1))
    prior[0] = _FREE
    inner = design.T @ (certain[:, None] * design) + np.diag(1.0 / prior)
    covariance = np.linalg.inv(inner)
    moment = design.T @ (certain * seen)
    weights = covariance @ moment
    fit = float(certain @ seen**2 - moment @ weights)
    size = float(np.log(prior).sum() + np.linalg.slogdet(inner)[1] - np.log(certain).sum())
    share, expected = within * certain, design @ weights
    mean = expected + share * (seen - expected)
    leverage = _diagonal(design, covariance)
    variance = share * noise + (1 - share) ** 2 * leverage
    # Each offer from all others: of a normal model in closed form.
    without = seen - (seen - expected) / np.maximum(1.0 - certain * leverage, 1e-9)
    return _Solved(-0.5 * (fit + size), weights, covariance, mean, variance, without)


def _with_mean(features: np.ndarray) -> np.ndarray:
    return np.hstack([np.ones((len(features), 1)), features])


def _diagonal(design: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.einsum("ij,jk,ik->i", design, covariance, design)
    return found

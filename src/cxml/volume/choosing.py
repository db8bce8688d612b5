"""Choose among settings by how they forecast, using at each moment only what was known then."""

from __future__ import annotations

import numpy as np

from cxml.volume.windows import known_before

#: Steepness: a setting with an error 1 % above the best weighs exp(-0.6) of it.
_ETA = 60.0
#: The share that the errors of the series itself have beside those of all series.
_OWN = 0.5
_LEAST_WEIGHT = 0.02


def weights_from_errors(errors: np.ndarray, sizes: np.ndarray, *, eta: float = _ETA) -> np.ndarray:
    """Weights of settings for each series, from the errors that each made so far.

    An average of the settings that do about as well as the best forecasts better than the best one, and the errors of
    one series are few: those of all series, each relative to its size, count as much as its own.

    Parameters
    ----------
    errors : array, shape (G, S)
        Summed absolute errors of each setting and series.
    sizes : array, shape (S,)
        Summed actual values, the unit of the errors.
    eta : float
        Steepness.

    Returns
    -------
    array, shape (G, S); each column sums to 1
    """
    relative = errors / np.maximum(sizes, 1e-9)
    known = sizes > 0
    if not known.any():
        return np.full(errors.shape, 1.0 / len(errors))
    pooled = relative[:, known].mean(axis=1)
    pooled = pooled / max(pooled.min(), 1e-12)
    own = np.where(known, relative / np.maximum(relative.min(axis=0), 1e-12), pooled[:, None])
    mixed = _OWN * np.minimum(own, 10.0) + (1 - _OWN) * np.minimum(pooled, 10.0)[:, None]
    weights = np.exp(-eta * (mixed / np.maximum(mixed.min(axis=0), 1e-12) - 1.0))
    weights /= weights.sum(axis=0)
    least = np.minimum(_LEAST_WEIGHT, 0.5 * weights.max(axis=0))  # many that do alike weigh little each
    weights = np.where(weights < least, 0.0, weights)
    found: np.ndarray = weights / weights.sum(axis=0)
    return found


def prequential(errors: np.ndarray, sizes: np.ndarray, *, lag: int, first: np.ndarray, eta: float = _ETA) -> np.ndarray:
    """Weights at each origin from the errors known by then, and one set more for what comes after all.

    Parameters
    ----------
    errors : array, shape (K, G, S)
    sizes : array, shape (K, S)
    lag : int
        An origin's errors are known so many origins later.
    first : array, shape (G,)
        Weights while nothing is known.
    eta : float

    Returns
    -------
    array, shape (K + 1, G, S)
    """
    K, G, S = errors.shape
    found = np.empty((K + 1, G, S))
    for k in range(K + 1):
        known = K if k == K else known_before(k, lag)
        if known == 0:
            found[k] = (first / first.sum())[:, None]
        else:
            found[k] = weights_from_errors(errors[:known].sum(axis=0), sizes[:known].sum(axis=0), eta=eta)
    return found

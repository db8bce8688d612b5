"""What each segment of a set contributed, so that the contributions add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxml.anomaly.segments.cube import Cube
from cxml.anomaly.segments.search import State, fit_factors


def contributions(
    cube: Cube, state: State, actual: np.ndarray, expected: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split the fitted change of each leaf over the segments that it belongs to.

    The split is that of the logarithmic mean Divisia index [1]_: a leaf that went from e to m by the factors f gives
    each segment ``(m - e) / log(m / e) * log(f)``. It is exact, and does not hang on an order of the segments; segments
    that share no leaf get their own change.

    Parameters
    ----------
    cube : Cube
    state : tuple of int, length k
    actual, expected : arrays of float, shape (n_leaves,)
        `expected` above 0.

    Returns
    -------
    changes : array of float, shape (k, n_leaves)
    factors : array of float, shape (k,)
    fitted : array of float, shape (n_leaves,)

    References
    ----------
    .. [1] Ang, B. W. (2004). Decomposition analysis for policymaking in energy: which is the preferred method? Energy
       Policy, 32(9), 1131-1139.
    """
    members = np.array([cube.leaves(one) for one in state], dtype=np.float64).reshape(len(state), len(actual)).T
    bits = (members @ (1 << np.arange(len(state)))).astype(np.int64)
    groups, place = np.unique(bits, return_inverse=True)
    kinds = ((groups[:, None] >> np.arange(len(state))) & 1).astype(np.float64)
    factors = fit_factors(kinds, np.bincount(place, actual), np.bincount(place, expected))
    logs = np.log(factors)
    moved = members @ logs
    fitted = expected * np.exp(moved)
    still = np.abs(moved) < 1e-9
    mean = np.where(still, expected, (fitted - expected) / np.where(still, 1.0, moved))
    return (members * mean[:, None] * logs).T, factors, fitted


@dataclass(frozen=True)
class Ratio:
    """The change of a ratio, split in two: exactly ``rate.sum() + mix.sum()``.

    With shares s of the denominators and ratios r, before (0) and now (1): ``mix = (s1 - s0) r0`` is what other people
    coming did at the ratios expected, ``rate = s1 (r1 - r0)`` what other behaviour did to those who came. A segment
    that nobody was expected in is taken to have the expected ratio of the whole.

    Attributes
    ----------
    rate, mix : arrays of float, shape (n_leaves,)
        Effects on the ratio of the whole.
    usual : array of float, shape (n_leaves,)
        The expected ratio of each leaf.
    actual, expected : float
        The ratio of the whole.
    """

    rate: np.ndarray
    mix: np.ndarray
    usual: np.ndarray
    actual: float
    expected: float


def split_ratio(actual: np.ndarray, trials: np.ndarray, expected: np.ndarray, before: np.ndarray) -> Ratio:
    """Split the change of a ratio into the effects of rates and of the mix.

    Examples
    --------
    >>> found = split_ratio(np.array([20.0, 30.0]), np.array([100.0, 100.0]), np.array([30.0, 10.0]), np.full(2, 100.0))
    >>> found.actual, found.expected, found.rate.round(3).tolist(), found.mix.round(3).tolist()
    (0.25, 0.2, [-0.05, 0.1], [0.0, 0.0])
    """
    whole, usual_whole = actual.sum() / trials.sum(), expected.sum() / before.sum()
    usual = np.where(before > 0, expected / np.where(before > 0, before, 1.0), usual_whole)
    share, share_before = trials / trials.sum(), before / before.sum()
    rate = actual / trials.sum() - share * usual
    return Ratio(rate, (share - share_before) * usual, usual, float(whole), float(usual_whole))

"""Blend forecasts by how each did at every lead time, and give way to a baseline where nothing beats it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from cxml.volume.choosing import prequential

_STEPS = 4
#: Rows that must have come at the lead times of a bucket for it to stand alone.
_LEAST_DAYS = 15


@dataclass(frozen=True)
class Blend:
    """How much of each forecast goes into the answer.

    Attributes
    ----------
    names : tuple of str, length C
    edges : tuple of int
        First row ahead of each lead bucket.
    weights : array, shape (B, C, S)
    """

    names: tuple[str, ...]
    edges: tuple[int, ...]
    weights: np.ndarray

    def apply(self, forecasts: Mapping[str, np.ndarray]) -> np.ndarray:
        """Blend forecasts of shape (K, S, R, M); one that is NaN leaves its weight to the others."""
        length = next(iter(forecasts.values())).shape[2]
        weights = self.weights[bucket_of(self.edges, length)]  # (R, C, S)
        return mix([forecasts[name] for name in self.names], weights.transpose(1, 2, 0)[:, None, :, :, None])


def mix(forecasts: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Weighted mean of forecasts, over those that are known; the first known one where none of these has a weight."""
    total = np.zeros_like(forecasts[0])
    weight = np.zeros_like(forecasts[0])
    first = forecasts[0]
    for told, share in zip(forecasts, weights, strict=True):
        known = ~np.isnan(told)
        first = np.where(np.isnan(first), told, first)
        total += np.where(known, np.nan_to_num(told) * share, 0.0)
        weight += known * share
    found: np.ndarray = np.where(weight > 0, total / np.maximum(weight, 1e-12), first)
    return found


def lead_edges(horizon: int, cycle: int, actual: np.ndarray, *, fine: bool = False) -> tuple[int, ...]:
    """Where lead buckets begin: the next row, the rest of the cycle, all later ones.

    A bucket of which too few rows came to judge by is joined to the next.

    Parameters
    ----------
    horizon : int
    cycle : int
    actual : array, shape (K, S, R, M)
        What came after each origin.
    fine : bool, default=False
        Divide the later ones, each bucket reaching twice as far as the one before.

    Returns
    -------
    tuple of int
    """
    days = np.any(~np.isnan(actual), axis=(1, 3)).sum(axis=0)  # by row ahead
    later = [max(cycle, 2) * 2**power for power in range(1, 8)] if fine else []
    edges = [edge for edge in dict.fromkeys((0, 1, max(cycle, 2), *later)) if edge < horizon]
    kept = [edges[-1]]
    for edge in reversed(edges[:-1]):
        if days[edge : kept[0]].sum() >= _LEAST_DAYS:
            kept.insert(0, edge)
    return (0, *kept[1:])


def bucket_of(edges: Sequence[int], length: int) -> np.ndarray:
    """Bucket of each row ahead."""
    found: np.ndarray = np.searchsorted(np.array(edges), np.arange(length), side="right") - 1
    return found


def learn_blend(
    forecasts: Mapping[str, np.ndarray],
    actual: np.ndarray,
    *,
    lag: int,
    edges: tuple[int, ...],
    usual: Mapping[str, float],
) -> tuple[Blend, np.ndarray]:
    """Choose weights for each lead bucket and series from what was forecast before.

    Parameters
    ----------
    forecasts : mapping of name to array, shape (K, S, R, M)
    actual : array, shape (K, S, R, M)
    lag : int
        See `cxml.volume.choosing.prequential`.
    edges : tuple of int
    usual : mapping of name to float
        Weights while nothing is known.

    Returns
    -------
    (blend for what comes after, blended forecasts of the origins, each by what was known then)
    """
    names = tuple(forecasts)
    stacked = [forecasts[name] for name in names]
    recipes = np.array([one for one in product(range(_STEPS + 1), repeat=len(names)) if sum(one) == _STEPS]) / _STEPS
    first = np.exp(-20.0 * np.abs(recipes - np.array([usual[name] for name in names])).sum(axis=1))
    S, R = actual.shape[1:3]
    found = np.full(actual.shape, np.nan)
    final = np.zeros((len(edges), len(names), S))
    buckets = bucket_of(edges, R)
    for bucket in range(len(edges)):
        of = buckets == bucket
        part = [one[:, :, of] for one in stacked]
        came = actual[:, :, of]
        errors = np.stack([np.nansum(np.abs(mix(part, recipe) - came), axis=(2, 3)) for recipe in recipes], axis=1)
        weights = prequential(errors, np.nansum(came, axis=(2, 3)), lag=lag, first=first)
        shares = np.einsum("kgs,gc->kcs", weights, recipes)
        found[:, :, of] = mix(part, shares[:-1].transpose(1, 0, 2)[..., None, None])
        final[bucket] = shares[-1]
    return Blend(names, edges, final), found

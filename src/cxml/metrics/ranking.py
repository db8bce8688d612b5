"""How good ranked lists are: one list a customer, judged by what the customer then took.

All functions take the same table: ``hits[i, r]`` says whether the entry at rank ``r + 1`` of customer ``i`` is one that
was taken, and ``relevant[i]`` how many were taken in all, listed or not. They answer with one figure a customer, so
that the mean has an interval (`cxml.metrics.standard_error`) and two models can be compared customer by customer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import Floats


def ndcg_at(hits: ArrayLike, relevant: ArrayLike, k: int = 10) -> Floats:
    """Normalised discounted cumulative gain of the first `k` ranks, a hit at rank r counting ``1 / log2(r + 1)``.

    The sum is divided by that of the best possible list, which has ``min(k, relevant)`` hits at its head.

    Parameters
    ----------
    hits : array of {0, 1} or bool, shape (n_customers, n_ranks >= k)
        Whether the entry at each rank was taken, the best rank first.
    relevant : array of int >= 1, shape (n_customers,)
        How many were taken in all.
    k : int >= 1, default=10

    Returns
    -------
    array of float in [0, 1], shape (n_customers,)

    Raises
    ------
    ValueError
        If fewer than `k` ranks are given, the shapes do not fit, or a customer took fewer than were hit or none.

    References
    ----------
    .. [1] Jarvelin, K., & Kekalainen, J. (2002). Cumulated gain-based evaluation of IR techniques. ACM TOIS, 20(4).

    Examples
    --------
    >>> ndcg_at([[1, 0], [0, 1]], [1, 1], k=2).round(3).tolist()
    [1.0, 0.631]
    >>> ndcg_at([[1, 0]], [0], k=2)
    Traceback (most recent call last):
        ...
    ValueError: `relevant` must be at least 1 and at least the number of hits, got 0 with 1 hits at position 0. \
Leave customers out who took nothing.
    """
    table, total = _check(hits, relevant, k)
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discounts)[np.minimum(total, k) - 1]
    found: Floats = table @ discounts / best
    return found


def recall_at(hits: ArrayLike, relevant: ArrayLike, k: int = 10) -> Floats:
    """Share of what was taken that is among the first `k` ranks.

    Parameters
    ----------
    hits, relevant, k
        As in `ndcg_at`.

    Returns
    -------
    array of float in [0, 1], shape (n_customers,)

    Raises
    ------
    ValueError
        As `ndcg_at`.

    Examples
    --------
    >>> recall_at([[1, 0], [1, 1]], [2, 2], k=2).tolist()
    [0.5, 1.0]
    """
    table, total = _check(hits, relevant, k)
    found: Floats = table.sum(axis=1) / total
    return found


def precision_at(hits: ArrayLike, relevant: ArrayLike, k: int = 10) -> Floats:
    """Share of the first `k` ranks that was taken.

    Parameters
    ----------
    hits, relevant, k
        As in `ndcg_at`.

    Returns
    -------
    array of float in [0, 1], shape (n_customers,)

    Raises
    ------
    ValueError
        As `ndcg_at`.

    Examples
    --------
    >>> precision_at([[1, 0], [1, 1]], [2, 2], k=2).tolist()
    [0.5, 1.0]
    """
    found: Floats = _check(hits, relevant, k)[0].sum(axis=1) / k
    return found


def reciprocal_rank_at(hits: ArrayLike, relevant: ArrayLike, k: int = 10) -> Floats:
    """One over the rank of the first hit, 0 where the first `k` ranks have none; its mean is the MRR.

    Parameters
    ----------
    hits, relevant, k
        As in `ndcg_at`.

    Returns
    -------
    array of float in [0, 1], shape (n_customers,)

    Raises
    ------
    ValueError
        As `ndcg_at`.

    Examples
    --------
    >>> reciprocal_rank_at([[0, 1, 1], [0, 0, 0]], [2, 1], k=3).tolist()
    [0.5, 0.0]
    """
    table, _ = _check(hits, relevant, k)
    found: Floats = np.where(table.any(axis=1), 1.0 / (1 + table.argmax(axis=1)), 0.0)
    return found


def average_precision_at(hits: ArrayLike, relevant: ArrayLike, k: int = 10) -> Floats:
    """Mean over the hits of the precision down to their rank, divided by ``min(k, relevant)``; its mean is the MAP.

    Parameters
    ----------
    hits, relevant, k
        As in `ndcg_at`.

    Returns
    -------
    array of float in [0, 1], shape (n_customers,)

    Raises
    ------
    ValueError
        As `ndcg_at`.

    Examples
    --------
    >>> average_precision_at([[1, 0, 1]], [2], k=3).round(3).tolist()
    [0.833]
    """
    table, total = _check(hits, relevant, k)
    precision = np.cumsum(table, axis=1) / np.arange(1, k + 1)
    found: Floats = (precision * table).sum(axis=1) / np.minimum(total, k)
    return found


def _check(hits: ArrayLike, relevant: ArrayLike, k: int) -> tuple[Floats, np.ndarray]:
    """The first `k` ranks as floats, and how many were taken."""
    if isinstance(k, bool) or int(k) != k or k < 1:
        raise ValueError(f"`k` must be a whole number >= 1, got {k!r}. Use 10.")
    table, total = np.asarray(hits, dtype=np.float64), np.asarray(relevant)
    if table.ndim != 2 or not len(table) or table.shape[1] < k or total.shape != table.shape[:1]:
        raise ValueError(
            f"`hits` must have one row a customer and at least {k} ranks, and `relevant` one number a customer, got "
            f"shapes {table.shape} and {total.shape}. Fill the ranks that a short list lacks with 0."
        )
    other = ~((table == 0) | (table == 1))
    if other.any():
        raise ValueError(f"`hits` must hold only 0 and 1, got {table[other][0]:g}. Say of each rank whether it hit.")
    hit = table.sum(axis=1)
    bad = np.flatnonzero((total < 1) | (total < hit))
    if len(bad):
        raise ValueError(
            f"`relevant` must be at least 1 and at least the number of hits, got {total[bad[0]]:g} with "
            f"{hit[bad[0]]:g} hits at position {bad[0]}. Leave customers out who took nothing."
        )
    return table[:, :k], total.astype(np.int64)

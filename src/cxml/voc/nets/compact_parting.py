"""Which rows of a training judge the compact model: comments of the same letters never on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxml.voc.normalise import letters_of

Integers = NDArray[np.int64]


def mixed(texts: Sequence[str], rows: Integers, seed: int) -> list[Integers]:
    """Groups of rows whose texts have the same letters, in random order.

    Parameters
    ----------
    texts : sequence of str
        Normalised.
    rows : array of int
        Positions among them.
    seed : int

    Returns
    -------
    list of arrays of int

    Examples
    --------
    >>> sorted(len(group) for group in mixed(["늦어요", "늦어요!", "좋아요"], np.arange(3), seed=0))
    [1, 2]
    """
    groups: dict[str, list[int]] = {}
    for row in rows.tolist():
        groups.setdefault(letters_of(texts[row]), []).append(row)
    found = [np.array(group, dtype=np.int64) for group in groups.values()]
    return [found[place] for place in np.random.default_rng(seed).permutation(len(found))]


def dealt(groups: Sequence[Integers], folds: int) -> list[Integers]:
    """Parts of about one size, each of whole groups; two at least of two groups.

    >>> [len(part) for part in dealt([np.arange(3), np.arange(3, 5), np.arange(5, 6)], 2)]
    [3, 3]
    """
    sizes = np.array([len(group) for group in groups], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    part = starts * folds // max(int(sizes.sum()), 1)
    if len(groups) > 1 and not part.any():  # the last group is larger than all parts but one
        part[-1] = 1
    return [
        np.concatenate([groups[place] for place in np.flatnonzero(part == one).tolist()]) for one in np.unique(part)
    ]


def apart_from(groups: Sequence[Integers], many: int) -> tuple[Integers, Integers]:
    """Rows kept apart, about as many as asked, and the others; a group too large to be kept apart is learned from.

    >>> apart, seen = apart_from([np.arange(5), np.arange(5, 7), np.arange(7, 8)], 2)
    >>> apart.tolist(), seen.tolist()
    ([5, 6], [0, 1, 2, 3, 4, 7])
    """
    kept: list[int] = []
    left = many
    for place, group in enumerate(groups):
        if len(group) <= left:
            kept.append(place)
            left -= len(group)
    if not kept and len(groups) > 1:
        kept = [int(np.argmin([len(group) for group in groups]))]
    chosen = set(kept)
    apart = [group for place, group in enumerate(groups) if place in chosen]
    seen = [group for place, group in enumerate(groups) if place not in chosen]
    none = np.empty(0, dtype=np.int64)
    return np.sort(np.concatenate([none, *apart])), np.sort(np.concatenate([none, *seen]))

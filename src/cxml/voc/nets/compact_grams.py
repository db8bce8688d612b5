"""Character and jamo n-grams of many texts at once, as hashes: numpy alone, any language, no vocabulary to keep.

A Hangul syllable is read twice: whole, and spelled as its two or three jamo, so that endings that melt into the
syllable before them (``재밌다``, ``재미있다``) and typing errors still share pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Knuth's multiplicative hashing
_STEP: Final = np.uint64(0xD1342543DE82EF95)
_FOLD: Final = np.uint64(0xBF58476D1CE4E5B9)
_SYLLABLES: Final = 11_172  # Hangul syllables, from U+AC00 on, in the order of their 19 x 21 x 28 jamo
_FIRST: Final = 0xAC00
_BITS: Final = 22


def spell(points: NDArray[np.uint32], owner: Integers) -> tuple[NDArray[np.uint32], Integers, NDArray[np.bool_]]:
    """Write each Hangul syllable as its jamo; every other character stays.

    Parameters
    ----------
    points : array of uint32, shape (n,)
        Code points.
    owner : array of int, shape (n,)
        The text that each belongs to.

    Returns
    -------
    points : array of uint32, shape (m,)
    owner : array of int, shape (m,)
    hangul : array of bool, shape (m,)
        Whether it came out of a syllable.
    """
    place = points.astype(np.int64) - _FIRST
    syllable = (place >= 0) & (place < _SYLLABLES)
    spelled = np.zeros((len(points), 3), dtype=np.uint32)
    spelled[:, 0] = np.where(syllable, 0x1100 + place // 588, points)
    spelled[:, 1] = np.where(syllable, 0x1161 + place % 588 // 28, 0)
    spelled[:, 2] = np.where(syllable & (place % 28 > 0), 0x11A7 + place % 28, 0)
    there = spelled > 0
    there[:, 0] = True
    return spelled[there], np.repeat(owner, there.sum(axis=1)), np.repeat(syllable, there.sum(axis=1))


def grams(
    texts: Sequence[str], *, characters: Sequence[int], jamo: Sequence[int], whole: bool = False
) -> tuple[Integers, Hashes]:
    """Hash every n-gram of every text.

    Parameters
    ----------
    texts : sequence of str
        Texts or words, lone surrogates and null characters included.
    characters, jamo : sequence of int >= 1
        Lengths of the n-grams of characters, and of those of jamo. Of the latter only those count that hold a piece of
        a Hangul syllable: the others are n-grams of characters already.
    whole : bool, default=False
        Whether each whole text is one more feature.

    Returns
    -------
    owner : array of int, shape (n_grams,)
        Position of the text that each n-gram stands in.
    hashes : array of uint64, shape (n_grams,)
        Evenly spread in their upper bits.

    Examples
    --------
    >>> owner, hashes = grams(["ab", "b"], characters=(1, 2), jamo=())
    >>> owner.tolist(), bool(hashes[1] == hashes[2])
    ([0, 0, 1, 0], True)
    """
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
    owner = np.repeat(np.arange(len(texts)), lengths)
    found = [_rolled(points, owner, characters, 1)]
    if len(jamo):
        spelled, spelled_owner, hangul = spell(points, owner)
        if hangul.any():
            found.append(_rolled(spelled, spelled_owner, jamo, 2, hangul))
    if whole:
        found.append(_whole(points, lengths))
    return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])


def _spread(points: NDArray[np.uint32]) -> Hashes:
    spread = (points.astype(np.uint64) + np.uint64(1)) * _SPREAD
    return (spread ^ (spread >> np.uint64(32))) * _FOLD


def _rolled(
    points: NDArray[np.uint32],
    owner: Integers,
    orders: Sequence[int],
    salt: int,
    wanted: NDArray[np.bool_] | None = None,
) -> tuple[Integers, Hashes]:
    """Hashes of all n-grams within an owner, a polynomial over the code points extended character by character."""
    spread = _spread(points)
    rolled = np.full(len(points), salt, dtype=np.uint64) * _SPREAD
    before = None if wanted is None else np.concatenate([[0], np.cumsum(wanted)])
    owners, hashes = [owner[:0]], [rolled[:0]]
    for order in range(1, max(orders, default=0) + 1):
        many = len(points) - order + 1
        if many <= 0:
            break
        rolled = (rolled[:many] + spread[order - 1 :]) * _STEP
        if order not in orders:
            continue
        kept = owner[:many] == owner[order - 1 :]
        if before is not None:
            kept &= before[order:] > before[:many]
        owners.append(owner[:many][kept])
        hashes.append(_finish(rolled[kept]))
    return np.concatenate(owners), np.concatenate(hashes)


def _finish(hashes: Hashes) -> Hashes:
    return (hashes ^ (hashes >> np.uint64(29))) * _FOLD


def _whole(points: NDArray[np.uint32], lengths: Integers) -> tuple[Integers, Hashes]:
    """One hash a text that is not empty: the sum over its characters, each mixed with its place."""
    there = np.flatnonzero(lengths)
    if not len(there):
        return there, np.zeros(0, dtype=np.uint64)
    starts = (np.cumsum(lengths) - lengths)[there]
    place = (np.arange(len(points)) - np.repeat(starts, lengths[there])).astype(np.uint64) * _STEP
    return there, _finish(np.add.reduceat((_spread(points) ^ place) * _SPREAD, starts))


def counted(owner: Integers, hashes: Hashes, n_texts: int) -> sp.csr_matrix:
    """Count hashed n-grams: a sparse matrix of texts by buckets.

    Parameters
    ----------
    owner, hashes : arrays, shape (n_grams,)
        As `grams` answers them.
    n_texts : int >= 0

    Returns
    -------
    csr_matrix of float32, shape (n_texts, 2 ** 22)
        Two n-grams in one bucket are one feature.
    """
    buckets = (hashes >> np.uint64(64 - _BITS)).astype(np.int32)
    ones = np.ones(len(buckets), dtype=np.float32)
    return sp.csr_matrix((ones, (owner.astype(np.int32), buckets)), shape=(n_texts, 1 << _BITS))


@dataclass(frozen=True)
class Buckets:
    """The buckets that a model knows, numbered in their order.

    Attributes
    ----------
    bits : array of uint8, shape (2 ** 22 / 8,)
        One bit a bucket: whether it is known.
    size : int
        How many are.
    """

    bits: NDArray[np.uint8]
    size: int = field(init=False)
    place: NDArray[np.int32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = np.unpackbits(self.bits).astype(bool)
        object.__setattr__(self, "size", int(known.sum()))
        object.__setattr__(self, "place", np.where(known, np.cumsum(known) - 1, -1).astype(np.int32))

    @classmethod
    def commonest(cls, frequency: NDArray[Any], *, least: float, most: int) -> Self:
        """Know the buckets met `least` times, no more than the `most` commonest of them."""
        there = np.flatnonzero(frequency >= least)
        if len(there) > most:
            there = there[np.argsort(-frequency[there], kind="stable")[:most]]
        known = np.zeros(len(frequency), dtype=bool)
        known[there] = True
        return cls(np.packbits(known))

    @property
    def known(self) -> Integers:
        """Their numbers among all buckets."""
        return np.flatnonzero(self.place >= 0)

    def select(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """Columns of the known buckets alone, shape (n_texts, size)."""
        columns = self.place[counts.indices]
        there = columns >= 0
        ends = np.concatenate([[0], np.cumsum(there)])[counts.indptr]
        return sp.csr_matrix((counts.data[there], columns[there], ends), shape=(counts.shape[0], self.size))

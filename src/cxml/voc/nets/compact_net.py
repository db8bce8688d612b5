"""The deep part of the compact model, run with numpy alone: words made of their pieces, read in order both ways.

A word is the sum of the vectors of its character and jamo n-grams and of itself [1]_, over the square root of their
number, so that a word never met has a vector too. Two gated recurrent units [2]_ read the words forwards and
backwards; a learned attention over them, their maximum, and the mean word give the scores.

.. [1] Bojanowski, P., Grave, E., Joulin, A., & Mikolov, T. (2017). Enriching word vectors with subword information.
   Transactions of the ACL, 5, 135-146. For jamo: Park, S., et al. (2018). Subword-level word vector representations
   for Korean. ACL 2018, 2429-2438.
.. [2] Cho, K., et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
   translation. EMNLP 2014, 1724-1734.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cxml.voc.nets.compact_grams import Buckets, counted, grams

Singles = NDArray[np.float32]

_CHARACTERS: Final = (1, 2, 3, 4)
_JAMO: Final = (3, 4, 5)
_WORD: Final = re.compile(r"\S{1,16}")  # a longer run, as in writing without blanks, is read in pieces
_CHUNK: Final = 512  # texts read together
ARRAYS: Final = ("inward", "inward_bias", "onward", "onward_bias", "attention", "outward", "outward_bias")


@dataclass(frozen=True)
class Words:
    """The words of many texts: each different one once, and the texts as places among them.

    Attributes
    ----------
    distinct : list of str
    ids : array of int, shape (n_words,)
        The words of all texts, text after text.
    starts : array of int, shape (n_texts + 1,)
        Where each text begins among `ids`. Every text has one word at least; that of an empty one is empty.
    """

    distinct: list[str]
    ids: NDArray[np.int64]
    starts: NDArray[np.int64]

    def padded(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Some texts as a table of ids, shape (n_rows, longest), filled with the last word; and their lengths."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        steps = np.minimum(np.arange(lengths.max(initial=1)), lengths[:, None] - 1)
        return self.ids[self.starts[rows][:, None] + steps], lengths


def read_words(texts: Sequence[str], most: int) -> Words:
    """Split normalised texts at blanks, no more than `most` words each."""
    known: dict[str, int] = {}
    ids: list[int] = []
    starts = [0]
    for text in texts:
        ids += [known.setdefault(word, len(known)) for word in _WORD.findall(text)[:most] or [""]]
        starts.append(len(ids))
    return Words(list(known), np.array(ids, dtype=np.int64), np.array(starts, dtype=np.int64))


def pieces(words: Sequence[str]) -> sp.csr_matrix:
    """Count the pieces of words: n-grams with the word's borders, and the whole word."""
    owner, hashes = grams([f"\x02{word}\x03" for word in words], characters=_CHARACTERS, jamo=_JAMO, whole=True)
    return counted(owner, hashes, len(words))


def evened(counts: sp.csr_matrix, buckets: Buckets) -> sp.csr_matrix:
    """Keep the known pieces, over the square root of their number, shape (n_words, buckets.size)."""
    X = buckets.select(counts)
    owner = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    many = np.bincount(owner, weights=X.data, minlength=X.shape[0])
    X.data /= np.sqrt(many[owner]).astype(np.float32)
    return X


@dataclass(frozen=True)
class Net:
    """What the deep part has learned.

    Attributes
    ----------
    buckets : Buckets
        The pieces that have a vector.
    table : array of int8, shape (buckets.size, dim)
        Their vectors, in steps of `grain`.
    grain : array of float16, shape (buckets.size,)
    arrays : mapping of str to array of float32
        ``inward`` (2, dim, 3 hidden) and ``inward_bias`` (2, 1, 3 hidden): from a word to the reset gate, the update
        gate and the candidate, forwards and backwards; ``onward`` (2, hidden, 3 hidden) and ``onward_bias``
        (2, 1, hidden): from the state before; ``attention`` (2 hidden,); ``outward`` (4 hidden + dim, columns) and
        ``outward_bias`` (columns,).
    most : int
        Words read of a text.
    """

    buckets: Buckets
    table: NDArray[np.int8]
    grain: NDArray[np.float16]
    arrays: Mapping[str, Singles]
    most: int
    vectors: Singles = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vectors", self.table * self.grain.astype(np.float32)[:, None])

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Score normalised texts, one column for each label of each head."""
        words = read_words(texts, self.most)
        found = np.zeros((len(texts), len(self.arrays["outward_bias"])))
        if not len(texts):
            return found
        known = evened(pieces(words.distinct), self.buckets) @ self.vectors
        inward = np.matmul(known[None], self.arrays["inward"]) + self.arrays["inward_bias"]
        order = np.argsort(-np.diff(words.starts), kind="stable")
        for start in range(0, len(order), _CHUNK):
            rows = order[start : start + _CHUNK]
            ids, lengths = words.padded(rows)
            found[rows] = self._pool(self._states(inward, ids, lengths), known[ids], lengths)
        return found

    def _states(self, inward: Singles, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> Singles:
        """States after each word, shape (n, longest, 2 hidden), for texts of falling lengths."""
        onward, bias = self.arrays["onward"], self.arrays["onward_bias"]
        hidden = onward.shape[1]
        n, longest = ids.shape
        state = np.zeros((2, n, hidden), dtype=np.float32)
        states = np.zeros((n, longest, 2 * hidden), dtype=np.float32)
        for t in range(longest):
            m = int(np.searchsorted(-lengths, -t, side="left"))  # texts that have a word here
            rows, back = np.arange(m), lengths[:m] - 1 - t
            came = np.stack([inward[0, ids[:m, t]], inward[1, ids[rows, back]]])
            kept = np.matmul(state[:, :m], onward)
            gates = 0.5 + 0.5 * np.tanh(0.5 * (came[..., : 2 * hidden] + kept[..., : 2 * hidden]))
            fresh = np.tanh(came[..., 2 * hidden :] + gates[..., :hidden] * (kept[..., 2 * hidden :] + bias))
            state[:, :m] = fresh + gates[..., hidden:] * (state[:, :m] - fresh)
            states[:m, t, :hidden] = state[0, :m]
            states[rows, back, hidden:] = state[1, :m]
        return states

    def _pool(self, states: Singles, words: Singles, lengths: NDArray[np.int64]) -> Singles:
        there = np.arange(states.shape[1]) < lengths[:, None]
        pull = np.where(there, np.tanh(states) @ self.arrays["attention"], -np.inf)
        share = np.exp(pull - pull.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        attended = np.matmul(share[:, None], states)[:, 0]
        highest = np.where(there[..., None], states, -np.inf).max(axis=1)
        mean = (words * there[..., None]).sum(axis=1) / lengths[:, None]
        pooled = np.concatenate([attended, highest, mean], axis=1).astype(np.float32)
        return np.asarray(pooled @ self.arrays["outward"] + self.arrays["outward_bias"])

    def parts(self) -> dict[str, Any]:
        """Everything learned, as arrays and a number."""
        named = {f"net_{name}": self.arrays[name] for name in ARRAYS}
        return {
            "net_buckets": self.buckets.bits,
            "net_table": self.table,
            "net_grain": self.grain,
            "net_words": self.most,
            **named,
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Rebuild from `parts`."""
        arrays = {name: parts[f"net_{name}"] for name in ARRAYS}
        buckets = Buckets(parts["net_buckets"])
        return cls(buckets, parts["net_table"], parts["net_grain"], arrays, int(parts["net_words"]))


def quantise(vectors: Singles) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Vectors as bytes: each in 127 steps of its largest entry."""
    grain = (np.abs(vectors).max(axis=1) / 127).astype(np.float16)
    grain = np.maximum(grain, np.float16(1e-4))
    return np.clip(np.rint(vectors / grain.astype(np.float32)[:, None]), -127, 127).astype(np.int8), grain

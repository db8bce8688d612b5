"""Names of topics: telling words that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_COMMENTS: Final = 1.5  # a word of one comment names nothing


def name_topics(counts: Floats, words: Any, vocabulary: Sequence[str], length: int) -> list[list[str]]:
    """The telling words of each topic, the most telling first.

    Candidates are the words with the highest class-based TF-IDF (Grootendorst 2022). From the first one on, each next
    word is the one whose weight times its mean normalised pointwise mutual information (Bouma 2009) with the words
    already taken is highest: words of one name occur in the same comments.

    Parameters
    ----------
    counts : array, shape (k, n_words)
        Counts of the words in each topic.
    words : csr_matrix, shape (n, n_words)
        Counts in the comments whose words are to go together.
    vocabulary : sequence of str, length n_words
    length : int
        Words a topic, at most.

    Returns
    -------
    list of list of str
    """
    present = (words > 0).astype(np.float64).tocsc()
    n = max(present.shape[0], 1)
    frequency = np.asarray(present.sum(axis=0)).ravel() / n
    weights = _telling(counts)
    weights[:, frequency * n < _LEAST_COMMENTS] = 0.0
    names = []
    for row in weights:
        likely = np.argsort(-row, kind="stable")[: 3 * length]
        likely = likely[row[likely] > 0]
        together = (present[:, likely].T @ present[:, likely]).toarray() / n
        names.append([vocabulary[likely[one]] for one in _coherent(row[likely], together, frequency[likely], length)])
    return names


def _coherent(weights: Floats, together: Floats, frequency: Floats, length: int) -> list[int]:
    if not len(weights):
        return []
    usual = np.maximum(np.outer(frequency, frequency), 1e-12)
    some = np.clip(together, 1e-12, 1 - 1e-12)
    mutual = np.where(together > 0, np.log(some / usual) / -np.log(some), -1.0)
    taken = [0]
    while len(taken) < min(length, len(weights)):
        value = weights / weights.max() * (1 + mutual[:, taken].mean(axis=1))
        value[taken] = -1.0
        taken.append(int(value.argmax()))
    return taken


def _telling(counts: Floats) -> Floats:
    """Class-based TF-IDF: the share of a word in a topic, times how rare it is over all topics."""
    total = counts.sum(axis=0)
    each = counts.sum() / len(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    weights: Floats = shares * np.log1p(each / np.maximum(total, 1.0))
    return weights

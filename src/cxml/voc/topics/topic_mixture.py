"""The arithmetic behind topics, which knows nothing of texts or frames.

A topic is a distribution over words, one over pieces of words and, where an encoder is given, a direction in its space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Chosen on YNAT, banking77 and CFPB; the results hardly move within a factor of two of each.
_PIECES_WEIGHT: Final = 0.2  # pieces of one word repeat one another, so each counts for less than a word
_DIRECTION_WEIGHT: Final = 10.0  # concentration of the von Mises-Fisher part
SMOOTHING: Final = 0.05  # Dirichlet prior of a topic's words


@dataclass(frozen=True)
class Rows:
    """What is known of some comments.

    Attributes
    ----------
    words : csr_matrix, shape (n, n_words)
        Counts.
    pieces : csr_matrix, shape (n, n_pieces)
        Counts of character n-grams within words.
    directions : array, shape (n, d), or None
        Sentence embeddings less their mean, of length 1 or 0.
    """

    words: csr_matrix
    pieces: csr_matrix
    directions: Floats | None = None

    def __len__(self) -> int:
        return int(self.words.shape[0])

    def take(self, rows: NDArray[Any]) -> Rows:
        """Some of the rows, by position or mask."""
        some = None if self.directions is None else self.directions[rows]
        return Rows(self.words[rows], self.pieces[rows], some)


@dataclass(frozen=True)
class Mixture:
    """Topics as sums over the comments that they were learned from, so that more comments are simply added.

    Attributes
    ----------
    comments : array, shape (k,)
        How many comments each topic holds, in parts of a comment.
    words, pieces : arrays, shape (k, n_words) and (k, n_pieces)
        Their counts.
    directions : array, shape (k, d), or None
        The sum of their directions.
    temperature : float > 0
        What the log-odds are divided by to be probabilities that hold.
    least_fit : float
        `fits` below this are those of the worst twentieth of the comments.
    """

    comments: Floats
    words: Floats
    pieces: Floats
    directions: Floats | None = None
    temperature: float = 1.0
    least_fit: float = -np.inf

    @classmethod
    def of(cls, rows: Rows, shares: Any) -> Mixture:
        """Sum up rows by the share of each topic in each of them, an array of shape (n, k), sparse or not."""
        turned = shares.T
        return cls(
            np.asarray(shares.sum(axis=0), dtype=np.float64).ravel(),
            dense(turned @ rows.words),
            dense(turned @ rows.pieces),
            None if rows.directions is None else dense(turned @ rows.directions),
        )

    def plus(self, other: Mixture) -> Mixture:
        """Topics of two sets of comments, added up; `other` may know more words and more topics."""
        k = len(other.comments)
        directions = None
        if self.directions is not None and other.directions is not None:
            directions = _padded(self.directions, k) + other.directions
        return replace(
            self,
            comments=_padded(self.comments[:, None], k)[:, 0] + other.comments,
            words=_padded(self.words, k, other.words.shape[1]) + other.words,
            pieces=_padded(self.pieces, k) + other.pieces,
            directions=directions,
        )

    def beside(self, other: Mixture) -> Mixture:
        """Topics of both, those of `other` last; `other` may know more words."""
        directions = None
        if self.directions is not None and other.directions is not None:
            directions = np.vstack([self.directions, other.directions])
        return replace(
            self,
            comments=np.concatenate([self.comments, other.comments]),
            words=np.vstack([_padded(self.words, len(self.words), other.words.shape[1]), other.words]),
            pieces=np.vstack([self.pieces, other.pieces]),
            directions=directions,
        )

    def scores(self, rows: Rows) -> Floats:
        """Log-probability of each row under each topic, but for a constant of the row; shape (n, k)."""
        total: Floats = dense(rows.words @ smooth_logs(self.words).T)
        heard = self.pieces.sum(axis=0) > 0  # a piece that no topic ever had says nothing
        total += _PIECES_WEIGHT * dense(rows.pieces @ (smooth_logs(self.pieces) * heard).T)
        if rows.directions is not None and self.directions is not None:
            total += _DIRECTION_WEIGHT * rows.directions @ unit(self.directions).T
        return total + np.log(self.comments + 0.1)

    def probabilities(self, rows: Rows) -> Floats:
        """Probability of each topic, shape (n, k)."""
        return softmax(self.scores(rows) / self.temperature)

    def fits(self, rows: Rows) -> Floats:
        """How well each row is placed in its best topic: log-probability a word, pieces that no topic has left out."""
        heard = (self.pieces.sum(axis=0) > 0).astype(np.float64)
        size = dense(rows.words.sum(axis=1))[:, 0] + _PIECES_WEIGHT * (rows.pieces @ heard)
        fits: Floats = self.scores(rows).max(axis=1) / np.maximum(size, 1.0)
        return fits


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = vectors / np.where(lengths > 0, lengths, 1.0)
    return scaled


def softmax(scores: Floats) -> Floats:
    """Probabilities from log-odds, by row."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = odds / odds.sum(axis=1, keepdims=True)
    return shares


def _padded(array: Floats, rows: int, columns: int | None = None) -> Floats:
    wide = array.shape[1] if columns is None else columns
    return np.pad(array, ((0, rows - len(array)), (0, wide - array.shape[1])))


def smooth_logs(counts: Floats) -> Floats:
    """Log-probability of each word in each topic, by counts and the prior."""
    smooth = counts + SMOOTHING
    logs: Floats = np.log(smooth) - np.log(smooth.sum(axis=1, keepdims=True))
    return logs


def one_hot(labels: Ints, k: int) -> Any:
    """A sparse matrix with a 1 for each row at its label."""
    from scipy.sparse import csr_matrix

    n = len(labels)
    return csr_matrix((np.ones(n), labels, np.arange(n + 1)), shape=(n, k))


def dense(array: Any) -> Floats:
    """An array of floats from a sparse matrix or a dense one."""
    return np.asarray(array.toarray() if hasattr(array, "toarray") else array, dtype=np.float64)


def saved(mixture: Mixture) -> dict[str, Any]:
    """The mixture as arrays, for a model folder."""
    arrays: dict[str, Any] = {
        "topic_comments": mixture.comments,
        "topic_words": mixture.words.astype(np.float32),
        "topic_pieces": mixture.pieces.astype(np.float32),
    }
    if mixture.directions is not None:
        arrays["topic_directions"] = mixture.directions
    return arrays


def restored(parts: Mapping[str, Any], temperature: float, least_fit: float) -> Mixture:
    """Back from `saved`."""
    directions = parts.get("topic_directions")
    return Mixture(
        np.asarray(parts["topic_comments"], dtype=np.float64),
        np.asarray(parts["topic_words"], dtype=np.float64),
        np.asarray(parts["topic_pieces"], dtype=np.float64),
        None if directions is None else np.asarray(directions, dtype=np.float64),
        temperature,
        least_fit,
    )

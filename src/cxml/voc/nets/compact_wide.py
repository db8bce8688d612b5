"""The wide part of the compact model: one linear score a label over hashed n-grams, a byte a weight.

A count c becomes (1 + ln c) x idf x (r + 1/2), and each text is scaled to length 1. idf is the usual
ln((1 + n) / (1 + df)) + 1. r is the size of naive Bayes' log-count ratio [1]_: the logarithm of how many times as large
a share a bucket has of what the texts with a label hold as of what the others hold; of several labels, the root mean
square. So the penalty of the regression falls on what tells little.

.. [1] Wang, S., & Manning, C. D. (2012). Baselines and bigrams: simple, good sentiment and topic classification.
   ACL 2012, 90-94.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cxml.voc.nets.compact_grams import Buckets, counted, grams

if TYPE_CHECKING:
    from cxml.voc.nets.compact_settings import CompactSettings

Floats = NDArray[np.float64]

_CHARACTERS: Final = (1, 2, 3, 4, 5)
_JAMO: Final = (4, 5, 6)
_ENTRIES: Final = 12_000_000  # weights that a model may hold, one byte each
_FLOOR: Final = 0.5
_MANY: Final = 1_000  # texts, from which on what only one of them holds is left out
_BLOCK: Final = 5_000  # texts read at a time
_SURE: Final = 6.0  # log-odds of a label that every row has, or none


def read(texts: Sequence[str]) -> sp.csr_matrix:
    """Logarithmic counts of the n-grams of normalised texts, a blank at either end.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    csr_matrix of float32, shape (n_texts, 2 ** 22)
    """
    blocks = [_read(texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK)]
    return sp.vstack(blocks, format="csr") if blocks else _read(texts)


def _read(texts: Sequence[str]) -> sp.csr_matrix:
    owner, hashes = grams([f" {text} " if text else "" for text in texts], characters=_CHARACTERS, jamo=_JAMO)
    counts = counted(owner, hashes, len(texts))
    counts.data = 1 + np.log(counts.data)
    return counts


@dataclass(frozen=True)
class Wide:
    """What the linear part has learned.

    Attributes
    ----------
    buckets : Buckets
        Those that have weights.
    weight : array of float16, shape (buckets.size,)
        Of each bucket: its rarity times how much it tells.
    weights : mapping of str to array of int8, shape (buckets.size, n_columns)
        By head; q stands for sign(q) q**2, so that small weights are told apart as well as large ones.
    scale, shift : mapping of str to array of float64, shape (n_columns,)
        By head: the score is ``scale * (x @ weights) + shift``.
    """

    buckets: Buckets
    weight: NDArray[np.float16]
    weights: Mapping[str, NDArray[np.int8]]
    scale: Mapping[str, Floats]
    shift: Mapping[str, Floats]
    table: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        wide = [_loud(self.weights[name]) * self.scale[name] for name in self.weights]
        object.__setattr__(self, "table", np.ascontiguousarray(np.hstack(wide), dtype=np.float32))

    def scores(self, counts: sp.csr_matrix) -> dict[str, Floats]:
        """Score texts on the log-odds scale.

        Parameters
        ----------
        counts : csr_matrix
            From `read`.

        Returns
        -------
        dict of str to array of float64, shape (n_texts, n_columns)
        """
        shown = weighted(counts, self.buckets, self.weight) @ self.table
        found, start = {}, 0
        for name, shift in self.shift.items():
            found[name] = np.asarray(shown[:, start : start + len(shift)], dtype=np.float64) + shift
            start += len(shift)
        return found

    def parts(self) -> dict[str, Any]:
        """Everything learned, as arrays."""
        flat: dict[str, Any] = {"wide_buckets": self.buckets.bits, "wide_weight": self.weight}
        for name in self.weights:
            flat[f"wide_weights_{name}"] = self.weights[name]
            flat[f"wide_scale_{name}"] = self.scale[name]
            flat[f"wide_shift_{name}"] = self.shift[name]
        return flat

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any], heads: Sequence[str]) -> Self:
        """Rebuild from `parts`, for heads in their order."""
        kinds = ("weights", "scale", "shift")
        weights, scale, shift = ({name: parts[f"wide_{kind}_{name}"] for name in heads} for kind in kinds)
        return cls(Buckets(parts["wide_buckets"]), parts["wide_weight"], weights, scale, shift)


def weighted(counts: sp.csr_matrix, buckets: Buckets, weight: NDArray[np.float16]) -> sp.csr_matrix:
    """Keep the known buckets, weigh them, and scale each text to length 1."""
    return _scaled(buckets.select(counts), weight)


def _scaled(X: sp.csr_matrix, weight: NDArray[np.float16]) -> sp.csr_matrix:
    X.data *= weight[X.indices]
    owner = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    length = np.sqrt(np.bincount(owner, weights=X.data**2, minlength=X.shape[0]))
    X.data /= length[owner].astype(np.float32)
    return X


def fit_wide(
    counts: sp.csr_matrix,
    targets: Mapping[str, Floats],
    settings: CompactSettings,
    *,
    step: Callable[[str], None],
) -> Wide:
    """Fit one logistic regression a column.

    Parameters
    ----------
    counts : csr_matrix, shape (n_texts, 2 ** 22)
        From `read`.
    targets : mapping of str to array of float, shape (n_texts, n_columns)
        By head, 0 or 1 each; rows of NaN are left out.
    settings : CompactSettings
        Its `strength`, `class_weight` and `seed`.
    step : callable
        Told what is being done.

    Returns
    -------
    Wide
    """
    columns = sum(target.shape[1] for target in targets.values())
    n = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    buckets = Buckets.commonest(frequency, least=2 if n >= _MANY else 1, most=_ENTRIES // columns)
    X = buckets.select(counts)
    idf = np.log((1 + n) / (1 + frequency[buckets.known])) + 1
    weight = (idf * (_telling(X, list(targets.values())) + _FLOOR)).astype(np.float16)
    X = _scaled(X, weight)
    weights, scale, shift = {}, {}, {}
    for name, target in targets.items():
        step(f"{name}: linear part")
        rows = ~np.isnan(target).any(axis=1)
        fits = [_logistic(X[rows], column, settings) for column in target[rows].T]
        exact = np.column_stack([each[0] for each in fits])
        weights[name], scale[name] = _quiet(exact)
        shift[name] = np.array([each[1] for each in fits])
    return Wide(buckets, weight, weights, scale, shift)


def _telling(X: sp.csr_matrix, targets: Sequence[Floats]) -> Floats:
    """Log-count ratio of each bucket, root mean square over the labels of all heads, one added to every count."""
    there = sp.csr_matrix((np.ones_like(X.data), X.indices, X.indptr), shape=X.shape)
    squares = np.zeros(X.shape[1])
    for target in targets:
        rows = ~np.isnan(target).any(axis=1)
        among = there[rows]
        total = np.asarray(among.sum(axis=0)).ravel()
        for column in target[rows].T:
            held = among.T @ column + 1
            others = total - held + 2
            squares += (np.log(held / held.sum()) - np.log(others / others.sum())) ** 2
    return np.asarray(np.sqrt(squares / sum(target.shape[1] for target in targets)))


def _logistic(X: sp.csr_matrix, target: Floats, settings: CompactSettings) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    if not X.shape[1] or not 0 < target.sum() < len(target):
        share = (target.sum() + 0.5) / (len(target) + 1)
        return np.zeros(X.shape[1]), float(np.clip(np.log(share / (1 - share)), -_SURE, _SURE))
    model = LogisticRegression(
        C=settings.strength,
        class_weight=settings.class_weight,
        solver="liblinear",
        dual=True,
        tol=0.01,
        max_iter=2_000,
        random_state=settings.seed,
    )
    model.fit(X, target > 0)
    return model.coef_[0], float(model.intercept_[0])


def _quiet(exact: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights as bytes: the square root of each, to 127 steps."""
    largest = np.maximum(np.abs(exact).max(axis=0, initial=0.0), 1e-12)
    return (np.sign(exact) * np.rint(127 * np.sqrt(np.abs(exact) / largest))).astype(np.int8), largest / 127**2


def _loud(quiet: NDArray[np.int8]) -> NDArray[np.float32]:
    steps = quiet.astype(np.float32)
    return steps * np.abs(steps)

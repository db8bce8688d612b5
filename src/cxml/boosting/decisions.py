"""What the nodes of a model ask about a row, each as one comparison of small integers.

A number is replaced by how many of the model's thresholds on its column lie below it. Then "at most
the k-th threshold" is "code at most k", and a missing value is the lowest or the highest code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxml.boosting.modeltext import Tree

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_IS_ZERO, _MISSING_IS_NAN = 1, 2
# LightGBM's kZeroThreshold: a float32 constant, and values this small count as zero
TINY = float(np.float32(1e-35))

# A column of codes is made for each (feature, question): the missing rule of a numeric split
# (`decision_type`), or the categories that go left.
_Question = int | bytes


@dataclass(frozen=True)
class Decisions:
    """The questions of a whole model, and the codes in which they are answered.

    Attributes
    ----------
    questions : tuple of (int, int or bytes)
        For each column of codes: its feature, and how missing values or which categories count.
    thresholds : dict of int to array of float
        Ascending thresholds of each numerically split feature, over all trees.
    columns, cuts : tuple of arrays of int, one per tree
        Node ``i`` of tree ``t`` sends a row left if its code in column ``columns[t][i]`` is at most
        ``cuts[t][i]``.
    """

    questions: tuple[tuple[int, _Question], ...]
    thresholds: dict[int, NDArray[np.float64]]
    columns: tuple[NDArray[np.int64], ...]
    cuts: tuple[NDArray[np.int64], ...]

    @property
    def kind(self) -> np.dtype[np.unsignedinteger]:
        """The smallest type that holds every code."""
        longest = max((len(found) for found in self.thresholds.values()), default=0)
        return np.min_scalar_type(longest + 1)

    @property
    def bytes_per_row(self) -> int:
        """Memory that one row's codes take."""
        return len(self.questions) * self.kind.itemsize

    def encode(self, X: NDArray[np.float64]) -> NDArray[np.unsignedinteger]:
        """Return the codes of rows, shape (n_columns, n_rows).

        Parameters
        ----------
        X : array of float, shape (n_rows, n_features)
            Rows, NaN where missing.
        """
        codes = np.empty((len(self.questions), len(X)), dtype=self.kind)
        plain: dict[int, NDArray[np.int64]] = {}
        for place, (feature, question) in enumerate(self.questions):
            values = X[:, feature]
            if isinstance(question, bytes):
                codes[place] = _category_codes(values, question)
                continue
            known = self.thresholds[feature]
            if feature not in plain:
                plain[feature] = known.searchsorted(_without_tiny(values))
            codes[place] = _with_missing(plain[feature], values, question, known)
        return codes


def decisions_of(trees: Sequence[Tree]) -> Decisions:
    """Collect the questions of all nodes, equal ones once.

    Parameters
    ----------
    trees : sequence of Tree
        The trees of one model.

    Returns
    -------
    Decisions
    """
    thresholds = _thresholds(trees)
    places: dict[tuple[int, _Question], int] = {}
    columns, cuts = [], []
    for tree in trees:
        asked = [_question(tree, node) for node in range(len(tree.feature))]
        columns.append(np.array([places.setdefault(one, len(places)) for one in asked], dtype=np.int64))
        cuts.append(np.array([_cut(tree, node, thresholds) for node in range(len(asked))], dtype=np.int64))
    return Decisions(tuple(places), thresholds, tuple(columns), tuple(cuts))


def _thresholds(trees: Sequence[Tree]) -> dict[int, NDArray[np.float64]]:
    if not trees:
        return {}
    numeric = [(tree.decision & _CATEGORICAL) == 0 for tree in trees]
    features = np.concatenate([tree.feature[keep] for tree, keep in zip(trees, numeric, strict=True)])
    values = np.concatenate([tree.threshold[keep] for tree, keep in zip(trees, numeric, strict=True)])
    return {int(one): np.unique(values[features == one]) for one in np.unique(features)}


def _question(tree: Tree, node: int) -> tuple[int, _Question]:
    feature, decision = int(tree.feature[node]), int(tree.decision[node])
    if not decision & _CATEGORICAL:
        return feature, decision
    which = int(tree.threshold[node])
    words = tree.bitset[tree.boundaries[which] : tree.boundaries[which + 1]]
    return feature, words.astype("<u4").tobytes()


def _cut(tree: Tree, node: int, thresholds: dict[int, NDArray[np.float64]]) -> int:
    if tree.decision[node] & _CATEGORICAL:
        return 0
    return int(thresholds[int(tree.feature[node])].searchsorted(tree.threshold[node]))


def _without_tiny(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(values) <= TINY, 0.0, values)


def _with_missing(
    codes: NDArray[np.int64], values: NDArray[np.float64], decision: int, known: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Put missing values below or above all thresholds, by LightGBM's `Tree::NumericalDecision`."""
    rule = (decision >> 2) & 3
    absent = np.isnan(values)
    if rule == _MISSING_IS_ZERO:
        absent |= np.abs(values) <= TINY
    elif rule != _MISSING_IS_NAN:  # no missing values were seen in training: NaN is read as 0
        return np.where(absent, known.searchsorted(0.0), codes)
    return np.where(absent, 0 if decision & _DEFAULT_LEFT else len(known), codes)


def _category_codes(values: NDArray[np.float64], bitset: bytes) -> NDArray[np.uint8]:
    """0 for a category in the set, else 1: NaN, negative and unseen ones go right (`CategoricalDecision`)."""
    words = np.frombuffer(bitset, dtype=np.uint8)
    outside = np.append(1 - np.unpackbits(words, bitorder="little"), np.uint8(1))
    with np.errstate(invalid="ignore"):
        usable = (values > -1.0) & (values < len(outside) - 1)  # C truncates towards 0: -0.5 is category 0
    places = np.where(usable, values, len(outside) - 1).astype(np.int64)
    return outside[places].astype(np.uint8)

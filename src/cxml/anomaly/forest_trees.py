"""Isolation trees as arrays: grown by scikit-learn, answered by numpy, and saved as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Any, Self

import numpy as np

_EULER = 0.5772156649015329
#: Rows that go down the trees together.
_CHUNK = 4096


@dataclass(frozen=True)
class IsolationTrees:
    """Trees that split at random; what is alone after few splits is strange (Liu, Ting and Zhou 2008, ICDM).

    Attributes
    ----------
    feature : array of int32, shape (n_trees, n_nodes)
        Column that a node splits on; 0 at leaves.
    threshold : array of float, shape (n_trees, n_nodes)
        Values up to it go left; infinity at leaves.
    left, right : arrays of int32, shape (n_trees, n_nodes)
        The next node; a leaf leads to itself.
    length : array of float, shape (n_trees, n_nodes)
        Splits up to a leaf, and those that its rows would still need, on average.
    usual : float
        Splits that a row needs on average among as many as a tree has seen.
    depth : int
        Splits down to the deepest leaf.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    length: np.ndarray
    usual: float
    depth: int

    @classmethod
    def grow(cls, values: np.ndarray, *, trees: int, seed: int) -> Self:
        """Grow trees on a sample of 256 rows each.

        Parameters
        ----------
        values : array of float, shape (n_rows, n_columns)
        trees : int >= 1
        seed : int

        Examples
        --------
        >>> points = np.random.default_rng(0).standard_normal((500, 2))
        >>> trees = IsolationTrees.grow(points, trees=50, seed=0)
        >>> bool(trees.strangeness(np.array([[6.0, -6.0]]))[0] > trees.strangeness(points).max())
        True
        """
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(n_estimators=trees, random_state=seed, n_jobs=1).fit(values.astype(np.float32))
        grown = [one.tree_ for one in forest.estimators_]
        n = max(one.node_count for one in grown)
        own = np.tile(np.arange(n, dtype=np.int32), (trees, 1))
        feature = np.zeros((trees, n), dtype=np.int32)
        threshold = np.full((trees, n), np.inf)
        left, right, length = own.copy(), own.copy(), np.zeros((trees, n))
        for place, tree in enumerate(grown):
            count = tree.node_count
            inner = tree.children_left >= 0
            feature[place, :count] = np.where(inner, tree.feature, 0)
            threshold[place, :count] = np.where(inner, tree.threshold, np.inf)
            left[place, :count] = np.where(inner, tree.children_left, own[place, :count])
            right[place, :count] = np.where(inner, tree.children_right, own[place, :count])
            length[place, :count] = _depths(tree.children_left, tree.children_right) + [
                usual_length(int(one)) for one in tree.n_node_samples
            ]
        deepest = max(int(one.max_depth) for one in grown)
        return cls(feature, threshold, left, right, length, usual_length(int(forest.max_samples_)), deepest)

    def strangeness(self, values: np.ndarray) -> np.ndarray:
        """How soon rows are alone: near 1 at once, 0.5 as soon as others.

        Parameters
        ----------
        values : array of float, shape (n_rows, n_columns)

        Returns
        -------
        array of float in (0, 1], shape (n_rows,)
            ``2 ** (-mean length / usual length)``, what scikit-learn's ``score_samples`` gives with the other sign.
        """
        told = values.astype(np.float32)
        found = [self._of(told[start : start + _CHUNK]) for start in range(0, len(told), _CHUNK)]
        return np.concatenate(found) if found else np.zeros(0)

    def strangeness_one(self, values: Sequence[float]) -> float:
        """The same of one row: a walk through lists is quicker than arrays of as many trees.

        Parameters
        ----------
        values : sequence of float, length n_columns

        Returns
        -------
        float in (0, 1]
        """
        told = np.array(values, dtype=np.float32).tolist()
        whole = 0.0
        for feature, threshold, left, right, length in self._lists:
            node = 0
            while (column := feature[node]) >= 0:
                node = left[node] if told[column] <= threshold[node] else right[node]
            whole += length[node]
        found: float = 2.0 ** (-whole / len(self._lists) / self.usual)
        return found

    @cached_property
    def _lists(self) -> list[tuple[list[Any], ...]]:
        """What each tree holds; at leaves the column is -1."""
        own = np.arange(self.feature.shape[1])
        column = np.where(self.left == own, -1, self.feature)
        tables = (column, self.threshold, self.left, self.right, self.length)
        return list(zip(*(table.tolist() for table in tables), strict=True))

    def parts(self) -> dict[str, Any]:
        """As arrays and JSON values."""
        return {
            "tree_feature": self.feature,
            "tree_threshold": self.threshold,
            "tree_left": self.left,
            "tree_right": self.right,
            "tree_length": self.length,
            "trees": {"usual": self.usual, "depth": self.depth},
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        names = ("feature", "threshold", "left", "right", "length")
        return cls(*(parts[f"tree_{one}"] for one in names), **parts["trees"])

    def _of(self, values: np.ndarray) -> np.ndarray:
        n_trees, n_nodes = self.feature.shape
        base = np.arange(n_trees, dtype=np.int64)[None] * n_nodes
        feature, threshold = self.feature.ravel(), self.threshold.ravel()
        left, right = self.left.ravel(), self.right.ravel()
        line = np.arange(len(values))[:, None]
        node = np.repeat(base, len(values), axis=0)
        for _ in range(self.depth):
            goes_left = values[line, feature[node]] <= threshold[node]
            node = base + np.where(goes_left, left[node], right[node])
        mean = self.length.ravel()[node].mean(axis=1)
        found: np.ndarray = 2.0 ** (-mean / self.usual)
        return found


def usual_length(n: int) -> float:
    """Splits that one of n rows needs on average until it is alone: that of a failed search in a binary tree.

    >>> usual_length(1), usual_length(2), round(usual_length(256), 3)
    (0.0, 1.0, 10.245)
    """
    if n <= 1:
        return 0.0
    return 1.0 if n == 2 else 2.0 * (log(n - 1.0) + _EULER) - 2.0 * (n - 1.0) / n


def _depths(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Splits above each node; children come after their parents."""
    found = np.zeros(len(left))
    for node in range(len(left)):
        if left[node] >= 0:
            found[left[node]] = found[right[node]] = found[node] + 1
    return found

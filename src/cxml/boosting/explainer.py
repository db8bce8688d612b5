"""A whole model prepared to explain many rows: codes, then tables, block by block, on all cores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from cxml.boosting.decisions import decisions_of
from cxml.boosting.modeltext import ModelText, Tree, read_tree, tree_fields
from cxml.boosting.treeshap import MOST_BITS, TreePlan

_BLOCK_ROWS = 4096  # few enough that one feature's block stays in the processor's cache
_BLOCK_BYTES = 16_000_000  # codes of one block
_TABLE_CELLS = 8_000_000  # 64 MB of float64 over all trees
_MOST_THREADS = 16
# Nanoseconds per row, measured together on one machine; only their ratios matter. `pred_contrib` took 40 to
# 150 per leaf with one feature on its path, 140 with 4, 490 with 7, 3,250 with about 18.
_THEIRS_PER_SQUARED_FEATURE = 10.0
_OURS_PER_LOOK_UP = 8.0
_OURS_PER_TERM = 12.0  # one leaf, feature and quadrature point of a group without a table, no pattern twice


class Explainer:
    """Contributions of a model's features for many rows, by tables.

    Parameters
    ----------
    trees : sequence of Tree
        The trees of a model with one raw score; every node holds at least one training row.
    n_features : int
        Number of columns of a row.

    Attributes
    ----------
    base_value : float
        Mean raw score of the training rows.
    pays : bool
        Whether a row is explained faster than by LightGBM, judged by the shape of the trees.
    """

    def __init__(self, trees: Sequence[Tree], n_features: int) -> None:
        self.n_features = n_features
        self.base_value = sum(_expected_value(tree) for tree in trees)
        split = [tree for tree in trees if len(tree.feature)]
        self._decisions = decisions_of(split)
        self._plans: list[TreePlan] = []
        room = _TABLE_CELLS
        for tree in split:
            self._plans.append(TreePlan(tree, room))
            room -= self._plans[-1].n_cells
        self.pays = _pays(self._plans)

    def __call__(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the contributions of rows.

        Parameters
        ----------
        X : array of float, shape (n_rows, n_features)
            NaN where missing.

        Returns
        -------
        array of float, shape (n_rows, n_features + 1)
            The last column is the base value.
        """
        result = np.empty((len(X), self.n_features + 1))
        size = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES // max(1, self._decisions.bytes_per_row)))
        threads = min(_n_cores(), _MOST_THREADS)
        # A short batch is cut so that each thread has a block
        size = max(1, min(size, -(-len(X) // threads)))
        blocks = [slice(start, start + size) for start in range(0, len(X), size)]

        def fill(rows: slice) -> None:
            result[rows] = self._explain_block(X[rows]).T

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, blocks))
        return result

    def _explain_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.zeros((self.n_features + 1, len(X)))
        out[-1] = self.base_value
        codes = self._decisions.encode(X)
        questions = zip(self._plans, self._decisions.columns, self._decisions.cuts, strict=True)
        for plan, columns, cuts in questions:
            plan.add(codes[columns] <= cuts.astype(codes.dtype)[:, None], out)
        return out


def prepare(model: ModelText) -> Explainer | None:
    """Prepare a model, or return None where LightGBM itself must or had better explain it.

    That is so for random forests and linear leaves, for paths of more features than a pattern has
    bits, for nodes that no training row reached (their share is 0 / 0), and where it is not faster.
    """
    if model.averages or any(tree_fields(block).get("is_linear", "0") != "0" for block in model.trees):
        return None
    trees = [read_tree(block, model.n_features) for block in model.trees]
    if any(len(tree.feature) and _has_empty_node_or_long_path(tree) for tree in trees):
        return None
    explainer = Explainer(trees, model.n_features)
    return explainer if explainer.pays else None


def _has_empty_node_or_long_path(tree: Tree) -> bool:
    if min(tree.count.min(), tree.node_count.min()) < 1:
        return True
    depth = np.zeros(len(tree.feature), dtype=np.int64)
    for node in range(len(tree.feature)):  # a child's number is higher than its parent's
        for child in (tree.left[node], tree.right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    return int(depth.max()) + 1 > MOST_BITS


def _expected_value(tree: Tree) -> float:
    if len(tree.value) == 1:
        return float(tree.value[0])
    return float(tree.value @ (tree.count / tree.node_count[0]))


def _pays(plans: Sequence[TreePlan]) -> bool:
    theirs = ours = 0.0
    for group in (group for plan in plans for group in plan.groups):
        leaves, features = group.zero.shape
        theirs += leaves * features**2 * _THEIRS_PER_SQUARED_FEATURE
        ours += features * _OURS_PER_LOOK_UP
        if group.table is None:
            ours += leaves * features * (features / 2) * _OURS_PER_TERM
    return ours < theirs


def _n_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1

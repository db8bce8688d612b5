"""A model's leaves as bits: what one value of one column leaves of each tree, in one machine word.

Each bin of each column has, for each tree, a word with one bit a leaf: set unless the bin's values cannot reach the
leaf. The bitwise "and" of the words of a row's bins has one bit left, that of its leaf. So a row is scored without
walking trees, and the words of a customer and of an offer are looked up apart and joined later. This is the idea of
QuickScorer [1]_, with words tabled by bin, and with both sides of a node cleared and not only the left one.

References
----------
.. [1] Lucchese, C., Nardini, F. M., Orlando, S., Perego, R., Tonellotto, N., & Venturini, R. (2015). QuickScorer: a
   fast algorithm to rank documents with additive ensembles of regression trees. SIGIR 2015.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxml.boosting.bins import Bins, bins_of
from cxml.boosting.decisions import Decisions
from cxml.boosting.modeltext import Tree

#: Leaves of a word. A larger tree is cut into several words, of which one holds the leaf and the others end empty.
WIDTH = 32
#: Words of neighbouring trees that are kept side by side: what a block of customers is scored by fits the cache.
SIDE_BY_SIDE = 64
_WORD = np.uint32
#: The lowest k bits, for k from 0 to WIDTH.
_LOWEST = np.array([(1 << k) - 1 for k in range(WIDTH + 1)], dtype=_WORD)

_ALL = slice(None)

Words = NDArray[np.uint32]


@dataclass(frozen=True)
class Splits:
    """All nodes of a model, once for each word that holds leaves below them.

    Attributes
    ----------
    word, feature, column, cut : arrays of int, shape (n_splits,)
        The word; the feature asked about; the node goes left where code `column` of `Decisions.encode` is at most
        `cut`.
    categorical : array of bool, shape (n_splits,)
        Whether it asks for a category.
    if_left, if_right : arrays of uint32, shape (n_splits,)
        What going left or right leaves of the word.
    full : array of uint32, shape (n_words,)
        The bits that stand for a leaf.
    values : array of float, shape (n_words, WIDTH + 1)
        Leaf values by bit; the last, 0, is that of an empty word.
    """

    word: NDArray[np.int64]
    feature: NDArray[np.int64]
    column: NDArray[np.int64]
    cut: NDArray[np.int64]
    categorical: NDArray[np.bool_]
    if_left: Words
    if_right: Words
    full: Words
    values: NDArray[np.float64]

    @classmethod
    def of(cls, trees: Sequence[Tree], decisions: Decisions) -> Splits:
        """Number the leaves of each tree from left to right, and cut them into words.

        Parameters
        ----------
        trees : sequence of Tree
            At least one.
        decisions : Decisions
            Of the same trees.
        """
        parts: list[list[NDArray[Any]]] = []
        full: list[np.uint32] = []
        values: list[NDArray[np.float64]] = []
        categorical = np.array([isinstance(question, bytes) for _, question in decisions.questions], dtype=bool)
        for place, tree in enumerate(trees):
            spans, order = _spans(tree)
            columns = decisions.columns[place]
            for start in range(0, len(order), WIDTH):
                low, middle, high = _LOWEST[np.clip(spans - start, 0, WIDTH)]
                rows = (
                    np.full(len(columns), len(full)),
                    *(tree.feature, columns, decisions.cuts[place], categorical[columns]),
                    *(~(high ^ middle), ~(middle ^ low)),
                )
                parts.append([row[low != high] for row in rows])
                inside = order[start : start + WIDTH]
                full.append(_LOWEST[len(inside)])
                values.append(np.append(tree.value[inside], np.zeros(WIDTH + 1 - len(inside))))
        word, feature, column, cut, is_set, if_left, if_right = (
            np.concatenate(row) for row in zip(*parts, strict=True)
        )
        return cls(word, feature, column, cut, is_set, if_left, if_right, np.array(full), np.array(values))

    @property
    def n_blocks(self) -> int:
        """How many blocks hold all words; the last one is filled up."""
        return -(-len(self.full) // SIDE_BY_SIDE)

    def blocks(self) -> tuple[Words, NDArray[np.float64]]:
        """Lay the words out in blocks, the last one filled up by empty words.

        Returns
        -------
        full : array of uint32, shape (n_blocks, 1, SIDE_BY_SIDE)
        values : array of float, shape (n_blocks, SIDE_BY_SIDE * (WIDTH + 1))
        """
        rest = self.n_blocks * SIDE_BY_SIDE - len(self.full)
        full = np.append(self.full, np.zeros(rest, _WORD)).reshape(self.n_blocks, 1, SIDE_BY_SIDE)
        values = np.append(self.values, np.zeros((rest, WIDTH + 1)), axis=0)
        return full, values.reshape(self.n_blocks, SIDE_BY_SIDE * (WIDTH + 1))

    def only(self, words: NDArray[np.bool_]) -> Splits:
        """Keep some words, numbered anew."""
        number = np.cumsum(words) - 1
        keep = words[self.word]
        return Splits(
            number[self.word[keep]],
            self.feature[keep],
            self.column[keep],
            self.cut[keep],
            self.categorical[keep],
            self.if_left[keep],
            self.if_right[keep],
            self.full[words],
            self.values[words],
        )

    def asking(self, features: Iterable[int]) -> NDArray[np.bool_]:
        """Which words hang on any of some features, shape (n_words,)."""
        found = np.zeros(len(self.values), dtype=bool)
        found[self.word[np.isin(self.feature, list(features))]] = True
        return found


class Side:
    """The columns of one side of a pair: of the customer, of the offer, or of both together.

    Parameters
    ----------
    splits : Splits
        The nodes of the trees.
    decisions : Decisions
        Of the same model.
    features : sequence of int
        The side's columns.
    n_features : int
        Number of columns of a row.

    Attributes
    ----------
    bins : list of Bins
        Of those columns that the model asks about.
    words : array of uint32, shape (n_blocks, n_bins, SIDE_BY_SIDE)
        What each bin of each column leaves of each word.
    """

    def __init__(self, splits: Splits, decisions: Decisions, features: Sequence[int], n_features: int) -> None:
        self.bins = bins_of(decisions, features)
        sizes = [len(one.examples) for one in self.bins]
        self._starts: list[int] = np.cumsum([0, *sizes])[:-1].tolist()
        flat = np.full((sum(sizes), splits.n_blocks * SIDE_BY_SIDE), ~_WORD(0))
        for one, start, size in zip(self.bins, self._starts, sizes, strict=True):
            _clear(flat[start : start + size], splits, decisions, one, n_features)
        blocks = flat.reshape(len(flat), splits.n_blocks, SIDE_BY_SIDE)
        self.words: Words = np.ascontiguousarray(blocks.transpose(1, 0, 2))

    def rows(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Find the rows of `words` for a table of values.

        Parameters
        ----------
        values : array of float, shape (n, n_features)

        Returns
        -------
        array of int, shape (n_columns, n)
        """
        found = np.empty((len(self.bins), len(values)), dtype=np.intp)
        for place, (one, start) in enumerate(zip(self.bins, self._starts, strict=True)):
            found[place] = one.of(values[:, one.feature])
            found[place] += start
        return found

    def row(self, values: Sequence[float]) -> list[int]:
        """Find the rows of `words` for one row of values, shape (n_features,)."""
        return [start + one.one(values[one.feature]) for one, start in zip(self.bins, self._starts, strict=True)]

    def keep(self, words: Words, rows: NDArray[np.intp], block: int | slice = _ALL) -> None:
        """Keep of some words, in place, what the values of some rows leave.

        Parameters
        ----------
        words : array of uint32, shape (n, SIDE_BY_SIDE), or (n_blocks, n, SIDE_BY_SIDE) for all blocks
        rows : array of int, shape (n_columns, n)
            As `rows` gives them.
        block : int, default all
            The block that the words belong to.
        """
        table, found = self.words[block], np.empty_like(words)
        for column in rows:
            table.take(column, axis=-2, out=found, mode="clip")  # rows are in range, and "raise" would copy
            words &= found


def leaf_values(words: Words, first: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read the values of leaves.

    Parameters
    ----------
    words : array of uint32
        One bit each, that of the leaf, or none; used up.
    first : array of int
        Where each word's values begin; one for each word, or along a row or a column of them.
    values : array of float
        Leaf values by word and bit.

    Returns
    -------
    array of float, shaped as `words`
    """
    words -= _WORD(1)  # now as many bits are set as there are below the one; all, if there was none
    found: NDArray[np.float64] = values.take(np.bitwise_count(words) + first, mode="clip")
    return found


def _clear(words: Words, splits: Splits, decisions: Decisions, bins: Bins, n_features: int) -> None:
    """Clear from the words of a column's bins, shape (n_bins, n_words), what its splits exclude."""
    asked = (splits.feature == bins.feature) & (splits.categorical == bins.categorical)
    if not asked.any():
        return
    columns, place = np.unique(splits.column[asked], return_inverse=True)
    rows = np.full((len(bins.examples), n_features), np.nan)
    rows[:, bins.feature] = bins.examples
    codes = replace(decisions, questions=tuple(decisions.questions[column] for column in columns)).encode(rows)
    goes_left = codes[place] <= splits.cut[asked].astype(codes.dtype)[:, None]
    left = np.where(goes_left, splits.if_left[asked, None], splits.if_right[asked, None])
    found, first = np.unique(splits.word[asked], return_index=True)  # splits come in the order of their words
    words[:, found] &= np.bitwise_and.reduceat(left, first, axis=0).T


def _spans(tree: Tree) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the leaves below each node lie when they are counted from left to right.

    Returns
    -------
    spans : array of int, shape (3, n_nodes)
        First leaf on the left, first leaf on the right, and the end.
    order : array of int, shape (n_leaves,)
        The leaves' numbers from left to right.
    """
    n_nodes = len(tree.feature)
    children = list(zip(tree.left.tolist(), tree.right.tolist(), strict=True))
    leaves = [0] * n_nodes
    for node in range(n_nodes - 1, -1, -1):  # a child's number is higher than its parent's
        leaves[node] = sum(leaves[child] if child >= 0 else 1 for child in children[node])
    starts, middles = [0] * n_nodes, [0] * n_nodes
    order = [0] * (n_nodes + 1)
    for node, (left, right) in enumerate(children):
        middles[node] = starts[node] + (leaves[left] if left >= 0 else 1)
        for child, start in ((left, starts[node]), (right, middles[node])):
            if child >= 0:
                starts[child] = start
            else:
                order[start] = -1 - child
    spans = np.array([starts, middles, np.add(starts, leaves)], dtype=np.intp).reshape(3, n_nodes)
    return spans, np.array(order, dtype=np.intp)

r"""Exact path-dependent TreeSHAP for many rows, by tables.

The contribution of a leaf to feature ``j`` of the ``d`` features on its path is (Lundberg et al. 2018)

    value * (o_j - z_j) * sum over subsets S without j of |S|! (d-1-|S|)! / d! * prod(o in S) * prod(z not in S)

where ``o_k`` is 1 if the row passes all tests on feature ``k`` along the path, else 0, and ``z_k`` is
the share of training rows that do. The weight is a Beta integral,
``|S|! (d-1-|S|)! / d! = integral of t^|S| (1-t)^(d-1-|S|) over [0, 1]``, so the sum is the integral of
``prod(k != j) (z_k (1 - t) + o_k t)``: a polynomial of degree ``d - 1``, which Gauss-Legendre quadrature
with ``d / 2`` points gives exactly, from positive terms only.

A leaf knows a row only by its bits ``o``. So neighbouring leaves are put in one group, their contributions
are worked out once per pattern of bits, and a row costs one look-up per group and feature.
The idea of tables by pattern is that of Fast TreeSHAP v2.

References
----------
.. [1] Lundberg, S. M., Erion, G. G., & Lee, S.-I. (2018). Consistent individualized feature attribution
   for tree ensembles. arXiv:1802.03888.
.. [2] Yang, J. (2021). Fast TreeSHAP: accelerating SHAP value computation for trees. arXiv:2109.09847.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxml.boosting.modeltext import Tree

# Leaves are grouped while their joint pattern has this many bits. More bits mean fewer look-ups per row,
# but larger tables, which take longer to fill and leave the cache: 9 was the best of 7 to 10.
GROUP_BITS = 9
# A longer pattern gets no table: it is worked out for the patterns that a block of rows really shows.
TABLE_BITS = 10
_CHUNK_TERMS = 200_000  # leaves x features x points x patterns at a time: 1.6 MB an array
MOST_BITS = 60  # a pattern is one int64

_Floats = NDArray[np.float64]
_Bits = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class Group:
    """Leaves below one node, explained together.

    Attributes
    ----------
    features : tuple of int, length d
        The features on the paths to these leaves. The first ones are those above the node; the
        pattern's bit ``k`` says whether the row passes all tests on feature ``k`` above the node.
    nodes : tuple of int
        Internal nodes below: the pattern's next bits say which way the row goes there.
    slots : tuple of int
        Place in `features` of what each of `nodes` asks about.
    wanted : array of int8, shape (n_nodes, n_leaves)
        1 if the leaf is to the left of that node, 0 to the right, -1 if not below it.
    zero : array of float, shape (n_leaves, d)
        Share of training rows that pass the tests on a feature along a leaf's path (1 where none).
    value : array of float, shape (n_leaves,)
        Raw scores.
    n_above : int
        How many of `features` are tested above the node.
    table : array of float, shape (d, 2 ** n_bits), or None
        The contributions per pattern; None where the patterns are too many to list.
    """

    features: tuple[int, ...]
    nodes: tuple[int, ...]
    slots: tuple[int, ...]
    wanted: NDArray[np.int8]
    zero: _Floats
    value: _Floats
    n_above: int
    table: _Floats | None = None

    @property
    def n_bits(self) -> int:
        """Bits of a pattern."""
        return self.n_above + len(self.nodes)

    def shares(self, patterns: NDArray[np.signedinteger[Any]]) -> _Floats:
        """Work out the contributions of the group's leaves for some patterns.

        Parameters
        ----------
        patterns : array of int, shape (n_patterns,)
            Bits as described under `features` and `nodes`.

        Returns
        -------
        array of float, shape (d, n_patterns)
        """
        points, weights = _quadrature((len(self.features) + 1) // 2)
        terms = self.zero.size * len(points)
        step = max(1, _CHUNK_TERMS // terms)
        parts = [
            self._shares(patterns[start : start + step], points, weights) for start in range(0, len(patterns), step)
        ]
        return np.concatenate(parts, axis=1)

    def _shares(self, patterns: _Bits, points: _Floats, weights: _Floats) -> _Floats:
        passed = self._passed(patterns)[:, :, None, :]
        zero = self.zero[:, :, None, None]
        factors = zero * (1.0 - points)[:, None] + passed * points[:, None]
        products = factors.prod(axis=1) * (self.value[:, None] * weights)[:, :, None]
        np.divide(passed - zero, factors, out=factors)
        return np.asarray(np.einsum("ldqs,lqs->ds", factors, products))

    def _passed(self, patterns: NDArray[np.signedinteger[Any]]) -> _Floats:
        """1.0 where a pattern passes all of a leaf's tests on a feature, shape (n_leaves, d, n_patterns)."""
        on = (patterns >> np.arange(self.n_bits, dtype=patterns.dtype)[:, None]) & 1
        passed = np.ones((len(self.value), len(self.features), len(patterns)))
        passed[:, : self.n_above] = on[: self.n_above]
        way, wanted = on[self.n_above :, None, :], self.wanted[:, :, None]
        for slot, agrees in zip(self.slots, (way == wanted) | (wanted < 0), strict=True):
            passed[:, slot] *= agrees
        return passed


@dataclass(frozen=True)
class Branch:
    """An internal node above the groups: it turns a row's bits so far into those of either child.

    `place` is the bit of the node's feature; `repeated` says whether a test above was on it too.
    """

    node: int
    place: int
    repeated: bool
    left: Branch | Group
    right: Branch | Group


@lru_cache(maxsize=64)
def _quadrature(n_points: int) -> tuple[_Floats, _Floats]:
    """Gauss-Legendre points and weights on [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(max(n_points, 1))
    return (points + 1.0) / 2.0, weights / 2.0


class TreePlan:
    """One tree, prepared for many rows.

    Parameters
    ----------
    tree : Tree
        A tree with at least one split, each node passed by at least one training row.
    most_cells : int
        How many numbers the tree's tables may hold together; groups beyond that go without.

    Attributes
    ----------
    groups : list of Group
        All leaves of the tree, each in one group.
    n_bits : int
        Bits of the longest pattern.
    n_cells : int
        Numbers held in tables.
    """

    def __init__(self, tree: Tree, most_cells: int) -> None:
        self._tree = tree
        self._inside, self._deepest = _measure(tree)
        self._cells_left = most_cells
        self.groups: list[Group] = []
        self._root = self._plan(0, {})
        self.n_bits = max(group.n_bits for group in self.groups)
        self.n_cells = most_cells - self._cells_left

    def add(self, goes_left: NDArray[np.bool_], out: _Floats) -> None:
        """Add the tree's contributions of some rows to `out`.

        Parameters
        ----------
        goes_left : array of bool, shape (n_nodes, n_rows)
            Which way each row would go at each internal node.
        out : array of float, shape (n_features + 1, n_rows)
            Changed in place; the last row is not touched.
        """
        kind: type[np.int16 | np.int64] = np.int16 if self.n_bits < 16 else np.int64
        bits: _Bits = goes_left.astype(kind)
        self._walk(self._root, bits, np.zeros(bits.shape[1], dtype=kind), out)

    def _walk(self, part: Branch | Group, bits: _Bits, pattern: _Bits, out: _Floats) -> None:
        if isinstance(part, Group):
            _look_up(part, bits, pattern, out)
            return
        mask = 1 << part.place
        here = bits[part.node] << part.place
        if part.repeated:  # passing both tests: clear the bit where this one fails
            left, right = pattern & (here | ~mask), pattern & ~here
        else:
            left, right = pattern | here, pattern | (here ^ mask)
        self._walk(part.left, bits, left, out)
        self._walk(part.right, bits, right, out)

    def _plan(self, node: int, above: dict[int, float]) -> Branch | Group:
        """Group the leaves below `node` or go on to its children; `above` maps a feature to its share."""
        if node < 0 or len(above) + self._inside[node] <= max(GROUP_BITS, self._deepest[node]):
            return self._finish(_group(self._tree, node, above))
        feature = int(self._tree.feature[node])
        place = [*above, feature].index(feature)
        left, right = (
            self._plan(child, above | {feature: above.get(feature, 1.0) * share})
            for child, share in _children(self._tree, node)
        )
        return Branch(node, place, feature in above, left, right)

    def _finish(self, group: Group) -> Group:
        """Give the group its table, if that is short enough and there is room."""
        cells = len(group.features) << group.n_bits
        if group.n_bits <= TABLE_BITS and cells <= self._cells_left:
            group = replace(group, table=group.shares(np.arange(1 << group.n_bits)))
            self._cells_left -= cells
        self.groups.append(group)
        return group


def _look_up(group: Group, bits: _Bits, pattern: _Bits, out: _Floats) -> None:
    for place, node in enumerate(group.nodes, start=group.n_above):
        pattern = pattern | (bits[node] << place)
    table = group.table
    index = pattern.astype(np.intp)
    if table is None:
        seen, index = np.unique(pattern, return_inverse=True)
        table = group.shares(seen)
    found = table.take(index, axis=1, mode="clip")  # patterns are in range, and "raise" would copy
    for feature, contribution in zip(group.features, found, strict=True):
        out[feature] += contribution


def _children(tree: Tree, node: int) -> list[tuple[int, float]]:
    """Both children with their share of the node's training rows, left first."""
    children = [int(tree.left[node]), int(tree.right[node])]
    return [(child, float(_count(tree, child) / tree.node_count[node])) for child in children]


def _count(tree: Tree, node: int) -> int:
    return int(tree.node_count[node] if node >= 0 else tree.count[-1 - node])


def _measure(tree: Tree) -> tuple[list[int], list[int]]:
    """Measure each internal node's subtree.

    The first list counts its internal nodes; the second has the most distinct features on a path
    from the root through it to a leaf.
    """
    n_nodes = len(tree.feature)
    above: list[frozenset[int]] = [frozenset()] * n_nodes
    inside, deepest = [1] * n_nodes, [0] * n_nodes
    children = list(zip(tree.left.tolist(), tree.right.tolist(), strict=True))
    for node, both in enumerate(children):  # a child's number is higher than its parent's
        above[node] |= {int(tree.feature[node])}
        for child in both:
            if child >= 0:
                above[child] = above[node]
    for node in range(n_nodes - 1, -1, -1):
        deepest[node] = len(above[node])
        for child in children[node]:
            if child >= 0:
                inside[node] += inside[child]
                deepest[node] = max(deepest[node], deepest[child])
    return inside, deepest


def _group(tree: Tree, top: int, above: dict[int, float]) -> Group:
    """Describe the leaves below `top` (a leaf itself if negative)."""
    nodes: list[int] = []
    leaves: list[tuple[float, dict[int, float], dict[int, int]]] = []  # value, shares, way at each node

    def visit(node: int, shares: dict[int, float], ways: dict[int, int]) -> None:
        if node < 0:
            leaves.append((float(tree.value[-1 - node]), shares, ways))
            return
        place, feature = len(nodes), int(tree.feature[node])
        nodes.append(node)
        for way, (child, share) in zip((1, 0), _children(tree, node), strict=True):
            visit(child, shares | {feature: shares.get(feature, 1.0) * share}, ways | {place: way})

    visit(top, above, {})
    asked = [int(tree.feature[node]) for node in nodes]
    features = tuple(dict.fromkeys([*above, *asked]))
    return Group(
        features=features,
        nodes=tuple(nodes),
        slots=tuple(features.index(feature) for feature in asked),
        wanted=np.array(
            [[ways.get(place, -1) for _, _, ways in leaves] for place in range(len(nodes))], dtype=np.int8
        ).reshape(len(nodes), len(leaves)),
        zero=np.array([[shares.get(feature, 1.0) for feature in features] for _, shares, _ in leaves]),
        value=np.array([value for value, _, _ in leaves]),
        n_above=len(above),
    )

"""Who takes this also takes that: weights from item to item by ridge regression in closed form, and by cosine.

The rule. Each item is predicted from all other things a customer has: with ``Z`` the customers' things and ``X`` its
items, ``|X - Z B|^2 + sum_f ridge_f |B_f|^2`` is least under the condition that no item predicts itself. With
``P = (Z'Z + diag(ridge))^-1`` and ``C`` the things that contain item j, column j is ``e_j - P[:, C] P[C, C]^-1 e_j``:
EASE (Steck 2019) where ``Z = X``. Pairs of items that often go together may be things too (Steck & Liang 2021): two
items say more than the sum of both where histories are short. Where customers are fewer than things, ``P`` comes from a
matrix of customers instead (Woodbury).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

#: From so many things on, the inverse is taken in single precision: a gigabyte less, and half the time.
_DOUBLE_UP_TO = 4_000
#: Weights kept, the largest of each item: a folder of 30 MB at most. With 7,000 items a twelfth ranks almost as all do.
_MOST_WEIGHTS = 4_000_000
_BLOCK = 1_024
#: Customers for whom it does not pay to lay the weights out as a table.
_FEW = 64


@dataclass(frozen=True)
class ItemWeights:
    """From things that a customer has to scores of items.

    Attributes
    ----------
    pairs : array of int32, shape (n_pairs, 2)
        Items that count as one thing more where a customer has both.
    weights : sparse array of float32, shape (n_items + n_pairs, n_items)
    """

    pairs: np.ndarray
    weights: sparse.csr_array

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return int(self.weights.shape[1])

    def of_one(self, strength: np.ndarray) -> np.ndarray:
        """Score all items for one customer, as `item_scores` does for many.

        Parameters
        ----------
        strength : array of float, shape (n_items,)
            Above 0 where the customer has the item.

        Returns
        -------
        array of float, shape (n_items,)
        """
        things, has = np.flatnonzero(strength), strength
        if len(self.pairs):
            both = np.sqrt(strength[self.pairs[:, 0]] * strength[self.pairs[:, 1]])
            has = np.concatenate([strength, both])
            things = np.flatnonzero(has)
        starts, ends = self.weights.indptr[things], self.weights.indptr[things + 1]
        sizes = ends - starts
        cells = np.repeat(ends - np.cumsum(sizes), sizes) + np.arange(int(sizes.sum()))
        worth = self.weights.data[cells] * np.repeat(has[things], sizes)
        return np.bincount(self.weights.indices[cells], weights=worth, minlength=self.n_items)

    def parts(self) -> dict[str, np.ndarray]:
        """As arrays."""
        one = self.weights
        return {"pairs": self.pairs, "data": one.data, "indices": one.indices, "indptr": one.indptr}

    @classmethod
    def from_parts(cls, parts: dict[str, Any], n_items: int) -> ItemWeights:
        """Back from `parts`."""
        from scipy import sparse

        pairs = np.asarray(parts["pairs"], dtype=np.int32).reshape(-1, 2)
        arrays = tuple(np.asarray(parts[name]) for name in ("data", "indices", "indptr"))
        return cls(pairs, sparse.csr_array(arrays, shape=(n_items + len(pairs), n_items)))


def item_weights(
    histories: sparse.csr_array, ridge: float = 100.0, *, n_pairs: int = 0, pair_ridge: float = 500.0
) -> ItemWeights:
    """Weights from item to item by ridge regression without self-prediction (EASE), pairs of items on request.

    Parameters
    ----------
    histories : sparse array, shape (n_customers, n_items)
        1 where the customer has the item.
    ridge : float > 0, default=100
        How strongly the weights of items are held back.
    n_pairs : int >= 0, default=0
        How many of the commonest pairs of items are things of their own.
    pair_ridge : float > 0, default=500
        How strongly the weights of pairs are held back.

    Returns
    -------
    ItemWeights

    Raises
    ------
    ValueError
        If a ridge is not above 0.

    References
    ----------
    .. [1] Steck, H. (2019). Embarrassingly shallow autoencoders for sparse data. WWW '19, arXiv 1905.03375.
    .. [2] Steck, H., & Liang, D. (2021). Negative interactions for improved collaborative filtering: don't go deeper,
       go higher. RecSys '21.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> histories = csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=float))
    >>> item_weights(histories, 2.0).weights.toarray().tolist()
    [[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]
    >>> item_weights(histories, 0.0)
    Traceback (most recent call last):
        ...
    ValueError: `ridge` and `pair_ridge` must be above 0, got 0.0 and 500.0. Use 100.
    """
    from scipy import sparse

    if not (ridge > 0 and pair_ridge > 0):
        raise ValueError(f"`ridge` and `pair_ridge` must be above 0, got {ridge!r} and {pair_ridge!r}. Use 100.")
    n_items = histories.shape[1]
    pairs = _commonest_pairs(histories, n_pairs)
    things = with_pairs(histories, pairs)
    inverse = _inverse(things, np.r_[np.full(n_items, ridge), np.full(len(pairs), pair_ridge)])
    weights = -inverse[:, :n_items] / np.diag(inverse)[:n_items]
    weights[np.arange(n_items), np.arange(n_items)] = 0.0
    for item in np.unique(pairs):
        containing = np.r_[item, n_items + np.flatnonzero((pairs == item).any(axis=1))]
        first = np.zeros(len(containing))
        first[0] = 1.0
        inner = inverse[np.ix_(containing, containing)].astype(np.float64)
        weights[:, item] = -inverse[:, containing] @ np.linalg.solve(inner, first)
        weights[containing, item] = 0.0
    return ItemWeights(pairs, sparse.csr_array(_thinned(weights)))


def _commonest_pairs(histories: sparse.csr_array, n_pairs: int) -> np.ndarray:
    from scipy import sparse

    if n_pairs == 0:
        return np.zeros((0, 2), dtype=np.int32)
    together = sparse.triu(histories.T @ histories, k=1).tocoo()
    first, second = together.coords
    order = np.lexsort((second, first, -together.data))[:n_pairs]
    order = order[together.data[order] > 1]
    return np.column_stack([first[order], second[order]]).astype(np.int32)


def with_pairs(histories: sparse.csr_array, pairs: np.ndarray) -> sparse.csr_array:
    """Histories with a column more for each pair: the geometric mean of its two items.

    Parameters
    ----------
    histories : sparse array, shape (n_customers, n_items)
    pairs : array of int, shape (n_pairs, 2)

    Returns
    -------
    sparse array of float32, shape (n_customers, n_items + n_pairs)
    """
    from scipy import sparse

    plain = sparse.csr_array(histories, dtype=np.float32)
    if not len(pairs):
        return plain
    columns = plain.tocsc()
    both = sparse.csr_array(columns[:, pairs[:, 0]].multiply(columns[:, pairs[:, 1]]))
    both.data = np.sqrt(both.data)
    return sparse.csr_array(sparse.hstack([plain, both]))


def _inverse(things: sparse.csr_array, ridge: np.ndarray) -> np.ndarray:
    """``(Z'Z + diag(ridge))^-1``, by the smaller of the two matrices of products."""
    from scipy import sparse

    kind = np.float64 if things.shape[1] <= _DOUBLE_UP_TO else np.float32
    things = sparse.csr_array(things, dtype=kind)
    if things.shape[0] >= things.shape[1]:
        products = (things.T @ things).toarray()
        products[np.diag_indices_from(products)] += ridge.astype(kind)
        return _inverted(products)
    scaled = sparse.csr_array(things @ sparse.diags_array((1.0 / ridge).astype(kind)))
    products = (scaled @ things.T).toarray()
    products[np.diag_indices_from(products)] += 1
    dense = scaled.toarray()
    found: np.ndarray = -dense.T @ (_inverted(products) @ dense)
    found[np.diag_indices_from(found)] += (1.0 / ridge).astype(kind)
    return found


def _inverted(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a positive definite matrix, in its own place: half the work and memory of a general one."""
    from scipy.linalg import lapack

    single = matrix.dtype == np.float32
    factor, invert = (lapack.spotrf, lapack.spotri) if single else (lapack.dpotrf, lapack.dpotri)
    # A symmetric matrix in rows is the same one in columns, which is what LAPACK works on without a copy.
    turned, failed = factor(matrix.T, lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("The histories' matrix of products is singular. Use a larger ridge.")
    turned, _ = invert(turned, lower=1, overwrite_c=1)
    half = np.asarray(turned)
    for start in range(0, len(half), _BLOCK):
        rows, after = slice(start, start + _BLOCK), slice(start + _BLOCK, None)
        half[rows, after] = half[after, rows].T
        half[rows, rows] = np.tril(half[rows, rows]) + np.tril(half[rows, rows], -1).T
    return half


def _thinned(weights: np.ndarray) -> np.ndarray:
    """Let go of all but the largest weights of each item, in either direction."""
    found = weights.astype(np.float32)
    most = max(1, _MOST_WEIGHTS // found.shape[1])
    if len(found) > most:
        for start in range(0, found.shape[1], _BLOCK):
            part = found[:, start : start + _BLOCK]
            least = np.partition(np.abs(part), len(part) - most, axis=0)[len(part) - most]
            part[np.abs(part) < least] = 0.0
    return found


def cosine_weights(histories: sparse.csr_array) -> ItemWeights:
    """Weights from item to item by the cosine of their columns, without self-similarity.

    Parameters
    ----------
    histories : sparse array, shape (n_customers, n_items)
        1 where the customer has the item.

    Returns
    -------
    ItemWeights

    References
    ----------
    .. [1] Sarwar, B., Karypis, G., Konstan, J., & Riedl, J. (2001). Item-based collaborative filtering. WWW '01.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> histories = csr_array(np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]], dtype=float))
    >>> cosine_weights(histories).weights.toarray().tolist()
    [[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    from scipy import sparse

    counts = np.asarray(histories.sum(axis=0))
    scale = sparse.diags_array(1.0 / np.sqrt(np.maximum(counts, 1.0)))
    alike = sparse.csr_array(scale @ (histories.T @ histories) @ scale, dtype=np.float32)
    alike.setdiag(0.0)
    alike.eliminate_zeros()
    return ItemWeights(np.zeros((0, 2), dtype=np.int32), alike)


def no_weights(n_items: int) -> ItemWeights:
    """Weights of nothing upon anything."""
    from scipy import sparse

    return ItemWeights(np.zeros((0, 2), dtype=np.int32), sparse.csr_array((n_items, n_items), dtype=np.float32))


def item_scores(histories: sparse.csr_array, learned: ItemWeights) -> np.ndarray:
    """Score all items for customers of these histories.

    Parameters
    ----------
    histories : sparse array, shape (n_customers, n_items)
        Above 0 where the customer has the item: 1, or less for what was taken long ago.
    learned : ItemWeights

    Returns
    -------
    array of float32, shape (n_customers, n_items)
    """
    things = with_pairs(histories, learned.pairs)
    few = things.shape[0] <= _FEW
    # Several times as fast, once the weights are laid out as a table.
    found: np.ndarray = (things @ learned.weights).toarray() if few else things @ learned.weights.toarray()
    return found

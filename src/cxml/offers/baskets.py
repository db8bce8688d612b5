"""Who took what, in which order: one basket a customer, under the hash of the key and never the key itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

#: The last fifth of a basket is held back, at least one item of it.
_HELD_BACK = 5
_LEAST_ITEMS = 2


@dataclass(frozen=True)
class Baskets:
    """What each customer took.

    Attributes
    ----------
    customers : array of uint64, shape (n_customers,)
        Hashes of the keys, rising.
    starts : array of int64, shape (n_customers + 1,)
        Where each customer's items begin.
    items : array of int32, shape (n_taken,)
        Places of items, in each customer's order of taking, the latest last.
    n_items : int
    """

    customers: np.ndarray
    starts: np.ndarray
    items: np.ndarray
    n_items: int

    @classmethod
    def gather(
        cls, customer: np.ndarray, item: np.ndarray, moment: np.ndarray | None, n_items: int, *, repeats: bool
    ) -> Baskets:
        """Put rows in order: by customer, by moment, and by chance where moments are alike or unknown.

        Parameters
        ----------
        customer : array of uint64, shape (n_rows,)
            Hash of the key.
        item : array of int, shape (n_rows,)
        moment : array of float, shape (n_rows,), optional
        n_items : int
        repeats : bool
            Keep an item taken again. Otherwise only the first taking counts.

        Returns
        -------
        Baskets
        """
        order = taking_order(customer, item, moment, repeats=repeats)
        if not repeats:
            code = np.unique(customer[order], return_inverse=True)[1]
            order = order[np.sort(np.unique(code * n_items + item[order], return_index=True)[1])]
        return cls.of_ordered(customer[order], item[order], n_items)

    @classmethod
    def of_ordered(cls, customer: np.ndarray, item: np.ndarray, n_items: int) -> Baskets:
        """Baskets of rows that are in order, by customer first."""
        names, starts = np.unique(customer, return_index=True)
        return cls(names, np.r_[starts, len(item)].astype(np.int64), item.astype(np.int32), n_items)

    @property
    def sizes(self) -> np.ndarray:
        """How many items each customer took."""
        found: np.ndarray = np.diff(self.starts)
        return found

    @property
    def owners(self) -> np.ndarray:
        """The place of the customer of each item taken."""
        return np.repeat(np.arange(len(self.customers)), self.sizes)

    def counts(self) -> np.ndarray:
        """How many customers have each item, shape (n_items,)."""
        found: np.ndarray = np.asarray(self.matrix().sum(axis=0), dtype=np.float64)
        return found

    def matrix(
        self, fading: float = 0.0, of: np.ndarray | None = None, sizes: np.ndarray | None = None
    ) -> sparse.csr_array:
        """What customers have, as a matrix; what was taken long ago counts less.

        Parameters
        ----------
        fading : float >= 0, default=0
            The weight of an item is ``(1 + items taken since) ** -fading``; of one taken twice, that of the last time.
        of : array of int, optional
            Places of customers, -1 for one who has nothing. By default all customers in order.
        sizes : array of int, optional
            How many of each one's items there were at the time, the first ones; by default all.

        Returns
        -------
        sparse array of float32, shape (n_customers asked, n_items)
        """
        from scipy import sparse

        of = np.arange(len(self.customers)) if of is None else of
        owners, items, weights = self._takings(fading, of, np.r_[self.sizes, 0][of] if sizes is None else sizes)
        # The last taking of an item comes last in its customer's order: it alone is kept.
        last = len(items) - 1 - np.unique((owners * self.n_items + items)[::-1], return_index=True)[1]
        table = (weights[last].astype(np.float32), (owners[last], items[last]))
        return sparse.csr_array(table, shape=(len(of), self.n_items))

    def _takings(self, fading: float, of: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Owner (a place in `of`), item and faded weight of each taking."""
        starts = np.r_[0, np.cumsum(sizes)]
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
        items = self.items[np.repeat(self.starts[np.maximum(of, 0)], sizes) + within] if starts[-1] else self.items[:0]
        since = np.repeat(sizes, sizes) - 1 - within
        return np.repeat(np.arange(len(of)), sizes), items, (1.0 + since) ** -fading

    def often(self, fading: float, of: np.ndarray) -> np.ndarray:
        """How often customers took each item, against all that they took: ``log(1 + count) / log(1 + count of all)``.

        Parameters
        ----------
        fading : float >= 0
            A taking counts ``(1 + items taken since) ** -fading``.
        of : array of int
            Places of customers, -1 for one who has nothing.

        Returns
        -------
        array of float32 in [0, 1], shape (n_customers asked, n_items)
            0 for what was never taken, 1 for what alone was taken.
        """
        owners, items, weights = self._takings(fading, of, np.r_[self.sizes, 0][of])
        cells = len(of) * self.n_items
        count = np.bincount(owners * self.n_items + items, weights=weights, minlength=cells).reshape(-1, self.n_items)
        whole = np.log1p(count.sum(axis=1, keepdims=True))
        found: np.ndarray = (np.log1p(count) / np.where(whole > 0, whole, 1.0)).astype(np.float32)
        return found

    def strength(self, of: int, fading: float = 0.0, size: int | None = None) -> np.ndarray:
        """The row of `matrix` of one customer, shape (n_items,), without the cost of a matrix."""
        found = np.zeros(self.n_items, dtype=np.float32)
        if of < 0:
            return found
        start = self.starts[of]
        items = self.items[start : self.starts[of + 1] if size is None else start + size]
        # Of an item taken twice, the last time is written last.
        found[items] = np.arange(len(items), 0.0, -1.0) ** -fading
        return found

    def find(self, customer: np.ndarray) -> np.ndarray:
        """Places of customers by their hashes; -1 for those who are not known."""
        if not len(self.customers):
            return np.full(len(customer), -1)
        place = np.minimum(np.searchsorted(self.customers, customer), len(self.customers) - 1)
        found: np.ndarray = np.where(self.customers[place] == customer, place, -1)
        return found

    def last_part(self) -> np.ndarray:
        """Which items are the last fifth of their basket, rounded down and at least one where there are two or more.

        Returns
        -------
        array of bool, shape (n_taken,)
        """
        sizes = np.repeat(self.sizes, self.sizes)
        within = np.arange(len(self.items)) - np.repeat(self.starts[:-1], self.sizes)
        found: np.ndarray = (sizes >= _LEAST_ITEMS) & (within >= sizes - np.maximum(1, sizes // _HELD_BACK))
        return found

    def only(self, rows: np.ndarray) -> Baskets:
        """Baskets with some of the items: all customers stay, some with an empty basket.

        Parameters
        ----------
        rows : array of bool, shape (n_taken,)
        """
        sizes = np.bincount(self.owners[rows], minlength=len(self.customers))
        return Baskets(self.customers, np.r_[0, np.cumsum(sizes)].astype(np.int64), self.items[rows], self.n_items)

    def among(self, items: np.ndarray) -> Baskets:
        """Baskets of these items alone, which are numbered anew."""
        place = np.full(self.n_items, -1, dtype=np.int32)
        place[items] = np.arange(len(items), dtype=np.int32)
        kept = self.only(place[self.items] >= 0)
        return Baskets(kept.customers, kept.starts, place[kept.items], len(items))

    def parts(self) -> dict[str, np.ndarray]:
        """As arrays."""
        return {"customers": self.customers, "starts": self.starts, "items": self.items}

    @classmethod
    def from_parts(cls, parts: dict[str, Any], n_items: int) -> Baskets:
        """Back from `parts`."""
        customers, starts, items = (np.asarray(parts[name]) for name in ("customers", "starts", "items"))
        return cls(customers, starts, items, n_items)

    @classmethod
    def empty(cls, n_items: int) -> Baskets:
        """Nobody has anything."""
        return cls(np.zeros(0, dtype=np.uint64), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), n_items)


def taking_order(
    customer: np.ndarray, item: np.ndarray, moment: np.ndarray | None, *, repeats: bool = False
) -> np.ndarray:
    """Order of rows by customer, by moment, and by chance where moments are alike or unknown: shape (n_rows,).

    With `repeats` takings of one item at one moment are drawn apart: else all or none of them would be held out.
    """
    moment = np.zeros(len(item)) if moment is None else moment
    chance = _mixed(customer, item)
    if repeats:
        chance = _mixed(chance, _earlier_alike(customer, item, moment))
    found: np.ndarray = np.lexsort((chance, moment, customer))
    return found


def _earlier_alike(customer: np.ndarray, item: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """How many rows before each one are of the same customer, item and moment, shape (n_rows,)."""
    order = np.lexsort((moment, item, customer))
    new = np.ones(len(order), dtype=bool)
    if len(order):
        new[1:] = np.any([one[order][1:] != one[order][:-1] for one in (customer, item, moment)], axis=0)
    starts = np.flatnonzero(new)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return found


def _mixed(customer: np.ndarray, item: np.ndarray) -> np.ndarray:
    """A number of each row that hangs on nothing but these two numbers of it (the mixer of SplitMix64)."""
    mixed = customer ^ ((item.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return found

"""Raw scores of all customers x all offers, without a row for each pair."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.boosting.decisions import decisions_of
from cxml.boosting.leafmasks import SIDE_BY_SIDE, WIDTH, Side, Splits, Words, leaf_values
from cxml.boosting.modeltext import read_tree, split_model
from cxml.boosting.text import to_text

if TYPE_CHECKING:
    from lightgbm import Booster

_Floats = NDArray[np.float64]

#: Customers scored together: many enough to outweigh the calls, few enough for the cache.
_BLOCK_ROWS = 512
#: Pairs scored one by one together.
_BLOCK_PAIRS = 128
_MOST_THREADS = 2
#: Where the values of each word of a block begin.
_FIRST = np.arange(SIDE_BY_SIDE) * (WIDTH + 1)


class PairScorer:
    """The trees of a model, its columns divided among the customer, the offer and the pair of both.

    All customers are scored against all offers of a catalogue without a row for each pair: what a customer's values
    leave of each tree is looked up once, so is what an offer's leave, and both are joined (`leafmasks`). Offers that
    leave the same of a tree are joined once. A tree that asks only about the offer is read once for each offer.

    Parameters
    ----------
    model : lightgbm.Booster or str
        A booster with one raw score per row, or its text.
    offer : sequence of int
        Columns that describe the offer.
    pair : sequence of int, default ()
        Columns that describe a customer together with an offer, such as how often it was made before. All columns
        not named describe the customer.

    Attributes
    ----------
    n_features : int
        Number of columns of a row.
    pair : list of int
        As given.
    fixed, varied : Splits
        The trees that ask only about the offer, and all others.
    fixed_side : Side
        The offer's columns, for the trees `fixed`.
    customer, offer, together : Side
        The three sides, for the trees `varied`.

    Raises
    ------
    ValueError
        If the model has several outputs, or a column is not among the model's or named twice.
    ModelFolderError
        If a text is not a whole model, or a tree has linear leaves.

    Examples
    --------
    >>> import lightgbm, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> booster = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(X, X[:, 0] * X[:, 2]), 5)
    >>> scorer = PairScorer(booster, offer=[2])
    >>> customers, offers = X[:4], X[:3]
    >>> scores = scorer.prepare(offers).scores(customers)
    >>> rows = [[*customer[:2], offer[2]] for customer in customers for offer in offers]
    >>> scores.shape, bool(np.allclose(scores.ravel(), booster.predict(rows), rtol=1e-12))
    ((4, 3), True)
    >>> PairScorer(booster, offer=[3])
    Traceback (most recent call last):
        ...
    ValueError: `offer` and `pair` must name columns from 0 to 2, each once, got offer=[3], pair=[].
    """

    def __init__(self, model: Booster | str, *, offer: Sequence[int], pair: Sequence[int] = ()) -> None:
        text = split_model(model if isinstance(model, str) else to_text(model))
        if text.n_outputs != 1:
            raise ValueError(
                f"A model of pairs must have one raw score per row, got {text.n_outputs}. "
                "Train a booster for each class."
            )
        self.n_features = text.n_features
        customer = customer_columns(self.n_features, offer, pair)
        self.pair = list(pair)
        trees = [read_tree(block, self.n_features) for block in text.trees]
        decisions = decisions_of(trees)
        splits = Splits.of(trees, decisions)
        varies = splits.asking([*customer, *pair])
        self.fixed, self.varied = splits.only(~varies), splits.only(varies)
        self.fixed_side = Side(self.fixed, decisions, offer, self.n_features)
        self.customer, self.offer, self.together = (
            Side(self.varied, decisions, side, self.n_features) for side in (customer, offer, pair)
        )

    def prepare(self, entries: ArrayLike) -> Prepared:
        """Prepare a catalogue.

        Parameters
        ----------
        entries : array of float, shape (n_entries, n_features)
            One row an offer, its values in the offer's columns, NaN where missing. The columns of the pair hold what
            is usual, such as "never made": pairs that are as usual cost least. The customer's columns are not read.

        Returns
        -------
        Prepared

        Raises
        ------
        ValueError
            If `entries` is not a table with the model's number of columns, or has no row.
        """
        table = self.table(entries, "entries")
        if not len(table):
            raise ValueError("`entries` must hold at least one row, got none. Give the offers to score.")
        return Prepared(self, table)

    def table(self, values: ArrayLike, name: str) -> _Floats:
        """Return rows as an array of float, refusing those of another width."""
        table = np.asarray(values, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != self.n_features:
            raise ValueError(f"`{name}` must have shape (n, {self.n_features}), got {table.shape}.")
        return table


@dataclass(frozen=True)
class Pairs:
    """Customers with entries of a catalogue, and what is known of both together.

    Attributes
    ----------
    customer, entry : arrays of int, shape (n_pairs,)
        Rows of the customers and of the catalogue; each pair once.
    values : array of float, shape (n_pairs, n_pair)
        The pair's columns, in the order in which the scorer was given them.
    """

    customer: NDArray[np.intp]
    entry: NDArray[np.intp]
    values: _Floats

    @classmethod
    def unusual(cls, values: _Floats, usual: _Floats) -> Pairs:
        """Keep those of all pairs that differ from what is usual.

        Parameters
        ----------
        values : array of float, shape (n_customers, n_entries, n_pair)
        usual : array of float, shape (n_entries, n_pair)

        Returns
        -------
        Pairs

        Examples
        --------
        >>> found = Pairs.unusual(np.array([[[0.0], [2.0]]]), np.array([[0.0], [0.0]]))
        >>> found.customer.tolist(), found.entry.tolist(), found.values.tolist()
        ([0], [1], [[2.0]])
        """
        alike = (values == usual) | (np.isnan(values) & np.isnan(usual))
        customer, entry = np.nonzero(~alike.all(axis=2))
        return cls(customer, entry, values[customer, entry])

    def rows(self, start: int, stop: int) -> Pairs:
        """Those of the customers from `start` to before `stop`, counted from there; pairs in the customers' order."""
        first, last = self.customer.searchsorted([start, stop])
        return Pairs(self.customer[first:last] - start, self.entry[first:last], self.values[first:last])

    def sorted(self) -> Pairs:
        """The same in the customers' order."""
        order = np.argsort(self.customer, kind="stable")
        return Pairs(self.customer[order], self.entry[order], self.values[order])


class Prepared:
    """A catalogue that customers are scored against, made by `PairScorer.prepare`; safe in many threads.

    Attributes
    ----------
    n_entries : int
    """

    def __init__(self, scorer: PairScorer, entries: _Floats) -> None:
        self.n_entries = len(entries)
        self._scorer = scorer
        self._total = _totals(scorer.fixed, scorer.fixed_side, entries)
        full, self._values = scorer.varied.blocks()
        self._first = np.arange(full.size).reshape(full.shape) * (WIDTH + 1)
        self._words = np.repeat(full, len(entries), axis=1)
        scorer.offer.keep(self._words, scorer.offer.rows(entries))
        usual = self._words.copy()
        scorer.together.keep(usual, scorer.together.rows(entries))
        self._blocks = [_Distinct.of(words) for words in usual]
        self._all = _Distinct.of(usual.transpose(1, 0, 2).reshape(len(entries), full.size))

    def scores(self, customers: ArrayLike, pairs: Pairs | None = None) -> _Floats:
        """Score all customers against all entries.

        Parameters
        ----------
        customers : array of float, shape (n_customers, n_features)
            NaN where missing, categories as codes. The offer's and the pair's columns are not read.
        pairs : Pairs, optional
            Those pairs of which something unusual is known.

        Returns
        -------
        array of float, shape (n_customers, n_entries)
            Raw scores, as `Booster.predict(..., raw_score=True)` gives them row by row.

        Raises
        ------
        ValueError
            If `customers` is not a table with the model's number of columns.
        """
        table = self._scorer.table(customers, "customers")
        known = None if pairs is None else pairs.sorted()
        found = np.empty((len(table), self.n_entries))

        def fill(start: int) -> None:
            stop = start + _BLOCK_ROWS
            self._fill(found[start:stop], table[start:stop], None if known is None else known.rows(start, stop))

        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
            list(pool.map(fill, range(0, len(table), _BLOCK_ROWS)))
        return found

    def _fill(self, out: _Floats, table: _Floats, pairs: Pairs | None) -> None:
        """Score a block of customers: its words for one block of trees after the other, so that both fit the cache."""
        side = self._scorer.customer
        rows = side.rows(table)
        own = np.empty((len(self._blocks), len(table), SIDE_BY_SIDE), dtype=np.uint32)
        own.fill(~np.uint32(0))
        out[:] = self._total
        for block, distinct in enumerate(self._blocks):
            side.keep(own[block], rows, block)
            out += distinct.sums(np.ascontiguousarray(own[block].T), self._values[block]).T
        if pairs is not None:
            for start in range(0, len(pairs.entry), _BLOCK_PAIRS):
                part = slice(start, start + _BLOCK_PAIRS)
                customer, entry = pairs.customer[part], pairs.entry[part]
                out[customer, entry] = self._one_by_one(own.take(customer, axis=1), entry, pairs.values[part])

    def one(self, row: Sequence[float], pairs: Pairs | None = None) -> _Floats:
        """Score one customer against all entries.

        Parameters
        ----------
        row : sequence of float, length n_features
            NaN where missing, categories as codes. The offer's and the pair's columns are not read.
        pairs : Pairs, optional
            Those pairs of which something unusual is known, all of this customer.

        Returns
        -------
        array of float, shape (n_entries,)
            The same as `scores` of a table of this one row.

        Raises
        ------
        ValueError
            If `row` has another length.
        """
        if len(row) != self._scorer.n_features:
            raise ValueError(f"`row` must hold {self._scorer.n_features} numbers, got {len(row)}.")
        side = self._scorer.customer
        own: Words = np.bitwise_and.reduce(side.words.take(side.row(row), axis=1), axis=1, keepdims=True)
        found: _Floats = self._total + self._all.sums(own.reshape(-1, 1), self._values.ravel())[:, 0]
        if pairs is not None and len(pairs.entry):
            found[pairs.entry] = self._one_by_one(own, pairs.entry, pairs.values)
        return found

    def _one_by_one(self, own: Words, entry: NDArray[np.intp], values: _Floats) -> _Floats:
        """Score pairs, given the customers' words."""
        side = self._scorer.together
        wide = np.empty((len(values), self._scorer.n_features))
        wide[:, self._scorer.pair] = values
        words = self._words.take(entry, axis=1)
        words &= own
        side.keep(words, side.rows(wide))
        found: _Floats = leaf_values(words, self._first, self._values).sum(axis=2).sum(axis=0)
        found += self._total[entry]
        return found


@dataclass(frozen=True)
class _Distinct:
    """What the entries leave of each of some words, alike entries once."""

    place: NDArray[np.intp]
    words: Words
    first: NDArray[np.intp]
    spread: Any

    @classmethod
    def of(cls, words: Words) -> _Distinct:
        """Find what differs among the entries' words, shape (n_entries, n_words)."""
        from scipy.sparse import csr_array

        order = np.argsort(words, axis=0, kind="stable")
        ranked = np.take_along_axis(words, order, axis=0)
        fresh = np.ones(ranked.shape, dtype=bool)
        fresh[1:] = ranked[1:] != ranked[:-1]
        number = np.cumsum(fresh, axis=0)
        starts = np.cumsum(number[-1]) - number[-1]
        which = np.empty(words.shape, dtype=np.int32)
        np.put_along_axis(which, order, number - 1 + starts, axis=0)
        place = np.repeat(np.arange(words.shape[1]), number[-1])
        n, width = words.shape
        spread = csr_array((np.ones(words.size), which.ravel(), np.arange(n + 1) * width), shape=(n, len(place)))
        return cls(place, ranked.T[fresh.T][:, None], (place * (WIDTH + 1))[:, None], spread)

    def sums(self, own: Words, values: _Floats) -> _Floats:
        words = own.take(self.place, axis=0)
        words &= self.words
        found: _Floats = self.spread @ leaf_values(words, self.first, values)
        return found


def customer_columns(n_columns: int, offer: Sequence[int], pair: Sequence[int]) -> list[int]:
    """Return the columns that are neither the offer's nor the pair's, refusing sides that do not fit.

    Parameters
    ----------
    n_columns : int
        Number of all columns.
    offer, pair : sequence of int
        The columns of the other two sides.

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If a column is not among the `n_columns`, or named twice.
    """
    named = [*offer, *pair]
    if len(set(named)) != len(named) or not set(named) <= set(range(n_columns)):
        raise ValueError(
            f"`offer` and `pair` must name columns from 0 to {n_columns - 1}, each once, "
            f"got offer={list(offer)}, pair={list(pair)}."
        )
    return [place for place in range(n_columns) if place not in named]


def _totals(splits: Splits, side: Side, entries: _Floats) -> _Floats:
    """Sum the trees that hang on the entries alone."""
    full, values = splits.blocks()
    words = np.repeat(full, len(entries), axis=1)
    side.keep(words, side.rows(entries))
    first = np.arange(full.size).reshape(full.shape) * (WIDTH + 1)
    total: _Floats = leaf_values(words, first, values).sum(axis=(0, 2))
    return total

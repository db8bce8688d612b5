"""An additive score of all customers x all offers, without a row for each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxml.additive.linear import LinearPart
from cxml.additive.score import AdditiveScore

if TYPE_CHECKING:
    from cxml.boosting.pairs import Pairs


class AdditivePairs:
    """A fitted score, its columns divided among the customer, the offer and the pair of both.

    The linear part is a sum over columns, so it is one of the customer's, the offer's and the pair's sums; the trees
    are read by `cxml.boosting.pairs.PairScorer`.

    Parameters
    ----------
    score : AdditiveScore
        The fitted score.
    offer : sequence of int
        Columns that describe the offer.
    pair : sequence of int, default ()
        Columns that describe a customer together with an offer. All columns not named describe the customer.

    Raises
    ------
    ValueError
        If a column is not among the model's or named twice.

    Examples
    --------
    >>> none, far = np.zeros(2), np.full(2, 9.0)
    >>> linear = LinearPart(np.array([0, 1]), np.array([2.0, 3.0]), none, -far, far, none, {}, none)
    >>> pairs = AdditivePairs(AdditiveScore(0.5, linear, None, {}), offer=[1])
    >>> customers, offers = np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 1.0]])
    >>> pairs.prepare(offers).scores(customers).tolist()
    [[2.5, 5.5], [4.5, 7.5]]
    >>> AdditivePairs(AdditiveScore(0.5, linear, None, {}), offer=[2])
    Traceback (most recent call last):
        ...
    ValueError: `offer` and `pair` must name columns from 0 to 1, each once, got offer=[2], pair=[].
    """

    def __init__(self, score: AdditiveScore, *, offer: Sequence[int], pair: Sequence[int] = ()) -> None:
        from cxml.boosting.pairs import PairScorer, customer_columns

        width = len(score.linear.means)
        customer = customer_columns(width, offer, pair)
        self.pair = list(pair)
        self.trees = None if score.booster is None else PairScorer(score.booster, offer=offer, pair=pair)
        self.of_customer = _side(score, {place: place for place in customer}, width, score.intercept)
        self.of_offer = _side(score, {place: place for place in offer}, width)
        self.of_pair = _side(score, {place: at for at, place in enumerate(pair)}, len(pair))

    def prepare(self, entries: np.ndarray) -> PreparedPairs:
        """Prepare a catalogue.

        Parameters
        ----------
        entries : array of float64, shape (n_entries, n_columns)
            One encoded row an offer, not mapped. The pair's columns hold what is usual: pairs that are as usual cost
            least. The customer's columns are not read.

        Returns
        -------
        PreparedPairs
        """
        return PreparedPairs(self, entries)


class PreparedPairs:
    """A catalogue that customers are scored against, made by `AdditivePairs.prepare`; safe in many threads."""

    def __init__(self, pairs: AdditivePairs, entries: np.ndarray) -> None:
        self._pairs = pairs
        self._total = pairs.of_offer.score(entries)
        usual = entries[:, pairs.pair]
        self._usual_total = self._total + pairs.of_pair.score(usual)
        mapped = pairs.of_offer.mapped(entries).copy()
        mapped[:, pairs.pair] = pairs.of_pair.mapped(usual)
        self._trees = None if pairs.trees is None else pairs.trees.prepare(mapped)

    def scores(self, customers: np.ndarray, pairs: Pairs | None = None) -> np.ndarray:
        """Log-odds of all customers with all entries.

        Parameters
        ----------
        customers : array of float64, shape (n_customers, n_columns)
            Encoded rows, not mapped; the offer's and the pair's columns are not read.
        pairs : Pairs, optional
            Those pairs of which something unusual is known; encoded, not mapped.

        Returns
        -------
        array of float64, shape (n_customers, n_entries)
            Equal to `AdditiveScore.score` of a row for each pair, to about 1e-12.
        """
        side = self._pairs.of_customer
        own = side.score(customers)
        found: np.ndarray = own[:, None] + self._usual_total
        if pairs is not None:
            found[pairs.customer, pairs.entry] = own[pairs.customer] + self._of_pairs(pairs)
        if self._trees is not None:
            found += self._trees.scores(side.mapped(customers), self._mapped(pairs))
        return found

    def one(self, row: Sequence[float], pairs: Pairs | None = None) -> np.ndarray:
        """Log-odds of one customer with all entries.

        Parameters
        ----------
        row : sequence of float, length n_columns
            An encoded row, not mapped; the offer's and the pair's columns are not read.
        pairs : Pairs, optional
            Those pairs of which something unusual is known, all of this customer; encoded, not mapped.

        Returns
        -------
        array of float64, shape (n_entries,)
            The same as `scores` of a table of this one row, to about 1e-12.
        """
        seen = list(row)
        own = self._pairs.of_customer.score_one(seen)  # puts the levels' numbers, which the trees see, into the row
        found: np.ndarray = own + self._usual_total
        if pairs is not None:
            found[pairs.entry] = own + self._of_pairs(pairs)
        if self._trees is not None:
            found += self._trees.one(seen, self._mapped(pairs))
        return found

    def _of_pairs(self, pairs: Pairs) -> np.ndarray:
        found: np.ndarray = self._total[pairs.entry] + self._pairs.of_pair.score(pairs.values)
        return found

    def _mapped(self, pairs: Pairs | None) -> Pairs | None:
        return None if pairs is None else replace(pairs, values=self._pairs.of_pair.mapped(pairs.values))


def _side(score: AdditiveScore, places: Mapping[int, int], width: int, intercept: float = 0.0) -> AdditiveScore:
    """The terms and level numbers of some columns, moved to other places of a table with `width` columns; no trees."""
    linear = score.linear
    kept = np.isin(linear.numbers, list(places))
    numbers = np.array([places[place] for place in linear.numbers[kept].tolist()], dtype=np.intp)
    slope, mean, low, high, missing = (
        one[kept] for one in (linear.slope, linear.mean, linear.low, linear.high, linear.missing)
    )
    tables = {places[place]: table for place, table in linear.tables.items() if place in places}
    levels = {places[place]: known for place, known in score.levels.items() if place in places}
    means = np.zeros(width)
    means[list(places.values())] = linear.means[list(places)]
    return AdditiveScore(intercept, LinearPart(numbers, slope, mean, low, high, missing, tables, means), None, levels)

"""What customers took before tells what they will accept: an item-to-item score as a column of the pooled model.

The rule. Accepted offers and interactions are the takings of a customer. Weights from item to item are learned from
them as in `cxml.offers.affinity` with ``repeat=True``, since an offer may be made again. They turn what a customer had
taken strictly before a moment into chances of the next taking. The column is
``log(chance of the offer / its share of all takings)``: 0 where nothing speaks for or against it, and 0.7 where it is
twice as likely to come next as it is for anybody. Popularity and the length of a history are not in it; the pooled
model knows these by columns of their own.

Rows are learned from under weights of other customers (five folds of customers), so that no acceptance has taught the
weights which it is foretold with. The column stays only if it foretells the last part of the rows better, see
`liking_that_helps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.offers.affinity_chances import chances
from cxml.offers.affinity_choice import Choice, choose, scores_of, share_of
from cxml.offers.baskets import Baskets, taking_order
from cxml.offers.ease import ItemWeights
from cxml.offers.foretelling import foretells, late_rows
from cxml.offers.history import Events
from cxml.offers.ledger import ACCEPTED, DAY, REFUSED

#: The column of the pooled model.
LIKING = "fit to what was taken before"
#: Weights are learned for so many of the items taken most; of others nothing is said.
_MOST_ITEMS = 2_000
#: Customers who took two items or more: with fewer, nothing can be learned of what goes together.
_LEAST_CUSTOMERS = 20
_LEAST_ITEMS = 3
_FOLDS = 5
_SEED = 0
_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True)
class Takings:
    """Who took which item, and when this was known; what was taken again is there again.

    Attributes
    ----------
    baskets : Baskets
    second : array of int64, shape (n_taken,)
        When each taking was known, since 1970; rising within each basket.
    """

    baskets: Baskets
    second: np.ndarray

    @classmethod
    def of(cls, events: Events, items: np.ndarray, delay: float) -> Takings:
        """Takings of these items in a log.

        Parameters
        ----------
        events : Events
        items : array of uint64, shape (n_items,)
            Hashes of the items, rising.
        delay : float >= 0, days
            How long after an offer its acceptance is known.
        """
        place = _places(items, events.offer)
        taken = (events.outcome != REFUSED) & (place >= 0)
        customer, item = events.customer[taken], place[taken]
        second = events.second[taken] + np.where(events.outcome[taken] == ACCEPTED, round(delay * DAY), 0)
        order = taking_order(customer, item, second)
        return cls(Baskets.of_ordered(customer[order], item[order], len(items)), second[order])

    def only(self, rows: np.ndarray) -> Takings:
        """Some of the takings; all customers stay, some with an empty basket."""
        return Takings(self.baskets.only(rows), self.second[rows])

    def before(self, customer: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of customers, and how much of each basket was known strictly before each moment.

        Parameters
        ----------
        customer : array of uint64, shape (n_asked,)
        second : array of int64, shape (n_asked,)

        Returns
        -------
        (array of int: -1 for those who are not known; array of int: 0 where nothing was)
        """
        of = self.baskets.find(customer)
        if not len(self.second):
            return of, np.zeros(len(of), dtype=np.int64)
        first = int(self.second.min())
        span = int(self.second.max()) - first + 2
        running = self.baskets.owners * span + (self.second - first)
        asked = of * span + np.clip(second - first, 0, span - 1)
        sizes = np.where(of < 0, 0, np.searchsorted(running, asked) - self.baskets.starts[of])
        return of, sizes


@dataclass(frozen=True)
class Asked:
    """Rows that ask for the column: one customer, one offer and one moment each.

    Attributes
    ----------
    customer, offer : arrays of uint64, shape (n_rows,)
        Hashes.
    second : array of int64, shape (n_rows,)
        Since 1970.
    """

    customer: np.ndarray
    offer: np.ndarray
    second: np.ndarray

    def only(self, rows: np.ndarray) -> Asked:
        """Some of the rows."""
        return Asked(self.customer[rows], self.offer[rows], self.second[rows])


@dataclass(frozen=True)
class Liking:
    """How well an offer fits to what a customer took before.

    Attributes
    ----------
    items : array of uint64, shape (n_items,)
        Hashes of the items, rising.
    share : array of float, shape (n_items,)
        Share of all takings.
    weights : ItemWeights
    choice : Choice
    """

    items: np.ndarray
    share: np.ndarray
    weights: ItemWeights
    choice: Choice

    @classmethod
    def from_takings(cls, items: np.ndarray, takings: Takings, choice: Choice) -> Liking:
        """Learn weights under settings that are known."""
        baskets = takings.baskets
        return cls(items, share_of(baskets), choice.learn(baskets), choice)

    # --- what it says ---

    def of_rows(self, takings: Takings, rows: Asked) -> np.ndarray:
        """The column of some rows.

        Parameters
        ----------
        takings : Takings
            Of `items`.
        rows : Asked

        Returns
        -------
        array of float, shape (n_rows,)
            0 where nothing is known of the customer or of the offer.
        """
        found = np.zeros(len(rows.customer))
        of, sizes = takings.before(rows.customer, rows.second)
        item = _places(self.items, rows.offer)
        said = np.flatnonzero((sizes > 0) & (item >= 0))
        longest = int(sizes.max(initial=0)) + 1
        # Rows of one customer often have the same past: each past is scored once.
        state, at = np.unique(of[said] * longest + sizes[said], return_inverse=True)
        block = max(1, _BLOCK_CELLS // len(self.items))
        for start in range(0, len(state), block):
            some = state[start : start + block]
            here = (at >= start) & (at < start + block)
            table = self._table(takings, some // longest, some % longest)
            found[said[here]] = table[at[here] - start, item[said[here]]]
        return found

    def of_pairs(self, takings: Takings, customer: np.ndarray, second: np.ndarray, offer: np.ndarray) -> np.ndarray:
        """The column of all customers with all offers.

        Parameters
        ----------
        takings : Takings
        customer : array of uint64, shape (n_customers,)
        second : array of int64, shape (n_customers,)
        offer : array of uint64, shape (n_offers,)

        Returns
        -------
        array of float, shape (n_customers, n_offers)
        """
        of, sizes = takings.before(customer, second)
        item = _places(self.items, offer)
        found = np.zeros((len(customer), len(offer)))
        said = np.flatnonzero(sizes > 0)
        block = max(1, _BLOCK_CELLS // len(self.items))
        for start in range(0, len(said), block):
            rows = said[start : start + block]
            found[rows] = np.where(item < 0, 0.0, self._table(takings, of[rows], sizes[rows])[:, item])
        return found

    def _table(self, takings: Takings, of: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """The column of customers with all items, shape (n_customers, n_items)."""
        if len(of) == 1:
            strength = takings.baskets.strength(int(of[0]), self.choice.fading, int(sizes[0]))
            scores = (self.weights.of_one(strength) + self.choice.again * strength)[None, :]
        else:
            scores = scores_of(takings.baskets.matrix(self.choice.fading, of, sizes), self.weights, self.choice)
        free = np.zeros((1, len(self.items)), dtype=bool)
        found: np.ndarray = np.log(chances(scores, self.share, self.choice, free) / self.share)
        return found

    # --- learning ---

    def cross_fitted(self, takings: Takings, rows: Asked) -> np.ndarray:
        """The column of rows to learn from, each by weights that other customers' takings have taught.

        Parameters
        ----------
        takings : Takings
            Those that weights are learned from.
        rows : Asked

        Returns
        -------
        array of float, shape (n_rows,)
        """
        found = np.zeros(len(rows.customer))
        fold, owner = rows.customer % _FOLDS, (takings.baskets.customers % _FOLDS)[takings.baskets.owners]
        for one in range(_FOLDS):
            here = fold == one
            others = Liking.from_takings(self.items, takings.only(owner != one), self.choice)
            found[here] = others.of_rows(takings, rows.only(here))
        return found

    # --- keeping ---

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return self.choice.to_json()

    def parts(self) -> dict[str, np.ndarray]:
        """What was learned, as arrays."""
        return {"items": self.items, "share": self.share, **self.weights.parts()}

    @classmethod
    def from_parts(cls, choice: Mapping[str, Any], parts: Mapping[str, Any]) -> Liking:
        """Back from `to_json` and `parts`."""
        items = np.asarray(parts["items"])
        weights = ItemWeights.from_parts(dict(parts), len(items))
        return cls(items, np.asarray(parts["share"]), weights, Choice.from_json(choice))


def learn_liking(events: Events, delay: float) -> Liking | None:
    """Learn what goes together, its settings chosen on takings held back.

    Parameters
    ----------
    events : Events
    delay : float >= 0, days

    Returns
    -------
    Liking, or None
        None where fewer than 20 customers took two items, or fewer than three items were taken.
    """
    names, counts = np.unique(events.offer[events.outcome != REFUSED], return_counts=True)
    items = np.sort(names[np.argsort(-counts, kind="stable")[:_MOST_ITEMS]])
    takings = Takings.of(events, items, delay)
    able = int((takings.baskets.sizes >= 2).sum())
    if len(items) < _LEAST_ITEMS or able < _LEAST_CUSTOMERS:
        return None
    choice = choose(takings.baskets, ordered=True, repeat=True, seed=_SEED)
    return Liking.from_takings(items, takings, choice)


def liking_that_helps(
    events: Events, delay: float, rows: Asked, matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int]
) -> Liking | None:
    """Learn what goes together where it foretells the last three tenths of the rows, learned from what came before.

    The early rows get their column from other customers, the late ones from weights of all early takings, as they
    would have in service: see `cxml.offers.foretelling` for what is better.

    Parameters
    ----------
    events : Events
        All that is remembered.
    delay : float >= 0, days
    rows : Asked
        The rows to learn from.
    matrix : array of float, shape (n_rows, n_columns)
        What is known of them without this column.
    target : array of {0, 1}, shape (n_rows,)
    counts : mapping of column to int
        How many levels each category has.

    Returns
    -------
    Liking, or None
    """
    late = late_rows(rows.second)
    first = int(rows.second[late].min())
    early = {name: values[events.second < first] for name, values in vars(events).items()}
    tried = learn_liking(Events(**early), delay)
    if tried is None:
        return None
    takings = Takings.of(events, tried.items, delay)
    column = np.empty(len(late))
    column[~late] = tried.cross_fitted(takings.only(takings.second < first), rows.only(~late))
    column[late] = tried.of_rows(takings, rows.only(late))
    more = np.column_stack([matrix, column])
    if not foretells(more, matrix, target, late, rows.customer, counts):
        return None
    return learn_liking(events, delay)


def _places(items: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Place of each hash among the items; -1 for others."""
    if not len(items):
        return np.full(len(asked), -1)
    place = np.minimum(np.searchsorted(items, asked), len(items) - 1)
    found: np.ndarray = np.where(items[place] == asked, place, -1)
    return found

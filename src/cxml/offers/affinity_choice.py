"""How strongly to hold weights back, how fast the past fades, what chance a score stands for: found on items held back.

The last fifth of the baskets of some customers is held back; weights learned from the rest rank it. What makes a model
larger (pairs, fading) is taken only where it ranks better by more than the noise of the comparison.

Where items may be taken again, what a customer took most is the likeliest to be taken next (Anderson et al. 2014; for
baskets Hu et al. 2020). The weights cannot say so, since no item predicts itself: an item's count in the customer's own
basket is one number more, added to its score with a weight of its own (`own_scores`).

References
----------
.. [1] Anderson, A., Kumar, R., Tomkins, A., & Vassilvitskii, S. (2014). The dynamics of repeat consumption. WWW '14.
.. [2] Hu, H., He, X., Gao, J., & Zhang, Z.-L. (2020). Modeling personalized item frequency information for next-basket
   recommendation. SIGIR '20, arXiv 2006.00556.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.metrics.ranking import ndcg_at
from cxml.offers.affinity_chances import fitted_chances
from cxml.offers.baskets import Baskets
from cxml.offers.ease import ItemWeights, item_scores, item_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scipy import sparse

#: Settings are chosen among so many of the commonest items, and by so many customers times items.
_MOST_ITEMS, _CELLS = 1_500, 6_000_000
#: The chance is fitted on fewer: it has three numbers.
_CHANCE_CELLS = 800_000
_SHARE, _LEAST_CUSTOMERS = 1 / 3, 500
_RANKS = 10
_RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0)
_PAIRS, _PAIR_FACTOR = 1_000, 10.0
_FADINGS = (0.25, 0.5, 0.75, 1.0)
_AGAIN = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
#: What is added to each item's takings, so that none is impossible.
_HALF = 0.5


@dataclass(frozen=True)
class Choice:
    """What was settled on items held back.

    Attributes
    ----------
    ridge, pair_ridge : float > 0
    n_pairs : int
        See `cxml.offers.ease.item_weights`.
    fading : float >= 0
        See `cxml.offers.baskets.Baskets.matrix`.
    again : float >= 0
        Weight of an item upon itself, where it may be taken again and only the last time counts.
    own : float >= 0
        Weight of how often the customer took the item, where it may be taken again, see `own_scores`.
    slope, bend, astray : float >= 0
        What chance a score stands for, see `cxml.offers.affinity_chances.chances`.
    """

    ridge: float = 100.0
    n_pairs: int = 0
    pair_ridge: float = 1_000.0
    fading: float = 0.0
    again: float = 0.0
    own: float = 0.0
    slope: float = 1.0
    bend: float = 0.0
    astray: float = 0.2

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Choice:
        """Back from `to_json`."""
        return cls(**values)

    def learn(self, baskets: Baskets) -> ItemWeights:
        """Weights by these settings."""
        ridges = {"n_pairs": self.n_pairs, "pair_ridge": self.pair_ridge}
        return item_weights(baskets.matrix(), self.ridge, **ridges)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _HeldBack:
    """Baskets without the held-back items, and how often each of these was taken."""

    kept: Baskets
    asked: np.ndarray
    hidden: np.ndarray
    share: np.ndarray
    barred: np.ndarray

    def ranks(self, scores: np.ndarray) -> np.ndarray:
        """NDCG of each customer asked."""
        scores = np.where(self.barred, -np.inf, scores + 1e-6 * self.share)
        k = min(_RANKS, scores.shape[1])
        first = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, first, axis=1), axis=1, kind="stable")
        hidden = self.hidden > 0
        hits = np.take_along_axis(hidden, np.take_along_axis(first, order, axis=1), axis=1)
        return ndcg_at(hits, hidden.sum(axis=1), k)

    def scores(self, choice: Choice, learned: ItemWeights) -> np.ndarray:
        """Scores of all items for each customer asked."""
        found = scores_of(self.kept.matrix(choice.fading, self.asked), learned, choice)
        found += own_scores(self.kept, self.asked, choice)
        return found


def scores_of(histories: sparse.csr_array, learned: ItemWeights, choice: Choice) -> np.ndarray:
    """Scores of all items, an item had being one thing more that speaks for itself where it may be taken again."""
    found = item_scores(histories, learned)
    return found + np.float32(choice.again) * histories.toarray() if choice.again else found


def own_scores(baskets: Baskets, of: np.ndarray, choice: Choice) -> np.ndarray:
    """What customers' own counts add to the scores of all items, see `Baskets.often`.

    Parameters
    ----------
    baskets : Baskets
    of : array of int
        Places of customers, -1 for one who has nothing.
    choice : Choice

    Returns
    -------
    array of float32, shape (n_customers asked, n_items), or (1, 1) where they count for nothing
    """
    if not choice.own:
        return np.zeros((1, 1), dtype=np.float32)
    found: np.ndarray = np.float32(choice.own) * baskets.often(choice.fading, of)
    return found


def choose(baskets: Baskets, *, ordered: bool, repeat: bool, seed: int, counted: bool = False) -> Choice:
    """Settle what to learn from baskets.

    Parameters
    ----------
    baskets : Baskets
    ordered : bool
        Whether the order of a basket tells something: there is a time.
    repeat : bool
        Whether an item may be taken again.
    seed : int
    counted : bool, default=False
        With `repeat`: whether the customer's own count of an item speaks for it, instead of its last taking alone.

    Returns
    -------
    Choice
        The defaults where nobody has two items.
    """
    common = np.sort(np.argsort(-baskets.counts(), kind="stable")[:_MOST_ITEMS])
    held = _hold_back(baskets.among(common), repeat=repeat, seed=seed)
    if held is None:
        return Choice()
    fadings = _FADINGS if ordered else ()
    choice, ranks = _best_ridge(held, Choice(), fadings)
    paired, paired_ranks = _best_ridge(held, replace(choice, n_pairs=_PAIRS), fadings)
    if _surely_better(paired_ranks, ranks, errors=2.0):  # a folder several times as large
        choice = paired
    if repeat:
        choice = _best_again(held, choice, (0.0, *fadings), own=counted)
    return fit_chances(baskets, choice, repeat=repeat, seed=seed)


def fit_chances(
    baskets: Baskets,
    choice: Choice,
    *,
    repeat: bool,
    seed: int,
    learn: Callable[[Choice, Baskets], ItemWeights] = Choice.learn,
) -> Choice:
    """Settle what chance a score stands for, of all items: what was held back is likeliest under it."""
    held = _hold_back(baskets, repeat=repeat, seed=seed)
    if held is None:
        return choice
    rows = slice(0, max(50, _CHANCE_CELLS // baskets.n_items))
    scores = held.scores(choice, learn(choice, held.kept))[rows]
    return fitted_chances(scores, held.share, choice, held.barred[rows], held.hidden[rows])


def _hold_back(baskets: Baskets, *, repeat: bool, seed: int) -> _HeldBack | None:
    """Hold the last fifth of some customers' baskets back; None where nobody has two items."""
    last, owners = baskets.last_part(), baskets.owners
    able = np.unique(owners[last])
    if not len(able):
        return None
    most = min(max(_LEAST_CUSTOMERS, round(_SHARE * len(able))), max(50, _CELLS // baskets.n_items), len(able))
    asked = np.random.default_rng(seed).permutation(able)[:most]
    asked.sort()
    hidden_rows = last & np.isin(owners, asked)
    kept = baskets.only(~hidden_rows)
    hidden = np.zeros((len(asked), baskets.n_items), dtype=np.int32)
    np.add.at(hidden, (np.searchsorted(asked, owners[hidden_rows]), baskets.items[hidden_rows]), 1)
    barred = np.zeros(hidden.shape, dtype=bool) if repeat else kept.matrix(0.0, asked).toarray() > 0
    return _HeldBack(kept, asked, hidden, share_of(kept), barred)


def share_of(baskets: Baskets) -> np.ndarray:
    """Share of all takings of each item, half a taking added to each, shape (n_items,)."""
    counts = baskets.counts() + _HALF
    found: np.ndarray = counts / counts.sum()
    return found


def _best_ridge(held: _HeldBack, start: Choice, fadings: tuple[float, ...]) -> tuple[Choice, np.ndarray]:
    """Climb over the grid of ridges from that of `start`, trying all fadings with each."""
    found: dict[int, tuple[Choice, np.ndarray]] = {}

    def quality(place: int) -> float:
        if not 0 <= place < len(_RIDGES):
            return -1.0
        if place not in found:
            ridge = _RIDGES[place]
            found[place] = _best_fading(held, replace(start, ridge=ridge, pair_ridge=_PAIR_FACTOR * ridge), fadings)
        return float(found[place][1].mean())

    place = _RIDGES.index(start.ridge)
    for step in (-1, 1):
        while quality(place + step) > quality(place):
            place += step
    return found[place]


def _best_fading(held: _HeldBack, choice: Choice, fadings: tuple[float, ...]) -> tuple[Choice, np.ndarray]:
    choice = replace(choice, fading=0.0)
    learned = choice.learn(held.kept)
    plain = held.ranks(held.scores(choice, learned))
    best = choice, plain
    for fading in fadings:
        tried = replace(choice, fading=fading)
        ranks = held.ranks(held.scores(tried, learned))
        if ranks.mean() > best[1].mean() and _surely_better(ranks, plain):
            best = tried, ranks
    return best


def _best_again(held: _HeldBack, choice: Choice, fadings: tuple[float, ...], *, own: bool) -> Choice:
    """How much what was taken before speaks for itself, and how fast that fades: both at once."""
    learned = choice.learn(held.kept)
    weighed = [replace(choice, own=one) if own else replace(choice, again=one) for one in _AGAIN]
    tried = [replace(one, fading=fading) for one in weighed for fading in fadings]
    return max(tried, key=lambda one: float(held.ranks(held.scores(one, learned)).mean()))


def _surely_better(one: np.ndarray, other: np.ndarray, errors: float = 1.0) -> bool:
    """Better by more than so many standard errors of the difference, customer by customer."""
    difference = one - other
    return bool(difference.mean() > errors * difference.std() / np.sqrt(len(difference)))

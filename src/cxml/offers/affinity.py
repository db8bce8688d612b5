"""What a customer takes next, from what customers took: item-to-item weights, for logs in which nobody was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.errors import FrameError, NotFittedError
from cxml.frames import check_columns, holds_label
from cxml.offers.affinity_chances import chances
from cxml.offers.affinity_choice import Choice, choose, fit_chances, own_scores, scores_of, share_of
from cxml.offers.affinity_records import BasketScorer, barred_of
from cxml.offers.answers import allowed_entries, best_entries, entry_answer
from cxml.offers.baskets import Baskets
from cxml.offers.catalogue import (
    check_entries,
    entries_from_json,
    entries_of,
    entries_to_json,
    offer_texts,
    places_among,
)
from cxml.offers.columns import PROBABILITY
from cxml.offers.config import AffinityConfig
from cxml.offers.ease import ItemWeights, cosine_weights, no_weights
from cxml.offers.history import hashed
from cxml.offers.scores import Scores
from cxml.splits import check_moments

if TYPE_CHECKING:
    import pandas as pd

#: So many chances are worked out at a time.
_CELLS = 4_000_000
#: Weights are learned for so many of the commonest items: their matrix is then 400 MB. Rarer ones go by their number.
MOST_ITEMS = 10_000


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes
    ----------
    names : list of str, the items
    catalogue : DataFrame, the entries
    share : array of float, shape (n_items,)
        Share of all takings.
    counts : array of float, shape (n_items,)
        How many customers took the item.
    common : array of int
        Items that have weights.
    weights : ItemWeights
        Of these.
    choice : Choice
    baskets : Baskets
        What is remembered of customers; empty where nothing is to be.
    """

    names: list[str]
    catalogue: pd.DataFrame
    share: np.ndarray
    counts: np.ndarray
    common: np.ndarray
    weights: ItemWeights
    choice: Choice
    baskets: Baskets

    def spread(self, code: np.ndarray) -> np.ndarray:
        """What is not known of items by their places, -1 for new ones."""
        found: np.ndarray = 1.0 / np.sqrt(np.where(code < 0, 0.0, self.counts[code]) + 1.0)
        return found

    def of_entries(self, chance: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Chances of entries: an item through several channels has its chance in each, a new one that of the rarest."""
        found: np.ndarray = np.where(code < 0, float(self.share.min()), chance[:, code])
        return found


class AffinityOffers:
    """The chance that an item is the next one that a customer takes, by what goes together (EASE).

    ``acceptance_probability`` is the chance that, of all items the customer does not have yet, this is the one taken
    next; with ``repeat=True`` of all items. So the chances of a customer add up to 1 over the catalogue. They are
    calibrated on the last fifth of customers' baskets, held back in training. How weights are learned is said in
    `cxml.offers.ease`, how settings are chosen in `cxml.offers.affinity_choice`. A customer who is not known gets each
    item's share of all takings, and an item that is not known half a taking's share, as do items that nobody took.
    With ``repeat=True`` an item's count in the customer's own basket speaks for it too: pass a row for each taking.

    Parameters
    ----------
    config : AffinityConfig
        Its `key` and `offer` are needed: they say who took what.
    """

    family: ClassVar[str] = "offers"
    method: ClassVar[str] = "affinity"
    Config: ClassVar[type[Any]] = AffinityConfig
    #: How weights are learned: the one thing in which the methods differ.
    _weigh: ClassVar[staticmethod[[Choice, Baskets], ItemWeights]] = staticmethod(Choice.learn)

    def __init__(self, config: AffinityConfig) -> None:
        self.config = config
        self._learned: Learned | None = None
        self._record: BasketScorer | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from who took what; `frame` is not changed."""
        return self._learn(frame, None)

    def refit(self, frame: pd.DataFrame) -> Self:
        """A model of the same choices, fitted on other rows: what was settled is not settled again."""
        return type(self)(self.config)._learn(frame, self.learned.choice)

    def _learn(self, frame: pd.DataFrame, choice: Choice | None) -> Self:
        config = self.config
        baskets, names = baskets_of(frame, config)
        counts = baskets.counts()
        common = np.sort(np.argsort(-counts, kind="stable")[:MOST_ITEMS])
        among = baskets.among(common)
        choice = choice or self._choose(among)
        self._record = None
        self._learned = Learned(
            names,
            entries_of(frame, config),
            share_of(baskets),
            counts,
            common,
            type(self)._weigh(choice, among),
            choice,
            baskets if config.remember else Baskets.empty(len(names)),
        )
        return self

    def _choose(self, baskets: Baskets) -> Choice:
        config = self.config
        ordered = config.time is not None
        return choose(baskets, ordered=ordered, repeat=config.repeat, seed=config.seed, counted=config.repeat)

    @property
    def learned(self) -> Learned:
        """Weights, shares and baskets.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._learned is None:
            raise NotFittedError(
                f"A model must be fitted before it answers - this {type(self).__name__} is not. Call offers.train(...)."
            )
        return self._learned

    @property
    def choice(self) -> Choice:
        """What was settled on items held back."""
        return self.learned.choice

    def entries(self) -> pd.DataFrame:
        """The catalogue that was learned from."""
        return self.learned.catalogue.copy()

    def score(self, customers: pd.DataFrame, entries: pd.DataFrame | None = None) -> Scores:
        """Chance of each entry's item to be the next one that each customer takes.

        Parameters
        ----------
        customers : DataFrame
            With the key.
        entries : DataFrame, optional
            By default the catalogue learned from.

        Returns
        -------
        Scores
            The spread is that of a share of takings: ``1 / sqrt(takings + 1)``.

        Raises
        ------
        FrameError
            If the key is missing, or the catalogue cannot be read.
        """
        one, config = self.learned, self.config
        entries = one.catalogue if entries is None else self._checked(entries)
        code = places_among(entries[config.offer], one.names)
        check_columns(customers.columns, self._needed, what="This model")
        of = one.baskets.find(hashed(customers[config.key]))
        found = np.empty((len(of), len(code)))
        block = max(1, _CELLS // len(one.names))
        for start in range(0, len(of), block):
            rows = slice(start, start + block)
            found[rows] = one.of_entries(self._chances(of[rows]), code)
        return Scores(found, one.spread(code), barred=barred_of(found, config))

    @property
    def _needed(self) -> tuple[str, ...]:
        return (str(self.config.key),)

    def history_sizes(self, customers: pd.DataFrame) -> np.ndarray:
        """How many items are remembered of each customer, shape (n_customers,)."""
        baskets = self.learned.baskets
        found: np.ndarray = np.r_[baskets.sizes, 0][baskets.find(hashed(customers[self._needed[0]]))]
        return found

    def _checked(self, entries: pd.DataFrame) -> pd.DataFrame:
        config = self.config
        channels = sorted({str(way) for way in self.learned.catalogue[config.channel]}) if config.channel else []
        check_entries(entries, (), channels, config)
        return entries

    def _chances(self, of: np.ndarray) -> np.ndarray:
        """Chances of all items for customers by their places, -1 for one who is not known."""
        one = self.learned
        histories = one.baskets.matrix(one.choice.fading, of)
        barred = np.zeros(histories.shape, dtype=bool) if self.config.repeat else histories.toarray() > 0
        scores = np.zeros(histories.shape, dtype=np.float32)
        scores[:, one.common] = scores_of(histories[:, one.common], one.weights, one.choice)
        scores += own_scores(one.baskets, of, one.choice)
        return chances(scores, one.share, one.choice, barred)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The chance of each row's item, or of the likeliest one where the row names none.

        Parameters
        ----------
        frame : DataFrame
            With the key. An item that the customer has already has the chance 0, unless ``repeat=True``.

        Returns
        -------
        DataFrame
            The key, ``offer``, ``acceptance_probability``; one row per row of `frame`, with its index.

        Raises
        ------
        FrameError
            If the key is missing, or a row names an item that the model does not know.
        """
        one, config = self.learned, self.config
        check_columns(frame.columns, self._needed, what="This model")
        chosen = np.empty(len(frame), dtype=np.intp)
        found = np.empty(len(frame))
        block = max(1, _CELLS // len(one.names))
        for start in range(0, len(frame), block):
            rows = slice(start, start + block)
            chance = self.score(frame.iloc[rows]).probability
            chosen[rows] = best_entries(chance, allowed_entries(frame.iloc[rows], one.catalogue, config))
            found[rows] = chance[np.arange(len(chance)), chosen[rows]]
        return entry_answer(frame, one.catalogue, chosen, config).assign(**{PROBABILITY: found})

    def predict_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Answer for one customer, as `predict` does."""
        if self._record is None:
            self._record = BasketScorer(self.learned, self.config, self.learned.catalogue)
        return self._record.best(record)

    def scorer(self, entries: pd.DataFrame | None = None) -> Callable[[Mapping[str, Any]], Scores]:
        """A function of one record to its `Scores` against a catalogue prepared once; safe in many threads.

        Parameters
        ----------
        entries : DataFrame, optional
            By default the catalogue learned from.

        Returns
        -------
        function of mapping -> Scores of shape (1, n_entries)
        """
        return BasketScorer(
            self.learned, self.config, self.learned.catalogue if entries is None else self._checked(entries)
        )

    def parts(self) -> dict[str, Any]:
        """Everything learned: no key of a customer."""
        one = self.learned
        told = {"names": one.names, "choice": one.choice.to_json()}
        arrays = {f"weights_{name}": value for name, value in one.weights.parts().items()}
        arrays |= {f"baskets_{name}": value for name, value in one.baskets.parts().items()}
        numbers = {"share": one.share, "counts": one.counts, "common": one.common}
        return {"affinity": told, "catalogue": entries_to_json(one.catalogue), **numbers, **arrays}

    @classmethod
    def from_parts(cls, config: AffinityConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        told, common = parts["affinity"], np.asarray(parts["common"])
        names = list(told["names"])
        weights, baskets = (
            {name.removeprefix(start): value for name, value in parts.items() if name.startswith(start)}
            for start in ("weights_", "baskets_")
        )
        model._learned = Learned(
            names,
            entries_from_json(parts["catalogue"]),
            np.asarray(parts["share"]),
            np.asarray(parts["counts"]),
            common,
            ItemWeights.from_parts(weights, len(common)),
            Choice.from_json(told["choice"]),
            Baskets.from_parts(baskets, len(names)),
        )
        return model

    def features(self) -> dict[str, str]:
        """The key alone: all else that is asked is remembered."""
        return {self._needed[0]: "text"}


class CosineOffers(AffinityOffers):
    """The baseline of item-to-item models: the cosines of an item with all that is in a history, added up."""

    method: ClassVar[str] = "cosine"
    _weigh: ClassVar[staticmethod[[Choice, Baskets], ItemWeights]] = staticmethod(
        lambda _choice, baskets: cosine_weights(baskets.matrix())
    )

    def _choose(self, baskets: Baskets) -> Choice:
        config = self.config
        return fit_chances(baskets, Choice(), repeat=config.repeat, seed=config.seed, learn=self._weigh)


class MostTakenOffers(AffinityOffers):
    """The baseline under every baseline: each item's share of all takings, out of those that the customer lacks."""

    method: ClassVar[str] = "most_taken"
    _weigh: ClassVar[staticmethod[[Choice, Baskets], ItemWeights]] = staticmethod(
        lambda _choice, baskets: no_weights(baskets.n_items)
    )

    def _choose(self, _baskets: Baskets) -> Choice:
        return Choice()


def taken_rows(frame: pd.DataFrame, config: AffinityConfig) -> np.ndarray:
    """Which rows say that an item was taken: all; where a response is named, those accepted and those without one."""
    if config.response is None:
        return np.ones(len(frame), dtype=bool)
    values = frame[config.response]
    found: np.ndarray = holds_label(values, config.positive) | values.isna().to_numpy()
    return found


def baskets_of(frame: pd.DataFrame, config: AffinityConfig) -> tuple[Baskets, list[str]]:
    """Who took what, and the names of all items, those of no one's basket too.

    Raises
    ------
    FrameError
        If no row says that anything was taken.
    """
    names = offer_texts(frame[config.offer])[1]
    taken = frame[taken_rows(frame, config)]
    if not len(taken):
        raise FrameError(
            f"Learning what goes together needs items that were taken - all {len(frame):,} rows of {config.response!r} "
            f"say no. Say which label means yes: positive=... (got {config.positive!r})."
        )
    moment = None if config.time is None else check_moments(taken[config.time])
    items = places_among(taken[config.offer], names)
    baskets = Baskets.gather(hashed(taken[config.key]), items, moment, len(names), repeats=config.repeat)
    return baskets, names

"""A model of responses that is one additive score of customer and offer: what `propensity` and `logistic` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.additive import AdditiveScore, Choice, build
from cxml.additive.pairs import AdditivePairs
from cxml.additive.score import probabilities
from cxml.contract import Explanation
from cxml.encoding import Column, read_column
from cxml.errors import NotFittedError
from cxml.offers.answers import allowed_entries, best_entries, entry_answer
from cxml.offers.catalogue import ONLY_OFFER, check_entries, places_among
from cxml.offers.checks import check_log, contacted, groups_of_rows, target_of, unknown_offers
from cxml.offers.columns import CHANNEL, OFFER, PROBABILITY
from cxml.offers.config import OffersConfig
from cxml.offers.design import RATE, PairDesign
from cxml.offers.drift import Drift
from cxml.offers.foresight import history_helps
from cxml.offers.learning import learning_rows
from cxml.offers.log import hashes_of_entries
from cxml.offers.records import RecordScorer
from cxml.offers.scores import Scores
from cxml.splits import check_moments

if TYPE_CHECKING:
    import pandas as pd

#: What the level of acceptance is called among the reasons.
DRIFT = "history: acceptance of late, all customers"
#: Customers scored in one go: bounds the memory of the pairs.
_BLOCK_PAIRS = 200_000


class ScoredOffers:
    """Scores pairs of customer and offer, and turns the score into the chance of acceptance.

    Parameters
    ----------
    config : OffersConfig

    Attributes
    ----------
    choose : function of (matrix, target, level counts, groups, seed)
        Settles what to fit: the one thing in which the methods differ.
    """

    family: ClassVar[str] = "offers"
    method: ClassVar[str]
    choose: ClassVar[staticmethod[[np.ndarray, np.ndarray, Mapping[int, int], np.ndarray, int], Choice]]
    Config: ClassVar[type[Any]] = OffersConfig

    def __init__(self, config: OffersConfig) -> None:
        self.config = config
        self._design: PairDesign | None = None
        self._score: AdditiveScore | None = None
        self._drift = Drift.none()
        self._choice: Choice | None = None
        self._record: RecordScorer | None = None
        self._pairs: AdditivePairs | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from a log; `frame` is not changed."""
        return self._learn(frame, None)

    def refit(self, frame: pd.DataFrame) -> Self:
        """A model of the same choices, fitted on other rows: what was settled on folds is not settled again."""
        return type(self)(self.config)._learn(frame, self._choice, self.fitted[0].kept)

    def _learn(self, frame: pd.DataFrame, choice: Choice | None, kept: tuple[str, ...] | None = None) -> Self:
        frame = contacted(frame, self.config)
        design = PairDesign.learn(frame, self.config, kept)
        target = target_of(frame, self.config)
        asked, answers = frame[target >= 0], target[target >= 0]
        matrix = learning_rows(design, asked, answers, self.config.seed)
        groups = groups_of_rows(asked, self.config)
        if kept is None and design.kept and not history_helps(design, matrix, asked, answers, groups):
            design = design.forgetting()
            matrix = learning_rows(design, asked, answers, self.config.seed)
        rows = matrix, answers, design.level_counts, groups
        self._choice = choice or type(self).choose(*rows, self.config.seed)
        self._take(design, build(*rows, self._choice), Drift.none())
        return self._take(design, self.fitted[1], self._drift_after(asked))

    def _take(self, design: PairDesign, score: AdditiveScore, drift: Drift) -> Self:
        self._design, self._score, self._drift = design, score, drift
        self._record = self._pairs = None
        return self

    def _drift_after(self, frame: pd.DataFrame) -> Drift:
        """The level of acceptance once the answers of these rows are known; offers never learned tell nothing."""
        if self.config.time is None:
            return self._drift
        design, score = self.fitted
        told = target_of(frame, self.config) >= 0
        if self.config.offer is not None:
            told &= places_among(frame[self.config.offer], design.names) >= 0
        rows = frame[told]
        days = check_moments(rows[self.config.time]) + self.config.delay
        return self._drift.followed(score.score(design.rows(rows)), target_of(rows, self.config), days)

    def _levels(self, frame: pd.DataFrame) -> np.ndarray:
        """What the drift adds to the log-odds of each row: by its moment, or the last level known."""
        time = self.config.time
        if time is None or time not in frame:
            return np.full(len(frame), self._drift.now)
        return self._drift.at(read_column(frame[time], Column(time, "date")))

    @property
    def fitted(self) -> tuple[PairDesign, AdditiveScore]:
        """The design and the score.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._design is None or self._score is None:
            raise NotFittedError(
                f"A model must be fitted before it answers - this {type(self).__name__} is not. Call offers.train(...)."
            )
        return self._design, self._score

    def entries(self) -> pd.DataFrame:
        """The catalogue that was learned from: one row an offer, or an offer and a channel."""
        return self.fitted[0].catalogue.copy()

    def score(self, customers: pd.DataFrame, entries: pd.DataFrame | None = None) -> Scores:
        """What to expect of all customers x all entries.

        Parameters
        ----------
        customers : DataFrame
            The columns of `features`; the key, where histories are to count; the moment, where it is not now.
        entries : DataFrame, optional
            A catalogue, new offers among it; by default the one learned from.

        Returns
        -------
        Scores

        Raises
        ------
        FrameError
            If a column is missing or cannot be read, or the catalogue repeats an entry.
        """
        design, score = self.fitted
        entries = design.catalogue if entries is None else entries
        check_entries(entries, design.offer.names, design.channels, self.config)
        of_offer, spread = design.of_entries(entries)
        prepared = self._pairs_of(design, score).prepare(design.template(of_offer))
        hashes = hashes_of_entries(entries, self.config)
        size = max(1, _BLOCK_PAIRS // len(entries))
        log_odds = np.empty((len(customers), len(entries)))
        for start in range(0, len(customers), size):
            rows = customers.iloc[start : start + size]
            of_customer = np.full((len(rows), design.width), np.nan)
            known = design.of_customers(rows)
            of_customer[:, : known.shape[1]] = known
            pairs = design.known_pairs(*design.whom(rows), *hashes)
            log_odds[start : start + size] = prepared.scores(of_customer, pairs)
        return Scores(probabilities(log_odds + self._levels(customers)[:, None]), spread)

    def _pairs_of(self, design: PairDesign, score: AdditiveScore) -> AdditivePairs:
        """The score divided among customer, offer and pair: made once."""
        if self._pairs is None:
            self._pairs = AdditivePairs(score, offer=design.offer_places, pair=design.pair_places)
        return self._pairs

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The chance that each row's customer accepts its offer, or the best one where it names none.

        Returns
        -------
        DataFrame, one row per row of `frame`
            The key where the frame has it, ``offer``, ``channel`` where channels were learned, and
            ``acceptance_probability``.

        Raises
        ------
        FrameError
            If a column is missing or cannot be read, or an offer is not known.
        """
        design, score = self.fitted
        if self.config.offer is not None and self.config.offer in frame:
            unknown_offers(frame[self.config.offer], list(design.names))
        named = self._named(frame)
        chance, chosen = np.empty(len(frame)), np.zeros(len(frame), dtype=np.intp)
        if named.any():
            chosen[named] = design.entry_of_rows(frame[named])
            log_odds = score.score(design.rows(frame[named])) + self._levels(frame[named])
            chance[named] = probabilities(log_odds)
        if not named.all():
            rows = frame[~named]
            expected = self.score(rows).probability
            best = best_entries(expected, allowed_entries(rows, design.catalogue, self.config))
            chosen[~named], chance[~named] = best, expected[np.arange(len(rows)), best]
        answer = entry_answer(frame, design.catalogue, chosen, self.config).assign(**{PROBABILITY: chance})
        if self.config.channel is not None and named.any():
            # An offer never made through the channel that was asked has another entry; the chance is of what was asked.
            answer[CHANNEL] = answer[CHANNEL].astype(object).where(~named, frame.get(self.config.channel))
        return answer

    def _named(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows name their offer, and their channel where there are channels."""
        found = np.ones(len(frame), dtype=bool)
        for name in (self.config.offer, self.config.channel):
            if name is not None:
                found &= frame[name].notna().to_numpy() if name in frame else False
        return found

    def scorer(self, entries: pd.DataFrame | None = None) -> Callable[[Mapping[str, Any]], Scores]:
        """Prepare a catalogue once; the answer scores one record against it, from any thread.

        Parameters
        ----------
        entries : DataFrame, optional
            By default the catalogue learned from.

        Returns
        -------
        function of a record (mapping) to Scores of shape (1, n_entries)
        """
        design, score = self.fitted
        entries = design.catalogue if entries is None else entries
        return RecordScorer(design, self._pairs_of(design, score), entries, self._drift)

    def predict_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Answer for one customer, as `predict` does.

        Parameters
        ----------
        record : mapping of column to value

        Returns
        -------
        dict
            The key where the record has it, ``offer``, ``channel`` where there is one, ``acceptance_probability``.

        Raises
        ------
        FrameError
            If it is no mapping, lacks a column, or holds a value of the wrong kind - as in a batch.
        """
        if isinstance(record, Mapping) and self._speaks_of_a_pair(record):
            import pandas as pd

            # The position counts, and what cannot be named is refused, as in a batch.
            row = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in record.items()})
            found = self.predict(row).to_dict("records")[0]
            return {str(name): value for name, value in found.items()}
        if self._record is None:
            design, score = self.fitted
            self._record = RecordScorer(design, self._pairs_of(design, score), design.catalogue, self._drift)
        return self._record.best(record)

    def _speaks_of_a_pair(self, record: Mapping[str, Any]) -> bool:
        """Whether a record names its offer or its channel; where there are neither, whether it says its position."""
        config = self.config
        names = (config.offer, config.channel) if config.offer or config.channel else (config.position,)
        return any(name is not None and record.get(name) is not None for name in names)

    def explain(self, frame: pd.DataFrame) -> Explanation:
        """Exact Shapley values of the log-odds of each row's offer, or of the best one where it names none.

        What says the same is added up: the offer's name and its rate are one column, ``offer``.
        """
        answered = self.predict(frame)
        said = {self.config.offer: OFFER, self.config.channel: CHANNEL}
        rows = frame.assign(**{name: answered[column] for name, column in said.items() if name is not None})
        design, _ = self.fitted
        return self._explained(rows, design.entries_of_rows(rows), placed=True)

    def explain_pairs(self, customers: pd.DataFrame, entries: pd.DataFrame, places: np.ndarray) -> Explanation:
        """The same of customers, each with the entry at its place in a catalogue.

        Parameters
        ----------
        customers : DataFrame
        entries : DataFrame
        places : array of int, shape (n_customers,)

        Returns
        -------
        Explanation
        """
        return self._explained(customers, entries.iloc[places].set_axis(customers.index, axis=0), placed=False)

    def _explained(self, rows: pd.DataFrame, entries: pd.DataFrame, *, placed: bool) -> Explanation:
        design, score = self.fitted
        matrix = design.pair_rows(rows, entries, placed=placed)
        effects, base = score.contributions(matrix)
        names = list(design.names_of_columns)
        if RATE in names:
            at = names.index(RATE)
            effects[:, at - 1] += effects[:, at]
            effects = np.delete(effects, at, axis=1)
            del names[at]
        values = design.texts(rows, entries, matrix)
        if self.config.time is not None:
            levels = self._levels(rows)
            names.append(DRIFT)
            effects = np.column_stack([effects, levels])
            values = values.assign(**{DRIFT: [f"{one:+.2f}" for one in levels]})
        return Explanation(tuple(names), values, effects, base)

    def worth(self, entries: pd.DataFrame) -> np.ndarray | None:
        """What an acceptance of each entry was worth in the log; None where no value was named."""
        design, _ = self.fitted
        if not design.worth:
            return None
        code = places_among(entries[self.config.offer or ONLY_OFFER], design.names)
        worth: np.ndarray = np.array(design.worth)[code]
        return worth  # the last one, at -1, is for offers never made

    def remembering(self, frame: pd.DataFrame) -> Self:
        """One that scores alike and also knows these rows of the log: histories, and the level of acceptance."""
        design, score = self.fitted
        found = type(self)(self.config)
        found._choice = self._choice
        return found._take(design, score, self._drift)._remember(contacted(frame, self.config))

    def _remember(self, frame: pd.DataFrame) -> Self:
        design, score = self.fitted
        if self.config.key in frame and self.config.time in frame:
            design = design.remembering(frame)
        self._take(design, score, self._drift)
        return self._take(design, score, self._drift_after(frame))

    def update(self, rows: pd.DataFrame) -> None:
        """Learn from new rows of the log what customers were offered and did since, and how acceptance drifts.

        The score stays; histories go on, and so does the level that is added to it, see `cxml.offers.drift`.

        Parameters
        ----------
        rows : DataFrame
            As for `fit`: with the columns of the log (key, offer, time, channel, response) and those of `features`.

        Raises
        ------
        FrameError
            If a column is missing or cannot be read.
        """
        _ = self.fitted
        # What was dropped is not needed, and what describes an offer is in the catalogue.
        check_log(rows, replace(self.config, drop=(), offer_columns=(), starts=None, ends=None))
        self._remember(contacted(rows, self.config))

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        design, score = self.fitted
        drift = self._drift.parts() if self.config.time is not None else {}
        return {**design.parts(), **score.parts(), **drift}

    @classmethod
    def from_parts(cls, config: OffersConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        design, score = PairDesign.from_parts(config, parts), AdditiveScore.from_parts(parts)
        return cls(config)._take(design, score, Drift.from_parts(parts))

    def features(self) -> dict[str, str]:
        """The columns that a frame of customers must hold, with their kinds. The offer's are in the catalogue."""
        return self.fitted[0].customer.features()

"""What an offer changes: effects of offers made at random, against customers to whom none was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.additive.score import AdditiveScore
from cxml.encoding import Encoder
from cxml.errors import FrameError, NotFittedError, nearest, shorten
from cxml.offers.answers import allowed_entries, entry_answer
from cxml.offers.catalogue import entries_from_json, entries_of, entries_to_json
from cxml.offers.checks import groups_of_rows, learn_encoders
from cxml.offers.columns import CHANNEL, OFFER, PROBABILITY, UPLIFT
from cxml.offers.config import UpliftConfig
from cxml.offers.effects import EffectChoice, Rows, average_effects, build_effects, choose_effects, mean_score
from cxml.offers.learners import EffectScore
from cxml.offers.scores import Scores
from cxml.offers.treatments import (
    Outcome,
    arms_of,
    outcome_of,
    places_of_entries,
    propensity_of,
    treatment_names,
    treatments_of,
)

if TYPE_CHECKING:
    import pandas as pd

#: Customers scored in one go.
_BLOCK = 100_000


class UpliftOffers:
    """Learns how much each offer raises the chance of the response, or an amount, against offering nothing.

    Each entry of the catalogue is a treatment; rows of ``control=`` are those to whom nothing was offered. The answer's
    ``uplift`` is the difference that the offer makes: in chance, from -1 to 1, where the response has two labels; in
    the response's own unit where it is an amount, such as what was spent. ``acceptance_probability`` is the chance of
    the response, or of an amount above 0, when the offer is made. Effects hang on the customer's columns alone; no
    history is counted.

    Effects are those of `cxml.offers.effects`: learners on trees and a linear one, weighed by how they predict unseen
    folds and drawn towards the average effect as far as the folds cannot tell.

    Parameters
    ----------
    config : UpliftConfig
    """

    family: ClassVar[str] = "offers"
    method: ClassVar[str] = "uplift"
    Config: ClassVar[type[Any]] = UpliftConfig

    def __init__(self, config: UpliftConfig) -> None:
        self.config = config
        self._learned: _Learned | None = None
        self._choice: EffectChoice | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from a log of offers made at random; `frame` is not changed."""
        return self._learn(frame, None)

    def refit(self, frame: pd.DataFrame) -> Self:
        """A model of the same learners, fitted on other rows: what was settled on folds is not settled again.

        Where these rows are of other treatments, there is nothing to keep.
        """
        again = type(self)(self.config)
        asked = frame[arms_of(frame, self.config) != 0]
        names, known = (treatment_names(one, self.config) for one in (entries_of(asked, self.config), self.entries()))
        return again._learn(frame, self._choice if names == known else None)

    def _learn(self, frame: pd.DataFrame, choice: EffectChoice | None) -> Self:
        asked = frame[frame[self.config.response].notna().to_numpy()]
        entries = entries_of(asked[arms_of(asked, self.config) != 0], self.config)
        arm = treatments_of(asked, entries, self.config)
        encoder, _, _ = learn_encoders(asked, self.config)
        outcome = outcome_of(asked, self.config)
        chance = propensity_of(asked, self.config)
        inverse = np.ones(len(arm)) if chance is None else 1 / chance
        groups = groups_of_rows(asked, self.config)
        matrix, seed = encoder.encode(asked), self.config.seed
        rows = Rows(matrix, arm, outcome.values, inverse, encoder.level_counts, groups, seed)
        if choice is None:
            choice = self.choose(rows)
        self._choice = choice
        effects, mean = build_effects(rows, choice)
        self._learned = _Learned.of(encoder, entries, rows, outcome, self.shaped(effects, mean), mean)
        return self

    def choose(self, rows: Rows) -> EffectChoice:
        """Settle on folds what to learn effects with."""
        return choose_effects(rows, learner=self.config.learner)

    def shaped(self, effects: list[EffectScore], mean: AdditiveScore) -> list[EffectScore]:  # noqa: ARG002
        """The effects as they are; baselines have their own."""
        return effects

    @property
    def choice(self) -> str:
        """What effects are learned with, in words; empty for a model that was loaded."""
        plans = () if self._choice is None else self._choice.plans
        told = (" + ".join(f"{weight:.2f} {name}({count})" for name, count, weight in plan) for plan in plans)
        return "; ".join(one or "the average" for one in told)

    @property
    def fitted(self) -> _Learned:
        """What was learned.

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

    def entries(self) -> pd.DataFrame:
        """The catalogue that was learned from: one row an offer, or an offer and a channel; without the control."""
        return self.fitted.entries.copy()

    def score(self, customers: pd.DataFrame, entries: pd.DataFrame | None = None) -> Scores:
        """Chances and effects of all customers x all entries.

        Parameters
        ----------
        customers : DataFrame
            The columns of `features`.
        entries : DataFrame, optional
            A part of the catalogue, or all of it in another order; by default the one learned from.

        Returns
        -------
        Scores
            With `uplift`: a difference of chances, or in the unit of the amount.

        Raises
        ------
        FrameError
            If a column is missing or cannot be read, or an entry was never tried against the control.
        """
        chosen = self._chosen(entries)
        return self._scores(self.fitted.encoder.encode(customers), chosen)

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
        chosen, encode = self._chosen(entries), self.fitted.encoder.encode_one
        return lambda record: self._scores(np.array([encode(record)]), chosen)

    def _chosen(self, entries: pd.DataFrame | None) -> np.ndarray:
        learned = self.fitted
        if entries is None:
            return np.arange(len(learned.entries))
        places = places_of_entries(entries, learned.entries, self.config)
        if (places < 0).any():
            name = self.config.offer or ""
            got, known = str(entries[name].iloc[int(np.argmax(places < 0))]), learned.entries[name].astype(str).unique()
            raise FrameError(
                f"The effect of an offer is known only where it was tried against {self.config.control!r}: "
                f"{shorten(known.tolist())} - got {got!r} in {name!r}.{nearest(got, known)} Offer it to some at "
                "random, and train again; or learn who accepts, where new offers have a prior."
            )
        return places

    def _scores(self, matrix: np.ndarray, chosen: np.ndarray) -> Scores:
        learned = self.fitted
        parts = [learned.scores(matrix[at : at + _BLOCK]) for at in range(0, max(len(matrix), 1), _BLOCK)]
        chance, uplift = (np.vstack(one)[:, chosen] for one in zip(*parts, strict=True))
        return Scores(chance, learned.spread[chosen], uplift)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Chance and effect of each row's offer, or of the one with the largest effect where it names none.

        Returns
        -------
        DataFrame, one row per row of `frame`
            The key where the frame has it, ``offer``, ``channel`` where channels were learned,
            ``acceptance_probability`` and ``uplift`` (a difference of chances; for an amount in its unit). A row that
            names the control has the chance without an offer, and no uplift.

        Raises
        ------
        FrameError
            If a column is missing or cannot be read, or an offer was never tried.
        """
        return self._answered(frame, self.fitted.encoder.encode(frame))

    def predict_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Answer for one customer, as `predict` does.

        Parameters
        ----------
        record : mapping of column to value

        Returns
        -------
        dict
            The key where the record has it, ``offer``, ``channel`` where there is one, ``acceptance_probability``,
            ``uplift``.

        Raises
        ------
        FrameError
            If it is no mapping, lacks a column, or holds a value of the wrong kind - as in a batch.
        """
        import pandas as pd

        matrix = np.array([self.fitted.encoder.encode_one(record)])
        named = (self.config.key, self.config.offer, self.config.channel)
        one = pd.DataFrame({name: pd.Series([record[name]]) for name in named if name is not None and name in record})
        answer = self._answered(one if len(one.columns) else pd.DataFrame(index=range(1)), matrix).iloc[0]
        found = {str(name): one for name, one in answer.to_dict().items()}
        return {name: one.item() if isinstance(one, np.generic) else one for name, one in found.items()}

    def _answered(self, frame: pd.DataFrame, matrix: np.ndarray) -> pd.DataFrame:
        learned, offer = self.fitted, self.config.offer or ""
        scores = self._scores(matrix, np.arange(len(learned.entries)))
        control = np.zeros(len(frame), dtype=bool)
        if offer in frame:
            control = arms_of(frame, self.config) == 0
        asked = frame.copy(deep=False)
        for name in (self.config.offer, self.config.channel):
            if name is not None and name in asked:
                asked[name] = asked[name].astype(object).where(~control, None)
        uplift = scores.uplift if scores.uplift is not None else scores.probability
        allowed = allowed_entries(asked, learned.entries, self.config)
        at = np.argmax(np.where(allowed, uplift, -np.inf), axis=1)
        rows = np.arange(len(frame))
        found = entry_answer(frame, learned.entries, at, self.config)
        found[PROBABILITY], found[UPLIFT] = scores.probability[rows, at], uplift[rows, at]
        if control.any():
            # by where(), for offers may be numbers, and a column of numbers takes no text and no None
            found[OFFER] = np.where(control, frame[offer].to_numpy(), found[OFFER].to_numpy())
            if self.config.channel is not None:
                found[CHANNEL] = found[CHANNEL].astype(object).where(~control, None)
            found.loc[control, PROBABILITY] = learned.without(matrix[control])
            found.loc[control, UPLIFT] = 0.0
        return found

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        return self.fitted.parts()

    @classmethod
    def from_parts(cls, config: UpliftConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        model._learned = _Learned.from_parts(parts)
        return model

    def features(self) -> dict[str, str]:
        """The columns that a frame of customers must hold, with their kinds."""
        return self.fitted.encoder.features()


class _Learned:
    """What a model of effects knows: the columns, the catalogue, a score of the chance and one effect an entry.

    `mean` speaks of an even draw between control and the treatments; `on_chance` are the average effects on the chance
    of the response, which are those on the outcome where that is 0 or 1.
    """

    def __init__(
        self,
        encoder: Encoder,
        entries: pd.DataFrame,
        mean: AdditiveScore,
        effects: list[EffectScore],
        on_chance: np.ndarray,
        spread: np.ndarray,
        *,
        amounts: bool,
    ) -> None:
        self.encoder, self.entries, self.mean, self.effects = encoder, entries, mean, effects
        self.on_chance, self.spread, self.amounts = on_chance, spread, amounts

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        entries: pd.DataFrame,
        rows: Rows,
        outcome: Outcome,
        effects: list[EffectScore],
        mean: AdditiveScore,
    ) -> _Learned:
        """From the rows learned from."""
        happened = (outcome.values > 0).astype(float)
        if outcome.amounts:
            rows = replace(rows, outcome=happened)
            mean = mean_score(rows)
        on_chance = average_effects(rows)
        spread = np.array([_spread(happened[rows.arm == arm]) for arm in range(1, rows.n_treatments + 1)])
        return cls(encoder, entries, mean, effects, on_chance, spread, amounts=outcome.amounts)

    def scores(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Chance when offered, and effect, each of shape (n_rows, n_entries)."""
        effects = np.column_stack([one.effect(matrix) for one in self.effects])
        on_chance = self._on_chance(effects)
        chance = self.mean.score(matrix)[:, None] - on_chance.mean(axis=1)[:, None] / 2 + on_chance
        return np.clip(chance, 0.0, 1.0), effects if self.amounts else np.clip(effects, -1.0, 1.0)

    def without(self, matrix: np.ndarray) -> np.ndarray:
        """Chance when nothing is offered, shape (n_rows,)."""
        effects = np.column_stack([one.effect(matrix) for one in self.effects])
        chance = self.mean.score(matrix) - self._on_chance(effects).mean(axis=1) / 2
        found: np.ndarray = np.clip(chance, 0.0, 1.0)
        return found

    def _on_chance(self, effects: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.broadcast_to(self.on_chance, effects.shape) if self.amounts else effects
        return found

    def parts(self) -> dict[str, Any]:
        """As parts of a model folder."""
        found: dict[str, Any] = {"columns": self.encoder.to_json(), "catalogue": entries_to_json(self.entries)}
        found["effects"] = {
            "amounts": self.amounts,
            "on_chance": self.on_chance.tolist(),
            "spread": self.spread.tolist(),
        }
        for place, effect in enumerate(self.effects):
            found.update(effect.parts(f"effect_{place}"))
        return {**found, **self.mean.parts()}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> _Learned:
        """Back from `parts`."""
        plain = parts["effects"]
        effects = [EffectScore.from_parts(f"effect_{place}", parts) for place in range(len(plain["spread"]))]
        return cls(
            Encoder.from_json(parts["columns"]),
            entries_from_json(parts["catalogue"]),
            AdditiveScore.from_parts(parts),
            effects,
            np.array(plain["on_chance"]),
            np.array(plain["spread"]),
            amounts=bool(plain["amounts"]),
        )


def _spread(happened: np.ndarray) -> float:
    """Standard deviation of the log-odds of a rate, one response more of either kind counted (Agresti & Coull 1998)."""
    rate = (happened.sum() + 1.0) / (len(happened) + 2.0)
    return float(((len(happened) + 2.0) * rate * (1 - rate)) ** -0.5)


class AverageEffect(UpliftOffers):
    """The baseline under every baseline: each offer has its average effect on everybody."""

    method: ClassVar[str] = "average_effect"

    def choose(self, rows: Rows) -> EffectChoice:
        """Nothing tells customers apart."""
        return EffectChoice(((),) * rows.n_treatments)


class ResponseEffect(AverageEffect):
    """What ranking by response assumes: an offer's effect is the larger, the likelier the response is anyway.

    The effect of an offer is its average effect times the row's expected outcome over the mean one.
    """

    method: ClassVar[str] = "response_model"

    def shaped(self, effects: list[EffectScore], mean: AdditiveScore) -> list[EffectScore]:
        """Each average effect, in proportion to the expected outcome."""
        from cxml.boosting import merge

        middle = mean.intercept + float(mean.linear.means.sum())
        found = []
        for one in effects:
            share = one.average / middle if abs(middle) > 1e-12 else 0.0
            trees = None if mean.booster is None else merge([mean.booster], [share])
            found.append(EffectScore(share * mean.intercept, (mean.linear.scaled(share),), trees))
        return found

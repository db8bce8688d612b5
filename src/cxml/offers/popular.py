"""The baseline: each offer's acceptance rate, whoever the customer is. The best for everybody is the most accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.errors import NotFittedError
from cxml.frames import check_record
from cxml.offers.answers import allowed_entries, best_entries, entry_answer
from cxml.offers.catalogue import (
    ONLY_OFFER,
    check_entries,
    entries_from_json,
    entries_of,
    entries_to_json,
    places_among,
)
from cxml.offers.checks import contacted, offer_texts_of, target_of, unknown_offers
from cxml.offers.columns import PROBABILITY
from cxml.offers.config import OffersConfig
from cxml.offers.rates import OfferRates, learn_rates
from cxml.offers.scores import Scores

if TYPE_CHECKING:
    import pandas as pd


class PopularOffers:
    """Answers everybody with the rate of the offer, drawn to the rate of all offers where it has few answers.

    Parameters
    ----------
    config : OffersConfig
    """

    family: ClassVar[str] = "offers"
    method: ClassVar[str] = "popular"
    Config: ClassVar[type[Any]] = OffersConfig

    def __init__(self, config: OffersConfig) -> None:
        self.config = config
        self._learned: _Learned | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the rate of each offer."""
        frame = contacted(frame, self.config)
        target = target_of(frame, self.config)
        codes, names = offer_texts_of(frame, self.config)
        asked = target >= 0
        made = np.bincount(codes[asked], minlength=len(names))
        accepted = np.bincount(codes[asked], weights=target[asked], minlength=len(names))
        rates = learn_rates(made, accepted, np.zeros((len(names), 0)))
        self._learned = _Learned(names, entries_of(frame, self.config), rates)
        return self

    @property
    def learned(self) -> _Learned:
        """The offers and their rates.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._learned is None:
            raise NotFittedError(
                "A model must be fitted before it answers - these rates are not. Call offers.train(...)."
            )
        return self._learned

    def entries(self) -> pd.DataFrame:
        """The catalogue that was learned from."""
        return self.learned.catalogue.copy()

    def score(self, customers: pd.DataFrame, entries: pd.DataFrame | None = None) -> Scores:
        """The rate of each entry's offer, alike for all customers; new offers have the mean rate.

        Parameters
        ----------
        customers : DataFrame
        entries : DataFrame, optional
            By default the catalogue learned from.

        Returns
        -------
        Scores
        """
        one = self.learned
        entries = one.catalogue if entries is None else entries
        if self.config.channel is None or self.config.channel in entries:
            ways = sorted({str(way) for way in one.catalogue[self.config.channel]}) if self.config.channel else []
            check_entries(entries, (), ways, self.config)
        code = places_among(entries[self.config.offer or ONLY_OFFER], one.names)
        promised, wide = one.rates.promised(np.zeros((len(entries), 0)))
        log_odds = np.where(code < 0, promised, one.rates.log_odds[code])
        spread = np.where(code < 0, wide, one.rates.spread[code])
        return Scores(np.tile(1 / (1 + np.exp(-log_odds)), (len(customers), 1)), spread)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rate of each row's offer, or of the most accepted one where it names none."""
        one, offer = self.learned, self.config.offer
        if offer is not None and offer in frame:
            unknown_offers(frame[offer], one.names)
        chance = self.score(frame.iloc[:1]).probability
        allowed = allowed_entries(frame, one.catalogue, self.config)
        chosen = best_entries(np.broadcast_to(chance, allowed.shape), allowed)
        return entry_answer(frame, one.catalogue, chosen, self.config).assign(**{PROBABILITY: chance[0, chosen]})

    def predict_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Answer for one customer, as `predict` does."""
        import pandas as pd

        _ = self.learned
        check_record(record)
        asked = (self.config.key, self.config.offer, self.config.channel)
        names = [name for name in asked if name is not None and name in record]
        frame = pd.DataFrame({name: [record[name]] for name in names}, index=[0])
        return {str(name): value for name, value in self.predict(frame).to_dict("records")[0].items()}

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        one = self.learned
        told = {"names": one.names, "rates": one.rates.to_json()}
        return {"offers": told, "catalogue": entries_to_json(one.catalogue)}

    @classmethod
    def from_parts(cls, config: OffersConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        told = parts["offers"]
        model._learned = _Learned(
            list(told["names"]), entries_from_json(parts["catalogue"]), OfferRates.from_json(told["rates"])
        )
        return model

    def features(self) -> dict[str, str]:
        """No column is needed."""
        return {}


@dataclass(frozen=True)
class _Learned:
    """Offers as text, entries, rates."""

    names: list[str]
    catalogue: pd.DataFrame
    rates: OfferRates

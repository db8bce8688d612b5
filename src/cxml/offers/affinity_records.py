"""One customer against a prepared catalogue of items, without a frame: what `score` answers for a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.frames import check_columns, check_record
from cxml.offers.affinity_chances import chances
from cxml.offers.affinity_choice import own_scores
from cxml.offers.answers import allowed_entries, best_entries
from cxml.offers.catalogue import places_among
from cxml.offers.columns import CHANNEL, OFFER, PROBABILITY
from cxml.offers.contacts import hash_key
from cxml.offers.scores import Scores

if TYPE_CHECKING:
    import pandas as pd

    from cxml.offers.affinity import Learned
    from cxml.offers.config import AffinityConfig


def barred_of(chances: np.ndarray, config: AffinityConfig) -> np.ndarray | None:
    """What each customer has already: nothing else has a chance of exactly 0. None where things are taken again."""
    return None if config.repeat else chances == 0.0


class BasketScorer:
    """Chances of one customer's next item; safe in many threads.

    Parameters
    ----------
    learned : Learned
    config : AffinityConfig
    entries : DataFrame
    """

    def __init__(self, learned: Learned, config: AffinityConfig, entries: pd.DataFrame) -> None:
        self._learned, self._config, self._entries = learned, config, entries
        self._code = places_among(entries[config.offer], learned.names)
        self._spread = learned.spread(self._code)
        self._offers = entries[config.offer].tolist()
        self._ways = entries[config.channel].tolist() if config.channel is not None else None

    def __call__(self, record: Mapping[str, Any]) -> Scores:
        """Chances of one record, arrays of shape (1, n_entries)."""
        found = self._chances(record)[None, :]
        return Scores(found, self._spread, barred=barred_of(found, self._config))

    def _chances(self, record: Mapping[str, Any]) -> np.ndarray:
        check_record(record)
        one, config, key = self._learned, self._config, str(self._config.key)
        if key not in record:
            check_columns(record, (key,), what="This model")
        of = int(one.baskets.find(hash_key(record, key))[0])
        strength = one.baskets.strength(of, one.choice.fading)
        scores = np.zeros(len(strength))
        scores[one.common] = one.weights.of_one(strength[one.common]) + one.choice.again * strength[one.common]
        scores += own_scores(one.baskets, np.array([of]), one.choice)[0]
        barred = np.zeros((1, len(strength)), dtype=bool) if config.repeat else strength[None, :] > 0
        found: np.ndarray = one.of_entries(chances(scores[None, :], one.share, one.choice, barred), self._code)[0]
        return found

    def best(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The likeliest entry that goes with what the record names, as a batch of it is answered."""
        chance, config = self._chances(record), self._config
        place = int(np.argmax(chance))
        if any(name is not None and record.get(name) is not None for name in (config.offer, config.channel)):
            import pandas as pd

            frame = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in record.items()})
            place = int(best_entries(chance[None, :], allowed_entries(frame, self._entries, config))[0])
        way = {} if self._ways is None else {CHANNEL: self._ways[place]}
        key = str(config.key)
        return {key: record[key], OFFER: self._offers[place], **way, PROBABILITY: float(chance[place])}

"""One record against a prepared catalogue: what the catalogue costs is paid once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.additive.pairs import AdditivePairs
from cxml.encoding import Column
from cxml.offers.catalogue import ONLY_OFFER, check_entries
from cxml.offers.columns import CHANNEL, OFFER, PROBABILITY
from cxml.offers.design import PairDesign
from cxml.offers.drift import Drift
from cxml.offers.log import hashes_of_entries
from cxml.offers.scores import Scores

if TYPE_CHECKING:
    import pandas as pd


class RecordScorer:
    """Scores one record against all entries of a catalogue; safe in many threads.

    Parameters
    ----------
    design : PairDesign
    pairs : AdditivePairs
    entries : DataFrame
    drift : Drift

    Raises
    ------
    FrameError
        If the catalogue cannot be read.
    """

    def __init__(self, design: PairDesign, pairs: AdditivePairs, entries: pd.DataFrame, drift: Drift) -> None:
        config = design.config
        check_entries(entries, design.offer.names, design.channels, config)
        self.entries = entries
        self._design, self._config, self._drift = design, config, drift
        of_offer, self._spread = design.of_entries(entries)
        self._prepared = pairs.prepare(design.template(of_offer))
        self._offer, self._channel = hashes_of_entries(entries, config)
        self._names = entries[config.offer or ONLY_OFFER].tolist()
        self._ways = entries[config.channel].tolist() if config.channel else []
        self._moment = Column(config.time, "date") if config.time is not None else None

    def __call__(self, record: Mapping[str, Any]) -> Scores:
        """Expectations of one record, arrays of shape (1, n_entries)."""
        return Scores(self._chances(record)[None, :], self._spread)

    def _chances(self, record: Mapping[str, Any]) -> np.ndarray:
        from scipy.special import expit

        row, known = self._design.of_record(record, self._offer, self._channel)
        found: np.ndarray = expit(self._prepared.one(row, known) + self._level(record))
        return found

    def _level(self, record: Mapping[str, Any]) -> float:
        """What the drift adds to the log-odds: by the record's moment, or the last level known."""
        moment = record.get(self._moment.name) if self._moment is not None else None
        if moment is None or self._moment is None:
            return self._drift.now
        return float(self._drift.at(np.array([self._moment.read(moment)]))[0])

    def best(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The likeliest entry for a record that names none."""
        chances = self._chances(record)
        config = self._config
        place = int(np.argmax(chances))
        found = {config.key: record[config.key]} if config.key is not None and config.key in record else {}
        found[OFFER] = self._names[place]
        if self._ways:
            found[CHANNEL] = self._ways[place]
        found[PROBABILITY] = float(chances[place])
        return found

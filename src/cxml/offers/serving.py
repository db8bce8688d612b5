"""Deciding in a service: one customer at a time within a millisecond, or a batch, by one policy and one catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import ConfigError, nearest
from cxml.frames import as_pandas, check_columns, check_record, check_unique, hash_rows
from cxml.offers.assign import assign
from cxml.offers.candidates import Judge
from cxml.offers.choice import best_lists
from cxml.offers.choosing import draw, taken_by
from cxml.offers.columns import CHANNEL, OFFER, PROBABILITY, PROPENSITY, RANK, UPLIFT, VALUE
from cxml.offers.contacts import Contacts, hash_key
from cxml.offers.decide import Decision, check_places, contacts_of, decide_by
from cxml.offers.moment import moment_of
from cxml.offers.policy import Policy
from cxml.offers.scores import Scores, ScoresOffers, ScoresRecords, check_scores
from cxml.offers.sides import Side

if TYPE_CHECKING:
    import pandas as pd


class Decider:
    """A model, a policy and a catalogue, made ready: rules are read and entries prepared once.

    A record is answered as a batch of this one customer would be at the same prices. It may be used by many threads.

    Parameters
    ----------
    model : ScoresOffers
        What scores customers: a trained offers model. Records are fast where it is `ScoresRecords` too.
    policy : Policy, optional
        Left out: whatever is likeliest.
    entries : DataFrame, optional
        The catalogue; left out, the model's own.
    key : str or None
        The customers' column that names them; None where there is none.
    offer : str
        The catalogue's column that names the offer.
    channel : str, optional
        The catalogue's column that names the channel.
    contacts : DataFrame, optional
        Contacts so far, for the policy's caps.
    time : str, optional
        The contacts' column of the moment.
    prices : mapping of limit -> float >= 0, optional
        Shadow prices (`Decision.prices`): what keeps single answers within a budget or a stock that all customers
        share. `decide` replaces them by those of its batch.
    seed : int, default=0
        Of the exploration.

    Raises
    ------
    ConfigError
        If a price is below 0 or names no limit of the policy.

    Examples
    --------
    >>> import pandas as pd
    >>> class Rates:
    ...     def entries(self):
    ...         return pd.DataFrame({"offer": ["gold", "data"], "margin": [90.0, 10.0]})
    ...     def score(self, customers, entries=None):
    ...         return Scores(np.tile([0.1, 0.5], (len(customers), 1)), np.zeros(2))
    >>> from cxml.offers.policy import Value
    >>> decider = Decider(Rates(), Policy(value=Value(margin="margin"), budget=0.0), key="id", offer="offer")
    >>> [(one["offer"], one["expected_value"]) for one in decider.predict_one({"id": "a"}, k=2)]
    [('gold', 9.0), ('data', 5.0)]
    >>> decider.predict_one({"name": "a"})
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Deciding needs the column 'id' - the data has 1 columns and not this one. Rename it or \
add it; where its values are unknown, leave them empty.
    """

    def __init__(
        self,
        model: ScoresOffers,
        policy: Policy | None = None,
        entries: Any = None,
        *,
        key: str | None,
        offer: str,
        channel: str | None = None,
        contacts: Any = None,
        time: str | None = None,
        prices: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        catalogue = as_pandas(entries if entries is not None else model.entries(), what="The catalogue")
        self._policy = policy if policy is not None else Policy()
        self._judge = Judge(self._policy, catalogue, offer=offer, channel=channel)
        self._model, self._key, self._time, self._seed = model, key, time, seed
        self._offer, self._channel = offer, channel
        self._contacts = self._counted(contacts)
        self._scorer = _scorer_of(model, catalogue)
        self.prices = _checked(prices or {}, self._limit_names())

    def _limit_names(self) -> list[str]:
        return [one.name for one in self._judge.limits(np.zeros((1, 1)))]

    def _counted(self, contacts: Any) -> Contacts | None:
        return contacts_of(
            self._policy, contacts, key=self._key, offer=self._offer, channel=self._channel, time=self._time
        )

    def decide(self, customers: Any, k: int = 1, *, now: Any = None, contacts: Any = None) -> Decision:
        """Decide for a batch, within the limits of the policy, and keep its prices for single records.

        Parameters
        ----------
        customers : DataFrame
            One row a customer.
        k : int >= 1, default=1
            The most offers a customer gets.
        now : date, datetime or text, optional
            The moment of the decision.
        contacts : DataFrame, optional
            Instead of the contacts given at first.

        Returns
        -------
        Decision
        """
        customers = as_pandas(customers, what="The customers")
        if self._key is not None:
            check_columns(customers.columns, [self._key], what="Deciding")
            check_unique(customers, [self._key], advice="A batch decides once for each customer.")
        log = self._contacts if contacts is None else self._counted(contacts)
        scores = self._model.score(customers, self._judge.entries)
        words: dict[str, Any] = {"key": self._key, "k": k, "now": now, "contacts": log, "seed": self._seed}
        decision = decide_by(self._judge, customers, scores, **words)
        self.prices = decision.prices
        return decision

    def predict_one(self, record: Mapping[str, Any], k: int = 1, *, now: Any = None) -> list[dict[str, Any]]:
        """Decide for one customer, at the prices of the last batch.

        Parameters
        ----------
        record : mapping of column -> value
        k : int >= 1, default=1
            The most offers.
        now : date, datetime or text, optional
            The moment of the decision.

        Returns
        -------
        list of dict
            Best first, with the columns of `Decision.chosen` (which says what the propensity of a rank is); empty where
            nothing is allowed.

        Raises
        ------
        FrameError
            If it is no mapping, or lacks a field that the policy or the model needs.
        """
        check_record(record)
        k, moment, judge = check_places(k), moment_of(now), self._judge
        hashes = self._hash(record)
        scores = check_scores(self._scorer(record), 1, len(judge.offers))
        judged = judge.judge(Side(record, 0), scores, hashes=hashes, now=moment, k=k, contacts=self._contacts)
        drawn = draw(judge, judged, scores, hashes, moment.days, self._seed)
        limits, known = judge.limits(judged.cost), self.prices
        taken = taken_by(np.array([known.get(one.name, 0.0) for one in limits]), limits)
        net = drawn.net(taken)
        if judged.choice.tangled().any():
            picks = np.flatnonzero(assign(net, judged.choice, []).chosen[0])
            picks = picks[np.argsort(-net[0, picks], kind="stable")]
        else:
            picks = best_lists(net, judged.choice)[0]
            picks = picks[picks >= 0]
        ranks = np.arange(len(picks))
        propensity = drawn.propensity(np.zeros(len(picks), dtype=np.int64), picks, ranks, judged.choice, taken)
        who = {} if self._key is None else {self._key: record[self._key]}
        rows = zip(ranks.tolist(), picks.tolist(), propensity.tolist(), strict=True)
        return [
            {
                **who,
                RANK: rank + 1,
                OFFER: judge.offer_values[entry],
                **({CHANNEL: judge.channel_values[entry]} if judge.channels else {}),
                PROBABILITY: float(scores.probability[0, entry]),
                **({UPLIFT: float(scores.uplift[0, entry])} if scores.uplift is not None else {}),
                VALUE: float(judged.value[0, entry]),
                PROPENSITY: chance,
            }
            for rank, entry, chance in rows
        ]

    def _hash(self, record: Mapping[str, Any]) -> np.ndarray:
        if self._key is None:
            import pandas as pd

            return hash_rows(pd.DataFrame([dict(record)]))
        check_columns(record, [self._key], what="Deciding")
        return hash_key(record, self._key)


def _scorer_of(model: ScoresOffers, entries: pd.DataFrame) -> Callable[[Mapping[str, Any]], Scores]:
    if isinstance(model, ScoresRecords):
        return model.scorer(entries)

    def score(record: Mapping[str, Any]) -> Scores:
        import pandas as pd

        return model.score(pd.DataFrame([dict(record)]), entries)

    return score


def _checked(prices: Mapping[str, float], known: list[str]) -> dict[str, float]:
    for name, price in prices.items():
        if name not in known:
            raise ConfigError(
                f"prices must name limits of the policy - got {name!r}.{nearest(name, known)} It has {known}."
            )
        if not price >= 0:
            raise ConfigError(f"prices must be 0 or more - got {price!r} for {name!r}.")
    return {name: float(price) for name, price in prices.items()}

"""Deciding for a batch: who gets which offers, by which rule everyone else does not, and what the limits cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import ConfigError
from cxml.frames import as_pandas, check_columns, check_unique, hash_rows
from cxml.offers.assign import Assignment
from cxml.offers.candidates import Judge, Judged
from cxml.offers.choice import Limit
from cxml.offers.choosing import draw, settle, taken_by
from cxml.offers.columns import CHANNEL, FATE, OFFER, PROBABILITY, PROPENSITY, RANK, RULE, UPLIFT, VALUE
from cxml.offers.contacts import Contacts, hash_texts
from cxml.offers.fates import fates
from cxml.offers.moment import moment_of
from cxml.offers.policy import Policy
from cxml.offers.scores import Scores, check_scores
from cxml.offers.sides import Side

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Decision:
    """What was decided for a batch of customers.

    Attributes
    ----------
    chosen : DataFrame
        One row an offer to make: key, ``rank`` (1 earns most for what it uses up), ``offer``, ``channel`` where there
        are channels, ``acceptance_probability``, ``uplift`` where the model has learned it, ``expected_value``,
        ``propensity``, to be logged. The index is that of the customers, repeated. Customers without an offer have no
        row.

        The propensity is the chance with which the policy puts this offer at this rank for this customer, whatever
        stands at the other ranks, at the prices of the limits: of each rank on its own, the chances of all entries add
        up to the chance that the rank is filled. It serves estimators that judge each rank alone. The propensities of a
        list must not be multiplied: an offer that stands at rank 1 cannot stand at rank 2, so the chance of a whole
        list is not their product. With ``k=1`` there is nothing to tell apart.
    limits : DataFrame
        One row a limit: ``limit``, ``most``, ``used``, ``shadow_price`` (what one more unit would earn).
    gap : float
        How much more a better choice could be worth at most, as a share of the value; 0 is optimal.
    notes : tuple of str
        What a person should know, such as rules that reject everyone.
    """

    chosen: pd.DataFrame
    limits: pd.DataFrame
    gap: float
    notes: tuple[str, ...]
    _pairs: _Pairs = field(repr=False, compare=False)

    @property
    def prices(self) -> dict[str, float]:
        """Limit -> shadow price: what `cxml.offers.serving.Decider` serves single records by."""
        return dict(zip(self.limits["limit"], self.limits["shadow_price"].astype(float), strict=True))

    def candidates(self) -> pd.DataFrame:
        """Give every customer x entry, with its fate and the first rule that rejected it.

        Returns
        -------
        DataFrame
            As `chosen`, with ``fate`` (chosen or rejected) and ``rule`` (empty where chosen) instead of propensity;
            ``rank`` is 0 where rejected.
        """
        return self._pairs.table()

    def rejections(self) -> pd.DataFrame:
        """Count what each rule rejected.

        Returns
        -------
        DataFrame
            ``rule``, ``pairs`` and ``customers`` (with at least one pair rejected by it), most pairs first.
        """
        return self._pairs.rejections()


@dataclass(frozen=True)
class _Pairs:
    customers: pd.DataFrame
    key: str | None
    judge: Judge
    scores: Scores
    judged: Judged
    ranks: np.ndarray
    #: As in `Judged`, with the rules that decided among the allowed; 0 where chosen.
    rule: np.ndarray
    names: list[str]

    def columns(self, rows: np.ndarray, entries: np.ndarray) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.key is not None:
            found[self.key] = self.customers[self.key].array.take(rows)
        found[RANK] = self.ranks[rows, entries]
        found[OFFER] = self.judge.entries[self.judge.offer].to_numpy()[entries]
        if self.judge.channel is not None:
            found[CHANNEL] = self.judge.entries[self.judge.channel].to_numpy()[entries]
        found[PROBABILITY] = self.scores.probability[rows, entries]
        if self.scores.uplift is not None:
            found[UPLIFT] = self.scores.uplift[rows, entries]
        found[VALUE] = self.judged.value[rows, entries]
        return found

    def table(self) -> pd.DataFrame:
        import pandas as pd

        n, m = self.rule.shape
        rows, entries = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
        found = self.columns(rows, entries)
        rule = self.rule[rows, entries]
        found[FATE] = np.where(rule == 0, "chosen", "rejected")
        found[RULE] = np.array(["", *self.names], dtype=object)[rule]
        return pd.DataFrame(found, index=self.customers.index[rows])

    def rejections(self) -> pd.DataFrame:
        import pandas as pd

        counts = [
            (name, int((self.rule == code).sum()), int((self.rule == code).any(axis=1).sum()))
            for code, name in enumerate(self.names, start=1)
        ]
        found = pd.DataFrame([one for one in counts if one[1]], columns=[RULE, "pairs", "customers"])
        return found.sort_values("pairs", ascending=False, kind="stable", ignore_index=True)


def decide(
    customers: Any,
    entries: Any,
    scores: Scores,
    policy: Policy | None = None,
    *,
    key: str | None,
    offer: str,
    channel: str | None = None,
    k: int = 1,
    now: Any = None,
    contacts: Any = None,
    time: str | None = None,
    seed: int = 0,
) -> Decision:
    """Choose offers for all customers of a batch, by the rules of a policy and within its limits.

    In this order: what is on offer now, eligibility, consent, fatigue, expected value; then, among what is allowed, the
    choice that is worth most for all customers together, within budget, capacities and stocks. With exploration, worth
    is drawn first, see `cxml.offers.policy.Explore`.

    Parameters
    ----------
    customers : DataFrame
        One row a customer, with the columns that the policy names.
    entries : DataFrame
        The catalogue: one row an offer, or an offer through a channel.
    scores : Scores
        Of these customers and these entries.
    policy : Policy, optional
        Left out: whatever is likeliest.
    key : str or None
        The customers' column that names them.
    offer : str
        The catalogue's column that names the offer.
    channel : str, optional
        The catalogue's column that names the channel.
    k : int >= 1, default=1
        The most offers a customer gets, each offer once.
    now : date, datetime or text, optional
        The moment of the decision; left out, the clock's, in local time. With a zone its own clock counts: dates and
        moments without a zone (of contacts, starts and ends) are read by the same clock, those with one as instants.
    contacts : DataFrame, optional
        Contacts so far, for the policy's caps: the columns `key`, `offer`, `channel`, and a time.
    time : str, optional
        The contacts' column of the moment; left out: ``time``, or else the only column of dates.
    seed : int, default=0
        Of the exploration. The same customer asked twice in a day draws the same.

    Returns
    -------
    Decision

    Raises
    ------
    FrameError
        If customers or entries repeat, a column is missing, a probability is missing, or a cost is negative.
    ConfigError
        If a rule names an unknown column, the policy an unknown channel, `k` is below 1, or the budget
        pays for nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({"id": ["a", "b"], "age": [15, 40]})
    >>> entries = pd.DataFrame({"offer": ["loan", "data"], "margin": [100.0, 10.0]})
    >>> scores = Scores(np.array([[0.2, 0.5], [0.2, 0.5]]), np.zeros(2))
    >>> from cxml.offers.policy import Value
    >>> policy = Policy(eligibility={"adults": "age >= 19 or offer != 'loan'"}, value=Value(margin="margin"))
    >>> decision = decide(customers, entries, scores, policy, key="id", offer="offer")
    >>> decision.chosen[["id", "offer", "expected_value"]].values.tolist()
    [['a', 'data', 5.0], ['b', 'loan', 20.0]]
    >>> decision.candidates()["rule"].tolist()
    ['eligibility: adults', '', '', 'rank: better offers fill the 1 places']
    >>> decide(customers, entries, scores, policy, key="id", offer="offer", k=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: k must be a whole number from 1 up - got 0. It is how many offers a customer can get.
    """
    policy = policy if policy is not None else Policy()
    judge = Judge(policy, entries, offer=offer, channel=channel)
    customers = as_pandas(customers, what="The customers")
    if key is not None:
        check_columns(customers.columns, [key], what="Deciding")
        check_unique(customers, [key], advice="A batch decides once for each customer.")
    log = contacts_of(policy, contacts, key=key, offer=offer, channel=channel, time=time)
    return decide_by(judge, customers, scores, key=key, k=k, now=now, contacts=log, seed=seed)


def contacts_of(
    policy: Policy, contacts: Any, *, key: str | None, offer: str, channel: str | None, time: str | None
) -> Contacts | None:
    """Make contacts ready to be counted, where the policy counts any."""
    if contacts is None or isinstance(contacts, Contacts) or not policy.fatigue:
        return contacts if isinstance(contacts, Contacts) else None
    if key is None:
        raise ConfigError("contacts= must be counted for each customer - got no key=. Name the customers' column.")
    return Contacts(contacts, key=key, offer=offer, channel=channel, time=time, caps=policy.fatigue)


def check_places(k: Any) -> int:
    """Refuse a `k` that is no whole number from 1 up."""
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        raise ConfigError(f"k must be a whole number from 1 up - got {k!r}. It is how many offers a customer can get.")
    return int(k)


def decide_by(
    judge: Judge,
    customers: pd.DataFrame,
    scores: Scores,
    *,
    key: str | None,
    k: int,
    now: Any,
    contacts: Contacts | None,
    seed: int,
) -> Decision:
    """Decide by a policy that is ready; the parameters are those of `decide`."""
    k, moment = check_places(k), moment_of(now)
    scores = check_scores(scores, len(customers), len(judge.entries))
    hashes = hash_texts(customers[key]) if key is not None else hash_rows(customers)
    judged = judge.judge(Side(customers, 0), scores, hashes=hashes, now=moment, k=k, contacts=contacts)
    limits = judge.limits(judged.cost)
    _check_budget(judge, judged)
    drawn = draw(judge, judged, scores, hashes, moment.days, seed)
    answer = settle(drawn, judged.choice, limits)
    taken = taken_by(answer.prices, limits)
    net = drawn.net(taken)
    rows, entries, ranks = _ranked(answer.chosen, net)
    placed = np.zeros(net.shape, dtype=np.int64)
    placed[rows, entries] = ranks + 1
    rule, names = fates(judge, judged, drawn, answer, limits, k)
    pairs = _Pairs(customers, key, judge, scores, judged, placed, rule, names)
    propensity = drawn.propensity(rows, entries, ranks, judged.choice, taken)
    return _decision(pairs, rows, entries, propensity, answer, limits, _notes(judge, pairs, contacts, propensity))


def _decision(
    pairs: _Pairs,
    rows: np.ndarray,
    entries: np.ndarray,
    propensity: np.ndarray,
    answer: Assignment,
    limits: list[Limit],
    notes: tuple[str, ...],
) -> Decision:
    import pandas as pd

    found = {**pairs.columns(rows, entries), PROPENSITY: propensity}
    chosen = pd.DataFrame(found, index=pairs.customers.index[rows])
    table = {"limit": [one.name for one in limits], "most": [one.most for one in limits]}
    used = pd.DataFrame({**table, "used": answer.used, "shadow_price": answer.prices})
    return Decision(chosen, used, answer.gap, notes, pairs)


def _ranked(chosen: np.ndarray, net: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chosen pairs by customer and rank: (rows, entries, ranks from 0)."""
    rows, entries = np.nonzero(chosen)
    order = np.lexsort((-net[rows, entries], rows))
    rows, entries = rows[order], entries[order]
    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows, side="left")
    return rows, entries, ranks


def _check_budget(judge: Judge, judged: Judged) -> None:
    """Refuse a budget that pays for not one offer that all other rules allow."""
    if judge.policy.budget is None or not judged.rule.size or (judged.rule == 0).any():
        return
    too_dear = judged.rule == 1 + judged.names.index("budget")
    if too_dear.any():
        cheapest = float(np.broadcast_to(judged.cost, judged.rule.shape)[too_dear].min())
        raise ConfigError(
            f"budget must pay for at least one offer - got {judge.policy.budget:g}, and the cheapest that the other "
            f"rules allow costs {cheapest:g}. The nearest feasible budget is {cheapest:g}."
        )


def _notes(judge: Judge, pairs: _Pairs, contacts: Contacts | None, propensity: np.ndarray) -> tuple[str, ...]:
    notes = []
    if judge.policy.fatigue and contacts is None:
        notes.append("The caps of fatigue count only what is decided now: contacts= was not given.")
    if np.isnan(propensity).any():
        notes.append(
            f"{int(np.isnan(propensity).sum()):,} propensities are missing: where caps by channel bind within a list "
            "of several offers, they have no closed form."
        )
    total, left = pairs.rule.size, pairs.rule.size
    for code, name in enumerate(pairs.judged.names, start=1):
        rejected = int((pairs.judged.rule == code).sum())
        if rejected and rejected == left:
            notes.append(f"The rule '{name}' rejects all {rejected:,} pairs that the rules before it had left.")
        left -= rejected
    if not (pairs.rule == 0).any():
        counts = pairs.rejections()
        shares = [f"{row.rule} ({row.pairs:,})" for row in counts.itertuples()]
        notes.append(f"No customer gets an offer. Of {total:,} pairs were rejected by {', '.join(shares)}.")
    return tuple(notes)

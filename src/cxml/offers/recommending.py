"""From a model to the answer of `cxml.offers.predict`: scores, a decision by the policy, and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from cxml.contract import Explanation
from cxml.errors import ConfigError
from cxml.frames import as_pandas
from cxml.offers.catalogue import ONLY_OFFER, pair_places
from cxml.offers.columns import CHANNEL, FATE, OFFER, PROBABILITY
from cxml.offers.decide import decide
from cxml.offers.history import OF_CUSTOMER, OF_PAIR
from cxml.offers.liking import LIKING
from cxml.offers.policy import Policy, Value
from cxml.offers.scored import DRIFT
from cxml.offers.scores import Scores
from cxml.reasons import REASONS, SENTENCE, Language, add_reasons, check_reasons

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

_HEAD = {
    "en": "{chance:.0%} likely to accept {offer}",
    "ko": "{offer} 수락 가능성 {chance:.0%}",
}
_KO = dict(
    zip(
        (*OF_CUSTOMER, *OF_PAIR, LIKING, DRIFT),
        (
            "최근 30일 제안받은 횟수",
            "최근 90일 제안받은 횟수",
            "최근 90일 수락한 횟수",
            "과거 수락률",
            "마지막 제안 뒤 지난 일수",
            "마지막 수락 뒤 지난 일수",
            "최근 90일 이용 횟수",
            "최근 90일 이 제안을 받은 횟수",
            "최근 90일 이 제안을 수락한 횟수",
            "이 제안을 받은 뒤 지난 일수",
            "최근 90일 이 상품 이용 횟수",
            "이 채널의 과거 수락률",
            "이전 선택과의 유사도",
            "최근 전체 수락률 수준",
        ),
        strict=True,
    )
)
#: The column of a catalogue in which an acceptance of each offer is worth what it was worth in the log.
WORTH = "worth_of_acceptance"


@runtime_checkable
class ExplainsPairs(Protocol):
    """Splits the score of customers with given entries among the columns."""

    def explain_pairs(self, customers: pd.DataFrame, entries: pd.DataFrame, places: np.ndarray) -> Explanation:
        """Shapley values, one row a customer with the entry at its place."""
        ...


def recommend(
    trained: Trained,
    customers: pd.DataFrame,
    *,
    k: int,
    policy: Any,
    offers: Any,
    contacts: Any,
    now: Any,
    everything: bool,
    reasons: int,
    language: Language,
    seed: int,
) -> pd.DataFrame:
    """Answer `cxml.offers.predict`, whose parameters these are."""
    model: Any = trained.model
    config = trained.config
    if reasons:
        check_reasons(reasons, language)
        if not isinstance(model, ExplainsPairs):
            raise ConfigError(
                f"reasons= needs a model that explains itself - {trained.name!r} does not. Use 'propensity'."
            )
    rows = customers.reset_index(drop=True)
    if now is not None and config.time is not None and config.time not in rows:
        rows = rows.assign(**{config.time: now})
    entries = model.entries() if offers is None else as_pandas(offers, what="offers=").reset_index(drop=True)
    scores = model.score(rows, entries)
    policy, entries = _settled(policy, model, entries, scores)
    decision = decide(
        rows,
        entries,
        scores,
        policy,
        key=config.key if config.key in rows else None,
        offer=config.offer or ONLY_OFFER,
        channel=config.channel,
        k=k,
        now=now,
        contacts=contacts,
        seed=seed,
    )
    found = decision.candidates() if everything else decision.chosen
    found.attrs["notes"] = decision.notes
    at = found.index.to_numpy()
    ways = found[CHANNEL] if config.channel else None
    places = pair_places(entries, found[OFFER], ways, config)
    found[OFFER] = entries[config.offer or ONLY_OFFER].to_numpy()[places]
    if reasons:
        found = _explained(found, model, rows, entries, at, places, reasons, language)
    return found.set_axis(customers.index[at], axis=0)


def _settled(policy: Any, model: Any, entries: pd.DataFrame, scores: Scores) -> tuple[Policy, pd.DataFrame]:
    """The policy, and what an acceptance is worth where none says it."""
    if isinstance(policy, Mapping):
        policy = Policy.from_json(policy)
    if isinstance(policy, Policy):
        return policy, entries
    if policy is not None:
        raise ConfigError(
            f"policy must be a Policy, or one as JSON values - got {type(policy).__name__}. Such as Policy(budget=1e6)."
        )
    if scores.uplift is not None:
        return Policy(value=Value(by="uplift")), entries
    worth = model.worth(entries) if hasattr(model, "worth") else None
    if worth is None:
        return Policy(), entries
    return Policy(value=Value(margin=WORTH)), entries.assign(**{WORTH: worth})


def _explained(
    found: pd.DataFrame,
    model: ExplainsPairs,
    customers: pd.DataFrame,
    entries: pd.DataFrame,
    at: np.ndarray,
    places: np.ndarray,
    reasons: int,
    language: Language,
) -> pd.DataFrame:
    """Reasons of what is chosen; rejected candidates have none."""
    chosen = (found[FATE] == "chosen").to_numpy() if FATE in found else np.ones(len(found), dtype=bool)
    told = found.assign(**{REASONS: None, SENTENCE: None}).astype({REASONS: object, SENTENCE: object})
    if not chosen.any():
        return told
    explanation = model.explain_pairs(customers.iloc[at[chosen]], entries, places[chosen])
    rows = found[chosen]
    heads = [
        _HEAD[language].format(chance=chance, offer=offer)
        for chance, offer in zip(rows[PROBABILITY], rows[OFFER], strict=True)
    ]
    names = _KO if language == "ko" else {}
    with_reasons = add_reasons(
        rows,
        explanation,
        {language: heads},
        reasons=reasons,
        language=language,
        name_of=lambda name: names.get(name, name.removeprefix("history: ")),
    )
    for name in (REASONS, SENTENCE):
        values = np.full(len(found), None, dtype=object)
        for place, value in zip(np.flatnonzero(chosen), with_reasons[name], strict=True):
            values[place] = value
        told[name] = values
    return told

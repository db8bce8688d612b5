"""Why a pair that every rule of the policy allows was not chosen all the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxml.offers.assign import Assignment
from cxml.offers.candidates import Judge, Judged
from cxml.offers.choice import Limit
from cxml.offers.choosing import Draw

#: Rules that decide after the policy's own: a pair was allowed, and still not chosen.
FULL = "rank: better offers fill the {k} places"
SAME = "rank: the same offer through a better channel"
DRAWN = "explore: its draw is not worth it"
RANDOM = "explore: others were drawn at random"
WHOLE = "rank: other customers make better use of the limits"


def fates(
    judge: Judge, judged: Judged, drawn: Draw, answer: Assignment, limits: list[Limit], k: int
) -> tuple[np.ndarray, list[str]]:
    """Name the rule that decided against each pair that was allowed and not chosen.

    Parameters
    ----------
    judge : Judge
    judged : Judged
    drawn : Draw
    answer : Assignment
    limits : list of Limit
    k : int >= 1
        The most offers a customer can get.

    Returns
    -------
    array of int, shape (n_customers, n_entries)
        As in `Judged`: 0 where chosen, else 1 + the place of the rule's name.
    list of str
        The names.
    """
    rule, names = judged.rule.copy(), list(judged.names)
    chosen, worth, choice = answer.chosen, drawn.worth, judged.choice
    open_ = (rule == 0) & ~chosen

    def reject(name: str, pairs: np.ndarray) -> None:
        here = open_ & pairs
        if here.any():
            if name not in names:
                names.append(name)
            rule[here] = 1 + names.index(name)
            open_[here] = False

    count = chosen.sum(axis=1)
    full = (count >= choice.places)[:, None]
    reject(DRAWN, worth <= 0)
    for offer in np.unique(choice.offers):
        columns = choice.offers == offer
        if columns.sum() > 1:
            reject(SAME, np.any(chosen[:, columns], axis=1, keepdims=True) & columns[None, :])
    reject(RANDOM, full & drawn.at_random[:, None])
    worst = np.min(np.where(chosen, worth, np.inf), axis=1, keepdims=True)
    caps = " / ".join(cap.name for cap in judge.policy.fatigue if not cap.offer and cap.channel is None)
    capped = (choice.places < k)[:, None]
    reject(f"fatigue: {caps}", capped & full & (worth <= worst))
    reject(FULL.format(k=k), full & (worth <= worst))
    _reject_by_limits(reject, answer, limits, chosen.shape)
    caps = " / ".join(cap.name for cap in judge.policy.fatigue if not cap.offer and cap.channel is not None)
    reject(f"fatigue: {caps}", choice.tangled()[:, None] & np.ones(chosen.shape, dtype=bool))
    reject(FULL.format(k=k), full & np.ones(chosen.shape, dtype=bool))
    reject(WHOLE, np.ones(chosen.shape, dtype=bool))
    return rule, names


def _reject_by_limits(reject: Any, answer: Assignment, limits: list[Limit], shape: tuple[int, ...]) -> None:
    """The limit whose price weighs most on a pair rejects it; without prices, one that it no longer fits into."""
    if not limits:
        return
    weights = [np.broadcast_to(price * one.use, shape) for price, one in zip(answer.prices, limits, strict=True)]
    most = np.maximum.reduce(weights)
    for weight, one in zip(weights, limits, strict=True):
        reject(one.name, (weight >= most) & (weight > 0))
    for used, one in zip(answer.used, limits, strict=True):
        reject(one.name, np.broadcast_to(one.use, shape) > one.most * (1 + 1e-9) - used)

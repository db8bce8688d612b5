"""The worth by which a choice is made, with or without exploration, and the chance with which it was made."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cxml.offers.assign import Assignment, assign
from cxml.offers.candidates import Judge, Judged
from cxml.offers.choice import Choice, Limit, best_lists, fill, marked
from cxml.offers.contacts import hash_text
from cxml.offers.explore import epsilon_propensity, random_worth, uniforms
from cxml.offers.scores import Scores
from cxml.offers.thompson import Thompson

#: Decides who explores; no entry has this name.
_EXPLORES = np.array([hash_text("\x1fwho explores\x1f")], dtype=np.uint64)


@dataclass(frozen=True)
class Draw:
    """What each pair counts as when the choice is made.

    Attributes
    ----------
    worth : array of float, shape (n_customers, n_entries)
        Expected or drawn; a random order for those who explore at random; -inf where not allowed.
    expected : array of float, shape (n_customers, n_entries)
        As expected; -inf where not allowed.
    at_random : array of bool, shape (n_customers,)
        Who explores at random; prices do not move their choice.
    epsilon : float
    thompson : Thompson, optional
    """

    worth: np.ndarray
    expected: np.ndarray
    at_random: np.ndarray
    epsilon: float = 0.0
    thompson: Thompson | None = None

    def net(self, taken: np.ndarray) -> np.ndarray:
        """Worth after what the prices take."""
        found: np.ndarray = np.where(self.at_random[:, None], self.worth, self.worth - taken)
        return found

    def propensity(
        self, rows: np.ndarray, entries: np.ndarray, ranks: np.ndarray, choice: Choice, taken: np.ndarray
    ) -> np.ndarray:
        """The chance of each choice; NaN where channels bind within a list, which has no closed form.

        Parameters
        ----------
        rows, entries, ranks : arrays of int, shape (n_pairs,)
        choice : Choice
        taken : array of float, broadcastable to (n_customers, n_entries)

        Returns
        -------
        array of float in [0, 1], shape (n_pairs,)
        """
        if not len(rows) or (self.thompson is None and self.epsilon == 0.0):
            return np.ones(len(rows))
        allowed = np.isfinite(self.expected)
        if self.thompson is not None:
            found = self.thompson.propensity(rows, entries, ranks, allowed, choice, taken)
        else:
            net = self.expected - taken
            best = best_lists(net, choice)[rows, ranks] == entries
            # Whoever does not explore has what the batch gave: where a limit splits equals, not the best at its price.
            greedy = best | ~self.at_random[rows]
            found = epsilon_propensity(rows, entries, allowed, choice, greedy, self.epsilon)
        return np.where(choice.tangled()[rows], np.nan, found)


def draw(judge: Judge, judged: Judged, scores: Scores, hashes: np.ndarray, moment: float, seed: int) -> Draw:
    """Draw what each pair counts as.

    Parameters
    ----------
    judge : Judge
    judged : Judged
    scores : Scores
    hashes : array of uint64, shape (n_customers,)
    moment : float, days since 1970-01-01
    seed : int

    Returns
    -------
    Draw
    """
    explore, shift = judge.policy.explore, min(judge.policy.least_value, 0.0)
    allowed = judged.rule == 0
    expected = np.where(allowed, judged.value - shift, -np.inf)
    nobody = np.zeros(len(expected), dtype=bool)
    if explore is None:
        return Draw(expected, expected, nobody)
    day = int(np.floor(moment))
    uniform = uniforms(hashes, judge.hashes, seed=seed, day=day)
    if explore.method == "thompson":
        cost, spread = judged.cost + shift, scores.spread * explore.scale
        thompson = Thompson(scores.probability, spread, judged.control, judged.margin, cost)
        return Draw(np.where(allowed, thompson.drawn(uniform), -np.inf), expected, nobody, thompson=thompson)
    at_random = uniforms(hashes, _EXPLORES, seed=seed, day=day)[:, 0] < explore.epsilon
    of_offer = uniforms(hashes, judge.offer_hashes, seed=seed + 1, day=day)
    chance = random_worth(uniform, of_offer, allowed, judge.offer_codes)
    return Draw(np.where(at_random[:, None], chance, expected), expected, at_random, epsilon=explore.epsilon)


def taken_by(prices: np.ndarray, limits: list[Limit]) -> np.ndarray:
    """What the prices of the limits take from the worth of each pair.

    Parameters
    ----------
    prices : array of float, shape (n_limits,)
    limits : list of Limit

    Returns
    -------
    array of float, broadcastable to (n_customers, n_entries)
    """
    total = np.zeros((1, 1))
    for price, one in zip(prices, limits, strict=True):
        if price > 0:
            total = total + price * one.use
    return total


def settle(drawn: Draw, choice: Choice, limits: list[Limit]) -> Assignment:
    """Choose for a batch: those who explore at random first, as far as the limits go, then the best for all others.

    Parameters
    ----------
    drawn : Draw
    choice : Choice
    limits : list of Limit

    Returns
    -------
    Assignment
    """
    if not drawn.at_random.any():
        return assign(drawn.worth, choice, limits)
    lists = marked(best_lists(np.where(drawn.at_random[:, None], drawn.worth, -np.inf), choice), drawn.worth.shape[1])
    lists = fill(lists, drawn.worth, limits)
    used = [float(np.broadcast_to(one.use, lists.shape)[lists].sum()) for one in limits]
    rest = [replace(one, most=max(one.most - took, 0.0)) for one, took in zip(limits, used, strict=True)]
    others = replace(choice, places=np.where(drawn.at_random, 0, choice.places))
    found = assign(np.where(drawn.at_random[:, None], -np.inf, drawn.worth), others, rest)
    return replace(found, chosen=found.chosen | lists, used=found.used + np.array(used))

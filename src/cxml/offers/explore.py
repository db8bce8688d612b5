"""Exploration: random choices that can be repeated, and the chance with which each was made.

Randomness is counted, not drawn in turn: each number is a hash of the seed, the customer, the day and the entry. The
same customer asked twice in a day gets the same numbers, whoever else is in the batch.

The **propensity** of a choice is the chance that the policy puts this entry at this rank, given the customer, the
scores and the prices of the limits: what off-policy estimators need logged (Saito et al. 2020, arXiv 2008.07146,
whose logs hold it by position too).
"""

from __future__ import annotations

import numpy as np

from cxml.offers.choice import Choice

_GOLDEN, _FIRST, _SECOND = (np.uint64(one) for one in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def uniforms(customers: np.ndarray, entries: np.ndarray, *, seed: int, day: int) -> np.ndarray:
    """Numbers between 0 and 1 that hang on the seed, the customer, the day and the entry, and on nothing else.

    The mixing is that of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA), used on a counter.

    Parameters
    ----------
    customers : array of uint64, shape (n,)
    entries : array of uint64, shape (m,)
    seed, day : int

    Returns
    -------
    array of float in (0, 1), shape (n, m)

    Examples
    --------
    >>> customers, entries = np.arange(3, dtype=np.uint64), np.arange(2, dtype=np.uint64)
    >>> together = uniforms(customers, entries, seed=0, day=20000)
    >>> bool((together[2:] == uniforms(customers[2:], entries, seed=0, day=20000)).all())
    True
    """
    # Python's own numbers: numpy warns where a single number wraps round.
    moment = (seed * 0x9E3779B97F4A7C15 + day * 0xD1B54A32D192ED03 + 1) % 2**64
    who = _mixed(customers ^ np.uint64(moment))
    what = _mixed(entries + _GOLDEN)
    found: np.ndarray = ((_mixed(who[:, None] + what[None, :]) >> np.uint64(11)).astype(float) + 0.5) / 2.0**53
    return found


def _mixed(numbers: np.ndarray) -> np.ndarray:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _FIRST
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _SECOND
    found: np.ndarray = numbers ^ (numbers >> np.uint64(31))
    return found


def random_worth(uniform: np.ndarray, offer_uniform: np.ndarray, allowed: np.ndarray, offers: np.ndarray) -> np.ndarray:
    """Worth that makes `best_lists` choose at random: offers alike, then one of each offer's entries alike.

    Parameters
    ----------
    uniform : array of float in (0, 1), shape (n_customers, n_entries)
        Decides among the entries of one offer.
    offer_uniform : array of float in (0, 1), shape (n_customers, n_entries)
        The same for all entries of an offer: decides among offers.
    allowed : array of bool, shape (n_customers, n_entries)
    offers : array of int, shape (n_entries,)

    Returns
    -------
    array of float, shape (n_customers, n_entries)
        In (0, 1) for the entries in question, -inf for the others.

    Examples
    --------
    >>> one = np.array([[0.3, 0.6, 0.9]])
    >>> random_worth(one, np.array([[0.5, 0.5, 0.2]]), np.array([[True, True, False]]), np.array([0, 0, 1])).tolist()
    [[-inf, 0.5, -inf]]
    """
    found = np.full(allowed.shape, -np.inf)
    rows = np.arange(len(allowed))
    for offer in np.unique(offers):
        columns = np.flatnonzero(offers == offer)
        best = columns[np.where(allowed[:, columns], uniform[:, columns], -1.0).argmax(axis=1)]
        some = allowed[rows, best]
        found[rows[some], best[some]] = offer_uniform[rows[some], best[some]]
    return found


def epsilon_propensity(
    rows: np.ndarray,
    entries: np.ndarray,
    allowed: np.ndarray,
    choice: Choice,
    greedy: np.ndarray,
    epsilon: float,
) -> np.ndarray:
    """The chance that epsilon-greedy puts each entry at its rank.

    ``epsilon / (offers x entries of the offer) + (1 - epsilon)`` where the greedy list has it there, the first term
    alone elsewhere; only what the customer is allowed counts.

    Parameters
    ----------
    rows, entries : arrays of int, shape (n_pairs,)
    allowed : array of bool, shape (n_customers, n_entries)
    choice : Choice
    greedy : array of bool, shape (n_pairs,)
        Whether the list that is made without exploring has the entry at this rank.
    epsilon : float in [0, 1]

    Returns
    -------
    array of float in [0, 1], shape (n_pairs,)

    Examples
    --------
    >>> choice = Choice(np.array([0, 1]), np.array([0, 0]), np.array([1]))
    >>> pair = np.array([0])
    >>> epsilon_propensity(pair, pair, np.ones((1, 2), bool), choice, np.array([True]), 0.2).tolist()
    [0.9]
    """
    within = np.array([allowed[:, choice.offers == offer].sum(axis=1) for offer in range(int(choice.offers.max()) + 1)])
    offers = (within > 0).sum(axis=0)
    random = 1.0 / np.maximum(offers[rows] * within[choice.offers[entries], rows], 1)
    found: np.ndarray = epsilon * random + (1.0 - epsilon) * greedy
    return found

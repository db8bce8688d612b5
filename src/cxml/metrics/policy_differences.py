"""How much more a policy would have earned than another, on the same log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxml.errors import shorten
from cxml.metrics._policy_log import (
    Estimator,
    Log,
    Terms,
    checked_clip,
    modelled_terms,
    on_policy_terms,
    read_log,
    same_rows,
    weighted_terms,
)

PRIOR_ROWS = 20
"""An offer made so often counts half as itself and half as the mean of all, when the most accepted is looked for."""


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """How much more a policy earns an offer than another, on the same log.

    Attributes
    ----------
    policy, against : str
        Names of the two.
    estimator : {"ips", "snips", "dr"}
        Of the policy; see `compare_policies` for the other's.
    difference, lower, upper : float
        Mean reward an offer of `policy` less that of `against`, and its interval, in the unit of the reward.
    level : float in (0, 1)
        Confidence of the interval.
    notes : tuple of str
        What to know before the figure is used.

    Examples
    --------
    >>> print(PolicyDifference("new", "logging policy", "snips", 0.0031, 0.0012, 0.0049, 0.95, ()))
    new earns 0.0031 [0.0012, 0.0049] more than logging policy (snips)
    """

    policy: str
    against: str
    estimator: Estimator
    difference: float
    lower: float
    upper: float
    level: float
    notes: tuple[str, ...]

    def __str__(self) -> str:
        text = (
            f"{self.policy} earns {self.difference:.4g} [{self.lower:.4g}, {self.upper:.4g}] more than "
            f"{self.against} ({self.estimator})"
        )
        return "; ".join([text, *self.notes])


def compare_policies(
    reward: ArrayLike,
    propensity: ArrayLike,
    policies: Mapping[str, ArrayLike],
    *,
    offer: ArrayLike | None = None,
    expected: ArrayLike | None = None,
    expected_policy: Mapping[str, ArrayLike] | None = None,
    groups: ArrayLike | None = None,
    clip: float | None = None,
    level: float = 0.95,
) -> tuple[PolicyDifference, ...]:
    """How much more policies would earn an offer than the logging policy, and than one offer to everyone.

    Both are judged on the same rows, whose luck largely cancels: the interval is that of the rows' differences, each
    row counted by its influence on either estimate. Policies are estimated by "snips", or by "dr" where expected
    rewards are given; the logging policy by its mean reward; the most accepted offer by "snips".

    Parameters
    ----------
    reward, propensity, groups, clip, level
        As in `policy_value`.
    policies : mapping of str to array of float in [0, 1], shape (n_rows,)
        Name of a policy -> chance with which it would have drawn the logged offer.
    offer : array, shape (n_rows,), optional
        The logged offer. Given, policies are also compared with the most accepted offer to everyone, chosen for each
        half of the units on the other half, so that it is not flattered by its own luck (`most_accepted`).
    expected : array of float, shape (n_rows,), optional
        As in `policy_value`.
    expected_policy : mapping of str to array of float, shape (n_rows,), optional
        Name of a policy -> its expected reward for the row's customer. Needed with `expected`.

    Returns
    -------
    tuple of PolicyDifference
        For each policy, against "logging policy" and, with `offer`, against "most accepted to everyone".

    Raises
    ------
    ValueError
        As `policy_value`; if `policies` is empty, or expected rewards are given for some of them only.

    References
    ----------
    .. [1] Bottou, L., et al. (2013). Counterfactual reasoning and learning systems. Journal of Machine Learning
       Research, 14, 3207-3260 (differences between policies on one log).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> offer = rng.integers(0, 2, 4000)
    >>> reward = rng.random(4000) < np.where(offer == 1, 0.3, 0.2)
    >>> for one in compare_policies(reward, np.full(4000, 0.5), {"always 1": offer == 1}, offer=offer):
    ...     print(one)
    always 1 earns 0.04569 [0.03243, 0.05891] more than logging policy (snips)
    always 1 earns 0 [0, 0] more than most accepted to everyone (snips); both do the same in every row
    >>> compare_policies(reward, np.full(4000, 0.5), {})
    Traceback (most recent call last):
        ...
    ValueError: `policies` must map the names of policies to their chances, got none. \
Write {'new': target_probabilities}.
    """
    if not policies:
        raise ValueError(
            "`policies` must map the names of policies to their chances, got none. Write {'new': target_probabilities}."
        )
    log, cut = read_log(reward, propensity, groups, level), checked_clip(clip)
    rivals = {"logging policy": on_policy_terms(log)}
    if offer is not None:
        rivals["most accepted to everyone"] = _most_accepted_terms(log, offer, cut)
    means = _means_of(policies, expected, expected_policy)
    found = []
    for policy, target in policies.items():
        weight, notes = log.weigh(target, cut, policy)
        estimator: Estimator = "snips" if expected is None else "dr"
        if expected is None:
            terms = weighted_terms(log, weight, notes, "snips")
        else:
            terms = modelled_terms(log, weight, notes, expected, means[policy])
        found += [_difference(log, (policy, against), estimator, terms, other) for against, other in rivals.items()]
    return tuple(found)


def most_accepted(offer: ArrayLike, reward: ArrayLike, propensity: ArrayLike) -> object:
    """Find the offer with the highest mean reward an offer, each row weighed by one over its propensity.

    Each offer's mean is drawn towards that of all by the weight of 20 rows, or by as much as earns one reward on
    average where that is more: an offer made and accepted twice is not the best.

    Parameters
    ----------
    offer : array, shape (n_rows,)
        The logged offer.
    reward : array of float, shape (n_rows,)
        What it brought.
    propensity : array of float in (0, 1], shape (n_rows,)
        Chance with which it was drawn.

    Returns
    -------
    object
        One of the values of `offer`; the first in order where several are alike.

    Raises
    ------
    ValueError
        As `policy_value`.

    Examples
    --------
    >>> most_accepted(["a", "a", "b", "b", "b"], [1, 0, 1, 1, 1], [0.5] * 5)
    'b'
    >>> most_accepted(["a"], [1, 0], [0.5, 0.5])
    Traceback (most recent call last):
        ...
    ValueError: `offer` must describe the same rows as `reward`, got 1 and 2 of them. Pass both in the order of the log.
    """
    log = read_log(reward, propensity, None, 0.95)
    named = np.asarray(offer)
    same_rows(log.reward, named, "offer")
    known, of = np.unique(named, return_inverse=True)
    inverse = 1 / log.propensity
    weight, earned = np.bincount(of, weights=inverse), np.bincount(of, weights=inverse * log.reward)
    mean = float(earned.sum() / weight.sum())
    accepted = max(1, int(np.count_nonzero(log.reward)))
    prior = float(weight.sum()) * max(1 / accepted, PRIOR_ROWS / named.size)
    best: object = known[int(np.argmax((earned + prior * mean) / (weight + prior)))]
    return best.item() if isinstance(best, np.generic) else best


def _means_of(
    policies: Mapping[str, ArrayLike], expected: ArrayLike | None, means: Mapping[str, ArrayLike] | None
) -> Mapping[str, ArrayLike]:
    lacking = [] if expected is None and means is None else [name for name in policies if name not in (means or {})]
    if lacking or (expected is None) != (means is None):
        raise ValueError(
            "`expected` must come with the `expected_policy` of every policy, got "
            f"{'no `expected`' if expected is None else 'none for ' + shorten(lacking)}. Give both, or neither."
        )
    return means or {}


def _most_accepted_terms(log: Log, offer: ArrayLike, clip: float | None) -> Terms:
    named = np.asarray(offer)
    same_rows(log.reward, named, "offer")
    # A unit's half hangs on its number alone, so that the same log is always halved alike.
    half = np.random.default_rng(0).permutation(log.units)[log.unit] % 2 == 0
    target = np.zeros(named.size)
    for mine in (half, ~half):
        if mine.all():
            raise ValueError(
                "`groups` must name at least 2 of them, got 1: the best offer is chosen on other customers."
            )
        target[mine] = named[mine] == most_accepted(named[~mine], log.reward[~mine], log.propensity[~mine])
    weight, notes = log.weigh(target, clip, "offer")
    return weighted_terms(log, weight, notes, "snips")


def _difference(
    log: Log, names: tuple[str, str], estimator: Estimator, first: Terms, second: Terms
) -> PolicyDifference:
    moved = first.influence - second.influence
    lower, upper = log.interval(moved, np.ones(moved.size))
    notes = tuple(dict.fromkeys((*first.notes, *second.notes)))
    if not moved.any():
        lower, upper, notes = 0.0, 0.0, (*notes, "both do the same in every row")
    return PolicyDifference(*names, estimator, first.value - second.value, lower, upper, log.level, notes)

"""What a policy would have earned, from the log of another that drew its choices with known chances.

A log row is an offer made: what was drawn with which chance (its propensity), and what it brought. The policy judged
would have drawn the same offer with another chance (its target probability). With weight w = target / propensity,
reward r, and an expected reward q of the logged offer and Q of the policy
(its mean over the policy's choices) [1]_ [2]_ [3]_

    ips    mean of w r                    unbiased where propensities are right; noisy
    snips  sum of w r / sum of w          bias of order 1 / n, far less noise, within the range of the rewards
    dr     mean of Q + w (r - q)          unbiased where propensities or q are right; least noise with a good q
    dm     mean of Q                      as good as q is: its interval does not know how wrong q may be

Intervals are by empirical likelihood, of rows or of whole groups of them (`cxml.metrics.likelihood`): rewards are rare
and weights skewed, so that ``value ± 1.96 standard errors`` holds the truth too seldom.
Where an offer is made in several places at once, each place is a row of its own with the chance of that place, and
the rows of one customer or page are a group.

References
----------
.. [1] Horvitz, D. G., & Thompson, D. J. (1952). A generalization of sampling without replacement from a finite
   universe. Journal of the American Statistical Association, 47(260), 663-685.
.. [2] Swaminathan, A., & Joachims, T. (2015). The self-normalized estimator for counterfactual learning. NeurIPS.
.. [3] Dudik, M., Langford, J., & Li, L. (2011). Doubly robust policy evaluation and learning. ICML.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.metrics._policy_log import (
    Estimator,
    Log,
    Terms,
    checked_clip,
    modelled_terms,
    on_policy_terms,
    read_log,
    weighted_terms,
)
from cxml.metrics._rows import as_floats
from cxml.metrics.overlap import effective_rows


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """What a policy earns an offer, estimated.

    Attributes
    ----------
    estimator : {"on_policy", "ips", "snips", "dr", "dm"}
        How (see `cxml.metrics.off_policy`); "on_policy" is the mean reward of the log itself.
    value : float
        Mean reward an offer, in the unit of the reward.
    lower, upper : float
        Ends of the interval. NaN where all rewards that count are alike, which tells nothing about their spread.
    level : float in (0, 1)
        Confidence of the interval.
    rows : int
        Rows of the log.
    effective_rows : float
        As many rows drawn by the policy itself would weigh the same: Kish's ``(sum w)^2 / sum w^2``. For "dm", which
        weighs nothing, all rows.
    notes : tuple of str
        What to know before the figure is used; empty where all is well.

    Examples
    --------
    >>> print(PolicyValue("snips", 0.0412, 0.0301, 0.0552, 0.95, 10_000, 2_310.4, ()))
    snips 0.0412 [0.0301, 0.0552], 10,000 rows worth 2,310
    """

    estimator: Estimator
    value: float
    lower: float
    upper: float
    level: float
    rows: int
    effective_rows: float
    notes: tuple[str, ...]

    def __str__(self) -> str:
        text = (
            f"{self.estimator} {self.value:.4g} [{self.lower:.4g}, {self.upper:.4g}], "
            f"{self.rows:,} rows worth {self.effective_rows:,.0f}"
        )
        return "; ".join([text, *self.notes])


def policy_value(
    reward: ArrayLike,
    propensity: ArrayLike,
    target: ArrayLike,
    *,
    expected: ArrayLike | None = None,
    expected_policy: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    clip: float | None = None,
    level: float = 0.95,
) -> tuple[PolicyValue, ...]:
    """Estimate what a policy would have earned an offer, by all estimators that the input allows.

    Parameters
    ----------
    reward : array of float, shape (n_rows,)
        What each logged offer brought: 1 or 0 for accepted or not, or an amount.
    propensity : array of float in (0, 1], shape (n_rows,)
        Chance with which the logging policy drew the logged offer, as it was at that moment.
    target : array of float in [0, 1], shape (n_rows,)
        Chance with which the policy judged would have drawn the same offer; 0 or 1 for one that never draws.
    expected : array of float, shape (n_rows,), optional
        Expected reward of the logged offer, by a model that did not learn from the row (of another fold): one that did
        has seen the noise, which makes intervals too narrow. Given with `expected_policy`, "dr" and "dm" are told too.
    expected_policy : array of float, shape (n_rows,), optional
        Expected reward of the policy for the row's customer: the model's, averaged over what the policy would draw.
    groups : array, shape (n_rows,), optional
        Rows with the same value stand or fall together (one customer, one page). By default each row stands alone.
    clip : float > 0, optional
        Weights above it count as it: less noise at the price of a bias, which a note names. By default none is cut.
    level : float in (0, 1), default=0.95
        Confidence of the intervals.

    Returns
    -------
    tuple of PolicyValue
        On the log itself first, then ips, snips, and dr and dm where expected rewards are given.
        ``pandas.DataFrame(policy_value(...))`` is the table.

    Raises
    ------
    ValueError
        If arrays differ in length or hold NaN, a propensity is not in (0, 1], a target probability not in [0, 1] or 0
        in every row, only one of the expected rewards is given, or a setting is outside its range.

    References
    ----------
    .. [1] Dudik, M., Erhan, D., Langford, J., & Li, L. (2014). Doubly robust policy evaluation and optimization.
       Statistical Science, 29(4), 485-511.
    .. [2] Ionides, E. L. (2008). Truncated importance sampling. Journal of Computational and Graphical Statistics,
       17(2), 295-311 (`clip`).
    .. [3] Kish, L. (1965). Survey sampling. Wiley (`effective_rows`).

    Examples
    --------
    Two offers drawn with chance 0.8 and 0.2; the policy judged turns the chances round.

    >>> reward, propensity = [0] * 70 + [1] * 10 + [0] * 12 + [1] * 8, [0.8] * 80 + [0.2] * 20
    >>> for found in policy_value(reward, propensity, [0.2] * 80 + [0.8] * 20):
    ...     print(found)
    on_policy 0.18 [0.1104, 0.2674], 100 rows worth 100
    ips 0.345 [0.1545, 0.6481], 100 rows worth 31; 100 rows weigh like 31 of the policy's own: \
few hold most of the weight
    snips 0.345 [0.1773, 0.54], 100 rows worth 31; 100 rows weigh like 31 of the policy's own: \
few hold most of the weight
    >>> policy_value([0, 1], [0.5, 0.0], [1, 1])
    Traceback (most recent call last):
        ...
    ValueError: `propensity` must be in (0, 1], got 0 at position 1 and 1 such rows in all. \
A logged offer was drawn with some chance: log it when it is drawn.
    """
    log = read_log(reward, propensity, groups, level)
    weight, notes = log.weigh(target, checked_clip(clip), "target")
    found: dict[Estimator, Terms] = {"on_policy": on_policy_terms(log)}
    found |= {name: weighted_terms(log, weight, notes, name) for name in ("ips", "snips")}
    if (expected is None) != (expected_policy is None):
        raise ValueError(
            "`expected` and `expected_policy` must be given together, got one of them. Doubly robust needs the "
            "expected reward both of the logged offer and of the policy."
        )
    if expected is not None and expected_policy is not None:
        terms = modelled_terms(log, weight, notes, expected, expected_policy)
        unknown = ("the interval is of the customers alone: how wrong the expected rewards may be is not in it",)
        ones = np.ones(log.reward.size)
        found |= {"dr": terms, "dm": Terms(as_floats("expected_policy", expected_policy), ones, ones, unknown)}
    return tuple(_told(log, name, terms) for name, terms in found.items())


def observed_propensity(offer: ArrayLike, where: ArrayLike | None = None) -> NDArray[np.float64]:
    """How often the log made each row's offer: its share of the rows of its place.

    For a policy that does not look at the customer but whose chances move while it learns, as Thompson sampling over
    offers does. Its chance of the moment makes needlessly noisy weights: an offer made at a moment when it was unlikely
    counts for much more than the same offer a minute later. If offers are accepted alike at all times, the share of the
    whole log serves as well, with far less noise [1]_ (an estimated propensity does better than the true one). If
    what a customer is likely to accept moves the chance, or acceptance drifts along with it, this is wrong: keep the
    logged propensities, or give `where` the finer place or period within which the chance was the same for all.

    Parameters
    ----------
    offer : array, shape (n_rows,)
        The logged offer.
    where : array, shape (n_rows,), optional
        Place of the row, such as its position or week. By default the log is one place.

    Returns
    -------
    array of float in (0, 1], shape (n_rows,)

    Raises
    ------
    ValueError
        If the arrays differ in length, or are empty.

    References
    ----------
    .. [1] Hirano, K., Imbens, G. W., & Ridder, G. (2003). Efficient estimation of average treatment effects using the
       estimated propensity score. Econometrica, 71(4), 1161-1189.

    Examples
    --------
    >>> observed_propensity(["a", "b", "a", "a"], [1, 1, 2, 2])
    array([0.5, 0.5, 1. , 1. ])
    >>> observed_propensity(["a", "b"], [1])
    Traceback (most recent call last):
        ...
    ValueError: `offer` and `where` must describe the same rows, got 2 and 1 of them. Pass both in the order of the log.
    """
    named = np.asarray(offer)
    place = np.zeros(named.shape, dtype=int) if where is None else np.asarray(where)
    if named.ndim != 1 or not named.size or place.shape != named.shape:
        raise ValueError(
            f"`offer` and `where` must describe the same rows, got {named.size:,} and {place.size:,} of them. "
            "Pass both in the order of the log."
        )
    _, of, made = np.unique(named, return_inverse=True, return_counts=True)
    _, at, held = np.unique(place, return_inverse=True, return_counts=True)
    both = np.bincount(at * made.size + of)
    share: NDArray[np.float64] = both[at * made.size + of] / held[at]
    return share


def _told(log: Log, name: Estimator, terms: Terms) -> PolicyValue:
    lower, upper = log.interval(terms.above, terms.below)
    notes = terms.notes
    if np.isnan(lower):
        notes = (*notes, "no interval: the rewards that count are all alike, which does not tell how much they vary")
    return PolicyValue(
        name, terms.value, lower, upper, log.level, terms.above.size, effective_rows(terms.weight), notes
    )

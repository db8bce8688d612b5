"""What a retention campaign earns: contact the riskiest share of the customers with an offer.

One assumption throughout, that of Neslin et al. (2006) in the form of Verbraken et al. (2013). A contact costs
`contact_cost`. A contacted customer who was going to leave accepts the offer with chance `accept_rate`, stays,
and is then worth `value` less the `offer_cost`; with the other chance they leave and the offer is not spent. A
contacted customer who was going to stay takes the offer for nothing. Who is not contacted earns and costs 0.
So a contacted customer who leaves with probability p brings

    p * accept_rate * (value - offer_cost) - (1 - p) * offer_cost - contact_cost
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError
from cxml.metrics._rows import (
    Floats,
    Matrix,
    Ranked,
    Vector,
    Weights,
    answer,
    as_floats,
    as_probabilities,
    check_share,
    rank,
    safe_divide,
    steps,
    top_positive,
)
from cxml.values import is_number


@dataclass(frozen=True, slots=True)
class CampaignCosts:
    """Money of a retention campaign, in the caller's currency.

    Parameters
    ----------
    value : float > 0, currency, default=200.0
        What a kept customer is worth over the horizon (customer lifetime value).
    contact_cost : float >= 0, currency, default=1.0
        Cost of one contact, whether or not the offer is accepted.
    offer_cost : float >= 0 and below `value`, currency, default=10.0
        Cost of one accepted offer.
    accept_rate : float in [0, 1], default=0.3
        Chance that a leaving customer accepts the offer and stays.

    Raises
    ------
    ConfigError
        If an amount is outside its range. It is also a ValueError.

    References
    ----------
    .. [1] Verbraken, T., Verbeke, W., & Baesens, B. (2013). A novel profit maximizing metric for measuring
       classification performance of customer churn prediction models. IEEE TKDE, 25(5), 961-973 (the defaults).

    Examples
    --------
    >>> round(CampaignCosts(value=500_000, contact_cost=1_000, offer_cost=30_000).break_even(), 3)
    0.181
    >>> CampaignCosts(value=10, offer_cost=20)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `offer_cost` must be in [0, value = 10), got 20. \
An offer dearer than the customer never pays.
    """

    value: float = 200.0
    contact_cost: float = 1.0
    offer_cost: float = 10.0
    accept_rate: float = 0.3

    def __post_init__(self) -> None:
        if not (is_number(self.value) and self.value > 0):
            raise ConfigError(f"`value` must be a finite amount > 0, got {self.value!r}. Give a kept customer's worth.")
        if not (is_number(self.contact_cost) and self.contact_cost >= 0):
            raise ConfigError(
                f"`contact_cost` must be a finite amount >= 0, got {self.contact_cost!r}. Give the cost of one contact."
            )
        if not (is_number(self.offer_cost) and 0 <= self.offer_cost < self.value):
            raise ConfigError(
                f"`offer_cost` must be in [0, value = {self.value:g}), got {self.offer_cost!r}. "
                "An offer dearer than the customer never pays."
            )
        if not (is_number(self.accept_rate) and 0 <= self.accept_rate <= 1):
            raise ConfigError(
                f"`accept_rate` must be in [0, 1], got {self.accept_rate!r}. Give a fraction, not a percentage."
            )

    def of(self, leaving: Weights | float, contacted: Weights | float) -> Floats:
        """Profit of contacting `contacted` customers, `leaving` of whom were going to leave.

        Parameters
        ----------
        leaving : array of float >= 0 or float
            Contacted customers who were going to leave, as a count or a share.
        contacted : array of float >= 0 or float
            All contacted customers, in the same unit.

        Returns
        -------
        array of float
            In the currency of `value`, for as many customers as were counted.
        """
        kept = np.asarray(leaving) * (self.accept_rate * (self.value - self.offer_cost) + self.offer_cost)
        return np.asarray(kept - np.asarray(contacted) * (self.offer_cost + self.contact_cost), dtype=np.float64)

    def break_even(self) -> float:
        """Probability of leaving above which a contact pays; may exceed 1, then none does.

        Returns
        -------
        float > 0
        """
        gain = self.accept_rate * (self.value - self.offer_cost) + self.offer_cost
        return (self.offer_cost + self.contact_cost) / gain if gain > 0 else float("inf")


class MaximumProfit(NamedTuple):
    """The most a campaign can earn with a ranking, and how many to contact for it.

    Parameters
    ----------
    profit : float >= 0
        Currency per customer of the base, contacted or not.
    share : float in [0, 1]
        Fraction of the base to contact.
    """

    profit: float
    share: float


@dataclass(frozen=True, slots=True)
class ProfitCurve:
    """Profit against the share of customers contacted, riskiest first.

    Parameters
    ----------
    share : array of float in [0, 1], shape (n_points,)
        Fraction of the base contacted; from 0 to 1, one point at the end of each run of equal predictions.
    profit : array of float, shape (n_points,)
        Currency per customer of the base. The line between two points is the expectation under random order.
    customers : float
        Customers in the base, so ``customers * profit`` is the total.
    costs : CampaignCosts
        The money behind it.
    """

    share: Floats
    profit: Floats
    customers: float
    costs: CampaignCosts

    @property
    def total(self) -> Floats:
        """Profit of the whole base at each share, in currency."""
        return self.profit * self.customers

    @property
    def best(self) -> MaximumProfit:
        """The highest point; of equal ones, the one with the fewest contacts."""
        at = int(np.argmax(self.profit))
        return MaximumProfit(float(self.profit[at]), float(self.share[at]))


def expected_profit(p: ArrayLike, costs: CampaignCosts, *, value: ArrayLike | None = None) -> Floats:
    """Value a contact with each customer by its expected profit, from a calibrated probability of leaving.

    ``p * accept_rate * (value - offer_cost) - (1 - p) * offer_cost - contact_cost``. Contact those above 0.

    Parameters
    ----------
    p : array of float in [0, 1], shape (n_customers,)
        Calibrated chance of leaving.
    costs : CampaignCosts
        Money of the campaign.
    value : array of float >= 0, shape (n_customers,), currency, default=None
        What each customer is worth, instead of ``costs.value``.

    Returns
    -------
    array of float, shape (n_customers,)
        Currency per contacted customer; negative where a contact loses money.

    Raises
    ------
    ValueError
        If `p` leaves [0, 1], or `value` is negative or of another length.

    References
    ----------
    .. [1] Neslin, S. A., Gupta, S., Kamakura, W., Lu, J., & Mason, C. H. (2006). Defection detection.
       Journal of Marketing Research, 43(2), 204-211.

    Examples
    --------
    >>> expected_profit([0.5, 0.1], CampaignCosts(value=200, contact_cost=1, offer_cost=10, accept_rate=0.3))
    array([22.5, -4.3])
    >>> expected_profit([0.5, 0.1], CampaignCosts(), value=[100])
    Traceback (most recent call last):
        ...
    ValueError: `value` must hold one amount >= 0 for each of the 2 customers, got 1 amounts from 100 up. \
Leave it out to use `costs.value`.
    """
    leaving = as_probabilities("p", p)
    worth = np.full(leaving.size, costs.value) if value is None else as_floats("value", value)
    if worth.size != leaving.size or worth.min() < 0:
        raise ValueError(
            f"`value` must hold one amount >= 0 for each of the {leaving.size:,} customers, got {worth.size:,} "
            f"amounts from {worth.min():g} up. Leave it out to use `costs.value`."
        )
    accepted = leaving * costs.accept_rate * (worth - costs.offer_cost)
    return accepted - (1 - leaving) * costs.offer_cost - costs.contact_cost


def profit_curve(y: ArrayLike, p: ArrayLike, costs: CampaignCosts) -> ProfitCurve:
    """Profit that contacting the riskiest customers would have earned, for every share contacted.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_customers,)
        Who left.
    p : array of float, shape (n_customers,)
        Prediction; only its order is used. Customers of equal prediction are contacted together.
    costs : CampaignCosts
        Money of the campaign.

    Returns
    -------
    ProfitCurve

    Raises
    ------
    ValueError
        If the arrays differ in length or hold missing values.

    References
    ----------
    .. [1] Neslin, S. A., et al. (2006). Defection detection. Journal of Marketing Research, 43(2), 204-211.

    Examples
    --------
    >>> costs = CampaignCosts(value=100, contact_cost=0, offer_cost=10, accept_rate=1)
    >>> curve = profit_curve([1, 0, 1, 0], [0.9, 0.7, 0.4, 0.1], costs)
    >>> curve.total
    array([  0.,  90.,  80., 170., 160.])
    >>> curve.best
    MaximumProfit(profit=42.5, share=0.75)
    >>> profit_curve([1, 2], [0.9, 0.7], costs)
    Traceback (most recent call last):
        ...
    ValueError: `y` must hold only 0 and 1 (1 = the event), got 2.0 in 1 of 2 rows. Map the labels first.
    """
    ranked = rank(y, p, None)
    customers = float(ranked.total[0])
    share = np.r_[0.0, ranked.reached[0] / customers]
    return ProfitCurve(share, costs.of(np.r_[0.0, ranked.hits[0] / customers], share), customers, costs)


@overload
def campaign_profit(
    y: ArrayLike, p: ArrayLike, costs: CampaignCosts, share: float = 0.1, *, weight: Matrix
) -> Floats: ...
@overload
def campaign_profit(
    y: ArrayLike, p: ArrayLike, costs: CampaignCosts, share: float = 0.1, *, weight: Vector | None = None
) -> float: ...
def campaign_profit(
    y: ArrayLike, p: ArrayLike, costs: CampaignCosts, share: float = 0.1, *, weight: Vector | Matrix | None = None
) -> float | Floats:
    """Profit per customer of the base, of contacting the `share` of customers most likely to leave.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_customers,)
        Who left.
    p : array of float, shape (n_customers,)
        Prediction; only its order is used. A cut among equal predictions gives the expectation under random order.
    costs : CampaignCosts
        Money of the campaign.
    share : float in (0, 1], default=0.1
        Fraction of the customers contacted.
    weight : array of float >= 0, shape (n_customers,) or (n_repeats, n_customers), default=None
        How often each row counts. None counts each once.

    Returns
    -------
    float, or array of shape (n_repeats,)
        Currency per customer of the base; times their number it is the campaign's total.

    Raises
    ------
    ValueError
        If `share` is not in (0, 1], or the arrays differ in length.

    References
    ----------
    .. [1] Neslin, S. A., et al. (2006). Defection detection. Journal of Marketing Research, 43(2), 204-211.

    Examples
    --------
    Two of four leave; the riskier half is contacted. One is kept (100 - 10), one takes the offer (-10).

    >>> costs = CampaignCosts(value=100, contact_cost=0, offer_cost=10, accept_rate=1)
    >>> campaign_profit([1, 0, 1, 0], [0.9, 0.7, 0.4, 0.1], costs, share=0.5) * 4
    80.0
    >>> campaign_profit([1, 0], [0.9, 0.1], costs, share=0)
    Traceback (most recent call last):
        ...
    ValueError: `share` must be in (0, 1], got 0. To contact nobody, skip the call.
    """
    check_share(share)
    ranked = rank(y, p, weight)
    leaving, contacted = top_positive(ranked, share)
    return answer(safe_divide(costs.of(leaving, contacted), ranked.total), ranked.many)


def maximum_profit(y: ArrayLike, p: ArrayLike, costs: CampaignCosts | None = None) -> MaximumProfit:
    """Most a campaign could have earned with this ranking (MPC), when the acceptance rate is known.

    The highest point of `profit_curve`. It picks the best share knowing who left, so it says what a ranking is
    worth and not what a campaign of a given size will earn: for that, see `campaign_profit`.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_customers,)
        Who left.
    p : array of float, shape (n_customers,)
        Prediction; only its order is used.
    costs : CampaignCosts, default=CampaignCosts()
        Money of the campaign: worth 200, offer 10, contact 1, acceptance 0.3.

    Returns
    -------
    MaximumProfit
        Profit per customer of the base, >= 0 (nobody contacted), and the share to contact.

    Raises
    ------
    ValueError
        If the arrays differ in length or hold missing values.

    References
    ----------
    .. [1] Verbraken, T., Verbeke, W., & Baesens, B. (2013). A novel profit maximizing metric for measuring
       classification performance of customer churn prediction models. IEEE TKDE, 25(5), 961-973.

    Examples
    --------
    >>> maximum_profit([1, 0, 1, 0], [0.9, 0.7, 0.4, 0.1])
    MaximumProfit(profit=25.25, share=0.75)
    >>> maximum_profit([1, 0], [0.9, None])
    Traceback (most recent call last):
        ...
    ValueError: `p` must be finite, got NaN or infinity in 1 of 2 rows, at positions 1. Drop or fill these rows.
    """
    return profit_curve(y, p, costs or CampaignCosts()).best


def expected_maximum_profit(
    y: ArrayLike,
    p: ArrayLike,
    *,
    alpha: float = 6.0,
    beta: float = 14.0,
    value: float = 200.0,
    offer_cost: float = 10.0,
    contact_cost: float = 1.0,
) -> MaximumProfit:
    """Most that a campaign could be expected to earn with this ranking (EMPC), when acceptance is uncertain.

    The acceptance rate follows a Beta distribution and is learned before the campaign is sized. Computed in
    closed form, without sampling: customers are pooled into the stretches of the ROC convex hull (the
    isotonic regression of `y` on the ranking). A stretch with rate ``q`` of leavers is contacted when the
    acceptance exceeds ``g = (contact_cost + (1 - q) * offer_cost) / (q * (value - offer_cost))``, and brings
    the integral of ``q * a * (value - offer_cost) - (1 - q) * offer_cost - contact_cost`` over ``a`` from ``g``
    to 1 under the Beta density, which is two incomplete beta functions.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_customers,)
        Who left.
    p : array of float, shape (n_customers,)
        Prediction; only its order is used.
    alpha, beta : float > 0, default=6.0 and 14.0
        Beta distribution of the acceptance rate; its mean is ``alpha / (alpha + beta)``, by default 0.3.
    value : float > 0, currency, default=200.0
        What a kept customer is worth.
    offer_cost : float >= 0 and below `value`, currency, default=10.0
        Cost of one accepted offer.
    contact_cost : float >= 0, currency, default=1.0
        Cost of one contact.

    Returns
    -------
    MaximumProfit
        Expected profit per customer of the base, >= 0, and the expected share to contact.

    Raises
    ------
    ValueError
        If a setting is outside its range, or the arrays differ in length or hold missing values.

    References
    ----------
    .. [1] Verbraken, T., Verbeke, W., & Baesens, B. (2013). A novel profit maximizing metric for measuring
       classification performance of customer churn prediction models. IEEE TKDE, 25(5), 961-973.
    .. [2] Fawcett, T., & Niculescu-Mizil, A. (2007). PAV and the ROC convex hull. Machine Learning, 68(1),
       97-106.

    Examples
    --------
    >>> found = expected_maximum_profit([0, 1, 0, 1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    >>> round(found.profit, 4), round(found.share, 4)
    (23.8756, 0.8744)
    >>> expected_maximum_profit([1, 0], [0.9, 0.1], alpha=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `alpha` and `beta` must be finite and > 0, got 0 and 14.0. \
6 and 14 expect 30 % to accept.
    """
    if not (is_number(alpha) and is_number(beta) and alpha > 0 and beta > 0):
        raise ConfigError(
            f"`alpha` and `beta` must be finite and > 0, got {alpha!r} and {beta!r}. 6 and 14 expect 30 % to accept."
        )
    costs = CampaignCosts(value, contact_cost, offer_cost)
    from scipy.special import betaincc

    width, rate = _hull(rank(y, p, None))
    gain = rate * (value - offer_cost)
    loss = (1 - rate) * costs.offer_cost + costs.contact_cost
    least = np.minimum(np.divide(loss, gain, out=np.full_like(gain, 1.0), where=gain > 0), 1.0)
    chance = betaincc(alpha, beta, least)
    accepted = alpha / (alpha + beta) * betaincc(alpha + 1, beta, least)
    profit = float(width @ (gain * accepted - loss * chance))
    return MaximumProfit(max(profit, 0.0), float(width @ chance))


def _hull(ranked: Ranked) -> tuple[Floats, Floats]:
    """Width (share of all rows) and event rate of the stretches of the ROC convex hull, highest rate first."""
    from scipy.optimize import isotonic_regression

    weight, positive = steps(ranked.reached)[0], steps(ranked.hits)[0]
    keep = weight > 0
    fitted = isotonic_regression(positive[keep] / weight[keep], weights=weight[keep], increasing=False)
    starts: NDArray[np.intp] = fitted.blocks[:-1]
    return np.asarray(fitted.weights / weight.sum()), np.clip(fitted.x[starts], 0.0, 1.0)

"""What treating the best of a ranking by predicted effect would have earned, for every length of the list."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._arms import arms_of, rate
from cxml.metrics.uplift import UpliftCurve


class UpliftProfit(NamedTuple):
    """The most a treatment can earn with a ranking, and how many to treat for it.

    Parameters
    ----------
    profit : float >= 0
        Currency per customer of the base, treated or not, beyond treating nobody.
    share : float in [0, 1]
        Fraction of the base to treat.
    """

    profit: float
    share: float


def incremental_profit_curve(
    y: ArrayLike,
    p: ArrayLike,
    treatment: ArrayLike,
    *,
    value: float = 1.0,
    contact_cost: float = 0.0,
    response_cost: float = 0.0,
    propensity: ArrayLike | None = None,
) -> UpliftCurve:
    """Profit per customer of treating the first share of a ranking, beyond treating nobody.

    ``s * (value * gap(s) - contact_cost - response_cost * Y_1(s) / N_1(s))``: each response that would not have come
    otherwise brings `value`, each treatment costs `contact_cost`, and each treated response `response_cost` (a
    discount, which also those take who would have bought anyway).

    Parameters
    ----------
    y, p, treatment, propensity
        As in `qini_curve`.
    value : float, currency per unit of the outcome, default=1
    contact_cost, response_cost : float >= 0, currency, default=0

    Returns
    -------
    UpliftCurve

    Raises
    ------
    ValueError
        As `qini_curve`, or if a cost is negative, or an amount not finite.

    References
    ----------
    .. [1] Devriendt, F., Berrevoets, J., & Verbeke, W. (2021). Why you should stop predicting customer churn and
       start using uplift models. Information Sciences, 548, 497-515.

    Examples
    --------
    >>> curve = incremental_profit_curve([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0], value=10, contact_cost=2)
    >>> curve.gain
    array([ 0.  ,  2.  ,  4.  ,  2.25, -2.  ])
    >>> incremental_profit_curve([1, 0], [2, 1], [1, 0], contact_cost=-1)
    Traceback (most recent call last):
        ...
    ValueError: `contact_cost` and `response_cost` must be >= 0, got -1 and 0.0. Costs are given as positive amounts.
    """
    if not np.isfinite(value):
        raise ValueError(f"`value` must be a finite amount, got {value}. Give what a response brings.")
    if not (0 <= contact_cost < np.inf and 0 <= response_cost < np.inf):
        raise ValueError(
            f"`contact_cost` and `response_cost` must be >= 0, got {contact_cost} and {response_cost}. "
            "Costs are given as positive amounts."
        )
    arms = arms_of(y, p, treatment, propensity, None)
    taken = rate(arms.treated_sum, arms.treated)
    gain = arms.share * (value * arms.gap() - contact_cost - response_cost * taken)
    return UpliftCurve(np.r_[0.0, arms.share[0]], np.r_[0.0, gain[0]], "profit per customer beyond treating nobody")


def maximum_profit_uplift(
    y: ArrayLike,
    p: ArrayLike,
    treatment: ArrayLike,
    *,
    value: float = 1.0,
    contact_cost: float = 0.0,
    response_cost: float = 0.0,
    propensity: ArrayLike | None = None,
) -> UpliftProfit:
    """Most that a treatment could have earned with this ranking (MPU): the top of `incremental_profit_curve`.

    It picks the best share knowing the outcomes, so it says what a ranking is worth, with some luck in it.

    Parameters
    ----------
    y, p, treatment, value, contact_cost, response_cost, propensity
        As in `incremental_profit_curve`.

    Returns
    -------
    UpliftProfit

    Raises
    ------
    ValueError
        As `incremental_profit_curve`.

    Examples
    --------
    >>> maximum_profit_uplift([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0], value=10, contact_cost=2)
    UpliftProfit(profit=4.0, share=0.5)
    >>> maximum_profit_uplift([1, 0], [2, 1], [1, 0], response_cost=-1)
    Traceback (most recent call last):
        ...
    ValueError: `contact_cost` and `response_cost` must be >= 0, got 0.0 and -1. Costs are given as positive amounts.
    """
    money = {"value": value, "contact_cost": contact_cost, "response_cost": response_cost}
    curve = incremental_profit_curve(y, p, treatment, **money, propensity=propensity)
    best = int(np.argmax(curve.gain))
    return UpliftProfit(float(curve.gain[best]), float(curve.share[best]))

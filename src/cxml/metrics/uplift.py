"""What a ranking by predicted effect is worth, where chance decided who was treated: curves, areas, profits.

Definitions differ between libraries and change the figures, so each function says which is its own, and the family
puts it in the metric's name. Throughout, rows are ranked from the highest prediction to the lowest, those of equal
prediction count as in random order, and a row of the arm that it was drawn into with chance e counts 1/e times (Hajek
1971): where all chances are alike, that changes nothing. With the first share s of the rows

    N_1(s), N_0(s)  weight of treated and of control rows,   Y_1(s), Y_0(s)  their summed outcomes
    gap(s) = Y_1(s) / N_1(s) - Y_0(s) / N_0(s)               the effect among them

An outcome is 0 or 1, or an amount; effects come in its unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._arms import area_under, arms_of, rate, value_at
from cxml.metrics._rows import Floats, answer, as_floats, check_share


@dataclass(frozen=True, slots=True)
class UpliftCurve:
    """A curve of effect against the share treated, highest predictions first.

    Attributes
    ----------
    share : array of float in [0, 1], shape (n_points,)
        From 0 to 1, one point at the end of each run of equal predictions.
    gain : array of float, shape (n_points,)
        What treating them brings, in the unit of the outcome per customer of the base. A random ranking runs straight
        from 0 to the last point.
    definition : str
        What the curve is, in words.
    """

    share: Floats
    gain: Floats
    definition: str


def qini_curve(y: ArrayLike, p: ArrayLike, treatment: ArrayLike, *, propensity: ArrayLike | None = None) -> UpliftCurve:
    """Incremental outcomes per treated customer, against the share of customers taken (the Qini curve of [1]_).

    ``(Y_1(s) - Y_0(s) N_1(s) / N_0(s)) / N_1(1)``.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What happened: 0 or 1, or an amount.
    p : array of float, shape (n_rows,)
        Predicted effect, or any score: only its order is used.
    treatment : array of {0, 1}, shape (n_rows,)
    propensity : float or array of float in (0, 1), shape (n_rows,), optional
        Chance with which each row was treated. None takes it to be the same for all.

    Returns
    -------
    UpliftCurve

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or one arm has no row.

    References
    ----------
    .. [1] Radcliffe, N. J. (2007). Using control groups to target on predicted lift: building and assessing uplift
       models. Direct Marketing Analytics Journal, 14-21.

    Examples
    --------
    >>> qini_curve([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]).gain
    array([0. , 0.5, 0.5, 0.5, 0. ])
    >>> qini_curve([1, 0], [2, 1], [1, 1])
    Traceback (most recent call last):
        ...
    ValueError: `treatment` must be 1 for treated and 0 for control rows, with some of each, got [1.]. \
Compare one treatment with control at a time.
    """
    arms = arms_of(y, p, treatment, propensity, None)
    return UpliftCurve(
        np.r_[0.0, arms.share[0]],
        np.r_[0.0, arms.incremental()[0]],
        "incremental outcomes per treated customer (Radcliffe 2007)",
    )


def qini_area(
    y: ArrayLike,
    p: ArrayLike,
    treatment: ArrayLike,
    *,
    propensity: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> float | Floats:
    """Area between the Qini curve and the straight line of a random ranking: Radcliffe's, not normalised.

    In the unit of the outcome. 0 is a random ranking; twice the area is about the effect gained per treated customer
    by the ranking, averaged over all shares.

    Parameters
    ----------
    y, p, treatment, propensity
        As in `qini_curve`.
    weight : array of float >= 0, shape (n_rows,) or (n_repeats, n_rows), optional
        How often each row counts. None counts each once.

    Returns
    -------
    float, or array of shape (n_repeats,)

    Raises
    ------
    ValueError
        As `qini_curve`.

    Examples
    --------
    >>> float(qini_area([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]))
    0.375
    >>> qini_area([1, 0], [2, 1], [1, 0], propensity=0)
    Traceback (most recent call last):
        ...
    ValueError: `propensity` must be each row's chance of treatment, above 0 and below 1, got 0. \
Leave out rows that could be in one arm only.
    """
    arms = arms_of(y, p, treatment, propensity, weight)
    gained = arms.incremental()
    return answer(area_under(arms.share, gained) - gained[:, -1] / 2, arms.many)


def qini_coefficient(
    y: ArrayLike,
    p: ArrayLike,
    treatment: ArrayLike,
    *,
    propensity: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> float | Floats:
    """Qini coefficient Q of Radcliffe (2007): `qini_area` as a share of the best that the outcomes allow.

    The best curve takes all treated who responded first, all control rows who responded last, and runs straight between
    these points. It knows the outcomes: no model comes near 1, though on a few rows luck may pass it. For outcomes of 0
    and 1.

    Parameters
    ----------
    y : array of {0, 1}, shape (n_rows,)
    p, treatment, propensity, weight
        As in `qini_area`.

    Returns
    -------
    float, or array of shape (n_repeats,)

    Raises
    ------
    ValueError
        As `qini_curve`, or if an outcome is neither 0 nor 1.

    Examples
    --------
    >>> float(qini_coefficient([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]))
    1.0
    >>> qini_coefficient([1, 0.5], [2, 1], [1, 0])
    Traceback (most recent call last):
        ...
    ValueError: A Qini coefficient needs outcomes of 0 and 1, got 0.5. For amounts use qini_area.
    """
    outcome = as_floats("y", y)
    odd = outcome[(outcome != 0) & (outcome != 1)]
    if odd.size:
        raise ValueError(f"A Qini coefficient needs outcomes of 0 and 1, got {odd[0]:g}. For amounts use qini_area.")
    arms = arms_of(outcome, p, treatment, propensity, weight)
    gained = arms.incremental()
    mass = arms.treated[:, -1] + arms.control[:, -1]
    first = arms.treated_sum[:, -1] / mass
    last = arms.control_sum[:, -1] / mass
    top, end = rate(arms.treated_sum, arms.treated)[:, -1], gained[:, -1]
    best = top * (1 - first / 2) - last * (top - end) / 2 - end / 2
    area = area_under(arms.share, gained) - end / 2
    return answer(rate(area, best), arms.many)


def auuc(
    y: ArrayLike,
    p: ArrayLike,
    treatment: ArrayLike,
    *,
    propensity: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> float | Floats:
    """Area under the uplift curve ``gap(s) * s`` over all shares s (Gutierrez & Gerardy 2017), not normalised.

    A random ranking has half the average effect.

    Parameters
    ----------
    y, p, treatment, propensity, weight
        As in `qini_area`.

    Returns
    -------
    float, or array of shape (n_repeats,)

    Raises
    ------
    ValueError
        As `qini_curve`.

    References
    ----------
    .. [1] Gutierrez, P., & Gerardy, J.-Y. (2017). Causal inference and uplift modelling: a review of the literature.
       PMLR 67, 1-13.

    Examples
    --------
    >>> float(auuc([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]))
    0.28125
    >>> auuc([1, 0], [2], [1, 0])
    Traceback (most recent call last):
        ...
    ValueError: `y`, `p` and `treatment` must describe the same rows, got 2, 1 and 2 of them. \
Pass them in the same order.
    """
    arms = arms_of(y, p, treatment, propensity, weight)
    return answer(area_under(arms.share, arms.gap() * arms.share), arms.many)


def uplift_at(
    y: ArrayLike,
    p: ArrayLike,
    treatment: ArrayLike,
    share: float = 0.3,
    *,
    by: Literal["all", "arm"] = "all",
    propensity: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> float | Floats:
    """Effect among the best share of the rows by prediction: the difference of the arms' mean outcomes there.

    Parameters
    ----------
    y, p, treatment, propensity, weight
        As in `qini_area`.
    share : float in (0, 1], default=0.3
    by : {"all", "arm"}, default="all"
        Whether the best of all rows are taken, or the best of each arm on its own.

    Returns
    -------
    float, or array of shape (n_repeats,)
        In the unit of the outcome; NaN where an arm has no row among them.

    Raises
    ------
    ValueError
        As `qini_curve`, or if `share` or `by` is outside its range.

    Examples
    --------
    >>> float(uplift_at([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0], share=0.5))
    1.0
    >>> uplift_at([1, 0], [2, 1], [1, 0], share=30)
    Traceback (most recent call last):
        ...
    ValueError: `share` must be in (0, 1], got 30. To contact nobody, skip the call.
    """
    check_share(share)
    if by not in ("all", "arm"):
        raise ValueError(f"`by` must be 'all' or 'arm', got {by!r}. 'all' takes the best of both arms together.")
    arms = arms_of(y, p, treatment, propensity, weight)
    ways = (arms.share, arms.share) if by == "all" else (arms.treated, arms.control)
    treated = _mean_until(ways[0], arms.treated, arms.treated_sum, share)
    control = _mean_until(ways[1], arms.control, arms.control_sum, share)
    return answer(treated - control, arms.many)


def _mean_until(way: Floats, count: Floats, total: Floats, share: float) -> Floats:
    """Mean outcome of an arm's rows until `way` has come to the share of its end, shape (repeats,)."""
    n, s = value_at(way, count, share), value_at(way, total, share)
    found: Floats = np.divide(s, n, out=np.full(n.shape, np.nan), where=n > 0)
    return found

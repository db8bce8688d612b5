"""What a treatment changes on average, and whether predicted effects are as large as observed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._arms import trial_rows
from cxml.metrics._rows import Floats, Weights
from cxml.metrics.intervals import units_of


class Effect(NamedTuple):
    """A difference of means and how uncertain it is.

    Parameters
    ----------
    value : float
        In the unit of the outcome.
    standard_error : float >= 0
        Infinite where an arm is of one row, or one group of rows: it cannot tell how much they differ.
    freedom : float > 0, default=infinity
        Degrees of freedom of the error, by Welch and Satterthwaite: few where an arm has few rows.
    """

    value: float
    standard_error: float
    freedom: float = float("inf")

    def interval(self, deviates: float | None = None) -> tuple[float, float]:
        """Bounds so many standard errors away; by default those of 95 %, by Student's t of `freedom`."""
        from scipy.special import ndtri, stdtrit

        if deviates is None:
            deviates = float(stdtrit(self.freedom, 0.975) if np.isfinite(self.freedom) else ndtri(0.975))
        return self.value - deviates * self.standard_error, self.value + deviates * self.standard_error


def average_effect(
    y: ArrayLike, treatment: ArrayLike, *, propensity: ArrayLike | None = None, groups: ArrayLike | None = None
) -> Effect:
    """Average effect: the difference of the arms' mean outcomes, rows weighted by 1 / chance where that is given.

    The standard error is that of two weighted means. A row moves its arm's mean by ``w (y - mean) / sum w``; these are
    summed over each group, and each arm's are drawn out by ``sqrt(n / (n - 1))``, n the groups with rows in it. Where
    each row stands alone and weighs alike, that is Welch's ``sqrt(s_1^2 / n_1 + s_0^2 / n_0)``.

    Parameters
    ----------
    y, treatment, propensity
        As in `qini_curve`.
    groups : array, shape (n_rows,), optional
        Rows with the same value stand or fall together, such as those of one customer. By default each stands alone.

    Returns
    -------
    Effect

    Raises
    ------
    ValueError
        As `qini_curve`, or if `groups` are not as many as the rows.

    References
    ----------
    .. [1] Hajek, J. (1971). Comment on "An essay on the logical foundations of survey sampling". In Foundations of
       Statistical Inference. Holt, Rinehart and Winston.
    .. [2] Welch, B. L. (1947). The generalization of 'Student's' problem when several different population variances
       are involved. Biometrika, 34, 28-35.
    .. [3] Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models.
       Biometrika, 73(1), 13-22 (`groups`).

    Examples
    --------
    >>> found = average_effect([1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0])
    >>> round(found.value, 3), round(found.standard_error, 3)
    (0.333, 0.471)
    >>> average_effect([1, 0], [1, 2])
    Traceback (most recent call last):
        ...
    ValueError: `treatment` must be 1 for treated and 0 for control rows, with some of each, got [1. 2.]. \
Compare one treatment with control at a time.
    """
    outcome, _, treated, inverse = trial_rows(y, np.zeros(np.size(y)), treatment, propensity)
    unit, units = units_of(groups, outcome.size)
    value, moved, parts, told = 0.0, np.zeros(outcome.size), 0.0, True
    for sign, of_arm in ((1.0, treated == 1), (-1.0, treated == 0)):
        weight, own = inverse[of_arm], outcome[of_arm]
        mean = float(weight @ own / weight.sum())
        value += sign * mean
        seen = np.unique(unit[of_arm]).size
        told = told and seen > 1
        moved[of_arm] = sign * weight * (own - mean) / weight.sum() * (seen / max(seen - 1, 1)) ** 0.5
        variance = float((np.bincount(unit[of_arm], moved[of_arm], units) ** 2).sum())
        parts += variance**2 / max(seen - 1, 1)
    square = float((np.bincount(unit, moved, units) ** 2).sum())
    if not told:
        return Effect(value, float("inf"))
    return Effect(value, square**0.5, square**2 / parts if parts > 0 else float("inf"))


@dataclass(frozen=True, slots=True)
class EffectTable:
    """Predicted against observed effects, in groups of equal size from the highest prediction to the lowest.

    Attributes
    ----------
    predicted, observed, standard_error : arrays of float, shape (n_groups,)
        In the unit of the outcome; observed is NaN where a group lacks an arm, its error where one has a single row.
    rows : array of int, shape (n_groups,)
    """

    predicted: Floats
    observed: Floats
    standard_error: Floats
    rows: Weights


def effect_table(
    y: ArrayLike,
    p: ArrayLike,
    treatment: ArrayLike,
    *,
    propensity: ArrayLike | None = None,
    unit: ArrayLike | None = None,
    groups: int = 10,
) -> EffectTable:
    """Calibration of effects: the mean prediction and the observed effect of each tenth of the rows.

    Rows of equal prediction are dealt out at random, always alike, so that the order of the rows tells nothing.

    Parameters
    ----------
    y, p, treatment, propensity
        As in `qini_curve`; `p` is the predicted effect.
    unit : array, shape (n_rows,), optional
        Rows with the same value stand or fall together, as `groups` of `average_effect`.
    groups : int >= 1, default=10

    Returns
    -------
    EffectTable

    Raises
    ------
    ValueError
        As `average_effect`, or if `groups` is no whole number from 1 up.

    Examples
    --------
    >>> table = effect_table([1, 0, 0, 1], [0.9, 0.7, -0.2, -0.4], [1, 0, 1, 0], groups=2)
    >>> table.observed.tolist()
    [1.0, -1.0]
    >>> effect_table([1, 0], [0.9, 0.7], [1, 0], groups=0)
    Traceback (most recent call last):
        ...
    ValueError: `groups` must be a whole number >= 1, got 0. Use 10 for a few thousand rows.
    """
    if isinstance(groups, bool) or int(groups) != groups or groups < 1:
        raise ValueError(f"`groups` must be a whole number >= 1, got {groups!r}. Use 10 for a few thousand rows.")
    outcome, predicted, treated, _ = trial_rows(y, p, treatment, propensity)
    number, _ = units_of(unit, outcome.size)
    chance = None if propensity is None else np.broadcast_to(np.asarray(propensity, dtype=np.float64), treated.shape)
    order = np.lexsort((np.random.default_rng(0).permutation(outcome.size), -predicted))
    parts = [one for one in np.array_split(order, int(groups)) if one.size]
    found = np.full((3, len(parts)), np.nan)
    for place, rows in enumerate(parts):
        found[0, place] = predicted[rows].mean()
        if 0 < treated[rows].sum() < rows.size:
            own = None if chance is None else chance[rows]
            found[1:, place] = average_effect(outcome[rows], treated[rows], propensity=own, groups=number[rows])[:2]
    found[2, np.isinf(found[2])] = np.nan
    return EffectTable(found[0], found[1], found[2], np.array([one.size for one in parts]))

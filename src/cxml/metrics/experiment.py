"""An A/B test read in one line: difference, interval, relative lift, and whether the arms are as large as planned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import Floats, as_floats
from cxml.metrics.calibration import wilson_interval

MISMATCH = 0.001
"""Chance below which arms that are not as large as planned are called so, as is usual (Fabijan et al. 2019)."""


@dataclass(frozen=True, slots=True)
class ABTest:
    """What an A/B test found. ``str()`` of it is one line.

    Attributes
    ----------
    control, treatment : float
        Mean outcome of each arm; a rate where outcomes are 0 and 1.
    control_rows, treatment_rows : int
        Customers in each arm.
    difference, lower, upper : float
        `treatment` less `control`, and its interval.
    lift, lift_lower, lift_upper : float
        `treatment` over `control`, less 1, and its interval. NaN where it cannot be told: the mean of an arm is not
        above 0, or its interval reaches 0.
    p_value : float in [0, 1]
        Chance of a difference at least as far from 0 where there is none. With `sequential`, it holds at every look.
    level : float in (0, 1)
        Confidence of the intervals.
    rates : bool
        Whether outcomes are 0 and 1.
    sequential : bool
        Whether interval and p-value hold however often one looks.
    mismatch : float in [0, 1]
        Chance of arms as uneven as these if they were drawn as planned. Below 0.001 something is broken: customers were
        lost or counted twice in one arm, and the difference is not to be trusted.
    """

    control: float
    treatment: float
    control_rows: int
    treatment_rows: int
    difference: float
    lower: float
    upper: float
    lift: float
    lift_lower: float
    lift_upper: float
    p_value: float
    level: float
    rates: bool
    sequential: bool
    mismatch: float

    def __str__(self) -> str:
        if self.rates:
            arms = f"{100 * self.treatment:.2f} % against {100 * self.control:.2f} %"
            difference = f"{100 * self.difference:+.2f} [{100 * self.lower:+.2f}, {100 * self.upper:+.2f}] points"
        else:
            arms = f"{self.treatment:.4g} against {self.control:.4g}"
            difference = f"{self.difference:+.4g} [{self.lower:+.4g}, {self.upper:+.4g}]"
        if math.isfinite(self.lift):
            relative = f"{100 * self.lift:+.1f} %"
            if math.isfinite(self.lift_lower):
                relative += f" [{100 * self.lift_lower:+.1f}, {100 * self.lift_upper:+.1f}]"
            difference += f", relative {relative}"
        chance = "p < 0.0001" if self.p_value < 0.0001 else f"p = {self.p_value:.2g}"
        rows = f"{self.treatment_rows:,} and {self.control_rows:,} customers"
        looks = "holds at every look" if self.sequential else "holds at one look"
        text = f"{arms}: {difference} ({100 * self.level:g} %, {looks}), {chance}, {rows}"
        if self.mismatch < MISMATCH:
            text += f"; do not trust it: arms so uneven have a chance of {self.mismatch:.1g} if drawn as planned"
        return text


def ab_test(
    control: ArrayLike,
    treatment: ArrayLike,
    *,
    level: float = 0.95,
    sequential: bool = False,
    planned_rows: int = 10_000,
    share: float | None = 0.5,
) -> ABTest:
    """Compare the outcomes of two arms that chance filled.

    At one look: for outcomes of 0 and 1, Newcombe's interval from the Wilson intervals of both rates [1]_ and the
    z-test with the pooled rate; for amounts, Welch's interval and test [2]_. The lift's interval is that of the
    logarithm of the ratio, by the delta method.

    With `sequential`, the interval is a confidence sequence: with the chosen confidence it holds the truth at *every*
    number of customers, so that a test may be looked at daily and stopped at will. It is Robbins' normal mixture in its
    asymptotic form [3]_ [4]_: with n customers in all, z the difference over its standard error and r the mixture's
    variance, the half-width is ``se * sqrt(2 (n r + 1) / (n r) * log(sqrt(n r + 1) / alpha))`` and the p-value
    ``sqrt(n r + 1) * exp(-z^2 / 2 * n r / (n r + 1))``, the mixture sequential probability ratio test [5]_. It rests on
    a central limit: it is not for the first few dozen customers.

    Parameters
    ----------
    control, treatment : array of float, shape (n_control,) and (n_treatment,)
        One outcome a customer: 0 or 1, or an amount. Sum the rows of one customer first.
    level : float in (0, 1), default=0.95
        Confidence of the intervals.
    sequential : bool, default=False
        Whether to look more than once.
    planned_rows : int >= 1, default=10000
        With `sequential`: the customers of both arms at which the interval is to be narrowest. Set it before the test
        starts and leave it; it is sound for any value, if the value does not hang on what was seen.
    share : float in (0, 1) or None, default=0.5
        Share of customers that were to be treated, for the check of the arms' sizes; None leaves it out.

    Returns
    -------
    ABTest

    Raises
    ------
    ValueError
        If an arm has fewer than 2 customers or outcomes that are no finite numbers, all outcomes are alike, or a
        setting is outside its range.

    References
    ----------
    .. [1] Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Statistics in
       Medicine, 17(8), 873-890 (method 10).
    .. [2] Welch, B. L. (1947). The generalization of 'Student's' problem when several different population variances
       are involved. Biometrika, 34, 28-35.
    .. [3] Robbins, H. (1970). Statistical methods related to the law of the iterated logarithm. Annals of Mathematical
       Statistics, 41(5), 1397-1409.
    .. [4] Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H., & Ramdas, A. (2024). Time-uniform central limit
       theory and asymptotic confidence sequences. Annals of Statistics, 52(6), 2613-2640.
    .. [5] Johari, R., Koomen, P., Pekelis, L., & Walsh, D. (2022). Always valid inference: continuous monitoring of
       A/B tests. Operations Research, 70(3), 1806-1821.
    .. [6] Fabijan, A., et al. (2019). Diagnosing sample ratio mismatch in online controlled experiments. KDD
       (`mismatch`).

    Examples
    --------
    >>> control, treatment = [1] * 100 + [0] * 900, [1] * 140 + [0] * 860
    >>> print(ab_test(control, treatment))
    14.00 % against 10.00 %: +4.00 [+1.15, +6.86] points, relative +40.0 % [+10.0, +78.2] (95 %, holds at one look), \
p = 0.0059, 1,000 and 1,000 customers
    >>> print(ab_test(control, treatment, sequential=True, planned_rows=2_000))
    14.00 % against 10.00 %: +4.00 [-0.40, +8.40] points, relative +40.0 % [-3.7, +103.4] \
(95 %, holds at every look), p = 0.1, 1,000 and 1,000 customers
    >>> ab_test([0, 1], [1])
    Traceback (most recent call last):
        ...
    ValueError: `treatment` must hold at least 2 customers, got 1. Compare arms of some size.
    """
    _check_settings(level, planned_rows, share)
    arms = _arm("control", control), _arm("treatment", treatment)
    sizes, means = [arm.size for arm in arms], [float(arm.mean()) for arm in arms]
    squares = [float(arm.var(ddof=1)) / arm.size for arm in arms]
    difference, error = means[1] - means[0], math.sqrt(sum(squares))
    rates = all(bool(((arm == 0) | (arm == 1)).all()) for arm in arms)
    if error == 0:
        raise ValueError(
            f"An A/B test needs outcomes that differ within an arm, got only {means[0]:g} and {means[1]:g}. "
            "Wait until the outcome has happened to some customers."
        )
    if sequential:
        width, p_value = _mixture(difference / error, sum(sizes), planned_rows, level)
        lower, upper = difference - width * error, difference + width * error
    elif rates:
        width = _normal_quantile((1 + level) / 2)
        lower, upper = _newcombe(means, sizes, level)
        p_value = _pooled(means, sizes)
    else:
        freedom = sum(squares) ** 2 / sum(one**2 / (size - 1) for one, size in zip(squares, sizes, strict=True))
        width, p_value = _welch(difference / error, freedom, level)
        lower, upper = difference - width * error, difference + width * error
    lift, lift_lower, lift_upper = _lift(means, squares, width)
    return ABTest(
        control=means[0],
        treatment=means[1],
        control_rows=sizes[0],
        treatment_rows=sizes[1],
        difference=difference,
        lower=lower,
        upper=upper,
        lift=lift,
        lift_lower=lift_lower,
        lift_upper=lift_upper,
        p_value=p_value,
        level=level,
        rates=rates,
        sequential=sequential,
        mismatch=_mismatch(sizes, share),
    )


def _check_settings(level: float, planned_rows: int, share: float | None) -> None:
    if not 0 < level < 1:
        raise ValueError(f"`level` must be in (0, 1), got {level!r}. Use 0.95.")
    if isinstance(planned_rows, bool) or not planned_rows >= 1:
        raise ValueError(f"`planned_rows` must be >= 1, got {planned_rows!r}. Give the customers of both arms.")
    if share is not None and not 0 < share < 1:
        raise ValueError(f"`share` must be in (0, 1), got {share!r}. Give the share that was to be treated, or None.")


def _arm(name: str, values: ArrayLike) -> Floats:
    outcomes = as_floats(name, values)
    if outcomes.size < 2:
        raise ValueError(f"`{name}` must hold at least 2 customers, got {outcomes.size}. Compare arms of some size.")
    return outcomes


def _normal_quantile(chance: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(chance))


def _newcombe(means: list[float], sizes: list[int], level: float) -> tuple[float, float]:
    rate, rows = np.array(means), np.array(sizes, dtype=np.float64)
    low, high = wilson_interval(np.round(rate * rows), rows, level=level)
    down, up = rate - low, high - rate
    difference = means[1] - means[0]
    return difference - math.hypot(down[1], up[0]), difference + math.hypot(up[1], down[0])


def _pooled(means: list[float], sizes: list[int]) -> float:
    pooled = (means[0] * sizes[0] + means[1] * sizes[1]) / sum(sizes)
    error = math.sqrt(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1]))
    return math.erfc(abs(means[1] - means[0]) / error / math.sqrt(2))


def _welch(z: float, freedom: float, level: float) -> tuple[float, float]:
    from scipy.special import stdtr, stdtrit

    return float(stdtrit(freedom, (1 + level) / 2)), float(2 * stdtr(freedom, -abs(z)))


def _mixture(z: float, rows: int, planned: int, level: float) -> tuple[float, float]:
    """Half-width in standard errors, and p-value, that hold at every number of rows."""
    alpha = 1 - level
    # The variance of the mixture that makes the interval narrowest at the planned rows (Waudby-Smith et al. 2024).
    variance = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned
    seen = rows * variance
    width = math.sqrt(2 * (seen + 1) / seen * math.log(math.sqrt(seen + 1) / alpha))
    return width, min(1.0, math.sqrt(seen + 1) * math.exp(-(z**2) / 2 * seen / (seen + 1)))


def _lift(means: list[float], squares: list[float], width: float) -> tuple[float, float, float]:
    if min(means) <= 0:
        return math.nan, math.nan, math.nan
    ratio = means[1] / means[0]
    error = math.sqrt(sum(square / mean**2 for square, mean in zip(squares, means, strict=True)))
    if any(width * math.sqrt(square) >= mean for square, mean in zip(squares, means, strict=True)):
        return ratio - 1, math.nan, math.nan
    return ratio - 1, ratio * math.exp(-width * error) - 1, ratio * math.exp(width * error) - 1


def _mismatch(sizes: list[int], share: float | None) -> float:
    """Chi-squared test of the arms' sizes."""
    if share is None:
        return 1.0
    rows = sum(sizes)
    z = (sizes[1] - share * rows) / math.sqrt(rows * share * (1 - share))
    return math.erfc(abs(z) / math.sqrt(2))

"""How honest a forecast's quantiles and intervals are, and how much they tell.

Actual values first, then the quantile or the two ends of the interval, of the same periods in the same order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import Floats, as_floats
from cxml.metrics.forecast import check_forecast


def pinball_loss(y: ArrayLike, forecast: ArrayLike, *, quantile: float) -> float:
    """Mean loss of a forecast quantile: an error above costs ``1 - quantile``, one below costs ``quantile``.

    ``mean(max(quantile * (y - forecast), (quantile - 1) * (y - forecast)))``. The true quantile minimises it; at 0.5
    it is half the mean absolute error.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    forecast : array of float, shape (n_rows,)
        The forecast quantile.
    quantile : float in (0, 1)
        Which quantile was forecast: 0.95 is exceeded in one row of twenty.

    Returns
    -------
    float >= 0
        In units of `y`. Equal to ``sklearn.metrics.mean_pinball_loss``.

    Raises
    ------
    ValueError
        If `quantile` is not in (0, 1), the arrays differ in length or hold missing values.

    References
    ----------
    .. [1] Koenker, R., & Bassett, G. (1978). Regression quantiles. Econometrica, 46(1), 33-50.

    Examples
    --------
    >>> pinball_loss([100, 120], [110, 110], quantile=0.9)
    5.0
    >>> pinball_loss([100, 120], [110, 110], quantile=90)
    Traceback (most recent call last):
        ...
    ValueError: `quantile` must lie between 0 and 1, got 90. Write 0.9 for what nine of ten rows stay below.
    """
    actual, predicted = check_forecast(y, forecast)
    _check_quantiles(np.array([quantile], dtype=np.float64))
    return float(_pinball(actual - predicted, quantile).mean())


def crps(y: ArrayLike, forecasts: ArrayLike, *, quantiles: ArrayLike) -> float:
    """Continuous ranked probability score of a forecast given by quantiles: how far the whole distribution is off.

    Twice the mean pinball loss over the quantiles. With the K quantiles ``(k - 1/2) / K`` it is exactly the score of
    the K values taken as equally likely; a finer grid comes nearer to that of the whole distribution. Other grids
    weigh the part of the distribution in which they are dense.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    forecasts : array of float, shape (n_rows, n_quantiles)
        The forecast quantiles, one column each.
    quantiles : array of float in (0, 1), shape (n_quantiles,)
        Which quantiles they are.

    Returns
    -------
    float >= 0
        In units of `y`; of a forecast that is one value, the mean absolute error at quantile 0.5.

    Raises
    ------
    ValueError
        If the shapes do not fit, values are missing, or a quantile is not in (0, 1).

    References
    ----------
    .. [1] Laio, F., & Tamea, S. (2007). Verification tools for probabilistic forecasts of continuous hydrological
       variables. Hydrology and Earth System Sciences, 11, 1267-1277.

    Examples
    --------
    Two equally likely values, 90 and 110, and 100 came.

    >>> crps([100], [[90, 110]], quantiles=[0.25, 0.75])
    5.0
    >>> crps([100], [[90, 110]], quantiles=[0.5])
    Traceback (most recent call last):
        ...
    ValueError: `forecasts` must have shape (1, 1), a row for each of `y` and a column for each quantile, got (1, 2).
    """
    actual, levels = as_floats("y", y), as_floats("quantiles", quantiles)
    _check_quantiles(levels)
    shape = np.shape(np.asarray(forecasts))
    if shape != (actual.size, levels.size):
        raise ValueError(
            f"`forecasts` must have shape ({actual.size}, {levels.size}), a row for each of `y` and a column for each "
            f"quantile, got {shape}."
        )
    columns = as_floats("forecasts", np.asarray(forecasts).ravel()).reshape(shape)
    return float(2 * _pinball(actual[:, None] - columns, levels).mean())


def coverage(y: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of rows that came to lie within their interval, ends included.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    low, high : array of float, shape (n_rows,)
        Ends of the intervals.

    Returns
    -------
    float in [0, 1]
        An honest 90 % interval holds 0.9 of many rows. Counts hit the ends, so small ones are covered more often.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or an interval ends below its start.

    References
    ----------
    .. [1] Gneiting, T., Balabdaoui, F., & Raftery, A. E. (2007). Probabilistic forecasts, calibration and sharpness.
       Journal of the Royal Statistical Society B, 69(2), 243-268.

    Examples
    --------
    >>> coverage([100, 130, 90, 80], [80, 90, 85, 80], [120, 120, 125, 95])
    0.75
    >>> coverage([100], [120], [80])
    Traceback (most recent call last):
        ...
    ValueError: `low` must not lie above `high`, got 120 and 80 at position 0 and 1 such rows in all. \
Are the two swapped?
    """
    actual, bottom, top = _interval(y, low, high)
    return float(((actual >= bottom) & (actual <= top)).mean())


def interval_width(low: ArrayLike, high: ArrayLike) -> float:
    """Mean width of intervals; of two honest ones the narrower tells more.

    Parameters
    ----------
    low, high : array of float, shape (n_rows,)
        Ends of the intervals.

    Returns
    -------
    float >= 0
        In units of the ends.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or an interval ends below its start.

    References
    ----------
    .. [1] Gneiting, T., Balabdaoui, F., & Raftery, A. E. (2007). Probabilistic forecasts, calibration and sharpness.
       Journal of the Royal Statistical Society B, 69(2), 243-268.

    Examples
    --------
    >>> interval_width([80, 90], [120, 110])
    30.0
    >>> interval_width([80, 90], [120])
    Traceback (most recent call last):
        ...
    ValueError: `low` and `high` must describe the same rows, got 2 and 1 of them. Pass both ends of each interval.
    """
    bottom, top = _ends(low, high)
    return float((top - bottom).mean())


def winkler_score(y: ArrayLike, low: ArrayLike, high: ArrayLike, *, level: float = 90.0) -> float:
    """Mean width of the intervals plus a fine for every row outside: honesty and narrowness in one figure.

    The fine is ``2 / (1 - level / 100)`` times the distance to the nearer end. The true central interval minimises it.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    low, high : array of float, shape (n_rows,)
        Ends of the intervals.
    level : float in (0, 100), percent, default=90.0
        The chance the intervals claim.

    Returns
    -------
    float >= 0
        In units of `y`; smaller is better.

    Raises
    ------
    ValueError
        If `level` is not in (0, 100), the arrays differ in length, hold missing values, or an interval ends below its
        start.

    References
    ----------
    .. [1] Winkler, R. L. (1972). A decision-theoretic approach to interval estimation. Journal of the American
       Statistical Association, 67(337), 187-191.
    .. [2] Gneiting, T., & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. Journal of
       the American Statistical Association, 102(477), 359-378.

    Examples
    --------
    Widths of 20; the second row lies 2 above, which costs 20 times as much.

    >>> round(winkler_score([100, 112], [90, 90], [110, 110], level=90), 6)
    40.0
    >>> winkler_score([100], [90], [110], level=100)
    Traceback (most recent call last):
        ...
    ValueError: `level` must lie between 0 and 100 percent, got 100. Write 90 for an interval that nine of ten rows \
fall in.
    """
    if not 0 < level < 100:
        raise ValueError(
            f"`level` must lie between 0 and 100 percent, got {level!r}. Write 90 for an interval that nine of ten "
            "rows fall in."
        )
    actual, bottom, top = _interval(y, low, high)
    outside = np.maximum(bottom - actual, 0) + np.maximum(actual - top, 0)
    return float((top - bottom + 2 / (1 - level / 100) * outside).mean())


def _ends(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    bottom, top = as_floats("low", low), as_floats("high", high)
    if bottom.size != top.size:
        raise ValueError(
            f"`low` and `high` must describe the same rows, got {bottom.size:,} and {top.size:,} of them. "
            "Pass both ends of each interval."
        )
    crossed = np.flatnonzero(bottom > top)
    if crossed.size:
        at = int(crossed[0])
        raise ValueError(
            f"`low` must not lie above `high`, got {bottom[at]:g} and {top[at]:g} at position {at} and "
            f"{crossed.size:,} such rows in all. Are the two swapped?"
        )
    return bottom, top


def _interval(y: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats, Floats]:
    actual = as_floats("y", y)
    bottom, top = _ends(low, high)
    if actual.size != bottom.size:
        raise ValueError(
            f"`y` and the intervals must describe the same rows, got {actual.size:,} and {bottom.size:,} of them. "
            "Pass the ends in the order of the actual values."
        )
    return actual, bottom, top


def _check_quantiles(quantiles: Floats) -> None:
    outside = quantiles[~((quantiles > 0) & (quantiles < 1))]
    if outside.size:
        raise ValueError(
            f"`quantile` must lie between 0 and 1, got {outside[0]:g}. Write 0.9 for what nine of ten rows stay below."
        )


def _pinball(error: Floats, quantile: float | Floats) -> Floats:
    loss: Floats = np.maximum(quantile * error, (quantile - 1) * error)
    return loss

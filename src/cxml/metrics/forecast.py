"""How near forecasts of counts come to what happened, and how honest their intervals are.

Every function takes the actual values first and the forecast of the same periods second, as arrays of equal length.
Shares are fractions: 0.08, not 8 %. Rows of several series may be mixed in `wape`, `bias` and the interval measures;
`mase` takes one scale for each row for that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cxml.errors import shorten
from cxml.metrics._rows import Floats, as_floats


def wape(y: ArrayLike, forecast: ArrayLike) -> float:
    """Weighted absolute percentage error: all absolute errors over all that came.

    ``sum(abs(y - forecast)) / sum(abs(y))``. Busy periods count more than quiet ones, as their errors do in staff.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    forecast : array of float, shape (n_rows,)
        What was forecast.

    Returns
    -------
    float >= 0
        As a fraction; 0 is perfect. Equal to ``mean(abs(error)) / mean(abs(y))``.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or all of `y` is 0.

    References
    ----------
    .. [1] Kolassa, S., & Schütz, W. (2007). Advantages of the MAD/Mean ratio over the MAPE. Foresight, 6, 40-43.

    Examples
    --------
    >>> wape([100, 50, 50], [90, 55, 55])
    0.1
    >>> wape([0, 0], [1, 2])
    Traceback (most recent call last):
        ...
    ValueError: WAPE needs a row with `y` other than 0, got 2 rows of 0. Judge on periods in which something came.
    """
    actual, predicted = check_forecast(y, forecast)
    return float(np.abs(actual - predicted).sum() / _total(actual, "WAPE"))


def bias(y: ArrayLike, forecast: ArrayLike) -> float:
    """How much too high the forecast is in all: the sum of its errors over all that came.

    ``sum(forecast - y) / sum(abs(y))``. Above 0 too much was forecast, below 0 too little.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    forecast : array of float, shape (n_rows,)
        What was forecast.

    Returns
    -------
    float
        As a fraction; 0 is without bias.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or all of `y` is 0.

    References
    ----------
    .. [1] Hyndman, R. J., & Koehler, A. B. (2006). Another look at measures of forecast accuracy. International
       Journal of Forecasting, 22(4), 679-688.

    Examples
    --------
    >>> bias([100, 100], [110, 100])
    0.05
    >>> bias([100, 100], [110])
    Traceback (most recent call last):
        ...
    ValueError: `y` and `forecast` must describe the same rows, got 2 and 1 of them. \
Pass the forecast in the order of the actual values.
    """
    actual, predicted = check_forecast(y, forecast)
    return float((predicted - actual).sum() / _total(actual, "The bias"))


def mape(y: ArrayLike, forecast: ArrayLike) -> float:
    """Mean absolute percentage error: the mean of each row's error as a share of what came.

    ``mean(abs(y - forecast) / abs(y))``. Undefined where nothing came, and hard on forecasts above the actual value:
    use `wape` for counts that may be small.

    Parameters
    ----------
    y : array of float, not 0, shape (n_rows,)
        What came.
    forecast : array of float, shape (n_rows,)
        What was forecast.

    Returns
    -------
    float >= 0
        As a fraction. Equal to ``sklearn.metrics.mean_absolute_percentage_error``.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or a row of `y` is 0.

    References
    ----------
    .. [1] Hyndman, R. J., & Koehler, A. B. (2006). Another look at measures of forecast accuracy. International
       Journal of Forecasting, 22(4), 679-688.

    Examples
    --------
    >>> round(mape([100, 50], [90, 60]), 6)
    0.15
    >>> mape([100, 0], [90, 1])
    Traceback (most recent call last):
        ...
    ValueError: MAPE needs `y` other than 0 in every row, got 0 in 1 of 2 rows, at positions 1. Use `wape`.
    """
    actual, predicted = check_forecast(y, forecast)
    empty = np.flatnonzero(actual == 0)
    if empty.size:
        raise ValueError(
            f"MAPE needs `y` other than 0 in every row, got 0 in {empty.size:,} of {actual.size:,} rows, at positions "
            f"{shorten(empty.tolist())}. Use `wape`."
        )
    return float(np.mean(np.abs((actual - predicted) / actual)))


def smape(y: ArrayLike, forecast: ArrayLike) -> float:
    """Symmetric mean absolute percentage error, as the M4 competition measures it.

    ``mean(2 * abs(y - forecast) / (abs(y) + abs(forecast)))``. A row in which both are 0 counts as 0.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    forecast : array of float, shape (n_rows,)
        What was forecast.

    Returns
    -------
    float in [0, 2]
        As a fraction. Over many series the competition takes the mean of the series' values. Twice
        ``utilsforecast.losses.smape``.

    Raises
    ------
    ValueError
        If the arrays differ in length or hold missing values.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E., & Assimakopoulos, V. (2020). The M4 Competition. International Journal of
       Forecasting, 36(1), 54-74.

    Examples
    --------
    >>> smape([100, 0], [300, 0])
    0.5
    >>> smape([100, None], [300, 0])
    Traceback (most recent call last):
        ...
    ValueError: `y` must be finite, got NaN or infinity in 1 of 2 rows, at positions 1. Drop or fill these rows.
    """
    actual, predicted = check_forecast(y, forecast)
    size = np.abs(actual) + np.abs(predicted)
    error = np.zeros(actual.size)
    np.divide(2 * np.abs(actual - predicted), size, out=error, where=size > 0)
    return float(error.mean())


def mase(y: ArrayLike, forecast: ArrayLike, *, scale: float | ArrayLike) -> float:
    """Mean absolute scaled error: absolute errors in units of what a seasonal naive forecast missed by in the past.

    ``mean(abs(y - forecast) / scale)``. Below 1 the forecast is nearer than repeating the last season was within the
    history, one step ahead.

    Parameters
    ----------
    y : array of float, shape (n_rows,)
        What came.
    forecast : array of float, shape (n_rows,)
        What was forecast.
    scale : float > 0, or array of it, shape (n_rows,)
        `seasonal_scale` of the history; one for each row where rows of several series are mixed.

    Returns
    -------
    float >= 0
        0 is perfect. Equal to ``utilsforecast.losses.mase``.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or a scale is not above 0.

    References
    ----------
    .. [1] Hyndman, R. J., & Koehler, A. B. (2006). Another look at measures of forecast accuracy. International
       Journal of Forecasting, 22(4), 679-688.

    Examples
    --------
    >>> mase([10, 12], [11, 15], scale=seasonal_scale([5, 9, 6, 9, 8, 8], season=2))
    2.0
    >>> mase([10, 12], [11, 15], scale=0)
    Traceback (most recent call last):
        ...
    ValueError: `scale` must be above 0, got 0. A history that repeats itself exactly gives no scale: use `wape`.
    """
    actual, predicted = check_forecast(y, forecast)
    unit = as_floats("scale", np.atleast_1d(np.asarray(scale)))
    if unit.size not in (1, actual.size):
        raise ValueError(
            f"`scale` must be one number or one for each of the {actual.size:,} rows, got {unit.size:,} of them."
        )
    if unit.min() <= 0:
        raise ValueError(
            f"`scale` must be above 0, got {unit.min():g}. A history that repeats itself exactly gives no scale: "
            "use `wape`."
        )
    return float(np.mean(np.abs(actual - predicted) / unit))


def seasonal_scale(history: ArrayLike, season: int = 1) -> float:
    """Mean absolute error of repeating the last season, within the history of one series.

    ``mean(abs(history[t] - history[t - season]))``: what `mase` measures errors in.

    Parameters
    ----------
    history : array of float, shape (n_periods,)
        Past values of one series in time order.
    season : int >= 1, periods, default=1
        Periods after which the pattern repeats: 7 for days, 24 for hours of a day; 1 repeats the last value.

    Returns
    -------
    float >= 0
        In units of `history`.

    Raises
    ------
    ValueError
        If `season` is not a whole number >= 1, or the history is not longer than it.

    References
    ----------
    .. [1] Hyndman, R. J., & Koehler, A. B. (2006). Another look at measures of forecast accuracy. International
       Journal of Forecasting, 22(4), 679-688.

    Examples
    --------
    >>> seasonal_scale([5, 9, 6, 9, 8, 8], season=2)
    1.0
    >>> seasonal_scale([5, 9], season=7)
    Traceback (most recent call last):
        ...
    ValueError: `history` must hold more than one season of 7 periods, got 2. Give more history or a shorter season.
    """
    past = as_floats("history", history)
    if isinstance(season, bool) or int(season) != season or season < 1:
        raise ValueError(f"`season` must be a whole number of periods >= 1, got {season!r}. Use 7 for daily rows.")
    if past.size <= season:
        raise ValueError(
            f"`history` must hold more than one season of {season} periods, got {past.size:,}. "
            "Give more history or a shorter season."
        )
    return float(np.mean(np.abs(past[season:] - past[:-season])))


def check_forecast(y: ArrayLike, forecast: ArrayLike) -> tuple[Floats, Floats]:
    """Give actual and forecast values of the same rows as floats, or an error.

    Parameters
    ----------
    y, forecast : array of float, shape (n_rows,)
        What came, and what was forecast.

    Returns
    -------
    tuple of two arrays of float, shape (n_rows,)

    Raises
    ------
    ValueError
        If the arrays differ in length, are empty, or hold missing values.

    Examples
    --------
    >>> check_forecast([], [])
    Traceback (most recent call last):
        ...
    ValueError: `y` must have one dimension and at least one row, got shape (0,).
    """
    actual, predicted = as_floats("y", y), as_floats("forecast", forecast)
    if actual.size != predicted.size:
        raise ValueError(
            f"`y` and `forecast` must describe the same rows, got {actual.size:,} and {predicted.size:,} of them. "
            "Pass the forecast in the order of the actual values."
        )
    return actual, predicted


def _total(actual: Floats, metric: str) -> float:
    total = float(np.abs(actual).sum())
    if total == 0:
        raise ValueError(
            f"{metric} needs a row with `y` other than 0, got {actual.size:,} rows of 0. "
            "Judge on periods in which something came."
        )
    return total

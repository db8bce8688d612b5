"""The threshold that keeps alerts within a budget, from how often a history would have raised them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cxml.anomaly.alarms.rules import Rules

#: Alerts that a count needs before it decides by itself; below, the scale of scores is followed upwards.
_ENOUGH = 10
#: Alerts' worth of belief that the scale is what it says: one more unit of score, a tenth of the alerts.
_BELIEF = 10
#: Above the anchor, excesses count as longer than this: what is true trouble says nothing about chance.
_LONGEST = 1.5
#: Where scores start to be counted, so that runs of ordinary values don't grow together.
LOWEST = 2.0
#: Alerts whose periods would fill more than this share of the history hide others.
_CROWDED = 0.1
#: Periods below which a history is none.
_SHORTEST = 10
#: Of the alerts that are allowed, what one series may open: a share, fair shares, and a number.
_MOST_SHARE, _MOST_FAIR, _LEAST_SHARE = 0.2, 3.0, 3
_PRECISION = 0.01
_NORMAL_90 = 1.645


@dataclass(frozen=True)
class History:
    """What is known of a history's alerts.

    Attributes
    ----------
    count : callable
        Threshold -> peak scores of the alerts that the history would have raised.
    scores : array of float
        Scores that could have raised one, from the largest down.
    span : float
        Length of the history in spans of the budget.
    periods : float
        Its length in periods.
    values : float
        Values that arrive in a span of the budget, over all series.
    """

    count: Callable[[float], np.ndarray]
    scores: np.ndarray
    span: float
    periods: float
    values: float


@dataclass(frozen=True)
class Budget:
    """A threshold, and what it rests on.

    Attributes
    ----------
    threshold : float
        The score from which an alert opens.
    allowed : float
        Alerts asked for per span.
    span_name : str
        The span as the caller wrote it.
    rate, low, high : float
        Alerts to be expected per span if what comes is like the history, and the interval of 90 % of this figure.
    counted : int
        Alerts that were counted in the history, at score `anchor`.
    spans : float
        Length of the counted history, in spans.
    anchor : float
        The score at which alerts were counted: the threshold itself, or a lower one where those were too few.
    """

    threshold: float
    allowed: float
    span_name: str
    rate: float
    low: float
    high: float
    counted: int
    spans: float
    anchor: float

    @property
    def note(self) -> str:
        """What was derived, and how sure it is."""
        told = f"Alerts open at a score of {self.threshold:.2f}"
        asked = f"for at most {self.allowed:g} in {self.span_name}"
        if not self.spans:
            return f"{told}, {asked}: no history to count in, so scores are taken at their word."
        if self.anchor == self.threshold:
            source = f"counted in the history: {self.counted:,} in {self.spans:.3g} x {self.span_name}"
        else:
            source = (
                f"extrapolated from {self.counted:,} at a score of {self.anchor:.2f} in {self.spans:.3g} x "
                f"{self.span_name}, as the history is short"
            )
        return f"{told}, {asked}: {source}. Likely {self.low:.2g} to {self.high:.2g} in {self.span_name}."

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def fit_budget(rules: Rules, history: History) -> Budget:
    """Find the lowest threshold at which a history keeps within the budget.

    Alerts are counted as they would have been told, so after runs, series that move together and cool-down have made
    one of many. Where the history allows fewer than 10, so that the count at the threshold itself would be mostly luck,
    10 are counted at a lower score, and the threshold follows from the scale of scores: alerts fall as
    ``10 ** (-slope * score)``. The slope is 1 for calibrated scores; it is the likelihood's best for excesses that are
    exponential and cut at 1.5, where 10 further alerts of slope 1 are believed in.

    Parameters
    ----------
    rules : Rules
    history : History

    Returns
    -------
    Budget

    Examples
    --------
    >>> from cxml.anomaly.config import AnomalyConfig
    >>> peaks = np.sort(-np.log10(np.arange(1, 1001) / 1000.0))[::-1]  # calibrated: one in 1,000 is 3
    >>> count = lambda score: peaks[peaks >= score]
    >>> rules = Rules.read(AnomalyConfig(budget=4, least_score=1))
    >>> round(fit_budget(rules, History(count, peaks, span=5.0, periods=1e3, values=200.0)).threshold, 1)
    1.7
    >>> fit_budget(Rules.read(AnomalyConfig(budget=1)), History(count, peaks, 0.5, 1e3, 2e3)).note[:64]
    'Alerts open at a score of 3.20, for at most 1 in 7D: extrapolate'
    """
    if history.periods < _SHORTEST:
        return _at_its_word(rules, history)
    wanted = rules.budget * history.span
    if wanted >= _ENOUGH:
        threshold, peaks = _lowest(history, wanted, rules.least_score)
        low, high = _poisson(len(peaks))
        rate = len(peaks) / history.span
        return _told(rules, history, threshold, threshold, len(peaks), (rate, low / history.span, high / history.span))
    few = min(_ENOUGH, max(1.0, _CROWDED * history.periods / (1.0 + rules.together)))
    anchor, peaks = _lowest(history, max(wanted, few), min(LOWEST, rules.least_score))
    excess = np.minimum(peaks - anchor, _LONGEST)
    inner = int((peaks - anchor < _LONGEST).sum())
    slope = (_BELIEF + inner) / (_BELIEF + math.log(10.0) * float(excess.sum()))
    # One more than was counted: the next may come any time.
    rise = math.log10((len(peaks) + 1) / wanted) / slope
    threshold = max(anchor + rise, rules.least_score)
    fall = 10.0 ** (-slope * (threshold - anchor))
    low, high = (bound * fall / history.span for bound in _poisson(len(peaks)))
    blur = _NORMAL_90 * (threshold - anchor) * slope / math.sqrt(_BELIEF + inner)
    rate = (len(peaks) + 1) * fall / history.span
    return _told(rules, history, threshold, anchor, len(peaks), (rate, low * 10.0**-blur, high * 10.0**blur))


def loud_floors(floors: np.ndarray, openers: np.ndarray, peaks: np.ndarray, wanted: float) -> np.ndarray:
    """Keep single series from using up the budget of all.

    A series may open a fifth of the alerts, or three times its fair share where that is more, and three in any case.
    One that opens more gets a least threshold of its own: the peak of the last alert that it may have, the strangest
    counted first.

    Parameters
    ----------
    floors : array of float, shape (n_series,)
        Least thresholds so far.
    openers : array of int, shape (m,)
        Which series opened each alert.
    peaks : array of float, shape (m,)
        How high this series went in it.
    wanted : float
        Alerts that the budget allows in the history.

    Returns
    -------
    array of float, shape (n_series,)

    Examples
    --------
    >>> openers, peaks = np.array([0, 0, 0, 0, 1, 0]), np.array([4.0, 5.0, 6.0, 7.0, 9.0, 8.0])
    >>> loud_floors(np.zeros(20), openers, peaks, wanted=10.0)[:2]
    array([6., 0.])
    """
    most = int(max(_MOST_SHARE * wanted, _MOST_FAIR * wanted / max(len(floors), 1), _LEAST_SHARE))
    raised = floors.copy()
    counts = np.bincount(openers, minlength=len(floors))
    for series in np.flatnonzero(counts > most):
        of = np.sort(peaks[openers == series])[::-1]
        raised[series] = max(float(of[most - 1]), raised[series])
    return raised


def _at_its_word(rules: Rules, history: History) -> Budget:
    """The threshold of calibrated scores, where each value may be an alert of its own."""
    values = max(history.values, 1.0)
    threshold = max(math.log10(values / rules.budget), rules.least_score)
    rate = values * 10.0**-threshold
    return Budget(threshold, rules.budget, rules.span_name, rate, 0.0, rate, 0, 0.0, threshold)


def _lowest(history: History, wanted: float, least: float) -> tuple[float, np.ndarray]:
    """The lowest threshold with at most so many alerts, and their peaks."""
    peaks = history.count(least)
    if len(peaks) <= wanted:
        return least, peaks
    # So many values cannot make more alerts.
    low, high = least, float(np.nextafter(history.scores[min(int(wanted), len(history.scores) - 1)], np.inf))
    # Where the strangest are all alike, they are told: a threshold above what scores can reach would be deaf.
    high = min(high, float(history.scores[0]))
    found = history.count(high)
    while high - low > _PRECISION:
        middle = (low + high) / 2.0
        peaks = history.count(middle)
        if len(peaks) <= wanted:
            high, found = middle, peaks
        else:
            low = middle
    return high, found


def _poisson(count: int) -> tuple[float, float]:
    """Bounds of 90 % for the mean behind a count (Garwood 1936, by the cube root of Wilson and Hilferty 1931)."""
    above = count + 1
    high = above * (1 - 1 / (9 * above) + _NORMAL_90 / (3 * math.sqrt(above))) ** 3
    low = count * (1 - 1 / (9 * count) - _NORMAL_90 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    return low, high


def _told(
    rules: Rules, history: History, threshold: float, anchor: float, counted: int, rates: tuple[float, float, float]
) -> Budget:
    rate, low, high = rates
    return Budget(threshold, rules.budget, rules.span_name, rate, low, high, counted, history.span, anchor)

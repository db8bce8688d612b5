"""Invent subscription customers whose true chance of leaving, and its true reasons, are known.

Each feature is a quantile function of its own uniform number. So the features are independent (but for `total_paid`),
and an even grid of uniform numbers, put through the same functions, is the population that means are taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cxml.datasets._checks import check_whole

if TYPE_CHECKING:
    import pandas as pd

_Levels = tuple[tuple[object, float, float], ...]
Known = Callable[[int], tuple["pd.DataFrame", np.ndarray]]
"""For a month, counted from 0: columns of all customers, and what they add to the log-odds of leaving."""

#: Features of few values: the value, its share of the customers, its term in the true log-odds.
_LEVELS: dict[str, _Levels] = {
    "contract": (("monthly", 0.50, 0.0), ("1 year", 0.28, -0.8), ("2 years", 0.22, -1.5)),
    "support_calls": ((0, 0.45, 0.0), (1, 0.25, 0.0), (2, 0.15, 0.0), (3, 0.08, 1.3), (4, 0.04, 1.3), (5, 0.03, 1.3)),
    "late_payments": ((0, 0.70, 0.0), (1, 0.16, 0.5), (2, 0.09, 1.0), (3, 0.05, 1.5)),
    "plan": (
        ("5G Standard", 0.18, 0.0),
        ("5G Premium", 0.13, 0.0),
        ("5G Slim", 0.12, 0.0),
        ("5G Unlimited", 0.11, 0.0),
        ("LTE Standard", 0.10, 0.0),
        ("LTE Data 33", 0.08, 1.0),
        ("LTE Slim", 0.07, 0.0),
        ("Senior", 0.06, -1.0),
        ("Youth", 0.05, 0.0),
        ("Kids", 0.04, 0.0),
        ("Welfare", 0.03, 0.0),
        ("3G Legacy", 0.03, 1.0),
    ),
    "region": (
        ("서울", 0.22, 0.0),
        ("경기", 0.26, 0.0),
        ("부산", 0.10, 0.0),
        ("인천", 0.09, 0.0),
        ("대구", 0.08, 0.0),
        ("경남", 0.08, 0.0),
        ("대전", 0.06, 0.0),
        ("광주", 0.05, 0.0),
        ("강원", 0.04, 0.0),
        ("제주", 0.02, 0.0),
    ),
    "is_bundle": ((False, 0.60, 0.0), (True, 0.40, -0.6)),
    "satisfaction": (
        (float("nan"), 0.30, 0.6),
        (1.0, 0.06, 1.2),
        (2.0, 0.10, 0.6),
        (3.0, 0.18, 0.0),
        (4.0, 0.22, -0.6),
        (5.0, 0.14, -1.2),
    ),
}

#: The features in the order of the frame. Each has its own column of uniform numbers; one more decides the outcome.
_FEATURES = (
    "tenure_months",
    "contract",
    "plan",
    "monthly_fee",
    "total_paid",
    "is_bundle",
    "support_calls",
    "late_payments",
    "app_visits",
    "satisfaction",
    "device_bought_on",
    "region",
)
#: What a customer keeps from one month to the next.
_STEADY = [_FEATURES.index(name) for name in ("tenure_months", "contract", "plan", "monthly_fee", "total_paid")]
_STEADY += [_FEATURES.index(name) for name in ("is_bundle", "device_bought_on", "region")]

_FIRST_MONTH = np.datetime64("2024-06", "M")
_INTERCEPT = -2.6
#: Added to the intercept where the question is the next month only: about 5 % leave instead of 25 %.
_NEXT_MONTH = -1.9
_EARLY_MONTHS = 6
_EARLY_MONTHLY = 1.8
_DEVICE_DAYS = 730
_GRID = 10_000

_DESCRIPTION = """\
Invented customers of a Korean telecom, {rows}; no row is about a person.
What drives churn: contract, tenure_months (and the two together), support_calls from three on, late_payments,
satisfaction (no answer is a bad sign), monthly_fee (low or high), device_bought_on (older than two years),
plan (three of twelve), is_bundle.
What does not: region and app_visits (decoys), total_paid (about tenure x fee, nothing of its own)."""


@dataclass(frozen=True)
class Customers:
    """Invented customers with the truth about them.

    Attributes
    ----------
    frame : DataFrame, shape (n_rows, 14 or 15)
        What a warehouse would hold: ``customer_id``, 12 features, ``churned`` ("yes" or "no"); snapshots have
        ``as_of`` too.
    probability : array of float in (0, 1), shape (n_rows,)
        The true chance of leaving. `churned` was drawn with it, so in the long run no model does better than it.
    effects : DataFrame of float, shape (n_rows, 12), log-odds
        How far each feature moves the true log-odds from their population mean: the exact Shapley values of the
        truth. The index is that of `frame`, the columns are its features.
    description : str
        The data in words.

    Examples
    --------
    >>> customers = make_customers(5)
    >>> len(customers.frame) == len(customers.probability) == len(customers.effects)
    True
    >>> customers.description = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'description'
    """

    frame: pd.DataFrame
    probability: np.ndarray
    effects: pd.DataFrame
    description: str


def make_customers(n: int = 2000, seed: int = 0) -> Customers:
    """Invent subscription customers, a quarter of whom leave, with the truth about each.

    The true log-odds of leaving are -2.6 plus the terms below, plus 1.8 for a monthly contract in its first six
    months:

    ==================  ===================================  ====================================================
    feature             values                               term in the log-odds
    ==================  ===================================  ====================================================
    tenure_months       0-119, many short                    -0.01 a month, up to 60 months
    contract            monthly, 1 year, 2 years             0, -0.8, -1.5
    plan                12 texts                             "LTE Data 33" and "3G Legacy" 1.0, "Senior" -1.0
    monthly_fee         30,000-119,900 won                   0.5 for each 10,000 won away from 60,000, up or down
    total_paid          text, " " before the first bill      none of its own: about tenure x fee
    is_bundle           bool                                 -0.6 if True
    support_calls       0-5                                  1.3 from three on
    late_payments       0-3                                  0.5 each
    app_visits          0-59                                 none: a decoy
    satisfaction        1-5, 30 % missing                    -0.6 for each point above 3 (0.6 below); missing 0.6
    device_bought_on    date                                 0.8 if more than 730 days before 2024-06-30
    region              10 Korean texts                      none: a decoy
    ==================  ===================================  ====================================================

    All features but `total_paid` are independent. About 25 % leave. Ranking by the true probability has a ROC AUC
    of 0.84: a model that shows clearly more on rows it never saw was told the answer.

    Parameters
    ----------
    n : int >= 1, default=2000
        Number of customers. A larger `n` adds customers and keeps the first ones.
    seed : int >= 0, default=0

    Returns
    -------
    Customers
        ``effects`` are the exact Shapley values of the true log-odds [1]_ with the other features drawn from the
        population: a term less its mean, and for the one interaction half of what each of its two features adds when
        it comes first and half of what it adds when it comes second. The effects of a row add up to its log-odds
        less their population mean. A model may lend `total_paid` some of the credit of tenure and fee.

    Raises
    ------
    ConfigError
        If `n` is not a whole number >= 1, or `seed` not one >= 0.

    References
    ----------
    .. [1] Strumbelj, E., & Kononenko, I. (2014). Explaining prediction models and individual predictions with
       feature contributions. Knowledge and Information Systems, 41(3), 647-665.

    Examples
    --------
    >>> customers = make_customers(1000, seed=1)
    >>> customers.frame[["customer_id", "contract", "churned"]].head(2)
      customer_id contract churned
    0     C000000  2 years     yes
    1     C000001  monthly      no
    >>> make_customers(0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `n` must be a whole number, 1 or more - got 0.
    """
    check_whole("n", n, least=1)
    check_whole("seed", seed, least=0)
    uniform = np.random.default_rng(seed).random((n, len(_FEATURES) + 1))
    frame, probability, effects = _observe(np.arange(n), uniform, month=0, intercept=_INTERCEPT)
    return Customers(frame, probability, effects, _DESCRIPTION.format(rows=f"one row each, as of {month_end(0)}"))


def make_snapshots(n: int = 500, months: int = 12, seed: int = 0) -> Customers:
    """Invent customers seen at several month ends, until they leave.

    The customers and the terms are those of `make_customers`; `churned` tells whether the customer leaves within the
    month after ``as_of``, which about one in twenty does, so the log-odds start at -4.5. From month to month the
    tenure and the device grow older, calls, late payments, visits and satisfaction are drawn anew, and the rest
    stays. Who left has no further rows.

    Parameters
    ----------
    n : int >= 1, default=500
        Number of customers at the first date.
    months : int >= 1, default=12
        Number of month ends, from 2024-06-30 on.
    seed : int >= 0, default=0

    Returns
    -------
    Customers
        One row a customer and date, sorted by date; the frame has the further column ``as_of`` (second). Effects are
        measured from the population of the first date.

    Raises
    ------
    ConfigError
        If `n` or `months` is not a whole number >= 1, or `seed` not one >= 0.

    Examples
    --------
    >>> seen = make_snapshots(100, months=3).frame
    >>> seen.groupby("as_of").size().is_monotonic_decreasing
    True
    >>> make_snapshots(100, months=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `months` must be a whole number, 1 or more - got 0.
    """
    check_whole("n", n, least=1)
    check_whole("months", months, least=1)
    check_whole("seed", seed, least=0)
    return see_month_by_month(n, months, seed)


def see_month_by_month(n: int, months: int, seed: int, known: Known | None = None) -> Customers:
    """Make snapshots; what `known` tells of all customers at a month replaces features, and adds to the log-odds."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    steady = rng.random((n, len(_FEATURES) + 1))[:, _STEADY]
    here = np.arange(n)
    seen = []
    for month in range(months):
        if not here.size:
            break
        uniform = rng.random((n, len(_FEATURES) + 1))
        uniform[:, _STEADY] = steady
        seen.append(_observe(here, uniform[here], month=month, intercept=_INTERCEPT + _NEXT_MONTH, known=known))
        seen[-1][0].insert(1, "as_of", month_end(month).astype("datetime64[ns]"))
        here = here[(seen[-1][0]["churned"] == "no").to_numpy()]
    frames, probabilities, effects = zip(*seen, strict=True)
    rows = f"one row each month end until they leave, from {month_end(0)} to {month_end(months - 1)}"
    return Customers(
        pd.concat(frames, ignore_index=True),
        np.concatenate(probabilities),
        pd.concat(effects, ignore_index=True),
        _DESCRIPTION.format(rows=rows),
    )


def month_end(month: int) -> np.datetime64:
    """Give the last day of a month, counted from 0."""
    end: np.datetime64 = (_FIRST_MONTH + month + 1).astype("datetime64[D]") - 1
    return end


def _observe(
    numbers: np.ndarray, uniform: np.ndarray, *, month: int, intercept: float, known: Known | None = None
) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """See the customers at a month end: the frame, the true probability, the true effects."""
    frame, added = _features(uniform, month), np.zeros(numbers.size)
    if known is not None:
        columns, of_all = known(month)
        frame, added = frame.assign(**columns.iloc[numbers].reset_index(drop=True)), of_all[numbers]
    terms = _terms(frame, month)
    log_odds = intercept + terms.sum(axis=1).to_numpy() + _EARLY_MONTHLY * _is_monthly(frame) * _is_early(frame)
    log_odds += added
    probability = 1.0 / (1.0 + np.exp(-log_odds))
    effects = _effects(frame, terms)
    frame.insert(0, "customer_id", [f"C{number:06d}" for number in numbers.tolist()])
    frame["churned"] = np.where(uniform[:, -1] < probability, "yes", "no")
    return frame, probability, effects


def _features(uniform: np.ndarray, month: int) -> pd.DataFrame:
    """Turn uniform numbers, one column a feature, into the features."""
    import pandas as pd

    u = dict(zip(_FEATURES, uniform.T, strict=False))  # the last column is the outcome's
    tenure = np.floor(120 * u["tenure_months"] ** 1.6).astype(int) + month
    fee = 30_000 + 100 * np.floor(900 * u["monthly_fee"] ** 1.5).astype(int)
    days = np.floor(1_500 * u["device_bought_on"] ** 1.2).astype("timedelta64[D]")
    paid = 10 * np.round(tenure * fee * (0.9 + 0.1 * u["total_paid"]) / 10).astype(int)
    columns: dict[str, object] = {
        "tenure_months": tenure,
        "monthly_fee": fee,
        "total_paid": [f"{won:,}" if won else " " for won in paid.tolist()],
        "app_visits": np.floor(60 * u["app_visits"] ** 2).astype(int),
        "device_bought_on": (month_end(0) - days).astype("datetime64[ns]"),
        **{name: _pick(levels, u[name]) for name, levels in _LEVELS.items()},
    }
    return pd.DataFrame({name: columns[name] for name in _FEATURES})


def _pick(levels: _Levels, uniform: np.ndarray) -> np.ndarray:
    edges = np.cumsum([share for _, share, _ in levels])[:-1]
    return np.array([value for value, _, _ in levels])[np.searchsorted(edges, uniform, side="right")]


def _terms(frame: pd.DataFrame, month: int) -> pd.DataFrame:
    """Give the terms of the true log-odds that hang on one feature each."""
    import pandas as pd

    terms = pd.DataFrame(0.0, index=frame.index, columns=list(_FEATURES))
    for name, levels in _LEVELS.items():
        terms[name] = frame[name].map({value: term for value, _, term in levels})
    terms["tenure_months"] = -0.01 * frame["tenure_months"].clip(upper=60)
    terms["monthly_fee"] = 0.5 * (frame["monthly_fee"] - 60_000).abs() / 10_000
    days = (month_end(month) - frame["device_bought_on"].to_numpy()).astype("timedelta64[D]").astype(int)
    terms["device_bought_on"] = 0.8 * (days > _DEVICE_DAYS)
    return terms


def _is_monthly(frame: pd.DataFrame) -> np.ndarray:
    return (frame["contract"] == "monthly").to_numpy(dtype=float)


def _is_early(frame: pd.DataFrame) -> np.ndarray:
    return (frame["tenure_months"] < _EARLY_MONTHS).to_numpy(dtype=float)


def _effects(frame: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Centre the terms, and share the interaction between its two features as Shapley does.

    With c and t the two indicators and C and T their means, the contract adds ``(c - C) T`` when it comes first and
    ``(c - C) t`` when it comes second; the tenure likewise. The two shares add up to ``c t - C T``.
    """
    means, monthly_mean, early_mean = _population()
    monthly, early = _is_monthly(frame), _is_early(frame)
    effects = terms - means
    effects["contract"] += _EARLY_MONTHLY * (monthly - monthly_mean) * (early_mean + early) / 2
    effects["tenure_months"] += _EARLY_MONTHLY * (early - early_mean) * (monthly_mean + monthly) / 2
    return effects


@cache
def _population() -> tuple[pd.Series[float], float, float]:
    """Give the means of the terms and of the interaction's two indicators at the first date."""
    even = (np.arange(_GRID) + 0.5) / _GRID
    frame = _features(np.repeat(even[:, None], len(_FEATURES), axis=1), month=0)
    return _terms(frame, month=0).mean(), float(_is_monthly(frame).mean()), float(_is_early(frame).mean())

"""The invented telecom that makes the offers: its customers, its catalogue, and what makes a customer buy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    Columns = Mapping[Any, np.ndarray]

_FAR_DAY = "2099-12-31"
_OFFERS = (
    # offer, category, margin, cost, discount, starts, ends, stock
    ("data_plus", "data", 12_000, 200, 0.10, "2024-12-01", _FAR_DAY, 5_000),
    ("data_unlimited", "data", 30_000, 300, 0.20, "2024-12-01", _FAR_DAY, 5_000),
    ("family_bundle", "bundle", 45_000, 600, 0.25, "2024-12-01", _FAR_DAY, 2_000),
    ("internet_tv", "bundle", 60_000, 900, 0.15, "2024-12-01", _FAR_DAY, 300),
    ("ott_pass", "content", 8_000, 150, 0.30, "2024-12-01", "2025-05-31", 5_000),
    ("music_pass", "content", 5_000, 100, 0.00, "2024-12-01", _FAR_DAY, 5_000),
    ("device_upgrade", "device", 90_000, 1_500, 0.20, "2024-12-01", _FAR_DAY, 100),
    ("roaming_pack", "roaming", 15_000, 250, 0.05, "2025-01-20", _FAR_DAY, 1_000),
)
_OFFER_COLUMNS = ["offer", "category", "margin", "cost", "discount", "starts", "ends", "stock"]
#: Plan, share of the customers, monthly fee in won, gigabytes used in a middling month.
_PLANS = (
    ("5G Unlimited", 0.20, 89_000, 40.0),
    ("5G Standard", 0.30, 69_000, 16.0),
    ("LTE Standard", 0.25, 49_000, 7.0),
    ("LTE Slim", 0.15, 33_000, 2.5),
    ("Senior", 0.10, 27_000, 1.5),
)
_REGIONS = (
    ("서울", 0.24),
    ("경기", 0.28),
    ("부산", 0.14),
    ("대구", 0.12),
    ("광주", 0.10),
    ("강원", 0.07),
    ("제주", 0.05),
)


def invent_customers(n: int, seed: int) -> pd.DataFrame:
    import pandas as pd

    u = np.random.default_rng([seed, 0]).random((n, 12)).T
    plan = _pick([share for _, share, _, _ in _PLANS], u[0])
    senior = plan == len(_PLANS) - 1
    noise = np.sqrt(-2 * np.log1p(-u[1])) * np.cos(2 * np.pi * u[2])  # Box and Muller's normal numbers
    gigabytes = np.round(np.array([used for *_, used in _PLANS])[plan] * np.exp(0.6 * noise), 1)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:05d}" for number in range(1, n + 1)],
            "age": np.where(senior, 65 + np.floor(20 * u[3]), 19 + np.floor(56 * u[3] ** 1.2)).astype(int),
            "plan": np.array([name for name, *_ in _PLANS])[plan],
            "region": np.array([name for name, _ in _REGIONS])[_pick([share for _, share in _REGIONS], u[4])],
            "tenure_months": np.floor(120 * u[5] ** 1.5).astype(int),
            "monthly_fee": np.array([fee for _, _, fee, _ in _PLANS])[plan] + 1_100 * np.floor(6 * u[6]).astype(int),
            "data_gb": np.where(u[7] < 0.05, np.nan, gigabytes),
            "app_user": u[8] < np.where(senior, 0.25, 0.6),
            "sms_ok": u[9] < 0.85,
            "email_ok": u[10] < 0.65,
            "call_ok": u[11] < 0.45,
        }
    )


def _pick(shares: list[float], uniform: np.ndarray) -> np.ndarray:
    place: np.ndarray = np.searchsorted(np.cumsum(shares)[:-1], uniform, side="right")
    return place


def make_catalogue() -> pd.DataFrame:
    import pandas as pd

    offers = pd.DataFrame(list(_OFFERS), columns=_OFFER_COLUMNS)
    return offers.astype({"starts": "datetime64[ns]", "ends": "datetime64[ns]"})


def anyway_odds(customer: Columns) -> np.ndarray:
    """Give the log-odds of buying without being contacted."""
    term: np.ndarray = -3.8 + 0.5 * customer["app_user"] + 1.0 * (customer["tenure_months"] >= 60)
    return term


def push_odds(customer: Columns, offer: Columns) -> np.ndarray:
    """Give what an offer adds to these log-odds; the shapes of customer and offer broadcast."""
    age, gigabytes, tenure = (customer[name] for name in ("age", "data_gb", "tenure_months"))
    fits = {
        "data": 1.0 * (gigabytes >= 15) - 0.8 * (gigabytes < 4),
        "bundle": 0.8 * ((age >= 35) & (age < 55)),
        "content": 1.0 * (age < 30) - 0.8 * (age >= 60),
        "device": 0.8 * (tenure >= 24),
        "roaming": 0.7 * np.isin(customer["region"], ("서울", "경기")),
    }
    term = 0.8 + 4.0 * offer["discount"] - 0.1 * offer["margin"] / 10_000
    term = term + 0.4 * (tenure < 12) - 1.6 * (tenure >= 60)
    for name, fit in fits.items():
        term = term + fit * (offer["category"] == name)
    pushed: np.ndarray = term
    return pushed


def delivery_odds(age: np.ndarray, channel: np.ndarray, position: np.ndarray, contacts: np.ndarray) -> np.ndarray:
    """Give what channel, position and fatigue add to the log-odds."""
    term = -0.3 * (channel == "email") + np.where(age < 35, -0.5, 0.5) * (channel == "call")
    delivered: np.ndarray = term - 0.2 * (position - 1) - 0.2 * np.minimum(contacts, 3)
    return delivered


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    chance: np.ndarray = 1.0 / (1.0 + np.exp(-log_odds))
    return chance

"""How each registered model is built for a test, and what is expected of it: the one table that tests share."""

from dataclasses import dataclass, field

import numpy as np

from cxml import churn, volume
from cxml.datasets import make_contacts, make_customers

TARGET, KEY = "churned", "customer_id"


@dataclass(frozen=True)
class Words:
    """What a family calls its columns, in the frames that tests make for it.

    Attributes
    ----------
    key, target : str
    answer : str
        The column of its answers that is a number and not constant.
    given : tuple of str
        Columns that an answer repeats from the rows.
    named : str
        A column of its frames that may be given twice by mistake.
    """

    key: str
    target: str
    answer: str
    given: tuple[str, ...]
    named: str


WORDS = {
    "churn": Words(KEY, TARGET, "churn_probability", (KEY,), "plan"),
    "volume": Words("unique_id", "y", "contacts", ("unique_id", "ds"), "ds"),
}


@dataclass(frozen=True)
class Recipe:
    """Settings for the family's `train`, and the exceptions to the contract, each with its reason."""

    settings: dict = field(default_factory=dict)
    #: the columns that the model is trained without
    without: tuple[str, ...] = ()
    #: name of the metric that must beat the last baseline's, and by how much it must be lower
    headline: str = "log_loss"
    margin: float = 0.05
    #: check -> why it does not hold for this model
    excused: dict = field(default_factory=dict)


_NO_RECORD = {"predicts one": "it forecasts days, which do not come as records"}
_FORECAST = _NO_RECORD | {"needs no key": "a forecast is of one series, and each row must say of which"}

_SURVIVAL = {"duration": "tenure_months", "horizon": 6}

RECIPES = {
    "churn/boosted": Recipe(),
    "churn/logistic": Recipe(),
    "churn/base_rate": Recipe(
        excused={
            "not constant": "it answers everybody with the overall rate",
            "beats its baseline": "it is the baseline under every baseline",
            "needs columns": "it needs no column",
            "predicts one": "a constant needs no record",
            "names the nearest column": "it needs no column",
        }
    ),
    # total_paid is tenure x fee: with it the trees would read the answer.
    "churn/survival": Recipe(
        _SURVIVAL,
        ("total_paid",),
        "survival_log_loss",
        0.01,
        excused={"predicts one": "it answers with a curve; the service path is for who, not for when"},
    ),
    "churn/life_table": Recipe(
        _SURVIVAL,
        ("total_paid",),
        "survival_log_loss",
        excused={
            "not constant": "everybody who has come as far has the same curve",
            "beats its baseline": "it is the baseline of the survival models",
            "predicts one": "it answers with a curve; the service path is for who, not for when",
        },
    ),
    "volume/auto": Recipe(headline="wape", margin=0.02, excused=_FORECAST),
    "volume/profile": Recipe(headline="wape", margin=0.02, excused=_FORECAST),
    "volume/boosted": Recipe(headline="wape", margin=0.01, excused=_FORECAST),
    "volume/weekday_mean": Recipe(
        headline="wape", excused=_FORECAST | {"beats its baseline": "it is a baseline of the others"}
    ),
    "volume/seasonal_naive": Recipe(
        headline="wape", excused=_FORECAST | {"beats its baseline": "it is a baseline of the others"}
    ),
}


def customers_of(n=600, seed=1):
    return make_customers(n, seed=seed).frame


def contacts_of(days=98, series=3, seed=1, **more):
    """Days of some queues, and a campaign that brings a hundred contacts a step."""
    frame = make_contacts(days, series, freq="D", hours=None, seed=seed, **more).frame
    campaign = np.random.default_rng(seed).integers(0, 4, len(frame))
    return frame.assign(campaign=campaign, y=frame["y"] + 100 * campaign)


def frame_of(family):
    return {"churn": customers_of, "volume": contacts_of}[family]()


def train(name, frame, **more):
    if name.startswith("volume/"):
        method = name.partition("/")[2]
        return volume.train(frame, **{"horizon": 14, "country": "KR", "method": method, "track": False, **more})
    recipe = RECIPES[name]
    return churn.train(
        frame.drop(columns=list(recipe.without)),
        **{
            "target": TARGET,
            "key": KEY,
            "method": name.partition("/")[2],
            "track": False,
            "refit": False,
            **recipe.settings,
            **more,
        },
    )

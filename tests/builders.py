"""How each registered model is built for a test, and what is expected of it: the one table that tests share."""

from dataclasses import dataclass, field

from cxml import churn
from cxml.datasets import make_customers

TARGET, KEY = "churned", "customer_id"


@dataclass(frozen=True)
class Recipe:
    """Settings for `churn.train`, and the exceptions to the contract, each with its reason."""

    settings: dict = field(default_factory=dict)
    #: the columns that the model is trained without
    without: tuple[str, ...] = ()
    #: name of the metric that must beat the last baseline's, and by how much it must be lower
    headline: str = "log_loss"
    margin: float = 0.05
    #: check -> why it does not hold for this model
    excused: dict = field(default_factory=dict)


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
}


def customers_of(n=600, seed=1):
    return make_customers(n, seed=seed).frame


def train(name, frame, **more):
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

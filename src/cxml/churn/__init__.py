"""Who will leave, when, why, and is a contact worth it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cxml.churn.columns import PROBABILITY, PROFIT, SURVIVAL
from cxml.churn.config import ChurnConfig, SurvivalConfig
from cxml.errors import ConfigError
from cxml.metrics import CampaignCosts

if TYPE_CHECKING:
    import pandas as pd

    from cxml.churn.reasons import Language
    from cxml.trained import Trained

__all__ = ["CampaignCosts", "ChurnConfig", "SurvivalConfig", "predict", "train"]


def train(
    frame: Any,
    *,
    target: str,
    key: str | None = None,
    time: str | None = None,
    method: str | None = None,
    refit: bool = True,
    track: bool = True,
    nested: bool = False,
    pictures: bool = True,
    **settings: Any,
) -> Trained:
    """Learn who leaves, judge it on customers held out, and record it in MLflow.

    Columns may hold numbers, text that is numbers with dirt, booleans, dates and categories of any cardinality, with
    missing values anywhere. What identifies a row, is constant or is empty is left out and listed in ``.notes``,
    as is any column that seems to know the answer.

    Parameters
    ----------
    frame : DataFrame
        pandas, polars or anything that speaks Arrow: one row a customer, or one a customer and as-of date. At least
        50 rows, 10 who left and 10 who stayed.
    target : str
        The column that says who left.
    key : str, optional
        The column that names the customer.
    time : str, optional
        The as-of date column; the last dates are then held out.
    method : {"boosted", "logistic", "base_rate", "survival", "life_table"}, optional
        By default ``"survival"`` where `duration` is given and ``"boosted"`` elsewhere.
    refit : bool, default=True
        Fit the returned model on all rows, once judged. False returns the judged fit.
    track : bool, default=True
        Record in MLflow, in the experiment ``cxml/churn``, the baselines as runs of their own.
    nested : bool, default=False
        Record inside the MLflow run that is open.
    pictures : bool, default=True
        Draw pictures for MLflow.
    **settings
        Further settings, see `ChurnConfig`; and for survival `SurvivalConfig` (``duration=``, ``horizon=``).

    Returns
    -------
    Trained
        ``.metrics`` and ``.table()`` hold the verdict beside the baselines, ``.notes`` what was found.

    Raises
    ------
    FrameError
        If the data cannot be learned from. Nothing was started then.
    ConfigError
        If a setting is unknown or outside its range.
    TrackingError
        If an MLflow run is open and `nested` is False; or if MLflow failed, then the message says where the trained
        model is kept.

    Examples
    --------
    >>> from cxml.datasets import make_customers
    >>> customers = make_customers(400, seed=1).frame
    >>> model = train(customers, target="churned", key="customer_id", method="logistic", track=False)
    >>> model.metrics["holdout_roc_auc"] > 0.6
    True
    >>> train(customers, target="churnd", track=False)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Training churn needs the column 'churnd' - the data has 14 columns and not this one. \
Did you mean 'churned'? Name columns as the data does.
    """
    from cxml import registry, training
    from cxml.churn.family import FAMILY
    from cxml.contract import build_config

    method = method or ("survival" if "duration" in settings else "boosted")
    kind = registry.model_class(f"churn/{method}")
    config = build_config(kind.Config, {"target": target, "key": key, "time": time, **settings})
    return training.train(FAMILY, kind(config), frame, refit=refit, track=track, nested=nested, pictures=pictures)


def predict(
    model: Any,
    frame: Any,
    *,
    reasons: int = 0,
    language: Language = "en",
    costs: CampaignCosts | None = None,
    months: float | Sequence[float] = (),
) -> pd.DataFrame:
    """Answer for each customer how likely they are to leave.

    Parameters
    ----------
    model : Trained, folder or URI
        What `train` returned, a folder, ``models:/churn@champion``, ``runs:/<run id>/model``.
    frame : DataFrame
        Every column that the model needs (``model.model.features()``), in any order; further ones are ignored. A
        category never seen counts as missing.
    reasons : int, default=0
        How many reasons to give for each customer; costs far more than the prediction itself.
    language : {"en", "ko"}, default="en"
        Of the reasons' sentences.
    costs : CampaignCosts, optional
        Adds the profit to be expected from contacting the customer.
    months : float or sequence of float, optional
        For survival models: adds the chance of still being here so many periods from now.

    Returns
    -------
    DataFrame
        One row per row of `frame`, in its order and with its index: the key, ``churn_probability``, and as asked
        ``expected_month`` (survival models), ``survival_month_<m>``, ``expected_profit``, ``reasons`` (dicts of
        feature, value and percentage points), ``reasons_text``.

    Raises
    ------
    FrameError
        If a column is missing or holds what the model cannot read.
    ConfigError
        If the model cannot give what is asked.
    ModelFolderError
        If there is no such model.

    Examples
    --------
    >>> from cxml.datasets import make_customers
    >>> customers = make_customers(400, seed=1).frame
    >>> model = train(customers, target="churned", key="customer_id", method="logistic", track=False)
    >>> answer = predict(model, customers.head(2), reasons=1, costs=CampaignCosts(value=300))
    >>> list(answer.columns)
    ['customer_id', 'churn_probability', 'expected_profit', 'reasons', 'reasons_text']
    >>> predict(model, customers.head(2), months=[6])
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: months= needs a model that knows when - 'churn/logistic' only knows who. \
Train one with duration=.
    """
    from cxml.contract import Explains
    from cxml.metrics import expected_profit
    from cxml.training import use

    trained, customers = use(model, frame, family="churn")
    answer = trained.model.predict(customers)
    wanted = [months] if isinstance(months, (int, float)) else list(months)
    if wanted:
        answer = _add_survival(trained, answer, customers, wanted)
    if costs is not None:
        answer[PROFIT] = expected_profit(answer[PROBABILITY].to_numpy(), costs)
    if reasons:
        from cxml.churn.reasons import add_reasons

        if not isinstance(trained.model, Explains):
            raise ConfigError(
                f"reasons= needs a model that explains itself - {trained.name!r} does not. Use 'boosted'."
            )
        answer = add_reasons(answer, trained.model.explain(customers), reasons=reasons, language=language)
    return answer


def _add_survival(
    trained: Trained, answer: pd.DataFrame, customers: pd.DataFrame, months: Sequence[float]
) -> pd.DataFrame:
    from cxml.churn.survival import LifeTableChurn

    if not isinstance(trained.model, LifeTableChurn):
        raise ConfigError(
            f"months= needs a model that knows when - {trained.name!r} only knows who. Train one with duration=."
        )
    if min(months) < 0:
        raise ConfigError(f"months= must be periods from now, 0 or more - got {min(months)!r}.")
    curve = trained.model.survival(customers, months)
    return answer.assign(**{SURVIVAL.format(f"{month:g}"): curve[:, place] for place, month in enumerate(months)})

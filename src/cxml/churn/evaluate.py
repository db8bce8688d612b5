"""Ask churn models about the same held-out customers, and judge the answers, each figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cxml.churn.checks import target_of
from cxml.churn.columns import PROBABILITY
from cxml.churn.config import ChurnConfig
from cxml.contract import Judgement, Metric, Model
from cxml.frames import hash_rows
from cxml.metrics import (
    bootstrap,
    brier,
    campaign_profit,
    expected_calibration_error,
    expected_maximum_profit,
    lift,
    log_loss,
    pr_auc,
    roc_auc,
)
from cxml.metrics.intervals import metric_of

if TYPE_CHECKING:
    import pandas as pd

    from cxml.metrics.intervals import RowMetric

HEADLINE = "log_loss"
#: The share of customers contacted in the campaign figure of the verdict.
CAMPAIGN_SHARE = 0.2


def answer(models: Mapping[str, Model], frame: pd.DataFrame, config: ChurnConfig) -> dict[str, pd.DataFrame]:
    """Ask models about labelled customers that none of them has learned from.

    Parameters
    ----------
    models : mapping of name to fitted Model
    frame : DataFrame
        With the target.
    config : ChurnConfig
        Settled by `cxml.churn.checks.check`.

    Returns
    -------
    dict of name -> DataFrame, one line per row of `frame`
        ``row``, ``group`` where a customer may have several rows, ``target``, ``churn_probability``, and ``loss``: the
        log loss of the row.
    """
    target, rows = target_of(frame, config), row_names(frame, config)
    found = {}
    for name, model in models.items():
        chance = model.predict(frame)[PROBABILITY].to_numpy()
        bounded = np.clip(chance, 2.0**-52, 1 - 2.0**-52)
        loss = -np.log(np.where(target == 1, bounded, 1 - bounded))
        found[name] = rows.assign(**{"target": target, PROBABILITY: chance, "loss": loss})
    return found


def judge(answers: Mapping[str, pd.DataFrame], config: ChurnConfig) -> dict[str, Judgement]:
    """Judge models by what they answered.

    The headline is the log loss: it punishes a wrong order and a wrong probability alike, and money is counted with
    probabilities. Its mean is taken over rows, so that two models are compared row by row.

    Parameters
    ----------
    answers : mapping of name to DataFrame
        From `answer`.
    config : ChurnConfig

    Returns
    -------
    dict of name -> Judgement
        Metrics: ``log_loss, roc_auc, pr_auc, brier, ece`` (expected calibration error), lift at 5, 10 and 20 %, profit
        per customer of contacting the riskiest 20 %, each with a 95 % bootstrap interval, for which customers with
        several rows are drawn whole; the expected maximum profit and the share it contacts.
    """
    first = next(iter(answers.values()))
    target = first["target"].to_numpy()
    chances = {name: one[PROBABILITY].to_numpy() for name, one in answers.items()}
    functions: dict[str, RowMetric] = {
        HEADLINE: log_loss,
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "brier": brier,
        "ece": expected_calibration_error,
        "lift_05": partial(lift, share=0.05),
        "lift_10": partial(lift, share=0.10),
        "lift_20": partial(lift, share=0.20),
        "profit_per_customer_top_20": partial(campaign_profit, costs=config.costs, share=CAMPAIGN_SHARE),
    }
    intervals = bootstrap(functions, target, *chances.values(), groups=first.get("group"), seed=config.seed)
    found = {}
    for (name, chance), figures in zip(chances.items(), intervals, strict=True):
        metrics = [metric_of(metric, one) for metric, one in figures.items()]
        metrics += _expected_maximum_profit(target, chance, config)
        found[name] = Judgement(HEADLINE, metrics)
    return found


def _expected_maximum_profit(target: np.ndarray, chance: np.ndarray, config: ChurnConfig) -> list[Metric]:
    best = expected_maximum_profit(
        target,
        chance,
        alpha=config.accept_alpha,
        beta=config.accept_beta,
        value=config.value,
        offer_cost=config.offer_cost,
        contact_cost=config.contact_cost,
    )
    return [Metric("empc", best.profit), Metric("empc_share", best.share)]


def row_names(frame: pd.DataFrame, config: ChurnConfig) -> pd.DataFrame:
    """Number each row that was judged: two runs that hold it out were asked about the same customer.

    Key, date and fate name a row, so that a challenger may know more or fewer columns than the champion. Tables of the
    same customers taken at different times are told apart by the date only: name it with time=. A customer with rows
    of several dates is a ``group``: these rows are no independent witnesses.
    """
    import pandas as pd

    if config.key is None:
        return pd.DataFrame({"row": hash_rows(frame)})
    names = [name for name in (config.key, config.time, config.target) if name is not None]
    found = pd.DataFrame({"row": hash_rows(frame[names], as_text=True)})
    return found if config.time is None else found.assign(group=hash_rows(frame[[config.key]], as_text=True))

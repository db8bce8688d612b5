"""Ask survival models about held-out customers, censored ones included, and judge the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cxml.churn.checks import check_durations, target_of
from cxml.churn.columns import MONTH
from cxml.churn.config import SurvivalConfig
from cxml.churn.evaluate import row_names
from cxml.churn.survival import LifeTableChurn, cumulated, period_of
from cxml.contract import Judgement, Metric
from cxml.metrics import concordance_index, standard_error
from cxml.metrics.intervals import resamples

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "survival_log_loss"
_REPEATS = 100


def answer_survival(
    models: Mapping[str, LifeTableChurn], frame: pd.DataFrame, config: SurvivalConfig
) -> dict[str, pd.DataFrame]:
    """Ask survival models about labelled customers that none of them has learned from.

    Parameters
    ----------
    models : mapping of name to fitted model
    frame : DataFrame
        With target and duration.
    config : SurvivalConfig

    Returns
    -------
    dict of name -> DataFrame, one line per row of `frame`
        ``row``, ``group`` where a customer may have several rows, ``target``, ``duration``, ``expected_month`` (from
        the start, not from now) and ``loss``: minus the log likelihood of what happened to the customer, the time
        lived through and, for those who left, the moment of leaving, in the unit of the duration.
    """
    left = target_of(frame, config)
    duration = check_durations(frame[config.duration])
    fresh = frame.assign(**{config.duration: 0.0})
    rows = row_names(frame, config).assign(target=left, duration=duration)
    return {
        name: rows.assign(
            **{MONTH: model.predict(fresh)[MONTH].to_numpy(), "loss": _loss(model, frame, duration, left)}
        )
        for name, model in models.items()
    }


def judge_survival(answers: Mapping[str, pd.DataFrame], config: SurvivalConfig) -> dict[str, Judgement]:
    """Judge survival models by what they answered.

    Parameters
    ----------
    answers : mapping of name to DataFrame
        From `answer_survival`.
    config : SurvivalConfig

    Returns
    -------
    dict of name -> Judgement
        ``survival_log_loss`` (headline): the mean loss. ``concordance``: of two customers of whom it is known who left
        first, how often the model said so, by the expected time from the start; a tie counts half (Harrell 1982).
    """
    found = {}
    for name, one in answers.items():
        mean, error = float(one["loss"].mean()), 1.96 * standard_error(one["loss"], one.get("group"))
        metrics = [Metric(HEADLINE, mean, mean - error, mean + error), _concordance(one, seed=config.seed)]
        found[name] = Judgement(HEADLINE, metrics)
    return found


def _loss(model: LifeTableChurn, frame: pd.DataFrame, duration: np.ndarray, left: np.ndarray) -> np.ndarray:
    rates, exits = model.rates(frame), model.exits(duration, left)
    at = np.minimum(period_of(exits), rates.shape[1] - 1)
    # Divided by the width, the rate is one per unit of the duration: models of other period lengths compare.
    rate = rates[np.arange(len(exits)), at] / model.width
    found: np.ndarray = cumulated(rates, exits[:, None])[:, 0] - left * np.log(rate)
    return found


def _concordance(answers: pd.DataFrame, *, seed: int) -> Metric:
    duration, left, month = (answers[name].to_numpy() for name in ("duration", "target", MONTH))
    drawn = resamples(len(left), answers.get("group"), repeats=_REPEATS, seed=seed)
    repeats = [concordance_index(duration[one], left[one], -month[one]) for one in drawn]
    low, high = np.quantile(repeats, [0.025, 0.975])
    return Metric("concordance", concordance_index(duration, left, -month), float(low), float(high))

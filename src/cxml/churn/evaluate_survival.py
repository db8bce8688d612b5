"""Judge survival models on held-out customers, censored ones included."""

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
from cxml.metrics import concordance_index

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "survival_log_loss"
_REPEATS = 100
#: A hazard of exactly 0 or 1 would make one surprise cost more than all other customers together.


def judge_survival(
    models: Mapping[str, LifeTableChurn], frame: pd.DataFrame, config: SurvivalConfig
) -> dict[str, Judgement]:
    """Judge survival models on labelled customers that none of them has learned from.

    Parameters
    ----------
    models : mapping of name to fitted model
    frame : DataFrame
        With target and duration.
    config : SurvivalConfig

    Returns
    -------
    dict of name -> Judgement
        ``survival_log_loss`` (headline): minus the log likelihood of what happened to a customer, the time lived
        through and, for those who left, the moment of leaving, in the unit of the duration. ``concordance``: of two
        customers of whom it is known who left first, how often the model said so, by the expected time from the start;
        a tie counts half (Harrell 1982).
    """
    import pandas as pd

    left = target_of(frame, config)
    duration = check_durations(frame[config.duration])
    fresh = frame.assign(**{config.duration: 0.0})
    found = {}
    for name, model in models.items():
        loss = _loss(model, frame, duration, left)
        soon = -model.predict(fresh)[MONTH].to_numpy()
        error = 1.96 * loss.std(ddof=1) / np.sqrt(len(loss))
        mean = float(loss.mean())
        metrics = [
            Metric(HEADLINE, mean, mean - float(error), mean + float(error)),
            _concordance(duration, left, soon, seed=config.seed),
        ]
        lines = pd.DataFrame({"row": row_names(frame, config), "target": left, "duration": duration, "loss": loss})
        found[name] = Judgement(HEADLINE, metrics, lines)
    return found


def _loss(model: LifeTableChurn, frame: pd.DataFrame, duration: np.ndarray, left: np.ndarray) -> np.ndarray:
    rates, exits = model.rates(frame), model.exits(duration, left)
    at = np.minimum(period_of(exits), rates.shape[1] - 1)
    # Divided by the width, the rate is one per unit of the duration: models of other period lengths compare.
    rate = rates[np.arange(len(exits)), at] / model.width
    found: np.ndarray = cumulated(rates, exits[:, None])[:, 0] - left * np.log(rate)
    return found


def _concordance(duration: np.ndarray, left: np.ndarray, soon: np.ndarray, *, seed: int) -> Metric:
    random = np.random.default_rng(seed)
    drawn = [random.integers(0, len(left), len(left)) for _ in range(_REPEATS)]
    repeats = [concordance_index(duration[one], left[one], soon[one]) for one in drawn]
    low, high = np.quantile(repeats, [0.025, 0.975])
    return Metric("concordance", concordance_index(duration, left, soon), float(low), float(high))

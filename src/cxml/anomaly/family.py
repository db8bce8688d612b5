"""What the training recipe has to know of anomaly detection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from cxml.anomaly.checks import check
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.evaluate import answer, judge, split
from cxml.anomaly.methods import RobustZDetector
from cxml.anomaly.reports import figures
from cxml.contract import Family, Model, Step, Trial
from cxml.training import hold_out

if TYPE_CHECKING:
    import pandas as pd


_EXAMPLE_ROWS = 3
_LIMITS = (
    "The figures speak of the trouble in the later part of the history: what was labelled, or what was planted there "
    "where nothing was; real trouble in rows without labels counts as false alarms then. Trouble of other kinds may be "
    "found later or not at all. The threshold keeps to the budget as long as metrics go on as they did; what users say "
    "of alerts moves it."
)


def _baselines(model: Model) -> Sequence[Model]:
    """Seasonal median and MAD, which knows neither tables nor further columns."""
    config = model.config
    if model.method == RobustZDetector.method or config.time is None:
        return []
    common = {one.name: getattr(config, one.name) for one in fields(AnomalyConfig) if one.name != "columns"}
    return [RobustZDetector(AnomalyConfig(**common))]


def _trial(model: Model, frame: pd.DataFrame, step: Step) -> Trial:
    """Follow the first part, ask about the later one; what is judged are its events and calm days, not its rows."""
    trial = hold_out(split, _baselines, answer)(model, frame, step)
    judged = len(next(iter(trial.answers.values())))
    return replace(trial, rows={**trial.rows, "test": judged}, rule=f"events and calm days, {trial.rule}")


def _example(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    """Values as they usually are, at the moments that come next."""
    import pandas as pd

    config = model.config
    values = [one for one in (config.target, config.denominator, *config.columns) if one is not None]
    usual = {name: float(pd.to_numeric(frame[name], errors="coerce").median()) for name in values}
    made: dict[str, Any] = {}
    if config.key is not None and config.key in frame.columns:
        made[config.key] = str(frame[config.key].iloc[0])
    if config.time is not None:
        own = frame if config.key is None else frame[frame[config.key] == frame[config.key].iloc[0]]
        times = pd.Series(own[config.time].sort_values().to_numpy())
        if times.dtype.kind != "M":
            times = pd.to_datetime(times)
        last = frame[config.time].max() if frame[config.time].dtype.kind == "M" else times.iloc[-1]
        step = times.diff().median()
        made[config.time] = [last + step * (one + 1) for one in range(_EXAMPLE_ROWS)]
    return pd.DataFrame(made | usual, index=range(_EXAMPLE_ROWS))


FAMILY = Family("anomaly", check, _trial, answer, judge, figures, _example, _LIMITS)

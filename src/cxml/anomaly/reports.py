"""Tables and pictures of a trial, for its run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.anomaly.columns import SCORE
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.evaluate import ends_of, kind_table, questions
from cxml.anomaly.tracks import GRACE, Track, tracks_of
from cxml.contract import Figure, Record, Table, Trial
from cxml.metrics.events import BudgetCurve, budget_curve
from cxml.timeseries.clock import seconds_in

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a series that are drawn at most.
_SHOWN = 1_000
_WEEK = 7 * 86_400.0


def figures(trial: Trial) -> Iterator[Record]:
    """What was found of each kind and how soon, recall by false alarms, the days of alerts, and one series.

    Parameters
    ----------
    trial : Trial
        Of `cxml.anomaly.evaluate.answer`. Its model is asked once more, about the same rows.

    Yields
    ------
    Table or Figure
    """
    from cxml import plots

    model: Any = trial.model
    config: AnomalyConfig = model.config
    tracks = tracks_of(trial.frame, config)
    (asked, windows), *others = questions(trial.frame, tracks, config)
    if len(windows):
        yield Table("kinds", kind_table(trial.answers))
        delays = {name: lines["delay"][lines["event"] == 1].to_numpy() for name, lines in trial.answers.items()}
        yield Figure("delay", lambda: plots.plot_delay(delays))
    if config.time is None:
        return
    told = model.predict(asked)
    weeks = float(trial.answers[model.method]["weeks"].sum()) / (1 + len(others))
    if len(windows) and weeks > 0:
        curve = _curve(told, tracks, windows, weeks)
        yield Table("budget_curve", _curve_table(curve))
        budget = config.budget * _WEEK / seconds_in(config.budget_span)
        yield Figure("budget_curve", lambda: plots.plot_budget_curve({model.method: curve}, budget=budget))
    true = _times(tracks, windows)
    if config.key is not None and config.key in told:
        named = true.rename(columns={"name": config.key})
        days = told.assign(**{config.key: told[config.key].astype(str)})
        yield Figure(
            "alert_calendar",
            lambda: plots.plot_alert_calendar(days, key=str(config.key), time=str(config.time), windows=named),
        )
    shown = int(windows["track"].mode().iloc[0]) if len(windows) else 0
    name, rows = tracks[shown].name, _shown(tracks[shown], windows[windows["track"] == shown])
    own = told.iloc[rows]
    if config.denominator is not None:
        own = own.assign(**{config.denominator: asked[config.denominator].iloc[rows]})
    rate = _rate(own, config)
    inside = true[(true["name"] == name) & (true["start"] >= _wall(own, config).min())]
    yield Figure(
        "anomalies",
        lambda: plots.plot_anomalies(
            own.assign(**{str(config.time): _wall(own, config)}),
            time=str(config.time),
            target=config.target,
            denominator=rate,
            windows=inside,
            unit=config.target if rate is None else f"{config.target} / {rate}",
            title=f"What left its normal course? {name}",
        ),
    )


def _curve(told: pd.DataFrame, tracks: list[Track], windows: pd.DataFrame, weeks: float) -> BudgetCurve:
    start, end = ends_of(tracks, windows)
    steps = np.array([one.step for one in tracks], dtype=np.int64)
    places = np.concatenate([one.places for one in tracks])
    return budget_curve(
        told[SCORE].to_numpy(dtype=np.float64)[places],
        np.concatenate([one.time for one in tracks]),
        start,
        end,
        weeks=weeks,
        series=np.repeat(np.arange(len(tracks)), [len(one) for one in tracks]),
        window_series=windows["track"].to_numpy(),
        grace=GRACE * steps[windows["track"].to_numpy()],
        quiet=int(GRACE * np.median(steps)),
    )


def _curve_table(curve: BudgetCurve) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "threshold": curve.threshold,
            "recall": curve.recall,
            "precision": curve.precision,
            "false_alarms_week": curve.false_alarms_week,
        }
    )


def _times(tracks: list[Track], windows: pd.DataFrame) -> pd.DataFrame:
    """Events by the name of their series and their times on the wall clock."""
    import pandas as pd

    start, end = ends_of(tracks, windows)
    names = [tracks[number].name for number in windows["track"]]
    return pd.DataFrame({"name": names, "start": pd.to_datetime(start), "end": pd.to_datetime(end)})


def _shown(track: Track, windows: pd.DataFrame) -> np.ndarray:
    """Positions of the rows of a series around its first event."""
    if len(track) <= _SHOWN:
        return track.places
    first = int(windows["first"].min()) if len(windows) else 0
    begin = min(max(0, first - _SHOWN // 3), len(track) - _SHOWN)
    return track.places[begin : begin + _SHOWN]


def _wall(rows: pd.DataFrame, config: AnomalyConfig) -> pd.DatetimeIndex:
    from cxml.timeseries.panel import read_times

    times = read_times(rows[config.time], name=str(config.time))
    return times if times.tz is None else times.tz_localize(None)


def _rate(rows: pd.DataFrame, config: AnomalyConfig) -> str | None:
    """The denominator, where this series has one."""
    if config.denominator is None or rows[config.denominator].isna().all():
        return None
    return config.denominator

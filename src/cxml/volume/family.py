"""What the training recipe has to know of contact volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Family, Figure, Model, Record, Step, Table, Trial
from cxml.volume.checks import check
from cxml.volume.evaluate import LEVELS, answer, answers_of, hour_table, judge, judged_origins, lead_table
from cxml.volume.forecaster import CONTACTS, AutoVolume

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLE_ROWS = 3
_LIMITS = (
    "The figures speak of the months that were forecast again, each from what was known before. Intervals hold as long "
    "as days go on as they did: a new product, a move or an outage that never happened before is in none of them. "
    "Events that lie ahead and were never seen are named, not guessed. Train again when accuracy by lead time falls."
)


def _trial(model: Any, frame: pd.DataFrame, step: Step) -> Trial:
    """Fit once; the fit itself forecasts the past from many origins, each by what was known before it."""
    fitted: AutoVolume = model.fit(frame, step)
    backtest = fitted.backtest
    if backtest is None:  # pragma: no cover - fit has just made it
        raise RuntimeError("fit keeps its backtest")
    origins = judged_origins(backtest, fitted.config.origins)
    answers = answers_of(fitted, backtest, origins)
    first = next(iter(answers.values()))
    window = backtest.window
    since = first["as_of"].min()
    rule = (
        f"{len(origins)} rolling origins from {since:%Y-%m-%d} on, {window.horizon} {fitted.panel.clock.unit}s ahead, "
        "each learned from the past only"
    )
    rows = {"train": int((~np.isnan(fitted.panel.y)).sum()) - len(first), "test": len(first)}
    return Trial(fitted, answers, first, rule, rows, fitted.notes)


def _figures(trial: Trial) -> Iterator[Record]:
    from cxml import plots

    model: Any = trial.model
    config, panel = model.config, model.panel
    own = trial.answers[model.method]
    leads = {name: lead_table(lines) for name, lines in trial.answers.items()}
    yield Table("lead_times", leads[model.method].reset_index())
    table = {name: one["wape"].to_numpy() for name, one in leads.items()}
    ahead = leads[model.method].index.to_numpy(dtype=float)
    yield Figure("lead_times", lambda: plots.plot_lead_times(ahead, table, unit=f"{panel.clock.unit}s"))
    observed = {name: [_inside(lines, level) for level in LEVELS] for name, lines in trial.answers.items()}
    yield Figure("intervals", lambda: plots.plot_interval_calibration(LEVELS, observed))
    biggest = int(np.argmax(np.nansum(panel.y, axis=(1, 2))))
    lines = own if config.key is None else own[own[config.key] == panel.keys[biggest]]
    last = lines[lines["as_of"] == lines["as_of"].max()]
    history = _history(model, biggest, last[config.time].min())
    name = panel.keys[biggest] or "contacts"
    yield Figure(
        "forecast",
        lambda: plots.plot_fan(
            history,
            last.rename(columns={"y": config.target}),
            time=config.time,
            target=config.target,
            recent=min(2 * len(last), len(history)),
            title=f"What was forecast, and what came: {name}",
        ),
    )
    if panel.y.shape[2] > 1:
        yield Table("hours", hour_table(own, config.time).reset_index())
        slots, shapes = model.day_shapes(biggest)
        if len(shapes):  # the simple methods learn none
            yield Figure("day_shape", lambda: plots.plot_day_shape(slots, shapes))
    effects: pd.DataFrame = model.effects(biggest)
    if len(effects):
        yield Table("effects", effects)
        shown = effects.reindex(effects["percent"].abs().sort_values(ascending=False).index)[:15]
        yield Figure(
            "effects",
            lambda: plots.plot_effects(
                shown["effect"].tolist(), shown["percent"], shown["low"], shown["high"], level=90
            ),
        )


def _inside(lines: pd.DataFrame, level: int) -> float:
    low, high = lines[f"{CONTACTS}-lo-{level}"], lines[f"{CONTACTS}-hi-{level}"]
    return float(((lines["y"] >= low) & (lines["y"] <= high)).mean())


def _history(model: AutoVolume, series: int, before: Any) -> pd.DataFrame:
    """The past of one series as a long frame."""
    import pandas as pd

    panel, config = model.panel, model.config
    d, m = np.nonzero(~np.isnan(panel.y[series]))
    times = panel.clock.times(panel.first + d, m)
    frame = pd.DataFrame({config.time: times, config.target: panel.y[series][d, m]})
    past: pd.DataFrame = frame[frame[config.time] < before]
    return past


def _example(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    """The next rows to forecast, covariates as they were usually."""
    fitted: Any = model
    found: pd.DataFrame = fitted.future().groupby(fitted.config.key).head(1) if fitted.config.key else fitted.future()
    found = found.head(_EXAMPLE_ROWS)
    usual: Mapping[str, float] = {name: float(frame[name].median()) for name in fitted.panel.covariates}
    example: pd.DataFrame = found.assign(**usual).reset_index(drop=True)
    return example


FAMILY = Family("volume", check, _trial, answer, judge, _figures, _example, _LIMITS)

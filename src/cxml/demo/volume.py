"""The demo of contact volume: how many will call in the next days, and how many agents that takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._telling import Line, Shown, Written, head, promote, say, tool, verdict
from cxml.errors import CxmlError

if TYPE_CHECKING:
    import pandas as pd

    from cxml.volume import Service

_MEASURE: Final = "mean absolute error"
_SHOWN: Final[Shown] = {
    "mae": ("mean absolute error, contacts", "{:.1f}"),
    "wape": ("WAPE (error / contacts)", "{:.3f}"),
    "bias": ("bias (+ is too high)", "{:+.3f}"),
    "relative_mae": ("error / that of last week again", "{:.2f}"),
    "coverage_90": ("within the 90 % interval", "{:.3f}"),
    "width_90": ("its width / mean contacts", "{:.2f}"),
}
_HORIZON, _DAYS_SHOWN = "14D", 5
_SECONDS_OF_CALL, _SECONDS_OF_PATIENCE, _CONFIDENCE = 210, 120, 0.9
_STAFFING, _PICTURE = "volume_staffing.csv", "volume_staffing.png"


@dataclass(frozen=True)
class _History:
    """Contacts to show the demo on."""

    name: str
    title: str
    unit: str
    frame: pd.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)


def show(folder: Path) -> Written:
    """Forecast the next days of a real centre, or of an invented one where the real one is not there; staff them."""
    history = _history()
    line = _train(history)
    uri = promote(line.trained, history.name, _MEASURE)
    _forecast(uri, folder)
    files = {"staffing": str(folder / _STAFFING), "picture": str(folder / _PICTURE)}
    command = f"{tool('cxml')} predict {quote(uri)} --out {quote(str(folder / 'forecast.csv'))}"
    return Written([line], uri, files, [command])


def _history() -> _History:
    from cxml import datasets

    try:
        data = datasets.load_bank_calls()
    except CxmlError as error:
        say(f"The public call centre was left out: {error} Here comes an invented one.")
        made = datasets.make_contacts(240)
        settings = {"country": "KR", "events": made.events}
        return _History("invented", "An invented centre in Korea", "half hours", made.frame, settings)
    moment, calls = str(data.time), data.target
    rows, settings = data.frame, {"country": "US", "time": moment, "target": calls}
    # Half hours are what shifts are planned in; the last period of a day begins one that has no end.
    whole = rows[rows[moment].dt.hour < rows[moment].dt.hour.max()]
    halves = whole.groupby(whole[moment].dt.floor("30min"))[calls].sum().reset_index()
    return _History(
        data.name, "A bank in North America", "half hours (sums of 5-minute counts, 2003)", halves, settings
    )


def _train(history: _History) -> Line:
    """Train with tracking, and show the verdict beside the baselines'."""
    from cxml import volume

    head(f"How many will call? {history.title}: {len(history.frame):,} {history.unit}")
    started = time.perf_counter()
    trained = volume.train(history.frame, horizon=_HORIZON, **history.settings)
    seconds = time.perf_counter() - started
    if trained.verdict:
        say(f"Judged on {trained.verdict.rows['test']:,} half hours: {trained.verdict.rule}.")
    verdict(trained, _SHOWN)
    say(f"Trained, judged and tracked in {seconds:.0f} s: MLflow run {trained.run_id}.")
    return Line(history.name, trained, _MEASURE, "{:.1f}", seconds)


def _forecast(uri: str, folder: Path) -> None:
    """Forecast with the model that the registry holds, and turn the forecast into people."""
    from cxml import plots, volume
    from cxml.tracking import load

    head("The next days, and the agents they need")
    model = load(uri)
    say(f"Loaded back: {uri}")
    config = model.config
    service = volume.Service(
        handling_time=_SECONDS_OF_CALL, service_level=0.8, within=20, patience=_SECONDS_OF_PATIENCE, shrinkage=0.3
    )
    forecast = volume.predict(model, levels=[50, 90])
    names = {"key": config.key, "time": config.time}
    staffing = volume.staff(forecast, service, confidence=_CONFIDENCE, **names)
    forecast.merge(staffing.drop(columns="contacts")).to_csv(folder / _STAFFING, index=False, encoding="utf-8-sig")
    say(
        f"A call takes {_SECONDS_OF_CALL} s and callers wait {_SECONDS_OF_PATIENCE} s on average before they give up "
        "(assumed: the data do not say). Of the people paid, 30 % of the time is spent away from the phones. Each half "
        f"hour is to meet {service.service_level:.0%} in {service.within:g} s with a probability of {_CONFIDENCE:.0%}."
    )
    print(f"\n{_by_day(model, staffing)}\n")
    _say_why(forecast, staffing, service, names)
    first = f"{staffing[config.time].iloc[0]:%Y-%m-%d}"
    plots.plot_staffing(staffing, day=first, key=config.key or "", time=config.time).savefig(folder / _PICTURE)


def _by_day(model: Any, staffing: pd.DataFrame) -> str:
    """The first days: contacts with their interval, from paths; the most agents at once, and the hours to schedule."""
    from cxml import volume

    moment = model.config.time
    paths = volume.sample_paths(model, n=500, seed=0)
    totals = paths.filter(like="path-").groupby(paths[moment].dt.normalize()).sum()
    low, middle, high = (totals.quantile(share, axis=1) for share in (0.05, 0.5, 0.95))
    days = staffing.groupby(staffing[moment].dt.normalize())
    peak, hours = days["agents"].max(), days["scheduled"].sum() / 2
    lines = [f"  {'':16}{'contacts':>10}  {'90 % interval':>18}{'most agents':>13}{'hours to schedule':>19}"]
    for day in totals.index[:_DAYS_SHOWN]:
        interval = f"{low[day]:,.0f} to {high[day]:,.0f}"
        lines.append(f"  {day:%a %Y-%m-%d}  {middle[day]:>10,.0f}  {interval:>18}{peak[day]:>13}{hours[day]:>19,.0f}")
    return "\n".join(lines)


def _say_why(forecast: pd.DataFrame, staffing: pd.DataFrame, service: Service, names: dict[str, Any]) -> None:
    """What the uncertainty costs, and what leaving it out would."""
    from cxml import volume

    usual = volume.outcome(forecast, service, agents=staffing["agents_expected"], **names)
    more = staffing["agents"].sum() / staffing["agents_expected"].sum() - 1
    say(
        f"Agents for the expected calls alone would meet the target with a probability of "
        f"{usual['meets_target'].mean():.0%}; {more:.0%} more agents make it {staffing['meets_target'].mean():.0%}."
    )

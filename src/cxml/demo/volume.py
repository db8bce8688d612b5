"""The demo of contact volume: how many will call in the next days, and how many agents that takes."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._calls import Calls, calls_of
from cxml.demo._chapter import Chapter, Measure, Shown
from cxml.demo._telling import tool

if TYPE_CHECKING:
    import pandas as pd

    from cxml.demo._progress import Progress
    from cxml.volume import Service

_SHOWN: Final[Shown] = {
    "mae": Measure("abs. error", "{:.1f}"),
    "wape": Measure("WAPE (error / contacts)", "{:.3f}"),
    "bias": Measure("bias (+ is too high)", "{:+.3f}"),
    "relative_mae": Measure("error / that of last week again", "{:.2f}"),
    "coverage_90": Measure("within the 90 % interval", "{:.3f}"),
    "width_90": Measure("its width / mean contacts", "{:.2f}"),
}
_HORIZON, _INVENTED_DAYS, _DAYS_SHOWN = "14D", 240, 5
_SECONDS_OF_CALL, _SECONDS_OF_PATIENCE, _CONFIDENCE = 210, 120, 0.9


def chapter(folder: Path, progress: Progress) -> Chapter:
    """The empty chapter."""
    return Chapter(
        "volume", "contact volume", "How many will call, and how many agents does that take?", folder, progress
    )


def show(told: Chapter) -> None:
    """Forecast the next days of a real centre, or of an invented one where the real one is not there; staff them."""
    from cxml import volume

    calls = calls_of(told, _INVENTED_DAYS)
    told.use(calls.source)
    told.head(f"{calls.title}: {len(calls.frame):,} half hours")
    trained = told.train(
        calls.name,
        _SHOWN,
        lambda: volume.train(calls.frame, horizon=_HORIZON, **calls.settings),
        f"{len(calls.frame):,} half hours",
    )
    told.head("Is it better than the one in use?")
    told.uri = told.promote(trained, calls.name)
    _forecast(told, calls)
    out = quote(str(told.folder / "forecast.csv"))
    told.commands["forecast the next days"] = f"{tool('cxml')} predict {quote(told.uri)} --out {out}"


def _forecast(told: Chapter, calls: Calls) -> None:
    """Forecast with the model that the registry holds, and turn the forecast into people."""
    from cxml import volume
    from cxml.tracking import load

    told.head("The next days, and the agents they need")
    told.progress.doing("forecasting and staffing")
    model = load(told.uri)
    told.tell(f"Loaded back: {told.uri}")
    config = model.config
    service = volume.Service(
        handling_time=_SECONDS_OF_CALL, service_level=0.8, within=20, patience=_SECONDS_OF_PATIENCE, shrinkage=0.3
    )
    forecast = volume.predict(model, levels=[50, 90])
    names = {"key": config.key, "time": config.time}
    staffing = volume.staff(forecast, service, confidence=_CONFIDENCE, **names)
    told.write("staffing", "volume_staffing.csv", forecast.merge(staffing.drop(columns="contacts")))
    told.tell(
        f"Assumed, for the data do not say: a call takes {_SECONDS_OF_CALL} s, callers give up after "
        f"{_SECONDS_OF_PATIENCE} s on average, and agents spend {service.shrinkage:.0%} of their paid time away from "
        f"the phones. Wanted: in each half hour {service.service_level:.0%} of the calls are answered within "
        f"{service.within:g} s, with a probability of {_CONFIDENCE:.0%}."
    )
    _say_days(told, model, staffing)
    _say_why(told, forecast, staffing, service, names)
    _draw(told, calls, forecast, staffing, config)


def _say_days(told: Chapter, model: Any, staffing: pd.DataFrame) -> None:
    """The first days: contacts with their interval, from paths; the most agents at once, and the hours to schedule."""
    from cxml import volume

    moment = model.config.time
    paths = volume.sample_paths(model, n=500, seed=0)
    totals = paths.filter(like="path-").groupby(paths[moment].dt.normalize()).sum()
    low, middle, high = (totals.quantile(share, axis=1) for share in (0.05, 0.5, 0.95))
    days = staffing.groupby(staffing[moment].dt.normalize())
    peak, hours = days["agents"].max(), days["scheduled"].sum() / 2
    rows = [
        (
            f"{day:%a %Y-%m-%d}",
            f"{middle[day]:,.0f}",
            f"{low[day]:,.0f} to {high[day]:,.0f}",
            str(peak[day]),
            f"{hours[day]:,.0f}",
        )
        for day in totals.index[:_DAYS_SHOWN]
    ]
    told.table(("day", "contacts", "90 % interval", "most agents", "hours to schedule"), rows)
    day, contacts, interval, agents, scheduled = rows[0]
    told.tell(
        f"The next day, {day}: {contacts} calls ({interval}), {agents} agents at the busiest half hour, {scheduled} "
        "hours to schedule.",
        lead=True,
    )


def _say_why(
    told: Chapter, forecast: pd.DataFrame, staffing: pd.DataFrame, service: Service, names: dict[str, Any]
) -> None:
    """What the uncertainty costs, and what leaving it out would."""
    from cxml import volume

    usual = volume.outcome(forecast, service, agents=staffing["agents_expected"], **names)
    more = staffing["agents"].sum() / staffing["agents_expected"].sum() - 1
    told.tell(
        f"Agents for the expected calls alone would meet the target with a probability of "
        f"{usual['meets_target'].mean():.0%}; {more:.0%} more agents make it {staffing['meets_target'].mean():.0%}."
    )
    told.note("How long a call takes and how long callers wait are assumed; set them to yours (cxml.volume.Service).")


def _draw(told: Chapter, calls: Calls, forecast: pd.DataFrame, staffing: pd.DataFrame, config: Any) -> None:
    from cxml import plots

    first = staffing[config.time].iloc[0].normalize()
    few = forecast[forecast[config.time] < forecast[config.time].drop_duplicates().iloc[: len(forecast) // 2].max()]
    told.draw(
        "volume_forecast.png",
        "The last days, and the next ones with their intervals",
        lambda: plots.plot_fan(calls.frame, few, time=config.time, target=config.target, recent=len(few)),
    )
    told.draw(
        "volume_staffing.png",
        "Agents by the half hour, the next day",
        lambda: plots.plot_staffing(staffing, day=f"{first:%Y-%m-%d}", key=config.key or "", time=config.time),
    )

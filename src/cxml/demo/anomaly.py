"""The demo of anomalies: what left its normal course in a real centre, and which segment an alarm comes from."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._telling import Line, Shown, Written, head, promote, say, tool, verdict
from cxml.errors import CxmlError

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets import Contacts

_MEASURE: Final = "cost of alarms"
_SHOWN: Final[Shown] = {
    "alarm_cost": ("cost of misses and false alarms", "{:.3f}"),
    "event_recall": ("events found", "{:.0%}"),
    "event_precision": ("alerts that were true", "{:.0%}"),
    "delay_periods": ("delay, half hours", "{:.1f}"),
    "false_alarms_week": ("false alarms a week", "{:.2f}"),
    "vus_pr": ("VUS-PR, no threshold", "{:.2f}"),
}
#: The last weeks come after what the model has followed.
_WEEKS, _ALERTS_SHOWN = 8, 6
_ALERTS, _PICTURE, _TYPED = "anomaly_alerts.csv", "anomaly_alerts.png", "anomaly_rows.csv"

#: The invented centre: what happens to it, and when.
_DAYS, _QUEUES, _WATCHED_FROM = 120, 24, "2024-04-22"
_HIT, _TIMES = {"channel": "전화", "topic": "장애"}, 2
_HIT_FROM, _HIT_TO = "2024-04-24 11:00", "2024-04-25 18:00"
_CAUSES = "anomaly_causes.png"


@dataclass(frozen=True)
class _History:
    """A service metric to show the demo on."""

    name: str
    title: str
    frame: pd.DataFrame
    settings: dict[str, Any] = field(default_factory=dict)


def show(folder: Path) -> Written:
    """Watch a real centre, or an invented one where that is not there; then trace an alarm back to its segment."""
    history = _history()
    moments = history.frame[history.settings.get("time", "ds")]
    late = moments >= moments.max().normalize() - _weeks(_WEEKS)
    line = _train(history, history.frame[~late])
    uri = promote(line.trained, history.name, _MEASURE)
    _watch(uri, history.frame[late], folder)
    _trace(folder)
    history.frame[late].to_csv(folder / _TYPED, index=False)
    files = {
        "alerts": str(folder / _ALERTS),
        "picture": str(folder / _PICTURE),
        "causes": str(folder / _CAUSES),
    }
    command = (
        f"{tool('cxml')} predict {quote(uri)} \\\n"
        f"    --data {quote(str(folder / _TYPED))} --out {quote(str(folder / 'answers_anomaly.csv'))}"
    )
    return Written([line], uri, files, [command])


def _weeks(number: int) -> Any:
    import pandas as pd

    return pd.Timedelta(weeks=number)


def _history() -> _History:
    from cxml import datasets

    try:
        data = datasets.load_bank_calls()
    except CxmlError as error:
        say(f"The public call centre was left out: {error} Here comes an invented one.")
        made = datasets.make_contacts(200)
        settings = {"country": "KR", "events": made.events}
        return _History("invented", "An invented centre in Korea", made.frame, settings)
    moment, calls = str(data.time), data.target
    rows = data.frame
    # The last period of a day begins a half hour that has no end.
    whole = rows[rows[moment].dt.hour < rows[moment].dt.hour.max()]
    halves = whole.groupby(whole[moment].dt.floor("30min"))[calls].sum().reset_index()
    settings = {"country": "US", "time": moment, "target": calls}
    return _History(data.name, "A bank in North America, 2003", halves, settings)


def _train(history: _History, past: pd.DataFrame) -> Line:
    """Train with tracking, and show the verdict beside the baseline's."""
    from cxml import anomaly

    head(f"What left its normal course? {history.title}: calls in {len(past):,} half hours")
    started = time.perf_counter()
    trained = anomaly.train(past, **history.settings)
    seconds = time.perf_counter() - started
    if trained.verdict:
        say(f"Judged on {trained.verdict.rows['test']:,} {trained.verdict.rule}.")
    verdict(trained, _SHOWN)
    say(f"Trained, judged and tracked in {seconds:.0f} s: MLflow run {trained.run_id}.")
    return Line(history.name, trained, _MEASURE, "{:.3f}", seconds)


def _watch(uri: str, rows: pd.DataFrame, folder: Path) -> None:
    """Score the last weeks with the model that the registry holds; list the alerts, and draw the most severe one."""
    from cxml import anomaly, plots
    from cxml.tracking import load

    head(f"The alarms of the next {_WEEKS} weeks")
    model: Any = load(uri)
    say(f"Loaded back: {uri}. {model.model.alarms.note}")
    moment, calls = model.config.time, model.config.target
    answer = anomaly.predict(model, rows)
    alerts = anomaly.alerts(answer)
    alerts.to_csv(folder / _ALERTS, index=False, encoding="utf-8-sig")
    if alerts.empty:
        say("None: the calls kept to their course.")
    else:
        print(f"\n{_listed(alerts.nlargest(_ALERTS_SHOWN, 'severity').sort_values('start'))}\n")
        say(f"{len(alerts)} in {len(rows):,} half hours. Nobody has labelled them: they are to be looked into.")
    middle = rows[moment].max() if alerts.empty else alerts.nlargest(1, "severity")["start"].iloc[0]
    near = answer[(answer[moment] - middle).abs() < _weeks(1) / 2]
    plots.plot_anomalies(near, time=moment, target=calls, unit="calls in half an hour").savefig(folder / _PICTURE)


def _listed(alerts: pd.DataFrame) -> str:
    lines = [f"  {'from':18}{'to':18}{'kind':13}{'expected':>10}{'came':>8}{'score':>7}{'severity':>10}"]
    for row in alerts.to_dict("records"):
        end = "still open" if row["end"] != row["end"] else f"{row['end']:%Y-%m-%d %H:%M}"
        lines.append(
            f"  {row['start']:%Y-%m-%d %H:%M}  {end:18}{row['kind']:13}{row['expected']:>10,.0f}{row['value']:>8,.0f}"
            f"{row['peak_score']:>7.1f}{row['severity']:>10.0f}"
        )
    return "\n".join(lines)


def _trace(folder: Path) -> None:
    """Follow an invented centre value by value, be told of a planted shift, and name the segment it comes from."""
    from cxml import anomaly, datasets, plots

    head("An alarm, and where it comes from: an invented centre in Korea, hour by hour")
    made = datasets.make_contacts(_DAYS, _QUEUES, freq="h")
    leaves = _with_trouble(made)
    by_channel = leaves.groupby(["channel", "ds"])["y"].sum().reset_index().sort_values("ds")
    known = by_channel["ds"] < _WATCHED_FROM
    watcher = anomaly.train(
        by_channel[known], key="channel", country="KR", events=made.events, track=False, pictures=False
    )
    say(
        f"{made.queues['channel'].nunique()} channels are watched from {_WATCHED_FROM} on. From {_HIT_FROM} on "
        f"{_TIMES} times as many contacts about {_HIT['topic']} come by {_HIT['channel']} (planted)."
    )
    told, micros = _stream(watcher, by_channel[~known])
    for alert in told:
        say(
            f"Told: {alert['series']} from {alert['start'][:16].replace('T', ' ')}, {alert['kind']}: "
            f"{alert['value']:,.0f} instead of {alert['expected']:,.0f}, severity {alert['severity']:.0f} so far "
            f"({alert['level']})."
        )
    say(f"A value is scored, learned from and alarmed over in {micros:,.0f} microseconds (median).")
    alerts = anomaly.alerts(watcher)
    alerts = alerts[alerts["start"] >= _HIT_FROM]
    if alerts.empty:
        say("Nobody was told of it.")
        return
    # Asked on the evening of the first day, whatever the days after it bring.
    start = alerts["start"].iloc[0]
    alarmed = leaves["channel"].isin(alerts["series"].iloc[0].split(", "))
    found = anomaly.explain_alert(leaves[alarmed], (start, f"{start:%Y-%m-%d} 23:59"), dimensions=["channel", "topic"])
    say(f"Asked for its cause on that evening: {found.text}")
    if len(found.table):
        picture = plots.plot_root_causes(found.table, total=found.total["change"])
        picture.savefig(folder / _CAUSES)


def _with_trouble(made: Contacts) -> pd.DataFrame:
    """The contacts of each queue, with its channel and topic, and the planted shift."""
    leaves: pd.DataFrame = made.frame.merge(made.queues, on="unique_id")
    hit = leaves["ds"].between(_HIT_FROM, _HIT_TO)
    for name, value in _HIT.items():
        hit &= leaves[name] == value
    return leaves.assign(y=leaves["y"].where(~hit, _TIMES * leaves["y"]))


def _stream(watcher: Any, rows: pd.DataFrame) -> tuple[list[dict[str, Any]], float]:
    """Update with one record after the other, as a service does; what was told of alerts, and how long each took."""
    from cxml import anomaly

    told: list[Any] = []
    taken = []
    with anomaly.Notifier(told.append) as notifier:
        anomaly.listen(watcher, notifier)
        for record in rows.to_dict("records"):
            started = time.perf_counter()
            watcher.update(record)
            taken.append(time.perf_counter() - started)
        anomaly.listen(watcher, None)
    return told, 1e6 * median(taken)

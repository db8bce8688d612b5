"""The demo of anomalies: what left its normal course in a real centre, and which segment an alarm comes from."""

from __future__ import annotations

import time
from pathlib import Path
from shlex import quote
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._calls import calls_of
from cxml.demo._chapter import Chapter, Measure, Shown, invented
from cxml.demo._telling import tool

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets import Contacts
    from cxml.demo._progress import Progress

_SHOWN: Final[Shown] = {
    "alarm_cost": Measure("alarm cost", "{:.3f}"),
    "event_recall": Measure("events found", "{:.0%}", higher=True),
    "event_precision": Measure("alerts that were true", "{:.0%}", higher=True),
    "delay_periods": Measure("delay, half hours", "{:.1f}"),
    "false_alarms_week": Measure("false alarms a week", "{:.2f}"),
    "vus_pr": Measure("VUS-PR, no threshold", "{:.2f}", higher=True),
}
#: The last weeks come after what the model has followed.
_WEEKS, _INVENTED_DAYS, _ALERTS_SHOWN = 8, 200, 6

#: The invented centre: what happens to it, and when.
_DAYS, _QUEUES, _WATCHED_FROM = 120, 24, "2024-04-22"
_HIT, _TIMES = {"channel": "전화", "topic": "장애"}, 2
_HIT_FROM, _HIT_TO = "2024-04-24 11:00", "2024-04-25 18:00"


def chapter(folder: Path, progress: Progress) -> Chapter:
    """The empty chapter."""
    return Chapter(
        "anomaly", "anomalies", "What left its normal course, and where does it come from?", folder, progress
    )


def show(told: Chapter) -> None:
    """Watch a real centre, or an invented one where that is not there; then trace an alarm back to its segment."""
    from cxml import anomaly

    calls = calls_of(told, _INVENTED_DAYS)
    told.use(calls.source)
    moments = calls.frame[calls.settings.get("time", "ds")]
    late = moments >= moments.max().normalize() - _weeks(_WEEKS)
    past, rows = calls.frame[~late], calls.frame[late]
    told.head(f"{calls.title}: calls in {len(past):,} half hours")
    trained = told.train(calls.name, _SHOWN, lambda: anomaly.train(past, **calls.settings), f"{len(past):,} half hours")
    told.head("Is it better than the one in use?")
    told.uri = told.promote(trained, calls.name)
    _watch(told, rows)
    _trace(told)
    typed = told.write("the weeks that were watched", "anomaly_rows.csv", rows)
    out = quote(str(told.folder / "answers_anomaly.csv"))
    told.commands["score the weeks that were watched"] = (
        f"{tool('cxml')} predict {quote(told.uri)} \\\n    --data {quote(str(typed))} --out {out}"
    )
    told.note("Judged by planted events, for nobody has labelled the calls: real trouble is of more kinds than those.")


def _weeks(number: int) -> Any:
    import pandas as pd

    return pd.Timedelta(weeks=number)


def _watch(told: Chapter, rows: pd.DataFrame) -> None:
    """Score the last weeks with the model that the registry holds; list the alerts, and draw the most severe one."""
    from cxml import anomaly, plots
    from cxml.tracking import load

    told.head(f"The alarms of the next {_WEEKS} weeks")
    model: Any = load(told.uri)
    told.tell(f"Loaded back: {told.uri}. {model.model.alarms.note}")
    moment, calls = model.config.time, model.config.target
    answer = anomaly.predict(model, rows)
    alerts = anomaly.alerts(answer)
    told.write("alerts", "anomaly_alerts.csv", alerts)
    if alerts.empty:
        told.tell("None: the calls kept to their course.")
    else:
        _list(told, alerts.nlargest(_ALERTS_SHOWN, "severity").sort_values("start"))
        told.tell(f"{len(alerts)} in {len(rows):,} half hours. Nobody has labelled them: they are to be looked into.")
    middle = rows[moment].max() if alerts.empty else alerts.nlargest(1, "severity")["start"].iloc[0]
    near = answer[(answer[moment] - middle).abs() < _weeks(1) / 2]
    told.draw(
        "anomaly_alerts.png",
        "The most severe alarm of these weeks",
        lambda: plots.plot_anomalies(near, time=moment, target=calls, unit="calls in half an hour"),
    )


def _list(told: Chapter, alerts: pd.DataFrame) -> None:
    rows = [
        (
            f"{row['start']:%Y-%m-%d %H:%M}",
            "still open" if row["end"] != row["end"] else f"{row['end']:%Y-%m-%d %H:%M}",
            str(row["kind"]),
            f"{row['expected']:,.0f}",
            f"{row['value']:,.0f}",
            f"{row['peak_score']:.1f}",
            f"{row['severity']:.0f}",
        )
        for row in alerts.to_dict("records")
    ]
    told.table(("from", "to", "kind", "expected", "came", "score", "severity"), rows)
    if (alerts["kind"] == "missing").any():
        told.tell("missing: values were due and did not come; the figures are of the first that came again.")


def _trace(told: Chapter) -> None:
    """Follow an invented centre value by value, be told of a planted shift, and name the segment it comes from."""
    from cxml import anomaly, datasets, plots

    told.head("An alarm, and where it comes from: an invented centre in Korea, hour by hour")
    told.progress.doing("learning the channels of an invented centre")
    made = datasets.make_contacts(_DAYS, _QUEUES, freq="h")
    told.use(invented("An invented centre in Korea", made.description, "make_contacts"))
    leaves = _with_trouble(made)
    by_channel = leaves.groupby(["channel", "ds"])["y"].sum().reset_index().sort_values("ds")
    known = by_channel["ds"] < _WATCHED_FROM
    watcher = anomaly.train(
        by_channel[known], key="channel", country="KR", events=made.events, track=False, pictures=False
    )
    told.tell(
        f"{made.queues['channel'].nunique()} channels are watched from {_WATCHED_FROM} on. From {_HIT_FROM} on "
        f"{_TIMES} times as many contacts about {_HIT['topic']} come by {_HIT['channel']} (planted)."
    )
    _tell_alerts(told, *_stream(watcher, by_channel[~known]))
    alerts = anomaly.alerts(watcher)
    alerts = alerts[alerts["start"] >= _HIT_FROM]
    if alerts.empty:
        told.tell("Nobody was told of it.")
        return
    # Asked on the evening of the first day, whatever the days after it bring.
    start = alerts["start"].iloc[0]
    alarmed = leaves["channel"].isin(alerts["series"].iloc[0].split(", "))
    found = anomaly.explain_alert(leaves[alarmed], (start, f"{start:%Y-%m-%d} 23:59"), dimensions=["channel", "topic"])
    told.tell(f"Asked for its cause on that evening: {found.text}", lead=True)
    if len(found.table):
        told.draw(
            "anomaly_causes.png",
            "Where the alarm comes from",
            lambda: plots.plot_root_causes(found.table, total=found.total["change"]),
        )


def _tell_alerts(told: Chapter, alerts: list[dict[str, Any]], taken: float) -> None:
    for place, alert in enumerate(alerts):
        told.tell(
            f"Told: {alert['series']} from {alert['start'][:16].replace('T', ' ')}, {alert['kind']}: "
            f"{alert['value']:,.0f} instead of {alert['expected']:,.0f}, severity {alert['severity']:.0f} so far "
            f"({alert['level']}).",
            lead=place == 0,
        )
    told.tell(f"A value is scored, learned from and alarmed over in {taken:,.0f} microseconds (median).")


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

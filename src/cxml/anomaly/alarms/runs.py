"""Runs of anomalous values, of one series or of several, made into alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any, NamedTuple, Self

import numpy as np

from cxml.anomaly.alarms.alert import Alert
from cxml.anomaly.alarms.counting import values_before
from cxml.anomaly.alarms.rules import Mute, Rules
from cxml.anomaly.rows import Rows, Scored, ScoredOne

#: Quiet values that an alert outlasts.
_PATIENCE = 3
#: A run of so many anomalous values is long: what stands so far above its usual score is news.
_LONG, _NEWS = 20, 1.5
#: How quickly a run's usual score follows.
_SPEED = 0.1
#: Alerts that are kept, and among how many of the latest a series looks for one to join.
MOST_KEPT, _MOST_JOINED = 1_000, 20
_QUIET = (False, 0, 0.0)

#: What is kept of each series: values seen; place among them, and time, of the last one in an alert; this alert's id;
#: the usual step; its anomalous values in this alert, and their usual score; the least threshold of a series that is
#: loud; how far feedback has raised it.
_WHOLE = dict.fromkeys(("seen", "last", "time", "alert", "step", "run"), np.int64)
_KEPT = {**_WHOLE, **dict.fromkeys(("usual", "floor", "rise"), np.float64)}


class Raised(NamedTuple):
    """What is raised for each value.

    Attributes
    ----------
    is_anomaly : array of bool, shape (n,)
        The score reaches the threshold of its series, or the value belongs to an alert that is open.
    alert : array of int64, shape (n,)
        Id of the alert that the value belongs to, from 1; 0 where none: nothing amiss, muted, cooling down.
    severity : array of float, shape (n,), 0-100
        Of the alert, as far as it had come by then; 0 where none.
    """

    is_anomaly: np.ndarray
    alert: np.ndarray
    severity: np.ndarray


@dataclass(frozen=True)
class Warm:
    """Values that may belong to an alert: few of all.

    Attributes
    ----------
    place : array of int, shape (m,)
        Where they stand among the rows.
    series, before, time, local, score, size, kind, expected, value : arrays, shape (m,)
        As in `Rows` and `Scored`; `before` counts the rows of the same series that come earlier.
    """

    place: np.ndarray
    series: np.ndarray
    before: np.ndarray
    time: np.ndarray
    local: np.ndarray
    score: np.ndarray
    size: np.ndarray
    kind: np.ndarray
    expected: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, rows: Rows, scored: Scored, places: np.ndarray, rules: Rules) -> Self:
        """Those at some places whose side counts."""
        at = places[~rules.wrong_sides(scored.kind[places], scored.size[places])]
        told = (rows.time, rows.local, scored.score, scored.size, scored.kind, scored.expected, rows.value)
        return cls(at, rows.series[at], values_before(rows.series, at), *(one[at] for one in told))

    def above(self, least: np.ndarray) -> Self:
        """Those that reach the least score of their series."""
        keep = self.score >= least[self.series]
        return type(self)(*(getattr(self, one.name)[keep] for one in fields(self)))

    def each(self) -> Iterator[tuple[Any, ...]]:
        """One after the other: all but their places."""
        return zip(*(getattr(self, one.name).tolist() for one in fields(self)[1:]), strict=True)


class Runs:
    """The runs of each series, and the alerts that they make.

    Parameters
    ----------
    rules : Rules
    names : sequence of str
        Names of the series, by their number.
    threshold : float
        The score that opens an alert, before feedback.
    steps : array of int64, shape (n_series,)
        Usual time between values, in nanoseconds.
    most : int
        Alerts to keep.

    Attributes
    ----------
    alerts : dict of int -> Alert
        The last ones, oldest first, by their id.
    mutes : list of Mute
    opened : list of int
        Ids of alerts that opened since somebody emptied it; None where nobody does.
    """

    def __init__(
        self, rules: Rules, names: Sequence[str], threshold: float, steps: np.ndarray, *, most: int = MOST_KEPT
    ) -> None:
        self.rules = rules
        self.names = list(names)
        self.threshold = threshold
        self.mutes: list[Mute] = list(rules.mutes)
        self.alerts: dict[int, Alert] = {}
        self.opened: list[int] | None = None
        self._next = 1
        self._most = most
        self._usual_step = int(np.median(steps)) if len(steps) else 0
        self._arrays({name: np.zeros(len(self.names), dtype=kind) for name, kind in _KEPT.items()} | {"step": steps})

    def add_series(self, name: str) -> None:
        """Begin a series; its usual step is the median of the others'."""
        self.names.append(name)
        if len(self.names) > len(self.seen):
            # Room for more than one, as arrays are copied when they grow.
            room = len(self.seen) // 2 + 8
            first = {"step": self._usual_step}
            self._arrays(
                {
                    key: np.concatenate([getattr(self, key), np.full(room, first.get(key, 0), dtype=kind)])
                    for key, kind in _KEPT.items()
                }
            )

    def follow(self, rows: Rows, scored: Scored) -> Raised:
        """Take in values in the order of time; see `cxml.anomaly.alarms.alarms.Alarms.raise_all`."""
        size = len(rows)
        raised = Raised(np.zeros(size, dtype=bool), np.zeros(size, dtype=np.int64), np.zeros(size))
        if not size:
            return raised
        self._name_to(int(rows.series.max()))
        warm = Warm.of(rows, scored, np.flatnonzero(scored.score >= self.low[rows.series]), self.rules)
        if len(warm.place):
            # Counted from where each series stands.
            np.add(warm.before, self.seen[warm.series], out=warm.before)
            answers = [self.take(*row) for row in warm.each()]
            for column, values in zip(raised, zip(*answers, strict=True), strict=True):
                column[warm.place] = values
        counts = np.bincount(rows.series)
        self.seen[: len(counts)] += counts
        return raised

    def follow_one(
        self, series: int, time: int, local: int, scored: ScoredOne, value: float
    ) -> tuple[bool, int, float]:
        """Take in one value; see `cxml.anomaly.alarms.alarms.Alarms.raise_one`."""
        if series >= len(self.names):
            self._name_to(series)
        before: int = self.seen.item(series)  # a number of Python: those of numpy are slow
        self.seen[series] = before + 1
        expected, _, _, score, kind, size = scored
        if score >= self.low.item(series) and not self.rules.wrong_side(kind, size):
            return self.take(series, before, time, local, score, size, kind, expected, value)
        return _QUIET

    def take(
        self,
        series: int,
        before: int,
        time: int,
        local: int,
        score: float,
        size: float,
        kind: int,
        expected: float,
        value: float,
    ) -> tuple[bool, int, float]:
        """Take in a value above the lower threshold: whether it is anomalous, its alert, and the alert's severity."""
        latest = int(self.alert[series])
        alert = self.alerts.get(latest) if latest and before - self.last[series] <= _PATIENCE else None
        if alert is None:
            if score < self.high[series]:
                return _QUIET
            if self._is_held(series, latest, time, local):
                return True, 0, 0.0
            alert = self._opened(series, latest, time)
        elif self._is_news(series, score) and not self._is_held(series, latest, time, local):
            alert = self._opened(series, latest, time)
        run = int(self.run[series])
        self.usual[series] += max(_SPEED, 1.0 / (run + 1)) * (score - self.usual[series])
        self.run[series] = run + 1
        self.last[series], self.time[series], self.alert[series] = before + 1, time, alert.number
        return True, alert.number, alert.add(series, time, score, size, kind, expected, value)

    def base(self, series: int) -> float:
        """The threshold of a series before feedback."""
        return max(self.threshold, float(self.floor[series]))

    def raise_thresholds(self, rises: Mapping[int, float]) -> None:
        """Set how far feedback has raised the thresholds of some series."""
        for series, rise in rises.items():
            self.rise[series] = rise
        self._set_bounds()

    def set_floors(self, floors: np.ndarray) -> None:
        """Set the least threshold of each series."""
        self.floor[: len(floors)] = floors
        self._set_bounds()

    def open_alerts(self) -> set[int]:
        """Ids of alerts that are open for some series."""
        still = (self.alert > 0) & (self.seen - self.last <= _PATIENCE)
        return set(self.alert[still].tolist())

    def is_over(self, series: int) -> bool:
        """Whether the series' last alert has just ended for it."""
        return bool(self.seen[series] - self.last[series] == _PATIENCE + 1)

    def parts(self) -> dict[str, Any]:
        """Everything learned: JSON values and arrays, copied."""
        return {
            "names": list(self.names),
            "mutes": [[mute.series, mute.start, mute.end] for mute in self.mutes],
            "alerts": [alert.to_json() for alert in self.alerts.values()],
            "next": self._next,
            "usual_step": self._usual_step,
            **{name: getattr(self, name)[: len(self.names)].copy() for name in _KEPT},
        }

    @classmethod
    def from_parts(cls, rules: Rules, threshold: float, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        made = cls(rules, parts["names"], threshold, parts["step"])
        made.mutes = [Mute(*told) for told in parts["mutes"]]
        made.alerts = {alert.number: alert for alert in map(Alert.from_json, parts["alerts"])}
        made._next, made._usual_step = int(parts["next"]), int(parts["usual_step"])
        made._arrays({name: np.array(parts[name]) for name in _KEPT})
        return made

    def _arrays(self, kept: Mapping[str, np.ndarray]) -> None:
        self.seen, self.last, self.time = kept["seen"], kept["last"], kept["time"]
        self.alert, self.step, self.floor, self.rise = kept["alert"], kept["step"], kept["floor"], kept["rise"]
        self.run, self.usual = kept["run"], kept["usual"]
        self._set_bounds()

    def _set_bounds(self) -> None:
        self.high = np.maximum(self.threshold, self.floor) + self.rise
        self.low = self.rules.hysteresis * self.high

    def _name_to(self, series: int) -> None:
        for number in range(len(self.names), series + 1):
            self.add_series(str(number))

    def _is_held(self, series: int, latest: int, time: int, local: int) -> bool:
        """Whether a series may open nothing now: after an alert, muted, or on a day of an event."""
        if latest and time - self.time[series] < self.rules.cooldown:
            return True
        name = self.names[series]
        return self.rules.on_event(local) or any(mute.covers(name, local) for mute in self.mutes)

    def _is_news(self, series: int, score: float) -> bool:
        """Whether something stranger begins within a long run: else a slow sign that stays up hides it."""
        return bool(self.run[series] >= _LONG and score >= self.high[series] and score >= self.usual[series] + _NEWS)

    def _opened(self, series: int, latest: int, time: int) -> Alert:
        """The alert that a series opens or joins."""
        alert = self._joined(series, time) or self._begun(time)
        if alert.number != latest:
            alert.join(series)
            self.run[series] = 0
        return alert

    def _joined(self, series: int, time: int) -> Alert | None:
        """An alert that began about now."""
        window = self.rules.together * float(self.step[series])
        if window > 0:
            for alert in islice(reversed(self.alerts.values()), _MOST_JOINED):
                if abs(time - alert.start) <= window:
                    return alert
        return None

    def _begun(self, time: int) -> Alert:
        """A new alert; the oldest one is forgotten where there are too many."""
        alert = self.alerts[self._next] = Alert(self._next, time, time)
        self._next += 1
        if len(self.alerts) > self._most:
            del self.alerts[next(iter(self.alerts))]
        if self.opened is not None:
            self.opened.append(alert.number)
        return alert

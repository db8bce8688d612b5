"""From scores to alerts: few, once each, with a beginning and an end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from cxml.anomaly.alarms.alert import COLUMNS, moments
from cxml.anomaly.alarms.budget import LOWEST, Budget, History, fit_budget, loud_floors
from cxml.anomaly.alarms.counting import part_to_count, usual_steps
from cxml.anomaly.alarms.feedback import check_word, moved, taken_back
from cxml.anomaly.alarms.rules import Mute, Rules
from cxml.anomaly.alarms.runs import Raised, Runs, Warm
from cxml.anomaly.config import read_mutes
from cxml.errors import ConfigError, nearest, shorten

if TYPE_CHECKING:
    import pandas as pd

    from cxml.anomaly.alarms.alert import Alert
    from cxml.anomaly.config import AnomalyConfig
    from cxml.anomaly.rows import Rows, Scored, ScoredOne

#: How often thresholds are found anew for want of a fair share.
_ROUNDS = 5


class Listener(Protocol):
    """Who is told of alerts: see `cxml.anomaly.alarms.notify.Notifier`."""

    @property
    def ends(self) -> bool:
        """Whether ends are told too."""
        ...

    def send(self, event: str, alert: Mapping[str, Any]) -> None:
        """Take in an alert that ``"opened"`` or ``"ended"``, at once and without fail."""
        ...


class Alarms:
    """Alerts of many series within one budget.

    An alert opens when a score reaches the threshold of its series. It stays open while scores exceed `hysteresis` x
    the threshold, and outlasts three quiet values in between; what counts is values, so nights without any don't cut
    it. A slow sign may hold one open for weeks: after 20 values in it, a score that reaches the threshold and stands
    1.5 above the usual score of this run opens the next. A series that reaches its threshold within `together` of its
    usual steps of an alert's start joins this one. After the end a series opens none during `cooldown`. What is muted,
    or on a day of a known event, opens none; an alert that was open goes on.

    Values taken one by one, in any portions, or all at once give the same answers, as long as the times of all series
    come in order.

    Parameters
    ----------
    runs : Runs
        The state of each series.
    budget : Budget
        Where the threshold comes from.
    zone : str, optional
        Time zone in which alerts are told; without, times are told as they are.

    Examples
    --------
    >>> from cxml.anomaly.config import AnomalyConfig
    >>> from cxml.anomaly.rows import Rows, Scored
    >>> hour = 3_600 * 10**9
    >>> time, zero = np.arange(200) * hour, np.zeros(200)
    >>> scores = np.where((time >= 90 * hour) & (time < 96 * hour), 6.0, 0.2)
    >>> rows = Rows(np.zeros(200, dtype=int), time, time, zero)
    >>> scored = Scored(zero, zero, zero, scores, np.full(200, 3), scores)
    >>> alarms = Alarms.settle(AnomalyConfig(), ["calls"], rows, scored)
    >>> int(alarms.raise_all(rows, scored).is_anomaly.sum())
    6
    >>> alarms.table()[["alert", "series", "kind", "level"]].values.tolist()
    [[1, 'calls', 'level_shift', 'medium']]
    >>> alarms.feedback(2, "noise")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: alert must be the id of an alert that is kept, from 1 to 1 - got 2. Did you mean 1?
    """

    def __init__(self, runs: Runs, budget: Budget, *, zone: str | None = None) -> None:
        self.budget = budget
        self.zone = zone
        self._runs = runs
        self._listener: Listener | None = None
        self._awaited: set[int] = set()

    @classmethod
    def settle(
        cls, config: AnomalyConfig, names: Iterable[str], rows: Rows, scored: Scored, *, zone: str | None = None
    ) -> Self:
        """Find the threshold that would have kept a history within the budget.

        Parameters
        ----------
        config : AnomalyConfig
            With `budget`, `budget_span`, `least_score`, `hysteresis`, `cooldown`, `together`, `side`, `mute`, `events`.
        names : sequence of str
            Names of the series, by their number.
        rows, scored : Rows, Scored
            The history. Its first fifth is not counted, as the method was still learning.
        zone : str, optional
            Time zone in which alerts are told.

        Returns
        -------
        Alarms
            With no alert yet: `raise_all` raises those of the history.
        """
        rules, named = Rules.read(config), list(names)
        steps = usual_steps(rows, len(named))
        counted, length = part_to_count(rows)
        lowest = rules.hysteresis * min(rules.least_score, LOWEST)
        warm = Warm.of(rows, scored, np.flatnonzero(counted & (scored.score >= lowest)), rules)

        floors = np.zeros(len(named))

        def followed(threshold: float) -> list[Alert]:
            trial = Runs(rules, named, threshold, steps, most=len(warm.place))
            trial.set_floors(floors)
            for row in warm.above(trial.low).each():
                trial.take(*row)
            return list(trial.alerts.values())

        history = History(
            count=lambda threshold: np.array([alert.score for alert in followed(threshold)]),
            scores=np.sort(warm.score)[::-1],
            span=length / rules.span,
            periods=length / float(np.median(steps)) if len(steps) else 0.0,
            values=float((rules.span / steps).sum()),
        )
        for _ in range(_ROUNDS):
            budget = fit_budget(rules, history)
            found = [next(iter(alert.peaks.items())) for alert in followed(budget.anchor)]
            openers, peaks = np.array(found).reshape(-1, 2).T
            raised = loud_floors(floors, openers.astype(np.int64), peaks, max(rules.budget * history.span, len(found)))
            if (raised == floors).all():
                break
            floors = raised
        made = cls(Runs(rules, named, budget.threshold, steps), budget, zone=zone)
        made._runs.set_floors(floors)
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the series, by their number."""
        return tuple(self._runs.names)

    @property
    def note(self) -> str:
        """Where the threshold comes from, and how sure it is."""
        loud = np.flatnonzero(self._runs.floor > self._runs.threshold)
        if not len(loud):
            return self.budget.note
        listed = shorten([self._runs.names[one] for one in loud[np.argsort(-self._runs.floor[loud])]], 3)
        return f"{self.budget.note} Loud series have higher thresholds, to leave the others their share: {listed}."

    def add_series(self, name: str) -> None:
        """Begin a series; its number is the next one. Its usual step is the median of the others'.

        Parameters
        ----------
        name : str
        """
        self._runs.add_series(name)

    def raise_all(self, rows: Rows, scored: Scored) -> Raised:
        """Raise alerts for values in the order of time; quiet ones cost next to nothing.

        Parameters
        ----------
        rows : Rows
            After all that came before. A series that nobody added is named by its number.
        scored : Scored
            Of the same length.

        Returns
        -------
        Raised
        """
        raised = self._runs.follow(rows, scored)
        if self._listener is not None:
            self._tell(self._listener, self._awaited - self._runs.open_alerts())
        return raised

    def raise_one(
        self, series: int, time: int, local: int, scored: ScoredOne, value: float = math.nan
    ) -> tuple[bool, int, float]:
        """Raise an alert for one value, or none; the same as `raise_all` of one row.

        Parameters
        ----------
        series : int
            Number of the series.
        time, local : int
            Nanoseconds since 1970, and those of the wall clock.
        scored : ScoredOne
        value : float, optional
            The value itself, for the table of alerts.

        Returns
        -------
        is_anomaly : bool
        alert : int
            0 where none.
        severity : float, 0-100
        """
        raised = self._runs.follow_one(series, time, local, scored, value)
        listener, runs = self._listener, self._runs
        # An alert is over for a series that has gone quiet, and for one that has opened another.
        if listener is not None and (runs.opened or (self._awaited and runs.is_over(series))):
            self._tell(listener, self._awaited - runs.open_alerts())
        return raised

    def mute(self, series: str | None = None, start: Any = None, end: Any = None) -> None:
        """Raise no alert of a series, or of any, for a time. What is open goes on, and scores don't change.

        Parameters
        ----------
        series : str, optional
            Its name; all where left out.
        start : date or time, or text such as ``"2026-03-01 09:00"``
            On the wall clock.
        end : date or time, optional
            Without, from then on.

        Raises
        ------
        ConfigError
            If no such series is known, or a time is missing or cannot be read.
        """
        if series is not None and series not in self._runs.names:
            raise ConfigError(
                f"mute must name a series - got {series!r}, which is none of {len(self.names):,}."
                f"{nearest(series, self.names)}"
            )
        self._runs.mutes.extend(map(Mute.read, read_mutes([{"series": series, "start": start, "end": end}])))

    def feedback(self, alert: int, word: str) -> None:
        """Learn what people say of an alert; saved with the model.

        Noise raises the thresholds of the alert's series, useful brings them back towards the budget's: see
        `cxml.anomaly.feedback.moved`. The last word counts: it takes back what an earlier one on the same alert did.

        Parameters
        ----------
        alert : int
            Its id.
        word : {"useful", "noise"}

        Raises
        ------
        ConfigError
            If the alert is not among the last 1,000, or the word is unknown.
        """
        known = check_word(word)
        found = self._find(alert)
        if found.word == known:
            return
        rises = {}
        for series, peak in found.peaks.items():
            before = taken_back(float(self._runs.rise[series]), found.moves.get(series, 0.0))
            rises[series] = moved(before, known, peak=peak, threshold=self._runs.base(series))
            found.moves[series] = rises[series] - before
        found.word = known
        self._runs.raise_thresholds(rises)

    def thresholds(self) -> dict[str, float]:
        """The score from which each series opens an alert, by its name."""
        return dict(zip(self._runs.names, self._runs.high.tolist(), strict=False))

    def listen(self, listener: Listener | None) -> None:
        """Tell somebody of each alert that opens from now on, or nobody any more. Copies of the alarms tell nobody.

        Who is told of ends hears of those of the alerts that are open now, too.

        Parameters
        ----------
        listener : Notifier, optional
        """
        self._listener = listener
        self._runs.opened = None if listener is None else []
        self._awaited = self._runs.open_alerts() if listener is not None and listener.ends else set()

    def table(self) -> pd.DataFrame:
        """The last 1,000 alerts, oldest first.

        Returns
        -------
        DataFrame
            ``alert`` (id), ``start``, ``end`` (of the last anomalous value; missing while open), ``series`` (the first
            that joined, as text), ``n_series``, ``kind``, ``peak_score``, ``size``, ``expected`` and ``value`` (these
            five of the value with the highest score), ``severity`` (0-100), ``level`` (low, medium, high, critical),
            ``feedback`` (the last word, or empty).
        """
        import pandas as pd

        open_ones = self._runs.open_alerts()
        alerts = list(self._runs.alerts.values())
        frame = pd.DataFrame([alert.tell(self._runs.names) for alert in alerts], columns=list(COLUMNS))
        frame["start"] = moments([alert.start for alert in alerts], self.zone)
        ends = pd.Series(moments([alert.last for alert in alerts], self.zone))
        frame["end"] = ends.mask(np.array([alert.number in open_ones for alert in alerts], dtype=bool))
        return frame

    def parts(self) -> dict[str, Any]:
        """Everything learned: JSON values and arrays, copied."""
        return {"budget": self.budget.to_json(), "zone": self.zone, **self._runs.parts()}

    @classmethod
    def from_parts(cls, config: AnomalyConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        budget = Budget(**parts["budget"])
        return cls(Runs.from_parts(Rules.read(config), budget.threshold, parts), budget, zone=parts["zone"])

    def _find(self, alert: int) -> Alert:
        """An alert that is kept."""
        kept = self._runs.alerts
        found = None if isinstance(alert, bool) else kept.get(alert)
        if found is not None:
            return found
        if not kept:
            raise ConfigError(f"alert must be the id of an alert - got {alert!r}, and none has been raised yet.")
        first, last = next(iter(kept)), next(reversed(kept))
        number = alert if isinstance(alert, int | np.integer) else first
        raise ConfigError(
            f"alert must be the id of an alert that is kept, from {first} to {last} - got {alert!r}. "
            f"Did you mean {min(max(int(number), first), last)}?"
        )

    def _tell(self, listener: Listener, ended: set[int]) -> None:
        """Hand the listener what opened since, and what ended."""
        opened, self._runs.opened = self._runs.opened or [], []
        for number in opened:
            self._send(listener, "opened", number)
        if listener.ends:
            # What opened and ended within one batch is not awaited: its end is known by then.
            self._awaited.update(opened)
            ended = ended | (set(opened) - self._runs.open_alerts() if opened else set())
            for number in sorted(ended):
                self._send(listener, "ended", number)
            self._awaited -= ended

    def _send(self, listener: Listener, event: str, number: int) -> None:
        alert = self._runs.alerts.get(number)
        if alert is not None:
            start, last = (time.isoformat() for time in moments([alert.start, alert.last], self.zone))
            end = last if event == "ended" else None
            listener.send(event, alert.tell(self._runs.names) | {"start": start, "end": end})

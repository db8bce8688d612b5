"""The model of the family: a method that scores, alarms that decide, and the series that both follow."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cxml.anomaly.alarms.alarms import Alarms
from cxml.anomaly.alarms.alert import moments
from cxml.anomaly.alarms.table_alarms import TableAlarms
from cxml.anomaly.answers import answer_of, one_answer
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.register import Register
from cxml.anomaly.residual.silence import HIGHEST
from cxml.anomaly.rows import Rows, Scorer
from cxml.errors import ConfigError, NotFittedError
from cxml.frames import as_pandas

if TYPE_CHECKING:
    import pandas as pd

    from cxml.anomaly.alarms.alarms import Listener

#: What a history followed from nothing begins with: this share of the rows of each series, within bounds.
_BEGIN_SHARE, _BEGIN_LEAST, _BEGIN_MOST = 0.15, 50, 750
_LEARNED = ("_register", "_scorer", "_alarms")


class Detector:
    """Follows series value by value: each is scored by what came before it, and learned from afterwards.

    To fit is to follow the history from its start, so a batch, a stream and the history go the same way. Any number of
    threads may ask and update.

    Parameters
    ----------
    config : AnomalyConfig
    """

    family: ClassVar[str] = "anomaly"
    method: ClassVar[str]
    Config: ClassVar[type[Any]] = AnomalyConfig
    Scorer: ClassVar[type[Any]]

    def __init__(self, config: AnomalyConfig) -> None:
        self.config = config
        self._register: Register
        self._scorer: Scorer
        self._alarms: Any  # Alarms, or TableAlarms where there is no time
        self._lock = RLock()

    def __getattr__(self, name: str) -> Any:
        if name in _LEARNED:
            raise NotFittedError("A model must be fitted before it answers - this one is not. Call anomaly.train(...).")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def is_fitted(self) -> bool:
        """Whether it has followed a history."""
        return "_register" in self.__dict__

    @property
    def alarms(self) -> Any:
        """What turns scores into alerts."""
        return self._alarms

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series that it follows."""
        return tuple(self._register.names)

    def fit(self, frame: pd.DataFrame) -> Self:
        """Follow a history from its start, having settled from all of it what is not learned on the way.

        Parameters
        ----------
        frame : DataFrame
            Not changed.
        """
        self._start(frame, whole=True)
        return self

    def follow(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score rows and learn from them; a model that has followed nothing yet begins with the first of them.

        What such a model has to settle beforehand (steps, hours, kinds of metrics) it settles from the first 15 % of
        the rows of each series, 50 to 750 of them: no score knows of later rows. The threshold of its alerts fits the
        budget over all rows given.

        Parameters
        ----------
        frame : DataFrame

        Returns
        -------
        DataFrame
            As from `predict`.
        """
        if self.is_fitted:
            found: pd.DataFrame = self.update(frame)
            return found
        return self._start(frame, whole=False)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score rows that come after what is known, on a copy: the model stays as it is.

        Parameters
        ----------
        frame : DataFrame
            In any order.

        Returns
        -------
        DataFrame
            One row per row of `frame`, in its order and with its index: key, time, target, denominator, ``expected``,
            ``lower``, ``upper``, ``score``, ``is_anomaly``, ``alert``, ``kind``, ``severity``.
        """
        copied = self.copy()  # before the rows are read: they belong to what is known at one moment
        return copied._follow(frame, "This model", known=True)

    def update(self, rows: Any) -> Any:
        """Score rows and learn from them.

        Parameters
        ----------
        rows : DataFrame, or mapping
            Rows that come after what is known, or one of them as a record: the quick way, for streams.

        Returns
        -------
        DataFrame, or dict for a record
            As from `predict`.

        Raises
        ------
        FrameError
            If a column is missing, a value is no finite number, or a moment does not come after what is known of its
            series. Nothing was learned then.
        """
        if isinstance(rows, Mapping):
            return self._update_one(rows)
        if hasattr(rows, "to_dict") and not hasattr(rows, "columns"):
            return self._update_one(rows.to_dict())  # a line of a pandas frame
        return self._follow(rows, "Updating")

    def alerts(self) -> pd.DataFrame:
        """The last 1,000 alerts, one a row: see `cxml.anomaly.alarms.alarms.Alarms.table`."""
        with self._lock:
            found: pd.DataFrame = self._alarms.table()
            return found

    def feedback(self, alert: int, word: str) -> None:
        """Learn what people say of an alert: see `cxml.anomaly.alarms.alarms.Alarms.feedback`."""
        with self._lock:
            self._alarms.feedback(alert, word)

    def mute(self, series: str | None = None, start: Any = None, end: Any = None) -> None:
        """Raise no alert of a series, or of any, for a time: see `cxml.anomaly.alarms.alarms.Alarms.mute`."""
        with self._lock:
            self._alarms.mute(series, start, end)

    def silent(self, now: Any, least: float | None = None) -> pd.DataFrame:
        """List the series that are overdue: rows say nothing of those that send none. The model stays as it is.

        Rows are told by when their time begins, so a series is overdue when two of its usual steps have gone by since
        its last row. Closed hours, and holidays and events of the calendar on which nothing came, are not counted.

        Parameters
        ----------
        now : datetime, or text in ISO form
            By the clock of the rows.
        least : float, optional
            The score from which a series is told; as many as open an alert where left out.

        Returns
        -------
        DataFrame
            One row a series, the strangest silence first: the key, ``last`` (the moment of its last row), ``due`` (when
            the next one was to begin), ``steps`` (usual steps since the last), ``score`` (``-log10`` of the chance of a
            silence that long or longer, by the series' own).

        Raises
        ------
        FrameError
            If `now` cannot be read, or has a time zone where the history has none.
        ConfigError
            If the method knows no silence.
        """
        import pandas as pd

        find = getattr(self._scorer, "overdue", None)
        if find is None:
            raise ConfigError(
                f"Silence is told by the method 'residual' - this model is {self.method!r}. Train with "
                "method='residual'."
            )
        with self._lock:
            time, local = self._register.moments.read_one(now)
            limits = np.minimum(list(self._alarms.thresholds().values()), HIGHEST)
            found = find(time, local, limits if least is None else np.full(len(limits), least))
            last = [self._register.last[one] for one in found.series]
            names = [self._register.names[one] for one in found.series]
            zone = self._register.moments.zone or None
        columns = {"last": moments(last, zone), "due": moments(time - found.late, zone)}
        key = {} if self.config.key is None else {self.config.key: names}
        table = pd.DataFrame({**key, **columns, "steps": found.steps, "score": found.score})
        return table.sort_values(["score", "steps"], ascending=False, kind="stable", ignore_index=True)

    def listen(self, listener: Listener | None) -> None:
        """Tell somebody of each alert that opens in `update` from now on, or nobody any more.

        Parameters
        ----------
        listener : Notifier, optional
            Not saved with the model, and not told of what `predict` finds.
        """
        if listener is not None and not hasattr(listener, "send"):
            raise ConfigError(
                f"A listener must take alerts by send(event, alert) - got {type(listener).__name__}. Wrap a function: "
                "anomaly.Notifier(callback)."
            )
        with self._lock:
            self._alarms.listen(listener)

    def copy(self) -> Self:
        """The same model once more: what the one learns from here on, the other does not know."""
        return type(self).from_parts(self.config, self.parts())

    def features(self) -> Mapping[str, str]:
        """Time and values; the key travels with them."""
        return {name: "date" if name == self.config.time else "number" for name in self._register.value_columns}

    def parts(self) -> Mapping[str, Any]:
        """Everything learned: JSON values, arrays."""
        with self._lock:
            rooms: dict[str, Any] = {"register": self._register, "scorer": self._scorer, "alarms": self._alarms}
            told = {room: one.parts() for room, one in rooms.items()}
        arrays = {
            f"{room}_{name}": part
            for room, parts in told.items()
            for name, part in parts.items()
            if isinstance(part, np.ndarray)
        }
        plain = {
            room: {name: part for name, part in parts.items() if not isinstance(part, np.ndarray)}
            for room, parts in told.items()
        }
        return {"settings": plain, **arrays}

    @classmethod
    def from_parts(cls, config: Any, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""

        def of(room: str) -> dict[str, Any]:
            arrays = {one.removeprefix(f"{room}_"): part for one, part in parts.items() if one.startswith(f"{room}_")}
            return {**arrays, **parts["settings"][room]}

        found = cls(config)
        found._register = Register.from_parts(config, of("register"))
        found._scorer = cls.Scorer.from_parts(config, of("scorer"))
        found._alarms = _alarms_of(config).from_parts(config, of("alarms"))
        return found

    def _start(self, frame: pd.DataFrame, *, whole: bool) -> pd.DataFrame:
        frame = as_pandas(frame)
        register = Register(self.config)
        batch = register.read(frame, what="Anomaly detection")
        register.admit(batch)
        scorer = type(self).Scorer(self.config)
        names = tuple(register.names)
        # Alerts tell of series by name, and one that has none goes by its metric.
        told = tuple(one or self.config.target for one in names)
        whole = whole or self.config.time is None  # rows of a table are in no order
        scorer.begin(batch.rows if whole else _first_rows(batch.rows, len(names)), names)
        scored = scorer.score(batch.rows)
        alarms = _alarms_of(self.config).settle(
            self.config, told, batch.rows, scored, zone=register.moments.zone or None
        )
        raised = alarms.raise_all(batch.rows, scored)
        with self._lock:
            self._register, self._scorer, self._alarms = register, scorer, alarms
        return answer_of(frame, batch.order, scored, raised, self.config)

    def _follow(self, frame: pd.DataFrame, what: str, *, known: bool = False) -> pd.DataFrame:
        frame = as_pandas(frame)
        with self._lock:
            batch = self._register.read(frame, what=what, known=known)
            self._register.admit(batch)
            for name in batch.new:
                self._alarms.add_series(name)
            scored = self._scorer.score(batch.rows)
            raised = self._alarms.raise_all(batch.rows, scored)
        return answer_of(frame, batch.order, scored, raised, self.config)

    def _update_one(self, record: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            alarms = self._alarms
            series, time, local, value, trials, others, is_new = self._register.read_one(record)
            if is_new:
                alarms.add_series(self._register.names[series])
            more = (others,) if others else ()  # to methods that look at several columns
            one = self._scorer.score_one(series, time, local, value, trials, *more)
            is_anomaly, alert, severity = alarms.raise_one(series, time, local, one, value)
        return one_answer(record, self.config, one, is_anomaly, alert, severity)


def _alarms_of(config: AnomalyConfig) -> type[Any]:
    return TableAlarms if config.time is None else Alarms


def _first_rows(rows: Rows, n_series: int) -> Rows:
    """The first rows of each series, by which a history that is followed from nothing begins."""
    count = np.bincount(rows.series, minlength=n_series)
    most = np.clip(np.ceil(_BEGIN_SHARE * count), _BEGIN_LEAST, _BEGIN_MOST)
    by_series = np.argsort(rows.series, kind="stable")
    starts = np.concatenate([[0], np.cumsum(count)[:-1]])
    rank = np.empty(len(rows), dtype=np.int64)
    rank[by_series] = np.arange(len(rows)) - np.repeat(starts, count)
    return rows.take(rank < most[rows.series])

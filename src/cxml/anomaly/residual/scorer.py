"""Method ``residual``: what was expected of each value, how far off it is, and how rare that is in its series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.residual.followed import Followed
from cxml.anomaly.residual.kinds import Kinds
from cxml.anomaly.residual.many import follow_many
from cxml.anomaly.residual.overdue import Overdue, find_overdue
from cxml.anomaly.residual.phases import Phases
from cxml.anomaly.residual.stream import Stream
from cxml.anomaly.rows import Rows, Scored, ScoredOne

#: Below so many series with rows at a time, on the average, floats one by one are quicker than arrays.
_FEW_SERIES = 24


class ResidualScorer:
    """Follow what is usual of each series and tell how strange each value is.

    Parameters
    ----------
    config : AnomalyConfig

    Examples
    --------
    >>> scorer = ResidualScorer(AnomalyConfig())
    >>> hours = np.arange(200) * 3_600_000_000_000
    >>> value = np.random.default_rng(0).poisson(50, 200).astype(float)
    >>> value[-1] = 130.0
    >>> rows = Rows(np.zeros(200, dtype=int), hours, hours, value)
    >>> scorer.begin(rows, ("calls",))
    >>> scored = scorer.score(rows)
    >>> bool(scored.score[-1] > 3 > scored.score[:-1].max())
    True
    """

    def __init__(self, config: AnomalyConfig) -> None:
        self.config = config
        self._followed = Followed(config, 0)
        self._phases = Phases.of(_NO_ROWS, 0, np.zeros(0))
        self._kinds = Kinds.of(_NO_ROWS, (), config)
        self._streams: dict[int, Stream] = {}

    def begin(self, rows: Rows, names: tuple[str, ...]) -> None:
        """Settle from a history what is not learned on the way (kinds, steps, periods, hours); forget the rest.

        Parameters
        ----------
        rows : Rows
            Kinds, steps, periods and hours are taken from them, no values.
        names : tuple of str, length n
            Of the series.
        """
        self._streams.clear()
        self._kinds = Kinds.of(rows, names, self.config)
        z, _ = self._kinds.to_scale(rows)
        self._phases = Phases.of(rows, len(names), z)
        self._followed = Followed(self.config, len(names), int(self._phases.bins.max(initial=1)))

    def score(self, rows: Rows) -> Scored:
        """Score rows and learn from them.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        Scored
        """
        if not len(rows):
            return _scored([])
        if len(rows) < _FEW_SERIES * int(np.bincount(rows.series).max()):
            return self._score_singly(rows)
        self._leave_streams()
        self._grow(int(rows.series.max()) + 1)
        return follow_many(self._followed, self._kinds, self._phases, rows)

    def score_one(self, series: int, time: int, local: int, value: float, trials: float) -> ScoredOne:
        """Score one value and learn from it.

        Parameters
        ----------
        series, time, local : int
        value, trials : float
            See `cxml.anomaly.rows.Rows`. `trials` is NaN where there are none.

        Returns
        -------
        ScoredOne
        """
        stream = self._streams.get(series)
        if stream is None:
            self._grow(series + 1)
            stream = self._streams[series] = Stream(self._followed, self._kinds, self._phases, series)
        return stream.follow(time, local, value, trials)

    def _score_singly(self, rows: Rows) -> Scored:
        trials = np.full(len(rows), np.nan) if rows.trials is None else rows.trials
        columns = (rows.series, rows.time, rows.local, rows.value, trials)
        found = [self.score_one(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]
        self._leave_streams()
        return _scored(found)

    def overdue(self, time: int, local: int, least: np.ndarray) -> Overdue:
        """Find the series whose next row has not come; nothing is learned.

        Parameters
        ----------
        time, local : int
            The moment, nanoseconds: as it passes, and on the wall clock.
        least : array of float, shape (n_series,)
            The score from which a series is told.

        Returns
        -------
        Overdue
        """
        for stream in self._streams.values():
            stream.leave()
        return find_overdue(self._followed, self._phases, time, local, least[: self._followed.n])

    def parts(self) -> Mapping[str, Any]:
        """Everything learned: JSON values, arrays."""
        self._leave_streams()
        return {**self._kinds.parts(), **self._phases.parts(), **self._followed.parts()}

    @classmethod
    def from_parts(cls, config: Any, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        found = cls(config)
        found._kinds = Kinds.from_parts(parts)
        found._phases = Phases.from_parts(parts)
        found._followed = Followed.from_parts(config, parts)
        return found

    def _grow(self, n: int) -> None:
        if n <= self._followed.n:
            return
        self._leave_streams()
        self._kinds, self._phases = self._kinds.grown(n), self._phases.grown(n)
        self._followed.grow(n, int(self._phases.bins.max()))

    def _leave_streams(self) -> None:
        for stream in self._streams.values():
            stream.leave()
        self._streams.clear()


def _scored(found: Sequence[ScoredOne]) -> Scored:
    columns = np.array(found, dtype=float).reshape(-1, len(ScoredOne._fields)).T
    expected, lower, upper, score, kind, size = columns
    return Scored(expected, lower, upper, score, kind.astype(np.int64), size)


_NONE = np.zeros(0, dtype=np.int64)
_NO_ROWS = Rows(_NONE, _NONE, _NONE, np.zeros(0))

"""What had happened in groups of events before a moment: running counts, and two searches an answer."""

from __future__ import annotations

from functools import cached_property

import numpy as np

DAY = 86_400
ACCEPTED, REFUSED, INTERACTION = 1, 0, -1
#: Windows of days. Counts since the log began would grow for ever, and a model knows only the counts it has seen.
SHORT, LONG = 30, 90
#: A group's own rate is drawn to the overall one by so many offers' weight.
_WEIGHT = 5.0


class Ledger:
    """Events in groups, each group in the order of time, with running counts.

    Parameters
    ----------
    group : array of int, shape (n_events,)
        Numbers from 0 to before `size`.
    size : int
        How many groups there are. The number `size` itself asks for a group without any event.
    second : array of int64, shape (n_events,)
    outcome : array of int8, shape (n_events,)
    delay : int >= 0, seconds
        A response counts once it is known, so long after the offer.
    rate : float in [0, 1]
        The overall rate.
    """

    def __init__(
        self, group: np.ndarray, size: int, second: np.ndarray, outcome: np.ndarray, *, delay: int, rate: float
    ) -> None:
        self.delay, self.rate = delay, rate
        self._first = int(second.min()) if len(second) else 0
        self._last = (int(second.max()) if len(second) else 0) + 1 - self._first
        self._span = self._last + 1
        place = group * self._span + (second - self._first)
        order = np.argsort(place, kind="stable")
        self._place, outcome = place[order], outcome[order]
        #: With one more, so that the place of nothing can be read.
        self.second = np.append(second[order], 0)
        self.starts = self._place.searchsorted(np.arange(size + 1) * self._span)
        self.made = _running(outcome != INTERACTION)
        self.accepted = _running(outcome == ACCEPTED)
        self.last_made = _last(outcome != INTERACTION)
        self.last_accepted = _last(outcome == ACCEPTED)

    def before(self, group: np.ndarray, second: np.ndarray) -> Counts:
        """What had happened in each group strictly before each moment.

        Parameters
        ----------
        group : array of int, shape (n_asked,)
        second : array of int64, shape (n_asked,)

        Returns
        -------
        Counts
        """
        return Counts(self, group, second)

    def upto(self, group: np.ndarray, second: np.ndarray) -> np.ndarray:
        """How many events lie before each group's moment, those of all groups before it among them."""
        within = np.minimum(np.maximum(second - self._first, 0), self._last)
        found: np.ndarray = self._place.searchsorted(group * self._span + within)
        return found


class Counts:
    """What had happened in groups before a moment: each asked for by its name, and counted when it is.

    All are arrays of float, shape (n_asked,).
    """

    def __init__(self, ledger: Ledger, group: np.ndarray, second: np.ndarray) -> None:
        self._ledger, self._group, self._second = ledger, group, second

    @property
    def short(self) -> np.ndarray:
        """Offers of the last 30 days."""
        made = self._ledger.made
        found: np.ndarray = made[self._now] - made[self._before(SHORT * DAY)]
        return found

    @cached_property
    def long(self) -> np.ndarray:
        """Offers of the last 90 days."""
        made = self._ledger.made
        found: np.ndarray = made[self._now] - made[self._window]
        return found

    @property
    def won(self) -> np.ndarray:
        """Acceptances of the last 90 days that were known by then."""
        accepted = self._ledger.accepted
        found: np.ndarray = np.maximum(accepted[self._known] - accepted[self._window], 0.0)
        return found

    @property
    def rate(self) -> np.ndarray:
        """Share accepted of all answers that were known by then, drawn to the overall rate."""
        one = self._ledger
        accepted = one.accepted[self._known] - one.accepted[self._start]
        answered = one.made[self._known] - one.made[self._start]
        found: np.ndarray = (accepted + _WEIGHT * one.rate) / (answered + _WEIGHT)
        return found

    @property
    def interactions(self) -> np.ndarray:
        """Interactions of the last 90 days."""
        found: np.ndarray = self._now - self._window - self.long
        return found

    @property
    def since(self) -> np.ndarray:
        """Days since the last offer, at most 90; NaN where there was none."""
        return self._days_since(self._ledger.last_made, self._now)

    @property
    def since_won(self) -> np.ndarray:
        """Days since the last acceptance that was known by then, at most 90; NaN where there was none."""
        return self._days_since(self._ledger.last_accepted, self._known)

    def _before(self, back: int) -> np.ndarray:
        return self._ledger.upto(self._group, self._second - back)

    @cached_property
    def _now(self) -> np.ndarray:
        return self._before(0)

    @cached_property
    def _known(self) -> np.ndarray:
        return self._before(self._ledger.delay) if self._ledger.delay else self._now

    @cached_property
    def _window(self) -> np.ndarray:
        return self._before(LONG * DAY)

    @cached_property
    def _start(self) -> np.ndarray:
        found: np.ndarray = self._ledger.starts[self._group]
        return found

    def _days_since(self, last: np.ndarray, upto: np.ndarray) -> np.ndarray:
        place = last[upto]
        days: np.ndarray = np.minimum((self._second - self._ledger.second[place]) / DAY, LONG)
        days[place < self._start] = np.nan
        return days


def _running(which: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(which, dtype=np.float64)])


def _last(which: np.ndarray) -> np.ndarray:
    """Before each place, that of the last event of a kind; -1 where there is none."""
    places = np.where(which, np.arange(len(which)), -1)
    found: np.ndarray = np.concatenate([[-1], np.maximum.accumulate(places)]) if len(which) else np.array([-1])
    return found

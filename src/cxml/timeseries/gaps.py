"""Rows that are absent: closed, unknown, forgotten, or without contacts.

A history says when a centre was open by the rows that it has. Hours change: what was open on a day is told by the same
weekdays around it, and what will be open by the last ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxml.errors import FrameError

if TYPE_CHECKING:
    from cxml.timeseries.clock import Clock

#: Same weekdays before and after that tell whether a slot was open: on at least half of them it had a row.
_AROUND = 8
#: What is absent on a larger share of the days than this is no exception.
_RARE = 0.1
#: Where absent rows stand for zeros, a slot is open if it has rows on more than this share of its days.
_EVER = 0.02
#: A day with so many rows as a rule is not without any by chance: exp(-7) is below 0.001.
_MANY_ROWS = 7.0
#: Clocks go forward on a Sunday before four, in spring on either half of the earth.
_SHIFT_MONTHS, _SHIFT_MINUTES, _SUNDAY = (3, 4, 9, 10), 240, 6


def find_hours(present: np.ndarray, phases: np.ndarray, cycle: int) -> tuple[np.ndarray, np.ndarray]:
    """When each series is open, and which of its cells should have had a row.

    Parameters
    ----------
    present : array of bool, shape (S, D, M)
    phases : array of int, shape (D,)
    cycle : int

    Returns
    -------
    (opening of shape (S, cycle, M): by the last days of each weekday; expected of shape (S, D, M): by those around)
    """
    S, D, M = present.shape
    opening, expected = np.zeros((S, cycle, M), dtype=bool), np.zeros((S, D, M), dtype=bool)
    spans = within_span(_any(present, 2))
    unseen = np.zeros((S, cycle), dtype=bool)
    for phase in range(cycle):
        of = np.flatnonzero(phases == phase)
        rows, span = present[:, of], spans[:, of]
        before, told_before = _mostly(rows, span)
        after, told_after = (one[:, ::-1] for one in _mostly(rows[:, ::-1], span[:, ::-1]))
        # A side that holds no day of the series says nothing; the other one decides.
        sure = (before[:, :-1] | ~told_before[:, :-1, None]) & (after[:, 1:] | ~told_after[:, 1:, None])
        expected[:, of] = sure & (span & (told_before[:, :-1] | told_after[:, 1:]))[..., None]
        last = np.where(_any(span, 1), len(of) - span[:, ::-1].argmax(axis=1) if len(of) else 0, 0)
        opening[:, phase] = before[np.arange(S), last]
        unseen[:, phase] = last == 0
    return _borrow(opening, unseen, _any(present, 1)), expected


def _mostly(rows: np.ndarray, span: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether a slot had rows on most of the last few days, and whether there were any; before each day and after all.

    Days without any row count as closed days, and say nothing of the hours.
    """

    def last(values: np.ndarray) -> np.ndarray:
        sums = np.zeros((values.shape[0], values.shape[1] + 1, *values.shape[2:]), dtype=np.int32)
        np.cumsum(values, axis=1, out=sums[:, 1:])
        found = sums.copy()
        found[:, _AROUND:] -= sums[:, : max(sums.shape[1] - _AROUND, 0)]
        return found

    slots, days, spans = last(rows), last(_any(rows, 2) & span), last(span)
    found: np.ndarray = (2 * slots >= days[..., None]) & ((2 * days >= spans) & (days > 0))[..., None]
    return found, spans > 0


def _borrow(opening: np.ndarray, unseen: np.ndarray, used: np.ndarray) -> np.ndarray:
    """A weekday that a series has not met is open as for most others that have, within the slots that it uses."""
    met = (~unseen).sum(axis=0)[:, None]
    others = np.where(met > 0, 2 * opening.sum(axis=0) >= met, True)
    found: np.ndarray = np.where(unseen[..., None], others & used[:, None], opening)
    return found


def find_forgotten(
    clock: Clock, numbers: np.ndarray, present: np.ndarray, expected: np.ndarray, holiday: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cells whose row should be there and is not: no closed days, short days or hours that did not exist.

    Parameters
    ----------
    clock : Clock
    numbers : array of int, shape (D,)
        Row numbers.
    present, expected : arrays of bool, shape (S, D, M)
    holiday : array of bool, shape (D,)
        A series without rows on such a day was closed.

    Returns
    -------
    (forgotten of shape (S, D, M), rows absent for all series of shape (D,))
    """
    together = _any(present, 0)
    should = _any(expected, 0)
    forgotten = expected & ~present
    forgotten[:, holiday] = False
    absent = ~_any(together, 1) & _any(should, 1)
    # A centre is closed for a day, hardly for a week; and what is absent often is no exception.
    if clock.unit == "day" and (absent & ~holiday).sum() <= max(2, _RARE * _any(should, 1).sum()):
        forgotten[:, absent] = False
    # Before the first and after the last row of a day, over all series, it opened late or closed early.
    short = should & ~within_span(together) & _any(together, 1)[:, None]
    forgotten &= ~(short & (short.sum(axis=0) <= np.maximum(2, _RARE * should.sum(axis=0))))
    forgotten &= ~_skipped(clock, numbers, forgotten, together)
    return forgotten, absent & ~_any(forgotten, (0, 2))


def _skipped(clock: Clock, numbers: np.ndarray, forgotten: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Cells that a shift to summer time leaves out: by the zone, or without one by what a shift looks like."""
    found = np.zeros(together.shape, dtype=bool)
    if clock.slots == 1:
        return found
    rows, slots = np.nonzero(_any(forgotten, 0))
    if clock.zone is not None:
        found[rows, slots] = clock.times(numbers[rows], slots).isna()
        return found
    days = clock.starts(numbers)
    months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    early = clock.first + np.arange(clock.slots) * clock.minutes < _SHIFT_MINUTES
    sunday = (clock.phases(numbers) == _SUNDAY) & np.isin(months, _SHIFT_MONTHS)
    found[rows, slots] = True
    found &= ~together & early & sunday[:, None]
    found &= (found.sum(axis=1) * clock.minutes <= 60)[:, None]
    return found


def gap_error(
    clock: Clock, keys: Sequence[str], numbers: np.ndarray, forgotten: np.ndarray, expected: int, time: str, hint: str
) -> FrameError:
    """Name rows that are forgotten, and say how to go on."""
    shown = []
    for one, row, slot in np.argwhere(forgotten)[:5]:
        at = clock.times(numbers[[row]], np.array([slot]))[0]
        shown.append(f"{keys[one]} {at:%Y-%m-%d}{'' if clock.slots == 1 else f'{at: %H:%M}'}".strip())
    return FrameError(
        f"Each period of the opening hours must have its row - {int(forgotten.sum()):,} of {expected:,} in {time!r} "
        f"are absent: {'; '.join(shown)}. Add them; or pass gaps='zero' if a period without contacts has no row, "
        f"gaps='missing' if its contacts are not known{hint}."
    )


def find_zeros(present: np.ndarray, phases: np.ndarray, cycle: int) -> tuple[np.ndarray, np.ndarray]:
    """When the centre is open and which absent rows stand for zeros, where periods without contacts have no row.

    A row of any series tells that the centre was open, so all series have the hours of all of them together.

    Returns
    -------
    (opening of shape (cycle, M), zeros of shape (S, D, M))
    """
    together = _any(present, 0)
    opening, lively = np.zeros((cycle, present.shape[2]), dtype=bool), np.zeros(len(phases), dtype=bool)
    used = together.sum(axis=0) > _EVER * max(1, int((_any(together, 1)).sum())) / cycle
    for phase in range(cycle):
        of = phases == phase
        if not of.any():
            opening[phase] = used
            continue
        often = together[of].sum(axis=0) > _EVER * of.sum()
        opening[phase] = within_span(often) & used
        days = int(_any(together[of], 1).sum())
        lively[of] = present[:, of].sum() >= _MANY_ROWS * max(days, 1)
    closed = lively & ~_any(together, 1)
    started = np.maximum.accumulate(present.reshape(len(present), -1), axis=1).reshape(present.shape)
    zeros: np.ndarray = ~present & started & (opening[phases] & ~closed[:, None])
    zeros &= within_span(together.ravel()).reshape(together.shape)
    return opening, zeros


def past_closed(ends: np.ndarray, opening: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Move ends that nothing open follows on their day to the end of the day: it is wholly known.

    Parameters
    ----------
    ends : array of int, shape (S,)
        Places ``row * M + slot``.
    opening : array of bool, shape (S, cycle, M)
    phases : array of int, shape (D,)
        Of the rows from the panel's first one on.

    Returns
    -------
    array of int, shape (S,)
    """
    S, _, M = opening.shape
    rows, slots = np.divmod(ends - 1, M)
    later = np.arange(M) > slots[:, None]
    left = _any(opening[np.arange(S), phases[rows]] & later, 1)
    return np.where(left, ends, (rows + 1) * M)


def within_span(known: np.ndarray) -> np.ndarray:
    """From the first to the last True of each line.

    >>> within_span(np.array([False, True, False, True, False])).astype(int).tolist()
    [0, 1, 1, 1, 0]
    """
    after = np.maximum.accumulate(known, axis=-1)
    before = np.maximum.accumulate(known[..., ::-1], axis=-1)[..., ::-1]
    found: np.ndarray = after & before
    return found


def _any(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    found: np.ndarray = np.asarray(values.any(axis=axis))
    return found

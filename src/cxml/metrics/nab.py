"""The score of the Numenta Anomaly Benchmark: an alert early in a labelled window earns, one outside of all costs.

Within a window only the earliest row that alerts counts, and the earlier it is the more it earns. Every row that alerts
outside of the windows costs, less right behind a window than far from any. The first rows of a file are not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import nearest
from cxml.metrics._rows import Floats, as_floats

Windows: TypeAlias = NDArray[np.int64]

PROBATION_SHARE = 0.15
PROBATION_MOST = 750
"""Rows at the head of a file that nobody is judged on: 15 % of it, 750 at most."""

FAR = 3.0
"""Window lengths behind a window from which on an alert costs in full."""


class Profile(NamedTuple):
    """What a window found earns, and what a false row and a window missed cost."""

    found: float
    false: float
    missed: float


PROFILES = {
    "standard": Profile(1.0, 0.11, 1.0),
    "low_fp": Profile(1.0, 0.22, 1.0),
    "low_fn": Profile(1.0, 0.11, 2.0),
}
"""The weights of the three published profiles."""


@dataclass(frozen=True)
class NabCount:
    """What a file comes to at one threshold.

    Attributes
    ----------
    raw : float
        Sum of what was earned and lost, before it is normalised.
    true_positives, false_positives, true_negatives, false_negatives : int
        Rows after the probation, in windows and outside, that alerted or not.
    """

    raw: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


def window_rows(time: ArrayLike, windows: Sequence[tuple[Any, Any]]) -> Windows:
    """First and last row of each window, from the times of its ends.

    Parameters
    ----------
    time : array of datetime64 or number, shape (n_rows,)
        Times of the rows, in order.
    windows : sequence of (start, end)
        Times of the first and the last row of each window, comparable with `time`.

    Returns
    -------
    array of int, shape (n_windows, 2)
        Positions in `time`, both inclusive.

    Raises
    ------
    ValueError
        If a window holds no row.

    Examples
    --------
    >>> window_rows([0, 5, 10, 15], [(5, 12)]).tolist()
    [[1, 2]]
    >>> window_rows([0, 5, 10, 15], [(6, 9)])
    Traceback (most recent call last):
        ...
    ValueError: A window must hold at least one row, got none between 6 and 9. Give windows in the times of the rows.
    """
    times = np.asarray(time)
    rows = np.empty((len(windows), 2), dtype=np.int64)
    for number, (start, end) in enumerate(windows):
        inside = np.flatnonzero((times >= start) & (times <= end))
        if not inside.size:
            raise ValueError(
                f"A window must hold at least one row, got none between {start} and {end}. "
                "Give windows in the times of the rows."
            )
        rows[number] = inside[0], inside[-1]
    return rows


def nab_count(
    scores: ArrayLike, windows: ArrayLike, threshold: float, *, profile: str | Profile = "standard"
) -> NabCount:
    """Raw score and counts of one file at one threshold.

    A row alerts where its score is at least `threshold`. With ``s(y) = 2 / (1 + exp(5 y)) - 1`` a row of a window of w
    rows, i rows before its last, is worth ``found * s(-(i + 1) / w) / s(-1)``; of a window the best alert counts, and
    ``-missed`` where there is none. A row d rows behind the last window costs ``-false * s(d / (w - 1))``, which is
    `false` in full from three window lengths on, and before the first window [1]_. A window of one row, which the
    source leaves undefined, counts as two there.

    Parameters
    ----------
    scores : array of float, shape (n_rows,)
        One file in time order, stranger rows higher.
    windows : array of int, shape (n_windows, 2)
        First and last row of each true window (`window_rows`), in order, not overlapping.
    threshold : float
    profile : {"standard", "low_fp", "low_fn"} or Profile, default="standard"

    Returns
    -------
    NabCount

    Raises
    ------
    ValueError
        If scores are missing, windows lie outside of the rows or overlap, or the profile is unknown.

    References
    ----------
    .. [1] Lavin, A., & Ahmad, S. (2015). Evaluating real-time anomaly detection algorithms - the Numenta Anomaly
       Benchmark. IEEE ICMLA, 38-44; and the scorer of its version 1.1 for the ends of windows.

    Examples
    --------
    >>> found = nab_count([0, 0, 0, 0, 1, 0, 0, 1], [[4, 5]], 0.5)
    >>> round(found.raw, 3), found.true_positives, found.false_positives
    (0.89, 1, 1)
    >>> nab_count([0, 1], [[0, 2]], 0.5)
    Traceback (most recent call last):
        ...
    ValueError: `windows` must be rows (first, last) in order within the 2 scores, got (0, 2) at position 0. \
Make them with `window_rows`.
    """
    weights = _profile(profile)
    values, worth, window, judged = _worths(scores, windows, weights)
    told = judged & (values >= threshold)
    inside = window >= 0
    best = np.full(len(np.asarray(windows)), -weights.missed)
    np.maximum.at(best, window[told & inside], worth[told & inside])
    return NabCount(
        raw=float(best.sum() + worth[told & ~inside].sum()),
        true_positives=int((told & inside).sum()),
        false_positives=int((told & ~inside).sum()),
        true_negatives=int((judged & ~told & ~inside).sum()),
        false_negatives=int((judged & ~told & inside).sum()),
    )


def nab_score(
    files: Sequence[tuple[ArrayLike, ArrayLike]], threshold: float, *, profile: str | Profile = "standard"
) -> float:
    """Score of a benchmark: 100 finds every window at its first row and tells nothing else, 0 tells nothing at all.

    ``100 * (raw - null) / (perfect - null)``, where raw is the sum over the files (`nab_count`), null that of silence
    and perfect that of finding every window at once.

    Parameters
    ----------
    files : sequence of (scores, windows)
        Of each file what `nab_count` takes.
    threshold : float
        One for all files.
    profile : {"standard", "low_fp", "low_fn"} or Profile, default="standard"

    Returns
    -------
    float <= 100
        Below 0 where false alerts cost more than the windows found earn.

    Raises
    ------
    ValueError
        As `nab_count`; if there is no window at all.

    Examples
    --------
    >>> round(nab_score([([0, 0, 0, 0, 1, 0, 0, 1], [[4, 5]])], 0.5), 1)
    94.5
    >>> nab_score([([0, 1], [])], 0.5)
    Traceback (most recent call last):
        ...
    ValueError: The benchmark must have a window to find, got none in 1 files. Judge files with labels.
    """
    raw = sum(nab_count(scores, windows, threshold, profile=profile).raw for scores, windows in files)
    return nab_normalised(raw, _windows_of(files), profile=profile)


def nab_normalised(raw: float, windows: int, *, profile: str | Profile = "standard") -> float:
    """Raw scores summed over files as a score out of 100, as in `nab_score`.

    Parameters
    ----------
    raw : float
    windows : int >= 1
        Windows of all files.
    profile : {"standard", "low_fp", "low_fn"} or Profile, default="standard"

    Returns
    -------
    float <= 100

    Raises
    ------
    ValueError
        If the profile is unknown.

    Examples
    --------
    >>> nab_normalised(-5.0, 10)
    25.0
    >>> nab_normalised(-5.0, 10, profile="standart")
    Traceback (most recent call last):
        ...
    ValueError: `profile` must be one of 'standard', 'low_fp', 'low_fn', got 'standart'. Did you mean 'standard'?
    """
    weights = _profile(profile)
    return 100.0 * (raw + weights.missed * windows) / ((weights.found + weights.missed) * windows)


def nab_sweep(
    files: Sequence[tuple[ArrayLike, ArrayLike]], *, profile: str | Profile = "standard"
) -> tuple[float, float]:
    """The one threshold that scores best over all files, and its score: how the published rows are made.

    All thresholds are tried in one pass. The threshold has seen the labels, so the score flatters a little.

    Parameters
    ----------
    files : sequence of (scores, windows)
        As in `nab_score`.
    profile : {"standard", "low_fp", "low_fn"} or Profile, default="standard"

    Returns
    -------
    threshold, score : float
        The highest such threshold; infinity where telling nothing is best.

    Raises
    ------
    ValueError
        As `nab_score`.

    Examples
    --------
    >>> threshold, score = nab_sweep([([0, 0, 0, 0, 0.9, 0, 0, 0.7], [[4, 5]])])
    >>> threshold, round(score, 1)
    (0.9, 100.0)
    >>> nab_sweep([([0, 1], [])])
    Traceback (most recent call last):
        ...
    ValueError: The benchmark must have a window to find, got none in 1 files. Judge files with labels.
    """
    weights, total = _profile(profile), _windows_of(files)
    parts, before = [], 0
    for scores, windows in files:
        values, worth, window, judged = _worths(scores, windows, weights)
        window = np.where(window >= 0, window + before, -1)
        parts.append((values[judged], worth[judged], window[judged]))
        before += len(np.asarray(windows))
    values, worth, window = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(-values, kind="stable")
    values, worth, window = values[order], worth[order], window[order]
    gain = worth.copy()
    for number in range(before):
        inside = window == number
        best = np.maximum.accumulate(np.r_[-weights.missed, worth[inside]])
        gain[inside] = np.diff(best)
    raw = np.cumsum(gain)
    last = np.flatnonzero(np.r_[values[1:] != values[:-1], True])
    at = int(last[np.argmax(raw[last])])
    if raw[at] <= 0:
        return float("inf"), 0.0
    return float(values[at]), nab_normalised(float(raw[at]) - weights.missed * total, total, profile=weights)


def _worths(
    scores: ArrayLike, windows: ArrayLike, weights: Profile
) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Of each row its score, what an alert there is worth, its window (-1: none), and whether it is judged."""
    values = as_floats("scores", scores)
    rows = _check_windows(windows, values.size)
    at = np.arange(values.size)
    worth = np.full(values.size, -weights.false)
    window = np.full(values.size, -1, dtype=np.int64)
    ends = np.r_[rows[1:, 0], values.size] if len(rows) else np.empty(0)
    for number, ((first, last), following) in enumerate(zip(rows, ends, strict=True)):
        inside, behind = slice(first, last + 1), slice(last + 1, int(following))
        width = last - first + 1
        worth[inside] = weights.found * _sigmoid(-(last - at[inside] + 1) / width) / _sigmoid(-1.0)
        window[inside] = number
        worth[behind] = weights.false * _sigmoid((at[behind] - last) / max(width - 1, 1))
    judged = at >= min(int(PROBATION_SHARE * values.size), PROBATION_MOST)
    return values, worth, window, judged


def _sigmoid(position: Any) -> Any:
    """From 1 well within a window over 0 at its end to -1 behind it."""
    scaled = 2.0 / (1.0 + np.exp(5.0 * np.minimum(position, FAR))) - 1.0
    return np.where(np.asarray(position) > FAR, -1.0, scaled)


def _profile(profile: str | Profile) -> Profile:
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        known = ", ".join(repr(name) for name in PROFILES)
        raise ValueError(f"`profile` must be one of {known}, got {profile!r}.{nearest(str(profile), PROFILES)}")
    return PROFILES[profile]


def _windows_of(files: Sequence[tuple[ArrayLike, ArrayLike]]) -> int:
    total = sum(len(np.asarray(windows)) for _, windows in files)
    if not total:
        raise ValueError(
            f"The benchmark must have a window to find, got none in {len(files)} files. Judge files with labels."
        )
    return total


def _check_windows(windows: ArrayLike, rows: int) -> Windows:
    found: Windows = np.asarray(windows, dtype=np.int64).reshape(-1, 2)
    before = -1
    for place, (first, last) in enumerate(found.tolist()):
        if not before < first <= last < rows:
            raise ValueError(
                f"`windows` must be rows (first, last) in order within the {rows:,} scores, got ({first}, {last}) at "
                f"position {place}. Make them with `window_rows`."
            )
        before = last
    return found

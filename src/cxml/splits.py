"""Choose the rows that judge a model, so that nothing about them is known to the fit.

The choice hangs on what the rows hold, not on their order: the same rows are held out again when the data comes back
sorted otherwise, and almost the same ones when new rows have joined. So a champion and its challenger, trained a
month apart, can still be compared on rows that neither has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxml.contract import Split
from cxml.encoding import Column, read_column
from cxml.errors import FrameError
from cxml.frames import hash_rows

if TYPE_CHECKING:
    import pandas as pd

#: A group of equal rows larger than this share of all rows is chance (few columns, few values), not a copied row.
_LARGEST_GROUP = 0.01


def stratified_split(target: np.ndarray, groups: np.ndarray, *, share: float, seed: int) -> Split:
    """Hold out a share of each class, whole groups at a time, by the hash of the group.

    Parameters
    ----------
    target : array of int, shape (n_rows,)
        The class of each row.
    groups : array of uint64, shape (n_rows,)
        Rows with the same number stay on one side.
    share : float in (0, 1)
    seed : int

    Returns
    -------
    Split

    Examples
    --------
    >>> target, groups = np.array([0, 0, 0, 0, 1, 1]), np.arange(6, dtype=np.uint64)
    >>> found = stratified_split(target, groups, share=0.5, seed=0)
    >>> len(found.test), int(target[found.test].sum())
    (3, 1)
    """
    order = _shuffle(groups, seed)
    test = np.zeros(len(target), dtype=bool)
    first, inverse = np.unique(groups, return_index=True, return_inverse=True)[1:]
    group_class = target[first][inverse]  # equal rows may differ in the target only by mistake: the first one decides
    for label in np.unique(group_class):
        members = np.flatnonzero(group_class == label)
        ranked = members[np.argsort(order[members], kind="stable")]
        wanted = max(1, round(share * len(members)))
        last = order[ranked[wanted - 1]]
        test[ranked[order[ranked] <= last]] = True
    rule = f"stratified by the target, {share:.0%} held out by content hash, seed {seed}"
    return Split(np.flatnonzero(~test), np.flatnonzero(test), rule)


def time_split(days: np.ndarray, groups: np.ndarray, *, share: float, seed: int) -> Split | None:
    """Hold out the last as-of dates, and keep each group on one side of the cut.

    The cut is the latest date with at least `share` of the rows on or after it. A group with rows on both sides of
    the cut (a customer met every month) gives either its early rows to the fit or its late rows to the judgement,
    three in ten the latter; its other rows are used by neither.

    Parameters
    ----------
    days : array of float, shape (n_rows,)
        As-of dates, in days.
    groups : array of uint64, shape (n_rows,)
    share : float in (0, 1)
    seed : int

    Returns
    -------
    Split, or None where all rows have one date

    Examples
    --------
    >>> days, groups = np.repeat([0.0, 31.0, 60.0], 4), np.arange(12, dtype=np.uint64)
    >>> time_split(days, groups, share=0.25, seed=0).test.tolist()
    [8, 9, 10, 11]
    """
    dates = np.unique(days)
    if len(dates) < 2:
        return None
    after = np.array([(days >= date).mean() for date in dates])
    cut = dates[max(1, int(np.flatnonzero(after >= share)[-1]))]
    late = days >= cut
    straddling = np.isin(groups, np.intersect1d(groups[late], groups[~late]))
    judges = _shuffle(groups, seed) < np.uint64(0.3 * 2**64)
    test = late & (~straddling | judges)
    train = ~late & (~straddling | ~judges)
    day = np.datetime64(int(cut), "D")
    rule = f"as-of dates from {day} on held out, each key on one side, seed {seed}"
    return Split(np.flatnonzero(train), np.flatnonzero(test), rule)


def check_moments(values: pd.Series, *, what: str = "moment") -> np.ndarray:
    """Read the moment of each row as days.

    Parameters
    ----------
    values : Series
        Dates, or texts that are dates.
    what : str, default="moment"
        What the message calls it.

    Returns
    -------
    array of float, shape (n_rows,)

    Raises
    ------
    FrameError
        If one is missing or is no date.

    Examples
    --------
    >>> import pandas as pd
    >>> check_moments(pd.Series(["1970-01-02", "1970-01-03 12:00"])).tolist()
    [1.0, 2.5]
    >>> check_moments(pd.Series(["1970-01-02", None], name="sent_at"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Each row must have its moment - 1 of 2 rows have none in 'sent_at'. Fill it or drop these \
rows.
    """
    days = read_column(values, Column(str(values.name), "date"))
    if np.isnan(days).any():
        raise FrameError(
            f"Each row must have its {what} - {int(np.isnan(days).sum()):,} of {len(days):,} rows have none in "
            f"{values.name!r}. Fill it or drop these rows."
        )
    return days


def groups_of(frame: pd.DataFrame, *, key: str | None, content: Sequence[str] | None = None) -> np.ndarray:
    """Give each row a number that it shares with the rows it must stay together with.

    Rows of the same key share one, and so do rows that are equal in `content` - unless over 1 % of all rows are equal
    and the columns have so few combinations of values that it is chance, as with a few yes-no columns. The number
    itself hangs on the key, or on the whole row where there is none: other choices of columns leave the same rows held
    out.

    Parameters
    ----------
    frame : DataFrame
    key : str, optional
    content : sequence of str, optional
        Columns that make two rows equal; by default all but the key.

    Returns
    -------
    array of uint64, shape (n_rows,)

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"id": range(300), "x": [0.5, 0.5, *range(298)]})
    >>> numbers = groups_of(frame, key="id")
    >>> bool(numbers[0] == numbers[1]), len(set(numbers.tolist()))
    (True, 299)
    """
    described = frame[[name for name in content or frame.columns if name != key]]
    equal = _apart_if_common(hash_rows(described), described)
    own = _apart_if_common(hash_rows(frame), frame) if key is None else hash_rows(frame[[key]], as_text=True)
    return _joined(own, equal)


def _apart_if_common(hashes: np.ndarray, frame: pd.DataFrame) -> np.ndarray:
    """Let rows that are equal by chance stand alone: each by its place among its equals, not in the frame.

    It is chance where the columns can take so few combinations that many rows must share one.
    """
    _, group, rows = np.unique(hashes, return_inverse=True, return_counts=True)
    common = rows[group] > max(2.0, _LARGEST_GROUP * len(hashes))
    if not common.any() or _combinations(frame) > 10.0 * len(frame):
        return hashes
    apart: np.ndarray = hashes + np.where(common, _place_among_equals(group), 0).astype(np.uint64)
    return apart


def _combinations(frame: pd.DataFrame) -> float:
    """How many rows the columns could tell apart, if each value went with each."""
    total = 1.0
    for name in frame.columns:
        total *= len(np.unique(hash_rows(frame[[name]])))
    return total


def _place_among_equals(group: np.ndarray) -> np.ndarray:
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.maximum.accumulate(np.where(np.r_[True, ordered[1:] != ordered[:-1]], np.arange(len(group)), 0))
    place = np.empty(len(group), dtype=np.int64)
    place[order] = np.arange(len(group)) - first
    return place


def _joined(own: np.ndarray, equal: np.ndarray) -> np.ndarray:
    """Join rows that share either number, and name each such group by the least of its own numbers."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    labels, nodes = np.unique(np.concatenate([own, equal]), return_inverse=True)
    ends = nodes[: len(own)], nodes[len(own) :]
    graph = coo_array((np.ones(len(own)), ends), shape=(len(labels), len(labels)))
    part = connected_components(graph, directed=False)[1][ends[0]]
    least = np.full(part.max() + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(least, part, own)
    found: np.ndarray = least[part]
    return found


def _shuffle(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Mix each number with the seed (SplitMix64, Steele, Lea & Flood 2014)."""
    mixed = numbers.astype(np.uint64) + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return found

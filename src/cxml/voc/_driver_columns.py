"""From a frame to the columns that are weighed as drivers, checked so that no weight is an accident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ConfigError, FrameError, shorten
from cxml.voc.journey import feelings_in, numbers_in
from cxml.voc.pareto import indicators

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_LEAST_ROWS, _ROWS_EACH = 20, 5
_SINGULAR = 1e-8


@dataclass(frozen=True)
class Design:
    """The columns of the drivers and the score, of the rows that have one.

    Parameters
    ----------
    names : list of str
        Drivers.
    blocks : list of list of int
        The columns of each driver.
    is_labels : array of bool, shape (n_drivers,)
        Whether a driver is a set of labels, which has no direction.
    columns : array of float, shape (n_rows, n_columns)
    score : array of float, shape (n_rows,)
    kept : array of bool
        Which rows of the frame these are.
    """

    names: list[str]
    blocks: list[list[int]]
    is_labels: NDArray[np.bool_]
    columns: Floats
    score: Floats
    kept: NDArray[np.bool_]


def read_design(
    frame: pd.DataFrame,
    score: str,
    features: Sequence[str],
    topic: str | None,
    sentiment: str | None,
    feelings: Mapping[str, float],
) -> Design:
    """Make the columns of the drivers, and refuse what cannot be weighed.

    Raises
    ------
    ConfigError
        If there is no driver, or the score is one.
    FrameError
        If a column is constant, a sum of others, empty in places, or there are too few rows.
    """
    if not features and topic is None:
        raise ConfigError('Weighing needs drivers - got neither features= nor topic=. Write features=["price", "app"].')
    if score in features or score == topic:
        raise ConfigError(f"The score {score!r} must not be one of its drivers - it is. Leave it out of features=.")
    values = numbers_in(frame[score], f"The score {score!r}")
    kept = ~np.isnan(values)
    rows, values = frame[kept], values[kept]
    if not values.size or np.ptp(values) == 0:
        raise FrameError(
            f"The score {score!r} must differ from row to row - got {values.size:,} rows with one value. "
            "There is nothing to explain."
        )
    made = [_feature(rows[name], name) for name in features]
    if topic is not None:
        made += _topics(rows, topic, sentiment, feelings)
    names = [name for name, _, _ in made]
    _check(names, [columns for _, columns, _ in made], values.size)
    ends = np.cumsum([columns.shape[1] for _, columns, _ in made])
    blocks = [
        list(range(end - columns.shape[1], end)) for end, (_, columns, _) in zip(ends.tolist(), made, strict=True)
    ]
    is_labels = np.array([has_labels for _, _, has_labels in made])
    return Design(names, blocks, is_labels, np.hstack([columns for _, columns, _ in made]), values, kept)


_Made = tuple[str, Floats, bool]


def _feature(column: pd.Series, name: str) -> _Made:
    """Give a column of numbers as it is, one of labels as indicators of all but the most frequent."""
    missing = int(column.isna().sum())
    if missing:
        raise FrameError(
            f"The driver {name!r} must be known in every row - {missing:,} of {len(column):,} are empty. "
            "Fill them, or leave these rows out."
        )
    if column.dtype.kind in "fiub" or hasattr(column.dtype, "numpy_dtype"):
        return name, numbers_in(column, f"The driver {name!r}")[:, None], False
    labels, named = indicators(column)
    usual = int(named.sum(axis=0).argmax())
    if len(labels) == 2:
        return f"{name}={labels[1 - usual]}", named[:, [1 - usual]].astype(np.float64), False
    return name, np.delete(named, usual, axis=1).astype(np.float64), True


def _topics(frame: pd.DataFrame, topic: str, sentiment: str | None, feelings: Mapping[str, float]) -> list[_Made]:
    labels, named = indicators(frame[topic])
    columns = named.astype(np.float64)
    if sentiment is not None:
        columns *= _felt(frame[sentiment], feelings)[:, None]
    elif len(labels) > 1 and (named.sum(axis=1) == 1).all():
        usual = int(named.sum(axis=0).argmax())
        return [(topic, np.delete(columns, usual, axis=1), True)]
    return [(str(label), columns[:, [place]], False) for place, label in enumerate(labels)]


def _felt(column: pd.Series, feelings: Mapping[str, float]) -> Floats:
    is_number = column.dtype.kind in "fiu"
    found = numbers_in(column, f"The sentiment {str(column.name)!r}") if is_number else feelings_in(column, feelings)
    if np.isnan(found).any():
        raise FrameError(
            f"The sentiment {str(column.name)!r} must be known in every row - {int(np.isnan(found).sum()):,} of "
            f"{found.size:,} are empty. Leave these rows out."
        )
    return found


def _check(names: list[str], columns: list[Floats], rows: int) -> None:
    width = sum(one.shape[1] for one in columns)
    least = max(_LEAST_ROWS, _ROWS_EACH * width)
    if rows < least:
        raise FrameError(
            f"Weighing {len(names)} drivers ({width} columns) needs {least:,} rows with a score or more - got "
            f"{rows:,}. Take more rows, or fewer drivers."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FrameError(f"Each driver must have its own name - got {shorten(twice)} twice. Rename a feature.")
    pairs = zip(names, columns, strict=True)
    constant = [name for name, one in pairs if not one.shape[1] or (np.ptp(one, axis=0) == 0).any()]
    if constant:
        raise FrameError(
            f"A driver must differ from row to row - {shorten(constant)} has one value in all {rows:,}. Leave it out."
        )
    _check_own(names, columns)


def _check_own(names: list[str], columns: list[Floats]) -> None:
    """Refuse a driver that the ones before it determine."""
    basis: list[Any] = []
    for place, block in enumerate(columns):
        for column in block.T:
            centred = column - column.mean()
            left = centred / np.linalg.norm(centred)
            for _ in range(2):  # twice is enough for numbers of this precision
                for direction in basis:
                    left = left - direction * (direction @ left)
            if left @ left < _SINGULAR:
                raise FrameError(
                    f"Each driver must say something of its own - got {names[place]!r}, which is a sum of the others "
                    f"({shorten(names[:place])}). Leave one of them out."
                )
            basis.append(left / np.linalg.norm(left))

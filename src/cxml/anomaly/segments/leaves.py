"""Leaves as they come in a frame: what must hold before anyone looks for a cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import ConfigError, FrameError, shorten
from cxml.frames import as_pandas, check_columns, check_unique
from cxml.values import is_number

if TYPE_CHECKING:
    import pandas as pd

#: Relative difference that rounding explains, between the leaves' sum and the total.
_ROUNDING = 1e-3


@dataclass(frozen=True)
class Past:
    """Earlier periods, each with what those before made one expect of it.

    Attributes
    ----------
    actual, expected : arrays of float >= 0, shape (n_periods, n_leaves)
    doubt : array of float >= 1, shape (n_periods, 1)
        As that of `Leaves`.
    trials, expected_trials : arrays of float >= 0, shape (n_periods, n_leaves), or None
        Denominators of a ratio.
    """

    actual: np.ndarray
    expected: np.ndarray
    doubt: np.ndarray
    trials: np.ndarray | None = None
    expected_trials: np.ndarray | None = None


@dataclass(frozen=True)
class Leaves:
    """Leaf segments, what came and what was expected.

    Attributes
    ----------
    frame : DataFrame
        The dimensions, a row a leaf.
    actual, expected : arrays of float >= 0, shape (n_leaves,)
        Values; of a ratio its numerators.
    trials, expected_trials : arrays of float >= 0, shape (n_leaves,), or None
        Denominators of a ratio.
    doubt : float >= 1
        Variance of a difference by chance over that of the value alone: 1 where expectations are certain, 2 where they
        are the counts of one earlier period of the same length.
    past : Past or None
        Earlier periods, which tell how much leaves and segments usually stray.
    """

    frame: pd.DataFrame
    actual: np.ndarray
    expected: np.ndarray
    trials: np.ndarray | None = None
    expected_trials: np.ndarray | None = None
    doubt: float = 1.0
    past: Past | None = None


def check_dimensions(dimensions: Sequence[str]) -> list[str]:
    """Refuse dimensions that are no list of distinct names."""
    listed = [dimensions] if isinstance(dimensions, str) else list(dimensions)
    if isinstance(dimensions, str) or not listed or not all(isinstance(one, str) for one in listed):
        raise ConfigError(
            f"`dimensions` must be a list of columns - got {dimensions!r}. Write dimensions=['channel', 'topic']."
        )
    if len(set(listed)) < len(listed):
        raise ConfigError(f"`dimensions` must name each column once - got {shorten(listed)}.")
    return listed


def check_settings(depth: int | None, most: int, noise: float | None, least_share: float) -> None:
    """Refuse settings of the search that are outside their range."""
    for name, number in (("depth", depth), ("most", most)):
        if name == "depth" and number is None:
            continue
        if not isinstance(number, (int, np.integer)) or isinstance(number, bool) or number < 1:
            raise ConfigError(f"`{name}` must be a whole number, 1 or more - got {number!r}.")
    if most > 20:
        raise ConfigError(f"`most` must be 20 or less - got {most}. More segments than that explain nothing.")
    if noise is not None and not (is_number(noise) and noise >= 0):
        raise ConfigError(
            f"`noise` must be a relative error, 0 or more, such as 0.1 - got {noise!r}. None learns it from the leaves."
        )
    if not (is_number(least_share) and 0 <= least_share < 1):
        raise ConfigError(f"`least_share` must be a share in [0, 1) - got {least_share!r}. Use 0.001.")


def read_leaves(
    frame: Any,
    dimensions: list[str],
    value: str,
    expected: str,
    denominator: str | None,
    expected_denominator: str | None,
) -> Leaves:
    """Read a frame with a row a leaf.

    Raises
    ------
    FrameError
        If columns are missing, a leaf comes twice or lacks a dimension, or values are no numbers >= 0.
    """
    data = as_pandas(frame, what="The segments")
    names = [value, expected, *(one for one in (denominator, expected_denominator) if one is not None)]
    check_columns(data.columns, [*dimensions, *names], what="Explaining a change")
    check_filled(data, dimensions)
    check_unique(data, dimensions, advice="Add up the rows of each segment: frame.groupby(dimensions).sum().")
    columns = {name: check_amounts(data, name, dimensions) for name in dict.fromkeys(names)}
    trials = None if denominator is None else columns[denominator]
    before = trials if expected_denominator is None else columns[expected_denominator]
    return Leaves(data[dimensions].reset_index(drop=True), columns[value], columns[expected], trials, before)


def check_filled(data: pd.DataFrame, dimensions: Sequence[str]) -> None:
    """Refuse rows without a value in a dimension."""
    for name in dimensions:
        empty = np.flatnonzero(data[name].isna().to_numpy())
        if len(empty):
            raise FrameError(
                f"Each row must have a {name!r} - {len(empty):,} of {len(data):,} have none, at positions "
                f"{shorten(empty.tolist())}. Fill it, such as with 'other'."
            )


def check_amounts(data: pd.DataFrame, name: str, dimensions: Sequence[str]) -> np.ndarray:
    """A column as floats; refuses what is no finite number >= 0."""
    import pandas as pd

    column = data[name]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise FrameError(f"The column {name!r} must hold numbers - got {column.dtype}. Turn it into numbers first.")
    found: np.ndarray = column.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if len(bad):
        shown = ", ".join(f"{key}={data[key].iloc[bad[0]]}" for key in dimensions)
        raise FrameError(
            f"The column {name!r} must be 0 or more in every segment - got others in {len(bad):,} of {len(data):,} "
            f"rows, such as {found[bad[0]]:g} at {shown}. Write 0 where nothing came, and drop what is unknown."
        )
    return found


def check_sums(leaves: Leaves, total: float | None) -> None:
    """Refuse leaves that cannot be explained: nothing expected, impossible ratios, or sums that are not the total.

    Raises
    ------
    FrameError
    """
    if not leaves.expected.sum() > 0:
        raise FrameError(
            f"Something must have been expected - all {len(leaves.expected):,} segments expect 0. Give the values of "
            "an earlier period as expected=."
        )
    if leaves.trials is not None and leaves.expected_trials is not None:
        for amounts, trials, what in (
            (leaves.actual, leaves.trials, "came"),
            (leaves.expected, leaves.expected_trials, "was expected"),
        ):
            bad = np.flatnonzero((trials == 0) & (amounts > 0))
            if len(bad) or not trials.sum() > 0:
                shown = ", ".join(f"{key}={leaves.frame[key].iloc[bad[0]]}" for key in leaves.frame) if len(bad) else ""
                where = f"{len(bad):,} segments, such as {shown}" if shown else "all segments"
                raise FrameError(
                    f"A ratio must have a denominator above 0 - of what {what}, it is 0 in {where}. "
                    "Give the number of cases that the values were counted among."
                )
    _check_total(leaves, total)


def _check_total(leaves: Leaves, total: float | None) -> None:
    if total is None:
        return
    if not is_number(total):
        raise ConfigError(f"`total` must be a number - got {total!r}.")
    found = leaves.actual.sum() / (1.0 if leaves.trials is None else leaves.trials.sum())
    if abs(found - total) > _ROUNDING * max(abs(total), 1e-12):
        raise FrameError(
            f"The segments must add up to the total - they make {found:,.6g}, and the total is {total:,.6g}. Add the "
            "segments that are missing, such as 'other', or look for rows that count twice."
        )

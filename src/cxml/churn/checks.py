"""What churn refuses to learn from, and what it says about the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from cxml.churn.config import ChurnConfig, SurvivalConfig
from cxml.contract import Findings
from cxml.encoding import Column, Encoder, describe_left_out, learn_columns, learn_levels, read_column
from cxml.errors import FrameError, shorten
from cxml.frames import binary_target, check_columns, check_unique, hash_rows, holds_label
from cxml.leakage import find_duration_leaks, find_leaks, settle_leaks
from cxml.splits import check_moments, groups_of

if TYPE_CHECKING:
    import pandas as pd

    from cxml.encoding import Kind

_LEAST_ROWS, _LEAST_OF_A_KIND = 50, 10


def check(frame: pd.DataFrame, config: ChurnConfig) -> tuple[pd.DataFrame, ChurnConfig, Findings]:
    """Refuse a frame that churn cannot be learned from; settle the label and the columns left out.

    Parameters
    ----------
    frame : DataFrame
    config : ChurnConfig

    Returns
    -------
    (the same frame, config with `positive`, `drop` and `schema` settled, what was found)

    Raises
    ------
    FrameError
        If a named column is missing, the target has not two labels, keys repeat or are empty, dates cannot be read,
        there are fewer than 50 rows or 10 customers of either kind, or nothing is left to learn from.
    """
    named = [name for name in config.not_features if name not in config.drop]
    check_columns(frame.columns, [*named, *config.drop], what="Training churn", advice="Name columns as the data does.")
    target, positive, _ = binary_target(frame[config.target], positive=config.positive)
    _check_counts(target)
    _check_keys(frame, config)
    if config.time is not None:
        check_moments(frame[config.time], what="as-of date")
    encoder, notes = learn_encoder(frame, config)
    encoder.encode(frame)  # reads every value once: what cannot be read is refused before work starts
    leaks = find_leaks(frame, encoder, target, seed=config.seed)
    if isinstance(config, SurvivalConfig):
        leaks |= find_duration_leaks(frame, encoder, check_durations(frame[config.duration]))
    notes += settle_leaks(leaks, config.on_leakage)
    kept = [one for one in encoder.columns if not (config.on_leakage == "drop" and one.name in leaks)]
    if not kept:
        raise FrameError(f"Training churn needs columns to learn from - all may leak: {shorten(leaks)}.")
    if config.on_leakage == "drop":
        config, leaks = replace(config, drop=(*config.drop, *leaks)), {}
    schema = tuple((one.name, one.kind, one.dirty) for one in kept)
    return frame, replace(config, positive=positive, schema=schema), Findings(notes, leaks)


def learn_encoder(frame: pd.DataFrame, config: ChurnConfig) -> tuple[Encoder, tuple[str, ...]]:
    """Learn what each column is, leaving out what the config names and what nothing can be learned from.

    Raises
    ------
    FrameError
        If no column is left.
    """
    if config.schema:
        settled = [learn_levels(frame[name], cast("Kind", kind), dirty=dirty) for name, kind, dirty in config.schema]
        return Encoder(settled, time=config.time), ()
    features = frame.drop(columns=list(config.not_features))
    columns, left_out = learn_columns(features)
    if not columns:
        raise FrameError(
            f"Training churn needs columns to learn from - none of {features.shape[1]} can be used: "
            f"{'; '.join(describe_left_out(left_out)) or 'the data has only the key and the target'}."
        )
    dirty = [column.name for column in columns if column.dirty]
    odd = (f"Text that is no number or date was read as missing in: {shorten(dirty, 20)}",) if dirty else ()
    return Encoder(columns, time=config.time), (*describe_left_out(left_out), *odd)


def groups_of_rows(frame: pd.DataFrame, config: ChurnConfig) -> np.ndarray:
    """Number the rows so that rows of one customer, and copies of a row, share a number.

    A copy is equal in every column but the key and what names the row; that a column was dropped changes nothing. Rows
    of several dates are grouped by the customer alone: equal rows of one month are no copies when the months differ.
    """
    if config.key is not None and config.time is not None:
        return hash_rows(frame[[config.key]], as_text=True)
    names = [name for name, _, _ in config.schema] or [
        name for name in frame.columns if name not in config.not_features
    ]
    dropped = [name for name in config.drop if _tells_rows_apart(frame[name])]
    also = [name for name in (config.target, config.time, getattr(config, "duration", None)) if name]
    return groups_of(frame, key=config.key, content=[*names, *dropped, *also])


def _tells_rows_apart(values: pd.Series) -> bool:
    """Whether a dropped column describes its row, and is neither its name nor unreadable."""
    try:
        return bool(learn_columns(values.to_frame())[0])
    except FrameError:
        return False


def target_of(frame: pd.DataFrame, config: ChurnConfig) -> np.ndarray:
    """Who left, as 0 and 1, once `check` has settled the label."""
    return holds_label(frame[config.target], config.positive).astype(int)


def check_durations(values: pd.Series) -> np.ndarray:
    """Read durations as numbers of periods.

    Raises
    ------
    FrameError
        If one is missing, negative or no number.
    """
    periods = read_column(values, Column(str(values.name), "number"))
    bad = int((~(periods >= 0)).sum())
    if bad:
        raise FrameError(
            f"The duration {values.name!r} must be a number of periods from 0 up - {bad:,} of {len(values):,} rows "
            "hold a missing or negative one. Correct or drop these rows."
        )
    return periods


def _check_counts(target: np.ndarray) -> None:
    left = int(target.sum())
    if len(target) < _LEAST_ROWS or min(left, len(target) - left) < _LEAST_OF_A_KIND:
        raise FrameError(
            f"Training churn needs at least {_LEAST_ROWS} rows, and {_LEAST_OF_A_KIND} customers who left and "
            f"{_LEAST_OF_A_KIND} who stayed - got {len(target):,} rows, {left:,} who left. Gather a longer period."
        )


def _check_keys(frame: pd.DataFrame, config: ChurnConfig) -> None:
    if config.key is None:
        return
    if config.time is None:
        advice = "Keep one row a customer; where rows are taken at several dates, name the date: time=..."
        check_unique(frame, [config.key], advice=advice)
    else:
        check_unique(frame, [config.key, config.time], advice="Keep one row for each customer and date.")

"""What a volume model refuses to learn from, and what it says about the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cxml.contract import Findings
from cxml.errors import FrameError, shorten
from cxml.frames import check_columns
from cxml.timeseries.panel import Panel
from cxml.volume.config import VolumeConfig, read_horizon
from cxml.volume.history import numbers_of, read_panel, rows_ahead
from cxml.volume.learning import choose_window
from cxml.volume.opening import describe_hours

_DEFAULT_KEY = "unique_id"
#: Columns of the answers that are judged.
_OWN_NAMES = frozenset({"row", "group", "as_of", "ahead", "contacts", "loss", "y"})
#: Below this share of the longest history a series is short.
_SHORT = 0.5


def check(frame: pd.DataFrame, config: VolumeConfig) -> tuple[pd.DataFrame, VolumeConfig, Findings]:
    """Refuse a history that cannot be learned from; settle its columns.

    Parameters
    ----------
    frame : DataFrame
    config : VolumeConfig

    Returns
    -------
    (the frame with its columns as numbers, config with `key` and `covariates` settled, what was found)

    Raises
    ------
    FrameError
        If a column is missing, contacts are no numbers, periods repeat, are absent or irregular, or the history is
        too short.
    """
    key = config.key
    if key == _DEFAULT_KEY and key not in frame.columns:
        key = None
    named = [one for one in (key, config.time, config.target, *(config.covariates or ()), *config.groups) if one]
    check_columns(frame.columns, named, what="Training volume", advice="Name columns: key=, time=, target=.")
    taken = _OWN_NAMES & {str(one) for one in (key, config.time) if one is not None}
    if taken:
        raise FrameError(
            f"The columns of key and time must not be called {shorten(sorted(_OWN_NAMES), 8)} - got "
            f"{shorten(sorted(taken))}: the verdict has columns of these names. Rename them."
        )
    if not len(frame):
        raise FrameError("Training volume needs a history - the data has no rows.")
    covariates, notes = _covariates(frame, config, key)
    config = replace(config, key=key, covariates=covariates)
    numbers = {name: numbers_of(frame, name) for name in (config.target, *covariates)}
    frame = frame.assign(**numbers)
    notes += _odd_contacts(numbers[config.target], config.target)
    panel, gaps = read_panel(frame, config)
    choose_window(panel, rows_ahead(panel, read_horizon(config.horizon)))  # refuses a history that is too short
    notes = (
        describe_hours(panel),
        *gaps,
        *notes,
        *_odd_series(panel, together=bool(config.groups)),
        *_empty_covariates(panel),
    )
    return frame, config, Findings(notes)


def _covariates(frame: pd.DataFrame, config: VolumeConfig, key: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The covariates named, or all further columns of numbers; what else is left out is said."""
    if config.covariates is not None:
        return config.covariates, ()
    others = [name for name in frame.columns if name not in (key, config.time, config.target, *config.groups)]
    numeric = tuple(
        str(name) for name in others if frame[name].dtype.kind in "iufb" or str(frame[name].dtype) in _NULLABLE
    )
    rest = [name for name in others if name not in numeric]
    notes = []
    if numeric:
        notes.append(f"Covariates, to be known ahead for each row to forecast: {shorten(numeric, 20)}.")
    if rest:
        notes.append(f"Columns that are no numbers are not used: {shorten(rest, 20)}.")
    return numeric, tuple(notes)


_NULLABLE = {"Int8", "Int16", "Int32", "Int64", "Float32", "Float64", "boolean", "UInt8", "UInt16", "UInt32", "UInt64"}


def _odd_contacts(contacts: pd.Series, name: str) -> tuple[str, ...]:
    known = contacts.dropna().to_numpy()
    if not len(known):
        raise FrameError(f"The column {name!r} must hold contacts - all of its {len(contacts):,} rows are empty.")
    notes = []
    if (known < 0).any():
        notes.append(f"{int((known < 0).sum()):,} negative values of {name!r} were taken as unknown.")
    if (known != np.round(known)).any():
        notes.append(f"{name!r} holds fractions: intervals are not whole numbers either.")
    return tuple(notes)


def _odd_series(panel: Panel, *, together: bool) -> tuple[str, ...]:
    known = ~np.isnan(panel.y)
    begins = known.any(axis=2).argmax(axis=1)
    lengths = panel.ends // panel.y.shape[2] - begins
    zero = [key for key, y in zip(panel.keys, panel.y, strict=True) if not np.nansum(y) > 0]
    if len(zero) == len(panel.keys):
        raise FrameError(
            "A history must hold contacts - all are 0. Check the column, or that the right rows were chosen."
        )
    notes = []
    if zero:
        notes.append(f"{len(zero):,} series hold nothing but 0 and are forecast as 0: {shorten(zero)}.")
    short = [key for key, length in zip(panel.keys, lengths, strict=True) if length < _SHORT * lengths.max()]
    if short:
        notes.append(
            f"{len(short):,} series are less than half as long as the longest; they borrow weekday and calendar "
            f"effects from the others: {shorten(short)}."
        )
    ended = [key for key, end in zip(panel.keys, panel.ends, strict=True) if end < panel.ends.max()]
    if ended:
        whence = "the end of the others, as their totals are" if together else "there"
        notes.append(f"{len(ended):,} series end before the others and are forecast from {whence}: {shorten(ended)}.")
    return tuple(notes)


def _empty_covariates(panel: Panel) -> tuple[str, ...]:
    notes = []
    for name, values in panel.covariates.items():
        known = ~np.isnan(panel.y)
        missing = int((known & np.isnan(values)).sum())
        if missing == known.sum():
            raise FrameError(f"The covariate {name!r} must be known - all of its rows are empty. Leave it out.")
        if missing:
            notes.append(
                f"The covariate {name!r} is not known for {missing:,} of {int(known.sum()):,} rows; the level is not "
                "learned from these."
            )
    return tuple(notes)

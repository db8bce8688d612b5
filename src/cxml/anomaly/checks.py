"""What the family refuses to learn from, and what it says about the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxml.anomaly.columns import ALERT, EXPECTED, IS_ANOMALY, KIND, LOWER, SCORE, SEVERITY, UPPER
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.register import Register
from cxml.anomaly.rows import Rows
from cxml.contract import Findings
from cxml.errors import ConfigError, FrameError, nearest, shorten
from cxml.frames import check_columns

if TYPE_CHECKING:
    import pandas as pd

_DEFAULT_KEY = "unique_id"
#: Columns of the answers, and of those that are judged.
_OWN_NAMES = frozenset(
    {EXPECTED, LOWER, UPPER, SCORE, IS_ANOMALY, ALERT, KIND, SEVERITY, "row", "group", "loss", "start", "end"}
)
#: Values of one series that a history must hold: fewer tell nothing of what is usual.
LEAST_VALUES = 30


def check(frame: pd.DataFrame, config: AnomalyConfig) -> tuple[pd.DataFrame, AnomalyConfig, Findings]:
    """Refuse a history that cannot be learned from; settle its key.

    Parameters
    ----------
    frame : DataFrame
    config : AnomalyConfig

    Returns
    -------
    (the frame, config with `key` settled, what was found)

    Raises
    ------
    FrameError
        If a column is missing, values or moments cannot be read, moments occur twice, or no series is long enough.
    ConfigError
        If a kind of metric is told of a series that is not there.
    """
    if config.key == _DEFAULT_KEY and _DEFAULT_KEY not in frame.columns:
        config = replace(config, key=None)
    named = {one for one in (config.key, config.time, config.target, config.label) if one is not None}
    taken = _OWN_NAMES & named
    if taken:
        raise FrameError(
            f"Columns must not be called {shorten(sorted(_OWN_NAMES), 20)} - got {shorten(sorted(taken))}: the answers "
            "have columns of these names. Rename them."
        )
    if config.label is not None:
        _check_label(frame, config.label)
    register = Register(config)
    batch = register.read(frame, what="Anomaly detection")
    register.admit(batch)
    _check_series("metric", () if isinstance(config.metric, str) else config.metric, register.names)
    _check_series("mute", [one["series"] for one in config.mute if one["series"] is not None], register.names)
    notes = _notes(batch.rows, register.names, config)
    return frame, config, Findings(notes)


def _check_label(frame: pd.DataFrame, label: str) -> None:
    check_columns(frame.columns, [label], what="Judging by label=")
    values = frame[label]
    told = values.dropna().unique()
    if values.isna().any() or not all(_is_number(one) and float(one) in (0.0, 1.0) for one in told):
        raise FrameError(
            f"The label {label!r} must be 1 in known trouble and 0 elsewhere, in every row - got "
            f"{shorten(sorted(map(str, told)))}{' and rows without' if values.isna().any() else ''}. Fill it."
        )


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _check_series(setting: str, told: Iterable[str], names: list[str]) -> None:
    for name in told:
        if name not in names:
            raise ConfigError(
                f"{setting} must name series of the history, {shorten(names)} - got {name!r}.{nearest(name, names)}"
            )


def _notes(rows: Rows, names: list[str], config: AnomalyConfig) -> tuple[str, ...]:
    """Sentences on what is odd, or an error where nothing can be learned."""
    known = ~np.isnan(rows.value)
    n = len(names)
    count = np.bincount(rows.series[known], minlength=n)
    if not known.any():
        raise FrameError(
            f"A history must hold values - all {len(rows):,} rows of {config.target!r} are empty, or rates without "
            "trials. Check the column."
        )
    if count.max() < LEAST_VALUES:
        raise FrameError(
            f"A history must hold {LEAST_VALUES} values or more of one series - the longest holds {count.max()}, "
            f"{names[int(count.argmax())] or config.target}. Give a longer history."
        )
    notes = []
    short = np.flatnonzero(count < LEAST_VALUES)
    if len(short):
        notes.append(
            f"{len(short):,} series hold fewer than {LEAST_VALUES} values and say little yet: "
            f"{shorten(names[one] for one in short)}."
        )
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, rows.series[known], rows.value[known])
    np.maximum.at(high, rows.series[known], rows.value[known])
    still = np.flatnonzero((low == high) & (count >= LEAST_VALUES))
    if len(still):
        notes.append(
            f"{len(still):,} series never change; whatever differs will be told: "
            f"{shorten(names[one] for one in still)}."
        )
    missing = int((~known).sum())
    if missing:
        notes.append(f"{missing:,} of {len(rows):,} rows hold no value; that is news when it is not usual.")
    return tuple(notes)

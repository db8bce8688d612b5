"""Rows that are to be forecast: where they lie after the history, and what is known ahead for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxml.errors import FrameError
from cxml.frames import check_columns
from cxml.timeseries.panel import Panel, read_times
from cxml.volume.config import VolumeConfig
from cxml.volume.hierarchy import Hierarchy
from cxml.volume.history import extended, series_of, with_totals, without_totals

if TYPE_CHECKING:
    import pandas as pd

#: Beyond so many horizons nothing was ever judged.
_FURTHEST = 1.5


@dataclass(frozen=True)
class Asked:
    """Rows to be forecast, and their places in the block of forecasts that begins where each series ends.

    Attributes
    ----------
    frame : DataFrame
        Key and time of each row.
    series, ahead, slots : arrays of int, shape (n_rows,)
        The series of each row, how many rows after the end of its history it lies, and its slot.
    """

    frame: pd.DataFrame
    series: np.ndarray
    ahead: np.ndarray
    slots: np.ndarray

    @property
    def length(self) -> int:
        """Rows of the block: up to the last that is asked for."""
        return int(self.ahead.max()) + 1 if len(self.ahead) else 1

    def pick(self, values: np.ndarray) -> np.ndarray:
        """The values of the rows out of a block of shape (1, S, R, M)."""
        found: np.ndarray = np.nan_to_num(values[0][self.series, self.ahead, self.slots])
        return found  # nobody comes to a part of a total that is closed


def place_rows(frame: pd.DataFrame, panel: Panel, config: VolumeConfig, *, horizon: int) -> Asked:
    """Place rows to be forecast.

    Raises
    ------
    FrameError
        If a column is missing, a series was never learned, or a row lies within the history or beyond the horizon.
    """
    names = [one for one in (config.key, config.time, *panel.covariates) if one is not None]
    check_columns(frame.columns, names, what="Forecasting", advice="Fill the rows that model.future() gives.")
    times = read_times(frame[config.time], name=config.time)
    numbers, slots = panel.clock.place(times, name=config.time)
    series = series_of(frame, config.key, panel.keys)
    M = panel.y.shape[2]
    rows = numbers - panel.first
    known = rows * M + slots < panel.ends[series]
    if known.any():
        raise FrameError(
            f"Rows to forecast must lie after the history - {int(known.sum()):,} of {len(rows):,} do not, such "
            f"as {times[known][0]}. Take the rows of model.future()."
        )
    ahead = rows - panel.ends[series] // M
    far = ahead >= max(horizon, int(_FURTHEST * horizon), horizon + panel.clock.cycle)
    if far.any():
        raise FrameError(
            f"Rows must lie within the horizon, {horizon} {panel.clock.unit}s after the history - "
            f"{int(far.sum()):,} of {len(frame):,} lie further, such as {times[far][0]}. Train with a longer "
            "horizon=, or update the model with what came since."
        )
    kept = [one for one in (config.key, config.time) if one is not None]
    return Asked(frame[kept], series, ahead, slots)


def with_covariates(
    frame: pd.DataFrame, panel: Panel, config: VolumeConfig, hierarchy: Hierarchy | None, asked: Asked
) -> Panel:
    """The panel with the covariates of the rows to be forecast.

    Raises
    ------
    FrameError
        If a covariate of a row, or of a part of its total, is not told.
    """
    if not panel.covariates:
        return panel
    totals = hierarchy.names if hierarchy is not None else ()
    parts = extended(without_totals(panel, hierarchy), frame, config, target=False, totals=totals)
    if hierarchy is None:
        return parts
    rows = panel.ends[asked.series] // panel.y.shape[2] + asked.ahead
    _refuse_alone(parts, hierarchy, asked.series, rows, asked.slots)
    return with_totals(parts, hierarchy, ends=panel.ends)


def _refuse_alone(parts: Panel, hierarchy: Hierarchy, series: np.ndarray, rows: np.ndarray, slots: np.ndarray) -> None:
    """A total is driven by the covariates of its parts: these must be told with it."""
    phases = parts.clock.phases(parts.first + rows)
    width = parts.y.shape[1]
    for total in np.unique(series[series < len(hierarchy.names)]):
        of, at = hierarchy.members[total], series == total
        row, slot = rows[at], slots[at]
        is_open = parts.opening[of][:, phases[at], slot]
        told = [values[of][:, np.minimum(row, width - 1), slot] for values in parts.covariates.values()]
        if any((is_open & (np.isnan(one) | (row >= width))).any() for one in told):
            raise FrameError(
                f"The total {hierarchy.names[total]!r} must come with the rows of its parts, which hold their "
                "covariates - some are absent. Pass all rows of model.future()."
            )

"""The forecasts that any method has to beat: last week again, and the mean of the last same weekdays."""

from __future__ import annotations

import numpy as np

from cxml.timeseries.panel import Panel
from cxml.volume.windows import Window

#: Cycles looked back for values that are known, for each that is wanted.
_LOOK_BACK = 8


def repeat_season(panel: Panel, window: Window, *, seasons: int) -> np.ndarray:
    """Mean of the last known values of the same slot and phase, shape (K, S, R, M).

    With one season this is the seasonal naive forecast; with six of them the mean of the last six same weekdays. Where
    no such value is known, the mean of the slot over all known rows; where the period is the whole season, the last
    values themselves.

    Parameters
    ----------
    panel : Panel
    window : Window
    seasons : int
        How many values to average.

    Returns
    -------
    array, shape (K, S, R, M)
    """
    D, M = panel.y.shape[1:]
    cycle = panel.clock.cycle
    found = np.full((*window.rows.shape, window.length, M), np.nan)
    for row in np.unique(window.rows):
        k, s = np.nonzero(window.rows == row)
        own, back = np.unique(s, return_inverse=True)
        last = min(int(row), D)
        past = panel.y[own]
        usual = _last_known(past[:, max(0, last - _LOOK_BACK * cycle) : last][:, ::-1], seasons * cycle)
        for phase in range(min(cycle, window.length)):
            at = np.arange(int(row) + phase - cycle, -1, -cycle)[: _LOOK_BACK * seasons]
            values = _last_known(past[:, at[at < last]], seasons)
            found[k, s, phase::cycle] = np.where(np.isnan(values), usual, values)[back][:, None]
    return found


def _last_known(values: np.ndarray, most: int) -> np.ndarray:
    """Mean over the first `most` known values along axis 1."""
    known = ~np.isnan(values)
    chosen = known & (np.cumsum(known, axis=1) <= most)
    count = chosen.sum(axis=1)
    found: np.ndarray = np.where(count > 0, np.where(chosen, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
    return found

"""The forecasts that any method has to beat: last week again, and the mean of the last same weekdays."""

from __future__ import annotations

import numpy as np

from cxml.timeseries.panel import Panel
from cxml.volume.windows import Window


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
    """
    S, D, M = panel.y.shape
    cycle = panel.clock.cycle
    found = np.full((*window.rows.shape, window.length, M), np.nan)
    for row in np.unique(window.rows):
        k, s = np.nonzero(window.rows == row)
        own = np.unique(s)
        # Of the first row what was seen counts too, but only for rows after it: the same phase comes a cycle later.
        last = min(int(row), D)
        for step in range(window.length):
            back = np.arange(step - cycle * (step // cycle + 1), -last - cycle, -cycle)
            at = row + back[(row + back >= 0) & (row + back < last)]
            values = _last_known(panel.y[own][:, at], seasons)
            usual = _last_known(panel.y[own][:, :last][:, ::-1], seasons * cycle)
            filled = np.where(np.isnan(values), usual, values)
            found[k, s, step] = filled[np.searchsorted(own, s)]
    return found


def _last_known(values: np.ndarray, most: int) -> np.ndarray:
    """Mean over the first `most` known values along axis 1."""
    known = ~np.isnan(values)
    chosen = known & (np.cumsum(known, axis=1) <= most)
    count = chosen.sum(axis=1)
    found: np.ndarray = np.where(count > 0, np.where(chosen, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
    return found

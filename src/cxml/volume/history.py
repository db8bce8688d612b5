"""Histories as panels: read from a frame, with totals of groups, and extended by what came or will be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxml.errors import ConfigError, FrameError, shorten
from cxml.timeseries.gaps import past_closed
from cxml.timeseries.panel import Panel, build_panel, read_times
from cxml.volume.config import VolumeConfig
from cxml.volume.hierarchy import Hierarchy, labels_of

if TYPE_CHECKING:
    import pandas as pd


def read_panel(frame: pd.DataFrame, config: VolumeConfig) -> tuple[Panel, tuple[str, ...]]:
    """The series of a history, without totals; negative contacts are unknown ones."""
    target = frame[config.target].astype(float)
    clean = frame.assign(**{config.target: target.where(~(target < 0))})
    return build_panel(
        clean,
        key=config.key,
        time=config.time,
        target=config.target,
        covariates=config.covariates or (),
        gaps=config.gaps,
        calendar=config.calendar(),
    )


def add_totals(panel: Panel, frame: pd.DataFrame, config: VolumeConfig) -> tuple[Panel, Hierarchy]:
    """Put the totals of the groups before the series."""
    if config.key is None:
        raise ConfigError("groups= needs several series - the history is one. Name them: key=...")
    columns = [one for one in config.groups if one != config.key]  # by series: the grand total alone
    hierarchy = Hierarchy.learn(panel.keys, labels_of(frame, config.key, columns, panel.keys))
    same = set(hierarchy.names) & set(panel.keys)
    if same:
        raise ConfigError(f"groups= makes totals called {shorten(same)}, and series are called so too. Rename them.")
    return with_totals(panel, hierarchy), hierarchy


def with_totals(panel: Panel, hierarchy: Hierarchy, ends: np.ndarray | None = None) -> Panel:
    """Put the totals of a hierarchy before the series of a panel."""
    # Totals are forecast from where the last of their parts ends, so all parts are: on the same days.
    last = np.full(len(panel.keys) + len(hierarchy.names), panel.ends.max())
    covariates = {
        name: np.concatenate([np.stack([_mean(values[of]) for of in hierarchy.members]), values])
        for name, values in panel.covariates.items()
    }
    opening = np.stack([panel.opening[of].any(axis=0) for of in hierarchy.members])
    return replace(
        panel,
        keys=(*hierarchy.names, *panel.keys),
        y=np.concatenate([hierarchy.sums(panel.y), panel.y]),
        covariates=covariates,
        ends=last if ends is None else ends,
        opening=np.concatenate([opening, panel.opening]),
    )


def without_totals(panel: Panel, hierarchy: Hierarchy | None) -> Panel:
    """The series of a panel without the totals that stand before them."""
    totals = len(hierarchy.names) if hierarchy is not None else 0
    return panel.select(np.arange(totals, len(panel.keys)))


def _mean(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    found: np.ndarray = np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
    return found


def rows_ahead(panel: Panel, horizon: int | float) -> int:
    """Rows that a horizon reaches over: all of a span; or those that hold so many open periods of each series."""
    if isinstance(horizon, float):
        of_row = {"day": 1.0, "week": 7.0, "month": 30.4375}[panel.clock.unit]
        return max(1, int(np.ceil(horizon / of_row - 1e-9)))
    M = panel.y.shape[2]
    first = panel.ends // M
    per_row = panel.opening.sum(axis=2)  # (S, cycle)
    furthest = 1
    for one in range(len(panel.keys)):
        if not per_row[one].any():
            continue
        phases = panel.clock.phases(panel.first + first[one] + np.arange(panel.clock.cycle))
        counts = per_row[one][phases].astype(float)
        whole, rest = divmod(horizon, int(counts.sum()))
        sums = np.cumsum(counts)
        extra = 0 if rest == 0 else int(np.searchsorted(sums, rest)) + 1
        furthest = max(furthest, whole * panel.clock.cycle + extra - (0 if rest else _closed_tail(counts)))
    return int(furthest)


def _closed_tail(counts: np.ndarray) -> int:
    """Closed rows at the end of a cycle: a horizon that ends with the cycle ends before them."""
    return int(np.argmax(counts[::-1] > 0))


def series_of(frame: pd.DataFrame, key: str | None, keys: Sequence[str]) -> np.ndarray:
    """Place of each row's series among the keys; one that was never learned is refused."""
    import pandas as pd

    if key is None:
        return np.zeros(len(frame), dtype=np.int64)
    names = frame[key].astype(str)
    found = pd.Index(keys).get_indexer(pd.Index(names))
    if (found < 0).any():
        strange = names[found < 0].unique()
        raise FrameError(
            f"Each row must be of a series that the model has learned - {len(strange):,} are not: {shorten(strange)}. "
            "Train again with their history."
        )
    return np.asarray(found)


def extended(
    panel: Panel, frame: pd.DataFrame, config: VolumeConfig, *, target: bool, totals: Sequence[str] = ()
) -> Panel:
    """The panel with the values of further rows: their covariates, and their contacts where they are known."""
    if totals and config.key is not None:
        frame = frame[~frame[config.key].astype(str).isin(totals)]
    times = read_times(frame[config.time], name=config.time)
    numbers, slots = panel.clock.place(times, name=config.time)
    series = series_of(frame, config.key, panel.keys)
    rows = numbers - panel.first
    if len(rows) and rows.min() < 0:
        raise FrameError(
            f"Rows must not lie before the history - the first is {times[rows < 0][0]}. Train again with all of it."
        )
    S, D, M = panel.y.shape
    wider = max(D, int(rows.max()) + 1 if len(rows) else 0)

    def widened(values: np.ndarray) -> np.ndarray:
        found = np.full((S, wider, M), np.nan)
        found[:, :D] = values
        return found

    covariates = {}
    for name, values in panel.covariates.items():
        told = numbers_of(frame, name).to_numpy()
        if np.isnan(told).any():
            raise FrameError(
                f"The covariate {name!r} must be known for each row - {int(np.isnan(told).sum()):,} of {len(told):,} "
                "rows have none. Fill it: covariates are what is known ahead."
            )
        covariates[name] = widened(values)
        covariates[name][series, rows, slots] = told
    y, ends = widened(panel.y), panel.ends.copy()
    if target:
        came = numbers_of(frame, config.target).to_numpy()
        if (came < 0).any():
            raise FrameError(f"Contacts must be 0 or more - {int((came < 0).sum()):,} rows hold fewer. Correct them.")
        told = ~np.isnan(came)  # an empty value takes nothing back
        y[series[told], rows[told], slots[told]] = came[told]
        np.maximum.at(ends, series, np.where(np.isnan(came), 0, rows * M + slots + 1))
        if config.gaps == "zero":
            y, ends = _with_zeros(panel, y, ends, rows * M + slots)
        ends = past_closed(ends, panel.opening, panel.clock.phases(panel.first + np.arange(wider)))
    return replace(panel, y=y, covariates=covariates, ends=ends)


def _with_zeros(panel: Panel, y: np.ndarray, ends: np.ndarray, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count open periods without a row as 0, up to the last period of which some series has one."""
    S, D, M = y.shape
    last = int(max(told.max() + 1, ends.max())) if len(told) else int(ends.max())
    place = np.arange(D * M).reshape(1, D, M)
    alive = np.isin(place, told) if S > 1 else np.ones(place.shape, dtype=bool)
    opening = panel.opening[:, panel.clock.phases(panel.first + np.arange(D))]
    absent = np.isnan(y) & opening & alive & (place >= panel.ends[:, None, None]) & (place < last)
    return np.where(absent, 0.0, y), np.maximum(ends, last)


def is_whole(target: pd.Series) -> bool:
    """Whether contacts are whole numbers."""
    known = target.dropna().to_numpy(dtype=float)
    return bool((known == np.round(known)).all())


def numbers_of(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column as finite floats; what is empty is NaN.

    Raises
    ------
    FrameError
        If it holds anything else.
    """
    import pandas as pd

    values = pd.to_numeric(frame[name], errors="coerce")
    odd = values.isna() & frame[name].notna()
    if odd.any():
        raise FrameError(
            f"The column {name!r} must hold numbers - {int(odd.sum()):,} of {len(values):,} rows do not, such as "
            f"{frame[name][odd].iloc[0]!r}. Correct or drop these rows."
        )
    found = pd.Series(values.to_numpy(dtype=float, na_value=np.nan), index=frame.index, name=name)
    if np.isinf(found.to_numpy()).any():
        raise FrameError(f"The column {name!r} must hold finite numbers - it holds infinity. Correct these rows.")
    return found

"""The labelled sets of the anomaly benchmarks, the peers, and one rule that turns any score into alerts at a budget.

A series is in the development half where ``zlib.crc32(name) % 2 == 0``: whatever is chosen on labels is chosen there.
A peer is a function ``(times, values, known) -> scores``: the first `known` values are its history, from which alone it
may be fitted; the others it must score as they come. Higher scores are stranger. Those that take `since` may leave out
rows from the history's end up to that one.
"""

from __future__ import annotations

import json
import math
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from _data import FOLDER
from cxml.metrics.nab import window_rows

Peer = Callable[..., np.ndarray]

NAB_PROFILES = {"standard": "standard", "low_fp": "reward_low_FP_rate", "low_fn": "reward_low_FN_rate"}
WEEK = pd.Timedelta("7D")


@dataclass(frozen=True)
class Labelled:
    """A series with its labelled stretches, as first and last row of each."""

    name: str
    group: str
    times: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    windows: np.ndarray = field(repr=False)

    @property
    def step(self) -> pd.Timedelta:
        """The usual time from a row to the next."""
        return pd.Timedelta(np.median(np.diff(self.times)))

    @property
    def development(self) -> bool:
        """Whether methods may be chosen on its labels."""
        return zlib.crc32(self.name.encode()) % 2 == 0

    @property
    def labels(self) -> np.ndarray:
        """1 for rows of a labelled stretch."""
        found = np.zeros(len(self.values), dtype=int)
        for first, last in self.windows:
            found[first : last + 1] = 1
        return found

    def frame(self) -> pd.DataFrame:
        """The series as a frame that `cxml.anomaly` takes."""
        return pd.DataFrame({"unique_id": self.name, "ds": self.times, "y": self.values})


def read_nab() -> list[Labelled]:
    """The 38 files of the Numenta benchmark, with its windows."""
    frame = pd.read_csv(_path("nab_series.csv.gz"), parse_dates=["timestamp"])
    windows = json.loads(_path("nab_windows.json").read_text(encoding="utf-8"))
    found = []
    for name, rows in frame.groupby("file", sort=False):
        times = rows["timestamp"].to_numpy()
        ends = [(np.datetime64(start), np.datetime64(end)) for start, end in windows[name]]
        group = str(name).split("/")[0]
        found.append(Labelled(str(name), group, times, rows["value"].to_numpy(float), window_rows(times, ends)))
    return found


def read_nab_published() -> pd.DataFrame:
    """The published rows: Detector, Profile, File, Threshold, Score (raw), TP, TN, FP, FN."""
    return pd.read_csv(_path("nab_published_scores.csv.gz"))


def read_cloud() -> list[Labelled]:
    """Series of the Microsoft cloud monitoring set and of NetMan, whose labels are rows."""
    cloud = pd.read_csv(_path("ms_cloud_series.csv.gz"), parse_dates=["timestamp"])
    netman = pd.read_csv(_path("netman_kpi.csv.gz"), parse_dates=["timestamp"]).assign(domain="netman")
    found = []
    for (group, name), rows in pd.concat([cloud, netman]).groupby(["domain", "series"], sort=False):
        rows = rows.sort_values("timestamp", kind="stable").drop_duplicates("timestamp")
        edges = np.diff(np.r_[0, rows["label"].to_numpy(), 0])
        windows = np.column_stack([np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1])
        found.append(
            Labelled(str(name), str(group), rows["timestamp"].to_numpy(), rows["value"].to_numpy(float), windows)
        )
    return found


def _path(file: str) -> Path:
    path = FOLDER / "anomaly" / file
    if not path.is_file():
        print(f"skipped: {file} is not here ({path}). Set CXML_DATA to the folder that holds anomaly/.")
        raise SystemExit(0)
    return path


# Alerts ---------------------------------------------------------------------------------------------------------------


def first_told(scores: np.ndarray, rest: int) -> np.ndarray:
    """Scores of the rows at which somebody is told; 0 elsewhere.

    A row is told where its score tops all that were told in the last `rest` rows, so a run of strange rows is told once
    and again only where it gets worse. That holds for every threshold at once.
    """
    told = np.zeros(len(scores))
    highest, last = 0.0, -rest - 1
    for row, score in enumerate(scores.tolist()):
        if row - last > rest:
            highest = 0.0
        if score > highest:
            told[row], highest, last = score, score, row
    return told


def budget_threshold(
    scores: Sequence[np.ndarray], steps: Sequence[pd.Timedelta], *, rest: int | Sequence[int], weekly: float
) -> float:
    """The lowest threshold at which these series together raise at most `weekly` alerts a week and series."""
    rests = [rest] * len(scores) if isinstance(rest, int) else rest
    told = [first_told(one, rows) for one, rows in zip(scores, rests, strict=True)]
    weeks = sum(len(one) * (step / WEEK) for one, step in zip(told, steps, strict=True))
    every = np.sort(np.concatenate([one[one > 0] for one in told]))[::-1]
    allowed = math.floor(weekly * weeks)
    if len(every) <= allowed:
        return 0.0
    return float(np.nextafter(every[allowed], np.inf))


# Peers ----------------------------------------------------------------------------------------------------------------


def windowed_gaussian(times: np.ndarray, values: np.ndarray, known: int) -> np.ndarray:  # noqa: ARG001 - a peer's form
    """The published NAB detector: the tail of a normal over the last 6,400 values, moved on by 100 at a time."""
    scores = np.zeros(len(values))
    mean, spread = 0.0, 1.0
    for row in range(1, len(values)):
        end = row if row <= 6_400 else row - (row - 6_400) % 100
        if row <= 6_400 or end == row:
            past = values[max(0, end - 6_400) : end]
            mean, spread = past.mean(), past.std() or 1e-6
        scores[row] = 1 - 0.5 * math.erfc(abs(values[row] - mean) / spread / 1.4142)
    return scores


def seasonal_z(times: np.ndarray, values: np.ndarray, known: int, since: int = 0) -> np.ndarray:  # noqa: ARG001
    """Distance from the median of the same time of day in units of the median absolute deviation, both of the history.

    With two weeks of history and more it is the time of the week.
    """
    moments = pd.DatetimeIndex(times[: len(values)])
    long = moments[known - 1] - moments[0] >= 2 * WEEK
    cell = moments.hour.to_numpy() + (24 * moments.dayofweek.to_numpy() if long else 0)
    past = pd.Series(values[:known])
    middle = past.groupby(cell[:known]).median()
    expected = pd.Series(cell).map(middle).fillna(past.median()).to_numpy()
    away = np.abs(values - expected)
    return _scaled(away, known)


def mstl_residual(times: np.ndarray, values: np.ndarray, known: int, since: int = 0) -> np.ndarray:
    """Residual of a forecast by MSTL (Bandara et al. 2021), made anew each day from the last rows (of days: each week).

    Its trend is forecast by simple exponential smoothing. Seasons are a day, from the last week; of hours also a week,
    from the last four; of days a week, from the last year.
    """
    step = pd.Timedelta(np.median(np.diff(times)))
    day = max(int(pd.Timedelta("1D") / step), 1)
    filled = pd.Series(values).ffill().bfill().to_numpy()
    seasons, keep, chunk = [day], 7 * day, day if day > 1 else 7
    if day <= 48 and known >= 15 * day:
        seasons, keep = ([day, 7 * day], 28 * day) if day > 1 else ([7], 364)
    fitted = np.zeros(len(values))
    start = min(max(known // 2, 2 * max(seasons) + 1), known)
    for row in range(start, len(values), chunk):
        if known <= row and row + chunk <= since:
            continue
        ahead = min(chunk, len(values) - row)
        fitted[row : row + ahead] = _mstl(filled[max(0, row - keep) : row].tobytes(), tuple(seasons), chunk)[:ahead]
    away = np.abs(values - fitted)
    away[:start] = 0
    return _scaled(away, known, start)


@lru_cache(maxsize=20_000)
def _mstl(past: bytes, seasons: tuple[int, ...], ahead: int) -> np.ndarray:
    """A forecast, made once where the same past is asked about again."""
    from statsforecast.models import MSTL, SimpleExponentialSmoothingOptimized

    model = MSTL(season_length=list(seasons), trend_forecaster=SimpleExponentialSmoothingOptimized())
    return model.forecast(y=np.frombuffer(past), h=ahead)["mean"]


def pyod_windows(  # a peer's form
    times: np.ndarray,  # noqa: ARG001
    values: np.ndarray,
    known: int,
    since: int = 0,
    *,
    kind: str,
    width: int = 24,
) -> np.ndarray:
    """A detector of PyOD on windows of the last `width` values, fitted on those of the history."""
    filled = pd.Series(values).ffill().bfill().to_numpy()
    middle, spread = np.mean(filled[:known]), np.std(filled[:known]) or 1.0
    scaled = (filled - middle) / spread
    first = max(known, since)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicates and constant columns, which the sets have
        model, past = _pyod(scaled[:known].tobytes(), kind, width)
        later = np.lib.stride_tricks.sliding_window_view(scaled[first - width + 1 :], width)
        found = model.decision_function(later)
    middle = np.median(past)
    return _scaled(np.r_[np.full(width - 1, middle), past, np.full(first - known, middle), found], known)


@lru_cache(maxsize=64)
def _pyod(past: bytes, kind: str, width: int) -> tuple[Any, np.ndarray]:
    """A detector fitted on the windows of a history, once for the same history; and their scores."""
    from pyod.models.ecod import ECOD
    from pyod.models.iforest import IForest
    from pyod.models.lof import LOF

    makers = {
        "IForest": lambda: IForest(n_estimators=100, random_state=0),
        "LOF": lambda: LOF(n_neighbors=20, novelty=True),
        "ECOD": ECOD,
    }
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(past), width)
    model = makers[kind]().fit(windows)
    return model, model.decision_function(windows)


def half_space_trees(times: np.ndarray, values: np.ndarray, known: int) -> np.ndarray:  # noqa: ARG001 - a peer's form
    """River's half-space trees on the last eight values, learning as they come; ranges are those of the history."""
    from river.anomaly import HalfSpaceTrees

    filled = pd.Series(values).ffill().bfill().to_numpy()
    low, high = filled[:known].min(), filled[:known].max()
    scaled = np.clip((filled - low) / ((high - low) or 1.0) * 0.6 + 0.2, 0, 1)
    width = 8
    names = [str(place) for place in range(width)]
    model = HalfSpaceTrees(n_trees=10, height=8, window_size=max(50, min(250, known // 3)), seed=0)
    found = np.zeros(len(values))
    for row in range(width - 1, len(values)):
        lags = dict(zip(names, scaled[row - width + 1 : row + 1].tolist(), strict=True))
        found[row] = model.score_one(lags)
        model.learn_one(lags)
    return _scaled(found, known, known // 2)


def _scaled(scores: np.ndarray, known: int, start: int = 0) -> np.ndarray:
    """Scores in units in which series compare: above the history's median, by its 99 % quantile over that."""
    past = scores[start:known]
    past = past[np.isfinite(past)]
    middle = float(np.median(past))
    reach = float(np.quantile(past, 0.99)) - middle
    found = np.maximum((scores - middle) / (reach or float(np.std(past)) or 1.0), 0.0)
    return np.where(np.isfinite(found), found, 0.0)


PEERS: dict[str, Peer] = {
    "seasonal robust z": seasonal_z,
    "MSTL residual": mstl_residual,
    "PyOD IForest on windows": partial(pyod_windows, kind="IForest"),
    "PyOD LOF on windows": partial(pyod_windows, kind="LOF"),
    "PyOD ECOD on windows": partial(pyod_windows, kind="ECOD"),
    "river half-space trees": half_space_trees,
}

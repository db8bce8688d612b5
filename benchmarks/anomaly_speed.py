"""How fast values are scored and learned from: cxml beside river's half-space trees and PyOD, in one run.

One value at a time: microseconds of ``model.update(record)``, alarms and all, over the values of some series in turn;
river scores and learns from the same values (``score_one``, ``learn_one``) on what it needs made beforehand: values
between 0 and 1. Batches: values a second of ``model.update(frame)``, the frame read and the answer laid out; PyOD's
isolation forest scores windows of 10 values that were made beforehand. Absolute times hang on the machine.

    python benchmarks/anomaly_speed.py
    python benchmarks/anomaly_speed.py --records 2000 --series 100 --many 2000
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from _data import table
from cxml import registry

METHODS = ("residual", "robust_z", "forest")
TO_REACH = {"p50 us": 50.0, "values/s": 300_000.0, "seconds": 5.0}
WINDOW = 10


def metrics(series: int, rows: int, start: str = "2024-01-01", freq: str = "h") -> pd.DataFrame:
    """Counts of as many queues, busy by day; the truth is of no matter here."""
    random = np.random.default_rng(0)
    times = pd.date_range(start, periods=rows, freq=freq)
    shape = 1 + 0.7 * np.sin(2 * np.pi * (times.hour - 8) / 24)
    y = random.poisson(np.exp(random.normal(3, 1, (series, 1))) * shape.to_numpy())
    names = [f"queue {one:05d}" for one in range(series)]
    return pd.DataFrame({"unique_id": np.tile(names, rows), "ds": np.repeat(times, series), "y": y.T.ravel()})


def fitted(method: str, history: pd.DataFrame) -> Any:
    """A model of the family that has followed a history."""
    kind: Any = registry.model_class(f"anomaly/{method}")
    return kind(kind.Config()).fit(history)


def timed(ask: Callable[[Any], object], values: list[Any]) -> np.ndarray:
    """Microseconds of each call."""
    found = np.empty(len(values))
    for place, value in enumerate(values):
        start = time.perf_counter_ns()
        ask(value)
        found[place] = (time.perf_counter_ns() - start) / 1e3
    return found


def seconds(ask: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def one_at_a_time(n: int) -> None:
    """Print microseconds a value."""
    series = 20
    history = metrics(series, 24 * 28)
    later = metrics(series, n // series + 1, start="2024-01-29").head(n)
    records = later.to_dict("records")
    for record in records:
        record["ds"] = record["ds"].to_pydatetime()
    rows = []
    for method in METHODS:
        model = fitted(method, history)
        told = timed(model.update, records if method != "forest" else records[: n // 10])
        rows.append(_line(f"cxml {method}: update(record), alarms and all", told))
    rows.append(_line("river HalfSpaceTrees: score_one and learn_one", _river(later, series)))
    for row in rows:
        row["times residual"] = f"{row['p50 us'] / rows[0]['p50 us']:.1f}"
    rows.append({"way": "to reach", "p50 us": TO_REACH["p50 us"]})
    table(rows, f"{n:,} values of {series} series, one at a time")


def _line(way: str, told: np.ndarray) -> dict[str, Any]:
    p50, p99 = np.percentile(told, [50, 99])
    return {"way": way, "p50 us": round(p50, 1), "p99 us": round(p99, 1), "p99 / p50": f"{p99 / p50:.1f}"}


def _river(later: pd.DataFrame, series: int) -> np.ndarray:
    from river.anomaly import HalfSpaceTrees

    trees = [HalfSpaceTrees(seed=0) for _ in range(series)]
    values = [{"y": float(one)} for one in later["y"] / later["y"].max()]

    def ask(place: int) -> None:
        one = trees[place % series]
        one.score_one(values[place])
        one.learn_one(values[place])

    return timed(ask, list(range(len(values))))


def batches(series: int) -> None:
    """Print values a second of many series in one frame."""
    history, later = metrics(series, 24 * 14), metrics(series, 24 * 28, start="2024-01-15")
    found = {}
    for method in METHODS:
        print(f"{method} ...", file=sys.stderr, flush=True)
        part = later if method != "forest" else later.head(len(later) // 10)
        taken = seconds(partial(fitted(method, history).update, part))
        found[f"cxml {method}: update(frame)"] = len(part) / taken
    found["PyOD IForest: windows of 10, scored only"] = _pyod(later, series)
    own = next(iter(found.values()))
    rows = [
        {"way": way, "values/s": f"{one:,.0f}", "times slower than residual": f"{own / one:.2f}"}
        for way, one in found.items()
    ]
    rows.append({"way": "to reach", "values/s": f"{TO_REACH['values/s']:,.0f}"})
    table(rows, f"{len(later):,} values of {series:,} series in one frame")


def _pyod(later: pd.DataFrame, series: int) -> float:
    from pyod.models.iforest import IForest

    values = later["y"].to_numpy(dtype=float).reshape(-1, series)[:, :20]
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=0).reshape(-1, WINDOW)
    forest = IForest(random_state=0).fit(windows[:5000])
    return len(windows) / seconds(partial(forest.decision_function, windows))


def one_a_minute(series: int) -> None:
    """Print seconds for one value each of many series."""
    history = metrics(series, 60, freq="min")
    minutes = [metrics(series, 1, start=f"2024-01-01 01:{one:02d}", freq="min") for one in range(3)]
    rows = []
    for method in METHODS:
        print(f"{method} ...", file=sys.stderr, flush=True)
        model = fitted(method, history)
        found = [seconds(partial(model.update, minute)) for minute in minutes]
        rows.append({"way": f"cxml {method}", "seconds": f"{np.median(found):.2f}"})
    rows.append({"way": "to reach", "seconds": f"{TO_REACH['seconds']:.2f}"})
    table(rows, f"One value each of {series:,} series in one frame")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--many", type=int, default=10_000)
    asked = parser.parse_args()
    one_at_a_time(asked.records)
    batches(asked.series)
    one_a_minute(asked.many)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

"""Seconds to train and forecast 28 days of 1,000 daily series of two years: cxml beside the usual ways, in one run.

The series are made up (`cxml.datasets.make_contacts`), so the true rates are known: the WAPE of each way stands beside
that of the truth, which no forecast is better than on average. Absolute times hang on the machine.

    python benchmarks/volume_speed.py                  1,000 series
    python benchmarks/volume_speed.py --series 100 --skip cxml
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from _data import table
from cxml.datasets import make_contacts
from cxml.metrics import coverage, wape

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
DAYS, AHEAD = 730, 28
TO_REACH = 60.0


@dataclass(frozen=True)
class Case:
    """History, the rows to come, their true rates, and the events known ahead."""

    history: pd.DataFrame
    future: pd.DataFrame
    truth: np.ndarray
    events: pd.DataFrame

    def part(self, share: float) -> Case:
        """The first series only."""
        names = self.history["unique_id"].unique()
        kept = names[: max(round(share * len(names)), 1)]
        past, ahead = self.history["unique_id"].isin(kept), self.future["unique_id"].isin(kept)
        return Case(self.history[past], self.future[ahead], self.truth[ahead.to_numpy()], self.events)


def make_case(series: int) -> Case:
    made = make_contacts(DAYS + AHEAD, series, freq="D", hours=None)
    end = made.frame["ds"].max() - pd.Timedelta(days=AHEAD)
    late = (made.frame["ds"] > end).to_numpy()
    history = made.frame[~late].reset_index(drop=True)
    future = made.frame[late].reset_index(drop=True)
    known = made.events[~((made.events["name"] == "outage") & (made.events["start"] > end))]
    return Case(history, future, made.expected[late], known)


def cxml_way(case: Case) -> pd.DataFrame:
    """Train with the calendar and the events, and forecast."""
    from cxml import volume

    model = volume.train(case.history, horizon=AHEAD, country="KR", events=case.events, track=False)
    answer = volume.predict(model, case.future.drop(columns="y"), levels=[90])
    columns = {"contacts": "said", "contacts-lo-90": "low", "contacts-hi-90": "high"}
    return answer.rename(columns=columns)[["unique_id", "ds", *columns.values()]]


def auto_ets(case: Case) -> pd.DataFrame:
    """statsforecast's AutoETS, series by series, on all threads; knows no calendar."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    forecaster = StatsForecast([AutoETS(season_length=7)], freq="D", n_jobs=THREADS)
    answer = forecaster.forecast(AHEAD, case.history, level=[90])
    return answer.rename(columns={"AutoETS": "said", "AutoETS-lo-90": "low", "AutoETS-hi-90": "high"})


def lightgbm(case: Case) -> pd.DataFrame:
    """Train mlforecast's LightGBM on lags, rolling means, weekday and holidays, all series together."""
    import holidays
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    off = holidays.country_holidays("KR", years=range(2024, 2028))

    def holiday(stamps: pd.DatetimeIndex) -> np.ndarray:
        return np.array([day.date() in off for day in stamps], dtype=int)

    forecaster = MLForecast(
        LGBMRegressor(n_estimators=300, learning_rate=0.05, n_jobs=THREADS, verbosity=-1),
        freq="D",
        lags=[1, 7, 14, 28],
        lag_transforms={1: [RollingMean(7), RollingMean(28)]},
        date_features=["dayofweek", "day", holiday],
        num_threads=THREADS,
    )
    forecaster.fit(case.history, static_features=[])
    return forecaster.predict(AHEAD).rename(columns={"LGBMRegressor": "said"})


def weekday_mean(case: Case) -> pd.DataFrame:
    """Mean of the last six same weekdays."""
    times = case.history["ds"]
    recent = case.history[times > times.max() - pd.Timedelta(days=42)]
    mean = recent.groupby(["unique_id", recent["ds"].dt.dayofweek])["y"].mean()
    moments = pd.MultiIndex.from_arrays([case.future["unique_id"], case.future["ds"].dt.dayofweek])
    return case.future[["unique_id", "ds"]].assign(said=mean.reindex(moments).to_numpy())


WAYS: dict[str, Callable[[Case], pd.DataFrame]] = {
    "cxml": cxml_way,
    "mean of the last 6 same weekdays": weekday_mean,
    "mlforecast LightGBM": lightgbm,
    "statsforecast AutoETS": auto_ets,
}
#: Of a slow way only a part of the series is forecast; its seconds are scaled up to all of them.
PARTS = {"statsforecast AutoETS": 0.1}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--skip", default=None, help="leave out ways whose name holds this")
    asked = parser.parse_args()
    case = make_case(asked.series)
    rows = []
    for name, way in WAYS.items():
        if asked.skip and asked.skip in name:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        share = PARTS.get(name, 1.0)
        part = case if share == 1 else case.part(share)
        start = time.perf_counter()
        answer = way(part)
        seconds = (time.perf_counter() - start) / share
        found = part.future.merge(answer, on=["unique_id", "ds"], how="left", validate="one_to_one")
        way_name = name if share == 1 else f"{name} ({share:.0%} of the series, seconds scaled)"
        row = {"way": way_name, "seconds": f"{seconds:.1f}", "wape": f"{wape(found['y'], found['said']):.4f}"}
        if "low" in found:
            row["cover"] = f"{coverage(found['y'], found['low'], found['high']):.3f}"
        rows.append(row)
    rows.append({"way": "the true rates", "wape": f"{wape(case.future['y'], case.truth):.4f}"})
    rows.append({"way": "to reach (1,000 series)", "seconds": f"{TO_REACH:.1f}"})
    table(rows, f"{asked.series:,} daily series of {DAYS} days, {AHEAD} days ahead, {THREADS} threads")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

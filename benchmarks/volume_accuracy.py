"""Contact-volume forecasts on seven public sets: cxml beside the usual ways, on the same rolling origins.

Each forecast is made from the rows before its origin only; `_volume.py` holds the protocols. WAPE runs over all rows of
all origins, MASE is the mean over series and origins, sMAPE and MAPE are those of the published tables, and the
coverage is that of the 90 % interval: in all, and in the hours of the day in which it is lowest and highest.

    python benchmarks/volume_accuracy.py                      every set, every way (most of an hour)
    python benchmarks/volume_accuracy.py bank_calls_5min --quick
    python benchmarks/volume_accuracy.py --only cxml --development
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from _data import table
from _volume import DEVELOPMENT, TESTS, Origin, Protocol, development, protocol
from cxml.metrics import bias, coverage, mape, mase, seasonal_scale, smape, wape

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
LEVEL = 90
POINT, LOW, HIGH = "contacts", f"contacts-lo-{LEVEL}", f"contacts-hi-{LEVEL}"
#: A forecast answers every row of `origin.future`, in its order, in the columns above; the ends may be absent.
Way = Callable[[Protocol, Origin], pd.DataFrame]

QUOTED = {
    "bank_calls_5min": {"to reach": {"wape": 0.077, "cover": "0.88-0.92", "hours": "0.84-0.96", "seconds": 3.0}},
    "calls_reservations_daily": {"to reach": {"wape": 0.031}},
    "boston_channel": {"to reach": {"wape": 0.280}},
    "boston_reason": {"to reach": {"wape": 0.385}},
    "technion_6min": {"to reach": {"wape": 0.305}},
    "m4_hourly": {
        "Theta (published)": {"smape": 0.18138, "mase": 2.455},
        "winner of the competition (published)": {"smape": 0.09328, "mase": 0.893},
        "best entry (published)": {"smape": 0.08913, "mase": 0.801},
        "to reach": {"smape": 0.115, "mase": 0.95, "seconds": 300.0},
    },
    "nypd_daily": {
        "linear regression (published)": {"mape": 0.0261},
        "neural net (published)": {"mape": 0.0287},
        "XGBoost (published)": {"mape": 0.0383},
        "to reach": {"mape": 0.026},
    },
}


def cxml_forecast(asked: Protocol, origin: Origin, *, method: str | None = None) -> pd.DataFrame:
    """Train on the history and answer the rows to come, as a user would."""
    from cxml import volume

    options: dict[str, Any] = {} if method is None else {"method": method}
    if asked.coherent:  # totals equal the sums of their parts; the parts are judged by their absolute error
        options |= {"groups": asked.key, "point": "median"}
    model = volume.train(
        origin.history,
        horizon=asked.horizon,
        country=asked.country,
        subdivision=asked.subdivision,
        key=asked.key,
        time=asked.time,
        target=asked.target,
        gaps="missing",
        track=False,
        **options,
    )
    if asked.step is None:
        answer = volume.predict(model, origin.future.drop(columns=asked.target), levels=[LEVEL])
        return _in_order(asked, origin, answer)
    parts = []
    for start in range(0, len(origin.future), asked.step):
        rows = origin.future.iloc[start : start + asked.step]
        parts.append(volume.predict(model, rows.drop(columns=asked.target), levels=[LEVEL]))
        model.update(rows)
    return _in_order(asked, origin, pd.concat(parts))


def _in_order(asked: Protocol, origin: Origin, answer: pd.DataFrame) -> pd.DataFrame:
    """Rows of an answer in the order of the future rows."""
    names = [asked.key, asked.time]
    return origin.future[names].merge(answer, on=names, how="left", validate="one_to_one").drop(columns=names)


def by_moment(asked: Protocol, origin: Origin, *, rows: int) -> pd.DataFrame:
    """Mean of the last few values of the same series, weekday and time of day; told each step's actual values."""
    past = [asked.key, "weekday", "minute"]
    both = pd.concat([origin.history, origin.future], ignore_index=True)
    both = both.assign(weekday=both[asked.time].dt.dayofweek, minute=_minute(both[asked.time]))
    if asked.step is not None:
        mean = both.groupby(past)[asked.target].transform(lambda values: values.shift().rolling(rows).mean())
        return pd.DataFrame({POINT: mean.iloc[len(origin.history) :].to_numpy()})
    known, future = both.iloc[: len(origin.history)], both.iloc[len(origin.history) :]
    mean = known.groupby(past)[asked.target].apply(lambda values: values.tail(rows).mean())
    return pd.DataFrame({POINT: mean.reindex(pd.MultiIndex.from_frame(future[past])).to_numpy()})


def last_rows(asked: Protocol, origin: Origin) -> pd.DataFrame:
    """Repeat the last season, counted in rows."""
    return _each(asked, origin, lambda past, rows: np.resize(past[asked.target].to_numpy()[-asked.season :], len(rows)))


def _each(
    asked: Protocol, origin: Origin, forecast: Callable[[pd.DataFrame, pd.DataFrame], np.ndarray | pd.DataFrame]
) -> pd.DataFrame:
    """Forecast the series one by one."""
    past = dict(list(origin.history.groupby(asked.key)))
    parts = []
    for key, rows in origin.future.groupby(asked.key):
        answer = forecast(past[key], rows)
        answer = answer if isinstance(answer, pd.DataFrame) else pd.DataFrame({POINT: answer})
        parts.append(answer.set_axis(rows.index))
    return pd.concat(parts).loc[origin.future.index]


def _minute(times: pd.Series) -> pd.Series:
    return times.dt.hour * 60 + times.dt.minute


def calendar(asked: Protocol, frame: pd.DataFrame) -> pd.DataFrame:
    """What is known ahead: weekday, time of day, month, holidays and the days beside them, covariates."""
    times = frame[asked.time]
    features = {
        "series": pd.Categorical(frame[asked.key]),
        "weekday": times.dt.dayofweek,
        "minute": _minute(times),
        "month": times.dt.month,
        **{name: frame[name] for name in asked.covariates},
    }
    if asked.country is not None:
        days, off = times.dt.normalize(), _holidays(asked, times)["ds"]
        for shift in (-1, 0, 1):
            features[f"holiday {shift}"] = days.add(pd.Timedelta(days=shift)).isin(off).astype(int)
    return pd.DataFrame(features)


def _holidays(asked: Protocol, times: pd.Series) -> pd.DataFrame:
    """Names and days of the holidays of these years, as Prophet takes them."""
    import holidays

    years = range(times.dt.year.min() - 1, times.dt.year.max() + 2)
    named = holidays.country_holidays(asked.country, subdiv=asked.subdivision, years=years)
    return pd.DataFrame({"holiday": list(named.values()), "ds": pd.to_datetime(list(named))})


def lightgbm_direct(asked: Protocol, origin: Origin) -> pd.DataFrame:
    """LightGBM (L1), all series together: calendar, covariates, and the same moment of the last four known weeks."""
    from lightgbm import LGBMRegressor

    both = pd.concat([origin.history, origin.future], ignore_index=True)
    features = calendar(asked, both)
    if asked.step is not None:
        lags = [1, 2, 7, 14, 21, 28]
    else:
        ahead = (origin.future[asked.time].max() - origin.history[asked.time].max()).days
        lags = [7 * week for week in range(-(-ahead // 7), -(-ahead // 7) + 4)]
    values = both.set_index([asked.key, asked.time])[asked.target].astype(float)
    if asked.step is None:
        values.iloc[len(origin.history) :] = np.nan
    for lag in lags:
        moment = pd.MultiIndex.from_arrays([both[asked.key], both[asked.time] - pd.Timedelta(days=lag)])
        features[f"lag {lag}"] = values.reindex(moment).to_numpy()
    features["mean lag"] = features[[f"lag {lag}" for lag in lags]].mean(axis=1)
    seen = np.arange(len(both)) < len(origin.history)
    used = seen & both[list(asked.covariates)].notna().all(axis=1).to_numpy()
    model = LGBMRegressor(
        objective="l1", n_estimators=300, learning_rate=0.05, num_leaves=31, n_jobs=THREADS, verbosity=-1
    )
    model.fit(features[used], both.loc[used, asked.target])
    return pd.DataFrame({POINT: np.maximum(model.predict(features[~seen]), 0)})


def lightgbm_recursive(asked: Protocol, origin: Origin) -> pd.DataFrame:
    """mlforecast: LightGBM on lags, fed with its own forecasts; time is counted in rows, for the clock has gaps."""
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    both = _counted(asked, origin)
    ahead = ["weekday", "minute", *asked.covariates]
    history, future = both.iloc[: -len(origin.future)], both.iloc[-len(origin.future) :]
    seasons = _seasons(asked)
    # The M4 series are of all sizes, so one model for all needs them on one scale.
    transforms = [Differences([asked.season]), LocalStandardScaler()] if asked.name == "m4_hourly" else None
    forecaster = MLForecast(
        LGBMRegressor(n_estimators=300, learning_rate=0.05, n_jobs=THREADS, verbosity=-1),
        freq=1,
        lags=sorted({1, 2, 3, *seasons, 2 * seasons[-1]}) if asked.slots > 1 else [1, 2, 7, 14, 21, 28],
        target_transforms=transforms,
        num_threads=1,
    )
    forecaster.fit(history[["unique_id", "ds", "y", *ahead]], static_features=[])
    lengths = future.groupby("unique_id").size()
    answer = forecaster.predict(int(lengths.max()), X_df=future[["unique_id", "ds", *ahead]])
    answer = future[["unique_id", "ds"]].merge(answer, on=["unique_id", "ds"], how="left")
    return pd.DataFrame({POINT: answer["LGBMRegressor"].to_numpy()})


def _counted(asked: Protocol, origin: Origin) -> pd.DataFrame:
    """History then future in the peers' names, with the number of the row as its time."""
    both = pd.concat([_mended(asked, origin.history), origin.future], ignore_index=True)
    made = pd.DataFrame(
        {
            "unique_id": both[asked.key],
            "ds": both.groupby(asked.key).cumcount(),
            "y": both[asked.target].astype(float),
            "weekday": both[asked.time].dt.dayofweek,
            "minute": _minute(both[asked.time]),
        }
    )
    return pd.concat([made, both[list(asked.covariates)]], axis=1)


def _mended(asked: Protocol, history: pd.DataFrame) -> pd.DataFrame:
    """Fill days without rows with the values of a week before, for a peer that counts rows loses its weekdays else."""
    days = history[asked.time].drop_duplicates().sort_values()
    gaps = pd.date_range(days.iloc[0], days.iloc[-1]).difference(days) if asked.freq == "D" else []
    if len(gaps) == 0:
        return history
    before = history[history[asked.time].isin(gaps - pd.Timedelta(days=7))]
    filled = before.assign(**{asked.time: before[asked.time] + pd.Timedelta(days=7)})
    return pd.concat([history, filled]).sort_values([asked.key, asked.time], ignore_index=True)


def stats(asked: Protocol, origin: Origin, *, model: str) -> pd.DataFrame:
    """Forecast by one of statsforecast's models; a step at a time it is fitted once and told the actual values."""
    from statsforecast import StatsForecast

    both = _counted(asked, origin)[["unique_id", "ds", "y"]]
    history = both.iloc[: -len(origin.future)]
    forecaster = StatsForecast([_stats_model(asked, model)], freq=1, n_jobs=1)
    if asked.step is not None:
        answer = forecaster.cross_validation(
            asked.step, both, step_size=asked.step, test_size=len(origin.future), refit=False, level=[LEVEL]
        )
    else:
        answer = forecaster.forecast(int(origin.future.groupby(asked.key).size().max()), history, level=[LEVEL])
    rows = both.iloc[-len(origin.future) :][["unique_id", "ds"]].merge(answer, on=["unique_id", "ds"], how="left")
    made = rows[[model, f"{model}-lo-{LEVEL}", f"{model}-hi-{LEVEL}"]].set_axis([POINT, LOW, HIGH], axis=1)
    return made.clip(lower=0)


def _seasons(asked: Protocol) -> list[int]:
    """Lengths of the day and the week, in rows."""
    return [24, 168] if asked.name == "m4_hourly" else sorted({asked.slots, asked.season} - {1})


def _stats_model(asked: Protocol, name: str) -> object:
    from statsforecast import models

    if name == "MSTL":
        return models.MSTL(season_length=_seasons(asked), trend_forecaster=models.AutoETS(model="ZZN"))
    return getattr(models, name)(season_length=asked.season)


def prophet(asked: Protocol, origin: Origin) -> pd.DataFrame:
    """Prophet with the country's holidays, and the covariates as regressors."""
    return _each(asked, origin, partial(_prophet, asked))


def _prophet(asked: Protocol, past: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    from prophet import Prophet

    off = None if asked.country is None else _holidays(asked, past[asked.time])
    model = Prophet(interval_width=LEVEL / 100, holidays=off)
    for name in asked.covariates:
        model.add_regressor(name)
    names = {asked.time: "ds", asked.target: "y"}
    model.fit(past.dropna().rename(columns=names)[["ds", "y", *asked.covariates]])
    answer = model.predict(rows.rename(columns=names)[["ds", *asked.covariates]])
    return answer[["yhat", "yhat_lower", "yhat_upper"]].clip(lower=0).set_axis([POINT, LOW, HIGH], axis=1)


def mint(asked: Protocol, origin: Origin) -> pd.DataFrame:
    """AutoETS of every series and of their total, made to add up by hierarchicalforecast's MinTrace."""
    from hierarchicalforecast.core import HierarchicalReconciliation
    from hierarchicalforecast.methods import MinTrace
    from hierarchicalforecast.utils import aggregate
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    names = {asked.key: "series", asked.time: "ds", asked.target: "y"}
    long = _mended(asked, origin.history).rename(columns=names).assign(total="all")
    summed, matrix, tags = aggregate(long[["total", "series", "ds", "y"]], [["total"], ["total", "series"]])
    days = np.sort(origin.future[asked.time].unique())
    summed["ds"] = (summed["ds"] - summed["ds"].min()).dt.days
    forecaster = StatsForecast([AutoETS(season_length=asked.season)], freq=1, n_jobs=1)
    base = forecaster.forecast(len(days), summed, fitted=True)
    fitted = forecaster.forecast_fitted_values()
    joined = HierarchicalReconciliation([MinTrace("mint_shrink")]).reconcile(
        Y_hat_df=base, Y_df=fitted, S_df=matrix, tags=tags
    )
    column = next(name for name in joined if name.startswith("AutoETS/"))
    joined = joined[joined["unique_id"].isin(tags["total/series"])]
    first = int(summed["ds"].max()) + 1
    made = pd.DataFrame(
        {
            asked.key: joined["unique_id"].str.removeprefix("all/"),
            asked.time: days[joined["ds"].to_numpy() - first],
            POINT: joined[column].clip(lower=0),
        }
    )
    return _in_order(asked, origin, made)


def linear(asked: Protocol, origin: Origin) -> pd.DataFrame:
    """Least squares on weekday, month and holidays, and the values of the last days."""
    from sklearn.linear_model import LinearRegression

    both = pd.concat([origin.history, origin.future], ignore_index=True)
    features = calendar(asked, both).drop(columns=["series", "minute"])
    features = pd.get_dummies(features, columns=["weekday", "month"], dtype=float)
    for lag in (1, 2, 7, 14):
        features[f"lag {lag}"] = both[asked.target].shift(lag)
    seen = np.arange(len(both)) < len(origin.history)
    used = seen & features.notna().all(axis=1).to_numpy()
    model = LinearRegression().fit(features[used], both.loc[used, asked.target])
    return pd.DataFrame({POINT: model.predict(features[~seen])})


NAIVE, MEAN = "weekly naive", "mean of the last 6 same weekdays"
DIRECT, RECURSIVE = "LightGBM (L1), calendar and weekly lags", "mlforecast LightGBM"
BASELINES: dict[str, Way] = {NAIVE: partial(by_moment, rows=1), MEAN: partial(by_moment, rows=6)}
TREES: dict[str, Way] = {DIRECT: lightgbm_direct, RECURSIVE: lightgbm_recursive}
ETS: dict[str, Way] = {"AutoETS": partial(stats, model="AutoETS")}
THETA: dict[str, Way] = {"Theta": partial(stats, model="DynamicOptimizedTheta")}
MSTL: dict[str, Way] = {"MSTL + ETS": partial(stats, model="MSTL")}
PROPHET: dict[str, Way] = {"Prophet, holidays": prophet}

PEERS: dict[str, dict[str, Way]] = {
    "bank_calls_5min": BASELINES | TREES | MSTL | PROPHET,
    "calls_reservations_daily": BASELINES | TREES | ETS | THETA | PROPHET,
    "boston_channel": BASELINES | TREES | ETS | THETA | PROPHET,
    "boston_reason": BASELINES | TREES | ETS | {"AutoETS, MinTrace": mint} | PROPHET,
    "technion_6min": BASELINES | TREES | MSTL | PROPHET,
    "m4_hourly": {"seasonal naive": last_rows, RECURSIVE: lightgbm_recursive} | THETA | MSTL,
    "nypd_daily": BASELINES | {DIRECT: lightgbm_direct, "linear regression": linear} | ETS,
}
#: Ways that take a minute or more on a set.
SLOW = {("bank_calls_5min", "MSTL + ETS"), ("technion_6min", "MSTL + ETS")}
SLOW |= {(name, "Prophet, holidays") for name in ("bank_calls_5min", "technion_6min", "boston_reason")}
SLOW |= {("m4_hourly", "MSTL + ETS")}


def measure(asked: Protocol, name: str, way: Way) -> dict[str, object]:
    """Forecast every origin, and judge all rows together."""
    print(f"{asked.name}: {name} ...", file=sys.stderr, flush=True)
    parts, seconds, scaled, symmetric = [], [], [], []
    for origin in asked.origins:
        start = time.perf_counter()
        answer = way(asked, origin)
        seconds.append(time.perf_counter() - start)
        rows = pd.concat([origin.future.reset_index(drop=True), answer.reset_index(drop=True)], axis=1)
        past = origin.history.groupby(asked.key)[asked.target]
        scale = past.agg(lambda values: seasonal_scale(values, asked.season))
        for key, one in rows.groupby(asked.key):
            scaled.append(mase(one[asked.target], one[POINT], scale=scale[key]))
            symmetric.append(smape(one[asked.target], one[POINT]))
        parts.append(rows)
    rows = pd.concat(parts, ignore_index=True)
    actual, said = rows[asked.target], rows[POINT]
    figures = {"wape": wape(actual, said), "mase": np.mean(scaled), "bias": bias(actual, said)}
    if asked.name == "m4_hourly":
        figures = {"smape": np.mean(symmetric), "mase": np.mean(scaled)}
    if asked.name == "nypd_daily":
        figures["mape"] = mape(actual, said)
    if LOW in rows:
        figures["cover"] = coverage(actual, rows[LOW], rows[HIGH])
        if asked.slots > 1 and asked.name != "m4_hourly":
            hours = rows.groupby(rows[asked.time].dt.hour)
            found = [coverage(one[asked.target], one[LOW], one[HIGH]) for _, one in hours]
            figures["hours"] = f"{min(found):.2f}-{max(found):.2f}"
    return row(name, figures | {"seconds": np.mean(seconds)})


def row(name: str, figures: dict[str, object]) -> dict[str, object]:
    """Write a line of the table."""
    digits = {
        "wape": ".4f",
        "mase": ".3f",
        "bias": "+.3f",
        "smape": ".4f",
        "mape": ".4f",
        "cover": ".3f",
        "seconds": ".1f",
    }
    return {
        "model": name,
        **{key: value if isinstance(value, str) else format(value, digits[key]) for key, value in figures.items()},
    }


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "sets", nargs="*", metavar="set", help=f"of {', '.join([*TESTS, *DEVELOPMENT])}; default: all tests"
    )
    parser.add_argument("--quick", action="store_true", help="leave out the peers that take minutes")
    parser.add_argument("--only", default="", help="only ways whose name holds this, such as cxml or LightGBM")
    parser.add_argument("--skip", default=None, help="leave out ways whose name holds this")
    parser.add_argument("--method", default=None, help="the method cxml is told to use; default: its own choice")
    parser.add_argument("--development", action="store_true", help="origins before the test period")
    asked = parser.parse_args(words)
    unknown = set(asked.sets) - set(TESTS) - set(DEVELOPMENT)
    if unknown:
        parser.error(f"no such set: {', '.join(sorted(unknown))}. There are {', '.join([*TESTS, *DEVELOPMENT])}.")
    return asked


def main() -> None:
    """Print one table a set."""
    asked = arguments()
    for name in asked.sets or TESTS:
        held = (development if asked.development else protocol)(name)
        ways: dict[str, Way] = {"cxml": partial(cxml_forecast, method=asked.method)}
        ways |= PEERS.get(name, BASELINES | TREES | PROPHET)
        rows = [
            measure(held, way, run)
            for way, run in ways.items()
            if asked.only in way
            and not (asked.skip and asked.skip in way)
            and not (asked.quick and (name, way) in SLOW)
        ]
        quoted = {} if asked.development else QUOTED.get(name, {})
        rows += [row(each, figures) for each, figures in quoted.items()]
        origins = len(held.origins) if held.step is None else len(held.origins[0].future)
        place = "development, " if asked.development else ""
        table(rows, f"{name}: {place}{origins} origins, {held.horizon:,} periods ahead")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for noisy in ("prophet", "cmdstanpy"):
        logging.getLogger(noisy).disabled = True
    main()

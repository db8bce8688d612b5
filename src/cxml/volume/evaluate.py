"""Judge volume models by what they forecast from origins in the past."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Judgement, Metric
from cxml.errors import FrameError
from cxml.frames import hash_rows
from cxml.metrics import bias, coverage, crps, standard_error, wape
from cxml.timeseries.panel import read_times
from cxml.volume.config import VolumeConfig, read_horizon
from cxml.volume.forecaster import CONTACTS, AutoVolume
from cxml.volume.history import rows_ahead, series_of
from cxml.volume.learning import Backtest, learn_spread
from cxml.volume.spread import ends_of
from cxml.volume.windows import ROWS_TO_JUDGE, known_before

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "mae"
#: Levels of the intervals that are judged, percent.
LEVELS = (50, 80, 90)
#: Lead times of which the WAPE is logged by name; all are in the table.
_NAMED_LEADS = (1, 2, 7, 14, 28)


def judged_origins(backtest: Backtest, wanted: int) -> np.ndarray:
    """Origins whose rows do not overlap, and before which enough was known to choose by: the last ones.

    Parameters
    ----------
    backtest : Backtest
    wanted : int >= 1
        How many; more of them where so many look ahead for fewer rows than `ROWS_TO_JUDGE`. Closed days do not count.

    Returns
    -------
    array of int
        Places among the origins, rising.
    """
    window = backtest.window
    found = np.arange(len(window.rows) - 1, window.first_judged - 1, -window.lag)
    periods = (~np.isnan(backtest.actual[found])).any(axis=1).sum(axis=(1, 2))
    rows = np.minimum(periods, window.horizon)  # hours of one day stand or fall together
    enough = int(np.searchsorted(np.cumsum(rows), ROWS_TO_JUDGE)) + 1
    return np.sort(found[: max(wanted, enough)])


def answers_of(model: AutoVolume, backtest: Backtest, origins: np.ndarray) -> dict[str, pd.DataFrame]:
    """What the model and the baselines forecast from these origins, and what came.

    Returns
    -------
    dict of method -> DataFrame
        ``row`` (hash of key and time), ``group`` (the day, all series and slots of which stand or fall together), key,
        time, ``as_of`` (the first period that was not known), ``ahead`` (rows), ``y``, ``contacts``, the intervals of
        `LEVELS`, and ``loss``, the absolute error.
    """
    methods = {model.method: backtest.forecasts["blend"]}
    methods |= {name: told for name, told in backtest.forecasts.items() if name not in ("blend", model.method)}
    judged = np.all([np.isfinite(told) for told in methods.values()], axis=0) & ~np.isnan(backtest.actual)
    found = {name: _answer(model, backtest, told, origins, judged) for name, told in methods.items()}
    own = model.method
    baselines = sorted((name for name in found if name != own), key=lambda name: float(found[name]["loss"].mean()))
    return {name: found[name] for name in (own, *baselines)}


def _answer(
    model: AutoVolume, backtest: Backtest, forecasts: np.ndarray, origins: np.ndarray, judged: np.ndarray
) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for k in origins:
        spread = learn_spread(backtest, forecasts, known_before(int(k), backtest.window.lag))
        asked = forecasts[k : k + 1], backtest.phases[k : k + 1]
        columns = {CONTACTS: model.sums(spread.point(*asked, model.point))}
        columns |= {f"{CONTACTS}-{end}": values for end, values in spread.intervals(*asked, LEVELS).items()}
        parts.append(_lines(model, backtest, int(k), columns, judged[k]))
    return pd.concat(parts, ignore_index=True)


def _lines(
    model: AutoVolume, backtest: Backtest, k: int, columns: Mapping[str, np.ndarray], judged: np.ndarray
) -> pd.DataFrame:
    actual = backtest.actual[k]
    s, h, m = np.nonzero(judged)
    rows = backtest.window.rows[k][s]
    clock, first = model.panel.clock, model.panel.first
    keys = np.array(model.panel.keys, dtype=object)[s]
    times = clock.times(first + rows + h, m)
    as_of = clock.times(first + rows, backtest.window.slots[k][s])
    lines = rows_named(model.config, keys, times)
    lines["as_of"], lines["ahead"], lines["y"] = as_of, h + 1, actual[s, h, m]
    for name, values in columns.items():
        lines[name] = values[0][s, h, m]
    lines["loss"] = np.abs(lines["y"] - lines[CONTACTS])
    return lines


def rows_named(config: VolumeConfig, keys: np.ndarray, times: pd.DatetimeIndex) -> pd.DataFrame:
    """Name rows by series, time and horizon: two runs that were asked the same from as far are compared on it."""
    import pandas as pd

    wall = times.tz_localize(None) if times.tz is not None else times
    plain = pd.DataFrame({"key": keys.astype(str), "time": wall, "horizon": str(config.horizon)})
    lines = pd.DataFrame({"row": hash_rows(plain), "group": hash_rows(pd.DataFrame({"day": wall.normalize()}))})
    if config.key is not None:
        lines[config.key] = keys
    lines[config.time] = times
    return lines


def answer(models: Mapping[str, Any], frame: pd.DataFrame, config: VolumeConfig) -> dict[str, pd.DataFrame]:
    """What models forecast for rows of which it is known what came, from origins that roll on by the horizon.

    At each origin a model knows what it learned from and, by its `update`, the rows of `frame` before the origin, so
    that a model that was trained earlier is not judged by its age.

    Parameters
    ----------
    models : mapping of name to fitted model
    frame : DataFrame
        Rows with the target; those that lie in the history of any model are not asked about.
    config : VolumeConfig

    Returns
    -------
    dict of name -> DataFrame, as `answers_of` gives them, without the rows of which it is not known what came

    Raises
    ------
    FrameError
        If no row lies after the histories of all models.
    """
    import pandas as pd

    numbers, later = _ahead(models, frame, config)
    asked = np.all(list(later.values()), axis=0)
    if not asked.any():
        raise FrameError(
            f"Models of volume are judged on rows after the histories of both - none of {len(frame):,} rows is. "
            "Give the table up to now."
        )
    # Contacts below zero are unknown ones.
    frame = frame.assign(**{config.target: frame[config.target].where(frame[config.target] >= 0)})
    since = int(numbers[asked].min())
    first: AutoVolume = next(iter(models.values()))
    length = rows_ahead(first.panel, read_horizon(config.horizon))
    found: dict[str, pd.DataFrame] = {}
    for name, model in models.items():
        rolling, parts = copy(model), []
        for origin in range(since, int(numbers.max()) + 1, length):
            now = asked & (numbers >= origin) & (numbers < origin + length)
            came = later[name] & (numbers < origin)
            if came.any():
                rolling.update(frame[came])
            if now.any():
                parts.append(_told(rolling, frame[now], config))
        lines = pd.concat(parts, ignore_index=True)
        found[name] = lines[lines["y"].notna()].reset_index(drop=True)
    return found


def _ahead(
    models: Mapping[str, Any], frame: pd.DataFrame, config: VolumeConfig
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The number of each row on the clock, and by model which rows lie after its history."""
    times = read_times(frame[config.time], name=config.time)
    numbers: np.ndarray = np.zeros(len(frame), dtype=np.int64)
    ahead = {}
    for name, model in models.items():
        panel = model.panel
        numbers, slots = panel.clock.place(times, name=config.time)
        ends = panel.ends[series_of(frame, config.key, panel.keys)]
        ahead[name] = (numbers - panel.first) * panel.y.shape[2] + slots >= ends
    return numbers, ahead


def _told(model: AutoVolume, frame: pd.DataFrame, config: VolumeConfig) -> pd.DataFrame:
    told = model.forecast(frame.drop(columns=config.target), levels=LEVELS)
    times = read_times(frame[config.time], name=config.time)
    keys = frame[config.key].to_numpy(dtype=object) if config.key is not None else np.full(len(frame), "", dtype=object)
    lines = rows_named(config, keys, times)
    lines["y"] = frame[config.target].to_numpy(dtype=float)
    for column in told.columns:
        if column.startswith(CONTACTS):
            lines[column] = told[column].to_numpy()
    lines["loss"] = np.abs(lines["y"] - lines[CONTACTS])
    return lines


def judge(answers: Mapping[str, pd.DataFrame], config: Any) -> dict[str, Judgement]:  # noqa: ARG001 - the form
    """Figures of forecasts, from their rows alone.

    Parameters
    ----------
    answers : mapping of name to DataFrame
        As `answers_of` gives them.
    config : VolumeConfig

    Returns
    -------
    dict of name -> Judgement
        Headline ``mae``, contacts per period: like the other errors with a 95 % interval that takes whole days
        together. ``wape`` (summed absolute error over summed contacts), ``bias`` (summed error over summed contacts),
        ``relative_mae`` (the error over that of the seasonal naive forecast of the same rows), ``crps``,
        ``coverage_90``, ``width_90`` (mean width over mean contacts), and ``wape_ahead_<n>``.
    """
    naive = answers.get("seasonal_naive")
    found = {}
    for name, lines in answers.items():
        y, told = lines["y"].to_numpy(), lines[CONTACTS].to_numpy()
        loss = lines["loss"].to_numpy()
        mean, error = float(loss.mean()), 1.96 * standard_error(loss, lines["group"].to_numpy())
        metrics = [Metric(HEADLINE, mean, max(0.0, mean - error), mean + error)]
        if y.sum() > 0:
            metrics.append(Metric("wape", wape(y, told), *_ratio_interval(loss, y, lines["group"].to_numpy())))
            metrics.append(Metric("bias", bias(y, told), *_ratio_interval(told - y, y, lines["group"].to_numpy())))
        if naive is not None and float(naive["loss"].mean()) > 0:
            metrics.append(Metric("relative_mae", mean / float(naive["loss"].mean())))
        metrics += _of_intervals(lines, y)
        if "ahead" in lines:
            metrics += _by_lead(lines)
        found[name] = Judgement(HEADLINE, metrics)
    return found


def _ratio_interval(part: np.ndarray, whole: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """95 % interval of a ratio of sums, by linearisation over groups (Cochran 1977, Sampling Techniques, ch. 6)."""
    ratio = part.sum() / whole.sum()
    error = 1.96 * standard_error((part - ratio * whole) / whole.mean(), groups)
    return float(ratio - error), float(ratio + error)


def _of_intervals(lines: pd.DataFrame, y: np.ndarray) -> list[Metric]:
    ends = sorted((share, end) for level in LEVELS for end, share in ends_of(level))
    table = np.stack([lines[f"{CONTACTS}-{end}"].to_numpy() for _, end in ends], axis=1)
    low, high = (lines[f"{CONTACTS}-{side}-90"].to_numpy() for side in ("lo", "hi"))
    metrics = [
        Metric("crps", crps(y, table, quantiles=np.array([share for share, _ in ends]))),
        Metric("coverage_90", coverage(y, low, high)),
    ]
    return [*metrics, Metric("width_90", float((high - low).mean() / y.mean()))] if y.mean() > 0 else metrics


def _by_lead(lines: pd.DataFrame) -> list[Metric]:
    table = lead_table(lines)
    found = zip(table.index.tolist(), table["wape"].tolist(), strict=True)
    return [
        Metric(f"wape_ahead_{ahead:02d}", error)
        for ahead, error in found
        if ahead in _NAMED_LEADS and np.isfinite(error)
    ]


def lead_table(lines: pd.DataFrame) -> pd.DataFrame:
    """Accuracy by how far ahead it was: ``wape``, ``bias``, ``coverage_90``, ``rows``; the index is ``ahead``."""
    import pandas as pd

    inside = (lines["y"] >= lines[f"{CONTACTS}-lo-90"]) & (lines["y"] <= lines[f"{CONTACTS}-hi-90"])
    of = lines.assign(inside=inside, error=lines[CONTACTS] - lines["y"]).groupby("ahead")
    sums = of[["loss", "error", "y"]].sum()
    volume = sums["y"].where(sums["y"] > 0)
    return pd.DataFrame(
        {
            "wape": sums["loss"] / volume,
            "bias": sums["error"] / volume,
            "coverage_90": of["inside"].mean(),
            "rows": of.size(),
        }
    )


def hour_table(lines: pd.DataFrame, time: str) -> pd.DataFrame:
    """Coverage of the 90 % interval, and its width, by hour of the day."""
    hours = lines[time].dt.hour.rename("hour")
    low, high = lines[f"{CONTACTS}-lo-90"], lines[f"{CONTACTS}-hi-90"]
    inside = (lines["y"] >= low) & (lines["y"] <= high)
    return lines.assign(coverage_90=inside, width_90=high - low).groupby(hours)[["coverage_90", "width_90"]].mean()

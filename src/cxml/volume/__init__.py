"""How many contacts will come, and how many agents they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cxml.errors import FrameError
from cxml.volume.config import VolumeConfig
from cxml.volume.staffing import Service, daily_staffing, outcome, required_agents, staff

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

__all__ = [
    "Service",
    "VolumeConfig",
    "accuracy",
    "daily_staffing",
    "outcome",
    "predict",
    "required_agents",
    "sample_paths",
    "staff",
    "train",
]


def train(
    frame: Any,
    *,
    horizon: int | str,
    method: str = "auto",
    refit: bool = True,
    track: bool = True,
    nested: bool = False,
    pictures: bool = True,
    **settings: Any,
) -> Trained:
    """Learn to forecast contacts, judge it from origins in the past, and record it in MLflow.

    Parameters
    ----------
    frame : DataFrame
        pandas, polars or anything that speaks Arrow: one row per series and period, with the columns ``unique_id``,
        ``ds``, ``y`` or those named by ``key=``, ``time=``, ``target=``. Periods of 1 minute to a month, all as long.
        Further columns of numbers are covariates that will be known ahead. Periods in which the centre is closed have
        no row.
    horizon : int or str
        How far to look ahead: open periods of each series, or a span such as ``"14D"``.
    method : {"auto", "profile", "boosted", "weekday_mean", "seasonal_naive"}, default="auto"
        ``"auto"`` blends ``profile`` (level of the day times its shape) and ``boosted`` (trees) by how each forecast
        the past, and gives way to a baseline at lead times at which it does not beat it.
    refit : bool, default=True
        Both values give the same model: each origin was judged by what was known before it, and the model learns from
        all rows.
    track : bool, default=True
        Record in MLflow, in the experiment ``cxml/volume``, the baselines as runs of their own.
    nested : bool, default=False
        Record inside the MLflow run that is open.
    pictures : bool, default=True
        Draw pictures for MLflow.
    **settings
        Further settings, see `VolumeConfig`: ``country=``, ``events=``, ``covariates=``, ``groups=``, ``gaps=``, ...

    Returns
    -------
    Trained
        ``.metrics`` and ``.table()`` hold the verdict beside the baselines, ``.notes`` what was found, ``.future()``
        the rows to be filled, ``.update(rows)`` takes in what came since.

    Raises
    ------
    FrameError
        If the history cannot be learned from. Nothing was started then.
    ConfigError
        If a setting is unknown or outside its range.
    TrackingError
        If an MLflow run is open and `nested` is False; or if MLflow failed, then the message says where the trained
        model is kept.

    Examples
    --------
    >>> from cxml.datasets import make_contacts
    >>> contacts = make_contacts(120, 1, freq="D", seed=1)
    >>> model = train(contacts.frame, horizon=14, country="KR", method="profile", track=False)
    >>> model.metrics["holdout_wape"] < model.metrics["baseline_wape"]
    True
    >>> train(contacts.frame, horizon=140, country="KR", track=False)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: A history must hold two seasons and the horizon after them, 14 + 196 days - the longest \
series holds 119. Give a longer history, or forecast at most 105 days ahead.
    """
    from cxml import registry, training
    from cxml.contract import build_config
    from cxml.volume.family import FAMILY

    kind = registry.model_class(f"volume/{method}")
    config = build_config(kind.Config, {"horizon": horizon, **settings})
    return training.train(FAMILY, kind(config), frame, refit=refit, track=track, nested=nested, pictures=pictures)


def predict(
    model: Any,
    frame: Any = None,
    *,
    levels: float | Sequence[float] = (90,),
    point: str | None = None,
    as_of: bool = False,
) -> pd.DataFrame:
    """Forecast contacts with intervals.

    Parameters
    ----------
    model : Trained, folder or URI
        What `train` returned, a folder, ``models:/volume@champion``, ``runs:/<run id>/model``.
    frame : DataFrame, optional
        Rows to fill, as ``model.future()`` gives them, with their covariates. By default all of them.
    levels : float or sequence of float in (0, 100), percent, default=(90,)
        Of the intervals. Nothing is known of what is rarer than one in a thousand on either side: above 99.8 they get
        no wider.
    point : {"mean", "median"}, optional
        What ``contacts`` is; by default what the model was trained with.
    as_of : bool, default=False
        Adds ``as_of``, the first period of each series that was not known: keep such answers, and `accuracy` tells
        later how good they were at each lead time.

    Returns
    -------
    DataFrame
        One row per row of `frame`, in its order and with its index: key, time, ``contacts``, and for each level
        ``contacts-lo-<level>`` and ``contacts-hi-<level>``: whole numbers where the history holds whole numbers, never
        negative. Events that lie ahead and never occurred are named in ``.attrs["unseen_events"]``.

    Raises
    ------
    FrameError
        If rows lie in the past or beyond the horizon, are of a series never learned, or a covariate is missing.
    ConfigError
        If a level is outside its range.
    ModelFolderError
        If there is no such model.

    Examples
    --------
    >>> from cxml.datasets import make_contacts
    >>> contacts = make_contacts(120, 1, freq="D", seed=1)
    >>> model = train(contacts.frame, horizon=7, country="KR", method="profile", track=False)
    >>> list(predict(model, levels=[80]).columns)
    ['unique_id', 'ds', 'contacts', 'contacts-lo-80', 'contacts-hi-80']
    >>> predict(model, contacts.frame.tail(1))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Rows to forecast must lie after the history - 1 of 1 do not, such as 2024-04-29 00:00:00. \
Take the rows of model.future().
    """
    trained, rows = _use(model, frame)
    own: Any = trained.model
    wanted: list[Any] = list(levels) if isinstance(levels, Iterable) and not isinstance(levels, str) else [levels]
    rows = own.future() if rows is None and not own.panel.covariates else rows
    answer: pd.DataFrame = own.forecast(rows, levels=wanted, point=point)
    if as_of:
        answer["as_of"] = own.as_of(answer)
    answer.attrs["unseen_events"] = own.unseen_events(answer)
    return answer


def sample_paths(model: Any, frame: Any = None, *, n: int = 100, seed: int | None = None) -> pd.DataFrame:
    """Draw courses that the contacts may take, for totals of a week, peaks, and whatever is no single period.

    Parameters
    ----------
    model : Trained, folder or URI
    frame : DataFrame, optional
        Rows to fill, as for `predict`.
    n : int >= 1, default=100
        How many.
    seed : int, optional
        The same seed draws the same paths.

    Returns
    -------
    DataFrame
        One row per row of `frame`: key, time, ``path-1`` to ``path-<n>``, whole numbers where the history holds them.

    Raises
    ------
    FrameError, ConfigError, ModelFolderError
        As for `predict`.

    Examples
    --------
    >>> from cxml.datasets import make_contacts
    >>> model = train(make_contacts(120, 1, freq="D", seed=1).frame, horizon=7, method="profile", track=False)
    >>> paths = sample_paths(model, n=200, seed=1).filter(like="path-")
    >>> bool(paths.sum().quantile(0.9) > paths.sum().median())
    True
    """
    trained, rows = _use(model, frame)
    own: Any = trained.model
    found: pd.DataFrame = own.paths(rows, n=n, seed=seed)
    return found


def accuracy(
    forecasts: pd.DataFrame, actual: pd.DataFrame, *, key: str = "unique_id", time: str = "ds", target: str = "y"
) -> pd.DataFrame:
    """Compare forecasts that were kept with what came, by how far ahead they were made.

    Parameters
    ----------
    forecasts : DataFrame
        Answers of ``predict(..., as_of=True)``, any number of them one after the other, with 90 % intervals.
    actual : DataFrame
        With `time`, `target` and, where the forecasts have it, `key`.
    key, time, target : str
        Names of the columns.

    Returns
    -------
    DataFrame, index ``ahead``: whole days from the moment of the forecast, from 1
        ``wape``, ``bias``, ``coverage_90``, ``rows``.

    Raises
    ------
    FrameError
        If a column is missing, or no period is in both.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2026-01-05", "2026-01-06"])
    >>> kept = pd.DataFrame({"ds": days, "contacts": [90.0, 120.0], "contacts-lo-90": [70, 90],
    ...                      "contacts-hi-90": [110, 140], "as_of": days[[0, 0]]})
    >>> accuracy(kept, pd.DataFrame({"ds": days, "y": [100, 100]}))["wape"].tolist()
    [0.1, 0.2]
    >>> accuracy(kept.drop(columns="as_of"), pd.DataFrame({"ds": days, "y": [100, 100]}))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Accuracy by lead time needs the column 'as_of' - the data has 4 columns and not this one. \
Forecast with predict(..., as_of=True).
    """
    from cxml.frames import check_columns
    from cxml.volume.evaluate import lead_table
    from cxml.volume.forecaster import CONTACTS

    named = [time, "as_of", CONTACTS, f"{CONTACTS}-lo-90", f"{CONTACTS}-hi-90"]
    check_columns(
        forecasts.columns, named, what="Accuracy by lead time", advice="Forecast with predict(..., as_of=True)."
    )
    by = [name for name in (key, time) if name in forecasts.columns]
    check_columns(actual.columns, [*by, target], what="Accuracy by lead time", advice="Name the columns.")
    both = _comparable(forecasts.drop(columns="y", errors="ignore"), key, time).merge(
        _comparable(actual, key, time)[[*by, target]].rename(columns={target: "y"}), on=by
    )
    if both.empty:
        raise FrameError("Forecasts and what came must share periods - they share none. Check key and time.")
    both["ahead"] = (both[time].dt.normalize() - both["as_of"].dt.normalize()).dt.days + 1
    both["loss"] = (both["y"] - both[CONTACTS]).abs()
    return lead_table(both)


def _comparable(frame: pd.DataFrame, key: str, time: str) -> pd.DataFrame:
    """Keys as text and times as times, so that two frames join."""
    from cxml.timeseries.panel import read_times

    found = frame.assign(**{time: read_times(frame[time], name=time)})
    return found.assign(**{key: found[key].astype(str)}) if key in found else found


def _use(model: Any, frame: Any) -> tuple[Trained, pd.DataFrame | None]:
    from cxml import tracking
    from cxml.training import use

    if frame is not None:
        return use(model, frame, family="volume")
    trained = tracking.load(model)
    if trained.family != "volume":
        raise FrameError(
            f"volume.predict needs a model of its family - got {trained.name!r}. Use cxml.{trained.family}.predict."
        )
    return trained, None

"""Which service metric left its normal course, how badly, and where it comes from."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from cxml.anomaly.alarms.alarms import Alarms
from cxml.anomaly.alarms.notify import Notifier
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.segments.alert import explain_alert
from cxml.anomaly.segments.answer import RootCauses
from cxml.anomaly.segments.changes import compare_periods, explain_change
from cxml.errors import ConfigError, FrameError

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

__all__ = [
    "Alarms",
    "AnomalyConfig",
    "Notifier",
    "RootCauses",
    "alerts",
    "compare_periods",
    "detect",
    "explain_alert",
    "explain_change",
    "feedback",
    "listen",
    "mute",
    "predict",
    "silent",
    "train",
]


def train(
    frame: Any,
    *,
    method: str = "residual",
    refit: bool = True,
    track: bool = True,
    nested: bool = False,
    pictures: bool = True,
    **settings: Any,
) -> Trained:
    """Learn the normal course of metrics, judge the alarms on the later part of the history, and record it in MLflow.

    Parameters
    ----------
    frame : DataFrame
        pandas, polars or anything that speaks Arrow: one row per series and moment, with the columns ``unique_id``,
        ``ds``, ``y`` or those named by ``key=``, ``time=``, ``target=``; regular or not, in any order. A missing value
        is news, and so is a row that does not come.
    method : {"residual", "robust_z", "forest"}, default="residual"
        ``"residual"`` follows each series by level, seasons and calendar, and scores what is left. ``"robust_z"``,
        seasonal median and MAD, is the baseline. ``"forest"`` is an isolation forest over the last values, the time and
        further ``columns=``, and takes tables without time too.
    refit : bool, default=True
        Follow the whole history for the model returned. False returns the judged fit, which has followed the first part
        alone.
    track : bool, default=True
        Record in MLflow, in the experiment ``cxml/anomaly``, the baselines as runs of their own.
    nested : bool, default=False
        Record inside the MLflow run that is open.
    pictures : bool, default=True
        Draw pictures for MLflow.
    **settings
        Further settings, see `AnomalyConfig`: ``budget=``, ``label=``, ``denominator=``, ``country=``, ``events=``, ...

    Returns
    -------
    Trained
        ``.metrics`` and ``.table()`` hold the verdict beside the baselines, ``.notes`` what was found,
        ``.update(rows)`` scores what comes and learns from it: a DataFrame, or a record in some microseconds.

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
    >>> from cxml.datasets import make_metrics
    >>> metrics = make_metrics(2, days=28, seed=1).frame
    >>> model = train(metrics, denominator="trials", method="robust_z", track=False)
    >>> record = {"unique_id": metrics["unique_id"].iloc[0], "ds": "2099-01-01", "y": 5, "trials": None}
    >>> model.update(record)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: A row must come within 366 days of the one before it - 'ds' of ... jumps from ...
    """
    from cxml import registry, training
    from cxml.anomaly.family import FAMILY
    from cxml.contract import build_config

    kind = registry.model_class(f"anomaly/{method}")
    config = build_config(kind.Config, settings)
    return training.train(FAMILY, kind(config), frame, refit=refit, track=track, nested=nested, pictures=pictures)


def predict(model: Any, frame: Any) -> pd.DataFrame:
    """Score rows that come after the history; the model stays as it is.

    Parameters
    ----------
    model : Trained, folder or URI
        What `train` returned, a folder, ``models:/anomaly@champion``, ``runs:/<run id>/model``.
    frame : DataFrame
        Rows like the history's, later than it.

    Returns
    -------
    DataFrame
        One row per row of `frame`, in its order and with its index: key, time, target, denominator; ``expected``, and
        ``lower`` and ``upper`` of the band that holds 99 of 100 values; ``score``, ``-log10`` of the probability of
        something as strange; ``is_anomaly``; ``alert``, the number of the alert it belongs to; ``kind`` of trouble;
        ``severity``, 0-100.

    Raises
    ------
    FrameError
        If rows lie in the past, a column is missing, or values are outside their range.
    ModelFolderError
        If there is no such model.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=400, freq="h"), "y": [5, 4, 6, 5] * 100})
    >>> model = train(hours.head(390), method="robust_z", track=False)
    >>> predict(model, hours.tail(10).assign(y=60))["is_anomaly"].all()
    np.True_
    >>> predict(model, hours.tail(11))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Rows must come after what is known of their series - 1 series go back, such as 2026-01-17 \
05:00; known up to 2026-01-17 05:00. Drop rows that were given before.
    """
    from cxml.training import use

    trained, rows = use(model, frame, family="anomaly")
    found: pd.DataFrame = trained.model.predict(rows)
    return found


def detect(frame: Any, *, method: str = "residual", **settings: Any) -> pd.DataFrame:
    """Follow a history from nothing and answer for each of its rows, without a verdict or a model to keep.

    No score knows of later rows: what has to be settled beforehand is settled from the first 15 % of each series, 50 to
    750 rows. The threshold of the alerts is the one that keeps to the budget over the whole history.

    Parameters
    ----------
    frame : DataFrame
        As for `train`.
    method : {"residual", "robust_z", "forest"}, default="residual"
    **settings
        See `AnomalyConfig`.

    Returns
    -------
    DataFrame
        As from `predict`.

    Raises
    ------
    FrameError, ConfigError
        As for `train`.

    Examples
    --------
    >>> from cxml.datasets import make_metrics
    >>> found = detect(make_metrics(2, days=28, seed=1).frame, method="robust_z", denominator="trials")
    >>> list(found.columns)[3:]
    ['trials', 'expected', 'lower', 'upper', 'score', 'is_anomaly', 'alert', 'kind', 'severity']
    """
    from cxml import registry
    from cxml.anomaly.checks import check
    from cxml.contract import build_config
    from cxml.frames import as_pandas

    kind: Any = registry.model_class(f"anomaly/{method}")
    rows, config, _ = check(as_pandas(frame), build_config(kind.Config, settings))
    found: pd.DataFrame = kind(config).follow(rows)
    return found


def alerts(source: Any) -> pd.DataFrame:
    """List alerts, one a row.

    Parameters
    ----------
    source : Trained, folder, URI, or DataFrame
        A model: the last 1,000 alerts of its history and of what it was updated with. Or an answer of `predict`,
        `detect` or ``update``: the alerts in it.

    Returns
    -------
    DataFrame
        ``alert``, ``start``, ``end`` (missing while it is open), ``series``, ``n_series``, ``kind``, ``peak_score``,
        ``size``, ``severity``, ...

    Raises
    ------
    FrameError
        If it is a frame and no answer of this family.
    ModelFolderError
        If there is no such model.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=400, freq="h"), "y": [5, 4, 6, 5] * 100})
    >>> hours.loc[300:303, "y"] = 60
    >>> alerts(detect(hours, method="robust_z"))[["alert", "start", "kind"]].values.tolist()
    [[1, Timestamp('2026-01-13 12:00:00'), 'spike']]
    >>> alerts(hours)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Alerts are listed from an answer of this family, with 'expected', 'score' and 'alert' - \
got the columns 'ds', 'y'. Pass what anomaly.predict or anomaly.detect answered, or the model.
    """
    if hasattr(source, "columns"):
        from cxml.anomaly.answers import alerts_in

        return alerts_in(source)
    found: pd.DataFrame = _model_of(source).alerts()
    return found


def feedback(model: Any, alert: int, word: str) -> None:
    """Say of an alert that it was useful, or that it was noise; the thresholds of its series move.

    Parameters
    ----------
    model : Trained
        What is said is kept with it in memory; save it again.
    alert : int
        Its number.
    word : {"useful", "noise"}

    Raises
    ------
    ConfigError
        If there is no such alert or word, or the model is a folder or URI.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=400, freq="h"), "y": [5, 4, 6, 5] * 100})
    >>> model = train(hours, method="robust_z", track=False)
    >>> _ = model.update({"ds": "2026-01-17 16:00", "y": 60})
    >>> feedback(model, 1, "noise")
    >>> feedback(model, 2, "noise")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: alert must be the id of an alert that is kept, from 1 to 1 - got 2. Did you mean 1?
    """
    _kept(model).feedback(alert, word)


def mute(model: Any, series: str | None = None, *, start: Any, end: Any = None) -> None:
    """Want no alert of a series, or of any, for a time. What is open goes on, and scores do not change.

    Parameters
    ----------
    model : Trained
        What is said is kept with it in memory; save it again.
    series : str, optional
        Its name; all where left out.
    start, end : date or time, or text such as ``"2026-03-01 09:00"``
        On the clock on the wall. Without an end, from then on; an end without an hour lasts to the end of its day.

    Raises
    ------
    ConfigError
        If no such series is known, a moment cannot be read, or the model is a folder or URI.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=400, freq="h"), "y": range(400)})
    >>> mute(train(hours, method="robust_z", track=False), start="soon")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: mute needs a date or a time as 'start' - got 'soon'. Write it as 2026-01-31 09:30.
    """
    _kept(model).mute(series, start, end)


def listen(model: Any, listener: Notifier | None) -> None:
    """Tell somebody of each alert that opens in ``model.update(...)`` from now on, or nobody any more.

    Parameters
    ----------
    model : Trained
    listener : Notifier, optional
        Not saved with the model, and not told of what `predict` finds.

    Raises
    ------
    ConfigError
        If the model is of a table without time, a folder or URI, or the listener is none.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=400, freq="h"), "y": [5, 4, 6, 5] * 100})
    >>> model = train(hours, method="robust_z", track=False)
    >>> heard = []
    >>> with Notifier(callback=heard.append) as notifier:
    ...     listen(model, notifier)
    ...     _ = model.update({"ds": "2026-01-17 16:00", "y": 60})
    >>> heard[0]["kind"]
    'spike'
    """
    _kept(model).listen(listener)


def silent(model: Any, now: Any, *, least: float | None = None) -> pd.DataFrame:
    """List the series that are overdue: rows say nothing of those that send none. The model stays as it is.

    Closed hours, and holidays and events of the calendar on which nothing came, are not counted. Call it by the clock,
    say once each usual step.

    Parameters
    ----------
    model : Trained, folder or URI
        Of the method ``"residual"``.
    now : datetime, or text such as ``"2026-03-01 09:00"``
        By the clock of the rows, with a zone if they have one.
    least : float, optional
        The score from which a series is told. Left out, it is the one that opens an alert of the series.

    Returns
    -------
    DataFrame
        One row a series, the strangest silence first: the key, ``last`` (moment of its last row), ``due`` (when the
        next one was to begin), ``steps`` (usual steps since the last), ``score``.

    Raises
    ------
    FrameError
        If `now` cannot be read, or has a time zone where the history has none.
    ConfigError
        If the method knows no silence.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=400, freq="h"), "y": [5, 4, 6, 5] * 100})
    >>> model = train(hours, track=False)  # the last hour is 15:00
    >>> silent(model, "2026-01-17 16:59").empty, silent(model, "2026-01-18 02:00")["due"].tolist()
    (True, [Timestamp('2026-01-17 16:00:00')])
    >>> silent(model, "tomorrow")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: ...
    """
    found: pd.DataFrame = _model_of(model).silent(now, least)
    return found


def _kept(model: Any) -> Any:
    """A model that the caller holds: what is said of one that is read from a folder here would be lost."""
    if isinstance(model, str | PathLike):
        raise ConfigError(
            f"What is said of a model is kept with it in memory - got {str(model)!r}, which nobody would hold. Load it "
            "with cxml.load, say it, and save it with cxml.save."
        )
    return _model_of(model)


def _model_of(source: Any) -> Any:
    from cxml import tracking

    trained = tracking.load(source)
    if trained.family != "anomaly":
        raise FrameError(
            f"Alerts are of a model of this family - got {trained.name!r}. Use cxml.{trained.family}.predict."
        )
    return trained.model

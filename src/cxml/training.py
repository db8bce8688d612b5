"""The one recipe by which every family trains: check, try out, judge, refit, record.

How a family tries a model out is its own: once, on rows held out (`hold_out`), or from many origins. The verdict comes
from rows that the judged fit never saw; the model that is returned is then fitted on all rows given. Whatever MLflow
does, a trained model is not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxml import persistence, tracking
from cxml.contract import (
    Data,
    Family,
    Findings,
    Judgement,
    Metric,
    Model,
    Origin,
    Param,
    Record,
    Refits,
    Split,
    Step,
    Table,
    Trial,
    Verdict,
    settings_of,
)
from cxml.errors import CxmlError, FrameError, TrackingError
from cxml.frames import as_pandas, digest
from cxml.trained import Trained
from cxml.values import read_days

if TYPE_CHECKING:
    import pandas as pd


def train(
    family: Family,
    model: Model,
    frame: Any,
    *,
    refit: bool = True,
    track: bool = True,
    nested: bool = False,
    pictures: bool = True,
) -> Trained:
    """Train a model the way all families do.

    Parameters
    ----------
    family : Family
    model : Model
        Unfitted: what to train, with its config.
    frame : DataFrame
        pandas, or anything that speaks the Arrow stream interface.
    refit : bool, default=True
        Fit the returned model on all rows. False returns the judged fit itself.
    track : bool, default=True
        Write the run, and its baselines' runs, to MLflow.
    nested : bool, default=False
        Write inside the MLflow run that is open.
    pictures : bool, default=True
        Draw the pictures for MLflow. Drawing takes longer than all the rest of the logging.

    Returns
    -------
    Trained

    Raises
    ------
    FrameError
        If the frame cannot be trained on; nothing was started then.
    TrackingError
        If an MLflow run is open and `nested` is False (before anything starts), or MLflow failed after the training:
        the model is then in a local folder that the message names, and in the error's ``trained``.
    """
    if track:
        tracking.check_no_open_run(nested=nested)
    frame, config, findings = family.check(as_pandas(frame), model.config)
    data = _describe(frame, config)
    with _steps() as step:
        trial = family.trial(type(model)(config), frame, step)
        step(f"judging on {trial.rows['test']:,} held-out rows")
        judgements = family.judge(trial.answers, config)
        verdict = _verdict(judgements, trial, findings)
        step("fitting on all rows")
        final = _refit(trial.model, frame) if refit else trial.model
        origin = Origin(data, persistence.versions())
        trained = Trained(final, verdict=verdict, origin=origin, held_out=_held_out(trial, verdict))
        if track:
            step("logging to MLflow")
            try:
                drawn = list(family.figures(trial)) if pictures else []
                runs = _runs(trained, verdict, data, family.example(final, frame), drawn, refit=refit)
                trained.run_id, trained.uri = tracking.log_runs(family.name, runs, nested=nested)
            except Exception as error:  # whatever the store, the network, the disk or a picture came up with
                raise _kept(trained, error) from error
    return trained


def hold_out(
    split: Callable[[pd.DataFrame, Any], Split],
    baselines: Callable[[Model], Sequence[Model]],
    answer: Callable[[Mapping[str, Any], pd.DataFrame, Any], Mapping[str, pd.DataFrame]],
) -> Callable[[Model, pd.DataFrame, Step], Trial]:
    """Make the trial of a family that judges on one split: fit on its one side, ask about the other.

    Parameters
    ----------
    split : (frame, config) -> Split
        Raises FrameError where no honest split can be made, before anything is fitted.
    baselines : (model) -> unfitted models, the strongest first
    answer : (models by name, held-out frame, config) -> answers by name
        The family's own, see `cxml.contract.Family`.

    Returns
    -------
    function, `cxml.contract.Family.trial`
    """

    def trial(model: Model, frame: pd.DataFrame, step: Step) -> Trial:
        sides = split(frame, model.config)
        seen, unseen = frame.iloc[sides.train], frame.iloc[sides.test]
        step(f"fitting {model.method} on {len(seen):,} rows")
        models = {model.method: model.fit(seen)}
        step("fitting its baselines")
        models.update({one.method: one.fit(seen) for one in baselines(model)})
        answers = answer(models, unseen, model.config)
        return Trial(model, answers, unseen, sides.rule, {"train": len(seen), "test": len(unseen)})

    return trial


@contextmanager
def _steps() -> Iterator[Step]:
    """Name the present step on a terminal, and nothing in a pipe or a log. How many there are, a family knows alone."""
    from tqdm import tqdm

    with tqdm(disable=None, leave=False, bar_format="{desc} (step {n_fmt}, {elapsed})") as bar:

        def step(text: str) -> None:
            bar.update(1)
            bar.set_description_str(text)

        yield step


def _refit(judged: Model, frame: pd.DataFrame) -> Model:
    """Fit on all rows; what the judged fit settled on its folds is kept, so that it is also what was judged."""
    return judged.refit(frame) if isinstance(judged, Refits) else type(judged)(judged.config).fit(frame)


def _verdict(judgements: Mapping[str, Judgement], trial: Trial, found: Findings) -> Verdict:
    metrics = {name: list(one.metrics) for name, one in judgements.items()}
    headline = next(iter(judgements.values())).headline
    return Verdict(headline, metrics, trial.rule, dict(trial.rows), (*found.notes, *trial.notes), dict(found.leaks))


def _held_out(trial: Trial, verdict: Verdict) -> pd.DataFrame:
    """The model's answers, with its strongest baseline's losses beside its own."""
    first, *others = trial.answers.values()
    found = first.assign(baseline_loss=others[0]["loss"].to_numpy() if others else float("nan"))
    found.attrs["headline"] = verdict.headline
    return found


def _describe(frame: pd.DataFrame, config: Any) -> Data:
    start, end = (None, None) if config.time is None else _span(frame[config.time])
    return Data("training data", len(frame), frame.shape[1], digest(frame), start, end)


def _span(values: pd.Series) -> tuple[str, str]:
    """The first and the last moment of a column; of a million timestamps as quickly as of a hundred."""
    if values.dtype.kind == "M":
        return _moment(values.min()), _moment(values.max())
    days = [read_days(value) for value in values.unique()]
    known = [one for one in days if one is not None and not isnan(one)]
    first, last = (datetime(1970, 1, 1) + timedelta(minutes=round(1440 * one)) for one in (min(known), max(known)))
    return _moment(first), _moment(last)


def _moment(moment: datetime) -> str:
    """A day, with the time of day where it is not midnight."""
    at_midnight = (moment.hour, moment.minute) == (0, 0)
    return moment.date().isoformat() if at_midnight else moment.isoformat(sep=" ", timespec="minutes")


def _kept(trained: Trained, error: Exception) -> TrackingError:
    try:
        place: Path | str = persistence.rescue(trained)
    except CxmlError as also:
        place = str(also)
    failure = TrackingError(
        f"MLflow must take what was trained - it failed: {type(error).__name__}: {error} The model is kept in {place}. "
        "Load it with cxml.load(folder), or mend the store and train again."
    )
    failure.trained = trained
    return failure


def _runs(
    trained: Trained,
    verdict: Verdict,
    data: Data,
    example: pd.DataFrame,
    drawn: Sequence[Record],
    *,
    refit: bool,
) -> list[tracking.RunLog]:
    """The model's run first, then one for each baseline that stands alone in the comparison."""
    names = list(verdict.metrics)
    common = {"cxml.headline": verdict.headline, "cxml.data": data.digest}
    rows = [
        Param("split", verdict.rule),
        Param("rows_train", verdict.rows["train"]),
        Param("rows_test", verdict.rows["test"]),
    ]
    own: list[Record] = [
        *(Param(name, value) for name, value in settings_of(trained.config).items()),
        *rows,
        Param("refit", refit),
        data,
        *(_prefixed("holdout", one) for one in verdict.metrics[names[0]]),
        *(_prefixed("baseline", one) for one in (verdict.metrics[names[1]] if len(names) > 1 else ())),
        Table("verdict", trained.table().reset_index()),
        *drawn,
    ]
    runs = [
        tracking.RunLog(
            trained.name,
            own,
            {**common, "cxml.role": "model", "cxml.model": trained.name},
            trained.held_out,
            trained,
            example,
        )
    ]
    for name in names[1:]:
        records: list[Record] = [*rows, data, *(_prefixed("holdout", one) for one in verdict.metrics[name])]
        title = f"{trained.family}/{name}"
        runs.append(tracking.RunLog(title, records, {**common, "cxml.role": "baseline", "cxml.model": title}))
    return runs


def _prefixed(prefix: str, metric: Metric) -> Metric:
    return Metric(f"{prefix}_{metric.name}", metric.value, metric.low, metric.high)


def typical_rows(frame: pd.DataFrame, features: Mapping[str, str]) -> pd.DataFrame:
    """Make up three rows from quartiles and frequent values, so that an example shows nobody's record.

    For families whose rows stand alone (`cxml.contract.Family.example`).

    Parameters
    ----------
    frame : DataFrame
    features : mapping of column name to ``number``, ``text`` or ``date``

    Returns
    -------
    DataFrame, three rows

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [20, 30, 40, 50, 60], "plan": ["a", "a", "b", "b", "b"]})
    >>> typical_rows(frame, {"age": "number", "plan": "text"}).values.tolist()
    [[30.0, 'b'], [40.0, 'a'], [50.0, 'b']]
    """
    import pandas as pd

    made: dict[str, list[object]] = {}
    for name, kind in features.items():
        values = frame[name].dropna()
        if kind == "number":
            numbers = pd.to_numeric(values, errors="coerce").astype("float64")
            made[name] = [float(one) for one in numbers.quantile([0.25, 0.5, 0.75])]
        elif kind == "text":
            frequent = [str(one) for one in values.astype(str).value_counts().index[:2]]
            made[name] = [frequent[place % len(frequent)] if frequent else None for place in range(3)]
        else:
            made[name] = ["2024-01-31", "2024-02-29", "2024-03-31"]
    return pd.DataFrame(made, index=range(3))


def use(source: Any, frame: Any, *, family: str) -> tuple[Trained, pd.DataFrame]:
    """Open what a family's ``predict`` was given: the model, by itself or by its place, and the frame.

    Raises
    ------
    FrameError
        If the model belongs to another family, or the frame is none.
    """
    trained = tracking.load(source)
    if trained.family != family:
        raise FrameError(
            f"{family}.predict needs a model of its family - got {trained.name!r}. Use cxml.{trained.family}.predict."
        )
    return trained, as_pandas(frame)

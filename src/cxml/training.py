"""The one recipe by which every family trains: check, split, fit, judge, refit, record.

The verdict comes from rows that the judged fit never saw; the model that is returned is then fitted on all rows given.
Whatever MLflow does, a trained model is not lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
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
    Table,
    Verdict,
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
    split = family.split(frame, config)
    data = _describe(frame, config)
    with _steps(track=track) as step:
        judged, judgements = _judge(family, type(model)(config), frame, split, step)
        verdict = _verdict(judgements, split, findings)
        step("fitting on all rows")
        final = _refit(judged, frame) if refit else judged
        origin = Origin(data, persistence.versions())
        trained = Trained(final, verdict=verdict, origin=origin, held_out=_held_out(judgements))
        if track:
            step("logging to MLflow")
            try:
                drawn = list(family.figures(judged, frame.iloc[split.test], judgements)) if pictures else []
                runs = _runs(trained, verdict, data, frame, drawn, refit=refit)
                trained.run_id, trained.uri = tracking.log_runs(family.name, runs, nested=nested)
            except Exception as error:  # whatever the store, the network, the disk or a picture came up with
                raise _kept(trained, error) from error
    return trained


@contextmanager
def _steps(*, track: bool) -> Iterator[Any]:
    """Show a progress bar on a terminal, and nothing in a pipe or a log."""
    from tqdm import tqdm

    with tqdm(total=5 if track else 4, disable=None, leave=False, bar_format="{l_bar}{bar}| {desc}") as bar:

        def step(text: str) -> None:
            bar.set_description_str(text)
            bar.update(1)

        yield step


def _judge(
    family: Family, model: Model, frame: pd.DataFrame, split: Split, step: Any
) -> tuple[Model, Mapping[str, Judgement]]:
    seen, unseen = frame.iloc[split.train], frame.iloc[split.test]
    step(f"fitting {model.method} on {len(seen):,} rows")
    models = {model.method: model.fit(seen)}
    step("fitting its baselines")
    models.update({one.method: one.fit(seen) for one in family.baselines(model)})
    step(f"judging on {len(unseen):,} held-out rows")
    return model, family.judge(models, unseen, model.config)


def _refit(judged: Model, frame: pd.DataFrame) -> Model:
    """Fit on all rows; what the judged fit settled on its folds is kept, so that it is also what was judged."""
    return judged.refit(frame) if isinstance(judged, Refits) else type(judged)(judged.config).fit(frame)


def _verdict(judgements: Mapping[str, Judgement], split: Split, found: Findings) -> Verdict:
    metrics = {name: list(one.metrics) for name, one in judgements.items()}
    headline = next(iter(judgements.values())).headline
    rows = {"train": len(split.train), "test": len(split.test)}
    return Verdict(headline, metrics, split.rule, rows, found.notes, dict(found.leaks))


def _held_out(judgements: Mapping[str, Judgement]) -> pd.DataFrame:
    """The model's held-out predictions, with its strongest baseline's losses beside its own."""
    first, *others = judgements.values()
    found = first.predictions.copy()
    found["baseline_loss"] = others[0].predictions["loss"] if others else float("nan")
    found.attrs["headline"] = first.headline
    return found


def _describe(frame: pd.DataFrame, config: Any) -> Data:
    start = end = None
    if config.time is not None:
        days = [read_days(value) for value in frame[config.time].unique()]
        known = [one for one in days if one is not None]
        start, end = _day(min(known)), _day(max(known))
    return Data("training data", len(frame), frame.shape[1], digest(frame), start, end)


def _day(days: float) -> str:
    from datetime import date, timedelta

    return (date(1970, 1, 1) + timedelta(days=int(days))).isoformat()


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
    frame: pd.DataFrame,
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
        *(
            Param(name, value)
            for name, value in asdict(trained.config).items()
            if value is not None and name != "schema"
        ),
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
            typical_rows(frame, trained.model.features()),
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

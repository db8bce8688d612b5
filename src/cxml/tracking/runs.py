"""Runs: what a training yields is written as one run beside those of its baselines, and found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cxml.cards import write_card
from cxml.contract import Data, Figure, Metric, Param, Record, Table
from cxml.errors import TrackingError
from cxml.tracking.models import write_model
from cxml.tracking.registered import shortened
from cxml.tracking.store import session

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

HELD_OUT = "held_out.parquet"
#: What MLflow's pages show as the description of a run, and of a logged model.
_NOTE = "mlflow.note.content"
#: MLflow keeps 8,000 characters of a description.
_MOST_NOTE = 7_500


@dataclass(frozen=True)
class RunLog:
    """One run to be written.

    Attributes
    ----------
    name : str
        Name of the run, ``family/method``.
    records : sequence of Record
    tags : mapping of str to str
    held_out : DataFrame, optional
        Kept with the run, to be compared row by row with another's.
    model : Trained, optional
        Logged as the run's model. A baseline's run has none.
    example : DataFrame, optional
        Input example: made up, nobody's record.
    """

    name: str
    records: Sequence[Record]
    tags: Mapping[str, str] = field(default_factory=dict)
    held_out: pd.DataFrame | None = None
    model: Trained | None = None
    example: pd.DataFrame | None = None


def check_no_open_run(*, nested: bool) -> None:
    """Refuse to write into somebody else's run, unless asked to nest.

    Raises
    ------
    TrackingError
        If an MLflow run is open and `nested` is False.
    """
    import mlflow

    run = mlflow.active_run()
    if run is not None and not nested:
        raise TrackingError(
            f"Training opens a run of its own - the run {run.info.run_name!r} ({run.info.run_id}) is open. Close it "
            "with mlflow.end_run(), pass nested=True to train inside it, or track=False to leave MLflow alone."
        )


def log_runs(family: str, runs: Sequence[RunLog], *, nested: bool = False) -> tuple[str, str | None]:
    """Write runs to the family's experiment, the first as the parent of what the others refer to.

    Parameters
    ----------
    family : str
        The experiment is ``cxml/<family>``; a nested run joins its parent's.
    runs : sequence of RunLog
        The trained model's run, then its baselines'.
    nested : bool, default=False

    Returns
    -------
    (run id, model URI) of the first run

    Raises
    ------
    TrackingError
        If the server cannot be reached, or MLflow refuses; a run that was open is then FAILED.
    """
    import mlflow

    with session():
        parent = mlflow.active_run() if nested else None
        experiment = parent.info.experiment_id if parent else _experiment(f"cxml/{family}")
        return _write_all(runs, family, experiment, nested=nested)


def _write_all(runs: Sequence[RunLog], family: str, experiment: str, *, nested: bool) -> tuple[str, str | None]:
    import mlflow

    first, uri = "", None
    for place, log in enumerate(runs):
        tags = {**log.tags, "cxml.family": family}
        if first:
            told = f"A baseline, judged on the same rows as {runs[0].name}, run {first}."
            tags |= {"cxml.baseline_of": first, _NOTE: told}
        if place == 1:  # its losses stand beside the model's own, in the model's run
            tags["cxml.strongest_baseline_of"] = first
        with mlflow.start_run(experiment_id=experiment, run_name=log.name, tags=tags, nested=nested) as run:
            model_uri = _write(log)
        if not first:
            first, uri = run.info.run_id, model_uri
    return first, uri


def _experiment(name: str) -> str:
    from mlflow import MlflowClient

    client = MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id if found else client.create_experiment(name))


def _write(log: RunLog) -> str | None:
    import mlflow

    records = log.records
    mlflow.log_params({one.name: one.value for one in records if isinstance(one, Param)})
    for data in (one for one in records if isinstance(one, Data)):
        _write_data(data)
    info = write_model(log.model, log.example) if log.model else None
    metrics = _metrics([one for one in records if isinstance(one, Metric)])
    mlflow.log_metrics(metrics, model_id=info.model_id if info else None)
    with TemporaryDirectory() as folder:
        _draw(Path(folder), log)
        mlflow.log_artifacts(folder)
    if log.model and info:
        card = shortened(write_card(log.model), _MOST_NOTE)
        mlflow.set_tag(_NOTE, card)
        mlflow.set_logged_model_tags(info.model_id, {_NOTE: card})
    return str(info.model_uri) if info else None


def _metrics(metrics: Sequence[Metric]) -> dict[str, float]:
    named = {}
    for metric in metrics:
        named[metric.name] = metric.value
        if metric.low is not None and metric.high is not None:
            named[f"{metric.name}_low"] = metric.low
            named[f"{metric.name}_high"] = metric.high
    return named


def _write_data(data: Data) -> None:
    import mlflow
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    dataset = MetaDataset(CodeDatasetSource(tags={}), name=data.name, digest=data.digest)  # type: ignore[abstract]
    tags = {"rows": data.rows, "columns": data.columns, "as_of_start": data.start, "as_of_end": data.end}
    told = {name: str(value) for name, value in tags.items() if value is not None}
    mlflow.log_input(dataset, context="training", tags=told)


def _draw(folder: Path, log: RunLog) -> None:
    for record in log.records:
        if isinstance(record, Table):
            record.frame.to_csv(folder / f"{record.name}.csv", index=False)
        if isinstance(record, Figure):
            record.draw().savefig(folder / f"{record.name}.png")
    if log.held_out is not None:
        log.held_out.to_parquet(folder / HELD_OUT)
    if log.model:
        (folder / "card.md").write_text(write_card(log.model), encoding="utf-8")


def search_runs(family: str) -> pd.DataFrame:
    """List the finished runs of a family in every experiment of the store, as MLflow's own frame."""
    import mlflow

    with session():
        found: pd.DataFrame = mlflow.search_runs(
            search_all_experiments=True,
            filter_string=f"tags.`cxml.family` = '{family}' and attributes.status = 'FINISHED'",
        )
    return found


def read_held_out(run_id: str, artifacts: str | None = None) -> pd.DataFrame:
    """Read the held-out predictions that a run kept.

    Parameters
    ----------
    run_id : str
    artifacts : str, optional
        The run's ``artifact_uri``, where it is known: the store need not be asked for it, which costs more than to
        read the file.

    Returns
    -------
    DataFrame

    Raises
    ------
    TrackingError
        If the run is unknown, or they were cleared away.
    """
    import mlflow
    import pandas as pd

    with TemporaryDirectory() as place, session():
        try:
            uri = f"{artifacts or f'runs:/{run_id}'}/{HELD_OUT}"
            path = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=place)
        except (mlflow.exceptions.MlflowException, OSError) as error:
            raise TrackingError(f"The run {run_id} must have kept its held-out predictions - {error}.") from error
        return pd.read_parquet(path)

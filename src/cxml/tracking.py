"""MLflow, and the only module that imports it - inside its functions, so that scoring never pays for it.

It writes what a training yields and reads models back. What is worth writing is decided elsewhere; how MLflow wants
it is known here alone.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from cxml.cards import write_card
from cxml.contract import Data, Figure, Metric, Model, Param, Record, Table
from cxml.errors import ConfigError, ModelFolderError, TrackingError
from cxml.persistence import load_folder, save, shipped, versions
from cxml.trained import Trained

if TYPE_CHECKING:
    import pandas as pd

#: The name of the LoggedModel in every run, so that ``runs:/<id>/model`` always works.
MODEL_NAME = "model"
HELD_OUT = "held_out.parquet"
_MOST_NOTE = 7_500
_BAR = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"


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

    with _session():
        parent = mlflow.active_run() if nested else None
        experiment = parent.info.experiment_id if parent else _experiment(f"cxml/{family}")
        return _write_all(runs, family, experiment, nested=nested)


def _write_all(runs: Sequence[RunLog], family: str, experiment: str, *, nested: bool) -> tuple[str, str | None]:
    import mlflow

    first, uri = "", None
    for log in runs:
        tags = {**log.tags, "cxml.family": family, **({"cxml.baseline_of": first} if first else {})}
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


def _probe(uri: str) -> None:
    """Ask a remote server for a sign of life: MLflow itself would retry for minutes before saying that it is down."""
    if not uri.startswith(("http://", "https://")):
        return
    try:
        with urlopen(Request(f"{uri.rstrip('/')}/health"), timeout=10):
            return
    except HTTPError:  # it answered: whether it lets us in is for MLflow to find out
        return
    except (URLError, OSError) as error:
        raise TrackingError(f"The tracking server must answer - {uri}: {error}.") from error


def _write(log: RunLog) -> str | None:
    import mlflow

    records = log.records
    mlflow.log_params({one.name: one.value for one in records if isinstance(one, Param)})
    for data in (one for one in records if isinstance(one, Data)):
        _write_data(data)
    info = _write_model(log.model, log.example) if log.model else None
    metrics = _metrics([one for one in records if isinstance(one, Metric)])
    mlflow.log_metrics(metrics, model_id=info.model_id if info else None)
    with TemporaryDirectory() as folder:
        _draw(Path(folder), log)
        mlflow.log_artifacts(folder)
    if log.model:
        mlflow.set_tag("mlflow.note.content", _short(write_card(log.model)))
    return str(info.model_uri) if info else None


def _short(card: str) -> str:
    """MLflow keeps 8,000 characters of a description; the whole card is among the artifacts."""
    return card if len(card) <= _MOST_NOTE else f"{card[:_MOST_NOTE]}\n\n... the rest is in the artifact card.md"


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


def _write_model(trained: Trained, example: pd.DataFrame | None) -> Any:
    import mlflow

    with TemporaryDirectory() as place:
        folder = save(trained, Path(place) / trained.name.replace("/", "-"))
        return mlflow.pyfunc.log_model(
            name=MODEL_NAME,
            loader_module="cxml.tracking",
            data_path=str(folder),
            signature=_signature(trained, example),
            input_example=None if example is None or example.columns.empty else example,
            # Inferring these would start a second process and take seconds.
            pip_requirements=[f"{name}=={number}" for name, number in versions().items()],
            metadata={"cxml.model": trained.name, "cxml.features": dict(trained.model.features())},
        )


def _signature(trained: Trained, example: pd.DataFrame | None) -> Any:
    """Name every column and leave its reading to cxml.

    MLflow refuses whole numbers, nullable and categorical columns where a double or a string is declared, which turns
    away ordinary frames; declared as Any they reach our own checks, whose messages say more.
    """
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types.schema import AnyType, ColSpec, Schema

    key = [trained.config.key] if trained.config.key is not None else []
    names = list(dict.fromkeys([*key, *trained.model.features()]))  # some models cannot do without the key
    columns: list[Any] = [ColSpec(AnyType(), name, required=False) for name in names]  # type: ignore[no-untyped-call]
    inputs = Schema(columns) if columns else None  # a constant needs no column, and MLflow wants one
    answer = None if example is None else trained.model.predict(example)
    # Whole numbers that may be missing are declared as what MLflow can serve: doubles.
    outputs = None if answer is None else infer_signature(model_output=_plain_numbers(answer)).outputs
    return ModelSignature(inputs=inputs, outputs=outputs)


def _plain_numbers(answer: Any) -> Any:
    if not hasattr(answer, "columns"):
        return answer
    nullable = [name for name, kind in answer.dtypes.items() if str(kind) == "Int64"]
    return answer.astype(dict.fromkeys(nullable, "float64"))


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


class _PyFunc:
    """What `mlflow.pyfunc.load_model` answers with."""

    def __init__(self, trained: Trained) -> None:
        self.trained = trained

    def predict(self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        return self.trained.model.predict(frame)


def _load_pyfunc(path: str) -> _PyFunc:
    """MLflow calls this by its name, with the folder that `_write_model` handed over."""
    return _PyFunc(load_folder(path))


def load(source: str | Path | Trained | Model) -> Trained:
    """Load a model from a folder, a registry URI or a run, or one that ships with cxml.

    Parameters
    ----------
    source : path or str
        A folder that `cxml.save` wrote, ``models:/churn@champion``, ``models:/churn/3``, ``runs:/<run id>/model`` or
        ``runs:/<run id>``; the name of a model that ships, ``"voc-sentiment-ko"``. A model that is loaded already is
        answered as it is.

    Returns
    -------
    Trained
        ``.predict_one(record)`` is the service path; ``.metrics`` the held-out verdict.

    Raises
    ------
    ModelFolderError
        If there is no model, or its folder is damaged, edited, or of a newer cxml.

    Examples
    --------
    >>> load("models/no-such-model")
    Traceback (most recent call last):
        ...
    cxml.errors.ModelFolderError: A model folder holds manifest.json - models/no-such-model does not exist. \
Check the path; cxml.save(model, folder) writes one.
    """
    if isinstance(source, Trained):
        return source
    if isinstance(source, Model):
        return Trained(source)
    text = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    if text is None:
        raise ConfigError(f"A model is given as itself, a folder or a URI - got {type(source).__name__}.")
    scheme = text.partition(":")[0]
    if Path(text).exists() or scheme not in ("models", "runs", "mlflow-artifacts", "s3", "gs", "dbfs", "file"):
        return load_folder(text if Path(text).exists() else shipped(text) or text)
    return _load_uri(text)


def _load_uri(uri: str) -> Trained:
    import mlflow

    full = f"{uri.rstrip('/')}/{MODEL_NAME}" if uri.startswith("runs:/") and uri.strip("/").count("/") == 1 else uri
    with TemporaryDirectory() as place, _session():
        try:
            folder = mlflow.artifacts.download_artifacts(artifact_uri=full, dst_path=place)
        except (mlflow.exceptions.MlflowException, OSError) as error:
            raise ModelFolderError(
                f"A model URI must name a model in the store - {uri} in {mlflow.get_tracking_uri()}: {error}. "
                "cxml.compare(family) lists the runs that are there."
            ) from error
        trained = load_folder(folder)
        trained.uri = full
        if (Path(folder) / "MLmodel").exists():
            logged = mlflow.models.Model.load(folder)
            trained.run_id = logged.run_id
            # One name whichever way it was asked for: an alias may move, and the short form of a run is ours alone.
            trained.uri = f"models:/{logged.model_id}" if logged.model_id else full
    return trained


def search_runs(family: str) -> pd.DataFrame:
    """List the finished runs of a family in every experiment of the store, as MLflow's own frame."""
    import mlflow

    with _session():
        found: pd.DataFrame = mlflow.search_runs(
            search_all_experiments=True,
            filter_string=f"tags.`cxml.family` = '{family}' and attributes.status = 'FINISHED'",
        )
    return found


def read_held_out(run_id: str) -> pd.DataFrame:
    """Read the held-out predictions that a run kept."""
    import mlflow
    import pandas as pd

    with TemporaryDirectory() as place, _session():
        try:
            path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=HELD_OUT, dst_path=place)
        except (mlflow.exceptions.MlflowException, OSError) as error:
            raise TrackingError(f"The run {run_id} must have kept its held-out predictions - {error}.") from error
        return pd.read_parquet(path)


def aliased(name: str, alias: str) -> str | None:
    """Name the run behind an alias of a registered model, or None where there is no such alias."""
    import mlflow

    with _session():
        try:
            found = mlflow.MlflowClient().get_model_version_by_alias(name, alias)
        except mlflow.exceptions.MlflowException as error:
            # A store says INVALID_PARAMETER_VALUE for an alias never set, RESOURCE_DOES_NOT_EXIST for a model.
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
    return str(found.run_id)


def register(uri: str, name: str, alias: str, tags: Mapping[str, str]) -> str:
    """Register a logged model as the next version of `name`, and point the alias at it."""
    import mlflow

    client = mlflow.MlflowClient()
    with _session():
        model_id = mlflow.models.get_model_info(uri).model_id
        logged = client.get_logged_model(model_id)
        try:
            client.create_registered_model(name)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = client.create_model_version(
            name, source=logged.model_uri, run_id=logged.source_run_id, tags=dict(tags), model_id=model_id
        )
        client.set_registered_model_alias(name, alias, version.version)
    return str(version.version)


@contextmanager
def _session() -> Iterator[None]:
    """Talk to the store: only if it is there, without MLflow's chatter, and with its errors in our words."""
    import mlflow

    uri = mlflow.get_tracking_uri()
    _probe(uri)
    try:
        with _QUIET:
            yield
    except mlflow.exceptions.MlflowException as error:
        raise TrackingError(f"The store {uri} must answer what it was asked - it said: {error}") from error


class _Quiet:
    """Keep MLflow's chatter (migrations, downloads) out of the terminal; warnings stay. Threads may overlap in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: tuple[list[int], str | None] = ([], None)

    def __enter__(self) -> None:
        loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._before = ([logger.level for logger in loggers], os.environ.get(_BAR))
                os.environ[_BAR] = "false"
                for logger in loggers:
                    logger.setLevel(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside:
                return
            levels, bar = self._before
            for name, level in zip(("mlflow", "alembic"), levels, strict=True):
                logging.getLogger(name).setLevel(level)
            os.environ.pop(_BAR, None)
            if bar is not None:
                os.environ[_BAR] = bar


_QUIET = _Quiet()

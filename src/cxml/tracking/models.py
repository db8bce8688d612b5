"""Logged models: the folder that `cxml.save` writes, with a signature and an example, and how it is loaded again."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cxml.contract import Model
from cxml.errors import ConfigError, ModelFolderError
from cxml.persistence import load_folder, save, shipped, versions
from cxml.tracking.store import session
from cxml.trained import Trained

if TYPE_CHECKING:
    import pandas as pd

#: The name of the LoggedModel in every run, so that ``runs:/<id>/model`` always works.
MODEL_NAME = "model"


def write_model(trained: Trained, example: pd.DataFrame | None) -> Any:
    """Log a model to the run that is open, with its signature, its packages and an example."""
    import mlflow

    with TemporaryDirectory() as place:
        folder = save(trained, Path(place) / trained.name.replace("/", "-"))
        return mlflow.pyfunc.log_model(
            name=MODEL_NAME,
            loader_module="cxml.tracking",
            data_path=str(folder),
            signature=signature(trained, example),
            input_example=None if example is None or example.columns.empty else example,
            # Inferring these would start a second process and take seconds.
            pip_requirements=[f"{name}=={number}" for name, number in versions().items()],
            metadata={"cxml.model": trained.name, "cxml.features": dict(trained.model.features())},
        )


def signature(trained: Trained, example: pd.DataFrame | None) -> Any:
    """Name every column and leave its reading to cxml.

    MLflow refuses whole numbers, nullable and categorical columns where a double or a string is declared, which turns
    away ordinary frames; declared as Any they reach our own checks, whose messages say more.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Schema

    key = [trained.config.key] if trained.config.key is not None else []
    names = list(dict.fromkeys([*key, *trained.model.features()]))  # some models cannot do without the key
    columns: list[Any] = [ColSpec(AnyType(), name, required=False) for name in names]  # type: ignore[no-untyped-call]
    inputs = Schema(columns) if columns else None  # a constant needs no column, and MLflow wants one
    answer = None if example is None else trained.model.predict(example)
    return ModelSignature(inputs=inputs, outputs=None if answer is None else _outputs(answer))


def _outputs(answer: Any) -> Any:
    """What the model answers with. Whole numbers that may be missing are declared as what MLflow can serve: doubles.

    MLflow warns of the others as of columns of an input, which answers are not: they are declared by hand.
    """
    from mlflow.models import infer_signature
    from mlflow.types.schema import ColSpec, DataType, Schema

    if not hasattr(answer, "columns"):
        return infer_signature(model_output=answer).outputs
    whole = [name for name, kind in answer.dtypes.items() if kind.kind in "iu"]
    found = infer_signature(model_output=answer.astype(dict.fromkeys(whole, "float64"))).outputs
    counts = {name for name in whole if str(answer[name].dtype) != "Int64"}
    return Schema([ColSpec(DataType.long, one.name) if one.name in counts else one for one in found.inputs])


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
    with TemporaryDirectory() as place, session():
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

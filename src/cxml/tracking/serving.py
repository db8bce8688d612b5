"""What MLflow calls of a logged model: in a process through `mlflow.pyfunc`, and behind `mlflow models serve`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cxml.errors import CxmlError
from cxml.persistence import load_folder

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

_SERVING = "_MLFLOW_IS_IN_SERVING_ENVIRONMENT"


class _PyFunc:
    """What `mlflow.pyfunc.load_model` answers with."""

    def __init__(self, trained: Trained) -> None:
        self.trained = trained

    def predict(self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        try:
            answer = self.trained.model.predict(frame)
        except CxmlError as error:
            raise _refusal(error) from error
        # JSON knows no NaN, and MLflow's server writes it all the same; a frame in this process keeps its numbers.
        return _with_none(answer) if os.environ.get(_SERVING) == "true" else answer


def _load_pyfunc(path: str) -> _PyFunc:
    """MLflow calls this by its name, with the folder that `write_model` handed over."""
    return _PyFunc(load_folder(path))


def _with_none(answer: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in answer.columns if answer[name].isna().any()]
    return answer.assign(**{name: answer[name].astype(object).where(answer[name].notna(), None) for name in missing})


def _refusal(error: CxmlError) -> Exception:
    """The same error as one of MLflow's too, so that its server answers with status 400 and our words.

    Left alone, it would answer "an unexpected error" and a stack trace; and it writes the rows that it was given before
    a message of its own kind, which would carry customers' data into answers and logs.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import BAD_REQUEST

    class Refused(MlflowException, type(error)):  # type: ignore[misc]
        message = property(lambda self: self.args[0], lambda _self, _value: None)

    return Refused(str(error), error_code=BAD_REQUEST)

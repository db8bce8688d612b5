"""The store itself: whether it is there, its errors in our words, and MLflow's chatter kept off the terminal."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from cxml.errors import TrackingError

_BAR = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"


@contextmanager
def session() -> Iterator[None]:
    """Talk to the store: only if it is there, without MLflow's chatter, and with its errors in our words."""
    import mlflow

    uri = mlflow.get_tracking_uri()
    _probe(uri)
    try:
        with _QUIET:
            yield
    except mlflow.exceptions.MlflowException as error:
        raise TrackingError(f"The store {uri} must answer what it was asked - it said: {error}") from error


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

"""What many tests share: customers, one trained model of each kind, and a migrated MLflow store."""

import os

# Threads that wait busily for one another make small fits many times slower on a shared machine. These are read when
# the libraries load, so they come first; the servers that tests start inherit them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_THREAD_LIMIT", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

import shutil
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

import builders
import pytest


@pytest.fixture(scope="session")
def threads():
    """One BLAS thread, also where numpy was loaded before this file (by a plugin)."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(autouse=True)
def _quiet_threads(threads):
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def _customers():
    return builders.customers_of()


@pytest.fixture
def customers(_customers):
    """600 invented customers; each test has its own copy."""
    return _customers.copy()


@pytest.fixture(scope="session")
def fresh():
    """Invented customers that no shared model has seen, with the truth about them."""
    from cxml.datasets import make_customers

    return make_customers(1500, seed=99)


@pytest.fixture(scope="session")
def trained(_customers, threads):
    """Name -> the judged fit, trained once in the session."""
    return cache(lambda name: builders.train(name, _customers.copy()))


MIGRATE = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.search_experiments()
"""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty SQLite store: MLflow's migrations take seconds, so they run once and each test copies the file."""
    place = tmp_path_factory.mktemp("store") / "mlflow.db"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MIGRATE, f"sqlite:///{place}"],
        check=True,
        cwd=place.parent,
        timeout=180,
        capture_output=True,
    )
    return place


@pytest.fixture
def use_store(monkeypatch, tmp_path):
    """Copy a store for this test alone, and work in a folder of its own."""

    def use(place):
        mine = tmp_path / "mlflow.db"
        shutil.copy(place, mine)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{mine}")
        monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
        return mine

    return use


@pytest.fixture
def store(use_store, migrated):
    """An empty MLflow store of this test alone."""
    return use_store(migrated)


@pytest.fixture(scope="session")
def free_port():
    """A function that finds a port nobody listens on."""

    def find():
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            return one.getsockname()[1]

    return find


@pytest.fixture
def in_tmp(monkeypatch, tmp_path):
    """Work in a folder of this test alone."""
    monkeypatch.chdir(tmp_path)
    return Path(tmp_path)

"""What many tests share: customers, one trained model of each kind, and a migrated MLflow store."""

import os

# Threads that wait busily for one another make small fits many times slower on a shared machine. These are read when
# the libraries load, so they come first; the servers that tests start inherit them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_THREAD_LIMIT", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
# Encoders are built by the tests themselves.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.request import urlopen

import pytest

import builders
from stores import working_in


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


@pytest.fixture(scope="session")
def _contacts():
    return builders.contacts_of()


@pytest.fixture(scope="session")
def _comments():
    return builders.comments_of()


@pytest.fixture
def comments(_comments):
    """240 invented comments in Korean; each test has its own copy."""
    return _comments.copy()


@pytest.fixture
def contacts(_contacts):
    """98 days of three invented queues, and a covariate; each test has its own copy."""
    return _contacts.copy()


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
def trained(_customers, _contacts, _comments, threads):
    """Name -> the judged fit, trained once in the session."""
    made = {"churn": _customers.copy, "volume": _contacts.copy, "voc": _comments.copy}

    def frame(name):
        copy = made.get(name.partition("/")[0])
        return copy() if copy else builders.frame_of(name)

    return cache(lambda name: builders.train(name, frame(name)))


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


@pytest.fixture(scope="session")
def mlflow():
    """MLflow, imported once: it warns of its own type hints while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.pyfunc
        import mlflow.pyfunc.scoring_server

    return mlflow


@pytest.fixture
def use_store(monkeypatch, tmp_path, mlflow):
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


@pytest.fixture(scope="session")
def korean(_customers):
    """The shared customers with Korean column names."""
    return _customers.rename(columns={"region": "지역", "plan": "요금제", "churned": "이탈"})


@dataclass(frozen=True)
class Tracked:
    db: Path
    strong: object
    weak: object
    dated: object


@pytest.fixture(scope="session")
def tracked(migrated, korean, tmp_path_factory, mlflow, threads):
    """A store with three trained models: a strong one, a weak one on the same rows, and one with as-of dates."""
    place = tmp_path_factory.mktemp("tracked")
    db = place / "mlflow.db"
    shutil.copy(migrated, db)
    from cxml import churn
    from cxml.datasets import make_snapshots

    with working_in(place, f"sqlite:///{db}"):
        words = {"target": "이탈", "key": "customer_id", "method": "logistic"}
        known = {"customer_id", "이탈", "late_payments", "app_visits"}
        others = [name for name in korean.columns if name not in known]
        return Tracked(
            db,
            churn.train(korean, **words),
            churn.train(korean, **words, drop=others, pictures=False),
            churn.train(
                make_snapshots(400, months=4).frame,
                target="churned",
                key="customer_id",
                time="as_of",
                method="base_rate",
                pictures=False,
            ),
        )


@pytest.fixture
def tracked_store(use_store, tracked):
    """A copy, for this test alone, of the store with three trained models."""
    use_store(tracked.db)
    return tracked


@pytest.fixture(scope="session")
def running():
    """Start a server, wait until it answers, and end it with all that it started."""

    @contextmanager
    def run(command, url, place, seconds=150, **environment):
        log = place / "server.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                command,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=place,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        try:
            end = time.monotonic() + seconds
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"{command} does not answer:\n{log.read_text(errors='replace')[-3000:]}")
                time.sleep(0.2)
            yield url
        finally:
            for signal_number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal_number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)

    return run


def _answers(url):
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False

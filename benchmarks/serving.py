"""What a call costs: in process, over HTTP in two ways, and from a shell - beside a scikit-learn pipeline served alike.

Both models learn from the same invented customers (12 features, 5 of them no numbers), and both are logged to one
MLflow store and served by the same `mlflow models serve`. Absolute times hang on the machine; the ratios are what to
look at. About two minutes; every table is printed as soon as it stands.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import cxml
from _data import table
from churn_speed import microseconds
from cxml import churn, datasets

ROWS, BATCH, FILE = 4_000, 5_000, 50_000
#: Calls timed: in microseconds, in milliseconds, over HTTP.
QUICK, SLOW, REMOTE = 5_000, 100, 200
TARGET, KEY = "churned", "customer_id"
PAGE = Path(__file__).parents[1] / "docs" / "serving.md"


def log_peer(customers: pd.DataFrame) -> tuple[str, Any]:
    """scikit-learn's usual way, logged by MLflow's own flavour."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    features, target = plain(customers), customers[TARGET]
    texts = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((texts, make_column_selector(dtype_exclude="number")), remainder="passthrough")
    model = make_pipeline(columns, HistGradientBoostingClassifier(random_state=0)).fit(features, target)
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(
            model,
            name="peer",
            serialization_format="cloudpickle",
            signature=infer_signature(features),
            pip_requirements=["scikit-learn"],
            pyfunc_predict_fn="predict_proba",
        )
    return info.model_uri, model


def plain(customers: pd.DataFrame) -> pd.DataFrame:
    """What the pipeline can read: no key, numbers as doubles, dates as the year."""
    frame = customers.drop(columns=[TARGET, KEY], errors="ignore")
    bought = pd.to_datetime(frame["device_bought_on"])
    frame = frame.assign(
        total_paid=pd.to_numeric(frame["total_paid"].str.replace(",", ""), errors="coerce"),
        device_bought_on=bought.dt.year + bought.dt.month / 12,
    )
    numbers = frame.select_dtypes(["number", "bool"]).columns
    return frame.astype(dict.fromkeys(numbers, "float64"))


def as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Records as JSON has them."""
    found: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso", force_ascii=False))
    return found


def in_process(model: Any, pipeline: Any, uris: dict[str, str], frames: dict[str, pd.DataFrame]) -> None:
    """One record at a time. Threads do not help here: Python runs one of them at a time."""
    import mlflow

    booster = model.model.fitted[1].booster
    ready = model.model.fitted[0].encode(frames["cxml"].head(300))

    own, peer = as_records(frames["cxml"].head(300)), as_records(frames["peer"].head(300))
    singles = [pd.DataFrame([one]) for one in peer]
    pyfuncs = {name: mlflow.pyfunc.load_model(uri) for name, uri in uris.items()}
    ways: dict[str, tuple[Callable[[int], object], int]] = {
        "cxml predict_one, a dict": (lambda i: model.predict_one(own[i % 300]), QUICK),
        f"its {booster.num_trees()} trees alone, Booster.predict on a ready row": (
            lambda i: booster.predict(ready[i % 300 : i % 300 + 1], num_threads=1),
            QUICK,
        ),
        "cxml, MLflow's pyfunc": (lambda i: pyfuncs["cxml"].predict(pd.DataFrame([own[i % 300]])), SLOW),
        "scikit-learn pipeline, predict_proba": (lambda i: pipeline.predict_proba(singles[i % 300]), SLOW),
        "the same, MLflow's pyfunc": (lambda i: pyfuncs["peer"].predict(singles[i % 300]), SLOW),
    }
    lines, first = [], 0.0
    for name, (call, repeats) in ways.items():
        p50, p99 = microseconds(call, repeats)
        first = first or p50
        lines.append(
            {
                "way": name,
                "x": f"{p50 / first:.1f}",
                "p50_us": f"{p50:.1f}",
                "p99_us": f"{p99:.1f}",
            }
        )
    table(lines, "One record in process (x: times the first line)")


def at_once(call: Callable[[int], object], repeats: int, threads: int = 4) -> float:
    """Calls a second of several threads together."""

    def many(_: int) -> None:
        for place in range(repeats):
            call(place)

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(many, range(threads)))
    return threads * repeats / (time.perf_counter() - start)


@contextmanager
def mlflow_serve(uri: str, place: str) -> Iterator[tuple[int, float, int]]:
    """`mlflow models serve`: its port, the seconds that it took to start, and its process group."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", uri, "--env-manager", "local"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    begun = time.perf_counter()
    with (Path(place) / "server.log").open("wb") as sink:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            env={**os.environ, "PATH": path},
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - begun > 120:
                raise SystemExit((Path(place) / "server.log").read_text())
            time.sleep(0.1)
        yield port, time.perf_counter() - begun, process.pid
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server with all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)


def answers(port: int) -> bool:
    """Whether a server is up."""
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def memory(group: int) -> float:
    """MB of all processes of a group, without what they share with others (Linux)."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rpartition(")")[2].split()[2]) == group:
                _, resident, shared, *_ = map(int, (status.parent / "statm").read_text().split())
                total += (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 1e6
        except (OSError, IndexError):
            continue
    return total


class Client:
    """One connection that stays open, for each thread."""

    def __init__(self, port: int, path: str) -> None:
        self.port, self.path, self.local = port, path, threading.local()

    def ask(self, body: bytes) -> bytes:
        """Send JSON; the answer, which must be 200."""
        if not hasattr(self.local, "connection"):
            self.local.connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.local.connection.request("POST", self.path, body, {"Content-Type": "application/json"})
        answer = self.local.connection.getresponse()
        content: bytes = answer.read()
        if answer.status != 200:
            raise SystemExit(content.decode())
        return content


def behind_http(model: Any, uris: dict[str, str], frames: dict[str, pd.DataFrame], place: str) -> None:
    """One record and a batch over HTTP, from a client on the same machine."""
    lines = [own_service(model, frames["cxml"])]
    for name, title in (("cxml", "cxml, mlflow models serve"), ("peer", "scikit-learn pipeline, mlflow models serve")):
        frame = frames[name]
        bodies = [json.dumps({"dataframe_records": [one]}).encode() for one in as_records(frame.head(100))]
        batch = (
            b'{"dataframe_split": '
            + frame.head(BATCH).to_json(orient="split", index=False, date_format="iso").encode()
            + b"}"
        )
        with mlflow_serve(uris[name], place) as (port, seconds, group):
            line = timed(title, Client(port, "/invocations"), bodies)
            client = Client(port, "/invocations")  # uvicorn closes what was idle for five seconds
            client.ask(batch)
            begun = time.perf_counter()
            for _ in range(3):
                client.ask(batch)
            line["records/s in a batch"] = f"{3 * BATCH / (time.perf_counter() - begun):,.0f}"
            lines.append(line | {"start_s": f"{seconds:.1f}", "MB": f"{memory(group):.0f}"})
    first = float(lines[0]["p50_ms"])
    table(
        [{"way": one["way"], "x": f"{float(one['p50_ms']) / first:.1f}"} | one for one in lines], "One record over HTTP"
    )


def timed(title: str, client: Client, bodies: list[bytes]) -> dict[str, str]:
    """p50, p99 and what four threads get."""

    def call(place: int) -> bytes:
        return client.ask(bodies[place % len(bodies)])

    p50, p99 = microseconds(call, REMOTE)
    rate = at_once(call, REMOTE // 4)
    return {
        "way": title,
        "p50_ms": f"{p50 / 1e3:.2f}",
        "p99_ms": f"{p99 / 1e3:.2f}",
        "records/s, 4 threads": f"{rate:,.0f}",
    }


def own_service(model: Any, frame: pd.DataFrame) -> dict[str, str]:
    """The service of docs/serving.md, as it stands there, in a process of its own."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)
    code = next(block for block in blocks if "class Handler" in block)
    with tempfile.TemporaryDirectory() as place:
        folder = cxml.save(model, Path(place) / "model")
        last = "print(server.server_port, flush=True)\nserver.serve_forever()"
        script = f"import cxml\n{code}\nserver = start({str(folder)!r})\n{last}"
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True)
        try:
            port = int(process.stdout.readline()) if process.stdout else 0
            seconds = time.perf_counter() - begun
            bodies = [json.dumps(one).encode() for one in as_records(frame.head(100))]
            line = timed("cxml, the service of docs/serving.md", Client(port, "/predict"), bodies)
            return line | {"records/s in a batch": "", "start_s": f"{seconds:.1f}", "MB": f"{memory(process.pid):.0f}"}
        finally:
            end(process)


def loading(model: Any, uri: str) -> None:
    """Loading from a folder and from the registry, in this process."""
    with tempfile.TemporaryDirectory() as place:
        folder = cxml.save(model, Path(place) / "model")
        lines = []
        for name, source in (
            ("a folder", str(folder)),
            ("MLflow's store", uri),
            ("voc-sentiment-ko", "voc-sentiment-ko"),
        ):
            cxml.load(source)
            taken, _ = microseconds(lambda _, source=source: cxml.load(source), 3)
            lines.append({"cxml.load of": name, "ms": f"{taken / 1e3:.0f}"})
    table(lines, "Loading (median of 3, packages loaded)")


def from_a_shell(uri: str, frame: pd.DataFrame, place: str) -> None:
    """`cxml predict` on a file, with all that a process needs to start."""
    many = pd.concat([frame] * (FILE // len(frame) + 1), ignore_index=True).head(FILE)
    lines = []
    for rows in (1, FILE):
        many.head(rows).to_csv(f"{place}/in.csv", index=False)
        Path(place, "out.csv").unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "cxml.cli",
            "predict",
            uri,
            "--data",
            f"{place}/in.csv",
            "--out",
            f"{place}/out.csv",
        ]
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - begun
        lines.append({"rows": f"{rows:,}", "seconds": f"{seconds:.1f}"})
    table(lines, "cxml predict, CSV to CSV, start included")


def main() -> None:
    """Print every table."""
    import mlflow

    sys.stdout.reconfigure(line_buffering=True)  # each table when it stands, also into a file
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{place}/mlflow.db"
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        customers = datasets.make_customers(ROWS).frame
        model = churn.train(customers, target=TARGET, key=KEY, pictures=False)
        if model.uri is None:
            raise SystemExit("The model was not tracked.")
        peer, pipeline = log_peer(customers)
        uris = {"cxml": model.uri, "peer": peer}
        fresh = datasets.make_customers(BATCH, seed=7).frame.drop(columns=TARGET)
        frames = {"cxml": fresh, "peer": plain(fresh)}
        gap = np.abs(
            model.model.predict(fresh.head(300))["churn_probability"].to_numpy()
            - [model.predict_one(one)["churn_probability"] for one in as_records(fresh.head(300))]
        )
        in_process(model, pipeline, uris, frames)
        print(f"largest difference between a record and the batch: {gap.max():.1e}")
        behind_http(model, uris, frames, place)
        loading(model, uris["cxml"])
        from_a_shell(uris["cxml"], fresh, place)
        os.chdir("/")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

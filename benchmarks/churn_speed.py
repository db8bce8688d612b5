"""What an answer costs: import, one record, a batch, reasons, and logging - beside the usual ways, in one run.

The data is made up: 25 fields, 5 of them categories, 20,000 customers. The model of the record and batch lines holds
300 trees of 31 leaves and a linear part; the default recipe's own model is timed on a line of its own. Absolute times
hang on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pandas as pd

from _data import table
from cxml.additive import AdditiveScore
from cxml.boosting import train_booster
from cxml.churn import ChurnConfig
from cxml.churn.boosted import BoostedChurn
from cxml.churn.logistic import LogisticChurn

N_NUMBERS, N_CATEGORIES, ROWS = 20, 5, 20_000


def make_frame(rows: int, seed: int = 0) -> pd.DataFrame:
    """25 fields and a target that hangs on some of them."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, N_NUMBERS)).round(3)
    frame = pd.DataFrame(numbers, columns=[f"number_{i}" for i in range(N_NUMBERS)])
    for place in range(N_CATEGORIES):
        frame[f"category_{place}"] = random.choice([f"level {i}" for i in range(4 + 2 * place)], rows)
    score = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + (frame["category_0"] == "level 1") - 1
    frame["churned"] = np.where(random.random(rows) < 1 / (1 + np.exp(-score)), "yes", "no")
    return frame


class ThreeHundred(LogisticChurn):
    """The model of the record and batch lines: 300 trees of 31 leaves on top of a linear part."""

    method: ClassVar[str] = "boosted"

    def fit(self, frame: pd.DataFrame) -> ThreeHundred:
        """Fit the linear part, and put the trees on top."""
        encoder, base = super().fit(frame).fitted
        target = (frame["churned"] == "yes").to_numpy(dtype=int)
        params = {
            "objective": "binary",
            "num_leaves": 31,
            "learning_rate": 0.05,
            "min_data_in_leaf": 5,
            "num_threads": 2,
        }
        booster = train_booster(
            encoder.encode(frame), target, params=params, rounds=300, categorical=list(encoder.level_counts)
        )
        return self._take(encoder, AdditiveScore(base.intercept, base.linear, booster, {}))


def pipeline(frame: pd.DataFrame) -> object:
    """scikit-learn's usual way: scaling, one-hot, LightGBM."""
    from lightgbm import LGBMClassifier
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    model = LGBMClassifier(n_estimators=300, num_leaves=31, learning_rate=0.05, n_jobs=1, verbosity=-1)
    return make_pipeline(columns, model).fit(frame.drop(columns="churned"), frame["churned"])


def microseconds(call: Callable[[int], object], repeats: int) -> tuple[float, float]:
    """Median and 99th percentile of single calls."""
    for place in range(min(repeats, 200)):
        call(place)
    taken = np.empty(repeats)
    for place in range(repeats):
        start = time.perf_counter_ns()
        call(place)
        taken[place] = time.perf_counter_ns() - start
    return float(np.median(taken)) / 1e3, float(np.quantile(taken, 0.99)) / 1e3


def rate(call: Callable[[], object], rows: int, repeats: int = 5) -> float:
    """Rows a second: the best of a few calls."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return rows / best


def imports() -> None:
    """Seconds of an import in a fresh process."""
    rows = []
    for name in ("cxml", "cxml.churn", "pandas", "sklearn.linear_model", "lightgbm", "mlflow"):
        code = f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
        taken = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)]
        rows.append({"import": name, "seconds": f"{min(taken):.3f}"})
    table(rows, "Import, best of three fresh processes")


def records(frame: pd.DataFrame, model: ThreeHundred, default: BoostedChurn, peer: object) -> None:
    """One record: a dict in, a probability out."""
    import mlflow

    few = [{key: value for key, value in one.items() if key != "churned"} for one in frame.head(500).to_dict("records")]
    singles = [pd.DataFrame([one]) for one in few]
    encoder, score = model.fitted
    matrix = encoder.encode(frame.head(500))
    with tempfile.TemporaryDirectory() as place:
        mlflow.sklearn.save_model(
            peer, f"{place}/m", serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
        )
        served = mlflow.pyfunc.load_model(f"{place}/m")
    ways = {
        "cxml predict_one, 300 trees": (lambda i: model.predict_one(few[i % 500]), 20_000),
        f"cxml predict_one, default recipe ({default.fitted[1].booster.num_trees()} trees)": (
            lambda i: default.predict_one(few[i % 500]),
            20_000,
        ),
        "Booster.predict on a ready row": (
            lambda i: score.booster.predict(matrix[i % 500 : i % 500 + 1], num_threads=1),
            5_000,
        ),
        "scikit-learn pipeline": (lambda i: peer.predict_proba(singles[i % 500]), 300),
        "MLflow pyfunc of that pipeline": (lambda i: served.predict(singles[i % 500]), 300),
    }
    found = {name: microseconds(call, repeats) for name, (call, repeats) in ways.items()}
    first = next(iter(found.values()))[0]
    rows = [
        {
            "way": name,
            "p50_us": f"{p50:.1f}",
            "p99_us": f"{p99:.1f}",
            "p99/p50": f"{p99 / p50:.1f}",
            "x": f"{p50 / first:.1f}",
        }
        for name, (p50, p99) in found.items()
    ]
    table(rows, "One record of 25 fields (x: times the first line)")
    batch = model.predict(frame.head(500))["churn_probability"].to_numpy()
    gap = max(abs(model.predict_one(one)["churn_probability"] - batch[i]) for i, one in enumerate(few))
    print(f"largest difference between a record and the batch: {gap:.1e}")


def batches(frame: pd.DataFrame, model: ThreeHundred, peer: object) -> None:
    """Many rows from a DataFrame, and their reasons."""
    many = pd.concat([frame.drop(columns="churned")] * 10, ignore_index=True)
    encoder, score = model.fitted
    matrix = encoder.encode(many)
    rows = [
        ("Booster.predict on a ready matrix", rate(lambda: score.booster.predict(matrix, raw_score=True), len(many))),
        ("cxml predict from a DataFrame", rate(lambda: model.predict(many), len(many))),
        ("scikit-learn pipeline from a DataFrame", rate(lambda: peer.predict_proba(many), len(many), 2)),
    ]
    table(_ratios(rows), f"Batch of {len(many):,} rows (ratio: to the first line)")
    some, part = many.iloc[:10_000], matrix[:10_000]
    rows = [
        (
            "Booster.predict(pred_contrib=True)",
            rate(lambda: score.booster.predict(part, pred_contrib=True), len(part), 2),
        ),
        ("cxml explain from a DataFrame", rate(lambda: model.explain(some), len(some), 2)),
    ]
    table(_ratios(rows), f"Reasons of {len(some):,} rows (ratio: to the first line)")


def _ratios(rows: list[tuple[str, float]]) -> list[dict[str, object]]:
    return [{"way": name, "rows/s": f"{one:,.0f}", "ratio": f"{one / rows[0][1]:.2f}"} for name, one in rows]


def loggings(model: ThreeHundred, peer: object, frame: pd.DataFrame) -> None:
    """Logging a trained model to MLflow's SQLite store."""
    import mlflow

    from cxml.tracking.models import write_model as _write_model
    from cxml.trained import Trained

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        mlflow.set_tracking_uri(f"sqlite:///{place}/mlflow.db")
        example = frame.drop(columns="churned").head(3)
        ways = {
            "cxml": lambda: _write_model(Trained(model), example),
            "mlflow.lightgbm, defaults": lambda: mlflow.lightgbm.log_model(model.fitted[1].booster, name="peer"),
            "mlflow.sklearn, cloudpickle, inferred requirements": lambda: mlflow.sklearn.log_model(
                peer, name="peer", serialization_format="cloudpickle", input_example=example
            ),
        }
        rows = []
        for name, call in ways.items():
            taken = []
            for _ in range(3):
                with mlflow.start_run():
                    start = time.perf_counter()
                    call()
                    taken.append(time.perf_counter() - start)
            rows.append({"way": name, "seconds": f"{min(taken):.2f}"})
        os.chdir("/")
    table(rows, "Logging one model, best of three")


def main() -> None:
    """Print every table."""
    imports()
    frame = make_frame(ROWS)
    config = ChurnConfig(target="churned", positive="yes")
    model, default = ThreeHundred(config).fit(frame), BoostedChurn(config).fit(frame.head(6_000))
    peer = pipeline(frame)
    records(frame, model, default, peer)
    batches(frame, model, peer)
    loggings(model, peer, frame)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

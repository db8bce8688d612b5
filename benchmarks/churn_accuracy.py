"""Churn on four public sets: cxml beside CatBoost, LightGBM and logistic regression, on the same three splits.

Three stratified 75/25 splits (random_state 0, 1, 2), identifiers dropped, each figure the mean over the splits. The
AutoGluon lines are figures measured earlier with its best quality preset and 150 s a fit; it is not run here.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from _data import SOURCES, Source, for_peers, read, table
from cxml import metrics
from cxml.churn import ChurnConfig
from cxml.churn.boosted import BoostedChurn
from cxml.churn.logistic import LogisticChurn

AUTOGLUON = {
    "telco": (0.8504, 0.674, 0.4106),
    "mlc": (0.9224, 0.883, 0.1475),
    "bank": (0.8601, 0.697, 0.3412),
    "iranian": (0.9913, 0.963, 0.0885),
}
TO_REACH = {
    "telco": (0.850, 0.674, 0.411),
    "mlc": (0.928, 0.888, 0.145),
    "bank": (0.861, 0.698, 0.339),
    "iranian": (0.991, 0.963, 0.089),
}
SPLITS = (0, 1, 2)


def ours(kind: type, source: Source) -> Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]:
    """Train on the raw frame, as a user would."""

    def run(seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
        model = kind(ChurnConfig(target=source.target, positive=source.positive)).fit(seen)
        return model.predict(unseen)["churn_probability"].to_numpy()

    return run


def catboost(source: Source) -> Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]:
    """CatBoost with its defaults and native categories."""
    from catboost import CatBoostClassifier

    def run(seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
        features, target = for_peers(seen, source)
        texts = list(features.select_dtypes(exclude="number"))
        model = CatBoostClassifier(thread_count=2, verbose=False, cat_features=texts, allow_writing_files=False)
        model.fit(features.astype(dict.fromkeys(texts, str)), target)
        return model.predict_proba(for_peers(unseen, source)[0].astype(dict.fromkeys(texts, str)))[:, 1]

    return run


def lightgbm(source: Source) -> Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]:
    """LightGBM with its defaults and native categories."""
    from lightgbm import LGBMClassifier

    def run(seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
        features, target = for_peers(seen, source)
        kinds = {
            name: pd.CategoricalDtype(sorted(features[name].astype(str).unique()))
            for name in features.select_dtypes(exclude="number")
        }
        model = LGBMClassifier(n_jobs=2, verbosity=-1).fit(_cast(features, kinds), target)
        return model.predict_proba(_cast(for_peers(unseen, source)[0], kinds))[:, 1]

    return run


def _cast(features: pd.DataFrame, kinds: dict[str, pd.CategoricalDtype]) -> pd.DataFrame:
    return features.assign(**{name: features[name].astype(str).astype(kind) for name, kind in kinds.items()})


def logistic(source: Source) -> Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]:
    """scikit-learn's logistic regression on scaled numbers and one-hot categories."""

    def run(seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
        features, target = for_peers(seen, source)
        columns = make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
            (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
        )
        model = make_pipeline(columns, LogisticRegression(max_iter=2000)).fit(features, target)
        return model.predict_proba(for_peers(unseen, source)[0])[:, 1]

    return run


def measure(source: Source, name: str, run: Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]) -> dict[str, object]:
    """Mean figures over the splits."""
    frame = read(source)
    found = []
    for seed in SPLITS:
        seen, unseen = train_test_split(frame, test_size=0.25, random_state=seed, stratify=frame[source.target])
        target = (unseen[source.target] == source.positive).to_numpy(dtype=int)
        start = time.perf_counter()
        chance = run(seen, unseen)
        seconds = time.perf_counter() - start
        functions = (metrics.roc_auc, metrics.pr_auc, metrics.log_loss, metrics.expected_calibration_error)
        found.append([*(function(target, chance) for function in functions), seconds])
    auc, pr_auc, loss, ece, seconds = np.mean(found, axis=0)
    return _row(source.name, name, (auc, pr_auc, loss), ece, seconds)


def _row(
    data: str, model: str, figures: tuple[float, float, float], ece: float | None = None, seconds: float | None = None
) -> dict[str, object]:
    auc, pr_auc, loss = figures
    return {
        "data": data,
        "model": model,
        "roc_auc": f"{auc:.4f}",
        "pr_auc": f"{pr_auc:.4f}",
        "log_loss": f"{loss:.4f}",
        "ece": "" if ece is None else f"{ece:.4f}",
        "fit_seconds": "" if seconds is None else f"{seconds:.1f}",
    }


def main() -> None:
    """Print one table for each set named on the command line, or for all."""
    wanted = sys.argv[1:]
    for source in SOURCES:
        if wanted and source.name not in wanted:
            continue
        rows = [
            measure(source, "cxml boosted", ours(BoostedChurn, source)),
            measure(source, "cxml logistic", ours(LogisticChurn, source)),
            measure(source, "CatBoost", catboost(source)),
            measure(source, "LightGBM", lightgbm(source)),
            measure(source, "logistic (scikit-learn)", logistic(source)),
            _row(source.name, "AutoGluon best, 150 s (earlier)", AUTOGLUON[source.name]),
            _row(source.name, "to reach", TO_REACH[source.name]),
        ]
        table(rows, f"{source.name}: mean of three stratified 75/25 splits")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

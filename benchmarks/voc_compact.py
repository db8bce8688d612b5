"""The compact text model beside its own parts and TF-IDF with a linear SVM, on three public sets.

``python benchmarks/voc_compact.py [nsmc] [3i4k] [banking77] [--development] [--rows 30000] [--only compact]``

The official splits: 150,000/50,000, 55,134/6,121 and 10,003/3,080 comments.
``--development`` holds a tenth of the training rows out and leaves the test rows alone: settings are chosen there.
``linear part`` and ``net`` are the two parts of the one model that was fitted, each by itself. Speeds are of one
process, text in, scores out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.svm import LinearSVC

from _data import FOLDER, table
from cxml.voc.heads import Head
from cxml.voc.nets.compact import CompactEngine, CompactSettings

QUOTED = {
    "nsmc": {"to reach": ".8850", "DistilKoBERT (published)": ".8841", "KoBERT (published)": ".8963"},
    "3i4k": {"to reach (linear)": ".8930"},
    "banking77": {"to reach (linear)": ".9250"},
}


@dataclass(frozen=True)
class Source:
    """A set with the columns of its text and label, and an official split."""

    file: str
    text: str
    label: str


SOURCES = {
    "nsmc": Source("nsmc.csv.gz", "document", "label"),
    "3i4k": Source("3i4k.csv.gz", "text", "label"),
    "banking77": Source("banking77.csv.gz", "text", "category"),
}


@dataclass(frozen=True)
class Held:
    """Comments to learn from and comments to be judged on, labels as positions."""

    seen: list[str]
    seen_labels: np.ndarray
    unseen: list[str]
    unseen_labels: np.ndarray
    labels: tuple[str, ...]


def hold(source: Source, *, development: bool, rows: int | None) -> Held:
    """Read a set and split it, or end the benchmark with a clear word."""
    path = FOLDER / "voc" / source.file
    if not path.is_file():
        print(f"skipped: {source.file} is not here ({path}). Set CXML_DATA to the folder that holds voc/.")
        raise SystemExit(0)
    frame = pd.read_csv(path)
    positions, labels = pd.factorize(frame[source.label].astype(str), sort=True)
    texts = frame[source.text].fillna("").astype(str).to_numpy()
    train = frame["split"].ne("test").to_numpy()
    seen, unseen = np.flatnonzero(train), np.flatnonzero(~train)
    if development:
        shuffled = np.random.default_rng(0).permutation(seen)
        unseen, seen = np.split(shuffled, [len(seen) // 10])
    seen = np.random.default_rng(1).permutation(seen)[:rows]
    return Held(list(texts[seen]), positions[seen], list(texts[unseen]), positions[unseen], tuple(labels))


def line(model: str, held: Held, said: np.ndarray, **more: object) -> dict[str, object]:
    """Write a line of the table."""
    truth = held.unseen_labels
    figures = {"accuracy": accuracy_score(truth, said), "macro_f1": f1_score(truth, said, average="macro")}
    return {"model": model, **{name: f"{figure:.4f}" for name, figure in figures.items()}, **more}


def compact(held: Held, settings: CompactSettings) -> list[dict[str, object]]:
    """The engine, its parts, its speed and its size."""
    start = time.perf_counter()
    began = time.process_time()
    head = Head("topic", "topic", "single", held.labels)
    engine = CompactEngine(settings)
    engine.fit(held.seen, {"topic": held.seen_labels}, [head], step=lambda text: print("  ", text, flush=True))
    fitted = {"fit_s": f"{time.perf_counter() - start:.0f}", "fit_cpu_s": f"{time.process_time() - began:.0f}"}
    saved = CompactEngine.from_parts(engine.parts())
    size = sum(part.nbytes for part in engine.parts().values() if isinstance(part, np.ndarray)) / 1e6
    start = time.process_time()
    said = saved.scores(held.unseen)["topic"].argmax(axis=1)
    rate = len(held.unseen) / (time.process_time() - start)
    single = statistics.median(_seconds(saved.scores, [text]) for text in held.unseen[:300]) * 1e3
    speeds = {"comments_per_s": f"{rate:,.0f}", "one_ms_p50": f"{single:.2f}", "MB": f"{size:.1f}"}
    rows = [line("compact", held, said, **fitted, **speeds)]
    for name, shares in {"  linear part": (1.0, 0.0), "  net": (0.0, 1.0)}.items():
        saved.shares = {"topic": shares}
        rows.append(line(name, held, saved.scores(held.unseen)["topic"].argmax(axis=1)))
    return rows


def _seconds(function: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    start = time.perf_counter()
    function(texts)
    return time.perf_counter() - start


def svm(held: Held) -> list[dict[str, object]]:
    """Character 1-5 grams, TF-IDF, LinearSVC."""
    start, began = time.perf_counter(), time.process_time()
    vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(1, 5), min_df=2, sublinear_tf=True)
    model = LinearSVC(C=0.3 if len(held.labels) == 2 else 1.0)
    model.fit(vectoriser.fit_transform(held.seen), held.seen_labels)
    fitted = {"fit_s": f"{time.perf_counter() - start:.0f}", "fit_cpu_s": f"{time.process_time() - began:.0f}"}
    start = time.process_time()
    said = model.predict(vectoriser.transform(held.unseen))
    rate = len(held.unseen) / (time.process_time() - start)
    return [line("TF-IDF char 1-5 + LinearSVC", held, said, **fitted, comments_per_s=f"{rate:,.0f}")]


def main() -> None:
    """Print one table a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="set", help=f"of {', '.join(SOURCES)}; default: all")
    parser.add_argument("--development", action="store_true", help="judge on a tenth of the training rows")
    parser.add_argument("--rows", type=int, default=None, help="training rows; default: all")
    parser.add_argument("--epochs", type=int, default=CompactSettings().epochs, help="passes of the compact model")
    parser.add_argument("--only", choices=("compact", "svm"), default=None, help="one of the models")
    asked = parser.parse_args()
    unknown = set(asked.sets) - set(SOURCES)
    if unknown:
        parser.error(f"no such set: {', '.join(sorted(unknown))}. There are {', '.join(SOURCES)}.")
    for name in asked.sets or SOURCES:
        held = hold(SOURCES[name], development=asked.development, rows=asked.rows)
        rows = [] if asked.only == "svm" else compact(held, CompactSettings(epochs=asked.epochs))
        rows += [] if asked.only == "compact" else svm(held)
        if not asked.development:
            rows += [{"model": each, "accuracy": figure} for each, figure in QUOTED[name].items()]
        place = "a tenth of the training rows" if asked.development else "official test"
        table(rows, f"{name}: {place}, {len(held.seen):,} to learn from, {len(held.unseen):,} judged")


if __name__ == "__main__":
    main()

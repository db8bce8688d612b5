"""Time cxml.boosting beside LightGBM's own functions, in one process on one machine.

    python benchmarks/boosting_speed.py            # the whole table, a few minutes
    python benchmarks/boosting_speed.py --quick    # fewer rows

Only the ratios travel to other machines. `pred_contrib` is timed on at most 500 rows (it takes the
same time for each row), interleaved with ours, and the median of the repeats is printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import lightgbm
import numpy as np

from cxml.boosting import RowScorer, contributions, from_text, to_text, train_booster

FEATURES, CATEGORIES = 25, 5
SHAPES = ((300, 31), (1_000, 8))


def make_data(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    X = random.normal(size=(n_rows, FEATURES))
    X[:, -CATEGORIES:] = random.integers(0, 8, (n_rows, CATEGORIES))
    X[random.random(X.shape) < 0.02] = np.nan
    known = np.nan_to_num(X)
    logit = (
        known[:, :10] @ random.normal(size=10) * 0.4 + known[:, 0] * known[:, 1] * 0.5 + (known[:, 20] % 3 == 1) * 0.8
    )
    return X, (random.random(n_rows) < 1 / (1 + np.exp(-logit))).astype(float)


def train(X: np.ndarray, y: np.ndarray, rounds: int, leaves: int) -> lightgbm.Booster:
    params = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.05}
    return train_booster(X, y, params=params, rounds=rounds, categorical=range(FEATURES - CATEGORIES, FEATURES))


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def one_row(booster: lightgbm.Booster, X: np.ndarray) -> None:
    scorer, table = RowScorer(booster), X[:2_000].tolist()
    calls: Sequence[tuple[str, Callable[[list[float]], object]]] = (
        ("RowScorer", scorer),
        ("Booster.predict", lambda row: booster.predict(np.array([row]), raw_score=True, num_threads=1)),
    )
    found = {name: [] for name, _ in calls}
    for row in table:  # interleaved, so that both meet the same disturbances
        for name, call in calls:
            start = time.perf_counter_ns()
            call(row)
            found[name].append((time.perf_counter_ns() - start) / 1e3)
    alone = [seconds(lambda row=row: scorer(row)) * 1e6 for row in table]
    same = [seconds(lambda: scorer(table[0])) * 1e6 for _ in table]
    found |= {"RowScorer, in a loop": alone, "RowScorer, one row again": same}
    print(f"\none row, {FEATURES} features, raw score (fast={scorer.fast})")
    print(f"{'':26}{'p50 us':>10}{'p99 us':>10}{'x of predict':>14}")
    base = np.median(found["Booster.predict"])
    for name, times in found.items():
        middle, high = np.percentile(times, [50, 99])
        print(f"{name:26}{middle:10.1f}{high:10.1f}{base / middle:14.1f}")


def many_rows(booster: lightgbm.Booster, X: np.ndarray, sizes: Sequence[int]) -> None:
    print(f"{'rows':>8}{'ours rows/s':>13}{'first call':>12}{'pred_contrib':>14}{'ratio':>8}{'first':>8}{'apart':>9}")
    text = to_text(booster)
    for n_rows in sizes:
        rows, few = X[:n_rows], X[: min(n_rows, 500)]
        theirs, ours, first = [], [], []
        for _ in range(3):
            fresh = from_text(text)
            first.append(n_rows / seconds(lambda rows=rows, fresh=fresh: contributions(fresh, rows)))
            theirs.append(len(few) / seconds(lambda few=few: booster.predict(few, pred_contrib=True)))
            ours.append(n_rows / seconds(lambda rows=rows, fresh=fresh: contributions(fresh, rows)))
        apart = np.abs(contributions(fresh, rows)[: len(few)] - booster.predict(few, pred_contrib=True)).max()
        own, cold, other = np.median(ours), np.median(first), np.median(theirs)
        print(
            f"{n_rows:8,}{own:13,.0f}{cold:12,.0f}{other:14,.0f}{own / other:8.1f}{cold / other:8.1f}{apart:9.1e}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="stop at 10,000 rows")
    quick = parser.parse_args().quick
    X, y = make_data(50_000)
    for rounds, leaves in SHAPES:
        booster = train(X[:20_000], y[:20_000], rounds, leaves)
        print(f"\n=== {rounds:,} trees x {leaves} leaves")
        if (rounds, leaves) == SHAPES[0]:
            one_row(booster, X)
        print("\ncontributions (`first`: with nothing prepared)")
        many_rows(booster, X, (100, 1_000, 10_000) if quick else (100, 1_000, 2_000, 10_000, 50_000))


if __name__ == "__main__":
    main()

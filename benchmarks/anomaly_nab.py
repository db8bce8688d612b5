"""The Numenta Anomaly Benchmark: cxml's detectors beside the published rows, by the official scorer's rules.

Each file is followed from nothing, as it would have come: the first rows (15 %, 750 at most) settle what a series is,
and no score knows of later rows. One configuration for all files. The benchmark counts every row above the threshold;
what is handed in are the rows at which somebody would be told (`_anomaly.first_told`), which is what an alert is. The
one threshold of all files is swept on labels, as it was for the published rows. Development files, by a hash of their
name, are those on which methods were chosen; the others were looked at once, at the end. Published peers are shown on
the same files; their thresholds come from all 58 files of the benchmark.

    python benchmarks/anomaly_nab.py
    python benchmarks/anomaly_nab.py --development --files      the development half only, file by file
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from _anomaly import NAB_PROFILES, Labelled, first_told, read_nab, read_nab_published, windowed_gaussian
from _data import table
from cxml import anomaly
from cxml.metrics.nab import PROFILES, nab_count, nab_normalised, nab_sweep

#: Rows after an alert in which only what is stranger is told again.
REST = 100
TO_REACH = {"method": "to reach (all files)", "standard": 62.0, "low_fp": 50.0}
SHOWN = ("ARTime", "numenta", "contextOSE", "htmjava", "knncad", "relativeEntropy", "randomCutForest", "twitterADVec")

Scores = dict[str, np.ndarray]


def cxml_scores(files: Sequence[Labelled], method: str) -> Scores:
    """Scores of all files, each a series of its own that is followed from nothing."""
    frames = [file.frame() for file in files]
    # A row whose moment came before (a clock put back) is not scored.
    forward = [frame["ds"] > frame["ds"].cummax().shift() for frame in frames]
    kept = [frame[new | (frame.index == 0)] for frame, new in zip(frames, forward, strict=True)]
    found = anomaly.detect(pd.concat(kept, ignore_index=True), method=method)["score"].to_numpy(float)
    scores, at = {}, 0
    for file, rows in zip(files, kept, strict=True):
        scores[file.name] = np.zeros(len(file.values))
        scores[file.name][rows.index] = found[at : at + len(rows)]
        at += len(rows)
    return scores


def told(scores: Scores) -> Scores:
    """What is handed in for each file."""
    return {name: first_told(one, REST) for name, one in scores.items()}


def row_of(name: str, files: Sequence[Labelled], scores: Scores) -> dict[str, object]:
    """Scores of the three profiles, each at its own best threshold."""
    given = [(scores[file.name], file.windows) for file in files]
    found: dict[str, object] = {"method": name}
    for profile in PROFILES:
        found[profile] = round(nab_sweep(given, profile=profile)[1], 1)
    found["threshold"] = round(nab_sweep(given)[0], 3)
    return found


def published_rows(files: Sequence[Labelled]) -> list[dict[str, object]]:
    """The published rows of these files, summed and normalised."""
    rows = read_nab_published()
    rows = rows[rows["File"].isin([file.name for file in files])]
    windows = sum(len(file.windows) for file in files)
    raw = rows.groupby(["Detector", "Profile"])["Score"].sum()
    return [
        {"method": f"{name} (published)"}
        | {
            profile: round(nab_normalised(raw[name, of], windows, profile=profile), 1)
            for profile, of in NAB_PROFILES.items()
        }
        for name in (*SHOWN, "windowedGaussian")
    ]


def by_file(files: Sequence[Labelled], scores: Scores) -> list[dict[str, object]]:
    """What each file comes to at the best threshold of the standard profile."""
    threshold, _ = nab_sweep([(scores[file.name], file.windows) for file in files])
    found = []
    for file in files:
        count = nab_count(scores[file.name], file.windows, threshold)
        hits = sum(bool((scores[file.name][first : last + 1] >= threshold).any()) for first, last in file.windows)
        found.append(
            {
                "file": file.name,
                "raw": round(count.raw, 2),
                "windows": len(file.windows),
                "found": hits,
                "false rows": count.false_positives,
            }
        )
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--development", action="store_true", help="only the half on which methods may be chosen")
    parser.add_argument("--files", action="store_true", help="file by file as well")
    parser.add_argument("--methods", nargs="*", default=["residual", "robust_z"])
    options = parser.parse_args()
    files = [file for file in read_nab() if file.development or not options.development]
    given: dict[str, Scores] = {}
    for method in options.methods:
        began = time.perf_counter()
        given[f"cxml {method}"] = told(cxml_scores(files, method))
        print(f"cxml {method}: {sum(len(file.values) for file in files):,} rows, {time.perf_counter() - began:.0f} s")
    given["windowed Gaussian, re-run"] = {file.name: windowed_gaussian(file.times, file.values, 0) for file in files}
    given["the same, told once"] = told(given["windowed Gaussian, re-run"])
    halves = {"development half": [file for file in files if file.development]}
    if not options.development:
        halves = {"all 38 files": files} | halves | {"untouched half": [file for file in files if not file.development]}
    for title, half in halves.items():
        rows = [row_of(name, half, scores) for name, scores in given.items()] + published_rows(half)
        rows.sort(key=lambda row: -float(str(row["standard"])))
        windows = sum(len(file.windows) for file in half)
        table([*rows, TO_REACH], f"NAB, {title}: {len(half)} files, {windows} windows")
        if options.files:
            first = next(iter(given))
            table(by_file(half, given[first]), f"{first}, file by file, at the best threshold of the standard profile")


if __name__ == "__main__":
    pd.set_option("display.width", 160)
    main()

"""The score of the Numenta benchmark: worked by hand, against a slow walk of its rules, and a published row re-run."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxml.metrics.nab import PROFILES, nab_count, nab_normalised, nab_score, nab_sweep, window_rows

DATA = Path(os.environ.get("CXML_DATA", Path(__file__).parents[3] / "shared" / "data")) / "anomaly"
PUBLISHED = {"standard": "standard", "low_fp": "reward_low_FP_rate", "low_fn": "reward_low_FN_rate"}


def slow(scores, windows, threshold, weights):
    """The rules row by row, as the paper tells them."""

    def sigmoid(y):
        return -1.0 if y > 3 else 2 / (1 + math.exp(5 * y)) - 1

    probation = min(math.floor(0.15 * len(scores)), 750)
    best, cost = dict.fromkeys(range(len(windows)), -weights.missed), 0.0
    for row, score in enumerate(scores):
        if row < probation or score < threshold:
            continue
        inside = [k for k, (first, last) in enumerate(windows) if first <= row <= last]
        behind = [(first, last) for first, last in windows if last < row]
        if inside:
            first, last = windows[inside[0]]
            worth = weights.found * sigmoid(-(last - row + 1) / (last - first + 1)) / sigmoid(-1)
            best[inside[0]] = max(best[inside[0]], worth)
        elif behind:
            first, last = behind[-1]
            cost += weights.false * sigmoid((row - last) / (last - first))
        else:
            cost -= weights.false
    return sum(best.values()) + cost


def made(seed, rows=400):
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.choice(np.arange(90, rows - 40, 50), size=3, replace=False))
    windows = [(int(start), int(start + rng.integers(3, 30))) for start in starts]
    return np.round(rng.normal(size=rows) + 2, 1), windows


@pytest.mark.parametrize("profile", PROFILES)
def test_a_file_counts_as_the_rules_say_row_by_row(profile):
    for seed in range(5):
        scores, windows = made(seed)
        for threshold in (0.5, 2.0, 4.0, 9.0):
            found = nab_count(scores, windows, threshold, profile=profile)
            assert found.raw == pytest.approx(slow(scores, windows, threshold, PROFILES[profile]), abs=1e-12)
            told = scores[60:] >= threshold
            assert found.true_positives + found.false_positives == told.sum()
            assert found.true_negatives + found.false_negatives == (~told).sum()


def test_the_earliest_row_of_a_window_counts_and_later_ones_add_nothing():
    quiet = np.zeros(100)
    early, late, both = quiet.copy(), quiet.copy(), quiet.copy()
    early[50], late[59], both[[50, 55, 59]] = 1, 1, 1
    worth = [nab_count(scores, [(50, 59)], 0.5).raw for scores in (early, late, both)]
    assert worth[0] == worth[2] == pytest.approx(1.0)
    assert 0 < worth[1] < 0.3


def test_rows_of_the_probation_neither_earn_nor_cost():
    scores = np.zeros(100)
    scores[:15] = 1
    assert nab_count(scores, [(50, 59)], 0.5).raw == -1
    scores = np.zeros(10_000)
    scores[749:751] = 1
    assert nab_count(scores, [(5_000, 5_009)], 0.5).raw == pytest.approx(-1.11)


def test_the_sweep_finds_the_best_threshold_of_all():
    files = [made(seed) for seed in range(3)]
    for profile in PROFILES:
        threshold, best = nab_sweep(files, profile=profile)
        every = np.unique(np.concatenate([scores for scores, _ in files]))
        told = [nab_score(files, one, profile=profile) for one in every]
        assert best == pytest.approx(max(0.0, *told))
        if np.isfinite(threshold):
            assert nab_score(files, threshold, profile=profile) == pytest.approx(best)


def test_silence_is_nought_and_the_first_rows_of_windows_are_a_hundred():
    scores, windows = made(1)
    perfect = np.zeros(len(scores))
    perfect[[first for first, _ in windows]] = 1
    for profile in PROFILES:
        assert nab_score([(scores, windows)], np.inf, profile=profile) == 0
        assert nab_sweep([(perfect, windows)], profile=profile) == (1.0, pytest.approx(100.0))
        assert nab_normalised(3.0, 3, profile=profile) == 100
    assert nab_sweep([(-perfect, windows)])[0] == np.inf


def test_two_rows_of_one_time_belong_to_their_window():
    times = np.array(["2020-01-01T00", "2020-01-01T01", "2020-01-01T01", "2020-01-01T02"], dtype="datetime64[h]")
    ends = (np.datetime64("2020-01-01T01"), np.datetime64("2020-01-01T01"))
    assert window_rows(times, [ends]).tolist() == [[1, 2]]
    assert window_rows(times, []).shape == (0, 2)


def test_windows_that_overlap_are_refused():
    with pytest.raises(ValueError, match=r"got \(4, 8\) at position 1"):
        nab_count(np.zeros(20), [(1, 5), (4, 8)], 1.0)


@pytest.mark.skipif(not (DATA / "nab_series.csv.gz").is_file(), reason="the NAB series are not here")
def test_a_published_detector_run_again_comes_to_its_published_rows():
    """Windowed Gaussian, from its description: the tail of a normal over 6,400 rows, moved on by 100 at a time."""
    series = pd.read_csv(DATA / "nab_series.csv.gz", parse_dates=["timestamp"])
    windows = json.loads((DATA / "nab_windows.json").read_text())
    published = pd.read_csv(DATA / "nab_published_scores.csv.gz")
    published = published[published["Detector"] == "windowedGaussian"].set_index(["Profile", "File"])
    compared = 0
    for file, rows in series.groupby("file"):
        if len(rows) > 4_500:  # the rest in benchmarks/anomaly_nab.py
            continue
        ends = [(np.datetime64(start), np.datetime64(end)) for start, end in windows[file]]
        inside = window_rows(rows["timestamp"].to_numpy(), ends)
        scores = windowed_gaussian(rows["value"].to_numpy())
        for profile, name in PUBLISHED.items():
            row = published.loc[(name, file)]
            # The published thresholds are rounded to 1; this one is theirs to twelve digits.
            found = nab_count(scores, inside, 0.9999999999995, profile=profile)
            assert found.raw == pytest.approx(row["Score"], abs=1e-9)
            assert (found.true_positives, found.false_positives) == (row["TP"], row["FP"])
            compared += 1
    assert compared >= 60


def windowed_gaussian(values):
    scores = np.zeros(len(values))
    for row in range(1, len(values)):
        start, end = 0, row
        if row > 6_400:
            end -= (row - 6_400) % 100
            start = end - 6_400
        if row <= 6_400 or end == row:
            mean, spread = values[start:end].mean(), values[start:end].std() or 1e-6
        scores[row] = 1 - 0.5 * math.erfc(abs(values[row] - mean) / spread / 1.4142)
    return scores

"""Range AUC-PR, VUS-PR and event AUC-PR: worked by hand, against slow walks of their definitions, and their bounds."""

from __future__ import annotations

import numpy as np
import pytest

from cxml.metrics.vus import event_auc_pr, range_auc_pr, vus_pr


def stretches(labels):
    """First and last row of each run of labels above 0."""
    found, start = [], None
    for row, label in enumerate([*labels, 0]):
        if label > 0 and start is None:
            start = row
        elif label <= 0 and start is not None:
            found.append((start, row - 1))
            start = None
    return found


def slow_range(y, score, buffer):
    soft = np.array(y, dtype=float)
    for first, last in stretches(y):
        for row in range(len(y)):
            away = max(first - row, row - last)
            if 0 < away <= buffer // 2:
                soft[row] += np.sqrt(1 - away / buffer)
    soft = np.minimum(soft, 1)
    full, area, before = (sum(y) + soft.sum()) / 2, 0.0, 0.0
    for threshold in np.unique(score)[::-1]:
        told = score >= threshold
        found = [told[first : last + 1].any() for first, last in stretches(soft)]
        recall = min((soft * told).sum() / full, 1) * np.mean(found)
        area += (soft * told).sum() / told.sum() * (recall - before)
        before = recall
    return area


def slow_event(y, score):
    area, before = 0.0, 0.0
    for threshold in np.unique(score)[::-1]:
        told = score >= threshold
        found = sum(told[first : last + 1].any() for first, last in stretches(y))
        false = len(stretches(told & (y == 0)))
        recall = found / len(stretches(y))
        area += found / max(found + false, 1) * (recall - before)
        before = recall
    return area


def made(seed, digits):
    rng = np.random.default_rng(seed)
    y = np.zeros(150, dtype=int)
    for start in rng.integers(0, 145, size=4):
        y[start : start + rng.integers(1, 6)] = 1
    return y, np.round(rng.normal(size=150) + y, digits)


@pytest.mark.parametrize("digits", [0, 1, 6], ids=["many ties", "some ties", "no ties"])
def test_the_fast_walk_equals_the_slow_one(digits):
    for seed in range(6):
        y, score = made(seed, digits)
        areas = [slow_range(y, score, buffer) for buffer in range(10)]
        for buffer in (0, 1, 4, 9):
            assert range_auc_pr(y, score, buffer=buffer) == pytest.approx(areas[buffer])
        assert vus_pr(y, score, buffer=9) == pytest.approx(np.mean(areas))
        assert event_auc_pr(y, score) == pytest.approx(slow_event(y, score))


def test_a_score_one_row_late_is_worth_more_once_edges_are_soft():
    y = np.zeros(60, dtype=int)
    y[20:24] = 1
    late = np.roll(y, 2) * 1.0
    assert vus_pr(y, late, buffer=12) > range_auc_pr(y, late, buffer=0)
    assert vus_pr(y, late, buffer=12) < vus_pr(y, y * 1.0, buffer=0) == 1.0


def test_measures_stay_between_nought_and_one_and_hang_on_order_alone():
    for seed in range(5):
        y, score = made(seed, 6)
        for measure in (lambda s, y=y: vus_pr(y, s, buffer=8), lambda s, y=y: event_auc_pr(y, s)):
            assert 0 < measure(score) <= 1
            assert measure(score) == pytest.approx(measure(np.exp(score)))
            assert measure(y + 0.0) > measure(score)


def test_a_score_that_says_nothing_is_worth_the_share_of_labels():
    y = np.zeros(1_000, dtype=int)
    y[400:450] = 1
    assert range_auc_pr(y, np.ones(1_000)) == pytest.approx(0.05)


def test_events_count_once_however_long():
    y = np.array([0, 1, 1, 1, 1, 0, 0, 0, 1, 0])
    one_row_each = np.array([0, 0, 0, 5, 0, 0, 0, 0, 4, 0.0])
    assert event_auc_pr(y, one_row_each) == 1
    long_false_run = np.array([0, 0, 0, 5, 0, 6, 6, 6, 4, 0.0])
    assert event_auc_pr(y, long_false_run) == pytest.approx(0.5 * 1 / 2 + 0.5 * 2 / 3)


def test_rows_of_one_class_are_refused():
    for measure in (event_auc_pr, range_auc_pr):
        with pytest.raises(ValueError, match=r"both classes, got only y = 1"):
            measure([1, 1], [0, 1])
    with pytest.raises(ValueError, match=r"whole number of rows >= 0, got 1\.5"):
        vus_pr([0, 1], [0, 1], buffer=1.5)

"""Ranked lists against a plain count by hand, and refusals."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxml.metrics.ranking import average_precision_at, ndcg_at, precision_at, recall_at, reciprocal_rank_at

ALL = (ndcg_at, recall_at, precision_at, reciprocal_rank_at, average_precision_at)


def by_hand(hits, relevant, k):
    """The definitions, rank by rank."""
    hits = hits[:k]
    gain = sum(hit / math.log2(rank + 2) for rank, hit in enumerate(hits))
    best = sum(1 / math.log2(rank + 2) for rank in range(min(k, relevant)))
    precision = [sum(hits[: rank + 1]) / (rank + 1) * hit for rank, hit in enumerate(hits)]
    first = next((1 / (rank + 1) for rank, hit in enumerate(hits) if hit), 0.0)
    return [gain / best, sum(hits) / relevant, sum(hits) / k, first, sum(precision) / min(k, relevant)]


def test_each_metric_is_its_definition():
    rng = np.random.default_rng(3)
    hits = (rng.random((60, 12)) < 0.25).astype(int)
    relevant = hits.sum(axis=1) + rng.integers(0, 4, 60)
    relevant = np.maximum(relevant, 1)
    for k in (1, 5, 10, 12):
        expected = np.array([by_hand(row.tolist(), int(n), k) for row, n in zip(hits, relevant, strict=True)])
        for place, metric in enumerate(ALL):
            assert_allclose(metric(hits, relevant, k), expected[:, place])


def test_a_list_of_hits_alone_is_perfect_and_one_without_is_worth_nothing():
    for metric in ALL:
        assert metric([[1, 1, 1]], [3], 3).tolist() == [1.0]
        assert metric([[0, 0, 0]], [3], 3).tolist() == [0.0]


def test_ndcg_agrees_with_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    wanted, scores = rng.random((40, 30)) < 0.2, rng.random((40, 30))
    wanted[:, 0] = True
    order = np.argsort(-scores, axis=1)[:, :10]
    found = ndcg_at(np.take_along_axis(wanted, order, axis=1), wanted.sum(axis=1), 10)
    assert found.mean() == pytest.approx(sklearn.ndcg_score(wanted, scores, k=10))


@pytest.mark.parametrize("metric", ALL)
def test_refusals_say_what_to_do(metric):
    with pytest.raises(ValueError, match="`k` must be a whole number >= 1, got 0"):
        metric([[1]], [1], 0)
    with pytest.raises(ValueError, match=r"at least 5 ranks.*got shapes \(1, 2\) and \(1,\)\. Fill the ranks"):
        metric([[1, 0]], [1], 5)
    with pytest.raises(ValueError, match=r"must hold only 0 and 1, got 0\.5"):
        metric([[0.5, 0.0]], [1], 2)
    with pytest.raises(ValueError, match="got 1 with 2 hits at position 0"):
        metric([[1, 1]], [1], 2)
    with pytest.raises(ValueError, match="Leave customers out who took nothing"):
        metric([[0, 0]], [0], 2)

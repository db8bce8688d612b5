"""Harrell's C: worked by hand, by comparing all pairs, and against lifelines."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cxml.metrics import concordance_index

quick = settings(max_examples=40, deadline=None)


def all_pairs(time, event, risk):
    """Walk over every pair; None when none can be compared."""
    good = pairs = 0.0
    for i in range(len(time)):
        for j in range(len(time)):
            if event[i] and (time[j] > time[i] or (time[j] == time[i] and not event[j])):
                pairs += 1
                good += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    return good / pairs if pairs else None


rows = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(-3, 3)), min_size=1, max_size=30)


@quick
@given(rows)
def test_equals_the_walk_over_all_pairs(data):
    time, event, risk = map(np.array, zip(*data, strict=True))
    expected = all_pairs(time, event, risk)
    assume(expected is not None)
    assert concordance_index(time, event, risk) == pytest.approx(expected, abs=1e-12)


@quick
@given(rows)
def test_turning_the_risk_round_turns_the_index_round(data):
    time, event, risk = map(np.array, zip(*data, strict=True))
    assume(all_pairs(time, event, risk) is not None)
    assert concordance_index(time, event, -risk) == pytest.approx(1 - concordance_index(time, event, risk), abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_equals_lifelines(seed):
    theirs = pytest.importorskip("lifelines.utils")
    rng = np.random.default_rng(seed)
    time, event, risk = rng.integers(0, 30, 200), rng.random(200) < 0.6, np.round(rng.normal(size=200), 1)
    assert concordance_index(time, event, risk) == pytest.approx(theirs.concordance_index(time, -risk, event))


@pytest.mark.parametrize(
    ("time", "event", "risk", "expected"),
    [
        ([1, 2, 3], [1, 1, 1], [3, 2, 1], 1.0),
        ([1, 2, 3], [1, 1, 1], [1, 2, 3], 0.0),
        ([1, 2, 3], [1, 1, 1], [5, 5, 5], 0.5),
        ([1, 2, 3], [1, 0, 1], [3, 9, 2], 0.5),  # only 1-2 and 1-3 are known; 3 is the last
        ([2, 2, 3], [1, 0, 1], [3, 2, 1], 1.0),  # still there at 2 outlives who left at 2
        ([2, 2, 3], [1, 1, 0], [3, 2, 1], 1.0),  # two who left at 2 are not compared
    ],
)
def test_by_hand(time, event, risk, expected):
    assert concordance_index(time, event, risk) == expected


def test_without_censoring_and_one_time_each_it_is_the_auc_of_early_against_late():
    from cxml.metrics import roc_auc

    risk = np.random.default_rng(0).normal(size=100)
    y = np.repeat([1, 0], 50)
    assert concordance_index(np.where(y == 1, 1, 2), y, risk) == pytest.approx(roc_auc(y, risk))


def test_refusals():
    with pytest.raises(ValueError, match=r"needs a pair .* got none among 2 customers, 0 of whom left"):
        concordance_index([1, 2], [0, 0], [0.1, 0.2])
    with pytest.raises(ValueError, match="must describe the same customers, got 2, 2 and 1"):
        concordance_index([1, 2], [1, 0], [0.1])
    with pytest.raises(ValueError, match="`duration` must be >= 0, got -1"):
        concordance_index([-1, 2], [1, 0], [0.1, 0.2])
    with pytest.raises(ValueError, match="`observed` must hold only 0 and 1"):
        concordance_index([1, 2], [1, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="`risk` must be finite"):
        concordance_index([1, 2], [1, 0], [0.1, None])

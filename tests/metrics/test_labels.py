"""Figures of labels, against scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score
from sklearn.metrics import confusion_matrix as peer_matrix

from cxml.metrics.labels import confusion_matrix, macro_f1, quadratic_kappa


@pytest.fixture(params=range(5))
def said(request):
    rng = np.random.default_rng(request.param)
    truth = rng.choice(6, 400, p=[0.4, 0.3, 0.2, 0.05, 0.05, 0])
    return truth, np.where(rng.random(400) < 0.6, truth, rng.integers(0, 5, 400))


def test_counts_and_figures_are_those_of_scikit_learn(said):
    truth, answer = said
    counts = confusion_matrix(truth, answer, 6)
    np.testing.assert_array_equal(counts, peer_matrix(truth, answer, labels=range(6)))
    assert macro_f1(counts) == pytest.approx(f1_score(truth, answer, average="macro"))
    wanted = cohen_kappa_score(truth, answer, weights="quadratic", labels=range(6))
    assert quadratic_kappa(counts) == pytest.approx(wanted)


def test_perfect_reversed_and_constant_answers():
    truth = np.arange(5).repeat(20)
    assert quadratic_kappa(confusion_matrix(truth, truth, 5)) == macro_f1(confusion_matrix(truth, truth, 5)) == 1
    assert quadratic_kappa(confusion_matrix(truth, 4 - truth, 5)) == pytest.approx(-1)
    assert quadratic_kappa(confusion_matrix(truth, np.full(100, 2), 5)) == pytest.approx(0)
    assert macro_f1(confusion_matrix(truth, np.zeros(100, dtype=int), 5)) == pytest.approx(2 * 20 / 120 / 5)


def test_nothing_to_judge_is_nan_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(macro_f1(confusion_matrix([], [], 3)))
        assert np.isnan(quadratic_kappa(confusion_matrix([1, 1], [1, 1], 3)))


@pytest.mark.parametrize(("y", "said"), [([0, 1], [0]), ([0, 3], [0, 1]), ([0, -1], [0, 1])])
def test_what_cannot_be_counted_is_refused(y, said):
    with pytest.raises(ValueError, match=r"Labels must be whole numbers from 0 to 2"):
        confusion_matrix(y, said, 3)

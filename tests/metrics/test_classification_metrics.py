"""Ranking and probability metrics: worked by hand, against scikit-learn, and by what must not matter."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from cxml.metrics import brier, expected_calibration_error, lift, log_loss, pr_auc, roc_auc

quick = settings(max_examples=40, deadline=None)

ORACLES = {
    "roc_auc": (roc_auc, sk.roc_auc_score),
    "pr_auc": (pr_auc, sk.average_precision_score),
    "log_loss": (log_loss, sk.log_loss),
    "brier": (brier, sk.brier_score_loss),
}
ALL = {**{name: pair[0] for name, pair in ORACLES.items()}, "lift": lift, "ece": expected_calibration_error}
RANKING = {"roc_auc": roc_auc, "pr_auc": pr_auc, "lift": lift}


@st.composite
def rows(draw, *, ties=True):
    """Targets with both classes, probabilities in fortieths (so that ties happen), and counts."""
    n = draw(st.integers(4, 40))
    y = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 1)))
    y[:2] = [0, 1]
    p = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 40))) / 40
    weight = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 4)))
    weight[:2] += 1
    return y, p, weight


def sample(n=400, seed=0, decimals=2):
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(1.2, 3, n), decimals)
    return (rng.random(n) < p).astype(int), p, rng.integers(0, 5, n)


@pytest.mark.parametrize("name", ORACLES)
@quick
@given(data=rows())
def test_equals_sklearn_with_ties_and_weights(name, data):
    ours, theirs = ORACLES[name]
    y, p, weight = data
    assert ours(y, p) == pytest.approx(theirs(y, p), abs=1e-12)
    assert ours(y, p, weight=weight) == pytest.approx(theirs(y, p, sample_weight=weight), abs=1e-12)


@pytest.mark.parametrize("name", ALL)
@quick
@given(data=rows())
def test_a_weight_repeats_the_row(name, data):
    y, p, weight = data
    repeated = ALL[name](np.repeat(y, weight), np.repeat(p, weight))
    assert ALL[name](y, p, weight=weight) == pytest.approx(repeated, abs=1e-12)


@pytest.mark.parametrize("name", ALL)
@quick
@given(data=rows(), seed=st.integers(0, 99))
def test_a_matrix_of_weights_is_answered_row_by_row_and_row_order_does_not_matter(name, data, seed):
    y, p, weight = data
    order = np.random.default_rng(seed).permutation(y.size)
    matrix = np.stack([weight, np.ones_like(weight), weight + 1])
    many = ALL[name](y[order], p[order], weight=matrix[:, order])
    assert many.shape == (3,)
    assert many == pytest.approx([ALL[name](y, p, weight=row) for row in matrix], abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_float_weights_in_any_unit_give_the_same_answer(name):
    y, p, weight = sample()
    assert ALL[name](y, p, weight=weight / 8) == pytest.approx(ALL[name](y, p, weight=weight), abs=1e-12)


@quick
@given(data=rows())
def test_auc_is_antisymmetric(data):
    y, p, weight = data
    assert roc_auc(y, -p, weight=weight) == pytest.approx(1 - roc_auc(y, p, weight=weight), abs=1e-12)
    assert roc_auc(1 - y, p, weight=weight) == pytest.approx(1 - roc_auc(y, p, weight=weight), abs=1e-12)


@pytest.mark.parametrize("name", RANKING)
@quick
@given(data=rows())
def test_only_the_order_counts_for_a_ranking(name, data):
    y, p, _ = data
    assert RANKING[name](y, 3 * p**3 - 7) == pytest.approx(RANKING[name](y, p), abs=1e-12)


def test_perfect_reversed_and_constant_rankings():
    y = np.array([1, 1, 0, 0, 0])
    assert roc_auc(y, y) == 1
    assert pr_auc(y, y) == 1
    assert roc_auc(y, 1 - y) == 0
    assert roc_auc(y, np.full(5, 0.4)) == 0.5
    assert pr_auc(y, np.full(5, 0.4)) == pytest.approx(0.4)
    assert lift(y, np.full(5, 0.4), 0.2) == pytest.approx(1)
    assert lift(y, y, 0.4) == pytest.approx(2.5)


def test_lift_at_a_cut_inside_a_tie_is_the_mean_over_all_orders():
    y, p, share = np.array([1, 0, 1, 0, 0, 1, 0, 0, 1, 0]), np.array([9, 5, 5, 5, 5, 5, 2, 2, 1, 1]) / 10, 0.3
    rng, drawn = np.random.default_rng(0), []
    for _ in range(4000):
        order = np.lexsort((rng.random(10), -p))
        drawn.append(y[order][:3].mean() / y.mean())
    assert lift(y, p, share) == pytest.approx((1 + 2 * 2 / 5) / 3 / 0.4)
    assert lift(y, p, share) == pytest.approx(np.mean(drawn), abs=0.03)


def test_lift_by_hand_at_every_whole_cut():
    y, p = np.array([1, 0, 1, 1, 0, 0, 0, 0]), np.arange(8, 0, -1) / 10
    for k in range(1, 9):
        assert lift(y, p, k / 8) == pytest.approx(y[:k].mean() / y.mean())


def test_lift_takes_a_fraction_of_a_row():
    assert lift([1, 0], [0.9, 0.1], 0.25) == 2
    assert lift([1, 0], [0.9, 0.1], 0.75) == pytest.approx((1 / 1.5) / 0.5)


def test_ece_without_ties_is_the_gap_of_equal_slices():
    rng = np.random.default_rng(3)
    p = np.sort(rng.random(200))
    y = (rng.random(200) < p**2).astype(int)
    gaps = [abs(y[i : i + 20].mean() - p[i : i + 20].mean()) for i in range(0, 200, 20)]
    assert expected_calibration_error(y, p) == pytest.approx(np.mean(gaps))


def test_ece_never_parts_a_tie():
    y, p = np.array([0, 1, 1, 1]), np.array([0.1, 0.5, 0.5, 0.5])
    # the run of 0.5 has its middle at 62.5 % and so lies whole in the upper of two bins
    assert expected_calibration_error(y, p, bins=2) == pytest.approx((0.1 + 3 * 0.5) / 4)
    assert expected_calibration_error(y, np.full(4, 0.75), bins=10) == 0


def test_ece_of_an_honest_model_is_about_what_the_docstring_says():
    rng, found, said = np.random.default_rng(0), [], []
    for _ in range(60):
        p = rng.beta(1.2, 3, 2000)
        y = (rng.random(2000) < p).astype(int)
        found.append(expected_calibration_error(y, p))
        said.append(0.8 * np.sqrt(10 * brier(y, p) / 2000))
    assert np.mean(found) == pytest.approx(np.mean(said), rel=0.15)


def test_log_loss_of_a_certain_mistake_is_finite():
    assert log_loss([1], [0.0]) == pytest.approx(52 * np.log(2))
    assert log_loss([1], [1.0]) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "lift"])
def test_a_resample_without_positives_is_nan_beside_sound_ones(name):
    found = ALL[name]([1, 0, 0], [0.9, 0.5, 0.1], weight=np.array([[0, 2, 1], [1, 1, 1]]))
    assert np.isnan(found[0])
    assert np.isfinite(found[1])


def test_bool_targets_lists_and_series_are_taken():
    pd = pytest.importorskip("pandas")
    y, p, _ = sample(50)
    assert roc_auc(pd.Series(y == 1), pd.Series(p)) == roc_auc(y.tolist(), p.tolist()) == roc_auc(y, p)


def test_input_is_not_changed():
    y, p, weight = sample(50)
    matrix = np.stack([weight, weight + 1])
    before = y.copy(), p.copy(), matrix.copy()
    for f in ALL.values():
        f(y, p)
        f(y, p, weight=matrix)
    for now, then in zip((y, p, matrix), before, strict=True):
        np.testing.assert_array_equal(now, then)


REFUSALS = [
    (([1, 2], [0.1, 0.2]), {}, r"`y` must hold only 0 and 1 .*got 2.0 in 1 of 2 rows"),
    ((["Yes", "No"], [0.1, 0.2]), {}, r"`y` must hold numbers, got 'Yes', 'No'"),
    (([1, 0], [0.1, np.nan]), {}, r"`p` must be finite, got NaN or infinity in 1 of 2 rows, at positions 1"),
    (([1, 0], [0.1]), {}, r"must describe the same rows, got 2 and 1"),
    (([], []), {}, r"`y` must have one dimension and at least one row, got shape \(0,\)"),
    (([[1, 0]], [0.1, 0.2]), {}, r"got shape \(1, 2\)"),
    (([1, 0], [0.1, 0.2]), {"weight": [1, 2, 3]}, r"`weight` must have shape \(2,\) or \(repeats, 2\)"),
    (([1, 0], [0.1, 0.2]), {"weight": [1, -1]}, r"`weight` must be finite and >= 0"),
    (([1, 0], [0.1, 0.2]), {"weight": [1, np.nan]}, r"`weight` must be finite and >= 0"),
    (([1, 0], [0.1, 0.2]), {"weight": [0, 0]}, r"above 0 for some row"),
]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("args", "kwargs", "message"), REFUSALS)
def test_bad_rows_are_refused_by_every_metric(name, args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        ALL[name](*args, **kwargs)


@pytest.mark.parametrize(("y", "seen"), [([1, 1], 1), ([0, 0], 0)])
def test_auc_refuses_one_class(y, seen):
    with pytest.raises(ValueError, match=f"ROC AUC needs rows of both classes, got only y = {seen}"):
        roc_auc(y, [0.1, 0.2])


def test_metrics_undefined_without_positives_are_refused():
    with pytest.raises(ValueError, match="PR AUC needs at least one row with y = 1"):
        pr_auc([0, 0], [0.1, 0.2])
    with pytest.raises(ValueError, match="Lift needs at least one row with y = 1"):
        lift([0, 0], [0.1, 0.2])


@pytest.mark.parametrize("f", [log_loss, brier, expected_calibration_error])
def test_scores_are_no_probabilities(f):
    with pytest.raises(ValueError, match=r"`p` must be probabilities in \[0, 1\], got -0.1 at position 1"):
        f([1, 0], [0.1, -0.1])


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_lift_refuses_a_share_outside_its_range(share):
    with pytest.raises(ValueError, match=r"`share` must be in \(0, 1\]"):
        lift([1, 0], [0.9, 0.1], share)


@pytest.mark.parametrize("bins", [0, -1, 2.5, True])
def test_ece_refuses_bins(bins):
    with pytest.raises(ValueError, match="`bins` must be a whole number >= 1"):
        expected_calibration_error([1, 0], [0.9, 0.1], bins)


def test_importing_metrics_loads_numpy_only():
    code = "import sys, cxml.metrics; print({'pandas', 'sklearn', 'scipy', 'matplotlib'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

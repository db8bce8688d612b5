"""Bootstrap intervals: against plain resampling, by their coverage, and their bounds on work."""

from functools import partial

import numpy as np
import pytest
from scipy.stats import rankdata

from cxml.metrics import (
    CampaignCosts,
    Interval,
    bootstrap,
    brier,
    campaign_profit,
    difference_interval,
    expected_calibration_error,
    expected_maximum_profit,
    lift,
    log_loss,
    pr_auc,
    roc_auc,
    standard_error,
)
from cxml.metrics import intervals as module

ALL = {
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "log_loss": log_loss,
    "brier": brier,
    "ece": expected_calibration_error,
    "lift_5": partial(lift, share=0.05),
    "profit": partial(campaign_profit, costs=CampaignCosts(), share=0.2),
}


def sample(n=300, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    p = 1 / (1 + np.exp(1 - 1.5 * z))
    return (rng.random(n) < p).astype(int), p, 1 / (1 + np.exp(1 - z + rng.normal(size=n)))


def ends(interval):
    return interval.value, interval.lower, interval.upper


def auc_by_ranks(y, p):
    positive, ranks = y == 1, rankdata(p)
    above = ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return above / (positive.sum() * (~positive).sum())


def test_weighted_and_row_by_row_metrics_see_the_same_resamples():
    y, p, _ = sample()
    plain = {name: lambda y, p, f=f: f(y, p) for name, f in ALL.items()}
    (quick,), (slow,) = bootstrap(ALL, y, p, repeats=60), bootstrap(plain, y, p, repeats=60)
    for name in ALL:
        assert ends(quick[name]) == pytest.approx(ends(slow[name]))


def test_equals_a_bootstrap_written_out_with_ranks():
    y, p, _ = sample()
    rng = np.random.default_rng(5)
    drawn = [auc_by_ranks(y[at], p[at]) for at in rng.integers(0, y.size, (1000, y.size))]
    (found,) = bootstrap({"auc": roc_auc}, y, p, repeats=1000)
    assert found["auc"].value == pytest.approx(auc_by_ranks(y, p))
    assert (found["auc"].lower, found["auc"].upper) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)


def test_auc_interval_covers_the_truth_about_as_often_as_it_says():
    rng, truth, covered = np.random.default_rng(0), 0.7602499389, 0  # normal scores one apart: Phi(1 / sqrt(2))
    for _ in range(200):
        y = np.repeat([0, 1], [120, 80])
        (found,) = bootstrap({"auc": roc_auc}, y, rng.normal(size=200) + y, repeats=200, seed=int(rng.integers(1e6)))
        covered += found["auc"].lower <= truth <= found["auc"].upper
    assert 0.90 <= covered / 200 <= 0.99


def test_order_of_rows_blocks_and_company_do_not_matter(monkeypatch):
    y, p, q = sample()
    alone = bootstrap({"auc": roc_auc}, y, q)[0]["auc"]
    assert bootstrap(ALL, y, p, q)[1].keys() == ALL.keys()
    assert bootstrap({"brier": brier, "auc": roc_auc}, y, p, q)[1]["auc"] == alone
    monkeypatch.setattr(module, "BLOCK_CELLS", 7 * y.size)
    assert bootstrap({"auc": roc_auc}, y, q)[0]["auc"] == alone


def test_seed_decides_the_resamples():
    y, p, _ = sample()
    first, again, other = (bootstrap({"auc": roc_auc}, y, p, seed=seed)[0]["auc"] for seed in (1, 1, 2))
    assert first == again != other


def test_a_higher_level_is_wider():
    y, p, _ = sample()
    narrow, wide = (bootstrap({"auc": roc_auc}, y, p, level=level)[0]["auc"] for level in (0.5, 0.99))
    assert wide.lower < narrow.lower < narrow.value < narrow.upper < wide.upper


def test_difference_uses_the_same_resamples_for_both():
    y, p, q = sample(1000)
    same = difference_interval(roc_auc, y, p, p)
    assert (same.value, same.lower, same.upper) == (0, 0, 0)
    found, swapped = difference_interval(roc_auc, y, p, q), difference_interval(roc_auc, y, q, p)
    assert found.value == pytest.approx(roc_auc(y, p) - roc_auc(y, q))
    assert (found.lower, found.upper) == pytest.approx((-swapped.upper, -swapped.lower))
    one, two = (each["auc"] for each in bootstrap({"auc": roc_auc}, y, p, q))
    assert found.upper - found.lower < 0.8 * np.hypot(one.upper - one.lower, two.upper - two.lower)
    assert found.lower > 0


@pytest.mark.parametrize("reorder", [False, True])
def test_many_rows_are_judged_on_a_part_with_the_spread_scaled(monkeypatch, reorder):
    y, p, q = sample(8000)
    full = bootstrap(ALL, y, p, repeats=300)[0]
    paired = difference_interval(roc_auc, y, p, q)
    monkeypatch.setattr(module, "MOST_ROWS", 2000)
    order = np.argsort(p) if reorder else np.arange(y.size)
    part = bootstrap(ALL, y[order], p[order], repeats=300)[0]
    for name in ("roc_auc", "pr_auc", "log_loss", "brier", "lift_5", "profit"):
        assert part[name].value == pytest.approx(full[name].value)
        assert part[name].upper - part[name].lower == pytest.approx(full[name].upper - full[name].lower, rel=0.35)
    scaled = difference_interval(roc_auc, y[order], p[order], q[order])
    assert scaled.value == pytest.approx(paired.value)
    assert scaled.upper - scaled.lower == pytest.approx(paired.upper - paired.lower, rel=0.35)


def test_resamples_without_the_rare_class_are_left_out():
    y, p = [1, 0, 0, 0, 0], [0.9, 0.8, 0.3, 0.2, 0.1]
    (found,) = bootstrap({"auc": roc_auc, "brier": brier}, y, p, repeats=400)
    assert found["brier"].repeats == 400
    assert found["auc"].repeats == pytest.approx(400 * (1 - 0.8**5), rel=0.15)
    assert found["auc"].lower == found["auc"].upper == 1


def test_any_function_of_rows_can_be_judged():
    y, p, _ = sample(100)
    (found,) = bootstrap({"empc": lambda y, p: expected_maximum_profit(y, p).profit}, y, p, repeats=40)
    assert found["empc"].lower < found["empc"].value < found["empc"].upper


def test_an_interval_reads_well():
    assert str(Interval(0.84531, 0.8231, 0.8662, 0.95, 500)) == "0.8453 [0.8231, 0.8662]"


def test_refusals():
    y, p, _ = sample(50)
    with pytest.raises(ValueError, match="at least one prediction after `y`, got none"):
        bootstrap({"auc": roc_auc}, y)
    with pytest.raises(ValueError, match=r"`repeats` must be a whole number >= 40 for level 0.95, got 39"):
        bootstrap({"auc": roc_auc}, y, p, repeats=39)
    with pytest.raises(ValueError, match=r"`level` must be in \(0, 1\), got 95"):
        bootstrap({"auc": roc_auc}, y, p, level=95)
    with pytest.raises(ValueError, match=r"must answer weights of shape \(500, 50\) by an array of shape \(500,\)"):
        bootstrap({"bad": lambda y, p, weight=None: 0.5}, y, p)
    with pytest.raises(ValueError, match="ROC AUC needs rows of both classes"):
        bootstrap({"auc": roc_auc}, np.ones(50), p)
    with pytest.raises(ValueError, match="must describe the same rows, got 50 and 49"):
        difference_interval(roc_auc, y, p, p[1:])


class TestGroups:
    """Rows that stand or fall together are one witness, however many they are."""

    @pytest.mark.parametrize("copied", [np.repeat, np.tile])
    def test_ten_copies_of_each_row_tell_no_more_than_one(self, copied):
        y, p, _ = sample()
        copies = [copied(one, 10) for one in (y, p, np.arange(len(y)))]
        (once,) = bootstrap(ALL, y, p)
        (grouped,) = bootstrap(ALL, copies[0], copies[1], groups=copies[2])
        (alone,) = bootstrap(ALL, copies[0], copies[1])
        for name in ALL:
            assert width(grouped[name]) == pytest.approx(width(once[name]), rel=0.12), name
            assert width(alone[name]) < 0.6 * width(once[name])

    def test_so_it_is_with_a_difference(self):
        y, p, other = sample()
        once = difference_interval(log_loss, y, p, other)
        copies = [np.repeat(one, 10) for one in (y, p, other, np.arange(len(y)))]
        grouped = difference_interval(log_loss, *copies[:3], groups=copies[3])
        assert grouped.value == pytest.approx(once.value)
        assert width(grouped) == pytest.approx(width(once), rel=0.12)

    def test_groups_of_one_row_are_rows(self):
        y, p, _ = sample()
        names = [f"customer {number * 7919 % 300}" for number in range(300)]
        assert bootstrap(ALL, y, p, groups=names) == bootstrap(ALL, y, p)

    def test_groups_of_unlike_sizes_equal_a_bootstrap_written_out(self):
        y, p, _ = sample(120)
        groups = np.sort(np.random.default_rng(5).integers(0, 30, 120))
        codes = np.unique(groups, return_inverse=True)[1]
        members = [np.flatnonzero(codes == number) for number in range(codes.max() + 1)]
        rng = np.random.default_rng(0)
        drawn = [
            np.concatenate([members[one] for one in rng.integers(0, len(members), len(members))]) for _ in range(80)
        ]
        wanted = np.quantile([auc_by_ranks(y[rows], p[rows]) for rows in drawn], [0.025, 0.975])
        (found,) = bootstrap({"auc": roc_auc}, y, p, groups=groups, repeats=80)
        assert (found["auc"].lower, found["auc"].upper) == pytest.approx(tuple(wanted))

    def test_many_groups_are_judged_on_a_part_with_the_spread_scaled(self, monkeypatch):
        y, p, _ = sample(3000)
        copies = [np.repeat(one, 4) for one in (y, p, np.arange(3000))]
        (whole,) = bootstrap({"brier": brier}, copies[0], copies[1], groups=copies[2])
        monkeypatch.setattr(module, "MOST_ROWS", 3000)
        (part,) = bootstrap({"brier": brier}, copies[0], copies[1], groups=copies[2])
        assert part["brier"].value == whole["brier"].value
        assert width(part["brier"]) == pytest.approx(width(whole["brier"]), rel=0.2)

    def test_a_standard_error_is_that_of_the_sums_of_groups(self):
        values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
        assert standard_error(values) == pytest.approx(values.std(ddof=1) / np.sqrt(5))
        groups = ["a", "b", "a", "c", "c"]
        left = values - values.mean()
        sums = [left[[0, 2]].sum(), left[1], left[[3, 4]].sum()]
        assert standard_error(values, groups) == pytest.approx(np.sqrt(3 / 2 * np.square(sums).sum()) / 5)
        assert standard_error(np.tile(values, 10), np.tile(np.arange(5), 10)) == pytest.approx(standard_error(values))
        assert standard_error(values, ["a"] * 5) == np.inf

    def test_refusals(self):
        y, p, _ = sample()
        with pytest.raises(ValueError, match="An interval needs at least 2 groups, got 1 for 300 rows"):
            bootstrap(ALL, y, p, groups=["a"] * 300)
        with pytest.raises(ValueError, match="`groups` must name the group of each row, got 2 for 300 rows"):
            bootstrap(ALL, y, p, groups=["a", "b"])


def width(interval):
    return interval.upper - interval.lower

"""Each learner finds effects that are there, none finds any that are not, and chances are undone."""

from dataclasses import replace

import numpy as np
import pytest

from cxml.offers.effects import Rows, average_effects, build_effects, choose_effects, expected_out_of_fold
from cxml.offers.learners import LEARNERS, Comparison, EffectScore, arms_alike, ridge


def comparison(n=3000, seed=0):
    random = np.random.default_rng(seed)
    matrix = np.column_stack([random.normal(size=n), random.integers(0, 3, n)])
    treated = random.integers(0, 2, n).astype(float)
    effect = np.where(matrix[:, 0] > 0, 0.5, -0.5)
    outcome = treated * effect + random.normal(size=n)
    return Comparison(matrix, treated, outcome, arms_alike(treated, np.ones(n)), {1: 3}), effect


def rows_of(n=3000, *, effect=None, arms=2, seed=0, inverse=None, p=None):
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, 3))
    arm = random.integers(0, arms, n) if p is None else random.choice(arms, n, p=p)
    lift = np.zeros(n) if effect is None else effect(matrix, arm)
    outcome = 0.5 * matrix[:, 1] + lift + random.normal(size=n)
    return Rows(matrix, arm, outcome, np.ones(n) if inverse is None else inverse, {}, np.arange(n))


@pytest.mark.parametrize("name", list(LEARNERS))
def test_each_learner_finds_who_is_helped(name):
    rows, effect = comparison()
    found = LEARNERS[name](rows, 120, 0)
    told = found.effect(rows.matrix)
    assert np.corrcoef(told, effect)[0, 1] > (0.7 if name == "linear" else 0.85)
    assert np.isclose(told.mean(), effect.mean(), atol=0.1)


@pytest.mark.parametrize("name", list(LEARNERS))
def test_what_is_kept_says_the_same_after_it_was_saved(name):
    rows, _ = comparison(800)
    grown = LEARNERS[name](rows, 15, 0)
    score = EffectScore.of(0.2, [(grown, 0.5)], rows.matrix)
    told = score.effect(rows.matrix)
    assert told.mean() == pytest.approx(0.2)
    np.testing.assert_allclose(told - told.mean(), 0.5 * (lambda one: one - one.mean())(grown.effect(rows.matrix)))
    back = EffectScore.from_parts("effect_0", score.parts("effect_0"))
    np.testing.assert_array_equal(back.effect(rows.matrix), told)


def test_ridge_is_the_least_leave_one_out_error_and_drawn_to_nothing_where_nothing_is():
    random = np.random.default_rng(0)
    matrix = random.normal(size=(400, 5))
    weight = random.uniform(0.5, 2, 400)
    constant, part = ridge(matrix, random.normal(size=400), weight, {})
    assert part.total(matrix).std() < 0.15
    constant, part = ridge(matrix, 2 + matrix @ [1, -1, 0, 0, 0] + 0.1 * random.normal(size=400), weight, {})
    np.testing.assert_allclose(constant + part.total(np.eye(5)[:2]), [3, 1], atol=0.05)


def test_a_strong_effect_is_kept_and_its_size_is_right(monkeypatch):
    monkeypatch.setattr("cxml.offers.effects._LEAST_TREATED", 300)  # all learners, on few rows
    monkeypatch.setattr("cxml.offers.effects.PATH", (15, 60, 120))
    rows = rows_of(800, effect=lambda matrix, arm: arm * matrix[:, 0])
    effects, mean = build_effects(rows, choose_effects(rows))
    probe = np.random.default_rng(1).normal(size=(500, 3))
    told = effects[0].effect(probe)
    assert np.sqrt(np.mean((told - probe[:, 0]) ** 2)) < 0.35
    # an even draw of control and treatment: half of the effect on top
    assert np.corrcoef(mean.score(probe), 0.5 * probe[:, 1] + 0.5 * probe[:, 0])[0, 1] > 0.9


def test_where_nobody_differs_all_get_about_the_average_effect():
    spreads = []
    for seed in range(3):
        rows = rows_of(1000, effect=lambda _, arm: 0.3 * arm, seed=seed)
        effects, _ = build_effects(rows, choose_effects(rows))
        told = effects[0].effect(rows.matrix)
        spreads.append(told.std())
        assert told.mean() == pytest.approx(0.3, abs=0.15)
    assert np.median(spreads) < 0.05


def test_one_learner_can_be_asked_for():
    rows = rows_of(600, effect=lambda matrix, arm: arm * matrix[:, 0])
    for name in ("linear", "s"):
        assert {one for one, _, _ in choose_effects(rows, learner=name).plans[0]} == {name}


def test_many_small_treatments_share_what_they_know_of_customers():
    rows = rows_of(1500, effect=lambda matrix, arm: (arm > 0) * matrix[:, 0], arms=6)
    choice = choose_effects(rows)
    assert all(any(name.startswith("shared") for name, _, _ in plan) for plan in choice.plans)
    effects, _ = build_effects(rows, choice)
    probe = np.random.default_rng(1).normal(size=(300, 3))
    worst = min(np.corrcoef(one.effect(probe), probe[:, 0])[0, 1] for one in effects)
    assert worst > 0.8


def test_averages_of_many_treatments_are_drawn_together_as_far_as_chance_goes():
    alike = rows_of(2000, effect=lambda _, arm: 0.5 * (arm > 0), arms=11, seed=2)
    spread = average_effects(alike).std()
    apart = rows_of(2000, effect=lambda _, arm: 1.0 * arm, arms=11, seed=2)
    assert spread < 0.05
    np.testing.assert_allclose(average_effects(apart), np.arange(1, 11), atol=0.5)


def test_known_chances_undo_a_draw_that_hung_on_the_customer():
    random = np.random.default_rng(4)
    keen = random.integers(0, 2, 3000)
    chance = np.where(keen == 1, 0.8, 0.2)
    arm = (random.random(3000) < chance).astype(int)
    outcome = 2.0 * keen + arm * (0.5 + 0.5 * keen) + random.normal(size=3000)
    inverse = 1 / np.where(arm == 1, chance, 1 - chance)
    rows = Rows(keen[:, None].astype(float), arm, outcome, inverse, {}, np.arange(3000))
    effects, _ = build_effects(rows, choose_effects(rows, learner="r"))
    np.testing.assert_allclose(effects[0].effect(np.array([[0.0], [1.0]])), [0.5, 1.0], atol=0.25)
    assert effects[0].effect(rows.matrix).mean() == pytest.approx(0.75, abs=0.12)


def test_what_is_expected_of_a_row_never_saw_it():
    rows = rows_of(600)
    changed = rows.outcome.copy()
    changed[rows.fold == 0] += np.random.default_rng(0).normal(size=int((rows.fold == 0).sum()))
    other = replace(rows, outcome=changed, seed=0)
    other.__dict__["fold"] = rows.fold  # the same folds, whatever the outcome
    apart = np.abs(expected_out_of_fold(other) - expected_out_of_fold(rows))
    assert apart[rows.fold == 0].mean() < 0.5 * apart[rows.fold != 0].mean()  # only by the weights of the two parts


def test_rows_of_a_customer_stay_in_one_fold():
    rows = replace(rows_of(300), groups=np.arange(300) // 3)
    assert all(len(np.unique(rows.fold[rows.groups == one])) == 1 for one in range(100))
    assert np.bincount(rows.fold).min() > 50


@pytest.mark.parametrize("learner", ["linear", "t"])
def test_an_arm_of_one_customer_is_all_in_one_fold_and_stops_nothing(learner):
    rows = rows_of(400, effect=lambda matrix, arm: arm * matrix[:, 0], arms=3)
    rows = replace(rows, groups=np.where(rows.arm == 2, 0, np.arange(400)))
    effects, _ = build_effects(rows, choose_effects(rows, learner=learner))
    assert np.isfinite(effects[1].effect(rows.matrix)).all()
    assert effects[0].effect(rows.matrix).std() > 0.3

"""A fair draw passes, a chosen one is refused with its figures, and so is a column from after the offer."""

from dataclasses import replace

import numpy as np
import pytest

from cxml.errors import FrameError
from cxml.offers.randomisation import (
    Balance,
    post_treatment,
    refuse_unless_randomised,
    treatment_balance,
    treatment_scores,
)

NAMES = ["age", "fee", "plan"]


@pytest.fixture(scope="module")
def columns():
    random = np.random.default_rng(0)
    return np.column_stack([random.normal(40, 10, 4000), random.normal(size=4000), random.integers(0, 3, 4000)])


def balance(columns, treated, **more):
    return treatment_balance(columns, treated, NAMES, {2: 3}, treatment="sms", **more)


def test_fair_draws_pass_and_their_intervals_hold_a_half(columns):
    random = np.random.default_rng(1)
    found = [balance(columns[:600], random.integers(0, 2, 600), seed=seed) for seed in range(10)]
    assert all(one.randomised for one in found)
    assert sum(one.low <= 0.5 <= one.high for one in found) >= 8


def test_an_unequal_draw_is_fair_too(columns):
    treated = (np.random.default_rng(1).random(4000) < 0.85).astype(int)
    assert balance(columns, treated).randomised


@pytest.mark.parametrize("place", [0, 2])
def test_a_choice_by_a_column_is_refused_by_its_name(columns, place):
    value = columns[:, place]
    chance = 1 / (1 + np.exp(-(value - value.mean()) / value.std() * 0.8))
    treated = (np.random.default_rng(2).random(4000) < chance).astype(int)
    found = balance(columns, treated)
    assert found.auc > 0.6
    assert found.columns[0][0] == NAMES[place]
    with pytest.raises(FrameError, match=rf"treatments given by chance .*'sms'.*0\.6.*most of all '{NAMES[place]}'"):
        refuse_unless_randomised([found])


@pytest.mark.parametrize("right", [True, False])
def test_a_known_draw_that_hangs_on_a_column_passes_by_its_chances_and_not_by_others(columns, right):
    chance = 1 / (1 + np.exp(-(columns[:, 0] - 40) / 10))
    treated = (np.random.default_rng(2).random(4000) < chance).astype(int)
    told = chance if right else np.where(columns[:, 1] > 0, 0.4, 0.6)
    found = balance(columns, treated, inverse=1 / np.where(treated == 1, told, 1 - told))
    if right:
        assert found.low < 0.5 < found.high
        assert "each row counted one over its propensity" in refuse_unless_randomised([found])[0]
    else:
        with pytest.raises(FrameError, match=r"even where each row counts one over.*'age'.*correct the propensities"):
            refuse_unless_randomised([found])


def test_hundreds_of_levels_do_not_tell_a_fair_draw():
    random = np.random.default_rng(9)
    postcode = random.integers(0, 600, (2000, 1)).astype(float)
    found = treatment_balance(postcode, random.integers(0, 2, 2000), ["postcode"], {0: 600})
    assert found.columns[0][1] < 0.58
    assert refuse_unless_randomised([found])
    of_some = ((postcode[:, 0] % 2 == 0) ^ (random.random(2000) < 0.1)).astype(int)
    found = treatment_balance(postcode, of_some, ["postcode"], {0: 600})
    assert found.columns[0][1] > 0.65


def test_a_column_of_a_small_arm_is_not_telling_by_luck():
    by_luck = Balance("sms", 0.5, 0.35, 0.65, (("age", 0.78),), error=0.075)
    assert by_luck.telling == ()
    assert refuse_unless_randomised([by_luck])
    assert replace(by_luck, error=0.02).telling == (("age", 0.78),)


def test_of_many_rows_a_small_arm_is_kept_whole(columns, monkeypatch):
    monkeypatch.setattr("cxml.offers.randomisation._MOST_ROWS", 300)
    treated = np.zeros(4000, dtype=int)
    treated[:30] = 1
    found = balance(columns, treated)
    assert found.error == pytest.approx((301 / (12 * 30 * 270)) ** 0.5)


def test_ten_rows_of_a_customer_who_stays_in_an_arm_are_one_witness():
    """Persistent control groups: who is in them differs by chance, and each of their rows says so again."""
    refused = {True: 0, False: 0}
    for seed in range(8):
        random = np.random.default_rng(seed)
        customer = np.repeat(np.arange(200), 10)
        columns = random.normal(size=(200, 3))[customer]
        arm = random.integers(0, 2, 200)[customer]
        came = (columns.sum(axis=1) + random.normal(size=2000) > 0).astype(int)
        for grouped in refused:
            refused[grouped] += bool(post_treatment(columns, NAMES, arm, came, customer if grouped else None))
    assert refused[True] == 0
    assert refused[False] >= 6
    assert treatment_balance(columns, arm, NAMES, {}, groups=customer).error > 0.04


def test_a_column_that_tells_the_arm_alone_is_named(columns):
    treated = np.random.default_rng(3).integers(0, 2, 4000)
    opened = np.where(treated == 1, np.random.default_rng(4).integers(0, 2, 4000) * 3.0, 0.0)
    found = treatment_balance(np.column_stack([columns, opened]), treated, [*NAMES, "opened"], {2: 3})
    with pytest.raises(FrameError, match=r"known before the treatment - 'opened' alone tells"):
        refuse_unless_randomised([found])


def test_no_column_is_a_fair_draw():
    found = treatment_balance(np.zeros((100, 0)), np.arange(100) % 2, [], {})
    assert (found.auc, found.randomised, found.columns) == (0.5, True, ())


def test_rows_of_one_customer_do_not_tell_each_others_arm():
    random = np.random.default_rng(5)
    customer = np.repeat(np.arange(300), 5)
    arm = random.integers(0, 2, 300)[customer]
    columns = random.normal(size=(300, 3))[customer]
    apart = treatment_balance(columns, arm, NAMES, {}, groups=customer)
    mixed = treatment_balance(columns, arm, NAMES, {})
    assert apart.auc < 0.6 < mixed.auc


def test_scores_are_ranks_within_their_fold(columns):
    treated = np.random.default_rng(6).integers(0, 2, 600)
    scores = treatment_scores(columns[:600], treated, {2: 3}, np.arange(600))
    assert ((scores > 0) & (scores < 1)).all()
    assert scores.mean() == pytest.approx(0.5)


def test_a_shape_that_moves_at_the_same_mean_is_found():
    random = np.random.default_rng(7)
    treated = random.integers(0, 2, 20_000)
    rounds = random.exponential(30, 20_000).round()
    gate = np.where(treated == 1, 30, 40)
    rounds = np.where((rounds > gate) & (rounds < gate + 6), gate, rounds)  # many stop at the gate
    back = (rounds + random.normal(0, 20, 20_000) > 40).astype(int)
    before = random.normal(size=20_000) + back  # goes with the outcome, but is alike in the arms
    found = post_treatment(np.column_stack([rounds, before]), ["rounds", "before"], treated, back)
    assert found == ["rounds"]


def test_what_was_known_before_is_hardly_ever_taken_for_later():
    random = np.random.default_rng(8)
    wrong = 0
    for _ in range(15):
        columns = random.normal(size=(500, 5))
        came = (columns.sum(axis=1) + random.normal(size=500) > 0).astype(int)
        wrong += len(post_treatment(columns, list("abcde"), random.integers(0, 2, 500), came))
    assert wrong == 0


def test_the_sentence_names_the_interval():
    told = Balance("call", 0.514, 0.5, 0.528, ()).told()
    assert "'call'" in told
    assert "0.514 [0.500, 0.528]" in told

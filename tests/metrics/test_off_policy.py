"""What a policy would earn from another's log: right on average, honest intervals, warnings."""

import numpy as np
import pandas as pd
import pytest

from cxml.metrics import compare_policies, most_accepted, observed_propensity, policy_value, standard_error
from cxml.metrics.likelihood import likelihood_interval
from cxml.metrics.overlap import effective_rows, overlap_notes

RATES = np.array([0.30, 0.10, 0.05, 0.15])
LOGGING = np.array([0.1, 0.4, 0.4, 0.1])
TARGET = np.array([0.7, 0.1, 0.1, 0.1])
TRUTH = float(TARGET @ RATES)


def logged(rows=4000, seed=0, logging=LOGGING, rates=RATES):
    rng = np.random.default_rng(seed)
    offer = rng.choice(rates.size, rows, p=logging)
    return offer, (rng.random(rows) < rates[offer]).astype(float)


def values(offer, reward, *, q=None, logging=LOGGING, target=TARGET, **words):
    """Estimates by name; `q` is the expected reward of each offer."""
    if q is not None:
        words |= {"expected": q[offer], "expected_policy": np.full(offer.size, target @ q)}
    return {one.estimator: one for one in policy_value(reward, logging[offer], target[offer], **words)}


def test_each_estimator_is_its_formula():
    offer, reward = logged(200)
    q = RATES + 0.05
    found = values(offer, reward, q=q)
    w = (TARGET / LOGGING)[offer]
    assert found["on_policy"].value == pytest.approx(reward.mean())
    assert found["ips"].value == pytest.approx((w * reward).mean())
    assert found["snips"].value == pytest.approx((w * reward).sum() / w.sum())
    assert found["dr"].value == pytest.approx(TARGET @ q + (w * (reward - q[offer])).mean())
    assert found["dm"].value == pytest.approx(TARGET @ q)
    assert found["ips"].effective_rows == pytest.approx(w.sum() ** 2 / (w**2).sum())


def test_weighted_estimators_hit_the_truth_on_average_where_the_direct_method_with_a_wrong_model_does_not():
    wrong = np.full(4, 0.1)
    drawn = [values(*logged(800, seed), q=wrong) for seed in range(60)]
    for name in ("ips", "snips", "dr"):
        every = np.array([one[name].value for one in drawn])
        assert abs(every.mean() - TRUTH) < 4 * every.std() / np.sqrt(60)
    assert all(one["dm"].value == pytest.approx(0.1) for one in drawn)
    assert "how wrong the expected rewards" in drawn[0]["dm"].notes[0]


def test_a_good_model_makes_doubly_robust_surer():
    offer, reward = logged()
    found = values(offer, reward, q=RATES)
    width = {name: one.upper - one.lower for name, one in found.items()}
    assert width["dr"] < 0.95 * width["ips"]


@pytest.mark.parametrize("name", ["ips", "snips", "dr"])
def test_intervals_hold_the_truth_as_often_as_they_say(name):
    held = []
    for seed in range(50):
        one = values(*logged(600, seed), q=np.full(4, 0.12))[name]
        held.append(one.lower <= TRUTH <= one.upper)
    assert 0.89 <= np.mean(held) <= 1.0


def test_rare_rewards_with_large_weights_get_an_interval_that_normal_theory_misses():
    """Most of the target's weight lies on an offer that the log seldom makes."""
    rates, logging, target = np.array([0.02, 0.05]), np.array([0.97, 0.03]), np.array([0.5, 0.5])
    truth, held, normal = float(target @ rates), [], []
    for seed in range(60):
        offer, reward = logged(3000, seed, logging, rates)
        one = values(offer, reward, logging=logging, target=target)["snips"]
        w = (target / logging)[offer]
        half = 1.96 * standard_error(w * (reward - one.value)) / w.mean()
        held.append(one.lower <= truth <= one.upper)
        normal.append(abs(one.value - truth) <= half)
    assert np.mean(held) > 0.9
    assert np.mean(normal) < np.mean(held) - 0.03


def test_the_interval_of_a_plain_mean_is_near_the_usual_one_and_within_the_rewards():
    x = np.random.default_rng(0).normal(5, 2, 2000)
    lower, upper = likelihood_interval(x, np.ones(2000), level=0.95)
    half = 1.96 * standard_error(x)
    assert (lower, upper) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.1 * half)
    few = np.repeat([1.0, 0.0], [2, 98])
    lower, upper = likelihood_interval(few, np.ones(100), level=0.95)
    assert 0 < lower < 0.02 < upper < 1


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_estimates_and_intervals_follow_the_unit_of_the_reward(unit):
    offer, reward = logged(500)
    plain, scaled = values(offer, reward)["snips"], values(offer, unit * reward)["snips"]
    assert (scaled.value, scaled.lower, scaled.upper) == pytest.approx(
        (unit * plain.value, unit * plain.lower, unit * plain.upper), rel=1e-5
    )


def test_rows_of_one_customer_are_one_witness():
    offer, reward = logged(400)
    once = values(offer, reward)["snips"]
    thrice = values(np.repeat(offer, 3), np.repeat(reward, 3), groups=np.repeat(np.arange(400), 3))["snips"]
    alone = values(np.repeat(offer, 3), np.repeat(reward, 3))["snips"]
    assert (thrice.value, thrice.lower, thrice.upper) == pytest.approx((once.value, once.lower, once.upper), rel=1e-6)
    assert alone.upper - alone.lower < 0.7 * (once.upper - once.lower)


def test_clipping_lowers_what_it_cuts_and_says_so():
    offer, reward = logged()
    plain, cut = values(offer, reward)["ips"], values(offer, reward, clip=2.0)["ips"]
    assert cut.value < plain.value
    assert cut.upper - cut.lower < plain.upper - plain.lower
    assert "weights above 2 were cut" in cut.notes[-1]
    assert "biased" in cut.notes[-1]
    assert values(offer, reward, clip=100.0)["ips"] == plain


def test_a_log_that_cannot_tell_warns():
    offer, reward = logged()
    assert values(offer, reward)["snips"].notes == ()
    rare, seldom = np.array([0.999, 0.001]), np.array([0.0, 1.0])
    offer, reward = logged(4000, 1, rare, np.array([0.1, 0.5]))
    notes = " | ".join(values(offer, reward, logging=rare, target=seldom)["ips"].notes)
    assert "rows weigh like" in notes
    assert "propensities go down to 0.001" in notes
    # the log never makes the third offer, to which the policy gives a third of its weight
    offer, reward = logged(4000, 2, np.array([0.5, 0.5, 0.0]), np.array([0.1, 0.1, 0.9]))
    third = policy_value(reward, np.full(4000, 0.5), np.full(4000, 1 / 3))[1]
    assert "the mean weight is 0.667 and must be 1: the policy makes offers that this log could not" in third.notes[0]


def test_rewards_that_are_all_alike_have_no_interval():
    found = policy_value(np.zeros(50), np.full(50, 0.5), np.full(50, 0.5))
    assert all(one.value == 0 and np.isnan(one.lower) and "all alike" in one.notes[-1] for one in found)


def test_comparison_is_paired_and_with_the_logging_policy_itself_is_nought():
    offer, reward = logged()
    same, better = compare_policies(
        reward, LOGGING[offer], {"same": LOGGING[offer], "new": TARGET[offer]}, expected=None
    )
    assert (same.difference, same.lower, same.upper) == (0.0, 0.0, 0.0)
    assert better.lower <= TRUTH - LOGGING @ RATES <= better.upper
    assert better.lower > 0
    alone = values(offer, reward)["snips"]
    assert better.difference == pytest.approx(alone.value - reward.mean())
    assert "new earns" in str(better)
    assert "more than logging policy" in str(better)


def test_comparison_is_surer_with_a_model_and_counts_customers():
    rng = np.random.default_rng(0)
    offer = rng.choice(4, 3000, p=LOGGING)
    chance = np.where(rng.random(3000) < 0.5, 0.02, 0.9) * (1 - 0.1 * offer)  # hangs on the customer above all
    reward = (rng.random(3000) < chance).astype(float)
    means = {"new": chance / (1 - 0.1 * offer) * (1 - 0.1 * (TARGET @ np.arange(4)))}
    logs = reward, LOGGING[offer], {"new": TARGET[offer]}
    (plain,) = compare_policies(*logs)
    (modelled,) = compare_policies(*logs, expected=chance, expected_policy=means)
    assert modelled.estimator == "dr"
    assert modelled.upper - modelled.lower < 0.8 * (plain.upper - plain.lower)
    (grouped,) = compare_policies(*logs, groups=np.arange(offer.size) // 4)
    assert grouped.difference == plain.difference
    assert grouped.lower != plain.lower


def test_most_accepted_to_everyone_is_chosen_on_other_customers():
    """With offers that are all alike, the winner of a log looks better than it is; on other customers it does not."""
    rates, logging = np.full(20, 0.1), np.full(20, 0.05)
    gaps = []
    for seed in range(25):
        offer, reward = logged(2000, seed, logging, rates)
        _, one = compare_policies(reward, logging[offer], {"even": logging[offer]}, offer=offer)
        assert one.against == "most accepted to everyone"
        gaps.append(one.difference)
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / 5
    offer, reward = logged()
    assert most_accepted(offer, reward, LOGGING[offer]) == 0
    named = np.array(["요금제", "데이터"], dtype=object)[(offer == 0).astype(int)]
    assert most_accepted(named, reward, LOGGING[offer]) == "데이터", "a column of texts is an array of objects"
    assert most_accepted(np.array(["요금제", "데이터"])[(offer == 0).astype(int)], reward, LOGGING[offer]) == "데이터"


def test_an_offer_made_and_accepted_twice_is_not_the_best():
    offer = np.repeat(["often", "seldom", "hardly"], [500, 500, 2])
    reward = np.repeat([1, 0, 1, 0, 1], [250, 250, 50, 450, 2])
    assert most_accepted(offer, reward, np.full(1002, 0.5)) == "often"


def test_the_share_of_the_log_is_surer_than_a_chance_that_wanders():
    rng = np.random.default_rng(0)
    errors = {"moment": [], "share": []}
    for _ in range(40):
        chance = rng.beta(0.5, 1.0, 1000).clip(0.01, 0.99)  # of offer 1
        offer = (rng.random(1000) < chance).astype(int)
        reward = rng.random(1000) < np.where(offer == 1, 0.2, 0.1)
        for name, propensity in {
            "moment": np.where(offer == 1, chance, 1 - chance),
            "share": observed_propensity(offer),
        }.items():
            errors[name].append(policy_value(reward, propensity, np.full(1000, 0.5))[2].value - 0.15)
    assert np.std(errors["share"]) < 0.8 * np.std(errors["moment"])


def test_the_table_is_a_frame_and_the_line_is_plain():
    offer, reward = logged(300)
    frame = pd.DataFrame(policy_value(reward, LOGGING[offer], TARGET[offer]))
    assert frame["estimator"].tolist() == ["on_policy", "ips", "snips"]
    line = str(policy_value(reward, LOGGING[offer], LOGGING[offer])[2])
    assert line.startswith("snips 0.")
    assert line.endswith("300 rows worth 300")


def test_effective_rows_and_notes_alone():
    assert effective_rows(np.full(10, 3.0)) == pytest.approx(10)
    assert overlap_notes(np.ones(5), np.full(5, 1.0)) == ()
    assert "some propensities are too small" in overlap_notes(np.full(5000, 1.5), np.full(5000, 0.3))[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"propensity": [0.5, 0.0, 0.5]}, r"`propensity` must be in \(0, 1\], got 0 at position 1 and 1 such rows"),
        ({"propensity": [0.5, 1.5, 0.5]}, r"`propensity` must be in \(0, 1\], got 1.5 at position 1"),
        ({"propensity": [0.5, 0.5]}, "`propensity` must describe the same rows as `reward`, got 2 and 3"),
        ({"reward": [0, np.nan, 1]}, "`reward` must be finite, got NaN or infinity in 1 of 3 rows"),
        ({"target": [0.5, 1.1, 0.5]}, r"`target` must be probabilities in \[0, 1\], got 1.1 at position 1"),
        ({"target": [0, 0, 0]}, "got only zeros: the policy never does what this log did"),
        ({"target": [0.5]}, "`target` must describe the same rows as `reward`, got 1 and 3"),
        ({"expected": [0.5, 0.5, 0.5]}, "`expected` and `expected_policy` must be given together"),
        ({"expected": [0.5], "expected_policy": [0.5]}, "`expected` must describe the same rows"),
        ({"clip": 0}, "`clip` must be a weight above 0, or None to cut none, got 0"),
        ({"level": 95}, r"`level` must be in \(0, 1\), got 95"),
        ({"groups": [1, 2]}, "`groups` must name the group of each row, got 2 for 3 rows"),
    ],
)
def test_bad_input_is_told(change, message):
    words = {"reward": [0, 1, 1], "propensity": [0.5] * 3, "target": [0.5] * 3} | change
    with pytest.raises(ValueError, match=message):
        policy_value(**words)


def test_a_comparison_without_all_expected_rewards_is_refused():
    with pytest.raises(ValueError, match="must come with the `expected_policy` of every policy, got none for 'b'"):
        compare_policies([0, 1], [0.5] * 2, {"b": [1, 0]}, expected=[0.5] * 2, expected_policy={})
    with pytest.raises(ValueError, match="got no `expected`"):
        compare_policies([0, 1], [0.5] * 2, {"b": [1, 0]}, expected_policy={"b": [0.5] * 2})
    with pytest.raises(ValueError, match="`groups` must name at least 2 of them, got 1"):
        compare_policies([0, 1], [0.5] * 2, {"b": [1, 0]}, offer=["x", "y"], groups=["one", "one"])

"""Exploration: numbers that can be repeated, and propensities that are the frequencies."""

import numpy as np
import pandas as pd
import pytest

from cxml.offers.choice import Choice
from cxml.offers.decide import decide
from cxml.offers.explore import uniforms
from cxml.offers.policy import Explore, Policy, Value
from cxml.offers.scores import Scores
from cxml.offers.thompson import Thompson

N = 2500
ENTRIES = pd.DataFrame(
    {
        "offer": ["a", "a", "b", "c", "d"],
        "by": ["sms", "call", "sms", "call", "sms"],
        "margin": [10.0, 12, 8, 15, 9],
        "cost": [0.1, 0.5, 0, 0.1, 0],
    }
)
CHANCE = np.array([0.3, 0.28, 0.35, 0.2, 0.31])
SPREAD = np.array([0.3, 0.8, 0.5, 0.02, 0.0])  # one hardly and one not at all unknown
VALUE = Value("margin", "cost")


def decided(policy, k, n=N, uplift=None):
    customers = pd.DataFrame({"id": np.arange(n)})
    scores = Scores(np.tile(CHANCE, (n, 1)), SPREAD, None if uplift is None else np.tile(uplift, (n, 1)))
    words = {"key": "id", "offer": "offer", "channel": "by", "k": k, "now": "2026-03-01"}
    return decide(customers, ENTRIES, scores, policy, **words)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(
    "policy",
    [
        Policy(value=VALUE, explore=Explore("thompson")),
        Policy(value=VALUE, explore=Explore("thompson", scale=2.0), least_value=2.6),
        Policy(value=VALUE, explore=Explore("epsilon", epsilon=0.3)),
        Policy(value=VALUE, explore=Explore("thompson"), budget=0.18 * N),
        Policy(value=VALUE, explore=Explore("epsilon", epsilon=0.2), capacity={"call": N * 0.5}),
    ],
    ids=["thompson", "wide", "epsilon", "thompson in a budget", "epsilon in a capacity"],
)
def test_propensities_are_frequencies(policy, k):
    chosen = decided(policy, k).chosen
    shares = chosen.groupby(["rank", "offer", "channel"]).agg(times=("id", "size"), chance=("propensity", "mean"))
    # Customers alike at the prices: those split between two entries by a binding limit are told apart only by it.
    error = np.sqrt(shares["chance"] * (1 - shares["chance"]) / N)
    off = (shares["times"] / N - shares["chance"]).abs()
    if policy.capacity:
        off = off[shares["chance"] < 0.5]  # customers who are all alike split a capacity among themselves
        off = off[shares.loc[off.index, "times"] < 0.2 * N]
    assert (off < 4 * error.loc[off.index] + 2e-3).all()
    if not policy.capacity and policy.budget is None:
        assert shares["chance"].groupby("rank").sum().to_numpy() == pytest.approx(1.0, abs=2e-3)


def test_propensities_by_uplift_are_frequencies():
    policy = Policy(value=Value("margin", "cost", by="uplift"), explore=Explore("thompson"))
    chosen = decided(policy, 1, uplift=np.array([0.1, 0.12, 0.2, 0.08, 0.1])).chosen
    shares = chosen.groupby(["offer", "channel"]).agg(times=("id", "size"), chance=("propensity", "mean"))
    error = np.sqrt(shares["chance"] * (1 - shares["chance"]) / N)
    assert ((shares["times"] / N - shares["chance"]).abs() < 4 * error + 1e-3).all()


def test_without_exploration_the_propensity_is_one():
    chosen = decided(Policy(value=VALUE), 2, n=5).chosen
    assert (chosen["propensity"] == 1.0).all()


def test_the_same_day_the_same_answer_whoever_else_is_asked():
    policy = Policy(value=VALUE, explore=Explore("thompson", scale=3.0))
    random = np.random.default_rng(0)
    customers = pd.DataFrame({"id": [f"c{one}" for one in range(300)]})
    scores = Scores(random.uniform(0.2, 0.4, (300, 5)), SPREAD)
    words = {"key": "id", "offer": "offer", "channel": "by"}

    def answer(rows, now, seed=0):
        part = Scores(scores.probability[rows], scores.spread)
        return decide(customers.iloc[rows], ENTRIES, part, policy, now=now, seed=seed, **words).chosen

    everyone = answer(np.arange(300), "2026-03-01 09:00").set_index("id")
    some = answer(np.arange(299, -1, -7), "2026-03-01 21:00").set_index("id")
    pd.testing.assert_frame_equal(some, everyone.loc[some.index])
    tomorrow = answer(np.arange(300), "2026-03-02").set_index("id")
    assert 0.1 < (tomorrow["offer"] != everyone["offer"]).mean() < 0.95
    assert (answer(np.arange(300), "2026-03-01", seed=1).set_index("id")["offer"] != everyone["offer"]).any()


def test_uniforms_are_uniform_and_uncorrelated():
    found = uniforms(np.arange(4000, dtype=np.uint64), np.arange(5, dtype=np.uint64), seed=0, day=20_000)
    assert found.mean(axis=0) == pytest.approx(0.5, abs=0.025)
    assert found.var(axis=0) == pytest.approx(1 / 12, abs=0.01)
    assert np.abs(np.corrcoef(found.T) - np.eye(5)).max() < 0.08


def chances(chance, spread, margin, ranks):
    """The propensity of each entry at each rank: shape (n_ranks, n_entries)."""
    m = len(chance)
    none, places, everything = np.zeros(m, int), np.arange(m), np.ones((1, m), bool)
    thompson = Thompson(np.array([chance]), np.array([spread]), None, np.array([margin]), np.zeros((1, 1)))
    choice = Choice(places, none, np.array([ranks]))
    return np.array([thompson.propensity(none, places, none + rank, everything, choice) for rank in range(ranks)])


@pytest.mark.parametrize(
    ("chance", "spread", "margin"),
    [
        ([0.3, 0.3], [0.3, 0.3], [1e15, 1e12]),  # one is nothing beside the other
        ([0.6, 0.3, 0.8, 0.1], [3.0, 0.05, 0.3, 1.0], [10.0, 9.0, 6.0, 12.0]),
        ([0.5, 0.5, 0.2], [0.01, 3.0, 1.0], [10.0, 10.0, 30.0]),
    ],
)
def test_propensities_are_frequencies_of_draws_however_unlike_the_entries(chance, spread, margin):
    found = chances(chance, spread, margin, 2)
    draws = np.random.default_rng(0).standard_normal((100_000, len(chance)))
    worth = np.array(margin) / (1 + (1 / np.array(chance) - 1) * np.exp(-np.array(spread) * draws))
    order = np.argsort(-worth, axis=1)
    for rank in range(2):
        share = np.bincount(order[:, rank], minlength=len(chance)) / len(draws)
        assert found[rank] == pytest.approx(share, abs=0.006)
        assert found[rank].sum() == pytest.approx(1.0, abs=1e-3)


def test_whoever_does_not_explore_has_the_chance_of_not_exploring():
    random = np.random.default_rng(0)
    scores = Scores(random.uniform(0.1, 0.5, (40, 5)), SPREAD)
    policy = Policy(value=VALUE, explore=Explore("epsilon", epsilon=0.2), budget=2.0, capacity={"call": 7})
    words = {"key": "id", "offer": "offer", "channel": "by", "now": "2026-03-01"}
    found = [decide(pd.DataFrame({"id": range(40)}), ENTRIES, scores, policy, seed=one, **words) for one in range(10)]
    chance = pd.concat([one.chosen["propensity"] for one in found])
    # All but the fifth who explore are given their entry with four fifths at least, those split by a limit too.
    assert (chance < 0.8).mean() < 0.25
    assert len(chance) > 150

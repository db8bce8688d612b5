"""Assignment: against every possible choice where few, against one linear program where many."""

from itertools import combinations, product

import numpy as np
import pytest

from cxml.offers.assign import _rounded, assign
from cxml.offers.choice import Choice, Limit, best_lists, marked
from cxml.offers.program import Problem


def lists_of(choice, row):
    """All lists that one customer may get."""
    m = len(choice.offers)
    for size in range(int(choice.places[row]) + 1):
        for one in combinations(range(m), size):
            offers = choice.offers[list(one)]
            channels = choice.channels[list(one)]
            within = choice.left is None or all(
                (channels == c).sum() <= left for c, left in enumerate(choice.left[row])
            )
            if len(set(offers.tolist())) == size and within:
                yield list(one)


def best_by_trying(worth, choice, limits):
    best = 0.0
    n = len(worth)
    for lists in product(*(list(lists_of(choice, row)) for row in range(n))):
        pairs = [(row, entry) for row in range(n) for entry in lists[row]]
        if any(worth[pair] <= 0 for pair in pairs):
            continue
        used = [sum(np.broadcast_to(one.use, worth.shape)[pair] for pair in pairs) for one in limits]
        if all(took <= one.most for took, one in zip(used, limits, strict=True)):
            best = max(best, sum(worth[pair] for pair in pairs))
    return best


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [1, 2])
def test_few_customers_get_what_trying_everything_finds(seed, k):
    random = np.random.default_rng(seed)
    worth = random.uniform(-2, 10, (4, 4))
    left = random.integers(0, 2, (4, 2)) + (random.random() < 0.5)
    choice = Choice(np.array([0, 0, 1, 2]), np.array([0, 1, 0, 1]), np.full(4, k), left if k > 1 else None)
    cost = random.uniform(1, 5, (1, 4))
    limits = [Limit("budget", 9.0, cost), Limit("stock", 1, np.array([[0.0, 0, 1, 0]]))]
    found = assign(worth, choice, limits)
    assert found.value == pytest.approx(best_by_trying(worth, choice, limits))
    assert found.bound >= found.value - 1e-9
    assert (found.used <= np.array([9.0, 1.0]) + 1e-9).all()


def many(n, m, k, seed=0):
    random = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(-random.normal(-2.5, 1, (n, m))))
    cost = random.uniform(50, 1500, m)
    worth = chance * random.uniform(5e3, 5e4, m) - cost
    worth[random.random((n, m)) < 0.3] = -np.inf
    channels = np.arange(m) % 3
    choice = Choice(np.arange(m) // 2, channels, np.full(n, k))
    limits = [
        Limit("budget", n * 300.0, cost[None, :]),
        Limit("call", n * 0.1, (channels == 2)[None, :] * 1.0),
        Limit("stock", n * 0.02, (np.arange(m) == 3)[None, :] * 1.0),
    ]
    return worth, choice, limits


@pytest.mark.parametrize("k", [1, 3])
def test_many_customers_get_the_optimum_of_the_whole_program(k):
    worth, choice, limits = many(2500, 12, k)  # more than the program starts with
    found = assign(worth, choice, limits)
    problem = Problem(worth, choice, limits)
    i, j = np.nonzero(worth > 0)
    share, prices = problem.program(i, j, problem.most)
    optimum = float(worth[i, j] @ share)
    assert found.bound == pytest.approx(optimum, rel=1e-8)
    assert found.value == pytest.approx(optimum, rel=2e-5)
    assert found.gap < 2e-5
    assert problem.fits(found.chosen)
    assert found.prices[0] == pytest.approx(prices[0], rel=0.01)
    assert (np.add.reduceat(found.chosen, np.arange(0, 12, 2), axis=1) <= 1).all()  # each offer once
    assert found.chosen.sum(axis=1).max() <= k


def test_a_shadow_price_is_what_one_more_earns():
    worth, choice, limits = many(800, 8, 1, seed=3)
    found = assign(worth, choice, limits)
    more = assign(worth, choice, [Limit("budget", limits[0].most * 1.001, limits[0].use), *limits[1:]])
    assert (more.bound - found.bound) / (limits[0].most * 0.001) == pytest.approx(found.prices[0], rel=0.02)


def test_beyond_the_largest_size_the_gap_says_what_it_costs():
    worth, choice, limits = many(3000, 10, 1, seed=1)
    exact = assign(worth, choice, limits)
    quick = assign(worth, choice, limits, most_pairs=20_000)
    assert Problem(worth, choice, limits).fits(quick.chosen)
    assert exact.value <= quick.bound
    assert 0 < quick.gap < 0.05


def test_without_binding_limits_everyone_has_the_best():
    worth, choice, _ = many(400, 8, 2)
    found = assign(worth, choice, [Limit("budget", 1e12, np.ones((1, 8)))])
    assert found.gap == 0.0
    assert found.prices.tolist() == [0.0]
    assert (found.chosen == marked(best_lists(worth, choice), 8)).all()


def test_a_batch_where_nothing_is_worth_it_is_empty():
    found = assign(np.full((3, 2), -np.inf), Choice(np.arange(2), np.zeros(2, int), np.ones(3, int)), [])
    assert not found.chosen.any()
    assert found.gap == 0.0


def test_a_limit_that_differs_by_customer():
    worth = np.array([[5.0, 4.0], [5.0, 4.5]])
    cost = np.array([[3.0, 1.0], [1.0, 1.0]])
    found = assign(worth, Choice(np.arange(2), np.zeros(2, int), np.ones(2, int)), [Limit("budget", 2.0, cost)])
    assert found.chosen.tolist() == [[False, True], [True, False]]


def strange(seed):
    """Few customers and entries of all kinds: nothing allowed, no places, channels shut, limits of nothing."""
    random = np.random.default_rng(seed)
    n, m, channels = random.integers(1, 4), random.integers(1, 6), random.integers(1, 4)
    worth = random.uniform(-2, 10, (n, m)) * 10.0 ** random.integers(-3, 9)
    worth[random.random((n, m)) < 0.2] = -np.inf
    k = random.integers(1, 4)
    left = np.minimum(random.integers(0, 3, (n, channels)), k) if random.random() < 0.6 else None
    offers = np.unique(random.integers(0, m, m), return_inverse=True)[1]
    choice = Choice(offers, random.integers(0, channels, m), random.integers(0, k + 1, n), left)
    limits = []
    for number in range(random.integers(0, 4)):
        use = random.uniform(0, 5, (1 if random.random() < 0.6 else n, m)) * (random.random((1, m)) < 0.7)
        limits.append(Limit(str(number), float(random.choice([0, 1, 2, 3, 5, 8])), use))
    return worth, choice, limits


@pytest.mark.parametrize("seed", [4, 25, 36, 37, 89, 205, 324, 342, 406, 427])
def test_strange_customers_get_what_trying_everything_finds(seed):
    worth, choice, limits = strange(seed)
    found = assign(worth, choice, limits)
    assert found.value == pytest.approx(best_by_trying(worth, choice, limits))
    for row, chosen in enumerate(found.chosen):
        assert np.flatnonzero(chosen).tolist() in [sorted(one) for one in lists_of(choice, row)]


def test_a_library_writes_nothing(capfd):
    for seed in range(2):
        random = np.random.default_rng(seed)
        worth, cost = random.uniform(1, 9, (8, 5)), random.uniform(1, 5, (1, 5))
        assign(worth, Choice(np.arange(5), np.zeros(5, int), np.full(8, 2)), [Limit("budget", 17.3, cost)])
    assert capfd.readouterr() == ("", "")


def test_two_places_hold_two_of_three_that_have_most_of_one():
    worth = np.array([[3.0, 3.0, 3.0]])
    problem = Problem(worth, Choice(np.arange(3), np.zeros(3, int), np.array([2])), [Limit("x", 2.0, np.ones((1, 3)))])
    assert _rounded(problem, np.full((1, 3), 2 / 3), np.zeros(1)).chosen.sum() == 2

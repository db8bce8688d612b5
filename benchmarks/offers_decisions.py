"""Deciding: assignment beside one linear program and greedy, and a decision for one customer.

Customers, chances, margins and costs are made up with a fixed seed: 30 % of the pairs are not allowed, a budget, a
channel's capacity and a stock bind. Greedy is the better of two usual ones: pairs in order of worth, or of worth per
cost, while everything lasts. HiGHS, in one program of all pairs, is asked at sizes that it can do in minutes.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from _data import table
from cxml.offers.assign import assign
from cxml.offers.choice import Choice, Limit
from cxml.offers.decide import decide
from cxml.offers.policy import Cap, Explore, Policy, Value
from cxml.offers.program import Problem
from cxml.offers.scores import Scores
from cxml.offers.serving import Decider


def made_up(n: int, m: int, k: int) -> tuple[np.ndarray, Choice, list[Limit]]:
    random = np.random.default_rng(0)
    chance = 1 / (1 + np.exp(-random.normal(-2.5, 1, (n, m))))
    cost = random.uniform(50, 1500, m)
    worth = chance * random.uniform(5e3, 5e4, m) - cost
    worth[random.random((n, m)) < 0.3] = -np.inf
    channels = np.arange(m) % 3
    limits = [
        Limit("budget", n * 250.0, cost[None, :]),
        Limit("capacity", n * 0.03, (channels == 2)[None, :] * 1.0),
        Limit("stock", n * 0.002, (np.arange(m) == 3)[None, :] * 1.0),
    ]
    return worth, Choice(np.arange(m), channels, np.full(n, k)), limits


def greedy(worth: np.ndarray, choice: Choice, limits: list[Limit]) -> float:
    """Worth, or worth per cost, first, while places and limits last."""
    i, j = np.nonzero(worth > 0)
    return max(in_order(worth, choice, limits, i, j, by) for by in (worth[i, j], worth[i, j] / limits[0].use[0, j]))


def in_order(worth, choice, limits, i, j, by) -> float:
    order = np.argsort(-by, kind="stable")
    left = np.array([one.most for one in limits])
    uses = np.vstack([one.use[0] for one in limits]).T
    places, total = choice.places.copy(), 0.0
    for row, entry in zip(i[order].tolist(), j[order].tolist(), strict=True):
        if places[row] and (uses[entry] <= left).all():
            left -= uses[entry]
            places[row] -= 1
            total += worth[row, entry]
    return total


def assignment(sizes: list[tuple[int, int, int]], whole: int) -> None:
    rows = []
    for n, m, k in sizes:
        worth, choice, limits = made_up(n, m, k)
        start = time.perf_counter()
        found = assign(worth, choice, limits)
        seconds = time.perf_counter() - start
        row: dict[str, object] = {"customers": n, "entries": m, "k": k, "value": f"{found.value:,.0f}"}
        row |= {"gap": f"{found.gap:.1e}", "seconds": f"{seconds:.1f}"}
        start = time.perf_counter()
        row |= {"greedy / value": f"{greedy(worth, choice, limits) / found.value:.4f}"}
        row |= {"greedy seconds": f"{time.perf_counter() - start:.1f}"}
        if n <= whole:
            problem = Problem(worth, choice, limits)
            i, j = np.nonzero(worth > 0)
            start = time.perf_counter()
            share, _ = problem.program(i, j, problem.most)
            row |= {"whole LP / value": f"{worth[i, j] @ share / found.value:.7f}"}
            row |= {"whole LP seconds": f"{time.perf_counter() - start:.1f}"}
        rows.append(row)
    table(rows, "Assignment under a budget, a capacity and a stock (gap: proven, to the bound of the prices)")


class Ready:
    """A model that costs nothing: what is timed is deciding."""

    def __init__(self, entries: pd.DataFrame) -> None:
        random = np.random.default_rng(1)
        self._entries = entries
        self._scores = Scores(random.uniform(0.01, 0.3, (1, len(entries))), np.full(len(entries), 0.3))

    def entries(self) -> pd.DataFrame:
        return self._entries

    def score(self, customers: pd.DataFrame, entries: pd.DataFrame | None = None) -> Scores:  # noqa: ARG002
        return Scores(np.repeat(self._scores.probability, len(customers), axis=0), self._scores.spread)

    def scorer(self, entries: pd.DataFrame | None = None):  # noqa: ARG002
        return lambda _: self._scores


def one_customer(times: int) -> None:
    random = np.random.default_rng(2)
    m = 100
    entries = pd.DataFrame(
        {
            "offer": [f"o{one}" for one in range(m)],
            "channel": random.choice(["sms", "call"], m),
            "category": random.choice(["loan", "data"], m),
            "margin": random.uniform(5e3, 5e4, m),
            "cost": random.uniform(50, 1500, m),
        }
    )
    contacts = pd.DataFrame(
        {"id": random.integers(0, 10_000, 30_000), "offer": random.choice(entries["offer"], 30_000)}
    )
    contacts["channel"] = random.choice(["sms", "call"], 30_000)
    contacts["time"] = pd.Timestamp("2026-03-01") - pd.to_timedelta(random.uniform(0, 60, 30_000), unit="D")
    rules = {
        "eligibility": {"adults": "age >= 19 or category != 'loan'", "seoul": "region == 'seoul' or channel == 'sms'"},
        "consent": {"sms": "sms_ok"},
        "value": Value("margin", "cost"),
        "budget": 1e9,
    }
    caps = [Cap(3, days=7), Cap(1, days=90, offer=True)]
    cases = {
        "rules, value and a price": Policy(**rules),
        "and two caps on contacts": Policy(**rules, fatigue=caps),
        "and Thompson sampling with propensities": Policy(**rules, fatigue=caps, explore=Explore("thompson")),
    }
    record = {"id": 17, "age": 40, "region": "seoul", "sms_ok": "Y"}
    rows = []
    for name, policy in cases.items():
        decider = Decider(
            Ready(entries),
            policy,
            key="id",
            offer="offer",
            channel="channel",
            contacts=contacts,
            prices={"budget": 0.5},
        )
        taken = np.empty(times)
        for place in range(times):
            start = time.perf_counter()
            decider.predict_one({**record, "id": place}, 1, now="2026-03-01")
            taken[place] = time.perf_counter() - start
        p50, p99 = np.percentile(taken[times // 10 :] * 1e3, [50, 99])
        rows.append({"one customer, 100 entries": name, "p50 ms": f"{p50:.2f}", "p99 ms": f"{p99:.2f}"})
    table(rows, "Decider.predict_one, the model's own time left out")


def whole_batch(n: int) -> None:
    random = np.random.default_rng(3)
    m = 20
    entries = pd.DataFrame({"offer": [f"o{one}" for one in range(m)], "category": random.choice(["loan", "data"], m)})
    entries = entries.assign(margin=random.uniform(5e3, 5e4, m), cost=random.uniform(50, 1500, m))
    customers = pd.DataFrame({"id": np.arange(n), "age": random.integers(10, 80, n)})
    scores = Scores(1 / (1 + np.exp(-random.normal(-2.5, 1, (n, m)))), np.full(m, 0.3))
    rules = {"eligibility": ["age >= 19 or category != 'loan'"], "value": Value("margin", "cost"), "budget": n * 250.0}
    rows = []
    for name, explore in {"best by expectation": None, "epsilon": Explore("epsilon"), "Thompson": Explore()}.items():
        start = time.perf_counter()
        found = decide(customers, entries, scores, Policy(**rules, explore=explore), key="id", offer="offer")
        row = {"decide": name, "customers": n, "entries": m, "seconds": f"{time.perf_counter() - start:.1f}"}
        rows.append(row | {"gap": f"{found.gap:.1e}"})
    table(rows, "A whole decision: rules, assignment, propensities, fates")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    quick = parser.parse_args().quick
    sizes = [(5_000, 20, 1)] if quick else [(5_000, 20, 1), (20_000, 20, 1), (100_000, 20, 1), (100_000, 20, 3)]
    assignment(sizes, whole=20_000)
    one_customer(300 if quick else 2_000)
    whole_batch(5_000 if quick else 100_000)


if __name__ == "__main__":
    main()

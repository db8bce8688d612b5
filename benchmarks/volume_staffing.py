"""Agents for many intervals: cxml beside pyworkforce and the textbook's loop, the same Erlang C job in one run.

    python benchmarks/volume_staffing.py

Only the ratios travel to other machines. Equality stands beside each ratio, because a fast answer may be a wrong
one; published figures come first. The last table is what the others do not do: a forecast's distribution.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import exp

import numpy as np
import pandas as pd
from pyworkforce.queuing import ErlangC

from cxml.volume.erlang import erlang_a, erlang_b, erlang_c
from cxml.volume.staffing import Service, outcome, required_agents, staff

INTERVALS, REPEATS = 1_000, 5
HANDLING, PERIOD, TARGET, WITHIN = 180.0, 1_800.0, 0.8, 20.0


def theirs(contacts: np.ndarray) -> np.ndarray:
    queues = [ErlangC(transactions=one, aht=HANDLING / 60, asa=WITHIN / 60, interval=PERIOD / 60) for one in contacts]
    return np.array([queue.required_positions(service_level=TARGET)["raw_positions"] for queue in queues])


def textbook(contacts: np.ndarray) -> np.ndarray:
    """One agent more until it is enough; Erlang B by its recursion, carried along."""
    found = []
    for load in contacts * HANDLING / PERIOD:
        agents, inverse, level = 0, 1.0, 0.0
        while level < TARGET:
            agents += 1
            inverse = 1 + inverse * agents / load
            if agents > load:
                waiting = agents / (agents - load * (1 - 1 / inverse)) / inverse
                level = 1 - waiting * exp(-(agents - load) * WITHIN / HANDLING)
        found.append(agents)
    return np.array(found)


def seconds(call: Callable[[], object]) -> float:
    """Median of some calls."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def published() -> None:
    patient = erlang_c([14, 55, 50], [10, 48, 48], handling_time=[180, 240, 60], within=[20, 15, 20])
    real = erlang_a([50, 13], [48, 10], handling_time=[60, 180], patience=[120, 300])
    rows = [
        ("Erlang B table, 1 % of 100 lines at 84.06 Erlang: blocked", 0.01, erlang_b(100, 84.06)),
        ("Call Centre Helper, 10 Erlang, 14 agents: answered in 20 s", 0.888, patient.service_level[0]),
        ("Tanner, 48 Erlang, 55 agents: waiting", 0.239, patient.waiting[1]),
        ("Garnett et al., 48 Erlang, 50 agents: mean wait, s", 20.8, patient.mean_wait[2]),
        ("  the same with a patience of 2 minutes: mean wait, s", 3.7, real.mean_wait[0]),
        ("  the same: abandoned", 0.031, real.abandonment[0]),
        ("pyworkforce's guide, Erlang A, 13 agents: answered in 20 s", 0.858, real.service_level[1]),
    ]
    print(f"{'':62}{'published':>10}{'cxml':>10}")
    for name, value, ours in rows:
        print(f"{name:62}{value:10}{float(ours):10.4f}")


def known_contacts() -> None:
    service = Service(HANDLING, service_level=TARGET, within=WITHIN)
    print(f"\n{INTERVALS:,} intervals, Erlang C, known contacts")
    print(f"{'contacts':>14}{'x pyworkforce':>15}{'equal':>8}{'x textbook':>12}{'equal':>8}{'ms':>8}")
    for least, most in ((20, 200), (200, 1_000), (1_000, 5_000)):
        contacts = np.random.default_rng(0).uniform(least, most, INTERVALS)
        ours = required_agents(contacts, service, period=PERIOD)
        own = seconds(lambda contacts=contacts: required_agents(contacts, service, period=PERIOD))
        line = f"{f'{least:,}-{most:,}':>14}"
        for peer, width in ((theirs, 15), (textbook, 12)):
            ratio = seconds(lambda contacts=contacts, peer=peer: peer(contacts)) / own
            line += f"{ratio:{width}.1f}{np.mean(peer(contacts) == ours):8.1%}"
        print(f"{line}{1e3 * own:8.1f}")
    print("pyworkforce starts from round(load + 1) agents and so may answer one more than needed; never less.")


def distribution() -> None:
    """What the stated probability is worth: rates that come true, against the agents asked for."""
    random = np.random.default_rng(0)
    mean, spread = random.uniform(50, 500, INTERVALS), 0.15
    rates = random.gamma(spread**-2, mean * spread**2, (4_000, INTERVALS))
    counts = random.poisson(rates)
    shares = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
    names = ["lo-90", "lo-80", "lo-50", "", "hi-50", "hi-80", "hi-90"]
    quantiles = np.quantile(counts, shares, axis=0)
    columns = [f"contacts-{name}".rstrip("-") for name in names]
    forecast = pd.DataFrame(dict(zip(columns, quantiles, strict=True)))
    print(f"\n{INTERVALS:,} intervals, forecast with 50, 80 and 90 % bounds, asked for 90 %: share of rates served")
    print("(whole agents meet it a little more often than asked)")
    print(f"{'':44}{'met':>8}{'agents':>10}{'ms':>8}")
    for name, service in (("Erlang C", Service(HANDLING)), ("Erlang A, 2 min", Service(HANDLING, patience=120))):
        ways: dict[str, Callable[[], np.ndarray]] = {
            "from the rate": lambda service=service: staff(forecast, service, period=PERIOD)["agents"].to_numpy(),
            "from the count's upper quantile": lambda service=service: required_agents(
                forecast["contacts-hi-80"], service, period=PERIOD
            ),
            "from the middle alone": lambda service=service: required_agents(
                forecast["contacts"], service, period=PERIOD
            ),
        }
        for label, way in ways.items():
            agents = way()
            met = np.mean(rates <= served(service, agents))
            print(f"{f'{name}, {label}':44}{met:8.1%}{agents.sum():10,}{1e3 * seconds(way):8.0f}")
        back = 1e3 * seconds(lambda service=service: outcome(forecast, service, agents=30, period=PERIOD))
        print(f"{f'{name}, outcome of given agents':44}{'':18}{back:8.0f}")


def served(service: Service, agents: np.ndarray) -> np.ndarray:
    """Most contacts that these agents can serve, found by the textbook's measures alone."""
    low, high = np.zeros(len(agents)), agents * PERIOD / HANDLING * 2.0
    for _ in range(50):
        middle = (low + high) / 2
        load = middle * HANDLING / PERIOD
        if service.patience is None:
            level = erlang_c(agents, load, handling_time=HANDLING).service_level
        else:
            level = erlang_a(agents, load, handling_time=HANDLING, patience=service.patience).service_level
        low, high = np.where(level >= TARGET, middle, low), np.where(level >= TARGET, high, middle)
    return low


if __name__ == "__main__":
    published()
    known_contacts()
    distribution()

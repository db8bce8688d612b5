"""Queues: published tables, pyworkforce, the chain of states solved by hand, and a simulation of every caller."""

from fractions import Fraction
from heapq import heapify, heapreplace
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxml.errors import ConfigError
from cxml.volume.erlang import Queue, erlang_a, erlang_b, erlang_c

quick = settings(max_examples=60, deadline=None)

#: Load that n lines carry with 1 % of calls blocked: the column of the Erlang B tables in telephone handbooks, such as
#: Parkinson, R. "Traffic engineering techniques in telecommunications"; 15 lines also in erlang.com's manual.
ONE_PERCENT = {1: 0.0101, 2: 0.153, 5: 1.361, 10: 4.461, 15: 8.108, 20: 12.03, 50: 37.90, 100: 84.06}


@pytest.mark.parametrize(("lines", "load"), ONE_PERCENT.items())
def test_erlang_b_of_the_published_table(lines, load):
    assert erlang_b(lines, load) == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("lines", [0, 1, 7, 30])
@pytest.mark.parametrize("load", [Fraction(1, 100), Fraction(5), Fraction(29), Fraction(2000)])
def test_erlang_b_is_the_ratio_of_exact_sums(lines, load):
    terms = [load**k / factorial(k) for k in range(lines + 1)]
    assert erlang_b(lines, float(load)) == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-11)


def recursion(lines, load):
    inverse = 1.0
    for line in range(1, lines + 1):
        inverse = 1 + inverse * line / load
    return 1 / inverse


@pytest.mark.parametrize(("lines", "load"), [(10_000, 9_800.0), (10_000, 10_500.0), (300, 5_000.0), (5_000, 4_000.0)])
def test_erlang_b_of_thousands_of_lines_equals_the_recursion(lines, load):
    assert erlang_b(lines, load) == pytest.approx(recursion(lines, load), rel=1e-11)


def test_the_two_ways_to_an_incomplete_gamma_function_meet(monkeypatch):
    """The integral takes over where the function underflows; just before, both hold."""
    n, a = np.array([100.0, 1000.0]), np.array([1200.0, 3000.0])
    queue = erlang_a(a, n, handling_time=1, patience=1)  # y far below x
    usual = erlang_b(n, a)
    monkeypatch.setattr("cxml.volume.erlang._TINY", 1e-5)
    np.testing.assert_allclose(erlang_b(n, a), usual, rtol=1e-11)
    np.testing.assert_allclose(erlang_a(a, n, handling_time=1, patience=1), queue, rtol=1e-9, atol=1e-12)


def test_erlang_c_of_the_worked_example():
    """Call Centre Helper, "Erlang C formula - made simple with an easy worked example": 100 calls in half an hour."""
    found = erlang_c(14, 10, handling_time=180, within=20)
    assert found.waiting == pytest.approx(0.1741, abs=5e-5)
    assert found.service_level == pytest.approx(0.888, abs=5e-4)
    assert found.mean_wait == pytest.approx(7.8, abs=0.05)
    assert found.occupancy == pytest.approx(0.714, abs=5e-4)
    assert erlang_c(13, 10, handling_time=180).service_level == pytest.approx(0.796, abs=0.01)


def test_erlang_c_of_tanners_example():
    """M. Tanner, "The Erlang-C formula": 360 calls of 4 minutes in half an hour, 55 agents, 15 seconds."""
    found = erlang_c(55, 48, handling_time=240, within=15)
    assert found.waiting == pytest.approx(0.239, abs=5e-4)
    assert found.mean_wait == pytest.approx(8.2, abs=0.05)
    assert found.service_level == pytest.approx(0.846, abs=5e-4)


def test_erlang_a_and_c_of_the_published_comparison():
    """Garnett, Mandelbaum & Reiman (2002): 48 calls a minute of 1 minute, 50 agents, patience 2 minutes."""
    patient, real = erlang_c(50, 48, handling_time=60), erlang_a(50, 48, handling_time=60, patience=120)
    assert (float(patient.mean_wait), float(patient.occupancy)) == pytest.approx((20.8, 0.96), abs=0.05)
    assert real.abandonment == pytest.approx(0.031, abs=5e-4)
    assert real.mean_wait == pytest.approx(3.7, abs=0.05)
    assert real.occupancy == pytest.approx(0.93, abs=5e-3)
    # nine in ten wait at most 58.1 s, or 12.5 s
    assert erlang_c(50, 48, handling_time=60, within=58.1).late == pytest.approx(0.1, abs=1e-3)
    assert erlang_a(50, 48, handling_time=60, patience=120, within=12.5).late == pytest.approx(0.1, abs=1e-3)


def test_erlang_a_of_pyworkforces_guide():
    """Its page on Erlang A prints these for 13 agents; they come from the chain of states."""
    found = erlang_a(13, 10, handling_time=180, patience=300)
    assert found.waiting == pytest.approx(0.226, abs=1e-3)
    assert found.abandonment == pytest.approx(0.025, abs=1e-3)
    assert found.service_level == pytest.approx(0.858, abs=1e-3)
    assert found.occupancy == pytest.approx(0.750, abs=1e-3)
    assert found.mean_wait == pytest.approx(60 * 0.125, abs=0.06)


@pytest.mark.parametrize(("agents", "load"), [(3, 1.5), (14, 10.0), (60, 55.0), (400, 380.0)])
def test_erlang_c_equals_pyworkforce(agents, load):
    queuing = pytest.importorskip("pyworkforce.queuing", reason="pyworkforce comes with the extra `bench`")
    theirs = queuing.ErlangC(transactions=load * 10, aht=3, asa=20 / 60, interval=30)
    found = erlang_c(agents, load, handling_time=180)
    assert found.waiting == pytest.approx(theirs.waiting_probability(agents), rel=1e-10)
    assert found.service_level == pytest.approx(theirs.service_level(agents), rel=1e-10)
    assert found.occupancy == pytest.approx(theirs.achieved_occupancy(agents), rel=1e-12)


def chain(agents, load, handling, patience):
    """Waiting and abandonment from the stationary chances of 0, 1, 2, ... callers."""
    states = np.arange(agents + 20_000)
    leaving = np.minimum(states[1:], agents) / handling + np.maximum(states[1:] - agents, 0) / patience
    log = np.r_[0.0, np.cumsum(np.log(load / handling / leaving))]
    chance = np.exp(log - log.max())
    chance /= chance.sum()
    queued = chance @ np.maximum(states - agents, 0)
    return chance[agents:].sum(), queued / patience / (load / handling)


@pytest.mark.parametrize(
    ("agents", "load", "patience"),
    [
        (5, 20, 60),
        (5, 0.01, 100),
        (100, 180, 90),
        (1000, 1000, 120),
        (3000, 2500, 120),
        (2000, 5000, 30),
        (50, 40, 1e5),
    ],
)
def test_erlang_a_equals_the_chain_of_states(agents, load, patience):
    found = erlang_a(agents, load, handling_time=300, patience=patience)
    waiting, abandonment = chain(agents, load, 300, patience)
    assert found.waiting == pytest.approx(waiting, rel=1e-9)
    assert found.abandonment == pytest.approx(abandonment, rel=1e-9)
    assert found.mean_wait == pytest.approx(abandonment * patience, rel=1e-9)


def simulate(agents, load, handling, patience, within, *, callers=200_000, seed=0):
    """Follow every caller, first come first served; means of 40 stretches and their standard errors."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(handling / load, callers))
    talk = rng.exponential(handling, callers).tolist()
    limit = (rng.exponential(patience, callers) if patience else np.full(callers, np.inf)).tolist()
    free = [0.0] * agents
    heapify(free)
    offered = []
    for came, takes, waits in zip(arrival.tolist(), talk, limit, strict=True):
        wait = max(free[0] - came, 0.0)  # until an agent is free for this caller
        if wait <= waits:
            heapreplace(free, came + wait + takes)
        offered.append(wait)
    wait, limit = np.array(offered), np.array(limit)
    gone = wait > limit
    spent = np.minimum(wait, limit)
    busy = np.where(gone, 0.0, talk) * load / handling / agents
    seen = [wait > 0, ~gone & (wait <= within), spent > within, gone, spent, busy]
    # the first tenth fills the empty queue
    stretches = np.array([each[callers // 10 :].astype(float).reshape(40, -1).mean(axis=1) for each in seen])
    return Queue(*stretches.mean(axis=1)), Queue(*stretches.std(axis=1, ddof=1) / np.sqrt(40))


@pytest.mark.parametrize(
    ("agents", "load", "patience"),
    [(14, 10.0, None), (40, 35.0, None), (13, 12.0, 90.0), (20, 26.0, 120.0), (2, 1.0, 30.0)],
)
def test_equals_a_simulation_of_every_caller(agents, load, patience):
    mean, error = simulate(agents, load, 180.0, patience, 20.0)
    shared = {"handling_time": 180, "within": 20}
    found = erlang_a(agents, load, patience=patience, **shared) if patience else erlang_c(agents, load, **shared)
    for name in Queue._fields:
        near = 4.5 * float(getattr(error, name)) + 1e-12
        assert float(getattr(found, name)) == pytest.approx(float(getattr(mean, name)), abs=near), name
    assert float(error.service_level) < 0.02  # else the comparison says nothing


@pytest.mark.parametrize("agents", [11, 14, 14.5, 30])
def test_endless_patience_is_erlang_c(agents):
    limit = erlang_c(agents, 10, handling_time=180)
    found = erlang_a(agents, 10, handling_time=180, patience=1e10)
    np.testing.assert_allclose(found, limit, rtol=1e-6, atol=1e-7)


def test_overload_has_no_steady_state_in_erlang_c_and_is_no_error():
    found = erlang_c([9, 10, 0], 10, handling_time=180)
    np.testing.assert_array_equal(found.service_level, 0)
    np.testing.assert_array_equal(found.mean_wait, np.inf)
    np.testing.assert_array_equal(found.occupancy, 1)


def test_without_callers_or_without_agents():
    for idle in (erlang_c(3, 0, handling_time=9), erlang_a([0, 3], 0, handling_time=9, patience=9)):
        np.testing.assert_array_equal(idle.service_level, 1)
        np.testing.assert_array_equal(idle.occupancy, 0)
    nobody = erlang_a(0, 5, handling_time=180, patience=60, within=20)
    assert (float(nobody.abandonment), float(nobody.mean_wait), float(nobody.service_level)) == (1, 60, 0)
    assert nobody.late == pytest.approx(np.exp(-1 / 3))


loads = st.floats(1e-3, 3000)


@quick
@given(loads, st.integers(1, 3000), st.floats(1, 1e6), st.floats(0, 300))
def test_shares_are_shares_and_more_agents_serve_better(load, agents, patience, within):
    shared = {"handling_time": 200, "within": within}
    pair = np.array([agents, agents + 1])
    for found in (erlang_c(pair, load, **shared), erlang_a(pair, load, patience=patience, **shared)):
        shares = np.array([found.waiting, found.service_level, found.late, found.abandonment, found.occupancy])
        assert ((shares >= 0) & (shares <= 1)).all()
        assert (found.service_level + found.late <= 1 + 1e-9).all()
        assert found.service_level[1] >= found.service_level[0] - 1e-9
        assert found.occupancy[1] <= found.occupancy[0] + 1e-9
        assert found.abandonment[1] <= found.abandonment[0] + 1e-9


@quick
@given(loads, st.integers(1, 3000), st.floats(1, 1e6))
def test_who_gives_up_shortens_the_queue_of_the_others(load, agents, patience):
    real, patient = (
        erlang_a(agents, load, handling_time=200, patience=patience),
        erlang_c(agents, load, handling_time=200),
    )
    assert real.late <= patient.late + 1e-9
    # what arrives is answered or gives up
    assert real.occupancy * agents == pytest.approx(load * (1 - real.abandonment), rel=1e-6, abs=1e-9)


def test_arrays_are_broadcast_and_left_alone():
    agents = np.array([[10.0], [20.0]])
    found = erlang_c(agents, [5.0, 8.0, 12.0], handling_time=60)
    assert found.service_level.shape == (2, 3)
    assert agents.tolist() == [[10.0], [20.0]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"handling_time": 0}, r"`handling_time` must be finite and > 0, got 0\. Give seconds"),
        ({"patience": -1}, r"`patience` must be finite and > 0, got -1\. Give seconds"),
        ({"patience": float("inf")}, r"`patience` must be finite and > 0, got inf"),
        ({"within": -3}, r"`within` must be finite and >= 0, got -3\. Give seconds"),
        ({"agents": [3, -2]}, r"`agents` must be finite and >= 0, got -2"),
        ({"load": float("nan")}, r"`load` must be finite and >= 0, got nan"),
    ],
)
def test_a_value_outside_its_range_is_refused(wrong, message):
    good = {"agents": 5, "load": 3, "handling_time": 60, "patience": 60, "within": 20}
    with pytest.raises(ConfigError, match=message):
        erlang_a(**(good | wrong))

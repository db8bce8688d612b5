"""Campaign money: worked by hand, by exhaustive search, by integration, and against empulse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from cxml.errors import ConfigError, CxmlError
from cxml.metrics import (
    CampaignCosts,
    campaign_profit,
    expected_maximum_profit,
    expected_profit,
    maximum_profit,
    profit_curve,
)

quick = settings(max_examples=40, deadline=None)

SIMPLE = CampaignCosts(value=100, contact_cost=2, offer_cost=10, accept_rate=0.5)


def sample(kind):
    rng = np.random.default_rng(11)
    p = rng.beta(1, 3, 600)
    y = (rng.random(600) < p).astype(int)
    return y, {
        "random": p,
        "ties": np.round(p, 1),
        "perfect": y.astype(float),
        "constant": np.full(600, 0.3),
        "reversed": 1 - p,
    }[kind]


KINDS = ["random", "ties", "perfect", "constant", "reversed"]
SETTINGS = [{}, {"value": 60, "offer_cost": 15, "contact_cost": 2, "alpha": 2, "beta": 5}]

# empulse 0.13.1 on sample(kind): empc_score, its optimal_rate, mpc_score, its optimal_rate; first and second setting
FROZEN = {
    "random": [(8.18934913, 0.57117469, 8.00166667, 0.66333333), (0.38807406, 0.06439149, 0.34833333, 0.06333333)],
    "ties": [(7.9651688, 0.54902797, 7.75666667, 0.645), (0.28716073, 0.05282219, 0.25083333, 0.03833333)],
    "perfect": [(13.25333333, 0.23666667, 13.25333333, 0.23666667), (2.57379946, 0.23044484, 2.72166667, 0.23666667)],
    "constant": [(5.0989851, 0.85904668, 4.85666667, 1.0), (0.0, 0.0, 0.0, 0.0)],
    "reversed": [(5.0989851, 0.85904668, 4.85666667, 1.0), (0.0, 0.0, 0.0, 0.0)],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("setting", [0, 1])
def test_frozen_values_of_empulse(kind, setting):
    y, p = sample(kind)
    costs = {key: value for key, value in SETTINGS[setting].items() if key not in ("alpha", "beta")}
    expected, certain = expected_maximum_profit(y, p, **SETTINGS[setting]), maximum_profit(y, p, CampaignCosts(**costs))
    assert (*expected, *certain) == pytest.approx(FROZEN[kind][setting], abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_equals_empulse(kind, setting):
    theirs = pytest.importorskip("empulse.metrics")
    y, p = sample(kind)
    names = {"value": "clv", "offer_cost": "incentive_cost"}
    renamed = {names.get(key, key): value for key, value in setting.items()}
    found = expected_maximum_profit(y, p, **setting)
    assert found.profit == pytest.approx(theirs.empc_score(y, p, **renamed), abs=1e-9)
    assert found.share == pytest.approx(theirs.empc_score.optimal_rate(y, p, **renamed), abs=1e-9)


@st.composite
def rows(draw):
    n = draw(st.integers(1, 25))
    y = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 1)))
    return y, draw(hnp.arrays(np.int64, n, elements=st.integers(0, 8))) / 8


@quick
@given(data=rows(), rate=st.floats(0, 1))
def test_maximum_profit_is_the_best_of_all_cuts_by_search(data, rate):
    y, p = data
    costs = CampaignCosts(100, 3, 20, rate)
    brute = [(0.0, 0.0)]
    for cut in sorted(set(p), reverse=True):
        leavers, all_in = int(y[p >= cut].sum()), int((p >= cut).sum())
        total = leavers * rate * 80 - (all_in - leavers) * 20 - all_in * 3
        brute.append((total / y.size, all_in / y.size))
    best = max(profit for profit, _ in brute)
    found = maximum_profit(y, p, costs)
    assert found.profit == pytest.approx(best, abs=1e-9)
    assert any(abs(found.profit - profit) < 1e-9 and found.share == share for profit, share in brute)


@quick
@given(data=rows())
def test_expected_maximum_profit_is_the_integral_of_the_maximum(data):
    y, p = data
    found = expected_maximum_profit(y, p, alpha=3, beta=4, value=100, offer_cost=15, contact_cost=2)
    density = beta_distribution(3, 4).pdf
    grid = (np.arange(100) + 0.5) / 100
    best = [maximum_profit(y, p, CampaignCosts(100, 2, 15, rate)) for rate in grid]
    rough = np.average([each.profit for each in best], weights=density(grid))
    assert found.profit == pytest.approx(rough, abs=0.02)
    assert found.profit >= 0
    assert 0 <= found.share <= 1


def test_expected_maximum_profit_by_quadrature():
    y, p = sample("ties")
    density = beta_distribution(6, 14).pdf

    def integrand(rate):
        return maximum_profit(y, p, CampaignCosts(accept_rate=rate)).profit * density(rate)

    by_hand, _ = quad(integrand, 0, 1, limit=200, points=[0.1, 0.2, 0.3, 0.5])
    assert expected_maximum_profit(y, p).profit == pytest.approx(by_hand, abs=1e-6)


@quick
@given(data=rows())
def test_only_the_order_counts_and_uncertainty_never_costs(data):
    y, p = data
    found = expected_maximum_profit(y, p)
    assert expected_maximum_profit(y, np.exp(3 * p) - 9) == pytest.approx(found, abs=1e-12)
    assert maximum_profit(y, np.exp(3 * p) - 9) == maximum_profit(y, p)
    assert found.profit >= maximum_profit(y, p).profit - 1e-9  # Jensen: the maximum is convex in the rate


def test_a_sharp_beta_gives_the_deterministic_measure():
    y, p = sample("random")
    sharp = expected_maximum_profit(y, p, alpha=0.3e7, beta=0.7e7)
    assert sharp.profit == pytest.approx(maximum_profit(y, p).profit, abs=1e-2)


def test_nobody_leaves_so_nobody_is_contacted():
    for measure in (maximum_profit, expected_maximum_profit):
        assert measure([0, 0, 0], [0.9, 0.5, 0.1]) == (0, 0)


def test_profit_curve_by_hand():
    curve = profit_curve([1, 0, 1, 0], [0.9, 0.7, 0.7, 0.1], SIMPLE)
    kept, wasted = 0.5 * 90 - 2, -10 - 2
    assert curve.share == pytest.approx([0, 0.25, 0.75, 1])
    assert curve.total == pytest.approx([0, kept, 2 * kept + wasted, 2 * kept + 2 * wasted])
    assert curve.profit * 4 == pytest.approx(curve.total)
    assert curve.best == pytest.approx(((2 * kept + wasted) / 4, 0.75))


def test_campaign_profit_lies_on_the_curve():
    y, p = sample("ties")
    curve = profit_curve(y, p, SIMPLE)
    for share in (0.013, 0.1, 0.5, 0.777, 1):
        assert campaign_profit(y, p, SIMPLE, share) == pytest.approx(np.interp(share, curve.share, curve.profit))
    whole = SIMPLE.of(y.sum(), y.size) / y.size
    assert campaign_profit(y, p, SIMPLE, 1) == pytest.approx(float(whole))


def test_campaign_profit_takes_weights():
    y, p = sample("ties")
    weight = np.random.default_rng(0).integers(0, 4, (3, y.size))
    expected = [campaign_profit(np.repeat(y, w), np.repeat(p, w), SIMPLE, 0.3) for w in weight]
    assert campaign_profit(y, p, SIMPLE, 0.3, weight=weight) == pytest.approx(expected)


@quick
@given(p=st.floats(0, 1), rate=st.floats(0, 1))
def test_expected_profit_is_the_mean_over_outcomes_and_pays_above_break_even(p, rate):
    costs = CampaignCosts(100, 3, 20, rate)
    by_outcome = p * (rate * (100 - 20 - 3) + (1 - rate) * -3) + (1 - p) * (-20 - 3)
    found = float(expected_profit([p], costs)[0])
    assert found == pytest.approx(by_outcome, abs=1e-9)
    assert abs(found) < 1e-9 or (found > 0) == (p > costs.break_even())


def test_expected_profit_of_calibrated_rows_is_what_the_curve_earns():
    y = np.array([1, 0, 0, 0] * 50)
    p = np.full(200, 0.25)
    assert expected_profit(p, SIMPLE).mean() == pytest.approx(profit_curve(y, p, SIMPLE).profit[-1])


def test_each_customer_may_have_a_value():
    found = expected_profit([0.5, 0.5], SIMPLE, value=[100, 300])
    assert found == pytest.approx([0.25 * 90 - 5 - 2, 0.25 * 290 - 5 - 2])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"value": 0}, "`value` must be a finite amount > 0, got 0"),
        ({"value": float("inf")}, "`value` must be a finite amount"),
        ({"value": "200"}, "`value` must be a finite amount > 0, got '200'"),
        ({"contact_cost": -1}, "`contact_cost` must be a finite amount >= 0, got -1"),
        ({"offer_cost": 200}, r"`offer_cost` must be in \[0, value = 200\), got 200"),
        ({"offer_cost": float("nan")}, "`offer_cost` must be in"),
        ({"accept_rate": 30}, r"`accept_rate` must be in \[0, 1\], got 30. Give a fraction"),
        ({"accept_rate": True}, r"`accept_rate` must be in \[0, 1\], got True"),
    ],
)
def test_costs_outside_their_range_are_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        CampaignCosts(**setting)
    assert issubclass(ConfigError, ValueError)
    assert issubclass(ConfigError, CxmlError)


def test_refusals():
    with pytest.raises(ConfigError, match=r"`alpha` and `beta` must be finite and > 0, got 6.0 and -1"):
        expected_maximum_profit([1, 0], [0.9, 0.1], beta=-1)
    with pytest.raises(ConfigError, match="`offer_cost` must be in"):
        expected_maximum_profit([1, 0], [0.9, 0.1], offer_cost=300)
    with pytest.raises(ValueError, match="`y` and `p` must describe the same rows"):
        maximum_profit([1, 0], [0.9])
    with pytest.raises(ValueError, match=r"`share` must be in \(0, 1\]"):
        campaign_profit([1, 0], [0.9, 0.1], SIMPLE, 0)
    with pytest.raises(ValueError, match="`value` must hold one amount >= 0 for each of the 2 customers, got 1"):
        expected_profit([0.5, 0.5], SIMPLE, value=[100])
    with pytest.raises(ValueError, match="amounts from -1 up"):
        expected_profit([0.5, 0.5], SIMPLE, value=[100, -1])
    with pytest.raises(ValueError, match="`p` must be probabilities"):
        expected_profit([50], SIMPLE)

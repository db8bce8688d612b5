"""Signs of trouble: calibrated on whatever the normal course is, each kind found soon and told once."""

import numpy as np
import pytest

from cxml.anomaly.columns import KINDS
from cxml.anomaly.residual import signals, tails
from cxml.anomaly.residual.arithmetic import MANY, ONE

THRESHOLD = 3.5


def follow(u, same=None, gap=None, lag=None):
    """Scores and kinds of residuals of shape (rows, series)."""
    rows, n = u.shape
    state = signals.begin(n)
    score, kind = np.empty(u.shape), np.empty(u.shape, dtype=int)
    nothing, one = np.zeros(n), np.ones(n)
    for t in range(rows):
        score[t], kind[t], _ = signals.step(
            MANY,
            state,
            u[t],
            nothing if same is None else same[t],
            one if gap is None else gap[t],
            one,
            nothing if lag is None else lag[t],
        )
    return score, kind


def standard(values):
    return (values - values.mean()) / values.std()


def autoregressive(rng, shape, persistence):
    noise = rng.standard_normal(shape) * np.sqrt(1 - persistence**2)
    for t in range(1, len(noise)):
        noise[t] += persistence * noise[t - 1]
    return noise


NORMAL_COURSES = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "student": lambda rng, shape: standard(rng.standard_t(3, shape)),
    "lognormal": lambda rng, shape: standard(rng.lognormal(0, 1, shape)),
    "few counts": lambda rng, shape: standard(rng.poisson(2, shape)),
    "mostly zero": lambda rng, shape: standard((rng.random(shape) < 0.02) * rng.lognormal(0, 1, shape)),
    "lasting": lambda rng, shape: autoregressive(rng, shape, 0.5),
    "restless": lambda rng, shape: rng.standard_normal(shape) * np.exp(0.3 * autoregressive(rng, shape, 0.95)),
}


@pytest.fixture(scope="module")
def normal_scores():
    """Scores of each normal course once it is known: 24 series each, all followed together."""
    rng = np.random.default_rng(5)
    values = [make(rng, (1700, 24)) for make in NORMAL_COURSES.values()]
    score, _ = follow(np.concatenate(values, axis=1))
    return dict(zip(NORMAL_COURSES, np.split(score[500:], len(values), axis=1), strict=True))


@pytest.mark.parametrize("course", NORMAL_COURSES)
def test_a_score_of_three_comes_about_once_in_a_thousand_normal_values(course, normal_scores):
    score = normal_scores[course]
    assert 0.003 < np.mean(score >= 2) < 0.025
    assert np.mean(score >= 3) < 0.0035
    assert np.mean(score >= 4) < 0.001


def test_heavy_tails_are_learned_from_the_series_itself():
    rng = np.random.default_rng(2)
    light, heavy = rng.standard_normal((800, 20)), standard(rng.standard_t(2.5, (800, 20)))
    score, _ = follow(np.r_[np.c_[light, heavy], np.full((1, 40), 6.0)])
    assert np.median(score[-1, :20]) > np.median(score[-1, 20:]) + 1


def trouble(kind, u, at):
    same, gap = np.zeros(u.shape), np.ones(u.shape)
    if kind == "spike":
        u[at] = 8.0
    elif kind == "dip":
        u[at] = -8.0
    elif kind == "level_shift":
        u[at : at + 40] += 2.5
    elif kind == "drift":
        u[at:] += np.linspace(0, 2.5, len(u) - at)[:, None]
    elif kind == "variance":
        u[at:] *= 3.0
    elif kind == "frozen":
        u[at:] = u[at]
        same[at + 1 :] = 1.0
    else:
        gap[at] = 12.0
    return u, same, gap


@pytest.mark.parametrize(
    ("kind", "told_as", "within"),
    [
        ("spike", {"spike"}, 1),
        ("dip", {"dip"}, 1),
        ("level_shift", {"level_shift", "spike", "variance"}, 8),
        ("drift", {"drift", "level_shift", "variance"}, 160),
        ("variance", {"variance", "spike", "dip", "level_shift"}, 16),
        ("frozen", {"frozen"}, 12),
        ("missing", {"missing"}, 1),
    ],
)
def test_each_kind_of_trouble_is_found_soon_and_named(kind, told_as, within):
    at, n = 500, 40
    u = np.random.default_rng(11).standard_normal((at + 160, n))
    score, told = follow(*trouble(kind, u, at))
    hit = score[at:] >= THRESHOLD
    first = np.where(hit.any(axis=0), hit.argmax(axis=0), 10**6)
    assert np.mean(first < within) >= (0.4 if kind == "drift" else 0.85)
    found = np.flatnonzero(first < within)
    names = [KINDS[told[at + first[one], one]] for one in found]
    assert np.mean([name in told_as for name in names]) >= 0.9
    assert np.mean(score[at // 2 : at] >= THRESHOLD) < 0.001


def test_a_shift_that_stays_is_told_once():
    at, n = 500, 40
    u = np.random.default_rng(3).standard_normal((at + 300, n))
    u[at:] += 4.0
    score, _ = follow(u)
    high = score[at:] >= THRESHOLD
    assert high[:6].any(axis=0).mean() > 0.95
    assert high[30:].mean() < 0.003


def test_values_back_on_the_old_course_are_no_trouble():
    """What was taken as the new course while trouble lasted is not held against them."""
    at, n = 500, 40
    u = np.random.default_rng(6).standard_normal((at + 80, n))
    u[at : at + 8] += 4.0
    score, _ = follow(u)
    assert (score[at : at + 8] >= THRESHOLD).any(axis=0).mean() > 0.9
    assert (score[at + 10 :] >= THRESHOLD).mean() < 0.01


def test_a_shift_the_expectation_has_followed_shows_in_its_lag():
    """The residuals alone hold three values of it; how far the expectation has moved holds the rest."""
    at, n = 500, 40
    u = np.random.default_rng(4).standard_normal((at + 40, n))
    lag = np.zeros(u.shape)
    u[at : at + 2] += 2.0
    lag[at + 2 :] += 2.5
    without, _ = follow(u)
    score, kind = follow(u, lag=lag)
    assert (score[at : at + 10] >= THRESHOLD).any(axis=0).mean() > 0.8
    assert (without[at : at + 10] >= THRESHOLD).any(axis=0).mean() < 0.4
    peak = score[at : at + 10].argmax(axis=0)
    assert np.mean(kind[at + peak, np.arange(n)] == KINDS.index("level_shift")) > 0.6


def test_a_series_that_repeats_itself_is_not_frozen():
    constant = np.zeros((600, 3))
    score, _ = follow(constant, same=np.r_[np.zeros((1, 3)), np.ones((599, 3))])
    assert score.max() < 3
    rng = np.random.default_rng(0)
    changes = rng.random((700, 20)) < 0.1
    score, kind = follow(np.where(changes, 0.3, 0.2), same=1.0 * ~changes)
    assert np.mean((score >= THRESHOLD) & (kind == KINDS.index("frozen"))) == 0


def test_missing_values_are_told_while_they_are_missing_and_gaps_that_are_usual_are_not():
    rng = np.random.default_rng(8)
    u = rng.standard_normal((600, 10))
    u[500:] = np.nan
    score, kind = follow(u)
    assert (score[510] >= THRESHOLD).all()
    assert (kind[510] == KINDS.index("missing")).all()
    often = rng.standard_normal((600, 10))
    often[rng.random(often.shape) < 0.3] = np.nan
    score, _ = follow(often)
    assert np.mean(score[200:] >= THRESHOLD) < 0.002


def test_an_anomaly_is_scored_before_it_is_learned_and_nothing_is_learned_at_no_weight():
    state = [entry[0].tolist() for entry in signals.begin(1)]
    draw = np.random.default_rng(0).standard_normal(300)
    for value in draw:
        signals.step(ONE, state, float(value), 0.0, 1.0, 1.0)
    before = list(state[0])
    score, kind, size = signals.step(ONE, state, 9.0, 0.0, 1.0, 0.0)
    assert score > THRESHOLD
    assert KINDS[kind] == "spike"
    assert size == pytest.approx(9.0, abs=0.5)
    assert state[0][: 8 * tails.PLACES] == before[: 8 * tails.PLACES]


def test_one_and_many_give_the_same_answers():
    rng = np.random.default_rng(1)
    rows, n = 300, 4
    u = rng.standard_normal((rows, n)) + (rng.random((rows, n)) < 0.01) * 8
    u[rng.random(u.shape) < 0.02] = np.nan
    same, gap = 1.0 * (rng.random(u.shape) < 0.1), 1.0 + 3.0 * (rng.random(u.shape) < 0.01)
    weight, lag = rng.random(u.shape), rng.standard_normal(u.shape)
    many = signals.begin(n)
    ones = [[entry[k].tolist() for entry in signals.begin(n)] for k in range(n)]
    for t in range(rows):
        answer = signals.step(MANY, many, u[t], same[t], gap[t], weight[t], lag[t])
        for k, state in enumerate(ones):
            given = (u[t, k], same[t, k], gap[t, k], weight[t, k], lag[t, k])
            np.testing.assert_allclose(
                signals.step(ONE, state, *map(float, given)), [part[k] for part in answer], atol=1e-9
            )
    for entry, own in zip(many, zip(*ones, strict=True), strict=True):
        np.testing.assert_allclose(entry, np.array(own), atol=1e-9)


def test_a_tail_is_what_was_seen_where_much_was_and_falls_on_beyond():
    counts = np.zeros((1, 2, tails.PLACES))
    draw = np.abs(np.random.default_rng(0).standard_normal(4000))
    table = counts[0, 0].tolist()
    for value in draw:
        tails.count(ONE, table, 0, tails.place_of_distance(ONE, float(value)), 1.0)
    counts[0, :] = np.array(table) / 2
    scores = tails.settle(counts, tails.Shapes([("value", 2)]))[0, 0]
    assert (np.diff(scores) >= 0).all()
    for distance, chance in ((1.0, 0.317), (2.0, 0.0455), (3.0, 0.0027)):
        found = tails.look_up(ONE, scores.tolist(), 0, tails.place_of_distance(ONE, distance))
        assert -np.log10(chance) - 0.6 < found < -np.log10(chance) + 0.1
    far = [tails.look_up(ONE, scores.tolist(), 0, tails.place_of_distance(ONE, x)) for x in (6.0, 30.0, 300.0)]
    assert 3.5 < far[0] < far[1] < far[2]


def test_an_atom_at_the_far_end_of_a_bin_is_no_rarity():
    """All values are the same, just below a threshold: they must not look rare for want of values beyond it."""
    for place in (3.02, 3.5, 3.98):
        table = [0.0] * tails.PLACES
        for _ in range(3000):
            tails.count(ONE, table, 0, place, 1.0)
        both = np.array([[table, [0.0] * tails.PLACES]])
        scores = tails.settle(both, tails.Shapes([("value", 2)]))[0, 0].tolist()
        assert tails.look_up(ONE, scores, 0, place) < 0.5

"""The filter beside a textbook one and a ridge regression, and what it does with outliers, gaps and late series."""

from dataclasses import replace

import numpy as np
import pytest

from cxml.timeseries import levels
from cxml.timeseries.levels import (
    PERSISTENCE,
    Design,
    Setting,
    Stops,
    follow,
    forecast,
    from_scale,
    settings_grid,
    to_scale,
    years_design,
)

STEADY = Setting("linear", 0.0, 0.0, 0.0, 1.0)
USUAL = Setting("linear", 0.05, 1e-3, 0.3, 3.0)


def make_design(rows, *, cycle=7, effects=3, seed=0):
    random = np.random.default_rng(seed)
    values = np.where(random.random((rows, effects)) < 0.1, 1.0, 0.0)
    values[:, :1] = random.normal(size=(rows, min(1, effects)))
    special = np.arange(effects) == effects - 1
    return Design(np.arange(rows) % cycle, cycle, values, np.linspace(0.5, 2.0, effects), special)


def stop_at(rows, series=1, settings=1, *, partial=np.nan, share=0.0):
    """Stops of all series at each of some rows."""
    n = len(rows) * series
    return Stops(
        np.repeat(rows, series),
        np.tile(np.arange(series), len(rows)),
        np.arange(n),
        np.full((settings, n), partial),
        np.full(n, share),
    )


def part(design, rows):
    return replace(design, phases=design.phases[rows], effects=design.effects[rows])


def told(z, design, setting, row, length, **options):
    """Forecasts of each series from before a row on, shape (S, length)."""
    moments, _ = follow(z[None], design, [setting], stop_at([row], len(z), **options))
    steps = np.arange(length)
    return forecast(moments[0].state, part(design, row + steps), steps)[0]


def textbook(z, design, setting):
    """Kalman filter of one series, written out with its matrices; states and covariances before each row."""
    n, F = design.cycle, design.effects.shape[1]
    size = 2 + n + F
    T = np.eye(size)
    T[1, 1] = PERSISTENCE
    Q = np.diag(np.r_[setting.level, setting.irregular, np.full(n, setting.season * (n > 1)), np.zeros(F)])
    prior = design.prior * np.where(design.special, setting.special, 1.0)
    irregular = setting.irregular / (1 - PERSISTENCE**2)
    P = np.diag(np.r_[levels._DIFFUSE, irregular, np.full(n, levels._SEASON_PRIOR * (n > 1)), prior])
    a = np.zeros(size)
    found = []
    for t in range(len(design.phases)):
        a, P = T @ a, T @ P @ T.T + Q
        found.append((a, P))
        if t >= len(z) or np.isnan(z[t]):
            continue
        h = np.zeros(size)
        h[[0, 1, 2 + design.phases[t]]] = 1.0
        h[2 + n :] = design.effects[t]
        gain = P @ h / (h @ P @ h + 1.0)
        a = a + gain * (z[t] - h @ a)
        P = (np.eye(size) - np.outer(gain, h)) @ P
    return found


@pytest.mark.parametrize("setting", [STEADY, USUAL, Setting("log", 1.0, 0.01, 0.3, 30.0)])
@pytest.mark.parametrize("cycle", [1, 7, 12])
def test_states_are_those_of_a_textbook_filter(setting, cycle, monkeypatch):
    """Without the bound, and with some values absent."""
    monkeypatch.setattr(levels, "_BOUND", np.inf)
    random = np.random.default_rng(1)
    z = random.uniform(-1.0, 1.0, 160)
    z[[40, 41, 90]] = np.nan
    design = make_design(170, cycle=cycle)
    expected = textbook(z, design, setting)
    moments, _ = follow(z[None, None], design, [setting], stop_at([0, 1, 30, 42, 100, 160, 165]))
    assert [moment.row for moment in moments] == [0, 1, 30, 42, 100, 160, 165]
    for moment in moments:
        np.testing.assert_allclose(moment.state[0, :, 0], expected[moment.row][0], atol=1e-8)
    settled = moments[-2].variance[0, :, 0] / moments[-2].variance[0, 0, 0]
    covariance = np.diag(expected[160][1])
    np.testing.assert_allclose(settled, covariance / covariance[0], rtol=1e-7)


def test_where_nothing_moves_the_state_is_that_of_a_ridge_regression():
    random = np.random.default_rng(2)
    design = make_design(121)
    z = random.uniform(-1.0, 1.0, 120) + 0.3 * design.effects[:120, 1]
    columns = np.concatenate([np.ones((120, 1)), np.eye(7)[design.phases[:120]], design.effects[:120]], axis=1)
    prior = np.r_[levels._DIFFUSE, np.full(7, levels._SEASON_PRIOR), design.prior]
    ridge = np.linalg.solve(columns.T @ columns + np.diag(1 / prior), columns.T @ z)
    state = follow(z[None, None], design, [STEADY], stop_at([120]))[0][0].state[0, :, 0]
    np.testing.assert_allclose(np.delete(state, 1), ridge, atol=1e-8)
    assert state[1] == 0


def test_settings_and_series_do_not_mind_each_other():
    random = np.random.default_rng(3)
    design = make_design(100)
    settings = [STEADY, USUAL, replace(USUAL, level=1.0)]
    z = random.normal(size=(3, 4, 100))
    z[:, :, 50] = np.nan
    together = follow(z, design, settings, stop_at([100], 4, 3))[0][0].state
    for g, setting in enumerate(settings):
        for s in range(4):
            alone = follow(z[g : g + 1, s : s + 1], design, [setting], stop_at([100]))[0][0].state
            np.testing.assert_allclose(together[g, :, s], alone[0, :, 0], atol=1e-10)


def test_the_uncertainty_stays_symmetric_and_positive_over_five_years(monkeypatch):
    rows = 5 * 365
    waves, wave_prior = years_design(365.25, np.arange(rows), 6)
    days = np.eye(31)[np.arange(rows) % 31]
    rare = np.eye(rows)[:, ::200]
    effects = np.concatenate([waves, days, rare], axis=1)
    prior = np.r_[wave_prior, np.full(31, 0.1), np.ones(rare.shape[1])]
    design = Design(np.arange(rows) % 7, 7, effects, prior, np.arange(len(prior)) > 43)
    seen = []
    stop = levels._stop

    def spy(a, P, *rest):
        seen.append(P.copy())
        return stop(a, P, *rest)

    monkeypatch.setattr(levels, "_stop", spy)
    settings = settings_grid()[::7]
    z = np.random.default_rng(0).normal(size=(len(settings), 1, rows))
    moments, _ = follow(z, design, settings, stop_at([10, 400, rows - 1], settings=len(settings)))
    for P in seen:
        assert (P.transpose(0, 2, 1) == P).all()
        least = np.linalg.eigvalsh(P).min(axis=1)
        still = [one.irregular == 0 for one in settings]
        assert (least > np.where(still, -1e-9, 1e-6)).all()
    assert np.isfinite(moments[-1].state).all()
    assert (moments[-1].variance >= 0).all()


# Outliers, changes, gaps -------------------------------------------------------------------------------------------


def noisy(rows, *, noise=0.05, seed=0):
    return np.random.default_rng(seed).normal(size=(1, rows)) * noise


def test_an_outage_hardly_bends_the_next_weeks_and_stands_out():
    design = make_design(230, effects=0)
    z = noisy(200)
    plain = told(z, design, USUAL, 200, 28)
    z[0, 197:] -= 3.0
    _, surprises = follow(z[None], design, [USUAL], stop_at([200]))
    bent = told(z, design, USUAL, 200, 28)
    assert (surprises[0, 0, 197:] < -15).all()
    assert np.abs(surprises[0, 0, 28:197]).max() < 6
    assert np.abs(bent - plain).max() < 0.25
    unbound = np.array([one[0] for one in textbook(z[0], design, USUAL)])
    assert unbound[200, 0] < -0.5


def test_a_day_known_in_part_is_bounded_too_and_weighs_by_its_share():
    design = make_design(230, effects=0)
    z = noisy(200)
    before = told(z, design, USUAL, 200, 14)
    alike = [told(z, design, USUAL, 200, 14, partial=0.1, share=share) - before for share in (0.05, 0.5, 1.0)]
    assert 0 < alike[0].mean() < alike[1].mean() < alike[2].mean()
    wild = told(z, design, USUAL, 200, 14, partial=-3.0, share=1.0) - before
    assert np.abs(wild).max() < 0.12
    # A day known wholly is the same, whether told as a part or as a row.
    whole = told(np.c_[z, [[-0.1]]], design, USUAL, 201, 13)
    part_of = told(z, design, USUAL, 200, 14, partial=-0.1, share=1.0)
    np.testing.assert_allclose(part_of[:, 1:], whole, atol=1e-10)


def test_a_change_that_lasts_is_followed():
    design = make_design(330, effects=0)
    z = noisy(300)
    z[0, 200:] += 0.7
    levels_then = [told(z[:, :day], design, USUAL, day, 7).mean() for day in (207, 230, 300)]
    assert levels_then[0] < 0.4
    assert levels_then[1] > 0.6
    assert levels_then[2] == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("scale", ["log", "sqrt", "linear"])
def test_a_series_that_never_moved_can_begin(scale):
    """A queue without any contacts for months, then opened: its noise was nothing, so any value was an outlier."""
    y = np.r_[np.zeros(150), np.random.default_rng(0).poisson(30, 60)].astype(float)[None]
    unit = y.mean(axis=1, keepdims=True)
    design = make_design(220, effects=0)
    for level in (0.05, 0.2):
        z = to_scale(y, unit, scale)
        forecasts = from_scale(told(z, design, replace(USUAL, level=level), 210, 7), unit, scale)
        assert forecasts.mean() == pytest.approx(30, rel=0.25)
        early = from_scale(told(z[:, :180], design, replace(USUAL, level=level), 180, 7), unit, scale)
        assert early.mean() > 12


def test_missing_values_change_nothing_but_what_they_would_have_told():
    design = make_design(130)
    z = noisy(100)
    assert np.isfinite(told(np.full((1, 100), np.nan), design, USUAL, 100, 7)).all()
    z[0, 60:] = np.nan
    np.testing.assert_allclose(told(z, design, STEADY, 100, 7), told(z[:, :60], design, STEADY, 100, 7))


def make_panel(random, series, rows, *, level):
    """Series relative to their mean, with a level that moves, weekdays and noise."""
    walk = np.cumsum(random.normal(size=(series, rows)) * np.sqrt(level), axis=1)
    week = random.normal(size=(series, 7)) * 3
    values = 0.1 * (walk + week[:, np.arange(rows) % 7] + random.normal(size=(series, rows)))
    return values - values.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("level", [1e-3, 0.05])
@pytest.mark.parametrize(
    ("begin", "missing", "row", "most"),
    [(28, 0.0, 42, 1.35), (28, 0.0, 84, 1.08), (14, 0.0, 42, 1.15), (1, 0.3, 42, 1.15), (1, 0.3, 120, 1.05)],
)
def test_sharing_the_uncertainty_costs_little_where_series_lack_values(level, begin, missing, row, most):
    """Series that begin within some rows of each other, or lack values, beside each filtered on its own."""
    random = np.random.default_rng(4)
    truth = make_panel(random, 30, 150, level=level)
    z = truth.copy()
    z[np.arange(150) < random.integers(0, begin, 30)[:, None]] = np.nan
    z[random.random(z.shape) < missing] = np.nan
    design = make_design(150, effects=0)
    setting = Setting("linear", level, 1e-3, 0.0, 1.0)
    ahead, z = truth[:, row : row + 14], z[:, :row]
    shared = np.abs(told(z, design, setting, row, 14) - ahead).mean()
    alone = np.mean([np.abs(told(z[[s]], design, setting, row, 14) - ahead[[s]]).mean() for s in range(30)])
    assert shared < most * alone


def test_a_weekday_on_which_few_series_are_open_is_learned_by_these():
    random = np.random.default_rng(5)
    truth = make_panel(random, 40, 120, level=1e-3)
    z = truth.copy()
    z[1:, np.arange(120) % 7 == 6] = np.nan
    design = make_design(140, effects=0)
    setting = Setting("linear", 1e-3, 1e-3, 0.0, 1.0)
    np.testing.assert_allclose(
        told(z, design, setting, 120, 14)[0], told(z[:1], design, setting, 120, 14)[0], atol=1e-10
    )


def test_late_groups_are_as_uncertain_as_early_ones():
    """What lies before the first value of all series makes nothing less or more certain."""
    random = np.random.default_rng(6)
    early = random.normal(size=(1, 80)) * 0.1
    design = make_design(500)
    late = np.concatenate([np.full((1, 350), np.nan), early], axis=1)
    shifted = replace(design, effects=np.roll(design.effects, 350, axis=0))
    np.testing.assert_allclose(told(late, shifted, USUAL, 430, 14), told(early, design, USUAL, 80, 14), atol=1e-10)


def test_borrowed_effects_are_where_a_new_series_begins():
    """A start is the mean of the prior: few values leave it, many replace it."""
    random = np.random.default_rng(7)
    design = make_design(300, effects=2)
    week = np.array([0.5, 0.2, 0.0, 0.0, 0.0, -0.3, -0.4])
    z = 1.0 + week[design.phases[:280]] + 0.8 * design.effects[:280, 1] + random.normal(size=280) * 0.02
    start = np.zeros((1, 11))
    start[0, 2:] = np.r_[week, 0.0, 0.8]
    few = z[:5][None, None]
    ahead = part(design, 5 + np.arange(14))
    with_start = follow(few, design, [USUAL], stop_at([5]), start=start)[0][0].state
    without = follow(few, design, [USUAL], stop_at([5]))[0][0].state
    truth = 1.0 + week[ahead.phases] + 0.8 * ahead.effects[:, 1]
    errors = [np.abs(forecast(one, ahead, np.arange(14))[0, 0] - truth).mean() for one in (with_start, without)]
    assert errors[0] < 0.05 < 0.15 < errors[1]
    assert with_start[0, 0, 0] == pytest.approx(1.0, abs=0.05)  # the level is its own
    wrong = follow(z[None, None], design, [USUAL], stop_at([280]), start=-start)[0][0].state[0, :, 0]
    assert wrong[-1] == pytest.approx(0.8, abs=0.1)
    assert wrong[2] - wrong[8] == pytest.approx(0.9, abs=0.1)


def test_stops_beyond_the_panel_and_before_it():
    design = make_design(60)
    z = noisy(50)
    moments, _ = follow(z[None], design, [USUAL], stop_at([-3, 0, 55]))
    assert [moment.row for moment in moments] == [0, 55]
    assert (moments[0].state == 0).all()
    assert moments[1].state[0, 1, 0] == pytest.approx(
        follow(z[None], design, [USUAL], stop_at([50]))[0][0].state[0, 1, 0] * PERSISTENCE**5
    )
    assert follow(z[None], design, [USUAL], stop_at([]))[0] == []


# Scales and columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["log", "sqrt", "linear"])
def test_scales_go_there_and_back_and_count_small_shares_alike(scale):
    unit = np.array([0.7, 10.0, 1e6])
    for share in (0.9, 1.0, 1.1, 3.0):
        np.testing.assert_allclose(from_scale(to_scale(share * unit, unit, scale), unit, scale), share * unit)
    assert to_scale(np.array([1.01e6]), unit[2:], scale)[0] == pytest.approx(0.01, rel=0.01)
    assert np.isnan(to_scale(np.array([np.nan]), unit[:1], scale)).all()
    assert (from_scale(np.array([-9.0, -1e3, 1e3]), unit, scale)[:2] < 0.01).all()
    assert np.isfinite(from_scale(np.array([1e3]), unit[:1], scale)).all()
    assert from_scale(to_scale(np.array([0.0]), unit[1:2], scale), unit[1:2], scale)[0] < 0.51


def test_the_short_lived_deviation_fades_and_the_rest_stays():
    design = make_design(10, effects=0)
    state = np.zeros((1, 9, 1))
    state[0, :2, 0] = 1.0, 0.5
    state[0, 2, 0] = 2.0
    found = forecast(state, design, np.arange(10))[0, 0]
    np.testing.assert_allclose(found[[0, 1, 7]], [3.5, 1.3, 3.0 + 0.5 * PERSISTENCE**7])


def test_waves_repeat_every_year():
    values, prior = years_design(12.0, np.arange(24), 2)
    assert values.shape == (24, 4)
    np.testing.assert_allclose(values[:12], values[12:], atol=1e-12)
    assert prior.tolist() == [0.25, 0.0625, 0.25, 0.0625]


def test_the_grid_is_of_settings_that_differ():
    grid = settings_grid()
    assert len(set(grid)) == len(grid) == 120

"""Shapes of the day: planted ones are found again, whatever is closed, missing or small."""

import numpy as np
import pytest

from cxml.timeseries.shapes import ShapeSetting, learn_many, learn_shapes, shape_settings, smooth

PLAIN = ShapeSetting(half_life=20.0, shrink=2.0, width=0.0)
KINDS = np.arange(200) % 7
MORNING = np.r_[np.zeros(2), np.linspace(3, 1, 8), np.zeros(2)] / 16
EVENING = np.r_[np.zeros(2), np.linspace(1, 3, 8), np.zeros(2)] / 16


def counts(shape_of_kind, *, total=1000.0, rows=140, kinds=KINDS, seed=None):
    """One series of expected counts, or of counts where there is a seed; closed where the shape is zero."""
    mean = np.stack([shape_of_kind(kind) for kind in kinds[:rows]]) * total
    values = mean if seed is None else np.random.default_rng(seed).poisson(mean).astype(float)
    return np.where(mean > 0, values, np.nan)[None]


def shapes_of(y, *, kinds=KINDS, n_kinds=8, row=None, setting=PLAIN, totals=None):
    totals = np.where(np.isnan(y).all(axis=2), np.nan, np.nansum(y, axis=2)) if totals is None else totals
    return learn_shapes(y, totals, kinds, n_kinds, y.shape[1] if row is None else row, setting)[0]


def by_day(kind):
    return EVENING if kind >= 5 else MORNING


@pytest.mark.parametrize("setting", shape_settings()[::5])
def test_planted_shapes_are_found_and_sum_to_one(setting):
    found = shapes_of(counts(by_day), setting=setting)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (found[:, [0, 1, 10, 11]] == 0).all()
    for kind in range(7):  # each weekday is nearer to its own shape than the mean of all days is, if only by a little
        own = by_day(kind)
        assert np.abs(found[kind] - own).sum() < np.abs(found[7] - own).sum()


def test_a_kind_never_met_has_the_shape_of_all_days():
    found = shapes_of(counts(by_day))
    everywhere = (5 * MORNING + 2 * EVENING) / 7
    np.testing.assert_allclose(found[7], everywhere, atol=0.005)


def test_holidays_are_a_kind_of_their_own_and_shrink_towards_all_days():
    kinds = np.where(np.isin(np.arange(200), [30, 60, 90]), 7, KINDS)
    y = counts(lambda kind: EVENING if kind == 7 else MORNING, kinds=kinds)
    distance = [
        np.abs(shapes_of(y, kinds=kinds, setting=ShapeSetting(20.0, shrink, 0.0))[7] - EVENING).sum()
        for shrink in (0.01, 2.0, 100.0)
    ]
    assert distance[0] < 0.02 < distance[1] < distance[2]
    np.testing.assert_allclose(shapes_of(y, kinds=kinds)[0], MORNING, atol=0.02)


def test_a_kind_of_day_without_any_contacts_is_still_open():
    """One holiday on which nobody called does not mean that nobody ever will."""
    kinds = np.where(np.arange(200) == 60, 7, KINDS)
    y = counts(lambda _: MORNING, kinds=kinds)
    y[0, 60] = np.where(MORNING > 0, 0.0, np.nan)
    found = shapes_of(y, kinds=kinds)[7]
    np.testing.assert_allclose(found, MORNING, atol=1e-6)


def test_a_kind_of_day_with_shorter_hours_stays_within_them():
    late = np.where(np.arange(12) >= 7, EVENING, 0.0)
    found = shapes_of(
        counts(lambda kind: late / late.sum() if kind == 5 else MORNING), setting=ShapeSetting(6.0, 2.0, 2.0)
    )
    assert (found[5, :7] == 0).all()
    assert (found[5, 7:10] > 0).all()
    assert found[5].sum() == pytest.approx(1.0)


def test_missing_slots_and_days_known_in_part_do_not_bend_a_shape():
    random = np.random.default_rng(0)
    whole = counts(by_day)
    totals = np.nansum(whole, axis=2)
    holes = np.where(random.random(whole.shape) < 0.3, np.nan, whole)
    np.testing.assert_allclose(shapes_of(holes, totals=totals), shapes_of(whole), atol=0.01)
    mornings = whole.copy()
    mornings[0, ::2, 6:] = np.nan
    np.testing.assert_allclose(shapes_of(mornings, totals=totals)[:7], shapes_of(whole)[:7], atol=0.01)


def test_days_whose_total_is_unknown_say_nothing():
    y = counts(lambda _: MORNING)
    y[0, 50:80] = counts(lambda _: EVENING)[0, 50:80]
    totals = np.nansum(y, axis=2)
    totals[0, 50:80] = np.nan
    np.testing.assert_allclose(shapes_of(y, totals=totals)[:7], np.tile(MORNING, (7, 1)), atol=1e-9)


def test_sparse_counts_are_best_drawn_together_and_smoothed():
    y = counts(lambda _: MORNING, total=3.0, seed=1)
    rough = shapes_of(y, setting=ShapeSetting(20.0, 0.5, 0.0))[:7]
    calm = shapes_of(y, setting=ShapeSetting(20.0, 10.0, 1.0))[:7]
    assert np.abs(calm - MORNING).sum() < 0.6 * np.abs(rough - MORNING).sum()


def test_recent_weeks_weigh_more():
    y = np.concatenate([counts(lambda _: MORNING, rows=119), counts(lambda _: EVENING, rows=21)], axis=1)
    quick, slow = (shapes_of(y, setting=ShapeSetting(half_life, 0.5, 0.0))[2] for half_life in (0.5, 20.0))
    assert np.abs(quick - EVENING).sum() < 0.05 < 0.3 < np.abs(slow - EVENING).sum()


def test_only_rows_before_the_row_count():
    y = counts(lambda _: MORNING)
    later = y.copy()
    later[0, 100:] = counts(lambda _: EVENING)[0, 100:]
    np.testing.assert_array_equal(shapes_of(later, row=100), shapes_of(y, row=100))
    np.testing.assert_array_equal(shapes_of(y, row=150), shapes_of(y, row=140))
    assert (shapes_of(y, row=0) == 0).all()
    assert (shapes_of(y, row=-5) == 0).all()


def test_a_series_without_contacts_has_no_shape():
    assert (shapes_of(np.zeros((1, 50, 12))) == 0).all()
    assert (shapes_of(np.full((1, 50, 12), np.nan)) == 0).all()


def test_long_histories_and_quick_settings_stay_finite():
    kinds = np.where(np.arange(1900) == 3, 7, np.arange(1900) % 7)
    y = counts(lambda kind: EVENING if kind == 7 else MORNING, rows=1826, kinds=kinds)
    found = shapes_of(y, kinds=kinds, setting=ShapeSetting(0.5, 0.5, 0.0))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(found[7], MORNING, atol=0.01)  # five years ago is forgotten


def test_many_settings_at_once_are_those_one_by_one():
    y = counts(by_day, total=20.0, seed=2)
    totals = np.nansum(y, axis=2)
    settings = shape_settings()
    for setting, found in zip(settings, learn_many(y, totals, KINDS, 8, 130, settings), strict=True):
        np.testing.assert_array_equal(found, learn_shapes(y, totals, KINDS, 8, 130, setting))


def test_smoothing_neither_reads_nor_fills_closed_slots():
    values = np.array([0.0, 1.0, 5.0, 1.0, 99.0, 2.0, 2.0])
    known = np.array([False, True, True, True, False, True, True])
    found = smooth(values, known, 1.0)
    assert (found[~known] == 0).all()
    assert 1.0 < found[1] < 5.0
    assert found[2] < 5.0
    assert found[5] < 2.5
    np.testing.assert_allclose(smooth(np.full(7, 3.0), known, 2.0)[known], 3.0)
    np.testing.assert_array_equal(smooth(values, known, 0.0), values)

"""The baseline: seasons chosen by themselves, medians and MADs, and one arithmetic for one and for many."""

import numpy as np
import pytest

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.robust_z import RobustZScorer, choose_seasons, grains_of, ranks
from cxml.anomaly.rows import Rows

HOUR = 3_600_000_000_000
START = 1_704_067_200_000_000_000  # Monday, 1 January 2024


def rows_of(values):
    """Hours of some series, shape (n_series, n_hours)."""
    n_series, n = values.shape
    series = np.tile(np.arange(n_series), n)
    time = START + np.repeat(np.arange(n), n_series) * HOUR
    return Rows(series, time, time, values.T.ravel().astype(float))


def scored(values, begin=None):
    rows = rows_of(values)
    scorer = RobustZScorer(AnomalyConfig())
    scorer.begin(rows if begin is None else rows_of(values[:, :begin]), tuple(map(str, range(len(values)))))
    return scorer, scorer.score(rows)


def test_the_season_is_chosen_by_itself():
    random = np.random.default_rng(1)
    hours = np.arange(24 * 7 * 5)
    noise = random.normal(0, 1, (4, len(hours)))
    day = 5 * np.sin(2 * np.pi * (hours % 24) / 24)
    weekday = np.array([0, 0, 1, 3, 5, -9, -12])[hours // 24 % 7]
    values = noise + np.stack([0 * day, day, weekday + 0.0 * day, day * (1 + (weekday < 0))])
    assert choose_seasons(rows_of(values), 4).tolist() == [0, 1, 2, 3]


def test_it_is_the_median_and_the_mad_of_the_last_values():
    random = np.random.default_rng(2)
    values = random.normal(50, 4, (1, 90))
    _, found = scored(values)
    assert found.expected[-1] == pytest.approx(np.median(values[0, 89 - 64 : 89]), rel=1e-12)
    assert (found.lower[-1] + found.upper[-1]) / 2 == pytest.approx(found.expected[-1])
    spread = (values[0, -1] - found.expected[-1]) / found.size[-1]
    assert spread == pytest.approx(4, rel=0.4)


@pytest.mark.parametrize("n_series", [3, 120])
def test_one_by_one_is_as_all_at_once_also_after_saving(n_series):
    random = np.random.default_rng(3)
    values = random.poisson(20 + 10 * np.sin(np.arange(200) / 24 * 2 * np.pi), (n_series, 200)).astype(float)
    values[0, 50:60] = np.nan
    values[1] = 7.0
    _, batch = scored(values, begin=100)
    stream = RobustZScorer(AnomalyConfig())
    stream.begin(rows_of(values[:, :100]), tuple(map(str, range(n_series))))
    rows = rows_of(values)
    half = len(rows) // 2
    first = Rows(rows.series[:half], rows.time[:half], rows.local[:half], rows.value[:half])
    before = stream.score(first)
    stream = RobustZScorer.from_parts(AnomalyConfig(), stream.parts())
    few = range(half, min(len(rows), half + 1500))
    told = [
        stream.score_one(
            int(rows.series[one]), int(rows.time[one]), int(rows.local[one]), float(rows.value[one]), np.nan
        )
        for one in few
    ]
    for name in ("expected", "lower", "upper", "score", "kind", "size"):
        np.testing.assert_allclose(getattr(before, name), getattr(batch, name)[:half], rtol=0, atol=1e-9)
        np.testing.assert_allclose(
            [getattr(one, name) for one in told], getattr(batch, name)[half : half + len(few)], rtol=0, atol=1e-9
        )


def test_scores_of_clean_values_are_near_their_word():
    random = np.random.default_rng(4)
    hours = np.arange(24 * 20)
    values = random.normal(100 + 30 * np.sin(2 * np.pi * hours / 24), 5, (100, len(hours)))
    _, found = scored(values)
    late = rows_of(values).time >= START + 24 * 10 * HOUR
    for score in (1, 2, 3):
        share = (found.score[late] >= score).mean() * 10**score
        assert 0.02 < share < 2
    inside = (rows_of(values).value >= found.lower) & (rows_of(values).value <= found.upper)
    assert inside[late].mean() == pytest.approx(0.99, abs=0.01)


def test_a_metric_that_is_mostly_zero_is_not_alarmed_by_one():
    random = np.random.default_rng(6)
    values = (random.random((1, 2000)) < 0.01).astype(float)
    assert grains_of(rows_of(values), 1).tolist() == [1.0]
    _, found = scored(values)
    assert found.score.max() < 2
    _, found = scored(np.append(values, [[30.0]], axis=1), begin=2000)
    assert found.score[-1] > 5


def test_spikes_go_up_and_dips_go_down():
    random = np.random.default_rng(7)
    values = random.normal(50, 2, (1, 200))
    values[0, [150, 160]] = [90, 10]
    _, found = scored(values)
    assert found.kind[[150, 160]].tolist() == [1, 2]
    assert np.sign(found.size[[150, 160]]).tolist() == [1, -1]
    assert (found.score[[150, 160]] > 6).all()


def test_nothing_is_said_before_there_is_something_to_say():
    _, found = scored(np.arange(20.0)[None])
    assert np.isnan(found.expected[:8]).all()
    assert (found.score[:8] == 0).all()
    assert not np.isnan(found.expected[8:]).any()


def test_a_missing_value_is_neither_scored_nor_learned_from():
    random = np.random.default_rng(8)
    values = random.normal(50, 2, (1, 100))
    with_gap = values.copy()
    with_gap[0, 60] = np.nan
    _, found = scored(with_gap)
    assert found.score[60] == 0
    assert np.isnan(found.expected[60])


def test_memory_is_bounded_per_series():
    sizes = set()
    for n in (50, 500, 1500):
        scorer, _ = scored(np.random.default_rng(9).normal(size=(2, n)))
        sizes.add(sum(one.nbytes for one in scorer.parts().values()))
    assert len(sizes) == 1
    assert sizes.pop() / 2 < 16_000


def test_series_begin_by_themselves():
    scorer, _ = scored(np.random.default_rng(10).normal(size=(1, 60)))
    for hour in range(30):
        one = scorer.score_one(4, START + hour * HOUR, START + hour * HOUR, float(hour % 3), np.nan)
    assert one.score < 2
    assert not np.isnan(one.expected)


def test_ranks_name_each_row_once():
    series = np.random.default_rng(11).integers(0, 5, 40)
    found = ranks(series)
    assert sorted(np.concatenate(found).tolist()) == list(range(40))
    assert all(len(set(series[one])) == len(one) for one in found)
    assert ranks(series[:0]) == []

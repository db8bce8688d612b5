"""One value at a time: plain floats throughout, and the same answers as many at once."""

import numpy as np
import pytest

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.residual.many import follow_many
from cxml.anomaly.residual.scorer import ResidualScorer
from cxml.anomaly.residual.timing import DAY
from cxml.anomaly.rows import Rows

HOUR = DAY // 24
START = 19_757 * DAY  # 2024-02-04: Seollal is in its first week


def scorer_of(rows, **settings):
    scorer = ResidualScorer(AnomalyConfig(**settings))
    scorer.begin(rows, tuple(f"s{one}" for one in range(int(rows.series.max()) + 1)))
    return scorer


def rates(n_series, n, rng):
    """Rates of which some have no trials, some trials and no value."""
    time = np.repeat(START + np.arange(n) * HOUR, n_series)
    trials = rng.integers(0, 40, n * n_series).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(trials > 0, rng.binomial(trials.astype(int), 0.2) / trials, np.nan)
    value[rng.random(len(value)) < 0.05] = np.nan
    trials[rng.random(len(value)) < 0.02] = 0.0
    value[trials == 0.0] = np.nan
    return Rows(np.tile(np.arange(n_series), n), time, time, value, trials)


def test_a_rate_with_trials_and_no_value_is_told_alike_by_one_and_by_many():
    rows = rates(3, 160, np.random.default_rng(0))
    settings = {"country": "KR", "denominator": "n"}
    many, one = scorer_of(rows, **settings), scorer_of(rows, **settings)
    told = follow_many(many._followed, many._kinds, many._phases, rows)
    columns = (rows.series, rows.time, rows.local, rows.value, rows.trials)
    singly = [one.score_one(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    expected = np.column_stack([told.expected, told.lower, told.upper, told.score, told.kind, told.size])
    np.testing.assert_allclose(np.array(singly), expected, rtol=1e-9, atol=1e-9)
    empty = np.isnan(rows.value) & (rows.trials > 0)
    assert empty.sum() > 10
    assert np.isfinite(expected[empty][20:, :3]).all()


@pytest.mark.parametrize("metric", ["count", "positive", "share", "real"])
def test_holidays_leave_no_numbers_of_numpy_in_a_stream(metric):
    """They cost three times as much as floats, in every later value."""
    rng = np.random.default_rng(1)
    value = rng.beta(4, 8, 200) if metric == "share" else rng.poisson(40, 200).astype(float)
    time = START + np.arange(200) * HOUR
    rows = Rows(np.zeros(200, dtype=np.int64), time, time, value)
    scorer = scorer_of(rows, country="KR", metric=metric)
    for at, own in zip(time.tolist(), value.tolist(), strict=True):
        answer = scorer.score_one(0, at, at, own, np.nan)
    assert [type(one) for one in answer] == [float, float, float, float, int, float]
    stream = scorer._streams[0]
    assert {type(one) for one in (*stream._state, *stream._means, *stream._variances, *stream._tables[0])} == {float}


def answers(scorer, rows):
    trials = np.full(len(rows), np.nan) if rows.trials is None else rows.trials
    columns = (rows.series, rows.time, rows.local, rows.value, trials)
    return np.array([scorer.score_one(*row) for row in zip(*(column.tolist() for column in columns), strict=True)])


def table(told):
    return np.column_stack([told.expected, told.lower, told.upper, told.score, told.kind, told.size])


def rows_at(rows, chosen):
    trials = None if rows.trials is None else rows.trials[chosen]
    return Rows(rows.series[chosen], rows.time[chosen], rows.local[chosen], rows.value[chosen], trials)


@pytest.mark.parametrize("seed", range(3))
def test_portions_of_any_size_followed_in_any_way_and_saved_in_between_say_the_same(seed):
    """With gaps, runs without values, uneven times and a series that the history did not have."""
    rng = np.random.default_rng(seed)
    rows = rates(3, 150, rng)
    rows.value[rng.integers(0, 300) + np.arange(60)] = np.nan
    uneven = rows.time + rng.integers(0, HOUR // 2, len(rows))
    rows = Rows(rows.series, uneven, uneven + 9 * HOUR, rows.value, rows.trials)
    rows = rows_at(rows, np.flatnonzero(rng.random(len(rows)) > 0.2))
    whole = scorer_of(rows_at(rows, rows.series < 2), country="KR", denominator="n")
    one = ResidualScorer.from_parts(whole.config, whole.parts())
    whole._grow(3)
    expected = table(follow_many(whole._followed, whole._kinds, whole._phases, rows))
    found = []
    for chosen in np.split(np.arange(len(rows)), np.sort(rng.integers(1, len(rows), 6))):
        if rng.random() < 0.5:
            one = ResidualScorer.from_parts(one.config, one.parts())
        own = rows_at(rows, chosen)
        found.append(answers(one, own) if rng.random() < 0.5 else table(one.score(own)))
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("per_hour", [1, 2])
def test_a_clock_that_is_put_forward_is_no_silence(per_hour):
    n = 12 * 24 * per_hour
    time = START + np.arange(n) * (HOUR // per_hour)
    change = START + 10 * DAY + 2 * HOUR
    local = time + HOUR * (time >= change)
    value = np.random.default_rng(3).poisson(50, n).astype(float)
    rows = Rows(np.zeros(n, dtype=np.int64), time, local, value)
    kept = (time < change) | (time >= change + 3 * HOUR)
    for found, silent in ((rows, False), (rows_at(rows, kept), True)):
        first = int(np.flatnonzero(found.time >= change)[0])
        one, many = scorer_of(found), scorer_of(found)
        told = table(follow_many(many._followed, many._kinds, many._phases, found))
        np.testing.assert_allclose(answers(one, found), told, rtol=1e-9, atol=1e-9)
        assert (told[first, 3] > 2) == silent
        assert (told[first, 4] == 7) == silent  # missing

"""The expectation of the method residual: seasons found, bands that hold, special days, and one path for all."""

import numpy as np
import pytest

from cxml.anomaly.config import METRICS, AnomalyConfig
from cxml.anomaly.residual.arithmetic import ONE
from cxml.anomaly.residual.many import follow_many
from cxml.anomaly.residual.metric import kind_of, tell
from cxml.anomaly.residual.phases import Phases
from cxml.anomaly.residual.scorer import ResidualScorer
from cxml.anomaly.residual.timing import DAY
from cxml.anomaly.rows import Rows
from cxml.timeseries.calendar import Calendar

HOUR = DAY // 24
START = 19_700 * DAY  # 2023-12-09
FIELDS = ("expected", "lower", "upper", "score", "kind", "size")


def rows_of(*values, step=HOUR, trials=None, start=START):
    """Series of equal steps that begin together."""
    series = np.repeat(np.arange(len(values)), [len(one) for one in values])
    time = start + np.concatenate([np.arange(len(one)) for one in values]) * step
    numbers = None if trials is None else np.concatenate(trials)
    return Rows(series, time, time, np.concatenate(values).astype(float), numbers)


def part(rows, chosen):
    trials = None if rows.trials is None else rows.trials[chosen]
    return Rows(rows.series[chosen], rows.time[chosen], rows.local[chosen], rows.value[chosen], trials)


def scorer_of(rows, **settings):
    scorer = ResidualScorer(AnomalyConfig(**settings))
    scorer.begin(rows, tuple(f"s{one}" for one in range(int(rows.series.max()) + 1)))
    return scorer


def follow(rows, **settings):
    return scorer_of(rows, **settings).score(rows)


def day_shape(n, size=0.5):
    return 1.0 + size * np.sin(2 * np.pi * np.arange(n) / 24)


def of_each_kind(n, rng):
    trials = rng.integers(20, 400, n).astype(float)
    return {
        "count": (rng.negative_binomial(20, 20 / (20 + 60 * day_shape(n))), None),
        "rate": (rng.binomial(trials.astype(int), 0.1 * day_shape(n)) / trials, trials),
        "positive": (np.exp(rng.normal(3.0 + np.log(day_shape(n)), 0.4)), None),
        "share": (rng.beta(40 * 0.3 * day_shape(n), 40 * (1 - 0.3 * day_shape(n))), None),
        "real": (20.0 * day_shape(n) - 10.0 + rng.normal(0, 3.0, n), None),
    }


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1e6, 1e15])
def test_the_unit_of_a_metric_does_not_matter(unit):
    value = np.random.default_rng(0).normal(5.0, 1.0, 300)
    value[200] += 9.0
    usual, found = (follow(rows_of(one, one), metric="real") for one in (value, unit * value))
    assert usual.score[200] > 3
    np.testing.assert_allclose(found.score, usual.score, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.expected, unit * usual.expected, rtol=1e-6)


@pytest.mark.parametrize("metric", ["count", "positive", "real"])
def test_a_wild_value_leaves_finite_numbers_behind(metric):
    value = np.random.default_rng(0).poisson(50, 200).astype(float)
    value[150] = 1e100
    found = follow(rows_of(*[value] * 30), metric=metric)
    assert np.isfinite(as_table(found)[10:200]).all()
    assert found.score[150] > 3
    assert found.expected[-1] == pytest.approx(50.0, rel=0.2)


def test_what_is_expected_lies_in_its_band_where_a_holiday_leaves_next_to_nothing():
    expected, lower, upper, _ = tell(ONE, METRICS.index("count"), 0.0, 1.0, 0.0, 0.61, 0.3, 0.02, 0.001)
    assert lower <= expected <= upper


@pytest.mark.parametrize("kind", METRICS)
def test_the_band_holds_99_of_100_values_of_any_kind(kind):
    values, trials = of_each_kind(2500, np.random.default_rng(3))[kind]
    rows = rows_of(values, trials=None if trials is None else [trials])
    scorer = scorer_of(rows, denominator="n" if kind == "rate" else None)
    found = scorer.score(rows)
    later = slice(500, None)
    inside = (rows.value >= found.lower) & (rows.value <= found.upper)
    assert METRICS[int(scorer._kinds.kind[0])] == kind
    # the band of a rate leaves out the skew of its few trials
    assert (0.97 if kind == "rate" else 0.975) < inside[later].mean() <= 0.998
    assert 0.85 < np.median(np.abs(found.size[later])) / 0.6745 < 1.15


def test_a_daily_season_is_found_and_none_is_made_up():
    rng = np.random.default_rng(1)
    shape = 100.0 * day_shape(1200)
    rows = rows_of(shape + rng.normal(0, 5, 1200), 100.0 + rng.normal(0, 5, 1200))
    found = follow(rows, metric="real")
    off = np.abs(found.expected - np.r_[shape, np.full(1200, 100.0)]).reshape(2, 1200)[:, 300:].mean(axis=1)
    assert off[0] < 3.0  # a level alone would be off by 30, the value before by 6
    assert off[1] < 1.5


def test_a_week_is_told_from_a_day():
    rng = np.random.default_rng(2)
    weekend = (np.arange(24 * 70) // 24 + (START // DAY + 3)) % 7 >= 5
    truth = 100.0 * day_shape(24 * 70) * np.where(weekend, 0.3, 1.0)
    found = follow(rows_of(rng.poisson(truth)))
    first_hours = (np.arange(24 * 70) % 24 < 3) & (np.arange(24 * 70) > 24 * 35)
    assert np.abs(found.expected / truth - 1.0)[first_hours].mean() < 0.15


def test_a_period_that_is_no_day_is_found_and_believed_only_without_holes():
    rng = np.random.default_rng(4)
    truth = np.where(np.arange(600) % 13 < 4, 50.0, 10.0)
    rows = rows_of(truth + rng.normal(0, 2, 600))
    scorer = scorer_of(rows)
    found = scorer.score(rows)
    assert scorer._phases.period.tolist() == [13]
    assert np.abs(found.expected - truth)[150:].mean() < 2.0
    at_work = (rows.time // HOUR) % 24 // 9 == 1  # nine hours a day: nine rows, and no period of nine hours
    office = part(rows_of(50 + 30 * np.sin(2 * np.pi * (np.arange(600) % 24) / 9)), at_work)
    assert Phases.of(office, 1, office.value).period.tolist() == [0]


def test_an_outlier_does_not_move_the_level_and_what_lasts_does():
    rng = np.random.default_rng(5)
    value = 100.0 + rng.normal(0, 5, 900)
    value[400:403] = 400.0
    value[700:] += 60.0
    found = follow(rows_of(value), metric="real")
    assert np.abs(found.expected[405:500] - 100.0).mean() < 5.0
    assert np.abs(found.expected[730:] - 160.0).mean() < 5.0
    # Three wild values widen the band a little, and not for days.
    assert (found.upper - found.lower)[450] < 1.5 * (found.upper - found.lower)[399]


def test_an_excursion_from_a_season_teaches_nothing_and_what_lasts_does():
    rng = np.random.default_rng(5)
    mean = 150.0 * day_shape(24 * 40)
    calm = rng.poisson(mean)
    doubled, lasting = calm.copy(), calm.copy()
    event = slice(24 * 30, 24 * 30 + 12)
    doubled[event] = rng.poisson(2.0 * mean[event])
    lasting[24 * 30 :] = rng.poisson(2.0 * mean[24 * 30 :])
    usual, found, moved = (follow(rows_of(one)).expected for one in (calm, doubled, lasting))
    # to the last hour of the event, after it, and on the day after at its hours
    assert found[event] == pytest.approx(mean[event], rel=0.25)
    assert found[event.stop : event.stop + 36] == pytest.approx(usual[event.stop : event.stop + 36], rel=0.1)
    assert moved[24 * 32 :] == pytest.approx(2.0 * mean[24 * 32 :], rel=0.35)


def test_errors_of_the_first_day_do_not_widen_the_band_for_long():
    rng = np.random.default_rng(6)
    values = rng.poisson(100.0 * day_shape(24 * 10, 0.8), (12, 24 * 10))
    answer = follow(rows_of(*values))
    last = answer.size.reshape(12, -1)[:, 24 * 7 :]
    # a tenth more than the noise itself is what a profile of a week can do
    assert 0.8 < last.std() < 1.2


def test_few_trials_make_wide_bands():
    rng = np.random.default_rng(6)
    trials = np.where(np.arange(800) % 2, 2000.0, 20.0)
    value = rng.binomial(trials.astype(int), 0.2) / trials
    found = follow(rows_of(value, trials=[trials]), denominator="n")
    width = (found.upper - found.lower)[200:]
    assert width[0::2].mean() > 5 * width[1::2].mean()
    assert (found.score[200:] > 3).mean() < 0.01


@pytest.mark.parametrize("chance", [0.0, 0.02])
def test_metrics_that_are_mostly_zero_stay_calm(chance):
    rng = np.random.default_rng(7)
    rows = rows_of(rng.random(3000) < chance)
    found = follow(rows, metric="count")
    assert np.isfinite(found.score).all()
    assert (found.score[100:] > 3).mean() <= 0.008  # four times what is nominal, at worst


def test_a_burst_in_a_quiet_series_is_told():
    value = np.zeros(600)
    value[500] = 12.0
    found = follow(rows_of(value), metric="count")
    assert found.score[500] > 2.5
    assert found.size[500] > 3


def mixed_rows():
    rng = np.random.default_rng(8)
    told = of_each_kind(260, rng)
    values = [np.array(value, dtype=float)[: 260 - 30 * place] for place, (value, _) in enumerate(told.values())]
    values[0][[50, 150, 151]] = np.nan
    values[3][0] = np.nan
    trials = [
        np.full(len(own), np.nan) if numbers is None else numbers[: len(own)]
        for own, (_, numbers) in zip(values, told.values(), strict=True)
    ]
    rows = rows_of(*values, trials=trials, start=START + 58 * DAY)  # Seollal 2024 is inside
    kept = rng.random(len(rows)) > 0.05
    rows = part(rows, np.flatnonzero(kept))
    return part(rows, np.lexsort((rows.series, rows.time)))


def as_table(found):
    return np.column_stack([getattr(found, name) for name in FIELDS])


def test_one_by_one_in_portions_and_from_saved_parts_all_say_the_same():
    rows = mixed_rows()
    settings = {"country": "KR", "denominator": "n"}
    many = scorer_of(rows, **settings)
    everything = as_table(follow_many(many._followed, many._kinds, many._phases, rows))
    one = scorer_of(rows, **settings)
    singly = []
    for place in range(len(rows)):
        if place == 500:  # saved and read in the middle of it
            one = ResidualScorer.from_parts(one.config, one.parts())
        numbers = (rows.series, rows.time, rows.local)
        singly.append(
            one.score_one(*(int(of[place]) for of in numbers), float(rows.value[place]), float(rows.trials[place]))
        )
    np.testing.assert_allclose(np.array(singly), everything, rtol=1e-9, atol=1e-9)
    portions = scorer_of(rows, **settings)
    known = portions._followed, portions._kinds, portions._phases
    found = [as_table(follow_many(*known, part(rows, chosen))) for chosen in np.array_split(np.arange(len(rows)), 7)]
    np.testing.assert_allclose(np.concatenate(found), everything, rtol=1e-9, atol=1e-9)


def test_a_series_that_begins_later_grows_by_itself():
    rng = np.random.default_rng(9)
    rows = rows_of(*(rng.poisson(30, 300) for _ in range(3)))
    known = scorer_of(part(rows, rows.series < 2))
    known.score(part(rows, rows.series < 2))
    one = ResidualScorer.from_parts(known.config, known.parts())
    late = part(rows, rows.series == 2)
    together = as_table(known.score(late))
    singly = [
        one.score_one(2, int(at), int(at), float(value), np.nan)
        for at, value in zip(late.time, late.value, strict=True)
    ]
    np.testing.assert_allclose(np.array(singly), together, rtol=1e-9, atol=1e-9)
    assert np.abs(together[50:, 0] - 30).mean() < 4


def test_no_value_is_known_before_it_comes():
    rng = np.random.default_rng(10)
    value = rng.poisson(40, 400).astype(float)
    other = value.copy()
    other[300:] = 500.0
    first, second = scorer_of(rows_of(value[:200])), scorer_of(rows_of(value[:200]))
    np.testing.assert_array_equal(
        as_table(first.score(rows_of(value)))[:300], as_table(second.score(rows_of(other)))[:300]
    )


def test_no_alarm_on_seollal_and_chuseok():
    rng = np.random.default_rng(11)
    days = np.arange("2017-01-01", "2020-01-01", dtype="datetime64[D]")
    weekday = (days.astype(int) + 3) % 7
    named = Calendar("KR").holidays(days)
    lunar = np.array([name is not None and name.split(" (")[0] in ("Korean New Year", "Chuseok") for name in named])
    assert lunar.sum() > 15
    levels, effects = np.array([30.0, 400.0, 400.0, 3000.0]), np.array([0.0, 0.1, 2.5, 0.5])
    mean = levels[:, None] * np.array([1.1, 1.0, 1.0, 1.0, 1.0, 0.5, 0.4])[weekday]
    mean[:, lunar] *= effects[:, None]
    rows = rows_of(*rng.poisson(mean), step=DAY, start=int(days[0].astype(int)) * DAY)
    found, without = follow(rows, country="KR"), follow(rows)
    special = np.tile(lunar, 4)
    assert not (found.score[special] >= 3).any()
    # Without the calendar they are trouble; with it they come to be expected, as far as two a year teach.
    assert (without.score[special].reshape(4, -1) >= 3).any(axis=1).all()
    last = lunar & (days >= np.datetime64("2019-01-01"))
    off = np.abs(found.expected - rows.value).reshape(4, -1)[:, last].mean(axis=1)
    missed = np.abs(without.expected - rows.value).reshape(4, -1)[:, last].mean(axis=1)
    assert (off < 0.5 * missed).all()


def test_a_known_event_raises_no_alarm_and_an_unknown_one_does():
    rng = np.random.default_rng(12)
    value = rng.poisson(200, 300).astype(float)
    value[200:203] = 600.0
    start = str(np.datetime64((START + 200 * DAY) // DAY, "D"))
    rows = rows_of(value, step=DAY)
    known = {"name": "sale", "start": start, "end": str(np.datetime64(start) + 2)}
    assert follow(rows).score[200] > 3 > follow(rows, events=[known]).score[200:203].max()


def office_rows(weeks, rng):
    at = np.arange(weeks * 7 * 24)
    weekday = (at // 24 + START // DAY + 3) % 7
    is_open = (weekday < 5) & (at % 24 >= 9) & (at % 24 < 18)
    rows = rows_of(rng.poisson(40, len(at)))
    return part(rows, np.flatnonzero(is_open))


def test_closed_hours_are_no_silence_and_silence_is():
    rows = office_rows(10, np.random.default_rng(13))
    quiet = np.ones(len(rows), dtype=bool)
    quiet[-40:-20] = False  # two working days without a row
    rows = part(rows, np.flatnonzero(quiet))
    scorer = scorer_of(rows)
    found = scorer.score(rows)
    assert found.score[-20] > 3
    missing = 7
    assert not ((found.score[:-20] > 3) & (found.kind[:-20] == missing)).any()


def test_a_series_that_begins_later_has_the_hours_of_most():
    rows = office_rows(10, np.random.default_rng(13))
    three = Rows(np.repeat(np.arange(3), len(rows)), *(np.tile(one, 3) for one in (rows.time, rows.local, rows.value)))
    scorer = scorer_of(part(three, three.series < 2))
    found = scorer.score(part(three, three.series == 2))
    after_the_night = np.diff(rows.time, prepend=rows.time[0]) > HOUR
    assert not (found.kind[after_the_night] == 7).any()  # missing


def test_holidays_without_rows_are_no_silence():
    rng = np.random.default_rng(14)
    days = np.arange("2023-10-30", "2024-02-20", dtype="datetime64[D]")
    closed = np.array([name is not None for name in Calendar("KR").holidays(days)])
    rows = part(rows_of(rng.poisson(60, len(days)), step=DAY, start=int(days[0].astype(int)) * DAY), ~closed)
    assert closed[-15:].sum() == 4  # Seollal with its substitute
    with_calendar, without = follow(rows, country="KR"), follow(rows)
    after = np.flatnonzero(np.diff(rows.time) > 3 * DAY)[-1] + 1
    assert with_calendar.score[after] < 1.5 < 2 < without.score[after]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7, 8], "count"),
        ([0.1, 0.2, 0.9, 0.5, 0.4, 0.3, 0.2, 0.6], "share"),
        ([-1.0, 2.0, 3.5, 1.0, 2.0, 0.0, 4.0, 1.0], "real"),
        ([1.5, 1.6, 1.7, 1.9, 2.4, 9.0, 30.0, 60.0, 1.55], "positive"),
        ([20.5, 21.0, 20.8, 20.2, 20.6, 20.4, 20.9, 20.7], "real"),
        ([1, 2], "real"),
    ],
)
def test_the_kind_is_told_by_the_values(values, kind):
    assert METRICS[kind_of(np.array(values, dtype=float))] == kind

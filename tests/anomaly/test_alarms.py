"""Alerts: when they open, go on and end, what they join, what holds them back, and that portions don't matter."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxml.anomaly.alarms.alarms import Alarms
from cxml.anomaly.alarms.budget import Budget
from cxml.anomaly.alarms.rules import Rules
from cxml.anomaly.alarms.runs import Runs
from cxml.anomaly.alarms.severity import level, severity, strength
from cxml.anomaly.columns import KINDS
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.rows import Rows, Scored, ScoredOne
from cxml.errors import ConfigError

HOUR = 3_600 * 10**9
START = int(np.datetime64("2026-03-02T00", "ns").astype(np.int64))
SPIKE, DIP, SHIFT, FROZEN = (KINDS.index(kind) for kind in ("spike", "dip", "level_shift", "frozen"))


def rows_of(scores, *, kinds=SPIKE, sizes=None, start=START, hours=None):
    """Scores of shape (periods, series) as rows in the order of time, an hour apart."""
    scores = np.asarray(scores, dtype=float)
    periods, n = scores.shape
    hours = np.arange(periods) if hours is None else np.asarray(hours)
    time = np.repeat(start + hours.astype(np.int64) * HOUR, n)
    values = np.arange(periods * n, dtype=float)
    size = scores.ravel() if sizes is None else np.broadcast_to(sizes, scores.shape).ravel().astype(float)
    kind = np.broadcast_to(kinds, scores.shape).ravel()
    rows = Rows(np.tile(np.arange(n), periods), time, time, values)
    return rows, Scored(values - 1, values - 2, values + 2, scores.ravel(), kind, size)


def alarms_at(threshold=4.0, n=1, **told):
    """Alarms with a threshold of their own, of hourly series called a, b, c ..."""
    rules = Rules.read(AnomalyConfig(**told))
    budget = Budget(threshold, 5.0, "7D", 5.0, 4.0, 6.0, 50, 10.0, threshold)
    names = [chr(97 + one) if n <= 26 else f"s{one}" for one in range(n)]
    return Alarms(Runs(rules, names, threshold, np.full(n, HOUR)), budget)


def column(*scores):
    return np.array(scores, dtype=float)[:, None]


def one_by_one(alarms, rows, scored):
    columns = (scored.expected, scored.lower, scored.upper, scored.score, scored.kind, scored.size)
    told = zip(
        *(one.tolist() for one in (rows.series, rows.time, rows.local, rows.value)),
        (ScoredOne(*row) for row in zip(*(one.tolist() for one in columns), strict=True)),
        strict=True,
    )
    return [alarms.raise_one(series, time, local, one, value) for series, time, local, value, one in told]


def portion(rows, scored, begin, end):
    part = slice(begin, end)
    return (
        Rows(*(getattr(rows, name)[part] for name in ("series", "time", "local", "value"))),
        Scored(*(getattr(scored, name)[part] for name in Scored.__dataclass_fields__)),
    )


def restored(alarms, config):
    """The same alarms as a model folder brings them back: JSON as text, arrays as they are."""
    parts = alarms.parts()
    plain = {name: part for name, part in parts.items() if not isinstance(part, np.ndarray)}
    read = json.loads(json.dumps(plain, allow_nan=False))
    return Alarms.from_parts(config, parts | read)


def test_a_run_is_one_alert_that_outlasts_three_quiet_values_and_weaker_ones_keep_open():
    scores = column(0, 3, 5, 2.5, 0, 0, 0, 2.1, 0, 0, 0, 0, 2.1, 5)
    alarms = alarms_at(4.0)
    raised = alarms.raise_all(*rows_of(scores))
    assert raised.alert.tolist() == [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2]
    assert raised.is_anomaly.tolist() == [bool(number) for number in raised.alert]
    assert (raised.severity > 0).tolist() == raised.is_anomaly.tolist()
    table = alarms.table()
    assert table["start"].dt.hour.tolist() == [2, 13]
    assert table["end"].dt.hour[0] == 7
    assert table["end"].isna().tolist() == [False, True]
    assert table[["kind", "peak_score", "value", "expected", "feedback"]].iloc[0].tolist() == ["spike", 5.0, 2, 1, ""]


def test_what_stands_out_of_a_long_run_is_an_alert_of_its_own():
    """A slow sign that stays up for weeks must not hide what happens meanwhile; what it usually scores is no news."""
    scores = np.full(60, 4.2)
    scores[[10, 12, 40]] = 6.5, 5.9, 6.0
    scores[50] = 5.5
    raised = alarms_at(4.0).raise_all(*rows_of(column(*scores)))
    assert (raised.alert[:40] == 1).all(), "within its first 20 values a run is still one thing"
    assert (raised.alert[40:] == 2).all(), "the next long run begins anew"
    held = alarms_at(4.0, cooldown="12h").raise_all(*rows_of(column(*scores)))
    assert (held.alert == 1).all()
    weak = np.full(60, 2.1)
    weak[[0, 40]] = 4.1, 3.9
    assert (alarms_at(4.0).raise_all(*rows_of(column(*weak))).alert == 1).all(), "below the threshold nothing opens"


def test_the_end_of_an_alert_that_another_follows_is_told():
    heard = []

    class Ear:
        ends = True

        def send(self, event, alert):
            heard.append((event, alert["alert"]))

    scores = column(*[4.2] * 30, 8.0)
    alarms = alarms_at(4.0)
    alarms.listen(Ear())
    one_by_one(alarms, *rows_of(scores))
    assert heard == [("opened", 1), ("opened", 2), ("ended", 1)]


def test_a_night_without_values_does_not_cut_an_alert():
    raised = alarms_at().raise_all(*rows_of(column(5, 0, 5), hours=[0, 1, 64]))
    assert raised.alert.tolist() == [1, 0, 1]


def test_series_that_begin_together_make_one_alert_and_later_ones_another():
    scores = np.zeros((12, 3))
    scores[3, 0] = scores[5, 1] = scores[6, 2] = 6.0
    alarms = alarms_at(n=3)
    alarms.raise_all(*rows_of(scores))
    assert alarms.table()[["series", "n_series"]].values.tolist() == [["a, b", 2], ["c", 1]]
    apart = alarms_at(n=3, together=0)
    apart.raise_all(*rows_of(scores))
    assert apart.table()["n_series"].tolist() == [1, 1, 1]


def test_a_storm_of_a_thousand_series_is_one_alert():
    scores = np.zeros((30, 1_000))
    scores[10:20] = 9.0
    alarms = alarms_at(n=1_000)
    raised = alarms.raise_all(*rows_of(scores))
    table = alarms.table()
    assert len(table) == 1
    assert table.loc[0, "n_series"] == 1_000
    assert table.loc[0, "series"] == "s0, s1, s2, s3, s4 and 995 more"
    assert table.loc[0, "level"] == "critical"
    assert raised.is_anomaly.sum() == 10_000
    assert (np.diff(raised.severity[raised.is_anomaly]) >= 0).all()


@pytest.mark.parametrize(("side", "told"), [("up", [1, 0, 2]), ("down", [0, 1, 2]), ("both", [1, 2, 3])])
def test_only_the_side_that_counts_is_told_and_what_has_none_always(side, told):
    kinds = np.array([SPIKE, DIP, FROZEN])
    raised = alarms_at(n=3, side=side, together=0).raise_all(
        *rows_of(np.array([[6.0, 6.0, 6.0]]), kinds=kinds, sizes=[6, -6, 0])
    )
    assert raised.alert.tolist() == told
    assert raised.is_anomaly.tolist() == [number > 0 for number in told]


def test_cool_down_counts_from_the_end_and_per_series():
    scores = np.zeros((16, 2))
    scores[[0, 6, 13], 0] = 6.0
    scores[6, 1] = 6.0
    raised = alarms_at(n=2, cooldown="10h").raise_all(*rows_of(scores))
    assert raised.alert.reshape(16, 2)[[0, 6, 13], 0].tolist() == [1, 0, 3]
    assert raised.alert.reshape(16, 2)[6, 1] == 2
    assert raised.is_anomaly.reshape(16, 2)[6, 0], "what is held back is anomalous all the same"


def test_mute_and_known_events_hold_alerts_back_but_not_the_score():
    scores = np.zeros((72, 2))
    scores[[1, 30, 60]] = 6.0
    muted = alarms_at(n=2, together=0, mute=[{"series": "a", "start": "2026-03-02", "end": "2026-03-02 12:00"}])
    raised = muted.raise_all(*rows_of(scores))
    assert raised.alert.reshape(72, 2)[[1, 30, 60]].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert raised.is_anomaly.sum() == 6
    sale = alarms_at(n=2, together=0, events=[{"name": "sale", "start": "2026-03-03", "end": "2026-03-03"}])
    assert sale.raise_all(*rows_of(scores)).alert.reshape(72, 2)[:, 0].nonzero()[0].tolist() == [1, 60]


def test_a_mute_given_later_holds_and_names_a_series_that_is_there():
    alarms = alarms_at(n=2)
    alarms.mute("b", "2026-03-02")
    scores = np.full((1, 2), 6.0)
    assert restored(alarms, AnomalyConfig()).raise_all(*rows_of(scores)).alert.tolist() == [1, 0]
    alarms.mute(None, "2026-03-02", "2026-03-05")
    assert alarms.raise_all(*rows_of(scores)).alert.tolist() == [0, 0]
    with pytest.raises(ConfigError, match=r"mute must name a series - got 'bb', which is none of 2\. Did you mean 'b'"):
        alarms.mute("bb", "2026-03-02")


def test_an_open_alert_goes_on_while_muted():
    alarms = alarms_at()
    alarms.raise_all(*rows_of(column(6)))
    alarms.mute(start="2026-03-02")
    assert alarms.raise_all(*rows_of(column(6), start=START + HOUR)).alert.tolist() == [1]


def runs_of_scores(seed, periods, n):
    """Quiet scores with spikes and runs in some series, some of them at once."""
    rng = np.random.default_rng(seed)
    scores = -np.log10(rng.uniform(size=(periods, n)))
    for _ in range(4):
        begin, length, width = rng.integers(periods), rng.integers(1, 9), rng.integers(1, n + 1)
        scores[begin : begin + length, rng.permutation(n)[:width]] += rng.uniform(1, 5)
    sizes = scores * rng.choice([-1, 1], size=scores.shape)
    return rows_of(scores, kinds=rng.integers(1, len(KINDS), size=scores.shape), sizes=sizes)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 6),
    cuts=st.lists(st.integers(0, 240), max_size=4),
    told=st.fixed_dictionaries(
        {
            "side": st.sampled_from(["both", "up", "down"]),
            "cooldown": st.sampled_from(["0h", "7h"]),
            "together": st.sampled_from([0, 2]),
            "hysteresis": st.sampled_from([0.3, 0.5, 1.0]),
        }
    ),
)
def test_at_once_in_portions_saved_between_and_one_by_one_agree(seed, n, cuts, told):
    rows, scored = runs_of_scores(seed, 40, n)
    whole = alarms_at(2.5, n, **told)
    raised = whole.raise_all(rows, scored)
    single = alarms_at(2.5, n, **told)
    answers = one_by_one(single, rows, scored)
    for column_, values in zip(raised, zip(*answers, strict=True), strict=True):
        np.testing.assert_array_equal(column_, values)
    parts = alarms_at(2.5, n, **told)
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    found = []
    for begin, end in pairwise(bounds):
        found.append(parts.raise_all(*portion(rows, scored, begin, end)))
        parts = restored(parts, AnomalyConfig(**told))
    for column_, values in zip(raised, zip(*found, strict=True), strict=True):
        np.testing.assert_array_equal(column_, np.concatenate(values))
    assert whole.table().equals(single.table())
    assert whole.table().equals(parts.table())
    assert raised.is_anomaly.any() or scored.score.max() < 2.5 or told["side"] != "both"


def test_a_series_that_nobody_named_begins_with_the_usual_step():
    alarms = alarms_at(n=1)
    alarms.add_series("late")
    scores = np.zeros((4, 30))
    scores[1], scores[3, 1] = 6.0, 6.0
    raised = alarms.raise_all(*rows_of(scores))
    assert alarms.names[:3] == ("a", "late", "2")
    assert len(alarms.names) == 30
    assert set(raised.alert.tolist()) == {0, 1}
    again = restored(alarms, AnomalyConfig())
    assert len(again.thresholds()) == 30
    assert again.raise_one(40, START + 9 * HOUR, START + 9 * HOUR, ScoredOne(0, 0, 0, 6.0, SPIKE, 6.0))[1] == 2


def test_nothing_comes_of_nothing():
    alarms = alarms_at()
    raised = alarms.raise_all(*rows_of(np.zeros((0, 1))))
    assert len(raised.alert) == 0
    assert list(alarms.table()["end"]) == []
    silent = alarms.raise_all(*rows_of(column(math.nan, 0)))
    assert not silent.is_anomaly.any()


def test_the_last_thousand_alerts_are_kept_and_ids_go_on():
    scores = np.zeros((5 * 1_010, 1))
    scores[::5] = 6.0
    alarms = alarms_at(together=0)
    alarms.raise_all(*rows_of(scores))
    table = alarms.table()
    assert table["alert"].tolist() == list(range(11, 1_011))
    with pytest.raises(ConfigError, match=r"kept, from 11 to 1010 - got 3\. Did you mean 11\?"):
        alarms.feedback(3, "noise")


def test_noise_raises_the_thresholds_of_its_series_within_bounds_and_useful_takes_it_back():
    scores = np.zeros((40, 3))
    scores[::10, :2] = [[4.5, 20.0]]
    alarms = alarms_at(n=3)
    alarms.raise_all(*rows_of(scores))
    alarms.feedback(1, "noise")
    assert alarms.thresholds() == {"a": 4.75, "b": 5.0, "c": 4.0}
    alarms.feedback(1, "noise")  # said already
    assert alarms.thresholds()["b"] == 5.0
    assert alarms.raise_all(*rows_of(scores[:1], start=START + 40 * HOUR)).is_anomaly.tolist() == [False, True, False]
    for number in (2, 3, 4):
        alarms.feedback(number, "noise")
    assert alarms.thresholds() == {"a": 5.5, "b": 7.0, "c": 4.0}
    again = restored(alarms, AnomalyConfig())
    assert again.thresholds() == alarms.thresholds()
    again.feedback(4, "useful")
    assert again.thresholds()["b"] == 4.0 + 3.0 / 2
    again.feedback(4, "noise")
    assert again.thresholds()["b"] == alarms.thresholds()["b"]
    assert again.table()["feedback"].tolist() == ["noise", "noise", "noise", "noise", ""]


def test_useful_alone_leaves_the_threshold_of_the_budget():
    alarms = alarms_at()
    alarms.raise_all(*rows_of(column(6)))
    alarms.feedback(1, "useful")
    assert alarms.thresholds() == {"a": 4.0}


@pytest.mark.parametrize(
    ("alert", "word", "message"),
    [
        (1, "noisy", r"feedback must be one of 'useful', 'noise' - got 'noisy'\. Did you mean 'noise'\?"),
        (1, None, r"feedback must be one of 'useful', 'noise' - got None\."),
        (7, "noise", r"kept, from 1 to 1 - got 7\. Did you mean 1\?"),
        ("1", "noise", r"kept, from 1 to 1 - got '1'\. Did you mean 1\?"),
        (True, "noise", r"got True"),
    ],
)
def test_feedback_refuses_what_it_does_not_know(alert, word, message):
    alarms = alarms_at()
    alarms.raise_all(*rows_of(column(6)))
    with pytest.raises(ConfigError, match=message):
        alarms.feedback(alert, word)


def test_feedback_before_any_alert_says_so():
    with pytest.raises(ConfigError, match="none has been raised yet"):
        alarms_at().feedback(1, "noise")


def test_severity_grows_with_size_duration_and_how_many():
    def of(sizes, *, n=1):
        alarms = alarms_at(n=n)
        values = np.repeat(np.array(sizes, dtype=float)[:, None], n, axis=1)
        return alarms.raise_all(*rows_of(np.full(values.shape, 5.0), sizes=values)).severity[-1]

    assert of([6]) < of([9]) < of([9] * 5) < of([9] * 5, n=4) < 100
    assert severity(0.0, 3) == 0.0
    assert severity(math.inf, 1) == 100.0
    assert strength(math.nan, 4.0) == strength(0.0, 4.0) > strength(0.0, 3.0)
    words = [level(value) for value in np.linspace(0, 100, 201)]
    assert sorted(set(words), key=words.index) == ["low", "medium", "high", "critical"]


def test_times_are_told_in_the_zone():
    rows, scored = rows_of(column(6))
    config = AnomalyConfig()
    alarms = Alarms.settle(config, ["a"], rows, scored, zone="Asia/Seoul")
    alarms.raise_all(rows, scored)
    assert str(restored(alarms, config).table()["start"][0]) == "2026-03-02 09:00:00+09:00"


def test_the_state_is_plain_and_a_copy():
    alarms = alarms_at()
    rows, scored = rows_of(column(6), sizes=[[math.inf]])
    alarms.raise_all(rows, Scored(scored.expected * math.nan, *list(vars(scored).values())[1:]))
    parts = alarms.parts()
    parts["seen"][:] = 99
    assert alarms.parts()["seen"].tolist() == [1]
    table = restored(alarms, AnomalyConfig()).table()
    assert table["severity"][0] == 100.0
    assert table["size"][0] == math.inf
    assert math.isnan(table["expected"][0])

"""What is new is found, what only goes up and down is not."""

import time

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.voc.topics.discovery import discover
from cxml.voc.topics.emerging import emerging
from cxml.voc.topics.topic_counts import benjamini_hochberg, dispersions, upper_tail
from cxml.voc.topics.topic_shares import period_starts, topic_shares

WORDS = [f"{chr(0xAC00 + 28 * at)}둘셋" for at in range(60)]


def weeks_of(seed=0, periods=12, n=80, planted=0, since=1, start="2026-01-05"):
    rng = np.random.default_rng(seed)
    usual = rng.dirichlet(np.full(len(WORDS), 1.0))
    frames = []
    for week in range(periods):
        size = rng.poisson(n)
        shares = rng.gamma(usual * 300 + 1e-9) + 1e-12
        words = rng.choice(WORDS, (size, 3), p=shares / shares.sum())
        texts = [" ".join(row) for row in words]
        if planted and week >= periods - since:
            texts[:planted] = [f"{one} 로그인 인증 오류" for one in texts[:planted]]
        times = (
            pd.Timestamp(start) + pd.Timedelta(weeks=week) + pd.to_timedelta(rng.integers(0, 6 * 24, size), unit="h")
        )
        frames.append(pd.DataFrame({"text": texts, "time": times, "subject": words[:, 0]}))
    return pd.concat(frames, ignore_index=True)


def world(seed, periods=13, things=200, n=300, noise="gamma"):
    """Counts of things whose shares go up and down from period to period, and nothing is new."""
    rng = np.random.default_rng(seed)
    usual = np.clip(rng.dirichlet(np.full(things, 0.3)) * 3, 1e-4, 0.4)
    sizes = rng.poisson(n * rng.uniform(0.5, 1.5, periods)).astype(float)
    if noise == "gamma":
        shares = rng.beta(usual * 200, (1 - usual) * 200, (periods, things))
    else:
        shares = np.minimum(usual * np.exp(rng.normal(-0.08, 0.4, (periods, things))), 0.9)
    return rng.binomial(sizes[:, None].astype(int), shares).astype(float), sizes


def finds(counts, sizes):
    tested = counts.sum(axis=0) >= 5
    phi = dispersions(counts[:-1], sizes[:-1], counts[-1], sizes[-1], tested)
    p = upper_tail(counts[-1, tested], counts[:-1, tested].sum(axis=0), sizes[-1], sizes[:-1], phi[tested])
    return np.flatnonzero(tested)[benjamini_hochberg(p) <= 0.05], p


@pytest.mark.parametrize("noise", ["gamma", "lognormal"])
def test_where_nothing_is_new_hardly_ever_is_anything_found(noise):
    """60 worlds; at a rate of 5 % more than 8 with a find would come about less than once in 200 times."""
    found = [finds(*world(seed, noise=noise)) for seed in range(60)]
    assert sum(len(which) > 0 for which, _ in found) <= 8
    assert np.mean([(p < 0.01).mean() for _, p in found]) <= 0.011


def test_what_is_planted_is_found_with_few_false_finds():
    hits, false = [], []
    for seed in range(20):
        counts, sizes = world(100 + seed)
        often = np.flatnonzero(counts[:-1].sum(axis=0) > 20)[:4]
        counts[-1, often] += 4 * counts[:-1, often].mean(axis=0) + 12
        which, _ = finds(counts, sizes)
        hits.append(np.isin(often, which).mean())
        false.append(1 - np.isin(which, often).mean() if len(which) else 0)
    assert np.mean(hits) > 0.6
    assert np.mean(false) <= 0.07


def test_without_overdispersion_the_test_is_binomial():
    from scipy.stats import binom

    now, past, sizes = np.array([9.0, 3.0]), np.array([20.0, 0.0]), np.full(10, 100.0)
    p = upper_tail(now, past, 120.0, sizes, np.ones((2, 12)))
    np.testing.assert_allclose(p, binom.sf(now - 1, now + past, 120 / 1120), rtol=1e-3)


def test_more_variation_in_history_makes_a_find_less_sure():
    sizes = np.full(8, 200.0)
    calm, wild = np.full((8, 30), 10.0), np.tile([[2.0], [18.0]], (4, 30))
    both = []
    for past in (calm, wild):
        now = np.full(30, 24.0)
        phi = dispersions(past, sizes, now, 200.0, np.ones(30, dtype=bool))
        both.append(upper_tail(now, past.sum(axis=0), 200.0, sizes, phi)[0])
    assert both[0] < 0.001 < 0.03 < both[1]


def test_a_rate_is_controlled_as_benjamini_and_hochberg_say():
    p = np.array([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216])  # their rule, worked by hand
    q = benjamini_hochberg(p)
    assert (q <= 0.05).sum() == 2
    np.testing.assert_allclose(q[:2], [0.01, 0.04])
    assert (np.diff(q) >= 0).all()


def test_a_new_happening_is_one_line_with_its_phrases_and_its_beginning():
    found = emerging(weeks_of(planted=14, since=2))
    assert found["what"].tolist() == ["로그인 인증"] or found["what"].tolist() == ["인증 오류"]
    line = found.iloc[0]
    assert {"로그인", "인증", "오류"} <= set(line["also"])
    assert (line["kind"], line["comments"], line["expected"], line["ratio"]) == ("phrase", 14, 0, np.inf)
    assert line["since"] == pd.Timestamp("2026-03-16")
    assert line["q_value"] <= 0.05
    assert all("로그인" in one for one in line["examples"])
    assert len(line["examples"]) == 3


def test_where_nothing_is_new_nothing_is_found():
    found = emerging(weeks_of(3), topic="subject")
    assert len(found) == 0
    assert list(found.columns)[:3] == ["what", "kind", "share"]
    assert found.attrs["tested"] > 60


def test_a_topic_that_rises_is_found_by_column_and_by_model():
    frame = weeks_of(planted=25)
    frame["subject"] = np.where(frame["text"].str.contains("로그인"), "login", "other")
    assert "login" in [
        name for _, row in emerging(frame, topic="subject").iterrows() for name in [row["what"], *row["also"]]
    ]
    model = discover(frame, n_topics=4)
    found = emerging(frame, topics=model)
    named = [name for _, row in found.iterrows() for name in [row["what"], *row["also"]]]
    assert any("로그인" in name for name in named)


def test_two_happenings_are_two_lines():
    frame = weeks_of(planted=14)
    last = frame.index[frame["time"] >= frame["time"].max().normalize() - pd.Timedelta(days=5)][-14:]
    frame.loc[last, "text"] = "사은품 누락"
    assert len(emerging(frame)) == 2


def test_examples_show_no_personal_data():
    frame = weeks_of(planted=14)
    hit = frame["text"].str.contains("로그인")
    frame.loc[hit, "text"] = frame.loc[hit, "text"] + " 010-1234-5678"
    found = emerging(frame)
    assert "1234" not in found.to_string()
    assert "<PHONE>" in found["examples"].iloc[0][0]


@pytest.mark.parametrize("zone", ["Asia/Seoul", "UTC"])
def test_times_with_a_zone_count_by_the_wall_clock(zone):
    frame = weeks_of(planted=14)
    expected = emerging(frame)
    told = emerging(frame.assign(time=frame["time"].dt.tz_localize(zone)))
    pd.testing.assert_frame_equal(told, expected)
    pd.testing.assert_frame_equal(emerging(frame.assign(time=frame["time"].astype(str))), expected)


def test_gaps_missing_texts_and_missing_times_do_no_harm():
    frame = weeks_of(planted=14)
    frame = frame[~frame["time"].between("2026-02-02", "2026-02-08 23:59")]  # a week without comments
    more = pd.DataFrame({"text": [None, "", "배송"], "time": [frame["time"].max(), frame["time"].min(), None]})
    found = emerging(pd.concat([frame, more], ignore_index=True))
    assert len(found) == 1
    assert found.attrs["untimed"] == 1
    assert found.attrs["history"] == 8  # 11 weeks with comments, less the newest and a lag of two


def test_a_newest_period_that_has_only_begun_is_judged_by_its_share():
    frame = weeks_of(planted=20)
    newest = frame["time"] >= "2026-03-23"
    part = frame[~newest | (np.arange(len(frame)) % 2 == 0)]
    found = emerging(part)
    assert len(found) == 1
    assert found["comments"].iloc[0] == pytest.approx(10, abs=3)


@pytest.mark.parametrize(
    ("change", "settings", "error", "message"),
    [
        (lambda f: f.drop(columns="time"), {}, FrameError, r"needs the column 'time'"),
        (lambda f: f[f["time"] < "2026-01-20"], {}, FrameError, r"at least 4 earlier periods.*got 2 before the newest"),
        (lambda f: f.assign(time=1), {}, FrameError, r"'time' must hold times of one time zone - got numbers"),
        (lambda f: f.assign(time="soon"), {}, FrameError, r"rows cannot be read as such. Write them as 2026"),
        (lambda f: f.assign(time=None), {}, FrameError, r"needs times in 'time' - got none"),
        (lambda f: f.assign(text=1.5), {}, FrameError, r"must be texts - got float in .* rows of 'text'"),
        (lambda f: f, {"period": "fortnight"}, ConfigError, r"period must be a pandas period.*got 'fortnight'"),
        (lambda f: f, {"fdr": 5}, ConfigError, r"fdr must be a share between 0 and 1 - got 5"),
        (lambda f: f, {"history": 2}, ConfigError, r"history must be a whole number from 4 up - got 2"),
        (lambda f: f, {"lag": -1}, ConfigError, r"lag must be a whole number from 0 up"),
        (lambda f: f, {"topic": "subject", "topics": object()}, ConfigError, r"got both. Leave out one"),
        (lambda f: f, {"topic": "subjct"}, FrameError, r"Did you mean 'subject'"),
    ],
)
def test_bad_input_is_refused_with_a_word_on_what_to_do(change, settings, error, message):
    with pytest.raises(error, match=message):
        emerging(change(weeks_of(n=20)), **settings)


def test_shares_of_topics_sum_to_one_in_each_period():
    shares = topic_shares(weeks_of(n=30), "subject")
    assert shares.shape[0] == 12
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares.mean().is_monotonic_decreasing or shares.sum().iloc[0] >= shares.sum().iloc[-1]


def test_weeks_begin_on_monday_and_missing_times_stay_missing():
    starts = period_starts(pd.Series(["2026-11-22 23:59", None, "2026-11-23"]), "W")
    assert starts.dt.day.tolist()[::2] == [16, 23]
    assert starts.isna().tolist() == [False, True, False]


def test_many_phrases_are_tested_in_seconds():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(0.3, 8, 5_000), (13, 5_000)).astype(float)
    start = time.perf_counter()
    finds(counts, np.full(13, 2_000.0))
    assert time.perf_counter() - start < 30

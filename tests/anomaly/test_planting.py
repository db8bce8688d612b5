"""Trouble planted into rows: the same each time, as large as it says, and only where it says."""

import numpy as np
import pandas as pd
import pytest

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.planting import plant
from cxml.anomaly.tracks import labelled, tracks_of
from cxml.errors import FrameError

HOURS = pd.date_range("2026-03-02", periods=900, freq="h")
CONFIG = AnomalyConfig()


def rows_of(**series):
    parts = [pd.DataFrame({"unique_id": name, "ds": HOURS[: len(y)], "y": y}) for name, y in series.items()]
    return pd.concat(parts, ignore_index=True)


def noise(seed, scale=2.0, level=50.0, rows=900):
    return np.random.default_rng(seed).normal(level, scale, rows)


@pytest.fixture(scope="module")
def normal():
    return rows_of(**{f"s{number}": noise(number) for number in range(12)})


@pytest.fixture(scope="module")
def planted(normal):
    return plant(normal, CONFIG)


def events(planted, kind):
    return [one for one in planted.windows.itertuples() if one.kind == kind]


def places(frame, event):
    return tracks_of(frame, CONFIG)[event.track].places[event.first : event.last + 1]


def test_rows_outside_of_the_events_are_as_they_were(normal, planted):
    changed = np.zeros(len(normal), dtype=bool)
    for one in planted.windows.itertuples():
        changed[places(normal, one)] = True
    assert 0.01 < changed.mean() <= 0.1
    pd.testing.assert_frame_equal(planted.frame[~changed], normal[~changed])
    assert planted.frame["ds"].equals(normal["ds"])


def test_each_series_gets_an_event_in_150_rows_of_several_kinds(planted):
    assert (planted.windows.groupby("track").size() == 6).all()
    assert set(planted.windows["kind"]) >= {"spike", "dip", "level_shift", "drift", "variance", "frozen", "missing"}


def test_events_are_as_large_as_they_say(normal, planted):
    for one in events(planted, "spike") + events(planted, "dip") + events(planted, "level_shift"):
        at = places(normal, one)
        moved = (planted.frame["y"].iloc[at] - normal["y"].iloc[at]).mean() / 2.0
        assert moved == pytest.approx(one.size, rel=0.2)
    for one in events(planted, "drift"):
        at = places(normal, one)
        moved = ((planted.frame["y"].iloc[at] - normal["y"].iloc[at]) / 2.0).to_numpy()
        assert moved[-1] == pytest.approx(one.size, rel=0.2)
        assert abs(moved[0]) < abs(one.size) / 3


def test_a_frozen_value_is_the_one_before_and_silence_has_none(normal, planted):
    for one in events(planted, "frozen"):
        at = places(normal, one)
        assert (planted.frame["y"].iloc[at] == normal["y"].iloc[at[0] - 1]).all()
    for one in events(planted, "missing"):
        assert planted.frame["y"].iloc[places(normal, one)].isna().all()


def test_the_order_of_rows_and_other_series_do_not_matter(normal, planted):
    shuffled = normal.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(plant(shuffled, CONFIG).frame.sort_index(), planted.frame)
    own = normal["unique_id"] == "s5"
    pd.testing.assert_frame_equal(plant(normal[own], CONFIG).frame, planted.frame[own])


def test_another_seed_or_turn_plants_elsewhere(normal, planted):
    for other in (plant(normal, AnomalyConfig(seed=1)), plant(normal, CONFIG, turn=1)):
        assert not other.windows["first"].equals(planted.windows["first"])


def test_values_stay_what_they_can_be():
    rng = np.random.default_rng(0)
    day = 1 + 0.8 * np.sin(2 * np.pi * np.arange(900) / 24)
    frame = rows_of(
        **{f"counts{k}": rng.poisson(20 * day).astype(float) for k in range(4)},
        **{f"shares{k}": rng.beta(30, 3, 900) for k in range(4)},
        **{f"errors{k}": rng.poisson(0.05, 900).astype(float) for k in range(4)},
    )
    told = plant(frame, CONFIG).frame
    assert not told["y"].equals(frame["y"])
    counts = told.loc[told["unique_id"].str.startswith(("counts", "errors")), "y"].dropna()
    assert (counts == np.round(counts)).all()
    assert counts.min() >= 0
    assert told.loc[told["unique_id"].str.startswith("shares"), "y"].max() <= 1


def test_numerators_stay_within_their_trials():
    rng = np.random.default_rng(0)
    trials = 1.0 + rng.poisson(30, 900)
    frame = rows_of(**{f"s{k}": rng.binomial(trials.astype(int), 0.8).astype(float) for k in range(6)})
    frame["trials"] = np.tile(trials, 6)
    told = plant(frame, AnomalyConfig(denominator="trials")).frame
    known = told.dropna()
    assert (known["y"] <= known["trials"]).all()
    assert not told["y"].equals(frame["y"])


def test_a_mostly_zero_metric_gets_no_dips_and_no_frozen_values():
    rng = np.random.default_rng(0)
    frame = rows_of(**{f"errors{k}": rng.poisson(0.05, 900).astype(float) for k in range(8)})
    kinds = set(plant(frame, CONFIG).windows["kind"])
    assert kinds <= {"spike", "level_shift", "drift", "missing"}
    assert len(kinds) >= 3


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_a_constant_metric_shows_what_is_planted(value):
    frame = rows_of(**{f"flat{k}": np.full(900, value) for k in range(3)})
    found = plant(frame, CONFIG)
    for one in found.windows.itertuples():
        told = found.frame["y"].iloc[places(frame, one)]
        assert (told != value).any()


def test_short_series_get_less_and_very_short_ones_nothing():
    frame = rows_of(long=noise(1, rows=60), short=noise(2, rows=12))
    found = plant(frame, CONFIG)
    assert found.windows["track"].tolist() == [0]
    assert found.windows["last"].sub(found.windows["first"]).max() < 6
    with pytest.raises(FrameError, match="20 rows or more to judge on - the longest of 1 has 12"):
        plant(frame[frame["unique_id"] == "short"], CONFIG)


def test_labels_are_runs_and_those_close_together_are_one():
    frame = rows_of(a=noise(1, rows=40)).assign(label=0)
    frame.loc[[5, 6, 7, 9, 20, 39], "label"] = 1
    config = AnomalyConfig(label="label")
    for rows in (frame, frame.sample(frac=1.0, random_state=0)):
        told = labelled(rows, tracks_of(rows, config), config)
        assert told[["first", "last"]].to_numpy().tolist() == [[5, 9], [20, 20], [39, 39]]

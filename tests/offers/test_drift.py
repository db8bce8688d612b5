"""The level of acceptance: it follows what moves, stays out of what does not, and knows earlier days alone."""

import numpy as np
import pandas as pd
import pytest

from cxml import offers
from cxml.errors import FrameError
from cxml.metrics import expected_calibration_error, log_loss
from cxml.offers import OffersConfig
from cxml.offers.drift import Drift
from cxml.offers.logistic import LogisticOffers

START = pd.Timestamp("2024-01-01")


def calls(level, per_day=60, seed=0):
    """A log of one offer: whom it is made matters, and so does the day by `level`."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(len(level)), per_day)
    age = random.normal(0.0, 1.0, len(day))
    chance = 1 / (1 + np.exp(-(-2.5 + age + np.asarray(level)[day])))
    yes = (random.random(len(day)) < chance).astype(int)
    moment = START + pd.to_timedelta(day + random.random(len(day)) * 0.9, unit="D")
    return pd.DataFrame({"id": np.arange(len(day)), "when": moment, "age": age, "yes": yes, "true": chance})


MOVING = np.r_[np.zeros(60), np.linspace(0.0, 2.5, 30), np.full(30, 2.5)]
CONFIG = OffersConfig(response="yes", time="when", drop=("true", "id"), positive=1)


@pytest.fixture(scope="module")
def moving():
    frame = calls(MOVING)
    return frame, LogisticOffers(CONFIG).fit(frame[: 60 * 60])


def test_a_level_that_moves_is_followed(moving):
    frame, model = moving
    late = frame[60 * 60 :]
    target = late["yes"].to_numpy()
    static = model.predict(late)["acceptance_probability"].to_numpy()
    kept_up = model.remembering(late).predict(late)["acceptance_probability"].to_numpy()
    assert expected_calibration_error(target, static) > 0.15
    assert expected_calibration_error(target, kept_up) < 0.05
    assert log_loss(target, kept_up) < log_loss(target, static) - 0.1
    assert log_loss(target, kept_up) < log_loss(target, late["true"].to_numpy()) + 0.01


@pytest.mark.parametrize("per_day", [5, 60])
def test_a_level_that_stands_still_costs_nothing(per_day):
    losses = []
    for seed in range(3):
        frame = calls(np.zeros(120), per_day, seed)
        cut = 60 * per_day
        model, late = LogisticOffers(CONFIG).fit(frame[:cut]), frame[cut:]
        ways = model, model.remembering(late)
        losses.append([log_loss(late["yes"].to_numpy(), one.predict(late)["acceptance_probability"]) for one in ways])
    static, kept_up = np.mean(losses, axis=0)
    assert kept_up < static + 0.001


def test_after_years_of_calm_a_change_is_followed_within_days():
    random = np.random.default_rng(0)
    days = np.repeat(np.arange(1_010), 100)
    score = np.full(len(days), -2.0)
    chance = np.where(days < 1_000, 1 / (1 + np.exp(2.0)), 0.5)
    drift = Drift.none().followed(score, (random.random(len(days)) < chance).astype(int), days.astype(float))
    before, after = drift.at(np.array([1_000.0, 1_004.0]))
    assert abs(before) < 0.05
    assert abs(after - 2.0) < 0.4


def test_a_row_knows_nothing_of_its_own_day_or_later(moving):
    frame, model = moving
    day = START + pd.Timedelta(days=90)
    turned = frame.assign(yes=np.where(frame["when"] >= day, 1 - frame["yes"], frame["yes"]))
    ways = [model.remembering(one[60 * 60 :]).predict(frame)["acceptance_probability"] for one in (frame, turned)]
    same = (frame["when"] < day + pd.Timedelta(days=1)).to_numpy()
    np.testing.assert_array_equal(ways[0][same], ways[1][same])
    assert (ways[0][~same] != ways[1][~same]).all()


def test_an_answer_counts_once_it_is_known():
    target, days = np.ones(50, dtype=int), np.full(50, 100.0)
    frame = pd.DataFrame({"when": START, "age": 0.0, "yes": 1}, index=range(50))
    for delay, first in ((0.0, 1), (3.0, 4)):
        config = OffersConfig(response="yes", time="when", drop=("true", "id"), positive=1, delay=delay)
        model = LogisticOffers(config).fit(calls(np.zeros(40)))
        after = START + pd.Timedelta(days=60)
        asked = pd.DataFrame({"when": [after + pd.Timedelta(days=one) for one in range(8)], "age": 0.0})
        before = model.predict(asked)["acceptance_probability"].to_numpy()
        model.update(frame.assign(when=after))
        changed = model.predict(asked)["acceptance_probability"].to_numpy() > before + 0.01
        assert changed.tolist() == [one >= first for one in range(8)]
    assert Drift.none().followed(np.zeros(50), target, days).at(np.array([100.9]))[0] == 0.0


def test_updates_day_by_day_are_one_update(moving):
    frame, model = moving
    late = frame[60 * 60 :].drop(columns="true")
    at_once, by_day = model.remembering(late), model.remembering(late.head(0))
    for _, rows in late.groupby(late["when"].dt.normalize()):
        by_day.update(rows)
    asked = frame[["when", "age"]]
    pd.testing.assert_frame_equal(by_day.predict(asked), at_once.predict(asked))


def test_late_answers_are_learned_when_they_come():
    known = Drift.none().followed(np.zeros(40), np.tile([0, 1], 20), np.repeat([10.0, 20.0], 20))
    more = known.followed(np.zeros(40), np.ones(40), np.full(40, 12.0))
    assert more.at(np.array([15.0]))[0] == known.at(np.array([15.0]))[0]
    assert more.now > known.now + 0.01
    assert more.day.tolist() == [10, 20]


def test_records_rows_and_all_entries_agree_and_a_folder_keeps_the_level(moving, tmp_path):
    frame, model = moving
    model = model.remembering(frame[60 * 60 :])
    asked = frame[["when", "age"]].iloc[::400]
    for rows in (asked, asked[["age"]], asked.assign(when=asked["when"].where(np.arange(len(asked)) % 2 == 0))):
        expected = model.predict(rows)
        np.testing.assert_allclose(model.score(rows).probability[:, 0], expected["acceptance_probability"], atol=1e-12)
        for record, one in zip(rows.to_dict("records"), expected.to_dict("records"), strict=True):
            assert model.predict_one(record) == pytest.approx(one, abs=1e-12)
    kept = LogisticOffers.from_parts(CONFIG, model.parts())
    pd.testing.assert_frame_equal(kept.predict(asked), model.predict(asked))
    later = frame[60 * 60 :].assign(when=frame["when"][60 * 60 :] + pd.Timedelta(days=90))
    pd.testing.assert_frame_equal(kept.remembering(later).predict(later), model.remembering(later).predict(later))


def test_the_level_is_a_reason_of_its_own(moving):
    frame, model = moving
    model = model.remembering(frame[60 * 60 :])
    asked = frame[["when", "age"]].iloc[::600]
    explanation = model.explain(asked)
    chance = 1 / (1 + np.exp(-explanation.score))
    np.testing.assert_allclose(chance, model.predict(asked)["acceptance_probability"], rtol=0, atol=1e-12)
    levels = explanation.effects[:, explanation.names.index("history: acceptance of late, all customers")]
    assert levels[-1] > 1.5
    assert abs(levels[0]) < 0.2
    assert explanation.values.iloc[-1, -1] == f"{levels[-1]:+.2f}"


def test_the_verdict_shows_both_and_a_note_says_what_moved():
    frame = calls(MOVING).drop(columns="true")
    settings = {"key": "id", "response": "yes", "time": "when", "test_size": 0.5, "track": False}
    trained = offers.train(frame, method="logistic", **settings)
    figures = trained.metrics
    assert figures["holdout_ece"] < 0.05 < 0.15 < figures["holdout_ece_without_updates"]
    assert figures["holdout_log_loss"] < figures["holdout_log_loss_without_updates"] - 0.1
    told = [note for note in trained.notes if note.startswith("The acceptance rate moved from ")]
    assert len(told) == 1
    assert f"(ece {figures['holdout_ece']:.3f})" in told[0]
    assert f"(ece {figures['holdout_ece_without_updates']:.3f})" in told[0]
    assert "as the figures assume" in told[0]
    calm = offers.train(calls(np.zeros(60)).drop(columns="true"), method="logistic", **settings)
    assert not any("moved from" in note for note in calm.notes)
    assert calm.metrics["holdout_log_loss"] < calm.metrics["holdout_log_loss_without_updates"] + 0.002


def test_new_rows_without_the_columns_that_a_score_needs_are_refused(moving):
    frame, model = moving
    before = model.predict(frame.tail(3))
    with pytest.raises(FrameError, match="'age'"):
        model.remembering(frame).update(frame.drop(columns=["age", "true"]))
    pd.testing.assert_frame_equal(model.predict(frame.tail(3)), before)


def test_without_a_time_there_is_no_level():
    frame = calls(MOVING).drop(columns=["when", "true", "id"])
    model = LogisticOffers(OffersConfig(response="yes", positive=1)).fit(frame)
    assert not any(name.startswith("drift") for name in model.parts())
    assert model.explain(frame.head(2)).names == ("age",)

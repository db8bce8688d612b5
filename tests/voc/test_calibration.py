"""Calibration on planted scores: probabilities mean what they say, and blocks of evidence are weighed."""

import json

import numpy as np
import pytest
from scipy.special import expit, softmax

from cxml.metrics import expected_calibration_error
from cxml.voc.calibration import Calibration, row_losses


def planted(rows=4_000, labels=3, seed=0):
    """Scores that are five times too sure and biased, and labels drawn from what they should have said."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (rows, labels))
    chance = softmax(logits, axis=1)
    target = (chance.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    return 5 * (logits - np.array([1.0, 0.0, -1.0])[:labels]), target, chance


def test_scores_too_sure_and_biased_become_the_true_chances():
    scores, target, _ = planted()
    found = Calibration.learn("single", [scores], target)
    other, held_out, truth = planted(seed=1)
    told = found.probabilities([other])
    np.testing.assert_allclose(told.sum(axis=1), 1)
    assert np.abs(told - truth).mean() < 0.03
    best, raw = told.argmax(axis=1), softmax(other, axis=1)
    right = (best == held_out).astype(float)
    assert expected_calibration_error(right, told.max(axis=1)) < 0.03
    assert expected_calibration_error((raw.argmax(1) == held_out).astype(float), raw.max(axis=1)) > 0.1
    assert found.loss([other], held_out) < row_losses("single", raw, held_out).mean() - 0.2


def test_each_of_several_labels_has_its_own_chance():
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 2, (4_000, 2))
    target = (expit(logits) > rng.random(logits.shape)).astype(float)
    found = Calibration.learn("multi", [3 * logits + np.array([2.0, -2.0])], target)
    told = found.probabilities([3 * logits + np.array([2.0, -2.0])])
    assert np.abs(told - expit(logits)).mean() < 0.03
    assert told.sum(axis=1).std() > 0.1


def test_of_two_kinds_of_evidence_the_idle_one_weighs_nothing():
    scores, target, _ = planted()
    noise = np.random.default_rng(3).normal(0, 7, scores.shape)
    found = Calibration.learn("single", [noise, scores], target)
    told, shaken = (found.probabilities([one, scores]) for one in (noise, noise[::-1]))
    assert np.abs(told - shaken).mean() < 0.03
    alone = Calibration.learn("single", [scores], target)
    assert found.loss([noise, scores], target) == pytest.approx(alone.loss([scores], target), abs=0.005)


def test_scores_that_tell_nothing_give_the_shares():
    target = np.array([0] * 700 + [1] * 300)
    found = Calibration.learn("single", [np.zeros((1_000, 2))], target)
    np.testing.assert_allclose(found.probabilities([np.zeros((1, 2))])[0], [0.7, 0.3], atol=0.01)


def test_scores_without_a_fault_stay_finite():
    target = np.array([0, 1, 2] * 40)
    found = Calibration.learn("single", [50.0 * np.eye(3)[target]], target)
    told = found.probabilities([50.0 * np.eye(3)])
    assert all(np.isfinite(one).all() for one in found.to_json().values() if not isinstance(one, str))
    assert np.isfinite(told).all()
    assert np.isfinite(row_losses("single", 1 - np.eye(3), np.arange(3))).all()


def test_it_comes_back_from_json():
    scores, target, _ = planted(rows=200)
    found = Calibration.learn("ordered", [scores], target)
    again = Calibration.from_json(json.loads(json.dumps(found.to_json())))
    assert again.kind == "ordered"
    np.testing.assert_array_equal(again.probabilities([scores]), found.probabilities([scores]))

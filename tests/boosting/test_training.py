from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

from cxml.boosting import to_text, train_booster

PARAMS = {"objective": "regression", "num_leaves": 7, "num_threads": 1, "seed": 3}


@pytest.fixture
def data(rows):
    X = rows(400, 0)
    return X, np.nan_to_num(X[:, 0]) + (X[:, 4] % 3 == 1)


def test_the_same_rows_give_the_same_booster(data):
    X, y = data
    before = X.copy()
    params = PARAMS | {"feature_fraction": 0.6, "bagging_freq": 1, "bagging_fraction": 0.5}
    texts = {to_text(train_booster(X, y, params=params | {"seed": seed}, rounds=5)) for seed in (0, 0, 1)}
    assert len(texts) == 2
    np.testing.assert_array_equal(X, before)


def test_nothing_is_printed_or_logged(data, capfd, caplog):
    X, y = data
    with caplog.at_level(logging.DEBUG):
        train_booster(X, y, params=PARAMS | {"min_data_in_leaf": 500}, rounds=3, valid=(X, y), early_stopping=1)
        train_booster(X, y * 0, params=PARAMS, rounds=2)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_stopping_early_keeps_the_best_round(data):
    X, y = data
    noise = np.random.default_rng(0).normal(size=len(y))
    booster = train_booster(X, noise, params=PARAMS, rounds=200, valid=(X[::-1], noise), early_stopping=5)
    assert 1 <= booster.best_iteration < 200


def test_categories_are_split_as_sets(data):
    X = data[0].copy()
    X[:, 4] %= 4
    y = (X[:, 4] == 2).astype(float)
    assert "cat_threshold" in to_text(train_booster(X, y, params=PARAMS, rounds=2, categorical=[4]))
    assert "cat_threshold" not in to_text(train_booster(X, y, params=PARAMS, rounds=2))


def test_weights_count(data):
    X, y = data
    heavy = train_booster(X, y, params=PARAMS, rounds=1, weight=np.where(y > 1, 50.0, 1.0))
    assert heavy.predict(X).mean() > train_booster(X, y, params=PARAMS, rounds=1).predict(X).mean()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounds": 0}, "`rounds` must be at least 1, got 0"),
        ({"early_stopping": 3}, "needs rows to watch"),
        ({"y": np.zeros(3)}, r"one row per item of `y`, got shapes \(400, 5\) and \(3,\)"),
        ({"valid": (np.zeros((2, 5)), np.zeros(3))}, "one row per item"),
    ],
)
def test_what_cannot_be_trained_is_refused(data, changes, message):
    X, y = data
    arguments = {"X": X, "y": y, "params": PARAMS, "rounds": 2} | changes
    with pytest.raises(ValueError, match=message):
        train_booster(arguments.pop("X"), arguments.pop("y"), **arguments)


def test_importing_loads_no_lightgbm():
    code = (
        "import sys, cxml.boosting; "
        "print([name for name in ('lightgbm', 'pandas', 'sklearn', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

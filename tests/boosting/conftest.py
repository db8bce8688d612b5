"""Made-up rows and boosters over every kind of split that LightGBM has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest

KINDS = ("numbers", "missing", "zero_missing", "categories", "one_feature", "constant", "deep", "skewed")


def make_rows(n_rows: int, seed: int, *, strange: bool = False) -> np.ndarray:
    """Two normal columns, a sparse one, small whole numbers, a category; `strange` adds values not trained on."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_rows, 5))
    X[:, 2] *= random.random(n_rows) < 0.4
    X[:, 3] = random.integers(-2, 4, n_rows)
    X[:, 4] = random.integers(0, 40, n_rows)
    X[random.random(X.shape) < 0.1] = np.nan
    if strange:
        values = [np.inf, -np.inf, 1e-36, -1e-36, 1e-35, 2e-35, -0.0, 0.0, -1.0, -0.5, 4.6, 77.0, 1e12, np.nan]
        where = random.random(X.shape) < 0.3
        X[where] = random.choice(values, where.sum())
    return X


def make_booster(kind: str, seed: int = 0, rounds: int = 6, **params: Any) -> lightgbm.Booster:
    X = make_rows(600, seed)
    filled = np.nan_to_num(X)
    y = filled[:, 0] + filled[:, 1] * filled[:, 3] + 2 * (filled[:, 4] % 3 == 1) + filled[:, 2] ** 2
    settings: dict[str, Any] = {"objective": "regression", "verbosity": -1, "num_threads": 1, "seed": seed}
    settings |= {"num_leaves": 12, "min_data_in_leaf": 5, "min_data_per_group": 5, "cat_smooth": 1.0}
    columns: list[int] = []
    match kind:
        case "numbers":
            X = filled
        case "zero_missing":
            settings["zero_as_missing"] = True
        case "categories":
            columns = [3, 4]
            X[:, 3] += 2
        case "one_feature":
            X = X[:, :1]
        case "constant":
            y = np.full(len(X), 2.5)
        case "deep":
            settings |= {"num_leaves": 50, "min_data_in_leaf": 1}
        case "skewed":
            y = np.exp(3 * filled[:, 0])
    return lightgbm.train(settings | params, lightgbm.Dataset(X, y, categorical_feature=columns), rounds)


@pytest.fixture(scope="session")
def rows() -> Callable[..., np.ndarray]:
    return make_rows


@pytest.fixture(scope="session")
def train() -> Callable[..., lightgbm.Booster]:
    return make_booster


@pytest.fixture(params=KINDS, scope="session")
def booster(request: pytest.FixtureRequest) -> lightgbm.Booster:
    return make_booster(request.param)

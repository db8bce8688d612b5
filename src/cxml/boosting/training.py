"""Train one booster: quiet, repeatable, and without keeping the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset

# What makes two trainings on the same rows equal, and keeps LightGBM from writing to the screen
_FIXED = {"verbosity": -1, "deterministic": True, "force_row_wise": True}


def train_booster(
    X: ArrayLike,
    y: ArrayLike,
    *,
    params: Mapping[str, Any],
    rounds: int,
    categorical: Sequence[int] = (),
    weight: ArrayLike | None = None,
    valid: tuple[ArrayLike, ArrayLike] | None = None,
    early_stopping: int | None = None,
    curve: list[float] | None = None,
) -> Booster:
    """Train a LightGBM booster.

    The same rows, parameters and LightGBM give the same booster. Only LightGBM's own messages of
    this training are silenced; its logger and the process's warnings stay as they are.

    Parameters
    ----------
    X : array of float, shape (n_rows, n_features)
        The rows, NaN where missing, categories as codes from 0.
    y : array of float, shape (n_rows,)
        What to predict.
    params : mapping
        LightGBM's parameters, such as ``objective``, ``num_leaves``, ``seed``, ``num_threads``.
        ``seed`` is 0 unless given.
    rounds : int, at least 1
        Trees to train, at most when stopping early.
    categorical : sequence of int, default=()
        Positions of the columns that hold category codes.
    weight : array of float, shape (n_rows,), default=None
        Weight of each row.
    valid : pair of arrays, default=None
        Rows and targets on which to judge each round.
    early_stopping : int, default=None
        Stop when `valid` has not improved for this many rounds, and answer from the best one.
    curve : list, default=None
        Filled with the loss on `valid` after each round.

    Returns
    -------
    lightgbm.Booster

    Raises
    ------
    ValueError
        If `rounds` is below 1, `X` and `y` differ in length, or `early_stopping` comes without `valid`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.arange(200.0).reshape(100, 2)
    >>> train_booster(X, X[:, 0], params={"objective": "regression"}, rounds=3).num_trees()
    3
    >>> train_booster(X, X[:, 0], params={}, rounds=0)
    Traceback (most recent call last):
        ...
    ValueError: `rounds` must be at least 1, got 0.
    """
    if rounds < 1:
        raise ValueError(f"`rounds` must be at least 1, got {rounds}.")
    if early_stopping is not None and valid is None:
        raise ValueError(
            f"`early_stopping` needs rows to watch, got {early_stopping} rounds and no `valid`. "
            "Pass `valid=(X, y)` of rows that are not trained on."
        )
    import lightgbm  # here, because it loads scikit-learn and pandas

    settings = {"seed": 0, **params, **_FIXED}
    train = _dataset(X, y, settings, categorical, weight)
    watched = [] if valid is None else [_dataset(*valid, settings, categorical, None, like=train)]
    stop: list[Callable[..., Any]] = (
        [] if early_stopping is None else [lightgbm.early_stopping(early_stopping, verbose=False)]
    )
    seen: dict[str, dict[str, list[float]]] = {}
    record = [lightgbm.record_evaluation(seen)] if watched else []
    booster = lightgbm.train(settings, train, num_boost_round=rounds, valid_sets=watched, callbacks=[*stop, *record])
    if curve is not None:
        curve.extend(next(iter(next(iter(seen.values())).values())) if seen else [])
    return booster


def _dataset(
    X: ArrayLike,
    y: ArrayLike,
    settings: Mapping[str, Any],
    categorical: Sequence[int],
    weight: ArrayLike | None,
    like: Dataset | None = None,
) -> Dataset:
    from lightgbm import Dataset

    rows: NDArray[np.float64] = np.asarray(X, dtype=np.float64)
    target: NDArray[np.float64] = np.asarray(y, dtype=np.float64)
    if rows.ndim != 2 or target.shape != (len(rows),):
        raise ValueError(
            f"`X` must be a table with one row per item of `y`, got shapes {rows.shape} and {target.shape}."
        )
    return Dataset(
        rows,
        target,
        weight=None if weight is None else np.asarray(weight, dtype=np.float64),
        categorical_feature=list(categorical),
        reference=like,
        params=dict(settings),
        free_raw_data=True,
    )

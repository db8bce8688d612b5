"""What each feature added to a row's raw score."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.boosting.explainer import Explainer, prepare
from cxml.boosting.modeltext import split_model

if TYPE_CHECKING:
    from lightgbm import Booster

# Preparing the tables pays off against LightGBM's own `pred_contrib` from some hundred rows on, and later
# for small trees. Break-even measured on two cores: 360-550 rows at 31 leaves and more, 690-880 at 16,
# 500-940 at 8, 1,250-1,540 at 4, 2,100-5,000 at 2. Twice as many, so that a first call is not dearer either.
_FEWEST_ROWS = 2_000
_ROWS_TIMES_LEAVES = 32_000
_PROBES = 8

_prepared: WeakKeyDictionary[Booster, tuple[tuple[int, int], Explainer | None]] = WeakKeyDictionary()


def contributions(booster: Booster, X: ArrayLike) -> NDArray[np.float64]:
    """Split each row's raw score into what its features contributed.

    These are the exact path-dependent TreeSHAP values [1]_ that LightGBM gives with
    ``pred_contrib=True``. Batches of about 2,000 rows and more are explained by tables that are
    prepared once per booster; small batches, and models for which tables would be slower, by
    LightGBM itself. Both agree to 1e-9.

    Parameters
    ----------
    booster : lightgbm.Booster
        A trained booster with one raw score per row. `merge` results are fine.
    X : array of float, shape (n_rows, n_features)
        The rows, NaN where missing, categories as codes.

    Returns
    -------
    array of float, shape (n_rows, n_features + 1)
        In units of the raw score (log-odds for a binary booster). The last column is the base
        value, the mean raw score of the training rows; each row sums to its raw score.

    Raises
    ------
    ValueError
        If `X` is not a table with the booster's number of columns, or if the booster has several
        outputs or linear leaves.

    References
    ----------
    .. [1] Lundberg, S. M., Erion, G. G., & Lee, S.-I. (2018). Consistent individualized feature
       attribution for tree ensembles. arXiv:1802.03888.

    Examples
    --------
    >>> import lightgbm, numpy as np
    >>> X = np.arange(200.0).reshape(100, 2)
    >>> booster = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(X, X[:, 0]), 2)
    >>> parts = contributions(booster, X)
    >>> parts.shape, bool(np.allclose(parts.sum(axis=1), booster.predict(X)))
    ((100, 3), True)
    >>> contributions(booster, X[0])
    Traceback (most recent call last):
        ...
    ValueError: `X` must have shape (n_rows, 2), got (2,). For one row pass [row].
    """
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != booster.num_feature():
        raise ValueError(
            f"`X` must have shape (n_rows, {booster.num_feature()}), got {rows.shape}. For one row pass [row]."
        )
    if booster.num_model_per_iteration() != 1:
        raise ValueError(
            f"`booster` must have one raw score per row, got {booster.num_model_per_iteration()}. "
            "Explain one class at a time, with a booster of its own."
        )
    explainer = _explainer_for(booster, rows) if len(rows) >= _fewest_rows(booster) else None
    return explainer(rows) if explainer is not None else _by_lightgbm(booster, rows)


def _fewest_rows(booster: Booster) -> float:
    trees = max(booster.num_trees(), 1)
    leaves = 1 + int(booster.feature_importance("split", iteration=-1).sum()) / trees
    return max(_FEWEST_ROWS, _ROWS_TIMES_LEAVES / leaves)


def _by_lightgbm(booster: Booster, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    from lightgbm.basic import LightGBMError  # here, because it loads scikit-learn and pandas

    if not len(rows):
        return np.empty((0, rows.shape[1] + 1))
    try:
        return np.asarray(booster.predict(rows, pred_contrib=True), dtype=np.float64)
    except LightGBMError as error:
        raise ValueError(f"`booster` must be one that LightGBM explains; it answered: {error}") from error


def _explainer_for(booster: Booster, rows: NDArray[np.float64]) -> Explainer | None:
    """Return the booster's explainer, preparing it the first time or when the booster was changed since.

    A booster can be trained on or edited in place, so a kept explainer must still add up to the
    booster's own scores on some of the rows; a fresh one that does not is not used.
    """
    state = (booster.num_trees(), booster.best_iteration)
    kept = _prepared.get(booster)
    if kept is not None and kept[0] == state and (kept[1] is None or _adds_up(kept[1], booster, rows)):
        return kept[1]
    explainer = prepare(split_model(booster.model_to_string()))
    if explainer is not None and not _adds_up(explainer, booster, rows):
        explainer = None
    _prepared[booster] = (state, explainer)
    return explainer


def _adds_up(explainer: Explainer, booster: Booster, rows: NDArray[np.float64]) -> bool:
    some = rows[:: max(1, len(rows) // _PROBES)]
    scores = np.asarray(booster.predict(some, raw_score=True))
    return bool(np.allclose(explainer(some).sum(axis=1), scores, rtol=1e-9, atol=1e-9))

"""Several boosters as one, whose raw score is their weighted sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cxml.boosting.modeltext import ModelText, join_model, split_model, tree_fields
from cxml.boosting.text import from_text, to_text

if TYPE_CHECKING:
    from lightgbm import Booster

_SCALED = ("leaf_value", "internal_value", "shrinkage")


def merge(boosters: Sequence[Booster], weights: Sequence[float]) -> Booster:
    """Build one booster with the raw score ``sum(weights[k] * raw_score_k)``.

    The trees are put one after another and their values multiplied by the weight. Row counts stay,
    so the contributions of the merged booster are the weighted sums of theirs as well. The merged
    booster has no objective: `predict` returns the raw score, and turning it into a probability is
    the caller's part.

    Parameters
    ----------
    boosters : sequence of lightgbm.Booster
        At least one; trained on the same columns in the same order, one raw score each.
    weights : sequence of float
        One finite weight per booster; they need not sum to 1.

    Returns
    -------
    lightgbm.Booster

    Raises
    ------
    ValueError
        If the numbers of boosters and weights differ or are 0, a weight is not finite, the
        boosters' columns or categories differ, or one of them is a random forest (its scores are
        averaged, not summed), has several outputs, or linear leaves.

    Examples
    --------
    >>> import lightgbm, numpy as np
    >>> X = np.arange(200.0).reshape(100, 2)
    >>> one = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(X, X[:, 0]), 2)
    >>> merged = merge([one, one], [0.5, 0.25])
    >>> bool(np.allclose(merged.predict(X), 0.75 * one.predict(X), rtol=1e-12))
    True
    >>> merge([one], [0.5, 0.5])
    Traceback (most recent call last):
        ...
    ValueError: `weights` must hold one number per booster, got 2 for 1 boosters.
    """
    if len(boosters) != len(weights) or not boosters:
        raise ValueError(
            f"`weights` must hold one number per booster, got {len(weights)} for {len(boosters)} boosters."
        )
    if not all(math.isfinite(weight) for weight in weights):
        raise ValueError(f"`weights` must be finite, got {list(weights)}.")
    models = [split_model(to_text(booster)) for booster in boosters]
    for number, model in enumerate(models):
        _check_summable(model, number)
        _check_same_columns(models[0], model, number)
    blocks = [
        _scaled(block, float(weight)) for model, weight in zip(models, weights, strict=True) for block in model.trees
    ]
    trees = tuple(f"Tree={number}\n{block}" for number, block in enumerate(blocks))
    return from_text(join_model(ModelText(_neutral_header(models[0]), trees, models[0].categories)))


def _neutral_header(model: ModelText) -> dict[str, str | None]:
    """Drop the objective, and the value ranges: each fold saw others, and no prediction reads them."""
    header = {name: value for name, value in model.header.items() if name != "objective"}
    return header | {"feature_infos": " ".join(["none"] * model.n_features)}


def _scaled(block: str, weight: float) -> str:
    """Multiply the values of one tree's block and leave out its number."""
    fields = tree_fields(block)
    fields.pop("Tree")
    for name in _SCALED:
        # repr writes the shortest text that reads back as the same float, so nothing is lost
        fields[name] = " ".join(repr(float(value) * weight) for value in fields.get(name, "").split())
    return "".join(f"{name}={value}\n" for name, value in fields.items()) + "\n\n"


def _check_summable(model: ModelText, number: int) -> None:
    if model.averages:
        raise ValueError(
            f"Boosters to merge must sum their trees; booster {number} is a random forest, which averages "
            "them. Train it with boosting='gbdt'."
        )
    if model.n_outputs != 1:
        raise ValueError(
            f"Boosters to merge must have one raw score per row, got {model.n_outputs} in booster {number}. "
            "Merge binary or regression boosters."
        )
    if any(tree_fields(block).get("is_linear", "0") != "0" for block in model.trees):
        raise ValueError(
            f"Boosters to merge must have constant leaves; booster {number} has linear ones. "
            "Train it without `linear_tree`."
        )


def _check_same_columns(first: ModelText, other: ModelText, number: int) -> None:
    for name in ("max_feature_idx", "feature_names"):
        if first.header[name] != other.header[name]:
            raise ValueError(
                f"Boosters to merge must have the same columns; booster {number} has `{name}` "
                f"{str(other.header[name])[:80]!r}, booster 0 {str(first.header[name])[:80]!r}."
            )
    if first.categories != other.categories:
        raise ValueError(
            f"Boosters to merge must know the same categories in the same order; those of booster {number} "
            "differ from booster 0. Encode the categories once, before the folds are made."
        )

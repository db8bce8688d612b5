"""The kinds of trees that are tried: each is best somewhere, and which one is found out on the training folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: From this many rows on fewer folds and larger steps are enough, and time begins to count.
LARGE = 20_000

# Features are sampled at each node, never for a whole tree: a tree that lacks a column cannot learn its interactions.
_COMMON: dict[str, object] = {
    "objective": "binary",
    "num_threads": 1,  # fits run side by side instead: quicker on a few thousand rows, and kind to the neighbours
    "bagging_freq": 1,
    "bagging_fraction": 0.8,
    "cat_smooth": 30,
    "cat_l2": 30,
    "max_cat_threshold": 16,
    "min_data_per_group": 50,
}


@dataclass(frozen=True)
class Shape:
    """One kind of tree ensemble.

    Attributes
    ----------
    name : str
    limit : int
        Most boosting rounds.
    params : mapping
        LightGBM's parameters.
    with_levels : bool
        Whether it sees the categories with many levels at all.
    """

    name: str
    limit: int
    params: Mapping[str, object] = field(default_factory=dict)
    with_levels: bool = False

    def settings(self, seed: int) -> dict[str, object]:
        """LightGBM's parameters, common ones included."""
        return {**_COMMON, **self.params, "seed": seed}


_DEEP = {
    "num_leaves": 40,
    "max_depth": 7,
    "learning_rate": 0.04,
    "feature_fraction_bynode": 0.5,
    "lambda_l2": 0.1,
    "min_data_in_leaf": 1,
    "bagging_fraction": 1.0,
}
_MODERATE = {
    "num_leaves": 31,
    "max_depth": 5,
    "learning_rate": 0.05,
    "feature_fraction_bynode": 0.5,
    "lambda_l2": 0.5,
    "min_data_in_leaf": 3,
    "bagging_fraction": 0.9,
}
_RANDOM = {"extra_trees": True, "learning_rate": 0.1, "bagging_fraction": 1.0}
_SHAPES = (
    # Weak signals in much noise: few leaves, strong shrinkage.
    Shape(
        "small",
        600,
        {
            "num_leaves": 6,
            "learning_rate": 0.06,
            "feature_fraction_bynode": 0.4,
            "lambda_l2": 5.0,
            "min_data_in_leaf": 20,
        },
        with_levels=True,
    ),
    # Rules and interactions down to single rows: worst alone where signals are weak, and then left out by the blend.
    Shape("deep", 500, _DEEP),
    # Thresholds at random bring variety enough: bagging on top would only cost rows. One for noise, one for rules.
    Shape("extra", 400, {**_RANDOM, "num_leaves": 31, "lambda_l2": 1.0, "min_data_in_leaf": 5}),
    Shape("extra_deep", 600, {**_RANDOM, "num_leaves": 48, "lambda_l2": 0.5, "min_data_in_leaf": 2}),
)
_LEVELS = Shape("levels", 500, _MODERATE, with_levels=True)


def candidates(n_rows: int, *, many_levels: bool) -> list[Shape]:
    """Name the shapes to try.

    Parameters
    ----------
    n_rows : int
        On many rows the steps are larger, since time grows with rows times rounds.
    many_levels : bool
        Whether a category has many levels: then one shape is tried with it and without.
    """
    shapes = [*_SHAPES, _LEVELS] if many_levels else list(_SHAPES)
    if n_rows <= LARGE:
        return shapes
    return [
        replace(one, limit=250, params={**one.params, "learning_rate": 2 * float(str(one.params["learning_rate"]))})
        for one in shapes
    ]

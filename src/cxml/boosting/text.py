"""A booster as text and back: the form in which cxml keeps one in a model folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxml.boosting.modeltext import join_model, read_tree, split_model
from cxml.errors import ModelFolderError, NotFittedError

if TYPE_CHECKING:
    from lightgbm import Booster


def to_text(booster: Booster) -> str:
    """Write a booster as LightGBM's native text, without what no prediction reads.

    The trees are LightGBM's own lines up to the best iteration, so that the text answers as
    `booster.predict` does. Training parameters and importances are left out: they hold thread
    numbers and paths, which would make equal models differ.

    Parameters
    ----------
    booster : lightgbm.Booster
        A trained booster.

    Returns
    -------
    str
        ASCII unless a feature's name is not; equal boosters give equal texts.

    Raises
    ------
    NotFittedError
        If the booster holds no trees.

    Examples
    --------
    >>> import lightgbm, numpy as np
    >>> X = np.arange(200.0).reshape(100, 2)
    >>> booster = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(X, X[:, 0]), 2)
    >>> text = to_text(booster)
    >>> text.splitlines()[:2]
    ['tree', 'version=v4']
    >>> to_text(from_text(text)) == text
    True
    """
    if booster.num_trees() == 0:
        raise NotFittedError("A booster must hold trees to be written, got none. Train it for a round or more.")
    return join_model(split_model(booster.model_to_string()))


def from_text(text: str) -> Booster:
    """Build a booster from its text, refusing any text that is not a whole model.

    The structure is checked before LightGBM sees it, since LightGBM follows a wrong number in the
    text to a wrong place in memory.

    Parameters
    ----------
    text : str
        What `to_text` wrote, or LightGBM's own ``model_to_string()``.

    Returns
    -------
    lightgbm.Booster

    Raises
    ------
    ModelFolderError
        If the text is cut, edited, not a LightGBM model, has no trees or has linear leaves.

    Examples
    --------
    >>> from_text("tree")
    Traceback (most recent call last):
        ...
    cxml.errors.ModelFolderError: The header of a LightGBM model text must hold version, num_class, \
num_tree_per_iteration, label_index, max_feature_idx, feature_names, feature_infos, tree_sizes; it lacks \
'version', 'num_class', 'num_tree_per_iteration', 'label_index', 'max_feature_idx' and 3 more. \
The text is not whole: restore the file from where it was saved.
    """
    model = split_model(text)
    for block in model.trees:
        read_tree(block, model.n_features)
    from lightgbm import Booster  # here, because it loads scikit-learn and pandas
    from lightgbm.basic import LightGBMError

    try:
        return Booster(model_str=join_model(model))
    except LightGBMError as error:
        raise ModelFolderError(
            f"A model text must be one that LightGBM reads; it answered: {error}. Restore the file."
        ) from error

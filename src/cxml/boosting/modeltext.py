"""LightGBM's native model text, taken apart and checked before LightGBM itself reads it.

LightGBM trusts this text: child numbers, feature numbers and lengths in it become memory addresses.
So every number that is used as an index is checked here first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ModelFolderError, shorten

_REQUIRED = (
    "version",
    "num_class",
    "num_tree_per_iteration",
    "label_index",
    "max_feature_idx",
    "feature_names",
    "feature_infos",
    "tree_sizes",
)
_END = "end of trees"
_PANDAS = "pandas_categorical:"
_CATEGORICAL = 1  # the bit of `decision_type` that marks a split by categories


@dataclass(frozen=True)
class ModelText:
    """The parts of a model text that prediction needs.

    Attributes
    ----------
    header : mapping of str to str
        The lines before the first tree, in their order. A flag without a value, such as
        ``average_output``, maps to None.
    trees : tuple of str
        One block of lines per tree, from ``Tree=i`` on.
    categories : str
        The ``pandas_categorical`` value as JSON, ``"null"`` when trained on plain arrays.
    """

    header: Mapping[str, str | None]
    trees: tuple[str, ...]
    categories: str = "null"

    @property
    def n_features(self) -> int:
        """Number of columns of a row."""
        return _whole(self.header, "max_feature_idx") + 1

    @property
    def n_outputs(self) -> int:
        """Number of raw scores per row: 1, or the number of classes."""
        return _whole(self.header, "num_tree_per_iteration")

    @property
    def averages(self) -> bool:
        """Whether the trees are averaged (random forest) and not summed."""
        return "average_output" in self.header


@dataclass(frozen=True)
class Tree:
    """One tree as arrays; internal node 0 is the root, child ``-1 - k`` is leaf ``k``.

    Attributes
    ----------
    feature, left, right : array of int, shape (n_nodes,)
        What an internal node asks about, and where it sends a row.
    threshold : array of float, shape (n_nodes,)
        A number's upper bound to go left, or the position of a category set.
    decision : array of int, shape (n_nodes,)
        LightGBM's bits: 1 categorical, 2 missing goes left, 4 zero is missing, 8 NaN is missing.
    value, count : array, shape (n_leaves,)
        A leaf's raw score and its number of training rows.
    node_count : array of int, shape (n_nodes,)
        Training rows that passed an internal node.
    boundaries, bitset : array of int
        Category set ``k`` is the 32-bit words ``bitset[boundaries[k]:boundaries[k + 1]]``.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    decision: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    count: NDArray[np.int64]
    node_count: NDArray[np.int64]
    boundaries: NDArray[np.int64]
    bitset: NDArray[np.int64]


def split_model(text: str) -> ModelText:
    """Take a model text apart, refusing one that is not whole.

    Parameters
    ----------
    text : str
        What `lightgbm.Booster.model_to_string` or `cxml.boosting.to_text` wrote.

    Returns
    -------
    ModelText

    Raises
    ------
    ModelFolderError
        If the text does not start as a model, lacks a header line, has no trees or stops early.

    Examples
    --------
    >>> split_model("GIF89a")
    Traceback (most recent call last):
        ...
    cxml.errors.ModelFolderError: A LightGBM model text must start with the line 'tree', got 'GIF89a'. \
Restore the file from where it was saved.
    """
    first, _, rest = text.partition("\n")
    if first != "tree":
        raise ModelFolderError(
            f"A LightGBM model text must start with the line 'tree', got {first[:40]!r}. "
            "Restore the file from where it was saved."
        )
    head, _, body = rest.partition("\n\n")
    header = _read_header(head.split("\n"))
    trees, tail = _cut_trees(body, _sizes(header))
    return ModelText(header, trees, _read_categories(tail))


def join_model(model: ModelText) -> str:
    """Write the parts back as one text, with the sizes of the trees as they are now.

    Parameters and importances are not written: they name threads and file paths of the machine
    that trained, and no prediction reads them.
    """
    header = dict(model.header) | {"tree_sizes": " ".join(str(len(tree)) for tree in model.trees)}
    lines = [name if value is None else f"{name}={value}" for name, value in header.items()]
    return "\n".join(["tree", *lines, "", "".join(model.trees) + _END, "", _PANDAS + model.categories, ""])


def tree_fields(block: str) -> dict[str, str]:
    """Return the lines of one tree's block as names and values."""
    return {name: value for name, _, value in (line.partition("=") for line in block.split("\n")) if name}


def read_tree(block: str, n_features: int) -> Tree:
    """Read one tree's block, refusing numbers that would lead prediction astray.

    Parameters
    ----------
    block : str
        One item of `ModelText.trees`.
    n_features : int
        Number of columns of a row; every split must ask about one of them.

    Returns
    -------
    Tree

    Raises
    ------
    ModelFolderError
        If a list has the wrong length or holds something that is no number, if the nodes form no
        tree, a split asks about a column or a category set that is not there, a leaf is not
        finite, or the tree has linear leaves.
    """
    fields = tree_fields(block)
    name = f"tree {fields.get('Tree', '?')}"
    if fields.get("is_linear", "0") != "0":
        raise ModelFolderError(
            f"The leaves of a model must be constants, got linear leaves in {name}. Train without `linear_tree`."
        )
    leaves = _whole(fields, "num_leaves", name)
    nodes = leaves - 1
    has_sets = _whole(fields, "num_cat", name) > 0
    tree = Tree(
        feature=_whole_numbers(fields, "split_feature", nodes, name),
        threshold=_numbers(fields, "threshold", nodes, name),
        decision=_whole_numbers(fields, "decision_type", nodes, name),
        left=_whole_numbers(fields, "left_child", nodes, name),
        right=_whole_numbers(fields, "right_child", nodes, name),
        value=_numbers(fields, "leaf_value", leaves, name),
        count=_whole_numbers(fields, "leaf_count", leaves, name),
        node_count=_whole_numbers(fields, "internal_count", nodes, name),
        boundaries=_whole_numbers(fields, "cat_boundaries" if has_sets else "", None, name),
        bitset=_whole_numbers(fields, "cat_threshold" if has_sets else "", None, name),
    )
    _check_shape(tree, name)
    _check_splits(tree, n_features, name)
    return tree


def _read_header(lines: Iterable[str]) -> dict[str, str | None]:
    pairs = (line.partition("=") for line in lines)
    header = {name: value if mark else None for name, mark, value in pairs}
    missing = [name for name in _REQUIRED if header.get(name) is None]
    if missing:
        raise ModelFolderError(
            f"The header of a LightGBM model text must hold {', '.join(_REQUIRED)}; it lacks "
            f"{shorten(missing)}. The text is not whole: restore the file from where it was saved."
        )
    columns = _whole(header, "max_feature_idx") + 1
    for name in ("feature_names", "feature_infos"):
        found = len(str(header[name]).split(" "))
        if found != columns:
            raise _damaged(name, f"{columns:,} entries", f"{found:,}", "the header")
    if _whole(header, "num_tree_per_iteration") < 1:
        raise _damaged("num_tree_per_iteration", "at least 1", str(header["num_tree_per_iteration"]), "the header")
    return header


def _sizes(header: Mapping[str, str | None]) -> list[int]:
    written = str(header["tree_sizes"]).split()
    if not written:
        raise ModelFolderError("A model must hold at least one tree, got none. Save it again after training.")
    if not all(size.isdecimal() for size in written):
        raise _damaged("tree_sizes", "whole numbers", shorten(written), "the header")
    if len(written) % _whole(header, "num_tree_per_iteration"):
        raise _damaged("tree_sizes", "one tree per output and round", f"{len(written):,}", "the header")
    return [int(size) for size in written]


def _cut_trees(body: str, sizes: list[int]) -> tuple[tuple[str, ...], str]:
    trees, start = [], 0
    for number, size in enumerate(sizes):
        block = body[start : start + size]
        if len(block) < size or not block.startswith(f"Tree={number}\n") or not block.endswith("\n"):
            raise ModelFolderError(
                f"A LightGBM model text must hold the {len(sizes):,} trees that its header announces; "
                f"tree {number} is cut or edited. Restore the file from where it was saved."
            )
        trees.append(block)
        start += size
    if not body.startswith(_END, start):
        raise ModelFolderError(
            f"A LightGBM model text must close its {len(sizes):,} trees with {_END!r}, got "
            f"{body[start : start + 40]!r}. The text is cut or edited: restore the file."
        )
    return tuple(trees), body[start:]


def _read_categories(tail: str) -> str:
    last = tail.rstrip("\n").rpartition("\n")[2]
    if not last.startswith(_PANDAS):
        return "null"
    written = last.removeprefix(_PANDAS)
    try:
        known = json.loads(written)
    except ValueError:
        known = written
    if known is not None and not (isinstance(known, list) and all(isinstance(one, list) for one in known)):
        raise _damaged("pandas_categorical", "null or lists", repr(written[:40]), "the last line")
    return written


def _check_shape(tree: Tree, name: str) -> None:
    """Every node but the root has one parent, and that one comes before it: no cycle, no stray index."""
    nodes = len(tree.left)
    children = np.concatenate([tree.left, tree.right])
    expected = np.concatenate([np.arange(-nodes - 1, 0), np.arange(1, nodes)]) if nodes else children
    own = np.arange(nodes)
    backward = (tree.left >= 0) & (tree.left <= own) | (tree.right >= 0) & (tree.right <= own)
    if not np.array_equal(np.sort(children), expected) or backward.any():
        raise _damaged("left_child and right_child", "each other node once, after its parent", "another order", name)
    if not np.isfinite(tree.value).all():
        raise _damaged("leaf_value", "finite numbers", shorten(tree.value[~np.isfinite(tree.value)].tolist()), name)


def _check_splits(tree: Tree, n_features: int, name: str) -> None:
    if ((tree.feature < 0) | (tree.feature >= n_features)).any():
        raise _damaged("split_feature", f"0 to {n_features - 1}", shorten(tree.feature.tolist()), name)
    if np.isnan(tree.threshold).any():
        raise _damaged("threshold", "numbers", "nan", name)
    categorical = (tree.decision & _CATEGORICAL) > 0
    asked = tree.threshold[categorical]
    sets = len(tree.boundaries) - 1
    if ((asked < 0) | (asked >= max(sets, 0))).any():
        raise _damaged("threshold", f"a category set from 0 to {sets - 1}", shorten(asked.tolist()), name)
    bounds = tree.boundaries
    if sets >= 0 and (bounds[0] != 0 or bounds[-1] != len(tree.bitset) or (np.diff(bounds) < 0).any()):
        raise _damaged("cat_boundaries", f"rising from 0 to {len(tree.bitset)}", shorten(bounds.tolist()), name)


def _whole(fields: Mapping[str, str | None], name: str, where: str = "the header") -> int:
    written = fields.get(name)
    if written is None or not written.isdecimal() or (name == "num_leaves" and int(written) < 1):
        raise _damaged(name, "a whole number", repr(written), where)
    return int(written)


def _numbers(fields: Mapping[str, str], name: str, size: int | None, where: str) -> NDArray[np.float64]:
    return _parse(fields, name, size, where, np.float64)


def _whole_numbers(fields: Mapping[str, str], name: str, size: int | None, where: str) -> NDArray[np.int64]:
    return _parse(fields, name, size, where, np.int64)


def _parse(fields: Mapping[str, str], name: str, size: int | None, where: str, kind: Any) -> NDArray[Any]:
    written = fields.get(name, "").split()
    try:
        numbers = np.array(written, dtype=kind)
    except (ValueError, OverflowError):
        raise _damaged(name, "numbers", shorten(written), where) from None
    if size is not None and len(numbers) != size:
        raise _damaged(name, f"{size:,} numbers", f"{len(numbers):,}", where)
    return numbers


def _damaged(name: str, wanted: str, got: str, where: str) -> ModelFolderError:
    return ModelFolderError(
        f"`{name}` of a LightGBM model text must be {wanted}, got {got} in {where}. "
        "The text was edited or damaged: restore the file from where it was saved."
    )

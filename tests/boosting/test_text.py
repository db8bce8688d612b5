from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from cxml.boosting import from_text, to_text
from cxml.boosting.modeltext import split_model, tree_fields
from cxml.errors import ModelFolderError, NotFittedError


def test_text_and_back_answers_the_same(booster, rows):
    X = rows(300, 1, strange=True)[:, : booster.num_feature()]
    back = from_text(to_text(booster))
    np.testing.assert_array_equal(back.predict(X, raw_score=True), booster.predict(X, raw_score=True))
    assert to_text(back) == to_text(booster)


def test_text_leaves_out_what_differs_between_machines(train):
    one, two = train("numbers", rounds=2), train("numbers", rounds=2, deterministic=True, max_drop=3)
    assert to_text(one) == to_text(two)
    assert "parameters" not in to_text(one)


def test_text_stops_at_the_best_round(train):
    booster = train("numbers")
    booster.best_iteration = 3
    X = np.zeros((1, 5))
    assert from_text(to_text(booster)).num_trees() == 3
    assert from_text(to_text(booster)).predict(X) == booster.predict(X)


def test_lightgbm_own_text_is_read(train):
    booster = train("categories")
    assert to_text(from_text(booster.model_to_string())) == to_text(booster)


def test_pandas_categories_are_kept(train):
    text = to_text(train("numbers")).replace("pandas_categorical:null", 'pandas_categorical:[["a", "b"]]')
    assert from_text(text).pandas_categorical == [["a", "b"]]


def test_several_outputs_are_kept(rows):
    X = np.nan_to_num(rows(300, 0))
    settings = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, (np.arange(300) % 3)), 2)
    np.testing.assert_array_equal(from_text(to_text(booster)).predict(X), booster.predict(X))


def test_a_booster_without_trees_is_refused(rows):
    X = rows(50, 0)
    empty = lightgbm.Booster({"verbosity": -1}, lightgbm.Dataset(X, X[:, 3] > 0))
    with pytest.raises(NotFittedError, match="must hold trees"):
        to_text(empty)


def test_a_text_cut_anywhere_is_refused(train):
    text = to_text(train("categories", rounds=2))
    end = text.index("end of trees")
    for length in [*range(0, end, 37), end, end + 5]:
        with pytest.raises(ModelFolderError):
            from_text(text[:length])


@pytest.mark.parametrize("text", ["", "tree", "tree\n\n", "\0\0\0", "{}", "tree\nversion=v4\n\nTree=0\n"])
def test_garbage_is_refused(text):
    with pytest.raises(ModelFolderError, match=r"must (start with|hold)"):
        from_text(text)


def edited(text: str, name: str, change) -> str:
    """Change the first line `name=` inside the first tree and keep the sizes true."""
    start = text.index("\nTree=0\n")
    at = text.index(f"\n{name}=", start) + 1
    end = text.index("\n", at)
    line = f"{name}=" + change(text[at:end].partition("=")[2])
    sizes_at = text.index("tree_sizes=")
    sizes_end = text.index("\n", sizes_at)
    sizes = text[sizes_at + 11 : sizes_end].split()
    sizes[0] = str(int(sizes[0]) + len(line) - (end - at))
    return text[: sizes_at + 11] + " ".join(sizes) + text[sizes_end:at] + line + text[end:]


def swap(place: int, value: str):
    def change(line: str) -> str:
        numbers = line.split(" ")
        numbers[place] = value
        return " ".join(numbers)

    return change


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("left_child", swap(0, "0"), "left_child and right_child"),  # a cycle: prediction would not end
        ("left_child", swap(1, "99"), "left_child and right_child"),
        ("right_child", swap(0, "-99"), "left_child and right_child"),
        ("split_feature", swap(0, "5"), "`split_feature` .* must be 0 to 4"),
        ("split_feature", swap(0, "-1"), "`split_feature`"),
        ("threshold", swap(0, "oops"), "`threshold` .* must be numbers"),
        ("threshold", swap(0, "nan"), "`threshold`"),
        ("leaf_value", swap(0, "inf"), "`leaf_value` .* finite"),
        ("leaf_value", lambda line: line + " 1", "`leaf_value` .* must be 12 numbers, got 13"),
        ("leaf_count", swap(0, "1.5"), "`leaf_count`"),
        ("num_leaves", lambda line: "9999999999", "must be .* numbers"),
        ("num_leaves", lambda line: "0", "`num_leaves`"),
        ("cat_boundaries", swap(-1, "7777"), "`cat_boundaries` .* rising"),
        ("is_linear", lambda line: "1", "linear leaves"),
    ],
)
def test_edited_numbers_are_refused(train, name, change, message):
    text = to_text(train("categories", rounds=2))
    with pytest.raises(ModelFolderError, match=message):
        from_text(edited(text, name, change))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("max_feature_idx=4", "max_feature_idx=5", "feature_names"),
        ("max_feature_idx=4", "max_feature_idx=x", "max_feature_idx"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=3", "one tree per output"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=0", "at least 1"),
        ("tree_sizes=", "tree_sizes=x ", "whole numbers"),
        ("tree_sizes=", "tree_sizes=7 ", "cut or edited"),
        ("Tree=1", "Tree=2", "tree 1 is cut or edited"),
        ("label_index=0\n", "", "lacks 'label_index'"),
        ("objective=regression", "objective=nonsense", "LightGBM reads"),
        ("pandas_categorical:null", "pandas_categorical:[", "pandas_categorical"),
        ("pandas_categorical:null", "pandas_categorical:3", "pandas_categorical"),
    ],
)
def test_edited_lines_are_refused(train, old, new, message):
    text = to_text(train("numbers", rounds=2))
    assert old in text
    with pytest.raises(ModelFolderError, match=message):
        from_text(text.replace(old, new, 1))


def test_nodes_that_only_lead_to_each_other_are_refused(train):
    """Each node still has one parent, but the explanation's walk over a child after its parent would fail."""
    text = to_text(train("numbers", rounds=1))
    fields = tree_fields(split_model(text).trees[0])
    left, right = (fields[name].split(" ") for name in ("left_child", "right_child"))
    child = next(node for node in range(1, len(left)) if int(left[node]) > 0 or int(right[node]) > 0)
    side, other = (left, right) if int(left[child]) > 0 else (right, left)
    parent = next(lists for lists in (left, right) if str(child) in lists)
    place = parent.index(str(child))
    parent[place], side[child] = side[child], str(child)  # `child` becomes its own parent
    assert other[child] != str(child)
    text = edited(edited(text, "left_child", lambda _: " ".join(left)), "right_child", lambda _: " ".join(right))
    with pytest.raises(ModelFolderError, match="after its parent"):
        from_text(text)


def test_no_trees_are_refused(train):
    text = to_text(train("numbers", rounds=1))
    start, sizes = text.index("Tree=0"), text.index("tree_sizes=")
    with pytest.raises(ModelFolderError, match="at least one tree, got none"):
        from_text(text[:sizes] + "tree_sizes=\n\n" + text[text.index("end of trees") :] + text[start:start])

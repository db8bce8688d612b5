"""The door: which frames come in, and what is said to the others."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from cxml import frames
from cxml.errors import FrameError


def test_pandas_comes_in_as_the_same_object():
    frame = pd.DataFrame({"a": [1]}, index=[7])
    assert frames.as_pandas(frame) is frame


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table], ids=["polars", "pyarrow"])
def test_frames_of_other_libraries_come_in(make):
    found = frames.as_pandas(make({"이름": ["가", None], "n": [1, 2]}))
    assert found["이름"].tolist() == ["가", None]
    assert found["n"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([1], "must be a data frame .* - got list. Make one with pandas.DataFrame"),
        ({"a": [1]}, "got dict"),
        (pd.Series([1]), "got Series"),
        (np.ones((2, 2)), "got ndarray"),
        (None, "got NoneType"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "must name each column once - got 'a' more than once"),
        (pd.DataFrame([[1, 2]]), "must name its columns with text - got 0, 1. Rename them"),
        (pd.DataFrame({"a": []}), "must hold at least one row - got none"),
        (pl.DataFrame({"a": []}), "must hold at least one row - got none"),
    ],
)
def test_what_is_no_frame_is_refused(frame, message):
    with pytest.raises(FrameError, match=message):
        frames.as_pandas(frame)


def test_missing_columns_are_named_with_the_nearest():
    with pytest.raises(FrameError, match=r"This needs the column 'tenure' - the data has 2 .*Did you mean 'Tenure'"):
        frames.check_columns(["Tenure", "x"], ["tenure"], what="This")
    with pytest.raises(FrameError, match=r"needs 3 columns, among them 'a', 'b' - .*not these\. Do so\."):
        frames.check_columns(["c"], ["a", "b", "c"], what="This", advice="Do so.")
    with pytest.raises(FrameError, match=r"Did you mean 'plan'"):
        frames.check_columns(["plan", "region"], ["PLAN"], what="This")
    frames.check_columns(["a", "b"], ["a"], what="This")


@pytest.mark.parametrize(
    ("labels", "positive", "yes"),
    [
        (["No", "Yes"], None, "Yes"),
        ([0, 1], None, 1),
        ([0.0, 1.0], None, 1.0),
        ([True, False], None, True),
        (["유지", "이탈"], None, "이탈"),
        (["거절", "수락"], None, "수락"),
        (["declined", "accepted"], None, "accepted"),
        (["stay", "left"], None, "left"),
        (["a", "b"], "a", "a"),
        ([1, 2], 2, 2),
        ([1, 2], "2", 2),
        (["Yes", "No"], "No", "No"),
    ],
)
def test_two_labels_become_zero_and_one(labels, positive, yes):
    values = pd.Series([*labels, labels[0]], name="churn")
    target, found, other = frames.binary_target(values, positive=positive)
    assert found == yes
    assert {found, other} == set(labels)
    assert target.tolist() == [int(one == yes) for one in values]


@pytest.mark.parametrize("dtype", ["boolean", "Int64", "category", "string[pyarrow]"])
def test_labels_of_nullable_and_other_dtypes(dtype):
    raw = {"boolean": [True, False], "Int64": [1, 0]}.get(dtype, ["yes", "no"])
    target, *_ = frames.binary_target(pd.Series(raw, dtype=dtype, name="t"))
    assert target.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "positive", "message"),
    [
        (["no", "no"], None, "must have two labels - got 1: 'no'. A model that tells them apart needs rows of both"),
        (["a", "b", "c"], None, "must have two labels - got 3: 'a', 'b', 'c'. Join them into two"),
        (["a", None, "b"], None, "must be known in every row .* - 1 of 3 rows have none. Drop these rows, or predict"),
        (["a", "b"], None, "it is not plain which one means yes. Say it: positive='a'"),
        (["y", "true"], None, "it is not plain which one means yes"),
        (["a", "b"], "c", "positive= must be one of the labels of 't', 'a', 'b' - got 'c'"),
        ([[1], [2]], None, "must hold plain labels - got list values"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(values, positive, message):
    with pytest.raises(FrameError, match=message):
        frames.binary_target(pd.Series(values, name="t"), positive=positive)


def test_repeated_and_empty_keys_are_counted_and_shown():
    frame = pd.DataFrame({"id": [*range(10), *range(10)], "day": [1] * 20})
    with pytest.raises(
        FrameError, match=r"its own 'id' - 20 of 20 rows repeat one, such as 0, 1, 2, 3, 4 and 5 more. Go"
    ):
        frames.check_unique(frame, ["id"], advice="Go.")
    with pytest.raises(FrameError, match=r"its own 'id' and 'day' - 20 of 20 .* such as \(0, 1\)"):
        frames.check_unique(frame, ["id", "day"], advice="Go.")
    with pytest.raises(FrameError, match=r"its own 'id' - 1 of 2 rows have none. Fill it or drop"):
        frames.check_unique(pd.DataFrame({"id": [1, None]}), ["id"], advice="Go.")
    frames.check_unique(pd.DataFrame({"id": ["가", "나"]}), ["id"], advice="Go.")


def test_a_row_hashes_by_what_it_holds():
    frame = pd.DataFrame({"a": [1, 2, 2], "b": ["x", None, None], "c": pd.to_datetime(["2024-01-01", None, None])})
    found = frames.hash_rows(frame)
    assert found[1] == found[2] != found[0]
    assert (frames.hash_rows(frame[["c", "a", "b"]]) == found).all()
    assert (frames.hash_rows(frame.astype({"a": "float32"})) == found).all()
    assert (frames.hash_rows(frame.iloc[::-1]) == found[::-1]).all()
    assert not (frames.hash_rows(frame.rename(columns={"a": "b", "b": "a"})) == found).any()


def test_values_do_not_change_places_unseen():
    """Two columns that swap their values are another row."""
    one, other = pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"a": [2], "b": [1]})
    assert frames.hash_rows(one) != frames.hash_rows(other)


def test_the_digest_is_of_the_rows_and_not_of_their_order():
    frame = pd.DataFrame({"a": range(5), "b": list("vwxyz")})
    assert frames.digest(frame) == frames.digest(frame.sample(frac=1, random_state=0))
    assert frames.digest(frame) != frames.digest(frame.iloc[:4])
    assert frames.digest(frame) != frames.digest(frame.rename(columns={"a": "c"}))
    assert len(frames.digest(frame)) == 16

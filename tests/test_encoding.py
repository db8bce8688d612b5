"""From columns to a matrix: what each column is taken for, and a batch read as its records are."""

import datetime as dt
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

from cxml.encoding import Column, Encoder, learn_columns
from cxml.errors import FrameError

N = 40


def learn(values, **keep):
    columns, left_out = learn_columns(pd.DataFrame({"x": values}), **keep)
    return (columns[0] if columns else None), left_out.get("x")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.arange(N) / 7, "number"),
        (pd.array([1, None] * (N // 2), dtype="Int64"), "number"),
        (pd.array([1.5, None] * (N // 2), dtype="Float64"), "number"),
        (["1.5", " ", "2,000", "3"] * (N // 4), "number"),
        ([1, "2", None, 3.5] * (N // 4), "number"),
        ([True, False] * (N // 2), "flag"),
        (pd.array([True, None] * (N // 2), dtype="boolean"), "flag"),
        (["true", "False"] * (N // 2), "flag"),
        ([True, None] * (N // 2), "flag"),
        (["a", "b"] * (N // 2), "category"),
        (["01", "02"] * (N // 2), "category"),
        (pd.Categorical([3, 1] * (N // 2)), "category"),
        (pd.array(["a", None] * (N // 2), dtype="string[pyarrow]"), "category"),
        (["가", "나"] * (N // 2), "category"),
        (pd.date_range("2024-01-01", periods=N), "date"),
        (pd.date_range("2024-01-01", periods=N, tz="Asia/Seoul"), "date"),
        (pd.period_range("2020-01", periods=N, freq="M"), "date"),
        (["2024-01-01", "2024. 2. 1.", None, "2024/03/01"] * (N // 4), "date"),
        ([dt.date(2024, 1, 1), dt.date(2024, 2, 1)] * (N // 2), "date"),
        (pd.to_timedelta(np.arange(N) % 7, unit="D"), "number"),
    ],
)
def test_what_a_column_is_taken_for(values, kind):
    column, _ = learn(values)
    assert column is not None
    assert column.kind == kind


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([5] * N, "has one value only"),
        (["a"] * N, "has one value only"),
        ([None] * N, "has no value in any row"),
        ([np.nan] * N, "has no value in any row"),
        ([" "] * N, "has no value in any row"),
        ([f"C{n}" for n in range(N)], "looks like an identifier or free text"),
        (np.arange(N) + 10**6, "looks like an identifier: whole numbers that never repeat"),
    ],
)
def test_columns_that_teach_nothing_are_left_out_with_the_reason(values, reason):
    column, why = learn(values)
    assert column is None
    assert why.startswith(reason)
    assert learn(values, keep=["x"])[0] is not None


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).choice(100_000_000, N, replace=False),  # wide amounts repeat by chance only
        [None, *[1] * (N - 1)],  # whether it is there may tell
        [f"g{n % 30}" for n in range(N)],
    ],
)
def test_columns_that_may_teach_are_kept(values):
    assert learn(values)[0] is not None


def test_text_with_a_little_dirt_is_a_number_and_the_dirt_is_missing():
    column, _ = learn([*(str(n / 7) for n in range(99)), "n.a!"])
    assert (column.kind, column.dirty) == ("number", True)
    encoder = Encoder([column])
    assert np.isnan(encoder.encode_one({"x": "unknown"})[0])
    assert np.isnan(encoder.encode(pd.DataFrame({"x": ["unknown"]}))[0, 0])
    clean, _ = learn([*map(str, range(10))] * 3)
    with pytest.raises(FrameError, match=r"The column 'x' must be a number - got 'unknown'. Correct it, or leave it"):
        Encoder([clean]).encode_one({"x": "unknown"})


def test_too_much_dirt_makes_a_category():
    assert learn([*map(str, range(10)), "a"] * 3)[0].kind == "category"


def test_levels_are_those_of_the_text_most_frequent_first():
    column, _ = learn(["b", "a", " b", normalize("NFD", "가"), "가", "b"] * 5)
    assert column.levels == ("b", "가", "a")


def test_a_category_of_any_cardinality():
    values = [f"도시{n % 500}" for n in range(1500)]
    column, _ = learn(values)
    assert len(column.levels) == 500
    found = Encoder([column]).encode(pd.DataFrame({"x": values}))[:, 0]
    assert sorted(set(found)) == list(range(500))


MIXED = [Column("n", "number"), Column("f", "flag"), Column("c", "category", ("b", "a", "1")), Column("d", "date")]


def test_a_batch_is_read_as_its_records_are():
    rows = [
        {"n": 1, "f": True, "c": "a", "d": "2024-01-01", "t": "2024-01-31"},
        {"n": "2,000", "f": "false", "c": " b ", "d": dt.date(2024, 2, 1), "t": "2024-01-31"},
        {"n": None, "f": None, "c": "new", "d": None, "t": "2024-02-29"},
        {"n": np.float32(0.1), "f": 1, "c": True, "d": pd.Timestamp("2024-01-01 12:00"), "t": "2024-01-31"},
        {"n": True, "f": np.bool_(False), "c": 1.0, "d": pd.NaT, "t": dt.datetime(2024, 1, 31)},
    ]
    for encoder in (Encoder(MIXED), Encoder(MIXED, time="t")):
        batch = encoder.encode(pd.DataFrame(rows))
        single = np.array([encoder.encode_one(row) for row in rows])
        np.testing.assert_array_equal(batch, single)
    assert batch[0, 3] == -30.0


def test_the_as_of_date_is_needed_only_where_there_are_dates():
    assert Encoder(MIXED, time="t").needed == ["n", "f", "c", "d", "t"]
    assert Encoder(MIXED[:3], time="t").needed == ["n", "f", "c"]
    assert Encoder(MIXED, time="t").features()["t"] == "date"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"n": 1, "f": 1, "c": "a"}, "This model needs the column 'd'"),
        ({"n": 1, "f": 1, "c": "a", "D": None}, "Did you mean 'D'"),
        ([1, 2], "A record must be a mapping of column to value, such as a dict - got list"),
        ("text", "A record must be a mapping .* - got str"),
        (None, "A record must be a mapping .* - got NoneType"),
        (pd.DataFrame({"n": [1]}), "A record must be a mapping .* predict on a data frame"),
        ({"n": [1], "f": 1, "c": "a", "d": None}, r"The column 'n' must be a number - got list \[1\]"),
        ({"n": 1, "f": "maybe", "c": "a", "d": None}, "The column 'f' must be a number - got 'maybe'"),
        ({"n": 1, "f": 1, "c": {"a": 1}, "d": None}, "The column 'c' must be text or a number - got dict"),
        ({"n": 1, "f": 1, "c": "a", "d": 12}, "The column 'd' must be a date - got int 12"),
        ({"n": 1, "f": 1, "c": "a", "d": "soon"}, "The column 'd' must be a date - got 'soon'"),
        ({"n": float("inf"), "f": 1, "c": "a", "d": None}, "The column 'n' must be a finite number - got inf"),
    ],
)
def test_records_that_cannot_be_read_are_refused(record, message):
    with pytest.raises(FrameError, match=message):
        Encoder(MIXED).encode_one(record)


def test_a_bad_as_of_date_is_named():
    record = {"n": 1, "f": 1, "c": "a", "d": None}
    with pytest.raises(FrameError, match=r"The column 't' must be a date"):
        Encoder(MIXED, time="t").encode_one({**record, "t": "soon"})
    with pytest.raises(FrameError, match=r"needs the column 't'"):
        Encoder(MIXED, time="t").encode_one(record)


def test_bad_values_of_a_batch_are_counted_and_shown():
    frame = pd.DataFrame({"n": ["x", "y", "x", "4"]})
    with pytest.raises(FrameError, match=r"'n' must be a number - got 'x' \(in 3 rows, such as 'x', 'y'\)"):
        Encoder(MIXED[:1]).encode(frame)
    with pytest.raises(FrameError, match=r"'n' must be a finite number - got inf \(in 2 rows"):
        Encoder(MIXED[:1]).encode(pd.DataFrame({"n": [1.0, np.inf, -np.inf]}))
    with pytest.raises(FrameError, match=r"'n' must hold one value a row - got list values. Spread it over columns"):
        Encoder(MIXED[:1]).encode(pd.DataFrame({"n": [[1], [2]]}))


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_learning_refuses_infinite_numbers_and_lists(bad):
    with pytest.raises(FrameError, match=r"'x' must be a finite number"):
        learn([1.0, bad, 2.0])
    with pytest.raises(FrameError, match=r"'x' must hold one value a row - got list values"):
        learn([[1], [2]] * 20)


def test_an_encoder_survives_json():
    encoder = Encoder(MIXED, time="t")
    again = Encoder.from_json(encoder.to_json())
    assert again.columns == encoder.columns
    assert again.time == "t"


def test_values_are_shown_as_a_person_would_write_them():
    frame = pd.DataFrame(
        {
            "n": [1234.0, 0.12345, np.nan],
            "f": [True, False, None],
            "c": ["a", None, "new"],
            "d": ["2024-01-01", "", None],
        }
    )
    shown = Encoder(MIXED).texts(frame)
    assert shown["n"].tolist() == ["1,234", "0.1235", ""]
    assert shown["f"].tolist() == ["True", "False", ""]
    assert shown["c"].tolist() == ["a", "", "new"]
    assert shown["d"].tolist() == ["2024-01-01", "", ""]


def test_encoding_leaves_the_frame_alone():
    frame = pd.DataFrame({"n": ["1", " "], "f": [True, None], "c": ["a", "b"], "d": ["2024-01-01", None]})
    before = frame.copy(deep=True)
    Encoder(MIXED).encode(frame)
    pd.testing.assert_frame_equal(frame, before)

"""One value read as a number, a date or a category."""

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxml.errors import FrameError
from cxml.values import is_missing, read_category, read_days, read_number

MISSING = [None, math.nan, np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("NaN")]


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_every_kind_of_missing_is_missing_everywhere(value):
    assert is_missing(value)
    assert math.isnan(read_number(value))
    assert math.isnan(read_days(value))
    assert read_category(value) is None


@pytest.mark.parametrize("value", [0, "", "nan", [], np.array([1.0, 2.0]), False], ids=repr)
def test_what_is_wrong_or_empty_is_not_missing(value):
    assert not is_missing(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (True, 1.0),
        (np.int8(-4), -4.0),
        (np.bool_(False), 0.0),
        (Decimal("1.5"), 1.5),
        (Fraction(1, 4), 0.25),
        (dt.timedelta(hours=12), 0.5),
        (pd.Timedelta(days=2), 2.0),
        (" 1,234.5 ", 1234.5),
        ("-1,000", -1000.0),
        ("1e3", 1000.0),
        ("TRUE", 1.0),
        ("١٢", 12.0),
        ("12,34", None),
        ("1,2", None),
        ("12 %", None),
        ("열둘", None),
        ("₩12,000", 12000.0),
        ("3,500원", 3500.0),
        ("₩", None),
        ("inf", None),
        ("-Infinity", None),
        ("1e999", None),
        ("1_000", None),
        ("0x10", None),
    ],
)
def test_numbers(value, number):
    assert read_number(value) == number


@pytest.mark.parametrize("text", ["", "  ", "N/A", "null", "None", "-", "?", "NaN", "<NA>"])
def test_words_that_mean_no_value(text):
    assert math.isnan(read_number(text))
    assert math.isnan(read_days(text))


@pytest.mark.parametrize("value", [math.inf, -math.inf, 10**400, np.float64("inf"), Decimal("inf")], ids=str)
def test_infinite_numbers_are_refused(value):
    with pytest.raises(FrameError, match=r"must be a finite number - got"):
        read_number(value)


@pytest.mark.parametrize(
    "value",
    [[1], (1,), {1}, {"a": 1}, b"1", dt.date(2024, 1, 1), 1 + 2j, object()],
    ids=lambda value: type(value).__name__,
)
def test_things_that_are_no_number_are_refused(value):
    with pytest.raises(FrameError, match=f"must be a number - got {type(value).__name__} "):
        read_number(value)


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(FrameError) as caught:
        read_number(list(range(1000)))
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    ("value", "days"),
    [
        (dt.date(1970, 1, 2), 1.0),
        (dt.datetime(1970, 1, 2, 6), 1.25),
        (pd.Timestamp("1970-01-02", tz="Asia/Seoul"), 0.625),
        (pd.Period("1970-02", "M"), 31.0),
        ("1970-01-02", 1.0),
        ("1970.1.2", 1.0),
        ("1970. 1. 2.", 1.0),
        ("1970/01/02 12:00", 1.5),
        ("1970-01-02T09:00:00+09:00", 1.0),
        ("1970-13-01", None),
        ("02-01-1970", None),
        ("1970년 1월 3일", 2.0),
        ("19700103", 2.0),
        ("197002", 31.0),
        (19700103, 2.0),
        (np.int64(197002), 31.0),
        (19700103.0, 2.0),
        ("19701301", None),
        ("yesterday", None),
    ],
)
def test_dates(value, days):
    assert read_days(value) == days


def test_a_numpy_date_is_a_date():
    assert read_days(np.datetime64("1970-01-02")) == 1.0


@pytest.mark.parametrize(
    "value",
    [1, 1.5, 20240101.5, 10**5000, True, [1], math.inf],
    ids=lambda one: repr(one)[:9] if one != 10**5000 else "huge",
)
def test_other_numbers_are_no_dates(value):
    with pytest.raises(FrameError, match=r"must be a date - got"):
        read_days(value)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (" Yes ", "Yes"),
        ("", None),
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        (True, "1"),
        (np.int64(7), "7"),
        (10**400, str(10**400)),
        (Decimal("2.50"), "2.50"),
        (dt.date(2024, 1, 1), "2024-01-01"),
        (normalize("NFD", "서울"), "서울"),
    ],
)
def test_categories(value, name):
    assert read_category(value) == name


def test_an_infinite_number_is_a_category_like_any_other():
    assert read_category(math.inf) == "inf"


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", (1,)], ids=repr)
def test_things_that_name_nothing_are_refused(value):
    with pytest.raises(FrameError, match=r"must be text or a number - got"):
        read_category(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_is_the_number(value):
    assert read_number(repr(value)) == value
    assert read_number(np.float64(value)) == value


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.decimals()))
def test_no_value_crashes_a_reader(value):
    for read in (read_number, read_days, read_category):
        try:
            read(value)
        except FrameError:
            continue

"""Expressions over customers and offers: what they say, of missing values too, and what they refuse."""

from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.offers.rules import Expression
from cxml.offers.sides import Side

CUSTOMERS = pd.DataFrame(
    {
        "age": [15, 40, np.nan, 70],
        "plan": ["gold", " basic", None, "gold"],
        "joined": pd.to_datetime(["2026-01-05", "2025-06-01", None, "2024-01-01"]),
        "fee": ["1,000", "30000", "", "45000원"],
        "app_user": [True, False, None, True],
        "discount": [1, 2, 3, 4],
        "월 요금": [1.0, 2.0, 3.0, 4.0],
    }
)
OFFERS = pd.DataFrame(
    {
        "category": ["loan", "data", "data"],
        "needs": ["gold", "basic", None],
        "discount": [10, 20, 0],
        "least_age": [19, 0, 65],
    }
)
NOW = 20_513.0  # 2026-03-01


def fulfilled(text, customers=CUSTOMERS, offers=OFFERS):
    found = Expression(text).fulfilled(Side(customers, 0), Side(offers, 1), NOW)
    return np.broadcast_to(found, (len(customers), len(offers))).astype(int).tolist()


def of_customers(text, customers=CUSTOMERS):
    return [row[0] for row in fulfilled(text, customers)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age >= 19", [0, 1, 0, 1]),
        ("not age >= 19", [1, 0, 0, 0]),  # of a missing age nothing is certain
        ("age >= 19 or age < 19", [1, 1, 0, 1]),
        ("19 <= age < 65", [0, 1, 0, 0]),
        ("age is missing", [0, 0, 1, 0]),
        ("age is not missing and plan is not None", [1, 1, 0, 1]),
        ("plan == 'gold'", [1, 0, 0, 1]),
        ("plan != 'gold'", [0, 1, 0, 0]),
        ("plan in ('gold', 'silver')", [1, 0, 0, 1]),
        ("plan not in ['gold', 'silver']", [0, 1, 0, 0]),
        ("age in (15, 70)", [1, 0, 0, 1]),
        ("joined < '2026-01-01'", [0, 1, 0, 1]),
        ("now - joined >= 90", [0, 1, 0, 1]),
        ("joined + 60 > now", [1, 0, 0, 0]),
        ("fee >= 30000", [0, 1, 0, 1]),  # text that is numbers, as a table out of a warehouse may hold
        ("app_user", [1, 0, 0, 1]),
        ("not app_user or age < 20", [1, 1, 0, 0]),
        ("app_user == True", [1, 0, 0, 1]),
        ("age / (age - 15) > 0", [0, 1, 0, 1]),  # a division by zero is missing
        ("-age * 2 + 1 < -100", [0, 0, 0, 1]),
        ("customer.discount >= 3", [0, 0, 1, 1]),
        ("customer.`월 요금` > 2", [0, 0, 1, 1]),
        ("`월 요금` > 2 and plan != '`x`'", [0, 0, 0, 1]),
    ],
)
def test_an_expression_of_customers(text, expected):
    assert of_customers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age >= least_age", [[0, 1, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1]]),
        ("plan == needs", [[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]]),
        ("age >= 19 or category != 'loan'", [[0, 1, 1], [1, 1, 1], [0, 1, 1], [1, 1, 1]]),
        ("offer.discount - customer.discount > 8", [[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]]),
    ],
)
def test_an_expression_of_pairs(text, expected):
    assert fulfilled(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("age >= 19", "19 <= age < 65", "plan == needs", "plan in ('gold',)", "joined < '2026-01-01'", "fee >= 30000"),
        *("app_user", "age is missing", "age >= least_age", "now - joined >= 90"),
    ],
)
def test_a_record_is_judged_as_in_a_batch(text):
    batch = fulfilled(text)
    entries = Side(OFFERS, 1)
    for place, record in enumerate(CUSTOMERS.to_dict("records")):
        one = Expression(text).fulfilled(Side(record, 0), entries, NOW)
        assert np.broadcast_to(one, (1, len(OFFERS))).astype(int).tolist() == [batch[place]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("len(plan) > 3", r"must keep to the grammar - got a call `len\(plan\)` in \"len\(plan\) > 3\""),
        ("__import__('os').system('x')", "got a call"),
        ("plan.__class__ == 1", "got a dot after something else than `customer` or `offer`"),
        ("plan[0] == 'g'", "got a subscript"),
        ("(lambda: 1)", "got a lambda"),
        ("age ** 2 > 4", "got a power"),
        ("age > 1 & age < 3", "Write `and` or `or`"),
        ("age >", r"must be an expression - got 'age >' \(invalid syntax\)"),
        ("", "must be an expression in text - got ''"),
        ("agee > 3", r"got 'agee' in \"agee > 3\"\. Did you mean 'age'\?"),
        ("offer.age > 3", "must name columns of the offers - got 'age'"),
        ("discount > 3", r"must say whose 'discount' it means .* Write customer\.discount or offer\.discount"),
        ("plan > 3", r"must compare like with like - got text \(such as 'gold'\) and a number at `plan`"),
        ("plan < 'silver'", "must compare like with like"),
        ("age == 'old'", r"got a number and text \(such as 'old'\)"),
        ("joined > 3", "got a date and a number"),
        ("plan", r"must be true or false - got `plan`, which is text .* Compare it with a value"),
        ("plan + 1 > 3", "must calculate with numbers - got text"),
        ("age is 3", "Only `is missing` and `is not missing` exist"),
        ("age in plan", r"List the values: in \('a', 'b'\)"),
        ("(age > 3) > 2", "got a comparison or a list where a value belongs"),
        ("age > b'x'", "got a bytes"),
        ("plan in ()", "got an empty list"),
        ("plan != ''", "got an empty text .* write `is missing`"),
        ("age > 1e999", "must hold finite numbers"),
        ("age > 1" + "0" * 400, "must hold finite numbers"),
        ("+".join(["age"] * 3000) + " > 1", "must be an expression"),
    ],
)
def test_what_an_expression_refuses(text, message):
    with pytest.raises(ConfigError, match=message):
        fulfilled(text)


def test_a_column_of_lists_is_refused_by_name():
    with pytest.raises(FrameError, match="The column 'tags' must hold one value a row - got list"):
        fulfilled("tags == 'a'", pd.DataFrame({"tags": [["a"], ["b"]]}))


def test_an_amount_is_a_number_with_gaps():
    found = Expression("discount_rate * fee").amount(
        Side(pd.DataFrame({"fee": [10.0, np.nan]}), 0), Side(pd.DataFrame({"discount_rate": [0.5, 2.0]}), 1)
    )
    np.testing.assert_array_equal(found, [[5.0, 20.0], [np.nan, np.nan]])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_korean_column_is_found_however_it_is_composed(form):
    customers = pd.DataFrame({normalize(form, "나이"): [20, 30], normalize(form, "월 요금"): [1, 5]})
    assert of_customers("나이 >= 25 and `월 요금` > 2", customers) == [0, 1]

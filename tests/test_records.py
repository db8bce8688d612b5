"""The service path: one record answers as a batch of it would, or both refuse; from any thread."""

import datetime as dt
import math
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import builders
from cxml.churn.columns import PROBABILITY
from cxml.errors import FrameError

MODELS = ["churn/boosted", "churn/logistic"]
EXAMPLES, RECORDS = 20, 500  # 10,000 records for each model

missing = st.sampled_from([None, math.nan, np.nan, pd.NA, pd.NaT, "", " ", "N/A"])
numbers = st.one_of(
    st.integers(-(10**6), 10**6),
    st.integers(10**17, 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 1000).map(lambda x: f" {x:,.2f} "),
    st.integers(-100, 1000).map(str),
    st.booleans(),
    st.booleans().map(np.bool_),
    st.integers(0, 100).map(np.int8),
    st.floats(0, 100, width=32).map(np.float32),
    st.decimals(-1000, 1000, places=2),
    st.timedeltas(dt.timedelta(0), dt.timedelta(days=900)),
)
levels = ["monthly", "1 year", "2 years", "서울", "부산", "제주", "5G Slim", "Senior", "LTE Data 33", "True", "1"]
categories = st.one_of(
    st.sampled_from(levels),
    st.sampled_from(levels).map(lambda text: normalize("NFD", text)),
    st.sampled_from(levels).map(lambda text: f" {text}\t"),
    st.text(max_size=6),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.booleans(),
    st.decimals(allow_nan=False),
    st.dates(),
)
dates = st.one_of(
    st.dates(dt.date(1800, 1, 1), dt.date(2200, 1, 1)),
    st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1)),
    st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)).map(str),
    st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)).map(lambda day: f"{day.year}. {day.month}. {day.day}."),
    st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)).map(pd.Timestamp),
    st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)).map(np.datetime64),
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2050, 1, 1)).map(lambda day: day.replace(tzinfo=dt.UTC)),
)
wild = st.one_of(
    st.sampled_from(
        [
            math.inf,
            "inf",
            10**400,
            "x",
            [1],
            {"a": 1},
            (1, 2),
            b"1",
            1j,
            20240101,
            np.int64(20240101),
            12,
            "2024-02-30",
            object(),
        ]
    ),
    numbers,
    categories,
    dates,
)
BY_KIND = {"number": numbers, "flag": numbers, "category": categories, "date": dates}


@st.composite
def pools(draw, kinds):
    """For each column some values that it may hold, and a few that it may not: records are dealt out from these."""
    found = {}
    for name, kind in kinds.items():
        found[name] = draw(st.lists(st.one_of(BY_KIND[kind], BY_KIND[kind], missing), min_size=4, max_size=12))
    return found, draw(st.lists(wild, min_size=1, max_size=6)), draw(st.integers(0, 2**32))


def deal(pool, strange, seed):
    random = np.random.default_rng(seed)
    columns = {name: random.integers(len(values), size=RECORDS) for name, values in pool.items()}
    records = [{name: pool[name][columns[name][row]] for name in pool} for row in range(RECORDS)]
    for row in random.integers(RECORDS, size=8):
        name = list(pool)[random.integers(len(pool))]
        records[row] = {**records[row], name: strange[random.integers(len(strange))]}
    return records


def one_by_one(model, records):
    answers, refused = {}, []
    for row, record in enumerate(records):
        try:
            answers[row] = model.predict_one(record)[PROBABILITY]
        except FrameError:
            refused.append(row)
    return answers, refused


def frame_of(records):
    """Keep each value as it is: pandas would turn a column of 1 and None into 1.0 and NaN."""
    columns = {name: np.empty(len(records), dtype=object) for name in records[0]}
    for row, record in enumerate(records):
        for name, value in record.items():
            columns[name][row] = value
    return pd.DataFrame(columns, dtype=object)


@pytest.mark.parametrize("name", MODELS)
def test_ten_thousand_dirty_records_answer_as_their_batch(trained, name):
    model = trained(name).model
    encoder = model.fitted[0]
    kinds = {column.name: column.kind for column in encoder.columns}
    seen = []

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(pools(kinds))
    def check(drawn):
        records = deal(*drawn)
        answers, refused = one_by_one(model, records)
        seen.append((len(answers), len(refused)))
        if answers:
            batch = model.predict(frame_of([records[row] for row in answers]))[PROBABILITY].to_numpy()
            np.testing.assert_allclose(batch, list(answers.values()), rtol=0, atol=1e-9)
            assert np.isfinite(batch).all()
        for row in refused[:10]:
            with pytest.raises(FrameError):
                model.predict(frame_of([records[row]]))

    check()
    answered, refused = np.sum(seen, axis=0)
    assert answered + refused >= 10_000
    assert answered > 3_000
    assert refused > 20


@pytest.mark.parametrize("name", MODELS)
def test_real_records_answer_as_their_batch_whatever_pandas_made_of_them(trained, fresh, name):
    model, frame = trained(name), fresh.frame.head(300)
    batch = model.model.predict(frame)
    records = frame.to_dict("records")
    for record, expected in zip(records, batch.to_dict("records"), strict=True):
        assert model.predict_one(record) == pytest.approx(expected, abs=1e-9)
    again = model.model.predict(pd.DataFrame(records).convert_dtypes())
    np.testing.assert_allclose(again[PROBABILITY], batch[PROBABILITY], atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_eight_threads_give_the_same_answers(trained, fresh, name):
    model = trained(name)
    records = fresh.frame.head(400).to_dict("records")
    alone = [model.predict_one(one) for one in records]
    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(lambda: [model.predict_one(one) for one in records]) for _ in range(8)]
        for task in tasks:
            assert task.result(timeout=60) == alone


@pytest.fixture
def record(customers):
    return customers.iloc[0].to_dict()


@pytest.mark.parametrize("name", MODELS)
def test_a_further_field_changes_nothing(trained, record, name):
    model = trained(name)
    bare = {one: record[one] for one in model.model.features()}
    assert model.predict_one({**record, "shoe_size": [1], 7: None})[PROBABILITY] == model.predict_one(bare)[PROBABILITY]
    assert set(model.predict_one(bare)) == {PROBABILITY}


@pytest.mark.parametrize("name", MODELS)
def test_an_unknown_category_counts_as_missing(trained, record, name):
    model = trained(name)
    unknown, missing = ({**record, "plan": value} for value in ("6G", None))
    assert model.predict_one(unknown) == model.predict_one(missing) != model.predict_one(record)


@pytest.mark.parametrize("name", MODELS)
def test_a_missing_field_is_named_with_the_nearest(trained, record, name):
    model = trained(name)
    record["Plan"] = record.pop("plan")
    with pytest.raises(FrameError, match=r"needs the column 'plan' - .*Did you mean 'Plan'"):
        model.predict_one(record)
    with pytest.raises(FrameError, match=r"needs the column 'plan' - .*Did you mean 'Plan'"):
        model.model.predict(pd.DataFrame([record]))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("wrong", [[], "record", None, 3, [("plan", "x")]], ids=repr)
def test_what_is_no_record_is_refused(trained, name, wrong):
    with pytest.raises(FrameError, match=r"A record must be a mapping of column to value, such as a dict - got"):
        trained(name).predict_one(wrong)


@pytest.mark.parametrize("name", MODELS)
def test_a_frame_is_no_record(trained, customers, name):
    with pytest.raises(FrameError, match=r"must be a mapping .* predict on a data frame"):
        trained(name).predict_one(customers.head(1))


def test_a_row_of_a_frame_is_a_record(trained, customers):
    model = trained("churn/logistic")
    assert model.predict_one(customers.iloc[0]) == model.predict_one(customers.iloc[0].to_dict())


def test_the_record_is_not_changed(trained, record):
    before = dict(record)
    trained("churn/boosted").predict_one(record)
    assert record == before


def test_decimals_and_dates_of_databases(trained, record):
    model = trained("churn/boosted")
    odd = {
        **record,
        "monthly_fee": Decimal(int(record["monthly_fee"])),
        "device_bought_on": record["device_bought_on"].date(),
    }
    assert model.predict_one(odd) == model.predict_one(record)


def test_models_without_a_record_path_say_so(trained, record):
    from cxml.errors import ConfigError

    for name, recipe in builders.RECIPES.items():
        if "predicts one" in recipe.excused and name.startswith("churn/"):
            with pytest.raises(ConfigError, match=f"got '{name}'. Predict on a data frame of one row"):
                trained(name).predict_one(record)

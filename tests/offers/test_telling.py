"""Which columns of the history are kept, and that batch, rows and records read them alike."""

import numpy as np
import pandas as pd
import pytest

from cxml.offers import OffersConfig
from cxml.offers.history import OF_CHANNEL, OF_CUSTOMER
from cxml.offers.logistic import LogisticOffers

WAYS = ("sms", "email", "call")
CONFIG = OffersConfig(key="who", offer="what", response="yes", time="day", channel="way", positive=1)


def log_of_ways(taste, n=300, seed=0):
    """Customers who like one channel more than another by so many log-odds, and nothing else that tells."""
    random = np.random.default_rng(seed)
    rows = n * 12
    who, way = random.integers(0, n, rows), random.integers(0, 3, rows)
    liked = random.normal(0, taste, (n, 3))[who, way]
    return pd.DataFrame(
        {
            "who": who,
            "what": [f"o{one}" for one in random.integers(0, 3, rows)],
            "way": np.array(WAYS)[way],
            "day": pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 120, rows), unit="D"),
            "age": random.integers(20, 70, n)[who],
            "yes": (random.random(rows) < 1 / (1 + np.exp(-liked))).astype(int),
        }
    ).drop_duplicates(["who", "what", "way", "day"])


@pytest.fixture(scope="module")
def tasteful():
    return LogisticOffers(CONFIG).fit(log_of_ways(3.0))


def test_the_channel_of_the_past_stays_where_it_tells(tasteful):
    kept = tasteful.fitted[0].kept
    assert OF_CHANNEL in kept
    assert len(kept) > 4


@pytest.mark.parametrize("channel", ["way", None])
def test_it_goes_where_customers_have_no_taste_of_their_own_or_there_is_one_channel(channel):
    frame = (
        log_of_ways(0.0) if channel else log_of_ways(3.0).drop(columns="way").drop_duplicates(["who", "what", "day"])
    )
    config = OffersConfig(key="who", offer="what", response="yes", time="day", channel=channel, positive=1)
    design = LogisticOffers(config).fit(frame).fitted[0]
    assert OF_CHANNEL not in design.kept
    assert channel is None or design.kept == () or set(OF_CUSTOMER) & set(design.kept)


@pytest.mark.parametrize("time", ["2025-03-01", None])
def test_batch_rows_and_records_read_one_past(tasteful, time):
    frame = log_of_ways(3.0)
    people = frame[["who", "age"]].drop_duplicates("who").head(25)
    people = pd.concat([people, pd.DataFrame({"who": [9_999, None], "age": 40})], ignore_index=True)
    if time is not None:
        people["day"] = pd.Timestamp(time)
    entries = tasteful.entries()
    found = tasteful.score(people, entries).probability
    rows = people.merge(entries, how="cross")
    np.testing.assert_allclose(tasteful.predict(rows)["acceptance_probability"], found.ravel(), rtol=0, atol=1e-12)
    one = tasteful.scorer(entries)
    for row, record in zip(found, people.to_dict("records"), strict=True):
        np.testing.assert_allclose(one(record).probability[0], row, rtol=0, atol=1e-12)
    strangers = found[-2:]
    np.testing.assert_array_equal(strangers[0], strangers[1])
    assert found[:-2].std(axis=0).min() > 0.05


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "str", "category", "uint16"])
def test_a_customer_is_the_same_whatever_the_type_of_the_key(tasteful, dtype):
    people = log_of_ways(3.0)[["who", "age"]].drop_duplicates("who").head(5)
    expected = tasteful.score(people).probability
    same = people.assign(who=people["who"].astype(dtype))
    np.testing.assert_array_equal(tasteful.score(same).probability, expected)
    one = tasteful.scorer()
    for row, record in zip(expected, same.to_dict("records"), strict=True):
        np.testing.assert_allclose(one(record).probability[0], row, rtol=0, atol=1e-12)
    key = same["who"].iloc[0]
    for alike in (key, f" {int(key)} ", np.float64(people["who"].iloc[0]), np.int32(people["who"].iloc[0])):
        record = {"who": alike, "age": people["age"].iloc[0]}
        np.testing.assert_allclose(one(record).probability[0], expected[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("record", [{"who": 1, "age": 40, "day": "soon"}, {"who": [1], "age": 40}])
def test_a_record_is_refused_in_the_words_of_the_batch(tasteful, record):
    with pytest.raises(ValueError, match=r"column '(day|who)' must") as batch:
        tasteful.score(pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in record.items()}))
    with pytest.raises(ValueError, match=r"column '(day|who)' must") as one:
        tasteful.scorer()(record)
    assert str(one.value) == str(batch.value)

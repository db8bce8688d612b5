"""Rolling counts of contacts, against counting one by one."""

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.offers.contacts import Contacts, hash_texts
from cxml.offers.moment import Moment, moment_of
from cxml.offers.policy import Cap

NOW = pd.Timestamp("2026-03-01 12:00")
DAYS = Moment(NOW.timestamp() / 86_400)
OFFERS = ["gold", "data", "gold"]
HASHES = hash_texts(pd.Series(OFFERS))


@pytest.fixture
def log():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": random.integers(0, 12, 400),
            "sent_at": NOW - pd.to_timedelta(random.integers(-5, 60, 400) * 24, unit="h"),
            "offer": random.choice(["gold", "data", "other"], 400),
            "channel": random.choice(["sms", "call", None], 400),
        }
    )


def by_hand(log, cap, customer, offer):
    found = log[
        (log["id"] == customer) & (log["sent_at"] <= NOW) & (log["sent_at"] > NOW - pd.Timedelta(days=cap.days))
    ]
    if cap.channel is not None:
        found = found[found["channel"] == cap.channel]
    return len(found[found["offer"] == offer] if cap.offer else found)


@pytest.mark.parametrize(
    "cap", [Cap(1, 7), Cap(1, 30, channel="call"), Cap(1, 21, offer=True), Cap(1, 45, channel="sms", offer=True)]
)
def test_counts_are_those_of_counting_by_hand(log, cap):
    contacts = Contacts(log, key="id", offer="offer", channel="channel", caps=[cap])
    customers = [3, 11, 0, 99]  # 99 was never contacted
    found = contacts.counts(cap, hash_texts(pd.Series(customers)), HASHES, DAYS)
    expected = [[by_hand(log, cap, one, offer) for offer in OFFERS] for one in customers]
    assert np.broadcast_to(found, (4, 3)).tolist() == expected
    for place, one in enumerate(customers):
        alone = contacts.counts(cap, hash_texts(pd.Series([one])), HASHES, DAYS)
        assert np.broadcast_to(alone, (1, 3)).tolist() == [expected[place]]


def test_a_key_is_the_same_as_number_or_text(log):
    cap = Cap(1, 30)
    text = Contacts(log.assign(id=log["id"].astype(str)), key="id", offer="offer", caps=[cap])
    number = Contacts(log, key="id", offer="offer", caps=[cap])
    keys = hash_texts(pd.Series(range(12)))
    assert text.counts(cap, keys, HASHES, DAYS).tolist() == number.counts(cap, keys, HASHES, DAYS).tolist()


def test_the_column_of_the_moment_must_be_told(log):
    two = log.assign(read_at=log["sent_at"])
    with pytest.raises(ConfigError, match=r"must say when each contact was - got 2 columns of dates .* time='sent_at'"):
        Contacts(two, key="id", offer="offer")
    assert Contacts(two, key="id", offer="offer", time="read_at")


def test_contacts_without_the_key_are_refused(log):
    with pytest.raises(FrameError, match=r"contacts= needs the column 'id' .* Name it as the customers' key is named"):
        Contacts(log.drop(columns="id"), key="id", offer="offer")


def test_a_cap_by_offer_needs_the_offers(log):
    with pytest.raises(FrameError, match=r"contacts= needs the column 'offer' .* A cap of the policy counts by it"):
        Contacts(log.drop(columns="offer"), key="id", offer="offer", caps=[Cap(1, 7, offer=True)])


def test_a_log_without_contacts_counts_none():
    log = pd.DataFrame({"id": [], "time": []})
    found = Contacts(log, key="id", offer="offer").counts(Cap(1, 7), hash_texts(pd.Series([1, 2])), HASHES, DAYS)
    assert found.tolist() == [[0], [0]]


@pytest.mark.parametrize("given", ["2026-03-02 07:59", "2026-03-02 07:59+09:00", "2026-03-01 22:59+00:00"])
def test_moments_with_a_zone_are_instants_and_others_are_by_the_clock(given):
    contacts = Contacts(pd.DataFrame({"id": ["a"], "time": [given]}), key="id", offer="offer")
    who, hour = hash_texts(pd.Series(["a"])), Cap(1, days=1 / 24)
    assert contacts.counts(hour, who, HASHES, moment_of("2026-03-02 08:00+09:00")).tolist() == [[1]]
    assert contacts.counts(hour, who, HASHES, moment_of("2026-03-02 09:00+09:00")).tolist() == [[0]]

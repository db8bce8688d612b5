"""The incidents of the invented company: when they were, and what they do to the counts of its contact centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cxml.datasets.contacts import make_contacts

if TYPE_CHECKING:
    import pandas as pd

FIRST_DAY, TODAY = np.datetime64("2024-01-01", "D"), np.datetime64("2025-06-30", "D")
#: First and last day. The last one is not over today.
INCIDENTS = tuple(
    (np.datetime64(start, "D"), np.datetime64(end, "D"))
    for start, end in (
        ("2024-08-20", "2024-08-22"),
        ("2024-11-19", "2024-11-21"),
        ("2025-02-18", "2025-02-20"),
        ("2025-04-15", "2025-04-17"),
        ("2025-06-26", "2025-07-02"),
    )
)
NAME = "앱 장애"
TOPIC, APP = "장애", "안드로이드"
#: Contacts that an incident adds in each hour, as a share of what the channel expects then.
ADDED = 0.6
CHANNELS = ("전화", "채팅")
APPS = {"안드로이드": 0.42, "아이폰": 0.28, "앱 없음": 0.30}
#: From the largest queue to the smallest.
_TOPICS = ("요금", "장애", "가입", "기타", "해지", "배송", "환불", "예약")
#: Queues that are made, and how many of the largest are left out: they differ widely, and middling ones are wanted.
_MADE, _TOO_LARGE = 24, 4
_AHEAD = 4
_LEVEL = 400.0


class Counts(NamedTuple):
    """Contacts an hour by channel, topic and app, the true rates by channel, and the events."""

    frame: pd.DataFrame
    rates: pd.DataFrame
    events: pd.DataFrame


def count_contacts(seed: int) -> Counts:
    """Split the queues of `make_contacts` by app, and add what each incident brings."""
    import pandas as pd

    days = int((TODAY - FIRST_DAY).astype(int)) + 1 + _AHEAD
    made = make_contacts(days, _MADE, freq="h", level=_LEVEL, seed=seed)
    rng = np.random.default_rng([seed, 20])
    largest = made.frame.groupby("unique_id")["y"].sum().sort_values(ascending=False).index[_TOO_LARGE:]
    names = pd.DataFrame([(topic, channel) for topic in _TOPICS for channel in CHANNELS], columns=["topic", "channel"])
    names["unique_id"] = largest[: len(names)]
    queues = made.frame.assign(expected=made.expected).merge(names, on="unique_id")
    rates = queues.groupby(["channel", "ds"])[["expected"]].sum().reset_index()
    rates["added"] = np.where(during(rates["ds"].to_numpy()), ADDED * rates["expected"], 0.0)
    split = pd.DataFrame(rng.multinomial(queues["y"].to_numpy(), list(APPS.values())), columns=list(APPS))
    leaves = pd.concat([queues[["ds", "channel", "topic"]], split], axis=1)
    leaves = leaves.melt(id_vars=["ds", "channel", "topic"], var_name="app", value_name="y")
    extra = rates.assign(topic=TOPIC, app=APP, extra=rng.poisson(rates["added"]))
    leaves = leaves.merge(extra[["ds", "channel", "topic", "app", "extra"]], how="left")
    leaves["y"] = (leaves["y"] + leaves.pop("extra").fillna(0)).astype(int)
    rates["expected"] += rates["added"]
    return Counts(leaves.sort_values(["ds", "channel", "topic", "app"], ignore_index=True), rates, made.events)


def during(times: np.ndarray) -> np.ndarray:
    """Tell which times lie in an incident."""
    day = times.astype("datetime64[D]")
    found: np.ndarray = np.any([(start <= day) & (day <= end) for start, end in INCIDENTS], axis=0)
    return found

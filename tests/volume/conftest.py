"""Histories that several tests learn from, and models that are trained once."""

from functools import cache

import pytest

from cxml import volume
from cxml.datasets import make_contacts


@pytest.fixture(scope="session")
def invented():
    """Invented contacts with their truth, made once; tests do not change them."""
    return cache(make_contacts)


@pytest.fixture(scope="session")
def daily(invented, threads):
    """One queue of two years, closed on weekends and holidays, with its events; forecast by its profile."""
    made = invented(760, freq="D")
    return volume.train(made.frame, horizon=28, country="KR", events=made.events, method="profile", track=False)


@pytest.fixture(scope="session")
def hourly(invented, threads):
    """Hours of nine weeks of one queue, closed on weekends and holidays."""
    frame = invented(63, freq="h").frame
    return volume.train(frame, horizon=18, country="KR", method="profile", track=False)


@pytest.fixture(scope="session")
def grouped(invented, threads):
    """Four queues, and their totals by topic and channel."""
    made = invented(100, 4, freq="D", hours=None, level=90.0)
    frame = made.frame.merge(made.queues, on="unique_id")
    return volume.train(frame, horizon=14, groups=("topic", "channel"), method="profile", track=False)

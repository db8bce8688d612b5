"""Invented segments: the truth that comes with them is the truth."""

import numpy as np
import pytest

from cxml.datasets import make_segments
from cxml.errors import ConfigError


def part(made, where):
    return made.frame[np.logical_and.reduce([made.frame[name] == value for name, value in where.items()])]


@pytest.mark.parametrize("seed", range(4))
def test_causes_multiply_their_segments(seed):
    made = make_segments(n_causes=1, level=2_000.0, noise=0.02, seed=seed)
    (cause,) = made.causes
    rows = part(made, cause["where"])
    assert rows["y"].sum() / rows["expected"].sum() == pytest.approx(cause["factor"], rel=0.1)
    others = made.frame.drop(rows.index)
    assert others["y"].sum() / others["expected"].sum() == pytest.approx(1, abs=0.02)


def test_rates_and_mix():
    causes = [({"channel": "chat"}, 2.0), ({"topic": "refund"}, 0.5), ({"region": "Jeju"}, 3.0)]
    made = make_segments(causes=causes, rate=0.1, level=5_000.0, seed=1)
    assert [one["effect"] for one in made.causes] == ["rate", "rate", "mix"]
    plain = made.frame[(made.frame["topic"] != "refund") & (made.frame["region"] != "Jeju")]
    usual = plain["expected"].sum() / plain["expected_trials"].sum()
    assert 0.05 < usual < 0.2
    rows = plain[plain["channel"] == "chat"]
    before = rows["expected"].sum() / rows["expected_trials"].sum()
    assert rows["y"].sum() / rows["trials"].sum() == pytest.approx(2 * before, rel=0.05)
    jeju = made.frame[made.frame["region"] == "Jeju"]
    assert jeju["trials"].sum() == pytest.approx(3 * jeju["expected_trials"].sum(), rel=0.05)
    assert (made.frame["y"] <= made.frame["trials"]).all()


def test_drawn_causes_are_distinct_and_the_seed_settles_all():
    made = make_segments((5, 6, 7, 3), n_causes=4, seed=3)
    again = make_segments((5, 6, 7, 3), n_causes=4, seed=3)
    assert made.frame.equals(again.frame)
    assert made.causes == again.causes
    for one in made.causes:
        assert part(made, one["where"])["expected"].sum() >= 20
        others = [other["where"].items() for other in made.causes if other is not one]
        assert not any(one["where"].items() <= other for other in others)
    assert list(made.frame)[:4] == ["channel", "topic", "region", "product"]
    assert not make_segments(seed=4).frame["y"].equals(make_segments(seed=5).frame["y"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sizes": (4, 1)}, "`sizes` must be a whole number, 2 or more - got 1"),
        ({"sizes": ()}, "`sizes` must be numbers of values"),
        ({"n_causes": -1}, "`n_causes` must be a whole number, 0 or more"),
        ({"n_causes": 3, "level": 0.001}, "`n_causes` must fit into the segments - only 0 of 3 found room"),
        ({"depth": (2, 1)}, "`depth` must be two rising numbers"),
        ({"factor": (0.5, 2)}, "`factor` must be two rising factors above 1"),
        ({"rate": 1.5}, "`rate` must be a number from 1e-06 to 0.9 - got 1.5"),
        ({"noise": -1}, "`noise` must be a number from 0 to 10 - got -1"),
        ({"causes": [({"topic": "bill"}, 2.0)]}, "values of 'topic'.*got 'bill'.*Did you mean 'billing'"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        make_segments(**settings)

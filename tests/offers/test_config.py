"""Settings of offers: what is refused, and in which words."""

import json
from dataclasses import asdict, replace

import pytest

from cxml.contract import build_config
from cxml.errors import ConfigError
from cxml.offers import AffinityConfig, OffersConfig, UpliftConfig

GOOD = {"response": "accepted", "offer": "offer", "key": "id"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, r"^seed must be a whole number from 0 up - got -1\.$"),
        ({"seed": True}, r"seed must be a whole number from 0 up - got True"),
        ({"test_size": 0.9}, r"^test_size must be a share between 0\.05 and 0\.5 - got 0\.9\.$"),
        ({"delay": -2}, r"^delay must be a number of days from 0 up - got -2\.$"),
        ({"delay": "1d"}, r"delay must be a number of days from 0 up - got '1d'"),
        ({"remember": "yes"}, r"^remember must be True or False - got 'yes'\.$"),
        ({"on_leakage": "ask"}, r"^on_leakage must be 'warn', 'drop' or 'raise' - got 'ask'\.$"),
        ({"channel": 3}, r"^channel must be the name of a column - got 3\.$"),
        ({"starts": 3}, r"^starts must be the name of a column - got 3\.$"),
        ({"response": None}, r"^response must be the name of a column - got None\.$"),
        ({"time": "id"}, r"Each column has one part to play - got 'id' as key= and as time=\. Leave one of them out\."),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        OffersConfig(**{**GOOD, **settings})


def test_an_unknown_setting_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match=r"got 'respons'. Did you mean 'response'"):
        build_config(OffersConfig, {"respons": "accepted"})


def test_effects_need_to_know_who_was_not_contacted():
    with pytest.raises(ConfigError, match=r"control must name the offer that is none.*Pass control='none'"):
        UpliftConfig(**GOOD)


def test_one_column_may_be_named_without_a_list():
    assert OffersConfig(**GOOD, drop="a", offer_columns="b").drop == ("a",)
    assert OffersConfig(**GOOD, offer_columns="b").offer_columns == ("b",)


def test_a_config_survives_json():
    config = OffersConfig(**GOOD, schema=(("age", "number", False),), drop=("x",))
    plain = json.loads(json.dumps(asdict(config)))
    assert build_config(OffersConfig, plain) == config
    assert replace(config, seed=3).seed == 3


def test_the_named_columns_describe_nobody():
    assert set(OffersConfig(**GOOD, time="t").named) == {"id", "offer", "t", "accepted"}
    assert AffinityConfig(key="id", offer="item").named == ("id", "item")

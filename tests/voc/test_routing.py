"""Routing: the first rule that fits decides, its name goes along, and rules that cannot work are refused."""

import json

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.voc.routing import Rule, route, rule_usage

TOLD = pd.DataFrame(
    {
        "topic": ["환불", "환불", "배송", "앱", None],
        "topic_probability": [0.9, 0.4, 0.8, np.nan, 0.2],
        "sentiment": ["negative", "negative", "neutral", "positive", "neutral"],
        "urgency": ["high", "low", "low", "low", "low"],
        "channel": ["phone", "app", "app", "app", "phone"],
    },
    index=[9, 8, 7, 6, 5],
)


def queues(rules, frame=TOLD, **settings):
    return route(frame, rules, **settings)["queue"].tolist()


def test_the_first_rule_that_fits_decides_and_is_named():
    rules = [
        Rule("legal", urgency="high", name="urgent first"),
        Rule("refunds", topic="환불", sentiment="negative"),
        Rule("logistics", topic=["배송"]),
    ]
    routed = route(TOLD, rules, default="desk")
    assert routed["queue"].tolist() == ["legal", "refunds", "logistics", "desk", "desk"]
    names = ["urgent first", "topic=환불, sentiment=negative", "topic=배송", "default", "default"]
    assert routed["queue_rule"].tolist() == names
    assert routed.attrs["unused_rules"] == []
    assert routed.index.tolist() == TOLD.index.tolist()
    assert "queue" not in TOLD


def test_rules_may_come_from_json():
    text = '[{"queue": "refunds", "topic": ["환불"], "min_probability": 0.5, "where": {"channel": "phone"}}]'
    assert queues(json.loads(text)) == ["refunds", *["general"] * 4]


def test_low_or_unknown_probability_can_go_to_a_person():
    assert queues([Rule("a person", max_probability=0.5), Rule("refunds", topic="환불")]) == [
        *("refunds", "a person", "general", "a person", "a person")
    ]
    assert queues([Rule("sure", min_probability=0.8)]) == ["sure", "general", "sure", "general", "general"]


def test_a_comment_with_several_topics_fits_by_any_of_them():
    told = pd.DataFrame({"topic": [["배송", "환불"], ["앱"], [], np.array(["환불"])]})
    assert queues([Rule("refunds", topic="환불")], told) == ["refunds", "general", "general", "refunds"]
    told["topic_probability"] = [[0.9, 0.3], [0.8], [], [0.6]]
    rule = Rule("refunds", topic="환불", min_probability=0.5)
    assert queues([rule], told) == ["general", "general", "general", "refunds"]
    assert queues([Rule("sure", min_probability=0.7)], told) == ["sure", "sure", "general", "general"]


def test_rules_that_come_to_nothing_are_reported():
    rules = [Rule("a", topic="환불"), Rule("b", topic="환불", urgency="high"), Rule("c", topic="배송", urgency="high")]
    assert route(TOLD, rules).attrs["unused_rules"] == ["topic=환불, urgency=high", "topic=배송, urgency=high"]
    usage = rule_usage(TOLD, rules)
    assert usage["fits"].tolist() == [2, 1, 0]
    assert usage["decides"].tolist() == [2, 0, 0]
    assert usage["taken_by"].tolist() == [None, "topic=환불", None]


def test_labels_may_be_known_from_elsewhere():
    rule = Rule("points", topic="포인트")
    with pytest.raises(ConfigError, match="Where it only does not occur in these rows"):
        route(TOLD, [rule])
    assert route(TOLD, [rule], labels={"topic": ["환불", "포인트"]}).attrs["unused_rules"] == ["topic=포인트"]
    categories = TOLD.assign(topic=pd.Categorical(TOLD["topic"], ["환불", "배송", "앱", "포인트"]))
    assert route(categories, [rule])["queue"].eq("general").all()


def test_every_row_has_one_queue_whatever_the_rules():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"topic": rng.choice(list("abcd"), 500), "urgency": rng.choice(["high", "low"], 500)})
    rules = [Rule("1", topic=["a", "b"], urgency="low"), Rule("2", urgency="high"), Rule("3", topic="c")]
    routed = route(frame, rules)
    for row in routed.itertuples():
        by_hand = "1" if row.topic in "ab" and row.urgency == "low" else "2" if row.urgency == "high" else None
        assert row.queue == (by_hand or ("3" if row.topic == "c" else "general"))


REFUSED = {
    "no rules": ([], {}, ConfigError, "at least one rule - got none"),
    "one rule": (Rule("a"), {}, ConfigError, "at least one rule - got Rule"),
    "no dict": (["a"], {}, ConfigError, "must be a Rule or a dict - got str as rule 1"),
    "unknown key": (
        [{"queue": "a", "urgncy": "high"}],
        {},
        ConfigError,
        r"got 'urgncy' in rule 1\. Did you mean 'urgency'",
    ),
    "a column as key": ([{"queue": "a", "weekday": "Mon"}], {}, ConfigError, r"Ask other columns with where="),
    "no queue": ([{"topic": "환불"}], {}, ConfigError, "must say its 'queue' - got none in rule 1"),
    "empty queue": ([{"queue": " "}], {}, ConfigError, "`queue` of a rule must be a name"),
    "unknown topic": ([Rule("a", topic="환불금")], {}, ConfigError, r"got '환불금' in the rule .* Did you mean '환불'"),
    "unknown level": ([Rule("a", urgency="hihg")], {}, ConfigError, "Did you mean 'high'"),
    "unknown column": ([Rule("a", where={"chanel": "app"})], {}, FrameError, "Did you mean 'channel'"),
    "same name": ([Rule("a", name="x"), Rule("b", name="x")], {}, ConfigError, "Each rule must have its own name"),
    "its default": ([Rule("a", name="default")], {}, ConfigError, "not 'default'"),
    "default": ([Rule("a")], {"default": ""}, ConfigError, "`default` must be the name of a queue"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_rules_are_refused(name):
    rules, settings, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        route(TOLD, rules, **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_probability": 1.5}, r"`min_probability` of a rule must be in \[0, 1\] - got 1.5"),
        ({"max_probability": "low"}, r"`max_probability` of a rule must be in \[0, 1\] - got 'low'"),
        ({"topic": []}, "'topic' of a rule must be a label or a list of labels"),
        ({"urgency": [1]}, "'urgency' of a rule must be a label or a list of labels"),
        ({"where": ["channel"]}, "`where` of a rule must map columns to labels - got list"),
    ],
)
def test_a_bad_condition_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Rule("a", **settings)


def test_a_needed_column_and_sound_probabilities_are_asked_for():
    with pytest.raises(FrameError, match="needs the column 'topic_probability'"):
        route(TOLD.drop(columns="topic_probability"), [Rule("a", min_probability=0.5)])
    with pytest.raises(FrameError, match="'topic_probability' must hold a number"):
        route(TOLD.assign(topic_probability="high"), [Rule("a", min_probability=0.5)])


def test_messages_never_quote_what_customers_wrote():
    wrote = TOLD.assign(text=["a secret that goes on and on and on"] * 5)
    with pytest.raises(ConfigError, match="1 of them") as caught:
        route(wrote, [Rule("a", where={"text": "a secret that goes on and on"})])
    assert "and on and on and on" not in str(caught.value)

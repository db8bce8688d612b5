"""Policies as data: kept as JSON, refused where a value is wrong."""

import json

import numpy as np
import pytest

from cxml.errors import ConfigError
from cxml.offers.policy import Cap, Explore, Policy, Value

FULL = Policy(
    eligibility={"adults only": "age >= 19"},
    consent={"sms": "sms_ok"},
    fatigue=[Cap(2, days=7), Cap(1, days=90, offer=True)],
    budget=1e6,
    capacity={"call": 500},
    stock={"gold": 3},
    value=Value(margin="margin", cost="cost", by="uplift"),
    explore=Explore("epsilon", epsilon=0.05),
    least_value=100.0,
    starts="starts",
    ends="ends",
)


@pytest.mark.parametrize("policy", [FULL, Policy()])
def test_a_policy_survives_json(policy):
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


def test_json_holds_what_was_set_only():
    assert Policy().to_json() == {}
    assert set(Policy(budget=5.0, fatigue=Cap(1, 7)).to_json()) == {"budget", "fatigue"}


def test_rules_without_names_are_named_by_their_text():
    assert Policy(eligibility=["age >= 19"]).eligibility == {"age >= 19": "age >= 19"}
    assert Policy(eligibility="age >= 19").eligibility == {"age >= 19": "age >= 19"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Policy(eligibility={"a": "f(x)"}), "The rule 'a' must keep to the grammar - got a call"),
        (lambda: Policy(budget=float("nan")), "budget must be a number from 0 up - got nan"),
        (lambda: Policy(capacity={"call": -1}), "capacity of 'call' must be a number from 0 up - got -1"),
        (lambda: Policy(stock={"gold": "many"}), "stock of 'gold' must be a number from 0 up - got 'many'"),
        (lambda: Policy(stock=3), "stock must be a column of the entries, or offer -> number - got 3"),
        (lambda: Policy(capacity=500), "capacity must be channel -> number - got 500"),
        (lambda: Policy(consent={"sms": 1}), "consent must be a column, or channel -> column"),
        (lambda: Policy(fatigue=[2]), "fatigue must be caps"),
        (lambda: Policy(fatigue=None), "fatigue must be caps"),
        (lambda: Policy(eligibility=None), "eligibility must be name -> expression"),
        (lambda: Policy(value=5), "value must be a Value"),
        (lambda: Policy(least_value=float("inf")), "least_value must be a number - got inf"),
        (lambda: Policy(starts=5), "starts must be the name of a column"),
        (lambda: Cap(1, days=0), "days must be a number above 0 - got 0"),
        (lambda: Cap(True, days=1), "most must be a whole number from 0 up - got True"),
        (lambda: Cap(1, 7, channel=3), "channel must be the name of a channel"),
        (lambda: Value(margin=None), "margin must be a number, a column or an expression - got None"),
        (lambda: Value(cost=-5), "cost must be 0 or more - got -5"),
        (lambda: Value(by="guess"), "by must be 'probability' or 'uplift' - got 'guess'"),
        (lambda: Explore(epsilon=2), "epsilon must be a share from 0 to 1 - got 2"),
        (lambda: Explore(scale=0), "scale must be above 0 - got 0"),
        (lambda: Policy.from_json({"budgett": 1}), "got 'budgett'. Did you mean 'budget'"),
        (lambda: Policy.from_json({"fatigue": [{"most": 1}]}), "Cap must have its numbers"),
        (lambda: Policy.from_json([1]), "A policy must be a mapping of name to value - got list"),
    ],
)
def test_what_a_policy_refuses(wrong, message):
    with pytest.raises(ConfigError) as refused:
        wrong()
    assert message in str(refused.value)


def test_numbers_of_numpy_are_kept_as_json():
    policy = Policy(
        budget=np.int64(5), stock={"gold": np.int32(2)}, value=Value(np.float32(2.0)), fatigue=Cap(np.int64(1), 7)
    )
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


def test_one_cap_of_json_needs_no_list():
    assert Policy.from_json({"fatigue": {"most": 1, "days": 7}}) == Policy(fatigue=Cap(1, 7))

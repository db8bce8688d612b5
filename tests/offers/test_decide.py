"""Deciding: each rule rejects what it should and is named, limits hold, and bad input is refused in words."""

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.offers.decide import decide
from cxml.offers.policy import Cap, Explore, Policy, Value
from cxml.offers.scores import Scores

NOW = "2026-03-01 10:00"
KEY, OFFER, CHANNEL = "id", "offer", "channel"


@pytest.fixture
def customers():
    return pd.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "age": [15, 30, 50, None],
            "sms_ok": ["Y", "N", "예", None],
            "call_ok": [1, 1, 0, 1],
        },
        index=[10, 20, 30, 40],
    )


@pytest.fixture
def entries():
    return pd.DataFrame(
        {
            "offer": ["gold", "gold", "data", "loan"],
            "channel": ["sms", "call", "sms", "call"],
            "category": ["plan", "plan", "data", "loan"],
            "margin": [100.0, 100.0, 30.0, 200.0],
            "cost": [1.0, 10.0, 1.0, 10.0],
            "starts": ["2026-01-01", "2026-01-01", "2026-03-02", None],
            "ends": ["2026-12-31", "2026-12-31", None, "2026-03-01"],
            "stock": [2, 2, None, None],
        }
    )


@pytest.fixture
def scores():
    return Scores(np.tile([0.2, 0.25, 0.5, 0.15], (4, 1)), np.full(4, 0.3))


@pytest.fixture
def ask(customers, entries, scores):
    def ask(policy=None, **words):
        words = {"customers": customers, "entries": entries, "scores": scores, "k": 1, "now": NOW, **words}
        return decide(policy=policy, **{"key": KEY, "offer": OFFER, "channel": CHANNEL, **words})

    return ask


def rules(decision):
    found = decision.candidates()
    return found.set_index([KEY, OFFER, CHANNEL])["rule"]


WORTH = Value("margin", "cost")


def test_the_best_by_expected_value(ask):
    decision = ask(Policy(value=WORTH), k=3)
    assert decision.chosen.columns.tolist() == [
        *(KEY, "rank", OFFER, CHANNEL),
        *("acceptance_probability", "expected_value", "propensity"),
    ]
    first = decision.chosen[decision.chosen[KEY] == "a"]
    # gold: 0.2 * 100 - 1 by sms, 0.25 * 100 - 10 by call; loan: 0.15 * 200 - 10; data: 0.5 * 30 - 1
    assert first[[OFFER, CHANNEL, "expected_value"]].values.tolist() == [
        ["loan", "call", pytest.approx(20.0)],
        ["gold", "sms", pytest.approx(19.0)],
        ["data", "sms", pytest.approx(14.0)],
    ]
    assert first["rank"].tolist() == [1, 2, 3]
    assert set(first.index) == {10}
    assert rules(decision)["a", "gold", "call"] == "rank: the same offer through a better channel"


def test_each_rule_is_named_by_the_first_that_rejects(ask):
    policy = Policy(
        eligibility={"adults only": "age >= 19 or category != 'loan'"},
        consent={"sms": "sms_ok", "call": "call_ok"},
        value=WORTH,
        starts="starts",
        ends="ends",
    )
    found = rules(ask(policy))
    assert (found[:, "data"] == "not on offer now").all()  # it starts tomorrow
    assert found["a", "loan", "call"] == "eligibility: adults only"
    assert found["d", "loan", "call"] == "eligibility: adults only"  # of a missing age nothing is certain
    assert found["b", "gold", "sms"] == "consent: sms"
    assert found["d", "gold", "sms"] == "consent: sms"  # missing is no consent
    assert found["c", "loan", "call"] == "consent: call"
    assert found["b", "loan", "call"] == ""  # the end is a day: it lasts until its evening
    assert (rules(ask(policy, now="2026-03-02"))[:, "loan"] == "not on offer now").all()


def test_fatigue_counts_contacts_and_what_is_decided_now(ask):
    contacts = pd.DataFrame(
        {
            "id": ["a", "a", "b", "c", "d"],
            "time": ["2026-02-27", "2026-02-28", "2026-02-28", "2026-02-25", "2026-02-20"],
            "channel": ["sms", "sms", "call", "sms", "call"],
            "offer": ["data", "data", "gold", "loan", "gold"],
        }
    )
    caps = [Cap(2, days=7), Cap(1, days=3, channel="call"), Cap(1, days=5, offer=True)]
    decision = ask(Policy(value=WORTH, fatigue=caps), contacts=contacts, k=3)
    found = rules(decision)
    assert (found["a"] == "fatigue: 2 in 7 days").all()
    assert found["b", "loan", "call"] == "fatigue: 1 in 3 days by call"
    assert found["b", "gold", "sms"] == "fatigue: the same offer 1 in 5 days"
    assert found["c", "loan", "call"] == "fatigue: the same offer 1 in 5 days"
    counts = decision.chosen.groupby(KEY).size()
    assert counts.to_dict() == {"b": 1, "c": 1, "d": 2}  # c had one of two this week; d had none
    assert found["c", "data", "sms"] == "fatigue: 2 in 7 days"  # it had one place left, and gold took it
    assert found["d", "data", "sms"] == "fatigue: 2 in 7 days"


def test_caps_by_channel_bind_within_a_list(ask):
    entries = pd.DataFrame({"offer": ["x", "x", "y", "y"], "channel": ["sms", "call"] * 2})
    scores = Scores(np.tile([0.5, 0.6, 0.1, 0.55], (4, 1)), np.zeros(4))
    decision = ask(Policy(fatigue=[Cap(1, days=7, channel="call")]), entries=entries, scores=scores, k=2)
    one = decision.chosen[decision.chosen[KEY] == "a"]
    assert one["acceptance_probability"].sum() == pytest.approx(1.05)  # x by sms and y by call, not x by call first


@pytest.mark.parametrize("k", [1, 2])
def test_limits_hold_and_are_reported(ask, k):
    policy = Policy(value=WORTH, budget=25.0, capacity={"call": 1}, stock="stock")
    decision = ask(policy, k=k)
    limits = decision.limits.set_index("limit")
    assert limits.index.tolist() == ["budget", "capacity: call", "stock of gold"]
    assert (limits["used"] <= limits["most"]).all()
    chosen = decision.candidates().query("fate == 'chosen'")
    assert limits.loc["capacity: call", "used"] == (chosen[CHANNEL] == "call").sum() == 1
    assert limits.loc["stock of gold", "used"] == (chosen[OFFER] == "gold").sum() == 2
    assert decision.prices == limits["shadow_price"].to_dict()
    rejected = set(decision.candidates()["rule"])
    assert {"capacity: call", "stock of gold"} <= rejected


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("cost", [3.0, "age / 10"])
def test_a_cost_that_does_not_hang_on_the_offer_is_paid_from_the_budget(ask, customers, cost, k):
    budget, customers = 7.0, customers.fillna({"age": 40})
    decision = ask(Policy(value=Value("margin", cost), budget=budget), customers=customers, k=k)
    limits = decision.limits.set_index("limit")
    free = ask(Policy(value=Value("margin", cost)), customers=customers, k=k)
    assert 0 < limits.loc["budget", "used"] <= budget
    assert 0 < len(decision.chosen) < len(free.chosen)


def test_stock_and_value_reject_what_can_never_be(ask):
    decision = ask(Policy(value=WORTH, stock={"loan": 0}, least_value=15.0))
    found = rules(decision)
    assert (found[:, "loan"] == "stock of loan").all()
    assert (found[:, "data"] == "value below 15").all()


def test_value_by_uplift(ask, scores):
    uplift = np.tile([0.2, 0.02, 0.5, -0.1], (4, 1))
    learned = Scores(scores.probability, scores.spread, uplift)
    decision = ask(Policy(value=Value("margin", "cost", by="uplift")), scores=learned)
    assert decision.chosen["expected_value"].tolist() == pytest.approx([19.0] * 4)
    assert decision.chosen["uplift"].tolist() == [0.2] * 4
    assert (rules(decision)[:, "loan"] == "value not above 0").all()
    with pytest.raises(ConfigError, match="by='uplift' of Value must have a model that has learned effects"):
        ask(Policy(value=Value(by="uplift")))


def test_every_candidate_has_one_fate(ask):
    policy = Policy(consent={"sms": "sms_ok"}, value=WORTH, budget=25.0, explore=Explore("epsilon", epsilon=0.5))
    for seed in range(5):
        decision = ask(policy, k=2, seed=seed)
        found = decision.candidates()
        assert len(found) == 16
        assert ((found["fate"] == "chosen") == (found["rule"] == "")).all()
        assert (found["fate"] == "chosen").sum() == len(decision.chosen)
        assert decision.rejections()["pairs"].sum() == (found["fate"] == "rejected").sum()
        assert ((found["rank"] > 0) == (found["fate"] == "chosen")).all()


def test_rules_that_reject_everyone_say_which_did_how_much(ask):
    policy = Policy(eligibility={"the old": "age >= 90 or category == 'loan'"}, consent="sms_ok", least_value=1000.0)
    decision = ask(policy)
    assert decision.chosen.empty
    assert decision.chosen.columns.tolist()[:4] == [KEY, "rank", OFFER, CHANNEL]
    assert decision.notes[-1] == (
        "No customer gets an offer. Of 16 pairs were rejected by eligibility: the old (12), consent (2), "
        "value below 1000 (2)."
    )


def test_one_rule_that_rejects_everyone_is_noted(ask):
    assert ask(Policy(eligibility={"nobody": "age > 200"})).notes[0] == (
        "The rule 'eligibility: nobody' rejects all 16 pairs that the rules before it had left."
    )


def test_caps_without_contacts_are_noted(ask):
    assert "contacts= was not given" in ask(Policy(fatigue=[Cap(1, 7)])).notes[0]


def test_without_channels_and_without_key(customers, entries):
    offers = entries.drop_duplicates("offer").drop(columns="channel")
    words = {"key": None, "offer": "offer", "now": NOW}
    decision = decide(customers, offers, Scores(np.full((4, 3), 0.2), np.ones(3)), Policy(explore=Explore()), **words)
    assert decision.chosen.columns.tolist()[:3] == ["rank", "offer", "acceptance_probability"]
    again = decide(customers, offers, Scores(np.full((4, 3), 0.2), np.ones(3)), Policy(explore=Explore()), **words)
    pd.testing.assert_frame_equal(decision.chosen, again.chosen)


@pytest.mark.parametrize(
    ("policy", "words", "message"),
    [
        (Policy(eligibility={"a": "agee > 3"}), {}, "got 'agee' in \"agee > 3\". Did you mean 'age'?"),
        (Policy(consent={"smss": "sms_ok"}), {}, "consent must name channels of the catalogue - got 'smss'"),
        (Policy(capacity={"calls": 5}), {}, "Did you mean 'call'?"),
        (Policy(fatigue=[Cap(1, 7, channel="push")]), {}, "fatigue must name channels of the catalogue - got 'push'"),
        (
            Policy(stock={"golden": 5}),
            {},
            "stock must name offers of the catalogue - got 'golden'. Did you mean 'gold'?",
        ),
        (Policy(consent={"sms": "sms"}), {}, "consent= of the policy needs the column 'sms'"),
        (Policy(consent="age"), {}, ""),
        (Policy(starts="start"), {}, "starts= of the policy needs the column 'start'"),
        (Policy(value=Value(cost="-cost")), {}, "The cost must be 0 or more - got -10 for 'gold', 'data', 'loan'"),
        (
            Policy(value=Value(margin="stock")),
            {},
            "The margin must be known to weigh an offer - it is missing for 'data', 'loan'",
        ),
        (Policy(value=WORTH, budget=0.5), {}, "The nearest feasible budget is 1."),
        (Policy(), {"k": 0}, "k must be a whole number from 1 up - got 0"),
        (Policy(), {"k": 1.5}, "k must be a whole number from 1 up - got 1.5"),
        (Policy(), {"now": "soon"}, "now must be a date or a moment - got 'soon'"),
        (Policy(), {"key": "idd"}, "Deciding needs the column 'idd'"),
        (
            Policy(fatigue=[Cap(1, 7)]),
            {"contacts": pd.DataFrame({"time": ["2026-01-01"]})},
            "contacts= needs the column 'id'",
        ),
    ],
)
def test_what_is_refused(ask, policy, words, message):
    if not message:  # a number that is not 1 is no consent
        assert ask(policy, **words).chosen.empty
        return
    with pytest.raises((FrameError, ConfigError)) as refused:
        ask(policy, **words)
    assert message in str(refused.value)


def test_faulty_frames_are_refused(ask, customers, entries, scores):
    with pytest.raises(
        FrameError, match=r"2 of 5 rows repeat one, such as 'a'\. A batch decides once for each customer"
    ):
        ask(customers=pd.concat([customers, customers.head(1)]))
    with pytest.raises(FrameError, match="is one row of the catalogue"):
        ask(entries=pd.concat([entries, entries.head(1)]))
    wrong = scores.probability.copy()
    wrong[2, 1] = np.nan
    with pytest.raises(FrameError, match="1 of 16 pairs do not"):
        ask(scores=Scores(wrong, scores.spread))
    with pytest.raises(FrameError, match="4 x 4 - got 4 x 3"):
        ask(scores=Scores(scores.probability[:, :3], scores.spread))
    with pytest.raises(
        FrameError, match="The rule 'adults' must have values to judge by - the customers' 'age' is missing"
    ):
        ask(Policy(eligibility={"adults": "age >= 19"}), customers=customers.assign(age=None))
    with pytest.raises(FrameError, match=r"The consent 'sms_ok' must say yes or no .* got 'maybe'"):
        ask(Policy(consent="sms_ok"), customers=customers.assign(sms_ok="maybe"))
    with pytest.raises(FrameError, match="The stock must be one number from 0 up for each offer - got 3 for 'gold'"):
        ask(Policy(stock="stock"), entries=entries.assign(stock=[2, 3, None, None]))


def test_what_the_model_bars_is_never_chosen(ask, scores):
    barred = np.zeros((4, 4), dtype=bool)
    barred[0, :3] = True
    decision = ask(Policy(value=WORTH), scores=Scores(scores.probability, scores.spread, barred=barred), k=3)
    assert decision.chosen.loc[10, [OFFER, "rank"]].tolist() == ["loan", 1]
    assert (rules(decision)["a"][["gold", "data"]] == "has it already").all()
    with pytest.raises(FrameError, match="4 x 4 - got"):
        ask(scores=Scores(scores.probability, scores.spread, barred=barred[:2]))


@pytest.mark.parametrize("explore", [None, Explore(), Explore("epsilon")])
def test_more_places_than_offers_are_as_many_as_there_are(ask, explore):
    found = ask(Policy(explore=explore), k=10**12).chosen
    pd.testing.assert_frame_equal(found, ask(Policy(explore=explore), k=3).chosen)


def test_the_day_ends_by_the_clock_of_now(ask):
    assert (rules(ask(Policy(ends="ends"), now="2026-03-01 23:00+09:00"))[:, "loan"] != "not on offer now").all()
    assert (rules(ask(Policy(ends="ends"), now="2026-03-02 08:00+09:00"))[:, "loan"] == "not on offer now").all()


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_the_key_keeps_its_dtype(ask, customers, dtype):
    typed = customers.astype({"id": dtype})
    assert ask(customers=typed).chosen["id"].dtype == typed["id"].dtype


def test_scores_that_are_not_finite_are_refused(ask, scores):
    with pytest.raises(FrameError, match="spread from 0 up, and finite"):
        ask(scores=Scores(scores.probability, np.full(4, np.inf)))
    with pytest.raises(FrameError, match="uplift from -1 to 1"):
        ask(scores=Scores(scores.probability, scores.spread, np.full((4, 4), np.inf)))

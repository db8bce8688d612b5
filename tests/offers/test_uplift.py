"""The model of effects: what it answers, what it refuses, and how it is judged."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError, NotFittedError
from cxml.offers.checks_uplift import check_uplift
from cxml.offers.config import UpliftConfig
from cxml.offers.evaluate_uplift import (
    answer_uplift,
    baselines_uplift,
    figures_uplift,
    judge_uplift,
    pairs_of,
    split_uplift,
)
from cxml.offers.scores import Scores
from cxml.offers.treatments import outcome_of
from cxml.offers.uplift import UpliftOffers

CONFIG = UpliftConfig(key="id", offer="offer", response="bought", control="none", learner="linear")


def trial(n=2400, seed=0):
    """SMS helps the old and puts off the young, mail helps plan a, and nobody decides who gets what."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": [f"c{one}" for one in random.permutation(n)],
            "age": random.normal(40, 10, n).round(),
            "plan": random.choice(list("abc"), n),
            "offer": random.choice(["none", "sms", "mail"], n),
        }
    )
    chance = 0.3 + effect_of(frame)
    return frame.assign(bought=(random.random(n) < chance).astype(int))


def effect_of(frame):
    of_sms = np.clip(0.015 * (frame["age"] - 40), -0.28, 0.6)
    return np.select([frame["offer"] == "sms", frame["offer"] == "mail"], [of_sms, 0.25 * (frame["plan"] == "a")], 0.0)


@pytest.fixture(scope="module")
def checked():
    return check_uplift(trial(), CONFIG)


@pytest.fixture(scope="module")
def model(checked):
    frame, config, _ = checked
    return UpliftOffers(config).fit(frame)


def test_effects_are_those_that_the_data_was_made_with(model):
    unseen = trial(1000, seed=1)
    unseen = unseen[unseen["offer"] != "none"]
    told = model.predict(unseen)
    assert np.sqrt(np.mean((told["uplift"] - effect_of(unseen)) ** 2)) < 0.06
    assert np.corrcoef(told["acceptance_probability"], 0.3 + effect_of(unseen))[0, 1] > 0.85
    assert told["acceptance_probability"].between(0, 1).all()


def test_the_best_offer_is_that_of_the_largest_effect(model):
    asked = pd.DataFrame({"age": [65, 20, 35], "plan": ["b", "a", "b"]}, index=[5, 6, 7])
    told = model.predict(asked)
    assert list(told.index) == [5, 6, 7]
    assert told["offer"].tolist() == ["sms", "mail", "mail"]
    scores = model.score(asked)
    assert model.entries()["offer"].tolist() == ["mail", "sms"]
    np.testing.assert_array_equal(told["uplift"], scores.uplift.max(axis=1))
    assert scores.probability.shape == scores.uplift.shape == (3, 2)
    assert scores.spread.shape == (2,)


def test_a_row_of_the_control_has_the_chance_without_an_offer(model):
    asked = pd.DataFrame({"age": [40], "plan": ["a"], "offer": ["none"]})
    told = model.predict(asked).iloc[0]
    assert (told["offer"], told["uplift"]) == ("none", 0.0)
    assert told["acceptance_probability"] == pytest.approx(0.3, abs=0.05)


def test_one_record_is_answered_as_in_a_batch(model):
    frame = trial(30, seed=2)
    batch = model.predict(frame)
    for place in range(30):
        one = model.predict_one(frame.iloc[place].to_dict())
        assert one["offer"] == batch["offer"].iloc[place]
        assert one["uplift"] == pytest.approx(batch["uplift"].iloc[place], abs=1e-12)
        assert one["acceptance_probability"] == pytest.approx(batch["acceptance_probability"].iloc[place], abs=1e-12)
    score = model.scorer()({"age": 50, "plan": "a"})
    np.testing.assert_allclose(score.uplift, model.score(pd.DataFrame({"age": [50], "plan": ["a"]})).uplift)


def test_a_catalogue_may_be_a_part_and_in_another_order_but_holds_no_untried_offer(model):
    asked = trial(5, seed=3)
    turned = pd.DataFrame({"offer": ["sms", "mail"]})
    np.testing.assert_array_equal(model.score(asked, turned).uplift, model.score(asked).uplift[:, ::-1])
    assert model.score(asked, turned.head(1)).uplift.shape == (5, 1)
    with pytest.raises(FrameError, match=r"only where it was tried against 'none'.* got 'smss'.*Did you mean 'sms'"):
        model.score(asked, pd.DataFrame({"offer": ["smss"]}))


def test_its_parts_are_all_of_it_and_refitting_keeps_the_choice(model, checked):
    asked = trial(50, seed=4)
    back = UpliftOffers.from_parts(model.config, model.parts())
    pd.testing.assert_frame_equal(back.predict(asked), model.predict(asked), check_exact=True)
    assert back.features() == model.features() == {"age": "number", "plan": "text"}
    again = model.refit(checked[0].head(1500))
    assert again._choice == model._choice
    assert again is not model


def test_before_it_was_fitted_it_says_so():
    with pytest.raises(NotFittedError, match=r"must be fitted before .*offers\.train"):
        UpliftOffers(CONFIG).predict(trial(5))


def test_an_amount_has_its_effect_in_its_unit():
    frame = trial(1500, seed=5)
    random = np.random.default_rng(0)
    spent = np.where(frame["bought"] == 1, random.uniform(10, 20, 1500).round(2), 0.0)
    frame, config, _ = check_uplift(frame.assign(spent=spent), replace(CONFIG, response="spent", drop=("bought",)))
    model = UpliftOffers(config).fit(frame)
    told = model.predict(frame[frame["offer"] == "sms"])
    assert np.corrcoef(told["uplift"], 15 * effect_of(frame[frame["offer"] == "sms"]))[0, 1] > 0.8
    assert told["uplift"].max() > 2
    assert told["acceptance_probability"].between(0, 1).all()
    answers = answer_uplift({"uplift": model}, frame, config)
    assert "qini_radcliffe_2007" not in {one.name for one in judge_uplift(answers, config)["uplift"].metrics}


def test_without_columns_everybody_has_the_average_effect():
    frame = trial(900)[["offer", "bought"]]
    frame, config, found = check_uplift(frame, UpliftConfig(offer="offer", response="bought", control="none"))
    model = UpliftOffers(config).fit(frame)
    rates = frame.groupby("offer")["bought"].mean()
    np.testing.assert_allclose(
        model.score(frame.head(3)).uplift, [[rates.mail - rates.none, rates.sms - rates.none]] * 3
    )
    assert any("No column tells customers apart" in note for note in found.notes)
    assert model.predict_one({})["offer"] == rates.idxmax()


def test_known_propensities_undo_a_draw_that_hung_on_columns():
    frame = trial(2500, seed=8)
    random = np.random.default_rng(1)
    chance = np.where(frame["plan"] == "a", 0.2, 0.7)
    frame["offer"] = np.where(random.random(2500) < chance, "sms", "none")
    anyway = 0.1 + 0.4 * (frame["plan"] == "a")
    frame["bought"] = (random.random(2500) < anyway + 0.1 * (frame["offer"] == "sms")).astype(int)
    with pytest.raises(FrameError, match=r"alone tells|given by chance"):
        check_uplift(frame, CONFIG)
    frame["p"] = np.where(frame["offer"] == "sms", chance, 1 - chance)
    frame, config, found = check_uplift(frame, replace(CONFIG, propensity="p"))
    assert any("each row counted one over its propensity: the columns tell it with ROC" in note for note in found.notes)
    told = UpliftOffers(config).fit(frame).score(frame).uplift
    assert told.mean() == pytest.approx(0.1, abs=0.04)
    answers = answer_uplift({"uplift": UpliftOffers(config).fit(frame)}, frame, config)
    figures = {one.name: one for one in judge_uplift(answers, config)["uplift"].metrics}
    assert figures["average_effect"].low < 0.1 < figures["average_effect"].high
    assert figures["treatment_auc"].low < 0.5 < figures["treatment_auc"].high


def refused(message, change=lambda frame: frame, **settings):
    with pytest.raises(FrameError, match=message):
        check_uplift(change(trial(600)), replace(CONFIG, **settings))


def test_what_cannot_be_learned_from_is_refused():
    refused(r"control= must be one of several offers .* got 'nobody', which none", control="nobody")
    refused(r"no offer=", offer=None)
    refused(r"two labels - got 3", lambda frame: frame.assign(bought=frame["age"].astype(int).mod(3).astype(str)))
    few = lambda frame: frame.assign(offer=np.where(np.arange(600) < 5, "call", frame["offer"]))  # noqa: E731
    refused(r"at least 30 rows to be compared - got 'call: 5'", few)
    chosen = lambda frame: frame.assign(offer=np.where(frame["age"] > 40, "sms", "none"))  # noqa: E731
    refused(r"known before the treatment - 'age' alone tells who was offered 'sms'", chosen)
    refused(r"must be the chance, above 0", lambda frame: frame.assign(p=0.0), propensity="p")
    with pytest.raises(ConfigError, match=r"control must name"):
        UpliftConfig(offer="offer", response="bought")
    with pytest.raises(ConfigError, match=r"learner must be one of 'auto', .* - got 'liner'\. Did you mean 'linear'"):
        replace(CONFIG, learner="liner")
    refused(
        r"positive= must be one of the labels of 'bought', 0, 1 - got 'yes'|labels of 'bought', 1, 0", positive="yes"
    )


def test_a_column_from_after_the_treatment_is_refused_or_left_out():
    frame = trial(2000)
    random = np.random.default_rng(2)
    minutes = random.exponential(5, 2000) + 4 * (frame["offer"] != "none") + 5 * frame["bought"]
    frame = frame.assign(minutes_after=minutes.round(1))
    with pytest.raises(
        FrameError, match=r"before the treatment - 'minutes_after'.*drop=\['minutes_after'\].*mends nothing"
    ):
        check_uplift(frame, CONFIG)
    _, config, found = check_uplift(frame, replace(CONFIG, on_leakage="drop"))
    assert [name for name, _, _ in config.schema] == ["age", "plan"]
    assert any("'minutes_after'" in note and "left out" in note for note in found.notes)


def test_rows_without_a_response_are_left_out(checked):
    frame = trial(600)
    frame["bought"] = frame["bought"].astype(float).mask(np.arange(600) < 100)
    kept, config, found = check_uplift(frame, CONFIG)
    assert len(kept) == 500
    assert any(note.startswith("100 rows without a response") for note in found.notes)
    assert len(split_uplift(kept, config).train) + len(split_uplift(kept, config).test) == 500


def test_the_split_is_even_in_treatment_and_response(checked):
    frame, config, _ = checked
    split = split_uplift(frame, config)
    counts = frame.iloc[split.test].groupby(["offer", "bought"]).size() / frame.groupby(["offer", "bought"]).size()
    assert counts.between(0.23, 0.27).all()
    assert "by treatment and response" in split.rule


@pytest.fixture(scope="module")
def judged(checked):
    frame, config, _ = checked
    split = split_uplift(frame, config)
    seen, unseen = frame.iloc[split.train], frame.iloc[split.test]
    model = UpliftOffers(config).fit(seen)
    models = {"uplift": model, **{one.method: one.fit(seen) for one in baselines_uplift(model)}}
    answers = answer_uplift(models, unseen, config)
    return model, unseen, config, answers, judge_uplift(answers, config)


def test_effects_beat_the_average_and_the_response_model(judged):
    _, _, _, answers, judgements = judged
    assert list(judgements) == ["uplift", "response_model", "average_effect"]
    of = {name: {one.name: one for one in judgement.metrics} for name, judgement in judgements.items()}
    for other in ("response_model", "average_effect"):
        apart = answers["uplift"]["loss"] - answers[other]["loss"]
        assert apart.mean() + apart.std() / len(apart) ** 0.5 < 0
        assert of["uplift"]["qini_radcliffe_area"].low > of[other]["qini_radcliffe_area"].value
        assert of["uplift"]["policy_value"].value > of[other]["policy_value"].value
    assert of["uplift"]["effect_loss"].value == pytest.approx(answers["uplift"]["loss"].mean())
    assert of["uplift"]["uplift_at_30"].low > of["uplift"]["average_effect"].value
    assert of["uplift"]["treatment_auc"].low < 0.5 < of["uplift"]["treatment_auc"].high
    for one in of["uplift"].values():
        assert one.low <= one.value <= one.high


def test_the_loss_ranks_as_the_error_against_the_true_effects_would():
    class Says:
        def __init__(self, weight):
            self.weight = weight

        def entries(self):
            return pd.DataFrame({"offer": ["mail", "sms"]})

        def score(self, frame, entries=None):
            told = [effect_of(frame.assign(offer=offer)) for offer in ("mail", "sms")]
            return Scores(np.zeros((len(frame), 2)), np.ones(2), self.weight * np.column_stack(told))

    frame = trial(20_000, seed=7)
    frame, config, _ = check_uplift(frame, CONFIG)
    answers = answer_uplift({str(w): Says(w) for w in (0.0, 0.5, 1.0, 1.5)}, frame, config)
    losses = {name: one["loss"].mean() for name, one in answers.items()}
    assert losses["0.0"] == 0
    assert min(losses, key=losses.get) == "1.0"
    truth = np.mean([effect_of(frame.assign(offer=offer)) ** 2 for offer in ("mail", "sms")])
    assert losses["1.0"] == pytest.approx(-truth, rel=0.2)
    assert losses["0.5"] - losses["1.0"] == pytest.approx(0.25 * truth, rel=0.3)


def test_answers_hold_no_key_and_pairs_hold_each_control_row_once_a_treatment(judged):
    _, unseen, _, answers, _ = judged
    answer = answers["uplift"]
    assert "id" not in answer.columns
    assert answer["row"].is_unique
    pairs = pairs_of(answer)
    controls = int((unseen["offer"] == "none").sum())
    assert len(pairs["place"]) == len(unseen) + controls
    assert pairs["treated"].sum() == len(unseen) - controls


def test_the_same_rows_have_the_same_numbers_whatever_the_model(judged):
    model, unseen, config, answers, _ = judged
    again = answer_uplift({"uplift": model}, unseen.sample(frac=1, random_state=0), config)["uplift"]
    np.testing.assert_array_equal(np.sort(again["row"]), np.sort(answers["uplift"]["row"]))
    assert again["loss"].mean() == pytest.approx(answers["uplift"]["loss"].mean())


def test_its_tables_compare_predicted_with_observed_effects(judged):
    from cxml.contract import Table, Trial

    model, unseen, _, answers, _ = judged
    drawn = {one.name: one for one in figures_uplift(Trial(model, answers, unseen, "held out", {}))}
    assert isinstance(drawn["effects_by_treatment"], Table)
    by_offer = drawn["effects_by_treatment"].frame
    assert by_offer["offer"].tolist() == ["mail", "sms"]
    assert ((by_offer["low"] < by_offer["effect"]) & (by_offer["effect"] < by_offer["high"])).all()
    tenths = drawn["effects_by_tenth"].frame
    assert np.corrcoef(tenths["predicted"], tenths["observed"])[0, 1] > 0.7


def test_a_channel_is_a_treatment_of_its_own():
    frame = trial(1500)
    random = np.random.default_rng(3)
    frame["offer"] = np.where(frame["offer"] == "none", "none", "plus")
    frame["way"] = np.where(frame["offer"] == "none", None, random.choice(["call", "post"], 1500))
    frame["bought"] = (random.random(1500) < 0.3 + 0.4 * (frame["way"] == "call")).astype(int)
    frame, config, _ = check_uplift(frame, replace(CONFIG, channel="way"))
    model = UpliftOffers(config).fit(frame)
    assert model.entries()["way"].tolist() == ["call", "post"]
    told = model.predict(frame.drop(columns=["offer", "way"]))
    assert (told["channel"] == "call").all()
    one = model.predict(frame.head(20))
    offered = (frame["offer"].head(20) != "none").to_numpy()
    assert one["channel"][offered].tolist() == frame["way"].head(20)[offered].tolist()
    assert one["channel"][~offered].isna().all()


@pytest.mark.parametrize("control", [0, "0", 0.0])
def test_offers_may_be_numbers_and_the_control_one_of_them(control):
    frame = trial(600).assign(offer=lambda one: one["offer"].map({"none": 0, "sms": 1, "mail": 2}))
    frame, config, _ = check_uplift(frame, replace(CONFIG, control=control))
    model = UpliftOffers(config).fit(frame)
    asked = frame.head(20)
    told = model.predict(asked)
    assert told["offer"].tolist() == asked["offer"].tolist()
    assert (told["uplift"][asked["offer"] == 0] == 0).all()
    one = model.predict_one(asked.iloc[0].to_dict())
    assert one == pytest.approx(told.iloc[0].to_dict())
    assert type(one["offer"]) is int
    back = UpliftOffers.from_parts(config, model.parts())
    pd.testing.assert_frame_equal(back.predict(asked), told)


def test_a_row_that_is_neither_control_nor_treatment_is_not_taken_for_the_control(model):
    frame = trial(600)
    frame["way"] = np.where(frame["offer"] == "none", None, "call")
    frame.loc[frame.index[frame["offer"] == "sms"][:40], "way"] = None
    with pytest.raises(
        FrameError, match=r"of the control 'none' or of a treatment.*40 of 600 .* such as 'sms by None'"
    ):
        check_uplift(frame, replace(CONFIG, channel="way"))
    with pytest.raises(FrameError, match=r"are of neither, such as 'call'"):
        answer_uplift({"uplift": model}, trial(60).replace({"offer": {"sms": "call"}}), model.config)


def test_amounts_stay_amounts_where_few_rows_hold_two_of_them():
    frame = trial(900).assign(bought=lambda one: one["bought"] * np.where(one["age"] > 40, 12.5, 7.0))
    _, config, _ = check_uplift(frame, CONFIG)
    assert config.amounts
    two = frame[frame["bought"].isin([0.0, 7.0])]
    assert outcome_of(two, config).amounts
    with pytest.raises(FrameError, match=r"two labels|which one means yes"):
        outcome_of(two, CONFIG)
    assert check_uplift(trial(300), CONFIG)[1].amounts is False


def test_amounts_that_are_all_losses_are_learned_from():
    frame = trial(900).assign(bought=lambda one: -one["bought"] * one["age"])
    frame, config, _ = check_uplift(frame, CONFIG)
    split = split_uplift(frame, config)
    told = UpliftOffers(config).fit(frame.iloc[split.train]).predict(frame.iloc[split.test])
    assert told["uplift"].mean() < 0
    assert (told["acceptance_probability"] == 0).all()  # no amount is above 0


def test_propensities_that_cannot_be_those_of_the_rows_own_arms_are_refused():
    refused(r"below 1 - 600 of 600 rows of 'p' hold 1.*Leave these rows out", lambda f: f.assign(p=1.0), propensity="p")
    of_treatment = lambda frame: frame.assign(p=2 / 3)  # noqa: E731
    refused(r"one over those of 'none' in 'p' sums to 48% .*not of being treated", of_treatment, propensity="p")
    tiny = lambda frame: frame.assign(p=0.1 + 0.01 * (frame["age"] > 40))  # noqa: E731
    refused(r"one over those of 'none' in 'p' sums to 3\d\d%", tiny, propensity="p")
    sometimes = trial(900).assign(p=lambda one: np.where(one["offer"] == "sms", 2 / 3, 1 / 3))
    notes = check_uplift(sometimes, replace(CONFIG, propensity="p"))[2].notes
    assert any("less than all rows for 'sms (" in note and "not always to be had" in note for note in notes)


def test_chances_that_are_alike_in_an_arm_excuse_no_telling_column():
    random = np.random.default_rng(0)
    opened = lambda frame: frame.assign(  # noqa: E731
        p=1 / 3, opened=np.where(frame["offer"] == "none", 0, random.integers(1, 4, len(frame)))
    )
    refused(r"known before the treatment - 'opened' alone tells", opened, propensity="p")


def test_propensities_that_are_empty_in_some_rows_are_used_in_none():
    frame = trial(600).assign(p=1 / 3)
    frame.loc[:9, "p"] = None
    _, config, found = check_uplift(frame, replace(CONFIG, propensity="p"))
    assert config.propensity is None
    assert "p" in config.drop
    assert any("none of them was used" in note for note in found.notes)


def test_refitting_on_other_treatments_settles_anew(model):
    frame = trial(900)
    same, other = model.refit(frame), model.refit(frame.replace({"offer": {"sms": "call"}}))
    assert same._choice == model._choice
    assert other._choice != model._choice
    assert other.entries()["offer"].tolist() == ["call", "mail"]


def test_the_best_offer_of_a_row_does_not_hang_on_the_rows_beside_it(model, monkeypatch):
    """A sum spent may move by billions for one customer, and by next to nothing for another."""
    effects = np.array([[1e-9, 2e-9], [-1e9, -2e9]])
    monkeypatch.setattr(UpliftOffers, "_scores", lambda *_: Scores(np.zeros((2, 2)), np.ones(2), effects))
    assert model.predict(pd.DataFrame({"age": [40, 40], "plan": ["a", "b"]}))["offer"].tolist() == ["sms", "mail"]


def answer_of(arm, effects, target, **more):
    told = {f"effect_{place + 1}": one for place, one in enumerate(np.transpose(effects))}
    arm = np.asarray(arm)
    inverse = len(arm) / np.bincount(arm)[arm]
    return pd.DataFrame(
        {"treatment": arm, "target": target, "inverse": inverse, "treatment_score": 0.5, **told, "loss": 0.0, **more}
    )


def test_rows_that_are_repeated_make_no_interval_narrower():
    random = np.random.default_rng(0)
    arm, target, effects = random.integers(0, 4, 400), random.integers(0, 2, 400), random.normal(size=(400, 3))
    whole = {}
    for times in (1, 5):
        rows = np.repeat(np.arange(400), times)
        answer = answer_of(arm[rows], effects[rows], target[rows], group=rows)
        judged = judge_uplift({"x": answer}, CONFIG)["x"].metrics
        whole[times] = {one.name: one.high - one.low for one in judged}
        # each arm's mean has an error of about 0.5 / root 100; pairs repeat the control's rows, not its evidence
        assert whole[times]["average_effect"] == pytest.approx(3.92 * 0.5 * (1 / 100 + 1 / 300) ** 0.5, rel=0.1)
    assert whole[5] == pytest.approx(whole[1], rel=0.3)


def test_a_figure_of_the_best_is_left_out_where_an_arm_has_no_row_among_them():
    random = np.random.default_rng(0)
    arm = np.r_[np.ones(5, dtype=int), np.zeros(95, dtype=int)]
    answer = answer_of(arm, np.arange(100)[:, None] / 100, random.integers(0, 2, 100))
    names = {one.name for one in judge_uplift({"x": answer}, CONFIG)["x"].metrics}
    assert "uplift_at_30" not in names
    assert "qini_radcliffe_area" in names

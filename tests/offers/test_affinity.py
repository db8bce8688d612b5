"""Who takes what next: baskets, what is settled on items held back, chances, histories, and the verdict."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import builders
from cxml import offers
from cxml.errors import ConfigError, FrameError, NotFittedError
from cxml.offers.affinity import AffinityOffers, CosineOffers, MostTakenOffers, baskets_of
from cxml.offers.affinity_chances import _Likelihood, chances, fitted_chances
from cxml.offers.affinity_choice import Choice, choose
from cxml.offers.baskets import Baskets
from cxml.offers.config import AffinityConfig
from cxml.offers.evaluate_affinity import (
    HEADLINE,
    answer_affinity,
    baselines_affinity,
    check_affinity,
    figures_affinity,
    judge_affinity,
    split_affinity,
)
from cxml.training import hold_out

CONFIG = AffinityConfig(key="who", offer="item", time="at")
UNTIMED = replace(CONFIG, time=None)


@cache
def _log(customers, seed):
    """Two tastes of ten items each; a customer of one taste takes four to nine items, mostly of it."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(customers):
        taste = who % 2
        weight = np.where(np.arange(20) // 10 == taste, 1.0, 0.05) * (1 + np.arange(20) % 10)
        taken = rng.choice(20, rng.integers(4, 10), replace=False, p=weight / weight.sum())
        rows += [(f"c{who}", f"item {one:02d}", at) for at, one in enumerate(taken)]
    frame = pd.DataFrame(rows, columns=["who", "item", "at"])
    return frame.assign(at=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["at"], unit="D"))


def log(customers=200, seed=0):
    return _log(customers, seed).copy()


@cache
def fitted(kind=AffinityOffers, config=CONFIG):
    return kind(config).fit(log())


def asked(*names):
    return pd.DataFrame({"who": list(names)}, index=np.arange(len(names)) + 7)


# ---- baskets


def test_a_basket_is_in_the_order_of_time_and_its_last_fifth_is_held_back():
    customer = np.array([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 4], dtype=np.uint64)
    item = np.array([3, 1, 2, 0, 5, 4, 6, 9, 8, 7, 2])
    moment = np.array([0, 1, 2, 3, 4, 5, 6, 7, 9, 8, 0.0])
    baskets = Baskets.gather(customer, item, moment, 10, repeats=False)
    assert baskets.customers.tolist() == [4, 9]
    assert baskets.items.tolist() == [2, 3, 1, 2, 0, 5, 4, 6, 9, 7, 8]
    assert baskets.items[baskets.last_part()].tolist() == [7, 8]
    assert baskets.only(~baskets.last_part()).sizes.tolist() == [1, 8]
    assert baskets.among(np.array([2, 5])).items.tolist() == [0, 0, 1]


def test_the_order_without_time_hangs_on_what_rows_hold_alone():
    frame = log().drop(columns="at")
    turned = frame.iloc[::-1]
    one, other = (split_affinity(part, UNTIMED) for part in (frame, turned))
    held = [set(map(tuple, part.iloc[side.test].to_numpy())) for part, side in ((frame, one), (turned, other))]
    assert held[0] == held[1]
    assert len(held[0]) >= 200


def test_of_an_item_taken_often_without_time_a_part_is_held_out_whatever_the_order_of_rows():
    customer, item = np.ones(100, dtype=np.uint64), np.arange(100) % 2
    turned = np.random.default_rng(0).permutation(100)
    one, other = (
        Baskets.gather(customer[rows], item[rows], None, 2, repeats=True) for rows in (np.arange(100), turned)
    )
    assert one.items.tolist() == other.items.tolist()
    held = one.items[one.last_part()]
    assert len(held) == 20
    assert 3 < held.sum() < 17


def test_the_past_fades_and_of_an_item_taken_again_the_last_time_counts():
    customer, item = np.ones(4, dtype=np.uint64), np.array([0, 1, 2, 0])
    moment = np.arange(4.0)
    again = Baskets.gather(customer, item, moment, 3, repeats=True)
    assert_allclose(again.matrix(1.0).toarray(), [[1.0, 1 / 3, 1 / 2]])
    once = Baskets.gather(customer, item, moment, 3, repeats=False)
    assert_allclose(once.matrix(1.0).toarray(), [[1 / 3, 1 / 2, 1.0]])
    assert once.matrix(1.0, np.array([-1, 0])).toarray()[0].tolist() == [0, 0, 0]


def test_how_often_is_the_log_of_a_faded_count_against_that_of_all():
    customer, item = np.array([1, 1, 1, 1, 2], dtype=np.uint64), np.array([0, 1, 2, 0, 1])
    baskets = Baskets.gather(customer, item, np.arange(5.0), 3, repeats=True)
    asked = np.array([0, -1, 1])
    expected = [np.log([3, 2, 2]) / np.log(5), np.zeros(3), [0, 1, 0]]
    assert_allclose(baskets.often(0.0, asked), expected, rtol=1e-6)
    faded = np.array([1 + 1 / 4, 1 / 3, 1 / 2])
    assert_allclose(baskets.often(1.0, asked[:1])[0], np.log1p(faded) / np.log1p(faded.sum()), rtol=1e-6)


# ---- what is settled


def test_fading_is_settled_where_the_last_item_alone_tells_the_next():
    rng = np.random.default_rng(1)
    chains = [(np.arange(8) + rng.integers(0, 40)) % 40 for _ in range(400)]
    mixed = [np.r_[rng.permutation(40)[:12], chain] for chain in chains]
    firsts = [list(dict.fromkeys(one[::-1].tolist()))[::-1] for one in mixed]
    customer = np.repeat(np.arange(400, dtype=np.uint64), [len(one) for one in firsts])
    item = np.concatenate(firsts)
    baskets = Baskets.gather(customer, item, np.arange(len(item), dtype=float), 40, repeats=False)
    assert choose(baskets, ordered=True, repeat=False, seed=0).fading >= 0.5
    assert choose(baskets, ordered=False, repeat=False, seed=0).fading == 0.0


def test_pairs_are_settled_where_two_items_say_what_neither_does_alone():
    rng = np.random.default_rng(5)
    rows = []
    for who in range(3_000):
        one, other = rng.integers(0, 6, 2)
        rows += [(who, one, 0), (who, 6 + other, 0), (who, 12 + (one + other) % 6, 1)]
    customer, item, moment = np.array(rows).T
    baskets = Baskets.gather(customer.astype(np.uint64), item, moment.astype(float), 18, repeats=False)
    assert choose(baskets, ordered=True, repeat=False, seed=0).n_pairs > 0


def test_customers_of_one_item_settle_nothing():
    baskets = Baskets.gather(np.arange(30, dtype=np.uint64), np.arange(30) % 3, None, 3, repeats=False)
    assert choose(baskets, ordered=False, repeat=False, seed=0) == Choice()


def test_chances_add_up_and_bar_what_is_had():
    scores = np.array([[0.4, 0.1, -0.2], [0.0, 0.0, 0.0]])
    barred = np.array([[False, True, False], [True, True, True]])
    found = chances(scores, np.array([0.5, 0.3, 0.2]), Choice(astray=0.1), barred)
    assert_allclose(found.sum(axis=1), [1.0, 0.0])
    assert found[0, 1] == 0.0
    assert found[0, 2] == pytest.approx(0.1 * 0.2 / 0.7)


def test_the_loss_of_chances_is_minus_their_logarithm_and_its_slopes_are_true():
    from scipy.optimize import check_grad

    rng = np.random.default_rng(0)
    scores = rng.normal(0.2, 0.3, (30, 9))
    scores[0] = -1.0  # of whom the scores say nothing
    barred, share = rng.random((30, 9)) < 0.2, rng.dirichlet(np.ones(9))
    barred[:, 0] = False
    hidden = np.zeros((30, 9), dtype=bool)
    hidden[:, 0] = True
    hidden[:5, 1] = ~barred[:5, 1]
    likelihood = _Likelihood(scores, share, barred, hidden)
    numbers = np.array([0.1, -0.3, -1.0])
    assert check_grad(lambda x: likelihood.loss(x)[0], lambda x: likelihood.loss(x)[1], numbers) < 1e-6
    chance = chances(scores, share, Choice(slope=np.exp(0.1), bend=np.exp(-0.3), astray=1 / (1 + np.e)), barred)
    surprise = -np.log(np.where(hidden, chance, 1.0)).sum(axis=1) / hidden.sum(axis=1)
    assert likelihood.loss(numbers)[0] == pytest.approx(surprise.mean())


def test_fitted_chances_are_those_that_items_were_drawn_with():
    rng = np.random.default_rng(3)
    scores, share, free = rng.random((4_000, 6)) ** 3, rng.dirichlet(np.ones(6)), np.zeros((4_000, 6), dtype=bool)
    true = chances(scores, share, Choice(slope=0.7, bend=1.5, astray=0.3), free)
    hidden = rng.random((4_000, 1)) < np.cumsum(true, axis=1)
    hidden &= np.cumsum(hidden, axis=1) == 1
    found = chances(scores, share, fitted_chances(scores, share, Choice(), free, hidden), free)
    assert np.abs(found - true).mean() < 0.01


# ---- answers


def test_a_customer_gets_what_goes_with_the_basket_and_nothing_that_is_in_it():
    model, frame = fitted(), log()
    answer = model.predict(asked("c0", "c1"))
    assert list(answer.columns) == ["who", "offer", "acceptance_probability"]
    assert answer.index.tolist() == [7, 8]
    assert answer["offer"].str[-2:].astype(int).floordiv(10).tolist() == [0, 1]
    had = frame[frame["who"] == "c0"]["item"]
    assert answer["offer"].iloc[0] not in set(had)
    scores = model.score(asked("c0")).probability[0]
    assert scores.sum() == pytest.approx(1.0)
    assert (scores[model.entries()["item"].isin(had)] == 0).all()


def test_whoever_is_not_known_gets_each_items_share_of_takings():
    model, frame = fitted(), log()
    scores = model.score(asked("nobody")).probability[0]
    counts = frame.groupby("item").size() + 0.5
    assert_allclose(scores, counts / counts.sum())
    assert model.predict(asked("nobody"))["offer"].tolist() == [counts.idxmax()]


def test_a_row_that_names_an_item_is_answered_of_that_item():
    model = fitted()
    pair = asked("c0", "c0").assign(item=["item 15", None])
    answer = model.predict(pair)
    place = model.entries()["item"].tolist().index("item 15")
    assert answer["offer"].iloc[0] == "item 15"
    assert answer["acceptance_probability"].iloc[0] == model.score(asked("c0")).probability[0, place]
    assert answer["offer"].iloc[1] == model.predict(asked("c0"))["offer"].iloc[0]
    with pytest.raises(FrameError, match="must be in the catalogue - 1 of 1 rows name others"):
        model.predict(asked("c0").assign(item="item 99"))


def test_a_batch_is_its_records_and_its_scorer():
    model, names = fitted(), [f"c{place}" for place in range(80)]
    batch = model.predict(asked(*names)).to_dict("records")
    scorer, scores = model.scorer(), model.score(asked(*names))
    for place, name in enumerate(names):
        assert model.predict_one({"who": name}) == pytest.approx(batch[place], abs=1e-6)
        one = scorer({"who": name})
        assert_allclose(one.probability[0], scores.probability[place], atol=1e-6)
        assert_allclose(one.spread, scores.spread)


def test_another_catalogue_is_scored_and_a_new_item_is_never_nothing():
    model = fitted()
    entries = pd.DataFrame({"item": ["item 15", "brand new"]})
    scores = model.score(asked("c1"), entries)
    assert 0 < scores.probability[0, 1] <= model.learned.share.min()
    assert scores.spread[1] == 1.0 > scores.spread[0]
    with pytest.raises(FrameError, match="Each entry must be in the catalogue once"):
        model.score(asked("c1"), pd.DataFrame({"item": ["item 15", "item 15"]}))


def test_parts_hold_no_key_and_bring_the_model_back():
    model = fitted()
    parts = model.parts()
    assert not any("c12" in str(value) for value in parts.values())
    again = AffinityOffers.from_parts(CONFIG, parts)
    pd.testing.assert_frame_equal(again.predict(asked("c3", "x")), model.predict(asked("c3", "x")), check_exact=True)
    assert again.choice == model.choice


def test_nothing_is_remembered_where_it_must_not_be():
    model = AffinityOffers(replace(CONFIG, remember=False)).fit(log())
    assert len(model.parts()["baskets_customers"]) == 0
    scores = model.score(asked("c0", "nobody")).probability
    assert_allclose(scores[0], scores[1])


def test_refitting_settles_nothing_again():
    model = fitted()
    again = model.refit(log(120, seed=4))
    assert again.choice == model.choice
    assert not np.array_equal(again.learned.counts, model.learned.counts)


def test_items_may_be_taken_again_where_that_is_said():
    rng = np.random.default_rng(2)
    rows = [(f"c{who}", f"i{one}", at) for who in range(150) for at, one in enumerate(rng.choice(12, 2).repeat(5))]
    frame = pd.DataFrame(rows, columns=["who", "item", "at"])
    frame["at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["at"], unit="D")
    model = AffinityOffers(replace(CONFIG, repeat=True)).fit(frame)
    assert model.choice.own > 0
    last = frame.groupby("who")["item"].last()
    answer = model.predict(asked(*last.index))
    assert (answer["offer"].to_numpy() == last.to_numpy()).mean() > 0.9
    assert fitted().choice.again == fitted().choice.own == 0


AGAIN = AffinityConfig(key="who", offer="item", repeat=True)


@cache
def habits():
    """Three things of their own make up most of what customers take, in unlike numbers; nothing goes with anything."""
    rng = np.random.default_rng(6)
    weight = np.full((250, 40), 0.4 / 40)
    for one in weight:
        one[rng.choice(40, 3, replace=False)] += (0.35, 0.2, 0.05)
    rows = [(f"c{who}", f"i{item:02d}") for who in range(250) for item in rng.choice(40, 30, p=weight[who])]
    frame = pd.DataFrame([*rows, *[("c0", "i-rare")] * 5], columns=["who", "item"])
    return AffinityOffers(AGAIN).fit(frame), frame, weight


def test_what_customers_took_most_is_what_they_take_next():
    model, frame, weight = habits()
    baskets = baskets_of(frame, AGAIN)[0]
    by_last_time = choose(baskets, ordered=False, repeat=True, seed=0)
    assert model.choice.own > 0 == model.choice.again == by_last_time.own
    names = asked(*[f"c{who}" for who in range(1, 250)])
    place = [model.entries()["item"].tolist().index(f"i{item:02d}") for item in range(40)]
    loss = {}
    for name, choice in {"own": model.choice, "last time": by_last_time}.items():
        chance = AffinityOffers(AGAIN)._learn(frame, choice).score(names).probability
        assert_allclose(chance.sum(axis=1), 1.0)
        loss[name] = -(weight[1:] * np.log(chance[:, place])).sum(axis=1).mean()
        right = (chance[:, place].argmax(axis=1) == weight[1:].argmax(axis=1)).mean()
        assert (right > 0.75) == (name == "own")
    least = -(weight[1:] * np.log(weight[1:])).sum(axis=1).mean()
    assert loss["own"] - least < 0.3 * (loss["last time"] - least)


def test_own_counts_speak_in_batches_records_parts_and_refits_alike():
    model, frame, _ = habits()
    names = asked("c0", "c1", "c2", "nobody")
    whole = model.score(names).probability
    scorer = model.scorer()
    for row, name in enumerate(names["who"]):
        assert_allclose(scorer({"who": name}).probability[0], whole[row], atol=1e-6)
    again = AffinityOffers.from_parts(AGAIN, model.parts())
    assert_allclose(again.score(names).probability, whole, rtol=0)
    assert model.refit(frame.head(3_000)).choice == model.choice
    place = model.entries()["item"].tolist().index("i-rare")  # taken by one customer alone, five times
    assert whole[0, place] > 3 * whole[1:, place].max()
    assert_allclose(whole[3], model.learned.share)


def test_own_counts_are_left_out_where_nobody_comes_back():
    once = log().assign(at=pd.Timestamp("2024-01-01"))
    assert AffinityOffers(replace(CONFIG, repeat=True)).fit(once).choice.own == 0


def test_accepted_rows_and_rows_without_an_answer_count_as_taken():
    frame = log().assign(yes="yes")
    refused = frame.head(60).assign(item="item 19", yes="no", who="c0")
    config = replace(CONFIG, response="yes", positive="yes")
    both = pd.concat([frame.assign(yes=np.where(np.arange(len(frame)) % 2, "yes", None)), refused])
    model = AffinityOffers(config).fit(both)
    assert_allclose(model.learned.counts, fitted().learned.counts)
    with pytest.raises(FrameError, match="needs items that were taken"):
        AffinityOffers(config).fit(frame.assign(yes="no"))


# ---- the verdict


@cache
def trial():
    frame, config, _ = check_affinity(log(), CONFIG)
    return hold_out(split_affinity, baselines_affinity, answer_affinity)(AffinityOffers(config), frame, lambda _: None)


def test_the_verdict_ranks_methods_and_its_headline_is_the_mean_loss():
    done = trial()
    judged = judge_affinity(done.answers, CONFIG)
    assert list(judged) == ["affinity", "cosine", "most_taken"]
    figures = {name: {one.name: one for one in verdict.metrics} for name, verdict in judged.items()}
    for name, found in figures.items():
        assert judged[name].headline == HEADLINE
        assert found[HEADLINE].value == pytest.approx(done.answers[name]["loss"].mean())
        assert found[HEADLINE].value == pytest.approx(1 - found["ndcg_at_10"].value)
        assert all(np.isfinite(one.value) and (one.low is None or one.low <= one.high) for one in found.values())
        assert 0 < found["catalogue_coverage_at_10"].value <= 1
    assert figures["affinity"]["ndcg_at_10"].value > figures["most_taken"]["ndcg_at_10"].value + 0.1
    assert figures["affinity"]["next_log_loss"].value < figures["most_taken"]["next_log_loss"].value
    assert figures["affinity"]["ece_at_10"].value < 0.03


def test_answers_name_no_key_and_are_the_same_customers_for_each_method():
    answers = trial().answers
    for one in answers.values():
        assert one["row"].equals(answers["affinity"]["row"])
        assert not any(one[name].astype(str).str.contains("c1").any() for name in one)
    assert len(answers["affinity"]) == 200
    table = next(iter(figures_affinity(trial()))).frame
    assert table["customers"].sum() == 200


def test_lists_of_a_short_catalogue_are_judged_too():
    frame = log()
    few = frame[frame["item"].isin(["item 07", "item 08", "item 09", "item 19"])]
    model = MostTakenOffers(CONFIG).fit(few)
    answer = answer_affinity({"most_taken": model}, few.assign(who=few["who"] + "x"), CONFIG)["most_taken"]
    assert (answer["recall"] == 1).all()
    assert (answer["item_10"] == -1).all()


def test_held_out_rows_are_the_last_ones():
    frame = log()
    sides = split_affinity(frame, CONFIG)
    last = frame.iloc[sides.train].groupby("who")["at"].max()
    first = frame.iloc[sides.test].groupby("who")["at"].min()
    assert (first > last.loc[first.index]).all()
    assert len(sides.train) + len(sides.test) == len(frame)


# ---- refusals


def test_what_cannot_be_learned_from_is_refused():
    with pytest.raises(ConfigError, match="key must name a column where it is learned who takes what"):
        check_affinity(log(), AffinityConfig(offer="item"))
    single = log().drop_duplicates("who")
    with pytest.raises(FrameError, match="20 customers with two or more - got 20 items and 0 such customers"):
        check_affinity(single.assign(item=[f"i{place % 20}" for place in range(len(single))]), CONFIG)
    with pytest.raises(FrameError, match="needs the column 'whom'"):
        check_affinity(log(), replace(CONFIG, key="whom"))
    with pytest.raises(FrameError, match=r"needs the column 'who'.*Did you mean 'whos'"):
        fitted().predict(asked("c0").rename(columns={"who": "whos"}))


@pytest.mark.parametrize("kind", [AffinityOffers, CosineOffers, MostTakenOffers])
def test_an_unfitted_model_says_so(kind):
    with pytest.raises(NotFittedError, match=r"must be fitted before .*offers\.train"):
        kind(CONFIG).predict(asked("c0"))


def test_what_was_found_is_said():
    notes = check_affinity(log().drop(columns="at"), replace(UNTIMED, remember=False))[2].notes
    assert any("nothing fades" in one for one in notes)
    assert any("keeps no baskets" in one for one in notes)


def test_what_a_customer_has_already_is_never_chosen_and_says_so():
    taken = builders.baskets_of(120)
    names = {"key": "customer_id", "offer": "offer", "time": "sent_at"}
    model = offers.train(taken, **names, track=False)
    who = taken["customer_id"].iloc[[0]]
    customers = who.to_frame().reset_index(drop=True)
    had = set(taken.loc[taken["customer_id"].eq(who.iloc[0]), "offer"])
    policy = offers.Policy(least_value=-1)
    fates = offers.predict(model, customers, k=24, policy=policy, everything=True)
    assert set(fates.loc[fates["rule"] == "has it already", "offer"]) == had
    chosen = offers.predict(model, customers, k=24, policy=policy)
    assert had.isdisjoint(chosen["offer"])
    assert len(chosen) == 24 - len(had)
    record = offers.Decider(model.model, policy, key="customer_id", offer="offer").predict_one(
        customers.iloc[0].to_dict(), k=24
    )
    assert [one["offer"] for one in record] == chosen["offer"].tolist()

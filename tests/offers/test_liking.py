"""What was taken before as a column of the pooled model: as of its moment, by other customers, only where it helps."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from cxml.datasets import make_offers
from cxml.metrics import log_loss, roc_auc
from cxml.offers import blend
from cxml.offers.affinity import AffinityOffers
from cxml.offers.affinity_chances import chances
from cxml.offers.affinity_choice import Choice
from cxml.offers.checks import check, target_of
from cxml.offers.config import AffinityConfig, OffersConfig
from cxml.offers.design import PairDesign
from cxml.offers.ease import item_scores
from cxml.offers.history import Events
from cxml.offers.joining import join
from cxml.offers.ledger import ACCEPTED, DAY, INTERACTION, REFUSED
from cxml.offers.liking import LIKING, Asked, Liking, Takings, learn_liking, liking_that_helps
from cxml.offers.log import events_of
from cxml.offers.logistic import LogisticOffers

CONFIG = OffersConfig(key="who", offer="offer", time="at", response="yes")
CUSTOMERS, TASTES, OFFERS = 350, 4, 20


@cache
def _taste_log(told):
    """Customers accept offers of their taste, which no column tells, and the old accept more of all offers."""
    rng = np.random.default_rng(3)
    size = CUSTOMERS * 12
    who, offer = np.repeat(np.arange(CUSTOMERS), 12), rng.integers(0, OFFERS, size)
    asked = rng.random(size) < 0.8
    # Of what they take unasked, most is of their taste.
    own = ~asked & (rng.random(size) < 0.8)
    offer[own] = (offer[own] % (OFFERS // TASTES)) * TASTES + who[own] % TASTES
    alike = (offer % TASTES == who % TASTES) if told else np.zeros(size, dtype=bool)
    old = np.repeat(rng.random(CUSTOMERS) < 0.5, 12)
    yes = (rng.random(size) < np.where(alike, 0.4, 0.05) * np.where(old, 1.6, 0.4)).astype(object)
    yes[~asked] = None
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.uniform(0, 200, size), unit="D")
    frame = pd.DataFrame({"who": [f"c{one}" for one in who], "offer": [f"o{one:02d}" for one in offer], "at": at})
    return frame.assign(yes=yes, age=np.where(old, 60.0, 30.0) + rng.integers(0, 9, size))


def parted(told=True):
    """Rows to learn from, later rows with an answer, and settled settings."""
    frame, config, _ = check(_taste_log(told).copy(), CONFIG)
    late = frame["at"] >= frame["at"].quantile(0.75)
    return frame[~late], frame[late & frame["yes"].notna()], config


@cache
def fitted():
    train, _, config = parted()
    return LogisticOffers(config).fit(train)


def events(n=500, customers=25, offers=8, seed=0, outcomes=(REFUSED, ACCEPTED, INTERACTION)):
    random = np.random.default_rng(seed)
    draw = lambda top: random.integers(0, top, n).astype(np.uint64)  # noqa: E731
    # Whole days, so that many rows share a moment.
    return Events(draw(customers), draw(offers), draw(1), DAY * random.integers(0, 90, n), random.choice(outcomes, n))


def rows_of(log):
    return Asked(log.customer, log.offer, log.second)


# ---- as of a moment


@pytest.mark.parametrize("delay", [0, 7])
def test_only_what_was_known_strictly_before_counts(delay):
    log = events()
    items = np.unique(log.offer)[:-1]  # one item is none of them
    takings = Takings.of(log, items, delay)
    of, sizes = takings.before(log.customer, log.second)
    for row in range(len(of)):
        known = log.second + np.where(log.outcome == ACCEPTED, delay * DAY, 0)
        mine = (log.customer == log.customer[row]) & (log.outcome != REFUSED) & (known < log.second[row])
        expected = set(log.offer[mine]) & set(items)
        held = takings.baskets.strength(int(of[row]), 0.0, int(sizes[row])) if of[row] >= 0 else np.zeros(len(items))
        assert set(items[np.flatnonzero(held)]) == expected
        assert sizes[row] == np.isin(log.offer[mine], items).sum()


def test_whoever_is_not_known_or_has_taken_nothing_yet_is_nothing():
    log = events()
    takings = Takings.of(log, np.unique(log.offer), 0)
    of, sizes = takings.before(np.array([3, 999], dtype=np.uint64), np.array([-1, 10**10]))
    assert of[1] == -1
    assert sizes.tolist() == [0, 0]


# ---- what it says


@pytest.mark.parametrize(
    "choice", [Choice(ridge=3.0), Choice(ridge=3.0, n_pairs=6, pair_ridge=9.0, fading=0.7, again=0.3)]
)
def test_the_column_is_the_log_of_how_many_times_as_likely_an_offer_is(choice):
    log = events()
    items = np.unique(log.offer)
    takings = Takings.of(log, items, 0)
    liking = Liking.from_takings(items, takings, choice)
    found = liking.of_rows(takings, rows_of(log))
    of, sizes = takings.before(log.customer, log.second)
    history = takings.baskets.matrix(choice.fading, of, sizes)
    scores = item_scores(history, liking.weights) + choice.again * history.toarray()
    chance = chances(scores, liking.share, choice, np.zeros((1, len(items)), dtype=bool))
    item = np.searchsorted(items, log.offer)
    assert_allclose(found, np.log(chance[np.arange(len(item)), item] / liking.share[item]), atol=1e-6)
    assert (found[sizes == 0] == 0).all()
    assert np.abs(found[sizes > 0]).max() > 0.1
    pairs = liking.of_pairs(takings, log.customer[:40], log.second[:40], log.offer[:40])
    assert_allclose(np.diag(pairs), found[:40], atol=1e-6)
    for row in range(40):  # one customer goes another way
        one = liking.of_pairs(takings, log.customer[[row]], log.second[[row]], log.offer[:40])
        assert_allclose(one[0], pairs[row], atol=1e-6)
    unknown = liking.of_pairs(takings, log.customer[:3], log.second[:3], np.array([99], dtype=np.uint64))
    assert unknown.tolist() == [[0], [0], [0]]


def test_no_acceptance_has_taught_the_weights_it_is_foretold_with():
    log = events(4_000, customers=300, offers=200, outcomes=(REFUSED, REFUSED, ACCEPTED))
    items = np.unique(log.offer)
    takings = Takings.of(log, items, 0)
    liking = Liking.from_takings(items, takings, Choice(ridge=10.0))
    # Acceptances are drawn by chance: nothing can foretell them but having been seen.
    assert roc_auc(log.outcome, liking.of_rows(takings, rows_of(log))) > 0.8
    assert roc_auc(log.outcome, liking.cross_fitted(takings, rows_of(log))) == pytest.approx(0.5, abs=0.04)


# ---- whether it helps


def _asked_for(told):
    train, _, config = parted(told)
    target = target_of(train, config)
    design, log, seen = PairDesign.learn(train, config, ()), events_of(train, target, config), target >= 0
    return log, rows_of(log).only(seen), design.rows(train[seen]), target[seen], design.level_counts


def test_it_is_learned_where_taste_foretells_and_only_there():
    log, *rest = _asked_for(told=True)
    assert liking_that_helps(log, 0.0, *rest) is not None
    log, rows, matrix, target, counts = _asked_for(told=False)
    assert learn_liking(log, 0.0) is not None
    random = np.random.default_rng(0)
    shuffled = [liking_that_helps(log, 0.0, rows, matrix, random.permutation(target), counts) for _ in range(4)]
    assert sum(one is None for one in shuffled) >= 3  # one standard error lets chance pass in one case of six


def test_too_few_takings_teach_nothing():
    few = events(30, customers=25)
    assert learn_liking(few, 0.0) is None
    assert learn_liking(events(500, offers=2), 0.0) is None


# ---- the blend


def test_the_blend_beats_both_of_its_parts_where_taste_is_all(monkeypatch):
    train, late, config = parted()
    target = late["yes"].to_numpy(dtype=int)
    model = fitted()
    assert LIKING in model.fitted[0].kept
    blended = roc_auc(target, model.predict(late)["acceptance_probability"])
    monkeypatch.setattr(blend, "liking_that_helps", lambda *_: None)
    alone = LogisticOffers(config).fit(train)
    assert LIKING not in alone.fitted[0].names_of_columns
    propensity = roc_auc(target, alone.predict(late)["acceptance_probability"])
    settings = {"key": "who", "offer": "offer", "time": "at", "response": "yes", "positive": config.positive}
    affinities = [
        AffinityOffers(AffinityConfig(**settings, repeat=again)).fit(train).predict(late)["acceptance_probability"]
        for again in (False, True)
    ]
    assert blended > propensity + 0.1
    assert blended > max(roc_auc(target, one) for one in affinities) + 0.02


def test_a_blend_answers_a_record_as_its_batch_and_from_its_parts():
    model, (_, late, _) = fitted(), parted()
    asked = late.drop(columns="yes").head(30)
    batch = model.predict(asked)["acceptance_probability"].to_numpy()
    ones = [model.predict_one(one)["acceptance_probability"] for one in asked.drop(columns="offer").to_dict("records")]
    best = model.predict(asked.drop(columns="offer"))["acceptance_probability"].to_numpy()
    assert_allclose(ones, best, atol=1e-6)
    entries = model.entries()["offer"].tolist()
    places = [entries.index(one) for one in asked["offer"]]
    assert_allclose(model.score(asked).probability[np.arange(30), places], batch, atol=1e-6)
    scorer = model.scorer()
    for place, one in enumerate(asked.to_dict("records")):
        assert_allclose(scorer(one).probability[0, places[place]], batch[place], atol=1e-6)
    again = LogisticOffers.from_parts(model.config, model.parts())
    pd.testing.assert_frame_equal(again.predict(asked), model.predict(asked))


def test_what_is_settled_is_kept_by_a_refit_and_new_takings_count_at_once():
    train, late, _ = parted()
    model = fitted()
    again = model.refit(train)
    assert LIKING in again.fitted[0].kept
    who = pd.DataFrame({"who": ["stranger"], "age": [40.0]})
    assert (again.fitted[0].whom(who)[1] > 0).all()
    before = again.score(who).probability[0]
    taken = pd.DataFrame({"who": "stranger", "offer": ["o01", "o05"], "at": late["at"].max(), "yes": None, "age": 40.0})
    again.update(taken)
    after = again.score(who).probability[0]
    likes = np.array([int(name[1:]) % TASTES == 1 for name in again.entries()["offer"]])
    gain = np.log(after / before)
    assert gain[likes].min() > gain[~likes].max()


def test_where_features_tell_all_the_blend_is_harmless(monkeypatch):
    made = make_offers(400, seed=2)
    config = OffersConfig(key="customer_id", offer="offer", time="sent_at", response="accepted", control="none")
    frame, config = join(made.log.drop(columns="margin_won"), made.customers, made.offers, config)
    frame, config, _ = check(frame, config)
    late = frame["sent_at"] >= frame["sent_at"].quantile(0.75)
    target = frame.loc[late, "accepted"].to_numpy()
    losses = []
    for helps in (liking_that_helps, lambda *_: None):
        monkeypatch.setattr(blend, "liking_that_helps", helps)
        chance = LogisticOffers(config).fit(frame[~late]).predict(frame[late])["acceptance_probability"]
        losses.append(log_loss(target, chance))
    assert losses[0] <= losses[1] + 0.002

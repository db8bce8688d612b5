"""What scoring customers against a catalogue costs: all pairs of a batch, and one record - beside the usual ways.

The usual way writes one row for each pair and predicts the table. First the trees alone, the same model for all: 24
columns of the customer, 6 of the offer, 3 of the pair (made before, accepted before, days since), a tenth of the pairs
with a history. Then the family as it is trained and called, from frames and records, with and without a past of every
customer. Absolute times hang on the machine, and where it does other work the clock counts that too: the second rate is
of this program's own processor seconds, of all threads together.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from _data import table
from cxml.boosting import merge, train_booster
from cxml.boosting.pairs import Pairs, PairScorer
from cxml.datasets import Offers, make_offers
from cxml.offers.config import OffersConfig
from cxml.offers.policy import Policy, Value
from cxml.offers.propensity import PropensityOffers
from cxml.offers.serving import Decider

N_CUSTOMER, N_OFFER, N_PAIR = 24, 6, 3
WIDTH = N_CUSTOMER + N_OFFER + N_PAIR
OFFER, PAIR = list(range(N_CUSTOMER, N_CUSTOMER + N_OFFER)), list(range(N_CUSTOMER + N_OFFER, WIDTH))
CATEGORIES = {20: 5, 21: 8, 22: 30, 28: 4}
USUAL = np.array([0.0, 0.0, np.nan])
ROWS, CUSTOMERS, OFFERS, CATALOGUE = 8_000, 100_000, 20, 100
#: Pairs that a peer predicts: its rate does not hang on how many there are.
PEER_PAIRS = 20_000
DATES = ["starts", "ends"]
NOT_LEARNED = ["customer_id", "sent_at", "accepted"]


def make_customers(rows: int, seed: int) -> np.ndarray:
    """Customers as rows of the model's width; a few values missing."""
    random = np.random.default_rng(seed)
    X = np.full((rows, WIDTH), np.nan)
    X[:, :N_CUSTOMER] = random.normal(size=(rows, N_CUSTOMER)).round(2)
    for place in (20, 21, 22):
        X[:, place] = random.integers(0, CATEGORIES[place], rows)
    X[:, :10][random.random((rows, 10)) < 0.05] = np.nan
    return X


def make_entries(rows: int, seed: int) -> np.ndarray:
    """Offers as rows of the model's width; pairs as usual: never made before."""
    random = np.random.default_rng(seed)
    X = np.full((rows, WIDTH), np.nan)
    X[:, OFFER] = random.normal(size=(rows, N_OFFER)).round(1)
    X[:, 28] = random.integers(0, CATEGORIES[28], rows)
    X[:, PAIR] = USUAL
    return X


def make_pairs(customers: int, offers: int, seed: int, share: float = 0.1) -> Pairs:
    """What is known of a share of the pairs."""
    random = np.random.default_rng(seed)
    customer, entry = np.nonzero(random.random((customers, offers)) < share)
    made = random.integers(1, 5, len(entry))
    values = np.column_stack([made, random.binomial(made, 0.2), random.integers(1, 91, len(entry))])
    return Pairs(customer, entry, values.astype(float))


def expanded(customers: np.ndarray, entries: np.ndarray, pairs: Pairs) -> np.ndarray:
    """One row a pair."""
    rows = np.repeat(customers[:, None], len(entries), axis=1)
    rows[:, :, N_CUSTOMER:] = entries[:, N_CUSTOMER:]
    rows[pairs.customer, pairs.entry, N_CUSTOMER + N_OFFER :] = pairs.values
    return rows.reshape(-1, WIDTH)


def learn() -> dict[str, Any]:
    """Two models of a log, of 300 trees with 31 leaves and of 1,000 trees of several sizes, and a peer of the first."""
    from lightgbm import LGBMClassifier

    customers, entries, random = make_customers(ROWS, 0), make_entries(OFFERS, 1), np.random.default_rng(2)
    which = random.integers(0, OFFERS, ROWS)
    known = make_pairs(ROWS, 1, 3)
    X = customers.copy()
    X[:, N_CUSTOMER:] = entries[which, N_CUSTOMER:]
    X[known.customer, N_CUSTOMER + N_OFFER :] = known.values
    filled = np.nan_to_num(X)
    odds = filled[:, 0] + filled[:, 1] * filled[:, 24] + filled[:, 2] * filled[:, 25] - filled[:, 30] / 2 - 1
    odds += (filled[:, 22] % 3 == filled[:, 28] % 3) + np.sin(3 * filled[:, 3])
    y = (random.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(int)

    def grow(rounds: int, leaves: int, **more: Any) -> Any:
        params = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.05, "num_threads": 1, **more}
        return train_booster(X, y, params=params, rounds=rounds, categorical=list(CATEGORIES))

    small, middle, large = grow(350, 6), grow(350, 31, extra_trees=True), grow(300, 48, extra_trees=True)
    names = [f"column_{place}" for place in range(WIDTH)]
    peer = LGBMClassifier(n_estimators=300, num_leaves=31, learning_rate=0.05, n_jobs=2, verbosity=-1)
    peer.fit(pd.DataFrame(X, columns=names), y, categorical_feature=[names[place] for place in CATEGORIES])
    return {"300 trees": grow(300, 31), "1,000 trees": merge([small, middle, large], [0.3, 0.4, 0.3]), "peer": peer}


def rate(pairs: int, call: Callable[[], object]) -> dict[str, str]:
    """Pairs a second, by the clock and by the processor."""
    start, worked = time.perf_counter(), time.process_time()
    call()
    taken, work = time.perf_counter() - start, time.process_time() - worked
    return {"pairs/s": f"{pairs / taken:,.0f}", "pairs a processor second": f"{pairs / work:,.0f}"}


def milliseconds(call: Callable[[int], object], repeats: int = 200) -> dict[str, str]:
    """Median and 99th percentile of single calls by the clock, and their mean by the processor."""
    for place in range(20):
        call(place)
    taken, worked = np.empty(repeats), time.process_time()
    for place in range(repeats):
        start = time.perf_counter_ns()
        call(place)
        taken[place] = time.perf_counter_ns() - start
    work = (time.process_time() - worked) / repeats
    return {
        "p50_ms": f"{np.median(taken) / 1e6:.3f}",
        "p99_ms": f"{np.quantile(taken, 0.99) / 1e6:.3f}",
        "processor_ms": f"{work * 1e3:.3f}",
    }


def batches(models: dict[str, Any]) -> None:
    """All pairs of 100,000 customers and 20 offers; the peers on some of them."""
    customers, entries = make_customers(CUSTOMERS, 4), make_entries(OFFERS, 5)
    pairs = make_pairs(CUSTOMERS, OFFERS, 6)
    few = PEER_PAIRS // OFFERS
    rows = expanded(customers[:few], entries, pairs.rows(0, few))
    frame = pd.DataFrame(rows, columns=[f"column_{place}" for place in range(WIDTH)])
    found, all_pairs = [], CUSTOMERS * OFFERS
    for name in ("300 trees", "1,000 trees"):
        booster = models[name]
        prepared = PairScorer(booster, offer=OFFER, pair=PAIR).prepare(entries)
        expected = booster.predict(rows, raw_score=True)
        few_scores = prepared.scores(customers[:few], pairs.rows(0, few))
        print(f"{name}: largest difference from Booster.predict {np.abs(few_scores.ravel() - expected).max():.1e}")
        ways: dict[str, tuple[int, Callable[[], object]]] = {
            "PairScorer": (all_pairs, lambda one=prepared: one.scores(customers, pairs)),
            "PairScorer, no pair with a history": (all_pairs, lambda one=prepared: one.scores(customers)),
            "Booster.predict, rows written before": (len(rows), lambda one=booster: one.predict(rows, raw_score=True)),
        }
        found += [{"way": f"{name}: {way}", **rate(*call)} for way, call in ways.items()]
    models["peer"].predict_proba(frame.head(100))
    peer = rate(len(rows), lambda: models["peer"].predict_proba(frame))
    found.append({"way": "300 trees: LGBMClassifier on a DataFrame, written before", **peer})
    table(found, f"Trees: {CUSTOMERS:,} customers x {OFFERS} offers")


def records(models: dict[str, Any]) -> None:
    """One customer against 100 offers."""
    customers, entries = make_customers(200, 7), make_entries(CATALOGUE, 8)
    pairs = make_pairs(200, CATALOGUE, 9)
    each = [pairs.rows(place, place + 1) for place in range(200)]
    tables = [expanded(customers[place : place + 1], entries, each[place]) for place in range(200)]
    frames = [pd.DataFrame(one, columns=[f"column_{place}" for place in range(WIDTH)]) for one in tables]
    listed, rows = customers.tolist(), []
    for name in ("300 trees", "1,000 trees"):
        booster = models[name]
        prepared = PairScorer(booster, offer=OFFER, pair=PAIR).prepare(entries)
        ways = {
            "PairScorer.one": lambda i, one=prepared: one.one(listed[i % 200], each[i % 200]),
            "Booster.predict, rows written before": lambda i, one=booster: one.predict(tables[i % 200], num_threads=1),
        }
        rows += [{"way": f"{name}: {way}", **milliseconds(call)} for way, call in ways.items()]
    usual = milliseconds(lambda i: models["peer"].predict_proba(frames[i % 200]), 100)
    rows.append({"way": "300 trees: LGBMClassifier on a DataFrame, written before", **usual})
    table(rows, f"Trees: one customer, {CATALOGUE} offers")


def catalogue_of(entries: pd.DataFrame, size: int) -> pd.DataFrame:
    """Offers enough, through one channel: those learned from first, then variants of them that are new."""
    random = np.random.default_rng(0)
    found = entries.drop_duplicates("offer").reset_index(drop=True)
    more = found.iloc[np.arange(size) % len(found)].reset_index(drop=True)
    more["offer"] = [str(name) if at < len(found) else f"{name} {at}" for at, name in enumerate(more["offer"])]
    new = np.arange(size) >= len(found)
    for name in ("margin", "cost"):
        more[name] = np.where(new, (more[name] * random.uniform(0.7, 1.4, size)).round(), more[name])
    return more


def repeated(frame: pd.DataFrame, copies: int) -> pd.DataFrame:
    """The same customers again and again, under other keys; the first ones keep theirs."""
    suffix = np.repeat(["", *(f" copy {copy}" for copy in range(1, copies))], len(frame))
    found = pd.concat([frame] * copies, ignore_index=True)
    return found.assign(customer_id=found["customer_id"] + suffix)


def log_with_a_past(made: Offers) -> pd.DataFrame:
    """A log in which a fifth of the customers accept more often than their columns say: only their past tells it."""
    random = np.random.default_rng(3)
    log = made.log[made.log["offer"] != "none"].merge(made.customers, on="customer_id").merge(made.offers, on="offer")
    keen = log["customer_id"].isin(made.customers["customer_id"].sample(frac=0.2, random_state=0))
    more = keen & (random.random(len(log)) < 0.3)
    log = log.drop(columns=["margin_won", "propensity", "position", "stock", *DATES])
    return log.assign(accepted=np.maximum(log["accepted"], more.astype(int)))


def learn_family(made: Offers) -> tuple[pd.DataFrame, PropensityOffers, Any]:
    """The log, the family's model of it, and a peer."""
    from lightgbm import LGBMClassifier
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    log = log_with_a_past(made)
    names = {"key": "customer_id", "offer": "offer", "time": "sent_at", "channel": "channel", "response": "accepted"}
    own = tuple(name for name in made.offers if name not in ("offer", "stock", *DATES))
    model = PropensityOffers(OffersConfig(**names, positive=1, offer_columns=own)).fit(log)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    peer = make_pipeline(
        make_column_transformer((encoder, make_column_selector(dtype_include=object)), remainder="passthrough"),
        LGBMClassifier(n_estimators=300, learning_rate=0.05, n_jobs=1, verbosity=-1),
    )
    return log, model, peer.fit(log.drop(columns=NOT_LEARNED), log["accepted"])


def family() -> None:
    """The family on the invented telecom: from a frame, and from a record, and with a policy."""
    made = make_offers(3_000, seed=1)
    log, model, peer = learn_family(made)
    inputs = list(log.drop(columns=NOT_LEARNED))
    copies, pairs = CUSTOMERS // len(made.customers) + 1, CUSTOMERS * OFFERS
    many, entries = repeated(made.customers, copies).head(CUSTOMERS), catalogue_of(model.entries(), OFFERS)
    strangers, some = (
        many.assign(customer_id="new " + many["customer_id"]),
        many.head(1_000).merge(entries, how="cross"),
    )
    shown = [{"way": "PropensityOffers.score, of none a past", **rate(pairs, lambda: model.score(strangers, entries))}]
    model.update(repeated(log, copies))
    shown += [
        {"way": "PropensityOffers.score, of all a past", **rate(pairs, lambda: model.score(many, entries))},
        {
            "way": "scikit-learn pipeline of LightGBM, rows written before",
            **rate(len(some), lambda: peer.predict_proba(some[inputs])),
        },
    ]
    booster, kept = model.fitted[1].booster, len(model.fitted[0].kept)
    trees = 0 if booster is None else booster.num_trees()
    title = f"The family ({trees} trees, {kept} columns of the past): {CUSTOMERS:,} customers x {OFFERS} offers"
    table(shown, f"{title}, from a DataFrame")

    entries = catalogue_of(model.entries(), CATALOGUE)
    known = made.customers.head(200).to_dict("records")
    fresh = [{**one, "customer_id": f"new {one['customer_id']}"} for one in known]
    frames = [pd.DataFrame([one]).merge(entries, how="cross")[inputs] for one in known]
    scorer = model.scorer(entries)
    policy = Policy(eligibility={"adults": "age >= 20"}, value=Value(margin="margin", cost="cost"))
    decider = Decider(model, policy, entries, key="customer_id", offer="offer", channel="channel")
    rows = []
    for past, told in (("a past", known), ("no past", fresh)):
        ways: dict[str, Callable[[int], object]] = {
            "scorer of a record": lambda i, told=told: scorer(told[i % 200]),
            "Decider.predict_one, three offers": lambda i, told=told: decider.predict_one(told[i % 200], k=3),
        }
        rows += [{"way": f"{way}, {past}", **milliseconds(call)} for way, call in ways.items()]
    usual = milliseconds(lambda i: peer.predict_proba(frames[i % 200]), 100)
    rows.append({"way": "scikit-learn pipeline of LightGBM, rows written before", **usual})
    table(rows, f"The family: one record, {CATALOGUE} offers")


def main() -> None:
    """Print every table."""
    models = learn()
    batches(models)
    records(models)
    family()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

"""Coupon campaigns of a grocer (Complete Journey): which targeted household redeems, and which of the coupons.

Trained on the campaigns that started before the last five, tested on these. What is known on the day a campaign starts:
the household's purchases, campaigns and redemptions strictly before that day, and its demographics. A training label is
a redemption before the first test campaign starts, for later ones were not known then. Campaigns that started before
there were purchases (2017) are left out of training. All methods see the same columns.

`redeem`: AUC over household x campaign, with the interval of 500 draws of households; and the AUC within campaigns
(mean of each campaign's own), which the level of a campaign cannot help.
`coupons`: among the coupons of a campaign, which did a household redeem that redeemed any: nDCG over all of them. All
see the kinds of products (product_type) that each household bought before the campaign, line by line; a coupon's score
is the mean, the sum or the largest of its products' kinds, chosen for each method on the five campaigns before. Ours
settles its choices before the first of these ten campaigns and is fitted again, under the same, before each later one.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from scipy import sparse

from _data import FOLDER
from cxml import offers
from cxml.contract import build_config
from cxml.metrics import bootstrap, difference_interval, roc_auc
from cxml.metrics.intervals import resamples
from cxml.offers import AffinityConfig
from cxml.offers.affinity import AffinityOffers

PLACE = FOLDER / "offers" / "complete_journey"
TESTED, WINDOW = 5, 90
HOUSEHOLD, CAMPAIGN, START, LABEL = "household_id", "campaign_id", "start_date", "redeemed"
OF_CAMPAIGN = ["campaign_type", "campaign_days", "n_coupons", "n_products"]
METHODS = ("cxml affinity", "item cosine", "own purchases", "popularity")


def read() -> dict[str, pd.DataFrame]:
    if not PLACE.is_dir():
        print(f"skipped: complete_journey is not here ({PLACE}). Set CXML_DATA to the folder that holds offers/.")
        raise SystemExit(0)
    names = ["campaigns", "campaign_descriptions", "coupons", "coupon_redemptions", "demographics", "products"]
    found = {name: pd.read_parquet(PLACE / f"{name}.parquet") for name in names}
    columns = [HOUSEHOLD, "basket_id", "product_id", "sales_value", "coupon_disc", "transaction_timestamp"]
    found["transactions"] = pd.read_parquet(PLACE / "transactions.parquet", columns=columns)
    return found


def features(data: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a household targeted by a campaign, as of the day it starts."""
    bought, start = data["transactions"], data["campaign_descriptions"].set_index(CAMPAIGN)
    targeted = data["campaigns"].merge(data["campaign_descriptions"], on=CAMPAIGN)
    redeemed = data["coupon_redemptions"]
    first_test = sorted(start[START])[-TESTED]
    rows = []
    for campaign, group in targeted.groupby(CAMPAIGN):
        day = start.at[campaign, START]
        if day < bought["transaction_timestamp"].min():
            continue
        before = bought[bought["transaction_timestamp"] < day]
        coupons = data["coupons"][data["coupons"][CAMPAIGN] == campaign]
        frame = group.set_index(HOUSEHOLD)[[CAMPAIGN, "campaign_type", START]]
        frame["campaign_days"] = (start.at[campaign, "end_date"] - day).days
        frame["n_coupons"], frame["n_products"] = coupons["coupon_upc"].nunique(), coupons["product_id"].nunique()
        frame = frame.join(purchases(before, day, coupons))
        frame = frame.join(past_campaigns(targeted, redeemed, day))
        # The labels of training campaigns end where the first test campaign starts.
        end = first_test if day < first_test else pd.Timestamp.max
        own = redeemed[(redeemed[CAMPAIGN] == campaign) & (redeemed["redemption_date"] < end)]
        frame[LABEL] = frame.index.isin(own[HOUSEHOLD]).astype(int)
        rows.append(frame.reset_index())
    found = pd.concat(rows, ignore_index=True)
    counts = [name for name in found if name.startswith("n_")]
    found[counts] = found[counts].fillna(0.0)
    return found.merge(data["demographics"], on=HOUSEHOLD, how="left")


def purchases(before: pd.DataFrame, day: pd.Timestamp, coupons: pd.DataFrame) -> pd.DataFrame:
    recent = before[before["transaction_timestamp"] >= day - pd.Timedelta(days=WINDOW)]
    everything, late = before.groupby(HOUSEHOLD), recent.groupby(HOUSEHOLD)
    on_coupon = before[before["coupon_disc"] > 0]
    theirs = before[before["product_id"].isin(coupons["product_id"])]
    pairs = (
        theirs[[HOUSEHOLD, "product_id"]]
        .drop_duplicates()
        .merge(coupons[["coupon_upc", "product_id"]].drop_duplicates(), on="product_id")
    )
    found = pd.DataFrame(
        {
            "n_trips_90": late["basket_id"].nunique(),
            "n_spend_90": late["sales_value"].sum(),
            "n_products_90": late["product_id"].nunique(),
            "n_coupon_lines": on_coupon.groupby(HOUSEHOLD).size(),
            "n_coupon_lines_90": recent[recent["coupon_disc"] > 0].groupby(HOUSEHOLD).size(),
            "n_spend_on_their_products": theirs.groupby(HOUSEHOLD)["sales_value"].sum(),
            "n_their_products_bought": theirs.groupby(HOUSEHOLD)["product_id"].nunique(),
            "n_their_coupons_usable": pairs.groupby(HOUSEHOLD)["coupon_upc"].nunique(),
        }
    )
    found["spend_a_trip"] = everything["sales_value"].sum() / everything["basket_id"].nunique()
    found["days_since_trip"] = (day - everything["transaction_timestamp"].max()).dt.days
    found["share_of_their_coupons"] = found["n_their_coupons_usable"] / max(1, coupons["coupon_upc"].nunique())
    return found


def past_campaigns(targeted: pd.DataFrame, redeemed: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    earlier, used = targeted[targeted[START] < day], redeemed[redeemed["redemption_date"] < day]
    found = pd.DataFrame(
        {
            "n_campaigns_before": earlier.groupby(HOUSEHOLD).size(),
            "n_campaigns_redeemed": used.groupby(HOUSEHOLD)[CAMPAIGN].nunique(),
            "n_redemptions": used.groupby(HOUSEHOLD).size(),
            "days_since_redemption": (day - used.groupby(HOUSEHOLD)["redemption_date"].max()).dt.days,
        }
    )
    found["redeemed_share_before"] = found["n_campaigns_redeemed"].fillna(0) / found["n_campaigns_before"]
    return found


def trees(train: pd.DataFrame, test: pd.DataFrame, **settings: object) -> np.ndarray:
    left_out = [LABEL, START, HOUSEHOLD, CAMPAIGN]
    both = pd.concat([train, test]).drop(columns=left_out)
    for name in both.select_dtypes(exclude="number"):
        both[name] = both[name].astype("category")
    model = LGBMClassifier(verbose=-1, random_state=0, n_jobs=1, **settings)
    model.fit(both.iloc[: len(train)], train[LABEL])
    return model.predict_proba(both.iloc[len(train) :])[:, 1]


def ours(method: str, train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """As a user would: the log with its names; new campaigns come as entries of a catalogue, one campaign at a time."""
    names = {"key": HOUSEHOLD, "offer": CAMPAIGN, "response": LABEL, "positive": 1, "time": START}
    model = offers.train(train, **names, offer_columns=tuple(OF_CAMPAIGN), method=method, track=False).model
    found = np.zeros(len(test))
    for _, rows in test.reset_index(drop=True).groupby(CAMPAIGN):
        entry = rows[[CAMPAIGN, *OF_CAMPAIGN]].head(1)
        customers = rows.drop(columns=[LABEL, CAMPAIGN, *OF_CAMPAIGN])
        found[rows.index] = model.score(customers, entry).probability[:, 0]
    return found


def popularity(train: pd.DataFrame, test: pd.DataFrame, column: str) -> np.ndarray:
    """Past rate of each value of a column, drawn towards the rate of all by ten rows."""
    rate, by = train[LABEL].mean(), train.groupby(column)[LABEL].agg(["sum", "size"])
    return test[column].map((by["sum"] + 10 * rate) / (by["size"] + 10)).fillna(rate).to_numpy()


def within(test: pd.DataFrame, p: np.ndarray) -> float:
    found = [
        roc_auc(rows[LABEL], p[rows.index]) for _, rows in test.groupby(CAMPAIGN) if 0 < rows[LABEL].sum() < len(rows)
    ]
    return float(np.mean(found))


def redeem(data: dict[str, pd.DataFrame]) -> None:
    frame = features(data)
    last = data["campaign_descriptions"].sort_values([START, CAMPAIGN])[CAMPAIGN].tail(TESTED)
    test = frame[frame[CAMPAIGN].isin(last)].reset_index(drop=True)
    train = frame[~frame[CAMPAIGN].isin(last)].reset_index(drop=True)
    rows, hits = (len(train), len(test)), (train[LABEL].sum(), test[LABEL].sum())
    print(f"\nredeem: {rows[0]:,} rows, {hits[0]} redeemed; test {rows[1]:,}, {hits[1]} redeemed")
    small = {"n_estimators": 150, "learning_rate": 0.03, "num_leaves": 7, "min_child_samples": 50}
    methods = {
        "cxml propensity": lambda: ours("propensity", train, test),
        "cxml logistic": lambda: ours("logistic", train, test),
        "LightGBM, its defaults": lambda: trees(train, test),
        "LightGBM, small": lambda: trees(train, test, **small),
        "rate of the campaign type": lambda: popularity(train, test, "campaign_type"),
        "rate of the household": lambda: popularity(train, test, HOUSEHOLD),
    }
    said = {}
    for name, run in methods.items():
        begun = time.perf_counter()
        said[name] = run()
        (told,) = bootstrap({"auc": roc_auc}, test[LABEL], said[name], groups=test[HOUSEHOLD])
        seconds = time.perf_counter() - begun
        print(f"  {name:28}AUC {told['auc']}   within campaigns {within(test, said[name]):.4f}   {seconds:5.1f} s")
    for name in list(said)[2:]:
        gap = difference_interval(roc_auc, test[LABEL], said["cxml propensity"], said[name], groups=test[HOUSEHOLD])
        print(f"  cxml propensity less {name:28}{gap.value:+.4f} [{gap.lower:+.4f}, {gap.upper:+.4f}]")


def scores_by_kind(method: str, matrix: sparse.csr_array, model: AffinityOffers, rows: np.ndarray) -> np.ndarray:
    """What each of some households is expected to take of each kind of product, by its purchases so far."""
    if method == "popularity":
        return np.tile(np.asarray((matrix > 0).sum(axis=0)).ravel(), (rows.size, 1)).astype(float)
    if method == "own purchases":
        return matrix[rows].toarray()
    if method == "item cosine":
        binary = (matrix > 0).astype(float)
        norms = np.sqrt(np.maximum(np.asarray(binary.sum(axis=0)).ravel(), 1))
        alike = (binary.T @ binary).toarray() / np.outer(norms, norms)
        return binary[rows] @ alike
    kinds = model.entries()["kind"].to_numpy()
    found = np.zeros((rows.size, matrix.shape[1]))
    found[:, kinds] = model.score(pd.DataFrame({"household": rows})).probability
    return found


def pooled(scores: np.ndarray, products: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Scores of coupons from those of their products' kinds, each of shape (n_households, n_coupons)."""
    sizes = np.array([len(kinds) for kinds in products])
    starts, members = np.r_[0, np.cumsum(sizes)[:-1]], scores[:, np.concatenate(products)]
    total = np.add.reduceat(members, starts, axis=1)
    return {"mean": total / sizes, "sum": total, "max": np.maximum.reduceat(members, starts, axis=1)}


def ndcg(score: np.ndarray, relevant: np.ndarray) -> float:
    """Of a list with ties in random order: the mean discount of the places that equal scores share."""
    discount = 1 / np.log2(np.arange(2, score.size + 2))
    order = np.argsort(-score, kind="stable")
    _, tie = np.unique(-score[order], return_inverse=True)
    shared = (np.bincount(tie, discount) / np.bincount(tie))[tie]
    return float(shared[relevant[order]].sum() / discount[: int(relevant.sum())].sum())


def coupons(data: dict[str, pd.DataFrame]) -> None:
    kind_of = data["products"].set_index("product_id")["product_type"].fillna("unknown")
    kinds, kind_at = np.unique(kind_of, return_inverse=True)
    place = pd.Series(kind_at, index=kind_of.index)
    bought = data["transactions"]
    bought = bought[bought["product_id"].isin(place.index)]
    households = pd.Index(np.unique(bought[HOUSEHOLD]))
    row, column = households.get_indexer(bought[HOUSEHOLD]), place[bought["product_id"]].to_numpy()
    days = bought["transaction_timestamp"].to_numpy()
    start = data["campaign_descriptions"].sort_values([START, CAMPAIGN]).set_index(CAMPAIGN)[START]
    log = pd.DataFrame({"household": row, "kind": column, "at": days})
    names = {"key": "household", "offer": "kind", "time": "at", "repeat": True}
    model = AffinityOffers(build_config(AffinityConfig, names))
    found, settled = [], False
    for campaign, day in start.tail(2 * TESTED).items():  # the choice of a pool needs no more
        own = data["coupon_redemptions"][data["coupon_redemptions"][CAMPAIGN] == campaign]
        theirs = data["coupons"][data["coupons"][CAMPAIGN] == campaign]
        theirs = theirs[theirs["product_id"].isin(place.index)].groupby("coupon_upc")["product_id"]
        products = {coupon: np.unique(place[ids].to_numpy()) for coupon, ids in theirs}
        own = own[own["coupon_upc"].isin(products) & own[HOUSEHOLD].isin(households)]
        if len(products) < 2 or not len(own):
            continue
        asked = np.unique(households.get_indexer(own[HOUSEHOLD]))
        known = days < np.datetime64(day)
        shape = (len(households), len(kinds))
        matrix = sparse.csr_array((np.ones(known.sum()), (row[known], column[known])), shape=shape)
        matrix.sum_duplicates()
        model, settled = (model.refit if settled else model.fit)(log[known]), True
        taken = {one: set(rows["coupon_upc"]) for one, rows in own.groupby(HOUSEHOLD)}
        relevant = np.array([[coupon in taken[households[at]] for coupon in products] for at in asked])
        for method in METHODS:
            told = pooled(scores_by_kind(method, matrix, model, asked), list(products.values()))
            for pool, scores in told.items():
                for at, one, wanted in zip(asked, scores, relevant, strict=True):
                    found.append((method, pool, campaign, households[at], ndcg(one, wanted)))
    print("\nsettled before the first of the ten campaigns:", model.choice)
    table = pd.DataFrame(found, columns=["method", "pool", CAMPAIGN, HOUSEHOLD, "ndcg"])
    tell_coupons(table.assign(tested=table[CAMPAIGN].isin(start.index[-TESTED:])))


def tell_coupons(table: pd.DataFrame) -> None:
    chosen = {}
    for method in METHODS:
        mine = table[table["method"] == method]
        pool = mine[~mine["tested"]].groupby("pool")["ndcg"].mean().idxmax()
        chosen[method] = mine[mine["tested"] & (mine["pool"] == pool)].set_index([CAMPAIGN, HOUSEHOLD])["ndcg"]
        chosen[method].name = pool
    first = chosen["cxml affinity"]
    households = first.index.get_level_values(HOUSEHOLD).to_numpy()
    print(f"\ncoupons: {len(first)} households that redeemed in the last {TESTED} campaigns")
    draws = list(resamples(len(first), households, repeats=500))
    for method, values in chosen.items():
        each = values.reindex(first.index).to_numpy()
        mean, gap = ([float(one[at].mean()) for at in draws] for one in (each, first.to_numpy() - each))
        low, high = np.quantile(mean, [0.025, 0.975])
        less, more = np.quantile(gap, [0.025, 0.975])
        ends = (
            ""
            if method == "cxml affinity"
            else f"   cxml less it {np.mean(first - each):+.4f} [{less:+.4f}, {more:+.4f}]"
        )
        print(f"  {method:16}({values.name:4}) nDCG {each.mean():.4f} [{low:.4f}, {high:.4f}]{ends}")


if __name__ == "__main__":
    known_tables = read()
    if "coupons" not in sys.argv[1:]:
        redeem(known_tables)
    if "redeem" not in sys.argv[1:]:
        coupons(known_tables)

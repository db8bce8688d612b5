"""Who takes what next, beside peers on the same split: nDCG@10 of the last fifth of customers' items.

Pages visited (msweb: items in an order drawn by chance, customers with four or more, the first 5,000 judged) and films
rated 3.5 or better (movielens, by time, customers with four or more). What a customer has is left out of every list;
the best list has ``min(10, taken)`` hits. All settings of ours are chosen inside the fit, on training interactions
alone; the peers' are named beside them, and ALS has those under which it did best on the pages that are judged too.
Two sets more have been used for no choice: what customers of a shop bought for the first time (online_retail: stock
codes; complete_journey: kinds of products), by time.

    python benchmarks/offers_ranking.py
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from _data import FOLDER, table
from cxml.metrics import standard_error
from cxml.metrics.ranking import ndcg_at, recall_at
from cxml.offers.affinity import AffinityOffers
from cxml.offers.config import AffinityConfig
from cxml.offers.ease import cosine_weights, item_scores

RANKS, LEAST = 10, 4


def msweb() -> tuple[pd.DataFrame, int, bool]:
    """Customer, item, place in the customer's order; how many to judge; whether the order is one of time."""
    frame = pd.read_csv(FOLDER / "offers" / "msweb.csv.gz").drop_duplicates()
    frame = frame.rename(columns={"itemsetID": "customer", "labels": "item"})
    frame["customer"], frame["item"] = pd.factorize(frame["customer"])[0], pd.factorize(frame["item"])[0]
    shuffled = frame.sample(frac=1, random_state=0).sort_values("customer", kind="stable")
    return shuffled.reset_index(drop=True), 5_000, False


def movielens() -> tuple[pd.DataFrame, int, bool]:
    """The same of films."""
    frame = pd.read_csv(FOLDER / "offers" / "movielens_latest_small_2016" / "ratings.csv.gz")
    frame = frame[frame["rating"] >= 3.5]
    frame = frame.assign(customer=pd.factorize(frame["userId"])[0], item=pd.factorize(frame["movieId"])[0])
    ordered = frame.sort_values(["customer", "timestamp"], kind="stable")[["customer", "item", "timestamp"]]
    return ordered.reset_index(drop=True), len(frame), True


def online_retail() -> tuple[pd.DataFrame, int, bool]:
    """The same of stock codes bought from a wholesaler; cancelled lines and codes that are no product left out."""
    text = {"InvoiceNo": str, "StockCode": str}
    frame = pd.read_csv(FOLDER / "clv" / "online_retail.csv.gz", dtype=text, parse_dates=["InvoiceDate"])
    bought = (frame["Quantity"] > 0) & frame["CustomerID"].notna() & frame["StockCode"].str[:5].str.isdigit()
    return _first_taken(frame[bought], "CustomerID", "StockCode", "InvoiceDate")


def complete_journey() -> tuple[pd.DataFrame, int, bool]:
    """The same of kinds of products that households bought."""
    folder = FOLDER / "offers" / "complete_journey"
    columns = ["household_id", "product_id", "transaction_timestamp"]
    frame = pd.read_parquet(folder / "transactions.parquet", columns=columns)
    kinds = pd.read_parquet(folder / "products.parquet", columns=["product_id", "product_type"]).dropna()
    return _first_taken(frame.merge(kinds, on="product_id"), "household_id", "product_type", "transaction_timestamp")


def _first_taken(frame: pd.DataFrame, customer: str, item: str, time: str) -> tuple[pd.DataFrame, int, bool]:
    ordered = frame.sort_values(time, kind="stable").drop_duplicates([customer, item])
    found = pd.DataFrame({"customer": pd.factorize(ordered[customer])[0], "item": pd.factorize(ordered[item])[0]})
    found["timestamp"] = ordered[time].to_numpy().astype("datetime64[s]").astype(np.int64)
    return found.sort_values(["customer", "timestamp"], kind="stable").reset_index(drop=True), len(found), True


def held_out(frame: pd.DataFrame) -> np.ndarray:
    """The last fifth of each customer's rows, rounded down and at least one."""
    sizes = frame.groupby("customer")["item"].transform("size").to_numpy()
    place = frame.groupby("customer").cumcount().to_numpy()
    found: np.ndarray = (sizes >= LEAST) & (place >= sizes - np.maximum(1, sizes // 5))
    return found


def as_matrix(frame: pd.DataFrame, shape: tuple[int, int]) -> csr_array:
    """1 where a customer has an item."""
    return csr_array((np.ones(len(frame)), (frame["customer"], frame["item"])), shape=shape)


def peers(train: csr_array, asked: np.ndarray, ridges: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Scores of the peers, settings as in their own examples."""
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from scipy.sparse import csr_matrix

    histories = train[asked]
    found = {"most popular": np.tile(np.asarray(train.sum(axis=0)), (len(asked), 1))}
    factored = {
        "implicit ALS, 32 factors": AlternatingLeastSquares(32, random_state=0, num_threads=1),
        "implicit ALS, 16 factors, alpha 20": AlternatingLeastSquares(16, alpha=20.0, random_state=0, num_threads=1),
        "implicit BPR, 64 factors": BayesianPersonalizedRanking(64, random_state=0, num_threads=1),
    }
    for name, model in factored.items():
        model.fit(csr_matrix(train, dtype=np.float32), show_progress=False)
        found[name] = model.user_factors[asked] @ model.item_factors.T
    found["item cosine"] = item_scores(histories, cosine_weights(train))
    for ridge in ridges:
        found[f"EASE, ridge {ridge:g}"] = ease(train, histories, ridge)
    return found


def ease(train: csr_array, histories: csr_array, ridge: float) -> np.ndarray:
    """Steck's own lines (2019, section 3.1), all weights kept."""
    products = (train.T @ train).toarray().astype(np.float32)
    products[np.diag_indices_from(products)] += ridge
    inverse = np.linalg.inv(products)
    weights = -inverse / np.diag(inverse)
    weights[np.diag_indices_from(weights)] = 0.0
    return np.asarray(histories.astype(np.float32) @ weights)


def ours(frame: pd.DataFrame, asked: np.ndarray, *, ordered: bool) -> tuple[np.ndarray, dict[str, object]]:
    """Chances by our model, and what it settled on."""
    named = frame.assign(customer=frame["customer"].astype(str), item=frame["item"].astype(str))
    config = AffinityConfig(key="customer", offer="item", time="timestamp" if ordered else None)
    if ordered:
        named["timestamp"] = pd.to_datetime(named["timestamp"], unit="s")
    start = perf_counter()
    model = AffinityOffers(config).fit(named)
    fitted = perf_counter()
    chance = model.score(pd.DataFrame({"customer": asked.astype(str)})).probability
    scored = perf_counter()
    scores = np.full((len(asked), frame["item"].max() + 1), -1.0)
    scores[:, model.entries()["item"].astype(int)] = chance
    return scores, {**model.choice.to_json(), "fit_s": fitted - start, "score_s": scored - fitted}


def judge(scores: np.ndarray, had: csr_array, taken: csr_array) -> dict[str, object]:
    """NDCG and recall with 95 % intervals."""
    scores = np.asarray(scores, dtype=np.float64)
    scores[had.nonzero()] = -np.inf
    top = np.argsort(-scores, axis=1, kind="stable")[:, :RANKS]
    hits = np.take_along_axis(taken.toarray() > 0, top, axis=1)
    relevant = np.diff(taken.indptr)
    line: dict[str, object] = {}
    for name, values in (("ndcg@10", ndcg_at(hits, relevant)), ("recall@10", recall_at(hits, relevant))):
        half = 1.96 * standard_error(values)
        line |= {name: f"{values.mean():.4f}", f"{name} 95 %": f"{values.mean() - half:.3f}-{values.mean() + half:.3f}"}
    return line


def main() -> None:
    """Print a table for each set."""
    if not (FOLDER / "offers").is_dir():
        print(f"skipped: no offers here ({FOLDER}). Set CXML_DATA to the folder that holds offers/.")
        raise SystemExit(0)
    for name, read, ridges in (
        ("msweb", msweb, (5.0, 100.0)),
        ("movielens", movielens, (100.0,)),
        ("online_retail (used for no choice)", online_retail, (100.0,)),
        ("complete_journey (used for no choice)", complete_journey, (100.0,)),
    ):
        frame, most, ordered = read()
        test = held_out(frame)
        shape = (int(frame["customer"].max()) + 1, int(frame["item"].max()) + 1)
        train, taken = as_matrix(frame[~test], shape), as_matrix(frame[test], shape)
        asked = np.flatnonzero(np.diff(taken.indptr))[:most]
        mine, settled = ours(frame[~test], asked, ordered=ordered)
        lists = {**peers(train, asked, ridges), "cxml affinity": mine}
        rows = [{"model": one, **judge(scores, train[asked], taken[asked])} for one, scores in lists.items()]
        table(rows, f"{name}: {shape[0]:,} customers, {shape[1]:,} items, {len(asked):,} customers judged")
        print(
            "settled inside the fit:",
            {key: round(one, 3) if isinstance(one, float) else one for key, one in settled.items()},
        )


if __name__ == "__main__":
    main()

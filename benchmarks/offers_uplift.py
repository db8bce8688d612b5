"""Effects of offers on public trials, beside what a careful user would reach for without cxml.

- hillstrom: two mailings against none, response = visit. Half to learn from, half to judge, seeds 0-9. Value of giving
  everybody the mailing of the largest effect, or none: mean response by inverse propensity, a customer counted once
  over the seeds in which they judge. With a cost per mail "none" begins to matter: the net value is shown as well.
- information: learned from `train`, asked once about `valid`: effect in the best 30 % by predicted effect.
- cookie_cats: no column from before the trial: the average effect alone. criteo_1k: the schema runs.

Differences have 95 % intervals from 1,000 resamples of customers, the same for both sides; models are not refitted in
them, so they leave out the luck of the training half.

    python benchmarks/offers_uplift.py [hillstrom information cookie criteo] [--seeds 10]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from _data import FOLDER, table
from cxml.errors import FrameError
from cxml.metrics import average_effect, qini_area, uplift_at
from cxml.metrics.uplift_intervals import bootstrap_uplift
from cxml.offers.checks_uplift import check_uplift
from cxml.offers.config import UpliftConfig
from cxml.offers.uplift import AverageEffect, ResponseEffect, UpliftOffers

MAILS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
#: Worth of a visit is 1; cost of a mail, in visits.
COSTS = (0.0, 0.05)
_REPEATS = 1_000


def read(name: str) -> pd.DataFrame:
    path = FOLDER / "uplift" / f"{name}.csv.gz"
    if not path.is_file():
        print(f"skipped: {name} is not here ({path}). Set CXML_DATA to the folder that holds uplift/.")
        raise SystemExit(0)
    return pd.read_csv(path)


def trees() -> object:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=150, random_state=0)


def coded(frame: pd.DataFrame) -> np.ndarray:
    texts = [name for name in frame if frame[name].dtype == object or str(frame[name].dtype) == "str"]
    return pd.get_dummies(frame, columns=texts).to_numpy(dtype=float)


def t_learner(X: np.ndarray, arm: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Chance under each arm, one ensemble an arm."""
    chances = [trees().fit(X[arm == one], y[arm == one]).predict_proba(asked)[:, 1] for one in np.unique(arm)]
    return np.column_stack(chances)


def response_model(X: np.ndarray, arm: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Chance under each arm, one ensemble for all with the arm as a column."""
    model = trees().fit(np.column_stack([X, arm]), y)
    arms = np.unique(arm)
    return np.column_stack(
        [model.predict_proba(np.column_stack([asked, np.full(len(asked), one)]))[:, 1] for one in arms]
    )


def hillstrom(seeds: int) -> None:
    frame = read("hillstrom_email")
    arm = frame["segment"].map({name: place for place, name in enumerate(MAILS)}).to_numpy()
    y = frame["visit"].to_numpy(dtype=float)
    X = coded(frame.drop(columns=["segment", "visit", "conversion", "spend"]))
    names = (
        "cxml offers/uplift",
        "T-learner (HistGradientBoosting)",
        "response model",
        "mail all men's",
        "mail nobody",
    )
    gained = {(name, cost): np.zeros(len(frame)) for name in names for cost in COSTS}
    by_seed: dict[tuple[str, float], list[float]] = {key: [] for key in gained}
    judged = np.zeros(len(frame))
    started = time.perf_counter()
    config = UpliftConfig(
        offer="segment", response="visit", control=MAILS[0], drop=("conversion", "spend"), on_leakage="warn"
    )
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(frame))
        seen, unseen = order[: len(frame) // 2], order[len(frame) // 2 :]
        _, settled, _ = check_uplift(frame.iloc[seen], config)
        model = UpliftOffers(settled).fit(frame.iloc[seen])
        effects = model.score(frame.iloc[unseen]).uplift[:, [0, 1]]
        rows = X[seen], arm[seen], y[seen], X[unseen]
        two, one = t_learner(*rows), response_model(*rows)
        told = {
            names[0]: effects,
            names[1]: two[:, 1:] - two[:, [0]],
            names[2]: one[:, 1:] - one[:, [0]],
            names[3]: np.tile([1.0, 0.0], (len(unseen), 1)),
            names[4]: np.full((len(unseen), 2), -1.0),
        }
        share = np.bincount(arm[unseen]) / len(unseen)
        weight = 1 / share[arm[unseen]]
        judged[unseen] += 1
        for cost in COSTS:
            for name, effect in told.items():
                best = effect - cost
                chosen = np.where(best.max(axis=1) > 0, best.argmax(axis=1) + 1, 0)
                worth = weight * (arm[unseen] == chosen) * y[unseen] - cost * (chosen > 0)
                gained[name, cost][unseen] += worth
                by_seed[name, cost].append(float(worth.mean()))
        print(f"seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)
    once = judged > 0
    for cost in COSTS:
        mean = {name: (gained[name, cost][once] / judged[once]) for name in names}
        table(
            [
                {
                    "policy": name,
                    "value": f"{mean[name].mean():.5f}",
                    "mean of seeds": f"{np.mean(by_seed[name, cost]):.5f}",
                    "sd of seeds": f"{np.std(by_seed[name, cost]):.5f}",
                    "cxml less it": "" if name == names[0] else interval(mean[names[0]] - mean[name]),
                    "seeds won": ""
                    if name == names[0]
                    else f"{np.mean(np.array(by_seed[names[0], cost]) > np.array(by_seed[name, cost])):.0%}",
                }
                for name in names
            ],
            f"Hillstrom: visits per customer less {cost:g} per mail, right mail or none, {seeds} seeds",
        )


def interval(values: np.ndarray) -> str:
    draw = np.random.default_rng(0)
    means = [values[draw.integers(0, len(values), len(values))].mean() for _ in range(_REPEATS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.mean():+.5f} [{low:+.5f}, {high:+.5f}]"


def information() -> None:
    seen, unseen = read("information_train"), read("information_valid")
    config = UpliftConfig(offer="TREATMENT", response="PURCHASE", control=0, key="UNIQUE_ID")
    seen, config, found = check_uplift(seen, config)
    started = time.perf_counter()
    model = UpliftOffers(config).fit(seen)
    took = time.perf_counter() - started
    effect = model.score(unseen).uplift[:, 0]
    features = [name for name in seen if name not in ("TREATMENT", "PURCHASE", "UNIQUE_ID")]
    arms, y = seen["TREATMENT"].to_numpy(), seen["PURCHASE"].to_numpy(dtype=float)
    chances = t_learner(coded(seen[features]), arms, y, coded(unseen[features]))
    told = {
        "cxml offers/uplift": effect,
        "T-learner (HistGradientBoosting)": chances[:, 1] - chances[:, 0],
        "cxml response model": ResponseEffect(config).fit(seen).score(unseen).uplift[:, 0],
    }
    truth, treated = unseen["PURCHASE"].to_numpy(dtype=float), unseen["TREATMENT"].to_numpy(dtype=float)
    figures = bootstrap_uplift(
        {"uplift_at_30": uplift_at, "qini_radcliffe_area": qini_area}, truth, treated, *told.values(), repeats=_REPEATS
    )
    table(
        [
            {
                "model": name,
                "uplift in top 30 %, points": points(one["uplift_at_30"]),
                "Qini area (Radcliffe), points": points(one["qini_radcliffe_area"]),
            }
            for name, one in zip(told, figures, strict=True)
        ],
        f"information: learned from train in {took:.0f} s ({model.choice}), asked about valid",
    )
    print(f"average effect in valid: {100 * average_effect(truth, treated).value:+.2f} points; {found.notes}")


def points(one: object) -> str:
    return f"{100 * one.value:+.2f} [{100 * one.lower:+.2f}, {100 * one.upper:+.2f}]"


def cookie() -> None:
    frame = read("cookie_cats")
    config = UpliftConfig(
        offer="version", response="retention_7", control="gate_40", key="userid", drop=("retention_1",)
    )
    try:
        check_uplift(frame, config)
    except FrameError as refusal:
        print(f"\ncookie_cats as it is, refused: {refusal}")
    frame, config, found = check_uplift(
        frame, UpliftConfig(**{**vars(config), "drop": ("retention_1", "sum_gamerounds")})
    )
    model = AverageEffect(config).fit(frame)
    treated = (frame["version"] == "gate_30").to_numpy(dtype=float)
    effect = average_effect(frame["retention_7"].to_numpy(dtype=float), treated)
    low, high = effect.interval()
    print(
        f"cookie_cats without it: gate_30 less gate_40 {100 * effect.value:+.2f} points "
        f"[{100 * low:+.2f}, {100 * high:+.2f}]"
    )
    print(f"the model says {100 * model.score(frame.head(1)).uplift[0, 0]:+.2f} for everybody; {found.notes}")


def criteo() -> None:
    frame = read("criteo_uplift_1k")
    config = UpliftConfig(offer="treatment", response="visit", control=0, drop=("conversion", "exposure"))
    frame, config, found = check_uplift(frame, config)
    effect = UpliftOffers(config).fit(frame).score(frame).uplift[:, 0]
    print(f"\ncriteo, 1,000 rows (schema only): effects from {effect.min():+.4f} to {effect.max():+.4f}; {found.notes}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["information", "cookie", "criteo", "hillstrom"])
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    ways = {"information": information, "cookie": cookie, "criteo": criteo, "hillstrom": lambda: hillstrom(asked.seeds)}
    for name in asked.sets:
        ways[name]()


if __name__ == "__main__":
    main()

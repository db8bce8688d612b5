"""The money measures on Iranian telecom churn, beside empulse's: the same predictions, the same costs, in one run.

The predictions are those of cxml's boosted model, scikit-learn's logistic regression and the base rate, on one
stratified 75/25 split. Equal figures check our closed forms; the seconds are for 100 calls.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from empulse.metrics import empc_score, mpc_score
from sklearn.model_selection import train_test_split

from _data import SOURCES, read, table
from churn_accuracy import logistic, ours
from cxml.churn.boosted import BoostedChurn
from cxml.metrics import expected_maximum_profit, maximum_profit

CALLS = 100


def theirs(measure: Any, target: np.ndarray, chance: np.ndarray) -> tuple[float, float]:
    """Profit and share by empulse, with the costs that are the default here."""
    costs = {"clv": 200, "incentive_cost": 10, "contact_cost": 1}
    return measure(target, chance, **costs), measure.optimal_rate(target, chance, **costs)


def timed(call: Callable[[], tuple[float, float]]) -> tuple[float, float, float]:
    """Profit, share and the seconds of many calls."""
    start = time.perf_counter()
    for _ in range(CALLS):
        profit, share = call()
    return profit, share, time.perf_counter() - start


def main() -> None:
    """Print profit per customer and the targeted share."""
    source = next(one for one in SOURCES if one.name == "iranian")
    frame = read(source)
    seen, unseen = train_test_split(frame, test_size=0.25, random_state=0, stratify=frame[source.target])
    target = unseen[source.target].to_numpy()
    chances = {
        "cxml boosted": ours(BoostedChurn, source)(seen, unseen),
        "logistic (scikit-learn)": logistic(source)(seen, unseen),
        "base rate": np.full(len(unseen), float((seen[source.target] == 1).mean())),
    }
    rows = []
    for name, chance in chances.items():
        ways = {
            "EMPC, cxml": lambda chance=chance: expected_maximum_profit(target, chance),
            "EMPC, empulse": lambda chance=chance: theirs(empc_score, target, chance),
            "MPC, cxml": lambda chance=chance: maximum_profit(target, chance),
            "MPC, empulse": lambda chance=chance: theirs(mpc_score, target, chance),
        }
        for way, call in ways.items():
            profit, share, seconds = timed(call)
            rows.append(
                {
                    "predictions": name,
                    "measure": way,
                    "profit": f"{profit:.6f}",
                    "targeted": f"{share:.4f}",
                    "seconds": f"{seconds:.2f}",
                }
            )
    table(rows, "Profit per customer (value 200, offer 10, contact 1, acceptance Beta(6, 14) or 0.3)")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

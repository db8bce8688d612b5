"""When will they leave, on Telco: cxml's survival model beside lifelines' Cox regression, on the same three splits.

`TotalCharges` is left out for both: it is tenure times the monthly fee, so it tells the duration it should predict.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from sklearn.model_selection import train_test_split

from _data import SOURCES, for_peers, read, table
from cxml.churn import SurvivalConfig
from cxml.churn.evaluate_survival import judge_survival
from cxml.churn.survival import SurvivalChurn
from cxml.metrics import concordance_index


def cox(seen: pd.DataFrame, unseen: pd.DataFrame, penalizer: float) -> np.ndarray:
    """Risk by Cox regression on one-hot categories."""
    columns = pd.get_dummies(pd.concat([seen, unseen]), drop_first=True, dtype=float)
    model = CoxPHFitter(penalizer=penalizer).fit(columns.iloc[: len(seen)], "tenure", "left")
    return model.predict_partial_hazard(columns.iloc[len(seen) :]).to_numpy()


def main() -> None:
    """Print concordance and seconds, mean over the splits."""
    telco = SOURCES[0]
    frame = read(telco).drop(columns="TotalCharges")
    features, left = for_peers(frame.assign(TotalCharges=0), telco)
    peers = features.drop(columns="TotalCharges").assign(left=left)
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in (0, 1, 2):
        seen, unseen = train_test_split(np.arange(len(frame)), test_size=0.25, random_state=seed, stratify=left)
        truth = peers.iloc[unseen]
        for penalizer in (0.01, 0.1):
            start = time.perf_counter()
            risk = cox(peers.iloc[seen], truth, penalizer)
            figure = concordance_index(truth["tenure"], truth["left"], risk)
            found.setdefault(f"lifelines Cox, penalizer {penalizer}", []).append((figure, time.perf_counter() - start))
        config = SurvivalConfig(target="Churn", positive="Yes", duration="tenure")
        start = time.perf_counter()
        model = SurvivalChurn(config).fit(frame.iloc[seen])
        judged = judge_survival({"survival": model}, frame.iloc[unseen], config)["survival"]
        found.setdefault("cxml survival", []).append((judged.metrics[1].value, time.perf_counter() - start))
    rows = [
        {
            "model": name,
            "concordance": f"{np.mean([one[0] for one in many]):.4f}",
            "seconds": f"{np.mean([one[1] for one in many]):.1f}",
        }
        for name, many in found.items()
    ]
    table(rows, "Telco, tenure in months censored by Churn: mean of three stratified 75/25 splits")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

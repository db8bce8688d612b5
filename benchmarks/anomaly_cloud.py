"""Production telemetry with labelled rows: cxml beside the usual detectors, on the same history and the same budget.

Forty series of the Microsoft cloud monitoring set and three of NetMan. The first half of each series is history: peers
are fitted on it, or stream through it; the second half is judged. Streaming ways go on learning there. VUS-PR and event
AUC-PR ask nothing but the order of the scores, each series by itself, where its second half has labels. Then one
threshold for all series of a way is set so that they raise at most the budget in the history (`_anomaly.first_told`
makes alerts of scores, the same way for all); recall, precision, delay and false alarms are those of the second half.
Differences are those of the same series, with 1.96 standard errors.

    python benchmarks/anomaly_cloud.py                         (some five minutes)
    python benchmarks/anomaly_cloud.py --development --skip "MSTL residual"
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from _anomaly import PEERS, WEEK, Labelled, budget_threshold, first_told, read_cloud
from _data import table
from cxml import anomaly
from cxml.metrics import standard_error
from cxml.metrics.events import match_alerts
from cxml.metrics.vus import event_auc_pr, vus_pr

WEEKLY = 1.0
FIRST = "cxml residual"


def soft(series: Labelled) -> int:
    """Rows by which edges are softened at most, and in which a run of alerts is told once: 24, or those of an hour."""
    return max(24, round(pd.Timedelta("1h") / series.step))


def cxml_scores(chosen: Sequence[Labelled], method: str) -> list[np.ndarray]:
    """All series followed from nothing, in one stream."""
    frame = pd.concat([series.frame() for series in chosen], ignore_index=True)
    found = anomaly.detect(frame, method=method)["score"].to_numpy(float)
    return np.split(found, np.cumsum([len(series.values) for series in chosen])[:-1])


def judged(name: str, chosen: Sequence[Labelled], scores: Sequence[np.ndarray], weekly: float) -> dict[str, object]:
    """Figures of a way on the second halves."""
    vus, events = [], []
    halves = [len(one) // 2 for one in scores]
    threshold = budget_threshold(
        [one[:half] for one, half in zip(scores, halves, strict=True)],
        [series.step for series in chosen],
        rest=[soft(series) for series in chosen],
        weekly=weekly,
    )
    windows = found = false = told = 0
    weeks, delays = 0.0, []
    for series, score, half in zip(chosen, scores, halves, strict=True):
        labels, later = series.labels[half:], score[half:]
        if 0 < labels.sum() < len(labels):
            vus.append(vus_pr(labels, later, buffer=soft(series)))
            events.append(event_auc_pr(labels, later))
        else:
            vus.append(np.nan)
            events.append(np.nan)
        alerts = np.flatnonzero(first_told(score, soft(series))[half:] >= max(threshold, 1e-12))
        inside = np.clip(series.windows[series.windows[:, 1] >= half] - half, 0, None)
        match = match_alerts(inside[:, 0], inside[:, 1], alerts)
        windows, told = windows + len(inside), told + len(alerts)
        found, false = found + int((match.first >= 0).sum()), false + int(match.false.sum())
        delays += match.delay[match.first >= 0].tolist()
        weeks += len(later) * (series.step / WEEK)
    return {
        "way": name,
        "VUS-PR": float(np.nanmean(vus)),
        "event AUC-PR": float(np.nanmean(events)),
        "recall": found / windows,
        "precision": (told - false) / max(told, 1),
        "delay, rows": float(np.mean(delays)) if delays else np.nan,
        "false a week": false / weeks,
        "_vus": np.array(vus),
        "_events": np.array(events),
    }


def difference(first: np.ndarray, other: np.ndarray) -> str:
    """Mean of the paired differences and the half width of its interval."""
    gaps = (first - other)[np.isfinite(first - other)]
    return f"{gaps.mean():+.3f} +- {1.96 * standard_error(gaps):.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--development", action="store_true", help="only the half on which methods may be chosen")
    parser.add_argument("--skip", nargs="*", default=[], help="ways to leave out")
    parser.add_argument("--weekly", type=float, default=WEEKLY, help="alerts a week and series in the history")
    options = parser.parse_args()
    chosen = [series for series in read_cloud() if series.development or not options.development]
    rows = []
    for name in [FIRST, "cxml robust_z", *PEERS]:
        if name in options.skip:
            continue
        began = time.perf_counter()
        if name in PEERS:
            scores = [PEERS[name](one.times, one.values, len(one.values) // 2) for one in chosen]
        else:
            scores = cxml_scores(chosen, name.split()[1])
        seconds = time.perf_counter() - began
        print(f"{name}: {seconds:.0f} s", file=sys.stderr)
        rows.append(judged(name, chosen, scores, options.weekly) | {"s": round(seconds)})
    for row in rows:
        for measure in ("vus", "events"):
            row[f"{FIRST} more, {measure}"] = (
                "" if row is rows[0] else difference(rows[0][f"_{measure}"], row[f"_{measure}"])
            )
    labelled = int(np.isfinite(rows[0]["_vus"]).sum())
    for row in rows:
        del row["_vus"], row["_events"]
    shown = [{key: round(one, 3) if isinstance(one, float) else one for key, one in row.items()} for row in rows]
    table(
        shown,
        f"{len(chosen)} series, {labelled} of them with labels in the second half; "
        f"budget {options.weekly:g} alerts a week and series",
    )


if __name__ == "__main__":
    pd.set_option("display.width", 220)
    main()

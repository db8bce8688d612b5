"""What a policy would earn, from another's log, beside its own log: Open Bandit (fashion items, clicks).

Two policies ran side by side for a week: one drew items at random, the other by Thompson sampling ("bts"). Each one's
click rate is estimated from the other's log and compared with the interval of its own log's. IPS and DM are the peers
of SNIPS and DR; all come from `cxml.metrics.policy_value` in one run.

Assumed, and looked at in the data first:
- bts does not see who asks. Its chances change every few minutes as it learns; hour, item and position explain 96 % of
  the spread of their logarithm, ten minutes 99.6 %.
- Rows are places (position 1 to 3), each with its own chance. The logs hold single impressions, hardly two of a page,
  so rows stand alone. The value is a click an impression over all positions, as often as they were logged.
- Judging bts on the random log needs its mean chance of each item at each position over the week: its share of the bts
  log. The mean of its logged propensities is not it: rows hold an item when it was likely, and add up to 2 to 4.
- Judging random on the bts log is told twice: with the chance of the moment, down to 5e-5, and with the item's share of
  its position (`observed_propensity`), which is sound if a click on an item is as likely at all times of the week.
- The model of clicks learns from the judged log only, on other folds than it is asked about: logistic regression on
  item, position and the four user features, its penalty chosen by the log loss of those folds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from _data import FOLDER
from cxml.metrics import compare_policies, observed_propensity, policy_value, wilson_interval

USER = [f"user_feature_{place}" for place in range(4)]
FEATURES = ["item_id", "position", *USER]
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
FOLDS = 5


def read(policy: str, campaign: str) -> pd.DataFrame:
    path = FOLDER / "offers" / "open_bandit" / f"{policy}_{campaign}.csv.gz"
    if not path.is_file():
        print(f"skipped: {path.name} is not here. Set CXML_DATA to the folder that holds offers/.")
        raise SystemExit(0)
    return pd.read_csv(path, index_col=0)


def chances(frame: pd.DataFrame, policy: str, items: pd.Index) -> pd.DataFrame:
    """Mean chance of each item at each position, positions x items."""
    if policy == "random":
        return pd.DataFrame(1 / len(items), index=[1, 2, 3], columns=items)
    return pd.crosstab(frame["position"], frame["item_id"], normalize="index").reindex(columns=items, fill_value=0.0)


def clicks_model(strength: float) -> object:
    encoder = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(encoder, LogisticRegression(C=strength, max_iter=1_000))


def expected_rewards(frame: pd.DataFrame, target: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """Expected click of the logged item, and of the target policy, of models that saw other folds."""
    x, y = frame[FEATURES].astype(str), frame["click"].to_numpy()
    losses = {}
    for strength in PENALTIES:
        said = cross_val_predict(
            clicks_model(strength), x, y, cv=KFold(FOLDS, shuffle=True, random_state=1), method="predict_proba"
        )
        losses[strength] = log_loss(y, said)
    best = min(losses, key=losses.get)
    logged, policy = np.zeros(len(frame)), np.zeros(len(frame))
    for train, test in KFold(FOLDS, shuffle=True, random_state=0).split(x):
        model = clicks_model(best).fit(x.iloc[train], y[train])
        logged[test] = model.predict_proba(x.iloc[test])[:, 1]
        asked = x.iloc[test]
        for item in target.columns:
            q = model.predict_proba(asked.assign(item_id=str(item)))[:, 1]
            policy[test] += target[item].loc[frame["position"].iloc[test]].to_numpy() * q
    return logged, policy, best


def judge(campaign: str, judged: str, logging: str) -> list[dict[str, object]]:
    own, log = read(judged, campaign), read(logging, campaign)
    items = pd.Index(sorted(set(own["item_id"]) | set(log["item_id"])))
    target = chances(own, judged, items)
    probability = np.array([target.at[at, item] for at, item in zip(log["position"], log["item_id"], strict=True)])
    propensities = {"of the moment": log["propensity_score"].to_numpy()}
    if logging == "bts":
        propensities["of the week"] = observed_propensity(log["item_id"], log["position"])
    q, mean, penalty = expected_rewards(log, target)
    low, high = (float(end) for end in wilson_interval(own["click"].sum(), len(own)))
    truth = own["click"].mean()
    print(f"\n{campaign}: {judged}, from the log of {logging} ({log['click'].sum()} clicks; C = {penalty:g})")
    print(f"  own log  {100 * truth:.3f} % [{100 * low:.3f}, {100 * high:.3f}] ({own['click'].sum()} clicks)")
    rows = []
    for chance, propensity in propensities.items():
        print(f"  chances {chance}")
        estimates = policy_value(log["click"], propensity, probability, expected=q, expected_policy=mean)[1:]
        for found in estimates:
            inside = low <= found.value <= high
            print(
                f"    {found.estimator:6}{100 * found.value:7.3f} % [{100 * found.lower:.3f}, {100 * found.upper:.3f}]"
                f"  effective rows {found.effective_rows:7,.0f}  {'inside' if inside else 'OUTSIDE'}"
            )
            rows.append({"chances": chance, "estimator": found.estimator, "logging": logging, "inside": inside})
            rows[-1] |= {"relative error": abs(found.value / truth - 1)}
            rows[-1] |= {"holds own rate": found.lower <= truth <= found.upper}
        for note in estimates[0].notes:
            print(f"    note: {note}")
        compare(log, propensity, judged, probability)
    return rows


def compare(log: pd.DataFrame, propensity: np.ndarray, judged: str, probability: np.ndarray) -> None:
    for one in compare_policies(log["click"], propensity, {judged: probability}, offer=log["item_id"]):
        ends = f"{100 * one.difference:+.3f} [{100 * one.lower:+.3f}, {100 * one.upper:+.3f}]"
        print(f"    {ends} points more than {one.against} (snips)")


def main() -> None:
    rows = []
    for campaign in ("all", "men"):
        rows += judge(campaign, "bts", "random") + judge(campaign, "random", "bts")
    table = pd.DataFrame(rows)
    figures = table.groupby(["logging", "chances", "estimator"], sort=False)[
        ["relative error", "inside", "holds own rate"]
    ].mean()
    print("\nmeans over both campaigns (inside: the estimate lies in the interval of the policy's own log)")
    print(figures.round(3).to_string())


if __name__ == "__main__":
    main()

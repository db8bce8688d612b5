"""The demo of offers: who gets which one, why the others do not, and what the choice would earn."""

from __future__ import annotations

import time
from pathlib import Path
from shlex import quote
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._telling import Line, Shown, Written, head, promote, say, tool, verdict

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets import Offers
    from cxml.offers.decide import Decision
    from cxml.offers.policy import Policy

_NAME, _MEASURE = "invented", "log loss"
_SHOWN: Final[Shown] = {
    "log_loss": ("log loss (lower is better)", "{:.3f}"),
    "roc_auc": ("ROC AUC", "{:.3f}"),
    "pr_auc": ("PR AUC", "{:.3f}"),
    "ece": ("calibration error", "{:.3f}"),
}
_CUSTOMERS, _DAYS, _KNOWN_DAYS, _TODAY = 3_000, 180, 135, "2025-05-16"
_LEFT_ALONE = 0.2
_BUDGET, _CALLS = 400_000, 200
_CHOSEN, _PICTURE, _TYPED = "offers_chosen.csv", "offers_fates.png", "offer_customers.csv"


def show(folder: Path) -> Written:
    """Go through all of it on invented offers: chance chose them, so what another choice would earn can be told."""
    from cxml import datasets

    made = datasets.make_offers(_CUSTOMERS, _DAYS)
    known = made.log["sent_at"] < _TODAY
    past, to_come = made.log[known], made.log[~known]
    line = _train(made, past)
    uri = promote(line.trained, _NAME, _MEASURE)
    decision = _decide(uri, made, past, folder)
    _value(decision, to_come, made)
    _answer_one(uri, decision, made)
    made.customers.to_csv(folder / _TYPED, index=False)
    files = {"offers": str(folder / _CHOSEN), "picture": str(folder / _PICTURE)}
    command = (
        f"{tool('cxml')} predict {quote(uri)} --k 3 \\\n"
        f"    --data {quote(str(folder / _TYPED))} --out {quote(str(folder / 'answers_offers.csv'))}"
    )
    return Written([line], uri, files, [command])


def _train(made: Offers, past: pd.DataFrame) -> Line:
    """Train with tracking, and show the verdict beside the baselines'."""
    from cxml import offers

    head(f"Which offer for whom? {len(past):,} invented offers of a Korean telecom: {len(made.offers)} by 3 channels")
    say("They are made up, so that the truth is known. Chance drew the offers; one customer in five was left alone.")
    started = time.perf_counter()
    trained = offers.train(
        past,
        key="customer_id",
        offer="offer",
        channel="channel",
        response="accepted",
        time="sent_at",
        position="position",
        propensity="propensity",
        value="margin_won",
        control="none",
        starts="starts",
        ends="ends",
        customers=made.customers,
        offers=made.offers.drop(columns=["cost", "stock"]),  # what no customer sees
    )
    seconds = time.perf_counter() - started
    if trained.verdict:
        say(f"Judged on {trained.verdict.rows['test']:,} offers held out: {trained.verdict.rule}.")
    verdict(trained, _SHOWN)
    say(f"Trained, judged and tracked in {seconds:.0f} s: MLflow run {trained.run_id}.")
    return Line(_NAME, trained, _MEASURE, "{:.3f}", seconds)


def _policy() -> Policy:
    from cxml.offers.policy import Cap, Policy, Value

    return Policy(
        eligibility={"no device before two years": "category != 'device' or tenure_months >= 24"},
        consent={"sms": "sms_ok", "email": "email_ok", "call": "call_ok"},
        fatigue=[Cap(2, days=28), Cap(1, days=60, offer=True)],
        budget=_BUDGET,
        capacity={"call": _CALLS},
        stock="stock",
        value=Value(margin="margin", cost="cost"),
        starts="starts",
        ends="ends",
    )


def _decide(uri: str, made: Offers, past: pd.DataFrame, folder: Path) -> Decision:
    """Decide for all customers with the model that the registry holds; say what was rejected and what limits cost."""
    from cxml import plots
    from cxml.offers.decide import decide
    from cxml.tracking import load

    head("Who gets what, and why not the rest?")
    model: Any = load(uri).model
    entries, customers = _catalogue(model, made), made.customers
    say(
        "The rules: consent for each channel, at most 2 contacts in 28 days, no offer twice in 60, no new device in "
        f"the first two years, {_BUDGET:,} won to spend, {_CALLS} calls."
    )
    started = time.perf_counter()
    decision = decide(
        customers,
        entries,
        model.score(customers, entries),
        _policy(),
        key="customer_id",
        offer="offer",
        channel="channel",
        now=_TODAY,
        contacts=past[past["offer"] != "none"],
        time="sent_at",
    )
    seconds = time.perf_counter() - started
    chosen = decision.chosen
    say(f"{len(customers) * len(entries):,} pairs of a customer and an offer by a channel, decided in {seconds:.1f} s:")
    print(f"\n{_by_rule(decision.rejections(), len(chosen))}\n")
    for row in decision.limits[decision.limits["shadow_price"] > 0].to_dict("records"):
        say(
            f"{row['limit']}: {row['used']:,.0f} of {row['most']:,.0f} used; one more would earn "
            f"{row['shadow_price']:,.0f} won."
        )
    say(f"No choice within these limits is worth more than {decision.gap:.2%} above this one.")
    _say_why(model_uri=uri, made=made, chosen=chosen)
    chosen.to_csv(folder / _CHOSEN, index=False, encoding="utf-8-sig")
    plots.plot_fates(decision.candidates()).savefig(folder / _PICTURE)
    return decision


def _say_why(model_uri: str, made: Offers, chosen: pd.DataFrame) -> None:
    """Say what speaks for the offers that are worth most, one of them in Korean."""
    from cxml import offers
    from cxml.tracking import load

    dearest = chosen.nlargest(2, "expected_value")
    whom = made.customers.set_index("customer_id", drop=False).loc[dearest["customer_id"]]
    trained = load(model_uri)
    entries = _catalogue(trained.model, made)
    for place, language in enumerate(("en", "ko")):
        here, entry = whom.iloc[[place]], dearest.iloc[place]
        of_offer = entries[(entries["offer"] == entry["offer"]) & (entries["channel"] == entry["channel"])]
        told = offers.predict(trained, here, offers=of_offer, now=_TODAY, reasons=3, language=language)
        say(f"{entry['customer_id']}: {told['reasons_text'].iloc[0]}, by {entry['channel']}.")


def _catalogue(model: Any, made: Offers) -> pd.DataFrame:
    """What the model knows of each offer by each channel, with what it costs and how many there are."""
    entries: pd.DataFrame = model.entries().merge(made.offers[["offer", "cost", "stock"]], on="offer")
    return entries


def _by_rule(rejections: pd.DataFrame, chosen: int) -> str:
    lines = [f"  {'rejected by':52}{'pairs':>9}{'customers':>11}"]
    lines += [f"  {row['rule']:52}{row['pairs']:>9,}{row['customers']:>11,}" for row in rejections.to_dict("records")]
    return "\n".join([*lines, f"  {'chosen':52}{chosen:>9,}{chosen:>11,}"])


def _value(decision: Decision, to_come: pd.DataFrame, made: Offers) -> None:
    """Say what an offer of this choice would earn, from what chance offered afterwards; and what it earns in truth."""
    from cxml.metrics import policy_value

    head("What would it earn?")
    chosen = decision.chosen
    offer_of = dict(zip(chosen["customer_id"], chosen["offer"], strict=True))
    asked = to_come[(to_come["offer"] != "none") & to_come["customer_id"].isin(list(offer_of))]
    same = (asked["offer"] == asked["customer_id"].map(offer_of)).astype(float)
    cost = asked["offer"].map(made.offers.set_index("offer")["cost"])
    by_chance, _, found, *_ = policy_value(
        asked["margin_won"] - cost, asked["propensity"] / (1 - _LEFT_ALONE), same, groups=asked["customer_id"]
    )
    told = [f"{one.value:,.0f} won ({one.lower:,.0f} to {one.upper:,.0f}, 95 %)" for one in (found, by_chance)]
    say(
        f"In the {_DAYS - _KNOWN_DAYS} days after, chance made {len(asked):,} offers to the same customers, "
        f"{int(same.sum()):,} of them the chosen one. Weighed by the chance of each draw (SNIPS), an offer of this "
        f"choice earns {told[0]}; one drawn by chance {told[1]}."
    )
    for note in found.notes:
        say(f"note: {note}")
    truth, terms = made.truth.probability, made.offers.set_index("offer").loc[chosen["offer"]]
    chances = truth.stack().loc[list(zip(chosen["customer_id"], chosen["offer"], strict=True))].to_numpy()
    earned = chances * terms["margin"].to_numpy() - terms["cost"].to_numpy()
    say(
        f"The model expects {chosen['expected_value'].mean():,.0f} won an offer. In truth it is {earned.mean():,.0f}, "
        "by SMS and to customers who are not tired of contacts."
    )


def _answer_one(uri: str, decision: Decision, made: Offers) -> None:
    """Answer a record the way a service does: the same rules, at the prices of the last batch."""
    from cxml.offers.serving import Decider
    from cxml.tracking import load

    head("As a service")
    model: Any = load(uri).model
    decider = Decider(
        model,
        _policy(),
        _catalogue(model, made),
        key="customer_id",
        offer="offer",
        channel="channel",
        prices=decision.prices,
    )
    record = {str(name): value for name, value in made.customers.iloc[1].items()}
    answer = decider.predict_one(record, k=2, now=_TODAY)
    micros = median(_micros(decider, record) for _ in range(200))
    told = ", then ".join(f"{one['offer']} by {one['channel']} ({one['expected_value']:,.0f} won)" for one in answer)
    say(f"{record['customer_id']}: {told or 'nothing is worth it'}. One record in {micros:,.0f} microseconds (median).")


def _micros(decider: Any, record: dict[str, Any]) -> float:
    started = time.perf_counter()
    decider.predict_one(record, k=2, now=_TODAY)
    return 1e6 * (time.perf_counter() - started)

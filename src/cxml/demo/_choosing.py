"""The demo of offers, last part: who gets which one, why the others do not, and what the choice would earn."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._buying import SHOWN
from cxml.demo._chapter import Chapter, invented
from cxml.demo._serving import micros
from cxml.demo._telling import tool

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets import Offers
    from cxml.offers.decide import Decision
    from cxml.offers.policy import Policy
    from cxml.trained import Trained

_NAME: Final = "invented"
_CUSTOMERS, _DAYS, _KNOWN_DAYS, _TODAY = 2_400, 180, 135, "2025-05-16"
_LEFT_ALONE: Final = 0.2
_BUDGET, _CALLS = 320_000, 160
#: Columns of the offers that no customer sees.
_HIDDEN: Final = ["cost", "stock"]


def show(told: Chapter) -> None:
    """Decide on invented offers: chance chose them, so what another choice would earn can be told."""
    from cxml import datasets

    made = datasets.make_offers(_CUSTOMERS, _DAYS)
    known = made.log["sent_at"] < _TODAY
    past, to_come = made.log[known], made.log[~known]
    title = "Invented offers of a Korean telecom"
    told.use(invented(title, made.description, "make_offers"))
    trained = _train(told, made, past)
    told.uri = told.promote(trained, _NAME)
    decision = _decide(told, made, past)
    _value(told, decision, to_come, made)
    _answer_one(told, decision, made)
    typed = told.write("customers to decide for", "offer_customers.csv", made.customers)
    out = quote(str(told.folder / "answers_offers.csv"))
    told.commands["rank the offers for each customer"] = (
        f"{tool('cxml')} predict {quote(told.uri)} --k 3 \\\n    --data {quote(str(typed))} --out {out}"
    )
    told.note(
        "A chance of acceptance is not an effect: who accepts may have bought anyway (offers.train(uplift=True))."
    )


def _train(told: Chapter, made: Offers, past: pd.DataFrame) -> Trained:
    from cxml import offers

    told.head(f"Which offer for whom? {len(past):,} invented offers of a telecom: {len(made.offers)} by 3 channels")
    told.tell(
        "They are made up, so the true chances are known. Chance drew the offers, and left one customer in five alone."
    )
    return told.train(
        _NAME,
        SHOWN,
        lambda: offers.train(
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
            offers=made.offers.drop(columns=_HIDDEN),
        ),
        f"{len(past):,} offers made",
    )


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


def _decide(told: Chapter, made: Offers, past: pd.DataFrame) -> Decision:
    """Decide for all customers with the model that the registry holds; say what was rejected and what limits cost."""
    from cxml import plots
    from cxml.offers.decide import decide
    from cxml.tracking import load

    told.head("Who gets what, and why not the rest?")
    told.progress.doing("deciding for all customers")
    model: Any = load(told.uri).model
    entries, customers = _catalogue(model, made), made.customers
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
    chosen = decision.chosen
    told.tell(
        f"{len(customers) * len(entries):,} pairs of a customer and an offer by a channel. The rules: consent for each "
        "channel, at most 2 contacts in 28 days, no offer twice in 60, no new device in the first two years, "
        f"{_BUDGET:,} won to spend, {_CALLS} calls."
    )
    fates = [
        (str(row["rule"]), f"{row['pairs']:,}", f"{row['customers']:,}")
        for row in decision.rejections().to_dict("records")
    ]
    told.table(("rejected by", "pairs", "customers"), [*fates, ("chosen", f"{len(chosen):,}", f"{len(chosen):,}")])
    for row in decision.limits[decision.limits["shadow_price"] > 0].to_dict("records"):
        told.tell(
            f"{row['limit']}: {row['used']:,.0f} of {row['most']:,.0f} used; one more would earn "
            f"{row['shadow_price']:,.0f} won."
        )
    told.tell(f"No choice within these limits is worth more than {decision.gap:.2%} above this one.")
    _say_why(told, made, chosen)
    told.write("the list that can be signed", "offers_chosen.csv", chosen)
    told.draw(
        "offers_fates.png", "Why not the rest: what each rule took", lambda: plots.plot_fates(decision.candidates())
    )
    return decision


def _say_why(told: Chapter, made: Offers, chosen: pd.DataFrame) -> None:
    """Say what speaks for the offers that are worth most, one of them in Korean."""
    from cxml import offers
    from cxml.tracking import load

    dearest = chosen.nlargest(2, "expected_value")
    whom = made.customers.set_index("customer_id", drop=False).loc[dearest["customer_id"]]
    trained = load(told.uri)
    entries = _catalogue(trained.model, made)
    for place, language in enumerate(("en", "ko")[: len(dearest)]):
        here, entry = whom.iloc[[place]], dearest.iloc[place]
        of_offer = entries[(entries["offer"] == entry["offer"]) & (entries["channel"] == entry["channel"])]
        why = offers.predict(trained, here, offers=of_offer, now=_TODAY, reasons=3, language=language)
        told.tell(
            f"{entry['customer_id']}: {why['reasons_text'].iloc[0]} ({entry['channel']}).", language=language, lead=True
        )


def _catalogue(model: Any, made: Offers) -> pd.DataFrame:
    """What the model knows of each offer by each channel, with what it costs and how many there are."""
    entries: pd.DataFrame = model.entries().merge(made.offers[["offer", *_HIDDEN]], on="offer")
    return entries


def _value(told: Chapter, decision: Decision, to_come: pd.DataFrame, made: Offers) -> None:
    """Say what an offer of this choice would earn, from what chance offered afterwards; and what it earns in truth."""
    from cxml.metrics import policy_value

    told.head("What would it earn?")
    chosen = decision.chosen
    offer_of = dict(zip(chosen["customer_id"], chosen["offer"], strict=True))
    asked = to_come[(to_come["offer"] != "none") & to_come["customer_id"].isin(list(offer_of))]
    same = (asked["offer"] == asked["customer_id"].map(offer_of)).astype(float)
    cost = asked["offer"].map(made.offers.set_index("offer")["cost"])
    by_chance, _, found, *_ = policy_value(
        asked["margin_won"] - cost, asked["propensity"] / (1 - _LEFT_ALONE), same, groups=asked["customer_id"]
    )
    amounts = [f"{one.value:,.0f} won ({one.lower:,.0f} to {one.upper:,.0f}, 95 %)" for one in (found, by_chance)]
    told.tell(
        f"In the {_DAYS - _KNOWN_DAYS} days after, chance made {len(asked):,} offers to the same customers, "
        f"{int(same.sum()):,} of them the chosen one. Weighed by the chance of each draw (SNIPS), an offer of this "
        f"choice earns {amounts[0]}; one drawn by chance {amounts[1]}."
    )
    for note in found.notes:
        told.note(note)
    truth, terms = made.truth.probability, made.offers.set_index("offer").loc[chosen["offer"]]
    chances = truth.stack().loc[list(zip(chosen["customer_id"], chosen["offer"], strict=True))].to_numpy()
    earned = chances * terms["margin"].to_numpy() - terms["cost"].to_numpy()
    told.tell(
        f"The model expects {chosen['expected_value'].mean():,.0f} won an offer. In truth it is {earned.mean():,.0f}, "
        "by SMS and to customers who are not tired of contacts."
    )


def _answer_one(told: Chapter, decision: Decision, made: Offers) -> None:
    """Answer a record the way a service does: the same rules, at the prices of the last batch."""
    from cxml.offers.serving import Decider
    from cxml.tracking import load

    told.head("As a service")
    model: Any = load(told.uri).model
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
    taken = micros(lambda: decider.predict_one(record, k=2, now=_TODAY), 200)
    said = ", then ".join(f"{one['offer']} by {one['channel']} ({one['expected_value']:,.0f} won)" for one in answer)
    told.tell(
        f"{record['customer_id']}: {said or 'nothing is worth it'}. One record in {taken:,.0f} microseconds (median)."
    )

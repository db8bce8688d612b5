"""The demo of churn: who leaves, why, when, and whether a contact is worth it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._chapter import Chapter, Measure, Shown, Source
from cxml.demo._serving import micros
from cxml.demo._telling import tool

if TYPE_CHECKING:
    import pandas as pd

    from cxml.demo._progress import Progress
    from cxml.trained import Trained

_SHOWN: Final[Shown] = {
    "log_loss": Measure("log loss", "{:.3f}"),
    "roc_auc": Measure("ROC AUC", "{:.3f}", higher=True),
    "pr_auc": Measure("PR AUC", "{:.3f}", higher=True),
    "ece": Measure("calibration error", "{:.3f}"),
    "lift_10": Measure("lift of the riskiest 10 %", "{:.2f}", higher=True),
    "profit_per_customer_top_20": Measure("profit a customer, 20 % called", "{:.2f}", higher=True),
}
_MOST_EXPLAINED: Final = 2_000


@dataclass(frozen=True)
class Table:
    """Customers to show the demo on."""

    name: str
    title: str
    frame: pd.DataFrame
    target: str
    key: str | None
    duration: str | None = None
    #: columns that tell the duration, and so must not help to predict it
    telling: tuple[str, ...] = ()
    source: Source | None = None


def chapter(folder: Path, progress: Progress) -> Chapter:
    """The empty chapter."""
    return Chapter("churn", "churn", "Who will leave, why, and is a contact worth it?", folder, progress)


def show(told: Chapter, table: Table | None = None, source: str = "") -> None:
    """Go through all of it; without a table on the public one."""
    from cxml import churn

    customers = Path(source)
    if table is None:
        table = _telco()
        customers = told.folder / "customers.csv"
        table.frame.drop(columns=table.target).to_csv(customers, index=False)
    told.use(table.source or _own(table))
    told.head(f"{table.title}: {len(table.frame):,} customers")
    trained = told.train(
        table.name,
        _SHOWN,
        lambda: churn.train(table.frame, target=table.target, key=table.key),
        f"{len(table.frame):,} customers",
    )
    _explain(told, table, trained)
    _survive(told, table)
    told.head("Is it better than the one in use?")
    told.uri = told.promote(trained, table.name)
    _answer_one(told, table)
    out = quote(str(told.folder / "answers.csv"))
    told.commands["predict the customers of a file"] = (
        f"{tool('cxml')} predict {quote(told.uri)} --reasons 3 \\\n    --data {quote(str(customers))} --out {out}"
    )
    told.commands["load it in Python"] = f'{tool("python")} -c "import cxml; print(cxml.load({told.uri!r}))"'


def _own(table: Table) -> Source:
    rows = f"{len(table.frame):,} customers, {table.frame.shape[1]} columns; {table.target} says who left"
    return Source("Your data", f"{rows}.", table.title, "yours")


def _telco() -> Table:
    from cxml.datasets import load_telco

    data = load_telco()
    # The publisher left the ids out: numbers let an answer name a customer.
    frame = data.frame.assign(customer=[f"{data.name}-{number:04d}" for number in range(1, len(data.frame) + 1)])
    title = "Telco, IBM's fictitious telecom"
    source = Source(title, data.description, data.source, data.licence)
    duration = "tenure" if "tenure" in frame.columns else None
    # What a customer has paid in all is the fee times the duration.
    return Table(data.name, title, frame, data.target, "customer", duration, ("total_charges",), source)


def _explain(told: Chapter, table: Table, trained: Trained) -> None:
    """Predict all customers; show the reasons of three of them, one in Korean too; say what a contact is worth."""
    from cxml import churn

    told.head("Why, and is a contact worth it?")
    told.progress.doing("explaining each customer")
    costs = trained.config.costs
    answer = churn.predict(trained, table.frame, reasons=3, costs=costs)
    order = answer["churn_probability"].argsort().to_numpy()
    places = [int(order[int(share * (len(order) - 1))]) for share in (0.99, 0.8, 0.3)]
    told.tell(
        f"Assumed, and yours by costs=: a customer kept is worth {costs.value:g}, a contact costs "
        f"{costs.contact_cost:g}, an offer {costs.offer_cost:g}, and {costs.accept_rate:.0%} of those about to leave "
        f"accept it. A contact then pays above a chance of {costs.break_even():.0%}."
    )
    for place in places:
        row = answer.iloc[place]
        told.tell(
            f"{_name(table, place)}: {row['reasons_text']}. A contact earns {row['expected_profit']:+.2f} (costs "
            "assumed).",
            lead=place == places[0],
        )
    korean = churn.predict(trained, table.frame.iloc[places[:1]], reasons=3, language="ko")
    told.tell(f"{_name(table, places[0])}: {korean['reasons_text'].iloc[0]}", language="ko", lead=True)
    profit = answer["expected_profit"]
    told.tell(
        f"A contact pays for {int((profit > 0).sum()):,} of {len(profit):,} customers, who would bring "
        f"{profit.clip(lower=0).sum():,.0f} together. The model has learned from these very customers, so that is "
        "rather too much than too little."
    )
    told.write(
        "predictions (of customers that it has learned from)", "churn_predictions.csv", answer.drop(columns="reasons")
    )
    _draw(told, table, trained, places[0])


def _draw(told: Chapter, table: Table, trained: Trained, place: int) -> None:
    """Draw how soon the list finds those who leave, what drives churn, and why one customer is at risk."""
    import numpy as np

    from cxml import plots
    from cxml.contract import Explains
    from cxml.reasons import points_of

    if trained.held_out is not None:
        target, chance = trained.held_out["target"], trained.held_out["churn_probability"]
        own = {trained.model.method: chance}
        told.draw("churn_gains.png", "How soon the list finds those who leave", lambda: plots.plot_gains(target, own))
    if not isinstance(trained.model, Explains):
        return
    rows = np.unique([place, *range(min(_MOST_EXPLAINED, len(table.frame)))])
    explanation = trained.model.explain(table.frame.iloc[rows])
    points, at = points_of(explanation), int(np.searchsorted(rows, place))
    strength = np.abs(points).mean(axis=0)
    told.draw(
        "churn_drivers.png", "What drives churn", lambda: plots.plot_importance(explanation.names, strength, top=10)
    )
    final = float(trained.model.predict(table.frame.iloc[[place]])["churn_probability"].iloc[0])
    told.draw(
        "churn_reasons.png",
        f"Why {_name(table, place)} is at risk",
        lambda: plots.plot_reasons(
            explanation.names,
            explanation.values.iloc[at].tolist(),
            points[at],
            base=final - float(points[at].sum()) / 100,
            final=final,
        ),
    )


def _name(table: Table, place: int) -> str:
    return str(table.frame[table.key].iloc[place] if table.key else f"row {place + 1}")


def _survive(told: Chapter, table: Table) -> None:
    """Say when, where the data knows how long each customer has been here."""
    if table.duration is None:
        return
    from cxml import churn

    told.head("When?")
    told.progress.doing("learning when they leave")
    frame = table.frame.drop(columns=[name for name in table.telling if name in table.frame.columns])
    model = churn.train(frame, target=table.target, key=table.key, duration=table.duration, track=False, refit=False)
    place = int((frame[table.target] != model.config.positive).to_numpy().argmax())
    answer = churn.predict(model, frame.iloc[[place]], months=[6, 24]).iloc[0]
    figures = model.metrics
    told.tell(
        f"{_name(table, place)} stays 6 months more with a chance of {answer['survival_month_6']:.0%}, 24 months with "
        f"{answer['survival_month_24']:.0%}. Of two held-out customers, it tells rightly who leaves first in "
        f"{figures['holdout_concordance']:.0%} of the pairs (one curve for all: {figures['baseline_concordance']:.0%})."
    )


def _answer_one(told: Chapter, table: Table) -> None:
    """Answer a record the way a service does, with the model that the registry holds."""
    from cxml.tracking import load

    told.head("As a service")
    scorer = load(told.uri)
    record: dict[str, Any] = {str(name): value for name, value in table.frame.iloc[0].items()}
    answer = scorer.predict_one(record)
    taken = micros(lambda: scorer.predict_one(record), 2_000)
    told.tell(f"Loaded back: {told.uri}")
    told.tell(f"One record: churn_probability {answer['churn_probability']:.4f} in {taken:.0f} microseconds (median).")

"""The demo of churn: who leaves, why, when, and whether a contact is worth it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._telling import Line, Shown, Written, head, promote, say, tool, verdict
from cxml.errors import CxmlError

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

_MEASURE: Final = "log loss"
_SHOWN: Final[Shown] = {
    "log_loss": ("log loss (lower is better)", "{:.3f}"),
    "roc_auc": ("ROC AUC", "{:.3f}"),
    "pr_auc": ("PR AUC", "{:.3f}"),
    "ece": ("calibration error", "{:.3f}"),
    "lift_10": ("lift of the riskiest 10 %", "{:.2f}"),
    "profit_per_customer_top_20": ("profit a customer, 20 % called", "{:.2f}"),
}
_PREDICTIONS, _PICTURE = "churn_predictions.csv", "churn_gains.png"


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


def show(table: Table | None, folder: Path, source: str, *, more: bool) -> Written:
    """Go through all of it; without a table on the public ones."""
    public = table is None
    table = _telco() if table is None else table
    first = _train(table)
    lines = [first, *(_train_more() if public and more else ())]
    trained = first.trained
    answer = _explain(table, trained)
    _survive(table)
    uri = promote(trained, table.name, _MEASURE)
    _answer_one(table, uri)
    customers = Path(source)
    if public:
        customers = folder / "customers.csv"
        table.frame.drop(columns=table.target).to_csv(customers, index=False)
    _write(answer, trained, folder)
    files = {
        "predictions": f"{folder / _PREDICTIONS} (of customers that it has learned from)",
        "picture": str(folder / _PICTURE),
    }
    command = (
        f"{tool('cxml')} predict {quote(uri)} --reasons 3 \\\n"
        f"    --data {quote(str(customers))} --out {quote(str(folder / 'answers.csv'))}"
    )
    return Written(lines, uri, files, [command])


def _telco() -> Table:
    from cxml.datasets import load_telco

    # What a customer has paid in all is the fee times the duration.
    return _public(load_telco(), "Telco, a fictitious telecom of IBM's", duration="tenure", telling=("total_charges",))


def _train_more() -> list[Line]:
    from cxml.datasets import load_mlc

    try:
        data = load_mlc()
    except CxmlError as error:
        say(f"A second public sample was left out: {error}")
        return []
    return [_train(_public(data, "MLC++, a simulated telecom"))]


def _public(data: Any, title: str, duration: str | None = None, telling: tuple[str, ...] = ()) -> Table:
    """Number the customers where the publisher left their ids out, so that an answer can name one."""
    frame, key = data.frame, data.key
    if key is None:
        key = "customer"
        frame = frame.assign(**{key: [f"{data.name}-{number:04d}" for number in range(1, len(frame) + 1)]})
    duration = duration if duration in frame.columns else None
    return Table(data.name, title, frame, data.target, key, duration, telling)


def _train(table: Table) -> Line:
    """Train with tracking, and show the verdict beside the baselines'."""
    from cxml import churn

    head(f"Who will leave? {table.title}: {len(table.frame):,} customers")
    started = time.perf_counter()
    trained = churn.train(table.frame, target=table.target, key=table.key)
    seconds = time.perf_counter() - started
    if trained.verdict:
        say(f"Judged on {trained.verdict.rows['test']:,} customers held out: {trained.verdict.rule}.")
    verdict(trained, _SHOWN)
    say(f"Trained, judged and tracked in {seconds:.0f} s: MLflow run {trained.run_id}.")
    return Line(table.name, trained, _MEASURE, "{:.3f}", seconds)


def _explain(table: Table, trained: Trained) -> pd.DataFrame:
    """Predict all customers; show the reasons of three of them, one in Korean too; say what a contact is worth."""
    from cxml import churn

    head("Why, and is a contact worth it?")
    costs = trained.config.costs
    answer = churn.predict(trained, table.frame, reasons=3, costs=costs)
    order = answer["churn_probability"].argsort().to_numpy()
    places = [int(order[int(share * (len(order) - 1))]) for share in (0.99, 0.8, 0.3)]
    for place in places:
        row = answer.iloc[place]
        say(f"{_name(table, place)}: {row['reasons_text']}. A contact earns {row['expected_profit']:+.2f}.")
    korean = churn.predict(trained, table.frame.iloc[places[:1]], reasons=3, language="ko")
    say(f"{_name(table, places[0])}: {korean['reasons_text'].iloc[0]}")
    profit = answer["expected_profit"]
    say(
        f"A contact pays above a chance of {costs.break_even():.0%} (a customer kept is worth {costs.value:g}, a "
        f"contact costs {costs.contact_cost:g}, an offer {costs.offer_cost:g}, {costs.accept_rate:.0%} of the leaving "
        f"accept): {int((profit > 0).sum()):,} of {len(profit):,} customers, "
        f"{profit.clip(lower=0).sum():,.0f} to be expected."
    )
    return answer


def _name(table: Table, place: int) -> str:
    return str(table.frame[table.key].iloc[place] if table.key else f"row {place + 1}")


def _survive(table: Table) -> None:
    """Say when, where the data knows how long each customer has been here."""
    if table.duration is None:
        return
    from cxml import churn

    head("When?")
    frame = table.frame.drop(columns=[name for name in table.telling if name in table.frame.columns])
    model = churn.train(frame, target=table.target, key=table.key, duration=table.duration, track=False, refit=False)
    place = int((frame[table.target] != model.config.positive).to_numpy().argmax())
    answer = churn.predict(model, frame.iloc[[place]], months=[6, 24]).iloc[0]
    figures = model.metrics
    say(
        f"{_name(table, place)} stays 6 months with {answer['survival_month_6']:.0%}, 24 months with "
        f"{answer['survival_month_24']:.0%}. Held out: of two customers, who leaves first is told right in "
        f"{figures['holdout_concordance']:.0%} (one curve for all: {figures['baseline_concordance']:.0%})."
    )


def _answer_one(table: Table, uri: str) -> None:
    """Answer a record the way a service does, with the model that the registry holds."""
    from cxml.tracking import load

    head("As a service")
    scorer = load(uri)
    record = {str(name): value for name, value in table.frame.iloc[0].items()}
    answer = scorer.predict_one(record)
    micros = median(_micros(scorer, record) for _ in range(2_000))
    say(f"Loaded back: {uri}")
    say(f"One record: churn_probability {answer['churn_probability']:.4f} in {micros:.0f} microseconds (median).")


def _micros(scorer: Trained, record: Mapping[str, Any]) -> float:
    started = time.perf_counter()
    scorer.predict_one(record)
    return 1e6 * (time.perf_counter() - started)


def _write(answer: pd.DataFrame, trained: Trained, folder: Path) -> None:
    """Write the predictions, with the mark by which a spreadsheet knows UTF-8, and the picture."""
    from cxml import plots

    answer.drop(columns="reasons").to_csv(folder / _PREDICTIONS, index=False, encoding="utf-8-sig")
    if trained.held_out is not None:
        chances = {trained.model.method: trained.held_out["churn_probability"]}
        plots.plot_gains(trained.held_out["target"], chances).savefig(folder / _PICTURE)

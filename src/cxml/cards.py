"""The model card: what a person must know before trusting a model, as text that can be compared between versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cxml import registry
from cxml.contract import settings_of

if TYPE_CHECKING:
    from cxml.contract import Metric, Verdict
    from cxml.trained import Trained


def write_card(trained: Trained) -> str:
    """Write the card of a model as Markdown.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    str
    """
    sections = [f"# {trained.name}\n", *_data(trained), *_verdict(trained.verdict)]
    sections.append("## Settings\n")
    sections.append(_table(("setting", "value"), settings_of(trained.config).items()))
    sections.append("## Columns it needs\n")
    sections.append(_table(("column", "kind"), trained.model.features().items()))
    if trained.notes:
        sections.append("## Found while training\n")
        sections.append("\n".join(f"- {note}" for note in trained.notes) + "\n")
    sections.append("## Limits\n")
    sections.append(f"{registry.family(trained.family).limits}\n")
    return "\n".join(sections)


def _data(trained: Trained) -> list[str]:
    data = trained.origin.data
    if data is None:
        return []
    span = f", as of {data.start} to {data.end or 'a later update'}" if data.start else ""
    packages = ", ".join(f"{name} {number}" for name, number in trained.origin.versions.items())
    text = f"{data.rows:,} rows, {data.columns} columns{span}; content digest `{data.digest}`."
    return ["## Trained on\n", f"{text}\n", f"With {packages}.\n"]


def _verdict(verdict: Verdict | None) -> list[str]:
    if verdict is None:
        return []
    names = list(verdict.metrics)
    first = verdict.metrics[names[0]]
    others = [{metric.name: metric for metric in verdict.metrics[name]} for name in names[1:]]
    lines = [
        (metric.name, _interval(metric), *(_figure(other.get(metric.name)) for other in others)) for metric in first
    ]
    heading = f"Judged on {verdict.rows['test']:,} rows that the judged fit ({verdict.rows['train']:,} rows) never saw"
    return [
        "## Held-out verdict\n",
        f"{heading}: {verdict.rule}. Intervals at 95 %. Ranked by {verdict.headline}.\n",
        _table(("metric", *names), lines),
    ]


def _figure(metric: Metric | None) -> str:
    return "" if metric is None else f"{metric.value:.4f}"


def _interval(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return _figure(metric)
    return f"{metric.value:.4f} ({metric.low:.4f} to {metric.high:.4f})"


def _table(heading: Iterable[object], lines: Iterable[Iterable[object]]) -> str:
    names = list(heading)
    rows: list[Iterable[object]] = [names, ["---"] * len(names), *lines]
    return "\n".join("| " + " | ".join(_cell(one) for one in row) + " |" for row in rows) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")

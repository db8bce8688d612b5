"""The calls of a bank by the half hour, or of an invented centre where the public table is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxml.demo._chapter import Chapter, Source, invented
from cxml.errors import CxmlError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Calls:
    """Calls to show the demo on, and how a family is told of them."""

    name: str
    title: str
    frame: pd.DataFrame
    settings: dict[str, Any]
    source: Source


def calls_of(told: Chapter, days: int) -> Calls:
    """The public centre, or one of so many invented days."""
    from cxml import datasets

    try:
        data = datasets.load_bank_calls()
    except CxmlError as error:
        told.tell(f"The public call centre was left out: {error} Here comes an invented one.")
        made = datasets.make_contacts(days)
        settings = {"country": "KR", "events": made.events}
        title = "An invented centre in Korea"
        source = invented(title, made.description, "make_contacts")
        return Calls("invented", title, made.frame, settings, source)
    moment, calls = str(data.time), data.target
    rows, settings = data.frame, {"country": "US", "time": moment, "target": calls}
    # Half hours are what shifts are planned in; the last period of a day begins one that has no end.
    whole = rows[rows[moment].dt.hour < rows[moment].dt.hour.max()]
    halves = whole.groupby(whole[moment].dt.floor("30min"))[calls].sum().reset_index()
    title = "A bank in North America, 2003"
    source = Source(title, f"{data.description} Summed to half hours.", data.source, data.licence)
    return Calls(data.name, title, halves, settings, source)

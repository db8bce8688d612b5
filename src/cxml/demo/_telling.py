"""What the parts of the demo share: how they print, promote, and are summed up at the end."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from cxml.errors import CxmlError, PromotionRefused

if TYPE_CHECKING:
    from cxml.trained import Trained

_WIDTH = 96

#: metric -> how the demo calls it, and how it is written
Shown = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Line:
    """One training, for the table at the end."""

    data: str
    trained: Trained
    measure: str
    form: str
    seconds: float


@dataclass(frozen=True)
class Written:
    """What a part leaves behind: its trainings, the model to load, files (what it is -> where), commands to type."""

    lines: list[Line]
    uri: str
    files: Mapping[str, str]
    commands: list[str]


def head(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def say(text: str) -> None:
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


def verdict(trained: Trained, shown: Shown) -> None:
    """Print the held-out figures beside the baselines', and the notes."""
    table = trained.table()
    own, *others = [name for name in table.columns if name not in ("low", "high")]
    wide = max(11, *(len(name) + 2 for name in others))
    lines = [f"  {'':32}{own:>9}  {'95 % interval':18}" + "".join(f"{name:>{wide}}" for name in others)]
    for metric, (title, form) in shown.items():
        if metric not in table.index:  # a share of nothing has no value
            continue
        row = table.loc[metric]
        interval = f"{form.format(row['low'])} to {form.format(row['high'])}" if row["low"] == row["low"] else ""
        rest = "".join(f"{form.format(row[name]):>{wide}}" for name in others)
        lines.append(f"  {title:32}{form.format(row[own]):>9}  {interval:18}{rest}")
    print("\n" + "\n".join(lines) + "\n")
    for note in trained.notes:
        say(f"note: {note}")


def promote(trained: Trained, data: str, measure: str) -> str:
    """Make it the champion of this data, or say why not; answer with the URI to load."""
    from cxml import promotion
    from cxml.tracking import aliased

    head("Is it better than the one in use?")
    # Each data set has a name of its own: a demo must not take the place of a champion that somebody uses.
    name = re.sub(r"[^\w.-]+", "-", f"{trained.family}-demo-{data}")
    try:
        done = promotion.promote(trained, name=name)
    except PromotionRefused as refusal:
        say(f"Refused: {refusal}")
        if f"{name}@champion" in str(refusal):
            say("A second run on the same data makes the same model, and an equal is no better.")
    except CxmlError as error:
        say(f"Not compared: {error}")
        return f"runs:/{trained.run_id}/model"
    else:
        say(f"Promoted: {done.uri} is version {done.version}.")
        say(f"{measure} less its baseline's: {done.against_baseline}")
        if done.against_champion:
            say(f"{measure} less the last champion's: {done.against_champion}")
    return f"models:/{name}@champion" if aliased(name, "champion") else f"runs:/{trained.run_id}/model"


def summary(lines: list[Line]) -> str:
    """Lay out all trainings: the headline figure of each beside its best baseline's."""
    found = [f"  {'':18}{'data':14}{'lower is better':22}{'model':>7}  {'95 % interval':17}{'baseline':>9}{'s':>5}"]
    for line in lines:
        table = line.trained.table()
        own, _, _, *others = table.columns
        row = table.iloc[0]
        value, low, high, baseline = (line.form.format(row[name]) for name in (own, "low", "high", others[0]))
        found.append(
            f"  {line.trained.name:18}{line.data[:13]:14}{line.measure:22}{value:>7}  {f'{low} to {high}':17}"
            f"{baseline:>9}{line.seconds:>5.0f}"
        )
    return "\n".join(found)


def tool(name: str) -> str:
    """Write a command so that it can be typed here, whether or not its environment is the shell's own."""
    own = Path(sys.executable).with_name(name)
    if shutil.which(name) == str(own):
        return name
    return str(own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own)

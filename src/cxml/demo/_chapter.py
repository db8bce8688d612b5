"""A chapter of the demo: what is said of one family on the terminal, kept so that the report can say it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._progress import Progress
from cxml.demo._telling import lay_out, paragraph, width_of
from cxml.errors import CxmlError, PromotionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from cxml.trained import Trained

_DOTS_PER_INCH: Final = 110
#: How `cxml.promotion.Difference` is written where two models lose the same on every row.
_NO_DIFFERENCE: Final = "+0.0000 (+0.0000 to +0.0000"


@dataclass(frozen=True)
class Measure:
    """How the demo calls a metric and writes its values; the first of a training is its headline."""

    title: str
    form: str
    higher: bool = False


#: metric -> how it is shown
Shown = Mapping[str, Measure]


@dataclass(frozen=True)
class Source:
    """Where data comes from, and what one must know of it."""

    title: str
    description: str
    source: str
    licence: str


def invented(title: str, description: str, maker: str) -> Source:
    """The source of data that `cxml.datasets` makes."""
    return Source(title, description, f"cxml.datasets.{maker}", "made up by cxml")


@dataclass(frozen=True)
class Sentence:
    """A paragraph, and the language that it is in."""

    text: str
    language: str = "en"


@dataclass(frozen=True)
class Grid:
    """A table of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """What is said under one heading."""

    heading: str
    said: list[Sentence | Grid] = field(default_factory=list)


@dataclass(frozen=True)
class Training:
    """One training, its data, and how its figures are shown."""

    data: str
    trained: Trained
    shown: Shown
    seconds: float

    def grid(self) -> Grid:
        """The held-out figures beside the baselines'; a metric that has no value is left out."""
        table = self.trained.table()
        own, *others = [name for name in table.columns if name not in ("low", "high")]
        rows = []
        for metric, measure in self.shown.items():
            if metric in table.index:
                row, form = table.loc[metric], measure.form.format
                interval = f"{form(row['low'])} to {form(row['high'])}" if row["low"] == row["low"] else ""
                rows.append((measure.title, form(row[own]), interval, *(form(row[name]) for name in others)))
        return Grid(("", own, "95 % interval", *others), tuple(rows))

    def line(self, family: str) -> tuple[str, ...]:
        """The headline beside the best baseline's: family, data, metric, model, value, interval, baseline, seconds."""
        metric, measure = next(iter(self.shown.items()))
        row = self.trained.table().loc[metric]
        own, *others = [name for name in row.index if name not in ("low", "high")]
        best = (max if measure.higher else min)(others, key=lambda name: row[name])
        form = measure.form.format
        return (
            family,
            self.data,
            f"{measure.title} ({'higher' if measure.higher else 'lower'})",
            own,
            form(row[own]),
            f"{form(row['low'])} to {form(row['high'])}",
            f"{best} {form(row[best])}",
            f"{self.seconds:.0f}",
        )


@dataclass(frozen=True)
class Picture:
    """A drawn picture."""

    title: str
    png: bytes


@dataclass
class Chapter:
    """What one family has to say. Whatever it tells, draws or writes is printed at once, and kept."""

    family: str
    title: str
    question: str
    folder: Path
    progress: Progress = field(default_factory=Progress)
    sources: list[Source] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    leads: list[Sentence] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    #: what it is for -> what to type
    commands: dict[str, str] = field(default_factory=dict)
    #: the model to load
    uri: str = ""

    def head(self, text: str) -> None:
        """Begin a section."""
        self.sections.append(Section(text))
        self.progress.out(f"\n{text}\n{'-' * width_of(text)}")

    def use(self, source: Source) -> None:
        """Say where data comes from, and on what terms."""
        self.sources.append(source)
        self.progress.out(paragraph(f"data: {source.source}; licence: {source.licence}"))

    def tell(self, text: str, *, language: str = "en", lead: bool = False) -> None:
        """Say a paragraph. What somebody who decides wants to know first is a `lead`, and heads the report."""
        said = Sentence(text, language)
        if lead:
            self.leads.append(said)
        else:
            self._section().said.append(said)
        self.progress.out(paragraph(text))

    def note(self, text: str) -> None:
        """Say what limits all this, once."""
        if text not in self.notes:
            self.notes.append(text)
            self.progress.out(paragraph(f"note: {text}"))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table."""
        grid = Grid(tuple(columns), tuple(tuple(row) for row in rows))
        self._section().said.append(grid)
        self.progress.out(f"\n{lay_out(grid.columns, grid.rows)}\n")

    def draw(self, name: str, title: str, draw: Callable[[], Figure]) -> None:
        """Draw a picture and write it; say in the demo's own way what keeps letters from being drawn."""
        import warnings

        held = BytesIO()
        with warnings.catch_warnings(record=True) as caught:
            draw().savefig(held, format="png", dpi=_DOTS_PER_INCH)
        for one in caught:
            if issubclass(one.category, UserWarning):
                self.note(str(one.message))
        self.pictures.append(Picture(title, held.getvalue()))
        self.files[f"picture: {title}"] = self.folder / name
        (self.folder / name).write_bytes(held.getvalue())

    def train(self, data: str, shown: Shown, learn: Callable[[], Trained], what: str) -> Trained:
        """Train with tracking, and show the verdict beside the baselines'."""
        import time

        self.progress.doing(f"learning from {what}, judging and tracking")
        started = time.perf_counter()
        trained = learn()
        done = Training(data, trained, shown, time.perf_counter() - started)
        self.trainings.append(done)
        if trained.verdict:
            rows = trained.verdict.rows["test"]
            self.tell(f"{trained.name}, judged on {rows:,} held-out rows: {trained.verdict.rule}.")
        grid = done.grid()
        self.progress.out(f"\n{lay_out(grid.columns, grid.rows)}\n")
        for note in trained.notes:
            self.note(note)
        self.tell(f"Trained, judged and tracked in {done.seconds:.0f} s: MLflow run {trained.run_id}.")
        return trained

    def promote(self, trained: Trained, data: str) -> str:
        """Make it the champion of this data, or say why not; answer with the URI to load."""
        from cxml import promotion
        from cxml.tracking import aliased

        measure = trained.verdict.headline.replace("_", " ") if trained.verdict else "its loss"
        # Each data set has a name of its own: a demo must not take the place of a champion that somebody uses.
        name = re.sub(r"[^\w.-]+", "-", f"{trained.family}-demo-{data}")
        try:
            done = promotion.promote(trained, name=name)
        except PromotionRefused as refusal:
            if f"{name}@champion" in str(refusal) and _NO_DIFFERENCE in str(refusal):
                self.tell(
                    "The champion stays: this model answers as the one of an earlier run does, so it is no better."
                )
            self.tell(f"Refused: {refusal}")
        except CxmlError as error:
            self.tell(f"Not compared: {error}")
            return f"runs:/{trained.run_id}/model"
        else:
            first = "" if done.against_champion else ", the first champion"
            self.tell(f"Promoted: {done.uri} is version {done.version}{first}.")
            self.tell(f"Its {measure} less its baseline's (below 0 is better): {done.against_baseline}")
            if done.against_champion:
                self.tell(f"Its {measure} less the last champion's: {done.against_champion}")
        return f"models:/{name}@champion" if aliased(name, "champion") else f"runs:/{trained.run_id}/model"

    def write(self, what: str, name: str, frame: Any) -> Path:
        """Write a table with the mark by which a spreadsheet knows UTF-8."""
        place = self.folder / name
        frame.to_csv(place, index=False, encoding="utf-8-sig")
        self.files[what] = place
        return place

    def _section(self) -> Section:
        if not self.sections:
            self.sections.append(Section(self.question))
        return self.sections[-1]

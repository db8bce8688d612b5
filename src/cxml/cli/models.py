"""``cxml train`` and ``cxml predict``: the options of all families and those of their own."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, cast

import cxml
from cxml import registry
from cxml.cli.parsing import add_command
from cxml.cli.tables import ENDINGS_TEXT, check_new, check_target_file, read, read_json, texts_of, write
from cxml.cli.words import FAMILIES, flag, takers
from cxml.errors import ConfigError, TrackingError

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

#: What every family's `train` takes, if it has the setting.
_SETTINGS = ("target", "key", "time", "method", "drop")


def add_train(commands: Any) -> None:
    """Add ``cxml train``."""
    train = add_command(commands, "train", _train, "train a model, judge it on rows held out, track it in MLflow")
    train.add_argument("family", help=f"what to predict: {', '.join(FAMILIES)}")
    train.add_argument("--data", required=True, metavar="FILE", help=ENDINGS_TEXT)
    train.add_argument("--target", metavar="COLUMN", help="what happened: the column to learn")
    train.add_argument("--key", metavar="COLUMN", help="names whom a row is about; read as text, so 00123 stays 00123")
    train.add_argument("--time", metavar="COLUMN", help="date or time of each row; the last ones judge the model")
    train.add_argument("--method", help=f"the first of a family is its default: {', '.join(registry.MODELS)}")
    train.add_argument("--drop", nargs="+", action="extend", metavar="COLUMN", help="columns to leave out")
    train.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="further settings, such as test_size=0.2 seed=7",
    )
    train.add_argument("--no-track", dest="track", action="store_false", help="leave MLflow alone")
    train.add_argument("--out", metavar="FOLDER", help="also save the model to this new folder")
    _add_own(train, "train")


def add_predict(commands: Any) -> None:
    """Add ``cxml predict``."""
    predict = add_command(commands, "predict", _predict, "answer for every row of a file")
    predict.add_argument("model", metavar="URI_OR_FOLDER", help="models:/churn@champion, runs:/<run id>/model, folder")
    predict.add_argument("--data", metavar="FILE", help=ENDINGS_TEXT)
    predict.add_argument("--out", required=True, metavar="FILE", help="the same endings; replaced if it exists")
    _add_own(predict, "predict")


def _add_own(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add the options that only some families take, under the names of these families."""
    groups: dict[str, Any] = {}
    for name, families in takers(verb).items():
        title = " and ".join(families)
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        groups[title].add_argument(flag(name), **getattr(FAMILIES[families[0]], verb)[name])


def _train(options: argparse.Namespace) -> None:
    from cxml import persistence

    registry.family(options.family)
    settings = _settings(options.set)
    check_new(options.out)
    asked = {name: getattr(options, name) for name in _SETTINGS if getattr(options, name) is not None}
    words = FAMILIES[options.family]
    texts = texts_of(options.key or words.key)
    asked |= _asked(options, options.family, "train", texts)
    twice = [name for name in settings if name in asked]
    if twice:
        raise ConfigError(
            f"A setting is given once - got {twice[0]!r} by {flag(twice[0])} and by --set. Leave one out."
        )
    for name in words.needs:
        if name not in asked:
            raise ConfigError(f"Training {options.family} needs {flag(name)} - got none. For example: {words.to_train}")
    frame = read(options.data, texts)
    try:
        trained = getattr(cxml, options.family).train(frame, track=options.track, **asked, **settings)
    except TrackingError as error:
        if error.trained is not None:
            print(_verdict(cast("Trained", error.trained)))
        raise
    print(_verdict(trained))
    if options.out:
        persistence.save(trained, options.out)
    print(_kept(trained, options.out))


def _asked(options: argparse.Namespace, family: str, verb: str, texts: Sequence[str]) -> dict[str, Any]:
    """The options of this family that were given, its tables read; those of other families are refused."""
    asked: dict[str, Any] = {}
    words = FAMILIES[family]
    for name, families in takers(verb).items():
        value = getattr(options, name)
        if value is None:
            continue
        if family not in families:
            raise ConfigError(f"{flag(name)} is for {' and '.join(families)} - got it for {family}. Leave it out.")
        if name in words.files:
            value = read(value, [*texts, *words.texts])
        elif name in words.plain:
            value = read_json(name, value)
        asked[name] = value
    return asked


def _settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Read ``name=value`` pairs; a value that is JSON is taken as such, anything else as text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals):
            raise ConfigError(f"--set takes NAME=VALUE - got {pair!r}. Write it like test_size=0.2.")
        if name in ("frame", "target", "track"):
            raise ConfigError(f"--set is for further settings - got {pair!r}. Use --data, --target or --no-track.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def _verdict(trained: Trained) -> str:
    """Lay out what ``train`` prints: how it was judged, the figures, the notes."""
    lines = [trained.name]
    if trained.verdict:
        rows = trained.verdict.rows
        lines.append(f"learned from {rows['train']:,} rows, judged on {rows['test']:,} others: {trained.verdict.rule}")
        lines += ["", trained.table().round(4).to_string(na_rep="")]
    if trained.notes:
        lines += ["", "notes", *(f"- {note}" for note in trained.notes)]
    return "\n".join(lines)


def _kept(trained: Trained, folder: str | None) -> str:
    """Say where the model is and what to type next."""
    place = f"runs:/{trained.run_id}/model" if trained.run_id else folder and quote(folder)
    if not place:
        return "\nThe model is not kept: train without --no-track, or with --out FOLDER."
    lines = [""]
    if folder:
        lines.append(f"folder  {folder}")
    if trained.run_id:
        lines.append(f"run id  {trained.run_id}")
    next_one = f"cxml predict {place} {FAMILIES[trained.family].to_predict}"
    if trained.run_id:
        next_one = f"cxml promote {place}\n        {next_one}"
    return "\n".join([*lines, f"next    {next_one}"])


def _predict(options: argparse.Namespace) -> None:
    from cxml.tracking import load

    check_target_file(options.out, options.data)
    trained = load(options.model)
    rows: tuple[pd.DataFrame, ...] = ()
    texts = texts_of(trained.config.key, trained.model.features())
    asked = _asked(options, trained.family, "predict", texts)
    if options.data:
        rows = (read(options.data, texts),)
    elif FAMILIES[trained.family].rows:
        raise ConfigError(f"{trained.name} answers about rows - got no --data. Name their file: --data new.csv")
    answer = getattr(cxml, trained.family).predict(trained, *rows, **asked)
    columns = write(answer, Path(options.out))
    print(f"{len(answer):,} predictions of {trained.name} in {options.out}: {', '.join(columns)}")

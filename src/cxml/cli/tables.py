"""Tables in and out: read and written by the ending of the file's name, refused before anything starts."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxml.cli.words import flag
from cxml.errors import FrameError, ModelFolderError

if TYPE_CHECKING:
    import pandas as pd

ENDINGS_TEXT = "a file that ends in .csv, .csv.gz or .parquet"
_ENDINGS = (".csv", ".csv.gz", ".parquet")


def texts_of(key: str | None, features: Mapping[str, str] | None = None) -> list[str]:
    """Columns to read as text: the key, whose zeros count, and what the model learned as text."""
    texts = [name for name, kind in (features or {}).items() if kind == "text"]
    return [key, *texts] if key else texts


def read(file: str, texts: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table by the ending of its name, refusing what cannot be read before anything starts."""
    path = Path(file)
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is none"
        raise FrameError(f"The data must be {ENDINGS_TEXT} - {file}: {what}. Check the path.")
    ending = _ending(path)
    import pandas as pd

    try:
        return pd.read_parquet(path) if ending == ".parquet" else _read_csv(path, texts)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise FrameError(
            f"The data must be {ENDINGS_TEXT} - {file} cannot be read: {error}. Export it again."
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


def write(frame: pd.DataFrame, path: Path) -> list[str]:
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
        raise FrameError(f"A table is {ENDINGS_TEXT} - got {path}. Convert it first.")
    return found


def check_target_file(out: str, data: str | None) -> None:
    """Refuse before a prediction what could not be written after it."""
    path = Path(out)
    _ending(path)
    if path.is_dir() or not path.parent.is_dir():
        what = "it is a folder" if path.is_dir() else f"{path.parent} does not exist"
        raise FrameError(f"--out must be a file in a folder that exists - {out}: {what}. Check the path.")
    if data and path.resolve() == Path(data).resolve():
        raise FrameError(f"--out must be another file than --data - got {out} twice. Name another one.")


def check_new(folder: str | None) -> None:
    """Refuse before a training what could not be saved after it."""
    if folder and Path(folder).exists():
        raise ModelFolderError(f"--out must be a new folder - {folder} exists already. Choose another name.")


def read_json(name: str, file: str) -> Any:
    """Read a file of JSON, refusing what is none before anything starts."""
    try:
        return json.loads(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise FrameError(
            f"{flag(name)} must name a file of JSON - {file} cannot be read: {error}. Check it."
        ) from error

"""A model as a folder of plain files, and back.

``manifest.json`` names the model, its config, and each part's file with its codec and SHA-256; ``card.md`` is for
people. Nothing in the folder can run: no pickle, and no class name but one that the closed registry knows. Every
byte is checked before anything is built from it.

To change the format: raise `cxml.contract.CONTRACT`, teach `_parts` to read the old form, add the old folder under
``tests/golden``, and see its test pass.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from cxml._optional import require
from cxml.cards import write_card
from cxml.contract import CONTRACT, Data, Model, Origin, Verdict, build_config
from cxml.errors import CxmlError, MissingExtraError, ModelFolderError, shorten
from cxml.registry import model_class
from cxml.trained import Trained

MANIFEST = "manifest.json"
CARD = "card.md"
_FORMAT = "cxml-model"
_SUFFIX = {"json": "json", "npy": "npy", "lightgbm": "txt", "safetensors": "safetensors"}
_ARRAYS = "A model with the weights of a network"
_PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"}


def save(trained: Trained | Model, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write a model to a folder of plain files.

    Parameters
    ----------
    trained : Trained or Model
        As ``train`` or ``load`` returned it, or ``voc.discover``.
    folder : path
        Made anew. It appears whole or not at all.
    overwrite : bool, default=False
        Replace a model folder that is there. Any other folder is never replaced.

    Returns
    -------
    Path

    Raises
    ------
    ModelFolderError
        If the folder exists already.
    """
    target = Path(folder)
    if target.exists() and not (overwrite and _is_model_folder(target)):
        raise ModelFolderError(
            f"A model is saved to a new folder - {target} exists already. Choose another name, or pass overwrite=True "
            "to replace a model that cxml saved there."
        )
    files = _files(trained if isinstance(trained, Trained) else Trained(trained))
    draft, old = (target.with_name(f".{target.name}.{word}-{uuid4().hex[:8]}") for word in ("new", "old"))
    try:
        draft.mkdir(parents=True)
        for name, content in files.items():
            (draft / name).write_bytes(content)
        if target.exists():
            target.rename(old)
        draft.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return target


def _is_model_folder(folder: Path) -> bool:
    """Whether a folder is a model that `save` wrote, and holds nothing else that could be lost with it."""
    try:
        _check_files(folder, _manifest(folder))
    except ModelFolderError:
        return False
    return True


def _files(trained: Trained) -> dict[str, bytes]:
    """Everything to be written, by file name, made before the first byte goes to disk."""
    files: dict[str, bytes] = {}
    parts: dict[str, dict[str, str]] = {}
    for name, value in trained.model.parts().items():
        codec, content = _encode(value)
        file = f"{name}.{_SUFFIX[codec]}"
        files[file] = content
        parts[name] = {"file": file, "codec": codec, "sha256": sha256(content).hexdigest()}
    files[CARD] = write_card(trained).encode()
    manifest = {
        "format": _FORMAT,
        "contract": CONTRACT,
        "model": trained.name,
        "versions": dict(trained.origin.versions) or versions(),
        "config": asdict(trained.config),
        "features": dict(trained.model.features()),
        "parts": parts,
        "card": {"file": CARD, "sha256": sha256(files[CARD]).hexdigest()},
        "data": asdict(trained.origin.data) if trained.origin.data else None,
        "verdict": trained.verdict.to_json() if trained.verdict else None,
    }
    manifest["digest"] = _digest(manifest)
    files[MANIFEST] = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    return files


def versions() -> dict[str, str]:
    """Versions of the packages that a model's numbers hang on."""
    return {name: version(name) for name in ("cxml", "lightgbm", "numpy", "pandas", "scikit-learn")}


def _digest(manifest: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in manifest.items() if name != "digest"}
    return sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _encode(value: Any) -> tuple[str, bytes]:
    if isinstance(value, np.ndarray):
        buffer = BytesIO()
        np.save(buffer, value, allow_pickle=False)
        return "npy", buffer.getvalue()
    if isinstance(value, Mapping) and value and all(isinstance(one, np.ndarray) for one in value.values()):
        return "safetensors", _safetensors().save({name: np.ascontiguousarray(one) for name, one in value.items()})
    if type(value).__module__.startswith("lightgbm"):
        from cxml.boosting import to_text

        return "lightgbm", to_text(value).encode()
    return "json", json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _decode(codec: str, content: bytes) -> Any:
    if codec == "npy":
        return np.load(BytesIO(content), allow_pickle=False)
    if codec == "lightgbm":
        from cxml.boosting import from_text

        return from_text(content.decode())
    if codec == "safetensors":
        safetensors = _safetensors()
        try:
            return safetensors.load(content)
        except require("safetensors", extra="transformers", feature=_ARRAYS).SafetensorError as error:
            raise ValueError(f"its named arrays cannot be read ({error})") from error
    if codec == "json":
        return json.loads(content)
    raise ModelFolderError(f"A part's codec is one of {shorten(_SUFFIX)} - got {codec!r}.")


def _safetensors() -> Any:
    """The writer of named arrays: a header of names, types and shapes, then the numbers."""
    return require("safetensors.numpy", extra="transformers", feature=_ARRAYS)


def load_folder(folder: str | Path) -> Trained:
    """Read a model folder, checking every byte before building anything.

    Parameters
    ----------
    folder : path
        Written by `save`, or an MLflow model folder that holds such a one.

    Returns
    -------
    Trained

    Raises
    ------
    ModelFolderError
        If the folder is missing, is not ours, is damaged or edited, holds files that it does not name (a pickle,
        say), or was written by a newer cxml.
    MissingExtraError
        If the model needs a package that is not installed.

    Examples
    --------
    >>> load_folder("no/such/folder")
    Traceback (most recent call last):
        ...
    cxml.errors.ModelFolderError: A model folder holds manifest.json - no/such/folder does not exist. \
Check the path; cxml.save(model, folder) writes one.
    """
    place = _inside_mlflow(Path(folder))
    manifest = _manifest(place)
    _check_files(place, manifest)
    try:
        kind = model_class(manifest["model"])
        config = build_config(kind.Config, _tuples(manifest["config"]))
        model = kind.from_parts(config, _parts(place, manifest))
        data = Data(**manifest["data"]) if manifest["data"] else None
        verdict = Verdict.from_json(manifest["verdict"]) if manifest["verdict"] else None
        origin = Origin(data, dict(manifest["versions"]))
    except MissingExtraError:  # nothing is wrong with the folder
        raise
    except CxmlError as error:
        raise ModelFolderError(f"{place} cannot be read as a model: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _damaged(place, f"{type(error).__name__}: {error}") from error
    return Trained(model, verdict=verdict, origin=origin)


def shipped(name: str) -> Path | None:
    """Find the folder of a model that ships with cxml: in a checkout, or beside the installed package.

    Installers put it under ``share`` of the folder that they install into, which is one of those above the package:
    of an environment and of a user's own packages the third above theirs, with ``pip install --target`` the nearest.

    Examples
    --------
    >>> shipped("no-such-model") is None
    True
    """
    if not name or Path(name).name != name:
        return None
    above = Path(__file__).parents
    places = (above[2] / "models", *(one / "share" / "cxml" / "models" for one in above[1:5]))
    return next((place / name for place in places if (place / name / MANIFEST).is_file()), None)


def _inside_mlflow(folder: Path) -> Path:
    """Find our folder in an MLflow model: it is the only one under ``data``."""
    if (folder / "MLmodel").is_file() and not (folder / MANIFEST).exists():
        found = sorted((folder / "data").glob(f"*/{MANIFEST}"))
        if len(found) == 1:
            return found[0].parent
        raise ModelFolderError(f"{folder} is an MLflow model that cxml did not write. Load it with mlflow.pyfunc.")
    return folder


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        what = "has none" if folder.is_dir() else "does not exist"
        raise ModelFolderError(
            f"A model folder holds {MANIFEST} - {folder} {what}. Check the path; cxml.save(model, folder) writes one."
        )
    try:
        manifest = json.loads(path.read_bytes())
        ours = manifest["format"] == _FORMAT
        contract = int(manifest["contract"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, f"{MANIFEST} cannot be read") from error
    if not ours:
        raise ModelFolderError(f"A model folder's format is {_FORMAT!r} - {folder} says {manifest['format']!r}.")
    if contract > CONTRACT:
        raise ModelFolderError(
            f"{folder} was written by a newer cxml (contract {contract}; this one reads up to {CONTRACT}). "
            "Upgrade cxml."
        )
    if manifest.get("digest") != _digest(manifest):
        raise _damaged(folder, f"{MANIFEST} was edited or damaged")
    return dict(manifest)


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    try:
        named = {one["file"]: one["sha256"] for one in (*manifest["parts"].values(), manifest["card"])}
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, f"{MANIFEST} does not name its files") from error
    outside = [name for name in named if Path(name).name != name]
    if outside:
        raise _damaged(folder, f"{MANIFEST} names files elsewhere, {shorten(outside)}")
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    strange = sorted(present - set(named))
    if strange:
        pickled = any(Path(name).suffix in _PICKLES for name in strange)
        why = "A pickle runs code when it is read, so it is never opened. " if pickled else ""
        raise ModelFolderError(
            f"A model folder holds the files that its {MANIFEST} names - {folder} also holds {shorten(strange)}. "
            f"{why}Remove what does not belong there, or get the folder from its source again."
        )
    for name, wanted in named.items():
        path = folder / name
        if not path.is_file():
            raise _damaged(folder, f"{name} is missing")
        if sha256(path.read_bytes()).hexdigest() != wanted:
            raise _damaged(folder, f"{name} was edited or truncated (its SHA-256 differs)")


def _parts(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _decode(one["codec"], (folder / one["file"]).read_bytes()) for name, one in manifest["parts"].items()}


def _tuples(config: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; configs are frozen and hold tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}


def _damaged(folder: Path, what: str) -> ModelFolderError:
    return ModelFolderError(
        f"A model folder must be whole and unchanged - {folder}: {what}. Get it from its source again, or train anew."
    )


def rescue(trained: Trained) -> Path:
    """Save a model under the working directory, or the home or temporary one, where nothing else can hold it."""
    from tempfile import gettempdir

    name = f"cxml-rescued-{trained.name.replace('/', '-')}-{uuid4().hex[:8]}"
    for parent in (Path.cwd(), Path.home(), Path(gettempdir())):
        with suppress(OSError):
            return save(trained, parent / name)
    raise ModelFolderError(
        f"A model folder needs a disk with room - none of {Path.cwd()}, {Path.home()}, {gettempdir()} can be written. "
        "Free some space and call cxml.save(model, folder): the model is still in memory as the error's `trained`."
    )

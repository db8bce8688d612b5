"""Links lead somewhere, commands exist, and each family's page says what the others say."""

import argparse
import dataclasses
import inspect
import re
import shlex
from importlib import import_module

import pytest

import cxml
import pages
from cxml import registry
from cxml.contract import SETTLED

FAMILY_PAGES = {name: pages.ROOT / "docs" / f"{name}.md" for name in registry.FAMILIES}
HEADINGS = (
    *("What goes in", "What comes out", "Settings"),
    *("How it is judged", "How it works", "Figures", "Limits", "Sources"),
)
#: Models whose settings stand on a page of their own, for they are found by another verb than `train`.
ELSEWHERE = {"voc/topics": ("topics.md", "discover")}


def each(paths):
    return pytest.mark.parametrize("page", paths, ids=lambda page: page.relative_to(pages.ROOT).as_posix())


def leads_nowhere(page, link):
    """Why a link is no good, if it is not."""
    if re.match(r"[a-z]+:", link):
        good = re.fullmatch(r"https://[\w.-]+\.[a-z]{2,}(:\d+)?(/[^\s<>\"]*)?", link)
        return None if good else "no plain https address"
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return "no such file"
    if not target.is_relative_to(pages.ROOT):
        return "outside of the project"
    if anchor and anchor not in pages.anchors(pages.text_of(target)):
        return "no such heading"
    return None


@each(pages.PAGES)
def test_links_lead_somewhere(page):
    found = {link: leads_nowhere(page, link) for link in pages.links(pages.text_of(page))}
    assert not {link: why for link, why in found.items() if why}


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("## Sources", "sources"),
        ("### What a policy would have earned", "what-a-policy-would-have-earned"),
        ("## 노트북에서 서비스까지", "노트북에서-서비스까지"),
        ("## 고객의 소리(VOC)", "고객의-소리voc"),
        ("## `cxml.load`, and then?", "cxmlload-and-then"),
        ("## See [the card](card.md) #", "see-the-card"),
    ],
)
def test_anchors_are_made_as_github_makes_them(heading, anchor):
    assert pages.anchors(f"text\n\n{heading}\n\n```sh\n# no heading\n```\n") == {anchor}


def test_a_heading_met_twice_has_two_anchors():
    assert pages.anchors("# A\n\n## Limits\n\n## Limits\n") == {"a", "limits", "limits-1"}


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("docs/no-such-page.md", "no such file"),
        ("docs/churn.md#no-such-heading", "no such heading"),
        ("../elsewhere", "no such file"),
        ("..", "outside of the project"),
        ("http://example.com", "no plain https address"),
        ("https://example.com/a b", "no plain https address"),
        ("docs/churn.md#settings", None),
        ("https://example.com/a?b=c#d", None),
    ],
)
def test_what_leads_nowhere_is_told(link, why):
    assert leads_nowhere(pages.ROOT / "README.md", link) == why


def said_in(page):
    """The commands of a page: its shell blocks, and those in its text that are whole."""
    text = pages.text_of(page)
    inline = [one for one in re.findall(r"`([^`\n]+)`", pages.prose(text)) if re.match(r"make \w|cxml [a-z]+ ", one)]
    return [*pages.commands(text), *inline]


def problem(command):
    """Why a command of a page would not be understood, if it would not; those of other programs are left to them."""
    if not re.match(r"([A-Z_]+=\S* )*(\S*/)?(make|cxml|python) ", command):
        return None
    words = shlex.split(re.sub(r"<[^<>]*>", "ANY", command))  # <run id> stands for what a reader has
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    if words[0] == "make":
        return make_problem(words[1:])
    if words[0].rpartition("/")[2] == "cxml":
        return cxml_problem(words[1:])
    scripts = [word for word in words if re.fullmatch(r"(benchmarks|models|tests)/[\w/]+\.py", word)]
    return next((f"no {word}" for word in scripts if not (pages.ROOT / word).exists()), None)


def make_problem(words):
    makefile = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.M))
    variables = set(re.findall(r"^([A-Z]+) =", makefile, flags=re.M))
    for word in words:
        name, equals, _ = word.partition("=")
        if name not in (variables if equals else targets):
            return f"make knows no {word}"
    return None


def cxml_problem(words):
    """What the command line says; and whether the family that is named takes the options."""
    from cxml.cli import _parser
    from cxml.cli.words import takers

    try:
        options = _parser().parse_args(words)
    except (SystemExit, argparse.ArgumentError):
        return "not understood"
    verb = words[0]
    if verb not in ("train", "predict"):
        family = getattr(options, "family", None)
        return None if family in {None, *registry.FAMILIES} else f"no family {family}"
    family = options.family if verb == "train" else re.sub(r"models:/|@.*", "", options.model)
    if family not in registry.FAMILIES:
        return None if verb == "predict" else f"no family {family}"
    wrong = [name for name, takes in takers(verb).items() if getattr(options, name) is not None and family not in takes]
    return f"{wrong[0]} is not for {family}" if wrong else None


@each([*pages.READMES, *pages.DOCS, pages.ROOT / "models" / "README.md"])
def test_commands_would_be_understood(page, capsys):
    found = {command: problem(command) for command in said_in(page)}
    assert not {command: why for command, why in found.items() if why}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("make demmo", "make knows no demmo"),
        ("make demo DATA=a.csv COLOUR=red", "make knows no COLOUR=red"),
        ("cxml train churn --data a.csv --targt left", "not understood"),
        ("cxml train chrun --data a.csv", "no family chrun"),
        ("cxml train volume --data a.csv --uplift", "uplift is not for volume"),
        ("cxml predict models:/churn@champion --data a.csv --out b.csv --levels 90", "levels is not for churn"),
        ("cxml compare chrun", "no family chrun"),
        ("cxml promote runs:/<run id>/model --alias champion", None),
        (".venv/bin/python benchmarks/no_such.py --quick", "no benchmarks/no_such.py"),
        ("curl http://127.0.0.1:5001/invocations -d '{", None),
        ("MLFLOW_TRACKING_URI=sqlite:///a.db cxml compare churn", None),
    ],
)
def test_what_would_not_be_understood_is_told(command, why, capsys):
    assert problem(command) == why


@each(pages.DOCS)
def test_scripts_that_are_named_exist(page):
    named = re.findall(r"`(?:python )?(?:benchmarks/)?(\w+\.py)(?: [^`]*)?`", pages.prose(pages.text_of(page)))
    known = {
        path.name for room in ("benchmarks", "src", "tests", "models") for path in (pages.ROOT / room).rglob("*.py")
    }
    assert set(named) - {"rate_by.py"} <= known


def sections(page):
    """Heading -> what stands under it."""
    parts = re.split(r"^## (.+)$", pages.text_of(page), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_each_family_s_page_has_the_same_parts(family):
    found = sections(FAMILY_PAGES[family])
    assert [name for name in found if name in HEADINGS] == list(HEADINGS)
    assert all(len(found[name].split()) > 40 for name in HEADINGS)


def settings_told(text):
    """The names in the first column of a page's table of settings."""
    rows = re.findall(r"^\| (.+?) \|", text, flags=re.M)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def settings_of(model, verb):
    """What may be set when a model is trained, less what training settles."""
    config = registry.model_class(model).Config
    named = {one.name for one in dataclasses.fields(config) if one.metadata != SETTLED}
    words = inspect.signature(verb).parameters.values()
    return named | {one.name for one in words if one.kind is one.KEYWORD_ONLY}


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_every_setting_of_a_family_stands_on_its_page_and_no_other(family):
    train = import_module(f"cxml.{family}").train
    models = [name for name in registry.MODELS if name.startswith(f"{family}/") and name not in ELSEWHERE]
    settings = set().union(*(settings_of(name, train) for name in models))
    page = sections(FAMILY_PAGES[family])
    assert settings_told(page["Settings"]) == settings
    told = set(re.findall(r"`(\w+)`", page["Settings"]))
    assert {name.partition("/")[2] for name in models} <= told


@pytest.mark.parametrize("model", ELSEWHERE)
def test_every_setting_of_what_is_found_stands_on_its_page(model):
    name, verb = ELSEWHERE[model]
    page = sections(pages.ROOT / "docs" / name)
    assert settings_told(page["Settings"]) == settings_of(model, getattr(cxml.voc, verb))


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_all_that_may_be_asked_of_predict_stands_on_its_page(family):
    asked = inspect.signature(import_module(f"cxml.{family}").predict).parameters
    text = pages.text_of(FAMILY_PAGES[family])
    assert [name for name in asked if name not in ("model", "frame") and not re.search(rf"\b{name}\b", text)] == []


def test_the_docs_list_all_their_pages():
    listed = pages.links(pages.text_of(pages.ROOT / "docs" / "README.md"))
    assert {path.name for path in pages.DOCS} - {"README.md"} <= set(listed)

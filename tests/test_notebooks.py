"""The notebooks are short, are stored with their outputs, and run from the first cell to the last."""

import ast
import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


FAMILIES = ("anomaly", "churn", "offers", "voc", "volume")
#: Of anybody's machine: a home, a drive, a folder of temporary files.
PLACES = re.compile(r"/home/|/root/|/Users/|/tmp/|/work/|/var/|site-packages|[A-Z]:\\")


def all_cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code_cells(path):
    return [cell for cell in all_cells(path) if cell["cell_type"] == "code"]


def sources(path):
    return ["".join(cell["source"]) for cell in code_cells(path)]


def outputs(path):
    return [output for cell in code_cells(path) for output in cell["outputs"]]


def texts(output):
    """What an output shows as text: streams, reprs and tables, but no pictures."""
    yield "".join(output.get("text", ""))
    for kind, shown in output.get("data", {}).items():
        if kind.startswith("text/"):
            yield "".join(shown)


def the_incident_goes_through_all_families(names):
    """The text of the tour says so: each answer is laid beside what was planted."""
    world, truth = names["world"], names["world"].truth
    planted = truth.incidents.iloc[-1]
    assert names["alert"]["start"].normalize() == planted["start"]
    assert names["causes"].table["segment"].iloc[0] == "topic=장애, app=안드로이드"
    assert names["new"]["what"].iloc[0] == "로그인"
    assert names["shares"]["this week"].value_counts().index[0] == "앱"
    hit_by_it = truth.hit.loc[truth.hit["start"] == planted["start"], "customer_id"]
    assert {*names["hit"]["customer_id"]} == {*hit_by_it}
    risk = names["risk"].diff().iloc[1].abs()
    assert risk["model"] == pytest.approx(risk["truth"], rel=0.6)
    assert names["chosen"]["customer_id"].isin(hit_by_it).all()
    assert (names["chosen"]["channel"] == "call").sum() <= 20
    assert names["chosen"].merge(names["catalogue"])["cost"].sum() <= 40_000
    rates = names["rates"]
    assert rates["contacts"].sum() == pytest.approx(rates["expected"].sum(), rel=0.1)
    assert rates["contacts"].sum() > (rates["expected"] - rates["added"]).sum() * 1.3
    assert {*names["runs"]["run"].str.split("/").str[0]} == {*FAMILIES}
    assert world.today == names["recent"]["ds"].max().normalize()


def what_is_new_is_found_and_learned(names):
    """The text of the notebook says so."""
    assert "로그인" in names["new"]["what"].iloc[0]
    assert {"긴급 대응", "앱 개발팀"} <= {*names["routed"]["queue"]}
    topics = names["labels"].loc[names["rest"].index, "topic"]
    before, after = ((one["topic"] == topics).mean() for one in names["answers"].values())
    assert after > before


def effects_and_worth_are_near_the_truth(names):
    """The text of the notebook says so."""
    found = names["fifths"]
    assert found["true"].iloc[0] > found["true"].iloc[-1] + 0.05
    worth = names["worth"]
    assert worth["expected by the model"] == pytest.approx(worth["true"], rel=0.3)
    assert (names["table"]["expected"] - names["table"]["true"]).abs().max() < 0.06


def trouble_is_found_and_traced(names):
    """The text of the notebook says so."""
    first, second = (one.recall[one.false_alarms_week <= 5].max() for one in names["curves"].values())
    assert first > second
    assert names["alert"]["series"] == "전화"
    assert names["causes"].table["segment"].iloc[0] == "topic=장애"
    assert {*names["ratio"].table["effect"]} == {"rate", "mix"}


def the_call_list_of_the_model_earns_most(names):
    """The text of the notebook says so."""
    assert names["earned"].idxmax() == "model"


def planning_for_the_expected_calls_misses_the_target(names):
    """The text of the notebook says so."""
    assert names["usual"]["meets_target"].mean() < names["staffing"]["meets_target"].mean()


each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
#: What holds at the end of a notebook, beside the promotion.
STORIES = {
    "00_tour": the_incident_goes_through_all_families,
    "churn": the_call_list_of_the_model_earns_most,
    "volume": planning_for_the_expected_calls_misses_the_target,
    "voc": what_is_new_is_found_and_learned,
    "offers": effects_and_worth_are_near_the_truth,
    "anomaly": trouble_is_found_and_traced,
}
#: Fewer rows than in the stored outputs: the story stays, the test is quick.
FEWER = {
    "make_company(3000": "make_company(1500",
    'totals["ds"] < week]': 'totals["ds"].between("2024-07-01", "2025-06-23 23:00")]',
    'totals["ds"] >= "2025-01-01"]': 'totals["ds"] >= "2025-02-01"]',
    "make_customers(4000": "make_customers(2600",
    "iloc[:3000]": "iloc[:1800]",
    "iloc[3000:]": "iloc[1800:]",
    "make_comments(3000": "make_comments(2200",
    "make_offers(3000": "make_offers(2400",
}


#: Topics and stages bear Korean names, and are drawn.
@pytest.mark.filterwarnings("ignore:A picture needs a font")
@each
def test_runs_from_first_to_last(path, store):
    names = {}
    for cell in code_cells(path):
        source = "".join(cell["source"])
        for many, few in FEWER.items():
            source = source.replace(many, few)
        exec(source, names)
    assert names["promoted"].against_baseline.mean < 0
    if path.stem in FAMILIES:
        assert "alias was not moved" in str(names["refusal"])
    STORIES.get(path.stem, lambda names: None)(names)


@each
def test_is_stored_with_its_outputs(path):
    counts = [cell["execution_count"] for cell in code_cells(path)]
    assert counts == [*range(1, len(counts) + 1)]  # in one go, from a fresh kernel
    assert len(outputs(path)) >= len(counts) / 2
    assert any("image/png" in output.get("data", {}) for output in outputs(path))
    assert all(output["output_type"] != "error" for output in outputs(path))
    assert all(output.get("name") != "stderr" for output in outputs(path))
    assert path.stat().st_size < 1_000_000


@each
def test_tells_nothing_of_the_machine_it_ran_on(path):
    shown = "\n".join(text for output in outputs(path) for text in texts(output))
    assert not PLACES.search(shown)
    assert all({*cell["metadata"]} <= {"tags"} for cell in code_cells(path))


@each
def test_is_short_and_begins_with_a_question(path):
    cells = all_cells(path)
    assert len(cells) < 30
    assert cells[0]["cell_type"] == "markdown"
    assert "?" in "".join(cells[0]["source"]).splitlines()[0]
    for source in sources(path):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                assert node.end_lineno - node.lineno < 5, ast.unparse(node)


@each
def test_compares_promotes_and_predicts_from_the_registry(path):
    code = "\n".join(sources(path))
    assert "cxml.compare(" in code
    promoted = code.index("promoted = cxml.promote(")
    assert re.search(r"(load|predict)\(promoted\.uri", code[promoted:])


def test_there_is_one_for_each_family_and_a_tour():
    assert [path.stem for path in NOTEBOOKS] == ["00_tour", *FAMILIES]

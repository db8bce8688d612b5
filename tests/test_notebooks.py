"""The notebooks run from the first cell to the last, and their stored outputs hold no error."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


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


#: What holds at the end of a notebook, beside the promotion.
STORIES = {
    "voc": what_is_new_is_found_and_learned,
    "offers": effects_and_worth_are_near_the_truth,
    "anomaly": trouble_is_found_and_traced,
}
#: Fewer rows than in the stored outputs: the story stays, the test is quick.
FEWER = {
    "make_customers(4000": "make_customers(3600",
    "make_comments(3000": "make_comments(2200",
    "make_offers(3000": "make_offers(2400",
}


#: Topics and stages bear Korean names, and are drawn.
@pytest.mark.filterwarnings("ignore:A picture needs a font")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_first_to_last(path, store):
    names = {}
    for cell in code_cells(path):
        source = "".join(cell["source"])
        for many, few in FEWER.items():
            source = source.replace(many, few)
        exec(source, names)
    assert names["promoted"].against_baseline.mean < 0
    STORIES.get(path.stem, lambda names: None)(names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_with_its_outputs(path):
    cells = code_cells(path)
    assert len(cells) < 30
    assert any(cell["outputs"] for cell in cells)
    assert all(output["output_type"] != "error" for cell in cells for output in cell["outputs"])

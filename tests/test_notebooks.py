"""The notebooks run from the first cell to the last, and their stored outputs hold no error."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_first_to_last(path, store):
    names = {}
    for cell in code_cells(path):
        # Fewer customers than in the stored outputs: the story stays, the test is quick.
        exec("".join(cell["source"]).replace("make_customers(4000", "make_customers(3600"), names)
    assert names["promoted"].against_baseline.mean < 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_with_its_outputs(path):
    cells = code_cells(path)
    assert len(cells) < 30
    assert any(cell["outputs"] for cell in cells)
    assert all(output["output_type"] != "error" for cell in cells for output in cell["outputs"])

"""What the README and the docs show works as it stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Pages whose code is no sketch: it runs from top to bottom.
RUNNING = [ROOT / "docs" / "staffing.md", ROOT / "docs" / "volume.md"]


def run_code(page):
    """Run the code blocks of a page one after the other; answers with the names that they leave behind."""
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S):
        exec(block, names)
    return names


#: The invented queue bears a Korean name, and a picture bears that of the queue.
@pytest.mark.filterwarnings("ignore:A picture needs a font")
def test_the_code_of_the_readme_runs_from_top_to_bottom(store, capsys):
    names = run_code(ROOT / "README.md")
    shown = capsys.readouterr().out
    assert "roc_auc" in shown
    assert "likely to leave" in shown
    assert 0 < names["champion"].predict_one(names["customers"].iloc[0].to_dict())["churn_probability"] < 1
    assert (names["agents"]["meets_target"] >= 0.9).all()


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.name)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, store):
    names = run_code(page)
    table = names.get("agents", names.get("table"))
    assert {"agents", "meets_target"} <= {*table.columns}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing

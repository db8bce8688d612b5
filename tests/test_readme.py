"""What the README and the docs show works as it stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_code_of_the_readme_runs_from_top_to_bottom(store, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    assert len(blocks) >= 2
    names = {}
    for block in blocks:
        exec(block, names)
    shown = capsys.readouterr().out
    assert "roc_auc" in shown
    assert "likely to leave" in shown
    assert 0 < names["champion"].predict_one(names["customers"].iloc[0].to_dict())["churn_probability"] < 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing

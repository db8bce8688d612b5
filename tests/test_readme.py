"""What the README and the docs show works as it stands."""

import re
from pathlib import Path

import pytest

from cxml import datasets

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Pages whose code is no sketch: it runs from top to bottom, and this then holds of what it leaves behind.
RUNNING = {
    "anomaly.md": lambda names: (
        {"expected", "score", "is_anomaly", "alert", "severity"} <= {*names["answer"]}
        and {"alarm_cost", "event_recall"} <= {*names["judged"].table().index}
        and names["odd"]["score"].idxmax() == 7
    ),
    "anomaly-alerts.md": lambda names: (
        names["found"].table["segment"].iloc[0] == "topic=장애"
        and {*names["ratio"].table["effect"]} == {"rate", "mix"}
        and names["told"][0]["event"] == "opened"
    ),
    "offer-decisions.md": lambda names: (
        names["decision"].gap < 0.01
        and {"eligibility", "consent", "fatigue"} <= {rule.partition(":")[0] for rule in names["everything"]["rule"]}
    ),
    "offers.md": lambda names: (
        {"offer", "channel", "acceptance_probability"} <= {*names["chosen"].columns}
        and {"uplift"} <= {*names["best"].columns}
        and names["scores"].spread[-1] > names["scores"].spread[0]
    ),
    "privacy.md": lambda names: names["counts"] == {"ACCOUNT": 1},
    "staffing.md": lambda names: {"agents", "meets_target"} <= {*names["table"].columns},
    "topics.md": lambda names: len(names["topics"].table()) > 1,
    "voc-decisions.md": lambda names: {"queue", "queue_rule"} <= {*names["routed"].columns},
    "voc.md": lambda names: {"urgent desk", "logistics"} <= {*names["answers"]["queue"]} and len(names["asked"]) == 20,
    "volume.md": lambda names: {"agents", "meets_target"} <= {*names["agents"].columns},
}


def comments_to_cluster():
    """What a page on topics takes for granted: the reader's own comments."""
    comments = datasets.make_comments(600).frame
    return {"comments": comments.head(500), "new_comments": comments.tail(100), "this_week": comments.tail(100)}


#: Page -> what its code is given.
GIVEN = {"topics.md": comments_to_cluster}


def run_code(page):
    """Run the code blocks of a page one after the other; answers with the names that they leave behind."""
    names = GIVEN.get(page.name, dict)()
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
    assert {"urgent desk", "logistics"} <= {*names["answers"]["queue"]}


#: Topics bear Korean names too.
@pytest.mark.filterwarnings("ignore:A picture needs a font")
@pytest.mark.parametrize("page", RUNNING)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, store):
    assert RUNNING[page](run_code(ROOT / "docs" / page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing

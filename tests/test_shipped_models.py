"""Models that ship: each loads by name, answers, is small, and does as well as its card says."""

import os
from pathlib import Path

import pandas as pd
import pytest

import cxml
from cxml import voc

MODELS = Path(__file__).parents[1] / "models"
DATA = Path(os.environ.get("CXML_DATA", Path(__file__).parents[2] / "shared" / "data"))
NAMES = sorted(place.parent.name for place in MODELS.glob("*/manifest.json"))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working directory from which no relative path leads to the models."""
    monkeypatch.chdir(tmp_path)


def test_something_ships():
    assert NAMES == ["voc-sentiment-ko"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("elsewhere")
def test_each_loads_by_name_and_is_small(name):
    trained = cxml.load(name)
    assert trained.verdict
    files = list((MODELS / name).iterdir())
    assert sum(file.stat().st_size for file in files) < 10e6
    assert max(file.stat().st_size for file in files) < 1e6
    assert {file.suffix for file in files} <= {".json", ".npy", ".md"}
    assert f"{trained.metrics['holdout_sentiment_accuracy']:.4f}" in (MODELS / name / "card.md").read_text()


@pytest.mark.usefixtures("elsewhere")
def test_an_unknown_name_is_refused_with_what_to_do():
    with pytest.raises(cxml.ModelFolderError, match="voc-sentiment-kor does not exist"):
        cxml.load("voc-sentiment-kor")


@pytest.mark.usefixtures("elsewhere")
def test_it_tells_praise_from_complaint():
    praise, complaint = "최고예요 정말 감동했습니다", "별로예요 돈 아까워요"
    others = "너무 좋아서 또 보고 싶어요 ㅎㅎ", "최악이다 시간 낭비ㅡㅡ"
    comments = pd.DataFrame({"text": [praise, complaint, *others, " "]})
    answer = voc.predict("voc-sentiment-ko", comments)
    assert answer["sentiment"].tolist() == ["positive", "negative", "positive", "negative", None]
    one = cxml.load("voc-sentiment-ko").predict_one({"text": comments["text"][0]})
    assert one["sentiment_probability"] == pytest.approx(answer["sentiment_probability"][0], abs=1e-6)


def test_the_figure_of_the_card_holds_on_a_sample():
    path = DATA / "voc" / "nsmc.csv.gz"
    if not path.is_file():
        pytest.skip(f"NSMC is not here ({path}); set CXML_DATA to the folder that holds voc/")
    reviews = pd.read_csv(path)
    sample = reviews[reviews["split"] == "test"].dropna(subset="document").sample(3_000, random_state=0)
    trained = cxml.load("voc-sentiment-ko")
    said = trained.model.predict(sample.rename(columns={"document": "text"}))["sentiment"]
    right = (said.to_numpy() == sample["label"].map({0: "negative", 1: "positive"}).to_numpy()).mean()
    # Four standard errors of 3,000 rows.
    assert right == pytest.approx(trained.metrics["holdout_sentiment_accuracy"], abs=0.025)

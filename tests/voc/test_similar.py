"""Comments like a given one: by letters, by meaning, and each only once."""

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.voc.semantic import Encoder
from cxml.voc.similar import similar

COMMENTS = pd.DataFrame(
    {
        "text": [
            "배송이 너무 늦어요",
            "배송이너무 늦어요!!",
            "택배가 사흘째 안 와요",
            "앱이 자꾸 꺼져요",
            "",
            None,
            "요금이 비싸요",
        ],
        "stars": [1, 1, 2, 1, 3, 3, 2],
    },
    index=list("abcdefg"),
)
SUBJECTS = (("배송", "택배"), ("앱", "꺼"), ("요금", "비싸"))


@pytest.fixture
def encoder():
    """Knows what a text is about, and nothing of its letters."""
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return np.array([[sum(word in text for word in words) for words in SUBJECTS] for text in texts]) + 0.01

    made = Encoder("subjects", embed, dimension=3)
    made.asked = asked
    return made


def test_letters_find_what_is_written_alike():
    answer = similar(COMMENTS, "배송 늦음", n=9)
    assert answer.index[0] == "a"
    assert list(answer.columns) == ["text", "stars", "similarity", "count"]
    assert answer.loc["a", "count"] == 2, "blanks and marks make no other comment"
    assert set(answer.index) == {"a", "c", "d", "g"}, "neither repeats nor empty ones"
    assert (answer["similarity"].diff().dropna() <= 0).all()


def test_an_encoder_finds_what_means_alike(encoder):
    answer = similar(COMMENTS, "택배 언제 오나요", n=2, encoder=encoder)
    assert list(answer.index) == ["a", "c"]
    letters = similar(COMMENTS, "택배 언제 오나요", n=1)
    assert list(letters.index) == ["c"]


def test_vectors_given_are_not_made_again(encoder):
    vectors = encoder.encode(COMMENTS["text"].fillna("").tolist())
    encoder.asked.clear()
    answer = similar(COMMENTS, "요금", n=1, encoder=encoder, vectors=vectors)
    assert list(answer.index) == ["g"]
    assert encoder.asked == [["요금"]]
    with pytest.raises(FrameError, match=r"one a comment, of shape \(7, 3\) - got \(2, 3\)"):
        similar(COMMENTS, "요금", encoder=encoder, vectors=vectors[:2])


def test_comments_but_for_an_ending_are_one():
    long = "상담원이 불친절하고 전화 연결이 삼십 분이나 걸려서 정말 화가 났습니다"
    frame = pd.DataFrame({"text": [long, long + "요", "네. " + long, "앱이 꺼져요"]})
    answer = similar(frame, "상담원이 불친절", n=4)
    assert list(answer["count"]) == [3, 1]


def test_odd_texts_do_no_harm():
    odd = pd.DataFrame({"text": ["", " ", "😀", "a\x00b", "\ud800", "가" * 100_000, 3, np.nan]})
    answer = similar(odd, "😀", n=10)
    assert answer.index[0] == 2
    assert len(answer) == 5
    assert len(similar(pd.DataFrame({"text": ["", None]}), "늦어요")) == 0


@pytest.mark.parametrize(
    ("query", "options", "error", "message"),
    [
        ("  ", {}, ConfigError, r"'query' must be a text to search for"),
        (["늦어요"], {}, ConfigError, r"'query' must be one text - got list. Ask once for each text"),
        ("늦어요", {"n": 0}, ConfigError, r"'n' must be a whole number of at least 1 - got 0"),
        ("늦어요", {"text": "글"}, FrameError, r"needs the column '글'"),
    ],
)
def test_what_cannot_be_asked_is_refused(query, options, error, message):
    with pytest.raises(error, match=message):
        similar(COMMENTS, query, **options)

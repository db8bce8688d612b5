"""Korean words without an analyser: particles go, words stay."""

import time

import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.voc.checks import read_texts
from cxml.voc.topics.phrases import STOP_WORDS, Words, phrases, tokens

COMMENTS = [
    "배송이 늦어요",
    "배송은 빠르다",
    "배송했는데 안 왔어요",
    "배송",
    "고양이가 좋아",
    "고양이는 귀엽다",
    "고양이를 샀다",
    "앱이 꺼져요",
    "앱은 느림",
    "앱을 지움",
    "앱 오류",
    "회사가 크다",
    "회사를 옮김",
    "two cards arrived",
    "a card",
    "the glass",
]


@pytest.fixture(scope="module")
def words():
    return Words.learn(COMMENTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("배송이", ["배송"]),
        ("배송했는데", ["배송"]),
        ("배송에서는", ["배송"]),  # a form that was not seen, of a word that was
        ("고양이는", ["고양이"]),  # not 고양
        ("앱이", ["앱"]),
        ("회사가", ["회사"]),
        ("회사은", ["회사은"]),  # 은 cannot follow a vowel
        ("CARDS glass", ["card", "glass"]),
        ("ＡＰＰ　배송을", ["app", "배송"]),  # full width
        ("너무 그리고 the 123 <PHONE> ㅋㅋ 😀", []),
    ],
)
def test_words_are_what_a_reader_would_say(words, text, expected):
    assert words(text) == expected


def test_a_particle_needs_a_second_one_as_evidence():
    assert Words.learn(["나라가 크다"])("나라가") == ["나라가"]
    assert Words.learn(["나라가 크다", "나라는 작다"])("나라가") == ["나라"]


def test_stems_come_back_from_their_mapping(words):
    again = Words(words.stems)
    assert [again(one) for one in COMMENTS] == [words(one) for one in COMMENTS]


def test_stop_words_of_both_languages_are_left_out(words):
    assert words("정말 the 배송이 and 너무") == ["배송"]
    assert {"너무", "the"} <= STOP_WORDS


@pytest.mark.parametrize(
    "text", ["", " ", "😀😀", "\x00\x07", "\ud800 배송이", "가" * 100_000, "a1" * 50_000, "中文 日本"]
)
def test_any_text_is_read_quickly(words, text):
    start = time.perf_counter()
    assert isinstance(words(text), list)
    assert time.perf_counter() - start < 2


def test_tokens_keep_masked_data_whole():
    assert tokens("전화 <PHONE> 로") == ["전화", "<PHONE>", "로"]


def test_phrases_are_runs_of_words_each_once():
    assert phrases(["a", "b", "a"], 3) == ["a", "b", "a b", "b a", "a b a"]
    assert phrases([], 2) == []


def test_kiwi_is_asked_for_by_name():
    pytest.importorskip("kiwipiepy")
    assert Words.learn(["배송이 늦어요"], "kiwi")("배송이 너무 늦어요") == ["배송", "늦다"]


def test_an_unknown_splitting_is_refused():
    with pytest.raises(ConfigError, match="words must be one of 'stems', 'kiwi' - got 'mecab'"):
        Words({}, "mecab")


def test_missing_texts_are_empty_and_others_are_refused_without_quoting():
    assert read_texts(pd.Series(["a", None, float("nan"), pd.NA])) == ["a", "", "", ""]
    with pytest.raises(FrameError, match=r"must be texts - got list in 1 of 2 rows of 'text'") as error:
        read_texts(pd.Series(["secret", ["secret"]], name="text"))
    assert "secret" not in str(error.value)

"""One spelling for what people write in many: what is brought together, and what stays apart."""

import unicodedata

import pytest

from cxml.voc.normalise import MASKED, normalise

SAME = {
    "case": ("Great APP", "great app"),
    "width": ("ＡＳ　너무　늦어요！", "as 너무 늦어요!"),
    "repeats": ("ㅋㅋㅋㅋㅋㅋㅋ", "ㅋㅋㅋ"),
    "tears": ("ㅜㅜ", "ㅠㅠ"),
    "decomposed": (unicodedata.normalize("NFD", "배송이 늦어요"), "배송이 늦어요"),
    "space": (" 배송이\t\n  늦어요\r\n", "배송이 늦어요"),
    "control": ("배송이\x00늦어요\x07", "배송이 늦어요"),
    "invisible": ("배\u200b송\ufeff이 늦\u00ad어요", "배송이 늦어요"),
    "skin tone": ("👍🏽", "👍"),
    "picture or text": ("❤️", "❤"),
    "quotes": ("‘좋아요’ “굿”…", "'좋아요' \"굿\"..."),
    "dots": ("음………", "음..."),
}


@pytest.mark.parametrize("name", SAME)
def test_spellings_are_brought_together(name):
    one, other = SAME[name]
    assert normalise(one) == normalise(other) == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ㅋ", "ㅋㅋ"),
        ("ㅋㅋ", "ㅠㅠ"),
        ("좋아요", "좋아요!"),
        ("좋아요!", "좋아요!!"),
        ("😊", "😡"),
        ("늦어 요", "늦어요"),
    ],
)
def test_what_carries_feeling_stays_apart(one, other):
    assert normalise(one) != normalise(other)


def test_masked_data_is_one_sign_of_no_kind():
    assert normalise("<PHONE>로 연락") == normalise("<EMAIL>로 연락") == f"{MASKED}로 연락"
    assert normalise("1 < 2 and <b>bold</b>") == "1 < 2 and <b>bold</b>"


@pytest.mark.parametrize("text", ["", " \t\n", "\x00\x01", "\u200b\ufeff", "　"])
def test_nothing_visible_is_nothing(text):
    assert normalise(text) == ""


@pytest.mark.parametrize("text", ["\ud800", "a\udfff b", "a\ud83d\ud83db", "가\x00\x00", "\U0010ffff"])
def test_any_string_becomes_one_that_can_be_written_twice_the_same(text):
    once = normalise(text)
    once.encode("utf-8")
    assert normalise(once) == once
    assert "\x00" not in once


def test_a_hundred_thousand_characters():
    assert normalise("가" * 100_000) == "가가가"
    assert len(normalise("배송이 늦어요 " * 12_500)) == 8 * 12_500 - 1

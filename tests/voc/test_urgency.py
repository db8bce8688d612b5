"""Urgency by wording: what presses in both languages, what takes it back, and what a feeling adds."""

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import make_comments
from cxml.errors import ConfigError, FrameError
from cxml.voc.lexicon import WORDINGS
from cxml.voc.urgency import HIGH, LEVELS, MEDIUM, urgency_of

PRESSING = {
    "safety": ["만지다가 감전됐어요", "배터리가 폭발했습니다", "the kettle caught fire", "I got an electric shock"],
    "legal_threat": ["고소할 겁니다", "내용증명 보냅니다", "my lawyer will call", "I am taking legal action"],
    "regulator_threat": ["소비자원에 신고하겠습니다", "금감원에 민원 넣을게요", "I will report you to the ombudsman"],
    "media_threat": ["방송국에 제보하겠습니다", "기자한테 알리겠습니다", "I am going to the press"],
    "data_breach": ["개인정보가 유출됐어요", "해킹당했습니다", "my account has been hacked"],
    "threat_to_leave": [
        "당장 해지하겠습니다",
        "다시는 안 씁니다",
        "I am closing my account",
        "never using you guys again",
    ],
    "deadline": ["오늘까지 처리해주세요", "내일 아침까지 꼭 필요해요", "I need this by tomorrow"],
    "repeated_contact": [
        "벌써 몇 번째 문의인가요",
        "전화를 다섯 번 했어요",
        "third time this happens",
        "called you 5 times",
    ],
    "money_lost": ["중복 결제됐어요", "5만원 손해 봤습니다", "I was charged twice", "money down the drain"],
    "haste": ["빨리 처리해주세요", "너무 급해요", "please fix asap"],
}
CASES = [(rule, text) for rule, texts in PRESSING.items() for text in texts]


def rules(text, **settings):
    return [one["rule"] for one in urgency_of([text], **settings)["urgency_reasons"][0]]


def level(text, sentiment=None):
    return urgency_of([text], None if sentiment is None else [sentiment])["urgency"][0]


def test_every_rule_is_tried():
    assert set(PRESSING) == {one.name for one in WORDINGS}


@pytest.mark.parametrize(("rule", "text"), CASES)
def test_wordings_are_found(rule, text):
    assert rule in rules(text)


@pytest.mark.parametrize(("rule", "text"), [case for case in CASES if not case[1].isascii()])
def test_spacing_and_like_sounds_do_not_matter(rule, text):
    assert rule in rules(text.replace(" ", ""))
    assert rule in rules("  ".join(text))
    slips = str.maketrans({"했": "햇", "겠": "갯", "됐": "됫", "해": "헤", "재": "제", "게": "께"})
    assert rule in rules(text.translate(slips))


@pytest.mark.parametrize(("rule", "text"), [case for case in CASES if case[1].isascii()])
def test_case_does_not_matter(rule, text):
    assert rule in rules(text.upper())


@pytest.mark.parametrize(
    "text",
    [
        "소비자원까지 갈 일은 아니지만요",
        "신고할 생각은 없습니다",
        "고소할 정도는 아니에요",
        "해지하려는 건 아니고요",
        "안 급해요",
        "급한 건 아니에요",
        "고소하고 맛있어요",
        "이제 보니 괜찮네요",
        "연기가 나쁘지 않은 배우",
        "포인트가 언제 지급됩니까",
        "no need to hurry",
        "I am not closing my account",
        "never overheats, no hazard at all",
        "this issue, let's not pursue it",
        "",
        "😡😡",
        "ㅠㅠㅠㅠ",
    ],
)
def test_denials_and_look_alikes_are_low(text):
    assert rules(text) == []
    assert level(text) == "low"


def test_a_denial_reaches_no_further_than_its_sentence():
    assert rules("고소할 겁니다. 그럴 생각은 없었는데") == ["legal_threat"]
    assert rules("I do not care. I am closing my account") == ["threat_to_leave"]
    assert rules("오늘까지 처리 안 되면 고소할 거예요") == ["legal_threat", "deadline"]


@pytest.mark.parametrize(("rule", "text"), CASES)
def test_spans_lie_in_the_text_as_it_is(rule, text):
    padded = f"\n  음… ㅋㅋ {text}!! 😡"
    (found,) = [one for one in urgency_of([padded])["urgency_reasons"][0] if one["rule"] == rule]
    alone = next(one for one in urgency_of([text])["urgency_reasons"][0] if one["rule"] == rule)
    assert padded[found["start"] : found["end"]] == text[alone["start"] : alone["end"]] != ""


def test_the_score_is_the_documented_sum():
    points = {one.name: one.points for one in WORDINGS}
    told = urgency_of(["third time, and I need this by tomorrow"], [0.8])
    z = -3 + points["repeated_contact"] + points["deadline"] + 2 * 0.8 - 1
    assert told["urgency_score"][0] == pytest.approx(1 / (1 + np.exp(-z)))


def test_documented_points_are_those_of_the_rules():
    for one in WORDINGS:
        assert f"{one.name:<18} {one.points:g} " in urgency_of.__doc__


def test_levels_follow_the_score_and_the_feeling_moves_it():
    strong, weak = "다시는 안 씁니다", "전화를 다섯 번 했어요"
    assert [level(strong, p) for p in (None, 0.9, 0.0)] == ["high", "high", "medium"]
    assert [level(weak, p) for p in (None, 0.9, 0.0)] == ["medium", "medium", "low"]
    assert level("최악이에요", 1.0) == "low"
    assert level("전화를 다섯 번 했는데 중복 결제됐어요") == "high"
    scores = urgency_of([strong] * 5, [0, 0.25, 0.5, 0.75, 1])["urgency_score"]
    assert scores.is_monotonic_increasing
    told = urgency_of([text for _, text in CASES], np.linspace(0, 1, len(CASES)))
    place = np.where(told["urgency_score"] >= HIGH, 0, np.where(told["urgency_score"] >= MEDIUM, 1, 2))
    assert told["urgency"].tolist() == [LEVELS[one] for one in place]


def test_unknown_feelings_add_nothing():
    texts = ["고소할 겁니다", "그냥 그래요"]
    pd.testing.assert_frame_equal(urgency_of(texts), urgency_of(texts, [np.nan, 0.5]))


def test_a_language_reads_only_its_own_words():
    mixed = "asap 고소할 겁니다"
    assert rules(mixed) == ["legal_threat", "haste"]
    assert rules(mixed, language="ko") == ["legal_threat"]
    assert rules(mixed, language="en") == ["haste"]


def test_a_series_keeps_its_index_and_missing_texts_are_silent():
    texts = pd.Series(["고소할 겁니다", None, np.nan], index=[7, 3, 5])
    told = urgency_of(texts)
    assert told.index.tolist() == [7, 3, 5]
    assert told["urgency"].tolist() == ["high", "low", "low"]
    assert urgency_of([]).empty


def test_odd_texts_are_read_to_their_end():
    odd = ["\x00\ud800", "ＡＳＡＰ", "가" * 100_000 + " 고소할 겁니다", "İ" * 50 + " asap"]
    told = urgency_of(odd)
    assert told["urgency"].tolist() == ["low", "low", "high", "medium"]
    (found,) = told["urgency_reasons"][3]
    assert odd[3][found["start"] : found["end"]] == "asap"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_it_agrees_with_invented_comments(language):
    frame = make_comments(1_500, language=language).frame
    p = frame["sentiment"].map({"negative": 0.9, "neutral": 0.2, "positive": 0.05})
    told = urgency_of(frame["text"], p)["urgency"]
    is_high = frame["urgency"] == "high"
    assert (told[is_high] == "high").mean() > 0.9
    assert (told[frame["urgency"] == "low"] == "high").mean() < 0.03


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: urgency_of("늦어요"), FrameError, r"must be a sequence of texts - got one text"),
        (lambda: urgency_of(["늦어요", 3]), FrameError, r"must hold text - got int at position 1 and 1 such rows"),
        (lambda: urgency_of(["늦어요"], [0.1, 0.2]), FrameError, r"one for each of the 1 texts - got shape \(2,\)"),
        (lambda: urgency_of(["늦어요"], ["bad"]), FrameError, r"got values that are no numbers. Pass the probability"),
        (lambda: urgency_of(["늦어요"], [-0.1]), FrameError, r"got -0.1 at position 0"),
        (lambda: urgency_of(["늦어요"], language="jp"), ConfigError, r"must be 'ko', 'en' or None for both - got 'jp'"),
    ],
)
def test_bad_input_is_refused_without_quoting_a_text(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "늦어요" not in str(caught.value)

"""Personal data in comments: what is found, what stays, and that no text breaks or slows the search."""

import random
import re
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from cxml.datasets.personal_data import make_personal_data
from cxml.errors import ConfigError, FrameError
from cxml.voc.privacy import KINDS, PersonalData, find_personal_data, mask, mask_and_count

TOKEN = re.compile(r"<[A-Z][A-Z0-9_]*>")

FOUND = [
    ("010-1234-5678로 주세요", "<PHONE>로 주세요"),
    ("01012345678", "<PHONE>"),
    ("０１０－１２３４－５６７８입니다", "<PHONE>입니다"),
    ("010—1234—5678", "<PHONE>"),
    ("공일공 일이삼사 오육칠팔", "<PHONE>"),
    ("공일공-1234-5678", "<PHONE>"),
    ("O1O-1234-5678", "<PHONE>"),
    ("010\u200b-1234-\u200b5678", "<PHONE>"),
    ("(010) 1234-5678", "<PHONE>"),
    ("+82 10-1234-5678", "<PHONE>"),
    ("(+82)10-1234-5678", "<PHONE>"),
    ("+82(0)10 1234 5678", "<PHONE>"),
    ("02-345-6789, 031)123-4567", "<PHONE>, 031)123-4567"),
    ("+44 20 7946 0958", "<PHONE>"),
    ("call 2125550123 now", "call <PHONE> now"),
    ("ssn 123-45-6789", "ssn <SSN>"),
    ("900101-1234567", "<RRN>"),
    ("900101-1******", "<RRN>"),
    ("200101-3234567", "<RRN>"),
    ("900101 5234567", "<FRN>"),
    ("4111 1111 1111 1111", "<CARD>"),
    ("3782-822463-10005", "<CARD>"),
    ("카드번호 4111-1111-1111-1112", "카드번호 <CARD>"),
    ("국민은행 123456-01-123456", "국민은행 <ACCOUNT>"),
    ("3333-01-1234567", "<ACCOUNT>"),
    ("계좌번호는 110123456789입니다", "계좌번호는 <ACCOUNT>입니다"),
    ("1000-1234-5678 (토스뱅크)", "<ACCOUNT> (토스뱅크)"),
    ("GB82 WEST 1234 5698 7654 32", "<ACCOUNT>"),
    ("M12345678", "<PASSPORT>"),
    ("여권 M123A4567", "여권 <PASSPORT>"),
    ("11-20-123456-12", "<DRIVER_LICENCE>"),
    ("서울 20-123456-12", "<DRIVER_LICENCE>"),
    ("220-81-62517", "<BUSINESS_NUMBER>"),
    ("hong.gil@example.co.kr로", "<EMAIL>로"),
    ("hong [at] example.com", "<EMAIL>"),
    ("hong골뱅이네이버 닷컴", "<EMAIL>"),
    ("서울특별시 강남구 테헤란로 152, 101동 1203호", "<ADDRESS>"),
    ("경기도 성남시 분당구 정자동 178-1번지", "<ADDRESS>"),
    ("래미안아파트 101동 1203호로", "<ADDRESS>로"),
    ("221B Baker Street", "<ADDRESS>"),
    ("12가3456 차량", "<PLATE> 차량"),
    ("123허 4567 차", "<PLATE> 차"),
    ("홍길동 고객님", "<NAME> 고객님"),
    ("김철수씨가", "<NAME>씨가"),
    ("상담원 이영희가 말했어요", "상담원 <NAME>가 말했어요"),
    ("남궁민수님", "<NAME>님"),
    ("홍길동 010-1234-5678", "<NAME> <PHONE>"),
    ("Mr. Smith was rude", "Mr. <NAME> was rude"),
    ("my name is jane doe.", "my name is <NAME>."),
]

STAYS = [
    *(
        "12,900원",
        "1,250,000원에 샀어요",
        "2024-01-05",
        "2024.01.05 14:30",
        "24년 3월 12일",
        "3개 주문",
        "v2.10.3",
        "10.0.19041.1",
    ),
    *(
        "갤럭시 S23 울트라",
        "SM-S911N",
        "1588-1234로 전화",
        "080-123-4567",
        "1-800-555-0123",
        "99.9%",
        "9.5/10점",
        "192.168.0.1",
    ),
    *(
        "978-89-1234-567-0",
        "3호선 2번 출구",
        "302호 객실",
        "2015-2019년",
        "12조5000억",
        "25도 3000",
        "101동 앞 주차장",
        "2호점 302호",
    ),
    *(
        "주문번호 20240105-1234567",
        "송장번호 612345678901",
        "쿠폰 4111-1111-1111-1111",
        "상품번호 8801234567893",
        "인증코드 123456",
    ),
    *("991301-1234567", "900101-7", "4111 1111 1111 1112", "123-45-67890", "0101234", "12345678901234567890"),
    *(
        "고객님",
        "선생님 말씀",
        "사장님이",
        "여러분 부모님",
        "배송기사님",
        "이런 고객",
        "진상 고객",
        "우수 고객 혜택",
        "하나님",
        "주인공님",
    ),
    *(
        "상담원 연결이 안 돼요",
        "직원 교육",
        "담당자 전화",
        "봉준호 감독님",
        "송강호 배우님",
        "김모 씨",
        "날씨가",
        "지하주차장",
        "앞으로 10분",
    ),
    *(
        "친구 그대로 10일",
        "Dear Customer",
        "Dear Sir or Madam",
        "my name is not on the list",
        "10 minutes drive",
        "@VirginAmerica hi",
    ),
    *("강남구에 살아요", "서울시 강남구", "I'm Very Upset", "a.b.c", "100@", "24 hour service", ""),
]

ODD = {
    "lone surrogate": "\ud800 010-1234-5678 \udfff",
    "null": "\x00 010-1234-5678 \x00",
    "emoji": "😀" * 50 + "010-1234-5678",
    "only spaces": " \t\n\u3000",
    "controls": "".join(map(chr, range(32))),
    "combining": "e\u0301" * 20 + " ㅋㅋㅋ \u1100\u1161",
    "right to left": "\u202e8765-4321-010",
}

LONG = [
    "1",
    "1 ",
    "0-",
    "a",
    "a@",
    "@a.",
    "가",
    "김",
    "김민수",
    "김민수님",
    "상담원 ",
    "서울시 강남구 ",
    "테헤란로 1",
    "101동 1203호",
    "계좌 1234-",
]
LONG += [
    "1 Main ",
    "Mr. A",
    "+",
    "(",
    "공일공",
    "O1O",
    "010-1234-5678-",
    "1234-5678-9012 ",
    "<A",
    "\ud800",
    "0\u200b1",
    "my name is ",
]


@pytest.mark.parametrize(
    ("text", "masked"), FOUND, ids=[text[:24].encode("unicode_escape").decode() for text, _ in FOUND]
)
def test_personal_data_is_replaced_by_its_kind(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_alike_stays(text):
    assert mask(text) == text


def test_the_targets_hold_on_sentences_and_forms_that_the_rules_were_not_written_with():
    made = make_personal_data(900, language="both", part="test", seed=11)
    true = {row: [] for row in range(len(made.frame))}
    for row, *span in made.spans.itertuples(index=False):
        true[row].append(PersonalData(*span))

    def met(ones, others):
        return [
            any(one.kind == other.kind and one.start < other.end and other.start < one.end for other in others)
            for one in ones
        ]

    hits, right = [], []
    for row, text in enumerate(made.frame["text"]):
        found = find_personal_data(text)
        hits += met(true[row], found)
        right += met(found, true[row])
    assert np.mean(hits) >= 0.98
    assert np.mean(right) >= 0.98
    assert len(hits) > 400


def test_findings_are_in_order_and_apart_and_masking_twice_changes_nothing():
    texts = make_personal_data(120, language="both", part="dev", seed=2).frame["text"].tolist()
    for text in [*texts, *(" ".join(pair) for pair in zip(texts, reversed(texts), strict=True))]:
        found = find_personal_data(text)
        assert all(one.end <= other.start for one, other in pairwise(found))
        assert all(one.kind in KINDS and text[one.start : one.end].strip() for one in found)
        once = mask(text)
        assert mask(once) == once
        assert len(TOKEN.findall(once)) == len(found)


def test_random_mixtures_of_pieces_are_masked_once_and_for_all():
    draw = random.Random(0)
    pieces = [text for text, _ in FOUND] + STAYS + [" ", "-", ".", "은행", "카드", "주문번호 ", "<PHONE>", "<b>", "\n"]
    for _ in range(150):
        text = "".join(draw.choice(pieces) + draw.choice(["", " ", "-"]) for _ in range(draw.randint(2, 8)))
        once = mask(text)
        assert mask(once) == once, text


@pytest.mark.parametrize("text", ODD.values(), ids=list(ODD))
def test_odd_characters_neither_break_nor_hide(text):
    masked = mask(text)
    assert mask(masked) == masked
    assert ("<PHONE>" in masked) == ("010-1234-5678" in text)


def test_the_place_is_that_in_the_original_text():
    decomposed = "\u1112\u1169\u11bc\u1100\u1175\u11af\u1103\u1169\u11bc"  # 홍길동, letter by letter
    text = f"\u200b\u200b{decomposed} 고객님 ０１０\u200b-1234-5678"
    name, phone = find_personal_data(text)
    assert text[name.start : name.end] == decomposed
    assert text[phone.start : phone.end] == "０１０\u200b-1234-5678"


@pytest.mark.parametrize("piece", LONG, ids=[piece.encode("unicode_escape").decode() for piece in LONG])
def test_the_time_grows_with_the_length_and_no_faster(piece):
    def seconds(length):
        text = (piece * (length // len(piece) + 1))[:length]
        start = time.process_time()
        mask(text)
        return time.process_time() - start

    # A backtracking pattern takes 64 times as long, or for ever; 25 leaves room for a busy machine.
    assert seconds(24_000) < 25 * max(seconds(3_000), 0.02)


def test_patterns_of_the_user_come_first():
    text = "주문 ORD-12345678, 회원 010-1234-5678"
    assert mask(text, patterns={"ORDER": r"ORD-\d{8}"}) == "주문 <ORDER>, 회원 <PHONE>"
    assert mask(text, patterns={"MEMBER": r"(?<=회원 )[\d-]+"}) == "주문 ORD-12345678, 회원 <MEMBER>"
    greedy = {"ANY": r"\S+"}
    assert mask("a b", patterns=greedy) == "<ANY> <ANY>" == mask(mask("a b", patterns=greedy), patterns=greedy)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (
            {"order": "x"},
            r"`patterns` must name kinds in capitals, digits and underscores - got 'order'\. Such as 'ORDER'\.",
        ),
        (
            {"ORDER": "("},
            r"`patterns` must hold regular expressions - got '\(' for 'ORDER': .*\. Try it with re\.compile\.",
        ),
        ({"ORDER": 5}, r"`patterns` must hold regular expressions - got 5 for 'ORDER'"),
        ({"ORDER": r"\d*"}, r"`patterns` must match at least one character - got .* for 'ORDER'"),
        ([r"\d"], r"`patterns` must map kinds to regular expressions - got list"),
    ],
)
def test_patterns_that_cannot_work_are_refused(patterns, message):
    with pytest.raises(ConfigError, match=message):
        mask("text", patterns=patterns)


def test_lists_and_series_keep_their_shape_and_their_missing_values():
    assert mask(["010-1234-5678", None, ""]) == ["<PHONE>", None, ""]
    for dtype in (object, "string"):
        series = pd.Series(["hong@example.com", None], index=[7, 3], name="memo", dtype=dtype)
        masked = mask(series)
        pd.testing.assert_series_equal(masked, pd.Series(["<EMAIL>", None], index=[7, 3], name="memo", dtype=dtype))
        assert series.iloc[0] == "hong@example.com"
    assert mask(pd.Series([], dtype=object)).empty
    assert np.isnan(mask([float("nan")])[0])


def test_counts_say_how_many_of_each_kind_and_no_value():
    texts = ["홍길동 고객님 010-1234-5678", "hong@example.com, 02-345-6789", "좋아요"]
    masked, counts = mask_and_count(texts)
    assert masked == [mask(text) for text in texts]
    assert counts == {"EMAIL": 1, "NAME": 1, "PHONE": 2}
    assert mask_and_count([]) == ([], {})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: find_personal_data(5), r"The text must be a str - got int\."),
        (lambda: mask(5), r"The texts must be a str, a list of str, or a pandas Series - got int\."),
        (lambda: mask(["a", 5]), r"The texts must be str or missing - got int at position 1\."),
        (lambda: mask_and_count(["a", None]), r"The texts must be str - got a missing value at position 1\."),
        (lambda: mask(["a", b"010-1234-5678"]), r"The texts must be str or missing - got bytes at position 1\."),
    ],
)
def test_what_is_no_text_is_refused_without_quoting_it(call, message):
    with pytest.raises(FrameError, match=message) as refused:
        call()
    assert "1234" not in str(refused.value)

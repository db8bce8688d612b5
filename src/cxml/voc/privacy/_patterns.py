# ruff: noqa: E501 - a pattern or a list of words cut into short lines reads worse
"""How numbers and addresses of persons are written: one rule for each form, and what must stand around the weaker ones.

A rule is a pattern and a check. All repeats are bounded, so the time grows with the length of the text and no faster.
The patterns read text that `cxml.voc.privacy` has levelled: full-width signs, dashes and spaces are plain ones there.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

_REACH = 32


@dataclass(frozen=True)
class Rule:
    """A form of one kind: the group ``v`` of the pattern, or all of it, is personal where the check agrees.

    For speed, a rule with hints is tried only where one of them stands in the lower-case text, and one that starts with
    a number only where a number starts.
    """

    kind: str
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], bool] | None = None
    hints: tuple[str, ...] = ()
    at_number: bool = True

    @cached_property
    def group(self) -> str | int:
        """The part of the pattern that is personal."""
        return "v" if "v" in self.pattern.groupindex else 0


#: Words that tell what the next number is. The last one before a number counts.
_LABELS = re.compile(
    r"""(?P<PHONE>전화|핸드폰|휴대폰|휴대전화|연락|문자|번호로|(?<![a-z])(?:hp|tel|phone|call(?:ed|ing)?|cell|mobile|text|ring
        |whatsapp|contact|reach|my\ number|fax)(?![a-z]))
    |(?P<ACCOUNT>계좌|통장|은행|뱅크|카뱅|케뱅|금고|농협|신협|수협|우체국|입금|송금|이체|환불|환급|예금
        |(?<![a-z])(?:국민|신한|우리|하나|기업|bank|account|acct|iban|routing|deposit|checking|savings)(?![a-z가-힣]))
    |(?P<CARD>카드|(?<![a-z])(?:credit|debit|card|visa|mastercard|amex)(?![a-z]))
    |(?P<RRN>주민)|(?P<FRN>외국인|(?<![a-z])arc(?![a-z]))|(?P<SSN>(?<![a-z])ssn|social\ security)
    |(?P<PASSPORT>여권|passport)|(?P<DRIVER_LICENCE>면허|driver'?s?\ licen[cs]e|driving\ licen[cs]e)
    |(?P<BUSINESS_NUMBER>사업자|세금계산서|현금영수증)|(?P<PLATE>차량|차번|번호판|주차|견인|제\ 차|(?<![a-z])plate)
    |(?P<OTHER>주문|쿠폰|송장|상품|모델|시리얼|바코드|접수|예약|프로모션|코드|승인|버전|펌웨어|품번|티켓|우편
        |(?<![a-z])(?:order|coupon|promo|tracking|parcel|invoice|ticket|serial|sku|model|confirmation|booking|reference|ref
        |version|firmware|purchase|case|flight|zip|isbn|imei|code|po|id)(?![a-z]))""",
    re.VERBOSE,
)
#: A word for something else, and nothing but "number is" between it and the number.
_OTHER_BESIDE = re.compile(
    r"(?:주문|쿠폰|송장|상품|모델|시리얼|바코드|접수|예약|프로모션|코드|승인|품번|티켓|order|coupon|promo|tracking|parcel|invoice"
    r"|ticket|serial|sku|model|confirmation|booking|ref|reference|purchase|isbn|imei|code)"
    r"\s?(?:번호|코드|넘버|명|no\.?|number|code|id)?\s?(?:은|는|이|가|:|#|is|=)?\s?[#(\[\"']?$"
)
_BESIDE = re.compile(r"\s?(?:번호|no\.?|number|num|#)?\s?(?:은|는|이|가|를|로|:|is|=|to)?\s?[#(\[\"']?(?:no\.?\s)?$")
_BANK_AFTER = re.compile(r"\s?[(\[/,]?\s?[가-힣A-Za-z]{0,4}(?:은행|뱅크|농협|신협|수협|금고|우체국|(?i:bank))")
_SUM_AFTER = re.compile(r"\s?(?:원|만|천|억|달러|점|개|명|포인트|won|dollars|usd|krw|people|%)", re.IGNORECASE)
_STOP = re.compile(r"[0-9<>\n]")


def _before(found: re.Match[str]) -> str:
    """Give the lower-case words before a match. They end at a digit, a mask or a line's end, masked or not."""
    start = _start(found)
    return _STOP.split(found.string[max(0, start - _REACH) : start])[-1].lower()


def _start(found: re.Match[str]) -> int:
    return found.start("v") if "v" in found.re.groupindex else found.start()


def _end(found: re.Match[str]) -> int:
    return found.end("v") if "v" in found.re.groupindex else found.end()


def _label(found: re.Match[str], before: str | None = None) -> str:
    """Name the last label before a match, or nothing."""
    last = ""
    for one in _LABELS.finditer(_before(found) if before is None else before):
        last = one.lastgroup or ""
    return last


def _labelled(found: re.Match[str], kind: str) -> bool:
    """Whether a label of this kind stands directly before: then check digits do not count, people mistype."""
    words = _before(found)
    last = None
    for one in _LABELS.finditer(words):
        last = one
    return last is not None and last.lastgroup == kind and _BESIDE.match(words, last.end()) is not None


def _is_other(found: re.Match[str]) -> bool:
    return _OTHER_BESIDE.search(_before(found)) is not None


def _plain(found: re.Match[str]) -> str:
    return re.sub(r"[^0-9]", "", found.string[_start(found) : _end(found)])


def _is_date(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _is_born(digits: str) -> bool:
    """Whether the first seven of 13 digits are a birth date and the century's digit (since 2020-10 the rest is random)."""
    century = 1800 + 100 * ((int(digits[6]) % 10 not in (9, 0)) + (digits[6] in "3478"))
    year = century + int(digits[:2])
    return year <= 2040 and _is_date(year, int(digits[2:4]), int(digits[4:6]))


def _is_resident(found: re.Match[str], centuries: str) -> bool:
    digits = _plain(found).ljust(13, "0")
    undivided = _end(found) - _start(found) == 13
    if digits[6] not in centuries or (undivided and _is_other(found)):
        return False
    if _labelled(found, "RRN") or _labelled(found, "FRN"):
        return True
    if not _is_born(digits):
        return False
    return not undivided or (_label(found) not in ("ACCOUNT", "CARD", "OTHER") and not _is_barcode(digits))


def _is_barcode(digits: str) -> bool:
    """Whether 13 digits are a Korean product code: 880 and an EAN check digit."""
    total = sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits))
    return digits.startswith("880") and total % 10 == 0


def _is_luhn(digits: str) -> bool:
    total = sum(sum(divmod(int(one) * (1 + place % 2), 10)) for place, one in enumerate(reversed(digits)))
    return total % 10 == 0


_CARD_STARTS = {
    13: re.compile("4"),
    14: re.compile("3(?:0[0-5]|[689])"),
    15: re.compile("3[47]"),
    16: re.compile(r"[4569]|35|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"),
    17: re.compile("62"),
    18: re.compile("62"),
    19: re.compile("4|62"),
}


def _is_card(found: re.Match[str]) -> bool:
    digits = _plain(found)
    if _is_other(found):
        return False
    if _labelled(found, "CARD") and len(digits) in (15, 16):
        return True
    return _CARD_STARTS[len(digits)].match(digits) is not None and _is_luhn(digits)


def _is_business(found: re.Match[str]) -> bool:
    """Whether the check digit holds (weights 1 3 7 1 3 7 1 3 5, and the tens of the ninth product)."""
    digits = _plain(found)
    total = sum(int(one) * weight for one, weight in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=False))
    right = (total + int(digits[8]) * 5 // 10 + int(digits[9])) % 10 == 0
    if _is_other(found):
        return False
    divided = _end(found) - _start(found) > 10
    return (right and (divided or _label(found) == "BUSINESS_NUMBER")) or _labelled(found, "BUSINESS_NUMBER")


def _is_account(found: re.Match[str]) -> bool:
    """Whether the shape is that of banks only, or the words around say bank or account."""
    if _is_other(found) or _SUM_AFTER.match(found.string, _end(found)):
        return False
    label = _label(found)
    if label == "ACCOUNT" or _BANK_AFTER.match(found.string, _end(found)):
        return len(_plain(found)) >= 10 or _labelled(found, "ACCOUNT")
    return "s" in found.groupdict() and found["s"] is not None and label != "OTHER"


def _needs(kind: str) -> Callable[[re.Match[str]], bool]:
    return lambda found: _label(found) == kind


def _needs_beside(kind: str) -> Callable[[re.Match[str]], bool]:
    return lambda found: _labelled(found, kind) and re.search("[0-9]", found[0]) is not None


def _not_other(found: re.Match[str]) -> bool:
    return not _is_other(found) and _label(found) != "OTHER"


def _is_spoken(found: re.Match[str]) -> bool:
    """Whether letters stand for digits only here and there, and the number is not announced as another."""
    return not _is_other(found) and len(re.sub("[A-Za-z]", "", found["v"])) >= 8


def _is_mobile(found: re.Match[str]) -> bool:
    """Whether it is written as one: guests' order numbers often are their telephone numbers."""
    divided = _end(found) - _start(found) > len(_plain(found))
    return divided or not _is_other(found)


def _is_us(found: re.Match[str]) -> bool:
    if found["area"] in ("800", "888", "877", "866", "855", "844", "833", "822") or _is_other(found):
        return False
    divided = re.search(r"[0-9)][ .\-]{0,2}[0-9]{3}[ .\-]", found["v"]) is not None
    return divided or _label(found) == "PHONE"


def _is_abroad(found: re.Match[str]) -> bool:
    return 9 <= len(_plain(found)) <= 15 and not _SUM_AFTER.match(found.string, _end(found))


def _is_iban(found: re.Match[str]) -> bool:
    """Whether the number leaves 1 when divided by 97, letters read as 10 to 35 (ISO 13616)."""
    code = found[0].replace(" ", "")
    turned = code[4:] + code[:4]
    return 15 <= len(code) <= 34 and int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


_CLEAR_PLATE = frozenset("가나다라마거너더러머버어저고노모오누두루부바아")


def _is_plate(found: re.Match[str]) -> bool:
    if _SUM_AFTER.match(found.string, _end(found)) or re.match(r"\s?[년월시분주회]", found.string[_end(found) :][:2]):
        return False
    glued = re.search(r"\s", found["body"]) is None
    clear = found["letter"] in _CLEAR_PLATE and (glued or len(found["body"]) >= 8)
    around = _before(found) + found.string[_end(found) : _end(found) + 6]
    return clear or glued or "차" in around


_L = r"(?<![0-9A-Za-z])(?<![0-9][\-.,:/])"
_R = r"(?![0-9A-Za-z])(?![\-.,:/][0-9])"
_PHONE_L, _PHONE_R = r"(?<![0-9])(?<![0-9]-)", r"(?![0-9])(?!-[0-9])(?!,[0-9]{3})"
_GAP = r"(?:[ .\-/_~*()·]{0,3}| ?(?:다시|에) ?)"
_ANY_DIGIT = "[0-9OoQlI공영빵일이삼사오육륙칠팔구]"
_AREA = "(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70)"
_BANK_SHAPES = (
    *("6-2-6", "3-6-5", "4-2-7", "3-4-4-2", "3-2-6-1", "3-6-2-3", "4-3-6", "3-3-6", "3-2-4-3", "4-2-6-1", "4-4-4-1"),
    *("3-2-7", "3-2-5-1", "6-2-5", "3-2-6-3", "2-2-6-1"),
)
_LOOSE_SHAPES = (
    "4-4-4",
    "3-2-6",
    "3-4-6",
    "4-6",
    "3-6",
    "4-5",
    "3-3-5",
    "4-4-3",
    "2-4-6",
    "3-6-4",
    "3-4-5",
    "4-4-5",
    "4-4-6",
)


def _shapes(shapes: tuple[str, ...], gap: str) -> str:
    written = (gap.join(f"[0-9]{{{size}}}" for size in shape.split("-")) for shape in shapes)
    return "|".join(sorted(written, key=len, reverse=True))


def _rule(kind: str, pattern: str, check: Callable[[re.Match[str]], bool] | None = None) -> Rule:
    return Rule(kind, re.compile(pattern), check)


def anywhere(
    kind: str, pattern: str, check: Callable[[re.Match[str]], bool] | None = None, *, hints: tuple[str, ...] = ()
) -> Rule:
    return Rule(kind, re.compile(pattern), check, hints, at_number=False)


DIGIT_RULES = (
    _rule(
        "RRN",
        rf"{_L}[0-9]{{6}} {{0,2}}[\-.~]? {{0,2}}[012349](?:[0-9]{{6}}|[0-9]?[*xX●]{{5,6}}){_R}",
        lambda f: _is_resident(f, "123490"),
    ),
    _rule(
        "FRN",
        rf"{_L}[0-9]{{6}} {{0,2}}[\-.~]? {{0,2}}[5-8](?:[0-9]{{6}}|[0-9]?[*xX●]{{5,6}}){_R}",
        lambda f: _is_resident(f, "5678"),
    ),
    _rule(
        "CARD",
        rf"{_L}(?:[0-9]{{13,19}}|[0-9]{{4}}(?:[ .\-]{{1,3}}[0-9]{{4}}){{3}}(?:[ .\-][0-9]{{3}})?"
        rf"|[0-9]{{4}}[ .\-]{{1,3}}[0-9]{{6}}[ .\-]{{1,3}}[0-9]{{4,5}}){_R}",
        _is_card,
    ),
    _rule(
        "PHONE",
        rf"{_PHONE_L}(?P<v>(?:(?:\(?(?:\+|00)?82\)?[ .\-]{{0,3}}(?:\(0\)|0)?|\(?0)1[016789]){_GAP}[0-9]{{3,4}}{_GAP}[0-9]{{4}}){_PHONE_R}",
        _is_mobile,
    ),
    _rule("PHONE", rf"{_PHONE_L}(?P<v>0 1 [016789](?: ?-? [0-9]){{7,8}}){_PHONE_R}"),
    _rule("PHONE", rf"{_L}(?P<v>\(?0{_AREA}\)?{_GAP}[2-9][0-9]{{2,3}}{_GAP}[0-9]{{4}}){_PHONE_R}", _not_other),
    _rule("PHONE", rf"{_L}(?P<v>050[2-8]{_GAP}[0-9]{{3,4}}{_GAP}[0-9]{{4}}){_PHONE_R}", _not_other),
    _rule("PHONE", rf"(?P<v>(?<![0-9])\+82[ .\-]{{0,2}}\(?0?{_AREA}\)?{_GAP}[0-9]{{3,4}}{_GAP}[0-9]{{4}}){_PHONE_R}"),
    _rule(
        "PHONE",
        rf"(?<![0-9A-Za-z])(?<![0-9][\-.,:/])(?P<v>(?:\+?1[ .\-]{{0,2}})?\(?(?P<area>[2-9][0-8][0-9])\)?[ .\-]{{0,2}}[2-9][0-9]{{2}}"
        rf"[ .\-]{{0,2}}[0-9]{{4}}){_R}",
        _is_us,
    ),
    _rule(
        "PHONE",
        rf"(?<![0-9A-Za-z+])(?P<v>\+[1-9][0-9]{{0,2}}(?:[ .\-]?\(?[0-9]{{1,5}}\)?){{2,5}}){_PHONE_R}",
        _is_abroad,
    ),
    _rule("PHONE", rf"(?<![0-9A-Za-z+])(?P<v>0[1-9][0-9]{{2,3}} [0-9]{{3}} ?[0-9]{{3,4}}){_PHONE_R}", _needs("PHONE")),
    _rule(
        "SSN",
        rf"{_L}(?!000|666|9)[0-9]{{3}}-(?!00)[0-9]{{2}}-(?!0000)[0-9]{{4}}{_R}",
        lambda f: not _is_other(f) and _label(f) != "ACCOUNT",
    ),
    _rule("SSN", rf"{_L}(?!000|666|9)[0-9]{{3}} ?(?!00)[0-9]{{2}} ?(?!0000)[0-9]{{4}}{_R}", _needs("SSN")),
    _rule(
        "DRIVER_LICENCE",
        rf"{_L}(?:1[1-9]|2[0-68])(?P<gap>[ \-])[0-9]{{2}}(?P=gap)[0-9]{{6}}(?P=gap)[0-9]{{2}}{_R}",
        lambda f: not _is_other(f),
    ),
    _rule("DRIVER_LICENCE", rf"{_L}(?:1[1-9]|2[0-68])[0-9]{{10}}{_R}", _needs("DRIVER_LICENCE")),
    anywhere(
        "DRIVER_LICENCE",
        rf"(?<![가-힣])(?:서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산|경기북부|경기남부)"
        rf"[ \-]?[0-9]{{2}}-[0-9]{{6}}-[0-9]{{2}}{_R}",
    ),
    anywhere(
        "DRIVER_LICENCE",
        r"(?<![0-9A-Za-z])[A-Za-z]{0,2}[0-9](?:[0-9A-Za-z]|-(?=[0-9])){5,15}(?![0-9A-Za-z])",
        _needs_beside("DRIVER_LICENCE"),
        hints=("면허", "licen"),
    ),
    _rule("BUSINESS_NUMBER", rf"{_L}[0-9]{{3}}[ \-]{{0,3}}[0-9]{{2}}[ \-]{{0,3}}[0-9]{{5}}{_R}", _is_business),
    anywhere("PASSPORT", rf"{_L}[MSRODG](?:[0-9]{{8}}|[0-9]{{3}}[A-Z][0-9]{{4}}){_R}", _not_other),
    anywhere(
        "PASSPORT",
        r"(?<![0-9A-Za-z])[A-Za-z]{0,2}[0-9]{3}[0-9A-Za-z][0-9]{2,5}(?![0-9A-Za-z])",
        _needs_beside("PASSPORT"),
        hints=("여권", "passport"),
    ),
    anywhere(
        "ACCOUNT",
        r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![0-9A-Za-z])",
        _is_iban,
    ),
    _rule(
        "ACCOUNT",
        rf"(?<![0-9])(?<![0-9A-Za-z][\-.,:/])(?:(?P<s>{_shapes(_BANK_SHAPES, '-')})|{_shapes(_BANK_SHAPES + _LOOSE_SHAPES, '[ .-]')}|[0-9]{{8,17}}){_R}",
        _is_account,
    ),
    _rule(
        "PLATE",
        r"(?<![0-9A-Za-z])(?<![가-힣]{3})(?P<body>[0-9]{2,3} ?(?P<letter>[가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호배바사아자육해공국합]) ?"
        r"[0-9]{4})(?![0-9])(?![.,\-][0-9])",
        _is_plate,
    ),
    anywhere(
        "PLATE",
        r"(?<![A-Za-z])(?i:plate)(?i: number| no\.?| #)?(?: is|:| =)? ?(?P<v>(?=[A-Z\- ]{0,5}[0-9])[A-Z0-9]{1,4}[ \-]?[A-Z0-9]{2,4})(?![0-9A-Za-z])",
        hints=("plate",),
    ),
)
SPOKEN_RULES = (
    anywhere(
        "PHONE",
        rf"(?<![0-9A-Za-z가-힣])(?P<v>(?:[0OoQ][1lI][0OoQ]|[공영빵]일[공영빵]){_GAP}{_ANY_DIGIT}{{3,4}}{_GAP}{_ANY_DIGIT}{{4}})(?![0-9])",
        _is_spoken,
    ),
    anywhere("PHONE", r"(?<![가-힣])(?P<v>[공영빵] 일 [공영빵](?: ?-? [공영빵일이삼사오육륙칠팔구]){7,8})(?![가-힣])"),
)

SPOKEN_HINTS = (
    "o1o",
    "0lo",
    "olo",
    "0i0",
    "공일",
    "영일",
    "빵일",
    "공 일",
    "영 일",
    "빵 일",
    "o10",
    "01o",
    "oio",
    "ol0",
    "0l0",
)
NUMBER_START = re.compile(r"[0-9](?<![0-9][0-9])")
#: A number long enough for the rules of numbers, or the start of a plate.
LONG_NUMBER = re.compile(
    r"[0-9(+][0-9 .\-/_~*()·+xX●]{7}|[0-9]{2,3} ?[가-힣] ?[0-9]{4}|\(?(?:\+?82 ?)?0?1[016789]\)? ?(?:에|다시)"
)

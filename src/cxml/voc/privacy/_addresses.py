# ruff: noqa: E501, SIM905 - a pattern or a list of words cut into short lines reads worse
"""How postal addresses are written, in Korean (by road and by lot) and in English.

A place without a number of a house is no address here: "I live in Gangnam" names nobody.
"""

from __future__ import annotations

import re

from cxml.voc.privacy._patterns import Rule

_PROVINCE = (
    "(?:서울|부산|대구|인천|광주|대전|울산|세종|제주|경기|강원|충북|충남|충청[남북]도|전북|전남|전라[남북]도|경북|경남|경상[남북]도)"
    "(?:특별자치시|특별자치도|특별시|광역시|시|도)?"
)
#: Cities, counties and districts of Korea, without their last syllable (시, 군, 구). "구" alone ends too many words
#: (friend, furniture) to be trusted without the list.
_DISTRICTS = """
강남 서초 송파 강동 마포 서대문 은평 종로 용산 성동 광진 동대문 중랑 성북 강북 도봉 노원 양천 강서 구로 금천 영등포 동작 관악 중 동 서 남 북
부산진 동래 해운대 사하 금정 연제 수영 사상 영도 기장 수성 달서 달성 군위 미추홀 연수 남동 부평 계양 강화 옹진 광산 유성 대덕 울주
수원 성남 의정부 안양 부천 광명 평택 동두천 안산 고양 과천 구리 남양주 오산 시흥 군포 의왕 하남 용인 파주 이천 안성 김포 화성 광주 양주 포천 여주
연천 가평 양평 장안 권선 팔달 영통 수정 중원 분당 만안 동안 상록 단원 덕양 일산동 일산서 처인 기흥 수지 오정 원미 소사
춘천 원주 강릉 동해 태백 속초 삼척 홍천 횡성 영월 평창 정선 철원 화천 양구 인제 고성 양양 청주 충주 제천 보은 옥천 영동 증평 진천 괴산 음성 단양
상당 서원 흥덕 청원 천안 공주 보령 아산 서산 논산 계룡 당진 금산 부여 서천 청양 홍성 예산 태안 동남 서북
전주 군산 익산 정읍 남원 김제 완주 진안 무주 장수 임실 순창 고창 부안 완산 덕진 목포 여수 순천 나주 광양 담양 곡성 구례 고흥 보성 화순 장흥 강진 해남 영암
무안 함평 영광 장성 완도 진도 신안 포항 경주 김천 안동 구미 영주 영천 상주 문경 경산 의성 청송 영양 영덕 청도 고령 성주 칠곡 예천 봉화 울진 울릉
창원 진주 통영 사천 김해 밀양 거제 양산 의령 함안 창녕 남해 하동 산청 함양 거창 합천 의창 성산 마산합포 마산회원 진해 제주 서귀포
""".split()
_DISTRICT = f"(?:{'|'.join(sorted(set(_DISTRICTS), key=len, reverse=True))})[시군구]"
_ESTATE = (
    "(?:아파트|빌라|오피스텔|맨션|빌딩|타워|하이츠|연립|주택|자이|래미안|푸르지오|힐스테이트|롯데캐슬|아이파크|더샵|이편한세상|e편한세상"
    "|센트레빌|두산위브|위브|리슈빌|주공|휴먼시아|한라비발디|스위첸|캐슬|팰리스|파크|단지)"
)
_FLAT = r"(?:제?[0-9]{1,4}동 ?(?:[0-9]{1,2}층 ?)?[0-9]{1,4}호|[0-9]{1,4}동|(?:지하 ?)?[0-9]{1,2}층(?: ?[0-9]{1,4}호)?|[BＢ]?[0-9]{2,4}호)(?![가-힣]{0,2}선)"
_BUILDING = rf"(?:[가-힣A-Za-z0-9]{{1,12}}(?: (?=아파트|빌라|오피스텔|맨션|빌딩|타워|연립|주택))?)?{_ESTATE}(?: ?[0-9]{{1,2}}단지)?"
_DETAIL = rf"(?:,? ?\([가-힣A-Za-z0-9,. ]{{1,30}}\))?(?:,? ?{_BUILDING})?(?:,? ?{_FLAT})?(?:,? ?\([가-힣A-Za-z0-9,. ]{{1,30}}\))?"
_ROAD = r"[가-힣][가-힣0-9·.]{0,10}(?:로|길)(?: ?[0-9]{1,4}번?[가-힣]?길)?"
_LOT_PLACE = r"[가-힣]{1,6}[0-9]{0,2}(?:동|읍|면|리|가)(?:[0-9]가)?"
#: A number of a house is followed by no unit.
_NO_UNIT = r"(?![0-9]|[.,:/%][0-9]|%|[시분년월일주](?:간|째|에|까|부|만|이상|내|\b)|여 ?[가-힣]|개|원|만|천|억|명|번(?!지)|회|점|세|살|위|등|차|배|도|호선|여)"
_HOUSE = rf"(?:지하 ?)?[0-9]{{1,4}}(?:-[0-9]{{1,4}})?(?:번지)?{_NO_UNIT}"
_LOT = rf"(?:산 ?)?[0-9]{{1,4}}(?:-[0-9]{{1,4}})?(?:번지)?{_NO_UNIT}"
_REGION = rf"(?:{_PROVINCE} ?)?{_DISTRICT}(?: ?{_DISTRICT})?|{_PROVINCE}"
_TOWN = r"(?: [가-힣]{1,5}[읍면](?= ))?"
_ZIP = r"(?:\(?[0-9]{5}\)? )?"
_START = r"(?<![0-9A-Za-z가-힣>])"

_WAYS = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Terrace|Ter|Parkway|Pkwy|Circle|Cir|Square|Sq"
    "|Highway|Hwy|Crescent|Close|Way"
)
_LOW_WAYS = "street|avenue|road|boulevard|lane|drive|court|ave|blvd"
_TAIL = (
    r"(?:,? (?:(?:[Aa]pt|[Aa]partment|[Ss]uite|[Ss]te|[Uu]nit|[Ff]lat)\.? ?#?|#)[0-9A-Za-z\-]{1,6})?"
    r"(?:,? [A-Z][a-z]+(?: [A-Z][a-z]+)?(?:, ?[A-Z]{2}\b)(?: [0-9]{5}(?:-[0-9]{4})?)?|, [A-Z][a-z]+(?: [A-Z][a-z]+)?(?: [A-Z]{1,2}[0-9]{1,2}[A-Z]? [0-9][A-Z]{2})?)?"
)


def _rule(pattern: str, *, at_number: bool = False) -> Rule:
    return Rule("ADDRESS", re.compile(pattern), at_number=at_number)


KOREAN_RULES = (
    _rule(rf"{_START}{_ZIP}(?:{_REGION}){_TOWN} (?:{_LOT_PLACE} )?{_ROAD} ?{_HOUSE}{_DETAIL}"),
    _rule(rf"{_START}{_ZIP}(?:{_REGION}){_TOWN} (?:{_LOT_PLACE} ){{1,2}}{_LOT}{_DETAIL}"),
    _rule(rf"{_START}{_ZIP}(?:{_REGION}){_TOWN} (?:{_LOT_PLACE} |{_ROAD} )?{_BUILDING}(?:,? ?{_FLAT})"),
    _rule(
        rf"(?<![가-힣])(?:주소|배송지|거주지)(?:은|는|가|지는)?[ :]{{1,3}}(?P<v>(?:{_LOT_PLACE} )?(?:{_ROAD} ?{_HOUSE}|[가-힣]{{1,6}}[0-9]{{0,2}}[동읍면리] {_LOT}){_DETAIL})"
    ),
    _rule(rf"{_START}(?:{_LOT_PLACE} )?{_ROAD} ?{_HOUSE},? ?(?:{_BUILDING},? ?)?[0-9]{{1,4}}동 ?[0-9]{{1,4}}호"),
    _rule(rf"{_START}[가-힣]{{2,4}}(?: ?[0-9]{{1,2}})?동 [0-9]{{1,4}}(?:-[0-9]{{1,4}})?번지{_DETAIL}"),
    _rule(rf"{_START}[가-힣]{{2,4}}[0-9]{{1,2}}동 [0-9]{{1,4}}-[0-9]{{1,4}}{_NO_UNIT}"),
    _rule(rf"{_START}(?:{_LOT_PLACE} )?(?:{_BUILDING},? ?)?제?[0-9]{{2,4}}동 ?[0-9]{{2,4}}호(?![가-힣]{{0,2}}선)"),
)
ENGLISH_RULES = (
    _rule(
        rf"(?<![0-9A-Za-z.,$£€#\-])[0-9]{{1,6}}[A-Za-z]? (?:[NSEW]{{1,2}}\.? |North |South |East |West )?"
        rf"(?:(?:[A-Z][A-Za-z'.]{{1,20}}|[0-9]{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?(?:{_WAYS})(?![A-Za-z])\.?{_TAIL}",
        at_number=True,
    ),
    _rule(
        rf"(?<![0-9A-Za-z.,$£€#\-])[0-9]{{2,6}} (?!(?:hours?|minutes?|mins?|miles?|days?|people|years?|dollars?|of|on|and|in|percent) )"
        rf"(?:[a-z]{{3,15}} )(?!(?:the|on|of) )(?:[a-z]{{3,15}} )?(?:{_LOW_WAYS})(?![A-Za-z])",
        at_number=True,
    ),
    _rule(r"(?<![A-Za-z])[Pp]\.? ?[Oo]\.? [Bb]ox [0-9]{1,6}"),
    _rule(
        r"(?<![0-9A-Za-z])[0-9]{1,4}(?:-[0-9]{1,3})?,? [A-Z][a-z]+(?:-?(?:daero|ro|gil)|-dong)(?:[0-9]{1,3}(?:beon)?-gil)?(?:, [A-Z][a-z]+-(?:gu|si|dong|do))*(?:, [A-Z][a-z]+)?",
        at_number=True,
    ),
)
#: What a text must hold for the rules to be worth trying.
KOREAN_HINT = re.compile(
    r"[로길동읍면리가](?:[0-9]{1,4}번?[가-힣]?[길가])? ?(?:산|지하)? ?[0-9]|[0-9]동 ?[0-9지]|(?:트|라|텔|션|딩|워|츠|립|택|자이|안|오|이트|캐슬|파크|샵|상|빌|위브|공|아|첸|스|지)[, ]{0,2}[0-9]{1,4}[동호층]"
)
ENGLISH_HINTS = (
    " st",
    " ave",
    " road",
    " rd",
    " boulevard",
    " blvd",
    " lane",
    " ln",
    " dr",
    " court",
    " ct",
    " pl",
    " ter",
    " p",
    " cir",
    " sq",
    " h",
    " cr",
    " cl",
    " way",
    "box",
    "-ro",
    "-gil",
    "-daero",
    "-dong",
)

# ruff: noqa: E501, SIM905 - a pattern or a list of words cut into short lines reads worse
"""How names of persons are told: by the title behind them, or by the word that announces them. Bare names are not.

Titles are those of customers and of staff. Titles of public life (actor, director, president, member of parliament) are
left out on purpose: who bears them is named for what they do in public.
"""

from __future__ import annotations

import re

from cxml.voc.privacy._patterns import Rule

_FAMILY = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나지엄원천방공현함변염여추도소석선설마길"
    "연위표명기반왕금옥육인맹제모탁국어은편용"
)
#: The families of about nine in ten Koreans; where little else speaks for a name, only these count.
_COMMON = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나엄원천방공현함변염추도석선설길"
)
_DOUBLE = "남궁|황보|제갈|선우|독고|사공|서문"
_GIVEN = (
    "가강건겸경계고관광교구국권규균근금기길나난남녀노누늘다단달담대덕도돈동두라란람래량려련령례로록루류륜률리린림마만매명모무문미민바백"
    "범별병보복봉분빈산상새샘서석선설섭성세소솔송수숙순슬승시식신실아안애양언여연열영예오옥온완왕용우욱운웅원월위유윤율은을의이익인일임"
    "자잔장재전정제조종주준중지진찬창채천철청초춘충치태택평표필하학한해향혁현협형혜호홍화환효후훈휘희힘람림결빛봄름"
)
#: What a given name does not end in, but many a word with its particle does.
_LAST_GIVEN = "".join(sorted(set(_GIVEN) - set("가고다로의청")))
_FULL3 = rf"(?:(?:{_DOUBLE})[{_GIVEN}]{{1,2}}|[{_FAMILY}][{_GIVEN}][{_LAST_GIVEN}])"
_COMMON3 = rf"(?:(?:{_DOUBLE})[{_GIVEN}]{{1,2}}|[{_COMMON}][{_GIVEN}][{_LAST_GIVEN}])"
_COMMON2 = rf"[김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노곽민엄][{_GIVEN}]"

_STAFF = (
    "상담원|상담사|상담직원|상담매니저|매니저|점장|지점장|실장|팀장|과장|대리|부장|차장|센터장|파트장|주임|사원|간호사|약사"
    "|설계사|컨설턴트|코디|플래너|디자이너|트레이너|강사|직원|담당자|승무원|사무장|기장"
)
_AFTER_WORD = r"(?=[^가-힣]|$|님|께|이|가|은|는|을|를|의|에|한|과|와|도|랑|입|라|으|로|만|덕)"
_TITLE = rf"(?: ?고객님| ?회원님| ?님(?!들)| ?씨(?=[^가-힣]|$|가|는|를|의|에|와|도|께|랑|한|입|라|이|로)|(?P<weak> 고객(?=[^가-힣]|$|[이은을에께의])| (?:{_STAFF}){_AFTER_WORD})|(?:{_STAFF})님| ?(?:배송|설치|수리|택배)?기사님)"

#: After a name that something announced: a title, a particle, or no letter.
_ENDS = r"(?=[^가-힣A-Za-z0-9]|$|님|씨|이[라에고며다가나랑지여란]|이었|이요|인데|입니다|예요|에요|라고|라는|[은는이가을를의도](?![가-힣])|에게|한테|께|와 |과 |랑 |으?로 |였|이세|이신)"
_ANNOUNCED = (
    "(?:상담원|상담사|상담직원|상담매니저|담당자|매니저|기사님|배송기사|설치기사|택배기사|직원|점장|팀장|과장|실장|대리|고객명|이름|성함|성명|예금주|명의자"
    "|수령인|수취인|받는 ?사람|받는 ?분|받는 ?이|보내는 ?사람|보내는 ?분|주문자|신청자|예약자|계약자|가입자|입금자|입금자명|탑승객|탑승자|환자|피보험자|신청인)"
    "(?:님|분)?(?: ?[은는])? ?[:=\\-]? ?[\"'(\\[]?"
)

#: Everyday words that have the shape of a name: a family and one or two syllables of given names.
_NOT_NAMES = frozenset(
    """
    지도자 공우원 변경 민원 유치 하지 마시 안하 하고 하기 전화가 용의자 노동청 위원장 주무관 지하주 지상주 이기 이식 이러 이렇 그러 유일 어느 무슨 이라고 여기로 여기 거기 저기 이리로 선생 사장 부모 고모 이모 장모 손님 하나 여러 주인 주인공 공주 왕자 신부 스승 조상 시부모 진상 우수 최우수 최고 신규 기존 기타 주요 장기 유료 무료 정기 전체 한국
    해외 국내 남성 여성 성인 고령 이상 이용 이용자 방문 문의 주문 주문자 예약 예약자 전화 기업 개인 노인 하신 오신 가신 소중 소중한 우리 현재 현대 이런 이분 지인 성실
    구매 구매자 소비자 진행자 안내 안내원 장애인 유부남 유부녀 임신 임산부 고인 도사 도우미 형제 자매 이웃 주민 시민 국민 전국민 유권자 선배 선배님 후배 조교
    기사 원장 지점장 전문 전문가 전문의 변호사 연결 이해 신경 조치 교육 응대 정말 너무 이제 진짜 아주 매우 다시 해결 확인 처리 설명 배정 유선 고객 직원 정도 한명 지금
    오늘 어제 정보 성함 이름 번호 연락 안내도 전문성 이정도 이만 조금 소개 성의 한분 한 명 원인 주소 주의 유의 오류 오해 기본 기분 시간 시작 지연 지원 지정
    서비스 이사 이사님 주치의 연예인 유명 유명인 전무 상무 조무사 주부 전업주부 장관 차관 성도 교주 신도 원주민 이방인 외국인 한국인 중국인 조선인 고용주 건물주 주인장
    이재민 성소수자 기자 정치인 연기자 진정한 유일한 이상한 심각한 한심한 유명한 도대체 어르신 은인 명의 명인 기술자 연구원 공무원 경호원 남자 여자 남녀 우주 우주인
    전남편 시어머니 장인 장모님 사위 형수 형님 동생 오빠 언니 누님 고등학생 이성 이민 이주 이주민 이하 이전 이후 이유 이미 이자 이동 이중 전기 전부 전자 전원 정상 정식 정리
    한도 한시 한수 한마 고마 고민 문제 문자 문장 성공 성능 상담 신청 신청자 신용 신고 신상 신속 안전 안심 오전 오후 유지 유명해 조용 조사 조건 주변 주위 차량 차이 차라리
    배우 백성 손자 손녀 양아치 양심 양반 원래 인간 인정 임원 임직원 서민 서장 선수 방송 변신 남매 나중 나라 나도 노동자 노인네 마음 마지막 모자 모두 명예 국회 국장 구청장 도지사
    공인 공기 공동 기관 기계 기대 길이 김치 금지 이나마 이만한 이야기 주인님 도련님 서방님 형님 마님 따님 아드님 임금님 해님 달님 별님 하느님 용왕님 산신령 원주인 지은이 제작진
    주연 조연 신인 성우 감독 작가 원작자 제작자 주최 경비원 안전요원 도선생 양선생 이선생 김선생 박선생 최선생 정선생 조선생 강선생 장선생 임선생 한선생 오선생
    이여자 이남자 이인간 이사람 이아이 그사람 정신나 이친구 우리나라 오지라 유가족 피해자 유족 조문객 한가지 이의신청 신고인 고소인 고발인 성범죄자 이장 이장님 동장 시장 구청 유저
    """.split()
)
#: Given names that end like a word with its particle, and are common all the same.
_PARTICLE_LIKE = "은도만해한하라지인"
_GIVEN_ALL_THE_SAME = frozenset(
    "지은 하은 다은 예은 나은 가은 시은 성은 고은 정은 소은 주은 혜은 서은 채은 유은 영은 재은 경은 세은 요한 지한 동한 재한 승한 도한 다해 지해 윤하"
    " 은하 민하 정하 유하 준하 진하 주하 태하 성하 동하 보라 유라 아라 미라 소라 나라 민지 은지 현지 수지 윤지 예지 연지 혜지 영지 명지 정인 가인 다인 효인"
    " 해인 예인 혜인 상만 영만 종만 재만 현도 영도 태도".split(" ")
)
_NOT_ENDINGS = (
    "선생",
    "사장",
    "기사",
    "전문",
    "직원",
    "고객",
    "대표",
    "전무",
    "상무",
    "후보",
    "원장",
    "위원",
    "의원",
    "장관",
)


def _is_name(found: re.Match[str]) -> bool:
    """Refuse everyday words, alone or with a particle that reads as a given name."""
    name = found["v"].replace(" ", "")
    # 김모 씨: a newspaper's way of giving no name
    if name in _NOT_NAMES or name.endswith(_NOT_ENDINGS) or (len(name) == 2 and name[1] == "모"):
        return False
    weak = "weak" in found.re.groupindex and found["weak"] is not None
    if weak and name[-1] in _PARTICLE_LIKE and name[1:] not in _GIVEN_ALL_THE_SAME:
        return False
    return len(name) < 3 or name[:2] not in _NOT_NAMES or name[2] not in "이은도로만나라고지의하한해자인장님"


def _rule(pattern: str, *hints: str) -> Rule:
    return Rule("NAME", re.compile(pattern), _is_name, hints, at_number=False)


def _english(pattern: str, *hints: str) -> Rule:
    return Rule("NAME", re.compile(pattern), None, hints, at_number=False)


_TITLE_HINTS = (
    *(
        "고객",
        "회원",
        "님",
        "씨",
        "상담",
        "기사",
        "매니저",
        "점장",
        "실장",
        "팀장",
        "과장",
        "대리",
        "부장",
        "차장",
        "센터장",
        "파트장",
    ),
    *(
        "주임",
        "사원",
        "간호사",
        "약사",
        "설계사",
        "컨설턴트",
        "코디",
        "플래너",
        "디자이너",
        "트레이너",
        "강사",
        "직원",
        "담당자",
    ),
    *("승무원", "사무장", "기장"),
)
_ANNOUNCED_HINTS = (
    *(
        "상담",
        "담당",
        "매니저",
        "기사",
        "직원",
        "점장",
        "팀장",
        "과장",
        "실장",
        "대리",
        "고객명",
        "이름",
        "성함",
        "성명",
        "예금주",
    ),
    *(
        "명의",
        "수령인",
        "수취인",
        "받는",
        "보내는",
        "주문자",
        "신청",
        "예약자",
        "계약자",
        "가입자",
        "입금자",
        "탑승",
        "환자",
        "피보험자",
    ),
    *("대표자", "민원인", "보호자"),
)
KOREAN_RULES = (
    _rule(rf"(?<![가-힣])(?P<v>{_FULL3})(?:{_TITLE})", *_TITLE_HINTS),
    _rule(
        rf"(?<![가-힣])(?P<v>[{_COMMON}] [{_GIVEN}] [{_GIVEN}])(?= ?(?:고객님|회원님|님|씨)(?![가-힣]{{2}}))",
        "님",
        "씨",
    ),
    _rule(
        rf"(?<![가-힣])(?P<v>{_COMMON2})(?: ?고객님| ?회원님| ?님(?= |께|이|은|을|의|[^가-힣]|$)| ?씨(?= |가|는|를|의|에|와|도|께|[^가-힣]|$))",
        "님",
        "씨",
    ),
    _rule(rf"(?<![가-힣]){_ANNOUNCED}(?P<v>{_COMMON3}){_ENDS}", *_ANNOUNCED_HINTS),
    _rule(
        rf"(?<![가-힣]){_ANNOUNCED}(?P<v>{_COMMON2})(?= ?(?:님|씨|입니다|이라고|라고|이고|인데|이에요|예요|이며))",
        *_ANNOUNCED_HINTS,
    ),
    _rule(
        rf"(?:이름|성함|성명|예금주|수령인|수취인|명의자?|받는 ?사람|받는 ?분|보내는 ?사람|입금자명?) ?[:=] ?(?P<v>{_COMMON2}|{_FULL3})(?![가-힣])",
        ":",
        "=",
    ),
    _rule(
        rf"(?<![가-힣])(?:저는|나는|저|전|제가|본인은|안녕하세요|안녕하십니까|여보세요)[,.!~ ]{{1,3}}(?P<v>{_COMMON3})(?=입니다|이라고 |라고 |인데요|이에요|예요|이고요)",
        "입니다",
        "라고",
        "인데요",
        "이에요",
        "예요",
        "이고요",
    ),
)

_FIRST = r"[A-Z][a-z]{1,14}"
_LAST = r"(?:[A-Z]'|Mc|Mac|De|Van )?[A-Z][a-z]{1,15}(?:-[A-Z][a-z]{1,15})?"
_NOBODY = (
    r"(?!(?:Sir|Madam|Customer|Customers|Team|Support|Service|Services|All|Everyone|Friend|Friends|God|Lord|Santa|Manager|Staff|Agent|Valued|Hiring|Member"
    r"|The|This|That|It|My|Your|Our|You|We|They|He|She|And|But|Very|So|Not|Just|Still|Never|Again|Your|Please|Thank|Thanks|Yes|No|If|In|On|At|For|To|From"
    r"|Mr|Mrs|Ms|Dr|Late|Flight|Cancelled|Canceled|Lady|Since|When|While|Was|Is|Has|Had|Who|What|Where|How|Why|Said|Told|There|Here|Then|Now|Today|Yesterday|Tomorrow|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Sincerely|Regards|Delta|United|American|Southwest|Jetblue|America|Air|Airlines|Airways|Bank|Amazon|Apple|Google)(?![A-Za-z]))"
)
_FULL = rf"{_NOBODY}{_FIRST} (?:[A-Z]\. )?{_NOBODY}{_LAST}"
_WORD = r"(?!(?:is|not|on|the|in|and|spelled|spelt|misspelled|wrong|being|was|still|never|listed|a|an|missing|incorrect|correct|to|for|but|or|it|still|there|nowhere|mud|no|now|appearing|showing|under|associated|attached|cleared|used|only|also|always|already|what|so|changed|included|displayed|shown|with|at|by|of|from|as)(?![a-z]))[a-z]{2,12}"
ENGLISH_RULES = (
    _english(
        rf"(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Mister)\.? (?P<v>{_NOBODY}(?:{_FIRST} )?{_LAST})(?![A-Za-z])",
        "mr",
        "ms",
        "miss",
        "dr",
        "prof",
        "mister",
    ),
    _english(
        rf"(?<![A-Za-z])(?i:my name is|my name's|name's|i am called|full name is) (?P<v>{_NOBODY}{_FIRST}(?: (?:[A-Z]\. )?{_LAST})?|{_WORD}(?: {_WORD})?(?=[.,!?\n]|$| and| from| i ))",
        "my name",
        "name's",
        "called",
        "full name",
    ),
    _english(
        rf"(?<![A-Za-z])(?:(?i:this is|(?:hi|hello|hey),? (?:i'm|i am)|hello from|spoke with|spoke to|talked to|talked with|signed by|signed|account ?holder|card ?holder|cardholder|recipient|passenger)) (?P<v>{_FULL})(?![A-Za-z])",
        "this is",
        "i'm",
        "i am",
        "hello from",
        "spoke ",
        "talked ",
        "signed",
        "holder",
        "recipient",
        "passenger",
    ),
    _english(
        rf"(?<![A-Za-z])(?i:customer name|full name|account name|recipient|passenger|attn|name|regards|sincerely|cheers|best wishes|best|yours|yours truly|yours sincerely|kind regards)[ \t]?[:,\n][ \n]?(?P<v>{_NOBODY}{_FIRST}(?: (?:[A-Z]\. )?{_LAST})?)(?=[.,!?\n)]|$| [a-z])",
        "name",
        "recipient",
        "passenger",
        "attn",
        "regards",
        "sincerely",
        "cheers",
        "best",
        "yours",
    ),
    _english(
        rf"(?<![A-Za-z])(?i:agent|representative|rep|employee|associate|supervisor|manager|advisor|technician|operator|clerk|attendant|cashier|driver)(?: (?i:named|called|by the name of),?)? (?P<v>{_NOBODY}{_FIRST}(?: {_LAST})?)(?![A-Za-z])",
        "agent",
        "rep",
        "employee",
        "associate",
        "supervisor",
        "manager",
        "advisor",
        "technician",
        "operator",
        "clerk",
        "attendant",
        "cashier",
        "driver",
    ),
    _english(
        rf"(?<![A-Za-z])(?i:someone|somebody|person|guy|lady|woman|man|girl|gentleman) (?i:named|called|by the name of),? (?P<v>{_NOBODY}{_FIRST}(?: {_LAST})?)(?![A-Za-z])",
        "named",
        "called",
        "by the name",
    ),
    _english(
        rf"(?<![A-Za-z])(?:Dear|Hi|Hello) (?P<v>{_NOBODY}{_FIRST}(?: {_LAST})?)(?=,|\n)", "dear ", "hi ", "hello "
    ),
)
#: Beside a telephone number or an account a bare full name is a name.
BESIDE_BEFORE = re.compile(rf"(?<![가-힣])(?P<v>{_COMMON3})[ ]?[(/,:]?[ ]?$")
BESIDE_AFTER = re.compile(rf"[ ]?[(/,]?[ ]?(?P<v>{_COMMON3})(?![가-힣])")
is_name = _is_name

"""Wordings that press, in Korean and English: the rules that `cxml.voc.urgency` reads comments with.

A Korean pattern is matched on the text without its spaces, since people space freely: 오늘 까지 is read as 오늘까지. A
leading ``_`` asks for the start of a word as it is spaced. Patterns ask for what customers say of themselves
(신고하겠습니다, 고소할게요), because the bare words also stand in reports, film reviews and recipes. An English pattern
is matched on lower-case text between word borders. Each line of a block is one alternative, ``<word>`` stands for a
group that several share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SHARED: Final = {
    "<gap>": r"[^.!?,]{0,8}",
    # "I will", "I did" and their kin after a Korean noun of action
    "<will>": r"(?:을|를|도)?(?:하겠|할게|할거|할것|할겁|할예정|할생각|할테|할수밖|할래|합니다|하려|하러|해야겠"
    r"|했습|했어|각이|들어갑|들어가)",
    "<would>": r"(?:을|를|도)?(?:하겠|할게|할거|할것|할겁|할예정|할생각|할수밖|하려고|들어갑|들어가)",
    "<soon>": r"(?:오늘|내일|금일|당일|모레|이번주|주말|[월화수목금토일]요일|아침|저녁|(?<!\d)\d+[시일]"
    r"|출국|여행|결혼식|행사)",
    "<fix>": r"(?:처리|해결|조치|답|연락|환불|확인|입금|보내|고쳐|취소|회신|전화)",
    "<plea>": r"[^.!?]{0,5}(?:해주|해달|주세|주시|주셔|부탁|바랍|바라|요망|하세요|하라)",
    "<count>": r"(?:몇|여러|수십|수|세|네|다섯|여섯|열|두세|서너|(?<!\d)\d+)",
    "<number>": r"(?:\d+|two|three|four|five|six|seven|ten|several|multiple|countless)",
    "<buy>": r"(?:fly|us(?:e|ing)|buy|order|shop|book|return|deal)\w*",
}


@dataclass(frozen=True)
class Wording:
    """A reason for urgency and the words that give it away.

    Parameters
    ----------
    name : str
    points : float > 0
        What it adds to the score, on the log-odds scale.
    korean, english : str
        A regular expression.

    Examples
    --------
    >>> [one.name for one in WORDINGS][:2]
    ['safety', 'legal_threat']
    """

    name: str
    points: float
    korean: str
    english: str


def _wording(name: str, points: float, korean: str, english: str) -> Wording:
    return Wording(name, points, _either(korean), _either(english))


def _either(block: str) -> str:
    joined = "|".join(line.strip() for line in block.splitlines() if line.strip())
    for short, pattern in _SHARED.items():
        joined = joined.replace(short, pattern)
    return joined


WORDINGS: Final = (
    _wording(
        "safety",
        3.9,
        r"""
        (?<!코)다쳤
        다칠뻔
        (?:손|발|얼굴|눈|손가락)(?:을|이|가)?(?:베였|데였|데었|찢어)
        부상(?:을)?(?:당했|입었)
        화상(?:을)?(?:입|당)
        감전(?:됐|되|사고|당)
        응급실(?:에|로|을)?(?:갔|실려|다녀|왔|가야)
        병원(?:에)?(?:실려|갔|입원했)
        _불(?:이)?(?:날뻔|났|붙었)
        화재(?:가)?(?:날|났|발생)
        연기(?:가)?(?:났어|났습|나서불|올라|피어)
        타는냄새
        _탄내
        (?:배터리|충전기|제품|기기|폰|노트북|가스|냄비|전기)<gap>(?:폭발|터졌|발화|과열|스파크)
        두드러기
        식중독
        알레르기(?:가)?(?:났|생|올라)
        이물질
        유리조각
        호흡곤란
        사고(?:가)?날뻔
        """,
        r"""
        (?<!insult to )injur(?:y|ed|ies)
        burn(?:ed|t) (?:my|his|her|our)
        electric shocks?
        electrocuted
        (?:caught|catch) fire
        (?:is|was|were) on fire
        went up in flames
        started smoking
        smoke (?:came|coming|in|from)
        exploded
        overheat\w*
        (?:to|in|at) (?:the )?(?:hospital|emergency room|er)
        ambulance
        allergic reaction
        food poisoning
        choking
        hazard(?:ous)?
        unsafe
        safety (?:issue|concern|risk|violation)s?
        cut my (?:hand|finger|foot)
        broken glass
        """,
    ),
    _wording(
        "legal_threat",
        3.9,
        r"""
        고소(?:를|도)?(?:하겠|할게|할거|할겁|할수밖|할예정|할생각|하려|하러|장|고발|진행|접수)
        소송(?:을|도|으로)?(?:걸|하겠|할|제기|진행|준비|가겠|갑니다|갈|내겠|낼|불사)
        내용증명
        법적(?:으로|인)?(?:대응|조치|책임|절차)<gap>(?:하겠|할|합니다|하려|묻겠|물을|들어가|준비|진행|검토)
        변호사(?:를|와|랑|한테|님)?(?:선임|통해|상담|만나|사서)
        법대로(?:하겠|합시다|해보|처리|갑시다)
        경찰(?:서)?(?:에)?(?:신고|고발|부르)<will>
        고발<would>
        손해배상(?:을)?(?:청구|요구)<will>
        """,
        r"""
        (?:will|going to|gonna|could|should|want to|have to|i'll|we'll|to) sue
        suing
        lawsuit
        class action
        small claims
        legal action
        (?:to|in) court
        (?:my|our|a) (?:lawyer|attorney|solicitor)
        press charges
        police report
        call(?:ing)? the police
        """,
    ),
    _wording(
        "regulator_threat",
        3.9,
        r"""
        소비자원
        소보원
        소비자보호원
        소비자고발센터
        (?:금감원|금융감독원|공정위|공정거래위원회|방통위|방송통신위원회|신문고|식약처|소비자센터)<gap>(?:신고|민원|접수|제보|고발|진정|제소)
        (?:금감원|공정위|방통위|식약처|신문고|구청|시청)(?:에)?(?:알리|갑니다|가겠)
        신고<would>
        민원(?:을|도)?(?:넣겠|넣을|넣었|제기하겠|접수하겠|접수했)
        """,
        r"""
        ftc
        fcc
        cfpb
        better business bureau
        ombudsman
        trading standards
        attorney general
        regulators?
        consumer (?:protection|affairs|agency|rights|council)
        dot complaint
        department of transportation
        ofcom
        report (?:you|this|them) to
        """,
    ),
    _wording(
        "media_threat",
        3.7,
        r"""
        (?:방송|언론|신문사|기자|뉴스|티비|kbs|sbs|mbc|jtbc|유튜브|유튜버|커뮤니티|카페|sns|인스타|블로그|온라인)<gap>(?:제보|공론화|폭로|퍼뜨|퍼트)
        (?:방송|언론|신문사|기자|뉴스|유튜브|커뮤니티|카페|sns|인스타|블로그)<gap>(?:알리겠|알릴|올릴게|올릴거|올릴겁|올리겠)
        제보(?:하겠|할게|할거|할겁|할예정|할생각)
        공론화<will>
        """,
        r"""
        (?:go|going|take this|taking this) (?:\w+ )?to the (?:press|media|news|papers)
        (?:contact|call|tell)(?:ing)? (?:the )?(?:press|media|(?:local )?news)
        go(?:ing)? (?:public|viral)
        (?:every|all over) social (?:media|networks?)
        post(?:ing)? (?:this|it) (?:everywhere|all over|online)
        """,
    ),
    _wording(
        "data_breach",
        3.7,
        r"""
        (?:개인정보|비밀번호|계정|카드번호)(?:가|를|이)?(?:\w{0,3})?(?:유출|노출됐|노출되|털렸|털린|도용|해킹)
        해킹(?:을)?(?:당했|됐|되었|당한)
        명의도용
        보이스피싱(?:을)?당
        (?:무단|몰래)(?:으로)?(?:결제|인출|가입)
        모르는결제
        """,
        r"""
        (?:data|details|information|identity|account|card)(?: \w+){0,3} (?:leaked|breached|hacked|exposed|stolen)
        (?:data|account|card)(?: \w+){0,3} compromised
        identity theft
        (?:was|been|got) hacked
        unauthori[sz]ed (?:charge|transaction|payment|access)s?
        """,
    ),
    _wording(
        "threat_to_leave",
        3.2,
        r"""
        (?:탈퇴|해지|불매|손절|구독취소|환승|번호이동)<will>
        (?:탈퇴|해지)(?:해버|하고싶|신청했|신청하|완료|하고다른|진행)
        갈아(?:탑니다|탈게|탈거|탈예정|타겠|탔)
        (?:다신|다시는|두번다시|두번다시는|앞으로)(?:절대)?(?:안|못)(?:사|살|써|쓰|쓸|씁|이용|시키|시킬|주문|갑|갈|가요|구매)
        다시는(?:이용|주문|구매|거래)(?:안|하지않|할일)
        다른(?:데|곳|회사|업체|통신사|은행|앱|쇼핑몰)(?:로|으로)(?:갈게|갈거|갑니다|가겠|옮기|옮길|옮겨|바꾸|바꿀|이동)
        """,
        r"""
        cancel(?:l?ing|l?ed)? (?:my|our|the) (?:account|subscription|membership|plan|contract|service|card)
        clos(?:e|ing) (?:my|our) accounts?
        cancell?ing now
        (?:switch|move)(?:ing|d)? (?:back )?to (?:a |another |your )?(?:competitors?|provider|bank|airline|carrier)
        (?:moving|switching) to (?:a |another |your )?(?:competitors?|provider|bank|airline|carrier)
        business elsewhere
        never (?:ever )?again
        never (?:be )?<buy>(?: \w+){0,4} again
        (?:won'?t|not|will not) (?:be )?<buy>(?: \w+){0,4} again
        lost (?:a|this|me as a|my) (?:\w+ )?(?:customer|business)
        (?:last time|never) (?:i|we)(?:'ll| will| ever)? ?(?:fly|use|buy|order)
        done with (?:you|them)
        """,
    ),
    _wording(
        "deadline",
        3.2,
        r"""
        <soon>[^.!?]{0,5}(?:까지|전에|안에|안으로|내로|중으로|중에)(?:는|도)?(?:꼭|반드시|무조건|필요|와야|받아야|도착해야|부탁|주세요|해주|주시)
        <soon>[^.!?]{0,5}(?:까지|전에|안에|안으로|내로|중으로|중에)(?:는|도)?(?:<fix>|안되면|안하면|안오면|안해)
        (?:지금당장|지금즉시|지금바로|당장)[^.!?]{0,4}(?:<fix>|필요)(?!할사람)
        """,
        r"""
        (?:by|before) (?:tonight|today|tomorrow|noon|midnight|this (?:evening|afternoon|weekend))
        (?:by|before) (?:mon|tues|wednes|thurs|fri|satur|sun)day
        (?:by|before) (?:(?:the )?end of (?:the )?day|\d{1,2}(?::\d\d)? ?[ap]\.?m)
        (?:fix|sort|help|answer|refund|need|call|respond|reply)(?: \w+){0,4} (?:right now|immediately)
        need (?:this|it|help|an answer|a reply|my \w+)(?: \w+){0,2} (?:today|tonight|tomorrow)
        (?:flight|wedding|trip|departure|event|connection) (?:is |leaves |boards )?in \w+ (?:hours?|min\w*)
        """,
    ),
    _wording(
        "repeated_contact",
        1.9,
        r"""
        몇번째(?!보|봐|재생|관람|시청|정주행|돌려)
        번째(?:문의|연락|전화|통화|교환|고장|요청|신고|민원|접수|as|같은|입니다|이네)
        <count>(?:번|차례)(?:이나|을|씩|넘게|째)?[^.!?]{0,5}(?:문의|연락|전화|통화|말씀|얘기|요청|접수|신청|교환|고장)
        (?:문의|연락|전화|통화|요청|접수|신청)(?:를|을|만)?<count>(?:번|차례)(?!호|만에)
        _또(?:이러네|이러시|이럽|고장|불량이|오류|똑같은)
        (?:저번|지난번)에도(?!좋|잘)
        (?:며칠|몇일|몇주|몇달|(?<!\d)\d+(?:일|주|달|개월)|일주일|한달|보름|열흘)째(?:답|연락|처리|환불|해결|감감|깜깜|기다|묵묵|안오|안와|안되|못받)
        """,
        r"""
        (?:called|emailed|written|wrote|contacted|messaged|tweeted|asked|phoned)(?: \w+){0,3} (?:again|twice)
        (?:called|emailed|written|wrote|contacted|messaged|tweeted|asked|phoned)(?: \w+){0,3} <number> times
        <number> (?:calls|emails|phone calls)
        (?:third|fourth|fifth|sixth|3rd|4th|5th|6th|nth|umpteenth) (?:time|call|email|ticket|attempt)
        (?:this is the )?second time (?:this|it|you)
        lost count
        (?:over and over|again and again|time and again)
        same (?:issue|problem|thing|answer) (?:again|every|as last)
        keeps happening
        here we go again
        still (?:no|waiting (?:for|on)) (?:a |any |my |the )?(?:reply|response|answer|refund|word|help|call|callback)
        still haven'?t (?:heard|received|gotten) (?:a |any |my |the )?(?:reply|response|answer|refund|word|help|back)
        """,
    ),
    _wording(
        "money_lost",
        1.9,
        r"""
        (?:돈|금액|비용|\d원|만원|천원)(?:만|을|을다|다)?(?:날렸|날리게|떼였|떼먹|뜯겼)
        손해(?:를|가|만)?(?:봤|보고|봄|입었|막심)
        (?:이중|중복|두번|2번|2중)(?:으로)?(?:결제|청구|인출|출금|승인|이체)
        (?:결제|청구|출금|승인)(?:가|이)?(?:두번|2번|이중)
        (?:돈|금액|원이|원)(?:이|은|만)?(?:빠져나|인출됐|출금됐)
        (?:입금|환불|돈)(?:이|은|도)?아직(?:도)?(?:안|못)
        사기(?:를)?당(?:했|한것|한거)
        돈(?:이|은)?안들어(?:와|왔)
        """,
        r"""
        (?:charged|billed|debited)(?: \w+){0,3} (?:twice|two times|double)
        double[- ]?(?:charged|charge|billed)
        overcharged
        lost (?:my|all my|our) money
        money (?:down the drain|gone|missing|stolen)
        out of pocket
        cost (?:me|us) (?:over )?[$£€]?\d+
        scam(?:med)?
        ripped off
        stole(?:n)? my money
        (?:where is|where'?s|still no|want) my (?:refund|money)
        overpaid
        """,
    ),
    _wording(
        "haste",
        1.7,
        r"""
        (?:빨리|빠른시일|조속|신속|얼른)(?:히|하게|한|내에|좀)?(?:좀)?<fix><plea>
        빨리<fix>좀
        빠른(?:처리|답변|해결|조치|환불|연락|회신)<plea>
        _급(?:해요|합니다|하네요|합니당)
        (?:좀|너무|많이|조금|엄청|매우|진짜)급(?:해요|합니다|하네요)
        시급(?:해요|합니다)
        """,
        r"""
        asap
        as soon as possible
        urgent(?:ly)?
        hurry
        desperate(?:ly)?
        time[- ]sensitive
        """,
    ),
)
"""Reasons are told in this order."""

KOREAN_DENIAL: Final = (
    r"지(?:는|도|를|은)?(?:않|말|못|마세)|진(?:않|못)"
    r"|(?:정도|것|거|건|일|상황|수준|생각|마음|뜻|필요|계획|이유)(?:은|는|이|가|도|까진|까지는)?(?:전혀)?(?:아니|아닌|아닙|아녜|없)"
    r"|까지(?:는|은|도)?(?:아니|없|안)|안(?:하겠|할|합니다|하려)|커녕"
)
"""What, close after a Korean wording, takes it back: 신고할 생각은 없습니다."""

ENGLISH_DENIAL: Final = re.compile(
    r"\b(?:not|no|never|without|neither|nor|cannot|(?:is|are|was|do|does|did|wo|would|ca|could)n'?t)"
    r"(?: (?!only\b)[\w']+){0,3} $"
)
"""What, close before an English wording, takes it back: no need to cancel my plan."""

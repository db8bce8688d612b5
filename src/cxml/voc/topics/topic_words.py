"""Words that tell nothing of what a comment is about, and what Korean glues to its words."""

from __future__ import annotations

from typing import Final


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Particles after a stem that ends in a consonant.
AFTER_CONSONANT: Final = _listed(
    """
    은 이 을 과 으로 으로는 으로도 으로만 으로서 으로써 이나 이랑 이라 이라고 이라는 이라도 이라서 이란 이며
    이든 이야
    """
)
#: Particles after a vowel; those that begin with 로 also after ㄹ.
AFTER_VOWEL: Final = _listed(
    """
    는 가 를 와 로 로는 로도 로만 로서 로써 나 랑 라 라고 라는 라도 라서 란 며 든 야 예요
    """
)
#: Particles and forms of "to be" after either.
AFTER_ANY: Final = _listed(
    """
    의 에 에서 에게 한테 께 께서 도 만 까지 부터 보다 처럼 마다 조차 밖에 대로 뿐 에는 에도 에만 에서는 에서도
    에서만 에서의 에게는 한테는 까지는 까지도 부터는 만은 만이 만을 보다는 들 들이 들은 들을 들의 들도 들에게
    들과 인 인데 인데요 인지 인가 인가요 이다 이에요 이네요 이었 이었다 이지만 입니다 입니까 임 요 이요 이고
    이라 적 적인 적으로
    """
)
#: Forms of 하다, 되다, 시키다 and 받다, which turn a noun into a verb; by their first syllable, what may follow it.
#: The dot stands for nothing.
_LIGHT_VERBS: Final = {
    "하": """
        다 고 는 는데 는데요 는지 지 지만 지도 면 면서 며 게 기 기도 여 여서 였다 려 려고 려는 려면 니 니까 자
        세요 네요 던 도록 거나 나요 시는 신 셨
    """,
    "해": """
        . 서 요 도 야 줘 주세요 주고 준 주는 지고 졌 졌다 져 진 봐 보니
    """,
    "했": """
        다 고 는데 는데요 어요 었 습니다 으나 으면 더니 던 지만 을 음 네요 나요
    """,
    "한": """
        . 다 다고 다는 다면 데 지 테
    """,
    "할": """
        . 까 까요 게요 때 수 지 인
    """,
    "합": """
        니다 니까
    """,
    "함": """
        . 이 은 을 에
    """,
    "되": """
        다 고 는 는데 는데요 는지 지 지만 면 면서 며 게 기 어 어서 었다 네요 나요 던 도록 거나
    """,
    "돼": """
        . 서 요 도 야
    """,
    "됐": """
        다 고 는데 는데요 어요 습니다 으면 더니 던 지만 을 음 네요 나요
    """,
    "된": """
        . 다 다고 다는 다면 데 지
    """,
    "될": """
        . 까 까요 때 수 지
    """,
    "됩": """
        니다 니까
    """,
    "됨": """
        .
    """,
    "시": """
        켜 켜서 켰다 킨 키는 키고 킬
    """,
    "받": """
        은 는 고 았 았다 았는데 았습니다 아 아서 을
    """,
}
AFTER_NOUN: Final = tuple(head + tail.strip(".") for head, tails in _LIGHT_VERBS.items() for tail in tails.split())

_KOREAN_STOP: Final = _listed(
    """
    그 이 저 것 거 게 걸 건 수 때 좀 너무 정말 진짜 왜 또 다 잘 더 제 내 나 난 전 저희 우리 제가 저는 내가 나는
    네 예 그냥 매우 아주 많이 조금 계속 이제 지금 다시 바로 항상 그리고 그런데 근데 그래서 하지만 그러나 그럼
    그래도 만약 혹시 아니 아니라 아닌 있는 있다 있고 있어 있어요 있습니다 있는데 있으면 있나요 있을 있음 없는
    없다 없고 없어 없어요 없습니다 없는데 없이 없음 하는 하다 하고 해서 하면 하게 하지 했는데 했다 했어요
    했습니다 합니다 해요 한다 한 할 함 해 하나 되는 되어 되고 되면 된다 된 될 돼 돼요 됩니다 됐다 같은 같아요
    같습니다 같이 같다 대한 대해 대해서 위해 위한 통해 따라 관련 때문 때문에 정도 경우 등 및 중 후 전에 이런
    그런 저런 어떤 무슨 어떻게 이렇게 그렇게 무엇 뭐 뭘 어디 언제 누가 모두 모든 가장 안 못 안녕하세요
    감사합니다 부탁드립니다 바랍니다 주세요 주시기 이거 그거 저거 여기 거기 이것 그것 것을 것은 것이 것도 수가
    수도 입니다 이번 오늘 내일 어제 의 를 을 은 는 가 에 도 만 하 되 많 모 바 시 주 대 보 분 일 월 년 명 개 원
    번 천 억 위 말 온 올 마 든 라 다른 그러 주세 안녕 저것 되었습니다 않고 않도록 않은 않는 않습니다 알려줘
    알려주세요 해야 아니면 아닌가요 궁금
    """
)
_ENGLISH_STOP: Final = _listed(
    """
    a about above after again all also am an and any are aren't as at be because been before being below
    between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each
    even few for from further get gets getting got had hadn't has hasn't have haven't having he he's her here
    hers him his how i i'd i'll i'm i've if in into is isn't it it's its itself just let's like made make me
    more most much my myself no nor not now of off on once only or other our ours out over own please really
    same she should shouldn't so some still such than that that's the their them then there there's these they
    they're this those through to too u under until up us very was wasn't we we're were weren't what what's
    when where which while who whom why will with won't would wouldn't yet you you're you've your yours thank
    thanks hi hello amp http https www com
    """
)
STOP_WORDS: Final = frozenset(_KOREAN_STOP) | frozenset(_ENGLISH_STOP)
"""Words that tell nothing of what a comment is about, in both languages."""

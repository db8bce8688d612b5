# ruff: noqa: E501 - a pattern cut into short lines reads worse
"""How e-mail addresses are written, also by those who hide them from collectors: (at), 골뱅이, dot com."""

from __future__ import annotations

from cxml.voc.privacy._patterns import anywhere

_ADDRESS_SIGN = r"[A-Za-z0-9._%+\-]"
_PROVIDERS = "네이버|다음|한메일|지메일|구글|네이트|카카오|핫메일|야후"
RULES = (
    anywhere(
        "EMAIL",
        rf"(?<!{_ADDRESS_SIGN}){_ADDRESS_SIGN}{{1,64}}@[A-Za-z0-9\-]{{1,63}}(?:\.[A-Za-z0-9\-]{{1,63}}){{0,4}}[.,][A-Za-z]{{2,10}}(?![A-Za-z])",
    ),
    anywhere(
        "EMAIL",
        rf"(?<!{_ADDRESS_SIGN}){_ADDRESS_SIGN}{{1,64}} ?(?:@|골뱅이|[(\[] ?(?i:at|앳|골뱅이) ?[)\]]) ?[A-Za-z0-9\-]{{1,63}}"
        rf"(?:[.,][A-Za-z0-9\-]{{1,63}}){{0,3}}[.,](?:com|net|org|kr|edu|gov|io|info|biz|me|us|uk|jp|cn|de|fr|ca|au|app|shop|dev)(?![A-Za-z])",
    ),
    anywhere(
        "EMAIL",
        rf"(?<!{_ADDRESS_SIGN}){_ADDRESS_SIGN}{{1,64}} ?(?:@|골뱅이|[(\[] ?(?i:at) ?[)\]]| (?i:at) ) ?[A-Za-z0-9\-]{{1,63}}"
        rf"(?: ?[(\[] ?(?i:dot) ?[)\]] ?| (?i:dot) | ?(?:닷|점) ?)(?:[A-Za-z]{{2,10}}|컴|넷|씨오)(?![A-Za-z])",
    ),
    anywhere(
        "EMAIL",
        rf"(?<!{_ADDRESS_SIGN}){_ADDRESS_SIGN}{{1,64}} ?(?:@|골뱅이|앳) ?(?:{_PROVIDERS})(?: ?(?:닷|점|\.) ?(?:컴|넷|com|net))?",
    ),
)
#: One of these is in the lower-case text, or no rule has a chance.
HINTS = ("@", "골뱅이", "앳", "at)", "at]", "at )", "at ]", " dot ")

"""Words and phrases of comments, Korean and English, without a morphological analyser.

Korean glues particles and endings to its words: 배송이, 배송은 and 배송했는데 are one word to a reader and three to a
program. Which part is the word is told by the comments themselves: a stem is one that several different particles
follow, in the forms that its last sound asks for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from unicodedata import normalize

from cxml._optional import require
from cxml.errors import ConfigError, shorten
from cxml.voc.topics.topic_words import AFTER_ANY, AFTER_CONSONANT, AFTER_NOUN, AFTER_VOWEL, STOP_WORDS

_HANGUL = ("가", "힣")
_TOKEN = re.compile(r"<[A-Z][A-Z0-9_]*>|[가-힣]+|[a-z]+(?:['’][a-z]+)?|[一-鿿]+|[0-9]+(?:[.,][0-9]+)*")
_MOST_CHARACTERS: Final = 5_000  # what a comment is about stands in its first pages
_LONGEST_SUFFIX: Final = 6

_CONSONANT, _VOWEL, _ANY = frozenset(AFTER_CONSONANT), frozenset(AFTER_VOWEL), frozenset(AFTER_ANY)
_VERBAL = frozenset(AFTER_NOUN)

_ENGLISH_ENDINGS: Final = (("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"))
_SHORTEST_ENGLISH: Final = 3
_RARER: Final = 5


class Words:
    """Splits comments into words whose Korean and English forms are merged.

    A Korean stem is taken where at least two different particles or endings (the bare word counts as one) were seen
    behind it, and the particle fits its last sound: 은 after a consonant, 는 after a vowel. Of several stems the one
    with the most followers wins. An English ending goes where the word without it was seen.

    Parameters
    ----------
    stems : mapping of str -> str
        Form -> its word, for forms that differ from their word. `Words.learn` makes it.
    splitting : {"stems", "kiwi"}, default="stems"
        ``"kiwi"`` asks the morphological analyser kiwipiepy instead (an extra); `stems` is then not used.

    Raises
    ------
    ConfigError
        If `splitting` is unknown.
    MissingExtraError
        If kiwipiepy is asked for and not installed.

    References
    ----------
    .. [1] Jin, Z., & Tanaka-Ishii, K. (2006). Unsupervised segmentation of Chinese text by use of branching entropy.
       COLING/ACL 2006 posters, 428-435 (a word ends where many things can follow).

    Examples
    --------
    >>> words = Words.learn(["배송이 늦어요", "배송은 빠름", "배송했는데 취소", "two cards", "a card"])
    >>> words("배송을 취소 cards")
    ['배송', '취소', 'card']
    >>> Words({}, "mecab")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: words must be one of 'stems', 'kiwi' - got 'mecab'.
    """

    def __init__(self, stems: Mapping[str, str], splitting: str = "stems") -> None:
        if splitting not in ("stems", "kiwi"):
            raise ConfigError(f"words must be one of {shorten(['stems', 'kiwi'])} - got {splitting!r}.")
        self.stems = dict(stems)
        self.splitting = splitting
        self._known = frozenset(self.stems.values())
        self._kiwi: Callable[..., Any] | None = _analyser() if splitting == "kiwi" else None

    @classmethod
    def learn(cls, texts: Iterable[str], splitting: str = "stems") -> Words:
        """Learn from comments which part of each form is its word.

        Parameters
        ----------
        texts : iterable of str
        splitting : {"stems", "kiwi"}, default="stems"

        Returns
        -------
        Words
        """
        if splitting == "kiwi":
            return cls({}, splitting)
        forms = Counter(token for text in texts for token in tokens(text) if token[0] != "<")
        return cls({**_korean_stems(forms), **_english_stems(forms)}, splitting)

    def __call__(self, text: str) -> list[str]:
        """Split one comment into its words, in order, stop words left out."""
        found = self._analysed(text) if self._kiwi is not None else map(self._word, tokens(text))
        return [
            word for word in found if word not in STOP_WORDS and word[0] not in "<0123456789" and _long_enough(word)
        ]

    def _word(self, form: str) -> str:
        word = self.stems.get(form)
        if word is not None:
            return word
        if _is_korean(form):  # a form never seen of a word that was
            known = [stem for stem, _ in _splits(form) if stem in self._known]
            return max(known, key=len) if known else form
        return form

    def _analysed(self, text: str) -> list[str]:
        if self._kiwi is None:
            return []
        plain = normalize("NFKC", text[:_MOST_CHARACTERS]).lower()
        found = []
        for token in self._kiwi(plain):
            if token.tag in ("NNG", "NNP", "XR", "SL", "SH"):
                found.append(str(token.form))
            elif token.tag[:2] in ("VV", "VA"):
                found.append(f"{token.form}다")
        return found


def tokens(text: str) -> list[str]:
    """Runs of letters of one script, and numbers, in lower case; tokens of masked data such as ``<PHONE>`` stay whole.

    >>> tokens("앱이 ERROR 3.5번 <PHONE>")
    ['앱이', 'error', '3.5', '번', '<PHONE>']
    """
    cut = normalize("NFKC", text[:_MOST_CHARACTERS])
    return _TOKEN.findall("".join(one if one[:1] == "<" else one.lower() for one in _MASKED.split(cut)))


_MASKED = re.compile(r"(<[A-Z][A-Z0-9_]*>)")


def phrases(words: Sequence[str], longest: int = 2) -> list[str]:
    """All runs of 1 to `longest` words, each once.

    Parameters
    ----------
    words : sequence of str
    longest : int >= 1, default=2

    Returns
    -------
    list of str, in order of length and place

    Examples
    --------
    >>> phrases(["로그인", "인증", "오류"])
    ['로그인', '인증', '오류', '로그인 인증', '인증 오류']
    """
    runs = (words[i : i + n] for n in range(1, longest + 1) for i in range(len(words) - n + 1))
    return list(dict.fromkeys(" ".join(run) for run in runs))


def _long_enough(word: str) -> bool:
    return len(word) > 1 or not word.isascii()


def _is_korean(form: str) -> bool:
    return _HANGUL[0] <= form[0] <= _HANGUL[1]


def _fits(stem: str, suffix: str) -> bool:
    """Whether Korean lets `suffix` follow the last sound of `stem`."""
    if suffix in _VERBAL:
        return len(stem) > 1
    final = (ord(stem[-1]) - 0xAC00) % 28
    if suffix in _ANY:
        return True
    if suffix in _CONSONANT:
        return final != 0
    return suffix in _VOWEL and (final == 0 or (final == 8 and suffix[0] == "로"))


def _splits(form: str) -> list[tuple[str, str]]:
    """Stem and suffix in all ways that Korean allows, the bare form first."""
    cuts = range(max(1, len(form) - _LONGEST_SUFFIX), len(form))
    return [(form, "")] + [(form[:cut], form[cut:]) for cut in reversed(cuts) if _fits(form[:cut], form[cut:])]


def _korean_stems(forms: Iterable[str]) -> dict[str, str]:
    split = {form: _splits(form) for form in forms if _is_korean(form)}
    followers: dict[str, int] = {}
    for ways in split.values():
        for stem, _ in ways:
            followers[stem] = followers.get(stem, 0) + 1

    def weight(stem: str) -> tuple[int, int]:
        # One syllable is often no word at all, so it has to prove itself by more followers.
        return (followers[stem] - (2 if len(stem) == 1 else 0), len(stem))

    best = {form: max((stem for stem, _ in ways), key=weight) for form, ways in split.items()}
    return {form: stem for form, stem in best.items() if stem != form and weight(stem)[0] > 1}


def _english_stems(forms: Mapping[str, int]) -> dict[str, str]:
    found = {}
    for form, count in forms.items():
        if not form.isascii() or form[-2:] == "ss" or form in STOP_WORDS:
            continue
        for ending, instead in _ENGLISH_ENDINGS:
            base = form.removesuffix(ending) + instead
            # The word itself has to be about as usual as the form, or it is another word or a misspelling.
            if form.endswith(ending) and len(base) >= _SHORTEST_ENGLISH and forms.get(base, 0) * _RARER >= count:
                if base not in STOP_WORDS:
                    found[form] = base
                break
    return {form: found.get(word, word) for form, word in found.items()}


def _analyser() -> Callable[..., Any]:
    analyser: Callable[..., Any] = require("kiwipiepy", extra="korean", feature='words="kiwi"').Kiwi().tokenize
    return analyser

"""How topics read comments: as counts of phrases and of pieces of words, and by an encoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ConfigError
from cxml.voc.topics.phrases import Words, phrases, tokens
from cxml.voc.topics.topic_mixture import Floats, Rows, unit

_PIECES: Final = 2**15
_MANY: Final = 1_000  # from so many comments on, a phrase has to occur in three of them
_RARE_IN_MANY: Final = 3


class Encodes(Protocol):
    """Turns texts into vectors, as `cxml.voc.semantic.open_encoder` does."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, d), in order."""
        ...


class Reader:
    """Turns comments into rows of numbers; grows with new words, and forgets none.

    Parameters
    ----------
    words : {"stems", "kiwi"}
    longest : int >= 1
        Words in a row that count as one phrase.
    encoder : object with ``encode(texts) -> (n, d)``, optional
    """

    def __init__(self, words: str, longest: int, encoder: Encodes | None = None) -> None:
        self.encoder = encoder
        self.vocabulary: dict[str, int] = {}
        self._longest = longest
        self._words = Words({}, words)
        self._centre: Floats | None = None
        self._identity: dict[str, Any] | None = None

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """The telling words of each text; where it has none, any words."""
        found = [self._words(text) for text in texts]
        return [
            words or [one for one in tokens(text) if one[0] not in "<0123456789"]
            for words, text in zip(found, texts, strict=True)
        ]

    def learn(self, texts: Sequence[str]) -> tuple[Rows, NDArray[np.bool_]]:
        """Learn the words of the first texts; rows of those texts that have words, and which these are."""
        self._words = Words.learn(texts, self._words.splitting)
        split = self.split(texts)
        least = _RARE_IN_MANY if len(split) >= _MANY else 2
        self.vocabulary = {}
        self._grow(split, least)
        placed = np.array([bool(one) for one in split], dtype=bool)
        rows = self._counts(split, self._encoded(texts, first=True)).take(placed)
        return replace(rows, pieces=_frequent(rows.pieces, least)), placed

    def learn_more(self, texts: Sequence[str]) -> tuple[Rows, NDArray[np.bool_]]:
        """Learn the new words of more texts; known words keep their columns."""
        vectors = self._encoded(texts)  # first: where the encoder fails, nothing may have been learned
        more = Words.learn(texts, self._words.splitting)
        self._words = Words({**more.stems, **self._words.stems}, self._words.splitting)
        split = self.split(texts)
        self._grow(split, _RARE_IN_MANY)
        placed = np.array([bool(one) for one in split], dtype=bool)
        return self._counts(split, vectors).take(placed), placed

    def rows(self, texts: Sequence[str]) -> tuple[Rows, NDArray[np.bool_]]:
        """Rows of the texts that have words, and which these are."""
        split = self.split(texts)
        placed = np.array([bool(one) for one in split], dtype=bool)
        some = [text for text, has in zip(texts, placed, strict=True) if has]
        return self._counts([one for one in split if one], self._encoded(some) if some else None), placed

    def parts(self) -> dict[str, Any]:
        """Everything learned, as JSON values and arrays."""
        parts: dict[str, Any] = {
            "topic_vocabulary": list(self.vocabulary),
            "topic_stems": self._words.stems,
            "topic_encoder": self._identity,
        }
        return parts if self._centre is None else {**parts, "topic_centre": self._centre}

    def restore(self, parts: Mapping[str, Any]) -> None:
        """Back from `parts`."""
        self.vocabulary = {word: at for at, word in enumerate(parts["topic_vocabulary"])}
        self._words = Words(parts["topic_stems"], self._words.splitting)
        self._identity = parts["topic_encoder"]
        centre = parts.get("topic_centre")
        self._centre = None if centre is None else np.asarray(centre, dtype=np.float64)

    def _grow(self, split: Sequence[Sequence[str]], least: int) -> None:
        found = Counter(phrase for words in split for phrase in phrases(words, self._longest))
        for phrase, count in sorted(found.items(), key=lambda one: (-one[1], one[0])):
            if count >= least and phrase not in self.vocabulary:
                self.vocabulary[phrase] = len(self.vocabulary)

    def _counts(self, split: Sequence[Sequence[str]], directions: Floats | None) -> Rows:
        from scipy.sparse import csr_matrix
        from sklearn.feature_extraction.text import HashingVectorizer

        known = self.vocabulary
        found = [[known[one] for one in phrases(words, self._longest) if one in known] for words in split]
        ends = np.cumsum([0, *map(len, found)])
        places = np.array([place for row in found for place in row], dtype=np.int64)
        counts = csr_matrix((np.ones(len(places)), places, ends), shape=(len(split), len(known)))
        hashing = HashingVectorizer(
            analyzer="char_wb", ngram_range=(2, 3), n_features=_PIECES, alternate_sign=False, norm=None, lowercase=False
        )
        texts = [" ".join(one) for one in split]
        pieces = hashing.transform(texts) if texts else csr_matrix((0, _PIECES))
        return Rows(counts, pieces, directions)

    def _encoded(self, texts: Sequence[str], *, first: bool = False) -> Floats | None:
        if self.encoder is None and (first or self._centre is None):
            return None
        if self.encoder is None:
            self.encoder = self._reopened()
        vectors = np.asarray(self.encoder.encode(list(texts)), dtype=np.float64)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ConfigError(
                f"encoder.encode(texts) must answer finite vectors of shape ({len(texts):,}, d) - got {vectors.shape}."
            )
        if first:
            self._centre = vectors.mean(axis=0)
            identity = getattr(self.encoder, "identity", None)
            self._identity = None if identity is None else identity()
        centre = np.empty(0) if self._centre is None else self._centre
        if vectors.shape[1] != len(centre):
            raise ConfigError(
                f"The encoder must answer as when topics were found, with {len(centre)} numbers a text - got "
                f"{vectors.shape[1]}. Use the same encoder."
            )
        return unit(vectors - centre)

    def _reopened(self) -> Encodes:
        if self._identity is None:
            raise ConfigError(
                "These topics were found with an encoder of your own, which a model folder cannot hold - got none. "
                "Set model.encoder to it."
            )
        from cxml.voc.semantic import reopen_encoder

        return reopen_encoder(self._identity)


def _frequent(counts: Any, least: int) -> Any:
    """Counts without the columns of fewer than so many comments, which only tie a comment to where it starts."""
    from scipy.sparse import diags

    often = np.asarray((counts > 0).sum(axis=0)).ravel() >= least
    return (counts @ diags(often.astype(np.float64))).tocsr()

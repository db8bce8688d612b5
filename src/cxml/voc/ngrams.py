"""Count character n-grams or words of many texts at once, by hash: what linear models read.

The vocabulary is a sorted list of 32-bit hashes, so that a saved model holds no text of anybody. Texts are counted by a
few passes over one array of all their characters; one comment goes the same way as a million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Unit = Literal["characters", "words"]

#: Longest n-gram of characters, and of words.
_LONGEST: Mapping[Unit, int] = {"characters": 5, "words": 2}
#: Characters counted at once, which bounds memory to some 200 MB.
_BLOCK = 2_000_000
#: Separates texts. Normalised texts do not hold it.
_END = "\x00"


@dataclass(frozen=True)
class Vocabulary:
    """Which n-grams a model knows, and how much one counts for.

    Attributes
    ----------
    unit : {"characters", "words"}
    hashes : array of uint32, shape (n_ngrams,), rising
    idf : array of float16, shape (n_ngrams,)
        ``log((1 + texts) / (1 + texts with it)) + 1``, as scikit-learn smooths it.
    """

    unit: Unit
    hashes: np.ndarray
    idf: np.ndarray

    @classmethod
    def learn(
        cls, texts: Sequence[str], *, unit: Unit = "characters", least: int = 2, most: int | None = None
    ) -> Vocabulary:
        """Take up the n-grams that at least `least` texts hold, the commonest `most` of them.

        Parameters
        ----------
        texts : sequence of str
            Normalised.
        unit : {"characters", "words"}, default="characters"
            1 to 5 characters, spaces among them; or 1 to 2 words.
        least : int, default=2
        most : int, optional

        Examples
        --------
        >>> Vocabulary.learn(["ab", "ab", "b"]).hashes.shape  # a, b, ab, and each with the spaces around the texts
        (9,)
        """
        seen = [hashes[_starts(hashes, rows)] for rows, hashes in _blocks(texts, unit)]
        hashes, counts = np.unique(np.concatenate(seen) if seen else np.empty(0, np.uint32), return_counts=True)
        kept = counts >= least
        if most is not None and kept.sum() > most:
            commoner = kept & (counts > np.partition(counts, -most - 1)[-most - 1])
            # Where the commonest are all as common, as many of them as are asked for.
            kept = commoner if commoner.any() else kept & (np.cumsum(kept) <= most)
        idf = np.log((1 + len(texts)) / (1 + counts[kept])) + 1
        return cls(unit, hashes[kept], idf.astype(np.float16))

    def __len__(self) -> int:
        return len(self.hashes)

    def matrix(self, texts: Sequence[str]) -> csr_array:
        """Weigh the n-grams of each text: ``(1 + log count) * idf``, each row of length one.

        Returns
        -------
        sparse array of float32, shape (n_texts, n_ngrams)
            A text without a known n-gram is a row of zeros.
        """
        from scipy.sparse import csr_array, vstack

        parts = []
        for texts_of_block, (rows, hashes) in zip(_cut(texts), _blocks(texts, self.unit), strict=True):
            firsts = np.flatnonzero(_starts(hashes, rows))
            counts = np.diff(np.append(firsts, len(hashes)))
            places, known = self._places(hashes[firsts])
            # liblinear reads 32-bit places only.
            rows, places, counts = rows[firsts][known], places[known].astype(np.int32), counts[known]
            values = self._weigh(counts, places)
            length = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=len(texts_of_block)))
            values /= length.astype(np.float32)[rows]
            parts.append(csr_array((values, (rows, places)), shape=(len(texts_of_block), len(self))))
        return vstack(parts, format="csr") if len(parts) != 1 else parts[0]

    def row(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Weigh the n-grams of one text like `matrix`: places and values of what is not zero."""
        hashes = _characters_of(text) if self.unit == "characters" else _words([text])[1]
        hashes.sort()
        firsts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1]))[: len(hashes)])
        counts = np.diff(np.append(firsts, len(hashes)))
        places, known = self._places(hashes[firsts])
        places = places[known]
        values = self._weigh(counts[known], places)
        return places, values / max(float(np.sqrt(np.dot(values, values))), 1e-12)

    def _places(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        places = np.searchsorted(self.hashes, hashes)
        places[places == len(self.hashes)] = 0
        known = self.hashes[places] == hashes if len(self.hashes) else np.zeros(len(hashes), dtype=bool)
        return places, known

    def _weigh(self, counts: np.ndarray, places: np.ndarray) -> np.ndarray:
        found: np.ndarray = (1 + np.log(counts.astype(np.float32))) * self.idf[places].astype(np.float32)
        return found

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        return {"unit": self.unit, "hashes": self.hashes, "idf": self.idf}


def _cut(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Blocks of texts of some two million characters; at least one, if empty."""
    start = size = 0
    for place, text in enumerate(texts):
        size += len(text) + 3
        if size > _BLOCK and place > start:
            yield texts[start:place]
            start, size = place, len(text) + 3
    yield texts[start:]


def _blocks(texts: Sequence[str], unit: Unit) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Row and hash of every n-gram, a block of texts at a time, sorted by hash and then by row."""
    for block in _cut(texts):
        rows, hashes = _count(block, unit)
        keys = (hashes.astype(np.uint64) << np.uint64(32)) | rows.astype(np.uint64)
        keys.sort()
        yield (keys & np.uint64(0xFFFFFFFF)).astype(np.int32), (keys >> np.uint64(32)).astype(np.uint32)


def _starts(hashes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Where an n-gram of a text stands for the first time, in sorted order."""
    if not len(hashes):
        return np.empty(0, dtype=bool)
    return np.concatenate(([True], (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])))


def _count(texts: Sequence[str], unit: Unit) -> tuple[np.ndarray, np.ndarray]:
    return _words(texts) if unit == "words" else _characters(texts)


def _words(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    rows: list[int] = []
    hashes: list[int] = []
    for row, text in enumerate(texts):
        words = [one.encode("utf-8", "surrogatepass") for one in text.split()]
        found = [one for n in range(_LONGEST["words"]) for one in zip(*(words[k:] for k in range(n + 1)), strict=False)]
        rows += [row] * len(found)
        hashes += [crc32(b" ".join(one)) for one in found]
    return np.array(rows, dtype=np.int64), np.array(hashes, dtype=np.uint32)


def _characters(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hash all n-grams of all texts: each is its shorter one, mixed with one character more."""
    joined = _END.join(f" {text} " if text else "" for text in texts) + _END
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    inside = codes != 0
    row = np.cumsum(~inside)  # of the text that a character belongs to
    codes += np.uint64(1)
    rows, hashes = [], []
    running, whole = codes * _FACTOR, inside
    for n in range(1, _LONGEST["characters"] + 1):
        if n > 1:
            if len(codes) < n:
                break
            whole = whole[: len(codes) - n + 1] & inside[n - 1 :]
            running = running[: len(whole)] * _FACTOR + codes[n - 1 :]
        mixed = _mix(running[whole])
        rows.append(row[: len(whole)][whole])
        hashes.append((mixed >> np.uint64(32)).astype(np.uint32))
    return np.concatenate(rows), np.concatenate(hashes)


def _characters_of(text: str) -> np.ndarray:
    """The hashes of `_characters` for a single text, which has no borders to heed: a third of the passes."""
    if not text:
        return np.empty(0, dtype=np.uint32)
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    codes += np.uint64(1)
    running = codes * _FACTOR
    found = [running]
    for n in range(2, min(_LONGEST["characters"], len(codes)) + 1):
        running = running[:-1] * _FACTOR + codes[n - 1 :]
        found.append(running)
    return (_mix(np.concatenate(found)) >> np.uint64(32)).astype(np.uint32)


_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def _mix(numbers: np.ndarray) -> np.ndarray:
    """Spread the bits (the last rounds of SplitMix64, Steele, Lea & Flood 2014)."""
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return found

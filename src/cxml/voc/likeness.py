"""Which comments are written alike: their letters in small pieces, and the key that equal ones share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cxml.frames import as_pandas, check_columns
from cxml.values import is_missing

if TYPE_CHECKING:
    import pandas as pd

_BESIDE: Final = re.compile(r"[\W_]+")
_NUMBER: Final = re.compile(r"\d+")
_CHARACTERS: Final = 1_000  # what lies behind them says little about likeness and costs time
NEAR: Final = 0.9  # cosine of `gram_vectors`: the same comment but for a word or an ending


def texts_of(frame: Any, column: str, *, what: str) -> tuple[pd.DataFrame, list[str]]:
    """A frame and the texts of its column; missing ones are empty.

    Parameters
    ----------
    frame : DataFrame
    column : str
    what : str
        The subject of the error's sentence.

    Returns
    -------
    (DataFrame, list of str)

    Raises
    ------
    FrameError
        If it is no frame, is empty, or lacks the column.

    Examples
    --------
    >>> import pandas as pd
    >>> texts_of(pd.DataFrame({"text": ["늦어요", None]}), "text", what="Similar comments")[1]
    ['늦어요', '']
    >>> texts_of(pd.DataFrame({"comment": ["늦어요"]}), "text", what="Similar comments")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Similar comments needs the column 'text' - the data has 1 columns and not this one. \
Name the column of the comments: text='comment'.
    """
    rows = as_pandas(frame)
    check_columns(
        rows.columns, [column], what=what, advice=f"Name the column of the comments: text={rows.columns[0]!r}."
    )
    return rows, ["" if is_missing(value) else str(value) for value in rows[column]]


def key_of(text: str) -> str:
    """What two comments share that differ in case, blanks, marks, emoji or numbers only; empty without a letter.

    Examples
    --------
    >>> key_of("배송 3일 지연!!") == key_of("배송 15일  지연…"), key_of("앱 ver2"), key_of("!?")
    (True, '앱ver0', '')
    """
    return _NUMBER.sub("0", _BESIDE.sub("", normalize("NFKC", text[:_CHARACTERS]).casefold()))


def gram_vectors(texts: Sequence[str]) -> Any:
    """Weights of runs of 1 to 3 letters, rare ones heavier, as rows of length 1.

    Blanks are left out, since Korean is written with and without them.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    sparse array, shape (n, runs)
        Rows of zeros for texts without a letter.
    """
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import TfidfVectorizer

    pressed = ["".join(text[:_CHARACTERS].split()) for text in texts]
    if not any(pressed):
        return csr_array((len(pressed), 1))
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32).fit_transform(
        pressed
    )


def distinct(texts: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the first text of each key, how many share it, and each text's place among those.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    (array of int, array of int, array of int)
        First positions in order, counts of the same length, and for each text the place of its key.
    """
    places: dict[str, int] = {}
    first: list[int] = []
    group = np.empty(len(texts), dtype=np.intp)
    for at, text in enumerate(texts):
        key = key_of(text) or text.strip()
        group[at] = places.setdefault(key, len(places))
        if group[at] == len(first):
            first.append(at)
    return np.array(first, dtype=np.intp), np.bincount(group, minlength=len(first)).astype(np.intp), group

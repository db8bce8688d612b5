"""Comments like a given one: by meaning with an encoder, by their letters without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError, FrameError
from cxml.voc.likeness import NEAR, distinct, gram_vectors, texts_of

if TYPE_CHECKING:
    import pandas as pd

    from cxml.voc.semantic import Encoder

__all__ = ["COUNT", "SIMILARITY", "similar"]

SIMILARITY: Final = "similarity"
COUNT: Final = "count"


def similar(
    comments: Any,
    query: str,
    *,
    text: str = "text",
    n: int = 5,
    encoder: Encoder | None = None,
    vectors: ArrayLike | None = None,
) -> pd.DataFrame:
    """The comments most like a query, the nearest first; those that hardly differ are one, with their number.

    Parameters
    ----------
    comments : DataFrame
    query : str
        A comment, or words to search for.
    text : str, default="text"
        The column of the comments.
    n : int >= 1, default=5
        Comments to answer; fewer where there are not as many different ones.
    encoder : Encoder, default=None
        As `cxml.voc.semantic.open_encoder` opens it: nearness of meaning. None: nearness of letters, runs of 1 to 3.
    vectors : array, shape (rows, dimension), default=None
        What ``encoder.encode`` answered for the comments, where several queries are asked of them.

    Returns
    -------
    DataFrame
        Rows of `comments` with their index and columns, and: ``similarity``, a cosine, to be compared within one
        answer only (an encoder gives strangers .85); ``count``, how many comments are this one but for case, blanks,
        marks, numbers, or a word or ending (9/10 of the weight of their letters in common). Comments without a
        letter or sign are never among them.

    Raises
    ------
    FrameError
        If the comments are no frame, lack the column, or do not go with the vectors.
    ConfigError
        If the query holds nothing to search for, `n` is below 1, or vectors come without their encoder.

    Examples
    --------
    >>> import pandas as pd
    >>> comments = pd.DataFrame({"text": ["배송이 늦어요", "배송이 늦어요!!", "앱이 자꾸 꺼져요", "배송 빨라요", None]})
    >>> similar(comments, "배송 늦음", n=2)[["text", "count"]].to_numpy().tolist()
    [['배송이 늦어요', 2], ['배송 빨라요', 1]]
    >>> similar(comments, " ")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: 'query' must be a text to search for - got one without a letter or sign. Give a comment \
or a few words.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ConfigError(f"'n' must be a whole number of at least 1 - got {n!r}. Leave it out for 5.")
    if not isinstance(query, str):
        raise ConfigError(f"'query' must be one text - got {type(query).__name__}. Ask once for each text.")
    if not query.strip():
        raise ConfigError(
            "'query' must be a text to search for - got one without a letter or sign. Give a comment or a few words."
        )
    if vectors is not None and encoder is None:
        raise ConfigError(
            "'vectors' must come with the encoder that made them, which reads the query - got none. Pass encoder= too."
        )
    rows, texts = texts_of(comments, text, what="Similar comments")
    first, counts, _ = distinct(texts)
    grams = gram_vectors([*(texts[at] for at in first), query])
    if encoder is None:
        nearness = _cosines(grams[:-1], grams[-1:])
    else:
        nearness = _meaning(encoder, texts, first, query, vectors)
    seen = np.array([bool(texts[at].strip()) for at in first])
    chosen, numbers = _collapse(np.where(seen, nearness, -np.inf), grams[:-1], counts, n)
    answer = rows.iloc[first[chosen]]
    return answer.assign(**{SIMILARITY: nearness[chosen].astype(float), COUNT: numbers})


def _meaning(
    encoder: Encoder, texts: list[str], first: NDArray[np.intp], query: str, vectors: ArrayLike | None
) -> NDArray[np.float32]:
    asked = encoder.encode([query])[0]
    if vectors is None:
        known = encoder.encode([texts[at] for at in first])
    else:
        known = np.asarray(vectors, dtype=np.float32)
        if known.shape != (len(texts), encoder.dimension):
            raise FrameError(
                f"The vectors must be one a comment, of shape ({len(texts):,}, {encoder.dimension}) - got "
                f"{known.shape}. Give what encoder.encode(comments[text]) answers."
            )
        known = known[first]
    return np.asarray(known @ asked, dtype=np.float32)


def _cosines(grams: Any, one: Any) -> NDArray[np.float32]:
    return np.asarray((grams @ one.T).toarray(), dtype=np.float32).ravel()


def _collapse(
    nearness: NDArray[np.float32], grams: Any, counts: NDArray[np.intp], n: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The nearest, each with those that are nearly the same; these are not answered again."""
    taken = ~np.isfinite(nearness)
    chosen: list[int] = []
    numbers: list[int] = []
    for at in np.argsort(-nearness, kind="stable"):
        if len(chosen) == n:
            break
        if taken[at]:
            continue
        alike = (_cosines(grams, grams[at : at + 1]) >= NEAR) & ~taken
        alike[at] = True
        taken |= alike
        chosen.append(at)
        numbers.append(counts[alike].sum())
    return np.array(chosen, dtype=np.intp), np.array(numbers, dtype=np.intp)

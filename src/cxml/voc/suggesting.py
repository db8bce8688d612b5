"""Which comments to label next: those that the model is unsure of, and no two alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError, FrameError
from cxml.voc.likeness import distinct, gram_vectors, texts_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COUNT", "REASON", "UNSURE", "suggest", "suggest_rows", "unsureness"]

UNSURE: Final = "unsure"
REASON: Final = "reason"
COUNT: Final = "count"
_SHORTLIST: Final = 20  # comments a suggestion: the most unsure ones, among which those are chosen that differ
_MOST_LISTED: Final = 20_000
_DIMENSIONS: Final = 100
_ROUNDS: Final = 15

Floats = NDArray[np.float64]


def suggest(
    comments: Any,
    probabilities: Mapping[str, ArrayLike],
    n: int,
    *,
    labels: Mapping[str, Sequence[object]],
    text: str = "text",
    vectors: ArrayLike | None = None,
    several: Collection[str] = (),
    seed: int = 0,
) -> pd.DataFrame:
    """Choose the comments whose labels would teach a model most.

    Parameters
    ----------
    comments : DataFrame
        Without labels so far.
    probabilities : mapping of head -> array, shape (rows, labels)
        What the model says about them.
    n : int >= 1
        Comments to answer; fewer where there are not as many different ones.
    labels : mapping of head -> labels
        In the order of the probabilities.
    text : str, default="text"
        The column of the comments.
    vectors : array, shape (rows, dimension), default=None
        What tells comments apart: sentence embeddings. None: the runs of letters in them.
    several : names of heads, default=()
        Those where a comment has any number of labels.
    seed : int, default=0

    Returns
    -------
    DataFrame
        Rows of `comments` with their index and columns, the most unsure first, and: ``unsure`` in [0, 1], see
        `unsureness`; ``reason``, the head that is least sure and the labels between which it is; ``count``, how many
        comments are this one but for case, blanks, marks and numbers. Comments without a letter or sign are never
        among them.

    Raises
    ------
    FrameError
        If the comments are no frame, lack the column, or do not go with the probabilities.
    ConfigError
        If `n` is below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> comments = pd.DataFrame({"text": ["배송이 늦어요", "배송이 늦어요!", "그냥 그래요", "최고예요", ""]})
    >>> says = {"sentiment": [[0.9, 0.1], [0.9, 0.1], [0.45, 0.55], [0.02, 0.98], [0.5, 0.5]]}
    >>> chosen = suggest(comments, says, 2, labels={"sentiment": ["부정", "긍정"]})
    >>> chosen[["text", "unsure", "reason"]].to_numpy().tolist()
    [['그냥 그래요', 0.9, 'sentiment: 긍정 .55, 부정 .45'], ['배송이 늦어요', 0.2, 'sentiment: 부정 .90, 긍정 .10']]
    >>> suggest(comments, says, 0, labels={"sentiment": ["부정", "긍정"]})
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: 'n' must be a whole number of at least 1 - got 0. Say how many comments you can label.
    """
    rows, texts = texts_of(comments, text, what="A suggestion")
    said = {head: np.asarray(one, dtype=float) for head, one in probabilities.items()}
    _check_rows(said, vectors, len(rows))
    first, counts, _ = distinct(texts)
    seen = np.array([bool(texts[at].strip()) for at in first])
    first, counts = first[seen], counts[seen]
    if vectors is None:
        places = _letters([texts[at] for at in first])
    else:
        places = np.asarray(vectors, dtype=float)[first]
    kept = {head: one[first] for head, one in said.items()}
    chosen = suggest_rows(kept, places, n, several=several, seed=seed)
    by_head = {head: unsureness({head: one}, several=several) for head, one in kept.items()}
    reasons = [_reason(at, by_head, kept, labels) for at in chosen]
    unsure = unsureness(kept, several=several)[chosen].round(4)
    answer: pd.DataFrame = rows.iloc[first[chosen]]
    return answer.assign(**{UNSURE: unsure, REASON: reasons, COUNT: counts[chosen]})


def suggest_rows(
    probabilities: Mapping[str, ArrayLike],
    vectors: ArrayLike,
    n: int,
    *,
    several: Collection[str] = (),
    seed: int = 0,
) -> NDArray[np.intp]:
    """Choose rows that a model is unsure of and that differ from one another.

    The 20 n most unsure rows are parted into n clusters, in which a row weighs as much as it is unsure; the row nearest
    the middle of each is chosen [1]_. Unsureness alone picks many of a kind, and differences alone pick oddities.

    Parameters
    ----------
    probabilities : mapping of head -> array, shape (rows, labels)
    vectors : array, shape (rows, dimension)
        Rows that are alike are near each other.
    n : int >= 1
    several : names of heads, default=()
        Those where a row has any number of labels.
    seed : int, default=0

    Returns
    -------
    array of int, at most n
        Positions of rows, the most unsure first; fewer than n where fewer vectors differ.

    Raises
    ------
    ConfigError
        If `n` is below 1.
    FrameError
        If probabilities and vectors are not of the same rows, or hold what is no number.

    References
    ----------
    .. [1] Zhdanov, F. (2019). Diverse mini-batch active learning. arXiv:1901.05954.

    Examples
    --------
    >>> says = {"topic": [[0.5, 0.5], [0.5, 0.5], [0.6, 0.4], [1, 0]]}
    >>> suggest_rows(says, [[0, 0], [0, 0], [5, 5], [9, 9]], 2).tolist()
    [0, 2]
    >>> suggest_rows(says, [[0, 0]], 2)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Probabilities and vectors must be of the same rows - got 4 rows of 'topic' and 1 of \
vectors. Give both for all comments.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ConfigError(f"'n' must be a whole number of at least 1 - got {n!r}. Say how many comments you can label.")
    places = np.asarray(vectors, dtype=float)
    unsure = unsureness(probabilities, several=several)
    if len(unsure) != len(places):
        head = next(iter(probabilities))
        raise FrameError(
            f"Probabilities and vectors must be of the same rows - got {len(unsure):,} rows of {head!r} and "
            f"{len(places):,} of vectors. Give both for all comments."
        )
    if not np.isfinite(places).all():
        raise FrameError("Vectors must be finite numbers - got NaN or infinity. Give one for each comment.")
    if not len(places):
        return np.zeros(0, dtype=np.intp)
    listed = np.argsort(-unsure, kind="stable")[: max(min(_SHORTLIST * n, _MOST_LISTED), n)]
    chosen = listed[_middles(places[listed], unsure[listed], n, seed)]
    return chosen[np.argsort(-unsure[chosen], kind="stable")]


def unsureness(probabilities: Mapping[str, ArrayLike], *, several: Collection[str] = ()) -> Floats:
    """How unsure a model is of each row: the mean over its heads.

    Of one label: 1 minus the lead of the first label over the second. Of several: 1 minus how far the label nearest to
    one half is from it, doubled.

    Parameters
    ----------
    probabilities : mapping of head -> array, shape (rows, labels)
    several : names of heads, default=()
        Those where a row has any number of labels.

    Returns
    -------
    array of float in [0, 1], shape (rows,)

    Raises
    ------
    FrameError
        If there is no head, or its probabilities are not between 0 and 1.

    Examples
    --------
    >>> unsureness({"topic": [[0.7, 0.2, 0.1], [0.5, 0.5, 0]]}).round(2).tolist()
    [0.5, 1.0]
    >>> unsureness({"topic": [[0.9, 0.6]]}, several=["topic"]).round(2).tolist()
    [0.8]
    >>> unsureness({"topic": [[2.0, -1.0]]})
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Probabilities must be numbers between 0 and 1 - got others for 'topic'. Give what the \
model predicts, not its scores.
    """
    if not probabilities:
        raise FrameError("A suggestion needs the probabilities of a head - got none. Give what the model predicts.")
    found = []
    for head, values in probabilities.items():
        table = np.asarray(values, dtype=float)
        # written so that NaN fails too
        if table.ndim != 2 or not table.shape[1] or not ((table >= -1e-6) & (table <= 1 + 1e-6)).all():
            raise FrameError(
                f"Probabilities must be numbers between 0 and 1 - got others for {head!r}. Give what the model "
                "predicts, not its scores."
            )
        if head in several or table.shape[1] == 1:
            lead = np.abs(2 * table - 1).min(axis=1)
        else:
            two = np.partition(table, -2, axis=1)[:, -2:]
            lead = two[:, 1] - two[:, 0]
        found.append(1 - lead)
    return np.asarray(np.clip(np.mean(found, axis=0), 0, 1), dtype=float)


def _middles(places: Floats, weight: Floats, n: int, seed: int) -> NDArray[np.intp]:
    """Positions of the rows nearest the middles of n weighted clusters; one of rows that are equal."""
    from sklearn.cluster import KMeans

    _, first = np.unique(places, axis=0, return_index=True)
    first = np.sort(first)
    if len(first) <= n:
        return first
    kept = places[first]
    # k-means may find fewer clusters than asked where weights vanish, so that none weighs nothing
    weights = np.maximum(weight[first], 1e-6)
    fit = KMeans(n, n_init=1, max_iter=_ROUNDS, random_state=seed).fit(kept, sample_weight=weights)
    far = ((kept - fit.cluster_centers_[fit.labels_]) ** 2).sum(axis=1)
    order = np.lexsort((far, fit.labels_))
    _, starts = np.unique(fit.labels_[order], return_index=True)
    return np.asarray(first[order[starts]], dtype=np.intp)


def _letters(texts: Sequence[str]) -> Floats:
    """Few numbers that tell texts apart by their letters."""
    grams = gram_vectors(texts)
    most = min(_DIMENSIONS, min(grams.shape) - 1)
    if most < 1:
        return np.asarray(grams.toarray(), dtype=float)
    from sklearn.decomposition import TruncatedSVD

    return np.asarray(TruncatedSVD(most, n_iter=2, random_state=0).fit_transform(grams), dtype=float)


def _check_rows(said: Mapping[str, Floats], vectors: ArrayLike | None, rows: int) -> None:
    given = {f"probabilities of {head!r}": len(one) for head, one in said.items()}
    if vectors is not None:
        given["vectors"] = len(np.asarray(vectors))
    wrong = next((name for name, count in given.items() if count != rows), None)
    if wrong:
        raise FrameError(
            f"The {wrong} must be one a comment, {rows:,} - got {given[wrong]:,}. Predict for these very comments."
        )


def _reason(
    at: int, by_head: Mapping[str, Floats], said: Mapping[str, Floats], labels: Mapping[str, Sequence[object]]
) -> str:
    head = max(by_head, key=lambda name: by_head[name][at])
    order = np.argsort(-said[head][at], kind="stable")[:2]
    return f"{head}: " + ", ".join(
        f"{labels[head][one]} {said[head][at][one]:.2f}".replace(" 0.", " .") for one in order
    )

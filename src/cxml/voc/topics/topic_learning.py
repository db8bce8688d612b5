"""How topics are found: a start, how many, better and better, and what a comment that no fit has seen is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cxml.voc.topics.topic_mixture import (
    SMOOTHING,
    Floats,
    Ints,
    Mixture,
    Rows,
    dense,
    one_hot,
    smooth_logs,
    softmax,
    unit,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_STEPS: Final = 15
_STARTS: Final = 20
_BEST_STARTS: Final = 5
_LEAST_DIMENSIONS: Final = 20
_MOST_DIMENSIONS: Final = 100
_BACKGROUND_WORDS: Final = (50.0, 300.0, 1000.0)  # words of the whole corpus mixed into each topic to foretell others
_SAME: Final = 1e-9  # variance below which comments are all alike
_MOST_NEW: Final = 10
_ODD: Final = 0.05  # share of the comments learned from that count as badly placed
_PER_TOPIC: Final = 50  # comments a topic, at least, where the number of topics is chosen


def learn(
    rows: Rows, topics: int | None, seed: int, *, single: NDArray[np.bool_] | None = None
) -> tuple[Mixture, Ints]:
    """Find topics.

    Starts come from k-means in a space of few dimensions; the best of them are joined to a consensus (Strehl & Ghosh
    2002), and expectation-maximisation goes on from there. The temperature is the one under which comments that a fit
    has not seen are placed best where the fit of all comments places them.

    Parameters
    ----------
    rows : Rows
        Every row with words or pieces.
    topics : int >= 1, or None
        How many; None chooses by `choose_number`.
    seed : int
    single : array of bool, shape (n_words,), optional
        Which columns of words are no phrases of several; the number is chosen by these.

    Returns
    -------
    Mixture, array of int, shape (n,)
        Topics, the largest first, and the topic of each row.
    """
    space = dense_space(rows, seed)
    words = rows.words if single is None else rows.words[:, np.flatnonzero(single)]
    k = choose_number(words, space, seed) if topics is None else min(topics, len(rows))
    start = _consensus(_dimensions(space, k), k, seed)
    shares = _improve(rows, one_hot(start, k), _STEPS)
    placed = shares.argmax(axis=1)
    sizes = np.bincount(placed, minlength=k)
    order = np.argsort(-sizes, kind="stable")[: max(1, int((sizes > 0).sum()))]
    places = np.full(k, -1)
    places[order] = np.arange(len(order))
    placed = places[placed]
    hard = one_hot(placed, len(order))
    temperature, least_fit = _judge_unseen(rows, placed, len(order), seed)
    return replace(Mixture.of(rows, hard), temperature=temperature, least_fit=least_fit), placed


def dense_space(rows: Rows, seed: int) -> Floats:
    """Vectors in which neighbours are alike: the encoder's, or latent semantic analysis of words and pieces."""
    if rows.directions is not None:
        return rows.directions
    from scipy.sparse import hstack
    from sklearn.decomposition import TruncatedSVD

    joined = hstack([_tf_idf(rows.words), _tf_idf(rows.pieces)]).tocsr()
    means = np.asarray(joined.mean(axis=0)).ravel()
    spread = np.asarray(joined.power(2).mean(axis=0)).ravel() - means**2
    joined = joined[:, np.flatnonzero(means > 0)]
    d = min(_MOST_DIMENSIONS, min(joined.shape) - 1)
    if d < 1 or spread.max() < _SAME:
        return np.ones((len(rows), 1))
    found: Floats = TruncatedSVD(d, random_state=seed).fit_transform(joined)
    return found


def choose_number(words: csr_matrix, space: Floats, seed: int) -> int:
    """Number of topics by document completion (Wallach et al. 2009) and the rule of one standard error.

    A quarter of the comments is held out. Half of the words of each tells its topic, the other half is to be
    foretold. The smallest number whose gain is within one standard error of the best is taken.

    Parameters
    ----------
    words : csr_matrix, shape (n, n_words)
        Counts.
    space : array, shape (n, d)
    seed : int

    Returns
    -------
    int
        From 1 to 100, and at most one for 50 comments.
    """
    rng = np.random.default_rng(seed)
    held = rng.random(len(space)) < 0.25
    counts = words[held].tocsr().astype(np.float64)
    first, second = counts.copy(), counts.copy()
    kept = rng.random(counts.nnz) < 0.5
    first.data = counts.data * kept
    second.data = counts.data * ~kept
    distinct = len(np.unique(space[~held], axis=0))
    most = min(distinct, max(2, min(100, len(space) // _PER_TOPIC)))
    tried = sorted({1, *(round(2 * 1.4**step) for step in range(12) if 2 * 1.4**step < most), most})
    if not held.any() or most < 2:
        return 1
    gains = [_foretold(words[~held], space[~held], first, second, k, seed) for k in tried]
    best = int(np.argmax([gain.mean() for gain in gains]))
    short = [gains[best] - gain for gain in gains]
    enough = [one.mean() <= one.std() / len(one) ** 0.5 for one in short]
    return tried[enough.index(True)]


def _foretold(seen: Any, space: Floats, first: Any, second: Any, k: int, seed: int) -> Floats:
    """Log-probability of the second half of each held-out comment's words, from its first half."""
    from sklearn.cluster import KMeans

    shares: Any = one_hot(KMeans(k, n_init=2, random_state=seed).fit_predict(_dimensions(space, k)), k)
    for _ in range(_STEPS // 2):
        sizes = np.asarray(shares.sum(axis=0), dtype=np.float64).ravel()
        shares = softmax(dense(seen @ smooth_logs(dense(shares.T @ seen)).T) + np.log(sizes + 0.1))
    counts = dense(shares.T @ seen)
    usual = counts.sum(axis=0) + SMOOTHING
    prior = np.log(np.asarray(shares.sum(axis=0), dtype=np.float64).ravel() + 0.1)
    asked = second.tocoo()
    asked.eliminate_zeros()
    found: list[Floats] = []
    for background in _BACKGROUND_WORDS:
        words = counts + background * usual / usual.sum()
        words /= words.sum(axis=1, keepdims=True)
        weights = softmax(dense(first @ np.log(words).T) + prior)
        chance = np.einsum("ij,ij->i", weights[asked.row], words.T[asked.col])
        logs: Floats = np.bincount(asked.row, weights=asked.data * np.log(chance), minlength=second.shape[0]).astype(
            np.float64
        )
        found.append(logs)
    best: Floats = max(found, key=lambda logs: float(logs.mean()))
    return best


def _dimensions(space: Floats, k: int) -> Floats:
    """The first dimensions: as many as topics, for more would drown few topics in noise."""
    return unit(space[:, : max(k, _LEAST_DIMENSIONS)]) if space.shape[1] <= _MOST_DIMENSIONS else space


def _consensus(space: Floats, k: int, seed: int) -> Ints:
    from scipy.sparse import diags, hstack
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD

    alike, groups = np.unique(space, axis=0, return_inverse=True)
    if k == 1 or k >= len(alike):
        return np.asarray(groups, dtype=np.int64).ravel() % k
    runs = [KMeans(k, n_init=1, random_state=seed * _STARTS + start).fit(space) for start in range(_STARTS)]
    runs.sort(key=lambda run: float(run.inertia_))
    together = hstack([one_hot(run.labels_, k) for run in runs[:_BEST_STARTS]]).tocsr()
    weights = 1 / np.sqrt(np.maximum(np.asarray(together.sum(axis=0)).ravel(), 1))
    found = TruncatedSVD(k, random_state=seed).fit_transform(together @ diags(weights))
    labels: Ints = KMeans(k, n_init=4, random_state=seed).fit_predict(unit(found))
    return labels


def _improve(rows: Rows, shares: Any, steps: int) -> Floats:
    for _ in range(steps):
        shares = Mixture.of(rows, shares).probabilities(rows)
    return np.asarray(shares)


def _judge_unseen(rows: Rows, placed: Ints, k: int, seed: int, folds: int = 4) -> tuple[float, float]:
    """The temperature under which unseen comments get their topic most likely, and a low fit of such comments."""
    from scipy.optimize import minimize_scalar

    if len(rows) < folds * k:
        return 1.0, -np.inf
    fold = np.random.default_rng(seed).permutation(len(rows)) % folds
    scores, fits = np.empty((len(rows), k)), np.empty(len(rows))
    hard = one_hot(placed, k)
    for one in range(folds):
        inside = fold == one
        fitted, unseen = Mixture.of(rows.take(~inside), hard[~inside]), rows.take(inside)
        scores[inside], fits[inside] = fitted.scores(unseen), fitted.fits(unseen)

    def loss(log_temperature: float) -> float:
        logs = scores / np.exp(log_temperature)
        top = logs.max(axis=1)
        own = logs[np.arange(len(logs)), placed]
        return float((top + np.log(np.exp(logs - top[:, None]).sum(axis=1)) - own).mean())

    low = float(np.quantile(fits, _ODD))
    found = minimize_scalar(loss, bounds=(-2.0, 5.0), method="bounded") if k > 1 else None
    return (1.0 if found is None else float(np.exp(found.x))), low


def new_topics(mixture: Mixture, rows: Rows, odd: NDArray[np.bool_], least: int, seed: int) -> list[Ints]:
    """Groups among badly placed rows that are topics of their own.

    The odd rows are grouped as in `learn`. A group counts where most of its rows, left out of its making, are more
    probable under it than under any known topic.

    Parameters
    ----------
    mixture : Mixture
        The known topics.
    rows : Rows
    odd : array of bool, shape (n,)
        Rows that fit no known topic well.
    least : int
        Comments of a topic.
    seed : int

    Returns
    -------
    list of arrays of int
        Positions of the rows of each new topic, the largest first.
    """
    at = np.flatnonzero(odd)
    if len(at) < least:
        return []
    _, labels = learn(rows.take(at), min(max(1, len(at) // (2 * least)), _MOST_NEW), seed)
    groups = [at[labels == one] for one in range(int(labels.max()) + 1)]
    kept = [group for group in groups if len(group) >= least and _stands_alone(mixture, rows.take(group), seed)]
    return sorted(kept, key=len, reverse=True)


def _stands_alone(mixture: Mixture, rows: Rows, seed: int) -> bool:
    fold = np.random.default_rng(seed).permutation(len(rows)) % 4
    wins = 0
    for one in range(4):
        inside = fold == one
        group = Mixture.of(rows.take(~inside), np.ones((int((~inside).sum()), 1)))
        joined = mixture.beside(group)
        wins += int((joined.scores(rows.take(inside)).argmax(axis=1) == len(mixture.comments)).sum())
    return wins > len(rows) / 2


def _tf_idf(counts: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfTransformer

    return TfidfTransformer(sublinear_tf=True).fit_transform(counts)

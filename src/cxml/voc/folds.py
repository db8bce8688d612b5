"""Which rows of a training choose and calibrate: equal comments never on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxml.errors import FrameError
from cxml.voc.normalise import letters_of

#: Rows to fit on and rows to ask, as often as there are folds.
Folds = Sequence[tuple[np.ndarray, np.ndarray]]

#: Rows up to which there are so many folds; above the last, one part is held out instead.
_FOLDS = ((3_000, 5), (20_000, 3))
_MOST_HELD_OUT = 20_000
_SHARE_HELD_OUT = 0.15


def inner_folds(texts: Sequence[str], classes: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Part rows into those to fit on and those to ask, several times for few rows and once for many.

    Parameters
    ----------
    texts : sequence of str
        Normalised. Texts with the same letters stay on one side.
    classes : array of int, shape (n_rows,)
        Each part gets its share of each class.
    seed : int

    Returns
    -------
    list of (rows to fit on, rows to ask)

    Raises
    ------
    FrameError
        If all texts have the same letters.

    Examples
    --------
    >>> texts = [f"comment {number // 2}" for number in range(40)]  # each one stands there twice
    >>> folds = inner_folds(texts, np.arange(40) // 2 % 2, seed=0)
    >>> len(folds), [texts[row] in {texts[other] for other in folds[0][0]} for row in folds[0][1][:2]]
    (5, [False, False])
    """
    rows = len(texts)
    count = next((folds for most, folds in _FOLDS if rows <= most), 0)
    share = 1 / count if count else min(_SHARE_HELD_OUT, _MOST_HELD_OUT / rows)
    places = _deal(texts, classes, seed)
    if not count:
        return [_sides(places < share)]
    part = np.minimum((places * count).astype(int), count - 1)
    folds = [_sides(part == one) for one in range(count) if (part == one).any() and (part != one).any()]
    if not folds:
        raise FrameError(
            f"A model chooses by comments that it has not learned from - got {rows:,} labelled comments to learn from, "
            "all with the same letters. Label some that differ."
        )
    return folds


def class_of(target: np.ndarray) -> np.ndarray:
    """One class a row: of several labels the rarest, -1 where there is none."""
    if target.ndim == 1:
        return target
    rarity = np.where(target > 0, -target.sum(axis=0), -np.inf)
    found: np.ndarray = np.where((target > 0).any(axis=1), rarity.argmax(axis=1), -1)
    return found


def _sides(asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.flatnonzero(~asked), np.flatnonzero(asked)


def _deal(texts: Sequence[str], classes: np.ndarray, seed: int) -> np.ndarray:
    """Give each row a place in [0, 1), evenly within its class; equal texts share one."""
    letters: dict[str, int] = {}
    group = np.array([letters.setdefault(letters_of(one), len(letters)) for one in texts])
    _, first = np.unique(group, return_index=True)
    shuffled = np.random.default_rng(seed).permutation(len(first))
    ordered = shuffled[np.argsort(classes[first][shuffled], kind="stable")]
    # Every k-th group of a class goes to the k-th part: the golden ratio deals them evenly for any number of parts.
    places = np.empty(len(first))
    places[ordered] = (np.arange(len(first)) * 0.6180339887498949 + np.random.default_rng(seed).random()) % 1.0
    found: np.ndarray = places[group]
    return found

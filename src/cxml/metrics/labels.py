"""How well labels are told: accuracy, F1 and the agreement of ordered labels, from a table of what was said."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.metrics._rows import Floats


def confusion_matrix(y: ArrayLike, said: ArrayLike, labels: int) -> NDArray[np.int64]:
    """Count what was said (columns) of each label (rows).

    Parameters
    ----------
    y, said : array of int in [0, labels), shape (n_rows,)
        What holds, and what was said.
    labels : int >= 1

    Returns
    -------
    array of int, shape (labels, labels)

    Raises
    ------
    ValueError
        If a label is outside the range, or the lengths differ.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    >>> confusion_matrix([0, 2], [0, 1], 2)
    Traceback (most recent call last):
        ...
    ValueError: Labels must be whole numbers from 0 to 1, as many said as there are rows, got up to 2 in 2 and 2 rows. \
Number them first.
    """
    truth, answer = np.asarray(y, dtype=np.int64), np.asarray(said, dtype=np.int64)
    both = np.concatenate([truth, answer])
    if len(truth) != len(answer) or (len(both) and not 0 <= both.min() <= both.max() < labels):
        raise ValueError(
            f"Labels must be whole numbers from 0 to {labels - 1}, as many said as there are rows, got up to "
            f"{both.max() if len(both) else 'none'} in {len(truth)} and {len(answer)} rows. Number them first."
        )
    return np.bincount(truth * labels + answer, minlength=labels * labels).reshape(labels, labels)


def macro_f1(counts: ArrayLike) -> float:
    """Mean over the labels of the harmonic mean of precision and recall.

    Labels that neither hold anywhere nor are said anywhere are left out, as in scikit-learn.

    Parameters
    ----------
    counts : array of int, shape (labels, labels)
        From `confusion_matrix`.

    Returns
    -------
    float in [0, 1]

    Examples
    --------
    >>> round(macro_f1([[1, 1], [0, 1]]), 4)
    0.6667
    """
    table = np.asarray(counts, dtype=np.float64)
    together = table.sum(axis=0) + table.sum(axis=1)
    found: Floats = 2 * np.diag(table)[together > 0] / together[together > 0]
    return float(found.mean()) if len(found) else float("nan")


def quadratic_kappa(counts: ArrayLike) -> float:
    """Agreement of ordered labels beyond chance, errors counted by the square of their distance (Cohen 1968).

    Parameters
    ----------
    counts : array of int, shape (labels, labels)
        From `confusion_matrix`, the labels in their order.

    Returns
    -------
    float <= 1
        0 is chance. NaN where there is one label only.

    Examples
    --------
    >>> round(quadratic_kappa([[2, 0, 0], [0, 2, 0], [0, 1, 1]]), 4)
    0.8571
    """
    table = np.asarray(counts, dtype=np.float64)
    place = np.arange(len(table))
    distance = (place[:, None] - place[None, :]) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(float(table.sum()), 1.0)
    by_chance = float((distance * expected).sum())
    return 1 - float((distance * table).sum()) / by_chance if by_chance else float("nan")

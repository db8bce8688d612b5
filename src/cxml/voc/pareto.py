"""Which topics the complaints are about: the vital few first, with how sure their shares are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError, FrameError, shorten
from cxml.frames import as_pandas, check_columns
from cxml.voc.routing import labels_in

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


def pareto(
    comments: Any,
    *,
    topic: str = "topic",
    weight: str | None = None,
    complaints: str | Mapping[str, str | Sequence[str]] | None = None,
    groups: str | None = None,
    cover: float = 0.8,
    level: float = 95,
) -> pd.DataFrame:
    """Count the complaints by topic, the most frequent first.

    A complaint with several topics counts for each of them. So the shares may add up to more than 1, and the cumulative
    share is what counts: the share of all complaints that name at least one of the topics so far. With one topic each,
    it is the plain running sum.

    The intervals are Wilson's [1]_, with the effective number of complaints ``n = p (1 - p) / variance`` [2]_ where
    they are weighted or come in groups; the variance is that of a ratio, ``sum over groups of (sum of w (y - p))^2 /
    (sum of w)^2``, times G / (G - 1).

    Parameters
    ----------
    comments : DataFrame
        One row per comment.
    topic : str, default="topic"
        Column of the topic, or of a list of topics. Comments without one count in the whole and in no topic.
    weight : str, default=None
        Column of what a complaint counts (>= 0), such as the customer's value; None counts each as 1.
    complaints : str or mapping, default=None
        Which rows are complaints: a column of True and False, or columns with their labels, such as
        ``{"sentiment": "negative"}``. None: all rows.
    groups : str, default=None
        Column of what stands or falls together, such as the customer. A row without one stands alone.
    cover : float in (0, 1], default=0.8
        Share of the complaints that the vital few shall cover.
    level : float in (0, 100), per cent, default=95
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per topic: ``topic``, ``comments`` (all that name it), ``complaints``, ``weight`` (where asked),
        ``share`` of the complaints (by weight, where asked) with ``share-lo-95`` and ``share-hi-95``,
        ``cumulative_share``, and ``is_vital``, whether it is among the first that reach `cover`.

    Raises
    ------
    FrameError
        If a column is missing, a weight is no number >= 0, or there is no complaint or no topic.
    ConfigError
        If a setting is outside its range, or `complaints` is neither a column nor a mapping.

    References
    ----------
    .. [1] Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
       American Statistical Association, 22(158), 209-212.
    .. [2] Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of
       positive counts estimated from survey data. Survey Methodology, 24(2), 193-201 (the effective number).

    Examples
    --------
    >>> import pandas as pd
    >>> feelings = ["negative"] * 4 + ["positive"]
    >>> comments = pd.DataFrame({"topic": ["배송", "배송", "배송", "앱", "가격"], "sentiment": feelings})
    >>> pareto(comments, complaints={"sentiment": "negative"})[["topic", "complaints", "share", "cumulative_share"]]
      topic  complaints  share  cumulative_share
    0    배송           3   0.75              0.75
    1     앱           1   0.25              1.00
    2    가격           0   0.00              1.00
    >>> pareto(comments, complaints={"sentiment": "angry"})
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The Pareto table needs at least one complaint - none of 5 rows is one. \
Check complaints=, or the labels of its columns.
    """
    _check_share("cover", cover, "the share of complaints to cover, such as 0.8")
    confidence = check_level(level)
    frame = as_pandas(comments, what="The comments")
    if complaints is not None and not isinstance(complaints, (str, Mapping)):
        raise ConfigError(
            f"`complaints` must be a column, or map columns to labels - got {type(complaints).__name__}. Write "
            'complaints={"sentiment": "negative"}.'
        )
    asked = [complaints] if isinstance(complaints, str) else [*(complaints or ())]
    check_columns(frame.columns, [topic, *asked, *(one for one in (weight, groups) if one)], what="The Pareto table")
    kept = complaint_rows(frame, complaints)
    if not kept.any():
        raise FrameError(
            f"The Pareto table needs at least one complaint - none of {len(frame):,} rows is one. "
            "Check complaints=, or the labels of its columns."
        )
    topics, named = indicators(frame[topic])
    weights = np.ones(len(frame)) if weight is None else _weights(frame[weight], weight)
    if not weights[kept].any():
        raise FrameError(
            f"The weight {weight!r} must be above 0 for a complaint - it is 0 for all {int(kept.sum()):,}. Leave "
            "weight= out, or name another column."
        )
    units = units_of(frame, groups)
    return _table(topics, named, kept, weights, units, cover, confidence, level, weight is not None)


def _table(
    topics: list[Any],
    named: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    weights: Floats,
    units: NDArray[Any],
    cover: float,
    confidence: float,
    level: float,
    is_weighted: bool,
) -> pd.DataFrame:
    import pandas as pd

    of_complaints, worth = named[kept], weights[kept]
    summed = worth @ of_complaints
    order = np.argsort(-summed, kind="stable")
    covered = np.logical_or.accumulate(of_complaints[:, order], axis=1)
    cumulative = worth @ covered / worth.sum()
    share = summed[order] / worth.sum()
    low, high = _intervals(of_complaints[:, order], share, worth, units[kept], confidence)
    table = pd.DataFrame(
        {
            "topic": [topics[place] for place in order],
            "comments": named.sum(axis=0)[order],
            "complaints": of_complaints.sum(axis=0)[order],
            "weight": summed[order],
            "share": share,
            f"share-lo-{level:g}": low,
            f"share-hi-{level:g}": high,
            "cumulative_share": cumulative,
            "is_vital": np.concatenate([[True], cumulative[:-1] < cover - 1e-12]) & (summed[order] > 0),
        }
    )
    return table if is_weighted else table.drop(columns="weight")


def _intervals(
    named: NDArray[np.bool_], share: Floats, worth: Floats, units: NDArray[Any], confidence: float
) -> tuple[Floats, Floats]:
    numbers = np.unique(units, return_inverse=True)[1]
    count = int(numbers.max()) + 1
    over = worth[:, None] * (named - share)
    sums = np.zeros((count, share.size))
    np.add.at(sums, numbers, over)
    variance = (sums**2).sum(axis=0) / worth.sum() ** 2 * (count / max(count - 1, 1))
    # a share of 0 or 1 shows no variance: then as many complaints count as there are equal ones in effect
    in_effect = np.bincount(numbers, weights=worth).sum() ** 2 / (np.bincount(numbers, weights=worth) ** 2).sum()
    spread = share * (1 - share)
    effective = np.where(variance > 0, spread / np.where(variance > 0, variance, 1.0), in_effect)
    plain = bool(np.all(worth == worth[0])) and count == worth.size
    return wilson(share, float(count) if plain else effective, confidence)


def wilson(share: ArrayLike, count: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's interval of a share, from the share and the number it was seen in.

    Parameters
    ----------
    share : array of float in [0, 1]
    count : array of float > 0
        Effective numbers need not be whole.
    confidence : float in (0, 1), default=0.95

    Returns
    -------
    low, high : array of float

    References
    ----------
    .. [1] Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
       American Statistical Association, 22(158), 209-212.

    Examples
    --------
    >>> [round(float(end), 4) for end in wilson(0.5, 10)]
    [0.2366, 0.7634]
    """
    from scipy.special import ndtri

    p, n = np.asarray(share, dtype=np.float64), np.asarray(count, dtype=np.float64)
    z = float(ndtri(0.5 + confidence / 2))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low: Floats = np.clip(np.where(p == 0, 0.0, middle - half), 0.0, 1.0)
    high: Floats = np.clip(np.where(p == 1, 1.0, middle + half), 0.0, 1.0)
    return low, high


def indicators(cells: pd.Series) -> tuple[list[Any], NDArray[np.bool_]]:
    """Tell which row names which topic: the topics in order of appearance, and an array of shape (rows, topics).

    Raises
    ------
    FrameError
        If no row names one.
    """
    labels = [labels_in(cell) for cell in cells]
    topics = list(dict.fromkeys(label for row in labels for label in row))
    if not topics:
        raise FrameError(
            f"The column {str(cells.name)!r} must name topics - got none in {len(cells):,} rows. Name another column."
        )
    place = {label: number for number, label in enumerate(topics)}
    named = np.zeros((len(labels), len(topics)), dtype=bool)
    for number, row in enumerate(labels):
        named[number, [place[label] for label in row]] = True
    return topics, named


def complaint_rows(
    frame: pd.DataFrame, complaints: str | Mapping[str, str | Sequence[str]] | None
) -> NDArray[np.bool_]:
    """Tell which rows are complaints, by a column of True and False or by labels of columns; None: all.

    Raises
    ------
    FrameError
        If the named column does not hold True and False.
    """
    if complaints is None:
        return np.ones(len(frame), dtype=bool)
    if isinstance(complaints, str):
        if frame[complaints].dropna().isin([True, False]).all():
            return frame[complaints].isin([True]).to_numpy(dtype=bool)
        raise FrameError(
            f"The column {complaints!r} must hold True and False to say what is a complaint - got other values. "
            f'Write complaints={{{complaints!r}: "negative"}} to name the label.'
        )
    kept = np.ones(len(frame), dtype=bool)
    for column, labels in complaints.items():
        wanted = set(labels_in(labels))
        kept &= np.array([not wanted.isdisjoint(labels_in(cell)) for cell in frame[column]])
    return kept


def units_of(frame: pd.DataFrame, groups: str | None) -> NDArray[np.intp]:
    """Number what stands or falls together: the groups of a column, and each row that has none by itself.

    Examples
    --------
    >>> import pandas as pd
    >>> units_of(pd.DataFrame({"who": ["kim", None, "kim", None]}), "who").tolist()
    [0, 1, 0, 2]
    """
    if groups is None:
        return np.arange(len(frame))
    found = np.array(frame[groups].factorize()[0], dtype=np.intp)
    alone = found < 0
    found[alone] = found.max(initial=-1) + 1 + np.arange(alone.sum())
    return found


def check_level(level: float) -> float:
    """Give a level in per cent as a share, or refuse it.

    Raises
    ------
    ConfigError
    """
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 100:
        raise ConfigError(f"`level` must be a per cent in (0, 100) - got {level!r}. Use 95.")
    return level / 100


def _check_share(name: str, value: float, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise ConfigError(f"`{name}` must be in (0, 1] - got {value!r}. Give {what}.")


def _weights(column: pd.Series, name: str) -> Floats:
    try:
        found = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise FrameError(f"The weight {name!r} must hold numbers - got {column.dtype}. Turn it into numbers.") from None
    wrong = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if wrong.size or not found.sum() > 0:
        raise FrameError(
            f"The weight {name!r} must be numbers >= 0, not all 0 - got others in {wrong.size:,} of {found.size:,} "
            f"rows, at positions {shorten(wrong.tolist())}. Fill or drop these."
        )
    return found

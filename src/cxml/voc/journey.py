"""How customers feel from stage to stage of their journey: the emotion curve, its changes, and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ConfigError, FrameError, shorten
from cxml.frames import as_pandas, check_columns
from cxml.voc.pareto import check_level, units_of, wilson
from cxml.voc.routing import listed

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

FEELINGS: Final[Mapping[str, float]] = {
    "negative": -1.0,
    "neutral": 0.0,
    "positive": 1.0,
    "부정": -1.0,
    "중립": 0.0,
    "긍정": 1.0,
}
"""What a sentiment counts, where nobody says otherwise."""


def journey(
    comments: Any,
    *,
    stage: str = "stage",
    sentiment: str | None = None,
    score: str | None = None,
    order: Sequence[str] | None = None,
    feelings: Mapping[str, float] = FEELINGS,
    groups: str | None = None,
    level: float = 95,
) -> pd.DataFrame:
    """Draw up the emotion curve: the mean feeling at each stage, and its change from the stage before.

    The interval of a mean is Student's t; that of a change is Welch's [1]_. Where comments come in groups (a customer
    with comments at several stages), the standard errors are those of groups [2]_, of a change with the two stages
    taken together, and the degrees of freedom count groups.

    Parameters
    ----------
    comments : DataFrame
        One row per comment.
    stage : str, default="stage"
        Column of the stage.
    sentiment : str, default=None
        Column of labels that `feelings` turns into numbers; it also gives the share of the worst. Say this or `score`.
    score : str, default=None
        Column of numbers to take the mean of, such as CSAT, instead of the sentiment's.
    order : sequence of str, default=None
        The stages from first to last; others are left out. None takes the categories of an ordered column.
    feelings : mapping of str to float
        Number of each label, by default -1 for negative (부정), 0 for neutral (중립), 1 for positive (긍정).
    groups : str, default=None
        Column of what stands or falls together, such as the customer. A row without one stands alone.
    level : float in (0, 100), per cent, default=95
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per stage: ``stage``, ``comments``, ``score`` (mean) with ``score-lo-95`` and ``score-hi-95``;
        ``share_negative`` with its Wilson interval, where a sentiment is given; ``change`` from the stage before with
        its interval. NaN where there are too few comments to tell.

    Raises
    ------
    FrameError
        If a column is missing, a label is unknown, a score is no number, or no comment is left.
    ConfigError
        If neither sentiment nor score is said, or the order cannot be told or names a stage twice.

    References
    ----------
    .. [1] Welch, B. L. (1947). The generalization of 'Student's' problem when several different population variances
       are involved. Biometrika, 34(1/2), 28-35.
    .. [2] Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika,
       73(1), 13-22.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"stage": ["주문"] * 4 + ["배송"] * 4, "csat": [5, 4, 4, 5, 2, 3, 1, 2]})
    >>> columns = ["stage", "comments", "score", "change", "change-hi-95"]
    >>> journey(told, score="csat", order=["주문", "배송"]).round(2)[columns]
      stage  comments  score  change  change-hi-95
    0    주문         4    4.5     NaN           NaN
    1    배송         4    2.0    -2.5         -1.24
    >>> journey(told, score="csat")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: The order of the stages must be known to tell a change - got none for 'stage'. \
Say it: order=['주문', '배송'].
    """
    confidence = check_level(level)
    if sentiment is None and score is None:
        raise ConfigError('A journey needs a feeling - got neither sentiment= nor score=. Say sentiment="sentiment".')
    frame = as_pandas(comments, what="The comments")
    check_columns(frame.columns, [one for one in (stage, sentiment, score, groups) if one], what="A journey")
    stages = _order(frame[stage], order)
    felt = np.full(len(frame), np.nan) if sentiment is None else feelings_in(frame[sentiment], feelings)
    values = felt if score is None else numbers_in(frame[score], f"The score {score!r}")
    known = frame[stage].isin(stages).to_numpy() & ~np.isnan(values)
    if not known.any():
        raise FrameError(
            f"A journey needs comments with a stage and a feeling - none of {len(frame):,} rows has both. "
            f"Check order= and the column {score or sentiment!r}."
        )
    units = units_of(frame, groups)
    place = frame[stage].map({name: number for number, name in enumerate(stages)}).to_numpy(np.float64, na_value=-1)
    worst = None if sentiment is None else np.where(np.isnan(felt), np.nan, felt == min(feelings.values()))
    return _table(stages, place[known].astype(int), values[known], units[known], worst, known, confidence, level)


def _table(
    stages: list[str],
    place: NDArray[np.int64],
    values: Floats,
    units: NDArray[Any],
    worst: Floats | None,
    known: NDArray[np.bool_],
    confidence: float,
    level: float,
) -> pd.DataFrame:
    import pandas as pd

    counts = np.bincount(place, minlength=len(stages))
    means = np.array([values[place == number].mean() if counts[number] else np.nan for number in range(len(stages))])
    parts = [_influence(place == number, values, units) for number in range(len(stages))]
    rows = []
    for number, name in enumerate(stages):
        row: dict[str, Any] = {"stage": name, "comments": int(counts[number]), "score": means[number]}
        half = _half([parts[number]], confidence)
        row |= {f"score-lo-{level:g}": means[number] - half, f"score-hi-{level:g}": means[number] + half}
        if worst is not None:
            row |= _negative(worst[known][place == number], confidence, level)
        change = means[number] - means[number - 1] if number else np.nan
        half = _half([parts[number], parts[number - 1]], confidence) if number else np.nan
        rows.append(
            row | {"change": change, f"change-lo-{level:g}": change - half, f"change-hi-{level:g}": change + half}
        )
    return pd.DataFrame(rows)


def _influence(inside: NDArray[np.bool_], values: Floats, units: NDArray[Any]) -> dict[Any, float]:
    """Give what each group adds to the error of a stage's mean, scaled for the number of groups in the stage."""
    if not inside.any():
        return {}
    mine, own = values[inside], units[inside]
    numbers, inverse = np.unique(own, return_inverse=True)
    sums = np.bincount(inverse, weights=mine - mine.mean()) / mine.size
    scale = np.sqrt(numbers.size / (numbers.size - 1)) if numbers.size > 1 else np.nan
    return dict(zip(numbers.tolist(), (sums * scale).tolist(), strict=True))


def _half(parts: list[dict[Any, float]], confidence: float) -> float:
    """Half the width of the interval of one mean, or of the first less the second."""
    from scipy.stats import t

    if any(len(one) < 2 for one in parts):
        return float("nan")
    first, second = parts[0], parts[1] if len(parts) > 1 else {}
    variance = sum((first.get(unit, 0.0) - second.get(unit, 0.0)) ** 2 for unit in {*first, *second})
    own = [sum(part**2 for part in one.values()) for one in parts]
    by_freedom = sum(each**2 / (len(one) - 1) for each, one in zip(own, parts, strict=True))
    freedom = sum(own) ** 2 / by_freedom if by_freedom > 0 else min(len(one) - 1 for one in parts)
    return float(t.ppf(0.5 + confidence / 2, freedom) * np.sqrt(variance))


def _negative(worst: Floats, confidence: float, level: float) -> dict[str, float]:
    told = worst[~np.isnan(worst)]
    if not told.size:
        return {
            "share_negative": np.nan,
            f"share_negative-lo-{level:g}": np.nan,
            f"share_negative-hi-{level:g}": np.nan,
        }
    share = float(told.mean())
    low, high = wilson(share, told.size, confidence)
    return {
        "share_negative": share,
        f"share_negative-lo-{level:g}": float(low),
        f"share_negative-hi-{level:g}": float(high),
    }


def _order(stages: pd.Series, order: Sequence[str] | None) -> list[str]:
    import pandas as pd

    if order is None:
        if isinstance(stages.dtype, pd.CategoricalDtype) and stages.cat.ordered:
            return list(stages.cat.categories)
        raise ConfigError(
            f"The order of the stages must be known to tell a change - got none for {str(stages.name)!r}. "
            f"Say it: order=[{listed(stages.dropna().unique())}]."
        )
    names = list(order)
    if isinstance(order, str) or not names or len(set(names)) < len(names):
        raise ConfigError(f"`order` must name each stage once, from first to last - got {order!r}.")
    known = set(stages.dropna())
    unknown = [name for name in names if name not in known]
    if unknown:
        raise FrameError(
            f"`order` must name stages of {str(stages.name)!r}, {listed(stages.dropna().unique())} - got "
            f"{shorten(unknown)}. Leave out those that never occur."
        )
    return names


def feelings_in(labels: pd.Series, feelings: Mapping[str, float]) -> Floats:
    """Turn sentiments into what they count; NaN where there is none.

    Raises
    ------
    FrameError
        If a label is not one of `feelings`.
    """
    unknown = [one for one in labels.dropna().unique() if one not in feelings]
    if unknown:
        raise FrameError(
            f"The sentiments of {str(labels.name)!r} must be labels of feelings= - got others: "
            f"{listed(unknown)}. Say what each counts: feelings={{label: number}}."
        )
    return np.asarray(labels.astype(object).map(dict(feelings)).to_numpy(dtype=np.float64, na_value=np.nan))


def numbers_in(column: pd.Series, what: str) -> Floats:
    """Read a column of numbers; NaN where it is empty.

    Raises
    ------
    FrameError
        If it holds anything else, or infinity.
    """
    try:
        found: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise FrameError(f"{what} must hold numbers - got {column.dtype}. Turn it into numbers.") from None
    if np.isinf(found).any():
        raise FrameError(f"{what} must be finite - got infinity. Leave it empty where unknown.")
    return found

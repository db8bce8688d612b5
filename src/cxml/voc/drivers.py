"""What moves a score: each driver's share of what all of them explain, fair to drivers that go together.

A correlation counts what two drivers share twice, a regression coefficient gives it to one of them by chance. Relative
weights split the explained variance: the Shapley value of R squared [1]_ [2]_ averages what a driver adds over all
orders in which the drivers could enter, exactly; beyond 12 drivers Johnson's weights [3]_, which are close to it.

References
----------
.. [1] Lindeman, R. H., Merenda, P. F., & Gold, R. Z. (1980). Introduction to bivariate and multivariate analysis,
   p. 119ff. Scott Foresman.
.. [2] Groemping, U. (2007). Estimators of relative importance in linear regression based on variance decomposition. The
   American Statistician, 61(2), 139-147.
.. [3] Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor variables in multiple
   regression. Multivariate Behavioral Research, 35(1), 1-19.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ConfigError, shorten
from cxml.frames import as_pandas, check_columns
from cxml.metrics.intervals import resamples
from cxml.voc._driver_columns import Design, read_design
from cxml.voc.journey import FEELINGS
from cxml.voc.pareto import check_level, units_of

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

MOST_SHAPLEY = 12
"""Drivers up to which the Shapley values are computed exactly (4,096 regressions a resample)."""

_BLOCK = 64  # resamples worked on at once


def drivers(
    frame: Any,
    *,
    score: str,
    features: Sequence[str] | None = None,
    topic: str | None = None,
    sentiment: str | None = None,
    feelings: Mapping[str, float] = FEELINGS,
    method: Literal["auto", "shapley", "johnson"] = "auto",
    n_bootstrap: int = 500,
    level: float = 95,
    groups: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Weigh what moves a score: each driver's part of R squared, with intervals.

    Parameters
    ----------
    frame : DataFrame
        One row per comment or answer. Rows without a score are left out.
    score : str
        Column of the score: CSAT, NPS, stars.
    features : sequence of str, default=None
        Columns that may drive it: numbers, True and False, or labels. The labels of one column are one driver.
    topic : str, default=None
        Column of the topic, or of a list of topics. Each topic is a driver: 1 where a comment names it. Where every
        comment has exactly one topic and no sentiment is given, the topics are one driver, since their indicators add
        up to 1. Features and topic may be given together.
    sentiment : str, default=None
        Column of labels that `feelings` turns into numbers, or of numbers: a topic then counts as the feeling of the
        comment that names it, so that praise raises the score and a complaint lowers it.
    feelings : mapping of str to float
        By default -1 for negative (부정), 0 for neutral (중립), 1 for positive (긍정).
    method : {"auto", "shapley", "johnson"}, default="auto"
        "auto" takes Shapley up to 12 drivers.
    n_bootstrap : int >= 40, default=500
        Resamples for the intervals.
    level : float in (0, 100), per cent, default=95
        Of the percentile intervals.
    groups : str, default=None
        Column of rows that are drawn together, such as the customer. A row without one is drawn alone.
    seed : int >= 0, default=0

    Returns
    -------
    DataFrame
        One row per driver, the heaviest first: ``driver``; ``weight``, its part of R squared, and ``share``, that part
        as a share of R squared, both with intervals (``share-lo-95``, ``share-hi-95``); ``effect``, the points that
        the score moves when the driver rises by one standard deviation and the others stay, with its interval (NaN for
        labels, which have no direction); ``direction``, "up" or "down" where that interval leaves out 0, else
        "unclear", or "labels"; and ``correlation`` with the score, for comparison (of labels the multiple correlation).
        The weights add up to R squared. ``attrs`` holds ``r2``, ``rows``, ``method`` and ``n_bootstrap``.

    Raises
    ------
    FrameError
        If a column is missing, a feature is empty in places, constant, or a sum of others, the score is constant or no
        number, or there are fewer than 5 rows per column and 20 in all.
    ConfigError
        If nothing is named as a driver, or a setting is outside its range.

    Notes
    -----
    A weight is never negative, so the interval of a driver without any effect lies a little above 0 and cannot hold it:
    read `direction` for whether there is an effect. The weights are about what goes together; they say what a change
    would bring only as far as nothing unseen moves both the driver and the score.

    References
    ----------
    .. [1] Groemping, U. (2007). Estimators of relative importance in linear regression based on variance
       decomposition. The American Statistician, 61(2), 139-147.
    .. [2] Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor variables in
       multiple regression. Multivariate Behavioral Research, 35(1), 1-19.
    .. [3] Tonidandel, S., LeBreton, J. M., & Johnson, J. W. (2009). Determining the statistical significance of
       relative weights. Psychological Methods, 14(4), 387-399 (bootstrap intervals, and why they leave out 0).

    Examples
    --------
    >>> from cxml.datasets import make_comments
    >>> comments = make_comments(1_000).frame
    >>> table = drivers(comments, score="csat", topic="topic", sentiment="sentiment", n_bootstrap=100)
    >>> table[["driver", "direction"]].head(3).to_numpy().tolist()
    [['배송', 'up'], ['환불', 'up'], ['상담', 'up']]
    >>> drivers(comments.assign(again=comments["nps"]), score="csat", features=["nps", "again"])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Each driver must say something of its own - got 'again', which is a sum of the others \
('nps'). Leave one of them out.
    """
    confidence = check_level(level)
    _check_settings(method, n_bootstrap, confidence, seed)
    read = as_pandas(frame, what="The data")
    named = [*([] if features is None else _names(features)), *(one for one in (topic, sentiment, groups) if one)]
    check_columns(read.columns, [score, *named], what="Weighing drivers")
    design = read_design(read, score, list(features or ()), topic, sentiment, feelings)
    way = method if method != "auto" else ("shapley" if len(design.names) <= MOST_SHAPLEY else "johnson")
    if way == "shapley" and len(design.names) > MOST_SHAPLEY + 4:
        raise ConfigError(
            f"Shapley values must be of at most {MOST_SHAPLEY + 4} drivers - got {len(design.names)}, which is "
            f'{2 ** len(design.names):,} regressions. Use method="johnson".'
        )
    units = None if groups is None else units_of(read.loc[design.kept], groups)
    found = _weigh(_moments(design.columns, design.score, None)[None], design, way)
    drawn = _resampled(design, units, way, n_bootstrap, seed)
    return _table(design, found, drawn, confidence, level, way)


def _table(
    design: Design, found: dict[str, Floats], drawn: dict[str, Floats], confidence: float, level: float, way: str
) -> pd.DataFrame:
    import pandas as pd

    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    columns: dict[str, Any] = {"driver": design.names}
    for name in ("weight", "share", "effect"):
        low, high = np.quantile(drawn[name], ends, axis=0)
        columns |= {name: found[name][0], f"{name}-lo-{level:g}": low, f"{name}-hi-{level:g}": high}
    low, high = columns[f"effect-lo-{level:g}"], columns[f"effect-hi-{level:g}"]
    sign = np.where(low > 0, "up", np.where(high < 0, "down", "unclear"))
    columns["direction"] = np.where(design.is_labels, "labels", sign).astype(object)
    columns["correlation"] = found["correlation"][0]
    table = pd.DataFrame(columns).sort_values("weight", ascending=False, kind="stable", ignore_index=True)
    table.attrs |= {
        "r2": float(found["weight"][0].sum()),
        "rows": design.score.size,
        "method": way,
        "n_bootstrap": len(drawn["weight"]),
    }
    return table


def _resampled(design: Design, units: NDArray[Any] | None, way: str, repeats: int, seed: int) -> dict[str, Floats]:
    """Weigh resample after resample, in blocks."""
    size = design.score.size
    parts: list[dict[str, Floats]] = []
    block: list[Floats] = []
    for place, rows in enumerate(resamples(size, units, repeats=repeats, seed=seed), start=1):
        block.append(_moments(design.columns, design.score, np.bincount(rows, minlength=size).astype(np.float64)))
        if len(block) == _BLOCK or place == repeats:
            parts.append(_weigh(np.stack(block), design, way))
            block = []
    return {name: np.concatenate([one[name] for one in parts]) for name in ("weight", "share", "effect")}


def _moments(columns: Floats, score: Floats, counts: Floats | None) -> Floats:
    """Give the covariances of the columns and, last, the score."""
    weight = np.ones(score.size) if counts is None else counts
    both = np.column_stack([columns, score])
    centred = both - (weight @ both) / weight.sum()
    moments: Floats = (centred * weight[:, None]).T @ centred / weight.sum()
    return moments


def _weigh(moments: Floats, design: Design, way: str) -> dict[str, Floats]:
    """Give weights, shares, effects and correlations of each driver, each of shape (resamples, drivers)."""
    spread = np.sqrt(np.einsum("bii->bi", moments))
    safe = np.where(spread > 0, spread, 1.0)  # a column that is constant in a resample says nothing there
    related = moments / safe[:, :, None] / safe[:, None, :]
    weight = _shapley(related, design.blocks) if way == "shapley" else _johnson(related, design.blocks)
    total = weight.sum(axis=1, keepdims=True)
    slopes = np.einsum("bij,bj->bi", np.linalg.pinv(related[:, :-1, :-1], hermitian=True), related[:, :-1, -1])
    firsts = [block[0] for block in design.blocks]
    alone = np.stack([_explained(related, block) for block in design.blocks], axis=1)
    return {
        "weight": weight,
        "share": np.divide(weight, total, out=np.full_like(weight, np.nan), where=total > 0),
        "effect": np.where(design.is_labels, np.nan, slopes[:, firsts] * spread[:, -1:]),
        "correlation": np.where(design.is_labels, np.sqrt(alone), related[:, firsts, -1]),
    }


def _explained(related: Floats, block: Sequence[int]) -> Floats:
    """R squared of one driver alone."""
    left = related[:, [*block, -1]][:, :, [*block, -1]]
    for _ in block:
        left = _without_first(left)
    share: Floats = np.clip(1 - left[:, 0, 0] / related[:, -1, -1], 0.0, 1.0)
    return share


def _without_first(left: Floats) -> Floats:
    """Take what the first column explains out of the covariances of the others (a Schur complement)."""
    pivot = left[:, 0, 0]
    inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > 1e-9)
    rest: Floats = left[:, 1:, 1:] - left[:, 1:, :1] * left[:, :1, 1:] * inverse[:, None, None]
    return rest


def _shapley(related: Floats, blocks: Sequence[Sequence[int]]) -> Floats:
    """Average what each driver adds to R squared over all orders of entering, exactly.

    All subsets are visited as a tree: each step takes one more driver out of the covariances of those that come after
    it, so that a subset costs one small update instead of a regression.
    """
    count = len(blocks)
    explained = np.empty((1 << count, len(related)))

    def visit(left: Floats, start: int, subset: int) -> None:
        explained[subset] = 1 - left[:, -1, -1]
        for place in range(start, count):
            skipped = sum(len(blocks[other]) for other in range(start, place))
            rest = left[:, skipped:, skipped:]
            for _ in blocks[place]:
                rest = _without_first(rest)
            visit(rest, place + 1, subset | 1 << place)

    visit(related, 0, 0)
    subsets = np.arange(1 << count)
    sizes = np.array([int(one).bit_count() for one in subsets])
    chance = np.array([1 / (count * comb(count - 1, size)) if size < count else 0.0 for size in range(count + 1)])
    weights = np.empty((len(related), count))
    for place in range(count):
        without = subsets[(subsets >> place) & 1 == 0]
        gain = explained[without | 1 << place] - explained[without]
        weights[:, place] = chance[sizes[without]] @ gain
    return np.clip(weights, 0.0, None)


def _johnson(related: Floats, blocks: Sequence[Sequence[int]]) -> Floats:
    """Weigh through the orthogonal columns that are nearest to the drivers; the columns of one driver are added up."""
    values, vectors = np.linalg.eigh(related[:, :-1, :-1])
    root = np.sqrt(np.clip(values, 0.0, None))
    loadings = np.einsum("bij,bj,bkj->bik", vectors, root, vectors)
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 1e-6)
    slopes = np.einsum("bij,bj,bkj,bk->bi", vectors, inverse, vectors, related[:, :-1, -1])
    each = np.einsum("bij,bj->bi", loadings**2, slopes**2)
    return np.stack([each[:, list(block)].sum(axis=1) for block in blocks], axis=1)


def _names(features: Sequence[str]) -> list[str]:
    if isinstance(features, str):
        raise ConfigError(f"`features` must be a list of columns - got {features!r}. Write [{features!r}].")
    listed = list(features)
    if len(set(listed)) < len(listed):
        raise ConfigError(f"`features` must name each column once - got {shorten(listed)}.")
    return listed


def _check_settings(method: str, n_bootstrap: int, confidence: float, seed: int) -> None:
    if method not in ("auto", "shapley", "johnson"):
        raise ConfigError(f"`method` must be 'auto', 'shapley' or 'johnson' - got {method!r}.")
    least = int(np.ceil(2 / (1 - confidence) - 1e-9))
    if not isinstance(n_bootstrap, (int, np.integer)) or isinstance(n_bootstrap, bool) or n_bootstrap < least:
        raise ConfigError(
            f"`n_bootstrap` must be a whole number >= {least} for this level - got {n_bootstrap!r}. Use 500."
        )
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise ConfigError(f"`seed` must be a whole number, 0 or more - got {seed!r}.")

"""Where a change comes from: the smallest set of segments that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.anomaly.segments.answer import RootCauses
from cxml.anomaly.segments.explaining import Asked, explain
from cxml.anomaly.segments.leaves import (
    Leaves,
    check_amounts,
    check_dimensions,
    check_filled,
    check_settings,
    check_sums,
    read_leaves,
)
from cxml.errors import ConfigError
from cxml.frames import as_pandas, check_columns
from cxml.values import is_number

if TYPE_CHECKING:
    import pandas as pd


def explain_change(
    frame: Any,
    *,
    dimensions: Sequence[str] = ("channel", "topic", "region"),
    value: str = "y",
    expected: str = "expected",
    denominator: str | None = None,
    expected_denominator: str | None = None,
    total: float | None = None,
    depth: int | None = None,
    most: int = 10,
    noise: float | None = None,
    least_share: float = 0.001,
) -> RootCauses:
    """Find the smallest set of segments that explains how leaf segments differ from what was expected.

    A segment is a combination of values of some dimensions, such as channel=chat and topic=billing in all regions. Its
    leaves change by one factor, and a set of segments is as good as its likelihood, less the cost of naming it: the
    simplest explanation wins, and small counts are no evidence. Causes may lie in different dimensions, overlap, and
    cancel in the total. ``"everything"`` is a segment too. See `cxml.anomaly.segments.search`.

    With `denominator` the change of a ratio is split exactly into the effect of rates and of the mix
    (`cxml.anomaly.segments.effects.Ratio`), and segments are searched for both.

    Parameters
    ----------
    frame : DataFrame
        One row a leaf segment: its dimensions, its value and the value expected. Rows of 0 may be left out.
    dimensions : sequence of str, default=("channel", "topic", "region")
    value : str, default="y"
        Column of what came, >= 0: a count or another amount that adds up; of a ratio its numerator.
    expected : str, default="expected"
        Column of what was expected of it, >= 0.
    denominator : str, optional
        Column of what came below the line of a ratio.
    expected_denominator : str, optional
        Column of what was expected there. Left out, as many as came: then there is no effect of the mix.
    total : float, optional
        What all leaves must add up to (of a ratio, come to), within 0.1 %.
    depth : int >= 1, optional
        Dimensions of a segment at most. Left out: all, as far as memory allows (any five of 100,000 leaves).
    most : int in 1 ... 20, default=10
        Segments in the answer at most.
    noise : float >= 0, optional
        Relative error to be expected of a leaf beyond chance, such as 0.1. Left out, it is learned from the leaves that
        change least.
    least_share : float in [0, 1), default=0.001
        Segments that move less than this share of all that the segments move are left out.

    Returns
    -------
    RootCauses

    Raises
    ------
    FrameError
        If columns are missing, a leaf comes twice or lacks a dimension, an amount is negative or missing, nothing was
        expected, a denominator is 0 under a value, or the leaves do not add up to `total`.
    ConfigError
        If a setting is outside its range.

    Examples
    --------
    >>> from cxml.datasets import make_segments
    >>> made = make_segments(causes=[({"channel": "chat", "topic": "billing"}, 2.5)])
    >>> found = explain_change(made.frame)
    >>> found.table[["segment", "factor"]].round(1).to_numpy().tolist()
    [['channel=chat, topic=billing', 2.5]]
    >>> explain_change(made.frame, dimensions=["chanel"])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Explaining a change needs the column 'chanel' - the data has 5 columns and not this one. \
Did you mean 'channel'? Rename it or add it; where its values are unknown, leave them empty.
    """
    names = check_dimensions(dimensions)
    check_settings(depth, most, noise, least_share)
    if expected_denominator is not None and denominator is None:
        raise ConfigError("`expected_denominator` must come with `denominator` - got it alone. Name both.")
    leaves = read_leaves(frame, names, value, expected, denominator, expected_denominator)
    check_sums(leaves, total)
    return explain(leaves, value, Asked(depth, most, noise, least_share))


def compare_periods(
    before: Any,
    after: Any,
    *,
    dimensions: Sequence[str] = ("channel", "topic", "region"),
    value: str | None = "y",
    denominator: str | None = None,
    scale: float = 1.0,
    depth: int | None = None,
    most: int = 10,
    noise: float | None = None,
    least_share: float = 0.001,
) -> RootCauses:
    """Find the segments that explain how one period differs from another.

    Rows are added up by segment. What was expected is the earlier period times `scale`, and its own chance counts: a
    leaf that had 3 and has 5 is no evidence. Segments that are new or gone have 0 in one period.

    Parameters
    ----------
    before, after : DataFrame
        Rows of each period; several of one segment are added up.
    dimensions : sequence of str, default=("channel", "topic", "region")
    value : str or None, default="y"
        Column to add up, >= 0; of a ratio its numerator. None counts rows.
    denominator : str, optional
        Column to add up below the line of a ratio.
    scale : float > 0, default=1.0
        Length of the later period over that of the earlier one.
    depth, most, noise, least_share : as in `explain_change`

    Returns
    -------
    RootCauses

    Raises
    ------
    FrameError
        As `explain_change` does.
    ConfigError
        If a setting is outside its range.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"channel": ["phone", "chat"] * 2, "topic": list("aabb"), "y": [400, 100, 300, 200]})
    >>> after = before.assign(y=[410, 105, 290, 380])
    >>> found = compare_periods(before, after, dimensions=["channel", "topic"])
    >>> print(found.text)
    y is 1,185, 185 (18.5 %) above the expected 1,000. channel=chat, topic=b: 380 instead of 200, which explains 97 %. \
Left unexplained: 5.
    >>> compare_periods(before, after, dimensions=["channel"], scale=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `scale` must be above 0 - got 0. Use the later period's length over the earlier one's.
    """
    names = check_dimensions(dimensions)
    check_settings(depth, most, noise, least_share)
    if not (is_number(scale) and scale > 0):
        raise ConfigError(
            f"`scale` must be above 0 - got {scale!r}. Use the later period's length over the earlier one's."
        )
    earlier = _added_up(before, names, value, denominator, "The earlier period")
    later = _added_up(after, names, value, denominator, "The later period")
    both = later.join(earlier, how="outer", lsuffix="", rsuffix=" before").fillna(0.0)
    amounts = {name: both[name].to_numpy(dtype=np.float64) for name in both}
    expected, trials = scale * amounts["value before"], amounts.get("trials")
    leaves = Leaves(
        both.index.to_frame(index=False),
        amounts["value"],
        expected,
        trials,
        None if trials is None else scale * amounts["trials before"],
        1.0 + scale,
    )
    check_sums(leaves, None)
    return explain(leaves, value or "The number of rows", Asked(depth, most, noise, least_share))


def _added_up(frame: Any, dimensions: list[str], value: str | None, denominator: str | None, what: str) -> pd.DataFrame:
    """Sums by segment, as columns ``value`` and ``trials``."""
    data = as_pandas(frame, what=what)
    named = {"value": value, "trials": denominator}
    check_columns(data.columns, [*dimensions, *(one for one in named.values() if one)], what="Comparing periods")
    check_filled(data, dimensions)
    columns = {to: check_amounts(data, one, dimensions) for to, one in named.items() if one}
    made = data[dimensions].assign(**({"value": 1.0} | columns))
    return made.groupby(dimensions, observed=True, sort=False)[[*({"value": 1.0} | columns)]].sum()

"""Topics over time: which period a comment belongs to, and the share of each topic in each period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxml.errors import ConfigError, FrameError
from cxml.frames import as_pandas, check_columns

if TYPE_CHECKING:
    import pandas as pd

    from cxml.voc.topics.discovery import TopicModel


def topic_shares(comments: Any, topics: TopicModel | str, *, time: str = "time", period: str = "W") -> pd.DataFrame:
    """Share of each topic in the comments of each period.

    Parameters
    ----------
    comments : DataFrame
    topics : TopicModel or str
        Topics of `cxml.voc.topics.discovery.discover`, or a column of topics.
    time : str, default="time"
    period : str, default="W"

    Returns
    -------
    DataFrame
        One row per period (its start) with comments, one column per topic, the largest first; rows sum to 1 where
        every comment has a topic.

    Raises
    ------
    FrameError, ConfigError
        As `emerging`.

    Examples
    --------
    >>> import pandas as pd
    >>> comments = pd.DataFrame({"time": ["2026-01-05", "2026-01-06"], "subject": ["배송", "앱"]})
    >>> topic_shares(comments, "subject").to_numpy().tolist()
    [[0.5, 0.5]]
    >>> topic_shares(comments, "topic")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Shares of topics needs the column 'topic' - the data has 2 columns and not this one. \
Rename it or add it; where its values are unknown, leave them empty.
    """
    import pandas as pd

    frame = as_pandas(comments, what="The comments")
    check_columns(frame.columns, [time, *([topics] if isinstance(topics, str) else [])], what="Shares of topics")
    labels = frame[topics] if isinstance(topics, str) else topics.predict(frame)["topic_name"]
    # by place, for rows of one index, as after pandas.concat, are rows all the same
    starts = period_starts(frame[time], period).reset_index(drop=True)
    table = pd.crosstab(starts.rename("period"), labels.reset_index(drop=True).rename("topic"))
    sizes = starts.value_counts().reindex(table.index)
    shares: pd.DataFrame = table.div(sizes, axis=0)
    return shares[table.sum().sort_values(ascending=False, kind="stable").index]


def period_starts(times: pd.Series, period: str) -> pd.Series:
    """Start of each time's period, by the wall clock; missing where the time is.

    Parameters
    ----------
    times : Series
        Dates, times, or text that reads as such; of one time zone or of none.
    period : str

    Returns
    -------
    Series of datetime64

    Raises
    ------
    FrameError
        If a value is no time.
    ConfigError
        If `period` is no period.

    Examples
    --------
    >>> import pandas as pd
    >>> str(period_starts(pd.Series(["2026-11-22 10:00"]), "W")[0])
    '2026-11-16 00:00:00'
    >>> period_starts(pd.Series(["soon"], name="time"), "W")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The column 'time' must hold times of one time zone - 1 of 1 rows cannot be read as such. \
Write them as 2026-11-22 10:30.
    """
    import pandas as pd

    if times.dtype.kind in "iufb":
        raise FrameError(
            f"The column {str(times.name)!r} must hold times of one time zone - got numbers ({times.dtype}). Turn them "
            "into times: pandas.to_datetime(..., unit='s')."
        )
    try:
        read = pd.to_datetime(times, errors="coerce", format=None if times.dtype.kind == "M" else "ISO8601")
        bad = int((read.isna() & times.notna()).sum())
    except (ValueError, TypeError):  # several time zones
        bad = len(times)
    if bad:
        raise FrameError(
            f"The column {str(times.name)!r} must hold times of one time zone - {bad:,} of {len(times):,} rows cannot "
            "be read as such. Write them as 2026-11-22 10:30."
        )
    if read.dt.tz is not None:
        read = read.dt.tz_localize(None)
    try:
        starts: pd.Series = read.dt.to_period(period).dt.start_time
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ConfigError(f"period must be a pandas period such as 'D', 'W' or 'M' - got {period!r}.") from None
    return starts

"""Where an alert comes from, asked of the history of its leaf segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.anomaly.segments.answer import RootCauses
from cxml.anomaly.segments.course import Courses
from cxml.anomaly.segments.explaining import Asked, explain
from cxml.anomaly.segments.leaves import (
    Leaves,
    Past,
    check_amounts,
    check_dimensions,
    check_filled,
    check_settings,
    check_sums,
)
from cxml.errors import ConfigError, FrameError
from cxml.frames import as_pandas, check_columns

if TYPE_CHECKING:
    import pandas as pd

_LEAST_PERIODS, _MOST_PERIODS = 3, 104
#: A period whose total is off by more than this many standard deviations (robust) is no example, nor is one that is off
#: by more than this share where all are alike.
_OFF, _OFF_SHARE = 5.0, 0.1


def explain_alert(
    frame: Any,
    alert: Any,
    *,
    dimensions: Sequence[str] = ("channel", "topic", "region"),
    time: str = "ds",
    target: str = "y",
    denominator: str | None = None,
    period: str = "7D",
    periods: int = 26,
    exclude: Any = (),
    total: float | None = None,
    depth: int | None = None,
    most: int = 10,
    least_share: float = 0.001,
) -> RootCauses:
    """Find the segments that an alert comes from.

    What was expected of a leaf in the alert's time is its level in the periods before, the later ones counting more
    where levels move, times the share that the same weekdays and hours have had of its periods
    (`cxml.anomaly.segments.course`). Periods whose total is far off (a holiday, an earlier incident) are left out. The
    same expectation, made for earlier periods, tells how much leaves, and whole segments, stray when nothing is the
    matter (`cxml.anomaly.segments.noise.learn_usual`).

    Parameters
    ----------
    frame : DataFrame
        Long history of the leaf segments: dimensions, time, value; rows of 0 may be missing. It may end with the alert
        or later.
    alert : mapping, Series or tuple of two times
        A row of `cxml.anomaly.alerts` (its ``start`` and ``end``; an open one lasts to the end of the frame), or the
        times of the first and the last row.
    dimensions : sequence of str, default=("channel", "topic", "region")
    time : str, default="ds"
        Column of the start of a row's period.
    target : str, default="y"
        Column of the value, >= 0, which adds up over segments and over time; of a ratio its numerator.
    denominator : str, optional
        Column below the line of a ratio.
    period : str, default="7D"
        What repeats: a week, for a day write ``"1D"``.
    periods : int in 3 ... 104, default=26
        Earlier periods to compare with, as far as the frame reaches; those without a row were closed and do not count.
    exclude : DataFrame, or sequence of what `alert` may be, default=()
        Earlier incidents, such as all rows of `cxml.anomaly.alerts`: periods that one of them touches are no examples.
        A segment that was in trouble before would else count as one that strays. The alert itself may be among them.
    total : float, optional
        What all leaves of the alert's time must come to, within 0.1 %.
    depth, most, least_share : as in `cxml.anomaly.explain_change`

    Returns
    -------
    RootCauses

    Raises
    ------
    FrameError
        If columns are missing, values are negative or missing, the history holds fewer than 3 periods before the alert,
        no row lies in its time, or the leaves do not add up to `total`.
    ConfigError
        If a setting is outside its range, or `alert`, or one of `exclude`, is neither a row nor two times.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=56)
    >>> leaves = [("chat", "bill", 40), ("chat", "app", 60), ("phone", "bill", 90), ("phone", "app", 50)]
    >>> frame = pd.DataFrame([(day, *leaf) for day in days for leaf in leaves], columns=["ds", "channel", "topic", "y"])
    >>> late = frame["ds"] >= "2024-02-24"
    >>> frame.loc[late & (frame["channel"] == "chat"), "y"] *= 2
    >>> found = explain_alert(frame, ("2024-02-24", "2024-02-25"), dimensions=["channel", "topic"])
    >>> found.table[["segment", "actual", "expected", "share"]].round(6).to_numpy().tolist()
    [['channel=chat', 400.0, 200.0, 1.0]]
    >>> explain_alert(frame, ("2024-01-09", "2024-01-09"), dimensions=["channel", "topic"])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The history must hold at least 3 periods of 7D before the alert - got 1 before 2024-01-09 \
00:00:00. Give earlier rows too, or a shorter period=.
    """
    names = check_dimensions(dimensions)
    check_settings(depth, most, None, least_share)
    data = as_pandas(frame, what="The history")
    amounts = [target] if denominator is None else [target, denominator]
    check_columns(data.columns, [*names, time, *amounts], what="Explaining an alert")
    check_filled(data, names)
    moments = _moments(data, time)
    start, end = _window(alert, moments, "alert")
    listed = exclude.to_dict("records") if hasattr(exclude, "columns") else exclude
    incidents = [_window(one, moments, "exclude") for one in listed]
    back, inside = _periods(moments, start, end, period, periods, incidents)
    columns = {name: check_amounts(data, name, names) for name in amounts}
    found = _leaves(data, names, back, inside, list(columns.values()))
    check_sums(found, total)
    return explain(found, target, Asked(depth, most, None, least_share))


def _moments(data: pd.DataFrame, time: str) -> pd.Series:
    import pandas as pd

    moments = data[time]
    if not pd.api.types.is_datetime64_any_dtype(moments):
        try:
            moments = pd.to_datetime(moments)
        except (ValueError, TypeError):
            raise FrameError(
                f"The column {time!r} must hold times - got {data[time].dtype}, such as {data[time].iloc[0]!r}. "
                "Turn it into times with pandas.to_datetime."
            ) from None
    empty = int(moments.isna().sum())
    if empty:
        raise FrameError(f"Each row must have a time - {empty:,} of {len(data):,} have no {time!r}. Drop these rows.")
    return moments


def _window(alert: Any, moments: pd.Series, setting: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    import pandas as pd

    if isinstance(alert, (Mapping, pd.Series)):
        missing = [name for name in ("start", "end") if name not in alert]
        if missing:
            raise ConfigError(
                f"`{setting}` must be a row of anomaly.alerts - got one without {missing[0]!r}. Or give two times."
            )
        first, last = alert["start"], alert["end"]
    elif isinstance(alert, (tuple, list)) and len(alert) == 2:
        first, last = alert
    else:
        raise ConfigError(
            f"`{setting}` must be a row of anomaly.alerts, or two times - got {type(alert).__name__}. "
            "Write ('2024-03-04', '2024-03-05')."
        )
    start, end = pd.Timestamp(first), pd.Timestamp(moments.max() if pd.isna(last) else last)
    zone = moments.dt.tz
    start, end = (_in_zone(one, zone) for one in (start, end))
    if pd.isna(start) or start > end:
        raise ConfigError(f"`{setting}` must end after it starts - got {first!r} to {last!r}.")
    return start, end


def _in_zone(moment: pd.Timestamp, zone: Any) -> pd.Timestamp:
    if zone is None:
        return moment.tz_localize(None) if moment.tzinfo is not None else moment
    return moment.tz_convert(zone) if moment.tzinfo is not None else moment.tz_localize(zone)


def _periods(
    moments: pd.Series,
    start: pd.Timestamp,
    end: pd.Timestamp,
    period: str,
    periods: int,
    incidents: Sequence[tuple[pd.Timestamp, pd.Timestamp]],
) -> tuple[np.ndarray, np.ndarray]:
    """How many periods before the alert's each row lies, -1 where it is not asked; and whether in the alert's phase."""
    import pandas as pd

    if not isinstance(periods, (int, np.integer)) or not _LEAST_PERIODS <= periods <= _MOST_PERIODS:
        raise ConfigError(f"`periods` must be a whole number from 3 to {_MOST_PERIODS} - got {periods!r}. Use 26.")
    try:
        step = pd.Timedelta(period)
    except (ValueError, TypeError):
        step = pd.Timedelta(0)
    if not step > pd.Timedelta(0):
        raise ConfigError(f"`period` must be a time span, such as '7D' or '1D' - got {period!r}.")
    # an alert longer than a period is compared with as long a time before
    step *= 1 + (end - start) // step
    wall = moments.dt.tz_localize(None).astype("datetime64[ns]").astype(np.int64).to_numpy()
    first, last, length = _wall(start), _wall(end), step.value
    back = -((wall - first) // length)
    inside = (back >= 0) & (wall <= last - back * length)
    if not (inside & (back == 0)).any():
        raise FrameError(f"The history must hold rows of the alert - none lies from {start} to {end}.")
    # periods that the frame does not reach the start of are no examples; without a row in the phase it was closed
    whole = (back > 0) & (back <= (first - wall.min()) // length)
    open_ones = np.unique(back[inside & whole])
    for begun, ended in incidents:
        touched = -((_wall(ended) - first) // length), -((_wall(begun) - first) // length)
        open_ones = open_ones[(open_ones < touched[0]) | (open_ones > touched[1])]
    open_ones = open_ones[:periods]
    if len(open_ones) < _LEAST_PERIODS:
        without = " without what exclude= names" if incidents else ""
        raise FrameError(
            f"The history must hold at least {_LEAST_PERIODS} periods of {period} before the alert - got "
            f"{len(open_ones)} before {start}{without}. Give earlier rows too, or a shorter period=."
        )
    place = np.searchsorted(open_ones, back)
    known = np.isin(back, open_ones)
    return np.where(known, place + 1, np.where(inside & (back == 0), 0, -1)), inside


def _wall(moment: pd.Timestamp) -> int:
    """Nanoseconds on the wall clock."""
    return int(moment.tz_localize(None).as_unit("ns").value)


def _leaves(
    data: pd.DataFrame, names: list[str], back: np.ndarray, inside: np.ndarray, columns: list[np.ndarray]
) -> Leaves:
    """The leaves: what came, what was expected, and the same of earlier periods."""
    asked = back >= 0
    grouped = data.loc[asked, names].groupby(names, observed=True, sort=False)
    leaf = grouped.ngroup().to_numpy()
    frame = data.loc[asked, names].iloc[np.unique(leaf, return_index=True)[1]].reset_index(drop=True)
    shape = (int(back.max()) + 1, len(frame))
    place = back[asked] * shape[1] + leaf

    def sums(column: np.ndarray, weight: np.ndarray) -> np.ndarray:
        added: np.ndarray = np.bincount(place, column[asked] * weight[asked], minlength=shape[0] * shape[1])
        return added.reshape(shape)

    phases = [sums(column, inside) for column in columns]
    usual = np.r_[False, _examples(phases[0][1:])]
    courses = [
        Courses(phase, sums(column, np.ones(len(back))), usual) for phase, column in zip(phases, columns, strict=True)
    ]
    kept = courses[0].kept()  # of both parts of a ratio: where one lags, the other must too
    expected = [one.expected(kept) for one in courses]
    known, (means, doubt) = courses[0].known(), expected[0]
    past = Past(phases[0][known], means[known], doubt[known, None])
    if len(columns) == 1:
        return Leaves(frame, phases[0][0], means[0], doubt=float(doubt[0]), past=past)
    trials, usual_trials = phases[1], expected[1][0]
    past = replace(past, trials=trials[known], expected_trials=usual_trials[known])
    return Leaves(frame, phases[0][0], means[0], trials[0], usual_trials[0], float(doubt[0]), past)


def _examples(past: np.ndarray) -> np.ndarray:
    """Which earlier periods have a usual total, three at least."""
    totals = past.sum(axis=1)
    away = np.abs(totals - np.median(totals))
    limit = max(_OFF * 1.4826 * float(np.median(away)), _OFF_SHARE * float(np.median(totals)))
    limit = max(limit, float(np.sort(away)[_LEAST_PERIODS - 1]))
    found: np.ndarray = away <= limit
    return found

"""What the pictures read and check alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import FrameError, shorten

if TYPE_CHECKING:
    import pandas as pd

DAY_MINUTES = 1_440


def rising(name: str, values: ArrayLike, *, least: float | None = None, below: float = np.inf) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    sound = array.ndim == 1 and array.size > 0 and bool((np.diff(array) > 0).all()) and bool(array[-1] < below)
    if not sound or not (array[0] > 0 if least is None else array[0] >= least):
        start = "above 0" if least is None else f"{least:g}"
        end = f" to below {below:g}" if np.isfinite(below) else ""
        raise ValueError(
            f"`{name}` must rise from {start}{end}, got {shorten(array.ravel().tolist())}. "
            "Sort them and leave out what lies outside."
        )
    return array


def ends(values: NDArray[np.float64]) -> str:
    return f"{values.size} from {values.flat[0]:g} to {values.flat[-1]:g}" if values.size else "none"


def fractions(
    name: str, values: ArrayLike, size: int, *, what: str = "errors", each: str = "lead time"
) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,) or bool((array < 0).any()) or np.isinf(array).any():
        raise ValueError(
            f"The {what} of {name!r} must be {size} numbers >= 0, got {ends(array)}. Pass one for each {each}."
        )
    return array


def names_of(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns]


def floats(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Read a column as numbers, with NaN where one is missing."""
    return np.asarray(frame[name].to_numpy(dtype=np.float64, na_value=np.nan))


def once(frame: pd.DataFrame, time: str, what: str) -> pd.DataFrame:
    """Give the rows of one series in order; refuse a frame that holds several, or none."""
    repeated = int(frame[time].duplicated().sum())
    if frame.empty or repeated:
        got = f"{repeated:,} periods twice" if repeated else "no rows"
        raise ValueError(f"`{what}` must hold each period of one series once, got {got}. Choose one series.")
    return frame.sort_values(time)


def check_top(top: int) -> None:
    if not isinstance(top, (int, np.integer)) or isinstance(top, bool) or top < 1:
        raise FrameError(f"`top` must be a whole number of rows, 1 or more - got {top!r}.")


def length_of_time(minutes: float) -> str:
    """Write a length of time.

    >>> length_of_time(30), length_of_time(60), length_of_time(1440), length_of_time(10080)
    ('30 min', '1 h', '1 day', '7 days')
    """
    if minutes < 60 or minutes % 60:
        return f"{minutes:g} min"
    if minutes < DAY_MINUTES or minutes % DAY_MINUTES:
        return f"{minutes / 60:g} h"
    days = minutes / DAY_MINUTES
    return "1 day" if days == 1 else f"{days:g} days"

"""What a value may be: a finite number, within the range of its kind of metric. What is missing is news, no error."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.anomaly.config import AnomalyConfig
from cxml.errors import FrameError, shorten
from cxml.values import is_missing

if TYPE_CHECKING:
    import pandas as pd

#: Kind of metric -> its range.
_RANGES = {"count": (0.0, float("inf")), "positive": (0.0, float("inf")), "share": (0.0, 1.0)}
_WORDS = {
    "count": "Counts must not be negative",
    "positive": "Positive values must not be negative",
    "share": "Shares must lie in 0 to 1",
}
_ADVICE = {
    "count": "Correct these rows, or take metric='real' if values may be negative.",
    "positive": "Correct these rows, or take metric='real' if values may be negative.",
    "share": "Divide percentages by 100, or take metric='real'.",
}


def numbers_of(frame: pd.DataFrame, name: str) -> np.ndarray:
    """A column as finite floats; what is empty is NaN.

    Raises
    ------
    FrameError
        If it holds anything else.

    Examples
    --------
    >>> import pandas as pd
    >>> numbers_of(pd.DataFrame({"y": ["1", None]}), "y").tolist()
    [1.0, nan]
    >>> numbers_of(pd.DataFrame({"y": [1, float("inf")]}), "y")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The column 'y' must hold finite numbers - 1 of 2 rows hold infinity. Leave such values \
empty: a missing value is told as such.
    """
    import pandas as pd

    values = frame[name]
    if values.dtype.kind not in "iufb":
        read = pd.to_numeric(values, errors="coerce")
        odd = read.isna() & values.notna()
        if odd.any():
            raise FrameError(
                f"The column {name!r} must hold numbers - {int(odd.sum()):,} of {len(values):,} rows do not, such as "
                f"{values[odd].iloc[0]!r}. Correct these rows, or leave the value empty."
            )
        values = read
    found: np.ndarray = values.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(found)
    if infinite.any():
        raise FrameError(
            f"The column {name!r} must hold finite numbers - {int(infinite.sum()):,} of {len(found):,} rows hold "
            "infinity. Leave such values empty: a missing value is told as such."
        )
    return found


def check_ranges(
    value: np.ndarray,
    trials: np.ndarray | None,
    series: np.ndarray,
    names: Sequence[str],
    rated: np.ndarray,
    config: AnomalyConfig,
) -> None:
    """Refuse values outside the range of their kind of metric.

    Raises
    ------
    FrameError
        If counts are negative, shares or rates lie outside 0 to 1, or a numerator has no trials.
    """
    if trials is not None:
        with np.errstate(invalid="ignore"):
            of_rate = rated[series] & ~np.isnan(trials)
            wrong = of_rate & ((trials < 0) | (value < 0) | (value > trials))
        if wrong.any():
            place = int(wrong.argmax())
            raise _rate_error(value[place], trials[place], names[series[place]], config, int(wrong.sum()))
    kinds = [_kind_of(config, name) for name in names]
    for kind, (low, high) in _RANGES.items():
        of = np.array([one == kind for one in kinds])
        if not of.any():
            continue
        with np.errstate(invalid="ignore"):
            wrong = of[series] & ((value < low) | (value > high))
        if wrong.any():
            listed = shorten(dict.fromkeys(names[one] for one in series[wrong] if names[one]))
            where = f" of {listed}" if listed else ""
            raise FrameError(
                f"{_WORDS[kind]} - {int(wrong.sum()):,} of {len(value):,} values of {config.target!r}{where} do not, "
                f"such as {value[wrong][0]:g}. {_ADVICE[kind]}"
            )


def shares_of(value: np.ndarray, trials: np.ndarray, rated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of rates, and their trials; other values as they are. No trials say nothing.

    >>> value, trials = np.array([3.0, 0.0, 7.0]), np.array([10.0, 0.0, np.nan])
    >>> [one.tolist() for one in shares_of(value, trials, np.array([True, True, False]))]
    [[0.3, nan, 7.0], [10.0, 0.0, nan]]
    """
    known = rated & (trials > 0)
    share = np.divide(value, trials, out=np.full(len(value), np.nan), where=known)
    return np.where(rated, share, value), np.where(rated, np.where(np.isnan(trials), 0.0, trials), np.nan)


def read_value(told: Any, of: Any, name: str, rated: bool, config: AnomalyConfig) -> tuple[float, float]:
    """Read the value and the trials of one record, as `check_ranges` and `shares_of` do for a batch.

    Returns
    -------
    (value, trials) : float
        The share and its trials for a rate; else the value and NaN.

    Raises
    ------
    FrameError
        As for a batch.
    """
    value = read_number(told, config.target)
    if config.denominator is not None:
        trials = read_number(of, config.denominator)
        if rated or trials == trials:  # known, not NaN
            if trials != trials:
                return nan, 0.0
            if trials < 0 or value < 0 or value > trials:
                raise _rate_error(value, trials, name, config, 1)
            return (value / trials if trials > 0 else nan), trials
    if config.metric != "auto":
        kind = _kind_of(config, name)
        if kind in _RANGES and not (_RANGES[kind][0] <= value <= _RANGES[kind][1] or value != value):
            where = f" of {name}" if name else ""
            raise FrameError(f"{_WORDS[kind]} - {config.target!r}{where} is {value:g}. {_ADVICE[kind]}")
    return value, nan


def read_number(told: Any, name: str) -> float:
    """Read one number of a record, as `numbers_of` does for a column.

    Raises
    ------
    FrameError
        If it is no finite number.

    Examples
    --------
    >>> read_number("1", "y"), read_number(None, "y")
    (1.0, nan)
    >>> read_number("many", "y")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The field 'y' must hold a number - got 'many'. Correct it, or leave the value empty.
    """
    if isinstance(told, float):
        found = float(told)
    elif is_missing(told):
        return nan
    else:
        try:
            found = float(told)
        except (TypeError, ValueError, OverflowError):
            raise FrameError(
                f"The field {name!r} must hold a number - got {told!r}. Correct it, or leave the value empty."
            ) from None
    if isinf(found):
        raise FrameError(
            f"The field {name!r} must hold a finite number - got infinity. Leave it empty: a missing value is told as "
            "such."
        )
    return found


def _kind_of(config: AnomalyConfig, name: str) -> str:
    return config.metric if isinstance(config.metric, str) else config.metric.get(name, "auto")


def _rate_error(value: float, trials: float, name: str, config: AnomalyConfig, count: int) -> FrameError:
    where = f" of {name}" if name else ""
    some = f"{count:,} rows do not" if count > 1 else "one row does not"
    advice = (
        f"{config.target!r} is the numerator, not the share: give the number of trials that count."
        if 0 <= value <= 1 and trials != 0
        else "Correct these rows."
    )
    return FrameError(
        f"A rate must have 0 <= {config.target!r} <= {config.denominator!r} - {some}{where}, such as {value:g} of "
        f"{trials:g}. {advice}"
    )

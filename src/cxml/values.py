"""Read one value as a number, a date or a category.

`read_number`, `read_days` and `read_category` are the only place that decides what a value means. A batch applies them
to the distinct values of a column and a record to its one value, so the two cannot disagree.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import numpy as np

from cxml.errors import FrameError

#: Texts that mean "no value" in a column of numbers or dates, in lower case. A category may well be called "none".
NO_VALUE = frozenset({"", "na", "n/a", "nan", "null", "none", "nat", "<na>", "-", "?"})

#: What to do about a list in a column of features, and in one that names a customer or a series.
SPREAD = "Spread it over columns of its own, or leave it out with drop=."
ONE_NAME = "Give each row one text or number as its name."

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MONEY = re.compile(r"([+-]?)\s*[₩￦$€£]?\s*([+-]?[\d,.]+)\s*원?")
_DATE = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})\.?((?:[T ]).*)?")
_KOREAN_DATE = re.compile(r"(\d{4})년\s*(\d{1,2})월\s*(\d{1,2})일(\s.*)?")
_COMPACT_DATE = re.compile(r"((?:19|20)\d\d)(0[1-9]|1[0-2])(\d\d)?")
_EPOCH = datetime(1970, 1, 1)
_DAY_SECONDS = 86_400.0
_MISSING_TYPES = frozenset({"NAType", "NaTType"})


def is_number(value: object) -> bool:
    """Whether a setting is one finite number, and not a truth value.

    >>> is_number(0.5), is_number(True), is_number(float("nan")), is_number("1")
    (True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return bool(np.isfinite(value))


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, NaT or pandas.NA, without importing pandas.

    >>> is_missing(None), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    if value is None:
        return True
    if isinstance(value, str):
        return False
    if type(value).__name__ in _MISSING_TYPES:
        return True
    try:
        return bool(value != value)
    except ArithmeticError:  # a signalling NaN of decimal
        return True
    except (TypeError, ValueError):  # lists, arrays: wrong, but not missing
        return False


def one_value(value: object, name: str, *, advice: str = SPREAD) -> None:
    """Refuse a value that is many: a list, a dict, a tuple of lists.

    Parameters
    ----------
    value : object
    name : str
        Its column.
    advice : str
        What to do: a column that names something cannot be spread or left out.

    Raises
    ------
    FrameError

    Examples
    --------
    >>> one_value(["a", "b"], "plan")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The column 'plan' must hold one value a row - got list values. Spread it over columns of \
its own, or leave it out with drop=.
    """
    try:
        hash(value)
    except TypeError:
        raise FrameError(
            f"The column {name!r} must hold one value a row - got {type(value).__name__} values. {advice}"
        ) from None


def read_number(value: Any) -> float | None:
    """Read a value as a number.

    Parameters
    ----------
    value : object
        A number, a bool (1 or 0), a time span (days), or text: digits with blanks around them, thousands commas,
        a won or dollar sign,
        ``true`` or ``false``. Missing values and the texts of `NO_VALUE` are NaN.

    Returns
    -------
    float, or None where the text is no number

    Raises
    ------
    FrameError
        If the value is infinite, or of a kind that is never a number.

    Examples
    --------
    >>> read_number(" 1,234.5 "), read_number(True), read_number(""), read_number("abc")
    (1234.5, 1.0, nan, None)
    >>> read_number([1])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: must be a number - got list [1]
    """
    if is_missing(value):
        return math.nan
    if isinstance(value, str):
        return _read_number_text(value)
    value = _plain(value)
    if isinstance(value, timedelta):
        return value.total_seconds() / _DAY_SECONDS
    if hasattr(value, "__len__"):  # lists, arrays, frames: float() would take some of them
        raise FrameError(f"must be a number - got {_kind_and_value(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise FrameError(f"must be a number - got {_kind_and_value(value)}") from None
    return _finite(number, value)


def _read_number_text(text: str) -> float | None:
    stripped = text.strip()
    lowered = stripped.lower()
    if lowered in NO_VALUE:
        return math.nan
    if lowered in ("true", "false"):
        return float(lowered == "true")
    money = _MONEY.fullmatch(stripped)
    if money is not None:
        stripped = money[1] + money[2]
    if _THOUSANDS.fullmatch(stripped):
        stripped = stripped.replace(",", "")
    number = float(stripped) if _NUMBER.fullmatch(stripped) else math.inf
    return None if math.isinf(number) else number


def _finite(number: float, value: object) -> float:
    if math.isinf(number):
        raise FrameError(f"must be a finite number - got {_shown(value)}")
    return number


def read_days(value: Any) -> float | None:
    """Read a value as a moment, in days since 1970-01-01 (UTC where it has a zone).

    Parameters
    ----------
    value : object
        A date, a datetime or timestamp, or text that starts with year, month and day, such as ``2024-03-01``,
        ``2024.3.1``, ``2024/03/01 09:30`` or ``2024년 3월 1일``; or the digits ``20240301`` or ``202403``, as text or
        as a number (the first day of the month).

    Returns
    -------
    float, or None where the text is no date

    Raises
    ------
    FrameError
        If the value is of a kind that is never a date.

    Examples
    --------
    >>> read_days("1970-01-02 12:00"), read_days("1970. 1. 3"), read_days("soon")
    (1.5, 2.0, None)
    >>> read_days("1970년 1월 3일"), read_days(19700103), read_days("197002")
    (2.0, 2.0, 31.0)
    >>> read_days(12.5)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: must be a date - got float 12.5
    """
    if is_missing(value):
        return math.nan
    if isinstance(value, str):
        return _read_days_text(value)
    value = _plain(value)
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        return float((value - _EPOCH).total_seconds() / _DAY_SECONDS)
    if isinstance(value, date):
        return float((value - _EPOCH.date()).days)
    whole = hasattr(value, "__index__") or (isinstance(value, float) and value.is_integer())  # numpy's numbers too
    if whole and not hasattr(value, "__len__") and 0 < value < 1e8 and _COMPACT_DATE.fullmatch(str(int(value))):
        return _read_days_text(str(int(value)))
    raise FrameError(f"must be a date - got {_kind_and_value(value)}")


def _read_days_text(text: str) -> float | None:
    stripped = text.strip()
    if stripped.lower() in NO_VALUE:
        return math.nan
    compact = stripped.replace(". ", ".")
    found = _DATE.fullmatch(stripped) or _DATE.fullmatch(compact) or _KOREAN_DATE.fullmatch(stripped)
    found = found or _COMPACT_DATE.fullmatch(stripped)
    if found is None:
        return None
    year, month, day, clock = (*found.groups(), None)[:4]
    clock = f"{(clock or '').strip(' T')}"
    if clock:
        clock = f" {clock if clock[1:2].isdigit() else '0' + clock}"  # Excel writes 9:05
    try:
        return read_days(datetime.fromisoformat(f"{year}-{month:0>2}-{day or '1':0>2}{clock}"))
    except (ValueError, OverflowError):
        return None


def read_category(value: Any) -> str | None:
    """Read a value as the name of a category.

    Parameters
    ----------
    value : object
        Text (blanks around it dropped, Korean composed), a number (``1.0`` is ``"1"``), a bool (``"1"`` or ``"0"``),
        or a date (ISO). Missing values and empty text are no category.

    Returns
    -------
    str, or None where there is no value

    Raises
    ------
    FrameError
        If the value is of a kind that names nothing, such as a list.

    Examples
    --------
    >>> read_category(" Yes "), read_category(1.0), read_category(None)
    ('Yes', '1', None)
    >>> read_category({"a": 1})
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: must be text or a number - got dict {'a': 1}
    """
    if is_missing(value):
        return None
    if isinstance(value, str):
        return normalize("NFC", value).strip() or None
    value = _plain(value)
    if isinstance(value, (date, Decimal)):
        return str(value)
    if hasattr(value, "__len__"):
        raise FrameError(f"must be text or a number - got {_kind_and_value(value)}")
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return _shown(value) if isinstance(value, int) else str(value)
    if not number.is_integer():
        return repr(number)
    # A whole number is shown as it is: a long key has more digits than a float can hold.
    return str(int(value)) if hasattr(value, "__index__") else str(int(number))


def _plain(value: Any) -> Any:
    """Python's own date or time span instead of numpy's or a pandas Period, without importing either."""
    if type(value).__name__ in ("datetime64", "timedelta64"):
        return value.astype(f"{type(value).__name__}[us]").item()
    return value.to_timestamp() if hasattr(value, "to_timestamp") and not hasattr(value, "__len__") else value


def _kind_and_value(value: object) -> str:
    text = _shown(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python refuses to write out whole numbers of more than 4,300 digits
        return "a number of thousands of digits"

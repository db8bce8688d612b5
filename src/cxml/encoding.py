"""From columns of any kind to one matrix of numbers, learned once and the same for a batch and for a record.

A category becomes the place of its level, a date the days before the as-of date (or since 1970 where there is none),
and a missing or never-seen value NaN. What each column is, is decided when the encoder learns and stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cxml.errors import CxmlError, FrameError, shorten
from cxml.frames import check_columns, check_record, distinct
from cxml.values import is_missing, read_category, read_days, read_number

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["number", "flag", "category", "date"]

_LARGEST = 1.7976931348623157e308
_FEATURE_TYPE = {"number": "number", "flag": "number", "category": "text", "date": "date"}


@dataclass(frozen=True)
class Column:
    """One column as it was learned.

    Attributes
    ----------
    name : str
    kind : ``number``, ``flag`` (true or false), ``category`` or ``date``
    levels : tuple of str
        The categories, most frequent first; their places are their codes.
    dirty : bool
        Whether text that is no number (or no date) was met when learning. Such text then counts as missing;
        otherwise it is refused.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    dirty: bool = False

    def read(self, value: Any) -> float:
        """Turn one value into its number; NaN where it is missing or was never seen.

        Raises
        ------
        FrameError
            If the value cannot belong to a column of this kind.
        """
        if self.kind == "category":
            return self.codes.get(read_category(value), math.nan)
        number = read_days(value) if self.kind == "date" else read_number(value)
        if number is None:
            if not self.dirty:
                what = "a date" if self.kind == "date" else "a number"
                raise FrameError(f"must be {what} - got {value!r}")
            return math.nan
        return number

    @cached_property
    def codes(self) -> dict[str | None, float]:
        """Level -> code."""
        return {level: float(code) for code, level in enumerate(self.levels)}

    def text(self, value: Any) -> str:
        """Show one value as a person would write it; empty where it is missing."""
        if is_missing(value):
            return ""
        if self.kind in ("category", "date"):
            return read_category(value) or ""
        number = self.read(value)
        if math.isnan(number):
            return ""
        if self.kind == "flag":
            return "True" if number else "False"
        return f"{number:,.0f}" if number.is_integer() else f"{number:,.4g}" if abs(number) < 1e4 else f"{number:,.2f}"


class Encoder:
    """Encodes frames and records by the columns it was given.

    Parameters
    ----------
    columns : sequence of Column
        In the order of the matrix.
    time : str, optional
        The as-of column: dates are then counted in days before it (negative: before).

    Examples
    --------
    >>> import pandas as pd
    >>> encoder = Encoder([Column("age", "number"), Column("plan", "category", ("basic", "plus"))])
    >>> encoder.encode(pd.DataFrame({"plan": ["plus", None], "age": [31, 40]})).tolist()
    [[31.0, 1.0], [40.0, nan]]
    >>> encoder.encode_one({"age": "31", "plan": "plus", "shoe_size": 9})
    [31.0, 1.0]
    >>> encoder.encode_one({"age": "thirty", "plan": "plus"})
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The column 'age' must be a number - got 'thirty'. Correct it, or leave it empty.
    """

    def __init__(self, columns: Sequence[Column], *, time: str | None = None) -> None:
        self.columns = tuple(columns)
        self.time = time
        self.names = tuple(column.name for column in self.columns)
        #: place -> how many levels, of each category
        self.level_counts = {i: len(one.levels) for i, one in enumerate(self.columns) if one.kind == "category"}
        self._dates = [i for i, column in enumerate(self.columns) if column.kind == "date"]
        #: name, level -> code (None: a number; a date has none and is always read), how to read what is not quick
        self._readers: list[tuple[str, dict[Any, float] | None, Callable[[Any], float]]] = [
            (column.name, dict(column.codes) if column.kind in ("category", "date") else None, column.read)
            for column in self.columns
        ]

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """Encode a frame.

        Parameters
        ----------
        frame : DataFrame
            Its order of columns does not matter; further columns are ignored.

        Returns
        -------
        array of float64, shape (n_rows, n_columns), NaN where missing

        Raises
        ------
        FrameError
            If a column is missing or a value cannot be read; the message names them.
        """
        check_columns(frame.columns, self.needed, what="This model")
        matrix = np.empty((len(frame), len(self.columns)))
        for place, column in enumerate(self.columns):
            matrix[:, place] = read_column(frame[column.name], column)
        if self._dates and self.time is not None:
            moment = read_column(frame[self.time], Column(self.time, "date"))
            matrix[:, self._dates] -= moment[:, None]
        return matrix

    def encode_one(self, record: Mapping[str, Any]) -> list[float]:
        """Encode one record, just as `encode` would encode a frame of this one row.

        Raises
        ------
        FrameError
            If it is no mapping, lacks a field, or holds a value that cannot be read.
        """
        values: list[float] = []
        append = values.append
        try:
            for name, codes, read in self._readers:
                value = record[name]
                if codes is not None:
                    code = codes.get(value) if type(value) is str else None
                    append(read(value) if code is None else code)
                elif (type(value) is float or type(value) is int) and -_LARGEST <= value <= _LARGEST:
                    append(value)
                else:
                    append(read(value))
        except (KeyError, TypeError, FrameError) as error:
            raise self._explain(record, error) from None
        if self._dates and self.time is not None:
            return self._before(record, values)
        return values

    def _before(self, record: Mapping[str, Any], values: list[float]) -> list[float]:
        check_columns(record, [self.time or ""], what="This model")
        try:
            moment = Column(self.time or "", "date").read(record[self.time or ""])
        except FrameError as error:
            raise FrameError(_advise(self.time or "", str(error))) from None
        for place in self._dates:
            values[place] -= moment
        return values

    def _explain(self, record: Any, error: Exception) -> CxmlError:
        """Find out, off the quick path, what was wrong with a record."""
        check_record(record)
        check_columns(record, self.needed, what="This model")
        for column in self.columns:
            try:
                column.read(record[column.name])
            except FrameError as fault:
                return FrameError(_advise(column.name, str(fault)))
        raise error

    @property
    def needed(self) -> list[str]:
        """The columns that a frame must hold."""
        also = [self.time] if self.time is not None and self._dates else []
        return [*self.names, *(name for name in also if name not in self.names)]

    def features(self) -> dict[str, str]:
        """Name -> ``number``, ``text`` or ``date``, for every needed column."""
        named = {column.name: _FEATURE_TYPE[column.kind] for column in self.columns}
        return {name: named.get(name, "date") for name in self.needed}

    def texts(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Show the values of a frame as a person would write them; empty where missing."""
        import pandas as pd

        shown: dict[str, np.ndarray] = {}
        for column in self.columns:
            codes, uniques = distinct(frame[column.name])
            shown[column.name] = np.array([*map(column.text, uniques), ""], dtype=object)[codes]
        return pd.DataFrame(shown, index=frame.index)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"columns": [asdict(column) for column in self.columns], "time": self.time}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Encoder:
        """Back from `to_json`."""
        columns = [Column(**{**one, "levels": tuple(one["levels"])}) for one in values["columns"]]
        return cls(columns, time=values["time"])


def read_column(values: pd.Series, column: Column) -> np.ndarray:
    """Read a whole column as `Column.read` reads each of its values, visiting each distinct value once.

    Returns
    -------
    array of float64, shape (n_rows,)

    Raises
    ------
    FrameError
        If a value cannot be read; the message says in how many rows and shows up to five.
    """
    if column.kind in ("number", "flag") and values.dtype.kind in "fiub":
        numbers: np.ndarray = values.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(numbers).any():
            _refuse(column.name, {"inf": "must be a finite number - got inf"}, int(np.isinf(numbers).sum()))
        return numbers
    if column.kind == "date" and values.dtype.kind == "M":
        return _days(values)
    codes, uniques = distinct(values)
    known: np.ndarray = np.full(len(uniques) + 1, np.nan)  # the last is where factorize puts missing values: code -1
    faults: dict[str, str] = {}
    faulty: list[int] = []
    for place, value in enumerate(uniques):
        try:
            known[place] = column.read(value)
        except FrameError as fault:
            faults[repr(value)] = str(fault)
            faulty.append(place)
    if faults:
        _refuse(column.name, faults, int(np.isin(codes, faulty).sum()))
    found: np.ndarray = known[codes]
    return found


def _days(values: pd.Series) -> np.ndarray:
    plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if values.dt.tz is not None else values
    # Microseconds: nanoseconds end in 2262, and tables say 9999-12-31 for "no end".
    whole = plain.astype("datetime64[us]").to_numpy().view(np.int64) / 86_400e6
    found: np.ndarray = np.where(values.isna(), np.nan, whole)
    return found


def _refuse(name: str, faults: Mapping[str, str], rows: int) -> None:
    first = next(iter(faults.values()))
    others = f" (in {rows:,} rows, such as {', '.join(list(faults)[:5])})" if rows > 1 else ""
    raise FrameError(_advise(name, first + others))


def _advise(name: str, fault: str) -> str:
    return f"The column {name!r} {fault}. Correct it, or leave it empty."


def learn_columns(frame: pd.DataFrame, *, keep: Iterable[str] = ()) -> tuple[list[Column], dict[str, str]]:
    """Decide what each column is, and which ones nothing can be learned from.

    A column of numbers is a number; text of which at least 95 % reads as numbers (dates) is a number (date), unless
    a number begins with a zero, as codes do; other text is a category. Left out are columns without any value, with
    one value only, text of which nine in ten values are distinct, and whole numbers so free of repeats that chance
    would hardly do it: with ``n`` values drawn from a range of ``r``, no repeat has the probability
    ``exp(-n**2 / (2 r))`` (the birthday problem), and below one in a thousand the column names its row.

    Parameters
    ----------
    frame : DataFrame
    keep : names
        Columns kept whatever they look like.

    Returns
    -------
    (list of Column, dict of name -> why it was left out)

    Raises
    ------
    FrameError
        If a column holds lists, or infinite numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> columns, left_out = learn_columns(pd.DataFrame({"paid": ["1.5", " ", "2"], "one": 1, "plan": ["a", "b", "a"]}))
    >>> [(column.name, column.kind) for column in columns], left_out
    ([('paid', 'number'), ('plan', 'category')], {'one': 'has one value only'})
    """
    columns: list[Column] = []
    left_out: dict[str, str] = {}
    for name in frame.columns:
        column = _learn_column(frame[name])
        reason = "" if name in keep else _useless(frame[name], column)
        if reason:
            left_out[name] = reason
        else:
            columns.append(column)
    return columns, left_out


def _learn_column(values: pd.Series) -> Column:
    import pandas as pd

    name, dtype = str(values.name), values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return Column(name, "category", _levels(values))
    if pd.api.types.is_bool_dtype(dtype):
        return Column(name, "flag")
    if dtype.kind in "fium":
        read_column(values, Column(name, "number"))
        return Column(name, "number")
    if dtype.kind == "M" or isinstance(dtype, pd.PeriodDtype):
        return Column(name, "date")
    return _learn_text(values)


def _learn_text(values: pd.Series) -> Column:
    name = str(values.name)
    codes, uniques = distinct(values)
    weight = np.bincount(codes[codes >= 0], minlength=len(uniques))
    filled = max(int(weight.sum()), 1)
    if uniques and all(isinstance(one, (bool, np.bool_)) or str(one).lower() in ("true", "false") for one in uniques):
        return Column(name, "flag")
    coded = any(isinstance(one, str) and one[:1] == "0" and one.isdigit() and len(one) > 1 for one in uniques)
    readers: list[tuple[Kind, Callable[[Any], float | None]]] = [("number", read_number), ("date", read_days)]
    for kind, read in readers:
        state = np.array([_state(read, one) for one in uniques], dtype=int)
        unread = int(weight[state == _UNREAD].sum())
        some = bool(weight[state == _READ].sum())
        if some and unread <= 0.05 * filled and not (kind == "number" and coded):
            return Column(name, kind, dirty=unread > 0)
    return Column(name, "category", _levels(values))


_UNREAD, _EMPTY, _READ = -1, 0, 1


def _state(read: Callable[[Any], float | None], value: Any) -> int:
    try:
        number = read(value)
    except FrameError as fault:
        if "finite" in str(fault):
            raise
        return _UNREAD
    if number is None:
        return _UNREAD
    return _EMPTY if math.isnan(number) else _READ


def learn_levels(values: pd.Series, kind: Kind, *, dirty: bool) -> Column:
    """Learn the levels of a column whose kind is settled already.

    >>> import pandas as pd
    >>> learn_levels(pd.Series(["a", "b", "a"], name="plan"), "category", dirty=False)
    Column(name='plan', kind='category', levels=('a', 'b'), dirty=False)
    """
    return Column(str(values.name), kind, _levels(values) if kind == "category" else (), dirty)


def _levels(values: pd.Series) -> tuple[str, ...]:
    codes, uniques = distinct(values)
    weight = np.bincount(codes[codes >= 0], minlength=len(uniques))
    counts: dict[str, int] = {}
    for value, rows in zip(uniques, weight, strict=True):
        level = read_category(value)
        if level is not None and rows:
            counts[level] = counts.get(level, 0) + int(rows)
    return tuple(sorted(counts, key=lambda level: (-counts[level], level)))


def _useless(values: pd.Series, column: Column) -> str:
    if column.kind == "category":
        filled = int(values.notna().sum())
        if not column.levels:
            return "has no value in any row"
        if len(column.levels) == 1 and filled == len(values):
            return "has one value only"
        if len(column.levels) > 0.9 * filled and filled >= 20:
            return "looks like an identifier or free text: nearly every row has a value of its own"
        return ""
    numbers = read_column(values, column)
    filled_numbers = numbers[~np.isnan(numbers)]
    if not filled_numbers.size:
        return "has no value in any row"
    if filled_numbers.size == numbers.size and filled_numbers.min() == filled_numbers.max():
        return "has one value only"
    if column.kind == "number" and _names_its_row(filled_numbers):
        return "looks like an identifier: whole numbers that never repeat"
    return ""


def _names_its_row(numbers: np.ndarray) -> bool:
    if numbers.size < 20 or (numbers != np.floor(numbers)).any() or len(np.unique(numbers)) < numbers.size:
        return False
    spread = float(numbers.max() - numbers.min()) + 1.0
    return math.exp(-(numbers.size**2) / (2.0 * spread)) < 1e-3


def describe_left_out(left_out: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each reason, naming its columns.

    >>> describe_left_out({"a": "has one value only", "b": "has one value only"})
    ("Left out, has one value only: 'a', 'b'",)
    """
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        reasons.setdefault(reason, []).append(name)
    return tuple(f"Left out, {reason}: {shorten(names, 20)}" for reason, names in reasons.items())

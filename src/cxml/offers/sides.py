"""The columns of customers and of entries as terms of an expression: numbers, dates and texts, missing ones known.

A side is a frame or one record. Its values are read by the same rules either way, so that one customer is judged as the
same customer would be within a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.encoding import Column, read_column
from cxml.errors import FrameError
from cxml.frames import distinct
from cxml.values import is_missing, is_number, read_category, read_days, read_number

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Numbers:
    """Numbers; NaN where missing. True and false are 1 and 0."""

    data: np.ndarray


@dataclass(frozen=True)
class Dates:
    """Moments in days since 1970-01-01; NaN where missing."""

    data: np.ndarray


@dataclass(frozen=True)
class Texts:
    """Texts as places among `levels`; -1 where missing."""

    codes: np.ndarray
    levels: tuple[str, ...]


Term = Numbers | Dates | Texts


class Side:
    """Customers or entries, column by column.

    Parameters
    ----------
    values : DataFrame or mapping
        A frame, or one record: column -> value.
    axis : {0, 1}
        0: one value a row of the result (customers, and a record), 1: one value a column of it (entries).
    """

    def __init__(self, values: pd.DataFrame | Mapping[str, Any], axis: int) -> None:
        self._values = values
        self._is_record = isinstance(values, Mapping)
        self._shape = (-1, 1) if axis == 0 else (1, -1)
        self._read: dict[str, Term] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        """Names of the columns."""
        return [str(name) for name in self._values]

    def term(self, name: str) -> Term:
        """Read one column, once.

        Returns
        -------
        Numbers, Dates or Texts, of shape (n, 1) or (1, m)
        """
        if name not in self._read:
            value = self._values[name]
            self._read[name] = _read_one(value) if self._is_record else self._placed(_read_column(value))
        return self._read[name]

    def _placed(self, term: Term) -> Term:
        if isinstance(term, Texts):
            return Texts(term.codes.reshape(self._shape), term.levels)
        return type(term)(term.data.reshape(self._shape))


def constant(value: Any) -> Term:
    """Read one value of an expression or a record, of shape (1, 1)."""
    return _read_one(value)


def _read_one(value: Any) -> Term:
    if isinstance(value, str):
        text = read_category(value)
        return Texts(np.zeros((1, 1), dtype=np.int64), (text,)) if text else _nothing()
    if is_missing(value):
        return _nothing()
    if isinstance(value, bool | np.bool_) or is_number(value):
        return Numbers(np.array([[float(value)]]))
    if _is_date(value):
        return Dates(np.array([[_days(value)]]))
    return _texts(np.zeros((1, 1), dtype=np.int64), [value])


def _nothing() -> Texts:
    return Texts(np.full((1, 1), -1), ())


def _read_column(values: pd.Series) -> Term:
    import pandas as pd

    name, dtype = str(values.name), values.dtype
    if dtype.kind in "fiubm" and not isinstance(dtype, pd.CategoricalDtype):
        numbers = read_column(values, Column(name, "number"))
        return Texts(np.full(len(values), -1), ()) if np.isnan(numbers).all() else Numbers(numbers)
    if dtype.kind == "M" or isinstance(dtype, pd.PeriodDtype):
        return Dates(read_column(values, Column(name, "date")))
    codes, uniques = distinct(values)
    if uniques and all(isinstance(one, bool | np.bool_) or is_number(one) for one in uniques):
        return Numbers(np.array([*map(float, uniques), np.nan])[codes])
    if uniques and all(_is_date(one) for one in uniques):
        return Dates(np.array([*map(_days, uniques), np.nan])[codes])
    try:
        return _texts(codes, uniques)
    except FrameError as fault:
        raise FrameError(f"The column {name!r} {fault}. Correct it, or leave it empty.") from None


def _texts(codes: np.ndarray, uniques: list[Any]) -> Texts:
    """Texts that only differ by blanks around them, or by how Korean is composed, are one level."""
    found: dict[str, int] = {}
    place = np.full(len(uniques) + 1, -1)
    for number, value in enumerate(uniques):
        text = read_category(value)
        if text is not None:
            place[number] = found.setdefault(text, len(found))
    return Texts(place[codes], tuple(found))


def _is_date(value: Any) -> bool:
    from datetime import date

    return isinstance(value, date | np.datetime64) or hasattr(value, "to_timestamp")


def _days(value: Any) -> float:
    return float(read_days(value) or 0.0)


def as_dates(term: Term) -> Dates | None:
    """Texts read as dates, or None where one of them is none."""
    return _reread(term, read_days, Dates) if isinstance(term, Texts) else term if isinstance(term, Dates) else None


def as_numbers(term: Term) -> Numbers | None:
    """Texts read as numbers, or None where one of them is none."""
    return (
        _reread(term, read_number, Numbers) if isinstance(term, Texts) else term if isinstance(term, Numbers) else None
    )


def _reread(term: Texts, read: Any, kind: Any) -> Any:
    numbers = [read(level) for level in term.levels]
    return None if None in numbers else kind(np.array([*numbers, np.nan])[term.codes])

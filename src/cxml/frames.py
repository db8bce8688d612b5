"""The door: what a frame must be before anything else looks at it.

pandas is used inside; any frame that speaks the Arrow stream interface (polars, pyarrow, DuckDB) is accepted here
and answered in pandas. Every refusal names what it must be, what was got, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cxml.errors import FrameError, nearest, shorten
from cxml.values import SPREAD, one_value, read_category

if TYPE_CHECKING:
    import pandas as pd


def as_pandas(frame: Any, *, what: str = "The data") -> pd.DataFrame:
    """Accept a frame of any library that speaks Arrow, and answer in pandas.

    Parameters
    ----------
    frame : DataFrame
        pandas, or anything with ``__arrow_c_stream__`` (polars, pyarrow, ...).
    what : str
        The subject of the error's sentence.

    Returns
    -------
    pandas.DataFrame
        The same object when it was pandas already; never changed by cxml.

    Raises
    ------
    FrameError
        If it is no frame, is empty, or repeats a column name.

    Examples
    --------
    >>> import pandas as pd
    >>> as_pandas(pd.DataFrame({"a": [1]})).shape
    (1, 1)
    >>> as_pandas([1, 2])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The data must be a data frame (pandas, polars, pyarrow) - got list. Make one with \
pandas.DataFrame(...).
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        if not hasattr(frame, "__arrow_c_stream__"):
            raise FrameError(
                f"{what} must be a data frame (pandas, polars, pyarrow) - got {type(frame).__name__}. "
                "Make one with pandas.DataFrame(...)."
            )
        import pyarrow as pa

        frame = pa.RecordBatchReader.from_stream(frame).read_all().to_pandas()
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise FrameError(
            f"{what} must name each column once - got {shorten(repeated.unique())} more than once. "
            "Rename or drop the repeated ones."
        )
    unnamed = [name for name in frame.columns if not isinstance(name, str)]
    if unnamed:
        raise FrameError(
            f"{what} must name its columns with text - got {shorten(unnamed)}. "
            "Rename them: frame.columns = frame.columns.astype(str)."
        )
    if not len(frame):
        raise FrameError(f"{what} must hold at least one row - got none. Check the query or the filter before it.")
    return cast("pd.DataFrame", frame)


def check_columns(present: Iterable[str], needed: Sequence[str], *, what: str, advice: str = "") -> None:
    """Refuse a frame that lacks columns, naming the nearest ones that it has.

    Parameters
    ----------
    present, needed : names
    what : str
        The subject of the sentence: who needs them.
    advice : str
        What to do, where the caller knows better than "rename or add".

    Raises
    ------
    FrameError
        If any of `needed` is missing.

    Examples
    --------
    >>> check_columns(["tenur", "x"], ["tenure"], what="This model")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: This model needs the column 'tenure' - the data has 2 columns and not this one. \
Did you mean 'tenur'? Rename it or add it; where its values are unknown, leave them empty.
    """
    have = list(present)
    missing = [name for name in needed if name not in have]
    if not missing:
        return
    near = nearest(missing[0], [name for name in have if name not in needed])
    noun = "the column" if len(missing) == 1 else f"{len(needed)} columns, among them"
    not_there = "this one" if len(missing) == 1 else "these"
    advice = advice or "Rename it or add it; where its values are unknown, leave them empty."
    raise FrameError(
        f"{what} needs {noun} {shorten(missing)} - the data has {len(have)} columns and not {not_there}.{near} {advice}"
    )


def check_record(record: object) -> None:
    """Refuse a record that is no mapping.

    Raises
    ------
    FrameError

    Examples
    --------
    >>> check_record({"tenure": 3})
    >>> check_record([3])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: A record must be a mapping of column to value, such as a dict - got list. For many records \
at once, predict on a data frame.
    """
    if not isinstance(record, Mapping):
        raise FrameError(
            f"A record must be a mapping of column to value, such as a dict - got {type(record).__name__}. "
            "For many records at once, predict on a data frame."
        )


def binary_target(values: pd.Series, *, positive: object = None) -> tuple[np.ndarray, object, object]:
    """Turn a column with two labels into 0 and 1.

    Parameters
    ----------
    values : Series
        Two distinct labels of any kind, none missing.
    positive : label, optional
        The label that becomes 1. Left out, it is taken from ``1``, ``True``, and the words yes, true, y, churned,
        left, 예, 이탈, 해지 in any case; other pairs of labels need it said.

    Returns
    -------
    (array of {0, 1}, positive label, negative label)

    Raises
    ------
    FrameError
        If labels are missing, are not two, or the positive one cannot be told.

    Examples
    --------
    >>> import pandas as pd
    >>> binary_target(pd.Series(["No", "Yes"], name="Churn"))
    (array([0, 1]), 'Yes', 'No')
    >>> binary_target(pd.Series(["No", "No"], name="Churn"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The target 'Churn' must have two labels - got 1: 'No'. A model that tells them apart \
needs rows of both kinds.
    """
    missing = int(values.isna().sum())
    if missing:
        raise FrameError(
            f"The target {values.name!r} must be known in every row to learn from - {missing:,} of {len(values):,} "
            "rows have none. Drop these rows, or predict them."
        )
    codes, labels = _labels(values)
    if len(labels) != 2:
        advice = (
            "A model that tells them apart needs rows of both kinds."
            if len(labels) < 2
            else "Join them into two, or name another column as target=."
        )
        raise FrameError(
            f"The target {values.name!r} must have two labels - got {len(labels)}: {shorten(labels)}. {advice}"
        )
    index = _positive_index(labels, positive, name=str(values.name))
    target = (codes == index).astype(np.int64)
    return target, labels[index], labels[1 - index]


def holds_label(values: pd.Series, label: object) -> np.ndarray:
    """Which values are a label of `binary_target`: equal to it, or written alike. A missing one is not.

    Parameters
    ----------
    values : Series
    label : label

    Returns
    -------
    array of bool, shape (n_rows,)

    Examples
    --------
    >>> import pandas as pd
    >>> holds_label(pd.Series(["1", 1, True, "no", None]), 1).tolist()
    [True, True, True, False, False]
    """
    found: np.ndarray = ((values == label) | (values.astype(str) == str(label))).to_numpy(dtype=bool, na_value=False)
    return found & values.notna().to_numpy()


def _labels(values: pd.Series) -> tuple[np.ndarray, list[object]]:
    import pandas as pd

    try:
        codes, uniques = pd.factorize(values, sort=False)
    except TypeError:
        raise FrameError(
            f"The target {values.name!r} must hold plain labels - got {type(values.iloc[0]).__name__} values."
            " Turn them into two labels."
        ) from None
    labels = [one.item() if isinstance(one, np.generic) else one for one in uniques.tolist()]
    return codes, labels


_YES = {"1", "1.0", "true", "yes", "y", "churn", "churned", "left", "예", "이탈", "해지", "수락", "accepted"}


def _positive_index(labels: list[object], positive: object, *, name: str) -> int:
    if positive is not None:
        found = [i for i, label in enumerate(labels) if label == positive or str(label) == str(positive)]
        if not found:
            raise FrameError(f"positive= must be one of the labels of {name!r}, {shorten(labels)} - got {positive!r}.")
        return found[0]
    said = [i for i, label in enumerate(labels) if str(label).strip().lower() in _YES]
    if len(said) != 1:
        raise FrameError(
            f"The target {name!r} has the labels {shorten(labels)} and it is not plain which one means yes. "
            f"Say it: positive={labels[0]!r}."
        )
    return said[0]


def check_unique(frame: pd.DataFrame, names: Sequence[str], *, advice: str) -> None:
    """Refuse rows that repeat a key, with a count and up to five of them.

    Raises
    ------
    FrameError
        If two rows hold the same values in `names`, or one of them is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> check_unique(pd.DataFrame({"id": [1, 1, 2]}), ["id"], advice="Keep one.")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Each row must have its own 'id' - 2 of 3 rows repeat one, such as 1. Keep one.
    """
    words = " and ".join(map(repr, names))
    keys = frame[list(names)]
    empty = int(keys.isna().any(axis=1).sum())
    if empty:
        raise FrameError(
            f"Each row must have its own {words} - {empty:,} of {len(frame):,} rows have none. "
            "Fill it or drop these rows."
        )
    repeated = keys.duplicated(keep=False)
    if repeated.any():
        distinct = keys[repeated].drop_duplicates()
        shown = distinct[names[0]] if len(names) == 1 else distinct.itertuples(index=False, name=None)
        listed = shorten(one.item() if isinstance(one, np.generic) else one for one in shown)
        raise FrameError(
            f"Each row must have its own {words} - {int(repeated.sum()):,} of {len(frame):,} rows repeat one, "
            f"such as {listed}. {advice}"
        )


def hash_rows(frame: pd.DataFrame, *, as_text: bool = False) -> np.ndarray:
    """Give each row a number that depends on its values only, not on its place or on the widths of dtypes.

    Parameters
    ----------
    frame : DataFrame
        The order of its columns does not matter.
    as_text : bool, default=False
        Whether the number 1 and the text "1" are the same, as they should be for a key.

    Returns
    -------
    array of uint64, shape (n_rows,)

    Examples
    --------
    >>> import pandas as pd
    >>> one = hash_rows(pd.DataFrame({"a": [1, 2], "b": ["x", None]}))
    >>> two = hash_rows(pd.DataFrame({"b": [None, "x"], "a": [2.0, 1.0]}))
    >>> bool((one == two[::-1]).all())
    True
    """
    total = np.zeros(len(frame), dtype=np.uint64)
    for name in sorted(frame.columns):
        salt = int.from_bytes(sha256(name.encode()).digest()[:8], "little") | 1
        total = total * np.uint64(1_099_511_628_211) + (_hash_column(frame[name], as_text=as_text) ^ np.uint64(salt))
    return total


_MISSING_HASH = np.uint64(0x6D697373696E6721)


def _hash_column(values: pd.Series, *, as_text: bool) -> np.ndarray:
    import pandas as pd

    absent = values.isna().to_numpy()
    if not as_text and values.dtype.kind in "iub" and not absent.any():
        hashed = pd.util.hash_array(values.to_numpy(dtype=np.int64 if values.dtype.kind != "u" else np.uint64))
    elif not as_text and values.dtype.kind in "fiub":
        hashed = _hash_floats(values.to_numpy(dtype=np.float64, na_value=np.nan))
    elif values.dtype.kind == "M":
        plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(values.dt, "tz", None) else values
        hashed = pd.util.hash_array(plain.astype("datetime64[us]").to_numpy().view(np.int64))
    else:
        hashed = _hash_texts(values)
    found: np.ndarray = np.where(absent, _MISSING_HASH, hashed)
    return found


def _hash_texts(values: pd.Series) -> np.ndarray:
    import pandas as pd

    try:
        codes, uniques = distinct(values)
        texts = [read_category(one) or "" for one in uniques]
    except FrameError:  # lists and the like: no feature, but part of the row
        codes, texts = np.arange(len(values)), [repr(one) for one in values]
    found: np.ndarray = pd.util.hash_array(np.array([*texts, ""], dtype=object), categorize=False)[codes]
    return found


def _hash_floats(numbers: np.ndarray) -> np.ndarray:
    """Whole floats hash as the integers that they are, so that a column keeps its hashes when it gains a gap."""
    import pandas as pd

    whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < 2.0**53)
    as_integers = pd.util.hash_array(np.where(whole, numbers, 0.0).astype(np.int64))
    found: np.ndarray = np.where(whole, as_integers, pd.util.hash_array(numbers))
    return found


def distinct(values: pd.Series, *, sort: bool = False, advice: str = SPREAD) -> tuple[np.ndarray, list[Any]]:
    """Place of each row's value among the distinct values (-1 where missing), and these values.

    Parameters
    ----------
    values : Series
    sort : bool, default=False
        Whether the distinct values come in order, or as they occur.
    advice : str
        What to do, as of `one_value`.

    Raises
    ------
    FrameError
        If the column holds lists, dicts or other values that are no single thing.
    """
    import pandas as pd

    try:
        codes, uniques = pd.factorize(values, sort=sort)
    except TypeError:
        for one in values:
            one_value(one, str(values.name), advice=advice)
        raise
    return codes, list(uniques)


def digest(frame: pd.DataFrame) -> str:
    """Make a short text that two frames share when they hold the same rows, in any order.

    Examples
    --------
    >>> import pandas as pd
    >>> digest(pd.DataFrame({"a": [1, 2]})) == digest(pd.DataFrame({"a": [2, 1]}))
    True
    """
    rows = np.sort(hash_rows(frame))
    names = "\x00".join(sorted(frame.columns)).encode()
    return sha256(names + rows.tobytes()).hexdigest()[:16]

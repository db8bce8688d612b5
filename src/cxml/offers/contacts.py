"""How often each customer was contacted lately: rolling counts from the log of contacts."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.encoding import Column, read_column
from cxml.errors import ConfigError, FrameError
from cxml.frames import as_pandas, check_columns, distinct
from cxml.offers.moment import Moment, zoned
from cxml.values import ONE_NAME, read_category

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from cxml.offers.policy import Cap


def hash_text(value: Any) -> int:
    """Number of 64 bits of a key or a name; 1, 1.0 and "1" have the same.

    One value costs a microsecond, which `cxml.frames.hash_rows`, made for frames, cannot offer to single records.

    >>> hash_text(1) == hash_text("1")
    True
    """
    return int.from_bytes(blake2b((read_category(value) or "").encode(), digest_size=8).digest(), "little")


def hash_key(record: Mapping[str, Any], key: str) -> np.ndarray:
    """`hash_text` of the key of one record.

    Returns
    -------
    array of uint64, shape (1,)

    Raises
    ------
    FrameError
        If the key is a list or another thing that names nobody.

    Examples
    --------
    >>> hash_key({"id": ["a"]}, "id")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The column 'id' must be text or a number - got list ['a']. Give each row one text or \
number as its name.
    """
    try:
        return np.array([hash_text(record[key])], dtype=np.uint64)
    except FrameError as error:
        raise FrameError(f"The column {key!r} {error}. {ONE_NAME}") from None


def hash_texts(values: pd.Series) -> np.ndarray:
    """`hash_text` of each value of a column.

    Parameters
    ----------
    values : Series

    Returns
    -------
    array of uint64, shape (n_rows,)
    """
    codes, uniques = distinct(values, advice=ONE_NAME)
    found: np.ndarray = np.array([*map(hash_text, uniques), hash_text(None)], dtype=np.uint64)[codes]
    return found


class Contacts:
    """A log of contacts, ready to be counted.

    Parameters
    ----------
    frame : DataFrame
        One row a contact; no row where nobody was contacted yet.
    key, offer : str
        Its columns that name the customer and the offer. `offer` is needed only where a cap counts offers.
    channel : str, optional
        Its column that names the channel; needed only where a cap counts one channel.
    time : str, optional
        Its column of the moment. Left out: ``time``, or else the only column of dates.
    caps : sequence of Cap
        What will be counted; the columns for it must be there.

    Raises
    ------
    FrameError
        If a needed column is missing.
    ConfigError
        If `time` cannot be told.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxml.offers.policy import Cap
    >>> log = pd.DataFrame({"id": ["a", "a", "b"], "time": ["2026-03-01", "2026-03-06", "2026-01-01"]})
    >>> week = Cap(2, days=7)
    >>> contacts = Contacts(log, key="id", offer="offer", caps=[week])
    >>> customers, offers = hash_texts(pd.Series(["a", "b"])), hash_texts(pd.Series(["gold"]))
    >>> contacts.counts(week, customers, offers, Moment(20519.0)).tolist()  # 2026-03-07
    [[2], [0]]
    >>> Contacts(log, key="customer", offer="offer", caps=[week])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: contacts= needs the column 'customer' - the data has 2 columns and not this one. \
Name it as the customers' key is named.
    """

    def __init__(
        self,
        frame: Any,
        *,
        key: str,
        offer: str,
        channel: str | None = None,
        time: str | None = None,
        caps: Sequence[Cap] = (),
    ) -> None:
        frame = frame if _is_empty(frame) else as_pandas(frame, what="contacts=")
        check_columns(frame.columns, [key], what="contacts=", advice="Name it as the customers' key is named.")
        time = time if time is not None else _time_of(frame)
        by_channel, by_offer = any(cap.channel is not None for cap in caps), any(cap.offer for cap in caps)
        needed = [time, *([channel] if channel is not None and by_channel else []), *([offer] if by_offer else [])]
        check_columns(frame.columns, needed, what="contacts=", advice="A cap of the policy counts by it.")
        hashes = hash_texts(frame[key])
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._zoned = zoned(frame[time])
        self._days = read_column(frame[time], Column(time, "date"))[order]
        self._offers = hash_texts(frame[offer])[order] if by_offer else None
        self._channels = hash_texts(frame[channel])[order] if channel is not None and by_channel else None

    def counts(self, cap: Cap, customers: np.ndarray, offers: np.ndarray, now: Moment) -> np.ndarray:
        """Count contacts of each customer that a cap speaks of.

        Parameters
        ----------
        cap : Cap
        customers : array of uint64, shape (n,)
            Hashes of their keys, see `hash_texts`.
        offers : array of uint64, shape (m,)
            Hashes of the offer of each entry.
        now : Moment

        Returns
        -------
        array of int, shape (n, 1), or (n, m) where the cap counts each offer on its own
        """
        if len(customers) == 1:
            part = slice(*(np.searchsorted(self._hashes, customers[0], side=one) for one in ("left", "right")))
        else:
            part = slice(None)
        days, moment = self._days[part], now.against(self._zoned)
        counted = (days > moment - cap.days) & (days <= moment)
        if cap.channel is not None and self._channels is not None:
            counted &= self._channels[part] == np.uint64(hash_text(cap.channel))
        rows, known = _places(self._hashes[part], customers)
        counted &= known
        if not cap.offer or self._offers is None:
            return np.bincount(rows[counted], minlength=len(customers))[:, None]
        names, of_entry = np.unique(offers, return_inverse=True)
        columns, on_offer = _places(self._offers[part], names)
        counted &= on_offer
        cells = rows[counted] * len(names) + columns[counted]
        found: np.ndarray = np.bincount(cells, minlength=len(customers) * len(names)).reshape(len(customers), -1)
        return found[:, of_entry]


def _places(values: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place of each value in `among`, and whether it is there."""
    order = np.argsort(among, kind="stable")
    place = order[np.minimum(np.searchsorted(among[order], values), len(among) - 1)]
    return place, among[place] == values


def _is_empty(frame: Any) -> bool:
    """A log in which nobody was contacted yet, which `as_pandas` would take for a mistake."""
    import pandas as pd

    return isinstance(frame, pd.DataFrame) and frame.columns.is_unique and not len(frame)


def _time_of(frame: pd.DataFrame) -> str:
    dated = [str(name) for name in frame.columns if frame[name].dtype.kind == "M"]
    if "time" in frame.columns:
        return "time"
    if len(dated) == 1:
        return dated[0]
    raise ConfigError(
        f"contacts= must say when each contact was - got {len(dated)} columns of dates and none named 'time'. "
        "Name it: time='sent_at'."
    )

"""Moments as whole numbers: in order for all, and on the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import FrameError
from cxml.timeseries.clock import zone_of

if TYPE_CHECKING:
    import pandas as pd

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _SECOND, _MICROSECOND = 86_400_000_000_000, 1_000_000_000, 1_000
#: The longest text that `datetime` reads, and where it would lose digits: behind microseconds.
_LONGEST, _TOO_FINE = 32, 26
_NO_ZONE = ""


class Moments:
    """Reads moments, those of a column and one at a time, by the zone of the history.

    Parameters
    ----------
    name : str
        The column, for the errors.
    zone : str, optional
        Name of the time zone, or offset such as ``UTC+09:00``; empty where the history has none. None: not known yet,
        the first column read settles it.

    Examples
    --------
    >>> moments = Moments("ds", "Asia/Seoul")
    >>> utc, local = moments.read_one("2026-01-01T09:00:00+09:00")
    >>> (local - utc) / 3.6e12
    9.0
    >>> moments.read_one("2026-01-01 09:00")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Times in 'ds' must have a time zone, as in the history - got '2026-01-01 09:00'. Write \
2026-01-31T09:30:00+09:00, or use a datetime with its zone.
    """

    def __init__(self, name: str, zone: str | None = None) -> None:
        self.name = name
        self.zone = zone
        self._zone: tzinfo | None = _zone_named(zone) if zone else None

    def read(self, values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Read a column.

        Parameters
        ----------
        values : Series
            Datetimes, dates, periods, or text in ISO form.

        Returns
        -------
        (utc, local) : arrays of int64, nanoseconds since 1970

        Raises
        ------
        FrameError
            If a moment is missing or unreadable, zones are mixed, or the zone is there and not in the history.
        """
        from cxml.timeseries.panel import read_times

        times = read_times(values, name=self.name).as_unit("ns")
        if self.zone is None:
            self.zone = zone_of(times, self.name) or _NO_ZONE
            self._zone = _zone_named(self.zone) if self.zone else None
        if (times.tz is None) != (self._zone is None):
            raise self._other_zone(values.iloc[0])
        if self._zone is None:
            found: np.ndarray = times.asi8
            return found, found
        return times.asi8, times.tz_convert(self._zone).tz_localize(None).asi8

    def read_one(self, value: Any) -> tuple[int, int]:
        """Read one moment: a datetime, a pandas or numpy time, a date, or text in ISO form.

        Returns
        -------
        (utc, local) : int, nanoseconds since 1970

        Raises
        ------
        FrameError
            As for `read`.
        """
        if type(value) is str and len(value) <= _LONGEST and not value[_TOO_FINE : _TOO_FINE + 1].isdigit():
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                return self._read_slowly(value)
        elif type(value) is datetime:
            moment = value
        else:
            return self._read_slowly(value)
        if moment.tzinfo is None:
            if self._zone is not None:
                raise self._other_zone(value)
            since = moment - _EPOCH
            found = since.days * _DAY + since.seconds * _SECOND + since.microseconds * _MICROSECOND
            return found, found
        if self._zone is None:
            raise self._other_zone(value)
        since = moment - _EPOCH_UTC
        found = since.days * _DAY + since.seconds * _SECOND + since.microseconds * _MICROSECOND
        offset = moment.astimezone(self._zone).utcoffset() or timedelta()
        return found, found + (offset.days * 86_400 + offset.seconds) * _SECOND

    def show(self, nanoseconds: int) -> str:
        """Write a moment for people, by the clock on the wall of the history.

        >>> Moments("ds", "Asia/Seoul").show(1_767_225_600_000_000_000)
        '2026-01-01 09:00'
        """
        if self._zone is not None:
            moment = _EPOCH_UTC + timedelta(microseconds=nanoseconds // _MICROSECOND)
            offset = moment.astimezone(self._zone).utcoffset() or timedelta()
            nanoseconds += (offset.days * 86_400 + offset.seconds) * _SECOND
        return show_moment(nanoseconds)

    def _read_slowly(self, value: Any) -> tuple[int, int]:
        """What pandas reads: its own times, numpy's, dates, and text of other forms."""
        import pandas as pd

        if isinstance(value, pd.Timestamp) and self._zone is None and value.tzinfo is None:
            found: int = value.value
            return found, found
        if isinstance(value, np.datetime64) and self._zone is None and not np.isnat(value):
            found = int(value.astype("datetime64[ns]").astype(np.int64))
            return found, found
        one = Moments(self.name, self.zone)
        utc, local = one.read(pd.Series([value], dtype=object if not isinstance(value, pd.Timestamp) else None))
        return int(utc[0]), int(local[0])

    def _other_zone(self, value: Any) -> FrameError:
        if self._zone is None:
            return FrameError(
                f"Times in {self.name!r} must have no time zone, as in the history - got {str(value)!r}. Take the "
                f"clock on the wall: frame[{self.name!r}].dt.tz_convert('Asia/Seoul').dt.tz_localize(None)."
            )
        return FrameError(
            f"Times in {self.name!r} must have a time zone, as in the history - got {str(value)!r}. Write "
            "2026-01-31T09:30:00+09:00, or use a datetime with its zone."
        )


def show_moment(nanoseconds: int) -> str:
    """Write a moment for people, as short as it can be.

    >>> show_moment(1_767_225_600_000_000_000), show_moment(1_767_258_000_000_000_000)
    ('2026-01-01', '2026-01-01 09:00')
    """
    text = str(np.datetime64(nanoseconds, "ns").astype("datetime64[s]")).replace("T", " ")
    return text.removesuffix(":00").removesuffix(" 00:00")


@cache
def _zone_named(name: str) -> tzinfo:
    """A zone by its name, or by its offset from UTC.

    >>> _zone_named("UTC+09:00").utcoffset(None)
    datetime.timedelta(seconds=32400)
    """
    from zoneinfo import ZoneInfo

    if name == "UTC":
        return UTC
    if name.startswith("UTC"):
        sign = -1 if name[3] == "-" else 1
        hours, minutes = name[4:].split(":")[:2]
        return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    return ZoneInfo(name)

"""The moment of a decision: by the clock on the wall, and as an instant where other moments have a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.errors import ConfigError, FrameError
from cxml.values import read_days

if TYPE_CHECKING:
    import pandas as pd

_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Moment:
    """A moment of decision.

    Attributes
    ----------
    days : float
        Days since 1970-01-01 by the clock on the wall, in the zone of the moment: what dates and moments without a
        zone are compared with, and what a day of the policy is.
    utc : float or None
        The same in UTC; None where the moment was given without a zone.
    """

    days: float
    utc: float | None = None

    def against(self, has_zone: bool) -> float:
        """Days to compare with a column of moments: in UTC where these have a zone."""
        if not has_zone:
            return self.days
        if self.utc is not None:
            return self.utc
        # Without a zone of its own the moment is local time, as everywhere in Python.
        local = _EPOCH + timedelta(days=self.days)
        return local.timestamp() / 86_400.0


def moment_of(now: Any) -> Moment:
    """Read the moment of a decision; None is the clock's, in local time.

    Parameters
    ----------
    now : date, datetime, text or None
        With a zone (``2026-03-01 09:30+09:00``) its own clock counts.

    Returns
    -------
    Moment

    Raises
    ------
    ConfigError
        If it is no date and no moment.

    Examples
    --------
    >>> moment_of("1970-01-03").days
    2.0
    >>> moment_of("1970-01-03 06:00+09:00")
    Moment(days=2.25, utc=1.875)
    >>> moment_of("soon")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: now must be a date or a moment - got 'soon'. Such as '2026-03-01 09:30'.
    """
    value = datetime.now().astimezone() if now is None else now
    try:
        utc = days = read_days(value)
        aware = _aware(value)
        if aware is not None:
            days = read_days(aware.replace(tzinfo=None))
    except FrameError:
        days = None
    if days is None or np.isnan(days):
        raise ConfigError(f"now must be a date or a moment - got {now!r}. Such as '2026-03-01 09:30'.")
    return Moment(days, utc if aware is not None else None)


def zoned(values: pd.Series) -> bool:
    """Tell whether the moments of a column have a time zone.

    >>> import pandas as pd
    >>> zoned(pd.Series(["2026-03-01 09:30"])), zoned(pd.Series([None, "2026-03-01 09:30+09:00"]))
    (False, True)
    """
    if values.dtype.kind == "M":
        return getattr(values.dt, "tz", None) is not None
    first = values.first_valid_index()
    return first is not None and _aware(values.dropna().iloc[0]) is not None


def _aware(value: Any) -> datetime | None:
    """The moment, if it has a zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None

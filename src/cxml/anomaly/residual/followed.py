"""What is known of the series that are followed: variables, profiles, effects of special days, signs of trouble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.residual import course, signals
from cxml.anomaly.residual.special import SpecialDays


class Followed:
    """State of n series, bounded in size whatever comes.

    Parameters
    ----------
    config : AnomalyConfig
    n : int
    bins : int, default=1
        Parts of the day that profiles have room for.

    Attributes
    ----------
    variables : array, shape (`course.VARIABLES`, n)
    tables, visits : lists of three flat arrays
        Profiles of the day, the kind of day and the week; a series' own part begins at its number times `bins` times
        `course.WIDTHS`.
    means, variances : arrays, shape (n, n_effects)
        Of the effects of special days, in reaches.
    signals : list of arrays
        See `cxml.anomaly.residual.signals.begin`.
    time, local, value : arrays, shape (n,)
        Moment of the last row, and that on the wall clock, 0 before there was one; and the last value, NaN before there
        was one.
    """

    def __init__(self, config: AnomalyConfig, n: int, bins: int = 1) -> None:
        self.days = SpecialDays(config.calendar())
        self.n, self.bins = 0, bins
        self.variables = np.zeros((course.VARIABLES, 0))
        self.tables = [np.zeros(0) for _ in course.WIDTHS]
        self.visits = [np.zeros(0, dtype=np.uint8) for _ in course.WIDTHS]
        self.means, self.variances = np.zeros((0, 0)), np.zeros((0, 0))
        self.signals = [one[:0] for one in signals.begin(1)]
        self.time, self.local, self.value = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        self.grow(n, bins)

    def grow(self, n: int, bins: int) -> None:
        """Make room for further series and finer profiles.

        Parameters
        ----------
        n, bins : int
        """
        more = n - self.n
        if bins > self.bins:
            self.tables = [self._finer(one, bins, width) for one, width in zip(self.tables, course.WIDTHS, strict=True)]
            self.visits = [self._finer(one, bins, width) for one, width in zip(self.visits, course.WIDTHS, strict=True)]
            self.bins = bins
        room = [np.zeros(more * self.bins * width) for width in course.WIDTHS]
        self.tables = [np.append(one, new) for one, new in zip(self.tables, room, strict=True)]
        self.visits = [np.append(one, new.astype(np.uint8)) for one, new in zip(self.visits, room, strict=True)]
        self.variables = np.append(self.variables, np.zeros((course.VARIABLES, more)), axis=1)
        fresh = signals.begin(max(more, 1))
        self.signals = [np.concatenate([one, new[:more]]) for one, new in zip(self.signals, fresh, strict=True)]
        self.time = np.append(self.time, np.zeros(more, dtype=np.int64))
        self.local = np.append(self.local, np.zeros(more, dtype=np.int64))
        self.value = np.append(self.value, np.full(more, np.nan))
        self.n = n
        self.add_effects()

    def add_effects(self) -> None:
        """Make room for effects that were met since."""
        old_n, old = self.means.shape
        priors = np.array(self.days.priors)
        if (old_n, old) == (self.n, len(priors)):
            return
        means, variances = np.zeros((self.n, len(priors))), np.tile(priors, (self.n, 1))
        means[:old_n, :old], variances[:old_n, :old] = self.means, self.variances
        self.means, self.variances = means, variances

    def _finer(self, table: np.ndarray, bins: int, width: int) -> np.ndarray:
        # Series that had fewer parts of the day go on to use as many as they did.
        found = np.zeros((self.n, bins * width), dtype=table.dtype)
        found[:, : self.bins * width] = table.reshape(self.n, self.bins * width)
        return found.reshape(-1)

    def parts(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "variables": self.variables,
            **{f"table_{number}": table for number, table in enumerate(self.tables)},
            **{f"visits_{number}": visits for number, visits in enumerate(self.visits)},
            "means": self.means,
            "variances": self.variances,
            **{f"signals_{number}": one for number, one in enumerate(self.signals)},
            "time": self.time,
            "local": self.local,
            "value": self.value,
            "size": [self.n, self.bins],
            "effects": list(self.days.names),
            "priors": list(self.days.priors),
        }

    @classmethod
    def from_parts(cls, config: AnomalyConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        found = cls(config, 0)
        found.n, found.bins = (int(one) for one in parts["size"])
        found.days = SpecialDays(config.calendar(), parts["effects"], parts["priors"])
        found.variables = np.array(parts["variables"])
        found.tables = [np.array(parts[f"table_{number}"]) for number in range(len(course.WIDTHS))]
        found.visits = [np.array(parts[f"visits_{number}"]) for number in range(len(course.WIDTHS))]
        found.means, found.variances = np.array(parts["means"]), np.array(parts["variances"])
        found.signals = [np.array(parts[f"signals_{number}"]) for number in range(len(found.signals))]
        found.time, found.local, found.value = (np.array(parts[name]) for name in ("time", "local", "value"))
        return found

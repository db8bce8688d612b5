"""What each series of a set is: told by the settings, or by its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from cxml.anomaly.config import METRICS, AnomalyConfig
from cxml.anomaly.residual.arithmetic import MANY
from cxml.anomaly.residual.metric import kind_of, least_sd, to_scale, unit_of
from cxml.anomaly.rows import Rows


@dataclass(frozen=True)
class Kinds:
    """Kind of metric and units of each series.

    Attributes
    ----------
    told : str
        The kind that the settings give to all series, or ``"auto"``.
    kind : array of int, shape (n,)
        Number in `cxml.anomaly.config.METRICS`.
    unit : array of float, shape (n,)
        Of positive values: what is added before the logarithm is taken.
    least : array of float, shape (n,)
        The least standard deviation on the scale.
    """

    told: str
    kind: np.ndarray
    unit: np.ndarray
    least: np.ndarray

    @classmethod
    def of(cls, rows: Rows, names: tuple[str, ...], config: AnomalyConfig) -> Self:
        """Settle them from a history."""
        n = len(names)
        told = config.metric if isinstance(config.metric, str) else "auto"
        order = np.argsort(rows.series, kind="stable")
        cuts = np.searchsorted(rows.series[order], np.arange(n + 1))
        kind, unit, least = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)
        for one, name in enumerate(names):
            own = order[cuts[one] : cuts[one + 1]]
            values = rows.value[own]
            wanted = told if isinstance(config.metric, str) else config.metric.get(name, "auto")
            trials = None if rows.trials is None else rows.trials[own]
            kind[one] = kind_of(values, trials) if wanted == "auto" else METRICS.index(wanted)
            unit[one] = unit_of(int(kind[one]), values)
            least[one] = least_sd(int(kind[one]), values)
        return cls(told, kind, unit, least)

    def grown(self, n: int) -> Kinds:
        """The same with further series, which are like most."""
        more = n - len(self.kind)
        usual = int(np.bincount(self.kind).argmax()) if len(self.kind) else METRICS.index("real")
        if self.told != "auto":
            usual = METRICS.index(self.told)
        alike = self.kind == usual

        def middle(values: np.ndarray, otherwise: float) -> np.ndarray:
            return np.full(more, float(np.median(values[alike])) if alike.any() else otherwise)

        nothing = np.zeros(0)
        return Kinds(
            self.told,
            np.append(self.kind, np.full(more, usual)),
            np.append(self.unit, middle(self.unit, unit_of(usual, nothing))),
            np.append(self.least, middle(self.least, least_sd(usual, nothing))),
        )

    def to_scale(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Values on their scales, and what trials give their variance there; see `metric.to_scale`."""
        z, noise = np.full(len(rows), np.nan), np.zeros(len(rows))
        for kind, own, trials in self.groups(rows):
            z[own], noise[own] = to_scale(MANY, kind, rows.value[own], trials, self.unit[rows.series[own]])
        return z, noise

    def groups(self, rows: Rows) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Kind, places and trials of the rows of each kind."""
        kinds = self.kind[rows.series]
        found = []
        for kind in np.unique(kinds).tolist():
            own = np.flatnonzero(kinds == kind)
            trials = np.ones(len(own)) if rows.trials is None else np.nan_to_num(rows.trials[own], nan=1.0)
            found.append((kind, own, trials))
        return found

    def parts(self) -> dict[str, Any]:
        """As plain values."""
        return {"told": self.told, "kind": self.kind, "unit": self.unit, "least": self.least}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        return cls(str(parts["told"]), *(np.array(parts[name]) for name in ("kind", "unit", "least")))

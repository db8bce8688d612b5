"""Alarms about rows of a table without time: each row stands for itself."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10, nan
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cxml.anomaly.alarms.severity import severity, strength
from cxml.anomaly.rows import Rows, Scored, ScoredOne
from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from cxml.anomaly.alarms.runs import Raised
    from cxml.anomaly.config import AnomalyConfig


class TableAlarms:
    """Tells the strangest rows: of a table like the one learned from, about as many as the budget says.

    Scores are tail probabilities, so ``n`` ordinary rows hold ``budget`` of them above ``log10(n / budget)``; that is
    the threshold, and no less than `least_score`. Nothing follows from one row to the next: no alert, no cool-down.

    Parameters
    ----------
    config : AnomalyConfig
    threshold : float
    """

    def __init__(self, config: AnomalyConfig, threshold: float) -> None:
        self.config = config
        self.threshold = threshold

    @classmethod
    def settle(
        cls,
        config: AnomalyConfig,
        names: tuple[str, ...],  # noqa: ARG003 - the form of `Alarms`
        rows: Rows,
        scored: Scored,  # noqa: ARG003
        *,
        zone: str | None = None,  # noqa: ARG003
    ) -> Self:
        """Set the threshold by the number of rows."""
        return cls(config, max(config.least_score, log10(max(len(rows), 1) / config.budget)))

    def add_series(self, name: str) -> None:
        """Take in a series: a table has none."""

    def listen(self, listener: Any) -> None:
        """Refuse: there are no alerts to be told of."""
        if listener is not None:
            raise ConfigError(
                "A listener is told of alerts - got one for a table without time, which raises none. Read is_anomaly "
                "in the answers."
            )

    def raise_all(self, rows: Rows, scored: Scored) -> Raised:
        """Tell which rows are strange, and how bad they are."""
        from cxml.anomaly.alarms.runs import Raised

        side = {"up": scored.size > 0, "down": scored.size < 0}.get(self.config.side, True)
        found = (scored.score >= self.threshold) & side
        how_bad = np.zeros(len(rows))
        for place in np.flatnonzero(found):
            how_bad[place] = severity(strength(float(scored.size[place]), float(scored.score[place])), 1)
        return Raised(found, np.zeros(len(rows), dtype=np.int64), how_bad)

    def raise_one(
        self,
        series: int,  # noqa: ARG002 - the form of `Alarms`
        time: int,  # noqa: ARG002
        local: int,  # noqa: ARG002
        scored: ScoredOne,
        value: float = nan,  # noqa: ARG002
    ) -> tuple[bool, int, float]:
        """The same of one row."""
        side = {"up": scored.size > 0, "down": scored.size < 0}.get(self.config.side, True)
        found = scored.score >= self.threshold and side
        return found, 0, severity(strength(scored.size, scored.score), 1) if found else 0.0

    def mute(self, series: str | None = None, start: Any = None, end: Any = None) -> None:  # noqa: ARG002 - the form
        """Refuse: a table has no time to be quiet in."""
        raise ConfigError("Series are muted for a time - got a table without time. Leave the rows out.")

    def table(self) -> pd.DataFrame:
        """No alerts: rows of a table are told in the answer itself."""
        import pandas as pd

        from cxml.anomaly.alarms.alert import COLUMNS

        return pd.DataFrame(columns=list(COLUMNS))

    def feedback(self, alert: int, word: str) -> None:
        """Refuse: what a table tells are no alerts."""
        raise ConfigError(
            f"Feedback is about an alert of a series - got {word!r} on {alert!r} of a table without time. Train with "
            "another budget."
        )

    def parts(self) -> Mapping[str, Any]:
        """What was derived, as JSON values."""
        return {"table": {"threshold": self.threshold}}

    @classmethod
    def from_parts(cls, config: AnomalyConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        return cls(config, float(parts["table"]["threshold"]))

"""The baseline under every baseline: everybody leaves at the overall rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from cxml.churn.checks import target_of
from cxml.churn.columns import PROBABILITY
from cxml.churn.config import ChurnConfig
from cxml.churn.scored import keyed
from cxml.errors import NotFittedError

if TYPE_CHECKING:
    import pandas as pd


class BaseRateChurn:
    """Answers every customer with the share that left.

    Parameters
    ----------
    config : ChurnConfig
    """

    family: ClassVar[str] = "churn"
    method: ClassVar[str] = "base_rate"
    Config: ClassVar[type[Any]] = ChurnConfig

    def __init__(self, config: ChurnConfig) -> None:
        self.config = config
        self._rate: float | None = None

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the share of customers who left."""
        self._rate = float(target_of(frame, self.config).mean())
        return self

    @property
    def rate(self) -> float:
        """The share that left.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if self._rate is None:
            raise NotFittedError(
                "A model must be fitted before it answers - this base rate is not. Call churn.train(...)."
            )
        return self._rate

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The same probability in every row."""
        return keyed(frame, self.config.key).assign(**{PROBABILITY: self.rate})

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        return {"rate": self.rate}

    @classmethod
    def from_parts(cls, config: ChurnConfig, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        model = cls(config)
        model._rate = float(parts["rate"])
        return model

    def features(self) -> dict[str, str]:
        """No column is needed."""
        return {}

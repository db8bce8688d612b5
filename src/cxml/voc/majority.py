"""The baseline under every baseline: each comment gets the commonest label, with its share as the probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from cxml.voc.heads import Head
from cxml.voc.scored import Engine, ScoredVoc


class MajorityEngine:
    """Scores every text with the log of the labels' shares."""

    def __init__(self) -> None:
        self._logits: dict[str, np.ndarray] = {}
        self.validation: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def fit(self, _: Sequence[str], targets: Mapping[str, np.ndarray], heads: Sequence[Head]) -> Self:
        """Count labels."""
        for head in heads:
            target = targets[head.name]
            if head.kind == "multi":
                rows = np.flatnonzero(~np.isnan(target).any(axis=1))
                share = (target[rows].sum(axis=0) + 0.5) / (len(rows) + 1)
                logits = np.log(share / (1 - share))
            else:
                rows = np.flatnonzero(target >= 0)
                logits = np.log(np.bincount(target[rows], minlength=len(head.labels)) + 0.5)
            self._logits[head.name] = logits - logits.mean()
            self.validation[head.name] = rows, np.tile(self._logits[head.name], (len(rows), 1))
        return self

    def scores(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The same for every text."""
        return {name: np.tile(logits, (len(texts), 1)) for name, logits in self._logits.items()}

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        return {"shares": {name: logits.tolist() for name, logits in self._logits.items()}}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        engine = cls()
        engine._logits = {name: np.array(logits) for name, logits in parts["shares"].items()}
        return engine


class MajorityVoc(ScoredVoc):
    """Answers every comment with the commonest label.

    Parameters
    ----------
    config : VocConfig
    """

    method: ClassVar[str] = "majority"

    def engine(self) -> Engine:
        """Unfitted."""
        return MajorityEngine()

    @classmethod
    def read_engine(cls, parts: Mapping[str, Any]) -> Engine:
        """Fitted, from its parts."""
        return MajorityEngine.from_parts(parts)

"""The methods of the family: one detector, and how each scores."""

from __future__ import annotations

from typing import Any, ClassVar

from cxml.anomaly.detector import Detector
from cxml.anomaly.forest import ForestConfig, ForestScorer
from cxml.anomaly.residual.scorer import ResidualScorer
from cxml.anomaly.robust_z import RobustZScorer


class ResidualDetector(Detector):
    """Level, seasons and calendar followed value by value; what they leave is scored."""

    method: ClassVar[str] = "residual"
    Scorer: ClassVar[type[Any]] = ResidualScorer


class RobustZDetector(Detector):
    """Seasonal median and MAD: the baseline."""

    method: ClassVar[str] = "robust_z"
    Scorer: ClassVar[type[Any]] = RobustZScorer


class ForestDetector(Detector):
    """An isolation forest over the last values, the time, and further columns; tables without time too."""

    method: ClassVar[str] = "forest"
    Config: ClassVar[type[Any]] = ForestConfig
    Scorer: ClassVar[type[Any]] = ForestScorer

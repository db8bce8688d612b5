"""Predict customer experience: who leaves and why, how many will call, what customers feel, and which metric is off.

Every model is tracked in MLflow, saved as plain files, and judged beside a baseline on what it has not seen.

Importing this package imports nothing else: each name is resolved when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxml import anomaly as anomaly
    from cxml import churn as churn
    from cxml import datasets as datasets
    from cxml import metrics as metrics
    from cxml import offers as offers
    from cxml import plots as plots
    from cxml import voc as voc
    from cxml import volume as volume
    from cxml.errors import ConfigError as ConfigError
    from cxml.errors import CxmlError as CxmlError
    from cxml.errors import FrameError as FrameError
    from cxml.errors import MissingExtraError as MissingExtraError
    from cxml.errors import ModelFolderError as ModelFolderError
    from cxml.errors import NotFittedError as NotFittedError
    from cxml.errors import PromotionRefused as PromotionRefused
    from cxml.errors import TrackingError as TrackingError
    from cxml.persistence import save as save
    from cxml.promotion import compare as compare
    from cxml.promotion import promote as promote
    from cxml.promotion import rollback as rollback
    from cxml.tracking import load as load

__version__ = "0.1.0"

#: name -> module, and the attribute in it ("" for the module itself)
_NAMES = {
    "anomaly": ("cxml.anomaly", ""),
    "churn": ("cxml.churn", ""),
    "datasets": ("cxml.datasets", ""),
    "metrics": ("cxml.metrics", ""),
    "offers": ("cxml.offers", ""),
    "plots": ("cxml.plots", ""),
    "voc": ("cxml.voc", ""),
    "volume": ("cxml.volume", ""),
    "ConfigError": ("cxml.errors", "ConfigError"),
    "CxmlError": ("cxml.errors", "CxmlError"),
    "FrameError": ("cxml.errors", "FrameError"),
    "MissingExtraError": ("cxml.errors", "MissingExtraError"),
    "ModelFolderError": ("cxml.errors", "ModelFolderError"),
    "NotFittedError": ("cxml.errors", "NotFittedError"),
    "PromotionRefused": ("cxml.errors", "PromotionRefused"),
    "TrackingError": ("cxml.errors", "TrackingError"),
    "save": ("cxml.persistence", "save"),
    "compare": ("cxml.promotion", "compare"),
    "promote": ("cxml.promotion", "promote"),
    "rollback": ("cxml.promotion", "rollback"),
    "load": ("cxml.tracking", "load"),
}

__all__ = [*_NAMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'cxml' has no attribute {name!r}")
    module, attribute = _NAMES[name]
    found = import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

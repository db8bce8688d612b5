"""The default: trees blended with a linear model, calibrated out of fold."""

from __future__ import annotations

from typing import ClassVar

from cxml.additive import choose_additive
from cxml.churn.scored import ScoredChurn


class BoostedChurn(ScoredChurn):
    """Boosted trees of several shapes and a linear part, weighted by how well they predict unseen folds.

    The recipe is `cxml.additive.choose_additive`. Its sum is one booster and one linear part, so reasons are exact
    and a record costs microseconds.
    """

    method: ClassVar[str] = "boosted"
    choose = staticmethod(choose_additive)

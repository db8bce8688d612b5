"""The baseline that is hard to beat: regularised logistic regression."""

from __future__ import annotations

from typing import ClassVar

from cxml.additive import choose_logistic
from cxml.churn.scored import ScoredChurn


class LogisticChurn(ScoredChurn):
    """Logistic regression on standardised numbers, missing indicators and one term for each frequent level.

    The strength of the ridge is chosen by out-of-fold log loss.
    """

    method: ClassVar[str] = "logistic"
    choose = staticmethod(choose_logistic)

"""A strong baseline: the same columns in a logistic regression."""

from __future__ import annotations

from typing import ClassVar

from cxml.additive import choose_logistic
from cxml.offers.scored import ScoredOffers


class LogisticOffers(ScoredOffers):
    """Ridge logistic regression over customer, offer, channel and history, its strength chosen out of fold."""

    method: ClassVar[str] = "logistic"
    choose = staticmethod(choose_logistic)

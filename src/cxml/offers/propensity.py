"""The default where responses are logged: one pooled score of trees and a linear part, calibrated out of fold."""

from __future__ import annotations

from typing import ClassVar

from cxml.additive import choose_additive
from cxml.offers.scored import ScoredOffers


class PropensityOffers(ScoredOffers):
    """The chance that a customer accepts an offer, learned from all offers at once.

    One score over what is known of the customer, of the offer, of the channel, and of what this customer was offered
    and did before. The recipe is `cxml.additive.choose_additive`; offers never made before get the rate that their
    columns promise (`cxml.offers.rates`).
    """

    method: ClassVar[str] = "propensity"
    choose = staticmethod(choose_additive)

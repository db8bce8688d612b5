"""A binary score that is a sum: of boosted trees and of a linear part, each column's share of it exact.

``score(x) = intercept + trees(x) + linear(x)`` in log-odds; its sigmoid is the calibrated probability. Being a sum, it
has exact Shapley values (TreeSHAP and the closed form), one booster for the record path, and plain parts to save.
"""

from cxml.additive.linear import LinearPart
from cxml.additive.recipe import Choice, build, choose_additive, choose_logistic
from cxml.additive.score import AdditiveScore

__all__ = ["AdditiveScore", "Choice", "LinearPart", "build", "choose_additive", "choose_logistic"]

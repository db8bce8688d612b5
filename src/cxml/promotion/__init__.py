"""Compare runs, promote the better model, and go back: decisions from losses on the same held-out rows."""

from cxml.promotion.comparison import compare
from cxml.promotion.gate import Promotion, promote
from cxml.promotion.going_back import Rollback, rollback
from cxml.promotion.paired import Difference, paired_difference

__all__ = ["Difference", "Promotion", "Rollback", "compare", "paired_difference", "promote", "rollback"]

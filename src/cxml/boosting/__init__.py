"""LightGBM for cxml: training, its text form, merging, contributions, and one row in microseconds.

LightGBM itself is imported by the functions that need it, because it loads scikit-learn and pandas.
"""

from cxml.boosting.contributions import contributions
from cxml.boosting.merging import merge
from cxml.boosting.pairs import Pairs, PairScorer
from cxml.boosting.rows import RowScorer
from cxml.boosting.text import from_text, to_text
from cxml.boosting.training import train_booster

__all__ = ["PairScorer", "Pairs", "RowScorer", "contributions", "from_text", "merge", "to_text", "train_booster"]

"""Say why a customer is likely to leave, by the rule of `cxml.reasons`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxml.churn.columns import PROBABILITY
from cxml.contract import Explanation
from cxml.reasons import Language, check_reasons, points_of
from cxml.reasons import add_reasons as add_general_reasons

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Language", "add_reasons", "points_of"]

_HEAD = {"en": "{chance:.0%} likely to leave", "ko": "이탈 가능성 {chance:.0%}"}


def add_reasons(
    answer: pd.DataFrame, explanation: Explanation, *, reasons: int, language: Language = "en"
) -> pd.DataFrame:
    """Add the features that moved each prediction most.

    Parameters
    ----------
    answer : DataFrame
        With ``churn_probability``; one row per row of `explanation`.
    explanation : Explanation
    reasons : int from 1 up
        How many for each customer.
    language : {"en", "ko"}, default="en"

    Returns
    -------
    DataFrame
        `answer` with ``reasons`` (a list of dicts: ``feature``, ``value``, ``points``, largest first) and
        ``reasons_text``.

    Raises
    ------
    ConfigError
        If `reasons` or `language` is not one of these.
    """
    check_reasons(reasons, language)
    heads: dict[str, list[str]] = {language: [_HEAD[language].format(chance=chance) for chance in answer[PROBABILITY]]}
    return add_general_reasons(answer, explanation, heads, reasons=reasons, language=language)

"""Say why: turn exact Shapley values of the score into percentage points and sentences.

The rule. A customer's score is ``base + effects`` in log-odds. Going straight from the base to the score, each
effect moves the probability in proportion to its size, so it is worth

    points = effect * (sigmoid(score) - sigmoid(base)) / (score - base)

percentage points (times 100), with the slope of the sigmoid where score and base meet. This is the Aumann-Shapley
value of the probability along that line (Aumann & Shapley 1974; "integrated gradients" in Sundararajan, Taly & Yan
2017): signs and ranks are those of the exact effects, and base probability plus all points is the probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cxml.churn.columns import PROBABILITY, REASONS, SENTENCE
from cxml.churn.scored import probabilities
from cxml.contract import Explanation
from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

Language = Literal["en", "ko"]

_HEAD = {"en": "{chance:.0%} likely to leave", "ko": "이탈 가능성 {chance:.0%}"}
_REASON = {"en": "{name} is {value} ({points:+.1f} points)", "ko": "{name}: {value} ({points:+.1f}%p)"}
_UNKNOWN = {"en": "unknown", "ko": "값 없음"}


def points_of(explanation: Explanation) -> np.ndarray:
    """Percentage points of each effect by the rule of this module.

    Parameters
    ----------
    explanation : Explanation
        Effects in log-odds.

    Returns
    -------
    array of float, shape (n_rows, n_columns)
        In percentage points; a row's sum is its probability less the base probability, times 100.

    Examples
    --------
    >>> import pandas as pd
    >>> explanation = Explanation(("a", "b"), pd.DataFrame({"a": ["x"], "b": ["y"]}), np.array([[1.0, -1.0]]), 0.0)
    >>> points_of(explanation).round(6).tolist()
    [[25.0, -25.0]]
    """
    score, base = explanation.score, explanation.base
    gap = score - base
    tiny = np.abs(gap) < 1e-6
    middle = probabilities(base + gap / 2)
    rise = probabilities(score) - probabilities(np.array(base))
    slope = np.where(tiny, middle * (1 - middle), rise / np.where(tiny, 1.0, gap))
    found: np.ndarray = 100.0 * explanation.effects * slope[:, None]
    return found


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
    if isinstance(reasons, bool) or not isinstance(reasons, (int, np.integer)) or reasons < 1:
        raise ConfigError(f"reasons must be how many to give, 1 or more - got {reasons!r}.")
    if language not in _HEAD:
        raise ConfigError(f"language must be 'en' or 'ko' - got {language!r}.")
    points = points_of(explanation)
    top = np.argsort(-np.abs(points), axis=1, kind="stable")[:, : int(reasons)]
    values = explanation.values.to_numpy()
    found = [
        [
            {
                "feature": explanation.names[place],
                "value": values[row, place],
                "points": round(float(points[row, place]), 2),
            }
            for place in places
        ]
        for row, places in enumerate(top)
    ]
    chances = answer[PROBABILITY].to_numpy()
    sentences = [_sentence(chance, one, language) for chance, one in zip(chances, found, strict=True)]
    import pandas as pd

    told = answer.copy()
    told[REASONS] = pd.Series(found, index=answer.index, dtype=object)
    told[SENTENCE] = sentences
    return told


def _sentence(chance: float, reasons: list[dict[str, Any]], language: Language) -> str:
    told = [
        _REASON[language].format(name=one["feature"], value=one["value"] or _UNKNOWN[language], points=one["points"])
        for one in reasons
    ]
    return f"{_HEAD[language].format(chance=chance)}: {', '.join(told)}"

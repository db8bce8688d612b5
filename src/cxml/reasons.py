"""Say why: turn exact Shapley values of a score into percentage points and sentences.

The rule. A row's score is ``base + effects`` in log-odds. Going straight from the base to the score, each
effect moves the probability in proportion to its size, so it is worth

    points = effect * (sigmoid(score) - sigmoid(base)) / (score - base)

percentage points (times 100), with the slope of the sigmoid where score and base meet. This is the Aumann-Shapley
value of the probability along that line (Aumann & Shapley 1974; "integrated gradients" in Sundararajan, Taly & Yan
2017): signs and ranks are those of the exact effects, and base probability plus all points is the probability.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cxml.additive.score import probabilities
from cxml.contract import Explanation
from cxml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

Language = Literal["en", "ko"]

#: The columns of an answer that tell reasons.
REASONS, SENTENCE = "reasons", "reasons_text"

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
    answer: pd.DataFrame,
    explanation: Explanation,
    heads: Mapping[str, Sequence[str]],
    *,
    reasons: int,
    language: Language = "en",
    name_of: Callable[[str], str] = str,
) -> pd.DataFrame:
    """Add the features that moved each prediction most.

    Parameters
    ----------
    answer : DataFrame
        One row per row of `explanation`.
    explanation : Explanation
    heads : mapping of language to texts, one a row
        What each sentence begins with: what was predicted. Those of the asked language are needed.
    reasons : int from 1 up
        How many for each row.
    language : {"en", "ko"}, default="en"
    name_of : function of a column's name to how a sentence calls it, default: the name itself

    Returns
    -------
    DataFrame
        `answer` with ``reasons`` (a list of dicts: ``feature``, ``value``, ``points``, largest first) and
        ``reasons_text``.

    Raises
    ------
    ConfigError
        If `reasons` or `language` is not one of these.

    Examples
    --------
    >>> import pandas as pd
    >>> explanation = Explanation(("fee",), pd.DataFrame({"fee": ["10"]}), np.array([[1.0]]), 0.0)
    >>> answer = pd.DataFrame({"id": ["a"]})
    >>> add_reasons(answer, explanation, {"en": ["73% likely to leave"]}, reasons=1)["reasons_text"][0]
    '73% likely to leave: fee is 10 (+23.1 points)'
    >>> add_reasons(answer, explanation, {"en": [""]}, reasons=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: reasons must be how many to give, 1 or more - got 0.
    """
    check_reasons(reasons, language)
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
    sentences = [_sentence(head, one, language, name_of) for head, one in zip(heads[language], found, strict=True)]
    import pandas as pd

    told = answer.copy()
    told[REASONS] = pd.Series(found, index=answer.index, dtype=object)
    told[SENTENCE] = sentences
    return told


def check_reasons(reasons: int, language: str) -> None:
    """Refuse a number of reasons or a language that cannot be given.

    Raises
    ------
    ConfigError
        If `reasons` is below 1, or `language` is not one of those there are.
    """
    if isinstance(reasons, bool) or not isinstance(reasons, (int, np.integer)) or reasons < 1:
        raise ConfigError(f"reasons must be how many to give, 1 or more - got {reasons!r}.")
    if language not in _REASON:
        raise ConfigError(f"language must be 'en' or 'ko' - got {language!r}.")


def _sentence(head: str, reasons: list[dict[str, Any]], language: Language, name_of: Callable[[str], str]) -> str:
    told = [
        _REASON[language].format(
            name=name_of(one["feature"]), value=one["value"] or _UNKNOWN[language], points=one["points"]
        )
        for one in reasons
    ]
    return f"{head}: {', '.join(told)}"

"""What the family answers: one line a value, and one line an alert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.anomaly.alarms.severity import level
from cxml.anomaly.columns import ALERT, EXPECTED, IS_ANOMALY, KIND, KINDS, LOWER, SCORE, SEVERITY, UPPER
from cxml.anomaly.config import AnomalyConfig
from cxml.anomaly.rows import Scored, ScoredOne
from cxml.errors import FrameError, shorten

if TYPE_CHECKING:
    import pandas as pd

    from cxml.anomaly.alarms.runs import Raised


def answer_of(
    frame: pd.DataFrame, order: np.ndarray, scored: Scored, raised: Raised, config: AnomalyConfig
) -> pd.DataFrame:
    """Lay out what was said of each row of a frame.

    Parameters
    ----------
    frame : DataFrame
    order : array of int, shape (n_rows,)
        Place in the frame of each scored row.
    scored : Scored
    raised : Raised
    config : AnomalyConfig

    Returns
    -------
    DataFrame
        With the order and the index of `frame`.
    """
    import pandas as pd

    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    alert = raised.alert[back]
    columns: dict[str, Any] = {
        EXPECTED: scored.expected[back],
        LOWER: scored.lower[back],
        UPPER: scored.upper[back],
        SCORE: scored.score[back],
        IS_ANOMALY: raised.is_anomaly[back],
        ALERT: pd.arrays.IntegerArray(np.maximum(alert, 0).astype(np.int64), alert < 1),
        KIND: np.array(KINDS, dtype=object)[np.where(raised.is_anomaly, scored.kind, 0)[back]],
        SEVERITY: raised.severity[back],
    }
    given = [one for one in given_columns(config) if one in frame.columns]
    return frame[given].assign(**columns)


def one_answer(
    record: Mapping[str, Any], config: AnomalyConfig, one: ScoredOne, is_anomaly: bool, alert: int, severity: float
) -> dict[str, Any]:
    """The same of one record: a dict, with None where nothing is known; what it repeats is as it was given."""
    expected, lower, upper, score, kind, _ = one
    found = {name: record[name] for name in given_columns(config)}
    # Numbers of Python, which any service can write as JSON.
    found[EXPECTED] = _known(float(expected))
    found[LOWER] = _known(float(lower))
    found[UPPER] = _known(float(upper))
    found[SCORE] = float(score)
    found[IS_ANOMALY] = bool(is_anomaly)
    found[ALERT] = int(alert) if alert > 0 else None
    found[KIND] = KINDS[kind] if is_anomaly else ""
    found[SEVERITY] = float(severity)
    return found


def _known(number: float) -> float | None:
    return number if number == number else None  # JSON has no NaN


def given_columns(config: AnomalyConfig) -> tuple[str, ...]:
    """The columns that an answer repeats from the rows."""
    return tuple(one for one in (config.key, config.time, config.target, config.denominator) if one is not None)


def alerts_in(answer: pd.DataFrame) -> pd.DataFrame:
    """List the alerts in an answer, one a row.

    Parameters
    ----------
    answer : DataFrame
        As from `answer_of`, of series with time.

    Returns
    -------
    DataFrame
        ``alert``, ``start``, ``end`` (of its last value here), ``series`` (where the answer has a key), ``n_series``,
        and of the row with the highest score ``kind``, ``peak_score``, ``expected`` and ``value`` (of a rate its
        share); ``severity`` and ``level``.

    Raises
    ------
    FrameError
        If it is no answer of this family.

    Examples
    --------
    >>> import pandas as pd
    >>> alerts_in(pd.DataFrame({"y": [1]}))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Alerts are listed from an answer of this family, with 'expected', 'score' and 'alert' - \
got the columns 'y'. Pass what anomaly.predict or anomaly.detect answered, or the model.
    """
    import pandas as pd

    names = list(answer.columns)
    if not {EXPECTED, SCORE, ALERT, KIND, SEVERITY} <= set(names) or not 2 <= names.index(EXPECTED) <= 4:
        raise FrameError(
            f"Alerts are listed from an answer of this family, with {EXPECTED!r}, {SCORE!r} and {ALERT!r} - got the "
            f"columns {shorten(names)}. Pass what anomaly.predict or anomaly.detect answered, or the model."
        )
    key, time, target, trials = _roles(answer, names[: names.index(EXPECTED)])
    told = answer[answer[ALERT].notna()].reset_index(drop=True)
    by = told.groupby(ALERT, sort=True)
    peak = told.loc[by[SCORE].idxmax()].set_index(ALERT)
    found = pd.DataFrame({"start": by[time].min(), "end": by[time].max()})
    if key is not None:
        found["series"] = by[key].agg(lambda names: ", ".join(dict.fromkeys(map(str, names))))
        found["n_series"] = by[key].nunique()
    found[KIND] = peak[KIND]
    found["peak_score"] = peak[SCORE]
    found[EXPECTED] = peak[EXPECTED]
    found["value"] = pd.to_numeric(peak[target])
    if trials is not None:
        of = pd.to_numeric(peak[trials])
        found["value"] = found["value"].where(of.isna(), found["value"] / of.where(of > 0))
    found[SEVERITY] = by[SEVERITY].max()
    found["level"] = [level(one) for one in found[SEVERITY]]
    return found.reset_index()


def _roles(answer: pd.DataFrame, given: list[str]) -> tuple[str | None, str, str, str | None]:
    """Which of the columns given are key, time, target and trials: the first two or the last may lack."""
    if len(given) == 3:
        import pandas as pd

        # The second is the time or the target, and only one of them are numbers.
        told = answer[given[1]]
        moments = told.dtype.kind == "M" or (
            told.dtype.kind == "O" and pd.to_numeric(told.astype(str), errors="coerce").isna().all()
        )
        return (given[0], given[1], given[2], None) if moments else (None, given[0], given[1], given[2])
    return (given[0], given[1], given[2], given[3]) if len(given) == 4 else (None, given[0], given[1], None)

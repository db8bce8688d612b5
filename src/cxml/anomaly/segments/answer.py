"""What an explanation of a change says: a table, and the same in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RootCauses:
    """The segments that explain a change.

    Attributes
    ----------
    table : DataFrame
        One row a segment, the largest change first:

        - ``segment``: its name, such as ``"channel=chat, topic=billing"``; ``"everything"`` is the whole;
        - ``where``: the same as a dict of dimension -> value;
        - ``effect``: ``"amount"``; of a ratio ``"rate"`` (how those who came behaved) or ``"mix"`` (who came);
        - ``actual``, ``expected``: of the segment; of a ratio its ratio (rate) or its share of the denominators (mix);
        - ``factor``: how its leaves were multiplied, other segments of the table apart;
        - ``change``: its part of the change of the total. Leaves in several segments are split between them, so that
          changes and what is `left` add up to the change of the total;
        - ``share``: ``change`` over the change of the total (explanatory power [1]_); negative where it goes the other
          way; NaN where the total did not change;
        - ``surprise``: how much the segment's share of the total differs from the expected one, its term of the
          Jensen-Shannon divergence in nats [1]_;
        - ``score``: ``-log10`` of the probability of such a change by chance, the other segments given.
    total : dict of str -> float
        ``actual``, ``expected``, ``change`` of the whole; of a ratio also ``rate`` and ``mix``, which add up to it.
    left : float
        Change of the total that no segment of the table explains.
    likeliest : dict of str -> value
        The segment that would explain most by itself, net of the cost of naming it. Where the table is empty, the
        evidence is too weak to name one: then this is where to look first.
    text : str
        The same in sentences.

    References
    ----------
    .. [1] Bhagwan, R., et al. (2014). Adtributor: Revenue debugging in advertising systems. NSDI, 43-55.

    Examples
    --------
    >>> RootCauses(None, {"change": 0.0}, 0.0, {}, "").text = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'text'
    """

    table: pd.DataFrame
    total: dict[str, float]
    left: float
    likeliest: dict[str, Any]
    text: str


_COLUMNS = ["segment", "where", "effect", "actual", "expected", "factor", "change", "share", "surprise", "score"]


def answer(
    rows: list[dict[str, Any]], total: dict[str, float], likeliest: dict[str, Any], name: str, least_share: float
) -> RootCauses:
    """Put the rows of found segments together, without those that move next to nothing."""
    import pandas as pd

    moved = sum(abs(row["change"]) for row in rows)
    kept = sorted(
        (row for row in rows if abs(row["change"]) >= least_share * moved), key=lambda row: -abs(row["change"])
    )
    change = total["change"]
    still = abs(change) <= 1e-9 * max(abs(total["actual"]), abs(total["expected"]))
    for row in kept:
        row["share"] = np.nan if still else row["change"] / change
    table = pd.DataFrame([{key: row[key] for key in _COLUMNS} for row in kept], columns=_COLUMNS)
    left = float(change - sum(row["change"] for row in kept))
    return RootCauses(table, total, left, likeliest, _sentences(kept, total, left, likeliest, name))


def _sentences(
    rows: list[dict[str, Any]], total: dict[str, float], left: float, likeliest: dict[str, Any], name: str
) -> str:
    change, usual = total["change"], total["expected"]
    side = "above" if change >= 0 else "below"
    percent = f" ({100 * abs(change) / usual:.1f} %)" if usual > 0 else ""
    told = [f"{name} is {_shown(total['actual'])}, {_shown(abs(change))}{percent} {side} the expected {_shown(usual)}."]
    if "mix" in total:
        told.append(f"Rates: {_shown(total['rate'], sign=True)}, mix: {_shown(total['mix'], sign=True)}.")
    for row in rows:
        how = {"amount": "", "rate": "rate ", "mix": "share of cases "}[row["effect"]]
        share = "" if np.isnan(row["share"]) else f", which explains {100 * row['share']:.0f} %"
        told.append(f"{row['segment']}: {how}{_shown(row['actual'])} instead of {_shown(row['expected'])}{share}.")
    if not rows:
        words = ", ".join(f"{key}={value}" for key, value in likeliest.items())
        told.append(f"No segment stands out; the likeliest is {words}.")
    told.append(f"Left unexplained: {_shown(left)}.")
    return " ".join(told)


def _shown(number: float, *, sign: bool = False) -> str:
    digits = 0 if abs(number) >= 100 or number == round(number) else 1 if abs(number) >= 10 else 3
    return f"{number:{'+' if sign else ''},.{digits}f}"

"""Compare runs, and let a model become the champion only when it beats the champion and its own baseline.

Both comparisons are paired: the two models' losses on the same held-out rows, row by row. Whatever the family, a row's
loss is its share of the headline metric, so this needs to know nothing of churn or calls.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxml import registry, tracking
from cxml.errors import ConfigError, FrameError, PromotionRefused
from cxml.frames import as_pandas
from cxml.metrics import standard_error
from cxml.trained import Trained

if TYPE_CHECKING:
    import pandas as pd

#: Two sets of held-out rows are the same question when they share this much of the challenger's rows, and this many.
_COMMON_SHARE, _COMMON_ROWS = 0.5, 100


@dataclass(frozen=True)
class Difference:
    """Mean difference of two models' losses on the same rows; below zero the first is better.

    Attributes
    ----------
    mean, low, high : float
        With its 95 % interval: mean +/- 1.96 standard errors of the paired differences, counted by groups of rows that
        stand or fall together where there are such.
    rows : int
    """

    mean: float
    low: float
    high: float
    rows: int

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f}, {self.rows:,} rows)"


@dataclass(frozen=True)
class Promotion:
    """A model that passed the gate.

    Attributes
    ----------
    uri : str
        ``models:/<name>@<alias>``, ready for ``load`` and ``predict``.
    version : str
    against_baseline : Difference
    against_champion : Difference, or None where there was none yet
    """

    uri: str
    version: str
    against_baseline: Difference
    against_champion: Difference | None


def paired_difference(one: Any, other: Any, groups: Any = None) -> Difference:
    """Compare two arrays of losses of the same rows.

    Parameters
    ----------
    one, other : arrays of float, shape (n_rows,), n_rows >= 2
    groups : array, shape (n_rows,), optional
        Rows with the same value are no independent witnesses: the interval is then as wide as their number asks. The
        formula and its sources: `cxml.metrics.standard_error`.

    Returns
    -------
    Difference

    Examples
    --------
    >>> print(paired_difference([0.1, 0.2, 0.1, 0.2], [0.2, 0.2, 0.3, 0.2]))
    -0.0750 (-0.1688 to +0.0188, 4 rows)
    >>> print(paired_difference([0.1, 0.2, 0.1, 0.2] * 9, [0.2, 0.2, 0.3, 0.2] * 9, groups=[0, 1, 2, 3] * 9))
    -0.0750 (-0.1688 to +0.0188, 36 rows)
    """
    import numpy as np

    gap = np.asarray(one, dtype=float) - np.asarray(other, dtype=float)
    mean, error = float(gap.mean()), 1.96 * standard_error(gap, groups)
    return Difference(mean, mean - error, mean + error, len(gap))


def compare(family: str) -> pd.DataFrame:
    """List the runs of a family, best first, baselines included.

    Only runs with the same ``data`` and ``headline`` answer the same question; the frame is sorted within these.

    Parameters
    ----------
    family : str
        Such as ``"churn"``.

    Returns
    -------
    DataFrame
        One line per finished run: ``run``, ``role`` (model or baseline), ``headline``, ``value``, ``low``, ``high``,
        every other ``holdout_*`` figure under its plain name, ``data`` (digest), ``started``, ``run_id``.

    Raises
    ------
    ConfigError
        If there is no such family.
    """
    import pandas as pd

    registry.family(family)
    runs = tracking.search_runs(family)
    columns = ["run", "role", "headline", "value", "low", "high"]
    if runs.empty:
        return pd.DataFrame(columns=[*columns, "data", "started", "run_id"])
    found = pd.DataFrame(
        {
            "run": runs["tags.mlflow.runName"],
            "role": runs["tags.cxml.role"],
            "headline": runs["tags.cxml.headline"],
            "data": runs["tags.cxml.data"],
            "started": runs["start_time"],
            "run_id": runs["run_id"],
        }
    )
    figures = runs.filter(regex="^metrics.holdout_").rename(columns=lambda name: name.removeprefix("metrics.holdout_"))
    for name, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
        wanted = [figures.get(f"{headline}{suffix}") for headline in found["headline"]]
        found[name] = [math.nan if column is None else column.iloc[place] for place, column in enumerate(wanted)]
    plain = figures[[name for name in sorted(map(str, figures)) if not name.endswith(("_low", "_high"))]]
    joined = pd.concat([found[columns], plain, found[["data", "started", "run_id"]]], axis=1)
    newest = joined.groupby(["headline", "data"])["started"].transform("max")
    order = joined.assign(_newest=newest).sort_values(
        ["_newest", "headline", "data", "value"], ascending=[False, True, True, True]
    )
    return order.drop(columns="_newest").reset_index(drop=True)


def promote(
    model: Trained | str,
    *,
    alias: str = "champion",
    on: Any = None,
    strict: bool = False,
    tolerance: float = 0.0,
    name: str | None = None,
    accept_leaks: bool = False,
) -> Promotion:
    """Register a model and give it an alias, if it beats its baseline and the present holder of the alias.

    A model beats another when the mean difference of their losses on the same rows is below 0, or with ``strict=True``
    when its whole 95 % interval is. The rows are those that both runs held out, which neither judged fit has seen, or
    those of the frame `on`. The interval is part of the answer and kept with the registered version, either way.

    Parameters
    ----------
    model : Trained or URI
        Trained with tracking on.
    alias : str, default="champion"
    on : DataFrame, optional
        Labelled rows that neither model was trained on, to judge both. Needed where the two runs did not hold out
        (mostly) the same rows.
    strict : bool, default=False
        Ask for certainty: chance alone must not explain that the model is better.
    tolerance : float, default=0.0
        In units of the headline metric. Above 0 the challenger may be worse than the champion by this much, for the
        sake of fresher data or fewer columns.
    name : str, optional
        Name in the registry, by default the family's.
    accept_leaks : bool, default=False
        Promote a model although the training reported columns that seem to know the answer. Its figures are then not
        what it will reach, and no honest model will beat it.

    Returns
    -------
    Promotion

    Raises
    ------
    PromotionRefused
        If it does not beat one of the two, with the difference and its interval; or if columns may leak.
    ConfigError
        If it was not tracked, or the two cannot be compared.
    FrameError
        If `on` cannot judge: no target, other labels, fewer than 100 rows, or rows that either run had held out and
        then learned from.
    """
    challenger = tracking.load(model)
    if challenger.run_id is None or challenger.uri is None or challenger.verdict is None:
        raise ConfigError(
            "Only a model that MLflow holds can be promoted - this one has no run. Train it with track=True, "
            "or give its URI: runs:/<run id>/model."
        )
    name = name or challenger.family
    if not re.fullmatch(r"(?!v\d+$|latest$)[\w-]+", alias):
        raise ConfigError(f"An alias is a word of letters, digits, _ and -, not 'latest' and not v1 - got {alias!r}.")
    if challenger.verdict.leaks and not accept_leaks:
        listed = "; ".join(f"{column!r}: {found}" for column, found in challenger.verdict.leaks.items())
        raise PromotionRefused(
            f"{challenger.name} must not know the answer - possible leakage: {listed}. The alias was not moved. Train "
            'with on_leakage="drop", or pass accept_leaks=True if the column is known before the outcome is.'
        )
    own = tracking.read_held_out(challenger.run_id)
    against_baseline = paired_difference(own["loss"], own["baseline_loss"], own.get("group"))
    _require(against_baseline, challenger, "its baseline", strict=strict, tolerance=0.0)
    against_champion = None
    run_id = tracking.aliased(name, alias)
    if run_id is not None:
        theirs = tracking.read_held_out(run_id)
        _same_headline(challenger, theirs.attrs.get("headline"))
        both = (
            _both_held_out(own, theirs)
            if on is None
            else _both_answer(challenger, f"models:/{name}@{alias}", on, own, theirs)
        )
        against_champion = paired_difference(both["loss"], both["loss_other"], both.get("group"))
        _require(against_champion, challenger, f"{name}@{alias}", strict=strict, tolerance=tolerance)
    tags = {"cxml.against_baseline": str(against_baseline), "cxml.against_champion": str(against_champion or "")}
    version = tracking.register(challenger.uri, name, alias, tags)
    return Promotion(f"models:/{name}@{alias}", version, against_baseline, against_champion)


def _require(difference: Difference, challenger: Trained, rival: str, *, strict: bool, tolerance: float) -> None:
    if (difference.high if strict else difference.mean) < tolerance:
        return
    headline = challenger.verdict.headline if challenger.verdict else ""
    what = "its whole interval" if strict else "its mean"
    raise PromotionRefused(
        f"{challenger.name} must beat {rival} on the same held-out rows: the difference of {headline}, {difference}, "
        f"must have {what} below {tolerance:g}. The alias was not moved. More data or better columns help; against a "
        "champion, tolerance= accepts a model that is no worse than so much."
    )


def _both_held_out(own: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """The rows that both runs held out, with the champion's answers as ``loss_other`` and the like."""
    both = own.drop_duplicates("row").merge(theirs.drop_duplicates("row"), on="row", suffixes=("", "_other"))
    if len(both) < max(_COMMON_ROWS, _COMMON_SHARE * len(own)):
        raise ConfigError(
            f"Two models are compared on rows that both held out - they share {len(both):,} of {len(own):,}. "
            "Give rows that neither was trained on: promote(model, on=frame). Fewer than "
            f"{_COMMON_ROWS} rows, or than half of the challenger's, cannot tell two models apart."
        )
    return both


def _same_headline(challenger: Trained, theirs: object) -> None:
    headline = challenger.verdict.headline if challenger.verdict else None
    if theirs != headline:
        raise ConfigError(
            f"Two models are compared by one metric - the champion's is {theirs!r}, the challenger's {headline!r}. "
            "Promote under another name=."
        )


def _both_answer(
    challenger: Trained, champion_uri: str, on: Any, own: pd.DataFrame, theirs: pd.DataFrame
) -> pd.DataFrame:
    """Ask both about the rows of `on`, in the form of `_both_held_out`."""
    champion = tracking.load(champion_uri)
    family = registry.family(challenger.family)
    frame, config, _ = family.check(as_pandas(on), challenger.config)
    answers = family.answer({"challenger": challenger.model, "champion": champion.model}, frame, config)
    if len(answers["challenger"]) < _COMMON_ROWS:
        raise FrameError(
            f"on= must hold at least {_COMMON_ROWS} rows whose outcome is known to judge two models - got "
            f"{len(answers['challenger']):,}. Give more rows."
        )
    both = answers["challenger"].assign(loss_other=answers["champion"]["loss"].to_numpy())
    for which, held_out in (("challenger", own), ("champion", theirs)):
        known = int(both["row"].isin(held_out["row"]).sum())
        if known:
            raise FrameError(
                f"on= must hold rows that neither model was trained on - {known:,} of {len(both):,} were in the "
                f"table of the {which}. Take other rows; the same keys at a later date are told apart by time=."
            )
    return both

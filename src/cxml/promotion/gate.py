"""Let a model become the champion only when it beats the champion and its own baseline.

Both comparisons are paired: the two models' losses on the same held-out rows, row by row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxml import registry, tracking
from cxml.errors import ConfigError, FrameError, PromotionRefused
from cxml.frames import as_pandas
from cxml.promotion.paired import COMMON_ROWS, Difference, are_enough, both_held_out, difference_of, paired_difference
from cxml.trained import Trained

if TYPE_CHECKING:
    import pandas as pd

_WEAK = "More rows or better columns help; until then the baseline is the safer choice."
_WORSE = (
    "If it gives something up on purpose, such as a column, tolerance= says how much worse it may be. If it should be "
    "better, give it more rows or better columns."
)


@dataclass(frozen=True, repr=False)
class Promotion:
    """A model that passed the gate.

    Attributes
    ----------
    uri : str
        ``models:/<name>@<alias>``, ready for ``load`` and ``predict``.
    version : str
    against_baseline : Difference, or None where the model is a baseline itself
    against_champion : Difference, or None where there was none yet
    """

    uri: str
    version: str
    against_baseline: Difference | None
    against_champion: Difference | None

    def __str__(self) -> str:
        baseline = self.against_baseline or "it is one itself"
        champion = self.against_champion or "there was none"
        return f"{self.uri} is version {self.version}; against its baseline: {baseline}; the champion: {champion}"

    __repr__ = __str__


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
    those of the frame `on`. The interval is part of the answer and kept with the registered version, either way. A
    method that is the last baseline of its family has none to beat, and may be the first champion.

    Parameters
    ----------
    model : Trained or URI
        Trained with tracking on.
    alias : str, default="champion"
    on : DataFrame, optional
        Labelled rows that neither model was trained on, to judge both. Needed where the two runs did not hold out
        (mostly) the same rows. Of churn, offers and voc other customers or comments, or the same at a later date; of
        anomaly the rows after both histories; of volume the table up to now, of which the rows after both histories
        are forecast, each horizon from what was known before it.
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
    against_baseline = None
    if len(challenger.verdict.metrics) > 1:
        against_baseline = paired_difference(own["loss"], own["baseline_loss"], own.get("group"))
        _require(against_baseline, challenger, "its baseline", _WEAK, strict=strict, tolerance=0.0)
    against_champion = None
    holder = tracking.holder(name, alias)
    if holder is not None:
        theirs = tracking.read_held_out(holder.run_id)
        _same_headline(challenger, theirs.attrs.get("headline"))
        both = (
            _on_common_rows(own, theirs)
            if on is None
            else _both_answer(challenger, f"models:/{name}@{alias}", on, own, theirs)
        )
        against_champion = difference_of(both)
        rival = f"{name}@{alias} (version {holder.version})"
        _require(against_champion, challenger, rival, _WORSE, strict=strict, tolerance=tolerance)
    told = {"cxml.against_baseline": against_baseline, "cxml.against_champion": against_champion}
    tags = {name: str(difference) for name, difference in told.items() if difference is not None}
    tags["cxml.headline"] = challenger.verdict.headline
    version = tracking.register(challenger, challenger.uri, name, alias, tags)
    return Promotion(f"models:/{name}@{alias}", version, against_baseline, against_champion)


def _require(
    difference: Difference, challenger: Trained, rival: str, advice: str, *, strict: bool, tolerance: float
) -> None:
    if (difference.high if strict else difference.mean) < tolerance:
        return
    headline = challenger.verdict.headline if challenger.verdict else ""
    what = "its whole interval" if strict else "its mean"
    raise PromotionRefused(
        f"{challenger.name} must beat {rival} on the same held-out rows: the difference of {headline}, {difference}, "
        f"must have {what} below {tolerance:g}. The alias was not moved. {advice}"
    )


def _on_common_rows(own: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    both = both_held_out(own, theirs)
    if not are_enough(both, own):
        raise ConfigError(
            f"Two models are compared on rows that both held out - they share {len(both):,} of {len(own):,}. "
            "Give rows that neither was trained on: promote(model, on=frame). Fewer than "
            f"{COMMON_ROWS} rows, or than half of the challenger's, cannot tell two models apart."
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
    """Ask both about the rows of `on`, in the form of `both_held_out`."""
    champion = tracking.load(champion_uri)
    family = registry.family(challenger.family)
    try:
        frame, config, _ = family.check(as_pandas(on), challenger.config)
    except FrameError as error:
        raise FrameError(
            f"on= must hold rows like those of a training - {error} To judge forecasts, give the table up to now."
        ) from error
    answers = family.answer({"challenger": challenger.model, "champion": champion.model}, frame, config)
    if len(answers["challenger"]) < COMMON_ROWS:
        raise FrameError(
            f"on= must hold at least {COMMON_ROWS} rows whose outcome is known to judge two models - got "
            f"{len(answers['challenger']):,}. Give more rows."
        )
    both = answers["challenger"].assign(loss_other=answers["champion"]["loss"].to_numpy())
    for which, held_out in (("challenger", own), ("champion", theirs)):
        known = int(both["row"].isin(held_out["row"]).sum())
        if known:
            raise FrameError(
                f"on= must hold rows that neither model was trained on - {known:,} of {len(both):,} were in the "
                f"table of the {which}. Take other rows, which key and time tell apart: other customers need other "
                "keys, the same ones at a later date need time=."
            )
    return both

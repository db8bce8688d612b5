"""What a log must be to learn effects from: treatments given by chance, and columns known before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxml.contract import Findings
from cxml.encoding import Encoder
from cxml.errors import FrameError, shorten
from cxml.frames import binary_target
from cxml.leakage import find_leaks, settle_leaks
from cxml.metrics import standard_error
from cxml.offers.catalogue import entries_of
from cxml.offers.checks import (
    check_counts,
    check_log,
    check_propensities,
    check_starts,
    groups_of_rows,
    learn_encoders,
    settle_offer_columns,
)
from cxml.offers.config import UpliftConfig
from cxml.offers.randomisation import Balance, post_treatment, refuse_unless_randomised, treatment_balance
from cxml.offers.treatments import (
    arms_of,
    check_control,
    in_upper_half,
    outcome_of,
    propensity_of,
    treatment_names,
    treatments_of,
)

if TYPE_CHECKING:
    import pandas as pd

#: Each treatment, and the control, needs so many rows.
_LEAST_OF_AN_ARM = 30
#: Up to so many offers are compared with the control one by one; more are taken together.
_MOST_COMPARED = 5
#: One over the chances of an arm's rows must sum to all rows within so many standard errors, and this share.
_ERRORS, _SHARE = 4.0, 0.1


def check_uplift(frame: pd.DataFrame, config: UpliftConfig) -> tuple[pd.DataFrame, UpliftConfig, Findings]:
    """Refuse a log that effects cannot be learned from; settle the label and what the columns are.

    Parameters
    ----------
    frame : DataFrame
    config : UpliftConfig

    Returns
    -------
    (the rows with a response, settled config, what was found)

    Raises
    ------
    FrameError
        If a named column is missing, no row is of the control, an arm has fewer than 30 rows, propensities cannot be
        the chances of the rows' own arms, the columns tell who was offered what (where the propensities are known and
        hang on the columns: even with each row counted one over its own), or a column was filled after the treatment.
    """
    check_log(frame, config)
    check_control(frame, config)
    known = frame[config.response].notna().to_numpy()
    notes = [] if known.all() else [f"{int((~known).sum()):,} rows without a response were left out."]
    frame = frame[known]
    check_starts(frame, config)
    config, outcome = _settle_outcome(frame, config)
    config = replace(config, offer_columns=settle_offer_columns(frame, config))
    arm, names = _arms(frame, config)
    config, inverse, more = _settle_chances(frame, config, arm, names)
    notes += more
    encoder, _, found = learn_encoders(frame, config)
    notes += found
    matrix = encoder.encode(frame)  # reads every value once: what cannot be read is refused before work starts
    late = [] if inverse is not None else _late(matrix, encoder, arm, outcome, groups_of_rows(frame, config))
    notes += _settle_late(late, config)
    leaks = find_leaks(frame, encoder, in_upper_half(outcome).astype(int), seed=config.seed)
    leaks = {name: what for name, what in leaks.items() if name not in late}
    notes += settle_leaks(leaks, config.on_leakage)
    gone = {*late, *(leaks if config.on_leakage == "drop" else ())}
    kept = [place for place, one in enumerate(encoder.columns) if one.name not in gone]
    columns = [encoder.columns[place] for place in kept]
    encoder = Encoder(columns, time=config.time)
    notes += refuse_unless_randomised(
        _balances(matrix[:, kept], encoder, arm, names, inverse, groups_of_rows(frame, config), config.seed)
    )
    if not columns:
        notes.append("No column tells customers apart: every offer has its average effect on everybody.")
    schema = tuple((one.name, one.kind, one.dirty) for one in columns)
    kept_leaks = {name: what for name, what in leaks.items() if name not in gone}
    return frame, replace(config, drop=(*config.drop, *sorted(gone)), schema=schema), Findings(tuple(notes), kept_leaks)


def _settle_outcome(frame: pd.DataFrame, config: UpliftConfig) -> tuple[UpliftConfig, np.ndarray]:
    """Whether responses are amounts, and which label is 1."""
    outcome = outcome_of(frame, config)
    if not outcome.amounts:
        binary_target(frame[config.response], positive=config.positive)
        check_counts(outcome.values.astype(int))
    return replace(config, positive=outcome.positive, amounts=outcome.amounts), outcome.values


def _arms(frame: pd.DataFrame, config: UpliftConfig) -> tuple[np.ndarray, list[str]]:
    """The treatment of each row, and the names of control and treatments."""
    entries = entries_of(frame[arms_of(frame, config) != 0], config)
    arm = treatments_of(frame, entries, config)
    names = [str(config.control), *treatment_names(entries, config)]
    rows = np.bincount(arm, minlength=len(names))
    few = [f"{names[place]}: {rows[place]:,}" for place in np.flatnonzero(rows < _LEAST_OF_AN_ARM)]
    if few:
        raise FrameError(
            f"Each treatment needs at least {_LEAST_OF_AN_ARM} rows to be compared - got {shorten(few)}. Gather "
            "more, drop the rows of these, or leave channel= out to take an offer's channels together."
        )
    return arm, names


def _settle_chances(
    frame: pd.DataFrame, config: UpliftConfig, arm: np.ndarray, names: Sequence[str]
) -> tuple[UpliftConfig, np.ndarray | None, list[str]]:
    """One over each row's chance where the draw hung on the row; None where each arm had one chance, or none is known.

    A draw whose chances are alike in all rows of an arm hangs on no column, so what is asked of any fair draw is asked
    of it too.
    """
    if config.propensity is None:
        return config, None, []
    check_propensities(frame, config)
    chance = propensity_of(frame, config)
    if chance is None:
        note = f"Propensities are empty in some rows of {config.propensity!r}: none of them was used."
        return replace(config, propensity=None, drop=(*config.drop, config.propensity)), None, [note]
    notes = _check_chances(chance, arm, names, groups_of_rows(frame, config), config.propensity)
    alike = all(np.ptp(chance[arm == one]) < 1e-9 for one in range(len(names)))
    return config, None if alike else 1 / chance, notes


def _check_chances(
    chance: np.ndarray, arm: np.ndarray, names: Sequence[str], groups: np.ndarray, column: str
) -> list[str]:
    """Refuse chances that cannot be those of the rows' own arms: one over them must sum to all rows in each arm.

    Less than that is possible where an offer was not always on offer; it is not for the control, without which there
    is nothing to compare with.
    """
    sure = int((chance >= 1).sum())
    if sure:
        raise FrameError(
            f"Effects need a propensity below 1 - {sure:,} of {len(chance):,} rows of {column!r} hold 1: they could "
            "not have been drawn otherwise, so nothing can be compared with them. Leave these rows out."
        )
    seldom = []
    for place, name in enumerate(names):
        weight = (arm == place) / chance
        mean, error = float(weight.mean()), standard_error(weight, groups)
        off = mean - 1 if abs(mean - 1) > max(_ERRORS * error, _SHARE) else 0.0
        if off > 0 or (off and not place):
            raise FrameError(
                f"Propensities must be the chance with which each row got its own offer, or none - one over those of "
                f"{name!r} in {column!r} sums to {mean:.0%} of all rows, not to 100 %. Give each row the chance of "
                f"what it got (not of being treated), and leave out rows that could not have been {names[0]!r}."
            )
        if off:
            seldom.append(f"{name} ({mean:.0%})")
    if not seldom:
        return []
    return [
        f"One over the propensities in {column!r} sums to less than all rows for {shorten(seldom)}. Where an offer was "
        "not always to be had, its effect is that on the rows that could get it; where channels are treatments, the "
        "propensity must be that of the offer by its channel."
    ]


def _late(matrix: np.ndarray, encoder: Encoder, arm: np.ndarray, outcome: np.ndarray, groups: np.ndarray) -> list[str]:
    """Columns that were likely filled after the treatment."""
    places = [place for place in range(len(encoder.columns)) if place not in encoder.level_counts]
    names = [encoder.names[place] for place in places]
    return post_treatment(matrix[:, places], names, (arm > 0).astype(int), outcome, groups)


def _settle_late(late: Sequence[str], config: UpliftConfig) -> list[str]:
    if not late:
        return []
    what = (
        f"Columns must be known before the treatment - {shorten(late)}: differs between the arms beyond chance and "
        f"goes with {config.response!r}, as what is counted after an offer does"
    )
    if config.on_leakage == "drop":
        return [f"{what}: left out. If they decided who got an offer instead, the draw was not fair, and still is not."]
    raise FrameError(
        f'{what}. If they were, leave them out: drop={list(late)!r}, or on_leakage="drop". If instead they decided who '
        "got an offer, leaving them out mends nothing: name the chances with propensity=."
    )


def _balances(
    matrix: np.ndarray,
    encoder: Encoder,
    arm: np.ndarray,
    names: Sequence[str],
    inverse: np.ndarray | None,
    groups: np.ndarray,
    seed: int,
) -> list[Balance]:
    together = len(names) - 1 > _MOST_COMPARED
    found = []
    for place, name in enumerate(["any offer"] if together else names[1:], start=1):
        rows = np.ones(len(arm), dtype=bool) if together else np.isin(arm, (0, place))
        told = matrix[rows], (arm[rows] > 0).astype(int), encoder.names, encoder.level_counts
        own = None if inverse is None else inverse[rows]
        found.append(treatment_balance(*told, treatment=name, groups=groups[rows], inverse=own, seed=seed))
    return found

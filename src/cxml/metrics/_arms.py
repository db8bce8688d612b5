"""Running sums of two arms down a ranking: what all figures of uplift are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import Floats, as_floats, as_weights


@dataclass(frozen=True, slots=True)
class Arms:
    """Running sums down to the end of each group of equal predictions, shape (repeats, groups)."""

    share: Floats
    treated: Floats
    control: Floats
    treated_sum: Floats
    control_sum: Floats
    many: bool

    def gap(self) -> Floats:
        """Effect among the rows so far; an arm without rows yet counts as outcomes of 0, as Radcliffe has it."""
        return rate(self.treated_sum, self.treated) - rate(self.control_sum, self.control)

    def incremental(self) -> Floats:
        """Radcliffe's curve: (Y_1 - Y_0 N_1 / N_0) over all treated, which is ``gap * N_1 / all of N_1``."""
        return self.gap() * rate(self.treated, self.treated[:, -1:])


def rate(numerator: Floats, denominator: Floats) -> Floats:
    """`numerator / denominator`, 0 where the denominator is 0."""
    out = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def trial_rows(
    y: ArrayLike, p: ArrayLike, treatment: ArrayLike, propensity: ArrayLike | None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Outcome, prediction, treatment and 1/chance of each row, checked."""
    outcome, predicted, treated = as_floats("y", y), as_floats("p", p), as_floats("treatment", treatment)
    if not outcome.size == predicted.size == treated.size:
        raise ValueError(
            f"`y`, `p` and `treatment` must describe the same rows, got {outcome.size:,}, {predicted.size:,} and "
            f"{treated.size:,} of them. Pass them in the same order."
        )
    odd = (treated != 0) & (treated != 1)
    if odd.any() or not 0 < treated.sum() < treated.size:
        raise ValueError(
            f"`treatment` must be 1 for treated and 0 for control rows, with some of each, got {np.unique(treated)[:5]}"
            ". Compare one treatment with control at a time."
        )
    return outcome, predicted, treated, _inverse(propensity, treated)


def _inverse(propensity: ArrayLike | None, treated: Floats) -> Floats:
    if propensity is None:
        return np.ones(treated.size)
    chance = np.broadcast_to(np.asarray(propensity, dtype=np.float64), treated.shape)
    if not ((chance > 0) & (chance < 1)).all():
        worst = chance[~((chance > 0) & (chance < 1))][0]
        raise ValueError(
            f"`propensity` must be each row's chance of treatment, above 0 and below 1, got {worst:g}. "
            "Leave out rows that could be in one arm only."
        )
    found: Floats = np.where(treated == 1, 1 / chance, 1 / (1 - chance))
    return found


def arms_of(
    y: ArrayLike, p: ArrayLike, treatment: ArrayLike, propensity: ArrayLike | None, weight: ArrayLike | None
) -> Arms:
    """Check, sort and pool rows."""
    outcome, predicted, treated, inverse = trial_rows(y, p, treatment, propensity)
    weights, many = as_weights(weight, outcome.size)
    if (predicted[1:] > predicted[:-1]).any():
        order = np.argsort(-predicted, kind="stable")
        outcome, predicted, treated, inverse = (one[order] for one in (outcome, predicted, treated, inverse))
        weights = weights if weight is None else np.take(weights, order, axis=1)
    ends = np.flatnonzero(np.r_[predicted[1:] != predicted[:-1], True])

    def running(values: Floats) -> Floats:
        found: Floats = np.cumsum(weights * values, axis=1)
        return found if ends.size == predicted.size else np.take(found, ends, axis=1)

    in_treated, in_control = treated * inverse, (1 - treated) * inverse
    share = running(np.ones(outcome.size))
    sums = running(in_treated), running(in_control), running(in_treated * outcome), running(in_control * outcome)
    return Arms(share / share[:, -1:], *sums, many)


def area_under(share: Floats, height: Floats) -> Floats:
    """Area under a curve that starts in the origin, shape (repeats,)."""
    before = np.hstack([np.zeros((len(height), 1)), height[:, :-1]])
    width = np.diff(share, axis=1, prepend=0.0)
    found: Floats = ((before + height) * width).sum(axis=1) / 2
    return found


def value_at(way: Floats, running: Floats, share: float) -> Floats:
    """A running sum where `way` has come to a share of its end; between the ends of groups, on the straight line."""
    cut = share * way[:, -1]
    after = np.minimum((way < cut[:, None] * (1 - 1e-12)).sum(axis=1), way.shape[1] - 1)
    at, first = np.arange(len(way)), after == 0
    low, high = np.where(first, 0.0, way[at, after - 1]), way[at, after]
    before = np.where(first, 0.0, running[at, after - 1])
    part = np.divide(cut - low, high - low, out=np.ones(len(way)), where=high > low)
    found: Floats = before + np.clip(part, 0.0, 1.0) * (running[at, after] - before)
    return found

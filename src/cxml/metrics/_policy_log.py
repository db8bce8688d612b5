"""A log's checked rows, their weights under another policy, and estimates as ratios of sums over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import Floats, as_floats, as_probabilities
from cxml.metrics.intervals import units_of
from cxml.metrics.likelihood import likelihood_interval
from cxml.metrics.overlap import overlap_notes
from cxml.values import is_number

Estimator: TypeAlias = Literal["on_policy", "ips", "snips", "dr", "dm"]


class Terms(NamedTuple):
    """An estimate as ``sum(above) / sum(below)`` over rows, and the weights that it stands on."""

    above: Floats
    below: Floats
    weight: Floats
    notes: tuple[str, ...]

    @property
    def value(self) -> float:
        return float(self.above.sum() / self.below.sum())

    @property
    def influence(self) -> Floats:
        """How much each row moves the estimate, to first order; their mean is the estimate itself."""
        moved: Floats = self.value + (self.above - self.value * self.below) / self.below.mean()
        return moved


@dataclass(frozen=True, slots=True)
class Log:
    """Checked rows of a log, and the unit (customer) of each."""

    reward: Floats
    propensity: Floats
    unit: np.ndarray
    units: int
    level: float

    def weigh(self, target: ArrayLike, clip: float | None, name: str) -> tuple[Floats, tuple[str, ...]]:
        probability = as_probabilities(name, target)
        same_rows(self.reward, probability, name)
        weight = probability / self.propensity
        if not weight.any():
            raise ValueError(
                f"`{name}` must be above 0 for some row, got only zeros: the policy never does what this log did. "
                "Judge it on a log that drew some of its choices."
            )
        notes = overlap_notes(weight, self.propensity)
        if clip is None or weight.max() <= clip:
            return weight, notes
        cut = np.minimum(weight, clip)
        lost = 1 - float(cut.sum() / weight.sum())
        return cut, (
            *notes,
            f"weights above {clip:g} were cut, {100 * lost:.2g} % of all weight: less noise, but biased towards what "
            "the log did often",
        )

    def interval(self, above: Floats, below: Floats) -> tuple[float, float]:
        summed = [np.bincount(self.unit, one, self.units).astype(np.float64) for one in (above, below)]
        return likelihood_interval(summed[0], summed[1], level=self.level)


def read_log(reward: ArrayLike, propensity: ArrayLike, groups: ArrayLike | None, level: float) -> Log:
    earned, chance = as_floats("reward", reward), as_floats("propensity", propensity)
    same_rows(earned, chance, "propensity")
    outside = (chance <= 0) | (chance > 1)
    if outside.any():
        at = int(np.argmax(outside))
        raise ValueError(
            f"`propensity` must be in (0, 1], got {chance[at]:g} at position {at} and {int(outside.sum()):,} such rows "
            "in all. A logged offer was drawn with some chance: log it when it is drawn."
        )
    if not 0 < level < 1:
        raise ValueError(f"`level` must be in (0, 1), got {level!r}. Use 0.95.")
    return Log(earned, chance, *units_of(groups, earned.size), level)


def same_rows(reward: Floats, other: np.ndarray, name: str) -> None:
    if other.shape != reward.shape:
        raise ValueError(
            f"`{name}` must describe the same rows as `reward`, got {other.size:,} and {reward.size:,} of them. "
            "Pass both in the order of the log."
        )


def checked_clip(clip: float | None) -> float | None:
    if clip is not None and not (is_number(clip) and clip > 0):
        raise ValueError(f"`clip` must be a weight above 0, or None to cut none, got {clip!r}. Try 10.")
    return clip


def on_policy_terms(log: Log) -> Terms:
    ones = np.ones(log.reward.size)
    return Terms(log.reward, ones, ones, ())


def weighted_terms(log: Log, weight: Floats, notes: tuple[str, ...], name: Estimator) -> Terms:
    return Terms(weight * log.reward, weight if name == "snips" else np.ones(weight.size), weight, notes)


def modelled_terms(
    log: Log, weight: Floats, notes: tuple[str, ...], expected: ArrayLike, expected_policy: ArrayLike
) -> Terms:
    q, mean = as_floats("expected", expected), as_floats("expected_policy", expected_policy)
    same_rows(log.reward, q, "expected")
    same_rows(log.reward, mean, "expected_policy")
    return Terms(mean + weight * (log.reward - q), np.ones(weight.size), weight, notes)

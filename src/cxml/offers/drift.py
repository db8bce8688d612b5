"""Follow how the acceptance of all offers drifts, from the answers as they become known.

What customers accept moves with the economy, the season and the sellers, and a score learned in one year is off in the
next. So a level is added to its log-odds, the same for all rows of a day: a random walk, filtered from the answers of
days before, strictly, each answer counted once it is known. A logistic likelihood with a normal state is filtered by
one Newton solution a day (assumed density filtering; West, Harrison & Migon 1985, JASA 80:73-83).

How fast the level moves is not settled once, since a calm log may be followed by a crisis: walks of several speeds run
side by side, weighed by how well each foretold the answers so far (dynamic model averaging: Raftery, Karny & Ettler
2010, Technometrics 52:52-66; for binary answers McCormick, Raftery, Madigan & Burd 2012, Biometrics 68:23-30). One of
them stands still at zero, with half the weight at first: where nothing drifts it keeps more than that, and no level is
added. A small share of the weight is dealt anew each day, so that a speed which was of no use for years can come back
in days (fixed share: Herbster & Warmuth 1998, Machine Learning 32:151-178).

The level filter of `cxml.timeseries.levels` is for counts and normal noise; answers are yes or no, many a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

#: Standard deviation of a day's step in log-odds, of each walk: the first one does not move.
_SPEEDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
_STILL_WEIGHT = 0.5
#: Share of the weight that is dealt anew each day.
_SHARE = 0.01
_NEWTON_STEPS, _LARGEST_STEP, _CLOSE = 50, 1.0, 1e-8


@dataclass(frozen=True)
class Drift:
    """The level of acceptance from day to day, and the filter that goes on from there.

    Attributes
    ----------
    day : array of int, shape (n_days,)
        Days since 1970 on which answers became known, rising.
    level : array of float, shape (n_days,)
        What is added to the log-odds of rows of later days, until the next of these days is over.
    mean, variance, weight : arrays of float, shape (n_walks,)
        What each walk knows after the last day.

    Examples
    --------
    >>> drift = Drift.none().followed(np.full(3_000, -2.0), np.arange(3_000) % 2, np.arange(3_000) // 100)
    >>> drift.at(np.array([0.0, 1.0, 30.0])).round(1).tolist()
    [0.0, 1.6, 2.0]
    """

    day: np.ndarray
    level: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    weight: np.ndarray

    @classmethod
    def none(cls) -> Drift:
        """Before any answer is known."""
        still = np.zeros(len(_SPEEDS))
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0), still, still, _first_weights())

    @property
    def now(self) -> float:
        """The last level known."""
        return float(self.level[-1]) if len(self.level) else 0.0

    def at(self, days: np.ndarray) -> np.ndarray:
        """The level of moments: what answers known on earlier days tell; the last one where no moment is said.

        Parameters
        ----------
        days : array of float, shape (n_rows,)
            Since 1970, NaN where not known.

        Returns
        -------
        array of float, shape (n_rows,)
            In log-odds.
        """
        levels = np.r_[0.0, self.level]
        found: np.ndarray = levels[np.searchsorted(self.day, np.floor(days), side="left")]
        return np.asarray(np.where(np.isnan(days), self.now, found))

    def followed(self, score: np.ndarray, target: np.ndarray, days: np.ndarray) -> Drift:
        """One that knows these answers too.

        Parameters
        ----------
        score : array of float, shape (n_rows,)
            Log-odds without the level.
        target : array of {0, 1}, shape (n_rows,)
        days : array of float, shape (n_rows,)
            When each answer was known, since 1970. What was known before the last day followed counts on that day.

        Returns
        -------
        Drift
        """
        if not len(days):
            return self
        last = int(self.day[-1]) if len(self.day) else int(np.floor(days.min()))
        known = np.maximum(np.floor(days).astype(np.int64), last)
        order = np.argsort(known, kind="stable")
        fresh, starts = np.unique(known[order], return_index=True)
        one, levels = self, []
        for today, rows in zip(fresh.tolist(), np.split(order, starts[1:]), strict=True):
            one = one._after(score[rows], target[rows], today - last)
            levels.append(one._level)
            last = today
        kept = self.day < fresh[0]
        return replace(one, day=np.r_[self.day[kept], fresh], level=np.r_[self.level[kept], levels])

    @property
    def _level(self) -> float:
        """The walks' levels by their weights; none while standing still is likelier than all the others together."""
        return 0.0 if self.weight[0] >= _STILL_WEIGHT else float(self.weight @ self.mean)

    def _after(self, score: np.ndarray, target: np.ndarray, gap: int) -> Drift:
        """One day on: walk, learn what the answers say, weigh the walks anew."""
        steps = np.square(_SPEEDS)
        # A walk begins with the uncertainty of one day.
        variance = np.where(self.variance > 0.0, self.variance + steps * gap, steps * max(gap, 1))
        moving = variance > 0.0
        mean, evidence = np.zeros(len(steps)), np.full(len(steps), _log_likelihood(score, target, np.zeros(1))[0])
        mean[moving], variance[moving], evidence[moving] = _learned(score, target, self.mean[moving], variance[moving])
        weight = (1.0 - _SHARE) * self.weight + _SHARE * _first_weights()
        weight = weight * np.exp(evidence - evidence.max())
        return replace(self, mean=mean, variance=variance, weight=weight / weight.sum())

    def parts(self) -> dict[str, np.ndarray]:
        """Everything learned."""
        return {f"drift_{name}": getattr(self, name) for name in ("day", "level", "mean", "variance", "weight")}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Drift:
        """Back from `parts`; none where nothing was kept."""
        if "drift_day" not in parts:
            return cls.none()
        names = ("day", "level", "mean", "variance", "weight")
        return cls(*(np.asarray(parts[f"drift_{name}"]) for name in names))


def _first_weights() -> np.ndarray:
    moving = len(_SPEEDS) - 1
    found: np.ndarray = np.r_[_STILL_WEIGHT, np.full(moving, (1.0 - _STILL_WEIGHT) / moving)]
    return found


def _log_likelihood(score: np.ndarray, target: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Of all answers, for each level."""
    log_odds = score[None, :] + levels[:, None]
    found: np.ndarray = (target * log_odds - np.logaddexp(0.0, log_odds)).sum(axis=1)
    return found


def _learned(
    score: np.ndarray, target: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mode, variance and evidence (Laplace) of each level, given its normal prior and the answers."""
    from scipy.special import expit

    found = mean.copy()
    for _ in range(_NEWTON_STEPS):
        chance = expit(score[None, :] + found[:, None])
        curvature = (chance * (1.0 - chance)).sum(axis=1) + 1.0 / variance
        slope = (target - chance).sum(axis=1) - (found - mean) / variance
        step = np.clip(slope / curvature, -_LARGEST_STEP, _LARGEST_STEP)
        found = found + step
        if np.abs(step).max() < _CLOSE:
            break
    evidence = _log_likelihood(score, target, found) - np.square(found - mean) / (2.0 * variance)
    return found, 1.0 / curvature, evidence - 0.5 * np.log(curvature * variance)

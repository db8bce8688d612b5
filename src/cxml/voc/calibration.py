"""Turn scores into probabilities that mean what they say, by scores of rows that their fit had not seen.

A slope and a bias for each label, as in temperature and vector scaling (Guo et al. 2017, "On calibration of modern
neural networks"), with a bend before them: machines told to reach a margin press most right answers to it and a few far
beyond, and a score twice as far is not twice as sure. Where a model has several kinds of evidence, each has its own
slope and bend: then this is also the rule that joins them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.voc.heads import Kind

#: Pulls biases and shifts towards 0 and bends towards a nearly straight line, as if by so many rows: a few rows cannot
#: tell them from chance.
_PRIOR_ROWS = 5.0
#: Bounds of slope, of the log of the bend and of the shift, for scores of standard deviation 1.
_BOUNDS = ((0.0, 100.0), (-4.0, 2.0), (-4.0, 4.0))
_START = (2.0, -1.5, 0.0)


@dataclass(frozen=True)
class Calibration:
    """How scores become probabilities: ``sum of slope * tanh(bend * (score + shift)), + bias``.

    Attributes
    ----------
    kind : {"single", "ordered", "multi"}
        Softmax over the labels, or a sigmoid for each.
    slopes, bends, shifts : arrays of float, shape (n_blocks,)
    bias : array of float, shape (n_labels,)
    """

    kind: Kind
    slopes: np.ndarray
    bends: np.ndarray
    shifts: np.ndarray
    bias: np.ndarray

    @classmethod
    def learn(cls, kind: Kind, blocks: Sequence[np.ndarray], target: np.ndarray) -> Calibration:
        """Find what gives the least log loss.

        Parameters
        ----------
        kind : {"single", "ordered", "multi"}
        blocks : sequence of array, each of shape (n_rows, n_labels)
            Scores by kind of evidence.
        target : array
            As `cxml.voc.heads.Head.read` gives it, without missing ones.

        Examples
        --------
        >>> scores = np.array([[4.0, -4.0], [-4.0, 4.0]] * 100)
        >>> target = np.array([0, 1] * 90 + [1, 0] * 10)  # one in ten is wrong, however sure the scores are
        >>> found = Calibration.learn("single", [scores], target)
        >>> found.probabilities([scores])[0].round(2).tolist()
        [0.9, 0.1]
        """
        from scipy.optimize import minimize

        stacked = np.stack([np.asarray(one, dtype=np.float64) for one in blocks])
        count, rows, labels = stacked.shape
        truth = target if kind == "multi" else np.eye(labels)[target]
        scale = np.maximum(stacked.std(axis=(1, 2)), 1e-9)
        stacked = stacked / scale[:, None, None]

        def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
            slopes, logs, shifts = values[: 3 * count].reshape(3, count)
            bends, bias = np.exp(logs), values[3 * count :]
            moved = stacked + shifts[:, None, None]
            bent = np.tanh(bends[:, None, None] * moved)
            chance = _chances(kind, np.tensordot(slopes, bent, 1) + bias)
            told = np.where(truth > 0, chance, 1 - chance) if kind == "multi" else chance[truth > 0]
            pulls = np.concatenate([np.zeros(count), logs - _START[1], shifts, bias])
            total = -np.log(np.maximum(told, 1e-300)).sum() + _PRIOR_ROWS * float(pulls @ pulls) / 2
            error = chance - truth
            inner = error * (1 - bent**2) * (slopes * bends)[:, None, None]
            parts = (bent * error).sum(axis=(1, 2)), (inner * moved).sum(axis=(1, 2)), inner.sum(axis=(1, 2))
            return total / rows, (np.concatenate([*parts, error.sum(axis=0)]) + _PRIOR_ROWS * pulls) / rows

        start = np.concatenate([np.repeat(_START, count), np.zeros(labels)])
        bounds = [one for one in _BOUNDS for _ in range(count)] + [(None, None)] * labels
        found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
        slopes, logs, shifts = found[: 3 * count].reshape(3, count)
        return cls(kind, slopes, np.exp(logs) / scale, shifts * scale, found[3 * count :])

    def probabilities(self, blocks: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of scores, shape (n_rows, n_labels)."""
        return _chances(self.kind, self.logits(blocks))

    def logits(self, blocks: Sequence[np.ndarray]) -> np.ndarray:
        """Scores on the scale of log-odds, shape (n_rows, n_labels)."""
        total = self.bias
        for slope, bend, shift, one in zip(self.slopes, self.bends, self.shifts, blocks, strict=True):
            total = total + slope * np.tanh(bend * (one + shift))
        return total

    def loss(self, blocks: Sequence[np.ndarray], target: np.ndarray) -> float:
        """Mean log loss of rows."""
        return float(row_losses(self.kind, self.probabilities(blocks), target).mean())

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        numbers = {name: getattr(self, name).tolist() for name in ("slopes", "bends", "shifts", "bias")}
        return {"kind": self.kind, **numbers}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Calibration:
        """Back from `to_json`."""
        return cls(values["kind"], *(np.array(values[name]) for name in ("slopes", "bends", "shifts", "bias")))


def row_losses(kind: Kind, chance: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Log loss of each row; over the labels of a ``multi`` it is added up."""
    bounded = np.clip(chance, 2.0**-52, 1 - 2.0**-52)
    if kind == "multi":
        found: np.ndarray = -np.log(np.where(target > 0, bounded, 1 - bounded)).sum(axis=1)
        return found
    told: np.ndarray = -np.log(bounded[np.arange(len(target)), target])
    return told


def _chances(kind: Kind, logits: np.ndarray) -> np.ndarray:
    if kind == "multi":
        halves: np.ndarray = (1 + np.tanh(logits / 2)) / 2
        return halves
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return found

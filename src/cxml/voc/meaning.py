"""Score the meaning of whole comments: logistic regression on sentence embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxml.voc.calibration import Calibration
from cxml.voc.folds import Folds
from cxml.voc.heads import Head

_COSTS = (1.0, 10.0, 100.0)


@dataclass(frozen=True)
class Meaning:
    """What one head makes of embeddings.

    Attributes
    ----------
    centre : array of float, shape (dimension,)
        Taken off before the embeddings are brought to length one: all sentences lean the same way.
    weights : array of float16, shape (dimension, n_labels)
    intercepts : array of float, shape (n_labels,)
    cost : float
        ``C`` of the regression.
    """

    centre: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    cost: float

    @classmethod
    def learn(cls, vectors: np.ndarray, target: np.ndarray, head: Head, cost: float, weight: str | None) -> Meaning:
        """Fit on embeddings of labelled comments."""
        from sklearn.linear_model import LogisticRegression

        centre = vectors.mean(axis=0)
        placed = _placed(vectors, centre)
        labels = len(head.labels)
        weights, intercepts = np.zeros((vectors.shape[1], labels)), np.full(labels, -2.0)

        def fitted(answer: np.ndarray) -> Any:
            return LogisticRegression(C=cost, class_weight=weight, max_iter=1_000, tol=1e-3).fit(placed, answer)

        if head.kind == "multi":
            for label, answer in enumerate(target.T):
                if answer.min() < answer.max():
                    machine = fitted(answer > 0)
                    weights[:, label], intercepts[label] = machine.coef_[0], machine.intercept_[0]
        elif target.min() == target.max():
            intercepts[target[0]] = 2.0
        else:
            machine = fitted(target)
            found, start = machine.coef_, machine.intercept_
            if len(found) == 1:
                found, start = np.concatenate([-found, found]) / 2, np.concatenate([-start, start]) / 2
            weights[:, machine.classes_], intercepts[machine.classes_] = found.T, start
        return cls(centre.astype(np.float32), weights.astype(np.float16), intercepts, cost)

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """Scores, shape (n_texts, n_labels)."""
        found: np.ndarray = _placed(vectors, self.centre) @ self.weights.astype(np.float32) + self.intercepts
        return found

    def parts(self) -> dict[str, np.ndarray]:
        """Everything learned."""
        return {"centre": self.centre, "weights": self.weights, "intercepts": np.append(self.intercepts, self.cost)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, np.ndarray]) -> Meaning:
        """Back from `parts`."""
        return cls(parts["centre"], parts["weights"], parts["intercepts"][:-1], float(parts["intercepts"][-1]))


def ask_folds(
    vectors: np.ndarray, target: np.ndarray, head: Head, folds: Folds, weight: str | None
) -> tuple[float, np.ndarray]:
    """Choose the cost by the log loss on folds; the cost, and the scores of the rows asked, fold after fold."""
    asked = target[np.concatenate([ask for _, ask in folds])]
    best: tuple[float, float, np.ndarray] | None = None
    for cost in _COSTS:
        blocks = [
            np.concatenate(
                [
                    Meaning.learn(vectors[fit], target[fit], head, cost, weight).scores(vectors[ask])
                    for fit, ask in folds
                ]
            )
        ]
        loss = Calibration.learn(head.kind, blocks, asked).loss(blocks, asked)
        if best is None or loss < best[0]:
            best = loss, cost, blocks[0]
    _, cost, scores = best or (0.0, _COSTS[0], np.empty(0))
    return cost, scores


def _placed(vectors: np.ndarray, centre: np.ndarray) -> np.ndarray:
    moved = vectors - centre
    found: np.ndarray = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    return found

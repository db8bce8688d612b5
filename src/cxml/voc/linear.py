"""Linear models on n-grams: one against the rest, with a naive Bayes prior on which n-grams may matter.

Each label is told from the rest by a support vector machine with squared hinge loss, whose columns are first scaled by
a power of their naive Bayes log ratio (Wang & Manning 2012, "Baselines and bigrams", there with the power 1): an
n-gram that both sides hold alike must earn a large weight, one that only one side holds gets it cheaply. The power
(0 is the plain machine) and the cost are chosen on folds by the log loss of the calibrated scores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from cxml.voc.calibration import Calibration
from cxml.voc.checks import is_labelled
from cxml.voc.folds import Folds, class_of, inner_folds
from cxml.voc.heads import Head
from cxml.voc.meaning import Meaning, ask_folds
from cxml.voc.ngrams import Unit, Vocabulary
from cxml.voc.normalise import normalise
from cxml.voc.semantic import reopen_encoder

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from cxml.voc.semantic import Encoder

#: Smooths the counts behind the log ratio.
_SMOOTHING = 0.3
_POWERS = (0.5, 1.0, 0.0)
_COSTS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_FIRST_COST = 2
#: Rows that choose at most; the choice hardly moves with more.
_MOST_TO_CHOOSE = 24_000
#: All folds choose where rows x questions x folds are no more than this; else the first one does.
_CHEAP = 300_000
#: n-grams of a single text are kept in small tables only.
_FEW = 2_000
_TEXTS_AT_ONCE = 5_000

Weights = Literal["balanced"] | None


@dataclass(frozen=True)
class Recipe:
    """What is chosen on folds.

    Attributes
    ----------
    power : float from 0 to 1
        Of the naive Bayes ratio.
    cost : float > 0
        ``C`` of the machine, for as many rows as it was settled with.
    """

    power: float
    cost: float

    def scaled(self, rows: int, fewer: int) -> Recipe:
        """The same pull towards zero, relative to the losses of all rows, for another number of rows.

        Scores then are as far apart as those of the fit on all rows, and what calibrates the one fits the other.
        """
        return Recipe(self.power, self.cost * rows / fewer)


#: What scikit-learn would do.
PLAIN = Recipe(0.0, 0.3)


class LinearEngine:
    """Scores texts by their n-grams, and by the meaning of the whole where an encoder is given.

    Parameters
    ----------
    unit : {"characters", "words"}, default="characters"
    class_weight : {"balanced"}, optional
        Let each label weigh the same in the fit, however rare. Probabilities are calibrated to the rates as they are.
    recipe : Recipe, optional
        Power and cost; without it they are chosen on folds.
    most : int, optional
        n-grams kept at most, the commonest.
    encoder : Encoder, optional
        See `cxml.voc.semantic`. It joins where it lowers the loss on folds.
    seed : int, default=0
    """

    def __init__(
        self,
        *,
        unit: Unit = "characters",
        class_weight: Weights = None,
        recipe: Recipe | None = None,
        most: int | None = None,
        encoder: Encoder | None = None,
        seed: int = 0,
    ) -> None:
        self._unit: Unit = unit
        self._class_weight: Weights = class_weight
        self._recipe = recipe
        self._most = most
        self._encoder = encoder
        self._seed = seed
        self._vocabulary: Vocabulary | None = None
        self._weights: dict[str, np.ndarray] = {}
        self._intercepts: dict[str, np.ndarray] = {}
        self._recipes: dict[str, Recipe] = {}
        self._rows: dict[str, int] = {}
        self._meanings: dict[str, Meaning] = {}
        self._joins: dict[str, Calibration] = {}
        self.validation: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def fit(self, texts: Sequence[str], targets: Mapping[str, np.ndarray], heads: Sequence[Head]) -> Self:
        """Choose, score the folds for the calibration, and fit on all rows."""
        return self._learn(texts, targets, heads, None)

    def refit(self, texts: Sequence[str], targets: Mapping[str, np.ndarray], heads: Sequence[Head]) -> Self:
        """A new engine of the same choices, fitted on other rows; it scores no folds."""
        settings: dict[str, Any] = {"unit": self._unit, "class_weight": self._class_weight, "encoder": self._encoder}
        engine = type(self)(**settings, recipe=self._recipe, most=self._most, seed=self._seed)
        return engine._learn(texts, targets, heads, self)

    def _learn(
        self,
        texts: Sequence[str],
        targets: Mapping[str, np.ndarray],
        heads: Sequence[Head],
        judged: LinearEngine | None,
    ) -> Self:
        plain = [normalise(one) for one in texts]
        least = 1 if len(plain) < _FEW else 2
        self._vocabulary = Vocabulary.learn(plain, unit=self._unit, least=least, most=self._most)
        matrix = self._vocabulary.matrix(plain)
        vectors = None if self._encoder is None else self._encoder.encode(texts)
        for head in heads:
            target = targets[head.name]
            rows = np.flatnonzero(is_labelled(target))
            known = _Rows(matrix[rows], target[rows], head, self._class_weight, self._seed)
            meant = None if vectors is None else vectors[rows]
            if judged is None:
                folds = inner_folds([plain[row] for row in rows], class_of(target[rows]), self._seed)
                self._settle(known, meant, folds, rows)
            else:
                self._recipes[head.name] = judged._recipes[head.name].scaled(judged._rows[head.name], len(rows))
                self._joins |= {name: join for name, join in judged._joins.items() if name == head.name}
            weights, intercepts = known.fit(np.arange(len(rows)), self._recipes[head.name])
            # Rounded once, here: what is saved then answers what was judged.
            self._weights[head.name], self._intercepts[head.name] = weights.astype(np.float16), intercepts
            self._rows[head.name] = len(rows)
            if meant is not None:
                cost = (judged or self)._meanings[head.name].cost
                self._meanings[head.name] = Meaning.learn(meant, target[rows], head, cost, self._class_weight)
        return self

    def _settle(self, known: _Rows, meant: np.ndarray | None, folds: Folds, rows: np.ndarray) -> None:
        """Choose how to fit a head, and keep the scores of rows that a fit had not seen."""
        name, target = known.head.name, known.target
        recipe = self._recipe or choose(known, folds)
        scores = known.ask(folds, recipe, len(rows))
        asked = np.concatenate([ask for _, ask in folds])
        if meant is not None:
            cost, by_meaning = ask_folds(meant, target, known.head, folds, self._class_weight)
            blocks = [scores, by_meaning]
            self._joins[name] = Calibration.learn(known.head.kind, blocks, target[asked])
            self._meanings[name] = Meaning(np.empty(0), np.empty(0), np.empty(0), cost)
            scores = self._joins[name].logits(blocks)
        self._recipes[name], self.validation[name] = recipe, (rows[asked], scores)

    def scores(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Scores of texts by head, each of shape (n_texts, n_labels)."""
        starts = range(0, max(len(texts), 1), _TEXTS_AT_ONCE)
        blocks = [texts[start : start + _TEXTS_AT_ONCE] for start in starts]
        weights = {name: one.astype(np.float32) for name, one in self._weights.items()}

        def score(block: Sequence[str]) -> dict[str, np.ndarray]:
            matrix = self.vocabulary.matrix([normalise(one) for one in block])
            return {name: _both_sides(matrix @ one + self._intercepts[name]) for name, one in weights.items()}

        # Sorting and looking up, most of the work, are numpy's and let other threads run.
        with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
            found = list(pool.map(score, blocks))
        return self._join(texts, {name: np.concatenate([one[name] for one in found]) for name in weights})

    def scores_of(self, text: str) -> dict[str, np.ndarray]:
        """Scores of one text by head, each of shape (n_labels,): what a service asks for."""
        places, values = self.vocabulary.row(normalise(text))
        found = {
            name: _both_sides((values @ weights[places] + self._intercepts[name])[None])
            for name, weights in self._weights.items()
        }
        return {name: scores[0] for name, scores in self._join([text], found).items()}

    def _join(self, texts: Sequence[str], found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Join the scores by n-grams with those by meaning, as far as the model has these."""
        if self._encoder is None:
            return found
        vectors = self._encoder.encode(texts)
        return {
            name: self._joins[name].logits([scores, self._meanings[name].scores(vectors)])
            for name, scores in found.items()
        }

    @property
    def vocabulary(self) -> Vocabulary:
        """What n-grams it knows."""
        if self._vocabulary is None:
            raise ValueError("A linear engine must be fitted before it scores. Call fit(...).")
        return self._vocabulary

    def parts(self) -> dict[str, Any]:
        """Everything learned."""
        parts: dict[str, Any] = {
            "linear": {
                "unit": self._unit,
                "class_weight": self._class_weight,
                "seed": self._seed,
                "recipes": {name: [one.power, one.cost, self._rows[name]] for name, one in self._recipes.items()},
            },
            "hashes": self.vocabulary.hashes,
            "idf": self.vocabulary.idf,
        }
        for name, weights in self._weights.items():
            parts[f"weights_{name}"], parts[f"intercepts_{name}"] = weights, self._intercepts[name]
        if self._encoder is not None:
            joins = {name: one.to_json() for name, one in self._joins.items()}
            parts["meaning"] = {"encoder": self._encoder.identity(), "joins": joins}
            for name, one in self._meanings.items():
                parts |= {f"meaning_{name}_{part}": value for part, value in one.parts().items()}
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Back from `parts`."""
        settings = dict(parts["linear"])
        recipes = settings.pop("recipes")
        engine = cls(**settings)
        engine._vocabulary = Vocabulary(settings["unit"], parts["hashes"], parts["idf"])
        meaning = parts.get("meaning")
        if meaning is not None:
            engine._encoder = reopen_encoder(meaning["encoder"])
            engine._joins = {name: Calibration.from_json(one) for name, one in meaning["joins"].items()}
        for name, (power, cost, rows) in recipes.items():
            engine._recipes[name], engine._rows[name] = Recipe(power, cost), rows
            if meaning is not None:
                own = {part: parts[f"meaning_{name}_{part}"] for part in ("centre", "weights", "intercepts")}
                engine._meanings[name] = Meaning.from_parts(own)
            engine._weights[name], engine._intercepts[name] = parts[f"weights_{name}"], parts[f"intercepts_{name}"]
        return engine


@dataclass(frozen=True)
class _Rows:
    """Labelled rows of one head, ready to be fitted and asked in parts."""

    matrix: csr_array
    target: np.ndarray
    head: Head
    class_weight: Weights
    seed: int

    @property
    def questions(self) -> np.ndarray:
        """What is told from the rest, one column each: a single one where there are two labels."""
        if self.head.kind == "multi":
            return self.target
        if len(self.head.labels) == 2:
            return np.asarray(self.target == 1, dtype=float)[:, None]
        return np.asarray(np.eye(len(self.head.labels))[self.target])

    def fit(self, rows: np.ndarray, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
        """Weights, shape (n_ngrams, n_questions), and intercepts, from some rows."""
        from scipy.sparse import csr_array

        matrix, questions = self.matrix[rows], self.questions[rows]
        scales = _scales(matrix, questions, recipe.power)
        weights = np.zeros((matrix.shape[1], questions.shape[1]), dtype=np.float32)
        intercepts = np.zeros(questions.shape[1])
        for place, answer in enumerate(questions.T):
            scale = scales[:, place if recipe.power else 0]
            values = matrix.data * scale[matrix.indices]
            scaled = csr_array((values, matrix.indices, matrix.indptr), matrix.shape)
            found, intercepts[place] = _separate(scaled, answer, recipe.cost, self.class_weight, self.seed)
            weights[:, place] = found * scale
        return weights, intercepts

    def ask(self, folds: Folds, recipe: Recipe, rows: int | None = None) -> np.ndarray:
        """Scores of rows by fits that had not seen them, fold after fold; as of a fit on `rows` rows."""
        found = []
        for fit, ask in folds:
            weights, intercepts = self.fit(fit, recipe if rows is None else recipe.scaled(rows, len(fit)))
            found.append(_both_sides(_as_unseen(self.matrix[ask], self.matrix[fit]) @ weights + intercepts))
        return np.concatenate(found)


def _as_unseen(asked: csr_array, learned: csr_array) -> csr_array:
    """Rows as a vocabulary of the learned rows alone would weigh them.

    What only the asked rows hold would lengthen them, so that their scores came out nearer to 0 than those of comments
    that are new, and the calibration would make new comments too sure.
    """
    from scipy.sparse import csr_array

    known = np.bincount(learned.indices, minlength=learned.shape[1]) > 0
    values = np.where(known[asked.indices], asked.data, 0)
    rows = np.repeat(np.arange(asked.shape[0]), np.diff(asked.indptr))
    length = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=asked.shape[0]))
    values = values / np.maximum(length, 1e-12).astype(np.float32)[rows]
    return csr_array((values, asked.indices, asked.indptr), asked.shape)


def choose(known: _Rows, folds: Folds) -> Recipe:
    """Choose the power at a middling cost, and then climb to the best cost."""
    few = _thin(folds, known.questions.shape[1], known.seed)
    target = known.target[np.concatenate([ask for _, ask in few])]

    def loss(recipe: Recipe) -> float:
        blocks = [known.ask(few, recipe)]
        return Calibration.learn(known.head.kind, blocks, target).loss(blocks, target)

    losses = {power: loss(Recipe(power, _COSTS[_FIRST_COST])) for power in _POWERS}
    power = min(losses, key=lambda one: losses[one])
    return Recipe(power, _climb(lambda cost: loss(Recipe(power, cost)), losses[power]))


def _climb(loss: Callable[[float], float], first: float) -> float:
    """Go along the costs as long as the loss falls."""
    best, place = first, _FIRST_COST
    for step in (-1, 1):
        while 0 <= place + step < len(_COSTS) and (tried := loss(_COSTS[place + step])) < best:
            best, place = tried, place + step
        if place != _FIRST_COST:
            break
    return _COSTS[place]


def _thin(folds: Folds, questions: int, seed: int) -> Folds:
    """Few enough rows to try many recipes on."""
    fit, ask = folds[0]
    if (len(fit) + len(ask)) * questions * len(folds) <= _CHEAP:
        return folds
    share = min(1.0, _MOST_TO_CHOOSE / (len(fit) + len(ask)))
    rng = np.random.default_rng(seed)
    cut = [np.sort(rng.choice(side, max(2, round(share * len(side))), replace=False)) for side in (fit, ask)]
    return [(cut[0], cut[1])]


def _scales(matrix: csr_array, questions: np.ndarray, power: float) -> np.ndarray:
    """Scale of each n-gram for each question, so that rows are of length one on average.

    ``|log ((p + a) / sum(p + a)) - log ((q + a) / sum(q + a))| ** power``, of the texts with it among those of the
    label (p) and among the rest (q).
    """
    if not power:
        return np.ones((matrix.shape[1], 1), dtype=np.float32)
    holds = matrix.copy()
    holds.data = np.ones_like(holds.data)
    own = holds.T @ questions + _SMOOTHING
    rest = holds.sum(axis=0)[:, None] - own + 2 * _SMOOTHING
    ratio = np.abs(np.log(own / own.sum(axis=0)) - np.log(rest / rest.sum(axis=0))) ** power
    mass = matrix.power(2).sum(axis=0) / max(matrix.shape[0], 1)
    length = np.sqrt(mass @ ratio**2)
    found: np.ndarray = (ratio / np.maximum(length, 1e-9)).astype(np.float32)
    return found


def _separate(
    matrix: csr_array, answer: np.ndarray, cost: float, class_weight: Weights, seed: int
) -> tuple[np.ndarray, float]:
    """Weights and intercept of one question; one that has a single answer among these rows is answered by it."""
    from sklearn.svm import LinearSVC

    if answer.min() == answer.max():
        return np.zeros(matrix.shape[1]), 2.0 * float(answer[0]) - 1.0
    machine = LinearSVC(C=cost, tol=1e-2, class_weight=class_weight, max_iter=20_000, random_state=seed % 2**32)
    machine.fit(matrix, answer > 0)
    return machine.coef_[0], float(machine.intercept_[0])


def _both_sides(scores: np.ndarray) -> np.ndarray:
    """Write one score for two labels as half of it for each side."""
    return np.concatenate([-scores, scores], axis=1) / 2 if scores.shape[1] == 1 else scores

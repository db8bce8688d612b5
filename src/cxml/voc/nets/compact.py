"""The compact model: a linear model and a small net over the same pieces of words, trained with torch, run with numpy.

Wide and deep [1]_: the linear part remembers telling phrases, the net reads words in their order, and what each is
worth is weighed on rows that neither has seen. Both are plain arrays, under 30 MB together.

.. [1] Cheng, H.-T., et al. (2016). Wide & deep learning for recommender systems. DLRS 2016, 7-10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cxml.errors import FrameError, NotFittedError
from cxml.voc.nets.compact_heads import ALONE, Shape, as_columns, best_shares, full, joined, labelled, slim, split
from cxml.voc.nets.compact_net import Net
from cxml.voc.nets.compact_parting import apart_from, dealt, mixed
from cxml.voc.nets.compact_settings import CompactSettings
from cxml.voc.nets.compact_wide import Wide, fit_wide, read
from cxml.voc.normalise import normalise

if TYPE_CHECKING:
    from cxml.voc.heads import Head

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

__all__ = ["CompactEngine", "CompactSettings"]

_FEW: Final = 400  # rows with a label, below which a net learns nothing that the linear part does not know
_FOLDS: Final = 5
_BLOCK: Final = 4_096  # texts scored at a time


class CompactEngine:
    """Turns comments into scores of labels with a linear part and a small net.

    Training needs torch (extra ``torch``) where there are 400 labelled rows or more; with fewer the linear part
    stands alone. Scoring never does.

    Parameters
    ----------
    settings : CompactSettings, default=None
        None: the defaults.

    Attributes
    ----------
    settings : CompactSettings
    validation : dict of str to (array of int, array of float)
        By head: positions of rows that the fit of those scores did not learn from, nor from others of the same
        letters, and their scores. Only the pass
        that was kept and the two weights of the parts were chosen on them. Empty for a model rebuilt from `parts`.
    shares : dict of str to (float, float)
        By head: what the linear part's scores and the net's are multiplied by before they are added.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> head = SimpleNamespace(name="sentiment", kind="single", labels=("negative", "positive"))
    >>> texts = ["정말 좋아요", "너무 좋네요", "최악이에요", "정말 별로예요"] * 5
    >>> engine = CompactEngine().fit(texts, {"sentiment": np.array([1, 1, 0, 0] * 5)}, [head])
    >>> engine.scores(["좋습니다", "별로"])["sentiment"].argmax(axis=1).tolist()
    [1, 0]
    >>> CompactEngine.from_parts(engine.parts()).scores([""])["sentiment"].shape
    (1, 2)
    >>> engine.fit(texts, {"sentiment": np.array([1, 0])}, [head])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The targets of 'sentiment' must have one row for each of the 20 texts, got 2. \
Give one for each, -1 (or NaN) where there is no label.
    """

    def __init__(self, settings: CompactSettings | None = None) -> None:
        self.settings = settings or CompactSettings()
        self.validation: dict[str, tuple[Integers, Floats]] = {}
        self.shares: dict[str, tuple[float, float]] = {}
        self._heads: tuple[Shape, ...] = ()
        self._wide: Wide | None = None
        self._net: Net | None = None
        self._epochs = 0

    def fit(
        self,
        texts: Sequence[str],
        targets: Mapping[str, NDArray[Any]],
        heads: Sequence[Head],
        *,
        step: Callable[[str], None] | None = None,
    ) -> Self:
        """Learn from comments.

        Parameters
        ----------
        texts : sequence of str
            Masked comments; may be empty or long.
        targets : mapping of str to array
            By head: of a single or ordered one the position of the label, -1 where there is none, shape (n_texts,);
            of one with several labels a row 0 and 1 each, NaN where there is none, shape (n_texts, n_labels).
        heads : sequence of Head
            What is to be learned.
        step : callable, default=None
            Told in words what is being done, for a progress bar. Never told a text.

        Returns
        -------
        CompactEngine
            Itself.

        Raises
        ------
        FrameError
            If targets and texts differ in number, no row has a label, or all that have one have the same letters.
        MissingExtraError
            If a net is to be trained and torch is not installed.
        """
        step = step or _silent
        lines, counts, goals, known = self._read(texts, targets, heads, step)
        self._net, self._epochs, self.validation = None, 0, {}
        self.shares = {head.name: ALONE for head in self._heads}
        groups = mixed(lines, known, self.settings.seed)
        if len(groups) < 2:
            raise FrameError(
                "A model is calibrated on comments that it has not learned from - got "
                f"{len(known):,} labelled comments, all with the same letters. Label some that differ."
            )
        if len(known) < _FEW:
            self._cross_fit(counts, goals, dealt(groups, min(_FOLDS, len(known))), step)
        else:
            self._weigh(lines, counts, goals, groups, step)
            if len(known) < self.settings.refit_below:
                self._net = self._fit_net(lines, goals, known, step)
        self._wide = self._fit_wide(counts, goals, known, step)
        return self

    def refit(
        self,
        texts: Sequence[str],
        targets: Mapping[str, NDArray[Any]],
        heads: Sequence[Head],
        *,
        step: Callable[[str], None] | None = None,
    ) -> Self:
        """Learn from other rows with the passes and shares that `fit` chose; no row is kept apart.

        Parameters
        ----------
        texts, targets, heads, step
            As for `fit`; the same heads.

        Returns
        -------
        CompactEngine
            A new one, without `validation`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        FrameError, MissingExtraError
            As in `fit`.
        """
        self._fitted()
        step = step or _silent
        engine = type(self)(self.settings)
        engine.shares, engine._epochs = self.shares, self._epochs
        lines, counts, goals, known = engine._read(texts, targets, heads, step)
        if engine._epochs:
            engine._net = engine._fit_net(lines, goals, known, step)
        engine._wide = engine._fit_wide(counts, goals, known, step)
        return engine

    def _read(
        self,
        texts: Sequence[str],
        targets: Mapping[str, NDArray[Any]],
        heads: Sequence[Head],
        step: Callable[[str], None],
    ) -> tuple[list[str], sp.csr_matrix, dict[str, Floats], Integers]:
        """Normalised texts, their n-grams, the labels as columns, and the rows that have one."""
        self._heads = tuple(Shape(head.name, head.kind != "multi", len(head.labels)) for head in heads)
        goals = {head.name: as_columns(head, np.asarray(targets[head.name]), len(texts)) for head in self._heads}
        known = np.flatnonzero(np.any([labelled(goal) for goal in goals.values()], axis=0))
        if not len(known):
            raise FrameError(
                f"Training needs rows with a label - of {len(texts):,} rows none has one. "
                "Give labels in the columns of the heads."
            )
        step("reading the comments")
        lines = [normalise(text[: self.settings.characters]) for text in texts]
        return lines, read(lines), goals, known

    def _fit_net(
        self, lines: Sequence[str], goals: Mapping[str, Floats], rows: Integers, step: Callable[[str], None]
    ) -> Net:
        """Train the net on rows for as many passes as were chosen."""
        from cxml.voc.nets.compact_training import fit_net, goals_of

        asked = goals_of(self._heads, goals, rows, self.settings.class_weight)
        chosen = [lines[row] for row in rows]
        return fit_net(chosen, asked, self.settings, epochs=self._epochs, judge=None, step=step)[0]

    def _fit_wide(
        self, counts: sp.csr_matrix, goals: Mapping[str, Floats], rows: Integers, step: Callable[[str], None]
    ) -> Wide:
        wanted = {name: goal[rows] for name, goal in slim(self._heads, goals).items()}
        return fit_wide(counts[rows], wanted, self.settings, step=step)

    def _cross_fit(
        self,
        counts: sp.csr_matrix,
        goals: Mapping[str, Floats],
        folds: Sequence[Integers],
        step: Callable[[str], None],
    ) -> None:
        """Scores of each fold by a linear part that was fitted on the others."""
        if len(folds) < 2:
            return
        found = {head.name: np.zeros((counts.shape[0], head.size)) for head in self._heads}
        for fold in folds:
            others = np.concatenate([other for other in folds if other is not fold])
            wide = self._fit_wide(counts, goals, others, step)
            for name, scores in full(self._heads, wide.scores(counts[fold])).items():
                found[name][fold] = scores
        for name, scores in found.items():
            rows = np.flatnonzero(labelled(goals[name]))
            self.validation[name] = (rows, scores[rows])

    def _weigh(
        self,
        lines: Sequence[str],
        counts: sp.csr_matrix,
        goals: Mapping[str, Floats],
        groups: Sequence[Integers],
        step: Callable[[str], None],
    ) -> None:
        """Train the net, and weigh it beside the linear part on rows that neither has seen."""
        from cxml.voc.nets.compact_training import fit_net, goals_of, torch_of

        torch_of()
        settings = self.settings
        apart, seen = apart_from(groups, min(settings.kept_apart, sum(map(len, groups)) // _FOLDS))
        wide = full(self._heads, self._fit_wide(counts, goals, seen, step).scores(counts[apart]))
        lines_apart = [lines[row] for row in apart]
        truth = {name: goal[apart] for name, goal in goals.items()}

        def weighed(net: Net) -> tuple[float, dict[str, tuple[float, float]], dict[str, Floats]]:
            deep = split(self._heads, net.scores(lines_apart))
            fits = {
                head.name: best_shares(head, wide[head.name], deep[head.name], truth[head.name]) for head in self._heads
            }
            loss = sum(each[0] for each in fits.values())
            return loss, {name: each[1] for name, each in fits.items()}, deep

        net, epochs = fit_net(
            [lines[row] for row in seen],
            goals_of(self._heads, goals, seen, settings.class_weight),
            settings,
            epochs=None,
            judge=lambda net: weighed(net)[0],
            step=step,
        )
        _, self.shares, deep = weighed(net)
        for name, goal in truth.items():
            there = labelled(goal)
            self.validation[name] = (apart[there], joined(wide[name], deep[name], self.shares[name])[there])
        self._net, self._epochs = net, epochs

    def scores(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Score comments.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        dict of str to array of float, shape (n_texts, n_labels), log-odds
            By head: softmax over the labels of a single or ordered one gives probabilities, the sigmoid of each score
            those of a head with several labels.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        wide = self._fitted()
        blocks = [self._score(wide, texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK)]
        blocks = blocks or [self._score(wide, texts)]
        return {head.name: np.concatenate([block[head.name] for block in blocks]) for head in self._heads}

    def _score(self, wide: Wide, texts: Sequence[str]) -> dict[str, Floats]:
        lines = [normalise(text[: self.settings.characters]) for text in texts]
        linear = full(self._heads, wide.scores(read(lines)))
        if self._net is None:
            return linear
        deep = split(self._heads, self._net.scores(lines))
        return {name: joined(scores, deep[name], self.shares[name]) for name, scores in linear.items()}

    def _fitted(self) -> Wide:
        if self._wide is None:
            raise NotFittedError("The compact engine must be fitted before it scores - it is not. Call `fit` first.")
        return self._wide

    def parts(self) -> dict[str, Any]:
        """Everything learned: JSON values and arrays.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        wide = self._fitted()
        state = {
            "settings": asdict(self.settings),
            "heads": [list(head) for head in self._heads],
            "epochs": self._epochs,
            "shares": {name: list(pair) for name, pair in self.shares.items()},
        }
        return {"state": state, **wide.parts(), **(self._net.parts() if self._net else {})}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Rebuild a fitted engine from what `parts` answered."""
        state = parts["state"]
        engine = cls(CompactSettings(**state["settings"]))
        engine._heads = tuple(Shape(*head) for head in state["heads"])
        engine.shares = {name: (pair[0], pair[1]) for name, pair in state["shares"].items()}
        engine._epochs = int(state["epochs"])
        engine._wide = Wide.from_parts(parts, [head.name for head in engine._heads])
        engine._net = Net.from_parts(parts) if "net_table" in parts else None
        return engine


def _silent(_: str) -> None:
    """Take a step without a word."""

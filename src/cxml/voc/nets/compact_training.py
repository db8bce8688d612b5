"""Training of the compact model's deep part: the only place that needs torch.

The vectors of the pieces are by far the most numbers and each step touches few of them. So they stay outside of
torch's optimiser: a step gathers the rows that it needs, multiplies them by a sparse matrix, and moves those rows
alone (Adam [1]_ with lazily updated moments).

.. [1] Kingma, D. P., & Ba, J. (2015). Adam: a method for stochastic optimization. ICLR 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cxml._optional import require
from cxml.voc.nets.compact_grams import Buckets
from cxml.voc.nets.compact_heads import Shape
from cxml.voc.nets.compact_net import Net, Words, evened, pieces, quantise, read_words

if TYPE_CHECKING:
    from cxml.voc.nets.compact_settings import CompactSettings

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_WARM: Final = 0.05  # share of the steps over which the rate of learning rises
_LEAST: Final = 3  # times that a piece must be met to have a vector of its own
_BATCHES, _SMALLEST = 100, 32  # in smaller data, batches a pass, and comments a batch
_PATIENCE: Final = 3  # passes without a better one, after which training ends
_POOL: Final = 50  # batches whose texts are sorted by length together
_FIRST_DECAY, _SECOND_DECAY, _TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Goal:
    """What one head asks of the net.

    Attributes
    ----------
    columns : slice
        Its columns among the net's scores.
    target : array of float, shape (n_texts, n_columns)
        0 or 1 each; rows of NaN are left out.
    weight : array of float, shape (n_texts, n_columns)
        What each entry counts for.
    exclusive : bool
        Whether exactly one label holds (softmax), or each by itself (sigmoid).
    """

    columns: slice
    target: Floats
    weight: Floats
    exclusive: bool


def goals_of(
    heads: Sequence[Shape], columns: Mapping[str, Floats], rows: Integers, class_weight: str | None
) -> list[Goal]:
    """Write what the heads ask of some rows, their columns side by side."""
    ends = np.cumsum([head.size for head in heads])
    goals = []
    for head, end in zip(heads, ends, strict=True):
        target = columns[head.name][rows]
        weight = np.ones_like(target) if class_weight is None else _balanced(target, head.exclusive)
        goals.append(Goal(slice(end - head.size, end), target, weight, head.exclusive))
    return goals


def _balanced(target: Floats, exclusive: bool) -> Floats:
    """Weights that let each label count alike: exclusive labels among each other, others against their absence."""
    n = np.sum(~np.isnan(target).any(axis=1))
    holds = np.maximum(np.nansum(target, axis=0), 1)
    if exclusive:
        return np.broadcast_to(n / (target.shape[1] * holds), target.shape)
    return np.asarray(np.where(target > 0, n / (2 * holds), n / (2 * np.maximum(n - holds, 1))))


def torch_of() -> ModuleType:
    """Import torch, or name the extra that brings it."""
    return require("torch", extra="torch", feature="Training the compact model")


def fit_net(
    texts: Sequence[str],
    goals: Sequence[Goal],
    settings: CompactSettings,
    *,
    epochs: int | None,
    judge: Callable[[Net], float] | None,
    step: Callable[[str], None],
) -> tuple[Net, int]:
    """Train the deep part.

    Parameters
    ----------
    texts : sequence of str
        Normalised.
    goals : sequence of Goal
        One a head.
    settings : CompactSettings
    epochs : int >= 1 or None
        Passes over the texts, of those that the rate of learning is planned for; None: all of them.
    judge : callable or None
        Gives the loss on rows kept apart; the pass with the lowest is kept, or the last one where there is no judge.
    step : callable
        Told of each pass.

    Returns
    -------
    net : Net
    epochs : int
        Passes after which it stood as it is.
    """
    torch = torch_of()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        trainer = _Trainer(torch, texts, goals, settings)
        epochs = min(epochs or trainer.passes, trainer.passes)
        lowest, when = np.inf, epochs
        for epoch in range(1, epochs + 1):
            loss = trainer.learn()
            net = trainer.net()
            judged = judge(net) if judge else -np.inf
            step(f"pass {epoch}/{epochs}: loss {loss:.4f}" + (f", kept apart {judged:.4f}" if judge else ""))
            if judge is None or not judged >= lowest:
                best, lowest, when = net, judged, epoch
            elif epoch - when >= _PATIENCE:
                break
    return best, when


class _Trainer:
    """The state of a training: texts as pieces, the vectors with their moments, and the rest in torch."""

    def __init__(self, torch: ModuleType, texts: Sequence[str], goals: Sequence[Goal], settings: CompactSettings):
        self.torch, self.goals, self.settings = torch, goals, settings
        self.words: Words = read_words(texts, settings.words)
        counts = pieces(self.words.distinct)
        used = np.bincount(self.words.ids, minlength=len(self.words.distinct))
        met = np.bincount(counts.indices, weights=np.repeat(used, np.diff(counts.indptr)), minlength=counts.shape[1])
        self.buckets = Buckets.commonest(met, least=_LEAST, most=settings.pieces)
        self.pieces = evened(counts, self.buckets)
        self.random = np.random.default_rng(settings.seed)
        self.vectors = torch.randn(self.buckets.size, settings.dim) * settings.spread
        self.moments = torch.zeros_like(self.vectors), torch.zeros_like(self.vectors)
        columns = sum(goal.target.shape[1] for goal in goals)
        self.reader = reader(torch, settings.dim, settings.hidden, columns)
        self.optimiser = torch.optim.AdamW(self.reader.parameters(), lr=settings.rate, weight_decay=1e-4)
        self.multiply = _multiplication(torch)
        self.rows = np.flatnonzero(np.any([~np.isnan(goal.target).any(axis=1) for goal in goals], axis=0))
        self.batch = int(np.clip(len(self.rows) // _BATCHES, _SMALLEST, settings.batch))
        batches = max(1, -(-len(self.rows) // self.batch))
        self.passes = max(settings.epochs, -(-settings.steps // batches))
        self.planned = self.passes * batches
        self.done = 0

    def learn(self) -> float:
        """Pass once over the rows; the mean loss."""
        self.reader.train()
        losses = [self._step(rows) for rows in self._batches()]
        return float(np.mean(losses))

    def net(self) -> Net:
        """Everything learned so far, for numpy."""
        table, grain = quantise(self.vectors.numpy())
        return Net(self.buckets, table, grain, arrays_of(self.reader), self.settings.words)

    def _batches(self) -> Iterator[Integers]:
        """Texts of like length together, in random order."""
        size = self.batch
        shuffled = self.random.permutation(self.rows)
        lengths = np.diff(self.words.starts)
        for start in range(0, len(shuffled), size * _POOL):
            pool = shuffled[start : start + size * _POOL]
            pool = pool[np.argsort(lengths[pool] + self.random.random(len(pool)), kind="stable")]
            batches = [pool[first : first + size] for first in range(0, len(pool), size)]
            for place in self.random.permutation(len(batches)):
                yield batches[place]

    def _step(self, rows: Integers) -> float:
        torch, settings = self.torch, self.settings
        self.done += 1
        done = self.done / self.planned
        pace = min(1.0, done / _WARM) * max(0.02, 1 - done)
        rows = rows[np.argsort(-np.diff(self.words.starts)[rows], kind="stable")]
        ids, lengths = self.words.padded(rows)
        distinct, ids = np.unique(ids, return_inverse=True)
        chosen = self.pieces[distinct]
        buckets, columns = np.unique(chosen.indices, return_inverse=True)
        weights = chosen.data * (self.random.random(len(chosen.data)) >= settings.drop_pieces)
        weights = (weights / (1 - settings.drop_pieces)).astype(np.float32)
        matrix = sp.csr_matrix((weights, columns, chosen.indptr), shape=(len(distinct), len(buckets)))
        touched = torch.from_numpy(buckets.astype(np.int64))
        used = self.vectors[touched].requires_grad_()
        known = self.multiply.apply(used, matrix)[torch.from_numpy(ids.reshape(len(rows), -1))]
        kept = torch.from_numpy(self.random.random(ids.reshape(len(rows), -1).shape) >= settings.drop_words)
        scores = self.reader(known * kept.unsqueeze(-1), torch.from_numpy(lengths), settings.dropout)
        loss = self._loss(scores, rows)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for group in self.optimiser.param_groups:
            group["lr"] = settings.rate * pace
        self.optimiser.step()
        self._move(touched, used, settings.rate_pieces * pace)
        return float(loss.detach())

    def _loss(self, scores: Any, rows: Integers) -> Any:
        """Sum over the heads of the mean log loss of the rows that have a label."""
        torch = self.torch
        total = scores.sum() * 0
        for goal in self.goals:
            target = torch.from_numpy(goal.target[rows]).float()
            there = ~target.isnan().any(dim=1)
            if there.any():
                weight = torch.from_numpy(goal.weight[rows]).float()[there]
                said, true = scores[there, goal.columns], target[there]
                if goal.exclusive:
                    loss = -(weight * true * said.log_softmax(1)).sum(1)
                else:
                    logistic = torch.nn.functional.binary_cross_entropy_with_logits
                    loss = logistic(said, true, weight=weight, reduction="none")
                total = total + loss.mean()
        return total

    def _move(self, touched: Any, used: Any, rate: float) -> None:
        first, second = (moments[touched] for moments in self.moments)
        slope = used.grad
        first.mul_(_FIRST_DECAY).add_(slope, alpha=1 - _FIRST_DECAY)
        second.mul_(_SECOND_DECAY).addcmul_(slope, slope, value=1 - _SECOND_DECAY)
        for moments, fresh in zip(self.moments, (first, second), strict=True):
            moments[touched] = fresh
        size = (second / (1 - _SECOND_DECAY**self.done)).sqrt_().add_(_TINY)
        self.vectors[touched] = used.detach() - rate / (1 - _FIRST_DECAY**self.done) * first / size


def _multiplication(torch: ModuleType) -> Any:
    """A fixed scipy matrix times a tensor: on a processor several times as quick as torch's embedding bag."""

    class Multiplication(torch.autograd.Function):  # type: ignore[name-defined,misc]
        @staticmethod
        def forward(context: Any, vectors: Any, matrix: sp.csr_matrix) -> Any:
            context.matrix = matrix
            return torch.from_numpy(matrix @ vectors.detach().numpy())

        @staticmethod
        def backward(context: Any, slope: Any) -> tuple[Any, None]:
            return torch.from_numpy(context.matrix.T @ np.ascontiguousarray(slope.numpy())), None

    return Multiplication


def reader(torch: ModuleType, dim: int, hidden: int, columns: int) -> Any:
    """Build the part after the word vectors as a torch module: word vectors, lengths and dropout in, scores out."""
    nn = torch.nn

    class Reader(nn.Module):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.ways = nn.ModuleList(nn.GRU(dim, hidden, batch_first=True) for _ in range(2))
            self.attention = nn.Linear(2 * hidden, 1, bias=False)
            self.outward = nn.Linear(4 * hidden + dim, columns)

        def forward(self, words: Any, lengths: Any, dropout: float = 0.0) -> Any:
            drop = nn.functional.dropout
            steps = torch.arange(words.shape[1])[None]
            there = (steps < lengths[:, None]).unsqueeze(-1)
            words = words * there
            mean = words.sum(1) / lengths[:, None]
            words = drop(words, dropout, self.training)
            back = torch.where(there.squeeze(-1), lengths[:, None] - 1 - steps, steps).unsqueeze(-1)
            behind = self.ways[1](torch.gather(words, 1, back.expand(-1, -1, dim)))[0]
            behind = torch.gather(behind, 1, back.expand(-1, -1, hidden))
            states = torch.cat([self.ways[0](words)[0], behind], -1)
            pull = self.attention(torch.tanh(states)).masked_fill(~there, -torch.inf).softmax(1)
            highest = states.masked_fill(~there, -torch.inf).amax(1)
            pooled = torch.cat([(states * pull).sum(1), highest, mean], 1)
            return self.outward(drop(pooled, dropout, self.training))

    return Reader()


def arrays_of(module: Any) -> dict[str, NDArray[np.float32]]:
    """Weights of a `reader` as the arrays that `Net` computes with.

    The bias of the recurrent side joins that of the word side, but for the candidate's, which the reset gate scales.
    """
    state: Mapping[str, NDArray[np.float32]] = {k: v.detach().numpy().copy() for k, v in module.state_dict().items()}
    both = range(2)
    hidden = state["ways.0.weight_hh_l0"].shape[1]
    bias = np.stack([state[f"ways.{way}.bias_ih_l0"] for way in both])[:, None]
    onward_bias = np.stack([state[f"ways.{way}.bias_hh_l0"] for way in both])[:, None]
    bias[..., : 2 * hidden] += onward_bias[..., : 2 * hidden]
    return {
        "inward": np.stack([state[f"ways.{way}.weight_ih_l0"].T for way in both]),
        "inward_bias": bias,
        "onward": np.stack([state[f"ways.{way}.weight_hh_l0"].T for way in both]),
        "onward_bias": np.ascontiguousarray(onward_bias[..., 2 * hidden :]),
        "attention": state["attention.weight"][0],
        "outward": np.ascontiguousarray(state["outward.weight"].T),
        "outward_bias": state["outward.bias"],
    }

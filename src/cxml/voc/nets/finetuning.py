"""Fine-tune an encoder with a linear layer for each head: the network, its loss, and the loop with early stopping."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cxml._optional import require
from cxml.errors import ConfigError
from cxml.voc.nets.pretrained import EXTRA, Tokens
from cxml.voc.nets.tuning import Tuning
from cxml.voc.normalise import letters_of, normalise

if TYPE_CHECKING:
    from cxml.voc.heads import Head

FEATURE: Final = "Fine-tuning (method 'transformer')"
_LAYER: Final = re.compile(r"\.(?:layers?|h|blocks?)\.(\d+)\.")
_LEAST_BETWEEN_CHECKS: Final = 20  # steps
_POOL: Final = 50  # batches whose rows are sorted by length together: little padding, and still in random order
_MOST_WEIGHT: Final = 20.0


def torch_here() -> Any:
    """Torch, or the extra that brings it."""
    return require("torch", extra=EXTRA, feature=FEATURE)


def build_network(encoder: Any, widths: Mapping[str, int], pooling: str, dropout: float) -> Any:
    """An encoder with a linear layer for each head.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
    widths : mapping
        Labels of each head.
    pooling : {"mean", "cls"}
    dropout : float

    Returns
    -------
    torch.nn.Module
        Of token numbers and mask, both of shape (n, tokens); answers a list of log-odds, one array (n, k) a head.
    """
    torch = torch_here()

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            self.dropout = torch.nn.Dropout(dropout)
            size = int(encoder.config.hidden_size)
            self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(size, width) for name, width in widths.items()})
            for head in self.heads.values():
                torch.nn.init.normal_(head.weight, std=0.02)
                torch.nn.init.zeros_(head.bias)

        def forward(self, numbers: Any, mask: Any, attention: Any = None) -> list[Any]:
            """`attention`: the mask in the form that goes straight to the layers, for the export."""
            hidden = self.encoder(
                input_ids=numbers, attention_mask=mask if attention is None else attention
            ).last_hidden_state
            if pooling == "cls":
                pooled = hidden[:, 0]
            else:
                weight = mask[..., None].to(hidden.dtype)
                pooled = (hidden * weight).sum(1) / weight.sum(1)
            pooled = self.dropout(pooled)
            return [head(pooled) for head in self.heads.values()]

    return Network()


@dataclass(frozen=True)
class Device:
    """Where a network runs, and in which numbers: half precision on a GPU, float32 elsewhere."""

    device: Any
    half: Any

    @classmethod
    def best(cls) -> Device:
        """The GPU where there is one."""
        torch = torch_here()
        if not torch.cuda.is_available():
            return cls(torch.device("cpu"), None)
        return cls(torch.device("cuda"), torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16)

    def autocast(self) -> Any:
        """Half precision where it pays."""
        return torch_here().autocast(self.device.type, dtype=self.half, enabled=self.half is not None)

    def put(self, array: NDArray[Any]) -> Any:
        """An array as a tensor on the device."""
        return torch_here().from_numpy(array).to(self.device)


@contextmanager
def within_memory(batch_size: int, max_tokens: int, doing: str) -> Iterator[None]:
    """Turn torch's error of a full GPU into one that says the batch size to try."""
    try:
        yield
    except torch_here().OutOfMemoryError as error:
        half = max(batch_size // 2, 1)
        advice = (
            f"Try batch_size={half} (with twice the `accumulate`, training is the same), or fewer max_tokens."
            if half < batch_size
            else f"Try max_tokens={max(max_tokens // 2, 8)}, or a smaller encoder."
        )
        raise ConfigError(
            f"A batch must fit the memory of the GPU - {batch_size} comments of up to {max_tokens} tokens did not, "
            f"{doing}. {advice}"
        ) from error


def hold_back(
    texts: Sequence[str], targets: Mapping[str, NDArray[Any]], share: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Part rows into those to learn from and those to check with; texts with the same letters stay together.

    Rows whose label would be known to no row that is learned from go back there.
    """
    numbers: dict[str, int] = {}
    group = np.array([numbers.setdefault(letters_of(normalise(text)), len(numbers)) for text in texts], dtype=np.intp)
    groups = len(numbers)
    if groups < 2:
        raise ConfigError(
            f"{FEATURE} needs at least 2 different comments, one of them to check with - got {groups}. Label more."
        )
    held = np.random.default_rng(seed).permutation(groups) < max(round(groups * share), 1)
    checking = held[group]
    for target in targets.values():
        if target.ndim == 1:
            lost = np.setdiff1d(target[checking], target[~checking])
            checking &= ~np.isin(target, lost[lost >= 0])
    return np.flatnonzero(~checking), np.flatnonzero(checking)


def weights_of(target: NDArray[Any], width: int) -> NDArray[np.float32]:
    """Weights of labels, inverse to their number: of classes, or of a yes to each of several labels."""
    if target.ndim == 1:
        count = np.bincount(target[target >= 0], minlength=width).astype(float)
        weight = count.sum() / (width * np.maximum(count, 1))
        return np.asarray(np.clip(weight, 1 / _MOST_WEIGHT, _MOST_WEIGHT), dtype=np.float32)
    known = target[~np.isnan(target).any(axis=1)]
    yes = known.sum(axis=0)
    return np.asarray(np.clip((len(known) - yes) / np.maximum(yes, 1), 1, _MOST_WEIGHT), dtype=np.float32)


def loss_of(scores: Any, target: Any, weight: Any) -> Any | None:
    """Cross-entropy of one head over the rows that have a label; None where none has."""
    torch = torch_here()
    scores = scores.float()
    if target.ndim == 1:
        known = target >= 0
        if not bool(known.any()):
            return None
        return torch.nn.functional.cross_entropy(scores[known], target[known], weight=weight)
    known = ~target.isnan().any(dim=1)
    if not bool(known.any()):
        return None
    return torch.nn.functional.binary_cross_entropy_with_logits(scores[known], target[known], pos_weight=weight)


def parameter_groups(network: Any, tuning: Tuning) -> list[dict[str, Any]]:
    """Parameters with their learning rate and decay: heads fastest, layers slower the further down they are."""
    names = [name for name, _ in network.named_parameters()]
    layers = [int(found[1]) for name in names if (found := _LAYER.search(name))]
    depth = max(layers, default=-1) + 1
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, value in network.named_parameters():
        found = _LAYER.search(name)
        if name.startswith("heads."):
            rate = tuning.learning_rate * tuning.head_rate
        else:
            # what stands in no layer is the embeddings, but for a few parts on top that are hardly worth a rule
            below = depth - 1 - int(found[1]) if found else depth
            rate = tuning.learning_rate * tuning.layer_decay**below
        decay = tuning.weight_decay if value.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(value)
    return [{"params": values, "lr": rate, "weight_decay": decay} for (rate, decay), values in groups.items()]


@dataclass
class Progress:
    """The best loss so far, the weights that had it, and how long ago that was."""

    loss: float = float("inf")
    weights: dict[str, Any] | None = None
    since: int = 0

    def check(self, loss: float | None, network: Any) -> None:
        """Take note of a check; where nothing could be checked (None), the newest weights are the best."""
        self.since += 1
        if loss is None or loss < self.loss:
            self.loss, self.since = self.loss if loss is None else loss, 0
            self.weights = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def finetune(
    network: Any,
    tokens: Tokens,
    texts: Sequence[str],
    targets: Mapping[str, NDArray[Any]],
    heads: Sequence[Head],
    tuning: Tuning,
    place: Device,
    step: Callable[[str], None] | None = None,
) -> NDArray[np.intp]:
    """Train in place until the checks get no better, and put the best weights back.

    Parameters
    ----------
    network : torch.nn.Module
        As `build_network` made it, on the device.
    tokens : Tokens
    texts : sequence of str
    targets, heads
        As an engine of `cxml.voc` gets them.
    tuning : Tuning
    place : Device
    step : callable, optional
        Told in words after each check.

    Returns
    -------
    array of int
        Positions of the rows that were held back for the checks.

    Raises
    ------
    ConfigError
        If a batch does not fit the GPU, there are fewer than two different texts, or the loss is no number.
    """
    torch = torch_here()
    learning, checking = hold_back(texts, targets, tuning.validation_share, tuning.seed)
    rows = tokens.cut(texts)
    weights = {
        head.name: place.put(weights_of(targets[head.name][learning], len(head.labels)))
        if tuning.class_weight
        else None
        for head in heads
    }

    def loss_on(positions: NDArray[np.intp]) -> Any | None:
        numbers, mask = (place.put(one) for one in tokens.pad([rows[at] for at in positions]))
        with place.autocast():
            scores = network(numbers, mask)
        found = [
            loss_of(score, place.put(_as_target(targets[head.name][positions])), weights[head.name])
            for score, head in zip(scores, heads, strict=True)
        ]
        known = [one for one in found if one is not None]
        return sum(known) / len(known) if known else None

    batches = ceil(len(learning) / tuning.batch_size)
    each = ceil(batches / tuning.accumulate)
    steps = max(round(each * tuning.epochs), tuning.least_steps)
    between = max(each // 2, _LEAST_BETWEEN_CHECKS)
    optimizer = torch.optim.AdamW(parameter_groups(network, tuning))
    rise = max(round(steps * tuning.warmup), 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda at: min((at + 1) / rise, max(steps - at, 0) / max(steps - rise, 1))
    )
    scaler = torch.amp.GradScaler(place.device.type, enabled=place.half == torch.float16)
    progress, order, lengths = Progress(), np.random.default_rng(tuning.seed), np.array([len(row) for row in rows])
    feed = _feed(learning, lengths, tuning.batch_size, order)
    for done in range(1, steps + 1):
        network.train()
        optimizer.zero_grad()
        for _ in range(min(tuning.accumulate, batches)):
            loss = loss_on(next(feed))
            if loss is not None:
                scaler.scale(loss / min(tuning.accumulate, batches)).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        schedule.step()
        if done % between == 0 or done == steps:
            progress.check(_mean_loss(network, loss_on, checking, tuning.batch_size), network)
            if step:
                step(f"step {done:,} of {steps:,} at most, loss of the checks {progress.loss:.4f} at best")
            if progress.since >= tuning.patience:
                break
    if progress.weights is None:
        raise ConfigError(
            f"Fine-tuning must lower the loss - it was no number after {done:,} steps. Lower the learning_rate "
            f"(it is {tuning.learning_rate:g})."
        )
    network.load_state_dict(progress.weights)
    network.eval()
    return checking


def _as_target(target: NDArray[Any]) -> NDArray[Any]:
    return target.astype(np.int64 if target.ndim == 1 else np.float32)


def _feed(
    rows: NDArray[np.intp], lengths: NDArray[Any], size: int, order: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    """Batches without end: random ones, of rows of like length."""
    while True:
        mixed = order.permutation(rows)
        batches = []
        for start in range(0, len(mixed), size * _POOL):
            pool = mixed[start : start + size * _POOL]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            batches += [pool[at : at + size] for at in range(0, len(pool), size)]
        yield from (batches[at] for at in order.permutation(len(batches)))


def _mean_loss(
    network: Any, loss_on: Callable[[NDArray[np.intp]], Any | None], rows: NDArray[np.intp], size: int
) -> float | None:
    network.eval()
    total = count = 0.0
    with torch_here().inference_mode():
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            loss = loss_on(batch)
            if loss is not None:
                total, count = total + float(loss) * len(batch), count + len(batch)
    return total / count if count else None

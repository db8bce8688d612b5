"""The settings of fine-tuning an encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from cxml.errors import ConfigError


@dataclass(frozen=True)
class Tuning:
    """How an encoder is fine-tuned.

    Parameters
    ----------
    pooling : {"mean", "cls"}, default="mean"
        What stands for a comment: the mean over its tokens, or its first token.
    max_tokens : int >= 8, default=128
        Tokens of a comment that are read.
    epochs : float > 0, default=3
        Times that each row is seen, at most.
    least_steps : int >= 1, default=200
        Steps at least, more epochs where the rows are few: three passes over 70 comments would be nine steps [1]_.
    batch_size : int >= 1, default=32
    accumulate : int >= 1, default=1
        Batches whose gradients make one step. On a small GPU halve `batch_size` and double this.
    learning_rate : float > 0, default=3e-5
        Of the encoder's last layer, after the warm-up.
    head_rate : float > 0, default=10
        The heads' learning rate as a multiple of it: they start from nothing.
    layer_decay : float in (0, 1], default=0.95
        Each layer further down learns by this factor slower.
    weight_decay : float >= 0, default=0.01
    warmup : float in [0, 1), default=0.1
        Share of the steps in which the rate rises from 0; it falls linearly after that.
    dropout : float in [0, 1), default=0.1
        Before the heads.
    patience : int >= 1, default=3
        Checks without a better loss before training stops. Checks are twice an epoch, at least 20 steps apart.
    validation_share : float in (0, 0.5], default=0.1
        Share of the comments held back for the checks and for `TransformerEngine.validation`.
    class_weight : {None, "balanced"}, default=None
        "balanced" weighs labels by the inverse of their number, up to 20.
    seed : int, default=0

    Raises
    ------
    ConfigError
        If a setting is outside its range.

    References
    ----------
    .. [1] Mosbach, M., Andriushchenko, M., & Klakow, D. (2021). On the stability of fine-tuning BERT: misconceptions,
       explanations, and strong baselines. ICLR.

    Examples
    --------
    >>> Tuning(batch_size=16).accumulate
    1
    >>> Tuning(pooling="max")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: 'pooling' must be 'mean' or 'cls' - got 'max'. Leave it out for the default.
    """

    pooling: Literal["mean", "cls"] = "mean"
    max_tokens: int = 128
    epochs: float = 3
    least_steps: int = 200
    batch_size: int = 32
    accumulate: int = 1
    learning_rate: float = 3e-5
    head_rate: float = 10
    layer_decay: float = 0.95
    weight_decay: float = 0.01
    warmup: float = 0.1
    dropout: float = 0.1
    patience: int = 3
    validation_share: float = 0.1
    class_weight: Literal["balanced"] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        self._must("pooling", self.pooling in ("mean", "cls"), "'mean' or 'cls'")
        self._must("class_weight", self.class_weight in (None, "balanced"), "None or 'balanced'")
        for name, least in {
            "max_tokens": 8, "least_steps": 1, "batch_size": 1, "accumulate": 1, "patience": 1, "seed": 0,
        }.items():  # fmt: skip
            value = getattr(self, name)
            fine = isinstance(value, int) and not isinstance(value, bool) and value >= least
            self._must(name, fine, f"a whole number of at least {least}")
        for name, fits, words in _RANGES:
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            self._must(name, number and fits(value), f"a number {words}")

    def _must(self, name: str, fine: bool, words: str) -> None:
        if not fine:
            raise ConfigError(f"{name!r} must be {words} - got {getattr(self, name)!r}. Leave it out for the default.")


_RANGES: Final[tuple[tuple[str, Callable[[float], bool], str], ...]] = (
    ("epochs", lambda value: 0 < value < 1e4, "above 0"),
    ("learning_rate", lambda value: 0 < value < 1, "between 0 and 1"),
    ("head_rate", lambda value: 0 < value < 1e6, "above 0"),
    ("layer_decay", lambda value: 0 < value <= 1, "above 0 and up to 1"),
    ("weight_decay", lambda value: 0 <= value < 1, "from 0 to below 1"),
    ("warmup", lambda value: 0 <= value < 1, "from 0 to below 1"),
    ("dropout", lambda value: 0 <= value < 1, "from 0 to below 1"),
    ("validation_share", lambda value: 0 < value <= 0.5, "above 0 and up to 0.5"),
)

"""How the compact model learns: every number that a user may set."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from cxml.errors import ConfigError


@dataclass(frozen=True)
class CompactSettings:
    """How the compact model learns.

    Attributes
    ----------
    epochs : int >= 1, default=3
        Passes over the comments, at least. The one that does best on the rows kept apart stays; three in a row that
        do no better end the training.
    steps : int >= 1, default=1500
        Steps at least: fewer comments are passed over more often.
    dim : int >= 1, default=64
        Length of the vector of a piece of a word.
    hidden : int >= 1, default=64
        States of the net in each direction.
    pieces : int >= 1, default=131072
        Most pieces that have a vector, the commonest ones; `dim` + 2 bytes each. Rarer ones only teach by heart.
    batch : int >= 1, default=256
        Comments a step; a hundredth of all where that is less, but not below 32.
    rate, rate_pieces : float > 0, default=0.002, 0.004
        Largest step of the net and of the pieces' vectors; they rise over the first twentieth and then fall to zero.
    spread : float > 0, default=0.1
        Standard deviation of the vectors before training.
    dropout, drop_words, drop_pieces : float in [0, 1), default=0.3, 0.15, 0.2
        Shares of the net's values, of the words, and of the pieces of words left out at random in training.
    strength : float > 0, default=16.0
        Inverse of the linear part's penalty (scikit-learn's C).
    kept_apart : int >= 1, default=6000
        Rows, at most a fifth of all, that judge the passes and weigh the two parts.
    refit_below : int >= 0, default=30000
        With fewer rows than this the net is trained once more, on all of them. The linear part always is.
    characters : int >= 1, default=10000
        Characters read of a comment; what stands behind them counts for nothing.
    words : int >= 1, default=128
        Words that the net reads of a comment, from its beginning. The linear part reads all the characters.
    class_weight : {"balanced"}, default=None
        Let each label weigh the same in both parts, however rare.
    seed : int >= 0, default=0
        Same seed, rows and number of threads: same model.

    Examples
    --------
    >>> CompactSettings(epochs=2).dim
    64
    >>> CompactSettings(dropout=1.0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `dropout` must be a number from 0 to below 1, got 1.0. Leave it out for the default 0.3.
    """

    epochs: int = 3
    steps: int = 1_500
    dim: int = 64
    hidden: int = 64
    pieces: int = 131_072
    batch: int = 256
    rate: float = 0.002
    rate_pieces: float = 0.004
    spread: float = 0.1
    dropout: float = 0.3
    drop_words: float = 0.15
    drop_pieces: float = 0.2
    strength: float = 16.0
    kept_apart: int = 6_000
    refit_below: int = 30_000
    characters: int = 10_000
    words: int = 128
    class_weight: Literal["balanced"] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.class_weight not in (None, "balanced"):
            raise ConfigError(f"`class_weight` must be None or 'balanced', got {self.class_weight!r}. Choose one.")
        for one in (one for one in fields(self) if one.name != "class_weight"):
            value, whole = getattr(self, one.name), isinstance(one.default, int)
            allowed = (int, np.integer) if whole else (int, float, np.integer, np.floating)
            is_number = isinstance(value, allowed) and not isinstance(value, bool)
            if not (is_number and _inside(one.name, float(value), whole)):
                raise ConfigError(
                    f"`{one.name}` must be {_range(one.name, whole)}, got {value!r}. "
                    f"Leave it out for the default {one.default!r}."
                )


def _inside(name: str, value: float, whole: bool) -> bool:
    if name.startswith("drop"):
        return 0 <= value < 1
    if name in ("seed", "refit_below"):
        return value >= 0
    return value >= 1 if whole else 0 < value < np.inf


def _range(name: str, whole: bool) -> str:
    if name.startswith("drop"):
        return "a number from 0 to below 1"
    if name in ("seed", "refit_below"):
        return "a whole number >= 0"
    return "a whole number >= 1" if whole else "a number > 0"

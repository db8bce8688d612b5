"""What can be set when topics are found."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Final

from cxml.errors import ConfigError

_RANGES: Final = (
    ("n_topics", 1, 1_000, "Leave it out to have it chosen."),
    ("longest_phrase", 1, 3, "The default is 2."),
    ("least_new", 5, 1_000_000, "The default is 20."),
    ("examples", 0, 100, "The default is 3."),
)


@dataclass(frozen=True, kw_only=True)
class TopicsConfig:
    """Settings of topics found without labels.

    Parameters
    ----------
    text : str, default="text"
        The column of the comments.
    key : str, optional
        Column that names the comment, carried along in answers.
    time : str, optional
        Column of their times, carried along in answers.
    n_topics : int >= 1, optional
        How many topics; left out, the comments decide.
    words : {"stems", "kiwi"}, default="stems"
        How Korean is split: by stems learned from the comments, or by kiwipiepy (an extra).
    longest_phrase : int in 1 to 3, default=2
        Words in a row that count as one telling phrase.
    least_new : int >= 5, default=20
        Comments that make a new topic in `TopicModel.update`.
    examples : int >= 0, default=3
        Typical comments kept for each topic, masked; 0 keeps none.
    seed : int >= 0, default=0

    Raises
    ------
    ConfigError
        If a value is outside its range.

    Examples
    --------
    >>> TopicsConfig(n_topics=12).n_topics
    12
    >>> TopicsConfig(n_topics=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: n_topics must be a whole number from 1 to 1,000 - got 0. Leave it out to have it chosen.
    """

    text: str = "text"
    key: str | None = None
    time: str | None = None
    n_topics: int | None = None
    words: str = "stems"
    longest_phrase: int = 2
    least_new: int = 20
    examples: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least, most, advice in _RANGES:
            value = getattr(self, name)
            if value is None and name == "n_topics":
                continue
            if not isinstance(value, Integral) or isinstance(value, bool) or not least <= int(value) <= most:
                raise ConfigError(f"{name} must be a whole number from {least:,} to {most:,} - got {value!r}. {advice}")
            object.__setattr__(self, name, int(value))
        if not isinstance(self.seed, Integral) or isinstance(self.seed, bool) or self.seed < 0:
            raise ConfigError(f"seed must be a whole number from 0 up - got {self.seed!r}.")
        object.__setattr__(self, "seed", int(self.seed))
        if self.words not in ("stems", "kiwi"):
            raise ConfigError(f"words must be one of 'stems', 'kiwi' - got {self.words!r}.")

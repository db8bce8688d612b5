"""What people say of alerts, and how far it moves the thresholds of their series."""

from __future__ import annotations

from typing import Literal, get_args

from cxml.errors import ConfigError, nearest, shorten

Word = Literal["useful", "noise"]

#: Scores: how far a threshold is moved by one alert that was noise, at least and at most, and by all of them.
_LEAST, _STEP, _MOST = 0.25, 1.0, 3.0
#: What a useful alert leaves of what noise has raised.
_KEPT = 0.5


def check_word(word: str) -> Word:
    """Read the word that was said.

    Raises
    ------
    ConfigError
        If it is no such word.

    Examples
    --------
    >>> check_word("noise")
    'noise'
    >>> check_word("noisy")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: feedback must be one of 'useful', 'noise' - got 'noisy'. Did you mean 'noise'?
    """
    for known in get_args(Word):
        if word == known:
            return known  # type: ignore[no-any-return]
    advice = nearest(word, get_args(Word)) if isinstance(word, str) else ""
    raise ConfigError(f"feedback must be one of {shorten(get_args(Word))} - got {word!r}.{advice}")


def moved(rise: float, word: Word, *, peak: float, threshold: float) -> float:
    """How far a series' threshold stands above the budget's after a word.

    Noise raises it to just above the peak that was told, by at least 0.25 and at most 1: what comes back must be ten
    times rarer, and no single word makes a series deaf. Useful halves what noise has raised; the budget's threshold is
    the lowest. All words together raise it by 3 at most.

    Parameters
    ----------
    rise : float, 0-3
        How far it stood above.
    word : {"useful", "noise"}
    peak : float
        Highest score of the series within the alert.
    threshold : float
        The budget's.

    Returns
    -------
    float, 0-3

    Examples
    --------
    >>> moved(0.0, "noise", peak=4.5, threshold=4.0), moved(0.0, "noise", peak=12.0, threshold=4.0)
    (0.75, 1.0)
    >>> moved(1.0, "useful", peak=12.0, threshold=4.0)
    0.5
    """
    if word == "useful":
        return rise * _KEPT
    wanted = peak + _LEAST - (threshold + rise)
    return min(rise + min(max(wanted, _LEAST), _STEP), _MOST)


def taken_back(rise: float, move: float) -> float:
    """How far a threshold stands above the budget's once a former word's move is taken back.

    Parameters
    ----------
    rise : float, 0-3
    move : float
        What the word had added.

    Returns
    -------
    float, 0-3

    Examples
    --------
    >>> taken_back(1.5, 1.0), taken_back(0.5, -0.5), taken_back(0.25, 1.0)
    (0.5, 1.0, 0.0)
    """
    return min(max(rise - move, 0.0), _MOST)

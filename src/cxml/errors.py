"""The errors cxml raises: each is a `CxmlError` and also the built-in that ordinary handlers catch.

Every message has one form: what it must be - what was got - where - what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CxmlError(Exception):
    """The root of every error that cxml raises on purpose."""


class FrameError(CxmlError, ValueError):
    """A frame or a record does not hold what the model or the family needs."""


class ConfigError(CxmlError, ValueError):
    """A setting is unknown or outside its range."""


class AbilityError(ConfigError, AttributeError):
    """A model was asked for what only others can do. To Python it lacks the attribute, and ``hasattr`` says so."""


class NotFittedError(CxmlError, RuntimeError):
    """A model was asked for something before it was fitted."""


class ModelFolderError(CxmlError, ValueError):
    """A model folder is missing, damaged, edited, too new, or not ours."""


class MissingExtraError(CxmlError, ImportError):
    """An optional package is needed and not installed."""


class TrackingError(CxmlError, RuntimeError):
    """MLflow could not be reached, refused, or failed half-way.

    Attributes
    ----------
    trained : Trained or None
        What had been trained by then. It is also in a local folder that the message names.
    """

    trained: object = None


class PromotionRefused(CxmlError, RuntimeError):  # noqa: N818 - a refusal is an answer, not a fault
    """The model lost to the champion or to its baseline, so the alias was not moved."""


def shorten(items: Iterable[object], most: int = 5) -> str:
    """List up to `most` items as text and count the rest.

    >>> shorten(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    listed = list(items)
    text = ", ".join(repr(item) for item in listed[:most])
    rest = len(listed) - most
    return f"{text} and {rest:,} more" if rest > 0 else text


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice naming the known word closest to `name` whatever its case, or an empty text.

    >>> nearest("tenur", ["Tenure", "Churn"])
    " Did you mean 'Tenure'?"
    >>> nearest("x", ["tenure"])
    ''
    """
    by_lower = {str(one).casefold(): one for one in known}
    found = get_close_matches(name.casefold(), by_lower, n=1, cutoff=0.6)
    return f" Did you mean {by_lower[found[0]]!r}?" if found else ""

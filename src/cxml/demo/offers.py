"""The demo of offers: what people will like, who will buy, and who gets which offer within the rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cxml.demo import _buying, _choosing, _liking
from cxml.demo._chapter import Chapter
from cxml.errors import CxmlError

if TYPE_CHECKING:
    from cxml.demo._progress import Progress


def chapter(folder: Path, progress: Progress) -> Chapter:
    """The empty chapter."""
    return Chapter("offers", "offers", "Who will like what, who will buy, and who gets which offer?", folder, progress)


def show(told: Chapter) -> None:
    """Learn from films that people liked and from who bought an insurance; decide on invented offers by rules."""
    _or_leave_out(told, "The films were left out", _liking.show)
    _or_leave_out(told, "The insurance was left out", _buying.show)
    _choosing.show(told)


def _or_leave_out(told: Chapter, instead: str, show: Callable[[Chapter], None]) -> None:
    """Go on without public data that is not there."""
    try:
        show(told)
    except CxmlError as error:
        told.tell(f"{instead}: {error}")

"""What the demo says while it works: which part it is in, what it is doing, and how long it has been at it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Final

#: Nobody waits longer than this without a word.
_SILENCE: Final = 10.0


class Progress:
    """A voice for the whole demo.

    Parameters
    ----------
    parts : int >= 1
        How many there are to go through.
    silence : float > 0, seconds, default=10
        After so long without a word, what is being done is said again.

    Examples
    --------
    >>> progress = Progress(2)
    >>> progress.begin("churn")
    <BLANKLINE>
    [1/2] churn (0 s)
    >>> Progress(0)
    Traceback (most recent call last):
        ...
    ValueError: parts must be 1 or more - got 0. Leave the argument out where there is one.
    """

    def __init__(self, parts: int = 1, *, silence: float = _SILENCE) -> None:
        if parts < 1:
            raise ValueError(f"parts must be 1 or more - got {parts}. Leave the argument out where there is one.")
        self._parts, self._silence = parts, silence
        self._started = self._spoken = time.perf_counter()
        self._begun, self._what = 0, ""
        self._lock = Lock()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._started

    def out(self, text: str = "") -> None:
        """Print, above the line in which a training on a terminal names its step."""
        from tqdm import tqdm

        with self._lock:
            tqdm.write(text, file=sys.stdout)
            sys.stdout.flush()
            self._spoken = time.perf_counter()

    def begin(self, part: str) -> None:
        """Come to the next part."""
        self._begun += 1
        self._what = part
        self.out(f"\n{self._where(part)}")

    def doing(self, what: str) -> None:
        """Say what is done now: something that takes seconds."""
        self._what = what
        self.out(f"  {self._where(what)}")

    @contextmanager
    def watched(self) -> Iterator[Progress]:
        """Break long silences, until the block ends."""
        ended = Event()
        thread = Thread(target=self._watch, args=(ended,), name="cxml-demo", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()

    def _watch(self, ended: Event) -> None:
        while not ended.wait(self._silence / 10):
            if time.perf_counter() - self._spoken >= self._silence:
                self.out(f"  {self._where(f'still {self._what}')}")

    def _where(self, what: str) -> str:
        return f"[{max(self._begun, 1)}/{self._parts}] {what} ({self.seconds:.0f} s)"

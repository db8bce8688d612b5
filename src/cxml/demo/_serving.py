"""How long one answer takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def micros(answer: Callable[[], object], times: int) -> float:
    """Answer again and again; the median, in microseconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        answer()
        taken.append(time.perf_counter() - started)
    return 1e6 * median(taken)

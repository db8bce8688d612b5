"""The rate behind a count: what a forecast of contacts says about the pace at which they will come.

A forecast interval speaks of a count: how many contacts will come. An Erlang formula asks for a rate, and lets
contacts come at random around it (Poisson) by itself. A count varies by both, so taking its upper quantile for a
rate would insure against the same chance twice. Here the Poisson part is taken out first: with a count of mean m
and variance v, the rate has mean m and variance v - m (mixed Poisson), and keeps the shape of the count's
distribution. Where v <= m, as with a point forecast alone, the rate is taken as known.

The count's distribution is the square root of the given quantiles, joined by straight lines over the normal
scores: the square root makes counts nearly normal (Anscombe 1948), and keeps everything above 0. Beyond the widest
interval the line through the middle and its bound goes on.

References
----------
.. [1] Jongbloed, G., & Koole, G. (2001). Managing uncertainty in call centres using Poisson mixtures. Applied
   Stochastic Models in Business and Industry, 17(4), 307-318.
.. [2] Anscombe, F. J. (1948). The transformation of Poisson, binomial and negative-binomial data. Biometrika,
   35(3/4), 246-254.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import FrameError, shorten
from cxml.frames import check_columns
from cxml.volume.erlang import Floats

if TYPE_CHECKING:
    import pandas as pd

CONTACTS: Final = "contacts"
_BOUND: Final = re.compile(r"contacts-(lo|hi)-(\d+(?:\.\d+)?)")

#: Normal scores over which expectations are taken, and their weights: a trapezium over five deviations each way.
SCORES: Final = np.linspace(-5.0, 5.0, 51)
WEIGHTS: Final = np.exp(-0.5 * SCORES**2) / np.exp(-0.5 * SCORES**2).sum()
FAR: Final = 8.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Quantiles of the rate behind each count: those of the count, drawn towards its mean by the factor `keep`."""

    scores: Floats  # (n_knots,)
    roots: Floats  # (n_rows, n_knots)
    mean: Floats  # (n_rows,)
    keep: Floats  # (n_rows,)

    def at(self, scores: ArrayLike) -> Floats:
        """Contacts per interval at normal scores: (n_scores,) for all rows, or (n_rows, n_scores)."""
        counts = _counts(self.scores, self.roots, np.asarray(scores, dtype=np.float64))
        return np.maximum(self.mean[:, None] + self.keep[:, None] * (counts - self.mean[:, None]), 0.0)


def rates_of(frame: pd.DataFrame) -> Rates:
    """Rates behind the counts of a forecast: `contacts` is their median, the bounds are their quantiles."""
    from scipy.special import ndtri

    middle = numbers_in(frame, CONTACTS)
    if (middle < 0).any():
        raise FrameError(
            f"{CONTACTS!r} must be >= 0 - got {shorten(middle[middle < 0].tolist(), 3)} in {int((middle < 0).sum()):,} "
            f"of {len(middle):,} rows, the first at {_where(frame, middle < 0)}. Set them to 0, or mend the forecast."
        )
    knots = {0.0: middle}
    for share, (low, high) in _bounds(frame).items():
        score = float(ndtri(0.5 + share / 200))
        knots |= {-score: low, score: high}
    scores = np.array(sorted(knots))
    roots = np.sqrt(np.sort(np.column_stack([knots[score] for score in scores]), axis=1))
    scores, roots = _extend(scores, roots)
    counts = _counts(scores, roots, SCORES)
    mean = counts @ WEIGHTS
    variance = (counts - mean[:, None]) ** 2 @ WEIGHTS
    known = np.clip(1 - mean / np.where(variance > 0, variance, 1.0), 0.0, 1.0)
    return Rates(scores, roots, mean, np.where(variance > 0, np.sqrt(known), 0.0))


def _bounds(frame: pd.DataFrame) -> dict[float, tuple[Floats, Floats]]:
    """Per cent -> lower and upper bounds, clipped at 0."""
    found = [match[2] for name in frame.columns if (match := _BOUND.fullmatch(name))]
    bounds = {}
    for text in dict.fromkeys(found):
        names = (f"contacts-lo-{text}", f"contacts-hi-{text}")
        check_columns(frame.columns, names, what="Staffing", advice="Give both bounds of a level, or neither.")
        if not 0 < float(text) < 100:
            raise FrameError(
                f"The level of {names[0]!r} must be in (0, 100) per cent - got {text}. Name the columns as 90 or 97.5."
            )
        low, high = (numbers_in(frame, name) for name in names)
        if (low > high).any():
            raise FrameError(
                f"{names[0]!r} must not be above {names[1]!r} - got {int((low > high).sum()):,} of {len(frame):,} such "
                f"rows, the first at {_where(frame, low > high)}. Swap the columns, or mend the forecast."
            )
        bounds[float(text)] = (np.maximum(low, 0.0), np.maximum(high, 0.0))
    return bounds


def _extend(scores: Floats, roots: Floats) -> tuple[Floats, Floats]:
    """Add a knot far out on each side, on the line through the middle and the outermost bound."""
    middle = roots[:, len(scores) // 2]
    if len(scores) == 1:
        return np.array([-FAR, FAR]), np.column_stack([middle, middle])
    ends = [middle + (roots[:, at] - middle) * FAR / abs(scores[at]) for at in (0, -1)]
    return np.r_[-FAR, scores, FAR], np.column_stack([ends[0], roots, ends[1]])


def _counts(knots: Floats, roots: Floats, scores: Floats) -> Floats:
    """Quantiles of the counts: (n_rows, n_scores)."""
    wanted = np.broadcast_to(scores, (len(roots), scores.shape[-1]))
    left = np.clip(np.searchsorted(knots, wanted) - 1, 0, len(knots) - 2)
    share = (wanted - knots[left]) / (knots[left + 1] - knots[left])
    low, high = (np.take_along_axis(roots, at, axis=1) for at in (left, left + 1))
    return np.maximum(low + share * (high - low), 0.0) ** 2


def numbers_in(frame: pd.DataFrame, name: str) -> Floats:
    """Finite floats of a column, or an error that names the first row without."""
    import pandas as pd

    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    missing = ~np.isfinite(values)
    if missing.any():
        raise FrameError(
            f"{name!r} must hold finite numbers - got {shorten(frame[name][missing].tolist(), 3)} in "
            f"{int(missing.sum()):,} of {len(values):,} rows, the first at {_where(frame, missing)}. "
            "Fill or drop these intervals."
        )
    return values


def _where(frame: pd.DataFrame, wrong: NDArray[np.bool_]) -> str:
    """The first wrong row, by key and time where they are there."""
    row = int(np.argmax(wrong))
    names = [name for name in ("unique_id", "ds") if name in frame.columns]
    said = [f"{name} {frame[name].iloc[row]}" for name in names]
    return ", ".join(said) or f"row {row}"

"""Thompson sampling: worth drawn from what is known, and the chance that a draw puts an entry at its rank.

With the worth of the chosen entry given, every rival is above or below it apart from the others; the integral over the
chosen entry's own draw is taken by quadrature, there where the entry may stand at its rank and among the rivals that
may be above it. It is exact to about 1e-4, and to 1e-3 where margins and spreads are utterly unlike.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from cxml.offers.choice import Choice

#: Standard normals beyond this are left out of integrals: their chance is 4e-11.
_FAR = 6.5
#: Nodes of each panel of an integral, and points of the grid on which its range is found.
_NODES, _GRID = 64, 24
#: A chance that is left out.
_NOTHING = 1e-10
#: An entry whose worth varies this much less than that of the chosen one makes a step.
_STEP = 0.12
#: Pairs x entries x nodes that are integrated at a time: few enough to stay in a processor's cache.
_BLOCK = 300_000


class Thompson:
    """Worth of entries when their log-odds are drawn from what is known of them.

    The log-odds of each entry are normal about ``logit(probability)`` with the scores' spread, apart from the others;
    worth is ``(chance - control) * margin - taken``.

    Parameters
    ----------
    probability : array of float in [0, 1], shape (n_customers, n_entries)
    spread : array of float >= 0, shape (1, n_entries) or (n_customers, n_entries)
    control : array of float, shape (n_customers, n_entries), or None
        The chance without the offer, where the worth goes by uplift.
    margin : array of float, broadcastable to (n_customers, n_entries)
    cost : array of float, broadcastable to (n_customers, n_entries)

    Examples
    --------
    Two entries alike are drawn first half of the time each:

    >>> alike = Thompson(np.full((1, 2), 0.1), np.full((1, 2), 0.5), None, np.ones((1, 1)), np.zeros((1, 1)))
    >>> choice = Choice(np.array([0, 1]), np.array([0, 0]), np.array([1]))
    >>> alike.propensity(np.array([0]), np.array([0]), np.array([0]), np.ones((1, 2), bool), choice).round(6).tolist()
    [0.5]
    """

    def __init__(
        self,
        probability: np.ndarray,
        spread: np.ndarray,
        control: np.ndarray | None,
        margin: np.ndarray,
        cost: np.ndarray,
    ) -> None:
        from scipy.special import logit

        shape = probability.shape
        self._log_odds = logit(np.clip(probability, 1e-12, 1 - 1e-12))
        self._spread = np.broadcast_to(spread, shape)
        self._control = control if control is not None else np.zeros((1, 1))
        self._margin = np.broadcast_to(margin, shape)
        self._cost = np.broadcast_to(cost, shape)

    def drawn(self, uniform: np.ndarray) -> np.ndarray:
        """Draw the worth of each pair.

        Parameters
        ----------
        uniform : array of float in (0, 1), shape (n_customers, n_entries)

        Returns
        -------
        array of float, shape (n_customers, n_entries)
        """
        from scipy.special import expit, ndtri

        chance = expit(self._log_odds + self._spread * ndtri(uniform))
        found: np.ndarray = (chance - self._control) * self._margin - self._cost
        return found

    def propensity(
        self,
        rows: np.ndarray,
        entries: np.ndarray,
        ranks: np.ndarray,
        allowed: np.ndarray,
        choice: Choice,
        taken: np.ndarray | None = None,
    ) -> np.ndarray:
        """The chance that a draw puts each entry at its rank.

        With the worth of the entry given, the others are above it or below it apart from one another: the chance that
        just so many offers are above is that of a sum of unlike coins, and the integral over the entry's own draw is
        taken by Gauss-Legendre quadrature.

        Parameters
        ----------
        rows, entries, ranks : arrays of int, shape (n_pairs,)
            Customer, entry and rank (from 0) of each choice.
        allowed : array of bool, shape (n_customers, n_entries)
            What could have been chosen.
        choice : Choice
            Which entries are one offer.
        taken : array of float, broadcastable to (n_customers, n_entries), optional
            What the prices of the limits take from the worth.

        Returns
        -------
        array of float in [0, 1], shape (n_pairs,)
        """
        taken = np.broadcast_to(0.0 if taken is None else taken, allowed.shape)
        found = np.empty(len(rows))
        size = max(1, _BLOCK // (allowed.shape[1] * _NODES))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            pairs = self._pairs(rows[part], entries[part], ranks[part], allowed, taken)
            found[part] = _integrated(pairs, choice.offers)
        return found

    def _pairs(
        self, rows: np.ndarray, entries: np.ndarray, ranks: np.ndarray, allowed: np.ndarray, taken: np.ndarray
    ) -> _Pairs:
        control = np.broadcast_to(self._control, self._log_odds.shape)[rows]
        away = self._cost[rows] + taken[rows]
        terms = _Terms(self._log_odds[rows], self._spread[rows], self._margin[rows], away, control)
        return _Pairs(terms, entries, ranks, allowed[rows])


@dataclass(frozen=True)
class _Terms:
    """What the worth of entries is made of, shape (n_pairs, n_entries): ``(expit(...) - control) * margin - away``."""

    log_odds: np.ndarray
    spread: np.ndarray
    margin: np.ndarray
    away: np.ndarray
    control: np.ndarray

    def of(self, places: Any) -> _Terms:
        return _Terms(*(getattr(self, one.name)[places] for one in fields(self)))

    def worth(self, z: np.ndarray | float) -> np.ndarray:
        """Worth at a standard normal."""
        from scipy.special import expit

        found: np.ndarray = (expit(self.log_odds + self.spread * z) - self.control) * self.margin - self.away
        return found

    def width(self) -> np.ndarray:
        """How far worth moves with one standard deviation."""
        from scipy.special import expit

        chance = expit(self.log_odds)
        found: np.ndarray = self.spread * np.abs(self.margin) * chance * (1.0 - chance)
        return found

    def needed(self, worth: np.ndarray) -> np.ndarray:
        """The standard normal at which an entry has a worth; infinite where it never has it."""
        from scipy.special import expit, logit

        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.clip((worth + self.away) / self.margin + self.control, 0.0, 1.0)
            needed = (logit(chance) - self.log_odds) / self.spread
        constant = (self.spread == 0) | (self.margin == 0)
        if not constant.any():
            return np.asarray(needed)
        # A worth that nothing moves is reached always or never; half of the ties are won.
        still = (expit(self.log_odds) - self.control) * self.margin - self.away
        reached = np.where(still > worth, -np.inf, np.where(still < worth, np.inf, 0.0))
        found: np.ndarray = np.where(constant, reached, needed)
        return found

    def below(self, worth: np.ndarray) -> np.ndarray:
        """The chance that each entry is worth less."""
        from scipy.special import ndtr

        needed = self.needed(worth)
        # A worth that falls as the draw rises is below where the draw is above.
        found: np.ndarray = ndtr(np.where((self.margin < 0) & (self.spread > 0), -needed, needed))
        return found


@dataclass(frozen=True)
class _Pairs:
    """Choices whose chance is asked: the terms of their customers' entries, the entry chosen, and its rank."""

    terms: _Terms
    entries: np.ndarray
    ranks: np.ndarray
    allowed: np.ndarray

    @property
    def own(self) -> _Terms:
        """Terms of the chosen entries, shape (n_pairs, 1)."""
        return self.terms.of((np.arange(len(self.entries))[:, None], self.entries[:, None]))

    def among(self, columns: np.ndarray) -> _Pairs:
        """The same with some of the entries only."""
        place = np.searchsorted(columns, self.entries)
        return _Pairs(self.terms.of((slice(None), columns)), place, self.ranks, self.allowed[:, columns])

    def below(self, z: np.ndarray) -> np.ndarray:
        """Give the chance that each other entry is worth less than the chosen one, drawn at each of some normals.

        Parameters
        ----------
        z : array of float, shape (n_pairs, n_nodes)

        Returns
        -------
        array of float, shape (n_pairs, n_entries, n_nodes)
        """
        found = self.terms.of((..., None)).below(self.own.worth(z)[:, None, :])
        found = np.where(self.allowed[:, :, None], found, 1.0)
        found[np.arange(len(found)), self.entries] = 1.0
        return found


def _integrated(pairs: _Pairs, offers: np.ndarray) -> np.ndarray:
    """Integrate over the draw of the chosen entry, there where it may stand at its rank."""
    lowest, highest, reach = _narrowed(pairs, offers, *_range(pairs))
    pairs, offers = pairs.among(reach), offers[reach]
    own = pairs.own
    # Entries whose worth varies far less than the chosen one's make steps: panels begin and end there.
    sharp = pairs.allowed & (pairs.terms.width() < _STEP * own.width())
    columns, steps = np.flatnonzero(sharp.any(axis=0)), np.empty((len(lowest), 0))
    if len(columns):
        needed = own.needed(pairs.terms.of((slice(None), columns)).worth(0.0))
        steps = np.where(sharp[:, columns], needed, -np.inf)
    z, weights = _nodes(lowest, highest, steps)
    count = _exactly(pairs.below(z), pairs.ranks, offers, offers[pairs.entries])
    density = weights * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    found: np.ndarray = np.clip((density * count).sum(axis=1), 0.0, 1.0)
    return found


def _range(pairs: _Pairs) -> tuple[np.ndarray, np.ndarray]:
    """The standard normals at which each chosen entry is worth more than nothing, shape (n_pairs, 1)."""
    own = pairs.own
    needed = np.clip(own.needed(np.zeros((len(pairs.entries), 1))), -_FAR, _FAR)
    # A constant that reaches its floor, if only in a tie, was chosen: all of its draws count.
    needed = np.where((own.spread == 0) | (own.margin == 0), -_FAR, needed)
    falling = own.margin < 0
    return np.where(falling, -_FAR, needed), np.where(falling, needed, _FAR)


def _narrowed(
    pairs: _Pairs, offers: np.ndarray, lowest: np.ndarray, highest: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leave out where the integrand is nothing, and the entries that are never above the chosen one in what is left.

    On a grid: an integrand that is nothing at two neighbours is nothing between them, as the chance of being above
    every rival moves one way, and that of a rank rises and falls once for each number of rivals above.
    """
    grid = lowest + (highest - lowest) * np.linspace(0.0, 1.0, _GRID)
    below = pairs.below(grid)
    chance = _exactly(below, pairs.ranks, offers, offers[pairs.entries]) * np.exp(-0.5 * grid * grid)
    some = chance > _NOTHING
    some[~some.any(axis=1)] = True
    rows = np.arange(len(some))
    first = np.maximum(some.argmax(axis=1) - 1, 0)
    last = np.minimum(_GRID - some[:, ::-1].argmax(axis=1), _GRID - 1)
    inside = (np.arange(_GRID) >= first[:, None]) & (np.arange(_GRID) <= last[:, None])
    above = ((1.0 - below) * inside[:, None, :]).max(axis=(0, 2)) > _NOTHING
    above[pairs.entries] = True
    return grid[rows, first][:, None], grid[rows, last][:, None], np.flatnonzero(above)


@cache
def _rule() -> tuple[np.ndarray, np.ndarray]:
    found: tuple[np.ndarray, np.ndarray] = np.polynomial.legendre.leggauss(_NODES)
    return found


def _nodes(lowest: np.ndarray, highest: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss-Legendre quadrature between two ends, in panels that begin and end at the steps.

    Each panel has the same number of nodes, so that a pair's integral is the same whatever other pairs are with it.
    """
    highest = np.maximum(highest, lowest)
    edges = np.sort(np.concatenate([lowest, np.clip(steps, lowest, highest), highest], axis=1), axis=1)
    wide = (np.diff(edges, axis=1) > 0).any(axis=0)
    if not wide.any():
        return lowest, np.zeros_like(lowest)
    nodes, weights = _rule()
    half = (np.diff(edges, axis=1)[:, wide] / 2.0)[:, :, None]
    z = edges[:, :-1][:, wide, None] + half * (nodes + 1.0)
    return z.reshape(len(z), -1), (half * weights).reshape(len(z), -1)


def _exactly(below: np.ndarray, ranks: np.ndarray, offers: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The chance that as many other offers as the rank says are above, and no entry of the own offer is."""
    most = int(ranks.max())
    if most == 0:
        first: np.ndarray = below.prod(axis=1)
        return first
    order = np.argsort(offers, kind="stable")
    names, starts = np.unique(offers[order], return_index=True)
    under = np.multiply.reduceat(np.moveaxis(below, 1, 0)[order], starts, axis=0)
    pairs, place = np.arange(len(below)), np.searchsorted(names, own)
    mine = under[place, pairs]
    under[place, pairs] = 1.0
    above = np.zeros((most + 1, len(below), below.shape[2]))
    above[0] = 1.0
    for one in under:
        above[1:] = above[1:] * one + above[:-1] * (1.0 - one)
        above[0] *= one
    found: np.ndarray = above[ranks, pairs] * mine
    return found

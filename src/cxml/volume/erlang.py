"""Steady state of a queue: Erlang B, C and A, for whole arrays and any number of agents.

No factorials and no loops over agents or callers. Two numbers hold everything, and each is an incomplete gamma
function or, where that underflows, the integral it came from:

    1 / B(n, a) = a * integral over u > 0 of exp(-a u) * (1 + u)^n               chance that n lines are all busy
    A(x, y)     = x * integral over u > 0 of exp(-x u) * exp(y (1 - exp(-u)))    Palm's function

with load a = arrival rate * handling time, x = agents * patience / handling time, y = load * patience / handling
time. Both are smooth in the number of agents, so half an agent has a meaning too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.errors import ConfigError

Floats: TypeAlias = NDArray[np.float64]

#: Below it an incomplete gamma function has lost its digits, and the integral is nearly that of exp(-s).
_TINY: Final = 1e-250
_NODES: Final = 40
_LARGE: Final = 25.0


class Queue(NamedTuple):
    """What callers and agents meet in the long run; shares are of all contacts offered.

    Parameters
    ----------
    waiting : array of float in [0, 1]
        Share that does not find a free agent at once.
    service_level : array of float in [0, 1]
        Share answered within the time asked for.
    late : array of float in [0, 1]
        Share still waiting when that time is over; the rest up to 1 gave up before.
    abandonment : array of float in [0, 1]
        Share that gives up, sooner or later. 0 in Erlang C.
    mean_wait : array of float >= 0, seconds
        Time in the queue, over all contacts, those that give up too. Infinite where the queue has no steady state.
    occupancy : array of float in [0, 1]
        Share of an agent's time spent handling contacts.
    """

    waiting: Floats
    service_level: Floats
    late: Floats
    abandonment: Floats
    mean_wait: Floats
    occupancy: Floats


def erlang_b(agents: ArrayLike, load: ArrayLike) -> Floats:
    """Chance that all lines are busy when nobody can wait.

    ``a^n / n! / (1 + a + ... + a^n / n!)``, and its continuation where `agents` is not whole.

    Parameters
    ----------
    agents : array of float >= 0
        Lines or agents.
    load : array of float >= 0, Erlang
        Arrivals per second times seconds each. Broadcast with `agents`.

    Returns
    -------
    array of float in [0, 1]

    Raises
    ------
    ConfigError
        If either is negative or not finite.

    References
    ----------
    .. [1] Erlang, A. K. (1917). Solution of some problems in the theory of probabilities of significance in
       automatic telephone exchanges. Elektroteknikeren, 13, 5-13.
    .. [2] Jagerman, D. L. (1984). Methods in traffic calculations. AT&T Bell Laboratories Technical Journal, 63(7),
       1283-1310 (the integral, and numbers of lines that are not whole).

    Examples
    --------
    >>> erlang_b([1, 2, 15], [1, 1, 8.108]).round(4)
    array([0.5 , 0.2 , 0.01])
    >>> erlang_b(-1, 2)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `agents` must be finite and >= 0, got -1. Correct this value.
    """
    n, a = _broadcast(agents=agents, load=load)
    return np.exp(_log_blocking(n, a))


def erlang_c(agents: ArrayLike, load: ArrayLike, *, handling_time: ArrayLike, within: ArrayLike = 20.0) -> Queue:
    """Queue in which everybody waits until they are answered (M/M/n).

    ``waiting = n B / (n - a (1 - B))`` and ``P(wait > t) = waiting * exp(-(n - a) t / handling_time)``. With a load
    of `agents` or more the queue grows without end: nobody is answered in time and the wait is infinite.

    Parameters
    ----------
    agents : array of float >= 0
        People answering.
    load : array of float >= 0, Erlang
        Contacts per second times `handling_time`.
    handling_time : array of float > 0, seconds
        Mean time an agent spends on a contact.
    within : array of float >= 0, seconds, default=20.0
        Time in which contacts should be answered.

    Returns
    -------
    Queue

    Raises
    ------
    ConfigError
        If a value is outside its range.

    References
    ----------
    .. [1] Erlang, A. K. (1917). Elektroteknikeren, 13, 5-13.
    .. [2] Gans, N., Koole, G., & Mandelbaum, A. (2003). Telephone call centers: tutorial, review, and research
       prospects. Manufacturing & Service Operations Management, 5(2), 79-141.

    Examples
    --------
    A hundred calls of 3 minutes in half an hour are 10 Erlang; 14 agents answer 88.8 % of them in 20 s.

    >>> queue = erlang_c(14, 10, handling_time=180)
    >>> round(float(queue.service_level), 3), round(float(queue.mean_wait), 1), round(float(queue.occupancy), 3)
    (0.888, 7.8, 0.714)
    >>> erlang_c(14, 10, handling_time=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `handling_time` must be finite and > 0, got 0. Give seconds.
    """
    n, a, h, t = _broadcast(agents=agents, load=load, handling_time=handling_time, within=within)
    stable = n > a
    spare = np.where(stable, n - a, 1.0)
    busy = np.exp(_log_blocking(n, a))
    waiting = np.where(stable, n * busy / np.where(stable, n - a * (1 - busy), 1.0), 1.0)
    late = np.where(stable, waiting * np.exp(-spare * t / h), 1.0)
    wait = np.where(stable, waiting * h / spare, np.inf)
    occupancy = np.where(stable, a / np.where(stable, n, 1.0), 1.0)
    return _without_load(Queue(waiting, 1 - late, late, np.zeros_like(a), wait, occupancy), a)


def erlang_a(
    agents: ArrayLike, load: ArrayLike, *, handling_time: ArrayLike, patience: ArrayLike, within: ArrayLike = 20.0
) -> Queue:
    """Queue in which callers give up after an exponential time (M/M/n+M): stable at any load.

    With Palm's function A, ``waiting = A B / (1 + (A - 1) B)`` and, of those who wait, the share
    ``1 - (n / load) (1 - 1 / A)`` gives up. The wait that an endlessly patient caller would meet exceeds t, given
    that it exceeds 0, with chance ``exp(y (1 - e) - x t / patience) A(x, y e) / A(x, y)``, where
    ``e = exp(-t / patience)``. For long patience all of it tends to Erlang C.

    Parameters
    ----------
    agents : array of float >= 0
        People answering.
    load : array of float >= 0, Erlang
        Contacts per second times `handling_time`.
    handling_time : array of float > 0, seconds
        Mean time an agent spends on a contact.
    patience : array of float > 0, seconds
        Mean time after which a caller gives up: over all callers, not over those who did give up.
    within : array of float >= 0, seconds, default=20.0
        Time in which contacts should be answered.

    Returns
    -------
    Queue

    Raises
    ------
    ConfigError
        If a value is outside its range.

    References
    ----------
    .. [1] Palm, C. (1957). Research on telephone traffic carried by full availability groups. Tele, 1, 1-107.
    .. [2] Garnett, O., Mandelbaum, A., & Reiman, M. (2002). Designing a call center with impatient customers.
       Manufacturing & Service Operations Management, 4(3), 208-227.
    .. [3] Mandelbaum, A., & Zeltyn, S. (2007). Service engineering in action: the Palm/Erlang-A queue. In Advances
       in Services Innovations (pp. 17-45). Springer.

    Examples
    --------
    48 calls a minute of one minute each, 50 agents, patience of two minutes: 3.1 % give up, the mean wait is 3.7 s.

    >>> queue = erlang_a(50, 48, handling_time=60, patience=120)
    >>> round(float(queue.abandonment), 3), round(float(queue.mean_wait), 1), round(float(queue.occupancy), 2)
    (0.031, 3.7, 0.93)
    >>> erlang_a(50, 48, handling_time=60, patience=-5)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `patience` must be finite and > 0, got -5. Give seconds.
    """
    n, a, h, p, t = _broadcast(agents=agents, load=load, handling_time=handling_time, patience=patience, within=within)
    staffed = (n > 0) & (a > 0)
    given_n, given_a = np.where(staffed, n, 1.0), np.where(staffed, a, 1.0)
    x, y, gone = given_n * p / h, given_a * p / h, -np.expm1(-t / p)
    log_b, log_now, log_then = _log_blocking(given_n, given_a), _log_palm(x, y), _log_palm(x, y * (1 - gone))
    with np.errstate(divide="ignore"):  # all lines busy for certain: then everybody waits
        odds = log_now + log_b - np.log1p(-np.exp(log_b))
    waiting = 1 / (1 + np.exp(np.minimum(-odds, 700.0)))
    # Of those who wait: longer than t if they never gave up, and answered, at once or after t.
    beyond = np.exp(np.minimum(y * gone - x * t / p + log_then - log_now, 0.0))
    answered = -np.expm1(-log_now) * x / y
    answered_late = beyond * -np.expm1(-log_then) * x / y
    abandonment = np.clip(waiting * (1 - answered), 0.0, 1.0)
    level = np.clip(1 - abandonment - waiting * answered_late, 0.0, 1.0)
    late = waiting * beyond * (1 - gone)
    empty = ~staffed  # nobody answers: everybody gives up
    queue = Queue(
        np.where(empty, 1.0, waiting),
        np.where(empty, 0.0, level),
        np.where(empty, 1 - gone, late),
        np.where(empty, 1.0, abandonment),
        np.where(empty, 1.0, abandonment) * p,
        np.where(empty, 1.0, np.minimum(given_a * (1 - abandonment) / given_n, 1.0)),
    )
    return _without_load(queue, a)


def _without_load(queue: Queue, load: Floats) -> Queue:
    """Nobody calls: nobody waits, and whoever is there is free."""
    idle = load == 0
    perfect = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    return Queue(*(np.where(idle, best, found) for best, found in zip(perfect, queue, strict=True)))


def _log_blocking(n: Floats, a: Floats) -> Floats:
    """Log B(n, a): a Poisson variable is n, given that it is at most n."""
    from scipy.special import gammaincc

    reached = gammaincc(n + 1, a)
    far = reached < _TINY  # many more calls than lines
    near = ~far
    found = np.empty_like(a)
    found[near] = _log_poisson(n[near], a[near]) - np.log(reached[near])
    found[far] = -_log_integral(a[far], n[far], np.log1p)
    return np.minimum(found, 0.0)


def _log_palm(x: Floats, y: Floats) -> Floats:
    """Log A(x, y) for x > 0."""
    from scipy.special import gammainc

    reached = gammainc(x, y)
    far = reached < _TINY  # callers much more patient than the queue is long
    near = ~far
    found = np.empty_like(x)
    found[near] = np.log(reached[near]) - _log_poisson(x[near], y[near])
    found[far] = _log_integral(x[far], y[far], lambda u: -np.expm1(-u))
    return np.maximum(found, 0.0)


def _log_poisson(count: Floats, mean: Floats) -> Floats:
    """Log of ``mean^count exp(-mean) / count!``, for any count >= 0.

    Written out, it is a small difference of huge terms. Large counts take their saddle point instead, with
    Stirling's series for what is left: Loader, C. (2000). Fast and accurate computation of binomial probabilities.
    """
    from scipy.special import gammaln, xlogy

    large = np.maximum(count, _LARGE)
    apart = (mean - large) / large
    series = 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1260 * large**5) - 1 / (1680 * large**7)
    with np.errstate(divide="ignore"):  # no calls at all
        saddle = large * (np.log1p(apart) - apart) - 0.5 * np.log(2 * np.pi * large) - series
    return np.where(count < _LARGE, xlogy(count, mean) - mean - gammaln(count + 1), saddle)


def _log_integral(fall: Floats, rise: Floats, bend: Callable[[Floats], Floats]) -> Floats:
    """Log of ``fall * integral of exp(-fall u + rise bend(u))`` for ``bend(u) = u + O(u^2)`` and fall >> rise.

    With s = (fall - rise) u it is an integral of exp(-s) times a nearly constant function: Gauss-Laguerre.
    """
    nodes, weights = _laguerre()
    u = nodes / (fall - rise)[:, None]
    inner = np.exp(rise[:, None] * (bend(u) - u)) @ weights
    return np.log(fall / (fall - rise) * inner)


@cache
def _laguerre() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.laguerre.laggauss(_NODES)
    return nodes, weights


def floats(name: str, values: Any) -> Floats:
    """An argument as floats, or an error that names it."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ConfigError(
            f"`{name}` must be one number or an array of them, got a {type(values).__name__} that is or holds "
            "something else. Make numbers of it first."
        ) from None


_POSITIVE: Final = frozenset({"handling_time", "patience"})


def _broadcast(**given: ArrayLike) -> list[Floats]:
    """Floats of one shape, each inside its range."""
    found = []
    for name, values in given.items():
        array = floats(name, values)
        low = array <= 0 if name in _POSITIVE else array < 0
        wrong = low | ~np.isfinite(array)
        if wrong.any():
            least = "> 0" if name in _POSITIVE else ">= 0"
            advice = "Give seconds." if name in (*_POSITIVE, "within") else "Correct this value."
            raise ConfigError(f"`{name}` must be finite and {least}, got {array[wrong].flat[0]:g}. {advice}")
        found.append(array)
    return [np.array(one) for one in np.broadcast_arrays(*found)]

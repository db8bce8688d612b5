"""What policies earn, how honest acceptance is offer by offer, why candidates were rejected, and which limits bind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from cxml.errors import FrameError
from cxml.frames import as_pandas, check_columns
from cxml.metrics import Interval, PolicyValue, wilson_interval
from cxml.plots._values import check_top, floats
from cxml.plots._words import amount, cut, minus
from cxml.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    VERMILLION,
    canvas,
    finish,
    interval,
    note,
    paper,
    rows,
    side,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ESTIMATORS = {
    "on_policy": "the log itself",
    "ips": "inverse propensity (IPS)",
    "snips": "self-normalised (SNIPS)",
    "dr": "doubly robust (DR)",
    "dm": "direct method (DM)",
}


def plot_policy_values(
    values: Sequence[PolicyValue],
    *,
    known: Interval | None = None,
    percent: bool = False,
    unit: str = "Reward (an offer)",
    title: str = "What would the policy earn?",
    ax: Axes | None = None,
) -> Figure:
    """Draw each estimate of a policy's value with its interval, beside what the log earned.

    An estimate with a note, such as thin overlap, is drawn hollow. Ends far beyond the other estimates are cut with an
    arrow, so that one useless interval does not press the others flat.

    Parameters
    ----------
    values : sequence of PolicyValue
        From `cxml.metrics.policy_value`.
    known : Interval, optional
        What the policy earned on a log of its own: drawn as a band.
    percent : bool, default=False
        Whether rewards are rates, to be written in per cent.
    unit : str
        Axis label.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FrameError
        If there is nothing to draw, or something else than estimates.

    References
    ----------
    .. [1] Dudik, M., Erhan, D., Langford, J., & Li, L. (2014). Doubly robust policy evaluation and optimization.
       Statistical Science, 29(4), 485-511.

    Examples
    --------
    >>> from cxml.metrics import policy_value
    >>> found = policy_value([0, 1, 0, 1] * 50, [0.5] * 200, [0.2, 0.8, 0.2, 0.8] * 50)
    >>> [label.get_text() for label in plot_policy_values(found).axes[0].get_yticklabels()]
    ['the log itself', 'inverse propensity (IPS)', 'self-normalised (SNIPS)']
    >>> plot_policy_values([])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: `values` must be estimates of cxml.metrics.policy_value, at least one - got none.
    """
    shown = list(values)
    if not shown or not all(isinstance(one, PolicyValue) for one in shown):
        got = next((type(one).__name__ for one in shown if not isinstance(one, PolicyValue)), "none")
        raise FrameError(f"`values` must be estimates of cxml.metrics.policy_value, at least one - got {got}.")
    scale = 100.0 if percent else 1.0
    ax = canvas(ax, (6.8, 1.6 + 0.5 * len(shown)))
    if known is not None:
        ax.axvspan(scale * known.lower, scale * known.upper, facecolor=(GREEN, 0.2), edgecolor=GREEN, linewidth=0.6)
        value, lower, upper = (_told(scale * one) for one in (known.value, known.lower, known.upper))
        words = f"its own log: {value} [{lower}, {upper}]"
        ax.axvline(scale * known.value, color=GREEN, linewidth=1.4, label=words)
    low, high = (scale * end for end in _window(shown, known))
    for row, one in enumerate(shown):
        colour = GREY if one.estimator == "on_policy" else BLUE
        face = paper(ax) if one.notes else colour
        ends = np.clip([scale * one.lower, scale * one.upper], low, high)
        interval(ax, row, *ends, colour=colour)
        for end, sign, beyond in ((low, "<", scale * one.lower < low), (high, ">", scale * one.upper > high)):
            if beyond:
                ax.plot([end], [row], sign, color=colour, markersize=6, clip_on=False)
        ax.plot([scale * one.value], [row], "o", color=colour, markerfacecolor=face, markersize=8, markeredgewidth=1.8)
        worth = f"{_told(scale * one.value)}  ({one.effective_rows:,.0f} effective rows)"
        across = (scale * one.value - low) / (high - low)
        note(ax, worth, (scale * one.value, row), shift=(0, 8), ha=side(across), va="bottom")
    rows(ax, [_ESTIMATORS[one.estimator] for one in shown])
    pad = 0.04 * (high - low)
    ax.set(ylim=(len(shown) - 0.5, -0.7), xlim=(low - pad, high + pad))
    hollow = "; hollow: read its note" if any(one.notes for one in shown) else ""
    label = f"{unit}{' (%)' if percent else ''}, with {100 * shown[0].level:g} % interval{hollow}"
    return finish(ax, title=title, x=label, y="", grid="x")


def _window(shown: list[PolicyValue], known: Interval | None) -> tuple[float, float]:
    """Ends of the axis: all estimates and the narrower half of the intervals, with room."""
    values = [one.value for one in shown]
    reach = sorted(max(one.upper - one.value, one.value - one.lower) for one in shown if np.isfinite(one.lower))
    room = 2 * reach[len(reach) // 2] if reach else 0.5 * max(abs(one) for one in values)
    ends = [end for one in shown for end in (one.lower, one.upper) if np.isfinite(end)]
    if known is not None:
        values += [known.lower, known.upper]
    low, high = max(min([*ends, *values]), min(values) - room), min(max([*ends, *values]), max(values) + room)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def plot_acceptance_by_offer(
    offer: ArrayLike,
    y: ArrayLike,
    p: ArrayLike,
    *,
    top: int = 12,
    title: str = "Is acceptance honest, offer by offer?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the predicted and the observed acceptance of each offer, the most made first.

    Parameters
    ----------
    offer : array, shape (n_rows,)
        The offer made.
    y : array of {0, 1} or bool, shape (n_rows,)
        Whether it was accepted.
    p : array of float in [0, 1], shape (n_rows,)
        Predicted chance that it would be.
    top : int >= 1, default=12
        Offers drawn; the others are counted in the axis label.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FrameError
        If the arrays differ in length, or `top` is below 1.

    References
    ----------
    .. [1] Niculescu-Mizil, A., & Caruana, R. (2005). Predicting good probabilities with supervised learning. ICML.

    Examples
    --------
    >>> axes = plot_acceptance_by_offer(["a", "a", "b"], [1, 0, 0], [0.4, 0.6, 0.1]).axes[0]
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['a  n = 2', 'b  n = 1']
    >>> plot_acceptance_by_offer(["a"], [1, 0], [0.4, 0.6])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: `offer`, `y` and `p` must describe the same rows - got 1, 2 and 2 of them.
    """
    import pandas as pd

    made, accepted, said = np.asarray(offer), np.asarray(y, dtype=float), np.asarray(p, dtype=float)
    if not made.shape == accepted.shape == said.shape:
        raise FrameError(
            f"`offer`, `y` and `p` must describe the same rows - got {made.size:,}, {accepted.size:,} and "
            f"{said.size:,} of them."
        )
    check_top(top)
    by_offer = pd.DataFrame({"offer": made, "accepted": accepted, "said": said}).groupby("offer", sort=False)
    table = by_offer.agg(rows=("said", "size"), accepted=("accepted", "sum"), said=("said", "mean"))
    table = table.sort_values("rows", ascending=False, kind="stable")
    shown = table.head(top)
    low, high = wilson_interval(shown["accepted"].to_numpy(), shown["rows"].to_numpy())
    ax = canvas(ax, (6.8, 1.6 + 0.36 * len(shown)))
    places = np.arange(len(shown))
    interval(ax, places, 100 * low, 100 * high, colour=BLUE)
    observed = 100 * (shown["accepted"] / shown["rows"]).to_numpy()
    ax.plot(observed, places, "o", color=BLUE, markersize=7, label="accepted (line: 95 % interval)")
    said_shown = 100 * shown["said"].to_numpy()
    ax.plot(said_shown, places, "D", color=ORANGE, markersize=7, markeredgecolor=paper(ax), label="predicted")
    rows(ax, [f"{cut(name, 24)}  n = {count:,}" for name, count in zip(shown.index, shown["rows"], strict=True)])
    ax.set_xlim(left=0)
    rest = f"; {len(table) - len(shown)} rarer offers not shown" if len(table) > len(shown) else ""
    return finish(ax, title=title, x=f"Acceptance (%){rest}", y="", grid="x")


def plot_fates(
    candidates: Any,
    *,
    chosen: str = "chosen",
    order: Sequence[str] | None = None,
    title: str = "Why were candidates rejected?",
    ax: Axes | None = None,
) -> Figure:
    """Draw how all candidates shrink to the chosen: one step for each rule, as wide as the candidates it took.

    Parameters
    ----------
    candidates : DataFrame
        One row a candidate, with its ``fate`` and the ``rule`` that decided it, as ``offers.predict`` answers with
        ``everything=True``.
    chosen : str, default="chosen"
        The fate of what was chosen.
    order : sequence of str, optional
        Rules in the order of their steps. By default the rule that took most comes first.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FrameError
        If a column is missing or there are no candidates.

    References
    ----------
    .. [1] Few, S. (2012). Show me the numbers (2nd ed.). Analytics Press (bars that start where the last one ended).

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"fate": ["chosen", "rejected", "rejected"], "rule": [None, "age >= 19", "age >= 19"]})
    >>> [label.get_text() for label in plot_fates(told).axes[0].get_yticklabels()]
    ['candidates', 'age >= 19', 'chosen']
    >>> plot_fates(told.drop(columns="rule"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The picture needs the column 'rule' - the data has 1 columns and not this one. \
Give the answer of `offers.predict(..., everything=True)`.
    """
    frame = as_pandas(candidates, what="The table of candidates")
    advice = "Give the answer of `offers.predict(..., everything=True)`."
    check_columns(frame.columns, ["fate", "rule"], what="The picture", advice=advice)
    rejected = frame[frame["fate"] != chosen]
    why = rejected["rule"].astype(object).where(rejected["rule"].notna(), rejected["fate"]).astype(str)
    took = why.value_counts(sort=True)
    if order is not None:
        took = took.reindex(
            [*(name for name in order if name in took), *(name for name in took.index if name not in order)]
        )
    labels = ["candidates", *took.index, "chosen"]
    ends = len(frame) - np.r_[0, np.cumsum(took.to_numpy())]
    starts = np.r_[0, ends[1:], 0]
    widths = np.r_[len(frame), took.to_numpy(), len(frame) - len(rejected)]
    ax = canvas(ax, (6.8, 1.4 + 0.38 * len(labels)))
    places = np.arange(len(labels))
    ax.barh(places, widths, left=starts, height=0.62, color=[GREY, *[VERMILLION] * len(took), GREEN])
    for place, start, width in zip(places, starts, widths, strict=True):
        text = f"{width:,}" if place in (0, len(labels) - 1) else minus(f"-{width:,}")
        left = start > 0.6 * len(frame)
        at, shift = (start, -5) if left else (start + width, 5)
        share = f"{100 * width / len(frame):.1f} %"
        note(ax, f"{text}  ({share})", (at, place), shift=(shift, 0), ha="right" if left else "left")
    rows(ax, labels)
    ax.set_xlim(0, 1.35 * len(frame))
    return finish(ax, title=title, x="Candidates (customers x offers)", y="", grid="x")


def plot_limits(
    table: Any, *, currency: str = "currency of the margins", title: str = "Which limits bind?", ax: Axes | None = None
) -> Figure:
    """Draw how much of each limit is used, and what one unit more would earn.

    Parameters
    ----------
    table : DataFrame
        One row a limit: ``limit`` (its name), ``used``, ``most``, ``shadow_price`` (what one unit more would
        earn; 0 where the limit does not bind).
    currency : str
        Unit of the price, for the axis label.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FrameError
        If a column is missing or there are no limits.

    References
    ----------
    .. [1] Dantzig, G. B. (1963). Linear programming and extensions. Princeton University Press (shadow prices).

    Examples
    --------
    >>> import pandas as pd
    >>> names = ["limit", "used", "most", "shadow_price"]
    >>> table = pd.DataFrame([["budget", 900, 900, 2.5], ["calls", 40, 100, 0.0]], columns=names)
    >>> [text.get_text() for text in plot_limits(table, currency="KRW").axes[0].texts]
    ['900 of 900; one more earns 2.50', '40 of 100']
    >>> plot_limits(table.drop(columns="shadow_price"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: The picture needs the column 'shadow_price' - the data has 3 columns and not this one. \
Give the limits of a decision.
    """
    frame = as_pandas(table, what="The table of limits")
    advice = "Give the limits of a decision."
    check_columns(frame.columns, ["limit", "used", "most", "shadow_price"], what="The picture", advice=advice)
    used, most, price = (floats(frame, name) for name in ("used", "most", "shadow_price"))
    share = 100 * np.divide(used, most, out=np.ones(used.size), where=most > 0)
    ax = canvas(ax, (6.8, 1.5 + 0.4 * len(frame)))
    places = np.arange(len(frame))
    ax.barh(places, share, height=0.62, color=[ORANGE if one > 0 else BLUE for one in price])
    for place, each, mine, whole, worth in zip(places, share, used, most, price, strict=True):
        text = f"{_units(mine)} of {_units(whole)}" + (f"; one more earns {amount(worth)}" if worth > 0 else "")
        if each > 50:
            note(ax, text, (each, place), shift=(-6, 0), ha="right", colour=INK if worth > 0 else "white")
        else:
            note(ax, text, (each, place), shift=(6, 0))
    rows(ax, frame["limit"])
    ax.set_xlim(0, 105)
    return finish(ax, title=title, x=f"Used (%); orange: binds, one unit more would earn ({currency})", y="", grid="x")


def _units(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.2f}"


def _told(value: float) -> str:
    """An amount of money in whole units, a rate in three digits."""
    return amount(value) if abs(value) >= 100 else f"{value:.3g}"

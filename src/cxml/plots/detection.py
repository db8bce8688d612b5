"""Pictures of how good alarms are: what they find at how many false ones, and how soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cxml.errors import shorten
from cxml.plots.style import BROKEN, COLOURS, GREY, LINES, canvas, finish, named, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cxml.metrics.events import BudgetCurve


def plot_budget_curve(
    curves: Mapping[str, BudgetCurve],
    *,
    budget: float | None = None,
    most: float | None = None,
    title: str = "What does a quieter alarm miss?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the share of events found against false alarms a week, over thresholds.

    Parameters
    ----------
    curves : mapping of str to BudgetCurve
        `cxml.metrics.budget_curve` by the name of the method, one to six; the first is drawn thick.
    budget : float > 0, alarms a week, optional
        Marked by a line.
    most : float > 0, false alarms a week, optional
        Where the axis ends; by default at four times the budget, or where the last curve ends.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    TypeError
        If `curves` is not a mapping.
    ValueError
        If there are none or more than six, or a number is not above 0.

    References
    ----------
    .. [1] Egan, J. P. (1975). Signal detection theory and ROC analysis. Academic Press; the free-response form, with
       false alarms by time, of Bunch, P. C., et al. (1977). Proceedings of SPIE, 127, 124-135.

    Examples
    --------
    >>> from cxml.metrics import budget_curve
    >>> curve = budget_curve([0, 9, 0, 1, 0, 4, 0], range(7), [5], [6], weeks=2.0)
    >>> plot_budget_curve({"residual": curve}, budget=5).axes[0].get_ylabel()
    'Events found (%)'
    >>> plot_budget_curve({"residual": curve}, budget=0)
    Traceback (most recent call last):
        ...
    ValueError: `budget` must be a number of alarms a week above 0, got 0.
    """
    drawn = named(curves, "curves")
    for name, value in (("budget", budget), ("most", most)):
        if value is not None and not value > 0:
            raise ValueError(f"`{name}` must be a number of alarms a week above 0, got {value!r}.")
    ax = canvas(ax, (6.8, 4.4))
    ends = max(float(curve.false_alarms_week.max()) for curve in drawn.values())
    limit = most or (min(4 * budget, max(ends, 1.5 * budget)) if budget else max(ends, 1e-9))
    for place, (name, curve) in enumerate(drawn.items()):
        x, y = np.r_[0.0, curve.false_alarms_week], np.r_[0.0, curve.recall]
        order = np.lexsort((y, x))
        # of thresholds with as many false alarms the one that finds most; finding less at a lower one is of no use
        ax.plot(
            np.r_[x[order], max(limit, x.max())], 100 * np.maximum.accumulate(np.r_[y[order], y.max()]),
            drawstyle="steps-post", color=COLOURS[place], ls=LINES[place], lw=2.4 if place == 0 else 1.6, label=name,
        )  # fmt: skip
    if budget is not None:
        ax.axvline(budget, color=GREY, linestyle=BROKEN, linewidth=1.2)
        note(ax, f"budget {budget:g}", (budget, 1), shift=(5, 8))
    ax.set(xlim=(0, 1.02 * limit), ylim=(0, 103))
    return finish(ax, title=title, x="False alarms (a week, over all series)", y="Events found (%)", grid="both")


def plot_delay(
    delays: Mapping[str, ArrayLike],
    *,
    unit: str = "periods",
    most: float | None = None,
    title: str = "How soon are events found?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the share of events that were found within some time of their start.

    Parameters
    ----------
    delays : mapping of str to array of float >= 0, shape (n_events,)
        From the start of each event to its alert, NaN where none found it, by the name of the method, one to six; the
        first is drawn thick.
    unit : str, default="periods"
        Unit of the delays, for the axis label.
    most : float > 0, optional
        Where the axis ends; by default where nine in ten of the found events are.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    TypeError
        If `delays` is not a mapping.
    ValueError
        If there are none or more than six, a method has no event, or a delay is below 0.

    References
    ----------
    .. [1] Lavin, A., & Ahmad, S. (2015). Evaluating real-time anomaly detection algorithms - the Numenta Anomaly
       Benchmark. IEEE ICMLA, 38-44 (finding early is worth more).

    Examples
    --------
    >>> figure = plot_delay({"residual": [0, 2, float("nan")], "robust_z": [3, 5, float("nan")]})
    >>> figure.axes[0].get_xlabel()
    'Since the start of the event (periods)'
    >>> plot_delay({"residual": [-1]})
    Traceback (most recent call last):
        ...
    ValueError: The delays of 'residual' must be 1 or more numbers >= 0 or NaN, got -1.0.
    """
    drawn = {}
    for name, values in named(delays, "delays").items():
        array = np.asarray(values, dtype=np.float64).ravel()
        if not array.size or bool((array < 0).any()):
            got = shorten(array[array < 0].tolist()) if array.size else "none"
            raise ValueError(f"The delays of {name!r} must be 1 or more numbers >= 0 or NaN, got {got}.")
        drawn[name] = array
    ax = canvas(ax, (6.8, 4.2))
    known = np.concatenate([array[np.isfinite(array)] for array in drawn.values()])
    limit = most or max(1.0, float(np.quantile(known, 0.9)) if known.size else 1.0)
    for place, (name, array) in enumerate(drawn.items()):
        found = np.sort(array[np.isfinite(array)])
        x = np.r_[0.0, found, max(limit * 1.05, *found.tolist(), 0.0)]
        share = np.r_[np.searchsorted(found, 0.0, side="right"), np.arange(1, found.size + 1), found.size] / array.size
        label = f"{name} ({100 * found.size / array.size:.0f} % of {array.size} found)"
        width = 2.4 if place == 0 else 1.6
        ax.plot(x, 100 * share, drawstyle="steps-post", color=COLOURS[place], ls=LINES[place], lw=width, label=label)
    ax.set(xlim=(0, 1.02 * limit), ylim=(0, 103))
    return finish(ax, title=title, x=f"Since the start of the event ({unit})", y="Events found (%)", grid="both")

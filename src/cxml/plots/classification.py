"""How honest probabilities are, and how much sooner a list finds the event than chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.metrics import expected_calibration_error, gains_curve, lift, reliability_table
from cxml.plots.style import BROKEN, COLOURS, GREY, LINES, canvas, finish, ink, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STRIP = 0.55  # inches above the axes for the counts of rows
_POINTS = 1_000  # points drawn of one curve at most; a longer one looks the same and slows the notebook


def plot_reliability(
    y: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    bins: int = 10,
    event: str = "churn",
    title: str = "Are the probabilities honest?",
    ax: Axes | None = None,
) -> Figure:
    """Draw observed against predicted rate, in bins of equal mass; an honest model follows the diagonal.

    Bars are 95 % Wilson intervals of the observed rate, the area of a dot grows with its rows, the legend holds
    the expected calibration error, and the strip above shows how many rows were given each probability.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    predictions : mapping of str to array of float in [0, 1], shape (n_rows,)
        Probabilities by the name of the model, one to six.
    bins : int >= 1, default=10
        Bins of equal mass.
    event : str, default="churn"
        What 1 means, for the axis labels.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the arrays differ in length, or a prediction leaves [0, 1].

    References
    ----------
    .. [1] Niculescu-Mizil, A., & Caruana, R. (2005). Predicting good probabilities with supervised learning.
       ICML.

    Examples
    --------
    >>> figure = plot_reliability([0, 1, 0, 1], {"model": [0.1, 0.9, 0.3, 0.6]}, bins=2)
    >>> figure.axes[0].get_xlabel()
    'Predicted churn probability (%)'
    >>> plot_reliability([0, 1], {})
    Traceback (most recent call last):
        ...
    ValueError: `predictions` must hold 1 to 6 series, got 0. More cannot be told apart at a glance.
    """
    series = named(predictions, "predictions")
    tables = {name: reliability_table(y, p, bins) for name, p in series.items()}
    errors = {name: expected_calibration_error(y, p, bins) for name, p in series.items()}
    ax = canvas(ax, (6.2, 5.8))
    for (name, table), colour, line in zip(tables.items(), COLOURS, LINES, strict=False):
        x, height = 100 * table.predicted, 100 * table.observed
        whiskers = np.clip(np.stack([height - 100 * table.lower, 100 * table.upper - height]), 0, None)
        ax.errorbar(x, height, yerr=whiskers, fmt="none", ecolor=colour, elinewidth=1.2)
        label = f"{name} (ECE {100 * errors[name]:.1f} %)"
        ax.plot(x, height, color=colour, linestyle=line, linewidth=1.4, marker="o", markersize=5, label=label)
        area = 36 * bins * table.rows / table.rows.sum()
        ax.scatter(x, height, s=area, color=colour, linewidth=0, zorder=3)
    top = max(100 * max(t.upper.max(), t.predicted.max()) for t in tables.values())
    top = min(100.0, 5 * np.ceil(top * 1.02 / 5))
    ax.plot([0, top], [0, top], color=GREY, linestyle=BROKEN, linewidth=1.2, zorder=1, label="perfectly honest")
    ax.set(xlim=(-0.02 * top, 1.02 * top), ylim=(-0.02 * top, 1.02 * top))
    _draw_counts(ax, series, top)
    x_label, y_label = f"Predicted {event} probability (%)", f"Observed {event} rate (%), with 95 % interval"
    return finish(ax, title=title, x=x_label, y=y_label, grid="both", above=_STRIP)


def _draw_counts(ax: Axes, series: Mapping[str, ArrayLike], top: float) -> None:
    """Draw how many rows were given each probability, in a strip above; one probability for all is no news."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    inches = ax.figure.canvas.figure.dpi_scale_trans + ScaledTranslation(0, 1, ax.transAxes)  # type: ignore[arg-type]
    across = blended_transform_factory(ax.transAxes, inches)
    strip = ax.inset_axes((0.0, 0.05, 1.0, _STRIP - 0.05), transform=across, sharex=ax)
    edges = np.linspace(0, top, 41).tolist()
    for p, colour in zip(series.values(), COLOURS, strict=False):
        percent = 100 * np.asarray(p, dtype=np.float64)
        if np.ptp(percent) > 0:
            pale = (colour, 0.3 / len(series))
            strip.hist(percent, bins=edges, histtype="stepfilled", facecolor=pale, edgecolor=colour, linewidth=1.0)
    strip.spines[["top", "right", "left", "bottom"]].set_visible(False)
    strip.patch.set_visible(False)
    strip.tick_params(length=0, labelbottom=False, labelsize=9, colors=ink(ax))
    most = int(strip.get_ylim()[1])
    strip.set_yticks([most], labels=[f"{most:,} rows"])


def plot_gains(
    y: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    event: str = "churn",
    title: str = "How soon does the list find them?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the share of all events found against the share of customers taken, riskiest first.

    The legend holds the lift of the first 10 %. A random list follows the diagonal, a perfect one the grey bend.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened; at least one 1.
    predictions : mapping of str to array of float, shape (n_rows,)
        Predictions by the name of the model, one to six; only their order is used.
    event : str, default="churn"
        What 1 means, for the axis labels.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the arrays differ in length, or no row is positive.

    References
    ----------
    .. [1] Neslin, S. A., et al. (2006). Defection detection. Journal of Marketing Research, 43(2), 204-211.

    Examples
    --------
    >>> plot_gains([1, 0, 1, 0], {"model": [0.9, 0.7, 0.4, 0.1]}).axes[0].get_ylabel()
    'Of all churn, found (%)'
    >>> plot_gains([0, 0], {"model": [0.9, 0.7]})
    Traceback (most recent call last):
        ...
    ValueError: A gains curve needs at least one row with y = 1, got none. Judge on rows that hold the event.
    """
    series = named(predictions, "predictions")
    curves = {name: gains_curve(y, p) for name, p in series.items()}
    ax = canvas(ax, (6.2, 5.0))
    rate = 100 * next(iter(curves.values())).rate
    ax.plot([0, rate, 100], [0, 100, 100], color=GREY, linewidth=1.2, label="perfect list")
    for (name, curve), colour, line in zip(curves.items(), COLOURS, LINES, strict=False):
        kept = few(curve.share.size)
        label = f"{name} (lift {lift(y, series[name], 0.1):.1f} in the first 10 %)"
        ax.plot(100 * curve.share[kept], 100 * curve.found[kept], color=colour, ls=line, linewidth=2.2, label=label)
    ax.plot([0, 100], [0, 100], color=GREY, linestyle=BROKEN, linewidth=1.2, label="random list")
    ax.set(xlim=(0, 100), ylim=(0, 102))
    return finish(ax, title=title, x="Customers taken, riskiest first (%)", y=f"Of all {event}, found (%)", grid="both")


def plot_lift(
    y: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    event: str = "churn",
    title: str = "How much better than a random list?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the lift for every share of customers taken, from 1 % on: how many times the event's overall rate.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened; at least one 1.
    predictions : mapping of str to array of float, shape (n_rows,)
        Predictions by the name of the model, one to six; only their order is used.
    event : str, default="churn"
        What 1 means, for the axis labels.
    title : str
        Title of the picture.
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the arrays differ in length, or no row is positive.

    References
    ----------
    .. [1] Neslin, S. A., et al. (2006). Defection detection. Journal of Marketing Research, 43(2), 204-211.

    Examples
    --------
    >>> plot_lift([1, 0, 1, 0], {"model": [0.9, 0.7, 0.4, 0.1]}).axes[0].get_ylabel()
    'Lift (times the overall churn rate)'
    >>> plot_lift([1, 0], [0.9, 0.1])
    Traceback (most recent call last):
        ...
    TypeError: `predictions` must map names to arrays, got list. Write {'model': array}.
    """
    series = named(predictions, "predictions")
    curves = {name: gains_curve(y, p) for name, p in series.items()}
    share = np.linspace(0.01, 1, 199)
    ax = canvas(ax, (6.2, 4.4))
    for (name, curve), colour, line in zip(curves.items(), COLOURS, LINES, strict=False):
        height = np.interp(share, curve.share, curve.found) / share
        ax.plot(100 * share, height, color=colour, linestyle=line, linewidth=2.2, label=name)
    ax.axhline(1, color=GREY, linestyle=BROKEN, linewidth=1.2, label="random list")
    ax.set_xlim(0, 100)
    ax.set_ylim(bottom=0)
    return finish(ax, title=title, x="Customers taken, riskiest first (%)", y=f"Lift (times the overall {event} rate)")


def few(size: int, *, keep: int = 0) -> NDArray[np.intp]:
    """Choose at most a thousand points of a curve, its ends and one more among them.

    Parameters
    ----------
    size : int
        Points of the curve.
    keep : int, default=0
        Index of a point that must be kept.

    Returns
    -------
    array of int
        Rising indexes.

    Examples
    --------
    >>> few(4)
    array([0, 1, 2, 3])
    """
    return np.unique(np.r_[np.linspace(0, size - 1, min(size, _POINTS)).astype(np.intp), keep])

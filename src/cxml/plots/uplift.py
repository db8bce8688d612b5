"""What a ranking by predicted effect brings: the curve, and predicted against observed effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics.effects import EffectTable
from cxml.metrics.uplift import UpliftCurve
from cxml.plots.classification import few
from cxml.plots.style import BLUE, BROKEN, COLOURS, GREY, LINES, ORANGE, band, canvas, finish, interval, named, paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NORMAL_95 = 1.96


def plot_uplift_curve(
    curves: UpliftCurve | Mapping[str, UpliftCurve],
    *,
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    unit: str = "Incremental outcomes (per treated customer)",
    title: str = "Who is worth a treatment?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the gain of treating the highest predictions first, against that of a random order.

    Parameters
    ----------
    curves : UpliftCurve, or mapping of str to UpliftCurve
        From `cxml.metrics.uplift.qini_curve`, one or up to six by name.
    bands : mapping of str to (lower, upper), each array of float, shape (n_points,), optional
        Ends of the interval of a curve at its points, by the curve's name.
    unit : str
        Axis label, with what the gain counts.
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
        If `curves` is neither a curve nor a mapping of names to them.
    ValueError
        If a band does not fit its curve, or there is no such curve.

    References
    ----------
    .. [1] Radcliffe, N. J. (2007). Using control groups to target on predicted lift. Direct Marketing Analytics
       Journal, 1, 14-21.

    Examples
    --------
    >>> from cxml.metrics.uplift import qini_curve
    >>> curve = qini_curve([1, 0, 0, 1], [0.9, 0.7, -0.2, -0.4], [1, 0, 1, 0])
    >>> plot_uplift_curve(curve).axes[0].get_xlabel()
    'Customers treated, highest predicted effect first (%)'
    >>> plot_uplift_curve(curve, bands={"modell": ([0], [1])})
    Traceback (most recent call last):
        ...
    ValueError: `bands` must hold two arrays of the size of their curve, got ones that do not fit for 'modell'. \
Name them as the curves: 'model'.
    """
    series = {"model": curves} if isinstance(curves, UpliftCurve) else named(curves, "curves")
    ends = _bands(series, bands or {})
    ax = canvas(ax, (6.8, 4.6))
    first = next(iter(series.values()))
    ax.plot([0, 100], [0, first.gain[-1]], color=GREY, linestyle=BROKEN, linewidth=1.2, label="random order")
    for (name, curve), colour, line in zip(series.items(), COLOURS, LINES, strict=False):
        kept = few(curve.share.size, keep=int(np.argmax(curve.gain)))
        share = 100 * curve.share[kept]
        if name in ends:
            band(ax, share, ends[name][0][kept], ends[name][1][kept], colour=colour, alpha=0.15)
        ax.plot(share, curve.gain[kept], color=colour, linestyle=line, linewidth=2.2, label=name)
    ax.set_xlim(0, 100)
    return finish(ax, title=title, x="Customers treated, highest predicted effect first (%)", y=unit)


def _bands(
    series: Mapping[str, UpliftCurve], bands: Mapping[str, tuple[ArrayLike, ArrayLike]]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    ends = {name: (np.asarray(low, dtype=float), np.asarray(high, dtype=float)) for name, (low, high) in bands.items()}
    odd = [
        name for name, pair in ends.items() if name not in series or any(_misfits(series[name], one) for one in pair)
    ]
    if odd:
        raise ValueError(
            f"`bands` must hold two arrays of the size of their curve, got ones that do not fit for {odd[0]!r}. "
            f"Name them as the curves: {', '.join(map(repr, series))}."
        )
    return ends


def _misfits(curve: UpliftCurve, end: np.ndarray) -> bool:
    return end.shape != curve.share.shape


def plot_uplift_deciles(
    table: EffectTable,
    *,
    unit: str = "Effect of the treatment (unit of the outcome)",
    title: str = "Are the predicted effects honest?",
    ax: Axes | None = None,
) -> Figure:
    """Draw predicted against observed effects in groups of customers, the highest predictions first.

    Parameters
    ----------
    table : EffectTable
        From `cxml.metrics.uplift.effect_table`.
    unit : str
        Axis label, with the unit of the outcome.
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
        If `table` is no EffectTable.

    References
    ----------
    .. [1] Ascarza, E. (2018). Retention futility: targeting high-risk customers might be ineffective. Journal of
       Marketing Research, 55(1), 80-98 (effects by decile of prediction).

    Examples
    --------
    >>> from cxml.metrics import effect_table
    >>> table = effect_table([1, 0, 0, 1] * 20, [0.9, 0.7, -0.2, -0.4] * 20, [1, 0, 1, 0] * 20, groups=2)
    >>> plot_uplift_deciles(table).axes[0].get_xlabel()
    'Customers in 2 equal groups, highest predicted effect first (lines: 95 % interval)'
    >>> plot_uplift_deciles([0.1])
    Traceback (most recent call last):
        ...
    TypeError: `table` must be an EffectTable, got list. Make it with cxml.metrics.uplift.effect_table.
    """
    if not isinstance(table, EffectTable):
        raise TypeError(
            f"`table` must be an EffectTable, got {type(table).__name__}. "
            "Make it with cxml.metrics.uplift.effect_table."
        )
    ax = canvas(ax, (6.8, 4.4))
    places = np.arange(1, table.rows.size + 1)
    half = _NORMAL_95 * table.standard_error
    ax.axhline(0, color=GREY, linewidth=1.2)
    interval(ax, places, table.observed - half, table.observed + half, colour=BLUE, along="y")
    ax.plot(places, table.observed, "o", color=BLUE, markersize=7, label="observed: treated less control")
    ax.plot(places, table.predicted, "D", color=ORANGE, markersize=7, markeredgecolor=paper(ax), label="predicted")
    ax.set_xticks(places)
    groups = f"Customers in {places.size} equal groups, highest predicted effect first (lines: 95 % interval)"
    return finish(ax, title=title, x=groups, y=unit)

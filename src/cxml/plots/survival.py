"""How many customers are still there, month by month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.plots._values import ends, rising
from cxml.plots.style import BROKEN, COLOURS, GREY, LINES, canvas, finish, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_survival(
    months: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    title: str = "How long do they stay?",
    ax: Axes | None = None,
) -> Figure:
    """Draw the share of customers still there at the end of each month, one curve for each group.

    Every curve starts from 100 % at month 0. The legend holds the month in which the half has left, where the
    curve reaches it.

    Parameters
    ----------
    months : array of float > 0, shape (n_months,), months
        Ends of the months, rising.
    curves : mapping of str to array of float in [0, 1], shape (n_months,)
        Chance of being there still, by the name of the group, one to six; never rising.
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
        If the months do not rise from above 0, or a curve has another length, leaves [0, 1], or rises.

    References
    ----------
    .. [1] Kaplan, E. L., & Meier, P. (1958). Nonparametric estimation from incomplete observations. Journal of
       the American Statistical Association, 53(282), 457-481 (the curve, drawn for any estimate of it).

    Examples
    --------
    >>> plot_survival([1, 2, 3], {"all": [0.9, 0.6, 0.4]}).axes[0].get_legend().get_texts()[0].get_text()
    'all (half have left by month 3)'
    >>> plot_survival([1, 2], {"all": [0.6, 0.9]})
    Traceback (most recent call last):
        ...
    ValueError: The curve 'all' must be 2 chances in [0, 1] that never rise, got 2 from 0.6 to 0.9. \
Pass survival, not hazard.
    """
    series = named(curves, "curves")
    time = rising("months", months)
    checked = {name: _check_curve(name, curve, time.size) for name, curve in series.items()}
    from matplotlib.ticker import MaxNLocator

    ax = canvas(ax, (6.8, 4.4))
    x = np.r_[0.0, time]
    for (name, curve), colour, line in zip(checked.items(), COLOURS, LINES, strict=False):
        half = np.flatnonzero(curve <= 0.5)
        label = f"{name} (half have left by month {time[half[0]]:g})" if half.size else name
        height = 100 * np.r_[1.0, curve]
        ax.plot(x, height, color=colour, linestyle=line, linewidth=2.2, drawstyle="steps-post", label=label)
    ax.axhline(50, color=GREY, linestyle=BROKEN, linewidth=1)
    ax.set(xlim=(0, time[-1]), ylim=(0, 103))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 3, 6, 10], integer=True))
    return finish(ax, title=title, x="Time from the prediction date (months)", y="Customers still there (%)")


def _check_curve(name: str, curve: ArrayLike, size: int) -> NDArray[np.float64]:
    values = np.asarray(curve, dtype=np.float64)
    sound = values.shape == (size,) and bool(((values >= 0) & (values <= 1)).all() and (np.diff(values) <= 1e-9).all())
    if not sound:
        raise ValueError(
            f"The curve {name!r} must be {size} chances in [0, 1] that never rise, got {ends(values)}. "
            "Pass survival, not hazard."
        )
    return values

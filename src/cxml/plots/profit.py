"""What a campaign earns against how many customers it contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cxml.metrics import ProfitCurve
from cxml.plots._words import amount
from cxml.plots.classification import few
from cxml.plots.style import COLOURS, GREY, LINES, canvas, finish, named, note, paper, side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_profit(
    curves: ProfitCurve | Mapping[str, ProfitCurve],
    *,
    currency: str = "currency of the costs",
    title: str = "How many customers are worth a contact?",
    ax: Axes | None = None,
) -> Figure:
    """Draw profit per customer of the base against the share contacted, and mark the best share of each curve.

    Parameters
    ----------
    curves : ProfitCurve, or mapping of str to ProfitCurve
        From `cxml.metrics.profit_curve`, one or up to six by name. The note belongs to the first.
    currency : str, default="currency of the costs"
        Unit of the amounts, such as ``"KRW"``.
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
        If `curves` is neither a ProfitCurve nor a mapping of names to them.

    References
    ----------
    .. [1] Neslin, S. A., et al. (2006). Defection detection. Journal of Marketing Research, 43(2), 204-211.

    Examples
    --------
    >>> from cxml.metrics import CampaignCosts, profit_curve
    >>> curve = profit_curve([1, 0, 1, 0], [0.9, 0.7, 0.4, 0.1], CampaignCosts())
    >>> plot_profit(curve, currency="USD").axes[0].get_ylabel()
    'Profit per customer of the base (USD)'
    >>> plot_profit([1, 2])
    Traceback (most recent call last):
        ...
    TypeError: `curves` must map names to arrays, got list. Write {'model': array}.
    """
    series = {"model": curves} if isinstance(curves, ProfitCurve) else named(curves, "curves")
    ax = canvas(ax, (6.8, 4.6))
    ax.axhline(0, color=GREY, linewidth=1.2)
    for (name, curve), colour, line in zip(series.items(), COLOURS, LINES, strict=False):
        best = curve.best
        kept = few(curve.share.size, keep=int(np.argmax(curve.profit)))
        label = f"{name}: best {amount(best.profit)} at {100 * best.share:.0f} %" if len(series) > 1 else None
        ax.plot(100 * curve.share[kept], curve.profit[kept], color=colour, ls=line, linewidth=2.2, label=label)
        ax.plot([100 * best.share], [best.profit], "o", color=colour, markersize=8, markeredgecolor=paper(ax), zorder=4)
    _note_best(ax, next(iter(series.values())))
    ax.set_xlim(0, 100)
    label = f"Profit per customer of the base ({currency})"
    return finish(ax, title=title, x="Customers contacted, riskiest first (%)", y=label)


def _note_best(ax: Axes, curve: ProfitCurve) -> None:
    """Write what the best share earns, above its dot and towards the middle of the picture."""
    best = curve.best
    if best.share > 0:
        text = (
            f"contact {100 * best.share:.0f} %: {amount(best.profit)} a customer, "
            f"{amount(best.profit * curve.customers)} for all {curve.customers:,.0f}"
        )
    else:
        text = "contact nobody: every share loses money"
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.12 * (high - low))
    note(ax, text, (100 * best.share, best.profit), shift=(0, 10), ha=side(best.share), va="bottom")

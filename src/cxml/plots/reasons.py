"""What drives the event: over all customers, and for one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxml.plots._words import capital, signed
from cxml.plots.style import BLUE, GREY, VERMILLION, canvas, finish, ink, note, rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_importance(
    names: Sequence[str],
    effects: ArrayLike,
    *,
    top: int = 15,
    unit: str = "percentage points",
    event: str = "churn",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the features that move the prediction most, over all customers, as bars from the strongest down.

    Parameters
    ----------
    names : sequence of str, length n_features
        Names of the features.
    effects : array of float >= 0, shape (n_features,)
        Mean absolute effect of each, in `unit`.
    top : int >= 1, default=15
        Features drawn; the others are counted in the axis label.
    unit : str, default="percentage points"
        Unit of the effects.
    event : str, default="churn"
        What is predicted, for the labels.
    title : str, default=None
        Title; None writes "What drives churn?".
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the lengths differ, an effect is negative or missing, or `top` is below 1.

    References
    ----------
    .. [1] Lundberg, S. M., et al. (2020). From local explanations to global understanding with explainable AI
       for trees. Nature Machine Intelligence, 2, 56-67 (mean absolute effects).

    Examples
    --------
    >>> figure = plot_importance(["tenure", "contract"], [2.5, 7.0])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['contract', 'tenure']
    >>> plot_importance(["tenure"], [2.5, 7.0])
    Traceback (most recent call last):
        ...
    ValueError: `names` and `effects` must have one length, got 1 and 2. Pass one effect for each feature.
    """
    size = _check_effects(names, effects, top)
    if size.min() < 0:
        raise ValueError(f"`effects` must be absolute, so >= 0, got {size.min():g}. Take np.abs before the mean.")
    order = np.argsort(-size, kind="stable")
    shown, rest = order[:top], len(order) - top
    ax = canvas(ax, (6.8, 1.2 + 0.32 * len(shown)))
    ax.barh(np.arange(len(shown)), size[shown], height=0.66, color=BLUE)
    for row, value in enumerate(size[shown].tolist()):
        note(ax, f"{value:,.1f}", (value, row))
    rows(ax, [names[i] for i in shown])
    ax.set_xlim(0, 1.1 * max(float(size.max()), 1e-9))
    others = f"; {rest} weaker features not shown" if rest > 0 else ""
    label = f"Mean absolute effect on {event} probability ({unit}{others})"
    return finish(ax, title=f"What drives {event}?" if title is None else title, x=label, y="", grid="x")


def plot_reasons(
    names: Sequence[str],
    values: Sequence[object],
    effects: ArrayLike,
    *,
    base: float,
    final: float,
    top: int = 8,
    event: str = "churn",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw how one customer's features lead from the average probability to theirs, the strongest first.

    Whatever the drawn effects leave between `base` and `final` is one last bar, "all other features", so the
    steps always add up.

    Parameters
    ----------
    names : sequence of str, length n_reasons
        Names of the features.
    values : sequence of object, length n_reasons
        This customer's values, as they should be read.
    effects : array of float, shape (n_reasons,), percentage points
        How far each moves the probability; positive raises it.
    base : float in [0, 1]
        Average probability, where the steps start.
    final : float in [0, 1]
        This customer's probability, where they end.
    top : int >= 1, default=8
        Reasons drawn one by one.
    event : str, default="churn"
        What is predicted, for the labels.
    title : str, default=None
        Title; None writes "Why 71.2 % churn probability?".
    ax : matplotlib Axes, default=None
        Axes to draw in; None makes a figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the lengths differ, an effect is missing, `top` is below 1, or a probability leaves [0, 1].

    References
    ----------
    .. [1] Lundberg, S. M., & Lee, S.-I. (2017). A unified approach to interpreting model predictions. NeurIPS
       (additive effects from a base value).

    Examples
    --------
    >>> figure = plot_reasons(["contract", "tenure"], ["monthly", 2], [30, 15], base=0.25, final=0.70)
    >>> figure.axes[0].get_title("left")
    'Why 70.0 % churn probability?'
    >>> plot_reasons(["contract"], ["monthly"], [30], base=25, final=0.70)
    Traceback (most recent call last):
        ...
    ValueError: `base` and `final` must be probabilities in [0, 1], got 25 and 0.7. \
Only `effects` are in percentage points.
    """
    effect = _check_effects(names, effects, top)
    if len(values) != len(names):
        raise ValueError(
            f"`names` and `values` must have one length, got {len(names)} and {len(values)}. Pass one value for each."
        )
    if not (0 <= base <= 1 and 0 <= final <= 1):
        raise ValueError(
            f"`base` and `final` must be probabilities in [0, 1], got {base:g} and {final:g}. "
            "Only `effects` are in percentage points."
        )
    shown = np.argsort(-np.abs(effect), kind="stable")[:top]
    step, labels = effect[shown], [f"{names[i]} = {_read(values[i])}" for i in shown]
    rest = 100 * (final - base) - step.sum()
    if abs(rest) >= 0.05:
        step, labels = np.r_[step, rest], [*labels, "all other features"]
    ax = canvas(ax, (7.2, 1.5 + 0.36 * (len(step) + 2)))
    _draw_steps(ax, 100 * base, step)
    rows(ax, ["average customer", *labels, "this customer"])
    label = f"{capital(event)} probability (%)"
    written = f"Why {100 * final:.1f} % {event} probability?" if title is None else title
    return finish(ax, title=written, x=label, y="", grid="x")


def _draw_steps(ax: Axes, base: float, step: NDArray[np.float64]) -> None:
    """Draw the bars from row 1 on, the ends on rows 0 and last, and write every number outside its bar."""
    ends = base + np.r_[0.0, np.cumsum(step)]
    last = len(step) + 1
    for row, (start, move) in enumerate(zip(ends, step, strict=False), start=1):
        ax.barh(row, move, left=start, height=0.62, color=VERMILLION if move > 0 else BLUE)
        right = move >= 0
        note(ax, signed(move, 1), (start + move, row), shift=(5 if right else -5, 0), ha="left" if right else "right")
    for row, end in enumerate(ends):
        ax.plot(
            [end, end],
            [row - (0.31 if row else 0), row + (1.31 if row < len(step) else 1)],
            color=GREY,
            linewidth=1,
            zorder=0,
        )
    for row, end in ((0, ends[0]), (last, ends[-1])):
        ax.plot([end], [row], "D", color=ink(ax), markersize=6)
        note(ax, f"{end:.1f} %", (end, row), shift=(8, 0))
    room = 0.14 * max(float(np.ptp(ends)), 1.0)
    low, high = ends.min() - room, ends.max() + room
    ax.set_xlim(low, high)
    ticks = ax.xaxis.get_major_locator().tick_values(low, high)
    ax.set_xticks([tick for tick in ticks if max(low, 0) <= tick <= min(high, 100)])


def _check_effects(names: Sequence[str], effects: ArrayLike, top: int) -> NDArray[np.float64]:
    effect = np.asarray(effects, dtype=np.float64)
    if effect.ndim != 1 or len(names) != effect.size or effect.size == 0:
        raise ValueError(
            f"`names` and `effects` must have one length, got {len(names)} and {effect.size}. "
            "Pass one effect for each feature."
        )
    if not np.isfinite(effect).all():
        raise ValueError("`effects` must be finite, got NaN or infinity. Leave out features without an effect.")
    if top < 1:
        raise ValueError(f"`top` must be a whole number >= 1, got {top!r}. Use 8.")
    return effect


def _read(value: Any) -> str:
    """Write a large number with the separators of thousands (a smaller one may be a year), a day without hours."""
    if value is None or value == "" or value != value:
        return "unknown"
    if isinstance(value, (int, float, np.number)) and abs(float(value)) >= 10_000:
        return f"{value:,.10g}"
    return str(value).removesuffix(" 00:00:00")

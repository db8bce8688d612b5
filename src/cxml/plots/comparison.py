"""Runs of a family side by side: the held-out figure of each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxml.errors import FrameError
from cxml.frames import check_columns
from cxml.plots._words import short
from cxml.plots.style import BLUE, GREY, VERMILLION, finish, interval, panels, rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NEEDED = ("run", "role", "aliases", "settings", "headline", "value", "low", "high", "data", "run_id")
#: Lines in a panel: more cannot be read at the size of a notebook.
_MOST_MODELS, _MOST_BASELINES = 15, 5


def plot_comparison(runs: pd.DataFrame, *, ax: Axes | None = None) -> Figure:
    """Draw the runs that `cxml.compare` lists: each with its interval, the best on top, baselines in grey.

    Only runs with the same headline and data answer the same question, so each such group has a panel of its own.
    Runs of the same method are told apart by the settings in which they differ, or by the beginning of their ids where
    the settings say too little. Baselines with the same figures are drawn once; of more than 15 models or 5 baselines
    the best are drawn, beside all that hold an alias.

    Parameters
    ----------
    runs : DataFrame
        As `cxml.compare` answers with: ``run``, ``role``, ``aliases``, ``settings``, ``headline``, ``value``, ``low``,
        ``high``, ``data``, ``run_id``. ``value`` is in units of the headline metric, lower is better.
    ax : matplotlib Axes, optional
        Draw into these; the runs must then be of one headline and data.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FrameError
        If columns are missing, there are no runs with a figure, or several groups shall go into one `ax`.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame({"run": ["churn/boosted", "churn/boosted"], "role": "model", "settings": ["", "drop=plan"]})
    >>> runs = runs.assign(aliases=["champion", ""], headline="log_loss", value=[0.41, 0.58], data="4f1c", run_id="")
    >>> picture = plot_comparison(runs.assign(low=runs["value"] - 0.02, high=runs["value"] + 0.02))
    >>> [text.get_text() for text in picture.axes[0].get_yticklabels()]
    ['churn/boosted (champion)', 'churn/boosted drop=plan']
    >>> plot_comparison(runs[["run"]])
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: A picture of runs needs 10 columns, among them 'role', 'aliases', 'settings', 'headline', \
'value' and 4 more - the data has 1 columns and not these. Give the frame that cxml.compare answers with.
    """
    check_columns(
        [str(name) for name in runs.columns],
        _NEEDED,
        what="A picture of runs",
        advice="Give the frame that cxml.compare answers with.",
    )
    known = runs[runs["value"].notna()]
    groups = list(known.groupby(["headline", "data"], sort=False))
    if not groups:
        raise FrameError("A picture of runs needs one with a figure - got none. Train a model first.")
    if ax is not None and len(groups) > 1:
        raise FrameError(
            f"Axes show runs of one headline and data - got {len(groups)} groups. Choose one, such as "
            "runs[runs['data'] == runs['data'].iloc[0]], or leave ax= out."
        )
    shown = [_shown(group) for _, group in groups]
    height = sum(1.7 + 0.34 * len(lines) for lines in shown)
    axes = [ax] if ax is not None else panels(len(groups), (8.0, height))
    return [_draw(one, lines) for one, lines in zip(axes, shown, strict=True)][-1]


def _shown(group: pd.DataFrame) -> pd.DataFrame:
    """The lines worth drawing, the best first, equal baselines once."""
    import pandas as pd

    group = group.sort_values("value")
    is_baseline = group["role"] == "baseline"
    baselines = group[is_baseline].drop_duplicates(["run", "value", "low", "high"]).head(_MOST_BASELINES)
    models = group[~is_baseline]
    holders = models["aliases"].astype(str).str.len() > 0
    chosen = models[holders | (models.reset_index().index < _MOST_MODELS)]
    return pd.concat([chosen, baselines]).sort_values("value")


def _draw(ax: Axes, lines: pd.DataFrame) -> Figure:
    lines = lines.reset_index(drop=True)
    headline, data = str(lines["headline"].iloc[0]), str(lines["data"].iloc[0])
    promoted = lines["aliases"].astype(str) != ""
    is_baseline = lines["role"] == "baseline"
    kinds = {
        "promoted": (promoted, VERMILLION, "D"),
        "model": (~promoted & ~is_baseline, BLUE, "o"),
        "baseline": (~promoted & is_baseline, GREY, "s"),
    }
    for name, (chosen, colour, marker) in kinds.items():
        mine = lines[chosen]
        if len(mine):
            interval(
                ax, mine.index, mine["low"].fillna(mine["value"]), mine["high"].fillna(mine["value"]), colour=colour
            )
            ax.scatter(mine["value"], mine.index, color=colour, marker=marker, s=36, zorder=3, label=name)
    rows(ax, _names(lines))
    unit = f"{headline} of held-out rows with its 95 % interval, lower is better"
    return finish(ax, title=f"Which run is best? {headline} on data {data[:8]}", x=unit, y="", grid="x")


def _names(lines: pd.DataFrame) -> list[str]:
    """Each run by its name; of several of one name and role also what differs, or the beginning of their ids."""
    held = lines["aliases"].astype(str)
    named = lines["run"].where(held == "", lines["run"] + " (" + held + ")")
    several = lines.duplicated(["run", "role"], keep=False)
    told = named.where(~several, (named + " " + lines["settings"].astype(str)).str.strip())
    alike = several & lines.assign(told=told.map(short)).duplicated(["told", "role"], keep=False)
    return told.where(~alike, named + " " + lines["run_id"].astype(str).str[:6]).tolist()

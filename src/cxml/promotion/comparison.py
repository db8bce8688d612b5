"""The runs of a family side by side, and each of them against one of them on the rows that both held out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cxml import registry, tracking
from cxml.errors import ConfigError, TrackingError
from cxml.promotion.paired import are_enough, both_held_out, difference_of
from cxml.promotion.settings import what_differs
from cxml.trained import Trained

if TYPE_CHECKING:
    import pandas as pd

_FIRST = ["run", "role", "aliases", "settings", "headline", "value", "low", "high"]
_AGAINST = ["difference", "difference_low", "difference_high", "common_rows"]
_LAST = ["data", "started", "run_id"]
#: MLflow's column -> ours
_NAMES = {
    "tags.mlflow.runName": "run",
    "tags.cxml.role": "role",
    "tags.cxml.headline": "headline",
    "tags.cxml.data": "data",
    "start_time": "started",
    "run_id": "run_id",
}


def compare(family: str, *, against: Trained | str | None = None) -> pd.DataFrame:
    """List the runs of a family, best first, baselines included.

    Only runs with the same ``data`` and ``headline`` answer the same question; the frame is sorted within these.

    Parameters
    ----------
    family : str
        Such as ``"churn"``.
    against : Trained, URI or alias, optional
        Compare each run with this one, row by row: a trained model, ``runs:/<run id>/model``, or an alias such as
        ``"champion"`` (of another registered model than the family's: ``"name@alias"``).

    Returns
    -------
    DataFrame
        One line per finished run: ``run``, ``role`` (model or baseline), ``aliases`` (which it holds, with a comma
        between them: ``champion``, or ``name@champion`` where the name is not the family's), ``settings`` (those in
        which the models of the same ``headline`` and ``data`` differ: ``drop=plan, seed=1``; of a baseline those of
        the training that it stands beside), ``headline``, ``value``, ``low``, ``high`` (lower is better), every other
        ``holdout_*`` figure under its plain name, ``data`` (digest), ``started``, ``run_id``.

        With `against` also, after ``high``: ``difference``, ``difference_low``, ``difference_high``: the mean
        difference of the headline's loss on the rows that both held out, with its 95 % interval as in
        `cxml.promotion.Difference`; below zero the run is better than the other. It is missing where they share fewer
        than 100 rows, or fewer than half of the run's; ``common_rows`` says how many. Of the baselines, the strongest
        one of each training can be compared.

    Raises
    ------
    ConfigError
        If there is no such family; or nothing to compare against: no such alias, a model of another family or one
        that was not tracked.
    TrackingError
        If the run to compare against has lost its held-out predictions.

    Examples
    --------
    >>> compare("chrn")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: A family is one of 'churn', 'volume', 'voc', 'offers', 'anomaly' - got 'chrn'. \
Did you mean 'churn'?
    """
    import pandas as pd

    registry.family(family)
    rival = None if against is None else _run_of(family, against)
    runs = tracking.search_runs(family)
    if rival is not None and rival not in set(runs.get("run_id", ())):
        raise ConfigError(
            f"Runs of {family} are compared with one of them - got {against!r}, whose run {rival} is none. Take one of "
            f"cxml.compare({family!r})."
        )
    first = [*_FIRST, *([] if rival is None else _AGAINST)]
    if runs.empty:
        return pd.DataFrame(columns=[*first, *_LAST])
    found = runs[list(_NAMES)].rename(columns=_NAMES)
    figures = runs.filter(regex="^metrics.holdout_").rename(columns=lambda name: name.removeprefix("metrics.holdout_"))
    for name, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
        found[name] = _chosen(figures, found["headline"] + suffix)
    found["aliases"] = _aliases(family, found["run_id"])
    found["settings"] = what_differs(runs)
    if rival is not None:
        found[_AGAINST] = _differences(runs, rival)
    plain = figures[[name for name in sorted(map(str, figures)) if not name.endswith(("_low", "_high"))]]
    return _best_first(pd.concat([found[first], plain, found[_LAST]], axis=1))


def _chosen(figures: pd.DataFrame, names: pd.Series) -> pd.Series:
    """Of each line the figure that is named beside it, missing where there is none."""
    import pandas as pd

    chosen = pd.Series(math.nan, index=figures.index)
    for name, lines in names.groupby(names):
        if name in figures.columns:
            chosen[lines.index] = figures.loc[lines.index, str(name)]
    return chosen


def _best_first(found: pd.DataFrame) -> pd.DataFrame:
    newest = found.groupby(["headline", "data"])["started"].transform("max")
    order = found.assign(_newest=newest).sort_values(
        ["_newest", "headline", "data", "value"], ascending=[False, True, True, True]
    )
    return order.drop(columns="_newest").reset_index(drop=True)


def _aliases(family: str, run_ids: pd.Series) -> list[str]:
    held = tracking.aliases(family)
    return [", ".join(one.removeprefix(f"{family}@") for one in held.get(run_id, ())) for run_id in run_ids]


def _run_of(family: str, against: Trained | str) -> str:
    """The run behind what was given to compare with."""
    if isinstance(against, str) and ":" not in against and "/" not in against:
        name, _, alias = against.rpartition("@")
        run_id = tracking.aliased(name or family, alias)
        if run_id is None:
            raise ConfigError(
                f"against= names an alias that a promoted model holds, a trained model or a URI - no version of "
                f"{name or family!r} holds {alias!r}. Promote one first, or give runs:/<run id>/model."
            )
        return run_id
    rival = tracking.load(against)
    if rival.family != family:
        raise ConfigError(f"Runs of {family} are compared with one of them - got {rival.name}. Take one of its runs.")
    if rival.run_id is None:
        raise ConfigError(
            f"Runs are compared with one that MLflow holds - {rival.name} has none. Train it with track=True, or give "
            "its URI: runs:/<run id>/model."
        )
    return rival.run_id


def _differences(runs: pd.DataFrame, rival: str) -> pd.DataFrame:
    """Each run's losses against the rival's, in the order of the runs; nothing is read that has another headline."""
    import pandas as pd

    places = dict(zip(runs["run_id"], runs["artifact_uri"], strict=True))
    theirs = tracking.read_held_out(rival, places[rival])

    # A model's run keeps the losses of its strongest baseline beside its own, so both ask for one file.
    @lru_cache(maxsize=2)
    def read(run_id: str) -> pd.DataFrame | None:
        try:
            return tracking.read_held_out(run_id, places[run_id])
        except TrackingError:  # its artifacts were cleared away, which is no reason to hide the other runs
            return None

    none = [math.nan, math.nan, math.nan, 0]
    lines = []
    for one in runs.to_dict("records"):
        same = one["tags.cxml.headline"] == theirs.attrs.get("headline")
        own = _losses(one, read) if same else None
        lines.append(none if own is None else _line(own, theirs))
    return pd.DataFrame(lines, columns=_AGAINST, index=runs.index).astype({"common_rows": int})


def _losses(run: Mapping[Any, Any], read: Callable[[str], pd.DataFrame | None]) -> pd.DataFrame | None:
    if run["tags.cxml.role"] == "model":
        return read(run["run_id"])
    parent = run.get("tags.cxml.strongest_baseline_of")
    held_out = read(parent) if isinstance(parent, str) else None
    return None if held_out is None else held_out.assign(loss=held_out["baseline_loss"])


def _line(own: pd.DataFrame, theirs: pd.DataFrame) -> list[float]:
    both = both_held_out(own, theirs)
    if not are_enough(both, own):
        return [math.nan, math.nan, math.nan, len(both)]
    found = difference_of(both)
    return [found.mean, found.low, found.high, found.rows]

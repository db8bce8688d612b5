"""What sets the runs of a group apart: the settings in which their trainings differ, in a few words."""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: What MLflow holds beside the settings: what came of them.
_NO_SETTINGS = ("split", "rows_train", "rows_test")
#: Letters of a value, names of a list, and settings of a run that are written out.
_MOST_LETTERS, _MOST_NAMES, _MOST_SETTINGS = 24, 2, 3
_NONE = ("", "()", "[]", "{}", "None")


def what_differs(runs: pd.DataFrame) -> pd.Series:
    """Write for each run the settings that not all models of its group share.

    Parameters
    ----------
    runs : DataFrame
        As `cxml.tracking.search_runs` answers with. Runs with the same headline and data are a group.

    Returns
    -------
    Series of str
        Such as ``drop=plan+region, seed=1``, by name; of a list two names and how many more. Empty where nothing
        differs, or the run leaves to the default, which is none, what others set. A setting that only other methods
        have is no difference. A baseline has the settings of the training that it stands beside.
    """
    told: dict[str, str] = {}
    params = _settings(runs[runs["tags.cxml.role"] == "model"])
    for _, group in params.groupby([runs["tags.cxml.headline"], runs["tags.cxml.data"]]):
        methods = runs["tags.mlflow.runName"].loc[group.index]
        differing = [name for name in sorted(map(str, group)) if _differs(group[name], methods)]
        ids = runs["run_id"].loc[group.index]
        for run_id, (_, settings) in zip(ids, group[differing].iterrows(), strict=True):
            told[run_id] = _written(settings.dropna())
    of = runs["run_id"]
    if "tags.cxml.baseline_of" in runs.columns:
        of = runs["tags.cxml.baseline_of"].fillna(of)
    return of.map(told).fillna("")


def _settings(runs: pd.DataFrame) -> pd.DataFrame:
    """The settings under their plain names, missing where a run has none."""
    found = runs.filter(regex="^params[.]").rename(columns=lambda name: str(name).removeprefix("params."))
    found = found.drop(columns=list(_NO_SETTINGS), errors="ignore")
    return found.mask(found.isin(_NONE))


def _differs(values: pd.Series, methods: pd.Series) -> bool:
    """Whether two runs set it differently, or of two runs of one method only one sets it."""
    if values.nunique() > 1:
        return True
    is_set = values.notna()
    return bool((is_set.groupby(methods).nunique() > 1).any())


def _written(settings: pd.Series) -> str:
    parts = [f"{name}={_value(str(text))}" for name, text in settings.items()]
    rest = len(parts) - _MOST_SETTINGS
    return ", ".join([*parts[:_MOST_SETTINGS], *([f"{rest} more"] if rest > 0 else [])])


def _value(text: str) -> str:
    """A value as MLflow keeps it, in a few letters: of a list its first names and how many more."""
    try:
        value = literal_eval(text)
    except (ValueError, SyntaxError):  # plain text, or cut by MLflow
        value = text
    if isinstance(value, (tuple, list)):
        rest = len(value) - _MOST_NAMES
        return "+".join([*(_cut(str(one)) for one in value[:_MOST_NAMES]), *([f"{rest} more"] if rest > 0 else [])])
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"

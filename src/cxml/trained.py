"""A fitted model together with what is known of it: its verdict and its origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cxml.contract import Forecasts, Model, Origin, PredictsOne, Updates, Verdict
from cxml.errors import AbilityError

if TYPE_CHECKING:
    import pandas as pd

#: What only some models can do -> in words, and what to do with a model that cannot.
_ABILITIES = {
    "predict_one": ("answer one record", "Predict on a data frame of one row instead."),
    "future": ("name the rows to come", "Predict on a data frame of the rows that you ask about."),
    "update": ("learn from new rows alone", "Train again on all rows."),
}


class Trained:
    """What ``train`` and ``load`` return. It can do what its model can, and ``dir`` lists no more than that.

    Parameters
    ----------
    model : Model
        Fitted.
    verdict : Verdict, optional
        How it, or the fit with the same config that was judged for it, did on held-out rows.
    origin : Origin
    held_out : DataFrame, optional
        One line per held-out row, see `cxml.contract.Trial.answers`. Not saved in the model folder.
    run_id : str, optional
        The MLflow run that holds it.
    uri : str, optional
        Where MLflow keeps the model.

    Attributes
    ----------
    predict_one : callable, record (mapping) -> dict
        The model's own method, so that a service pays for nothing else.
    future : callable, horizon (int or None) -> DataFrame
        The rows that come next, to be predicted; of models that forecast.
    update : callable, rows (DataFrame; of some models also a record) -> what the model answers
        Learn from new rows without training again; of models that can.
    """

    predict_one: Callable[[Mapping[str, Any]], dict[str, Any]]
    future: Callable[..., pd.DataFrame]
    update: Callable[[Any], Any]

    def __init__(
        self,
        model: Model,
        *,
        verdict: Verdict | None = None,
        origin: Origin | None = None,
        held_out: pd.DataFrame | None = None,
        run_id: str | None = None,
        uri: str | None = None,
    ) -> None:
        self.model = model
        self.verdict = verdict
        self.origin = origin or Origin()
        self.held_out = held_out
        self.run_id = run_id
        self.uri = uri
        if isinstance(model, PredictsOne):
            self.predict_one = model.predict_one
        if isinstance(model, Forecasts):
            self.future = model.future
        if isinstance(model, Updates):
            self.update = self._update

    @property
    def name(self) -> str:
        """``family/method``."""
        return f"{self.model.family}/{self.model.method}"

    @property
    def family(self) -> str:
        """The family of the model."""
        return self.model.family

    @property
    def config(self) -> Any:
        """The settings it was trained with."""
        return self.model.config

    @property
    def metrics(self) -> dict[str, float]:
        """The held-out figures, named as in MLflow: ``holdout_roc_auc``, ``baseline_roc_auc``, ..."""
        return self.verdict.flat() if self.verdict else {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found while training: columns left out, leakage, odd values."""
        return self.verdict.notes if self.verdict else ()

    def table(self) -> pd.DataFrame:
        """Lay the verdict out: one line a metric; the model, its interval, and each baseline in columns.

        Returns
        -------
        DataFrame, index ``metric``; columns: the model's name, ``low``, ``high``, then each baseline's name
        """
        import pandas as pd

        found = self.verdict.metrics if self.verdict else {}
        lines: dict[str, dict[str, float | None]] = {}
        for place, (name, metrics) in enumerate(found.items()):
            for metric in metrics:
                line = lines.setdefault(metric.name, {})
                line[name] = metric.value
                if place == 0:
                    line.update(low=metric.low, high=metric.high)
        return pd.DataFrame.from_dict(lines, orient="index", dtype=float).rename_axis("metric")

    def _update(self, rows: Any) -> Any:
        answer = self.model.update(rows)  # type: ignore[attr-defined]
        # What was written down is of the model before: where its data ended, and what MLflow holds. A stream updates
        # a million times, and it is forgotten once.
        data = self.origin.data
        if data is not None and data.end is not None:
            self.origin = replace(self.origin, data=replace(data, end=None))
        self.run_id = self.uri = None
        return answer

    def __getattr__(self, name: str) -> Any:
        if name in _ABILITIES:
            what, advice = _ABILITIES[name]
            raise AbilityError(f"Only some models {what} - got {self.name!r}. {advice}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _heading(self) -> str:
        rows = self.verdict.rows if self.verdict else {}
        judged = f", judged on {rows['test']:,} held-out rows ({self.verdict.rule})" if self.verdict else ""
        return f"{self.name}{judged}"

    def __repr__(self) -> str:
        body = f"\n{self.table().round(4).to_string(na_rep='')}" if self.verdict else ""
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"<{self._heading()}>{body}{notes}"

    def _repr_html_(self) -> str:
        from html import escape

        body = self.table().to_html(float_format="{:.4f}".format, na_rep="", border=0) if self.verdict else ""
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        run = f"<p>MLflow run <code>{escape(self.run_id)}</code></p>" if self.run_id else ""
        return f"<p><b>{escape(self._heading())}</b></p>{body}<ul>{notes}</ul>{run}"

"""Ask VOC models about the same held-out comments, and judge the answers, each figure with its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Judgement, Metric
from cxml.frames import hash_rows
from cxml.metrics import expected_calibration_error, standard_error
from cxml.metrics.intervals import resamples
from cxml.metrics.labels import confusion_matrix, macro_f1, quadratic_kappa
from cxml.voc.calibration import row_losses
from cxml.voc.checks import is_labelled, read_texts
from cxml.voc.config import VocConfig
from cxml.voc.heads import Head
from cxml.voc.scored import THRESHOLD

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "log_loss"
_REPEATS = 200
#: Half the width of a 95 % interval, in standard errors.
_WIDTH = 1.96
#: Joins the numbers of several labels in one cell of the kept answers.
_AND = "+"


def answer(models: Mapping[str, Any], frame: pd.DataFrame, config: VocConfig) -> dict[str, pd.DataFrame]:
    """Ask models about labelled comments that none of them has learned from.

    Parameters
    ----------
    models : mapping of name to fitted Model
    frame : DataFrame
        With the labels.
    config : VocConfig
        Settled by `cxml.voc.checks.check`.

    Returns
    -------
    dict of name -> DataFrame, one line per row of `frame`
        ``row``; for each head ``<head>`` and ``<head>_said``, numbers of labels (-1 where there is none; several are
        joined by "+"), ``<head>_chance`` of what was said, ``<head>_loss``; and ``loss``, the mean of the heads'. No
        text is among them.
    """
    import pandas as pd

    heads = config.settled_heads
    texts = read_texts(frame[config.text])
    named = [config.key] if config.key is not None else [config.text]
    # A set has no order that lasts: another process would write the same one in another way.
    told = {column: frame[column].map(_sorted_set) for column in config.asked.values()}
    rows = hash_rows(frame[named].assign(**told).astype(str), as_text=True)
    targets = {head.name: head.read(frame) for head in heads}
    found = {}
    for name, model in models.items():
        chances = model.chances(texts)
        columns: dict[str, Any] = {"row": rows}
        losses = []
        for head in heads:
            judged = _told(head, chances[head.name], targets[head.name])
            columns |= judged
            losses.append(judged[f"{head.name}_loss"])
        with_label = ~np.isnan(losses)
        columns["loss"] = np.where(with_label, losses, 0.0).sum(axis=0) / np.maximum(with_label.sum(axis=0), 1)
        found[name] = pd.DataFrame(columns)
    return found


def _told(head: Head, chance: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """What was said of one head, and what holds."""
    known = is_labelled(target)
    loss = np.full(len(target), np.nan)
    loss[known] = row_losses(head.kind, chance[known], target[known])
    if head.kind == "multi":
        said = np.array([_joined(row >= THRESHOLD) for row in chance], dtype=object)
        holds = np.array(
            [_joined(row > 0) if one else "-1" for row, one in zip(target, known, strict=True)], dtype=object
        )
        surest = np.where(chance >= THRESHOLD, chance, 1 - chance).prod(axis=1)
        return {head.name: holds, f"{head.name}_said": said, f"{head.name}_chance": surest, f"{head.name}_loss": loss}
    best = chance.argmax(axis=1)
    return {
        head.name: target,
        f"{head.name}_said": best,
        f"{head.name}_chance": chance[np.arange(len(best)), best],
        f"{head.name}_loss": loss,
    }


def _sorted_set(cell: Any) -> Any:
    return sorted(cell, key=str) if isinstance(cell, (set, frozenset)) else cell


def _joined(holds: np.ndarray) -> str:
    return _AND.join(str(one) for one in np.flatnonzero(holds))


def judge(answers: Mapping[str, pd.DataFrame], config: VocConfig) -> dict[str, Judgement]:
    """Judge models by what they answered.

    The headline is the log loss, which punishes a wrong label and a wrong probability alike; over several heads it is
    the mean of those that a comment has labels for.

    Parameters
    ----------
    answers : mapping of name to DataFrame
        From `answer`.
    config : VocConfig

    Returns
    -------
    dict of name -> Judgement
        ``log_loss``, and for each head ``<head>_accuracy`` (of several labels: all of them right), ``<head>_macro_f1``,
        ``<head>_log_loss``, ``<head>_ece`` (expected calibration error of the label given) and for ordered labels
        ``<head>_kappa`` (quadratic); with 95 % intervals.
    """
    found = {}
    for name, told in answers.items():
        metrics = [_mean_metric(HEADLINE, told["loss"].to_numpy())]
        for head in config.settled_heads:
            metrics += _head_metrics(head, told, config.seed)
        found[name] = Judgement(HEADLINE, metrics)
    return found


def _mean_metric(name: str, values: np.ndarray) -> Metric:
    mean, error = float(values.mean()), standard_error(values)
    return Metric(name, mean, mean - _WIDTH * error, mean + _WIDTH * error)


def _head_metrics(head: Head, told: pd.DataFrame, seed: int) -> list[Metric]:
    known = told[f"{head.name}_loss"].notna().to_numpy()
    if not known.any():
        return []
    holds, said = told.loc[known, head.name].to_numpy(), told.loc[known, f"{head.name}_said"].to_numpy()
    chance = told.loc[known, f"{head.name}_chance"].to_numpy()
    right = (holds == said).astype(float)
    metrics = [
        _mean_metric(f"{head.name}_accuracy", right),
        _spread_metric(f"{head.name}_macro_f1", _f1(head, holds, said), len(right), seed),
        _mean_metric(f"{head.name}_log_loss", told.loc[known, f"{head.name}_loss"].to_numpy()),
        Metric(f"{head.name}_ece", expected_calibration_error(right, chance)),
    ]
    if head.kind == "ordered" and len(head.labels) > 2:
        labels = len(head.labels)

        def kappa(rows: np.ndarray) -> float:
            return quadratic_kappa(confusion_matrix(holds[rows], said[rows], labels))

        metrics.append(_spread_metric(f"{head.name}_kappa", kappa, len(right), seed))
    return metrics


def _spread_metric(name: str, figure: Callable[[np.ndarray], float], rows: int, seed: int) -> Metric:
    """A figure with its bootstrap interval."""
    drawn = [figure(chosen) for chosen in resamples(rows, repeats=_REPEATS, seed=seed)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Metric(name, figure(np.arange(rows)), float(low), float(high))


def _f1(head: Head, holds: np.ndarray, said: np.ndarray) -> Callable[[np.ndarray], float]:
    labels = len(head.labels)
    if head.kind != "multi":
        return lambda rows: macro_f1(confusion_matrix(holds[rows], said[rows], labels))
    truth, answer = _spread_out(holds, labels), _spread_out(said, labels)

    def figure(rows: np.ndarray) -> float:
        one, other = truth[rows], answer[rows]
        together = one.sum(axis=0) + other.sum(axis=0)
        there = together > 0
        return float((2 * (one & other).sum(axis=0)[there] / together[there]).mean()) if there.any() else float("nan")

    return figure


def _spread_out(joined: np.ndarray, labels: int) -> np.ndarray:
    found = np.zeros((len(joined), labels), dtype=bool)
    for row, text in enumerate(joined):
        found[row, [int(one) for one in text.split(_AND) if one]] = True
    return found

"""What the training recipe has to know of offers: responses, effects and affinities, each judged in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Family, Figure, Findings, Judgement, Model, Record, Step, Table, Trial
from cxml.offers.checks import check, contacted, offer_texts_of, target_of
from cxml.offers.columns import PROBABILITY
from cxml.offers.config import AffinityConfig, UpliftConfig
from cxml.offers.evaluate import answer, judge, moved, split
from cxml.offers.kind import Kind
from cxml.offers.logistic import LogisticOffers
from cxml.offers.popular import PopularOffers
from cxml.training import hold_out, typical_rows

if TYPE_CHECKING:
    import pandas as pd

_LIMITS = (
    "The figures speak of the offers and customers of the log, chosen as they were chosen then: who was never made an "
    "offer is not in it. A chance of acceptance is not what an offer changes; where offers were made at random, learn "
    "effects instead. New offers are promised what their columns promise. Check chances by group before decisions "
    "hang on them, log the propensity of every choice, and train again when offers or customers change."
)


def _kind(config: Any) -> Kind:
    """The question that a model's config asks. What answers the other two is imported where it is asked."""
    if isinstance(config, AffinityConfig):
        from cxml.offers import evaluate_affinity as of

        return Kind(
            of.check_affinity,
            of.split_affinity,
            of.baselines_affinity,
            of.answer_affinity,
            of.judge_affinity,
            of.figures_affinity,
            of.example_affinity,
            of.finish_affinity,
        )
    if isinstance(config, UpliftConfig):
        from cxml.offers import evaluate_uplift as by
        from cxml.offers.checks_uplift import check_uplift

        return Kind(
            check_uplift,
            by.split_uplift,
            by.baselines_uplift,
            by.answer_uplift,
            by.judge_uplift,
            by.figures_uplift,
            _example_of_columns,
            lambda trial, _frame: trial,
        )
    return Kind(check, split, _baselines, answer, judge, _figures, _example_of_columns, _with_drift)


def _baselines(model: Model) -> Sequence[Model]:
    ladder: list[Model] = [LogisticOffers(model.config), PopularOffers(model.config)]
    names = [one.method for one in ladder]
    return ladder[names.index(model.method) + 1 :] if model.method in names else ladder


def _figures(trial: Trial) -> Iterator[Record]:
    from cxml import plots

    first = trial.answers[trial.model.method]
    target = first["target"].to_numpy()
    chances = {name: one[PROBABILITY].to_numpy() for name, one in trial.answers.items()}
    yield Table("offers", _by_offer(trial))
    yield Figure("reliability", lambda: plots.plot_reliability(target, chances))
    yield Figure("gains", lambda: plots.plot_gains(target, chances))
    yield Figure("lift", lambda: plots.plot_lift(target, chances))
    if trial.model.config.offer is not None:
        offers = _offers_of_rows(trial)
        yield Figure("acceptance_by_offer", lambda: plots.plot_acceptance_by_offer(offers, target, first[PROBABILITY]))


def _offers_of_rows(trial: Trial) -> np.ndarray:
    """The name of each judged row's offer."""
    config = trial.model.config
    frame = contacted(trial.frame, config)
    codes, names = offer_texts_of(frame[target_of(frame, config) >= 0], config)
    named: np.ndarray = np.array(names, dtype=object)[codes]
    return named


def _by_offer(trial: Trial) -> pd.DataFrame:
    """Each offer of the held-out rows: how often made and accepted, what was expected, and its log loss."""
    told = trial.answers[trial.model.method].assign(offer=_offers_of_rows(trial))
    found: pd.DataFrame = told.groupby("offer").agg(
        made=("target", "size"), accepted=("target", "mean"), expected=(PROBABILITY, "mean"), log_loss=("loss", "mean")
    )
    return found.reset_index()


def _with_drift(trial: Trial, frame: pd.DataFrame) -> Trial:
    return replace(trial, notes=(*trial.notes, *moved(frame, trial)))


def _example_of_columns(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    return typical_rows(frame, model.features())


def _check(frame: pd.DataFrame, config: Any) -> tuple[pd.DataFrame, Any, Findings]:
    return _kind(config).check(frame, config)


def _trial(model: Model, frame: pd.DataFrame, step: Step) -> Trial:
    kind = _kind(model.config)
    return kind.finish(hold_out(kind.split, kind.baselines, kind.answer)(model, frame, step), frame)


def _answer(models: Mapping[str, Any], frame: pd.DataFrame, config: Any) -> Mapping[str, pd.DataFrame]:
    return _kind(config).answer(models, frame, config)


def _judge(answers: Mapping[str, pd.DataFrame], config: Any) -> Mapping[str, Judgement]:
    return _kind(config).judge(answers, config)


def _drawn(trial: Trial) -> Iterable[Record]:
    return _kind(trial.model.config).figures(trial)


def _example(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    return _kind(model.config).example(model, frame)


FAMILY = Family(
    name="offers",
    check=_check,
    trial=_trial,
    answer=_answer,
    judge=_judge,
    figures=_drawn,
    example=_example,
    limits=_LIMITS,
)

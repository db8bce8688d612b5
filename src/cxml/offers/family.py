"""What the training recipe has to know of offers: responses, effects and affinities, each judged in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Family, Figure, Findings, Judgement, Model, Record, Split, Step, Table, Trial
from cxml.offers.checks import check
from cxml.offers.columns import PROBABILITY
from cxml.offers.config import AffinityConfig, UpliftConfig
from cxml.offers.evaluate import answer, judge, moved, split
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


def _check(frame: pd.DataFrame, config: Any) -> tuple[pd.DataFrame, Any, Findings]:
    if isinstance(config, AffinityConfig):
        from cxml.offers.evaluate_affinity import check_affinity

        return check_affinity(frame, config)
    if isinstance(config, UpliftConfig):
        from cxml.offers.checks_uplift import check_uplift

        return check_uplift(frame, config)
    return check(frame, config)


def _split(frame: pd.DataFrame, config: Any) -> Split:
    if isinstance(config, AffinityConfig):
        from cxml.offers.evaluate_affinity import split_affinity

        return split_affinity(frame, config)
    if isinstance(config, UpliftConfig):
        from cxml.offers.evaluate_uplift import split_uplift

        return split_uplift(frame, config)
    return split(frame, config)


def _baselines(model: Model) -> Sequence[Model]:
    if isinstance(model.config, AffinityConfig):
        from cxml.offers.evaluate_affinity import baselines_affinity

        return baselines_affinity(model)
    if isinstance(model.config, UpliftConfig):
        from cxml.offers.evaluate_uplift import baselines_uplift

        return baselines_uplift(model)
    ladder: list[Model] = [LogisticOffers(model.config), PopularOffers(model.config)]
    names = [one.method for one in ladder]
    return ladder[names.index(model.method) + 1 :] if model.method in names else ladder


def _answer(models: Mapping[str, Any], frame: pd.DataFrame, config: Any) -> Mapping[str, pd.DataFrame]:
    if isinstance(config, AffinityConfig):
        from cxml.offers.evaluate_affinity import answer_affinity

        return answer_affinity(models, frame, config)
    if isinstance(config, UpliftConfig):
        from cxml.offers.evaluate_uplift import answer_uplift

        return answer_uplift(models, frame, config)
    return answer(models, frame, config)


def _judge(answers: Mapping[str, pd.DataFrame], config: Any) -> Mapping[str, Judgement]:
    if isinstance(config, AffinityConfig):
        from cxml.offers.evaluate_affinity import judge_affinity

        return judge_affinity(answers, config)
    if isinstance(config, UpliftConfig):
        from cxml.offers.evaluate_uplift import judge_uplift

        return judge_uplift(answers, config)
    return judge(answers, config)


def _figures(trial: Trial) -> Iterator[Record]:
    if isinstance(trial.model.config, AffinityConfig):
        from cxml.offers.evaluate_affinity import figures_affinity

        yield from figures_affinity(trial)
    elif isinstance(trial.model.config, UpliftConfig):
        from cxml.offers.evaluate_uplift import figures_uplift

        yield from figures_uplift(trial)
    else:
        yield from _response_figures(trial)


def _response_figures(trial: Trial) -> Iterator[Record]:
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
    from cxml.offers.checks import contacted, offer_texts_of, target_of

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


def _trial(model: Model, frame: pd.DataFrame, step: Step) -> Trial:
    found = hold_out(_split, _baselines, _answer)(model, frame, step)
    if isinstance(model.config, AffinityConfig):
        # What is judged is a list for each customer, however many things of theirs were held out.
        return replace(found, rows={**found.rows, "test": len(found.answers[model.method])})
    if isinstance(model.config, UpliftConfig):
        return found
    return replace(found, notes=(*found.notes, *moved(frame, found)))


def _example(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    if isinstance(model.config, AffinityConfig):
        import pandas as pd

        # All that is asked of an affinity is a key, and a key is somebody's.
        return pd.DataFrame({model.config.key: ["new customer 1", "new customer 2", "new customer 3"]})
    return typical_rows(frame, model.features())


FAMILY = Family(
    name="offers",
    check=_check,
    trial=_trial,
    answer=_answer,
    judge=_judge,
    figures=_figures,
    example=_example,
    limits=_LIMITS,
)

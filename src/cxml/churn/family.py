"""What the training recipe has to know of churn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.churn.baseline import BaseRateChurn
from cxml.churn.checks import check, groups_of_rows, target_of
from cxml.churn.columns import PROBABILITY
from cxml.churn.config import ChurnConfig, SurvivalConfig
from cxml.churn.evaluate import answer, judge
from cxml.churn.evaluate_survival import answer_survival, judge_survival
from cxml.churn.logistic import LogisticChurn
from cxml.churn.reasons import points_of
from cxml.churn.survival import LifeTableChurn
from cxml.contract import Explains, Family, Figure, Judgement, Model, Record, Split, Table, Trial
from cxml.errors import FrameError
from cxml.metrics import profit_curve
from cxml.splits import check_moments, stratified_split, time_split
from cxml.training import hold_out, typical_rows

if TYPE_CHECKING:
    import pandas as pd

#: Customers whose reasons are averaged into "what drives churn".
_MOST_EXPLAINED = 2_000
_LEAST_OF_A_KIND = 2
_LIMITS = (
    "The figures speak of customers like those it was trained on, at the time it was trained. They say who is "
    "likely to act, not whom a contact would change. Check them by group before decisions about people hang on "
    "them, and train again when the customers or the offers change."
)


def split(frame: pd.DataFrame, config: ChurnConfig) -> Split:
    """Choose the customers that judge: those of the last as-of dates, or else a share of either kind.

    Raises
    ------
    FrameError
        If either side has fewer than two customers who left, or who stayed.
    """
    groups, target = groups_of_rows(frame, config), target_of(frame, config)
    found = None
    if config.time is not None:
        found = time_split(
            check_moments(frame[config.time], what="as-of date"), groups, share=config.test_size, seed=config.seed
        )
    if found is None:
        found = stratified_split(target, groups, share=config.test_size, seed=config.seed)
    _check_sides(target, groups, found)
    return found


def _check_sides(target: np.ndarray, groups: np.ndarray, split: Split) -> None:
    for side, rows in (("to learn from", split.train), ("held out", split.test)):
        # A customer with rows of many dates is one all the same.
        stayed, left = (len(np.unique(groups[rows][target[rows] == kind])) for kind in (0, 1))
        if min(left, stayed) < _LEAST_OF_A_KIND:
            raise FrameError(
                f"An honest verdict needs {_LEAST_OF_A_KIND} customers who left and as many who stayed on both sides - "
                f"of the {len(rows):,} rows {side} ({split.rule}) {left:,} left. Gather a longer period, or "
                "leave time= out if the rows are not dated."
            )


def _baselines(model: Model) -> Sequence[Model]:
    if isinstance(model.config, SurvivalConfig):
        return [] if model.method == "life_table" else [LifeTableChurn(model.config)]
    ladder: list[Model] = [LogisticChurn(model.config), BaseRateChurn(model.config)]
    names = [one.method for one in ladder]
    return ladder[names.index(model.method) + 1 :] if model.method in names else ladder


def _answer(models: Mapping[str, Any], frame: pd.DataFrame, config: ChurnConfig) -> Mapping[str, pd.DataFrame]:
    if isinstance(config, SurvivalConfig):
        return answer_survival(models, frame, config)
    return answer(models, frame, config)


def _judge(answers: Mapping[str, pd.DataFrame], config: ChurnConfig) -> Mapping[str, Judgement]:
    if isinstance(config, SurvivalConfig):
        return judge_survival(answers, config)
    return judge(answers, config)


def _figures(trial: Trial) -> Iterator[Record]:
    model = trial.model
    if isinstance(model, LifeTableChurn):
        yield from _survival_figures(model, trial.frame)
        return
    from cxml import plots

    target = trial.answers[model.method]["target"].to_numpy()
    chances = {name: one[PROBABILITY].to_numpy() for name, one in trial.answers.items()}
    curves = {name: profit_curve(target, chance, model.config.costs) for name, chance in chances.items()}
    yield Figure("reliability", lambda: plots.plot_reliability(target, chances))
    yield Figure("gains", lambda: plots.plot_gains(target, chances))
    yield Figure("lift", lambda: plots.plot_lift(target, chances))
    yield Figure("profit", lambda: plots.plot_profit(curves))
    if isinstance(model, Explains):
        yield from _reason_figures(model, trial.frame, chances[model.method])


def _reason_figures(model: Any, frame: pd.DataFrame, chance: np.ndarray) -> Iterator[Record]:
    import pandas as pd

    from cxml import plots

    few = frame.iloc[:_MOST_EXPLAINED]
    explanation = model.explain(few)
    points = points_of(explanation)
    strength = np.abs(points).mean(axis=0)
    drivers = pd.DataFrame({"feature": explanation.names, "mean_absolute_points": strength})
    yield Table("drivers", drivers.sort_values("mean_absolute_points", ascending=False))
    yield Figure("drivers", lambda: plots.plot_importance(explanation.names, strength))
    riskiest = int(np.argmax(chance[: len(few)]))
    final = float(chance[riskiest])
    yield Figure(
        "reasons_of_riskiest",
        lambda: plots.plot_reasons(
            explanation.names,
            explanation.values.iloc[riskiest].tolist(),
            points[riskiest],
            base=final - float(points[riskiest].sum()) / 100,
            final=final,
        ),
    )


def _survival_figures(model: LifeTableChurn, frame: pd.DataFrame) -> Iterator[Record]:
    from cxml import plots

    expected = model.survival(frame.assign(**{model.config.duration: 0.0}))
    months = model.width * np.arange(1, expected.shape[1])
    order = np.argsort(expected.sum(axis=1))
    thirds = np.array_split(order, 3)
    names = ("soonest third", "middle third", "latest third")
    curves = {name: expected[rows, 1:].mean(axis=0) for name, rows in zip(names, thirds, strict=True)}
    yield Figure("survival", lambda: plots.plot_survival(months, curves))


def _example(model: Model, frame: pd.DataFrame) -> pd.DataFrame:
    return typical_rows(frame, model.features())


FAMILY = Family(
    name="churn",
    check=check,
    trial=hold_out(split, _baselines, _answer),
    answer=_answer,
    judge=_judge,
    figures=_figures,
    example=_example,
    limits=_LIMITS,
)

"""Judge effects on held-out customers of a trial: nobody's effect is seen, but sums over the arms are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from cxml.contract import Figure, Judgement, Metric, Model, Record, Split, Table, Trial
from cxml.errors import FrameError
from cxml.frames import hash_rows
from cxml.metrics import roc_auc, standard_error
from cxml.metrics.effects import average_effect, effect_table
from cxml.metrics.uplift import auuc, qini_area, qini_coefficient, qini_curve, uplift_at
from cxml.metrics.uplift_intervals import UpliftMetric, bootstrap_uplift
from cxml.offers.catalogue import entries_of
from cxml.offers.checks import groups_of_rows, learn_encoders
from cxml.offers.config import UpliftConfig
from cxml.offers.randomisation import treatment_scores
from cxml.offers.treatments import (
    arms_of,
    in_upper_half,
    outcome_of,
    propensity_of,
    treatment_names,
    treatments_of,
)
from cxml.offers.uplift import AverageEffect, ResponseEffect
from cxml.splits import stratified_split

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "effect_loss"
#: Each arm needs so many rows on each side of the split.
_LEAST_ON_A_SIDE = 5
_DEVIATES, _REPEATS = 1.959964, 200


def split_uplift(frame: pd.DataFrame, config: UpliftConfig) -> Split:
    """Hold out a share of each arm's responders and of its others, whole customers at a time.

    Raises
    ------
    FrameError
        If an arm has fewer than five rows on a side.
    """
    entries = entries_of(frame[arms_of(frame, config) != 0], config)
    arm = treatments_of(frame, entries, config)
    found = stratified_split(
        2 * arm + in_upper_half(outcome_of(frame, config).values),
        groups_of_rows(frame, config),
        share=config.test_size,
        seed=config.seed,
    )
    for side, rows in (("to learn from", found.train), ("held out", found.test)):
        least = int(np.bincount(arm[rows], minlength=len(entries) + 1).min())
        if least < _LEAST_ON_A_SIDE:
            raise FrameError(
                f"An honest verdict needs {_LEAST_ON_A_SIDE} rows of each treatment on both sides - of the "
                f"{len(rows):,} rows {side} one has {least}. Gather more, or drop that offer's rows."
            )
    return replace(found, rule=found.rule.replace("by the target", "by treatment and response"))


def baselines_uplift(model: Model) -> Sequence[Model]:
    """What effects are compared with: ranking by response, and the average effect on everybody."""
    ladder: list[Model] = [ResponseEffect(model.config), AverageEffect(model.config)]
    names = [one.method for one in ladder]
    return ladder[names.index(model.method) + 1 :] if model.method in names else ladder


def answer_uplift(models: Mapping[str, Any], frame: pd.DataFrame, config: UpliftConfig) -> dict[str, pd.DataFrame]:
    """Ask models about the effects on held-out customers of a trial.

    The loss of a row is the squared error against its inverse-propensity pseudo-outcome ``psi``, less ``psi ** 2``,
    which no model can change and which would drown all differences; its mean over the treatments. With the chance ``e``
    of the row's arm, and the outcome ``y`` less ``m``, the mean outcome of an even draw between control and treatments,

        psi_k = (y - m) / e  if treated with k,  -(y - m) / e  if control,  else 0

    has the effect of k as its mean (Horvitz & Thompson 1952; Athey & Imbens 2016, PNAS 113). So the loss of a model
    that knows no effect is 0, and of one that knows all the lowest that can be.

    Parameters
    ----------
    models : mapping of name to fitted model
    frame : DataFrame
    config : UpliftConfig

    Returns
    -------
    dict of name -> DataFrame, one line a row with a response
        ``row``, ``group`` where customers may have several rows, ``treatment`` (0 is control), ``target``, ``inverse``
        (one over the chance of the arm), ``treatment_score`` (how treated the row looks by its columns),
        ``effect_1, effect_2, ...``, ``loss``.
    """
    frame = frame[frame[config.response].notna().to_numpy()]
    entries = next(iter(models.values())).entries()
    arm = treatments_of(frame, entries, config)
    outcome = outcome_of(frame, config).values
    chance = propensity_of(frame, config)
    shares = np.bincount(arm, minlength=len(entries) + 1) / len(arm)
    inverse = 1 / (shares[arm] if chance is None else chance)
    encoder, _, _ = learn_encoders(frame, config)
    groups = groups_of_rows(frame, config)
    looks = treatment_scores(encoder.encode(frame), (arm > 0).astype(int), encoder.level_counts, groups, config.seed)
    told = {"treatment": arm, "target": outcome, "inverse": inverse, "treatment_score": looks}
    shared = _row_names(frame, config).assign(**told)
    centred = outcome - _even_mean(outcome, arm, inverse)
    found = {}
    for name, model in models.items():
        effects = model.score(frame, entries).uplift
        columns = {f"effect_{place}": effects[:, place - 1] for place in range(1, len(entries) + 1)}
        found[name] = shared.assign(**columns, loss=_losses(effects, arm, centred * inverse))
    return found


def _row_names(frame: pd.DataFrame, config: UpliftConfig) -> pd.DataFrame:
    import pandas as pd

    if config.key is None:
        return pd.DataFrame({"row": hash_rows(frame)})
    told = (config.key, config.offer, config.time, config.channel, config.response)
    found = pd.DataFrame({"row": hash_rows(frame[[name for name in told if name is not None]], as_text=True)})
    return found.assign(group=hash_rows(frame[[config.key]], as_text=True))


def _even_mean(outcome: np.ndarray, arm: np.ndarray, inverse: np.ndarray) -> float:
    means = [np.average(outcome[arm == one], weights=inverse[arm == one]) for one in np.unique(arm)]
    return float((means[0] + np.mean(means[1:])) / 2) if len(means) > 1 else float(means[0])


def _losses(effects: np.ndarray, arm: np.ndarray, weighed: np.ndarray) -> np.ndarray:
    sign = (arm[:, None] == np.arange(1, effects.shape[1] + 1)).astype(float) - (arm == 0)[:, None]
    found: np.ndarray = (effects**2 - 2 * sign * weighed[:, None] * effects).mean(axis=1)
    return found


def judge_uplift(answers: Mapping[str, pd.DataFrame], config: UpliftConfig) -> dict[str, Judgement]:
    """Judge effects by what came of the trial.

    Several treatments are judged as pairs of customer and offer: each treatment's rows with all of control, ranked
    together by predicted effect, customers drawn whole for the intervals.

    Parameters
    ----------
    answers : mapping of name to DataFrame
        From `answer_uplift`.
    config : UpliftConfig

    Returns
    -------
    dict of name -> Judgement
        Metrics, each with a 95 % interval: ``effect_loss``; ``qini_radcliffe_area`` and, for two labels,
        ``qini_radcliffe_2007`` (see `cxml.metrics.uplift`); ``auuc_gutierrez_2017``; ``uplift_at_30`` of all pairs
        ranked together, where each arm has rows among them; ``average_effect``; ``policy_value``, the mean outcome had
        everybody been given what the model says helps most, or nothing where nothing helps; ``treatment_auc``, how well
        the columns tell any offer from none with each row counted one over its chance: 0.5 for a fair draw.
    """
    first = next(iter(answers.values()))
    groups = _groups(first)
    target = first["target"].to_numpy()
    functions: dict[str, UpliftMetric] = {"qini_radcliffe_area": qini_area}
    if not config.amounts and np.isin(target, (0, 1)).all():
        functions["qini_radcliffe_2007"] = qini_coefficient
    functions["auuc_gutierrez_2017"] = auuc
    pairs = {name: pairs_of(one) for name, one in answers.items()}
    rows = pairs[next(iter(pairs))]
    y, treated, chance, unit = rows["target"], rows["treated"], rows["propensity"], groups[rows["place"]]
    top = partial(uplift_at, share=0.3)
    # A small arm may have no row among the best 30 % of some model: the figure is left out then, of all of them.
    if all(np.isfinite(top(y, one["effect"], treated, propensity=chance)) for one in pairs.values()):
        functions["uplift_at_30"] = top
    predictions = [one["effect"] for one in pairs.values()]
    found = bootstrap_uplift(
        functions, y, treated, *predictions, propensity=chance, groups=unit, repeats=_REPEATS, seed=config.seed
    )
    effect = average_effect(y, treated, propensity=chance, groups=unit)
    shared = [Metric("average_effect", effect.value, *effect.interval()), _treatment_auc(first, groups, config)]
    judged = {}
    for (name, one), intervals in zip(answers.items(), found, strict=True):
        metrics = [_mean_metric(HEADLINE, one["loss"].to_numpy(), groups)]
        metrics += [Metric(metric, each.value, each.lower, each.upper) for metric, each in intervals.items()]
        judged[name] = Judgement(HEADLINE, [*metrics, policy_value(one, groups), *shared])
    return judged


def _groups(answer: pd.DataFrame) -> np.ndarray:
    return answer["group"].to_numpy() if "group" in answer else np.arange(len(answer))


def pairs_of(answer: pd.DataFrame) -> dict[str, np.ndarray]:
    """Pairs of customer and treatment: the rows of each treatment, and those of control once for each.

    Returns
    -------
    dict of arrays, one entry a pair
        ``place`` (of the row), ``effect``, ``target``, ``treated``, and ``propensity`` such that rows weigh as much as
        one over the chance of their arm.
    """
    arm, effects = answer["treatment"].to_numpy(), answer.filter(regex=r"^effect_\d+$").to_numpy()
    places, whose = [], []
    for treatment in range(1, effects.shape[1] + 1):
        own = np.flatnonzero(np.isin(arm, (0, treatment)))
        places.append(own)
        whose.append(np.full(len(own), treatment - 1))
    place, offer = np.concatenate(places), np.concatenate(whose)
    treated = (arm[place] > 0).astype(float)
    chance = _chance(treated, answer["inverse"].to_numpy()[place])
    target = answer["target"].to_numpy(dtype=float)[place]
    return {
        "place": place,
        "effect": effects[place, offer],
        "target": target,
        "treated": treated,
        "propensity": chance,
    }


def _chance(treated: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Chances of treatment by which rows weigh as `inverse` says: half of it keeps each below 1, and doubles all."""
    found: np.ndarray = np.where(treated == 1, 0.5 / inverse, 1 - 0.5 / inverse)
    return found


def policy_value(answer: pd.DataFrame, groups: np.ndarray) -> Metric:
    """Mean outcome had everybody been given the offer of the largest effect, or nothing where all are below 0.

    Of the rows that were given just that, by chance, weighed by one over that chance and by the sum of these weights
    (Swaminathan & Joachims 2015); its error is that of a ratio.
    """
    effects = answer.filter(regex=r"^effect_\d+$").to_numpy()
    chosen = np.where(effects.max(axis=1) > 0, effects.argmax(axis=1) + 1, 0)
    weight = answer["inverse"].to_numpy() * (answer["treatment"].to_numpy() == chosen)
    if not weight.any():
        return Metric("policy_value", float("nan"))
    value = float(np.average(answer["target"].to_numpy(), weights=weight))
    error = standard_error(weight * (answer["target"].to_numpy() - value) / weight.mean(), groups)
    return Metric("policy_value", value, value - _DEVIATES * error, value + _DEVIATES * error)


def _mean_metric(name: str, values: np.ndarray, groups: np.ndarray) -> Metric:
    mean, error = float(values.mean()), standard_error(values, groups)
    return Metric(name, mean, mean - _DEVIATES * error, mean + _DEVIATES * error)


def _treatment_auc(answer: pd.DataFrame, groups: np.ndarray, config: UpliftConfig) -> Metric:
    treated = (answer["treatment"].to_numpy() > 0).astype(float)
    chance = _chance(treated, answer["inverse"].to_numpy())
    score = answer["treatment_score"].to_numpy()
    found = bootstrap_uplift(
        {"auc": _told_auc},
        treated,
        treated,
        score,
        propensity=chance,
        groups=groups,
        repeats=_REPEATS,
        seed=config.seed,
    )
    one = found[0]["auc"]
    return Metric("treatment_auc", one.value, one.lower, one.upper)


def _told_auc(
    y: np.ndarray, p: np.ndarray, treatment: np.ndarray, *, propensity: np.ndarray, weight: ArrayLike = 1.0
) -> Any:
    """How well `p` tells the treatment, each row counted one over the chance of its arm."""
    return roc_auc(y, p, weight=np.asarray(weight) / np.where(treatment == 1, propensity, 1 - propensity))


def figures_uplift(trial: Trial) -> Iterator[Record]:
    """Tables and pictures of a trial: each treatment's average effect, curves, effects by tenths."""
    import pandas as pd

    answer = trial.answers[trial.model.method]
    model: Any = trial.model
    pairs = {name: pairs_of(one) for name, one in trial.answers.items()}
    own = pairs[trial.model.method]
    groups = _groups(answer)
    trial_rows = own["target"], own["effect"], own["treated"]
    table = effect_table(*trial_rows, propensity=own["propensity"], unit=groups[own["place"]])
    yield Table("effects_by_treatment", _by_treatment(answer, treatment_names(model.entries(), trial.model.config)))
    tenths = {"predicted": table.predicted, "observed": table.observed, "standard_error": table.standard_error}
    yield Table("effects_by_tenth", pd.DataFrame({**tenths, "pairs": table.rows}))
    curves = {
        name: qini_curve(one["target"], one["effect"], one["treated"], propensity=one["propensity"])
        for name, one in pairs.items()
    }
    yield from _pictures(curves, table)


def _by_treatment(answer: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    arm, target, inverse = (answer[name].to_numpy() for name in ("treatment", "target", "inverse"))
    groups = _groups(answer)
    found = []
    for place, name in enumerate(names, start=1):
        rows = np.isin(arm, (0, place))
        treated = (arm[rows] == place).astype(float)
        chance = _chance(treated, inverse[rows])
        effect = average_effect(target[rows], treated, propensity=chance, groups=groups[rows])
        low, high = effect.interval()
        predicted = float(answer[f"effect_{place}"].mean())
        found.append({"offer": name, "effect": effect.value, "low": low, "high": high, "predicted": predicted})
    return pd.DataFrame(found)


def _pictures(curves: Mapping[str, Any], table: Any) -> Iterator[Record]:
    from cxml import plots

    yield Figure("uplift_curve", lambda: plots.plot_uplift_curve(curves))
    yield Figure("uplift_deciles", lambda: plots.plot_uplift_deciles(table))

"""Ask models of responses about the same held-out offers, and judge the answers, each figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Judgement, Metric, Split, Trial
from cxml.encoding import Column, read_column
from cxml.errors import FrameError
from cxml.frames import hash_rows
from cxml.metrics import bootstrap, brier, expected_calibration_error, log_loss, pr_auc, roc_auc
from cxml.metrics.intervals import metric_of
from cxml.offers.answers import allowed_entries, best_entries
from cxml.offers.catalogue import offer_texts, places_among
from cxml.offers.checks import contacted, groups_of_rows, offer_texts_of, target_of
from cxml.offers.columns import PROBABILITY
from cxml.offers.config import OffersConfig
from cxml.splits import check_moments, stratified_split, time_split

if TYPE_CHECKING:
    import pandas as pd

    from cxml.metrics.intervals import RowMetric

HEADLINE = "log_loss"
#: The column of answers by a model that learned nothing since its fit.
STATIC = "without_updates"
_LEAST_OF_A_KIND = 2


def split(frame: pd.DataFrame, config: OffersConfig) -> Split:
    """Choose the answers that judge: the last ones, or else those of a share of the customers.

    With a time the question is the one that a company has: how will the customers whom it knows answer next? So a
    customer may have earlier rows to learn from, and their history counts. Without a time whole customers are held out.

    Raises
    ------
    FrameError
        If either side has fewer than two accepted offers, or refused ones.
    """
    target = target_of(frame, config)
    asked = np.flatnonzero(target >= 0)
    found = None
    if config.time is not None:
        days = check_moments(frame[config.time])
        apart = np.arange(len(asked), dtype=np.uint64)
        found = time_split(days[asked], apart, share=config.test_size, seed=config.seed)
    if found is None:
        groups = groups_of_rows(frame.iloc[asked], config)
        found = stratified_split(target[asked], groups, share=config.test_size, seed=config.seed)
        test = asked[found.test]
        held = groups_of_rows(frame, config)
        train = np.flatnonzero(~np.isin(held, held[test]))
        rule = found.rule
    else:
        test = asked[found.test]
        train = np.flatnonzero(days < days[test].min())
        rule = found.rule.replace("as-of dates", "offers").replace(f", each key on one side, seed {config.seed}", "")
    for side, rows in (("to learn from", train), ("held out", test)):
        answers = target[rows][target[rows] >= 0]
        kinds = np.bincount(answers, minlength=2)
        if kinds.min() < _LEAST_OF_A_KIND:
            raise FrameError(
                f"An honest verdict needs {_LEAST_OF_A_KIND} accepted offers and as many refused ones on both sides - "
                f"of the {len(answers):,} answers {side} ({rule}) {kinds[1]:,} were accepted. Gather a longer period, "
                "or leave time= out if the rows are not dated."
            )
    return Split(train, test, rule)


def answer(models: Mapping[str, Any], frame: pd.DataFrame, config: OffersConfig) -> dict[str, pd.DataFrame]:
    """Ask models about offers whose answer is known.

    Where there is a time, a model that learns on knows of each row what was known before it, strictly: of rows of
    `frame` too, as a model that is kept up to date with ``update`` does. What it answers if it is not is told as well.

    Parameters
    ----------
    models : mapping of name to fitted model
    frame : DataFrame
        With the response. Rows without one are left out.
    config : OffersConfig
        Settled by `cxml.offers.checks.check`.

    Returns
    -------
    dict of name -> DataFrame, one line per answer
        ``row``, ``group`` where there is a key, ``offer`` (a number), ``target``, ``acceptance_probability``, ``loss``
        (the log loss of the row); ``without_updates``, the chance by a model that learned nothing since its fit, where
        it differs; and where propensities are known ``propensity``, ``chosen`` (1 where the model's
        best offer is the one that was made) and ``best_probability`` (the chance of that best offer).
    """
    frame = contacted(frame, config)
    target = target_of(frame, config)
    asked = target >= 0
    rows, answers = frame[asked], target[asked]
    names = _row_names(rows, config).assign(offer=offer_texts_of(rows, config)[0], target=answers)
    found = {}
    for name, model in models.items():
        learns_on = hasattr(model, "remembering") and config.time in frame
        knowing = model.remembering(frame) if learns_on else model
        chance = _chances(knowing, rows, config)
        told = names.assign(**{PROBABILITY: chance, "loss": _losses(answers, chance)})
        if learns_on:
            told[STATIC] = _chances(model, rows, config)
        found[name] = told.assign(**_choices(knowing, rows, config)) if config.propensity in frame else told
    return found


def _chances(model: Any, rows: pd.DataFrame, config: OffersConfig) -> np.ndarray:
    """The chance of each row's offer; one that the model never saw made is scored as a new entry of the catalogue.

    In a log of campaigns each is new in its time: that is the very question that the later ones are held out for.
    """
    if config.offer is None:
        found: np.ndarray = model.predict(rows)[PROBABILITY].to_numpy()
        return found
    entries = model.entries()
    new = places_among(rows[config.offer], offer_texts(entries[config.offer])[1]) < 0
    chance = np.empty(len(rows))
    if not new.all():
        chance[~new] = model.predict(rows[~new])[PROBABILITY].to_numpy()
    by = [name for name in (config.offer, config.channel) if name is not None]
    for _, places in rows[new].groupby(by, sort=False, observed=True).indices.items():
        asked = rows[new].iloc[places]
        entry = asked.head(1)[list(entries.columns)]
        chance[np.flatnonzero(new)[places]] = model.score(asked.drop(columns=config.offer), entry).probability[:, 0]
    return chance


def _losses(target: np.ndarray, chance: np.ndarray) -> np.ndarray:
    bounded = np.clip(chance, 2.0**-52, 1 - 2.0**-52)
    found: np.ndarray = -np.log(np.where(target == 1, bounded, 1 - bounded))
    return found


def _choices(model: Any, rows: pd.DataFrame, config: OffersConfig) -> dict[str, np.ndarray]:
    """What the model would have offered by the channel of the row, among what was on offer then."""
    entries = model.entries()
    chance = model.score(rows, entries).probability
    free = rows.drop(columns=config.offer) if config.offer else rows
    allowed = allowed_entries(free, entries, config) & on_offer(rows, entries, config)
    best = best_entries(chance, allowed)
    offered = allowed_entries(rows, entries, config)
    at = np.arange(len(rows))
    propensity = read_column(rows[str(config.propensity)], Column(str(config.propensity), "number"))
    return {
        "propensity": propensity,
        "chosen": offered[at, best].astype(float),
        "best_probability": chance[at, best],
    }


def on_offer(rows: pd.DataFrame, entries: pd.DataFrame, config: OffersConfig) -> np.ndarray:
    """Which entries were on offer at the moment of each row, shape (n_rows, n_entries); True where nothing is said."""
    found = np.ones((len(rows), len(entries)), dtype=bool)
    if config.time is None:
        return found
    day = check_moments(rows[config.time])[:, None]
    for name, sign in ((config.starts, 1.0), (config.ends, -1.0)):
        if name is not None and name in entries:
            limit = read_column(entries[name], Column(name, "date"))[None, :]
            # The last day belongs to the offer.
            outside = sign * (day if sign > 0 else np.floor(day)) < sign * limit
            found &= ~outside
    return found


def judge(answers: Mapping[str, pd.DataFrame], config: OffersConfig) -> dict[str, Judgement]:
    """Judge models by what they answered.

    Parameters
    ----------
    answers : mapping of name to DataFrame
        From `answer`.
    config : OffersConfig

    Returns
    -------
    dict of name -> Judgement
        ``log_loss`` (headline), ``roc_auc``, ``pr_auc``, ``brier``, ``ece`` (expected calibration error), each with a
        95 % bootstrap interval for which customers are drawn whole; ``log_loss_without_updates`` and
        ``ece_without_updates`` of a model that learned nothing since its fit; with several offers
        ``log_loss_mean_of_offers``;
        where propensities are known the value of a policy, see `cxml.metrics.off_policy`: ``policy_value_dr`` and
        ``policy_value_snips`` of making everybody the model's best offer, in acceptances an offer, and
        ``policy_value_on_policy``, what was in fact accepted.
    """
    first = next(iter(answers.values()))
    target = first["target"].to_numpy()
    chances = {name: one[PROBABILITY].to_numpy() for name, one in answers.items()}
    functions: dict[str, RowMetric] = {
        HEADLINE: log_loss,
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "brier": brier,
        "ece": expected_calibration_error,
    }
    intervals = bootstrap(functions, target, *chances.values(), groups=first.get("group"), seed=config.seed)
    found = {}
    for (name, told), figures in zip(answers.items(), intervals, strict=True):
        metrics = [metric_of(metric, one) for metric, one in figures.items()]
        if STATIC in told:
            static = told[STATIC].to_numpy()
            metrics += [Metric(f"{one}_{STATIC}", float(functions[one](target, static))) for one in (HEADLINE, "ece")]
        by_offer = told.groupby("offer")["loss"].mean()
        if len(by_offer) > 1:
            metrics.append(Metric("log_loss_mean_of_offers", float(by_offer.mean())))
        found[name] = Judgement(HEADLINE, [*metrics, *_policy_values(told)])
    return found


def _policy_values(told: pd.DataFrame) -> list[Metric]:
    if "propensity" not in told:
        return []
    known = told[told["propensity"].notna()]
    if not len(known) or not known["chosen"].any():
        return []
    from cxml.metrics.off_policy import policy_value

    values = policy_value(
        known["target"].to_numpy(dtype=float),
        known["propensity"].to_numpy(),
        known["chosen"].to_numpy(),
        expected=known[PROBABILITY].to_numpy(),
        expected_policy=known["best_probability"].to_numpy(),
        groups=known["group"].to_numpy() if "group" in known else None,
    )
    return [Metric(f"policy_value_{one.estimator}", one.value, one.lower, one.upper) for one in values]


def _row_names(frame: pd.DataFrame, config: OffersConfig) -> pd.DataFrame:
    """Number each row that was judged; rows of one customer are a group."""
    import pandas as pd

    if config.key is None:
        return pd.DataFrame({"row": _apart(hash_rows(frame))})
    names = [config.key, config.offer, config.time, config.channel, config.response]
    columns = [name for name in names if name is not None]
    rows = _apart(hash_rows(frame[columns], as_text=True))
    return pd.DataFrame({"row": rows, "group": hash_rows(frame[[config.key]], as_text=True)})


def _apart(numbers: np.ndarray) -> np.ndarray:
    """Number copies of a row by their place among them: each is a row of its own, in any order of the frame."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.maximum.accumulate(np.where(np.r_[True, ordered[1:] != ordered[:-1]], np.arange(len(order)), 0))
    place = np.empty(len(order), dtype=np.uint64)
    place[order] = np.arange(len(order)) - starts
    found: np.ndarray = numbers + place
    return found


def moved(frame: pd.DataFrame, trial: Trial) -> tuple[str, ...]:
    """Say where the acceptance rate moved between what was learned from and what was held out, beyond chance.

    Parameters
    ----------
    frame : DataFrame
        All rows.
    trial : Trial

    Returns
    -------
    tuple of str, one sentence or none
    """
    config = trial.model.config
    if config.time is None:
        return ()
    target, days = target_of(frame, config), check_moments(frame[config.time])
    told = trial.answers[trial.model.method]
    held = told["target"].to_numpy()
    first = check_moments(trial.frame[config.time]).min()
    before = target[(target >= 0) & (days < first)]
    apart = float(held.mean() - before.mean())
    noise = np.sqrt(before.var() / len(before) + held.var() / len(held))
    if abs(apart) < 3.0 * noise:
        return ()
    what = (
        f"The acceptance rate moved from {before.mean():.1%} of the rows learned from to {held.mean():.1%} of those "
        "held out, more than chance explains"
    )
    if STATIC not in told:
        return (f"{what}: chances will be off by as much. Train again as answers come in.",)
    kept, left = (
        f"{told[name].mean():.1%} were expected (ece {expected_calibration_error(held, told[name].to_numpy()):.3f})"
        for name in (PROBABILITY, STATIC)
    )
    return (
        f"{what}. By a model that learns the answers of each day with update(rows), as the figures assume, {kept}; by "
        f"one that learns none, {left}. Call update as answers come in, and train again when there is time.",
    )

"""Judge who-takes-what by the last fifth of customers' baskets: each customer is asked for a ranked list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Findings, Judgement, Metric, Model, Record, Split, Table, Trial
from cxml.errors import ConfigError, FrameError
from cxml.frames import binary_target
from cxml.metrics import expected_calibration_error, standard_error
from cxml.metrics.ranking import average_precision_at, ndcg_at, recall_at, reciprocal_rank_at
from cxml.offers.affinity import MOST_ITEMS, AffinityOffers, CosineOffers, MostTakenOffers, baskets_of, taken_rows
from cxml.offers.baskets import Baskets, taking_order
from cxml.offers.catalogue import offer_texts, places_among
from cxml.offers.checks import check_log
from cxml.offers.config import AffinityConfig
from cxml.offers.history import hashed
from cxml.splits import check_moments

if TYPE_CHECKING:
    import pandas as pd

RANKS = 10
HEADLINE = f"one_minus_ndcg_at_{RANKS}"
_LEAST_CUSTOMERS = 20
_BLOCK_CELLS = 4_000_000
#: Metric -> column of the answers of which it is the mean.
_MEANS = {
    HEADLINE: "loss",
    f"ndcg_at_{RANKS}": "ndcg",
    f"recall_at_{RANKS}": "recall",
    f"mrr_at_{RANKS}": "reciprocal_rank",
    f"map_at_{RANKS}": "average_precision",
    f"hit_rate_at_{RANKS}": "hit",
    "next_log_loss": "next_log_loss",
}


def check_affinity(frame: pd.DataFrame, config: AffinityConfig) -> tuple[pd.DataFrame, AffinityConfig, Findings]:
    """Refuse a frame from which nobody can learn who takes what; settle the label of a response.

    Parameters
    ----------
    frame : DataFrame
    config : AffinityConfig

    Returns
    -------
    (the same frame, settled config, what was found)

    Raises
    ------
    ConfigError
        If no key or no offer is named.
    FrameError
        If a named column is missing, rows lack a key, an item or a moment, fewer than 20 customers have two items, or
        there are fewer than two items.
    """
    for name in ("key", "offer"):
        if getattr(config, name) is None:
            raise ConfigError(
                f"{name} must name a column where it is learned who takes what - got None. Pass key= and offer=."
            )
    check_log(frame, config)
    if config.response is not None:
        answered = frame[config.response].dropna()
        positive = binary_target(answered, positive=config.positive)[1] if len(answered) else config.positive
        config = replace(config, positive=positive)
    baskets, names = baskets_of(frame, config)
    able = int((baskets.sizes >= 2).sum())
    if len(names) < 2 or able < _LEAST_CUSTOMERS:
        raise FrameError(
            f"Learning what goes together needs two items, and {_LEAST_CUSTOMERS} customers with two or more - "
            f"got {len(names):,} items and {able:,} such customers of {len(baskets.customers):,}. "
            "Gather a longer period."
        )
    return frame, config, Findings(_notes(baskets, names, config))


def _notes(baskets: Baskets, names: list[str], config: AffinityConfig) -> tuple[str, ...]:
    notes = []
    alone = int((baskets.sizes < 2).sum())
    if alone:
        notes.append(f"{alone:,} of {len(baskets.customers):,} customers have one item: nothing of theirs is held out.")
    if len(names) > MOST_ITEMS:
        notes.append(
            f"Weights are learned for the {MOST_ITEMS:,} commonest of {len(names):,} items; the others go by how often "
            "they were taken."
        )
    if config.time is None:
        notes.append("Without time= nobody knows what came last: items are held out by chance, and nothing fades.")
    if not config.remember:
        notes.append("remember=False: the model keeps no baskets, and answers every customer with the same list.")
    return tuple(notes)


def split_affinity(frame: pd.DataFrame, config: AffinityConfig) -> Split:
    """Hold out the last fifth of each basket: of two items and more, at least one.

    Rows of a held-out item are held out together, unless items may be taken again (``repeat=True``).

    Raises
    ------
    FrameError
        If fewer than 20 customers have two items.
    """
    taken = np.flatnonzero(taken_rows(frame, config))
    rows = frame.iloc[taken]
    names = offer_texts(frame[config.offer])[1]
    customer, item = hashed(rows[config.key]), places_among(rows[config.offer], names)
    moment = None if config.time is None else check_moments(rows[config.time])
    baskets = Baskets.gather(customer, item, moment, len(names), repeats=config.repeat)
    last = baskets.last_part()
    if config.repeat:
        held = np.zeros(len(taken), dtype=bool)
        held[taking_order(customer, item, moment, repeats=True)[last]] = True
    else:
        pairs = baskets.owners[last] * len(names) + baskets.items[last]
        held = np.isin(baskets.find(customer) * len(names) + item, pairs)
    judged = len(np.unique(customer[held]))
    if judged < _LEAST_CUSTOMERS:
        raise FrameError(
            f"An honest verdict needs {_LEAST_CUSTOMERS} customers with two items or more - got {judged:,}. "
            "Gather a longer period."
        )
    rule = "the last fifth of each customer's items held out" + ("" if config.time else ", in an order drawn by chance")
    test = taken[held]
    return Split(np.setdiff1d(np.arange(len(frame)), test), test, rule)


def baselines_affinity(model: Model) -> Sequence[Model]:
    """What the model must beat: cosines, and what is taken most."""
    ladder: list[Model] = [CosineOffers(model.config), MostTakenOffers(model.config)]
    names = [one.method for one in ladder]
    return ladder[names.index(model.method) + 1 :] if model.method in names else ladder


def answer_affinity(models: Mapping[str, Any], frame: pd.DataFrame, config: AffinityConfig) -> dict[str, pd.DataFrame]:
    """Ask models for a ranked list for each customer, and compare it with what the customer then took.

    Parameters
    ----------
    models : mapping of name to fitted AffinityOffers
    frame : DataFrame
        Rows that the models have not seen.
    config : AffinityConfig

    Returns
    -------
    dict of name -> DataFrame, one line a customer
        ``row``, ``loss`` (1 - nDCG), ``ndcg``, ``recall``, ``reciprocal_rank``, ``average_precision``, ``hit``,
        ``next_log_loss``, ``history`` (items known before), ``relevant`` (items taken then), ``items`` (of the
        catalogue); and for each rank ``item_<r>``, ``chance_<r>``, ``hit_<r>`` and ``part_<r>`` (the item's share of
        what was then taken).
    """
    taken = frame[taken_rows(frame, config)]
    customer = hashed(taken[config.key])
    names, first, owner = np.unique(customer, return_index=True, return_inverse=True)
    asked = taken.iloc[first]
    item = hashed(taken[config.offer])
    row = names.copy()
    np.add.at(row, owner, item)
    return {
        name: _lists(model, asked, owner, taken[config.offer], config).assign(row=row) for name, model in models.items()
    }


def _lists(
    model: AffinityOffers, asked: pd.DataFrame, owner: np.ndarray, items: pd.Series, config: AffinityConfig
) -> pd.DataFrame:
    import pandas as pd

    entries = model.entries().drop_duplicates(config.offer)
    place = places_among(items, [str(one) for one in entries[config.offer]])
    history = model.history_sizes(asked)
    found = []
    block = max(1, _BLOCK_CELLS // len(entries))
    for start in range(0, len(asked), block):
        rows = slice(start, min(start + block, len(asked)))
        within = (owner >= rows.start) & (owner < rows.stop)
        chance = model.score(asked.iloc[rows], entries).probability
        times = np.zeros(chance.shape)
        known = within & (place >= 0)
        np.add.at(times, (owner[known] - start, place[known]), 1.0)
        # An item that the model has never seen was taken all the same: no list can hold it.
        strange = np.column_stack([owner, hashed(items)])[within & (place < 0)]
        unseen, missed_times = np.unique(strange, axis=0, return_counts=True)
        if not config.repeat:  # only the first taking counts
            times, missed_times = np.minimum(times, 1.0), np.ones_like(missed_times)
        at = unseen[:, 0].astype(np.intp) - start
        missed, lost = np.bincount(at, minlength=len(chance)), np.bincount(at, missed_times, minlength=len(chance))
        found.append(_judged(chance, times, missed, lost))
    return pd.concat(found, ignore_index=True).assign(history=history, items=len(entries))


def _judged(chance: np.ndarray, times: np.ndarray, missed: np.ndarray, lost: np.ndarray) -> pd.DataFrame:
    """Lists by how often each item was then taken, how many unknown ones were missed, and how many takings of these."""
    import pandas as pd

    wanted = times > 0
    top = np.argsort(-chance, axis=1, kind="stable")[:, :RANKS]
    hits = np.take_along_axis(wanted, top, axis=1)
    best = np.take_along_axis(chance, top, axis=1)
    lacking = RANKS - top.shape[1]
    takings = times.sum(axis=1) + lost
    part = np.take_along_axis(times, top, axis=1) / takings[:, None]
    top, hits, best, part = (
        np.pad(one, ((0, 0), (0, lacking)), constant_values=fill)
        for one, fill in ((top, -1), (hits, 0), (best, 0), (part, 0))
    )
    relevant = wanted.sum(axis=1) + missed
    rarest = chance[chance > 0].min(initial=1.0)
    surprise = -np.log(np.maximum(chance, rarest))
    ndcg = ndcg_at(hits, relevant, RANKS)
    table = {
        "loss": 1.0 - ndcg,
        "ndcg": ndcg,
        "recall": recall_at(hits, relevant, RANKS),
        "reciprocal_rank": reciprocal_rank_at(hits, relevant, RANKS),
        "average_precision": average_precision_at(hits, relevant, RANKS),
        "hit": hits.any(axis=1).astype(float),
        "next_log_loss": ((times * surprise).sum(axis=1) - lost * np.log(rarest)) / takings,
        "relevant": relevant,
    }
    for rank in range(RANKS):
        table |= {
            f"item_{rank + 1}": top[:, rank],
            f"chance_{rank + 1}": best[:, rank],
            f"hit_{rank + 1}": hits[:, rank],
            f"part_{rank + 1}": part[:, rank],
        }
    return pd.DataFrame(table)


def judge_affinity(answers: Mapping[str, pd.DataFrame], config: AffinityConfig) -> dict[str, Judgement]:
    """Judge models by their lists.

    Parameters
    ----------
    answers : mapping of name to DataFrame
        From `answer_affinity`.
    config : AffinityConfig

    Returns
    -------
    dict of name -> Judgement
        Headline ``one_minus_ndcg_at_10``; ``ndcg_at_10, recall_at_10, mrr_at_10, map_at_10, hit_rate_at_10`` and
        ``next_log_loss`` (of the chance of each item taken) with 95 % intervals by the customers' standard error;
        ``ece_at_10``, the calibration error of the chances in the lists; ``catalogue_coverage_at_10``, the share of
        items that are in anybody's list.
    """
    _ = config
    return {name: Judgement(HEADLINE, _metrics(one)) for name, one in answers.items()}


def _metrics(answer: pd.DataFrame) -> list[Metric]:
    found = []
    for name, column in _MEANS.items():
        values = answer[column].to_numpy()
        mean, half = float(values.mean()), 1.96 * float(standard_error(values))
        found.append(Metric(name, mean, max(0.0, mean - half), mean + half))
    ranks = range(1, RANKS + 1)
    items, chance, part = (
        answer[[f"{word}_{rank}" for rank in ranks]].to_numpy() for word in ("item", "chance", "part")
    )
    listed = np.unique(items[items >= 0])
    found.append(Metric(f"catalogue_coverage_at_{RANKS}", len(listed) / float(answer["items"].iloc[0])))
    found.append(Metric(f"ece_at_{RANKS}", _calibration_error(chance, part)))
    return found


def _calibration_error(chance: np.ndarray, part: np.ndarray) -> float:
    """Each taking is the next one with the same chance: an entry counts as taken next by its share of the takings."""
    share = part.ravel()
    target = np.r_[np.ones(share.size), np.zeros(share.size)]
    twice = np.clip(np.r_[chance.ravel(), chance.ravel()], 0.0, 1.0)
    return float(expected_calibration_error(target, twice, weight=np.r_[share, 1.0 - share]))


def figures_affinity(trial: Trial) -> Iterator[Record]:
    """How well customers of short and of long histories are served, as a table."""
    import pandas as pd

    sizes = next(iter(trial.answers.values()))["history"].to_numpy()
    edges = [1, 2, 5, 10, 20, 50]
    band = np.digitize(sizes, edges)
    labels = [
        "none",
        *(f"{low} to {high - 1}" for low, high in pairwise(edges)),
        f"{edges[-1]} or more",
    ]
    rows: list[dict[str, object]] = []
    for place in np.unique(band):
        line: dict[str, object] = {"items known": labels[place], "customers": int((band == place).sum())}
        line |= {name: float(one["ndcg"].to_numpy()[band == place].mean()) for name, one in trial.answers.items()}
        rows.append(line)
    yield Table("ndcg_by_history", pd.DataFrame(rows))


def example_affinity(model: Model, _frame: pd.DataFrame) -> pd.DataFrame:
    """Customers who are none: all that is asked of an affinity is a key, and a key is somebody's."""
    import pandas as pd

    return pd.DataFrame({model.config.key: ["new customer 1", "new customer 2", "new customer 3"]})


def finish_affinity(trial: Trial, _frame: pd.DataFrame) -> Trial:
    """Count lists: what is judged is one for each customer, however many things of theirs were held out."""
    return replace(trial, rows={**trial.rows, "test": len(trial.answers[trial.model.method])})

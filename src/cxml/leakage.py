"""Find columns that know the answer: too good alone, or dated after the moment of prediction.

A leak makes the held-out verdict as wrong as the training one, so no split reveals it. What reveals it is a single
column that all but decides the target; or one that tells more than all the others together and rules the outcome out
over part of its range, as the length of a call does of what was sold in it: nobody buys in ten seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from cxml.additive.logistic import fit_ridge
from cxml.boosting import train_booster
from cxml.encoding import Column, Encoder, read_column
from cxml.errors import FrameError
from cxml.metrics import roc_auc

if TYPE_CHECKING:
    import pandas as pd

OnLeakage = Literal["warn", "drop", "raise"]

#: A column whose own out-of-fold ROC AUC reaches this is reported. Honest single columns of churn data stay under 0.9.
SUSPICIOUS_AUC = 0.98
#: A column of this ROC AUC is reported where it also beats all other columns together, by a standard error, ...
STRONG_AUC = 0.75
#: ... and where in groups that hold this share of the rows the outcome all but never, or all but always, happens: in
#: at most this part of the rows that usually would.
_DECIDED_SHARE, _ALL_BUT_NEVER = 0.05, 0.05
#: In groups where fewer are to be expected nothing can be told.
_LEAST_EXPECTED = 5.0
#: With fewer, the other columns are no yardstick.
_LEAST_OTHERS = 3
#: The other columns are tried out on so many rows at most, by so many trees.
_MOST_ROWS, _TREES, _RIDGE = 10_000, 60, 10.0
#: A column whose rank correlation with the duration reaches this is reported to a survival model.
SUSPICIOUS_CORRELATION = 0.8
_FOLDS = 5
_BINS = 32


def find_leaks(frame: pd.DataFrame, encoder: Encoder, target: np.ndarray, *, seed: int = 0) -> dict[str, str]:
    """Name the columns that alone all but decide the target, or that are dated after the as-of date.

    A column alone is judged by the ROC AUC of its out-of-fold target rates: its values are cut into at most 32
    groups of equal size (a category's levels are the groups, missing values are one of their own) and each row gets
    the rate of its group in the other four fifths of the rows. A column that is only filled once the
    outcome is known is found as well, because missing is a group. Three things can make it suspicious:

    - its ROC AUC is 0.98 or more;
    - it is 0.75 or more, by a standard error more than that of all other columns together (the better of boosted trees
      and a logistic regression, out of fold on 10,000 rows at most), and in groups that hold 5 % of the rows the
      outcome happens at most a twentieth as often as overall, or fails to. With fewer than three other columns
      nothing is said;
    - it holds dates after the as-of date.

    Parameters
    ----------
    frame : DataFrame
    encoder : Encoder
        Learned on `frame`.
    target : array of {0, 1}, shape (n_rows,)
    seed : int, default=0

    Returns
    -------
    dict of column name -> what was found, with its figure

    Examples
    --------
    >>> import pandas as pd
    >>> target = np.tile([0, 1], 100)
    >>> frame = pd.DataFrame({"closed": np.where(target, "yes", "no"), "age": np.arange(200) % 7})
    >>> columns = [Column("closed", "category", ("no", "yes")), Column("age", "number")]
    >>> find_leaks(frame, Encoder(columns), target)
    {'closed': 'alone it tells the target, ROC AUC 1.000'}
    """
    found: dict[str, str] = {}
    matrix = encoder.encode(frame)
    fold = np.random.default_rng(seed).permutation(len(target)) % _FOLDS
    strong: dict[int, tuple[np.ndarray, float]] = {}
    for place, column in enumerate(encoder.columns):
        groups = _groups(matrix[:, place], categorical=column.kind == "category")
        rates = _out_of_fold_rates(groups, target, fold)
        auc = roc_auc(target, rates)
        if auc >= SUSPICIOUS_AUC:
            found[column.name] = f"alone it tells the target, ROC AUC {auc:.3f}"
        elif auc >= STRONG_AUC and (decided := _decided_share(groups, target)) >= _DECIDED_SHARE:
            strong[place] = rates, decided
    others = [place for place, name in enumerate(encoder.names) if place not in strong and name not in found]
    if strong and len(others) >= _LEAST_OTHERS:
        beating = _above_the_others(matrix, target, fold, strong, others, encoder.level_counts)
        found.update({encoder.names[place]: what for place, what in beating.items()})
    if encoder.time is not None:
        found.update(_dated_after(frame, encoder))
    return found


def find_duration_leaks(frame: pd.DataFrame, encoder: Encoder, duration: np.ndarray) -> dict[str, str]:
    """Name the columns that tell the duration, as a total paid so far or a joining date does.

    Such a column is small because the duration is short, so a survival model reads from it what it should predict.
    It is found by the rank correlation (Spearman) with the duration, from 0.8 either way.

    Parameters
    ----------
    frame : DataFrame
    encoder : Encoder
        Learned on `frame`.
    duration : array of float, shape (n_rows,)

    Returns
    -------
    dict of column name -> what was found, with its figure

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"paid": np.arange(100.0) ** 2, "fee": np.arange(100) % 7})
    >>> encoder = Encoder([Column("paid", "number"), Column("fee", "number")])
    >>> find_duration_leaks(frame, encoder, np.arange(100.0))
    {'paid': 'it goes with the duration, rank correlation +1.00'}
    """
    from scipy.stats import spearmanr

    found: dict[str, str] = {}
    if len(np.unique(duration)) < 3:
        return found
    matrix = encoder.encode(frame)
    for place, column in enumerate(encoder.columns):
        known = ~np.isnan(matrix[:, place])
        values = matrix[known, place]
        if column.kind == "category" or len(np.unique(values)) < 3:
            continue
        correlation = float(spearmanr(values, duration[known]).statistic)
        if abs(correlation) >= SUSPICIOUS_CORRELATION:
            found[column.name] = f"it goes with the duration, rank correlation {correlation:+.2f}"
    return found


def settle_leaks(leaks: Mapping[str, str], on_leakage: OnLeakage) -> tuple[str, ...]:
    """Turn what was found into notes, or refuse.

    Returns
    -------
    tuple of str, one sentence a column

    Raises
    ------
    FrameError
        If anything was found and `on_leakage` is ``"raise"``.

    Examples
    --------
    >>> settle_leaks({"closed": "alone it tells the target, ROC AUC 1.000"}, "drop")
    ("Possible leakage in 'closed': alone it tells the target, ROC AUC 1.000. It was left out.",)
    >>> settle_leaks({"closed": "alone it tells the target, ROC AUC 1.000"}, "raise")
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Possible leakage in 'closed': alone it tells the target, ROC AUC 1.000. Columns must be \
known before the outcome is: drop them, or pass on_leakage="warn" if you are sure.
    """
    sentences = [f"Possible leakage in {name!r}: {what}." for name, what in leaks.items()]
    if sentences and on_leakage == "raise":
        raise FrameError(
            f"{' '.join(sentences)} Columns must be known before the outcome is: "
            'drop them, or pass on_leakage="warn" if you are sure.'
        )
    after = "It was left out." if on_leakage == "drop" else 'It was used; on_leakage="drop" leaves it out.'
    return tuple(f"{sentence} {after}" for sentence in sentences)


def _groups(values: np.ndarray, *, categorical: bool) -> np.ndarray:
    known = values[~np.isnan(values)]
    if categorical or not known.size:
        groups = values
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
        groups = np.searchsorted(edges, values).astype(float)
    numbered: np.ndarray = np.where(np.isnan(values), -1, groups).astype(int) + 1
    return numbered


def _out_of_fold_rates(groups: np.ndarray, target: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Rate of the row's group in the other folds, drawn towards the overall rate by one row's weight."""
    size = int(groups.max()) + 1
    rows = np.zeros((_FOLDS, size))
    ones = np.zeros((_FOLDS, size))
    np.add.at(rows, (fold, groups), 1.0)
    np.add.at(ones, (fold, groups), target)
    other_rows = rows.sum(axis=0) - rows
    other_ones = ones.sum(axis=0) - ones
    overall = target.mean()
    rates: np.ndarray = ((other_ones + overall) / (other_rows + 1.0))[fold, groups]
    return rates


def _decided_share(groups: np.ndarray, target: np.ndarray) -> float:
    """Share of the rows in groups where the outcome all but never happens, or all but always."""
    rows = np.bincount(groups)
    decided = np.zeros(len(rows), dtype=bool)
    for outcome in (target, 1 - target):
        expected = rows * outcome.mean()
        happened = np.bincount(groups, weights=outcome)
        decided |= (expected >= _LEAST_EXPECTED) & (happened <= _ALL_BUT_NEVER * expected)
    return float(rows[decided].sum() / len(groups))


def _above_the_others(
    matrix: np.ndarray,
    target: np.ndarray,
    fold: np.ndarray,
    strong: Mapping[int, tuple[np.ndarray, float]],
    others: list[int],
    counts: Mapping[int, int],
) -> dict[int, str]:
    """Which strong columns, each with its out-of-fold rates and decided share, beat the others by a standard error."""
    rows = np.argsort(fold, kind="stable")[:: -(-len(target) // _MOST_ROWS)]
    kept = np.array(others)
    of_others = {new: counts[place] for new, place in enumerate(others) if place in counts}
    labels = target[rows]
    together = _auc_of_others(matrix[np.ix_(rows, kept)], labels, of_others, fold[rows])
    error = float(np.sqrt(together * (1.0 - together) / np.bincount(labels, minlength=2).min()))
    found = {}
    for place, (rates, decided) in strong.items():
        auc = roc_auc(labels, rates[rows])
        if auc > together + error:
            found[place] = (
                f"alone it tells more than all other columns together, ROC AUC {auc:.3f} against {together:.3f}, and "
                f"all but decides the target in {decided:.0%} of the rows"
            )
    return found


def _auc_of_others(matrix: np.ndarray, target: np.ndarray, counts: Mapping[int, int], fold: np.ndarray) -> float:
    """Out-of-fold ROC AUC of some columns together, by the better of two quick models."""
    trees, linear = np.zeros(len(target)), np.zeros(len(target))
    settings = {"objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "num_threads": 1}
    for one in range(_FOLDS):
        seen, unseen = fold != one, fold == one
        booster = train_booster(matrix[seen], target[seen], params=settings, rounds=_TREES, categorical=list(counts))
        trees[unseen] = booster.predict(matrix[unseen])
        intercept, part = fit_ridge(matrix[seen], target[seen], counts, [_RIDGE])[0]
        linear[unseen] = intercept + part.total(matrix[unseen])
    return max(roc_auc(target, trees), roc_auc(target, linear))


def _dated_after(frame: pd.DataFrame, encoder: Encoder) -> dict[str, str]:
    moment = read_column(frame[encoder.time], Column(encoder.time or "", "date", dirty=True))
    found = {}
    for column in encoder.columns:
        if column.kind == "date":
            late = int((read_column(frame[column.name], column) > moment).sum())
            if late:
                found[column.name] = f"{late:,} of {len(frame):,} dates lie after the as-of date {encoder.time!r}"
    return found

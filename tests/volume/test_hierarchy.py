"""Totals are the sums of their parts, whatever is asked."""

import numpy as np
import pandas as pd
import pytest

from cxml import volume
from cxml.errors import FrameError
from cxml.volume.hierarchy import Hierarchy


def sums_of(answer, parts, column="contacts"):
    return answer[answer["unique_id"].isin(parts)].groupby("ds")[column].sum()


def of(answer, name, column="contacts"):
    return answer[answer["unique_id"] == name].set_index("ds")[column]


@pytest.mark.parametrize("point", ["mean", "median"])
def test_each_total_is_the_sum_of_its_parts(grouped, invented, point):
    answer = volume.predict(grouped, point=point)
    queues = invented(100, 4, freq="D", hours=None, level=90.0).queues
    members = {"total": queues["unique_id"].tolist()}
    for column in ("topic", "channel"):
        for name, part in queues.groupby(column):
            if len(part) < len(queues):
                members[f"{column}={name}"] = part["unique_id"].tolist()
    assert set(answer["unique_id"]) == {*members, *members["total"]}
    assert len(members) == 5
    for name, parts in members.items():
        pd.testing.assert_series_equal(of(answer, name), sums_of(answer, parts))
    for name in members:
        assert (of(answer, name, "contacts-lo-90") <= of(answer, name, "contacts-hi-90")).all()


def test_the_interval_of_a_total_is_narrower_than_the_sum_of_those_of_its_parts(grouped):
    answer = volume.predict(grouped)
    answer["width"] = answer["contacts-hi-90"] - answer["contacts-lo-90"]
    parts = [name for name in grouped.model.panel.keys if "/" in name]
    assert of(answer, "total", "width").sum() < sums_of(answer, parts, "width").sum()


def test_parts_that_end_and_begin_at_different_times(invented):
    made = invented(100, 3, freq="D", hours=None)
    frame = made.frame.merge(made.queues)
    one, two, three = frame["unique_id"].unique()
    ended = (frame["unique_id"] == two) & (frame["ds"] > "2024-04-02")
    begun = (frame["unique_id"] == three) & (frame["ds"] < "2024-02-01")
    model = volume.train(frame[~ended & ~begun], horizon=7, groups="channel", method="profile", track=False)
    answer = volume.predict(model)
    assert answer.groupby("unique_id")["ds"].agg(["min", "max"]).nunique().tolist() == [1, 1]
    pd.testing.assert_series_equal(of(answer, "total"), sums_of(answer, [one, two, three]))
    model.update(
        frame[(frame["unique_id"] == one) & (frame["ds"] == "2024-04-09")].assign(ds=pd.Timestamp("2024-04-10"))
    )
    answer = volume.predict(model)
    assert answer["ds"].min() == pd.Timestamp("2024-04-11")
    pd.testing.assert_series_equal(of(answer, "total"), sums_of(answer, [one, two, three]))


@pytest.mark.parametrize("method", ["profile", "boosted", "weekday_mean"])
def test_a_part_that_is_closed_adds_nothing(invented, method):
    frame = invented(100, 3, freq="D", hours=None, country=None).frame
    one, two, three = frame["unique_id"].unique()
    weekend = (frame["unique_id"] == two) & (frame["ds"].dt.dayofweek >= 5)
    model = volume.train(frame[~weekend], horizon="14D", groups="unique_id", method=method, track=False)
    answer = volume.predict(model)
    assert set(answer.loc[answer["unique_id"] == two, "ds"].dt.dayofweek) == {0, 1, 2, 3, 4}
    pd.testing.assert_series_equal(of(answer, "total"), sums_of(answer, [one, two, three]))


def test_the_history_of_a_total_and_its_verdict_are_those_of_the_sums(grouped, invented):
    frame = invented(100, 4, freq="D", hours=None, level=90.0).frame
    panel = grouped.model.panel
    np.testing.assert_allclose(panel.y[0, :, 0], frame.groupby("ds")["y"].sum())
    own = grouped.held_out
    wide = own.pivot(index="ds", columns="unique_id", values="contacts")
    parts = [name for name in panel.keys if "/" in name]
    np.testing.assert_allclose(wide["total"], wide[parts].sum(axis=1))


def test_a_total_is_driven_by_the_covariates_of_its_parts(invented):
    frame = invented(70, 3, freq="D", hours=None).frame.assign(promo=lambda rows: np.arange(len(rows)) % 3)
    model = volume.train(frame, horizon=7, groups="unique_id", method="profile", track=False)
    rows = model.future().assign(promo=2)
    total = rows[rows["unique_id"] == "total"]
    with pytest.raises(FrameError, match=r"The total 'total' must come with the rows of its parts"):
        volume.predict(model, total)
    answer = volume.predict(model, rows)
    pd.testing.assert_series_equal(of(answer, "total"), sums_of(answer, frame["unique_id"].unique()))


def test_reconciled_forecasts_by_hand():
    hierarchy = Hierarchy.learn(["a", "b"], {})
    assert hierarchy.names == ("total",)
    alike = hierarchy.projection(np.array([1.0, 1.0, 1.0]))
    told = np.array([12.0, 4.0, 5.0]).reshape(1, 3, 1, 1)  # three too few in the parts
    np.testing.assert_allclose(hierarchy.reconcile(told, alike).ravel(), [11.0, 5.0, 6.0])
    sure = hierarchy.projection(np.array([1.0, 1e-9, 1.0]))
    np.testing.assert_allclose(hierarchy.reconcile(told, sure).ravel(), [10.5, 4.0, 6.5], atol=1e-3)


def test_reconciled_forecasts_are_those_of_hierarchicalforecast():
    methods = pytest.importorskip("hierarchicalforecast.methods")
    hierarchy = Hierarchy.learn(["a", "b", "c"], {"channel": ["phone", "phone", "chat"]})
    told = np.array([30.0, 6.0, 20.0, 9.0, 8.0, 7.0])
    errors = np.array([3.0, 1.0, 2.0, 1.0, 0.5, 1.5])
    summing = np.concatenate([hierarchy.members.astype(float), np.eye(3)])
    fitted, actual = np.zeros((6, 50)), np.tile(errors[:, None], 50)
    peer = methods.MinTrace("wls_var")
    expected = peer.fit_predict(S=summing, y_hat=told[:, None], y_insample=actual, y_hat_insample=fitted)["mean"]
    found = hierarchy.reconcile(told.reshape(1, 6, 1, 1), hierarchy.projection(errors))
    np.testing.assert_allclose(found.ravel(), np.asarray(expected).ravel(), rtol=1e-6)


def test_a_series_without_a_group_is_refused(invented):
    frame = invented(70, 3, freq="D", hours=None).frame
    first = frame["unique_id"].iloc[0]
    topics = frame.assign(topic=frame["unique_id"].where(frame["unique_id"] != first))
    with pytest.raises(
        FrameError, match=rf"Each series must have a 'topic' - '{first}' has none in some row\. Fill it"
    ):
        volume.train(topics, horizon=7, groups="topic", method="weekday_mean", track=False)


def test_groups_are_the_same_as_numbers_and_as_text(invented):
    frame = invented(70, 3, freq="D", hours=None).frame
    mixed = frame.assign(line=[1 if row % 2 else "1" for row in range(len(frame))])
    model = volume.train(mixed, horizon=7, groups="line", method="weekday_mean", track=False)
    assert model.model.hierarchy.names == ("total",)

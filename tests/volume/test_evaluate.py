"""The verdict, accuracy as time goes by, and promotion."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

import cxml
from cxml import volume
from cxml.datasets import make_contacts
from cxml.errors import FrameError, PromotionRefused
from cxml.metrics import wape

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
    # Whether a font with Korean letters is installed is no matter of the verdict.
    pytest.mark.filterwarnings("ignore:A picture needs a font"),
]


class TestVerdict:
    def test_its_figures_are_those_of_its_answers(self, daily):
        own = daily.held_out
        y, told = own["y"].to_numpy(), own["contacts"].to_numpy()
        assert daily.metrics["holdout_wape"] == pytest.approx(wape(y, told))
        assert daily.metrics["holdout_mae"] == pytest.approx(np.abs(y - told).mean())
        assert daily.metrics["holdout_bias"] == pytest.approx((told - y).sum() / y.sum())
        inside = (own["contacts-lo-90"] <= own["y"]) & (own["y"] <= own["contacts-hi-90"])
        assert daily.metrics["holdout_coverage_90"] == pytest.approx(inside.mean())
        first = own[own["ahead"] == 1]
        assert daily.metrics["holdout_wape_ahead_01"] == pytest.approx(wape(first["y"], first["contacts"]))
        assert {"holdout_relative_mae", "holdout_crps", "holdout_width_90", "baseline_wape"} <= set(daily.metrics)

    def test_days_are_its_groups_and_no_row_is_asked_twice(self, hourly):
        own = hourly.held_out
        assert own["row"].is_unique
        assert own.groupby("group")["ds"].agg(lambda days: days.dt.normalize().nunique()).eq(1).all()
        assert (own["as_of"] <= own["ds"]).all()

    def test_its_steps_are_told(self, invented):
        steps = []
        model = volume.train(invented(63, freq="D", hours=None).frame, horizon=7, method="weekday_mean", track=False)
        type(model.model)(model.config).fit(invented(63, freq="D", hours=None).frame, steps.append)
        assert [step.split(" from ")[0] for step in steps] == [
            "forecasting the past with weekday_mean",
            "forecasting the past with seasonal_naive",
        ]


class TestAccuracy:
    def test_by_lead_time_from_forecasts_that_were_kept(self, invented):
        frame = invented(100, freq="D", hours=None).frame
        model = volume.train(frame.head(80), horizon=7, method="weekday_mean", track=False)
        kept = []
        for day in range(80, 93):
            kept.append(volume.predict(model, as_of=True))
            model.update(frame.iloc[[day]])
        table = volume.accuracy(pd.concat(kept), frame)
        assert table.index.tolist() == [1, 2, 3, 4, 5, 6, 7]
        assert (table["rows"] == 13).all()
        all_of = pd.concat(kept).merge(frame)
        third = all_of[(all_of["ds"] - all_of["as_of"]).dt.days == 2]
        assert table.loc[3, "wape"] == pytest.approx(wape(third["y"], third["contacts"]))
        assert table.loc[3, "bias"] == pytest.approx((third["contacts"] - third["y"]).sum() / third["y"].sum())
        with pytest.raises(FrameError, match="must share periods - they share none"):
            volume.accuracy(pd.concat(kept), frame.head(10))
        with pytest.raises(FrameError, match="needs the column 'calls'"):
            volume.accuracy(pd.concat(kept), frame, target="calls")

    def test_a_method_without_day_shapes_is_tracked_with_its_other_pictures(self, store, invented):
        model = volume.train(invented(40, freq="30min").frame, horizon="7D", method="seasonal_naive")
        files = {Path(one.path).name for one in MlflowClient().list_artifacts(model.run_id)}
        assert "forecast.png" in files
        assert "day_shape.png" not in files


class TestPromotion:
    def test_a_model_takes_the_alias_from_a_champion_that_was_judged_on_the_same_rows(self, store, invented):
        frame = invented(120, 3, freq="D", hours=None).frame
        words = {"horizon": 7, "country": "KR", "pictures": False}
        mean = volume.train(frame, method="weekday_mean", **words)
        profile = volume.train(frame, method="profile", **words)
        runs = cxml.compare("volume")
        assert runs["run"].iloc[0] == "volume/profile"
        assert (runs["role"] == "baseline").sum() == 3
        naive = volume.train(frame, method="seasonal_naive", **words)
        worse, better = sorted((mean, naive), key=lambda model: -model.metrics["holdout_mae"])
        with pytest.raises(PromotionRefused, match="must beat its baseline"):
            cxml.promote(worse)
        assert cxml.promote(better).against_champion is None
        found = cxml.promote(profile)
        assert found.uri == "models:/volume@champion"
        assert found.against_baseline.mean < 0
        assert found.against_champion.mean == pytest.approx(found.against_baseline.mean)
        assert found.against_champion.rows == len(profile.held_out)
        with pytest.raises(PromotionRefused, match=r"must beat volume@champion .*\+0\.0000"):
            cxml.promote(profile)
        later = volume.predict("models:/volume@champion")
        pd.testing.assert_frame_equal(later, volume.predict(profile))

    def test_rows_of_which_it_is_not_known_what_came_judge_nothing(self, store, invented):
        frame = invented(144, 4, freq="D", hours=None).frame
        days = frame["ds"].drop_duplicates().sort_values()
        past, later = frame[frame["ds"] < days.iloc[100]], frame[frame["ds"] >= days.iloc[100]].reset_index(drop=True)
        words = {"horizon": 30, "method": "profile", "pictures": False}
        cxml.promote(volume.train(past, **words), name="calls")
        model = volume.train(past, country="KR", **words)
        unknown = later["y"].astype(float).where(later.index % 10 > 0).mask(later.index % 10 == 1, -1.0)
        found = cxml.promote(model, name="calls", on=later.assign(y=unknown), tolerance=1e6)
        assert found.against_champion.rows == unknown.ge(0).sum() == 140
        assert np.isfinite(found.against_champion.mean)
        few = later.assign(y=later["y"].where((later.index % 2 > 0) | (later.index % 44 == 0)))
        with pytest.raises(FrameError, match=r"at least 100 rows whose outcome is known .* got 92\. Give more"):
            cxml.promote(model, name="calls", on=few, tolerance=1e6)

    def test_its_run_holds_pictures_tables_and_span(self, store, mlflow, invented):
        model = volume.train(invented(63, freq="h").frame, horizon=18, country="KR", method="profile")
        names = {one.path for one in mlflow.MlflowClient().list_artifacts(model.run_id)}
        assert names >= {"lead_times.csv", "hours.csv", "effects.csv", "verdict.csv", "card.md"}
        pictures = {one.path for one in mlflow.MlflowClient().list_artifacts(model.run_id) if one.path.endswith("png")}
        assert pictures >= {"lead_times.png", "intervals.png", "forecast.png", "day_shape.png", "effects.png"}


def test_a_simulated_centre_is_covered_as_promised_by_the_hour():
    made = make_contacts(126, freq="h", country=None, seed=8)
    model = volume.train(made.frame, horizon=18, method="profile", origins=14, track=False)
    own = model.held_out
    assert own["as_of"].nunique() >= 14
    inside = own["y"].between(own["contacts-lo-90"], own["contacts-hi-90"])
    assert 0.84 <= inside.mean() <= 0.96
    assert inside.groupby(own["ds"].dt.hour).mean().between(0.75, 1).all()

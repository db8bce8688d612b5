"""What a trained model forecasts, and how it takes in what comes."""

import numpy as np
import pandas as pd
import pytest

from cxml import volume
from cxml.datasets import make_contacts
from cxml.persistence import load_folder, save

PROFILE = {"method": "profile", "track": False}


def widths(answer, level):
    return answer[f"contacts-hi-{level}"] - answer[f"contacts-lo-{level}"]


class TestFuture:
    def test_closed_hours_weekends_and_holidays_are_never_forecast(self, hourly):
        rows = hourly.future("21D")
        assert set(rows["ds"].dt.dayofweek) == {0, 1, 2, 3, 4}
        assert set(rows["ds"].dt.hour) == set(range(9, 18))
        assert rows["ds"].min() == pd.Timestamp("2024-03-04 09:00")
        assert "hourly, 2024-01-02 to 2024-02-29; Mon-Fri 09:00-18:00, Sat-Sun closed." in " ".join(hourly.notes)

    def test_holidays_on_which_it_was_closed_are_closed_again(self, invented):
        made = invented(620, freq="D")  # to 2025-09-11: one Chuseok, none of 2025
        model = volume.train(made.frame, horizon=20, country="KR", method="weekday_mean", track=False)
        days = set(model.future("40D")["ds"].dt.strftime("%m-%d"))
        assert "10-02" in days
        # 3 October and Chuseok with its substitute day, 8 October, and Hangul Day
        assert not days & {"10-03", "10-06", "10-07", "10-08", "10-09"}
        assert "10-10" in days

    def test_periods_or_a_span(self, hourly, daily):
        assert len(hourly.future()) == 18
        assert len(hourly.future(5)) == 5
        assert hourly.future("1D")["ds"].max() == pd.Timestamp("2024-03-04 17:00") or len(hourly.future("1D")) == 0
        assert len(daily.future("7D")) == 5
        for rows in (hourly.future(), daily.future()):
            assert rows["ds"].is_monotonic_increasing

    def test_an_hour_that_summer_time_leaves_out_is_not_asked_for(self):
        hours = pd.date_range("2026-02-15", "2026-03-28 23:00", freq="h", tz="Europe/Berlin")
        frame = pd.DataFrame({"ds": hours, "y": 20 + hours.hour})
        model = volume.train(frame, horizon="3D", method="weekday_mean", track=False)
        rows = model.future()
        assert len(rows) == 71
        assert rows["ds"].diff().dropna().eq(pd.Timedelta("1h")).all()
        answer = volume.predict(model)
        at = answer.set_index("ds")["contacts"]
        assert at.loc["2026-03-29 03:00+02:00"] == 23
        assert at.loc["2026-03-30 02:00+02:00"] == 22
        assert str(answer["ds"].dt.tz) == "Europe/Berlin"
        again = frame.tail(24).assign(ds=lambda part: part["ds"] + pd.Timedelta("24h"))
        model.update(again)
        assert model.future(1)["ds"].iloc[0] > again["ds"].iloc[-1]


class TestAnswers:
    def test_are_whole_never_negative_and_wider_for_a_higher_level(self, invented):
        sparse = invented(100, 4, freq="D", hours=None, level=3.0).frame
        model = volume.train(sparse, horizon=14, **PROFILE)
        assert any("contacts are means, unless point='median'" in note for note in model.notes)
        answer = volume.predict(model, levels=[99, 50, 80, 90.5], point="median")
        names = [f"contacts-{side}-{level}" for level in ("99", "50", "80", "90.5") for side in ("lo", "hi")]
        assert list(answer.columns) == ["unique_id", "ds", "contacts", *names]
        numbers = answer.drop(columns=["unique_id", "ds"])
        assert (numbers >= 0).all().all()
        assert (numbers == numbers.round()).all().all()
        order = ["contacts-lo-99", "contacts-lo-90.5", "contacts-lo-80", "contacts-lo-50", "contacts"]
        order += ["contacts-hi-50", "contacts-hi-80", "contacts-hi-90.5", "contacts-hi-99"]
        assert (numbers[order].diff(axis=1).iloc[:, 1:] >= 0).all().all()
        assert (widths(answer, 99) > widths(answer, 50)).all()

    def test_in_the_order_and_under_the_index_of_the_rows_of_any_library(self, hourly):
        rows = hourly.future().sample(frac=1, random_state=1).set_axis(range(100, 118))
        answer = volume.predict(hourly, rows)
        assert answer.index.equals(rows.index)
        assert answer["ds"].equals(rows["ds"])
        whole = volume.predict(hourly)
        pd.testing.assert_frame_equal(answer.sort_values("ds").reset_index(drop=True), whole)
        polars = pytest.importorskip("polars")
        pd.testing.assert_frame_equal(
            volume.predict(hourly, polars.from_pandas(hourly.future())), whole, check_dtype=False
        )

    def test_polars_is_learned_from_and_taken_in(self, invented):
        polars = pytest.importorskip("polars")
        frame = invented(63, freq="D", hours=None).frame
        one = volume.train(frame.head(56), horizon=7, method="weekday_mean", track=False)
        other = volume.train(polars.from_pandas(frame.head(56)), horizon=7, method="weekday_mean", track=False)
        one.update(frame.tail(7))
        other.update(polars.from_pandas(frame.tail(7)))
        pd.testing.assert_frame_equal(volume.predict(one), volume.predict(other), check_dtype=False)

    def test_saved_and_loaded_it_knows_future_paths_and_effects(self, daily, tmp_path):
        again = load_folder(save(daily, tmp_path / "model"))
        pd.testing.assert_frame_equal(again.future(), daily.future())
        for ask in (volume.predict, lambda model: volume.sample_paths(model, n=3)):
            pd.testing.assert_frame_equal(ask(again), ask(daily), check_exact=True)
        pd.testing.assert_frame_equal(again.model.effects(0), daily.model.effects(0))
        assert again.notes == daily.notes

    def test_fit_utilsforecast(self, daily, invented):
        losses = pytest.importorskip("utilsforecast.losses")
        from utilsforecast.evaluation import evaluate
        from utilsforecast.plotting import plot_series

        later = make_contacts(830, freq="D").frame
        answer = volume.predict(daily, levels=[80, 90])
        both = answer.merge(later, on=["unique_id", "ds"])
        assert len(both) == 28
        table = evaluate(both, metrics=[losses.mae, losses.coverage], models=["contacts"], level=[90])
        expected = (both["y"] - both["contacts"]).abs().mean()
        assert table.set_index("metric").loc["mae", "contacts"] == pytest.approx(expected)
        assert plot_series(invented(760, freq="D").frame, answer, level=[90], max_insample_length=60) is not None


class TestCalendar:
    def test_seollal_is_learned_over_years_by_its_relative_days(self, invented):
        made = invented(760, freq="D", hours=None)  # to 2026-01-29; Seollal is 17 February 2026
        model = volume.train(made.frame, horizon=35, country="KR", events=made.events, **PROFILE)
        answer = volume.predict(model).set_index("ds")["contacts"]
        truth = make_contacts(800, freq="D", hours=None)
        rate = pd.Series(truth.expected, index=truth.frame["ds"])
        for day in ("2026-02-16", "2026-02-17", "2026-02-18"):
            assert rate[day] < 0.75 * rate[pd.Timestamp(day) - pd.Timedelta("14D")], "in spite of a promotion"
            assert answer[day] == pytest.approx(rate[day], rel=0.2)
        assert answer["2026-02-19"] == pytest.approx(rate["2026-02-19"], rel=0.25)
        assert answer["2026-02-19"] > 1.1 * answer["2026-02-26"]
        told = model.model.effects(0).set_index("effect")["percent"]
        assert told["seollal+0"] < 0 < told["seollal-3"]

    def test_an_event_seen_once_moves_the_forecast_in_part(self, invented):
        frame = invented(150, freq="D", hours=None, country=None).frame[["ds", "y"]]
        past, coming = ({"name": "sale", "start": day, "end": day} for day in ("2024-04-10", "2024-06-05"))
        loud = frame.assign(y=frame["y"].where(frame["ds"] != past["start"], frame["y"] * 2))
        with_sale, without = (
            volume.predict(volume.train(loud, horizon=14, events=events, **PROFILE)).set_index("ds")["contacts"]
            for events in ([past, coming], [past])
        )
        ratio = with_sale / without
        assert 1.1 < ratio["2024-06-05"] < 2.05
        assert ratio.drop(pd.date_range("2024-06-05", periods=3)).to_numpy() == pytest.approx(1)

    def test_an_event_never_seen_is_named_and_not_guessed(self, invented):
        frame = invented(100, freq="D", hours=None, country=None).frame[["ds", "y"]]
        moving = [{"name": "move", "start": "2024-04-15", "end": "2024-04-16"}]
        model = volume.train(frame, horizon=14, events=moving, **PROFILE)
        assert any("nothing is known of them: 'move'" in note for note in model.notes)
        answer = volume.predict(model)
        assert tuple(answer.attrs["unseen_events"]) == ("move",)
        plain = volume.predict(volume.train(frame, horizon=14, **PROFILE))
        np.testing.assert_array_equal(answer["contacts"], plain["contacts"])
        assert tuple(volume.predict(model, model.future(2)).attrs["unseen_events"]) == ()


class TestUpdates:
    def history(self, until, **more):
        frame = make_contacts(63, freq="h", **more).frame
        return frame[frame["ds"] < until]

    def test_the_morning_s_calls_move_the_rest_of_the_day(self):
        whole = self.history("2024-03-01")
        model = volume.train(whole, horizon=18, country="KR", **PROFILE)
        before = volume.predict(model).set_index("ds")["contacts"]
        morning = pd.DataFrame({"unique_id": "요금/전화", "ds": pd.date_range("2024-03-04 09:00", periods=3, freq="h")})
        morning["y"] = (before.loc[morning["ds"]].to_numpy() * 1.6).round()
        copy = morning.copy()
        model.update(morning)
        pd.testing.assert_frame_equal(morning, copy)
        after = volume.predict(model).set_index("ds")["contacts"]
        assert after.index[0] == pd.Timestamp("2024-03-04 12:00")
        rest = (after / before).loc["2024-03-04 12:00":"2024-03-04 17:00"]
        assert rest.mean() > 1.15
        assert (after / before).loc["2024-03-05"].mean() < rest.mean()

    @pytest.mark.parametrize("method", ["auto", "profile", "boosted", "weekday_mean"])
    @pytest.mark.parametrize("until", ["2024-02-29 12:00", "2024-02-29"])
    def test_an_updated_model_is_that_of_a_history_that_ends_there(self, method, until):
        settings = {"horizon": 18, "country": "KR", "method": method, "track": False}
        early, late = self.history("2024-02-27"), self.history(until)
        model, longer = volume.train(early, **settings), volume.train(late, **settings)
        longer.model.learned = model.model.learned  # the same settings; only the history differs
        model.update(late[late["ds"] >= "2024-02-27"])
        pd.testing.assert_frame_equal(model.future(), longer.future())
        pd.testing.assert_frame_equal(volume.predict(model), volume.predict(longer))

    def test_a_correction_replaces_what_was_known(self, invented):
        frame = invented(70, freq="D", hours=None).frame
        wrong = frame.assign(y=frame["y"].where(frame.index != 68, 10 * frame["y"]))
        settings = {"horizon": 7, "method": "seasonal_naive", "track": False}
        model, right = volume.train(wrong, **settings), volume.train(frame, **settings)
        right.model.learned = model.model.learned
        model.update(frame.iloc[[68]])
        pd.testing.assert_frame_equal(volume.predict(model), volume.predict(right))
        assert model.future()["ds"].min() == frame["ds"].max() + pd.Timedelta("1D")

    def test_covariates_come_with_the_rows(self, invented):
        frame = invented(100, freq="D", hours=None, country=None).frame.assign(
            promo=lambda rows: np.arange(len(rows)) % 3
        )
        frame["y"] += 300 * frame["promo"]
        model = volume.train(frame.head(93), horizon=7, **PROFILE)
        model.update(frame.tail(7))
        rows = model.future()
        low, high = (volume.predict(model, rows.assign(promo=promo))["contacts"] for promo in (0, 2))
        assert ((high - low) > 300).all()
        with pytest.raises(ValueError, match="needs the column 'promo'"):
            model.update(frame.tail(7).drop(columns="promo"))

    def test_what_cannot_be_taken_in_is_refused_and_changes_nothing(self, hourly):
        before = volume.predict(hourly)
        row = hourly.future(1).assign(y=5)
        for rows, told in (
            (row.assign(y=-1), "Contacts must be 0 or more - 1 rows hold fewer"),
            (row.assign(y="x"), "'y' must hold numbers - 1 of 1 rows do not, such as 'x'"),
            (row.assign(y=np.inf), "'y' must hold finite numbers - it holds infinity"),
            (row.assign(ds=pd.Timestamp("2024-03-04 09:07")), "must lie on the grid"),
            (row.assign(ds=pd.Timestamp("2023-03-04 09:00")), "must not lie before the history"),
            (row.drop(columns="y"), "needs the column 'y'"),
        ):
            with pytest.raises(ValueError, match=told):
                hourly.update(rows)
        pd.testing.assert_frame_equal(volume.predict(hourly), before)


class TestPaths:
    def test_days_hang_together_so_totals_spread_wider_than_independent_sums(self, hourly):
        paths = volume.sample_paths(hourly, n=600, seed=4)
        assert list(paths.columns[:3]) == ["unique_id", "ds", "path-1"]
        drawn = paths.filter(like="path-").to_numpy()
        assert (drawn >= 0).all()
        assert (drawn == drawn.round()).all()
        independent = np.sqrt(drawn.var(axis=1).sum())
        assert drawn.sum(axis=0).std() > 1.3 * independent
        again = volume.sample_paths(hourly, n=600, seed=4)
        pd.testing.assert_frame_equal(again, paths)
        assert not volume.sample_paths(hourly, n=600, seed=5).equals(paths)

    def test_have_the_margins_of_the_intervals(self, hourly):
        drawn = volume.sample_paths(hourly, n=2000, seed=1).filter(like="path-").to_numpy()
        answer = volume.predict(hourly, levels=[80])
        inside = (drawn >= answer[["contacts-lo-80"]].to_numpy()) & (drawn <= answer[["contacts-hi-80"]].to_numpy())
        assert inside.mean() == pytest.approx(0.8, abs=0.04)

    def test_of_totals_are_the_sums_of_their_parts(self, grouped):
        paths = volume.sample_paths(grouped, n=5).set_index(["unique_id", "ds"])
        parts = [key for key in grouped.model.panel.keys if "/" in key]
        sums = paths.loc[parts].groupby("ds").sum()
        np.testing.assert_allclose(paths.loc["total"], sums)


def test_intervals_hold_what_they_promise_over_a_long_time(daily):
    metrics = daily.metrics
    assert 0.84 <= metrics["holdout_coverage_90"] <= 0.96
    own = daily.held_out
    for level, low, high in ((50, 0.40, 0.62), (80, 0.72, 0.88)):
        inside = own["y"].between(own[f"contacts-lo-{level}"], own[f"contacts-hi-{level}"])
        assert low < inside.mean() < high
    assert metrics["holdout_wape"] < 0.7 * metrics["baseline_wape"]

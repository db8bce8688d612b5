"""What a history must be: each refusal and each note, by its words."""

import numpy as np
import pandas as pd
import pytest

from cxml import volume
from cxml.datasets import make_contacts
from cxml.errors import ConfigError, FrameError

HORIZON = {"horizon": 7, "method": "weekday_mean", "track": False}


@pytest.fixture
def days(invented):
    """Ten weeks of one queue that never closes."""
    return invented(70, freq="D", hours=None).frame[["ds", "y"]].copy()


@pytest.fixture
def hours(invented):
    return invented(35, freq="h", hours=("09:00", "18:00"), country=None).frame[["ds", "y"]].copy()


def refused(frame, match, error=FrameError, **settings):
    with pytest.raises(error, match=match):
        volume.train(frame, **{**HORIZON, **settings})


def notes(frame, **settings):
    return " ".join(volume.train(frame, **{**HORIZON, **settings}).notes)


class TestPeriods:
    def test_gaps_are_named_with_the_fix(self, days, hours):
        told = r"1 of \d+ in 'ds' are absent: b 2024-01-31.* Add them; or pass gaps='zero'.* gaps='missing'"
        frame = pd.concat([days.assign(unique_id=one) for one in "ab"])
        refused(frame[(frame["unique_id"] == "a") | (frame["ds"] != "2024-01-31")], told)
        gone = hours["ds"] != "2024-01-10 11:00"
        refused(hours[gone], "are absent: 2024-01-10 11:00")
        assert "1 absent rows were counted as no contacts" in notes(hours[gone], gaps="zero")
        assert "1 absent rows were taken as unknown" in notes(hours[gone], gaps="missing")

    def test_repeated_periods_are_named_with_the_fix(self, days):
        twice = pd.concat([days, days.iloc[[3, 9]]])
        refused(
            twice, r"4 of 72 rows repeat one: 2024-01-04 .*2024-01-10.*groupby\('ds'\)\.sum\(\), or name the column"
        )
        keyed = twice.assign(queue="sales")
        refused(keyed, r"repeat one: sales 2024-01-04.*groupby\(\['queue', 'ds'\]\)", key="queue")

    def test_a_frequency_that_changes_or_differs_between_series(self, days, hours):
        weekly = pd.DataFrame({"ds": pd.date_range("2023-01-02", periods=52, freq="7D"), "y": 700})
        refused(pd.concat([weekly, days]), "period must be the same throughout - 'ds' is weekly around 2023-01-02")
        halves = make_contacts(35, freq="30min", country=None).frame.assign(unique_id="b")
        both = pd.concat([hours.assign(unique_id="a"), halves])
        refused(both, r"steps by 30 min, but for a by 60 min.*Sum all to the longer one")
        refused(pd.concat([days.head(30), hours.tail(90)]), "'ds'")

    def test_times_on_no_grid(self, hours):
        odd = hours.assign(ds=hours["ds"] + pd.to_timedelta(np.arange(len(hours)) % 7, "min"))
        refused(odd, "'ds'")
        refused(hours.assign(ds=range(len(hours))), "'ds' holds numbers such as 0. Turn them into dates")
        refused(hours.assign(ds="soon"), r"Times must be dates or times such as .*'soon'")

    def test_time_zones_that_are_mixed(self, days):
        here, there = (days["ds"].dt.tz_localize(zone) for zone in ("Asia/Seoul", "UTC"))
        mixed = pd.concat([here.head(35).astype(object), there.tail(35).astype(object)])
        refused(days.assign(ds=mixed.to_numpy()), "zone")
        model = volume.train(days.assign(ds=here), **HORIZON)
        assert str(model.future()["ds"].dt.tz) == "Asia/Seoul"
        with pytest.raises(FrameError, match=r"must all have one time zone - 'ds' has none, the history Asia/Seoul"):
            volume.predict(model, model.future().assign(ds=lambda rows: rows["ds"].dt.tz_localize(None)))
        with pytest.raises(FrameError, match=r"'ds' has UTC, the history Asia/Seoul.*tz_convert\('Asia/Seoul'\)"):
            model.update(pd.DataFrame({"ds": pd.date_range("2024-03-11", periods=1, tz="UTC"), "y": 5}))


class TestContacts:
    def test_negative_and_fractional_ones_are_said_with_what_follows(self, days):
        odd = days.assign(y=days["y"].where(days.index != 30, -5))
        assert "1 negative values of 'y' were taken as unknown." in notes(odd)
        model = volume.train(days.assign(y=days["y"] + 0.25), **HORIZON)
        assert "'y' holds fractions: intervals are not whole numbers either." in " ".join(model.notes)
        low = volume.predict(model)["contacts-lo-90"]
        assert (low != low.round()).any()

    def test_text_and_infinity(self, days):
        refused(
            days.assign(y=days["y"].astype(object).where(days.index != 5, "many")),
            r"1 of 70 rows do not, such as 'many'",
        )
        refused(days.assign(y=days["y"].astype(float).where(days.index != 5, np.inf)), "must hold finite numbers")
        refused(days.assign(y=np.nan), "'y' must hold contacts - all of its 70 rows are empty")
        assert np.isfinite(volume.predict(volume.train(days.astype({"y": str}), **HORIZON))["contacts"]).all()

    def test_series_of_zeros(self, days):
        refused(days.assign(y=0), r"A history must hold contacts - all are 0. Check the column")
        quiet = pd.concat([days.assign(unique_id="busy"), days.assign(unique_id="quiet", y=0)])
        for method in ("auto", "profile", "boosted", "weekday_mean"):
            model = volume.train(quiet, **{**HORIZON, "method": method})
            assert "1 series hold nothing but 0 and are forecast as 0: 'quiet'." in model.notes
            told = volume.predict(model).set_index("unique_id").loc["quiet"]
            assert (told[["contacts", "contacts-lo-90"]] == 0).all().all()
            assert (told["contacts-hi-90"] <= 2).all()

    def test_short_series_and_series_that_ended(self, days):
        parts = {"long": days, "short": days.tail(20), "ended": days.head(60)}
        frame = pd.concat([part.assign(unique_id=name) for name, part in parts.items()])
        told = notes(frame)
        assert "1 series are less than half as long as the longest" in told
        assert "1 series end before the others and are forecast from there: 'ended'." in told
        assert "from the end of the others, as their totals are: 'ended'" in notes(frame, groups="unique_id")


class TestLength:
    def test_a_horizon_longer_than_the_history_allows(self, days):
        told = r"two seasons and the horizon after them, 14 \+ 63 days - the longest series holds 70.* at most 56 days"
        refused(days, told, horizon=63)
        assert volume.train(days, **{**HORIZON, "horizon": 56}).verdict

    def test_fewer_than_two_seasons(self, days):
        refused(days.head(13), r"14 \+ 7 days - the longest series holds 13. Give a longer history\.$")
        months = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=20, freq="MS"), "y": 5})
        refused(months, r"two seasons and the horizon after them, 24 \+ 3 months", horizon=3)
        refused(days.head(0), "no rows|at least one row")
        refused(days.head(1), "at least two times")

    def test_rows_beyond_the_horizon_and_before_the_end(self, days):
        model = volume.train(days, **HORIZON)
        far = pd.DataFrame({"ds": pd.date_range("2024-05-01", periods=2)})
        with pytest.raises(FrameError, match=r"within the horizon, 7 days .* 2 of 2 lie further.*update the model"):
            volume.predict(model, far)
        with pytest.raises(FrameError, match=r"must lie after the history - 1 of 1 do not, such as 2024-03-10"):
            volume.predict(model, days.tail(1))


class TestColumns:
    def test_a_column_that_is_absent(self, days):
        refused(days.rename(columns={"y": "calls"}), "Training volume needs the column 'y'")
        refused(days, "Training volume needs the column 'queue'", key="queue")
        refused(days, "needs the column 'promo'", covariates="promo")

    def test_covariates_are_named_and_asked_for(self, days):
        frame = days.assign(reservations=range(70), remark="x", plan=pd.array([1, None] * 35, dtype="Int64"))
        model = volume.train(frame, **HORIZON)
        told = " ".join(model.notes)
        assert "Covariates, to be known ahead for each row to forecast: 'reservations', 'plan'." in told
        assert "Columns that are no numbers are not used: 'remark'." in told
        assert "The covariate 'plan' is not known for 35 of 70 rows" in told
        rows = model.future()
        assert rows[["reservations", "plan"]].isna().all().all()
        with pytest.raises(FrameError, match=r"The covariate 'reservations' must be known for each row - 7 of 7"):
            volume.predict(model, rows)
        with pytest.raises(FrameError, match=r"needs the column 'plan'.*Fill the rows that model.future"):
            volume.predict(model, rows.drop(columns="plan"))
        with pytest.raises(FrameError, match=r"what the covariates 'reservations', 'plan' will be - got no rows"):
            volume.predict(model)
        with pytest.raises(FrameError, match=r"'plan' must hold numbers - 7 of 7 rows do not, such as 'two'"):
            volume.predict(model, rows.assign(reservations=1, plan="two"))
        assert len(volume.predict(model, rows.assign(reservations=1, plan=2))) == 7
        refused(days.assign(promo=np.nan), "'promo' must be known - all of its rows are empty")

    def test_a_series_that_was_never_learned(self, days):
        model = volume.train(days.assign(unique_id="a"), **HORIZON)
        with pytest.raises(FrameError, match=r"a series that the model has learned - 1 are not: 'b'"):
            volume.predict(model, model.future().assign(unique_id="b"))
        with pytest.raises(FrameError, match=r"a series that the model has learned - 1 are not: 'b'"):
            model.update(model.future().assign(unique_id="b", y=1))
        refused(days.assign(unique_id=None), "no 'unique_id'")

    def test_groups(self, days):
        refused(
            days.assign(channel="x"), "groups= needs several series - the history is one", ConfigError, groups="channel"
        )
        frame = pd.concat([days.assign(unique_id=one, channel=one) for one in ("total", "b")])
        refused(frame, "makes totals called 'total', and series are called so too", ConfigError, groups="channel")
        several = days.assign(unique_id="a", channel=["x", "y"] * 35)
        refused(several, r"Each series must have one 'channel' - 'a' has several: x, y", groups="channel")


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"country": "Korea"}, "country must be an ISO code that the holidays package knows - got 'Korea'"),
            ({"country": "ZZ"}, "got 'ZZ'"),
            ({"country": "KR", "subdivision": "XX"}, "XX"),
            ({"horizon": 0}, "horizon must be a number of periods from 1 up"),
            ({"horizon": "soon"}, "horizon must be .* got 'soon'"),
            ({"horizon": "-3D"}, "got '-3D'"),
            ({"horizon": True}, "got True"),
            ({"gaps": "drop"}, "gaps must be one of 'raise', 'missing', 'zero' - got 'drop'"),
            ({"point": "mode"}, "point must be one of 'mean', 'median', None - got 'mode'"),
            ({"origins": 0}, "origins must be a whole number from 1 up"),
            ({"seed": -1}, "seed must be a whole number from 0 up"),
            ({"horizn": 7}, "Did you mean 'horizon'"),
            ({"method": "profil"}, "Did you mean 'volume/profile'"),
        ],
    )
    def test_are_refused_by_name(self, days, settings, told):
        refused(days, told, ConfigError, **settings)

    def test_events_are_read_and_kept_as_plain_values(self, days):
        events = pd.DataFrame({"name": ["sale"], "start": ["2024-02-01"], "end": [pd.Timestamp("2024-02-02")]})
        config = volume.VolumeConfig(horizon=3, events=events)
        assert config.events == ({"name": "sale", "start": "2024-02-01", "end": "2024-02-02", "size": 1.0},)
        assert volume.VolumeConfig(horizon=3, events=config.events) == config
        assert volume.VolumeConfig(horizon=3, events=events.head(0)).events == ()
        refused(days, "start", events=pd.DataFrame({"name": ["sale"]}))

    @pytest.mark.parametrize("levels", [0, 100, 120, -5, [80, 200]])
    def test_levels_and_paths(self, days, levels):
        model = volume.train(days, **HORIZON)
        with pytest.raises(ConfigError, match="levels must be percentages between 0 and 100"):
            volume.predict(model, levels=levels)
        with pytest.raises(ConfigError, match="n must be a whole number of paths"):
            volume.sample_paths(model, n=0)
        with pytest.raises(ConfigError, match="point must be 'mean' or 'median'"):
            volume.predict(model, point="mode")

    def test_a_model_of_another_family(self, trained):
        for ask in (
            lambda: volume.predict(trained("churn/logistic")),
            lambda: volume.sample_paths(trained("churn/logistic")),
        ):
            with pytest.raises(FrameError, match=r"volume\.predict needs a model of its family"):
                ask()


@pytest.mark.parametrize(("method", "most"), [("profile", 0.06), ("auto", 0.12)])
def test_an_outage_bends_no_week_that_follows_and_is_listed(invented, method, most):
    frame = invented(250, freq="D", hours=None).frame
    day = pd.Timestamp("2024-09-04")  # two days before the forecast begins
    out = frame.assign(y=frame["y"].where(frame["ds"] != day, 5))
    plain, bent = (volume.train(one, horizon=14, method=method, track=False) for one in (frame, out))
    found, expected = (volume.predict(one) for one in (bent, plain))
    gap = (found["contacts"] - expected["contacts"]).abs()
    assert gap.sum() < 0.03 * expected["contacts"].sum()
    assert (gap < most * expected["contacts"]).all()
    told = "days lay far from what was expected, and were kept from bending what follows: 요금/전화 2024-09-04"
    assert any(told in note for note in bent.notes)
    assert not any("2024-09-04" in note for note in plain.notes)

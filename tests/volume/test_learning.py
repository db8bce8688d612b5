"""The verdict is honest: no forecast of the past, nor its interval, hangs on what came after its origin."""

import numpy as np
import pandas as pd
import pytest

from cxml import registry
from cxml.contract import build_config
from cxml.datasets import make_contacts
from cxml.volume import learning
from cxml.volume.blend import Blend, bucket_of, lead_edges, mix
from cxml.volume.choosing import prequential, weights_from_errors
from cxml.volume.evaluate import answers_of, judged_origins
from cxml.volume.family import FAMILY
from cxml.volume.learning import choose_window
from cxml.volume.windows import Window

KOREA = {"country": "KR"}


def fit(frame, method, **settings):
    kind = registry.model_class(f"volume/{method}")
    checked, config, _ = FAMILY.check(frame, build_config(kind.Config, settings))
    return kind(config).fit(checked)


def one_queue(days=120):
    return make_contacts(days, freq="D").frame


def uneven(days=110):
    """Three queues of which one begins later and one ends earlier."""
    made = make_contacts(days, 3, freq="D", hours=None)
    frame = made.frame.merge(made.queues, on="unique_id")
    _, late, early = frame["unique_id"].unique()
    begins, ends = frame["ds"].min() + pd.Timedelta("40D"), frame["ds"].max() - pd.Timedelta("9D")
    ids = frame["unique_id"]
    return frame[~((ids == late) & (frame["ds"] < begins)) & ~((ids == early) & (frame["ds"] > ends))]


def driven(days=120):
    return one_queue(days).assign(bookings=lambda frame: np.arange(len(frame)) * 7 % 11)


def morning(days=35):
    """Half hours that end at ten: each origin lies within a day."""
    frame = make_contacts(days, hours=("08:00", "20:00")).frame
    last = frame["ds"].max().normalize() + pd.Timedelta("10h")
    return frame[frame["ds"] < last]


CASES = {
    "one": (one_queue, {"horizon": 5, **KOREA}),
    "uneven": (uneven, {"horizon": 7, "covariates": ()}),
    "groups": (uneven, {"horizon": 7, "covariates": (), "groups": ("topic",)}),
    "driven": (driven, {"horizon": 5, **KOREA}),
    "morning": (morning, {"horizon": "5D"}),
    "hardly enough": (lambda: make_contacts(35, freq="D", hours=None).frame, {"horizon": 14}),
    "one origin": (lambda: make_contacts(35, freq="D", hours=None).frame, {"horizon": 20}),
}


@pytest.mark.parametrize(
    ("method", "case"),
    [
        *(("auto", case) for case in CASES if case != "uneven"),
        *(("profile", case) for case in ("one", "uneven", "morning")),
        *(("boosted", case) for case in ("one", "uneven", "groups")),
        *(("weekday_mean", case) for case in ("uneven", "morning")),
    ],
)
def test_what_comes_after_an_origin_changes_nothing_that_was_forecast_from_it(case, method):
    make, settings = CASES[case]
    frame = make()
    model = fit(frame, method, **settings)
    window = model.backtest.window
    origins = judged_origins(model.backtest, model.config.origins)
    k = int(origins[0])
    totals = len(model.hierarchy.names) if model.hierarchy else 0
    cut = {
        model.panel.keys[s]: model.panel.clock.times(model.panel.first + window.rows[k, [s]], window.slots[k, [s]])[0]
        for s in range(totals, len(model.panel.keys))
    }
    after = (frame["ds"] >= frame["unique_id"].map(cut)).to_numpy()
    assert 0 < after.sum() < len(frame)
    random = np.random.default_rng(3)
    odd = frame.assign(y=frame["y"].to_numpy().copy())
    odd.loc[after, "y"] = random.permutation(odd.loc[after, "y"]) * random.integers(1, 9, after.sum()) + 3
    other = fit(odd, method, **settings)
    np.testing.assert_array_equal(other.backtest.window.rows, window.rows)
    for name, told in model.backtest.forecasts.items():
        np.testing.assert_allclose(other.backtest.forecasts[name][: k + 1], told[: k + 1], rtol=1e-9, err_msg=name)
    one, two = (answers_of(each, each.backtest, origins) for each in (model, other))
    assert set(one) == {method, "seasonal_naive", "weekday_mean"}
    for name in one:
        origin = {**dict.fromkeys(model.panel.keys, max(cut.values())), **cut}
        first = one[name]["as_of"] <= one[name]["unique_id"].map(origin)
        assert first.any()
        columns = ["row", "as_of", *(column for column in one[name] if column.startswith("contacts"))]
        later = two[name].set_index("row")[columns[1:]]
        told = one[name].loc[first, columns].set_index("row")
        pd.testing.assert_frame_equal(later.loc[told.index], told, rtol=1e-9)
    changed = [name for name in one if not np.allclose(one[name]["y"], two[name]["y"])]
    assert changed == list(one)


def test_settings_of_many_series_are_chosen_by_the_first_origins():
    frame = make_contacts(56, 97, freq="D", hours=None).frame
    model = fit(frame, "profile", horizon=7)
    k = int(judged_origins(model.backtest, 6)[0])
    cut = model.panel.clock.times(model.panel.first + model.backtest.window.rows[k, :1], np.zeros(1, dtype=int))[0]
    odd = frame.assign(y=frame["y"].where(frame["ds"] < cut, frame["y"].to_numpy()[::-1]))
    other = fit(odd, "profile", horizon=7)
    found, same = other.backtest.forecasts["blend"], model.backtest.forecasts["blend"]
    np.testing.assert_allclose(found[: k + 1], same[: k + 1], rtol=1e-9)
    assert not np.allclose(found[-1], same[-1])


def test_origins_do_not_overlap_and_look_back_a_year_at_most():
    model = fit(one_queue(), "weekday_mean", horizon=5)
    window = model.backtest.window
    origins = judged_origins(model.backtest, 6)
    starts = window.rows[origins, 0]
    assert (np.diff(starts) >= window.horizon).all()
    assert starts[-1] + window.horizon == model.panel.y.shape[1]
    wide = choose_window(fit(make_contacts(800, freq="D", hours=None).frame, "weekday_mean", horizon=28).panel, 28)
    assert wide.rows.max() - wide.rows.min() <= 366


@pytest.mark.parametrize("hours", [None, ("09:00", "18:00")])
@pytest.mark.parametrize("days", [196, 246, 800])
def test_of_a_short_horizon_enough_rows_are_judged_for_promotion(days, hours):
    made = make_contacts(days, freq="D", hours=hours, country=None)
    model = fit(made.frame, "weekday_mean", horizon=1)
    origins = judged_origins(model.backtest, model.config.origins)
    judged = answers_of(model, model.backtest, origins)["weekday_mean"]
    assert 100 <= len(judged) <= 130
    assert judged["row"].is_unique


def test_the_first_judged_origin_knows_what_came_after_those_that_chose():
    panel = fit(one_queue(), "weekday_mean", horizon=5).panel
    for horizon in (1, 2, 5, 14, 30):
        window = choose_window(panel, horizon)
        assert window.early <= max(0, window.first_judged - window.lag + 1)
        assert 0 <= window.first_judged < len(window.rows)
        if window.early:
            assert window.rows[window.early - 1, 0] + horizon <= window.rows[window.first_judged, 0]


def test_weights_of_settings():
    errors, sizes = np.array([[1.0, 9.0], [2.0, 10.0]]), np.array([10.0, 100.0])
    found = weights_from_errors(errors, sizes)
    np.testing.assert_allclose(found.sum(axis=0), 1)
    assert (found[0] > 0.9).all()
    alike = weights_from_errors(np.ones((90, 2)), sizes)
    np.testing.assert_allclose(alike, 1 / 90, err_msg="many that do alike share the weight")
    exact = weights_from_errors(np.array([[0.0], [1.0]]), np.array([10.0]))
    np.testing.assert_allclose(exact[:, 0], [1, 0])
    nothing = weights_from_errors(np.zeros((4, 2)), np.zeros(2))
    np.testing.assert_allclose(nothing, 0.25)


def test_weights_at_an_origin_are_of_the_errors_known_then():
    errors = np.array([[[1.0], [2.0]], [[9.0], [1.0]], [[9.0], [1.0]]])
    found = prequential(errors, np.full((3, 1), 10.0), lag=2, first=np.array([1.0, 1.0]))
    np.testing.assert_allclose(found[:2, :, 0], 0.5)
    assert found[2, 0, 0] > 0.9
    assert found[3, 1, 0] > 0.9


def test_a_forecast_that_is_absent_leaves_its_weight_to_the_others():
    one, two = np.array([[[[np.nan, 4.0]]]]), np.array([[[[2.0, 8.0]]]])
    blend = Blend(("a", "b"), (0,), np.array([[[0.25], [0.75]]]))
    assert blend.apply({"a": one, "b": two}).ravel().tolist() == [2.0, 7.0]
    assert mix([one, two], np.array([1.0, 0.0])).ravel().tolist() == [2.0, 4.0]


def test_lead_times_of_which_little_is_known_share_their_weights():
    seen = np.ones((20, 1, 14, 1))
    assert lead_edges(14, 7, seen) == (0, 1, 7)
    assert lead_edges(14, 7, seen[:3]) == (0, 7)
    assert lead_edges(1, 7, seen[:3]) == (0,)
    assert bucket_of((0, 1, 7), 9).tolist() == [0, 1, 1, 1, 1, 1, 1, 2, 2]


def test_where_trees_cannot_be_learned_a_baseline_answers():
    model = fit(make_contacts(40, freq="D", hours=None).frame, "boosted", horizon=7)
    naive = fit(make_contacts(40, freq="D", hours=None).frame, "weekday_mean", horizon=7)
    assert model.notes[0] == "Where there was too little for boosted to learn from, weekday_mean answers."
    told, usual = model.backtest.forecasts["blend"], naive.backtest.forecasts["blend"]
    np.testing.assert_array_equal(told, usual)
    assert np.isfinite(model.forecast()["contacts"]).all()


class Silent:
    """Can say nothing of the earlier origins, nor of what comes."""

    @classmethod
    def learn(cls, panel, ahead, window):
        told = np.where(window.asked(panel.y.shape[2]), 50.0, np.nan)
        told[: len(told) // 2] = np.nan
        return cls(), told

    def forecast(self, panel, window):
        return np.full((*window.rows.shape, window.length, panel.y.shape[2]), np.nan)

    def parts(self):
        return {}


def test_a_baseline_answers_for_any_forecast_that_can_say_nothing(monkeypatch):
    monkeypatch.setitem(learning.COMPONENTS, "profile", Silent)
    frame = make_contacts(60, freq="D", hours=None).frame
    naive = fit(frame, "weekday_mean", horizon=7)
    model = fit(frame, "profile", horizon=7)
    assert model.notes[0] == "Where there was too little for profile to learn from, weekday_mean answers."
    told, usual = model.backtest.forecasts["blend"], naive.backtest.forecasts["blend"]
    early = len(told) // 2
    np.testing.assert_array_equal(told[:early], usual[:early])
    assert np.nanmax(told[early:]) == 50.0
    window = Window.at_ends(model.panel, 7)
    later = model.learned.forecast(model.panel, window, None)
    np.testing.assert_array_equal(later, naive.learned.forecast(naive.panel, window, None))


def test_a_blend_that_gave_way_still_has_one_to_stand_in(monkeypatch):
    days = pd.date_range("2025-01-06", periods=140)
    weeks = np.random.default_rng(0).poisson(100, (20, 7))
    repeated = pd.DataFrame({"ds": days, "y": np.repeat(weeks[::4], 4, axis=0)[:20].ravel()})
    blend = fit(repeated, "auto", horizon=7).learned.blend
    assert len(set(blend.names)) == len(blend.names)
    assert "weekday_mean" in blend.names
    np.testing.assert_allclose(blend.weights.sum(axis=1), 1)


def test_it_gives_way_to_a_baseline_that_it_does_not_beat_and_says_so():
    days = pd.date_range("2025-01-06", periods=140)
    noise = np.random.default_rng(0).poisson(100, (20, 7))
    repeated = np.repeat(noise[::4], 4, axis=0)[: len(days) // 7]
    model = fit(pd.DataFrame({"ds": days, "y": repeated.ravel()}), "auto", horizon=7)
    assert any("ahead: nothing beat seasonal_naive, so it answers." in note for note in model.notes)
    assert "seasonal_naive" in model.learned.blend.names

"""Pictures of forecasts: what they hold, what they leave alone, and what they refuse."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from cxml.plots import plot_day_shape, plot_effects, plot_fan, plot_interval_calibration, plot_lead_times

RNG = np.random.default_rng(0)


def rows(times, *, levels=(), actual=True):
    """Rows with a forecast of 100 and bands around it."""
    frame = pd.DataFrame({"ds": times, "contacts": 100.0})
    if actual:
        frame["y"] = RNG.poisson(100, len(times))
    for level in levels:
        frame[f"contacts-lo-{level}"], frame[f"contacts-hi-{level}"] = 100.0 - level / 4, 100.0 + level / 3
    return frame


DAYS = pd.date_range("2026-03-02", periods=60)
OFFICE = pd.DatetimeIndex([time for time in pd.date_range("2026-03-02", periods=480, freq="h") if 9 <= time.hour < 18])
PAST, AHEAD = rows(DAYS[:46]), rows(DAYS[46:], levels=(50, 90), actual=False)

PICTURES = {
    "fan": lambda **k: plot_fan(PAST, AHEAD, **k),
    "office fan": lambda **k: plot_fan(rows(OFFICE[:90]), rows(OFFICE[90:135], levels=(90,)), **k),
    "leads": lambda **k: plot_lead_times([1, 2, 3], {"model": [0.05, 0.06, 0.07], "naive": [0.1, 0.1, np.nan]}, **k),
    "calibration": lambda **k: plot_interval_calibration([50, 90], {"model": [0.48, 0.91]}, **k),
    "shape": lambda **k: plot_day_shape([540, 570, 600], {"Monday": [0.3, 0.4, 0.3], "Friday": [0.4, 0.3, 0.3]}, **k),
    "effects": lambda **k: plot_effects(["Chuseok", "payday"], [-70, 4], [-75, -2], [-64, 10], **k),
}


def line(axes, name):
    return next(each for each in axes.get_lines() if str(each.get_label()).startswith(name))


def legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_a_png_with_a_title_and_units_and_changes_no_setting(name):
    before = dict(matplotlib.rcParams)
    figure = PICTURES[name](title="A title")
    (axes,) = figure.axes
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert axes.get_title("left") == "A title"
    assert "(" in axes.get_xlabel()
    assert "(" in axes.get_ylabel() or name == "effects"


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_draws_into_given_axes_in_their_ink(name):
    figure = Figure()
    axes = figure.add_subplot()
    axes.xaxis.label.set_color("#ABCDEF")
    assert PICTURES[name](ax=axes) is figure
    assert axes._left_title.get_color() == "#ABCDEF"
    if axes.get_legend() is not None:
        assert all(same_color(text.get_color(), "#ABCDEF") for text in axes.get_legend().get_texts())


def test_a_fan_draws_the_recent_past_the_forecast_and_every_band():
    figure = plot_fan(PAST, AHEAD, unit="calls")
    (axes,) = figure.axes
    assert legend(figure) == ["what came", "forecast", "50 % interval", "90 % interval"]
    assert line(axes, "what came").get_ydata().tolist() == PAST["y"].tolist()[-28:]
    assert line(axes, "forecast").get_ydata().tolist() == [100.0] * 14
    wide = axes.collections[1].get_paths()[0].vertices[:, 1]
    assert (wide.min(), wide.max()) == (77.5, 130.0)
    assert axes.get_ylabel() == "Calls (a period of 1 day)"
    assert axes.get_ylim()[0] == 0


def test_a_fan_draws_as_much_of_the_past_as_is_asked():
    (axes,) = plot_fan(PAST, AHEAD, recent=5).axes
    assert line(axes, "what came").get_ydata().tolist() == PAST["y"].tolist()[-5:]


def test_a_fan_draws_what_came_where_it_is_known():
    ahead = AHEAD.assign(y=90.0)
    figure = plot_fan(PAST, ahead)
    assert "what came then" in legend(figure)
    assert line(figure.axes[0], "what came then").get_ydata().tolist() == [90.0] * 14
    assert "what came then" not in legend(plot_fan(PAST, ahead.assign(y=np.nan)))


def test_the_order_of_the_rows_does_not_matter():
    (one,) = plot_fan(PAST, AHEAD).axes
    (other,) = plot_fan(PAST.sample(frac=1, random_state=1), AHEAD.sample(frac=1, random_state=2)).axes
    assert line(one, "what came").get_ydata().tolist() == line(other, "what came").get_ydata().tolist()


def test_a_centre_that_closes_has_its_open_hours_side_by_side():
    figure = plot_fan(rows(OFFICE[:90]), rows(OFFICE[90:135]))
    (axes,) = figure.axes
    x, y = line(axes, "forecast").get_data()
    assert np.isnan(y).sum() == 4  # five days, four nights
    assert np.nanmax(np.diff(x)) < 5
    assert axes.get_xlabel() == "Time (open hours only)"
    assert axes.get_xticklabels()[0].get_text() == "03-02 Mon"


def test_a_centre_that_never_closes_is_drawn_on_the_clock_without_holes():
    hours = pd.date_range("2026-03-02", periods=72, freq="h")
    (axes,) = plot_fan(rows(hours[:48]), rows(hours[48:])).axes
    assert axes.get_xlabel() == "Time (start of the period)"
    assert not np.isnan(line(axes, "forecast").get_ydata()).any()
    assert axes.get_ylabel() == "Contacts (a period of 1 h)"


def test_weekends_without_rows_do_not_break_a_daily_line():
    days = pd.bdate_range("2026-03-02", periods=30)
    (axes,) = plot_fan(rows(days[:20]), rows(days[20:])).axes
    assert not np.isnan(line(axes, "forecast").get_ydata()).any()


def test_a_forecast_of_one_row_is_a_dot():
    (axes,) = plot_fan(PAST, AHEAD.iloc[:1]).axes
    assert line(axes, "forecast").get_marker() == "o"
    assert axes.get_ylabel() == "Contacts (a period of 1 day)"
    assert len(line(axes, "what came").get_ydata()) == 14
    assert [each.get_segments()[0][:, 1].tolist() for each in axes.collections] == [[87.5, 100 + 50 / 3], [77.5, 130.0]]
    (alone,) = plot_fan(PAST.iloc[:1], AHEAD.iloc[:1]).axes
    assert alone.get_ylabel() == "Contacts (a period of unknown length)"


def test_lead_times_are_percent_and_missing_ones_are_holes():
    (axes,) = PICTURES["leads"]().axes
    np.testing.assert_allclose(line(axes, "model").get_ydata(), [5, 6, 7])
    assert np.isnan(line(axes, "naive").get_ydata()[2])
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] > 10


def test_calibration_has_its_diagonal_and_says_the_widest_level():
    figure = plot_interval_calibration([50, 90], {"model": [0.48, 0.91], "other": [0.3, 0.7]})
    assert legend(figure) == [
        "perfectly honest",
        "model (91 % of the 90 % intervals)",
        "other (70 % of the 90 % intervals)",
    ]
    np.testing.assert_allclose(line(figure.axes[0], "model").get_xydata(), [[50, 48], [90, 91]])


def test_the_day_shape_holds_seven_days_and_writes_the_time():
    slots = np.arange(540, 1080, 30)
    shapes = {f"day {place}": np.full(slots.size, 1 / slots.size) for place in range(7)}
    figure = plot_day_shape(slots, shapes)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert len(legend(figure)) == 7
    assert "10:00" in [text.get_text() for text in axes.get_xticklabels()]
    assert axes.get_ylabel() == "Share of the day's contacts (%, each 30 min)"
    np.testing.assert_allclose(line(axes, "day 0").get_ydata(), 100 / 18)


def test_effects_that_may_be_none_are_hollow():
    figure = plot_effects(["sure", "unsure"], [20, 5], [10, -5], [30, 15], level=80)
    (axes,) = figure.axes
    dots = [each for each in axes.get_lines() if each.get_marker() == "o"]
    assert [same_color(dot.get_markerfacecolor(), "white") for dot in dots] == [False, True]
    assert axes.get_xlabel() == "Effect on a day's contacts (%), with 80 % interval"
    assert [text.get_text() for text in axes.texts] == ["+20 %", "+5 %"]


TWO_SERIES = pd.concat([PAST, PAST])
REFUSED = {
    "no target": (lambda: plot_fan(PAST.drop(columns="y"), AHEAD), ValueError, "The history of a fan needs.*'y'"),
    "no forecast": (lambda: plot_fan(PAST, AHEAD, point="calls"), ValueError, "The forecast of a fan needs.*'calls'"),
    "two series": (lambda: plot_fan(TWO_SERIES, AHEAD), ValueError, "`history` must hold.*46 periods twice"),
    "no rows": (lambda: plot_fan(PAST, AHEAD.iloc[:0]), ValueError, "`forecast` must hold.*no rows"),
    "recent": (lambda: plot_fan(PAST, AHEAD, recent=0), ValueError, "`recent` must be a whole number of rows >= 1"),
    "leads": (lambda: plot_lead_times([2, 1], {"m": [1, 1]}), ValueError, "`leads` must rise from above 0, got 2.0"),
    "lead 0": (lambda: plot_lead_times([0, 1], {"m": [1, 1]}), ValueError, "`leads` must rise from above 0"),
    "negative": (lambda: plot_lead_times([1], {"m": [-1]}), ValueError, "'m' must be 1 numbers >= 0, got 1 from -1"),
    "length": (lambda: plot_lead_times([1], {"m": [1, 2]}), ValueError, "must be 1 numbers >= 0, got 2 from 1 to 2"),
    "no models": (lambda: plot_lead_times([1], {}), ValueError, "`errors` must hold 1 to 6 series, got 0"),
    "levels": (lambda: plot_interval_calibration([90, 100], {"m": [1, 1]}), ValueError, "from above 0 to below 100"),
    "percent": (lambda: plot_interval_calibration([90], {"m": [91]}), ValueError, "1 shares in .0, 1., got 1 from 91"),
    "hole": (lambda: plot_interval_calibration([90], {"m": [np.nan]}), ValueError, "1 shares in"),
    "slots": (lambda: plot_day_shape([-30, 0], {"m": [1, 1]}), ValueError, "`slots` must rise from 0 to below 1440"),
    "shapes": (lambda: plot_day_shape([0], [[1.0]]), TypeError, "`shapes` must map names to arrays, got list"),
    "many": (lambda: plot_day_shape([0], {key: [1.0] for key in "abcdefgh"}), ValueError, "1 to 7 weekdays, got 8"),
    "no slot": (lambda: plot_day_shape([], {"m": []}), ValueError, "`slots` must rise from 0"),
    "lengths": (lambda: plot_effects(["a"], [1, 2], [0, 0], [3, 3]), ValueError, "got 1, 2, 2, 2"),
    "no effects": (lambda: plot_effects([], [], [], []), ValueError, "at least 1, got 0, 0, 0, 0"),
    "missing": (lambda: plot_effects(["a"], [np.nan], [0], [1]), ValueError, "NaN or infinity for 'a'"),
    "outside": (lambda: plot_effects(["a"], [5], [6], [7]), ValueError, "got 5 outside 6 to 7 for 'a'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(name):
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        call()

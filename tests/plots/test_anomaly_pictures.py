"""Pictures of anomalies and of alarms: what they draw, and what they refuse."""

from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from cxml.errors import FrameError
from cxml.metrics import budget_curve
from cxml.plots import plot_alert_calendar, plot_anomalies, plot_budget_curve, plot_delay, plot_root_causes
from cxml.plots.style import BLUE, GREY, ORANGE, VERMILLION

HOURS = pd.date_range("2026-03-02", periods=96, freq="h")


def told(name="calls", alerts=((20, 24), (60, 62))):
    """What detection answers about a series."""
    rows = pd.DataFrame({"unique_id": name, "ds": HOURS, "y": np.arange(96.0), "expected": 40.0})
    rows = rows.assign(lower=20.0, upper=60.0, is_anomaly=False, severity=0.0)
    rows["alert"] = pd.array([pd.NA] * 96, dtype="Int64")
    for number, (start, stop) in enumerate(alerts, 1):
        rows.loc[start:stop, ["is_anomaly", "alert", "severity"]] = [True, number, 30.0 * number]
    return rows


ROWS = told()
TRUE = pd.DataFrame({"unique_id": ["calls"], "start": HOURS[[20]], "end": HOURS[[30]]})
MANY = pd.concat([ROWS, told("chats", ()), told("mails", ((5, 9),))])
rng = np.random.default_rng(0)
CURVE = budget_curve(rng.exponential(size=400), range(400), [50, 200], [60, 220], weeks=2.0)
CAUSES = pd.DataFrame({"segment": ["channel=chat", "topic=billing", "region=south"], "change": [120.0, 40.0, -30.0]})
ALL = {
    "anomalies": lambda **words: plot_anomalies(ROWS, windows=TRUE, **words),
    "calendar": lambda **words: plot_alert_calendar(MANY, windows=TRUE, **words),
    "budget": lambda **words: plot_budget_curve({"residual": CURVE}, budget=5, **words),
    "causes": lambda **words: plot_root_causes(CAUSES, total=150.0, **words),
    "delay": lambda **words: plot_delay({"residual": [0, 2, np.nan], "robust_z": [5, np.nan, np.nan]}, **words),
}


def texts(axis):
    return [one.get_text() for one in axis.texts]


@pytest.mark.parametrize("name", ALL)
def test_every_picture_has_a_title_and_labels_and_leaves_the_settings_alone(name):
    before = dict(matplotlib.rcParams)
    figure = ALL[name](title="What?")
    axis = figure.axes[0]
    assert isinstance(figure, Figure)
    assert axis.get_title(loc="left") == "What?"
    assert axis.get_xlabel()
    assert figure._repr_png_()[:4] == b"\x89PNG"
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", ALL)
def test_every_picture_draws_into_the_callers_axes(name):
    mine = Figure()
    axis = mine.add_subplot()
    assert ALL[name](ax=axis) is mine
    assert axis.has_data()


def test_anomalous_rows_are_dots_and_alerts_begin_once():
    axis = plot_anomalies(ROWS, windows=TRUE).axes[0]
    lines = {one.get_label(): one for one in axis.lines}
    np.testing.assert_array_equal(lines["anomalous"].get_ydata(), [20, 21, 22, 23, 24, 60, 61, 62])
    assert to_hex(lines["anomalous"].get_color()) == VERMILLION.lower()
    assert len(lines["an alert begins"].get_xdata()) == 2
    named = [one.get_text() for one in axis.get_legend().get_texts()]
    assert sorted(named) == sorted(
        ["true event", "what came", "expected", "normal 99 times in 100", "anomalous", "an alert begins"]
    )


def test_the_order_of_rows_does_not_matter_and_gaps_break_the_line():
    gap = ROWS.drop(index=range(40, 50)).sample(frac=1.0, random_state=0)
    line = next(one for one in plot_anomalies(gap).axes[0].lines if one.get_label() == "what came")
    values = line.get_ydata()
    assert np.isnan(values).sum() == 1
    assert np.isnan(values[40])
    np.testing.assert_array_equal(values[~np.isnan(values)], np.r_[0:40, 50:96])


def test_a_rate_is_drawn_as_a_share():
    rows = ROWS.assign(trials=np.where(np.arange(96) == 3, 0, 200.0))
    line = next(
        one for one in plot_anomalies(rows, denominator="trials").axes[0].lines if one.get_label() == "what came"
    )
    assert line.get_ydata()[10] == 10 / 200
    assert np.isnan(line.get_ydata()[3])


def test_times_with_a_zone_are_drawn_on_the_wall_clock():
    seoul = ROWS.assign(ds=ROWS["ds"].dt.tz_localize("Asia/Seoul"))
    line = next(one for one in plot_anomalies(seoul).axes[0].lines if one.get_label() == "what came")
    assert np.datetime64(line.get_xdata()[0]) == np.datetime64("2026-03-02T00:00")


def test_several_series_or_none_are_refused():
    with pytest.raises(ValueError, match="each period of one series once, got 192 periods twice"):
        plot_anomalies(MANY)
    with pytest.raises(ValueError, match="got no rows"):
        plot_anomalies(ROWS.head(0))
    with pytest.raises(FrameError, match="Windows of trouble needs the column 'end'"):
        plot_anomalies(ROWS, windows=TRUE.drop(columns="end"))


def test_the_calendar_puts_the_worst_series_first_and_counts_what_began():
    axis = plot_alert_calendar(MANY, windows=TRUE).axes[0]
    assert [one.get_text() for one in axis.get_yticklabels()] == ["calls", "mails", "chats"]
    cells = axis.collections[0].get_array().reshape(3, 4)
    np.testing.assert_array_equal(cells, [[30, 30, 60, 0], [30, 0, 0, 0], [0, 0, 0, 0]])
    where = {one.xy: one.get_text() for one in axis.texts}
    assert where == {(0, 0): "1", (2, 0): "1", (0, 1): "1"}
    assert [(one.get_x(), one.get_width()) for one in axis.patches] == [(-0.5, 2.0)]


def test_the_calendar_shows_the_most_severe_series_only():
    axis = plot_alert_calendar(MANY, most=1).axes[0]
    assert [one.get_text() for one in axis.get_yticklabels()] == ["calls"]


def test_the_budget_curve_never_falls_and_marks_the_budget():
    axis = plot_budget_curve({"residual": CURVE}, budget=5).axes[0]
    values = axis.lines[0].get_ydata()
    assert (np.diff(values) >= 0).all()
    assert values.max() == 100 * CURVE.recall.max()
    assert axis.lines[1].get_xdata()[0] == 5
    assert texts(axis) == ["budget 5"]


def test_bars_of_causes_lead_to_the_whole_change():
    axis = plot_root_causes(CAUSES, total=150.0).axes[0]
    assert [one.get_text() for one in axis.get_yticklabels()] == [*CAUSES["segment"], "all else", "whole change"]
    bars = [(one.get_x(), one.get_width()) for one in axis.patches]
    assert bars == [(0, 120), (120, 40), (160, -30), (130, 20), (0, 150)]
    colours = [to_hex(one.get_facecolor()) for one in axis.patches]
    assert colours == [one.lower() for one in (BLUE, BLUE, VERMILLION, GREY, ORANGE)]
    assert texts(axis)[0] == "+120 (80 %)"


def test_small_changes_of_a_ratio_keep_their_digits_and_tell_rate_from_mix():
    table = pd.DataFrame({"segment": ["channel=app"] * 2, "effect": ["rate", "mix"], "change": [0.00158, 0.00128]})
    axis = plot_root_causes(table, total=0.0045, unit="share").axes[0]
    shown = [one.get_text() for one in axis.get_yticklabels()]
    assert shown == ["channel=app (rate)", "channel=app (mix)", "all else", "whole change"]
    assert texts(axis) == ["+0.00158 (35 %)", "+0.00128 (28 %)", "+0.00164 (36 %)", "+0.00450 (100 %)"]


def test_a_band_that_is_wide_at_first_does_not_press_the_values_flat():
    rows = told().assign(y=np.sin(np.arange(96.0)), lower=-2.0, upper=2.0)
    rows.loc[0, "upper"] = 1_000.0
    assert plot_anomalies(rows).axes[0].get_ylim()[1] < 10


@pytest.mark.parametrize("days", [4, 11, 30, 90])
def test_days_of_a_calendar_have_room(days):
    rows = pd.DataFrame({"unique_id": "a long name of a series", "ds": pd.date_range("2026-03-02", periods=days)})
    rows = rows.assign(alert=pd.array([1] + [pd.NA] * (days - 1), dtype="Int64"), severity=50.0)
    figure = plot_alert_calendar(rows)
    figure.draw_without_rendering()
    boxes = [one.get_window_extent() for one in figure.axes[0].get_xticklabels() if one.get_text()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert len(boxes) >= min(days, 2)


def test_segments_that_explain_all_leave_nothing_else():
    names = [one.get_text() for one in plot_root_causes(CAUSES).axes[0].get_yticklabels()]
    assert names == [*CAUSES["segment"], "whole change"]
    few = [one.get_text() for one in plot_root_causes(CAUSES, most=1).axes[0].get_yticklabels()]
    assert few == ["channel=chat", "all else", "whole change"]


def test_delays_are_shares_of_all_events():
    axis = plot_delay({"residual": [0, 2, np.nan, np.nan], "silent": [np.nan] * 4}).axes[0]
    line, silent = axis.lines
    assert max(line.get_ydata()) == 50
    assert line.get_ydata()[0] == 25
    assert max(silent.get_ydata()) == 0
    assert [one.get_text() for one in axis.get_legend().get_texts()] == [
        "residual (50 % of 4 found)",
        "silent (0 % of 4 found)",
    ]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="must hold a segment"):
        plot_root_causes(CAUSES.head(0))
    with pytest.raises(ValueError, match="The delays of 'residual' must be 1 or more numbers >= 0 or NaN, got none"):
        plot_delay({"residual": []})
    with pytest.raises(TypeError, match="`curves` must map names"):
        plot_budget_curve([CURVE])
    with pytest.raises(ValueError, match="`frame` must hold rows, got none"):
        plot_alert_calendar(MANY.head(0))

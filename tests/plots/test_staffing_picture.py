"""The picture of a day's agents: what it draws, and what it refuses."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from cxml.errors import FrameError
from cxml.plots import plot_staffing

TABLE = pd.DataFrame(
    {
        "unique_id": "phone",
        "ds": pd.to_datetime(["2026-03-02 09:00", "2026-03-02 09:30", "2026-03-02 10:00", "2026-03-03 09:00"]),
        "agents": [5, 9, 7, 4],
        "agents_expected": [4, 8, 6, 4],
        "agents-lo-90": [3, 7, 5, 3],
        "agents-hi-90": [6, 10, 8, 5],
        "scheduled": [8, 13, 10, 6],
    }
)


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def line(axes, name):
    return next(each for each in axes.get_lines() if each.get_label() == name)


def test_it_is_a_png_with_a_title_and_units_and_changes_no_setting():
    before = dict(matplotlib.rcParams)
    figure = plot_staffing(TABLE, title="A title")
    (axes,) = figure.axes
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert axes.get_title("left") == "A title"
    assert axes.get_ylabel() == "Agents (people)"
    assert axes.get_xlabel() == "Time (date), 2026-03-02 to 2026-03-03"


def test_the_lines_are_the_table_and_stop_where_nobody_works():
    (axes,) = plot_staffing(TABLE).axes
    drawn = line(axes, "needed for the target")
    assert drawn.get_drawstyle() == "steps-post"
    x, y = drawn.get_xdata(orig=True), np.asarray(drawn.get_ydata(), dtype=float)
    # each run ends half an hour after its last start, and a blank keeps the night free
    np.testing.assert_array_equal(y, [5, 9, 7, 7, np.nan, 4, 4, np.nan])
    assert pd.Timestamp(x[3]) == pd.Timestamp("2026-03-02 10:30")
    assert line(axes, "to schedule, with shrinkage").get_ydata()[1] == 13
    assert line(axes, "for the expected contacts").get_ydata()[2] == 6


def test_the_band_is_the_widest_of_the_table():
    wide = TABLE.assign(**{"agents-lo-99": 1, "agents-hi-99": 12})
    (axes,) = plot_staffing(wide).axes
    assert labels(axes)[0] == "band of the forecast, 99 %"
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1, 12)


def test_one_day_has_hours_and_starts_from_nobody():
    (axes,) = plot_staffing(TABLE, day="2026-03-02").axes
    assert axes.get_xlabel() == "Time of day (hour:minute), 2026-03-02"
    assert axes.get_xlim()[1] < date2num(pd.Timestamp("2026-03-02 11:00"))
    low, high = axes.get_ylim()
    assert (low, high) == (0, pytest.approx(13 * 1.08))
    assert len(labels(axes)) == 4
    axes.figure.draw_without_rendering()
    assert "09:30" in [tick.get_text() for tick in axes.get_xticklabels()]


def test_a_table_without_shrinkage_or_band_draws_what_there_is():
    (axes,) = plot_staffing(TABLE.assign(scheduled=TABLE["agents"])[["ds", "agents", "scheduled"]]).axes
    assert labels(axes) == ["needed for the target"]
    assert not axes.collections


@pytest.mark.parametrize("zone", ["Asia/Seoul", "UTC"])
def test_times_of_a_zone_are_shown_by_its_own_clock(zone):
    (axes,) = plot_staffing(TABLE.assign(ds=TABLE["ds"].dt.tz_localize(zone))).axes
    assert pd.Timestamp(axes.get_lines()[0].get_xdata(orig=True)[0]) == pd.Timestamp("2026-03-02 09:00")


def test_one_interval_is_drawn():
    (axes,) = plot_staffing(TABLE.head(1)).axes
    assert line(axes, "needed for the target").get_ydata()[0] == 5


def test_it_draws_into_given_axes_and_leaves_the_table_alone():
    figure, before = Figure(), TABLE.copy()
    assert plot_staffing(TABLE, ax=figure.add_subplot()) is figure
    pd.testing.assert_frame_equal(TABLE, before)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            {"unique_id": ["a", "b", "a", "c"]},
            {},
            r"must be of one series - got 3 in 'unique_id': 'a', 'b', 'c'\. Pick",
        ),
        ({}, {"day": "2026-03-09"}, r"`day` must be one of the table's - got '2026-03-09'; it holds '2026-03-02'"),
        (
            {},
            {"time": "time"},
            r"The picture needs the column 'time' .* Give the table that `staff` answers",
        ),
    ],
)
def test_it_refuses(change, options, message):
    with pytest.raises(FrameError, match=message):
        plot_staffing(TABLE.assign(**change), **options)

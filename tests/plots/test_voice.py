"""The pictures of what customers say: what they draw, and what they refuse."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from cxml.errors import FrameError
from cxml.plots import plot_drivers, plot_journey, plot_pareto
from cxml.plots.style import BLUE, GREY, VERMILLION

PARETO = pd.DataFrame(
    {
        "topic": ["delivery", "app", "price"],
        "share": [0.6, 0.3, 0.1],
        "share-lo-90": [0.5, 0.2, 0.05],
        "share-hi-90": [0.7, 0.4, 0.15],
        "cumulative_share": [0.6, 0.9, 1.0],
        "is_vital": [True, True, False],
    }
)
DRIVERS = pd.DataFrame(
    {
        "driver": ["delivery", "waiting", "price"],
        "share": [0.6, 0.3, 0.1],
        "share-lo-95": [0.5, 0.2, 0.05],
        "share-hi-95": [0.7, 0.4, 0.15],
        "direction": ["up", "down", "unclear"],
    }
)
JOURNEY = pd.DataFrame(
    {
        "stage": ["order", "delivery", "use"],
        "comments": [80, 1200, 50],
        "score": [0.3, -0.3, -0.2],
        "score-lo-95": [0.2, -0.4, -0.4],
        "score-hi-95": [0.4, -0.2, 0.0],
        "change": [np.nan, -0.6, 0.1],
        "change-lo-95": [np.nan, -0.8, -0.1],
        "change-hi-95": [np.nan, -0.4, 0.3],
    }
)
ALL = [(plot_pareto, PARETO), (plot_drivers, DRIVERS), (plot_journey, JOURNEY)]


def bars(axes):
    return {round(bar.get_y() + bar.get_height() / 2): bar for bar in axes.patches}


@pytest.mark.parametrize(("plot", "table"), ALL)
def test_it_is_a_png_and_changes_neither_settings_nor_table(plot, table):
    before, copy = dict(matplotlib.rcParams), table.copy()
    figure = plot(table, title="A title")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert figure.axes[0].get_title("left") == "A title"
    pd.testing.assert_frame_equal(table, copy)


@pytest.mark.parametrize(("plot", "table"), ALL)
def test_it_draws_into_given_axes(plot, table):
    figure = Figure()
    assert plot(table, ax=figure.add_subplot()) is figure


def test_pareto_draws_shares_and_their_sum_on_one_scale():
    (axes,) = plot_pareto(PARETO).axes
    assert [bars(axes)[row].get_width() for row in range(3)] == pytest.approx([60, 30, 10])
    assert [to_hex(bars(axes)[row].get_facecolor()) for row in range(3)] == [BLUE.lower(), BLUE.lower(), GREY.lower()]
    (line,) = axes.get_lines()
    np.testing.assert_allclose(line.get_xdata(), [60, 90, 100])
    assert axes.get_xlabel() == "Share of complaints (%), with 90 % interval"
    assert axes.collections[0].get_segments()[0][:, 0].tolist() == pytest.approx([50, 70])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the heaviest on top


def test_rows_beyond_the_top_are_counted():
    assert "2 rarer topics not shown" in plot_pareto(PARETO, top=1).axes[0].get_xlabel()
    assert "1 weaker ones not shown" in plot_drivers(DRIVERS, top=2).axes[0].get_xlabel()


def test_drivers_are_coloured_by_direction_and_named():
    table = DRIVERS.copy()
    table.attrs["r2"] = 0.416
    (axes,) = plot_drivers(table, score="CSAT").axes
    colours = [to_hex(bars(axes)[row].get_facecolor()) for row in range(3)]
    assert colours == [BLUE.lower(), VERMILLION.lower(), GREY.lower()]
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["+ raises the score", "− lowers the score", "? direction unclear"]
    assert axes.get_xlabel() == "Share of R² = 0.42 (%), with 95 % interval"
    assert axes.get_title("left") == "What moves CSAT?"


def test_the_journey_writes_sure_changes_only():
    (axes,) = plot_journey(JOURNEY).axes
    assert [text.get_text() for text in axes.texts] == ["−0.60"]
    assert axes.get_ylabel() == "Mean feeling (-1 negative to 1 positive)"
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "order\nn = 80",
        "delivery\nn = 1,200",
        "use\nn = 50",
    ]
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), JOURNEY["score"])
    segments = axes.collections[0].get_segments()
    assert segments[1][:, 1].tolist() == pytest.approx([-0.4, -0.2])


def test_stages_without_intervals_leave_gaps():
    table = JOURNEY.assign(**{"score-lo-95": np.nan, "score-hi-95": np.nan})
    assert plot_journey(table)._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_pareto(DRIVERS), "needs 4 columns, among them .* Give the table that `voc.pareto` answers"),
        (lambda: plot_drivers(DRIVERS.drop(columns="share-hi-95")), "the column 'share-hi-95'.*`voc.drivers`"),
        (lambda: plot_journey(JOURNEY.drop(columns="change-lo-95")), "the column 'change-hi-95'|'change-lo-95'"),
        (lambda: plot_drivers(DRIVERS, top=0), "`top` must be a whole number of rows, 1 or more - got 0"),
        (lambda: plot_pareto([1]), "The table must be a data frame"),
    ],
)
def test_it_refuses(call, message):
    with pytest.raises(FrameError, match=message):
        call()

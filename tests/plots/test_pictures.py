"""Pictures: what they hold, what they leave alone, and what they refuse."""

import subprocess
import sys
import warnings
from io import BytesIO

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from cxml.metrics import CampaignCosts, gains_curve, profit_curve, reliability_table
from cxml.plots import (
    plot_gains,
    plot_importance,
    plot_lift,
    plot_profit,
    plot_reasons,
    plot_reliability,
    plot_survival,
)

RNG = np.random.default_rng(0)
P = RNG.beta(1.2, 3, 3000)
Y = (RNG.random(3000) < P).astype(int)
SERIES = {"model": P, "base rate": np.full(P.size, Y.mean())}
CURVE = profit_curve(Y, P, CampaignCosts())
REASONS = {"names": ["contract", "tenure"], "values": ["monthly", 2], "effects": [30.0, -8.0]}

PICTURES = {
    "reliability": lambda **k: plot_reliability(Y, SERIES, **k),
    "gains": lambda **k: plot_gains(Y, SERIES, **k),
    "lift": lambda **k: plot_lift(Y, SERIES, **k),
    "profit": lambda **k: plot_profit({"model": CURVE, "again": CURVE}, **k),
    "importance": lambda **k: plot_importance(["tenure", "contract"], [2.0, 7.0], **k),
    "reasons": lambda **k: plot_reasons(**REASONS, base=0.25, final=0.5, **k),
    "survival": lambda **k: plot_survival([1, 2, 3], {"all": [0.9, 0.6, 0.4], "loyal": [0.99, 0.98, 0.97]}, **k),
}


def line(axes, name):
    return next(each for each in axes.get_lines() if str(each.get_label()).startswith(name))


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_a_png_with_a_title_and_units_and_changes_no_setting(name):
    before = dict(matplotlib.rcParams)
    figure = PICTURES[name](title="A title")
    (axes,) = figure.axes
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert axes.get_title("left") == "A title"
    units = axes.get_xlabel() + axes.get_ylabel()
    assert "(" in axes.get_xlabel()
    assert any(unit in units for unit in ("%", "months", "percentage points"))


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_draws_into_given_axes_in_their_ink(name):
    figure = Figure()
    axes = figure.add_subplot()
    axes.xaxis.label.set_color("#ABCDEF")
    assert PICTURES[name](ax=axes) is figure
    assert axes.title.get_text() == ""
    assert axes._left_title.get_color() == "#ABCDEF"
    if axes.get_legend() is not None:
        assert all(same_color(text.get_color(), "#ABCDEF") for text in axes.get_legend().get_texts())


def test_axes_of_a_subfigure_give_the_whole_figure():
    figure = Figure()
    axes = figure.subfigures(1, 2)[0].add_subplot()
    assert PICTURES["gains"](ax=axes) is figure


def test_reliability_draws_the_table():
    (axes,) = plot_reliability(Y, {"model": P}).axes
    drawn, table = line(axes, "model").get_xydata(), reliability_table(Y, P)
    np.testing.assert_allclose(drawn, 100 * np.stack([table.predicted, table.observed], axis=1))
    (whiskers,) = (c for c in axes.collections if type(c).__name__ == "LineCollection")
    ends = np.array([segment[:, 1] for segment in whiskers.get_segments()])
    np.testing.assert_allclose(ends, 100 * np.stack([table.lower, table.upper], axis=1))


def test_gains_draws_the_curve_thinned_with_its_ends():
    (axes,) = plot_gains(Y, {"model": P}).axes
    drawn, curve = line(axes, "model").get_xydata() / 100, gains_curve(Y, P)
    assert len(drawn) == 1000
    np.testing.assert_allclose(drawn[:, 1], np.interp(drawn[:, 0], curve.share, curve.found))
    np.testing.assert_allclose(drawn[[0, -1]], [[0, 0], [1, 1]])


def test_profit_marks_and_names_the_best_share():
    (axes,) = plot_profit(CURVE, currency="USD").axes
    best = CURVE.best
    dot = next(each for each in axes.get_lines() if each.get_marker() == "o")
    np.testing.assert_allclose(dot.get_xydata(), [[100 * best.share, best.profit]])
    assert axes.get_legend() is None  # one curve needs no name
    assert (
        best.profit in max(axes.get_lines(), key=lambda one: len(one.get_ydata())).get_ydata()
    )  # thinning the curve kept its top
    assert f"contact {100 * best.share:.0f} %: {best.profit:,.2f} a customer" in axes.texts[0].get_text()
    assert axes.get_ylabel().endswith("(USD)")


def test_profit_that_never_pays_says_contact_nobody():
    losing = profit_curve(Y, P, CampaignCosts(value=20, offer_cost=15, contact_cost=10))
    (axes,) = plot_profit(losing).axes
    assert axes.texts[0].get_text() == "contact nobody: every share loses money"


def test_importance_is_sorted_and_counts_what_is_left_out():
    (axes,) = plot_importance([f"f{i}" for i in range(20)], np.arange(20.0), top=3).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["f19", "f18", "f17"]
    assert [bar.get_width() for bar in axes.patches] == [19, 18, 17]
    assert "17 weaker features not shown" in axes.get_xlabel().replace("\n", " ")


def test_reasons_lead_from_the_base_to_the_final_probability():
    (axes,) = plot_reasons(["a", "b", "c"], [1, 2, 3], [5, -20, 10], base=0.4, final=0.41, top=2).axes
    ends = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    np.testing.assert_allclose(ends, [(40, -20), (20, 10), (30, 11)])
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["average customer", "b = 2", "c = 3", "all other features", "this customer"]
    assert [text.get_text() for text in axes.texts] == ["−20.0", "+10.0", "+11.0", "40.0 %", "41.0 %"]
    assert all(0 <= tick <= 100 for tick in axes.get_xticks())


def test_reasons_that_explain_all_have_no_rest_and_long_labels_are_cut():
    (axes,) = plot_reasons(["a" * 60], ["b"], [25], base=0.25, final=0.5).axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["average customer", "a" * 33 + "…", "this customer"]


def test_survival_starts_whole_and_names_the_month_of_the_half():
    (axes,) = PICTURES["survival"]().axes
    assert line(axes, "all").get_xydata().tolist() == [[0, 100], [1, 90], [2, 60], [3, 40]]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["all (half have left by month 3)", "loyal"]


def test_importing_and_drawing_load_no_pyplot():
    code = (
        "import sys, cxml.plots; print('matplotlib' in sys.modules);"
        "cxml.plots.plot_lift([1, 0], {'a': [1, 0]})._repr_png_(); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_svg_and_pdf_are_written_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("svg", "pdf"):
            PICTURES["reasons"]().savefig(BytesIO(), format=kind)


@pytest.mark.parametrize("picture", [plot_reliability, plot_gains, plot_lift])
def test_series_must_be_a_mapping_of_one_to_six(picture):
    with pytest.raises(TypeError, match="`predictions` must map names to arrays, got ndarray"):
        picture(Y, P)
    with pytest.raises(ValueError, match="`predictions` must hold 1 to 6 series, got 7"):
        picture(Y, {str(i): P for i in range(7)})
    with pytest.raises(ValueError, match="must describe the same rows"):
        picture(Y, {"model": P[1:]})


def test_refusals():
    with pytest.raises(ValueError, match="`names` and `effects` must have one length, got 1 and 2"):
        plot_importance(["a"], [1, 2])
    with pytest.raises(ValueError, match="`effects` must be absolute, so >= 0, got -2"):
        plot_importance(["a", "b"], [1, -2])
    with pytest.raises(ValueError, match="`effects` must be finite"):
        plot_importance(["a"], [np.nan])
    with pytest.raises(ValueError, match="`top` must be a whole number >= 1, got 0"):
        plot_importance(["a"], [1], top=0)
    with pytest.raises(ValueError, match="`names` and `values` must have one length, got 1 and 2"):
        plot_reasons(["a"], [1, 2], [3], base=0.2, final=0.3)
    with pytest.raises(ValueError, match=r"`base` and `final` must be probabilities in \[0, 1\], got 0.2 and 30"):
        plot_reasons(["a"], [1], [3], base=0.2, final=30)
    with pytest.raises(ValueError, match=r"`months` must rise from above 0, got 0.0, 1.0"):
        plot_survival([0, 1], {"a": [1, 0.9]})
    with pytest.raises(ValueError, match=r"The curve 'a' must be 2 chances in \[0, 1\] that never rise, got 3"):
        plot_survival([1, 2], {"a": [1, 0.9, 0.8]})
    with pytest.raises(ValueError, match=r"got 2 from 90 to 80. Pass survival"):
        plot_survival([1, 2], {"a": [90, 80]})

"""Pictures of offers: what they draw, and what they refuse."""

from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color, to_hex
from matplotlib.figure import Figure

from cxml.errors import FrameError
from cxml.metrics import Interval, effect_table, policy_value, qini_curve
from cxml.plots import (
    plot_acceptance_by_offer,
    plot_fates,
    plot_limits,
    plot_policy_values,
    plot_uplift_curve,
    plot_uplift_deciles,
)
from cxml.plots.style import BLUE, GREEN, GREY, ORANGE, VERMILLION

rng = np.random.default_rng(0)
OFFER = rng.integers(0, 3, 600)
SAID = np.array([0.1, 0.2, 0.4])[OFFER]
ACCEPTED = (rng.random(600) < SAID).astype(float)
VALUES = policy_value(
    ACCEPTED,
    np.full(600, 1 / 3),
    (OFFER == 2).astype(float),
    expected=SAID,
    expected_policy=np.full(600, 0.4),
)
CANDIDATES = pd.DataFrame(
    {
        "fate": ["chosen"] * 2 + ["ineligible"] * 5 + ["budget"] * 3,
        "rule": [None] * 2 + ["age >= 19"] * 5 + ["budget"] * 3,
    }
)
LIMITS = pd.DataFrame(
    {"limit": ["budget", "calls", "stock"], "used": [900, 40, 0], "most": [900, 100, 0], "shadow_price": [2.5, 0, 7]}
)
TREATED = rng.integers(0, 2, 400)
EFFECT = rng.normal(size=400)
OUTCOME = (rng.random(400) < 0.3 + 0.1 * TREATED * EFFECT).astype(float)
CURVE = qini_curve(OUTCOME, EFFECT, TREATED)
DECILES = effect_table(OUTCOME, EFFECT, TREATED)
ALL = {
    "values": lambda **words: plot_policy_values(VALUES, **words),
    "acceptance": lambda **words: plot_acceptance_by_offer(OFFER, ACCEPTED, SAID, **words),
    "fates": lambda **words: plot_fates(CANDIDATES, **words),
    "limits": lambda **words: plot_limits(LIMITS, **words),
    "curve": lambda **words: plot_uplift_curve({"model": CURVE}, **words),
    "deciles": lambda **words: plot_uplift_deciles(DECILES, **words),
}


def labels(axis):
    return [label.get_text() for label in axis.get_yticklabels()]


def segments(axes, place):
    return axes.collections[place].get_segments()[0]


@pytest.mark.parametrize("plot", ALL.values(), ids=ALL)
def test_it_is_a_png_draws_into_given_axes_and_changes_no_settings(plot):
    before = dict(matplotlib.rcParams)
    figure = plot(title="A title")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure.axes[0].get_title("left") == "A title"
    assert dict(matplotlib.rcParams) == before
    own = Figure()
    assert plot(ax=own.add_subplot()) is own


def test_each_estimate_stands_beside_what_the_log_earned():
    (axes,) = plot_policy_values(VALUES, percent=True, unit="Acceptance").axes
    dots = [line.get_xdata()[0] for line in axes.get_lines()]
    assert dots == pytest.approx([100 * one.value for one in VALUES])
    assert segments(axes, 2)[:, 0].tolist() == pytest.approx([100 * VALUES[2].lower, 100 * VALUES[2].upper])
    assert labels(axes) == [
        "the log itself",
        "inverse propensity (IPS)",
        "self-normalised (SNIPS)",
        "doubly robust (DR)",
        "direct method (DM)",
    ]
    assert axes.texts[0].get_text() == f"{100 * VALUES[0].value:.3g}  (600 effective rows)"
    # the direct method always has a note
    assert [same_color(line.get_markerfacecolor(), "white") for line in axes.get_lines()] == [False] * 4 + [True]
    assert axes.get_xlabel() == "Acceptance (%), with 95 % interval; hollow: read its note"


def test_what_the_policy_earned_on_its_own_log_is_a_band():
    (axes,) = plot_policy_values(VALUES, known=Interval(0.4, 0.35, 0.45, 0.95, 0)).axes
    (text,) = axes.get_legend().get_texts()
    assert text.get_text() == "its own log: 0.4 [0.35, 0.45]"
    (band,) = axes.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((0.35, 0.1))


def test_a_useless_interval_is_cut_with_arrows_and_a_missing_one_is_left_out():
    wide = replace(VALUES[1], lower=-50.0, upper=70.0)
    (axes,) = plot_policy_values([VALUES[0], wide, VALUES[2]]).axes
    left, right = axes.get_xlim()
    assert -1 < left < right < 2
    assert sorted(line.get_marker() for line in axes.get_lines()) == ["<", ">", "o", "o", "o"]
    none = policy_value(np.zeros(9), np.full(9, 0.5), np.full(9, 0.5))
    assert plot_policy_values(none)._repr_png_()


def test_acceptance_is_counted_offer_by_offer():
    (axes,) = plot_acceptance_by_offer(OFFER, ACCEPTED, SAID, top=2).axes
    counts = pd.Series(OFFER).value_counts()
    assert labels(axes) == [f"{name}  n = {count}" for name, count in counts.head(2).items()]
    observed, said = axes.get_lines()
    most = counts.index[0]
    assert observed.get_xdata()[0] == pytest.approx(100 * ACCEPTED[most == OFFER].mean())
    assert said.get_xdata()[0] == pytest.approx(100 * SAID[most == OFFER].mean())
    low, high = segments(axes, 0)[:, 0]
    assert low < observed.get_xdata()[0] < high
    assert "1 rarer offers not shown" in axes.get_xlabel()


def test_candidates_shrink_step_by_step_to_the_chosen():
    (axes,) = plot_fates(CANDIDATES).axes
    assert labels(axes) == ["candidates", "age >= 19", "budget", "chosen"]
    steps = [(bar.get_x(), bar.get_width(), to_hex(bar.get_facecolor())) for bar in axes.patches]
    colours = [one.lower() for one in (GREY, VERMILLION, VERMILLION, GREEN)]
    assert steps == list(zip([0, 5, 2, 0], [10, 5, 3, 2], colours, strict=True))
    assert [text.get_text() for text in axes.texts] == ["10  (100.0 %)", "−5  (50.0 %)", "−3  (30.0 %)", "2  (20.0 %)"]
    assert labels(plot_fates(CANDIDATES, order=["budget"]).axes[0])[1:3] == ["budget", "age >= 19"]


def test_fates_where_all_or_none_were_chosen():
    assert labels(plot_fates(CANDIDATES.head(2)).axes[0]) == ["candidates", "chosen"]
    assert plot_fates(CANDIDATES.tail(3)).axes[0].patches[-1].get_width() == 0


def test_limits_that_bind_are_orange_and_tell_their_price():
    (axes,) = plot_limits(LIMITS, currency="KRW").axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([100, 40, 100])
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == [ORANGE.lower(), BLUE.lower(), ORANGE.lower()]
    assert axes.texts[2].get_text() == "0 of 0; one more earns 7.00"
    assert "KRW" in axes.get_xlabel()


def test_the_curve_ends_where_all_are_treated_and_has_its_band():
    (axes,) = plot_uplift_curve({"model": CURVE}, bands={"model": (CURVE.gain - 0.1, CURVE.gain + 0.1)}).axes
    chance, model = axes.get_lines()
    assert chance.get_ydata()[-1] == model.get_ydata()[-1] == CURVE.gain[-1]
    (band,) = axes.collections
    ends = band.get_paths()[0].vertices[:, 1]
    assert (ends.min(), ends.max()) == pytest.approx((CURVE.gain.min() - 0.1, CURVE.gain.max() + 0.1))


def test_deciles_show_both_and_their_error():
    (axes,) = plot_uplift_deciles(DECILES).axes
    _, observed, predicted = axes.get_lines()
    np.testing.assert_allclose(observed.get_ydata(), DECILES.observed)
    np.testing.assert_allclose(predicted.get_ydata(), DECILES.predicted)
    low, high = segments(axes, 0)[:, 1]
    assert high - low == pytest.approx(2 * 1.96 * DECILES.standard_error[0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot_policy_values([0.3]), FrameError, "must be estimates of cxml.metrics.policy_value.*got float"),
        (lambda: plot_acceptance_by_offer(OFFER, ACCEPTED, SAID, top=0), FrameError, "`top` must be .* got 0"),
        (
            lambda: plot_fates(CANDIDATES.head(0)),
            FrameError,
            "The table of candidates must hold at least one row - got none",
        ),
        (lambda: plot_fates(CANDIDATES.drop(columns="fate")), FrameError, "needs the column 'fate'"),
        (lambda: plot_limits(LIMITS.head(0)), FrameError, "The table of limits must hold at least one row - got none"),
        (lambda: plot_uplift_curve([CURVE]), TypeError, "`curves` must map names"),
        (lambda: plot_uplift_curve(CURVE, bands={"model": ([1], [2])}), ValueError, "do not fit for 'model'"),
        (lambda: plot_uplift_deciles(CURVE), TypeError, "must be an EffectTable, got UpliftCurve"),
    ],
)
def test_what_cannot_be_drawn_is_told(call, error, message):
    with pytest.raises(error, match=message):
        call()

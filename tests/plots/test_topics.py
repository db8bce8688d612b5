"""Pictures of topics hold the numbers that they were given, and Korean labels."""

import numpy as np
import pandas as pd
import pytest

from cxml.plots.topics import plot_emerging, plot_topics

SHARES = pd.DataFrame(
    {"delivery": [0.5, 0.4, 0.3], "app": [0.3, 0.4, 0.5], "refund": [0.2, 0.2, 0.2]},
    index=pd.date_range("2026-01-05", periods=3, freq="W-MON"),
)
FOUND = pd.DataFrame(
    {
        "what": ["login error", "gift"],
        "share": [0.12, 0.05],
        "expected": [0.01, 0.0],
        "comments": [36, 15],
        "q_value": [1e-6, 0.01],
    }
)


def test_lines_are_the_shares_over_time_the_largest_first():
    axes = plot_topics(SHARES, most=2).axes[0]
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(drawn) == ["delivery", "app"]
    np.testing.assert_allclose(drawn["app"], [30, 40, 50])
    assert "2 largest of 3" in axes.get_ylabel()


def test_one_period_is_bars_in_order():
    for shares in (SHARES.iloc[[0]], SHARES.iloc[0], SHARES.iloc[0].sample(frac=1, random_state=1)):
        axes = plot_topics(shares).axes[0]
        assert [text.get_text() for text in axes.get_yticklabels()] == ["delivery", "app", "refund"]
        np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [50, 30, 20])


def test_what_is_new_runs_from_expected_to_now():
    axes = plot_emerging(FOUND).axes[0]
    expected, now = (line.get_xdata() for line in axes.lines)
    np.testing.assert_allclose(expected, [1, 0])
    np.testing.assert_allclose(now, [12, 5])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["login error", "gift"]
    assert "36 comments" in [text.get_text() for text in axes.texts]


def test_nothing_new_is_said():
    axes = plot_emerging(FOUND.head(0)).axes[0]
    assert "Nothing new" in [text.get_text() for text in axes.texts]


@pytest.mark.filterwarnings("ignore:A picture needs a font")
def test_korean_and_long_names_are_drawn():
    name = "배송 · 지연 · " * 5
    figure = plot_emerging(FOUND.assign(what=[name, "앱"]))
    figure.canvas.draw()
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels[0].startswith("배송 · 지연")
    assert labels[0].endswith("…")
    plot_topics(SHARES.rename(columns={"app": "앱 오류"})).canvas.draw()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot_topics([0.5]), TypeError, r"must be a DataFrame or a Series, got list"),
        (lambda: plot_topics(SHARES * 100), ValueError, r"must be fractions from 0 to 1"),
        (lambda: plot_topics(SHARES.iloc[:, :0]), ValueError, r"at least one topic, got none"),
        (lambda: plot_topics(SHARES, most=7), ValueError, r"`most` must be 1 to 6, got 7"),
        (lambda: plot_topics(SHARES.replace(0.5, np.nan)), ValueError, r"fractions from 0 to 1, got nan"),
        (lambda: plot_emerging(FOUND.drop(columns="expected")), ValueError, r"lacks 'expected'"),
        (lambda: plot_emerging(FOUND, most=0), ValueError, r"whole number from 1 up, got 0"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()

"""The Pareto table: counts that can be checked by hand, and intervals that hold what they say."""

import numpy as np
import pandas as pd
import pytest

from cxml.errors import ConfigError, FrameError
from cxml.voc.pareto import pareto, wilson


def comments(topics, sentiment="negative", **more):
    return pd.DataFrame({"topic": topics, "sentiment": sentiment} | more)


def test_single_topics_add_up():
    table = pareto(comments(["b"] * 5 + ["a"] * 3 + ["c"] * 2))
    assert table["topic"].tolist() == ["b", "a", "c"]
    assert table["complaints"].tolist() == [5, 3, 2]
    np.testing.assert_allclose(table["share"], [0.5, 0.3, 0.2])
    np.testing.assert_allclose(table["cumulative_share"], table["share"].cumsum())
    assert table["is_vital"].tolist() == [True, True, False]
    assert pareto(comments(list("aab")), cover=0.5)["is_vital"].tolist() == [True, False]


def test_plain_intervals_are_wilsons():
    table = pareto(comments(["a"] * 81 + ["b"] * 182))
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 81 of 263
    assert table.loc[1, ["share-lo-95", "share-hi-95"]].to_numpy(float) == pytest.approx([0.2553, 0.3662], abs=5e-5)


@pytest.mark.parametrize(
    ("seen", "of", "low", "high"), [(15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)]
)
def test_wilson_is_that_of_the_literature(seen, of, low, high):
    # Newcombe (1998), table I, method 3
    assert wilson(seen / of, of) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_only_complaints_count_and_all_comments_are_shown():
    frame = comments(list("aabbbc"), ["negative", "positive", "negative", "negative", "neutral", "positive"])
    for asked in ({"sentiment": "negative"}, {"sentiment": ["negative"]}, "bad"):
        table = pareto(frame.assign(bad=frame["sentiment"] == "negative"), complaints=asked)
        assert table["topic"].tolist() == ["b", "a", "c"]
        assert table["comments"].tolist() == [3, 2, 1]
        assert table["complaints"].tolist() == [2, 1, 0]
        assert table["share"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
        assert table["is_vital"].tolist() == [True, True, False]


def test_several_topics_count_for_each_and_cover_once():
    table = pareto(comments([["a", "b"], ["a"], ["b", "a"], ["c"], []]))
    assert table["share"].tolist() == pytest.approx([0.6, 0.4, 0.2])
    assert table["cumulative_share"].tolist() == pytest.approx([0.6, 0.6, 0.8])


def test_weights_change_the_order():
    table = pareto(comments(list("aab"), value=[1.0, 1.0, 8.0]), weight="value")
    assert table["topic"].tolist() == ["b", "a"]
    assert table["weight"].tolist() == [8, 2]
    assert table["complaints"].tolist() == [1, 2]
    assert table["share"].tolist() == pytest.approx([0.8, 0.2])


def test_equal_weights_change_nothing():
    frame = comments(list("aabcbbca"), value=2.5)
    plain, weighted = pareto(frame), pareto(frame, weight="value").drop(columns="weight")
    pd.testing.assert_frame_equal(plain, weighted)


def test_repeated_groups_are_no_more_witnesses():
    """Each comment written down four times by its customer tells no more than once."""
    rng = np.random.default_rng(0)
    once = comments(rng.choice(list("abc"), 200, p=[0.5, 0.3, 0.2]), customer=np.arange(200))
    often = pd.concat([once] * 4)
    ends = ["share-lo-95", "share-hi-95"]
    clustered, naive = pareto(often, groups="customer"), pareto(often)
    np.testing.assert_allclose(clustered[ends], pareto(once)[ends], atol=0.003)
    assert (np.ptp(naive[ends], axis=1) < 0.6 * np.ptp(clustered[ends], axis=1)).all()


@pytest.mark.parametrize("is_grouped", [False, True])
def test_intervals_hold_the_truth_as_often_as_they_say(is_grouped):
    rng = np.random.default_rng(1)
    held = []
    for _ in range(300):
        if is_grouped:  # customers who complain about their own topic again and again, with values of their own
            own = rng.choice(list("abc"), 80, p=[0.5, 0.3, 0.2])
            times = rng.integers(1, 6, 80)
            frame = comments(np.repeat(own, times), customer=np.repeat(np.arange(80), times))
        else:
            frame = comments(rng.choice(list("abc"), 150, p=[0.5, 0.3, 0.2]))
        table = pareto(frame, groups="customer" if is_grouped else None, level=90).set_index("topic").loc[list("abc")]
        held += ((table["share-lo-90"] <= [0.5, 0.3, 0.2]) & (table["share-hi-90"] >= [0.5, 0.3, 0.2])).tolist()
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


REFUSED = {
    "no column": ({"topic": "topik"}, FrameError, "Did you mean 'topic'"),
    "no complaint": ({"complaints": {"sentiment": "furious"}}, FrameError, "at least one complaint - none of 3 rows"),
    "no flags": ({"complaints": "sentiment"}, FrameError, "must hold True and False"),
    "no topic": ({"topic": "nothing"}, FrameError, "must name topics - got none in 3 rows"),
    "words": ({"weight": "sentiment"}, FrameError, "must hold numbers"),
    "below 0": ({"weight": "debt"}, FrameError, "got others in 1 of 3 rows, at positions 1"),
    "cover": ({"cover": 80}, ConfigError, r"`cover` must be in \(0, 1\] - got 80"),
    "level": ({"level": 0.95 * 200}, ConfigError, r"`level` must be a per cent in \(0, 100\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(name):
    settings, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        pareto(comments(list("aab"), debt=[1, -1, 2], nothing=None), **settings)

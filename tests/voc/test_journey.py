"""The emotion curve: means, shares and changes with intervals that can be checked elsewhere."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxml.datasets import make_comments
from cxml.errors import ConfigError, FrameError
from cxml.voc.journey import journey
from cxml.voc.pareto import wilson

ORDER = ["order", "delivery", "use"]


@pytest.fixture
def told():
    rng = np.random.default_rng(0)
    stage = np.repeat(ORDER, [40, 60, 25])
    return pd.DataFrame(
        {
            "stage": stage,
            "csat": rng.integers(1, 6, 125),
            "sentiment": rng.choice(["negative", "neutral", "positive"], 125),
            "customer": np.arange(125),
        }
    )


def test_means_and_changes_are_those_of_t_tests(told):
    table = journey(told, score="csat", order=ORDER, level=90)
    for number, name in enumerate(ORDER):
        mine = told.loc[told["stage"] == name, "csat"]
        known = stats.ttest_1samp(mine, 0).confidence_interval(0.9)
        row = table.loc[number]
        assert row[["score-lo-90", "score-hi-90"]].to_numpy(float) == pytest.approx([known.low, known.high])
        if number:
            before = told.loc[told["stage"] == ORDER[number - 1], "csat"]
            known = stats.ttest_ind(mine, before, equal_var=False).confidence_interval(0.9)
            assert row["change"] == pytest.approx(mine.mean() - before.mean())
            assert row[["change-lo-90", "change-hi-90"]].to_numpy(float) == pytest.approx([known.low, known.high])
    assert table["comments"].tolist() == [40, 60, 25]
    assert np.isnan(table.loc[0, "change"])


def test_sentiments_count_and_the_worst_is_shared_out(told):
    table = journey(told, sentiment="sentiment", order=ORDER)
    mine = told.loc[told["stage"] == "order", "sentiment"]
    assert table.loc[0, "score"] == pytest.approx(mine.map({"negative": -1, "neutral": 0, "positive": 1}).mean())
    share = mine.eq("negative").mean()
    assert table.loc[0, "share_negative"] == pytest.approx(share)
    ends = table.loc[0, ["share_negative-lo-95", "share_negative-hi-95"]].to_numpy(float)
    assert ends == pytest.approx([float(end) for end in wilson(share, 40)])
    korean = told.replace({"sentiment": {"negative": "부정", "neutral": "중립", "positive": "긍정"}})
    pd.testing.assert_frame_equal(journey(korean, sentiment="sentiment", order=ORDER), table)


def test_score_and_share_may_go_together(told):
    table = journey(told, score="csat", sentiment="sentiment", order=ORDER)
    assert table.loc[0, "score"] == pytest.approx(told.loc[told["stage"] == "order", "csat"].mean())
    assert "share_negative" in table
    assert "share_negative" not in journey(told, score="csat", order=ORDER)


def test_an_ordered_column_brings_its_order(told):
    told["stage"] = pd.Categorical(told["stage"], ["never", *ORDER], ordered=True)
    table = journey(told, score="csat")
    assert table["stage"].tolist() == ["never", *ORDER]
    assert table["comments"].tolist() == [0, 40, 60, 25]
    assert table.loc[:1, "change"].isna().all()


def test_groups_of_one_change_nothing_and_repeats_tell_no_more(told):
    plain = journey(told, score="csat", order=ORDER)
    pd.testing.assert_frame_equal(journey(told, score="csat", order=ORDER, groups="customer"), plain)
    often = journey(pd.concat([told] * 3), score="csat", order=ORDER, groups="customer")
    numbers = [column for column in plain if column.startswith(("score", "change"))]
    np.testing.assert_allclose(often[numbers], plain[numbers])


def test_the_same_customers_at_both_stages_make_changes_sure():
    """A change of the same customers is told by their own differences, which vary little."""
    rng = np.random.default_rng(1)
    mood = rng.normal(3, 1, 50)
    frame = pd.DataFrame(
        {
            "stage": np.repeat(["before", "after"], 50),
            "csat": np.concatenate([mood, mood - 0.3 + rng.normal(0, 0.1, 50)]),
            "customer": np.tile(np.arange(50), 2),
        }
    )
    order = ["before", "after"]
    alone, together = (journey(frame, score="csat", order=order, groups=one).loc[1] for one in (None, "customer"))
    assert alone["change-hi-95"] > 0
    assert together["change-hi-95"] < -0.2


def test_changes_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(2)
    held = []
    for _ in range(200):
        frame = pd.DataFrame(
            {"stage": ["a"] * 15 + ["b"] * 40, "csat": np.append(rng.normal(0, 2, 15), rng.normal(1, 1, 40))}
        )
        row = journey(frame, score="csat", order=["a", "b"], level=90).loc[1]
        held.append(row["change-lo-90"] <= 1 <= row["change-hi-90"])
    assert np.mean(held) == pytest.approx(0.9, abs=0.05)


def test_stages_of_invented_comments_follow_their_shifts():
    made = make_comments(5_000)
    table = journey(made.frame, sentiment="sentiment", order=made.stages["stage"].tolist())
    assert table["comments"].sum() == 5_000
    assert table["share_negative"].corr(made.stages["negative_shift"]) > 0.7


def test_one_comment_has_no_interval():
    frame = pd.DataFrame({"stage": ["a", "b", "b"], "csat": [1, 2, 4]})
    table = journey(frame, score="csat", order=["a", "b"])
    assert table["score"].tolist() == [1, 3]
    assert table.loc[0, ["score-lo-95", "score-hi-95"]].isna().all()
    assert table.loc[1, ["change-lo-95", "change-hi-95"]].isna().all()
    assert table.loc[1, "change"] == 2


REFUSED = {
    "no feeling": ({"order": ORDER}, ConfigError, "got neither sentiment= nor score="),
    "no order": ({"score": "csat"}, ConfigError, r"The order of the stages must be known .* Say it: order=\['order'"),
    "twice": ({"score": "csat", "order": ["use", "use"]}, ConfigError, "must name each stage once"),
    "unknown stage": (
        {"score": "csat", "order": ["buy"]},
        FrameError,
        "`order` must name stages of 'stage'.*got 'buy'",
    ),
    "no column": ({"score": "nps", "order": ORDER}, FrameError, "A journey needs the column 'nps'"),
    "labels": ({"score": "sentiment", "order": ORDER}, FrameError, "The score 'sentiment' must hold numbers"),
    "feelings": (
        {"sentiment": "stage", "order": ORDER},
        FrameError,
        "must be labels of feelings= - got others: 'order'",
    ),
    "empty": ({"score": "nothing", "order": ORDER}, FrameError, "none of 125 rows has both"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(told, name):
    settings, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        journey(told.assign(nothing=np.nan), **settings)


def test_messages_never_quote_what_customers_wrote(told):
    wrote = told.assign(text=[f"secret words of customer number {place}" for place in range(125)])
    for settings in ({"sentiment": "text", "order": ORDER}, {"stage": "text", "score": "csat"}):
        with pytest.raises((ConfigError, FrameError), match="125 of them") as caught:
            journey(wrote, **settings)
        assert "secret" not in str(caught.value)

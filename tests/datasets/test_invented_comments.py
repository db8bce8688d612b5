"""The invented comments: the truth they claim is the truth they follow."""

import re

import numpy as np
import pandas as pd
import pytest

from cxml.datasets import make_comments
from cxml.datasets.comments import SENTIMENTS, URGENCIES
from cxml.errors import ConfigError

FEELING = {"negative": -1, "neutral": 0, "positive": 1}


@pytest.fixture(scope="module")
def many():
    return make_comments(6_000, seed=1)


def test_the_same_seed_gives_the_same_comments():
    first, again, other = make_comments(200, seed=3), make_comments(200, seed=3), make_comments(200, seed=4)
    for name in ("frame", "truth", "weights", "stages", "emerging"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
    assert not first.frame["text"].equals(other.frame["text"])


@pytest.mark.parametrize("language", ["ko", "en", "both"])
def test_every_language_has_all_columns_and_labels(language):
    made = make_comments(1_500, language=language)
    frame = made.frame
    assert list(frame) == [
        *("comment_id", "time", "language", "text", "channel", "customer_id", "stage"),
        *("sentiment", "topic", "urgency", "csat", "nps"),
    ]
    assert not frame.isna().any().any()
    assert frame["comment_id"].is_unique
    assert set(frame["sentiment"]) == set(SENTIMENTS)
    assert set(frame["urgency"]) == set(URGENCIES)
    assert set(frame["topic"]) == set(made.weights["topic"])
    assert set(frame["stage"]) == set(made.stages["stage"])
    assert frame["csat"].between(1, 5).all()
    assert frame["nps"].between(0, 10).all()
    hangul = frame["text"].str.contains("[가-힣]")
    np.testing.assert_array_equal(hangul, frame["language"] == "ko")
    assert frame["language"].nunique() == (2 if language == "both" else 1)
    assert not frame["text"].str.contains(r"[{}]|을/를|으로/로").any()
    assert frame["text"].str.strip().ne("").all()


def test_times_fill_the_weeks_in_order():
    times = make_comments(3_000, start="2025-03-03", weeks=5).frame["time"]
    assert times.is_monotonic_increasing
    assert times.min() >= pd.Timestamp("2025-03-03")
    assert times.max() < pd.Timestamp("2025-04-07")
    assert times.dt.date.nunique() == 35
    by_weekday = times.dt.weekday.value_counts()
    assert by_weekday[0] > by_weekday[6]


def test_comments_repeat_little_and_spell_freely(many):
    texts = many.frame["text"]
    assert texts.nunique() > 0.9 * len(texts)
    assert texts.str.contains("ㅠㅠ|ㅋㅋ").mean() > 0.05
    assert (~texts.str.contains(" ")).mean() > 0.01


def test_the_new_topic_comes_in_the_last_two_weeks_only(many):
    (new,) = many.emerging.itertuples()
    late = many.frame["time"] >= new.since
    assert new.since == pd.Timestamp("2026-03-16")
    is_new = many.truth["is_emerging"]
    assert not is_new[~late].any()
    assert is_new[late].mean() == pytest.approx(0.14, abs=0.03)
    assert set(many.frame.loc[is_new, "topic"]) == {new.topic}
    telling = many.frame["text"].str.replace(" ", "").str.contains("로그인|인증")
    assert telling[is_new].mean() > 0.95
    assert telling[~is_new].mean() < 0.05


def test_few_weeks_hold_nothing_new():
    made = make_comments(500, weeks=3)
    assert made.emerging.empty
    assert not made.truth["is_emerging"].any()


def test_the_expected_score_follows_the_weights(many):
    weight = many.weights.set_index("topic")["weight"]
    felt = many.truth["sentiment"].map(FEELING)
    second = many.truth["second_topic"].map(weight).fillna(0.0)
    np.testing.assert_allclose(many.truth["csat"], 3.3 + felt * (many.truth["topic"].map(weight) + second))


def test_scores_vary_around_what_is_expected(many):
    gap = many.frame["csat"] - many.truth["csat"].clip(1, 5)
    assert abs(gap.mean()) < 0.05
    assert gap.std() == pytest.approx(0.55, abs=0.1)
    assert many.frame["csat"].corr(many.frame["nps"]) > 0.8


def test_the_stages_shift_the_share_of_complaints(many):
    shift = many.stages.set_index("stage")["negative_shift"]
    topic = many.truth["topic"]
    known = ~many.truth["is_emerging"]
    is_negative = (many.truth["sentiment"] == "negative").astype(float)
    over = is_negative[known] - is_negative[known].groupby(topic[known]).transform("mean")
    moved = over.groupby(many.frame.loc[known, "stage"]).mean()
    assert moved.corr(shift) > 0.8


def test_some_labels_are_not_what_was_meant(many):
    wrong = (many.frame["topic"] != many.truth["topic"]) | (many.frame["sentiment"] != many.truth["sentiment"])
    assert 0.05 < wrong.mean() < 0.12
    assert many.truth.loc[wrong, "is_ambiguous"].all()
    assert 0.10 < many.truth["is_ambiguous"].mean() < 0.20


def test_a_plain_model_learns_most_and_not_all(many):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier

    texts, labels = many.frame["text"], many.frame["topic"]
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2).fit(texts[:3_000])
    model = SGDClassifier(random_state=0).fit(vectors.transform(texts[:3_000]), labels[:3_000])
    assert 0.75 < model.score(vectors.transform(texts[3_000:]), labels[3_000:]) < 0.97


@pytest.mark.parametrize("language", ["ko", "en"])
def test_personal_data_stands_where_the_truth_says(language):
    made = make_comments(4_000, language=language)
    kinds = made.truth["personal"]
    assert kinds.map(len).gt(0).mean() == pytest.approx(0.05, abs=0.02)
    assert set(kinds.explode().dropna()) == {"account", "address", "email", "name", "phone"}
    has_mail = made.frame["text"].str.contains("@example.", regex=False)
    np.testing.assert_array_equal(has_mail, kinds.map(lambda one: "email" in one))


def test_urgent_comments_are_complaints_with_reasons(many):
    urgent = many.frame["urgency"] == "high"
    assert 0.04 < urgent.mean() < 0.15
    assert set(many.truth.loc[urgent, "sentiment"]) == {"negative"}


def test_the_documented_numbers_are_those_of_the_code():
    from cxml.datasets import comments

    said = re.sub(r"\s+", " ", make_comments.__doc__)
    assert f"``{comments._MIDDLE} + sum of weight" in said
    assert f"noise of {comments._SPREAD} points" in said
    assert f"{comments._EMERGING_SHARE:.0%}".replace("%", " %") in said
    assert f"{comments._PERSONAL:.0%}".replace("%", " %") in said


REFUSED = {
    "count": ({"n_comments": 0}, "`n_comments` must be a whole number, 1 or more - got 0"),
    "weeks": ({"weeks": 1.5}, "`weeks` must be a whole number, 1 or more - got 1.5"),
    "seed": ({"seed": -1}, "`seed` must be a whole number, 0 or more - got -1"),
    "language": ({"language": "jp"}, "`language` must be 'ko', 'en' or 'both' - got 'jp'"),
    "start": ({"start": "soon"}, "`start` must be a date such as '2026-01-05' - got 'soon'"),
    "no date": ({"start": 20260105}, "`start` must be a date .* got 20260105"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(name):
    changed, message = REFUSED[name]
    with pytest.raises(ConfigError, match=message):
        make_comments(**{"n_comments": 3} | changed)


def test_one_comment_is_enough():
    made = make_comments(1, language="both", weeks=1)
    assert len(made.frame) == len(made.truth) == 1

"""What to label next: unsure and unlike, whatever the comments are."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from cxml.errors import ConfigError, FrameError
from cxml.voc.suggesting import suggest, suggest_rows, unsureness


def test_unsure_rows_come_before_sure_ones():
    draw = np.random.default_rng(0)
    sure = np.column_stack([np.full(400, 0.99), np.full(400, 0.01)])
    unsure = np.column_stack([np.full(400, 0.55), np.full(400, 0.45)])
    chosen = suggest_rows({"topic": np.vstack([sure, unsure])}, draw.normal(size=(800, 3)), 20)
    assert len(set(chosen)) == 20
    assert chosen.min() >= 400


def test_rows_alike_are_not_chosen_twice():
    draw = np.random.default_rng(0)
    middles = draw.normal(size=(8, 4)) * 10
    kind = np.repeat(np.arange(8), [93, 1, 1, 1, 1, 1, 1, 1])
    vectors = middles[kind] + draw.normal(size=(100, 4)) * 0.01
    chosen = suggest_rows({"topic": np.full((100, 2), 0.5)}, vectors, 8)
    assert sorted(kind[chosen]) == list(range(8))
    assert len(suggest_rows({"topic": np.full((100, 2), 0.5)}, middles[kind], 20)) == 8, "equal vectors count once"


def test_the_seed_settles_the_choice():
    draw = np.random.default_rng(0)
    says, vectors = {"topic": draw.dirichlet([1, 1, 1], 300)}, draw.normal(size=(300, 5))
    first = suggest_rows(says, vectors, 10, seed=3)
    assert first.tolist() == suggest_rows(says, vectors, 10, seed=3).tolist()
    assert (np.diff(unsureness(says)[first]) <= 0).all()


def test_heads_are_averaged_and_several_labels_read_one_by_one():
    says = {"sentiment": [[0.5, 0.5], [1.0, 0.0]], "topic": [[0.0, 0.0, 0.0], [0.5, 0.0, 1.0]]}
    np.testing.assert_allclose(unsureness(says, several=["topic"]), [0.5, 0.5])
    np.testing.assert_allclose(unsureness({"topic": [[0.5], [0.9]]}), [1.0, 0.2], atol=1e-12)


def test_labels_chosen_teach_more_than_labels_by_chance():
    gained = []
    for seed in range(6):
        draw = np.random.default_rng(seed)
        share = 1 / np.arange(1, 13)
        kind = draw.choice(12, 1600, p=share / share.sum())
        vectors = draw.normal(size=(12, 6))[kind] + draw.normal(size=(1600, 6)) * 0.4
        start = draw.choice(1000, 12, replace=False)
        left = np.setdiff1d(np.arange(1000), start)
        says = LogisticRegression(C=10).fit(vectors[start], kind[start]).predict_proba(vectors[left])
        right = {}
        for name, rows in {
            "chance": draw.choice(left, 30, replace=False),
            "chosen": left[suggest_rows({"topic": says}, vectors[left], 30)],
        }.items():
            known = np.concatenate([start, rows])
            found = LogisticRegression(C=10).fit(vectors[known], kind[known]).predict(vectors[1000:])
            right[name] = np.mean(found == kind[1000:])
        gained.append(right["chosen"] - right["chance"])
    assert np.mean(gained) > 0.03


def test_a_frame_comes_back_with_reasons_and_without_repeats():
    comments = pd.DataFrame(
        {"글": ["배송 3일 지연", "배송 5일 지연!", None, "  ", "환불해 주세요", "앱이 꺼져요", 7]},
        index=list("abcdefg"),
    )
    says = {"topic": np.array([[0.5, 0.4, 0.1]] * 4 + [[0.34, 0.33, 0.33], [0.9, 0.1, 0.0], [0.8, 0.1, 0.1]])}
    labels = {"topic": ["배송", "환불", "앱"]}
    answer = suggest(comments, says, 99, labels=labels, text="글")
    assert list(answer.index) == ["e", "a", "g", "f"]
    assert list(answer["count"]) == [1, 2, 1, 1]
    assert answer.loc["a", "reason"] == "topic: 배송 .50, 환불 .40"
    assert answer["unsure"].between(0, 1).all()
    assert "unsure" not in comments
    assert len(suggest(comments, says, 2, labels=labels, text="글", vectors=np.eye(7))) == 2
    nothing = suggest(pd.DataFrame({"text": ["", None]}), {"topic": [[0.5, 0.5]] * 2}, 3, labels={"topic": "ab"})
    assert len(nothing) == 0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"n": 0}, ConfigError, r"'n' must be a whole number of at least 1 - got 0"),
        ({"n": True}, ConfigError, r"got True"),
        ({"text": "글"}, FrameError, r"needs the column '글' - .* text='text'"),
        ({"vectors": np.eye(3)}, FrameError, r"vectors must be one a comment, 2 - got 3"),
        ({"vectors": np.full((2, 2), np.nan)}, FrameError, r"Vectors must be finite numbers"),
        ({"probabilities": {"topic": [[0.5, 0.5]]}}, FrameError, r"of 'topic' must be one a comment, 2 - got 1"),
        ({"probabilities": {"topic": [[0.5, np.nan]] * 2}}, FrameError, r"between 0 and 1 - got others for 'topic'"),
        ({"probabilities": {}}, FrameError, r"needs the probabilities of a head - got none"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(change, error, message):
    given = {
        "comments": pd.DataFrame({"text": ["늦어요", "좋아요"]}),
        "probabilities": {"topic": [[0.5, 0.5]] * 2},
        "n": 1,
        "labels": {"topic": ["a", "b"]},
    } | change
    with pytest.raises(error, match=message):
        suggest(given.pop("comments"), given.pop("probabilities"), given.pop("n"), **given)

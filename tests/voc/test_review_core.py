"""What a review of the core found, and must not come back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxml import voc
from cxml.datasets import make_comments
from cxml.errors import ConfigError, FrameError
from cxml.voc import explaining
from cxml.voc.explaining import moving_words
from cxml.voc.folds import inner_folds
from cxml.voc.heads import Head, learn_head
from cxml.voc.linear import LinearEngine, Recipe
from cxml.voc.meaning import Meaning
from cxml.voc.ngrams import Vocabulary
from cxml.voc.pareto import units_of
from cxml.voc.semantic import Encoder


@pytest.fixture(scope="module")
def comments() -> pd.DataFrame:
    return make_comments(200, seed=1).frame


@pytest.fixture(scope="module")
def model(comments: pd.DataFrame) -> object:
    return voc.train(comments, topic="topic", recipe=(0.0, 0.3), refit=False, track=False)


class TestLabels:
    def test_spellings_of_a_well_known_word_are_refused_rather_than_lost(self) -> None:
        written = pd.Series(["Positive", "positive", "negative"] * 5, name="s")
        with pytest.raises(FrameError, match=r"got 3 spellings of 2 labels of 's'.*Write them alike"):
            learn_head("sentiment", written)

    def test_topics_have_no_order(self) -> None:
        assert learn_head("topic", pd.Series(["high", "low"] * 5, name="t")).kind == "single"
        assert learn_head("urgency", pd.Series(["high", "low"] * 5, name="t")).kind == "ordered"


class TestFewLabels:
    def test_equal_comments_only_are_refused_with_advice(self) -> None:
        with pytest.raises(FrameError, match=r"all with the same letters\. Label some that differ"):
            inner_folds(["가 나", "가나"], np.array([0, 1]), 0)

    def test_a_fold_of_one_label_joins_meaning_all_the_same(self) -> None:
        letters = Encoder("letters", lambda texts: np.array([[len(one), 1.0] for one in texts]), dimension=2)
        head = Head("urgency", "u", "single", ("a", "b"))
        engine = LinearEngine(recipe=Recipe(0.0, 0.3), encoder=letters)
        texts = ["가 나", "다 라", "마", "바"]
        engine.fit(texts, {"urgency": np.array([0, 0, 0, 1])}, [head])
        assert np.isfinite(engine.scores(texts)["urgency"]).all()

    def test_meaning_of_one_label_answers_it(self) -> None:
        head = Head("urgency", "u", "single", ("a", "b", "c"))
        learned = Meaning.learn(np.eye(3), np.array([1, 1, 1]), head, 1.0, None)
        assert learned.scores(np.eye(3)).argmax(axis=1).tolist() == [1, 1, 1]


def test_a_vocabulary_of_equally_common_ngrams_does_not_come_out_empty() -> None:
    assert len(Vocabulary.learn(["abcdefgh"] * 5, most=3)) == 3


class TestUrgency:
    def test_nothing_is_silent_whatever_stands_for_it(self) -> None:
        assert voc.urgency_of(pd.Series(["급해요", pd.NA], dtype="string"))["urgency"].tolist() == ["medium", "low"]

    def test_many_digits_take_no_longer_than_other_characters(self) -> None:
        start = time.process_time()
        voc.urgency_of(["가" + "1" * 50_000])
        assert time.process_time() - start < 10  # it took two minutes

    def test_numbers_are_read_as_before(self) -> None:
        told = voc.urgency_of(["전화를 13번 했어요", "12시까지 처리 부탁", "10일째 답이 없어요"])
        assert [one[0]["rule"] for one in told["urgency_reasons"]] == [
            "repeated_contact",
            "deadline",
            "repeated_contact",
        ]


class TestRouting:
    told = pd.DataFrame({"topic": ["환불", "배송", "앱"]})

    def test_a_table_of_rules_may_be_of_polars(self) -> None:
        polars = pytest.importorskip("polars")
        routed = voc.route(self.told, polars.DataFrame({"queue": ["a"], "topic": ["환불|앱"]}))
        assert routed["queue"].tolist() == ["a", "general", "a"]

    @pytest.mark.parametrize("cell", [["환불", "앱"], np.array(["환불", "앱"])])
    def test_a_table_of_rules_may_hold_lists(self, cell: object) -> None:
        routed = voc.route(self.told, pd.DataFrame({"queue": ["a"], "topic": [cell]}))
        assert routed["queue"].tolist() == ["a", "general", "a"]

    @pytest.mark.parametrize("asked", [{"sentiment": 1}, {"where": {"stars": 1}}, {"where": {"topic": None}}])
    def test_a_condition_that_is_no_text_is_refused(self, asked: dict[str, object]) -> None:
        with pytest.raises(ConfigError, match="must be a label or a list of labels, as text - got"):
            voc.route(self.told, [{"queue": "a", **asked}])


class TestGroups:
    def test_a_row_without_a_group_stands_alone(self) -> None:
        frame = pd.DataFrame({"topic": list("abc") * 20, "who": None, "score": np.arange(60) % 7, "stage": "x"})
        assert len(set(units_of(frame, "who"))) == 60
        pd.testing.assert_frame_equal(voc.pareto(frame, groups="who"), voc.pareto(frame))
        pd.testing.assert_frame_equal(
            voc.journey(frame, score="score", order=["x"], groups="who"), voc.journey(frame, score="score", order=["x"])
        )
        one, other = (
            voc.drivers(frame, score="score", topic="topic", n_bootstrap=40, groups=groups) for groups in ("who", None)
        )
        pd.testing.assert_frame_equal(one, other)


class TestPareto:
    frame = pd.DataFrame({"topic": ["a", "b"], "stars": [1, 5], "w": [0.0, 1.0], "bad": [True, None]})

    def test_complaints_without_any_weight_are_refused(self) -> None:
        with pytest.raises(FrameError, match="'w' must be above 0 for a complaint - it is 0 for all 1"):
            voc.pareto(self.frame, weight="w", complaints="bad")

    def test_a_label_may_be_a_number(self) -> None:
        worst: Any = {"stars": 1}
        assert voc.pareto(self.frame, complaints=worst)["complaints"].tolist() == [1, 0]

    def test_a_list_of_columns_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="`complaints` must be a column, or map columns to labels - got list"):
            voc.pareto(self.frame, complaints=["bad"])  # type: ignore[arg-type]

    @pytest.mark.filterwarnings("error")
    def test_empty_cells_are_no_complaints_and_no_warning(self) -> None:
        for bad in (self.frame["bad"], self.frame["bad"].astype("boolean")):
            assert voc.pareto(self.frame.assign(bad=bad), complaints="bad")["complaints"].tolist() == [1, 0]


class TestSettings:
    def test_an_order_without_a_sentiment_is_refused(self, comments: pd.DataFrame) -> None:
        with pytest.raises(ConfigError, match="order= puts the labels of the sentiment in order - got no sentiment="):
            voc.train(comments, topic="topic", order=["a", "b"], track=False)

    @pytest.mark.parametrize("recipe", [5, "ab", (0.5, "x"), (0.5,), (2, 1)])
    def test_a_recipe_must_be_two_numbers(self, comments: pd.DataFrame, recipe: object) -> None:
        with pytest.raises(ConfigError, match="recipe must be a power from 0 to 1 and a cost above 0"):
            voc.train(comments, topic="topic", recipe=recipe, track=False)

    def test_patterns_must_be_a_mapping(self, comments: pd.DataFrame) -> None:
        with pytest.raises(ConfigError, match="patterns must map kinds to regular expressions - got list"):
            voc.train(comments, topic="topic", patterns=["a"], track=False)

    @pytest.mark.parametrize("words", [-1, 1.5, True])
    def test_words_must_be_a_number_of_words(self, model: object, comments: pd.DataFrame, words: object) -> None:
        with pytest.raises(ConfigError, match="words= must be a whole number of at least 0"):
            voc.predict(model, comments.head(1), words=words)  # type: ignore[arg-type]

    def test_vectors_need_their_encoder(self) -> None:
        with pytest.raises(ConfigError, match="'vectors' must come with the encoder"):
            voc.similar(pd.DataFrame({"text": ["늦어요"]}), "배송", vectors=np.zeros((1, 3)))


def test_words_of_many_comments_are_weighed_in_blocks(
    model: object, comments: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["", *comments["text"].head(9)]
    whole = moving_words(model.model, texts, 3)  # type: ignore[attr-defined]
    monkeypatch.setattr(explaining, "_CHARACTERS_AT_ONCE", 300)
    assert len(list(explaining._blocks(texts))) > 1
    parts = moving_words(model.model, texts, 3)  # type: ignore[attr-defined]
    assert [[one["start"] for one in line] for line in parts["topic"]] == [
        [one["start"] for one in line] for line in whole["topic"]
    ]


def test_rows_with_sets_of_labels_have_one_name_in_every_process() -> None:
    code = (
        "import pandas as pd\n"
        "from cxml.voc.config import VocConfig\n"
        "from cxml.voc.evaluate import answer\n"
        "from cxml.voc.majority import MajorityVoc\n"
        "frame = pd.DataFrame({'text': ['a', 'b'], 't': [{'x', 'y', 'z', 'v', 'w'}, {'x'}]})\n"
        "config = VocConfig(topic='t', heads=(('topic', 't', 'multi', ('v', 'w', 'x', 'y', 'z')),))\n"
        "print(answer({'m': MajorityVoc(config).fit(frame)}, frame, config)['m']['row'].tolist())\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(told) == 1

"""Labels: which kind a column holds, their order, what is missing, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from cxml.errors import FrameError
from cxml.voc.heads import Head, learn_head


def learn(values, name="sentiment", order=None):
    return learn_head(name, pd.Series(values, name="column"), order)


ORDERED = {
    "english": (["positive", "neutral", "negative"], ("negative", "neutral", "positive")),
    "capitals": (["Positive", "NEGATIVE"], ("NEGATIVE", "Positive")),
    "five words": (
        ["very_positive", "very_negative", "neutral"],
        ("very_negative", "neutral", "very_positive"),
    ),
    "korean": (["긍정", "부정", "중립"], ("부정", "중립", "긍정")),
    "satisfied": (["만족", "불만", "매우 만족"], ("불만", "만족", "매우 만족")),
    "stars": ([5, 1, 3, 2, 4], (1, 2, 3, 4, 5)),
    "stars with gaps": ([5.0, 1.0, np.nan], (1, 5)),
    "booleans": ([True, False], (False, True)),
}


@pytest.mark.parametrize("name", ORDERED)
def test_numbers_and_well_known_words_are_put_in_order(name):
    values, labels = ORDERED[name]
    found = learn(values * 2)
    assert (found.kind, found.labels) == ("ordered", labels)
    assert [type(one) for one in found.labels] == [type(one) for one in labels]


def test_other_words_have_no_order_unless_it_is_told():
    values = ["mad", "fine", "happy"] * 2
    assert (learn(values).kind, learn(values).labels) == ("single", ("fine", "happy", "mad"))
    told = learn(values, order=["mad", "fine", "happy"])
    assert (told.kind, told.labels) == ("ordered", ("mad", "fine", "happy"))
    with pytest.raises(FrameError, match=r"must name each label of 'column' once - got 'mad', 'fine' for 'fine', "):
        learn(values, order=["mad", "fine"])


def test_numbers_name_topics_without_an_order():
    assert learn([10, 9, 10, 9], name="topic").kind == "single"
    assert learn([10, 9, 10, 9], name="urgency").kind == "ordered"


def test_labels_become_numbers_and_missing_ones_minus_one():
    values = pd.Series(["b", "a", None, np.nan, "", "a", "b", pd.NA, " a ", "c"], name="topic")
    head = learn_head("topic", values.head(9))
    assert head.labels == ("a", "b")
    np.testing.assert_array_equal(head.read(values.to_frame()), [1, 0, -1, -1, -1, 0, 1, -1, 0, -1])


@pytest.mark.parametrize("dtype", ["Int64", "float64", "category", "string"])
def test_the_type_of_the_column_does_not_matter(dtype):
    values = pd.Series([1, 2, 1, 2, None], name="stars").astype("float64")
    values = values.astype("Int64").astype(dtype) if dtype != "float64" else values
    head = learn_head("sentiment", values)
    np.testing.assert_array_equal(head.read(values.to_frame()), [0, 1, 0, 1, -1])
    assert head.labels == (("1", "2") if dtype == "string" else (1, 2))


@pytest.mark.parametrize("wrap", [list, tuple, set, np.array])
def test_lists_are_many_labels_of_which_some_rows_know_none(wrap):
    values = pd.Series([wrap(["a", "b"]), wrap(["a"]), None, wrap([]), wrap(["b", "new"])], name="topic")
    head = learn_head("topic", values.head(2).repeat(2).reset_index(drop=True).map(lambda one: wrap(["a", *one, "b"])))
    assert (head.kind, head.labels) == ("multi", ("a", "b"))
    wanted = [[1, 1], [1, 0], [np.nan, np.nan], [0, 0], [0, 1]]
    np.testing.assert_array_equal(head.read(values.to_frame()), wanted)


REFUSED = {
    "one class": (["price"] * 9, r"must have two labels or more to tell apart - got 1: 'price'\. Add comments"),
    "no label": ([None, np.nan], r"must have two labels or more to tell apart - got 0\. Add comments"),
    "one example": (["a"] * 5 + ["b"], r"two examples or more.* of 2 labels of 'column', 1 have one: 'b'\. Join them"),
    "mixed types": (["good", 1, "bad", 2] * 3, r"labels of one type - got 6 texts and 6 numbers\. Turn them into one"),
    "lists and labels": ([["a"], "b"] * 3, r"a list in every row - got lists in 3 of 6 rows\. Wrap single labels"),
    "mixed in lists": ([["a", 1]] * 4, r"labels of one type - got 4 texts and 4 numbers"),
    "joined": (["a|b", "a", "b", "b|a"] * 3, r"one label a row, or a list - got 2 labels that are several, joined by"),
    "written lists": (["['a']", "['a', 'b']"] * 3, r"must hold lists or labels - got lists written as text\. Read: im"),
    "other things": ([{"a": 1}] * 4, r"must hold texts or numbers as labels - got 'dict'"),
    "dates": ([pd.Timestamp("2026-01-01")] * 4, r"must hold texts or numbers as labels - got 'Timestamp'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_labels_that_cannot_be_learned_are_refused(name):
    values, message = REFUSED[name]
    with pytest.raises(FrameError, match=message):
        learn(pd.Series(values, dtype=object), name="topic")


def test_a_comma_in_a_name_is_no_list():
    assert learn(["price, fees", "delivery", "returns, refunds"] * 2, name="topic").kind == "single"


def test_a_head_reads_only_its_column():
    head = Head("topic", "theme", "single", ("a", "b"))
    np.testing.assert_array_equal(head.read(pd.DataFrame({"theme": ["b", "a"], "topic": ["a", "a"]})), [1, 0])

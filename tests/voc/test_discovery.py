"""Topics without labels: found, placed, kept apart from one another, and the same when weeks are added."""

import json

import numpy as np
import pandas as pd
import pytest

from cxml.contract import Model, Updates
from cxml.errors import ConfigError, FrameError, NotFittedError
from cxml.voc.topics.discovery import UNPLACED, TopicModel, discover
from cxml.voc.topics.topic_config import TopicsConfig
from cxml.voc.topics.topic_mixture import Mixture

SUBJECTS = {
    "delivery": ["배송이", "택배가", "기사님이", "늦게", "도착", "문앞에", "포장이", "상자가", "파손", "지연"],
    "app": ["앱이", "로그인이", "화면이", "자꾸", "꺼져요", "업데이트", "오류가", "느려요", "튕겨요", "설치"],
    "refund": ["환불이", "취소가", "입금", "카드로", "수수료가", "거절", "영수증", "결제를", "금액이", "계좌로"],
}
NEW = ["사은품이", "이벤트", "당첨", "쿠폰이", "응모", "추첨", "경품을", "행사", "발표가", "참여"]


def comments_of(n, seed, subjects=SUBJECTS):
    rng = np.random.default_rng(seed)
    names = rng.choice(list(subjects), n)
    texts = [" ".join(rng.choice(subjects[one], 4, replace=False)) for one in names]
    return pd.DataFrame({"text": texts, "truth": names})


def agreement(found, truth):
    """Share of comments in the commonest label of their topic."""
    return pd.crosstab(found, truth).max(axis=1).sum() / len(truth)


@pytest.fixture(scope="module")
def comments():
    return comments_of(300, 0)


@pytest.fixture(scope="module")
def topics(comments):
    return discover(comments, n_topics=3)


def test_it_is_a_model_that_updates(topics):
    assert isinstance(topics, Model)
    assert isinstance(topics, Updates)
    assert (topics.family, topics.method, topics.features()) == ("voc", "topics", {"text": "text"})


def test_topics_are_those_that_the_comments_were_made_of(topics, comments):
    assert agreement(topics.predict(comments)["topic"], comments["truth"]) > 0.97


def test_new_comments_are_placed_by_what_was_learned(topics):
    fresh = comments_of(200, 5)
    answer = topics.predict(fresh)
    assert agreement(answer["topic"], fresh["truth"]) > 0.95
    assert answer["topic_probability"].between(1 / 3, 1).all()


def test_the_number_of_topics_is_found():
    model = discover(comments_of(600, 1))
    assert 3 <= len(model.topics) <= 5


def test_the_seed_hardly_matters(comments):
    one, two = (discover(comments, n_topics=3, seed=seed).predict(comments)["topic"] for seed in (1, 2))
    assert agreement(one, two) > 0.97


def test_every_comment_with_words_is_placed_and_the_others_are_counted(comments):
    odd = ["", None, "😀😀", "!!!", " ", "123", "그리고 너무", "zzz", "x", "\ud800", "\x00"]
    frame = pd.concat([comments, pd.DataFrame({"text": odd})], ignore_index=True)
    model = discover(frame, n_topics=3)
    answer = model.predict(frame).tail(len(odd))
    assert (answer["topic"] == UNPLACED).tolist() == [True] * 6 + [False] * 3 + [True] * 2
    assert model.unplaced == 8
    assert (answer.loc[answer["topic"] == UNPLACED, "topic_probability"] == 0).all()
    assert (model.predict(comments)["topic"] != UNPLACED).all()


def test_a_batch_is_its_rows_one_by_one(topics, comments):
    some = comments.head(8)
    alone = pd.concat([topics.predict(some.iloc[[at]]) for at in range(len(some))])
    pd.testing.assert_frame_equal(alone, topics.predict(some))


def test_the_table_names_topics_by_their_words_and_shows_masked_examples(comments):
    frame = pd.concat([comments, pd.DataFrame({"text": ["배송이 지연 010-1234-5678 택배가 도착 포장이"] * 5})])
    model = discover(frame, n_topics=3)
    table = model.table()
    assert table["comments"].sum() == len(frame)
    assert table["share"].sum() == pytest.approx(1)
    assert table["comments"].is_monotonic_decreasing
    assert table["name"].is_unique
    stems = {word for words in SUBJECTS.values() for word in words}
    for name in table["name"]:
        assert all(any(form.startswith(word) for form in stems) for word in name.split(" · ") for word in word.split())
    everything = json.dumps({name: str(value) for name, value in model.parts().items()}, ensure_ascii=False)
    assert "1234" not in everything + table.to_string()


def test_parts_are_json_and_arrays_and_give_the_same_answers(topics, comments):
    parts = topics.parts()
    plain = {name: value for name, value in parts.items() if not isinstance(value, np.ndarray)}
    json.dumps(plain, allow_nan=False)
    again = TopicModel.from_parts(topics.config, {**parts, **json.loads(json.dumps(plain))})
    pd.testing.assert_frame_equal(again.predict(comments), topics.predict(comments))
    pd.testing.assert_frame_equal(again.table(), topics.table())


def test_no_examples_are_kept_where_none_are_wanted(comments):
    assert all(not one["examples"] for one in discover(comments, n_topics=2, examples=0).topics)


def test_an_update_keeps_ids_and_names_and_finds_what_is_new(comments):
    model = discover(comments, n_topics=3)
    before = model.table().set_index("topic")
    placed = model.predict(comments)["topic"]
    more = comments_of(150, 8, {**SUBJECTS, "event": NEW})
    model.update(more)
    after = model.table().set_index("topic")
    assert set(before.index) < set(after.index)
    assert after.loc[before.index, "name"].tolist() == before["name"].tolist()
    assert after["comments"].sum() == 450
    assert (model.predict(comments)["topic"] == placed).mean() > 0.97
    answer = model.predict(more)
    event = answer.loc[more["truth"] == "event", "topic"]
    assert (event == max(after.index)).mean() > 0.9
    assert max(after.index) == 3
    assert agreement(answer["topic"], more["truth"]) > 0.95


def test_an_update_with_more_of_the_same_adds_no_topic(comments):
    for seed in range(3):
        model = discover(comments, n_topics=3).update(comments_of(150, 20 + seed))
        assert len(model.topics) == 3
        assert model.table()["comments"].sum() == 450


def test_an_updated_model_can_be_stored_and_updated_again(comments):
    more = comments_of(120, 8, {"event": NEW})
    model = discover(comments, n_topics=3).update(more)
    again = TopicModel.from_parts(model.config, model.parts())
    pd.testing.assert_frame_equal(again.predict(more), model.predict(more))
    again.update(comments_of(50, 9))
    assert [one["topic"] for one in again.topics] == [one["topic"] for one in model.topics]
    again.update(pd.DataFrame({"text": ["", "!"]}))
    assert again.unplaced == 2


class Letters:
    """An encoder that knows a subject when it sees one."""

    def encode(self, texts):
        found = [[sum(word in text for word in words) for words in SUBJECTS.values()] for text in texts]
        return np.asarray(found, dtype=np.float32)


def test_an_encoder_joins_and_has_to_be_put_back(comments):
    model = discover(comments, n_topics=3, encoder=Letters())
    assert agreement(model.predict(comments)["topic"], comments["truth"]) > 0.97
    again = TopicModel.from_parts(model.config, model.parts())
    with pytest.raises(ConfigError, match=r"an encoder of your own.*Set model.encoder"):
        again.predict(comments)
    again.encoder = Letters()
    pd.testing.assert_frame_equal(again.predict(comments), model.predict(comments))


def test_an_encoder_that_answers_nonsense_is_refused(comments):
    class Broken:
        def encode(self, texts):
            return np.zeros((1, 3), dtype=np.float32)

    with pytest.raises(ConfigError, match=r"must answer finite vectors of shape \(300, d\) - got \(1, 3\)"):
        discover(comments, encoder=Broken())


def test_key_and_time_are_carried_along(comments):
    frame = comments.assign(id=range(300), at=pd.Timestamp("2026-01-01"))
    answer = discover(frame, key="id", time="at", n_topics=2).predict(frame)
    assert list(answer.columns) == ["id", "at", "topic", "topic_name", "topic_probability"]


@pytest.mark.parametrize(
    ("frame", "settings", "message"),
    [
        ({"txt": ["a b"] * 20}, {}, r"Topics needs? the column 'text'.*Did you mean 'txt'"),
        ({"text": [1, 2, 3]}, {}, r"must be texts - got int in 3 of 3 rows of 'text'"),
        ({"text": ["", None, "😀"] * 10}, {}, r"at least 10 comments with words - 'text' has 0 in 30 rows"),
        ({"text": ["hello there"] * 12}, {"n_topics": 50}, r"at least 50 comments with words"),
        (
            {"text": ["hello there"] * 12},
            {"n_topics": 2.5},
            r"n_topics must be a whole number from 1 to 1,000 - got 2.5",
        ),
        ({"text": ["hello there"] * 12}, {"seeds": 1}, r"Did you mean 'seed'"),
    ],
)
def test_bad_input_is_refused_with_a_word_on_what_to_do(frame, settings, message):
    with pytest.raises((FrameError, ConfigError), match=message):
        discover(pd.DataFrame(frame), **settings)


def test_comments_that_are_all_alike_are_one_topic():
    model = discover(pd.DataFrame({"text": ["배송이 늦어요"] * 30}))
    assert len(model.topics) == 1
    assert model.table()["comments"].tolist() == [30]


def test_an_unfitted_model_says_so():
    model = TopicModel(TopicsConfig())
    for ask in (model.table, model.parts, lambda: model.predict(pd.DataFrame({"text": ["a"]}))):
        with pytest.raises(NotFittedError, match=r"Call discover\(comments\)"):
            ask()


def test_sums_of_parts_are_the_sum_of_all(topics, comments):
    """Topics are sums, so that two halves added up are the whole."""
    rows, _ = topics._reader.rows(list(comments["text"]))
    hot = np.eye(3)[np.arange(300) % 3]
    whole = Mixture.of(rows, hot)
    halves = Mixture.of(rows.take(np.arange(150)), hot[:150]).plus(
        Mixture.of(rows.take(np.arange(150, 300)), hot[150:])
    )
    np.testing.assert_allclose(whole.words, halves.words)
    np.testing.assert_allclose(whole.pieces, halves.pieces)

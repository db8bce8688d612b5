"""What a review of the rooms of comments found: privacy, topics, nets and their pictures."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cxml import plots, voc
from cxml.errors import ConfigError, FrameError, ModelFolderError
from cxml.voc.nets.compact import CompactEngine
from cxml.voc.nets.compact_parting import apart_from, dealt, mixed
from cxml.voc.nets.onnx_serving import OnnxEngine
from cxml.voc.privacy import find_personal_data, mask, mask_and_count
from cxml.voc.topics.phrases import tokens


@pytest.fixture(scope="module")
def comments():
    """Ten weeks; the index says some rows twice, as after pandas.concat."""
    days = pd.date_range("2026-01-05", periods=70)
    old = pd.DataFrame({"time": days.repeat(4), "text": ["배송이 늦어요", "포장 좋아요", "배송 문의", "환불"] * 70})
    new = pd.DataFrame({"time": days[-5:].repeat(4), "text": "로그인 인증 오류"})
    both = pd.concat([old, new])
    return both.assign(topic=np.where(both["text"].str.contains("배송"), "배송", "기타"))


def test_a_categorical_column_keeps_its_masked_comments():
    column = pd.Series(["call 010-1234-5678", "fine"], dtype="category", index=[3, 4], name="text")
    masked = mask(column)
    assert masked.tolist() == ["call <PHONE>", "fine"]
    assert masked.index.tolist() == [3, 4]
    assert masked.name == "text"


def test_one_text_is_no_list_of_texts():
    with pytest.raises(FrameError, match=r"must be a list of str - got one str. Put it into a list") as told:
        mask_and_count("call 010-1234-5678")
    assert "5678" not in str(told.value)


@pytest.mark.parametrize("pattern", [["ORD"], None, {"a": 1}])
def test_a_pattern_that_is_no_text_is_refused(pattern):
    with pytest.raises(ConfigError, match=r"must hold regular expressions - got .* for 'ORDER'"):
        mask("text", patterns={"ORDER": pattern})


def test_an_array_among_texts_is_refused_by_its_place():
    with pytest.raises(FrameError, match=r"got ndarray at position 1"):
        mask(["fine", np.array([1, 2])])


def test_a_flat_is_no_line_of_a_railway():
    assert [one.kind for one in find_personal_data("래미안 101동 1203호")] == ["ADDRESS"]
    assert find_personal_data("래미안 101동 1203호선") == []


def test_masks_of_kinds_with_digits_are_no_words():
    assert tokens("쿠폰 <ORDER2> 확인") == ["쿠폰", "<ORDER2>", "확인"]


def test_shares_count_rows_of_one_index_as_rows(comments):
    shares = voc.topic_shares(comments, "topic")
    pd.testing.assert_frame_equal(shares, voc.topic_shares(comments.reset_index(drop=True), "topic"))
    assert np.allclose(shares.sum(axis=1), 1)
    model = voc.discover(comments, n_topics=2)
    assert len(voc.topic_shares(comments, model)) == 10


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"examples": -1}, r"examples must be a whole number from 0 up - got -1"),
        ({"longest_phrase": 0}, r"longest_phrase must be a whole number from 1 to 3 - got 0"),
        ({"longest_phrase": "2"}, r"longest_phrase must be a whole number from 1 to 3 - got '2'"),
        ({"lag": True}, r"lag must be a whole number from 0 up - got True"),
    ],
)
def test_settings_of_what_is_new_are_checked(comments, setting, message):
    with pytest.raises(ConfigError, match=message):
        voc.emerging(comments, **setting)


def test_settings_of_what_is_new_may_come_from_numpy(comments):
    found = voc.emerging(comments, lag=np.int64(2), examples=np.int64(1))
    assert found["what"].tolist() == ["로그인 인증"]
    assert found["examples"].tolist() == [["로그인 인증 오류"]]


class Failing:
    """An encoder that is away for a while."""

    away = False

    def encode(self, texts):
        if self.away:
            raise RuntimeError("away")
        return np.array([[len(one), one.count("배"), one.count("환")] for one in texts], dtype=float)


def test_an_update_that_fails_leaves_the_topics_as_they_were(comments):
    encoder = Failing()
    model = voc.discover(comments, n_topics=2, encoder=encoder)
    before = model.predict(comments)
    encoder.away = True
    with pytest.raises(RuntimeError, match="away"):
        model.update(pd.DataFrame({"text": ["완전히 새로운 단어"] * 30}))
    encoder.away = False
    pd.testing.assert_frame_equal(model.predict(comments), before)


def test_a_fit_that_fails_leaves_the_topics_as_they_were(comments):
    model = voc.discover(comments, n_topics=3)
    before = model.predict(comments)
    with pytest.raises(FrameError, match="at least 10 comments"):
        model.fit(comments.head(3))
    pd.testing.assert_frame_equal(model.predict(comments), before)


def test_the_compact_model_is_not_judged_on_copies_of_what_it_learned():
    rng = np.random.default_rng(0)
    base = ["".join(chr(0xAC00 + int(one)) for one in rng.integers(0, 11_172, 12)) for _ in range(20)]
    label = rng.integers(0, 2, 20)
    texts = [f"{text}{'!' * copy}" for copy in range(15) for text in base]
    head = SimpleNamespace(name="sentiment", kind="single", labels=("negative", "positive"))
    truth = np.tile(label, 15)
    engine = CompactEngine().fit(texts, {"sentiment": truth}, [head])
    rows, scores = engine.validation["sentiment"]
    assert len(rows) == 300
    # the labels are drawn by lot: copies on both sides would be right every time
    assert (scores.argmax(axis=1) == truth[rows]).mean() < 0.8


def test_the_compact_model_refuses_copies_of_one_comment():
    head = SimpleNamespace(name="sentiment", kind="single", labels=("negative", "positive"))
    with pytest.raises(FrameError, match=r"30 labelled comments, all with the same letters. Label some that differ"):
        CompactEngine().fit(["좋아요"] * 30, {"sentiment": np.tile([0, 1], 15)}, [head])


def test_groups_are_dealt_whole():
    texts = ["가", "가!", "나", "다", "다", "다", "라", "마", "!", "?"]
    groups = mixed(texts, np.arange(10), seed=0)
    assert sorted(row for group in groups for row in group.tolist()) == list(range(10))
    parts = dealt(groups, 3)
    assert sorted(np.concatenate(parts).tolist()) == list(range(10))
    assert [len(part) for part in dealt([np.arange(1), np.arange(1, 9)], 5)] == [1, 8]
    assert [len(part) for part in dealt([np.arange(9), np.arange(9, 10)], 5)] == [9, 1]
    assert all(any(set(group.tolist()) <= set(part.tolist()) for part in parts) for group in groups)
    apart, seen = apart_from(groups, 4)
    assert len(apart) == 4
    assert not set(apart.tolist()) & set(seen.tolist())
    assert all(len(set(group.tolist()) & set(apart.tolist())) in (0, len(group)) for group in groups)
    apart, seen = apart_from([np.arange(8), np.arange(8, 13)], 2)
    assert (len(apart), len(seen)) == (5, 8)


def test_a_damaged_encoder_and_a_wrong_config_are_refused(tmp_path):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from cxml.voc.nets.pretrained import open_pretrained

    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]))
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    sizes = {"vocab_size": 6, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    transformers.BertModel(transformers.BertConfig(hidden_size=8, **sizes)).save_pretrained(tmp_path)
    transformers.BertConfig(hidden_size=16, **sizes).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"could not be read \(RuntimeError"):
        open_pretrained(str(tmp_path), feature="Fine-tuning")
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(ConfigError, match=r"could not be read \(SafetensorError"):
        open_pretrained(str(tmp_path), feature="Fine-tuning")


@pytest.mark.parametrize("held", ["{", "{}"])
def test_a_damaged_export_is_refused(tmp_path, held):
    pytest.importorskip("onnxruntime")
    for name in ("model.onnx", "settings.json", "tokens.json"):
        (tmp_path / name).write_text(held)
    with pytest.raises(ModelFolderError, match=r"could not be read .* Copy it anew, or export again"):
        OnnxEngine.load(tmp_path)


@pytest.mark.filterwarnings("ignore:A picture needs a font")
def test_a_price_in_a_topic_is_no_formula(tmp_path):
    figure = plots.plot_topics(pd.Series({r"$\frac$ refund": 0.6, "$5 or $6": 0.4}))
    figure.savefig(tmp_path / "topics.png")
    table = pd.DataFrame(
        {
            "topic": [r"$\frac$", "app"],
            "share": [0.7, 0.3],
            "share-lo-95": [0.6, 0.2],
            "share-hi-95": [0.8, 0.4],
            "cumulative_share": [0.7, 1.0],
            "is_vital": [True, False],
        }
    )
    plots.plot_pareto(table).savefig(tmp_path / "pareto.png")


def test_pictures_of_topics_are_found_beside_the_others():
    assert {"plot_topics", "plot_emerging"} <= set(plots.__all__)

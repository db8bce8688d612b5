"""Fine-tuning, from a tiny encoder that is made here to the graph that serves it; nothing is downloaded."""

import json
import os
import re
import sys
import warnings
from dataclasses import dataclass

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

import numpy as np
import pytest

from cxml.errors import ConfigError, MissingExtraError, ModelFolderError, NotFittedError

torch = pytest.importorskip("torch", reason="torch is not installed (extra transformers)")
transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra transformers)")

from cxml.voc.nets import finetuning  # noqa: E402
from cxml.voc.nets.onnx_serving import OnnxEngine, export_onnx  # noqa: E402
from cxml.voc.nets.pretrained import Tokens, open_pretrained  # noqa: E402
from cxml.voc.nets.transformer import TransformerEngine  # noqa: E402
from cxml.voc.nets.tuning import Tuning  # noqa: E402


@dataclass(frozen=True)
class Head:
    """What an engine needs to know of a head."""

    name: str
    column: str
    kind: str
    labels: tuple[str, ...]


SENTIMENT = Head("sentiment", "sentiment", "single", ("부정", "긍정"))
TOPIC = Head("topic", "topic", "multi", ("배송", "요금", "앱"))
WORDS = {
    "배송": "배송이 택배가 기사님이 도착이",
    "요금": "요금이 청구가 할인이 결제가",
    "앱": "앱이 화면이 로그인이 업데이트가",
}
MOODS = (("최악이에요", "늦어요", "짜증나요"), ("좋아요", "빨라요", "만족해요"))
QUICK = Tuning(max_tokens=16, epochs=10, least_steps=60, batch_size=16, learning_rate=3e-3, head_rate=1, layer_decay=1)
ODD = ["", "  ", "😀", "a\x00b", "\ud800", "가" * 100_000, "배송이 " * 25_000, "배송이 늦어요"]


def comments_of(rows, seed=0):
    draw = np.random.default_rng(seed)
    texts, mood, topics = [], [], []
    for _ in range(rows):
        topic, feeling = draw.integers(3), draw.integers(2)
        texts.append(
            f"{draw.choice(list(WORDS.values())[topic].split())} {draw.choice(MOODS[feeling])} {draw.integers(90)}"
        )
        mood.append(feeling)
        topics.append(np.eye(3)[topic])
    return texts, {"sentiment": np.array(mood), "topic": np.array(topics)}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A BERT of 2 layers and 32 dimensions with random weights, and a WordPiece tokenizer of these comments."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    folder = tmp_path_factory.mktemp("encoder")
    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    words.train_from_iterator(comments_of(300)[0], trainers.WordPieceTrainer(vocab_size=300, special_tokens=special))
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=300,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def fitted(encoder):
    texts, targets = comments_of(300)
    targets["sentiment"][:20] = -1
    targets["topic"][20:40] = np.nan
    return TransformerEngine(str(encoder), QUICK).fit(texts, targets, [SENTIMENT, TOPIC])


def test_it_learns_both_heads(fitted):
    texts, targets = comments_of(200, seed=1)
    scores = fitted.scores(texts)
    assert np.mean(scores["sentiment"].argmax(1) == targets["sentiment"]) > 0.95
    assert np.mean((scores["topic"] > 0) == targets["topic"]) > 0.95


def test_validation_rows_were_held_back_and_have_labels(fitted):
    texts, targets = comments_of(300)
    rows, scores = fitted.validation["sentiment"]
    assert scores.shape == (len(rows), 2)
    assert 10 <= len(rows) <= 45
    assert rows.min() >= 20, "rows without a label are no validation"
    learning, checking = finetuning.hold_back(texts, {"sentiment": targets["sentiment"]}, 0.1, 0)
    assert not {texts[at] for at in learning} & {texts[at] for at in checking}
    assert set(rows) <= set(checking)
    np.testing.assert_allclose(fitted.scores([texts[at] for at in rows])["sentiment"], scores, atol=1e-5)


def test_a_label_is_never_held_back_as_a_whole():
    texts = [f"글 {at}" for at in range(40)]
    target = np.array([0] * 38 + [1, 2])
    for seed in range(20):
        learning, checking = finetuning.hold_back(texts, {"topic": target}, 0.5, seed)
        assert set(target[learning]) == {0, 1, 2}
        assert len(checking) >= 15
    with pytest.raises(ConfigError, match=r"at least 2 different comments.* - got 1\. Label more"):
        finetuning.hold_back(["같은 글"] * 9, {}, 0.1, 0)


def test_it_stops_early_and_keeps_the_best_weights(encoder):
    texts, targets = comments_of(80)
    targets["sentiment"] = np.random.default_rng(0).integers(2, size=80)  # nothing to learn: the checks get worse
    told = []
    stubborn = Tuning(
        max_tokens=16, least_steps=400, batch_size=16, learning_rate=1e-2, head_rate=1, patience=2, validation_share=0.3
    )
    engine = TransformerEngine(str(encoder), stubborn).fit(texts, targets, [SENTIMENT], step=told.append)
    done, most, best = re.match(r"step (\d+) of (\d+) at most, loss of the checks ([\d.]+) at best", told[-1]).groups()
    assert most == "400"
    assert int(done) < 200
    rows, scores = engine.validation["sentiment"]
    log_odds = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    assert -log_odds[np.arange(len(rows)), targets["sentiment"][rows]].mean() == pytest.approx(float(best), abs=1e-3)
    assert told[-1].split("loss")[1] == told[-3].split("loss")[1], "two checks without a better loss end it"


def test_the_same_seed_gives_the_same_model_and_leaves_the_generator_alone(encoder):
    texts, targets = comments_of(60)
    short = Tuning(max_tokens=16, epochs=1, least_steps=5, batch_size=16, class_weight="balanced", pooling="cls")
    state = torch.get_rng_state()
    runs = [TransformerEngine(str(encoder), short).fit(texts, targets, [SENTIMENT]).scores(texts) for _ in range(2)]
    np.testing.assert_array_equal(runs[0]["sentiment"], runs[1]["sentiment"])
    assert torch.equal(state, torch.get_rng_state())


def test_odd_texts_are_scored_and_batches_do_not_matter(fitted):
    together = fitted.scores(ODD)
    for name, scores in together.items():
        assert np.isfinite(scores).all()
        alone = np.vstack([fitted.scores([text])[name] for text in ODD])
        np.testing.assert_allclose(scores, alone, atol=1e-5)
    assert fitted.scores([])["topic"].shape == (0, 3)


def test_parts_are_plain_and_build_the_same_model(fitted, tmp_path, monkeypatch):
    from cxml import persistence

    parts = {}
    for name, value in fitted.parts().items():
        codec, content = persistence._encode(value)
        assert codec == ("safetensors" if name == "weights" else "json")
        parts[name] = persistence._decode(codec, content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", None)
    monkeypatch.setattr("transformers.AutoModel.from_pretrained", None)
    parts["architecture"]["auto_map"] = {"AutoModel": "evil.Model"}
    again = TransformerEngine.from_parts(parts)
    for name, scores in fitted.scores(ODD).items():
        np.testing.assert_array_equal(again.scores(ODD)[name], scores)
    del parts["weights"]["heads.topic.bias"]
    with pytest.raises(ConfigError, match=r"weights must fit its architecture - they do not"):
        TransformerEngine.from_parts(parts)


def test_no_comment_is_kept_in_the_parts(fitted):
    plain = json.loads(json.dumps({name: value for name, value in fitted.parts().items() if name != "weights"}))
    assert "배송이" in plain["tokens"]["tokenizer"]["model"].pop("vocab"), "the encoder's own, from before"
    assert "배송이" not in json.dumps(plain, ensure_ascii=False)


@pytest.fixture(scope="module")
def exported(fitted, tmp_path_factory):
    pytest.importorskip("onnx", reason="onnx is not installed (extra onnx)")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra onnx)")
    with warnings.catch_warnings():
        # torch's own exporter and its tracer; the export compares both answers itself
        warnings.filterwarnings("ignore", "You are using the legacy TorchScript-based ONNX export", DeprecationWarning)
        warnings.filterwarnings("ignore", "The feature will be removed", DeprecationWarning)
        warnings.filterwarnings("ignore", "Exporting aten::index operator", UserWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        return export_onnx(fitted, tmp_path_factory.mktemp("onnx") / "served")


def test_the_exported_graph_answers_the_same(fitted, exported):
    texts = comments_of(70, seed=3)[0] + ODD
    served = OnnxEngine.load(exported, threads=1).scores(texts)
    for name, scores in fitted.scores(texts).items():
        np.testing.assert_allclose(served[name], scores, atol=1e-3)
    assert {path.name for path in exported.iterdir()} == {"model.onnx", "settings.json", "tokens.json"}
    with pytest.raises(ModelFolderError, match=r"exists already. Choose another name"):
        export_onnx(fitted, exported)


def test_a_graph_that_answers_otherwise_is_refused(fitted, exported, tmp_path, monkeypatch):
    from cxml.voc.nets import onnx_serving

    def stale(network, names, path):
        path.write_bytes((exported / "model.onnx").read_bytes())
        with torch.no_grad():
            network.heads["topic"].bias += 0.1

    monkeypatch.setattr(onnx_serving, "_trace", stale)
    with pytest.raises(ConfigError, match=r"within 0\.001 - that of .* is off by 0\.1"):
        export_onnx(fitted, tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


def test_a_full_gpu_says_the_batch_size_to_try(encoder, fitted, monkeypatch):
    texts, targets = comments_of(60)
    monkeypatch.setattr(finetuning, "loss_of", _full)
    with pytest.raises(ConfigError, match=r"16 comments of up to 16 tokens did not, while training. Try batch_size=8"):
        TransformerEngine(str(encoder), QUICK).fit(texts, targets, [SENTIMENT])
    monkeypatch.setattr(finetuning.Device, "put", _full)
    with pytest.raises(ConfigError, match=r"while scoring. Try batch_size=16"):
        fitted.scores(texts)
    with pytest.raises(ConfigError, match=r"Try max_tokens=64"), finetuning.within_memory(1, 128, "while training"):
        _full()


def _full(*_):
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_pickled_weights_are_refused(encoder, tmp_path):
    for path in encoder.iterdir():
        if path.suffix == ".json":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    with pytest.raises(ConfigError, match=r"safetensors only, because a pickle runs code .* holds pytorch_model\.bin"):
        TransformerEngine(str(tmp_path)).fit(["a", "b"], {"sentiment": np.array([0, 1])}, [SENTIMENT])


def test_an_encoder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"could not be read .* Check the name; without a network give a local folder"
    ):
        open_pretrained(str(tmp_path), feature="Fine-tuning")


def test_code_beside_a_model_is_never_run(encoder, tmp_path):
    for path in encoder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    ran = tmp_path / "ran"
    (tmp_path / "code.py").write_text(f"open({str(ran)!r}, 'w').close()\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"could not be read"):
        open_pretrained(str(tmp_path), feature="Fine-tuning")
    assert not ran.exists()


@pytest.mark.parametrize("absent", ["torch", "transformers"])
def test_an_absent_package_names_its_extra(absent, monkeypatch, encoder):
    message = rf"needs {absent}, .*pip install 'cxml\[transformers\]'"
    # undone at once: pytest-randomly seeds torch between the tests
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, absent, None)
        with pytest.raises(MissingExtraError, match=message):
            TransformerEngine(str(encoder)).fit(["a", "b"], {"sentiment": np.array([0, 1])}, [SENTIMENT])


def test_a_loss_that_is_no_number_is_told(encoder, monkeypatch):
    texts, targets = comments_of(40)
    loss = finetuning.loss_of
    monkeypatch.setattr(finetuning, "loss_of", lambda *words: loss(*words) * float("nan"))
    with pytest.raises(ConfigError, match=r"no number after 20 steps\. Lower the learning_rate"):
        TransformerEngine(str(encoder), Tuning(least_steps=20, batch_size=64, patience=1)).fit(
            texts, targets, [SENTIMENT]
        )


def test_heads_learn_faster_than_layers_and_those_faster_than_embeddings(encoder):
    network = finetuning.build_network(open_pretrained(str(encoder), feature="Test")[1], {"topic": 3}, "mean", 0.0)
    groups = finetuning.parameter_groups(network, Tuning(learning_rate=1e-4, head_rate=10, layer_decay=0.5))
    assert sorted({round(group["lr"] * 1e4, 4) for group in groups}) == [0.25, 0.5, 1.0, 10.0]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_weights_of_labels_are_bounded_inverse_counts():
    np.testing.assert_allclose(finetuning.weights_of(np.array([0, 0, 0, 1, -1]), 2), [4 / 6, 2.0])
    several = np.array([[1, 0], [0, 0], [0, 0], [0, 0], [np.nan, np.nan]])
    np.testing.assert_allclose(finetuning.weights_of(several, 2), [3.0, 4.0])


def test_unfitted_and_long_texts(encoder):
    with pytest.raises(NotFittedError):
        TransformerEngine(str(encoder)).parts()
    from cxml.voc.nets.pretrained import describe

    tokens = Tokens(describe(open_pretrained(str(encoder), feature="Test")[0]), 16)
    assert max(len(row) for row in tokens.cut(ODD)) == 16
    assert tokens.cut([""]) == [[2, 3]]

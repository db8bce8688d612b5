"""The compact model: scores without torch equal torch's, order is learned, and every kind of head and text is taken."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from cxml.errors import ConfigError, FrameError, MissingExtraError, NotFittedError
from cxml.voc.heads import Head
from cxml.voc.nets import compact_training
from cxml.voc.nets.compact import CompactEngine, CompactSettings
from cxml.voc.nets.compact_grams import Buckets, grams, spell
from cxml.voc.nets.compact_heads import Shape, as_columns, best_shares, full, slim
from cxml.voc.nets.compact_net import Net, evened, pieces, quantise, read_words
from cxml.voc.nets.compact_wide import _telling, fit_wide, read

TINY = CompactSettings(epochs=5, steps=1, dim=12, hidden=12, batch=32, rate=0.01, rate_pieces=0.02, pieces=4_000)
STRANGE = [
    "",
    " ",
    "ㅋㅋㅋ",
    "😀",
    "\x00",
    "\ud800",
    "a",
    "가" * 100_000,
    "좋아 " * 25_000,
    "日本語の文章です",
    "<PHONE>",
]


SENTIMENT = Head("sentiment", "sentiment", "single", ("나쁨", "좋음"))
URGENCY = Head("urgency", "urgency", "ordered", ("low", "middle", "high"))
TOPIC = Head("topic", "topic", "multi", ("배송", "요금", "앱"))


def ordered_words(n, seed=0):
    """Two words whose order alone tells the label, with other words between them: no n-gram of a comment shows it."""
    random = np.random.default_rng(seed)
    between = np.array(["정말", "the", "매장", "어제", "service", "그냥"])
    label = random.integers(0, 2, n)
    texts = []
    for one in label:
        first, last = ("배송", "환불") if one else ("환불", "배송")
        texts.append(" ".join([first, *random.choice(between, 3), last]))
    # Words at the ends, so that the first and the last word do not tell by standing at the border of the text.
    return [" ".join([random.choice(between), text, random.choice(between)]) for text in texts], label


def comments(n=480, seed=0):
    """Comments whose words tell all three heads; some rows lack some labels."""
    random = np.random.default_rng(seed)
    good, high = random.integers(0, 2, n), random.integers(0, 3, n)
    topics = random.integers(0, 2, (n, 3)).astype(float)
    words = (("별로예요", "좋아요"), ("천천히", "이번 주", "당장"), ("배송", "요금", "앱"))
    texts = [
        " ".join([words[0][good[i]], words[1][high[i]], *[word for j, word in enumerate(words[2]) if topics[i, j]]])
        for i in range(n)
    ]
    asked = {"sentiment": good.copy(), "urgency": high.copy(), "topic": topics.copy()}
    asked["sentiment"][::7] = -1
    asked["urgency"][1::5] = -1
    asked["topic"][2::6] = np.nan
    return texts, asked, {"sentiment": good, "urgency": high, "topic": topics}


@pytest.fixture(scope="module")
def three(threads):
    """One engine with three heads, and what it was told while it was fitted."""
    pytest.importorskip("torch")
    texts, asked, truth = comments()
    told = []
    engine = CompactEngine(TINY).fit(texts, asked, [SENTIMENT, URGENCY, TOPIC], step=told.append)
    return engine, texts, asked, truth, told


@pytest.fixture(scope="module")
def reader(threads):
    """A net of random weights with its torch twin, and the vectors both use."""
    torch = pytest.importorskip("torch")
    words = read_words(["배송이 늦어요 정말 늦어요", "good service today", ""], 10)
    counts = pieces(words.distinct)
    buckets = Buckets.commonest(np.bincount(counts.indices, minlength=counts.shape[1]), least=1, most=10_000)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = compact_training.reader(torch, 8, 10, 4).eval()
        table, grain = quantise(torch.randn(buckets.size, 8).numpy())
    return Net(buckets, table, grain, compact_training.arrays_of(module), 10), module, torch


def test_numpy_answers_what_torch_answers(reader):
    net, module, torch = reader
    texts = ["정말 늦어요", "배송이 good", "", "today", "늦어요 " * 9, "새 낱말 들", "service service"]
    words = read_words(texts, 10)
    ids, lengths = words.padded(np.arange(len(texts)))
    known = evened(pieces(words.distinct), net.buckets) @ net.vectors
    with torch.no_grad():
        expected = module(torch.from_numpy(known[ids]), torch.from_numpy(lengths)).numpy()
    found = net.scores(texts)
    assert np.ptp(expected, axis=0).min() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_batch_is_its_comments_one_by_one(three):
    engine, texts, *_ = three
    some = [*texts[:20], *STRANGE]
    batch = engine.scores(some)
    alone = [engine.scores([text]) for text in some]
    for name, scores in batch.items():
        np.testing.assert_allclose(scores, np.concatenate([one[name] for one in alone]), atol=1e-4)


def test_the_net_learns_the_order_of_words_that_n_grams_do_not_show(threads):
    pytest.importorskip("torch")
    texts, label = ordered_words(700)
    new, truth = ordered_words(200, seed=9)
    engine = CompactEngine(replace(TINY, epochs=8, refit_below=0)).fit(texts, {"sentiment": label}, [SENTIMENT])
    said = engine.scores(new)["sentiment"].argmax(axis=1)
    assert np.mean(said == truth) > 0.9
    engine.shares = {"sentiment": (1.0, 0.0)}
    assert np.mean(engine.scores(new)["sentiment"].argmax(axis=1) == truth) < 0.7


def test_every_kind_of_head_is_learned_from_the_rows_that_have_its_label(three):
    engine, _, _, _, told = three
    texts, _, truth = comments(200, seed=5)
    scores = engine.scores(texts)
    assert np.mean(scores["sentiment"].argmax(axis=1) == truth["sentiment"]) > 0.95
    assert np.mean(scores["urgency"].argmax(axis=1) == truth["urgency"]) > 0.95
    assert np.mean((scores["topic"] > 0) == truth["topic"]) > 0.95
    assert any("pass 1/" in text for text in told)
    assert not any(word in text for text in told for word in ("배송", "좋아요"))


def test_validation_holds_labelled_rows_that_the_fit_did_not_learn_from(three):
    engine, texts, asked, truth, _ = three
    for name, (rows, scores) in engine.validation.items():
        known = ~np.isnan(asked[name]).any(axis=1) if name == "topic" else asked[name] >= 0
        assert known[rows].all()
        assert 10 < len(rows) == len(set(rows.tolist())) <= len(texts) // 5
        assert scores.shape == (len(rows), engine.scores([""])[name].shape[1])
    rows, scores = engine.validation["sentiment"]
    assert np.mean(scores.argmax(axis=1) == truth["sentiment"][rows]) > 0.9


def test_the_held_out_labels_do_not_leak_into_their_scores(threads):
    """Labels by chance: scores of rows kept apart cannot know them."""
    pytest.importorskip("torch")
    random = np.random.default_rng(0)
    texts = [f"{one} {two}" for one, two in random.integers(0, 10**9, (600, 2))]
    label = random.integers(0, 2, 600)
    engine = CompactEngine(replace(TINY, epochs=2, refit_below=0)).fit(texts, {"sentiment": label}, [SENTIMENT])
    rows, scores = engine.validation["sentiment"]
    assert len(rows) == 120
    assert 0.35 < np.mean(scores.argmax(axis=1) == label[rows]) < 0.65


def test_the_same_seed_gives_the_same_model_and_touches_no_global_state(three):
    torch = pytest.importorskip("torch")
    engine, texts, asked, *_ = three
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    again = CompactEngine(TINY).fit(texts, asked, [SENTIMENT, URGENCY, TOPIC])
    assert torch.equal(before, torch.random.get_rng_state())
    for name, scores in engine.scores(texts[:50]).items():
        np.testing.assert_array_equal(scores, again.scores(texts[:50])[name])


def test_training_ends_and_keeps_the_best_pass_when_later_ones_do_no_better(threads):
    pytest.importorskip("torch")
    texts, label = ordered_words(200)
    shape = Shape("sentiment", True, 2)
    goals = compact_training.goals_of(
        [shape], {"sentiment": as_columns(shape, label, len(label))}, np.arange(len(label)), None
    )
    losses, seen = iter([0.5, 0.4, 0.6, 0.6, 0.7, 0.1]), []

    def judge(net):
        seen.append(net)
        return next(losses)

    words = replace(TINY, epochs=10)
    net, when = compact_training.fit_net(texts, goals, words, epochs=None, judge=judge, step=lambda _: None)
    assert (when, len(seen)) == (2, 5)
    assert net is seen[1]


def test_a_refit_keeps_the_choices_and_learns_from_the_rows_given(three):
    engine, texts, asked, truth, _ = three
    turned = asked | {"sentiment": np.where(asked["sentiment"] < 0, -1, 1 - asked["sentiment"])}
    again = engine.refit(texts, turned, [SENTIMENT, URGENCY, TOPIC])
    assert again.shares == engine.shares
    assert again.validation == {}
    assert again.parts()["state"] == engine.parts()["state"]
    assert np.mean(again.scores(texts)["sentiment"].argmax(axis=1) != truth["sentiment"]) > 0.95


def test_balanced_weights_raise_the_rare_label(threads):
    pytest.importorskip("torch")
    random = np.random.default_rng(0)
    label = (random.random(500) < 0.1).astype(int)
    words = np.array(["좋아요", "별로예요", "그냥"])
    texts = [" ".join(random.choice(words, 4, p=[0.3, 0.4, 0.3] if one else [0.4, 0.3, 0.3])) for one in label]
    plain, even = (
        CompactEngine(replace(TINY, epochs=2, class_weight=weight, refit_below=0)).fit(
            texts, {"sentiment": label}, [SENTIMENT]
        )
        for weight in (None, "balanced")
    )
    for shares in ((1.0, 0.0), (0.0, 1.0)):
        plain.shares = even.shares = {"sentiment": shares}
        rare = [np.diff(engine.scores(texts)["sentiment"]).mean() for engine in (plain, even)]
        assert rare[0] < -1.5
        assert abs(rare[1]) < 0.7


def test_parts_are_json_and_arrays_and_rebuild_the_engine(three):
    engine, texts, *_ = three
    parts = engine.parts()
    arrays = {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}
    assert all(part.dtype != object for part in arrays.values())
    rest = json.loads(json.dumps({name: part for name, part in parts.items() if name not in arrays}))
    rebuilt = CompactEngine.from_parts({**arrays, **rest})
    for name, scores in engine.scores([*texts[:30], *STRANGE]).items():
        np.testing.assert_array_equal(scores, rebuilt.scores([*texts[:30], *STRANGE])[name])


def test_no_part_holds_a_comment(three):
    engine, *_ = three
    kept = b"".join(part.tobytes() for part in engine.parts().values() if isinstance(part, np.ndarray))
    for word in ("별로예요", "좋아요"):
        assert not any(word.encode(how) in kept for how in ("utf-8", "utf-16-le", "utf-32-le"))


def test_strange_texts_have_finite_scores(three):
    engine, *_ = three
    for name, scores in engine.scores(STRANGE).items():
        assert scores.shape[0] == len(STRANGE), name
        assert np.isfinite(scores).all()
    assert engine.scores([])["urgency"].shape == (0, 3)


def test_what_stands_behind_the_characters_read_counts_for_nothing(three):
    engine, *_ = three
    start = ("그냥 " * 4_000)[: TINY.characters]
    found = engine.scores([start + " 좋아요 좋아요", start + " 별로예요"])["sentiment"]
    np.testing.assert_array_equal(found[0], found[1])


def test_few_rows_give_a_linear_part_alone_without_torch(monkeypatch):
    def absent():
        raise MissingExtraError("no torch")

    monkeypatch.setattr(compact_training, "torch_of", absent)
    texts, asked, truth = comments(90)
    engine = CompactEngine(TINY).fit(texts, asked, [SENTIMENT, URGENCY, TOPIC])
    assert "net_table" not in engine.parts()
    rows, scores = engine.validation["urgency"]
    assert len(rows) == np.sum(asked["urgency"] >= 0)
    assert np.mean(scores.argmax(axis=1) == truth["urgency"][rows]) > 0.8
    assert np.mean(engine.scores(texts)["sentiment"].argmax(axis=1) == truth["sentiment"]) > 0.95


def test_without_torch_the_extra_is_named(monkeypatch):
    def absent(module):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("cxml._optional.import_module", absent)
    texts, asked, _ = comments()
    with pytest.raises(MissingExtraError, match=r"compact model needs torch.*pip install 'cxml\[torch\]'"):
        CompactEngine(TINY).fit(texts, asked, [SENTIMENT])


def test_a_label_that_every_row_has_or_none_is_answered_with_confidence():
    texts = ["좋아요", "별로예요", "그냥", "정말"] * 5
    target = np.column_stack([np.ones(20), np.zeros(20), np.tile([1.0, 0.0], 10)])
    engine = CompactEngine().fit(texts, {"topic": target}, [TOPIC])
    always, never, sometimes = engine.scores(["좋아요"])["topic"][0]
    assert always > 3
    assert never < -3
    assert sometimes > 0


def test_scores_before_a_fit_are_refused():
    with pytest.raises(NotFittedError, match="must be fitted before it scores"):
        CompactEngine().scores(["좋아요"])


@pytest.mark.parametrize(
    ("head", "target", "words"),
    [
        (SENTIMENT, np.array([0, 1]), "one row for each of the 3 texts, got 2"),
        (SENTIMENT, np.array([0, 1, 2]), "positions from 0 to 1"),
        (TOPIC, np.zeros((3, 2)), r"a column for each of its 3 labels, got the shape \(3, 2\)"),
        (SENTIMENT, np.array([-1, -1, -1]), "of 3 rows none has one"),
    ],
)
def test_targets_that_do_not_fit_are_refused(head, target, words):
    with pytest.raises(FrameError, match=words):
        CompactEngine().fit(["가", "나", "다"], {head.name: target}, [head])


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"dropout": 1.0}, {"rate": 0.0}, {"seed": -1}, {"epochs": 1.5}, {"dim": True}]
)
def test_settings_outside_their_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=f"`{next(iter(wrong))}` must be"):
        CompactSettings(**wrong)


def test_jamo_are_spelled_as_unicode_decomposes_them():
    import unicodedata

    text = "닭 값이 a각뷁"
    points, owner, hangul = spell(np.array([ord(one) for one in text], dtype=np.uint32), np.arange(len(text)))
    assert "".join(map(chr, points)) == unicodedata.normalize("NFD", text)
    assert set(np.array(list(text))[owner[~hangul]]) == {" ", "a"}


def test_grams_are_those_of_slicing():
    texts = ["배송이 느려요", "", "aab", "ab"]
    owner, hashes = grams(texts, characters=(1, 2, 3), jamo=())
    named = {}
    for place, text in enumerate(texts):
        sliced = [text[i : i + n] for n in (1, 2, 3) for i in range(len(text) - n + 1)]
        assert len(sliced) == np.sum(owner == place)
        for gram, found in zip(sliced, hashes[owner == place], strict=True):
            assert named.setdefault(gram, found) == found
    assert len(set(named.values())) == len(named)


def test_jamo_grams_need_hangul_and_are_shared_by_syllables_that_melted():
    plain, _ = grams(["good service"], characters=(1,), jamo=(3, 4, 5))
    assert len(plain) == len("good service")
    both = [set(grams([word], characters=(), jamo=(3,))[1].tolist()) for word in ("재밌다", "재밌어")]
    assert both[0] & both[1]
    assert not set(grams(["재밌다"], characters=(3,), jamo=())[1].tolist()) & both[1]


def test_what_a_bucket_tells_is_its_log_count_ratio():
    X = sp.csr_matrix(np.array([[1.0, 0], [1, 1], [3, 3]]))
    target = np.array([[1.0], [0.0], [np.nan]])
    # Counts plus one: 2 and 1 of 3 where the label holds, 2 and 2 of 4 where it does not.
    np.testing.assert_allclose(_telling(X, [target]), np.abs(np.log([4 / 3, 2 / 3])))


def test_a_byte_a_weight_changes_little(threads):
    texts, label = ordered_words(400)
    counts = read([text + (" 좋음" if one else "") for text, one in zip(texts, label, strict=True)])
    head = Shape("sentiment", True, 2)
    goals = slim([head], {"sentiment": as_columns(head, label, len(label))})
    wide = fit_wide(counts, goals, CompactSettings(), step=lambda _: None)
    assert wide.weights["sentiment"].dtype == np.int8
    scores = full([head], wide.scores(counts))["sentiment"]
    assert scores.shape == (400, 2)
    assert np.mean(scores.argmax(axis=1) == label) > 0.99


def test_shares_go_to_the_scores_that_know():
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 500)
    goal = np.eye(2)[truth]
    knows, guesses = (2 * goal - 1) * random.exponential(1, (500, 1)) - 0.1, random.normal(size=(500, 2))
    loss, shares = best_shares(Shape("sentiment", True, 2), guesses, knows, goal)
    assert shares[1] > 10 * shares[0]
    assert loss < np.log(2)
    assert best_shares(Shape("sentiment", True, 2), guesses[:20], knows[:20], goal[:20])[1] == (1.0, 0.0)

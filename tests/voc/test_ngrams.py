"""n-grams by hash: the same numbers as scikit-learn's, by any road, and no text in what is kept."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from cxml.voc import ngrams
from cxml.voc.ngrams import Vocabulary

TEXTS = [
    "배송이 늦어요",
    "배송이 빨라요 ㅋㅋㅋ",
    "the app crashed",
    "앱이 꺼져요 app",
    "a",
    "배송이 늦어요 늦어요",
    "😀😀 굿",
]


def dense(vocabulary, texts):
    return vocabulary.matrix(texts).toarray()


@pytest.mark.parametrize("least", [1, 2])
def test_words_weigh_what_scikit_learn_gives_them(least):
    peer = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True, min_df=least)
    wanted = peer.fit_transform(TEXTS).toarray()
    found = dense(Vocabulary.learn(TEXTS, unit="words", least=least), TEXTS)
    assert found.shape == wanted.shape
    # The columns stand in another order: the products of rows do not depend on it.
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=2e-3)


def test_characters_weigh_what_scikit_learn_gives_them():
    padded = [f" {text} " for text in TEXTS]
    peer = TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True, min_df=1)
    wanted = peer.fit_transform(padded).toarray()
    found = dense(Vocabulary.learn(TEXTS, least=1), TEXTS)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=2e-3)


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_blocks_rows_and_batches_do_not_matter(unit, monkeypatch):
    vocabulary = Vocabulary.learn(TEXTS, unit=unit, least=1)
    whole = dense(vocabulary, [*TEXTS, "", "never seen 겨울"])
    np.testing.assert_allclose((whole[:-2] ** 2).sum(axis=1), 1, rtol=1e-5)
    assert not whole[-2].any()
    for text, row in zip(TEXTS, whole, strict=False):
        places, values = vocabulary.row(text)
        alone = np.zeros(len(vocabulary), dtype=np.float32)
        alone[places] = values
        np.testing.assert_allclose(alone, row, atol=1e-6)
    monkeypatch.setattr(ngrams, "_BLOCK", 20)
    other = Vocabulary.learn(TEXTS, unit=unit, least=1)
    np.testing.assert_array_equal(other.hashes, vocabulary.hashes)
    np.testing.assert_array_equal(other.idf, vocabulary.idf)
    np.testing.assert_array_equal(dense(other, [*TEXTS, "", "never seen 겨울"]), whole)


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_what_is_kept_holds_no_text(unit):
    parts = Vocabulary.learn([f"비밀번호 이야기 {number}" for number in range(30)], unit=unit).parts()
    assert set(parts) == {"unit", "hashes", "idf"}
    assert (parts["hashes"].dtype, parts["idf"].dtype) == (np.uint32, np.float16)
    assert (np.diff(parts["hashes"].astype(np.int64)) > 0).all()


@pytest.mark.parametrize("unit", ["characters", "words"])
@pytest.mark.parametrize("texts", [[], [""], ["", "", ""], ["가", "나", "다"]])
def test_a_vocabulary_that_comes_out_empty_gives_rows_of_zeros(unit, texts):
    vocabulary = Vocabulary.learn(texts, unit=unit, least=4)
    assert len(vocabulary) == 0
    assert dense(vocabulary, ["배송이 늦어요", ""]).shape == (2, 0)
    assert [len(one) for one in vocabulary.row("배송이 늦어요")] == [0, 0]


def test_no_text_reaches_into_its_neighbour():
    vocabulary = Vocabulary.learn(["ab", "cd"], least=1)
    alone = {*Vocabulary.learn(["ab"], least=1).hashes, *Vocabulary.learn(["cd"], least=1).hashes}
    assert set(vocabulary.hashes) == alone
    with_gap = Vocabulary.learn(["", "ab", "", "", "cd", ""], least=1)
    assert set(with_gap.hashes) == alone

"""Weights from item to item: against plain regression, in both ways of taking the inverse, and with pairs."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from cxml.offers import ease
from cxml.offers.ease import ItemWeights, cosine_weights, item_scores, item_weights, no_weights, with_pairs


def histories(customers=60, items=8, seed=0):
    rng = np.random.default_rng(seed)
    table = (rng.random((customers, items)) < 0.3).astype(float)
    table[:, 1] = np.where(rng.random(customers) < 0.8, table[:, 0], table[:, 1])
    return csr_array(table)


def regressed(table, ridge, target, things, penalties):
    """Ridge regression of one item on the things that do not contain it."""
    inputs, penalty = table[:, things], np.diag(penalties[things])
    found = np.zeros(table.shape[1])
    found[things] = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ table[:, target])
    return found


@pytest.mark.parametrize("customers", [60, 6])  # more customers than items, and fewer: the other way to the inverse
def test_each_item_is_regressed_on_all_others(customers):
    table = histories(customers)
    learned = item_weights(table, 3.0).weights.toarray()
    for item in range(8):
        others = np.array([place for place in range(8) if place != item])
        expected = regressed(table.toarray(), 3.0, item, others, np.full(8, 3.0))
        assert_allclose(learned[:, item], expected, atol=1e-6)


@pytest.mark.parametrize("customers", [60, 9])
def test_pairs_are_things_too_and_no_item_is_told_by_a_pair_of_its_own(customers):
    table = histories(customers)
    learned = item_weights(table, 2.0, n_pairs=5, pair_ridge=7.0)
    assert len(learned.pairs) == 5
    things = with_pairs(table, learned.pairs).toarray()
    penalties = np.r_[np.full(8, 2.0), np.full(5, 7.0)]
    for item in range(8):
        free = [place for place in range(8) if place != item]
        free += [8 + place for place in range(5) if item not in learned.pairs[place]]
        expected = regressed(things, 2.0, item, np.array(free), penalties)
        assert_allclose(learned.weights.toarray()[:, item], expected, atol=1e-6)


def test_the_commonest_pairs_are_taken_and_pairs_of_one_customer_are_not():
    table = csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], dtype=float))
    assert item_weights(table, 1.0, n_pairs=9).pairs.tolist() == [[0, 1]]


def test_a_pair_is_worth_what_its_items_are():
    table = csr_array(np.array([[1.0, 0.25, 0.0], [1.0, 0.0, 1.0]]))
    assert with_pairs(table, np.array([[0, 1]])).toarray().tolist() == [[1.0, 0.25, 0.0, 0.5], [1.0, 0.0, 1.0, 0.0]]


def test_large_tables_are_inverted_in_blocks_and_in_single_precision_alike(monkeypatch):
    table = histories(200, 40, seed=2)
    whole = item_weights(table, 5.0).weights.toarray()
    monkeypatch.setattr(ease, "_BLOCK", 7)
    monkeypatch.setattr(ease, "_DOUBLE_UP_TO", 0)
    assert_allclose(item_weights(table, 5.0).weights.toarray(), whole, atol=1e-5)


def test_only_the_largest_weights_are_kept_where_there_are_many(monkeypatch):
    table = histories(200, 40, seed=2)
    whole = item_weights(table, 5.0).weights.toarray()
    monkeypatch.setattr(ease, "_MOST_WEIGHTS", 40 * 10)
    few = item_weights(table, 5.0).weights
    assert few.nnz == 400
    kept = few.toarray() != 0
    assert_allclose(few.toarray()[kept], whole[kept], atol=1e-7)
    assert np.abs(whole[~kept]).max() <= np.abs(whole[kept]).max()
    for item in range(40):
        assert np.abs(whole[~kept[:, item], item]).max() <= np.abs(whole[kept[:, item], item]).min()


def test_cosines():
    table = histories()
    plain = table.toarray()
    expected = plain.T @ plain / np.sqrt(np.outer(plain.sum(axis=0), plain.sum(axis=0)))
    np.fill_diagonal(expected, 0.0)
    assert_allclose(cosine_weights(table).weights.toarray(), expected, atol=1e-6)


def test_an_item_that_nobody_has_costs_nothing():
    table = csr_array(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]))
    for learned in (item_weights(table, 1.0), cosine_weights(table)):
        assert np.isfinite(learned.weights.toarray()).all()
        assert item_scores(table, learned)[:, 2].tolist() == [0.0, 0.0]


def test_parts_and_back():
    learned = item_weights(histories(), 2.0, n_pairs=3)
    again = ItemWeights.from_parts(learned.parts(), 8)
    assert again.n_items == 8
    assert_allclose(item_scores(histories(), again), item_scores(histories(), learned), rtol=0)
    assert ItemWeights.from_parts(no_weights(4).parts(), 4).weights.nnz == 0

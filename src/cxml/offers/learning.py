"""The rows that a pooled score is learned from: no row may see its own answer in the rate of its offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxml.offers.blend import unlearn_own_takings
from cxml.offers.catalogue import places_among
from cxml.offers.checks import groups_of_rows
from cxml.offers.design import RATE, PairDesign
from cxml.offers.log import counts_of, encoded_offers
from cxml.offers.rates import learn_rates

if TYPE_CHECKING:
    import pandas as pd

#: The rates of offers that a row is learned from hold the answers of other customers only: of the other nine tenths.
_PARTS = 10
#: So many rows are shown as if their offer had never been made, so that the score knows what a new offer is.
_AS_IF_NEW = 0.1
_LEAST_OFFERS = 3


def learning_rows(design: PairDesign, asked: pd.DataFrame, target: np.ndarray, seed: int) -> np.ndarray:
    """The matrix of rows to learn from: each offer's rate without the row's own customer, some rows as if new.

    Parameters
    ----------
    design : PairDesign
    asked : DataFrame
        Rows with an answer.
    target : array of {0, 1}, shape (n_rows,)
    seed : int

    Returns
    -------
    array of float, shape (n_rows, n_columns)
    """
    matrix = design.rows(asked)
    unlearn_own_takings(design, asked, matrix)
    config, n_offers = design.config, len(design.names)
    if config.offer is None or n_offers < 2:
        return matrix
    codes = places_among(asked[config.offer], design.names)
    random = np.random.default_rng(seed)
    _, inverse = np.unique(groups_of_rows(asked, config), return_inverse=True)
    part = (random.permutation(int(inverse.max()) + 1) % _PARTS)[inverse]
    features = design.features.apply(encoded_offers(design.offer, design.catalogue, design.names, config), design.offer)
    rate = design.names_of_columns.index(RATE)
    for one in range(_PARTS):
        rest = part != one
        made, accepted = counts_of(codes[rest], target[rest], n_offers)
        matrix[~rest, rate] = learn_rates(made, accepted, features, design.rates.grid).log_odds[codes[~rest]]
    if n_offers >= _LEAST_OFFERS:
        as_if_new = random.random(len(asked)) < _AS_IF_NEW
        matrix[as_if_new, rate - 1] = np.nan
        matrix[as_if_new, rate] = design.rates.without[codes[as_if_new]]
    return matrix

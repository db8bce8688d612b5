"""How well probabilities of a yes/no event rank and match what happened.

Every function takes the target (1 = the event), the prediction, and optional weights. A weight of 2 counts
a row twice, exactly. A matrix of weights, shape (repeats, rows), is answered by an array of shape (repeats,)
from one sort: this is how `cxml.metrics.bootstrap` stays quick. In a matrix, a set of weights on which the
metric is undefined (one class only) gives NaN; for one set of weights it is an error.
"""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from cxml.metrics._rows import (
    Floats,
    Matrix,
    Vector,
    answer,
    as_weights,
    bin_index,
    check_bins,
    check_pair,
    check_share,
    rank,
    require_classes,
    require_positive,
    safe_divide,
    steps,
    top_positive,
)


@overload
def roc_auc(y: ArrayLike, p: ArrayLike, *, weight: Matrix) -> Floats: ...
@overload
def roc_auc(y: ArrayLike, p: ArrayLike, *, weight: Vector | None = None) -> float: ...
def roc_auc(y: ArrayLike, p: ArrayLike, *, weight: Vector | Matrix | None = None) -> float | Floats:
    """Chance that a random positive row is ranked above a random negative one; a tie counts half.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float, shape (n_rows,)
        Prediction; any finite score, only its order is used.
    weight : array of float >= 0, shape (n_rows,) or (n_repeats, n_rows), default=None
        How often each row counts. None counts each once.

    Returns
    -------
    float in [0, 1], or array of shape (n_repeats,)
        0.5 is a random order. Equal to ``sklearn.metrics.roc_auc_score``.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or only one class.

    References
    ----------
    .. [1] Hanley, J. A., & McNeil, B. J. (1982). The meaning and use of the area under a receiver
       operating characteristic (ROC) curve. Radiology, 143(1), 29-36.

    Examples
    --------
    Of four positive-negative pairs two are in order, one is tied, one is reversed.

    >>> roc_auc([1, 1, 0, 0], [0.9, 0.3, 0.5, 0.3])
    0.625
    >>> roc_auc([1, 1], [0.9, 0.3])
    Traceback (most recent call last):
        ...
    ValueError: ROC AUC needs rows of both classes, got only y = 1. \
Judge on rows where the event both happened and did not.
    """
    ranked = rank(y, p, weight)
    require_classes(ranked, "ROC AUC")
    above = ranked.reached - ranked.hits  # negatives ranked as high or higher
    pairs = ranked.positives * above[:, -1]
    above[:, 1:] += above[:, :-1].copy()  # twice: those ranked higher, and half of the tied
    lost = np.einsum("rg,rg->r", steps(ranked.hits), above)
    return answer(safe_divide(pairs - lost / 2, pairs), ranked.many)


@overload
def pr_auc(y: ArrayLike, p: ArrayLike, *, weight: Matrix) -> Floats: ...
@overload
def pr_auc(y: ArrayLike, p: ArrayLike, *, weight: Vector | None = None) -> float: ...
def pr_auc(y: ArrayLike, p: ArrayLike, *, weight: Vector | Matrix | None = None) -> float | Floats:
    """Area under the precision-recall curve, as average precision.

    ``sum_k (recall_k - recall_(k-1)) * precision_k`` over the distinct predictions from the highest down, both
    taken over the rows predicted at least that high. Rows of equal prediction enter together.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float, shape (n_rows,)
        Prediction; any finite score, only its order is used.
    weight : array of float >= 0, shape (n_rows,) or (n_repeats, n_rows), default=None
        How often each row counts. None counts each once.

    Returns
    -------
    float in (0, 1], or array of shape (n_repeats,)
        A random order gives about the share of positives. Equal to
        ``sklearn.metrics.average_precision_score``.

    Raises
    ------
    ValueError
        If the arrays differ in length, hold missing values, or no row is positive.

    References
    ----------
    .. [1] Davis, J., & Goadrich, M. (2006). The relationship between Precision-Recall and ROC curves. ICML.

    Examples
    --------
    >>> round(pr_auc([1, 0, 1, 0], [0.9, 0.7, 0.4, 0.1]), 4)
    0.8333
    >>> pr_auc([0, 0], [0.9, 0.3])
    Traceback (most recent call last):
        ...
    ValueError: PR AUC needs at least one row with y = 1, got none. Judge on rows that hold the event.
    """
    ranked = rank(y, p, weight)
    require_positive(ranked, "PR AUC")
    precision = ranked.hits / np.maximum(ranked.reached, np.finfo(np.float64).tiny)
    area = np.einsum("rg,rg->r", steps(ranked.hits), precision)
    return answer(safe_divide(area, ranked.positives), ranked.many)


@overload
def log_loss(y: ArrayLike, p: ArrayLike, *, weight: Matrix) -> Floats: ...
@overload
def log_loss(y: ArrayLike, p: ArrayLike, *, weight: Vector | None = None) -> float: ...
def log_loss(y: ArrayLike, p: ArrayLike, *, weight: Vector | Matrix | None = None) -> float | Floats:
    """Mean negative log likelihood of what happened, in nats.

    ``-mean(y * log(p) + (1 - y) * log(1 - p))``. Probabilities are first moved into ``[e, 1 - e]`` with
    ``e = 2**-52``, so one certain and wrong row costs 36, not infinity.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float in [0, 1], shape (n_rows,)
        Predicted probability of 1.
    weight : array of float >= 0, shape (n_rows,) or (n_repeats, n_rows), default=None
        How often each row counts. None counts each once.

    Returns
    -------
    float >= 0, or array of shape (n_repeats,)
        Smaller is better. Equal to ``sklearn.metrics.log_loss``.

    Raises
    ------
    ValueError
        If the arrays differ in length or `p` leaves [0, 1].

    References
    ----------
    .. [1] Good, I. J. (1952). Rational decisions. Journal of the Royal Statistical Society B, 14(1), 107-114.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.9, 0.2]), 4)
    0.1643
    >>> log_loss([1, 0], [1.9, 0.2])
    Traceback (most recent call last):
        ...
    ValueError: `p` must be probabilities in [0, 1], got 1.9 at position 0 and 1 such rows in all. \
Pass `predict_proba`, not a raw score.
    """
    target, predicted = check_pair(y, p)
    epsilon = np.finfo(np.float64).eps
    said = np.clip(np.where(target == 1, predicted, 1 - predicted), epsilon, 1 - epsilon)
    return _mean(-np.log(said), weight)


@overload
def brier(y: ArrayLike, p: ArrayLike, *, weight: Matrix) -> Floats: ...
@overload
def brier(y: ArrayLike, p: ArrayLike, *, weight: Vector | None = None) -> float: ...
def brier(y: ArrayLike, p: ArrayLike, *, weight: Vector | Matrix | None = None) -> float | Floats:
    """Mean squared distance between probability and outcome, ``mean((p - y)**2)``.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float in [0, 1], shape (n_rows,)
        Predicted probability of 1.
    weight : array of float >= 0, shape (n_rows,) or (n_repeats, n_rows), default=None
        How often each row counts. None counts each once.

    Returns
    -------
    float in [0, 1], or array of shape (n_repeats,)
        Smaller is better. Equal to ``sklearn.metrics.brier_score_loss``.

    Raises
    ------
    ValueError
        If the arrays differ in length or `p` leaves [0, 1].

    References
    ----------
    .. [1] Brier, G. W. (1950). Verification of forecasts expressed in terms of probability.
       Monthly Weather Review, 78(1), 1-3.

    Examples
    --------
    >>> round(brier([1, 0], [0.9, 0.2]), 4)
    0.025
    >>> brier([1, 0], [0.9])
    Traceback (most recent call last):
        ...
    ValueError: `y` and `p` must describe the same rows, got 2 and 1 of them. \
Pass the predictions in the order of the target.
    """
    target, predicted = check_pair(y, p)
    return _mean((predicted - target) ** 2, weight)


@overload
def lift(y: ArrayLike, p: ArrayLike, share: float = 0.1, *, weight: Matrix) -> Floats: ...
@overload
def lift(y: ArrayLike, p: ArrayLike, share: float = 0.1, *, weight: Vector | None = None) -> float: ...
def lift(y: ArrayLike, p: ArrayLike, share: float = 0.1, *, weight: Vector | Matrix | None = None) -> float | Floats:
    """How many times the event's overall rate is found among the `share` of rows predicted highest.

    ``share * n_rows`` rows are taken. A cut that falls among rows of equal prediction takes them in random
    order, and the expected value is returned, so the answer never depends on the order of the rows. A cut
    inside a row takes that fraction of it.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float, shape (n_rows,)
        Prediction; any finite score, only its order is used.
    share : float in (0, 1], default=0.1
        Fraction of the rows taken.
    weight : array of float >= 0, shape (n_rows,) or (n_repeats, n_rows), default=None
        How often each row counts. None counts each once.

    Returns
    -------
    float in [0, 1 / share], or array of shape (n_repeats,)
        1 is a random order.

    Raises
    ------
    ValueError
        If `share` is not in (0, 1], the arrays differ in length, or no row is positive.

    References
    ----------
    .. [1] Neslin, S. A., Gupta, S., Kamakura, W., Lu, J., & Mason, C. H. (2006). Defection detection.
       Journal of Marketing Research, 43(2), 204-211 (the "top-decile lift").

    Examples
    --------
    Half of all rows are positive, and three of the first four.

    >>> lift([1, 1, 0, 1, 0, 0, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], share=0.5)
    1.5
    >>> lift([1, 0], [0.9, 0.1], share=10)
    Traceback (most recent call last):
        ...
    ValueError: `share` must be in (0, 1], got 10. To contact nobody, skip the call.
    """
    check_share(share)
    ranked = rank(y, p, weight)
    require_positive(ranked, "Lift")
    found, taken = top_positive(ranked, share)
    return answer(safe_divide(found * ranked.total, taken * ranked.positives), ranked.many)


@overload
def expected_calibration_error(y: ArrayLike, p: ArrayLike, bins: int = 10, *, weight: Matrix) -> Floats: ...
@overload
def expected_calibration_error(
    y: ArrayLike, p: ArrayLike, bins: int = 10, *, weight: Vector | None = None
) -> float: ...
def expected_calibration_error(
    y: ArrayLike, p: ArrayLike, bins: int = 10, *, weight: Vector | Matrix | None = None
) -> float | Floats:
    """Mean distance between predicted and observed rate, over bins of equal mass.

    ``sum_b n_b / n * abs(mean(y in b) - mean(p in b))``. Rows are sorted by probability and cut into `bins`
    bins of equal weight. Rows of equal probability are never parted: they all join the bin in which the middle
    of their run falls, so bins differ in weight where there are many ties, and a constant prediction fills one
    bin.

    The measure is never negative, so chance alone lifts it: a perfectly calibrated model shows about
    ``0.8 * sqrt(bins * brier / n)``. Compare models on the same rows, not ECE with 0. For the same
    reason its bootstrap interval leans upward and may lie above the value.

    Parameters
    ----------
    y : array of {0, 1} or bool, shape (n_rows,)
        What happened.
    p : array of float in [0, 1], shape (n_rows,)
        Predicted probability of 1.
    bins : int >= 1, default=10
        How many bins. One bin compares the two means.
    weight : array of float >= 0, shape (n_rows,) or (n_repeats, n_rows), default=None
        How often each row counts. None counts each once.

    Returns
    -------
    float in [0, 1], or array of shape (n_repeats,)
        0 is perfect.

    Raises
    ------
    ValueError
        If `bins` is below 1, the arrays differ in length, or `p` leaves [0, 1].

    References
    ----------
    .. [1] Naeini, M. P., Cooper, G., & Hauskrecht, M. (2015). Obtaining well calibrated probabilities using
       Bayesian binning. AAAI. Bins of equal mass: Nixon, J., et al. (2019). Measuring calibration in deep
       learning. CVPR Workshops.

    Examples
    --------
    Two bins: 0.15 was said and 0 happened; 0.8 was said and 1 happened.

    >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], bins=2), 4)
    0.175
    >>> expected_calibration_error([0, 1], [0.1, 0.9], bins=0)
    Traceback (most recent call last):
        ...
    ValueError: `bins` must be a whole number >= 1, got 0. Use 10 for a few thousand rows.
    """
    check_bins(bins)
    ranked = rank(y, p, weight, probability=True)
    total = ranked.total
    bin_of = bin_index(ranked.reached, bins)
    bin_of += np.arange(total.size)[:, None] * bins
    gap = steps(ranked.hits) - steps(ranked.reached) * ranked.predicted
    gaps = np.bincount(bin_of.ravel(), weights=gap.ravel(), minlength=bins * total.size)
    return answer(safe_divide(np.abs(gaps).reshape(-1, bins).sum(axis=1), total), ranked.many)


def _mean(loss: Floats, weight: ArrayLike | None) -> float | Floats:
    weights, many = as_weights(weight, loss.size)
    return answer(safe_divide(weights @ loss, weights.sum(axis=1)), many)

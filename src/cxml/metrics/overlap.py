"""Whether a log can tell what a policy would earn: how far both draw the same offers."""

from __future__ import annotations

import numpy as np

from cxml.metrics._rows import Floats

THIN_SHARE, THIN_ROWS = 0.1, 100
"""Below this share of the rows, or so many of them, an effective sample is called thin."""

SELDOM = 10
"""An offer is rare that the log was to draw fewer times than this, by its propensity at that moment."""


def effective_rows(weight: Floats) -> float:
    """Kish's effective sample size, ``(sum w)^2 / sum w^2``: rows of equal weight that tell as much.

    >>> effective_rows(np.array([1.0, 1.0, 2.0, 0.0]))
    2.6666666666666665
    """
    return float(weight.sum() ** 2 / (weight**2).sum())


def overlap_notes(weight: Floats, propensity: Floats) -> tuple[str, ...]:
    """What to know about the weights of a log before an estimate that stands on them is used.

    Parameters
    ----------
    weight : array of float >= 0, shape (n_rows,)
        Target probability over propensity.
    propensity : array of float in (0, 1], shape (n_rows,)
        Chance with which the log drew the offer.

    Returns
    -------
    tuple of str
        Empty where the log draws what the policy would, often enough.

    References
    ----------
    .. [1] Owen, A. B. (2013). Monte Carlo theory, methods and examples, chapter 9 (effective sample size, and the mean
       weight of 1 as a check).

    Examples
    --------
    >>> overlap_notes(np.ones(1000), np.full(1000, 0.2))
    ()
    >>> overlap_notes(np.repeat([0.9, 1.9], [900, 100]), np.repeat([0.2, 0.004], [900, 100]))
    ('propensities go down to 0.004: 19 % of the weight lies on offers that this log was to make fewer than 10 times',)
    """
    rows, total = weight.size, float(weight.sum())
    notes = []
    worth = effective_rows(weight)
    if worth < max(THIN_SHARE * rows, THIN_ROWS) and worth < 0.5 * rows:
        notes.append(f"{rows:,} rows weigh like {worth:,.0f} of the policy's own: few hold most of the weight")
    rare = (propensity * rows < SELDOM) & (weight > 1)
    held = float(weight[rare].sum()) / total
    if held > 0.01:
        notes.append(
            f"propensities go down to {propensity[rare].min():.2g}: {100 * held:.2g} % of the weight lies on offers "
            f"that this log was to make fewer than {SELDOM} times"
        )
    mean, error = total / rows, float(weight.std()) / np.sqrt(rows)
    if abs(mean - 1) > max(4 * error, 0.02):
        cause = (
            "the policy makes offers that this log could not make" if mean < 1 else "some propensities are too small"
        )
        notes.append(f"the mean weight is {mean:.3g} and must be 1: {cause}, or target and propensity do not fit")
    return tuple(notes)

"""What VOC refuses to learn from, what it masks, and what it says about the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

import numpy as np

from cxml.contract import Findings
from cxml.errors import FrameError
from cxml.frames import check_columns, check_unique
from cxml.values import is_missing
from cxml.voc.config import VocConfig
from cxml.voc.heads import Head, learn_head
from cxml.voc.privacy import mask_and_count

if TYPE_CHECKING:
    import pandas as pd

_LEAST_ROWS = 20
#: Anything that can be seen.
_VISIBLE = re.compile("[^\\s\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060\u3000\ufe0e\ufe0f\ufeff]")
#: Lone halves of a pair, which no file can hold.
_HALF = re.compile("[\ud800-\udfff]")


def check(frame: pd.DataFrame, config: VocConfig) -> tuple[pd.DataFrame, VocConfig, Findings]:
    """Refuse a table that cannot be learned from; mask its comments; settle the labels.

    Parameters
    ----------
    frame : DataFrame
    config : VocConfig

    Returns
    -------
    (frame with its comments masked and without rows that hold no comment or no label, config with `heads` settled,
    what was found)

    Raises
    ------
    FrameError
        If a named column is missing, the comments are no texts, keys repeat, fewer than 20 comments have a label, or
        labels cannot be told apart (see `cxml.voc.heads.learn_head`).
    """
    named = [name for name in (config.text, config.key, config.time, *config.asked.values()) if name is not None]
    check_columns(frame.columns, named, what="Training VOC", advice="Name columns as the data does.")
    if config.key is not None:
        check_unique(frame, [config.key], advice="Keep one row a comment.")
    texts = read_texts(frame[config.text])
    empty = np.array([not is_written(one) for one in texts])
    if len(frame) - empty.sum() < _LEAST_ROWS:
        raise FrameError(
            f"Training VOC needs at least {_LEAST_ROWS} comments - {config.text!r} holds {int((~empty).sum()):,} in "
            f"{len(frame):,} rows. Name the column of comments with text=, or give more."
        )
    heads = [
        learn_head(name, frame.loc[~empty, column], config.order if name == "sentiment" else None)
        for name, column in config.asked.items()
    ]
    labelled = np.any([is_labelled(head.read(frame)) for head in heads], axis=0)
    kept = ~empty & labelled
    if kept.sum() < _LEAST_ROWS:
        raise FrameError(
            f"Training VOC needs at least {_LEAST_ROWS} comments with a label - got {int(kept.sum()):,} among "
            f"{len(frame):,} rows. Label more: voc.suggest names those worth it."
        )
    masked, counts = mask_and_count(
        [text for text, keep in zip(texts, kept, strict=True) if keep], patterns=config.patterns
    )
    found = frame.loc[kept, named].assign(**{config.text: masked})
    notes = [*_left_out(empty, labelled), *_masked(counts)]
    return found, replace(config, heads=tuple(astuple(one) for one in heads)), Findings(tuple(notes))


def read_texts(values: pd.Series) -> list[str]:
    """Read a column of comments: texts, or nothing where one is missing.

    Raises
    ------
    FrameError
        If it holds anything but texts. Values are not shown.

    Examples
    --------
    >>> import pandas as pd
    >>> read_texts(pd.Series(["좋아요", None]))
    ['좋아요', '']
    >>> read_texts(pd.Series(["좋아요", 5], name="comment"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Comments must be texts - got int in 1 of 2 rows of 'comment'. Name the column of comments \
with text=, or turn it into text: frame['comment'].astype(str).
    """
    found: list[str] = []
    odd: dict[str, int] = {}
    for one in values:
        if isinstance(one, str):
            found.append(_HALF.sub("\ufffd", one))
            continue
        found.append("")
        if not is_missing(one):
            kind = type(one.item() if isinstance(one, np.generic) else one).__name__
            odd[kind] = odd.get(kind, 0) + 1
    if odd:
        name = str(values.name)
        raise FrameError(
            f"Comments must be texts - got {' and '.join(odd)} in {sum(odd.values()):,} of {len(values):,} rows of "
            f"{name!r}. Name the column of comments with text=, or turn it into text: frame[{name!r}].astype(str)."
        )
    return found


def is_written(text: str) -> bool:
    """Whether a comment holds anything that can be seen."""
    return _VISIBLE.search(text) is not None


def is_labelled(target: np.ndarray) -> np.ndarray:
    """Which rows of `cxml.voc.heads.Head.read` have a label, or a list of them."""
    found: np.ndarray = target >= 0 if target.ndim == 1 else ~np.isnan(target).any(axis=1)
    return found


def targets_of(frame: pd.DataFrame, heads: Sequence[Head]) -> dict[str, np.ndarray]:
    """The labels of a table as numbers, by head."""
    return {head.name: head.read(frame) for head in heads}


def _left_out(empty: np.ndarray, labelled: np.ndarray) -> list[str]:
    notes = []
    if empty.any():
        notes.append(f"{int(empty.sum()):,} of {len(empty):,} rows hold no comment and were left out")
    unlabelled = int((~labelled & ~empty).sum())
    if unlabelled:
        notes.append(f"{unlabelled:,} of {len(empty):,} comments have no label and were left out")
    return notes


def _masked(counts: dict[str, int]) -> list[str]:
    if not counts:
        return []
    listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items(), key=lambda one: -one[1]))
    return [f"Personal data was masked before anything was learned: {listed}"]

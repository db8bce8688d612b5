"""What the questions about offers - who accepts, who takes what, what an offer changes - each answer for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxml.contract import Findings, Judgement, Model, Record, Split, Trial

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Kind:
    """How a question is checked, split, answered and judged: the parts of `cxml.contract.Family` that differ by it.

    Attributes
    ----------
    check, answer, judge, figures, example
        As in `cxml.contract.Family`.
    split, baselines
        As in `cxml.training.hold_out`.
    finish : (trial, frame) -> Trial
        What is said of a trial once it is over.
    """

    check: Callable[[pd.DataFrame, Any], tuple[pd.DataFrame, Any, Findings]]
    split: Callable[[pd.DataFrame, Any], Split]
    baselines: Callable[[Model], Sequence[Model]]
    answer: Callable[[Mapping[str, Any], pd.DataFrame, Any], Mapping[str, pd.DataFrame]]
    judge: Callable[[Mapping[str, pd.DataFrame], Any], Mapping[str, Judgement]]
    figures: Callable[[Trial], Iterable[Record]]
    example: Callable[[Model, pd.DataFrame], pd.DataFrame]
    finish: Callable[[Trial, pd.DataFrame], Trial]

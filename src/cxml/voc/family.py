"""What the training recipe has to know of VOC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxml.contract import Family, Figure, Model, Record, Split, Table, Trial
from cxml.errors import FrameError
from cxml.frames import hash_rows
from cxml.metrics.labels import confusion_matrix
from cxml.splits import stratified_split, time_split
from cxml.training import hold_out
from cxml.values import read_days
from cxml.voc.checks import check, read_texts
from cxml.voc.config import VocConfig
from cxml.voc.evaluate import answer, judge
from cxml.voc.folds import class_of
from cxml.voc.heads import Head
from cxml.voc.majority import MajorityVoc
from cxml.voc.methods import WordsVoc
from cxml.voc.normalise import letters_of, normalise

if TYPE_CHECKING:
    import pandas as pd

_LIMITS = (
    "The figures speak of comments like those it was trained on: another channel, another product or another year "
    "writes otherwise, so label a few hundred of yours and judge it on them before you rely on it. Irony and comments "
    "that praise one thing and scold another are often misread. Personal data is masked by rules, which know no name "
    "without a title. Check the figures by group of customers before decisions about people hang on them."
)
_EXAMPLES = ("배송이 빨라서 좋았어요", "상담원 연결이 너무 안 돼요", "the app crashed twice today")
#: Labels shown in the table of mistakes.
_MOST_LABELS = 30


def split(frame: pd.DataFrame, config: VocConfig) -> Split:
    """Choose the comments that judge: the last ones, or else a share of each label. Equal comments stay together.

    Raises
    ------
    FrameError
        If a moment cannot be read, or either side has fewer than two labels of a head.
    """
    import pandas as pd

    plain = [letters_of(normalise(one)) for one in read_texts(frame[config.text])]
    groups = hash_rows(pd.DataFrame({"text": plain}))
    heads = config.settled_heads
    targets = [head.read(frame) for head in heads]
    found = None
    if config.time is not None:
        found = time_split(_days(frame[config.time]), groups, share=config.test_size, seed=config.seed)
    if found is None:
        classes = np.array([class_of(target) for target in targets])
        named = np.where(classes[0] >= 0, classes[0], classes.max(axis=0) + classes[0].max() + 1)
        found = stratified_split(named, groups, share=config.test_size, seed=config.seed)
    _check_sides(heads, targets, found)
    return found


def _days(values: pd.Series) -> np.ndarray:
    days: np.ndarray = np.array([np.nan if (day := read_days(one)) is None else day for one in values], dtype=float)
    if np.isnan(days).any():
        raise FrameError(
            f"Each comment must have its time - {int(np.isnan(days).sum()):,} of {len(days):,} rows have none in "
            f"{values.name!r}. Fill it, drop these rows, or leave time= out."
        )
    whole: np.ndarray = np.floor(days)
    return whole


def _check_sides(heads: Sequence[Head], targets: Sequence[np.ndarray], found: Split) -> None:
    for head, target in zip(heads, targets, strict=True):
        for side, rows in (("to learn from", found.train), ("held out", found.test)):
            classes = class_of(target[rows])
            kinds = len(np.unique(classes[classes >= 0]))
            if kinds < 2:
                raise FrameError(
                    f"An honest verdict needs two labels of {head.column!r} or more on both sides - of the "
                    f"{len(rows):,} comments {side} ({found.rule}) all labelled ones have {kinds}. Label more "
                    "comments, of which equal ones count as one, or leave time= out."
                )


def _baselines(model: Model) -> Sequence[Model]:
    ladder: list[Model] = [WordsVoc(model.config), MajorityVoc(model.config)]
    names = [one.method for one in ladder]
    return ladder[names.index(model.method) + 1 :] if model.method in names else ladder


def _figures(trial: Trial) -> Iterator[Record]:
    from cxml import plots

    model: Any = trial.model
    for head in model.heads:
        if head.kind == "multi":
            continue
        own = trial.answers[model.method]
        known = own[f"{head.name}_loss"].notna().to_numpy()
        if not known.any():
            continue
        holds, said = own.loc[known, head.name].to_numpy(), own.loc[known, f"{head.name}_said"].to_numpy()
        right = (holds == said).astype(float)
        sure = {model.method: own.loc[known, f"{head.name}_chance"].to_numpy()}
        yield Table(f"{head.name}_mistakes", _mistakes(head, holds, said))
        yield Figure(
            f"{head.name}_reliability",
            lambda right=right, sure=sure, head=head: plots.plot_reliability(  # type: ignore[misc]
                right, sure, event=f"right {head.name}", title=f"Is it right as often as it says? ({head.name})"
            ),
        )


def _mistakes(head: Head, holds: np.ndarray, said: np.ndarray) -> pd.DataFrame:
    """What each label was taken for, the commonest labels first."""
    import pandas as pd

    counts = confusion_matrix(holds, said, len(head.labels))
    names = [str(one) for one in head.labels]
    shown = np.argsort(-counts.sum(axis=1))[:_MOST_LABELS]
    table = pd.DataFrame(counts[np.ix_(shown, shown)], columns=[f"said {names[one]}" for one in shown])
    table.insert(0, head.name, [names[one] for one in shown])
    return table


def _example(model: Model, _: pd.DataFrame) -> pd.DataFrame:
    """Invented comments: nobody's words."""
    import pandas as pd

    return pd.DataFrame({model.config.text: list(_EXAMPLES)})


FAMILY = Family(
    name="voc",
    check=check,
    trial=hold_out(split, _baselines, answer),
    answer=answer,
    judge=judge,
    figures=_figures,
    example=_example,
    limits=_LIMITS,
)

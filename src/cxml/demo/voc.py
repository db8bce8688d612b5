"""The demo of comments: what customers say, who has to act on it, what is new, and what weighs most."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from cxml.demo._telling import Line, Shown, Written, head, promote, say, tool, verdict

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets import Comments

_NAME, _MEASURE = "invented", "log loss"
_SHOWN: Final[Shown] = {
    "log_loss": ("log loss (lower is better)", "{:.3f}"),
    "sentiment_accuracy": ("sentiment right", "{:.3f}"),
    "topic_accuracy": ("topic right", "{:.3f}"),
    "topic_macro_f1": ("topic, macro F1", "{:.3f}"),
    "sentiment_ece": ("sentiment, calibration error", "{:.3f}"),
    "topic_ece": ("topic, calibration error", "{:.3f}"),
}
_COMMENTS, _NEW_COMMENTS, _SHOWN_COMMENTS = 1_500, 300, 5
_PREDICTIONS, _PICTURE, _TYPED = "voc_answers.csv", "voc_drivers.png", "comments.csv"
#: The first that fits decides.
_RULES: Final[tuple[dict[str, Any], ...]] = (
    {"queue": "a person", "max_probability": 0.5, "name": "the topic is not sure"},
    {"queue": "urgent desk", "urgency": "high"},
    {"queue": "refunds", "topic": ["환불", "결제"], "sentiment": "negative"},
    {"queue": "logistics", "topic": "배송", "sentiment": "negative"},
    {"queue": "app team", "topic": "앱", "sentiment": "negative"},
)
_SHIPPED: Final = Path(__file__).resolve().parents[3] / "models" / "voc-sentiment-ko"
_TYPED_IN: Final = ("배송이 하루 만에 와서 좋았어요", "또 고장났어요 환불해 주세요ㅠㅠ", "그냥 그래요")


def show(folder: Path) -> Written:
    """Go through all of it on invented comments, for no public ones may be shown in every place."""
    from cxml import datasets

    made = datasets.make_comments(_COMMENTS)
    # The same customers go on writing: what the model answers about is not what it learned from.
    fresh = datasets.make_comments(_NEW_COMMENTS, seed=1).frame
    line = _train(made)
    uri = promote(line.trained, _NAME, _MEASURE)
    _answer(uri, fresh, folder)
    _tell_new(made.frame)
    _weigh(made.frame, folder)
    _use_shipped()
    fresh[["comment_id", "text"]].to_csv(folder / _TYPED, index=False)
    files = {"answers": str(folder / _PREDICTIONS), "picture": str(folder / _PICTURE)}
    command = (
        f"{tool('cxml')} predict {quote(uri)} --words 2 \\\n"
        f"    --data {quote(str(folder / _TYPED))} --out {quote(str(folder / 'answers_voc.csv'))}"
    )
    return Written([line], uri, files, [command])


def _train(made: Comments) -> Line:
    """Say what is personal in the comments; train with tracking, and show the verdict beside the baselines'."""
    from cxml import voc
    from cxml.voc.privacy import mask_and_count

    comments = made.frame
    head(f"What do they say? {len(comments):,} invented Korean comments of 12 weeks")
    say("They are made up, so that anybody may read them. The truth is known: one in seven is ambiguous.")
    masked, counts = mask_and_count(list(comments["text"]))
    example = next((one for before, one in zip(comments["text"], masked, strict=True) if one != before), "")
    say(
        f"{sum(counts.values()):,} pieces of personal data are masked before anything is learned, logged or shown, as "
        f'in "{_line(example)}"'
    )
    started = time.perf_counter()
    trained = voc.train(comments, sentiment="sentiment", topic="topic", key="comment_id")
    seconds = time.perf_counter() - started
    if trained.verdict:
        say(f"Judged on {trained.verdict.rows['test']:,} comments held out: {trained.verdict.rule}.")
    verdict(trained, _SHOWN)
    say(f"Trained, judged and tracked in {seconds:.0f} s: MLflow run {trained.run_id}.")
    return Line(_NAME, trained, _MEASURE, "{:.3f}", seconds)


def _answer(uri: str, fresh: pd.DataFrame, folder: Path) -> None:
    """Answer comments it has not seen with the model that the registry holds; show one of each queue."""
    from cxml import voc
    from cxml.tracking import load

    head("Who has to act? Comments that it has not seen")
    model = load(uri)
    masked = fresh.assign(text=voc.mask(fresh["text"]))
    started = time.perf_counter()
    answer = voc.predict(model, masked, words=2, rules=_RULES)
    seconds = time.perf_counter() - started
    names = ["sentiment_words", "topic_words"]
    answer.drop(columns=names).to_csv(folder / _PREDICTIONS, index=False, encoding="utf-8-sig")
    for place in answer.drop_duplicates("queue_rule").index[:_SHOWN_COMMENTS]:
        text, row = str(masked.loc[place, "text"]), answer.loc[place]
        print()
        say(f'"{_line(text)}"')
        say(
            f"{row['sentiment']} {row['sentiment_probability']:.0%} ({_words(text, row['sentiment_words'])}), "
            f"{row['topic']} {row['topic_probability']:.0%} ({_words(text, row['topic_words'])}), "
            f"urgency {row['urgency']}"
        )
        say(f"-> {row['queue']}, by the rule: {row['queue_rule']}")
    queues = ", ".join(f"{queue} {count}" for queue, count in answer["queue"].value_counts().items())
    print()
    say("In brackets: the words without which the answer would be less sure (+) or surer (-).")
    say(f"All {len(answer):,} in {seconds:.1f} s, words included: {queues}.")


def _line(text: str) -> str:
    return " ".join(text.split())


def _day(moment: Any) -> str:
    return str(moment)[:10]


def _words(text: str, found: list[dict[str, Any]]) -> str:
    return " ".join(f"{text[one['start'] : one['end']]}{'+' if one['effect'] > 0 else '-'}" for one in found)


def _tell_new(comments: pd.DataFrame) -> None:
    """Say what the newest week talks about that the weeks before did not."""
    from cxml import voc

    head("What is new this week?")
    found = voc.emerging(comments, topic="topic")
    told = found.attrs
    say(
        f"{told['tested']:,} topics and phrases tested: is their share of the {told['comments']:,} comments since "
        f"{_day(told['period'])} above what {told['history']} weeks before let expect? Of all finds 5 % may be chance. "
        f"{len(found)} found."
    )
    for row in found.head(3).to_dict("records"):
        also = f" (with it: {', '.join(row['also'][:4])})" if row["also"] else ""
        say(
            f"{row['kind']} {row['what']}{also}: {row['share']:.1%} of the comments, {row['expected']:.1%} expected, "
            f"since {_day(row['since'])}."
        )
        say(f'  such as "{_line(row["examples"][0])}"')


def _weigh(comments: pd.DataFrame, folder: Path) -> None:
    """Say which topics most complaints are about, and which move the score; draw the latter."""
    from cxml import plots, voc

    head("What weighs most?")
    table = voc.pareto(comments, complaints={"sentiment": "negative"}, groups="customer_id")
    vital = table[table["is_vital"]]
    say(
        f"{int(table['complaints'].sum()):,} complaints; {len(vital)} of {len(table)} topics make "
        f"{vital['cumulative_share'].iloc[-1]:.0%} of them: "
        + ", ".join(f"{row.topic} {row.share:.0%}" for row in vital.itertuples())
        + "."
    )
    weights = voc.drivers(comments, score="csat", topic="topic", sentiment="sentiment", groups="customer_id")
    told = [
        f"{row['driver']} {row['share']:.0%} ({row['share-lo-95']:.0%} to {row['share-hi-95']:.0%})"
        for row in weights.head(3).to_dict("records")
    ]
    say(
        f"The customers' score (CSAT): topics and feelings explain {weights.attrs['r2']:.0%} of it, and of that "
        f"{', '.join(told)} (95 % intervals, Shapley values)."
    )
    _draw(plots.plot_drivers, weights, folder / _PICTURE)


def _draw(plot: Any, weights: pd.DataFrame, place: Path) -> None:
    """Draw, and say in the demo's own way what keeps Korean letters from being drawn."""
    with warnings.catch_warnings(record=True) as caught:
        plot(weights, score="CSAT").savefig(place)
    for one in caught:
        say(f"note: {one.message}")


def _use_shipped() -> None:
    """Use the model that lies in the repository, where this is a clone of it."""
    if not _SHIPPED.is_dir():
        return
    from cxml.tracking import load

    head("Without any training: the Korean sentiment model that comes with cxml")
    model = load(_SHIPPED)
    for text in _TYPED_IN:
        answer = model.predict_one({model.config.text: text})
        say(f'"{text}": {answer["sentiment"]}, {answer["sentiment_probability"]:.0%}')
    say(
        "It learned from film reviews: of broken goods and refunds it has read little, and there it is unsure or "
        "wrong. Its card says how it does elsewhere; voc.train on your own comments knows your words."
    )

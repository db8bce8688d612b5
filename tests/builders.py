"""How each registered model is built for a test, and what is expected of it: the one table that tests share."""

import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxml import anomaly, churn, offers, voc, volume
from cxml.datasets import make_comments, make_contacts, make_customers, make_offers
from cxml.trained import Trained

TARGET, KEY = "churned", "customer_id"


@dataclass(frozen=True)
class Words:
    """What a family calls its columns, in the frames that tests make for it.

    Attributes
    ----------
    key, target : str
    answer : str
        The column of its answers that is a number and not constant.
    given : tuple of str
        Columns that an answer repeats from the rows.
    named : str
        A column of its frames that may be given twice by mistake.
    labels : tuple of str
        Columns of its answers that are no numbers; the first of them stands before `answer`.
    besides : tuple of str
        Columns of its answers that are no numbers, may be missing, and stand after the numbers.
    signed : tuple of str
        Columns of its answers that go from -1 to 1. All other numbers are 0 or more.
    unfitted : str
        What it says before it was fitted, as a regular expression.
    """

    key: str
    target: str
    answer: str
    given: tuple[str, ...]
    named: str
    labels: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    unfitted: str = r"must be fitted before .*{family}\.train"


_WORDS = {
    "churn": Words(KEY, TARGET, "churn_probability", (KEY,), "plan"),
    "volume": Words("unique_id", "y", "contacts", ("unique_id", "ds"), "ds"),
    "anomaly": Words(
        "unique_id", "label", "expected", ("unique_id", "ds", "y"), "ds", besides=("is_anomaly", "alert", "kind")
    ),
    "voc": Words(
        "comment_id",
        "sentiment",
        "sentiment_probability",
        ("comment_id",),
        "topic",
        labels=("sentiment", "topic"),
        signed=("sentiment_score",),
    ),
    "offers": Words(KEY, "accepted", "acceptance_probability", (KEY,), "plan", labels=("offer", "channel")),
    **dict.fromkeys(
        ("offers/affinity", "offers/cosine", "offers/most_taken"),
        Words(KEY, "accepted", "acceptance_probability", (KEY,), KEY, labels=("offer",)),
    ),
    "offers/uplift": Words(
        KEY, "accepted", "acceptance_probability", (KEY,), "plan", labels=("offer",), signed=("uplift",)
    ),
    "voc/topics": Words(
        "comment_id",
        "topic",
        "topic_probability",
        ("comment_id",),
        "text",
        labels=("topic", "topic_name"),
        unfitted=r"have to be found before .*discover",
    ),
}


def words_of(name):
    """What a model, or else its family, calls its columns."""
    return _WORDS.get(name) or _WORDS[name.partition("/")[0]]


@dataclass(frozen=True)
class Recipe:
    """Settings for the family's `train`, and the exceptions to the contract, each with its reason."""

    settings: dict = field(default_factory=dict)
    #: the columns that the model is trained without
    without: tuple[str, ...] = ()
    #: name of the metric that must beat the last baseline's, and by how much it must be lower
    headline: str = "log_loss"
    margin: float = 0.05
    #: by how much an answer may differ between a batch, its rows and its records: what rounding to 32 bits leaves
    near: float = 1e-9
    #: bytes that its golden folder may take; tables of pieces of words are as long for ten comments as for a million
    largest: int = 60_000
    #: the package that it cannot learn without
    package: str | None = None
    #: check -> why it does not hold for this model
    excused: dict = field(default_factory=dict)


_NO_RECORD = {"predicts one": "it forecasts days, which do not come as records"}
_FORECAST = _NO_RECORD | {"needs no key": "a forecast is of one series, and each row must say of which"}

_FOLLOWS = {
    "predicts one": "it learns from each value that comes: records are for update",
    "needs no key": "a value is of one series, and each row must say of which",
}

_BASKETS = {"needs no key": "baskets are found by the key of their customer"}

_SURVIVAL = {"duration": "tenure_months", "horizon": 6}

RECIPES = {
    "churn/boosted": Recipe(),
    "churn/logistic": Recipe(),
    "churn/base_rate": Recipe(
        excused={
            "not constant": "it answers everybody with the overall rate",
            "beats its baseline": "it is the baseline under every baseline",
            "needs columns": "it needs no column",
            "predicts one": "a constant needs no record",
            "names the nearest column": "it needs no column",
        }
    ),
    # total_paid is tenure x fee: with it the trees would read the answer.
    "churn/survival": Recipe(
        _SURVIVAL,
        ("total_paid",),
        "survival_log_loss",
        0.01,
        excused={"predicts one": "it answers with a curve; the service path is for who, not for when"},
    ),
    "churn/life_table": Recipe(
        _SURVIVAL,
        ("total_paid",),
        "survival_log_loss",
        excused={
            "not constant": "everybody who has come as far has the same curve",
            "beats its baseline": "it is the baseline of the survival models",
            "predicts one": "it answers with a curve; the service path is for who, not for when",
        },
    ),
    "volume/auto": Recipe(headline="wape", margin=0.02, excused=_FORECAST),
    "volume/profile": Recipe(headline="wape", margin=0.02, excused=_FORECAST),
    "volume/boosted": Recipe(headline="wape", margin=0.01, excused=_FORECAST),
    "volume/weekday_mean": Recipe(
        headline="wape", excused=_FORECAST | {"beats its baseline": "it is a baseline of the others"}
    ),
    "volume/seasonal_naive": Recipe(
        headline="wape", excused=_FORECAST | {"beats its baseline": "it is a baseline of the others"}
    ),
    "voc/linear": Recipe(margin=0.1, near=1e-6),
    "voc/words": Recipe(margin=0.1, near=1e-6),
    "voc/majority": Recipe(
        excused={
            "not constant": "it answers every comment with the commonest label",
            "beats its baseline": "it is the baseline under every baseline",
        }
    ),
    "voc/compact": Recipe(
        {"net": {"epochs": 3, "dim": 16, "hidden": 8, "pieces": 4_000, "batch": 32}},
        near=1e-5,
        largest=700_000,
        package="torch",
    ),
    "voc/transformer": Recipe(
        near=1e-5,
        largest=120_000,
        package="transformers",
        excused={"beats its baseline": "its encoder is tiny and has random weights: it knows no language"},
    ),
    "offers/uplift": Recipe(
        {"channel": None, "position": None, "drop": ["channel", "position"], "uplift": True},
        headline="effect_loss",
        margin=0.02,
        largest=200_000,
    ),
    "offers/affinity": Recipe(headline="one_minus_ndcg_at_10", margin=0.01, near=1e-6, excused=_BASKETS),
    "offers/cosine": Recipe(headline="one_minus_ndcg_at_10", margin=0.01, near=1e-6, excused=_BASKETS),
    "offers/most_taken": Recipe(
        headline="one_minus_ndcg_at_10",
        near=1e-6,
        excused=_BASKETS
        | {
            "not constant": "it answers everybody with what is taken most",
            "beats its baseline": "it is the baseline under every baseline",
        },
    ),
    # Its metrics go astray ten times a week; with the budget of five by default, half of that could be told at best.
    "anomaly/residual": Recipe(
        {"metric": "count", "budget": 15.0}, headline="alarm_cost", margin=0.002, excused=_FOLLOWS
    ),
    "anomaly/robust_z": Recipe(
        {"metric": "count"},
        headline="alarm_cost",
        excused=_FOLLOWS | {"beats its baseline": "it is the baseline of the others"},
    ),
    "anomaly/forest": Recipe(
        {"metric": "count", "trees": 20},
        headline="alarm_cost",
        excused=_FOLLOWS | {"beats its baseline": "one forest for all series is for several metrics together"},
    ),
    "offers/propensity": Recipe(margin=0.01),
    "offers/logistic": Recipe(margin=0.01),
    "offers/popular": Recipe(
        excused={
            "not constant": "it answers everybody with the rate of the most accepted offer",
            "beats its baseline": "it is the baseline under every baseline",
            "needs columns": "it needs no column",
            "names the nearest column": "it needs no column",
        }
    ),
    "voc/topics": Recipe(
        {"n_topics": 4},
        near=1e-6,
        largest=600_000,
        excused={
            "predicts one": "topics are of many comments; a service asks for labels",
            "has a verdict": "no label says which topics there are",
            "beats its baseline": "no label says which topics there are",
        },
    ),
}


def customers_of(n=600, seed=1):
    return make_customers(n, seed=seed).frame


def contacts_of(days=98, series=3, seed=1, **more):
    """Days of some queues, and a campaign that brings a hundred contacts a step."""
    frame = make_contacts(days, series, freq="D", hours=None, seed=seed, **more).frame
    campaign = np.random.default_rng(seed).integers(0, 4, len(frame))
    return frame.assign(campaign=campaign, y=frame["y"] + 100 * campaign)


def comments_of(n=240, seed=1):
    """Comments about three topics: a fit takes time for each label."""
    frame = make_comments(3 * n, seed=seed).frame
    return frame[frame["topic"].isin(["배송", "결제", "품질"])].head(n).reset_index(drop=True)


@cache
def _offers_of(n, seed):
    """What is true of the invented log, said louder: few rows are enough to learn it."""
    made = make_offers(n, seed=seed)
    odds = 2.5 * np.log(made.truth.rows / (1 - made.truth.rows)) + 5.0
    accepted = np.random.default_rng(seed).random(len(odds)) < 1 / (1 + np.exp(-odds))
    log = made.log.assign(accepted=accepted.astype(int)).drop(columns=["margin_won", "propensity"])
    log = log.merge(made.customers, on=KEY).merge(made.offers, on="offer", how="left")
    return log.drop(columns=["starts", "ends"])


def offers_of(n=600, seed=1):
    """A log of offers made, with what is known of customers and offers joined to it."""
    return _offers_of(n, seed).copy()


OF_BASKETS = ("offers/affinity", "offers/cosine", "offers/most_taken")


def baskets_of(n=240, seed=1):
    """Who took what: four kinds of customers with a taste for six things each, and now and then for another."""
    random = np.random.default_rng(seed)
    sizes = random.integers(4, 8, n)
    customer = np.repeat(np.arange(n), sizes)
    taste = np.where(random.random(len(customer)) < 0.85, customer % 4, random.integers(0, 4, len(customer)))
    # The first things of each kind are taken more often than the last.
    place = np.minimum((random.random(len(customer)) ** 1.5 * 6).astype(int), 5)
    day = random.integers(0, 300, len(customer))
    frame = pd.DataFrame(
        {
            KEY: [f"c{one:05d}" for one in customer],
            "offer": [f"thing {kind}{one}" for kind, one in zip(taste, place, strict=True)],
            "sent_at": pd.Timestamp("2025-01-01") + pd.to_timedelta(day, unit="D"),
        }
    )
    return frame.drop_duplicates([KEY, "offer"]).reset_index(drop=True)


def metrics_of(series=24, days=16, seed=1):
    """Contacts by the hour of some queues, busy by day, and a shift or a spike now and then that is labelled."""
    random = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    shape = 1.0 + 0.8 * np.sin(2 * np.pi * (hours % 24 - 8) / 24)
    level = np.exp(random.normal(4.5, 0.7, (series, 1)))
    trouble = np.zeros((series, len(hours)), dtype=int)
    for one in range(0, series, 2):
        for start in random.choice(np.arange(120, len(hours) - 24, 24), 2, replace=False):
            trouble[one, start + 10 : start + 10 + random.integers(2, 12)] = 1
    y = random.poisson(level * shape * (1 + trouble))
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat([f"queue {one:02d}" for one in range(series)], len(hours)),
            "ds": np.tile(pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h"), series),
            "y": y.ravel().astype(float),
            "label": trouble.ravel(),
        }
    )
    return frame.sort_values(["ds", "unique_id"], ignore_index=True)


def next_metrics(frame, periods=1):
    """The hours that follow, as the days before were."""
    last = frame["ds"].max()
    hour = pd.Timedelta("1h")
    before = frame[frame["ds"] > last - pd.Timedelta("1D")]
    ahead = before[before["ds"] <= last - pd.Timedelta("1D") + periods * hour]
    return ahead.assign(ds=ahead["ds"] + pd.Timedelta("1D"), label=0).reset_index(drop=True)


def frame_of(name):
    """The frame that a model of this name, or of this family, learns from."""
    if name in OF_BASKETS:
        return baskets_of()
    made = {
        "churn": customers_of,
        "volume": contacts_of,
        "voc": comments_of,
        "offers": offers_of,
        "anomaly": metrics_of,
    }
    return made[name.partition("/")[0]]()


@cache
def tiny_encoder():
    """A folder with a BERT of 2 layers and 16 dimensions, of random weights, and a tokenizer of its comments."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    place = tempfile.TemporaryDirectory(prefix="encoder")
    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    words.train_from_iterator(comments_of()["text"], trainers.WordPieceTrainer(vocab_size=600, special_tokens=special))
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(place.name)
    config = transformers.BertConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(place.name)
    return place  # the folder goes when nothing holds this any more


def _train_voc(name, frame, more):
    recipe, method = RECIPES[name], name.partition("/")[2]
    if recipe.package:
        pytest.importorskip(recipe.package, reason=f"{recipe.package} is not installed: {name} learns with it")
        import torch

        torch.set_num_threads(1)
    if method == "topics":
        return Trained(voc.discover(frame, **{"key": "comment_id", **recipe.settings, **more}))
    settings = dict(recipe.settings)
    if method == "transformer":
        tuning = {"max_tokens": 24, "least_steps": 40, "epochs": 1, "learning_rate": 3e-3, "head_rate": 1}
        settings = {"encoder": str(Path(tiny_encoder().name)), "tuning": tuning}
    named = {"sentiment": "sentiment", "topic": "topic", "key": "comment_id", "method": method}
    return voc.train(frame, **{**named, "track": False, "refit": False, **settings, **more})


def train(name, frame, **more):
    if name.startswith("voc/"):
        return _train_voc(name, frame, more)
    if name.startswith("volume/"):
        method = name.partition("/")[2]
        return volume.train(frame, **{"horizon": 14, "country": "KR", "method": method, "track": False, **more})
    recipe = RECIPES[name]
    if name.startswith("anomaly/"):
        named = {"label": "label", "method": name.partition("/")[2], "track": False}
        return anomaly.train(frame, **{**named, **recipe.settings, **more})
    if name.startswith("offers/"):
        named = {"key": KEY, "offer": "offer", "time": "sent_at", "method": name.partition("/")[2]}
        if name not in OF_BASKETS:
            named |= {"response": "accepted", "channel": "channel", "position": "position", "control": "none"}
        return offers.train(frame, **{**named, "track": False, "refit": False, **recipe.settings, **more})
    return churn.train(
        frame.drop(columns=list(recipe.without)),
        **{
            "target": TARGET,
            "key": KEY,
            "method": name.partition("/")[2],
            "track": False,
            "refit": False,
            **recipe.settings,
            **more,
        },
    )

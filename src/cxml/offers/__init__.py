"""Which offer for whom now: what is accepted, what an offer changes, and who takes what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxml.errors import ConfigError
from cxml.offers.config import AffinityConfig, OffersConfig, UpliftConfig
from cxml.offers.decide import Decision, decide
from cxml.offers.policy import Cap, Explore, Policy, Value
from cxml.offers.serving import Decider

if TYPE_CHECKING:
    import pandas as pd

    from cxml.trained import Trained

__all__ = [
    "AffinityConfig",
    "Cap",
    "Decider",
    "Decision",
    "Explore",
    "OffersConfig",
    "Policy",
    "UpliftConfig",
    "Value",
    "decide",
    "predict",
    "train",
]


def train(
    log: Any,
    *,
    key: str | None = None,
    offer: str | None = None,
    response: str | None = None,
    time: str | None = None,
    channel: str | None = None,
    customers: Any = None,
    offers: Any = None,
    method: str | None = None,
    uplift: bool = False,
    refit: bool = True,
    track: bool = True,
    nested: bool = False,
    pictures: bool = True,
    **settings: Any,
) -> Trained:
    """Learn from a log of offers and answers, judge it on answers held out, and record it in MLflow.

    Parameters
    ----------
    log : DataFrame
        pandas, polars or anything that speaks Arrow: one row an offer made, or an item taken. Further columns describe
        the customer or the moment.
    key : str, optional
        The column that names the customer.
    offer : str, optional
        The column that names the offer; left out, all rows are of one offer.
    response : str, optional
        The column that says whether it was accepted. Rows without one are interactions. Left out, all rows are.
    time : str, optional
        The moment of each row. The last ones are then held out, and what a customer was offered before counts.
    channel : str, optional
        The column that names the channel.
    customers, offers : DataFrame, optional
        What is known of customers and of offers, one row each, joined to the log by `key` and `offer`.
    method : str, optional
        ``"propensity"`` (default where there is a response), ``"logistic"``, ``"popular"``, ``"affinity"`` (default
        where there is none) or ``"uplift"``.
    uplift : bool, default=False
        Learn what an offer changes, against `control`, instead of how often it is accepted.
    refit : bool, default=True
        Fit the returned model on all rows, once judged. False returns the judged fit.
    track : bool, default=True
        Record in MLflow, in the experiment ``cxml/offers``, the baselines as runs of their own.
    nested : bool, default=False
        Record inside the MLflow run that is open.
    pictures : bool, default=True
        Draw pictures for MLflow.
    **settings
        Further settings, see `OffersConfig` (``value=``, ``propensity=``, ``position=``, ``control=`` ...),
        `UpliftConfig` and `AffinityConfig`.

    Returns
    -------
    Trained
        ``.metrics`` and ``.table()`` hold the verdict beside the baselines, ``.notes`` what was found.

    Raises
    ------
    FrameError
        If the data cannot be learned from. Nothing was started then.
    ConfigError
        If a setting is unknown or outside its range.
    TrackingError
        If an MLflow run is open and `nested` is False; or if MLflow failed, then the message says where the trained
        model is kept.

    Examples
    --------
    >>> from cxml.datasets import make_offers
    >>> made = make_offers(400, seed=1)
    >>> tables = {"customers": made.customers, "offers": made.offers}
    >>> names = {"key": "customer_id", "offer": "offer", "response": "accepted", "control": "none"}
    >>> model = train(made.log.drop(columns="margin_won"), **names, **tables, method="logistic", track=False)
    >>> model.metrics["holdout_log_loss"] < 0.4
    True
    >>> train(made.log, **{**names, "response": "acepted"}, track=False)
    Traceback (most recent call last):
        ...
    cxml.errors.FrameError: Training offers needs the column 'acepted' - the data has 8 columns and not this one. \
Did you mean 'accepted'? Name columns as the log does.
    """
    from cxml import registry, training
    from cxml.contract import build_config
    from cxml.offers.family import FAMILY
    from cxml.offers.joining import join

    method = _method(method, response, uplift=uplift)
    kind = registry.model_class(f"offers/{method}")
    named = {"key": key, "offer": offer, "response": response, "time": time, "channel": channel}
    config = build_config(kind.Config, {**{name: one for name, one in named.items() if one is not None}, **settings})
    frame, config = join(log, customers, offers, config)
    return training.train(FAMILY, kind(config), frame, refit=refit, track=track, nested=nested, pictures=pictures)


def _method(method: str | None, response: str | None, *, uplift: bool) -> str:
    if not uplift:
        return method or ("affinity" if response is None else "propensity")
    if method not in (None, "uplift"):
        raise ConfigError(
            f"uplift=True is learned by the method 'uplift' - got method={method!r}. Leave one of them out."
        )
    return "uplift"


def predict(
    model: Any,
    customers: Any,
    *,
    k: int = 1,
    policy: Any = None,
    offers: Any = None,
    contacts: Any = None,
    now: Any = None,
    everything: bool = False,
    reasons: int = 0,
    language: Any = "en",
    seed: int = 0,
) -> pd.DataFrame:
    """Answer for each customer which offers to make.

    Parameters
    ----------
    model : Trained, folder or URI
        What `train` returned, a folder, ``models:/offers@champion``, ``runs:/<run id>/model``.
    customers : DataFrame
        One row a customer, with every column that the model needs (``model.model.features()``).
    k : int >= 1, default=1
        How many offers for each customer at most.
    policy : Policy or mapping, optional
        What is allowed, what it is worth, and how much of it there is. By default everything is allowed, and an
        acceptance is worth what acceptances of this offer were worth in the log, or 1.
    offers : DataFrame, optional
        The catalogue to choose from, new offers among it; by default the one learned from.
    contacts : DataFrame, optional
        Who was contacted when: for the policy's caps.
    now : date, optional
        The moment of the decision.
    everything : bool, default=False
        Answer with every candidate, its fate and the rule that decided it.
    reasons : int, default=0
        How many reasons to give for each offer; costs far more than the prediction itself.
    language : {"en", "ko"}, default="en"
        Of the reasons' sentences.
    seed : int >= 0, default=0
        Of the policy's exploration.

    Returns
    -------
    DataFrame
        One row a customer and rank: the key, ``rank``, ``offer``, ``channel`` where there are channels,
        ``acceptance_probability``, ``uplift`` where it was learned, ``expected_value``, ``propensity``, and as asked
        ``reasons`` and ``reasons_text``.

    Raises
    ------
    FrameError
        If a column is missing or holds what the model cannot read.
    ConfigError
        If the model cannot give what is asked.
    ModelFolderError
        If there is no such model.

    Examples
    --------
    >>> from cxml.datasets import make_offers
    >>> made = make_offers(400, seed=1)
    >>> tables = {"customers": made.customers, "offers": made.offers}
    >>> names = {"key": "customer_id", "offer": "offer", "response": "accepted", "control": "none"}
    >>> model = train(made.log.drop(columns="margin_won"), **names, **tables, method="popular", track=False)
    >>> answer = predict(model, made.customers.assign(position=1).head(2), k=2)
    >>> answer[["customer_id", "rank"]].values.tolist()
    [['c00001', 1], ['c00001', 2], ['c00002', 1], ['c00002', 2]]
    >>> predict(model, made.customers, k=0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: k must be a whole number from 1 up - got 0. It is how many offers a customer can get.
    """
    from cxml.offers.recommending import recommend
    from cxml.training import use

    trained, frame = use(model, customers, family="offers")
    return recommend(
        trained,
        frame,
        k=k,
        policy=policy,
        offers=offers,
        contacts=contacts,
        now=now,
        everything=everything,
        reasons=reasons,
        language=language,
        seed=seed,
    )

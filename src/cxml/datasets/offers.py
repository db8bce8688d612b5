"""Invent the offers of a Korean telecom, who took them, and who would have bought without them: the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxml.datasets._checks import check_whole
from cxml.datasets._telecom import anyway_odds, delivery_odds, invent_customers, make_catalogue, push_odds, sigmoid
from cxml.errors import ConfigError, nearest

if TYPE_CHECKING:
    import pandas as pd

_FIRST_DAY = np.datetime64("2025-01-01", "D")
NOBODY = "none"
_CHANNELS = ("sms", "email", "call")

_SLOT_DAYS = 15
_CONTROL_SHARE = 0.2
_RULE_SHARE = 0.75
_TIRED_DAYS = 28
_ANYWAY_MARGIN = 20_000

_DESCRIPTION = """\
Invented offers of a Korean telecom to {customers} customers in {days} days from 2025-01-01
on; no row is about a person. {rows} rows, one an offer made; {control} of them are the control group: offer "none",
nobody was contacted, and `accepted` tells who bought without being asked. {how}
Known truth: `truth.probability` and `truth.effect` of every customer and offer, `truth.rows` of each row."""
_AT_RANDOM = (
    "The offer was drawn at random from those on offer that day, the channel from those the customer agreed to; "
    "`propensity` is the chance that the offer had."
)
_BY_RULE = "The offer, and whom to leave alone, followed the sales team's rule: `propensity` is not known."


@dataclass(frozen=True)
class Truth:
    """What is true of the invented offers.

    Attributes
    ----------
    probability : DataFrame of float in (0, 1), shape (n_customers, 8)
        The chance that the customer accepts the offer when it is made by SMS, in the first position, to a customer
        not contacted in the last 28 days. The index is ``customer_id``, the columns are the offers.
    anyway : Series of float in (0, 1), shape (n_customers,)
        The chance that the customer buys without being contacted.
    effect : DataFrame of float in (-1, 1), shape (n_customers, 8)
        `probability` less `anyway`: above 0 are the persuadable, below 0 those whom an offer puts off.
    rows : array of float in (0, 1), shape (n_rows,)
        The chance with which ``accepted`` of each row of the log was drawn.
    """

    probability: pd.DataFrame
    anyway: pd.Series[float]
    effect: pd.DataFrame
    rows: np.ndarray


@dataclass(frozen=True)
class Offers:
    """Invented offers and responses with the truth about them.

    Attributes
    ----------
    log : DataFrame, shape (n_rows, 8)
        One row an offer made, in the order of time: ``customer_id``, ``offer`` ("none" is the control group: nobody was
        contacted), ``sent_at``, ``channel`` ("sms", "email", "call"; missing in the control group), ``position`` (1-3,
        the place in the message; missing in the control group), ``propensity`` (the chance that the offer had;
        missing where a rule chose), ``accepted`` (0 or 1) and ``margin_won`` (what it earned, in won).
    customers : DataFrame, shape (n_customers, 11)
        ``customer_id``, ``age`` (19-84), ``plan``, ``region``, ``tenure_months``, ``monthly_fee`` (won), ``data_gb`` (a
        month; 5 % missing), ``app_user``, and what the customer agreed to: ``sms_ok``, ``email_ok``, ``call_ok``.
    offers : DataFrame, shape (8, 8)
        ``offer``, ``category``, ``margin`` (won earned where it is accepted), ``cost`` (won for making it),
        ``discount`` (share of the price), ``starts``, ``ends`` (days, both included) and ``stock``.
    truth : Truth
    description : str
        The data in words.

    Examples
    --------
    >>> made = make_offers(50)
    >>> len(made.log) == len(made.truth.rows)
    True
    >>> made.description = "mine"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'description'
    """

    log: pd.DataFrame
    customers: pd.DataFrame
    offers: pd.DataFrame
    truth: Truth
    description: str


def make_offers(n_customers: int = 2000, days: int = 180, seed: int = 0, *, randomised: bool = True) -> Offers:
    """Invent customers, eight offers, and a log of which was made to whom and taken, with the truth about each.

    A customer who is not contacted buys with log-odds -3.8, plus 0.5 for app users, plus 1.0 from 60 months of tenure
    on. An offer changes these log-odds by the sum of the terms below:

    ===========================  ==================================================================================
    what                         term in the log-odds
    ===========================  ==================================================================================
    any offer                    0.8
    discount                     0.4 for each 10 points
    margin                       -0.1 for each 10,000 won: what earns more is dearer
    data offer                   1.0 from 15 gigabytes a month on, -0.8 below 4; missing 0
    bundle offer                 0.8 at ages 35-54
    content offer                1.0 below age 30, -0.8 from 60 on
    device offer                 0.8 from 24 months of tenure on
    roaming offer                0.7 in 서울 and 경기
    short tenure                 0.4 below 12 months: the persuadable
    long tenure                  -1.6 from 60 months on: who would have bought alone is put off
    channel                      SMS 0, email -0.3, call 0.5; a call to customers below 35 -0.5 instead
    position                     -0.2 for each place after the first
    fatigue                      -0.2 for each contact of the customer in the 28 days before, up to three
    ===========================  ==================================================================================

    So an offer never made before has the rate that its category, discount and margin give it: `true_acceptance` tells
    it for any table of offers. `monthly_fee`, `plan` and the consents add nothing of their own (but the plan drives
    `data_gb`). About one offer in twelve is taken.

    Parameters
    ----------
    n_customers : int >= 1, default=2000
        A larger number adds customers and keeps the rows of the first ones.
    days : int >= 1, default=180
        Length of the log from 2025-01-01 on. A larger number adds rows and keeps the earlier ones.
    seed : int >= 0, default=0
    randomised : bool, default=True
        True draws, whatever the customer: one time in five nobody is contacted ("none", `propensity` 0.2), else an
        offer of those on offer that day, each with the same `propensity`. False follows a rule of the sales team:
        mostly app users are contacted, and three times in four with the offer of their age and usage; `propensity`
        is missing, and what the log shows is not the effect of an offer.

    Returns
    -------
    Offers

    Raises
    ------
    ConfigError
        If a number is not whole or out of its range, or `randomised` is neither True nor False.

    References
    ----------
    .. [1] Gubela, R. M., Bequé, A., Lessmann, S., & Gebert, F. (2019). Conversion uplift in e-commerce: A systematic
       benchmark of modeling strategies. International Journal of Information Technology & Decision Making, 18(3),
       747-791: a control group, persuadable customers, and some whom a contact puts off.

    Examples
    --------
    >>> made = make_offers(1000, seed=1)
    >>> made.offers[["offer", "category", "margin", "discount"]].head(2)
                offer category  margin  discount
    0       data_plus     data   12000       0.1
    1  data_unlimited     data   30000       0.2
    >>> bool((made.truth.effect < 0).any(axis=None))
    True
    >>> make_offers(0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `n_customers` must be a whole number, 1 or more - got 0.
    """
    check_whole("n_customers", n_customers, least=1)
    check_whole("days", days, least=1)
    check_whole("seed", seed, least=0)
    if not isinstance(randomised, (bool, np.bool_)):
        raise ConfigError(f"`randomised` must be True or False - got {randomised!r}.")
    customers, offers = invent_customers(n_customers, seed), make_catalogue()
    contacts = _contacts(customers, days, seed)
    chosen, propensity = _at_random(contacts, offers) if randomised else _by_rule(contacts, customers, offers)
    log, rows = _responses(contacts, chosen, propensity, customers, offers)
    return Offers(
        log,
        customers,
        offers,
        _truth(customers, offers, rows),
        _DESCRIPTION.format(
            customers=n_customers,
            days=days,
            rows=len(log),
            control=int((log["offer"] == NOBODY).sum()),
            how=_AT_RANDOM if randomised else _BY_RULE,
        ),
    )


def true_acceptance(
    customers: pd.DataFrame, offers: pd.DataFrame, *, channel: str = "sms", position: int = 1, contacts: int = 0
) -> pd.DataFrame:
    """Give the true chance that each customer accepts each offer, by the terms of `make_offers`.

    Parameters
    ----------
    customers : DataFrame, shape (n_customers, any)
        Columns as `make_offers` makes them.
    offers : DataFrame, shape (n_offers, any)
        ``offer``, ``category``, ``margin`` and ``discount``: also offers that were never made.
    channel : {"sms", "email", "call"}, default="sms"
    position : int >= 1, default=1
        Place in the message.
    contacts : int >= 0, default=0
        Contacts of the customer in the 28 days before.

    Returns
    -------
    DataFrame of float in (0, 1), shape (n_customers, n_offers)
        The index is ``customer_id``, the columns are the offers.

    Raises
    ------
    ConfigError
        If `channel` is unknown, or a number is not whole or out of its range.

    Examples
    --------
    >>> made = make_offers(100)
    >>> new = made.offers.head(1).assign(offer="data_gift", discount=0.5)
    >>> chance = true_acceptance(made.customers, new)
    >>> bool((chance["data_gift"] > made.truth.probability["data_plus"]).all())
    True
    >>> true_acceptance(made.customers, new, channel="mail")
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `channel` must be one of 'sms', 'email', 'call' - got 'mail'. Did you mean 'email'?
    """
    import pandas as pd

    if channel not in _CHANNELS:
        names = ", ".join(map(repr, _CHANNELS))
        raise ConfigError(f"`channel` must be one of {names} - got {channel!r}.{nearest(str(channel), _CHANNELS)}")
    check_whole("position", position, least=1)
    check_whole("contacts", contacts, least=0)
    of_customer = {name: customers[name].to_numpy()[:, None] for name in customers}
    of_offer = {name: offers[name].to_numpy()[None, :] for name in offers}
    log_odds = anyway_odds(of_customer) + push_odds(of_customer, of_offer)
    log_odds = log_odds + delivery_odds(of_customer["age"], np.array(channel), np.array(position), np.array(contacts))
    return pd.DataFrame(
        sigmoid(log_odds),
        index=pd.Index(customers["customer_id"], name="customer_id"),
        columns=offers["offer"].tolist(),
    )


def _truth(customers: pd.DataFrame, offers: pd.DataFrame, rows: np.ndarray) -> Truth:
    import pandas as pd

    probability = true_acceptance(customers, offers)
    odds = anyway_odds({name: customers[name].to_numpy() for name in customers})
    anyway = pd.Series(sigmoid(odds), index=probability.index, name="anyway")
    return Truth(probability, anyway, probability.sub(anyway, axis=0), rows)


def _contacts(customers: pd.DataFrame, days: int, seed: int) -> pd.DataFrame:
    """Draw when each customer's turn comes, some customers' more often, and the uniform numbers that decide the rest.

    Customers who agreed to no channel have no turn, so that the control group is like the others.
    """
    import pandas as pd

    reachable = customers[["sms_ok", "email_ok", "call_ok"]].to_numpy().any(axis=1)
    often = 0.1 + 0.5 * np.random.default_rng([seed, 1]).random(len(customers))
    found = []
    for slot in range(-(-days // _SLOT_DAYS)):
        u = np.random.default_rng([seed, 2, slot]).random((len(customers), 9)).T
        day = slot * _SLOT_DAYS + np.floor(_SLOT_DAYS * u[1]).astype(int)
        here = np.flatnonzero((u[0] < often) & (day < days) & reachable)
        minutes = 9 * 60 + np.floor(11 * 60 * u[2]).astype(int)
        sent = _FIRST_DAY + day.astype("timedelta64[D]") + minutes.astype("timedelta64[m]")
        columns = ("alone", "rule", "offer", "channel", "position", "outcome")
        drawn = dict(zip(columns, u[3:, here], strict=True))
        found.append(pd.DataFrame({"customer": here, "sent_at": sent[here].astype("datetime64[ns]"), **drawn}))
    return pd.concat(found).sort_values(["sent_at", "customer"], ignore_index=True)


def _at_random(contacts: pd.DataFrame, offers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Draw nobody one time in five, else one of the offers of the day: their places, -1 for nobody."""
    open_ = _open(contacts, offers)
    place = _nth_open(open_, contacts["offer"].to_numpy())
    alone = contacts["alone"].to_numpy() < _CONTROL_SHARE
    return np.where(alone, -1, place), np.where(alone, _CONTROL_SHARE, (1 - _CONTROL_SHARE) / open_.sum(axis=1))


def _by_rule(contacts: pd.DataFrame, customers: pd.DataFrame, offers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Choose as a sales team does: app users, each with the offer of their age and usage."""
    who = customers.iloc[contacts["customer"].to_numpy()]
    age, gigabytes, app = who["age"].to_numpy(), who["data_gb"].to_numpy(), who["app_user"].to_numpy()
    wanted = np.select(
        [gigabytes >= 15, age < 30, age < 55],
        ["data_unlimited", "music_pass", "family_bundle"],
        np.where(app, "device_upgrade", "internet_tv"),
    )
    place = np.array([offers["offer"].tolist().index(name) for name in wanted.tolist()], dtype=int)
    other = _nth_open(_open(contacts, offers), contacts["offer"].to_numpy())
    place = np.where(contacts["rule"].to_numpy() < _RULE_SHARE, place, other)
    alone = contacts["alone"].to_numpy() < np.where(app, 0.1, 0.5)
    return np.where(alone, -1, place), np.full(len(contacts), np.nan)


def _open(contacts: pd.DataFrame, offers: pd.DataFrame) -> np.ndarray:
    """Tell which offers are on offer on the day of each contact, shape (n_contacts, n_offers)."""
    day = contacts["sent_at"].to_numpy().astype("datetime64[D]")[:, None]
    starts, ends = (offers[name].to_numpy().astype("datetime64[D]") for name in ("starts", "ends"))
    is_open: np.ndarray = (starts <= day) & (day <= ends)
    return is_open


def _nth_open(is_open: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    wanted = np.floor(uniform * is_open.sum(axis=1)).astype(int)
    place: np.ndarray = (np.cumsum(is_open, axis=1) > wanted[:, None]).argmax(axis=1)
    return place


def _responses(
    contacts: pd.DataFrame, chosen: np.ndarray, propensity: np.ndarray, customers: pd.DataFrame, offers: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw channel, position and response of each contact: the log, and the chances it was drawn with."""
    import pandas as pd

    who, nobody = customers.iloc[contacts["customer"].to_numpy()], chosen < 0
    of_customer = {name: who[name].to_numpy() for name in who}
    of_offer = {
        name: offers[name].to_numpy()[np.where(nobody, 0, chosen)] for name in ("category", "margin", "discount")
    }
    agreed = who[["sms_ok", "email_ok", "call_ok"]].to_numpy()
    channel = np.array(_CHANNELS)[_nth_open(agreed, contacts["channel"].to_numpy())]
    position = 1 + np.floor(3 * contacts["position"].to_numpy()).astype(int)
    tired = _recent(contacts["customer"].to_numpy(), contacts["sent_at"].to_numpy(), ~nobody)
    pushed = push_odds(of_customer, of_offer) + delivery_odds(of_customer["age"], channel, position, tired)
    probability = sigmoid(anyway_odds(of_customer) + np.where(nobody, 0.0, pushed))
    accepted = contacts["outcome"].to_numpy() < probability
    worth = np.where(nobody, _ANYWAY_MARGIN, of_offer["margin"])
    # The same uniform number once more: within the accepted it is even, from 0 to the probability.
    paid = worth * (0.8 + 0.4 * contacts["outcome"].to_numpy() / probability)
    log = pd.DataFrame(
        {
            "customer_id": who["customer_id"].to_numpy(),
            "offer": np.where(nobody, NOBODY, offers["offer"].to_numpy()[chosen]),
            "sent_at": contacts["sent_at"],
            "channel": pd.Series(channel, dtype=object).mask(nobody, None),
            "position": np.where(nobody, np.nan, position),
            "propensity": propensity,
            "accepted": accepted.astype(int),
            "margin_won": np.where(accepted, 10.0 * np.round(paid / 10), 0.0),
        }
    )
    return log, probability


def _recent(customer: np.ndarray, sent: np.ndarray, contacted: np.ndarray) -> np.ndarray:
    """Count the contacts of the same customer in the 28 days before each row; the rows come in the order of time."""
    minutes = sent.astype("datetime64[m]").astype(np.int64)
    span = int(minutes.max() - minutes.min()) + 2 * _TIRED_DAYS * 1_440 + 1 if minutes.size else 1
    # One rising number a customer and minute, so that two searches count the rows between two times of one customer.
    moment = customer.astype(np.int64) * span + (minutes - (minutes.min() if minutes.size else 0)) + _TIRED_DAYS * 1_440
    made = np.sort(moment[contacted])
    count: np.ndarray = np.searchsorted(made, moment) - np.searchsorted(made, moment - _TIRED_DAYS * 1_440)
    return count

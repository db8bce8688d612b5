"""An invented Korean telecom in which one incident shows everywhere: in contacts, comments, churn and offers.

It is put together from the other makers: customers and offers of `make_offers`, their months of `make_snapshots`, the
centre of `make_contacts`, the words of `make_comments`. The same customers are in all tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cxml.datasets._checks import check_whole
from cxml.datasets._incidents import ADDED, APP, APPS, CHANNELS, INCIDENTS, NAME, TODAY, TOPIC, count_contacts, during
from cxml.datasets.comments import make_comments
from cxml.datasets.customers import month_end, see_month_by_month
from cxml.datasets.offers import make_offers

if TYPE_CHECKING:
    import pandas as pd

    from cxml.datasets.comments import Comments
    from cxml.datasets.offers import Truth

_MONTHS = 13
_COMMENT_START, _COMMENT_WEEKS = "2024-07-02", 52
#: Shares: of the app's users whom an incident hits, and of these who comment and who call or chat.
_HIT, _COMMENT, _CONTACT = 0.5, 0.15, 0.4
_FORGOTTEN = 0.06
_LEAVE_ODDS = 1.2
_OF_OFFERS = ["plan", "region", "monthly_fee"]

_DESCRIPTION = """\
An invented Korean telecom on {today}, after closing; no row is about a person. A sample of {n:,} customers, seen at the
month ends from 2024-06-30 until they leave; contacts an hour of all its customers by channel, topic and app.
Known truth: since 2025-06-26 an update of the app keeps some of its users on Android from logging in; four times before
an update failed for some of them in other ways. Contacts rise by {added:.0%} in each channel, all about {topic} by
users of {app}; hit customers leave more often within the next month (+{odds} log-odds). `truth` says who was hit and
what came of it."""


@dataclass(frozen=True)
class CompanyTruth:
    """What is true of the invented company.

    Attributes
    ----------
    incidents : DataFrame, shape (5, 3)
        ``name``, ``start`` and ``end`` (days, both included); the last one is not over.
    hit : DataFrame
        ``customer_id`` and ``start`` of each incident that hit the customer.
    probability : array of float in (0, 1), shape (n_snapshots,)
        The chance with which ``churned`` of each row of `Company.snapshots` was drawn.
    added : array of float in [0, 1), shape (n_snapshots,)
        What an incident of that month added to `probability`: 0 for customers who were not hit.
    churned : Series of str, shape (n_present,)
        "yes" or "no" for those who are customers today: whether they leave in the month to come. The index is
        ``customer_id``.
    rates : DataFrame
        ``channel``, ``ds``, ``expected`` (the true contacts an hour) and ``added`` (those that an incident brings); it
        goes on for four days after today.
    coming : DataFrame
        The rows of `Company.counts` after today.
    offers : Truth
        Of `cxml.datasets.make_offers`, but for ``rows``, which belongs to the rows of `Company.log`.

    Examples
    --------
    >>> truth = make_company(100).truth
    >>> bool((truth.added < truth.probability).all())
    True
    >>> truth.added = 0
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'added'
    """

    incidents: pd.DataFrame
    hit: pd.DataFrame
    probability: np.ndarray
    added: np.ndarray
    churned: pd.Series[str]
    rates: pd.DataFrame
    coming: pd.DataFrame
    offers: Truth


@dataclass(frozen=True)
class Company:
    """An invented company with the truth about it.

    Attributes
    ----------
    customers : DataFrame, shape (n_customers, 12)
        The columns of `cxml.datasets.Offers.customers`, and ``app`` ("안드로이드", "아이폰", "앱 없음").
        ``tenure_months`` is that of 2024-06-30.
    snapshots : DataFrame, shape (n_snapshots, 15)
        Customers at the month ends from 2024-06-30 to 2025-06-30, until they leave: ``customer_id``, ``as_of``, the
        features of `cxml.datasets.make_snapshots` but ``total_paid`` and ``app_visits``, ``app``, ``app_errors`` (of
        the month), and ``churned`` ("yes", "no"): whether the customer leaves within the next month; missing today.
    counts : DataFrame
        Contacts of all customers, also those not in the sample: ``ds`` (start of the hour, from 2024-01-02 on),
        ``channel``, ``topic``, ``app`` and ``y``. Hours in which the centre is closed have no rows.
    contacts : DataFrame
        Contacts of the sample, from 2024-06-01 on: ``customer_id``, ``time``, ``channel``, ``topic``. In each month as
        many as ``support_calls`` of `snapshots`, and besides them those that an incident brought.
    comments : DataFrame
        As `cxml.datasets.Comments.frame`, by these customers, from 2024-07-02 on.
    log : DataFrame
        Offers made to these customers and their answers since 2025-01-01, as `cxml.datasets.Offers.log`.
    offers : DataFrame, shape (8, 8)
        As `cxml.datasets.Offers.offers`.
    events : DataFrame
        ``name``, ``start``, ``end`` and ``size`` of billing days, promotions, launches, outages, and of the incidents
        that are over, ``"앱 장애"``.
    today : Timestamp
        2025-06-30; the day is over.
    truth : CompanyTruth
    description : str
        The data in words.

    Examples
    --------
    >>> company = make_company(100)
    >>> set(company.log["customer_id"]) <= set(company.customers["customer_id"])
    True
    >>> company.today = "tomorrow"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'today'
    """

    customers: pd.DataFrame
    snapshots: pd.DataFrame
    counts: pd.DataFrame
    contacts: pd.DataFrame
    comments: pd.DataFrame
    log: pd.DataFrame
    offers: pd.DataFrame
    events: pd.DataFrame
    today: pd.Timestamp
    truth: CompanyTruth
    description: str


def make_company(n_customers: int = 3_000, *, seed: int = 0) -> Company:
    """Invent a Korean telecom, its customers, contacts, comments and offers, and an incident that shows in all of them.

    Four times an update of the app fails for half of its users on Android, for three days each; and one of Thursday
    2025-06-26 keeps half of them from logging in until now. Then

    - each channel has 60 % more contacts, all of them about 장애 by users of 안드로이드;
    - 15 % of the customers hit complain of the app in a comment, this time of the login, and 40 % call or chat;
    - customers hit leave within the next month with log-odds that are 1.2 higher. Their ``app_errors`` are 2 or more;
      6 % of the other users of the app have one in a month, which means nothing.

    Comments and contacts of the customers add nothing of their own to the chance of leaving: they go together with it.
    All else is as the other makers tell: `cxml.datasets.make_snapshots` for who leaves, `cxml.datasets.make_offers` for
    who accepts, `cxml.datasets.make_contacts` for the calendar with Seollal and Chuseok, `cxml.datasets.make_comments`
    for the comments, many of which speak of a shop.

    Parameters
    ----------
    n_customers : int >= 1, default=3000
        Customers on 2024-06-30; some 62 % of them are left on 2025-06-30. There are about as many comments, and those
        of the incidents.
    seed : int >= 0, default=0

    Returns
    -------
    Company

    Raises
    ------
    ConfigError
        If `n_customers` is not a whole number >= 1, or `seed` not one >= 0.

    Examples
    --------
    >>> company = make_company(200)
    >>> sorted({*company.events["name"]})
    ['billing', 'launch', 'outage', 'promotion', '앱 장애']
    >>> company.truth.incidents["start"].iloc[-1]
    Timestamp('2025-06-26 00:00:00')
    >>> make_company(0)
    Traceback (most recent call last):
        ...
    cxml.errors.ConfigError: `n_customers` must be a whole number, 1 or more - got 0.
    """
    import pandas as pd

    check_whole("n_customers", n_customers, least=1)
    check_whole("seed", seed, least=0)
    made = make_offers(n_customers, seed=seed)
    rng = np.random.default_rng([seed, 21])
    android = rng.random(n_customers) < APPS[APP] / (1 - APPS["앱 없음"])
    users = made.customers["app_user"].to_numpy()
    customers = made.customers.assign(app=np.select([users & android, users], list(APPS)[:2], "앱 없음"))
    hit = (rng.random((len(INCIDENTS), n_customers)) < _HIT) & (users & android)
    snapshots, probability, added = _see(customers, hit, seed)
    counts, rates, events = count_contacts(seed)
    is_past = counts["ds"] < pd.Timestamp(TODAY + 1)
    incidents = pd.DataFrame(INCIDENTS, columns=["start", "end"]).astype("datetime64[ns]")
    incidents.insert(0, "name", NAME)
    hits = _hits(customers, hit, snapshots)
    is_last = snapshots["as_of"] == pd.Timestamp(TODAY)
    churned = snapshots[is_last].set_index("customer_id")["churned"]
    log_seen = _is_present(made.log["customer_id"], made.log["sent_at"], snapshots)
    truth = CompanyTruth(
        incidents,
        hits,
        probability,
        added,
        churned,
        rates,
        counts[~is_past].reset_index(drop=True),
        replace(made.truth, rows=made.truth.rows[log_seen]),
    )
    past = incidents[:-1].assign(size=1.0)
    return Company(
        customers,
        snapshots.assign(churned=snapshots["churned"].mask(is_last)),
        counts[is_past],
        _contacts(snapshots, hits, counts, rng),
        _comments(n_customers, snapshots, hits, seed),
        made.log[log_seen].reset_index(drop=True),
        made.offers,
        pd.concat([events, past]).sort_values(["start", "name"], ignore_index=True),
        pd.Timestamp(TODAY),
        truth,
        _DESCRIPTION.format(today=TODAY, n=n_customers, added=ADDED, topic=TOPIC, app=APP, odds=_LEAVE_ODDS),
    )


def _see(customers: pd.DataFrame, hit: np.ndarray, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """See the customers at the month ends: the frame, the true probability, and what incidents added to it."""
    rng = np.random.default_rng([seed, 22])
    is_user = customers["app_user"].to_numpy()
    months = [(start.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1 for start, _ in INCIDENTS]

    def known(month: int) -> tuple[pd.DataFrame, np.ndarray]:
        is_hit = np.any(hit[[end == month_end(month) for end in months]], axis=0)
        is_forgotten = is_user & (rng.random(is_hit.size) < _FORGOTTEN)
        errors = np.where(is_hit, 2 + rng.poisson(2.0, is_hit.size), is_forgotten)
        columns = customers[_OF_OFFERS].assign(tenure_months=customers["tenure_months"] + month, app=customers["app"])
        return columns.assign(app_errors=errors, is_hit=is_hit), _LEAVE_ODDS * is_hit

    made = see_month_by_month(len(customers), _MONTHS, seed, known)
    ids = customers["customer_id"].to_numpy()
    frame = made.frame.drop(columns=["total_paid", "app_visits"])
    frame["customer_id"] = ids[frame["customer_id"].str[1:].astype(int)]
    is_hit = frame.pop("is_hit").to_numpy(dtype=bool)
    odds = made.probability / (1 - made.probability) / np.exp(_LEAVE_ODDS * is_hit)
    frame["churned"] = frame.pop("churned")
    return frame, made.probability, np.where(is_hit, made.probability - odds / (1 + odds), 0.0)


def _hits(customers: pd.DataFrame, hit: np.ndarray, snapshots: pd.DataFrame) -> pd.DataFrame:
    """List who was hit by which incident, and was a customer then."""
    import pandas as pd

    which, who = np.nonzero(hit)
    starts = np.array([start for start, _ in INCIDENTS]).astype("datetime64[ns]")[which]
    hits = pd.DataFrame({"customer_id": customers["customer_id"].to_numpy()[who], "start": starts})
    return hits[_is_present(hits["customer_id"], hits["start"], snapshots)].reset_index(drop=True)


def _is_present(customer: pd.Series[str], time: pd.Series[pd.Timestamp], snapshots: pd.DataFrame) -> np.ndarray:
    """Tell whether each customer was still one at the end of the month of the time."""
    last = snapshots.groupby("customer_id")["as_of"].max()
    present: np.ndarray = (time.dt.normalize() <= customer.map(last)).to_numpy()
    return present


def _contacts(
    snapshots: pd.DataFrame, hits: pd.DataFrame, counts: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Make the contacts of the customers: as many as their snapshots tell, in open hours, and some of those hit."""
    import pandas as pd

    hours = np.unique(counts["ds"].to_numpy())
    queues = counts[~during(counts["ds"].to_numpy())].groupby(["channel", "topic"])["y"].sum()
    seen = snapshots.loc[snapshots.index.repeat(snapshots["support_calls"])]
    number = rng.choice(len(queues), len(seen), p=queues / queues.sum())
    usual = pd.DataFrame(queues.index[number].tolist(), columns=["channel", "topic"])
    usual["customer_id"] = seen["customer_id"].to_numpy()
    ends = seen["as_of"].to_numpy().astype("datetime64[M]")
    usual["time"] = _any_hour(hours, ends.astype("datetime64[D]"), (ends + 1).astype("datetime64[D]"), rng)
    of_hit = hits[rng.random(len(hits)) < _CONTACT]
    end = of_hit["start"].map(dict(INCIDENTS)).to_numpy().astype("datetime64[D]")
    start = of_hit["start"].to_numpy().astype("datetime64[D]")
    caused = pd.DataFrame({"customer_id": of_hit["customer_id"].to_numpy(), "topic": TOPIC})
    caused["channel"] = rng.choice(CHANNELS, len(caused))
    caused["time"] = _any_hour(hours, start, np.minimum(end, TODAY) + 1, rng)
    both = pd.concat([usual, caused])[["customer_id", "time", "channel", "topic"]]
    return both.sort_values(["time", "customer_id"], ignore_index=True)


def _any_hour(hours: np.ndarray, start: np.ndarray, end: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a minute of an open hour in each span, its end not included."""
    first, last = np.searchsorted(hours, start), np.searchsorted(hours, end)
    minutes = rng.integers(0, 60, first.size).astype("timedelta64[m]")
    drawn: np.ndarray = hours[rng.integers(first, last)].astype("datetime64[ns]") + minutes
    return drawn


def _comments(n: int, snapshots: pd.DataFrame, hits: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Let the customers speak of all sorts of things at any time, and of the login where it failed."""
    import pandas as pd

    rng = np.random.default_rng([seed, 23])
    usual = make_comments(n, start=_COMMENT_START, weeks=_COMMENT_WEEKS, seed=seed)
    seen = {end: rows["customer_id"].to_numpy() for end, rows in snapshots.groupby("as_of")}
    ends = usual.frame["time"].dt.normalize() + pd.offsets.MonthEnd(0)
    # Where all customers have left, nobody speaks.
    is_said = ~usual.truth["is_emerging"] & ends.isin(list(seen))
    found: list[pd.DataFrame] = [
        usual.frame[is_said].assign(customer_id=[rng.choice(seen[end]) for end in ends[is_said]])
    ]
    for number, (start, end) in enumerate(INCIDENTS):
        who = hits.loc[hits["start"] == pd.Timestamp(start), "customer_id"].to_numpy()
        who = who[rng.random(who.size) < _COMMENT]
        spoken = make_comments(40 * (who.size + 5), weeks=4, seed=seed + 1 + number)
        is_about = spoken.truth["is_emerging"] if start == INCIDENTS[-1][0] else _is_complaint_of_app(spoken)
        about = spoken.frame[is_about].head(who.size)
        days = (min(end, TODAY) - start).astype(int) + 1
        moments = pd.to_datetime(start) + pd.to_timedelta(rng.random(who.size) * days, unit="D").floor("s")
        found.append(about.assign(customer_id=who, time=moments))
    comments = pd.concat(found).sort_values("time", ignore_index=True)
    comments["comment_id"] = [f"C{number:06d}" for number in range(1, len(comments) + 1)]
    return comments


def _is_complaint_of_app(spoken: Comments) -> pd.Series[bool]:
    """Tell which comments complain of the app and of nothing else, as they always did."""
    truth = spoken.truth
    is_usual = ~truth["is_emerging"] & ~truth["is_ambiguous"]
    return is_usual & (truth["topic"] == "앱") & (truth["sentiment"] == "negative")

